package provider

import (
	"bytes"
	"context"
	"fmt"
	"reflect"
	"slices"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/resource/identityschema"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/defaults"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/mapplanmodifier"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/stringplanmodifier"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/tfsdk"
	"github.com/hashicorp/terraform-plugin-framework/types/basetypes"
	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/hashicorp/terraform-plugin-go/tftypes"
)

// Most of a thousand hostnames do not change. The framework needs milliseconds to find that out for each of them. The
// quick way needs microseconds, and returns its input. It makes no decisions of its own: what is read, planned and
// reported is decided by the same functions as in the framework's way (steady) and by the schema. If these change or
// report anything, or if anything is unusual, the framework handles the call. TestQuick compares both ways.

// steady are the functions of a resource that do not depend on the framework.
type steady[M any] interface {
	resource.Resource
	// refresh updates a state, and reports whether its object still exists.
	refresh(ctx context.Context, state *M) (found bool, diags diag.Diagnostics)
	// validate checks combinations of arguments. The schema checks each argument.
	validate(config *M, diags *diag.Diagnostics)
	// complete completes a plan. The quick way calls it only for plans that equal the state.
	complete(config, plan, state *M, diags *diag.Diagnostics)
}

// quickResource returns responses, or nil if the framework must handle a call.
type quickResource interface {
	upgrade(req *tfprotov6.UpgradeResourceStateRequest) *tfprotov6.UpgradeResourceStateResponse
	check(ctx context.Context, req *tfprotov6.ValidateResourceConfigRequest) *tfprotov6.ValidateResourceConfigResponse
	read(ctx context.Context, data *providerData, req *tfprotov6.ReadResourceRequest) (*tfprotov6.ReadResourceResponse, context.Context)
	plan(ctx context.Context, data *providerData, req *tfprotov6.PlanResourceChangeRequest) *tfprotov6.PlanResourceChangeResponse
}

// quickServer handles the calls that it can, and passes the others to the framework.
type quickServer struct {
	frugalServer
	provider  *esaProvider
	resources map[string]quickResource
}

func newQuickServer(server frugalServer, provider *esaProvider) tfprotov6.ProviderServer {
	s := quickServer{server, provider, map[string]quickResource{}}
	ctx := context.Background()
	if q, err := newQuick(ctx, func(c configured) steady[customHostnameModel] { return &customHostnameResource{c} }); err == nil {
		s.resources[typeName+"_custom_hostname"] = q
	}
	if q, err := newQuick(ctx, func(c configured) steady[customHostnameValidationModel] { return &customHostnameValidationResource{c} }); err == nil {
		s.resources[typeName+"_custom_hostname_validation"] = q
	}
	return s
}

func (s quickServer) UpgradeResourceState(ctx context.Context, req *tfprotov6.UpgradeResourceStateRequest) (*tfprotov6.UpgradeResourceStateResponse, error) {
	if q := s.resources[req.TypeName]; q != nil {
		if resp := q.upgrade(req); resp != nil {
			return resp, nil
		}
	}
	return s.frugalServer.UpgradeResourceState(ctx, req)
}

func (s quickServer) ValidateResourceConfig(ctx context.Context, req *tfprotov6.ValidateResourceConfigRequest) (*tfprotov6.ValidateResourceConfigResponse, error) {
	if q := s.resources[req.TypeName]; q != nil {
		if resp := q.check(ctx, req); resp != nil {
			return resp, nil
		}
	}
	return s.frugalServer.ValidateResourceConfig(ctx, req)
}

func (s quickServer) ReadResource(ctx context.Context, req *tfprotov6.ReadResourceRequest) (*tfprotov6.ReadResourceResponse, error) {
	if q, data := s.resources[req.TypeName], s.provider.handedOut.Load(); q != nil && data != nil {
		resp, told := q.read(ctx, data, req)
		if resp != nil {
			return resp, nil
		}
		ctx = told
	}
	return s.frugalServer.ReadResource(ctx, req)
}

func (s quickServer) PlanResourceChange(ctx context.Context, req *tfprotov6.PlanResourceChangeRequest) (*tfprotov6.PlanResourceChangeResponse, error) {
	if q, data := s.resources[req.TypeName], s.provider.handedOut.Load(); q != nil && data != nil {
		if resp := q.plan(ctx, data, req); resp != nil {
			return resp, nil
		}
	}
	return s.frugalServer.PlanResourceChange(ctx, req)
}

