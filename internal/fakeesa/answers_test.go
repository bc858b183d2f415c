package fakeesa

import (
	"fmt"
	"maps"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"
)

var requestIDs = regexp.MustCompile(`[0-9A-F]{8}(-[0-9A-F]{4}){3}-[0-9A-F]{12}`)

// whole returns the body with R in place of the request id.
func (r reply) whole() string { return requestIDs.ReplaceAllString(r.raw, "R") }

// with replaces parts of a text, each of which must occur in it once.
func with(t *testing.T, text string, pairs ...string) string {
	t.Helper()
	for i := 0; i < len(pairs); i += 2 {
		if strings.Count(text, pairs[i]) != 1 {
			t.Fatalf("%q must occur once in %s", pairs[i], text)
		}
		text = strings.Replace(text, pairs[i], pairs[i+1], 1)
	}
	return text
}

// fullWorld is a world with one site, one record and one hostname, all of whose fields have values of their own.
func fullWorld(t *testing.T, o Options) *world {
	t.Helper()
	w := &world{t: t, clock: newClock()}
	o.Now = w.clock.Now
	w.Server = New(o)
	at := func(hour int) time.Time { return time.Date(2025, 1, 1, hour, 0, 0, 0, time.FixedZone("", 3600)) }
	w.site = w.AddSiteOf(Site{
		ID: 11, Name: "example.com", Status: "offline", AccessType: "CNAME", Coverage: "global", CnameZone: "zone", NameServerList: "ns",
		OfflineReason: "missing_icp", InstanceID: "instance", PlanName: "basicplan", PlanSpecName: "basic", ResourceGroupID: "group",
		Tags: map[string]string{"a": "<b>"}, VerifyCode: "site code", CreateTime: at(1), UpdateTime: at(2), VisitTime: at(3),
	})
	w.record = w.AddRecordOf(Record{
		ID: 12, SiteID: 11, Name: "www.example.com", Type: "SRV", Proxied: true, Value: "value",
		Data: RecordData{
			Priority: new(1), Port: new(2), Weight: new(3), Flag: new(4), Tag: "tag", Type: new(5), Usage: new(6), Selector: new(7),
			MatchingType: new(8), Algorithm: new(9), KeyTag: new(10), Fingerprint: "print", Certificate: "cert",
		},
		SourceType: "OSS", Cname: "cname", BizName: "api", HostPolicy: "policy", Comment: "comment", TTL: 60,
		CustomPort: "on", HTTPPorts: "80", HTTPSPorts: "443", CreateTime: at(4), UpdateTime: at(5),
	})
	w.AddHostname(fullHostname())
	return w
}

func fullHostname() Hostname {
	at := func(hour int) time.Time { return time.Date(2025, 1, 1, hour, 0, 0, 0, time.UTC) }
	return Hostname{
		ID: 13, SiteID: 11, RecordID: 12, Hostname: "shop.customer.com", Status: "conflicted", OfflineReason: "reason", ConflictWith: "conflict",
		VerifyHost: "host", VerifyCode: "code", SSLFlag: "on", CertType: "free", Certificate: "certificate\n", PrivateKey: "key\n",
		CasID: 14, CasRegion: "region", CertID: "cert id", CertStatus: "ApplyFailed", CertNotAfter: at(6), CertApplyCode: 2, CertApplyMessage: "canceled",
		CertTxtKey: "txt key", CertTxtValue: "txt value", CertHTTPKey: "http key", CertHTTPValue: "http value", CreateTime: at(7), UpdateTime: at(8),
	}
}

