package provider

import (
	"context"
	"fmt"

	"github.com/hashicorp/terraform-plugin-framework/action"
	"github.com/hashicorp/terraform-plugin-framework/path"

	"terraform-provider-esa/internal/esa"
)

var _ action.ActionWithConfigure = &applyCustomHostnameCertificateAction{}

// applyCustomHostnameCertificateAction is action "esa_apply_custom_hostname_certificate".
type applyCustomHostnameCertificateAction struct {
	configuredAction
}

func newApplyCustomHostnameCertificateAction() action.Action {
	return &applyCustomHostnameCertificateAction{}
}

// Metadata sets the name of the action.
func (a *applyCustomHostnameCertificateAction) Metadata(_ context.Context, req action.MetadataRequest, resp *action.MetadataResponse) {
	resp.TypeName = req.ProviderTypeName + "_apply_custom_hostname_certificate"
}

// Schema describes the action.
func (a *applyCustomHostnameCertificateAction) Schema(ctx context.Context, _ action.SchemaRequest, resp *action.SchemaResponse) {
	resp.Schema = hostnameActionSchema(ctx,
		"Applies again for the free certificate of a custom hostname (ApplyCustomHostnameCertificate). ESA accepts that if the last application failed, or if the certificate is expiring or has expired. "+
			"In any other state the action does nothing. It fails for a hostname without a free certificate.",
		"Whether to wait until the certificate is issued.")
}

// Invoke applies for the certificate, and then waits if wait is set.
func (a *applyCustomHostnameCertificateAction) Invoke(ctx context.Context, req action.InvokeRequest, resp *action.InvokeResponse) {
	a.invoke(ctx, req, resp, applyForCertificate)
}

func applyForCertificate(ctx context.Context, h *hostnameAction) {
	before := h.hostname
	if before.SSLFlag != esa.SSLOn || before.CertType != esa.CertTypeFree {
		h.diags.AddAttributeError(path.Root("hostname_id"), "Invalid hostname_id",
			fmt.Sprintf("Only free certificates can be applied for, and %s has none: its ssl_flag is %s and its cert_type is %s. "+
				"Set them to \"on\" and \"free\" in its esa_custom_hostname first.", h.about(), quote(before.SSLFlag), quote(before.CertType)))
		return
	}
	if before.CanApply() {
		if err := h.client.ApplyCustomHostnameCertificate(ctx, h.id); err != nil {
			h.diags.Append(apiError("apply for the certificate of", h.about(), err))
			return
		}
		h.say("Applied for the certificate of %s. Its status was %s.", h.about(), clean(before.CertStatus))
		if h.wait {
			if _, err := h.client.AwaitApplied(ctx, before); err != nil {
				h.diags.Append(apiError("read", h.about(), err))
				return
			}
		}
	} else {
		h.say("There is nothing to apply for: %s.", nothingToApplyFor(before))
	}
	if h.wait && before.CertStatus != esa.CertStatusOK {
		h.await(ctx, esa.Renewed)
	}
}

// nothingToApplyFor returns why the state of a hostname allows no application for a certificate.
func nothingToApplyFor(h *esa.CustomHostname) string {
	about := thingOf(h)
	switch {
	case h.SSLFlag != esa.SSLOn || h.CertType != esa.CertTypeFree:
		return fmt.Sprintf("only free certificates can be applied for, and %s has ssl_flag %s and cert_type %s", about, quote(h.SSLFlag), quote(h.CertType))
	case h.CertStatus == esa.CertStatusOK:
		return fmt.Sprintf("the certificate of %s is valid until %s", about, clean(h.CertNotAfter))
	case h.CertStatus == esa.CertStatusApplying:
		return fmt.Sprintf("an application for the certificate of %s is already in progress", about)
	case h.CertStatus == "":
		return fmt.Sprintf("ESA applies for the certificate of %s by itself once ownership is verified", about)
	}
	return fmt.Sprintf("the certificate of %s has the status %s, in which ESA accepts no application", about, clean(h.CertStatus))
}
