package provider

import (
	"fmt"
	"maps"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/knownvalue"
	"github.com/hashicorp/terraform-plugin-testing/plancheck"
	"github.com/hashicorp/terraform-plugin-testing/statecheck"
	"github.com/hashicorp/terraform-plugin-testing/terraform"
	"github.com/hashicorp/terraform-plugin-testing/tfjsonpath"
	"github.com/hashicorp/terraform-plugin-testing/tfversion"

	"terraform-provider-esa/internal/certcheck"
	"terraform-provider-esa/internal/certcheck/certtest"
	"terraform-provider-esa/internal/fakeesa"
)

const name = "shop.customer.com"

// casID is a certificate that exists in the fake's SSL Certificates Service by default.
const casID = "30000478"

func attribute(key string) tfjsonpath.Path { return tfjsonpath.New(key) }

func known(key string, value knownvalue.Check) statecheck.StateCheck {
	return statecheck.ExpectKnownValue(testResource, attribute(key), value)
}

func isNull(keys ...string) (checks []statecheck.StateCheck) {
	for _, key := range keys {
		checks = append(checks, known(key, knownvalue.Null()))
	}
	return checks
}

func plan(checks ...plancheck.PlanCheck) resource.ConfigPlanChecks {
	return resource.ConfigPlanChecks{PreApply: checks}
}

func inPlace() plancheck.PlanCheck {
	return plancheck.ExpectResourceAction(testResource, plancheck.ResourceActionUpdate)
}

func TestAccCustomHostname_basic(t *testing.T) {
	t.Parallel()
	pair := issue(t, name)
	tests := map[string]struct {
		args   args
		create map[string]string
		state  []statecheck.StateCheck
	}{
		"off": {
			args{},
			map[string]string{"SslFlag": "off"},
			isNull("cert_type", "certificate", "private_key", "private_key_wo", "private_key_wo_version", "cas_id", "cas_region", "cert_id", "offline_reason"),
		},
		"free": {
			free(),
			map[string]string{"SslFlag": "on", "CertType": "free"},
			isNull("certificate", "cas_id", "cas_region"),
		},
		"upload": {
			upload(pair),
			map[string]string{"SslFlag": "on", "CertType": "upload", "Certificate": pair.CertificatePEM, "PrivateKey": "***"},
			append(isNull("private_key", "private_key_wo", "cas_id", "cas_region"),
				known("certificate", knownvalue.StringExact(pair.CertificatePEM)), known("cert_status", knownvalue.StringExact("OK"))),
		},
		"upload with a key in state": {
			args{"ssl_flag": `"on"`, "cert_type": `"upload"`, "certificate": fmt.Sprintf("%q", pair.CertificatePEM), "private_key": fmt.Sprintf("%q", pair.PrivateKeyPEM)},
			map[string]string{"SslFlag": "on", "CertType": "upload", "Certificate": pair.CertificatePEM, "PrivateKey": "***"},
			[]statecheck.StateCheck{known("private_key", knownvalue.StringExact(pair.PrivateKeyPEM))},
		},
		"cas": {
			cas(casID),
			map[string]string{"SslFlag": "on", "CertType": "cas", "CasId": casID, "CasRegion": "cn-hangzhou"},
			append(isNull("certificate"), known("cas_region", knownvalue.StringExact("cn-hangzhou"))),
		},
	}
	for title, test := range tests {
		t.Run(title, func(t *testing.T) {
			t.Parallel()
			a := newAccount(t, fakeesa.Options{LargeIDs: true})
			want := map[string]string{"SiteId": fmt.Sprint(a.site.ID), "RecordId": fmt.Sprint(a.record.ID), "Hostname": name}
			maps.Copy(want, test.create)
			a.test(t, resource.TestStep{
				Config: a.hcl(a.args(name, test.args)),
				ConfigPlanChecks: plan(
					plancheck.ExpectResourceAction(testResource, plancheck.ResourceActionCreate),
					plancheck.ExpectUnknownValue(testResource, attribute("id")),
					plancheck.ExpectUnknownValue(testResource, attribute("verify_code")),
				),
				Check: resource.ComposeAggregateTestCheckFunc(a.sent("CreateCustomHostname", want), check(func() error {
					made := a.hostname(t)
					if test.create["PrivateKey"] != "" && made.PrivateKey != pair.PrivateKeyPEM {
						return fmt.Errorf("ESA got another key than configured")
					}
					return nil
				})),
				ConfigStateChecks: append(test.state,
					known("id", knownvalue.StringFunc(func(id string) error {
						if made := a.hostname(t); id != fmt.Sprint(made.ID) {
							return fmt.Errorf("got id %s, want %d", id, made.ID)
						}
						return nil
					})),
					known("status", knownvalue.StringExact("pending")),
					known("site_name", knownvalue.StringExact("example.com")),
					known("record_name", knownvalue.StringExact("origin.example.com")),
					known("verify_host", knownvalue.StringExact("_esa_custom_hostname."+name)),
					known("verify_code", knownvalue.StringRegexp(regexp.MustCompile(`^verify_[0-9a-f]{32}$`))),
					known("create_time", knownvalue.StringRegexp(regexp.MustCompile(`Z$`))),
				),
			})
		})
	}
}

