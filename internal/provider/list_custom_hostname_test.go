package provider

import (
	"fmt"
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/hashicorp/terraform-plugin-go/tftypes"

	"terraform-provider-esa/internal/certcheck"
	"terraform-provider-esa/internal/certcheck/certtest"
	"terraform-provider-esa/internal/fakeesa"
)

// listed is a result of a list resource.
type listed struct {
	name     string
	identity map[string]string
	resource map[string]tftypes.Value
}

// list calls the provider like terraform query.
func (s *server) list(t testing.TB, config map[string]any, includeResource bool, limit int64) (results []listed, problems []string) {
	t.Helper()
	schema := s.schema.ListResourceSchemas["esa_custom_hostname"]
	validated, err := s.ValidateListResourceConfig(t.Context(), &tfprotov6.ValidateListResourceConfigRequest{TypeName: "esa_custom_hostname", Config: dynamic(t, schema, config)})
	if err != nil {
		t.Fatal(err)
	}
	for _, problem := range validated.Diagnostics {
		problems = append(problems, show(problem))
	}
	if problems != nil {
		return nil, problems
	}
	stream, err := s.ListResource(t.Context(), &tfprotov6.ListResourceRequest{
		TypeName: "esa_custom_hostname", Config: dynamic(t, schema, config), IncludeResource: includeResource, Limit: limit,
	})
	if err != nil {
		t.Fatal(err)
	}
	for result := range stream.Results {
		for _, problem := range result.Diagnostics {
			problems = append(problems, show(problem))
		}
		if result.Identity == nil {
			continue
		}
		one := listed{name: result.DisplayName, identity: map[string]string{}}
		identity, err := result.Identity.IdentityData.Unmarshal(tftypes.Object{AttributeTypes: map[string]tftypes.Type{
			"hostname_id": tftypes.String, "site_id": tftypes.String, "hostname": tftypes.String,
		}})
		if err != nil {
			t.Fatal(err)
		}
		for name, value := range attributes(t, identity) {
			one.identity[name] = textOf(t, value)
		}
		if result.Resource != nil {
			object, err := result.Resource.Unmarshal(s.schema.ResourceSchemas["esa_custom_hostname"].ValueType())
			if err != nil {
				t.Fatal(err)
			}
			one.resource = attributes(t, object)
		}
		results = append(results, one)
	}
	return results, problems
}

func attributes(t testing.TB, object tftypes.Value) map[string]tftypes.Value {
	t.Helper()
	var values map[string]tftypes.Value
	if err := object.As(&values); err != nil {
		t.Fatal(err)
	}
	return values
}

// textOf returns a string value, or "" if it is null.
func textOf(t testing.TB, value tftypes.Value) string {
	t.Helper()
	var s *string
	if err := value.As(&s); err != nil {
		t.Fatal(err)
	}
	if s == nil {
		return ""
	}
	return *s
}

// addMany adds hostnames like people in the console, of all types in turn. Uploaded ones have the same wildcard certificate.
func (a *account) addMany(count int, pair certtest.Pair) {
	for i := range count {
		made := fakeesa.Hostname{SiteID: a.site.ID, RecordID: a.record.ID, Hostname: fmt.Sprintf("h%03d.customer.com", i), SSLFlag: "on"}
		switch i % 5 {
		case 0:
			made.SSLFlag = "off"
		case 1:
			made.SSLFlag, made.CertType, made.Certificate, made.PrivateKey = "off", "upload", pair.CertificatePEM, pair.PrivateKeyPEM
		case 2:
			made.CertType = "free"
		case 3:
			made.CertType, made.CasID = "cas", 30000478
		case 4:
			made.CertType, made.Certificate, made.PrivateKey = "upload", pair.CertificatePEM, pair.PrivateKeyPEM
		}
		a.AddHostname(made)
	}
}

