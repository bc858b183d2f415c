package provider

import (
	"context"
	"encoding/json"

	"github.com/hashicorp/terraform-plugin-framework/diag"

	"terraform-provider-esa/internal/certcheck"
	"terraform-provider-esa/internal/esa"
)

// memory is what is to be remembered of a hostname's certificate and has no attribute, as neither configuration nor ESA
// say it. Terraform keeps it beside the state, whether or not a plan refreshes.
type memory struct {
	// Refused is the code with which ESA made the hostname without its certificate, "" once it has one.
	Refused esa.ErrorCode `json:"refused,omitempty"`
	// Exchanged is the fingerprint of the certificate in whose place somebody else has put another one.
	Exchanged string `json:"exchanged,omitempty"`
}

const memoryKey = "certificate"

// privateState is how the framework hands out what is kept beside the state.
type privateState interface {
	GetKey(ctx context.Context, key string) ([]byte, diag.Diagnostics)
	SetKey(ctx context.Context, key string, value []byte) diag.Diagnostics
}

// recall reads the memory. One that cannot be read is none.
func recall(ctx context.Context, private privateState) (m memory, diags diag.Diagnostics) {
	text, diags := private.GetKey(ctx, memoryKey)
	if len(text) > 0 && json.Unmarshal(text, &m) != nil {
		return memory{}, diags
	}
	return m, diags
}

func (m memory) save(ctx context.Context, private privateState) diag.Diagnostics {
	if m == (memory{}) {
		return private.SetKey(ctx, memoryKey, nil)
	}
	text, err := json.Marshal(m)
	if err != nil {
		return diag.Diagnostics{diag.NewErrorDiagnostic("Unable to save private state", err.Error())}
	}
	return private.SetKey(ctx, memoryKey, text)
}

// observe takes what a refresh has found: h, and the certificate of the state before and after it.
func (m *memory) observe(h *esa.CustomHostname, before, after pemValue) {
	switch h.CertStatus {
	case esa.CertStatusOK, esa.CertStatusApplying, esa.CertStatusExpiring, esa.CertStatusExpired:
		if h.SSLFlag != esa.SSLOff {
			m.Refused = ""
		}
	}
	was, is := fingerprint(before), fingerprint(after)
	switch {
	case is == m.Exchanged:
		m.Exchanged = ""
	case was != "" && is != "" && was != is:
		m.Exchanged = was
	}
}

// fingerprint is that of the leaf, "" where there is none.
func fingerprint(v pemValue) string {
	if v.ValueString() == "" {
		return ""
	}
	info, err := certcheck.Describe(v.ValueString())
	if err != nil {
		return ""
	}
	return info.FingerprintSHA256
}
