package esa

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"terraform-provider-esa/internal/fakeesa"
)

func TestCreateSurvivesAnUnclearOutcome(t *testing.T) {
	tests := []struct {
		name    string
		fault   fakeesa.Fault
		creates int // CreateCustomHostname calls in total
	}{
		{"the connection broke after the create", fakeesa.Fault{After: true, Drop: true}, 1},
		{"the connection broke before the create", fakeesa.Fault{Drop: true}, 2},
		{"an empty 502 after the create", fakeesa.Fault{After: true, Status: 502, RawBody: text("")}, 1},
		{"an empty 502 instead of the create", fakeesa.Fault{Status: 502, RawBody: text("")}, 2},
		{"InternalException after the create", fakeesa.Fault{After: true, Code: "InternalException", Status: 400}, 1},
		{"InternalException instead of the create", fakeesa.Fault{Code: "InternalException", Status: 400}, 2},
		{"an answer without an id", fakeesa.Fault{After: true, Status: 200, RawBody: text(`{"RequestId":"R"}`)}, 1},
		{"a cut answer", fakeesa.Fault{After: true, Status: 200, RawBody: text(`{"RequestId":"R","Hostn`)}, 1},
		{"throttled, which is clear", fakeesa.Fault{Code: "Throttling.User", Status: 400}, 2},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			f := newFixture(t, fakeesa.Options{})
			test.fault.Action = "CreateCustomHostname"
			f.Inject(test.fault)
			id := f.create(t)
			if n := f.Count("CreateCustomHostname"); n != test.creates {
				t.Errorf("got %d creates, want %d", n, test.creates)
			}
			hostnames := f.Hostnames()
			if len(hostnames) != 1 || hostnames[0].ID != id {
				t.Errorf("the server has %v, the client returned %d", hostnames, id)
			}
		})
	}
}

// TestCreateWaitsForListsThatLagBehind loses the response to a create while lists do not show the hostname yet. A second
// create would be refused and leave the hostname orphaned, or create a duplicate.
func TestCreateWaitsForListsThatLagBehind(t *testing.T) {
	for _, duplicates := range []fakeesa.DuplicateCreate{fakeesa.DuplicateRefused, fakeesa.DuplicateConflicts} {
		for _, code := range []string{"InternalException", "CustomHostname.SetCertFailed"} {
			f := newFixture(t, fakeesa.Options{UnlistedLists: 4, DuplicateCreate: duplicates})
			f.Inject(fakeesa.Fault{Action: "CreateCustomHostname", After: true, Code: code})
			id, err := f.client.CreateCustomHostname(t.Context(), f.createInput())
			if all := f.Hostnames(); len(all) != 1 || all[0].ID != id || (err != nil) != IsCode(err, CodeSetCertFailed) {
				t.Errorf("%s: the server has %v, the client returned %d, error %v", code, all, id, err)
			}
			if n := f.Count("CreateCustomHostname"); n != 1 {
				t.Errorf("%s: got %d creates, want 1", code, n)
			}
		}
	}
}

// TestCreateLooksAgainAfterARefusal checks that the client looks again if the look before found nothing, and the next
// attempt is refused because of the hostname that the first one created.
func TestCreateLooksAgainAfterARefusal(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newVirtual(t, fakeesa.Options{UnlistedFor: 20 * time.Second, DuplicateCreate: fakeesa.DuplicateRefused})
		f.client.jitter = func() float64 { return 1 } // the first look ends after 15 seconds
		f.Inject(fakeesa.Fault{Action: "CreateCustomHostname", After: true, Drop: true})
		id, err := f.client.CreateCustomHostname(t.Context(), f.createInput())
		if all := f.Hostnames(); err != nil || len(all) != 1 || all[0].ID != id {
			t.Errorf("got id %d, error %v; the server has %+v", id, err, all)
		}
		if n := f.Count("CreateCustomHostname"); n != 2 {
			t.Errorf("got %d creates, want 2", n)
		}
	})
}

