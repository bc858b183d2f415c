#!/bin/sh
# Plans into tenants.tfplan and lets policy/ judge it. TF=tofu takes OpenTofu.
set -eu
cd "$(dirname "$0")/.."
TF=${TF:-terraform}

$TF fmt -check -recursive
$TF init -input=false
$TF validate
$TF plan -input=false -lock-timeout=5m -out=tenants.tfplan
$TF show -json tenants.tfplan >plan.json
$TF -chdir=policy init -input=false
$TF -chdir=policy plan -input=false -var "plan=$PWD/plan.json"
