package provider

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"maps"
	"math"
	"math/big"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"reflect"
	"runtime/debug"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/provider"
	"github.com/hashicorp/terraform-plugin-framework/provider/schema"
	"github.com/hashicorp/terraform-plugin-framework/providerserver"
	"github.com/hashicorp/terraform-plugin-framework/tfsdk"
	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/hashicorp/terraform-plugin-go/tftypes"
	"github.com/hashicorp/terraform-plugin-log/tflogtest"

	"terraform-provider-esa/internal/esa"
)

// arguments are what a test writes into the provider block: strings, numbers, booleans, notKnown, or arguments of a nested
// block. A name with a dot is an argument of a nested block.
type arguments map[string]any

// notKnown is a value that is known only after apply.
type notKnown struct{}

// variables are the environment of a test.
type variables map[string]string

func (v variables) get(name string) string { return v[name] }

// providerConfig returns a provider block like the framework passes it.
func providerConfig(t *testing.T, given arguments) tfsdk.Config {
	t.Helper()
	configType, ok := providerSchema().Type().TerraformType(t.Context()).(tftypes.Object)
	if !ok {
		t.Fatal("the schema is not an object")
	}
	nested := map[string]arguments{}
	for name, value := range given {
		if block, argument, ok := strings.Cut(name, "."); ok {
			if nested[block] == nil {
				nested[block] = arguments{}
			}
			nested[block][argument] = value
		}
	}
	values := map[string]tftypes.Value{}
	for name, valueType := range configType.AttributeTypes {
		value := given[name]
		if block, ok := nested[name]; ok {
			value = block
		}
		values[name] = terraformValue(t, valueType, value)
	}
	return tfsdk.Config{Schema: providerSchema(), Raw: tftypes.NewValue(configType, values)}
}

func terraformValue(t *testing.T, valueType tftypes.Type, value any) tftypes.Value {
	t.Helper()
	switch value := value.(type) {
	case notKnown:
		return tftypes.NewValue(valueType, tftypes.UnknownValue)
	case int:
		return tftypes.NewValue(valueType, big.NewFloat(float64(value)))
	case float64:
		return tftypes.NewValue(valueType, big.NewFloat(value))
	case arguments:
		list, isList := valueType.(tftypes.List)
		object, isObject := list.ElementType.(tftypes.Object)
		if !isList || !isObject {
			t.Fatalf("got a block of type %s, want a list of objects", valueType)
		}
		values := map[string]tftypes.Value{}
		for name, attributeType := range object.AttributeTypes {
			values[name] = terraformValue(t, attributeType, value[name])
		}
		return tftypes.NewValue(list, []tftypes.Value{tftypes.NewValue(object, values)})
	case nil:
		if list, ok := valueType.(tftypes.List); ok {
			return tftypes.NewValue(list, []tftypes.Value{})
		}
	}
	return tftypes.NewValue(valueType, value)
}

// nestedAttributes returns the arguments of a nested block.
func nestedAttributes(t *testing.T, block schema.Block) map[string]schema.Attribute {
	t.Helper()
	list, ok := block.(schema.ListNestedBlock)
	if !ok {
		t.Fatalf("got a block of type %T", block)
	}
	return list.NestedObject.Attributes
}

// resolved returns the settings that the provider uses for a block and an environment.
func resolved(t *testing.T, given arguments, env variables) (settings, diag.Diagnostics) {
	t.Helper()
	var model providerModel
	if diags := providerConfig(t, given).Get(t.Context(), &model); diags.HasError() {
		t.Fatal(diags)
	}
	return resolve(t.Context(), model, env.get)
}

// configure returns the data and the response of Configure.
func configure(t *testing.T, given arguments, env variables) (*providerData, provider.ConfigureResponse) {
	t.Helper()
	t.Setenv("HOME", t.TempDir())
	p := &esaProvider{version: "1.2.3", clock: esa.SystemClock{}, getenv: env.get}
	var resp provider.ConfigureResponse
	p.Configure(t.Context(), provider.ConfigureRequest{Config: providerConfig(t, given), TerraformVersion: "1.11.4"}, &resp)
	data, _ := resp.ResourceData.(*providerData)
	return data, resp
}

// wantInvalid checks that there is one error with the path and the summary, and with all words in its detail.
func wantInvalid(t *testing.T, diags diag.Diagnostics, path, summary string, words ...string) {
	t.Helper()
	if len(diags) != 1 || diags.ErrorsCount() != 1 {
		t.Fatalf("got %v, want one error", diags)
	}
	withPath, ok := diags[0].(diag.DiagnosticWithPath)
	if !ok {
		t.Fatalf("got an error without a path: %v", diags)
	}
	if got := withPath.Path().String(); got != path {
		t.Errorf("got the path %s, want %s", got, path)
	}
	if diags[0].Summary() != summary {
		t.Errorf("got the summary %q, want %q", diags[0].Summary(), summary)
	}
	for _, word := range words {
		if !strings.Contains(diags[0].Detail(), word) {
			t.Errorf("got the detail %q, want %q in it", diags[0].Detail(), word)
		}
	}
	if strings.Contains(fmt.Sprint(diags), "hush") {
		t.Errorf("the error contains a secret: %v", diags)
	}
}

