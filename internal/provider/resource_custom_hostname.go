package provider

import (
	"context"
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

// Default time limits; the timeouts block changes them.
const (
	defaultCreateTimeout = 20 * time.Minute
	defaultReadTimeout   = 5 * time.Minute
	defaultUpdateTimeout = 10 * time.Minute
	defaultDeleteTimeout = 10 * time.Minute
)

// customHostnameResource is esa_custom_hostname.
type customHostnameResource struct {
	configured
}

func newCustomHostnameResource() resource.Resource { return &customHostnameResource{} }

// Metadata names the resource.
func (r *customHostnameResource) Metadata(_ context.Context, req resource.MetadataRequest, resp *resource.MetadataResponse) {
	resp.TypeName = req.ProviderTypeName + "_custom_hostname"
}

// IdentitySchema says what identifies a custom hostname.
func (r *customHostnameResource) IdentitySchema(_ context.Context, _ resource.IdentitySchemaRequest, resp *resource.IdentitySchemaResponse) {
	resp.IdentitySchema = identityschema.Schema{
		Attributes: map[string]identityschema.Attribute{
			"hostname_id": identityschema.StringAttribute{
				OptionalForImport: true,
				Description:       "The hostname's id. Enough by itself.",
			},
			"site_id": identityschema.StringAttribute{
				OptionalForImport: true,
				Description:       "The site's id. Enough together with hostname.",
			},
			"hostname": identityschema.StringAttribute{
				OptionalForImport: true,
				Description:       "The domain name. Enough together with site_id.",
			},
		},
	}
}

// Schema describes the resource.
func (r *customHostnameResource) Schema(ctx context.Context, _ resource.SchemaRequest, resp *resource.SchemaResponse) {
	resp.Schema = schema.Schema{
		MarkdownDescription: "Puts a customer's own domain (a *custom hostname*; in ESA's words a *SaaS domain name*) in front of a record of an ESA site, " +
			"with the certificate that it serves.\n\n" +
			"All changes but those of `site_id` and `hostname` are made in place with UpdateCustomHostname, in one call that sends what changed and no more. " +
			"Creating one counts against ESA's limit of 100 CreateCustomHostname calls per user and hour.\n\n" +
			"The resource is done when ESA knows the hostname; it does not wait for the domain's owner. To prove the ownership, publish a TXT record " +
			"named `verify_host` with the content `verify_code`.",
		Attributes: r.attributes(),
		Blocks: map[string]schema.Block{
			"timeouts": timeouts.Block(ctx, timeouts.Opts{
				Create: true, Read: true, Update: true, Delete: true,
				CreateDescription: "Time limit for creating, such as `30m` or `6h`. Default `20m`. Many hostnames need hours: ESA takes 100 creates per user and hour.",
				ReadDescription:   "Time limit for reading, such as `5m`, which is the default.",
				UpdateDescription: "Time limit for changing, such as `10m`, which is the default.",
				DeleteDescription: "Time limit for deleting, such as `10m`, which is the default.",
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
			MarkdownDescription: "Whether the hostname serves HTTPS (SslFlag): `on`, which needs `cert_type`, or `off`, with which no argument about certificates is allowed. Changed in place.",
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
				"a new certificate is sent together with the key. Two PEMs with the same certificates are the same, whatever their line ends, indentation and the text around them; " +
				"ESA gets the certificates alone, in this order.",
		},
		"private_key": schema.StringAttribute{
			Optional:  true,
			Sensitive: true,
			MarkdownDescription: "PEM of the certificate's private key (PrivateKey). It is kept in state in clear; prefer `private_key_wo`, as a warning says wherever that can be used. " +
				"An uploaded certificate needs one of the two whenever it is sent.",
			Validators: []validator.String{
				stringvalidator.ConflictsWith(path.MatchRoot("private_key_wo")),
				stringvalidator.PreferWriteOnlyAttribute(path.MatchRoot("private_key_wo")),
			},
		},
		"private_key_wo": schema.StringAttribute{
			Optional:  true,
			Sensitive: true,
			WriteOnly: true,
			MarkdownDescription: "PEM of the certificate's private key (PrivateKey), write-only: it goes to ESA and into neither plan nor state. " +
				"It is sent with every change of the certificate. Needs Terraform or OpenTofu 1.11 or later.",
		},
		"private_key_wo_version": schema.Int64Attribute{
			Optional: true,
			MarkdownDescription: "A number of your choice; a new value sends the certificate and `private_key_wo` again. " +
				"Not needed for a new certificate, which sends its key anyway.",
			Validators: []validator.Int64{int64validator.AlsoRequires(path.MatchRoot("private_key_wo"))},
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
				"Default: that of the provider's account site. ESA does not return it. Changed in place.",
			Validators: []validator.String{stringvalidator.OneOf(esa.CasRegion(esa.Domestic), esa.CasRegion(esa.International))},
		},
		"certificate_apply_trigger": schema.StringAttribute{
			Optional: true,
			MarkdownDescription: "A text of your choice, such as a date; a new value applies for the free certificate again (ApplyCustomHostnameCertificate). " +
				"ESA takes that only when the last application failed, or when the certificate has expired or soon will. Only with `cert_type` `free`.",
			Validators: []validator.String{stringvalidator.LengthAtLeast(1)},
		},
	}
}

// observedAttributes are the values that ESA owns.
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

// Create makes the hostname, saves its id at once, and then reads what ESA made of it.
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

	id, err := client.CreateCustomHostname(ctx, in)
	if id != 0 {
		// Saved before anything else can fail: a hostname that is not in state is an orphan.
		plan.ID = types.StringValue(formatID(id))
		saved := plan
		saved.nullUnknown()
		resp.Diagnostics.Append(resp.State.Set(ctx, &saved)...)
		resp.Diagnostics.Append(resp.Identity.Set(ctx, saved.identity())...)
	}
	if err != nil {
		resp.Diagnostics.Append(r.explain(ctx, client, "create", &plan, in.RecordID, err))
		return
	}

	created, err := client.AwaitCreated(ctx, id)
	if err != nil {
		resp.Diagnostics.AddWarning("Custom hostname created but not read",
			fmt.Sprintf("%s exists and is saved in state, but ESA could not be asked for its status and tokens yet: %s.\n\n"+
				"They are filled in by the next plan or refresh.", plan.thing(), clean(err.Error())))
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

// Read brings the state up to date, or removes the hostname from it if ESA says that there is none.
func (r *customHostnameResource) Read(ctx context.Context, req resource.ReadRequest, resp *resource.ReadResponse) {
	var state customHostnameModel
	resp.Diagnostics.Append(customHostnameShape().get(ctx, req.State.Raw, req.State.Get, &state)...)
	if resp.Diagnostics.HasError() {
		return
	}
	found, diags := refreshOnce(ctx, r, &state)
	resp.Diagnostics.Append(diags...)
	if resp.Diagnostics.HasError() {
		return
	}
	// The framework asks for an identity even of what is gone, and states of older CLIs have none.
	resp.Diagnostics.Append(resp.Identity.Set(ctx, state.identity())...)
	if !found {
		resp.State.RemoveResource(ctx)
		return
	}
	resp.Diagnostics.Append(customHostnameShape().set(ctx, &resp.State.Raw, resp.State.Set, &state)...)
}

// refresh brings a state up to date, and tells whether ESA has the hostname.
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
	actual, err := read(ctx, id)
	if esa.IsNotFound(err) {
		tflog.Warn(ctx, "Custom hostname is gone, removing it from state", map[string]any{"hostname_id": id, "hostname": state.Hostname.ValueString()})
		return false, diags
	}
	if err != nil {
		diags.Append(apiError("read", state.thing(), err))
		return false, diags
	}
	if site := formatID(actual.SiteID); !state.SiteID.IsNull() && state.SiteID.ValueString() != site {
		diags.AddAttributeError(path.Root("site_id"), "Invalid site_id",
			fmt.Sprintf("Hostname id %d (%s) belongs to site %s, not to site %s. Import it with that site, or by its hostname id alone.", id, clean(actual.Hostname), site, state.SiteID.ValueString()))
		return false, diags
	}
	state.fromAPI(actual, r.casRegion())
	return true, diags
}

// Update makes the smallest change that is right, and then reads what ESA made of it.
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
	resp.Diagnostics.Append(r.finish(&plan, &config, &state)...)
	in, needed := plan.toUpdate(&state, config.key(), &resp.Diagnostics)
	if resp.Diagnostics.HasError() {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()

	if needed {
		state.tellPlace(client, in.HostnameID)
		if err := client.UpdateCustomHostname(ctx, in); err != nil {
			resp.Diagnostics.Append(r.explain(ctx, client, "update", &plan, in.RecordID, err))
			return
		}
	}
	apply := changeOf(&state, &plan).apply
	if apply {
		if err := client.ApplyCustomHostnameCertificate(ctx, in.HostnameID); err != nil {
			resp.Diagnostics.Append(apiError("apply for the certificate of", plan.thing(), err))
			return
		}
	}
	observed := state.customHostnameObserved
	if needed || apply {
		actual, err := client.AwaitUpdated(ctx, in.HostnameID, func(h *esa.CustomHostname) bool { return len(plan.notStuck(h)) == 0 })
		if err != nil {
			resp.Diagnostics.AddWarning("Custom hostname updated but not read",
				fmt.Sprintf("The change of %s was made, but its result could not be read yet: %s.\n\n"+
					"It is filled in by the next plan or refresh.", plan.thing(), clean(err.Error())))
		} else if names := plan.notStuck(actual); len(names) > 0 {
			// The state is what ESA reports, so that the next plan shows what is still to be done.
			state.fromAPI(actual, r.casRegion())
			resp.Diagnostics.Append(resp.State.Set(ctx, &state)...)
			resp.Diagnostics.AddAttributeError(path.Root(names[0]), "Custom hostname not changed",
				fmt.Sprintf("ESA accepted the change of %s, but still reports another %s. %s",
					plan.thing(), strings.Join(names, ", "), adviceForUnchanged(actual)))
			return
		} else {
			observed.observe(actual)
		}
	}
	plan.fillUnknown(observed)
	resp.Diagnostics.Append(resp.State.Set(ctx, &plan)...)
	resp.Diagnostics.Append(resp.Identity.Set(ctx, plan.identity())...)
}

// tellPlace tells the client where the hostname is, so that its writes take their turn there.
func (m *customHostnameModel) tellPlace(client *esa.Client, id int64) {
	siteID, _ := parseID(m.SiteID.ValueString())
	recordID, _ := parseID(m.RecordID.ValueString())
	client.KnowPlace(id, siteID, recordID)
}

// adviceForUnchanged says what to do about a change that is not to be seen.
func adviceForUnchanged(h *esa.CustomHostname) string {
	if h.Status == esa.StatusConfiguring {
		return "ESA was still configuring the hostname at the time limit. Run apply again when it is active, or raise timeouts.update."
	}
	return "Run plan to see what it reports, and apply again. If that does not help either, give the hostname id to Alibaba Cloud support."
}

// Delete deletes the hostname and waits until ESA no longer knows it, so that its record is free.
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

// ImportState finds what is to be imported; Read does the rest.
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
		// Read refuses a hostname of another site.
		resp.Diagnostics.Append(resp.State.SetAttribute(ctx, path.Root("site_id"), target.siteID)...)
	}
}

// finish checks, now that every value is known, what could not be checked while planning. Warnings were given then.
func (r *customHostnameResource) finish(plan, config, state *customHostnameModel) diag.Diagnostics {
	var diags diag.Diagnostics
	config.validateArguments(&diags)
	sends := state == nil || changeOf(state, plan).certificate
	if sends {
		config.requireKey(&diags)
	}
	config.checkCertificate(!sends, r.now(), &diags)
	if plan.CasRegion.IsUnknown() {
		plan.planCasRegion(config, state, r.casRegion())
	}
	return diags.Errors()
}

// key is the private key of a configuration; a plan does not have it.
func (m *customHostnameModel) key() esa.Secret {
	if !m.PrivateKeyWO.IsNull() {
		return esa.Secret(m.PrivateKeyWO.ValueString())
	}
	return esa.Secret(m.PrivateKey.ValueString())
}

// explain turns an error of Create or Update into a diagnostic. ESA's InvalidParameter does not say which parameter;
// the record is the likeliest, and is looked up.
func (r *customHostnameResource) explain(ctx context.Context, client *esa.Client, verb string, plan *customHostnameModel, recordID int64, err error) diag.Diagnostic {
	if recordID == 0 || !esa.IsCode(err, esa.CodeInvalidParameter, esa.CodeRecordNotFound) {
		return apiError(verb, plan.thing(), err)
	}
	record, lookErr := client.GetRecord(ctx, recordID)
	problem := ""
	switch {
	case esa.IsCode(lookErr, esa.CodeRecordNotFound):
		problem = "does not exist"
	case lookErr != nil:
		return apiError(verb, plan.thing(), err)
	case formatID(record.SiteID) != plan.SiteID.ValueString():
		problem = fmt.Sprintf("(%s) belongs to site %d (%s), not to site %s", clean(record.RecordName), record.SiteID, clean(record.SiteName), plan.SiteID.ValueString())
	case !record.Proxied:
		problem = fmt.Sprintf("(%s) is not proxied", clean(record.RecordName))
	default:
		return apiError(verb, plan.thing(), err)
	}
	return diag.NewAttributeErrorDiagnostic(path.Root("record_id"), "Unable to "+verb+" custom hostname",
		fmt.Sprintf("Unable to %s %s: record %d %s. Use a proxied record of the hostname's own site.", verb, plan.thing(), recordID, problem))
}

// warnUnusable says so when ESA has taken a hostname but will not serve it.
func warnUnusable(m *customHostnameModel, diags *diag.Diagnostics) {
	switch m.Status.ValueString() {
	case esa.StatusConflicted:
		diags.AddAttributeWarning(path.Root("hostname"), "Custom hostname conflicted",
			fmt.Sprintf("%s was created, but its name is occupied (%s), so ESA does not serve it. "+
				"Remove what occupies it, then verify the ownership with an esa_custom_hostname_validation; nothing needs to be created anew.", m.thing(), m.ConflictWith.ValueString()))
	case esa.StatusOffline:
		diags.AddAttributeWarning(path.Root("hostname"), "Custom hostname offline",
			fmt.Sprintf("%s was created, but ESA does not serve it (%s). It is served when that has been mended; nothing needs to be created anew.", m.thing(), m.OfflineReason.ValueString()))
	case esa.StatusPending:
		if m.VerifyCode.IsNull() {
			diags.AddAttributeWarning(path.Root("hostname"), "Custom hostname without ownership token",
				fmt.Sprintf("%s was created, but within a minute ESA has not made verify_host and verify_code. "+
					"They are filled in by the next plan or refresh; run apply again for what depends on them.", m.thing()))
		}
	}
}
