package esa

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
)

// Values of a custom hostname's fields that the code uses. ESA may return others.
const (
	SSLOn  = "on"
	SSLOff = "off"

	CertTypeFree   = "free"
	CertTypeUpload = "upload"
	CertTypeCAS    = "cas"

	StatusPending     = "pending"
	StatusActive      = "active"
	StatusConflicted  = "conflicted"
	StatusOffline     = "offline"
	StatusConfiguring = "configuring"
)

// ConflictWithHostname is the ConflictWith of a hostname whose name another custom hostname has.
const ConflictWithHostname = "existing_custom_hostname"

// The ways in which ListCustomHostnames compares Hostname.
const (
	NameMatchExact  = "exact"
	NameMatchPrefix = "prefix"
	NameMatchSuffix = "suffix"
	NameMatchFuzzy  = "fuzzy"
)

// MaxPageSize is the largest page of ListCustomHostnames, ListSites and ListRecords.
const MaxPageSize = 500

// All seven use POST, as in Alibaba Cloud's own SDK.
var (
	actionCreateCustomHostname           = action{"CreateCustomHostname", http.MethodPost, true}
	actionGetCustomHostname              = action{"GetCustomHostname", http.MethodPost, false}
	actionListCustomHostnames            = action{"ListCustomHostnames", http.MethodPost, false}
	actionUpdateCustomHostname           = action{"UpdateCustomHostname", http.MethodPost, true}
	actionDeleteCustomHostname           = action{"DeleteCustomHostname", http.MethodPost, true}
	actionVerifyCustomHostname           = action{"VerifyCustomHostname", http.MethodPost, true}
	actionApplyCustomHostnameCertificate = action{"ApplyCustomHostnameCertificate", http.MethodPost, true}
)

// Secret is a text that formatting, logging and JSON hide.
type Secret string

const redacted = "(secret)"

// String hides the secret from %s and %v.
func (Secret) String() string { return redacted }

// GoString hides the secret from %#v.
func (Secret) GoString() string { return redacted }

// Format hides the secret from every other verb.
func (Secret) Format(f fmt.State, _ rune) { _, _ = f.Write([]byte(redacted)) }

// MarshalJSON hides the secret from encoding/json.
func (Secret) MarshalJSON() ([]byte, error) { return []byte(`"` + redacted + `"`), nil }

// LogValue hides the secret from log/slog.
func (Secret) LogValue() slog.Value { return slog.StringValue(redacted) }

// CustomHostname is a custom hostname as GetCustomHostname and ListCustomHostnames return it. Get also returns the
// private key of an uploaded certificate. There is deliberately no field for it. Neither returns CasRegion. Times are
// UTC, yyyy-MM-ddTHH:mm:ssZ.
type CustomHostname struct {
	HostnameID int64  `json:"HostnameId"`
	Hostname   string `json:"Hostname"` // canonical; see CanonicalName
	SiteID     int64  `json:"SiteId"`
	SiteName   string `json:"SiteName"`
	RecordID   int64  `json:"RecordId"`
	RecordName string `json:"RecordName"`

	Status        string `json:"Status"`        // pending, active, conflicted, offline, configuring
	OfflineReason string `json:"OfflineReason"` // why it is offline
	ConflictWith  string `json:"ConflictWith"`  // what has the name of a conflicted one, such as ConflictWithHostname
	VerifyHost    string `json:"VerifyHost"`    // name of the TXT record that proves ownership
	VerifyCode    string `json:"VerifyCode"`    // its content

	SSLFlag          string `json:"SslFlag"`      // on, off
	CertType         string `json:"CertType"`     // free, upload, cas; may stay set with SSL off
	CertStatus       string `json:"CertStatus"`   // OK, Applying, ApplyFailed, Expiring, Expired
	CertNotAfter     string `json:"CertNotAfter"` // expiry
	CertApplyCode    *int64 `json:"CertApplyCode"`
	CertApplyMessage string `json:"CertApplyMessage"`
	CertTXTKey       string `json:"CertTxtKey"`    // DNS validation of a free certificate: name of the TXT record
	CertTXTValue     string `json:"CertTxtValue"`  // its content
	CertHTTPKey      string `json:"CertHttpKey"`   // HTTP validation of a free certificate: URL
	CertHTTPValue    string `json:"CertHttpValue"` // the body to serve there

	// Only GetCustomHostname returns the following.
	CasID       int64  `json:"CasId"`       // certificate in SSL Certificates Service; 0 if unused
	CertID      string `json:"CertId"`      // ESA's id of the deployed certificate
	Certificate string `json:"Certificate"` // PEM

	CreateTime string `json:"CreateTime"`
	UpdateTime string `json:"UpdateTime"`
}

