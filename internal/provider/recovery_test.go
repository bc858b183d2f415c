package provider

import (
	"context"
	"encoding/json"
	"fmt"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/diag"

	"terraform-provider-esa/internal/certcheck"
	"terraform-provider-esa/internal/certcheck/certtest"
	"terraform-provider-esa/internal/fakeesa"
)

// Every partly failed or unusual state has a way back. The next apply, or the one command that the message names, ends in an
// empty plan with the same hostname.

// says runs the CLI, which must return the status and print the text.
func (w *workspace) says(status int, want string, command string, arguments ...string) string {
	w.t.Helper()
	output, got := w.run(command, arguments...)
	if plain := plainText(output); got != status || !regexp.MustCompile(want).MatchString(plain) {
		w.t.Fatalf("%s %v: got status %d, want %d and %q:\n%s", command, arguments, got, status, want, output)
	}
	return output
}

// TestAccRecovery_certificateRefused creates hostnames whose certificates ESA refuses, for each state in which ESA may leave
// the hostname.
func TestAccRecovery_certificateRefused(t *testing.T) {
	t.Parallel()
	for title, left := range map[string]fakeesa.RefusedCertificate{
		"ssl off": fakeesa.RefusedLeavesOff, "ssl on": fakeesa.RefusedLeavesOn, "nothing of the certificate": fakeesa.RefusedLeavesBare,
	} {
		for _, refresh := range []string{"-refresh=true", "-refresh=false"} {
			t.Run(title+" "+refresh, func(t *testing.T) {
				t.Parallel()
				a := newAccount(t, fakeesa.Options{RefusedCertificate: left})
				pair := certtest.Issue(t, certtest.Spec{DNSNames: []string{"*.customer.com"}, Intermediate: 1})
				w := newWorkspace(t)
				w.write("main.tf", a.provider()+fmt.Sprintf(`
variable "key" {
  type      = string
  default   = null
  ephemeral = true
}
locals {
  kinds = {
    free   = { cert_type = "free" }
    cas    = { cert_type = "cas", cas_id = %q }
    upload = { cert_type = "upload", certificate = %q }
  }
}
resource "esa_custom_hostname" "test" {
  for_each       = local.kinds
  site_id        = "%d"
  record_id      = "%d"
  hostname       = "${each.key}.customer.com"
  ssl_flag       = "on"
  cert_type      = each.value.cert_type
  cas_id         = try(each.value.cas_id, null)
  certificate    = try(each.value.certificate, null)
  private_key_wo = each.key == "upload" ? var.key : null
}
`, casID, pair.CertificatePEM, a.site.ID, a.record.ID))
				key := fmt.Sprintf("-var=key=%s", pair.PrivateKeyPEM)
				refuse := func(refuse bool) {
					for _, kind := range []string{"free", "cas", "upload"} {
						a.RefuseCertificates(kind+".customer.com", refuse)
					}
				}
				refuse(true)
				w.says(0, `Warning: Custom hostname without certificate.*Error message:.*Error code: CustomHostname\.(Apply|Set)CertFailed.*Request ID: \S+`, "apply", "-auto-approve", key)
				made := map[string]int64{}
				for _, h := range a.Hostnames() {
					made[h.Hostname] = h.ID
				}
				if state := w.read("terraform.tfstate"); len(made) != 3 || strings.Contains(state, "tainted") {
					t.Fatalf("got hostnames %v and state %s, want three that are not tainted", made, state)
				}
				w.says(1, `Missing private key.*upload\.customer\.com.*without its certificate`, "plan", refresh)
				w.says(2, `0 to add, 3 to change, 0 to destroy.*Warning: Certificate not deployed yet`, "plan", "-detailed-exitcode", refresh, key)
				w.says(1, `Unable to update custom hostname.*CertFailed`, "apply", "-auto-approve", refresh, key)
				w.says(2, `0 to add, 3 to change, 0 to destroy`, "plan", "-detailed-exitcode", refresh, key)

				refuse(false)
				w.says(0, `0 added, 3 changed, 0 destroyed`, "apply", "-auto-approve", refresh, key)
				w.mustRun("plan", "-detailed-exitcode", refresh)
				w.mustRun("plan", "-detailed-exitcode")
				for _, h := range a.Hostnames() {
					if made[h.Hostname] != h.ID || h.SSLFlag != "on" || h.CertType+".customer.com" != h.Hostname {
						t.Errorf("%s: got id %d before and %+v now, want the same hostname with its certificate", h.Hostname, made[h.Hostname], h)
					}
				}
				if n := a.Count("CreateCustomHostname"); n != 3 {
					t.Errorf("got %d creates, want 3", n)
				}
			})
		}
	}
}

