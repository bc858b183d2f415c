package provider

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/tfsdk"
	"github.com/hashicorp/terraform-plugin-go/tftypes"

	"terraform-provider-esa/internal/esa"
)

var shop = thing{hostname: name, siteID: "890601022130656", hostnameID: "4042843419650112"}

func TestAPIErrorSaysWhatHappenedAndWhatToDo(t *testing.T) {
	got := apiError("update", shop, &esa.Error{
		Action: "UpdateCustomHostname", Host: "esa.cn-hangzhou.aliyuncs.com", Code: esa.CodeRecordServiceBusy, Status: 400,
		Message: "The record is being configured. Try again later.", RequestID: "0AEDAF20-4DDF-4165-8750-47FF9C1929C9", Attempts: 11,
	})
	want := `Unable to update custom hostname shop.customer.com (site 890601022130656, hostname id 4042843419650112).

Error message: The record is being configured. Try again later.
Error code: Record.ServiceBusy
Action: UpdateCustomHostname, 11 attempts
Request ID: 0AEDAF20-4DDF-4165-8750-47FF9C1929C9

Other changes kept the record or the site busy until the time limit. Run apply again, or raise the limit in the timeouts block.`
	if got.Summary() != "Unable to update custom hostname" || got.Detail() != want {
		t.Errorf("got %s\n%s\nwant Unable to update custom hostname\n%s", got.Summary(), got.Detail(), want)
	}
}

func TestAPIErrorPointsAtTheArgument(t *testing.T) {
	for code, want := range map[esa.ErrorCode]path.Path{
		esa.CodeSetCertFailed:     path.Root("certificate"),
		esa.CodeApplyCertFailed:   path.Root("cert_type"),
		esa.CodeCustomHostnameICP: path.Root("hostname"),
		esa.CodeRecordNotFound:    path.Root("record_id"),
		esa.CodeSiteNotFound:      path.Root("site_id"),
		"InvalidParameter.SiteId": path.Root("site_id"),
	} {
		got, ok := apiError("create", shop, &esa.Error{Action: "CreateCustomHostname", Code: code}).(diag.DiagnosticWithPath)
		if !ok || !got.Path().Equal(want) {
			t.Errorf("%s: got %v, want the path %s", code, got, want)
		}
	}
}

func TestAPIErrorAlwaysSaysWhatToDo(t *testing.T) {
	for title, test := range map[string]struct {
		err  error
		want string
	}{
		"wrong key":              {&esa.Error{Code: esa.CodeAccessKeyNotFound}, "account_type"},
		"disabled key":           {&esa.Error{Code: esa.CodeAccessKeyInactive}, "RAM console"},
		"wrong secret":           {&esa.Error{Code: esa.CodeSignatureDoesNotMatch}, "secret_key"},
		"wrong secret, again":    {&esa.Error{Code: esa.CodeIncompleteSignature}, "secret_key"},
		"expired token":          {&esa.Error{Code: esa.CodeTokenExpired}, "renews"},
		"clock off":              {&esa.Error{Code: esa.CodeTimestampExpired}, "clock"},
		"no permission":          {&esa.Error{Action: "GetCustomHostname", Code: esa.CodeNoPermission}, "esa:GetCustomHostname"},
		"plan overdue":           {&esa.Error{Code: esa.CodeInstanceNotOnline}, "Renew"},
		"feature not in plan":    {&esa.Error{Code: esa.CodeQuotaCheckFailed}, "plan"},
		"throttled":              {&esa.Error{Code: esa.CodeThrottlingUser}, "timeouts.create"},
		"an unknown id":          {&esa.Error{Code: esa.CodeCustomHostnameNotFound}, "Check hostname_id"},
		"a parameter by name":    {&esa.Error{Code: "InvalidParameter.CasRegion"}, "cas_region"},
		"a parameter of ESA's":   {&esa.Error{Code: "InvalidParameter.Bandwidth"}, "Bandwidth"},
		"wrong parameter":        {&esa.Error{Code: esa.CodeInvalidParameter}, "record_id"},
		"a code of tomorrow":     {&esa.Error{Code: "Some.New"}, "support"},
		"the same of a create":   {&esa.Error{Action: "CreateCustomHostname", Code: "Some.New"}, "run apply again: the error then shows how to import it"},
		"no answer":              {&esa.Error{Host: "h", Err: errors.New("connection refused")}, "endpoint"},
		"time ran out":           {&esa.Error{Code: "Some.New", GaveUp: context.DeadlineExceeded}, "timeouts block"},
		"time ran out elsewhere": {context.DeadlineExceeded, "timeouts block"},
		"interrupted":            {context.Canceled, "Run apply again"},
		"nobody knows":           {&esa.UnclearCreateError{Err: &esa.Error{Host: "h", Err: errors.New("EOF")}}, "unknown whether"},
		"something else":         {errors.New("x"), "TF_LOG"},
	} {
		if got := apiError("create", shop, test.err).Detail(); !strings.Contains(got, test.want) {
			t.Errorf("%s: want %q in\n%s", title, test.want, got)
		}
	}
}

