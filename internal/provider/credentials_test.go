package provider

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"terraform-provider-esa/internal/fakeesa"
)

// These tests check what a user of a CLI sees if a source of credentials fails. internal/esa tests the sources themselves.

// hostnames returns a configuration of many hostnames, for a provider that is configured by arguments.
func (a *account) hostnames(count int, arguments ...string) string {
	return fmt.Sprintf(`
provider "esa" {
  endpoint = %q
  %s
}
resource "esa_custom_hostname" "test" {
  count     = %d
  site_id   = "%d"
  record_id = "%d"
  hostname  = "h${count.index}.customer.com"
  ssl_flag  = "off"
}
`, a.URL(), strings.Join(arguments, "\n  "), count, a.site.ID, a.record.ID)
}

// credentialsURI starts a server that returns the account's keys, unless answer handles the request.
func credentialsURI(t *testing.T, a *account, answer func(n int32, w http.ResponseWriter, r *http.Request) (handled bool)) (url string, asked *atomic.Int32) {
	t.Helper()
	asked = new(atomic.Int32)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if answer(asked.Add(1), w, r) {
			return
		}
		// The credentials expire so soon that they are renewed for every call.
		_, _ = fmt.Fprintf(w, `{"Code":"Success","AccessKeyId":%q,"AccessKeySecret":%q,"SecurityToken":%q,"Expiration":%q}`,
			a.Options().AccessKeyID, a.Options().AccessKeySecret, a.Options().SecurityToken, time.Now().Add(2*time.Minute).UTC().Format(time.RFC3339))
	}))
	t.Cleanup(server.Close)
	return server.URL, asked
}

