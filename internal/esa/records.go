package esa

import (
	"context"
	"net/http"
)

// ESA accepts these two as GET only.
var (
	actionListRecords = action{"ListRecords", http.MethodGet, false}
	actionGetRecord   = action{"GetRecord", http.MethodGet, false}
)

// Record is a DNS record of a site as ListRecords and GetRecord return it. Both also return AuthConf, which can contain
// an origin's secret key. There is deliberately no field for it.
type Record struct {
	RecordID         int64  `json:"RecordId"`
	RecordName       string `json:"RecordName"`
	RecordType       string `json:"RecordType"`       // A/AAAA, CNAME, ...
	RecordSourceType string `json:"RecordSourceType"` // OSS, S3, LB, OP, Domain
	RecordCname      string `json:"RecordCname"`      // target of customers' CNAMEs with CNAME access
	Proxied          bool   `json:"Proxied"`
	SiteID           int64  `json:"SiteId"`
	SiteName         string `json:"SiteName"`
	Comment          string `json:"Comment"`
	TTL              int64  `json:"Ttl"` // seconds; 1 is automatic
	CreateTime       string `json:"CreateTime"`
	UpdateTime       string `json:"UpdateTime"`
	Data             struct {
		Value string `json:"Value"`
	} `json:"Data"`
}

// ListRecordsInput selects records of one site.
type ListRecordsInput struct {
	SiteID          int64  // required
	RecordName      string // filter; "" is none
	RecordMatchType string // how RecordName is compared: exact (default), prefix, suffix, fuzzy
	Type            string // filter on the record's type; "" is none
	PageNumber      int    // from 1; 0 is 1
	PageSize        int    // 1 to MaxPageSize; 0 is ESA's default
}

// ListRecordsOutput is one page of records.
type ListRecordsOutput struct {
	Records    []Record
	PageNumber int
	PageSize   int
	TotalCount int
}

// ListRecords returns one page of a site's records.
func (c *Client) ListRecords(ctx context.Context, in ListRecordsInput) (*ListRecordsOutput, error) {
	p := params{}
	p.setID("SiteId", in.SiteID)
	p.set("RecordName", in.RecordName)
	p.set("RecordMatchType", in.RecordMatchType)
	p.set("Type", in.Type)
	p.setInt("PageNumber", in.PageNumber)
	p.setInt("PageSize", in.PageSize)
	return call[ListRecordsOutput](ctx, c, actionListRecords, p, nil)
}

// GetRecord returns a record, or an Error with CodeRecordNotFound.
func (c *Client) GetRecord(ctx context.Context, recordID int64) (*Record, error) {
	p := params{}
	p.setID("RecordId", recordID)
	out, err := call(ctx, c, actionGetRecord, p, func(out *getRecordOutput) error {
		if out.RecordModel == nil || out.RecordModel.RecordID != recordID {
			return malformed("it has no RecordModel of record %d", recordID)
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return out.RecordModel, nil
}

type getRecordOutput struct {
	RecordModel *Record
}
