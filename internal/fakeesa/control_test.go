package fakeesa

import (
	"encoding/json"
	"net/http/httptest"
	"reflect"
	"strings"
	"testing"
	"time"
)

// tell sends a request to the control API.
func (w *world) tell(method, path, body string) reply {
	w.t.Helper()
	got := w.serve(httptest.NewRequest(method, testURL+controlPath+path, strings.NewReader(body)))
	decoder := json.NewDecoder(strings.NewReader(got.raw))
	if err := decoder.Decode(new(map[string]any)); err != nil || decoder.More() {
		w.t.Errorf("%s %s %.80s: got the body %s, want one JSON object", method, path, body, got.raw)
	}
	return got
}

func TestControlFaults(t *testing.T) {
	t.Parallel()
	w := newWorld(t, Options{})
	h := w.create("shop.customer.com")
	other := w.create("www.customer.com")
	if got := w.tell("POST", "faults", `{"action": "GetCustomHostname", "code": "ServiceUnavailable", "retry_after": "3s", "skip": 1, "times": 2}`); got.status != 200 {
		t.Fatalf("got %d %s, want 200", got.status, got.raw)
	}
	w.ok("GetCustomHostname", "HostnameId", h.ID)
	got := w.refused(503, "ServiceUnavailable", "GetCustomHostname", "HostnameId", h.ID)
	if got.header.Get("X-Acs-Retry-After") != "3000" {
		t.Errorf("got Retry-After %q, want 3000", got.header.Get("X-Acs-Retry-After"))
	}
	want := "{\n  \"faults\": [\n    {\n      \"action\": \"GetCustomHostname\",\n      \"times\": 1,\n      \"code\": \"ServiceUnavailable\",\n      \"retry_after\": \"3s\"\n    }\n  ]\n}\n"
	if got := w.tell("GET", "faults", ""); got.raw != want {
		t.Errorf("got the faults %s, want %s", got.raw, want)
	}
	if got := w.tell("DELETE", "faults", ""); got.status != 200 || len(w.Faults()) != 0 {
		t.Errorf("got %d %s, want 200 and no faults", got.status, got.raw)
	}
	w.ok("GetCustomHostname", "HostnameId", h.ID)

	w.tell("POST", "faults", `{"params": {"HostnameId": "`+idText(other.ID)+`"}, "status": 502, "body": "<html>", "content_type": "text/html", "times": -1}`)
	w.ok("GetCustomHostname", "HostnameId", h.ID)
	for range 2 {
		if got := w.call("DeleteCustomHostname", "HostnameId", other.ID); got.status != 502 || got.raw != "<html>" || got.header.Get("Content-Type") != "text/html" {
			t.Errorf("got %d %s, want the injected response", got.status, got.raw)
		}
	}
	w.tell("DELETE", "faults", "")
	w.tell("POST", "faults", `{"action": "DeleteCustomHostname", "code": "InternalException", "after": true}`)
	w.refused(400, "InternalException", "DeleteCustomHostname", "HostnameId", other.ID)
	if _, there := w.Hostname(other.ID); there {
		t.Error("the call whose response was lost had no effect")
	}
}

