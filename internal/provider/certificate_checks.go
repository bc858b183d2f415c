package provider

import (
	"time"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"

	"terraform-provider-esa/internal/certcheck"
	"terraform-provider-esa/internal/esa"
)

// checkCertificate reports problems of the certificate and the key of a configuration, as far as they are known.
// Problems of a deployed certificate are only warnings, so that users can still plan, including the fix.
func (m *customHostnameModel) checkCertificate(deployed bool, now time.Time, diags *diag.Diagnostics) {
	if !m.SSLFlag.IsUnknown() && m.SSLFlag.ValueString() != esa.SSLOn ||
		!m.CertType.IsUnknown() && m.CertType.ValueString() != esa.CertTypeUpload {
		return
	}
	key := m.PrivateKeyWO
	if key.IsNull() {
		key = m.PrivateKey
	}
	certificateKnown := !m.Certificate.IsNull() && !m.Certificate.IsUnknown()
	keyKnown := !key.IsNull() && !key.IsUnknown()

	var problems []certcheck.Problem
	if certificateKnown {
		problems = append(problems, certcheck.CheckCertificate(m.Certificate.ValueString(), certcheck.Options{
			Hostname: m.Hostname.ValueString(), Now: now,
		})...)
	}
	if keyKnown {
		problems = append(problems, certcheck.CheckPrivateKey(key.ValueString())...)
	}
	if certificateKnown && keyKnown {
		problems = append(problems, certcheck.CheckPair(m.Certificate.ValueString(), key.ValueString())...)
	}
	for _, problem := range problems {
		argument := path.Root("certificate")
		if problem.Part == certcheck.PartPrivateKey {
			argument = path.Root(m.keyArgument())
		}
		if problem.Warning || deployed && problem.Part == certcheck.PartCertificate {
			diags.AddAttributeWarning(argument, problem.Summary, problem.Detail)
		} else {
			diags.AddAttributeError(argument, problem.Summary, problem.Detail)
		}
	}
}
