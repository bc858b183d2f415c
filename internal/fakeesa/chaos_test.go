package fakeesa

import (
	"errors"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"
)

// TestRandomFaults compares all faults with their descriptions.
func TestRandomFaults(t *testing.T) {
	t.Parallel()
	const html = "text/html"
	page := new("<html><h1>Bad Gateway</h1></html>")
	cut := new(`{"RequestId":"R","Code":"Serv`)
	unclear := map[string]Fault{
		"connection-reset":      {Drop: true},
		"answer-broken-off":     {Drop: true, RawBody: new(`{"RequestId":"R","Cust`)},
		"internal-exception":    {Code: "InternalException", Status: 400},
		"service-unavailable":   {Code: "ServiceUnavailable", Status: 503, RetryAfter: time.Second},
		"success-empty":         {Status: 200, RawBody: new("")},
		"success-array":         {Status: 200, RawBody: new("[]")},
		"success-null":          {Status: 200, RawBody: new("null")},
		"success-number":        {Status: 200, RawBody: new("1")},
		"success-cut":           {Status: 200, RawBody: new(`{"RequestId":"R","Custom`)},
		"success-html":          {Status: 200, RawBody: new("<html>Welcome</html>"), ContentType: html},
		"success-nested":        {Status: 200, RawBody: new(strings.Repeat(`{"a":`, 20000) + "1" + strings.Repeat("}", 20000))},
		"success-no-request-id": {Status: 200, RawBody: new(`{"hello":"world"}`)},
		"empty-500":             {Status: 500, RawBody: new("")},
		"empty-502":             {Status: 502, RawBody: new("")},
		"empty-503":             {Status: 503, RawBody: new("")},
		"empty-504":             {Status: 504, RawBody: new("")},
		"html-500":              {Status: 500, RawBody: page, ContentType: html},
		"html-502":              {Status: 502, RawBody: page, ContentType: html},
		"html-503":              {Status: 503, RawBody: page, ContentType: html},
		"html-504":              {Status: 504, RawBody: page, ContentType: html},
		"cut-500":               {Status: 500, RawBody: cut},
		"cut-502":               {Status: 502, RawBody: cut},
		"cut-503":               {Status: 503, RawBody: cut},
		"cut-504":               {Status: 504, RawBody: cut},
	}
	hollow := map[string]Fault{
		"hollow-nothing":     {After: true, Status: 200, RawBody: new(`{"RequestId":"R"}`)},
		"hollow-wrong-types": {After: true, Status: 200, RawBody: new(`{"RequestId":"R","TotalCount":"x","HostnameId":"x","Hostnames":{},"CustomHostnameModel":[]}`)},
		"hollow-nulls":       {After: true, Status: 200, RawBody: new(`{"RequestId":"R","TotalCount":null,"HostnameId":null,"Hostnames":null,"CustomHostnameModel":null}`)},
		"hollow-zero-id":     {After: true, Status: 200, RawBody: new(`{"RequestId":"R","HostnameId":0,"CustomHostnameModel":{}}`)},
	}
	refusals := map[string]Fault{
		"too-many-requests-429": {Code: "TooManyRequests", Status: 429},
	}
	for name, code := range map[string]string{
		"throttling": "Throttling", "throttling-user": "Throttling.User", "throttling-api": "Throttling.Api", "toomanyrequests": "TooManyRequests",
		"site-servicebusy": "Site.ServiceBusy", "record-servicebusy": "Record.ServiceBusy", "lockfailed": "LockFailed",
	} {
		refusals[name] = Fault{Code: code, Status: 400}
		refusals[name+"-wait-1s"] = Fault{Code: code, Status: 400, RetryAfter: time.Second}
		refusals[name+"-wait-10h"] = Fault{Code: code, Status: 400, RetryAfter: 10 * time.Hour}
	}
	// Chaos plays all of them; what may have taken effect, both ways.
	all := maps.Clone(unclear)
	maps.Copy(all, hollow)
	maps.Copy(all, refusals)
	for name, fault := range unclear {
		fault.After = true
		all["after-"+name] = fault
	}
	c := newChaos(1, 1)
	for group, test := range map[string]struct{ got, want map[string]Fault }{
		"unclear": {UnclearFaults(), unclear}, "hollow": {HollowFaults(), hollow}, "refusals": {Refusals(), refusals}, "chaos": {c.all, all},
	} {
		for _, name := range slices.Sorted(maps.Keys(test.want)) {
			if got, found := test.got[name]; !found || !reflect.DeepEqual(got, test.want[name]) {
				t.Errorf("%s: %s is %+v (found %t), want %+v", group, name, got, found, test.want[name])
			}
		}
		if len(test.got) != len(test.want) {
			t.Errorf("%s: got %d faults, want %d: %v", group, len(test.got), len(test.want), slices.Sorted(maps.Keys(test.got)))
		}
	}
	if want := slices.Sorted(maps.Keys(all)); !slices.Equal(c.names, want) {
		t.Errorf("got the names %v, want %v", c.names, want)
	}
}

