package esa

import (
	"bytes"
	"compress/gzip"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aliyun/credentials-go/credentials/providers"
	"github.com/google/go-cmp/cmp"
)

// sourceFor returns the source that a configuration selects.
func sourceFor(t *testing.T, cfg CredentialConfig) source {
	t.Helper()
	credential, err := NewCredential(cfg)
	if err != nil {
		t.Fatal(err)
	}
	return sourceOf(credential)
}

// TestSessionsOutliveAFailingSTS checks that a session is used until it expires if STS fails to return the next one.
func TestSessionsOutliveAFailingSTS(t *testing.T) {
	isolate(t)
	for _, test := range []struct {
		name   string
		action string
		cfg    CredentialConfig
	}{
		{"a role", "AssumeRole", CredentialConfig{AccessKey: "ak", SecretKey: "sk", AssumeRole: &AssumeRole{RoleARN: "arn", SessionExpiration: 1800}}},
		{"a role with OIDC", "AssumeRoleWithOIDC", CredentialConfig{AssumeRoleWithOIDC: &AssumeRoleWithOIDC{ProviderARN: "p", RoleARN: "arn", Token: "t0ken-of-oidc", SessionExpiration: 1800}}},
	} {
		t.Run(test.name, func(t *testing.T) {
			question := "sts.aliyuncs.com " + test.action
			// credentials-go uses the machine's clock. For it, the session is about to expire.
			soon := time.Now().Add(time.Minute).UTC().Format("2006-01-02T15:04:05Z")
			cloud := newCloud(t, map[string]string{question: strings.ReplaceAll(session("role"), later, soon)})
			k := newKeyring(newCredential(sourceFor(t, test.cfg)), nil)
			now := time.Now()
			wantKey(t, k, now, "STS.role")
			cloud.answers[question] = `{"Code":"NoPermission","Message":"not for you","RequestId":"R-1"}`
			wantKey(t, k, now.Add(1799*time.Second), "STS.role")
			if len(cloud.asked) != 2 {
				t.Errorf("got %d calls of STS, want 2", len(cloud.asked))
			}
			if _, err := k.snapshot(t.Context(), now.Add(1800*time.Second)); err == nil || !isTemporary(err) || !strings.Contains(err.Error(), "NoPermission") {
				t.Errorf("got error %v after the session has expired, want a temporary one with NoPermission", err)
			}
		})
	}
}

// TestLibraryRenewsThreeMinutesEarly checks the behavior of credentials-go that the keyring depends on.
func TestLibraryRenewsThreeMinutesEarly(t *testing.T) {
	home := isolate(t)
	file := write(t, filepath.Join(home, "cli.json"), fmt.Sprintf(`{"profiles":[
		{"name":"sso","mode":"CloudSSO","cloud_sso_sign_in_url":"https://signin.test/path","cloud_sso_account_id":"1","cloud_sso_access_config":"ac","access_token":"at","cloud_sso_access_token_expire":%[1]d},
		{"name":"oauth","mode":"OAuth","oauth_site_type":"INTL","oauth_refresh_token":"rt","oauth_access_token":"at","oauth_access_token_expire":%[1]d}
		]}`, time.Now().Add(time.Hour).Unix()))
	for name, cfg := range map[string]CredentialConfig{
		"role":  {AccessKey: "ak", SecretKey: "sk", AssumeRole: &AssumeRole{RoleARN: "arn"}},
		"oidc":  {AssumeRoleWithOIDC: &AssumeRoleWithOIDC{ProviderARN: "p", RoleARN: "arn", Token: "token"}},
		"sso":   {Profile: "sso", SharedCredentialsFile: file},
		"oauth": {Profile: "oauth", SharedCredentialsFile: file},
	} {
		for lifetime, want := range map[time.Duration]int{earlyRenewal - 10*time.Second: 2, earlyRenewal + time.Minute: 1} {
			expiration := time.Now().Add(lifetime).UTC().Format("2006-01-02T15:04:05Z")
			cloud := newCloud(t, map[string]string{
				"sts.aliyuncs.com AssumeRole":         strings.ReplaceAll(session("role"), later, expiration),
				"sts.aliyuncs.com AssumeRoleWithOIDC": strings.ReplaceAll(session("oidc"), later, expiration),
				"signin.test/cloud-credentials":       `{"CloudCredential":{"AccessKeyId":"STS.sso","AccessKeySecret":"s","SecurityToken":"t","Expiration":"` + expiration + `"}}`,
				"oauth.alibabacloud.com/v1/exchange":  `{"accessKeyId":"STS.oauth","accessKeySecret":"s","securityToken":"t","expiration":"` + expiration + `"}`,
			})
			source := sourceFor(t, cfg)
			for range 2 {
				if _, err := source.get(t.Context(), time.Now()); err != nil {
					t.Fatalf("%s: %v", name, err)
				}
			}
			if len(cloud.asked) != want {
				t.Errorf("%s: credentials with a lifetime of %v were fetched %d times for two calls, want %d", name, lifetime, len(cloud.asked), want)
			}
		}
	}
}