// The fields of fullWorld as responses return them.
const (
	fullSite = `"AccessType":"CNAME","CnameZone":"zone","Coverage":"global","CreateTime":"2025-01-01T00:00:00Z","InstanceId":"instance",` +
		`"NameServerList":"ns","OfflineReason":"missing_icp","PlanName":"basicplan","PlanSpecName":"basic","ResourceGroupId":"group",` +
		`"SiteId":11,"SiteName":"example.com","Status":"offline","Tags":{"a":"<b>"},"UpdateTime":"2025-01-01T01:00:00Z","VerifyCode":"site code"`
	fullRecord = `{"RecordId":12,"RecordName":"www.example.com","RecordType":"SRV","RecordSourceType":"OSS","RecordCname":"cname","Proxied":true,` +
		`"BizName":"api","Comment":"comment","CreateTime":"2025-01-01T03:00:00Z","UpdateTime":"2025-01-01T04:00:00Z","HostPolicy":"policy","Ttl":60,` +
		`"SiteId":11,"SiteName":"example.com","AuthConf":{},"CustomPort":"on","HttpPorts":"80","HttpsPorts":"443","Data":{"Value":"value",` +
		`"Priority":1,"Port":2,"Weight":3,"Flag":4,"Tag":"tag","Type":5,"Usage":6,"Selector":7,"MatchingType":8,"Algorithm":9,"KeyTag":10,` +
		`"Fingerprint":"print","Certificate":"cert"}}`
	fullListed = `"HostnameId":13,"Hostname":"shop.customer.com","SiteId":11,"SiteName":"example.com","RecordId":12,"RecordName":"www.example.com",` +
		`"Status":"conflicted","OfflineReason":"reason","ConflictWith":"conflict","VerifyHost":"host","VerifyCode":"code",` +
		`"SslFlag":"on","CertType":"free","CertStatus":"ApplyFailed","CertNotAfter":"2025-01-01T06:00:00Z","CertApplyCode":2,"CertApplyMessage":"canceled",` +
		`"CertTxtKey":"txt key","CertTxtValue":"txt value","CertHttpKey":"http key","CertHttpValue":"http value",` +
		`"CreateTime":"2025-01-01T07:00:00Z","UpdateTime":"2025-01-01T08:00:00Z"`
	fullShown = `,"CasId":14,"CertId":"cert id","Certificate":"certificate\n","PrivateKey":"key\n"`
	fullGet   = `{"RequestId":"R","CustomHostnameModel":{` + fullListed + fullShown + `}}`
	fullList  = `{"RequestId":"R","PageNumber":1,"PageSize":100,"TotalCount":1,"Hostnames":[{` + fullListed + `}]}`
)

// TestWholeAnswers compares the whole response of every action.
func TestWholeAnswers(t *testing.T) {
	t.Parallel()
	w := fullWorld(t, Options{})
	for _, test := range []struct {
		action string
		pairs  []any
		want   string
	}{
		{"GetSite", []any{"SiteId", 11}, `{"RequestId":"R","SiteModel":{` + fullSite + `,"VanityNSList":{},"VersionManagement":false}}`},
		{"ListSites", nil, `{"RequestId":"R","PageNumber":1,"PageSize":500,"TotalCount":1,"Sites":[{` + fullSite + `,"VisitTime":"2025-01-01T02:00:00Z"}]}`},
		{"ListSites", []any{"PageNumber", 2, "PageSize", 3}, `{"RequestId":"R","PageNumber":2,"PageSize":3,"TotalCount":1,"Sites":[]}`},
		{"GetRecord", []any{"RecordId", 12}, `{"RequestId":"R","RecordModel":` + fullRecord + `}`},
		{"ListRecords", []any{"SiteId", 11}, `{"RequestId":"R","PageNumber":1,"PageSize":500,"TotalCount":1,"Records":[` + fullRecord + `]}`},
		{"ListRecords", []any{"SiteId", 11, "PageNumber", 2, "PageSize", 3}, `{"RequestId":"R","PageNumber":2,"PageSize":3,"TotalCount":1,"Records":[]}`},
		{"GetCustomHostname", []any{"HostnameId", 13}, fullGet},
		{"ListCustomHostnames", []any{"SiteId", 11}, fullList},
		{"ListCustomHostnames", []any{"SiteId", 11, "PageNumber", 2, "PageSize", 3}, `{"RequestId":"R","PageNumber":2,"PageSize":3,"TotalCount":1,"Hostnames":[]}`},
		{"UpdateCustomHostname", []any{"HostnameId", 13}, `{"RequestId":"R"}`},
		{"ApplyCustomHostnameCertificate", []any{"HostnameId", 13}, `{"RequestId":"R"}`},
		{"VerifyCustomHostname", []any{"HostnameId", 13}, `{"RequestId":"R","HostId":"esa.cn-hangzhou.aliyuncs.com","Code":"CustomHostname.VerifyUnpassed",` +
			`"Message":"The custom hostname ownership verification failed. Complete the verification and try again.",` +
			`"Recommend":"https://api.aliyun.com/troubleshoot?q=CustomHostname.VerifyUnpassed&product=ESA&requestId=R"}`},
		{"DeleteCustomHostname", []any{"HostnameId", 13}, `{"RequestId":"R"}`},
		{"CreateCustomHostname", []any{"Hostname", "A.customer.com", "SiteId", 11, "RecordId", 12, "SslFlag", "off"}, `{"RequestId":"R","HostnameId":4514973387335745,"Hostname":"a.customer.com"}`},
	} {
		got := w.call(test.action, test.pairs...)
		if got.status != 200 || got.whole() != test.want || got.header.Get("Content-Type") != "application/json;charset=utf-8" {
			t.Errorf("%s %v: got %d\n%s\nwant\n%s", test.action, test.pairs, got.status, got.whole(), test.want)
		}
	}
}

