package fakeesa

import (
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"
)

// TestDefaultsOfTheScene compares all fields of objects that are added with as few as possible.
func TestDefaultsOfTheScene(t *testing.T) {
	t.Parallel()
	w := &world{t: t, clock: newClock()}
	w.Server = New(Options{Now: w.clock.Now})
	now := w.clock.Now()
	siteOf := func(site Site) Site {
		site.VerifyCode = randomTexts.ReplaceAllString(site.VerifyCode, "X")
		return site
	}
	site := w.AddSite("Example.COM.")
	want := Site{
		ID: 4514973387335745, Name: "example.com", Status: "active", AccessType: "NS", Coverage: "overseas", NameServerList: "ns1.esa.example,ns2.esa.example",
		InstanceID: "esa-site-4514973387335745", PlanName: "enterpriseplan", PlanSpecName: "enterpriseplan", ResourceGroupID: "rg-default", VerifyCode: "X",
		CreateTime: now, UpdateTime: now, VisitTime: now,
	}
	if got := siteOf(site); !reflect.DeepEqual(got, want) {
		t.Errorf("site: got\n%+v\nwant\n%+v", got, want)
	}
	const shown = `"AccessType":"NS","CnameZone":"","Coverage":"overseas","CreateTime":"2026-01-02T03:04:05Z","InstanceId":"esa-site-4514973387335745",` +
		`"NameServerList":"ns1.esa.example,ns2.esa.example","PlanName":"enterpriseplan","PlanSpecName":"enterpriseplan","ResourceGroupId":"rg-default",` +
		`"SiteId":4514973387335745,"SiteName":"example.com","Status":"active","Tags":{},"UpdateTime":"2026-01-02T03:04:05Z","VerifyCode":"CODE"`
	for action, want := range map[string]string{
		"GetSite":   `{"RequestId":"R","SiteModel":{` + shown + `,"VanityNSList":{},"VersionManagement":false}}`,
		"ListSites": `{"RequestId":"R","PageNumber":1,"PageSize":500,"TotalCount":1,"Sites":[{` + shown + `,"VisitTime":"2026-01-02T03:04:05Z"}]}`,
	} {
		if got := strings.ReplaceAll(w.ok(action, "SiteId", site.ID).whole(), site.VerifyCode, "CODE"); got != want {
			t.Errorf("%s: got\n%s\nwant\n%s", action, got, want)
		}
	}
	want.ID, want.Name, want.AccessType, want.CnameZone, want.NameServerList = 2, "example.org", "CNAME", "example.org.cdn.example", ""
	want.InstanceID, want.PlanName, want.PlanSpecName = "esa-site-2", "basicplan", "basicplan"
	cname := w.AddSiteOf(Site{ID: 2, Name: "example.org", AccessType: "CNAME", PlanName: "basicplan"})
	if got := siteOf(cname); !reflect.DeepEqual(got, want) {
		t.Errorf("site with CNAME access: got\n%+v\nwant\n%+v", got, want)
	}

	record := Record{
		ID: 4514973387335747, SiteID: site.ID, Name: "origin.example.com", Type: "CNAME", Proxied: true, Value: "origin.example.com.origin.test",
		SourceType: "Domain", BizName: "web", TTL: 1, CreateTime: now, UpdateTime: now,
	}
	if got := w.AddRecord(site.ID, "Origin.Example.com."); !reflect.DeepEqual(got, record) {
		t.Errorf("record: got\n%+v\nwant\n%+v", got, record)
	}
	for _, test := range []struct {
		given Record
		then  func(*Record)
	}{
		{Record{SiteID: site.ID, Name: "example.com"}, func(r *Record) { r.Value = "example.com.origin.test" }},
		{Record{SiteID: 2, Name: "www.example.org"}, func(r *Record) {
			r.Cname, r.Value = "www.example.org.example.org.cdn.example", "www.example.org.origin.test"
		}},
		{Record{SiteID: site.ID, Name: "a.example.com", Type: "A/AAAA", TTL: 2}, func(r *Record) {
			r.Type, r.SourceType, r.Value, r.TTL = "A/AAAA", "", "a.example.com.origin.test", 2
		}},
		{Record{SiteID: site.ID, Name: "c.example.com", Type: "CERT"}, func(r *Record) { r.Type, r.SourceType, r.Value = "CERT", "", "" }},
		{Record{SiteID: site.ID, Name: "s.example.com", Type: "SMIMEA"}, func(r *Record) { r.Type, r.SourceType, r.Value = "SMIMEA", "", "" }},
		{Record{SiteID: site.ID, Name: "f.example.com", Type: "SSHFP"}, func(r *Record) { r.Type, r.SourceType, r.Value = "SSHFP", "", "" }},
		{Record{SiteID: site.ID, Name: "t.example.com", Type: "TLSA", Value: "x"}, func(r *Record) { r.Type, r.SourceType, r.Value = "TLSA", "", "x" }},
	} {
		got, want := w.AddRecordOf(test.given), record
		want.ID, want.SiteID, want.Name, want.Proxied = got.ID, test.given.SiteID, test.given.Name, false
		test.then(&want)
		if !reflect.DeepEqual(got, want) || got.ID == record.ID {
			t.Errorf("record: got\n%+v\nwant\n%+v", got, want)
		}
	}

	w.clock.Move(time.Hour)
	for _, test := range []struct {
		given Hostname
		then  func(*Hostname)
	}{
		{Hostname{SiteID: site.ID}, func(*Hostname) {}},
		{Hostname{RecordID: record.ID}, func(*Hostname) {}},
		{Hostname{SiteID: 2, RecordID: record.ID}, func(h *Hostname) { h.SiteID = 2 }}, // as ForeignRecordAccepted allows
		{Hostname{SiteID: site.ID, SSLFlag: "on"}, func(h *Hostname) { h.SSLFlag = "on" }},
		{Hostname{SiteID: site.ID, CertType: "free"}, func(h *Hostname) { h.SSLFlag, h.CertType = "on", "free" }},
		{Hostname{SiteID: site.ID, CertType: "free", SSLFlag: "off"}, func(h *Hostname) { h.CertType = "free" }},
		{Hostname{SiteID: site.ID, CreateTime: now}, func(h *Hostname) { h.CreateTime, h.UpdateTime = now, now }},
		{Hostname{SiteID: site.ID, UpdateTime: now}, func(h *Hostname) { h.UpdateTime = now }},
		{Hostname{SiteID: site.ID, VerifyHost: "host", VerifyCode: "code", Status: "offline"}, func(h *Hostname) { h.VerifyHost, h.VerifyCode, h.Status = "host", "code", "offline" }},
	} {
		test.given.Hostname = "*.Customer.com."
		got := w.AddHostname(test.given)
		want := Hostname{
			ID: got.ID, SiteID: site.ID, RecordID: record.ID, Hostname: "*.customer.com", Status: "pending", VerifyHost: "_esa_custom_hostname.customer.com", VerifyCode: "X",
			SSLFlag: "off", CreateTime: w.clock.Now(), UpdateTime: w.clock.Now(),
		}
		test.then(&want)
		if plain(got) != want || got.ID%2 != 1 {
			t.Errorf("hostname: got\n%+v\nwant\n%+v", plain(got), want)
		}
		w.RemoveHostname(got.ID)
	}
	if first := w.AddHostname(Hostname{SiteID: 2, Hostname: "a.customer.com"}); first.RecordID != w.store.records[2].ID {
		t.Errorf("got the record %d, want the first one of the site, %d", first.RecordID, w.store.records[2].ID)
	}
}

