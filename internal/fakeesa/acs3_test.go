package fakeesa

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/xml"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"sort"
	"strings"
	"testing"
	"time"
)

// acs3Request is a request of the official SDKs. An empty field is sent empty; an empty header is not sent.
type acs3Request struct {
	method        string
	query         url.Values
	form          url.Values // nil for none
	headers       map[string]string
	accessKeyID   string
	secret        string
	unsigned      []string                 // headers that are sent but not signed
	order         func(names []string)     // order of SignedHeaders in Authorization; sorted if nil
	authorization func(text string) string // changes the header
	body          string                   // sent in place of the form
}

// acs3Call returns a valid request. pairs are the names and values of parameters, which the SDKs send in the query.
func (w *world) acs3Call(method, action string, pairs ...any) acs3Request {
	o := w.Options()
	r := acs3Request{
		method: method, query: url.Values{}, accessKeyID: o.AccessKeyID, secret: o.AccessKeySecret,
		headers: map[string]string{
			"host": "127.0.0.1:8787", "accept": "application/json", "user-agent": "AlibabaCloud (linux; x64) Node.js/v20 Core/1.0.8 TeaDSL/2",
			"x-acs-action": action, "x-acs-version": "2024-09-10", "x-acs-date": o.Now().UTC().Format("2006-01-02T15:04:05Z"),
			"x-acs-signature-nonce": newRequestID(),
		},
	}
	if o.SecurityToken != "" {
		r.headers["x-acs-accesskey-id"], r.headers["x-acs-security-token"] = o.AccessKeyID, o.SecurityToken
	}
	for i := 0; i < len(pairs); i += 2 {
		r.query.Set(fmt.Sprint(pairs[i]), fmt.Sprint(pairs[i+1]))
	}
	return r
}

// sign signs the request. It shares no code with the fake, so that the same mistake in both cannot go unnoticed.
func (r acs3Request) sign(t *testing.T) *http.Request {
	t.Helper()
	body := ""
	if r.form != nil {
		body = r.form.Encode()
		r.headers["content-type"] = "application/x-www-form-urlencoded"
	}
	if _, given := r.headers["x-acs-content-sha256"]; !given {
		r.headers["x-acs-content-sha256"] = fmt.Sprintf("%x", sha256.Sum256([]byte(body)))
	}
	left := " accept user-agent " + strings.Join(r.unsigned, " ") + " "
	var names []string
	for name, value := range r.headers {
		if value != "" && !strings.Contains(left, " "+name+" ") {
			names = append(names, name)
		}
	}
	sort.Strings(names)
	lines := ""
	for _, name := range names {
		lines += name + ":" + strings.TrimSpace(r.headers[name]) + "\n"
	}
	// The canonical query is url.Values.Encode with another encoding of spaces.
	query := strings.ReplaceAll(r.query.Encode(), "+", "%20")
	canonical := r.method + "\n/\n" + query + "\n" + lines + "\n" + strings.Join(names, ";") + "\n" + fmt.Sprintf("%x", sha256.Sum256([]byte(body)))
	mac := hmac.New(sha256.New, []byte(r.secret))
	_, _ = fmt.Fprintf(mac, "ACS3-HMAC-SHA256\n%x", sha256.Sum256([]byte(canonical)))
	if r.order != nil {
		r.order(names)
	}
	authorization := fmt.Sprintf("ACS3-HMAC-SHA256 Credential=%s,SignedHeaders=%s,Signature=%x", r.accessKeyID, strings.Join(names, ";"), mac.Sum(nil))
	if r.authorization != nil {
		authorization = r.authorization(authorization)
	}
	if r.body != "" {
		body = r.body
	}
	request := httptest.NewRequestWithContext(t.Context(), r.method, testURL+"/?"+r.query.Encode(), strings.NewReader(body))
	for name, value := range r.headers {
		switch {
		case name == "host":
			request.Host = value
		case value != "":
			request.Header.Set(name, value)
		}
	}
	request.Header.Set("Authorization", authorization)
	return request
}

