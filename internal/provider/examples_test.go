package provider

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"terraform-provider-esa/internal/certcheck/certtest"
	"terraform-provider-esa/internal/fakeesa"
)

// example is a workspace with what the examples need: variables, and a certificate of app.customer-b.com.
func example(t *testing.T, a *account, certificate certtest.Pair) *workspace {
	t.Helper()
	w := newWorkspace(t)
	w.write("app.customer-b.com.pem", certificate.CertificatePEM)
	w.env = append(w.env, a.environment()...)
	w.env = append(w.env, fmt.Sprintf("TF_VAR_site_id=%d", a.site.ID), fmt.Sprintf("TF_VAR_record_id=%d", a.record.ID),
		"TF_VAR_private_key="+certificate.PrivateKeyPEM)
	return w
}

// play puts an example into the workspace and applies it.
func (w *workspace) play(path string) {
	w.t.Helper()
	text, err := os.ReadFile(filepath.Join("../../examples", path))
	if err != nil {
		w.t.Fatal(err)
	}
	if strings.Contains(string(text), "required_providers") {
		_ = os.Remove(filepath.Join(w.dir, "versions.tf"))
	}
	w.write("main.tf", string(text))
	w.mustRun("apply", "-auto-approve")
	w.mustRun("plan", "-detailed-exitcode")
}

// TestAccExamples applies every example of a resource, data source and function on the fake, plans again, and destroys.
func TestAccExamples(t *testing.T) {
	var examples []string
	for _, pattern := range []string{"resources/*/resource*.tf", "data-sources/*/data-source*.tf", "functions/*/function*.tf"} {
		found, err := filepath.Glob(filepath.Join("../../examples", pattern))
		if err != nil || len(found) == 0 {
			t.Fatalf("no examples %s: %v", pattern, err)
		}
		examples = append(examples, found...)
	}
	for _, path := range examples {
		path, err := filepath.Rel("../../examples", path)
		if err != nil {
			t.Fatal(err)
		}
		t.Run(path, func(t *testing.T) {
			t.Parallel()
			// The customers of the examples do their part at once.
			a := newAccount(t, fakeesa.Options{PublishAtOnce: true})
			w := example(t, a, issue(t, "app.customer-b.com"))
			a.AddHostname(fakeesa.Hostname{SiteID: a.site.ID, RecordID: a.record.ID, Hostname: name, SSLFlag: "off"})
			w.play(path)
			w.mustRun("destroy", "-auto-approve")
			if got := a.hostname(t); got.Hostname != name {
				t.Errorf("destroy left %s", got.Hostname)
			}
		})
	}
}

// TestAccGuideCertificates goes the way of the guide: upload, rotate, to free, and back.
func TestAccGuideCertificates(t *testing.T) {
	first, second := issue(t, "app.customer-b.com"), issue(t, "app.customer-b.com")
	a := newAccount(t, fakeesa.Options{})
	w := example(t, a, first)
	w.play("guides/certificates/upload.tf")
	id := a.hostname(t).ID

	w.write("app.customer-b.com.pem", second.CertificatePEM)
	w.env = append(w.env, "TF_VAR_private_key="+second.PrivateKeyPEM)
	w.play("guides/certificates/upload.tf")
	if got := a.hostname(t); got.Certificate != second.CertificatePEM || got.PrivateKey != second.PrivateKeyPEM {
		t.Error("the certificate was not rotated")
	}
	w.play("guides/certificates/free.tf")
	if got := a.hostname(t); got.CertType != "free" {
		t.Errorf("the type is %s", got.CertType)
	}
	w.play("guides/certificates/upload.tf")
	if got := a.hostname(t); got.CertType != "upload" || got.ID != id {
		t.Errorf("the type is %s, the id %d and no longer %d", got.CertType, got.ID, id)
	}
	if strings.Contains(w.read("terraform.tfstate"), "PRIVATE KEY") {
		t.Error("a key is in the state")
	}
}