// TestScene compares the whole list of objects: each site with its own, then the certificates of the account by id.
func TestScene(t *testing.T) {
	t.Parallel()
	for region, last := range map[string]int64{"cn-hangzhou": 8, "ap-southeast-1": 9} {
		s := New(Options{AccountRegion: region})
		Seed(s)
		s.AddSiteOf(Site{ID: 2, Name: "example.org"})
		s.AddRecordOf(Record{ID: 3, SiteID: 2, Name: "www.example.org"})
		s.AddHostname(Hostname{ID: 6, SiteID: 2, Hostname: "b.customer.com"})
		s.AddHostname(Hostname{ID: 5, SiteID: SeedSiteID, Hostname: "a.customer.com"})
		s.AddHostname(Hostname{ID: 4, SiteID: SeedSiteID, Hostname: "c.customer.com"})
		for id := int64(7); id > 0; id-- {
			s.AddCASCertificate(id, region, s.Now())
		}
		s.AddCASCertificate(8, "cn-hangzhou", s.Now())
		s.AddCASCertificate(9, "ap-southeast-1", s.Now())
		want := []Thing{
			{"site", 4042843419650112, "example.com"},
			{"record", 4042843419650113, "origin.example.com"},
			{"record", 4042843419650114, "origin2.example.com"},
			{"hostname", 5, "a.customer.com"},
			{"hostname", 4, "c.customer.com"},
			{"site", 2, "example.org"},
			{"record", 3, "www.example.org"},
			{"hostname", 6, "b.customer.com"},
			{"cas", 1, region},
			{"cas", 2, region},
			{"cas", 3, region},
			{"cas", 4, region},
			{"cas", 5, region},
			{"cas", 6, region},
			{"cas", 7, region},
			{"cas", last, region},
			{"cas", 30000478, region},
		}
		if got := s.Scene(); !slices.Equal(got, want) {
			t.Errorf("%s: got\n%v\nwant\n%v", region, got, want)
		}
	}
}

