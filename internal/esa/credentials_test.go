package esa

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// isolate gives a test an empty home directory, and an environment that fails the test if credentials-go reads it by itself.
func isolate(t *testing.T) (home string) {
	t.Helper()
	home = t.TempDir()
	t.Setenv("HOME", home)
	t.Setenv("USERPROFILE", home)
	for _, name := range []string{
		"ALIBABA_CLOUD_ACCESS_KEY_ID", "ALIBABA_CLOUD_ACCESS_KEY_SECRET", "ALIBABA_CLOUD_SECURITY_TOKEN",
		"ALIBABA_CLOUD_ROLE_ARN", "ALIBABA_CLOUD_ROLE_SESSION_NAME", "ALIBABA_CLOUD_OIDC_PROVIDER_ARN",
		"ALIBABA_CLOUD_PROFILE", "ALIBABA_CLOUD_CONFIG_FILE", "ALIBABA_CLOUD_CREDENTIALS_FILE",
		"ALIBABA_CLOUD_CREDENTIALS_URI", "ALIBABA_CLOUD_ECS_METADATA",
	} {
		t.Setenv(name, "from-the-environment")
	}
	for _, name := range []string{
		"ALIBABA_CLOUD_OIDC_TOKEN", "ALIBABA_CLOUD_OIDC_TOKEN_FILE", "ALIBABA_CLOUD_CLI_PROFILE_DISABLED",
		"ALIBABA_CLOUD_ECS_METADATA_DISABLED", "ALIBABA_CLOUD_IMDSV1_DISABLED", "ALIBABA_CLOUD_STS_REGION",
		"ALIBABA_CLOUD_VPC_ENDPOINT_ENABLED", "DEBUG",
	} {
		t.Setenv(name, "")
	}
	return home
}

// cloud stands for STS and the sign-in hosts, because all requests of credentials-go end here. It also stands for the
// metadata service and for a credentials URI. It responds by host and action, or by path, and records the requests.
type cloud struct {
	// url is the address of the metadata service and of credentials URIs. Requests to it are recorded without a host.
	url     string
	answers map[string]string
	// status and always, if set, are the response to every request.
	status  int
	always  *string
	asked   []string
	methods []string
	headers []http.Header
	forms   []url.Values
	keys    []string
}

func newCloud(t *testing.T, answers map[string]string) *cloud {
	t.Helper()
	c := &cloud{answers: answers}
	server := httptest.NewTLSServer(c)
	t.Cleanup(server.Close)
	plain := httptest.NewServer(c)
	t.Cleanup(plain.Close)
	c.url = plain.URL
	service := metadataService
	t.Cleanup(func() { metadataService = service })
	metadataService = plain.URL

	trust := &tls.Config{RootCAs: x509.NewCertPool(), ServerName: "example.com"}
	trust.RootCAs.AddCert(server.Certificate())

	// credentials-go clones http.DefaultTransport for every request.
	previous := http.DefaultTransport
	t.Cleanup(func() { http.DefaultTransport = previous })
	http.DefaultTransport = &http.Transport{
		DialTLSContext: func(ctx context.Context, network, _ string) (net.Conn, error) {
			return (&tls.Dialer{Config: trust}).DialContext(ctx, network, server.Listener.Addr().String())
		},
	}
	return c
}

func (c *cloud) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if err := r.ParseForm(); err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	question := strings.TrimPrefix(r.Host+r.URL.Path, strings.TrimPrefix(c.url, "http://"))
	if action := r.Form.Get("Action"); action != "" {
		question = r.Host + " " + action
	}
	c.asked = append(c.asked, question)
	c.methods, c.headers = append(c.methods, r.Method), append(c.headers, r.Header)
	c.forms = append(c.forms, r.PostForm)
	c.keys = append(c.keys, r.Form.Get("AccessKeyId"))
	if c.always != nil {
		w.WriteHeader(c.status)
		_, _ = fmt.Fprint(w, *c.always)
		return
	}
	answer, ok := c.answers[question]
	if !ok {
		http.Error(w, "nothing here", http.StatusNotFound)
		return
	}
	if strings.Contains(answer, `"Message":`) || strings.HasPrefix(answer, "<") {
		w.WriteHeader(http.StatusBadRequest)
	}
	_, _ = fmt.Fprint(w, answer)
}

const later = "2099-01-02T15:04:05Z"

func session(name string) string {
	return fmt.Sprintf(`{"Credentials":{"AccessKeyId":"STS.%s","AccessKeySecret":"secret-of-%[1]s","SecurityToken":"token-of-%[1]s","Expiration":"%s"}}`, name, later)
}

// mustGet fetches credentials once.
func mustGet(t *testing.T, cfg CredentialConfig) (accessKey, secretKey, token string) {
	t.Helper()
	credential, err := NewCredential(cfg)
	if err != nil {
		t.Fatal(err)
	}
	set, err := credential.GetCredential()
	if err != nil {
		t.Fatal(err)
	}
	return *set.AccessKeyId, *set.AccessKeySecret, *set.SecurityToken
}