// TestViewsOfAHostname compares the whole responses of Get and List for every option that changes them.
func TestViewsOfAHostname(t *testing.T) {
	t.Parallel()
	status := func(status, message string) func(*Hostname) {
		return func(h *Hostname) { h.Status, h.CertApplyMessage = status, message }
	}
	off := func(h *Hostname) { h.SSLFlag = "off" }
	keyless := func(h *Hostname) { h.Certificate, h.PrivateKey = "", "" }
	unused := func(h *Hostname) { h.CasID = 0 }
	active, issued, sslOff := []string{`"Status":"conflicted"`, `"Status":"active"`}, []string{`"CertApplyMessage":"canceled"`, `"CertApplyMessage":"issued"`}, []string{`"SslFlag":"on"`, `"SslFlag":"off"`}
	blankCode := []string{`"VerifyHost":"host","VerifyCode":"code"`, `"VerifyHost":"","VerifyCode":""`}
	blankChallenge := []string{
		`"CertTxtKey":"txt key","CertTxtValue":"txt value","CertHttpKey":"http key","CertHttpValue":"http value"`,
		`"CertTxtKey":"","CertTxtValue":"","CertHttpKey":"","CertHttpValue":""`,
	}
	blankCertificate := slices.Concat(sslOff, []string{
		`"CertType":"free","CertStatus":"ApplyFailed","CertNotAfter":"2025-01-01T06:00:00Z","CertApplyCode":2,"CertApplyMessage":"canceled"`,
		`"CertType":"","CertStatus":"","CertNotAfter":"","CertApplyCode":0,"CertApplyMessage":""`,
	}, blankChallenge)
	shown := func(casID, rest string) []string { return []string{fullShown, casID + rest} }
	const id, certID, texts, noTexts = `,"CasId":14`, `,"CertId":"cert id"`, `,"Certificate":"certificate\n","PrivateKey":"key\n"`, `,"Certificate":"","PrivateKey":""`
	issuedText := `,"Certificate":"` + strings.ReplaceAll(issuedByESA, "\n", `\n`) + `","PrivateKey":""`
	for name, test := range map[string]struct {
		options Options
		change  func(*Hostname)
		both    []string // parts of both responses, and what replaces them
		get     []string // of Get only
	}{
		"default":                          {},
		"a final dot":                      {options: Options{HostnameView: HostnameFinalDot}, both: []string{`"shop.customer.com"`, `"shop.customer.com."`}},
		"tokens kept":                      {change: status("active", "issued"), both: slices.Concat(active, issued)},
		"tokens blank, not used":           {options: Options{BlankTokens: true}},
		"tokens blank, active":             {options: Options{BlankTokens: true}, change: status("active", "canceled"), both: slices.Concat(active, blankCode)},
		"tokens blank, issued":             {options: Options{BlankTokens: true}, change: status("conflicted", "issued"), both: slices.Concat(issued, blankChallenge)},
		"tokens blank, both":               {options: Options{BlankTokens: true}, change: status("active", "issued"), both: slices.Concat(active, blankCode, issued, blankChallenge)},
		"SSL off, kept":                    {change: off, both: sslOff},
		"SSL off, blank":                   {options: Options{SSLOffView: SSLOffBlanked}, change: off, both: blankCertificate, get: shown(`,"CasId":0`, `,"CertId":""`+noTexts)},
		"SSL off, blank, no CasId":         {options: Options{SSLOffView: SSLOffBlanked, UnusedCasID: UnusedCasIDAbsent}, change: off, both: blankCertificate, get: shown("", `,"CertId":""`+noTexts)},
		"SSL off, blank, all certificates": {options: Options{SSLOffView: SSLOffBlanked, ShowAllCertificates: true}, change: func(h *Hostname) { off(h); keyless(h) }, both: blankCertificate, get: shown(`,"CasId":0`, `,"CertId":""`+noTexts)},
		"SSL off, kept, all certificates":  {options: Options{ShowAllCertificates: true}, change: func(h *Hostname) { off(h); keyless(h) }, both: sslOff, get: shown(id, certID+issuedText)},
		"SSL on, blank":                    {options: Options{SSLOffView: SSLOffBlanked}},
		"all certificates":                 {options: Options{ShowAllCertificates: true}, change: keyless, get: shown(id, certID+issuedText)},
		"all certificates, uploaded":       {options: Options{ShowAllCertificates: true}},
		"all certificates, none yet":       {options: Options{ShowAllCertificates: true}, change: func(h *Hostname) { keyless(h); h.CertID = "" }, get: shown(id, `,"CertId":""`+noTexts)},
		"uploaded certificates only":       {change: keyless, get: shown(id, certID+noTexts)},
		"an unused CasId, zero":            {change: unused, get: shown(`,"CasId":0`, certID+texts)},
		"an unused CasId, absent":          {options: Options{UnusedCasID: UnusedCasIDAbsent}, change: unused, get: shown("", certID+texts)},
		"a used CasId, absent":             {options: Options{UnusedCasID: UnusedCasIDAbsent}},
		"a masked key":                     {options: Options{PrivateKeyEcho: PrivateKeyMasked}, get: shown(id, certID+`,"Certificate":"certificate\n","PrivateKey":"******"`)},
		"a masked key, none":               {options: Options{PrivateKeyEcho: PrivateKeyMasked}, change: keyless, get: shown(id, certID+noTexts)},
		"no key":                           {options: Options{PrivateKeyEcho: PrivateKeyAbsent}, get: shown(id, certID+`,"Certificate":"certificate\n","PrivateKey":""`)},
		"CRLF":                             {options: Options{CertificateEcho: EchoCRLF}, get: shown(id, certID+`,"Certificate":"certificate\r\n","PrivateKey":"key\r\n"`)},
		"CRLF of CRLF":                     {options: Options{CertificateEcho: EchoCRLF}, change: func(h *Hostname) { h.Certificate = "certificate\r\n" }, get: shown(id, certID+`,"Certificate":"certificate\r\n","PrivateKey":"key\r\n"`)},
		"stripped":                         {options: Options{CertificateEcho: EchoStripped}, get: shown(id, certID+`,"Certificate":"certificate","PrivateKey":"key"`)},
		"no certificate":                   {options: Options{CertificateEcho: EchoNone}, get: shown(id, certID+noTexts)},
		"numbers as text": {
			options: Options{LooseTypes: LooseTypesText},
			both:    []string{`"HostnameId":13`, `"HostnameId":"13"`, `"SiteId":11`, `"SiteId":"11"`, `"RecordId":12`, `"RecordId":"12"`, `"CertApplyCode":2`, `"CertApplyCode":"2"`},
			get:     []string{`"CasId":14`, `"CasId":"14"`},
		},
		"unused numbers as text": {
			options: Options{LooseTypes: LooseTypesText}, change: func(h *Hostname) { h.CasID, h.CertApplyCode = 0, 0 },
			both: []string{`"HostnameId":13`, `"HostnameId":"13"`, `"SiteId":11`, `"SiteId":"11"`, `"RecordId":12`, `"RecordId":"12"`, `"CertApplyCode":2`, `"CertApplyCode":""`},
			get:  []string{`"CasId":14`, `"CasId":""`},
		},
		"numbers with a fraction": {
			options: Options{LooseTypes: LooseTypesFraction}, change: func(h *Hostname) { h.CasID, h.CertApplyCode = 0, 0 },
			both: []string{`"HostnameId":13`, `"HostnameId":13.0`, `"SiteId":11`, `"SiteId":11.0`, `"RecordId":12`, `"RecordId":12.0`, `"CertApplyCode":2`, `"CertApplyCode":0.0`},
			get:  []string{`"CasId":14`, `"CasId":0.0`},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := fullWorld(t, test.options)
			if test.change != nil {
				w.RemoveHostname(13)
				h := fullHostname()
				test.change(&h)
				w.AddHostname(h)
			}
			page := map[LooseTypes][]string{
				LooseTypesText:     {`"PageNumber":1`, `"PageNumber":"1"`, `"PageSize":100`, `"PageSize":"100"`, `"TotalCount":1`, `"TotalCount":"1"`},
				LooseTypesFraction: {`"PageNumber":1`, `"PageNumber":1.0`, `"PageSize":100`, `"PageSize":100.0`, `"TotalCount":1`, `"TotalCount":1.0`},
			}[test.options.LooseTypes]
			for _, view := range []struct{ action, parameter, id, want string }{
				{"GetCustomHostname", "HostnameId", "13", with(t, fullGet, slices.Concat(test.both, test.get)...)},
				{"ListCustomHostnames", "SiteId", "11", with(t, fullList, slices.Concat(test.both, page)...)},
			} {
				got := w.ok(view.action, view.parameter, view.id).whole()
				if test.options.LooseTypes != LooseTypesNone {
					got, view.want = sortedFields(got), sortedFields(view.want)
				}
				if got != view.want {
					t.Errorf("%s: got\n%s\nwant\n%s", view.action, got, view.want)
				}
			}
		})
	}
}

