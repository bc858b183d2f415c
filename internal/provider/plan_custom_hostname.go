package provider

import (
	"context"
	"fmt"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"terraform-provider-esa/internal/certcheck"
	"terraform-provider-esa/internal/esa"
)

// ValidateConfig checks combinations of arguments. It accepts unknown values, which are checked again during plan and
// apply.
func (r *customHostnameResource) ValidateConfig(ctx context.Context, req resource.ValidateConfigRequest, resp *resource.ValidateConfigResponse) {
	var config customHostnameModel
	resp.Diagnostics.Append(customHostnameShape().get(ctx, req.Config.Raw, req.Config.Get, &config)...)
	if resp.Diagnostics.HasError() {
		return
	}
	r.validate(&config, &resp.Diagnostics)
}

// validate is ValidateConfig without the framework.
func (r *customHostnameResource) validate(config *customHostnameModel, diags *diag.Diagnostics) {
	config.validateArguments(diags)
}

// certArgument is an argument of the certificate group, with its cert_type.
type certArgument struct {
	name     string
	value    attr.Value
	certType string
	required bool // whether that cert_type requires it
}

func (m *customHostnameModel) certArguments() []certArgument {
	return []certArgument{
		{"certificate", m.Certificate, esa.CertTypeUpload, true},
		{"private_key", m.PrivateKey, esa.CertTypeUpload, false},
		{"private_key_wo", m.PrivateKeyWO, esa.CertTypeUpload, false},
		{"private_key_wo_version", m.PrivateKeyWOVersion, esa.CertTypeUpload, false},
		{"cas_id", m.CasID, esa.CertTypeCAS, true},
		{"cas_region", m.CasRegion, esa.CertTypeCAS, false},
		{"certificate_apply_trigger", m.CertificateApplyTrigger, esa.CertTypeFree, false},
	}
}

func (m *customHostnameModel) validateArguments(diags *diag.Diagnostics) {
	switch {
	case m.SSLFlag.IsUnknown():
	case m.SSLFlag.ValueString() == esa.SSLOff:
		unneeded := append([]certArgument{{name: "cert_type", value: m.CertType}}, m.certArguments()...)
		for _, argument := range unneeded {
			if !argument.value.IsNull() {
				diags.AddAttributeError(path.Root(argument.name), "Invalid "+argument.name,
					fmt.Sprintf("%s cannot be set while ssl_flag is \"off\". Remove it, or set ssl_flag to \"on\".", argument.name))
			}
		}
		return
	case m.SSLFlag.ValueString() == esa.SSLOn && m.CertType.IsNull():
		diags.AddAttributeError(path.Root("cert_type"), "Missing cert_type",
			"With ssl_flag \"on\", cert_type must be \"free\", \"upload\" or \"cas\". Set it, or set ssl_flag to \"off\".")
	}
	if m.CertType.IsNull() || m.CertType.IsUnknown() {
		return
	}
	certType := m.CertType.ValueString()
	for _, argument := range m.certArguments() {
		switch {
		case argument.certType != certType && !argument.value.IsNull():
			diags.AddAttributeError(path.Root(argument.name), "Invalid "+argument.name,
				fmt.Sprintf("%s requires cert_type \"%s\", but cert_type is %s. Remove it, or change cert_type.", argument.name, argument.certType, quote(certType)))
		case argument.certType == certType && argument.required && argument.value.IsNull():
			diags.AddAttributeError(path.Root(argument.name), "Missing "+argument.name,
				fmt.Sprintf("cert_type \"%s\" requires %s. Set it, or change cert_type.", certType, argument.name))
		}
	}
}

// ModifyPlan completes a plan: it sets the default of cas_region, makes the attributes unknown that this change can
// alter in ESA, and checks that there is a key for a certificate to send.
func (r *customHostnameResource) ModifyPlan(ctx context.Context, req resource.ModifyPlanRequest, resp *resource.ModifyPlanResponse) {
	if req.Plan.Raw.IsNull() {
		return
	}
	var config, plan customHostnameModel
	var state *customHostnameModel
	resp.Diagnostics.Append(customHostnameShape().get(ctx, req.Config.Raw, req.Config.Get, &config)...)
	resp.Diagnostics.Append(customHostnameShape().get(ctx, req.Plan.Raw, req.Plan.Get, &plan)...)
	if !req.State.Raw.IsNull() {
		state = new(customHostnameModel)
		resp.Diagnostics.Append(customHostnameShape().get(ctx, req.State.Raw, req.State.Get, state)...)
	}
	if resp.Diagnostics.HasError() {
		return
	}
	if state != nil {
		var diags diag.Diagnostics
		state.memory, diags = recall(ctx, req.Private)
		resp.Diagnostics.Append(diags...)
	}
	r.complete(&config, &plan, state, &resp.Diagnostics)
	resp.Diagnostics.Append(customHostnameShape().set(ctx, &resp.Plan.Raw, resp.Plan.Set, &plan)...)
}