// quick is the quickResource of a model.
type quick[M any] struct {
	*shape[M]
	schema    schema.Schema
	resource  func(configured) steady[M]
	identity  *shape[customHostnameIdentity] // nil for none
	noOne     *tfprotov6.ResourceIdentityData
	writeOnly []string
	defaults  map[string]defaults.String
}

// newQuick returns an error for a resource whose schema uses features that the quick way does not support.
func newQuick[M any](ctx context.Context, of func(configured) steady[M]) (*quick[M], error) {
	r := of(configured{})
	var described resource.SchemaResponse
	r.Schema(ctx, resource.SchemaRequest{}, &described)
	s, err := newShape[M](ctx, described.Schema.Type())
	if err != nil {
		return nil, err
	}
	q := &quick[M]{shape: s, schema: described.Schema, resource: of, defaults: map[string]defaults.String{}}
	if _, more := r.(resource.ResourceWithConfigValidators); more || described.Schema.DeprecationMessage != "" {
		return nil, fmt.Errorf("%T has validators or a deprecation of its own", r)
	}
	for name, attribute := range described.Schema.Attributes {
		validators := reflect.ValueOf(attribute).FieldByName("Validators")
		switch attribute.(type) {
		case schema.StringAttribute, schema.Int64Attribute:
		default:
			if !validators.IsValid() || validators.Len() > 0 {
				return nil, fmt.Errorf("%s has validators of another type", name)
			}
		}
		if attribute.GetDeprecationMessage() != "" {
			return nil, fmt.Errorf("%s is deprecated", name)
		}
		if attribute.IsWriteOnly() {
			q.writeOnly = append(q.writeOnly, name)
		}
		if text, ok := attribute.(schema.StringAttribute); ok && text.Default != nil {
			q.defaults[name] = text.Default
		} else if field := reflect.ValueOf(attribute).FieldByName("Default"); !ok && field.IsValid() && !field.IsNil() {
			return nil, fmt.Errorf("%s has a default of another type", name)
		}
		if modifiers := reflect.ValueOf(attribute).FieldByName("PlanModifiers"); modifiers.IsValid() {
			for i := range modifiers.Len() {
				if kind := modifiers.Index(i).Elem().Type(); !slices.Contains(idleModifiers, kind) {
					return nil, fmt.Errorf("%s has a plan modifier of an unknown type, %s", name, kind)
				}
			}
		}
	}
	if identified, ok := r.(resource.ResourceWithIdentity); ok {
		var described resource.IdentitySchemaResponse
		identified.IdentitySchema(ctx, resource.IdentitySchemaRequest{}, &described)
		return q, q.identify(ctx, described.IdentitySchema)
	}
	return q, nil
}

// idleModifiers are the plan modifiers that do nothing if plan and state are the same.
var idleModifiers = []reflect.Type{
	reflect.TypeOf(stringplanmodifier.RequiresReplace()), reflect.TypeOf(stringplanmodifier.UseStateForUnknown()),
	reflect.TypeOf(mapplanmodifier.RequiresReplace()),
}

func (q *quick[M]) identify(ctx context.Context, of identityschema.Schema) (err error) {
	if q.identity, err = newShape[customHostnameIdentity](ctx, of.Type()); err != nil {
		return err
	}
	null, err := tfprotov6.NewDynamicValue(q.identity.object, tftypes.NewValue(q.identity.object, nil))
	q.noOne = &tfprotov6.ResourceIdentityData{IdentityData: &null}
	return err
}

// upgrade does the same as the framework for a state of the current version.
func (q *quick[M]) upgrade(req *tfprotov6.UpgradeResourceStateRequest) *tfprotov6.UpgradeResourceStateResponse {
	if req.RawState == nil || req.Version != q.schema.Version {
		return nil
	}
	value, err := req.RawState.UnmarshalWithOpts(q.object, tfprotov6.UnmarshalOpts{ValueFromJSONOpts: tftypes.ValueFromJSONOpts{IgnoreUndefinedAttributes: true}})
	if err != nil {
		return nil
	}
	state, err := tfprotov6.NewDynamicValue(q.object, value)
	if err != nil {
		return nil
	}
	return &tfprotov6.UpgradeResourceStateResponse{UpgradedState: &state}
}

