package provider

import (
	"context"
	"iter"

	"github.com/hashicorp/terraform-plugin-framework-validators/stringvalidator"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"terraform-provider-esa/internal/esa"
)

// hostnameFilter selects custom hostnames in the data source and in the list resource.
type hostnameFilter struct {
	SiteID        types.String `tfsdk:"site_id"`
	Hostname      types.String `tfsdk:"hostname"`
	NameMatchType types.String `tfsdk:"name_match_type"`
	Status        types.String `tfsdk:"status"`
	RecordID      types.String `tfsdk:"record_id"`
}

// filterArgument is the description and the validators of an argument of hostnameFilter, for both schemas.
type filterArgument struct {
	description string
	validators  []validator.String
}

var filterArguments = map[string]filterArgument{
	"hostname": {
		"Only hostnames whose name matches this value; see `name_match_type`.",
		[]validator.String{stringvalidator.LengthAtLeast(1)},
	},
	"name_match_type": {
		"How `hostname` is compared: `exact`, `prefix`, `suffix` or `fuzzy` (anywhere). Default `exact`.",
		[]validator.String{
			stringvalidator.OneOf(esa.NameMatchExact, esa.NameMatchPrefix, esa.NameMatchSuffix, esa.NameMatchFuzzy),
			stringvalidator.AlsoRequires(path.MatchRoot("hostname")),
		},
	},
	"status": {
		"Only hostnames in this state: `pending`, `active`, `conflicted` or `offline`.",
		[]validator.String{stringvalidator.OneOf(esa.StatusPending, esa.StatusActive, esa.StatusConflicted, esa.StatusOffline)},
	},
	"record_id": {
		"Only hostnames that this record serves.",
		[]validator.String{idValidator{}},
	},
}

// input returns the filter for the API. Without a site, its SiteID is 0.
func (f hostnameFilter) input(diags *diag.Diagnostics) esa.ListCustomHostnamesInput {
	in := esa.ListCustomHostnamesInput{
		Hostname: f.Hostname.ValueString(), NameMatchType: f.NameMatchType.ValueString(), Status: f.Status.ValueString(),
	}
	if !f.SiteID.IsNull() {
		in.SiteID = readID("site_id", f.SiteID.ValueString(), diags)
	}
	if !f.RecordID.IsNull() {
		in.RecordID = readID("record_id", f.RecordID.ValueString(), diags)
	}
	return in
}

// selectHostnames yields each selected hostname once, from all pages, and from all sites if in has no site. How ESA's
// filters compare is not documented, so they are applied again here. It ends after the first error.
func selectHostnames(ctx context.Context, client *esa.Client, in esa.ListCustomHostnamesInput) iter.Seq2[esa.CustomHostname, error] {
	return func(yield func(esa.CustomHostname, error) bool) {
		sites := []int64{in.SiteID}
		if in.SiteID == 0 {
			sites = nil
			for site, err := range client.AllSites(ctx, esa.ListSitesInput{}) {
				if err != nil {
					yield(esa.CustomHostname{}, err)
					return
				}
				sites = append(sites, site.SiteID)
			}
		}
		for _, site := range sites {
			in.SiteID = site
			for hostname, err := range client.AllCustomHostnames(ctx, in) {
				if err == nil && !matches(&hostname, in) {
					continue
				}
				if !yield(hostname, err) || err != nil {
					return
				}
			}
		}
	}
}

// matches applies the filters of a list to a hostname.
func matches(h *esa.CustomHostname, in esa.ListCustomHostnamesInput) bool {
	if in.RecordID != 0 && h.RecordID != in.RecordID || in.Status != "" && h.Status != in.Status {
		return false
	}
	return in.Hostname == "" || esa.NameMatches(h.Hostname, in.Hostname, in.NameMatchType)
}
