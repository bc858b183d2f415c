package esa

import (
	"slices"
	"testing"

	"terraform-provider-esa/internal/fakeesa"
)

func TestCanonicalName(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]string{
		"shop.customer.com":          "shop.customer.com",
		"Shop.Customer.COM.":         "shop.customer.com",
		"*.Customer.com":             "*.customer.com",
		"_dmarc.customer.com":        "_dmarc.customer.com",
		"bücher.customer.com":        "xn--bcher-kva.customer.com",
		"*.BÜCHER.customer.com.":     "*.xn--bcher-kva.customer.com",
		"straße.de":                  "xn--strae-oqa.de",
		"中国。customer.com":            "xn--fiqs8s.customer.com",
		"xn--bcher-kva.customer.com": "xn--bcher-kva.customer.com",
		"xn--99999999.customer.com":  "xn--99999999.customer.com",
		"xn--99999999.Bücher.com":    "xn--99999999.bücher.com",
		"\xff.customer.com":          "\ufffd.customer.com", // refused where names are validated
		"":                           "",
	} {
		if got := CanonicalName(name); got != want {
			t.Errorf("CanonicalName(%q) = %q, want %q", name, got, want)
		}
	}
}

func TestNameMatches(t *testing.T) {
	t.Parallel()
	const name = "shop.xn--bcher-kva.customer.com"
	for _, test := range []struct {
		filter, matchType string
		want              bool
	}{
		{"shop.bücher.customer.com.", "", true},
		{"SHOP.xn--bcher-kva.customer.com", NameMatchExact, true},
		{"shop.customer.com", NameMatchExact, false},
		{"shop.bü", NameMatchPrefix, true},
		{"Shop.xn--", NameMatchPrefix, true},
		{"customer", NameMatchPrefix, false},
		{"her.customer.com", NameMatchSuffix, true},
		{"customer.com.", NameMatchSuffix, true},
		{"shop", NameMatchSuffix, false},
		{"ÜCH", NameMatchFuzzy, true},
		{"kva.cust", NameMatchFuzzy, true},
		{"nowhere", NameMatchFuzzy, false},
	} {
		if got := NameMatches(name, test.filter, test.matchType); got != test.want {
			t.Errorf("%s %q: got %t, want the opposite", test.matchType, test.filter, got)
		}
	}
}

// TestNamesAreFoundHoweverTheyAreWritten checks all forms of a name, because ESA does not document in which form it compares
// names.
func TestNamesAreFoundHoweverTheyAreWritten(t *testing.T) {
	t.Parallel()
	for _, view := range []fakeesa.HostnameView{fakeesa.HostnameAsStored, fakeesa.HostnameFinalDot, fakeesa.HostnameUnicode} {
		f := newFixture(t, fakeesa.Options{HostnameView: view})
		in := f.createInput()
		in.Hostname = "xn--bcher-kva.customer.com"
		id, err := f.client.CreateCustomHostname(t.Context(), in)
		if err != nil {
			t.Fatal(err)
		}
		got, err := f.client.GetCustomHostname(t.Context(), id)
		if err != nil || got.Hostname != in.Hostname {
			t.Errorf("view %d: got %+v, error %v; want the canonical name", view, got, err)
		}
		for _, name := range []string{in.Hostname, "Bücher.Customer.com."} {
			found, err := f.client.FindCustomHostnames(t.Context(), in.SiteID, name)
			if err != nil || len(found) != 1 || found[0].HostnameID != id || found[0].Hostname != in.Hostname {
				t.Errorf("view %d: search for %s returned %+v, error %v; want one hostname", view, name, found, err)
			}
		}
	}
}

// TestNamesAreSearchedForTwice checks that a name is searched for by its U-labels only if it has some, and was not found.
func TestNamesAreSearchedForTwice(t *testing.T) {
	t.Parallel()
	for name, want := range map[string][]string{
		"Shop.Customer.com.":         {"shop.customer.com"},
		"bücher.customer.com":        {"xn--bcher-kva.customer.com", "bücher.customer.com"},
		"xn--bcher-kva.customer.com": {"xn--bcher-kva.customer.com", "bücher.customer.com"},
		"xn--99999999.customer.com":  {"xn--99999999.customer.com"},
	} {
		f := newFixture(t, fakeesa.Options{})
		if found, err := f.client.FindCustomHostnames(t.Context(), f.site.ID, name); err != nil || found != nil {
			t.Errorf("%s: got %v, error %v; want none", name, found, err)
		}
		var got []string
		for _, request := range f.Requests() {
			got = append(got, request.Params.Get("Hostname"))
			request.Params.Del("Hostname")
			if params := request.Params.Encode(); params != "NameMatchType=exact&PageSize=500&SiteId="+formatInt(f.site.ID) {
				t.Errorf("%s: got the parameters %s", name, params)
			}
		}
		if !slices.Equal(got, want) {
			t.Errorf("%s: searched for %q, want %q", name, got, want)
		}
		f.Inject(fakeesa.Fault{Code: "NoPermission"})
		f.ResetRequests()
		if _, err := f.client.FindCustomHostnames(t.Context(), f.site.ID, name); !IsCode(err, CodeNoPermission) || len(f.Requests()) != 1 {
			t.Errorf("%s: got error %v after %d calls, want NoPermission after 1", name, err, len(f.Requests()))
		}
	}
}

// TestCreateWithoutCertificateThatCannotBeLookedFor refuses the certificate and then the list. The hostname may exist, so
// the error must be an UnclearCreateError.
func TestCreateWithoutCertificateThatCannotBeLookedFor(t *testing.T) {
	t.Parallel()
	f := newFixture(t, fakeesa.Options{RefusedCertificate: fakeesa.RefusedLeavesOff})
	in := f.createInput()
	in.SSLFlag, in.Certificate = SSLOn, &Certificate{Type: CertTypeFree}
	f.RefuseCertificates(in.Hostname, true)
	f.Inject(fakeesa.Fault{Action: "ListCustomHostnames", Times: -1, Code: "NoPermission"})
	if _, err := f.client.CreateCustomHostname(t.Context(), in); !IsCode(err, CodeApplyCertFailed) || len(f.Hostnames()) != 1 {
		t.Errorf("got error %v, want ApplyCertFailed", err)
	} else if _, unclear := err.(*UnclearCreateError); !unclear { //nolint:errorlint // The outermost error decides.
		t.Errorf("got error of type %T, want *UnclearCreateError", err)
	}
}