// TestWhichSourceErrorsMayPass checks which errors are retried if a source has never worked.
func TestWhichSourceErrorsMayPass(t *testing.T) {
	isolate(t)
	closed := httptest.NewServer(http.NotFoundHandler())
	closed.Close()
	role := CredentialConfig{AccessKey: "ak", SecretKey: "secret-key", AssumeRole: &AssumeRole{RoleARN: "arn"}}
	for _, test := range []struct {
		name   string
		cfg    CredentialConfig
		status int
		answer string
		want   bool
	}{
		{"STS is throttling", role, 400, `{"Code":"Throttling.User","Message":"slow down","RequestId":"R-1"}`, true},
		{"STS is unavailable", role, 503, `{"Code":"ServiceUnavailable","Message":"soon","RequestId":"R-1"}`, true},
		{"a gateway's page", role, 502, "<html>Bad Gateway</html>", true},
		{"no such role", role, 404, `{"Code":"EntityNotExist.Role","Message":"no such role","RequestId":"R-1"}`, false},
		{"no permission", role, 403, `{"Code":"NoPermission","Message":"not for you","RequestId":"R-1"}`, false},
		{"nonsense of STS", role, 200, `{"Credentials":{}}`, false},
		{"the URI is unavailable", CredentialConfig{CredentialsURI: "/x"}, 503, "", true},
		{"the URI is slow", CredentialConfig{CredentialsURI: "/x"}, 408, "", true},
		{"the URI fails", CredentialConfig{CredentialsURI: "/x"}, 500, "", true},
		{"the URI closes the request", CredentialConfig{CredentialsURI: "/x"}, 499, "", false},
		{"the URI is throttling", CredentialConfig{CredentialsURI: "/x"}, 429, "", true},
		{"the URI knows nothing", CredentialConfig{CredentialsURI: "/x"}, 404, "", false},
		{"the URI answers nonsense", CredentialConfig{CredentialsURI: "/x"}, 200, "hello", false},
		{"nobody answers at the URI", CredentialConfig{CredentialsURI: closed.URL}, 200, "", true},
		{"the URI is of https, the server of http", CredentialConfig{CredentialsURI: "https"}, 200, "", false},
		{"the metadata service is unavailable", CredentialConfig{ECSRoleName: "r"}, 500, "", true},
		{"the metadata service knows no such role", CredentialConfig{ECSRoleName: "r"}, 404, "", false},
	} {
		t.Run(test.name, func(t *testing.T) {
			cloud := newCloud(t, nil)
			cloud.status, cloud.always = test.status, &test.answer
			switch test.cfg.CredentialsURI {
			case "/x":
				test.cfg.CredentialsURI = cloud.url + "/x"
			case "https":
				test.cfg.CredentialsURI = strings.Replace(cloud.url, "http:", "https:", 1)
			}
			set, err := sourceFor(t, test.cfg).get(t.Context(), time.Now())
			if err == nil || isTemporary(err) != test.want {
				t.Errorf("got %v and error %v (temporary: %t), want temporary %t", set, err, isTemporary(err), test.want)
			}
		})
	}
}

