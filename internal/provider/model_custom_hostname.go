package provider

import (
	"slices"
	"sync"

	"github.com/hashicorp/terraform-plugin-framework-timeouts/resource/timeouts"
	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"terraform-provider-esa/internal/certcheck"
	"terraform-provider-esa/internal/esa"
)

// customHostnameModel is the configuration, plan or state of esa_custom_hostname.
type customHostnameModel struct {
	ID       types.String `tfsdk:"id"`
	SiteID   types.String `tfsdk:"site_id"`
	Hostname types.String `tfsdk:"hostname"`
	RecordID types.String `tfsdk:"record_id"`
	SSLFlag  types.String `tfsdk:"ssl_flag"`

	CertType                types.String `tfsdk:"cert_type"`
	Certificate             pemValue     `tfsdk:"certificate"`
	PrivateKey              types.String `tfsdk:"private_key"`
	PrivateKeyWO            types.String `tfsdk:"private_key_wo"`
	PrivateKeyWOVersion     types.Int64  `tfsdk:"private_key_wo_version"`
	CasID                   types.String `tfsdk:"cas_id"`
	CasRegion               types.String `tfsdk:"cas_region"`
	CertificateApplyTrigger types.String `tfsdk:"certificate_apply_trigger"`

	customHostnameObserved

	Timeouts timeouts.Value `tfsdk:"timeouts"`

	memory memory              // of a state
	actual *esa.CustomHostname // the result of a refresh
}

// customHostnameShape converts the model.
var customHostnameShape = sync.OnceValue(func() *shape[customHostnameModel] {
	return shapeOf[customHostnameModel](newCustomHostnameResource())
})

// customHostnameObserved are the attributes that ESA sets.
type customHostnameObserved struct {
	customHostnameListed
	CertID types.String `tfsdk:"cert_id"`
}

// customHostnameListed are the attributes that ESA sets and that its lists include.
type customHostnameListed struct {
	SiteName         types.String `tfsdk:"site_name"`
	RecordName       types.String `tfsdk:"record_name"`
	Status           types.String `tfsdk:"status"`
	OfflineReason    types.String `tfsdk:"offline_reason"`
	ConflictWith     types.String `tfsdk:"conflict_with"`
	VerifyHost       types.String `tfsdk:"verify_host"`
	VerifyCode       types.String `tfsdk:"verify_code"`
	CertStatus       types.String `tfsdk:"cert_status"`
	CertNotAfter     types.String `tfsdk:"cert_not_after"`
	CertApplyCode    types.Int64  `tfsdk:"cert_apply_code"`
	CertApplyMessage types.String `tfsdk:"cert_apply_message"`
	CertTXTKey       types.String `tfsdk:"cert_txt_key"`
	CertTXTValue     types.String `tfsdk:"cert_txt_value"`
	CertHTTPKey      types.String `tfsdk:"cert_http_key"`
	CertHTTPValue    types.String `tfsdk:"cert_http_value"`
	CreateTime       types.String `tfsdk:"create_time"`
	UpdateTime       types.String `tfsdk:"update_time"`
}

const certApplyCodeDescription = "ESA's error code of the last application for a free certificate (CertApplyCode)."

// observedDescriptions are the descriptions of the other attributes that ESA sets, for resources and data sources.
var observedDescriptions = map[string]string{
	"site_name":          "The site's name (SiteName), such as `example.com`.",
	"record_name":        "Name of the record that serves the hostname (RecordName), such as `origin.example.com`. With NS access, the customer's CNAME points at it.",
	"status":             "State of the hostname (Status): `pending` (ownership not verified yet), `configuring`, `active`, `conflicted` or `offline`.",
	"offline_reason":     "Why the hostname is offline (OfflineReason), such as `missing_icp`.",
	"conflict_with":      "What occupies the name of a conflicted hostname (ConflictWith), such as `existing_site`.",
	"verify_host":        "Name of the TXT record that proves ownership (VerifyHost), a full domain name.",
	"verify_code":        "Content of the TXT record `verify_host` (VerifyCode).",
	"cert_id":            "ESA's id of the deployed certificate (CertId).",
	"cert_status":        "State of the certificate (CertStatus): `OK`, `Applying`, `ApplyFailed`, `Expiring` or `Expired`.",
	"cert_not_after":     "When the certificate expires (CertNotAfter), UTC.",
	"cert_apply_message": "ESA's message about the last application for a free certificate (CertApplyMessage).",
	"cert_txt_key":       "Name of the TXT record that validates a free certificate (CertTxtKey), a full domain name. ESA returns it once ownership is verified.",
	"cert_txt_value":     "Content of the TXT record `cert_txt_key` (CertTxtValue).",
	"cert_http_key":      "URL that validates a free certificate instead of the TXT record (CertHttpKey).",
	"cert_http_value":    "Body to serve at `cert_http_key` (CertHttpValue).",
	"create_time":        "When the hostname was created (CreateTime), UTC.",
	"update_time":        "When the hostname was last changed (UpdateTime), UTC.",
}