// TestACS3Vectors compares signatures with those of Alibaba Cloud's own library for Node. It also checks the signer of these
// tests.
func TestACS3Vectors(t *testing.T) {
	t.Parallel()
	const id = "1234567890123"
	for _, test := range []struct {
		method string
		query  url.Values
		form   url.Values
		token  string
		want   string
	}{
		{"POST", url.Values{"HostnameId": {id}}, nil, "", "2633ad8d081095a9987a4979d35f97ce4b4f4cd9e5dd779dc461edaf959448d5"},
		{"GET", url.Values{"HostnameId": {id}}, nil, "", "3735554fa4e44cbc5c8a1d0677c636d16f9efe5275b0d26aec77e214628e9edf"},
		{
			"POST",
			url.Values{"HostnameId": {id}, "Certificate": {"-----BEGIN CERTIFICATE-----\nA+/=~*é b!'()\n-----END CERTIFICATE-----\n"}},
			nil, "",
			"5d4633101105bdbb644af4d6ae08af879f5ba69b9c84bff68d51137d3a82f518",
		},
		{"POST", url.Values{}, url.Values{"HostnameId": {id}}, "t0ken", "428b91d3800e656a484bc81e6010590a1ba3ee78e91b1c5bbf87e5fb41d0ba6b"},
	} {
		r := acs3Request{
			method: test.method, query: test.query, form: test.form, accessKeyID: "testid", secret: "testsecret",
			headers: map[string]string{
				"host": "127.0.0.1:8787", "x-acs-action": "GetCustomHostname", "x-acs-version": "2024-09-10", "x-acs-date": "2026-01-02T03:04:05Z",
				"x-acs-signature-nonce": "nonce-0001",
			},
		}
		if test.token != "" {
			r.headers["x-acs-accesskey-id"], r.headers["x-acs-security-token"] = "testid", test.token
		}
		request := r.sign(t)
		if got := request.Header.Get("Authorization"); !strings.HasSuffix(got, ",Signature="+test.want) {
			t.Errorf("%s %v: the test's signature is %s, want %s", test.method, test.query, got, test.want)
		}
		clock := newClock()
		s := New(Options{Now: clock.Now, AccessKeyID: "testid", AccessKeySecret: "testsecret", SecurityToken: test.token})
		w := &world{t: t, clock: clock, Server: s}
		if got := w.serve(request); got.code() != "CustomHostname.NotFound" {
			t.Errorf("%s %v: got %s, want CustomHostname.NotFound", test.method, test.query, got.raw)
		}
	}
}

// TestACS3RunsEveryAction calls every action like the SDKs: all parameters in the query, and no Format.
func TestACS3RunsEveryAction(t *testing.T) {
	t.Parallel()
	w := newWorld(t, Options{SecurityToken: "t0ken"})
	pair := newPair(t, w.clock.Now().AddDate(1, 0, 0))
	free := w.AddHostname(Hostname{SiteID: w.site.ID, Hostname: "free.customer.com", Status: "active", CertType: "free", CertStatus: "ApplyFailed"})
	call := func(method, action string, pairs ...any) reply {
		t.Helper()
		got := w.serve(w.acs3Call(method, action, pairs...).sign(t))
		if got.status != 200 || got.at("RequestId") == "" || got.header.Get("Content-Type") != contentTypeJSON {
			t.Errorf("%s: got %d %s, want 200", action, got.status, got.raw)
		}
		return got
	}
	call("GET", "ListSites", "SiteName", "example.com")
	call("GET", "GetSite", "SiteId", w.site.ID)
	call("GET", "ListRecords", "SiteId", w.site.ID)
	call("GET", "GetRecord", "RecordId", w.record.ID)
	id := call("POST", "CreateCustomHostname", "SiteId", w.site.ID, "RecordId", w.record.ID, "Hostname", "shop.customer.com", "SslFlag", "on",
		"CertType", "upload", "Certificate", pair.certificate, "PrivateKey", pair.key).at("HostnameId")
	if got := call("POST", "GetCustomHostname", "HostnameId", id); got.at("CustomHostnameModel", "Certificate") != pair.certificate {
		t.Errorf("got %s, want the uploaded certificate", got.raw)
	}
	call("POST", "ListCustomHostnames", "SiteId", w.site.ID)
	call("POST", "UpdateCustomHostname", "HostnameId", id, "SslFlag", "off")
	h, _ := w.HostnameByName(w.site.ID, "shop.customer.com")
	w.PublishTXT(h.VerifyHost, h.VerifyCode)
	if got := call("POST", "VerifyCustomHostname", "HostnameId", id); got.at("Passed") != "true" {
		t.Errorf("Verify: got %s, want true", got.raw)
	}
	call("POST", "ApplyCustomHostnameCertificate", "HostnameId", free.ID)
	call("POST", "DeleteCustomHostname", "HostnameId", id)
	if n := len(w.Requests()); n != len(actions) {
		t.Errorf("got %d calls, want %d", n, len(actions))
	}
	for _, r := range w.Requests() {
		text := fmt.Sprintf("%+v", r)
		for _, secret := range []string{"t0ken", w.Options().AccessKeySecret, "Signature=", strings.Split(pair.key, "\n")[1]} {
			if strings.Contains(text, secret) {
				t.Errorf("the log of %s contains %q", r.Action, secret)
			}
		}
		if r.Action == "" || r.Params.Has("Action") || r.Header.Get("Authorization") != Masked || r.Header.Get("X-Acs-Security-Token") != Masked {
			t.Errorf("got the log entry %s, want the action, and masked headers", text)
		}
	}
}

