package provider

import (
	"fmt"
	"maps"
	"regexp"
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/hashicorp/terraform-plugin-testing/helper/resource"

	"terraform-provider-esa/internal/fakeesa"
)

// valid returns a valid configuration, changed by more. nil removes an argument.
func valid(more map[string]any) map[string]any {
	all := map[string]any{"site_id": "890601022130656", "record_id": "4042843419650112", "hostname": name, "ssl_flag": "off"}
	maps.Copy(all, more)
	return all
}

func TestBadConfigurationIsRefusedWhenPlanning(t *testing.T) {
	pair := issue(t, name)
	on := func(certType string, more map[string]any) map[string]any {
		all := map[string]any{"ssl_flag": "on", "cert_type": certType}
		maps.Copy(all, more)
		return all
	}
	uploaded := map[string]any{"certificate": pair.CertificatePEM, "private_key_wo": pair.PrivateKeyPEM}
	tests := map[string]struct {
		change  map[string]any
		path    string
		summary string
		detail  string
	}{
		"a site id of letters":                    {map[string]any{"site_id": "shop"}, "site_id", "Invalid site_id", "whole number"},
		"a site id of 0":                          {map[string]any{"site_id": "0"}, "site_id", "Invalid site_id", "whole number"},
		"a negative site id":                      {map[string]any{"site_id": "-1"}, "site_id", "Invalid site_id", "whole number"},
		"an empty site id":                        {map[string]any{"site_id": ""}, "site_id", "Invalid site_id", "whole number"},
		"a site id in scientific form":            {map[string]any{"site_id": "4e15"}, "site_id", "Invalid site_id", "whole number"},
		"a record id with a fraction":             {map[string]any{"record_id": "1.5"}, "record_id", "Invalid record_id", "whole number"},
		"a record id above int64":                 {map[string]any{"record_id": "9223372036854775808"}, "record_id", "Invalid record_id", "9223372036854775807"},
		"a record id with a leading 0":            {map[string]any{"record_id": "0123"}, "record_id", "Invalid record_id", "whole number"},
		"a cas id with a space":                   {on("cas", map[string]any{"cas_id": "1 2"}), "cas_id", "Invalid cas_id", "whole number"},
		"an empty hostname":                       {map[string]any{"hostname": ""}, "hostname", "Invalid hostname", "is empty"},
		"a hostname with a scheme":                {map[string]any{"hostname": "https://" + name}, "hostname", "Invalid hostname", "scheme"},
		"a hostname with a port":                  {map[string]any{"hostname": name + ":443"}, "hostname", "Invalid hostname", "port"},
		"a hostname with a path":                  {map[string]any{"hostname": name + "/x"}, "hostname", "Invalid hostname", "path"},
		"a hostname with a space":                 {map[string]any{"hostname": "shop customer.com"}, "hostname", "Invalid hostname", "white space"},
		"a hostname with a newline":               {map[string]any{"hostname": name + "\n"}, "hostname", "Invalid hostname", "trimspace"},
		"a hostname in upper case":                {map[string]any{"hostname": "Shop.customer.com"}, "hostname", "Invalid hostname", "lower()"},
		"a hostname that ends in a dot":           {map[string]any{"hostname": name + "."}, "hostname", "Invalid hostname", "ends in a dot"},
		"a label of 64 characters":                {map[string]any{"hostname": strings.Repeat("a", 64) + ".com"}, "hostname", "Invalid hostname", "at most 63"},
		"a hostname of 254 characters":            {map[string]any{"hostname": strings.Repeat("a.", 125) + "abcd"}, "hostname", "Invalid hostname", "at most 253"},
		"an empty label":                          {map[string]any{"hostname": "shop..customer.com"}, "hostname", "Invalid hostname", "empty label"},
		"a single label":                          {map[string]any{"hostname": "localhost"}, "hostname", "Invalid hostname", "single label"},
		"a wildcard of a single label":            {map[string]any{"hostname": "*.com"}, "hostname", "Invalid hostname", "single label"},
		"an IPv4 address":                         {map[string]any{"hostname": "192.0.2.1"}, "hostname", "Invalid hostname", "IP address"},
		"an IPv6 address":                         {map[string]any{"hostname": "2001:db8::1"}, "hostname", "Invalid hostname", "IP address"},
		"a hostname beyond ASCII":                 {map[string]any{"hostname": "bücher.example.com"}, "hostname", "Invalid hostname", "A-label"},
		"a label that begins with a hyphen":       {map[string]any{"hostname": "-shop.customer.com"}, "hostname", "Invalid hostname", "hyphens"},
		"a wildcard inside":                       {map[string]any{"hostname": "shop.*.com"}, "hostname", "Invalid hostname", "label"},
		"a hostname that would colour a terminal": {map[string]any{"hostname": "\x1b[31mshop.customer.com"}, "hostname", "Invalid hostname", `\x1b`},
		"an ssl_flag of true":                     {map[string]any{"ssl_flag": "true"}, "ssl_flag", "Invalid Attribute Value Match", `"on"`},
		"an unknown cert_type":                    {on("letsencrypt", nil), "cert_type", "Invalid Attribute Value Match", "upload"},
		"an unknown cas_region":                   {on("cas", map[string]any{"cas_id": casID, "cas_region": "eu-central-1"}), "cas_region", "Invalid Attribute Value Match", "ap-southeast-1"},

		"SSL on without cert_type":         {map[string]any{"ssl_flag": "on"}, "cert_type", "Missing cert_type", "free"},
		"SSL off with cert_type":           {map[string]any{"cert_type": "free"}, "cert_type", "Invalid cert_type", "ssl_flag"},
		"SSL off with certificate":         {map[string]any{"certificate": pair.CertificatePEM}, "certificate", "Invalid certificate", "ssl_flag"},
		"SSL off with private_key":         {map[string]any{"private_key": pair.PrivateKeyPEM}, "private_key", "Invalid private_key", "ssl_flag"},
		"SSL off with private_key_wo":      {map[string]any{"private_key_wo": pair.PrivateKeyPEM}, "private_key_wo", "Invalid private_key_wo", "ssl_flag"},
		"SSL off with cas_id":              {map[string]any{"cas_id": casID}, "cas_id", "Invalid cas_id", "ssl_flag"},
		"SSL off with cas_region":          {map[string]any{"cas_region": "cn-hangzhou"}, "cas_region", "Invalid cas_region", "ssl_flag"},
		"SSL off with a trigger":           {map[string]any{"certificate_apply_trigger": "x"}, "certificate_apply_trigger", "Invalid certificate_apply_trigger", "ssl_flag"},
		"free with certificate":            {on("free", map[string]any{"certificate": pair.CertificatePEM}), "certificate", "Invalid certificate", `cert_type "upload"`},
		"free with private_key":            {on("free", map[string]any{"private_key": pair.PrivateKeyPEM}), "private_key", "Invalid private_key", `cert_type "upload"`},
		"free with cas_id":                 {on("free", map[string]any{"cas_id": casID}), "cas_id", "Invalid cas_id", `cert_type "cas"`},
		"upload without certificate":       {on("upload", map[string]any{"private_key_wo": pair.PrivateKeyPEM}), "certificate", "Missing certificate", "requires certificate"},
		"upload with an empty certificate": {on("upload", map[string]any{"certificate": "", "private_key_wo": pair.PrivateKeyPEM}), "certificate", "Invalid certificate", "is empty"},
		"upload without a key":             {on("upload", map[string]any{"certificate": pair.CertificatePEM}), "private_key_wo", "Missing private key", "private_key_wo"},
		"upload with cas_id":               {on("upload", with2(uploaded, "cas_id", casID)), "cas_id", "Invalid cas_id", `cert_type "cas"`},
		"upload with cas_region":           {on("upload", with2(uploaded, "cas_region", "cn-hangzhou")), "cas_region", "Invalid cas_region", `cert_type "cas"`},
		"upload with a trigger":            {on("upload", with2(uploaded, "certificate_apply_trigger", "x")), "certificate_apply_trigger", "Invalid certificate_apply_trigger", `cert_type "free"`},
		"upload with two keys":             {on("upload", with2(uploaded, "private_key", pair.PrivateKeyPEM)), "private_key", "Invalid Attribute Combination", "private_key_wo"},
		"a version without its key":        {on("upload", map[string]any{"certificate": pair.CertificatePEM, "private_key": pair.PrivateKeyPEM, "private_key_wo_version": 1}), "private_key_wo_version", "Invalid Attribute Combination", "private_key"},
		"cas without cas_id":               {on("cas", nil), "cas_id", "Missing cas_id", "requires cas_id"},
		"cas with certificate":             {on("cas", map[string]any{"cas_id": casID, "certificate": pair.CertificatePEM}), "certificate", "Invalid certificate", `cert_type "upload"`},
		"cas with private_key_wo":          {on("cas", map[string]any{"cas_id": casID, "private_key_wo": pair.PrivateKeyPEM}), "private_key_wo", "Invalid private_key_wo", `cert_type "upload"`},
	}
	a := newAccount(t, fakeesa.Options{})
	s := newServer(t, a)
	for title, test := range tests {
		t.Run(title, func(t *testing.T) {
			errors := errorsIn(s.plan(t, valid(test.change)))
			if len(errors) != 1 {
				t.Fatalf("got %d errors, want 1: %v", len(errors), shown(errors))
			}
			got := errors[0]
			if want := fmt.Sprintf("AttributeName(%q)", test.path); got.Attribute.String() != want {
				t.Errorf("got the path %s, want %s", got.Attribute, want)
			}
			if got.Summary != test.summary {
				t.Errorf("got the summary %q, want %q", got.Summary, test.summary)
			}
			if !strings.Contains(got.Detail, test.detail) {
				t.Errorf("got the detail %q, want %q in it", got.Detail, test.detail)
			}
			if strings.ContainsAny(got.Detail, "\x1b") || strings.Contains(got.Detail, "BEGIN") {
				t.Errorf("the detail contains control characters or a PEM: %q", got.Detail)
			}
		})
	}
	if n := len(a.Requests()); n != 0 {
		t.Errorf("got %d calls of ESA, want none", n)
	}
}

