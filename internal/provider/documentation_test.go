package provider

import (
	"encoding/json"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"terraform-provider-esa/internal/fakeesa"
)

// These tests write and run what the documentation tells users to write and run.

const repository = "../.."

// A fence is a fenced block of a page.
type fence struct {
	page, language, text string
	before               string // the text of the page before the block
}

// fences returns the blocks of a page. Blocks in lists lose their indent.
func fences(t *testing.T, page string) []fence {
	t.Helper()
	bytes, err := os.ReadFile(filepath.Join(repository, page))
	if err != nil {
		t.Fatal(err)
	}
	var all []fence
	text := string(bytes)
	for _, found := range regexp.MustCompile("(?ms)^( *)```([a-z]+)\n(.*?)^ *```$").FindAllStringSubmatchIndex(text, -1) {
		indent := text[found[2]:found[3]]
		all = append(all, fence{
			page: page, language: text[found[4]:found[5]], before: text[:found[0]],
			text: strings.ReplaceAll("\n"+text[found[6]:found[7]], "\n"+indent, "\n")[1:],
		})
	}
	return all
}

// files returns the files in a folder of the repository that have one of the extensions.
func files(t *testing.T, folder string, endings ...string) []string {
	t.Helper()
	var found []string
	err := filepath.WalkDir(filepath.Join(repository, folder), func(path string, entry fs.DirEntry, err error) error {
		if err == nil && !entry.IsDir() && slices.Contains(endings, filepath.Ext(path)) {
			path, err = filepath.Rel(repository, path)
			found = append(found, path)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return found
}

// TestEveryExampleIsRun checks that each folder of examples is named in a test, or found by one of the patterns of
// TestAccExamples.
func TestEveryExampleIsRun(t *testing.T) {
	t.Parallel()
	var tests strings.Builder
	for _, file := range append(files(t, "internal/provider", ".go"), "internal/tools/demo/main.go", "internal/tools/release/release_test.go") {
		text, err := os.ReadFile(filepath.Join(repository, file))
		if err != nil {
			t.Fatal(err)
		}
		tests.Write(text)
	}
	found := regexp.MustCompile(`^examples/(provider|(resources|data-sources|functions|list-resources|actions)/[a-z_]+)/(provider|resource|data-source|function|list-resource|action|import)[a-z_-]*\.(tf|tfquery\.hcl|sh)$`)
	for _, file := range files(t, "examples", ".tf", ".hcl", ".sh") {
		folder := regexp.MustCompile(`^examples/(guides/)?[^/]+`).FindString(filepath.ToSlash(file))
		named, err := regexp.MatchString(`"[./]*(examples/|docs/)?`+strings.TrimPrefix(folder, "examples/")+`("|/|\.md")`, tests.String())
		if err != nil {
			t.Fatal(err)
		}
		if !found.MatchString(filepath.ToSlash(file)) && !named {
			t.Errorf("no test runs %s", file)
		}
	}
}

// TestAccDocumentation checks every configuration in the documentation. Files of examples/ are applied by their own tests.
// All others must be formatted, and are applied if possible, or else validated. Chinese pages have the same blocks as the
// English ones, which TestChinesePages checks, so they are not run again.
func TestAccDocumentation(t *testing.T) {
	t.Parallel()
	examples := map[string]bool{}
	for _, file := range files(t, "examples", ".tf", ".hcl") {
		text, err := os.ReadFile(filepath.Join(repository, file))
		if err != nil {
			t.Fatal(err)
		}
		examples[strings.TrimSpace(string(text))] = true
	}
	pages := append(files(t, "docs", ".md"), "README.md", "CONTRIBUTING.md", "SECURITY.md", "examples/gitops/README.md", "cmd/fake-esa/README.md")
	own := 0
	for _, page := range pages {
		for i, block := range fences(t, page) {
			if block.language != "terraform" && block.language != "hcl" || examples[strings.TrimSpace(block.text)] {
				continue
			}
			own++
			t.Run(fmt.Sprintf("%s, block %d", page, i+1), func(t *testing.T) {
				t.Parallel()
				block.try(t)
			})
		}
	}
	if own < 8 {
		t.Errorf("got %d blocks that are no examples, want at least 8; the pattern may be out of date", own)
	}
}

// documentedAccount has the site and the record whose ids are in the documentation.
func documentedAccount(t *testing.T) *account {
	t.Helper()
	a := newAccount(t, fakeesa.Options{})
	a.site = a.AddSiteOf(fakeesa.Site{ID: fakeesa.SeedSiteID, Name: "saas.example"})
	a.record = a.AddRecordOf(fakeesa.Record{ID: fakeesa.SeedRecordID, SiteID: a.site.ID, Name: "origin.saas.example", Proxied: true})
	return a
}

// use has the CLI check the provider's configuration, which it ignores if nothing needs the provider.
const use = "data \"esa_site\" \"any\" {\n  site_id = \"1\"\n}\n"

// try does what a reader does with a configuration.
func (f fence) try(t *testing.T) {
	w := newWorkspace(t)
	if strings.Contains(f.text, "provider_installation") {
		// This is the configuration of the CLI, in another syntax. With the provider's folder filled in, the CLI must be able to
		// use it.
		built, err := binary()
		if err != nil {
			t.Fatal(err)
		}
		w.write("cli.rc", regexp.MustCompile(`"/home/[^"]*"`).ReplaceAllLiteralString(f.text, fmt.Sprintf("%q", built)))
		w.write("main.tf", use)
		w.mustRun("validate")
		return
	}
	format := exec.CommandContext(t.Context(), w.cli, "fmt", "-")
	format.Env, format.Stdin = w.env, strings.NewReader(f.text)
	if formatted, err := format.CombinedOutput(); err != nil || string(formatted) != f.text {
		t.Errorf("the block is not formatted (%v), want:\n%s", err, formatted)
	}
	a := documentedAccount(t)
	w.env = append(w.env, a.environment()...)

	// References to another provider's resources are replaced by ids.
	text := strings.NewReplacer("alicloud_esa_site.saas.id", fmt.Sprintf("%q", fmt.Sprint(a.site.ID)), "alicloud_esa_record.origin.id", fmt.Sprintf("%q", fmt.Sprint(a.record.ID))).Replace(f.text)
	w.configure(text)
	switch {
	case strings.Contains(text, "import {"):
		a.AddHostname(fakeesa.Hostname{SiteID: a.site.ID, RecordID: a.record.ID, Hostname: "shop.customer.com", SSLFlag: "off"})
		w.mustRun("plan", "-generate-config-out=hostnames.tf")
		fallthrough
	case strings.Contains(text, "resource \""):
		w.mustRun("apply", "-auto-approve")
		w.mustRun("plan", "-detailed-exitcode")
		if made := a.hostname(t); made.Hostname != "shop.customer.com" {
			t.Errorf("got hostname %s, want shop.customer.com", made.Hostname)
		}
	default:
		w.write("use.tf", use)
		w.mustRun("validate")
	}
}

// TestAccExamples_import imports a hostname in each way that the documentation shows.
func TestAccExamples_import(t *testing.T) {
	t.Parallel()
	const folder = repository + "/examples/resources/esa_custom_hostname/"
	commands, err := os.ReadFile(folder + "import.sh")
	if err != nil {
		t.Fatal(err)
	}
	apply := func(w *workspace) { w.mustRun("apply", "-auto-approve") }
	tests := map[string]func(w *workspace){
		"import-by-string-id.tf": apply,
		"import-by-identity.tf": func(w *workspace) {
			requireTerraform14(w.t)
			apply(w)
		},
	}
	for _, command := range regexp.MustCompile(`(?m)^terraform (.*)$`).FindAllStringSubmatch(string(commands), -1) {
		arguments := strings.Fields(command[1])
		tests[command[1]] = func(w *workspace) { w.mustRun(arguments[0], arguments[1:]...) }
	}
	if len(tests) != 5 {
		t.Errorf("got %d ways to import, want 5", len(tests))
	}
	for way, run := range tests {
		t.Run(way, func(t *testing.T) {
			t.Parallel()
			w := newWorkspace(t)
			a := documentedAccount(t)
			a.AddHostname(fakeesa.Hostname{ID: 4042843419650201, SiteID: a.site.ID, RecordID: a.record.ID, Hostname: "shop.customer-a.com", SSLFlag: "on", CertType: "free"})
			w.env = append(w.env, a.environment()...)
			w.write("main.tf", strings.Replace(a.hcl(a.args("shop.customer-a.com", free())), `"test"`, `"free"`, 1))
			if strings.HasSuffix(way, ".tf") {
				text, err := os.ReadFile(folder + way)
				if err != nil {
					t.Fatal(err)
				}
				w.write("import.tf", string(text))
			}
			run(w)
			w.mustRun("plan", "-detailed-exitcode")
			if writes := a.writes(); len(writes) != 0 {
				t.Errorf("the import wrote %v, want nothing", writes)
			}
		})
	}
}

// TestAccGuideFirstHostname follows the guide exactly, from make install to the last destroy.
func TestAccGuideFirstHostname(t *testing.T) {
	t.Parallel()
	w := newWorkspace(t)
	server, err := fakeesa.Start(fakeesa.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(server.Close)
	fakeesa.Seed(server) // like the program
	a := &account{Server: server}
	w.asNewUser(t)
	w.env = append(w.env, a.environment()...)

	var output string
	file := regexp.MustCompile("`([a-z]+\\.tf)`")
	publish := regexp.MustCompile(`^curl -s -d "\$\(terraform output -json ([a-z_]+)\)" http://127\.0\.0\.1:8787(/fake/txt)$`)
	for _, block := range fences(t, "docs/guides/first-hostname.md") {
		switch block.language {
		case "terraform":
			names := file.FindAllStringSubmatch(block.before, -1)
			w.write(names[len(names)-1][1], block.text)
			continue
		case "text":
			for line := range strings.Lines(block.text) {
				if line = plainLine(line); line != "" && !strings.Contains(output, line) {
					t.Errorf("the guide shows\n%s\nbut the output is\n%s", line, output)
				}
			}
			continue
		}
		if block.language == "powershell" {
			continue // differs on Windows
		}
		output = ""
		for command := range strings.Lines(block.text) {
			command = strings.TrimSpace(command)
			if command == "go run ./cmd/fake-esa" {
				continue // the account's settings
			}
			if published := publish.FindStringSubmatch(command); published != nil {
				response, err := http.Post(a.URL()+published[2], "application/json", strings.NewReader(w.mustRun("output", "-json", published[1])))
				if err != nil {
					t.Fatal(err)
				}
				answer, _ := io.ReadAll(response.Body)
				if _ = response.Body.Close(); response.StatusCode != http.StatusOK {
					t.Fatalf("%s: got %s, want status 200", command, answer)
				}
				continue
			}
			a.ResetRequests()
			out, status := w.program("sh", "-c", command)
			if status != 0 {
				t.Fatalf("%s: got status %d, want 0:\n%s", command, status, out)
			}
			for _, r := range a.Requests() {
				out += fmt.Sprintf("%s %q %d hostname=%d\n", r.Method, r.Action, r.Status, r.HostnameID)
			}
			for line := range strings.Lines(out) {
				output += plainLine(line) + "\n"
			}
		}
	}
	if left := a.Hostnames(); len(left) != 0 {
		t.Errorf("got %d hostnames after the guide, want none", len(left))
	}
}

// plainLine returns a line without the parts that differ in each run.
func plainLine(line string) string {
	line = regexp.MustCompile(`\d{10,}`).ReplaceAllString(strings.TrimSpace(line), "ID")
	return regexp.MustCompile(`"value" = ".*"`).ReplaceAllString(line, `"value" = TOKEN`)
}

// asNewUser gives the workspace a home of its own, the CLI as "terraform" in PATH, the repository's make, and a user who
// answers yes.
func (w *workspace) asNewUser(t *testing.T) {
	t.Helper()
	home := t.TempDir()
	cli, err := exec.LookPath(w.cli)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(cli, filepath.Join(home, "terraform")); err != nil {
		t.Fatal(err)
	}
	program, err := exec.LookPath("make")
	if err != nil {
		t.Fatal(err)
	}
	root, err := filepath.Abs(repository)
	if err != nil {
		t.Fatal(err)
	}
	inClone := fmt.Sprintf("#!/bin/sh\nexec %q -C %q \"$@\"\n", program, root)
	if err := os.WriteFile(filepath.Join(home, "make"), []byte(inClone), 0o700); err != nil {
		t.Fatal(err)
	}
	w.env = append(w.env, "HOME="+home, "PATH="+home+string(filepath.ListSeparator)+os.Getenv("PATH"), "TF_CLI_CONFIG_FILE="+os.DevNull,
		"TF_CLI_ARGS_apply=-auto-approve", "TF_CLI_ARGS_destroy=-auto-approve", "MAKEFLAGS=", "MAKELEVEL=")
	// Go's folders stay those of the real home.
	for _, name := range []string{"GOCACHE", "GOMODCACHE", "GOPATH"} {
		out, err := exec.CommandContext(t.Context(), "go", "env", name).Output()
		if err != nil {
			t.Fatal(err)
		}
		w.env = append(w.env, name+"="+strings.TrimSpace(string(out)))
	}
	_ = os.Remove(filepath.Join(w.dir, "versions.tf"))
	_ = os.Remove(filepath.Join(w.dir, "cli.rc"))
}

// rows returns the first table of a page whose heading begins with the given text, including the heading.
func rows(t *testing.T, page, heading string) [][]string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(repository, page))
	if err != nil {
		t.Fatal(err)
	}
	_, after, found := strings.Cut(string(text), "\n"+heading)
	if !found {
		t.Fatalf("%s has no table whose heading begins with %s", page, heading)
	}
	table, _, _ := strings.Cut(heading+after, "\n\n")
	var all [][]string
	for i, line := range strings.Split(table, "\n") {
		if i == 1 {
			continue // the line below the heading
		}
		var cells []string
		for _, cell := range strings.Split(strings.Trim(line, "|"), "|") {
			cells = append(cells, strings.TrimSpace(cell))
		}
		all = append(all, cells)
	}
	return all
}

// TestAccCompatibility checks with this CLI each row of the first page's table.
func TestAccCompatibility(t *testing.T) {
	t.Parallel()
	versions := newWorkspace(t)
	said, _ := versions.run("version")
	var product string
	var minor int
	if _, err := fmt.Sscanf(said, "%s v1.%d", &product, &minor); err != nil {
		t.Fatalf("got error %v, want a version in %s", err, said)
	}
	table := rows(t, "docs/index.md", "| | Terraform 1.")
	column, newest := 0, 0
	for i, heading := range table[0] {
		var of int
		if _, err := fmt.Sscanf(heading, product+" 1.%d", &of); err == nil {
			newest = max(newest, of)
			if of == minor || of == newest && of < minor {
				column = i
			}
		}
	}
	if column == 0 || newest > minor && table[0][column] != fmt.Sprintf("%s 1.%d", product, minor) {
		t.Skipf("the table has no column for %s 1.%d", product, minor)
	}
	hostname := func(w *workspace, a *account) string {
		w.write("main.tf", a.hcl(a.args("shop.customer-a.com", free())))
		a.AddHostname(fakeesa.Hostname{ID: 4042843419650201, SiteID: a.site.ID, RecordID: a.record.ID, Hostname: "shop.customer-a.com", SSLFlag: "on", CertType: "free"})
		return "esa_custom_hostname.test"
	}
	apply := func(w *workspace) int {
		_, status := w.run("apply", "-auto-approve")
		return status
	}
	tries := map[string]func(w *workspace, a *account) int{
		"resources, data sources, functions": func(w *workspace, a *account) int {
			w.write("main.tf", a.hcl(a.args("shop.customer-a.com", free()), `
data "esa_site" "saas" {
  site_name = "example.com"
}

output "relative_name" {
  value = provider::esa::relative_name("shop.${data.esa_site.saas.site_name}", data.esa_site.saas.site_name)
}
`))
			return apply(w)
		},
		"write-only arguments, such as `private_key_wo`": func(w *workspace, _ *account) int {
			w.configure(readExample(w.t, "guides/certificates/upload.tf"))
			return apply(w)
		},
		"`import` blocks by id, with `for_each`": func(w *workspace, a *account) int {
			to := hostname(w, a)
			w.write("main.tf", strings.Replace(w.read("main.tf"), "resource \"esa_custom_hostname\" \"test\" {", "resource \"esa_custom_hostname\" \"test\" {\n  for_each = toset([\"one\"])\n", 1))
			w.write("import.tf", "import {\n  for_each = { one = \"4042843419650201\" }\n  to       = "+to+"[each.key]\n  id       = each.value\n}\n")
			return apply(w)
		},
		"`import` blocks by identity": func(w *workspace, a *account) int {
			w.write("import.tf", "import {\n  to       = "+hostname(w, a)+"\n  identity = {\n    hostname_id = \"4042843419650201\"\n  }\n}\n")
			return apply(w)
		},
		"`terraform test` with `mock_provider`": func(w *workspace, _ *account) int {
			w.copyExample("guides/tenants")
			_, status := w.run("test")
			return status
		},
		"`terraform query`": func(w *workspace, _ *account) int {
			w.copyExample("guides/takeover")
			_, status := w.run("query")
			return status
		},
		"actions": func(w *workspace, a *account) int {
			to := hostname(w, a)
			w.write("action.tf", "action \"esa_verify_custom_hostname\" \"test\" {\n  config {\n    hostname_id = \"4042843419650201\"\n  }\n}\n\nimport {\n  to = "+to+"\n  id = \"4042843419650201\"\n}\n")
			if _, status := w.run("apply", "-auto-approve"); status != 0 {
				return status
			}
			_, status := w.run("apply", "-auto-approve", "-invoke=action.esa_verify_custom_hostname.test")
			return status
		},
	}
	for _, row := range table[1:] {
		t.Run(row[0], func(t *testing.T) {
			t.Parallel()
			try := tries[row[0]]
			if try == nil {
				t.Fatal("no test for this row")
			}
			a := newAccount(t, fakeesa.Options{PublishAtOnce: true})
			status := try(example(t, a, issue(t, "app.customer-b.com")), a)
			if (status == 0) != (row[column] == "yes") {
				t.Errorf("%s: the table says %q, but the CLI ended with status %d", table[0][column], row[column], status)
			}
		})
	}
	if len(table)-1 != len(tries) {
		t.Errorf("the table has %d rows, but %d are tested", len(table)-1, len(tries))
	}
}

// TestArgumentsByCertType plans with and without each argument in the table of the resource's page.
func TestArgumentsByCertType(t *testing.T) {
	t.Parallel()
	pair := issue(t, name)
	least := map[string]map[string]any{
		"`ssl_flag` `off`": {},
		"`free`":           {"ssl_flag": "on", "cert_type": "free"},
		"`upload`":         {"ssl_flag": "on", "cert_type": "upload", "certificate": pair.CertificatePEM, "private_key_wo": pair.PrivateKeyPEM},
		"`cas`":            {"ssl_flag": "on", "cert_type": "cas", "cas_id": "30000478"},
	}
	values := map[string]any{
		"cert_type": "free", "certificate": pair.CertificatePEM, "private_key_wo": pair.PrivateKeyPEM, "private_key": pair.PrivateKeyPEM,
		"private_key_wo_version": 1, "cas_id": "30000478", "cas_region": "cn-hangzhou", "certificate_apply_trigger": "x",
	}
	s := newServer(t, newAccount(t, fakeesa.Options{}))
	table := rows(t, "docs/resources/custom_hostname.md", "| argument |")
	for _, row := range table[1:] {
		argument := strings.Trim(row[0], "`")
		for i, cell := range row[1:] {
			column := table[0][i+1]
			with, without := valid(least[column]), valid(least[column])
			if _, given := with[argument]; !given {
				with[argument] = values[argument]
			}
			if argument == "private_key" && cell == "optional" {
				delete(with, "private_key_wo") // either is enough
			}
			delete(without, argument)
			if argument == "private_key_wo" && cell == "optional" {
				without["private_key"] = pair.PrivateKeyPEM
			}
			got := "optional"
			if len(errorsIn(s.plan(t, with))) > 0 {
				got = "refused"
			} else if len(errorsIn(s.plan(t, without))) > 0 {
				got = "required"
			}
			if least[column] == nil || values[argument] == nil || got != cell {
				t.Errorf("%s with %s: got %s, but the page says %s", argument, column, got, cell)
			}
		}
	}
	if len(table)-1 != len(values) {
		t.Errorf("got %d rows, want %d", len(table)-1, len(values))
	}
}

// TestAccInstall rebuilds the provider while a configuration has a lock file, with changes that are not committed. The
// command that make install prints must fix the lock file each time.
func TestAccInstall(t *testing.T) {
	t.Parallel()
	w := newWorkspace(t)
	w.asNewUser(t)
	clone := filepath.Join(t.TempDir(), "clone")
	host := "registry.opentofu.org"
	if said, _ := w.run("version"); strings.HasPrefix(said, "Terraform") {
		host = "registry.terraform.io"
	}
	do := func(command ...string) string {
		t.Helper()
		out, status := w.program(command[0], command[1:]...)
		if status != 0 {
			t.Fatalf("%v: got status %d, want 0:\n%s", command, status, out)
		}
		return out
	}
	git := func(arguments ...string) {
		t.Helper()
		do(append([]string{"git", "-C", clone, "-c", "user.name=test", "-c", "user.email=test@example.com"}, arguments...)...)
	}
	install := func() string {
		t.Helper()
		program, err := exec.LookPath("make") // not the make of asNewUser, which runs in this repository
		if err != nil {
			t.Fatal(err)
		}
		return do(program, "-C", clone, "install", "registries="+host)
	}
	change := func(file, more string) {
		t.Helper()
		text, err := os.ReadFile(filepath.Join(repository, file))
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(clone, file), append(text, more...), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	root, err := filepath.Abs(repository)
	if err != nil {
		t.Fatal(err)
	}
	do("git", "clone", "--quiet", root, clone)
	change("GNUmakefile", "") // as it is here, committed or not
	git("commit", "--quiet", "--allow-empty", "--all", "--message", "one")
	w.write("main.tf", "terraform {\n  required_providers {\n    esa = {\n      source = \"esa-provider/esa\"\n    }\n  }\n}\n")
	version := regexp.MustCompile(`Installed esa-provider/esa (0\.0\.\d+) into`)
	advice := regexp.MustCompile(`is no longer available, run: terraform (init -upgrade)`)
	used := map[string]bool{}
	for i, step := range []func(){
		func() {},
		func() { change("main.go", "\nvar _ = 1\n") },
		func() { change("main.go", "\nvar _ = 2\n") },
	} {
		step()
		out := install()
		found, next := version.FindStringSubmatch(out), advice.FindStringSubmatch(out)
		if found == nil || next == nil {
			t.Fatalf("make install does not print the version and the command:\n%s", out)
		}
		if used[found[1]] {
			t.Errorf("two builds have the version %s", found[1])
		}
		used[found[1]] = true
		if i > 0 {
			if out, status := w.run("init"); status == 0 || !strings.Contains(strings.Join(strings.Fields(out), " "), "previously-selected version") {
				t.Errorf("init: got status %d, want an error about the lock file:\n%s", status, out)
			}
		}
		w.mustRun(strings.Fields(next[1])[0], strings.Fields(next[1])[1:]...)
		if lock := w.read(".terraform.lock.hcl"); !strings.Contains(lock, fmt.Sprintf("%q", found[1])) {
			t.Errorf("the lock file does not contain %s:\n%s", found[1], lock)
		}
	}
}

// TestAccFakeReadme takes the hostname of the fake's README to its certificate, with the seed file of the README.
func TestAccFakeReadme(t *testing.T) {
	t.Parallel()
	server, err := fakeesa.Start(fakeesa.Options{IssueDelay: 10 * time.Minute})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(server.Close)
	if err := server.Load(filepath.Join(repository, "cmd/fake-esa/seed.json")); err != nil {
		t.Fatal(err)
	}
	hostname := func() fakeesa.Hostname {
		h, _ := server.HostnameByName(fakeesa.SeedSiteID, "www.customer-b.com")
		return h
	}
	w := newWorkspace(t)
	w.env = append(w.env, (&account{Server: server}).environment()...)
	var published struct{ Name, Value string }
	page, err := os.ReadFile(filepath.Join(repository, "cmd/fake-esa/README.md"))
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(regexp.MustCompile(`(?m)^\$ curl -s -d '(\{"name".*)' http`).FindSubmatch(page)[1], &published); err != nil {
		t.Fatal(err)
	}
	server.PublishTXT(published.Name, published.Value)
	w.write("main.tf", "resource \"esa_custom_hostname_validation\" \"owner\" {\n  hostname_id = \"4042843419650202\"\n  wait_for = \"ownership\"\n}\n")
	w.mustRun("apply", "-auto-approve")
	if got := hostname(); got.Status != "active" || got.CertTxtKey == "" || got.CertStatus == "OK" {
		t.Fatalf("after the first record: got %+v, want an active hostname that waits for its certificate", got)
	}
	server.PublishTXT(hostname().CertTxtKey, hostname().CertTxtValue)
	server.MoveClock(10 * time.Minute)
	w.write("main.tf", "resource \"esa_custom_hostname_validation\" \"certificate\" {\n  hostname_id = \"4042843419650202\"\n}\n")
	w.mustRun("apply", "-auto-approve")
	if got := hostname(); got.CertStatus != "OK" {
		t.Errorf("after the second record: got certificate status %s, want OK", got.CertStatus)
	}
}

// TestHowSureNamesEveryReading compares the page with the readings of the fake.
func TestHowSureNamesEveryReading(t *testing.T) {
	t.Parallel()
	page, err := os.ReadFile("../../docs/guides/how-sure.md")
	if err != nil {
		t.Fatal(err)
	}
	named := map[string]bool{}
	for _, row := range regexp.MustCompile(`(?m)^\| (`+"`"+`[^|]+) \|`).FindAllStringSubmatch(string(page), -1) {
		for _, name := range strings.Split(row[1], ", ") {
			named[strings.Trim(name, "`")] = true
		}
	}
	for _, r := range fakeesa.Readings() {
		if !named[r.Name] {
			t.Errorf("the page does not name %s", r.Name)
		}
		delete(named, r.Name)
	}
	if len(named) > 0 {
		t.Errorf("the page names %v, which are no readings of the fake", named)
	}
}
