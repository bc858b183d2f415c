package provider

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-framework-validators/listvalidator"
	"github.com/hashicorp/terraform-plugin-framework/datasource"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/provider"
	fwresource "github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/planmodifier"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/stringplanmodifier"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"
	"github.com/hashicorp/terraform-plugin-go/tftypes"

	"terraform-provider-esa/internal/fakeesa"
)

// These types describe what other projects publish: the schemas of providers, and the fields of engines' files.
// testdata/published has the names and types that the examples use, and their source.

// A publishedShape is the published format of a value.
type publishedShape struct {
	// Is is a type: string, int, bool, map (of strings), list (of strings), object, objects (by name), block (a list of
	// objects) or any. Before the type it may have required, optional or computed.
	Is     string
	Fields map[string]publishedShape
}

// UnmarshalJSON also accepts a shape that is only a type.
func (s *publishedShape) UnmarshalJSON(text []byte) error {
	if json.Unmarshal(text, &s.Is) == nil {
		return nil
	}
	type plain publishedShape
	return json.Unmarshal(text, (*plain)(s))
}

func (s publishedShape) is(what string) bool { return slices.Contains(strings.Fields(s.Is), what) }

func (s publishedShape) kind() string { return s.Is[strings.LastIndex(s.Is, " ")+1:] }

// wrong returns the problems of a value that was decoded from JSON.
func (s publishedShape) wrong(at string, value any) []string {
	var found []string
	object := func(at string, value any) {
		fields, isObject := value.(map[string]any)
		if !isObject {
			found = append(found, fmt.Sprintf("%s is not of type object: %v", at, value))
			return
		}
		for _, name := range slices.Sorted(maps.Keys(fields)) {
			if field, known := s.Fields[name]; known {
				found = append(found, field.wrong(at+"."+name, fields[name])...)
			} else {
				found = append(found, at+"."+name+" is not published")
			}
		}
		for _, name := range slices.Sorted(maps.Keys(s.Fields)) {
			if _, given := fields[name]; !given && s.Fields[name].is("required") {
				found = append(found, at+"."+name+" is missing")
			}
		}
	}
	fits := true
	switch s.kind() {
	case "string":
		_, fits = value.(string)
	case "bool":
		_, fits = value.(bool)
	case "int":
		number, isNumber := value.(float64)
		fits = isNumber && number == float64(int64(number))
	case "map":
		all, isMap := value.(map[string]any)
		fits = isMap
		for _, one := range all {
			_, isString := one.(string)
			fits = fits && isString
		}
	case "list":
		all, isList := value.([]any)
		fits = isList
		for _, one := range all {
			_, isString := one.(string)
			fits = fits && isString
		}
	case "object":
		object(at, value)
	case "objects":
		all, isMap := value.(map[string]any)
		fits = isMap
		for name, one := range all {
			object(at+"."+name, one)
		}
	case "block":
		all, isList := value.([]any)
		fits = isList
		for i, one := range all {
			object(fmt.Sprintf("%s[%d]", at, i), one)
		}
	case "any":
	default:
		found = append(found, fmt.Sprintf("%s has the unknown type %q", at, s.Is))
	}
	if !fits {
		found = append(found, fmt.Sprintf("%s is not of type %s: %v", at, s.kind(), value))
	}
	return found
}

// published reads a file of testdata/published.
func published(t *testing.T, name string) map[string]publishedShape {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("testdata/published", name+".json"))
	if err != nil {
		t.Fatal(err)
	}
	var file struct {
		Source string
		Types  map[string]map[string]publishedShape
	}
	if err := json.Unmarshal(text, &file); err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(file.Source, " at ") {
		t.Errorf("%s does not name its source", name)
	}
	all := map[string]publishedShape{}
	for name, fields := range file.Types {
		all[name] = publishedShape{Is: "required object", Fields: fields}
	}
	return all
}

