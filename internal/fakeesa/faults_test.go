package fakeesa

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"
)

func TestFaultAnswers(t *testing.T) {
	t.Parallel()
	empty, list, html := "", "[]", "<html>502 Bad Gateway</html>"
	for name, test := range map[string]struct {
		fault       Fault
		status      int
		body        string // checked if the code is empty
		code        string
		retryAfter  string
		contentType string
	}{
		"a code with its own status":   {Fault{Code: "Record.ServiceBusy"}, 400, "", "Record.ServiceBusy", "", contentTypeJSON},
		"a 404 that means not gone":    {Fault{Code: "CustomHostname.ApplyCertFailed"}, 404, "", "CustomHostname.ApplyCertFailed", "", contentTypeJSON},
		"a 503":                        {Fault{Code: "ServiceUnavailable"}, 503, "", "ServiceUnavailable", "", contentTypeJSON},
		"an unknown code":              {Fault{Code: "Brand.New"}, 400, "", "Brand.New", "", contentTypeJSON},
		"a code with another status":   {Fault{Code: "Brand.New", Status: 200}, 200, "", "Brand.New", "", contentTypeJSON},
		"ESA's throttling":             {Fault{Code: "TooManyRequests"}, 429, "", "TooManyRequests", "", contentTypeJSON},
		"the gateway's throttling":     {Fault{Code: "Throttling.User", RetryAfter: 1500 * time.Millisecond}, 400, "", "Throttling.User", "1500", contentTypeJSON},
		"a wait under a millisecond":   {Fault{Code: "Throttling.User", RetryAfter: time.Microsecond}, 400, "", "Throttling.User", "1", contentTypeJSON},
		"an empty body":                {Fault{Status: 502, RawBody: &empty}, 502, empty, "<nil>", "", contentTypeJSON},
		"a status alone":               {Fault{Status: 502}, 502, "", "<nil>", "", ""},
		"a status that cannot be":      {Fault{Status: 42}, 500, "", "<nil>", "", ""},
		"a list":                       {Fault{RawBody: &list}, 200, list, "<nil>", "", contentTypeJSON},
		"HTML":                         {Fault{Status: 502, RawBody: &html, ContentType: "text/html"}, 502, html, "<nil>", "", "text/html"},
		"a redirect":                   {Fault{Status: 302, RawBody: &html}, 302, html, "<nil>", "", contentTypeJSON},
		"no content":                   {Fault{Status: 204, RawBody: &html}, 204, "", "<nil>", "", contentTypeJSON},
		"not modified":                 {Fault{Status: 304, RawBody: &html}, 304, "", "<nil>", "", contentTypeJSON},
		"the lowest status":            {Fault{Status: 200}, 200, "", "<nil>", "", ""},
		"a status below":               {Fault{Status: 199}, 500, "", "<nil>", "", ""},
		"the highest status":           {Fault{Status: 599}, 599, "", "<nil>", "", ""},
		"a status above":               {Fault{Status: 600}, 500, "", "<nil>", "", ""},
		"a code with a body":           {Fault{Code: "Brand.New", RawBody: &list}, 200, list, "<nil>", "", contentTypeJSON},
		"a wait with a body that lies": {Fault{RawBody: &list, RetryAfter: time.Second}, 200, list, "<nil>", "1000", contentTypeJSON},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, Options{TooManyRequestsStatus: 429})
			w.Inject(test.fault)
			got := w.call("CreateCustomHostname", "Hostname", "shop.customer.com", "SiteId", w.site.ID, "RecordId", w.record.ID, "SslFlag", "off")
			if got.status != test.status || got.code() != test.code || got.header.Get("X-Acs-Retry-After") != test.retryAfter {
				t.Errorf("got %d %s, retry after %q; want %d %s, %q", got.status, got.raw, got.header.Get("X-Acs-Retry-After"), test.status, test.code, test.retryAfter)
			}
			if test.code == "<nil>" && got.raw != test.body {
				t.Errorf("got body %q, want %q", got.raw, test.body)
			}
			if test.code != "<nil>" && (got.at("RequestId") == "" || got.at("Message") == "") {
				t.Errorf("got body %q, want RequestId and Message", got.raw)
			}
			kind, sent := got.header["Content-Type"]
			if sent != (test.contentType != "") || sent && !slices.Equal(kind, []string{test.contentType}) {
				t.Errorf("got Content-Type %q, want %q", kind, test.contentType)
			}
			// A status that cannot be sent is in the log as it was injected.
			want := cmp.Or(test.fault.Status, test.status)
			if log := w.Requests()[0]; log.Code != test.fault.Code || log.Status != want {
				t.Errorf("got the log entry %+v, want code %q and status %d", log, test.fault.Code, want)
			}
			if n := len(w.Hostnames()); n != 0 {
				t.Errorf("got %d hostnames, want none", n)
			}
			w.create("shop.customer.com")
		})
	}
}

