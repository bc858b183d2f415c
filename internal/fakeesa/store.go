package fakeesa

import (
	cryptorand "crypto/rand"
	"encoding/hex"
	"math/rand/v2"
	"slices"
	"strings"
	"time"
)

// A Site is a site of the account, with the fields of GetSite and ListSites.
type Site struct {
	ID         int64
	Name       string // example.com
	Status     string // pending, active, offline, moved; default active
	AccessType string // NS, CNAME; default NS
	Coverage   string // domestic, global, overseas; default overseas, which requires no ICP filing

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

// A Record is a DNS record of a site, with the fields of GetRecord and ListRecords.
type Record struct {
	ID, SiteID int64
	Name       string // in full, origin.example.com
	Type       string // A/AAAA, CNAME, TXT, ...; default CNAME
	Proxied    bool   // only a proxied record can serve hostnames
	Value      string // default "<name>.origin.test" for types that have one
	Data       RecordData

	SourceType string // OSS, S3, LB, OP, Domain; default Domain for a CNAME
	Cname      string // target of customers' CNAMEs with CNAME access; default the name and the site's CnameZone
	BizName    string // image_video, api, web; default web
	HostPolicy string // follow_hostname, follow_origin_domain
	Comment    string
	TTL        int64 // seconds; default 1, which is automatic

	// CustomPort, HTTPPorts and HTTPSPorts are sent if they are not empty. Their meaning is not documented.
	CustomPort, HTTPPorts, HTTPSPorts string

	CreateTime, UpdateTime time.Time
}

// RecordData is the content of a record besides its value. Nil and empty fields are not sent.
type RecordData struct {
	Priority     *int   `json:",omitempty"` // MX, SRV, URI
	Port         *int   `json:",omitempty"` // SRV
	Weight       *int   `json:",omitempty"` // SRV, URI
	Flag         *int   `json:",omitempty"` // CAA
	Tag          string `json:",omitempty"` // CAA
	Type         *int   `json:",omitempty"` // CERT, SSHFP
	Usage        *int   `json:",omitempty"` // SMIMEA, TLSA
	Selector     *int   `json:",omitempty"` // SMIMEA, TLSA
	MatchingType *int   `json:",omitempty"` // SMIMEA, TLSA
	Algorithm    *int   `json:",omitempty"` // CERT, SSHFP
	KeyTag       *int   `json:",omitempty"` // CERT
	Fingerprint  string `json:",omitempty"` // SSHFP
	Certificate  string `json:",omitempty"` // CERT, SMIMEA, TLSA
}

// A Hostname is a custom hostname with everything that ESA stores. Which of its fields a response contains depends on the
// action and on options.
type Hostname struct {
	ID, SiteID, RecordID int64
	Hostname             string // in lower case

	Status        string // pending, active, conflicted, offline, configuring
	OfflineReason string // missing_icp, proactively_disabled, ...
	ConflictWith  string // existing_site, existing_record, existing_custom_hostname, ...
	VerifyHost    string // name of the TXT record that proves ownership
	VerifyCode    string // its content

	SSLFlag     string // on, off
	CertType    string // free, upload, cas; the last one while SSLFlag is off
	Certificate string // PEM as uploaded
	PrivateKey  string // PEM as uploaded
	CasID       int64
	CasRegion   string

	CertID           string    // 32 hexadecimal digits, new with every deployment
	CertStatus       string    // OK, Applying, ApplyFailed, Expiring, Expired; "" without a certificate
	CertNotAfter     time.Time // zero without a certificate
	CertApplyCode    int64     // of the last application for a free certificate: 0, or 2 for canceled
	CertApplyMessage string    // of the same: issued, canceled
	CertTxtKey       string    // DCV by DNS: name of the TXT record
	CertTxtValue     string    // its content
	CertHTTPKey      string    // DCV by HTTP: URL
	CertHTTPValue    string    // what to serve there

	CreateTime, UpdateTime time.Time
}

// hostname is a Hostname with internal state of the fake.
type hostname struct {
	Hostname
	// applied is when the running application for a free certificate began, configured when the verified hostname
	// will be active. Zero means none.
	applied, configured time.Time
	// challenged is when the DCV data was created.
	challenged time.Time
	// notFound, codeless, unlisted and lingering count down the calls of NotFoundGets, VerifyCodeGets, UnlistedLists
	// and DeletingGets.
	notFound, codeless, unlisted, lingering int
	// listedFrom is when UnlistedFor ends.
	listedFrom time.Time
	// past is what reads still show because of ReadLag, oldest first.
	past []pastHostname
}

// pastHostname is a hostname before a write, nil before its creation. Reads show it until ReadLag has passed.
type pastHostname struct {
	until time.Time
	was   *hostname
}

// store is the state behind the API. Server.mu guards it.
type store struct {
	options Options
	lastID  int64

	// sites, records and hostnames are in order of creation.
	sites     []*Site
	records   []*Record
	hostnames []*hostname
	// byID indexes hostnames; deleted are those that Get still returns.
	byID    map[int64]*hostname
	deleted map[int64]*hostname

	cas      map[casKey]time.Time
	txt      map[string][]string
	noICP    map[string]bool
	failures map[string]int
	refusals map[string]bool
	busy     map[int64]occupation
	random   *rand.Rand
	creates  window
	calls    window
}

type casKey struct {
	id     int64
	region string
}

// DefaultCasID is a certificate of SSL Certificates Service that exists in both regions from the start. It expires one
// year after the creation of the server.
const DefaultCasID = 30000478

// casRegions are the values of CasRegion.
var casRegions = []string{"cn-hangzhou", "ap-southeast-1"}

func newStore(o Options) store {
	st := store{
		options: o, lastID: 4514973387335744,
		byID: map[int64]*hostname{}, deleted: map[int64]*hostname{},
		cas: map[casKey]time.Time{}, txt: map[string][]string{}, noICP: map[string]bool{},
		failures: map[string]int{}, refusals: map[string]bool{}, busy: map[int64]occupation{},
		random:  rand.New(rand.NewPCG(o.Seed, 0)),
		creates: window{limit: o.CreateLimitPerHour, span: time.Hour, fixed: o.CreateWindow == CreateWindowFixed},
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

// newID returns an odd number: above 2^53, a float64 cannot represent those.
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

// named returns the hostname that has a name, or nil. A conflicted one does not count.
func (st *store) named(name string, except int64) *hostname {
	for _, h := range st.hostnames {
		if h.Hostname.Hostname == name && h.ID != except && h.Status != "conflicted" {
			return h
		}
	}
	return nil
}

// inSite returns the first hostname of that name in a site, or nil.
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

// conflict returns what occupies a name, as in ConflictWith. Only equal names are known to conflict.
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

// A window limits calls in a span of time; a limit of 0 means none. The span slides, unless it is fixed.
type window struct {
	limit int
	span  time.Duration
	fixed bool
	calls []time.Time
}

// enter counts a call, or returns how long it must wait.
func (w *window) enter(now time.Time) time.Duration {
	if w.limit <= 0 {
		return 0
	}
	ends := func(began time.Time) time.Time {
		if w.fixed {
			began = began.Truncate(w.span)
		}
		return began.Add(w.span)
	}
	for len(w.calls) > 0 && !now.Before(ends(w.calls[0])) {
		w.calls = w.calls[1:]
	}
	if len(w.calls) >= w.limit {
		return max(ends(w.calls[0]).Sub(now), time.Millisecond)
	}
	w.calls = append(w.calls, now)
	return 0
}

// throttle refuses calls above the limits.
func (st *store) throttle(c *call) *apiError {
	wait := st.calls.enter(c.now)
	if wait == 0 && c.all["Action"] == "CreateCustomHostname" {
		wait = st.creates.enter(c.now)
	}
	if wait == 0 {
		return nil
	}
	e := fail(st.options.ThrottlingCode, "the limit is reached for %v", wait)
	e.retryAfter = wait
	return e
}

// refused removes a call that was refused for another reason from the limit of creates, if it does not count.
func (st *store) refused(c *call) {
	if n := len(st.creates.calls); c.hostnameID == 0 && st.options.OnlyMadeCount && c.all["Action"] == "CreateCustomHostname" && n > 0 {
		st.creates.calls = st.creates.calls[:n-1]
	}
}

// occupation makes a record or a site busy: a write in progress, or a recent one.
type occupation struct {
	underWay bool
	until    time.Time
}

// occupy makes the records, or the site, of a write busy until its response is sent and for some time after it.
func (st *store) occupy(c *call, act action) *apiError {
	if !act.writes || st.options.Busy == BusyNothing {
		return nil
	}
	p := parameters{call: c}
	recordID, siteID := p.id("RecordId"), p.id("SiteId")
	left := int64(0)
	if h := st.byID[p.id("HostnameId")]; h != nil {
		siteID = h.SiteID
		switch {
		case recordID == 0:
			recordID = h.RecordID
		case st.options.BusyLeft && recordID != h.RecordID:
			left = h.RecordID
		}
	}
	if readable := p.err == nil; !readable {
		return nil
	}
	code, ids := "Record.ServiceBusy", []int64{recordID, left}
	if st.options.Busy == BusySite {
		code, ids = "Site.ServiceBusy", []int64{siteID}
	}
	for _, id := range ids {
		if busy := st.busy[id]; busy.underWay || c.now.Before(busy.until) {
			return fail(code, "%d is busy with another write", id)
		}
	}
	for _, id := range ids {
		if id != 0 {
			st.busy[id] = occupation{underWay: true}
			c.busy = append(c.busy, id)
		}
	}
	return nil
}

// release ends occupy. After a write that took effect, the record stays busy for a while.
func (st *store) release(c *call, now time.Time) {
	for _, id := range c.busy {
		var until time.Time
		if c.written && st.options.BusyAtMost > 0 {
			spread := st.options.BusyAtMost - st.options.BusyAtLeast
			until = now.Add(st.options.BusyAtLeast + time.Duration(st.random.Float64()*float64(spread)))
		}
		st.busy[id] = occupation{until: until}
	}
}

// remember stores a hostname before a write, nil before its creation, for reads that lag behind.
func (st *store) remember(h, was *hostname, now time.Time) {
	if st.options.ReadLag > 0 {
		h.past = append(h.past, pastHostname{until: now.Add(st.options.ReadLag), was: was})
	}
}

// copyOf returns a copy of a hostname, for remember.
func copyOf(h *hostname) *hostname {
	was := *h
	return &was
}

// seen returns a hostname as reads show it, nil if they do not.
func (h *hostname) seen(now time.Time) *hostname {
	for len(h.past) > 0 && !now.Before(h.past[0].until) {
		h.past = h.past[1:]
	}
	if len(h.past) > 0 {
		return h.past[0].was
	}
	return h
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
	_, _ = cryptorand.Read(b[:])
	return hex.EncodeToString(b[:])
}