// TestCreateLooksAgainAfterASlowList checks that the client reads the list again, because a slow response shows the state at
// the time of the request.
func TestCreateLooksAgainAfterASlowList(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newVirtual(t, fakeesa.Options{UnlistedFor: 5 * time.Second, DuplicateCreate: fakeesa.DuplicateConflicts})
		f.Inject(fakeesa.Fault{Action: "CreateCustomHostname", After: true, Drop: true})
		f.Inject(fakeesa.Fault{Action: "ListCustomHostnames", Delay: 20 * time.Second})
		id, err := f.client.CreateCustomHostname(t.Context(), f.createInput())
		if all := f.Hostnames(); err != nil || len(all) != 1 || all[0].ID != id {
			t.Errorf("got id %d, error %v; the server has %+v", id, err, all)
		}
	})
}

// TestUndoDuplicateWaitsForListsThatLagBehind creates one hostname in two runs at the same time. The second run may not see
// the first hostname in lists yet.
func TestUndoDuplicateWaitsForListsThatLagBehind(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newVirtual(t, fakeesa.Options{UnlistedFor: 5 * time.Second, DuplicateCreate: fakeesa.DuplicateConflicts})
		first, second := f.create(t), f.create(t)
		created, err := f.client.AwaitCreated(t.Context(), second)
		if err != nil {
			t.Fatal(err)
		}
		err = f.client.UndoDuplicate(t.Context(), created)
		if exists := new(HostnameExistsError); !errors.As(err, &exists) || exists.Existing.HostnameID != first {
			t.Errorf("got error %v, want that hostname %d exists", err, first)
		}
		if all := f.Hostnames(); len(all) != 1 || all[0].ID != first {
			t.Errorf("the server has %+v, want only hostname %d", all, first)
		}
	})
}

func TestCreateLooksOnlyWhenItMust(t *testing.T) {
	f := newFixture(t, fakeesa.Options{})
	f.Inject(fakeesa.Fault{Action: "CreateCustomHostname", Times: 3, Code: "Record.ServiceBusy", Status: 400})
	f.create(t)
	if n := f.Count("ListCustomHostnames"); n != 0 {
		t.Errorf("got %d lists after clear refusals, want none", n)
	}
}

func TestCreateToleratesAClockThatIsOff(t *testing.T) {
	for _, off := range []time.Duration{-10 * time.Minute, 10 * time.Minute} {
		f := newFixture(t, fakeesa.Options{}, func(c *Config) { c.Clock = &testClock{offset: off} })
		f.Inject(fakeesa.Fault{Action: "CreateCustomHostname", After: true, Drop: true})
		f.create(t)
		if n := len(f.Hostnames()); n != 1 {
			t.Errorf("clock off by %v: got %d hostnames, want 1", off, n)
		}
	}
}

func TestCreateNeverAdoptsAnother(t *testing.T) {
	const lost = "an earlier response of CreateCustomHostname was lost"
	drop := fakeesa.Fault{Action: "CreateCustomHostname", Drop: true}
	failed := fakeesa.Fault{Action: "CreateCustomHostname", Code: "CustomHostname.SetCertFailed"}
	tests := []struct {
		name   string
		exists fakeesa.Hostname
		fault  *fakeesa.Fault
		cause  string // the text or code of the error's cause
	}{
		{"an older one, refused by ESA", fakeesa.Hostname{CreateTime: time.Now().Add(-time.Hour)}, nil, "CustomHostname.Duplicated"},
		{"a new one of somebody else, refused by ESA", fakeesa.Hostname{CreateTime: time.Now()}, nil, "CustomHostname.Duplicated"},
		{"an older one, with the answer lost", fakeesa.Hostname{CreateTime: time.Now().Add(-time.Hour)}, &drop, lost},
		{"one of another record, with the answer lost", fakeesa.Hostname{CreateTime: time.Now(), RecordID: 1}, &drop, lost},
		{"an older one, with the certificate refused", fakeesa.Hostname{CreateTime: time.Now().Add(-time.Hour)}, &failed, "CustomHostname.SetCertFailed"},
		{"one of another record, with the certificate refused", fakeesa.Hostname{CreateTime: time.Now(), RecordID: 1}, &failed, "CustomHostname.SetCertFailed"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			f := newFixture(t, fakeesa.Options{})
			test.exists.SiteID, test.exists.Hostname, test.exists.SSLFlag = f.site.ID, shop, SSLOff
			if test.exists.RecordID == 1 {
				test.exists.RecordID = f.AddRecord(f.site.ID, "other.example.com").ID
			} else {
				test.exists.RecordID = f.record.ID
			}
			existing := f.AddHostname(test.exists)
			if test.fault != nil {
				f.Inject(*test.fault)
			}
			id, err := f.client.CreateCustomHostname(t.Context(), f.createInput())
			f.wantExists(t, id, err, existing.ID, false, test.cause)
			if n := f.Count("CreateCustomHostname"); n != 1 {
				t.Errorf("got %d creates, want 1", n)
			}
		})
	}
}

