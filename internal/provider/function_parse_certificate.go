package provider

import (
	"context"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/function"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"terraform-provider-esa/internal/certcheck"
)

var _ function.Function = parseCertificateFunction{}

// parseCertificateFunction is the function provider::esa::parse_certificate.
type parseCertificateFunction struct{}

func newParseCertificateFunction() function.Function { return parseCertificateFunction{} }

// certificateInfo is the result of the function.
type certificateInfo struct {
	Subject           string   `tfsdk:"subject"`
	Issuer            string   `tfsdk:"issuer"`
	DNSNames          []string `tfsdk:"dns_names"`
	NotBefore         string   `tfsdk:"not_before"`
	NotAfter          string   `tfsdk:"not_after"`
	SerialNumber      string   `tfsdk:"serial_number"`
	FingerprintSHA256 string   `tfsdk:"fingerprint_sha256"`
	KeyAlgorithm      string   `tfsdk:"key_algorithm"`
	IsCA              bool     `tfsdk:"is_ca"`
	ChainLength       int64    `tfsdk:"chain_length"`
}

// Metadata sets the name of the function.
func (parseCertificateFunction) Metadata(_ context.Context, _ function.MetadataRequest, resp *function.MetadataResponse) {
	resp.Name = "parse_certificate"
}

// Definition describes the function.
func (parseCertificateFunction) Definition(_ context.Context, _ function.DefinitionRequest, resp *function.DefinitionResponse) {
	resp.Definition = function.Definition{
		Summary: "Parses a PEM certificate",
		MarkdownDescription: "Returns the contents of the first certificate of a PEM, for example for outputs and `check` blocks. It makes no network calls.\n\n" +
			"The result is an object: `subject` and `issuer` (distinguished names), `dns_names` (list of the names it covers), `not_before` and `not_after` (RFC 3339, UTC), " +
			"`serial_number` (hexadecimal), `fingerprint_sha256` (hexadecimal, of the DER), `key_algorithm` (such as `RSA-2048` or `ECDSA-P256`), `is_ca`, " +
			"and `chain_length`, the number of certificates in the PEM.",
		Parameters: []function.Parameter{
			function.StringParameter{
				Name:                "pem",
				MarkdownDescription: "PEM of a certificate, alone or with its chain, leaf first. Anything else is an error.",
			},
		},
		Return: function.ObjectReturn{AttributeTypes: map[string]attr.Type{
			"subject": types.StringType, "issuer": types.StringType, "dns_names": types.ListType{ElemType: types.StringType},
			"not_before": types.StringType, "not_after": types.StringType, "serial_number": types.StringType,
			"fingerprint_sha256": types.StringType, "key_algorithm": types.StringType, "is_ca": types.BoolType, "chain_length": types.Int64Type,
		}},
	}
}

// Run parses the certificate.
func (parseCertificateFunction) Run(ctx context.Context, req function.RunRequest, resp *function.RunResponse) {
	var pem string
	if resp.Error = req.Arguments.Get(ctx, &pem); resp.Error != nil {
		return
	}
	info, err := certcheck.Describe(pem)
	if err != nil {
		resp.Error = function.NewArgumentFuncError(0, err.Error())
		return
	}
	dnsNames := info.DNSNames
	if dnsNames == nil {
		dnsNames = []string{}
	}
	resp.Error = resp.Result.Set(ctx, certificateInfo{
		Subject: info.Subject, Issuer: info.Issuer, DNSNames: dnsNames,
		NotBefore: info.NotBefore.UTC().Format(time.RFC3339), NotAfter: info.NotAfter.UTC().Format(time.RFC3339),
		SerialNumber: info.SerialNumber, FingerprintSHA256: info.FingerprintSHA256, KeyAlgorithm: info.KeyAlgorithm,
		IsCA: info.IsCA, ChainLength: int64(info.ChainLength),
	})
}
