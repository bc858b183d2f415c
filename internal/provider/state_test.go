package provider

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/types"
	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/hashicorp/terraform-plugin-go/tftypes"

	"terraform-provider-esa/internal/esa"
	"terraform-provider-esa/internal/fakeesa"
)

// storedStates has a folder for each schema version that was released. It contains a state that the CLI wrote with that
// version, its configuration, and the hostnames as a seed of the fake. These files must never change, because users have
// such states.
const storedStates = "testdata/state"

// storedState is the part of a state file that the tests use.
type storedState struct {
	Resources []struct {
		Type, Name string
		Instances  []struct {
			SchemaVersion int64 `json:"schema_version"`
			Attributes    json.RawMessage
		}
	}
}

func readStates(t *testing.T) map[string]storedState {
	t.Helper()
	entries, err := os.ReadDir(storedStates)
	if err != nil {
		t.Fatal(err)
	}
	all := map[string]storedState{}
	for _, entry := range entries {
		text, err := os.ReadFile(filepath.Join(storedStates, entry.Name(), "state.json"))
		if err != nil {
			t.Fatal(err)
		}
		var state storedState
		if err := json.Unmarshal(text, &state); err != nil {
			t.Fatal(err)
		}
		all[entry.Name()] = state
	}
	return all
}

// TestStoredStatesAreRead reads every stored state, and checks that no value has changed.
func TestStoredStatesAreRead(t *testing.T) {
	s := newServer(t, nil)
	kinds := map[string]bool{}
	for version, state := range readStates(t) {
		for _, r := range state.Resources {
			for _, instance := range r.Instances {
				if got := fmt.Sprint(instance.SchemaVersion); got != version {
					t.Errorf("%s/state.json: %s.%s: got schema version %s, want that of the folder", version, r.Type, r.Name, got)
				}
				upgraded, err := s.UpgradeResourceState(t.Context(), &tfprotov6.UpgradeResourceStateRequest{
					TypeName: r.Type, Version: instance.SchemaVersion, RawState: &tfprotov6.RawState{JSON: instance.Attributes},
				})
				if err != nil {
					t.Fatal(err)
				}
				noProblems(t, upgraded.Diagnostics)
				var stored map[string]any
				if err := json.Unmarshal(instance.Attributes, &stored); err != nil {
					t.Fatal(err)
				}
				kept(t, r.Type+"."+r.Name, s.schema.ResourceSchemas[r.Type], upgraded.UpgradedState, stored)
				kinds[r.Type] = true
			}
		}
	}
	for kind, schema := range s.schema.ResourceSchemas {
		if !kinds[kind] {
			t.Errorf("testdata/state has no state of %s", kind)
		}
		if _, err := os.Stat(filepath.Join(storedStates, fmt.Sprint(schema.Version))); err != nil {
			t.Errorf("%s has schema version %d, but testdata/state has no state of it", kind, schema.Version)
		}
	}
}

// kept checks that a state contains each stored string.
func kept(t *testing.T, title string, schema *tfprotov6.Schema, state *tfprotov6.DynamicValue, stored map[string]any) {
	t.Helper()
	value, err := state.Unmarshal(schema.ValueType())
	if err != nil {
		t.Fatal(err)
	}
	values := map[string]tftypes.Value{}
	if err := value.As(&values); err != nil {
		t.Fatal(err)
	}
	for name, want := range stored {
		var got string
		text, isText := want.(string)
		if isText && (values[name].As(&got) != nil || got != text) {
			t.Errorf("%s: %s: got %q, stored %q", title, name, got, text)
		}
		if want == nil && !values[name].IsNull() {
			t.Errorf("%s: %s: got %s, stored null", title, name, values[name])
		}
	}
}

// addUploaded adds the hostname of a stored state that has an uploaded certificate, because its key is not stored.
func (a *account) addUploaded(t *testing.T, folder string) {
	t.Helper()
	certificate, err := os.ReadFile(filepath.Join(folder, "certificate.pem"))
	if err != nil {
		t.Fatal(err)
	}
	a.AddHostname(fakeesa.Hostname{
		ID: 4514973387335751, SiteID: 4042843419650112, RecordID: 4042843419650113, Hostname: "upload.customer.com",
		SSLFlag: "on", CertType: "upload", Certificate: string(certificate),
	})
}

// TestAccStoredStates plans with every stored state, with and without a refresh. The plan must be empty.
func TestAccStoredStates(t *testing.T) {
	t.Parallel()
	for version := range readStates(t) {
		t.Run(version, func(t *testing.T) {
			a := newAccount(t, fakeesa.Options{})
			folder := filepath.Join(storedStates, version)
			if err := a.Load(filepath.Join(folder, "seed.json")); err != nil {
				t.Fatal(err)
			}
			a.addUploaded(t, folder)
			w := a.workspace(t)
			for from, to := range map[string]string{"main.tf": "main.tf", "certificate.pem": "certificate.pem", "state.json": "terraform.tfstate"} {
				text, err := os.ReadFile(filepath.Join(folder, from))
				if err != nil {
					t.Fatal(err)
				}
				w.write(to, string(text))
			}
			w.mustRun("plan", "-detailed-exitcode", "-refresh=false")
			w.mustRun("plan", "-detailed-exitcode")
			w.mustRun("destroy", "-auto-approve")
			if left := a.Hostnames(); len(left) != 0 {
				t.Errorf("got %d hostnames after destroy, want none", len(left))
			}
		})
	}
}