func TestCredentialsURIIsFetchedWithinBounds(t *testing.T) {
	isolate(t)
	whole := `{"Code":"Success","AccessKeyId":"ak","AccessKeySecret":"sk","SecurityToken":"token","Expiration":"` + later + `"}`
	var asked []string
	mux := http.NewServeMux()
	mux.HandleFunc("/moved", func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, "/there", http.StatusFound) })
	mux.HandleFunc("/there", func(w http.ResponseWriter, _ *http.Request) { _, _ = fmt.Fprint(w, whole) })
	mux.HandleFunc("/large", func(w http.ResponseWriter, _ *http.Request) {
		_, _ = fmt.Fprint(w, strings.Replace(whole, "{", "{"+strings.Repeat(" ", 2<<20), 1))
	})
	mux.HandleFunc("/bomb", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Encoding", "gzip")
		packed := gzip.NewWriter(w)
		_, _ = fmt.Fprint(packed, strings.Replace(whole, "{", "{"+strings.Repeat(" ", 16<<20), 1))
		_ = packed.Close()
	})
	mux.HandleFunc("/failed", func(w http.ResponseWriter, _ *http.Request) {
		_, _ = fmt.Fprint(w, strings.Replace(whole, "Success", "Failed", 1))
	})
	for _, status := range []int{299, 300, 399, 400} {
		mux.HandleFunc(fmt.Sprint("/", status), func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(status)
			_, _ = fmt.Fprint(w, whole)
		})
	}
	mux.HandleFunc("/failed-503", func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusServiceUnavailable)
		_, _ = fmt.Fprint(w, strings.Replace(whole, "Success", "Failed", 1))
	})
	for _, field := range []string{"AccessKeyId", "AccessKeySecret", "SecurityToken", "Expiration"} {
		mux.HandleFunc("/no-"+field, func(w http.ResponseWriter, _ *http.Request) {
			_, _ = fmt.Fprint(w, strings.Replace(whole, `"`+field+`"`, `"X"`, 1))
		})
	}
	mux.HandleFunc("/most", func(w http.ResponseWriter, _ *http.Request) {
		_, _ = fmt.Fprint(w, whole+strings.Repeat(" ", answerLimit-len(whole)))
	})
	mux.HandleFunc("/more", func(w http.ResponseWriter, _ *http.Request) {
		_, _ = fmt.Fprint(w, whole+strings.Repeat(" ", answerLimit+1-len(whole)))
	})
	mux.HandleFunc("/no-code", func(w http.ResponseWriter, _ *http.Request) {
		_, _ = fmt.Fprint(w, strings.Replace(whole, `"Code":"Success",`, "", 1))
	})
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked = append(asked, r.URL.Path)
		mux.ServeHTTP(w, r)
	}))
	defer server.Close()

	const (
		must = "the URL must return HTTP status 200 and a JSON object with AccessKeyId, AccessKeySecret, SecurityToken and Expiration " +
			"(such as 2026-01-02T15:04:05Z), but it returned "
		redirect = ", a redirect, which is never followed. Set it to the URL that returns the credentials"
	)
	for path, want := range map[string]string{
		"/moved":              "the URL returned HTTP status 302" + redirect,
		"/300":                "the URL returned HTTP status 300" + redirect,
		"/399":                "the URL returned HTTP status 399" + redirect,
		"/400":                must + "HTTP status 400",
		"/299":                must + "HTTP status 299",
		"/more":               "the response has more than 1 MiB",
		"/large":              "the response has more than 1 MiB",
		"/bomb":               must + "HTTP status 200",
		"/failed":             must + "HTTP status 200 and a Code that is not Success",
		"/failed-503":         must + "HTTP status 503",
		"/no-AccessKeyId":     must + "HTTP status 200",
		"/no-AccessKeySecret": must + "HTTP status 200",
		"/no-SecurityToken":   must + "HTTP status 200",
		"/no-Expiration":      must + "HTTP status 200",
	} {
		t.Run(path, func(t *testing.T) {
			asked = nil
			wantFailure(t, CredentialConfig{CredentialsURI: server.URL + path + "?token=hush"}, "credentials_uri", want)
			credential, err := NewCredential(CredentialConfig{CredentialsURI: server.URL + path})
			if err != nil {
				t.Fatal(err)
			}
			asked = nil
			_, err = credential.GetCredential()
			wantText(t, err, "credentials_uri: "+want)
			if !slices.Equal(asked, []string{path}) {
				t.Errorf("got requests %v, want %v", asked, []string{path})
			}
		})
	}
	for _, path := range []string{"/there", "/no-code", "/most"} {
		t.Run(path, func(t *testing.T) {
			wantSet(t, CredentialConfig{CredentialsURI: server.URL + path}, "ak", "sk", "token")
		})
	}
	t.Run("ends with its context", func(t *testing.T) {
		arrived, done := make(chan struct{}), make(chan struct{})
		slow := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
			close(arrived)
			<-r.Context().Done()
			close(done)
		}))
		defer slow.Close()
		ctx, cancel := context.WithCancel(t.Context())
		go func() { <-arrived; cancel() }()
		k := newKeyring(newCredential(sourceFor(t, CredentialConfig{CredentialsURI: slow.URL})), nil)
		if _, err := k.snapshot(ctx, time.Now()); !errors.Is(err, context.Canceled) {
			t.Errorf("got error %v, want context.Canceled", err)
		}
		<-done
	})
}

// TestMetadataService checks that the metadata service is called with a token if it has one, and never through a proxy.
func TestMetadataService(t *testing.T) {
	isolate(t)
	const roles = "/latest/meta-data/ram/security-credentials/"
	whole := `{"Code":"Success","AccessKeyId":"STS.ecs","AccessKeySecret":"s","SecurityToken":"t","Expiration":"` + later + `"}`
	for _, test := range []struct {
		name      string
		role      string
		answers   map[string]string
		tokenOnly string
		failure   string
		asked     []string
	}{
		{"with a token", "r", map[string]string{"/latest/api/token": "token", roles + "r": whole}, "", "", []string{"/latest/api/token", roles + "r"}},
		{"of the instance's own role", "", map[string]string{"/latest/api/token": "token", roles: "r\n", roles + "r": whole}, "", "", []string{"/latest/api/token", roles, roles + "r"}},
		{"without a token", "r", map[string]string{roles + "r": whole}, "", "", []string{"/latest/api/token", roles + "r"}},
		{"without a token, which must be", "r", map[string]string{roles + "r": whole}, "true", "a token: HTTP status 404", []string{"/latest/api/token"}},
		{"no name of the role", "", map[string]string{"/latest/api/token": "token"}, "true", "did not return the name of the instance's role: HTTP status 404", []string{"/latest/api/token", roles}},
		{"no such role", "r", map[string]string{"/latest/api/token": "token"}, "True", `the role "r": HTTP status 404`, []string{"/latest/api/token", roles + "r"}},
		{"no success", "r", map[string]string{"/latest/api/token": "token", roles + "r": strings.Replace(whole, "Success", "hush", 1)}, "", "incomplete", []string{"/latest/api/token", roles + "r"}},
		{"no expiration", "r", map[string]string{"/latest/api/token": "token", roles + "r": strings.Replace(whole, later, "hush", 1)}, "", "incomplete", []string{"/latest/api/token", roles + "r"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Setenv("ALIBABA_CLOUD_IMDSV1_DISABLED", test.tokenOnly)
			cloud := newCloud(t, test.answers)
			source, err := fromECS(test.role, "ecs_role_name")
			if err != nil {
				t.Fatal(err)
			}
			set, err := source.get(t.Context(), time.Now())
			switch {
			case test.failure == "" && (err != nil || set.accessKey != "STS.ecs"):
				t.Errorf("got %v and error %v, want STS.ecs", set, err)
			case test.failure != "" && (err == nil || !strings.HasPrefix(err.Error(), "ecs_role_name: ") || !strings.Contains(err.Error(), test.failure) || strings.Contains(err.Error(), "hush")):
				t.Errorf("got %v and error %v, want %q", set, err, test.failure)
			}
			if !slices.Equal(cloud.asked, test.asked) {
				t.Errorf("got requests %v, want %v", cloud.asked, test.asked)
			}
			for i, header := range cloud.headers {
				want := http.Header{"User-Agent": {"terraform-provider-esa"}, "Connection": {"close"}}
				if i == 0 {
					want.Set("X-Aliyun-Ecs-Metadata-Token-Ttl-Seconds", "21600")
					want.Set("Content-Length", "0")
				} else if token := test.answers["/latest/api/token"]; token != "" {
					want.Set("X-Aliyun-Ecs-Metadata-Token", token)
				}
				if method := []string{http.MethodPut, http.MethodGet}[min(i, 1)]; cloud.methods[i] != method || !cmp.Equal(header, want) {
					t.Errorf("request %d: got %s with %v, want %s with %v", i, cloud.methods[i], header, method, want)
				}
			}
		})
	}
	transport, ok := newMetadata("").getter.client.Transport.(*http.Transport)
	if !ok || transport.Proxy != nil {
		t.Error("the metadata service is called through a proxy")
	}
}

