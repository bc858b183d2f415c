package esa

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
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
