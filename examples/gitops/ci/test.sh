#!/bin/sh
# Tests the repository without an account. It needs fake-esa of the provider's repository, in PATH or in FAKE_ESA.
set -eu
. "$(dirname "$0")/common.sh"

command -v "${FAKE_ESA:-fake-esa}" >/dev/null || {
	echo "fake-esa is not in PATH. In a clone of the provider's repository, run: go install ./cmd/fake-esa" >&2
	exit 1
}
init . -backend=false
"${FAKE_ESA:-fake-esa}" -seed tests/seed.json -publish -- "$TF" test
init policy
"$TF" -chdir=policy test
