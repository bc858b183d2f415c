package fakeesa

import (
	"fmt"
	"maps"
	"net"
	"slices"
	"strings"
	"time"
)

// done is the response of actions without a result.
type done struct {
	RequestId string
}

func (st *store) createCustomHostname(c *call) (any, *apiError) {
	p := parameters{call: c, refuseEmpty: st.options.EmptyValues == EmptyRefused}
	p.required("Hostname", "SiteId", "RecordId", "SslFlag")
	name, siteID, recordID := p.text("Hostname"), p.id("SiteId"), p.id("RecordId")
	flag := p.oneOf("SslFlag", "on", "off")
	group := p.certificate()
	if flag == "on" {
		st.complete(&p, group)
	}
	if problem := st.badHostname(name); problem != "" {
		p.fail("Hostname %s", problem)
	}
	if p.err != nil {
		return nil, p.err
	}
	site := st.site(siteID)
	if site == nil {
		return nil, st.unknownSite(siteID)
	}
	if e := st.attachable(recordID, siteID); e != nil {
		return nil, e
	}
	name = strings.ToLower(name)
	if st.inSite(siteID, name) != nil && st.options.DuplicateCreate != DuplicateConflicts {
		return nil, st.duplicate(siteID, name)
	}
	if e := st.hasRoom(siteID, name); e != nil {
		return nil, e
	}
	var refused *apiError
	if flag == "on" {
		refused = st.deployable(name, &group)
	}
	if refused != nil && st.options.RefusedCertificate == RefusedLeavesNothing {
		return nil, refused
	}

	h := &hostname{Hostname: Hostname{
		ID: st.newID(), SiteID: siteID, RecordID: recordID, Hostname: name, Status: "pending",
		VerifyHost: verifyHost(name), VerifyCode: "verify_" + randomHex(),
		SSLFlag: flag, CreateTime: c.now, UpdateTime: c.now,
	}}
	h.notFound, h.codeless, h.unlisted = st.options.NotFoundGets, st.options.VerifyCodeGets, st.options.UnlistedLists
	h.listedFrom = c.now.Add(st.options.UnlistedFor)
	if st.lacksICP(site, name) {
		h.Status, h.OfflineReason = "offline", "missing_icp"
	}
	if with := st.conflict(name, h.ID); with != "" {
		h.Status, h.ConflictWith, h.OfflineReason = "conflicted", with, ""
	}
	switch {
	case refused != nil:
		st.installNothing(h, group)
	case flag == "on":
		st.install(h, group, c.now)
	}
	st.add(h)
	st.remember(h, nil, c.now)
	st.advance(h, c.now)
	c.hostnameID = h.ID
	if refused != nil {
		return nil, refused
	}
	return struct {
		RequestId  string
		HostnameId int64
		Hostname   string
	}{c.requestID, h.ID, st.view(name)}, nil
}

// hasRoom refuses a name of another site, and a hostname above the site's limit.
func (st *store) hasRoom(siteID int64, name string) *apiError {
	count := 0
	for _, h := range st.hostnames {
		if h.SiteID == siteID {
			count++
		}
		if st.options.RefuseNamesElsewhere && h.SiteID != siteID && h.Hostname.Hostname == name {
			return fail("CustomHostname.Duplicated", "site %d has %s", h.SiteID, name)
		}
	}
	if st.options.HostnameLimit > 0 && count >= st.options.HostnameLimit {
		return fail("QuotaExceed.CustomHostname", "site %d has %d hostnames", siteID, count)
	}
	return nil
}

func (st *store) duplicate(siteID int64, name string) *apiError {
	if st.options.DuplicateCreate == DuplicateInvalid {
		return invalid("site %d has %s already", siteID, name)
	}
	return fail("CustomHostname.Duplicated", "site %d has %s already", siteID, name)
}

