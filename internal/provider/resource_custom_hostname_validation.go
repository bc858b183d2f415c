package provider

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/hashicorp/terraform-plugin-framework-timeouts/resource/timeouts"
	"github.com/hashicorp/terraform-plugin-framework-validators/stringvalidator"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/planmodifier"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/stringdefault"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/stringplanmodifier"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/tfsdk"
	"github.com/hashicorp/terraform-plugin-framework/types"
	"github.com/hashicorp/terraform-plugin-log/tflog"

	"terraform-provider-esa/internal/esa"
)

var (
	_ resource.ResourceWithConfigure  = &customHostnameValidationResource{}
	_ resource.ResourceWithModifyPlan = &customHostnameValidationResource{}
)

// defaultValidationTimeout is the same as in other providers; owners and CAs take their time.
const defaultValidationTimeout = 75 * time.Minute

// customHostnameValidationResource is the resource esa_custom_hostname_validation: a wait without an object in ESA.
type customHostnameValidationResource struct {
	configured
}

func newCustomHostnameValidationResource() resource.Resource {
	return &customHostnameValidationResource{}
}

// customHostnameValidationModel is the plan or state of esa_custom_hostname_validation.
type customHostnameValidationModel struct {
	ID            types.String   `tfsdk:"id"`
	HostnameID    types.String   `tfsdk:"hostname_id"`
	WaitFor       types.String   `tfsdk:"wait_for"`
	Triggers      types.Map      `tfsdk:"triggers"`
	Hostname      types.String   `tfsdk:"hostname"`
	Status        types.String   `tfsdk:"status"`
	CertStatus    types.String   `tfsdk:"cert_status"`
	CertNotAfter  types.String   `tfsdk:"cert_not_after"`
	CertTXTKey    types.String   `tfsdk:"cert_txt_key"`
	CertTXTValue  types.String   `tfsdk:"cert_txt_value"`
	CertHTTPKey   types.String   `tfsdk:"cert_http_key"`
	CertHTTPValue types.String   `tfsdk:"cert_http_value"`
	Timeouts      timeouts.Value `tfsdk:"timeouts"`
}

// observe sets the attributes from h. As in esa_custom_hostname, tokens are kept if ESA returns none.
func (m *customHostnameValidationModel) observe(h *esa.CustomHostname) {
	m.ID = types.StringValue(formatID(h.HostnameID))
	m.Hostname = types.StringValue(h.Hostname)
	m.Status = textOrNull(h.Status)
	m.CertStatus = textOrNull(h.CertStatus)
	m.CertNotAfter = textOrNull(h.CertNotAfter)
	m.CertTXTKey = sticky(m.CertTXTKey, h.CertTXTKey)
	m.CertTXTValue = sticky(m.CertTXTValue, h.CertTXTValue)
	m.CertHTTPKey = sticky(m.CertHTTPKey, h.CertHTTPKey)
	m.CertHTTPValue = sticky(m.CertHTTPValue, h.CertHTTPValue)
}

// Metadata sets the name of the resource.
func (r *customHostnameValidationResource) Metadata(_ context.Context, req resource.MetadataRequest, resp *resource.MetadataResponse) {
	resp.TypeName = req.ProviderTypeName + "_custom_hostname_validation"
}

