package provider

import (
	"fmt"
	"maps"
	"math/big"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/hashicorp/terraform-plugin-go/tftypes"
	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/knownvalue"
	"github.com/hashicorp/terraform-plugin-testing/statecheck"

	"terraform-provider-esa/internal/fakeesa"
)

// lookups runs steps that have only data sources in their configuration.
func (a *account) lookups(t *testing.T, steps ...resource.TestStep) {
	t.Helper()
	// The last configuration is the one that is destroyed, so it must be valid.
	steps = append(steps, resource.TestStep{Config: a.data("esa_site", `site_name = "example.com"`)})
	resource.Test(t, resource.TestCase{ProtoV6ProviderFactories: factories(a.clock), Steps: steps})
}

func (a *account) data(kind, arguments string) string {
	return fmt.Sprintf("%sdata %q \"test\" {\n%s\n}\n", a.provider(), kind, arguments)
}

func knownData(kind, key string, value knownvalue.Check) statecheck.StateCheck {
	return statecheck.ExpectKnownValue("data."+kind+".test", attribute(key), value)
}

// read reads a data source, and returns its attributes as text.
func (s *server) read(t *testing.T, kind string, config map[string]any) map[string]string {
	t.Helper()
	read := s.readData(t, kind, config)
	noProblems(t, read.Diagnostics)
	state, err := read.State.Unmarshal(s.schema.DataSourceSchemas[kind].ValueType())
	if err != nil {
		t.Fatal(err)
	}
	all := map[string]string{}
	for name, value := range attributes(t, state) {
		all[name] = written(t, value)
	}
	return all
}

// written returns a value as text.
func written(t testing.TB, value tftypes.Value) string {
	t.Helper()
	var text string
	var truth bool
	var items []tftypes.Value
	var members map[string]tftypes.Value
	number := new(big.Float)
	switch {
	case value.IsNull():
		return "null"
	case value.Type().Is(tftypes.String) && value.As(&text) == nil:
		return text
	case value.Type().Is(tftypes.Bool) && value.As(&truth) == nil:
		return fmt.Sprint(truth)
	case value.Type().Is(tftypes.Number) && value.As(&number) == nil:
		return number.String()
	case value.As(&items) == nil:
		var all []string
		for _, item := range items {
			all = append(all, written(t, item))
		}
		return strings.Join(all, " ")
	case value.As(&members) == nil:
		var all []string
		for _, name := range slices.Sorted(maps.Keys(members)) {
			if !members[name].IsNull() {
				all = append(all, name+"="+written(t, members[name]))
			}
		}
		return "{" + strings.Join(all, " ") + "}"
	}
	t.Fatalf("cannot write %s", value)
	return ""
}

