package fakeesa

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

func TestSites(t *testing.T) {
	t.Parallel()
	w := newWorld(t, Options{})
	w.clock.Move(time.Hour)
	cname := w.AddSiteOf(Site{
		Name: "Shop.Example.", AccessType: "CNAME", Coverage: "domestic", Status: "offline", OfflineReason: "missing_icp",
		PlanName: "basicplan", Tags: map[string]string{"team": "red"}, ResourceGroupID: "rg-2",
	})
	record := w.AddRecord(cname.ID, "www.shop.example")
	got := w.ok("GetSite", "SiteId", cname.ID)
	for name, want := range map[string]string{
		"SiteId": itoa(cname.ID), "SiteName": "shop.example", "AccessType": "CNAME", "Coverage": "domestic", "Status": "offline",
		"OfflineReason": "missing_icp", "CreateTime": "2026-01-02T04:04:05Z", "CnameZone": "shop.example.cdn.example", "VersionManagement": "false",
		"VanityNSList": "map[]", "Tags": "map[team:red]", "VisitTime": "",
	} {
		if value := got.at("SiteModel", name); value != want {
			t.Errorf("%s is %q, want %q", name, value, want)
		}
	}
	if cname := w.ok("GetRecord", "RecordId", record.ID).at("RecordModel", "RecordCname"); cname != "www.shop.example.shop.example.cdn.example" {
		t.Errorf("got RecordCname %q, want one of the record's own", cname)
	}
	if strings.Contains(w.ok("GetSite", "SiteId", w.site.ID).raw, "OfflineReason") {
		t.Error("an active site has an OfflineReason")
	}
	w.refused(404, "SiteNotFound", "GetSite", "SiteId", 7)
	w.refused(400, "MissingSiteId", "GetSite")

	for _, test := range []struct {
		pairs []any
		want  string
	}{
		{nil, "2 example.com"},
		{[]any{"SiteName", "EXAMPLE.com"}, "1 example.com"},
		{[]any{"SiteName", "example"}, "0 "},
		{[]any{"SiteName", "shop", "SiteSearchType", "prefix"}, "1 shop.example"},
		{[]any{"SiteName", ".example", "SiteSearchType", "suffix"}, "1 shop.example"},
		{[]any{"SiteName", "exam", "SiteSearchType", "fuzzy"}, "2 example.com"},
		{[]any{"Status", "offline"}, "1 shop.example"},
		{[]any{"AccessType", "NS"}, "1 example.com"},
		{[]any{"Coverage", "domestic"}, "1 shop.example"},
		{[]any{"PlanSubscribeType", "basicplan"}, "1 shop.example"},
		{[]any{"OnlyEnterprise", "true"}, "1 example.com"},
		{[]any{"ResourceGroupId", "rg-2"}, "1 shop.example"},
		{[]any{"TagFilter", `[{"Key":"team","Value":"red"}]`}, "1 shop.example"},
		{[]any{"TagFilter", `[{"Key":"team","Value":"blue"}]`}, "0 "},
		{[]any{"TagFilter", `[{"Key":"stage","Value":"test"},{"Key":"team","Value":"red"}]`}, "0 "},
		{[]any{"TagFilter", `[{"Key":"team","Value":"red"},{"Key":"stage","Value":"test"}]`}, "0 "},
		{[]any{"TagFilter", "[]"}, "2 example.com"},
		{[]any{"OrderBy", "visitTime"}, "2 shop.example"},
		{[]any{"OrderBy", "gmtCreate"}, "2 example.com"},
		{[]any{"PageSize", 1, "PageNumber", 2}, "2 shop.example"},
		{[]any{"PageSize", 1, "PageNumber", 1}, "2 example.com"},
		{[]any{"PageSize", 500, "PageNumber", 2147483647}, "2 "},
		{[]any{"SiteName", "Example.com."}, "1 example.com"},
		{[]any{"SiteName", "example.com", "SiteSearchType", "exact"}, "1 example.com"},
		{[]any{"SiteName", "example", "SiteSearchType", "prefix"}, "1 example.com"},
		{[]any{"SiteName", "example", "SiteSearchType", "suffix"}, "1 shop.example"},
		{[]any{"SiteName", "", "SiteSearchType", "suffix"}, "2 example.com"},
		{[]any{"Status", "active"}, "1 example.com"},
		{[]any{"Status", "moved"}, "0 "},
		{[]any{"Status", "pending"}, "0 "},
		{[]any{"AccessType", "CNAME"}, "1 shop.example"},
		{[]any{"Coverage", "overseas"}, "1 example.com"},
		{[]any{"Coverage", "global"}, "0 "},
		{[]any{"PlanSubscribeType", "enterpriseplan"}, "1 example.com"},
		{[]any{"PlanSubscribeType", "standardplan"}, "0 "},
		{[]any{"PlanSubscribeType", "advancedplan"}, "0 "},
		{[]any{"OnlyEnterprise", "false"}, "2 example.com"},
		{[]any{"ResourceGroupId", "rg-default"}, "1 example.com"},
		{[]any{"ResourceGroupId", "rg"}, "0 "},
		{[]any{"TagFilter", ""}, "2 example.com"},
	} {
		got := w.ok("ListSites", test.pairs...)
		if shown := got.at("TotalCount") + " " + got.at("Sites", 0, "SiteName"); shown != test.want {
			t.Errorf("%v: got %s, want %s", test.pairs, shown, test.want)
		}
	}
	if size := w.ok("ListSites").at("PageSize"); size != "500" {
		t.Errorf("got page size %s, want 500", size)
	}
	const tags, size = "TagFilter is not a JSON list of objects with Key and Value", "PageSize is not from 1 to 500"
	for _, test := range []struct {
		pairs []any
		want  string
	}{
		{[]any{"SiteSearchType", "x"}, "SiteSearchType is none of [exact prefix suffix fuzzy]"},
		{[]any{"Status", "x"}, "Status is none of [pending active offline moved]"},
		{[]any{"AccessType", "x"}, "AccessType is none of [NS CNAME]"},
		{[]any{"Coverage", "x"}, "Coverage is none of [domestic global overseas]"},
		{[]any{"PlanSubscribeType", "x"}, "PlanSubscribeType is none of [basicplan standardplan advancedplan enterpriseplan]"},
		{[]any{"TagFilter", "x"}, tags},
		{[]any{"TagFilter", "null"}, tags},
		{[]any{"TagFilter", "{}"}, tags},
		{[]any{"TagFilter", "[{}]"}, "TagFilter has an object without a Key"},
		{[]any{"TagFilter", `[{"Key":"team","Value":"red"},{"Value":"red"}]`}, "TagFilter has an object without a Key"},
		{[]any{"OnlyEnterprise", "yes"}, "OnlyEnterprise is none of [true false]"},
		{[]any{"PageSize", 501}, size},
		{[]any{"PageSize", 0}, size},
		{[]any{"PageNumber", 0}, "PageNumber is not from 1 on"},
		{[]any{"PageNumber", "2147483648"}, "PageNumber is not from 1 on"},
		{[]any{"PageNumber", "x"}, "PageNumber is not a whole number in decimal digits"},
		{[]any{"OrderBy", "name"}, "OrderBy is none of [gmtCreate visitTime]"},
		{[]any{"OrderBy", "name", "Status", "x"}, "Status is none of [pending active offline moved]"},
	} {
		w.ResetRequests()
		w.refused(400, "InvalidParameter", "ListSites", test.pairs...)
		if reason := w.Requests()[0].Reason; reason != test.want {
			t.Errorf("%v: got the reason %q, want %q", test.pairs, reason, test.want)
		}
	}
}