// wantExists checks that a create or UndoDuplicate failed because of an existing hostname. cause is the code or the text of
// the error's cause.
func (f *fixture) wantExists(t *testing.T, id int64, err error, existing int64, sameRun bool, cause string) {
	t.Helper()
	exists := new(HostnameExistsError)
	if !errors.As(err, &exists) || id != 0 {
		t.Fatalf("got id %d, error %v; want that hostname %d exists", id, err, existing)
	}
	wantText(t, err, fmt.Sprintf("custom hostname %s exists in site %d with id %d: %v", shop, f.site.ID, existing, exists.Err))
	listed, err := f.client.FindCustomHostnames(t.Context(), f.site.ID, shop)
	if err != nil || !slices.ContainsFunc(listed, func(h CustomHostname) bool { return h.HostnameID == existing && cmp.Equal(h, exists.Existing) }) {
		t.Errorf("the error has %+v, want the one with the id %d of %+v", exists.Existing, existing, listed)
	}
	if exists.SameRun != sameRun {
		t.Errorf("got that this run created it: %t, want %t", exists.SameRun, sameRun)
	}
	got := exists.Err.Error()
	if e := new(Error); errors.As(exists.Err, &e) {
		got = string(e.Code)
	}
	if got != cause {
		t.Errorf("got the cause %q, want %q", got, cause)
	}
}

// TestCreateNamesTheNewest checks that the error contains the newest hostname of several with the name.
func TestCreateNamesTheNewest(t *testing.T) {
	for _, order := range []fakeesa.ListOrder{fakeesa.ListOldestFirst, fakeesa.ListNewestFirst} {
		f := newFixture(t, fakeesa.Options{ListOrder: order})
		var newest int64
		for _, age := range []time.Duration{3 * time.Hour, time.Hour, 2 * time.Hour} {
			id := f.AddHostname(fakeesa.Hostname{SiteID: f.site.ID, RecordID: f.record.ID, Hostname: shop, CreateTime: time.Now().Add(-age)}).ID
			if age == time.Hour {
				newest = id
			}
		}
		id, err := f.client.CreateCustomHostname(t.Context(), f.createInput())
		f.wantExists(t, id, err, newest, false, "CustomHostname.Duplicated")
	}
}