// TestControlFaultsWhole injects faults with all arguments, and compares what is injected and what is listed.
func TestControlFaultsWhole(t *testing.T) {
	t.Parallel()
	w := newWorld(t, Options{})
	const first = `    {
      "action": "GetSite",
      "params": {
        "SiteId": "7"
      },
      "skip": 1,
      "times": 2,
      "code": "Brand.New",
      "message": "<b>",
      "signed": true,
      "status": 599,
      "retry_after": "1m30s",
      "body": "body",
      "content_type": "text/html",
      "after": true,
      "drop": true,
      "stall": true,
      "delay": "1ms"
    }`
	// Each of these is a fault, and listed as it is.
	one := []string{`"drop": true`, `"stall": true`, `"delay": "2h0m0s"`, `"status": 200`, `"status": 599`, `"body": ""`, `"code": "X"`}
	want := []Fault{{
		Action: "GetSite", Params: map[string]string{"SiteId": "7"}, Skip: 1, Times: 2, Code: "Brand.New", Message: "<b>", Signed: true, Status: 599,
		RetryAfter: 90 * time.Second, RawBody: new("body"), ContentType: "text/html", After: true, Drop: true, Stall: true, Delay: time.Millisecond,
	}}
	if got := w.tell("POST", "faults", first); got.status != 200 || got.raw != "{\n  \"faults\": [\n"+first+"\n  ]\n}\n" || got.header.Get("Content-Type") != contentTypeJSON {
		t.Errorf("got %d %s, want the fault", got.status, got.raw)
	}
	if got := w.Faults(); !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v, want %+v", got, want)
	}
	for _, argument := range one {
		w.ClearFaults()
		all := "{\n  \"faults\": [\n    {\n      \"times\": 1,\n      " + argument + "\n    }\n  ]\n}\n"
		for _, got := range []reply{w.tell("POST", "faults", "{"+argument+"}"), w.tell("GET", "faults", "")} {
			if got.status != 200 || got.raw != all {
				t.Errorf("%s: got %d %s, want %s", argument, got.status, got.raw, all)
			}
		}
	}
	if got := w.tell("DELETE", "faults", ""); got.status != 200 || got.raw != "{\n  \"faults\": []\n}\n" || len(w.Faults()) != 0 {
		t.Errorf("got %d %s, want no faults", got.status, got.raw)
	}
}

// TestControlWhole compares whole responses of the other controls.
func TestControlWhole(t *testing.T) {
	t.Parallel()
	w := newWorld(t, Options{})
	w.create("shop.customer.com")
	w.Inject(Fault{Code: "Brand.New", Status: 418})
	w.call("GetSite", "SiteId", 7)
	const create = `    {
      "time": "2026-01-02T03:04:05Z",
      "method": "POST",
      "action": "CreateCustomHostname",
      "params": {
        "Hostname": "shop.customer.com",
        "RecordId": "4514973387335747",
        "SiteId": "4514973387335745",
        "SslFlag": "off"
      },
      "hostname_id": "4514973387335749",
      "status": 200,
      "user_agent": "test"
    }`
	const get = `    {
      "time": "2026-01-02T03:04:05Z",
      "method": "GET",
      "action": "GetSite",
      "params": {
        "SiteId": "7"
      },
      "status": 418,
      "code": "Brand.New",
      "reason": "injected",
      "user_agent": "test"
    }`
	const published = `    {
      "name": "a.customer.com",
      "value": "<x>"
    },
`
	for _, test := range []struct{ method, path, body, want string }{
		{"GET", "health", "", "  \"status\": \"ok\"\n"},
		{"GET", "calls", "", "  \"calls\": [\n" + create + ",\n" + get + "\n  ]\n"},
		{"GET", "calls?action=GetSite", "", "  \"calls\": [\n" + get + "\n  ]\n"},
		{"GET", "calls?action=ListSites", "", "  \"calls\": []\n"},
		{"DELETE", "calls", "", "  \"calls\": []\n"},
		{"GET", "calls", "", "  \"calls\": []\n"},
		{"GET", "faults", "", "  \"faults\": []\n"},
		{"GET", "clock", "", "  \"now\": \"2026-01-02T03:04:05Z\",\n  \"ahead\": \"0s\"\n"},
		{"POST", "clock", `{"forward": "90m"}`, "  \"now\": \"2026-01-02T04:34:05Z\",\n  \"ahead\": \"1h30m0s\"\n"},
		{"POST", "clock", `{"forward": "1s"}`, "  \"now\": \"2026-01-02T04:34:06Z\",\n  \"ahead\": \"1h30m1s\"\n"},
		{"GET", "clock", "", "  \"now\": \"2026-01-02T04:34:06Z\",\n  \"ahead\": \"1h30m1s\"\n"},
		{"GET", "txt", "", "  \"txt\": []\n"},
		{"POST", "txt", `{"name": "B.customer.com.", "value": "1"}`, "  \"txt\": [\n    {\n      \"name\": \"b.customer.com\",\n      \"value\": \"1\"\n    }\n  ]\n"},
		{"POST", "txt", `{"name": "a.customer.com", "value": "<x>"}`, "  \"txt\": [\n" + published + "    {\n      \"name\": \"b.customer.com\",\n      \"value\": \"1\"\n    }\n  ]\n"},
		{"DELETE", "txt", `{"name": "b.customer.com", "value": "2"}`, "  \"txt\": [\n" + published + "    {\n      \"name\": \"b.customer.com\",\n      \"value\": \"1\"\n    }\n  ]\n"},
		{"DELETE", "txt", `{"name": "B.customer.com", "value": "1"}`, "  \"txt\": [\n" + strings.TrimSuffix(published, ",\n") + "\n  ]\n"},
		{"GET", "txt", "", "  \"txt\": [\n" + strings.TrimSuffix(published, ",\n") + "\n  ]\n"},
	} {
		got := w.tell(test.method, test.path, test.body)
		if got.status != 200 || got.raw != "{\n"+test.want+"}\n" || got.header.Get("Content-Type") != contentTypeJSON {
			t.Errorf("%s %s %s: got %d\n%s\nwant\n{\n%s}", test.method, test.path, test.body, got.status, got.raw, test.want)
		}
	}
	if !w.Now().Equal(w.clock.Now().Add(90*time.Minute + time.Second)) {
		t.Errorf("got the time %v, want an hour and a half later", w.Now())
	}
}

