package provider

import (
	"archive/zip"
	"bytes"
	"crypto/sha256"
	"crypto/tls"
	"encoding/json"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"terraform-provider-esa/internal/certcheck/certtest"
	"terraform-provider-esa/internal/fakeesa"
)

// canary is a workspace in which every secret has a value that can be searched for. Every log and every debug variable of
// SECURITY.md is on.
type canary struct {
	*workspace
	*account
	keys [2]certtest.Pair
	// secrets has the values by name.
	secrets map[string]string
	// endpoint is the address of the account. heard has what servers received, by server and part: "ESA URL", "STS body".
	endpoint string
	mu       sync.Mutex
	heard    map[string]string
	printed  strings.Builder
}

// marked returns a secret that no escaping changes.
func marked(name string) string { return fmt.Sprintf("%x", sha256.Sum256([]byte(name)))[:48] }

func newCanary(t *testing.T) *canary {
	t.Helper()
	c := &canary{workspace: newWorkspace(t), heard: map[string]string{}}
	c.account = newAccount(t, fakeesa.Options{AccessKeySecret: marked("secret"), SecurityToken: marked("token")})
	c.keys = [2]certtest.Pair{wildcard(t), wildcard(t)}
	c.secrets = map[string]string{
		"secret key": marked("secret"), "security token": marked("token"), "key": scalar(c.keys[0]), "second key": scalar(c.keys[1]),
	}
	c.endpoint = c.listen("ESA", c.Server)
	c.env = append(c.env, "ESA_ENDPOINT="+c.endpoint, "TF_LOG_PATH="+filepath.Join(c.dir, "trace.log"),
		"TF_LOG=TRACE", "TF_LOG_CORE=TRACE", "TF_LOG_PROVIDER=TRACE", "TF_LOG_SDK=TRACE", "TF_LOG_SDK_PROTO=TRACE",
		"TF_LOG_SDK_PROTO_DATA_DIR="+filepath.Join(c.dir, "protocol"), "DEBUG=tea,credential", "GRPC_BINARY_LOG_FILTER=*",
		"SSLKEYLOGFILE="+filepath.Join(c.dir, "tls.log"))
	folder, err := binary()
	if err != nil {
		t.Fatal(err)
	}
	for _, sub := range []string{"protocol", "bin"} {
		if err := os.Mkdir(filepath.Join(c.dir, sub), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	// The CLI itself does not ignore GODEBUG, so only the provider gets it.
	c.write("bin/terraform-provider-esa", fmt.Sprintf("#!/bin/sh\nGODEBUG=http2debug=2 exec %q \"$@\"\n", filepath.Join(folder, "terraform-provider-esa")))
	c.executable("bin/terraform-provider-esa")
	c.write("cli.rc", strings.ReplaceAll(c.read("cli.rc"), folder, filepath.Join(c.dir, "bin")))
	c.upload(0)
	return c
}

// wildcard returns a certificate whose private key can be searched for.
func wildcard(t *testing.T) certtest.Pair {
	t.Helper()
	for {
		if pair := issue(t, "*.customer.com"); len(alphanumeric.FindAllString(scalar(pair), -1)) > 1 {
			return pair
		}
	}
}

// scalar returns the secret part of an ECDSA key. The rest is its type, or is also in the certificate.
func scalar(pair certtest.Pair) string {
	lines := strings.Split(pair.PrivateKeyPEM, "\n")
	return lines[1][48:] + "\n" + lines[2][:26]
}

func (c *canary) executable(name string) {
	c.t.Helper()
	if err := os.Chmod(filepath.Join(c.dir, name), 0o700); err != nil { //nolint:gosec // The file is a program.
		c.t.Fatal(err)
	}
}

// upload selects the certificate that the configuration reads.
func (c *canary) upload(which int) {
	c.t.Helper()
	c.write("certificate.pem", c.keys[which].CertificatePEM)
	c.write("key.secret", c.keys[which].PrivateKeyPEM)
}

// listen serves a handler and records what it receives.
func (c *canary) listen(name string, handler http.Handler) (address string) {
	server := httptest.NewServer(c.listener(name, handler))
	c.t.Cleanup(server.Close)
	return server.URL
}

func (c *canary) listener(name string, handler http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		var header bytes.Buffer
		_ = r.Header.Write(&header)
		c.mu.Lock()
		c.heard[name+" URL"] += r.Host + r.URL.String() + "\n"
		c.heard[name+" header"] += header.String()
		c.heard[name+" body"] += string(body) + "\n"
		c.mu.Unlock()
		r.Body = io.NopCloser(bytes.NewReader(body))
		handler.ServeHTTP(w, r)
	})
}

