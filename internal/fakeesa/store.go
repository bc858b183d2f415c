package fakeesa

import (
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
)

// A Site is a website of the account, as GetSite and ListSites know it.
type Site struct {
	ID         int64
	Name       string // example.com
	Status     string // pending, active, offline, moved; default active
	AccessType string // NS, CNAME; default NS
	Coverage   string // domestic, global, overseas; default overseas, where no ICP filing is asked for

	CnameZone       string // default "<name>.cdn.example" with CNAME access, else ""
	NameServerList  string // comma-joined
	OfflineReason   string
	InstanceID      string // the plan's instance
	PlanName        string // basicplan, standardplan, advancedplan, enterpriseplan; default the last
	PlanSpecName    string
	ResourceGroupID string
	Tags            map[string]string
	VerifyCode      string

	CreateTime, UpdateTime, VisitTime time.Time
}

// A Record is a DNS record of a site, as GetRecord and ListRecords know it.
type Record struct {
	ID, SiteID int64
	Name       string // in full, origin.example.com
	Type       string // A/AAAA, CNAME, TXT, ...; default CNAME
	Proxied    bool   // only a proxied record can serve hostnames
	Value      string // default "<name>.origin.test"

	SourceType string // OSS, S3, LB, OP, Domain; default Domain for a CNAME
	Cname      string // what customers point to with CNAME access; default the name and the site's CnameZone
	BizName    string // image_video, api, web; default web
	HostPolicy string // follow_hostname, follow_origin_domain
	Comment    string
	TTL        int64 // seconds; default 1, which is automatic

	CreateTime, UpdateTime time.Time
}

// A Hostname is a custom hostname with all that ESA knows of it. Which of it an answer shows is the API's business,
// and some options'.
type Hostname struct {
	ID, SiteID, RecordID int64
	Hostname             string // in lower case

	Status        string // pending, active, conflicted, offline, configuring
	OfflineReason string // missing_icp, proactively_disabled, ...
	ConflictWith  string // existing_site, existing_record, existing_custom_hostname, ...
	VerifyHost    string // name of the TXT record that proves ownership
	VerifyCode    string // its content

	SSLFlag     string // on, off
	CertType    string // free, upload, cas; what it was last while SSLFlag is off
	Certificate string // PEM, as it was uploaded
	PrivateKey  string // PEM, as it was uploaded
	CasID       int64
	CasRegion   string

	CertID           string    // 32 hexadecimal digits, new with every deployment
	CertStatus       string    // OK, Applying, ApplyFailed, Expiring, Expired; "" without a certificate
	CertNotAfter     time.Time // zero without a certificate
	CertApplyCode    int64     // of the last application for a free certificate: 0, or 2 when canceled
	CertApplyMessage string    // of the same: issued, canceled
	CertTxtKey       string    // DCV by DNS: name of the TXT record
	CertTxtValue     string    // its content
	CertHTTPKey      string    // DCV by HTTP: URL
	CertHTTPValue    string    // what to serve there

	CreateTime, UpdateTime time.Time
}

// hostname is a Hostname with what only the fake knows.
type hostname struct {
	Hostname
	// applied is when the running application for a free certificate began, configured when the verified hostname
	// will be active. Zero means none.
	applied, configured time.Time
	// notFound, codeless, unlisted and lingering count down the calls of NotFoundGets, VerifyCodeGets, UnlistedLists
	// and DeletingGets.
	notFound, codeless, unlisted, lingering int
}

// store is the world behind the API. Server.mu guards it.
type store struct {
	options Options
	lastID  int64

	// sites, records and hostnames are in order of creation.
	sites     []*Site
	records   []*Record
	hostnames []*hostname
	// byID finds in hostnames; deleted holds those that Get still answers.
	byID    map[int64]*hostname
	deleted map[int64]*hostname

	cas      map[casKey]time.Time
	txt      map[string][]string
	noICP    map[string]bool
	failures map[string]int
	busy     map[int64]bool
	creates  window
	calls    window
}

type casKey struct {
	id     int64
	region string
}

