package fakeesa

import (
	"encoding/json"
	"slices"
)

// shownSite is a site as ListSites returns it; GetSite adds two fields and omits one.
type shownSite struct {
	AccessType      string
	CnameZone       string
	Coverage        string
	CreateTime      string
	InstanceId      string
	NameServerList  string
	OfflineReason   string `json:",omitempty"`
	PlanName        string
	PlanSpecName    string
	ResourceGroupId string
	SiteId          int64
	SiteName        string
	Status          string
	Tags            map[string]string
	UpdateTime      string
	VerifyCode      string
	VisitTime       string `json:",omitempty"`
}

func showSite(site *Site) shownSite {
	shown := shownSite{
		AccessType: site.AccessType, CnameZone: site.CnameZone, Coverage: site.Coverage,
		CreateTime: formatTime(site.CreateTime), InstanceId: site.InstanceID, NameServerList: site.NameServerList,
		PlanName: site.PlanName, PlanSpecName: site.PlanSpecName, ResourceGroupId: site.ResourceGroupID,
		SiteId: site.ID, SiteName: site.Name, Status: site.Status, Tags: site.Tags,
		UpdateTime: formatTime(site.UpdateTime), VerifyCode: site.VerifyCode, VisitTime: formatTime(site.VisitTime),
	}
	if shown.Tags == nil {
		shown.Tags = map[string]string{}
	}
	if site.Status == "offline" {
		shown.OfflineReason = site.OfflineReason
	}
	return shown
}

func (st *store) listSites(c *call) (any, *apiError) {
	p := parameters{call: c}
	fits := st.nameFilter(p.text("SiteName"), p.oneOf("SiteSearchType", matchTypes...))
	status := p.oneOf("Status", "pending", "active", "offline", "moved")
	accessType := p.oneOf("AccessType", "NS", "CNAME")
	coverage := p.oneOf("Coverage", "domestic", "global", "overseas")
	plan := p.oneOf("PlanSubscribeType", "basicplan", "standardplan", "advancedplan", "enterpriseplan")
	_, onlyEnterprise := p.bool("OnlyEnterprise")
	orderBy := p.oneOf("OrderBy", "gmtCreate", "visitTime")
	group := p.text("ResourceGroupId")
	var tags []struct{ Key, Value string }
	if filter := p.text("TagFilter"); filter != "" && (json.Unmarshal([]byte(filter), &tags) != nil || tags == nil) {
		p.fail("TagFilter is not a JSON list of objects with Key and Value")
	}
	for _, tag := range tags {
		if tag.Key == "" {
			p.fail("TagFilter has an object without a Key")
		}
	}
	number, size := p.page(500)
	if p.err != nil {
		return nil, p.err
	}

	is := func(filter, value string) bool { return filter == "" || filter == value }
	var found []*Site
	for _, site := range st.sites {
		tagged := true
		for _, tag := range tags {
			tagged = tagged && site.Tags[tag.Key] == tag.Value
		}
		if fits(site.Name) && is(status, site.Status) && is(accessType, site.AccessType) && is(coverage, site.Coverage) &&
			is(plan, site.PlanName) && is(group, site.ResourceGroupID) && tagged &&
			(!onlyEnterprise || site.PlanName == "enterpriseplan") {
			found = append(found, site)
		}
	}
	if orderBy == "visitTime" {
		slices.SortStableFunc(found, func(a, b *Site) int { return b.VisitTime.Compare(a.VisitTime) })
	}
	items := []shownSite{}
	for _, site := range pageOf(found, number, size) {
		items = append(items, showSite(site))
	}
	return struct {
		RequestId  string
		PageNumber int64
		PageSize   int64
		TotalCount int
		Sites      []shownSite
	}{c.requestID, number, size, len(found), items}, nil
}

func (st *store) getSite(c *call) (any, *apiError) {
	p := parameters{call: c}
	p.required("SiteId")
	id := p.id("SiteId")
	if p.err != nil {
		return nil, p.err
	}
	site := st.site(id)
	if site == nil {
		return nil, fail("SiteNotFound", "there is no site %d", id)
	}
	shown := showSite(site)
	shown.VisitTime = ""
	type model struct {
		shownSite
		VanityNSList      map[string]string
		VersionManagement bool
	}
	return struct {
		RequestId string
		SiteModel model
	}{c.requestID, model{shownSite: shown, VanityNSList: map[string]string{}}}, nil
}

// shownRecord is a record as ListRecords and GetRecord return it.
type shownRecord struct {
	RecordId         int64
	RecordName       string
	RecordType       string
	RecordSourceType string
	RecordCname      string
	Proxied          bool
	BizName          string
	Comment          string
	CreateTime       string
	UpdateTime       string
	HostPolicy       string
	Ttl              int64
	SiteId           int64
	SiteName         string
	AuthConf         map[string]string
	CustomPort       string `json:",omitempty"`
	HttpPorts        string `json:",omitempty"`
	HttpsPorts       string `json:",omitempty"`
	Data             struct {
		Value string `json:",omitempty"`
		RecordData
	}
}

func (st *store) showRecord(record *Record) shownRecord {
	shown := shownRecord{
		RecordId: record.ID, RecordName: record.Name, RecordType: record.Type, RecordSourceType: record.SourceType,
		RecordCname: record.Cname, Proxied: record.Proxied, BizName: record.BizName, Comment: record.Comment,
		CreateTime: formatTime(record.CreateTime), UpdateTime: formatTime(record.UpdateTime),
		HostPolicy: record.HostPolicy, Ttl: record.TTL, SiteId: record.SiteID, SiteName: st.site(record.SiteID).Name, AuthConf: map[string]string{},
		CustomPort: record.CustomPort, HttpPorts: record.HTTPPorts, HttpsPorts: record.HTTPSPorts,
	}
	shown.Data.Value, shown.Data.RecordData = record.Value, record.Data
	return shown
}

func (st *store) listRecords(c *call) (any, *apiError) {
	p := parameters{call: c}
	p.required("SiteId")
	siteID := p.id("SiteId")
	fits := st.nameFilter(p.text("RecordName"), p.oneOf("RecordMatchType", matchTypes...))
	kind, bizName := p.text("Type"), p.oneOf("BizName", "image_video", "api", "web")
	source := p.oneOf("SourceType", "OSS", "S3", "LB", "OP", "Domain")
	byProxied, proxied := p.bool("Proxied")
	number, size := p.page(500)
	if p.err != nil {
		return nil, p.err
	}
	if st.site(siteID) == nil {
		return nil, st.unknownSite(siteID)
	}
	var found []*Record
	for _, record := range st.records {
		if record.SiteID == siteID && fits(record.Name) && (kind == "" || kind == record.Type) &&
			(bizName == "" || bizName == record.BizName) && (source == "" || source == record.SourceType) &&
			(!byProxied || proxied == record.Proxied) {
			found = append(found, record)
		}
	}
	items := []shownRecord{}
	for _, record := range pageOf(found, number, size) {
		items = append(items, st.showRecord(record))
	}
	return struct {
		RequestId  string
		PageNumber int64
		PageSize   int64
		TotalCount int
		Records    []shownRecord
	}{c.requestID, number, size, len(found), items}, nil
}

func (st *store) getRecord(c *call) (any, *apiError) {
	p := parameters{call: c}
	p.required("RecordId")
	id := p.id("RecordId")
	if p.err != nil {
		return nil, p.err
	}
	record := st.record(id)
	if record == nil {
		return nil, fail("Record.NotFound", "there is no record %d", id)
	}
	return struct {
		RequestId   string
		RecordModel shownRecord
	}{c.requestID, st.showRecord(record)}, nil
}