// TestLookups checks what the methods return for hostnames that exist and that do not.
func TestLookups(t *testing.T) {
	t.Parallel()
	w := newWorld(t, Options{DuplicateCreate: DuplicateConflicts})
	other := w.AddSite("other.example")
	w.AddRecord(other.ID, "o.other.example")
	elsewhere := w.AddHostname(Hostname{SiteID: other.ID, Hostname: "shop.customer.com"})
	first := w.AddHostname(Hostname{SiteID: w.site.ID, Hostname: "shop.customer.com"})
	second := w.AddHostname(Hostname{SiteID: w.site.ID, Hostname: "shop.customer.com", Status: "conflicted"})
	for _, test := range []struct {
		site int64
		name string
		want Hostname
	}{
		{w.site.ID, "Shop.Customer.com.", first}, {other.ID, "shop.customer.com", elsewhere}, {w.site.ID, "www.customer.com", Hostname{}}, {7, "shop.customer.com", Hostname{}},
	} {
		if got, found := w.HostnameByName(test.site, test.name); got != test.want || found != (test.want.ID != 0) {
			t.Errorf("%s of site %d: got %+v (found %t), want %+v", test.name, test.site, got, found, test.want)
		}
	}
	for id, want := range map[int64]Hostname{second.ID: second, elsewhere.ID: elsewhere, 7: {}} {
		if got, found := w.Hostname(id); got != want || found != (want.ID != 0) {
			t.Errorf("%d: got %+v (found %t), want %+v", id, got, found, want)
		}
	}
	if got, want := w.Hostnames(), []Hostname{elsewhere, first, second}; !slices.Equal(got, want) {
		t.Errorf("got %+v, want %+v", got, want)
	}
	w.RemoveHostname(first.ID)
	w.RemoveHostname(7)
	if got, want := w.Hostnames(), []Hostname{elsewhere, second}; !slices.Equal(got, want) {
		t.Errorf("after a removal: got %+v, want %+v", got, want)
	}
	if got, found := w.HostnameByName(w.site.ID, "shop.customer.com"); got != second || !found {
		t.Errorf("after a removal: got %+v (found %t), want the conflicted hostname", got, found)
	}
}

func TestActivateSite(t *testing.T) {
	t.Parallel()
	w := newWorld(t, Options{})
	before := w.AddSiteOf(Site{ID: 2, Name: "example.org", Status: "pending"})
	w.clock.Move(time.Hour)
	w.ActivateSite(2)
	for _, want := range []struct{ id, status, updated string }{
		{"2", "active", formatTime(before.UpdateTime.Add(time.Hour))}, {itoa(w.site.ID), "active", formatTime(w.site.UpdateTime)},
	} {
		got := w.ok("GetSite", "SiteId", want.id)
		if got.at("SiteModel", "Status") != want.status || got.at("SiteModel", "UpdateTime") != want.updated || got.at("SiteModel", "CreateTime") != formatTime(before.CreateTime) {
			t.Errorf("got %s, want %+v", got.raw, want)
		}
	}
}

