package provider

import (
	"context"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"

	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/types"
	"github.com/hashicorp/terraform-plugin-framework/types/basetypes"

	"terraform-provider-esa/internal/esa"
)

// environment lists the variables for arguments that are unset or empty in the configuration. The first variable that is
// not empty is used. Names and order are the same as in the alicloud provider, so that both can share an environment.
var environment = map[string][]string{
	"access_key":              {"ALICLOUD_ACCESS_KEY", "ALIBABA_CLOUD_ACCESS_KEY_ID", "ALIBABACLOUD_ACCESS_KEY_ID"},
	"secret_key":              {"ALICLOUD_SECRET_KEY", "ALIBABA_CLOUD_ACCESS_KEY_SECRET", "ALIBABACLOUD_ACCESS_KEY_SECRET"},
	"security_token":          {"ALICLOUD_SECURITY_TOKEN", "ALIBABA_CLOUD_SECURITY_TOKEN", "ALIBABACLOUD_SECURITY_TOKEN"},
	"region":                  {"ALICLOUD_REGION", "ALIBABA_CLOUD_REGION"},
	"account_type":            {"ALIBABA_CLOUD_ACCOUNT_TYPE"},
	"profile":                 {"ALICLOUD_PROFILE", "ALIBABA_CLOUD_PROFILE"},
	"shared_credentials_file": {"ALICLOUD_SHARED_CREDENTIALS_FILE", "ALIBABA_CLOUD_CREDENTIALS_FILE"},
	"ecs_role_name":           {"ALICLOUD_ECS_ROLE_NAME", "ALIBABA_CLOUD_ECS_METADATA"},
	"credentials_uri":         {"ALICLOUD_CREDENTIALS_URI", "ALIBABA_CLOUD_CREDENTIALS_URI"},
	"endpoint":                {"ALIBABA_CLOUD_ENDPOINT_ESA", "ESA_ENDPOINT"},
	"client_read_timeout":     {"CLIENT_READ_TIMEOUT"},
	"client_connect_timeout":  {"CLIENT_CONNECT_TIMEOUT"},
	"configuration_source":    {"TF_APPEND_USER_AGENT"},

	"assume_role.role_arn":           {"ALICLOUD_ASSUME_ROLE_ARN", "ALIBABA_CLOUD_ROLE_ARN"},
	"assume_role.session_name":       {"ALICLOUD_ASSUME_ROLE_SESSION_NAME", "ALIBABA_CLOUD_ROLE_SESSION_NAME"},
	"assume_role.session_expiration": {"ALICLOUD_ASSUME_ROLE_SESSION_EXPIRATION"},

	"assume_role_with_oidc.oidc_provider_arn": {"ALIBABA_CLOUD_OIDC_PROVIDER_ARN"},
	"assume_role_with_oidc.oidc_token":        {"ALIBABA_CLOUD_OIDC_TOKEN"},
	"assume_role_with_oidc.oidc_token_file":   {"ALIBABA_CLOUD_OIDC_TOKEN_FILE"},
	"assume_role_with_oidc.role_arn":          {"ALIBABA_CLOUD_ROLE_ARN"},
	"assume_role_with_oidc.role_session_name": {"ALIBABA_CLOUD_ROLE_SESSION_NAME"},
}

// Limits and defaults that the descriptions repeat.
const (
	defaultTimeoutMilliseconds = 60000
	minSessionExpiration       = 900
	maxSessionExpiration       = 43200
	minOIDCToken               = 4
	maxOIDCToken               = 20000
)

type providerModel struct {
	AccessKey             types.String  `tfsdk:"access_key"`
	SecretKey             types.String  `tfsdk:"secret_key"`
	SecurityToken         types.String  `tfsdk:"security_token"`
	Region                types.String  `tfsdk:"region"`
	AccountType           types.String  `tfsdk:"account_type"`
	Profile               types.String  `tfsdk:"profile"`
	SharedCredentialsFile types.String  `tfsdk:"shared_credentials_file"`
	ECSRoleName           types.String  `tfsdk:"ecs_role_name"`
	CredentialsURI        types.String  `tfsdk:"credentials_uri"`
	Endpoint              types.String  `tfsdk:"endpoint"`
	ClientReadTimeout     types.Int64   `tfsdk:"client_read_timeout"`
	ClientConnectTimeout  types.Int64   `tfsdk:"client_connect_timeout"`
	MaxRetries            types.Int64   `tfsdk:"max_retries"`
	RequestsPerSecond     types.Float64 `tfsdk:"requests_per_second"`
	BatchRefresh          types.Bool    `tfsdk:"batch_refresh"`
	ConfigurationSource   types.String  `tfsdk:"configuration_source"`
	// Lists and not slices, as a dynamic block can be unknown as a whole.
	AssumeRole         types.List `tfsdk:"assume_role"`
	AssumeRoleWithOIDC types.List `tfsdk:"assume_role_with_oidc"`
}

