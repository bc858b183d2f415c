#!/bin/sh
# Prints the last plan, accepted or not, as a Markdown block, for the summary of a job. The plan contains text from others, so the
# fence is longer than any row of backticks in it: nothing can break out of the block.
set -eu
. "$(dirname "$0")/common.sh"

file=tenants.tfplan
[ -f "$file" ] || file=unchecked.tfplan
plan=$("$TF" show -no-color "$file")
fence=$(printf '%s\n' "$plan" | awk '
	{ while (match($0, /`+/)) { if (RLENGTH > longest) longest = RLENGTH; $0 = substr($0, RSTART + RLENGTH) } }
	END { for (i = 0; i <= longest || i < 3; i++) printf "`" }')
printf '%s\n%s\n%s\n' "$fence" "$plan" "$fence"