func idText(id int64) string { return string(idOf(id)) }

func TestControlRefuses(t *testing.T) {
	t.Parallel()
	const (
		arguments = "action, params, skip, times, code, message, signed, status, retry_after, body, content_type, after, drop, stall, delay"
		known     = "ApplyCustomHostnameCertificate, CreateCustomHostname, DeleteCustomHostname, GetCustomHostname, GetRecord, GetSite, " +
			"ListCustomHostnames, ListRecords, ListSites, UpdateCustomHostname, VerifyCustomHostname"
		paths = "GET /fake/health, GET /fake/calls, DELETE /fake/calls, GET /fake/faults, POST /fake/faults, DELETE /fake/faults, GET /fake/clock, " +
			"POST /fake/clock, GET /fake/txt, POST /fake/txt, DELETE /fake/txt, GET /fake/world"
		counts    = "skip must be 0 or more; times must be 1 or more, or -1 for all further calls"
		truncated = "the JSON is truncated; it must be an object, {...}"
		nothing   = "the fault changes no response; add a code, status, body, drop, stall or delay"
		txt       = "a TXT record requires a full name and a value"
		forward   = `the clock only moves forward; say how far, such as {"forward": "10m"}`
	)
	status := func(n string) string {
		return "status " + n + " is not the HTTP status of a response; use one from 200 to 599"
	}
	w := newWorld(t, Options{})
	for _, test := range []struct {
		method, path, body string
		status             int
		want               string
	}{
		{"POST", "faults", `{"code": "X", "tims": 2}`, 400, `there is no argument "tims"; use one of ` + arguments},
		{"POST", "faults", `{"code": "X", "times": "2"}`, 400, "times is a string and must be a whole number"},
		{"POST", "faults", `{"code": "X", "after": 1}`, 400, "after is a number and must be true or false"},
		{"POST", "faults", `{"code": {}}`, 400, "code is an object and must be a string in quotes"},
		{"POST", "faults", `{"code": "X", "delay": 3}`, 400, `delay is a number and must be a length of time in quotes, such as "10m"`},
		{"POST", "faults", `{"code": "X", "delay": "soon"}`, 400, `"soon" is not a duration; use one such as 90s, 10m or 36h`},
		{"POST", "faults", `{"code": "X", "delay": "-1s"}`, 400, `"-1s" is not a duration; use one such as 90s, 10m or 36h`},
		{"POST", "faults", `{"code": "X", "params": ["Hostname"]}`, 400, "params is an array and must be an object of texts"},
		{"POST", "faults", `{"action": "RemoveCustomHostname", "code": "X"}`, 400, `action "RemoveCustomHostname" is not supported; use one of ` + known},
		{"POST", "faults", `{"action": "GetSite", "after": true}`, 400, nothing},
		{"POST", "faults", `{"message": "x", "signed": true, "retry_after": "1s", "content_type": "x", "delay": "0s"}`, 400, nothing},
		{"POST", "faults", `{"status": 99}`, 400, status("99")},
		{"POST", "faults", `{"status": 199}`, 400, status("199")},
		{"POST", "faults", `{"status": 600}`, 400, status("600")},
		{"POST", "faults", `{"status": -1}`, 400, status("-1")},
		{"POST", "faults", `{"code": "X", "times": -2}`, 400, counts},
		{"POST", "faults", `{"code": "X", "skip": -1}`, 400, counts},
		{"POST", "faults", `[]`, 400, "expected an object, {...}, got an array"},
		{"POST", "faults", `"x"`, 400, "expected an object, {...}, got a string"},
		{"POST", "faults", `{"code": "X"} {}`, 400, "there is text after the JSON object; remove it"},
		{"POST", "faults", `{"code": `, 400, truncated},
		{"POST", "faults", ``, 400, truncated},
		{"POST", "faults", "{\n  \"code\": X}", 400, "line 2, column 11 is not valid JSON: invalid character 'X' looking for beginning of value"},
		{"POST", "faults", `X`, 400, "line 1, column 1 is not valid JSON: invalid character 'X' looking for beginning of value"},
		{"POST", "faults", strings.Repeat(" ", bodyLimit+1), 400, "http: request body too large"},
		{"POST", "clock", `{}`, 400, forward},
		{"POST", "clock", `{"forward": "0s"}`, 400, forward},
		{"POST", "clock", `{"forward": "-1h"}`, 400, `"-1h" is not a duration; use one such as 90s, 10m or 36h`},
		{"POST", "clock", `{"back": "1h"}`, 400, `there is no argument "back"; use one of forward`},
		{"POST", "txt", `{"name": "_esa_custom_hostname.shop.customer.com"}`, 400, txt},
		{"POST", "txt", `{"value": "x"}`, 400, txt},
		{"DELETE", "txt", `{"value": "x"}`, 400, txt},
		{"POST", "txt", `{"name": "x", "value": "y"`, 400, truncated},
		{"GET", "calls?action=Get", ``, 400, `action "Get" is not supported; use one of ` + known},
		{"PUT", "faults", `{}`, 404, "there is no PUT /fake/faults; there are " + paths},
		{"GET", "", ``, 404, "there is no GET /fake/; there are " + paths},
		{"GET", "world/1", ``, 404, "there is no GET /fake/world/1; there are " + paths},
	} {
		got := w.tell(test.method, test.path, test.body)
		if got.status != test.status || got.at("error") != test.want || len(got.body) != 1 {
			t.Errorf("%s %s %.80s: got %d %s, want %d %q", test.method, test.path, test.body, got.status, got.raw, test.status, test.want)
		}
		if kind := got.header.Get("Content-Type"); kind != contentTypeJSON {
			t.Errorf("%s %s: got Content-Type %q, want JSON", test.method, test.path, kind)
		}
	}
	if len(w.Requests()) != 0 || len(w.Faults()) != 0 || w.Now() != w.clock.Now() || len(w.txtAnswer().TXT) != 0 {
		t.Error("a refused request had an effect")
	}
}

