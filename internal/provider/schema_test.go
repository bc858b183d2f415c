package provider

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/hashicorp/terraform-plugin-go/tftypes"
)

// TestSchema compares what a configuration may contain with testdata/schema.txt: every attribute of the provider, of
// resources, data sources, lists and actions, with its type and whether it is required, optional, computed, sensitive or
// write-only; and the functions. After a change of a schema, write the file anew with -update, and read the difference.
func TestSchema(t *testing.T) {
	var got strings.Builder
	schema := newServer(t, nil).schema
	write := func(kind, name string, s *tfprotov6.Schema) {
		fmt.Fprintf(&got, "## %s %s, version %d\n", kind, name, s.Version)
		describeBlock(&got, "", s.Block)
		got.WriteString("\n")
	}
	write("provider", "esa", schema.Provider)
	for _, name := range slices.Sorted(maps.Keys(schema.ResourceSchemas)) {
		write("resource", name, schema.ResourceSchemas[name])
	}
	for _, name := range slices.Sorted(maps.Keys(schema.DataSourceSchemas)) {
		write("data source", name, schema.DataSourceSchemas[name])
	}
	for _, name := range slices.Sorted(maps.Keys(schema.ListResourceSchemas)) {
		write("list", name, schema.ListResourceSchemas[name])
	}
	for _, name := range slices.Sorted(maps.Keys(schema.ActionSchemas)) {
		write("action", name, schema.ActionSchemas[name].Schema)
	}
	for _, name := range slices.Sorted(maps.Keys(schema.Functions)) {
		f := schema.Functions[name]
		fmt.Fprintf(&got, "## function %s\n", name)
		for _, p := range f.Parameters {
			fmt.Fprintf(&got, "%s: %s, null %t, unknown %t\n", p.Name, p.Type, p.AllowNullValue, p.AllowUnknownValues)
		}
		fmt.Fprintf(&got, "returns %s\n\n", f.Return.Type)
	}
	compareWithFile(t, "schema.txt", got.String())
}

// describeBlock writes down the attributes and blocks of a block.
func describeBlock(got *strings.Builder, indent string, block *tfprotov6.SchemaBlock) {
	for _, a := range block.Attributes {
		var flags []string
		for flag, is := range map[string]bool{
			"required": a.Required, "optional": a.Optional, "computed": a.Computed, "sensitive": a.Sensitive, "write-only": a.WriteOnly, "deprecated": a.Deprecated,
		} {
			if is {
				flags = append(flags, flag)
			}
		}
		slices.Sort(flags)
		fmt.Fprintf(got, "%s%s: %s, %s\n", indent, a.Name, a.ValueType(), strings.Join(flags, ", "))
	}
	for _, nested := range block.BlockTypes {
		fmt.Fprintf(got, "%s%s: %s, %d to %d\n", indent, nested.TypeName, nested.Nesting, nested.MinItems, nested.MaxItems)
		describeBlock(got, indent+"  ", nested.Block)
	}
}

// plausible are values of arguments that are valid by themselves; "on", "off" and keys of certificates need each other.
var plausible = map[string]any{
	"site_id": "1", "record_id": "2", "hostname_id": "3", "hostname": name, "site_name": "example.com", "record_name": "origin.example.com", "record_type": "CNAME",
	"name_match_type": "exact", "status": "active", "cert_status": []tftypes.Value{tftypes.NewValue(tftypes.String, "OK")}, "ssl_flag": "off", "wait_for": "ownership",
	"access_key": "a", "secret_key": "b", "security_token": "c", "profile": "p", "shared_credentials_file": "/nowhere", "credentials_uri": "http://127.0.0.1:1", "ecs_role_name": "r",
	"endpoint": "http://127.0.0.1:1", "region": "cn-hangzhou", "account_type": "Domestic", "configuration_source": "s", "batch_refresh": false, "wait": true,
	"max_retries": 3, "requests_per_second": 3, "client_connect_timeout": 3000, "client_read_timeout": 3000, "private_key_wo_version": 1, "session_expiration": 900,
	"role_arn": "acs:ram::1:role/r", "oidc_provider_arn": "acs:ram::1:oidc-provider/p", "oidc_token": "0123456789abcdef",
}

