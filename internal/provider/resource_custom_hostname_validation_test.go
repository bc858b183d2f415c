package provider

import (
	"context"
	"fmt"
	"os"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/hashicorp/terraform-plugin-framework/datasource"
	"github.com/hashicorp/terraform-plugin-framework/provider"
	"github.com/hashicorp/terraform-plugin-framework/providerserver"
	fwresource "github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/planmodifier"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/stringplanmodifier"
	"github.com/hashicorp/terraform-plugin-framework/types"
	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/knownvalue"
	"github.com/hashicorp/terraform-plugin-testing/plancheck"
	"github.com/hashicorp/terraform-plugin-testing/statecheck"

	"terraform-provider-esa/internal/esa"
	"terraform-provider-esa/internal/fakeesa"
)

// dnsProvider replaces the customer's DNS. Its resource fakedns_txt publishes a TXT record to the fake ESA.
type dnsProvider struct{ server *fakeesa.Server }

func (dnsProvider) Metadata(_ context.Context, _ provider.MetadataRequest, resp *provider.MetadataResponse) {
	resp.TypeName = "fakedns"
}
func (dnsProvider) Schema(context.Context, provider.SchemaRequest, *provider.SchemaResponse) {}
func (p dnsProvider) Configure(_ context.Context, _ provider.ConfigureRequest, resp *provider.ConfigureResponse) {
}
func (dnsProvider) DataSources(context.Context) []func() datasource.DataSource { return nil }
func (p dnsProvider) Resources(context.Context) []func() fwresource.Resource {
	return []func() fwresource.Resource{func() fwresource.Resource { return txtResource(p) }}
}

type txtResource struct{ server *fakeesa.Server }

type txtModel struct {
	Name  types.String `tfsdk:"name"`
	Value types.String `tfsdk:"value"`
}

func (txtResource) Metadata(_ context.Context, req fwresource.MetadataRequest, resp *fwresource.MetadataResponse) {
	resp.TypeName = req.ProviderTypeName + "_txt"
}

func (txtResource) Schema(_ context.Context, _ fwresource.SchemaRequest, resp *fwresource.SchemaResponse) {
	replace := []planmodifier.String{stringplanmodifier.RequiresReplace()}
	resp.Schema = schema.Schema{Attributes: map[string]schema.Attribute{
		"name":  schema.StringAttribute{Required: true, PlanModifiers: replace},
		"value": schema.StringAttribute{Required: true, PlanModifiers: replace},
	}}
}

func (r txtResource) Create(ctx context.Context, req fwresource.CreateRequest, resp *fwresource.CreateResponse) {
	var m txtModel
	resp.Diagnostics.Append(req.Plan.Get(ctx, &m)...)
	r.server.PublishTXT(m.Name.ValueString(), m.Value.ValueString())
	resp.Diagnostics.Append(resp.State.Set(ctx, &m)...)
}
func (txtResource) Read(context.Context, fwresource.ReadRequest, *fwresource.ReadResponse)       {}
func (txtResource) Update(context.Context, fwresource.UpdateRequest, *fwresource.UpdateResponse) {}
func (r txtResource) Delete(ctx context.Context, req fwresource.DeleteRequest, resp *fwresource.DeleteResponse) {
	var m txtModel
	resp.Diagnostics.Append(req.State.Get(ctx, &m)...)
	r.server.UnpublishTXT(m.Name.ValueString(), m.Value.ValueString())
}

const validation = "esa_custom_hostname_validation.test"

func wait(arguments string) string {
	return fmt.Sprintf("resource \"esa_custom_hostname_validation\" \"test\" {\n  hostname_id = esa_custom_hostname.test.id\n  %s\n}\n", arguments)
}