// Schema describes the resource.
func (r *customHostnameValidationResource) Schema(ctx context.Context, _ resource.SchemaRequest, resp *resource.SchemaResponse) {
	attributes := map[string]schema.Attribute{
		"hostname_id": schema.StringAttribute{
			Required:            true,
			MarkdownDescription: "Id of the hostname, `esa_custom_hostname.x.id`. Changing it waits again.",
			Validators:          []validator.String{idValidator{}},
			PlanModifiers:       []planmodifier.String{stringplanmodifier.RequiresReplace()},
		},
		"wait_for": schema.StringAttribute{
			Optional: true,
			Computed: true,
			Default:  stringdefault.StaticString(string(esa.Usable)),
			MarkdownDescription: "What to wait for: `ownership`, until ESA has seen the TXT record `verify_host` and the hostname is `active`; " +
				"or `certificate`, until the hostname is `active` and, with SSL on, a certificate is in use (`cert_status` `OK` or `Expiring`). Default `certificate`.",
			Validators: []validator.String{stringvalidator.OneOf(string(esa.Ownership), string(esa.Usable))},
		},
		"triggers": schema.MapAttribute{
			Optional:    true,
			ElementType: types.StringType,
			MarkdownDescription: "Values of your choice. When one of them changes, the resource waits again, in place. Typical values are " +
				"the hostname's `certificate_apply_trigger`, its `record_id`, or the content of a DNS record.",
		},
	}
	for name, description := range map[string]string{
		"id":              "The hostname's id.",
		"hostname":        "The domain.",
		"status":          describeKept("status"),
		"cert_status":     describeKept("cert_status"),
		"cert_not_after":  describeKept("cert_not_after"),
		"cert_txt_key":    describeKept("cert_txt_key"),
		"cert_txt_value":  describeKept("cert_txt_value"),
		"cert_http_key":   describeKept("cert_http_key"),
		"cert_http_value": describeKept("cert_http_value"),
	} {
		attributes[name] = schema.StringAttribute{
			Computed: true, MarkdownDescription: description,
			PlanModifiers: []planmodifier.String{stringplanmodifier.UseStateForUnknown()},
		}
	}
	resp.Schema = schema.Schema{
		MarkdownDescription: "Waits until a custom hostname is in service: calls VerifyCustomHostname until ownership is verified, and then waits for the certificate. " +
			"It creates nothing in ESA, and destroying it changes nothing there.\n\n" +
			"It returns at once if the hostname is already in service. It fails at once if waiting cannot help: if the application for its certificate failed, " +
			"or if the name is still occupied, or the hostname still offline, after a last VerifyCustomHostname. A later renewal of the certificate does not undo it.\n\n" +
			"Make it depend on the DNS records, so that it starts once they are published. Once it is in state, it waits again only when one of its `triggers` changes.",
		Attributes: attributes,
		Blocks: map[string]schema.Block{
			"timeouts": timeouts.Block(ctx, timeouts.Opts{
				Create: true, CreateDescription: "Time limit for the wait, such as `30m` or `2h`. Default `75m`.",
			}),
		},
	}
}

// Create waits.
func (r *customHostnameValidationResource) Create(ctx context.Context, req resource.CreateRequest, resp *resource.CreateResponse) {
	var plan customHostnameValidationModel
	resp.Diagnostics.Append(req.Plan.Get(ctx, &plan)...)
	if resp.Diagnostics.HasError() {
		return
	}
	r.wait(ctx, &plan, &resp.State, &resp.Diagnostics)
}

// Read updates the state. It removes the resource only if the hostname is gone: a renewal of the certificate does not undo
// the validation.
func (r *customHostnameValidationResource) Read(ctx context.Context, req resource.ReadRequest, resp *resource.ReadResponse) {
	var state customHostnameValidationModel
	resp.Diagnostics.Append(req.State.Get(ctx, &state)...)
	if resp.Diagnostics.HasError() {
		return
	}
	found, diags := refreshOnce(ctx, r, &state)
	resp.Diagnostics.Append(diags...)
	switch {
	case resp.Diagnostics.HasError():
	case !found:
		resp.State.RemoveResource(ctx)
	default:
		resp.Diagnostics.Append(resp.State.Set(ctx, &state)...)
	}
}

// refresh updates a state, and reports whether the hostname exists.
func (r *customHostnameValidationResource) refresh(ctx context.Context, state *customHostnameValidationModel) (found bool, diags diag.Diagnostics) {
	client := r.client(&diags)
	if diags.HasError() {
		return false, diags
	}
	ctx, cancel := context.WithTimeout(ctx, defaultReadTimeout)
	defer cancel()
	id := readID("hostname_id", state.HostnameID.ValueString(), &diags)
	if diags.HasError() {
		return false, diags
	}
	read := client.GetCustomHostname
	if r.data.batchRefresh {
		read = func(ctx context.Context, _ int64) (*esa.CustomHostname, error) {
			return client.RefreshSeen(ctx, esa.CustomHostname{HostnameID: id, CertStatus: state.CertStatus.ValueString(), CertNotAfter: state.CertNotAfter.ValueString()})
		}
	}
	actual, err := read(ctx, id)
	if esa.IsNotFound(err) {
		return false, diags
	}
	if err != nil {
		diags.Append(apiError("read", state.thing(), err))
		return false, diags
	}
	state.observe(actual)
	return true, diags
}