// TestDataSourcesHaveESAsValues checks that each attribute of a site, a record and a hostname has the value of the right field.
func TestDataSourcesHaveESAsValues(t *testing.T) {
	for _, test := range []struct {
		kind, argument, action, body string
		want                         map[string]string
	}{
		{
			"esa_site", "site_id", "GetSite",
			`{"RequestId":"1","SiteModel":{"SiteId":7,"SiteName":"a","Status":"b","OfflineReason":"c","AccessType":"d","Coverage":"e","CnameZone":"f",
				"NameServerList":"g, h,","InstanceId":"i","PlanName":"j","CreateTime":"k","UpdateTime":"l"}}`,
			map[string]string{
				"id": "7", "site_id": "7", "site_name": "a", "status": "b", "offline_reason": "c", "access_type": "d", "coverage": "e", "cname_zone": "f",
				"name_servers": "g h", "instance_id": "i", "plan_name": "j", "create_time": "k", "update_time": "l",
			},
		},
		{
			"esa_site", "site_id", "GetSite", `{"RequestId":"1","SiteModel":{"SiteId":7,"SiteName":"a","NameServerList":""}}`,
			map[string]string{
				"id": "7", "site_id": "7", "site_name": "a", "status": "null", "offline_reason": "null", "access_type": "null", "coverage": "null",
				"cname_zone": "null", "name_servers": "", "instance_id": "null", "plan_name": "null", "create_time": "null", "update_time": "null",
			},
		},
		{
			"esa_record", "record_id", "GetRecord",
			`{"RequestId":"1","RecordModel":{"RecordId":7,"RecordName":"a","RecordType":"b","RecordSourceType":"c","RecordCname":"d","Proxied":true,
				"SiteId":8,"SiteName":"e","Comment":"f","Ttl":9,"CreateTime":"g","UpdateTime":"h","Data":{"Value":"i"}}}`,
			map[string]string{
				"id": "7", "record_id": "7", "record_name": "a", "record_type": "b", "source_type": "c", "record_cname": "d", "proxied": "true",
				"site_id": "8", "site_name": "e", "comment": "f", "ttl": "9", "create_time": "g", "update_time": "h", "value": "i",
			},
		},
		{
			"esa_custom_hostname", "hostname_id", "GetCustomHostname",
			`{"RequestId":"1","CustomHostnameModel":{"HostnameId":7,"Hostname":"a.example","SiteId":8,"RecordId":9,"SslFlag":"on","CertType":"cas","CasId":10,"CertId":"c","Certificate":"b"}}`,
			map[string]string{
				"id": "7", "hostname_id": "7", "hostname": "a.example", "site_id": "8", "record_id": "9", "ssl_flag": "on", "cert_type": "cas",
				"cas_id": "10", "cert_id": "c", "certificate": "b",
			},
		},
		{
			"esa_custom_hostname", "hostname_id", "GetCustomHostname",
			`{"RequestId":"1","CustomHostnameModel":{"HostnameId":7,"Hostname":"a.example","SiteId":8,"RecordId":9,"SslFlag":"off","CasId":0}}`,
			map[string]string{
				"id": "7", "hostname_id": "7", "hostname": "a.example", "site_id": "8", "record_id": "9", "ssl_flag": "off", "cert_type": "null",
				"cas_id": "null", "cert_id": "null", "certificate": "null",
			},
		},
	} {
		a := newAccount(t, fakeesa.Options{})
		a.Inject(fakeesa.Fault{Action: test.action, RawBody: &test.body, Status: 200})
		got := newServer(t, a).read(t, test.kind, map[string]any{test.argument: "7"})
		if test.kind == "esa_custom_hostname" {
			// TestModelsHaveESAsValues checks the others.
			for name := range observedDescriptions {
				if name != "cert_id" {
					delete(got, name)
				}
			}
			delete(got, "cert_apply_code")
		}
		if diff := cmp.Diff(test.want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", test.kind, diff)
		}
	}
}