// TestControlLife takes a hostname from its creation to the expiry of its certificate, over HTTP only.
func TestControlLife(t *testing.T) {
	t.Parallel()
	w := newWorld(t, Options{IssueDelay: 10 * time.Minute, CreateLimitPerHour: 1})
	h := w.create("shop.customer.com", "SslFlag", "on", "CertType", "free")
	look := func() reply { return w.ok("GetCustomHostname", "HostnameId", h.ID) }
	expect := func(when, status, certificate string) {
		t.Helper()
		got := look()
		if s, c := got.at("CustomHostnameModel", "Status"), got.at("CustomHostnameModel", "CertStatus"); s != status || c != certificate {
			t.Errorf("%s: got status %s and certificate %q, want %s and %q", when, s, c, status, certificate)
		}
	}
	forward := func(by string) reply {
		t.Helper()
		got := w.tell("POST", "clock", `{"forward": "`+by+`"}`)
		if got.status != 200 {
			t.Fatalf("got %d %s, want 200", got.status, got.raw)
		}
		return got
	}
	publish := func(name, value string) {
		t.Helper()
		if got := w.tell("POST", "txt", `{"name": "`+name+`", "value": "`+value+`"}`); got.status != 200 {
			t.Fatalf("got %d %s, want 200", got.status, got.raw)
		}
	}

	w.refused(200, "CustomHostname.VerifyUnpassed", "VerifyCustomHostname", "HostnameId", h.ID)
	publish(h.VerifyHost, h.VerifyCode)
	w.ok("VerifyCustomHostname", "HostnameId", h.ID)
	expect("verified", "active", "Applying")
	got := look()
	publish(got.at("CustomHostnameModel", "CertTxtKey"), got.at("CustomHostnameModel", "CertTxtValue"))
	expect("at once", "active", "Applying")
	if got := forward("10m"); got.at("now") != "2026-01-02T03:14:05Z" || got.at("ahead") != "10m0s" {
		t.Errorf("got the clock %s, want ten minutes ahead", got.raw)
	}
	expect("after ten minutes", "active", "OK")
	forward("1464h")
	expect("after 61 days", "active", "Expiring")
	forward("720h")
	expect("after 91 days", "active", "Expired")
	if got := w.tell("GET", "clock", ""); got.at("ahead") != "2184h10m0s" {
		t.Errorf("got the clock %s, want 2184h10m ahead", got.raw)
	}
	// The hourly quota is free again. Signatures with the true time are still accepted; those with the fake's time are not.
	w.create("www.customer.com")
	query := w.common("GetCustomHostname")
	query.Set("HostnameId", idText(h.ID))
	query.Set("Timestamp", w.Now().UTC().Format(timeFormat))
	if got := w.serve(w.request("GET", query, nil, w.Options().AccessKeySecret)); got.code() != "InvalidTimeStamp.Expired" {
		t.Errorf("request with the fake's time: got %s, want InvalidTimeStamp.Expired", got.raw)
	}

	// Objects that a test adds get the fake's time as well.
	if made := w.AddHostname(Hostname{SiteID: w.site.ID, Hostname: "late.customer.com"}); !made.CreateTime.Equal(w.Now()) {
		t.Errorf("got CreateTime %v, want %v", made.CreateTime, w.Now())
	}

	// A TXT record can be removed.
	if got := w.tell("DELETE", "txt", `{"name": "`+h.VerifyHost+`", "value": "`+h.VerifyCode+`"}`); got.status != 200 || len(w.TXT(h.VerifyHost)) != 0 {
		t.Errorf("got %d %s, want 200 and no TXT record", got.status, got.raw)
	}
}

