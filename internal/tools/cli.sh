#!/bin/sh
# Prints the path of the Terraform or OpenTofu that the acceptance tests and the
# demo run, and nothing else on stdout.
#
#   internal/tools/cli.sh            $TF_CLI, else terraform or tofu of PATH,
#                                    else OpenTofu built from source
#   internal/tools/cli.sh opentofu   always that OpenTofu
#
# ESA_TOOLS_DIR names the folder that keeps the built OpenTofu (.tools of the
# repository), so that several clones can share one build.
set -eu

# 1.11 is the first Terraform, and the first OpenTofu, with write-only arguments.
min_minor=11

root=$(CDPATH='' cd -- "$(dirname -- "$0")/../.." && pwd)
module=$root/internal/tools/tofu
tofu_version=$(sed -n 's|.*github.com/opentofu/opentofu v\([0-9][0-9.]*\).*|\1|p' "$module/go.mod")

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

build_opentofu() {
	tools=$(absolute "${ESA_TOOLS_DIR:-$root/.tools}")
	tofu=$tools/tofu-$tofu_version
	if [ ! -x "$tofu" ]; then
		command -v go >/dev/null || die "OpenTofu $tofu_version must be built and there is no go in PATH; install Go, Terraform or OpenTofu"
		say "building OpenTofu $tofu_version into $tools, once: some 4 minutes on two idle cores;"
		say "on a machine new to it, it downloads 260 MB and leaves 3 GB in Go's own caches"
		mkdir -p "$tools"
		# Written beside and renamed: a build that was cut short, or another one
		# running at the same time, never leaves half a program under the name.
		part=$tofu.$$
		trap 'rm -f "$part"' EXIT
		trap 'exit 1' HUP INT TERM
		# go install cannot build it because of its replace directive; and without
		# version.dev=no it calls itself a development version.
		GOWORK=off GOFLAGS='' GOOS='' GOARCH='' CGO_ENABLED=0 go -C "$module" build -trimpath -buildvcs=false \
			-ldflags '-s -w -X github.com/opentofu/opentofu/version.dev=no' \
			-o "$part" github.com/opentofu/opentofu/cmd/tofu >&2
		mv -f "$part" "$tofu"
	fi
	printf '%s\n' "$tofu"
}

case "${1:-}" in
'') ;;
opentofu)
	build_opentofu
	exit
	;;
*) die "unknown argument $1; the only one is: opentofu" ;;
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
