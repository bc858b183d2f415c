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

// AccountSite is the site of Alibaba Cloud that an account belongs to. It determines the endpoint: ESA is a global
// service with one endpoint per site, wherever the hostnames are served.
type AccountSite string

// The two sites, named as in the argument account_type.
const (
	// Domestic is the China site, aliyun.com.
	Domestic AccountSite = "Domestic"
	// International is the international site, alibabacloud.com.
	International AccountSite = "International"
)

// ParseAccountSite parses an account type. Case does not matter, as in the alicloud provider.
func ParseAccountSite(accountType string) (AccountSite, error) {
	for _, site := range []AccountSite{Domestic, International} {
		if strings.EqualFold(accountType, string(site)) {
			return site, nil
		}
	}
	return "", fmt.Errorf("%q is neither %q nor %q", accountType, Domestic, International)
}

// AccountSiteOfRegion infers the site from a region: Domestic for the regions of mainland China and for "",
// International for all others, including cn-hongkong.
func AccountSiteOfRegion(region string) AccountSite {
	region = strings.ToLower(region)
	if region == "" || strings.HasPrefix(region, "cn-") && region != "cn-hongkong" {
		return Domestic
	}
	return International
}

// AccountSiteOfEndpoint returns the site of an endpoint, if that is one of ESA's own, public or VPC. The endpoint must
// come from ParseEndpoint.
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

// EndpointFor returns the public endpoint of a site. There are no endpoints for other regions.
func EndpointFor(site AccountSite) string {
	return "https://esa." + CasRegion(site) + ".aliyuncs.com"
}

// CasRegion returns the region of SSL Certificates Service for accounts of a site.
func CasRegion(site AccountSite) string {
	if site == International {
		return "ap-southeast-1"
	}
	return "cn-hangzhou"
}

// ParseEndpoint parses an endpoint that a user wrote: https://host[:port], host[:port], or http://host[:port] for a
// loopback host, with or without a trailing slash. It returns scheme://host[:port] in lower case. Its errors say how to
// fix the endpoint, and contain neither user information nor a query, as either may be secret.
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
		return "", errors.New("its scheme is not supported; use https://, or http:// for a loopback host")
	}
	switch rest = strings.TrimSuffix(rest, "/"); {
	case strings.Contains(rest, "#"):
		return "", errors.New("it has a fragment; remove everything after the host and port")
	case strings.Contains(rest, "?"):
		return "", errors.New("it has a query; remove everything after the host and port")
	case strings.Contains(rest, "@"):
		return "", errors.New("it has user information; remove everything up to the @, as requests are signed with the access key")
	case strings.ContainsAny(rest, `/\`):
		return "", errors.New("it has a path; remove everything after the host and port")
	}
	host, err := parseHost(strings.ToLower(rest))
	if err != nil {
		return "", err
	}
	if scheme == "http" && !isLoopback(host) {
		return "", fmt.Errorf("http:// is accepted for loopback hosts only, and %q is not one; use https://", host)
	}
	return scheme + "://" + strings.ToLower(rest), nil
}

// parseHost checks host[:port] and returns the host.
func parseHost(hostPort string) (string, error) {
	if strings.Count(hostPort, ":") > 1 && !strings.HasPrefix(hostPort, "[") {
		return "", errors.New("it has more than one colon after the scheme; put an IPv6 address in brackets, such as [::1]:8443")
	}
	base, err := url.Parse("https://" + hostPort)
	if err != nil {
		return "", errors.New("its host or port is invalid; use https://host or https://host:port")
	}
	if base.Hostname() == "" {
		return "", errors.New("it has no host; use https://host or https://host:port")
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

// isLoopback reports whether requests to the host stay on this machine.
func isLoopback(host string) bool {
	if host == "localhost" {
		return true
	}
	address, err := netip.ParseAddr(host)
	return err == nil && address.IsLoopback()
}