func TestAccCustomHostname_changedInPlace(t *testing.T) {
	t.Parallel()
	first, second := issue(t, name), issue(t, name)
	uploaded := func(pem string) map[string]string {
		return map[string]string{"SslFlag": "on", "CertType": "upload", "Certificate": pem, "PrivateKey": "***"}
	}
	casCall := map[string]string{"SslFlag": "on", "CertType": "cas", "CasId": casID, "CasRegion": "cn-hangzhou"}
	freeCall := map[string]string{"SslFlag": "on", "CertType": "free"}
	off := args{}
	// The test fills in the ids of the record and of the hostname.
	const record2 = "record2"
	tests := map[string]struct {
		from, to args
		update   map[string]string
		unknown  []string // unknown in the plan
	}{
		"record, SSL off":                      {off, args{"record_id": record2}, map[string]string{"RecordId": record2}, []string{"record_name", "update_time"}},
		"record, free":                         {free(), with(free(), args{"record_id": record2}), map[string]string{"RecordId": record2}, []string{"record_name", "update_time"}},
		"record, uploaded":                     {upload(first), with(upload(first), args{"record_id": record2}), map[string]string{"RecordId": record2}, []string{"record_name", "update_time"}},
		"off to free":                          {off, free(), freeCall, []string{"cert_id", "cert_status", "cert_not_after", "cert_apply_code", "cert_apply_message", "cert_txt_key", "cert_txt_value", "cert_http_key", "cert_http_value", "update_time"}},
		"off to uploaded":                      {off, upload(first), uploaded(first.CertificatePEM), []string{"cert_id", "cert_status", "cert_not_after", "update_time"}},
		"off to cas":                           {off, cas(casID), casCall, []string{"cert_id", "cert_status", "cert_not_after", "update_time"}},
		"free to off":                          {free(), off, map[string]string{"SslFlag": "off"}, []string{"cert_id", "cert_status", "cert_not_after", "cert_apply_code", "cert_apply_message", "update_time"}},
		"uploaded to off":                      {upload(first), off, map[string]string{"SslFlag": "off"}, []string{"cert_id", "cert_status", "cert_not_after", "update_time"}},
		"free to uploaded":                     {free(), upload(first), uploaded(first.CertificatePEM), []string{"cert_id", "cert_status", "cert_not_after", "cert_apply_code", "cert_apply_message", "update_time"}},
		"uploaded to cas":                      {upload(first), cas(casID), casCall, []string{"cert_id", "cert_status", "cert_not_after", "update_time"}},
		"cas to free":                          {cas(casID), free(), freeCall, []string{"cert_id", "cert_status", "cert_not_after", "cert_apply_code", "cert_apply_message", "cert_txt_key", "cert_txt_value", "cert_http_key", "cert_http_value", "update_time"}},
		"uploaded, renewed":                    {upload(first), upload(second), uploaded(second.CertificatePEM), []string{"cert_id", "cert_status", "cert_not_after", "update_time"}},
		"uploaded, key sent again":             {with(upload(first), args{"private_key_wo_version": "1"}), with(upload(first), args{"private_key_wo_version": "2"}), uploaded(first.CertificatePEM), []string{"cert_id", "cert_status", "cert_not_after", "update_time"}},
		"another cas certificate":              {cas(casID), cas("30000479"), map[string]string{"SslFlag": "on", "CertType": "cas", "CasId": "30000479", "CasRegion": "cn-hangzhou"}, []string{"cert_id", "cert_status", "cert_not_after", "update_time"}},
		"record and certificate":               {upload(first), with(upload(second), args{"record_id": record2}), with(uploaded(second.CertificatePEM), map[string]string{"RecordId": record2}), []string{"record_name", "cert_id", "cert_status", "cert_not_after", "update_time"}},
		"time limits, which ESA does not know": {off, args{"timeouts": "{\n create = \"30m\"\n }"}, nil, nil},
		"key moved out of state":               {with(upload(first), args{"private_key_wo": "", "private_key": fmt.Sprintf("%q", first.PrivateKeyPEM)}), upload(first), nil, nil},
	}
	for title, test := range tests {
		t.Run(title, func(t *testing.T) {
			t.Parallel()
			a := newAccount(t, fakeesa.Options{}, "record-alone")
			a.AddCASCertificate(30000479, "cn-hangzhou", time.Now().AddDate(1, 0, 0))
			fill := func(value string) string {
				if value == record2 {
					return fmt.Sprint(a.record2.ID)
				}
				return value
			}
			to := maps.Clone(test.to)
			if to["record_id"] == record2 {
				to["record_id"] = fmt.Sprintf("%q", fill(record2))
			}
			var want map[string]string
			checks := []plancheck.PlanCheck{inPlace()}
			unknown := map[string]bool{}
			for _, key := range test.unknown {
				unknown[key] = true
				checks = append(checks, plancheck.ExpectUnknownValue(testResource, attribute(key)))
			}
			for key := range observedAttributes() {
				if !unknown[key] {
					checks = append(checks, expectKnown(key))
				}
			}
			a.test(t,
				resource.TestStep{Config: a.hcl(a.args(name, test.from))},
				resource.TestStep{
					PreConfig: func() {
						if test.update != nil {
							want = map[string]string{"HostnameId": fmt.Sprint(a.hostname(t).ID)}
							for key, value := range test.update {
								want[key] = fill(value)
							}
						}
						a.ResetRequests()
					},
					Config:           a.hcl(a.args(name, to)),
					ConfigPlanChecks: plan(checks...),
					Check: check(func() error {
						if test.update == nil {
							if writes := a.writes(); len(writes) != 0 {
								return fmt.Errorf("got writes %v, want none", writes)
							}
							return nil
						}
						if diff := cmp.Diff(map[string]int{"UpdateCustomHostname": 1}, a.writes()); diff != "" {
							return fmt.Errorf("writes (-want +got):\n%s", diff)
						}
						return a.sent("UpdateCustomHostname", want)(nil)
					}),
				},
			)
		})
	}
}

// expectKnown checks that the value of an attribute is known in a plan.
func expectKnown(key string) plancheck.PlanCheck {
	return plancheck.ExpectKnownValue(testResource, attribute(key), anyKnown{})
}

type anyKnown struct{}

func (anyKnown) CheckValue(any) error { return nil }
func (anyKnown) String() string       { return "any known value" }

func with[M ~map[string]string](all M, more M) M {
	all = maps.Clone(all)
	for key, value := range more {
		all[key] = value
	}
	return all
}

func TestAccCustomHostname_keepsComputedValuesKnown(t *testing.T) {
	t.Parallel()
	a := newAccount(t, fakeesa.Options{})
	var before fakeesa.Hostname
	a.test(t,
		resource.TestStep{Config: a.hcl(a.args(name, free()))},
		resource.TestStep{
			PreConfig: func() { before = a.hostname(t) },
			Config:    a.hcl(a.args(name, free(), args{"record_id": fmt.Sprintf("%q", fmt.Sprint(a.record2.ID))})),
			ConfigPlanChecks: plan(
				plancheck.ExpectKnownValue(testResource, attribute("verify_code"), knownvalue.StringFunc(func(code string) error {
					if code != before.VerifyCode {
						return fmt.Errorf("planned verify_code: got %q, want %q", code, before.VerifyCode)
					}
					return nil
				})),
				plancheck.ExpectKnownValue(testResource, attribute("status"), knownvalue.StringExact("pending")),
				plancheck.ExpectKnownValue(testResource, attribute("id"), knownvalue.NotNull()),
			),
			ConfigStateChecks: []statecheck.StateCheck{known("record_name", knownvalue.StringExact("origin2.example.com"))},
		},
	)
}

func TestAccCustomHostname_onOffOn(t *testing.T) {
	t.Parallel()
	pair := issue(t, name)
	for title, options := range map[string]fakeesa.Options{
		"ESA goes on reporting the certificate": {},
		"ESA stops reporting the certificate":   {SSLOffView: fakeesa.SSLOffBlanked},
	} {
		t.Run(title, func(t *testing.T) {
			t.Parallel()
			a := newAccount(t, options, "ssl-off-view")
			a.test(t,
				resource.TestStep{Config: a.hcl(a.args(name, upload(pair)))},
				resource.TestStep{
					Config:            a.hcl(a.args(name)),
					ConfigPlanChecks:  plan(inPlace()),
					ConfigStateChecks: isNull("cert_type", "certificate", "cas_id", "cas_region"),
				},
				resource.TestStep{Config: a.hcl(a.args(name, upload(pair))), ConfigPlanChecks: plan(inPlace())},
			)
		})
	}
}