// TestArguments checks for every argument that the block has priority over the environment, and the first variable that is
// not empty over the others. The names are repeated here because users depend on them.
func TestArguments(t *testing.T) {
	keys := arguments{"access_key": "ak", "secret_key": "sk"}
	role := arguments{"assume_role": arguments{}}
	oidc := arguments{"assume_role_with_oidc": arguments{}}
	text := []string{"one", "two", "three", "four"}
	numbers := []string{"1001", "1002", "1003", "1004"}
	for _, test := range []struct {
		name      string
		variables []string
		values    []string // The first value is for the block, the others are for the variables.
		with      arguments
		byDefault string
		get       func(settings) any
	}{
		{
			"access_key",
			[]string{"ALICLOUD_ACCESS_KEY", "ALIBABA_CLOUD_ACCESS_KEY_ID", "ALIBABACLOUD_ACCESS_KEY_ID"},
			text,
			arguments{"secret_key": "sk"},
			"",
			func(s settings) any { return s.credential.AccessKey },
		},
		{
			"secret_key",
			[]string{"ALICLOUD_SECRET_KEY", "ALIBABA_CLOUD_ACCESS_KEY_SECRET", "ALIBABACLOUD_ACCESS_KEY_SECRET"},
			text,
			arguments{"access_key": "ak"},
			"",
			func(s settings) any { return s.credential.SecretKey },
		},
		{
			"security_token",
			[]string{"ALICLOUD_SECURITY_TOKEN", "ALIBABA_CLOUD_SECURITY_TOKEN", "ALIBABACLOUD_SECURITY_TOKEN"},
			text, keys, "",
			func(s settings) any { return s.credential.SecurityToken },
		},
		{
			"region",
			[]string{"ALICLOUD_REGION", "ALIBABA_CLOUD_REGION"},
			text, nil, "",
			func(s settings) any { return s.region },
		},
		{
			"account_type",
			[]string{"ALIBABA_CLOUD_ACCOUNT_TYPE"},
			[]string{"Domestic", "International"},
			nil, "",
			func(s settings) any { return s.accountSite },
		},
		{
			"profile",
			[]string{"ALICLOUD_PROFILE", "ALIBABA_CLOUD_PROFILE"},
			text, nil, "",
			func(s settings) any { return s.credential.Profile },
		},
		{
			"shared_credentials_file",
			[]string{"ALICLOUD_SHARED_CREDENTIALS_FILE", "ALIBABA_CLOUD_CREDENTIALS_FILE"},
			text, nil, "",
			func(s settings) any { return s.credential.SharedCredentialsFile },
		},
		{
			"ecs_role_name",
			[]string{"ALICLOUD_ECS_ROLE_NAME", "ALIBABA_CLOUD_ECS_METADATA"},
			text, nil, "",
			func(s settings) any { return s.credential.ECSRoleName },
		},
		{
			"credentials_uri",
			[]string{"ALICLOUD_CREDENTIALS_URI", "ALIBABA_CLOUD_CREDENTIALS_URI"},
			text, nil, "",
			func(s settings) any { return s.credential.CredentialsURI },
		},
		{
			"endpoint",
			[]string{"ALIBABA_CLOUD_ENDPOINT_ESA", "ESA_ENDPOINT"},
			[]string{"https://one.test", "https://two.test", "https://three.test"},
			nil, "",
			func(s settings) any { return s.endpoint },
		},
		{
			"client_read_timeout",
			[]string{"CLIENT_READ_TIMEOUT"},
			numbers, nil, "60000",
			func(s settings) any { return s.readTimeout.Milliseconds() },
		},
		{
			"client_connect_timeout",
			[]string{"CLIENT_CONNECT_TIMEOUT"},
			numbers, nil, "60000",
			func(s settings) any { return s.connectTimeout.Milliseconds() },
		},
		{
			"max_retries", nil,
			[]string{"0"},
			nil, "10",
			func(s settings) any { return s.maxRetries },
		},
		{
			"requests_per_second", nil,
			[]string{"0.5"},
			nil, "0",
			func(s settings) any { return s.requestsPerSecond },
		},
		{
			"batch_refresh", nil,
			[]string{"false"},
			nil, "true",
			func(s settings) any { return s.batchRefresh },
		},
		{
			"configuration_source",
			[]string{"TF_APPEND_USER_AGENT"},
			text, nil, "",
			func(s settings) any { return s.configurationSource },
		},
		{
			"assume_role.role_arn",
			[]string{"ALICLOUD_ASSUME_ROLE_ARN", "ALIBABA_CLOUD_ROLE_ARN"},
			text, role, "",
			func(s settings) any { return s.credential.AssumeRole.RoleARN },
		},
		{
			"assume_role.session_name",
			[]string{"ALICLOUD_ASSUME_ROLE_SESSION_NAME", "ALIBABA_CLOUD_ROLE_SESSION_NAME"},
			text, role, "",
			func(s settings) any { return s.credential.AssumeRole.SessionName },
		},
		{
			"assume_role.session_expiration",
			[]string{"ALICLOUD_ASSUME_ROLE_SESSION_EXPIRATION"},
			numbers, role, "0",
			func(s settings) any { return s.credential.AssumeRole.SessionExpiration },
		},
		{
			"assume_role.policy", nil, text, role, "",
			func(s settings) any { return s.credential.AssumeRole.Policy },
		},
		{
			"assume_role.external_id", nil, text, role, "",
			func(s settings) any { return s.credential.AssumeRole.ExternalID },
		},
		{
			"assume_role_with_oidc.oidc_provider_arn",
			[]string{"ALIBABA_CLOUD_OIDC_PROVIDER_ARN"},
			text, oidc, "",
			func(s settings) any { return s.credential.AssumeRoleWithOIDC.ProviderARN },
		},
		{
			"assume_role_with_oidc.oidc_token",
			[]string{"ALIBABA_CLOUD_OIDC_TOKEN"},
			[]string{"token-1", "token-2"},
			oidc, "",
			func(s settings) any { return s.credential.AssumeRoleWithOIDC.Token },
		},
		{
			"assume_role_with_oidc.oidc_token_file",
			[]string{"ALIBABA_CLOUD_OIDC_TOKEN_FILE"},
			text, oidc, "",
			func(s settings) any { return s.credential.AssumeRoleWithOIDC.TokenFile },
		},
		{
			"assume_role_with_oidc.role_arn",
			[]string{"ALIBABA_CLOUD_ROLE_ARN"},
			text, oidc, "",
			func(s settings) any { return s.credential.AssumeRoleWithOIDC.RoleARN },
		},
		{
			"assume_role_with_oidc.role_session_name",
			[]string{"ALIBABA_CLOUD_ROLE_SESSION_NAME"},
			text, oidc, "",
			func(s settings) any { return s.credential.AssumeRoleWithOIDC.SessionName },
		},
		{
			"assume_role_with_oidc.policy", nil, text, oidc, "",
			func(s settings) any { return s.credential.AssumeRoleWithOIDC.Policy },
		},
		{
			"assume_role_with_oidc.session_expiration", nil, numbers, oidc, "0",
			func(s settings) any { return s.credential.AssumeRoleWithOIDC.SessionExpiration },
		},
	} {
		inBlock := arguments{test.name: literal(test.values[0])}
		maps.Copy(inBlock, test.with)
		check := func(t *testing.T, given arguments, env variables, want string) {
			t.Helper()
			s, diags := resolved(t, given, env)
			if diags.HasError() {
				t.Fatal(diags)
			}
			if got := fmt.Sprint(test.get(s)); got != want {
				t.Errorf("got %q, want %q", got, want)
			}
		}
		env := variables{}
		for i, name := range test.variables {
			env[name] = test.values[i+1]
		}
		t.Run(test.name+" of the block", func(t *testing.T) {
			check(t, inBlock, nil, test.values[0])
		})
		t.Run(test.name+" of the block before the environment", func(t *testing.T) {
			check(t, inBlock, env, test.values[0])
		})
		for i, name := range test.variables {
			t.Run(test.name+" of "+name, func(t *testing.T) {
				check(t, test.with, env, test.values[i+1])
				env[name] = " " // White space counts as empty.
			})
		}
		t.Run(test.name+" by default", func(t *testing.T) {
			check(t, test.with, env, test.byDefault)
		})
	}
}