func TestChaosIsReproducible(t *testing.T) {
	t.Parallel()
	const calls = 20000
	play := func(seed uint64, order []string) map[string]int {
		c := newChaos(seed, 0.2)
		for i := range calls {
			c.meet("GetCustomHostname", order[i%len(order)])
		}
		return c.met
	}
	first := play(1, []string{"a", "b", "c", "d"})
	if other := play(1, []string{"d", "b", "a", "c"}); !maps.Equal(first, other) {
		t.Errorf("the faults depend on the order of calls: %v, %v", first, other)
	}
	if other := play(2, []string{"a", "b", "c", "d"}); maps.Equal(first, other) {
		t.Error("the faults do not depend on the seed")
	}
	// Each action of each hostname has faults of its own.
	c := newChaos(1, 0.5)
	seen := map[string][2]string{}
	for _, of := range [][2]string{{"GetCustomHostname", "a"}, {"GetCustomHostname", "b"}, {"DeleteCustomHostname", "a"}} {
		var faults []string
		for range 20 {
			faults = append(faults, fmt.Sprintf("%+v", c.meet(of[0], of[1])))
		}
		sequence := strings.Join(faults, "\n")
		if other, ok := seen[sequence]; ok {
			t.Errorf("%v has the same faults as %v", of, other)
		}
		seen[sequence] = of
	}
	total := 0
	for _, n := range first {
		total += n
	}
	if total < calls*18/100 || total > calls*22/100 {
		t.Errorf("got faults in %d of %d calls, want about a fifth", total, calls)
	}
	for _, name := range newChaos(1, 1).names {
		if first[name] == 0 {
			t.Errorf("the fault %s never happened", name)
		}
	}
}

func TestChaosKeepsTheNameOfWhatIsGone(t *testing.T) {
	t.Parallel()
	w := newWorld(t, Options{})
	h := w.create("shop.customer.com")
	w.Chaos(1, 1)
	w.call("GetCustomHostname", "HostnameId", h.ID)
	w.RemoveHostname(h.ID)
	w.call("GetCustomHostname", "HostnameId", h.ID)
	if n := w.faults.chaos.calls["GetCustomHostname shop.customer.com"]; n != 2 {
		t.Errorf("got %d calls, want 2: %v", n, w.faults.chaos.calls)
	}
	w.Chaos(1, 0)
	w.refused(404, "CustomHostname.NotFound", "GetCustomHostname", "HostnameId", h.ID)
	total := 0
	for _, n := range w.ChaosMet() {
		total += n
	}
	if total != 2 {
		t.Errorf("got %d faults, want 2", total)
	}
}

// TestChaosReplacesAnswers checks that each call gets the fault of its action and hostname, by turns, and none once the share
// is 0.
func TestChaosReplacesAnswers(t *testing.T) {
	t.Parallel()
	w := newWorld(t, Options{})
	if met := w.ChaosMet(); met != nil {
		t.Errorf("got the faults %v without chaos, want none", met)
	}
	h := w.create("shop.customer.com")
	const seed = 5
	w.Chaos(seed, 1)
	expected := newChaos(seed, 1)
	for range 30 {
		for _, call := range []struct {
			action, subject string
			pairs           []any
		}{
			{"CreateCustomHostname", "www.customer.com", []any{"Hostname", "www.customer.com"}},
			{"ListSites", "", nil},
			{"GetCustomHostname", "shop.customer.com", []any{"HostnameId", h.ID}},
			{"GetCustomHostname", "", []any{"HostnameId", 7}},
		} {
			fault := expected.meet(call.action, call.subject)
			own := fault.After && fault.succeeds() && (call.action == "CreateCustomHostname" || call.subject == "" && call.action == "GetCustomHostname")
			status, code, body := w.outcome(call.action, call.pairs...)
			switch {
			case own:
				// The call was refused, so that a response like a success does not fit.
				if status < 400 {
					t.Errorf("%+v: got %d %s, want the call's own refusal", call, status, body)
				}
			case fault.Drop:
				if status != 0 {
					t.Errorf("%+v: got %d %s, want no response", call, status, body)
				}
			case fault.RawBody != nil:
				if status != fault.Status || body != *fault.RawBody {
					t.Errorf("%+v: got %d %s, want %+v", call, status, body, fault)
				}
			default:
				if status != fault.Status || code != fault.Code {
					t.Errorf("%+v: got %d %s, want %+v", call, status, body, fault)
				}
			}
		}
	}
	want := expected.met
	clear(w.ChaosMet()) // the result is the caller's
	if got := w.ChaosMet(); !maps.Equal(got, want) {
		t.Errorf("got the faults %v, want %v", got, want)
	}
	// A fault that was injected comes first, and does not count.
	w.Inject(Fault{Code: "Brand.New"})
	w.refused(400, "Brand.New", "ListSites")
	w.Chaos(seed, 0)
	w.ok("ListSites")
	if got := w.ChaosMet(); !maps.Equal(got, want) {
		t.Errorf("got the faults %v after the end, want %v", got, want)
	}
}

// outcome calls an action and returns the response, or the status 0 if the connection was closed.
func (w *world) outcome(action string, pairs ...any) (status int, code, body string) {
	w.t.Helper()
	defer func() {
		if r := recover(); r != nil && fmt.Sprint(r) != http.ErrAbortHandler.Error() {
			panic(r)
		}
	}()
	got := w.call(action, pairs...)
	return got.status, got.code(), got.raw
}

// TestBrokenConnectionOfOtherServers checks that a fault that drops the connection aborts the handler if the connection
// cannot be taken over, as with HTTP/2.
func TestBrokenConnectionOfOtherServers(t *testing.T) {
	t.Parallel()
	w := newWorld(t, Options{})
	w.Inject(Fault{Drop: true})
	defer func() {
		got := recover()
		if err, _ := got.(error); !errors.Is(err, http.ErrAbortHandler) {
			t.Errorf("got the panic %v, want http.ErrAbortHandler", got)
		}
		if r := w.Requests(); len(r) != 1 || r[0].Status != 0 {
			t.Errorf("got the log %+v, want one entry without a status", r)
		}
	}()
	w.ServeHTTP(httptest.NewRecorder(), w.request("GET", w.common("ListSites"), nil, w.Options().AccessKeySecret))
}