// cloud has the provider reach the hosts of Alibaba Cloud through a proxy that connects all of them to a handler.
func (c *canary) cloud(handler http.Handler, hosts ...string) {
	c.t.Helper()
	pair := certtest.Issue(c.t, certtest.Spec{DNSNames: hosts, Intermediate: 1, IncludeRoot: true})
	certificate, err := tls.X509KeyPair([]byte(pair.CertificatePEM), []byte(pair.PrivateKeyPEM))
	if err != nil {
		c.t.Fatal(err)
	}
	server := httptest.NewUnstartedServer(c.listener("cloud", handler))
	server.TLS = &tls.Config{Certificates: []tls.Certificate{certificate}}
	server.StartTLS()
	c.t.Cleanup(server.Close)
	proxy := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		there, err := net.Dial("tcp", server.Listener.Addr().String())
		if err != nil {
			return
		}
		defer func() { _ = there.Close() }()
		here, _, err := http.NewResponseController(w).Hijack()
		if err != nil {
			return
		}
		defer func() { _ = here.Close() }()
		_, _ = io.WriteString(here, "HTTP/1.1 200 OK\r\n\r\n")
		go func() {
			_, _ = io.Copy(there, here)
			_ = there.Close()
		}()
		_, _ = io.Copy(here, there)
	}))
	c.t.Cleanup(proxy.Close)
	c.write("authorities.pem", pair.Blocks[len(pair.Blocks)-1])
	c.env = append(c.env, "HTTPS_PROXY="+proxy.URL, "SSL_CERT_FILE="+filepath.Join(c.dir, "authorities.pem"))
}

// hostnames returns a configuration of hostnames, for a provider with arguments.
func (c *canary) hostnames(names []string, key string, arguments ...string) string {
	return fmt.Sprintf(`
provider "esa" {
  max_retries = 1
  %s
}
resource "esa_custom_hostname" "test" {
  for_each    = toset(["%s"])
  site_id     = "%d"
  record_id   = "%d"
  hostname    = "${each.key}.customer.com"
  ssl_flag    = "on"
  cert_type   = "upload"
  certificate = file("certificate.pem")
  %s          = file("key.secret")
  timeouts {
    create = "20s"
  }
}
output "all" {
  value     = esa_custom_hostname.test
  sensitive = true
}
`, strings.Join(arguments, "\n  "), strings.Join(names, `", "`), c.site.ID, c.record.ID, key)
}

// run runs the CLI, which must return the given status.
func (c *canary) run(want int, command string, arguments ...string) string {
	c.t.Helper()
	output, status := c.workspace.run(command, arguments...)
	c.printed.WriteString(output)
	if status != want {
		c.t.Fatalf("%s: got status %d, want %d:\n%s", command, status, want, output)
	}
	return output
}

// everything returns all secrets that ESA could repeat.
func (c *canary) everything() string {
	return strings.Join([]string{c.secrets["secret key"], c.secrets["security token"], c.keys[1].PrivateKeyPEM}, " ")
}

var alphanumeric = regexp.MustCompile(`[0-9A-Za-z]{12}`)

// check searches for pieces of the secrets in everything that is left. where has the places that SECURITY.md allows for each
// secret.
func (c *canary) check(where map[string][]string) {
	c.t.Helper()
	left := everythingLeft(c.t, c.dir)
	left["(printed)"] = c.printed.String()
	for place, text := range c.heard {
		left[place] = text
	}
	if log := left["trace.log"]; len(log) < 100_000 || !strings.Contains(log, "Called ESA") {
		c.t.Error("the log is too short, or does not contain a call of ESA")
	}
	for _, variable := range []string{"GODEBUG", "DEBUG", "TF_LOG_SDK_PROTO_DATA_DIR", "GRPC_BINARY_LOG_FILTER"} {
		if !strings.Contains(left["trace.log"], "in "+variable+", as it would show") {
			c.t.Errorf("the log does not say that %s is ignored", variable)
		}
	}
	for place, text := range left {
		for name, secret := range c.secrets {
			there := slices.ContainsFunc(alphanumeric.FindAllString(secret, -1), func(piece string) bool {
				return strings.Contains(text, piece)
			})
			allowed := slices.Contains(where[name], place)
			switch {
			case c.Options().ParameterPlace == fakeesa.ParametersInQuery && strings.HasSuffix(name, "key") && name != "secret key" && (place == "ESA URL" || place == "ESA body"):
				// The key is in one or both: the provider sends the form until it learns that ESA reads only the query.
			case there && !allowed:
				c.t.Errorf("%s contains the %s", place, name)
			case !there && allowed:
				c.t.Errorf("%s does not contain the %s, so nothing was tested", place, name)
			}
		}
		if strings.Contains(text, "Signature=") && place != "ESA URL" && place != "cloud URL" {
			c.t.Errorf("%s contains a signed URL", place)
		}
	}
}

