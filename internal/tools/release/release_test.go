// Package release_test makes a release, publishes it to a GitHub on loopback, and installs it like users: make
// release-check.
package release_test

import (
	"archive/tar"
	"archive/zip"
	"bufio"
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"testing"
)

const root = "../../.."

// platforms are those of other providers in the registries.
var platforms = []string{
	"darwin_amd64", "darwin_arm64", "freebsd_386", "freebsd_amd64", "freebsd_arm", "freebsd_arm64", "linux_386", "linux_amd64", "linux_arm", "linux_arm64",
	"windows_386", "windows_amd64", "windows_arm64",
}

// release describes the release that was made.
type release struct {
	Version string
	Commit  string
	dir     string   // of the sources of the release
	key     []string // environment in which gpg finds the key
	github  *github
}

// file returns the path of one of the release's files.
func (r release) file(name string) string {
	return filepath.Join(r.dir, "dist", name)
}

// provider returns the path of a file that the registries use.
func (r release) provider(suffix string) string {
	return r.file("terraform-provider-esa_" + r.Version + "_" + suffix)
}

// fake returns the path of an archive of fake-esa. Its name must not look like one that the registries use.
func (r release) fake(platform string) string {
	return r.file("fake-esa_" + r.Version + "_" + platform + ".tar.gz")
}

func (r release) binary() string { return "terraform-provider-esa_v" + r.Version }

// TestRelease makes the release once and checks all of it.
func TestRelease(t *testing.T) {
	made, notes := makeRelease(t)
	t.Run("published", func(t *testing.T) { testPublished(t, made, notes) })
	t.Run("files", func(t *testing.T) { testFiles(t, made) })
	t.Run("signature", func(t *testing.T) { testSignature(t, made) })
	t.Run("archives", func(t *testing.T) { testArchives(t, made) })
	t.Run("built by hand", func(t *testing.T) { testBuiltByHand(t, made) })
	clis := strings.Fields(os.Getenv("ESA_CLIS"))
	if len(clis) != 2 {
		t.Fatalf("got ESA_CLIS %q, want a Terraform and an OpenTofu, as make release-check sets it", clis)
	}
	for _, cli := range clis {
		t.Run("installed by "+filepath.Base(cli), func(t *testing.T) { testInstalled(t, made, cli) })
		t.Run("without Go, by "+filepath.Base(cli), func(t *testing.T) { testExample(t, made, cli) })
	}
}

