package provider

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/hashicorp/terraform-plugin-framework-timeouts/resource/timeouts"
	"github.com/hashicorp/terraform-plugin-framework-validators/int64validator"
	"github.com/hashicorp/terraform-plugin-framework-validators/stringvalidator"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/resource/identityschema"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/planmodifier"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/stringplanmodifier"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"
	"github.com/hashicorp/terraform-plugin-log/tflog"

	"terraform-provider-esa/internal/esa"
)

var (
	_ resource.ResourceWithConfigure      = &customHostnameResource{}
	_ resource.ResourceWithIdentity       = &customHostnameResource{}
	_ resource.ResourceWithImportState    = &customHostnameResource{}
	_ resource.ResourceWithModifyPlan     = &customHostnameResource{}
	_ resource.ResourceWithValidateConfig = &customHostnameResource{}
)

// Default time limits; the timeouts block overrides them.
const (
	defaultCreateTimeout = 20 * time.Minute
	defaultReadTimeout   = 5 * time.Minute
	defaultUpdateTimeout = 10 * time.Minute
	defaultDeleteTimeout = 10 * time.Minute
)

// customHostnameResource is the resource esa_custom_hostname.
type customHostnameResource struct {
	configured
}

func newCustomHostnameResource() resource.Resource { return &customHostnameResource{} }

// Metadata sets the name of the resource.
func (r *customHostnameResource) Metadata(_ context.Context, req resource.MetadataRequest, resp *resource.MetadataResponse) {
	resp.TypeName = req.ProviderTypeName + "_custom_hostname"
}

// IdentitySchema describes the identity of a custom hostname.
func (r *customHostnameResource) IdentitySchema(_ context.Context, _ resource.IdentitySchemaRequest, resp *resource.IdentitySchemaResponse) {
	resp.IdentitySchema = identityschema.Schema{
		Attributes: map[string]identityschema.Attribute{
			"hostname_id": identityschema.StringAttribute{
				OptionalForImport: true,
				Description:       "The hostname's id. Sufficient on its own.",
			},
			"site_id": identityschema.StringAttribute{
				OptionalForImport: true,
				Description:       "The site's id. Required with hostname.",
			},
			"hostname": identityschema.StringAttribute{
				OptionalForImport: true,
				Description:       "The domain name. Required with site_id.",
			},
		},
	}
}

// Schema describes the resource.
func (r *customHostnameResource) Schema(ctx context.Context, _ resource.SchemaRequest, resp *resource.SchemaResponse) {
	resp.Schema = schema.Schema{
		MarkdownDescription: "Manages a custom hostname (ESA also calls it a *SaaS domain name*): a customer's own domain in front of a record of an ESA site, " +
			"with the certificate that it serves.\n\n" +
			"Changes are made in place, except for `site_id` and `hostname`. Each update is one UpdateCustomHostname call that sends only what changed. " +
			"Each create counts against ESA's limit of 100 CreateCustomHostname calls per user and hour.\n\n" +
			"If ESA creates a hostname without its certificate, the hostname is saved with a warning, and the next apply sends the certificate again, in place. " +
			"The resource does not wait for the domain's owner: it is complete once ESA has created the hostname. To prove ownership, publish a TXT record " +
			"named `verify_host` with the content `verify_code`.",
		Attributes: r.attributes(),
		Blocks: map[string]schema.Block{
			"timeouts": timeouts.Block(ctx, timeouts.Opts{
				Create: true, Read: true, Update: true, Delete: true,
				CreateDescription: "Time limit for creating, such as `30m` or `6h`. Default `20m`. Many hostnames need hours: ESA allows 100 creates per user and hour.",
				ReadDescription:   "Time limit for reading. Default `5m`.",
				UpdateDescription: "Time limit for updating. Default `10m`.",
				DeleteDescription: "Time limit for deleting. Default `10m`.",
			}),
		},
	}
}

