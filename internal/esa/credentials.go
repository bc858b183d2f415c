package esa

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/aliyun/credentials-go/credentials/providers"
)

// CredentialConfig selects the source of credentials, which is the first of these that is set:
//
//	AccessKey, SecretKey and SecurityToken
//	Profile of SharedCredentialsFile
//	CredentialsURI
//	ECSRoleName
//	AssumeRoleWithOIDC
//
// AssumeRole, if set, is assumed with the credentials of that source. Sources are not combined: a missing part is never
// taken from the next one.
type CredentialConfig struct {
	// AccessKey and SecretKey are an access key, with a SecurityToken if it is temporary.
	AccessKey, SecretKey, SecurityToken string
	// Profile is the name of a profile of the Alibaba Cloud CLI. There is no default: "" means none.
	Profile string
	// SharedCredentialsFile is the CLI's file, "" for ~/.aliyun/config.json. A leading ~ is the home directory.
	SharedCredentialsFile string
	// CredentialsURI is a URL that returns temporary keys on GET.
	CredentialsURI string
	// ECSRoleName is the RAM role of the ECS instance that this runs on.
	ECSRoleName string
	// AssumeRoleWithOIDC is a role to assume with an OIDC token, nil for none.
	AssumeRoleWithOIDC *AssumeRoleWithOIDC
	// AssumeRole is a role to assume with the credentials of any of the above, nil for none.
	AssumeRole *AssumeRole
}

// AssumeRole are the parameters of STS AssumeRole.
type AssumeRole struct {
	RoleARN           string // "" for that of a profile of mode RamRoleArn
	SessionName       string // "" for the profile's, or else "terraform"
	SessionExpiration int    // seconds; 0 for the profile's, or else 3600
	Policy            string // further restricts the session; "" for none
	ExternalID        string // "" for none

	// Only profiles can choose another STS endpoint.
	stsRegion string
	stsVPC    bool
}

// AssumeRoleWithOIDC are the parameters of STS AssumeRoleWithOIDC.
type AssumeRoleWithOIDC struct {
	ProviderARN       string // required
	RoleARN           string // required
	Token             string // required without TokenFile
	TokenFile         string // read again for every session; a leading ~ is the home directory
	SessionName       string // "" for "terraform"
	SessionExpiration int    // seconds; 0 for 3600
	Policy            string // further restricts the session; "" for none
}

// ErrNoCredentials is returned by NewCredential when no source is set.
var ErrNoCredentials = errors.New("esa: no credentials")

// CredentialError is returned by NewCredential for a source that is set but unusable. It contains no secrets.
type CredentialError struct {
	// Field is the provider's argument to change, such as "profile" or "assume_role.role_arn".
	Field string
	// Problem says what is wrong with it and how to fix it, in complete sentences.
	Problem string
}

// Error returns the argument and the problem.
func (e *CredentialError) Error() string { return e.Field + ": " + e.Problem }

const (
	defaultSessionName       = "terraform"
	defaultSessionExpiration = 3600
)

// NewCredential returns a credential of the source that cfg selects. It reads files, but makes no calls and runs no
// commands: temporary credentials are fetched when they are first needed, and again three minutes before they expire.
// The credential is not safe for concurrent use by others than a Client.
//
// The errors are ErrNoCredentials and *CredentialError.
func NewCredential(cfg CredentialConfig) (Credential, error) {
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
	return newCredential(source), nil
}