// makeRelease makes the release like the workflow, with make release. It uses a repository of its own with the files of this
// one, a date for the first version in the changelog, and the tag of that version. The signing key is valid for a day. It
// also returns the changelog section of the version.
func makeRelease(t *testing.T) (release, string) {
	t.Helper()
	home, err := os.MkdirTemp("", "esa-gpg-") // The path of t.TempDir is too long for the agent's socket.
	if err != nil {
		t.Fatal(err)
	}
	made := release{dir: t.TempDir(), key: append(os.Environ(), "GNUPGHOME="+home), github: startGitHub(t)}
	t.Cleanup(func() {
		stop := exec.Command("gpgconf", "--kill", "gpg-agent")
		stop.Env = made.key
		_ = stop.Run()
		_ = os.RemoveAll(home)
	})
	const owner = "release-check@example.com"
	run(t, ".", made.key, "gpg", "--batch", "--quiet", "--passphrase", "", "--quick-generate-key", owner, "rsa2048", "sign", "1d")
	fingerprint := regexp.MustCompile(`(?m)^fpr:+([0-9A-F]+):`).FindStringSubmatch(run(t, ".", made.key, "gpg", "--batch", "--with-colons", "--list-keys", owner))
	if fingerprint == nil {
		t.Fatal("gpg created no key")
	}

	for name := range strings.Lines(run(t, root, os.Environ(), "git", "ls-files", "--cached", "--others", "--exclude-standard")) {
		copyFile(t, filepath.Join(root, strings.TrimSpace(name)), filepath.Join(made.dir, strings.TrimSpace(name)))
	}
	changelog := read(t, filepath.Join(made.dir, "CHANGELOG.md"))
	first := regexp.MustCompile(`(?m)^## (\d+\.\d+\.\d+) \(.*\)\n`).FindStringSubmatchIndex(changelog)
	if first == nil {
		t.Fatal("CHANGELOG.md has no section of a version")
	}
	version := changelog[first[2]:first[3]]
	notes, _, _ := strings.Cut(changelog[first[1]:], "\n## ")
	write(t, filepath.Join(made.dir, "CHANGELOG.md"), changelog[:first[0]]+"## "+version+" (December 1, 2026)\n"+changelog[first[1]:])
	write(t, filepath.Join(made.dir, ".goreleaser.yml"), read(t, filepath.Join(made.dir, ".goreleaser.yml"))+
		fmt.Sprintf("\ngithub_urls:\n  api: %[1]s\n  upload: %[1]s\n  download: %[1]s\n", made.github.URL))
	for _, arguments := range [][]string{
		{"init", "--quiet"},
		{"remote", "add", "origin", made.github.URL},
		{"add", "--all"},
		{"-c", "user.name=release-check", "-c", "user.email=" + owner, "-c", "commit.gpgsign=false", "commit", "--quiet", "--message", "Release " + version},
		{"-c", "tag.gpgsign=false", "tag", "v" + version},
	} {
		run(t, made.dir, os.Environ(), "git", arguments...)
	}

	environment := slices.DeleteFunc(slices.Clone(made.key), func(entry string) bool {
		name, _, _ := strings.Cut(entry, "=")
		return strings.HasSuffix(name, "_TOKEN") || strings.HasPrefix(name, "GORELEASER_")
	})
	run(t, made.dir, append(environment, "GPG_FINGERPRINT="+fingerprint[1], "GITHUB_TOKEN=of-nobody", "NO_PROXY=127.0.0.1"), "make", "release")
	if err := json.Unmarshal([]byte(read(t, made.file("metadata.json"))), &made); err != nil {
		t.Fatal(err)
	}
	if made.Version != version {
		t.Errorf("%s: got a release of version %s", version, made.Version)
	}
	return made, notes
}

// testFiles compares the checksums with the files. The registries accept exactly the files in SHA256SUMS.
func testFiles(t *testing.T, made release) {
	sums, err := os.ReadFile(made.provider("SHA256SUMS"))
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]string{}
	for line := range strings.Lines(string(sums)) {
		sum, name, _ := strings.Cut(strings.TrimSpace(line), "  ")
		got[name] = sum
	}
	want := map[string]string{filepath.Base(made.provider("manifest.json")): sum(t, filepath.Join(root, "terraform-registry-manifest.json"))}
	for _, platform := range platforms {
		for _, archive := range []string{made.provider(platform + ".zip"), made.fake(platform)} {
			want[filepath.Base(archive)] = sum(t, archive)
		}
	}
	if !maps.Equal(got, want) {
		t.Errorf("got SHA256SUMS\n%v\nwant\n%v", got, want)
	}
	var manifest struct {
		Version  int
		Metadata struct {
			Protocols []string `json:"protocol_versions"`
		}
	}
	text, err := os.ReadFile(filepath.Join(root, "terraform-registry-manifest.json"))
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(text, &manifest); err != nil || manifest.Version != 1 || !slices.Equal(manifest.Metadata.Protocols, []string{"6.0"}) {
		t.Errorf("got the manifest %s, want version 1 and protocol 6.0; error %v", text, err)
	}
}

func testSignature(t *testing.T, made release) {
	sums := made.provider("SHA256SUMS")
	run(t, ".", made.key, "gpg", "--batch", "--verify", sums+".sig", sums)
	signature, err := os.ReadFile(sums + ".sig")
	if err != nil {
		t.Fatal(err)
	}
	if bytes.HasPrefix(signature, []byte("-----")) {
		t.Error("the signature is armoured, but the registries require a binary one")
	}
}