// literal returns a value as a block has it.
func literal(text string) any {
	var number float64
	switch _, err := fmt.Sscan(text, &number); {
	case text == "true" || text == "false":
		return text == "true"
	case err == nil:
		return number
	}
	return text
}

// TestTokenOfTheEnvironment checks that a token of the environment is used only with the access key that it can belong to.
func TestTokenOfTheEnvironment(t *testing.T) {
	for title, test := range map[string]struct {
		env  variables
		want string
	}{
		"no key":               {variables{}, "token"},
		"the same key":         {variables{"ALICLOUD_ACCESS_KEY": "ak"}, "token"},
		"another key":          {variables{"ALICLOUD_ACCESS_KEY": "other"}, ""},
		"another and the same": {variables{"ALICLOUD_ACCESS_KEY": "other", "ALIBABA_CLOUD_ACCESS_KEY_ID": "ak"}, "token"},
		"the same and another": {variables{"ALICLOUD_ACCESS_KEY": "ak", "ALIBABA_CLOUD_ACCESS_KEY_ID": "other"}, "token"},
	} {
		test.env["ALICLOUD_SECURITY_TOKEN"] = "token"
		s, diags := resolved(t, arguments{"access_key": "ak", "secret_key": "sk"}, test.env)
		if diags.HasError() || s.credential.SecurityToken != test.want {
			t.Errorf("%s: got token %q, diagnostics %v; want token %q", title, s.credential.SecurityToken, diags, test.want)
		}
	}
}

// TestLogsWanted checks which variables have the provider write log lines.
func TestLogsWanted(t *testing.T) {
	for entry, want := range map[string]bool{
		"TF_LOG=TRACE": true, "TF_LOG=off": false, "TF_LOG=": false, "TF_LOG_PROVIDER=INFO": true, "TF_LOG_PROVIDER_ESA=DEBUG": true,
		"TF_LOG_SDK=TRACE": true, "TF_LOG_SDK_PROTO=TRACE": true, "TF_LOG_CORE=TRACE": false, "TF_LOG_PATH=file": false, "HOME=/": false,
	} {
		if got := logsWanted([]string{"PATH=/bin", entry}); got != want {
			t.Errorf("%s: got %t, want %t", entry, got, want)
		}
	}
}

// TestPrepareProcess checks when the provider writes no log lines, and when it collects less garbage than by default.
func TestPrepareProcess(t *testing.T) {
	percent, limit := debug.SetGCPercent(100), debug.SetMemoryLimit(math.MaxInt64)
	t.Cleanup(func() {
		debug.SetGCPercent(percent)
		debug.SetMemoryLimit(limit)
	})
	for title, test := range map[string]struct {
		debugging bool
		set       string // a variable
		quiet     bool
		collects  int
		enough    int64
	}{
		"nothing set": {quiet: true, collects: 400, enough: 200 << 20},
		"debugging":   {debugging: true, collects: 400, enough: 200 << 20},
		"TF_LOG":      {set: "TF_LOG", collects: 400, enough: 200 << 20},
		"GOGC":        {set: "GOGC", quiet: true, collects: 100, enough: math.MaxInt64},
		"GOMEMLIMIT":  {set: "GOMEMLIMIT", quiet: true, collects: 100, enough: math.MaxInt64},
	} {
		t.Run(title, func(t *testing.T) {
			for _, entry := range os.Environ() {
				if name, _, _ := strings.Cut(entry, "="); strings.HasPrefix(name, "TF_LOG") {
					t.Setenv(name, "")
				}
			}
			for _, name := range []string{"TF_LOG_SDK", "TF_LOG_PROVIDER_ESA", "GOGC", "GOMEMLIMIT"} {
				t.Setenv(name, "")
			}
			if test.set != "" {
				t.Setenv(test.set, "7")
			}
			debug.SetGCPercent(100)
			debug.SetMemoryLimit(math.MaxInt64)
			PrepareProcess(test.debugging)
			for _, name := range []string{"TF_LOG_SDK", "TF_LOG_PROVIDER_ESA"} {
				if value := os.Getenv(name); (value == "OFF") != test.quiet || !test.quiet && value != "" {
					t.Errorf("got %s=%s, want OFF: %t", name, value, test.quiet)
				}
			}
			if collects, enough := debug.SetGCPercent(100), debug.SetMemoryLimit(math.MaxInt64); collects != test.collects || enough != test.enough {
				t.Errorf("got GOGC %d and a limit of %d, want %d and %d", collects, enough, test.collects, test.enough)
			}
		})
	}
}

func TestArgumentsAreTrimmed(t *testing.T) {
	s, diags := resolved(t, arguments{"access_key": " ak\n", "secret_key": "  "}, variables{"ALICLOUD_ACCESS_KEY": "ak", "ALICLOUD_SECRET_KEY": "sk\n"})
	if diags.HasError() || s.credential.AccessKey != "ak" || s.credential.SecretKey != "sk" {
		t.Errorf("got %q, %q and %v, want ak and sk", s.credential.AccessKey, s.credential.SecretKey, diags)
	}
}