// Certificate is the certificate group of CreateCustomHostname and UpdateCustomHostname. It is sent as a whole: Type
// free has no other fields; upload requires Certificate and PrivateKey; cas requires CasID and CasRegion.
type Certificate struct {
	Type        string // free, upload, cas
	Certificate string // PEM, leaf first
	PrivateKey  Secret // PEM
	CasID       int64
	CasRegion   string // cn-hangzhou or ap-southeast-1, the account's site
}

func (c *Certificate) addTo(p params) {
	if c == nil {
		return
	}
	p.set("CertType", c.Type)
	p.set("Certificate", c.Certificate)
	p.set("PrivateKey", string(c.PrivateKey))
	p.setID("CasId", c.CasID)
	p.set("CasRegion", c.CasRegion)
}

// GetCustomHostname returns a custom hostname, or an Error with CodeCustomHostnameNotFound.
func (c *Client) GetCustomHostname(ctx context.Context, hostnameID int64) (*CustomHostname, error) {
	p := params{}
	p.setID("HostnameId", hostnameID)
	out, err := call(ctx, c, actionGetCustomHostname, p, func(out *getCustomHostnameOutput) error {
		switch {
		case out.CustomHostnameModel == nil:
			return malformed("it has no CustomHostnameModel")
		case out.CustomHostnameModel.HostnameID != hostnameID:
			return malformed("it describes hostname id %d", out.CustomHostnameModel.HostnameID)
		}
		out.CustomHostnameModel.Hostname = CanonicalName(out.CustomHostnameModel.Hostname)
		return nil
	})
	if err != nil {
		return nil, err
	}
	c.KnowPlace(hostnameID, out.CustomHostnameModel.SiteID, out.CustomHostnameModel.RecordID)
	return out.CustomHostnameModel, nil
}

// KnowPlace records the site and the record of a hostname, whose turns writes to it have to take. The client also records
// them for every hostname that it reads or writes.
func (c *Client) KnowPlace(hostnameID, siteID, recordID int64) {
	c.turns.know(hostnameID, place{siteID, recordID})
}

type getCustomHostnameOutput struct {
	CustomHostnameModel *CustomHostname
}

func (out *getCustomHostnameOutput) texts() []*string { return out.CustomHostnameModel.texts() }

func (out *ListCustomHostnamesOutput) texts() (all []*string) {
	for i := range out.Hostnames {
		all = append(all, out.Hostnames[i].texts()...)
	}
	return all
}

func (h *CustomHostname) texts() []*string {
	if h == nil {
		return nil
	}
	return []*string{&h.OfflineReason, &h.ConflictWith, &h.CertApplyMessage}
}

// ListCustomHostnamesInput selects custom hostnames of one site.
type ListCustomHostnamesInput struct {
	SiteID        int64  // required
	RecordID      int64  // filter; 0 is none
	Hostname      string // filter; "" is none
	NameMatchType string // how Hostname is compared; "" is exact
	Status        string // filter; "" is none
	PageNumber    int    // from 1; 0 is 1
	PageSize      int    // 1 to MaxPageSize; 0 is ESA's default
}

// ListCustomHostnamesOutput is one page of custom hostnames. CasID, CertID and Certificate are empty.
type ListCustomHostnamesOutput struct {
	Hostnames  []CustomHostname
	PageNumber int
	PageSize   int
	TotalCount *int // matching hostnames on all pages; never nil in a response
}

// ListCustomHostnames returns one page of a site's custom hostnames.
func (c *Client) ListCustomHostnames(ctx context.Context, in ListCustomHostnamesInput) (*ListCustomHostnamesOutput, error) {
	p := params{}
	p.setID("SiteId", in.SiteID)
	p.setID("RecordId", in.RecordID)
	p.set("Hostname", in.Hostname)
	p.set("NameMatchType", in.NameMatchType)
	p.set("Status", in.Status)
	p.setInt("PageNumber", in.PageNumber)
	p.setInt("PageSize", in.PageSize)
	return call(ctx, c, actionListCustomHostnames, p, func(out *ListCustomHostnamesOutput) error {
		if out.TotalCount == nil {
			return malformed("it has no TotalCount")
		}
		for i := range out.Hostnames {
			hostname := &out.Hostnames[i]
			if hostname.HostnameID <= 0 {
				return malformed("it lists a hostname without an id")
			}
			hostname.Hostname = CanonicalName(hostname.Hostname)
		}
		return nil
	})
}

