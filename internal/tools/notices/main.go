// Command notices prints THIRD_PARTY_NOTICES.txt, the licences of everything that is linked into a release. Its archives
// contain that file. It reads the provider's dependencies from go list, and the licence files from their sources.
package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

// platforms are those of .goreleaser.yml, as some modules are linked only on one of them.
var platforms = []string{
	"darwin/amd64", "darwin/arm64", "freebsd/386", "freebsd/amd64", "freebsd/arm", "freebsd/arm64", "linux/386", "linux/amd64", "linux/arm", "linux/arm64",
	"windows/386", "windows/amd64", "windows/arm64",
}

// A pkg is a package from go list.
type pkg struct {
	Dir      string
	Standard bool
	Module   *struct {
		Path, Version, Dir string
		Main               bool
	}
}

// A notice is a text and its owner.
type notice struct {
	text   string
	owners []string
}

func main() {
	if err := run(os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "notices:", err)
		os.Exit(1)
	}
}

func run(out io.Writer) error {
	root, err := exec.Command("go", "env", "GOROOT").Output()
	if err != nil {
		return fmt.Errorf("go env: %w", err)
	}
	texts, err := noticesIn(strings.TrimSpace(string(root)), strings.TrimSpace(string(root)))
	if err != nil {
		return fmt.Errorf("the Go distribution: %w", err)
	}
	owners := map[string][]string{}
	for _, text := range texts {
		owners[text] = []string{"Go, the standard library and the runtime"}
	}
	seen := map[string]bool{}
	for _, platform := range platforms {
		packages, err := linked(platform)
		if err != nil {
			return err
		}
		for _, p := range packages {
			if p.Standard || p.Module == nil || p.Module.Main || seen[p.Dir] {
				continue
			}
			seen[p.Dir] = true
			texts, err := noticesIn(p.Module.Dir, p.Dir)
			if err != nil {
				return fmt.Errorf("%s: %w", p.Module.Path, err)
			}
			for _, text := range texts {
				if owner := p.Module.Path + " " + p.Module.Version; !slices.Contains(owners[text], owner) {
					owners[text] = append(owners[text], owner)
				}
			}
		}
	}
	return write(out, owners)
}

// linked returns the packages that are linked on a platform.
func linked(platform string) ([]pkg, error) {
	goos, goarch, _ := strings.Cut(platform, "/")
	list := exec.Command("go", "list", "-deps", "-json=Dir,Standard,Module", "terraform-provider-esa")
	list.Env = append(os.Environ(), "GOOS="+goos, "GOARCH="+goarch, "CGO_ENABLED=0", "GOFLAGS=", "GOWORK=off")
	list.Stderr = os.Stderr
	text, err := list.Output()
	if err != nil {
		return nil, fmt.Errorf("go list for %s: %w", platform, err)
	}
	var packages []pkg
	for decoder := json.NewDecoder(bytes.NewReader(text)); ; {
		var p pkg
		if err := decoder.Decode(&p); errors.Is(err, io.EOF) {
			return packages, nil
		} else if err != nil {
			return nil, fmt.Errorf("go list for %s: %w", platform, err)
		}
		packages = append(packages, p)
	}
}

var (
	noticeFile = regexp.MustCompile(`(?i)^(licen[cs]e|copying|notice|patents)([.-].*)?$`)
	heading    = regexp.MustCompile(`(?im)^#+ *licen[cs]e *$`)
)

// noticesIn returns the licence files from a package's folder up to its module's. If there are none, it returns the section
// "License" of the module's README.
func noticesIn(module, dir string) ([]string, error) {
	var texts []string
	for ; ; dir = filepath.Dir(dir) {
		entries, err := os.ReadDir(dir)
		if err != nil {
			return nil, err
		}
		for _, entry := range entries {
			if !entry.Type().IsRegular() || !noticeFile.MatchString(entry.Name()) || strings.HasSuffix(entry.Name(), ".go") {
				continue
			}
			text, err := os.ReadFile(filepath.Join(dir, entry.Name()))
			if err != nil {
				return nil, err
			}
			texts = append(texts, tidy(string(text)))
		}
		if dir == module || len(dir) <= len(module) {
			break
		}
	}
	if len(texts) > 0 {
		return texts, nil
	}
	readme, err := os.ReadFile(filepath.Join(module, "README.md"))
	if err != nil {
		return nil, errors.New("there is no licence file and no README.md; find out what its licence is before it is linked")
	}
	place := heading.FindStringIndex(string(readme))
	if place == nil {
		return nil, errors.New("there is no licence file, and its README.md has no heading License; find out what its licence is before it is linked")
	}
	section, _, _ := strings.Cut(string(readme)[place[1]:], "\n#")
	return []string{"No licence file. Its README.md says under \"License\":\n\n" + tidy(section)}, nil
}

// tidy removes invisible differences.
func tidy(text string) string {
	var b strings.Builder
	for line := range strings.Lines(strings.TrimPrefix(text, "\ufeff")) {
		b.WriteString(strings.TrimRight(line, " \t\r\n\f") + "\n")
	}
	return strings.Trim(b.String(), "\n") + "\n"
}

// write prints each text once, below all of its owners.
func write(out io.Writer, owners map[string][]string) error {
	var notices []notice
	for text, names := range owners {
		slices.Sort(names)
		notices = append(notices, notice{text, names})
	}
	slices.SortFunc(notices, func(a, b notice) int {
		if order := slices.Compare(a.owners, b.owners); order != 0 {
			return order
		}
		return strings.Compare(a.text, b.text)
	})
	var b bytes.Buffer
	b.WriteString("terraform-provider-esa and fake-esa are licensed under the Mozilla Public License 2.0, see LICENSE. The provider has in it the\n" +
		"works below, under the licences below them; fake-esa has Go in it, and no other of them. Their sources are the Go modules of\n" +
		"these paths and versions. This file is written by make generate.\n")
	rule := strings.Repeat("=", 80)
	for _, n := range notices {
		fmt.Fprintf(&b, "\n%s\n%s\n%s\n\n%s", rule, strings.Join(n.owners, "\n"), rule, n.text)
	}
	_, err := out.Write(b.Bytes())
	return err
}