func TestInvalidArguments(t *testing.T) {
	for _, test := range []struct {
		name          string
		given         arguments
		env           variables
		path, summary string
		words         []string
	}{
		{
			"an account type",
			arguments{"account_type": "Global"},
			nil,
			"account_type", "Invalid account_type",
			[]string{"The argument account_type", `"Global"`, `"Domestic"`, `"International"`},
		},
		{
			"an account type of the environment", nil,
			variables{"ALIBABA_CLOUD_ACCOUNT_TYPE": "Global"},
			"account_type", "Invalid account_type",
			[]string{"The environment variable ALIBABA_CLOUD_ACCOUNT_TYPE", `"Global"`},
		},
		{
			"an endpoint",
			arguments{"endpoint": "https://me:hush@esa.example.com"},
			nil,
			"endpoint", "Invalid endpoint",
			[]string{"user information"},
		},
		{
			"an endpoint of the environment", nil,
			variables{"ESA_ENDPOINT": "http://esa.example.com"},
			"endpoint", "Invalid endpoint",
			[]string{"ESA_ENDPOINT", "loopback"},
		},
		{
			"no time to read",
			arguments{"client_read_timeout": 0},
			nil,
			"client_read_timeout", "Invalid client_read_timeout",
			[]string{"is 0", "from 1 to"},
		},
		{
			"too much time to connect",
			arguments{"client_connect_timeout": 1 << 40},
			nil,
			"client_connect_timeout", "Invalid client_connect_timeout",
			[]string{"from 1 to"},
		},
		{
			"a time to read that is no number", nil,
			variables{"CLIENT_READ_TIMEOUT": "abc"},
			"client_read_timeout", "Invalid client_read_timeout",
			[]string{"CLIENT_READ_TIMEOUT", `"abc"`, "whole number"},
		},
		{
			"a time to connect with a unit", nil,
			variables{"CLIENT_CONNECT_TIMEOUT": "60s"},
			"client_connect_timeout", "Invalid client_connect_timeout",
			[]string{"CLIENT_CONNECT_TIMEOUT", `"60s"`},
		},
		{
			"a negative time to connect", nil,
			variables{"CLIENT_CONNECT_TIMEOUT": "-1"},
			"client_connect_timeout", "Invalid client_connect_timeout",
			[]string{"CLIENT_CONNECT_TIMEOUT", "is -1"},
		},
		{
			"negative retries",
			arguments{"max_retries": -1},
			nil,
			"max_retries", "Invalid max_retries",
			[]string{"is -1", "from 0 to"},
		},
		{
			"no requests",
			arguments{"requests_per_second": 0},
			nil,
			"requests_per_second", "Invalid requests_per_second",
			[]string{"is 0", "above 0"},
		},
		{
			"negative requests",
			arguments{"requests_per_second": -0.5},
			nil,
			"requests_per_second", "Invalid requests_per_second",
			[]string{"is -0.5"},
		},
		{
			"a line break in the user agent",
			arguments{"configuration_source": "one\ntwo"},
			nil,
			"configuration_source", "Invalid configuration_source",
			[]string{"control character"},
		},
		{
			"a line break in the user agent of the environment", nil,
			variables{"TF_APPEND_USER_AGENT": "one\r\ntwo"},
			"configuration_source", "Invalid configuration_source",
			[]string{"TF_APPEND_USER_AGENT", "control character"},
		},
		{
			"a short session",
			arguments{"assume_role.session_expiration": 899},
			nil,
			"assume_role[0].session_expiration", "Invalid assume_role.session_expiration",
			[]string{"is 899", "from 900 to 43200"},
		},
		{
			"a long session",
			arguments{"assume_role.session_expiration": 43201},
			nil,
			"assume_role[0].session_expiration", "Invalid assume_role.session_expiration",
			[]string{"is 43201"},
		},
		{
			"a session of the environment that is no number",
			arguments{"assume_role": arguments{}},
			variables{"ALICLOUD_ASSUME_ROLE_SESSION_EXPIRATION": "1h"},
			"assume_role[0].session_expiration", "Invalid assume_role.session_expiration",
			[]string{"ALICLOUD_ASSUME_ROLE_SESSION_EXPIRATION", `"1h"`},
		},
		{
			"a short OIDC session",
			arguments{"assume_role_with_oidc.session_expiration": 1},
			nil,
			"assume_role_with_oidc[0].session_expiration", "Invalid assume_role_with_oidc.session_expiration",
			[]string{"is 1"},
		},
		{
			"a short OIDC token",
			arguments{"assume_role_with_oidc.oidc_token": "abc"},
			nil,
			"assume_role_with_oidc[0].oidc_token", "Invalid assume_role_with_oidc.oidc_token",
			[]string{"3 characters", "4 to 20000"},
		},
		{
			"a long OIDC token of the environment",
			arguments{"assume_role_with_oidc": arguments{}},
			variables{"ALIBABA_CLOUD_OIDC_TOKEN": strings.Repeat("hush", 5001)},
			"assume_role_with_oidc[0].oidc_token", "Invalid assume_role_with_oidc.oidc_token",
			[]string{"ALIBABA_CLOUD_OIDC_TOKEN", "20004 characters"},
		},
		{
			"half a key of the block and half of the environment",
			arguments{"access_key": "ak"},
			variables{"ALICLOUD_ACCESS_KEY": "other", "ALICLOUD_SECRET_KEY": "hush"},
			"secret_key", "Invalid secret_key",
			[]string{"ALICLOUD_SECRET_KEY", "does not belong to the access key"},
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			_, diags := resolved(t, test.given, test.env)
			wantInvalid(t, diags, test.path, test.summary, test.words...)
			if _, resp := configure(t, test.given, test.env); !resp.Diagnostics.Equal(diags) || resp.ResourceData != nil {
				t.Errorf("got diagnostics %v and data %v, want %v and none", resp.Diagnostics, resp.ResourceData, diags)
			}
		})
	}
}

// TestKeysOfOneSet checks that an access key and a secret key of different sets are never combined.
func TestKeysOfOneSet(t *testing.T) {
	for _, test := range []struct {
		name  string
		given arguments
		env   variables
		want  [3]string
	}{
		{
			"the environment's token goes with its own key",
			nil,
			variables{"ALICLOUD_ACCESS_KEY": "env", "ALICLOUD_SECRET_KEY": "sk", "ALICLOUD_SECURITY_TOKEN": "token"},
			[3]string{"env", "sk", "token"},
		},
		{
			"the environment's token does not go with the block's key",
			arguments{"access_key": "ak", "secret_key": "sk"},
			variables{"ALICLOUD_ACCESS_KEY": "env", "ALICLOUD_SECURITY_TOKEN": "token"},
			[3]string{"ak", "sk", ""},
		},
		{
			"the environment's token goes with the same key in the block",
			arguments{"access_key": "env", "secret_key": "sk"},
			variables{"ALIBABA_CLOUD_ACCESS_KEY_ID": "env", "ALICLOUD_SECURITY_TOKEN": "token"},
			[3]string{"env", "sk", "token"},
		},
		{
			"the environment's token goes with a key in the block if it has none itself",
			arguments{"access_key": "ak", "secret_key": "sk"},
			variables{"ALICLOUD_SECURITY_TOKEN": "token"},
			[3]string{"ak", "sk", "token"},
		},
		{
			"the environment's secret goes with a key in the block if it has none itself",
			arguments{"access_key": "ak"},
			variables{"ALICLOUD_SECRET_KEY": "sk"},
			[3]string{"ak", "sk", ""},
		},
		{
			"the block's token goes with the block's key",
			arguments{"access_key": "ak", "secret_key": "sk", "security_token": "token"},
			variables{"ALICLOUD_ACCESS_KEY": "env"},
			[3]string{"ak", "sk", "token"},
		},
		{
			"a lone token of the environment is nothing",
			arguments{"profile": "ci"},
			variables{"ALICLOUD_SECURITY_TOKEN": "token"},
			[3]string{},
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			s, diags := resolved(t, test.given, test.env)
			if diags.HasError() {
				t.Fatal(diags)
			}
			if got := [3]string{s.credential.AccessKey, s.credential.SecretKey, s.credential.SecurityToken}; got != test.want {
				t.Errorf("got %q, want %q", got, test.want)
			}
		})
	}
}