func TestAccCustomHostname_calls(t *testing.T) {
	t.Parallel()
	pairs := issue(t, "h2.customer.com")
	a := newAccount(t, fakeesa.Options{}, append([]string{"record-alone"}, patient...)...)
	four := func(record int64) string {
		config := a.provider()
		for i, certificate := range []args{{}, free(), upload(pairs), cas(casID)} {
			config += fmt.Sprintf("resource \"esa_custom_hostname\" \"h%d\" {\n", i)
			for key, value := range a.args(fmt.Sprintf("h%d.customer.com", i), certificate) {
				if i == 0 && key == "record_id" {
					value = fmt.Sprintf("%q", fmt.Sprint(record))
				}
				config += "  " + key + " = " + value + "\n"
			}
			config += "}\n"
		}
		return config
	}
	a.test(t,
		resource.TestStep{
			Config: four(a.record.ID),
			Check: check(func() error {
				// The test library's plans before the apply have nothing to read.
				if diff := cmp.Diff(map[string]int{"CreateCustomHostname": 4, "GetCustomHostname": 4}, a.calls()); diff != "" {
					return fmt.Errorf("calls of four creates (-want +got):\n%s", diff)
				}
				return nil
			}),
		},
		resource.TestStep{
			PreConfig: a.ResetRequests,
			Config:    four(a.record2.ID),
			Check: check(func() error {
				if diff := cmp.Diff(map[string]int{"UpdateCustomHostname": 1}, a.writes()); diff != "" {
					return fmt.Errorf("writes of one change (-want +got):\n%s", diff)
				}
				// A refresh reads all four, and one read follows the update.
				calls, updated := 0, false
				for _, request := range a.Requests() {
					if request.Action == "UpdateCustomHostname" {
						updated = true
					} else if updated {
						calls++
					}
				}
				if calls != 1 {
					return fmt.Errorf("got %d reads after the update, want 1", calls)
				}
				return nil
			}),
		},
		resource.TestStep{
			PreConfig: a.ResetRequests,
			Config:    four(a.record2.ID),
			PlanOnly:  true,
		},
		resource.TestStep{
			Config: four(a.record2.ID),
			Check: check(func() error {
				if writes := a.writes(); len(writes) != 0 {
					return fmt.Errorf("got writes %v in a plan without changes, want none", writes)
				}
				return nil
			}),
		},
	)
}

func TestAccCustomHostname_disappears(t *testing.T) {
	t.Parallel()
	a := newAccount(t, fakeesa.Options{})
	config := a.hcl(a.args(name))
	a.test(t,
		resource.TestStep{Config: config},
		resource.TestStep{
			PreConfig:        func() { a.RemoveHostname(a.hostname(t).ID) },
			Config:           config,
			ConfigPlanChecks: plan(plancheck.ExpectResourceAction(testResource, plancheck.ResourceActionCreate)),
		},
	)
}

func TestAccCustomHostname_drift(t *testing.T) {
	t.Parallel()
	first, second := issue(t, name), issue(t, name)
	tests := map[string]struct {
		args   args
		change func(*account, *fakeesa.Hostname)
		repair map[string]string
	}{
		"another record": {args{}, func(a *account, h *fakeesa.Hostname) { h.RecordID = a.record2.ID }, nil},
		"SSL switched off": {
			free(), func(_ *account, h *fakeesa.Hostname) { h.SSLFlag = "off" },
			map[string]string{"SslFlag": "on", "CertType": "free"},
		},
		"SSL switched on": {
			args{},
			func(_ *account, h *fakeesa.Hostname) { h.SSLFlag, h.CertType = "on", "free" },
			map[string]string{"SslFlag": "off"},
		},
		"another type": {free(), func(_ *account, h *fakeesa.Hostname) {
			h.CertType, h.Certificate, h.PrivateKey = "upload", second.CertificatePEM, second.PrivateKeyPEM
		}, map[string]string{"SslFlag": "on", "CertType": "free"}},
		"another certificate": {upload(first), func(_ *account, h *fakeesa.Hostname) {
			h.Certificate, h.PrivateKey = second.CertificatePEM, second.PrivateKeyPEM
		}, map[string]string{"SslFlag": "on", "CertType": "upload", "Certificate": first.CertificatePEM, "PrivateKey": "***"}},
		"another cas certificate": {
			cas(casID), func(_ *account, h *fakeesa.Hostname) { h.CasID = 30000999 },
			map[string]string{"SslFlag": "on", "CertType": "cas", "CasId": casID, "CasRegion": "cn-hangzhou"},
		},
	}
	for title, test := range tests {
		t.Run(title, func(t *testing.T) {
			t.Parallel()
			a := newAccount(t, fakeesa.Options{}, "certificate-echo", "record-alone")
			config := a.hcl(a.args(name, test.args))
			var want map[string]string
			a.test(t,
				resource.TestStep{Config: config},
				resource.TestStep{
					PreConfig: func() {
						made := a.hostname(t)
						a.ChangeHostname(made.ID, func(h *fakeesa.Hostname) { test.change(a, h) })
						want = map[string]string{"HostnameId": fmt.Sprint(made.ID)}
						if test.repair == nil {
							want["RecordId"] = fmt.Sprint(a.record.ID)
						}
						maps.Copy(want, test.repair)
						a.ResetRequests()
					},
					Config:           config,
					ConfigPlanChecks: plan(inPlace()),
					Check:            check(func() error { return a.sent("UpdateCustomHostname", want)(nil) }),
				},
			)
		})
	}
}

func TestAccCustomHostname_serverOwnedChangesAreNoDrift(t *testing.T) {
	t.Parallel()
	a := newAccount(t, fakeesa.Options{})
	config := a.hcl(a.args(name, free()))
	a.test(t,
		resource.TestStep{Config: config},
		resource.TestStep{
			PreConfig: func() {
				a.ChangeHostname(a.hostname(t).ID, func(h *fakeesa.Hostname) {
					h.Status, h.CertStatus, h.CertID, h.CertApplyMessage = "active", "OK", "0123456789abcdef0123456789abcdef", "issued"
				})
			},
			Config:            config,
			ConfigPlanChecks:  plan(plancheck.ExpectEmptyPlan()),
			ConfigStateChecks: []statecheck.StateCheck{known("status", knownvalue.StringExact("active"))},
		},
	)
}

func TestAccCustomHostname_tokensAreSticky(t *testing.T) {
	t.Parallel()
	a := newAccount(t, fakeesa.Options{})
	config := a.hcl(a.args(name, free())) + `
output "code" { value = esa_custom_hostname.test.verify_code }
`
	var code string
	a.test(t,
		resource.TestStep{Config: config, Check: check(func() error { code = a.hostname(t).VerifyCode; return nil })},
		resource.TestStep{
			PreConfig: func() {
				a.ChangeHostname(a.hostname(t).ID, func(h *fakeesa.Hostname) { h.VerifyHost, h.VerifyCode = "", "" })
			},
			Config:           config,
			ConfigPlanChecks: plan(plancheck.ExpectEmptyPlan()),
			ConfigStateChecks: []statecheck.StateCheck{known("verify_code", knownvalue.StringFunc(func(got string) error {
				if got != code {
					return fmt.Errorf("got %q, want %q", got, code)
				}
				return nil
			}))},
		},
		resource.TestStep{
			PreConfig: func() {
				a.ChangeHostname(a.hostname(t).ID, func(h *fakeesa.Hostname) { h.VerifyHost, h.VerifyCode = "_new."+name, "verify_new" })
			},
			RefreshState:       true,
			Check:              resource.TestCheckResourceAttr(testResource, "verify_code", "verify_new"),
			ExpectNonEmptyPlan: true, // The output changes.
		},
	)
}