// TestValues compares which values of which arguments are refused, alone and in pairs, with testdata/values.txt. After a change, write
// the file anew with -update, and read the difference.
func TestValues(t *testing.T) {
	t.Parallel()
	var got strings.Builder
	s := newServer(t, nil)
	check := func(title string, schema *tfprotov6.Schema, validate func(*tfprotov6.DynamicValue) ([]*tfprotov6.Diagnostic, error)) {
		fmt.Fprintf(&got, "## %s\n", title)
		object, ok := schema.ValueType().(tftypes.Object)
		if !ok {
			t.Fatalf("got a schema of type %s, want an object", schema.ValueType())
		}
		required := map[string]any{}
		var optional []string
		var order []string               // of problems
		refused := map[string][]string{} // what has these problems
		// flush writes down the problems since the last time.
		flush := func() {
			for _, problems := range order {
				fmt.Fprintf(&got, "%s\n%s", strings.Join(refused[problems], ", "), problems)
			}
			order, refused = nil, map[string][]string{}
		}
		try := func(title, value string, more map[string]any) {
			config := maps.Clone(required)
			maps.Copy(config, more)
			problems, err := validate(dynamic(t, schema, config))
			if err != nil {
				t.Fatal(err)
			}
			var lines []string
			for _, problem := range problems {
				lines = append(lines, "  "+strings.ReplaceAll(show(problem), "\n", "\n    ")+"\n")
			}
			slices.Sort(lines) // attributes are checked in any order
			all := strings.Join(lines, "")
			if strings.TrimSpace(value) != "" {
				all = strings.NewReplacer(fmt.Sprintf("got: %q", value), "got: <value>", fmt.Sprintf(": %q", value), ": <value>", " "+value+". ", " <value>. ").Replace(all)
			}
			switch {
			case len(problems) == 0:
				return
			case refused[all] == nil:
				order = append(order, all)
			case value != "":
				title = fmt.Sprintf("%q", value)
			}
			refused[all] = append(refused[all], title)
		}
		for _, a := range schema.Block.Attributes {
			switch {
			case a.Required:
				required[a.Name] = plausible[a.Name]
			case a.Optional:
				optional = append(optional, a.Name)
			default:
				required[a.Name] = tftypes.NewValue(a.ValueType(), nil)
			}
		}
		try("nothing else", "", nil)
		for _, a := range schema.Block.Attributes {
			if a.Required || a.Optional {
				for _, value := range oddValues(a.Type) {
					text := written(t, value)
					try(fmt.Sprintf("%s = %q", a.Name, text), text, map[string]any{a.Name: value})
				}
				flush()
			}
		}
		for _, b := range schema.Block.BlockTypes {
			kind := object.AttributeTypes[b.TypeName]
			list, several := kind.(tftypes.List)
			element := kind
			if several {
				element = list.ElementType
			}
			types, ok := element.(tftypes.Object)
			if !ok {
				t.Fatalf("%s: got a block of type %s, want an object", b.TypeName, element)
			}
			block := func(values map[string]tftypes.Value) tftypes.Value {
				all := map[string]tftypes.Value{}
				for name, kind := range types.AttributeTypes {
					all[name] = tftypes.NewValue(kind, nil)
				}
				maps.Copy(all, values)
				value := tftypes.NewValue(types, all)
				if several {
					value = tftypes.NewValue(list, []tftypes.Value{value})
				}
				return value
			}
			needed := map[string]tftypes.Value{}
			for name, kind := range types.AttributeTypes {
				if strings.HasSuffix(name, "_arn") || name == "oidc_token" {
					needed[name] = tftypes.NewValue(kind, plausible[name])
				}
			}
			try(b.TypeName+" without arguments", "", map[string]any{b.TypeName: block(nil)})
			for _, name := range slices.Sorted(maps.Keys(types.AttributeTypes)) {
				for _, value := range oddValues(types.AttributeTypes[name]) {
					values := maps.Clone(needed)
					values[name] = value
					text := written(t, value)
					try(fmt.Sprintf("%s.%s = %q", b.TypeName, name, text), text, map[string]any{b.TypeName: block(values)})
				}
				flush()
			}
			for _, a := range optional {
				try(a+" beside "+b.TypeName, "", map[string]any{a: plausible[a], b.TypeName: block(needed)})
			}
		}
		for i, a := range optional {
			try(a+" alone", "", map[string]any{a: plausible[a]})
			for _, b := range optional[i+1:] {
				try(a+" beside "+b, "", map[string]any{a: plausible[a], b: plausible[b]})
			}
		}
		flush()
		got.WriteString("\n")
	}
	check("provider", s.schema.Provider, func(config *tfprotov6.DynamicValue) ([]*tfprotov6.Diagnostic, error) {
		resp, err := s.ValidateProviderConfig(t.Context(), &tfprotov6.ValidateProviderConfigRequest{Config: config})
		return resp.Diagnostics, err
	})
	for _, name := range slices.Sorted(maps.Keys(s.schema.ResourceSchemas)) {
		check("resource "+name, s.schema.ResourceSchemas[name], func(config *tfprotov6.DynamicValue) ([]*tfprotov6.Diagnostic, error) {
			resp, err := s.ValidateResourceConfig(t.Context(), &tfprotov6.ValidateResourceConfigRequest{TypeName: name, Config: config})
			return resp.Diagnostics, err
		})
	}
	for _, name := range slices.Sorted(maps.Keys(s.schema.DataSourceSchemas)) {
		check("data source "+name, s.schema.DataSourceSchemas[name], func(config *tfprotov6.DynamicValue) ([]*tfprotov6.Diagnostic, error) {
			resp, err := s.ValidateDataResourceConfig(t.Context(), &tfprotov6.ValidateDataResourceConfigRequest{TypeName: name, Config: config})
			return resp.Diagnostics, err
		})
	}
	for _, name := range slices.Sorted(maps.Keys(s.schema.ListResourceSchemas)) {
		check("list "+name, s.schema.ListResourceSchemas[name], func(config *tfprotov6.DynamicValue) ([]*tfprotov6.Diagnostic, error) {
			resp, err := s.ValidateListResourceConfig(t.Context(), &tfprotov6.ValidateListResourceConfigRequest{TypeName: name, Config: config})
			return resp.Diagnostics, err
		})
	}
	for _, name := range slices.Sorted(maps.Keys(s.schema.ActionSchemas)) {
		check("action "+name, s.schema.ActionSchemas[name].Schema, func(config *tfprotov6.DynamicValue) ([]*tfprotov6.Diagnostic, error) {
			resp, err := s.ValidateActionConfig(t.Context(), &tfprotov6.ValidateActionConfigRequest{ActionType: name, Config: config})
			return resp.Diagnostics, err
		})
	}
	compareWithFile(t, "values.txt", got.String())
}