func TestAccountSite(t *testing.T) {
	const domestic, international = "https://esa.cn-hangzhou.aliyuncs.com", "https://esa.ap-southeast-1.aliyuncs.com"
	file := filepath.Join(t.TempDir(), "config.json")
	if err := os.WriteFile(file, []byte(`{"profiles":[{"name":"abroad","region_id":"eu-central-1"}]}`), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		name                string
		given               arguments
		endpoint, casRegion string
	}{
		{"nothing is known", nil, domestic, "cn-hangzhou"},
		{"a mainland region", arguments{"region": "cn-beijing"}, domestic, "cn-hangzhou"},
		{"Hong Kong", arguments{"region": "cn-hongkong"}, international, "ap-southeast-1"},
		{"a region abroad", arguments{"region": "eu-central-1"}, international, "ap-southeast-1"},
		{"the region of a profile", arguments{"profile": "abroad", "shared_credentials_file": file}, international, "ap-southeast-1"},
		{"a region before the region of a profile", arguments{"region": "cn-beijing", "profile": "abroad", "shared_credentials_file": file}, domestic, "cn-hangzhou"},
		{"an account type before a region", arguments{"account_type": "international", "region": "cn-beijing"}, international, "ap-southeast-1"},
		{
			"an endpoint of ESA's own before a region",
			arguments{"endpoint": "esa-vpc.ap-southeast-1.aliyuncs.com", "region": "cn-beijing"},
			"https://esa-vpc.ap-southeast-1.aliyuncs.com", "ap-southeast-1",
		},
		{"an account type before an endpoint", arguments{"account_type": "Domestic", "endpoint": international}, international, "cn-hangzhou"},
		{"another endpoint says nothing", arguments{"endpoint": "http://127.0.0.1:1", "region": "eu-central-1"}, "http://127.0.0.1:1", "ap-southeast-1"},
		{"an unknown account type", arguments{"account_type": notKnown{}, "region": "cn-beijing"}, "", ""},
		{"an unknown endpoint", arguments{"endpoint": notKnown{}, "region": "cn-beijing"}, "", ""},
		{"an unknown endpoint that does not matter", arguments{"endpoint": notKnown{}, "account_type": "Domestic"}, "", "cn-hangzhou"},
		{"an unknown region", arguments{"region": notKnown{}}, "", ""},
		{"an unknown region that does not matter", arguments{"region": notKnown{}, "endpoint": international}, "", "ap-southeast-1"},
		{"an unknown profile", arguments{"profile": notKnown{}}, "", ""},
		{"an unknown profile that does not matter", arguments{"profile": notKnown{}, "region": "eu-central-1"}, "", "ap-southeast-1"},
		{"an unknown key", arguments{"access_key": notKnown{}, "region": "eu-central-1"}, "", "ap-southeast-1"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Setenv("HOME", t.TempDir())
			s, diags := resolved(t, test.given, nil)
			if diags.HasError() {
				t.Fatal(diags)
			}
			if got := s.casRegion(); got != test.casRegion {
				t.Errorf("got region of certificates %q, want %q", got, test.casRegion)
			}
			if got := s.endpointOrDefault(); test.endpoint != "" && got != test.endpoint {
				t.Errorf("got endpoint %q, want %q", got, test.endpoint)
			}
		})
	}
}

// TestUnknownArguments checks every argument of the schema, so that none is forgotten.
func TestUnknownArguments(t *testing.T) {
	var names []string
	for name := range providerSchema().Attributes {
		names = append(names, name)
	}
	for name, block := range providerSchema().Blocks {
		names = append(names, name)
		for attribute := range nestedAttributes(t, block) {
			names = append(names, name+"."+attribute)
		}
	}
	for _, name := range names {
		t.Run(name, func(t *testing.T) {
			given := arguments{"access_key": "ak", "secret_key": "sk", name: notKnown{}}
			env := variables{}
			for _, variable := range environment[name] {
				env[variable] = "must not stand in"
			}
			for _, deferralAllowed := range []bool{false, true} {
				p := &esaProvider{version: "1.2.3", getenv: env.get}
				req := provider.ConfigureRequest{Config: providerConfig(t, given)}
				req.ClientCapabilities.DeferralAllowed = deferralAllowed
				var resp provider.ConfigureResponse
				p.Configure(t.Context(), req, &resp)
				data, ok := resp.ResourceData.(*providerData)
				if !ok || len(resp.Diagnostics) > 0 {
					t.Fatalf("got %v and %v, want data without diagnostics", resp.ResourceData, resp.Diagnostics)
				}
				if name == "batch_refresh" {
					if data.client == nil || data.unknown != nil || resp.Deferred != nil || !data.batchRefresh {
						t.Errorf("got %+v and deferral %v, want a client, which does not need %s", data, resp.Deferred, name)
					}
					continue
				}
				if data.client != nil || !slices.Equal(data.unknown, []string{name}) {
					t.Errorf("got %+v, want no client and %s as unknown", data, name)
				}
				unsure := slices.Contains([]string{"account_type", "endpoint", "region", "profile", "shared_credentials_file"}, name)
				if (data.casRegion == "") != unsure {
					t.Errorf("got the default %q of cas_region, want one: %t", data.casRegion, !unsure)
				}
				if deferred := resp.Deferred != nil && resp.Deferred.Reason == provider.DeferredReasonProviderConfigUnknown; deferred != deferralAllowed {
					t.Errorf("got deferral %v, allowed %t", resp.Deferred, deferralAllowed)
				}
			}
			var validated provider.ValidateConfigResponse
			(&esaProvider{}).ValidateConfig(t.Context(), provider.ValidateConfigRequest{Config: providerConfig(t, given)}, &validated)
			if len(validated.Diagnostics) > 0 {
				t.Errorf("validation: got %v, want none", validated.Diagnostics)
			}
		})
	}
}