// echoes are all formats in which ESA may return a PEM, because its documentation does not define one.
var echoes = map[string]fakeesa.CertificateEcho{
	"as sent":    fakeesa.EchoAsSent,
	"with CRLF":  fakeesa.EchoCRLF,
	"stripped":   fakeesa.EchoStripped,
	"not at all": fakeesa.EchoNone,
}

func TestAccCustomHostname_pemRendering(t *testing.T) {
	t.Parallel()
	first, second := issue(t, name), issue(t, name)
	for title, echo := range echoes {
		t.Run(title, func(t *testing.T) {
			t.Parallel()
			a := newAccount(t, fakeesa.Options{CertificateEcho: echo}, "certificate-echo")
			a.test(t,
				resource.TestStep{
					Config:            a.hcl(a.args(name, upload(first))),
					ConfigStateChecks: []statecheck.StateCheck{known("certificate", knownvalue.StringExact(first.CertificatePEM))},
				},
				resource.TestStep{Config: a.hcl(a.args(name, upload(second))), ConfigPlanChecks: plan(inPlace())},
				resource.TestStep{
					Config:           a.hcl(a.args(name, with(upload(second), args{"certificate": fmt.Sprintf("%q", "renewed by hand\n"+second.CertificatePEM+"\n\n")}))),
					ConfigPlanChecks: plan(plancheck.ExpectEmptyPlan()),
				},
			)
		})
	}
}

func TestAccCustomHostname_import(t *testing.T) {
	t.Parallel()
	pair := issue(t, name)
	forms := map[string]func(*account) string{
		"hostname id":          func(a *account) string { return fmt.Sprint(a.Hostnames()[0].ID) },
		"site and name":        func(a *account) string { return fmt.Sprintf("%d/%s", a.site.ID, name) },
		"site and hostname id": func(a *account) string { return fmt.Sprintf("%d:%d", a.site.ID, a.Hostnames()[0].ID) },
	}
	kinds := map[string]args{"off": {}, "free": free(), "upload": upload(pair), "cas": cas(casID)}
	for formTitle, form := range forms {
		for kind, arguments := range kinds {
			t.Run(kind+" by "+formTitle, func(t *testing.T) {
				t.Parallel()
				a := newAccount(t, fakeesa.Options{}, "certificate-echo")
				config := a.hcl(a.args(name, arguments))
				a.test(t,
					resource.TestStep{Config: config},
					resource.TestStep{
						ResourceName: testResource, ImportState: true, ImportStateVerify: true,
						ImportStateIdFunc: func(*terraform.State) (string, error) { return form(a), nil },
					},
				)
			})
		}
	}
}

// TestAccCustomHostname_adoption imports hostnames that were created elsewhere into an empty state, and then plans.
func TestAccCustomHostname_adoption(t *testing.T) {
	t.Parallel()
	pair := issue(t, name)
	kinds := map[string]struct {
		args args
		made fakeesa.Hostname
	}{
		"off":                  {args{}, fakeesa.Hostname{SSLFlag: "off"}},
		"off with a past":      {args{}, fakeesa.Hostname{SSLFlag: "off", CertType: "upload", Certificate: pair.CertificatePEM, PrivateKey: pair.PrivateKeyPEM}},
		"free":                 {free(), fakeesa.Hostname{SSLFlag: "on", CertType: "free"}},
		"cas":                  {cas(casID), fakeesa.Hostname{SSLFlag: "on", CertType: "cas", CasID: 30000478}},
		"upload":               {upload(pair), fakeesa.Hostname{SSLFlag: "on", CertType: "upload", Certificate: pair.CertificatePEM, PrivateKey: pair.PrivateKeyPEM}},
		"upload without a key": {with(upload(pair), args{"private_key_wo": ""}), fakeesa.Hostname{SSLFlag: "on", CertType: "upload", Certificate: pair.CertificatePEM, PrivateKey: pair.PrivateKeyPEM}},
	}
	for kind, test := range kinds {
		for rendering, echo := range echoes {
			t.Run(kind+", PEM "+rendering, func(t *testing.T) {
				t.Parallel()
				a := newAccount(t, fakeesa.Options{CertificateEcho: echo}, "certificate-echo")
				made := test.made
				made.SiteID, made.RecordID, made.Hostname = a.site.ID, a.record.ID, name
				made = a.AddHostname(made)
				arguments := a.args(name, test.args)
				if arguments["private_key_wo"] == "" {
					delete(arguments, "private_key_wo")
				}
				a.test(t, resource.TestStep{
					Config:           a.hcl(arguments, fmt.Sprintf("import {\n  to = %s\n  id = \"%d\"\n}\n", testResource, made.ID)),
					ConfigPlanChecks: plan(plancheck.ExpectResourceAction(testResource, plancheck.ResourceActionNoop)),
					Check: check(func() error {
						if writes := a.writes(); len(writes) != 0 {
							return fmt.Errorf("the import wrote %v, want nothing", writes)
						}
						return nil
					}),
				})
			})
		}
	}
}

// TestAccCustomHostname_unseenCertificate changes a hostname that was imported while ESA does not return certificates.
func TestAccCustomHostname_unseenCertificate(t *testing.T) {
	t.Parallel()
	pair, renewed := issue(t, name), certtest.Issue(t, certtest.Spec{DNSNames: []string{name}, Intermediate: 1, NotAfter: time.Now().AddDate(1, 0, 0)})
	for title, next := range map[string]struct {
		args args
		pem  string
	}{
		"sent again":         {with(upload(pair), args{"private_key_wo_version": "1"}), pair.CertificatePEM},
		"renewed":            {upload(renewed), renewed.CertificatePEM},
		"renewed and bumped": {with(upload(renewed), args{"private_key_wo_version": "1"}), renewed.CertificatePEM},
	} {
		t.Run(title, func(t *testing.T) {
			t.Parallel()
			a := newAccount(t, fakeesa.Options{CertificateEcho: fakeesa.EchoNone})
			made := a.AddHostname(fakeesa.Hostname{
				SiteID: a.site.ID, RecordID: a.record.ID, Hostname: name, SSLFlag: "on", CertType: "upload", Certificate: pair.CertificatePEM, PrivateKey: pair.PrivateKeyPEM,
			})
			imported := fmt.Sprintf("import {\n  to = %s\n  id = \"%d\"\n}\n", testResource, made.ID)
			a.test(t,
				resource.TestStep{Config: a.hcl(a.args(name, upload(pair)), imported), ConfigPlanChecks: plan(plancheck.ExpectResourceAction(testResource, plancheck.ResourceActionNoop))},
				resource.TestStep{
					Config: a.hcl(a.args(name, next.args)), ConfigPlanChecks: plan(inPlace()),
					Check: a.sent("UpdateCustomHostname", map[string]string{
						"HostnameId": fmt.Sprint(made.ID), "SslFlag": "on", "CertType": "upload", "Certificate": next.pem, "PrivateKey": "***",
					}),
					ConfigStateChecks: []statecheck.StateCheck{known("certificate", knownvalue.StringExact(next.pem))},
				},
			)
		})
	}
}

