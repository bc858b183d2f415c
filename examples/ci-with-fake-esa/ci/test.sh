#!/bin/sh
# Tests this folder on a fake ESA, with no account. TF=tofu takes OpenTofu.
set -eu
cd "$(dirname "$0")/.."
fake=$(ci/fake-esa.sh)
"${TF:-terraform}" init -input=false
"$fake" -publish -- "${TF:-terraform}" test