// TestCreateLooksAfterSomeRefusals checks after which refusals the client looks for a hostname of the name, once. No code is
// documented for a name that is taken.
func TestCreateLooksAfterSomeRefusals(t *testing.T) {
	for code, lists := range map[ErrorCode]int{
		CodeNoPermission: 0, CodeForbiddenRAM: 0, CodeInstanceNotOnline: 0, CodeQuotaCheckFailed: 0, CodeCustomHostnameICP: 0,
		CodeRecordNotFound: 0, CodeSiteNotFound: 0, CodeAccessKeyNotFound: 0, CodeAccessKeyInactive: 0, CodeSignatureDoesNotMatch: 0,
		CodeTimestampExpired: 0, CodeTokenMismatch: 0, CodeTokenMalformed: 0, CodeUnsupportedHTTPMethod: 0, CodeAPINotFound: 0,
		CodeInvalidParameter: 1, "CustomHostname.Duplicated": 1, "Something.New": 1, CodeIncompleteSignature: 1,
	} {
		f := newFixture(t, fakeesa.Options{})
		f.Inject(fakeesa.Fault{Action: "CreateCustomHostname", Code: string(code), Message: "no"})
		id, err := f.client.CreateCustomHostname(t.Context(), f.createInput())
		if !IsCode(err, code) || id != 0 {
			t.Errorf("%s: got id %d, error %v; want the code", code, id, err)
		}
		if n := f.Count("ListCustomHostnames"); n != lists {
			t.Errorf("%s: got %d lists, want %d", code, n, lists)
		}
	}
	t.Run("the token has expired", func(t *testing.T) {
		f := newFixture(t, fakeesa.Options{})
		f.Inject(fakeesa.Fault{Action: "CreateCustomHostname", Code: string(CodeTokenExpired), Times: 2})
		if _, err := f.client.CreateCustomHostname(t.Context(), f.createInput()); !IsCode(err, CodeTokenExpired) || f.Count("ListCustomHostnames") != 0 {
			t.Errorf("got error %v after %d lists, want %s without a list", err, f.Count("ListCustomHostnames"), CodeTokenExpired)
		}
	})
	t.Run("another name, and another site, were created before", func(t *testing.T) {
		f := newFixture(t, fakeesa.Options{})
		in := f.createInput()
		in.Hostname = "other.customer.com"
		if _, err := f.client.CreateCustomHostname(t.Context(), in); err != nil {
			t.Fatal(err)
		}
		in = f.createInput()
		in.SiteID = f.AddSite("example.net").ID
		in.RecordID = f.AddRecord(in.SiteID, "origin.example.net").ID
		if _, err := f.client.CreateCustomHostname(t.Context(), in); err != nil {
			t.Fatal(err)
		}
		f.Inject(fakeesa.Fault{Action: "CreateCustomHostname", Code: "CustomHostname.Duplicated"})
		if _, err := f.client.CreateCustomHostname(t.Context(), f.createInput()); !IsCode(err, "CustomHostname.Duplicated") || f.Count("ListCustomHostnames") != 1 {
			t.Errorf("got error %v after %d lists, want CustomHostname.Duplicated after 1", err, f.Count("ListCustomHostnames"))
		}
	})
	t.Run("the list fails", func(t *testing.T) {
		f := newFixture(t, fakeesa.Options{})
		f.AddHostname(fakeesa.Hostname{SiteID: f.site.ID, RecordID: f.record.ID, Hostname: shop})
		f.Inject(fakeesa.Fault{Action: "ListCustomHostnames", Code: "NoPermission"})
		if id, err := f.client.CreateCustomHostname(t.Context(), f.createInput()); !IsCode(err, "CustomHostname.Duplicated") || id != 0 {
			t.Errorf("got id %d, error %v; want CustomHostname.Duplicated", id, err)
		}
	})
}

// TestCreateAdoptsWhatIsNewEnough checks the boundary between a hostname that this call may have created, and an older one.
func TestCreateAdoptsWhatIsNewEnough(t *testing.T) {
	for age, ours := range map[time.Duration]bool{0: true, createSlack: true, createSlack + time.Second: false} {
		synctest.Test(t, func(t *testing.T) {
			f := newVirtual(t, fakeesa.Options{})
			f.client.jitter = func() float64 { return 0 }
			existing := f.AddHostname(fakeesa.Hostname{SiteID: f.site.ID, RecordID: f.record.ID, Hostname: shop, CreateTime: time.Now().Add(-age)})
			f.Inject(fakeesa.Fault{Action: "CreateCustomHostname", Drop: true})
			id, err := f.client.CreateCustomHostname(t.Context(), f.createInput())
			if ours != (err == nil && id == existing.ID) {
				t.Errorf("a hostname that was created %v before the call: got id %d, error %v; want ours %t", age, id, err, ours)
			}
		})
	}
}

