package provider

import (
	"archive/zip"
	"fmt"
	"io"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"terraform-provider-esa/internal/fakeesa"
)

// TestAccSecretsStayInside takes a hostname with a write-only key through its whole life, failures included, with
// every log switched on, and then looks for the secrets in all that is left behind.
func TestAccSecretsStayInside(t *testing.T) {
	t.Parallel()
	first, second := issue(t, name), issue(t, name)
	a := newAccount(t, fakeesa.Options{AccessKeySecret: "s3cr3t-of-the-access-key", SecurityToken: "t0ken-of-the-session"})
	w := newWorkspace(t)
	w.env = append(w.env, a.environment()...)
	w.env = append(w.env, "TF_LOG=TRACE", "TF_LOG_PATH="+filepath.Join(w.dir, "trace.log"), "DEBUG=tea,credential")
	configure := func(record int64) {
		w.write("main.tf", fmt.Sprintf(`
provider "esa" {
  max_retries = 1
}
resource "esa_custom_hostname" "test" {
  site_id        = "%d"
  record_id      = "%d"
  hostname       = %q
  ssl_flag       = "on"
  cert_type      = "upload"
  certificate    = file("certificate.pem")
  private_key_wo = file("key.secret")
}
output "all" {
  value     = esa_custom_hostname.test
  sensitive = true
}
`, a.site.ID, record, name))
	}
	var printed strings.Builder
	run := func(want int, command string, arguments ...string) {
		t.Helper()
		output, status := w.run(command, arguments...)
		printed.WriteString(output)
		if status != want {
			t.Fatalf("%s ended with status %d, want %d:\n%s", command, status, want, output)
		}
	}

	configure(a.record.ID)
	w.write("certificate.pem", first.CertificatePEM)
	w.write("key.secret", first.PrivateKeyPEM)
	run(0, "plan", "-out=create.tfplan")
	run(0, "apply", "create.tfplan")
	run(0, "plan", "-detailed-exitcode")
	run(0, "show", "-json")

	w.write("certificate.pem", second.CertificatePEM)
	w.write("key.secret", second.PrivateKeyPEM)
	for _, fault := range []fakeesa.Fault{
		// ESA's real message for this code repeats all that was signed, which the form is part of.
		{Code: "SignatureDoesNotMatch", Status: 400, Message: "Specified signature is not matched with our calculation. server string to sign is:POST&%2F&" + url.QueryEscape(second.PrivateKeyPEM) + url.QueryEscape(a.Options().SecurityToken)},
		{Code: "InvalidParameter", Status: 400, Message: "PrivateKey is wrong: " + second.PrivateKeyPEM},
		{Code: "CustomHostname.SetCertFailed", Status: 404},
		{Drop: true, Times: 2},
		{Status: 502, RawBody: &second.PrivateKeyPEM, Times: 2},
	} {
		fault.Action = "UpdateCustomHostname"
		a.Inject(fault)
		run(1, "apply", "-auto-approve")
		a.ClearFaults()
	}
	run(0, "plan", "-out=update.tfplan")
	run(0, "apply", "update.tfplan")
	run(0, "state", "rm", "esa_custom_hostname.test")
	run(0, "import", "esa_custom_hostname.test", fmt.Sprintf("%d/%s", a.site.ID, name))
	configure(a.record2.ID)
	run(0, "apply", "-auto-approve")
	run(0, "destroy", "-auto-approve")

	if sent := a.RequestsOf("CreateCustomHostname"); len(sent) != 1 || !sent[0].Form.Has("PrivateKey") {
		t.Fatal("no key was sent, so that nothing was tested")
	}
	left := everythingLeft(t, w.dir)
	left["(printed)"] = printed.String()
	if len(left["trace.log"]) < 100_000 || !strings.Contains(left["trace.log"], "UpdateCustomHostname") {
		t.Fatal("the log does not hold what it should")
	}
	secrets := []string{a.Options().AccessKeySecret, a.Options().SecurityToken}
	for _, key := range []string{first.PrivateKeyPEM, second.PrivateKeyPEM} {
		for line := range strings.Lines(key) {
			if line = strings.TrimSpace(line); !strings.HasPrefix(line, "-----") {
				secrets = append(secrets, line)
			}
		}
	}
	for place, text := range left {
		for _, secret := range secrets {
			if strings.Contains(text, secret) || strings.Contains(text, url.QueryEscape(secret)) {
				t.Errorf("%s holds a secret", place)
			}
		}
		if strings.Contains(text, "Signature=") {
			t.Errorf("%s holds a signed URL", place)
		}
	}
}

// everythingLeft reads all files but the ones that the secrets were written to, and what is in saved plans.
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
