package provider

import (
	"context"
	"fmt"

	"github.com/hashicorp/terraform-plugin-framework-timeouts/action/timeouts"
	"github.com/hashicorp/terraform-plugin-framework/action"
	"github.com/hashicorp/terraform-plugin-framework/action/schema"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"terraform-provider-esa/internal/esa"
)

// defaultActionTimeout is that of esa_custom_hostname_validation, which waits for the same.
const defaultActionTimeout = defaultValidationTimeout

// hostnameActionModel is the configuration of the actions on a custom hostname.
type hostnameActionModel struct {
	HostnameID types.String   `tfsdk:"hostname_id"`
	Wait       types.Bool     `tfsdk:"wait"`
	Timeouts   timeouts.Value `tfsdk:"timeouts"`
}

// hostnameActionSchema returns the schema of these actions.
func hostnameActionSchema(ctx context.Context, description, wait string) schema.Schema {
	return schema.Schema{
		MarkdownDescription: description + "\n\nRequires Terraform 1.14 or later; older versions and OpenTofu have no actions.",
		Attributes: map[string]schema.Attribute{
			"hostname_id": schema.StringAttribute{
				Required: true, Validators: []validator.String{idValidator{}},
				MarkdownDescription: "Id of the hostname, `esa_custom_hostname.x.id`.",
			},
			"wait": schema.BoolAttribute{Optional: true, MarkdownDescription: wait + " Default `false`."},
		},
		Blocks: map[string]schema.Block{
			"timeouts": timeouts.BlockWithOpts(ctx, timeouts.Opts{
				InvokeDescription: "Time limit for the action, such as `30m` or `2h`. Default `75m`.",
			}),
		},
	}
}

// hostnameAction is one run of an action on a custom hostname.
type hostnameAction struct {
	client   *esa.Client
	id       int64
	hostname *esa.CustomHostname // as read at the beginning
	wait     bool
	diags    *diag.Diagnostics
	progress func(action.InvokeProgressEvent)
}

// invoke reads configuration and hostname, and then runs the action.
func (a *configuredAction) invoke(ctx context.Context, req action.InvokeRequest, resp *action.InvokeResponse, do func(context.Context, *hostnameAction)) {
	var model hostnameActionModel
	resp.Diagnostics.Append(req.Config.Get(ctx, &model)...)
	limit, diags := model.Timeouts.Invoke(ctx, defaultActionTimeout)
	resp.Diagnostics.Append(diags...)
	run := &hostnameAction{client: a.client(&resp.Diagnostics), wait: model.Wait.ValueBool(), diags: &resp.Diagnostics, progress: resp.SendProgress}
	run.id = readID("hostname_id", model.HostnameID.ValueString(), &resp.Diagnostics)
	if resp.Diagnostics.HasError() {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	hostname, err := run.client.GetCustomHostname(ctx, run.id)
	if err != nil {
		run.diags.Append(apiError("read", thing{hostnameID: formatID(run.id)}, err))
		return
	}
	run.hostname = hostname
	do(ctx, run)
}

func (h *hostnameAction) about() thing { return thingOf(h.hostname) }

// say reports progress to the user.
func (h *hostnameAction) say(format string, arguments ...any) {
	h.progress(action.InvokeProgressEvent{Message: fmt.Sprintf(format, arguments...)})
}

// await waits for a goal, reports changes as progress, and reports whether the goal was reached.
func (h *hostnameAction) await(ctx context.Context, goal esa.Goal) bool {
	told := ""
	last, err := h.client.AwaitValidated(ctx, h.id, goal, func(hostname *esa.CustomHostname) {
		if seen := lastSeen(hostname); seen != told {
			told = seen
			h.say("%s: %s", h.about(), seen)
		}
	})
	if err != nil {
		h.diags.Append(validationError(goal, h.about(), last, err, "timeouts.invoke"))
	}
	return err == nil
}