func TestACS3Authentication(t *testing.T) {
	t.Parallel()
	type request = acs3Request
	header := func(name, value string) func(*request) { return func(r *request) { r.headers[name] = value } }
	stamp := func(d time.Duration) func(*request) {
		return header("x-acs-date", newClock().Now().Add(d).Format(timeFormat))
	}
	replace := func(from, to string) func(*request) {
		return func(r *request) {
			r.authorization = func(text string) string { return strings.Replace(text, from, to, 1) }
		}
	}
	inForm := func(r *request) { r.query, r.form = url.Values{}, r.query }
	tests := map[string]struct {
		token  string // Options.SecurityToken
		change func(*request)
		status int
		code   string
		reason string // "*" is one of several
	}{
		"sound":                   {"", func(*request) {}, 200, "<nil>", ""},
		"parameters in the form":  {"", inForm, 200, "<nil>", ""},
		"Action in the query":     {"", func(r *request) { r.headers["x-acs-action"] = ""; r.query.Set("Action", "GetCustomHostname") }, 200, "<nil>", ""},
		"Version in the query":    {"", func(r *request) { r.headers["x-acs-version"] = ""; r.query.Set("Version", "2024-09-10") }, 200, "<nil>", ""},
		"Action in both":          {"", func(r *request) { r.query.Set("Action", "GetCustomHostname") }, 200, "<nil>", ""},
		"another Action in query": {"", func(r *request) { r.query.Set("Action", "DeleteCustomHostname") }, 400, "InvalidParameter", "Action is sent more than once"},
		"signed headers reversed": {"", func(r *request) { r.order = func(n []string) { sort.Sort(sort.Reverse(sort.StringSlice(n))) } }, 200, "<nil>", ""},
		"signed headers in capitals": {"", func(r *request) {
			r.order = func(n []string) { n[0] = strings.ToUpper(n[0]) }
		}, 200, "<nil>", ""},
		"spaces in Authorization":    {"", func(r *request) { r.authorization = func(s string) string { return strings.ReplaceAll(s, ",", ", ") } }, 200, "<nil>", ""},
		"Format=JSON":                {"", func(r *request) { r.query.Set("Format", "json") }, 200, "<nil>", ""},
		"no action":                  {"", header("x-acs-action", ""), 400, "MissingAction", "the header x-acs-action is not sent"},
		"no version":                 {"", header("x-acs-version", ""), 400, "MissingVersion", "the header x-acs-version is not sent"},
		"no date":                    {"", header("x-acs-date", ""), 400, "MissingTimestamp", "the header x-acs-date is not sent"},
		"a date as a parameter":      {"", func(r *request) { r.query.Set("Timestamp", r.headers["x-acs-date"]); r.headers["x-acs-date"] = "" }, 400, "MissingTimestamp", "the header x-acs-date is not sent"},
		"no nonce":                   {"", header("x-acs-signature-nonce", ""), 400, "MissingSignatureNonce", "the header x-acs-signature-nonce is not sent"},
		"no hash":                    {"", header("x-acs-content-sha256", ""), 400, "IncompleteSignature", "the header x-acs-content-sha256 is not sent"},
		"no credential":              {"", replace("Credential=", "C="), 400, "IncompleteSignature", "Authorization is not ACS3-HMAC-SHA256 Credential=...,SignedHeaders=...,Signature=..."},
		"no signature":               {"", replace("Signature=", "S="), 400, "IncompleteSignature", "Authorization is not ACS3-HMAC-SHA256 Credential=...,SignedHeaders=...,Signature=..."},
		"no signed headers":          {"", replace("SignedHeaders=", "H="), 400, "IncompleteSignature", "*"},
		"the algorithm alone":        {"", func(r *request) { r.authorization = func(string) string { return "ACS3-HMAC-SHA256" } }, 400, "IncompleteSignature", "Authorization is not ACS3-HMAC-SHA256 Credential=...,SignedHeaders=...,Signature=..."},
		"another algorithm":          {"", replace("SHA256", "SM3"), 400, "InvalidParameter", "only ACS3-HMAC-SHA256 is known of signature version 3"},
		"the host is not signed":     {"", func(r *request) { r.unsigned = []string{"host"} }, 400, "IncompleteSignature", "the header host is not signed"},
		"the action is not signed":   {"", func(r *request) { r.unsigned = []string{"x-acs-action"} }, 400, "IncompleteSignature", "the header x-acs-action is not signed"},
		"the type is not signed":     {"", func(r *request) { inForm(r); r.unsigned = []string{"content-type"} }, 400, "IncompleteSignature", "the header content-type is not signed"},
		"a signed header not sent":   {"", replace("SignedHeaders=", "SignedHeaders=x-acs-more;"), 400, "IncompleteSignature", "the header \"x-acs-more\" is signed but not sent, or signed twice"},
		"a header signed twice":      {"", replace("SignedHeaders=", "SignedHeaders=host;"), 400, "IncompleteSignature", "the header \"host\" is signed but not sent, or signed twice"},
		"15 minutes late":            {"", stamp(-15 * time.Minute), 200, "<nil>", ""},
		"later than that":            {"", stamp(-15*time.Minute - time.Second), 400, "InvalidTimeStamp.Expired", "Timestamp is off by 15m1s"},
		"earlier than 15 minutes":    {"", stamp(15*time.Minute + time.Second), 400, "InvalidTimeStamp.Expired", "Timestamp is off by 15m1s"},
		"a date of HTTP":             {"", header("x-acs-date", "Fri, 02 Jan 2026 03:04:05 GMT"), 400, "InvalidTimeStamp.Format", "Timestamp is not yyyy-MM-ddTHH:mm:ssZ"},
		"another access key":         {"", func(r *request) { r.accessKeyID = "LTAIother" }, 404, "InvalidAccessKeyId.NotFound", "the access key is unknown"},
		"another secret":             {"", func(r *request) { r.secret = "wrong" }, 400, "SignatureDoesNotMatch", "the signature is wrong"},
		"the secret of version 1":    {"", func(r *request) { r.secret += "&" }, 400, "SignatureDoesNotMatch", "the signature is wrong"},
		"another body":               {"", func(r *request) { inForm(r); r.body = "HostnameId=7" }, 400, "SignatureDoesNotMatch", "the signature is wrong"},
		"a body where none was":      {"", func(r *request) { r.body = "x" }, 400, "SignatureDoesNotMatch", "the signature is wrong"},
		"the hash of another body":   {"", header("x-acs-content-sha256", strings.Repeat("0", 64)), 400, "SignatureDoesNotMatch", "the signature is wrong"},
		"another Version in query":   {"", func(r *request) { r.query.Set("Version", "2024-09-11") }, 400, "InvalidParameter", "Version is sent more than once"},
		"Version in both":            {"", func(r *request) { r.query.Set("Version", "2024-09-10") }, 200, "<nil>", ""},
		"the hash is not signed":     {"", func(r *request) { r.unsigned = []string{"x-acs-content-sha256"} }, 400, "IncompleteSignature", "the header x-acs-content-sha256 is not signed"},
		"the right time, early":      {"", stamp(15 * time.Minute), 200, "<nil>", ""},
		"a token with a fixed key":   {"", header("x-acs-security-token", "t"), 400, "InvalidSecurityToken.Malformed", "the access key is not a temporary one"},
		"the token":                  {"t0ken", func(*request) {}, 200, "<nil>", ""},
		"no token":                   {"t0ken", header("x-acs-security-token", ""), 400, "MissingSecurityToken", "SecurityToken is missing"},
		"a token as a parameter":     {"t0ken", func(r *request) { r.headers["x-acs-security-token"] = ""; r.query.Set("SecurityToken", "t0ken") }, 400, "MissingSecurityToken", "SecurityToken is missing"},
		"another token":              {"t0ken", header("x-acs-security-token", "other"), 400, "InvalidSecurityToken.MismatchWithAccessKey", "the security token belongs to another access key"},
		"an action that is not":      {"", header("x-acs-action", "GetCustomHostnames"), 404, "InvalidApi.NotFound", "there is no action \"GetCustomHostnames\" in version \"2024-09-10\""},
		"another version":            {"", header("x-acs-version", "2024-09-11"), 404, "InvalidApi.NotFound", "there is no action \"GetCustomHostname\" in version \"2024-09-11\""},
		"a method that is not taken": {"", func(r *request) { r.method = "PUT" }, 403, "UnsupportedHTTPMethod", "GetCustomHostname accepts GET POST"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, Options{SecurityToken: test.token})
			h := w.AddHostname(Hostname{SiteID: w.site.ID, Hostname: "shop.customer.com"})
			r := w.acs3Call("POST", "GetCustomHostname", "HostnameId", h.ID)
			test.change(&r)
			got := w.serve(r.sign(t))
			if got.status != test.status || got.code() != test.code || got.header.Get("Content-Type") != contentTypeJSON {
				t.Errorf("got %d %s, want %d %s; reason: %s", got.status, got.raw, test.status, test.code, w.Requests()[0].Reason)
			}
			if r := w.Requests(); len(r) != 1 || r[0].Status != test.status || r[0].Reason != test.reason && test.reason != "*" {
				t.Errorf("got the log %+v, want one entry with status %d and the reason %q", r, test.status, test.reason)
			}
		})
	}
}

