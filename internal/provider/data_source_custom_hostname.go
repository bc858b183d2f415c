package provider

import (
	"context"

	"github.com/hashicorp/terraform-plugin-framework-validators/datasourcevalidator"
	"github.com/hashicorp/terraform-plugin-framework/datasource"
	"github.com/hashicorp/terraform-plugin-framework/datasource/schema"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"terraform-provider-esa/internal/esa"
)

var (
	_ datasource.DataSourceWithConfigure        = &customHostnameDataSource{}
	_ datasource.DataSourceWithConfigValidators = &customHostnameDataSource{}
)

// customHostnameDataSource is the data source esa_custom_hostname.
type customHostnameDataSource struct {
	configuredDataSource
}

func newCustomHostnameDataSource() datasource.DataSource { return &customHostnameDataSource{} }

type customHostnameDataSourceModel struct {
	listedHostnameModel
	HostnameID  types.String `tfsdk:"hostname_id"`
	CertID      types.String `tfsdk:"cert_id"`
	Certificate types.String `tfsdk:"certificate"`
	CasID       types.String `tfsdk:"cas_id"`
}

// Metadata sets the name of the data source.
func (d *customHostnameDataSource) Metadata(_ context.Context, req datasource.MetadataRequest, resp *datasource.MetadataResponse) {
	resp.TypeName = req.ProviderTypeName + "_custom_hostname"
}

// Schema describes the data source.
func (d *customHostnameDataSource) Schema(_ context.Context, _ datasource.SchemaRequest, resp *datasource.SchemaResponse) {
	attributes := map[string]schema.Attribute{
		"id": schema.StringAttribute{Computed: true, MarkdownDescription: "The hostname's id."},
		"hostname_id": schema.StringAttribute{
			Optional: true, Computed: true, Validators: []validator.String{idValidator{}},
			MarkdownDescription: "The hostname's id. Set it, or `site_id` and `hostname`.",
		},
		"site_id": schema.StringAttribute{
			Optional: true, Computed: true, Validators: []validator.String{idValidator{}},
			MarkdownDescription: "The site's id.",
		},
		"hostname": schema.StringAttribute{
			Optional: true, Computed: true, Validators: []validator.String{hostnameValidator{}},
			MarkdownDescription: "The domain, such as `shop.customer.com`.",
		},
		"record_id":   schema.StringAttribute{Computed: true, MarkdownDescription: "Id of the record that serves the hostname."},
		"ssl_flag":    schema.StringAttribute{Computed: true, MarkdownDescription: "Whether the hostname serves HTTPS, `on` or `off`."},
		"cert_type":   schema.StringAttribute{Computed: true, MarkdownDescription: "Where the certificate comes from: `free`, `upload` or `cas`. With SSL off, the type of the last certificate."},
		"certificate": schema.StringAttribute{Computed: true, MarkdownDescription: "PEM of the certificate, if ESA returns it."},
		"cas_id":      schema.StringAttribute{Computed: true, MarkdownDescription: "Id of the certificate in SSL Certificates Service, null for other certificates."},
	}
	observedInDataSource(attributes)
	resp.Schema = schema.Schema{
		MarkdownDescription: "Reads one custom hostname by its id, or by site and name (GetCustomHostname, ListCustomHostnames). Fails if none exists.",
		Attributes:          attributes,
	}
}

// observedInDataSource adds the attributes that ESA sets to a schema.
func observedInDataSource(attributes map[string]schema.Attribute) {
	attributes["cert_apply_code"] = schema.Int64Attribute{Computed: true, MarkdownDescription: certApplyCodeDescription}
	for name, description := range observedDescriptions {
		attributes[name] = schema.StringAttribute{Computed: true, MarkdownDescription: description}
	}
}

// ConfigValidators returns the checks of combinations of arguments.
func (d *customHostnameDataSource) ConfigValidators(context.Context) []datasource.ConfigValidator {
	return []datasource.ConfigValidator{
		datasourcevalidator.ExactlyOneOf(path.MatchRoot("hostname_id"), path.MatchRoot("hostname")),
		datasourcevalidator.RequiredTogether(path.MatchRoot("site_id"), path.MatchRoot("hostname")),
	}
}

// Read reads the hostname.
func (d *customHostnameDataSource) Read(ctx context.Context, req datasource.ReadRequest, resp *datasource.ReadResponse) {
	var model customHostnameDataSourceModel
	resp.Diagnostics.Append(req.Config.Get(ctx, &model)...)
	client := d.client(&resp.Diagnostics)
	if resp.Diagnostics.HasError() {
		return
	}
	id := model.HostnameID.ValueString()
	about := thing{hostname: model.Hostname.ValueString(), siteID: model.SiteID.ValueString(), hostnameID: id}
	if id == "" {
		id = findHostname(ctx, client, "read", about, &resp.Diagnostics)
	}
	actual := getHostname(ctx, client, id, about, &resp.Diagnostics)
	if actual == nil {
		return
	}
	model.listedHostnameModel = newListedHostname(actual)
	model.HostnameID = model.ID
	model.CertID = textOrNull(actual.CertID)
	model.Certificate = textOrNull(actual.Certificate)
	model.CasID = types.StringNull()
	if actual.CasID != 0 {
		model.CasID = types.StringValue(formatID(actual.CasID))
	}
	resp.Diagnostics.Append(resp.State.Set(ctx, &model)...)
}

// getHostname reads a hostname that must exist.
func getHostname(ctx context.Context, client *esa.Client, id string, about thing, diags *diag.Diagnostics) *esa.CustomHostname {
	if diags.HasError() {
		return nil
	}
	hostnameID := readID("hostname_id", id, diags)
	if diags.HasError() {
		return nil
	}
	actual, err := client.GetCustomHostname(ctx, hostnameID)
	if err != nil {
		diags.Append(apiError("read", about, err))
		return nil
	}
	return actual
}