type assumeRoleModel struct {
	RoleARN           types.String `tfsdk:"role_arn"`
	SessionName       types.String `tfsdk:"session_name"`
	SessionExpiration types.Int64  `tfsdk:"session_expiration"`
	Policy            types.String `tfsdk:"policy"`
	ExternalID        types.String `tfsdk:"external_id"`
}

type assumeRoleWithOIDCModel struct {
	OIDCProviderARN   types.String `tfsdk:"oidc_provider_arn"`
	OIDCToken         types.String `tfsdk:"oidc_token"`
	OIDCTokenFile     types.String `tfsdk:"oidc_token_file"`
	RoleARN           types.String `tfsdk:"role_arn"`
	RoleSessionName   types.String `tfsdk:"role_session_name"`
	Policy            types.String `tfsdk:"policy"`
	SessionExpiration types.Int64  `tfsdk:"session_expiration"`
}

// settings are the provider's settings from configuration, environment and defaults.
type settings struct {
	credential          esa.CredentialConfig
	tokenVariable       string // the environment variable of security_token, "" if it is not from the environment
	region              string
	accountSite         esa.AccountSite // "" if account_type is not set
	endpoint            string          // "" if endpoint is not set
	readTimeout         time.Duration
	connectTimeout      time.Duration
	maxRetries          int
	requestsPerSecond   float64
	batchRefresh        bool
	configurationSource string
	unknown             []string // unknown arguments, whose values here are zero
}

// resolve returns the settings. An unknown argument is not an error, and is not replaced by the environment.
func resolve(ctx context.Context, m providerModel, getenv func(string) string) (settings, diag.Diagnostics) {
	r := &resolver{ctx: ctx, getenv: getenv}
	s := settings{
		region:              r.text("region", m.Region).value,
		accountSite:         r.accountSite(m.AccountType),
		endpoint:            r.endpoint(m.Endpoint),
		readTimeout:         r.milliseconds("client_read_timeout", m.ClientReadTimeout),
		connectTimeout:      r.milliseconds("client_connect_timeout", m.ClientConnectTimeout),
		maxRetries:          r.integer("max_retries", m.MaxRetries, esa.DefaultMaxRetries, 0, math.MaxInt32),
		requestsPerSecond:   r.rate("requests_per_second", m.RequestsPerSecond),
		configurationSource: r.header("configuration_source", m.ConfigurationSource),
		// Both ways of refreshing lead to the same state, so an unknown value can default to true.
		batchRefresh: m.BatchRefresh.IsNull() || m.BatchRefresh.IsUnknown() || m.BatchRefresh.ValueBool(),
		credential: esa.CredentialConfig{
			Profile:               r.text("profile", m.Profile).value,
			SharedCredentialsFile: r.text("shared_credentials_file", m.SharedCredentialsFile).value,
			CredentialsURI:        r.text("credentials_uri", m.CredentialsURI).value,
			ECSRoleName:           r.text("ecs_role_name", m.ECSRoleName).value,
			AssumeRole:            r.assumeRole(m.AssumeRole),
			AssumeRoleWithOIDC:    r.assumeRoleWithOIDC(m.AssumeRoleWithOIDC),
		},
	}
	s.tokenVariable = r.keys(m, &s.credential)
	slices.Sort(r.unknown)
	s.unknown = r.unknown
	return s, r.diags
}

// FromEnvironment returns the credential and the endpoint of a provider block without arguments. It is for tools that call
// ESA themselves.
func FromEnvironment(ctx context.Context, getenv func(string) string) (credential esa.Credential, endpoint string, err error) {
	s, diags := resolve(ctx, providerModel{}, getenv)
	if !diags.HasError() {
		if credential, err = esa.NewCredential(s.credential); err != nil {
			diags.Append(credentialDiagnostic(err))
		}
	}
	for _, d := range diags.Errors() {
		return nil, "", fmt.Errorf("%s: %s", d.Summary(), d.Detail())
	}
	return credential, s.endpointOrDefault(), nil
}

// isUnknown reports whether one of the arguments is unknown.
func (s settings) isUnknown(names ...string) bool {
	return slices.ContainsFunc(names, func(name string) bool { return slices.Contains(s.unknown, name) })
}

