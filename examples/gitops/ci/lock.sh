#!/bin/sh
# Writes .terraform.lock.hcl, here and in policy/: the newest provider that the version in terraform.tf allows, and its
# checksums. Run it at the start and to upgrade, and commit the files. The pipelines never run it.
set -eu
. "$(dirname "$0")/common.sh"

for folder in . policy; do
	"$TF" -chdir="$folder" init -input=false -backend=false -upgrade
done