// describeKept returns the description of an attribute in a resource. Unlike data sources, resources keep tokens.
func describeKept(name string) string {
	description := observedDescriptions[name]
	if slices.Contains([]string{"verify_host", "verify_code", "cert_txt_key", "cert_txt_value", "cert_http_key", "cert_http_value"}, name) {
		description += " Kept when ESA no longer returns it."
	}
	return description
}

// observe sets the attributes from h. Tokens are kept if ESA returns none: DNS records are made of them, and must not
// change once a check has passed.
func (o *customHostnameObserved) observe(h *esa.CustomHostname) {
	o.customHostnameListed.observe(h)
	o.CertID = textOrNull(h.CertID)
}

func (o *customHostnameListed) observe(h *esa.CustomHostname) {
	*o = customHostnameListed{
		SiteName:         textOrNull(h.SiteName),
		RecordName:       textOrNull(h.RecordName),
		Status:           textOrNull(h.Status),
		OfflineReason:    textOrNull(h.OfflineReason),
		ConflictWith:     textOrNull(h.ConflictWith),
		VerifyHost:       sticky(o.VerifyHost, h.VerifyHost),
		VerifyCode:       sticky(o.VerifyCode, h.VerifyCode),
		CertStatus:       textOrNull(h.CertStatus),
		CertNotAfter:     textOrNull(h.CertNotAfter),
		CertApplyCode:    types.Int64PointerValue(h.CertApplyCode),
		CertApplyMessage: textOrNull(h.CertApplyMessage),
		CertTXTKey:       sticky(o.CertTXTKey, h.CertTXTKey),
		CertTXTValue:     sticky(o.CertTXTValue, h.CertTXTValue),
		CertHTTPKey:      sticky(o.CertHTTPKey, h.CertHTTPKey),
		CertHTTPValue:    sticky(o.CertHTTPValue, h.CertHTTPValue),
		CreateTime:       textOrNull(h.CreateTime),
		UpdateTime:       textOrNull(h.UpdateTime),
	}
}

// texts returns all attributes except for cert_apply_code, in a fixed order.
func (o *customHostnameObserved) texts() []*types.String {
	return []*types.String{
		&o.SiteName, &o.RecordName, &o.Status, &o.OfflineReason, &o.ConflictWith, &o.VerifyHost, &o.VerifyCode,
		&o.CertID, &o.CertStatus, &o.CertNotAfter, &o.CertApplyMessage,
		&o.CertTXTKey, &o.CertTXTValue, &o.CertHTTPKey, &o.CertHTTPValue, &o.CreateTime, &o.UpdateTime,
	}
}

// fillUnknown sets unknown attributes from other. Known ones keep their planned values, even if those have changed in ESA
// since: the next refresh shows that.
func (o *customHostnameObserved) fillUnknown(other customHostnameObserved) {
	others := other.texts()
	for i, text := range o.texts() {
		if text.IsUnknown() {
			*text = *others[i]
		}
	}
	if o.CertApplyCode.IsUnknown() {
		o.CertApplyCode = other.CertApplyCode
	}
}

// nullUnknown sets unknown attributes to null, for a state that is saved before it is complete.
func (o *customHostnameObserved) nullUnknown() {
	o.fillUnknown(customHostnameObserved{})
}

// isUnread reports whether a state was saved by a create whose reads failed. A state to import has no record.
func (m *customHostnameModel) isUnread() bool {
	return !m.RecordID.IsNull() && m.Status.IsNull() && m.CreateTime.IsNull()
}

// identity returns the identity of the hostname.
func (m *customHostnameModel) identity() customHostnameIdentity {
	return customHostnameIdentity{HostnameID: m.ID, SiteID: m.SiteID, Hostname: m.Hostname}
}

// thing returns the name of the hostname in messages.
func (m *customHostnameModel) thing() thing {
	return thing{hostname: m.Hostname.ValueString(), siteID: m.SiteID.ValueString(), hostnameID: m.ID.ValueString()}
}