// FindCustomHostnames returns a site's custom hostnames of exactly this name: usually one, or none. If it finds none by
// A-labels, it searches by U-labels, as it is not documented which of them ESA compares.
func (c *Client) FindCustomHostnames(ctx context.Context, siteID int64, hostname string) ([]CustomHostname, error) {
	hostname = CanonicalName(hostname)
	found, err := c.findByName(ctx, siteID, hostname)
	if text := unicodeName(hostname); err == nil && len(found) == 0 && text != hostname {
		return c.findByName(ctx, siteID, text)
	}
	return found, err
}

func (c *Client) findByName(ctx context.Context, siteID int64, hostname string) ([]CustomHostname, error) {
	page, err := c.ListCustomHostnames(ctx, ListCustomHostnamesInput{
		SiteID: siteID, Hostname: hostname, NameMatchType: NameMatchExact, PageSize: MaxPageSize,
	})
	if err != nil {
		return nil, err
	}
	var found []CustomHostname
	for _, candidate := range page.Hostnames {
		// How ESA's filter compares exactly is not documented.
		if NameMatches(candidate.Hostname, hostname, NameMatchExact) {
			found = append(found, candidate)
		}
	}
	return found, nil
}

// UpdateCustomHostnameInput describes a change of a custom hostname. Empty fields stay unchanged.
type UpdateCustomHostnameInput struct {
	HostnameID int64  // required
	RecordID   int64  // 0 keeps the record
	SSLFlag    string // "" keeps SSL and the certificate; on requires Certificate; off forbids it
	// Certificate is the complete certificate group; nil keeps it.
	Certificate *Certificate
}

// UpdateCustomHostname changes a custom hostname in place.
func (c *Client) UpdateCustomHostname(ctx context.Context, in UpdateCustomHostnameInput) error {
	defer c.pageIndex.writing(in.HostnameID)()
	p := params{}
	p.setID("HostnameId", in.HostnameID)
	p.setID("RecordId", in.RecordID)
	p.set("SslFlag", in.SSLFlag)
	in.Certificate.addTo(p)
	_, err := call[struct{}](ctx, c, actionUpdateCustomHostname, p, nil)
	if err == nil {
		c.KnowPlace(in.HostnameID, 0, in.RecordID)
	}
	return err
}

// DeleteCustomHostname deletes a custom hostname. If it does not exist, it returns an Error with
// CodeCustomHostnameNotFound. After an unclear attempt, this call itself may have deleted the hostname.
func (c *Client) DeleteCustomHostname(ctx context.Context, hostnameID int64) error {
	defer c.pageIndex.writing(hostnameID)()
	p := params{}
	p.setID("HostnameId", hostnameID)
	_, err := call[struct{}](ctx, c, actionDeleteCustomHostname, p, nil)
	return err
}

// VerifyCustomHostname makes ESA check ownership now. ESA reports a check that did not pass either with Passed=false or
// with the code CustomHostname.VerifyUnpassed. VerifyCustomHostname returns false without an error for both.
func (c *Client) VerifyCustomHostname(ctx context.Context, hostnameID int64) (passed bool, err error) {
	defer c.pageIndex.writing(hostnameID)()
	p := params{}
	p.setID("HostnameId", hostnameID)
	out, err := call[verifyCustomHostnameOutput](ctx, c, actionVerifyCustomHostname, p, nil)
	if IsCode(err, CodeCustomHostnameUnpassed) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	return out.Passed, nil
}

type verifyCustomHostnameOutput struct {
	Passed bool
}

// ApplyCustomHostnameCertificate applies for a new free certificate. ESA accepts that in the states of CanApply, and may
// refuse it in others. An earlier attempt of this call whose response was lost may have changed the state. So a refusal is
// no error if the certificate is OK or Applying.
func (c *Client) ApplyCustomHostnameCertificate(ctx context.Context, hostnameID int64) error {
	defer c.pageIndex.writing(hostnameID)()
	p := params{}
	p.setID("HostnameId", hostnameID)
	mayHaveRun := false
	err := c.repeat(ctx, func(attempt int) (error, bool) {
		err := c.try(ctx, actionApplyCustomHostnameCertificate, attempt, p, new(struct{}), func() error { return nil })
		outcome := classify(err)
		mayHaveRun = mayHaveRun || outcome == unclear
		return err, outcome != final
	})
	if err == nil || !mayHaveRun && !IsApplyRefused(err) {
		return err
	}
	hostname, lookErr := c.GetCustomHostname(ctx, hostnameID)
	if lookErr == nil && (hostname.CertStatus == CertStatusApplying || hostname.CertStatus == CertStatusOK) {
		return nil
	}
	return err
}

// IsApplyRefused reports whether ESA refused an application because of the certificate's state. Which code that has is not
// documented.
func IsApplyRefused(err error) bool {
	return IsCode(err, CodeInvalidParameter, CodeApplyNotAllowed)
}