// TestAccCustomHostname_unseenCertificateOnNewRecord checks that the configured certificate is sent with a record that ESA
// does not accept alone. The state of an imported hostname has no certificate.
func TestAccCustomHostname_unseenCertificateOnNewRecord(t *testing.T) {
	t.Parallel()
	pair := issue(t, name)
	a := newAccount(t, fakeesa.Options{CertificateEcho: fakeesa.EchoNone, RefuseRecordAlone: true})
	made := a.AddHostname(fakeesa.Hostname{
		SiteID: a.site.ID, RecordID: a.record.ID, Hostname: name, SSLFlag: "on", CertType: "upload", Certificate: pair.CertificatePEM, PrivateKey: pair.PrivateKeyPEM,
	})
	moved := a.hcl(a.args(name, upload(pair), args{"record_id": fmt.Sprintf("%q", fmt.Sprint(a.record2.ID))}))
	a.test(t,
		resource.TestStep{Config: a.hcl(a.args(name, upload(pair)), fmt.Sprintf("import {\n  to = %s\n  id = \"%d\"\n}\n", testResource, made.ID))},
		resource.TestStep{Config: moved, ConfigPlanChecks: plan(inPlace()), Check: check(func() error {
			if h := a.hostname(t); h.RecordID != a.record2.ID || h.Certificate != pair.CertificatePEM || h.PrivateKey != pair.PrivateKeyPEM {
				return fmt.Errorf("got %+v on the server, want the new record and the configured certificate", h)
			}
			return nil
		})},
		resource.TestStep{Config: moved, ConfigPlanChecks: plan(plancheck.ExpectEmptyPlan())},
	)
}

func TestAccCustomHostname_importByIdentity(t *testing.T) {
	t.Parallel()
	a := newAccount(t, fakeesa.Options{})
	config := a.hcl(a.args(name))
	resource.Test(t, resource.TestCase{
		ProtoV6ProviderFactories: testFactories,
		// Terraform imports by identity since 1.12. OpenTofu reports its own, higher version.
		TerraformVersionChecks: []tfversion.TerraformVersionCheck{tfversion.SkipBelow(tfversion.Version1_12_0)},
		Steps: []resource.TestStep{
			{Config: config, ConfigStateChecks: []statecheck.StateCheck{statecheck.ExpectIdentity(testResource, map[string]knownvalue.Check{
				"hostname_id": knownvalue.NotNull(), "site_id": knownvalue.StringExact(fmt.Sprint(a.site.ID)), "hostname": knownvalue.StringExact(name),
			})}},
			{ResourceName: testResource, ImportState: true, ImportStateKind: resource.ImportBlockWithResourceIdentity},
		},
	})
}

func TestAccCustomHostname_importRefused(t *testing.T) {
	t.Parallel()
	a := newAccount(t, fakeesa.Options{})
	other := a.AddSite("other.example")
	made := a.AddHostname(fakeesa.Hostname{SiteID: a.site.ID, RecordID: a.record.ID, Hostname: name, SSLFlag: "off"})
	for id, want := range map[string]string{
		"shop":                                 `(?s)Invalid import id.*is not an id.*<site_id>/<hostname>`,
		"0":                                    `Invalid import id`,
		"9223372036854775808":                  `Invalid import id`,
		fmt.Sprintf("%d/https://x", a.site.ID): `(?s)Invalid import id.*has a scheme`,
		fmt.Sprintf("%d/nobody.example", a.site.ID): `(?s)Unable to import custom hostname.*There is no custom hostname\s+nobody.example`,
		fmt.Sprintf("%d:%d", other.ID, made.ID):     `(?s)Invalid site_id.*belongs\s+to\s+site`,
		"77":                                        `Cannot import non-existent remote object|non-existent`,
	} {
		t.Run(id, func(t *testing.T) {
			resource.Test(t, resource.TestCase{
				ProtoV6ProviderFactories: testFactories,
				Steps: []resource.TestStep{{
					Config:      a.hcl(a.args(name), fmt.Sprintf("import {\n  to = %s\n  id = %q\n}\n", testResource, id)),
					ExpectError: regexp.MustCompile(want),
				}},
			})
		})
	}
}

func TestAccCustomHostname_replaced(t *testing.T) {
	t.Parallel()
	a := newAccount(t, fakeesa.Options{})
	other := a.AddSite("other.example")
	otherRecord := a.AddRecord(other.ID, "origin.other.example")
	replace := plan(plancheck.ExpectResourceAction(testResource, plancheck.ResourceActionDestroyBeforeCreate))
	a.test(t,
		resource.TestStep{Config: a.hcl(a.args(name))},
		resource.TestStep{Config: a.hcl(a.args("new.customer.com")), ConfigPlanChecks: replace},
		resource.TestStep{
			Config:           a.hcl(a.args("new.customer.com", args{"site_id": fmt.Sprintf("%q", fmt.Sprint(other.ID)), "record_id": fmt.Sprintf("%q", fmt.Sprint(otherRecord.ID))})),
			ConfigPlanChecks: replace,
			Check: check(func() error {
				if made := a.hostname(t); made.SiteID != other.ID {
					return fmt.Errorf("got site %d, want %d", made.SiteID, other.ID)
				}
				return nil
			}),
		},
	)
}

// TestAccCustomHostname_twoProviders needs a process for each configuration, like a CLI starts them.
func TestAccCustomHostname_twoProviders(t *testing.T) {
	t.Parallel()
	a := newAccount(t, fakeesa.Options{AccessKeyID: "first-access-key", AccessKeySecret: "first-secret"})
	b := newAccount(t, fakeesa.Options{AccessKeyID: "second-access-key", AccessKeySecret: "second-secret"})
	w := newWorkspace(t)
	w.write("main.tf", a.hcl(a.args(name))+fmt.Sprintf(`
provider "esa" {
  alias      = "b"
  access_key = %q
  secret_key = %q
  endpoint   = %q
}
resource "esa_custom_hostname" "b" {
  provider  = esa.b
  site_id   = "%d"
  record_id = "%d"
  hostname  = %q
  ssl_flag  = "off"
}
`, b.Options().AccessKeyID, b.Options().AccessKeySecret, b.URL(), b.site.ID, b.record.ID, name))
	w.mustRun("apply", "-auto-approve")
	if len(a.Hostnames()) != 1 || len(b.Hostnames()) != 1 {
		t.Errorf("got %d and %d hostnames, want 1 each", len(a.Hostnames()), len(b.Hostnames()))
	}
	w.mustRun("plan", "-detailed-exitcode")
	w.mustRun("destroy", "-auto-approve")
	if len(a.Hostnames()) != 0 || len(b.Hostnames()) != 0 {
		t.Errorf("got %d and %d hostnames after destroy, want none", len(a.Hostnames()), len(b.Hostnames()))
	}
}

func TestAccCustomHostname_unknownValues(t *testing.T) {
	t.Parallel()
	pair := issue(t, name)
	a := newAccount(t, fakeesa.Options{})
	values := fmt.Sprintf(`
resource "terraform_data" "later" {
  input = {
    site_id     = "%d"
    record_id   = "%d"
    hostname    = %q
    ssl_flag    = "on"
    cert_type   = "upload"
    certificate = %q
    key         = %q
  }
}
`, a.site.ID, a.record.ID, name, pair.CertificatePEM, pair.PrivateKeyPEM)
	later := func(key string) string { return "terraform_data.later.output." + key }
	unknown := args{
		"site_id": later("site_id"), "record_id": later("record_id"), "hostname": later("hostname"), "ssl_flag": later("ssl_flag"),
		"cert_type": later("cert_type"), "certificate": later("certificate"), "private_key_wo": later("key"),
	}
	a.test(t, resource.TestStep{Config: a.hcl(unknown, values), Check: a.sent("CreateCustomHostname", map[string]string{
		"SiteId": fmt.Sprint(a.site.ID), "RecordId": fmt.Sprint(a.record.ID), "Hostname": name,
		"SslFlag": "on", "CertType": "upload", "Certificate": pair.CertificatePEM, "PrivateKey": "***",
	})})
}

