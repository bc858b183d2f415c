package fakeesa

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"
)

// tryCreate calls CreateCustomHostname with SSL off and returns the code and the time to wait, in milliseconds.
func (w *world) tryCreate(name string) string {
	w.t.Helper()
	got := w.call("CreateCustomHostname", "Hostname", name, "SiteId", w.site.ID, "RecordId", w.record.ID, "SslFlag", "off")
	if got.status == 200 {
		return "ok"
	}
	return strings.TrimSpace(got.code() + " " + got.header.Get("X-Acs-Retry-After"))
}

// TestCreateLimit checks which creates count against the limit of an hour, and when they stop to count.
func TestCreateLimit(t *testing.T) {
	t.Parallel()
	w := newWorld(t, Options{})
	for i := range 100 {
		if got := w.tryCreate(fmt.Sprintf("h%d.customer.com", i)); got != "ok" {
			t.Fatalf("create %d: got %s, want success", i+1, got)
		}
	}
	if got := w.tryCreate("one.customer.com"); got != "Throttling.User 3600000" {
		t.Errorf("create 101: got %s, want Throttling.User for an hour", got)
	}
	if r := w.Requests(); r[100].Reason != "the limit is reached for 1h0m0s" {
		t.Errorf("got the reason %q, want the time to wait", r[100].Reason)
	}
	w = newWorld(t, Options{CreateLimitPerHour: NoLimit})
	for i := range 101 {
		if got := w.tryCreate(fmt.Sprintf("h%d.customer.com", i)); got != "ok" {
			t.Fatalf("create %d without a limit: got %s, want success", i+1, got)
		}
	}

	const limit = "Throttling.User 3600000"
	for _, test := range []struct {
		options Options
		want    []string // of a create, a refused one, a create, and another
	}{
		{Options{CreateLimitPerHour: 2}, []string{"ok", "InvalidParameter", limit, limit}},
		{Options{CreateLimitPerHour: 2, OnlyMadeCount: true}, []string{"ok", "InvalidParameter", "ok", limit}},
		{Options{CreateLimitPerHour: 3}, []string{"ok", "InvalidParameter", "ok", limit}},
		{Options{CreateLimitPerHour: NoLimit, OnlyMadeCount: true}, []string{"ok", "InvalidParameter", "ok", "ok"}},
	} {
		w := newWorld(t, test.options)
		got := []string{w.tryCreate("a.customer.com"), w.tryCreate("b")}
		// Other calls never count, whether they are refused or not.
		w.call("GetCustomHostname", "HostnameId", 7)
		w.ok("ListSites")
		got = append(got, w.tryCreate("c.customer.com"), w.tryCreate("d.customer.com"))
		if !slices.Equal(got, test.want) {
			t.Errorf("%+v: got %q, want %q", clockless(test.options), got, test.want)
		}
	}

	// A create that failed because of its certificate, and left a hostname, counts.
	w = newWorld(t, Options{CreateLimitPerHour: 1, OnlyMadeCount: true, RefusedCertificate: RefusedLeavesOff})
	w.RefuseCertificates("a.customer.com", true)
	w.refused(404, "CustomHostname.ApplyCertFailed", "CreateCustomHostname", "Hostname", "a.customer.com", "SiteId", w.site.ID, "RecordId", w.record.ID, "SslFlag", "on", "CertType", "free")
	if got := w.tryCreate("b.customer.com"); got != limit {
		t.Errorf("got %s after a create that left a hostname, want Throttling.User", got)
	}
}

