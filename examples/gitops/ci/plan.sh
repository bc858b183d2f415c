#!/bin/sh
# Plans into tenants.tfplan, and checks the plan with policy/. Arguments are passed to the plan; TF=tofu uses OpenTofu.
#
# A pull request plans with -refresh=false -lock=false: from the state, without a call that returns a private key.
set -eu
. "$(dirname "$0")/common.sh"
# No plan needs a private key, and a plan contains none. See modules/tenant/main.tf.
export TF_VAR_private_keys='{}'

"$TF" fmt -check -recursive
init .
"$TF" validate
"$TF" plan -input=false -lock-timeout=5m -out=tenants.tfplan "$@"
"$TF" show -json tenants.tfplan >plan.json
init policy
"$TF" -chdir=policy plan -input=false -var "plan=$PWD/plan.json"