// sortedFields splits a document with unique texts into its fields, in order: the fake sorts the fields when it rewrites numbers.
func sortedFields(document string) string {
	fields := strings.FieldsFunc(document, func(r rune) bool { return strings.ContainsRune("{}[],", r) })
	slices.Sort(fields)
	return strings.Join(fields, "\n")
}

// TestLooseBooleans checks how booleans are written, alone and in a list.
func TestLooseBooleans(t *testing.T) {
	t.Parallel()
	for how, want := range map[LooseTypes]string{LooseTypesNone: "false", LooseTypesText: `"false"`, LooseTypesFraction: "false"} {
		w := newWorld(t, Options{LooseTypes: how, VerifyUnpassed: VerifyUnpassedFlag})
		plain := w.AddRecordOf(Record{SiteID: w.site.ID, Name: "plain.example.com"})
		h := w.create("shop.customer.com")
		for action, got := range map[string]reply{
			`"Passed":`:            w.ok("VerifyCustomHostname", "HostnameId", h.ID),
			`"VersionManagement":`: w.ok("GetSite", "SiteId", w.site.ID),
			`"Proxied":`:           w.ok("ListRecords", "SiteId", w.site.ID, "RecordName", plain.Name),
		} {
			if !strings.Contains(got.raw, action+want+",") && !strings.Contains(got.raw, action+want+"}") {
				t.Errorf("%d: got %s, want %s%s", how, got.raw, action, want)
			}
		}
	}
}