func testArchives(t *testing.T, made release) {
	for _, platform := range platforms {
		suffix := ""
		if strings.HasPrefix(platform, "windows_") {
			suffix = ".exe"
		}
		for archive, want := range map[string][]string{
			made.provider(platform + ".zip"): {"CHANGELOG.md", "LICENSE", "README.md", "THIRD_PARTY_NOTICES.txt", made.binary() + suffix},
			made.fake(platform):              {"LICENSE", "README.md", "THIRD_PARTY_NOTICES.txt", "fake-esa" + suffix, "seed.json"},
		} {
			files := open(t, archive)
			if names := slices.Sorted(maps.Keys(files)); !slices.Equal(names, want) {
				t.Errorf("%s: got files %v, want %v", archive, names, want)
			}
			for name, file := range files {
				if program := strings.HasSuffix(strings.TrimSuffix(name, ".exe"), made.binary()) || strings.HasPrefix(name, "fake-esa"); program &&
					(file.mode.Perm() != 0o755 || len(file.content) > 30<<20) {
					t.Errorf("%s: %s: got mode %v and size %d, want mode 755 and at most 30 MiB", archive, name, file.mode, len(file.content))
				}
				if file.owner != "root root 0 0" && file.owner != "" {
					t.Errorf("%s: %s: got the owner %s, want root", archive, name, file.owner)
				}
			}
			if !bytes.Equal(files["THIRD_PARTY_NOTICES.txt"].content, []byte(read(t, filepath.Join(root, "THIRD_PARTY_NOTICES.txt")))) {
				t.Errorf("%s: the notices differ from THIRD_PARTY_NOTICES.txt", archive)
			}
		}
	}
}

// testBuiltByHand runs the commands in SECURITY.md. They must build the same bytes as the release.
func testBuiltByHand(t *testing.T, made release) {
	commands := regexp.MustCompile(`(?m)^CGO_ENABLED=0 .* go build .* (\S+)$`).FindAllStringSubmatch(read(t, filepath.Join(root, "SECURITY.md")), -1)
	var packages []string
	// linux/arm is tested too, because its default GOARM depends on the machine that builds.
	for _, platform := range []string{runtime.GOOS + "_" + runtime.GOARCH, "linux_arm"} {
		for _, command := range commands {
			packages = append(packages, command[1])
			archive, binary := made.provider(platform+".zip"), made.binary()
			if command[1] != "." {
				archive, binary = made.fake(platform), "fake-esa"
			}
			goos, goarch, _ := strings.Cut(platform, "_")
			built := filepath.Join(t.TempDir(), "built")
			environment := append(os.Environ(), "VERSION="+made.Version, "COMMIT="+made.Commit, "GOFLAGS=-mod=mod", "GOWORK=elsewhere", "GOARM=5", "GOOS="+goos, "GOARCH="+goarch)
			run(t, root, environment, "sh", "-c", strings.Replace(command[0], " go build ", " go build -o '"+built+"' ", 1))
			if released := fmt.Sprintf("%x", sha256.Sum256(open(t, archive)[binary].content)); released != sum(t, built) {
				t.Errorf("%s: the build for %s differs from the release", command[0], platform)
			}
		}
	}
	if want := []string{".", "./cmd/fake-esa", ".", "./cmd/fake-esa"}; !slices.Equal(packages, want) {
		t.Errorf("got packages %q in SECURITY.md, want %q", packages, want)
	}
}

// configured returns a folder with a CLI configuration, cli.rc, and a mirror of the release's archives. It also returns the
// environment of the CLI.
func configured(t *testing.T, made release) (dir string, environment []string) {
	t.Helper()
	dir = t.TempDir()
	mirror := filepath.Join(dir, ".terraform.d", "plugins")
	archive := made.provider(runtime.GOOS + "_" + runtime.GOARCH + ".zip")
	for _, host := range []string{"registry.terraform.io", "registry.opentofu.org"} {
		copyFile(t, archive, filepath.Join(mirror, host, "esa-provider", "esa", filepath.Base(archive)))
	}
	write(t, filepath.Join(dir, "cli.rc"), fmt.Sprintf("provider_installation {\n  filesystem_mirror {\n    path = %q\n  }\n}\n", mirror))
	return dir, append(slices.DeleteFunc(os.Environ(), func(entry string) bool { return strings.HasPrefix(entry, "TF_") }),
		"TF_CLI_CONFIG_FILE="+filepath.Join(dir, "cli.rc"), "TF_IN_AUTOMATION=1", "TF_INPUT=0", "CHECKPOINT_DISABLE=1", "TF_CLI_ARGS=-no-color")
}