// complete completes a plan. state is nil for a new hostname.
func (r *customHostnameResource) complete(config, plan, state *customHostnameModel, diags *diag.Diagnostics) {
	plan.planCasRegion(config, state, r.casRegion())
	r.checkCasRegion(config, diags)
	sends := state == nil
	if state != nil {
		plan.planCertificate(state, diags)
		plan.planObserved(state)
		sends = changeOf(state, plan).certificate || replaces(state, plan)
	}
	if sends {
		config.requireKey(plan, state, diags)
	}
	if state != nil && state.memory.Refused != "" && plan.SSLFlag.ValueString() == esa.SSLOn {
		diags.AddAttributeWarning(path.Root("cert_type"), "Certificate not deployed yet",
			fmt.Sprintf("ESA created %s without its certificate (%s). Apply sends it again, in place.", state.thing(), clean(string(state.memory.Refused))))
	}
	config.checkCertificate(!sends, r.now(), diags)
}

// planCertificate keeps the certificate of the state if it is the same. A certificate that ESA does not return is assumed
// to be the configured one if it expires in the same second; otherwise every import would deploy it again.
func (m *customHostnameModel) planCertificate(state *customHostnameModel, diags *diag.Diagnostics) {
	if m.Certificate.sameAs(state.Certificate) {
		m.Certificate = state.Certificate
		return
	}
	if m.Certificate.IsNull() || m.Certificate.IsUnknown() || !state.Certificate.Equal(unseenCertificate()) {
		return
	}
	chain, err := certcheck.ParseCertificate(m.Certificate.ValueString())
	if err != nil || chain.Certificates[0].NotAfter.UTC().Format(time.RFC3339) != state.CertNotAfter.ValueString() {
		return
	}
	configured := m.Certificate
	m.Certificate = state.Certificate
	if changeOf(state, m).certificate {
		// Another value of the group is sent, and the certificate with it.
		m.Certificate = configured
		return
	}
	diags.AddAttributeWarning(path.Root("certificate"), "Deployed certificate not visible",
		fmt.Sprintf("ESA does not return the certificate of %s. It is assumed to be the configured one, as both expire at %s. "+
			"If they differ, set private_key_wo and change private_key_wo_version to send yours.", state.thing(), state.CertNotAfter.ValueString()))
}

// planCasRegion sets cas_region if it is not configured, and makes it unknown only if necessary.
func (m *customHostnameModel) planCasRegion(config, state *customHostnameModel, fallback string) {
	if !config.CasRegion.IsNull() {
		return
	}
	switch {
	case m.CertType.IsUnknown(), m.SSLFlag.IsUnknown():
		m.CasRegion = types.StringUnknown()
	case m.CertType.ValueString() != esa.CertTypeCAS:
		m.CasRegion = types.StringNull()
	case state != nil && !state.CasRegion.IsNull():
		m.CasRegion = state.CasRegion
	case fallback == "":
		m.CasRegion = types.StringUnknown()
	default:
		m.CasRegion = types.StringValue(fallback)
	}
}

// planObserved keeps the attributes that ESA sets, except for those that this change can alter.
func (m *customHostnameModel) planObserved(state *customHostnameModel) {
	m.ID = state.ID
	m.customHostnameObserved = state.customHostnameObserved

	var altered []*types.String
	change := changeOf(state, m)
	if change.record {
		altered = append(altered, &m.RecordName, &m.UpdateTime)
	}
	if change.certificate || change.apply {
		altered = append(altered, &m.CertID, &m.CertStatus, &m.CertNotAfter, &m.UpdateTime)
	}
	// Only an application for a free certificate has a result and a challenge.
	becomesFree := m.CertType.IsUnknown() || m.CertType.ValueString() == esa.CertTypeFree
	wasFree := state.CertType.ValueString() == esa.CertTypeFree
	if change.apply || change.certificate && (becomesFree || wasFree) {
		altered = append(altered, &m.CertApplyMessage)
		m.CertApplyCode = types.Int64Unknown()
	}
	if change.apply || change.certificate && becomesFree {
		altered = append(altered, &m.CertTXTKey, &m.CertTXTValue, &m.CertHTTPKey, &m.CertHTTPValue)
	}
	for _, text := range altered {
		*text = types.StringUnknown()
	}
}