func TestGoodConfigurationPlans(t *testing.T) {
	pair := issue(t, "shop.customer.com")
	tests := map[string]map[string]any{
		"SSL off":                           {},
		"free":                              {"ssl_flag": "on", "cert_type": "free"},
		"free with a trigger":               {"ssl_flag": "on", "cert_type": "free", "certificate_apply_trigger": "2026-10-01"},
		"upload":                            {"ssl_flag": "on", "cert_type": "upload", "certificate": pair.CertificatePEM, "private_key_wo": pair.PrivateKeyPEM},
		"upload with a version":             {"ssl_flag": "on", "cert_type": "upload", "certificate": pair.CertificatePEM, "private_key_wo": pair.PrivateKeyPEM, "private_key_wo_version": 7},
		"cas":                               {"ssl_flag": "on", "cert_type": "cas", "cas_id": casID},
		"cas with a region":                 {"ssl_flag": "on", "cert_type": "cas", "cas_id": casID, "cas_region": "ap-southeast-1"},
		"the largest id":                    {"site_id": "9223372036854775807"},
		"a label of 63 characters":          {"hostname": strings.Repeat("a", 63) + ".com"},
		"a hostname of 253 characters":      {"hostname": strings.Repeat("a.", 125) + "abc"},
		"an A-label":                        {"hostname": "xn--bcher-kva.example.com"},
		"a wildcard":                        {"hostname": "*.customer.com"},
		"an apex":                           {"hostname": "customer.com"},
		"an underscore":                     {"hostname": "my_shop.customer.com"},
		"ids not known":                     {"site_id": unknown{}, "record_id": unknown{}},
		"hostname not known":                {"hostname": unknown{}},
		"ssl_flag not known":                {"ssl_flag": unknown{}},
		"cert_type not known":               {"ssl_flag": "on", "cert_type": unknown{}},
		"ssl_flag not known, cert_type set": {"ssl_flag": unknown{}, "cert_type": "free"},
		"certificate and key not known":     {"ssl_flag": "on", "cert_type": "upload", "certificate": unknown{}, "private_key_wo": unknown{}},
		"which key is not known":            {"ssl_flag": "on", "cert_type": "upload", "certificate": pair.CertificatePEM, "private_key": unknown{}},
		"cas_id not known":                  {"ssl_flag": "on", "cert_type": "cas", "cas_id": unknown{}, "cas_region": unknown{}},
		"nothing known":                     {"site_id": unknown{}, "record_id": unknown{}, "hostname": unknown{}, "ssl_flag": unknown{}, "cert_type": unknown{}, "certificate": unknown{}, "private_key_wo": unknown{}, "cas_id": unknown{}},
	}
	a := newAccount(t, fakeesa.Options{})
	s := newServer(t, a)
	for title, change := range tests {
		t.Run(title, func(t *testing.T) {
			noProblems(t, s.plan(t, valid(change)))
		})
	}
	if n := len(a.Requests()); n != 0 {
		t.Errorf("got %d calls of ESA, want none", n)
	}
}

