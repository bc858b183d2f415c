package esa

import (
	"context"
	"net/http"
)

// ESA accepts these two as GET only.
var (
	actionListSites = action{"ListSites", http.MethodGet, false}
	actionGetSite   = action{"GetSite", http.MethodGet, false}
)

// Site is a site as ListSites and GetSite return it.
type Site struct {
	SiteID         int64  `json:"SiteId"`
	SiteName       string `json:"SiteName"`
	Status         string `json:"Status"`         // pending, active, offline, moved
	OfflineReason  string `json:"OfflineReason"`  // why it is offline
	AccessType     string `json:"AccessType"`     // NS, CNAME
	Coverage       string `json:"Coverage"`       // domestic, global, overseas
	CnameZone      string `json:"CnameZone"`      // zone of the CNAME targets with CNAME access
	NameServerList string `json:"NameServerList"` // comma-joined
	InstanceID     string `json:"InstanceId"`     // the plan's instance
	PlanName       string `json:"PlanName"`
	CreateTime     string `json:"CreateTime"`
	UpdateTime     string `json:"UpdateTime"`
}

// ListSitesInput selects sites of the account.
type ListSitesInput struct {
	SiteName       string // filter; "" is none
	SiteSearchType string // how SiteName is compared: exact (default), prefix, suffix, fuzzy
	PageNumber     int    // from 1; 0 is 1
	PageSize       int    // 1 to MaxPageSize; 0 is ESA's default
}

// ListSitesOutput is one page of sites.
type ListSitesOutput struct {
	Sites      []Site
	PageNumber int
	PageSize   int
	TotalCount int
}

// ListSites returns one page of the account's sites.
func (c *Client) ListSites(ctx context.Context, in ListSitesInput) (*ListSitesOutput, error) {
	p := params{}
	p.set("SiteName", in.SiteName)
	p.set("SiteSearchType", in.SiteSearchType)
	p.setInt("PageNumber", in.PageNumber)
	p.setInt("PageSize", in.PageSize)
	return call[ListSitesOutput](ctx, c, actionListSites, p, nil)
}

// GetSite returns a site, or an Error with CodeSiteNotFound.
func (c *Client) GetSite(ctx context.Context, siteID int64) (*Site, error) {
	p := params{}
	p.setID("SiteId", siteID)
	out, err := call(ctx, c, actionGetSite, p, func(out *getSiteOutput) error {
		if out.SiteModel == nil || out.SiteModel.SiteID != siteID {
			return malformed("it has no SiteModel of site %d", siteID)
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return out.SiteModel, nil
}

type getSiteOutput struct {
	SiteModel *Site
}