// TestWholeXML compares whole responses in XML: fields in the order of JSON, lists as repeated elements, escaped texts.
func TestWholeXML(t *testing.T) {
	t.Parallel()
	const head = "<?xml version='1.0' encoding='UTF-8'?>"
	field := regexp.MustCompile(`"(\w+)":(?:"([^"]*)"|(\w+))(,|$)`)
	elements := func(fields string) string { return field.ReplaceAllString(fields, "<$1>$2$3</$1>") }
	w := fullWorld(t, Options{})
	listed := elements(fullListed)
	second := fullHostname()
	second.ID, second.Hostname = 15, "b.customer.com"
	w.AddHostname(second)
	for _, test := range []struct {
		action, parameter, id string
		status                int
		want                  string
	}{
		{"ListCustomHostnames", "SiteId", "11", 200, "<ListCustomHostnamesResponse><RequestId>R</RequestId><PageNumber>1</PageNumber><PageSize>100</PageSize><TotalCount>2</TotalCount>" +
			"<Hostnames>" + listed + "</Hostnames><Hostnames>" + with(t, listed, "<HostnameId>13<", "<HostnameId>15<", ">shop.customer.com<", ">b.customer.com<") + "</Hostnames></ListCustomHostnamesResponse>"},
		{"GetCustomHostname", "HostnameId", "13", 200, "<GetCustomHostnameResponse><RequestId>R</RequestId><CustomHostnameModel>" + listed +
			"<CasId>14</CasId><CertId>cert id</CertId><Certificate>certificate&#xA;</Certificate><PrivateKey>key&#xA;</PrivateKey></CustomHostnameModel></GetCustomHostnameResponse>"},
		{"GetCustomHostname", "HostnameId", "7", 404, "<Error><RequestId>R</RequestId><HostId>esa.cn-hangzhou.aliyuncs.com</HostId><Code>CustomHostname.NotFound</Code>" +
			"<Message>The custom hostname does not exist. Modify it and try again.</Message>" +
			"<Recommend>https://api.aliyun.com/troubleshoot?q=CustomHostname.NotFound&amp;product=ESA&amp;requestId=R</Recommend></Error>"},
		{"DeleteCustomHostname", "HostnameId", "15", 200, "<DeleteCustomHostnameResponse><RequestId>R</RequestId></DeleteCustomHostnameResponse>"},
	} {
		query := w.common(test.action)
		query.Del("Format")
		got := w.serve(w.request("POST", query, url.Values{test.parameter: {test.id}}, w.Options().AccessKeySecret))
		if got.status != test.status || got.whole() != head+test.want || got.header.Get("Content-Type") != "text/xml;charset=utf-8" {
			t.Errorf("%s: got %d %s\n%s\nwant\n%s", test.action, got.status, got.header.Get("Content-Type"), got.whole(), head+test.want)
		}
	}
}

