package esa

import (
	"errors"
	"fmt"
	"runtime"
	"slices"
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

// TestPages checks how often a list is read, for lists that change in various ways.
func TestPages(t *testing.T) {
	type page struct {
		items []int64
		total int
	}
	one := func(i int) []page { return []page{{[]int64{int64(i)}, 1000}, {nil, 1000}} }
	for name, test := range map[string]struct {
		readings [][]page // the last one is repeated
		want     []int64
		fails    bool
		pages    int // that are read
	}{
		"an empty list":                     {[][]page{{{nil, 0}}}, nil, false, 1},
		"two pages":                         {[][]page{{{[]int64{1, 2}, 3}, {[]int64{3}, 3}}}, []int64{1, 2, 3}, false, 2},
		"an item on two pages":              {[][]page{{{[]int64{1, 2}, 4}, {[]int64{2, 3}, 4}}, {{[]int64{1, 2}, 3}, {[]int64{3}, 3}}}, []int64{1, 2, 3}, false, 4},
		"an item less meanwhile":            {[][]page{{{[]int64{1, 2}, 3}, {nil, 2}}, {{[]int64{2, 3}, 2}}}, []int64{1, 2, 3}, false, 3},
		"an item more than counted":         {[][]page{{{[]int64{1, 2}, 1}}}, []int64{1, 2}, false, 1},
		"complete once nothing is new":      {[][]page{{{[]int64{1, 2}, 3}, {nil, 3}}, {{[]int64{2, 3}, 3}, {nil, 3}}, {{[]int64{1, 2}, 3}, {nil, 3}}}, []int64{1, 2, 3}, false, 6},
		"one is never listed":               {[][]page{{{[]int64{1, 2}, 3}, {nil, 3}}}, []int64{1, 2}, true, 2 + 2*idleReadings},
		"one is never listed, and one late": {[][]page{one(1), one(1), one(1), one(1), one(1), one(2), one(2)}, []int64{1, 2}, true, 2*6 + 2*idleReadings},
	} {
		reading, read := -1, 0
		var got []int64
		var failed error
		for item, err := range pages(func(i *int64) int64 { return *i }, func(number int) ([]int64, int, error) {
			read++
			if number == 1 {
				reading = min(reading+1, len(test.readings)-1)
			}
			next := test.readings[reading][number-1]
			return next.items, next.total, nil
		}) {
			if failed = err; err == nil {
				got = append(got, item)
			}
		}
		if !slices.Equal(got, test.want) || errors.Is(failed, errShortList) != test.fails || read != test.pages {
			t.Errorf("%s: got %v, error %v after %d pages; want %v after %d", name, got, failed, read, test.want, test.pages)
		}
	}
	t.Run("always new", func(t *testing.T) {
		read := 0
		var last error
		for _, err := range pages(func(i *int64) int64 { return *i }, func(number int) ([]int64, int, error) {
			if read++; number > 1 {
				return nil, 1000, nil
			}
			return []int64{int64(read)}, 1000, nil
		}) {
			last = err
		}
		wantText(t, last, "the list changed while it was read, 5 times in a row, so items are missing")
		if read != 2*listReadings {
			t.Errorf("got %d pages, want %d", read, 2*listReadings)
		}
	})
}

// TestAllOfEachKind checks the calls for all pages of each kind of list, that the reader can stop early, and that the first
// error ends the list.
func TestAllOfEachKind(t *testing.T) {
	f := newFixture(t, fakeesa.Options{})
	f.add(501)
	for i := range 500 {
		f.AddRecord(f.site.ID, fmt.Sprintf("r%d.example.com", i))
		f.AddSite(fmt.Sprintf("s%d.example", i))
	}
	for action, all := range map[string]func(yield func(int64, error) bool){
		"ListCustomHostnames": func(yield func(int64, error) bool) {
			for h, err := range f.client.AllCustomHostnames(t.Context(), ListCustomHostnamesInput{SiteID: f.site.ID, PageSize: 7, PageNumber: 3}) {
				if !yield(h.HostnameID, err) {
					return
				}
			}
		},
		"ListRecords": func(yield func(int64, error) bool) {
			for r, err := range f.client.AllRecords(t.Context(), ListRecordsInput{SiteID: f.site.ID, PageSize: 7, PageNumber: 3}) {
				if !yield(r.RecordID, err) {
					return
				}
			}
		},
		"ListSites": func(yield func(int64, error) bool) {
			for s, err := range f.client.AllSites(t.Context(), ListSitesInput{PageSize: 7, PageNumber: 3}) {
				if !yield(s.SiteID, err) {
					return
				}
			}
		},
	} {
		f.ResetRequests()
		seen := map[int64]bool{}
		for id, err := range all {
			if err != nil {
				t.Fatal(err)
			}
			seen[id] = true
		}
		var asked []string
		for _, request := range f.Requests() {
			asked = append(asked, request.Action+" "+request.Params.Get("PageNumber")+" "+request.Params.Get("PageSize"))
		}
		if want := []string{action + " 1 500", action + " 2 500"}; len(seen) != 501 || !slices.Equal(asked, want) {
			t.Errorf("%s: got %d items with the calls %q, want 501 with %q", action, len(seen), asked, want)
		}
		f.ResetRequests()
		for _, err := range all {
			if err != nil {
				t.Error(err)
			}
			break
		}
		if n := f.Count(action); n != 1 {
			t.Errorf("%s: got %d calls for the first item, want 1", action, n)
		}
		f.Inject(fakeesa.Fault{Skip: 1, Code: "NoPermission"})
		items, failures := 0, 0
		for id, err := range all {
			items++
			if err != nil {
				if failures++; !IsCode(err, CodeNoPermission) || id != 0 {
					t.Errorf("%s: got id %d, error %v; want NoPermission", action, id, err)
				}
			}
		}
		if items != 501 || failures != 1 {
			t.Errorf("%s: got %d items and %d errors, want 500 and then 1 error", action, items-failures, failures)
		}
	}
}