// testInstalled installs the provider, and takes a hostname through its life.
func testInstalled(t *testing.T, made release, cli string) {
	dir, environment := configured(t, made)
	write(t, filepath.Join(dir, "main.tf"), fmt.Sprintf(`
terraform {
  required_providers {
    esa = {
      source  = "esa-provider/esa"
      version = %q
    }
  }
}
resource "esa_custom_hostname" "shop" {
  site_id   = "4042843419650112"
  record_id = "4042843419650113"
  hostname  = "shop.customer-a.com"
  ssl_flag  = "on"
  cert_type = "free"
}
resource "esa_custom_hostname_validation" "shop" {
  hostname_id = esa_custom_hostname.shop.id
}
`, made.Version))
	url, account := startFake(t, made)
	environment = append(environment, account...)
	expect := func(want string, name string, arguments ...string) {
		t.Helper()
		if output := run(t, dir, environment, name, arguments...); !strings.Contains(output, want) {
			t.Errorf("%s %q: want %q in\n%s", name, arguments, want, output)
		}
	}
	expect("successfully initialized", cli, "init")
	expect("esa-provider/esa v"+made.Version+"\n", cli, "version")
	expect("2 added, 0 changed, 0 destroyed", cli, "apply", "-auto-approve")
	expect("No changes.", cli, "plan", "-detailed-exitcode")
	if agent := `"user_agent": "terraform-provider-esa/` + made.Version + " (+Terraform "; !strings.Contains(get(t, url+"calls?action=CreateCustomHostname"), agent) {
		t.Errorf("the calls do not have %s", agent)
	}
	expect("2 destroyed", cli, "destroy", "-auto-approve")
	if world := get(t, url+"world"); strings.Contains(world, "shop.customer-a.com\",") {
		t.Errorf("the hostname still exists: %s", world)
	}
	installed, err := filepath.Glob(filepath.Join(dir, ".terraform/providers/*/esa-provider/esa", made.Version, "*", made.binary()+"*"))
	if err != nil || len(installed) != 1 {
		t.Fatalf("got the installed files %q, want one; error %v", installed, err)
	}
	expect("terraform-provider-esa "+made.Version+" (commit "+made.Commit+")\n", installed[0], "-version")
	lock, err := os.ReadFile(filepath.Join(dir, ".terraform.lock.hcl"))
	if err != nil || !bytes.Contains(lock, []byte(`"h1:`)) {
		t.Errorf("got the lock file %s, want a checksum h1:; error %v", lock, err)
	}

	// The README's way: the mirror in the home folder of a user who has no CLI configuration.
	if err := os.RemoveAll(filepath.Join(dir, ".terraform")); err != nil {
		t.Fatal(err)
	}
	environment = append(environment, "HOME="+dir, "TF_CLI_CONFIG_FILE="+os.DevNull)
	expect("Installed esa-provider/esa v"+made.Version, cli, "init")
}