func TestFaultAfterTheEffect(t *testing.T) {
	t.Parallel()
	w := newWorld(t, Options{})
	w.Inject(Fault{Action: "CreateCustomHostname", After: true, Code: "InternalException"})
	w.refused(400, "InternalException", "CreateCustomHostname", "Hostname", "shop.customer.com", "SiteId", w.site.ID, "RecordId", w.record.ID, "SslFlag", "off")
	all := w.Hostnames()
	if len(all) != 1 || all[0].Hostname != "shop.customer.com" {
		t.Errorf("got %+v, want one hostname", all)
	}
	if r := w.Requests()[0]; r.Code != "InternalException" || r.HostnameID != all[0].ID {
		t.Errorf("got the log entry %+v, want the code and the new id", r)
	}
}

// TestFaultAfterARefusal checks that a response that looks like a success does not replace the call's own refusal, and that
// others do.
func TestFaultAfterARefusal(t *testing.T) {
	t.Parallel()
	body := "[]"
	for name, test := range map[string]struct {
		fault  Fault
		status int
		body   string // "" for the call's own
	}{
		"a body":                     {Fault{RawBody: &body}, 404, ""},
		"a body with 200":            {Fault{RawBody: &body, Status: 200}, 404, ""},
		"a body with another status": {Fault{RawBody: &body, Status: 502}, 502, body},
		"a body with a code":         {Fault{RawBody: &body, Code: "InternalException"}, 200, body},
		"a status":                   {Fault{Status: 200}, 200, " "},
		"a delay":                    {Fault{Delay: 1}, 404, ""},
	} {
		w := newWorld(t, Options{})
		test.fault.After = true
		w.Inject(test.fault)
		got := w.call("GetCustomHostname", "HostnameId", 7)
		if own := got.code() == "CustomHostname.NotFound"; got.status != test.status || own != (test.body == "") || !own && got.raw != strings.TrimSpace(test.body) {
			t.Errorf("%s: got %d %s, want %d %s", name, got.status, got.raw, test.status, test.body)
		}
		// The same fault replaces the response of a call that took effect.
		if test.fault.replaces() {
			w.Inject(test.fault)
			if got := w.call("ListSites"); strings.Contains(got.raw, "Sites") {
				t.Errorf("%s: got %s for a call that took effect, want the fault", name, got.raw)
			}
		}
	}
}

// TestFaultsAreListed checks which faults remain, as copies, with what remains of them.
func TestFaultsAreListed(t *testing.T) {
	t.Parallel()
	w := newWorld(t, Options{})
	if got := w.Faults(); got == nil || len(got) != 0 {
		t.Errorf("got %+v, want an empty list", got)
	}
	once, never := Fault{Code: "A", Action: "ListSites", Skip: 2}, Fault{Code: "B", Action: "ListRecords", Times: -1}
	twice := Fault{Code: "C", Action: "ListSites", Times: 2}
	w.Inject(once)
	w.Inject(never)
	w.Inject(twice)
	for i, want := range [][]Fault{
		{{Code: "A", Action: "ListSites", Skip: 2, Times: 1}, never, twice},
		{{Code: "A", Action: "ListSites", Skip: 1, Times: 1}, never, {Code: "C", Action: "ListSites", Times: 1}},
		{{Code: "A", Action: "ListSites", Skip: 0, Times: 1}, never},
		{never},
	} {
		got := w.Faults()
		if !reflect.DeepEqual(got, want) {
			t.Errorf("after %d calls: got %+v, want %+v", i, got, want)
		}
		got[0].Code = "changed"
		w.call("ListSites")
	}
	w.refused(400, "B", "ListRecords")
	if got := w.Faults(); !reflect.DeepEqual(got, []Fault{never}) {
		t.Errorf("got %+v, want the fault without an end", got)
	}
}

