package main

import (
	"encoding/json"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"time"

	"terraform-provider-esa/internal/esa"
)

// A masker replaces everything that could identify the account, equal values by equal ones. Numbers keep their length and
// JSON type, and names keep their form. Unknown values are masked.
type masker struct {
	domain  string            // the user's own, the parent of the probe's names
	masked  map[string]string // replacements of names, ids and texts
	counts  map[string]int
	secrets []string
}

func newMasker(domain string, secrets ...string) *masker {
	m := &masker{domain: domain, masked: map[string]string{}, counts: map[string]int{}}
	for _, secret := range secrets {
		if secret != "" {
			m.secrets = append(m.secrets, secret)
		}
	}
	return m
}

var (
	// openFields contain one of a few words, a time, or a number that is not an id.
	openFields = []string{
		"Status", "OfflineReason", "ConflictWith", "SslFlag", "CertType", "CertStatus", "CertNotAfter", "CertApplyCode", "CertApplyMessage",
		"CreateTime", "UpdateTime", "VisitTime", "Code", "AccessType", "Coverage", "PlanName", "RecordType", "RecordSourceType",
		"HostPolicy", "BizName", "Passed", "Proxied", "Ttl", "PageNumber", "PageSize", "TotalCount", "VersionManagement",
		"CasRegion", "NameMatchType", "Type", "SourceType",
	}
	nameFields = []string{"Hostname", "SiteName", "RecordName", "RecordCname", "VerifyHost", "CertTxtKey", "CertHttpKey"}
	idFields   = []string{"HostnameId", "SiteId", "RecordId", "CasId"}

	openValue = regexp.MustCompile(`^[A-Za-z0-9_.:/ -]{0,40}$`)
	wholeText = regexp.MustCompile(`^[0-9]+(\.0+)?$`)
	longDigit = regexp.MustCompile(`[0-9]{9,}`)
	longToken = regexp.MustCompile(`[A-Za-z0-9+/=_%-]{20,}`)
)

// document masks the content of a JSON document; field is the name of its field.
func (m *masker) document(content any, field string) any {
	switch v := content.(type) {
	case object:
		return m.document(map[string]any(v), field)
	case map[string]any:
		out := make(map[string]any, len(v))
		// In some objects, the names of fields are from the user.
		closed := field == "Tags" || field == "VanityNSList" || field == "AccessDeniedDetail"
		for i, name := range slices.Sorted(maps.Keys(v)) {
			if closed {
				out[fmt.Sprintf("key%d", i+1)] = m.document(v[name], "")
			} else {
				out[name] = m.document(v[name], name)
			}
		}
		return out
	case []any:
		out := make([]any, len(v))
		for i, item := range v {
			out[i] = m.document(item, field)
		}
		return out
	case json.Number:
		return m.number(field, v)
	case string:
		return m.value(field, v)
	}
	return content
}

// number masks a number that is, or may be, an id.
func (m *masker) number(field string, n json.Number) json.Number {
	if whole, _, _ := strings.Cut(n.String(), "."); slices.Contains(idFields, field) || longDigit.MatchString(whole) && !slices.Contains(openFields, field) {
		return json.Number(m.id(n.String()))
	}
	return n
}

func (m *masker) value(field, text string) string {
	switch {
	case text == "":
		return ""
	case slices.Contains(openFields, field) && openValue.MatchString(text):
		return text
	case slices.Contains(nameFields, field):
		return m.name(text)
	case field == "Message":
		return m.text(text)
	case field == "HostId" && (strings.HasPrefix(text, "esa.") || strings.HasPrefix(text, "esa-vpc.")) && strings.HasSuffix(text, ".aliyuncs.com"):
		return text
	case field == "RequestId":
		return m.replace("request", text, func(n int) string { return fmt.Sprintf("00000000-0000-0000-0000-%012d", n) })
	case field == "VerifyCode":
		return m.replace("code", text, func(n int) string { return fmt.Sprintf("verify_%032d", n) })
	case field == "CertTxtValue":
		return m.replace("digest", text, func(n int) string { return fmt.Sprintf("%043d", n) })
	case field == "CertId":
		return m.replace("certificate", text, func(n int) string { return fmt.Sprintf("%032d", n) })
	case wholeText.MatchString(text):
		return m.id(text)
	}
	return m.replace("text", text, func(n int) string { return fmt.Sprintf("masked-%d", n) })
}