// command writes a program that counts its runs. It returns a profile that names the program, and the count.
func command(t *testing.T, script string) (cfg CredentialConfig, runs func() int) {
	t.Helper()
	dir := t.TempDir()
	count := filepath.Join(dir, "runs")
	program := write(t, filepath.Join(dir, "program with blank"), "#!/bin/sh\necho run >>'"+count+"'\n"+script)
	if err := os.Chmod(program, 0o700); err != nil {
		t.Fatal(err)
	}
	file := write(t, filepath.Join(dir, "cli.json"), fmt.Sprintf(`{"profiles":[{"name":"external","mode":"External","process_command":%q}]}`, `"`+program+`" 'one argument'`))
	return CredentialConfig{Profile: "external", SharedCredentialsFile: file}, func() int {
		lines, _ := os.ReadFile(count)
		return strings.Count(string(lines), "\n")
	}
}

func TestCommandOutput(t *testing.T) {
	isolate(t)
	const whole = `{"mode":"StsToken","access_key_id":"ak","access_key_secret":"sk","sts_token":"token"}`
	for name, output := range map[string]string{
		"an object":           whole,
		"over several lines":  strings.ReplaceAll(whole, ",", ",\n  "),
		"after a warning":     "WARNING: version 2 is out {really}\n" + whole,
		"before a warning":    whole + "\nWARNING: version 2 is out",
		"with a byte order":   "\ufeff" + whole,
		"after a log in JSON": `{"level":"warn","message":"version 2 is out"}` + "\n" + whole,
		"among complaints":    whole + "\nEND\nhead -c 100000 /dev/zero >&2\ncat <<'END'",
		"with an expiration":  strings.Replace(whole, `"mode"`, `"expiration":"`+later+`","mode"`, 1),
	} {
		t.Run(name, func(t *testing.T) {
			cfg, _ := command(t, "cat <<'END'\n"+output+"\nEND")
			wantSet(t, cfg, "ak", "sk", "token")
		})
	}
	for name, test := range map[string]struct {
		script string
		words  []string
	}{
		"text":              {"echo hush", []string{"profile", "printed no JSON object"}},
		"half an object":    {`echo '{"access_key_id":"ak","access_key_secret":"hush'`, []string{"profile", "printed no JSON object"}},
		"no key":            {`echo '{"access_key_id":"","access_key_secret":"hush"}'`, []string{"profile", "without access_key_id"}},
		"no token":          {`echo '{"mode":"StsToken","access_key_id":"ak","access_key_secret":"hush"}'`, []string{"profile", "without sts_token"}},
		"a bad expiration":  {`echo '{"access_key_id":"ak","access_key_secret":"hush","expiration":"hush"}'`, []string{"profile", "expiration"}},
		"a megabyte":        {"head -c 2000000 /dev/zero", []string{"profile", "more than 1 MiB"}},
		"fails":             {"echo hush; exit 3", []string{"profile", "failed (exit status 3)"}},
		"fails and says so": {"printf '\\n\\033[31mlog in again\\nhush' >&2; exit 3", []string{"profile", "failed (exit status 3): [31mlog in again"}},
		"says a lot":        {"head -c 100000 /dev/zero | tr '\\0' x >&2; exit 3", []string{"profile", "xxx… (cut)"}},
	} {
		t.Run(name, func(t *testing.T) {
			cfg, _ := command(t, test.script)
			previous := os.Stdout
			defer func() { os.Stdout = previous }()
			printed, err := os.Create(filepath.Join(t.TempDir(), "stdout"))
			if err != nil {
				t.Fatal(err)
			}
			os.Stdout = printed
			wantFailure(t, cfg, test.words...)
			_ = printed.Close()
			if text, err := os.ReadFile(printed.Name()); err != nil || len(text) > 0 {
				t.Errorf("got %d bytes on stdout (error %v), want none", len(text), err)
			}
		})
	}
	for _, program := range []string{"no-such-program-anywhere --with hush", "./gone hush"} {
		t.Run(program, func(t *testing.T) {
			file := write(t, filepath.Join(t.TempDir(), "cli.json"), fmt.Sprintf(`{"profiles":[{"name":"external","mode":"External","process_command":%q}]}`, program))
			cfg := CredentialConfig{Profile: "external", SharedCredentialsFile: file}
			wantFailure(t, cfg, "profile", strings.Fields(program)[0], "cannot be started")
			if _, err := sourceFor(t, cfg).get(t.Context(), time.Now()); isTemporary(err) {
				t.Errorf("got a temporary error, want one that is not retried: %v", err)
			}
		})
	}
	t.Run("ends with its context", func(t *testing.T) {
		cfg, runs := command(t, "exec sleep 1000")
		ctx, cancel := context.WithCancel(t.Context())
		go func() {
			for runs() == 0 && t.Context().Err() == nil {
				time.Sleep(time.Millisecond)
			}
			cancel()
		}()
		if _, err := sourceFor(t, cfg).get(ctx, time.Now()); !errors.Is(err, context.Canceled) {
			t.Errorf("got error %v, want context.Canceled", err)
		}
		if _, err := newKeyring(newCredential(sourceFor(t, cfg)), nil).snapshot(ctx, time.Now()); !errors.Is(err, context.Canceled) {
			t.Errorf("got error %v, want context.Canceled", err)
		}
	})
}

