package esa

import (
	"errors"
	"fmt"
	"runtime"
	"testing"

	"terraform-provider-esa/internal/fakeesa"
)

func TestAllPagesAreRead(t *testing.T) {
	f := newFixture(t, fakeesa.Options{})
	const hostnames, sites = 1203, 701
	for i := range hostnames {
		f.AddHostname(fakeesa.Hostname{SiteID: f.site.ID, RecordID: f.record.ID, Hostname: fmt.Sprintf("h%d.customer.com", i), SSLFlag: SSLOff})
	}
	for i := range sites - 1 {
		f.AddSite(fmt.Sprintf("s%d.example", i))
	}
	seen := map[int64]bool{}
	for hostname, err := range f.client.AllCustomHostnames(t.Context(), ListCustomHostnamesInput{SiteID: f.site.ID}) {
		if err != nil {
			t.Fatal(err)
		}
		seen[hostname.HostnameID] = true
	}
	if len(seen) != hostnames || f.Count("ListCustomHostnames") != 3 {
		t.Errorf("got %d hostnames with %d calls, want %d with 3", len(seen), f.Count("ListCustomHostnames"), hostnames)
	}
	n := 0
	for _, err := range f.client.AllSites(t.Context(), ListSitesInput{}) {
		if err != nil {
			t.Fatal(err)
		}
		n++
	}
	if n != sites || f.Count("ListSites") != 2 {
		t.Errorf("got %d sites with %d calls, want %d with 2", n, f.Count("ListSites"), sites)
	}
}

func TestPagesEndWithTheFirstError(t *testing.T) {
	f := newFixture(t, fakeesa.Options{})
	for i := range MaxPageSize + 1 {
		f.AddRecord(f.site.ID, fmt.Sprintf("r%d.example.com", i))
	}
	f.Inject(fakeesa.Fault{Action: "ListRecords", Skip: 1, Code: "NoPermission", Status: 403})
	items, errs := 0, 0
	for _, err := range f.client.AllRecords(t.Context(), ListRecordsInput{SiteID: f.site.ID}) {
		if err != nil {
			errs++
			continue
		}
		items++
	}
	if items != MaxPageSize || errs != 1 {
		t.Errorf("got %d items and %d errors, want %d and 1", items, errs, MaxPageSize)
	}
}

// shiftingFixture has three pages of hostnames. It calls change after each call of ListCustomHostnames.
func shiftingFixture(t *testing.T, change func(f *fixture, calls int)) *fixture {
	t.Helper()
	var f *fixture
	calls := 0
	f = newFixture(t, fakeesa.Options{Log: func(r fakeesa.Request) {
		if r.Action == "ListCustomHostnames" {
			calls++
			change(f, calls)
		}
	}})
	f.add(1001)
	return f
}

// TestListsThatShift checks that a list is never shorter than what exists, without an error.
func TestListsThatShift(t *testing.T) {
	tests := map[string]func(f *fixture, calls int){
		"one of the first page is removed after it was read": func(f *fixture, calls int) {
			if calls == 1 {
				f.RemoveHostname(f.Hostnames()[3].ID)
			}
		},
		"one is added": func(f *fixture, calls int) {
			if calls == 1 {
				f.AddHostname(fakeesa.Hostname{SiteID: f.site.ID, RecordID: f.record.ID, Hostname: "new.customer.com", SSLFlag: SSLOff})
			}
		},
		"one is removed after every page": func(f *fixture, _ int) { f.RemoveHostname(f.Hostnames()[3].ID) },
	}
	for title, change := range tests {
		t.Run(title, func(t *testing.T) {
			f := shiftingFixture(t, change)
			before := f.Hostnames()
			seen := map[int64]bool{}
			for hostname, err := range f.client.AllCustomHostnames(t.Context(), ListCustomHostnamesInput{SiteID: f.site.ID}) {
				if err != nil {
					t.Fatal(err)
				}
				if seen[hostname.HostnameID] {
					t.Errorf("hostname %d is returned twice", hostname.HostnameID)
				}
				seen[hostname.HostnameID] = true
			}
			for _, h := range before {
				if _, exists := f.Hostname(h.ID); exists && !seen[h.ID] {
					t.Errorf("%s is not returned", h.Hostname)
				}
			}
		})
	}
}

// TestListsWithoutAnOrder checks that a list whose order differs in each response is read until all hostnames have been
// seen.
func TestListsWithoutAnOrder(t *testing.T) {
	f := newFixture(t, fakeesa.Options{ListOrder: fakeesa.ListAnyOrder})
	f.add(1203)
	seen := map[int64]bool{}
	for hostname, err := range f.client.AllCustomHostnames(t.Context(), ListCustomHostnamesInput{SiteID: f.site.ID}) {
		if err != nil {
			t.Fatal(err)
		}
		seen[hostname.HostnameID] = true
	}
	if len(seen) != 1203 {
		t.Errorf("got %d hostnames, want 1203", len(seen))
	}
}

// TestListsThatNeverShowAll checks that a list whose TotalCount is too high soon ends with an error.
func TestListsThatNeverShowAll(t *testing.T) {
	f := newFixture(t, fakeesa.Options{})
	f.Inject(fakeesa.Fault{Action: "ListSites", RawBody: text(`{"RequestId":"R","PageNumber":1,"PageSize":500,"TotalCount":2,"Sites":[{"SiteId":1,"SiteName":"example.com"}]}`), Times: 1})
	for range idleReadings + 1 {
		f.Inject(fakeesa.Fault{Action: "ListSites", RawBody: text(`{"RequestId":"R","PageNumber":2,"PageSize":500,"TotalCount":2,"Sites":[]}`), Times: 1})
	}
	var failed error
	for _, err := range f.client.AllSites(t.Context(), ListSitesInput{}) {
		failed = err
	}
	if !errors.Is(failed, errShortList) || f.Count("ListSites") > 2+idleReadings {
		t.Errorf("got error %v after %d calls, want errShortList after a few", failed, f.Count("ListSites"))
	}
}

// TestTotalCountReservesNothing checks that the TotalCount of a response does not allocate memory.
func TestTotalCountReservesNothing(t *testing.T) {
	f := newFixture(t, fakeesa.Options{})
	ids := f.add(3)
	f.Inject(fakeesa.Fault{Action: "ListCustomHostnames", RawBody: text(`{"RequestId":"R","PageNumber":1,"PageSize":500,"TotalCount":20000000,"Hostnames":[]}`), Times: -1})
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	for _, id := range ids {
		if _, err := f.client.RefreshCustomHostname(t.Context(), CustomHostname{HostnameID: id, SiteID: f.site.ID, UpdateTime: "x"}); err != nil {
			t.Error(err)
		}
	}
	runtime.ReadMemStats(&after)
	if used := after.TotalAlloc - before.TotalAlloc; used > 50<<20 {
		t.Errorf("got %d MiB allocated, want at most 50", used>>20)
	}
}