func wantSet(t *testing.T, cfg CredentialConfig, accessKey, secretKey, token string) {
	t.Helper()
	gotKey, gotSecret, gotToken := mustGet(t, cfg)
	if gotKey != accessKey || gotSecret != secretKey || gotToken != token {
		t.Errorf("got (%q, %q, %q), want (%q, %q, %q)", gotKey, gotSecret, gotToken, accessKey, secretKey, token)
	}
}

// wantRefused checks that a configuration is refused with an error about the field that contains all words.
func wantRefused(t *testing.T, cfg CredentialConfig, field string, words ...string) {
	t.Helper()
	_, err := NewCredential(cfg)
	var refusal *CredentialError
	if !errors.As(err, &refusal) {
		t.Fatalf("got error %v, want a CredentialError", err)
	}
	if refusal.Field != field {
		t.Errorf("the error is about %q, want %q: %v", refusal.Field, field, err)
	}
	for _, word := range words {
		if !strings.Contains(refusal.Problem, word) {
			t.Errorf("the problem is %q, want %q in it", refusal.Problem, word)
		}
	}
	if strings.Contains(err.Error(), "hush") {
		t.Errorf("the error contains a secret: %q", err)
	}
}

func write(t *testing.T, path, content string) string {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestStaticCredentials(t *testing.T) {
	isolate(t)
	wantSet(t, CredentialConfig{AccessKey: "ak", SecretKey: "sk"}, "ak", "sk", "")
	wantSet(t, CredentialConfig{AccessKey: "ak", SecretKey: "sk", SecurityToken: "token"}, "ak", "sk", "token")

	wantRefused(t, CredentialConfig{AccessKey: "ak"}, "secret_key", "access_key is set without it")
	wantRefused(t, CredentialConfig{SecretKey: "hush"}, "access_key", "secret_key is set without it")
	wantRefused(t, CredentialConfig{SecurityToken: "hush"}, "security_token", "without access_key and secret_key")
	wantRefused(t, CredentialConfig{AccessKey: "ak", SecurityToken: "hush"}, "secret_key")
}

func TestNoSourceIsNoCredentials(t *testing.T) {
	home := isolate(t)
	write(t, filepath.Join(home, ".aliyun", "config.json"), `{"current":"default","profiles":[{"name":"default","mode":"AK","access_key_id":"ak","access_key_secret":"sk"}]}`)
	for name, cfg := range map[string]CredentialConfig{
		"nothing":              {},
		"a file alone":         {SharedCredentialsFile: "~/.aliyun/config.json"},
		"a role and no source": {AssumeRole: &AssumeRole{RoleARN: "role"}},
	} {
		t.Run(name, func(t *testing.T) {
			if credential, err := NewCredential(cfg); !errors.Is(err, ErrNoCredentials) {
				t.Errorf("got %v and error %v, want ErrNoCredentials", credential, err)
			}
		})
	}
}

func TestSourcesInOrder(t *testing.T) {
	home := isolate(t)
	write(t, filepath.Join(home, ".aliyun", "config.json"), `{"profiles":[{"name":"ci","mode":"StsToken","access_key_id":"ak","access_key_secret":"sk","sts_token":"token"}]}`)
	cfg := CredentialConfig{
		AccessKey: "ak", SecretKey: "sk",
		Profile:            "ci",
		CredentialsURI:     "http://127.0.0.1:1/",
		ECSRoleName:        "role",
		AssumeRoleWithOIDC: &AssumeRoleWithOIDC{ProviderARN: "provider", RoleARN: "role", Token: "token"},
	}
	for _, step := range []struct {
		want   string
		remove func()
	}{
		{"static_ak", func() { cfg.AccessKey, cfg.SecretKey = "", "" }},
		{"static_sts", func() { cfg.Profile = "" }},
		{"credential_uri", func() { cfg.CredentialsURI = "" }},
		{"ecs_ram_role", func() { cfg.ECSRoleName = "" }},
		{"oidc_role_arn", func() {}},
	} {
		for _, test := range []struct {
			role *AssumeRole
			want string
		}{{nil, step.want}, {&AssumeRole{RoleARN: "role"}, "ram_role_arn"}} {
			cfg.AssumeRole = test.role
			credential, err := NewCredential(cfg)
			if err != nil {
				t.Fatalf("%s: %v", step.want, err)
			}
			if got := *credential.GetType(); got != test.want {
				t.Errorf("the source is %s, want %s (assuming a role: %t)", got, test.want, test.role != nil)
			}
		}
		step.remove()
	}
}

func TestProfiles(t *testing.T) {
	home := isolate(t)
	keys := `"access_key_id":"profile-ak","access_key_secret":"profile-sk"`
	answer := write(t, filepath.Join(home, "answer.json"), `{"mode":"StsToken","access_key_id":"external-ak","access_key_secret":"external-sk","sts_token":"external-token"}`)
	write(t, filepath.Join(home, "token"), "oidc-token")
	expires := time.Now().Add(time.Hour).Unix()
	file := write(t, filepath.Join(home, "cli.json"), fmt.Sprintf(`{"profiles":[
		{"name":"ak","mode":"AK",%[1]s,"region_id":"ap-southeast-1"},
		{"name":"sts","mode":"StsToken",%[1]s,"sts_token":"profile-token"},
		{"name":"role","mode":"RamRoleArn",%[1]s,"ram_role_arn":"role-arn","ram_session_name":"profile-session","expired_seconds":1800,"external_id":"profile-external","policy":"profile-policy"},
		{"name":"chain","mode":"ChainableRamRoleArn","source_profile":"role","ram_role_arn":"chain-arn"},
		{"name":"vpc","mode":"ChainableRamRoleArn","source_profile":"ak","ram_role_arn":"vpc-arn","sts_region":"cn-shanghai","enable_vpc":true},
		{"name":"ecs","mode":"EcsRamRole","ram_role_name":"ecs-role"},
		{"name":"oidc","mode":"OIDC","oidc_provider_arn":"provider","oidc_token_file":"~/token","ram_role_arn":"oidc-arn"},
		{"name":"oidc-inline","mode":"OIDC","oidc_provider_arn":"provider","oidc_token":"inline-token","ram_role_arn":"oidc-arn","expired_seconds":1800,"sts_region":"cn-shanghai","ram_session_name":"oidc-session"},
		{"name":"sso","mode":"CloudSSO","cloud_sso_sign_in_url":"https://signin.test/path","cloud_sso_account_id":"1","cloud_sso_access_config":"ac","access_token":"at","cloud_sso_access_token_expire":%[2]d},
		{"name":"oauth","mode":"OAuth","oauth_site_type":"INTL","oauth_refresh_token":"rt","oauth_access_token":"at","oauth_access_token_expire":%[2]d},
		{"name":"external","mode":"External","process_command":"cat %[3]s"}
	]}`, keys, expires, answer))
	answers := map[string]string{
		"sts.aliyuncs.com AssumeRole":                         session("role"),
		"sts-vpc.cn-shanghai.aliyuncs.com AssumeRole":         session("vpc"),
		"sts.aliyuncs.com AssumeRoleWithOIDC":                 session("oidc"),
		"sts.cn-shanghai.aliyuncs.com AssumeRoleWithOIDC":     session("inline"),
		"/latest/api/token":                                   "metadata-token",
		"/latest/meta-data/ram/security-credentials/ecs-role": `{"Code":"Success","AccessKeyId":"STS.ecs","AccessKeySecret":"secret-of-ecs","SecurityToken":"token-of-ecs","Expiration":"` + later + `"}`,
		"signin.test/cloud-credentials":                       `{"CloudCredential":{"AccessKeyId":"STS.sso","AccessKeySecret":"secret-of-sso","SecurityToken":"token-of-sso","Expiration":"` + later + `"}}`,
		"oauth.alibabacloud.com/v1/exchange":                  `{"accessKeyId":"STS.oauth","accessKeySecret":"secret-of-oauth","securityToken":"token-of-oauth","expiration":"` + later + `"}`,
	}
	for _, test := range []struct {
		profile                      string
		accessKey, secretKey, token  string
		calls                        int
		firstSession, firstSignature string
		form                         map[string]string // other values of the first request
	}{
		{profile: "ak", accessKey: "profile-ak", secretKey: "profile-sk"},
		{profile: "sts", accessKey: "profile-ak", secretKey: "profile-sk", token: "profile-token"},
		{profile: "role", accessKey: "STS.role", secretKey: "secret-of-role", token: "token-of-role", calls: 1, firstSession: "profile-session", firstSignature: "profile-ak"},
		{profile: "chain", accessKey: "STS.role", secretKey: "secret-of-role", token: "token-of-role", calls: 2, firstSession: "profile-session", firstSignature: "profile-ak"},
		{profile: "vpc", accessKey: "STS.vpc", secretKey: "secret-of-vpc", token: "token-of-vpc", calls: 1, firstSession: "terraform", firstSignature: "profile-ak"},
		{profile: "ecs", accessKey: "STS.ecs", secretKey: "secret-of-ecs", token: "token-of-ecs", calls: 2},
		{profile: "oidc", accessKey: "STS.oidc", secretKey: "secret-of-oidc", token: "token-of-oidc", calls: 1, firstSession: "terraform"},
		{profile: "oidc-inline", accessKey: "STS.inline", secretKey: "secret-of-inline", token: "token-of-inline", calls: 1, firstSession: "oidc-session", form: map[string]string{"OIDCToken": "inline-token", "DurationSeconds": "1800"}},
		{profile: "sso", accessKey: "STS.sso", secretKey: "secret-of-sso", token: "token-of-sso", calls: 1},
		{profile: "external", accessKey: "external-ak", secretKey: "external-sk", token: "external-token"},
		{profile: "oauth", accessKey: "STS.oauth", secretKey: "secret-of-oauth", token: "token-of-oauth", calls: 1},
	} {
		t.Run(test.profile, func(t *testing.T) {
			cloud := newCloud(t, answers)
			before, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			cfg := CredentialConfig{Profile: test.profile, SharedCredentialsFile: "~/cli.json"}
			credential, err := NewCredential(cfg)
			if err != nil {
				t.Fatal(err)
			}
			if len(cloud.asked) != 0 {
				t.Errorf("got requests %s before the first call is signed, want none", cloud.asked)
			}
			for range 2 {
				set, err := credential.GetCredential()
				if err != nil {
					t.Fatal(err)
				}
				if *set.AccessKeyId != test.accessKey || *set.AccessKeySecret != test.secretKey || *set.SecurityToken != test.token {
					t.Errorf("got (%q, %q, %q), want (%q, %q, %q)", *set.AccessKeyId, *set.AccessKeySecret, *set.SecurityToken, test.accessKey, test.secretKey, test.token)
				}
			}
			if len(cloud.asked) != test.calls {
				t.Fatalf("got requests %v, want %d of them", cloud.asked, test.calls)
			}
			if test.firstSession != "" && cloud.forms[0].Get("RoleSessionName") != test.firstSession {
				t.Errorf("got the session name %q, want %q", cloud.forms[0].Get("RoleSessionName"), test.firstSession)
			}
			if test.firstSignature != "" && cloud.keys[0] != test.firstSignature {
				t.Errorf("the role was assumed with the key %q, want %q", cloud.keys[0], test.firstSignature)
			}
			for name, want := range test.form {
				if got := cloud.forms[0].Get(name); got != want {
					t.Errorf("got %s = %q, want %q", name, got, want)
				}
			}
			if after, err := os.ReadFile(file); err != nil || test.profile != "oauth" && string(after) != string(before) {
				t.Errorf("the credentials file was changed (error %v)", err)
			}
		})
	}
	if got := (CredentialConfig{Profile: "ak", SharedCredentialsFile: file}).ProfileRegion(); got != "ap-southeast-1" {
		t.Errorf("got the profile's region %q, want ap-southeast-1", got)
	}
	for _, cfg := range []CredentialConfig{{}, {SharedCredentialsFile: file}, {Profile: "gone", SharedCredentialsFile: file}, {Profile: "ak"}} {
		if got := cfg.ProfileRegion(); got != "" {
			t.Errorf("got for %+v the region %q, want none", cfg, got)
		}
	}
}

func TestProfilesThatCannotBeUsed(t *testing.T) {
	home := isolate(t)
	write(t, filepath.Join(home, ".aliyun", "config.json"), `{"profiles":[null,
		{"name":"default","mode":"AK","access_key_id":"ak","access_key_secret":"hush"},
		{"name":"half","mode":"AK","access_key_id":"ak"},
		{"name":"no-token","mode":"StsToken","access_key_id":"ak","access_key_secret":"hush"},
		{"name":"no-role","mode":"RamRoleArn","access_key_id":"ak","access_key_secret":"hush"},
		{"name":"short","mode":"RamRoleArn","access_key_id":"ak","access_key_secret":"hush","ram_role_arn":"role","expired_seconds":60},
		{"name":"no-source","mode":"ChainableRamRoleArn","ram_role_arn":"role"},
		{"name":"lost-source","mode":"ChainableRamRoleArn","ram_role_arn":"role","source_profile":"gone"},
		{"name":"circle-a","mode":"ChainableRamRoleArn","ram_role_arn":"role","source_profile":"circle-b"},
		{"name":"circle-b","mode":"ChainableRamRoleArn","ram_role_arn":"role","source_profile":"circle-a"},
		{"name":"no-oidc","mode":"OIDC"},
		{"name":"sso","mode":"CloudSSO","access_token":"hush","cloud_sso_access_token_expire":1},
		{"name":"external","mode":"External"},
		{"name":"key-pair","mode":"RsaKeyPair"},
		{"name":"no-mode"}]}`)
	// The block assume_role is to be changed, even if a profile has the keys.
	wantRefused(t, CredentialConfig{Profile: "default", AssumeRole: &AssumeRole{RoleARN: "arn", SessionExpiration: 1}}, "assume_role", "session duration")
	for profile, words := range map[string][]string{
		"gone":        {`no profile "gone"`, `"default"`, `"circle-a"`, filepath.Join(home, ".aliyun", "config.json")},
		"half":        {"no access_key_secret", "aliyun configure --profile half"},
		"no-token":    {"no sts_token"},
		"no-role":     {"no ram_role_arn"},
		"short":       {"session duration"},
		"no-source":   {"no source_profile"},
		"lost-source": {`no profile "gone"`},
		"circle-a":    {"circle", "circle-a, circle-b, circle-a"},
		"no-oidc":     {"no oidc_provider_arn and no oidc_token_file and no ram_role_arn"},
		"sso":         {"expired"},
		"external":    {"process_command"},
		"key-pair":    {`"RsaKeyPair"`, "not supported", "ChainableRamRoleArn"},
		"no-mode":     {`mode ""`, "not supported"},
	} {
		t.Run(profile, func(t *testing.T) {
			wantRefused(t, CredentialConfig{Profile: profile}, "profile", words...)
		})
	}
	t.Run("disabled by the environment", func(t *testing.T) {
		t.Setenv("ALIBABA_CLOUD_ECS_METADATA_DISABLED", "true")
		wantRefused(t, CredentialConfig{ECSRoleName: "role"}, "ecs_role_name", "disabled")
	})
}

func TestFilesThatCannotBeUsed(t *testing.T) {
	home := isolate(t)
	for name, test := range map[string]struct{ content, word string }{
		"ini.json":   {"[default]\naccess_key_secret = hush\n", "byte 2"},
		"torn.json":  {`{"profiles":[{"name":"ci","access_key_secret":"hush`, "not a JSON configuration file"},
		"typed.json": {`{"profiles":[{"name":"ci","access_key_secret":["hush"]}]}`, "access_key_secret"},
		"array.json": {`["hush"]`, "not a JSON configuration file"},
	} {
		t.Run(name, func(t *testing.T) {
			file := write(t, filepath.Join(home, name), test.content)
			wantRefused(t, CredentialConfig{Profile: "ci", SharedCredentialsFile: file}, "shared_credentials_file", file, test.word)
		})
	}
	for name, content := range map[string]string{"empty.json": `{}`, "null.json": `null`, "none.json": `{"profiles":[]}`} {
		t.Run(name, func(t *testing.T) {
			file := write(t, filepath.Join(home, name), content)
			wantRefused(t, CredentialConfig{Profile: "ci", SharedCredentialsFile: file}, "profile", "has no profiles")
		})
	}
	t.Run("no such file", func(t *testing.T) {
		wantRefused(t, CredentialConfig{Profile: "ci"}, "shared_credentials_file", filepath.Join(home, ".aliyun", "config.json"), "no such file", "aliyun configure")
	})
	t.Run("a directory", func(t *testing.T) {
		wantRefused(t, CredentialConfig{Profile: "ci", SharedCredentialsFile: "~"}, "shared_credentials_file", home)
	})
	t.Run("the home directory of another user is not guessed", func(t *testing.T) {
		wantRefused(t, CredentialConfig{Profile: "ci", SharedCredentialsFile: "~nobody/config.json"}, "shared_credentials_file", "~nobody/config.json")
	})
}

func TestAssumeRole(t *testing.T) {
	home := isolate(t)
	file := write(t, filepath.Join(home, "cli.json"), `{"profiles":[{"name":"role","mode":"RamRoleArn","access_key_id":"profile-ak","access_key_secret":"profile-sk",
		"ram_role_arn":"profile-arn","ram_session_name":"profile-session","expired_seconds":1800,"external_id":"profile-external","policy":"profile-policy","sts_region":"cn-shanghai"}]}`)
	form := func(arn, name, seconds, policy, externalID string) url.Values {
		form := url.Values{"RoleArn": {arn}, "RoleSessionName": {name}, "DurationSeconds": {seconds}}
		if policy != "" {
			form.Set("Policy", policy)
		}
		if externalID != "" {
			form.Set("ExternalId", externalID)
		}
		return form
	}
	for _, test := range []struct {
		name string
		cfg  CredentialConfig
		role AssumeRole
		host string
		key  string
		want url.Values
	}{
		{
			"with defaults",
			CredentialConfig{AccessKey: "ak", SecretKey: "sk"},
			AssumeRole{RoleARN: "arn"},
			"sts.aliyuncs.com", "ak", form("arn", "terraform", "3600", "", ""),
		},
		{
			"with everything",
			CredentialConfig{AccessKey: "ak", SecretKey: "sk"},
			AssumeRole{RoleARN: "arn", SessionName: "name", SessionExpiration: 900, Policy: "policy", ExternalID: "external"},
			"sts.aliyuncs.com", "ak", form("arn", "name", "900", "policy", "external"),
		},
		{
			"another role than the profile's",
			CredentialConfig{Profile: "role", SharedCredentialsFile: file},
			AssumeRole{RoleARN: "arn"},
			"sts.cn-shanghai.aliyuncs.com", "profile-ak", form("arn", "profile-session", "1800", "", ""),
		},
		{
			"the profile's role, otherwise",
			CredentialConfig{Profile: "role", SharedCredentialsFile: file},
			AssumeRole{SessionName: "name"},
			"sts.cn-shanghai.aliyuncs.com", "profile-ak", form("profile-arn", "name", "1800", "profile-policy", "profile-external"),
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			cloud := newCloud(t, map[string]string{test.host + " AssumeRole": session("role")})
			test.cfg.AssumeRole = &test.role
			wantSet(t, test.cfg, "STS.role", "secret-of-role", "token-of-role")
			if len(cloud.forms) != 1 || cloud.forms[0].Encode() != test.want.Encode() || cloud.keys[0] != test.key {
				t.Errorf("STS got %v with the keys %v, want %v with %s", cloud.forms, cloud.keys, test.want, test.key)
			}
		})
	}
	wantRefused(t, CredentialConfig{AccessKey: "ak", SecretKey: "hush", AssumeRole: &AssumeRole{}}, "assume_role.role_arn", "not set")
	wantRefused(t, CredentialConfig{AccessKey: "ak", SecretKey: "hush", AssumeRole: &AssumeRole{RoleARN: "arn", SessionExpiration: 1}}, "assume_role", "session duration")
}