func TestAccCustomHostname_wrongValuesThatWereUnknown(t *testing.T) {
	t.Parallel()
	a := newAccount(t, fakeesa.Options{})
	later := `
resource "terraform_data" "later" {
  input = "upload"
}
`
	a.test(t, resource.TestStep{
		Config:      a.hcl(a.args(name, args{"ssl_flag": `"on"`, "cert_type": "terraform_data.later.output"}), later),
		ExpectError: regexp.MustCompile(`(?s)Missing certificate.*requires\s+certificate`),
	})
	if n := len(a.Requests()); n != 0 {
		t.Errorf("got %d calls, want none", n)
	}
}

func TestAccCustomHostname_applyTrigger(t *testing.T) {
	t.Parallel()
	a := newAccount(t, fakeesa.Options{})
	a.test(t,
		resource.TestStep{Config: a.hcl(a.args(name, free(), args{"certificate_apply_trigger": `"first"`})), Check: check(func() error {
			if n := a.Count("ApplyCustomHostnameCertificate"); n != 0 {
				return fmt.Errorf("got %d applications at create, want none", n)
			}
			return nil
		})},
		resource.TestStep{
			PreConfig: func() {
				a.ChangeHostname(a.hostname(t).ID, func(h *fakeesa.Hostname) { h.Status, h.CertStatus = "active", "ApplyFailed" })
				a.ResetRequests()
			},
			Config:           a.hcl(a.args(name, free(), args{"certificate_apply_trigger": `"second"`})),
			ConfigPlanChecks: plan(inPlace(), plancheck.ExpectUnknownValue(testResource, attribute("cert_txt_value"))),
			Check: check(func() error {
				if diff := cmp.Diff(map[string]int{"ApplyCustomHostnameCertificate": 1}, a.writes()); diff != "" {
					return fmt.Errorf("writes (-want +got):\n%s", diff)
				}
				return nil
			}),
		},
	)
}

// inOrder makes a hostname active, with a free certificate that is in order.
func inOrder(h *fakeesa.Hostname) {
	h.Status, h.CertStatus, h.CertNotAfter = "active", "OK", time.Now().AddDate(0, 0, 60)
}

// TestAccCustomHostname_nothingToApplyFor changes certificate_apply_trigger while ESA accepts no application, or must not
// get one. One apply saves the new value, and the next plan is empty.
func TestAccCustomHostname_nothingToApplyFor(t *testing.T) {
	t.Parallel()
	trigger := args{"certificate_apply_trigger": `"2026-12-01"`}
	for title, test := range map[string]struct {
		before args // the arguments of the first apply
		change func(*fakeesa.Hostname)
		writes map[string]int
		says   string
	}{
		"in order":                   {before: free(), change: inOrder, says: "is valid until"},
		"applying":                   {before: free(), change: func(h *fakeesa.Hostname) { h.Status, h.CertStatus = "active", "Applying" }, says: "is already in progress"},
		"no certificate yet":         {before: free(), change: func(*fakeesa.Hostname) {}, says: "by itself once ownership is verified"},
		"in order since the refresh": {before: free(), change: func(h *fakeesa.Hostname) { h.Status, h.CertStatus = "active", "ApplyFailed" }, says: "is valid until"},
		"cas to free":                {before: cas("30000478"), change: func(h *fakeesa.Hostname) { h.Status = "active" }, writes: map[string]int{"UpdateCustomHostname": 1}, says: "nothing to apply for"},
		"off to on":                  {before: args{}, change: func(h *fakeesa.Hostname) { h.Status = "active" }, writes: map[string]int{"UpdateCustomHostname": 1}, says: "nothing to apply for"},
	} {
		for _, reading := range []fakeesa.ApplyAnyway{fakeesa.ApplyAnywayRefused, fakeesa.ApplyAnywayNotAllowed, fakeesa.ApplyAnywayAccepted} {
			t.Run(fmt.Sprintf("%s, reading %d", title, reading), func(t *testing.T) {
				t.Parallel()
				if reading == fakeesa.ApplyAnywayAccepted && title == "in order since the refresh" {
					return // The provider cannot distinguish it from a failed certificate.
				}
				a := newAccount(t, fakeesa.Options{ApplyAnyway: reading, IssueDelay: time.Hour}, "free-certificate-start", "apply-anyway")
				a.AddCASCertificate(30000478, "cn-hangzhou", time.Now().AddDate(1, 0, 0))
				w := newWorkspace(t)
				w.write("main.tf", a.hcl(a.args(name, test.before)))
				w.mustRun("apply", "-auto-approve")
				id := a.hostname(t).ID
				a.ChangeHostname(id, test.change)
				writes := test.writes
				if title == "in order since the refresh" {
					// Others have applied for the certificate, and it was issued, between the read and the call.
					a.Inject(fakeesa.Fault{Action: "ApplyCustomHostnameCertificate", Match: func(fakeesa.Request) bool {
						a.ChangeHostname(id, inOrder)
						return false
					}})
					writes = map[string]int{"ApplyCustomHostnameCertificate": 1}
				}
				a.ResetRequests()
				w.write("main.tf", a.hcl(a.args(name, free(), trigger)))
				out := w.mustRun("apply", "-auto-approve")
				if title == "in order since the refresh" {
					if strings.Contains(out, "not applied for") {
						t.Errorf("got a warning that nothing was applied for:\n%s", out)
					}
				} else if said := strings.Join(strings.Fields(strings.ReplaceAll(out, "│", " ")), " "); !strings.Contains(said, "Certificate not applied for") || !strings.Contains(said, test.says) {
					t.Errorf("want the warning %q:\n%s", test.says, out)
				}
				if writes == nil {
					writes = map[string]int{}
					if strings.Contains(out, "known after apply") {
						t.Errorf("the plan shows unknown values that the change cannot alter:\n%s", out)
					}
				}
				if diff := cmp.Diff(writes, a.writes()); diff != "" {
					t.Errorf("writes (-want +got):\n%s", diff)
				}
				w.mustRun("plan", "-detailed-exitcode")
				if got := a.hostname(t); got.ID != id {
					t.Errorf("got hostname id %d, want %d", got.ID, id)
				}
			})
		}
	}
}