// TestAccSecretsStayInside takes a hostname with a write-only key through its life, and many hostnames through each fault
// that responses can have. Every log and debug variable is on. Then it searches for the secrets in everything that is left.
func TestAccSecretsStayInside(t *testing.T) {
	t.Parallel()
	c := newCanary(t)
	c.env = append(append(c.env, c.environment()...), "ESA_ENDPOINT="+c.endpoint)
	c.write("main.tf", c.hostnames([]string{"shop"}, "private_key_wo"))
	c.run(0, "plan", "-out=create.tfplan")
	c.run(0, "show", "-json", "create.tfplan")
	c.run(0, "apply", "create.tfplan")
	c.run(0, "plan", "-detailed-exitcode")
	c.run(0, "show", "-json")
	c.upload(1)

	// Each fault applies to one hostname.
	all := c.faults()
	for name, fault := range all {
		fault.Action, fault.Params, fault.Times = "CreateCustomHostname", map[string]string{"Hostname": name + ".customer.com"}, -1
		c.Inject(fault)
	}
	c.Inject(fakeesa.Fault{Action: "UpdateCustomHostname", Code: "IncompleteSignature", Signed: true})
	names := append(slices.Sorted(maps.Keys(all)), "shop")
	if testing.Short() {
		names = []string{"shop", "incomplete-signature", "another-code-signed", "code", "request-id"}
	}
	c.write("main.tf", c.hostnames(names, "private_key_wo"))
	output := c.run(1, "apply", "-auto-approve", "-parallelism=50")
	if !strings.Contains(output, "The request signature does not conform to Aliyun standards.") || strings.Count(output, "Unable to create custom hostname") < len(names)/2 {
		t.Errorf("the faults did not happen:\n%s", output)
	}

	c.ClearFaults()
	c.write("main.tf", c.hostnames([]string{"shop"}, "private_key_wo"))
	c.run(0, "plan", "-out=update.tfplan")
	c.run(0, "apply", "update.tfplan")
	c.run(0, "state", "rm", `esa_custom_hostname.test["shop"]`)
	c.run(0, "import", `esa_custom_hostname.test["shop"]`, fmt.Sprintf("%d/shop.customer.com", c.site.ID))
	c.run(0, "destroy", "-auto-approve")
	c.check(map[string][]string{"key": {"ESA body"}, "second key": {"ESA body"}, "security token": {"ESA URL"}})
}

// faults returns all faults of responses, by hostname.
func (c *canary) faults() map[string]fakeesa.Fault {
	everything := c.everything()
	answer := func(code, message, requestID string) *string {
		text, _ := json.Marshal(map[string]string{"Code": code, "Message": message, "RequestId": requestID})
		return new(string(text))
	}
	all := map[string]fakeesa.Fault{
		"incomplete-signature": {Code: "IncompleteSignature", Signed: true},
		"wrong-signature":      {Code: "SignatureDoesNotMatch", Signed: true},
		"another-code-signed":  {Code: "InvalidParameter", Signed: true},
		"message":              {Code: "InvalidParameter", Message: everything},
		"message-escaped":      {Code: "InvalidParameter", Message: url.QueryEscape(everything)},
		"message-twice":        {Code: "InvalidParameter", Message: url.QueryEscape(url.QueryEscape(everything))},
		"message-quoted":       {Code: "InvalidParameter", Message: fmt.Sprintf("%q", everything)},
		"code":                 {Status: 400, RawBody: answer(everything, "m", "R-1")},
		"request-id":           {Status: 400, RawBody: answer("InvalidParameter", "m", everything)},
		"no-json":              {Status: 400, RawBody: &everything},
		"html":                 {Status: 400, RawBody: new("<html>" + everything), ContentType: "text/html"},
		"set-cert-failed":      {Code: "CustomHostname.SetCertFailed", Message: everything},
	}
	maps.Copy(all, fakeesa.UnclearFaults())
	maps.Copy(all, fakeesa.HollowFaults())
	for name, fault := range fakeesa.Refusals() {
		if !strings.HasSuffix(name, "-wait-10h") {
			all[name] = fault
		}
	}
	return all
}