// TestCredentialsAreReadAgain checks that the provider reads a profile again when ESA reports an expired token: the profile has
// another key by then, which ESA refuses.
func TestCredentialsAreReadAgain(t *testing.T) {
	a := newAccount(t, fakeesa.Options{SecurityToken: "t0ken"})
	file := filepath.Join(t.TempDir(), "config.json")
	write := func(key string) {
		profile := fmt.Sprintf(`{"profiles":[{"name":"sts","mode":"StsToken","access_key_id":%q,"access_key_secret":%q,"sts_token":"t0ken"}]}`, key, a.Options().AccessKeySecret)
		if err := os.WriteFile(file, []byte(profile), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write(a.Options().AccessKeyID)
	s := newTimedServer(t, nil, a.clock)
	s.configure(t, map[string]any{"profile": "sts", "shared_credentials_file": file, "endpoint": a.URL()})
	read := func() string {
		return strings.Join(shown(s.readData(t, "esa_site", map[string]any{"site_id": fmt.Sprint(a.site.ID)}).Diagnostics), "\n")
	}
	write("another-key")
	if got := read(); got != "" {
		t.Errorf("got %q, want the key of the first read", got)
	}
	a.Inject(fakeesa.Fault{Action: "GetSite", Code: "InvalidSecurityToken.Expired"})
	if got := read(); !strings.Contains(got, "InvalidAccessKeyId.NotFound") {
		t.Errorf("after an expired token, got %q, want the other key", got)
	}
}

// TestAccCredentials_hiccups applies twenty hostnames while one in three fetches of credentials fails.
func TestAccCredentials_hiccups(t *testing.T) {
	t.Parallel()
	const count = 20
	a := newAccount(t, fakeesa.Options{SecurityToken: "t0ken-of-the-session"})
	url, asked := credentialsURI(t, a, func(n int32, w http.ResponseWriter, _ *http.Request) bool {
		if n%3 != 1 {
			return false
		}
		w.WriteHeader(http.StatusServiceUnavailable)
		return true
	})
	w := newWorkspace(t)
	w.write("main.tf", a.hostnames(count, fmt.Sprintf("credentials_uri = %q", url)))
	w.mustRun("apply", "-auto-approve")
	if made, saved := len(a.Hostnames()), len(strings.Fields(w.mustRun("state", "list"))); made != count || saved != count {
		t.Errorf("got %d hostnames on the server and %d in state, want %d", made, saved, count)
	}
	if asked.Load() < 4 {
		t.Errorf("the credentials were fetched %d times, want at least 4", asked.Load())
	}
}

// TestAccCredentials_external runs a program that prints a warning, and that returns keys without an expiration time.
func TestAccCredentials_external(t *testing.T) {
	t.Parallel()
	a := newAccount(t, fakeesa.Options{AccessKeySecret: "s3cr3t-of-the-access-key", SecurityToken: "t0ken-of-the-session"})
	w := newWorkspace(t)
	w.env = append(w.env, "TF_LOG=TRACE", "TF_LOG_PATH="+filepath.Join(w.dir, "trace.log"), "DEBUG=credential")
	w.write("program.secret", fmt.Sprintf(`#!/bin/sh
echo run >>runs
echo "WARNING: a newer version is out"
echo '{"mode":"StsToken","access_key_id":%q,"access_key_secret":%q,"sts_token":%q}'
test ! -e broken || { echo "{"; echo "log in again" >&2; exit 1; }
`, a.Options().AccessKeyID, a.Options().AccessKeySecret, a.Options().SecurityToken))
	if err := os.Chmod(filepath.Join(w.dir, "program.secret"), 0o700); err != nil {
		t.Fatal(err)
	}
	w.write("profiles.json", `{"profiles":[{"name":"ci","mode":"External","process_command":"./program.secret --json"}]}`)
	w.write("main.tf", a.hostnames(10, `profile = "ci"`, `shared_credentials_file = "profiles.json"`))

	printed := w.mustRun("apply", "-auto-approve")
	if runs := strings.Count(w.read("runs"), "\n"); runs != 1 {
		t.Errorf("the program ran %d times, want once", runs)
	}
	w.write("broken", "")
	output, status := w.run("plan")
	if flatOutput := strings.Join(strings.Fields(strings.ReplaceAll(output, "│", " ")), " "); status != 1 ||
		!strings.Contains(flatOutput, `the external command "./program.secret" failed (exit status 1): log in again`) {
		t.Errorf("got status %d, want 1 and the program's error:\n%s", status, output)
	}
	left := everythingLeft(t, w.dir)
	left["(printed)"] = printed + output
	if !strings.Contains(left["trace.log"], "CreateCustomHostname") {
		t.Fatal("the log does not contain the call of CreateCustomHostname")
	}
	for place, text := range left {
		for _, secret := range []string{a.Options().AccessKeySecret, a.Options().SecurityToken, "a newer version"} {
			if strings.Contains(text, secret) {
				t.Errorf("%s contains %q", place, secret)
			}
		}
	}
}

// TestAccCredentials_wrongFromTheStart checks sources for which no retry helps. They must cause one error, at once, that
// names the fix.
func TestAccCredentials_wrongFromTheStart(t *testing.T) {
	t.Parallel()
	a := newAccount(t, fakeesa.Options{})
	for name, test := range map[string]struct {
		answer http.HandlerFunc
		want   string
	}{
		"unknown":    {http.NotFound, "HTTP status 404"},
		"elsewhere":  {func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, "/there", http.StatusFound) }, "a redirect, which is never followed"},
		"incomplete": {func(w http.ResponseWriter, _ *http.Request) { _, _ = fmt.Fprint(w, `{"AccessKeySecret":"hush"}`) }, "a JSON object with AccessKeyId"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			url, asked := credentialsURI(t, a, func(_ int32, w http.ResponseWriter, r *http.Request) bool { test.answer(w, r); return true })
			w := newWorkspace(t)
			w.write("main.tf", a.hostnames(1, fmt.Sprintf("credentials_uri = %q", url+"/?token=hush")))
			output, status := w.run("apply", "-auto-approve")
			words := strings.Join(strings.Fields(strings.ReplaceAll(output, "│", " ")), " ")
			if status != 1 || !strings.Contains(words, "the request was not sent: no credentials: credentials_uri: ") || !strings.Contains(words, test.want) ||
				!strings.Contains(words, "Check the source of the credentials") || strings.Contains(output, "hush") {
				t.Errorf("got status %d, want 1 and one error about the source:\n%s", status, output)
			}
			if asked.Load() != 1 {
				t.Errorf("the credentials were fetched %d times, want once", asked.Load())
			}
		})
	}
}

// TestAccCredentials_outOfTime reaches the time limit of a create while its credentials are fetched. The error must not
// blame the credentials.
func TestAccCredentials_outOfTime(t *testing.T) {
	t.Parallel()
	a := newAccount(t, fakeesa.Options{})
	url, asked := credentialsURI(t, a, func(_ int32, _ http.ResponseWriter, r *http.Request) bool { <-r.Context().Done(); return true })
	w := newWorkspace(t)
	w.write("main.tf", strings.Replace(a.hostnames(1, fmt.Sprintf("credentials_uri = %q", url)), `"off"`, "\"off\"\n  timeouts {\n    create = \"1s\"\n  }", 1))
	output, status := w.run("apply", "-auto-approve")

	if status != 1 || strings.Contains(output, "no credentials") || !strings.Contains(output, "time limit was reached") {
		t.Errorf("got status %d, want 1 and an error about the time limit:\n%s", status, output)
	}
	if asked.Load() == 0 {
		t.Error("the credentials were not fetched")
	}
}