// TestShapes checks that wrong finds each kind of problem.
func TestShapes(t *testing.T) {
	t.Parallel()
	var s publishedShape
	if err := json.Unmarshal([]byte(`{"is": "object", "fields": {"name": "required string", "count": "optional int", "on": "optional bool",
		"tags": "optional map", "names": "optional list", "all": {"is": "optional objects", "fields": {"name": "optional string"}},
		"parts": {"is": "optional block", "fields": {"name": "required string"}}, "rest": "optional any"}}`), &s); err != nil {
		t.Fatal(err)
	}
	for text, want := range map[string]string{
		`{"name": "a", "count": 1, "on": true, "tags": {"a": "b"}, "names": ["a"], "all": {"x": {"name": "a"}}, "parts": [{"name": "a"}], "rest": [1]}`: "",
		`{}`:                                    "x.name is missing",
		`[]`:                                    "x is not of type object: []",
		`{"name": 1}`:                           "x.name is not of type string: 1",
		`{"name": "a", "count": "1"}`:           "x.count is not of type int: 1",
		`{"name": "a", "count": 1.5}`:           "x.count is not of type int: 1.5",
		`{"name": "a", "on": "yes"}`:            "x.on is not of type bool: yes",
		`{"name": "a", "tags": {"a":1}}`:        "x.tags is not of type map: map[a:1]",
		`{"name": "a", "names": [1]}`:           "x.names is not of type list: [1]",
		`{"name": "a", "parts": [{}]}`:          "x.parts[0].name is missing",
		`{"name": "a", "parts": {}}`:            "x.parts is not of type block: map[]",
		`{"name": "a", "all": {"x": {"y": 1}}}`: "x.all.x.y is not published",
		`{"name": "a", "other": 1}`:             "x.other is not published",
	} {
		var value any
		if err := json.Unmarshal([]byte(text), &value); err != nil {
			t.Fatal(err)
		}
		if got := strings.Join(s.wrong("x", value), "; "); got != want {
			t.Errorf("%s: got %q, want %q", text, got, want)
		}
	}
}

// A standIn replaces another provider. It has the published schemas, and stores what it gets.
type standIn struct {
	name    string
	types   map[string]publishedShape
	created map[string]func(created) (id string, err error)
	deleted map[string]func(created) error
}

// created is a resource of a standIn.
type created struct {
	ctx context.Context
	get func(context.Context, path.Path, any) error
}

func firstError(all diag.Diagnostics) error {
	for _, d := range all.Errors() {
		return errors.New(d.Detail())
	}
	return nil
}

func (c created) text(name string) string {
	var text types.String
	if err := c.get(c.ctx, path.Root(name), &text); err != nil {
		return err.Error()
	}
	return text.ValueString()
}

func (c created) flag(name string) bool {
	var flag types.Bool
	return c.get(c.ctx, path.Root(name), &flag) == nil && flag.ValueBool()
}

func (p standIn) Metadata(_ context.Context, _ provider.MetadataRequest, resp *provider.MetadataResponse) {
	resp.TypeName = p.name
}

func (standIn) Schema(context.Context, provider.SchemaRequest, *provider.SchemaResponse) {}

func (standIn) Configure(context.Context, provider.ConfigureRequest, *provider.ConfigureResponse) {
}

func (standIn) DataSources(context.Context) []func() datasource.DataSource { return nil }

func (p standIn) Resources(context.Context) []func() fwresource.Resource {
	var all []func() fwresource.Resource
	for name, s := range p.types {
		all = append(all, func() fwresource.Resource { return standInResource{p, name, s} })
	}
	return all
}

type standInResource struct {
	provider standIn
	name     string
	shape    publishedShape
}

func (r standInResource) Metadata(_ context.Context, _ fwresource.MetadataRequest, resp *fwresource.MetadataResponse) {
	resp.TypeName = r.name
}

func (r standInResource) Schema(_ context.Context, _ fwresource.SchemaRequest, resp *fwresource.SchemaResponse) {
	resp.Schema.Attributes, resp.Schema.Blocks = r.shape.attributes()
	resp.Schema.Attributes["id"] = schema.StringAttribute{Computed: true, PlanModifiers: []planmodifier.String{stringplanmodifier.UseStateForUnknown()}}
}

// attributes returns the fields as attributes and blocks of the framework.
func (s publishedShape) attributes() (map[string]schema.Attribute, map[string]schema.Block) {
	attributes, blocks := map[string]schema.Attribute{}, map[string]schema.Block{}
	for name, field := range s.Fields {
		required, optional, computed := field.is("required"), field.is("optional"), field.is("computed")
		switch field.kind() {
		case "string":
			attributes[name] = schema.StringAttribute{Required: required, Optional: optional, Computed: computed}
		case "int":
			attributes[name] = schema.Int64Attribute{Required: required, Optional: optional, Computed: computed}
		case "bool":
			attributes[name] = schema.BoolAttribute{Required: required, Optional: optional, Computed: computed}
		case "map":
			attributes[name] = schema.MapAttribute{ElementType: types.StringType, Required: required, Optional: optional, Computed: computed}
		case "list":
			attributes[name] = schema.ListAttribute{ElementType: types.StringType, Required: required, Optional: optional, Computed: computed}
		case "block":
			inner, _ := field.attributes()
			// Each of these blocks may occur once.
			block := schema.ListNestedBlock{NestedObject: schema.NestedBlockObject{Attributes: inner}, Validators: []validator.List{listvalidator.SizeAtMost(1)}}
			if required {
				block.Validators = append(block.Validators, listvalidator.IsRequired())
			}
			blocks[name] = block
		default:
			panic(name + " has a type that no schema has: " + field.Is)
		}
	}
	return attributes, blocks
}

