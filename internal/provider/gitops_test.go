package provider

import (
	"encoding/json"
	"fmt"
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

// A team has its own copy of examples/gitops, and the scripts that its pipelines run.
type team struct {
	*workspace
	*account
}

func newTeam(t *testing.T) *team {
	t.Helper()
	if runtime.GOOS == "windows" {
		t.Skip("the pipelines' scripts need a Unix shell")
	}
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
	return &team{w, newAccount(t, fakeesa.Options{PublishAtOnce: true}, "auto-verify")}
}

// script runs one of the scripts, and returns its output as one line.
func (w *team) script(want int, name string, arguments ...string) string {
	w.t.Helper()
	out, status := w.program(filepath.Join(w.dir, "ci", name), arguments...)
	if status != want {
		w.t.Fatalf("%s %v: got status %d, want %d:\n%s", name, arguments, status, want, out)
	}
	return strings.Join(strings.Fields(strings.ReplaceAll(out, "│", " ")), " ")
}

// refused runs a script that must refuse for the given reason.
func (w *team) refused(reason, name string) {
	w.t.Helper()
	if out := w.script(1, name); !strings.Contains(out, reason) {
		w.t.Errorf("%s: got %s, want %q", name, out, reason)
	}
}

// preview plans like the job of a pull request, whose role may not call GetCustomHostname.
func (w *team) preview() {
	w.t.Helper()
	w.Inject(fakeesa.Fault{Action: "GetCustomHostname", Code: "NoPermission", Times: -1})
	w.as("preview", func() { w.script(0, "plan.sh", "-refresh=false", "-lock=false") })
	w.ClearFaults()
}

// as runs something that must not call more than a role of ram/ allows.
func (w *team) as(role string, do func()) {
	w.t.Helper()
	w.ResetRequests()
	do()
	allowed := ramActions(w.t, filepath.Join(w.dir, "ram", "policy-"+role+".json"))
	for action := range w.calls() {
		if !slices.Contains(allowed, "esa:"+action) {
			w.t.Errorf("the role %s does not allow %s", role, action)
		}
	}
}

// keys sets the private keys of certificates by hostname, like the secret of the job that applies.
func (w *team) keys(keys map[string]string) {
	w.t.Helper()
	text, err := json.Marshal(keys)
	if err != nil {
		w.t.Fatal(err)
	}
	w.env = append(w.env, "TF_VAR_private_keys="+string(text))
}

func (w *team) noKeys() {
	w.env = slices.DeleteFunc(w.env, func(entry string) bool { return strings.HasPrefix(entry, "TF_VAR_private_keys=") })
}

func (w *team) remove(name string) {
	w.t.Helper()
	if err := os.RemoveAll(filepath.Join(w.dir, name)); err != nil {
		w.t.Fatal(err)
	}
}

// TestAccGitOps_cname checks the CNAME target that customers get, for each access type of the site.
func TestAccGitOps_cname(t *testing.T) {
	t.Parallel()
	for accessType, target := range accessTypes {
		t.Run(accessType, func(t *testing.T) {
			t.Parallel()
			a := newAccountOf(t, accessType, fakeesa.Options{PublishAtOnce: true})
			w := example(t, a, issue(t, "app.customer-b.com"))
			w.copyExample("gitops")
			w.env = append(w.env, "TF_VAR_private_keys={}")
			w.mustRun("get")
			w.mustRun("apply", "-auto-approve")
			var records map[string][]struct{ Name, Type, Value string }
			if err := json.Unmarshal([]byte(w.mustRun("output", "-json", "dns_records")), &records); err != nil {
				t.Fatal(err)
			}
			for _, record := range records["customer-a"] {
				if record.Type == "CNAME" && record.Value != target {
					t.Errorf("%s: got target %s, want %s", record.Name, record.Value, target)
				}
			}
			if len(records["customer-a"]) == 0 {
				t.Errorf("got no records of customer-a: %v", records)
			}
		})
	}
}

// TestAccGitOps uses examples/gitops like a team.
func TestAccGitOps(t *testing.T) {
	t.Parallel()
	w := newTeam(t)

	// The repository must contain the lock file of the provider.
	w.refused("There is no ./.terraform.lock.hcl. Run ci/lock.sh, look at what it wrote, and commit it.", "test.sh")
	w.script(0, "lock.sh")

	// The repository's own tests need no account. They must not use the environment of a real one.
	if out := w.script(0, "test.sh"); !strings.Contains(out, "6 passed, 0 failed") || !strings.Contains(out, "18 passed, 0 failed") {
		t.Errorf("test.sh: want 24 passed and 0 failed:\n%s", out)
	}

	w.env = append(w.env, w.environment()...)
	tenants := func() []string {
		var names []string
		for _, h := range w.Hostnames() {
			names = append(names, h.Hostname+" "+h.Status+" "+h.CertType)
		}
		slices.Sort(names)
		return names
	}
	w.preview()
	w.as("plan", func() { w.script(0, "plan.sh") })
	w.as("apply", func() { w.script(0, "apply.sh") })
	shop, static, www := "shop.customer-a.com active free", "static.customer-b.com pending ", "www.customer-a.com pending free"
	if diff := cmp.Diff([]string{shop, static, www}, tenants()); diff != "" {
		t.Fatalf("hostnames (-want +got):\n%s", diff)
	}
	var records map[string][]struct{ Name, Type, Value string }
	if err := json.Unmarshal([]byte(w.mustRun("output", "-json", "dns_records")), &records); err != nil {
		t.Fatal(err)
	}
	if b := records["customer-b"]; len(b) != 2 || b[0].Name != "_esa_custom_hostname.static.customer-b.com" || b[1].Value != "origin2.example.com" {
		t.Errorf("got records %+v for customer-b", b)
	}

	// A plan can be applied once, because the state has changed after that.
	w.refused("plan is stale", "apply.sh")

	w.ownCertificate()
	app := "app.customer-c.com pending upload"
	if diff := cmp.Diff([]string{app, shop, static, www}, tenants()); diff != "" {
		t.Fatalf("hostnames (-want +got):\n%s", diff)
	}

	// Each plan reports what a person has to fix.
	id := w.Hostnames()[0].ID
	w.ChangeHostname(id, func(h *fakeesa.Hostname) { h.Status, h.OfflineReason = "offline", "missing_icp" })
	if out := w.mustRun("plan"); !strings.Contains(out, w.Hostnames()[0].Hostname+": offline, certificate ") || !strings.Contains(out, "missing_icp") {
		t.Errorf("the plan does not report an offline hostname:\n%s", out)
	}
	w.ChangeHostname(id, func(h *fakeesa.Hostname) { h.Status, h.OfflineReason = "active", "" })

	// A tenant can be removed, but not by mistake.
	w.remove("tenants/customer-b.yaml")
	w.refused("The plan destroys static.customer-b.com. Traffic to them stops. To allow it, add them to destroy in policy/allowed.yaml.", "plan.sh")
	w.refused("There is no tenants.tfplan. Run ci/plan.sh first. A plan that the policies refuse cannot be applied.", "apply.sh")
	w.write("policy/allowed.yaml", "destroy:\n  - static.customer-b.com\nforget: []\n")
	w.preview()
	w.as("plan", func() { w.script(0, "plan.sh") })
	w.as("apply", func() { w.script(0, "apply.sh") })
	if diff := cmp.Diff(map[string]int{"DeleteCustomHostname": 1}, w.writes()); diff != "" {
		t.Errorf("writes (-want +got):\n%s", diff)
	}

	w.mustRun("destroy", "-auto-approve")
	if left := tenants(); len(left) != 0 {
		t.Errorf("got hostnames %v after destroy, want none", left)
	}
}

// ownCertificate adds a tenant with its own certificate, and replaces the certificate. The policies refuse one that expires
// soon. Only the applies have its key.
func (w *team) ownCertificate() {
	w.t.Helper()
	w.write("tenants/customer-c.yaml", "record: origin.example.com\nhostnames:\n  app.customer-c.com:\n    certificate: upload\n")
	issue := func(notAfter time.Time) (key string) {
		w.t.Helper()
		pair := certtest.Issue(w.t, certtest.Spec{DNSNames: []string{"app.customer-c.com"}, NotAfter: notAfter, Intermediate: 1})
		w.write("certificates/app.customer-c.com.pem", pair.CertificatePEM)
		return pair.PrivateKeyPEM
	}
	issue(time.Now().AddDate(0, 0, 10))
	if out := w.script(1, "plan.sh"); !regexp.MustCompile(`good for less than 30 days: app\.customer-c\.com \(until \S+Z\)\. Upload newer ones\.`).MatchString(out) {
		w.t.Errorf("plan with a certificate of 10 days: want that it is refused:\n%s", out)
	}
	for _, days := range []int{90, 120} {
		key := issue(time.Now().AddDate(0, 0, days))
		// The script that plans passes no key on, even if it is set.
		w.keys(map[string]string{"app.customer-c.com": "no plan may see this"})
		w.preview()
		w.as("plan", func() { w.script(0, "plan.sh") })
		w.noKeys()
		w.refused("Error: Missing private key", "apply.sh")
		if days == 90 && len(w.Hostnames()) != 3 {
			w.t.Errorf("got %d hostnames after an apply without the key, want 3", len(w.Hostnames()))
		}
		w.as("plan", func() { w.script(0, "plan.sh") })
		w.keys(map[string]string{"app.customer-c.com": key})
		w.as("apply", func() { w.script(0, "apply.sh") })
		w.noKeys()
		if writes := w.writes(); writes["CreateCustomHostname"]+writes["UpdateCustomHostname"] != 1 {
			w.t.Errorf("got writes %v, want one create or update", writes)
		}
		for _, file := range []string{"plan.json", "terraform.tfstate"} {
			if strings.Contains(w.read(file), "PRIVATE KEY") {
				w.t.Errorf("%s contains a private key", file)
			}
		}
	}
	// If there is nothing to send, the key is not needed.
	w.preview()
	w.as("plan", func() { w.script(0, "plan.sh") })
	w.as("apply", func() { w.script(0, "apply.sh") })
	if writes := w.writes(); len(writes) > 0 {
		w.t.Errorf("got writes %v, want none", writes)
	}
}

// TestAccGitOps_refuses gives the scripts input that they must refuse.
func TestAccGitOps_refuses(t *testing.T) {
	t.Parallel()
	w := newTeam(t)
	w.env = append(w.env, w.environment()...)
	w.script(0, "lock.sh")
	w.script(0, "plan.sh")
	w.script(0, "apply.sh")

	// A symbolic link would show another file in the plan.
	w.write("secret.txt", "record: what nobody is to see\n")
	for _, link := range []string{"tenants/link.yaml", "certificates/link.pem", "modules/link"} {
		if err := os.Symlink("../secret.txt", filepath.Join(w.dir, link)); err != nil {
			t.Fatal(err)
		}
		for _, script := range []string{"plan.sh", "test.sh", "apply.sh", "summary.sh", "lock.sh"} {
			out := w.script(1, script)
			if !strings.Contains(out, "Symbolic links are refused, as the plan would show the files that they lead to. Put the files themselves in place of: ./"+link) {
				t.Errorf("%s with %s: want that the link is refused:\n%s", script, link, out)
			}
			if strings.Contains(out, "nobody is to see") {
				t.Errorf("%s with %s shows the link's target:\n%s", script, link, out)
			}
		}
		w.remove(link)
	}
	w.write("tenants/customer-c.yaml", "record: origin.example.com\nhostnames:\n  ../secret:\n    certificate: upload\n")
	w.write("secret.pem", "what nobody is to see\n")
	if out := w.script(1, "plan.sh"); !strings.Contains(out, "A hostname has no slash.") || strings.Contains(out, "nobody is to see") {
		t.Errorf("plan with a certificate of another folder: want that it is refused:\n%s", out)
	}
	w.remove("tenants/customer-c.yaml")

	// The policies are also tested with real plans, not only with the shortened ones of their own tests.
	const hostname = "resource \"terraform_data\" \"pem\" {\n  input = timestamp()\n}\n\nresource \"esa_custom_hostname\" \"other\" {\n" +
		"  site_id     = data.esa_site.saas.id\n  record_id   = data.esa_record.origin[\"origin.example.com\"].id\n  hostname    = \"other.customer-a.com\"\n" +
		"  ssl_flag    = \"on\"\n  cert_type   = \"upload\"\n  certificate = CERTIFICATE\n  private_key = KEY\n}\n"
	pair := certtest.Issue(t, certtest.Spec{DNSNames: []string{"other.customer-a.com"}})
	w.write("other.pem", pair.CertificatePEM)
	w.write("key.pem", pair.PrivateKeyPEM)
	for values, reason := range map[[2]string]string{
		{`file("other.pem")`, `terraform_data.pem.output`}:                                  "cannot be judged: esa_custom_hostname.other (private_key).",
		{`"${file("other.pem")}${terraform_data.pem.output}"`, `terraform_data.pem.output`}: "cannot be judged: esa_custom_hostname.other (certificate, private_key).",
		{`file("other.pem")`, `file("key.pem")`}:                                            "private_key is kept in the state of other.customer-a.com. Use private_key_wo.",
	} {
		w.write("other.tf", strings.NewReplacer("CERTIFICATE", values[0], "KEY", values[1]).Replace(hostname))
		w.mustRun("fmt")
		w.refused(reason, "plan.sh")
	}
	w.remove("other.tf")

	// The same applies to a hostname that is removed from the state and continues without Terraform.
	w.remove("tenants/customer-b.yaml")
	w.write("removed.tf", "removed {\n  from = module.tenant.esa_custom_hostname.this\n\n  lifecycle {\n    destroy = false\n  }\n}\n")
	main := w.read("main.tf")
	w.write("main.tf", main[:strings.Index(main, "module \"tenant\"")])
	w.remove("outputs.tf")
	w.refused(`The plan forgets module.tenant["customer-a"].esa_custom_hostname.this["shop.customer-a.com"], `, "plan.sh")

	// A row of backticks in the plan must not end the block that shows the plan.
	w.remove("removed.tf")
	w.write("main.tf", main[:strings.Index(main, "module \"tenant\"")]+"output \"x\" {\n  value = \"a\\n`````\\n# Approved\\n\"\n}\n")
	w.script(1, "plan.sh") // The policies refuse the destroy, but the plan is kept for the summary.
	out, status := w.program(filepath.Join(w.dir, "ci", "summary.sh"))
	lines := strings.Split(strings.TrimSpace(out), "\n")
	if status != 0 || lines[0] != "``````" || lines[len(lines)-1] != "``````" || !regexp.MustCompile("(?m)^ *`````$").MatchString(out) || strings.Count(out, "``````") != 2 {
		t.Errorf("summary.sh: got status %d, want 0 and the plan in one block:\n%s", status, out)
	}

	// Another binary with the same version is not the provider that was reviewed.
	installed, err := filepath.Glob(filepath.Join(w.dir, ".mirror", "registry.*", "esa-provider", "esa", "0.0.1", "*", "terraform-provider-esa_v0.0.1"))
	if err != nil || len(installed) != 2 {
		t.Fatalf("got binaries %q, want 2; error %v", installed, err)
	}
	for _, file := range installed {
		program, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, append(program, 0), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	w.remove(".terraform")
	w.refused("checksums", "plan.sh")
}

// TestAccGitOps_pipelines reads the pipelines' files as YAML through the CLI. It checks that their scripts exist, and which
// job gets which role and secret.
func TestAccGitOps_pipelines(t *testing.T) {
	t.Parallel()
	w := newWorkspace(t)
	root, err := filepath.Abs(repository + "/examples/gitops")
	if err != nil {
		t.Fatal(err)
	}
	w.dir = root
	type workflow struct {
		Jobs map[string]struct {
			Environment string
			Env         map[string]string
			Steps       []struct {
				Run string
				Env map[string]string
			}
		}
	}
	var files struct {
		Plan, Apply workflow
		Gitlab      map[string]json.RawMessage
	}
	console := exec.CommandContext(t.Context(), w.cli, "console")
	console.Dir, console.Env = t.TempDir(), w.env
	read := func(file string) string { return fmt.Sprintf("yamldecode(file(%q))", filepath.Join(root, file)) }
	console.Stdin = strings.NewReader("base64encode(jsonencode({ plan = " + read(".github/workflows/plan.yml") + ", apply = " + read(".github/workflows/apply.yml") + ", gitlab = " + read(".gitlab-ci.yml") + " }))")
	out, err := console.Output()
	if err != nil {
		t.Fatalf("terraform console: %v\n%s", err, out)
	}
	var text []byte
	if err := json.Unmarshal(out, &text); err != nil {
		t.Fatalf("the console printed invalid JSON: %v in %s", err, out)
	}
	if err := json.Unmarshal(text, &files); err != nil {
		t.Fatal(err)
	}

	// What runs, where, with which role, and with which keys.
	var got, run []string
	for file, workflow := range map[string]workflow{"plan.yml": files.Plan, "apply.yml": files.Apply} {
		for name, job := range workflow.Jobs {
			line := strings.TrimSpace(file + " " + name + " " + job.Environment + " " + job.Env["ALIBABA_CLOUD_ROLE_ARN"])
			for _, step := range job.Steps {
				run = append(run, step.Run)
				if strings.HasPrefix(step.Run, "ci/plan.sh") || strings.HasPrefix(step.Run, "ci/apply.sh") {
					line += ": " + step.Run
				}
				for variable, value := range step.Env {
					line += ", " + variable + " " + value
				}
			}
			got = append(got, line)
		}
	}
	for name, text := range files.Gitlab {
		var job struct {
			Stage, Environment string
			Image              json.RawMessage
			Variables          map[string]string
			Script             []string
			Rules              []struct{ If, When string }
			BeforeScript       []string `json:"before_script"`
		}
		if json.Unmarshal(text, &job) != nil {
			continue // a list
		}
		run = append(run, job.Script...)
		for variable := range job.Variables {
			if strings.Contains(variable, "private_keys") {
				t.Errorf("job %s of .gitlab-ci.yml sets %s", name, variable)
			}
		}
		if image := string(job.Image); image != "" && !regexp.MustCompile(`"\$(TERRAFORM|GO)_IMAGE"`).MatchString(image) {
			t.Errorf("job %s of .gitlab-ci.yml runs in image %s, want one of the variables", name, image)
		}
		if name == "default" {
			pinnedImages(t, strings.Join(job.BeforeScript, "\n"))
		}
		if role := job.Variables["ALIBABA_CLOUD_ROLE_ARN"]; role != "" {
			got = append(got, ".gitlab-ci.yml "+name+" "+job.Environment+" "+role+": "+strings.Join(job.Script, ", ")+" if "+job.Rules[0].If+job.Rules[0].When)
		}
	}
	slices.Sort(got)
	want := []string{
		".gitlab-ci.yml apply production $ALIYUN_APPLY_ROLE_ARN: ci/apply.sh if $CI_COMMIT_BRANCH == $CI_DEFAULT_BRANCHmanual",
		".gitlab-ci.yml plan  $ALIYUN_PLAN_ROLE_ARN: ci/plan.sh if $CI_COMMIT_BRANCH == $CI_DEFAULT_BRANCH",
		".gitlab-ci.yml preview  $ALIYUN_PREVIEW_ROLE_ARN: ci/plan.sh -refresh=false -lock=false if " +
			`$CI_PIPELINE_SOURCE == "merge_request_event" && $CI_MERGE_REQUEST_SOURCE_PROJECT_ID == $CI_MERGE_REQUEST_PROJECT_ID`,
		"apply.yml apply production ${{ vars.ALIYUN_APPLY_ROLE_ARN }}: ci/apply.sh, TF_VAR_private_keys ${{ secrets.PRIVATE_KEYS }}",
		"apply.yml plan  ${{ vars.ALIYUN_PLAN_ROLE_ARN }}: ci/plan.sh",
		"plan.yml preview  ${{ vars.ALIYUN_PREVIEW_ROLE_ARN }}: ci/plan.sh -refresh=false -lock=false",
		"plan.yml test",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("jobs (-want +got):\n%s", diff)
	}
	if strings.Contains(w.read(".github/workflows/plan.yml"), "secrets.") || strings.Count(w.read(".github/workflows/apply.yml"), "secrets.") != 1 {
		t.Error("a job other than the one that applies has secrets")
	}

	scripts := map[string]int{}
	for _, name := range regexp.MustCompile(`ci/[a-z-]+\.sh`).FindAllString(strings.Join(run, "\n"), -1) {
		scripts[name]++
		if info, err := os.Stat(filepath.Join(w.dir, name)); err != nil || info.Mode()&0o100 == 0 {
			t.Errorf("the pipelines run %s, which is not executable: %v", name, err)
		}
	}
	if diff := cmp.Diff([]string{"ci/apply.sh", "ci/github-identity.sh", "ci/plan.sh", "ci/summary.sh", "ci/test.sh"}, slices.Sorted(maps.Keys(scripts))); diff != "" {
		t.Errorf("scripts (-want +got):\n%s", diff)
	}
}

// pinnedImages runs the first script of each GitLab job. It must refuse a tag, which can be moved, and accept a digest.
func pinnedImages(t *testing.T, script string) {
	t.Helper()
	for image, want := range map[string]bool{
		"hashicorp/terraform:1.14.8@sha256:" + strings.Repeat("0", 64): true,
		"hashicorp/terraform:1.14.8":                                   false,
		"":                                                             false,
	} {
		begin := exec.CommandContext(t.Context(), "sh", "-eu", "-c", script)
		begin.Env = []string{"CI_JOB_IMAGE=" + image}
		out, err := begin.CombinedOutput()
		if (err == nil) != want || !want && !strings.Contains(string(out), "Set TERRAFORM_IMAGE and GO_IMAGE to name:tag@sha256:digest.") {
			t.Errorf("image %q: got error %v, want accepted %t: %s", image, err, want, out)
		}
	}
}

// A ramPolicy is a file of ram/.
type ramPolicy struct {
	Statement []struct {
		Effect    string
		Action    json.RawMessage // one action or a list
		Resource  string
		Principal struct{ Federated []string }
		Condition map[string]map[string]string
	}
}

func readRAM(t *testing.T, path string) ramPolicy {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var policy ramPolicy
	if err := json.Unmarshal(text, &policy); err != nil || len(policy.Statement) != 1 || policy.Statement[0].Effect != "Allow" {
		t.Fatalf("%s: got %+v, error %v; want one statement that allows", path, policy, err)
	}
	return policy
}

func ramActions(t *testing.T, path string) []string {
	t.Helper()
	var actions []string
	if err := json.Unmarshal(readRAM(t, path).Statement[0].Action, &actions); err != nil {
		t.Fatalf("%s: %v", path, err)
	}
	slices.Sort(actions)
	return actions
}

const gitopsRAM = repository + "/examples/gitops/ram/"

// TestGitOpsRoles compares the policies of the roles with all actions that the provider calls, which a test of the client
// compares with examples/ram-policy.json. The role of a pull request must not be able to read a private key, which
// GetCustomHostname returns.
func TestGitOpsRoles(t *testing.T) {
	t.Parallel()
	all := ramActions(t, repository+"/examples/ram-policy.json")
	if diff := cmp.Diff(all, ramActions(t, gitopsRAM+"policy-apply.json")); diff != "" {
		t.Errorf("policy-apply.json (-called +allowed):\n%s", diff)
	}
	reads := slices.DeleteFunc(slices.Clone(all), func(action string) bool {
		return !strings.HasPrefix(action, "esa:Get") && !strings.HasPrefix(action, "esa:List")
	})
	if diff := cmp.Diff(reads, ramActions(t, gitopsRAM+"policy-plan.json")); diff != "" || len(reads) != 6 {
		t.Errorf("policy-plan.json (-reads +allowed):\n%s", diff)
	}
	keyless := slices.DeleteFunc(reads, func(action string) bool { return action == "esa:GetCustomHostname" })
	if diff := cmp.Diff(keyless, ramActions(t, gitopsRAM+"policy-preview.json")); diff != "" || len(keyless) != 5 {
		t.Errorf("policy-preview.json (-reads without keys +allowed):\n%s", diff)
	}
}

// TestGitOpsTrust checks the subjects of tokens, as the hosts issue them, against the conditions of the roles.
func TestGitOpsTrust(t *testing.T) {
	t.Parallel()
	const github, gitlab, audience = "https://token.actions.githubusercontent.com", "https://gitlab.com", "sts.aliyuncs.com"
	for _, token := range []struct {
		what                      string
		issuer, audience, subject string
		roles                     []string
	}{
		{"a pull request", github, audience, "repo:my-org/my-repo:pull_request", []string{"github-preview"}},
		{"main", github, audience, "repo:my-org/my-repo:ref:refs/heads/main", []string{"github-plan"}},
		{"the job that applies", github, audience, "repo:my-org/my-repo:environment:production", []string{"github-apply"}},
		{"another environment", github, audience, "repo:my-org/my-repo:environment:production2", nil},
		{"a push to a branch", github, audience, "repo:my-org/my-repo:ref:refs/heads/feature", nil},
		{"a branch that is called like main", github, audience, "repo:my-org/my-repo:ref:refs/heads/main/x", nil},
		{"a tag main", github, audience, "repo:my-org/my-repo:ref:refs/tags/main", nil},
		{"a fork's main", github, audience, "repo:someone/my-repo:ref:refs/heads/main", nil},
		{"a fork's environment", github, audience, "repo:someone/my-repo:environment:production", nil},
		{"a repository that begins alike", github, audience, "repo:my-org/my-repo-2:pull_request", nil},
		{"a token for somebody else", github, "sts.example.com", "repo:my-org/my-repo:environment:production", nil},
		{"another issuer", "https://gitlab.example.com", audience, "project_path:my-group/my-repo:ref_type:branch:ref:main", nil},
		{"GitHub's subject from GitLab", gitlab, audience, "repo:my-org/my-repo:environment:production", nil},
		{"main", gitlab, audience, "project_path:my-group/my-repo:ref_type:branch:ref:main", []string{"gitlab-apply", "gitlab-plan", "gitlab-preview"}},
		{"a branch", gitlab, audience, "project_path:my-group/my-repo:ref_type:branch:ref:feature", []string{"gitlab-preview"}},
		{"a branch that begins like main", gitlab, audience, "project_path:my-group/my-repo:ref_type:branch:ref:main2", []string{"gitlab-preview"}},
		{"a tag main", gitlab, audience, "project_path:my-group/my-repo:ref_type:tag:ref:main", nil},
		{"a fork's main", gitlab, audience, "project_path:someone/my-repo:ref_type:branch:ref:main", nil},
		{"a fork's branch with the subject in its name", gitlab, audience, "project_path:someone/my-repo:ref_type:branch:ref:project_path:my-group/my-repo:ref_type:branch:ref:main", nil},
		{"a project that begins alike", gitlab, audience, "project_path:my-group/my-repo-2:ref_type:branch:ref:main", nil},
		{"a project below", gitlab, audience, "project_path:my-group/my-repo/x:ref_type:branch:ref:main", nil},
		{"a token for somebody else", gitlab, "https://gitlab.com", "project_path:my-group/my-repo:ref_type:branch:ref:main", nil},
	} {
		var roles []string
		files, err := filepath.Glob(gitopsRAM + "trust-*.json")
		if err != nil || len(files) != 6 {
			t.Fatalf("got files %q, want 6; error %v", files, err)
		}
		for _, file := range files {
			statement := readRAM(t, file).Statement[0]
			claims := map[string]string{"oidc:iss": token.issuer, "oidc:aud": token.audience, "oidc:sub": token.subject}
			trusted := string(statement.Action) == `"sts:AssumeRole"` && len(statement.Principal.Federated) == 1
			for operator, conditions := range statement.Condition {
				for claim, value := range conditions {
					trusted = trusted && ramMatches(t, operator, value, claims[claim])
					delete(claims, claim)
				}
			}
			if len(claims) > 0 {
				t.Errorf("%s has no condition on %v", file, claims)
			}
			if trusted {
				roles = append(roles, strings.TrimSuffix(strings.TrimPrefix(filepath.Base(file), "trust-"), ".json"))
			}
		}
		if !slices.Equal(roles, token.roles) {
			t.Errorf("%s (%s): got roles %q, want %q", token.what, token.subject, roles, token.roles)
		}
	}
}

// ramMatches compares a condition's value with a token's value like RAM.
func ramMatches(t *testing.T, operator, value, claim string) bool {
	t.Helper()
	switch operator {
	case "StringEquals":
		return value == claim
	case "StringLike":
		pattern := strings.NewReplacer(`\*`, ".*", `\?`, ".").Replace(regexp.QuoteMeta(value))
		return regexp.MustCompile("^" + pattern + "$").MatchString(claim)
	}
	t.Fatalf("unknown operator %s", operator)
	return false
}

// TestGitOpsIdentity runs the script that gets the token of a job, with a curl that records its arguments.
func TestGitOpsIdentity(t *testing.T) {
	t.Parallel()
	if runtime.GOOS == "windows" {
		t.Skip("the pipelines' scripts need a Unix shell")
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
			t.Errorf("got the curl arguments\n%s", asked)
		}
		if want == "" {
			if !strings.Contains(string(out), "id-token: write") {
				t.Errorf("got the output %s, want id-token: write in it", out)
			}
			continue
		}
		if got := w.read("oidc-token"); got != want {
			t.Errorf("got the token %q, want %q", got, want)
		}
		if got := w.read("env"); got != "ALIBABA_CLOUD_OIDC_TOKEN_FILE="+filepath.Join(dir, "oidc-token")+"\n" {
			t.Errorf("got the environment %q, want the path of the token", got)
		}
	}
}