func TestForeignTextIsShownSafely(t *testing.T) {
	hostile := "\x1b]0;owned\x07\r\nline\u202e " + strings.Repeat("x", 1<<20)
	got := apiError("read", shop, &esa.Error{Action: "GetCustomHostname", Code: "Some.New", Message: hostile, RequestID: hostile})
	if strings.ContainsAny(got.Detail(), "\x1b\x07\r\u202e") || len(got.Detail()) > 4000 {
		t.Errorf("got a detail of %d bytes, want at most 4000 and no control characters: %.200q", len(got.Detail()), got.Detail())
	}
	if quoted := quote(hostile); len(quoted) > 400 || strings.ContainsAny(quoted, "\x1b\n") {
		t.Errorf("got %.200q, want it quoted and short", quoted)
	}
}

func TestParseImportID(t *testing.T) {
	for id, want := range map[string]importTarget{
		"4042843419650112":                 {hostnameID: "4042843419650112"},
		"9223372036854775807":              {hostnameID: "9223372036854775807"},
		"890601022130656:4042843419650112": {siteID: "890601022130656", hostnameID: "4042843419650112"},
		"890601022130656/" + name:          {siteID: "890601022130656", hostname: name},
		"890601022130656/*.customer.com":   {siteID: "890601022130656", hostname: "*.customer.com"},
		"1/Shop.Customer.COM.":             {siteID: "1", hostname: name},
		"1/Bücher.customer.com":            {siteID: "1", hostname: "xn--bcher-kva.customer.com"},
	} {
		if got, err := parseImportID(id); err != nil || got != want {
			t.Errorf("%s: got %+v, error %v; want %+v", id, got, err, want)
		}
	}
	for _, id := range []string{"", " ", "x", "0", "-1", "1.5", "9223372036854775808", "1:", ":1", "1:2:3", "1/", "/a.com", "1/a.com/b", "a.com", "x/a.com", "1:a.com", "1|2"} {
		if got, err := parseImportID(id); err == nil || !strings.Contains(err.Error(), "<site_id>/<hostname>") {
			t.Errorf("%q: got %+v, error %v; want the format of import ids", id, got, err)
		}
	}
}

// TestImportByIdentity checks which identities select a hostname.
func TestImportByIdentity(t *testing.T) {
	var identity resource.IdentitySchemaResponse
	new(customHostnameResource).IdentitySchema(t.Context(), resource.IdentitySchemaRequest{}, &identity)
	const incomplete = "requires hostname_id, or both site_id and hostname"
	for _, test := range []struct {
		hostnameID, siteID, hostname string
		want                         importTarget
		problem                      string
	}{
		{hostnameID: "4", want: importTarget{hostnameID: "4"}},
		{siteID: "1", hostname: "Shop.Customer.com", want: importTarget{siteID: "1", hostname: name}},
		{hostnameID: "4", siteID: "1", hostname: name, want: importTarget{hostnameID: "4", siteID: "1", hostname: name}},
		{problem: incomplete},
		{siteID: "1", problem: incomplete},
		{hostname: name, problem: incomplete},
		{hostnameID: "x", problem: "hostname_id"},
		{hostnameID: "4", siteID: "x", problem: "site_id"},
		{siteID: "1", hostname: "a b", problem: "Invalid hostname"},
	} {
		of := tfsdk.ResourceIdentity{Schema: identity.IdentitySchema, Raw: tftypes.NewValue(identity.IdentitySchema.Type().TerraformType(t.Context()), nil)}
		diags := of.Set(t.Context(), customHostnameIdentity{
			HostnameID: textOrNull(test.hostnameID), SiteID: textOrNull(test.siteID), Hostname: textOrNull(test.hostname),
		})
		if diags.HasError() {
			t.Fatal(diags)
		}
		got, ok := importTargetOf(t.Context(), resource.ImportStateRequest{Identity: &of}, &diags)
		if test.problem == "" && (!ok || got != test.want) {
			t.Errorf("%+v: got %+v, diagnostics %v", test, got, diags)
		}
		if test.problem != "" && (ok || !strings.Contains(fmt.Sprint(diags), test.problem)) {
			t.Errorf("%+v: got %+v, diagnostics %v", test, got, diags)
		}
	}
}

func FuzzParseImportID(f *testing.F) {
	for _, id := range []string{"1", "1:2", "1/a.com", "1/*.a.com", "", "\x00", "1/\xff"} {
		f.Add(id)
	}
	f.Fuzz(func(t *testing.T, id string) {
		target, err := parseImportID(id)
		if err != nil {
			return
		}
		var again string
		switch {
		case target.hostname != "":
			again = target.siteID + "/" + target.hostname
			site, hostname, _ := strings.Cut(id, "/")
			id = site + "/" + esa.CanonicalName(hostname)
		case target.siteID != "":
			again = target.siteID + ":" + target.hostnameID
		default:
			again = target.hostnameID
		}
		if again != id {
			t.Errorf("%q is parsed as %s", id, fmt.Sprintf("%+v", target))
		}
	})
}