// TestCommandErrors checks the whole errors of commands that fail.
func TestCommandErrors(t *testing.T) {
	isolate(t)
	const none = "printed no JSON object. It must print one with access_key_id, access_key_secret and, for temporary keys, sts_token and expiration"
	const noKey = "printed a JSON object without access_key_id or without access_key_secret"
	for script, want := range map[string]string{
		"exit 3":                               "failed (exit status 3)",
		"echo >&2; exit 3":                     "failed (exit status 3)",
		"echo no >&2; exit 3":                  "failed (exit status 3): no",
		"printf '\\tno\\ttab\\nx' >&2; exit 1": "failed (exit status 1): no tab",
		"printf '%0200d' 0 >&2; exit 1":        "failed (exit status 1): " + strings.Repeat("0", 200),
		"printf '%0201d' 0 >&2; exit 1":        "failed (exit status 1): " + strings.Repeat("0", 200) + "… (cut)",
		`echo '{"access_key_id":"ak","access_key_secret":"s3cret-key","sts_token":"t0ken-of-it"}'; echo s3cret-key t0ken-of-it >&2; exit 1`: "failed (exit status 1): (withheld) (withheld)",
		"exit 0":                            none,
		"echo null":                         none,
		"echo '[{}]'":                       none,
		"printf '{}\\n  '":                  noKey,
		`echo '{"access_key_id":"ak"}'`:     noKey,
		`echo '{"access_key_secret":"sk"}'`: noKey,
		`echo '{"mode":"StsToken","access_key_id":"ak","access_key_secret":"sk"}'`:       "printed a JSON object of mode StsToken without sts_token",
		`echo '{"access_key_id":"ak","access_key_secret":"sk","expiration":"tomorrow"}'`: "printed an invalid expiration; the format is 2026-01-02T15:04:05Z",
		"head -c 1048577 /dev/zero": "printed more than 1 MiB",
		"head -c 1048576 /dev/zero": none,
	} {
		cfg, _ := command(t, script)
		_, err := sourceFor(t, cfg).get(t.Context(), time.Now())
		if err == nil {
			t.Errorf("%s: got no error, want %s", script, want)
			continue
		}
		prefix, text, _ := strings.Cut(err.Error(), `program with blank" `)
		if !strings.HasPrefix(prefix, `profile: the external command "/`) || text != want || isTemporary(err) {
			t.Errorf("%s: got error %q, want %q after the name of the program", script, err, want)
		}
	}
	dir := t.TempDir()
	for program, want := range map[string]string{
		"no-such-program-anywhere": "executable file not found in $PATH",
		dir:                        "permission denied",
		filepath.Join(dir, "gone"): "no such file or directory",
	} {
		file := write(t, filepath.Join(t.TempDir(), "cli.json"), fmt.Sprintf(`{"profiles":[{"name":"external","mode":"External","process_command":%q}]}`, program))
		_, err := sourceFor(t, CredentialConfig{Profile: "external", SharedCredentialsFile: file}).get(t.Context(), time.Now())
		wantText(t, err, fmt.Sprintf("profile: the external command %q cannot be started: %s", program, want))
	}
}

// TestCommandObject checks which of several objects in the output of a command is used.
func TestCommandObject(t *testing.T) {
	for output, want := range map[string]*commandKeys{
		"":                                   nil,
		"  ":                                 nil,
		"text\n  ":                           nil,
		"null":                               nil,
		`"{}"`:                               nil,
		"{\n":                                nil,
		"{}":                                 {},
		"\ufeff \t{}":                        {},
		"text {\"mode\":\"a\"}":              nil,
		"{\"mode\":\"a\"}\n{\"mode\":\"b\"}": {Mode: "a"},
		"{\"mode\":\"a\"}\n{\"mode\":\"b\",\"access_key_id\":\"ak\"}\n{}": {Mode: "b", AccessKeyID: "ak"},
		"{\"access_key_id\":\"ak\"}\n{\"access_key_id\":\"other\"}":       {AccessKeyID: "ak"},
	} {
		got, found := commandObject([]byte(output))
		if found != (want != nil) || found && got != *want {
			t.Errorf("%q: got %+v, %t; want %+v", output, got, found, want)
		}
	}
}

