package provider

import (
	"context"
	"fmt"

	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/types/basetypes"
	"github.com/hashicorp/terraform-plugin-go/tftypes"

	"terraform-provider-esa/internal/certcheck"
)

var (
	_ basetypes.StringTypable                    = pemType{}
	_ basetypes.StringValuableWithSemanticEquals = pemValue{}
)

// pemType is a string of PEM certificates. Two values with the same certificates are semantically equal, whatever their
// formatting: services return PEM with other line endings than were sent.
type pemType struct {
	basetypes.StringType
}

// Equal reports whether o is this type.
func (t pemType) Equal(o attr.Type) bool {
	other, ok := o.(pemType)
	return ok && t.StringType.Equal(other.StringType)
}

// String returns the name of the type in messages.
func (pemType) String() string { return "PEM certificates" }

// ValueFromString wraps a string.
func (pemType) ValueFromString(_ context.Context, in basetypes.StringValue) (basetypes.StringValuable, diag.Diagnostics) {
	return pemValue{StringValue: in}, nil
}

// ValueFromTerraform wraps a value from Terraform.
func (t pemType) ValueFromTerraform(ctx context.Context, in tftypes.Value) (attr.Value, error) {
	value, err := t.StringType.ValueFromTerraform(ctx, in)
	if err != nil {
		return nil, err
	}
	text, ok := value.(basetypes.StringValue)
	if !ok {
		return nil, fmt.Errorf("unexpected value type %T", value)
	}
	return pemValue{StringValue: text}, nil
}

// ValueType returns a pemValue.
func (pemType) ValueType(context.Context) attr.Value { return pemValue{} }

// pemValue is a value of pemType.
type pemValue struct {
	basetypes.StringValue
}

func newPEM(text string) pemValue { return pemValue{basetypes.NewStringValue(text)} }
func newPEMNull() pemValue        { return pemValue{basetypes.NewStringNull()} }

// Type returns pemType.
func (pemValue) Type(context.Context) attr.Type { return pemType{} }

// Equal reports whether o is the same text.
func (v pemValue) Equal(o attr.Value) bool {
	other, ok := o.(pemValue)
	return ok && v.StringValue.Equal(other.StringValue)
}

// StringSemanticEquals reports whether other contains the same certificates.
func (v pemValue) StringSemanticEquals(_ context.Context, other basetypes.StringValuable) (bool, diag.Diagnostics) {
	o, ok := other.(pemValue)
	return ok && v.sameAs(o), nil
}

// sameAs reports whether both are null or both contain the same certificates. An unknown value differs from all others.
func (v pemValue) sameAs(other pemValue) bool {
	if v.IsUnknown() || other.IsUnknown() {
		return false
	}
	return v.Equal(other) || certcheck.Same(v.ValueString(), other.ValueString())
}
