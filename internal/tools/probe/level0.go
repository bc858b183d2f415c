package main

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net/http"
	"strconv"
	"strings"
)

// level0 only reads.
var level0 = []question{
	{"parameter-place", 0, "The probe calls GetCustomHostname with an id that does not exist, once only in the query and once only in the form. ESA returns CustomHostname.NotFound if it reads the id.", "2 GetCustomHostname", 0, parameterPlace},
	{"unknown-key-status", 0, "The probe sends a call that is signed with a made-up access key.", "1 GetCustomHostname", 0, unknownKeyStatus},
	{"identity-status", 0, "The probe sends a call with a made-up SecurityToken. It does not test NoPermission.", "1 GetCustomHostname", 0, identityStatus},
	{"unknown-site", 0, "The probe calls ListCustomHostnames for a site that GetSite does not find.", "1 GetSite, 1 ListCustomHostnames", 0, unknownSite},
	{"loose-types", 0, "The probe reads the numbers and booleans in responses about existing objects.", "1 ListSites; for one site, 1 ListRecords and 1 ListCustomHostnames", 0, looseTypes},
	{"list-order", 0, "The probe compares CreateTime of existing hostnames in equal lists.", "up to 2 ListCustomHostnames", 0, listOrder},
	{"filter-case", 0, "The probe calls ListCustomHostnames with an existing name in upper case.", "1 ListCustomHostnames", 0, filterCase},
	{"unused-cas-id", 0, "The probe calls GetCustomHostname for an existing hostname.", "1 GetCustomHostname", 0, unusedCasID},
	{"certificates-shown", 0, "The probe uses the same response, if the hostname's free certificate is in use.", "", 0, certificatesShown},
}

// absentID returns an id that most likely does not exist, of 16 digits as ESA's are.
func absentID() string { return strconv.FormatInt(1e15+rand.Int64N(1e14), 10) }

func parameterPlace(ctx context.Context, p *probe) (finding, error) {
	params := map[string]string{"HostnameId": absentID()}
	var reads []string
	for _, at := range []struct {
		name string
		place
	}{{"query", inQuery}, {"form", inForm}} {
		a, err := p.insist(ctx, request{action: "GetCustomHostname", params: params, place: at.place})
		if err != nil {
			return finding{}, err
		}
		switch {
		case a.code() == "CustomHostname.NotFound":
			reads = append(reads, at.name)
		case strings.HasPrefix(a.code(), "Missing"):
		default:
			return open("GetCustomHostname with its parameter in the %s returned %s", at.name, a.refusal())
		}
	}
	switch strings.Join(reads, " ") {
	case "query form":
		return found("any", "ESA reads both")
	case "form":
		return found("form", "ESA does not read the query")
	case "query":
		p.place = inQuery
		return found("query", "ESA does not read the form")
	}
	return open("ESA read neither")
}

func unknownKeyStatus(ctx context.Context, p *probe) (finding, error) {
	a, err := p.insist(ctx, request{
		action: "GetCustomHostname", params: map[string]string{"HostnameId": absentID()}, place: p.place,
		keys: &keys{accessKey: fmt.Sprintf("LTAIprobe%015d", rand.Int64N(1e15)), secretKey: "made-up"},
	})
	if err != nil {
		return finding{}, err
	}
	if a.code() != "InvalidAccessKeyId.NotFound" {
		return open("the call returned %s", a.refusal())
	}
	return found(strconv.Itoa(a.status), "%s", a.refusal())
}

func identityStatus(ctx context.Context, p *probe) (finding, error) {
	who, err := p.credential()
	if err != nil {
		return finding{}, err
	}
	who.securityToken = "made-up"
	a, err := p.insist(ctx, request{action: "GetCustomHostname", params: map[string]string{"HostnameId": absentID()}, place: p.place, keys: &who})
	if err != nil {
		return finding{}, err
	}
	if !strings.HasPrefix(a.code(), "InvalidSecurityToken.") && a.code() != "NoPermission" {
		return open("the call returned %s", a.refusal())
	}
	return found(strconv.Itoa(a.status), "%s; whether NoPermission has the same status was not tested", a.refusal())
}

func unknownSite(ctx context.Context, p *probe) (finding, error) {
	params := map[string]string{"SiteId": absentID()}
	a, err := p.get(ctx, "GetSite", params)
	if err != nil {
		return finding{}, err
	}
	if a.ok() {
		return open("the made-up site exists")
	}
	p.note("GetSite of a site that does not exist: %s.", a.refusal())
	if a, err = p.get(ctx, "ListCustomHostnames", params); err != nil {
		return finding{}, err
	}
	switch {
	case a.code() == "SiteNotFound" && a.status == http.StatusNotFound:
		return found("not-found", "%s", a.refusal())
	case a.code() == "InvalidParameter.SiteId" && a.status == http.StatusBadRequest:
		return found("invalid", "%s", a.refusal())
	}
	return open("ListCustomHostnames returned %s", a.refusal())
}