// TestStatusOptions checks the status of the codes whose status is an option, from the service and from faults.
func TestStatusOptions(t *testing.T) {
	t.Parallel()
	codes := []string{
		"InvalidAccessKeyId.NotFound", "InvalidAccessKeyId.Inactive", "TooManyRequests", "NoPermission", "InvalidSecurityToken.Expired",
		"InvalidSecurityToken.Malformed", "InvalidSecurityToken.MismatchWithAccessKey", "Forbidden.RAM", "Throttling.User",
	}
	plain := map[string]int{
		"InvalidAccessKeyId.NotFound": 404, "InvalidAccessKeyId.Inactive": 400, "TooManyRequests": 400, "NoPermission": 400, "InvalidSecurityToken.Expired": 400,
		"InvalidSecurityToken.Malformed": 400, "InvalidSecurityToken.MismatchWithAccessKey": 400, "Forbidden.RAM": 403, "Throttling.User": 400,
	}
	for option, test := range map[string]struct {
		options Options
		changed map[string]int
	}{
		"none":                  {},
		"UnknownKeyStatus":      {Options{UnknownKeyStatus: 400}, map[string]int{"InvalidAccessKeyId.NotFound": 400}},
		"TooManyRequestsStatus": {Options{TooManyRequestsStatus: 429}, map[string]int{"TooManyRequests": 429}},
		"IdentityStatus": {Options{IdentityStatus: 403}, map[string]int{
			"NoPermission": 403, "InvalidSecurityToken.Expired": 403, "InvalidSecurityToken.Malformed": 403, "InvalidSecurityToken.MismatchWithAccessKey": 403,
		}},
	} {
		want := maps.Clone(plain)
		maps.Copy(want, test.changed)
		w := newWorld(t, test.options)
		for _, code := range codes {
			w.Inject(Fault{Code: code})
			w.refused(want[code], code, "ListSites")
			w.Inject(Fault{Code: code, Status: 418})
			w.refused(418, code, "ListSites")
		}
		query := w.common("ListSites")
		query.Set("AccessKeyId", "other")
		if got := w.serve(w.request("GET", query, nil, "x")); got.status != want["InvalidAccessKeyId.NotFound"] {
			t.Errorf("%s: got %d %s, want status %d", option, got.status, got.raw, want["InvalidAccessKeyId.NotFound"])
		}
		query = withValue(w.common("ListSites"), "SecurityToken", "x")
		if got := w.serve(w.request("GET", query, nil, w.Options().AccessKeySecret)); got.status != want["InvalidSecurityToken.Malformed"] {
			t.Errorf("%s: got %d %s, want status %d", option, got.status, got.raw, want["InvalidSecurityToken.Malformed"])
		}
	}
}

