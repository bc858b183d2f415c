#!/bin/sh
# Tests this folder on a fake ESA, without an account. TF=tofu uses OpenTofu.
set -eu
cd "$(dirname "$0")/.."
fake=$(ci/fake-esa.sh)
"${TF:-terraform}" init -input=false
"$fake" -publish -- "${TF:-terraform}" test
