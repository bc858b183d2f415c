package provider

import (
	"context"
	"fmt"

	"github.com/hashicorp/terraform-plugin-framework/action"
	"github.com/hashicorp/terraform-plugin-framework/path"

	"terraform-provider-esa/internal/esa"
)

var _ action.ActionWithConfigure = &verifyCustomHostnameAction{}

// verifyCustomHostnameAction is action "esa_verify_custom_hostname".
type verifyCustomHostnameAction struct {
	configuredAction
}

func newVerifyCustomHostnameAction() action.Action { return &verifyCustomHostnameAction{} }

// Metadata sets the name of the action.
func (a *verifyCustomHostnameAction) Metadata(_ context.Context, req action.MetadataRequest, resp *action.MetadataResponse) {
	resp.TypeName = req.ProviderTypeName + "_verify_custom_hostname"
}

// Schema describes the action.
func (a *verifyCustomHostnameAction) Schema(ctx context.Context, _ action.SchemaRequest, resp *action.SchemaResponse) {
	resp.Schema = hostnameActionSchema(ctx,
		"Makes ESA check the TXT record that proves ownership of a custom hostname (VerifyCustomHostname). "+
			"It does nothing if ownership is already verified, and fails if the check does not pass.",
		"Whether to check again until ownership is verified and the hostname is `active`, rather than fail.")
}

// Invoke verifies once, or waits if wait is set.
func (a *verifyCustomHostnameAction) Invoke(ctx context.Context, req action.InvokeRequest, resp *action.InvokeResponse) {
	a.invoke(ctx, req, resp, verifyHostname)
}

func verifyHostname(ctx context.Context, h *hostnameAction) {
	switch h.hostname.Status {
	case esa.StatusActive:
		h.say("The ownership of %s is already verified; nothing to do.", h.about())
		return
	case esa.StatusConfiguring:
		// ESA configures a hostname after its verification, so there is nothing left to verify.
		h.say("The ownership of %s is already verified, and ESA is deploying it.", h.about())
		if h.wait {
			h.await(ctx, esa.Ownership)
		}
		return
	}
	if h.wait {
		if h.await(ctx, esa.Ownership) {
			h.say("The ownership of %s is verified.", h.about())
		}
		return
	}
	passed, err := h.client.VerifyCustomHostname(ctx, h.id)
	if passed {
		h.say("The ownership of %s is verified.", h.about())
		return
	}
	// The error describes the hostname after the check.
	if now, readErr := h.client.GetCustomHostname(ctx, h.id); readErr == nil {
		h.hostname = now
	}
	switch {
	case h.hostname.Blocked() && (err == nil || esa.IsRefusal(err)):
		summary, detail := describeHopeless(&esa.HopelessError{Hostname: *h.hostname, Err: err})
		h.diags.AddAttributeError(path.Root("hostname_id"), summary, detail)
	case err != nil:
		h.diags.Append(apiError("verify", h.about(), err))
	default:
		h.diags.AddAttributeError(path.Root("hostname_id"), "Custom hostname not verified",
			fmt.Sprintf("ESA checked the ownership of %s, and the check did not pass. Last seen: %s.\n\n%s\n\nThen run the action again, or set wait to true.",
				h.about(), lastSeen(h.hostname), whatIsMissing(h.hostname)))
	}
}