// TestACS3IsChangedOnTheWay changes each part of a valid request after it was signed.
func TestACS3IsChangedOnTheWay(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(*http.Request){
		"query":     func(r *http.Request) { r.URL.RawQuery = "HostnameId=8" },
		"parameter": func(r *http.Request) { r.URL.RawQuery += "&RecordId=7" },
		"form":      func(r *http.Request) { r.Body = io.NopCloser(bytes.NewReader([]byte("SslFlag=off"))) },
		"action":    func(r *http.Request) { r.Header.Set("X-Acs-Action", "DeleteCustomHostname") },
		"version":   func(r *http.Request) { r.Header.Set("X-Acs-Version", "2024-09-11") },
		"date":      func(r *http.Request) { r.Header.Set("X-Acs-Date", "2026-01-02T03:04:06Z") },
		"nonce":     func(r *http.Request) { r.Header.Set("X-Acs-Signature-Nonce", "other") },
		"host":      func(r *http.Request) { r.Host = "localhost" },
		"method":    func(r *http.Request) { r.Method = "GET" },
		"type": func(r *http.Request) {
			r.Header.Set("Content-Type", "application/x-www-form-urlencoded; charset=utf-8")
		},
		"signature": func(r *http.Request) { r.Header.Set("Authorization", r.Header.Get("Authorization")+"0") },
	} {
		w := newWorld(t, Options{})
		signed := w.acs3Call("POST", "GetCustomHostname", "HostnameId", 7)
		signed.form = url.Values{"SslFlag": {"on"}}
		r := signed.sign(t)
		change(r)
		if got := w.serve(r); got.status != 400 || got.code() != "SignatureDoesNotMatch" {
			t.Errorf("%s: got %d %s, want SignatureDoesNotMatch", name, got.status, got.raw)
		}
	}
}