// withoutUnknown replaces the unknown values of a plan by null.
func withoutUnknown(plan tftypes.Value) (tftypes.Value, error) {
	return tftypes.Transform(plan, func(_ *tftypes.AttributePath, value tftypes.Value) (tftypes.Value, error) {
		if !value.IsKnown() {
			return tftypes.NewValue(value.Type(), nil), nil
		}
		return value, nil
	})
}

func (r standInResource) Create(ctx context.Context, req fwresource.CreateRequest, resp *fwresource.CreateResponse) {
	id, err := r.name, error(nil)
	if create := r.provider.created[r.name]; create != nil {
		id, err = create(created{ctx, func(ctx context.Context, p path.Path, target any) error {
			return firstError(req.Plan.GetAttribute(ctx, p, target))
		}})
	}
	if err == nil {
		resp.State.Raw, err = withoutUnknown(req.Plan.Raw)
	}
	if err != nil {
		resp.Diagnostics.AddError("Unable to create "+r.name, err.Error())
		return
	}
	resp.Diagnostics.Append(resp.State.SetAttribute(ctx, path.Root("id"), id)...)
}

func (standInResource) Read(context.Context, fwresource.ReadRequest, *fwresource.ReadResponse) {}

func (r standInResource) Update(_ context.Context, req fwresource.UpdateRequest, resp *fwresource.UpdateResponse) {
	var err error
	if resp.State.Raw, err = withoutUnknown(req.Plan.Raw); err != nil {
		resp.Diagnostics.AddError("Unable to update "+r.name, err.Error())
	}
}

func (r standInResource) Delete(ctx context.Context, req fwresource.DeleteRequest, resp *fwresource.DeleteResponse) {
	if remove := r.provider.deleted[r.name]; remove != nil {
		err := remove(created{ctx, func(ctx context.Context, p path.Path, target any) error {
			return firstError(req.State.GetAttribute(ctx, p, target))
		}})
		if err != nil {
			resp.Diagnostics.AddError("Unable to delete "+r.name, err.Error())
		}
	}
}

// alicloud returns a stand-in for the alicloud provider. It creates its objects in the fake ESA. Of Alibaba Cloud DNS it
// supports TXT records only.
func (a *account) alicloud(t *testing.T) standIn {
	return standIn{
		name: "alicloud", types: published(t, "alicloud"),
		created: map[string]func(created) (string, error){
			"alicloud_esa_site": func(c created) (string, error) {
				// Like the real provider, it considers a site created while the site is pending.
				a.site = a.AddSiteOf(fakeesa.Site{
					Name: c.text("site_name"), AccessType: c.text("access_type"), Coverage: c.text("coverage"),
					InstanceID: c.text("instance_id"), Status: "pending",
				})
				return fmt.Sprint(a.site.ID), nil
			},
			"alicloud_esa_record": func(c created) (string, error) {
				var value types.String
				if err := c.get(c.ctx, path.Root("data").AtListIndex(0).AtName("value"), &value); err != nil {
					return "", err
				}
				a.record = a.AddRecordOf(fakeesa.Record{
					SiteID: number(c.text("site_id")), Name: c.text("record_name"), Type: c.text("record_type"), Proxied: c.flag("proxied"),
					BizName: c.text("biz_name"), SourceType: c.text("source_type"), Value: value.ValueString(),
				})
				return fmt.Sprint(a.record.ID), nil
			},
			"alicloud_alidns_record": func(c created) (string, error) {
				if c.text("type") == "TXT" {
					a.PublishTXT(c.text("rr")+"."+c.text("domain_name"), c.text("value"))
				}
				return c.text("type") + " " + c.text("rr") + " " + c.text("value"), nil
			},
		},
		deleted: map[string]func(created) error{
			"alicloud_esa_record": func(c created) error { return a.DeleteRecord(number(c.text("id"))) },
			"alicloud_alidns_record": func(c created) error {
				a.UnpublishTXT(c.text("rr")+"."+c.text("domain_name"), c.text("value"))
				return nil
			},
		},
	}
}

func number(id string) int64 {
	n, err := strconv.ParseInt(id, 10, 64)
	if err != nil {
		panic(err)
	}
	return n
}