// TestAccCustomHostname_applicationFails has the application fail after the same apply has changed the record. If ESA
// refuses it for good, the apply warns once. Otherwise the next apply retries only the application.
func TestAccCustomHostname_applicationFails(t *testing.T) {
	t.Parallel()
	for code, test := range map[string]struct {
		fails bool
		says  string
		again map[string]int // writes of the next apply
	}{
		"InvalidParameter": {false, "ESA accepts no application for the certificate of", map[string]int{}},
		"NoPermission":     {true, "lacks esa:ApplyCustomHostnameCertificate", map[string]int{"ApplyCustomHostnameCertificate": 1}},
	} {
		t.Run(code, func(t *testing.T) {
			t.Parallel()
			a := newAccount(t, fakeesa.Options{}, "record-alone")
			w := newWorkspace(t)
			w.write("main.tf", a.hcl(a.args(name, free())))
			w.mustRun("apply", "-auto-approve")
			id := a.hostname(t).ID
			a.ChangeHostname(id, func(h *fakeesa.Hostname) { h.Status, h.CertStatus = "active", "ApplyFailed" })
			a.Inject(fakeesa.Fault{Action: "ApplyCustomHostnameCertificate", Code: code})
			w.write("main.tf", a.hcl(a.args(name, free(), args{"certificate_apply_trigger": `"again"`, "record_id": fmt.Sprintf("%q", fmt.Sprint(a.record2.ID))})))
			out, status := w.run("apply", "-auto-approve")
			if said := strings.Join(strings.Fields(strings.ReplaceAll(out, "│", " ")), " "); (status != 0) != test.fails || !strings.Contains(said, test.says) {
				t.Errorf("got status %d, want %q:\n%s", status, test.says, out)
			}
			a.ResetRequests()
			w.mustRun("apply", "-auto-approve")
			if diff := cmp.Diff(test.again, a.writes()); diff != "" {
				t.Errorf("writes (-want +got):\n%s", diff)
			}
			w.mustRun("plan", "-detailed-exitcode")
			if got := a.hostname(t); got.ID != id || got.RecordID != a.record2.ID {
				t.Errorf("got hostname %d on record %d, want the same hostname on the new record", got.ID, got.RecordID)
			}
		})
	}
}

func TestAccCustomHostname_sluggishServer(t *testing.T) {
	t.Parallel()
	a := newAccount(t, fakeesa.Options{NotFoundGets: 1, VerifyCodeGets: 1, DeletingGets: 1})
	a.test(t, resource.TestStep{
		Config:            a.hcl(a.args(name)),
		ConfigStateChecks: []statecheck.StateCheck{known("verify_code", knownvalue.NotNull())},
	})
}

// TestAccCustomHostname_tokenThatComesLate checks that a create does not fail if the token is returned late.
func TestAccCustomHostname_tokenThatComesLate(t *testing.T) {
	t.Parallel()
	a := newAccount(t, fakeesa.Options{VerifyCodeGets: 14})
	config := a.hcl(a.args(name))
	a.test(t,
		resource.TestStep{Config: config, Check: check(func() error {
			reads := a.Count("GetCustomHostname")
			if creates := a.Count("CreateCustomHostname"); creates != 1 || reads < 5 || reads > 13 {
				return fmt.Errorf("got %d creates and %d reads, want 1 and 5 to 13", creates, reads)
			}
			return nil
		})},
		// The refreshes that follow use up the reads without a token.
		resource.TestStep{RefreshState: true}, resource.TestStep{RefreshState: true}, resource.TestStep{RefreshState: true},
		resource.TestStep{RefreshState: true}, resource.TestStep{RefreshState: true},
		resource.TestStep{
			Config: config, ConfigPlanChecks: plan(plancheck.ExpectEmptyPlan()),
			ConfigStateChecks: []statecheck.StateCheck{known("verify_code", knownvalue.NotNull())},
		},
	)
}

// TestAccCustomHostname_createdButNotReadable checks that a hostname that cannot be read after its create is kept, and that
// the next plan works before reads show it.
func TestAccCustomHostname_createdButNotReadable(t *testing.T) {
	t.Parallel()
	a := newAccount(t, fakeesa.Options{ReadLag: 10 * time.Second})
	a.Inject(fakeesa.Fault{Action: "GetCustomHostname", Times: 1, Code: "NoPermission", Status: 403, Message: "no"})
	config := a.hcl(a.args(name))
	a.test(t,
		resource.TestStep{Config: config, Check: check(func() error {
			if n := a.Count("CreateCustomHostname"); n != 1 {
				return fmt.Errorf("got %d creates, want 1", n)
			}
			return nil
		})},
		resource.TestStep{
			Config: config, ConfigPlanChecks: plan(plancheck.ExpectEmptyPlan()),
			ConfigStateChecks: []statecheck.StateCheck{known("verify_code", knownvalue.NotNull())},
		},
	)
}

func TestAccCustomHostname_changeThatDoesNotStick(t *testing.T) {
	t.Parallel()
	first, second := issue(t, name), issue(t, name)
	done := `{"RequestId":"5C9C9C4B-0F4C-4B3B-8A3B-0A0B0C0D0E0F"}`
	tests := map[string]struct {
		from, to args
		argument string
	}{
		"record":          {args{}, args{"record_id": "record2"}, "record_id"},
		"SSL":             {args{}, free(), "ssl_flag"},
		"type":            {upload(first), free(), "cert_type"},
		"certificate":     {upload(first), upload(second), "certificate"},
		"cas certificate": {cas(casID), cas("30000479"), "cas_id"},
	}
	for title, test := range tests {
		t.Run(title, func(t *testing.T) {
			t.Parallel()
			a := newAccount(t, fakeesa.Options{}, "certificate-echo")
			a.AddCASCertificate(30000479, "cn-hangzhou", time.Now().AddDate(1, 0, 0))
			to := maps.Clone(test.to)
			if to["record_id"] != "" {
				to["record_id"] = fmt.Sprintf("%q", fmt.Sprint(a.record2.ID))
			}
			a.test(t,
				resource.TestStep{Config: a.hcl(a.args(name, test.from))},
				resource.TestStep{
					PreConfig: func() {
						a.Inject(fakeesa.Fault{Action: "UpdateCustomHostname", Status: 200, RawBody: &done})
					},
					Config:      a.hcl(a.args(name, to)),
					ExpectError: regexp.MustCompile(`(?s)Custom hostname not changed.*still returns\s+another\s+` + test.argument),
				},
				// The next apply makes the change.
				resource.TestStep{Config: a.hcl(a.args(name, to)), ConfigPlanChecks: plan(inPlace())},
			)
		})
	}
}

func TestAccCustomHostname_readsThatLagBehindWrites(t *testing.T) {
	t.Parallel()
	a := newAccount(t, fakeesa.Options{})
	var stale string
	a.test(t,
		resource.TestStep{Config: a.hcl(a.args(name))},
		resource.TestStep{
			PreConfig: func() {
				made := a.hostname(t)
				stale = fmt.Sprintf(`{"RequestId":"R","CustomHostnameModel":{"HostnameId":%d,"Hostname":%q,"SiteId":%d,"RecordId":%d,"SslFlag":"off","Status":"pending"}}`,
					made.ID, name, a.site.ID, a.record.ID)
				// The plan's read is up to date; the first read after the update is not.
				a.Inject(fakeesa.Fault{Action: "GetCustomHostname", Status: 200, RawBody: &stale, Match: func(fakeesa.Request) bool { return a.hostname(t).RecordID == a.record2.ID }})
			},
			Config: a.hcl(a.args(name, args{"record_id": fmt.Sprintf("%q", fmt.Sprint(a.record2.ID))})),
		},
	)
}