// source returns the selected source, and the role to assume with it by default.
//
// The builders of credentials-go read missing values from the environment. So every value is set: the caller has read
// the environment in its own order.
func (cfg CredentialConfig) source() (source source, role *AssumeRole, err error) {
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

// staticKeys is an access key that does not change.
type staticKeys keys

func (s staticKeys) get(context.Context, time.Time) (keys, error) { return keys(s), nil }

func (s staticKeys) name() string {
	if s.securityToken == "" {
		return "static_ak"
	}
	return "static_sts"
}

// static returns an access key that does not change.
func static(accessKey, secretKey, securityToken string) (source, error) {
	switch {
	case accessKey == "" && secretKey == "":
		return nil, &CredentialError{"security_token", "It is set without access_key and secret_key. Set all three, or none."}
	case accessKey == "":
		return nil, &CredentialError{"access_key", "secret_key is set without it. Set both, or neither to use another source of credentials."}
	case secretKey == "":
		return nil, &CredentialError{"secret_key", "access_key is set without it. Set both, or neither to use another source of credentials."}
	}
	return staticKeys{accessKey: accessKey, secretKey: secretKey, securityToken: securityToken}, nil
}

// over fills the unset fields of the block assume_role from the role of the profile, which may be nil.
func (a AssumeRole) over(profile *AssumeRole) *AssumeRole {
	if profile != nil {
		a.stsRegion, a.stsVPC = profile.stsRegion, profile.stsVPC
		if a.RoleARN == "" {
			// The restrictions of the session were written for this role.
			a.RoleARN = profile.RoleARN
			a.Policy = cmp.Or(a.Policy, profile.Policy)
			a.ExternalID = cmp.Or(a.ExternalID, profile.ExternalID)
		}
		a.SessionName = cmp.Or(a.SessionName, profile.SessionName)
		a.SessionExpiration = cmp.Or(a.SessionExpiration, profile.SessionExpiration)
	}
	return &a
}

// assume returns a source of sessions of a role, opened with another source.
func assume(with source, role AssumeRole, field string) (source, error) {
	// The library calls the other source while it opens a session, during a get of ours.
	var (
		ctx    context.Context
		now    time.Time
		opener = &witness{source: with}
	)
	seconds := cmp.Or(role.SessionExpiration, defaultSessionExpiration)
	provider, err := providers.NewRAMRoleARNCredentialsProviderBuilder().
		WithCredentialsProvider(timeless{opener, func() (context.Context, time.Time) { return ctx, now }}).
		WithRoleArn(role.RoleARN).
		WithRoleSessionName(cmp.Or(role.SessionName, defaultSessionName)).
		WithDurationSeconds(seconds).
		WithPolicy(role.Policy).
		WithExternalId(role.ExternalID).
		WithStsRegionId(role.stsRegion).
		WithEnableVpc(role.stsVPC).
		Build()
	if err != nil {
		return nil, unusable(field, err)
	}
	library := library{provider, field, opener.secrets}
	return newBlocking(provider.GetProviderName(), time.Duration(seconds)*time.Second, func(c context.Context, n time.Time) (keys, error) {
		ctx, now = c, n
		return library.ask()
	}), nil
}

// source returns a source of sessions of a role, opened with an OIDC token.
func (a AssumeRoleWithOIDC) source() (source, error) {
	const block = "assume_role_with_oidc."
	switch {
	case a.ProviderARN == "":
		return nil, &CredentialError{block + "oidc_provider_arn", "It is not set. Set it to the ARN of the OIDC provider in RAM."}
	case a.RoleARN == "":
		return nil, &CredentialError{block + "role_arn", "It is not set. Set it to the ARN of the role to assume."}
	case a.Token == "" && a.TokenFile == "":
		return nil, &CredentialError{block + "oidc_token", "Neither it nor oidc_token_file is set. Set one of them."}
	}
	a.TokenFile = expandHome(a.TokenFile)
	if a.Token == "" {
		token, err := os.ReadFile(a.TokenFile)
		if err != nil {
			return nil, &CredentialError{block + "oidc_token_file", fmt.Sprintf("The file %s cannot be read: %v. "+
				"Set it to the file that the token is written to.", a.TokenFile, reason(err))}
		}
		if strings.TrimSpace(string(token)) == "" {
			return nil, &CredentialError{block + "oidc_token_file", fmt.Sprintf("The file %s is empty. "+
				"Set it to the file that the token is written to.", a.TokenFile)}
		}
	}
	return a.open("assume_role_with_oidc", "", false)
}

// open returns a source of sessions from STS in a region.
func (a AssumeRoleWithOIDC) open(field, stsRegion string, stsVPC bool) (source, error) {
	seconds := cmp.Or(a.SessionExpiration, defaultSessionExpiration)
	provider, err := providers.NewOIDCCredentialsProviderBuilder().
		WithOIDCProviderARN(a.ProviderARN).
		WithRoleArn(a.RoleARN).
		WithOIDCToken(a.Token).
		WithOIDCTokenFilePath(a.TokenFile).
		WithRoleSessionName(cmp.Or(a.SessionName, defaultSessionName)).
		WithDurationSeconds(seconds).
		WithPolicy(a.Policy).
		WithStsRegionId(stsRegion).
		WithEnableVpc(stsVPC).
		Build()
	if err != nil {
		return nil, unusable(field, err)
	}
	return library{provider, field, a.secrets}.source(time.Duration(seconds) * time.Second), nil
}

// secrets returns what responses of STS may repeat. The library prefers the environment to a file.
func (a AssumeRoleWithOIDC) secrets() []string {
	file, _ := os.ReadFile(a.TokenFile)
	return []string{a.Token, os.Getenv("ALIBABA_CLOUD_OIDC_TOKEN"), strings.TrimSpace(string(file))}
}

// unusable returns the CredentialError for an error of a builder of credentials-go.
func unusable(field string, err error) error {
	return &CredentialError{field, "It cannot be used: " + err.Error() + "."}
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

// reason returns an error of the file system without the path, which the message already contains.
func reason(err error) error {
	if pathErr := new(os.PathError); errors.As(err, &pathErr) {
		return pathErr.Err
	}
	return err
}