// TestRetryAfter checks how each header writes a time to wait. It is rounded up.
func TestRetryAfter(t *testing.T) {
	t.Parallel()
	for wait, want := range map[time.Duration][2]string{
		0: {"", ""}, -time.Second: {"", ""}, 1: {"1", "1"}, time.Millisecond: {"1", "1"}, time.Millisecond + 1: {"2", "1"},
		time.Second: {"1000", "1"}, time.Second + 1: {"1001", "2"}, 1500 * time.Millisecond: {"1500", "2"},
	} {
		for header, values := range map[RetryAfter][2]string{RetryAfterMilliseconds: {want[0], ""}, RetryAfterSeconds: {"", want[1]}, RetryAfterNone: {"", ""}} {
			w := newWorld(t, Options{RetryAfter: header})
			body := "{}"
			for _, fault := range []Fault{{Code: "Throttling", RetryAfter: wait}, {RawBody: &body, RetryAfter: wait}, {Status: 503, RetryAfter: wait}} {
				w.Inject(fault)
				got := w.call("ListSites")
				if shown := [2]string{got.header.Get("X-Acs-Retry-After"), got.header.Get("Retry-After")}; shown != values {
					t.Errorf("%v, header %d, %+v: got %q, want %q", wait, header, fault, shown, values)
				}
			}
		}
	}
}

