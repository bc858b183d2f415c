#!/bin/sh
# Plans into tenants.tfplan, and checks the plan with policy/. Arguments are passed to the plan; TF=tofu uses OpenTofu. A plan that
# the policies refuse is kept as refused.tfplan, so that ci/apply.sh cannot apply it.
#
# A pull request plans with -refresh=false -lock=false: from the state, without a call that returns a private key.
set -eu
. "$(dirname "$0")/common.sh"
# No plan needs a private key, and a plan contains none. See modules/tenant/main.tf.
export TF_VAR_private_keys='{}'

rm -f tenants.tfplan refused.tfplan plan.json
"$TF" fmt -check -recursive
init .
"$TF" validate
"$TF" plan -input=false -lock-timeout=5m -out=tenants.tfplan "$@"
"$TF" show -json tenants.tfplan >plan.json
init policy
"$TF" -chdir=policy plan -input=false -var "plan=$PWD/plan.json" || {
	mv tenants.tfplan refused.tfplan
	echo "The policies refuse this plan. ci/apply.sh does not apply it." >&2
	exit 1
}
echo "The policies accept this plan, tenants.tfplan."