func (r *customHostnameResource) attributes() map[string]schema.Attribute {
	attributes := map[string]schema.Attribute{
		"id": schema.StringAttribute{
			Computed:            true,
			MarkdownDescription: "The hostname's id (HostnameId), a whole number.",
		},
		"site_id": schema.StringAttribute{
			Required:            true,
			MarkdownDescription: "Id of the site that the hostname belongs to (SiteId), a whole number. Changing it replaces the hostname.",
			Validators:          []validator.String{idValidator{}},
			PlanModifiers:       []planmodifier.String{stringplanmodifier.RequiresReplace()},
		},
		"hostname": schema.StringAttribute{
			Required: true,
			MarkdownDescription: "The customer's domain (Hostname), such as `shop.customer.com`: lower case, without scheme, port, path or final dot, " +
				"non-ASCII names in A-label form (`xn--...`). Changing it replaces the hostname.",
			Validators:    []validator.String{hostnameValidator{}},
			PlanModifiers: []planmodifier.String{stringplanmodifier.RequiresReplace()},
		},
		"record_id": schema.StringAttribute{
			Required: true,
			MarkdownDescription: "Id of the site's record that serves the hostname (RecordId), a whole number, for example `alicloud_esa_record.origin.id`. " +
				"It must be a proxied record of the same site. Changed in place.",
			Validators: []validator.String{idValidator{}},
		},
		"ssl_flag": schema.StringAttribute{
			Required:            true,
			MarkdownDescription: "Whether the hostname serves HTTPS (SslFlag): `on`, which requires `cert_type`, or `off`, which allows no certificate arguments. Changed in place.",
			Validators:          []validator.String{stringvalidator.OneOf(esa.SSLOn, esa.SSLOff)},
		},
	}
	for _, group := range []map[string]schema.Attribute{r.certificateAttributes(), observedAttributes()} {
		for name, attribute := range group {
			attributes[name] = attribute
		}
	}
	return attributes
}

func (r *customHostnameResource) certificateAttributes() map[string]schema.Attribute {
	return map[string]schema.Attribute{
		"cert_type": schema.StringAttribute{
			Optional: true,
			MarkdownDescription: "Where the certificate comes from (CertType): `free`, issued and renewed by ESA; `upload`, from `certificate` and a private key; " +
				"`cas`, from SSL Certificates Service by `cas_id`. Required with `ssl_flag` `on`. Changed in place.",
			Validators: []validator.String{stringvalidator.OneOf(esa.CertTypeFree, esa.CertTypeUpload, esa.CertTypeCAS)},
		},
		"certificate": schema.StringAttribute{
			CustomType: pemType{},
			Optional:   true,
			MarkdownDescription: "PEM of the certificate and its chain (Certificate), leaf first, then its intermediates. Required with `cert_type` `upload`. Changed in place; " +
				"a new certificate is sent together with the key. Differences in line endings, indentation and text around the certificates are ignored; " +
				"only the certificates are sent to ESA, in this order.",
		},
		"private_key": schema.StringAttribute{
			Optional:  true,
			Sensitive: true,
			MarkdownDescription: "PEM of the certificate's private key (PrivateKey). It is stored in state in plain text; use `private_key_wo` instead where the CLI supports it. " +
				"One of the two is required whenever an uploaded certificate is sent.",
			Validators: []validator.String{
				stringvalidator.ConflictsWith(path.MatchRoot("private_key_wo")),
				stringvalidator.PreferWriteOnlyAttribute(path.MatchRoot("private_key_wo")),
			},
		},
		"private_key_wo": schema.StringAttribute{
			Optional:  true,
			Sensitive: true,
			WriteOnly: true,
			MarkdownDescription: "PEM of the certificate's private key (PrivateKey), write-only: it is sent to ESA and stored in neither plan nor state. " +
				"It is sent with every change of the certificate, and is not needed otherwise. Requires Terraform or OpenTofu 1.11 or later.",
		},
		"private_key_wo_version": schema.Int64Attribute{
			Optional: true,
			MarkdownDescription: "A number of your choice. Change it to send the certificate and `private_key_wo` again; that plan requires the key. " +
				"Not needed for a new certificate, which is always sent with its key.",
			// Not AlsoRequires: a plan that sends nothing does not need the key, and may not have it.
			Validators: []validator.Int64{int64validator.ConflictsWith(path.MatchRoot("private_key"))},
		},
		"cas_id": schema.StringAttribute{
			Optional:            true,
			MarkdownDescription: "Id of the certificate in SSL Certificates Service (CasId), a whole number. Required with `cert_type` `cas`. Changed in place.",
			Validators:          []validator.String{idValidator{}},
		},
		"cas_region": schema.StringAttribute{
			Optional: true,
			Computed: true,
			MarkdownDescription: "Region of SSL Certificates Service (CasRegion): `cn-hangzhou` for accounts of the China site, `ap-southeast-1` for those of the international site. " +
				"Default: the region of the provider's account site. It must not contradict the provider's `account_type`. ESA does not return it. Changed in place.",
			Validators: []validator.String{stringvalidator.OneOf(esa.CasRegion(esa.Domestic), esa.CasRegion(esa.International))},
		},
		"certificate_apply_trigger": schema.StringAttribute{
			Optional: true,
			MarkdownDescription: "A text of your choice, such as a date. Change it to apply for the free certificate again (ApplyCustomHostnameCertificate). " +
				"ESA accepts that if the last application failed, or if the certificate has expired or is expiring. In any other state, " +
				"the value is only saved, with a warning, so many hostnames can share one value. Only with `cert_type` `free`.",
			Validators: []validator.String{stringvalidator.LengthAtLeast(1)},
		},
	}
}