// TestACS3NoncesAreUsedOnce checks that a nonce is accepted once by both versions of the signature, and that a refused
// request does not use it up.
func TestACS3NoncesAreUsedOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t, Options{})
	send := func(secret string) string {
		r := w.acs3Call("GET", "ListSites")
		r.headers["x-acs-signature-nonce"], r.secret = "n1", secret
		return w.serve(r.sign(t)).code()
	}
	secret := w.Options().AccessKeySecret
	for i, test := range []struct{ secret, want string }{{"wrong", "SignatureDoesNotMatch"}, {secret, "<nil>"}, {secret, "SignatureNonceUsed"}} {
		if code := send(test.secret); code != test.want {
			t.Errorf("use %d: got %s, want %s", i, code, test.want)
		}
	}
	query := withValue(w.common("ListSites"), "SignatureNonce", "n1")
	if got := w.serve(w.request("GET", query, nil, secret)); got.code() != "SignatureNonceUsed" {
		t.Errorf("version 1: got %s, want SignatureNonceUsed", got.raw)
	}
}

// TestACS3Sessions checks that a temporary key that was added works until it expires.
func TestACS3Sessions(t *testing.T) {
	t.Parallel()
	w := newWorld(t, Options{})
	w.AddSession("STS.one", "its-secret", "its-token", w.Now().Add(time.Minute))
	for _, want := range []string{"<nil>", "InvalidSecurityToken.Expired"} {
		r := w.acs3Call("GET", "ListSites")
		r.accessKeyID, r.secret, r.headers["x-acs-security-token"] = "STS.one", "its-secret", "its-token"
		if got := w.serve(r.sign(t)); got.code() != want {
			t.Errorf("got %s, want %s", got.raw, want)
		}
		w.clock.Move(time.Minute)
	}
}

