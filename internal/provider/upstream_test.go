package provider

import (
	"context"
	"fmt"
	"reflect"
	"testing"

	"github.com/hashicorp/terraform-plugin-framework/datasource"
	"github.com/hashicorp/terraform-plugin-framework/provider"
	"github.com/hashicorp/terraform-plugin-framework/provider/schema"
	"github.com/hashicorp/terraform-plugin-framework/providerserver"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	resourceschema "github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/tfsdk"
	"github.com/hashicorp/terraform-plugin-framework/types"
	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/hashicorp/terraform-plugin-go/tftypes"
)

// These benchmarks measure what CONTRIBUTING.md says about terraform-plugin-framework, with a resource of 30 strings and
// nothing of this provider. Run go test -run '^$' -bench Upstream -benchmem ./internal/provider; add -cpuprofile for
// details.

const upstreamTexts = 30

type upstreamProvider struct{}

func (upstreamProvider) Metadata(_ context.Context, _ provider.MetadataRequest, resp *provider.MetadataResponse) {
	resp.TypeName = "upstream"
}

func (upstreamProvider) Schema(_ context.Context, _ provider.SchemaRequest, resp *provider.SchemaResponse) {
	resp.Schema = schema.Schema{}
}

func (upstreamProvider) Configure(context.Context, provider.ConfigureRequest, *provider.ConfigureResponse) {
}
func (upstreamProvider) DataSources(context.Context) []func() datasource.DataSource { return nil }
func (upstreamProvider) Resources(context.Context) []func() resource.Resource {
	return []func() resource.Resource{func() resource.Resource { return upstreamResource{} }}
}

type upstreamResource struct{}

func (upstreamResource) Metadata(_ context.Context, req resource.MetadataRequest, resp *resource.MetadataResponse) {
	resp.TypeName = req.ProviderTypeName + "_thing"
}

func (upstreamResource) Schema(_ context.Context, _ resource.SchemaRequest, resp *resource.SchemaResponse) {
	resp.Schema = upstreamSchema()
}
func (upstreamResource) Create(context.Context, resource.CreateRequest, *resource.CreateResponse) {}
func (upstreamResource) Read(context.Context, resource.ReadRequest, *resource.ReadResponse)       {}
func (upstreamResource) Update(context.Context, resource.UpdateRequest, *resource.UpdateResponse) {}
func (upstreamResource) Delete(context.Context, resource.DeleteRequest, *resource.DeleteResponse) {}

func upstreamSchema() resourceschema.Schema {
	attributes := map[string]resourceschema.Attribute{}
	for i := range upstreamTexts {
		attributes[fmt.Sprintf("text_%d", i)] = resourceschema.StringAttribute{Optional: true}
	}
	return resourceschema.Schema{Attributes: attributes}
}

func upstreamValue() tftypes.Value {
	kinds, values := map[string]tftypes.Type{}, map[string]tftypes.Value{}
	for i := range upstreamTexts {
		name := fmt.Sprintf("text_%d", i)
		kinds[name], values[name] = tftypes.String, tftypes.NewValue(tftypes.String, "text")
	}
	return tftypes.NewValue(tftypes.Object{AttributeTypes: kinds}, values)
}

// BenchmarkUpstreamGet reads a state into a struct. The framework compiles a regular expression for each field.
func BenchmarkUpstreamGet(b *testing.B) {
	fields := make([]reflect.StructField, upstreamTexts)
	for i := range fields {
		fields[i] = reflect.StructField{Name: fmt.Sprintf("Text%d", i), Type: reflect.TypeFor[types.String](), Tag: reflect.StructTag(fmt.Sprintf(`tfsdk:"text_%d"`, i))}
	}
	state := tfsdk.State{Raw: upstreamValue(), Schema: upstreamSchema()}
	target := reflect.New(reflect.StructOf(fields))
	b.ReportAllocs()
	for b.Loop() {
		if diags := state.Get(b.Context(), target.Interface()); diags.HasError() {
			b.Fatal(diags)
		}
	}
}

// BenchmarkUpstreamPlan plans a resource that has not changed.
func BenchmarkUpstreamPlan(b *testing.B) {
	server := providerserver.NewProtocol6(upstreamProvider{})()
	value := upstreamValue()
	same, err := tfprotov6.NewDynamicValue(value.Type(), value)
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		planned, err := server.PlanResourceChange(b.Context(), &tfprotov6.PlanResourceChangeRequest{
			TypeName: "upstream_thing", PriorState: &same, ProposedNewState: &same, Config: &same,
		})
		if err != nil || len(planned.Diagnostics) > 0 {
			b.Fatal(err, planned.Diagnostics)
		}
	}
}