func (a *account) testTimed(t *testing.T, steps ...resource.TestStep) {
	t.Helper()
	factories := factories(a.clock)
	factories["fakedns"] = providerserver.NewProtocol6WithError(dnsProvider{a.Server})
	resource.Test(t, resource.TestCase{ProtoV6ProviderFactories: factories, Steps: steps})
	if left := len(a.Hostnames()); left != 0 {
		t.Errorf("got %d hostnames after destroy, want none", left)
	}
}

// TestAccValidation_oneApply creates a hostname, the owner's TXT records and the certificate in one apply.
func TestAccValidation_oneApply(t *testing.T) {
	t.Parallel()
	a := newAccount(t, fakeesa.Options{ConfiguringFor: 30 * time.Second, IssueDelay: 10 * time.Minute})
	config := a.hcl(a.args(name, free()), `
resource "fakedns_txt" "owner" {
  name  = esa_custom_hostname.test.verify_host
  value = esa_custom_hostname.test.verify_code
}
resource "esa_custom_hostname_validation" "owner" {
  hostname_id = esa_custom_hostname.test.id
  wait_for    = "ownership"
  depends_on  = [fakedns_txt.owner]
}
resource "fakedns_txt" "acme" {
  name  = esa_custom_hostname_validation.owner.cert_txt_key
  value = esa_custom_hostname_validation.owner.cert_txt_value
}
`, wait("depends_on = [fakedns_txt.acme]"))
	a.testTimed(t,
		resource.TestStep{
			Config: config,
			ConfigStateChecks: []statecheck.StateCheck{
				statecheck.ExpectKnownValue(validation, attribute("status"), knownvalue.StringExact("active")),
				statecheck.ExpectKnownValue(validation, attribute("cert_status"), knownvalue.StringExact("OK")),
				statecheck.ExpectKnownValue(validation, attribute("cert_not_after"), knownvalue.NotNull()),
				statecheck.ExpectKnownValue(validation, attribute("hostname"), knownvalue.StringExact(name)),
			},
		},
		// A later renewal of the certificate causes no change.
		resource.TestStep{
			PreConfig: func() {
				a.ChangeHostname(a.hostname(t).ID, func(h *fakeesa.Hostname) { h.CertStatus, h.CertTxtValue = "Applying", "" })
			},
			Config:           config,
			ConfigPlanChecks: plan(plancheck.ExpectEmptyPlan()),
		},
	)
}

func TestAccValidation_alreadyThere(t *testing.T) {
	t.Parallel()
	a := newAccount(t, fakeesa.Options{AutoVerify: true, PublishAtOnce: true})
	a.testTimed(t,
		resource.TestStep{Config: a.hcl(a.args(name))},
		resource.TestStep{
			Config: a.hcl(a.args(name), wait("")),
			Check: check(func() error {
				if n := a.Count("VerifyCustomHostname"); n != 0 {
					return fmt.Errorf("got %d verifications of a verified hostname, want none", n)
				}
				return nil
			}),
		},
		// A change of wait_for to a condition that is already met only updates the validation.
		resource.TestStep{Config: a.hcl(a.args(name), wait(`wait_for = "ownership"`)), ConfigPlanChecks: plan(plancheck.ExpectResourceAction(validation, plancheck.ResourceActionUpdate))},
		resource.TestStep{Config: a.hcl(a.args(name), wait("timeouts {\n create = \"1h\"\n }"))},
	)
}

