package provider

import (
	"fmt"
	"testing"

	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/hashicorp/terraform-plugin-go/tftypes"

	"terraform-provider-esa/internal/esa"
)

// Tests that need no CLI call the provider like a CLI, over protocol 6 in this process.

// unknown is a value that is known only after apply.
type unknown struct{}

// server is a provider that is configured for an account.
type server struct {
	tfprotov6.ProviderServer
	tfprotov6.ListResourceServer
	tfprotov6.ActionServer
	schema *tfprotov6.GetProviderSchemaResponse
}

func newServer(t testing.TB, a *account) *server {
	t.Helper()
	if a == nil {
		return newTimedServer(t, nil, esa.SystemClock{})
	}
	return newTimedServer(t, a, a.clock)
}

func newTimedServer(t testing.TB, a *account, clock esa.Clock) *server {
	t.Helper()
	provider := newServerWithClock("test", clock)()
	schema, err := provider.GetProviderSchema(t.Context(), &tfprotov6.GetProviderSchemaRequest{})
	if err != nil {
		t.Fatal(err)
	}
	noProblems(t, schema.Diagnostics)
	lists, listable := provider.(tfprotov6.ListResourceServer)
	actions, actionable := provider.(tfprotov6.ActionServer)
	if !listable || !actionable {
		t.Fatal("the provider has no list resources or no actions")
	}
	s := &server{provider, lists, actions, schema}
	if a == nil {
		return s
	}
	s.configure(t, map[string]any{"access_key": a.Options().AccessKeyID, "secret_key": a.Options().AccessKeySecret, "endpoint": a.URL()})
	return s
}

// configure configures the provider.
func (s *server) configure(t testing.TB, config map[string]any) {
	t.Helper()
	configured, err := s.ConfigureProvider(t.Context(), &tfprotov6.ConfigureProviderRequest{
		TerraformVersion: "1.11.4", Config: dynamic(t, s.schema.Provider, config),
	})
	if err != nil {
		t.Fatal(err)
	}
	noProblems(t, configured.Diagnostics)
}

// readData reads a data source.
func (s *server) readData(t testing.TB, kind string, config map[string]any) *tfprotov6.ReadDataSourceResponse {
	t.Helper()
	resp, err := s.ReadDataSource(t.Context(), &tfprotov6.ReadDataSourceRequest{TypeName: kind, Config: dynamic(t, s.schema.DataSourceSchemas[kind], config)})
	if err != nil {
		t.Fatal(err)
	}
	return resp
}

// validate validates a configuration of esa_custom_hostname like `terraform validate`.
func (s *server) validate(t testing.TB, config map[string]any) []*tfprotov6.Diagnostic {
	t.Helper()
	schema := s.schema.ResourceSchemas["esa_custom_hostname"]
	resp, err := s.ValidateResourceConfig(t.Context(), &tfprotov6.ValidateResourceConfigRequest{
		TypeName: "esa_custom_hostname", Config: dynamic(t, schema, config),
		ClientCapabilities: &tfprotov6.ValidateResourceConfigClientCapabilities{WriteOnlyAttributesAllowed: true},
	})
	if err != nil {
		t.Fatal(err)
	}
	return resp.Diagnostics
}

// plan validates and plans a new esa_custom_hostname like `terraform plan`.
func (s *server) plan(t testing.TB, config map[string]any) []*tfprotov6.Diagnostic {
	t.Helper()
	problems := s.validate(t, config)
	for _, problem := range problems {
		if problem.Severity == tfprotov6.DiagnosticSeverityError {
			return problems
		}
	}
	schema := s.schema.ResourceSchemas["esa_custom_hostname"]
	prior, err := tfprotov6.NewDynamicValue(schema.ValueType(), tftypes.NewValue(schema.ValueType(), nil))
	if err != nil {
		t.Fatal(err)
	}
	resp, err := s.PlanResourceChange(t.Context(), &tfprotov6.PlanResourceChangeRequest{
		TypeName: "esa_custom_hostname", PriorState: &prior,
		ProposedNewState: dynamic(t, schema, config), Config: dynamic(t, schema, config),
	})
	if err != nil {
		t.Fatal(err)
	}
	return append(problems, resp.Diagnostics...)
}

// dynamic returns a value of a schema. Attributes that are not set are null.
func dynamic(t testing.TB, schema *tfprotov6.Schema, values map[string]any) *tfprotov6.DynamicValue {
	t.Helper()
	object, ok := schema.ValueType().(tftypes.Object)
	if !ok {
		t.Fatalf("got a schema of type %s, want an object", schema.ValueType())
	}
	all := map[string]tftypes.Value{}
	for name, kind := range object.AttributeTypes {
		switch value := values[name].(type) {
		case unknown:
			all[name] = tftypes.NewValue(kind, tftypes.UnknownValue)
		case nil:
			all[name] = emptyValue(kind)
		case tftypes.Value:
			all[name] = value
		default:
			all[name] = tftypes.NewValue(kind, value)
		}
	}
	for name := range values {
		if _, ok := all[name]; !ok {
			t.Fatalf("the schema has no attribute %s", name)
		}
	}
	value, err := tfprotov6.NewDynamicValue(object, tftypes.NewValue(object, all))
	if err != nil {
		t.Fatal(err)
	}
	return &value
}

// emptyValue returns what a CLI sends for a value that is not set. Blocks that can be repeated are empty, not null.
func emptyValue(kind tftypes.Type) tftypes.Value {
	if list, ok := kind.(tftypes.List); ok && list.ElementType.Is(tftypes.Object{}) {
		return tftypes.NewValue(kind, []tftypes.Value{})
	}
	return tftypes.NewValue(kind, nil)
}

func noProblems(t testing.TB, problems []*tfprotov6.Diagnostic) {
	t.Helper()
	for _, problem := range problems {
		t.Errorf("%s", show(problem))
	}
	if t.Failed() {
		t.FailNow()
	}
}

func show(problem *tfprotov6.Diagnostic) string {
	return fmt.Sprintf("%s at %s: %s: %s", problem.Severity, problem.Attribute, problem.Summary, problem.Detail)
}