// TestCreateLooksForAWhile checks how long and how often the client looks for a hostname after a lost response, and what
// remains of that when the context ends.
func TestCreateLooksForAWhile(t *testing.T) {
	const unclear = "the hostname may or may not have been created: "
	for _, test := range []struct {
		name     string
		unlisted time.Duration
		latency  time.Duration
		limit    time.Duration // of the context
		found    bool
		want     string // the error's text
		took     time.Duration
		lists    int
		creates  int
	}{
		// With full jitter, the pauses are 0.5, 1, 2, 4 and 8 seconds. The first one is that before a retry.
		{"found at last", 7 * time.Second, 0, time.Hour, true, "", 8 * time.Second, 5, 1},
		{"found at the end", 15 * time.Second, 0, time.Hour, true, "", 15500 * time.Millisecond, 6, 1},
		{"the context ends, found in the grace period", 9 * time.Second, 0, 6 * time.Second, true, "", 9500 * time.Millisecond, 8, 1},
		{"the context ends, not found", time.Hour, 0, 6 * time.Second, false, unclear + "context deadline exceeded", 11 * time.Second, 8, 1},
		{"the context ends in a create", time.Hour, 4 * time.Second, time.Second, true, "", 4 * time.Second, 0, 1},
	} {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				f := newVirtual(t, fakeesa.Options{UnlistedFor: test.unlisted})
				f.client.jitter = func() float64 { return 1 }
				if test.latency > 0 {
					f.Inject(fakeesa.Fault{Action: "CreateCustomHostname", Delay: test.latency})
				} else {
					f.Inject(fakeesa.Fault{Action: "CreateCustomHostname", After: true, Drop: true})
				}
				ctx, cancel := context.WithTimeout(t.Context(), test.limit)
				defer cancel()
				began := time.Now()
				id, err := f.client.CreateCustomHostname(ctx, f.createInput())
				if took := time.Since(began); took != test.took {
					t.Errorf("got %v, want %v", took, test.took)
				}
				switch {
				case test.found && (err != nil || id != f.Hostnames()[0].ID):
					t.Errorf("got id %d, error %v; want that of %+v", id, err, f.Hostnames())
				case !test.found:
					wantText(t, err, test.want)
				}
				if lists, creates := f.Count("ListCustomHostnames"), f.Count("CreateCustomHostname"); lists != test.lists || creates != test.creates {
					t.Errorf("got %d lists and %d creates, want %d and %d", lists, creates, test.lists, test.creates)
				}
			})
		})
	}
}

// TestCreatedHostnameTakesItsTurn checks that a write to a hostname that was just created waits for its record.
func TestCreatedHostnameTakesItsTurn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newVirtual(t, fakeesa.Options{Latency: time.Second})
		f.Inject(fakeesa.Fault{Action: "CreateCustomHostname", Code: "Record.ServiceBusy"})
		ids := make([]int64, 3)
		for i := range ids {
			in := f.createInput()
			in.Hostname = fmt.Sprintf("h%d.customer.com", i)
			var err error
			if ids[i], err = f.client.CreateCustomHostname(t.Context(), in); err != nil {
				t.Fatal(err)
			}
		}
		atOnce(len(ids), func(i int) {
			if err := f.client.DeleteCustomHostname(t.Context(), ids[i]); err != nil {
				t.Error(err)
			}
		})
		if n := f.Count("DeleteCustomHostname"); n != 3 {
			t.Errorf("got %d calls for 3 deletes, want 3", n)
		}
	})
}