func (st *store) updateCustomHostname(c *call) (any, *apiError) {
	p := parameters{call: c, refuseEmpty: st.options.EmptyValues == EmptyRefused}
	p.required("HostnameId")
	id, recordID := p.id("HostnameId"), p.id("RecordId")
	flag := p.oneOf("SslFlag", "on", "off")
	group := p.certificate()
	if p.err != nil {
		return nil, p.err
	}
	h, e := st.existing(id, c.now)
	if e != nil {
		return nil, e
	}
	if recordID != 0 {
		if e := st.attachable(recordID, h.SiteID); e != nil {
			return nil, e
		}
	}
	if st.options.RefuseRecordAlone && recordID != 0 && flag == "" {
		p.fail("RecordId requires SslFlag")
	}
	replaces := st.replacesCertificate(&p, h, flag, group)
	if p.err != nil {
		return nil, p.err
	}
	if replaces {
		if e := st.deployable(h.Hostname.Hostname, &group); e != nil {
			return nil, e
		}
	}

	was := copyOf(h)
	if st.options.UpdateTakes > 0 {
		was.Status = "configuring"
		h.past = append(h.past, pastHostname{until: c.now.Add(st.options.UpdateTakes), was: was})
	}
	st.remember(h, was, c.now)
	if recordID != 0 {
		h.RecordID = recordID
	}
	if flag != "" {
		h.SSLFlag = flag
	}
	if replaces {
		st.install(h, group, c.now)
	}
	h.UpdateTime = c.now
	st.advance(h, c.now)
	return done{c.requestID}, nil
}

// replacesCertificate reports whether an update changes the certificate, and checks that it may. With SslFlag=off the
// group is ignored: the alicloud provider's generated code sends CertType too.
func (st *store) replacesCertificate(p *parameters, h *hostname, flag string, group certificateGroup) bool {
	nothing := group == certificateGroup{}
	switch {
	case flag == "off", flag == "" && nothing:
		return false
	case flag == "on" && nothing && h.CertType != "" && st.options.SSLOnAlone == SSLOnAloneAccepted:
		return false
	case flag == "" && h.SSLFlag != "on":
		p.fail("a certificate requires SslFlag=on, as SSL is off")
	}
	st.complete(p, group)
	return true
}

func (st *store) deleteCustomHostname(c *call) (any, *apiError) {
	h, e := st.addressed(c)
	if e != nil {
		return nil, e
	}
	st.remember(h, copyOf(h), c.now)
	st.remove(h)
	if h.lingering = st.options.DeletingGets; h.lingering > 0 || st.options.ReadLag > 0 {
		st.deleted[h.ID] = h
	}
	return done{c.requestID}, nil
}

func (st *store) verifyCustomHostname(c *call) (any, *apiError) {
	h, e := st.addressed(c)
	if e != nil {
		return nil, e
	}
	st.remember(h, copyOf(h), c.now)
	switch {
	case h.OfflineReason == "missing_icp" && h.Status == "offline":
		if st.lacksICP(st.site(h.SiteID), h.Hostname.Hostname) {
			return nil, fail("CustomHostname.InvalidICP", "the domain lacks its filing")
		}
		h.Status, h.OfflineReason = "pending", ""
	case h.Status == "conflicted" && st.conflict(h.Hostname.Hostname, h.ID) == "":
		h.Status, h.ConflictWith = "pending", ""
	}
	if h.Status == "pending" && st.owned(h) {
		st.activate(h, c.now)
	}
	st.advance(h, c.now)
	type answer struct {
		RequestId string
		Passed    bool
	}
	if h.Status == "active" || h.Status == "configuring" {
		return answer{c.requestID, true}, nil
	}
	if st.options.VerifyUnpassed == VerifyUnpassedFlag {
		return answer{c.requestID, false}, nil
	}
	unpassed := fail("CustomHostname.VerifyUnpassed", "no TXT record %s with %s", h.VerifyHost, h.VerifyCode)
	if st.options.VerifyUnpassed == VerifyUnpassedBoth {
		unpassed.passed = new(bool)
	}
	return nil, unpassed
}