// site returns the account's site: that of account_type, or inferred from an explicit endpoint of ESA's own, or from the
// region. It returns "" while unknown arguments may change it.
func (s settings) site() esa.AccountSite {
	if s.accountSite != "" || s.isUnknown("account_type", "endpoint") {
		return s.accountSite
	}
	if site, ok := esa.AccountSiteOfEndpoint(s.endpoint); ok {
		return site
	}
	if s.region != "" {
		return esa.AccountSiteOfRegion(s.region)
	}
	if s.isUnknown("region", "profile", "shared_credentials_file") {
		return ""
	}
	return esa.AccountSiteOfRegion(s.credential.ProfileRegion())
}

// endpointOrDefault returns the endpoint to call, once all arguments are known.
func (s settings) endpointOrDefault() string {
	if s.endpoint != "" {
		return s.endpoint
	}
	return esa.EndpointFor(s.site())
}

// casRegion returns the default of cas_region, "" while unknown arguments may change it.
func (s settings) casRegion() string {
	if s.site() == "" {
		return ""
	}
	return esa.CasRegion(s.site())
}

// resolver reads arguments. It collects their errors, and which of them are unknown.
type resolver struct {
	ctx     context.Context
	getenv  func(string) string
	diags   diag.Diagnostics
	unknown []string
}

// given is a value and its environment variable, "" for a value from the configuration.
type given struct{ value, variable string }

// text reads an argument and removes the white space around it, which a secret store or a file may have added.
func (r *resolver) text(name string, v types.String) given {
	if v.IsUnknown() {
		r.unknown = append(r.unknown, name)
		return given{}
	}
	if value := strings.TrimSpace(v.ValueString()); value != "" {
		return given{value: value}
	}
	for _, variable := range environment[name] {
		if value := strings.TrimSpace(r.getenv(variable)); value != "" {
			return given{value, variable}
		}
	}
	return given{}
}

// invalid adds an error about an argument or its environment variable. problem is the rest of the sentence, and the fix.
func (r *resolver) invalid(name string, from given, problem string) {
	subject := "The argument " + name
	if from.variable != "" {
		subject = "The environment variable " + from.variable
	}
	r.diags.AddAttributeError(argumentPath(name), "Invalid "+name, subject+" "+problem)
}

// argumentPath returns the path of an argument such as "profile" or "assume_role.role_arn".
func argumentPath(name string) path.Path {
	block, attribute, nested := strings.Cut(name, ".")
	if !nested {
		return path.Root(name)
	}
	return path.Root(block).AtListIndex(0).AtName(attribute)
}

// integer reads an argument that is a whole number from low to high.
func (r *resolver) integer(name string, v types.Int64, byDefault, low, high int64) int {
	number, from := v.ValueInt64(), given{}
	if v.IsNull() || v.IsUnknown() {
		textual := types.StringNull()
		if v.IsUnknown() {
			textual = types.StringUnknown()
		}
		if from = r.text(name, textual); from.value == "" {
			return int(byDefault)
		}
		var err error
		if number, err = strconv.ParseInt(from.value, 10, 64); err != nil {
			r.invalid(name, from, fmt.Sprintf("is %q, which is not a whole number. Set it to one from %d to %d, or unset it.", from.value, low, high))
			return int(byDefault)
		}
	}
	if number < low || number > high {
		r.invalid(name, from, fmt.Sprintf("is %d. Set it to a whole number from %d to %d.", number, low, high))
		return int(byDefault)
	}
	return int(number)
}

func (r *resolver) milliseconds(name string, v types.Int64) time.Duration {
	return time.Duration(r.integer(name, v, defaultTimeoutMilliseconds, 1, math.MaxInt32)) * time.Millisecond
}

// rate reads a number of calls per second; 0 means no limit.
func (r *resolver) rate(name string, v types.Float64) float64 {
	if v.IsUnknown() {
		r.unknown = append(r.unknown, name)
	}
	if v.IsUnknown() || v.IsNull() {
		return 0
	}
	rate := v.ValueFloat64()
	if rate <= 0 {
		r.invalid(name, given{}, fmt.Sprintf("is %v. Set it to a number above 0, or remove it for no limit.", rate))
		return 0
	}
	return rate
}

// header reads text that becomes part of an HTTP header.
func (r *resolver) header(name string, v types.String) string {
	from := r.text(name, v)
	if strings.ContainsFunc(from.value, unicode.IsControl) {
		r.invalid(name, from, "contains a line break or another control character, which HTTP headers do not allow. Remove it.")
		return ""
	}
	return from.value
}

func (r *resolver) accountSite(v types.String) esa.AccountSite {
	from := r.text("account_type", v)
	if from.value == "" {
		return ""
	}
	site, err := esa.ParseAccountSite(from.value)
	if err != nil {
		r.invalid("account_type", from, fmt.Sprintf("is %q. Set it to %q or %q.", from.value, esa.Domestic, esa.International))
	}
	return site
}