func TestAssumeRoleWithOIDC(t *testing.T) {
	home := isolate(t)
	file := write(t, filepath.Join(home, "token"), "token-1")
	complete := AssumeRoleWithOIDC{ProviderARN: "provider", RoleARN: "arn", TokenFile: "~/token"}

	t.Run("the file is read for every session", func(t *testing.T) {
		soon := time.Now().Add(time.Minute).UTC().Format("2006-01-02T15:04:05Z")
		cloud := newCloud(t, map[string]string{"sts.aliyuncs.com AssumeRoleWithOIDC": strings.ReplaceAll(session("oidc"), later, soon)})
		credential, err := NewCredential(CredentialConfig{AssumeRoleWithOIDC: &complete})
		if err != nil {
			t.Fatal(err)
		}
		for _, token := range []string{"token-1", "token-2"} {
			write(t, file, token)
			if _, err := credential.GetCredential(); err != nil {
				t.Fatal(err)
			}
			want := url.Values{"RoleArn": {"arn"}, "OIDCProviderArn": {"provider"}, "OIDCToken": {token}, "RoleSessionName": {"terraform"}, "DurationSeconds": {"3600"}}
			if got := cloud.forms[len(cloud.forms)-1]; got.Encode() != want.Encode() {
				t.Errorf("STS got %v, want %v", got, want)
			}
		}
	})
	t.Run("a role on top", func(t *testing.T) {
		cloud := newCloud(t, map[string]string{"sts.aliyuncs.com AssumeRoleWithOIDC": session("oidc"), "sts.aliyuncs.com AssumeRole": session("role")})
		wantSet(t, CredentialConfig{AssumeRoleWithOIDC: &complete, AssumeRole: &AssumeRole{RoleARN: "arn"}}, "STS.role", "secret-of-role", "token-of-role")
		if want := []string{"", "STS.oidc"}; !slices.Equal(cloud.keys, want) {
			t.Errorf("STS got the keys %q, want %q", cloud.keys, want)
		}
	})
	for name, test := range map[string]struct {
		change func(*AssumeRoleWithOIDC)
		field  string
		words  []string
	}{
		"no provider":     {func(a *AssumeRoleWithOIDC) { a.ProviderARN = "" }, "assume_role_with_oidc.oidc_provider_arn", []string{"not set"}},
		"no role":         {func(a *AssumeRoleWithOIDC) { a.RoleARN = "" }, "assume_role_with_oidc.role_arn", []string{"not set"}},
		"no token":        {func(a *AssumeRoleWithOIDC) { a.TokenFile = "" }, "assume_role_with_oidc.oidc_token", []string{"oidc_token_file"}},
		"no such file":    {func(a *AssumeRoleWithOIDC) { a.TokenFile = "~/gone" }, "assume_role_with_oidc.oidc_token_file", []string{filepath.Join(home, "gone"), "no such file"}},
		"an empty file":   {func(a *AssumeRoleWithOIDC) { a.TokenFile = write(t, filepath.Join(home, "blank"), " \n") }, "assume_role_with_oidc.oidc_token_file", []string{"empty"}},
		"a short session": {func(a *AssumeRoleWithOIDC) { a.SessionExpiration = 1 }, "assume_role_with_oidc", []string{"session duration"}},
	} {
		t.Run(name, func(t *testing.T) {
			broken := complete
			test.change(&broken)
			wantRefused(t, CredentialConfig{AssumeRoleWithOIDC: &broken}, test.field, test.words...)
		})
	}
}

