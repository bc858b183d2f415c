package fakeesa

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
)

// The ids of what [Seed] adds. They never change, so that examples can use them.
const (
	SeedSiteID         = 4042843419650112 // example.com
	SeedRecordID       = 4042843419650113 // origin.example.com
	SeedSecondRecordID = 4042843419650114 // origin2.example.com
)

// Seed adds the site example.com with two proxied records, origin.example.com and origin2.example.com. It returns the
// site and the first record.
func Seed(s *Server) (Site, Record) {
	site := s.AddSiteOf(Site{ID: SeedSiteID, Name: "example.com"})
	record := s.AddRecordOf(Record{ID: SeedRecordID, SiteID: site.ID, Name: "origin.example.com", Proxied: true})
	s.AddRecordOf(Record{ID: SeedSecondRecordID, SiteID: site.ID, Name: "origin2.example.com", Proxied: true})
	return site, record
}

// AddSite adds an active site with NS access.
func (s *Server) AddSite(name string) Site { return s.AddSiteOf(Site{Name: name}) }

// AddSiteOf adds a site, with defaults for empty fields.
func (s *Server) AddSiteOf(site Site) Site {
	s.mu.Lock()
	defer s.mu.Unlock()
	return must(s.store.addSite(site))
}

// must panics if the scene is invalid, which is an error in the test.
func must[T any](made T, err error) T {
	if err != nil {
		panic(fmt.Sprintf("fakeesa: %v", err))
	}
	return made
}

func (st *store) addSite(site Site) (Site, error) {
	now := st.options.Now()
	site.Name = canonical(site.Name)
	if site.Name == "" {
		return Site{}, errors.New("a site needs a name")
	}
	fill(&site.ID, st.newID)
	if st.site(site.ID) != nil {
		return Site{}, fmt.Errorf("there is a site %d already", site.ID)
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
	st.sites = append(st.sites, &site)
	return copySite(&site), nil
}

func copySite(site *Site) Site {
	out := *site
	out.Tags = maps.Clone(site.Tags)
	return out
}

// ActivateSite activates a pending site, as its owner does by pointing the domain at ESA or proving ownership.
func (s *Server) ActivateSite(id int64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	site := s.store.site(id)
	if site == nil {
		panic(fmt.Sprintf("fakeesa: there is no site %d", id))
	}
	site.Status, site.UpdateTime = "active", s.store.options.Now()
}

// AddRecord adds a proxied CNAME record. The name is the full name, in the site's zone.
func (s *Server) AddRecord(siteID int64, name string) Record {
	return s.AddRecordOf(Record{SiteID: siteID, Name: name, Proxied: true})
}

// AddRecordOf adds a record, with defaults for empty fields, except for Proxied.
func (s *Server) AddRecordOf(record Record) Record {
	s.mu.Lock()
	defer s.mu.Unlock()
	return must(s.store.addRecord(record))
}

// valueless are the types of records whose Data has no Value.
var valueless = []string{"CERT", "SMIMEA", "SSHFP", "TLSA"}

func (st *store) addRecord(record Record) (Record, error) {
	now := st.options.Now()
	record.Name = canonical(record.Name)
	site := st.site(record.SiteID)
	switch {
	case site == nil:
		return Record{}, fmt.Errorf("there is no site %d", record.SiteID)
	case record.Name != site.Name && !strings.HasSuffix(record.Name, "."+site.Name):
		return Record{}, fmt.Errorf("the record %q lies outside the site %q", record.Name, site.Name)
	}
	fill(&record.ID, st.newID)
	if st.record(record.ID) != nil {
		return Record{}, fmt.Errorf("there is a record %d already", record.ID)
	}
	record.Type = either(record.Type, "CNAME")
	if record.Type == "CNAME" {
		record.SourceType = either(record.SourceType, "Domain")
	}
	if site.CnameZone != "" {
		record.Cname = either(record.Cname, record.Name+"."+site.CnameZone)
	}
	if !slices.Contains(valueless, record.Type) {
		record.Value = either(record.Value, record.Name+".origin.test")
	}
	record.BizName = either(record.BizName, "web")
	if record.TTL == 0 {
		record.TTL = 1
	}
	setTimes(now, &record.CreateTime, &record.UpdateTime)
	st.records = append(st.records, &record)
	return record, nil
}

// DeleteRecord deletes a record as DeleteRecord of the API does: not while a hostname uses it
// (Record.ProtectedAsCustomHostnameSource).
func (s *Server) DeleteRecord(id int64) error {
	return s.changeRecord(id, "Record.ProtectedAsCustomHostnameSource", func(record *Record) {
		s.store.records = slices.DeleteFunc(s.store.records, func(other *Record) bool { return other == record })
	})
}

// UnproxyRecord turns a record's proxy off as UpdateRecord of the API does: not while a hostname uses it
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
			return fail(protected, "hostname %d uses it", h.ID)
		}
	}
	change(record)
	return nil
}

