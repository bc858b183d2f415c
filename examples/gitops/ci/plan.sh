#!/bin/sh
# Plans into tenants.tfplan and lets policy/ judge it. Arguments go to the plan; TF=tofu takes OpenTofu.
#
# A pull request plans with -refresh=false -lock=false: from the state, with no call that shows a private key.
set -eu
. "$(dirname "$0")/common.sh"
# No plan needs a private key, and what is planned is nobody's secret. See modules/tenant/main.tf.
export TF_VAR_private_keys='{}'

"$TF" fmt -check -recursive
init .
"$TF" validate
"$TF" plan -input=false -lock-timeout=5m -out=tenants.tfplan "$@"
"$TF" show -json tenants.tfplan >plan.json
init policy
"$TF" -chdir=policy plan -input=false -var "plan=$PWD/plan.json"