// DefaultCasID is a certificate of SSL Certificates Service that exists in both regions from the start. It expires a
// year after the server was made.
const DefaultCasID = 30000478

// casRegions are the values of CasRegion.
var casRegions = []string{"cn-hangzhou", "ap-southeast-1"}

func newStore(o Options) store {
	st := store{
		options: o, lastID: 4514973387335744,
		byID: map[int64]*hostname{}, deleted: map[int64]*hostname{},
		cas: map[casKey]time.Time{}, txt: map[string][]string{}, noICP: map[string]bool{},
		failures: map[string]int{}, busy: map[int64]bool{},
		creates: window{limit: o.CreateLimitPerHour, span: time.Hour},
		calls:   window{limit: o.CallsPerSecond, span: time.Second},
	}
	if o.LargeIDs {
		st.lastID = 1<<62 - 1
	}
	for _, region := range casRegions {
		st.cas[casKey{DefaultCasID, region}] = o.Now().AddDate(1, 0, 0)
	}
	return st
}

// newID returns an odd number: above 2^53, those are the ones that a float64 cannot hold.
func (st *store) newID() int64 {
	st.lastID++
	if st.lastID%2 == 0 {
		st.lastID++
	}
	return st.lastID
}

func (st *store) site(id int64) *Site {
	for _, site := range st.sites {
		if site.ID == id {
			return site
		}
	}
	return nil
}

func (st *store) record(id int64) *Record {
	for _, record := range st.records {
		if record.ID == id {
			return record
		}
	}
	return nil
}

// named returns the hostname that holds a name, or nil. A conflicted one holds nothing.
func (st *store) named(name string, except int64) *hostname {
	for _, h := range st.hostnames {
		if h.Hostname.Hostname == name && h.ID != except && h.Status != "conflicted" {
			return h
		}
	}
	return nil
}

// inSite returns the first hostname of a name in a site, or nil.
func (st *store) inSite(siteID int64, name string) *hostname {
	for _, h := range st.hostnames {
		if h.SiteID == siteID && h.Hostname.Hostname == name {
			return h
		}
	}
	return nil
}

func (st *store) add(h *hostname) {
	st.hostnames = append(st.hostnames, h)
	st.byID[h.ID] = h
}

func (st *store) remove(h *hostname) {
	st.hostnames = slices.DeleteFunc(st.hostnames, func(other *hostname) bool { return other == h })
	delete(st.byID, h.ID)
}

// conflict returns what occupies a name, as ConflictWith calls it. Only equal names are known to collide.
func (st *store) conflict(name string, except int64) string {
	for _, site := range st.sites {
		if site.Name == name {
			return "existing_site"
		}
	}
	for _, record := range st.records {
		if record.Name == name {
			return "existing_record"
		}
	}
	if st.named(name, except) != nil {
		return "existing_custom_hostname"
	}
	return ""
}

// A window is a limit of calls in a sliding span of time; a limit of 0 is none.
type window struct {
	limit int
	span  time.Duration
	calls []time.Time
}

// enter counts a call, or returns how long it has to wait.
func (w *window) enter(now time.Time) time.Duration {
	if w.limit <= 0 {
		return 0
	}
	for len(w.calls) > 0 && now.Sub(w.calls[0]) >= w.span {
		w.calls = w.calls[1:]
	}
	if len(w.calls) >= w.limit {
		return max(w.span-now.Sub(w.calls[0]), time.Millisecond)
	}
	w.calls = append(w.calls, now)
	return 0
}

// throttle refuses calls over the limits.
func (st *store) throttle(c *call) *apiError {
	wait := st.calls.enter(c.now)
	if wait == 0 && c.all["Action"] == "CreateCustomHostname" {
		wait = st.creates.enter(c.now)
	}
	if wait == 0 {
		return nil
	}
	e := fail("Throttling.User", "the limit is reached for %v", wait)
	if !st.options.NoRetryAfter {
		e.retryAfter = wait
	}
	return e
}

