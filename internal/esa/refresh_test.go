package esa

import (
	"context"
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"terraform-provider-esa/internal/fakeesa"
)

// refreshed is a fixture with count hostnames, as a state knows them.
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

// withoutMoving changes a hostname in such a way that UpdateTime, of whole seconds, stays.
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

// The bound is the one that users are promised: 10 + N/500, and one call for one hostname.
func TestRefreshCosts(t *testing.T) {
	for _, count := range []int{1, 2, 10, 499, 1001, 2600} {
		f, known := refreshed(t, count)
		f.refreshAll(t, known, 10)
		calls := len(f.Requests())
		if limit := 10 + (count+499)/500; calls > limit || count == 1 && (calls != 1 || f.Count("GetCustomHostname") != 1) {
			t.Errorf("%d hostnames: %d calls, want at most %d", count, calls, limit)
		}
		t.Logf("%d hostnames: %d calls", count, calls)
	}
}

// A state that has few of a site's many hostnames must not pay for all pages.
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
			t.Errorf("%d of %d: %d calls, the cheaper way are %d", few, count, calls, cheaper)
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
					t.Errorf("%+v, %v", got, err)
				}
			},
		},
		"another cas_id": {
			func(f *fixture, id int64) { f.ChangeHostname(id, func(h *fakeesa.Hostname) { h.CasID = 30000479 }) },
			func(t *testing.T, got *CustomHostname, err error) {
				if err != nil || got.CasID != 30000479 {
					t.Errorf("%+v, %v", got, err)
				}
			},
		},
		"SSL off, UpdateTime unmoved": {
			func(f *fixture, id int64) { f.withoutMoving(id, func(h *fakeesa.Hostname) { h.SSLFlag = SSLOff }) },
			func(t *testing.T, got *CustomHostname, err error) {
				if err != nil || got.SSLFlag != SSLOff {
					t.Errorf("%+v, %v", got, err)
				}
			},
		},
		"deleted": {
			func(f *fixture, id int64) { f.RemoveHostname(id) },
			func(t *testing.T, got *CustomHostname, err error) {
				if !IsNotFound(err) {
					t.Errorf("%+v, %v", got, err)
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
				t.Errorf("%d calls", calls)
			}
		})
	}
}

// Pages are of no use for what this client has written, nor when they are old.
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
		t.Errorf("%+v, %v", got, err)
	}

	f.clock.offset += pageLife
	f.ChangeHostname(known[8].HostnameID, func(h *fakeesa.Hostname) { h.RecordID = other.ID })
	if got, err = f.client.RefreshCustomHostname(t.Context(), known[8]); err != nil || got.RecordID != other.ID {
		t.Errorf("%+v, %v", got, err)
	}
}

// A hostname that is being written is not taken from a page, whenever that was asked for.
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
			t.Errorf("%s: %d Gets, want 1", action, n)
		}
		// What is too old is asked for again.
		_ = f.clock.Sleep(t.Context(), pageLife)
		f.refreshAll(t, known[:5], 1)
	}
}

// Each of what a list shows of a certificate can alone tell of another one.
func TestSameDeployment(t *testing.T) {
	known := CustomHostname{UpdateTime: "2026-01-02T03:04:05Z", SSLFlag: SSLOn, CertType: CertTypeUpload, CertStatus: "OK", CertNotAfter: "2027-01-02T03:04:05Z"}
	same := known
	same.RecordID, same.Status, same.VerifyCode = 7, StatusOffline, "verify_x"
	if !same.sameDeployment(&known) {
		t.Error("a record, status or token speaks for another certificate")
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
			t.Errorf("another %s does not count", field)
		}
	}
}