func TestCredentialsURI(t *testing.T) {
	isolate(t)
	asked, expiration := 0, later
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		asked++
		_ = json.NewEncoder(w).Encode(map[string]string{"Code": "Success", "AccessKeyId": fmt.Sprint("ak-", asked), "AccessKeySecret": "sk", "SecurityToken": "token", "Expiration": expiration})
	}))
	defer server.Close()

	for _, test := range []struct {
		name       string
		expiration time.Time
		want       string
	}{
		{"credentials are kept while they last", time.Now().Add(time.Hour), "ak-1"},
		{"credentials are renewed before they expire", time.Now().Add(2 * time.Minute), "ak-2"},
	} {
		t.Run(test.name, func(t *testing.T) {
			asked, expiration = 0, test.expiration.UTC().Format("2006-01-02T15:04:05Z")
			credential, err := NewCredential(CredentialConfig{CredentialsURI: server.URL})
			if err != nil || asked != 0 {
				t.Fatalf("got error %v after %d requests, want no error and no request", err, asked)
			}
			for _, want := range []string{"ak-1", test.want} {
				set, err := credential.GetCredential()
				if err != nil {
					t.Fatal(err)
				}
				if *set.AccessKeyId != want || *set.SecurityToken != "token" {
					t.Errorf("got key %q with token %q, want %q", *set.AccessKeyId, *set.SecurityToken, want)
				}
			}
		})
	}
	for _, uri := range []string{"127.0.0.1:8080/hush", "ftp://127.0.0.1/hush", "http:///hush", "http://127.0.0.1:x/hush"} {
		t.Run(uri, func(t *testing.T) {
			wantRefused(t, CredentialConfig{CredentialsURI: uri}, "credentials_uri", "URL")
		})
	}
}

