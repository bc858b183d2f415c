// Package provider is the Terraform side of the provider "esa": schemas, plans, states and messages. Package esa calls
// ESA.
package provider

import (
	"context"
	"os"
	"strings"
	"sync/atomic"

	"github.com/hashicorp/terraform-plugin-framework-validators/listvalidator"
	"github.com/hashicorp/terraform-plugin-framework/action"
	"github.com/hashicorp/terraform-plugin-framework/datasource"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/function"
	"github.com/hashicorp/terraform-plugin-framework/list"
	"github.com/hashicorp/terraform-plugin-framework/provider"
	"github.com/hashicorp/terraform-plugin-framework/provider/schema"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"

	"terraform-provider-esa/internal/esa"
)

var (
	_ provider.Provider                   = (*esaProvider)(nil)
	_ provider.ProviderWithActions        = (*esaProvider)(nil)
	_ provider.ProviderWithFunctions      = (*esaProvider)(nil)
	_ provider.ProviderWithListResources  = (*esaProvider)(nil)
	_ provider.ProviderWithValidateConfig = (*esaProvider)(nil)
)

// typeName is the prefix of the names of all resources, data sources and actions.
const typeName = "esa"

type esaProvider struct {
	version string
	clock   esa.Clock
	getenv  func(name string) string
	// handedOut is the data from Configure, nil if it has no client.
	handedOut atomic.Pointer[providerData]
}

// New returns a function that creates an instance of the provider. The version is sent to Terraform and ESA.
func New(version string) func() provider.Provider {
	return newWithClock(version, esa.SystemClock{})
}

// newWithClock is New with a clock, for tests.
func newWithClock(version string, clock esa.Clock) func() provider.Provider {
	return func() provider.Provider {
		return &esaProvider{version: version, clock: clock, getenv: os.Getenv}
	}
}

func (p *esaProvider) Metadata(_ context.Context, _ provider.MetadataRequest, resp *provider.MetadataResponse) {
	resp.TypeName = typeName
	resp.Version = p.version
}

func (p *esaProvider) Schema(_ context.Context, _ provider.SchemaRequest, resp *provider.SchemaResponse) {
	resp.Schema = providerSchema()
}

// ValidateConfig checks the values in the configuration. Configure checks that credentials are complete, as the
// environment may complete them.
func (p *esaProvider) ValidateConfig(ctx context.Context, req provider.ValidateConfigRequest, resp *provider.ValidateConfigResponse) {
	var model providerModel
	resp.Diagnostics.Append(req.Config.Get(ctx, &model)...)
	if resp.Diagnostics.HasError() {
		return
	}
	_, diags := resolve(ctx, model, func(string) string { return "" })
	resp.Diagnostics.Append(diags...)
}

// Configure creates the client that all resources share. It makes no calls.
func (p *esaProvider) Configure(ctx context.Context, req provider.ConfigureRequest, resp *provider.ConfigureResponse) {
	p.handedOut.Store(nil)
	var model providerModel
	resp.Diagnostics.Append(req.Config.Get(ctx, &model)...)
	if resp.Diagnostics.HasError() {
		return
	}
	settings, diags := resolve(ctx, model, p.getenv)
	resp.Diagnostics.Append(diags...)
	if resp.Diagnostics.HasError() {
		return
	}
	data := &providerData{clock: p.clock, accountSite: settings.accountSite, casRegion: settings.casRegion(), batchRefresh: settings.batchRefresh, unknown: settings.unknown}
	if len(data.unknown) == 0 {
		data.client = p.newClient(settings, req.TerraformVersion, &resp.Diagnostics)
	} else if req.ClientCapabilities.DeferralAllowed {
		resp.Deferred = &provider.Deferred{Reason: provider.DeferredReasonProviderConfigUnknown}
	}
	if data.client != nil {
		p.handedOut.Store(data)
	}
	resp.ResourceData = data
	resp.DataSourceData = data
	resp.ListResourceData = data
	resp.ActionData = data
}

// newClient returns a client, or nil with an error if there are no usable credentials.
func (p *esaProvider) newClient(s settings, terraformVersion string, diags *diag.Diagnostics) *esa.Client {
	credential, err := esa.NewCredential(s.credential)
	if err != nil {
		diags.Append(credentialDiagnostic(err))
		return nil
	}
	config := p.clientConfig(s, terraformVersion)
	config.Credential = credential
	config.Renew = func() (esa.Credential, error) { return esa.NewCredential(s.credential) }
	client, err := esa.New(config)
	if err != nil {
		diags.AddError("Unable to create ESA client", err.Error())
		return nil
	}
	return client
}

// clientConfig returns the client's configuration without the credential.
func (p *esaProvider) clientConfig(s settings, terraformVersion string) esa.Config {
	return esa.Config{
		Endpoint:          s.endpointOrDefault(),
		TokenVariable:     s.tokenVariable,
		UserAgent:         userAgent(p.version, terraformVersion, s.configurationSource),
		ConnectTimeout:    s.connectTimeout,
		ReadTimeout:       s.readTimeout,
		MaxRetries:        s.maxRetries,
		RequestsPerSecond: s.requestsPerSecond,
		Clock:             p.clock,
		Log:               logEvent,
	}
}