// check handles a configuration without blocks and without problems.
func (q *quick[M]) check(ctx context.Context, req *tfprotov6.ValidateResourceConfigRequest) *tfprotov6.ValidateResourceConfigResponse {
	if req.Config == nil {
		return nil
	}
	raw, err := req.Config.Unmarshal(q.object)
	if err != nil {
		return nil
	}
	config, err := q.shape.read(ctx, raw)
	if err != nil {
		return nil
	}
	var diags diag.Diagnostics
	q.resource(configured{}).validate(config, &diags)
	caps := validator.ValidateSchemaClientCapabilities{WriteOnlyAttributesAllowed: req.ClientCapabilities != nil && req.ClientCapabilities.WriteOnlyAttributesAllowed}
	whole := tfsdk.Config{Raw: raw, Schema: q.schema}
	for _, field := range q.fields {
		value := q.value(config, field)
		attribute, ok := q.schema.Attributes[field.name]
		switch {
		case !ok && !value.IsNull(), // a block
			ok && attribute.IsRequired() && value.IsNull(),
			ok && !attribute.IsRequired() && !attribute.IsOptional() && !value.IsNull(),
			ok && attribute.IsWriteOnly() && !caps.WriteOnlyAttributesAllowed && !value.IsNull():
			return nil
		}
		at, like := path.Root(field.name), path.MatchRoot(field.name)
		switch attribute := attribute.(type) {
		case schema.StringAttribute:
			valuable, isText := value.(basetypes.StringValuable)
			if !isText {
				return nil
			}
			text, wrong := valuable.ToStringValue(ctx)
			diags.Append(wrong...)
			for _, v := range attribute.Validators {
				var resp validator.StringResponse
				v.ValidateString(ctx, validator.StringRequest{Path: at, PathExpression: like, Config: whole, ConfigValue: text, ClientCapabilities: caps}, &resp)
				diags.Append(resp.Diagnostics...)
			}
		case schema.Int64Attribute:
			valuable, isNumber := value.(basetypes.Int64Valuable)
			if !isNumber {
				return nil
			}
			number, wrong := valuable.ToInt64Value(ctx)
			diags.Append(wrong...)
			for _, v := range attribute.Validators {
				var resp validator.Int64Response
				v.ValidateInt64(ctx, validator.Int64Request{Path: at, PathExpression: like, Config: whole, ConfigValue: number, ClientCapabilities: caps}, &resp)
				diags.Append(resp.Diagnostics...)
			}
		}
	}
	if len(diags) > 0 {
		return nil
	}
	return &tfprotov6.ValidateResourceConfigResponse{}
}

// read returns the state unchanged if the refresh changes nothing in it. Otherwise it returns a context with the result
// for the framework's way, so that nothing is read twice.
func (q *quick[M]) read(ctx context.Context, data *providerData, req *tfprotov6.ReadResourceRequest) (*tfprotov6.ReadResourceResponse, context.Context) {
	if len(req.Private) != 0 || q.identity == nil && req.CurrentIdentity != nil {
		return nil, ctx
	}
	state := q.state(ctx, req.CurrentState)
	if state == nil {
		return nil, ctx
	}
	now := refreshed[M]{state: *state}
	now.found, now.diags = q.resource(configured{connection{data}}).refresh(ctx, &now.state)
	identity, known := q.identityAfter(ctx, req.CurrentIdentity, state)
	if now.found && len(now.diags) == 0 && known && q.same(&now.state, state) {
		return &tfprotov6.ReadResourceResponse{NewState: req.CurrentState, NewIdentity: identity}, nil
	}
	return nil, context.WithValue(ctx, refreshedKey{}, &now)
}