// TestHours checks both kinds of hour at their ends.
func TestHours(t *testing.T) {
	t.Parallel()
	for kind, want := range map[CreateWindow][]string{
		// The clock starts at 3:04:05. Creates at 3:04:05, 3:34:05, 3:59:59.999, 4:00, 4:04:04.999, 4:04:05, 4:34:05.
		CreateWindowSliding: {"ok", "ok", "Throttling.User 245001", "Throttling.User 245000", "Throttling.User 1", "ok", "ok"},
		CreateWindowFixed:   {"ok", "ok", "Throttling.User 1", "ok", "ok", "Throttling.User 3355000", "Throttling.User 1555000"},
	} {
		w := newWorld(t, Options{CreateLimitPerHour: 2, CreateWindow: kind})
		start := w.clock.Now()
		var got []string
		for i, at := range []time.Duration{
			0, 30 * time.Minute, 55*time.Minute + 55*time.Second - time.Millisecond, 55*time.Minute + 55*time.Second,
			time.Hour - time.Millisecond, time.Hour, 90 * time.Minute,
		} {
			w.clock.Move(start.Add(at).Sub(w.clock.Now()))
			got = append(got, w.tryCreate(fmt.Sprintf("h%d.customer.com", i)))
		}
		if !slices.Equal(got, want) {
			t.Errorf("window %d: got %q, want %q", kind, got, want)
		}
	}
}

// TestCallLimit checks that all calls share the limit of a second, and that one above it does not count as a create.
func TestCallLimit(t *testing.T) {
	t.Parallel()
	w := newWorld(t, Options{CallsPerSecond: 2, CreateLimitPerHour: 2, ThrottlingCode: "Brand.New"})
	call := func() string {
		got := w.call("ListSites")
		return strings.TrimSpace(got.code() + " " + got.header.Get("X-Acs-Retry-After"))
	}
	var got []string
	got = append(got, call(), w.tryCreate("a.customer.com"), w.tryCreate("b.customer.com"), call())
	w.clock.Move(400 * time.Millisecond)
	got = append(got, call())
	w.clock.Move(600*time.Millisecond - 1)
	got = append(got, call())
	w.clock.Move(1)
	got = append(got, w.tryCreate("b.customer.com"), w.tryCreate("c.customer.com"), call())
	w.clock.Move(time.Second)
	got = append(got, w.tryCreate("c.customer.com"), call(), call())
	want := []string{
		"<nil>", "ok", "Brand.New 1000", "Brand.New 1000", "Brand.New 600", "Brand.New 1", "ok", "Brand.New 3599000", "Brand.New 1000",
		"Brand.New 3598000", "<nil>", "Brand.New 1000",
	}
	if !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
	for _, r := range w.Requests() {
		if (r.Code == "Brand.New") != (r.Status == 400) {
			t.Errorf("got %+v, want status 400 with the code", r)
		}
	}
}

