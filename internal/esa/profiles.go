package esa

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"

	"github.com/aliyun/credentials-go/credentials/providers"
)

// ProfileRegion returns the region of the profile that cfg names. It returns "" if there is none, or if NewCredential
// would return an error for the profile.
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

// profile is a profile of the CLI, with the fields about credentials.
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

	OAuthAccessToken  string `json:"oauth_access_token"`
	OAuthRefreshToken string `json:"oauth_refresh_token"`
}

// profileModes are the modes that profile.source supports.
const profileModes = "AK, StsToken, RamRoleArn, ChainableRamRoleArn, EcsRamRole, OIDC, CloudSSO, OAuth and External"

// role returns the role of a profile of mode RamRoleArn or ChainableRamRoleArn.
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

// readProfiles reads a configuration file; "" is the CLI's default. Its errors contain nothing of the content.
func readProfiles(path string) (*profileFile, error) {
	const field = "shared_credentials_file"
	if path == "" {
		path = "~/.aliyun/config.json"
	}
	file := &profileFile{path: expandHome(path)}
	content, err := os.ReadFile(file.path)
	if err != nil {
		return nil, &CredentialError{field, fmt.Sprintf("The file %s cannot be read: %v. "+
			"Set it to the configuration file of the Alibaba Cloud CLI, or create one with \"aliyun configure\".", file.path, reason(err))}
	}
	if err := json.Unmarshal(content, file); err != nil {
		return nil, &CredentialError{field, fmt.Sprintf("The file %s is not a JSON configuration file of the Alibaba Cloud CLI%s. "+
			"Fix it, or create a new one with \"aliyun configure\". Files in INI format are not supported.", file.path, position(err))}
	}
	return file, nil
}

// position returns where the JSON is invalid.
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
		return nil, &CredentialError{"profile", fmt.Sprintf("The file %s has no profiles. Add %q with \"aliyun configure --profile %s\".",
			f.path, name, name)}
	}
	return nil, &CredentialError{"profile", fmt.Sprintf("The file %s has no profile %q. It has %s. Use one of them, or add it with \"aliyun configure --profile %s\".",
		f.path, name, strings.Join(names, ", "), name)}
}

// source returns the source of a profile, and for the mode RamRoleArn also the role to assume with it. chain are the
// profiles that led to this one by their source_profile.
//
// The modes are handled here, and not by the profile provider of credentials-go, because that one reads the file only
// when credentials are first needed, fills empty values from the environment, follows a cycle of source profiles until
// the stack overflows, and writes the keys of the mode External into the file.
func (f *profileFile) source(name string, chain []string) (source source, role *AssumeRole, err error) {
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
		source, err = fromCommand(p.ProcessCommand)
	case "OAuth":
		source, err = f.oauth(p)
	default:
		err = &CredentialError{"profile", fmt.Sprintf("The profile %q of %s has the mode %q, which is not supported. "+
			"Use a profile with one of the modes %s.", name, f.path, p.Mode, profileModes)}
	}
	return source, role, err
}

// checkComplete checks that a profile has what its mode requires. credentials-go checks the rest.
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

// chained returns a source of sessions of the profile's role, opened with its source profile.
func (f *profileFile) chained(p *profile, chain []string) (source, error) {
	if slices.Contains(chain, p.SourceProfile) {
		return nil, &CredentialError{"profile", fmt.Sprintf("The source_profile entries of %s form a cycle: %s. End the chain with a profile of another mode.",
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

func (p *profile) oidc() (source, error) {
	return AssumeRoleWithOIDC{
		ProviderARN: p.OIDCProviderARN, RoleARN: p.RoleARN, Token: p.OIDCToken, TokenFile: expandHome(p.OIDCTokenFile),
		SessionName: p.SessionName, SessionExpiration: p.ExpiredSeconds, Policy: p.Policy,
	}.open("profile", p.STSRegion, p.EnableVPC)
}

func (p *profile) cloudSSO() (source, error) {
	provider, err := providers.NewCloudSSOCredentialsProviderBuilder().
		WithSignInUrl(p.SSOSignInURL).
		WithAccountId(p.SSOAccountID).
		WithAccessConfig(p.SSOAccessConfig).
		WithAccessToken(p.SSOAccessToken).
		WithAccessTokenExpire(p.SSOAccessTokenExpire).
		Build()
	if err != nil {
		return nil, unusable("profile", err)
	}
	return library{provider, "profile", func() []string { return []string{p.SSOAccessToken} }}.source(0), nil
}

// oauth uses the profile provider of credentials-go: every renewal returns a new refresh token, which that provider saves
// in the file for the next run.
func (f *profileFile) oauth(p *profile) (source, error) {
	provider, err := providers.NewCLIProfileCredentialsProviderBuilder().WithProfileFile(f.path).WithProfileName(p.Name).Build()
	if err != nil {
		return nil, unusable("profile", err)
	}
	return library{provider, "profile", func() []string {
		secrets := []string{p.OAuthAccessToken, p.OAuthRefreshToken}
		if now, err := readProfiles(f.path); err == nil {
			if renewed, err := now.find(p.Name); err == nil {
				secrets = append(secrets, renewed.OAuthAccessToken, renewed.OAuthRefreshToken)
			}
		}
		return secrets
	}}.source(0), nil
}