// TestAccValidation_hopeless checks that the wait ends at once. If only a verification can tell that it is hopeless, one is
// made.
func TestAccValidation_hopeless(t *testing.T) {
	t.Parallel()
	for title, test := range map[string]struct {
		change        func(*fakeesa.Hostname)
		verifications int
		want          string
	}{
		"conflicted": {func(h *fakeesa.Hostname) { h.Status, h.ConflictWith = "conflicted", "existing_site" }, 1, `(?s)Custom hostname conflicted.*existing_site`},
		"offline":    {func(h *fakeesa.Hostname) { h.Status, h.OfflineReason = "offline", "prohibited" }, 1, `(?s)Custom hostname offline.*prohibited`},
		"without its filing": {
			func(h *fakeesa.Hostname) { h.Status, h.OfflineReason = "offline", "missing_icp" }, 1,
			`(?s)Custom hostname offline.*missing_icp.*CustomHostname.InvalidICP.*needs\s+an\s+ICP\s+filing`,
		},
		"failed": {func(h *fakeesa.Hostname) {
			h.Status, h.CertStatus, h.CertApplyCode, h.CertApplyMessage = "active", "ApplyFailed", 2, "canceled"
		}, 0, `(?s)Certificate of custom hostname failed.*canceled.*CertApplyCode\s+2.*certificate_apply_trigger`},
	} {
		t.Run(title, func(t *testing.T) {
			a := newAccount(t, fakeesa.Options{})
			a.site = a.AddSiteOf(fakeesa.Site{Name: "example.cn", Coverage: "global"})
			a.record = a.AddRecord(a.site.ID, "origin.example.cn")
			a.testTimed(t,
				resource.TestStep{Config: a.hcl(a.args(name, free()))},
				resource.TestStep{
					PreConfig: func() {
						a.ChangeHostname(a.hostname(t).ID, test.change)
						a.WithoutICP(name)
						a.AddSite(name) // the site that it conflicts with
						a.ResetRequests()
					},
					Config:      a.hcl(a.args(name, free()), wait("")),
					ExpectError: regexp.MustCompile(test.want),
				},
			)
			if n := a.Count("VerifyCustomHostname"); n != test.verifications {
				t.Errorf("%d verifications, want %d", n, test.verifications)
			}
		})
	}
}

// TestAccValidation_causeIsGone validates a hostname whose problem is gone, which only a verification shows.
func TestAccValidation_causeIsGone(t *testing.T) {
	t.Parallel()
	for title, change := range map[string]func(*fakeesa.Hostname){
		"conflicted": func(h *fakeesa.Hostname) { h.Status, h.ConflictWith = "conflicted", "existing_site" },
		"offline":    func(h *fakeesa.Hostname) { h.Status, h.OfflineReason = "offline", "missing_icp" },
	} {
		t.Run(title, func(t *testing.T) {
			t.Parallel()
			a := newAccount(t, fakeesa.Options{PublishAtOnce: true})
			w := newWorkspace(t)
			w.write("main.tf", a.hcl(a.args(name)))
			w.mustRun("apply", "-auto-approve")
			id := a.hostname(t).ID
			a.ChangeHostname(id, change)
			a.ResetRequests()
			w.write("main.tf", a.hcl(a.args(name), wait("")))
			w.mustRun("apply", "-auto-approve")
			if diff := cmp.Diff(map[string]int{"VerifyCustomHostname": 1}, a.writes()); diff != "" {
				t.Errorf("writes (-want +got):\n%s", diff)
			}
			w.mustRun("plan", "-detailed-exitcode")
			if got := a.hostname(t); got.ID != id || got.Status != "active" {
				t.Errorf("got hostname %d with status %s, want the same one, active", got.ID, got.Status)
			}
		})
	}
}

