#!/bin/sh
# Prints the path of the Terraform or OpenTofu that the acceptance tests and the
# demo run, and nothing else on stdout.
#
#   internal/tools/cli.sh            $TF_CLI, else terraform or tofu of PATH,
#                                    else OpenTofu built from source
#   internal/tools/cli.sh opentofu   always that OpenTofu
#   internal/tools/cli.sh terraform  always Terraform 1.14, for query and actions,
#                                    which older ones and OpenTofu lack
#
# ESA_TOOLS_DIR names the folder that keeps what was built (.tools of the
# repository), so that several clones can share one build.
set -eu

# 1.11 is the first Terraform, and the first OpenTofu, with write-only arguments.
min_minor=11

root=$(CDPATH='' cd -- "$(dirname -- "$0")/../.." && pwd)
say() { printf 'cli.sh: %s\n' "$*" >&2; }
die() { say "$*"; exit 1; }

absolute() {
	case $1 in
	/*) printf '%s\n' "$1" ;;
	*) printf '%s/%s\n' "$(pwd)" "$1" ;;
	esac
}

# version prints the major and minor version of the CLI $1. A CLI configuration
# file that does not exist makes tofu print a warning into its JSON, hence /dev/null.
version() {
	TF_CLI_CONFIG_FILE=/dev/null CHECKPOINT_DISABLE=1 "$1" version -json 2>/dev/null </dev/null |
		sed -n 's/.*"terraform_version": *"\([0-9][0-9]*\.[0-9][0-9]*\).*/\1/p'
}

# new_enough takes what version printed: nothing, if it was no such CLI.
new_enough() {
	[ -n "$1" ] || return 1
	[ "${1%.*}" -gt 1 ] || { [ "${1%.*}" -eq 1 ] && [ "${1#*.}" -ge "$min_minor" ]; }
}

# build builds the CLI $1 of the module $2, whose package is $3, says $4 of what it
# takes, and prints the path.
build() {
	module=$root/internal/tools/$1
	version=$(sed -n "s|.*$2 v\([0-9][0-9.]*\).*|\1|p" "$module/go.mod")
	tools=$(absolute "${ESA_TOOLS_DIR:-$root/.tools}")
	built=$tools/$1-$version
	if [ ! -x "$built" ]; then
		command -v go >/dev/null || die "$1 $version must be built and there is no go in PATH; install Go, Terraform or OpenTofu"
		say "building $1 $version into $tools, once: $4"
		mkdir -p "$tools"
		# Written beside and renamed: a build that was cut short, or another one
		# running at the same time, never leaves half a program under the name.
		part=$built.$$
		trap 'rm -f "$part"' EXIT
		trap 'exit 1' HUP INT TERM
		# go install cannot build them because of their replace directives; and without
		# version.dev=no they call themselves development versions.
		GOWORK=off GOFLAGS='' GOOS='' GOARCH='' CGO_ENABLED=0 go -C "$module" build -trimpath -buildvcs=false \
			-ldflags "-s -w -X $2/version.dev=no" -o "$part" "$3" >&2
		mv -f "$part" "$built"
	fi
	printf '%s\n' "$built"
}

build_opentofu() {
	build tofu github.com/opentofu/opentofu github.com/opentofu/opentofu/cmd/tofu \
		"some 4 minutes on two idle cores; where it is new, it downloads 260 MB and leaves 3 GB in Go's own caches"
}

build_terraform() {
	build terraform github.com/hashicorp/terraform github.com/hashicorp/terraform \
		"some 2 minutes on two idle cores; where it is new, it downloads 180 MB and leaves 2 GB in Go's own caches"
}

case "${1:-}" in
'') ;;
opentofu)
	build_opentofu
	exit
	;;
terraform)
	build_terraform
	exit
	;;
*) die "unknown argument $1; there are opentofu and terraform" ;;
esac

if [ -n "${TF_CLI:-}" ]; then
	cli=$(command -v -- "$TF_CLI") || cli=
	if [ ! -f "$cli" ] || [ ! -x "$cli" ]; then
		die "TF_CLI: $TF_CLI is not an executable file"
	fi
	v=$(version "$cli")
	[ -n "$v" ] || die "TF_CLI: '$TF_CLI version -json' does not answer like Terraform or OpenTofu"
	new_enough "$v" || die "TF_CLI: $TF_CLI has version $v; write-only arguments need 1.$min_minor or later"
	absolute "$cli"
	exit
fi

for name in terraform tofu; do
	cli=$(command -v "$name") || continue
	v=$(version "$cli")
	if new_enough "$v"; then
		absolute "$cli"
		exit
	fi
	say "passing over $cli: version ${v:-unknown}, needed is 1.$min_minor or later"
done
build_opentofu