// TestUnusableCredentials checks the paths of the errors of esa.NewCredential.
func TestUnusableCredentials(t *testing.T) {
	t.Run("none at all", func(t *testing.T) {
		_, resp := configure(t, nil, nil)
		words := []string{"profile of the Alibaba Cloud CLI"}
		for _, name := range []string{"access_key", "secret_key", "profile", "credentials_uri", "ecs_role_name"} {
			words = append(append(words, name+": not set"), environment[name]...)
		}
		wantInvalid(t, resp.Diagnostics, "access_key", "Unable to find credentials", append(words, "assume_role_with_oidc: no block")...)
	})
	t.Run("half a key", func(t *testing.T) {
		_, resp := configure(t, nil, variables{"ALICLOUD_SECRET_KEY": "hush"})
		wantInvalid(t, resp.Diagnostics, "access_key", "Invalid access_key", "secret_key is set without it")
	})
	t.Run("no such file", func(t *testing.T) {
		_, resp := configure(t, arguments{"profile": "ci"}, nil)
		wantInvalid(t, resp.Diagnostics, "shared_credentials_file", "Invalid shared_credentials_file", filepath.Join(".aliyun", "config.json"))
	})
	t.Run("no such profile", func(t *testing.T) {
		file := filepath.Join(t.TempDir(), "config.json")
		if err := os.WriteFile(file, []byte(`{"profiles":[{"name":"default","access_key_secret":"hush"}]}`), 0o600); err != nil {
			t.Fatal(err)
		}
		_, resp := configure(t, nil, variables{"ALIBABA_CLOUD_PROFILE": "ci", "ALIBABA_CLOUD_CREDENTIALS_FILE": file})
		wantInvalid(t, resp.Diagnostics, "profile", "Invalid profile", file, `"ci"`, `It has "default"`)
	})
	t.Run("no role in the block", func(t *testing.T) {
		_, resp := configure(t, arguments{"access_key": "ak", "secret_key": "hush", "assume_role": arguments{}}, nil)
		wantInvalid(t, resp.Diagnostics, "assume_role[0].role_arn", "Invalid assume_role.role_arn", "not set")
	})
	t.Run("no token in the block", func(t *testing.T) {
		_, resp := configure(t, arguments{"assume_role_with_oidc.role_arn": "arn"}, variables{"ALIBABA_CLOUD_OIDC_PROVIDER_ARN": "arn"})
		wantInvalid(t, resp.Diagnostics, "assume_role_with_oidc[0].oidc_token", "Invalid assume_role_with_oidc.oidc_token", "oidc_token_file")
	})
}

// TestRoleNeedsItsBlock checks that role variables, which CI systems set for other tools, have no effect without the block.
func TestRoleNeedsItsBlock(t *testing.T) {
	s, diags := resolved(t, nil, variables{
		"ALIBABA_CLOUD_ROLE_ARN": "arn", "ALIBABA_CLOUD_OIDC_PROVIDER_ARN": "arn", "ALIBABA_CLOUD_OIDC_TOKEN": "token", "ALICLOUD_ASSUME_ROLE_SESSION_EXPIRATION": "abc",
	})
	if diags.HasError() || s.credential.AssumeRole != nil || s.credential.AssumeRoleWithOIDC != nil {
		t.Errorf("got %+v, %+v and %v, want no role", s.credential.AssumeRole, s.credential.AssumeRoleWithOIDC, diags)
	}
}

// TestConfiguredClient checks what ESA receives if all configuration comes from the environment.
func TestConfiguredClient(t *testing.T) {
	var agent, accessKey string
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		agent, accessKey = r.UserAgent(), r.URL.Query().Get("AccessKeyId")
		_, _ = fmt.Fprint(w, `{"RequestId":"R-1","SiteModel":{"SiteId":7,"SiteName":"example.com"}}`)
	}))
	defer server.Close()
	data, resp := configure(t, nil, variables{
		"ALIBABA_CLOUD_ACCESS_KEY_ID": "ak", "ALIBABA_CLOUD_ACCESS_KEY_SECRET": "sk",
		"ALIBABA_CLOUD_REGION": "ap-southeast-1", "ESA_ENDPOINT": server.URL, "TF_APPEND_USER_AGENT": "ci/7",
	})
	if len(resp.Diagnostics) > 0 || data == nil || data.client == nil {
		t.Fatalf("got %+v and %v, want a client without diagnostics", data, resp.Diagnostics)
	}
	for kind, got := range map[string]any{"data sources": resp.DataSourceData, "lists": resp.ListResourceData, "actions": resp.ActionData} {
		if got != data {
			t.Errorf("%s: got data %v, want that of the provider", kind, got)
		}
	}
	if data.casRegion != "ap-southeast-1" || !data.batchRefresh || data.unknown != nil {
		t.Errorf("got %+v", data)
	}
	if site, err := data.client.GetSite(t.Context(), 7); err != nil || site.SiteName != "example.com" {
		t.Fatalf("got %v and error %v, want example.com", site, err)
	}
	if want := "terraform-provider-esa/1.2.3 (+Terraform 1.11.4) ci/7"; agent != want {
		t.Errorf("got user agent %q, want %q", agent, want)
	}
	if accessKey != "ak" {
		t.Errorf("got access key %q, want ak", accessKey)
	}
	if got, want := userAgent("dev", "", ""), "terraform-provider-esa/dev"; got != want {
		t.Errorf("got user agent %q, want %q", got, want)
	}
}

func TestClientConfig(t *testing.T) {
	s, diags := resolved(t, arguments{
		"endpoint": "http://127.0.0.1:1", "client_connect_timeout": 1000, "client_read_timeout": 2000, "max_retries": 3, "requests_per_second": 4.5,
	}, nil)
	if diags.HasError() {
		t.Fatal(diags)
	}
	got := (&esaProvider{version: "1.2.3", clock: esa.SystemClock{}}).clientConfig(s, "1.11.4")
	if got.Log == nil {
		t.Error("the client has no log function")
	}
	got.Log = nil
	want := esa.Config{
		Endpoint: "http://127.0.0.1:1", UserAgent: "terraform-provider-esa/1.2.3 (+Terraform 1.11.4)", Clock: esa.SystemClock{},
		ConnectTimeout: time.Second, ReadTimeout: 2 * time.Second, MaxRetries: 3, RequestsPerSecond: 4.5,
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v, want %+v", got, want)
	}
}

