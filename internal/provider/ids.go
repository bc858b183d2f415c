package provider

import (
	"context"
	"fmt"
	"regexp"
	"strconv"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"terraform-provider-esa/internal/esa"
)

// ESA's ids are int64. In Terraform they are strings, as in the alicloud provider, so that
// record_id = alicloud_esa_record.x.id works and no number is rounded.

var idPattern = regexp.MustCompile(`^[1-9][0-9]{0,18}$`)

// parseID parses an id.
func parseID(text string) (int64, error) {
	if idPattern.MatchString(text) {
		if id, err := strconv.ParseInt(text, 10, 64); err == nil {
			return id, nil
		}
	}
	return 0, fmt.Errorf("%s is not an id: an id is a whole number from 1 to 9223372036854775807, in decimal digits only, for example \"4042843419650201\"", quote(text))
}

// idLookups are the hints for finding an id by name.
var idLookups = map[string]string{
	"record_id":   "To find the id of a record by its name, use data \"esa_record\" with site_id and record_name.",
	"site_id":     "To find the id of a site by its name, use data \"esa_site\" with site_name.",
	"hostname_id": "To find the id of a hostname by its name, use data \"esa_custom_hostname\" with site_id and hostname.",
}

// idProblem parses the id of an argument, or returns what is wrong with it, with a hint if it is a name.
func idProblem(argument, text string) (id int64, problem string) {
	id, err := parseID(text)
	if err == nil {
		return id, ""
	}
	problem = err.Error() + "."
	if lookup := idLookups[argument]; lookup != "" && hostnameProblem(esa.CanonicalName(text)) == "" {
		problem += " " + lookup
	}
	return 0, problem
}

// readID parses the id of an argument, and adds an error if it is invalid.
func readID(name, text string, diags *diag.Diagnostics) int64 {
	id, problem := idProblem(name, text)
	if problem != "" {
		diags.AddAttributeError(path.Root(name), "Invalid "+name, problem)
	}
	return id
}

func formatID(id int64) string { return strconv.FormatInt(id, 10) }

// idValidator accepts the same as parseID.
type idValidator struct{}

// Description describes the accepted values.
func (idValidator) Description(context.Context) string {
	return "must be an id: a whole number from 1 to 9223372036854775807"
}

// MarkdownDescription returns Description.
func (v idValidator) MarkdownDescription(ctx context.Context) string { return v.Description(ctx) }

// ValidateString checks a known value.
func (idValidator) ValidateString(_ context.Context, req validator.StringRequest, resp *validator.StringResponse) {
	if req.ConfigValue.IsNull() || req.ConfigValue.IsUnknown() {
		return
	}
	if _, problem := idProblem(req.Path.String(), req.ConfigValue.ValueString()); problem != "" {
		resp.Diagnostics.AddAttributeError(req.Path, "Invalid "+req.Path.String(), problem)
	}
}

// customHostnameIdentity is the identity of a custom hostname. An import requires hostname_id, or both site_id and
// hostname; in state all three are set.
type customHostnameIdentity struct {
	HostnameID types.String `tfsdk:"hostname_id"`
	SiteID     types.String `tfsdk:"site_id"`
	Hostname   types.String `tfsdk:"hostname"`
}

// importTarget is the hostname to import: either hostnameID, optionally with its site, or siteID and hostname.
type importTarget struct {
	hostnameID string
	siteID     string
	hostname   string
}

const importForms = "Use one of:\n\n" +
	"  <hostname_id>             for example 4042843419650201\n" +
	"  <site_id>/<hostname>      for example 4042843419650112/shop.customer.com\n" +
	"  <site_id>:<hostname_id>   for example 4042843419650112:4042843419650201"

// parseImportID parses an import id in one of the three forms.
func parseImportID(id string) (importTarget, error) {
	wrong := func(problem error) error {
		return fmt.Errorf("%s cannot be imported: %w. %s", quote(id), problem, importForms)
	}
	if site, hostname, ok := strings.Cut(id, "/"); ok {
		if _, err := parseID(site); err != nil {
			return importTarget{}, wrong(err)
		}
		hostname = esa.CanonicalName(hostname)
		if problem := hostnameProblem(hostname); problem != "" {
			return importTarget{}, wrong(fmt.Errorf("%s %s", quote(hostname), problem))
		}
		return importTarget{siteID: site, hostname: hostname}, nil
	}
	site, hostnameID, composite := strings.Cut(id, ":")
	if !composite {
		hostnameID, site = id, ""
	} else if _, err := parseID(site); err != nil {
		return importTarget{}, wrong(err)
	}
	if _, err := parseID(hostnameID); err != nil {
		return importTarget{}, wrong(err)
	}
	return importTarget{hostnameID: hostnameID, siteID: site}, nil
}

// importTargetOf returns the hostname to import from the id or the identity, or adds an error.
func importTargetOf(ctx context.Context, req resource.ImportStateRequest, diags *diag.Diagnostics) (importTarget, bool) {
	if req.ID != "" {
		target, err := parseImportID(req.ID)
		if err != nil {
			diags.AddError("Invalid import id", err.Error())
		}
		return target, err == nil
	}
	var identity customHostnameIdentity
	diags.Append(req.Identity.Get(ctx, &identity)...)
	if diags.HasError() {
		return importTarget{}, false
	}
	target := importTarget{
		hostnameID: identity.HostnameID.ValueString(),
		siteID:     identity.SiteID.ValueString(),
		hostname:   esa.CanonicalName(identity.Hostname.ValueString()),
	}
	if target.hostnameID != "" {
		readID("hostname_id", target.hostnameID, diags)
	}
	if target.siteID != "" {
		readID("site_id", target.siteID, diags)
	}
	if target.hostname != "" {
		if problem := hostnameProblem(target.hostname); problem != "" {
			diags.AddAttributeError(path.Root("hostname"), "Invalid hostname", quote(target.hostname)+" "+problem+".")
		}
	}
	if target.hostnameID == "" && (target.siteID == "" || target.hostname == "") {
		diags.AddError("Invalid identity", "An import by identity requires hostname_id, or both site_id and hostname.")
	}
	return target, !diags.HasError()
}

// findHostname looks up the id of a hostname by site and name. verb is the operation.
func findHostname(ctx context.Context, client *esa.Client, verb string, about thing, diags *diag.Diagnostics) string {
	siteID := readID("site_id", about.siteID, diags)
	if diags.HasError() {
		return ""
	}
	found, err := client.FindCustomHostnames(ctx, siteID, about.hostname)
	switch {
	case err != nil:
		diags.Append(apiError(verb, about, err))
	case len(found) == 0:
		diags.AddError("Unable to "+verb+" custom hostname",
			fmt.Sprintf("There is no %s. Check the name and the site.", about))
	case len(found) > 1:
		detail := fmt.Sprintf("There are %d matches for %s. Choose one by its id:\n", len(found), about)
		for _, candidate := range found {
			detail += fmt.Sprintf("\n  %d   status %s, record %d, created %s", candidate.HostnameID, clean(candidate.Status), candidate.RecordID, clean(candidate.CreateTime))
		}
		diags.AddError("Unable to "+verb+" custom hostname", detail)
	default:
		return formatID(found[0].HostnameID)
	}
	return ""
}
