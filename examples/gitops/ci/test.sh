#!/bin/sh
# Tests the repository with no account. It needs fake-esa of the provider's repository, in PATH or named by FAKE_ESA.
set -eu
cd "$(dirname "$0")/.."
TF=${TF:-terraform}

$TF init -input=false -backend=false
"${FAKE_ESA:-fake-esa}" -seed tests/seed.json -publish -- "$TF" test
$TF -chdir=policy init -input=false
$TF -chdir=policy test
