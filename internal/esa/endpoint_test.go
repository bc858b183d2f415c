package esa

import (
	"strings"
	"testing"
)

func TestParseEndpoint(t *testing.T) {
	for _, test := range []struct{ endpoint, want string }{
		{"https://esa.cn-hangzhou.aliyuncs.com", "https://esa.cn-hangzhou.aliyuncs.com"},
		{"https://esa.cn-hangzhou.aliyuncs.com/", "https://esa.cn-hangzhou.aliyuncs.com"},
		{"esa.ap-southeast-1.aliyuncs.com", "https://esa.ap-southeast-1.aliyuncs.com"},
		{"esa.ap-southeast-1.aliyuncs.com/", "https://esa.ap-southeast-1.aliyuncs.com"},
		{"HTTPS://ESA.cn-hangzhou.AliyunCS.com:8443", "https://esa.cn-hangzhou.aliyuncs.com:8443"},
		{"proxy.internal:443", "https://proxy.internal:443"},
		{"localhost:8080", "https://localhost:8080"},
		{"http://localhost", "http://localhost"},
		{"http://127.0.0.1:40000", "http://127.0.0.1:40000"},
		{"http://127.9.9.9/", "http://127.9.9.9"},
		{"http://[::1]:40000", "http://[::1]:40000"},
		{"https://[2001:db8::1]", "https://[2001:db8::1]"},
		{"https://10.0.0.1:65535", "https://10.0.0.1:65535"},
	} {
		t.Run(test.endpoint, func(t *testing.T) {
			got, err := ParseEndpoint(test.endpoint)
			if err != nil || got != test.want {
				t.Errorf("got %q and error %v, want %q", got, err, test.want)
			}
		})
	}
}

func TestParseEndpointRefuses(t *testing.T) {
	for _, test := range []struct{ name, endpoint, message string }{
		{"nothing", "", "it has no host; use https://host or https://host:port"},
		{"a scheme alone", "https://", "it has no host; use https://host or https://host:port"},
		{"a port alone", "https://:443", "it has no host; use https://host or https://host:port"},
		{"a path", "https://esa.example.com/api", "it has a path; remove everything after the host and port"},
		{"two slashes", "https://esa.example.com//", "it has a path; remove everything after the host and port"},
		{"a backslash", `https://esa.example.com\x`, "it has a path; remove everything after the host and port"},
		{"a query", "https://esa.example.com?token=hush", "it has a query; remove everything after the host and port"},
		{"an empty query", "https://esa.example.com?", "it has a query; remove everything after the host and port"},
		{"a fragment", "https://esa.example.com#top", "it has a fragment; remove everything after the host and port"},
		{"user information", "https://me:hush@esa.example.com", "it has user information; remove everything up to the @, as requests are signed with the access key"},
		{"another scheme", "ftp://esa.example.com", "its scheme is not supported; use https://, or http:// for a loopback host"},
		{"no scheme before ://", "://esa.example.com", "its scheme is not supported; use https://, or http:// for a loopback host"},
		{"a space inside", "https://esa. example.com", "it contains a space or a control character; remove it"},
		{"a control character", "https://esa.example.com\x00", "it contains a space or a control character; remove it"},
		{"a port that is too long", "https://esa.example.com:99999999999999999999", "its port 99999999999999999999 is not between 1 and 65535"},
		{"a space at the end", "https://esa.example.com ", "it contains a space or a control character; remove it"},
		{"a line break", "https://esa.example.com\n", "it contains a space or a control character; remove it"},
		{"http for a public host", "http://esa.cn-hangzhou.aliyuncs.com", `http:// is accepted for loopback hosts only, and "esa.cn-hangzhou.aliyuncs.com" is not one; use https://`},
		{"http for a private address", "http://10.0.0.1:80", `http:// is accepted for loopback hosts only, and "10.0.0.1" is not one; use https://`},
		{"http for a name that begins like loopback", "http://localhost.example.com", `http:// is accepted for loopback hosts only, and "localhost.example.com" is not one; use https://`},
		{"http for a name that begins like an address", "http://127.0.0.1.example.com", `http:// is accepted for loopback hosts only, and "127.0.0.1.example.com" is not one; use https://`},
		{"a colon without a port", "https://esa.example.com:", "it has a colon without a port; add the port or remove the colon"},
		{"a port that is no number", "https://esa.example.com:https", "its host or port is invalid; use https://host or https://host:port"},
		{"port 0", "https://esa.example.com:0", "its port 0 is not between 1 and 65535"},
		{"a port above 65535", "https://esa.example.com:65536", "its port 65536 is not between 1 and 65535"},
		{"an IPv6 address without brackets", "http://::1:80", "it has more than one colon after the scheme; put an IPv6 address in brackets, such as [::1]:8443"},
		{"an open bracket", "https://[::1", "its host or port is invalid; use https://host or https://host:port"},
		{"a bad escape", "https://esa%zz.example.com", "its host or port is invalid; use https://host or https://host:port"},
	} {
		t.Run(test.name, func(t *testing.T) {
			got, err := ParseEndpoint(test.endpoint)
			if err == nil {
				t.Fatalf("got %q, want an error", got)
			}
			wantText(t, err, test.message)
			if strings.Contains(err.Error(), "hush") {
				t.Errorf("the message contains a secret: %q", err)
			}
		})
	}
}

