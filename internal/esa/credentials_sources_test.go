package esa

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
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
	mux.HandleFunc("/no-code", func(w http.ResponseWriter, _ *http.Request) {
		_, _ = fmt.Fprint(w, strings.Replace(whole, `"Code":"Success",`, "", 1))
	})
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked = append(asked, r.URL.Path)
		mux.ServeHTTP(w, r)
	}))
	defer server.Close()

	for path, words := range map[string][]string{
		"/moved":  {"credentials_uri", "HTTP status 302", "a redirect, which is never followed"},
		"/large":  {"credentials_uri", "more than 1 MiB"},
		"/bomb":   {"credentials_uri", "JSON object"},
		"/failed": {"credentials_uri", "Code that is not Success"},
	} {
		t.Run(path, func(t *testing.T) {
			asked = nil
			wantFailure(t, CredentialConfig{CredentialsURI: server.URL + path + "?token=hush"}, words...)
			if !slices.Equal(asked, []string{path}) {
				t.Errorf("got requests %v, want %v", asked, []string{path})
			}
		})
	}
	for _, path := range []string{"/there", "/no-code"} {
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
		if _, err := newKeyring(newCredential(sourceFor(t, cfg)), nil).snapshot(ctx, time.Now()); !errors.Is(err, context.Canceled) {
			t.Errorf("got error %v, want context.Canceled", err)
		}
	})
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