// TestLookups compares what data sources and the list resource read, call and report with testdata/lookups.txt. After a
// change of behaviour, write the file anew with -update, and read the difference.
func TestLookups(t *testing.T) {
	first, second := issue(t, name), issue(t, name)
	var got strings.Builder
	var a *account
	var j *journal
	var s *server
	// begin starts a section with some sites, records and hostnames.
	begin := func(title string) {
		a = newAccount(t, fakeesa.Options{DuplicateCreate: fakeesa.DuplicateConflicts}, everyReading()...)
		j, s = newJournal(a, &got, first, second), newServer(t, a)
		j.write("## %s", title)
		a.AddSite("other.example")
		idle := a.AddSiteOf(fakeesa.Site{Name: "idle.example", Status: "pending"})
		a.AddHostname(fakeesa.Hostname{SiteID: idle.ID, RecordID: a.AddRecord(idle.ID, "www.idle.example").ID, Hostname: "idle.customer.com", SSLFlag: "off"})
		a.AddRecordOf(fakeesa.Record{SiteID: a.site.ID, Name: "both.example.com", Type: "A/AAAA", Value: "192.0.2.1", Proxied: true})
		a.AddRecordOf(fakeesa.Record{SiteID: a.site.ID, Name: "both.example.com", Type: "TXT", Value: "text"})
		for _, h := range []fakeesa.Hostname{
			{Hostname: "b.customer.com", SSLFlag: "off"},
			{Hostname: "a.customer.com", RecordID: a.record2.ID, SSLFlag: "on", CertType: "free", Status: "active", CertStatus: "ApplyFailed"},
			{Hostname: name, SSLFlag: "on", CertType: "upload", Certificate: first.CertificatePEM, PrivateKey: first.PrivateKeyPEM},
			{Hostname: "c.customer.com", SSLFlag: "on", CertType: "cas", CasID: 30000478},
		} {
			h.SiteID = a.site.ID
			if h.RecordID == 0 {
				h.RecordID = a.record.ID
			}
			a.AddHostname(h)
		}
		a.ResetRequests()
	}
	read := func(kind string, config map[string]any) {
		schema := s.schema.DataSourceSchemas[kind]
		resp := s.readData(t, kind, config)
		j.report(t, kind, schema, dynamic(t, schema, config), resp.State, nil, resp.Diagnostics)
		j.write("")
	}
	listing := func(config map[string]any, whole bool, limit int64) {
		results, problems := s.list(t, config, whole, limit)
		j.calls("list")
		for _, one := range results {
			j.write("  %s %v", one.name, one.identity)
			for _, name := range slices.Sorted(maps.Keys(one.resource)) {
				if value := one.resource[name]; !value.IsNull() {
					j.write("    %s: %s", name, written(t, value))
				}
			}
		}
		for _, problem := range problems {
			j.write("  %s", problem)
		}
		j.write("")
	}
	refuse := func(action, code string) { a.Inject(fakeesa.Fault{Action: action, Code: code, Status: 400, Times: 1}) }

	begin("data sources")
	site := fmt.Sprint(a.site.ID)
	hostnames := map[string]int64{}
	for _, h := range a.Hostnames() {
		hostnames[h.Hostname] = h.ID
	}
	read("esa_site", map[string]any{"site_id": site})
	read("esa_site", map[string]any{"site_name": "Example.com"})
	read("esa_site", map[string]any{"site_name": "nobody.example"})
	read("esa_site", map[string]any{"site_id": "77"})
	read("esa_site", map[string]any{"site_id": "x"})
	read("esa_record", map[string]any{"record_id": fmt.Sprint(a.record.ID)})
	read("esa_record", map[string]any{"site_id": site, "record_name": "origin.example.com"})
	read("esa_record", map[string]any{"site_id": site, "record_name": "both.example.com"})
	read("esa_record", map[string]any{"site_id": site, "record_name": "both.example.com", "record_type": "TXT"})
	read("esa_record", map[string]any{"site_id": site, "record_name": "nobody.example.com"})
	read("esa_record", map[string]any{"site_id": "x", "record_name": "origin.example.com"})
	read("esa_record", map[string]any{"record_id": "77"})
	read("esa_record", map[string]any{"record_id": "x"})
	for _, h := range slices.Sorted(maps.Keys(hostnames)) {
		read("esa_custom_hostname", map[string]any{"hostname_id": fmt.Sprint(hostnames[h])})
	}
	read("esa_custom_hostname", map[string]any{"site_id": site, "hostname": name})
	read("esa_custom_hostname", map[string]any{"site_id": site, "hostname": "nobody.example"})
	read("esa_custom_hostname", map[string]any{"site_id": "x", "hostname": name})
	read("esa_custom_hostname", map[string]any{"hostname_id": "77"})
	read("esa_custom_hostname", map[string]any{"hostname_id": "x"})
	for _, filter := range []map[string]any{
		{},
		{"record_id": fmt.Sprint(a.record2.ID)},
		{"status": "active"},
		{"hostname": name},
		{"hostname": "customer", "name_match_type": "fuzzy"},
		{"hostname": "a", "name_match_type": "prefix"},
		{"hostname": "p.customer.com", "name_match_type": "suffix"},
		{"hostname": "nobody.example"},
		{"record_id": "x"},
		{"site_id": "77"},
	} {
		config := map[string]any{"site_id": site}
		maps.Copy(config, filter)
		read("esa_custom_hostnames", config)
		listing(config, false, 0)
	}
	for _, status := range []string{"ApplyFailed", "Expired"} {
		read("esa_custom_hostnames", map[string]any{"site_id": site, "cert_status": []tftypes.Value{tftypes.NewValue(tftypes.String, status), tftypes.NewValue(tftypes.String, "Expiring")}})
	}
	listing(map[string]any{"site_id": site}, true, 0)
	listing(map[string]any{"site_id": site}, true, 2)
	listing(map[string]any{}, false, 0)
	for _, filter := range []map[string]any{
		{"hostname": name}, {"record_id": fmt.Sprint(a.record2.ID)}, {"status": "active"}, {"hostname": "a", "name_match_type": "prefix"}, {"record_id": "x"},
	} {
		listing(filter, false, 0)
	}

	begin("several of one name")
	a.AddSite("example.com")
	a.AddHostname(fakeesa.Hostname{SiteID: a.site.ID, RecordID: a.record2.ID, Hostname: name, SSLFlag: "off"})
	read("esa_site", map[string]any{"site_name": "example.com"})
	read("esa_custom_hostname", map[string]any{"site_id": fmt.Sprint(a.site.ID), "hostname": name})
	read("esa_custom_hostnames", map[string]any{"site_id": fmt.Sprint(a.site.ID), "hostname": name})

	begin("responses that a filter would not give")
	respond := func(action, body string) {
		a.Inject(fakeesa.Fault{Action: action, RawBody: new(`{"RequestId":"1","TotalCount":3,"PageNumber":1,"PageSize":500,` + body + `}`), Status: 200, Times: 1})
	}
	sites := `"Sites":[{"SiteId":1,"SiteName":"my-example.com","Status":"pending"},{"SiteId":2,"SiteName":"EXAMPLE.com","Status":"offline","OfflineReason":"missing_icp",
		"AccessType":"CNAME","Coverage":"global","CnameZone":"zone","NameServerList":" a.ns.example ,,b.ns.example","InstanceId":"i","PlanName":"p","CreateTime":"c","UpdateTime":"u"},
		{"SiteId":3,"SiteName":"example.com.cn","Status":"moved"}]`
	respond("ListSites", sites)
	read("esa_site", map[string]any{"site_name": "example.com"})
	respond("ListSites", sites)
	read("esa_site", map[string]any{"site_name": "example"})
	respond("ListSites", strings.ReplaceAll(sites, "my-example.com", "Example.com"))
	read("esa_site", map[string]any{"site_name": "example.com"})
	records := `"Records":[{"RecordId":1,"RecordName":"www.example.com","RecordType":"CNAME","Data":{"Value":"a"}},{"RecordId":2,"RecordName":"Origin.example.com","RecordType":"A/AAAA",
		"RecordSourceType":"OSS","RecordCname":"target","Proxied":true,"SiteId":9,"SiteName":"s","Comment":"n","Ttl":30,"CreateTime":"c","UpdateTime":"u","Data":{"Value":"192.0.2.1"}},
		{"RecordId":3,"RecordName":"origin.example.com","RecordType":"TXT","Data":{"Value":"b"}}]`
	for _, kind := range []any{"a/aaaa", "TXT", "MX", nil} {
		respond("ListRecords", records)
		read("esa_record", map[string]any{"site_id": site, "record_name": "origin.example.com", "record_type": kind})
	}
	listed := func(id int, name, more string) string {
		return fmt.Sprintf(`{"HostnameId":%d,"SiteId":%s,"RecordId":7,"Hostname":%q,"SslFlag":"on","CertType":"free"%s}`, id, site, name, more)
	}
	all := `"Hostnames":[` + strings.Join([]string{
		listed(3, "b.customer.com", `,"Status":"active","CertStatus":"OK","CertNotAfter":"2027-01-01T00:00:00Z","CreateTime":"c","UpdateTime":"u","SiteName":"s","RecordName":"r"`),
		listed(2, "b.customer.com", `,"Status":"offline","OfflineReason":"missing_icp","CertStatus":"ApplyFailed","CertApplyCode":3,"CertApplyMessage":"canceled"`),
		listed(1, "a.customer.com", `,"Status":"conflicted","ConflictWith":"existing_site","VerifyHost":"h","VerifyCode":"v","CertTxtKey":"k","CertTxtValue":"l","CertHttpKey":"m","CertHttpValue":"n"`),
	}, ",") + "]"
	for _, filter := range []map[string]any{
		{},
		{"hostname": "b.customer.com"},
		{"hostname": "customer", "name_match_type": "fuzzy"},
		{"hostname": "b.", "name_match_type": "prefix"},
		{"hostname": "a.customer.com", "name_match_type": "suffix"},
		{"status": "offline"},
		{"record_id": "7"},
		{"record_id": "8"},
		{"hostname": "b.customer.com", "status": "active"},
	} {
		config := map[string]any{"site_id": site}
		maps.Copy(config, filter)
		respond("ListCustomHostnames", all)
		read("esa_custom_hostnames", config)
		respond("ListCustomHostnames", all)
		listing(config, false, 0)
	}
	for _, limit := range []int64{1, 2} {
		respond("ListCustomHostnames", all)
		listing(map[string]any{"site_id": site}, false, limit)
	}

	begin("refused")
	refuse("ListSites", "NoPermission")
	read("esa_site", map[string]any{"site_name": "example.com"})
	refuse("GetSite", "NoPermission")
	read("esa_site", map[string]any{"site_id": site})
	refuse("ListRecords", "NoPermission")
	read("esa_record", map[string]any{"site_id": site, "record_name": "origin.example.com"})
	refuse("GetRecord", "NoPermission")
	read("esa_record", map[string]any{"record_id": "7"})
	refuse("GetCustomHostname", "NoPermission")
	read("esa_custom_hostname", map[string]any{"hostname_id": "7"})
	refuse("ListCustomHostnames", "NoPermission")
	read("esa_custom_hostname", map[string]any{"site_id": site, "hostname": name})
	refuse("ListCustomHostnames", "NoPermission")
	read("esa_custom_hostnames", map[string]any{"site_id": site})
	refuse("ListCustomHostnames", "NoPermission")
	listing(map[string]any{"site_id": site}, false, 0)
	refuse("ListSites", "NoPermission")
	listing(map[string]any{}, false, 0)
	refuse("GetCustomHostname", "NoPermission")
	listing(map[string]any{"site_id": site, "hostname": name}, true, 0)
	refuse("GetCustomHostname", "CustomHostname.NotFound")
	listing(map[string]any{"site_id": site, "hostname": name}, true, 0)

	begin("the provider's endpoint and token are unknown")
	s = newTimedServer(t, nil, a.clock)
	s.configure(t, map[string]any{"access_key": "a", "secret_key": "b", "endpoint": unknown{}, "security_token": unknown{}})
	read("esa_site", map[string]any{"site_id": site})
	read("esa_record", map[string]any{"record_id": "7"})
	read("esa_custom_hostname", map[string]any{"hostname_id": "7"})
	read("esa_custom_hostnames", map[string]any{"site_id": site})
	listing(map[string]any{"site_id": site}, false, 0)
	_, problems := s.invoke(t, verifyAction, map[string]any{"hostname_id": "7"})
	j.write("action\n%s", strings.Join(problems, "\n"))
	compareWithFile(t, "lookups.txt", got.String())
}