func with2(all map[string]any, key string, value any) map[string]any {
	all = maps.Clone(all)
	all[key] = value
	return all
}

func shown(problems []*tfprotov6.Diagnostic) (all []string) {
	for _, problem := range problems {
		all = append(all, show(problem))
	}
	return all
}

// TestAccRefusedByESA checks through a CLI what only ESA can refuse.
func TestAccRefusedByESA(t *testing.T) {
	t.Parallel()
	a := newAccount(t, fakeesa.Options{}, "foreign-record")
	other := a.AddSite("other.example")
	foreign := a.AddRecord(other.ID, "origin.other.example")
	plain := a.AddRecordOf(fakeesa.Record{SiteID: a.site.ID, Name: "plain.example.com", Type: "CNAME"})
	held := a.AddHostname(fakeesa.Hostname{SiteID: a.site.ID, RecordID: a.record.ID, Hostname: "held.customer.com", SSLFlag: "off"})
	id := func(n int64) string { return fmt.Sprintf("%q", fmt.Sprint(n)) }
	provider := func(key, secret string) string {
		return fmt.Sprintf("provider \"esa\" {\n access_key = %q\n secret_key = %q\n endpoint = %q\n}\n", key, secret, a.URL())
	}
	good := a.provider()
	tests := map[string]struct {
		provider string
		args     args
		hostname string
		want     string
	}{
		"a record of another site":       {good, args{"record_id": id(foreign.ID)}, name, `(?s)Unable to create custom hostname.*record_id.*belongs\s+to\s+site\s+\d+\s+\(other.example\)`},
		"a record that is not proxied":   {good, args{"record_id": id(plain.ID)}, name, `(?s)record_id.*is\s+not\s+proxied`},
		"a record that does not exist":   {good, args{"record_id": id(77)}, name, `(?s)record_id.*does\s+not\s+exist`},
		"a hostname that already exists": {good, args{}, "held.customer.com", fmt.Sprintf(`(?s)already\s+has\s+it.*terraform import 'ADDRESS' %d:%d.*id = "%d"`, a.site.ID, held.ID, held.ID)},
		"a wrong secret":                 {provider(a.Options().AccessKeyID, "wrong"), args{}, name, `(?s)SignatureDoesNotMatch.*secret_key`},
		"a wrong access key":             {provider("LTAIwrong", "wrong"), args{}, name, `(?s)InvalidAccessKeyId.NotFound.*account_type`},
	}
	for title, test := range tests {
		t.Run(title, func(t *testing.T) {
			a.ResetRequests()
			config := strings.Replace(a.hcl(a.args(test.hostname, test.args)), good, test.provider, 1)
			resource.Test(t, resource.TestCase{
				ProtoV6ProviderFactories: testFactories,
				Steps:                    []resource.TestStep{{Config: config, ExpectError: regexp.MustCompile(test.want)}},
			})
			if n := a.Count("CreateCustomHostname"); n != 1 {
				t.Errorf("got %d creates, want 1", n)
			}
			if n := len(a.Hostnames()); n != 1 {
				t.Errorf("got %d hostnames on the server, want the one from before", n)
			}
		})
	}
}
