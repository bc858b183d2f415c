package fakeesa

import (
	"bufio"
	"context"
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"reflect"
	"regexp"
	"strings"
	"sync"
	"testing"
	"testing/iotest"
	"time"
)

// testClock is a clock that moves only when a test moves it.
type testClock struct {
	mu  sync.Mutex
	now time.Time
}

func newClock() *testClock { return &testClock{now: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)} }

func (c *testClock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *testClock) Move(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

// world is a server with a site and a record, and a client that signs requests.
type world struct {
	*Server
	t      *testing.T
	clock  *testClock
	site   Site
	record Record
}

func newWorld(t *testing.T, o Options) *world {
	t.Helper()
	w := &world{t: t, clock: newClock()}
	if o.Now == nil {
		o.Now = w.clock.Now
	}
	w.Server = New(o)
	w.site = w.AddSite("example.com")
	w.record = w.AddRecord(w.site.ID, "origin.example.com")
	return w
}

// reply is a response, with its body decoded as JSON with exact numbers.
type reply struct {
	status int
	header http.Header
	raw    string
	body   map[string]any
}

func (r reply) code() string { return fmt.Sprint(r.body["Code"]) }

// at follows names into objects and indexes into lists. It returns "" if there is no value.
func (r reply) at(path ...any) string {
	var v any = r.body
	for _, step := range path {
		switch s := step.(type) {
		case string:
			object, _ := v.(map[string]any)
			v = object[s]
		case int:
			list, _ := v.([]any)
			if s >= len(list) {
				return ""
			}
			v = list[s]
		}
	}
	if v == nil {
		return ""
	}
	return fmt.Sprint(v)
}

// common returns the common parameters, not signed yet.
func (w *world) common(action string) url.Values {
	o := w.Options()
	values := url.Values{
		"Action": {action}, "Version": {apiVersion}, "Format": {"JSON"}, "AccessKeyId": {o.AccessKeyID},
		"SignatureMethod": {"HMAC-SHA1"}, "SignatureVersion": {"1.0"},
		"SignatureNonce": {newRequestID()}, "Timestamp": {o.Now().UTC().Format(timeFormat)},
	}
	if o.SecurityToken != "" {
		values.Set("SecurityToken", o.SecurityToken)
	}
	return values
}

// request signs a request. A nil form sends none.
func (w *world) request(method string, query, form url.Values, secret string) *http.Request {
	all := map[string]string{}
	for _, values := range []url.Values{query, form} {
		for name := range values {
			all[name] = values.Get(name)
		}
	}
	if !query.Has("Signature") {
		query.Set("Signature", signature(stringToSign(method, all), secret))
	}
	var body io.Reader
	if form != nil {
		body = strings.NewReader(form.Encode())
	}
	r := httptest.NewRequestWithContext(w.t.Context(), method, testURL+"/?"+query.Encode(), body)
	r.Header.Set("User-Agent", "test")
	if form != nil {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	return r
}

// testURL is an address that the fake accepts. The default of [httptest.NewRequest] is example.com.
const testURL = "http://127.0.0.1:8787"

func (w *world) serve(r *http.Request) reply {
	w.t.Helper()
	recorder := httptest.NewRecorder()
	w.ServeHTTP(recorder, r)
	got := reply{status: recorder.Code, header: recorder.Result().Header, raw: recorder.Body.String()}
	decoder := json.NewDecoder(strings.NewReader(got.raw))
	decoder.UseNumber()
	_ = decoder.Decode(&got.body)
	return got
}

// call calls an action like the client of this repository: a POST with a form, or a GET for sites and records. pairs are the
// names and values of parameters.
func (w *world) call(action string, pairs ...any) reply {
	w.t.Helper()
	params := url.Values{}
	for i := 0; i < len(pairs); i += 2 {
		params.Set(fmt.Sprint(pairs[i]), fmt.Sprint(pairs[i+1]))
	}
	query := w.common(action)
	if actions[action].methods == "GET" {
		for name := range params {
			query.Set(name, params.Get(name))
		}
		return w.serve(w.request(http.MethodGet, query, nil, w.Options().AccessKeySecret))
	}
	return w.serve(w.request(http.MethodPost, query, params, w.Options().AccessKeySecret))
}

// ok calls an action that must succeed.
func (w *world) ok(action string, pairs ...any) reply {
	w.t.Helper()
	got := w.call(action, pairs...)
	if got.status != 200 || got.body["Code"] != nil || got.at("RequestId") == "" {
		w.t.Fatalf("%s: got %d %s, want success", action, got.status, got.raw)
	}
	return got
}

// refused calls an action that must fail.
func (w *world) refused(status int, code, action string, pairs ...any) reply {
	w.t.Helper()
	got := w.call(action, pairs...)
	if got.status != status || got.code() != code {
		w.t.Errorf("%s %v: got %d %s, want %d %s", action, pairs, got.status, got.raw, status, code)
	}
	return got
}

// create creates a hostname through the API.
func (w *world) create(name string, pairs ...any) Hostname {
	w.t.Helper()
	base := []any{"Hostname", name, "SiteId", w.site.ID, "RecordId", w.record.ID}
	if len(pairs) == 0 {
		pairs = []any{"SslFlag", "off"}
	}
	w.ok("CreateCustomHostname", append(base, pairs...)...)
	h, found := w.HostnameByName(w.site.ID, name)
	if !found {
		w.t.Fatalf("hostname %s does not exist after its create", name)
	}
	return h
}

func (w *world) get(id int64) reply {
	w.t.Helper()
	return w.ok("GetCustomHostname", "HostnameId", id)
}

func (w *world) hostname(id int64) Hostname {
	w.t.Helper()
	h, found := w.Hostname(id)
	if !found {
		w.t.Fatalf("hostname %d does not exist", id)
	}
	return h
}

func TestErrorBody(t *testing.T) {
	t.Parallel()
	w := newWorld(t, Options{})
	got := w.refused(404, "CustomHostname.NotFound", "GetCustomHostname", "HostnameId", 7)
	if !regexp.MustCompile(`^[0-9A-F]{8}-[0-9A-F]{4}-4[0-9A-F]{3}-[89AB][0-9A-F]{3}-[0-9A-F]{12}$`).MatchString(got.at("RequestId")) {
		t.Errorf("got RequestId %q, want a UUID in upper case", got.at("RequestId"))
	}
	want := fmt.Sprintf(`{"RequestId":%q,"HostId":"esa.cn-hangzhou.aliyuncs.com","Code":"CustomHostname.NotFound",`+
		`"Message":"The custom hostname does not exist. Modify it and try again.",`+
		`"Recommend":"https://api.aliyun.com/troubleshoot?q=CustomHostname.NotFound&product=ESA&requestId=%s"}`, got.at("RequestId"), got.at("RequestId"))
	if got.raw != want {
		t.Errorf("got  %s\nwant %s", got.raw, want)
	}
	if again := w.call("GetCustomHostname", "HostnameId", 7); again.at("RequestId") == got.at("RequestId") {
		t.Error("two calls have the same RequestId")
	}
	if date := got.header.Get("Date"); date != "Fri, 02 Jan 2026 03:04:05 GMT" {
		t.Errorf("got the Date header %q, want that of the clock", date)
	}
	// The header is the clients' time, which the control does not move.
	w.MoveClock(time.Hour)
	for name, got := range map[string]reply{"the API": w.ok("ListSites"), "the control": w.tell("GET", "clock", "")} {
		if date := got.header.Get("Date"); date != "Fri, 02 Jan 2026 03:04:05 GMT" {
			t.Errorf("got the Date header %q from %s with a clock ahead, want that of the clock", date, name)
		}
	}
}

func TestDefaultsOfOptions(t *testing.T) {
	t.Parallel()
	got := New(Options{}).Options()
	if off := time.Since(got.Now()).Abs(); off > time.Hour {
		t.Errorf("the clock is off by %v by default", off)
	}
	want := Options{
		AccessKeyID: "fake-access-key-id", AccessKeySecret: "fake-access-key-secret", AccountRegion: "cn-hangzhou", TimestampWindow: 15 * time.Minute,
		UnknownKeyStatus: 404, IdentityStatus: 400, CreateLimitPerHour: 100, ThrottlingCode: "Throttling.User", TooManyRequestsStatus: 400,
	}
	if got := clockless(got); !reflect.DeepEqual(got, want) {
		t.Errorf("got the defaults %+v, want %+v", got, want)
	}
	set := Options{
		AccessKeyID: "id", AccessKeySecret: "secret", AccountRegion: "ap-southeast-1", TimestampWindow: time.Second, UnknownKeyStatus: 1,
		IdentityStatus: 2, CreateLimitPerHour: 3, ThrottlingCode: "Brand.New", TooManyRequestsStatus: 4, Now: newClock().Now,
	}
	kept := New(set).Options()
	if now := kept.Now(); !now.Equal(newClock().Now()) {
		t.Errorf("got the time %v, want that of the given clock", now)
	}
	if got := clockless(kept); !reflect.DeepEqual(got, clockless(set)) {
		t.Errorf("got %+v, want the given options %+v", got, set)
	}
}

// TestNewWithoutAListener checks that a handler has no URL, and can be closed.
func TestNewWithoutAListener(t *testing.T) {
	t.Parallel()
	s := New(Options{})
	s.Close()
	if s.URL() != "" || s.Connections() != 0 {
		t.Errorf("got the URL %q and %d connections, want none", s.URL(), s.Connections())
	}
}

func TestParametersInEitherPlace(t *testing.T) {
	t.Parallel()
	w := newWorld(t, Options{})
	h := w.create("shop.customer.com")
	secret := w.Options().AccessKeySecret
	id := fmt.Sprint(h.ID)
	all := w.common("GetCustomHostname")
	all.Set("HostnameId", id)
	inForm := w.common("GetCustomHostname")
	for name, r := range map[string]*http.Request{
		"all in the query of a POST":        w.request("POST", all, nil, secret),
		"GET":                               w.request("GET", withValue(w.common("GetCustomHostname"), "HostnameId", id), nil, secret),
		"all but the signature in the form": w.request("POST", url.Values{}, withValue(inForm, "HostnameId", id), secret),
	} {
		if got := w.serve(r); got.status != 200 || got.at("CustomHostnameModel", "HostnameId") != id {
			t.Errorf("%s: got %d %s, want the hostname", name, got.status, got.raw)
		}
	}
	twice := w.request("POST", withValue(w.common("GetCustomHostname"), "HostnameId", id), url.Values{"HostnameId": {"7"}}, secret)
	if got := w.serve(twice); got.code() != "InvalidParameter" {
		t.Errorf("a parameter in both places: got %s, want InvalidParameter", got.raw)
	}
	again := w.request("GET", withValue(w.common("GetCustomHostname"), "HostnameId", id), nil, secret)
	again.URL.RawQuery += "&HostnameId=" + id
	if got := w.serve(again); got.code() != "InvalidParameter" {
		t.Errorf("a parameter twice in one place: got %s, want InvalidParameter", got.raw)
	}
	asJSON := w.request("POST", w.common("GetCustomHostname"), nil, secret)
	asJSON.Body = io.NopCloser(strings.NewReader(`{"HostnameId":` + id + `}`))
	asJSON.Header.Set("Content-Type", "application/json")
	if got := w.serve(asJSON); got.code() != "MissingHostnameId" {
		t.Errorf("a JSON body: got %s, want MissingHostnameId", got.raw)
	}
}

// TestPlaceOfParameters checks which parameters each reading of a POST uses. A GET has only those of the query, and the
// signature covers all in any case.
func TestPlaceOfParameters(t *testing.T) {
	t.Parallel()
	for place, want := range map[ParameterPlace]map[string]string{
		ParametersAnywhere: {"GET": "<nil>", "POST query": "<nil>", "POST form": "<nil>"},
		ParametersInQuery:  {"GET": "<nil>", "POST query": "<nil>", "POST form": "MissingHostnameId"},
		ParametersInForm:   {"GET": "<nil>", "POST query": "MissingHostnameId", "POST form": "<nil>"},
	} {
		w := newWorld(t, Options{ParameterPlace: place})
		h := w.AddHostname(Hostname{SiteID: w.site.ID, Hostname: "shop.customer.com"})
		secret := w.Options().AccessKeySecret
		id := url.Values{"HostnameId": {itoa(h.ID)}}
		inQuery := func() url.Values { return withValue(w.common("GetCustomHostname"), "HostnameId", itoa(h.ID)) }
		for name, r := range map[string]*http.Request{
			"GET":        w.request("GET", inQuery(), nil, secret),
			"POST query": w.request("POST", inQuery(), url.Values{"Stray": {"x"}}, secret),
			"POST form":  w.request("POST", w.common("GetCustomHostname"), id, secret),
		} {
			w.ResetRequests()
			got := w.serve(r)
			if got.code() != want[name] {
				t.Errorf("place %d, %s: got %s, want %s", place, name, got.raw, want[name])
			}
			// The log has them all.
			if logged := w.Requests()[0].Params.Get("HostnameId"); logged != itoa(h.ID) {
				t.Errorf("place %d, %s: got the logged id %q, want %d", place, name, logged, h.ID)
			}
		}
	}
}

func withValue(values url.Values, name, value string) url.Values {
	values.Set(name, value)
	return values
}

func TestXMLIsTheDefaultFormat(t *testing.T) {
	t.Parallel()
	w := newWorld(t, Options{})
	w.create("a.customer.com")
	w.create("b.customer.com")
	for _, format := range []string{"", "XML"} {
		query := w.common("ListCustomHostnames")
		query.Del("Format")
		if format != "" {
			query.Set("Format", format)
		}
		got := w.serve(w.request("GET", withValue(query, "SiteId", fmt.Sprint(w.site.ID)), nil, w.Options().AccessKeySecret))
		var answer struct {
			XMLName    xml.Name `xml:"ListCustomHostnamesResponse"`
			RequestId  string
			TotalCount int
			Hostnames  []struct{ HostnameId, Hostname string }
		}
		if err := xml.Unmarshal([]byte(got.raw), &answer); err != nil {
			t.Fatalf("got error %v for %s, want valid XML", err, got.raw)
		}
		if answer.TotalCount != 2 || len(answer.Hostnames) != 2 || answer.Hostnames[1].Hostname != "b.customer.com" || answer.RequestId == "" {
			t.Errorf("got %+v, want two hostnames", answer)
		}
		if !strings.HasPrefix(got.header.Get("Content-Type"), "text/xml") {
			t.Errorf("got Content-Type %q, want text/xml", got.header.Get("Content-Type"))
		}
	}
	query := w.common("GetCustomHostname")
	query.Set("Format", "YAML")
	if got := w.serve(w.request("POST", query, nil, w.Options().AccessKeySecret)); !strings.Contains(got.raw, "<Error>") || !strings.Contains(got.raw, "<Code>InvalidParameter</Code>") {
		t.Errorf("Format=YAML: got %s, want InvalidParameter", got.raw)
	}
}

func TestMethods(t *testing.T) {
	t.Parallel()
	w := newWorld(t, Options{})
	accepted := map[string]string{
		"CreateCustomHostname": "POST", "UpdateCustomHostname": "POST", "DeleteCustomHostname": "POST", "VerifyCustomHostname": "POST",
		"ApplyCustomHostnameCertificate": "POST", "GetCustomHostname": "GET POST", "ListCustomHostnames": "GET POST",
		"ListSites": "GET", "GetSite": "GET", "ListRecords": "GET", "GetRecord": "GET",
	}
	if len(actions) != len(accepted) {
		t.Errorf("got %d actions, want %d", len(actions), len(accepted))
	}
	for name, methods := range accepted {
		for _, method := range []string{"GET", "POST", "PUT", "DELETE", "HEAD"} {
			w.ResetRequests()
			got := w.serve(w.request(method, w.common(name), nil, w.Options().AccessKeySecret))
			allowed := strings.Contains(methods, method)
			if refused := got.status == 403 && got.code() == "UnsupportedHTTPMethod"; refused == allowed {
				t.Errorf("%s %s: got %d %s, want allowed %t", method, name, got.status, got.raw, allowed)
			}
			if reason := w.Requests()[0].Reason; !allowed && reason != name+" accepts "+methods {
				t.Errorf("%s %s: got the reason %q, want the methods", method, name, reason)
			}
		}
	}
}

func TestUnknownActionVersionAndPath(t *testing.T) {
	t.Parallel()
	w := newWorld(t, Options{})
	secret := w.Options().AccessKeySecret
	other := w.request("POST", w.common("GetCustomHostname"), nil, secret)
	other.URL.Path = "/v1"
	for reason, r := range map[string]*http.Request{
		`there is no action "GetCustomHostnames" in version "2024-09-10"`: w.request("POST", w.common("GetCustomHostnames"), nil, secret),
		`there is no action "GetCustomHostname" in version "2024-09-11"`:  w.request("POST", withValue(w.common("GetCustomHostname"), "Version", "2024-09-11"), nil, secret),
		"the path is not /": other,
	} {
		w.ResetRequests()
		if got := w.serve(r); got.status != 404 || got.code() != "InvalidApi.NotFound" || w.Requests()[0].Reason != reason {
			t.Errorf("got %d %s, reason %q; want InvalidApi.NotFound, %q", got.status, got.raw, w.Requests()[0].Reason, reason)
		}
	}
}

func TestHealthIsNoCall(t *testing.T) {
	t.Parallel()
	w := newWorld(t, Options{})
	got := w.serve(httptest.NewRequest("GET", testURL+"/fake/health", nil))
	if got.status != 200 || got.at("status") != "ok" || len(w.Requests()) != 0 {
		t.Errorf("got %d %s after %d calls, want ok and no calls", got.status, got.raw, len(w.Requests()))
	}
}

// TestForeignRequestsAreRefused sends the requests of pages in browsers: with a host name that resolves to loopback, or with
// an Origin header. They must get no data and change nothing.
func TestForeignRequestsAreRefused(t *testing.T) {
	t.Parallel()
	w := newWorld(t, Options{})
	outside := func(host string) string {
		return "the request is for the host " + host + ", which is no name of loopback; ask for 127.0.0.1, localhost or [::1]"
	}
	page := func(origin string) string {
		return "the request comes from a page in a browser (Origin " + origin + "), and the fake answers none; ask from a program such as Terraform or curl"
	}
	for _, test := range []struct {
		host   string
		origin []string
		want   string // the message; "" if the request is accepted
	}{
		{host: "127.0.0.1:8787"},
		{host: "127.0.0.1"},
		{host: "127.1.2.3:80"},
		{host: "localhost:8787"},
		{host: "LocalHost"},
		{host: "[::1]:8787"},
		{host: "[::1]"},
		{host: "rebound.example:8787", want: outside(`"rebound.example:8787"`)},
		{host: "127.0.0.1.rebound.example", want: outside(`"127.0.0.1.rebound.example"`)},
		{host: "localhost.rebound.example:8787", want: outside(`"localhost.rebound.example:8787"`)},
		{host: "localhost@rebound.example", want: outside(`"localhost@rebound.example"`)},
		{host: "192.0.2.7:8787", want: outside(`"192.0.2.7:8787"`)},
		{host: "0.0.0.0:8787", want: outside(`"0.0.0.0:8787"`)},
		{host: "[2001:db8::1]:8787", want: outside(`"[2001:db8::1]:8787"`)},
		{host: "", want: outside(`""`)},
		{host: "127.0.0.1:8787", origin: []string{"https://rebound.example"}, want: page(`"https://rebound.example"`)},
		{host: "127.0.0.1:8787", origin: []string{"http://127.0.0.1:8787"}, want: page(`"http://127.0.0.1:8787"`)},
		{host: "127.0.0.1:8787", origin: []string{"null"}, want: page(`"null"`)},
		{host: "127.0.0.1:8787", origin: []string{""}, want: page(`""`)},
		{host: "127.0.0.1:8787", origin: []string{"null", "https://rebound.example"}, want: page(`"null, https://rebound.example"`)},
	} {
		create := url.Values{"SiteId": {fmt.Sprint(w.site.ID)}, "RecordId": {fmt.Sprint(w.record.ID)}, "Hostname": {"shop.customer.com"}, "SslFlag": {"off"}}
		for name, r := range map[string]*http.Request{
			"API":     w.request("POST", w.common("CreateCustomHostname"), create, w.Options().AccessKeySecret),
			"control": httptest.NewRequest("POST", "/fake/txt", strings.NewReader(`{"name": "_x.customer.com", "value": "y"}`)),
			"unknown": httptest.NewRequest("GET", "/fake/x", nil),
		} {
			r.Host = test.host
			if test.origin != nil {
				r.Header["Origin"] = test.origin
			}
			got := w.serve(r)
			if (got.status == 403) != (test.want != "") {
				t.Errorf("%s, host %q, origin %q: got %d %s", name, test.host, test.origin, got.status, got.raw)
			}
			message := got.at("error")
			if name == "API" {
				message = got.at("Message")
			}
			if test.want != "" && message != test.want {
				t.Errorf("%s, host %q, origin %q: got the message %q, want %q", name, test.host, test.origin, message, test.want)
			}
			if name == "API" && test.want != "" {
				log := w.Requests()[0]
				if got.code() != "Forbidden.NotLoopback" || log.Code != "Forbidden.NotLoopback" || log.Reason != test.want {
					t.Errorf("host %q, origin %q: got %s and the log entry %+v, want Forbidden.NotLoopback", test.host, test.origin, got.raw, log)
				}
			}
		}
		if made, published := len(w.Hostnames()), len(w.txtAnswer().TXT); (made+published > 0) != (test.want == "") {
			t.Errorf("host %q, origin %q: got %d hostnames and %d TXT records", test.host, test.origin, made, published)
		}
		w = newWorld(t, Options{})
	}
}

// TestHandlerOfAnotherServer serves the fake from a server of the test.
func TestHandlerOfAnotherServer(t *testing.T) {
	t.Parallel()
	w := newWorld(t, Options{})
	server := httptest.NewServer(w.Server)
	t.Cleanup(server.Close)
	response, err := http.Get(server.URL + "/fake/health")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }()
	if response.StatusCode != http.StatusOK {
		t.Errorf("got %s, want 200 OK", response.Status)
	}
}

func TestNoRequestPanics(t *testing.T) {
	t.Parallel()
	w := newWorld(t, Options{})
	h := w.create("shop.customer.com")
	huge := strings.Repeat("9", 400)
	for name := range actions {
		for _, param := range []string{"HostnameId", "SiteId", "RecordId", "PageNumber", "PageSize", "TagFilter", "Certificate", "Hostname", "CasId"} {
			for _, value := range []string{"", "0", "-1", "1", huge, "9223372036854775807", "null", "[]", "{", "\x00", "\xff\xfe", fmt.Sprint(h.ID), fmt.Sprint(w.site.ID)} {
				pairs := []any{"HostnameId", 1, "SiteId", w.site.ID, "RecordId", w.record.ID, "Hostname", "x.customer.com", "SslFlag", "on", "CertType", "upload", "Certificate", "x", "PrivateKey", "y", param, value}
				if got := w.call(name, pairs...); got.status == 0 || got.raw == "" {
					t.Errorf("%s with %s=%q: got %d %q, want a response", name, param, value, got.status, got.raw)
				}
			}
		}
	}
	for _, target := range []string{"/?Action=%zz", "/?;", "/?Action", "/?=", "/?Action=GetSite&Action=GetSite", "/%00"} {
		for _, method := range []string{"GET", "POST", "BREW"} {
			r := httptest.NewRequest(method, testURL+"/", strings.NewReader("%zz=%"))
			r.URL.RawQuery = strings.TrimPrefix(target, "/?")
			r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
			if got := w.serve(r); got.status < 400 {
				t.Errorf("%s %s: got %d, want an error", method, target, got.status)
			}
		}
	}
}

// TestBodies checks which bodies are read: forms up to a limit, and none of a GET. The reasons contain no part of them.
func TestBodies(t *testing.T) {
	t.Parallel()
	const name = "Certificate="
	form := func(length int) string { return name + strings.Repeat("x", length-len(name)) }
	for title, test := range map[string]struct {
		method, body  string
		broken        bool
		code, reason  string
		signedAsEmpty bool
	}{
		"at the limit":    {method: "POST", body: form(bodyLimit), code: "MissingHostnameId", reason: "HostnameId is missing"},
		"above the limit": {method: "POST", body: form(bodyLimit + 1), code: "InvalidParameter", reason: "the parameters cannot be read: the body is too large"},
		"truncated":       {method: "POST", body: form(20), broken: true, code: "InvalidParameter", reason: "the parameters cannot be read: the body is truncated"},
		"wrong escapes":   {method: "POST", body: "PrivateKey=%zzSECRET", code: "InvalidParameter", reason: "the parameters cannot be read: the form has invalid escapes"},
		"a form in a GET": {method: "GET", body: "HostnameId=7&%zz", signedAsEmpty: true, code: "MissingHostnameId", reason: "HostnameId is missing"},
	} {
		w := newWorld(t, Options{})
		signed, err := url.ParseQuery(test.body)
		if err != nil || test.signedAsEmpty {
			signed = url.Values{}
		}
		r := w.request(test.method, w.common("GetCustomHostname"), signed, w.Options().AccessKeySecret)
		var body io.Reader = strings.NewReader(test.body)
		if test.broken {
			body = io.MultiReader(body, iotest.ErrReader(io.ErrUnexpectedEOF))
		}
		r.Body = io.NopCloser(body)
		got := w.serve(r)
		if log := w.Requests()[0]; got.status != 400 || got.code() != test.code || log.Reason != test.reason {
			t.Errorf("%s: got %d %s, reason %q; want 400 %s, %q", title, got.status, got.raw, log.Reason, test.code, test.reason)
		}
	}
}

func TestStartAtServesLoopbackOnly(t *testing.T) {
	t.Parallel()
	const outside = " is not a loopback address such as 127.0.0.1:%s; the fake must not be reachable from other machines"
	for addr, want := range map[string]string{
		":8787":         fmt.Sprintf(`":8787"`+outside, "8787"),
		"0.0.0.0:0":     fmt.Sprintf(`"0.0.0.0:0"`+outside, "0"),
		"[::]:0":        fmt.Sprintf(`"[::]:0"`+outside, "0"),
		"192.0.2.1:0":   fmt.Sprintf(`"192.0.2.1:0"`+outside, "0"),
		"esa.example:0": fmt.Sprintf(`"esa.example:0"`+outside, "0"),
		"127.0.0.1":     `the address "127.0.0.1" is not host:port`,
		"":              `the address "" is not host:port`,
	} {
		server, err := StartAt(addr, Options{})
		if err == nil {
			server.Close()
			t.Errorf("StartAt accepted %q", addr)
		} else if err.Error() != "fakeesa: "+want {
			t.Errorf("%q: got error %v, want fakeesa: %s", addr, err, want)
		}
	}
	for _, addr := range []string{"127.0.0.1:0", "localhost:0"} {
		server, err := StartAt(addr, Options{})
		if err != nil {
			t.Errorf("%q: %v", addr, err)
			continue
		}
		if !strings.HasPrefix(server.URL(), "http://127.0.0.1:") {
			t.Errorf("%q: got the URL %s, want one on 127.0.0.1", addr, server.URL())
		}
		taken := strings.TrimPrefix(server.URL(), "http://")
		if _, err := StartAt(taken, Options{}); err == nil || !strings.HasPrefix(err.Error(), "fakeesa: listen tcp "+taken+": ") {
			t.Errorf("an address that is in use: got error %v, want that of the system", err)
		}
		server.Close()
		server.Close()
	}
}

// startWorld is a world that listens on a port.
func startWorld(t *testing.T, o Options) *world {
	t.Helper()
	server, err := Start(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(server.Close)
	w := &world{Server: server, t: t}
	w.site = w.AddSite("example.com")
	w.record = w.AddRecord(w.site.ID, "origin.example.com")
	return w
}

// send sends a signed request over the network.
func (w *world) send(ctx context.Context, client *http.Client, method, action string, form url.Values) (*http.Response, error) {
	r := w.request(method, w.common(action), form, w.Options().AccessKeySecret)
	target, err := url.Parse(w.URL())
	if err != nil {
		return nil, err
	}
	r.RequestURI = ""
	r.URL.Scheme, r.URL.Host, r.Host = target.Scheme, target.Host, target.Host
	return client.Do(r.WithContext(ctx))
}

func TestConnectionsAreCounted(t *testing.T) {
	t.Parallel()
	w := startWorld(t, Options{})
	for want := 1; want <= 2; want++ {
		client := &http.Client{Transport: &http.Transport{}}
		for range 5 {
			response, err := w.send(t.Context(), client, "GET", "ListSites", nil)
			if err != nil {
				t.Fatal(err)
			}
			_, _ = io.Copy(io.Discard, response.Body)
			_ = response.Body.Close()
		}
		client.CloseIdleConnections()
		if n := w.Connections(); n != want {
			t.Errorf("got %d connections, want %d", n, want)
		}
	}
}

func TestLatencyComesAfterTheEffect(t *testing.T) {
	t.Parallel()
	w := startWorld(t, Options{Latency: time.Minute})
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	go func() {
		for len(w.Hostnames()) == 0 && ctx.Err() == nil {
			time.Sleep(time.Millisecond)
		}
		cancel()
	}()
	_, err := w.send(ctx, http.DefaultClient, "POST", "CreateCustomHostname", url.Values{
		"Hostname": {"shop.customer.com"}, "SiteId": {fmt.Sprint(w.site.ID)}, "RecordId": {fmt.Sprint(w.record.ID)}, "SslFlag": {"off"},
	})
	if !errors.Is(err, context.Canceled) {
		t.Fatalf("got error %v, want context.Canceled", err)
	}
	if r := w.Requests(); len(r) != 1 || r[0].Status != 0 {
		t.Errorf("got the log %+v, want one entry without a status", r)
	}
}

// TestClientThatDisconnects checks that a client that does not wait for the response gets none, and that the call, which had
// its effect, is in the log without a status.
func TestClientThatDisconnects(t *testing.T) {
	t.Parallel()
	var logged []Request
	w := newWorld(t, Options{Latency: time.Minute, Log: func(r Request) { logged = append(logged, r) }})
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	r := w.request("POST", w.common("CreateCustomHostname"), url.Values{
		"Hostname": {"shop.customer.com"}, "SiteId": {itoa(w.site.ID)}, "RecordId": {itoa(w.record.ID)}, "SslFlag": {"off"},
	}, w.Options().AccessKeySecret)
	if got := w.serve(r.WithContext(ctx)); got.raw != "" {
		t.Errorf("got the response %s, want none", got.raw)
	}
	h, _ := w.HostnameByName(w.site.ID, "shop.customer.com")
	if len(logged) != 1 || logged[0].Status != 0 || logged[0].HostnameID != h.ID || h.ID == 0 || !reflect.DeepEqual(logged, w.Requests()) {
		t.Errorf("got the logs %+v and %+v, want the create without a status in both", logged, w.Requests())
	}
}

func TestConcurrentUse(t *testing.T) {
	t.Parallel()
	w := startWorld(t, Options{Now: time.Now, CallsPerSecond: 100000, Busy: BusyNothing, Log: func(Request) {}})
	w.Inject(Fault{Action: "ListSites", Times: -1, Match: func(r Request) bool { return r.Params.Has("x") && w.Count("ListSites") > 0 }})
	var group sync.WaitGroup
	for worker := range 8 {
		group.Go(func() {
			for i := range 10 {
				name := fmt.Sprintf("h%d.w%d.customer.com", i, worker)
				h := w.create(name)
				w.get(h.ID)
				w.PublishTXT(h.VerifyHost, h.VerifyCode)
				w.ok("VerifyCustomHostname", "HostnameId", h.ID)
				w.ok("ListCustomHostnames", "SiteId", w.site.ID, "PageSize", 500)
				w.ok("ListSites")
				w.ChangeHostname(h.ID, func(h *Hostname) { h.Status = "offline" })
				w.Requests()
				w.Hostnames()
				if i%2 == 0 {
					w.ok("DeleteCustomHostname", "HostnameId", h.ID)
				}
			}
		})
	}
	group.Wait()
	if n := len(w.Hostnames()); n != 40 {
		t.Errorf("got %d hostnames, want 40", n)
	}
	if n := w.Count("CreateCustomHostname"); n != 80 {
		t.Errorf("got %d creates, want 80", n)
	}
}

// TestRawConnection checks the bytes of the response, which no client library shows.
func TestRawConnection(t *testing.T) {
	t.Parallel()
	w := startWorld(t, Options{})
	conn, err := net.Dial("tcp", strings.TrimPrefix(w.URL(), "http://"))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close() }()
	_, _ = fmt.Fprint(conn, "GET /?Action=GetSite HTTP/1.1\r\nHost: localhost\r\n\r\n")
	response, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }()
	body, _ := io.ReadAll(response.Body)
	if response.StatusCode != 400 || !strings.Contains(string(body), "<Code>MissingVersion</Code>") {
		t.Errorf("got %d %s, want 400 MissingVersion", response.StatusCode, body)
	}
}

func itoa(id int64) string { return fmt.Sprint(id) }
