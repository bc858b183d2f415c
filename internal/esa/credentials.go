package esa

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/aliyun/credentials-go/credentials"
	"github.com/aliyun/credentials-go/credentials/providers"
)

// CredentialConfig says where credentials come from. The first of these sources that is set is the one that is used:
//
//	AccessKey, SecretKey and SecurityToken
//	Profile of SharedCredentialsFile
//	CredentialsURI
//	ECSRoleName
//	AssumeRoleWithOIDC
//
// and AssumeRole, if set, is assumed with what the source gives. A source is a whole: nothing that it lacks is taken
// from the next one.
type CredentialConfig struct {
	// AccessKey and SecretKey are an access key, with SecurityToken if it is a temporary one.
	AccessKey, SecretKey, SecurityToken string
	// Profile is the name of a profile of the Alibaba Cloud CLI. There is no default: "" is none.
	Profile string
	// SharedCredentialsFile is the CLI's file, "" for ~/.aliyun/config.json. A leading ~ is the home directory.
	SharedCredentialsFile string
	// CredentialsURI is a URL that answers GET with a temporary key.
	CredentialsURI string
	// ECSRoleName is the RAM role of the ECS instance that this runs on.
	ECSRoleName string
	// AssumeRoleWithOIDC is a role to assume with an OIDC token, nil for none.
	AssumeRoleWithOIDC *AssumeRoleWithOIDC
	// AssumeRole is a role to assume with the credentials of any of the above, nil for none.
	AssumeRole *AssumeRole
}

// AssumeRole is a call of AssumeRole of STS.
type AssumeRole struct {
	RoleARN           string // "" for the one of a profile of mode RamRoleArn
	SessionName       string // "" for the profile's, or else "terraform"
	SessionExpiration int    // seconds; 0 for the profile's, or else 3600
	Policy            string // further restricts the session; "" for none
	ExternalID        string // "" for none

	// Only profiles can choose another STS endpoint.
	stsRegion string
	stsVPC    bool
}

// AssumeRoleWithOIDC is a call of AssumeRoleWithOIDC of STS.
type AssumeRoleWithOIDC struct {
	ProviderARN       string // required
	RoleARN           string // required
	Token             string // required, unless there is a TokenFile
	TokenFile         string // read anew for every session; a leading ~ is the home directory
	SessionName       string // "" for "terraform"
	SessionExpiration int    // seconds; 0 for 3600
	Policy            string // further restricts the session; "" for none
}

// ErrNoCredentials is returned by NewCredential when no source is set.
var ErrNoCredentials = errors.New("esa: no credentials")

// CredentialError is returned by NewCredential for a source that is set but cannot be used. It holds no secret.
type CredentialError struct {
	// Field is the provider's argument that is to be changed, such as "profile" or "assume_role.role_arn".
	Field string
	// Problem says what is wrong with it and what to do, in whole sentences.
	Problem string
}

// Error names the argument and the problem.
func (e *CredentialError) Error() string { return e.Field + ": " + e.Problem }

const (
	defaultSessionName       = "terraform"
	defaultSessionExpiration = 3600
)

// NewCredential makes a credential of the source that cfg chooses. It reads files but calls nobody: temporary
// credentials are fetched when GetCredential is first called, and again three minutes before they expire. The
// credential is not safe for concurrent use.
//
// The errors are ErrNoCredentials and *CredentialError.
func NewCredential(cfg CredentialConfig) (credentials.Credential, error) {
	source, role, err := cfg.source()
	if err != nil {
		return nil, err
	}
	if cfg.AssumeRole != nil {
		role = cfg.AssumeRole.over(role)
		if role.RoleARN == "" {
			return nil, &CredentialError{"assume_role.role_arn", "It is not set. Set it, or remove the block assume_role."}
		}
	}
	if role != nil {
		field := "assume_role"
		if cfg.AssumeRole == nil {
			field = "profile"
		}
		if source, err = assume(source, *role, field); err != nil {
			return nil, err
		}
	}
	return credentials.FromCredentialsProvider(source.GetProviderName(), source), nil
}

