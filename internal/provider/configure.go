package provider

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/resource"

	"terraform-provider-esa/internal/esa"
)

// configured is embedded by everything that calls ESA. It holds what the provider's Configure handed out.
type configured struct {
	data *providerData
}

// Configure takes the provider's data. Terraform also calls it while validating, before there is any.
func (c *configured) Configure(_ context.Context, req resource.ConfigureRequest, resp *resource.ConfigureResponse) {
	if req.ProviderData == nil {
		return
	}
	data, ok := req.ProviderData.(*providerData)
	if !ok {
		resp.Diagnostics.AddError("Unable to configure resource",
			fmt.Sprintf("The provider handed out a %T. This is a bug of the provider; please report it.", req.ProviderData))
		return
	}
	c.data = data
}

// client returns the API client, or nil with an error while the provider's configuration is not known.
func (c *configured) client(diags *diag.Diagnostics) *esa.Client {
	if c.data != nil && c.data.client != nil {
		return c.data.client
	}
	unknown := "its configuration"
	if c.data != nil && len(c.data.unknown) > 0 {
		unknown = strings.Join(c.data.unknown, ", ")
	}
	diags.AddError("Unable to call ESA",
		fmt.Sprintf("The provider \"esa\" cannot be used yet: %s depends on values that are known only after apply. "+
			"Apply what they come from first, for example with -target, or give the provider values that are known when planning.", unknown))
	return nil
}

// now is the time that certificates are checked against.
func (c *configured) now() time.Time {
	if c.data == nil {
		return time.Now()
	}
	return c.data.clock.Now()
}

// casRegion is the default of cas_region, "" while the provider's configuration is not known.
func (c *configured) casRegion() string {
	if c.data == nil {
		return ""
	}
	return c.data.casRegion
}