// TestFaultsSelectParameters checks that all parameters of a fault must match, and that an empty one must be absent.
func TestFaultsSelectParameters(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		params map[string]string
		met    bool
	}{
		{nil, true},
		{map[string]string{"SiteName": "example.com"}, true},
		{map[string]string{"SiteName": "example.org"}, false},
		{map[string]string{"SiteName": ""}, false},
		{map[string]string{"Status": ""}, true},
		{map[string]string{"SiteName": "example.com", "Status": ""}, true},
		{map[string]string{"SiteName": "example.com", "Status": "active"}, false},
		{map[string]string{"SiteName": "example.com", "Action": "ListSites"}, false}, // not a parameter of the action
	} {
		w := newWorld(t, Options{})
		w.Inject(Fault{Code: "A", Params: test.params})
		if met := w.call("ListSites", "SiteName", "example.com").code() == "A"; met != test.met {
			t.Errorf("%v: got met %t, want %t", test.params, met, test.met)
		}
	}
}

func TestFaultSelection(t *testing.T) {
	t.Parallel()
	w := newWorld(t, Options{})
	h := w.create("shop.customer.com")
	codes := func(n int) (codes []string) {
		for range n {
			codes = append(codes, w.call("GetCustomHostname", "HostnameId", h.ID).code())
		}
		return codes
	}
	check := func(n int, want ...string) {
		t.Helper()
		if got := codes(n); !slices.Equal(got, want) {
			t.Errorf("got %q, want %q", got, want)
		}
		w.ClearFaults()
	}
	w.Inject(Fault{Code: "A"})
	check(2, "A", "<nil>")
	w.Inject(Fault{Code: "A", Skip: 1, Times: 2})
	check(4, "<nil>", "A", "A", "<nil>")
	w.Inject(Fault{Code: "A", Times: -1})
	check(3, "A", "A", "A")
	check(1, "<nil>")
	w.Inject(Fault{Code: "A", Times: 1})
	w.Inject(Fault{Code: "B", Times: 1})
	check(3, "A", "B", "<nil>")
	w.Inject(Fault{Code: "A", Action: "ListSites"})
	check(1, "<nil>")
	w.Inject(Fault{Code: "A", Times: -1, Match: func(r Request) bool {
		r.Params.Set("HostnameId", "is a copy")
		return w.Count("GetCustomHostname")%2 == 0
	}})
	got := codes(4)
	if slices.Sort(got); !slices.Equal(got, []string{"<nil>", "<nil>", "A", "A"}) {
		t.Errorf("got %q, want a fault in two of the four calls", got)
	}
	// Faults apply only to correctly signed calls.
	w.ClearFaults()
	w.Inject(Fault{Code: "A"})
	if got := w.serve(w.request("GET", w.common("ListSites"), nil, "wrong")); got.code() != "SignatureDoesNotMatch" {
		t.Errorf("got %s, want SignatureDoesNotMatch", got.raw)
	}
	check(1, "A")
}

func TestDroppedConnections(t *testing.T) {
	t.Parallel()
	create := func(w *world, name string) (*http.Response, error) {
		client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
		return w.send(t.Context(), client, "POST", "CreateCustomHostname", url.Values{
			"Hostname": {name}, "SiteId": {fmt.Sprint(w.site.ID)}, "RecordId": {fmt.Sprint(w.record.ID)}, "SslFlag": {"off"},
		})
	}
	w := startWorld(t, Options{})
	for i, after := range []bool{false, true} {
		w.Inject(Fault{Drop: true, After: after})
		response, err := create(w, "shop.customer.com")
		if err == nil {
			_ = response.Body.Close()
			t.Fatalf("got a response with status %d, want none", response.StatusCode)
		}
		if !errors.Is(err, io.EOF) && !errors.Is(err, syscall.ECONNRESET) {
			t.Errorf("got error %v, want a closed connection", err)
		}
		if n := len(w.Hostnames()); n != i {
			t.Errorf("after=%v: got %d hostnames, want %d", after, n, i)
		}
	}
	for _, r := range w.Requests() {
		if r.Status != 0 {
			t.Errorf("got a status in the log entry %+v, want none", r)
		}
	}

	// With a body or a code, the connection breaks before the end of the response.
	cut := `{"RequestId":"R","Hostn`
	for _, test := range []struct {
		fault  Fault
		status int
		body   *regexp.Regexp
	}{
		{Fault{Drop: true, RawBody: &cut}, 200, regexp.MustCompile("^" + regexp.QuoteMeta(cut) + "$")},
		{Fault{Drop: true, Code: "InternalException"}, 400, regexp.MustCompile(`"Code":"InternalException"`)},
	} {
		w.Inject(test.fault)
		response, err := create(w, "cut.customer.com")
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(response.Body)
		_ = response.Body.Close()
		if response.StatusCode != test.status || !test.body.Match(body) || !errors.Is(err, io.ErrUnexpectedEOF) {
			t.Errorf("%+v: got %d %q, error %v; want the beginning of a longer response with status %d", test.fault, response.StatusCode, body, err, test.status)
		}
		if all := w.Requests(); all[len(all)-1].Status != 0 {
			t.Errorf("%+v: got the log entry %+v, want no status", test.fault, all[len(all)-1])
		}
	}
}