// TestAccSecretsStayInside_privateKey checks that a key that the user keeps in state is nowhere else.
func TestAccSecretsStayInside_privateKey(t *testing.T) {
	t.Parallel()
	c := newCanary(t)
	c.env = append(append(c.env, c.environment()...), "ESA_ENDPOINT="+c.endpoint)
	c.write("main.tf", c.hostnames([]string{"shop"}, "private_key"))
	c.run(0, "plan", "-out=create.tfplan")
	c.run(0, "apply", "create.tfplan")
	c.Inject(fakeesa.Fault{Action: "UpdateCustomHostname", Code: "IncompleteSignature", Signed: true})
	c.upload(1)
	c.run(1, "apply", "-auto-approve")
	c.check(map[string][]string{
		"key": {"ESA body", "terraform.tfstate", "terraform.tfstate.backup", "create.tfplan:tfplan"}, "second key": {"ESA body"}, "security token": {"ESA URL"},
	})
}

// TestAccSecretsStayInside_sources gets the credentials from every source that can run on loopback. The metadata service
// cannot: it has a fixed address and is called without a proxy. First ESA refuses calls and repeats all that was signed.
// Then the source fails and repeats all that it knows.
func TestAccSecretsStayInside_sources(t *testing.T) {
	t.Parallel()
	const role, provider = "acs:ram::1:role/r", "acs:ram::1:oidc-provider/p"
	for name, test := range map[string]struct {
		// configure returns the provider's arguments.
		configure func(c *canary, broken *atomic.Bool) []string
		// where has the places of further secrets, in addition to those of every source.
		where map[string][]string
		// steady is true for a source that cannot fail.
		steady bool
	}{
		"profile of mode StsToken": {
			configure: func(c *canary, _ *atomic.Bool) []string {
				return c.profile(map[string]any{"mode": "StsToken", "access_key_id": c.Options().AccessKeyID, "access_key_secret": c.secrets["secret key"], "sts_token": c.secrets["security token"]})
			},
			steady: true,
		},
		"profile of mode External": {
			configure: func(c *canary, _ *atomic.Bool) []string {
				c.write("program.secret", fmt.Sprintf("#!/bin/sh\nset=%s\ntest ! -e broken || { echo \"$set\" >&2; echo \"$set\"; exit 1; }\necho \"$set\"\n", "'"+
					fmt.Sprintf(`{"mode":"StsToken","access_key_id":%q,"access_key_secret":%q,"sts_token":%q}`, c.Options().AccessKeyID, c.secrets["secret key"], c.secrets["security token"])+"'"))
				c.executable("program.secret")
				return c.profile(map[string]any{"mode": "External", "process_command": "./program.secret"})
			},
		},
		"credentials_uri": {
			configure: func(c *canary, broken *atomic.Bool) []string {
				c.secrets["URI's token"] = marked("uri")
				address := c.listen("URI", c.source(broken, func(set string) string { return set }))
				return []string{fmt.Sprintf("credentials_uri = %q", address+"/keys?token="+c.secrets["URI's token"])}
			},
			where: map[string][]string{"URI's token": {"URI URL", "main.tf"}},
		},
		"assume_role": {
			configure: func(c *canary, broken *atomic.Bool) []string {
				c.secrets["first secret key"], c.secrets["first token"] = marked("first secret"), marked("first token")
				c.cloud(c.source(broken, func(set string) string { return `{"Credentials":` + set + `}` }), "sts.aliyuncs.com")
				c.env = append(c.env, "ALIBABA_CLOUD_ACCESS_KEY_ID=first", "ALIBABA_CLOUD_ACCESS_KEY_SECRET="+c.secrets["first secret key"], "ALIBABA_CLOUD_SECURITY_TOKEN="+c.secrets["first token"])
				return []string{fmt.Sprintf("assume_role {\n    role_arn = %q\n  }", role)}
			},
			where: map[string][]string{"first token": {"cloud URL"}},
		},
		"assume_role_with_oidc": {
			configure: func(c *canary, broken *atomic.Bool) []string {
				c.secrets["OIDC token"] = marked("oidc")
				c.write("token.secret", c.secrets["OIDC token"])
				c.cloud(c.source(broken, func(set string) string { return `{"Credentials":` + set + `}` }), "sts.aliyuncs.com")
				return []string{fmt.Sprintf("assume_role_with_oidc {\n    oidc_provider_arn = %q\n    role_arn = %q\n    oidc_token_file = \"token.secret\"\n  }", provider, role)}
			},
			where: map[string][]string{"OIDC token": {"cloud body"}},
		},
		"profile of mode CloudSSO": {
			configure: func(c *canary, broken *atomic.Bool) []string {
				c.secrets["sign-in token"] = marked("sso")
				c.cloud(c.source(broken, func(set string) string { return `{"CloudCredential":` + set + `}` }), "signin.test")
				return c.profile(map[string]any{
					"mode": "CloudSSO", "cloud_sso_sign_in_url": "https://signin.test", "cloud_sso_account_id": "1", "cloud_sso_access_config": "ac",
					"access_token": c.secrets["sign-in token"], "cloud_sso_access_token_expire": time.Now().Add(time.Hour).Unix(),
				})
			},
			where: map[string][]string{"sign-in token": {"cloud header"}},
		},
	} {
		if testing.Short() && name != "assume_role" {
			continue
		}
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c, broken := newCanary(t), new(atomic.Bool)
			c.write("main.tf", c.hostnames([]string{"shop"}, "private_key_wo", test.configure(c, broken)...))
			c.run(0, "apply", "-auto-approve")
			c.upload(1)
			c.Inject(fakeesa.Fault{Action: "UpdateCustomHostname", Code: "IncompleteSignature", Signed: true})
			c.run(1, "apply", "-auto-approve")
			if !test.steady {
				broken.Store(true)
				c.write("broken", "")
				if output := c.run(1, "plan"); !strings.Contains(strings.Join(strings.Fields(output), " "), "no credentials: ") {
					t.Errorf("the error is not about the source:\n%s", output)
				}
			}
			where := map[string][]string{"key": {"ESA body"}, "second key": {"ESA body"}, "security token": {"ESA URL"}}
			maps.Copy(where, test.where)
			c.check(where)
		})
	}
}