func TestControlCalls(t *testing.T) {
	t.Parallel()
	w := newWorld(t, Options{})
	pair := newPair(t, time.Now().Add(time.Hour))
	w.refused(404, "CustomHostname.SetCertFailed", "CreateCustomHostname", "Hostname", "shop.customer.com", "SiteId", w.site.ID, "RecordId", w.record.ID,
		"SslFlag", "on", "CertType", "upload", "Certificate", "not a PEM", "PrivateKey", pair.key)
	h := w.create("www.customer.com")
	w.Inject(Fault{Action: "GetSite", Status: 502})
	w.call("GetSite", "SiteId", w.site.ID)

	got := w.tell("GET", "calls?action=CreateCustomHostname", "")
	for path, want := range map[string]string{"status": "404", "code": "CustomHostname.SetCertFailed", "method": "POST", "time": "2026-01-02T03:04:05Z", "action": "CreateCustomHostname", "user_agent": "test"} {
		if value := got.at("calls", 0, path); value != want {
			t.Errorf("%s is %q, want %q", path, value, want)
		}
	}
	if name, key := got.at("calls", 0, "params", "Hostname"), got.at("calls", 0, "params", "PrivateKey"); name != "shop.customer.com" || key != Masked {
		t.Errorf("got hostname %q and key %q, want the name and a masked key", name, key)
	}
	if got.at("calls", 0, "reason") == "" {
		t.Error("the entry of a refused call has no reason")
	}
	if id := got.at("calls", 1, "hostname_id"); id != idText(h.ID) || got.at("calls", 2) != "" {
		t.Errorf("got hostname id %q in the second entry: %s", id, got.raw)
	}
	if all := w.tell("GET", "calls", ""); all.at("calls", 2, "action") != "GetSite" || all.at("calls", 2, "status") != "502" || strings.Contains(all.raw, "PRIVATE KEY") {
		t.Errorf("got the log %s, want all three calls without a key", all.raw)
	}
	if got := w.tell("DELETE", "calls", ""); got.raw != "{\n  \"calls\": []\n}\n" || len(w.Requests()) != 0 {
		t.Errorf("got the log %s, want an empty one", got.raw)
	}
}
