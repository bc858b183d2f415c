package provider

import (
	"context"
	"encoding/json"

	"github.com/hashicorp/terraform-plugin-framework/diag"

	"terraform-provider-esa/internal/certcheck"
	"terraform-provider-esa/internal/esa"
)

// memory is the private state of a hostname: facts about its certificate that are in neither configuration nor ESA.
// Plans without a refresh have it too.
type memory struct {
	// Refused is the code with which ESA refused the certificate at creation, "" once there is one.
	Refused esa.ErrorCode `json:"refused,omitempty"`
	// Exchanged is the fingerprint of the certificate that was replaced outside Terraform.
	Exchanged string `json:"exchanged,omitempty"`
}

const memoryKey = "certificate"

// privateState is the framework's private state.
type privateState interface {
	GetKey(ctx context.Context, key string) ([]byte, diag.Diagnostics)
	SetKey(ctx context.Context, key string, value []byte) diag.Diagnostics
}

// recall returns the memory, empty if it cannot be decoded.
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

// observe updates the memory after a refresh: h is its result, before and after are the state's certificates.
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

// fingerprint returns the fingerprint of the leaf, "" for none.
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