// TestAccValidation_triggers applies for a failed certificate again and waits for it, in one apply. The validations in state
// wait again, and the DNS record gets the new challenge.
func TestAccValidation_triggers(t *testing.T) {
	t.Parallel()
	a := newAccount(t, fakeesa.Options{IssueDelay: 10 * time.Minute, ReadLag: 20 * time.Second})
	config := func(again string) string {
		return a.hcl(a.args(name, free(), args{"certificate_apply_trigger": fmt.Sprintf("%q", again)}), `
resource "fakedns_txt" "owner" {
  name  = esa_custom_hostname.test.verify_host
  value = esa_custom_hostname.test.verify_code
}
resource "esa_custom_hostname_validation" "owner" {
  hostname_id = esa_custom_hostname.test.id
  wait_for    = "ownership"
  triggers    = { certificate = esa_custom_hostname.test.certificate_apply_trigger }
  depends_on  = [fakedns_txt.owner]
}
resource "fakedns_txt" "acme" {
  name  = esa_custom_hostname_validation.owner.cert_txt_key
  value = esa_custom_hostname_validation.owner.cert_txt_value
}
`, wait("triggers = { certificate = esa_custom_hostname.test.certificate_apply_trigger }\n  depends_on = [fakedns_txt.acme]"))
	}
	challenge := ""
	a.testTimed(t,
		resource.TestStep{Config: config("first")},
		resource.TestStep{
			PreConfig: func() {
				challenge = a.hostname(t).CertTxtValue
				a.ChangeHostname(a.hostname(t).ID, func(h *fakeesa.Hostname) { h.CertStatus, h.CertApplyMessage = "ApplyFailed", "canceled" })
				a.ResetRequests()
			},
			Config: config("second"),
			ConfigPlanChecks: plan(
				plancheck.ExpectResourceAction(validation, plancheck.ResourceActionUpdate),
				plancheck.ExpectUnknownValue(validation, attribute("cert_txt_value")),
				plancheck.ExpectUnknownValue(validation, attribute("cert_status")),
				plancheck.ExpectKnownValue(validation, attribute("id"), knownvalue.NotNull()),
			),
			Check: check(func() error {
				if got := a.hostname(t); got.CertStatus != "OK" || got.CertTxtValue == challenge {
					return fmt.Errorf("got certificate status %s and challenge %q, want OK and another one than %q", got.CertStatus, got.CertTxtValue, challenge)
				}
				return nil
			}),
			ConfigStateChecks: []statecheck.StateCheck{
				statecheck.ExpectKnownValue(validation, attribute("cert_status"), knownvalue.StringExact("OK")),
				statecheck.ExpectKnownValue(validation, attribute("triggers"), knownvalue.MapExact(map[string]knownvalue.Check{"certificate": knownvalue.StringExact("second")})),
			},
		},
	)
}

// TestAccValidation_triggersFail keeps the old triggers in state if the new wait fails, so that the next apply waits again.
func TestAccValidation_triggersFail(t *testing.T) {
	t.Parallel()
	a := newAccount(t, fakeesa.Options{AutoVerify: true, PublishAtOnce: true, BlankTokens: true})
	failed := func(h *fakeesa.Hostname) { h.CertStatus = "ApplyFailed" }
	again := a.hcl(a.args(name, free()), wait(`triggers = { round = "2" }`))
	a.testTimed(t,
		resource.TestStep{Config: a.hcl(a.args(name, free()), wait(""))},
		resource.TestStep{
			PreConfig:   func() { a.ChangeHostname(a.hostname(t).ID, failed) },
			Config:      again,
			ExpectError: regexp.MustCompile("Certificate of custom hostname failed"),
		},
		resource.TestStep{
			PreConfig:        func() { a.ChangeHostname(a.hostname(t).ID, inOrder) },
			Config:           again,
			ConfigPlanChecks: plan(plancheck.ExpectResourceAction(validation, plancheck.ResourceActionUpdate)),
		},
		// A change of the time limit alone does not wait.
		resource.TestStep{
			PreConfig: func() { a.ChangeHostname(a.hostname(t).ID, failed) },
			Config:    a.hcl(a.args(name, free()), wait("triggers = { round = \"2\" }\n  timeouts {\n create = \"1h\"\n }")),
		},
	)
}