// source returns the chosen source, and the role that is to be assumed with it as long as nobody names another.
//
// Builders of credentials-go take from environment variables what they are not given. So they are given everything
// that is needed: the caller has looked at the environment, in an order of its own.
func (cfg CredentialConfig) source() (source providers.CredentialsProvider, role *AssumeRole, err error) {
	switch {
	case cfg.AccessKey != "" || cfg.SecretKey != "" || cfg.SecurityToken != "":
		source, err = static(cfg.AccessKey, cfg.SecretKey, cfg.SecurityToken)
	case cfg.Profile != "":
		var file *profileFile
		if file, err = readProfiles(cfg.SharedCredentialsFile); err == nil {
			source, role, err = file.source(cfg.Profile, nil)
		}
	case cfg.CredentialsURI != "":
		source, err = fromURI(cfg.CredentialsURI)
	case cfg.ECSRoleName != "":
		source, err = fromECS(cfg.ECSRoleName, "ecs_role_name")
	case cfg.AssumeRoleWithOIDC != nil:
		source, err = cfg.AssumeRoleWithOIDC.source()
	default:
		err = ErrNoCredentials
	}
	return source, role, err
}

// static returns an access key that does not change.
func static(accessKey, secretKey, securityToken string) (providers.CredentialsProvider, error) {
	switch {
	case accessKey == "" && secretKey == "":
		return nil, &CredentialError{"security_token", "It is set without access_key and secret_key. Set all three, or none."}
	case accessKey == "":
		return nil, &CredentialError{"access_key", "secret_key is set without it. Set both, or neither to use another source of credentials."}
	case secretKey == "":
		return nil, &CredentialError{"secret_key", "access_key is set without it. Set both, or neither to use another source of credentials."}
	case securityToken == "":
		source, err := providers.NewStaticAKCredentialsProviderBuilder().
			WithAccessKeyId(accessKey).WithAccessKeySecret(secretKey).Build()
		return guard("access_key", source, err)
	}
	source, err := providers.NewStaticSTSCredentialsProviderBuilder().
		WithAccessKeyId(accessKey).WithAccessKeySecret(secretKey).WithSecurityToken(securityToken).Build()
	return guard("access_key", source, err)
}

// fromURI returns what a URL answers.
func fromURI(uri string) (providers.CredentialsProvider, error) {
	// The address is not repeated in messages, as it may hold a token.
	parsed, err := url.Parse(uri)
	if err != nil || parsed.Scheme != "http" && parsed.Scheme != "https" || parsed.Hostname() == "" {
		return nil, &CredentialError{"credentials_uri", "It is not an http:// or https:// URL with a host. " +
			"Set it to the address that answers with temporary credentials."}
	}
	source, err := providers.NewURLCredentialsProviderBuilder().WithUrl(uri).Build()
	return guard("credentials_uri", source, err)
}

// fromECS returns what the metadata service of an ECS instance answers for a role, "" being the instance's own.
func fromECS(roleName, field string) (providers.CredentialsProvider, error) {
	source, err := providers.NewECSRAMRoleCredentialsProviderBuilder().WithRoleName(roleName).Build()
	return guard(field, source, err)
}

// over fills what the block assume_role leaves open from the role of the profile, which may be nil.
func (a AssumeRole) over(profile *AssumeRole) *AssumeRole {
	if profile != nil {
		a.stsRegion, a.stsVPC = profile.stsRegion, profile.stsVPC
		if a.RoleARN == "" {
			// The session's restrictions belong to the role that they were written for.
			a.RoleARN = profile.RoleARN
			a.Policy = cmp.Or(a.Policy, profile.Policy)
			a.ExternalID = cmp.Or(a.ExternalID, profile.ExternalID)
		}
		a.SessionName = cmp.Or(a.SessionName, profile.SessionName)
		a.SessionExpiration = cmp.Or(a.SessionExpiration, profile.SessionExpiration)
	}
	return &a
}