// TestRecordsInUse checks that a record is protected from the first to the last hostname that uses it, and no other record is.
func TestRecordsInUse(t *testing.T) {
	t.Parallel()
	w := newWorld(t, Options{})
	free := w.AddRecord(w.site.ID, "free.example.com")
	w.AddHostname(Hostname{ID: 5, SiteID: w.site.ID, Hostname: "a.customer.com"})
	w.AddHostname(Hostname{ID: 6, SiteID: w.site.ID, Hostname: "b.customer.com"})
	const inUse = "The record is in use by a custom hostname"
	for _, test := range []struct {
		do   func(int64) error
		id   int64
		want string
	}{
		{w.DeleteRecord, w.record.ID, "Record.ProtectedAsCustomHostnameSource: " + inUse + " and cannot be deleted."},
		{w.UnproxyRecord, w.record.ID, "Record.ProxiedAsCustomHostnameSource: " + inUse + ", its proxy cannot be turned off."},
		{w.DeleteRecord, 7, "Record.NotFound: The record does not exist."},
		{w.UnproxyRecord, 7, "Record.NotFound: The record does not exist."},
	} {
		if err := test.do(test.id); err == nil || err.Error() != test.want {
			t.Errorf("got error %v, want %s", err, test.want)
		}
	}
	var e *apiError
	if err := w.DeleteRecord(w.record.ID); !errors.As(err, &e) || e.reason != "hostname 5 uses it" {
		t.Errorf("got error %+v, want the hostname that uses it", err)
	}
	w.clock.Move(time.Hour)
	if err := w.UnproxyRecord(free.ID); err != nil {
		t.Error(err)
	}
	record := func(id int64) string {
		got := w.call("GetRecord", "RecordId", id)
		return fmt.Sprint(got.at("RecordModel", "Proxied"), " ", got.at("RecordModel", "UpdateTime"), " ", got.at("Code"))
	}
	if got := record(free.ID); got != "false 2026-01-02T04:04:05Z " {
		t.Errorf("got %s for the record that was changed, want a new UpdateTime", got)
	}
	if err := w.DeleteRecord(free.ID); err != nil {
		t.Error(err)
	}
	if got := record(free.ID); got != "  Record.NotFound" {
		t.Errorf("got %s for the record that was deleted, want Record.NotFound", got)
	}
	if got := record(w.record.ID); got != "true 2026-01-02T03:04:05Z " {
		t.Errorf("got %s for the other record, want it unchanged", got)
	}
	// Without its record and site, a hostname has no names of them.
	w.ChangeHostname(5, func(h *Hostname) { h.RecordID, h.SiteID = 98, 99 })
	if got := w.get(5); got.at("CustomHostnameModel", "RecordName")+got.at("CustomHostnameModel", "SiteName") != "" || got.at("CustomHostnameModel", "RecordId") != "98" {
		t.Errorf("got %s, want no names of a record and a site that do not exist", got.raw)
	}
}

// TestTXTRecords checks that a name has several values, and which of them a removal removes.
func TestTXTRecords(t *testing.T) {
	t.Parallel()
	s := New(Options{})
	for _, value := range []string{"1", "2", "1", "3"} {
		s.PublishTXT("X.customer.com.", value)
	}
	s.PublishTXT("y.customer.com", "1")
	s.UnpublishTXT("x.Customer.com.", "1")
	s.UnpublishTXT("z.customer.com", "1")
	for name, want := range map[string][]string{"x.customer.com": {"2", "3"}, "y.Customer.com.": {"1"}, "z.customer.com": nil} {
		if got := s.TXT(name); !slices.Equal(got, want) {
			t.Errorf("%s: got %q, want %q", name, got, want)
		}
	}
}