// testExample runs the pipelines of examples/ci-with-fake-esa with the release, and without Go.
func testExample(t *testing.T, made release, cli string) {
	dir, environment := configured(t, made)
	work := filepath.Join(dir, "work")
	if err := os.CopyFS(work, os.DirFS(filepath.Join(root, "examples/ci-with-fake-esa"))); err != nil {
		t.Fatal(err)
	}
	write(t, filepath.Join(dir, "bin", "go"), "#!/bin/sh\necho 'There is no Go here.' >&2\nexit 1\n")
	if err := os.Chmod(filepath.Join(dir, "bin", "go"), 0o700); err != nil { //nolint:gosec // A program.
		t.Fatal(err)
	}
	environment = append(environment, "TF="+cli, "FAKE_ESA_RELEASES="+made.github.URL+"/download", "NO_PROXY=127.0.0.1", "no_proxy=127.0.0.1",
		"PATH="+filepath.Join(dir, "bin")+string(os.PathListSeparator)+os.Getenv("PATH"))
	version, checksum := "FAKE_ESA_VERSION="+made.Version, "FAKE_ESA_SHA256="+sum(t, made.fake(runtime.GOOS+"_"+runtime.GOARCH))
	for _, file := range []string{".github/workflows/test.yml", ".gitlab-ci.yml"} {
		pipeline := read(t, filepath.Join(work, file))
		script := regexp.MustCompile(`(?m)^ +- (?:run: )?(ci/.*)$`).FindAllStringSubmatch(pipeline, -1)
		if len(script) != 1 || !strings.Contains(pipeline, "FAKE_ESA_VERSION") || !strings.Contains(pipeline, "FAKE_ESA_SHA256") {
			t.Fatalf("%s: got scripts %q, want one and the variables that it needs", file, script)
		}
		for _, test := range []struct {
			version, checksum, want string
			succeeds                bool
		}{
			{version, checksum, "Success! 1 passed, 0 failed.", true},
			{version, "FAKE_ESA_SHA256=" + strings.Repeat("0", 64), "is not what FAKE_ESA_SHA256 says", false},
			{version, "FAKE_ESA_SHA256=", "FAKE_ESA_SHA256 is not set", false},
			{"FAKE_ESA_VERSION=", checksum, "FAKE_ESA_VERSION is not set", false},
		} {
			if err := os.RemoveAll(filepath.Join(work, ".fake-esa")); err != nil {
				t.Fatal(err)
			}
			pipe := exec.CommandContext(t.Context(), "sh", "-c", script[0][1])
			pipe.Dir, pipe.Env = work, append(slices.Clone(environment), test.version, test.checksum)
			out, err := pipe.CombinedOutput()
			if (err == nil) != test.succeeds || !strings.Contains(string(out), test.want) {
				t.Errorf("%s, %s %s: got error %v, want %q in\n%s", file, test.version, test.checksum, err, test.want, out)
			}
			if left, err := filepath.Glob(filepath.Join(work, ".fake-esa", "*")); err != nil || !test.succeeds && len(left) > 0 {
				t.Errorf("after %s: got files %q, want none; error %v", test.want, left, err)
			}
		}
	}
}

// TestNotes checks the notes of a release that notes.sh finds in the changelog.
func TestNotes(t *testing.T) {
	const changelog = "# Changelog\n\n## 0.2.0 (Unreleased)\n\nBUG FIXES:\n\n* later\n\n## 0.1.1 (December 24, 2026)\n\nBUG FIXES:\n\n* this\n\n## 0.1.0 (December 1, 2026)\n\n* first\n"
	tests := map[string]struct{ want, problem string }{
		"0.1.1": {"BUG FIXES:\n\n* this\n", ""},
		"0.1.0": {"* first\n", ""},
		"0.2.0": {"", "0.2.0 has no date: ## 0.2.0 (Unreleased)"},
		"0.1":   {"", "0.1 is not there"},
		"0.3.0": {"", "0.3.0 is not there"},
	}
	for version, test := range tests {
		notes := exec.CommandContext(t.Context(), "./notes.sh", version)
		notes.Stdin = strings.NewReader(changelog)
		var out, problem bytes.Buffer
		notes.Stdout, notes.Stderr = &out, &problem
		err := notes.Run()
		if out.String() != test.want || (err == nil) != (test.problem == "") || !strings.Contains(problem.String(), test.problem) {
			t.Errorf("%s: got %q, stderr %q, error %v; want %q, %q", version, out.String(), problem.String(), err, test.want, test.problem)
		}
	}
	text, err := os.ReadFile(filepath.Join(root, "CHANGELOG.md"))
	if err != nil {
		t.Fatal(err)
	}
	heading := regexp.MustCompile(`^## \d+\.\d+\.\d+ \((Unreleased|[A-Z][a-z]+ \d+, 20\d\d)\)\n$`)
	groups := []string{"BREAKING CHANGES:\n", "NOTES:\n", "FEATURES:\n", "ENHANCEMENTS:\n", "BUG FIXES:\n"}
	for line := range strings.Lines(string(text)) {
		switch {
		case strings.HasPrefix(line, "# "), line == "\n", strings.HasPrefix(line, "* "), heading.MatchString(line), slices.Contains(groups, line):
		default:
			t.Errorf("CHANGELOG.md has a line in an unknown format: %s", line)
		}
	}
}