// validate adds nothing to the checks of the schema.
func (r *customHostnameValidationResource) validate(*customHostnameValidationModel, *diag.Diagnostics) {
}

// complete adds nothing to the plan.
func (r *customHostnameValidationResource) complete(_, _, _ *customHostnameValidationModel, _ *diag.Diagnostics) {
}

// ModifyPlan makes the attributes unknown that another wait can change, as DNS records may be made of them.
func (r *customHostnameValidationResource) ModifyPlan(ctx context.Context, req resource.ModifyPlanRequest, resp *resource.ModifyPlanResponse) {
	if req.Plan.Raw.IsNull() || req.State.Raw.IsNull() {
		return
	}
	var plan, state customHostnameValidationModel
	resp.Diagnostics.Append(req.Plan.Get(ctx, &plan)...)
	resp.Diagnostics.Append(req.State.Get(ctx, &state)...)
	if resp.Diagnostics.HasError() || !plan.HostnameID.Equal(state.HostnameID) || !plan.waitsAgain(&state) {
		return
	}
	for _, text := range []*types.String{
		&plan.Status, &plan.CertStatus, &plan.CertNotAfter, &plan.CertTXTKey, &plan.CertTXTValue, &plan.CertHTTPKey, &plan.CertHTTPValue,
	} {
		*text = types.StringUnknown()
	}
	resp.Diagnostics.Append(resp.Plan.Set(ctx, &plan)...)
}

// waitsAgain reports whether a plan requires another wait. Other changes only affect the next one.
func (m *customHostnameValidationModel) waitsAgain(state *customHostnameValidationModel) bool {
	return !m.WaitFor.Equal(state.WaitFor) || !m.Triggers.Equal(state.Triggers)
}

// Update waits again if the plan requires it.
func (r *customHostnameValidationResource) Update(ctx context.Context, req resource.UpdateRequest, resp *resource.UpdateResponse) {
	var plan, state customHostnameValidationModel
	resp.Diagnostics.Append(req.Plan.Get(ctx, &plan)...)
	resp.Diagnostics.Append(req.State.Get(ctx, &state)...)
	if resp.Diagnostics.HasError() {
		return
	}
	again := plan.waitsAgain(&state)
	// The state may contain tokens that ESA no longer returns.
	updated := state
	updated.WaitFor, updated.Triggers, updated.Timeouts = plan.WaitFor, plan.Triggers, plan.Timeouts
	if !again {
		resp.Diagnostics.Append(resp.State.Set(ctx, &updated)...)
		return
	}
	r.wait(ctx, &updated, &resp.State, &resp.Diagnostics)
}

// Delete only removes the resource from state.
func (r *customHostnameValidationResource) Delete(context.Context, resource.DeleteRequest, *resource.DeleteResponse) {
}