func (p *esaProvider) Resources(context.Context) []func() resource.Resource {
	return []func() resource.Resource{
		newCustomHostnameResource,
		newCustomHostnameValidationResource,
	}
}

// Functions returns the provider's functions, which need no configuration.
func (p *esaProvider) Functions(context.Context) []func() function.Function {
	return []func() function.Function{
		newParseCertificateFunction,
		newRelativeNameFunction,
	}
}

// ListResources returns the list resources for terraform query, which requires Terraform 1.14.
func (p *esaProvider) ListResources(context.Context) []func() list.ListResource {
	return []func() list.ListResource{
		newCustomHostnameListResource,
	}
}

// Actions returns the actions, which require Terraform 1.14.
func (p *esaProvider) Actions(context.Context) []func() action.Action {
	return []func() action.Action{
		newVerifyCustomHostnameAction,
		newApplyCustomHostnameCertificateAction,
	}
}

func (p *esaProvider) DataSources(context.Context) []func() datasource.DataSource {
	return []func() datasource.DataSource{
		newCustomHostnameDataSource,
		newCustomHostnamesDataSource,
		newSiteDataSource,
		newRecordDataSource,
	}
}

func providerSchema() schema.Schema {
	return schema.Schema{
		MarkdownDescription: "Manages the custom hostnames (\"SaaS domain names\") of Alibaba Cloud ESA. " +
			"Arguments and environment variables have the same names as in the alicloud provider, so that both can share an environment.\n\n" +
			"Credentials come from the first of these that is set: `access_key` and `secret_key`, `profile`, `credentials_uri`, `ecs_role_name`, " +
			"`assume_role_with_oidc`. `assume_role` assumes a role with them. Temporary credentials are renewed while Terraform runs. " +
			"If a renewal fails, it is retried, and the last credentials are used until they expire.",
		Attributes: map[string]schema.Attribute{
			"access_key": text("access_key", "Access key id of a RAM user, or of temporary credentials. Requires `secret_key`. "+
				"If both are set, no other source of credentials is used."),
			"secret_key": secret("secret_key", "Secret of `access_key`."),
			"security_token": secret("security_token", "Security token of `access_key`, if that is temporary. "+
				"A token in the environment is ignored if `access_key` is set here and the environment has a different one."),
			"region": text("region", "Region that you work in, such as `cn-hangzhou`. ESA is global, so the region has one use: without `account_type`, the account's site is inferred from it, "+
				"`Domestic` for the regions of mainland China and `International` for all others, including `cn-hongkong`. Default: the region of `profile`."),
			"account_type": text("account_type", "Site of Alibaba Cloud that the account belongs to, `Domestic` (aliyun.com) or `International` (alibabacloud.com). "+
				"It determines the defaults of `endpoint` and `cas_region`. Default: inferred from `endpoint` if that is one of ESA's own, or else from `region`, or else `Domestic`."),
			"profile": text("profile", "Name of a profile of the Alibaba Cloud CLI. There is no default: without it no profile is used. "+
				"Modes: `AK`, `StsToken`, `RamRoleArn`, `ChainableRamRoleArn`, `EcsRamRole`, `OIDC`, `CloudSSO`, `OAuth` and `External`. "+
				"The program of an `External` profile prints a JSON object; other lines are ignored. It runs again shortly before `expiration`, or after five minutes if it prints none."),
			"shared_credentials_file": text("shared_credentials_file", "Configuration file of the Alibaba Cloud CLI, in JSON, that contains `profile`. "+
				"A leading `~` is the home directory. Default: `~/.aliyun/config.json`."),
			"ecs_role_name": text("ecs_role_name", "Name of the RAM role of the ECS instance that Terraform runs on. Its credentials come from the instance's metadata service, "+
				"which is never called through a proxy."),
			"credentials_uri": text("credentials_uri", "URL that returns temporary credentials on `GET`: a JSON object with `AccessKeyId`, `AccessKeySecret`, "+
				"`SecurityToken` and `Expiration`. Redirects are not followed."),
			"endpoint": text("endpoint", "Endpoint of ESA, `https://host[:port]` or `host[:port]`. `http://` is accepted for loopback hosts only. "+
				"Default: `https://esa.cn-hangzhou.aliyuncs.com` for domestic and `https://esa.ap-southeast-1.aliyuncs.com` for international accounts."),
			"client_read_timeout": schema.Int64Attribute{Optional: true, MarkdownDescription: documented("client_read_timeout",
				"Time limit for a complete response of ESA once connected, in milliseconds, at least 1. Default: 60000.")},
			"client_connect_timeout": schema.Int64Attribute{Optional: true, MarkdownDescription: documented("client_connect_timeout",
				"Time limit for connecting to ESA, in milliseconds, at least 1. Default: 60000.")},
			"max_retries": schema.Int64Attribute{Optional: true, MarkdownDescription: "Maximum number of retries of a call after a transient failure, " +
				"such as throttling. 0 disables retries. Default: 10. If ESA becomes unreachable during a run, attempts do not count for half a minute per retry. " +
				"For a busy record and for the quota of creates, calls are retried until the time limits of `timeouts`, whatever is set here."},
			"requests_per_second": schema.Float64Attribute{Optional: true, MarkdownDescription: "Maximum number of calls per second, above 0, for example to share an account's limit among several runs. " +
				"Default: no limit; when ESA throttles calls, all calls slow down and then speed up again."},
			"batch_refresh": schema.BoolAttribute{Optional: true, MarkdownDescription: "Whether to refresh several hostnames of a site from pages of `ListCustomHostnames`, 500 at a time, rather than by one `GetCustomHostname` each. " +
				"Values that lists do not include (`certificate`, `cas_id`, `cert_id`) are read when `update_time` or anything about the certificate has changed. Default: true."},
			"configuration_source": text("configuration_source", "Text to append to the user agent of all calls."),
		},
		Blocks: map[string]schema.Block{
			"assume_role":           assumeRoleBlock(),
			"assume_role_with_oidc": assumeRoleWithOIDCBlock(),
		},
	}
}

