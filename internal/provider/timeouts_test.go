package provider

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/action"
	"github.com/hashicorp/terraform-plugin-framework/resource"
)

// TestDefaultTimeouts checks that the descriptions name the default time limits.
func TestDefaultTimeouts(t *testing.T) {
	var hostname, validation resource.SchemaResponse
	newCustomHostnameResource().Schema(t.Context(), resource.SchemaRequest{}, &hostname)
	newCustomHostnameValidationResource().Schema(t.Context(), resource.SchemaRequest{}, &validation)
	described := map[string]string{}
	for name, response := range map[string]resource.SchemaResponse{"esa_custom_hostname": hostname, "esa_custom_hostname_validation": validation} {
		for attribute, limit := range response.Schema.Blocks["timeouts"].GetNestedObject().GetAttributes() {
			described[name+" "+attribute] = limit.GetMarkdownDescription() + limit.GetDescription()
		}
	}
	for _, create := range (&esaProvider{}).Actions(t.Context()) {
		var metadata action.MetadataResponse
		var response action.SchemaResponse
		create().Metadata(t.Context(), action.MetadataRequest{ProviderTypeName: "esa"}, &metadata)
		create().Schema(t.Context(), action.SchemaRequest{}, &response)
		limit := response.Schema.Blocks["timeouts"].GetNestedObject().GetAttributes()["invoke"]
		described[metadata.TypeName+" invoke"] = limit.GetMarkdownDescription() + limit.GetDescription()
	}
	for name, want := range map[string]time.Duration{
		"esa_custom_hostname create":                   defaultCreateTimeout,
		"esa_custom_hostname read":                     defaultReadTimeout,
		"esa_custom_hostname update":                   defaultUpdateTimeout,
		"esa_custom_hostname delete":                   defaultDeleteTimeout,
		"esa_custom_hostname_validation create":        defaultValidationTimeout,
		"esa_verify_custom_hostname invoke":            defaultActionTimeout,
		"esa_apply_custom_hostname_certificate invoke": defaultActionTimeout,
	} {
		text := fmt.Sprintf("`%dm`", int(want.Minutes()))
		if !strings.Contains(described[name], text) {
			t.Errorf("%s: want the default %s in the description %q", name, text, described[name])
		}
		delete(described, name)
	}
	if len(described) > 0 {
		t.Errorf("these time limits are not tested: %v", described)
	}
}