// looseTypes reads what exists, and also notes default page sizes and refused methods.
func looseTypes(ctx context.Context, p *probe) (finding, error) {
	a, err := p.get(ctx, "ListSites", nil)
	if err != nil {
		return finding{}, err
	}
	p.note("The default PageSize of ListSites is %s.", a.text("PageSize"))
	p.sites = a.list("Sites")
	siteID := p.siteID
	if siteID == 0 && len(p.sites) > 0 {
		siteID = p.sites[0].id("SiteId")
	}
	if siteID != 0 {
		params := map[string]string{"SiteId": strconv.FormatInt(siteID, 10)}
		if a, err = p.get(ctx, "ListRecords", params); err != nil {
			return finding{}, err
		}
		p.note("The default PageSize of ListRecords is %s.", a.text("PageSize"))
		if a, err = p.get(ctx, "ListCustomHostnames", params); err != nil {
			return finding{}, err
		}
		p.note("The default PageSize of ListCustomHostnames is %s.", a.text("PageSize"))
		p.hostnames = a.list("Hostnames")
	}
	if a, err = p.insist(ctx, request{action: "ListSites", method: http.MethodPost, place: p.place}); err != nil {
		return finding{}, err
	}
	p.note("ListSites by POST: %s.", a.refusal())
	return looseTypesOf(p.all())
}

// listOrder checks the order of existing hostnames. If there are few, it may be random.
func listOrder(ctx context.Context, p *probe) (finding, error) {
	if len(p.hostnames) < 5 {
		return open("there are %s, but at least 5 are needed", plural(len(p.hostnames), "hostname"))
	}
	return p.listOrder(ctx, p.hostnames[0].id("SiteId"), 5, 2)
}

func filterCase(ctx context.Context, p *probe) (finding, error) {
	for _, item := range p.hostnames {
		name := strings.TrimSuffix(item.text("Hostname"), ".")
		if name == strings.ToUpper(name) || strings.Contains(name, "xn--") || !same(name, strings.ToLower(name)) || strings.ContainsFunc(name, func(r rune) bool { return r > 127 }) {
			continue
		}
		return p.filterCase(ctx, item.id("SiteId"), item.id("HostnameId"), name)
	}
	return open("there is no hostname to look for")
}

func (p *probe) filterCase(ctx context.Context, siteID, id int64, name string) (finding, error) {
	for _, filter := range []string{name, strings.ToUpper(name)} {
		a, err := p.listed(ctx, siteID, "Hostname", filter)
		if err != nil || !a.ok() {
			return finding{note: "ListCustomHostnames returned " + a.refusal()}, err
		}
		switch shown := holds(a, id); {
		case filter == name && !shown:
			return open("the list does not find the name in its own spelling either")
		case filter != name && shown:
			return found("folded", "the name in upper case finds the hostname")
		}
	}
	return found("exact", "the name in upper case does not find the hostname")
}

func unusedCasID(ctx context.Context, p *probe) (finding, error) {
	if len(p.hostnames) == 0 {
		return open("there is no hostname")
	}
	chosen := p.hostnames[0]
	for _, item := range p.hostnames {
		if item.text("CertType") == "free" && item.text("CertStatus") == "OK" {
			chosen = item
			break
		}
	}
	a, err := p.get(ctx, "GetCustomHostname", map[string]string{"HostnameId": strconv.FormatInt(chosen.id("HostnameId"), 10)})
	if err != nil {
		return finding{}, err
	}
	return unusedCasIDOf(model(a))
}

func unusedCasIDOf(shown object) (finding, error) {
	value, sent := shown["CasId"]
	switch {
	case shown.text("HostnameId") == "":
		return open("the hostname is not shown")
	case shown.text("CertType") == "cas":
		return open("the hostname uses a certificate of SSL Certificates Service")
	case !sent:
		return found("absent", "the field is absent")
	case value == nil, value == "", shown.id("CasId") == 0:
		return found("zero", "the field is present and zero")
	}
	return open("the field contains another number")
}

func certificatesShown(_ context.Context, p *probe) (finding, error) {
	for _, a := range p.all() {
		if shown := model(a); shown.text("CertType") == "free" && shown.text("CertStatus") == "OK" {
			return certificatesShownOf(shown)
		}
	}
	return open("there is no hostname whose free certificate is in use")
}

func certificatesShownOf(shown object) (finding, error) {
	if shown.text("Certificate") == "" {
		return found("uploaded", "Certificate is empty for a hostname with a free certificate")
	}
	return found("all", "Certificate is set for a hostname with a free certificate")
}