// TestCertificatesOfSSLCertificatesService checks that a certificate exists in its region only, and when the default one expires.
func TestCertificatesOfSSLCertificatesService(t *testing.T) {
	t.Parallel()
	for _, region := range []string{"cn-hangzhou", "ap-southeast-1"} {
		w := newWorld(t, Options{AccountRegion: region})
		w.AddCASCertificate(5, region, w.Now().Add(50*day))
		w.AddCASCertificate(6, map[string]string{"cn-hangzhou": "ap-southeast-1", "ap-southeast-1": "cn-hangzhou"}[region], w.Now())
		h := w.create("shop.customer.com")
		for id, want := range map[int64]string{
			DefaultCasID: "<nil> 2027-01-02T03:04:05Z", 5: "<nil> 2026-02-21T03:04:05Z", 6: "CustomHostname.SetCertFailed ",
		} {
			got := w.call("UpdateCustomHostname", "HostnameId", h.ID, "SslFlag", "on", "CertType", "cas", "CasId", id, "CasRegion", region)
			expiry := ""
			if got.status == 200 {
				expiry = w.get(h.ID).at("CustomHostnameModel", "CertNotAfter")
			}
			if shown := got.code() + " " + expiry; shown != want {
				t.Errorf("%d in %s: got %s, want %s", id, region, shown, want)
			}
		}
	}
}

func TestScenesThatCannotBePanic(t *testing.T) {
	t.Parallel()
	w := newWorld(t, Options{})
	w.AddSiteOf(Site{ID: 2, Name: "example.org"})
	w.AddHostname(Hostname{ID: 5, SiteID: w.site.ID, Hostname: "a.customer.com"})
	needs := func(name string, site, record int64) string {
		return fmt.Sprintf("the hostname %q needs a name, a site and a record; there is no site %d or no record %d", name, site, record)
	}
	for want, do := range map[string]func(){
		"there is no site 7": func() { w.AddRecord(7, "x.example.com") },
		`the record "notexample.com" lies outside the site "example.com"`: func() { w.AddRecord(w.site.ID, "notexample.com") },
		`the record "" lies outside the site "example.com"`:               func() { w.AddRecord(w.site.ID, "") },
		"there is a record 4514973387335747 already":                      func() { w.AddRecordOf(w.record) },
		"there is a site 4514973387335745 already":                        func() { w.AddSiteOf(w.site) },
		"a site needs a name":                                             func() { w.AddSite("") },
		needs("x.customer.com", 7, 0):                                     func() { w.AddHostname(Hostname{SiteID: 7, Hostname: "x.customer.com"}) },
		needs("y.customer.com", 2, 0):                                     func() { w.AddHostname(Hostname{SiteID: 2, Hostname: "y.customer.com"}) },
		needs("z.customer.com", w.site.ID, 8):                             func() { w.AddHostname(Hostname{SiteID: w.site.ID, RecordID: 8, Hostname: "z.customer.com"}) },
		needs("v.customer.com", 7, w.record.ID):                           func() { w.AddHostname(Hostname{SiteID: 7, RecordID: w.record.ID, Hostname: "v.customer.com"}) },
		needs("", w.site.ID, w.record.ID):                                 func() { w.AddHostname(Hostname{SiteID: w.site.ID}) },
		"there is a hostname 5 already":                                   func() { w.AddHostname(Hostname{ID: 5, SiteID: w.site.ID, Hostname: "x.customer.com"}) },
		"there is no hostname 7":                                          func() { w.ChangeHostname(7, func(*Hostname) {}) },
		"there is no site 8":                                              func() { w.ActivateSite(8) },
		`there is no region "eu-central-1" of SSL Certificates Service`:   func() { w.AddCASCertificate(1, "eu-central-1", time.Now()) },
	} {
		func() {
			defer func() {
				if text := fmt.Sprint(recover()); text != "fakeesa: "+want {
					t.Errorf("got the panic %s, want fakeesa: %s", text, want)
				}
			}()
			do()
		}()
	}
	w.ok("ListSites") // and the lock is free again
	if got := len(w.Scene()); got != 5 {
		t.Errorf("got %d objects, want the 5 that were there: %v", got, w.Scene())
	}
}