// occupy marks the record that a write is about to change, or is about, until its answer is out.
func (st *store) occupy(c *call) *apiError {
	if !st.options.BusyRecords {
		return nil
	}
	p := parameters{call: c}
	id := p.id("RecordId")
	if h := st.byID[p.id("HostnameId")]; h != nil && id == 0 {
		id = h.RecordID
	}
	readable := p.err == nil
	if id == 0 || !readable {
		return nil
	}
	if st.busy[id] {
		return fail("Record.ServiceBusy", "another write to record %d waits for its answer", id)
	}
	st.busy[id], c.busy = true, id
	return nil
}

// The ids of what [Seed] makes. They never change, so that examples can name them.
const (
	SeedSiteID         = 4042843419650112 // example.com
	SeedRecordID       = 4042843419650113 // origin.example.com
	SeedSecondRecordID = 4042843419650114 // origin2.example.com
)

// Seed makes the site example.com with two proxied records, origin.example.com and origin2.example.com, and returns
// the site and the first record.
func Seed(s *Server) (Site, Record) {
	site := s.AddSiteOf(Site{ID: SeedSiteID, Name: "example.com"})
	record := s.AddRecordOf(Record{ID: SeedRecordID, SiteID: site.ID, Name: "origin.example.com", Proxied: true})
	s.AddRecordOf(Record{ID: SeedSecondRecordID, SiteID: site.ID, Name: "origin2.example.com", Proxied: true})
	return site, record
}

// AddSite makes an active site with NS access.
func (s *Server) AddSite(name string) Site { return s.AddSiteOf(Site{Name: name}) }

// AddSiteOf makes a site, with defaults for what is left empty.
func (s *Server) AddSiteOf(site Site) Site {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := s.store.options.Now()
	site.Name = canonical(site.Name)
	if site.Name == "" {
		panic("fakeesa: a site needs a name")
	}
	fill(&site.ID, s.store.newID)
	if s.store.site(site.ID) != nil {
		panic(fmt.Sprintf("fakeesa: there is a site %d already", site.ID))
	}
	site.Status = either(site.Status, "active")
	site.AccessType = either(site.AccessType, "NS")
	site.Coverage = either(site.Coverage, "overseas")
	site.PlanName = either(site.PlanName, "enterpriseplan")
	site.PlanSpecName = either(site.PlanSpecName, site.PlanName)
	site.InstanceID = either(site.InstanceID, fmt.Sprintf("esa-site-%d", site.ID))
	site.ResourceGroupID = either(site.ResourceGroupID, "rg-default")
	site.VerifyCode = either(site.VerifyCode, "verify_"+randomHex())
	if site.AccessType == "CNAME" {
		site.CnameZone = either(site.CnameZone, site.Name+".cdn.example")
	} else {
		site.NameServerList = either(site.NameServerList, "ns1.esa.example,ns2.esa.example")
	}
	site.Tags = maps.Clone(site.Tags)
	setTimes(now, &site.CreateTime, &site.UpdateTime, &site.VisitTime)
	s.store.sites = append(s.store.sites, &site)
	return copySite(&site)
}

func copySite(site *Site) Site {
	out := *site
	out.Tags = maps.Clone(site.Tags)
	return out
}

// AddRecord makes a proxied CNAME record. The name is in full and lies in the site's zone.
func (s *Server) AddRecord(siteID int64, name string) Record {
	return s.AddRecordOf(Record{SiteID: siteID, Name: name, Proxied: true})
}

