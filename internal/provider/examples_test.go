package provider

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"terraform-provider-esa/internal/fakeesa"
)

// TestAccExamples applies every example of a resource on the fake, plans again, and destroys.
func TestAccExamples(t *testing.T) {
	examples, err := filepath.Glob("../../examples/resources/*/resource*.tf")
	if err != nil || len(examples) == 0 {
		t.Fatalf("no examples: %v", err)
	}
	for _, example := range examples {
		t.Run(filepath.Base(filepath.Dir(example)), func(t *testing.T) {
			t.Parallel()
			a := newAccount(t, fakeesa.Options{})
			w := newWorkspace(t)
			text, err := os.ReadFile(example)
			if err != nil {
				t.Fatal(err)
			}
			pair := issue(t, "app.customer-b.com")
			w.write("main.tf", string(text))
			w.write("app.customer-b.com.pem", pair.CertificatePEM)
			w.env = append(w.env, a.environment()...)
			w.env = append(w.env, fmt.Sprintf("TF_VAR_site_id=%d", a.site.ID), fmt.Sprintf("TF_VAR_record_id=%d", a.record.ID),
				"TF_VAR_private_key="+pair.PrivateKeyPEM)
			w.mustRun("apply", "-auto-approve")
			w.mustRun("plan", "-detailed-exitcode")
			w.mustRun("destroy", "-auto-approve")
			if left := len(a.Hostnames()); left != 0 {
				t.Errorf("destroy left %d hostnames", left)
			}
		})
	}
}