// assume returns sessions of a role that are opened with another source.
func assume(with providers.CredentialsProvider, role AssumeRole, field string) (providers.CredentialsProvider, error) {
	source, err := providers.NewRAMRoleARNCredentialsProviderBuilder().
		WithCredentialsProvider(with).
		WithRoleArn(role.RoleARN).
		WithRoleSessionName(cmp.Or(role.SessionName, defaultSessionName)).
		WithDurationSeconds(cmp.Or(role.SessionExpiration, defaultSessionExpiration)).
		WithPolicy(role.Policy).
		WithExternalId(role.ExternalID).
		WithStsRegionId(role.stsRegion).
		WithEnableVpc(role.stsVPC).
		Build()
	return guard(field, source, err)
}

// source returns sessions of a role that are opened with an OIDC token.
func (a AssumeRoleWithOIDC) source() (providers.CredentialsProvider, error) {
	const block = "assume_role_with_oidc."
	switch {
	case a.ProviderARN == "":
		return nil, &CredentialError{block + "oidc_provider_arn", "It is not set. Set it to the ARN of the OIDC provider in RAM."}
	case a.RoleARN == "":
		return nil, &CredentialError{block + "role_arn", "It is not set. Set it to the ARN of the role to assume."}
	case a.Token == "" && a.TokenFile == "":
		return nil, &CredentialError{block + "oidc_token", "Neither it nor oidc_token_file is set. Set one of them."}
	}
	tokenFile := expandHome(a.TokenFile)
	if a.Token == "" {
		token, err := os.ReadFile(tokenFile)
		if err != nil {
			return nil, &CredentialError{block + "oidc_token_file", fmt.Sprintf("The file %s cannot be read: %v. "+
				"Set it to the file that the token is written to.", tokenFile, reason(err))}
		}
		if strings.TrimSpace(string(token)) == "" {
			return nil, &CredentialError{block + "oidc_token_file", fmt.Sprintf("The file %s is empty. "+
				"Set it to the file that the token is written to.", tokenFile)}
		}
	}
	source, err := providers.NewOIDCCredentialsProviderBuilder().
		WithOIDCProviderARN(a.ProviderARN).
		WithRoleArn(a.RoleARN).
		WithOIDCToken(a.Token).
		WithOIDCTokenFilePath(tokenFile).
		WithRoleSessionName(cmp.Or(a.SessionName, defaultSessionName)).
		WithDurationSeconds(cmp.Or(a.SessionExpiration, defaultSessionExpiration)).
		WithPolicy(a.Policy).
		Build()
	return guard("assume_role_with_oidc", source, err)
}

// ProfileRegion returns the region of the profile that cfg names, "" if there is none or NewCredential would refuse
// the profile.
func (cfg CredentialConfig) ProfileRegion() string {
	if cfg.Profile == "" {
		return ""
	}
	file, err := readProfiles(cfg.SharedCredentialsFile)
	if err != nil {
		return ""
	}
	p, err := file.find(cfg.Profile)
	if err != nil {
		return ""
	}
	return p.RegionID
}

// profile is one of the CLI's profiles, as far as it is about credentials.
type profile struct {
	Name            string `json:"name"`
	Mode            string `json:"mode"`
	RegionID        string `json:"region_id"`
	AccessKeyID     string `json:"access_key_id"`
	AccessKeySecret string `json:"access_key_secret"`
	STSToken        string `json:"sts_token"`
	RoleName        string `json:"ram_role_name"`
	RoleARN         string `json:"ram_role_arn"`
	SessionName     string `json:"ram_session_name"`
	ExpiredSeconds  int    `json:"expired_seconds"`
	Policy          string `json:"policy"`
	ExternalID      string `json:"external_id"`
	STSRegion       string `json:"sts_region"`
	EnableVPC       bool   `json:"enable_vpc"`
	SourceProfile   string `json:"source_profile"`
	OIDCProviderARN string `json:"oidc_provider_arn"`
	OIDCToken       string `json:"oidc_token"`
	OIDCTokenFile   string `json:"oidc_token_file"`
	ProcessCommand  string `json:"process_command"`

	SSOSignInURL         string `json:"cloud_sso_sign_in_url"`
	SSOAccountID         string `json:"cloud_sso_account_id"`
	SSOAccessConfig      string `json:"cloud_sso_access_config"`
	SSOAccessToken       string `json:"access_token"`
	SSOAccessTokenExpire int64  `json:"cloud_sso_access_token_expire"`
}

