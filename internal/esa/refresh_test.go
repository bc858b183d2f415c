package esa

import (
	"context"
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"terraform-provider-esa/internal/fakeesa"
)

// refreshed is a fixture with count hostnames, and returns them as they are in state.
func refreshed(t testing.TB, count int) (*fixture, []CustomHostname) {
	t.Helper()
	f := newFixture(t, fakeesa.Options{})
	known := make([]CustomHostname, count)
	for i := range known {
		made := fakeesa.Hostname{SiteID: f.site.ID, RecordID: f.record.ID, Hostname: fmt.Sprintf("h%d.customer.com", i), SSLFlag: SSLOff}
		if i%2 == 1 {
			made.SSLFlag, made.CertType, made.CasID = SSLOn, CertTypeCAS, 30000478
		}
		known[i] = f.get(t, f.AddHostname(made).ID)
	}
	f.ResetRequests()
	return f, known
}

func (f *fixture) get(t testing.TB, id int64) CustomHostname {
	t.Helper()
	hostname, err := f.client.GetCustomHostname(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	return *hostname
}

// withoutMoving changes a hostname so that UpdateTime, which has whole seconds, stays the same.
func (f *fixture) withoutMoving(id int64, change func(*fakeesa.Hostname)) {
	f.ChangeHostname(id, func(h *fakeesa.Hostname) {
		change(h)
		h.UpdateTime = h.UpdateTime.Add(time.Nanosecond)
	})
}

func (f *fixture) refreshAll(t testing.TB, known []CustomHostname, parallel int) {
	t.Helper()
	var group sync.WaitGroup
	work := make(chan CustomHostname)
	for range parallel {
		group.Go(func() {
			for hostname := range work {
				got, err := f.client.RefreshCustomHostname(t.Context(), hostname)
				if err != nil {
					t.Error(err)
					continue
				}
				if diff := cmp.Diff(&hostname, got); diff != "" {
					t.Errorf("%s (-known +got):\n%s", hostname.Hostname, diff)
				}
			}
		})
	}
	for _, hostname := range known {
		work <- hostname
	}
	close(work)
	group.Wait()
}

// TestRefreshCosts checks the limit that the documentation promises: 10 + N/500 calls, and one call for one hostname.
func TestRefreshCosts(t *testing.T) {
	for _, count := range []int{1, 2, 10, 499, 1001, 2600} {
		f, known := refreshed(t, count)
		f.refreshAll(t, known, 10)
		calls := len(f.Requests())
		if limit := 10 + (count+499)/500; calls > limit || count == 1 && (calls != 1 || f.Count("GetCustomHostname") != 1) {
			t.Errorf("%d hostnames: got %d calls, want at most %d", count, calls, limit)
		}
		t.Logf("%d hostnames: %d calls", count, calls)
	}
}

// TestRefreshOfAFewOfMany checks that a state with few of a site's many hostnames does not read all pages.
func TestRefreshOfAFewOfMany(t *testing.T) {
	const count, size = 400, 10 // 40 pages
	f, known := refreshed(t, count)
	for _, few := range []int{1, 2, 5, 20, 40, 80, count} {
		f.client.pageIndex = newPageIndex()
		f.client.pageIndex.pageSize = size
		f.ResetRequests()
		f.refreshAll(t, known[count-few:], 10)
		cheaper := min(few, count/size)
		if calls := len(f.Requests()); calls > 2*cheaper+1 {
			t.Errorf("%d of %d: got %d calls, want at most %d", few, count, calls, 2*cheaper+1)
		}
	}
}

func TestRefreshSeesWhatOthersDo(t *testing.T) {
	const count = 60
	for title, test := range map[string]struct {
		change func(f *fixture, id int64)
		check  func(t *testing.T, got *CustomHostname, err error)
	}{
		"another record, UpdateTime unmoved": {
			func(f *fixture, id int64) {
				record := f.AddRecord(f.site.ID, "other.example.com").ID
				f.withoutMoving(id, func(h *fakeesa.Hostname) { h.RecordID = record })
			},
			func(t *testing.T, got *CustomHostname, err error) {
				if err != nil || got.RecordName != "other.example.com" {
					t.Errorf("got %+v, error %v; want the new record", got, err)
				}
			},
		},
		"another cas_id": {
			func(f *fixture, id int64) { f.ChangeHostname(id, func(h *fakeesa.Hostname) { h.CasID = 30000479 }) },
			func(t *testing.T, got *CustomHostname, err error) {
				if err != nil || got.CasID != 30000479 {
					t.Errorf("got %+v, error %v; want the new cas_id", got, err)
				}
			},
		},
		"SSL off, UpdateTime unmoved": {
			func(f *fixture, id int64) { f.withoutMoving(id, func(h *fakeesa.Hostname) { h.SSLFlag = SSLOff }) },
			func(t *testing.T, got *CustomHostname, err error) {
				if err != nil || got.SSLFlag != SSLOff {
					t.Errorf("got %+v, error %v; want SSL off", got, err)
				}
			},
		},
		"deleted": {
			func(f *fixture, id int64) { f.RemoveHostname(id) },
			func(t *testing.T, got *CustomHostname, err error) {
				if !IsNotFound(err) {
					t.Errorf("got %+v, error %v; want not found", got, err)
				}
			},
		},
	} {
		t.Run(title, func(t *testing.T) {
			f, known := refreshed(t, count)
			changed := known[count-1]
			f.clock.offset += time.Hour
			test.change(f, changed.HostnameID)
			f.refreshAll(t, known[:count-1], 4)
			got, err := f.client.RefreshCustomHostname(t.Context(), changed)
			test.check(t, got, err)
			if calls := len(f.Requests()); calls > 5 {
				t.Errorf("got %d calls, want at most 5", calls)
			}
		})
	}
}

// TestRefreshAfterAWrite checks that pages are not used for a hostname that this client has written, nor when they are too
// old.
func TestRefreshAfterAWrite(t *testing.T) {
	f, known := refreshed(t, 20)
	other := f.AddRecord(f.site.ID, "other.example.com")
	f.refreshAll(t, known, 1)
	id := known[7].HostnameID
	if err := f.client.UpdateCustomHostname(t.Context(), UpdateCustomHostnameInput{HostnameID: id, RecordID: other.ID}); err != nil {
		t.Fatal(err)
	}
	got, err := f.client.RefreshCustomHostname(t.Context(), known[7])
	if err != nil || got.RecordID != other.ID {
		t.Errorf("got %+v, error %v; want the new record", got, err)
	}

	f.clock.offset += pageLife
	f.ChangeHostname(known[8].HostnameID, func(h *fakeesa.Hostname) { h.RecordID = other.ID })
	if got, err = f.client.RefreshCustomHostname(t.Context(), known[8]); err != nil || got.RecordID != other.ID {
		t.Errorf("got %+v, error %v; want the new record", got, err)
	}
}

// TestRefreshDuringAWrite checks that a hostname that is being written is not taken from a page, whether the page was read
// before the write or during it.
func TestRefreshDuringAWrite(t *testing.T) {
	f, known := refreshed(t, 10)
	f.refreshAll(t, known, 1)
	done := f.client.pageIndex.writing(known[7].HostnameID)
	defer done()
	for _, action := range []string{"a page from before", "a page from meanwhile"} {
		f.ResetRequests()
		if _, err := f.client.RefreshCustomHostname(t.Context(), known[7]); err != nil {
			t.Fatal(err)
		}
		if n := f.Count("GetCustomHostname"); n != 1 {
			t.Errorf("%s: got %d calls of GetCustomHostname, want 1", action, n)
		}
		// A page that is too old is read again.
		_ = f.clock.Sleep(t.Context(), pageLife)
		f.refreshAll(t, known[:5], 1)
	}
}

// TestSameDeployment checks that each field that a list returns about a certificate is enough to detect another certificate.
func TestSameDeployment(t *testing.T) {
	known := CustomHostname{UpdateTime: "2026-01-02T03:04:05Z", SSLFlag: SSLOn, CertType: CertTypeUpload, CertStatus: "OK", CertNotAfter: "2027-01-02T03:04:05Z"}
	same := known
	same.RecordID, same.Status, same.VerifyCode = 7, StatusOffline, "verify_x"
	if !same.sameDeployment(&known) {
		t.Error("another record, status or token counts as another certificate")
	}
	for field, change := range map[string]func(*CustomHostname){
		"UpdateTime":   func(h *CustomHostname) { h.UpdateTime = "2026-01-02T03:04:06Z" },
		"SslFlag":      func(h *CustomHostname) { h.SSLFlag = SSLOff },
		"CertType":     func(h *CustomHostname) { h.CertType = CertTypeCAS },
		"CertStatus":   func(h *CustomHostname) { h.CertStatus = "Expired" },
		"CertNotAfter": func(h *CustomHostname) { h.CertNotAfter = "2028-01-02T03:04:05Z" },
	} {
		other := known
		change(&other)
		if other.sameDeployment(&known) {
			t.Errorf("another %s does not count as another certificate", field)
		}
	}
}

func TestRefreshDoesWithoutPages(t *testing.T) {
	f, known := refreshed(t, 20)
	f.Inject(fakeesa.Fault{Action: "ListCustomHostnames", Code: "NoPermission", Status: 403})
	f.refreshAll(t, known, 5)
	if lists := f.Count("ListCustomHostnames"); lists != 1 {
		t.Errorf("got %d lists, want only the one that fails", lists)
	}
	f.clock.offset += pageLife
	f.ClearFaults()
	f.ResetRequests()
	f.refreshAll(t, known, 5)
	if calls := len(f.Requests()); calls > 3 {
		t.Errorf("got %d calls after pages can be read again, want at most 3", calls)
	}
}

// TestRefreshInterrupted checks that an interrupt of one call does not end the others.
func TestRefreshInterrupted(t *testing.T) {
	f, known := refreshed(t, 20)
	f.refreshAll(t, known[:1], 1)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := f.client.RefreshCustomHostname(ctx, known[1]); err == nil {
		t.Error("got no error after an interrupt, want one")
	}
	f.refreshAll(t, known, 5)
}

// TestRefreshModel performs what users, other people and time do to hostnames, in random order and at the same time. It
// compares every result with that of GetCustomHostname. Each hostname has its own goroutine; other hostnames are created and
// deleted meanwhile and shift the pages.
func TestRefreshModel(t *testing.T) {
	const rounds, hostnames, goroutines = 60, 48, 8
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	random := rand.New(rand.NewPCG(seed, 0))
	f, known := refreshed(t, hostnames)
	f.client.pageIndex.pageSize = 7
	records := []int64{f.record.ID, f.AddRecord(f.site.ID, "other.example.com").ID}
	var bystanders []int64

	answers := 0
	for range rounds {
		// Something outside the provider changes the hostname between two runs, or within one.
		f.clock.offset += pageLife
		for i := range known {
			id := known[i].HostnameID
			record, cas := records[random.IntN(2)], 30000478+random.Int64N(2)
			switch random.IntN(12) {
			case 0:
				f.withoutMoving(id, func(h *fakeesa.Hostname) { h.RecordID = record })
			case 1:
				f.ChangeHostname(id, func(h *fakeesa.Hostname) { h.SSLFlag, h.CertType, h.CasID = SSLOn, CertTypeCAS, cas })
			case 2:
				f.ChangeHostname(id, func(h *fakeesa.Hostname) { h.SSLFlag = SSLOff })
			}
		}
		var group sync.WaitGroup
		for g := range goroutines {
			mine := rand.New(rand.NewPCG(random.Uint64(), 0))
			group.Go(func() {
				for i := g; i < hostnames; i += goroutines {
					id := known[i].HostnameID
					if mine.IntN(3) == 0 {
						in := UpdateCustomHostnameInput{HostnameID: id, RecordID: records[mine.IntN(2)]}
						if err := f.client.UpdateCustomHostname(t.Context(), in); err != nil {
							t.Error(err)
						}
					}
					got, err := f.client.RefreshCustomHostname(t.Context(), known[i])
					want, wantErr := f.client.GetCustomHostname(t.Context(), id)
					if err != nil || wantErr != nil {
						t.Error(err, wantErr)
						continue
					}
					if diff := cmp.Diff(want, got); diff != "" {
						t.Errorf("%s (-Get +refresh):\n%s", want.Hostname, diff)
					}
					known[i] = *got
				}
			})
		}
		group.Go(func() {
			for range 10 {
				if len(bystanders) > 0 && random.IntN(2) == 0 {
					f.RemoveHostname(bystanders[0])
					bystanders = bystanders[1:]
					continue
				}
				made := f.AddHostname(fakeesa.Hostname{SiteID: f.site.ID, RecordID: f.record.ID, Hostname: fmt.Sprintf("b%d.customer.com", random.Int64()), SSLFlag: SSLOff})
				bystanders = append(bystanders, made.ID)
			}
		})
		group.Wait()
		answers += hostnames
	}
	t.Logf("%d results", answers)
}

func BenchmarkRefresh(b *testing.B) {
	f, known := refreshed(b, 1000)
	for i := 0; b.Loop(); i++ {
		if _, err := f.client.RefreshCustomHostname(b.Context(), known[i%len(known)]); err != nil {
			b.Fatal(err)
		}
	}
}

// refreshTwice refreshes all hostnames. After each one, two callers that have only its id read it, as two validations do.
func (f *fixture) refreshTwice(t testing.TB, known []CustomHostname) {
	t.Helper()
	for _, hostname := range known {
		f.refreshAll(t, []CustomHostname{hostname}, 1)
		for range 2 {
			f.refreshSeen(t, hostname)
		}
	}
}

func (f *fixture) refreshSeen(t testing.TB, known CustomHostname) {
	t.Helper()
	got, err := f.client.RefreshSeen(t.Context(), CustomHostname{HostnameID: known.HostnameID, CertStatus: known.CertStatus, CertNotAfter: known.CertNotAfter})
	if err != nil {
		t.Fatal(err)
	}
	known.CasID, known.CertID, known.Certificate = got.CasID, got.CertID, got.Certificate
	if diff := cmp.Diff(&known, got); diff != "" {
		t.Errorf("%s (-known +got):\n%s", known.Hostname, diff)
	}
}

func TestRefreshSeenCostsNothing(t *testing.T) {
	for _, count := range []int{1, 2, 150, 1001} {
		f, known := refreshed(t, count)
		f.refreshAll(t, known, 1)
		alone := len(f.Requests())

		f, known = refreshed(t, count)
		f.refreshTwice(t, known)
		if calls := len(f.Requests()); calls > alone {
			t.Errorf("%d hostnames: got %d calls, want at most the %d without the callers that have only the id", count, calls, alone)
		}
	}
}

// TestRefreshSeenSeesWhatHappens checks that RefreshSeen returns what GetCustomHostname returns, whatever has changed since.
func TestRefreshSeenSeesWhatHappens(t *testing.T) {
	for title, change := range map[string]func(f *fixture, id int64){
		"a certificate fails": func(f *fixture, id int64) {
			f.ChangeHostname(id, func(h *fakeesa.Hostname) { h.CertStatus = CertStatusApplyFailed })
		},
		"a hostname is deleted before its page is read": func(f *fixture, id int64) { f.RemoveHostname(id) },
	} {
		t.Run(title, func(t *testing.T) {
			f, known := refreshed(t, 40)
			changed := known[21] // a hostname with SSL
			change(f, changed.HostnameID)
			_, _ = f.client.RefreshCustomHostname(t.Context(), known[0])
			_, _ = f.client.RefreshCustomHostname(t.Context(), known[1])
			want, wantErr := f.client.GetCustomHostname(t.Context(), changed.HostnameID)
			got, err := f.client.RefreshSeen(t.Context(), CustomHostname{HostnameID: changed.HostnameID, CertStatus: changed.CertStatus, CertNotAfter: changed.CertNotAfter})
			if IsNotFound(err) != IsNotFound(wantErr) {
				t.Fatalf("got error %v, want %v", err, wantErr)
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestRefreshSeenAfterAWriteAndAfterAMinute(t *testing.T) {
	f, known := refreshed(t, 2)
	one := known[1]
	get := func() { // like a refresh that needs the hostname's own read
		_, err := f.client.RefreshCustomHostname(t.Context(), CustomHostname{HostnameID: one.HostnameID})
		if err != nil {
			t.Fatal(err)
		}
		f.ResetRequests()
	}
	get()
	if f.refreshSeen(t, one); len(f.Requests()) != 0 {
		t.Errorf("got %d calls for a hostname that was just read, want none", len(f.Requests()))
	}
	if _, err := f.client.VerifyCustomHostname(t.Context(), one.HostnameID); err != nil {
		t.Fatal(err)
	}
	f.ResetRequests()
	if _, err := f.client.RefreshSeen(t.Context(), one); err != nil || len(f.Requests()) == 0 {
		t.Errorf("no call after a write (error %v)", err)
	}
	get()
	_ = f.clock.Sleep(t.Context(), pageLife)
	if _, err := f.client.RefreshSeen(t.Context(), one); err != nil || len(f.Requests()) == 0 {
		t.Errorf("no call after a minute (error %v)", err)
	}
}

// TestRefreshCalls checks the calls of single refreshes, one after another: G is a Get, and L the list of a page.
func TestRefreshCalls(t *testing.T) {
	const verify = -1
	type step struct {
		after    time.Duration // since the first step
		hostname int
		want     string // the calls
	}
	for name, test := range map[string]struct {
		count, size int
		steps       []step
	}{
		"the hostnames of the last of three pages": {7, 3, []step{
			{0, 6, "G"}, {0, 6, "L1G"}, {0, 6, "L2L3"}, {0, 6, ""}, {0, 5, ""}, {pageLife - 1, 0, ""},
		}},
		"the hostnames of the first page": {7, 3, []step{{0, 0, "G"}, {0, 1, "L1"}, {0, 2, ""}, {0, 3, "G"}, {0, 4, "L2L3"}, {0, 5, ""}}},
		"one page":                        {2, 3, []step{{0, 0, "G"}, {0, 1, "L1"}, {pageLife - 1, 0, ""}, {pageLife, 0, "L1"}, {pageLife, 1, ""}}},
		"one full page":                   {3, 3, []step{{0, 0, "G"}, {0, 1, "L1"}, {0, 2, ""}}},
		"pages that were worth it": {7, 3, []step{
			{0, 0, "G"}, {0, 0, "L1"}, {0, 6, "G"}, {0, 6, "L2L3"}, {0, 5, ""}, {pageLife, 5, "L1L2L3"}, {pageLife, 0, ""},
		}},
		"pages that were not worth it": {7, 3, []step{
			{0, 0, "G"}, {0, 0, "L1"}, {0, 6, "G"}, {0, 6, "L2L3"}, {pageLife, 5, "G"}, {pageLife, 0, "L1"},
		}},
		"after a write": {2, 3, []step{{0, 0, "G"}, {0, 1, "L1"}, {0, verify, "V"}, {0, 0, "G"}, {0, 1, ""}, {pageLife, 0, "L1"}, {pageLife, 0, ""}}},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				f := newVirtual(t, fakeesa.Options{})
				known := make([]CustomHostname, test.count)
				for i, id := range f.add(test.count) {
					known[i] = f.get(t, id)
				}
				f.client.pageIndex.pageSize = test.size
				f.ResetRequests()
				began := time.Now()
				for i, step := range test.steps {
					time.Sleep(time.Until(began.Add(step.after)))
					f.ResetRequests()
					if step.hostname == verify {
						if _, err := f.client.VerifyCustomHostname(t.Context(), known[0].HostnameID); err != nil {
							t.Fatal(err)
						}
					} else if got, err := f.client.RefreshCustomHostname(t.Context(), known[step.hostname]); err != nil || !cmp.Equal(*got, known[step.hostname]) {
						t.Errorf("step %d: got %+v, error %v; want %+v", i, got, err, known[step.hostname])
					}
					if calls := f.calls(); calls != step.want {
						t.Errorf("step %d: got the calls %q, want %q", i, calls, step.want)
					}
				}
			})
		})
	}
}

// calls returns the first letter of each call, with the page's number.
func (f *fixture) calls() (calls string) {
	for _, request := range f.Requests() {
		calls += request.Action[:1] + request.Params.Get("PageNumber")
	}
	return calls
}

// TestRefreshEndsAtAnEmptyPage checks that pages are read until the first empty one, whatever the total.
func TestRefreshEndsAtAnEmptyPage(t *testing.T) {
	f, known := refreshed(t, 9)
	f.client.pageIndex.pageSize = 3
	f.Inject(fakeesa.Fault{Action: "ListCustomHostnames", Params: map[string]string{"PageNumber": "2"}, RawBody: text(`{"RequestId":"R","TotalCount":9,"Hostnames":[]}`)})
	for _, want := range []string{"G", "L1G", "L2G", "G", "G"} {
		f.ResetRequests()
		if _, err := f.client.RefreshCustomHostname(t.Context(), known[8]); err != nil || f.calls() != want {
			t.Errorf("got the calls %q, error %v; want %q", f.calls(), err, want)
		}
	}
}

// TestRefreshWithoutPages checks how long no page is read after one could not be read.
func TestRefreshWithoutPages(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newVirtual(t, fakeesa.Options{})
		known := f.get(t, f.add(2)[0])
		f.Inject(fakeesa.Fault{Action: "ListCustomHostnames", Code: "NoPermission"})
		began := time.Now()
		for _, step := range []struct {
			after time.Duration
			want  string
		}{{0, "G"}, {0, "L1G"}, {0, "G"}, {pageLife - 1, "G"}, {pageLife, "L1"}, {pageLife, ""}} {
			time.Sleep(time.Until(began.Add(step.after)))
			f.ResetRequests()
			if _, err := f.client.RefreshCustomHostname(t.Context(), known); err != nil || f.calls() != step.want {
				t.Errorf("after %v: got the calls %q, error %v; want %q", step.after, f.calls(), err, step.want)
			}
		}
	})
}