func TestAccDataCustomHostname(t *testing.T) {
	t.Parallel()
	pair := issue(t, name)
	a := newAccount(t, fakeesa.Options{LargeIDs: true}, "certificate-echo")
	made := a.AddHostname(fakeesa.Hostname{SiteID: a.site.ID, RecordID: a.record.ID, Hostname: name, SSLFlag: "on", CertType: "upload", Certificate: pair.CertificatePEM, PrivateKey: pair.PrivateKeyPEM})
	checks := []statecheck.StateCheck{
		knownData("esa_custom_hostname", "id", knownvalue.StringExact(fmt.Sprint(made.ID))),
		knownData("esa_custom_hostname", "hostname_id", knownvalue.StringExact(fmt.Sprint(made.ID))),
		knownData("esa_custom_hostname", "site_id", knownvalue.StringExact(fmt.Sprint(a.site.ID))),
		knownData("esa_custom_hostname", "record_id", knownvalue.StringExact(fmt.Sprint(a.record.ID))),
		knownData("esa_custom_hostname", "certificate", knownvalue.StringExact(pair.CertificatePEM)),
		knownData("esa_custom_hostname", "cas_id", knownvalue.Null()),
		knownData("esa_custom_hostname", "verify_host", knownvalue.StringExact("_esa_custom_hostname."+name)),
		knownData("esa_custom_hostname", "cert_status", knownvalue.StringExact("OK")),
	}
	refused := func(arguments, want string) resource.TestStep {
		return resource.TestStep{Config: a.data("esa_custom_hostname", arguments), ExpectError: regexp.MustCompile(want)}
	}
	a.lookups(t,
		resource.TestStep{Config: a.data("esa_custom_hostname", fmt.Sprintf("hostname_id = \"%d\"", made.ID)), ConfigStateChecks: checks},
		resource.TestStep{Config: a.data("esa_custom_hostname", fmt.Sprintf("site_id = \"%d\"\nhostname = %q", a.site.ID, name)), ConfigStateChecks: checks},
		refused(fmt.Sprintf("site_id = \"%d\"\nhostname = \"nobody.example\"", a.site.ID), `(?s)Unable to read custom hostname.*There\s+is\s+no\s+custom\s+hostname\s+nobody.example`),
		refused(`hostname_id = "77"`, `CustomHostname.NotFound`),
		refused(``, `(?s)Missing Attribute Configuration.*hostname_id`),
		refused(fmt.Sprintf("hostname_id = \"1\"\nhostname = %q\nsite_id = \"1\"", name), `Invalid Attribute Combination`),
		refused(fmt.Sprintf("hostname = %q", name), `Invalid Attribute Combination`),
		refused(`hostname_id = "x"`, `Invalid hostname_id`),
	)
}