func (st *store) applyCustomHostnameCertificate(c *call) (any, *apiError) {
	h, e := st.addressed(c)
	if e != nil {
		return nil, e
	}
	if h.SSLFlag != "on" || h.CertType != "free" {
		return nil, invalid("the hostname has no free certificate")
	}
	switch h.CertStatus {
	case "ApplyFailed", "Expiring", "Expired":
	default:
		if e := st.refuseApplication(h); e != nil {
			return nil, e
		}
	}
	st.remember(h, copyOf(h), c.now)
	st.apply(h, c.now)
	return done{c.requestID}, nil
}

// refuseApplication returns the response for a certificate whose state allows no application.
func (st *store) refuseApplication(h *hostname) *apiError {
	switch st.options.ApplyAnyway {
	case ApplyAnywayAccepted:
		return nil
	case ApplyAnywayNotAllowed:
		return fail("ApplyCertificateNotAllowed", "no certificate is applied for now")
	}
	return invalid("CertStatus is %q, not ApplyFailed, Expiring or Expired", h.CertStatus)
}

// addressed returns the hostname of a call with HostnameId.
func (st *store) addressed(c *call) (*hostname, *apiError) {
	p := parameters{call: c}
	p.required("HostnameId")
	id := p.id("HostnameId")
	if p.err != nil {
		return nil, p.err
	}
	return st.existing(id, c.now)
}

// existing returns a hostname in its state of now.
func (st *store) existing(id int64, now time.Time) (*hostname, *apiError) {
	h := st.byID[id]
	if h == nil {
		return nil, fail("CustomHostname.NotFound", "there is no hostname %d", id)
	}
	st.advance(h, now)
	return h, nil
}

// listedHostname is a hostname as ListCustomHostnames returns it. GetCustomHostname adds more fields.
type listedHostname struct {
	HostnameId       int64
	Hostname         string
	SiteId           int64
	SiteName         string
	RecordId         int64
	RecordName       string
	Status           string
	OfflineReason    string
	ConflictWith     string
	VerifyHost       string
	VerifyCode       string
	SslFlag          string
	CertType         string
	CertStatus       string
	CertNotAfter     string
	CertApplyCode    int64
	CertApplyMessage string
	CertTxtKey       string
	CertTxtValue     string
	CertHttpKey      string
	CertHttpValue    string
	CreateTime       string
	UpdateTime       string
}

// shownHostname is a hostname as GetCustomHostname returns it.
type shownHostname struct {
	listedHostname
	CasId       *int64 `json:",omitempty"`
	CertId      string
	Certificate string
	PrivateKey  string
}

func (st *store) listed(h *hostname) listedHostname {
	v := h.Hostname
	if v.SSLFlag == "off" && st.options.SSLOffView == SSLOffBlanked {
		v.clearCertificate()
	}
	if h.codeless > 0 || st.options.BlankTokens && v.Status == "active" {
		v.VerifyHost, v.VerifyCode = "", ""
	}
	if st.options.BlankTokens && v.CertApplyMessage == "issued" {
		v.CertTxtKey, v.CertTxtValue, v.CertHTTPKey, v.CertHTTPValue = "", "", "", ""
	}
	shown := listedHostname{
		HostnameId: v.ID, Hostname: st.view(v.Hostname), SiteId: v.SiteID, RecordId: v.RecordID,
		Status: v.Status, OfflineReason: v.OfflineReason, ConflictWith: v.ConflictWith,
		VerifyHost: v.VerifyHost, VerifyCode: v.VerifyCode,
		SslFlag: v.SSLFlag, CertType: v.CertType, CertStatus: v.CertStatus, CertNotAfter: formatTime(v.CertNotAfter),
		CertApplyCode: v.CertApplyCode, CertApplyMessage: v.CertApplyMessage,
		CertTxtKey: v.CertTxtKey, CertTxtValue: v.CertTxtValue, CertHttpKey: v.CertHTTPKey, CertHttpValue: v.CertHTTPValue,
		CreateTime: formatTime(v.CreateTime), UpdateTime: formatTime(v.UpdateTime),
	}
	if site := st.site(v.SiteID); site != nil {
		shown.SiteName = site.Name
	}
	if record := st.record(v.RecordID); record != nil {
		shown.RecordName = record.Name
	}
	return shown
}