// profileModes are the modes that profile.source knows.
const profileModes = "AK, StsToken, RamRoleArn, ChainableRamRoleArn, EcsRamRole, OIDC, CloudSSO, OAuth and External"

// role is the role of a profile of mode RamRoleArn or ChainableRamRoleArn.
func (p *profile) role() *AssumeRole {
	return &AssumeRole{
		RoleARN: p.RoleARN, SessionName: p.SessionName, SessionExpiration: p.ExpiredSeconds,
		Policy: p.Policy, ExternalID: p.ExternalID, stsRegion: p.STSRegion, stsVPC: p.EnableVPC,
	}
}

// profileFile is the CLI's configuration file.
type profileFile struct {
	path     string
	Profiles []*profile `json:"profiles"`
}

// readProfiles reads the file, "" being the CLI's own. Nothing of its content is repeated in errors.
func readProfiles(path string) (*profileFile, error) {
	const field = "shared_credentials_file"
	if path == "" {
		path = "~/.aliyun/config.json"
	}
	file := &profileFile{path: expandHome(path)}
	content, err := os.ReadFile(file.path)
	if err != nil {
		return nil, &CredentialError{field, fmt.Sprintf("The file %s cannot be read: %v. "+
			"Set it to the configuration file of the Alibaba Cloud CLI, or make one with \"aliyun configure\".", file.path, reason(err))}
	}
	if err := json.Unmarshal(content, file); err != nil {
		return nil, &CredentialError{field, fmt.Sprintf("The file %s is not the JSON that the Alibaba Cloud CLI writes%s. "+
			"Repair it, or make a new one with \"aliyun configure\". Files in INI format are not supported.", file.path, position(err))}
	}
	return file, nil
}

// position says where the JSON is wrong.
func position(err error) string {
	if syntax := new(json.SyntaxError); errors.As(err, &syntax) {
		return fmt.Sprintf(" (byte %d)", syntax.Offset)
	}
	if wrongType := new(json.UnmarshalTypeError); errors.As(err, &wrongType) {
		return fmt.Sprintf(" (%s, byte %d)", wrongType.Field, wrongType.Offset)
	}
	return ""
}

// find returns a profile by its name.
func (f *profileFile) find(name string) (*profile, error) {
	names := make([]string, 0, len(f.Profiles))
	for _, p := range f.Profiles {
		if p == nil {
			continue
		}
		if p.Name == name {
			return p, nil
		}
		names = append(names, fmt.Sprintf("%q", p.Name))
	}
	if len(names) == 0 {
		return nil, &CredentialError{"profile", fmt.Sprintf("The file %s has no profile %q, nor any other. Add it with \"aliyun configure --profile %s\".",
			f.path, name, name)}
	}
	return nil, &CredentialError{"profile", fmt.Sprintf("The file %s has no profile %q. It has %s. Name one of them, or add it with \"aliyun configure --profile %s\".",
		f.path, name, strings.Join(names, ", "), name)}
}

