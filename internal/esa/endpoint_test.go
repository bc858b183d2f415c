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
		{"nothing", "", "no host"},
		{"a scheme alone", "https://", "no host"},
		{"a port alone", "https://:443", "no host"},
		{"a path", "https://esa.example.com/api", "path"},
		{"two slashes", "https://esa.example.com//", "path"},
		{"a backslash", `https://esa.example.com\x`, "path"},
		{"a query", "https://esa.example.com?token=hush", "query"},
		{"an empty query", "https://esa.example.com?", "query"},
		{"a fragment", "https://esa.example.com#top", "fragment"},
		{"user information", "https://me:hush@esa.example.com", "user information"},
		{"another scheme", "ftp://esa.example.com", "scheme"},
		{"no scheme before ://", "://esa.example.com", "scheme"},
		{"a space inside", "https://esa. example.com", "space"},
		{"a space at the end", "https://esa.example.com ", "space"},
		{"a line break", "https://esa.example.com\n", "space"},
		{"http for a public host", "http://esa.cn-hangzhou.aliyuncs.com", "loopback"},
		{"http for a private address", "http://10.0.0.1:80", "loopback"},
		{"http for a name that begins like loopback", "http://localhost.example.com", "loopback"},
		{"http for a name that begins like an address", "http://127.0.0.1.example.com", "loopback"},
		{"a colon without a port", "https://esa.example.com:", "colon without a port"},
		{"a port that is no number", "https://esa.example.com:https", "port"},
		{"port 0", "https://esa.example.com:0", "65535"},
		{"a port above 65535", "https://esa.example.com:65536", "65535"},
		{"an IPv6 address without brackets", "http://::1:80", "brackets"},
		{"an open bracket", "https://[::1", "is invalid"},
		{"a bad escape", "https://esa%zz.example.com", "is invalid"},
	} {
		t.Run(test.name, func(t *testing.T) {
			got, err := ParseEndpoint(test.endpoint)
			if err == nil {
				t.Fatalf("got %q, want an error", got)
			}
			if !strings.Contains(err.Error(), test.message) {
				t.Errorf("got the message %q, want %q in it", err, test.message)
			}
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
	if got, err := ParseAccountSite("Global"); err == nil {
		t.Errorf("account type Global: got %q, want an error", got)
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
	for _, endpoint := range []string{"", "http://127.0.0.1:8080", "https://esa.eu-central-1.aliyuncs.com", "https://esa.cn-hangzhou.aliyuncs.com.example.com"} {
		if got, ok := AccountSiteOfEndpoint(endpoint); ok {
			t.Errorf("%q: got site %q, want none, because ESA does not own the endpoint", endpoint, got)
		}
	}
}