// begin sends a call, and returns once there are headers. cancel ends the call.
func (w *world) begin(t *testing.T) (response *http.Response, cancel context.CancelFunc) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	t.Cleanup(cancel)
	response, err := w.send(ctx, http.DefaultClient, "GET", "ListSites", url.Values{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = response.Body.Close() })
	return response, cancel
}

func TestStalledAnswers(t *testing.T) {
	t.Parallel()
	w := startWorld(t, Options{})
	beginning := `{"RequestId":"R","Si`
	w.Inject(Fault{Stall: true, RawBody: &beginning})
	response, cancel := w.begin(t)
	got := make([]byte, len(beginning))
	if _, err := io.ReadFull(response.Body, got); err != nil || string(got) != beginning {
		t.Fatalf("got %q, error %v; want the beginning of the body", got, err)
	}
	rest := make(chan error, 1)
	go func() { _, err := response.Body.Read(got); rest <- err }()
	select {
	case err := <-rest:
		t.Errorf("the response continued or ended, error %v", err)
	case <-time.After(20 * time.Millisecond):
	}
	cancel()
	if err := <-rest; !errors.Is(err, context.Canceled) {
		t.Errorf("got error %v, want context.Canceled", err)
	}
}

// TestStallWithoutABody checks that a fault that only stalls sends the headers of a response, and no body.
func TestStallWithoutABody(t *testing.T) {
	t.Parallel()
	w := startWorld(t, Options{})
	w.Inject(Fault{Stall: true, Status: 200})
	w.Inject(Fault{Stall: true})
	for _, status := range []int{200, 500} {
		response, cancel := w.begin(t)
		if response.StatusCode != status || response.ContentLength != 1 {
			t.Errorf("got status %d and length %d, want %d and 1", response.StatusCode, response.ContentLength, status)
		}
		cancel()
		if _, err := response.Body.Read(make([]byte, 1)); !errors.Is(err, context.Canceled) {
			t.Errorf("got error %v, want context.Canceled", err)
		}
	}
}

func TestDelayMakesTheAnswerLate(t *testing.T) {
	t.Parallel()
	w := newWorld(t, Options{})
	const delay = 50 * time.Millisecond
	w.Inject(Fault{Delay: delay})
	start := time.Now()
	h := w.create("shop.customer.com")
	if took := time.Since(start); took < delay || h.ID == 0 {
		t.Errorf("got the response after %v, want at least %v", took, delay)
	}
}

func TestBusyRecords(t *testing.T) {
	t.Parallel()
	w := startWorld(t, Options{})
	second := w.AddRecord(w.site.ID, "origin2.example.com")
	h := w.create("shop.customer.com")
	w.Inject(Fault{Action: "UpdateCustomHostname", Delay: time.Minute})
	go func() {
		response, err := w.send(t.Context(), http.DefaultClient, "POST", "UpdateCustomHostname", url.Values{"HostnameId": {fmt.Sprint(h.ID)}, "RecordId": {fmt.Sprint(w.record.ID)}})
		if err == nil {
			_ = response.Body.Close()
		}
	}()
	busy := func() bool {
		w.mu.Lock()
		defer w.mu.Unlock()
		return w.store.busy[w.record.ID].underWay
	}
	for start := time.Now(); !busy(); time.Sleep(time.Millisecond) {
		if time.Since(start) > 10*time.Second {
			t.Fatal("the update did not start within 10 s")
		}
	}
	w.refused(400, "Record.ServiceBusy", "DeleteCustomHostname", "HostnameId", h.ID)
	w.refused(400, "Record.ServiceBusy", "CreateCustomHostname", "Hostname", "b.customer.com", "SiteId", w.site.ID, "RecordId", w.record.ID, "SslFlag", "off")
	w.create("c.customer.com", "SslFlag", "off", "RecordId", second.ID)
	w.get(h.ID)
	// A call that has been responded to keeps no record busy.
	w.create("d.customer.com", "SslFlag", "off", "RecordId", second.ID)
}

