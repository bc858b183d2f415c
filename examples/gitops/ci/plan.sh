#!/bin/sh
# Plans into tenants.tfplan, and checks the plan with policy/. Arguments are passed to the plan; TF=tofu uses OpenTofu. Until
# the policies accept the plan it is called unchecked.tfplan, so that ci/apply.sh cannot apply it.
#
# A pull request plans with -refresh=false -lock=false: from the state, without a call that returns a private key.
set -eu
. "$(dirname "$0")/common.sh"
# No plan needs a private key, and a plan contains none. See modules/tenant/main.tf.
export TF_VAR_private_keys='{}'

rm -f tenants.tfplan unchecked.tfplan
"$TF" fmt -check -recursive
init .
"$TF" validate
"$TF" plan -input=false -lock-timeout=5m -out=unchecked.tfplan "$@"
"$TF" show -json unchecked.tfplan >plan.json
init policy
"$TF" -chdir=policy plan -input=false -var "plan=$PWD/plan.json"
mv unchecked.tfplan tenants.tfplan
echo "The policies accept this plan, tenants.tfplan."
