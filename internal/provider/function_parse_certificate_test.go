package provider

import (
	"context"
	"crypto/sha256"
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/function"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"terraform-provider-esa/internal/certcheck/certtest"
)

func callParseCertificate(pem string) (map[string]attr.Value, *function.FuncError) {
	f := parseCertificateFunction{}
	var definition function.DefinitionResponse
	f.Definition(context.Background(), function.DefinitionRequest{}, &definition)
	result, _ := definition.Definition.Return.NewResultData(context.Background())
	resp := function.RunResponse{Result: result}
	f.Run(context.Background(), function.RunRequest{Arguments: function.NewArgumentsData([]attr.Value{types.StringValue(pem)})}, &resp)
	if resp.Error != nil {
		return nil, resp.Error
	}
	object, _ := resp.Result.Value().(types.Object)
	return object.Attributes(), nil
}

func TestParseCertificate(t *testing.T) {
	pair := certtest.Issue(t, certtest.Spec{DNSNames: []string{name, "www.customer.com"}, Intermediate: 1})
	got, err := callParseCertificate(pair.CertificatePEM)
	if err != nil {
		t.Fatal(err)
	}
	text := func(key string) string {
		value, _ := got[key].(types.String)
		return value.ValueString()
	}
	want := map[string]string{
		"subject": "CN=" + name, "issuer": "CN=Test Authority 1", "key_algorithm": "ECDSA-P256",
		"not_before": pair.Leaf.NotBefore.UTC().Format("2006-01-02T15:04:05Z"), "not_after": pair.Leaf.NotAfter.UTC().Format("2006-01-02T15:04:05Z"),
	}
	for key, value := range want {
		if diff := cmp.Diff(value, text(key)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", key, diff)
		}
	}
	if want := fmt.Sprintf("%x", sha256.Sum256(pair.Leaf.Raw)); text("fingerprint_sha256") != want || text("serial_number") == "" {
		t.Errorf("got fingerprint %q and serial number %q, want %q and a number", text("fingerprint_sha256"), text("serial_number"), want)
	}
	if got["dns_names"].String() != `["shop.customer.com","www.customer.com"]` || got["is_ca"].String() != "false" || got["chain_length"].String() != "2" {
		t.Errorf("got names %v, is_ca %v and chain length %v", got["dns_names"], got["is_ca"], got["chain_length"])
	}
}

// TestParseCertificateOfACA checks a certificate of an authority, which has no DNS names.
func TestParseCertificateOfACA(t *testing.T) {
	pair := certtest.Issue(t, certtest.Spec{DNSNames: []string{name}, Intermediate: 1})
	got, err := callParseCertificate(pair.Blocks[1])
	if err != nil {
		t.Fatal(err)
	}
	if names := got["dns_names"].String(); names != "[]" || got["is_ca"].String() != "true" || got["chain_length"].String() != "1" {
		t.Errorf("got names %s, is_ca %v and chain length %v, want [], true and 1", names, got["is_ca"], got["chain_length"])
	}
}

func TestParseCertificateRefusesAnythingElse(t *testing.T) {
	pair := issue(t, name)
	for _, text := range []string{"", "x", pair.PrivateKeyPEM} {
		_, err := callParseCertificate(text)
		if err == nil || err.FunctionArgument == nil || *err.FunctionArgument != 0 {
			t.Errorf("%.20q: got error %v, want one about the first argument", text, err)
		}
	}
}