func TestList(t *testing.T) {
	a := newAccount(t, fakeesa.Options{LargeIDs: true})
	a.addMany(10, issue(t, "*.customer.com"))
	elsewhere := a.AddSite("other.example")
	a.AddHostname(fakeesa.Hostname{SiteID: elsewhere.ID, RecordID: a.AddRecord(elsewhere.ID, "o.other.example").ID, Hostname: "far.customer.com", SSLFlag: "off"})
	s := newServer(t, a)
	site := fmt.Sprint(a.site.ID)

	for title, test := range map[string]struct {
		config map[string]any
		limit  int64
		want   int
		calls  map[string]int

		refused bool
	}{
		"all of a site":           {map[string]any{"site_id": site}, 0, 10, map[string]int{"ListCustomHostnames": 1}, false},
		"all sites":               {map[string]any{}, 0, 11, map[string]int{"ListSites": 1, "ListCustomHostnames": 2}, false},
		"limited":                 {map[string]any{"site_id": site}, 3, 3, map[string]int{"ListCustomHostnames": 1}, false},
		"by name":                 {map[string]any{"site_id": site, "hostname": "h004.customer.com"}, 0, 1, map[string]int{"ListCustomHostnames": 1}, false},
		"by prefix, on all sites": {map[string]any{"hostname": "far", "name_match_type": "prefix"}, 0, 1, map[string]int{"ListSites": 1, "ListCustomHostnames": 2}, false},
		"by a record without any": {map[string]any{"site_id": site, "record_id": fmt.Sprint(a.record2.ID)}, 0, 0, map[string]int{"ListCustomHostnames": 1}, false},
		"by a status without any": {map[string]any{"site_id": site, "status": "conflicted"}, 0, 0, map[string]int{"ListCustomHostnames": 1}, false},
		"of a site that is none":  {map[string]any{"site_id": "77"}, 0, 0, map[string]int{"ListCustomHostnames": 1}, true},
	} {
		t.Run(title, func(t *testing.T) {
			a.ResetRequests()
			results, problems := s.list(t, test.config, false, test.limit)
			if len(results) != test.want || test.refused != (problems != nil) {
				t.Errorf("got %d results, want %d; problems %v", len(results), test.want, problems)
			}
			if diff := cmp.Diff(test.calls, a.calls()); diff != "" {
				t.Errorf("calls (-want +got):\n%s", diff)
			}
			for _, result := range results {
				if result.name != result.identity["hostname"] || result.identity["hostname_id"] == "" || result.identity["site_id"] == "" {
					t.Errorf("%q: got identity %v, want hostname, hostname_id and site_id", result.name, result.identity)
				}
				if result.resource != nil {
					t.Error("got a resource, but none was requested")
				}
			}
		})
	}
}

// TestList_filters has ESA ignore the filters, and return a hostname twice.
func TestList_filters(t *testing.T) {
	a := newAccount(t, fakeesa.Options{})
	item := func(id int, hostname string, record int64, status string) string {
		return fmt.Sprintf(`{"HostnameId":%d,"SiteId":%d,"Hostname":%q,"RecordId":%d,"Status":%q,"SslFlag":"off"}`, id, a.site.ID, hostname, record, status)
	}
	page := fmt.Sprintf(`{"RequestId":"1","PageNumber":1,"PageSize":500,"TotalCount":5,"Hostnames":[%s]}`, strings.Join([]string{
		item(1, name, a.record.ID, "active"), item(2, name, a.record2.ID, "active"), item(3, name, a.record.ID, "pending"),
		item(4, "other.customer.com", a.record.ID, "active"), item(1, name, a.record.ID, "active"),
	}, ","))
	a.Inject(fakeesa.Fault{Action: "ListCustomHostnames", RawBody: &page, Status: 200})
	results, problems := newServer(t, a).list(t, map[string]any{
		"site_id": fmt.Sprint(a.site.ID), "record_id": fmt.Sprint(a.record.ID), "status": "active", "hostname": name,
	}, false, 0)
	if len(results) != 1 || results[0].identity["hostname_id"] != "1" || problems != nil {
		t.Errorf("got %v, problems %v; want hostname 1 once", results, problems)
	}
}

