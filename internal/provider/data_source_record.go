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
	_ datasource.DataSourceWithConfigure        = &recordDataSource{}
	_ datasource.DataSourceWithConfigValidators = &recordDataSource{}
)

// recordDataSource is the data source esa_record.
type recordDataSource struct {
	configuredDataSource
}

func newRecordDataSource() datasource.DataSource { return &recordDataSource{} }

type recordDataSourceModel struct {
	ID          types.String `tfsdk:"id"`
	RecordID    types.String `tfsdk:"record_id"`
	SiteID      types.String `tfsdk:"site_id"`
	SiteName    types.String `tfsdk:"site_name"`
	RecordName  types.String `tfsdk:"record_name"`
	RecordType  types.String `tfsdk:"record_type"`
	RecordCname types.String `tfsdk:"record_cname"`
	SourceType  types.String `tfsdk:"source_type"`
	Proxied     types.Bool   `tfsdk:"proxied"`
	Value       types.String `tfsdk:"value"`
	TTL         types.Int64  `tfsdk:"ttl"`
	Comment     types.String `tfsdk:"comment"`
	CreateTime  types.String `tfsdk:"create_time"`
	UpdateTime  types.String `tfsdk:"update_time"`
}

// Metadata sets the name of the data source.
func (d *recordDataSource) Metadata(_ context.Context, req datasource.MetadataRequest, resp *datasource.MetadataResponse) {
	resp.TypeName = req.ProviderTypeName + "_record"
}

// Schema describes the data source.
func (d *recordDataSource) Schema(_ context.Context, _ datasource.SchemaRequest, resp *datasource.SchemaResponse) {
	attributes := map[string]schema.Attribute{
		"record_id": schema.StringAttribute{
			Optional: true, Computed: true, Validators: []validator.String{idValidator{}},
			MarkdownDescription: "The record's id (RecordId). Set it, or `site_id` and `record_name`.",
		},
		"site_id": schema.StringAttribute{
			Optional: true, Computed: true, Validators: []validator.String{idValidator{}},
			MarkdownDescription: "The site's id (SiteId).",
		},
		"record_name": schema.StringAttribute{
			Optional: true, Computed: true, Validators: []validator.String{stringvalidator.LengthAtLeast(1)},
			MarkdownDescription: "The record's full name (RecordName), such as `origin.example.com`.",
		},
		"record_type": schema.StringAttribute{
			Optional: true, Computed: true, Validators: []validator.String{stringvalidator.LengthAtLeast(1)},
			MarkdownDescription: "The record's type (RecordType), such as `CNAME` or `A/AAAA`. Selects among records with the same name.",
		},
		"proxied": schema.BoolAttribute{Computed: true, MarkdownDescription: "Whether ESA proxies the record (Proxied). Only proxied records can serve custom hostnames."},
		"ttl":     schema.Int64Attribute{Computed: true, MarkdownDescription: "Time to live (Ttl), in seconds; 1 is automatic."},
	}
	for name, description := range map[string]string{
		"id":           "The record's id.",
		"site_name":    "The site's name (SiteName).",
		"record_cname": "What customers point their CNAME at when the site has CNAME access (RecordCname).",
		"source_type":  "Type of the record's origin (RecordSourceType), such as `Domain` or `OSS`.",
		"value":        "What the record points at (Data.Value).",
		"comment":      "The record's comment (Comment).",
		"create_time":  "When the record was created (CreateTime), UTC.",
		"update_time":  "When the record was last changed (UpdateTime), UTC.",
	} {
		attributes[name] = schema.StringAttribute{Computed: true, MarkdownDescription: description}
	}
	resp.Schema = schema.Schema{
		MarkdownDescription: "Reads one DNS record of a site by its id, or by site and name (GetRecord, ListRecords). Fails unless exactly one record matches.",
		Attributes:          attributes,
	}
}

// ConfigValidators returns the checks of combinations of arguments.
func (d *recordDataSource) ConfigValidators(context.Context) []datasource.ConfigValidator {
	return []datasource.ConfigValidator{
		datasourcevalidator.ExactlyOneOf(path.MatchRoot("record_id"), path.MatchRoot("record_name")),
		datasourcevalidator.RequiredTogether(path.MatchRoot("site_id"), path.MatchRoot("record_name")),
		datasourcevalidator.Conflicting(path.MatchRoot("record_id"), path.MatchRoot("record_type")),
	}
}

// Read reads the record.
func (d *recordDataSource) Read(ctx context.Context, req datasource.ReadRequest, resp *datasource.ReadResponse) {
	var model recordDataSourceModel
	resp.Diagnostics.Append(req.Config.Get(ctx, &model)...)
	client := d.client(&resp.Diagnostics)
	if resp.Diagnostics.HasError() {
		return
	}
	record := findRecord(ctx, client, model, &resp.Diagnostics)
	if record == nil {
		return
	}
	resp.Diagnostics.Append(resp.State.Set(ctx, &recordDataSourceModel{
		ID: types.StringValue(formatID(record.RecordID)), RecordID: types.StringValue(formatID(record.RecordID)),
		SiteID: types.StringValue(formatID(record.SiteID)), SiteName: textOrNull(record.SiteName),
		RecordName: types.StringValue(record.RecordName), RecordType: textOrNull(record.RecordType), RecordCname: textOrNull(record.RecordCname),
		SourceType: textOrNull(record.RecordSourceType), Proxied: types.BoolValue(record.Proxied), Value: textOrNull(record.Data.Value),
		TTL: types.Int64Value(record.TTL), Comment: textOrNull(record.Comment),
		CreateTime: textOrNull(record.CreateTime), UpdateTime: textOrNull(record.UpdateTime),
	})...)
}

// findRecord returns the selected record, or nil with an error that lists the candidates.
func findRecord(ctx context.Context, client *esa.Client, model recordDataSourceModel, diags *diag.Diagnostics) *esa.Record {
	if !model.RecordID.IsNull() {
		id := readID("record_id", model.RecordID.ValueString(), diags)
		if diags.HasError() {
			return nil
		}
		record, err := client.GetRecord(ctx, id)
		if err != nil {
			diags.Append(lookupError("record", "record "+formatID(id), err))
		}
		return record
	}
	name, kind := model.RecordName.ValueString(), model.RecordType.ValueString()
	what := fmt.Sprintf("record %s in site %s", quote(name), model.SiteID.ValueString())
	siteID := readID("site_id", model.SiteID.ValueString(), diags)
	if diags.HasError() {
		return nil
	}
	var found []esa.Record
	for record, err := range client.AllRecords(ctx, esa.ListRecordsInput{SiteID: siteID, RecordName: name, RecordMatchType: esa.NameMatchExact, Type: kind}) {
		if err != nil {
			diags.Append(lookupError("record", what, err))
			return nil
		}
		if strings.EqualFold(record.RecordName, name) && (kind == "" || strings.EqualFold(record.RecordType, kind)) {
			found = append(found, record)
		}
	}
	if len(found) == 1 {
		return &found[0]
	}
	var candidates []string
	for _, record := range found {
		candidates = append(candidates, fmt.Sprintf("%d (%s %s, proxied %t)", record.RecordID, clean(record.RecordType), clean(record.Data.Value), record.Proxied))
	}
	diags.AddAttributeError(path.Root("record_name"), "Unable to find record", notExactlyOne(what, "record_id or record_type", candidates))
	return nil
}
