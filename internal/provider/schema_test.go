package provider

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
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