// startFake starts the fake-esa of the release with customers who publish at once. It returns the address of its control
// API, and the environment that it prints.
func startFake(t *testing.T, made release) (url string, environment []string) {
	t.Helper()
	fake := filepath.Join(t.TempDir(), "fake-esa")
	if err := os.WriteFile(fake, open(t, made.fake(runtime.GOOS+"_"+runtime.GOARCH))["fake-esa"].content, 0o700); err != nil { //nolint:gosec // A program.
		t.Fatal(err)
	}
	if got, want := run(t, ".", os.Environ(), fake, "-version"), "fake-esa "+made.Version+" (commit "+made.Commit+")\n"; got != want {
		t.Errorf("fake-esa -version: got %q, want %q", got, want)
	}
	serve := exec.Command(fake, "-addr", "127.0.0.1:0", "-publish")
	out, err := serve.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := serve.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = serve.Process.Kill()
		_ = serve.Wait()
	})
	for lines := bufio.NewScanner(out); lines.Scan() && lines.Text() != ""; {
		if variable, found := strings.CutPrefix(lines.Text(), "export "); found {
			environment = append(environment, variable)
		}
		if value, found := strings.CutPrefix(lines.Text(), "export ALIBABA_CLOUD_ENDPOINT_ESA="); found {
			url = value + "/fake/"
		}
	}
	if url == "" {
		t.Fatal("fake-esa did not print its address")
	}
	return url, environment
}

func get(t *testing.T, url string) string {
	t.Helper()
	response, err := http.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }()
	body, err := io.ReadAll(response.Body)
	if err != nil || response.StatusCode != http.StatusOK {
		t.Fatalf("%s: got status %s, want 200; error %v", url, response.Status, err)
	}
	return string(body)
}

// run runs a program, which must succeed.
func run(t *testing.T, dir string, environment []string, name string, arguments ...string) string {
	t.Helper()
	command := exec.CommandContext(t.Context(), name, arguments...)
	command.Dir, command.Env = dir, environment
	out, err := command.CombinedOutput()
	if err != nil {
		t.Fatalf("%s %q: %v\n%s", name, arguments, err, out)
	}
	return string(out)
}

// A packed file is a file in an archive.
type packed struct {
	mode    os.FileMode
	owner   string // "" in a zip, which has no owner
	content []byte
}

func open(t *testing.T, archive string) map[string]packed {
	t.Helper()
	text := read(t, archive)
	files := map[string]packed{}
	if strings.HasSuffix(archive, ".zip") {
		reader, err := zip.NewReader(strings.NewReader(text), int64(len(text)))
		if err != nil {
			t.Fatal(err)
		}
		for _, file := range reader.File {
			content, err := file.Open()
			if err != nil {
				t.Fatal(err)
			}
			files[file.Name] = packed{mode: file.Mode(), content: readAll(t, content)}
		}
		return files
	}
	unzipped, err := gzip.NewReader(strings.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	for reader := tar.NewReader(unzipped); ; {
		header, err := reader.Next()
		if errors.Is(err, io.EOF) {
			return files
		} else if err != nil {
			t.Fatal(err)
		}
		owner := fmt.Sprint(header.Uname, " ", header.Gname, " ", header.Uid, " ", header.Gid)
		files[header.Name] = packed{mode: header.FileInfo().Mode(), owner: owner, content: readAll(t, reader)}
	}
}

func readAll(t *testing.T, reader io.Reader) []byte {
	t.Helper()
	content, err := io.ReadAll(reader)
	if err != nil {
		t.Fatal(err)
	}
	return content
}

func read(t *testing.T, path string) string {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// copyFile copies a file with its mode, into folders that need not be there. A file that has been deleted is passed over.
func copyFile(t *testing.T, from, to string) {
	t.Helper()
	info, err := os.Lstat(from)
	if errors.Is(err, os.ErrNotExist) {
		return
	} else if err != nil {
		t.Fatal(err)
	}
	if err := os.MkdirAll(filepath.Dir(to), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(to, []byte(read(t, from)), info.Mode().Perm()); err != nil {
		t.Fatal(err)
	}
}

func sum(t *testing.T, path string) string {
	t.Helper()
	return fmt.Sprintf("%x", sha256.Sum256([]byte(read(t, path))))
}

func write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}