// oddValues returns values of a type that are often refused.
func oddValues(kind tftypes.Type) (all []tftypes.Value) {
	var values []any
	switch {
	case kind.Is(tftypes.String):
		values = []any{"", " ", "\t", "x", "0", "1", "-1", "1.5", "1h", "on", name, "Shop.Customer.com", "http://192.0.2.1", "exact", "OK", "a\nb"}
	case kind.Is(tftypes.Number):
		values = []any{-1, 0, 1, 10, 99, 100, 101, 899, 900, 1000, 3600, 43200, 43201, 86400, 100000, 600000, 600001, 1e9, 1e15}
	case kind.Is(tftypes.Bool):
		values = []any{false, true}
	case kind.Is(tftypes.Set{}), kind.Is(tftypes.List{}):
		text := func(s ...string) (all []tftypes.Value) {
			for _, one := range s {
				all = append(all, tftypes.NewValue(tftypes.String, one))
			}
			return all
		}
		values = []any{text(), text(""), text("x"), text("OK"), text("OK", "x")}
	case kind.Is(tftypes.Map{}):
		values = []any{map[string]tftypes.Value{}, map[string]tftypes.Value{"": tftypes.NewValue(tftypes.String, "")}}
	}
	all = append(all, tftypes.NewValue(kind, nil))
	for _, value := range values {
		all = append(all, tftypes.NewValue(kind, value))
	}
	return all
}
