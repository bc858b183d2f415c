#!/bin/sh
# Applies exactly tenants.tfplan; if the state has changed since, it is refused. TF_VAR_private_keys has the keys of the uploaded
# certificates.
set -eu
. "$(dirname "$0")/common.sh"
[ -n "${TF_VAR_private_keys:-}" ] || TF_VAR_private_keys='{}'
export TF_VAR_private_keys

[ -f tenants.tfplan ] || {
	echo "There is no tenants.tfplan. Run ci/plan.sh first. A plan that the policies refuse cannot be applied." >&2
	exit 1
}
init .
"$TF" apply -input=false -lock-timeout=5m tenants.tfplan