// TestRefreshNeedsTheSiteAndTheTime checks that a hostname is read by Get if its site or its UpdateTime is unknown.
func TestRefreshNeedsTheSiteAndTheTime(t *testing.T) {
	f, known := refreshed(t, 3)
	f.refreshAll(t, known, 1)
	for field, change := range map[string]func(*CustomHostname){
		"SiteID":     func(h *CustomHostname) { h.SiteID = 0 },
		"UpdateTime": func(h *CustomHostname) { h.UpdateTime = "" },
	} {
		less := known[1]
		change(&less)
		f.ResetRequests()
		if got, err := f.client.RefreshCustomHostname(t.Context(), less); err != nil || !cmp.Equal(*got, known[1]) || f.calls() != "G" {
			t.Errorf("without %s: got %+v, error %v, calls %q; want one Get", field, got, err, f.calls())
		}
	}
}

// TestRefreshSeenCalls checks the calls for hostnames of which only the id is known.
func TestRefreshSeenCalls(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newVirtual(t, fakeesa.Options{})
		ids := f.add(4)
		ssl := f.AddHostname(fakeesa.Hostname{SiteID: f.site.ID, RecordID: f.record.ID, Hostname: shop, SSLFlag: SSLOn, CertType: CertTypeCAS, CasID: 30000478}).ID
		whole := f.get(t, ssl)
		began := time.Now()
		seen := func(after time.Duration, id int64, known CustomHostname, want string) {
			t.Helper()
			time.Sleep(time.Until(began.Add(after)))
			f.ResetRequests()
			known.HostnameID = id
			got, err := f.client.RefreshSeen(t.Context(), known)
			if calls := f.calls(); err != nil || got.HostnameID != id || got.SiteID != f.site.ID || calls != want {
				t.Errorf("hostname %d: got %+v, error %v, calls %q; want %q", id, got, err, calls, want)
			}
		}
		for _, id := range ids[:3] { // of sites that are unknown
			seen(0, id, CustomHostname{}, "G")
		}
		seen(0, ids[0], CustomHostname{}, "")
		seen(pageLife-1, ids[0], CustomHostname{}, "")
		began = began.Add(pageLife)
		seen(0, ids[0], CustomHostname{}, "G")
		seen(0, ssl, CustomHostname{}, "G")
		seen(0, ids[1], CustomHostname{}, "L1")
		seen(0, ids[3], CustomHostname{}, "")
		seen(0, ids[0], CustomHostname{}, "") // what Get returned
		seen(0, ssl, CustomHostname{}, "")
		got, err := f.client.RefreshSeen(t.Context(), CustomHostname{HostnameID: ssl})
		if err != nil || !cmp.Equal(*got, whole) {
			t.Errorf("got %+v, error %v; want what Get returned", got, err)
		}
		// After a minute, only a page may still show it, without what lists do not include. Its certificate has to be as known.
		began = began.Add(pageLife)
		seen(0, ssl, CustomHostname{CertStatus: whole.CertStatus, CertNotAfter: whole.CertNotAfter}, "L1")
		seen(0, ssl, CustomHostname{CertStatus: whole.CertStatus, CertNotAfter: whole.CertNotAfter}, "")
		seen(0, ssl, CustomHostname{CertStatus: whole.CertStatus}, "G")
		// What pages show of a hostname is not used after a write.
		if _, err := f.client.VerifyCustomHostname(t.Context(), ids[3]); err != nil {
			t.Fatal(err)
		}
		seen(0, ids[3], CustomHostname{}, "G")
		seen(0, ids[3], CustomHostname{}, "")
	})
}