func (r *resolver) endpoint(v types.String) string {
	from := r.text("endpoint", v)
	if from.value == "" {
		return ""
	}
	endpoint, err := esa.ParseEndpoint(from.value)
	if err != nil {
		r.invalid("endpoint", from, fmt.Sprintf("is not an endpoint: %v.", err))
	}
	return endpoint
}

// keys reads the access key. The environment and the configuration each contain one set; parts of both are combined only
// if they can belong together.
func (r *resolver) keys(m providerModel, c *esa.CredentialConfig) (tokenVariable string) {
	access, secret, token := r.text("access_key", m.AccessKey), r.text("secret_key", m.SecretKey), r.text("security_token", m.SecurityToken)
	if access.value != "" && access.variable == "" && r.environmentHasOtherKey(access.value) {
		if secret.variable != "" {
			r.invalid("secret_key", secret, "does not belong to the access key in the argument access_key. "+
				"Set the argument secret_key too, or remove access_key.")
		}
		if token.variable != "" {
			token.value = ""
		}
	}
	if access.value == "" && secret.value == "" && token.variable != "" {
		// A token in the environment without a key is ignored: other sources have their own.
		token.value = ""
	}
	c.AccessKey, c.SecretKey, c.SecurityToken = access.value, secret.value, token.value
	if token.value == "" {
		return ""
	}
	return token.variable
}

// environmentHasOtherKey reports whether the environment contains access keys, but not this one.
func (r *resolver) environmentHasOtherKey(accessKey string) bool {
	other := false
	for _, variable := range environment["access_key"] {
		switch strings.TrimSpace(r.getenv(variable)) {
		case accessKey:
			return false
		case "":
		default:
			other = true
		}
	}
	return other
}

// block reads the only element of a nested block into target, and reports whether there is one.
func (r *resolver) block(name string, blocks types.List, target any) bool {
	if blocks.IsUnknown() {
		r.unknown = append(r.unknown, name)
		return false
	}
	var element attr.Value
	if elements := blocks.Elements(); len(elements) > 0 {
		element = elements[0]
	}
	object, ok := element.(types.Object)
	if !ok || object.IsNull() {
		return false
	}
	if object.IsUnknown() {
		r.unknown = append(r.unknown, name)
		return false
	}
	r.diags.Append(object.As(r.ctx, target, basetypes.ObjectAsOptions{})...)
	return true
}

func (r *resolver) assumeRole(blocks types.List) *esa.AssumeRole {
	var m assumeRoleModel
	if !r.block("assume_role", blocks, &m) {
		return nil
	}
	return &esa.AssumeRole{
		RoleARN:           r.text("assume_role.role_arn", m.RoleARN).value,
		SessionName:       r.text("assume_role.session_name", m.SessionName).value,
		SessionExpiration: r.sessionExpiration("assume_role.session_expiration", m.SessionExpiration),
		Policy:            r.text("assume_role.policy", m.Policy).value,
		ExternalID:        r.text("assume_role.external_id", m.ExternalID).value,
	}
}

func (r *resolver) assumeRoleWithOIDC(blocks types.List) *esa.AssumeRoleWithOIDC {
	var m assumeRoleWithOIDCModel
	if !r.block("assume_role_with_oidc", blocks, &m) {
		return nil
	}
	token := r.text("assume_role_with_oidc.oidc_token", m.OIDCToken)
	if length := len(token.value); length > 0 && (length < minOIDCToken || length > maxOIDCToken) {
		r.invalid("assume_role_with_oidc.oidc_token", token, fmt.Sprintf("has %d characters. A token has %d to %d; set it to a complete one.",
			length, minOIDCToken, maxOIDCToken))
	}
	return &esa.AssumeRoleWithOIDC{
		ProviderARN:       r.text("assume_role_with_oidc.oidc_provider_arn", m.OIDCProviderARN).value,
		RoleARN:           r.text("assume_role_with_oidc.role_arn", m.RoleARN).value,
		Token:             token.value,
		TokenFile:         r.text("assume_role_with_oidc.oidc_token_file", m.OIDCTokenFile).value,
		SessionName:       r.text("assume_role_with_oidc.role_session_name", m.RoleSessionName).value,
		SessionExpiration: r.sessionExpiration("assume_role_with_oidc.session_expiration", m.SessionExpiration),
		Policy:            r.text("assume_role_with_oidc.policy", m.Policy).value,
	}
}

// sessionExpiration reads a lifetime in seconds; 0 means the default.
func (r *resolver) sessionExpiration(name string, v types.Int64) int {
	return r.integer(name, v, 0, minSessionExpiration, maxSessionExpiration)
}