// fromAPI updates a state. An argument changes only if ESA's value has another meaning, not if it is only written
// differently. defaultCasRegion is used for the region, which ESA does not return.
func (m *customHostnameModel) fromAPI(h *esa.CustomHostname, defaultCasRegion string) {
	m.observe(h)
	m.ID = types.StringValue(formatID(h.HostnameID))
	m.SiteID = types.StringValue(formatID(h.SiteID))
	m.RecordID = types.StringValue(formatID(h.RecordID))
	m.SSLFlag = types.StringValue(h.SSLFlag)
	// The name of an id never changes, so a different value is only written differently.
	if m.Hostname.IsNull() {
		m.Hostname = types.StringValue(h.Hostname)
	}
	// With SSL off, ESA still returns the last certificate, which is no drift.
	if h.SSLFlag != esa.SSLOff {
		m.certificateFromAPI(h, defaultCasRegion)
	}
}

// certificateFromAPI updates the certificate group of a hostname whose SSL is on. ESA does not change private_key and
// private_key_wo_version.
func (m *customHostnameModel) certificateFromAPI(h *esa.CustomHostname, defaultCasRegion string) {
	if h.CertType != "" {
		m.CertType = types.StringValue(h.CertType)
	}
	switch {
	case h.CertType != esa.CertTypeUpload:
		// The certificate of a free or cas hostname is not an argument.
		m.Certificate = newPEMNull()
	case certcheck.Same(h.Certificate, h.Certificate):
		if reported := newPEM(h.Certificate); !m.Certificate.sameAs(reported) {
			m.Certificate = reported
		}
	case m.Certificate.IsNull():
		m.Certificate = unseenCertificate()
	}
	if h.CertType != esa.CertTypeCAS {
		m.CasID, m.CasRegion = types.StringNull(), types.StringNull()
		return
	}
	if h.CasID != 0 {
		m.CasID = types.StringValue(formatID(h.CasID))
	}
	if m.CasRegion.IsNull() {
		m.CasRegion = textOrNull(defaultCasRegion)
	}
}

// unseenCertificate is the state of an imported certificate that ESA does not return, until this provider sends one. The
// documentation says that ESA returns it, but no one has confirmed that. If it does not, null would make every import of an
// uploaded certificate require its key and deploy it again: Terraform lets a plan keep the old value of an argument only if
// that is not null.
func unseenCertificate() pemValue { return newPEM("") }

// known returns the hostname of a state, to decide whether a list is enough to refresh it. With an invalid id, it is
// read by Get.
func (m *customHostnameModel) known(id int64) esa.CustomHostname {
	siteID, _ := parseID(m.SiteID.ValueString())
	casID, _ := parseID(m.CasID.ValueString())
	return esa.CustomHostname{
		HostnameID: id, SiteID: siteID, UpdateTime: m.UpdateTime.ValueString(),
		SSLFlag: m.SSLFlag.ValueString(), CertType: m.CertType.ValueString(),
		CertStatus: m.CertStatus.ValueString(), CertNotAfter: m.CertNotAfter.ValueString(),
		CasID: casID, CertID: m.CertID.ValueString(), Certificate: m.Certificate.ValueString(),
	}
}

// notStuck returns the arguments whose values in ESA differ from the plan. Those that ESA does not return are assumed to
// be as planned.
func (m *customHostnameModel) notStuck(h *esa.CustomHostname) (names []string) {
	reported := *m
	reported.fromAPI(h, "")
	for _, argument := range []struct {
		name string
		same bool
	}{
		{"record_id", m.RecordID.Equal(reported.RecordID)},
		{"ssl_flag", m.SSLFlag.Equal(reported.SSLFlag)},
		{"cert_type", m.CertType.Equal(reported.CertType)},
		{"certificate", m.Certificate.sameAs(reported.Certificate)},
		{"cas_id", m.CasID.Equal(reported.CasID)},
	} {
		if !argument.same {
			names = append(names, argument.name)
		}
	}
	return names
}

// toCreate returns the CreateCustomHostname call for a plan.
func (m *customHostnameModel) toCreate(key esa.Secret, diags *diag.Diagnostics) esa.CreateCustomHostnameInput {
	in := esa.CreateCustomHostnameInput{
		SiteID:   readID("site_id", m.SiteID.ValueString(), diags),
		Hostname: m.Hostname.ValueString(),
		RecordID: readID("record_id", m.RecordID.ValueString(), diags),
		SSLFlag:  m.SSLFlag.ValueString(),
	}
	if in.SSLFlag == esa.SSLOn {
		in.Certificate = m.toCertificate(key, diags)
	}
	return in
}