// source returns what a profile stands for, and for the mode RamRoleArn the role that is still to be assumed with it.
// chain are the profiles that lead to this one as their source_profile.
//
// The modes are taken apart here, and not left to the profile provider of credentials-go, because that one looks at
// the file only when credentials are first needed, fills empty values from the environment, follows a circle of
// source profiles until the stack overflows, and for the mode External writes the keys into the file.
func (f *profileFile) source(name string, chain []string) (source providers.CredentialsProvider, role *AssumeRole, err error) {
	p, err := f.find(name)
	if err != nil {
		return nil, nil, err
	}
	if err := f.checkComplete(p); err != nil {
		return nil, nil, err
	}
	switch p.Mode {
	case "AK":
		source, err = static(p.AccessKeyID, p.AccessKeySecret, "")
	case "StsToken":
		source, err = static(p.AccessKeyID, p.AccessKeySecret, p.STSToken)
	case "RamRoleArn":
		source, err = static(p.AccessKeyID, p.AccessKeySecret, "")
		role = p.role()
	case "ChainableRamRoleArn":
		source, err = f.chained(p, append(slices.Clone(chain), name))
	case "EcsRamRole":
		source, err = fromECS(p.RoleName, "profile")
	case "OIDC":
		source, err = p.oidc()
	case "CloudSSO":
		source, err = p.cloudSSO()
	case "External":
		source, err = p.external()
	case "OAuth":
		source, err = f.oauth(p)
	default:
		err = &CredentialError{"profile", fmt.Sprintf("The profile %q of %s has the mode %q, which is not supported. "+
			"Use a profile of one of the modes %s.", name, f.path, p.Mode, profileModes)}
	}
	return source, role, err
}

// checkComplete checks that a profile has what its mode needs. The rest is checked by credentials-go.
func (f *profileFile) checkComplete(p *profile) error {
	needed := map[string]string{}
	switch p.Mode {
	case "AK", "StsToken", "RamRoleArn":
		needed["access_key_id"], needed["access_key_secret"] = p.AccessKeyID, p.AccessKeySecret
	case "ChainableRamRoleArn":
		needed["source_profile"] = p.SourceProfile
	case "OIDC":
		needed["oidc_provider_arn"], needed["oidc_token_file"] = p.OIDCProviderARN, cmp.Or(p.OIDCToken, p.OIDCTokenFile)
	}
	switch p.Mode {
	case "StsToken":
		needed["sts_token"] = p.STSToken
	case "RamRoleArn", "ChainableRamRoleArn", "OIDC":
		needed["ram_role_arn"] = p.RoleARN
	}
	maps.DeleteFunc(needed, func(_, value string) bool { return value != "" })
	if len(needed) == 0 {
		return nil
	}
	return &CredentialError{"profile", fmt.Sprintf("The profile %q of %s has the mode %s but no %s. Complete it with \"aliyun configure --profile %s --mode %s\".",
		p.Name, f.path, p.Mode, strings.Join(slices.Sorted(maps.Keys(needed)), " and no "), p.Name, p.Mode)}
}

// chained returns sessions of the profile's role that are opened with its source profile.
func (f *profileFile) chained(p *profile, chain []string) (providers.CredentialsProvider, error) {
	if slices.Contains(chain, p.SourceProfile) {
		return nil, &CredentialError{"profile", fmt.Sprintf("The source_profile entries of %s form a circle: %s. Let the chain end in a profile of another mode.",
			f.path, strings.Join(append(chain, p.SourceProfile), ", "))}
	}
	source, role, err := f.source(p.SourceProfile, chain)
	if err == nil && role != nil {
		source, err = assume(source, *role, "profile")
	}
	if err != nil {
		return nil, err
	}
	return assume(source, *p.role(), "profile")
}

func (p *profile) oidc() (providers.CredentialsProvider, error) {
	source, err := providers.NewOIDCCredentialsProviderBuilder().
		WithOIDCProviderARN(p.OIDCProviderARN).
		WithRoleArn(p.RoleARN).
		WithOIDCToken(p.OIDCToken).
		WithOIDCTokenFilePath(expandHome(p.OIDCTokenFile)).
		WithRoleSessionName(cmp.Or(p.SessionName, defaultSessionName)).
		WithDurationSeconds(cmp.Or(p.ExpiredSeconds, defaultSessionExpiration)).
		WithPolicy(p.Policy).
		WithStsRegionId(p.STSRegion).
		WithEnableVpc(p.EnableVPC).
		Build()
	return guard("profile", source, err)
}

func (p *profile) cloudSSO() (providers.CredentialsProvider, error) {
	source, err := providers.NewCloudSSOCredentialsProviderBuilder().
		WithSignInUrl(p.SSOSignInURL).
		WithAccountId(p.SSOAccountID).
		WithAccessConfig(p.SSOAccessConfig).
		WithAccessToken(p.SSOAccessToken).
		WithAccessTokenExpire(p.SSOAccessTokenExpire).
		Build()
	return guard("profile", source, err)
}