func TestAccDataCustomHostname_severalOfOneName(t *testing.T) {
	t.Parallel()
	a := newAccount(t, fakeesa.Options{DuplicateCreate: fakeesa.DuplicateConflicts})
	for range 2 {
		a.AddHostname(fakeesa.Hostname{SiteID: a.site.ID, RecordID: a.record.ID, Hostname: name, SSLFlag: "off"})
	}
	second := a.Hostnames()[1]
	a.lookups(t, resource.TestStep{
		Config:      a.data("esa_custom_hostname", fmt.Sprintf("site_id = \"%d\"\nhostname = %q", a.site.ID, name)),
		ExpectError: regexp.MustCompile(fmt.Sprintf(`(?s)There\s+are\s+2\s+matches\s+for.*%d`, second.ID)),
	})
}

func TestAccDataCustomHostnames(t *testing.T) {
	t.Parallel()
	a := newAccount(t, fakeesa.Options{})
	const many = 620
	for i := range many {
		made := fakeesa.Hostname{SiteID: a.site.ID, RecordID: a.record.ID, Hostname: fmt.Sprintf("h%04d.customer.com", i), SSLFlag: "off"}
		if i%100 == 0 {
			made.RecordID, made.SSLFlag, made.CertType, made.Status, made.CertStatus = a.record2.ID, "on", "free", "active", "ApplyFailed"
		}
		a.AddHostname(made)
	}
	site := fmt.Sprintf("site_id = \"%d\"\n", a.site.ID)
	step := func(arguments string, n int) resource.TestStep {
		return resource.TestStep{
			Config:            a.data("esa_custom_hostnames", site+arguments),
			ConfigStateChecks: []statecheck.StateCheck{knownData("esa_custom_hostnames", "hostnames", knownvalue.ListSizeExact(n))},
		}
	}
	first := step(`cert_status = ["ApplyFailed"]`, 7)
	first.ConfigStateChecks = append(first.ConfigStateChecks, knownData("esa_custom_hostnames", "hostnames", knownvalue.ListPartial(map[int]knownvalue.Check{
		0: knownvalue.ObjectPartial(map[string]knownvalue.Check{
			"hostname": knownvalue.StringExact("h0000.customer.com"), "record_id": knownvalue.StringExact(fmt.Sprint(a.record2.ID)),
			"cert_type": knownvalue.StringExact("free"), "status": knownvalue.StringExact("active"), "id": knownvalue.NotNull(),
		}),
	})))
	a.lookups(t,
		first,
		step("", many),
		step(fmt.Sprintf("record_id = \"%d\"", a.record2.ID), 7),
		step(`status = "active"`, 7),
		step(`hostname = "h0100.customer.com"`, 1),
		step("hostname = \"h01\"\nname_match_type = \"prefix\"", 100),
		step("hostname = \"9.customer.com\"\nname_match_type = \"suffix\"", 62),
		step("hostname = \"00.cust\"\nname_match_type = \"fuzzy\"", 7),
		step(`hostname = "nobody.example"`, 0),
		step(`cert_status = ["Expired"]`, 0),
		resource.TestStep{Config: a.data("esa_custom_hostnames", site+`name_match_type = "prefix"`), ExpectError: regexp.MustCompile(`Invalid Attribute Combination`)},
		resource.TestStep{Config: a.data("esa_custom_hostnames", site+`status = "configuring"`), ExpectError: regexp.MustCompile(`Invalid Attribute Value Match`)},
		resource.TestStep{Config: a.data("esa_custom_hostnames", `site_id = "77"`), ExpectError: regexp.MustCompile(`(?s)Unable to list custom hostname.*` + map[fakeesa.UnknownSite]string{fakeesa.UnknownSiteNotFound: "SiteNotFound", fakeesa.UnknownSiteInvalid: `InvalidParameter\.SiteId`}[a.Options().UnknownSite])},
	)
}