// TestAccRecovery_deployedAfterAll checks a certificate that ESA first refuses, and that is deployed later by ESA or in the
// console. Nothing is left to change.
func TestAccRecovery_deployedAfterAll(t *testing.T) {
	t.Parallel()
	a := newAccount(t, fakeesa.Options{RefusedCertificate: fakeesa.RefusedLeavesOff})
	a.RefuseCertificates(name, true)
	w := newWorkspace(t)
	w.write("main.tf", a.hcl(a.args(name, cas(casID))))
	w.mustRun("apply", "-auto-approve")
	a.ChangeHostname(a.hostname(t).ID, func(h *fakeesa.Hostname) { h.SSLFlag, h.CertType, h.CasID = "on", "cas", 30000478 })
	w.mustRun("plan", "-detailed-exitcode")
	w.mustRun("apply", "-auto-approve", "-refresh-only")
	w.mustRun("plan", "-detailed-exitcode", "-refresh=false")
	w.write("main.tf", a.hcl(a.args(name)))
	w.says(0, "1 changed", "apply", "-auto-approve")
	w.mustRun("plan", "-detailed-exitcode")
}

// TestAccRecovery_names checks an ESA that returns names in another format.
func TestAccRecovery_names(t *testing.T) {
	t.Parallel()
	for title, view := range map[string]fakeesa.HostnameView{"a final dot": fakeesa.HostnameFinalDot, "U-labels": fakeesa.HostnameUnicode} {
		t.Run(title, func(t *testing.T) {
			t.Parallel()
			const sent = "xn--bcher-kva.customer.com"
			// Lists must show the hostname at once, because data sources of the same apply look it up.
			a := newAccount(t, fakeesa.Options{HostnameView: view, DuplicateCreate: fakeesa.DuplicateInvalid}, "list-lag")
			w := newWorkspace(t)
			lookup := fmt.Sprintf("data \"esa_custom_hostname\" \"test\" {\n  site_id    = \"%d\"\n  hostname   = %q\n  depends_on = [esa_custom_hostname.test]\n}\n"+
				"data \"esa_custom_hostnames\" \"test\" {\n  site_id    = \"%d\"\n  hostname   = %q\n  depends_on = [esa_custom_hostname.test]\n}\n"+
				"output \"ids\" {\n  value = [data.esa_custom_hostname.test.id, data.esa_custom_hostname.test.hostname, one(data.esa_custom_hostnames.test.hostnames).hostname]\n}\n",
				a.site.ID, sent, a.site.ID, map[bool]string{true: "bücher.customer.com", false: sent}[view == fakeesa.HostnameUnicode])
			w.write("main.tf", a.hcl(a.args(sent), lookup))
			w.mustRun("apply", "-auto-approve")
			w.mustRun("plan", "-detailed-exitcode")
			made := a.hostname(t)
			want := fmt.Sprintf(`"%d","%s","%s"`, made.ID, sent, sent)
			if got := strings.Join(strings.Fields(w.mustRun("output", "-json", "ids")), ""); got != "["+want+"]" {
				t.Errorf("got ids %s, want %s", got, want)
			}

			// A second folder gets an error with the import command, in whatever format the name is written.
			other := newWorkspace(t)
			other.write("main.tf", a.hcl(a.args(sent)))
			output := other.says(1, `already has it`, "apply", "-auto-approve")
			imported := regexp.MustCompile(`terraform import 'ADDRESS' (\S+)`).FindStringSubmatch(output)
			if imported == nil {
				t.Fatalf("the error does not contain the import command:\n%s", output)
			}
			for _, id := range []string{imported[1], fmt.Sprintf("%d/Bücher.Customer.com.", a.site.ID)} {
				other.mustRun("import", testResource, id)
				other.mustRun("plan", "-detailed-exitcode")
				other.mustRun("state", "rm", testResource)
			}
			if all := a.Hostnames(); len(all) != 1 || all[0].ID != made.ID {
				t.Errorf("got %+v on the server, want the same hostname only", all)
			}
		})
	}
}