func (st *store) getCustomHostname(c *call) (any, *apiError) {
	p := parameters{call: c}
	p.required("HostnameId")
	id := p.id("HostnameId")
	if p.err != nil {
		return nil, p.err
	}
	h, e := st.readable(id, c.now)
	if e != nil {
		return nil, e
	}

	shown := shownHostname{listedHostname: st.listed(h)}
	h.codeless--
	casID := int64(0)
	if h.SSLFlag != "off" || st.options.SSLOffView != SSLOffBlanked {
		casID, shown.CertId = h.CasID, h.CertID
		shown.Certificate, shown.PrivateKey = st.echo(h.Certificate), st.echo(h.PrivateKey)
		if st.options.ShowAllCertificates && h.CertID != "" && h.Certificate == "" {
			shown.Certificate = issuedByESA
		}
	}
	if casID != 0 || st.options.UnusedCasID == UnusedCasIDZero {
		shown.CasId = &casID
	}
	switch {
	case shown.PrivateKey == "" || st.options.PrivateKeyEcho == PrivateKeyClear:
	case st.options.PrivateKeyEcho == PrivateKeyMasked:
		shown.PrivateKey = "******"
	default:
		shown.PrivateKey = ""
	}
	return struct {
		RequestId           string
		CustomHostnameModel shownHostname
	}{c.requestID, shown}, nil
}

// readable returns a hostname as Get shows it.
func (st *store) readable(id int64, now time.Time) (*hostname, *apiError) {
	unseen := fail("CustomHostname.NotFound", "reads do not show hostname %d yet", id)
	h := st.byID[id]
	switch lingering := st.deleted[id]; {
	case h != nil && h.notFound > 0:
		h.notFound--
		return nil, unseen
	case h != nil:
		st.advance(h, now)
	case lingering != nil && lingering.lingering > 0:
		lingering.lingering--
		return lingering, nil
	case lingering != nil:
		if seen := lingering.seen(now); seen == lingering {
			delete(st.deleted, id)
		} else if seen != nil {
			return seen, nil
		}
		fallthrough
	default:
		return nil, fail("CustomHostname.NotFound", "there is no hostname %d", id)
	}
	if seen := h.seen(now); seen != nil {
		return seen, nil
	}
	return nil, unseen
}

func (st *store) echo(pem string) string {
	switch st.options.CertificateEcho {
	case EchoCRLF:
		return strings.ReplaceAll(strings.ReplaceAll(pem, "\r\n", "\n"), "\n", "\r\n")
	case EchoStripped:
		return strings.TrimSpace(pem)
	case EchoNone:
		return ""
	}
	return pem
}

func (st *store) listCustomHostnames(c *call) (any, *apiError) {
	p := parameters{call: c}
	p.required("SiteId")
	siteID, recordID := p.id("SiteId"), p.id("RecordId")
	fits := st.nameFilter(p.text("Hostname"), p.oneOf("NameMatchType", matchTypes...))
	// The status "configuring" is returned, but is not a filter.
	status := p.oneOf("Status", "pending", "active", "conflicted", "offline")
	number, size := p.page(100)
	if p.err != nil {
		return nil, p.err
	}
	if st.site(siteID) == nil {
		return nil, st.unknownSite(siteID)
	}
	var found []*hostname
	for _, h := range st.listable(siteID, c.now) {
		if (recordID == 0 || h.RecordID == recordID) && (status == "" || h.Status == status) && fits(strings.TrimSuffix(st.view(h.Hostname.Hostname), ".")) {
			found = append(found, h)
		}
	}
	st.order(found)
	items := []listedHostname{}
	for _, h := range pageOf(found, number, size) {
		items = append(items, st.listed(h))
	}
	return struct {
		RequestId  string
		PageNumber int64
		PageSize   int64
		TotalCount int
		Hostnames  []listedHostname
	}{c.requestID, number, size, len(found), items}, nil
}