// TestACS3RepeatsWhatWasSigned checks that the message repeats the secrets of the query, and that the log does not.
func TestACS3RepeatsWhatWasSigned(t *testing.T) {
	t.Parallel()
	w := newWorld(t, Options{})
	w.Inject(Fault{Code: "IncompleteSignature", Signed: true})
	for code, secret := range map[string]string{"SignatureDoesNotMatch": "wrong", "IncompleteSignature": w.Options().AccessKeySecret} {
		r := w.acs3Call("POST", "CreateCustomHostname", "Hostname", "shop.customer.com", "PrivateKey", "T0P/SECRET")
		r.secret = secret
		got := w.serve(r.sign(t))
		if got.code() != code {
			t.Fatalf("got %s, want %s", got.raw, code)
		}
		for _, part := range []string{
			" server StringToSign is [ACS3-HMAC-SHA256\n", "] server CanonicalRequest is [POST\n/\nHostname=shop.customer.com&PrivateKey=T0P%2FSECRET\nhost:127.0.0.1:8787\n",
			"\nhost;x-acs-action;x-acs-content-sha256;x-acs-date;x-acs-signature-nonce;x-acs-version\ne3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855]",
		} {
			if !strings.Contains(got.at("Message"), part) {
				t.Errorf("%s: the message does not contain %q: %s", code, part, got.raw)
			}
		}
	}
	if text := fmt.Sprintf("%+v", w.Requests()); strings.Contains(text, "SECRET") {
		t.Errorf("the log contains the key: %s", text)
	}
}

// TestACS3Format checks that responses are JSON unless XML is requested.
func TestACS3Format(t *testing.T) {
	t.Parallel()
	w := newWorld(t, Options{})
	got := w.serve(w.acs3Call("GET", "ListSites", "Format", "XML").sign(t))
	var answer struct {
		XMLName    xml.Name `xml:"ListSitesResponse"`
		TotalCount int
	}
	if err := xml.Unmarshal([]byte(got.raw), &answer); err != nil || answer.TotalCount != 1 {
		t.Errorf("got error %v and %s, want XML with one hostname", err, got.raw)
	}
	if got := w.serve(w.acs3Call("GET", "ListSites", "Format", "YAML").sign(t)); got.status != 400 || !strings.Contains(got.raw, "<Code>InvalidParameter</Code>") {
		t.Errorf("Format=YAML: got %s, want InvalidParameter", got.raw)
	}
	twice := w.acs3Call("POST", "GetCustomHostname", "HostnameId", 7)
	twice.form = url.Values{"HostnameId": {"8"}}
	if got := w.serve(twice.sign(t)); got.code() != "InvalidParameter" {
		t.Errorf("a parameter in both places: got %s, want InvalidParameter", got.raw)
	}
}

// TestACS3HeaderValues checks that a signed header is signed without spaces around it, and its values in order.
func TestACS3HeaderValues(t *testing.T) {
	t.Parallel()
	w := newWorld(t, Options{})
	for signed, sent := range map[string][]string{
		"plain": {"plain"}, "spaces": {"  spaces "}, "a,b": {"b", " a"}, "A,a,b": {"b", "a", "A"},
	} {
		r := w.acs3Call("GET", "ListSites")
		r.headers["x-acs-note"] = signed
		request := r.sign(t)
		request.Header["X-Acs-Note"] = sent
		if got := w.serve(request); got.status != 200 {
			t.Errorf("%q: got %d %s, want success", sent, got.status, got.raw)
		}
	}
}