// TestBusy checks which writes a write blocks, for each reading. All calls are made at the same time, or before the end.
func TestBusy(t *testing.T) {
	t.Parallel()
	type step struct {
		action string
		pairs  []any
	}
	const first, second, third = 21, 22, 31 // records, two of site 1 and one of site 2
	onFirst, onSecond, elsewhere := step{"UpdateCustomHostname", []any{"HostnameId", 101}}, step{"UpdateCustomHostname", []any{"HostnameId", 102}}, step{"UpdateCustomHostname", []any{"HostnameId", 103}}
	move := step{"UpdateCustomHostname", []any{"HostnameId", 101, "RecordId", second}}
	create := step{"CreateCustomHostname", []any{"Hostname", "new.customer.com", "SiteId", 1, "RecordId", first, "SslFlag", "off"}}
	remove, verify := step{"DeleteCustomHostname", []any{"HostnameId", 101}}, step{"VerifyCustomHostname", []any{"HostnameId", 101}}
	apply, get := step{"ApplyCustomHostnameCertificate", []any{"HostnameId", 104}}, step{"GetCustomHostname", []any{"HostnameId", 101}}
	bad := step{"UpdateCustomHostname", []any{"HostnameId", "x", "RecordId", first}}
	gone := step{"UpdateCustomHostname", []any{"HostnameId", 7}}
	badSite := step{"CreateCustomHostname", []any{"Hostname", "new.customer.com", "SiteId", "x", "RecordId", first, "SslFlag", "off"}}
	refused := step{"UpdateCustomHostname", []any{"HostnameId", 101, "RecordId", 7}}
	const ok, unpassed, record, site, invalid, missing = "ok", "ok CustomHostname.VerifyUnpassed", "Record.ServiceBusy", "Site.ServiceBusy", "InvalidParameter", "CustomHostname.NotFound"
	for name, test := range map[string]struct {
		options Options
		steps   []step
		want    []string
	}{
		"update":              {Options{}, []step{onFirst, onFirst, onSecond, elsewhere}, []string{ok, record, ok, ok}},
		"create":              {Options{}, []step{create, onFirst, onSecond}, []string{ok, record, ok}},
		"before a create":     {Options{}, []step{onFirst, create}, []string{ok, record}},
		"delete":              {Options{}, []step{remove, create, onSecond}, []string{ok, record, ok}},
		"before a delete":     {Options{}, []step{onFirst, remove}, []string{ok, record}},
		"verify":              {Options{VerifyUnpassed: VerifyUnpassedFlag}, []step{verify, onFirst, onSecond}, []string{ok, record, ok}},
		"a verify that fails": {Options{}, []step{verify, onFirst}, []string{unpassed, ok}},
		"before a verify":     {Options{}, []step{onFirst, verify}, []string{ok, record}},
		"apply":               {Options{ApplyAnyway: ApplyAnywayAccepted}, []step{apply, onFirst, apply}, []string{ok, ok, ok}},
		"get":                 {Options{}, []step{get, onFirst, get}, []string{ok, ok, ok}},
		"move":                {Options{}, []step{move, onSecond, create}, []string{ok, record, ok}},
		"move, left too":      {Options{BusyLeft: true}, []step{move, onSecond, create, elsewhere}, []string{ok, record, record, ok}},
		"left is busy":        {Options{BusyLeft: true}, []step{create, move}, []string{ok, record}},
		"left is not asked":   {Options{}, []step{create, move}, []string{ok, ok}},
		"refused":             {Options{}, []step{refused, onFirst}, []string{invalid, ok}},
		"a bad id":            {Options{}, []step{bad, onFirst, bad}, []string{invalid, ok, invalid}},
		"a bad site":          {Options{}, []step{onFirst, badSite}, []string{ok, invalid}},
		"no hostname":         {Options{}, []step{gone, onFirst, gone}, []string{missing, ok, missing}},
		"site":                {Options{Busy: BusySite}, []step{onFirst, onSecond, create, elsewhere, remove}, []string{ok, site, site, ok, site}},
		"site, create":        {Options{Busy: BusySite}, []step{create, onSecond, elsewhere}, []string{ok, site, ok}},
		"nothing":             {Options{Busy: BusyNothing}, []step{onFirst, onFirst, create, remove}, []string{ok, ok, ok, ok}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			test.options.BusyAtLeast, test.options.BusyAtMost = 2*time.Second, 2*time.Second
			w := &world{t: t, clock: newClock()}
			test.options.Now = w.clock.Now
			w.Server = New(test.options)
			for _, s := range []Site{{ID: 1, Name: "example.com"}, {ID: 2, Name: "example.org"}} {
				w.AddSiteOf(s)
			}
			for id, siteID := range map[int64]int64{first: 1, second: 1, third: 2} {
				w.AddRecordOf(Record{ID: id, SiteID: siteID, Name: fmt.Sprintf("r%d.example.%s", id, map[int64]string{1: "com", 2: "org"}[siteID]), Proxied: true})
			}
			for id, on := range map[int64]int64{101: first, 102: second, 103: third, 104: first} {
				w.AddHostname(Hostname{ID: id, SiteID: w.store.record(on).SiteID, RecordID: on, Hostname: fmt.Sprintf("h%d.customer.com", id), SSLFlag: "on", CertType: "free"})
			}
			for i, step := range test.steps {
				got := w.call(step.action, step.pairs...)
				code := got.code()
				if got.status == 200 {
					code = strings.TrimSuffix("ok "+code, " <nil>")
				}
				if code != test.want[i] {
					t.Errorf("call %d, %+v: got %s, want %s", i+1, step, got.raw, test.want[i])
				}
				w.clock.Move(100 * time.Millisecond)
			}
			// Afterwards, everything is possible again.
			w.clock.Move(2 * time.Second)
			for _, step := range []step{onSecond, elsewhere} {
				if got := w.call(step.action, step.pairs...); got.status != 200 {
					t.Errorf("afterwards, %+v: got %s, want success", step, got.raw)
				}
			}
		})
	}
}