func TestRecords(t *testing.T) {
	t.Parallel()
	w := newWorld(t, Options{})
	plain := w.AddRecordOf(Record{SiteID: w.site.ID, Name: "mail.example.com", Type: "A/AAAA", Value: "192.0.2.1", BizName: "api", TTL: 60, Comment: "by hand"})
	got := w.ok("GetRecord", "RecordId", w.record.ID)
	for name, want := range map[string]string{
		"RecordId": itoa(w.record.ID), "SiteId": itoa(w.site.ID), "SiteName": "example.com", "RecordName": "origin.example.com", "RecordType": "CNAME",
		"RecordSourceType": "Domain", "Proxied": "true", "Ttl": "1", "CreateTime": "2026-01-02T03:04:05Z", "Data": "map[Value:origin.example.com.origin.test]",
	} {
		if value := got.at("RecordModel", name); value != want {
			t.Errorf("%s is %q, want %q", name, value, want)
		}
	}
	w.refused(404, "Record.NotFound", "GetRecord", "RecordId", 7)
	w.refused(400, "MissingRecordId", "GetRecord")
	for _, test := range []struct {
		pairs []any
		want  string
	}{
		{nil, "2 origin.example.com"},
		{[]any{"RecordName", "mail.example.com"}, "1 mail.example.com"},
		{[]any{"RecordName", "mail"}, "0 "},
		{[]any{"RecordName", "mail", "RecordMatchType", "prefix"}, "1 mail.example.com"},
		{[]any{"Type", "A/AAAA"}, "1 mail.example.com"},
		{[]any{"Proxied", "true"}, "1 origin.example.com"},
		{[]any{"Proxied", "false"}, "1 mail.example.com"},
		{[]any{"BizName", "api"}, "1 mail.example.com"},
		{[]any{"BizName", "web"}, "1 origin.example.com"},
		{[]any{"BizName", "image_video"}, "0 "},
		{[]any{"SourceType", "Domain"}, "1 origin.example.com"},
		{[]any{"SourceType", "OSS"}, "0 "},
		{[]any{"SourceType", "S3"}, "0 "},
		{[]any{"SourceType", "LB"}, "0 "},
		{[]any{"SourceType", "OP"}, "0 "},
		{[]any{"Type", "CNAME"}, "1 origin.example.com"},
		{[]any{"Type", "A"}, "0 "},
		{[]any{"RecordName", "Origin.Example.com."}, "1 origin.example.com"},
		{[]any{"RecordName", "origin.example.com", "RecordMatchType", "exact"}, "1 origin.example.com"},
		{[]any{"RecordName", ".com", "RecordMatchType", "suffix"}, "2 origin.example.com"},
		{[]any{"RecordName", "example", "RecordMatchType", "suffix"}, "0 "},
		{[]any{"RecordName", "il.ex", "RecordMatchType", "fuzzy"}, "1 mail.example.com"},
		{[]any{"RecordName", "example", "RecordMatchType", "prefix"}, "0 "},
		{[]any{"PageNumber", 2, "PageSize", 500}, "2 "},
	} {
		got := w.ok("ListRecords", append([]any{"SiteId", w.site.ID}, test.pairs...)...)
		if shown := got.at("TotalCount") + " " + got.at("Records", 0, "RecordName"); shown != test.want || got.at("PageSize") != "500" {
			t.Errorf("%v: got %s, want %s", test.pairs, shown, test.want)
		}
	}
	if got := w.ok("ListRecords", "SiteId", w.site.ID, "PageNumber", 2, "PageSize", 1); got.at("Records", 0, "RecordName") != "mail.example.com" || got.at("Records", 1) != "" || got.at("TotalCount") != "2" {
		t.Errorf("got %s, want the second record", got.raw)
	}
	elsewhere := w.AddSite("other.example")
	w.AddRecord(elsewhere.ID, "o.other.example")
	if got := w.ok("ListRecords", "SiteId", elsewhere.ID); got.at("TotalCount") != "1" || got.at("Records", 0, "RecordName") != "o.other.example" {
		t.Errorf("got %s, want the record of the other site", got.raw)
	}
	for _, test := range []struct {
		pairs      []any
		code, want string
	}{
		{[]any{"SiteId", 7}, "SiteNotFound", "there is no site 7"},
		{nil, "MissingSiteId", "SiteId is missing"},
		{[]any{"SiteId", 0}, "InvalidParameter", "SiteId is not an id"},
		{[]any{"SiteId", w.site.ID, "Proxied", "1"}, "InvalidParameter", "Proxied is none of [true false]"},
		{[]any{"SiteId", w.site.ID, "RecordMatchType", "x"}, "InvalidParameter", "RecordMatchType is none of [exact prefix suffix fuzzy]"},
		{[]any{"SiteId", w.site.ID, "BizName", "x"}, "InvalidParameter", "BizName is none of [image_video api web]"},
		{[]any{"SiteId", w.site.ID, "SourceType", "x"}, "InvalidParameter", "SourceType is none of [OSS S3 LB OP Domain]"},
		{[]any{"SiteId", w.site.ID, "PageSize", 501}, "InvalidParameter", "PageSize is not from 1 to 500"},
	} {
		w.ResetRequests()
		got := w.call("ListRecords", test.pairs...)
		if reason := w.Requests()[0].Reason; got.code() != test.code || reason != test.want {
			t.Errorf("%v: got %s, reason %q; want %s, %q", test.pairs, got.raw, reason, test.code, test.want)
		}
	}

	h := w.create("shop.customer.com")
	for want, do := range map[string]func(int64) error{
		"Record.ProtectedAsCustomHostnameSource": w.DeleteRecord, "Record.ProxiedAsCustomHostnameSource": w.UnproxyRecord,
	} {
		if err := do(w.record.ID); err == nil || !strings.HasPrefix(err.Error(), want+": ") {
			t.Errorf("got error %v, want %s", err, want)
		}
	}
	w.RemoveHostname(h.ID)
	w.RemoveHostname(h.ID)
	if err := w.UnproxyRecord(w.record.ID); err != nil {
		t.Error(err)
	}
	if proxied := w.ok("GetRecord", "RecordId", w.record.ID).at("RecordModel", "Proxied"); proxied != "false" {
		t.Errorf("got Proxied %s, want false", proxied)
	}
	if err := w.DeleteRecord(plain.ID); err != nil {
		t.Error(err)
	}
	if err := w.DeleteRecord(plain.ID); err == nil || !strings.HasPrefix(err.Error(), "Record.NotFound: ") {
		t.Errorf("got error %v, want Record.NotFound", err)
	}
}

