package provider

import (
	"encoding/json"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"terraform-provider-esa/internal/certcheck/certtest"
	"terraform-provider-esa/internal/fakeesa"
)

// TestAccGitOps lives with examples/gitops as a team does, with the scripts that its pipelines run.
func TestAccGitOps(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("the pipelines' scripts are for a shell")
	}
	t.Parallel()
	w := newWorkspace(t)
	w.copyExample("gitops")
	w.mirror()
	cli, err := exec.LookPath(w.cli)
	if err != nil {
		t.Fatal(err)
	}
	fake := filepath.Join(w.dir, ".mirror", "fake-esa")
	if out, err := exec.CommandContext(t.Context(), "go", "build", "-o", fake, "terraform-provider-esa/cmd/fake-esa").CombinedOutput(); err != nil {
		t.Fatalf("go build: %v\n%s", err, out)
	}
	w.env = append(w.env, "TF="+cli, "FAKE_ESA="+fake)
	script := func(want int, name string) string {
		t.Helper()
		out, status := w.program(filepath.Join(w.dir, "ci", name))
		if status != want {
			t.Fatalf("%s ended with status %d, want %d:\n%s", name, status, want, out)
		}
		return strings.Join(strings.Fields(strings.ReplaceAll(out, "│", " ")), " ")
	}

	// The repository's own tests need no account: a real one's environment would not get through.
	if out := script(0, "test.sh"); strings.Count(out, "5 passed, 0 failed") != 2 {
		t.Errorf("test.sh said:\n%s", out)
	}

	a := newAccount(t, fakeesa.Options{PublishAtOnce: true})
	w.env = append(w.env, a.environment()...)
	w.env = append(w.env, "TF_VAR_private_keys={}")
	tenants := func() []string {
		var names []string
		for _, h := range a.Hostnames() {
			names = append(names, h.Hostname+" "+h.Status+" "+h.CertType)
		}
		slices.Sort(names)
		return names
	}
	script(0, "plan.sh")
	script(0, "apply.sh")
	shop, static, www := "shop.customer-a.com active free", "static.customer-b.com pending ", "www.customer-a.com pending free"
	if diff := cmp.Diff([]string{shop, static, www}, tenants()); diff != "" {
		t.Fatalf("hostnames (-want +got):\n%s", diff)
	}
	var records map[string][]struct{ Name, Type, Value string }
	if err := json.Unmarshal([]byte(w.mustRun("output", "-json", "dns_records")), &records); err != nil {
		t.Fatal(err)
	}
	if b := records["customer-b"]; len(b) != 2 || b[0].Name != "_esa_custom_hostname.static.customer-b.com" || b[1].Value != "origin2.example.com" {
		t.Errorf("the records of customer-b are %+v", b)
	}

	// A plan is applied once: the state is another one then.
	if out := script(1, "apply.sh"); !strings.Contains(out, "plan is stale") {
		t.Errorf("the second apply said:\n%s", out)
	}

	// A tenant with a certificate of its own, which the policies want to last.
	w.write("tenants/customer-c.yaml", "record: origin.example.com\nhostnames:\n  app.customer-c.com:\n    certificate: upload\n")
	give := func(notAfter time.Time) {
		t.Helper()
		pair := certtest.Issue(t, certtest.Spec{DNSNames: []string{"app.customer-c.com"}, NotAfter: notAfter, Intermediate: 1})
		w.write("certificates/app.customer-c.com.pem", pair.CertificatePEM)
		keys, err := json.Marshal(map[string]string{"app.customer-c.com": pair.PrivateKeyPEM})
		if err != nil {
			t.Fatal(err)
		}
		w.env = append(w.env, "TF_VAR_private_keys="+string(keys))
	}
	give(time.Now().AddDate(0, 0, 10))
	if out := script(1, "plan.sh"); !regexp.MustCompile(`good for less than 30 days: app\.customer-c\.com \(until \S+Z\)\. Upload newer ones\.`).MatchString(out) {
		t.Errorf("the plan with a certificate of 10 days said:\n%s", out)
	}
	give(time.Now().AddDate(0, 0, 90))
	script(0, "plan.sh")
	script(0, "apply.sh")
	app := "app.customer-c.com pending upload"
	if diff := cmp.Diff([]string{app, shop, static, www}, tenants()); diff != "" {
		t.Fatalf("hostnames (-want +got):\n%s", diff)
	}
	for _, file := range []string{"plan.json", "terraform.tfstate"} {
		if strings.Contains(w.read(file), "PRIVATE KEY") {
			t.Errorf("a private key is in %s", file)
		}
	}

	// What needs a person is in every plan.
	id := a.Hostnames()[0].ID
	a.ChangeHostname(id, func(h *fakeesa.Hostname) { h.Status, h.OfflineReason = "offline", "missing_icp" })
	if out := w.mustRun("plan"); !strings.Contains(out, a.Hostnames()[0].Hostname+": offline, certificate ") || !strings.Contains(out, "missing_icp") {
		t.Errorf("the plan does not tell of a hostname that is offline:\n%s", out)
	}
	a.ChangeHostname(id, func(h *fakeesa.Hostname) { h.Status, h.OfflineReason = "active", "" })

	// A tenant goes, but not by mistake.
	if err := os.Remove(filepath.Join(w.dir, "tenants", "customer-b.yaml")); err != nil {
		t.Fatal(err)
	}
	if out := script(1, "plan.sh"); !strings.Contains(out, "The plan destroys static.customer-b.com. Their traffic ends with that. If it is meant, add them to destroy in policy/allowed.yaml.") {
		t.Errorf("the plan without a tenant said:\n%s", out)
	}
	w.write("policy/allowed.yaml", "destroy:\n  - static.customer-b.com\n")
	script(0, "plan.sh")
	a.ResetRequests()
	script(0, "apply.sh")
	if diff := cmp.Diff(map[string]int{"DeleteCustomHostname": 1}, a.writes()); diff != "" {
		t.Errorf("writes (-want +got):\n%s", diff)
	}

	w.pipelines()

	w.mustRun("destroy", "-auto-approve")
	if left := tenants(); len(left) != 0 {
		t.Errorf("destroy left %v", left)
	}
}

