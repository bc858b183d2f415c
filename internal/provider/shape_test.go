package provider

import (
	"testing"

	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/types"
)

// TestModelFitsSchema checks that a model fits a schema only if both have the same attributes, of the same types. A resource whose
// model does not fit is converted by the framework, which reports the difference.
func TestModelFitsSchema(t *testing.T) {
	type model struct {
		Name   types.String `tfsdk:"name"`
		Number types.Int64  `tfsdk:"number"`
		other  int          // not part of the state
	}
	object := func(attributes map[string]attr.Type) attr.Type { return types.ObjectType{AttrTypes: attributes} }
	for title, test := range map[string]struct {
		of   attr.Type
		want string // the error
	}{
		"the same":          {object(map[string]attr.Type{"name": types.StringType, "number": types.Int64Type}), ""},
		"another type":      {object(map[string]attr.Type{"name": types.StringType, "number": types.StringType}), "Number is a basetypes.Int64Value, the schema has basetypes.StringType"},
		"one more":          {object(map[string]attr.Type{"name": types.StringType, "number": types.Int64Type, "more": types.BoolType}), "the model has 2 attributes, the schema 3"},
		"one fewer":         {object(map[string]attr.Type{"name": types.StringType}), "Number is a basetypes.Int64Value, the schema has <nil>"},
		"without any":       {types.StringType, "basetypes.StringType has no attributes"},
		"with another name": {object(map[string]attr.Type{"name": types.StringType, "count": types.Int64Type}), "Number is a basetypes.Int64Value, the schema has <nil>"},
	} {
		s, err := newShape[model](t.Context(), test.of)
		switch {
		case test.want == "" && (err != nil || len(s.fields) != 2):
			t.Errorf("%s: got error %v, want two fields", title, err)
		case test.want != "" && (err == nil || err.Error() != test.want):
			t.Errorf("%s: got error %v, want %s", title, err, test.want)
		}
	}
	_ = model{}.other
}
