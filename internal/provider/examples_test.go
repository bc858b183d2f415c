package provider

import (
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/hashicorp/terraform-plugin-framework/providerserver"
	fwresource "github.com/hashicorp/terraform-plugin-framework/resource"
	tfconfig "github.com/hashicorp/terraform-plugin-testing/config"
	"github.com/hashicorp/terraform-plugin-testing/helper/resource"

	"terraform-provider-esa/internal/certcheck/certtest"
	"terraform-provider-esa/internal/fakeesa"
)

// example returns a workspace with what the examples need: variables, and a certificate of app.customer-b.com.
func example(t *testing.T, a *account, certificate certtest.Pair) *workspace {
	t.Helper()
	w := newWorkspace(t)
	w.write("app.customer-b.com.pem", certificate.CertificatePEM)
	w.env = append(w.env, a.environment()...)
	w.env = append(w.env, fmt.Sprintf("TF_VAR_site_id=%d", a.site.ID), fmt.Sprintf("TF_VAR_record_id=%d", a.record.ID),
		"TF_VAR_private_key="+certificate.PrivateKeyPEM)
	return w
}

// readExample returns a file of the examples.
func readExample(t *testing.T, path string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("../../examples", path))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// play applies an example.
func (w *workspace) play(path string) {
	w.t.Helper()
	w.configure(readExample(w.t, path))
	w.mustRun("apply", "-auto-approve")
	w.mustRun("plan", "-detailed-exitcode")
}

// TestAccExamples applies every example of the provider, a resource, a data source and a function on the fake, plans again,
// and destroys.
func TestAccExamples(t *testing.T) {
	t.Parallel()
	var examples []string
	for _, pattern := range []string{"provider/provider*.tf", "resources/*/resource*.tf", "data-sources/*/data-source*.tf", "functions/*/function*.tf"} {
		found, err := filepath.Glob(filepath.Join("../../examples", pattern))
		if err != nil || len(found) == 0 {
			t.Fatalf("found no examples that match %s: %v", pattern, err)
		}
		examples = append(examples, found...)
	}
	for _, path := range examples {
		path, err := filepath.Rel("../../examples", path)
		if err != nil {
			t.Fatal(err)
		}
		t.Run(path, func(t *testing.T) {
			t.Parallel()
			// The customers publish their records at once.
			a := newAccount(t, fakeesa.Options{PublishAtOnce: true}, "wildcards")
			w := example(t, a, issue(t, "app.customer-b.com"))
			a.AddHostname(fakeesa.Hostname{SiteID: a.site.ID, RecordID: a.record.ID, Hostname: name, SSLFlag: "off"})
			// It has existed for a while, so its status does not change meanwhile.
			a.clock.ahead.Add(int64(time.Hour))
			w.play(path)
			w.mustRun("destroy", "-auto-approve")
			if got := a.hostname(t); got.Hostname != name {
				t.Errorf("got hostname %s after destroy, want the one from before", got.Hostname)
			}
		})
	}
}