// TestAccValidation_waitFor changes the goal of a validation, which then waits for the new one.
func TestAccValidation_waitFor(t *testing.T) {
	t.Parallel()
	a := newAccount(t, fakeesa.Options{AutoVerify: true, PublishAtOnce: true, IssueDelay: 10 * time.Minute})
	certStatus := func(want string) []statecheck.StateCheck {
		return []statecheck.StateCheck{statecheck.ExpectKnownValue(validation, attribute("cert_status"), knownvalue.StringExact(want))}
	}
	a.testTimed(t,
		resource.TestStep{Config: a.hcl(a.args(name, free()), wait(`wait_for = "ownership"`)), ConfigStateChecks: certStatus("Applying")},
		resource.TestStep{
			Config:            a.hcl(a.args(name, free()), wait(`wait_for = "certificate"`)),
			ConfigPlanChecks:  plan(plancheck.ExpectUnknownValue(validation, attribute("cert_status"))),
			ConfigStateChecks: certStatus("OK"),
		},
	)
}

// TestAccValidation_timeout waits in real time, because time limits use the real clock.
func TestAccValidation_timeout(t *testing.T) {
	t.Parallel()
	a := newAccount(t, fakeesa.Options{})
	resource.Test(t, resource.TestCase{
		ProtoV6ProviderFactories: testFactories,
		Steps: []resource.TestStep{
			{Config: a.hcl(a.args(name))},
			{
				Config:      a.hcl(a.args(name), wait("timeouts {\n create = \"1s\"\n }")),
				ExpectError: regexp.MustCompile(`(?s)not validated in time.*status\s+pending.*Publish\s+the\s+TXT\s+record\s+_esa_custom_hostname`),
			},
		},
	})
}

func TestAccValidation_disappears(t *testing.T) {
	t.Parallel()
	a := newAccount(t, fakeesa.Options{AutoVerify: true, PublishAtOnce: true})
	config := a.hcl(a.args(name), wait(""))
	a.testTimed(t,
		resource.TestStep{Config: config},
		resource.TestStep{
			PreConfig: func() { a.RemoveHostname(a.hostname(t).ID) },
			Config:    config,
			ConfigPlanChecks: plan(
				plancheck.ExpectResourceAction(testResource, plancheck.ResourceActionCreate),
				plancheck.ExpectResourceAction(validation, plancheck.ResourceActionCreate),
			),
		},
	)
}

// TestAccValidation_interrupted sends SIGINT to a CLI that waits.
func TestAccValidation_interrupted(t *testing.T) {
	t.Parallel()
	a := newAccount(t, fakeesa.Options{})
	w := newWorkspace(t)
	w.write("main.tf", a.hcl(a.args(name), wait("")))
	apply := w.start("apply", "-auto-approve")
	for range 600 {
		if a.Count("VerifyCustomHostname") > 0 {
			break
		}
		time.Sleep(50 * time.Millisecond)
	}
	interrupted := time.Now()
	if err := apply.Process.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
	err := apply.Wait()
	output := fmt.Sprint(apply.Stdout)
	// The wait must end at once; the rest of the time is the CLI's own. Without the interrupt, the wait would take 75 minutes.
	if took := time.Since(interrupted); err == nil || took > 30*time.Second {
		t.Errorf("got error %v after %v, want one within 30 s:\n%s", err, took, output)
	}
	if !strings.Contains(output, "Custom hostname not validated yet") || !strings.Contains(output, "status pending") {
		t.Errorf("the message does not contain the last status:\n%s", output)
	}
	if !strings.Contains(w.read("terraform.tfstate"), fmt.Sprint(a.hostname(t).ID)) {
		t.Error("the state does not contain the hostname")
	}
	w.mustRun("destroy", "-auto-approve")
}

