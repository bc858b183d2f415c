package provider

import (
	"context"
	"fmt"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/function"
)

var _ function.Function = relativeNameFunction{}

// relativeNameFunction is the function provider::esa::relative_name.
type relativeNameFunction struct{}

func newRelativeNameFunction() function.Function { return relativeNameFunction{} }

// apex is the name of the zone itself for DNS providers.
const apex = "@"

// Metadata sets the name of the function.
func (relativeNameFunction) Metadata(_ context.Context, _ function.MetadataRequest, resp *function.MetadataResponse) {
	resp.Name = "relative_name"
}

// Definition describes the function.
func (relativeNameFunction) Definition(_ context.Context, _ function.DefinitionRequest, resp *function.DefinitionResponse) {
	resp.Definition = function.Definition{
		Summary: "Removes the zone from a domain name",
		MarkdownDescription: "Returns the record name that DNS providers expect: `_esa_custom_hostname.shop` for `_esa_custom_hostname.shop.customer.com` in the zone `customer.com`, " +
			"and `@` for the zone's own name. The result is in lower case; case and a final dot do not matter. A name outside the zone is an error.",
		Parameters: []function.Parameter{
			function.StringParameter{Name: "fqdn", MarkdownDescription: "The full domain name, such as `esa_custom_hostname.shop.verify_host`."},
			function.StringParameter{Name: "zone", MarkdownDescription: "The zone, such as `customer.com`."},
		},
		Return: function.StringReturn{},
	}
}

// Run removes the zone.
func (relativeNameFunction) Run(ctx context.Context, req function.RunRequest, resp *function.RunResponse) {
	var fqdn, zone string
	if resp.Error = req.Arguments.Get(ctx, &fqdn, &zone); resp.Error != nil {
		return
	}
	name, parent := fold(fqdn), fold(zone)
	relative, inside := strings.CutSuffix(name, "."+parent)
	switch {
	case parent == "":
		resp.Error = function.NewArgumentFuncError(1, "The zone is empty; set it to one such as \"customer.com\".")
	case name == parent:
		resp.Error = resp.Result.Set(ctx, apex)
	case !inside || relative == "":
		resp.Error = function.NewArgumentFuncError(0, fmt.Sprintf("%s is not in the zone %s; use a name that ends in %s.", quote(fqdn), quote(zone), quote("."+parent)))
	default:
		resp.Error = resp.Result.Set(ctx, relative)
	}
}

// fold normalizes a domain name for comparison.
func fold(name string) string {
	return strings.ToLower(strings.TrimSuffix(strings.TrimSpace(name), "."))
}
