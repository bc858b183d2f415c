package provider

import (
	"context"
	"testing"

	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/function"
	"github.com/hashicorp/terraform-plugin-framework/types"
)

func TestRelativeName(t *testing.T) {
	for _, test := range []struct {
		fqdn, zone, want string
		argument         int64 // that is wrong, -1 for none
	}{
		{"_esa_custom_hostname.shop.customer.com", "customer.com", "_esa_custom_hostname.shop", -1},
		{"_ACME-challenge.Shop.customer.com.", "Customer.com.", "_acme-challenge.shop", -1},
		{"customer.com", "customer.com", "@", -1},
		{"CUSTOMER.com.", "customer.com", "@", -1},
		{"a.b.c", "c", "a.b", -1},
		{"shop.customer.org", "customer.com", "", 0},
		{"shop.customer.com.other.org", "customer.com", "", 0},
		{"shop.customer.community", "customer.com", "", 0},
		{"a.customer.com.b.customer.com", "customer.com", "a.customer.com.b", -1},
		{"shopcustomer.com", "customer.com", "", 0},
		{".customer.com", "customer.com", "", 0},
		{"", "customer.com", "", 0},
		{"shop.customer.com", "", "", 1},
		{"shop.customer.com", ".", "", 1},
	} {
		resp := function.RunResponse{Result: function.NewResultData(types.StringUnknown())}
		relativeNameFunction{}.Run(context.Background(), function.RunRequest{
			Arguments: function.NewArgumentsData([]attr.Value{types.StringValue(test.fqdn), types.StringValue(test.zone)}),
		}, &resp)
		if test.argument >= 0 {
			if resp.Error == nil || resp.Error.FunctionArgument == nil || *resp.Error.FunctionArgument != test.argument {
				t.Errorf("%q in %q: got error %v, want one about argument %d", test.fqdn, test.zone, resp.Error, test.argument)
			}
			continue
		}
		if resp.Error != nil || !resp.Result.Value().Equal(types.StringValue(test.want)) {
			t.Errorf("%q in %q: got %v, error %v; want %q", test.fqdn, test.zone, resp.Result.Value(), resp.Error, test.want)
		}
	}
}