// replaces reports whether the plan replaces the hostname.
func replaces(state, plan *customHostnameModel) bool {
	return !plan.SiteID.Equal(state.SiteID) || !plan.Hostname.Equal(state.Hostname)
}

// checkCasRegion returns an error if cas_region contradicts account_type.
func (r *customHostnameResource) checkCasRegion(config *customHostnameModel, diags *diag.Diagnostics) {
	if r.data == nil || r.data.accountSite == "" || config.CasRegion.IsNull() || config.CasRegion.IsUnknown() {
		return
	}
	if right := esa.CasRegion(r.data.accountSite); config.CasRegion.ValueString() != right {
		diags.AddAttributeError(path.Root("cas_region"), "Invalid cas_region",
			fmt.Sprintf("cas_region is %s, but the provider's account_type is %q, whose SSL Certificates Service is in %q. Remove cas_region, or correct account_type.",
				quote(config.CasRegion.ValueString()), r.data.accountSite, right))
	}
}

// requireKey adds an error if an uploaded certificate is to be sent without a key. Otherwise the configuration needs no
// key; imported and generated ones have none. state is nil for a new hostname.
func (m *customHostnameModel) requireKey(plan, state *customHostnameModel, diags *diag.Diagnostics) {
	if m.SSLFlag.ValueString() != esa.SSLOn || m.CertType.ValueString() != esa.CertTypeUpload ||
		!m.PrivateKey.IsNull() || !m.PrivateKeyWO.IsNull() {
		return
	}
	why, otherwise := whySent(plan, state)
	diags.AddAttributeError(path.Root("private_key_wo"), "Missing private key",
		why+"\n\nESA accepts a certificate only together with its key. "+otherwise+
			"To send the configured one, set private_key_wo, which is stored in neither plan nor state, or private_key. If private_key_wo is in the configuration, its value is null in this run: set the variable that it refers to.")
}

// whySent returns why a plan sends an uploaded certificate, and the alternative to sending it, if any.
func whySent(plan, state *customHostnameModel) (why, otherwise string) {
	if state == nil {
		return fmt.Sprintf("This plan creates %s with a certificate.", plan.thing()), ""
	}
	about := state.thing()
	switch {
	case replaces(state, plan):
		return fmt.Sprintf("This plan replaces %s, as site_id or hostname changes. The certificate must be sent for the new hostname.", about), ""
	case state.memory.Refused != "":
		return fmt.Sprintf("ESA created %s without its certificate (%s). This plan sends it again.", about, clean(string(state.memory.Refused))), ""
	case !plan.SSLFlag.Equal(state.SSLFlag):
		return fmt.Sprintf("This plan turns on SSL for %s, with a certificate.", about), ""
	case !plan.CertType.Equal(state.CertType):
		return fmt.Sprintf("This plan changes the cert_type of %s from %s to \"upload\".", about, quote(state.CertType.ValueString())), ""
	case plan.Certificate.IsUnknown():
		return fmt.Sprintf("The certificate of %s is known only after apply, so this plan may send a different one than is deployed.", about), ""
	case !plan.Certificate.sameAs(state.Certificate):
		who := "According to the state, the configuration has changed."
		if exchanged := state.memory.Exchanged; exchanged != "" && fingerprint(plan.Certificate) == exchanged {
			who = "The configured one was deployed before: it was changed outside Terraform."
		}
		return fmt.Sprintf("The deployed certificate of %s is not the configured one:\n\n  deployed:   %s\n  configured: %s\n\n%s",
				about, describeCertificate(state.Certificate), describeCertificate(plan.Certificate), who),
			"To keep the deployed one, set certificate to it (the data source esa_custom_hostname returns it); that needs no key. "
	case !plan.PrivateKeyWOVersion.Equal(state.PrivateKeyWOVersion):
		before := "none"
		if !state.PrivateKeyWOVersion.IsNull() {
			before = fmt.Sprint(state.PrivateKeyWOVersion.ValueInt64())
		}
		return fmt.Sprintf("private_key_wo_version of %s changes from %s to %s, which sends the certificate again.", about, before, plan.PrivateKeyWOVersion),
			"To send nothing, restore the previous private_key_wo_version. "
	}
	return fmt.Sprintf("This plan sends the certificate of %s.", about), ""
}

// describeCertificate identifies a certificate in one line.
func describeCertificate(v pemValue) string {
	if v.ValueString() == "" {
		return "not known"
	}
	info, err := certcheck.Describe(v.ValueString())
	if err != nil {
		return "cannot be read"
	}
	return fmt.Sprintf("serial %s, issuer %s, expires %s", info.SerialNumber, clean(info.Issuer), info.NotAfter.Format(time.RFC3339))
}
