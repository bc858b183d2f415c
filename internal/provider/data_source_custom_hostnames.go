package provider

import (
	"context"
	"slices"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework-validators/setvalidator"
	"github.com/hashicorp/terraform-plugin-framework/datasource"
	"github.com/hashicorp/terraform-plugin-framework/datasource/schema"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"terraform-provider-esa/internal/esa"
)

var _ datasource.DataSourceWithConfigure = &customHostnamesDataSource{}

// customHostnamesDataSource is the data source esa_custom_hostnames.
type customHostnamesDataSource struct {
	configuredDataSource
}

func newCustomHostnamesDataSource() datasource.DataSource { return &customHostnamesDataSource{} }

type customHostnamesDataSourceModel struct {
	hostnameFilter

	CertStatus types.Set             `tfsdk:"cert_status"`
	Hostnames  []listedHostnameModel `tfsdk:"hostnames"`
}

// listedHostnameModel is a hostname in a list, which lacks cert_id, certificate and cas_id. The data source of one hostname
// adds them.
type listedHostnameModel struct {
	ID       types.String `tfsdk:"id"`
	SiteID   types.String `tfsdk:"site_id"`
	Hostname types.String `tfsdk:"hostname"`
	RecordID types.String `tfsdk:"record_id"`
	SSLFlag  types.String `tfsdk:"ssl_flag"`
	CertType types.String `tfsdk:"cert_type"`
	customHostnameListed
}

func newListedHostname(h *esa.CustomHostname) listedHostnameModel {
	m := listedHostnameModel{
		ID: types.StringValue(formatID(h.HostnameID)), SiteID: types.StringValue(formatID(h.SiteID)), Hostname: types.StringValue(h.Hostname),
		RecordID: types.StringValue(formatID(h.RecordID)), SSLFlag: textOrNull(h.SSLFlag), CertType: textOrNull(h.CertType),
	}
	m.observe(h)
	return m
}

// Metadata sets the name of the data source.
func (d *customHostnamesDataSource) Metadata(_ context.Context, req datasource.MetadataRequest, resp *datasource.MetadataResponse) {
	resp.TypeName = req.ProviderTypeName + "_custom_hostnames"
}

// Schema describes the data source.
func (d *customHostnamesDataSource) Schema(_ context.Context, _ datasource.SchemaRequest, resp *datasource.SchemaResponse) {
	listed := map[string]schema.Attribute{
		"id":        schema.StringAttribute{Computed: true, MarkdownDescription: "The hostname's id."},
		"site_id":   schema.StringAttribute{Computed: true, MarkdownDescription: "The site's id."},
		"hostname":  schema.StringAttribute{Computed: true, MarkdownDescription: "The domain."},
		"record_id": schema.StringAttribute{Computed: true, MarkdownDescription: "Id of the record that serves the hostname."},
		"ssl_flag":  schema.StringAttribute{Computed: true, MarkdownDescription: "Whether the hostname serves HTTPS, `on` or `off`."},
		"cert_type": schema.StringAttribute{Computed: true, MarkdownDescription: "Where the certificate comes from: `free`, `upload` or `cas`. With SSL off, the type of the last certificate."},
	}
	observedInDataSource(listed)
	delete(listed, "cert_id")
	arguments := map[string]schema.Attribute{
		"site_id": schema.StringAttribute{
			Required: true, Validators: []validator.String{idValidator{}},
			MarkdownDescription: "The site's id.",
		},
		"cert_status": schema.SetAttribute{
			Optional: true, ElementType: types.StringType, Validators: []validator.Set{setvalidator.SizeAtLeast(1)},
			MarkdownDescription: "Only hostnames whose certificate is in one of these states, such as `[\"ApplyFailed\", \"Expiring\", \"Expired\"]`.",
		},
		"hostnames": schema.ListNestedAttribute{
			Computed: true, NestedObject: schema.NestedAttributeObject{Attributes: listed},
			MarkdownDescription: "The hostnames, sorted by name and then by id. Lists include neither certificates nor certificate ids; use `esa_custom_hostname` for those.",
		},
	}
	for name, argument := range filterArguments {
		arguments[name] = schema.StringAttribute{Optional: true, MarkdownDescription: argument.description, Validators: argument.validators}
	}
	resp.Schema = schema.Schema{
		MarkdownDescription: "Lists the custom hostnames of a site, from all pages (ListCustomHostnames). The list is empty if none exists.",
		Attributes:          arguments,
	}
}

// Read reads all pages.
func (d *customHostnamesDataSource) Read(ctx context.Context, req datasource.ReadRequest, resp *datasource.ReadResponse) {
	var model customHostnamesDataSourceModel
	resp.Diagnostics.Append(req.Config.Get(ctx, &model)...)
	client := d.client(&resp.Diagnostics)
	in := model.input(&resp.Diagnostics)
	var certStatus []string
	resp.Diagnostics.Append(model.CertStatus.ElementsAs(ctx, &certStatus, false)...)
	if resp.Diagnostics.HasError() {
		return
	}
	model.Hostnames = []listedHostnameModel{}
	for hostname, err := range selectHostnames(ctx, client, in) {
		if err != nil {
			resp.Diagnostics.Append(apiError("list", thing{siteID: model.SiteID.ValueString()}, err))
			return
		}
		if len(certStatus) == 0 || slices.Contains(certStatus, hostname.CertStatus) {
			model.Hostnames = append(model.Hostnames, newListedHostname(&hostname))
		}
	}
	slices.SortFunc(model.Hostnames, func(a, b listedHostnameModel) int {
		return strings.Compare(a.Hostname.ValueString()+" "+a.ID.ValueString(), b.Hostname.ValueString()+" "+b.ID.ValueString())
	})
	resp.Diagnostics.Append(resp.State.Set(ctx, &model)...)
}