// profile writes a profile, and returns the arguments that select it.
func (c *canary) profile(profile map[string]any) []string {
	c.t.Helper()
	profile["name"] = "ci"
	text, err := json.Marshal(map[string]any{"profiles": []any{profile}})
	if err != nil {
		c.t.Fatal(err)
	}
	c.write("profiles.secret", string(text))
	return []string{`profile = "ci"`, `shared_credentials_file = "profiles.secret"`}
}

// source returns the account's keys until it is broken. Then it repeats everything that it received or was signed with.
func (c *canary) source(broken *atomic.Bool, wrap func(set string) string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if broken.Load() {
			body, _ := io.ReadAll(r.Body)
			known := r.URL.String() + " " + string(body) + " " + r.Header.Get("Authorization") + " " + c.secrets["first secret key"]
			w.WriteHeader(http.StatusBadRequest)
			_ = json.NewEncoder(w).Encode(map[string]string{
				"Code":      "IncompleteSignature",
				"Message":   known + url.QueryEscape(known) + " server string to sign is: " + url.QueryEscape(known),
				"RequestId": known,
			})
			return
		}
		_, _ = fmt.Fprint(w, wrap(fmt.Sprintf(`{"AccessKeyId":%q,"AccessKeySecret":%q,"SecurityToken":%q,"Expiration":%q}`,
			c.Options().AccessKeyID, c.secrets["secret key"], c.secrets["security token"], time.Now().Add(time.Hour).UTC().Format(time.RFC3339))))
	})
}

// everythingLeft reads all files, and the contents of saved plans, except for the files that contain the secrets on purpose.
func everythingLeft(t *testing.T, dir string) map[string]string {
	t.Helper()
	left := map[string]string{}
	err := filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || strings.HasSuffix(path, ".secret") {
			return err
		}
		name, _ := filepath.Rel(dir, path)
		text, err := os.ReadFile(path)
		left[name] = string(text)
		if err != nil || !strings.HasSuffix(path, ".tfplan") {
			return err
		}
		archive, err := zip.OpenReader(path)
		if err != nil {
			return err
		}
		defer func() { _ = archive.Close() }()
		for _, file := range archive.File {
			reader, err := file.Open()
			if err != nil {
				return err
			}
			text, err := io.ReadAll(reader)
			if err != nil {
				return err
			}
			left[name+":"+file.Name] = string(text)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return left
}
