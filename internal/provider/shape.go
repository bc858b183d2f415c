package provider

import (
	"context"
	"fmt"
	"reflect"

	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-go/tftypes"
)

// shape converts values of a schema to models M and back, by the tags of their fields. The framework's Get and Set do the
// same for any Go type, but they compile a pattern for every field and rebuild the schema's types.
type shape[M any] struct {
	object tftypes.Object
	fields []shapeField
}

type shapeField struct {
	name  string
	index []int
	kind  attr.Type
}

// newShape returns an error for a model whose fields do not match the schema's attributes.
func newShape[M any](ctx context.Context, of attr.Type) (*shape[M], error) {
	kind, ok := of.(attr.TypeWithAttributeTypes)
	if !ok {
		return nil, fmt.Errorf("%s has no attributes", of)
	}
	object, ok := of.TerraformType(ctx).(tftypes.Object)
	if !ok {
		return nil, fmt.Errorf("%s is no object", of)
	}
	s := &shape[M]{object: object}
	kinds := kind.AttributeTypes()
	for _, field := range reflect.VisibleFields(reflect.TypeFor[M]()) {
		name := field.Tag.Get("tfsdk")
		if name == "" {
			continue
		}
		if kinds[name] == nil || reflect.TypeOf(kinds[name].ValueType(ctx)) != field.Type {
			return nil, fmt.Errorf("%s is a %s, the schema has %v", field.Name, field.Type, kinds[name])
		}
		s.fields = append(s.fields, shapeField{name, field.Index, kinds[name]})
	}
	if len(s.fields) != len(kinds) {
		return nil, fmt.Errorf("the model has %d attributes, the schema %d", len(s.fields), len(kinds))
	}
	return s, nil
}

// shapeOf returns the shape of a resource's schema, nil if they do not match.
func shapeOf[M any](r resource.Resource) *shape[M] {
	var of resource.SchemaResponse
	r.Schema(context.Background(), resource.SchemaRequest{}, &of)
	s, err := newShape[M](context.Background(), of.Schema.Type())
	if err != nil {
		return nil
	}
	return s
}

// read converts an object that is neither null nor unknown.
func (s *shape[M]) read(ctx context.Context, value tftypes.Value) (*M, error) {
	var values map[string]tftypes.Value
	if value.IsNull() || !value.IsKnown() {
		return nil, fmt.Errorf("%s is no object", value)
	}
	if err := value.As(&values); err != nil {
		return nil, err
	}
	model := new(M)
	into := reflect.ValueOf(model).Elem()
	for _, field := range s.fields {
		value, err := field.kind.ValueFromTerraform(ctx, values[field.name])
		if err != nil {
			return nil, err
		}
		into.FieldByIndex(field.index).Set(reflect.ValueOf(value))
	}
	return model, nil
}

// write converts a model to a value.
func (s *shape[M]) write(ctx context.Context, model *M) (tftypes.Value, error) {
	values := make(map[string]tftypes.Value, len(s.fields))
	for _, field := range s.fields {
		value, err := s.value(model, field).ToTerraformValue(ctx)
		if err != nil {
			return tftypes.Value{}, err
		}
		values[field.name] = value
	}
	if err := tftypes.ValidateValue(s.object, values); err != nil {
		return tftypes.Value{}, err
	}
	return tftypes.NewValue(s.object, values), nil
}

// same reports whether two models have exactly the same values.
func (s *shape[M]) same(a, b *M) bool {
	for _, field := range s.fields {
		if !s.value(a, field).Equal(s.value(b, field)) {
			return false
		}
	}
	return true
}

func (s *shape[M]) value(model *M, field shapeField) attr.Value {
	value, _ := reflect.ValueOf(model).Elem().FieldByIndex(field.index).Interface().(attr.Value)
	return value
}

// get reads a configuration, plan or state into a model; slow is the framework's Get, which also reports errors.
func (s *shape[M]) get(ctx context.Context, raw tftypes.Value, slow func(context.Context, any) diag.Diagnostics, into *M) diag.Diagnostics {
	if s != nil {
		if model, err := s.read(ctx, raw); err == nil {
			*into = *model
			return nil
		}
	}
	return slow(ctx, into)
}

// set is the inverse of get.
func (s *shape[M]) set(ctx context.Context, raw *tftypes.Value, slow func(context.Context, any) diag.Diagnostics, model *M) diag.Diagnostics {
	if s != nil {
		if value, err := s.write(ctx, model); err == nil {
			*raw = value
			return nil
		}
	}
	return slow(ctx, model)
}