// TestDocumentedErrors compares statuses and messages with those of the actions' help pages, of RAM and of the gateway. The
// first code is one that the fake does not know.
func TestDocumentedErrors(t *testing.T) {
	t.Parallel()
	const temporary, unknown = "The request has failed due to a temporary failure of the server.", "The request processing has failed due to some unknown error."
	want := map[string]string{
		"Brand.New":                                  "400 The request was refused.",
		"InvalidParameter":                           "400 The specified parameter is invalid.",
		"InvalidParameter.SiteId":                    "400 The specified parameter SiteId is invalid.",
		"InternalException":                          "400 Failed to call the service. Try again later or contact technical support.",
		"NoPermission":                               "400 You do not have permissions to access or operate on the resource.Contact your account administrator to attach the AliyunESAFullAccess policy to the current user.",
		"Forbidden.RAM":                              "403 User not authorized to operate on the specified resource, or this API doesn't support RAM.",
		"Instance.NotOnline":                         "400 Your plan is unavailable due to an overdue payment. Complete the payment first.",
		"Record.ServiceBusy":                         "400 The record is being configured. Try again later.",
		"Record.NotFound":                            "404 The record does not exist.",
		"Site.ServiceBusy":                           "400 The website is being configured, try again later.",
		"SiteNotFound":                               "404 The website does not exist.",
		"TooManyRequests":                            "400 Too many requests, try again later.",
		"CustomHostname.NotFound":                    "404 The custom hostname does not exist. Modify it and try again.",
		"CustomHostname.Duplicated":                  "400 The custom hostname already exists.",
		"CustomHostname.ApplyCertFailed":             "404 Failed to apply for the free certificate, try again later.",
		"CustomHostname.SetCertFailed":               "404 Failed to deploy the certificate, try again later.",
		"CustomHostname.VerifyUnpassed":              "200 The custom hostname ownership verification failed. Complete the verification and try again.",
		"CustomHostname.InvalidICP":                  "400 The website has not obtained a valid ICP filing.",
		"Record.ProtectedAsCustomHostnameSource":     "400 The record is in use by a custom hostname and cannot be deleted.",
		"Record.ProxiedAsCustomHostnameSource":       "400 The record is in use by a custom hostname, its proxy cannot be turned off.",
		"SignatureDoesNotMatch":                      "400 The specified signature does not match our calculation.",
		"IncompleteSignature":                        "400 The request signature does not conform to Aliyun standards.",
		"SignatureNonceUsed":                         "400 Specified signature nonce was used already.",
		"InvalidTimeStamp.Expired":                   "400 Specified time stamp or date value is expired.",
		"InvalidTimeStamp.Format":                    "400 Specified time stamp or date value is not well formatted.",
		"InvalidAccessKeyId.NotFound":                "404 Specified access key is not found.",
		"InvalidAccessKeyId.Inactive":                "400 Specified access key is disabled.",
		"InvalidSecurityToken.Malformed":             "400 Specified SecurityToken is malformed.",
		"InvalidSecurityToken.Expired":               "400 Specified SecurityToken is expired.",
		"InvalidSecurityToken.MismatchWithAccessKey": "400 Specified SecurityToken is mismatched with the AccessKey.",
		"InvalidApi.NotFound":                        "404 Specified api is not found, please check your url and method.",
		"UnsupportedHTTPMethod":                      "403 This http method is not supported.",
		"Throttling":                                 "400 Request was denied due to request throttling.",
		"Throttling.Api":                             "400 Request was denied due to api flow control.",
		"Throttling.User":                            "400 Request was denied due to user flow control.",
		"ServiceUnavailable":                         "503 " + temporary,
		"ServiceUnavailableTemporary":                "503 " + temporary,
		"InternalError":                              "500 " + unknown,
		"InternalFailure":                            "500 " + unknown,
	}
	for code := range standard {
		if want[code] == "" {
			t.Errorf("this test has no row for %s", code)
		}
	}
	for code, want := range want {
		w := newWorld(t, Options{})
		w.Inject(Fault{Code: code})
		if got := w.call("ListSites"); got.code() != code || fmt.Sprint(got.status, " ", got.at("Message")) != want {
			t.Errorf("%s: got %d %s, want %s", code, got.status, got.raw, want)
		}
		if r := w.Requests()[0]; r.Code != code || r.Reason != "injected" || fmt.Sprint(r.Status) != want[:3] {
			t.Errorf("%s: got the log entry %+v, want its code, its status and the reason injected", code, r)
		}
	}
}