func TestAccCustomHostname_conflicted(t *testing.T) {
	t.Parallel()
	a := newAccount(t, fakeesa.Options{}, "name-elsewhere")
	other := a.AddSite("other.example")
	held := a.AddHostname(fakeesa.Hostname{SiteID: other.ID, RecordID: a.AddRecord(other.ID, "origin.other.example").ID, Hostname: name, SSLFlag: "off"})
	a.test(t, resource.TestStep{
		Config: a.hcl(a.args(name)),
		ConfigStateChecks: []statecheck.StateCheck{
			known("status", knownvalue.StringExact("conflicted")),
			known("conflict_with", knownvalue.StringExact("existing_custom_hostname")),
		},
		Check: check(func() error { a.RemoveHostname(held.ID); return nil }),
	})
}

func TestCertcheckSameIsWiredIn(t *testing.T) {
	pair := issue(t, name)
	if !newPEM(pair.CertificatePEM).sameAs(newPEM("text\n"+pair.CertificatePEM)) || newPEM("garbage one").sameAs(newPEM("other garbage")) {
		t.Error("sameAs does not compare the certificates of PEMs")
	}
	if certcheck.Same("", "") {
		t.Error("two empty texts count as the same certificates")
	}
}

// TestAccRefresh refreshes hostnames of all types by page, and checks that changes of single hostnames are detected.
func TestAccRefresh(t *testing.T) {
	t.Parallel()
	count := 1000
	if testing.Short() {
		count = 100
	}
	pair := issue(t, "*.customer.com")
	a := newAccount(t, fakeesa.Options{})
	a.addMany(count, pair)
	w := a.workspace(t)
	config := fmt.Sprintf(`
variable "batch_refresh" {
  default = true
}
provider "esa" {
  batch_refresh = var.batch_refresh
}
locals {
  kinds = {
    off    = { ssl_flag = "off" }
    free   = { ssl_flag = "on", cert_type = "free" }
    cas    = { ssl_flag = "on", cert_type = "cas", cas_id = %q }
    upload = { ssl_flag = "on", cert_type = "upload", certificate = %q }
  }
  hostnames = [for i in range(%d) : merge({ name = format("h%%03d.customer.com", i) }, local.kinds[["off", "off", "free", "cas", "upload"][i %% 5]])]
}
resource "esa_custom_hostname" "test" {
  count       = %d
  site_id     = "%d"
  record_id   = "%d"
  hostname    = local.hostnames[count.index].name
  ssl_flag    = local.hostnames[count.index].ssl_flag
  cert_type   = try(local.hostnames[count.index].cert_type, null)
  cas_id      = try(local.hostnames[count.index].cas_id, null)
  certificate = try(local.hostnames[count.index].certificate, null)
}
`, casID, pair.CertificatePEM, count, count, a.site.ID, a.record.ID)
	var imports strings.Builder
	for i, hostname := range a.Hostnames() {
		fmt.Fprintf(&imports, "import {\n  to = esa_custom_hostname.test[%d]\n  id = \"%d\"\n}\n", i, hostname.ID)
	}
	w.write("main.tf", config+imports.String())
	w.mustRun("apply", "-auto-approve")
	w.write("main.tf", config)

	a.ResetRequests()
	w.mustRun("plan", "-detailed-exitcode")
	if calls := len(a.Requests()); calls > 11 {
		t.Errorf("refresh of %d hostnames: got %d calls, want at most 11: %v", count, calls, a.calls())
	}
	a.ResetRequests()
	w.mustRun("plan", "-detailed-exitcode", "-var=batch_refresh=false")
	if diff := cmp.Diff(map[string]int{"GetCustomHostname": count}, a.calls()); diff != "" {
		t.Errorf("calls without batch_refresh (-want +got):\n%s", diff)
	}
	a.ResetRequests()
	w.mustRun("plan", "-detailed-exitcode", "-target=esa_custom_hostname.test[7]")
	if diff := cmp.Diff(map[string]int{"GetCustomHostname": 1}, a.calls()); diff != "" {
		t.Errorf("calls for one hostname (-want +got):\n%s", diff)
	}

	all := a.Hostnames()
	a.ChangeHostname(all[10].ID, func(h *fakeesa.Hostname) {
		h.RecordID, h.UpdateTime = a.record2.ID, h.UpdateTime.Add(time.Nanosecond) // In seconds, the time does not change.
	})
	renewed := certtest.Issue(t, certtest.Spec{DNSNames: []string{"*.customer.com"}, Intermediate: 1, NotAfter: time.Now().AddDate(1, 0, 0)})
	a.ChangeHostname(all[14].ID, func(h *fakeesa.Hostname) { h.Certificate, h.PrivateKey = renewed.CertificatePEM, renewed.PrivateKeyPEM })
	a.ChangeHostname(all[23].ID, func(h *fakeesa.Hostname) { h.CasID = 30000479 })
	a.ChangeHostname(all[32].ID, func(h *fakeesa.Hostname) { h.SSLFlag = "off" })
	a.RemoveHostname(all[40].ID)
	a.ResetRequests()
	out, _ := w.run("plan", "-var=batch_refresh=true")
	for _, want := range []string{`test[10] will be updated`, `test[23] will be updated`, `test[32] will be updated`, `Missing private key`} {
		if !strings.Contains(out, want) {
			t.Errorf("want %q in the plan:\n%s", want, out)
		}
	}
	if calls := len(a.Requests()); calls > 20 {
		t.Errorf("got %d calls, want at most 20: %v", calls, a.calls())
	}
	a.ChangeHostname(all[14].ID, func(h *fakeesa.Hostname) { h.Certificate, h.PrivateKey = pair.CertificatePEM, pair.PrivateKeyPEM })
	if out := w.mustRun("plan"); !strings.Contains(out, "test[40] will be created") || !strings.Contains(out, "1 to add, 3 to change, 0 to destroy") {
		t.Errorf("want 1 to add and 3 to change in the plan:\n%s", out)
	}
}

// TestAccCreateQuota reaches the time limit while creates wait for the hourly quota. Created hostnames are saved, and the
// error says how to continue.
func TestAccCreateQuota(t *testing.T) {
	t.Parallel()
	a := newAccount(t, fakeesa.Options{CreateLimitPerHour: 2}, patient...)
	w := a.workspace(t)
	w.write("main.tf", a.many(3, a.record.ID, "  timeouts {\n    create = \"2s\"\n  }\n"))
	out, status := w.run("apply", "-auto-approve")
	text := strings.Join(strings.Fields(strings.ReplaceAll(out, "│", " ")), " ")
	for _, want := range []string{
		"ESA allows 100 CreateCustomHostname calls per user and hour", "It was not created.",
		"This run has created 2 custom hostnames before, which are saved in state.", a.Options().ThrottlingCode, "raise timeouts.create",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("got status %d, want %q in:\n%s", status, want, out)
		}
	}
	if listed := strings.Fields(w.mustRun("state", "list")); len(listed) != 2 || len(a.Hostnames()) != 2 {
		t.Errorf("got %v in state and %d hostnames on the server, want 2 each", listed, len(a.Hostnames()))
	}
}
