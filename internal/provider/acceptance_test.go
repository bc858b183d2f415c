package provider

import (
	"context"
	"flag"
	"fmt"
	"net/url"
	"os"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/terraform"
	"go.uber.org/goleak"

	"terraform-provider-esa/internal/certcheck/certtest"
	"terraform-provider-esa/internal/esa"
	"terraform-provider-esa/internal/fakeesa"
)

// The acceptance tests run a real CLI against a fake ESA in this process: TF_ACC=1 go test, or make testacc.

const testResource = "esa_custom_hostname.test"

// TestMain removes the user's own settings from the environment, and checks that the tests leave no goroutines behind.
func TestMain(m *testing.M) {
	for _, entry := range os.Environ() {
		name, _, _ := strings.Cut(entry, "=")
		for _, prefix := range []string{"ALICLOUD_", "ALIBABA_CLOUD_", "ALIBABACLOUD_", "ESA_", "CLIENT_", "TF_APPEND_USER_AGENT"} {
			if strings.HasPrefix(name, prefix) {
				_ = os.Unsetenv(name)
			}
		}
	}
	status := m.Run()
	// The plugin servers of the tests close their pipes only when the garbage collector runs.
	runtime.GC()
	if err := goleak.Find(); err != nil && status == 0 {
		fmt.Fprintln(os.Stderr, err)
		status = 1
	}
	if builtBinary {
		folder, _ := binary()
		_ = os.RemoveAll(folder)
	}
	os.Exit(status)
}

// account is a fake ESA with a site and two records.
type account struct {
	*fakeesa.Server
	// clock is the clock of the fake, and of the providers that the account starts. Its waits take no time.
	clock   *fastClock
	site    fakeesa.Site
	record  fakeesa.Record
	record2 fakeesa.Record
}

// newAccount starts a fake ESA in the world of -world. The world changes neither an option that the test sets nor a reading
// that the test names. A test names the readings whose default it asserts, and those that it iterates over.
func newAccount(t testing.TB, options fakeesa.Options, asserted ...string) *account {
	t.Helper()
	return newAccountOf(t, "NS", options, asserted...)
}

// newAccountOf is newAccount with another access type of the site.
func newAccountOf(t testing.TB, accessType string, options fakeesa.Options, asserted ...string) *account {
	t.Helper()
	a := &account{clock: new(fastClock)}
	if options.Now == nil {
		options.Now = a.clock.Now
		// Other waits may advance the clock by hours between the signing of a request and its arrival.
		if options.TimestampWindow == 0 {
			options.TimestampWindow = 10000 * time.Hour
		}
	}
	if err := enterWorld(&options, asserted); err != nil {
		t.Fatal(err)
	}
	server, err := fakeesa.Start(options)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(server.Close)
	a.Server = server
	a.site = a.AddSiteOf(fakeesa.Site{Name: "example.com", AccessType: accessType})
	a.record = a.AddRecord(a.site.ID, "origin.example.com")
	a.record2 = a.AddRecord(a.site.ID, "origin2.example.com")
	return a
}

// patient are the readings under which calls are retried, or hostnames read again, until ESA is ready. Tests that count
// calls, or that have a time limit of seconds, assert them.
var patient = []string{"busy", "busy-after", "read-lag", "list-lag", "update-takes", "activation-takes"}

var world = flag.String("world", "", "the readings that accounts have: a number n for the nth value of each, or NAME=VALUE,...")

// enterWorld sets the readings of the world.
func enterWorld(options *fakeesa.Options, asserted []string) error {
	values := map[string]string{}
	number, err := strconv.Atoi(*world)
	for _, r := range fakeesa.Readings() {
		if err == nil {
			values[r.Name] = r.Values[number%len(r.Values)]
		}
	}
	if err != nil && *world != "" {
		for _, reading := range strings.Split(*world, ",") {
			name, value, _ := strings.Cut(reading, "=")
			values[name] = value
		}
	}
	var unset fakeesa.Options
	for name, value := range values {
		if options.Reading(name) != unset.Reading(name) || slices.Contains(asserted, name) {
			continue
		}
		if err := options.SetReading(name, value); err != nil {
			return fmt.Errorf("-world: %w", err)
		}
	}
	return nil
}

var testFactories = factories(esa.SystemClock{})

func factories(clock esa.Clock) map[string]func() (tfprotov6.ProviderServer, error) {
	return map[string]func() (tfprotov6.ProviderServer, error){
		"esa": func() (tfprotov6.ProviderServer, error) { return newServerWithClock("test", clock)(), nil },
	}
}

// fastClock advances at once instead of waiting.
type fastClock struct {
	ahead atomic.Int64
}

func (c *fastClock) Now() time.Time { return time.Now().Add(time.Duration(c.ahead.Load())) }

func (c *fastClock) Sleep(ctx context.Context, d time.Duration) error {
	c.ahead.Add(int64(d))
	return ctx.Err()
}

// provider returns the provider block.
func (a *account) provider() string {
	return fmt.Sprintf("provider \"esa\" {\n  access_key = %q\n  secret_key = %q\n  endpoint   = %q\n}\n",
		a.Options().AccessKeyID, a.Options().AccessKeySecret, a.URL())
}

