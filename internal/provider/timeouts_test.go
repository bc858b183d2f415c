package provider

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/action"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-go/tftypes"

	"terraform-provider-esa/internal/fakeesa"
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

// limitsClock is a clock that records the time limit of each pause, in minutes.
type limitsClock struct {
	*fastClock
	minutes []int
}

func (c *limitsClock) Sleep(ctx context.Context, d time.Duration) error {
	if deadline, ok := ctx.Deadline(); ok {
		c.minutes = append(c.minutes, int(time.Until(deadline).Round(time.Minute).Minutes()))
	}
	return c.fastClock.Sleep(ctx, d)
}

// TestDefaultTimeoutsAreUsed checks the time limit with which each operation retries a call that is throttled.
func TestDefaultTimeoutsAreUsed(t *testing.T) {
	for operation, want := range map[string]struct {
		action string
		limit  time.Duration
	}{
		"create":      {"CreateCustomHostname", defaultCreateTimeout},
		"read":        {"GetCustomHostname", defaultReadTimeout},
		"update":      {"UpdateCustomHostname", defaultUpdateTimeout},
		"delete":      {"DeleteCustomHostname", defaultDeleteTimeout},
		"validate":    {"VerifyCustomHostname", defaultValidationTimeout},
		verifyAction:  {"GetCustomHostname", defaultActionTimeout},
		applyAction:   {"GetCustomHostname", defaultActionTimeout},
		"data source": {"GetCustomHostname", 0},
	} {
		a := newAccount(t, fakeesa.Options{PublishAtOnce: true}, everyReading()...)
		c := newQuietRun(t, a, map[string]any{"ssl_flag": "on", "cert_type": "free"})
		clock := &limitsClock{fastClock: a.clock}
		c.server = newTimedServer(t, a, clock)
		throttle := func() {
			clock.minutes = nil
			a.Inject(fakeesa.Fault{Action: want.action, Code: "Throttling", Status: 400, Times: 1})
		}
		if operation == "create" {
			throttle()
		}
		problems := c.applyOne(0)
		id := fmt.Sprint(a.hostname(t).ID)
		if operation != "create" {
			throttle()
		}
		switch operation {
		case "create":
		case "read":
			problems = c.applyOne(0)
		case "update":
			c.configs[0]["record_id"] = fmt.Sprint(a.record2.ID)
			problems = c.applyOne(0)
		case "delete":
			c.configs[0] = nil
			problems = c.applyOne(0)
		case "validate":
			problems = c.validation(map[string]any{"hostname_id": id}).applyOne(0)
		case "data source":
			problems = c.server.readData(t, "esa_custom_hostname", map[string]any{"hostname_id": id}).Diagnostics
		default:
			if _, texts := c.server.invoke(t, operation, map[string]any{"hostname_id": id}); texts != nil {
				t.Errorf("%s: got problems %q, want none", operation, texts)
			}
		}
		if failed(problems) {
			t.Errorf("%s: got problems %q, want none", operation, shown(problems))
		}
		minutes := int(want.limit.Minutes())
		if minutes == 0 && len(clock.minutes) != 0 || minutes != 0 && (len(clock.minutes) == 0 || clock.minutes[0] != minutes) {
			t.Errorf("%s: got pauses within %v minutes, want %d", operation, clock.minutes, minutes)
		}
	}
}

// TestTimeouts checks that each operation on a hostname has its own time limit.
func TestTimeouts(t *testing.T) {
	operations := []string{"create", "read", "update", "delete"}
	for _, short := range operations {
		t.Run(short, func(t *testing.T) {
			a := newAccount(t, fakeesa.Options{})
			limits := map[string]tftypes.Value{}
			for _, operation := range operations {
				limits[operation] = tftypes.NewValue(tftypes.String, "1h")
			}
			limits[short] = tftypes.NewValue(tftypes.String, "1ns")
			config := map[string]any{"ssl_flag": "off", "timeouts": limits}
			c := newQuietRun(t, a, config)
			problems := c.applyOne(0)
			if short != "create" && len(problems) > 0 {
				t.Fatalf("create: got %v", shown(problems))
			}
			switch short {
			case "read":
				problems = c.applyOne(0)
			case "update":
				config["record_id"] = fmt.Sprint(a.record2.ID)
				problems = c.applyOne(0)
			case "delete":
				c.configs[0] = nil
				problems = c.applyOne(0)
			}
			if got := strings.Join(shown(problems), "\n"); !strings.Contains(got, "Unable to "+short+" custom hostname") || !strings.Contains(got, "timeouts") {
				t.Errorf("got %q, want an error of %s that names the time limit", got, short)
			}
		})
	}
}