// wait waits for the goal of the plan and saves the result.
func (r *customHostnameValidationResource) wait(ctx context.Context, plan *customHostnameValidationModel, state *tfsdk.State, diags *diag.Diagnostics) {
	client := r.client(diags)
	limit, timeoutDiags := plan.Timeouts.Create(ctx, defaultValidationTimeout)
	diags.Append(timeoutDiags...)
	id := readID("hostname_id", plan.HostnameID.ValueString(), diags)
	if diags.HasError() {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()

	last, err := client.AwaitValidated(ctx, id, esa.Goal(plan.WaitFor.ValueString()), func(h *esa.CustomHostname) {
		tflog.Info(ctx, "Waiting for custom hostname", map[string]any{
			"hostname": h.Hostname, "hostname_id": id, "wait_for": plan.WaitFor.ValueString(), "status": h.Status, "cert_status": h.CertStatus,
		})
	})
	if err != nil {
		diags.Append(validationError(esa.Goal(plan.WaitFor.ValueString()), plan.thing(), last, err, "timeouts.create"))
		return
	}
	plan.observe(last)
	diags.Append(state.Set(ctx, plan)...)
}

func (m *customHostnameValidationModel) thing() thing {
	return thing{hostname: m.Hostname.ValueString(), hostnameID: m.HostnameID.ValueString()}
}

// validationError returns the error of a wait. limit is the argument with the time limit.
func validationError(goal esa.Goal, about thing, last *esa.CustomHostname, err error, limit string) diag.Diagnostic {
	if last != nil {
		about = thingOf(last)
	}
	var hopeless *esa.HopelessError
	switch {
	case errors.As(err, &hopeless):
		summary, detail := describeHopeless(hopeless)
		return diag.NewAttributeErrorDiagnostic(path.Root("hostname_id"), summary, detail)
	case errors.Is(err, context.DeadlineExceeded) && last != nil:
		return diag.NewAttributeErrorDiagnostic(path.Root("hostname_id"), "Custom hostname not validated in time",
			fmt.Sprintf("The time limit was reached while waiting for the %s of %s. Last seen: %s.\n\n%s\n\nThen run apply again, or raise %s.",
				goal, about, lastSeen(last), whatIsMissing(last), limit))
	case errors.Is(err, context.Canceled) && last != nil:
		return diag.NewErrorDiagnostic("Custom hostname not validated yet",
			fmt.Sprintf("The run was interrupted while waiting for the %s of %s. Last seen: %s. Run apply again to continue.", goal, about, lastSeen(last)))
	}
	return apiError("validate", about, err)
}

// lastSeen describes the status of a hostname.
func lastSeen(h *esa.CustomHostname) string {
	switch {
	case h.SSLFlag != esa.SSLOn:
		return "status " + clean(h.Status)
	case h.CertStatus == "":
		return fmt.Sprintf("status %s, no certificate yet", clean(h.Status))
	}
	return fmt.Sprintf("status %s, certificate %s", clean(h.Status), clean(h.CertStatus))
}

// whatIsMissing returns what the hostname's owner has to do.
func whatIsMissing(h *esa.CustomHostname) string {
	switch {
	case h.Status == esa.StatusPending && h.VerifyCode == "":
		return "ESA has not created verify_host and verify_code yet. Publish them once it has."
	case h.Status == esa.StatusPending:
		return fmt.Sprintf("Publish the TXT record %s with the content %s.", clean(h.VerifyHost), clean(h.VerifyCode))
	case h.SSLFlag == esa.SSLOn && h.CertTXTKey != "":
		return fmt.Sprintf("For the certificate, publish the TXT record %s with the content %s, or point the domain at ESA.", clean(h.CertTXTKey), clean(h.CertTXTValue))
	}
	return "ESA needs more time."
}

// describeHopeless returns why waiting does not help, and what does.
func describeHopeless(hopeless *esa.HopelessError) (summary, detail string) {
	h := &hopeless.Hostname
	about, answer := thingOf(h), ""
	if refusal := new(esa.Error); errors.As(hopeless.Err, &refusal) {
		_, advice := adviceFor(refusal)
		answer = "\n\n" + describe(refusal) + "\n\n" + advice
	}
	switch h.Status {
	case esa.StatusConflicted:
		return "Custom hostname conflicted", fmt.Sprintf("The name of %s is occupied: %s. ESA has just verified it again, without success. "+
			"Remove what occupies it, or have its owner do so, and run apply again; nothing needs to be recreated.", about, clean(orNone(h.ConflictWith))) + answer
	case esa.StatusOffline:
		return "Custom hostname offline", fmt.Sprintf("ESA does not serve %s: %s. ESA has just verified it again, and it is still offline. "+
			"Fix the cause (a missing ICP filing, an overdue plan, content, or a manual decision), and run apply again.", about, clean(orNone(h.OfflineReason))) + answer
	}
	code := "none"
	if h.CertApplyCode != nil {
		code = fmt.Sprint(*h.CertApplyCode)
	}
	return "Certificate of custom hostname failed", fmt.Sprintf("The certificate of %s is %s. Message from ESA: %s (CertApplyCode %s).\n\n"+
		"For a free certificate, check the TXT record and the domain's CAA records, then apply for it again by changing certificate_apply_trigger of its esa_custom_hostname. "+
		"For an uploaded one, upload a renewed certificate.", about, clean(h.CertStatus), clean(orNone(h.CertApplyMessage)), code)
}

func orNone(text string) string {
	if text == "" {
		return "no reason given"
	}
	return text
}
