package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// TestDockerfile runs the steps of the Dockerfile without its images. The program must build and start with only the files
// that the Dockerfile copies, and without a download.
func TestDockerfile(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("Dockerfile")
	if err != nil {
		t.Fatal(err)
	}
	image, stage := t.TempDir(), ""
	source := filepath.Join(image, "src")
	for line := range strings.Lines(string(text)) {
		words := strings.Fields(line)
		switch {
		case len(words) == 0 || words[0] == "#" || words[0] == "ARG":
		case words[0] == "FROM":
			stage = strings.Join(words[1:], " ")
		case stage == "${go_image} AS build" && line == "WORKDIR /src\n":
		case stage == "${go_image} AS build" && words[0] == "COPY":
			for _, name := range words[1 : len(words)-1] {
				to := filepath.Join(source, words[len(words)-1])
				if words[len(words)-1] == "./" {
					to = filepath.Join(source, name)
				}
				copyAll(t, filepath.Join("../..", name), to)
			}
		case stage == "${go_image} AS build" && words[0] == "RUN":
			build := exec.CommandContext(t.Context(), "sh", "-c", strings.ReplaceAll(strings.Join(words[1:], " "), " /", " "+image+"/"))
			build.Dir, build.Env = source, append(os.Environ(), "GOMODCACHE="+t.TempDir(), "GOOS=", "GOARCH=")
			if out, err := build.CombinedOutput(); err != nil {
				t.Fatalf("%s: %v\n%s", line, err, out)
			}
		case stage == "scratch" && words[0] == "COPY" && words[1] == "--from=build":
			for _, name := range words[2 : len(words)-1] {
				if _, err := os.Stat(filepath.Join(image, name)); err != nil {
					t.Errorf("%s: the copied file does not exist: %v", line, err)
				}
			}
			if !slices.Contains(words, "/src/LICENSE") || !slices.Contains(words, "/src/THIRD_PARTY_NOTICES.txt") {
				t.Error("the image does not contain the licences")
			}
		case stage == "scratch" && line == "USER 65534:65534\n":
		case stage == "scratch" && line == "ENTRYPOINT [\"/fake-esa\"]\n":
			out, err := exec.CommandContext(t.Context(), filepath.Join(image, "fake-esa"), "-version").Output()
			if err != nil || string(out) != "fake-esa dev (commit none)\n" {
				t.Errorf("fake-esa -version: got %q, error %v; want version dev", out, err)
			}
			return
		default:
			t.Errorf("stage %q has a line that this test does not know: %s", stage, line)
		}
	}
	t.Error("the image has no entry point")
}

func copyAll(t *testing.T, from, to string) {
	t.Helper()
	info, err := os.Stat(from)
	if err != nil {
		t.Fatal(err)
	}
	if info.IsDir() {
		if err := os.CopyFS(to, os.DirFS(from)); err != nil {
			t.Fatal(err)
		}
		return
	}
	text, err := os.ReadFile(from)
	if err == nil {
		err = os.MkdirAll(filepath.Dir(to), 0o700)
	}
	if err == nil {
		err = os.WriteFile(to, text, 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
}