func readFile(t *testing.T, name string) string {
	t.Helper()
	text, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// copyExample copies all files of an example's folder into the workspace.
func (w *workspace) copyExample(folder string) {
	w.t.Helper()
	_ = os.Remove(filepath.Join(w.dir, "versions.tf"))
	if err := os.CopyFS(w.dir, os.DirFS(filepath.Join("../../examples", folder))); err != nil {
		w.t.Fatal(err)
	}
}

// TestAccExamples_query runs the examples of list resources.
func TestAccExamples_query(t *testing.T) {
	t.Parallel()
	requireTerraform14(t)
	a := newAccount(t, fakeesa.Options{})
	w := example(t, a, issue(t, "app.customer-b.com"))
	a.AddHostname(fakeesa.Hostname{SiteID: a.site.ID, RecordID: a.record.ID, Hostname: name, SSLFlag: "off", Status: "active"})
	w.write("main.tf", "provider \"esa\" {}\n")
	examples, err := filepath.Glob("../../examples/list-resources/*/*.tfquery.hcl")
	if err != nil || len(examples) == 0 {
		t.Fatalf("found no examples: %v", err)
	}
	for _, path := range examples {
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		w.write("example.tfquery.hcl", string(text))
		if out := w.mustRun("query"); !strings.Contains(out, name) {
			t.Errorf("%s does not list %s:\n%s", path, name, out)
		}
	}
}

// TestAccExamples_actions invokes the action of each example.
func TestAccExamples_actions(t *testing.T) {
	t.Parallel()
	requireTerraform14(t)
	examples, err := filepath.Glob("../../examples/actions/*/action.tf")
	if err != nil || len(examples) == 0 {
		t.Fatalf("found no examples: %v", err)
	}
	for _, path := range examples {
		a := newAccount(t, fakeesa.Options{PublishAtOnce: true})
		w := example(t, a, issue(t, "app.customer-b.com"))
		path, err := filepath.Rel("../../examples", path)
		if err != nil {
			t.Fatal(err)
		}
		w.play(path)
		w.mustRun("apply", "-auto-approve", "-invoke=action."+filepath.Base(filepath.Dir(path))+".shop")
	}
}

// TestAccGuideTakeover follows the guide: a query, an apply, and a plan without changes.
func TestAccGuideTakeover(t *testing.T) {
	t.Parallel()
	requireTerraform14(t)
	a := newAccount(t, fakeesa.Options{}, "certificate-echo")
	a.addMany(10, issue(t, "*.customer.com"))
	w := example(t, a, issue(t, "app.customer-b.com"))
	w.copyExample("guides/takeover")
	w.mustRun("query", "-generate-config-out=hostnames.tf")
	if out := w.mustRun("apply", "-auto-approve"); !strings.Contains(out, "10 imported, 0 added, 0 changed, 0 destroyed") {
		t.Errorf("apply: want 10 imported and no other change:\n%s", out)
	}
	w.mustRun("plan", "-detailed-exitcode")
}

// accessTypes are the access types of a site, each with the target of a customer's CNAME record.
var accessTypes = map[string]string{"NS": "origin.example.com", "CNAME": "origin.example.com.example.com.cdn.example"}

// TestAccGuideFreeCertificate applies the guide's configuration for each access type. A stand-in for Alibaba Cloud DNS
// publishes records to the fake.
func TestAccGuideFreeCertificate(t *testing.T) {
	t.Parallel()
	for accessType, target := range accessTypes {
		t.Run(accessType, func(t *testing.T) {
			t.Parallel()
			freeCertificate(t, newAccountOf(t, accessType, fakeesa.Options{IssueDelay: 10 * time.Minute}), target)
		})
	}
}

func freeCertificate(t *testing.T, a *account, target string) {
	t.Helper()
	text, err := os.ReadFile("../../examples/guides/free-certificate/main.tf")
	if err != nil {
		t.Fatal(err)
	}
	config := inProcess(string(text))
	config = strings.Replace(config, "variable \"site_id\" {\n  type = string", fmt.Sprintf("variable \"site_id\" {\n  default = \"%d\"", a.site.ID), 1)
	config = strings.Replace(config, "variable \"record_id\" {\n  type = string", fmt.Sprintf("variable \"record_id\" {\n  default = \"%d\"", a.record.ID), 1)
	factories := factories(a.clock)
	factories["alicloud"] = providerserver.NewProtocol6WithError(a.alicloud(t))
	resource.Test(t, resource.TestCase{ProtoV6ProviderFactories: factories, Steps: []resource.TestStep{{
		Config: config + a.provider(),
		Check: resource.ComposeTestCheckFunc(resource.TestCheckResourceAttr("alicloud_alidns_record.shop", "value", target), check(func() error {
			if got := a.hostname(t); got.Status != "active" || got.CertStatus != "OK" {
				return fmt.Errorf("got status %s and certificate status %s, want active and OK", got.Status, got.CertStatus)
			}
			return nil
		})),
	}}})
}

// inProcess returns a configuration whose providers run in this process.
func inProcess(config string) string {
	return regexp.MustCompile(`source = "[a-z-]+/([a-z]+)"`).ReplaceAllString(config, `source = "registry.terraform.io/esa-provider/$1"`)
}

// TestAccGuideWholeJourney creates site, record and hostname until the certificate is in use, and destroys all of it. A
// stand-in for the alicloud provider has the published schema. Before the site is active, no hostname is created.
func TestAccGuideWholeJourney(t *testing.T) {
	t.Parallel()
	const folder = "../../examples/guides/whole-journey/"
	for access, target := range map[string]string{"NS": "origin.example.com", "CNAME": "origin.example.com.example.com.cdn.example"} {
		t.Run(access, func(t *testing.T) {
			t.Parallel()
			a := newAccount(t, fakeesa.Options{IssueDelay: 10 * time.Minute})
			a.site, a.record = fakeesa.Site{}, fakeesa.Record{}
			var config strings.Builder
			config.WriteString(a.provider())
			upTo := func(name string) string {
				config.WriteString(inProcess(readFile(t, folder+name)))
				return config.String()
			}
			factories := factories(a.clock)
			factories["alicloud"] = providerserver.NewProtocol6WithError(a.alicloud(t))
			variables := tfconfig.Variables{"plan_id": tfconfig.StringVariable("esa-site-1"), "access_type": tfconfig.StringVariable(access)}
			site, hostname, dns := upTo("site.tf"), upTo("hostname.tf"), upTo("dns.tf")
			resource.Test(t, resource.TestCase{ProtoV6ProviderFactories: factories, Steps: []resource.TestStep{
				{Config: site, ConfigVariables: variables, Check: check(func() error {
					if a.site.AccessType != access || a.site.InstanceID != "esa-site-1" {
						return fmt.Errorf("got site %+v", a.site)
					}
					return nil
				})},
				{Config: hostname, ConfigVariables: variables, ExpectError: regexp.MustCompile("The site is pending. Activate it first")},
				{
					PreConfig: func() { a.ActivateSite(a.site.ID) },
					Config:    hostname, ConfigVariables: variables,
					Check: check(func() error {
						if got := a.hostname(t); got.SiteID != a.site.ID || got.RecordID != a.record.ID || a.record.Value != "service.example.net" {
							return fmt.Errorf("got hostname %+v and record %+v", got, a.record)
						}
						return nil
					}),
				},
				{
					Config: dns, ConfigVariables: variables,
					Check: resource.ComposeTestCheckFunc(
						resource.TestCheckOutput("certificate_status", "OK"),
						resource.TestCheckResourceAttr("alicloud_alidns_record.shop", "value", target),
						resource.TestCheckResourceAttr("alicloud_alidns_record.shop", "rr", "shop"),
					),
				},
			}})
			// ESA refuses to delete a record that has a hostname, so the destroy must have deleted the hostname first.
			if left := a.Hostnames(); len(left) != 0 {
				t.Errorf("got %d hostnames after destroy, want none", len(left))
			}
		})
	}
}

// TestAccGuideCustomerDNS outputs the customers' records without waiting, and validates only those who have published.
func TestAccGuideCustomerDNS(t *testing.T) {
	t.Parallel()
	for accessType, target := range accessTypes {
		t.Run(accessType, func(t *testing.T) {
			t.Parallel()
			customerDNS(t, newAccountOf(t, accessType, fakeesa.Options{IssueWithoutTXT: true}), target)
		})
	}
	// The guide also describes how to try it on the fake.
	t.Run("fake-esa -publish", func(t *testing.T) {
		t.Parallel()
		customerDNS(t, newAccountOf(t, "NS", fakeesa.Options{PublishAtOnce: true}, "auto-verify"), accessTypes["NS"])
	})
	t.Run("curl", func(t *testing.T) {
		t.Parallel()
		a := newAccountOf(t, "NS", fakeesa.Options{})
		publish := regexp.MustCompile(`(?m)^curl -s -d '(.*)' http://127\.0\.0\.1:8787(/fake/txt)$`)
		count := 0
		for _, block := range fences(t, "docs/guides/customer-dns.md") {
			for _, command := range publish.FindAllStringSubmatch(block.text, -1) {
				count++
				response, err := http.Post(a.URL()+command[2], "application/json", strings.NewReader(command[1]))
				if err != nil {
					t.Fatal(err)
				}
				if _ = response.Body.Close(); response.StatusCode != http.StatusOK {
					t.Errorf("%s: got status %d, want 200", command[0], response.StatusCode)
				}
			}
		}
		if count == 0 {
			t.Error("the guide does not show how to publish")
		}
	})
}

func customerDNS(t *testing.T, a *account, target string) {
	t.Helper()
	w := example(t, a, issue(t, "app.customer-b.com"))
	w.copyExample("guides/customer-dns")
	w.env = append(w.env, `TF_VAR_hostnames=["shop.customer-a.com", "www.customer-b.com"]`)
	w.mustRun("apply", "-auto-approve")
	var records map[string][]struct{ Name, Type, Value string }
	if err := json.Unmarshal([]byte(w.mustRun("output", "-json", "records")), &records); err != nil {
		t.Fatal(err)
	}
	if len(records) != 2 {
		t.Fatalf("got records %v, want those of two hostnames", records)
	}
	owner, traffic := records["shop.customer-a.com"][0], records["shop.customer-a.com"][1]
	if traffic.Name != "shop.customer-a.com" || traffic.Type != "CNAME" || traffic.Value != target {
		t.Errorf("got the record %+v, want one that points at %s", traffic, target)
	}
	a.PublishTXT(owner.Name, owner.Value)
	w.env = append(w.env, `TF_VAR_published=["shop.customer-a.com"]`)
	w.mustRun("apply", "-auto-approve")
	for _, hostname := range a.Hostnames() {
		want := "pending"
		if hostname.Hostname == "shop.customer-a.com" {
			want = "active"
		}
		if hostname.Status != want {
			t.Errorf("%s: got status %s, want %s", hostname.Hostname, hostname.Status, want)
		}
	}
}

// TestAccGuideTenants creates 500 tenants. Then it removes one and moves another to another record.
func TestAccGuideTenants(t *testing.T) {
	t.Parallel()
	count := 500
	if testing.Short() {
		count = 50
	}
	a := newAccount(t, fakeesa.Options{CreateLimitPerHour: fakeesa.NoLimit}, append([]string{"record-alone"}, patient...)...)
	w := example(t, a, issue(t, "app.customer-b.com"))
	w.copyExample("guides/tenants")
	w.mustRun("apply", "-auto-approve") // the guide's own three tenants
	var csv strings.Builder
	csv.WriteString(w.read("tenants.csv"))
	for i := 3; i < count; i++ {
		fmt.Fprintf(&csv, "h%03d.customer-d.com,origin.example.com\n", i)
	}
	w.write("tenants.csv", csv.String())
	w.mustRun("apply", "-auto-approve")
	if made := len(a.Hostnames()); made != count {
		t.Fatalf("got %d hostnames, want %d", made, count)
	}
	w.write("tenants.csv", strings.Replace(strings.Replace(csv.String(), "shop.customer-a.com,origin.example.com\n", "", 1),
		"www.customer-b.com,origin.example.com", "www.customer-b.com,origin2.example.com", 1))
	a.ResetRequests()
	if out := w.mustRun("apply", "-auto-approve"); !strings.Contains(out, "0 added, 1 changed, 1 destroyed") {
		t.Errorf("apply: want one change and one destroy:\n%s", out)
	}
	if diff := cmp.Diff(map[string]int{"UpdateCustomHostname": 1, "DeleteCustomHostname": 1}, a.writes()); diff != "" {
		t.Errorf("writes (-want +got):\n%s", diff)
	}
}

// TestAccGuideTenants_mock runs the guide's test with mocks, without a fake ESA.
func TestAccGuideTenants_mock(t *testing.T) {
	t.Parallel()
	w := newWorkspace(t)
	w.copyExample("guides/tenants")
	if out := w.mustRun("test"); !strings.Contains(out, "2 passed, 0 failed") {
		t.Errorf("terraform test: want 2 passed:\n%s", out)
	}
}

// TestAccGuideTakeoverTenants imports existing hostnames into the layout of the tenants guide, creates the missing one, and
// then has nothing to change. The import blocks may stay.
func TestAccGuideTakeoverTenants(t *testing.T) {
	t.Parallel()
	a := newAccount(t, fakeesa.Options{})
	ids := map[string]int64{}
	for _, hostname := range []string{"shop.customer-a.com", "www.customer-b.com"} {
		made := a.AddHostname(fakeesa.Hostname{SiteID: a.site.ID, RecordID: a.record.ID, Hostname: hostname, SSLFlag: "on", CertType: "free", Status: "active"})
		ids[hostname] = made.ID
	}
	w := example(t, a, issue(t, "app.customer-b.com"))
	w.copyExample("guides/tenants")
	w.copyExample("guides/takeover-tenants")
	if out := w.mustRun("apply", "-auto-approve"); !strings.Contains(out, "2 imported, 1 added, 2 changed, 0 destroyed") {
		t.Errorf("apply: want 2 imported, 1 added and 2 changed:\n%s", out)
	}
	w.mustRun("plan", "-detailed-exitcode")
	for _, h := range a.Hostnames() {
		if id, taken := ids[h.Hostname]; taken && h.ID != id {
			t.Errorf("%s: got hostname id %d, want %d", h.Hostname, h.ID, id)
		}
	}
	// The two changes are timeouts, which are not sent to ESA.
	if diff := cmp.Diff(map[string]int{"CreateCustomHostname": 1}, a.writes()); diff != "" {
		t.Errorf("writes (-want +got):\n%s", diff)
	}

	// A hostname that a user or an older version has tainted exists, and is kept.
	w.mustRun("taint", `esa_custom_hostname.tenant["shop.customer-a.com"]`)
	if _, status := w.run("plan", "-detailed-exitcode"); status != 2 {
		t.Errorf("plan of a tainted hostname: got status %d, want 2", status)
	}
	w.mustRun("untaint", `esa_custom_hostname.tenant["shop.customer-a.com"]`)
	w.mustRun("plan", "-detailed-exitcode")

	// prevent_destroy protects against a line that is removed by mistake.
	w.write("main.tf", strings.Replace(w.read("main.tf"), "  timeouts {", "  lifecycle {\n    prevent_destroy = true\n  }\n\n  timeouts {", 1))
	w.write("tenants.csv", strings.Replace(w.read("tenants.csv"), "app.customer-c.com,origin2.example.com\n", "", 1))
	if out, status := w.run("plan"); status == 0 || !strings.Contains(out, "prevent_destroy") {
		t.Errorf("plan without the tenant: got status %d, want an error about prevent_destroy:\n%s", status, out)
	}
}

// TestAccGuideMigrating imports 100 hostnames of every type, created by a script, into one resource with for_each.
func TestAccGuideMigrating(t *testing.T) {
	t.Parallel()
	a := newAccount(t, fakeesa.Options{}, "certificate-echo")
	pair := issue(t, "*.customer.com")
	a.AddCASCertificate(30000478, "cn-hangzhou", time.Now().AddDate(1, 0, 0))
	a.addMany(100, pair)
	inventory := example(t, a, pair)
	inventory.copyExample("guides/migrating/inventory")
	inventory.mustRun("apply", "-auto-approve")
	found := inventory.mustRun("output", "-json", "hostnames")
	if strings.Contains(found, "PRIVATE KEY") {
		t.Error("the inventory contains a private key")
	}
	w := example(t, a, pair)
	w.copyExample("guides/migrating/hostnames")
	w.write("hostnames.json", found)
	if out := w.mustRun("apply", "-auto-approve"); !strings.Contains(out, "100 imported, 0 added, 0 changed, 0 destroyed") {
		t.Errorf("apply: want 100 imported and no other change:\n%s", out)
	}
	if err := os.Remove(filepath.Join(w.dir, "imports.tf")); err != nil {
		t.Fatal(err)
	}
	w.quiet(100)
	if writes := a.writes(); len(writes) != 0 {
		t.Errorf("the import wrote %v, want nothing", writes)
	}
}

// TestAccGuideMigrating_sites splits one state into one for each site: once by import and removed blocks, and once by state
// mv.
func TestAccGuideMigrating_sites(t *testing.T) {
	t.Parallel()
	start := func(t *testing.T) (a *account, before *workspace, sites map[string]*workspace) {
		a = newAccount(t, fakeesa.Options{})
		other := a.AddSite("example.org")
		a.AddRecord(other.ID, "origin.example.org")
		before = example(t, a, issue(t, "app.customer-b.com"))
		before.copyExample("guides/migrating-sites/before")
		before.mustRun("apply", "-auto-approve")
		before.mustRun("plan", "-detailed-exitcode")
		// Imports by name use lists, which may lag behind creates.
		a.clock.ahead.Add(int64(a.Options().UnlistedFor))
		a.ResetRequests()
		sites = map[string]*workspace{}
		for _, site := range []string{"example.com", "example.org"} {
			sites[site] = example(t, a, issue(t, "app.customer-b.com"))
			sites[site].copyExample("guides/thousands")
			sites[site].env = append(sites[site].env, "TF_VAR_site="+site)
		}
		return a, before, sites
	}
	end := func(t *testing.T, a *account, before *workspace, sites map[string]*workspace) {
		t.Helper()
		if left := before.mustRun("state", "list"); strings.Contains(left, "esa_custom_hostname.") {
			t.Errorf("the old state still contains\n%s", left)
		}
		before.mustRun("plan", "-detailed-exitcode")
		for site, hostnames := range map[string]int{"example.com": 2, "example.org": 1} {
			sites[site].mustRun("plan", "-detailed-exitcode")
			if got := strings.Count(sites[site].mustRun("state", "list"), "esa_custom_hostname.tenant["); got != hostnames {
				t.Errorf("got the state of %s with %d hostnames, want %d", site, got, hostnames)
			}
		}
		if writes := a.writes(); len(writes) != 0 || len(a.Hostnames()) != 3 {
			t.Errorf("got writes %v and %d hostnames, want none and 3", writes, len(a.Hostnames()))
		}
	}
	t.Run("import", func(t *testing.T) {
		t.Parallel()
		a, before, sites := start(t)
		for site, w := range sites {
			w.copyExample("guides/migrating-sites/imports")
			if out := w.mustRun("apply", "-auto-approve"); !strings.Contains(out, "0 added") || !strings.Contains(out, "0 destroyed") || !strings.Contains(out, " imported") {
				t.Errorf("apply of %s: want only imports:\n%s", site, out)
			}
		}
		before.write("main.tf", readFile(t, "../../examples/guides/migrating-sites/removed/main.tf"))
		before.mustRun("apply", "-auto-approve")
		end(t, a, before, sites)
	})
	t.Run("state mv", func(t *testing.T) {
		t.Parallel()
		a, before, sites := start(t)
		ran := 0
		for _, block := range fences(t, "docs/guides/migrating.md") {
			if !strings.Contains(block.text, "state mv") {
				continue
			}
			for command := range strings.Lines(block.text) {
				ran++
				if out, status := before.program("sh", "-c", strings.Replace(command, "terraform", before.cli, 1)); status != 0 {
					t.Fatalf("%s: got status %d, want 0:\n%s", command, status, out)
				}
			}
		}
		if ran != 5 {
			t.Errorf("ran %d commands of the page, want 5", ran)
		}
		for site, w := range sites {
			w.write("new.tfstate", before.read(site+".tfstate"))
			w.mustRun("state", "push", "new.tfstate")
			// The time limits of the layout are saved in state only.
			w.mustRun("apply", "-auto-approve")
		}
		before.write("main.tf", readFile(t, "../../examples/guides/migrating-sites/removed/main.tf"))
		end(t, a, before, sites)
	})
}

// TestGuideMigrating_moved checks what the guide says about a move from the alicloud provider.
func TestGuideMigrating_moved(t *testing.T) {
	t.Parallel()
	_, moves := newCustomHostnameResource().(fwresource.ResourceWithMoveState)
	if says := strings.Contains(readFile(t, "../../docs/guides/migrating.md"), "There is no such move yet."); moves == says {
		t.Errorf("the resource supports moves: %t; the guide says that it does not: %t", moves, says)
	}
}

// TestAccGuideTenantsCertificates creates a tenant with its own certificate next to one without.
func TestAccGuideTenantsCertificates(t *testing.T) {
	t.Parallel()
	a := newAccount(t, fakeesa.Options{})
	pair := issue(t, "app.customer-b.com")
	w := example(t, a, pair)
	w.copyExample("guides/tenants-certificates")
	keys, err := json.Marshal(map[string]string{"app.customer-b.com": pair.PrivateKeyPEM})
	if err != nil {
		t.Fatal(err)
	}
	w.env = append(w.env, "TF_VAR_private_keys="+string(keys))
	w.mustRun("apply", "-auto-approve")
	w.mustRun("plan", "-detailed-exitcode")
	types := map[string]string{}
	for _, h := range a.Hostnames() {
		types[h.Hostname] = h.CertType
	}
	if diff := cmp.Diff(map[string]string{"shop.customer-a.com": "free", "app.customer-b.com": "upload"}, types); diff != "" {
		t.Errorf("certificates (-want +got):\n%s", diff)
	}
	if strings.Contains(w.read("terraform.tfstate"), "PRIVATE KEY") {
		t.Error("the state contains a private key")
	}
}

// TestAccGuideThousands applies the two sites of the guide at the same time, each with its own state and its share of calls.
func TestAccGuideThousands(t *testing.T) {
	t.Parallel()
	a := newAccount(t, fakeesa.Options{})
	other := a.AddSite("example.org")
	a.AddRecord(other.ID, "origin.example.org")
	w := example(t, a, issue(t, "app.customer-b.com"))
	w.copyExample("guides/thousands")
	w.mustRun("workspace", "new", "example.com")
	w.mustRun("workspace", "new", "example.org")
	var jobs sync.WaitGroup
	for workspace, share := range map[string]string{"example.com": "15", "example.org": "5"} {
		job := *w
		job.env = append(slices.Clone(w.env), "TF_WORKSPACE="+workspace, "TF_VAR_requests_per_second="+share)
		jobs.Go(func() {
			if out, status := job.run("apply", "-auto-approve"); status != 0 {
				t.Errorf("%s: got status %d, want 0:\n%s", workspace, status, out)
			}
		})
	}
	jobs.Wait()
	sites := map[string]int64{}
	for _, hostname := range a.Hostnames() {
		sites[hostname.Hostname] = hostname.SiteID
	}
	want := map[string]int64{"shop.customer-a.com": a.site.ID, "www.customer-b.com": a.site.ID, "app.customer-c.com": other.ID}
	if diff := cmp.Diff(want, sites); diff != "" {
		t.Errorf("hostnames and their sites (-want +got):\n%s", diff)
	}
}

// TestAccGuideDayTwo checks that a plan reports a failed certificate and a conflict. Then it applies for the certificate
// again and waits for it.
func TestAccGuideDayTwo(t *testing.T) {
	t.Parallel()
	a := newAccount(t, fakeesa.Options{PublishAtOnce: true, AutoVerify: true})
	w := example(t, a, issue(t, "app.customer-b.com"))
	w.copyExample("guides/day-two")
	if out := w.mustRun("apply", "-auto-approve"); strings.Contains(out, "Check block") {
		t.Errorf("a check failed although all hostnames are in order:\n%s", out)
	}
	w.quiet(1)
	a.ChangeHostname(a.hostname(t).ID, func(h *fakeesa.Hostname) {
		h.CertStatus, h.CertApplyMessage, h.Status, h.ConflictWith = "ApplyFailed", "canceled", "conflicted", "existing_site"
	})
	// The plan has no changes, but its checks report what a person has to fix.
	out := w.mustRun("plan", "-detailed-exitcode")
	for _, want := range []string{"shop.customer-a.com: certificate ApplyFailed", "canceled", "shop.customer-a.com: conflicted, existing_site"} {
		if !strings.Contains(out, want) {
			t.Errorf("want %q in the plan:\n%s", want, out)
		}
	}
	a.ChangeHostname(a.hostname(t).ID, func(h *fakeesa.Hostname) { h.Status, h.ConflictWith = "active", "" })
	w.env = append(w.env, "TF_VAR_apply_again=2026-12-01")
	a.ResetRequests()
	w.mustRun("apply", "-auto-approve")
	if diff := cmp.Diff(map[string]int{"ApplyCustomHostnameCertificate": 1}, a.writes()); diff != "" {
		t.Errorf("writes (-want +got):\n%s", diff)
	}
	if got := a.hostname(t); got.CertStatus != "OK" {
		t.Errorf("the apply did not wait: got certificate status %s, want OK", got.CertStatus)
	}
	w.quiet(1)
}

// quiet plans a configuration whose hostnames are in order. Except for the CLI's lines about reads, the plan must not
// mention them. It must make no more list calls than the checks and a refresh by page need.
func (w *workspace) quiet(hostnames int) {
	w.t.Helper()
	out, status := w.run("plan", "-detailed-exitcode", "-out=quiet.tfplan")
	var said []string
	reads := 0
	for _, line := range strings.Split(out, "\n") {
		if regexp.MustCompile(`: (Refreshing state\.\.\.|Reading\.\.\.|Read complete after )`).MatchString(line) {
			reads++
			continue
		}
		said = append(said, line)
	}
	plan, shown := strings.Join(said, "\n"), w.mustRun("show", "quiet.tfplan")
	if status != 0 || reads < hostnames {
		w.t.Errorf("plan: got status %d and %d reads:\n%s", status, reads, plan)
	}
	for _, text := range []string{plan, shown} {
		if len(text) >= 2000 || strings.Contains(text, "esa_custom_hostname") || !strings.Contains(text, "No changes.") {
			w.t.Errorf("got %d bytes for a plan without changes, want fewer than 2000 and no hostname:\n%.3000s", len(text), text)
		}
	}
}

// TestAccGitOps_quiet applies examples/gitops twice. Then there must be nothing to change and nothing to report, with the
// example's three hostnames and with a thousand.
func TestAccGitOps_quiet(t *testing.T) {
	t.Parallel()
	count := 1000
	if testing.Short() {
		count = 100
	}
	a := newAccount(t, fakeesa.Options{PublishAtOnce: true, CreateLimitPerHour: fakeesa.NoLimit}, append([]string{"auto-verify"}, patient...)...)
	w := example(t, a, issue(t, "app.customer-b.com"))
	w.copyExample("gitops")
	w.env = append(w.env, "TF_VAR_private_keys={}")
	w.mustRun("get")
	w.mustRun("apply", "-auto-approve")
	w.mustRun("apply", "-auto-approve")
	w.quiet(3)

	// A certificate that failed, or is being renewed, is not a change for Terraform. The check reports only the failed one.
	all := a.Hostnames()
	shop := all[slices.IndexFunc(all, func(h fakeesa.Hostname) bool { return h.Status == "active" })].ID
	for _, status := range []string{"ApplyFailed", "Applying", "OK"} {
		a.ChangeHostname(shop, func(h *fakeesa.Hostname) {
			h.CertStatus, h.CertApplyMessage, h.CertNotAfter = status, "canceled", time.Now().AddDate(0, 0, 60)
		})
		out := w.mustRun("plan", "-detailed-exitcode")
		if strings.Contains(out, "shop.customer-a.com: active, certificate ApplyFailed. canceled") != (status == "ApplyFailed") || !strings.Contains(out, "No changes.") {
			t.Errorf("certificate status %s: got the plan:\n%s", status, out)
		}
	}

	var file strings.Builder
	file.WriteString("record: origin.example.com\nhostnames:\n")
	for i := 3; i < count; i++ {
		fmt.Fprintf(&file, "  h%04d.customer-d.com:\n    certificate: free\n", i)
	}
	w.write("tenants/customer-d.yaml", file.String())
	w.mustRun("apply", "-auto-approve", "-parallelism=50")
	if made := len(a.Hostnames()); made != count {
		t.Fatalf("got %d hostnames, want %d", made, count)
	}
	a.ResetRequests()
	w.quiet(count)
	// The checks cost a page for each 500 hostnames, and two more calls.
	checks := slices.DeleteFunc(a.RequestsOf("ListCustomHostnames"), func(r fakeesa.Request) bool { return r.Params.Get("Status") == "" })
	if gets := a.Count("GetCustomHostname"); len(checks) != 2 || gets > 10 {
		t.Errorf("got %d lists by status and %d reads of single hostnames, want 2 and at most 10", len(checks), gets)
	}
	var state struct {
		Resources []struct {
			Mode, Type string
			Instances  []struct {
				Attributes struct{ Hostnames []json.RawMessage }
			}
		}
	}
	if err := json.Unmarshal([]byte(w.read("terraform.tfstate")), &state); err != nil {
		t.Fatal(err)
	}
	lists := 0
	for _, resource := range state.Resources {
		if resource.Mode != "data" || resource.Type != "esa_custom_hostnames" {
			continue
		}
		for _, list := range resource.Instances {
			if lists++; len(list.Attributes.Hostnames) != 0 {
				t.Errorf("got %d hostnames that are in order in the state, want none", len(list.Attributes.Hostnames))
			}
		}
	}
	if lists != 3 {
		t.Errorf("got %d lists in the state, want 3", lists)
	}
}

// TestAccGuideCertificates follows the guide: it uploads a certificate, rotates it, changes to a free one, and back.
func TestAccGuideCertificates(t *testing.T) {
	t.Parallel()
	first, second := issue(t, "app.customer-b.com"), issue(t, "app.customer-b.com")
	a := newAccount(t, fakeesa.Options{})
	w := example(t, a, first)
	w.play("guides/certificates/upload.tf")
	id := a.hostname(t).ID

	w.write("app.customer-b.com.pem", second.CertificatePEM)
	w.env = append(w.env, "TF_VAR_private_key="+second.PrivateKeyPEM)
	w.play("guides/certificates/upload.tf")
	if got := a.hostname(t); got.Certificate != second.CertificatePEM || got.PrivateKey != second.PrivateKeyPEM {
		t.Error("the certificate was not rotated")
	}
	w.play("guides/certificates/free.tf")
	if got := a.hostname(t); got.CertType != "free" {
		t.Errorf("got type %s, want free", got.CertType)
	}
	w.play("guides/certificates/upload.tf")
	if got := a.hostname(t); got.CertType != "upload" || got.ID != id {
		t.Errorf("got type %s and hostname id %d, want upload and %d", got.CertType, got.ID, id)
	}
	if strings.Contains(w.read("terraform.tfstate"), "PRIVATE KEY") {
		t.Error("the state contains a private key")
	}
}

// TestAccGuideCertificates_trial creates a certificate with the guide's openssl commands, if openssl is installed, and
// uploads it. The next plan must not need the key.
func TestAccGuideCertificates_trial(t *testing.T) {
	t.Parallel()
	var commands string
	for _, block := range fences(t, "docs/guides/certificates.md") {
		if strings.HasPrefix(block.text, "openssl ") {
			commands = block.text
		}
	}
	for _, part := range []string{"-keyout app.customer-b.com.key ", "-out app.customer-b.com.pem\n", `subjectAltName=DNS:app.customer-b.com"`, `TF_VAR_private_key="$(cat app.customer-b.com.key)"`, "TF_VAR_site_id=4042843419650112 TF_VAR_record_id=4042843419650113\n"} {
		if !strings.Contains(commands, part) {
			t.Errorf("the guide's commands do not contain %s:\n%s", part, commands)
		}
	}
	a := newAccount(t, fakeesa.Options{})
	made := issue(t, "app.customer-b.com")
	w := example(t, a, made)
	w.mirror()
	w.configure(readExample(t, "guides/certificates/upload.tf"))
	if _, err := exec.LookPath("openssl"); err == nil {
		_ = os.Remove(filepath.Join(w.dir, "app.customer-b.com.pem"))
	} else {
		w.write("app.customer-b.com.key", made.PrivateKeyPEM)
		_, commands, _ = strings.Cut(commands, "\n")
	}
	commands = strings.NewReplacer("4042843419650112", fmt.Sprint(a.site.ID), "4042843419650113", fmt.Sprint(a.record.ID), "terraform apply", w.cli+" apply -auto-approve", "terraform init", w.cli+" init").Replace(commands)
	out, status := w.program("sh", "-ec", commands)
	if status != 0 {
		t.Fatalf("the commands: got status %d, want 0:\n%s", status, out)
	}
	if got := a.hostname(t); got.CertType != "upload" {
		t.Errorf("got type %s, want upload", got.CertType)
	}
	w.env = slices.DeleteFunc(w.env, func(entry string) bool { return strings.HasPrefix(entry, "TF_VAR_private_key=") })
	w.mustRun("plan", "-input=false", "-detailed-exitcode")
}