func (p *profile) external() (providers.CredentialsProvider, error) {
	source, err := providers.NewExternalCredentialsProviderBuilder().WithProcessCommand(p.ProcessCommand).Build()
	return guard("profile", source, err)
}

// oauth leaves the profile to credentials-go, as every renewal brings a new refresh token, and that one must get
// into the file for the next run.
func (f *profileFile) oauth(p *profile) (providers.CredentialsProvider, error) {
	source, err := providers.NewCLIProfileCredentialsProviderBuilder().WithProfileFile(f.path).WithProfileName(p.Name).Build()
	return guard("profile", source, err)
}

// guarded stands between a source of credentials-go and the rest. field is the argument that chose the source.
type guarded struct {
	providers.CredentialsProvider
	field string
}

// guard wraps a source that was just built, or turns the error of its builder into one that names the argument.
func guard[P providers.CredentialsProvider](field string, source P, err error) (providers.CredentialsProvider, error) {
	if err != nil {
		return nil, &CredentialError{field, "It cannot be used: " + err.Error() + "."}
	}
	return &guarded{source, field}, nil
}

// sourceError is an error of a source that needs no further words.
type sourceError struct{ error }

// Unwrap gives the cause to errors.Is and errors.As.
func (e sourceError) Unwrap() error { return errors.Unwrap(e.error) }

// GetCredentials returns one whole set.
func (g *guarded) GetCredentials() (set *providers.Credentials, err error) {
	defer func() {
		// credentials-go uses the parts of an answer without a look whether it has them.
		if cause := recover(); cause != nil {
			set, err = nil, sourceError{fmt.Errorf("%s: the source's answer is incomplete (%v)", g.field, cause)}
		}
	}()
	set, err = g.CredentialsProvider.GetCredentials()
	if err != nil {
		return nil, g.explain(err)
	}
	return set, nil
}

// explain says which argument an error is about and takes out what may be secret: credentials-go repeats whole
// answers, keys and tokens included, and the addresses that it asked.
func (g *guarded) explain(err error) error {
	if errors.As(err, new(sourceError)) {
		return err
	}
	if urlErr := new(url.Error); errors.As(err, &urlErr) {
		return sourceError{fmt.Errorf("%s: %w", g.field, urlErr.Err)}
	}
	if g.field == "credentials_uri" {
		return sourceError{fmt.Errorf("%s: the address did not answer with HTTP status 200 and a JSON object that has AccessKeyId, "+
			"AccessKeySecret, SecurityToken and Expiration (such as 2026-01-02T15:04:05Z)", g.field)}
	}
	text, answer, found := strings.Cut(err.Error(), "{")
	if !found {
		return sourceError{fmt.Errorf("%s: %w", g.field, err)}
	}
	var refusal struct{ Code, Message, RequestId string }
	if json.Unmarshal([]byte("{"+answer), &refusal) != nil || refusal.Code == "" {
		return sourceError{fmt.Errorf("%s: %s(the answer is left out, as it may hold secrets)", g.field, text)}
	}
	if ErrorCode(refusal.Code) == CodeSignatureDoesNotMatch {
		// This message repeats all that was signed, the security token included.
		refusal.Message = "the secret does not belong to the access key"
	}
	return sourceError{fmt.Errorf("%s: %s%s: %s (request id %s)", g.field, text, refusal.Code, refusal.Message, refusal.RequestId)}
}

// expandHome replaces a leading ~ by the home directory, if that is known.
func expandHome(path string) string {
	rest, found := strings.CutPrefix(path, "~")
	if !found || rest != "" && rest[0] != '/' && rest[0] != filepath.Separator {
		return path
	}
	home, err := os.UserHomeDir()
	if err != nil {
		return path
	}
	return filepath.Join(home, rest)
}

// reason is an error of the file system without the path, which the message has already.
func reason(err error) error {
	if pathErr := new(os.PathError); errors.As(err, &pathErr) {
		return pathErr.Err
	}
	return err
}