// toUpdate returns the smallest UpdateCustomHostname call from state to the plan m, and whether one is needed.
func (m *customHostnameModel) toUpdate(state *customHostnameModel, key esa.Secret, diags *diag.Diagnostics) (in esa.UpdateCustomHostnameInput, needed bool) {
	in.HostnameID = readID("id", state.ID.ValueString(), diags)
	change := changeOf(state, m)
	if change.record {
		in.RecordID = readID("record_id", m.RecordID.ValueString(), diags)
	}
	if change.certificate {
		in.SSLFlag = m.SSLFlag.ValueString()
		if in.SSLFlag == esa.SSLOn {
			in.Certificate = m.toCertificate(key, diags)
		}
	}
	return in, change.record || change.certificate
}

// toCertificate returns the complete certificate group. ESA may not accept parts of it.
func (m *customHostnameModel) toCertificate(key esa.Secret, diags *diag.Diagnostics) *esa.Certificate {
	group := &esa.Certificate{Type: m.CertType.ValueString()}
	switch group.Type {
	case esa.CertTypeUpload:
		group.Certificate, group.PrivateKey = m.toPEM(key, diags)
	case esa.CertTypeCAS:
		group.CasID, group.CasRegion = readID("cas_id", m.CasID.ValueString(), diags), m.CasRegion.ValueString()
	}
	return group
}

// toPEM returns certificate and key in a form that every server accepts. Configurations may indent PEM and contain text
// around it. After an earlier error, nothing is sent.
func (m *customHostnameModel) toPEM(key esa.Secret, diags *diag.Diagnostics) (certificate string, private esa.Secret) {
	if diags.HasError() {
		return "", ""
	}
	chain, err := certcheck.ParseCertificate(m.Certificate.ValueString())
	if err != nil {
		diags.AddAttributeError(path.Root("certificate"), "Unable to send certificate", err.Error())
		return "", ""
	}
	canonical, err := certcheck.PrivateKeyPEM(string(key))
	if err != nil {
		diags.AddAttributeError(path.Root(m.keyArgument()), "Unable to send private key", err.Error())
		return "", ""
	}
	return chain.PEM(), esa.Secret(canonical)
}

// keyArgument returns the argument with the private key.
func (m *customHostnameModel) keyArgument() string {
	if m.PrivateKey.IsNull() {
		return "private_key_wo"
	}
	return "private_key"
}

// change is the difference between a state and a plan.
type change struct {
	record      bool // the record
	certificate bool // SSL or anything of the certificate group
	trigger     bool // certificate_apply_trigger has a new value
	apply       bool // as trigger, and the state allows an application
}

// changeOf compares a state and a plan. An unknown value counts as changed.
func changeOf(state, plan *customHostnameModel) change {
	differs := func(old, now attr.Value) bool { return !now.Equal(old) }
	// Removing a key or version from the configuration sends nothing.
	appears := func(old, now attr.Value) bool { return !now.IsNull() && differs(old, now) }

	c := change{
		record:  differs(state.RecordID, plan.RecordID),
		trigger: appears(state.CertificateApplyTrigger, plan.CertificateApplyTrigger),
	}
	if c.trigger {
		known := state.known(0)
		c.apply = known.CanApply()
	}
	c.certificate = differs(state.SSLFlag, plan.SSLFlag)
	if plan.SSLFlag.ValueString() != esa.SSLOff {
		c.certificate = c.certificate || state.memory.Refused != "" ||
			differs(state.CertType, plan.CertType) ||
			!plan.Certificate.sameAs(state.Certificate) ||
			appears(state.PrivateKey, plan.PrivateKey) ||
			appears(state.PrivateKeyWOVersion, plan.PrivateKeyWOVersion) ||
			differs(state.CasID, plan.CasID) ||
			differs(state.CasRegion, plan.CasRegion)
	}
	return c
}

// sticky returns a token from ESA, or the old one if ESA returned none.
func sticky(old types.String, now string) types.String {
	if now == "" && !old.IsUnknown() {
		return old
	}
	return textOrNull(now)
}

func textOrNull(text string) types.String {
	if text == "" {
		return types.StringNull()
	}
	return types.StringValue(text)
}
