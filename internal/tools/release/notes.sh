#!/bin/sh
# Prints what CHANGELOG.md, on standard input, says of version $1. A version without a date is not to be released.
set -eu
awk -v version="$1" '
	/^## / { here = index($0, "## " version " (") == 1 }
	here && /^## / {
		if ($0 !~ /\([A-Z][a-z]+ [0-9][0-9]?, 20[0-9][0-9]\)$/) { problem = "has no date: " $0; exit }
		found = 1
		next
	}
	here && (NF || text) { text = text $0 "\n" }
	END {
		if (!found && !problem) problem = "is not there"
		if (problem) { print "notes.sh: CHANGELOG.md: " version " " problem > "/dev/stderr"; exit 1 }
		sub(/\n+$/, "\n", text)
		printf "%s", text
	}
'