// observedAttributes returns the attributes that ESA sets.
func observedAttributes() map[string]schema.Attribute {
	attributes := map[string]schema.Attribute{
		"cert_apply_code": schema.Int64Attribute{
			Computed:            true,
			MarkdownDescription: certApplyCodeDescription,
		},
	}
	for name := range observedDescriptions {
		attributes[name] = schema.StringAttribute{Computed: true, MarkdownDescription: describeKept(name)}
	}
	return attributes
}

// Create creates the hostname, saves its id at once, and then reads it.
func (r *customHostnameResource) Create(ctx context.Context, req resource.CreateRequest, resp *resource.CreateResponse) {
	var plan, config customHostnameModel
	resp.Diagnostics.Append(req.Plan.Get(ctx, &plan)...)
	resp.Diagnostics.Append(req.Config.Get(ctx, &config)...)
	client := r.client(&resp.Diagnostics)
	if resp.Diagnostics.HasError() {
		return
	}
	limit, diags := plan.Timeouts.Create(ctx, defaultCreateTimeout)
	resp.Diagnostics.Append(diags...)
	resp.Diagnostics.Append(r.finish(&plan, &config, nil)...)
	in := plan.toCreate(config.key(), &resp.Diagnostics)
	if resp.Diagnostics.HasError() {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()

	id, refused := client.CreateCustomHostname(ctx, in)
	if id != 0 {
		// Save the id before anything else can fail, so that the hostname is not orphaned.
		plan.ID = types.StringValue(formatID(id))
		saved := plan
		saved.nullUnknown()
		resp.Diagnostics.Append(resp.State.Set(ctx, &saved)...)
		resp.Diagnostics.Append(resp.Identity.Set(ctx, saved.identity())...)
	}
	switch {
	case refused != nil && id == 0:
		resp.Diagnostics.Append(r.explain(ctx, client, "create", &plan, in.RecordID, in.Certificate, refused))
		return
	case refused != nil:
		// An error would taint the hostname, and the next apply would replace it, with other tokens.
		resp.Diagnostics.Append(certificateRefused(&plan, refused))
		resp.Diagnostics.Append(memory{Refused: codeOf(refused)}.save(ctx, resp.Private)...)
	}

	created, err := client.AwaitCreated(ctx, id)
	if err != nil {
		resp.Diagnostics.AddWarning("Custom hostname created but not read",
			fmt.Sprintf("ESA created %s, which is saved in state, but its status and tokens could not be read: %s.\n\n"+
				"The next plan or refresh reads them.", plan.thing(), clean(err.Error())))
	}
	if created == nil {
		return
	}
	if err := client.UndoDuplicate(ctx, created); err != nil {
		resp.State.RemoveResource(ctx)
		resp.Diagnostics.Append(apiError("create", plan.thing(), err))
		return
	}
	var actual customHostnameObserved
	actual.observe(created)
	plan.fillUnknown(actual)
	warnUnusable(&plan, &resp.Diagnostics)
	resp.Diagnostics.Append(resp.State.Set(ctx, &plan)...)
}

// Read updates the state, or removes the hostname from it if ESA does not find it.
func (r *customHostnameResource) Read(ctx context.Context, req resource.ReadRequest, resp *resource.ReadResponse) {
	var state customHostnameModel
	resp.Diagnostics.Append(customHostnameShape().get(ctx, req.State.Raw, req.State.Get, &state)...)
	if resp.Diagnostics.HasError() {
		return
	}
	before := state.Certificate
	found, diags := refreshOnce(ctx, r, &state)
	resp.Diagnostics.Append(diags...)
	if resp.Diagnostics.HasError() {
		return
	}
	// The framework requires an identity even for an object that is gone, and states of older CLIs have none.
	resp.Diagnostics.Append(resp.Identity.Set(ctx, state.identity())...)
	if !found {
		resp.State.RemoveResource(ctx)
		return
	}
	resp.Diagnostics.Append(customHostnameShape().set(ctx, &resp.State.Raw, resp.State.Set, &state)...)
	remembered, diags := recall(ctx, req.Private)
	resp.Diagnostics.Append(diags...)
	now := remembered
	if now.observe(state.actual, before, state.Certificate); now != remembered {
		resp.Diagnostics.Append(now.save(ctx, resp.Private)...)
	}
}

// refresh updates a state, and reports whether the hostname exists.
func (r *customHostnameResource) refresh(ctx context.Context, state *customHostnameModel) (found bool, diags diag.Diagnostics) {
	client := r.client(&diags)
	if diags.HasError() {
		return false, diags
	}
	limit, wrong := state.Timeouts.Read(ctx, defaultReadTimeout)
	diags.Append(wrong...)
	id := readID("id", state.ID.ValueString(), &diags)
	if diags.HasError() {
		return false, diags
	}
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()

	read := client.GetCustomHostname
	if r.data.batchRefresh {
		read = func(ctx context.Context, _ int64) (*esa.CustomHostname, error) {
			return client.RefreshCustomHostname(ctx, state.known(id))
		}
	}
	if state.isUnread() {
		read = client.GetUnread
	}
	actual, err := read(ctx, id)
	if esa.IsNotFound(err) {
		tflog.Warn(ctx, "Custom hostname not found, removing from state", map[string]any{"hostname_id": id, "hostname": state.Hostname.ValueString()})
		return false, diags
	}
	if err != nil {
		diags.Append(apiError("read", state.thing(), err))
		return false, diags
	}
	if site := formatID(actual.SiteID); !state.SiteID.IsNull() && state.SiteID.ValueString() != site {
		diags.AddAttributeError(path.Root("site_id"), "Invalid site_id",
			fmt.Sprintf("Hostname id %d (%s) belongs to site %s, not to site %s. Import it with that site, or by its hostname id only.", id, clean(actual.Hostname), site, state.SiteID.ValueString()))
		return false, diags
	}
	state.actual = actual
	state.fromAPI(actual, r.casRegion())
	return true, diags
}

// Update sends what changed, and then reads the hostname.
func (r *customHostnameResource) Update(ctx context.Context, req resource.UpdateRequest, resp *resource.UpdateResponse) {
	var plan, state, config customHostnameModel
	resp.Diagnostics.Append(req.Plan.Get(ctx, &plan)...)
	resp.Diagnostics.Append(req.State.Get(ctx, &state)...)
	resp.Diagnostics.Append(req.Config.Get(ctx, &config)...)
	client := r.client(&resp.Diagnostics)
	if resp.Diagnostics.HasError() {
		return
	}
	limit, diags := plan.Timeouts.Update(ctx, defaultUpdateTimeout)
	resp.Diagnostics.Append(diags...)
	state.memory, diags = recall(ctx, req.Private)
	resp.Diagnostics.Append(diags...)
	resp.Diagnostics.Append(r.finish(&plan, &config, &state)...)
	in, needed := plan.toUpdate(&state, config.key(), &resp.Diagnostics)
	if resp.Diagnostics.HasError() {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()

	if needed {
		state.tellPlace(client, in.HostnameID)
		if problem := r.update(ctx, client, in, &plan, &config); problem != nil {
			resp.Diagnostics.Append(problem)
			return
		}
	}
	observed := state.customHostnameObserved
	var actual *esa.CustomHostname
	if needed {
		updated, err := client.AwaitUpdated(ctx, in.HostnameID, func(h *esa.CustomHostname) bool { return len(plan.notStuck(h)) == 0 })
		if err != nil {
			resp.Diagnostics.AddWarning("Custom hostname updated but not read",
				fmt.Sprintf("ESA updated %s, but the result could not be read: %s.\n\n"+
					"The next plan or refresh reads it.", plan.thing(), clean(err.Error())))
		} else if names := plan.notStuck(updated); len(names) > 0 {
			// Save what ESA returns, so that the next plan shows what is still to be changed.
			state.fromAPI(updated, r.casRegion())
			resp.Diagnostics.Append(resp.State.Set(ctx, &state)...)
			resp.Diagnostics.AddAttributeError(path.Root(names[0]), "Custom hostname not changed",
				fmt.Sprintf("ESA accepted the update of %s, but still returns another %s. %s",
					plan.thing(), strings.Join(names, ", "), adviceForUnchanged(updated)))
			return
		} else {
			actual = updated
			observed.observe(actual)
		}
	}
	if changeOf(&state, &plan).trigger && !applyAgain(ctx, client, in.HostnameID, actual, &plan, &observed, &resp.Diagnostics) {
		// Everything else is done and saved. The next plan shows the trigger again.
		plan.CertificateApplyTrigger = state.CertificateApplyTrigger
	}
	plan.fillUnknown(observed)
	resp.Diagnostics.Append(resp.State.Set(ctx, &plan)...)
	resp.Diagnostics.Append(resp.Identity.Set(ctx, plan.identity())...)
	if in.SSLFlag != "" {
		resp.Diagnostics.Append(memory{}.save(ctx, resp.Private)...)
	}
}

// update sends the smallest call. If ESA refuses a record on its own, the record is retried with SslFlag and the
// certificate group: the documentation allows a record on its own, but Alibaba Cloud's own generated code never sends it
// that way. If the plan lacks the certificate because ESA does not return it, the configured one is sent.
func (r *customHostnameResource) update(ctx context.Context, client *esa.Client, in esa.UpdateCustomHostnameInput, plan, config *customHostnameModel) diag.Diagnostic {
	err := client.UpdateCustomHostname(ctx, in)
	if err == nil {
		return nil
	}
	refusal := new(esa.Error)
	alone := in.SSLFlag == "" && esa.IsCode(err, esa.CodeInvalidParameter, esa.CodeInvalidParameter+".SslFlag", "MissingSslFlag", "MissingCertType")
	if !alone || !errors.As(err, &refusal) {
		return r.explain(ctx, client, "update", plan, in.RecordID, in.Certificate, err)
	}
	if problem := r.recordProblem(ctx, client, "update", plan, in.RecordID); problem != nil {
		return problem
	}
	if plan.CertType.ValueString() == esa.CertTypeUpload && config.key() == "" {
		return diag.NewAttributeErrorDiagnostic(path.Root("record_id"), "Unable to update custom hostname",
			fmt.Sprintf("Unable to update %s: ESA refused its new record, although the record is proxied and belongs to the same site. "+
				"ESA may accept a record only together with all certificate arguments, which include the private key. Set private_key_wo for this apply.\n\n%s", plan.thing(), describe(refusal)))
	}
	var diags diag.Diagnostics
	in.SSLFlag = plan.SSLFlag.ValueString()
	if in.SSLFlag == esa.SSLOn {
		whole := *plan
		if whole.Certificate.Equal(unseenCertificate()) {
			whole.Certificate = config.Certificate
		}
		in.Certificate = whole.toCertificate(config.key(), &diags)
	}
	if diags.HasError() {
		return diags.Errors()[0]
	}
	if err := client.UpdateCustomHostname(ctx, in); err != nil {
		return r.explain(ctx, client, "update", plan, in.RecordID, in.Certificate, err)
	}
	return nil
}

// applyAgain handles a new certificate_apply_trigger: it applies for the certificate if the state of the hostname allows
// that. now is the hostname, or nil to read it. Thousands of hostnames may share a value although only one has failed, so
// it is only a warning if there is nothing to apply for. It returns false after an error, so that the trigger is retried.
func applyAgain(ctx context.Context, client *esa.Client, id int64, now *esa.CustomHostname, plan *customHostnameModel, observed *customHostnameObserved, diags *diag.Diagnostics) bool {
	if now == nil {
		read, err := client.GetCustomHostname(ctx, id)
		if err != nil {
			diags.Append(apiError("read", plan.thing(), err))
			return false
		}
		now = read
		observed.observe(now)
	}
	notApplied := func(why string) {
		diags.AddAttributeWarning(path.Root("certificate_apply_trigger"), "Certificate not applied for",
			why+"\n\nThe value of certificate_apply_trigger is saved. Change it again once the certificate has failed, is expiring or has expired.")
	}
	if !now.CanApply() {
		notApplied(fmt.Sprintf("There is nothing to apply for: %s.", nothingToApplyFor(now)))
		return true
	}
	err := client.ApplyCustomHostnameCertificate(ctx, id)
	if apiErr := new(esa.Error); esa.IsApplyRefused(err) && errors.As(err, &apiErr) {
		// A retry would be refused too, so this must not fail every apply from now on.
		notApplied(fmt.Sprintf("ESA accepts no application for the certificate of %s, whose status is %s.\n\n%s", plan.thing(), clean(now.CertStatus), describe(apiErr)))
		return true
	}
	if err != nil {
		diags.Append(apiError("apply for the certificate of", plan.thing(), err))
		return false
	}
	applied, err := client.AwaitApplied(ctx, now)
	if err != nil {
		diags.AddWarning("Certificate applied for but not read",
			fmt.Sprintf("The certificate of %s was applied for, but the result could not be read: %s.\n\n"+
				"The next plan or refresh reads it.", plan.thing(), clean(err.Error())))
		return true
	}
	observed.observe(applied)
	return true
}

// tellPlace tells the client the site and record of the hostname, whose turns its writes take.
func (m *customHostnameModel) tellPlace(client *esa.Client, id int64) {
	siteID, _ := parseID(m.SiteID.ValueString())
	recordID, _ := parseID(m.RecordID.ValueString())
	client.KnowPlace(id, siteID, recordID)
}

// adviceForUnchanged returns the advice about a change that reads do not show.
func adviceForUnchanged(h *esa.CustomHostname) string {
	if h.Status == esa.StatusConfiguring {
		return "ESA was still configuring the hostname at the time limit. Run apply again when it is active, or raise timeouts.update."
	}
	return "Run plan to see what ESA returns, then apply again. If that does not help, give the hostname id to Alibaba Cloud support."
}

// Delete deletes the hostname and waits until ESA no longer finds it, so that its record is free.
func (r *customHostnameResource) Delete(ctx context.Context, req resource.DeleteRequest, resp *resource.DeleteResponse) {
	var state customHostnameModel
	resp.Diagnostics.Append(req.State.Get(ctx, &state)...)
	client := r.client(&resp.Diagnostics)
	if resp.Diagnostics.HasError() {
		return
	}
	limit, diags := state.Timeouts.Delete(ctx, defaultDeleteTimeout)
	resp.Diagnostics.Append(diags...)
	id := readID("id", state.ID.ValueString(), &resp.Diagnostics)
	if resp.Diagnostics.HasError() {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()

	state.tellPlace(client, id)
	err := client.DeleteCustomHostname(ctx, id)
	if esa.IsNotFound(err) {
		return
	}
	if err == nil {
		err = client.AwaitDeleted(ctx, id)
	}
	if err != nil {
		resp.Diagnostics.Append(apiError("delete", state.thing(), err))
	}
}

// ImportState finds the hostname to import; Read does the rest.
func (r *customHostnameResource) ImportState(ctx context.Context, req resource.ImportStateRequest, resp *resource.ImportStateResponse) {
	target, ok := importTargetOf(ctx, req, &resp.Diagnostics)
	client := r.client(&resp.Diagnostics)
	if !ok || resp.Diagnostics.HasError() {
		return
	}
	if target.hostnameID == "" {
		target.hostnameID = findHostname(ctx, client, "import", thing{hostname: target.hostname, siteID: target.siteID}, &resp.Diagnostics)
		if resp.Diagnostics.HasError() {
			return
		}
	}
	resp.Diagnostics.Append(resp.State.SetAttribute(ctx, path.Root("id"), target.hostnameID)...)
	if target.siteID != "" {
		// Read returns an error for a hostname of another site.
		resp.Diagnostics.Append(resp.State.SetAttribute(ctx, path.Root("site_id"), target.siteID)...)
	}
}

// finish repeats the checks of the plan now that all values are known. It returns only errors, as the plan returned the
// warnings.
func (r *customHostnameResource) finish(plan, config, state *customHostnameModel) diag.Diagnostics {
	var diags diag.Diagnostics
	config.validateArguments(&diags)
	sends := state == nil || changeOf(state, plan).certificate
	if sends {
		config.requireKey(plan, state, &diags)
	}
	config.checkCertificate(!sends, r.now(), &diags)
	if plan.CasRegion.IsUnknown() {
		plan.planCasRegion(config, state, r.casRegion())
	}
	return diags.Errors()
}

// key returns the private key of a configuration. Plans do not contain it.
func (m *customHostnameModel) key() esa.Secret {
	if !m.PrivateKeyWO.IsNull() {
		return esa.Secret(m.PrivateKeyWO.ValueString())
	}
	return esa.Secret(m.PrivateKey.ValueString())
}

// explain returns the diagnostic of an error of Create or Update. ESA's InvalidParameter does not name the parameter. It
// is most likely the record, so explain looks that up. recordID and group are what was sent.
func (r *customHostnameResource) explain(ctx context.Context, client *esa.Client, verb string, plan *customHostnameModel, recordID int64, group *esa.Certificate, err error) diag.Diagnostic {
	general := apiError(verb, plan.thing(), err)
	if group != nil && group.Type == esa.CertTypeCAS && esa.IsCode(err, esa.CodeInvalidParameter, esa.CodeSetCertFailed) {
		general = casError(verb, plan.thing(), group, err)
	}
	if errors.As(err, new(*esa.HostnameExistsError)) {
		return general
	}
	if recordID == 0 || !esa.IsCode(err, esa.CodeInvalidParameter, esa.CodeInvalidParameter+".RecordId", esa.CodeRecordNotFound) {
		return general
	}
	if problem := r.recordProblem(ctx, client, verb, plan, recordID); problem != nil {
		return problem
	}
	return general
}

// recordProblem looks a record up and returns why it cannot serve a hostname of the plan's site. It returns nil if it
// can, or if the record cannot be read.
func (r *customHostnameResource) recordProblem(ctx context.Context, client *esa.Client, verb string, plan *customHostnameModel, recordID int64) diag.Diagnostic {
	record, err := client.GetRecord(ctx, recordID)
	problem := ""
	switch {
	case esa.IsCode(err, esa.CodeRecordNotFound):
		problem = "does not exist"
	case err != nil:
		return nil
	case formatID(record.SiteID) != plan.SiteID.ValueString():
		problem = fmt.Sprintf("(%s) belongs to site %d (%s), not to site %s", clean(record.RecordName), record.SiteID, clean(record.SiteName), plan.SiteID.ValueString())
	case !record.Proxied:
		problem = fmt.Sprintf("(%s) is not proxied", clean(record.RecordName))
	default:
		return nil
	}
	return diag.NewAttributeErrorDiagnostic(path.Root("record_id"), "Unable to "+verb+" custom hostname",
		fmt.Sprintf("Unable to %s %s: record %d %s. Use a proxied record of the hostname's own site.", verb, plan.thing(), recordID, problem))
}

// warnUnusable warns if ESA created a hostname but does not serve it.
func warnUnusable(m *customHostnameModel, diags *diag.Diagnostics) {
	switch m.Status.ValueString() {
	case esa.StatusConflicted:
		diags.AddAttributeWarning(path.Root("hostname"), "Custom hostname conflicted",
			fmt.Sprintf("ESA created %s, but does not serve it, as its name is occupied (%s). "+
				"Remove what occupies it, then verify ownership with an esa_custom_hostname_validation; nothing needs to be recreated.", m.thing(), m.ConflictWith.ValueString()))
	case esa.StatusOffline:
		diags.AddAttributeWarning(path.Root("hostname"), "Custom hostname offline",
			fmt.Sprintf("ESA created %s, but does not serve it (%s). Once the cause is fixed, ESA serves it; nothing needs to be recreated.", m.thing(), m.OfflineReason.ValueString()))
	case esa.StatusPending:
		if m.VerifyCode.IsNull() {
			diags.AddAttributeWarning(path.Root("hostname"), "Custom hostname without ownership token",
				fmt.Sprintf("ESA created %s, but not its verify_host and verify_code within a minute. "+
					"The next plan or refresh reads them; run apply again for what depends on them.", m.thing()))
		}
	}
}
