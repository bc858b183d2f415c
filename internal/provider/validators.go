package provider

import (
	"context"
	"fmt"
	"net/netip"
	"regexp"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
)

const (
	maxHostnameLength = 253
	maxLabelLength    = 63
)

var labelPattern = regexp.MustCompile(`^[a-z0-9_]([a-z0-9_-]*[a-z0-9_])?$`)

// hostnameProblem returns what is wrong with a hostname, or "". It only rejects what can never be a hostname. Which names
// ESA accepts, such as wildcards, is not documented.
func hostnameProblem(name string) string {
	switch {
	case name == "":
		return "is empty; use a full domain name such as \"shop.customer.com\""
	case strings.Contains(name, "://"):
		return "has a scheme; use only the name, without \"" + name[:strings.Index(name, "://")+3] + "\""
	case strings.ContainsAny(name, "/?#"):
		return "has a path; use only the name"
	case strings.ContainsAny(name, " \t\r\n"):
		return "has white space; remove it, for example with trimspace()"
	case strings.HasSuffix(name, "."):
		return "ends in a dot; remove it, for example with trimsuffix(name, \".\")"
	}
	if _, err := netip.ParseAddr(strings.Trim(name, "[]")); err == nil {
		return "is an IP address; a custom hostname is a domain name"
	}
	switch {
	case strings.Contains(name, ":"):
		return "has a port; use only the name"
	case strings.ContainsFunc(name, func(r rune) bool { return r > '~' }):
		return "has non-ASCII letters; use its A-label form, such as \"xn--bcher-kva.example.com\""
	case name != strings.ToLower(name):
		return "has upper case letters; ESA stores names in lower case, so convert it with lower()"
	case len(name) > maxHostnameLength:
		return fmt.Sprintf("has %d characters; a domain name has at most %d", len(name), maxHostnameLength)
	}
	labels := strings.Split(strings.TrimPrefix(name, "*."), ".")
	for _, label := range labels {
		switch {
		case label == "":
			return "has an empty label; remove the extra dot"
		case len(label) > maxLabelLength:
			return fmt.Sprintf("has a label of %d characters, %s; a label has at most %d", len(label), quote(label), maxLabelLength)
		case !labelPattern.MatchString(label):
			return fmt.Sprintf("has the label %s; a label consists of letters, digits and inner hyphens", quote(label))
		}
	}
	if len(labels) < 2 {
		return "is a single label; use a full domain name such as \"shop.customer.com\""
	}
	return ""
}

// hostnameValidator accepts names without a hostnameProblem.
type hostnameValidator struct{}

// Description describes the accepted values.
func (hostnameValidator) Description(context.Context) string {
	return "must be a full domain name in lower case, without scheme, port, path or final dot"
}

// MarkdownDescription returns Description.
func (v hostnameValidator) MarkdownDescription(ctx context.Context) string { return v.Description(ctx) }

// ValidateString checks a known value.
func (hostnameValidator) ValidateString(_ context.Context, req validator.StringRequest, resp *validator.StringResponse) {
	if req.ConfigValue.IsNull() || req.ConfigValue.IsUnknown() {
		return
	}
	name := req.ConfigValue.ValueString()
	if problem := hostnameProblem(name); problem != "" {
		resp.Diagnostics.AddAttributeError(req.Path, "Invalid "+req.Path.String(), quote(name)+" "+problem+".")
	}
}

const maxShown = 200

// quote quotes foreign text: it escapes control characters and limits the length.
func quote(text string) string {
	if len(text) > maxShown {
		return fmt.Sprintf("%q… (%d bytes)", text[:maxShown], len(text))
	}
	return fmt.Sprintf("%q", text)
}