// TestUndoDuplicate checks which hostnames are deleted because another one has the name.
func TestUndoDuplicate(t *testing.T) {
	const undone = "ESA created a second one, which was deleted again"
	for _, test := range []struct {
		name    string
		ours    bool                    // whether this run created the other hostname
		change  func(*CustomHostname)   // how ESA returns the new hostname
		other   func(*fakeesa.Hostname) // how the other hostname changes
		own     func(*fakeesa.Hostname) // how the new hostname changes
		fault   fakeesa.Fault
		exists  bool // whether the error is a HostnameExistsError
		deletes int
		calls   int // at least 1 list before a delete
	}{
		{name: "another run's hostname has the name", exists: true, deletes: 1, calls: 2},
		{name: "this run's hostname has the name", ours: true, exists: true, deletes: 1, calls: 2},
		{name: "the new one is gone", fault: fakeesa.Fault{Action: "DeleteCustomHostname", Code: "CustomHostname.NotFound"}, exists: true, deletes: 1, calls: 2},
		{name: "the new one cannot be deleted", fault: fakeesa.Fault{Action: "DeleteCustomHostname", Code: "NoPermission"}, deletes: 1, calls: 2},
		{name: "the list fails", fault: fakeesa.Fault{Action: "ListCustomHostnames", Code: "NoPermission"}, calls: 1},
		{name: "no conflict", change: func(h *CustomHostname) { h.Status = StatusPending }},
		{name: "in conflict with a site", change: func(h *CustomHostname) { h.ConflictWith = "existing_site" }},
		{name: "the other one is in conflict too", other: func(h *fakeesa.Hostname) { h.Status = StatusConflicted }, calls: 6},
		{name: "the other one has another name", other: func(h *fakeesa.Hostname) { h.Hostname = "other.customer.com" }, calls: 6},
		{
			name:  "the new one is no longer in conflict",
			other: func(h *fakeesa.Hostname) { h.Hostname = "other.customer.com" },
			own:   func(h *fakeesa.Hostname) { h.Status, h.ConflictWith = StatusActive, "" }, calls: 6,
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			f := newFixture(t, fakeesa.Options{DuplicateCreate: fakeesa.DuplicateConflicts})
			f.client.jitter = func() float64 { return 1 }
			var other int64
			if test.ours {
				other = f.create(t)
			} else {
				other = f.AddHostname(fakeesa.Hostname{SiteID: f.site.ID, RecordID: f.record.ID, Hostname: shop}).ID
			}
			created := f.get(t, f.create(t))
			if created.Status != StatusConflicted {
				t.Fatalf("got %+v, want a conflicted hostname", created)
			}
			if test.change != nil {
				test.change(&created)
			}
			if test.other != nil {
				f.ChangeHostname(other, test.other)
			}
			if test.own != nil {
				f.ChangeHostname(created.HostnameID, test.own)
			}
			f.ResetRequests()
			if test.fault.Action != "" {
				f.Inject(test.fault)
			}
			err := f.client.UndoDuplicate(t.Context(), &created)
			if calls, deletes := len(f.Requests()), f.Count("DeleteCustomHostname"); calls != test.calls || deletes != test.deletes {
				t.Errorf("got %d calls with %d deletes, want %d with %d", calls, deletes, test.calls, test.deletes)
			}
			if test.exists {
				f.wantExists(t, 0, err, other, test.ours, undone)
			} else if err != nil {
				t.Errorf("got error %v, want none", err)
			}
			if _, remains := f.Hostname(created.HostnameID); remains != (test.fault.Action != "" || !test.exists) {
				t.Errorf("the new hostname exists: %t", remains)
			}
		})
	}
}

func TestCreateSavesAHostnameWhoseCertificateFailed(t *testing.T) {
	f := newFixture(t, fakeesa.Options{})
	f.Inject(fakeesa.Fault{Action: "CreateCustomHostname", After: true, Code: "CustomHostname.ApplyCertFailed", Status: 404})
	in := f.createInput()
	in.SSLFlag, in.Certificate = SSLOn, &Certificate{Type: CertTypeFree}
	id, err := f.client.CreateCustomHostname(t.Context(), in)
	if !IsCode(err, CodeApplyCertFailed) || len(f.Hostnames()) != 1 || id != f.Hostnames()[0].ID {
		t.Errorf("got id %d, error %v; want the hostname's id and ApplyCertFailed", id, err)
	}
}

func TestCreateThatIsInterruptedStillLearnsItsID(t *testing.T) {
	// Lists do not show the hostname yet, so the client must wait for the response itself.
	f := newFixture(t, fakeesa.Options{Latency: 100 * time.Millisecond, UnlistedLists: 100})
	ctx, cancel := context.WithCancel(t.Context())
	go func() {
		for range 500 {
			if f.Count("CreateCustomHostname") > 0 {
				break
			}
			time.Sleep(time.Millisecond)
		}
		cancel()
	}()
	id, err := f.client.CreateCustomHostname(ctx, f.createInput())
	if err != nil || len(f.Hostnames()) != 1 || id != f.Hostnames()[0].ID {
		t.Errorf("got id %d, error %v; want the hostname's id", id, err)
	}
}