// replace returns the replacement of a value, the same each time.
func (m *masker) replace(kind, text string, standIn func(int) string) string {
	key := kind + " " + text
	if m.masked[key] == "" {
		m.counts[kind]++
		m.masked[key] = standIn(m.counts[kind])
	}
	return m.masked[key]
}

// id replaces the digits of an id with as many others.
func (m *masker) id(text string) string {
	whole, fraction, cut := strings.Cut(text, ".")
	if len(whole) < 2 || strings.Trim(whole, "0123456789") != "" {
		return text
	}
	stand := m.replace("id", whole, func(n int) string { return "4" + fmt.Sprintf("%0*d", len(whole), n)[1:] })
	if cut {
		stand += "." + strings.Repeat("0", len(fraction))
	}
	return stand
}

// name replaces a domain name. It keeps the probe's own labels, and those that ESA adds in front.
func (m *masker) name(text string) string {
	if rest, isURL := strings.CutPrefix(text, "http://"); isURL {
		host, path, _ := strings.Cut(rest, "/")
		if token, found := strings.CutPrefix(path, ".well-known/acme-challenge/"); found {
			path = ".well-known/acme-challenge/" + m.replace("token", token, func(n int) string { return fmt.Sprintf("%043d", n) })
		} else {
			path = m.value("", path)
		}
		return "http://" + m.name(host) + "/" + path
	}
	lead, rest := "", text
	for strings.HasPrefix(rest, "_") || strings.HasPrefix(rest, "*.") {
		label, more, _ := strings.Cut(rest, ".")
		lead, rest = lead+label+".", more
	}
	rest, dot := strings.CutSuffix(rest, ".")
	end := ""
	if dot {
		end = "."
	}
	if m.domain != "" && strings.Contains(rest, marker) {
		if own, found := strings.CutSuffix(rest, "."+m.domain); found {
			return lead + own + ".customer.example" + end
		}
	}
	return lead + m.replace("name", esa.CanonicalName(rest), func(n int) string { return fmt.Sprintf("name%d.example", n) }) + end
}

// text masks a sentence: all known values, and everything as long as a secret or an id.
func (m *masker) text(text string) string {
	for _, secret := range m.secrets {
		text = strings.ReplaceAll(text, secret, "***")
	}
	if at := strings.Index(text, "server string to sign"); at >= 0 {
		text = text[:at] + "***"
	}
	var known []string
	for key := range m.masked {
		if kind, value, _ := strings.Cut(key, " "); kind == "name" || kind == "text" && strings.Contains(value, ".") {
			known = append(known, value)
		}
	}
	if m.domain != "" {
		known = append(known, m.domain)
	}
	// Long ones first, as a name may end in another one.
	slices.SortFunc(known, func(a, b string) int { return len(b) - len(a) })
	for _, value := range known {
		text = strings.ReplaceAll(text, value, "***")
	}
	return longToken.ReplaceAllStringFunc(longDigit.ReplaceAllStringFunc(text, m.id), func(token string) string {
		// Names of actions, codes and values are long too, but have only letters.
		if len(token) < 40 && !strings.ContainsAny(token, "0123456789+/=%") || strings.Trim(token, "0123456789") == "" {
			return token
		}
		return "***"
	})
}

// fixture is a masked response.
type fixture struct {
	Action  string            `json:"action"`
	Method  string            `json:"method"`
	Place   string            `json:"place"`
	Params  map[string]string `json:"params"`
	Status  int               `json:"status"`
	Header  map[string]string `json:"header,omitempty"`
	Took    string            `json:"took"`
	Content any               `json:"body"`
}

func (m *masker) fixture(a answer) fixture {
	f := fixture{
		Action: a.request.action, Method: a.request.method, Place: "form", Params: map[string]string{}, Status: a.status,
		Header: map[string]string{}, Took: a.answered.Sub(a.sent).Round(time.Millisecond).String(),
	}
	if a.request.method == "GET" || a.request.place == inQuery {
		f.Place = "query"
	}
	for name, value := range a.request.params {
		f.Params[name] = m.value(name, value)
	}
	for _, name := range []string{"Content-Type", "X-Acs-Retry-After", "Retry-After"} {
		if value := a.header.Get(name); value != "" {
			f.Header[name] = value
		}
	}
	f.Content = m.document(a.object, "")
	return f
}