// TestProviderServer calls the provider like Terraform.
func TestProviderServer(t *testing.T) {
	for _, names := range environment {
		for _, name := range names {
			t.Setenv(name, "")
		}
	}
	t.Setenv("HOME", t.TempDir())
	server, err := providerserver.NewProtocol6WithError(New("1.2.3")())()
	if err != nil {
		t.Fatal(err)
	}
	described, err := server.GetProviderSchema(t.Context(), &tfprotov6.GetProviderSchemaRequest{})
	if err != nil || len(described.Diagnostics) > 0 {
		t.Fatalf("got error %v and diagnostics %v, want none", err, described.Diagnostics)
	}
	if described.ResourceSchemas["esa_custom_hostname"] == nil {
		t.Errorf("the schema of esa_custom_hostname is missing")
	}
	dynamic := func(given arguments) *tfprotov6.DynamicValue {
		raw := providerConfig(t, given).Raw
		value, err := tfprotov6.NewDynamicValue(raw.Type(), raw)
		if err != nil {
			t.Fatal(err)
		}
		return &value
	}
	for _, test := range []struct {
		name                string
		given               arguments
		env                 variables
		validate, configure string // the summary of the only error, or ""
	}{
		{"an empty block and an empty environment", nil, nil, "", "Unable to find credentials"},
		{"an empty block", nil, variables{"ALIBABA_CLOUD_ACCESS_KEY_ID": "ak", "ALIBABA_CLOUD_ACCESS_KEY_SECRET": "sk"}, "", ""},
		{"half a key in the block, half in the environment", arguments{"access_key": "ak"}, variables{"ALICLOUD_SECRET_KEY": "sk"}, "", ""},
		{"an invalid value in the block", arguments{"access_key": "ak", "secret_key": "sk", "max_retries": -1}, nil, "Invalid max_retries", "Invalid max_retries"},
		{"an invalid value in the environment", arguments{"access_key": "ak", "secret_key": "sk"}, variables{"CLIENT_READ_TIMEOUT": "abc"}, "", "Invalid client_read_timeout"},
		{"unknown values", arguments{"access_key": notKnown{}, "assume_role": notKnown{}}, nil, "", ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			for name, value := range test.env {
				t.Setenv(name, value)
			}
			validated, err := server.ValidateProviderConfig(t.Context(), &tfprotov6.ValidateProviderConfigRequest{Config: dynamic(test.given)})
			if err != nil {
				t.Fatal(err)
			}
			if got := summaries(validated.Diagnostics); got != test.validate {
				t.Errorf("validation: got %q, want %q", got, test.validate)
			}
			configured, err := server.ConfigureProvider(t.Context(), &tfprotov6.ConfigureProviderRequest{Config: dynamic(test.given), TerraformVersion: "1.11.4"})
			if err != nil {
				t.Fatal(err)
			}
			if got := summaries(configured.Diagnostics); got != test.configure {
				t.Errorf("configuration: got %q, want %q", got, test.configure)
			}
		})
	}
	t.Run("two blocks of one type", func(t *testing.T) {
		given := providerConfig(t, arguments{"assume_role": arguments{}}).Raw
		var values map[string]tftypes.Value
		if err := given.As(&values); err != nil {
			t.Fatal(err)
		}
		var blocks []tftypes.Value
		if err := values["assume_role"].As(&blocks); err != nil {
			t.Fatal(err)
		}
		values["assume_role"] = tftypes.NewValue(values["assume_role"].Type(), append(blocks, blocks[0]))
		value, err := tfprotov6.NewDynamicValue(given.Type(), tftypes.NewValue(given.Type(), values))
		if err != nil {
			t.Fatal(err)
		}
		validated, err := server.ValidateProviderConfig(t.Context(), &tfprotov6.ValidateProviderConfigRequest{Config: &value})
		if err != nil || len(validated.Diagnostics) != 1 || !strings.Contains(validated.Diagnostics[0].Detail, "at most 1") {
			t.Errorf("got error %v and diagnostics %v, want one about at most 1", err, validated.Diagnostics)
		}
	})
}

func summaries(diags []*tfprotov6.Diagnostic) string {
	var all []string
	for _, d := range diags {
		all = append(all, d.Summary)
	}
	return strings.Join(all, ", ")
}

// TestProviderSchema checks the rules for descriptions.
func TestProviderSchema(t *testing.T) {
	documentedNames := map[string]bool{}
	check := func(name, description string, attribute schema.Attribute) {
		documentedNames[name] = true
		if !strings.HasSuffix(description, ".") {
			t.Errorf("%s: got a description without a full stop at the end: %q", name, description)
		}
		for _, variable := range environment[name] {
			if !strings.Contains(description, "`"+variable+"`") {
				t.Errorf("%s: the description does not name %s", name, variable)
			}
		}
		if attribute == nil {
			return
		}
		if !attribute.IsOptional() {
			t.Errorf("%s is not optional", name)
		}
		isSecret := slices.Contains([]string{"secret_key", "security_token", "assume_role_with_oidc.oidc_token"}, name)
		if attribute.IsSensitive() != isSecret {
			t.Errorf("%s: got sensitive %t, want %t", name, attribute.IsSensitive(), isSecret)
		}
	}
	for name, attribute := range providerSchema().Attributes {
		check(name, attribute.GetMarkdownDescription(), attribute)
	}
	for name, block := range providerSchema().Blocks {
		check(name, block.GetMarkdownDescription(), nil)
		for attributeName, attribute := range nestedAttributes(t, block) {
			check(name+"."+attributeName, attribute.GetMarkdownDescription(), attribute)
		}
	}
	for name := range environment {
		if !documentedNames[name] {
			t.Errorf("%s has variables, but is not an argument", name)
		}
	}
}