func TestCreateIsNotSentAfterAnInterrupt(t *testing.T) {
	f := newFixture(t, fakeesa.Options{})
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := f.client.CreateCustomHostname(ctx, f.createInput())
	wantText(t, err, "CreateCustomHostname at "+strings.TrimPrefix(f.URL(), "http://")+": the request was not sent; gave up after 1 attempt: context canceled")
	if !errors.Is(err, context.Canceled) || !errors.Is(err, ErrNotSent) {
		t.Errorf("got error %v, want context.Canceled and ErrNotSent", err)
	}
	if n := len(f.Requests()); n != 0 {
		t.Errorf("got %d requests, want none", n)
	}
}

// TestCreateNeverAdoptsASiblings has two resources with the same name. Whatever responses are lost, neither adopts the
// hostname that the other created.
func TestCreateNeverAdoptsASiblings(t *testing.T) {
	drop := fakeesa.Fault{Action: "CreateCustomHostname", Drop: true}
	after := fakeesa.Fault{Action: "CreateCustomHostname", Drop: true, After: true}
	for title, faults := range map[string][]fakeesa.Fault{
		"lost before it takes effect":          {{Action: "none"}, drop},
		"lost before and after it took effect": {after, drop},
		"both lost after they took effect":     {after, after},
	} {
		for _, duplicates := range []fakeesa.DuplicateCreate{fakeesa.DuplicateRefused, fakeesa.DuplicateConflicts} {
			t.Run(title, func(t *testing.T) {
				f := newFixture(t, fakeesa.Options{DuplicateCreate: duplicates, UnlistedLists: 2})
				var ids []int64
				for _, fault := range faults {
					f.Inject(fault)
					id, err := f.client.CreateCustomHostname(t.Context(), f.createInput())
					if err == nil {
						ids = append(ids, id)
						continue
					}
					if exists := new(HostnameExistsError); !errors.As(err, &exists) || !exists.SameRun || exists.Existing.HostnameID != ids[0] {
						t.Errorf("got error %v, want that this run created the hostname", err)
					}
				}
				if len(ids) == 2 && ids[0] == ids[1] {
					t.Errorf("both resources have the ids %v", ids)
				}
				if len(f.Hostnames()) != len(ids) {
					t.Errorf("the server has %d hostnames, the client returned %d", len(f.Hostnames()), len(ids))
				}
			})
		}
	}
}

// TestCreateWaitsForASiblings checks that the client finds a hostname that another resource has just created and that lists
// do not show yet.
func TestCreateWaitsForASiblings(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newVirtual(t, fakeesa.Options{UnlistedFor: 5 * time.Second})
		made := f.create(t)
		in := f.createInput()
		in.Hostname = strings.ToUpper(in.Hostname)
		id, err := f.client.CreateCustomHostname(t.Context(), in)
		f.wantExists(t, id, err, made, true, "CustomHostname.Duplicated")
	})
}

// TestCreateThatNeverRan checks that the last error is returned if the client knows that no attempt created the hostname.
func TestCreateThatNeverRan(t *testing.T) {
	for _, test := range []struct {
		name    string
		retries int
		faults  []fakeesa.Fault
		code    ErrorCode
		lists   int
	}{
		{"no retries", 0, []fakeesa.Fault{{Drop: true}}, "", 6},
		{"refused after a lost attempt", 3, []fakeesa.Fault{{Drop: true}, {Code: "NoPermission"}}, CodeNoPermission, 12},
		{"refused after an unclear refusal", 3, []fakeesa.Fault{{Code: "InternalException"}, {Code: "CustomHostname.ApplyCertFailed"}}, CodeApplyCertFailed, 12},
		{"the certificate was refused", 3, []fakeesa.Fault{{Code: "CustomHostname.SetCertFailed"}}, CodeSetCertFailed, 6},
	} {
		t.Run(test.name, func(t *testing.T) {
			f := newFixture(t, fakeesa.Options{}, func(c *Config) { c.MaxRetries = test.retries })
			f.client.jitter = func() float64 { return 1 }
			for _, fault := range test.faults {
				fault.Action = "CreateCustomHostname"
				f.Inject(fault)
			}
			id, err := f.client.CreateCustomHostname(t.Context(), f.createInput())
			var e *Error
			if !errors.As(err, &e) || e.Code != test.code || e.Action != "CreateCustomHostname" || id != 0 || errors.As(err, new(*UnclearCreateError)) {
				t.Errorf("got id %d, error %v; want the last error", id, err)
			}
			if creates, lists := f.Count("CreateCustomHostname"), f.Count("ListCustomHostnames"); creates != len(test.faults) || lists != test.lists {
				t.Errorf("got %d creates and %d lists, want %d and %d", creates, lists, len(test.faults), test.lists)
			}
		})
	}
}