func TestAccountSites(t *testing.T) {
	for region, want := range map[string]AccountSite{
		"":                     Domestic,
		"cn-hangzhou":          Domestic,
		"cn-beijing":           Domestic,
		"CN-Shanghai":          Domestic,
		"cn-hangzhou-finance":  Domestic,
		"cn-north-2-gov-1":     Domestic,
		"cn-hongkong":          International,
		"ap-southeast-1":       International,
		"eu-central-1":         International,
		"us-east-1":            International,
		"ap-northeast-1-cn-12": International,
		"CN-HongKong":          International,
		"cn":                   International,
	} {
		if got := AccountSiteOfRegion(region); got != want {
			t.Errorf("region %q: got %q, want %q", region, got, want)
		}
	}
	for accountType, want := range map[string]AccountSite{
		"Domestic": Domestic, "domestic": Domestic, "International": International, "INTERNATIONAL": International,
	} {
		if got, err := ParseAccountSite(accountType); err != nil || got != want {
			t.Errorf("account type %q: got %q and error %v, want %q", accountType, got, err, want)
		}
	}
	got, err := ParseAccountSite("Global")
	wantText(t, err, `"Global" is neither "Domestic" nor "International"`)
	if got != "" {
		t.Errorf("account type Global: got %q, want none", got)
	}
}

func TestEndpointsOfSites(t *testing.T) {
	for _, test := range []struct {
		site                       AccountSite
		endpoint, vpc, casRegionIs string
	}{
		{Domestic, "https://esa.cn-hangzhou.aliyuncs.com", "https://esa-vpc.cn-hangzhou.aliyuncs.com:443", "cn-hangzhou"},
		{International, "https://esa.ap-southeast-1.aliyuncs.com", "https://esa-vpc.ap-southeast-1.aliyuncs.com:443", "ap-southeast-1"},
	} {
		if got := EndpointFor(test.site); got != test.endpoint {
			t.Errorf("%s: got endpoint %q, want %q", test.site, got, test.endpoint)
		}
		if got := CasRegion(test.site); got != test.casRegionIs {
			t.Errorf("%s: got region of certificates %q, want %q", test.site, got, test.casRegionIs)
		}
		for _, endpoint := range []string{test.endpoint, test.vpc} {
			if got, ok := AccountSiteOfEndpoint(endpoint); !ok || got != test.site {
				t.Errorf("%s: got site %q, %t; want %q", endpoint, got, ok, test.site)
			}
		}
	}
	for _, endpoint := range []string{"", "https://\x7f", "http://127.0.0.1:8080", "https://esa.eu-central-1.aliyuncs.com", "https://esa.cn-hangzhou.aliyuncs.com.example.com"} {
		if got, ok := AccountSiteOfEndpoint(endpoint); ok || got != "" {
			t.Errorf("%q: got site %q, want none, because ESA does not own the endpoint", endpoint, got)
		}
	}
}
