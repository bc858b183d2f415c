package provider

import (
	"context"
	"fmt"

	"github.com/hashicorp/terraform-plugin-framework-timeouts/resource/timeouts"
	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/list"
	"github.com/hashicorp/terraform-plugin-framework/list/schema"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"terraform-provider-esa/internal/esa"
)

var _ list.ListResourceWithConfigure = &customHostnameListResource{}

// customHostnameListResource is the list resource esa_custom_hostname, for terraform query.
type customHostnameListResource struct {
	configured
}

func newCustomHostnameListResource() list.ListResource { return &customHostnameListResource{} }

// Metadata sets the name of the listed resource.
func (r *customHostnameListResource) Metadata(_ context.Context, req resource.MetadataRequest, resp *resource.MetadataResponse) {
	resp.TypeName = req.ProviderTypeName + "_custom_hostname"
}

// ListResourceConfigSchema describes the list block.
func (r *customHostnameListResource) ListResourceConfigSchema(_ context.Context, _ list.ListResourceSchemaRequest, resp *list.ListResourceSchemaResponse) {
	arguments := map[string]schema.Attribute{
		"site_id": schema.StringAttribute{
			Optional: true, Validators: []validator.String{idValidator{}},
			MarkdownDescription: "Only hostnames of this site. Default: all sites of the account.",
		},
	}
	for name, argument := range filterArguments {
		arguments[name] = schema.StringAttribute{Optional: true, MarkdownDescription: argument.description, Validators: argument.validators}
	}
	resp.Schema = schema.Schema{
		MarkdownDescription: "Lists custom hostnames for `terraform query`, from all pages (ListCustomHostnames). Requires Terraform 1.14 or later. " +
			"`terraform query -generate-config-out=FILE` writes a resource and an import block for each hostname.\n\n" +
			"With `include_resource`, hostnames with an uploaded certificate or one from SSL Certificates Service are also read with GetCustomHostname, as lists include neither the certificate nor `cas_id`. " +
			"Private keys are never read; a configuration needs none until its certificate changes.",
		Attributes: arguments,
	}
}

// List yields the hostnames page by page.
func (r *customHostnameListResource) List(ctx context.Context, req list.ListRequest, stream *list.ListResultsStream) {
	var filter hostnameFilter
	diags := req.Config.Get(ctx, &filter)
	client := r.client(&diags)
	in := filter.input(&diags)
	if diags.HasError() {
		stream.Results = list.ListResultsStreamDiagnostics(diags)
		return
	}
	stream.Results = func(push func(list.ListResult) bool) {
		// Hostnames beyond the limit are not read, as each can cost a call.
		left := req.Limit
		for hostname, err := range selectHostnames(ctx, client, in) {
			if err != nil {
				push(list.ListResult{Diagnostics: diag.Diagnostics{apiError("list", thing{siteID: filter.SiteID.ValueString()}, err)}})
				return
			}
			result, found := r.result(ctx, client, req, &hostname)
			if !found {
				continue
			}
			if left--; !push(result) || left == 0 {
				return
			}
		}
	}
}

// result returns the result for a hostname, if it still exists.
func (r *customHostnameListResource) result(ctx context.Context, client *esa.Client, req list.ListRequest, hostname *esa.CustomHostname) (result list.ListResult, found bool) {
	result = req.NewListResult(ctx)
	result.DisplayName = clean(hostname.Hostname)
	model := customHostnameModel{
		ID: types.StringValue(formatID(hostname.HostnameID)), SiteID: types.StringValue(formatID(hostname.SiteID)),
		Hostname: types.StringValue(hostname.Hostname),
	}
	result.Diagnostics.Append(result.Identity.Set(ctx, model.identity())...)
	if !req.IncludeResource {
		return result, true
	}
	if hostname.SSLFlag == esa.SSLOn && hostname.CertType != esa.CertTypeFree {
		whole, err := client.GetCustomHostname(ctx, hostname.HostnameID)
		if esa.IsNotFound(err) {
			return result, false
		}
		if err != nil {
			result.Diagnostics.Append(apiError("read", model.thing(), err))
			return result, true
		}
		hostname = whole
	}
	model.fromAPI(hostname, r.casRegion())
	if model.Certificate.Equal(unseenCertificate()) {
		model.Certificate = newPEMNull()
		result.Diagnostics.AddAttributeWarning(path.Root("certificate"), "Deployed certificate not visible",
			fmt.Sprintf("ESA does not return the certificate of %s. Add it to the generated configuration.", model.thing()))
	}
	model.Timeouts = timeouts.Value{Object: types.ObjectNull(map[string]attr.Type{
		"create": types.StringType, "read": types.StringType, "update": types.StringType, "delete": types.StringType,
	})}
	result.Diagnostics.Append(result.Resource.Set(ctx, &model)...)
	return result, true
}
