package main

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

// pages are the Markdown files that people read. What is in templates is read in docs.
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

// anchors are the places of a page that a link can name.
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

// registry is where docs/ is published.
const registry = "https://registry.terraform.io/providers/esa-provider/esa/latest/docs"

// TestLinks follows every link from one file of the repository to another, and from page to page of the registry. There
// relative links from the first page, or to it, lead nowhere: it has no final slash.
func TestLinks(t *testing.T) {
	t.Parallel()
	all := pages(t)
	count := 0
	for page, text := range all {
		for _, found := range links.FindAllStringSubmatch(fences.ReplaceAllString(text, ""), -1) {
			target, anchor, _ := strings.Cut(found[1], "#")
			published, isPublished := strings.CutPrefix(target, registry)
			if !isPublished && (strings.Contains(target, "://") || strings.HasPrefix(target, "mailto:")) {
				continue
			}
			count++
			file := page
			switch {
			case isPublished && published == "":
				file = "docs/index.md"
			case isPublished:
				file = "docs" + published + ".md"
			case target != "":
				file = filepath.ToSlash(filepath.Join(filepath.Dir(page), target))
				if strings.HasPrefix(page, "docs/") && (page == "docs/index.md" || file == "docs/index.md" || !strings.HasPrefix(file, "docs/")) {
					t.Errorf("%s links to %s, which the registry does not find", page, found[1])
				}
			}
			if _, err := os.Stat(file); err != nil {
				t.Errorf("%s links to %s, which is not there", page, found[1])
			} else if anchor != "" && !anchors(all[file])[anchor] {
				t.Errorf("%s links to %s, and %s has no such heading", page, found[1], file)
			}
		}
	}
	if count < 30 {
		t.Errorf("found %d links in %d pages: are they still written like this?", count, len(all))
	}
}

// TestTroubleshootingNamesEveryCode compares the guide with the codes that the client knows.
func TestTroubleshootingNamesEveryCode(t *testing.T) {
	t.Parallel()
	source, err := os.ReadFile("internal/esa/errors.go")
	if err != nil {
		t.Fatal(err)
	}
	guide, err := os.ReadFile("docs/guides/troubleshooting.md")
	if err != nil {
		t.Fatal(err)
	}
	codes := regexp.MustCompile(`ErrorCode = "([^"]+)"`).FindAllSubmatch(source, -1)
	if len(codes) < 30 {
		t.Fatalf("found %d codes", len(codes))
	}
	for _, code := range codes {
		if !strings.Contains(string(guide), "`"+string(code[1])+"`") {
			t.Errorf("the guide does not name %s", code[1])
		}
	}
}

// TestEveryPageHasAnExample looks for an example in every generated page but the guides; the acceptance tests run all
// that is in examples/.
func TestEveryPageHasAnExample(t *testing.T) {
	pages, err := filepath.Glob("docs/*/*.md")
	if err != nil || len(pages) < 10 {
		t.Fatalf("%d pages: %v", len(pages), err)
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
	}
}

// TestThousandsFigures reckons the table of 100,000 hostnames anew, from what BENCHMARKS.md measured.
func TestThousandsFigures(t *testing.T) {
	t.Parallel()
	all := pages(t)
	row := regexp.MustCompile(`(?m)^\| 5000 \| plan \| (\d+) GetCustomHostname, (\d+) ListCustomHostnames \|.* (\d+ MB) \|$`).FindStringSubmatch(all["BENCHMARKS.md"])
	if row == nil {
		t.Fatal("BENCHMARKS.md has no plan of 5000 hostnames")
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
			t.Errorf("the page does not say %q", want)
		}
	}
}

// TestSecurityNamesTests looks for the tests that SECURITY.md names.
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
		t.Errorf("it names %d tests", len(names))
	}
	for _, name := range names {
		if !exists[name[1]] {
			t.Errorf("there is no %s", name[1])
		}
	}
}