func TestCreateSaysWhenNobodyKnows(t *testing.T) {
	f := newFixture(t, fakeesa.Options{}, func(c *Config) { c.MaxRetries = 1 })
	f.Inject(fakeesa.Fault{Times: -1, Drop: true})
	_, err := f.client.CreateCustomHostname(t.Context(), f.createInput())
	var lost *UnclearCreateError
	if !errors.As(err, &lost) {
		t.Errorf("got error %v, want an UnclearCreateError", err)
	}
	if n := f.Count("CreateCustomHostname"); n != 1 {
		t.Errorf("got %d creates, want 1", n)
	}
}

func TestAwaitCreated(t *testing.T) {
	t.Run("waits until ESA knows the hostname and has its token", func(t *testing.T) {
		f := newFixture(t, fakeesa.Options{NotFoundGets: 2, VerifyCodeGets: 2})
		got, err := f.client.AwaitCreated(t.Context(), f.create(t))
		if err != nil || got.VerifyCode == "" {
			t.Errorf("got %v, error %v; want a hostname with its token", got, err)
		}
	})
	t.Run("waits longer than for a token until ESA knows the hostname", func(t *testing.T) {
		f := newFixture(t, fakeesa.Options{NotFoundGets: 20})
		got, err := f.client.AwaitCreated(t.Context(), f.create(t))
		if err != nil || got == nil || got.VerifyCode == "" {
			t.Errorf("got %v, error %v; want a hostname with its token", got, err)
		}
	})
	t.Run("returns the hostname without a token if that takes too long", func(t *testing.T) {
		f := newFixture(t, fakeesa.Options{VerifyCodeGets: 1000})
		got, err := f.client.AwaitCreated(t.Context(), f.create(t))
		if err != nil || got == nil || got.VerifyCode != "" {
			t.Errorf("got %v, error %v; want a hostname without a token", got, err)
		}
		if n := f.Count("GetCustomHostname"); n > 20 {
			t.Errorf("got %d reads in a minute, want at most 20", n)
		}
	})
	t.Run("returns not found if ESA never shows the hostname", func(t *testing.T) {
		f := newFixture(t, fakeesa.Options{NotFoundGets: 1000000, TimestampWindow: 100000 * time.Hour})
		ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
		defer cancel()
		got, err := f.client.AwaitCreated(ctx, f.create(t))
		if got != nil || !IsNotFound(err) {
			t.Errorf("got %v, error %v; want not found", got, err)
		}
	})
}

func TestAwaitDeleted(t *testing.T) {
	f := newFixture(t, fakeesa.Options{DeletingGets: 3})
	id := f.create(t)
	if err := f.client.DeleteCustomHostname(t.Context(), id); err != nil {
		t.Fatal(err)
	}
	if err := f.client.AwaitDeleted(t.Context(), id); err != nil {
		t.Error(err)
	}
	if n := f.Count("GetCustomHostname"); n != 4 {
		t.Errorf("got %d reads, want 4", n)
	}
}

// TestAwaitDeletedEndsWithTheContext checks that it is an error if reads still show the hostname when the context ends.
func TestAwaitDeletedEndsWithTheContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newVirtual(t, fakeesa.Options{DeletingGets: 1000})
		id := f.create(t)
		if err := f.client.DeleteCustomHostname(t.Context(), id); err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Minute)
		defer cancel()
		if err := f.client.AwaitDeleted(ctx, id); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("got error %v, want %v", err, context.DeadlineExceeded)
		}
	})
}
