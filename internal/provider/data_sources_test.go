package provider

import (
	"fmt"
	"regexp"
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
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
	s := newServer(t, a)
	schema := s.schema.DataSourceSchemas["esa_record"]
	read, err := s.ReadDataSource(t.Context(), &tfprotov6.ReadDataSourceRequest{TypeName: "esa_record", Config: dynamic(t, schema, map[string]any{
		"site_id": fmt.Sprint(a.site.ID), "record_name": "A.example.com", "record_type": "txt",
	})})
	if err != nil {
		t.Fatal(err)
	}
	noProblems(t, read.Diagnostics)
	state, err := read.State.Unmarshal(schema.ValueType())
	if err != nil {
		t.Fatal(err)
	}
	if id := textOf(t, attributes(t, state)["id"]); id != "2" {
		t.Errorf("got record %s, want 2", id)
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
			ExpectError: regexp.MustCompile(`cannot be specified together: \[record_id,record_type\]|(?s)Invalid Attribute Combination.*record_id,\s*record_type`),
		},
	)
}