// TestObservedValues checks that the lists of the values that ESA sets are complete.
func TestObservedValues(t *testing.T) {
	var observed customHostnameObserved
	texts := map[*types.String]bool{}
	for _, text := range observed.texts() {
		texts[text] = true
	}
	for _, field := range reflect.VisibleFields(reflect.TypeFor[customHostnameObserved]()) {
		name := field.Tag.Get("tfsdk")
		if name == "" {
			continue
		}
		switch text, ok := reflect.ValueOf(&observed).Elem().FieldByIndex(field.Index).Addr().Interface().(*types.String); {
		case ok && !texts[text]:
			t.Errorf("texts does not contain %s", name)
		case ok && observedDescriptions[name] == "":
			t.Errorf("%s has no description", name)
		}
	}
	if described := len(observedDescriptions); described != len(texts) {
		t.Errorf("got %d descriptions of %d values", described, len(texts))
	}
}

// TestModelsHaveESAsValues checks that each attribute has the value of the field of the same name.
func TestModelsHaveESAsValues(t *testing.T) {
	var hostname esa.CustomHostname
	want := map[string]string{}
	fields := reflect.ValueOf(&hostname).Elem()
	for i := range fields.NumField() {
		name := fields.Type().Field(i).Name
		number := int64(100 + i)
		want[name] = fmt.Sprint(number)
		switch fields.Field(i).Interface().(type) {
		case string:
			fields.Field(i).SetString(want[name])
		case int64:
			fields.Field(i).SetInt(number)
		default:
			fields.Field(i).Set(reflect.ValueOf(&number))
		}
	}
	want["ID"] = want["HostnameID"]
	var observed customHostnameObserved
	observed.observe(&hostname)
	for _, model := range []any{observed, newListedHostname(&hostname)} {
		for _, field := range reflect.VisibleFields(reflect.TypeOf(model)) {
			name := field.Tag.Get("tfsdk")
			if name == "" {
				continue
			}
			value, _ := reflect.ValueOf(model).FieldByIndex(field.Index).Interface().(attr.Value)
			if got := strings.Trim(value.String(), `"`); got != want[field.Name] {
				t.Errorf("%T: %s is %s, want %s", model, name, got, want[field.Name])
			}
		}
	}
}

// TestRefusedUntilDeployed checks which refreshes show that a refused certificate was deployed after all.
func TestRefusedUntilDeployed(t *testing.T) {
	for _, test := range []struct {
		sslFlag, certStatus string
		deployed            bool
	}{
		{"on", "OK", true},
		{"on", "Applying", true},
		{"on", "Expiring", true},
		{"on", "Expired", true},
		{"on", "ApplyFailed", false},
		{"on", "", false},
		{"off", "OK", false},
	} {
		m := memory{Refused: esa.CodeSetCertFailed}
		m.observe(&esa.CustomHostname{SSLFlag: test.sslFlag, CertStatus: test.certStatus}, newPEMNull(), newPEMNull())
		if got := m.Refused == ""; got != test.deployed {
			t.Errorf("%+v: got %t", test, got)
		}
	}
}

// TestKnownHostname checks that a refresh by page gets all values of the state that lists do not include, or that show another
// certificate.
func TestKnownHostname(t *testing.T) {
	want := esa.CustomHostname{
		HostnameID: 7, SiteID: 5, UpdateTime: "2026-01-02T03:04:05Z", SSLFlag: "on", CertStatus: "OK", CertNotAfter: "2027-01-02T03:04:05Z", CertID: "c",
	}
	for _, certificate := range []esa.CustomHostname{{CertType: "cas", CasID: 9}, {CertType: "upload", Certificate: issue(t, name).CertificatePEM}} {
		want.CertType, want.CasID, want.Certificate = certificate.CertType, certificate.CasID, certificate.Certificate
		var m customHostnameModel
		m.fromAPI(&want, "cn-hangzhou")
		if diff := cmp.Diff(want, m.known(7)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", want.CertType, diff)
		}
	}
}

// TestTokensAreKept checks that only tokens are kept if ESA no longer returns them.
func TestTokensAreKept(t *testing.T) {
	full := customHostnameListed{
		Status: types.StringValue("pending"), ConflictWith: types.StringValue("existing_site"),
		VerifyHost: types.StringValue("a"), VerifyCode: types.StringValue("b"), CertTXTKey: types.StringValue("c"), CertTXTValue: types.StringValue("d"),
		CertHTTPKey: types.StringValue("e"), CertHTTPValue: types.StringValue("f"),
	}
	got, want := full, full
	want.Status, want.ConflictWith = types.StringNull(), types.StringNull()
	got.observe(&esa.CustomHostname{})
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("after a response without values (-want +got):\n%s", diff)
	}
}