// TestBusyForARandomTime checks that each write blocks for a time between the limits, which depends on the seed.
func TestBusyForARandomTime(t *testing.T) {
	t.Parallel()
	const least, most, step = 1000, 5000, 100
	times := func(seed uint64) (all []int) {
		w := newWorld(t, Options{BusyAtLeast: least * time.Millisecond, BusyAtMost: most * time.Millisecond, Seed: seed})
		h := w.create("shop.customer.com")
		for range 12 {
			waited := 0
			for w.call("UpdateCustomHostname", "HostnameId", h.ID).status != 200 {
				w.clock.Move(step * time.Millisecond)
				waited += step
			}
			all = append(all, waited)
		}
		return all
	}
	first := times(1)
	if low, high := slices.Min(first), slices.Max(first); low < least || high > most || low == high {
		t.Errorf("got %v ms, want different times from %d to %d", first, least, most)
	}
	if again := times(1); !slices.Equal(first, again) {
		t.Errorf("got %v and %v ms with the same seed", first, again)
	}
	if other := times(2); slices.Equal(first, other) {
		t.Errorf("got %v ms with two seeds", first)
	}
	// The log has what is busy.
	w := newWorld(t, Options{BusyAtLeast: time.Second, BusyAtMost: time.Second})
	w.create("shop.customer.com")
	w.tryCreate("www.customer.com")
	if r := w.Requests()[1]; r.Reason != "4514973387335747 is busy with another write" {
		t.Errorf("got the reason %q, want the record", r.Reason)
	}
}

// TestIDs checks that ids are odd, ascending, and not used twice.
func TestIDs(t *testing.T) {
	t.Parallel()
	for large, want := range map[bool][]int64{
		false: {4514973387335745, 4514973387335747, 4514973387335749, 4514973387335751},
		true:  {4611686018427387905, 4611686018427387907, 4611686018427387909, 4611686018427387911},
	} {
		w := newWorld(t, Options{LargeIDs: large})
		got := []int64{w.site.ID, w.record.ID, w.create("a.customer.com").ID, w.AddHostname(Hostname{SiteID: w.site.ID, Hostname: "b.customer.com"}).ID}
		if !slices.Equal(got, want) {
			t.Errorf("large %t: got the ids %v, want %v", large, got, want)
		}
	}
}

// lagging calls Get and List and returns the status of a hostname and its record in both, "-" if it is not there.
func (w *world) lagging(id int64) string {
	w.t.Helper()
	shown := "-"
	if got := w.call("GetCustomHostname", "HostnameId", id); got.status == 200 {
		shown = got.at("CustomHostnameModel", "Status") + " " + got.at("CustomHostnameModel", "RecordId") + " " + got.at("CustomHostnameModel", "CertStatus")
	} else if got.code() != "CustomHostname.NotFound" {
		w.t.Errorf("got %s from Get, want CustomHostname.NotFound", got.raw)
	}
	listed := "-"
	if got := w.ok("ListCustomHostnames", "SiteId", w.site.ID, "PageSize", 1); got.at("TotalCount") == "1" {
		listed = got.at("Hostnames", 0, "Status") + " " + got.at("Hostnames", 0, "RecordId") + " " + got.at("Hostnames", 0, "CertStatus")
	}
	if shown != listed {
		return shown + " but listed " + listed
	}
	return strings.TrimSpace(shown)
}