// pipelines reads the pipelines' files as YAML: what they run is there.
func (w *workspace) pipelines() {
	w.t.Helper()
	type workflow struct {
		Jobs map[string]struct {
			Steps []struct{ Run string }
		}
	}
	var files struct {
		Plan, Apply workflow
		Gitlab      map[string]json.RawMessage
	}
	console := exec.CommandContext(w.t.Context(), w.cli, "console")
	console.Dir, console.Env = w.dir, w.env
	console.Stdin = strings.NewReader(`base64encode(jsonencode({ plan = yamldecode(file(".github/workflows/plan.yml")), apply = yamldecode(file(".github/workflows/apply.yml")), gitlab = yamldecode(file(".gitlab-ci.yml")) }))`)
	out, err := console.Output()
	if err != nil {
		w.t.Fatalf("console: %v\n%s", err, out)
	}
	var text []byte
	if err := json.Unmarshal(out, &text); err != nil {
		w.t.Fatalf("%v in %s", err, out)
	}
	if err := json.Unmarshal(text, &files); err != nil {
		w.t.Fatal(err)
	}

	var run []string
	for _, file := range []workflow{files.Plan, files.Apply} {
		for _, job := range file.Jobs {
			for _, step := range job.Steps {
				run = append(run, step.Run)
			}
		}
	}
	for name, job := range files.Gitlab {
		var script struct{ Script []string }
		if json.Unmarshal(job, &script) == nil {
			run = append(run, script.Script...)
		}
		if name == "stages" && string(job) != `["test","plan","apply"]` {
			w.t.Errorf("the stages are %s", job)
		}
	}
	scripts := map[string]int{}
	for _, name := range regexp.MustCompile(`ci/[a-z-]+\.sh`).FindAllString(strings.Join(run, "\n"), -1) {
		scripts[name]++
		if info, err := os.Stat(filepath.Join(w.dir, name)); err != nil || info.Mode()&0o100 == 0 {
			w.t.Errorf("the pipelines run %s, which is no program: %v", name, err)
		}
	}
	if diff := cmp.Diff([]string{"ci/apply.sh", "ci/github-identity.sh", "ci/plan.sh", "ci/test.sh"}, slices.Sorted(maps.Keys(scripts))); diff != "" {
		w.t.Errorf("the pipelines run (-want +got):\n%s", diff)
	}
}

// TestGitOpsIdentity runs what gets the token of a job, with a curl that only says what it was asked.
func TestGitOpsIdentity(t *testing.T) {
	t.Parallel()
	if runtime.GOOS == "windows" {
		t.Skip("the pipelines' scripts are for a shell")
	}
	script, err := filepath.Abs("../../examples/gitops/ci/github-identity.sh")
	if err != nil {
		t.Fatal(err)
	}
	for answer, want := range map[string]string{
		`{"count": 4, "value": "header.payload.signature"}`: "header.payload.signature",
		`{"message": "no"}`: "",
	} {
		dir := t.TempDir()
		curl := "#!/bin/sh\nprintf '%s\\n' \"$@\" >" + dir + "/asked\nprintf '%s\\n' '" + answer + "' >" + dir + "/oidc-token.json\n"
		if err := os.WriteFile(filepath.Join(dir, "curl"), []byte(curl), 0o700); err != nil {
			t.Fatal(err)
		}
		run := exec.CommandContext(t.Context(), script)
		run.Env = []string{
			"PATH=" + dir + string(filepath.ListSeparator) + os.Getenv("PATH"), "RUNNER_TEMP=" + dir, "GITHUB_ENV=" + filepath.Join(dir, "env"),
			"ACTIONS_ID_TOKEN_REQUEST_TOKEN=let-me", "ACTIONS_ID_TOKEN_REQUEST_URL=https://token.test/?api=1",
		}
		out, err := run.CombinedOutput()
		if (err == nil) != (want != "") {
			t.Fatalf("%s: %v\n%s", answer, err, out)
		}
		w := &workspace{t: t, dir: dir}
		if asked := w.read("asked"); !strings.Contains(asked, "Authorization: Bearer let-me\n") || !strings.Contains(asked, "\nhttps://token.test/?api=1&audience=sts.aliyuncs.com\n") {
			t.Errorf("curl was asked for\n%s", asked)
		}
		if want == "" {
			if !strings.Contains(string(out), "id-token: write") {
				t.Errorf("it said %s", out)
			}
			continue
		}
		if got := w.read("oidc-token"); got != want {
			t.Errorf("the token is %q", got)
		}
		if got := w.read("env"); got != "ALIBABA_CLOUD_OIDC_TOKEN_FILE="+filepath.Join(dir, "oidc-token")+"\n" {
			t.Errorf("the environment is %q", got)
		}
	}
}