func TestAccDataSite(t *testing.T) {
	t.Parallel()
	a := newAccount(t, fakeesa.Options{})
	a.AddSite("other.example")
	checks := []statecheck.StateCheck{
		knownData("esa_site", "id", knownvalue.StringExact(fmt.Sprint(a.site.ID))),
		knownData("esa_site", "site_name", knownvalue.StringExact("example.com")),
		knownData("esa_site", "status", knownvalue.StringExact("active")),
		knownData("esa_site", "name_servers", knownvalue.NotNull()),
	}
	a.lookups(t,
		resource.TestStep{Config: a.data("esa_site", `site_name = "example.com"`), ConfigStateChecks: checks},
		resource.TestStep{Config: a.data("esa_site", fmt.Sprintf("site_id = \"%d\"", a.site.ID)), ConfigStateChecks: checks},
		resource.TestStep{Config: a.data("esa_site", `site_name = "nobody.example"`), ExpectError: regexp.MustCompile(`(?s)Unable to find site.*There is no site`)},
		resource.TestStep{Config: a.data("esa_site", `site_id = "77"`), ExpectError: regexp.MustCompile(`(?s)Unable to read site.*SiteNotFound`)},
		resource.TestStep{Config: a.data("esa_site", ``), ExpectError: regexp.MustCompile(`Missing Attribute Configuration`)},
	)
}