// TestReadsLagBehindEachWrite checks that Get and List show each write only after the lag, and at its end.
func TestReadsLagBehindEachWrite(t *testing.T) {
	t.Parallel()
	w := newWorld(t, Options{ReadLag: 10 * time.Second, CreateLimitPerHour: NoLimit})
	w.AddRecordOf(Record{ID: 22, SiteID: w.site.ID, Name: "second.example.com", Proxied: true})
	first := itoa(w.record.ID)
	h := w.create("shop.customer.com", "SslFlag", "on", "CertType", "free")
	for _, test := range []struct {
		action string
		pairs  []any
		before string
		after  string
	}{
		{"", nil, "-", "pending " + first},
		{"UpdateCustomHostname", []any{"RecordId", 22}, "pending " + first, "pending 22"},
		{"VerifyCustomHostname", nil, "pending 22", "active 22 Applying"},
		{"ApplyCustomHostnameCertificate", nil, "active 22 ApplyFailed", "active 22 Applying"},
		{"DeleteCustomHostname", nil, "active 22 Applying", "-"},
	} {
		if test.action == "VerifyCustomHostname" {
			w.PublishTXT(h.VerifyHost, h.VerifyCode)
		}
		if test.action == "ApplyCustomHostnameCertificate" {
			w.ChangeHostname(h.ID, func(h *Hostname) { h.CertStatus = "ApplyFailed" })
		}
		if test.action != "" {
			w.ok(test.action, append([]any{"HostnameId", h.ID}, test.pairs...)...)
		}
		if got := w.lagging(h.ID); got != test.before {
			t.Errorf("%s, at once: got %s, want %s", test.action, got, test.before)
		}
		w.clock.Move(10*time.Second - 1)
		if got := w.lagging(h.ID); got != test.before {
			t.Errorf("%s, before the end: got %s, want %s", test.action, got, test.before)
		}
		w.clock.Move(1)
		for range 2 {
			if got := w.lagging(h.ID); got != test.after {
				t.Errorf("%s, at the end: got %s, want %s", test.action, got, test.after)
			}
		}
	}
	// Two writes are shown one after the other, and a hostname that was deleted at once never.
	h = w.create("www.customer.com")
	w.clock.Move(10 * time.Second)
	w.ok("UpdateCustomHostname", "HostnameId", h.ID, "RecordId", 22)
	w.clock.Move(4 * time.Second)
	w.ok("UpdateCustomHostname", "HostnameId", h.ID, "RecordId", w.record.ID)
	for _, want := range []string{"pending " + first, "pending 22", "pending " + first} {
		if got := w.lagging(h.ID); got != want {
			t.Errorf("two updates: got %s, want %s", got, want)
		}
		w.clock.Move(6 * time.Second)
	}
	w.RemoveHostname(h.ID)
	h = w.create("brief.customer.com")
	created := w.clock.Now()
	for _, test := range []struct {
		after time.Duration
		want  string
	}{
		{0, "-"}, {4 * time.Second, "-"}, {10*time.Second - 1, "-"}, {10 * time.Second, "pending " + first}, {14*time.Second - 1, "pending " + first}, {14 * time.Second, "-"},
	} {
		w.clock.Move(created.Add(test.after).Sub(w.clock.Now()))
		if test.after == 4*time.Second {
			w.ok("DeleteCustomHostname", "HostnameId", h.ID)
		}
		if got := w.lagging(h.ID); got != test.want {
			t.Errorf("deleted after 4 seconds, %v after the create: got %s, want %s", test.after, got, test.want)
		}
	}
	h = w.create("gone.customer.com")
	w.ok("DeleteCustomHostname", "HostnameId", h.ID)
	for range 4 {
		if got := w.lagging(h.ID); got != "-" {
			t.Errorf("created and deleted: got %s, want nothing", got)
		}
		w.clock.Move(5 * time.Second)
	}
	if got := w.Requests()[len(w.Requests())-2].Reason; got != fmt.Sprintf("there is no hostname %d", h.ID) {
		t.Errorf("got the reason %q, want that there is none", got)
	}
	h = w.create("new.customer.com")
	w.call("GetCustomHostname", "HostnameId", h.ID)
	if got := w.Requests()[len(w.Requests())-1].Reason; got != fmt.Sprintf("reads do not show hostname %d yet", h.ID) {
		t.Errorf("got the reason %q, want that reads do not show it yet", got)
	}
}