// TestList_noSites has ESA refuse the list of sites, and the second site.
func TestList_noSites(t *testing.T) {
	a := newAccount(t, fakeesa.Options{})
	a.AddHostname(fakeesa.Hostname{SiteID: a.site.ID, RecordID: a.record.ID, Hostname: name, SSLFlag: "off"})
	second := a.AddSite("other.example")
	s := newServer(t, a)
	for _, test := range []struct {
		fault fakeesa.Fault
		found int
	}{
		{fakeesa.Fault{Action: "ListSites", Code: "NoPermission"}, 0},
		{fakeesa.Fault{Action: "ListCustomHostnames", Code: "NoPermission", Params: map[string]string{"SiteId": fmt.Sprint(second.ID)}}, 1},
	} {
		a.Inject(test.fault)
		if results, problems := s.list(t, map[string]any{}, false, 0); len(results) != test.found || len(problems) != 1 || !strings.Contains(problems[0], "lacks esa:"+test.fault.Action) {
			t.Errorf("%s: got %v, problems %q; want %d hostnames and one error", test.fault.Action, results, problems, test.found)
		}
	}
}

func TestList_refused(t *testing.T) {
	s := newServer(t, newAccount(t, fakeesa.Options{}))
	for _, config := range []map[string]any{
		{"site_id": "shop"}, {"record_id": "0"}, {"name_match_type": "fuzzy"}, {"status": "asleep"},
	} {
		for argument := range config {
			results, problems := s.list(t, config, false, 0)
			if len(results) > 0 || len(problems) != 1 || !strings.Contains(problems[0], argument) {
				t.Errorf("%v: got %v, problems %q; want one error about the argument", config, results, problems)
			}
		}
	}
}

// TestList_resource checks that list results equal what a refresh reads. Otherwise a generated configuration would have
// changes.
func TestList_resource(t *testing.T) {
	a := newAccount(t, fakeesa.Options{})
	pair := issue(t, "*.customer.com")
	a.addMany(10, pair)
	s := newServer(t, a)
	a.ResetRequests()
	results, problems := s.list(t, map[string]any{"site_id": fmt.Sprint(a.site.ID)}, true, 0)
	visible := 2
	if a.Options().CertificateEcho == fakeesa.EchoNone {
		visible = 0
	}
	if len(results) != 10 || len(problems) != 2-visible {
		t.Fatalf("got %d results, want 10; problems %v", len(results), problems)
	}
	// Four of the ten have a certificate that lists do not return.
	if diff := cmp.Diff(map[string]int{"ListCustomHostnames": 1, "GetCustomHostname": 4}, a.calls()); diff != "" {
		t.Errorf("calls (-want +got):\n%s", diff)
	}
	certificates, cas := 0, 0
	for _, result := range results {
		for name, want := range map[string]string{"site_id": fmt.Sprint(a.site.ID), "record_id": fmt.Sprint(a.record.ID), "hostname": result.name} {
			if got := textOf(t, result.resource[name]); got != want {
				t.Errorf("%s of %s: got %q, want %q", name, result.name, got, want)
			}
		}
		for _, key := range []string{"private_key", "private_key_wo"} {
			if !result.resource[key].IsNull() {
				t.Errorf("%s of %s: got a value, want null", key, result.name)
			}
		}
		if certcheck.Same(textOf(t, result.resource["certificate"]), pair.CertificatePEM) {
			certificates++
		}
		if textOf(t, result.resource["cas_id"]) == casID {
			cas++
		}
	}
	if certificates != visible || cas != 2 {
		t.Errorf("got %d certificates and %d cas_id, want %d and 2", certificates, cas, visible)
	}
}

func TestList_certificateNotShown(t *testing.T) {
	a := newAccount(t, fakeesa.Options{CertificateEcho: fakeesa.EchoNone})
	a.addMany(5, issue(t, "*.customer.com"))
	results, problems := newServer(t, a).list(t, map[string]any{}, true, 0)
	if len(results) != 5 || len(problems) != 1 || !strings.Contains(problems[0], "h004.customer.com") || !strings.HasPrefix(problems[0], "WARNING") {
		t.Errorf("got %d results, want 5 and one warning; problems %v", len(results), problems)
	}
	for _, result := range results {
		if !result.resource["certificate"].IsNull() {
			t.Errorf("certificate of %s: got a value, want null", result.name)
		}
	}
}