// TestValidationTellsHowFarItIs checks the error about a hostname that was not validated within the time limit.
func TestValidationTellsHowFarItIs(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		hostname esa.CustomHostname
		want     string
	}{
		"unproved": {
			esa.CustomHostname{Status: "pending", SSLFlag: "on", VerifyHost: "_esa_custom_hostname.shop.customer.com", VerifyCode: "verify_1"},
			"Last seen: status pending, no certificate yet.\n\nPublish the TXT record _esa_custom_hostname.shop.customer.com with the content verify_1.\n\nThen",
		},
		"without a token": {
			esa.CustomHostname{Status: "pending", SSLFlag: "off"},
			"Last seen: status pending.\n\nESA has not created verify_host and verify_code yet. Publish them once it has.\n\nThen",
		},
		"without a certificate": {
			esa.CustomHostname{Status: "active", SSLFlag: "on", CertStatus: "Applying", CertTXTKey: "_acme-challenge.shop.customer.com", CertTXTValue: "token"},
			"Last seen: status active, certificate Applying.\n\nFor the certificate, publish the TXT record _acme-challenge.shop.customer.com with the content token, or",
		},
		"soon there": {
			esa.CustomHostname{Status: "configuring", SSLFlag: "off"},
			"Last seen: status configuring.\n\nESA needs more time.\n\nThen run apply again, or raise timeouts.create.",
		},
	}
	for title, test := range tests {
		got := validationError(esa.Usable, thing{}, &test.hostname, context.DeadlineExceeded, "timeouts.create")
		if !strings.Contains(got.Detail(), test.want) {
			t.Errorf("%s: got\n%s\nwant\n%s", title, got.Detail(), test.want)
		}
	}
}

// TestAccValidation_planCalls plans many hostnames with two validations each. The validations must cost no calls of their
// own, and still detect changes by others.
func TestAccValidation_planCalls(t *testing.T) {
	t.Parallel()
	count := 150
	if testing.Short() {
		count = 15
	}
	a := newAccount(t, fakeesa.Options{PublishAtOnce: true})
	config := a.provider() + fmt.Sprintf(`
resource "esa_custom_hostname" "test" {
  count     = %[1]d
  site_id   = "%[2]d"
  record_id = "%[3]d"
  hostname  = "h${count.index}.customer.com"
  ssl_flag  = "on"
  cert_type = "free"
}
resource "esa_custom_hostname_validation" "owned" {
  count       = %[1]d
  hostname_id = esa_custom_hostname.test[count.index].id
  wait_for    = "ownership"
}
resource "esa_custom_hostname_validation" "used" {
  count       = %[1]d
  hostname_id = esa_custom_hostname.test[count.index].id
}
`, count, a.site.ID, a.record.ID)
	named := func(name string) int64 {
		hostname, ok := a.HostnameByName(a.site.ID, name)
		if !ok {
			t.Fatalf("hostname %s does not exist", name)
		}
		return hostname.ID
	}
	planned := func() error {
		calls := a.calls()
		if all := len(a.Requests()); all > 12 {
			return fmt.Errorf("got %d calls, want at most 12: %v", all, calls)
		}
		return nil
	}
	a.testTimed(t,
		resource.TestStep{Config: config},
		resource.TestStep{RefreshState: true}, // The certificates were issued after the apply.
		resource.TestStep{
			PreConfig:    func() { a.clock.ahead.Add(int64(time.Hour)); a.ResetRequests() },
			RefreshState: true, Check: check(planned),
		},
		resource.TestStep{
			PreConfig: func() {
				a.clock.ahead.Add(int64(time.Hour))
				a.ChangeHostname(named("h3.customer.com"), func(h *fakeesa.Hostname) { h.CertStatus = esa.CertStatusExpiring })
			},
			Config: config,
			ConfigStateChecks: []statecheck.StateCheck{
				statecheck.ExpectKnownValue("esa_custom_hostname_validation.used[3]", attribute("cert_status"), knownvalue.StringExact(esa.CertStatusExpiring)),
				statecheck.ExpectKnownValue("esa_custom_hostname_validation.owned[3]", attribute("cert_status"), knownvalue.StringExact(esa.CertStatusExpiring)),
			},
		},
		resource.TestStep{
			PreConfig: func() {
				a.clock.ahead.Add(int64(time.Hour))
				a.RemoveHostname(named("h5.customer.com"))
			},
			Config: config, PlanOnly: true, ExpectNonEmptyPlan: true,
		},
	)
}
