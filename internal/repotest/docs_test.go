package repotest

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-go/tfprotov6"

	"terraform-provider-esa/internal/provider"
)

// pages returns the Markdown files that users read. Pages in templates are read in docs instead.
func pages(t *testing.T) map[string]string {
	t.Helper()
	all := map[string]string{}
	err := filepath.WalkDir(".", func(path string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case entry.IsDir() && (path == "templates" || strings.HasPrefix(entry.Name(), ".") && path != "."):
			return fs.SkipDir
		case !strings.HasSuffix(path, ".md"):
			return nil
		}
		text, err := os.ReadFile(path)
		all[filepath.ToSlash(path)] = string(text)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

var (
	fences   = regexp.MustCompile("(?ms)^ *```.*?^ *```$")
	links    = regexp.MustCompile(`\]\(([^()\s]+)\)`)
	headings = regexp.MustCompile(`(?m)^#+ (.+)$`)
	named    = regexp.MustCompile(`<a id="([^"]+)">`)
)

// anchors returns the parts of a page that a link can name.
func anchors(text string) map[string]bool {
	all := map[string]bool{}
	for _, found := range headings.FindAllStringSubmatch(fences.ReplaceAllString(text, ""), -1) {
		slug := strings.ToLower(strings.ReplaceAll(found[1], " ", "-"))
		all[regexp.MustCompile(`[^\p{L}\p{N}_-]`).ReplaceAllString(slug, "")] = true
	}
	for _, found := range named.FindAllStringSubmatch(text, -1) {
		all[found[1]] = true
	}
	return all
}

// registry is the address where docs/ is published.
const registry = "https://registry.terraform.io/providers/esa-provider/esa/latest/docs"

// released reports whether the changelog has a section with a date.
func released(t *testing.T) bool {
	t.Helper()
	return regexp.MustCompile(`(?m)^## \d+\.\d+\.\d+ \([A-Z][a-z]+ \d+, \d{4}\)$`).MatchString(pages(t)["CHANGELOG.md"])
}

// TestStatus checks sentences that the pages must contain before the first release, and must not contain after it.
func TestStatus(t *testing.T) {
	t.Parallel()
	all := pages(t)
	for page, sentence := range map[string]string{
		"README.md": "**Status**: Not released yet", "docs/index.md": "**Status**: Not released yet", "docs/guides/upgrading.md": "Nothing is released yet",
		"README.zh-CN.md": "**状态**：尚未发布", "cmd/fake-esa/README.md": "No release has been published yet", "cmd/fake-esa/README.zh-CN.md": "目前还没有发布过任何版本",
	} {
		if said := strings.Contains(all[page], sentence); said == released(t) {
			t.Errorf("released %t: %s contains %q: %t", released(t), page, sentence, said)
		}
	}
}

// TestLinks follows every link between files of the repository, and between pages of the registry. In the registry, relative
// links from or to the first page do not work, because its address has no final slash. Before the first release, the
// registry has no pages.
func TestLinks(t *testing.T) {
	t.Parallel()
	all := pages(t)
	published := released(t)
	count := 0
	for page, text := range all {
		for _, found := range links.FindAllStringSubmatch(fences.ReplaceAllString(text, ""), -1) {
			target, anchor, _ := strings.Cut(found[1], "#")
			inRegistry, isInRegistry := strings.CutPrefix(target, registry)
			if !isInRegistry && (strings.Contains(target, "://") || strings.HasPrefix(target, "mailto:")) {
				continue
			}
			count++
			file := page
			switch {
			case isInRegistry && !published:
				t.Errorf("%s links to %s, which does not exist before the first release", page, found[1])
				continue
			case isInRegistry && inRegistry == "":
				file = "docs/index.md"
			case isInRegistry:
				file = "docs" + inRegistry + ".md"
			case target != "":
				file = filepath.ToSlash(filepath.Join(filepath.Dir(page), target))
				ofIndex := page == "docs/index.md" || file == "docs/index.md"
				if strings.HasPrefix(page, "docs/") && (ofIndex && published || !strings.HasPrefix(file, "docs/")) {
					t.Errorf("%s links to %s, which does not work in the registry", page, found[1])
				}
			}
			if _, err := os.Stat(file); err != nil {
				t.Errorf("%s links to %s, which does not exist", page, found[1])
			} else if anchor != "" && !anchors(all[file])[anchor] {
				t.Errorf("%s links to %s, but %s has no such heading", page, found[1], file)
			}
		}
	}
	if count < 30 {
		t.Errorf("got %d links in %d pages, want at least 30; the pattern may be out of date", count, len(all))
	}
}

// table returns the first table of a page whose heading begins with the given text.
func table(text, heading string) string {
	_, after, found := strings.Cut(text, "\n"+heading)
	if !found {
		return ""
	}
	rows, _, _ := strings.Cut(after, "\n\n")
	return heading + rows
}

// TestCompatibilityTable compares the tables in both pages, and their columns with the CLIs that CI runs.
// TestAccCompatibility tests the cells.
func TestCompatibilityTable(t *testing.T) {
	t.Parallel()
	const heading = "| | Terraform 1."
	all := pages(t)
	index := table(all["docs/index.md"], heading)
	if index == "" || index != table(all["README.md"], heading) {
		t.Errorf("got the table of README.md\n%s\nand that of docs/index.md\n%s", table(all["README.md"], heading), index)
	}
	want := "| | Terraform " + firstMatch(t, ".github/workflows/test.yml", `terraform_version: (\d+\.\d+)\.`) +
		" | Terraform " + firstMatch(t, "internal/tools/terraform/go.mod", `github\.com/hashicorp/terraform v(\d+\.\d+)\.`) +
		" | OpenTofu " + firstMatch(t, "internal/tools/tofu/go.mod", `github\.com/opentofu/opentofu v(\d+\.\d+)\.`) + " |"
	if columns, _, _ := strings.Cut(index, "\n"); columns != want {
		t.Errorf("got columns %s, want those of CI %s", columns, want)
	}
}

// ofAlicloud are the arguments of the alicloud provider's block, from alicloud/provider.go of
// github.com/aliyun/terraform-provider-alicloud at commit 0001bd25122b4dbaa79b8fab488cfac79c85ec62.
var ofAlicloud = []string{
	"access_key", "account_id", "account_type", "assume_role", "assume_role_with_oidc", "client_connect_timeout", "client_read_timeout",
	"configuration_source", "credentials_uri", "ecs_role_name", "endpoints", "fc", "log_endpoint", "max_retry_timeout", "mns_endpoint",
	"ots_instance_name", "profile", "protocol", "region", "secret_key", "secure_transport", "security_token", "security_transport",
	"shared_credentials_file", "sign_version", "skip_region_validation", "source_ip",
}

// TestAlicloudArguments compares what the first page says about an alicloud provider block with the provider's schema.
func TestAlicloudArguments(t *testing.T) {
	t.Parallel()
	schema, err := provider.NewServer("test")().GetProviderSchema(t.Context(), &tfprotov6.GetProviderSchemaRequest{})
	if err != nil {
		t.Fatal(err)
	}
	known := map[string]bool{}
	for _, attribute := range schema.Provider.Block.Attributes {
		known[attribute.Name] = true
	}
	for _, block := range schema.Provider.Block.BlockTypes {
		known[block.TypeName] = true
	}
	index := pages(t)["docs/index.md"]
	named := func(expression string) map[string]bool {
		all := map[string]bool{}
		for _, name := range regexp.MustCompile("`([a-z_]+)`").FindAllStringSubmatch(regexp.MustCompile(expression).FindString(index), -1) {
			all[name[1]] = true
		}
		return all
	}
	taken, refused := named(`(?s)these have the same names[^.]*\.`), named(`(?s)These are refused as unsupported[^.]*\.`)
	for _, name := range ofAlicloud {
		if taken[name] != known[name] || refused[name] == known[name] {
			t.Errorf("%s: in the schema %t; accepted on the page %t, refused on the page %t", name, known[name], taken[name], refused[name])
		}
	}
	if len(taken)+len(refused) != len(ofAlicloud) {
		t.Errorf("the page names %d accepted and %d refused arguments, want %d in total", len(taken), len(refused), len(ofAlicloud))
	}
}

// TestIDs checks that pages and examples use one id for one kind of object.
func TestIDs(t *testing.T) {
	t.Parallel()
	all := pages(t)
	examples, err := filepath.Glob("examples/*/*/*.*")
	if err != nil || len(examples) == 0 {
		t.Fatalf("got %d examples, want some; error %v", len(examples), err)
	}
	for _, file := range examples {
		if info, err := os.Stat(file); err == nil && !info.IsDir() {
			all[file] = readFile(t, file)
		}
	}
	kinds := map[string]*regexp.Regexp{
		"site":     regexp.MustCompile(`site_id\s*=\s*"?(\d{9,})|acs:esa:\S*site/(\d{9,})|\(site (\d{9,})|(\d{15,})[/:](?:[a-z]|\d{15,})`),
		"record":   regexp.MustCompile(`record_id\s*=\s*"(\d{9,})"`),
		"hostname": regexp.MustCompile(`hostname_id\s*=\s*"(\d{9,})"|hostname id (\d{9,})|\d{9,}:(\d{9,})|import \S+ (\d{9,})$`),
	}
	want := map[string]string{"site": "4042843419650112", "record": "4042843419650113", "hostname": "4042843419650201"}
	count := 0
	for page, text := range all {
		for kind, expression := range kinds {
			for _, found := range expression.FindAllStringSubmatch(text, -1) {
				count++
				if id := strings.Join(found[1:], ""); id != want[kind] {
					t.Errorf("%s: %q: got %s %s, want %s", page, found[0], kind, id, want[kind])
				}
			}
		}
	}
	if count < 15 {
		t.Errorf("got %d ids, want at least 15; the pattern may be out of date", count)
	}
}

// TestWindowsInstall checks the install command for Windows, which no test can run here. CLIs require an exact file name of
// the plugin.
func TestWindowsInstall(t *testing.T) {
	t.Parallel()
	command := regexp.MustCompile(`(?m)^go build -ldflags "-X main\.version=([\d.]+)" -o "\$env:APPDATA\\terraform\.d\\plugins\\([^"]*)" \.$`).
		FindStringSubmatch(pages(t)["docs/guides/first-hostname.md"])
	if command == nil {
		t.Fatal("the guide does not contain the command to install without make")
	}
	want := "registry.terraform.io/esa-provider/esa/" + command[1] + "/windows_amd64/terraform-provider-esa_v" + command[1] + ".exe"
	if got := strings.ReplaceAll(command[2], `\`, "/"); got != want {
		t.Errorf("got the file %s, want %s", got, want)
	}
}

// TestTroubleshootingNamesEveryCode compares the guide, in both languages, with the codes of the client.
func TestTroubleshootingNamesEveryCode(t *testing.T) {
	t.Parallel()
	source, err := os.ReadFile("internal/esa/errors.go")
	if err != nil {
		t.Fatal(err)
	}
	codes := regexp.MustCompile(`ErrorCode = "([^"]+)"`).FindAllSubmatch(source, -1)
	if len(codes) < 30 {
		t.Fatalf("got %d codes, want at least 30", len(codes))
	}
	all := pages(t)
	for _, guide := range []string{"docs/guides/troubleshooting.md", "docs/guides/troubleshooting-zh.md"} {
		for _, code := range codes {
			if !strings.Contains(all[guide], "`"+string(code[1])+"`") {
				t.Errorf("%s does not name %s", guide, code[1])
			}
		}
	}
}

// TestEveryPageHasAnExample checks that each generated page that is not a guide has an example and a link to a guide. The
// acceptance tests run the examples.
func TestEveryPageHasAnExample(t *testing.T) {
	pages, err := filepath.Glob("docs/*/*.md")
	if err != nil || len(pages) < 10 {
		t.Fatalf("got %d pages, want at least 10; error %v", len(pages), err)
	}
	for _, page := range pages {
		if strings.HasPrefix(page, "docs/guides/") {
			continue
		}
		text, err := os.ReadFile(page)
		if err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(string(text), "## Example Usage") {
			t.Errorf("%s has no example", page)
		}
		if _, also, _ := strings.Cut(string(text), "\n## See also\n"); !strings.Contains(also, "](../guides/") {
			t.Errorf("%s does not link to a guide", page)
		}
	}
}

// TestThousandsFigures computes the table of 100,000 hostnames from the results in BENCHMARKS.md.
func TestThousandsFigures(t *testing.T) {
	t.Parallel()
	all := pages(t)
	row := regexp.MustCompile(`(?m)^\| 5000, free certificates \| plan \| (\d+) GetCustomHostname, (\d+) ListCustomHostnames \|.* (\d+ MB) \|$`).FindStringSubmatch(all["BENCHMARKS.md"])
	if row == nil {
		t.Fatal("BENCHMARKS.md has no row for a plan of 5000 hostnames")
	}
	gets, _ := strconv.Atoi(row[1])
	lists, _ := strconv.Atoi(row[2])
	const hostnames, perState, createsPerHour, callsPerSecond = 100_000, 5_000, 100, 20
	states := hostnames / perState
	calls := states * (gets + lists)
	hours := hostnames / createsPerHour / states
	page := all["docs/guides/thousands.md"]
	for _, want := range []string{
		fmt.Sprintf("| states | %d |", states),
		fmt.Sprintf("| calls of one plan of all | %d | %d states, %d calls each |", calls, states, gets+lists),
		fmt.Sprintf("| calls per hostname and hour, with a plan of all every ten minutes | %.2f |", float64(6*calls)/hostnames),
		"| calls of the first apply | 200,000 |",
		"| hours of the first apply, with one RAM identity | 1,000 |",
		fmt.Sprintf("| hours of the first apply, with %d RAM identities | %d |", states, hours),
		fmt.Sprintf("| calls per second during that first apply | %.1f |", 2*hostnames/float64(hours*3600)),
		fmt.Sprintf("| workers | %d |", states/2),
		fmt.Sprintf("| memory of the provider, for each worker | %s |", row[3]),
		fmt.Sprintf("%d calls are %d seconds of an account that may make %d calls per second", calls, calls/callsPerSecond, callsPerSecond),
	} {
		if !strings.Contains(page, want) {
			t.Errorf("the page does not contain %q", want)
		}
	}
}

// TestSecurityNamesTests checks that the tests named in SECURITY.md exist.
func TestSecurityNamesTests(t *testing.T) {
	exists := map[string]bool{}
	function := regexp.MustCompile(`(?m)^func ((?:Test|Fuzz)\w+)\(`)
	err := filepath.WalkDir(".", func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || !strings.HasSuffix(path, "_test.go") {
			return err
		}
		text, err := os.ReadFile(path)
		for _, found := range function.FindAllStringSubmatch(string(text), -1) {
			exists[found[1]] = true
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	names := regexp.MustCompile("`((?:Test|Fuzz)\\w+)`").FindAllStringSubmatch(pages(t)["SECURITY.md"], -1)
	if len(names) < 10 {
		t.Errorf("got %d tests, want at least 10", len(names))
	}
	for _, name := range names {
		if !exists[name[1]] {
			t.Errorf("the test %s does not exist", name[1])
		}
	}
}