// AddRecordOf makes a record, with defaults for what is left empty; Proxied is taken as it is.
func (s *Server) AddRecordOf(record Record) Record {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := s.store.options.Now()
	record.Name = canonical(record.Name)
	site := s.store.site(record.SiteID)
	switch {
	case site == nil:
		panic(fmt.Sprintf("fakeesa: there is no site %d", record.SiteID))
	case record.Name != site.Name && !strings.HasSuffix(record.Name, "."+site.Name):
		panic(fmt.Sprintf("fakeesa: the record %q lies outside the site %q", record.Name, site.Name))
	}
	fill(&record.ID, s.store.newID)
	if s.store.record(record.ID) != nil {
		panic(fmt.Sprintf("fakeesa: there is a record %d already", record.ID))
	}
	record.Type = either(record.Type, "CNAME")
	if record.Type == "CNAME" {
		record.SourceType = either(record.SourceType, "Domain")
	}
	if site.CnameZone != "" {
		record.Cname = either(record.Cname, record.Name+"."+site.CnameZone)
	}
	record.Value = either(record.Value, record.Name+".origin.test")
	record.BizName = either(record.BizName, "web")
	if record.TTL == 0 {
		record.TTL = 1
	}
	setTimes(now, &record.CreateTime, &record.UpdateTime)
	s.store.records = append(s.store.records, &record)
	return record
}

// DeleteRecord deletes a record as DeleteRecord of the API would: not while a hostname hangs on it
// (Record.ProtectedAsCustomHostnameSource).
func (s *Server) DeleteRecord(id int64) error {
	return s.changeRecord(id, "Record.ProtectedAsCustomHostnameSource", func(record *Record) {
		s.store.records = slices.DeleteFunc(s.store.records, func(other *Record) bool { return other == record })
	})
}

// UnproxyRecord turns a record's proxy off as UpdateRecord of the API would: not while a hostname hangs on it
// (Record.ProxiedAsCustomHostnameSource).
func (s *Server) UnproxyRecord(id int64) error {
	return s.changeRecord(id, "Record.ProxiedAsCustomHostnameSource", func(record *Record) {
		record.Proxied, record.UpdateTime = false, s.store.options.Now()
	})
}

func (s *Server) changeRecord(id int64, protected string, change func(*Record)) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	record := s.store.record(id)
	if record == nil {
		return fail("Record.NotFound", "there is no record %d", id)
	}
	for _, h := range s.store.hostnames {
		if h.RecordID == id {
			return fail(protected, "hostname %d hangs on it", h.ID)
		}
	}
	change(record)
	return nil
}

// AddHostname makes a hostname as if in the console, with defaults for what is left empty: the site's first record,
// SSL on if there is a CertType, a pending status and a deployed certificate (for a free one: none before the
// hostname is active).
func (s *Server) AddHostname(h Hostname) Hostname {
	s.mu.Lock()
	defer s.mu.Unlock()
	st := &s.store
	now := st.options.Now()
	h.Hostname = canonical(h.Hostname)
	for _, record := range st.records {
		if h.RecordID == 0 && record.SiteID == h.SiteID {
			h.RecordID = record.ID
		}
		if h.SiteID == 0 && record.ID == h.RecordID {
			h.SiteID = record.SiteID
		}
	}
	if st.site(h.SiteID) == nil || st.record(h.RecordID) == nil || h.Hostname == "" {
		panic(fmt.Sprintf("fakeesa: the hostname %q needs a name, a site and a record; there is no site %d or no record %d", h.Hostname, h.SiteID, h.RecordID))
	}
	fill(&h.ID, st.newID)
	if st.byID[h.ID] != nil {
		panic(fmt.Sprintf("fakeesa: there is a hostname %d already", h.ID))
	}
	if h.CertType == "" {
		h.SSLFlag = either(h.SSLFlag, "off")
	}
	h.SSLFlag = either(h.SSLFlag, "on")
	h.Status = either(h.Status, "pending")
	h.VerifyHost = either(h.VerifyHost, verifyHost(h.Hostname))
	h.VerifyCode = either(h.VerifyCode, "verify_"+randomHex())
	setTimes(now, &h.CreateTime)
	setTimes(h.CreateTime, &h.UpdateTime)
	made := &hostname{Hostname: h}
	st.settle(made, Hostname{}, now)
	st.add(made)
	st.advance(made, now)
	return made.Hostname
}

// Hostname returns a hostname, with the private key as it was uploaded.
func (s *Server) Hostname(id int64) (Hostname, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	h := s.store.byID[id]
	if h == nil {
		return Hostname{}, false
	}
	s.store.advance(h, s.store.options.Now())
	return h.Hostname, true
}