// wantFailure checks that a source fails with an error that contains all words and no secret. The first word is the argument
// that the error is about.
func wantFailure(t *testing.T, cfg CredentialConfig, words ...string) {
	t.Helper()
	credential, err := NewCredential(cfg)
	if err != nil {
		t.Fatal(err)
	}
	set, err := credential.GetCredential()
	if err == nil {
		t.Fatalf("got %v, want an error", set)
	}
	if !strings.HasPrefix(err.Error(), words[0]+": ") {
		t.Errorf("got error %q, want one about %s", err, words[0])
	}
	for _, word := range words {
		if !strings.Contains(err.Error(), word) {
			t.Errorf("got error %q, want %q in it", err, word)
		}
	}
	if strings.Contains(err.Error(), "hush") {
		t.Errorf("the error contains a secret: %q", err)
	}
}

func TestSourceErrorsHoldNoSecrets(t *testing.T) {
	home := isolate(t)
	file := write(t, filepath.Join(home, "cli.json"), fmt.Sprintf(`{"profiles":[
		{"name":"oauth","mode":"OAuth","oauth_site_type":"CN","oauth_access_token":"hush"},
		{"name":"external","mode":"External","process_command":"cat %s"},
		{"name":"sso","mode":"CloudSSO","cloud_sso_sign_in_url":"https://signin.test","cloud_sso_account_id":"1","cloud_sso_access_config":"ac","access_token":"hush","cloud_sso_access_token_expire":%d}
		]}`, filepath.Join(home, "gone"), time.Now().Add(time.Hour).Unix()))
	answers := map[string]string{
		"/no-expiration":                `{"AccessKeyId":"ak","AccessKeySecret":"hush","SecurityToken":"hush"}`,
		"/bad-expiration":               `{"AccessKeyId":"ak","AccessKeySecret":"sk","SecurityToken":"token","Expiration":"hush"}`,
		"/text":                         `hush`,
		"oauth.aliyun.com/v1/exchange":  `{"accessKeySecret":"hush"}`,
		"signin.test/cloud-credentials": `{"Code":"NoPermission","Message":"not for you","RequestId":"R-1"}`,
	}
	role := &AssumeRole{RoleARN: "arn"}
	for _, test := range []struct {
		name  string
		sts   string
		cfg   CredentialConfig
		words []string
	}{
		{name: "credentials_uri without an expiration", cfg: CredentialConfig{CredentialsURI: "/no-expiration?hush"}, words: []string{"credentials_uri", "Expiration"}},
		{name: "credentials_uri with a bad expiration", cfg: CredentialConfig{CredentialsURI: "/bad-expiration?hush"}, words: []string{"credentials_uri", "Expiration"}},
		{name: "credentials_uri with text", cfg: CredentialConfig{CredentialsURI: "/text?hush"}, words: []string{"credentials_uri", "JSON"}},
		{name: "credentials_uri with an error", cfg: CredentialConfig{CredentialsURI: "/gone?hush"}, words: []string{"credentials_uri", "status 200"}},
		{name: "a role on top of it", cfg: CredentialConfig{CredentialsURI: "/gone?hush", AssumeRole: role}, words: []string{"credentials_uri", "status 200"}},
		{
			name: "STS refuses", sts: `{"Code":"NoPermission","Message":"not for you","RequestId":"R-1"}`,
			cfg: CredentialConfig{AccessKey: "ak", SecretKey: "hush", AssumeRole: role}, words: []string{"assume_role", "NoPermission: not for you", "R-1"},
		},
		{
			name: "STS repeats what was signed", sts: `{"Code":"SignatureDoesNotMatch","Message":"server string to sign is:hush","RequestId":"R-1"}`,
			cfg: CredentialConfig{AccessKey: "ak", SecretKey: "hush", SecurityToken: "hush", AssumeRole: role}, words: []string{"assume_role", "SignatureDoesNotMatch", "R-1"},
		},
		{
			name: "STS repeats what was signed under another code", sts: `{"Code":"IncompleteSignature","Message":"The signature is bad. server string to sign is: POST&%2F&hush","RequestId":"R-1"}`,
			cfg: CredentialConfig{AccessKey: "ak", SecretKey: "sk", AssumeRole: role}, words: []string{"assume_role", "IncompleteSignature: The signature is bad. (request id R-1)"},
		},
		{
			name: "STS repeats the token", sts: `{"Code":"NoPermission","Message":"no such token as hush-and-silence","RequestId":"R-1"}`,
			cfg: CredentialConfig{AccessKey: "ak", SecretKey: "sk", SecurityToken: "hush-and-silence", AssumeRole: role}, words: []string{"assume_role", "no such token as (withheld)"},
		},
		{
			name: "a page repeats what was sent", sts: `<html>hush</html>`,
			cfg: CredentialConfig{AccessKey: "ak", SecretKey: "sk", AssumeRole: role}, words: []string{"assume_role", "omitted"},
		},
		{
			name: "STS leaves out the expiration", sts: `{"Credentials":{"AccessKeyId":"ak","AccessKeySecret":"hush","SecurityToken":"hush"}}`,
			cfg: CredentialConfig{AccessKey: "ak", SecretKey: "hush", AssumeRole: role}, words: []string{"assume_role", "incomplete"},
		},
		{name: "the sign-in host leaves out a part", cfg: CredentialConfig{Profile: "oauth", SharedCredentialsFile: file}, words: []string{"profile", "omitted"}},
		{name: "the sign-in host refuses", cfg: CredentialConfig{Profile: "sso", SharedCredentialsFile: file}, words: []string{"profile", "NoPermission: not for you", "R-1"}},
		{name: "the program fails", cfg: CredentialConfig{Profile: "external", SharedCredentialsFile: file}, words: []string{"profile", "external command"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			cloud := newCloud(t, answers)
			cloud.answers["sts.aliyuncs.com AssumeRole"] = test.sts
			if test.cfg.CredentialsURI != "" {
				test.cfg.CredentialsURI = cloud.url + test.cfg.CredentialsURI
			}
			wantFailure(t, test.cfg, test.words...)
		})
	}
	t.Run("nobody answers", func(t *testing.T) {
		listener, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		address := listener.Addr().String()
		if err := listener.Close(); err != nil {
			t.Fatal(err)
		}
		cfg := CredentialConfig{CredentialsURI: "http://" + address + "/hush"}
		wantFailure(t, cfg, "credentials_uri", "connect")
		credential, err := NewCredential(cfg)
		if err != nil {
			t.Fatal(err)
		}
		_, err = credential.GetCredential()
		if opErr := new(net.OpError); !errors.As(err, &opErr) {
			t.Errorf("the error does not wrap its cause: %v", err)
		}
	})
}