// TestCommandRunsSeldom checks that a command runs once for all calls until its credentials are about to expire. Without an
// expiration time, they are used for five minutes.
func TestCommandRunsSeldom(t *testing.T) {
	isolate(t)
	now := time.Now()
	in := func(d time.Duration) string {
		return fmt.Sprintf(`{"access_key_id":"ak","access_key_secret":"sk","expiration":"%s"}`, now.Add(d).UTC().Format(time.RFC3339))
	}
	for _, test := range []struct {
		name   string
		output string
		times  []time.Duration
		want   int
	}{
		{"without an expiration", `{"access_key_id":"ak","access_key_secret":"sk"}`, []time.Duration{0, 0, time.Minute, 299 * time.Second}, 1},
		{"after five minutes", `{"access_key_id":"ak","access_key_secret":"sk"}`, []time.Duration{0, 5 * time.Minute}, 2},
		{"with an expiration", in(time.Hour), []time.Duration{0, 0, 56 * time.Minute}, 1},
		{"a set of a few seconds", in(8 * time.Second), []time.Duration{0, 7 * time.Second}, 1},
		{"a set of a few seconds that has expired", in(8 * time.Second), []time.Duration{0, 9 * time.Second}, 2},
		{"ten seconds after a run", in(time.Minute), []time.Duration{0, 9 * time.Second, 10 * time.Second}, 2},
		{"before it expires", in(time.Hour), []time.Duration{0, 58 * time.Minute, 58*time.Minute + time.Second, 58*time.Minute + 9*time.Second}, 2},
	} {
		t.Run(test.name, func(t *testing.T) {
			cfg, runs := command(t, "echo '"+test.output+"'")
			k := newKeyring(newCredential(sourceFor(t, cfg)), nil)
			for _, at := range test.times {
				wantKey(t, k, now.Add(at), "ak")
			}
			if runs() != test.want {
				t.Errorf("got %d runs, want %d", runs(), test.want)
			}
		})
	}
	t.Run("a child process keeps the pipes open", func(t *testing.T) {
		cfg, _ := command(t, "sleep 3 &\necho '{\"access_key_id\":\"ak\",\"access_key_secret\":\"sk\"}'")
		wantKey(t, newKeyring(newCredential(sourceFor(t, cfg)), nil), now, "ak")
	})
	t.Run("without an expiration the last set is used until ESA refuses it", func(t *testing.T) {
		broken := filepath.Join(t.TempDir(), "broken")
		cfg, _ := command(t, "test -e '"+broken+"' && exit 1\necho '{\"access_key_id\":\"ak\",\"access_key_secret\":\"sk\"}'")
		k := newKeyring(newCredential(sourceFor(t, cfg)), nil)
		wantKey(t, k, now, "ak")
		write(t, broken, "")
		wantKey(t, k, now.Add(24*time.Hour), "ak")
	})
}

