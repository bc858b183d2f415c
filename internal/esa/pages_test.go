package esa

import (
	"fmt"
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
		t.Errorf("%d hostnames with %d calls", len(seen), f.Count("ListCustomHostnames"))
	}
	n := 0
	for _, err := range f.client.AllSites(t.Context(), ListSitesInput{}) {
		if err != nil {
			t.Fatal(err)
		}
		n++
	}
	if n != sites || f.Count("ListSites") != 2 {
		t.Errorf("%d sites with %d calls", n, f.Count("ListSites"))
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
		t.Errorf("%d items and %d errors", items, errs)
	}
}