// order sorts hostnames, which are in order of creation, into the order of lists.
func (st *store) order(found []*hostname) {
	switch st.options.ListOrder {
	case ListNewestFirst:
		slices.Reverse(found)
	case ListAnyOrder:
		st.random.Shuffle(len(found), func(i, j int) { found[i], found[j] = found[j], found[i] })
	case ListOldestFirst:
	}
}

// listable returns the hostnames of a site as List shows them. Deleted ones that List still shows come last.
func (st *store) listable(siteID int64, now time.Time) (all []*hostname) {
	for _, h := range st.hostnames {
		if h.SiteID != siteID {
			continue
		}
		st.advance(h, now)
		if now.Before(h.listedFrom) {
			continue
		}
		if h.unlisted > 0 {
			h.unlisted--
			continue
		}
		if seen := h.seen(now); seen != nil {
			all = append(all, seen)
		}
	}
	for _, id := range slices.Sorted(maps.Keys(st.deleted)) {
		h := st.deleted[id]
		if seen := h.seen(now); h.SiteID == siteID && seen != h && seen != nil {
			all = append(all, seen)
		}
	}
	return all
}

// attachable checks that a hostname of a site can use a record. Among the documented codes of UpdateCustomHostname, only
// InvalidParameter fits.
func (st *store) attachable(recordID, siteID int64) *apiError {
	record := st.record(recordID)
	switch {
	case record == nil:
		return invalid("there is no record %d", recordID)
	case st.options.ForeignRecord == ForeignRecordAccepted:
		return nil
	case record.SiteID != siteID:
		return invalid("record %d is one of site %d", recordID, record.SiteID)
	case !record.Proxied:
		return invalid("record %d is not proxied", recordID)
	}
	return nil
}

func (st *store) unknownSite(id int64) *apiError {
	code := "SiteNotFound"
	if st.options.UnknownSite == UnknownSiteInvalid {
		code = "InvalidParameter.SiteId"
	}
	return fail(code, "there is no site %d", id)
}

func (st *store) lacksICP(site *Site, name string) bool {
	return st.noICP[name] && site != nil && site.Coverage != "overseas"
}

// badHostname returns what is wrong with a name, or "".
func (st *store) badHostname(name string) string {
	if len(name) > 253 {
		return "has more than 253 characters"
	}
	if net.ParseIP(name) != nil {
		return "is an IP address"
	}
	if !st.options.RefuseWildcards {
		name = strings.TrimPrefix(name, "*.")
	}
	labels := strings.Split(name, ".")
	if len(labels) < 2 {
		return "has one label only"
	}
	for _, label := range labels {
		switch {
		case label == "":
			return "has an empty label"
		case len(label) > 63:
			return "has a label of more than 63 characters"
		case label[0] == '-' || label[len(label)-1] == '-':
			return "has a label that begins or ends with a hyphen"
		}
		for _, r := range label {
			if (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && (r < '0' || r > '9') && r != '-' && r != '_' {
				return fmt.Sprintf("has the character %q", r)
			}
		}
	}
	return ""
}

// verifyHost returns the name of the TXT record that proves ownership of a name; for a wildcard, that of its parent.
func verifyHost(name string) string { return "_esa_custom_hostname." + strings.TrimPrefix(name, "*.") }

// formatTime formats a time as ESA does; the zero time is "".
func formatTime(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format(timeFormat)
}
