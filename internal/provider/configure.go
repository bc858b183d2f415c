package provider

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/action"
	"github.com/hashicorp/terraform-plugin-framework/datasource"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/resource"

	"terraform-provider-esa/internal/esa"
)

// providerData is the data from Configure for resources, data sources, lists and actions.
type providerData struct {
	client       *esa.Client // nil while the provider's configuration is unknown
	clock        esa.Clock
	accountSite  esa.AccountSite // from account_type, "" if it is not set
	casRegion    string          // default of cas_region: the account site's region; "" while unknown
	batchRefresh bool            // whether a refresh may use pages of ListCustomHostnames
	unknown      []string        // names of the provider arguments that are unknown
}

// connection contains the data from the provider's Configure.
type connection struct {
	data *providerData
}

// configured is embedded by the resources.
type configured struct {
	connection
}

// Configure stores the provider's data.
func (c *configured) Configure(_ context.Context, req resource.ConfigureRequest, resp *resource.ConfigureResponse) {
	c.take(req.ProviderData, &resp.Diagnostics)
}

// configuredDataSource is embedded by the data sources.
type configuredDataSource struct {
	connection
}

// Configure stores the provider's data.
func (c *configuredDataSource) Configure(_ context.Context, req datasource.ConfigureRequest, resp *datasource.ConfigureResponse) {
	c.take(req.ProviderData, &resp.Diagnostics)
}

// configuredAction is embedded by the actions.
type configuredAction struct {
	connection
}

// Configure stores the provider's data.
func (c *configuredAction) Configure(_ context.Context, req action.ConfigureRequest, resp *action.ConfigureResponse) {
	c.take(req.ProviderData, &resp.Diagnostics)
}

// take stores the provider's data. During validation Terraform calls Configure without any.
func (c *connection) take(handedOut any, diags *diag.Diagnostics) {
	if handedOut == nil {
		return
	}
	data, ok := handedOut.(*providerData)
	if !ok {
		diags.AddError("Unable to configure provider",
			fmt.Sprintf("Expected *providerData from the provider, got %T. This is a bug in the provider: report it with the log (TF_LOG=DEBUG).", handedOut))
		return
	}
	c.data = data
}

// client returns the API client, or nil with an error while the provider's configuration is unknown.
func (c *connection) client(diags *diag.Diagnostics) *esa.Client {
	if c.data != nil && c.data.client != nil {
		return c.data.client
	}
	unknown := ""
	if c.data != nil && len(c.data.unknown) > 0 {
		unknown = " (" + strings.Join(c.data.unknown, ", ") + ")"
	}
	diags.AddError("Unable to call ESA",
		fmt.Sprintf("The provider \"esa\" cannot be used yet: its configuration%s is known only after apply. "+
			"Apply what it depends on first, for example with -target, or use values that are known during planning.", unknown))
	return nil
}

// now returns the time for checks of certificates.
func (c *connection) now() time.Time {
	if c.data == nil {
		return time.Now()
	}
	return c.data.clock.Now()
}

// casRegion returns the default of cas_region, "" while the provider's configuration is unknown.
func (c *connection) casRegion() string {
	if c.data == nil {
		return ""
	}
	return c.data.casRegion
}