// TestDeletedHostnamesAreListedLast checks which deleted hostnames a list still shows, and in which order.
func TestDeletedHostnamesAreListedLast(t *testing.T) {
	t.Parallel()
	w := newWorld(t, Options{ReadLag: 10 * time.Second})
	other := w.AddSite("other.example")
	record := w.AddRecord(other.ID, "o.other.example")
	for id := range int64(6) {
		w.AddHostname(Hostname{ID: 106 - id, SiteID: w.site.ID, Hostname: fmt.Sprintf("h%d.customer.com", 106-id)})
	}
	w.AddHostname(Hostname{ID: 100, SiteID: other.ID, RecordID: record.ID, Hostname: "elsewhere.customer.com"})
	for _, id := range []int64{104, 101, 100, 105, 102} {
		w.ok("DeleteCustomHostname", "HostnameId", id)
	}
	names := func() (names []string) {
		got := w.ok("ListCustomHostnames", "SiteId", w.site.ID)
		items, _ := got.body["Hostnames"].([]any)
		for i := range items {
			names = append(names, got.at("Hostnames", i, "HostnameId"))
		}
		return names
	}
	if got := names(); !slices.Equal(got, []string{"106", "103", "101", "102", "104", "105"}) {
		t.Errorf("got %v, want the deleted ones last, by id", got)
	}
	w.clock.Move(10 * time.Second)
	if got := names(); !slices.Equal(got, []string{"106", "103"}) {
		t.Errorf("got %v after the lag, want those that exist", got)
	}
}

// TestUpdatesTakeTime checks that a hostname is configuring and unchanged while an update takes effect.
func TestUpdatesTakeTime(t *testing.T) {
	t.Parallel()
	for _, lag := range []time.Duration{0, 3 * time.Second, 20 * time.Second} {
		w := newWorld(t, Options{UpdateTakes: 10 * time.Second, ReadLag: lag})
		w.AddRecordOf(Record{ID: 22, SiteID: w.site.ID, Name: "second.example.com", Proxied: true})
		h := w.AddHostname(Hostname{SiteID: w.site.ID, Hostname: "shop.customer.com", Status: "active"})
		old := itoa(w.record.ID)
		w.ok("UpdateCustomHostname", "HostnameId", h.ID, "RecordId", 22)
		if got := w.lagging(h.ID); got != "configuring "+old {
			t.Errorf("lag %v, at once: got %s, want configuring with the old record", lag, got)
		}
		w.clock.Move(max(lag, 10*time.Second) - 1)
		if got := w.lagging(h.ID); got != "configuring "+old {
			t.Errorf("lag %v, before the end: got %s, want configuring with the old record", lag, got)
		}
		w.clock.Move(1)
		if got := w.lagging(h.ID); got != "active 22" {
			t.Errorf("lag %v, at the end: got %s, want active with the new record", lag, got)
		}
	}
	w := newWorld(t, Options{})
	h := w.AddHostname(Hostname{SiteID: w.site.ID, Hostname: "shop.customer.com", Status: "active"})
	w.ok("UpdateCustomHostname", "HostnameId", h.ID)
	if got := w.lagging(h.ID); got != "active "+itoa(w.record.ID) {
		t.Errorf("by default: got %s, want active", got)
	}
}