// AddHostname adds a hostname as in the console, with defaults for empty fields: the site's first record, SSL on if
// there is a CertType, status pending, and a deployed certificate (for a free one: none before the hostname is active).
func (s *Server) AddHostname(h Hostname) Hostname {
	s.mu.Lock()
	defer s.mu.Unlock()
	return must(s.store.addHostname(h))
}

func (st *store) addHostname(h Hostname) (Hostname, error) {
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
		return Hostname{}, fmt.Errorf("the hostname %q needs a name, a site and a record; there is no site %d or no record %d", h.Hostname, h.SiteID, h.RecordID)
	}
	fill(&h.ID, st.newID)
	if st.byID[h.ID] != nil {
		return Hostname{}, fmt.Errorf("there is a hostname %d already", h.ID)
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
	return made.Hostname, nil
}

// Hostname returns a hostname, including its private key as uploaded.
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

// ChangeHostname changes a hostname as in the console, or as ESA itself does. It sets UpdateTime. If Certificate or CasID
// changes, or if there is a CertType or a CertStatus of OK without a CertNotAfter, it also sets the fields that depend on
// them. The function must not call the server. The hostname must exist.
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

// RemoveHostname deletes a hostname at once, without a call. It does nothing if the hostname does not exist.
func (s *Server) RemoveHostname(id int64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if h := s.store.byID[id]; h != nil {
		s.store.remove(h)
	}
}

// AddCASCertificate adds a certificate to SSL Certificates Service, in one region.
func (s *Server) AddCASCertificate(id int64, region string, notAfter time.Time) {
	if !slices.Contains(casRegions, region) {
		panic(fmt.Sprintf("fakeesa: there is no region %q of SSL Certificates Service", region))
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.store.cas[casKey{id, region}] = notAfter
}

// PublishTXT adds a value to the TXT records of a name, as the customer does at their DNS provider. ESA checks VerifyHost
// for VerifyCode, and CertTxtKey for CertTxtValue.
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

// WithoutICP marks a domain as lacking its ICP filing. On a site with a Coverage of domestic or global, a hostname of
// that name is created offline for missing_icp, and Verify returns CustomHostname.InvalidICP.
func (s *Server) WithoutICP(name string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.store.noICP[canonical(name)] = true
}

// FailCertificates makes the next applications for a free certificate for a name end as ApplyFailed (CertApplyCode 2,
// canceled). times is their number; a negative number means all, and 0 means none any more.
func (s *Server) FailCertificates(name string, times int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.store.failures[canonical(name)] = times
}

// RefuseCertificates makes ESA refuse every certificate for a name from now on, or accept them again. It refuses uploaded
// ones and those of SSL Certificates Service with SetCertFailed, and applications for free ones with ApplyCertFailed, as
// for a CAA record that forbids it. Options.RefusedCertificate is what remains of a create; an update changes nothing.
func (s *Server) RefuseCertificates(name string, refuse bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.store.refusals[canonical(name)] = refuse
}

// A Thing is an object of the scene with an id.
type Thing struct {
	Kind string // site, record, hostname, cas
	ID   int64
	Name string
}

// Scene returns all objects, each site followed by its own.
func (s *Server) Scene() []Thing {
	s.mu.Lock()
	defer s.mu.Unlock()
	var all []Thing
	for _, site := range s.store.sites {
		all = append(all, Thing{"site", site.ID, site.Name})
		for _, record := range s.store.records {
			if record.SiteID == site.ID {
				all = append(all, Thing{"record", record.ID, record.Name})
			}
		}
		for _, h := range s.store.hostnames {
			if h.SiteID == site.ID {
				all = append(all, Thing{"hostname", h.ID, h.Hostname.Hostname})
			}
		}
	}
	sites := len(all)
	for key := range s.store.cas {
		if key.region == s.options.AccountRegion {
			all = append(all, Thing{"cas", key.id, key.region})
		}
	}
	slices.SortFunc(all[sites:], func(a, b Thing) int { return cmp.Compare(a.ID, b.ID) })
	return all
}