// TestRecordContent checks that a record has the members of its type, and no others.
func TestRecordContent(t *testing.T) {
	t.Parallel()
	w := newWorld(t, Options{})
	for i, test := range []struct {
		record Record
		want   string
	}{
		{Record{Type: "MX", Value: "mail.example.org", Data: RecordData{Priority: new(0)}}, `"Data":{"Value":"mail.example.org","Priority":0}`},
		{Record{Type: "SRV", Value: "x.example.org", Data: RecordData{Priority: new(1), Weight: new(2), Port: new(3)}}, `"Data":{"Value":"x.example.org","Priority":1,"Port":3,"Weight":2}`},
		{Record{Type: "CAA", Value: "ca.example.org", Data: RecordData{Flag: new(128), Tag: "issue"}}, `"Data":{"Value":"ca.example.org","Flag":128,"Tag":"issue"}`},
		{Record{Type: "TLSA", Data: RecordData{Usage: new(3), Selector: new(1), MatchingType: new(1), Certificate: "q83v"}}, `"Data":{"Usage":3,"Selector":1,"MatchingType":1,"Certificate":"q83v"}`},
		{Record{Type: "SSHFP", Data: RecordData{Algorithm: new(4), Type: new(2), Fingerprint: "abcd"}}, `"Data":{"Type":2,"Algorithm":4,"Fingerprint":"abcd"}`},
		{Record{Type: "CERT", Data: RecordData{Type: new(1), KeyTag: new(0), Algorithm: new(0), Certificate: "q83v"}}, `"Data":{"Type":1,"Algorithm":0,"KeyTag":0,"Certificate":"q83v"}`},
		{Record{Proxied: true, CustomPort: "on", HTTPPorts: "80,8080", HTTPSPorts: "443"}, `"CustomPort":"on","HttpPorts":"80,8080","HttpsPorts":"443","Data":{"Value":"r6.example.com.origin.test"}`},
	} {
		test.record.SiteID, test.record.Name = w.site.ID, fmt.Sprintf("r%d.example.com", i)
		record := w.AddRecordOf(test.record)
		for _, got := range []reply{w.ok("GetRecord", "RecordId", record.ID), w.ok("ListRecords", "SiteId", w.site.ID, "RecordName", record.Name)} {
			if !strings.Contains(got.raw, `"AuthConf":{},`+test.want+"}") {
				t.Errorf("%s: got %s, want %s", test.record.Type, got.raw, test.want)
			}
		}
	}
	if got := w.ok("GetRecord", "RecordId", w.record.ID); strings.Contains(got.raw, "Ports") || strings.Contains(got.raw, "CustomPort") {
		t.Errorf("got %s, want no ports", got.raw)
	}
}

