#!/bin/sh
# Writes .terraform.lock.hcl, here and in policy/: the newest provider that the version in terraform.tf permits, and its
# checksums. Run it at the beginning and to upgrade, and commit what it writes. The pipelines never do.
set -eu
. "$(dirname "$0")/common.sh"

for folder in . policy; do
	"$TF" -chdir="$folder" init -input=false -backend=false -upgrade
done