// environment returns the variables that configure an empty provider block.
func (a *account) environment() []string {
	return []string{
		"ALIBABA_CLOUD_ACCESS_KEY_ID=" + a.Options().AccessKeyID, "ALIBABA_CLOUD_ACCESS_KEY_SECRET=" + a.Options().AccessKeySecret,
		"ALIBABA_CLOUD_SECURITY_TOKEN=" + a.Options().SecurityToken, "ESA_ENDPOINT=" + a.URL(),
	}
}

// args are the arguments of the test's hostname. Later ones replace earlier ones; "" removes an argument.
type args map[string]string

func (a *account) args(name string, more ...args) args {
	all := args{
		"site_id":   fmt.Sprintf("%q", fmt.Sprint(a.site.ID)),
		"record_id": fmt.Sprintf("%q", fmt.Sprint(a.record.ID)),
		"hostname":  fmt.Sprintf("%q", name),
		"ssl_flag":  `"off"`,
	}
	for _, m := range more {
		for key, value := range m {
			all[key] = value
			if value == "" {
				delete(all, key)
			}
		}
	}
	return all
}

// hcl returns the configuration with the test's hostname.
func (a *account) hcl(all args, extra ...string) string {
	var b strings.Builder
	b.WriteString(a.provider() + "resource \"esa_custom_hostname\" \"test\" {\n")
	for key, value := range all {
		if strings.HasPrefix(value, "{") {
			fmt.Fprintf(&b, "  %s %s\n", key, value)
			continue
		}
		fmt.Fprintf(&b, "  %s = %s\n", key, value)
	}
	b.WriteString("}\n" + strings.Join(extra, "\n"))
	return b.String()
}

func free() args { return args{"ssl_flag": `"on"`, "cert_type": `"free"`} }

func cas(id string) args {
	return args{"ssl_flag": `"on"`, "cert_type": `"cas"`, "cas_id": fmt.Sprintf("%q", id)}
}

func upload(pair certtest.Pair) args {
	return args{
		"ssl_flag": `"on"`, "cert_type": `"upload"`,
		"certificate":    fmt.Sprintf("%q", pair.CertificatePEM),
		"private_key_wo": fmt.Sprintf("%q", pair.PrivateKeyPEM),
	}
}

func issue(t *testing.T, name string) certtest.Pair {
	t.Helper()
	return certtest.Issue(t, certtest.Spec{DNSNames: []string{name}, Intermediate: 1})
}

// hostname returns the only hostname of the fake.
func (a *account) hostname(t *testing.T) fakeesa.Hostname {
	t.Helper()
	all := a.Hostnames()
	if len(all) != 1 {
		t.Fatalf("got %d hostnames on the server, want 1", len(all))
	}
	return all[0]
}

// Requests returns the calls so far, without two kinds that do not matter to tests. In one, each provider learns that ESA
// does not read the form. The others are writes that a busy record or site refused, and that were retried.
func (a *account) Requests() []fakeesa.Request {
	return slices.DeleteFunc(a.Server.Requests(), func(r fakeesa.Request) bool {
		return strings.HasSuffix(r.Code, ".ServiceBusy") ||
			a.Options().ParameterPlace == fakeesa.ParametersInQuery && strings.HasPrefix(r.Code, "Missing")
	})
}

// RequestsOf returns the calls of one action.
func (a *account) RequestsOf(action string) []fakeesa.Request {
	return slices.DeleteFunc(a.Requests(), func(r fakeesa.Request) bool { return r.Action != action })
}

// Count returns the number of calls of one action.
func (a *account) Count(action string) int { return len(a.RequestsOf(action)) }

// calls counts the calls by action since the log was reset.
func (a *account) calls() map[string]int {
	counts := map[string]int{}
	for _, request := range a.Requests() {
		counts[request.Action]++
	}
	return counts
}

// writes counts the calls that do not only read.
func (a *account) writes() map[string]int {
	counts := a.calls()
	for _, read := range []string{"GetCustomHostname", "ListCustomHostnames", "GetRecord", "ListRecords", "GetSite", "ListSites"} {
		delete(counts, read)
	}
	return counts
}

// check runs f after an apply.
func check(f func() error) resource.TestCheckFunc {
	return func(*terraform.State) error { return f() }
}

// sent checks the parameters of the only call of an action.
func (a *account) sent(action string, want map[string]string) resource.TestCheckFunc {
	return check(func() error {
		requests := a.RequestsOf(action)
		if len(requests) != 1 {
			return fmt.Errorf("got %d calls of %s, want 1", len(requests), action)
		}
		if diff := cmp.Diff(want, flat(requests[0].Params)); diff != "" {
			return fmt.Errorf("%s: parameters (-want +got):\n%s", action, diff)
		}
		if a.Options().ParameterPlace != fakeesa.ParametersInQuery && (requests[0].Query.Has("PrivateKey") || requests[0].Query.Has("Certificate")) {
			return fmt.Errorf("%s has the certificate or the key in the URL", action)
		}
		return nil
	})
}

func flat(values url.Values) map[string]string {
	out := map[string]string{}
	for name := range values {
		out[name] = values.Get(name)
	}
	return out
}

// test runs steps against the account.
func (a *account) test(t *testing.T, steps ...resource.TestStep) {
	t.Helper()
	resource.Test(t, resource.TestCase{
		ProtoV6ProviderFactories: factories(a.clock),
		Steps:                    steps,
		CheckDestroy: check(func() error {
			if left := a.Hostnames(); len(left) != 0 {
				return fmt.Errorf("got %d hostnames after destroy, want none", len(left))
			}
			return nil
		}),
	})
}