func TestSplitCommand(t *testing.T) {
	for _, test := range []struct {
		command string
		windows bool
		want    []string
	}{
		{` acs-sso  login --profile	sso `, false, []string{"acs-sso", "login", "--profile", "sso"}},
		{`tool "" 'a b' c"d e"f`, false, []string{"tool", "", "a b", "cd ef"}},
		{`tool a\ b "\"\$\x" '\"'`, false, []string{"tool", "a b", `"$\x`, `\"`}},
		{"tool a\\\nb \"c\\\nd\"", false, []string{"tool", "ab", "cd"}},
		{`"C:\Program Files\tool.exe" C:\x\ "a\"b"`, true, []string{`C:\Program Files\tool.exe`, `C:\x\`, `a"b`}},
		{`"C:\x\y`, true, nil},
		{`tool 'a`, false, nil},
		{`tool \`, false, nil},
		{`""`, false, nil},
		{` `, false, nil},
	} {
		got, err := splitCommand(test.command, test.windows)
		if !slices.Equal(got, test.want) || (err == nil) != (test.want != nil) {
			t.Errorf("%s: got %q and error %v, want %q", test.command, got, err, test.want)
		}
	}
}

// TestDebugPrintsNoToken runs the test binary as a process in which debug variables tell credentials-go and net/http to
// print what they send.
func TestDebugPrintsNoToken(t *testing.T) {
	const child = "ESA_TEST_DEBUG_CHILD"
	if os.Getenv(child) != "" {
		left := os.Getenv("DEBUG") + " " + os.Getenv("GODEBUG")
		home := isolate(t)
		newCloud(t, map[string]string{
			"signin.test/cloud-credentials": `{"CloudCredential":{"AccessKeyId":"STS.sso","AccessKeySecret":"s","SecurityToken":"t","Expiration":"` + later + `"}}`,
		})
		file := write(t, filepath.Join(home, "cli.json"), fmt.Sprintf(`{"profiles":[{"name":"sso","mode":"CloudSSO","cloud_sso_sign_in_url":"https://signin.test",
			"cloud_sso_account_id":"1","cloud_sso_access_config":"ac","access_token":"hush","cloud_sso_access_token_expire":%d}]}`, time.Now().Add(time.Hour).Unix()))
		wantSet(t, CredentialConfig{Profile: "sso", SharedCredentialsFile: file}, "STS.sso", "s", "t")
		server := httptest.NewUnstartedServer(http.NotFoundHandler())
		server.EnableHTTP2 = true
		server.StartTLS()
		defer server.Close()
		response, err := server.Client().PostForm(server.URL, url.Values{"PrivateKey": {"hush"}})
		if err != nil || response.ProtoMajor != 2 {
			t.Fatalf("got %v and error %v, want HTTP/2", response, err)
		}
		_ = response.Body.Close()
		fmt.Println("the child has fetched credentials, with", left)
		return
	}
	run := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestDebugPrintsNoToken$")
	run.Env = append(os.Environ(), child+"=1", "DEBUG=other,tea,credential", "GODEBUG=http2debug=2,panicnil=0")
	output, err := run.CombinedOutput()
	if err != nil || !bytes.Contains(output, []byte("the child has fetched credentials, with other panicnil=0")) {
		t.Fatalf("the process failed: %v\n%s", err, output)
	}
	if bytes.Contains(output, []byte("hush")) || bytes.Contains(output, []byte("Bearer")) || bytes.Contains(output, []byte("http2:")) {
		t.Errorf("the output contains secrets:\n%s", output)
	}
	for _, ignored := range []string{"ignores tea,credential in DEBUG,", "ignores http2debug=2 in GODEBUG,"} {
		if !bytes.Contains(output, []byte(ignored)) {
			t.Errorf("the output does not mention that the process %s:\n%s", ignored, output)
		}
	}
}

// TestGetter checks what responses with credentials are fetched with.
func TestGetter(t *testing.T) {
	silent, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = silent.Close() })
	address := silent.Addr().String()
	_, _, err = newGetter(nil, time.Nanosecond, time.Minute).get(t.Context(), http.MethodGet, "http://"+address+"/?hush", nil)
	wantText(t, err, "no response within 1m0s")
	_, _, err = newGetter(nil, 50*time.Millisecond, time.Minute).get(t.Context(), http.MethodGet, "https://"+address+"/?hush", nil)
	wantText(t, err, "no response within 1m0s")
	_, _, err = newGetter(nil, time.Minute, 50*time.Millisecond).get(t.Context(), http.MethodGet, "http://"+address+"/?hush", nil)
	wantText(t, err, "no response within 50ms")
	_, _, err = newGetter(nil, time.Minute, time.Minute).get(t.Context(), "A B", "http://hush/", nil)
	wantText(t, err, "net/http: invalid method (withheld)")

	var asked []string
	proxy := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked = append(asked, fmt.Sprint(r.URL, " ", r.Close, " ", r.Header["Accept-Encoding"], " ", r.Header["X"], " ", r.Header["User-Agent"]))
		w.WriteHeader(http.StatusTeapot)
		_, _ = fmt.Fprint(w, "body")
	}))
	t.Cleanup(proxy.Close)
	through, err := url.Parse(proxy.URL)
	if err != nil {
		t.Fatal(err)
	}
	status, body, err := newGetter(http.ProxyURL(through), time.Minute, time.Minute).get(t.Context(), http.MethodGet, "http://keys.test/x", map[string]string{"X": "y"})
	if err != nil || status != http.StatusTeapot || string(body) != "body" {
		t.Errorf("got status %d, body %q, error %v; want 418 and body", status, body, err)
	}
	if want := []string{"http://keys.test/x true [] [y] [terraform-provider-esa]"}; !slices.Equal(asked, want) {
		t.Errorf("got the requests %q, want %q", asked, want)
	}
}

// TestProxyFromTheEnvironment runs the test binary as a process whose environment has a proxy. ESA and credentials URIs are
// called through it, the metadata service is not.
func TestProxyFromTheEnvironment(t *testing.T) {
	const child = "ESA_TEST_PROXY_CHILD"
	if os.Getenv(child) != "" {
		client, err := New(Config{Endpoint: "http://esa.test", Credential: staticCredential(t, "a", "b", "")})
		if err != nil {
			t.Fatal(err)
		}
		defer client.wire.http.CloseIdleConnections()
		_, err = client.GetSite(t.Context(), 1)
		fmt.Println(err)
		_, err = sourceFor(t, CredentialConfig{CredentialsURI: "http://keys.test/x"}).get(t.Context(), time.Now())
		fmt.Println(err)
		closed := httptest.NewServer(http.NotFoundHandler())
		closed.Close()
		metadataService = closed.URL
		_, _ = sourceFor(t, CredentialConfig{ECSRoleName: "r"}).get(t.Context(), time.Now())
		return
	}
	var asked []string
	proxy := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked = append(asked, r.Method+" "+r.URL.Host+r.URL.Path)
		w.WriteHeader(http.StatusTeapot)
	}))
	defer proxy.Close()
	run := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestProxyFromTheEnvironment$")
	run.Env = append(os.Environ(), child+"=1", "HTTP_PROXY="+proxy.URL, "http_proxy="+proxy.URL, "NO_PROXY=", "no_proxy=", "REQUEST_METHOD=")
	output, err := run.CombinedOutput()
	if err != nil || strings.Count(string(output), "HTTP status 418") != 2 {
		t.Fatalf("the process failed: %v\n%s", err, output)
	}
	if want := []string{"GET esa.test/", "GET keys.test/x"}; !slices.Equal(asked, want) {
		t.Errorf("the proxy got %q, want %q", asked, want)
	}
}

// brokenProvider is a provider of credentials-go that fails.
type brokenProvider struct {
	providers.CredentialsProvider
	err error
}

func (p brokenProvider) GetCredentials() (*providers.Credentials, error) { return nil, p.err }

func (brokenProvider) GetProviderName() string { return "broken" }

// TestLibraryErrors checks what remains of the errors of credentials-go, and which of them are temporary.
func TestLibraryErrors(t *testing.T) {
	const secret = "s3cret-of-the-source"
	network := &net.OpError{Op: "read", Net: "tcp", Err: errors.New("connection reset")}
	inner := sourceError{errors.New("profile: inner"), true}
	for _, test := range []struct {
		err       error
		want      string
		temporary bool
	}{
		{inner, "profile: inner", true},
		{fmt.Errorf("outer: %w", sourceError{errors.New("inner"), false}), "outer: inner", false},
		{&url.Error{Op: "Get", URL: "https://hush", Err: errors.New("strange {" + secret + "}")}, "f: strange {(withheld)}", true},
		{&url.Error{Op: "Get", URL: "https://hush", Err: network}, "f: read tcp: connection reset", true},
		{&url.Error{Op: "Get", URL: "https://hush", Err: x509.UnknownAuthorityError{}}, "f: x509: certificate signed by unknown authority", false},
		{&url.Error{Op: "Get", URL: "https://hush", Err: &tls.CertificateVerificationError{Err: errors.New("x")}}, "f: tls: failed to verify certificate: x", false},
		{&url.Error{Op: "Get", URL: "https://hush", Err: tls.RecordHeaderError{Msg: "x"}}, "f: tls: x", false},
		{&url.Error{Op: "Get", URL: "https://hush", Err: &net.DNSError{Err: "no such host", Name: "h", IsNotFound: true}}, "f: lookup h: no such host", false},
		{&url.Error{Op: "Get", URL: "https://hush", Err: &net.DNSError{Err: "server misbehaving", Name: "h"}}, "f: lookup h: server misbehaving", true},
		{errors.New("strange " + secret), "f: strange (withheld)", false},
		{fmt.Errorf("strange: %w", network), "f: strange: read tcp: connection reset", true},
		{fmt.Errorf("strange: %w", io.EOF), "f: strange: EOF", true},
		{fmt.Errorf("strange: %w", io.ErrUnexpectedEOF), "f: strange: unexpected EOF", true},
		{errors.New("get: httpStatus: 503, message = x"), "f: get: httpStatus: 503, message = x", true},
		{errors.New("status code: 429"), "f: status code: 429", true},
		{errors.New("status 404"), "f: status 404", false},
		{errors.New("refresh session " + secret + " failed: <html>hush"), "f: refresh session (withheld) failed: (the response is omitted, as it may contain secrets)", true},
		{errors.New(`refresh failed: {"x":"hush"}`), "f: refresh failed: (the response is omitted, as it may contain secrets)", false},
		{errors.New(`get from OAuth: {"x":"hush"}`), "f: get from OAuth: (the response is omitted, as it may contain secrets)", false},
		{errors.New(`fail to get: {"Code":"C","Message":"m","RequestId":"R"}`), "f: fail to get: C: m (request id R)", false},
		{errors.New(`get failed: {"Code":"C-` + secret + `","Message":"m ` + secret + `","RequestId":"R-` + secret + `"}`), "f: get failed: C-(withheld): m (withheld) (request id R-(withheld))", false},
		{errors.New(`get failed: {"Code":"SignatureDoesNotMatch","Message":"hush"}`), "f: get failed: SignatureDoesNotMatch: the secret does not belong to the access key (request id )", false},
		{errors.New(`get failed: {"Code":"Throttling.User","Message":"m","RequestId":"R"}`), "f: get failed: Throttling.User: m (request id R)", true},
		{errors.New(`get failed: {"Code":"InternalError","Message":"m","RequestId":"R"}`), "f: get failed: InternalError: m (request id R)", true},
	} {
		_, err := library{brokenProvider{err: test.err}, "f", func() []string { return []string{secret} }}.source(0).get(t.Context(), time.Now())
		wantText(t, err, test.want)
		if isTemporary(err) != test.temporary {
			t.Errorf("%v: got temporary %t, want %t", err, isTemporary(err), test.temporary)
		}
	}
}

// TestOAuthErrorsHoldNoRenewedToken checks that errors do not contain the tokens that another run has saved meanwhile.
func TestOAuthErrorsHoldNoRenewedToken(t *testing.T) {
	home := isolate(t)
	cloud := newCloud(t, map[string]string{
		"oauth.aliyun.com/v1/exchange": `{"Code":"NoPermission","Message":"refused: renewed-access-token, renewed-refresh-token, first-access-token, first-refresh-token","RequestId":"R"}`,
	})
	file := filepath.Join(home, "cli.json")
	profile := func(kind string) string {
		return fmt.Sprintf(`{"profiles":[{"name":"oauth","mode":"OAuth","oauth_site_type":"CN","oauth_access_token":"%[1]s-access-token","oauth_refresh_token":"%[1]s-refresh-token","oauth_access_token_expire":%[2]d}]}`,
			kind, time.Now().Add(time.Hour).Unix())
	}
	write(t, file, profile("first"))
	source := sourceFor(t, CredentialConfig{Profile: "oauth", SharedCredentialsFile: file})
	write(t, file, profile("renewed"))
	_, err := source.get(t.Context(), time.Now())
	if err == nil || !strings.HasSuffix(err.Error(), "NoPermission: refused: (withheld), (withheld), (withheld), (withheld) (request id R)") || len(cloud.asked) != 1 {
		t.Errorf("got error %v after %q, want one without tokens", err, cloud.asked)
	}
}
