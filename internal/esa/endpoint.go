package esa

import (
	"errors"
	"fmt"
	"net/netip"
	"net/url"
	"strconv"
	"strings"
	"unicode"
)

// AccountSite is the site of Alibaba Cloud that an account belongs to. It decides the endpoint: ESA is a global
// service with one endpoint for each site, wherever the hostnames are served.
type AccountSite string

// The two sites, in the words of the argument account_type.
const (
	// Domestic is the China site, aliyun.com.
	Domestic AccountSite = "Domestic"
	// International is the international site, alibabacloud.com.
	International AccountSite = "International"
)

// ParseAccountSite reads an account type, in any case, as the alicloud provider does.
func ParseAccountSite(accountType string) (AccountSite, error) {
	for _, site := range []AccountSite{Domestic, International} {
		if strings.EqualFold(accountType, string(site)) {
			return site, nil
		}
	}
	return "", fmt.Errorf("%q is neither %q nor %q", accountType, Domestic, International)
}

// AccountSiteOfRegion guesses the site from the region that somebody works in: Domestic for the regions of mainland
// China and for "", International for all others, cn-hongkong among them.
func AccountSiteOfRegion(region string) AccountSite {
	region = strings.ToLower(region)
	if region == "" || strings.HasPrefix(region, "cn-") && region != "cn-hongkong" {
		return Domestic
	}
	return International
}

// AccountSiteOfEndpoint tells which site an endpoint serves, as far as it is one of ESA's own, public or VPC.
// The endpoint is one that ParseEndpoint returned.
func AccountSiteOfEndpoint(endpoint string) (AccountSite, bool) {
	base, err := url.Parse(endpoint)
	if err != nil {
		return "", false
	}
	switch base.Hostname() {
	case "esa.cn-hangzhou.aliyuncs.com", "esa-vpc.cn-hangzhou.aliyuncs.com":
		return Domestic, true
	case "esa.ap-southeast-1.aliyuncs.com", "esa-vpc.ap-southeast-1.aliyuncs.com":
		return International, true
	}
	return "", false
}

// EndpointFor returns the public endpoint of a site. There are no others: a host built from the name of another
// region does not resolve.
func EndpointFor(site AccountSite) string {
	return "https://esa." + CasRegion(site) + ".aliyuncs.com"
}

// CasRegion returns the region in which accounts of a site have their certificates of SSL Certificates Service.
func CasRegion(site AccountSite) string {
	if site == International {
		return "ap-southeast-1"
	}
	return "cn-hangzhou"
}

// ParseEndpoint reads an endpoint that somebody wrote: https://host[:port], host[:port], or http://host[:port] for a
// loopback host, with or without a slash at the end. It returns scheme://host[:port] in lower case. Its errors say
// what to change and repeat neither user information nor a query, either of which may be secret.
func ParseEndpoint(endpoint string) (string, error) {
	if strings.ContainsFunc(endpoint, func(r rune) bool { return unicode.IsSpace(r) || unicode.IsControl(r) }) {
		return "", errors.New("it contains a space or a control character; remove it")
	}
	scheme, rest, found := strings.Cut(endpoint, "://")
	if !found {
		scheme, rest = "https", endpoint
	}
	scheme = strings.ToLower(scheme)
	if scheme != "https" && scheme != "http" {
		return "", errors.New("its scheme is not supported; write https://, or http:// for a loopback host")
	}
	switch rest = strings.TrimSuffix(rest, "/"); {
	case strings.Contains(rest, "#"):
		return "", errors.New("it has a fragment; end it after the host and the port")
	case strings.Contains(rest, "?"):
		return "", errors.New("it has a query; end it after the host and the port")
	case strings.Contains(rest, "@"):
		return "", errors.New("it has user information; remove everything up to the @, as requests are signed with the access key")
	case strings.ContainsAny(rest, `/\`):
		return "", errors.New("it has a path; end it after the host and the port")
	}
	host, err := parseHost(strings.ToLower(rest))
	if err != nil {
		return "", err
	}
	if scheme == "http" && !isLoopback(host) {
		return "", fmt.Errorf("http:// is accepted for loopback hosts only, and %q is none; write https://", host)
	}
	return scheme + "://" + strings.ToLower(rest), nil
}

// parseHost checks host[:port] and returns the host.
func parseHost(hostPort string) (string, error) {
	if strings.Count(hostPort, ":") > 1 && !strings.HasPrefix(hostPort, "[") {
		return "", errors.New("it has more than one colon after the scheme; write an IPv6 address in brackets, such as [::1]:8443")
	}
	base, err := url.Parse("https://" + hostPort)
	if err != nil {
		return "", errors.New("its host or port cannot be read; write https://host or https://host:port")
	}
	if base.Hostname() == "" {
		return "", errors.New("it has no host; write https://host or https://host:port")
	}
	if strings.HasSuffix(base.Host, ":") {
		return "", errors.New("it has a colon without a port; add the port or remove the colon")
	}
	if base.Port() != "" {
		if port, err := strconv.ParseUint(base.Port(), 10, 16); err != nil || port == 0 {
			return "", fmt.Errorf("its port %s is not between 1 and 65535", base.Port())
		}
	}
	return base.Hostname(), nil
}

// isLoopback tells whether requests to the host stay on this machine.
func isLoopback(host string) bool {
	if host == "localhost" {
		return true
	}
	address, err := netip.ParseAddr(host)
	return err == nil && address.IsLoopback()
}