// HostnameByName returns the first hostname of that name in a site.
func (s *Server) HostnameByName(siteID int64, name string) (Hostname, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	h := s.store.inSite(siteID, canonical(name))
	if h == nil {
		return Hostname{}, false
	}
	s.store.advance(h, s.store.options.Now())
	return h.Hostname, true
}

// Hostnames returns all hostnames, in order of creation.
func (s *Server) Hostnames() []Hostname {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := s.store.options.Now()
	all := make([]Hostname, 0, len(s.store.hostnames))
	for _, h := range s.store.hostnames {
		s.store.advance(h, now)
		all = append(all, h.Hostname)
	}
	return all
}

// ChangeHostname changes a hostname as somebody else would: in the console, or ESA itself. UpdateTime moves. Another
// Certificate or CasID, and a CertType or a CertStatus of OK without a CertNotAfter, bring what follows from them.
// The function must not call the server. The hostname has to exist.
func (s *Server) ChangeHostname(id int64, change func(*Hostname)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	h := s.store.byID[id]
	if h == nil {
		panic(fmt.Sprintf("fakeesa: there is no hostname %d", id))
	}
	now := s.store.options.Now()
	s.store.advance(h, now)
	before := h.Hostname
	change(&h.Hostname)
	h.ID = id
	h.Hostname.Hostname = canonical(h.Hostname.Hostname)
	if h.UpdateTime.Equal(before.UpdateTime) {
		h.UpdateTime = now
	}
	s.store.settle(h, before, now)
}

// RemoveHostname deletes a hostname behind everybody's back, at once. Nothing happens if it is gone already.
func (s *Server) RemoveHostname(id int64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if h := s.store.byID[id]; h != nil {
		s.store.remove(h)
	}
}

// AddCASCertificate puts a certificate into SSL Certificates Service, in one region.
func (s *Server) AddCASCertificate(id int64, region string, notAfter time.Time) {
	if !slices.Contains(casRegions, region) {
		panic(fmt.Sprintf("fakeesa: there is no region %q of SSL Certificates Service", region))
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.store.cas[casKey{id, region}] = notAfter
}

// PublishTXT adds a value to the TXT records of a name: what the customer does at their DNS provider. ESA looks for
// VerifyHost with VerifyCode, and for CertTxtKey with CertTxtValue.
func (s *Server) PublishTXT(name, value string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	name = canonical(name)
	s.store.txt[name] = append(s.store.txt[name], value)
}

// UnpublishTXT removes a value from the TXT records of a name.
func (s *Server) UnpublishTXT(name, value string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	name = canonical(name)
	s.store.txt[name] = slices.DeleteFunc(s.store.txt[name], func(other string) bool { return other == value })
}

// TXT returns the TXT records of a name.
func (s *Server) TXT(name string) []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.store.txt[canonical(name)])
}

// WithoutICP says that a domain lacks its ICP filing. On a site with a Coverage of domestic or global, a hostname of
// that name is created offline for missing_icp, and Verify answers CustomHostname.InvalidICP.
func (s *Server) WithoutICP(name string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.store.noICP[canonical(name)] = true
}

// FailCertificates lets the next applications for a free certificate for a name end as ApplyFailed (CertApplyCode 2,
// canceled): so many, all of them for a negative number, or none any more for 0.
func (s *Server) FailCertificates(name string, times int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.store.failures[canonical(name)] = times
}

// canonical is the form in which names are stored and compared.
func canonical(name string) string { return strings.ToLower(strings.TrimSuffix(name, ".")) }

func either(value, otherwise string) string {
	if value == "" {
		return otherwise
	}
	return value
}

func fill(id *int64, newID func() int64) {
	if *id == 0 {
		*id = newID()
	}
}

func setTimes(now time.Time, times ...*time.Time) {
	for _, t := range times {
		if t.IsZero() {
			*t = now
		}
	}
}

func randomHex() string {
	var b [16]byte
	_, _ = rand.Read(b[:])
	return hex.EncodeToString(b[:])
}