func TestBusyAfterTheAnswer(t *testing.T) {
	t.Parallel()
	w := newWorld(t, Options{BusyLeft: true, BusyAtLeast: time.Second, BusyAtMost: 5 * time.Second})
	second := w.AddRecord(w.site.ID, "origin2.example.com")
	third := w.AddRecord(w.site.ID, "origin3.example.com")
	h := w.create("shop.customer.com")
	w.refused(400, "Record.ServiceBusy", "DeleteCustomHostname", "HostnameId", h.ID)
	w.clock.Move(999 * time.Millisecond)
	w.refused(400, "Record.ServiceBusy", "DeleteCustomHostname", "HostnameId", h.ID)
	w.clock.Move(4001 * time.Millisecond)
	w.ok("UpdateCustomHostname", "HostnameId", h.ID, "RecordId", second.ID)
	for _, record := range []int64{w.record.ID, second.ID} {
		w.refused(400, "Record.ServiceBusy", "CreateCustomHostname", "Hostname", "b.customer.com", "SiteId", w.site.ID, "RecordId", record, "SslFlag", "off")
	}
	w.create("c.customer.com", "SslFlag", "off", "RecordId", third.ID)
	// A refused write leaves no record busy.
	w.clock.Move(5 * time.Second)
	w.refused(400, "InvalidParameter", "CreateCustomHostname", "Hostname", "-", "SiteId", w.site.ID, "RecordId", third.ID, "SslFlag", "off")
	w.create("d.customer.com", "SslFlag", "off", "RecordId", third.ID)
}

func TestBusySites(t *testing.T) {
	t.Parallel()
	w := newWorld(t, Options{Busy: BusySite, BusyAtLeast: time.Second, BusyAtMost: time.Second})
	second := w.AddRecord(w.site.ID, "origin2.example.com")
	h := w.create("shop.customer.com")
	w.refused(400, "Site.ServiceBusy", "CreateCustomHostname", "Hostname", "b.customer.com", "SiteId", w.site.ID, "RecordId", second.ID, "SslFlag", "off")
	w.clock.Move(time.Second)
	w.ok("DeleteCustomHostname", "HostnameId", h.ID)
}

func TestSessionsExpire(t *testing.T) {
	t.Parallel()
	w := newWorld(t, Options{})
	w.AddSession("id", "s3cr3t", "t0ken", w.clock.Now().Add(time.Hour))
	list := func() reply {
		query := w.common("ListSites")
		query.Set("AccessKeyId", "id")
		query.Set("SecurityToken", "t0ken")
		return w.serve(w.request(http.MethodGet, query, nil, "s3cr3t"))
	}
	if got := list(); got.status != 200 {
		t.Errorf("got %s, want success", got.raw)
	}
	w.clock.Move(time.Hour)
	if got := list(); got.code() != "InvalidSecurityToken.Expired" {
		t.Errorf("got %s, want InvalidSecurityToken.Expired", got.raw)
	}
}

func TestInjectedMessageIsSent(t *testing.T) {
	t.Parallel()
	w := newWorld(t, Options{})
	w.Inject(Fault{Code: "NoPermission", Status: 403, Message: "not you"})
	got := w.refused(403, "NoPermission", "ListSites")
	if !strings.Contains(got.raw, `"Message":"not you"`) {
		t.Errorf("got %s, want the injected message", got.raw)
	}
	w.Inject(Fault{Code: "SignatureDoesNotMatch", Message: "not you", Signed: true})
	if got := w.call("ListSites"); !strings.HasPrefix(got.at("Message"), "not you server string to sign is:GET&%2F&AccessKeyId%3Dfake-access-key-id%26Action%3DListSites%26") {
		t.Errorf("got %s, want the injected message and what was signed", got.raw)
	}
}