// TestAccRecovery_taken checks an ESA that refuses an existing name with InvalidParameter.
func TestAccRecovery_taken(t *testing.T) {
	t.Parallel()
	a := newAccount(t, fakeesa.Options{DuplicateCreate: fakeesa.DuplicateInvalid})
	held := a.AddHostname(fakeesa.Hostname{SiteID: a.site.ID, RecordID: a.record2.ID, Hostname: name, SSLFlag: "off"})
	w := newWorkspace(t)
	w.write("main.tf", a.hcl(a.args(name)))
	output := w.says(1, `with esa_custom_hostname\.test, .*already has it.*Error code: InvalidParameter.*Request ID`, "apply", "-auto-approve")
	if n := a.calls(); n["ListCustomHostnames"] != 1 || n["CreateCustomHostname"] != 1 {
		t.Errorf("got calls %v, want one list and one create", n)
	}
	command := regexp.MustCompile(`terraform import 'ADDRESS' (\S+)`).FindStringSubmatch(output)
	if command == nil {
		t.Fatalf("the error does not contain the import command:\n%s", output)
	}
	w.mustRun("import", testResource, command[1])
	w.says(0, "0 added, 1 changed, 0 destroyed", "apply", "-auto-approve")
	w.mustRun("plan", "-detailed-exitcode")
	if h := a.hostname(t); h.ID != held.ID || h.RecordID != a.record.ID {
		t.Errorf("got %+v on the server, want the imported hostname on the configured record", h)
	}
}

// TestAccRecovery_withoutKey plans in a job that does not have the private key.
func TestAccRecovery_withoutKey(t *testing.T) {
	t.Parallel()
	a := newAccount(t, fakeesa.Options{}, "certificate-echo")
	const other = "other.customer.com"
	first, second := certtest.Issue(t, certtest.Spec{DNSNames: []string{name, other}, Intermediate: 1}), issue(t, name)
	w := newWorkspace(t)
	configure := func(hostname string, pair certtest.Pair, version int) {
		w.write("main.tf", a.hcl(a.args(hostname, upload(pair), args{"private_key_wo": "var.key", "private_key_wo_version": fmt.Sprint(version)}),
			"variable \"key\" {\n  type      = string\n  default   = null\n  ephemeral = true\n}\n"))
	}
	key := func(pair certtest.Pair) string { return "-var=key=" + pair.PrivateKeyPEM }
	line := func(pair certtest.Pair) string {
		info, err := certcheck.Describe(pair.CertificatePEM)
		if err != nil {
			t.Fatal(err)
		}
		return fmt.Sprintf("serial %s, issuer %s, expires %s", info.SerialNumber, regexp.QuoteMeta(info.Issuer), info.NotAfter.Format(time.RFC3339))
	}
	configure(name, first, 1)
	w.says(1, `Missing private key.*This plan creates custom hostname `+name, "plan")
	w.mustRun("apply", "-auto-approve", key(first))
	w.mustRun("plan", "-detailed-exitcode")

	configure(name, first, 2)
	w.says(1, `private_key_wo_version of .* changes from 1 to 2.*restore the previous private_key_wo_version`, "plan")
	configure(other, first, 1)
	w.says(1, `Missing private key.*This plan replaces custom hostname `+name, "plan")
	configure(name, second, 1)
	w.says(1, `deployed: `+line(first)+` configured: `+line(second)+` According to the state, the configuration has changed.*To keep the deployed one`, "plan")

	// Somebody replaces the certificate. If a plan fails, its refresh is not saved.
	configure(name, first, 1)
	made := a.hostname(t)
	a.ChangeHostname(made.ID, func(h *fakeesa.Hostname) { h.Certificate, h.PrivateKey = second.CertificatePEM, second.PrivateKeyPEM })
	exchanged := `deployed: ` + line(second) + ` configured: ` + line(first) + ` The configured one was deployed before: it was changed outside Terraform`
	w.says(1, exchanged, "plan")
	w.mustRun("apply", "-auto-approve", "-refresh-only")
	w.says(1, exchanged, "plan", "-refresh=false")
	configure(name, second, 1)
	w.mustRun("plan", "-detailed-exitcode")
	configure(name, first, 1)
	w.says(0, "1 changed", "apply", "-auto-approve", key(first))
	w.mustRun("plan", "-detailed-exitcode")
	if h := a.hostname(t); h.ID != made.ID || h.Certificate != first.CertificatePEM {
		t.Errorf("got %+v on the server, want the same hostname with the first certificate", h)
	}
}