// TestDataRecord_filters has ESA ignore the filters.
func TestDataRecord_filters(t *testing.T) {
	a := newAccount(t, fakeesa.Options{})
	item := func(id int, name, kind string) string {
		return fmt.Sprintf(`{"RecordId":%d,"SiteId":%d,"RecordName":%q,"RecordType":%q}`, id, a.site.ID, name, kind)
	}
	page := fmt.Sprintf(`{"RequestId":"1","PageNumber":1,"PageSize":500,"TotalCount":3,"Records":[%s]}`, strings.Join([]string{
		item(1, "a.example.com", "CNAME"), item(2, "a.example.com", "TXT"), item(3, "b.a.example.com", "TXT"),
	}, ","))
	a.Inject(fakeesa.Fault{Action: "ListRecords", RawBody: &page, Status: 200})
	got := newServer(t, a).read(t, "esa_record", map[string]any{"site_id": fmt.Sprint(a.site.ID), "record_name": "A.example.com", "record_type": "txt"})
	if got["id"] != "2" {
		t.Errorf("got record %s, want 2", got["id"])
	}
}

func TestAccDataRecord(t *testing.T) {
	t.Parallel()
	a := newAccount(t, fakeesa.Options{})
	twice := []fakeesa.Record{
		a.AddRecordOf(fakeesa.Record{SiteID: a.site.ID, Name: "both.example.com", Type: "A/AAAA", Value: "192.0.2.1", Proxied: true}),
		a.AddRecordOf(fakeesa.Record{SiteID: a.site.ID, Name: "both.example.com", Type: "TXT", Value: "text"}),
	}
	site := fmt.Sprintf("site_id = \"%d\"\n", a.site.ID)
	checks := []statecheck.StateCheck{
		knownData("esa_record", "id", knownvalue.StringExact(fmt.Sprint(a.record.ID))),
		knownData("esa_record", "record_name", knownvalue.StringExact("origin.example.com")),
		knownData("esa_record", "proxied", knownvalue.Bool(true)),
		knownData("esa_record", "site_id", knownvalue.StringExact(fmt.Sprint(a.site.ID))),
		knownData("esa_record", "ttl", knownvalue.Int64Exact(1)),
	}
	a.lookups(t,
		resource.TestStep{Config: a.data("esa_record", site+`record_name = "origin.example.com"`), ConfigStateChecks: checks},
		resource.TestStep{Config: a.data("esa_record", fmt.Sprintf("record_id = \"%d\"", a.record.ID)), ConfigStateChecks: checks},
		resource.TestStep{
			Config:      a.data("esa_record", site+`record_name = "both.example.com"`),
			ExpectError: regexp.MustCompile(fmt.Sprintf(`(?s)There are 2 matches for.*%d \(A/AAAA.*%d \(TXT`, twice[0].ID, twice[1].ID)),
		},
		resource.TestStep{
			Config:            a.data("esa_record", site+"record_name = \"both.example.com\"\nrecord_type = \"TXT\""),
			ConfigStateChecks: []statecheck.StateCheck{knownData("esa_record", "value", knownvalue.StringExact("text"))},
		},
		resource.TestStep{Config: a.data("esa_record", site+`record_name = "nobody.example.com"`), ExpectError: regexp.MustCompile(`There is no record`)},
		resource.TestStep{Config: a.data("esa_record", `record_id = "77"`), ExpectError: regexp.MustCompile(`(?s)Unable to read record.*Record.NotFound`)},
		resource.TestStep{Config: a.data("esa_record", `record_name = "origin.example.com"`), ExpectError: regexp.MustCompile(`Invalid Attribute Combination`)},
		resource.TestStep{
			Config:      a.data("esa_record", fmt.Sprintf("record_id = \"%d\"\nrecord_type = \"CNAME\"", a.record.ID)),
			ExpectError: regexp.MustCompile(`cannot\s+be\s+configured\s+together:\s+\[record_id,record_type\]`),
		},
	)
}