// TestRoleOfBlockAndProfile checks which fields of a session come from the block and which from the profile.
func TestRoleOfBlockAndProfile(t *testing.T) {
	profile := AssumeRole{
		RoleARN: "profile", SessionName: "profile name", SessionExpiration: 1000, Policy: "profile policy", ExternalID: "profile id", stsRegion: "cn-beijing", stsVPC: true,
	}
	block := AssumeRole{RoleARN: "block", SessionName: "block name", SessionExpiration: 2000, Policy: "block policy", ExternalID: "block id"}
	same := block
	same.RoleARN = ""
	for name, test := range map[string]struct {
		block   AssumeRole
		profile *AssumeRole
		want    AssumeRole
	}{
		"no profile":         {block, nil, block},
		"an empty block":     {AssumeRole{}, &profile, profile},
		"another role":       {AssumeRole{RoleARN: "block"}, &profile, AssumeRole{"block", "profile name", 1000, "", "", "cn-beijing", true}},
		"both, another role": {block, &profile, AssumeRole{"block", "block name", 2000, "block policy", "block id", "cn-beijing", true}},
		"both, one role":     {same, &profile, AssumeRole{"profile", "block name", 2000, "block policy", "block id", "cn-beijing", true}},
		"an empty profile":   {block, &AssumeRole{}, block},
	} {
		if got := test.block.over(test.profile); *got != test.want {
			t.Errorf("%s: got %+v, want %+v", name, *got, test.want)
		}
	}
}