func assumeRoleBlock() schema.Block {
	return schema.ListNestedBlock{
		MarkdownDescription: "RAM role to assume with the credentials from the other arguments. At most one block. Without the block, no role is assumed, whatever is set in the environment.",
		Validators:          []validator.List{listvalidator.SizeAtMost(1)},
		NestedObject: schema.NestedBlockObject{Attributes: map[string]schema.Attribute{
			"role_arn": text("assume_role.role_arn", "ARN of the role. It must be set here, in the environment, or by a `profile` of mode `RamRoleArn`, whose role it replaces."),
			"session_name": text("assume_role.session_name", "Name of the session, as ActionTrail shows it. "+
				"Default: from a `profile` of mode `RamRoleArn`, or else `terraform`."),
			"session_expiration": schema.Int64Attribute{Optional: true, MarkdownDescription: documented("assume_role.session_expiration",
				"Lifetime of a session, in seconds, from 900 to 43200; longer runs open more sessions. Default: from a `profile` of mode `RamRoleArn`, or else 3600.")},
			"policy":      text("assume_role.policy", "RAM policy, in JSON, that further restricts the session."),
			"external_id": text("assume_role.external_id", "External id that the role's trust policy requires."),
		}},
	}
}

func assumeRoleWithOIDCBlock() schema.Block {
	return schema.ListNestedBlock{
		MarkdownDescription: "RAM role to assume with an OIDC token, such as one from a CI system or Kubernetes. At most one block. " +
			"It is used if no earlier source of credentials is set. Without the block, no OIDC token is used, whatever is set in the environment.",
		Validators: []validator.List{listvalidator.SizeAtMost(1)},
		NestedObject: schema.NestedBlockObject{Attributes: map[string]schema.Attribute{
			"oidc_provider_arn": text("assume_role_with_oidc.oidc_provider_arn", "ARN of the OIDC provider in RAM. It must be set here or in the environment."),
			"oidc_token":        secret("assume_role_with_oidc.oidc_token", "OIDC token, 4 to 20000 characters. Either it or `oidc_token_file` must be set; it takes precedence."),
			"oidc_token_file": text("assume_role_with_oidc.oidc_token_file", "File with the OIDC token, read again for every session. "+
				"A leading `~` is the home directory."),
			"role_arn":          text("assume_role_with_oidc.role_arn", "ARN of the role. It must be set here or in the environment."),
			"role_session_name": text("assume_role_with_oidc.role_session_name", "Name of the session, as ActionTrail shows it. Default: `terraform`."),
			"policy":            text("assume_role_with_oidc.policy", "RAM policy, in JSON, that further restricts the session."),
			"session_expiration": schema.Int64Attribute{Optional: true, MarkdownDescription: "Lifetime of a session, in seconds, from 900 to 43200; longer runs open more sessions. " +
				"Default: 3600."},
		}},
	}
}

func text(name, description string) schema.StringAttribute {
	return schema.StringAttribute{Optional: true, MarkdownDescription: documented(name, description)}
}

func secret(name, description string) schema.StringAttribute {
	return schema.StringAttribute{Optional: true, Sensitive: true, MarkdownDescription: documented(name, description)}
}

// documented adds the environment variables to a description.
func documented(name, description string) string {
	names := environment[name]
	switch len(names) {
	case 0:
		return description
	case 1:
		return description + " Environment variable: `" + names[0] + "`."
	}
	return description + " Environment variables, the first that is not empty: `" + strings.Join(names, "`, `") + "`."
}

// userAgent returns the User-Agent header.
func userAgent(version, terraformVersion, configurationSource string) string {
	agent := "terraform-provider-esa/" + version
	if terraformVersion != "" {
		agent += " (+Terraform " + terraformVersion + ")"
	}
	if configurationSource != "" {
		agent += " " + configurationSource
	}
	return agent
}
