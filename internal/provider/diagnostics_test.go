package provider

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/tfsdk"
	"github.com/hashicorp/terraform-plugin-framework/types"
	"github.com/hashicorp/terraform-plugin-go/tftypes"

	"terraform-provider-esa/internal/esa"
)

var shop = thing{hostname: name, siteID: "890601022130656", hostnameID: "4042843419650112"}

var update = flag.Bool("update", false, "write the files of testdata that tests compare with")

// compareWithFile compares a text of sections with a file of testdata. Sections begin with "## ".
func compareWithFile(t *testing.T, name, got string) {
	t.Helper()
	file := filepath.Join("testdata", name)
	if *update && !t.Failed() {
		if err := os.WriteFile(file, []byte(got), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(strings.Split(string(want), "\n\n## "), strings.Split(got, "\n\n## ")); diff != "" {
		t.Errorf("%s (-want +got):\n%s", file, diff)
	}
}

// everyCode is a code of each kind of advice, and some that are unknown.
var everyCode = []esa.ErrorCode{
	esa.CodeCustomHostnameNotFound, esa.CodeCustomHostnameICP, esa.CodeApplyCertFailed, esa.CodeSetCertFailed, esa.CodeApplyNotAllowed,
	esa.CodeRecordNotFound, esa.CodeSiteNotFound, esa.CodeInvalidParameter, esa.CodeInstanceNotOnline, esa.CodeQuotaCheckFailed,
	esa.CodeRecordServiceBusy, esa.CodeRecordReserved, esa.CodeSiteServiceBusy, esa.CodeLockFailed, esa.CodeInternalException,
	esa.CodeTooManyRequests, esa.CodeThrottling, esa.CodeThrottlingUser, esa.CodeThrottlingAPI, esa.CodeRejectedThrottling,
	esa.CodeNoPermission, esa.CodeForbiddenRAM, esa.CodeAccessKeyNotFound, esa.CodeAccessKeyInactive, esa.CodeSignatureDoesNotMatch,
	esa.CodeIncompleteSignature, esa.CodeTimestampExpired, esa.CodeTokenExpired, esa.CodeTokenMismatch, esa.CodeTokenMalformed,
	esa.CodeAPINotFound, "Some.New",
	"InvalidParameter.SiteId", "InvalidParameter.Hostname", "InvalidParameter.RecordId", "InvalidParameter.SslFlag", "InvalidParameter.CertType",
	"InvalidParameter.Certificate", "InvalidParameter.PrivateKey", "InvalidParameter.CasId", "InvalidParameter.CasRegion", "InvalidParameter.HostnameId",
	"InvalidParameter.Status", "InvalidParameter.NameMatchType", "InvalidParameter.SiteName", "InvalidParameter.RecordName", "InvalidParameter.Type",
	"InvalidParameter.Bandwidth",
}

// TestDiagnostics compares every diagnostic about an error with testdata/diagnostics.txt: severity, attribute, summary and
// detail. After a change of a message, write the file anew with -update, and read the difference.
func TestDiagnostics(t *testing.T) {
	var got strings.Builder
	write := func(title string, d diag.Diagnostic) {
		at := "-"
		if located, ok := d.(diag.DiagnosticWithPath); ok {
			at = located.Path().String()
		}
		fmt.Fprintf(&got, "## %s\n%s at %s: %s\n%s\n\n", title, d.Severity(), at, d.Summary(), d.Detail())
	}
	refusal := func(code esa.ErrorCode) *esa.Error {
		return &esa.Error{Action: "CreateCustomHostname", Host: "esa.example", Code: code, Message: "No.", Status: 400, RequestID: "0AED-20"}
	}
	noAnswer := func(err error) *esa.Error {
		return &esa.Error{Action: "GetCustomHostname", Host: "esa.example", Err: err}
	}
	create := thing{hostname: name, siteID: "890601022130656"}

	for _, code := range everyCode {
		at, advice := adviceFor(refusal(code))
		fmt.Fprintf(&got, "## advice: %s at %s\n%s\n\n", code, at, advice)
	}
	write("create", apiError("create", create, refusal(esa.CodeRecordNotFound)))
	for _, verb := range []string{"create", "read", "update", "delete"} {
		write(verb+": "+string(esa.CodeCustomHostnameNotFound), apiError(verb, shop, refusal(esa.CodeCustomHostnameNotFound)))
	}
	write("no hostname known", apiError("list", thing{}, refusal("Some.New")))
	write("only its id known", apiError("read", thing{hostnameID: "7"}, refusal("Some.New")))
	unknown := refusal("Some.New")
	unknown.Action = "UpdateCustomHostname"
	write("an unknown code of another action", apiError("update", shop, unknown))
	several := refusal(esa.CodeRecordServiceBusy)
	several.Attempts, several.GaveUp = 11, context.DeadlineExceeded
	write("several attempts", apiError("update", shop, several))
	once := refusal("Some.New")
	once.Attempts, once.RequestID, once.GaveUp = 1, "", context.DeadlineExceeded
	write("one attempt, no request id, no time left", apiError("update", shop, once))
	token := refusal(esa.CodeTokenExpired)
	token.TokenVariable = "ALICLOUD_SECURITY_TOKEN"
	write("a token of the environment", apiError("read", shop, token))

	write("no answer", apiError("read", shop, noAnswer(errors.New("connection refused"))))
	write("no credentials", apiError("read", shop, noAnswer(fmt.Errorf("%w: the metadata service is down", esa.ErrSource))))
	for _, cause := range []error{context.Canceled, context.DeadlineExceeded} {
		bare, reasoned := noAnswer(esa.ErrNotSent), noAnswer(fmt.Errorf("%w, as another call was under way", esa.ErrNotSent))
		bare.GaveUp, reasoned.GaveUp = cause, cause
		write(fmt.Sprintf("not sent: %v", cause), apiError("read", shop, bare))
		write(fmt.Sprintf("not sent: %v, with a reason", cause), apiError("read", shop, reasoned))
		write(fmt.Sprintf("elsewhere: %v", cause), apiError("read", shop, fmt.Errorf("waiting: %w", cause)))
	}
	write("not sent, no reason", apiError("read", shop, noAnswer(esa.ErrNotSent)))
	write("something else", apiError("read", shop, errors.New("x\x1b")))
	write("an unclear create", apiError("create", create, &esa.UnclearCreateError{Err: noAnswer(errors.New("EOF"))}))
	write("an unclear create, something else", apiError("create", create, &esa.UnclearCreateError{Err: errors.New("EOF")}))
	write("the quota", apiError("create", create, &esa.CreateQuotaError{Made: 100, Err: refusal(esa.CodeThrottlingUser)}))
	write("the quota, no answer", apiError("create", create, &esa.CreateQuotaError{Made: 7, Err: errors.New("EOF")}))
	existing := esa.CustomHostname{HostnameID: 4, SiteID: 1, RecordID: 2, Hostname: name, Status: "active"}
	write("exists", apiError("create", create, &esa.HostnameExistsError{Existing: existing, Err: refusal("Some.New")}))
	write("exists, a lost response", apiError("create", create, &esa.HostnameExistsError{Existing: existing, Err: errors.New("a response was lost")}))
	write("exists, of this run", apiError("create", create, &esa.HostnameExistsError{Existing: existing, SameRun: true, Err: refusal("Some.New")}))

	cas := &esa.Certificate{CasID: 9, CasRegion: "cn-hangzhou"}
	write("cas: refused", casError("create", create, cas, refusal("Some.New")))
	write("cas: a parameter", casError("update", shop, cas, refusal(esa.CodeInvalidParameter)))
	write("cas: exists", casError("create", create, cas, &esa.HostnameExistsError{Existing: existing, Err: refusal("Some.New")}))
	write("cas: something else", casError("create", create, cas, errors.New("x")))
	for _, kind := range []string{"free", "upload", "cas"} {
		plan := &customHostnameModel{}
		plan.Hostname, plan.CertType = types.StringValue(name), types.StringValue(kind)
		write("without certificate: "+kind, certificateRefused(plan, refusal(esa.CodeSetCertFailed)))
		write("without certificate: "+kind+", not issued", certificateRefused(plan, refusal(esa.CodeApplyCertFailed)))
		write("without certificate: "+kind+", something else", certificateRefused(plan, errors.New("x")))
	}
	for _, kind := range []string{"site", "record"} {
		write("lookup: "+kind, lookupError(kind, kind+" 7", refusal(esa.CodeSiteNotFound)))
		write("lookup: "+kind+", no permission", lookupError(kind, kind+" 7", refusal(esa.CodeNoPermission)))
		write("lookup: "+kind+", something else", lookupError(kind, kind+" 7", errors.New("x\x1b")))
	}

	seen := func(change func(*esa.CustomHostname)) *esa.CustomHostname {
		h := existing
		h.Status, h.SSLFlag, h.VerifyHost, h.VerifyCode = "pending", "on", "_esa_custom_hostname."+name, "c0de"
		change(&h)
		return &h
	}
	waiting := map[string]*esa.CustomHostname{
		"pending":          seen(func(*esa.CustomHostname) {}),
		"pending, no code": seen(func(h *esa.CustomHostname) { h.VerifyCode = "" }),
		"pending, SSL off": seen(func(h *esa.CustomHostname) { h.SSLFlag = "off" }),
		"active, applying": seen(func(h *esa.CustomHostname) { h.Status, h.CertStatus = "active", "Applying" }),
		"active, applying, TXT": seen(func(h *esa.CustomHostname) {
			h.Status, h.CertStatus, h.CertTXTKey, h.CertTXTValue = "active", "Applying", "_acme", "t0ken"
		}),
		"configuring, SSL off, with TXT": seen(func(h *esa.CustomHostname) { h.Status, h.SSLFlag, h.CertTXTKey = "configuring", "off", "_acme" }),
		"nothing":                        nil,
	}
	for _, title := range slices.Sorted(maps.Keys(waiting)) {
		for _, cause := range []error{context.DeadlineExceeded, context.Canceled} {
			write(fmt.Sprintf("wait: %s, %v", title, cause), validationError(esa.Usable, shop, waiting[title], cause, "timeouts.create"))
		}
	}
	write("wait: refused", validationError(esa.Ownership, shop, seen(func(*esa.CustomHostname) {}), refusal(esa.CodeNoPermission), "timeouts.create"))
	hopeless := map[string]*esa.CustomHostname{
		"conflicted":            seen(func(h *esa.CustomHostname) { h.Status, h.ConflictWith = "conflicted", "existing_site" }),
		"conflicted, no reason": seen(func(h *esa.CustomHostname) { h.Status = "conflicted" }),
		"offline":               seen(func(h *esa.CustomHostname) { h.Status, h.OfflineReason = "offline", "missing_icp" }),
		"offline, no reason":    seen(func(h *esa.CustomHostname) { h.Status = "offline" }),
		"certificate": seen(func(h *esa.CustomHostname) {
			h.Status, h.CertStatus, h.CertApplyMessage, h.CertApplyCode = "active", "ApplyFailed", "canceled", new(int64(3))
		}),
		"certificate, no code": seen(func(h *esa.CustomHostname) { h.Status, h.CertStatus = "active", "Expired" }),
	}
	for _, title := range slices.Sorted(maps.Keys(hopeless)) {
		h := hopeless[title]
		write("hopeless: "+title, validationError(esa.Usable, shop, h, &esa.HopelessError{Hostname: *h}, "timeouts.create"))
		write("hopeless: "+title+", refused", validationError(esa.Usable, shop, h, &esa.HopelessError{Hostname: *h, Err: refusal(esa.CodeCustomHostnameICP)}, "timeouts.create"))
	}

	write("credentials: none", credentialDiagnostic(esa.ErrNoCredentials))
	write("credentials: an argument", credentialDiagnostic(&esa.CredentialError{Field: "assume_role.role_arn", Problem: "It is empty."}))
	write("credentials: something else", credentialDiagnostic(errors.New("x")))

	compareWithFile(t, "diagnostics.txt", got.String())
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

// TestClean checks what is left of foreign text.
func TestClean(t *testing.T) {
	for text, want := range map[string]string{
		"":                                "",
		"a\nb\tc":                         "a b c",
		"a\r\x1b[1mb\u202e":               "a\uFFFD\uFFFD[1mb\uFFFD",
		"Bücher \"x\"":                    "Bücher \"x\"",
		strings.Repeat("x", maxMessage):   strings.Repeat("x", maxMessage),
		strings.Repeat("x", maxMessage+1): strings.Repeat("x", maxMessage) + "… (cut)",
	} {
		if got := clean(text); got != want {
			t.Errorf("%.80q: got %.1100q, want %.1100q", text, got, want)
		}
	}
	for text, want := range map[string]string{
		"":                              `""`,
		"a\nb":                          `"a\nb"`,
		strings.Repeat("x", maxShown):   `"` + strings.Repeat("x", maxShown) + `"`,
		strings.Repeat("x", maxShown+1): fmt.Sprintf(`"%s"… (%d bytes)`, strings.Repeat("x", maxShown), maxShown+1),
	} {
		if got := quote(text); got != want {
			t.Errorf("%.80q: got %.1100q, want %.1100q", text, got, want)
		}
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
