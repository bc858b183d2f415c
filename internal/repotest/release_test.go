package repotest

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// TestReleaseIsPinned compares all places that define how a release is built. Another version of Go, or another GOARM,
// builds other bytes, which users could not verify.
func TestReleaseIsPinned(t *testing.T) {
	t.Parallel()
	toolchain := firstMatch(t, "go.mod", `(?m)^toolchain (go\d+\.\d+\.\d+)$`)
	if toolchain == "" {
		t.Fatal("go.mod has no toolchain line, so each builder would use its own version of Go")
	}
	for file, places := range map[string]struct {
		expression string
		count      int
	}{
		"SECURITY.md":             {`(?m)^CGO_ENABLED=0 GOFLAGS= GOWORK=off GOTOOLCHAIN=(\S+) GOARM=6 go build `, 2},
		".goreleaser.yml":         {`(?m)^      - GOTOOLCHAIN=(\S+)$`, 1},
		"cmd/fake-esa/Dockerfile": {`(?m)^ARG (go)_image=\w+:([0-9.]+)$`, 1},
	} {
		found := regexp.MustCompile(places.expression).FindAllStringSubmatch(readFile(t, file), -1)
		if len(found) != places.count {
			t.Errorf("%s: got %d places that set the version of Go, want %d", file, len(found), places.count)
		}
		for _, place := range found {
			if got := strings.Join(place[1:], ""); got != toolchain {
				t.Errorf("%s builds with %q, but go.mod has %q", file, got, toolchain)
			}
		}
	}
	for file, expression := range map[string]string{
		".goreleaser.yml": `(?m)^    (goarm: \['6'\])$`,
		"GNUmakefile":     `(?m)^(release_build := CGO_ENABLED=0 GOFLAGS= GOWORK=off GOTOOLCHAIN=\$\(shell sed -n 's/\^toolchain //p' go\.mod\) GOARM=6 go build )`,
	} {
		if firstMatch(t, file, expression) == "" {
			t.Errorf("%s has no match for %s", file, expression)
		}
	}
	workflows, err := filepath.Glob(".github/workflows/*.yml")
	if err != nil {
		t.Fatal(err)
	}
	found := 0
	for _, file := range workflows {
		for _, version := range regexp.MustCompile(`go-version: (\S+)`).FindAllStringSubmatch(readFile(t, file), -1) {
			if found++; "go"+version[1] != toolchain {
				t.Errorf("%s installs Go %s, but go.mod has %s", file, version[1], toolchain)
			}
		}
	}
	if found != 3 {
		t.Errorf("got %d workflows that install Go, want 3", found)
	}
}

// TestNotices checks that the notices have every module that is linked on this platform. The drift check compares the texts
// for all platforms.
func TestNotices(t *testing.T) {
	t.Parallel()
	notices := readFile(t, "THIRD_PARTY_NOTICES.txt")
	count := 0
	for decoder := json.NewDecoder(bytes.NewReader(goCommand(t, "list", "-deps", "-json=Module", "."))); ; {
		var p struct {
			Module *struct {
				Path, Version string
				Main          bool
			}
		}
		if err := decoder.Decode(&p); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			t.Fatal(err)
		}
		if p.Module == nil || p.Module.Main {
			continue
		}
		if count++; !strings.Contains(notices, "\n"+p.Module.Path+" "+p.Module.Version+"\n") {
			t.Errorf("the licence of %s %s is missing; run make generate", p.Module.Path, p.Module.Version)
		}
	}
	if count < 20 {
		t.Errorf("got %d packages of other modules, want at least 20", count)
	}
	for name := range strings.Lines(string(goCommand(t, "list", "-deps", "-f", "{{with .Module}}{{.Path}}{{end}}", "./cmd/fake-esa"))) {
		if name = strings.TrimSpace(name); name != "" && name != "terraform-provider-esa" {
			t.Errorf("fake-esa links %s, but its notices have only Go", name)
		}
	}
}

func firstMatch(t *testing.T, file, expression string) string {
	t.Helper()
	found := regexp.MustCompile(expression).FindStringSubmatch(readFile(t, file))
	if found == nil {
		return ""
	}
	return found[1]
}

func readFile(t *testing.T, name string) string {
	t.Helper()
	text, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}
