package provider

import (
	"context"
	"fmt"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework-validators/datasourcevalidator"
	"github.com/hashicorp/terraform-plugin-framework-validators/stringvalidator"
	"github.com/hashicorp/terraform-plugin-framework/datasource"
	"github.com/hashicorp/terraform-plugin-framework/datasource/schema"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"terraform-provider-esa/internal/esa"
)

var (
	_ datasource.DataSourceWithConfigure        = &siteDataSource{}
	_ datasource.DataSourceWithConfigValidators = &siteDataSource{}
)

// siteDataSource is the data source esa_site.
type siteDataSource struct {
	configuredDataSource
}

func newSiteDataSource() datasource.DataSource { return &siteDataSource{} }

type siteDataSourceModel struct {
	ID            types.String `tfsdk:"id"`
	SiteID        types.String `tfsdk:"site_id"`
	SiteName      types.String `tfsdk:"site_name"`
	Status        types.String `tfsdk:"status"`
	OfflineReason types.String `tfsdk:"offline_reason"`
	AccessType    types.String `tfsdk:"access_type"`
	Coverage      types.String `tfsdk:"coverage"`
	CnameZone     types.String `tfsdk:"cname_zone"`
	NameServers   []string     `tfsdk:"name_servers"`
	InstanceID    types.String `tfsdk:"instance_id"`
	PlanName      types.String `tfsdk:"plan_name"`
	CreateTime    types.String `tfsdk:"create_time"`
	UpdateTime    types.String `tfsdk:"update_time"`
}

// Metadata sets the name of the data source.
func (d *siteDataSource) Metadata(_ context.Context, req datasource.MetadataRequest, resp *datasource.MetadataResponse) {
	resp.TypeName = req.ProviderTypeName + "_site"
}

// Schema describes the data source.
func (d *siteDataSource) Schema(_ context.Context, _ datasource.SchemaRequest, resp *datasource.SchemaResponse) {
	attributes := map[string]schema.Attribute{
		"site_id": schema.StringAttribute{
			Optional: true, Computed: true, Validators: []validator.String{idValidator{}},
			MarkdownDescription: "The site's id (SiteId). Set it or `site_name`.",
		},
		"site_name": schema.StringAttribute{
			Optional: true, Computed: true, Validators: []validator.String{stringvalidator.LengthAtLeast(1)},
			MarkdownDescription: "The site's name (SiteName), such as `example.com`.",
		},
		"name_servers": schema.ListAttribute{
			Computed: true, ElementType: types.StringType,
			MarkdownDescription: "The name servers that ESA assigned to a site with NS access (NameServerList).",
		},
	}
	for name, description := range map[string]string{
		"id":             "The site's id.",
		"status":         "State of the site (Status): `pending`, `active`, `offline` or `moved`.",
		"offline_reason": "Why the site is offline (OfflineReason).",
		"access_type":    "How the site is connected (AccessType): `NS` or `CNAME`.",
		"coverage":       "Where the site is accelerated (Coverage): `domestic`, `global` or `overseas`. With the first two, hostnames need an ICP filing.",
		"cname_zone":     "Zone of the CNAME targets of a site with CNAME access (CnameZone).",
		"instance_id":    "Id of the plan's instance (InstanceId).",
		"plan_name":      "The plan (PlanName).",
		"create_time":    "When the site was created (CreateTime), UTC.",
		"update_time":    "When the site was last changed (UpdateTime), UTC.",
	} {
		attributes[name] = schema.StringAttribute{Computed: true, MarkdownDescription: description}
	}
	resp.Schema = schema.Schema{
		MarkdownDescription: "Reads one site of the account by its id or its name (GetSite, ListSites). Fails unless exactly one site matches.",
		Attributes:          attributes,
	}
}

// ConfigValidators returns the checks of combinations of arguments.
func (d *siteDataSource) ConfigValidators(context.Context) []datasource.ConfigValidator {
	return []datasource.ConfigValidator{datasourcevalidator.ExactlyOneOf(path.MatchRoot("site_id"), path.MatchRoot("site_name"))}
}

// Read reads the site.
func (d *siteDataSource) Read(ctx context.Context, req datasource.ReadRequest, resp *datasource.ReadResponse) {
	var model siteDataSourceModel
	resp.Diagnostics.Append(req.Config.Get(ctx, &model)...)
	client := d.client(&resp.Diagnostics)
	if resp.Diagnostics.HasError() {
		return
	}
	site := findSite(ctx, client, model, &resp.Diagnostics)
	if site == nil {
		return
	}
	model = siteDataSourceModel{
		ID: types.StringValue(formatID(site.SiteID)), SiteID: types.StringValue(formatID(site.SiteID)), SiteName: types.StringValue(site.SiteName),
		Status: textOrNull(site.Status), OfflineReason: textOrNull(site.OfflineReason), AccessType: textOrNull(site.AccessType),
		Coverage: textOrNull(site.Coverage), CnameZone: textOrNull(site.CnameZone), NameServers: []string{},
		InstanceID: textOrNull(site.InstanceID), PlanName: textOrNull(site.PlanName),
		CreateTime: textOrNull(site.CreateTime), UpdateTime: textOrNull(site.UpdateTime),
	}
	for server := range strings.SplitSeq(site.NameServerList, ",") {
		if server = strings.TrimSpace(server); server != "" {
			model.NameServers = append(model.NameServers, server)
		}
	}
	resp.Diagnostics.Append(resp.State.Set(ctx, &model)...)
}

// findSite returns the selected site, or nil with an error that lists the candidates.
func findSite(ctx context.Context, client *esa.Client, model siteDataSourceModel, diags *diag.Diagnostics) *esa.Site {
	if !model.SiteID.IsNull() {
		id := readID("site_id", model.SiteID.ValueString(), diags)
		if diags.HasError() {
			return nil
		}
		site, err := client.GetSite(ctx, id)
		if err != nil {
			diags.Append(lookupError("site", "site "+formatID(id), err))
		}
		return site
	}
	name := model.SiteName.ValueString()
	var found []esa.Site
	for site, err := range client.AllSites(ctx, esa.ListSitesInput{SiteName: name, SiteSearchType: esa.NameMatchExact}) {
		if err != nil {
			diags.Append(lookupError("site", "site "+quote(name), err))
			return nil
		}
		if strings.EqualFold(site.SiteName, name) {
			found = append(found, site)
		}
	}
	if len(found) == 1 {
		return &found[0]
	}
	var candidates []string
	for _, site := range found {
		candidates = append(candidates, fmt.Sprintf("%d (%s, %s)", site.SiteID, clean(site.SiteName), clean(site.Status)))
	}
	diags.AddAttributeError(path.Root("site_name"), "Unable to find site", notExactlyOne("site "+quote(name), "site_id", candidates))
	return nil
}

// notExactlyOne returns the error of a lookup that found none or several.
func notExactlyOne(what, by string, candidates []string) string {
	if len(candidates) == 0 {
		return fmt.Sprintf("There is no %s. Check the name and the account.", what)
	}
	return fmt.Sprintf("There are %d matches for %s. Choose one by %s:\n\n  %s", len(candidates), what, by, strings.Join(candidates, "\n  "))
}