func TestRefreshDoesWithoutPages(t *testing.T) {
	f, known := refreshed(t, 20)
	f.Inject(fakeesa.Fault{Action: "ListCustomHostnames", Code: "NoPermission", Status: 403})
	f.refreshAll(t, known, 5)
	if lists := f.Count("ListCustomHostnames"); lists != 1 {
		t.Errorf("%d lists, want one that fails", lists)
	}
	f.clock.offset += pageLife
	f.ClearFaults()
	f.ResetRequests()
	f.refreshAll(t, known, 5)
	if calls := len(f.Requests()); calls > 3 {
		t.Errorf("%d calls once pages can be read again", calls)
	}
}

// One reader's interrupt is not the others'.
func TestRefreshInterrupted(t *testing.T) {
	f, known := refreshed(t, 20)
	f.refreshAll(t, known[:1], 1)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := f.client.RefreshCustomHostname(ctx, known[1]); err == nil {
		t.Error("no error after an interrupt")
	}
	f.refreshAll(t, known, 5)
}

// TestRefreshModel does what users, others and time do, in random order and at once, and compares every answer with a
// Get's. Each hostname is one goroutine's; others come and go and shift the pages meanwhile.
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
		// Outside the provider, between two runs or two minutes of one.
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
	t.Logf("%d answers", answers)
}

func BenchmarkRefresh(b *testing.B) {
	f, known := refreshed(b, 1000)
	for i := 0; b.Loop(); i++ {
		if _, err := f.client.RefreshCustomHostname(b.Context(), known[i%len(known)]); err != nil {
			b.Fatal(err)
		}
	}
}

// refreshTwice refreshes all hostnames, each followed by two who know it by its id, as two validations do.
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
			t.Errorf("%d hostnames: %d calls, without those who know the id alone %d", count, calls, alone)
		}
	}
}

// Whatever has happened since, what is seen is what Get says.
func TestRefreshSeenSeesWhatHappens(t *testing.T) {
	for title, change := range map[string]func(f *fixture, id int64){
		"a certificate fails": func(f *fixture, id int64) {
			f.ChangeHostname(id, func(h *fakeesa.Hostname) { h.CertStatus = CertStatusApplyFailed })
		},
		"a hostname is deleted before its page is read": func(f *fixture, id int64) { f.RemoveHostname(id) },
	} {
		t.Run(title, func(t *testing.T) {
			f, known := refreshed(t, 40)
			changed := known[21] // with SSL
			change(f, changed.HostnameID)
			_, _ = f.client.RefreshCustomHostname(t.Context(), known[0])
			_, _ = f.client.RefreshCustomHostname(t.Context(), known[1])
			want, wantErr := f.client.GetCustomHostname(t.Context(), changed.HostnameID)
			got, err := f.client.RefreshSeen(t.Context(), CustomHostname{HostnameID: changed.HostnameID, CertStatus: changed.CertStatus, CertNotAfter: changed.CertNotAfter})
			if IsNotFound(err) != IsNotFound(wantErr) {
				t.Fatalf("%v, want %v", err, wantErr)
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
	get := func() { // as a refresh does that finds a reason to
		_, err := f.client.RefreshCustomHostname(t.Context(), CustomHostname{HostnameID: one.HostnameID})
		if err != nil {
			t.Fatal(err)
		}
		f.ResetRequests()
	}
	get()
	if f.refreshSeen(t, one); len(f.Requests()) != 0 {
		t.Errorf("%d calls for what was read a moment ago", len(f.Requests()))
	}
	if _, err := f.client.VerifyCustomHostname(t.Context(), one.HostnameID); err != nil {
		t.Fatal(err)
	}
	f.ResetRequests()
	if _, err := f.client.RefreshSeen(t.Context(), one); err != nil || len(f.Requests()) == 0 {
		t.Errorf("no call after a write (%v)", err)
	}
	get()
	_ = f.clock.Sleep(t.Context(), pageLife)
	if _, err := f.client.RefreshSeen(t.Context(), one); err != nil || len(f.Requests()) == 0 {
		t.Errorf("no call after a minute (%v)", err)
	}
}