// identityAfter returns the identity of a state, unless it differs from the current one.
func (q *quick[M]) identityAfter(ctx context.Context, current *tfprotov6.ResourceIdentityData, state *M) (*tfprotov6.ResourceIdentityData, bool) {
	of, ok := any(state).(interface{ identity() customHostnameIdentity })
	if q.identity == nil || !ok {
		return nil, q.identity == nil
	}
	whose := of.identity()
	value, err := q.identity.write(ctx, &whose)
	if err != nil || value.IsFullyNull() {
		return nil, false
	}
	if current != nil && current.IdentityData != nil {
		before, err := current.IdentityData.Unmarshal(q.identity.object)
		if err != nil || !before.IsFullyNull() && !before.Equal(value) {
			return nil, false
		}
	}
	identity, err := tfprotov6.NewDynamicValue(q.identity.object, value)
	return &tfprotov6.ResourceIdentityData{IdentityData: &identity}, err == nil
}

// plan returns the state if it is the proposed plan and the resource does not change it.
func (q *quick[M]) plan(ctx context.Context, data *providerData, req *tfprotov6.PlanResourceChangeRequest) *tfprotov6.PlanResourceChangeResponse {
	if len(req.PriorPrivate) != 0 || req.PriorState == nil || req.ProposedNewState == nil {
		return nil
	}
	identity := req.PriorIdentity
	if identity == nil {
		identity = q.noOne
	} else if q.identity == nil {
		return nil
	}
	state, config := q.state(ctx, req.PriorState), q.decode(ctx, req.Config)
	if state == nil || config == nil || !q.proposed(ctx, state, req) {
		return nil
	}
	plan := *state
	var diags diag.Diagnostics
	q.resource(configured{connection{data}}).complete(config, &plan, state, &diags)
	if len(diags) > 0 || !q.same(&plan, state) || !q.asDefault(ctx, config, state) {
		return nil
	}
	return &tfprotov6.PlanResourceChangeResponse{PlannedState: req.PriorState, PlannedIdentity: identity}
}

// proposed reports whether the CLI proposes the state, apart from write-only values, which the framework removes.
func (q *quick[M]) proposed(ctx context.Context, state *M, req *tfprotov6.PlanResourceChangeRequest) bool {
	if bytes.Equal(req.PriorState.MsgPack, req.ProposedNewState.MsgPack) {
		return true
	}
	proposal := q.decode(ctx, req.ProposedNewState)
	if proposal == nil {
		return false
	}
	for _, field := range q.fields {
		if !slices.Contains(q.writeOnly, field.name) && !q.value(proposal, field).Equal(q.value(state, field)) {
			return false
		}
	}
	return true
}

// asDefault reports whether attributes that are not configured already have their defaults.
func (q *quick[M]) asDefault(ctx context.Context, config, state *M) bool {
	for _, field := range q.fields {
		of := q.defaults[field.name]
		if of == nil || !q.value(config, field).IsNull() {
			continue
		}
		var resp defaults.StringResponse
		of.DefaultString(ctx, defaults.StringRequest{}, &resp)
		if len(resp.Diagnostics) > 0 || !resp.PlanValue.Equal(q.value(state, field)) {
			return false
		}
	}
	return true
}

// decode returns an object from the CLI, or nil if there is none or it is invalid.
func (q *quick[M]) decode(ctx context.Context, sent *tfprotov6.DynamicValue) *M {
	if sent == nil {
		return nil
	}
	value, err := sent.Unmarshal(q.object)
	if err != nil {
		return nil
	}
	model, err := q.shape.read(ctx, value)
	if err != nil {
		return nil
	}
	return model
}

// state decodes a state, or returns nil if it contains write-only or unknown values, which the framework would remove.
func (q *quick[M]) state(ctx context.Context, sent *tfprotov6.DynamicValue) *M {
	model := q.decode(ctx, sent)
	if model == nil {
		return nil
	}
	for _, field := range q.fields {
		value := q.value(model, field)
		if value.IsUnknown() || slices.Contains(q.writeOnly, field.name) && !value.IsNull() {
			return nil
		}
	}
	return model
}

// refreshed is the result of a refresh that the quick way did not use.
type refreshed[M any] struct {
	state M
	found bool
	diags diag.Diagnostics
}

type refreshedKey struct{}

// refreshOnce returns the refreshed result of this call, or calls refresh.
func refreshOnce[M any](ctx context.Context, r steady[M], state *M) (found bool, diags diag.Diagnostics) {
	if now, ok := ctx.Value(refreshedKey{}).(*refreshed[M]); ok {
		*state = now.state
		return now.found, now.diags
	}
	return r.refresh(ctx, state)
}
