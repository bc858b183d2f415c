#!/bin/sh
# Applies tenants.tfplan, and nothing else: if the state has changed since, it is refused.
set -eu
cd "$(dirname "$0")/.."
TF=${TF:-terraform}

$TF init -input=false
$TF apply -input=false -lock-timeout=5m tenants.tfplan