func TestLogEvent(t *testing.T) {
	for _, test := range []struct {
		name  string
		event esa.Event
		want  map[string]any
	}{
		{
			"a success",
			esa.Event{Action: "GetSite", Attempt: 1, Status: 200, RequestID: "R-1", Duration: 1500 * time.Microsecond},
			map[string]any{"action": "GetSite", "attempt": 1.0, "status": 200.0, "request_id": "R-1", "duration_ms": 1.0},
		},
		{
			"a refusal, whose message may repeat what was signed",
			esa.Event{Action: "GetSite", Attempt: 2, Status: 400, Code: "SignatureDoesNotMatch", RequestID: "R-2", Wait: 2 * time.Second, Err: errors.New("server string to sign is:hush")},
			map[string]any{"action": "GetSite", "attempt": 2.0, "status": 400.0, "request_id": "R-2", "duration_ms": 0.0, "wait_ms": 2000.0, "code": "SignatureDoesNotMatch"},
		},
		{
			"no answer",
			esa.Event{Action: "GetSite", Attempt: 1, Err: errors.New("connection refused")},
			map[string]any{"action": "GetSite", "attempt": 1.0, "duration_ms": 0.0, "error": "connection refused"},
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			var output bytes.Buffer
			logEvent(tflogtest.RootLogger(t.Context(), &output), test.event)
			entries, err := tflogtest.MultilineJSONDecode(&output)
			if err != nil || len(entries) != 1 {
				t.Fatalf("got %v and error %v", entries, err)
			}
			for name, want := range map[string]any{"@level": "debug", "@message": "Called ESA", "@module": "provider"} {
				if entries[0][name] != want {
					t.Errorf("%s: got %v, want %v", name, entries[0][name], want)
				}
				delete(entries[0], name)
			}
			if !reflect.DeepEqual(entries[0], test.want) {
				t.Errorf("got %v, want %v", entries[0], test.want)
			}
		})
	}
}

// TestSettings compares the settings of many configurations and environments with testdata/settings.txt. After a change, write
// the file anew with -update, and read the difference.
func TestSettings(t *testing.T) {
	var got strings.Builder
	usual, diags := resolved(t, nil, nil)
	if diags.HasError() {
		t.Fatal(diags)
	}
	try := func(title string, given arguments, env variables) {
		s, diags := resolved(t, given, env)
		fmt.Fprintf(&got, "%s\n", title)
		for _, line := range different("", reflect.ValueOf(usual), reflect.ValueOf(s)) {
			fmt.Fprintf(&got, "  %s\n", line)
		}
		for _, d := range diags {
			at := ""
			if located, ok := d.(diag.DiagnosticWithPath); ok {
				at = located.Path().String()
			}
			fmt.Fprintf(&got, "  %s at %s: %s: %s\n", d.Severity(), at, d.Summary(), d.Detail())
		}
	}
	got.WriteString("## environment\n")
	plausible := map[string]string{
		"account_type": "international", "endpoint": "https://esa.example.com/", "client_read_timeout": "1500", "client_connect_timeout": "2147483647",
		"assume_role.session_expiration": "900", "assume_role_with_oidc.oidc_token": "abcd",
	}
	blocks := arguments{"assume_role.role_arn": "acs:ram::1:role/r", "assume_role_with_oidc.role_arn": "acs:ram::1:role/o"}
	for _, name := range slices.Sorted(maps.Keys(environment)) {
		value := cmp.Or(plausible[name], "value")
		for i, variable := range environment[name] {
			try(variable+" = "+value, nil, variables{variable: value})
			if strings.HasPrefix(name, "assume_role") {
				try(variable+" = "+value+" beside both blocks", blocks, variables{variable: value})
			}
			try(variable+" is blank", nil, variables{variable: " "})
			try(fmt.Sprintf("%s = %q", variable, " x\t"), blocks, variables{variable: " x\t"})
			for _, next := range environment[name][i+1:] {
				try(variable+" and "+next, nil, variables{variable: "https://first.example.com", next: "https://second.example.com"})
			}
		}
	}
	got.WriteString("\n\n## keys\n")
	for _, access := range []string{"", "argument", "the same", "another", "another, and the same"} {
		for _, secret := range []string{"", "argument", "environment"} {
			for _, token := range []string{"", "argument", "environment"} {
				given, env := arguments{}, variables{}
				switch access {
				case "":
				case "argument":
					given["access_key"] = "ak"
				case "the same":
					given["access_key"], env["ALIBABA_CLOUD_ACCESS_KEY_ID"] = "ak", "ak"
				default:
					given["access_key"], env["ALICLOUD_ACCESS_KEY"] = "ak", "other"
					if access != "another" {
						env["ALIBABACLOUD_ACCESS_KEY_ID"] = " ak "
					}
				}
				for name, from := range map[string]string{"secret_key": secret, "security_token": token} {
					switch from {
					case "argument":
						given[name] = name
					case "environment":
						env[environment[name][1]] = name + " of the environment"
					}
				}
				try(fmt.Sprintf("access key: %s; secret key: %s; token: %s", access, secret, token), given, env)
			}
		}
	}
	got.WriteString("\n\n## arguments\n")
	for _, number := range []int{-1, 0, 1, 899, 900, 43200, 43201, 60000, 2147483647, 2147483648} {
		for _, name := range []string{"client_read_timeout", "client_connect_timeout", "max_retries", "requests_per_second", "assume_role.session_expiration", "assume_role_with_oidc.session_expiration"} {
			try(fmt.Sprintf("%s = %d", name, number), arguments{name: number}, nil)
		}
	}
	for _, length := range []int{3, 4, 20000, 20001} {
		s, diags := resolved(t, arguments{"assume_role_with_oidc.oidc_token": strings.Repeat("t", length)}, nil)
		fmt.Fprintf(&got, "a token of %d characters: %d characters, %d errors\n", length, len(s.credential.AssumeRoleWithOIDC.Token), len(diags))
	}
	for _, name := range slices.Sorted(maps.Keys(providerSchema().Attributes)) {
		env := variables{}
		for _, variable := range environment[name] {
			env[variable] = "x"
		}
		try(name+" is unknown", arguments{name: notKnown{}}, env)
	}
	try("assume_role is unknown", arguments{"assume_role": notKnown{}}, nil)
	try("assume_role_with_oidc is unknown", arguments{"assume_role_with_oidc": notKnown{}}, nil)
	compareWithFile(t, "settings.txt", got.String())
}

// different returns the fields of a struct that differ from the usual ones.
func different(name string, usual, is reflect.Value) (all []string) {
	switch is.Kind() {
	case reflect.Pointer:
		if is.IsNil() {
			return nil
		}
		return append([]string{strings.TrimPrefix(name, ".") + " is set"}, different(name, reflect.Zero(is.Type().Elem()), is.Elem())...)
	case reflect.Struct:
		for i := range is.NumField() {
			all = append(all, different(name+"."+is.Type().Field(i).Name, usual.Field(i), is.Field(i))...)
		}
		return all
	default:
		if u, v := fmt.Sprintf("%v", usual), fmt.Sprintf("%v", is); u != v {
			all = append(all, strings.TrimPrefix(name, ".")+": "+v)
		}
		return all
	}
}