// TestList_deletedMeanwhile checks that a hostname is left out if it is deleted between the list and its own read.
func TestList_deletedMeanwhile(t *testing.T) {
	a := newAccount(t, fakeesa.Options{}, "certificate-echo")
	a.addMany(5, issue(t, "*.customer.com"))
	a.Inject(fakeesa.Fault{Action: "GetCustomHostname", Times: 1, Code: "CustomHostname.NotFound", Status: 404})
	results, problems := newServer(t, a).list(t, map[string]any{}, true, 0)
	if len(results) != 4 || problems != nil {
		t.Errorf("got %d results, want 4; problems %v", len(results), problems)
	}
}

// requireTerraform14 skips tests of what only Terraform 1.14 and later can do. OpenTofu has its own version numbers, so it
// is skipped too.
func requireTerraform14(t *testing.T) {
	t.Helper()
	w := newWorkspace(t)
	out, err := exec.Command(w.cli, "version").Output()
	if err != nil {
		t.Fatal(err)
	}
	var major, minor int
	if _, err := fmt.Sscanf(string(out), "Terraform v%d.%d", &major, &minor); err != nil || major == 1 && minor < 14 {
		line, _, _ := strings.Cut(string(out), "\n")
		t.Skipf("query and actions need Terraform 1.14 or later, got %s", line)
	}
}

// TestAccQuery imports hostnames that were created in the console: query, generate, import, and a plan without changes.
func TestAccQuery(t *testing.T) {
	t.Parallel()
	requireTerraform14(t)
	const count = 250
	pair := issue(t, "*.customer.com")
	a := newAccount(t, fakeesa.Options{}, "certificate-echo")
	a.addMany(count, pair)
	before := a.Hostnames()

	w := a.workspace(t)
	w.write("main.tf", "provider \"esa\" {}\n")
	w.write("all.tfquery.hcl", fmt.Sprintf("list \"esa_custom_hostname\" \"all\" {\n  provider = esa\n  limit    = 1000\n  config {\n    site_id = \"%d\"\n  }\n}\n", a.site.ID))
	a.ResetRequests()
	out := w.mustRun("query", "-generate-config-out=generated.tf")
	for _, hostname := range before {
		if !strings.Contains(out, hostname.Hostname) {
			t.Fatalf("query does not list %s:\n%s", hostname.Hostname, out)
		}
	}
	calls := a.calls()
	t.Logf("query of %d: %v", count, calls)
	if lists := calls["ListCustomHostnames"]; lists > 6 {
		t.Errorf("got %d calls of ListCustomHostnames, want at most 6", lists)
	}
	// Of five hostnames, one has an uploaded certificate and one uses SSL Certificates Service.
	if gets := calls["GetCustomHostname"]; gets > count*2/5 {
		t.Errorf("got %d calls of GetCustomHostname, want at most %d", gets, count*2/5)
	}
	if strings.Contains(w.read("generated.tf"), "PRIVATE KEY") {
		t.Error("the generated configuration contains a private key")
	}
	_ = os.Remove(w.dir + "/all.tfquery.hcl")
	a.ResetRequests()
	if out := w.mustRun("apply", "-auto-approve"); !strings.Contains(out, fmt.Sprintf("%d imported, 0 added, 0 changed, 0 destroyed", count)) {
		t.Errorf("apply: want only imports:\n%s", out)
	}
	w.mustRun("plan", "-detailed-exitcode")
	if writes := a.writes(); len(writes) > 0 {
		t.Errorf("the import wrote %v, want nothing", writes)
	}
	t.Logf("import and plan: %v", a.calls())
	if diff := cmp.Diff(before, a.Hostnames()); diff != "" {
		t.Errorf("hostnames (-before +after the import):\n%s", diff)
	}
}
