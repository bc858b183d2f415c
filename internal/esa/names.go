package esa

import (
	"strings"
	"unicode/utf8"

	"golang.org/x/net/idna"
)

// names converts U-labels as browsers do. Underscores and wildcards are allowed.
var names = idna.New(idna.MapForLookup(), idna.Transitional(false), idna.StrictDomainName(false))

// CanonicalName returns a domain name as this client sends it: lower case, A-labels, no final dot. It only lowers the case
// of an invalid name.
func CanonicalName(name string) string {
	if !isASCII(name) && utf8.ValidString(name) {
		if ascii, err := names.ToASCII(name); err == nil {
			name = ascii
		}
	}
	return strings.TrimSuffix(strings.ToLower(name), ".")
}

// unicodeName returns a domain name with U-labels.
func unicodeName(name string) string {
	if !strings.Contains(name, "xn--") {
		return name
	}
	if text, err := names.ToUnicode(name); err == nil {
		return text
	}
	return name
}

func isASCII(text string) bool {
	for i := range len(text) {
		if text[i] >= utf8.RuneSelf {
			return false
		}
	}
	return true
}

// NameMatches reports whether a canonical name matches a filter of ListCustomHostnames, in A-labels or U-labels.
func NameMatches(canonical, filter, matchType string) bool {
	if matchType == "" || matchType == NameMatchExact {
		return canonical == CanonicalName(filter)
	}
	match := strings.Contains
	switch matchType {
	case NameMatchPrefix:
		match = strings.HasPrefix
	case NameMatchSuffix:
		match, filter = strings.HasSuffix, strings.TrimSuffix(filter, ".")
	}
	filter = strings.ToLower(filter)
	// Part of a label has no A-label form.
	return match(canonical, filter) || match(unicodeName(canonical), filter)
}
