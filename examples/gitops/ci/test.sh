#!/bin/sh
# Tests the repository without an account. It needs fake-esa of the provider's repository, in PATH or in FAKE_ESA.
set -eu
. "$(dirname "$0")/common.sh"

init . -backend=false
"${FAKE_ESA:-fake-esa}" -seed tests/seed.json -publish -- "$TF" test
init policy
"$TF" -chdir=policy test