// TestAccRecovery_messages checks errors whose cause is not obvious from ESA's message.
func TestAccRecovery_messages(t *testing.T) {
	t.Parallel()
	a := newAccount(t, fakeesa.Options{UnknownSite: fakeesa.UnknownSiteInvalid}, "refused-certificate")
	provider := func(more string) string { return strings.Replace(a.provider(), "{\n", "{\n"+more+"\n", 1) }
	data := func(arguments string) string {
		return a.provider() + "data \"esa_custom_hostname\" \"test\" {\n" + arguments + "\n}\n"
	}
	inRegion := func(region string) args { return args{"cas_region": fmt.Sprintf("%q", region)} }
	for title, test := range map[string]struct {
		config, command, want string
		creates               int
	}{
		"a data source with a wrong id": {data(`hostname_id = "77"`), "plan", `CustomHostname\.NotFound.*no hostname with that id.*Check hostname_id`, 0},
		"the region of the other site": {
			a.hcl(a.args(name, cas(casID), inRegion("ap-southeast-1"))), "apply", `InvalidParameter.*cas_id ` + casID + ` in cas_region "ap-southeast-1".*"cn-hangzhou" for the China site`, 1,
		},
		"a certificate that is not there": {a.hcl(a.args(name, cas("30000999"))), "apply", `SetCertFailed.*cas_id 30000999 in cas_region "cn-hangzhou"`, 1},
		"a region that contradicts account_type": {
			strings.Replace(a.hcl(a.args(name, cas(casID), inRegion("ap-southeast-1"))), a.provider(), provider("  account_type = \"Domestic\""), 1),
			"plan", `Invalid cas_region.*account_type is "Domestic".*"cn-hangzhou"`, 0,
		},
		"an unknown site":                {a.hcl(a.args(name, args{"site_id": `"7"`})), "apply", `InvalidParameter\.SiteId.*Check site_id`, 1},
		"a name instead of a record id":  {a.hcl(a.args(name, args{"record_id": `"origin.example.com"`})), "plan", `record_id = "origin\.example\.com".*data "esa_record"`, 0},
		"a name instead of a site id":    {a.hcl(a.args(name, args{"site_id": `"example.com"`})), "plan", `data "esa_site"`, 0},
		"a name instead of a hostname's": {data(`hostname_id = "shop.customer.com"`), "plan", `data "esa_custom_hostname" with site_id and hostname`, 0},
	} {
		t.Run(title, func(t *testing.T) {
			a.ResetRequests()
			w := newWorkspace(t)
			w.write("main.tf", test.config)
			arguments := []string{"-auto-approve"}
			if test.command == "plan" {
				arguments = nil
			}
			output := w.says(1, test.want, test.command, arguments...)
			for _, wrong := range []string{"to recreate it", "Look the code up"} {
				if strings.Contains(plainText(output), wrong) {
					t.Errorf("the error contains %q:\n%s", wrong, output)
				}
			}
			if n := a.Count("CreateCustomHostname"); n != test.creates || len(a.Hostnames()) != 0 {
				t.Errorf("got %d creates, want %d; got hostnames %+v", n, test.creates, a.Hostnames())
			}
		})
	}
}

// storedPrivate is private state as it was stored.
type storedPrivate map[string]json.RawMessage

func (s storedPrivate) GetKey(_ context.Context, key string) ([]byte, diag.Diagnostics) {
	return s[key], nil
}

func (s storedPrivate) SetKey(_ context.Context, key string, value []byte) diag.Diagnostics {
	s[key] = value
	return nil
}

// TestMemoryThatCannotBeRead checks that invalid private state is ignored.
func TestMemoryThatCannotBeRead(t *testing.T) {
	t.Parallel()
	for _, text := range []string{"", "[]", "7", `{"refused":7}`} {
		if got, diags := recall(t.Context(), storedPrivate{memoryKey: json.RawMessage(text)}); got != (memory{}) || diags.HasError() {
			t.Errorf("%s: got %+v, diagnostics %v; want an empty memory", text, got, diags)
		}
	}
}