func TestSeed(t *testing.T) {
	t.Parallel()
	for _, large := range []bool{false, true} {
		w := New(Options{LargeIDs: large})
		site, record := Seed(w)
		if site.ID != SeedSiteID || site.Name != "example.com" || record.ID != SeedRecordID || record.Name != "origin.example.com" || !record.Proxied || record.SiteID != SeedSiteID {
			t.Errorf("got site %+v and record %+v, want the seeded ones", site, record)
		}
		second := w.store.record(SeedSecondRecordID)
		if second == nil || second.Name != "origin2.example.com" || !second.Proxied || second.SiteID != SeedSiteID {
			t.Errorf("got the second record %+v, want the seeded one", second)
		}
	}
}

func TestReturnedValuesAreCopies(t *testing.T) {
	t.Parallel()
	tags := map[string]string{"a": "1"}
	w := newWorld(t, Options{})
	site := w.AddSiteOf(Site{Name: "tagged.example", Tags: tags})
	tags["a"], site.Tags["a"] = "2", "3"
	if got := w.ok("GetSite", "SiteId", site.ID).at("SiteModel", "Tags"); got != "map[a:1]" {
		t.Errorf("got Tags %s, want map[a:1]", got)
	}
	w.PublishTXT("x.example", "1")
	w.TXT("x.example")[0] = "2"
	if got := w.TXT("X.Example."); len(got) != 1 || got[0] != "1" {
		t.Errorf("got TXT %q, want 1", got)
	}
}
