// Package release_test makes a release without publishing it, and installs it as users do: make release-check.
package release_test

import (
	"archive/zip"
	"bufio"
	"bytes"
	"crypto/sha256"
	"encoding/json"
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

const (
	root = "../../.."
	dist = root + "/dist"
)

// platforms are those of the registries' other providers.
var platforms = []string{
	"darwin_amd64", "darwin_arm64", "freebsd_386", "freebsd_amd64", "freebsd_arm", "freebsd_arm64", "linux_386", "linux_amd64", "linux_arm", "linux_arm64",
	"windows_386", "windows_amd64", "windows_arm64",
}

// snapshot is the release that was made.
type snapshot struct {
	Version string
	Commit  string
	key     []string // environment in which gpg knows the key
}

// file is the path of one of the release's files.
func (s snapshot) file(suffix string) string {
	return filepath.Join(dist, "terraform-provider-esa_"+s.Version+"_"+suffix)
}

func (s snapshot) binary() string { return "terraform-provider-esa_v" + s.Version }

// TestRelease makes the release once and looks at all of it.
func TestRelease(t *testing.T) {
	made := makeSnapshot(t)
	t.Run("files", func(t *testing.T) { testFiles(t, made) })
	t.Run("signature", func(t *testing.T) { testSignature(t, made) })
	t.Run("archives", func(t *testing.T) { testArchives(t, made) })
	t.Run("built by hand", func(t *testing.T) { testBuiltByHand(t, made) })
	clis := strings.Fields(os.Getenv("ESA_CLIS"))
	if len(clis) != 2 {
		t.Fatalf("ESA_CLIS is %q: make release-check names a Terraform and an OpenTofu in it", clis)
	}
	for _, cli := range clis {
		t.Run("installed by "+filepath.Base(cli), func(t *testing.T) { testInstalled(t, made, cli) })
	}
}

// makeSnapshot makes the release, signed with a key that is good for this test.
func makeSnapshot(t *testing.T) snapshot {
	t.Helper()
	home, err := os.MkdirTemp("", "esa-gpg-") // t.TempDir is too long for the agent's socket
	if err != nil {
		t.Fatal(err)
	}
	key := append(os.Environ(), "GNUPGHOME="+home)
	t.Cleanup(func() {
		stop := exec.Command("gpgconf", "--kill", "gpg-agent")
		stop.Env = key
		_ = stop.Run()
		_ = os.RemoveAll(home)
	})
	const owner = "release-check@example.com"
	run(t, ".", key, "gpg", "--batch", "--quiet", "--passphrase", "", "--quick-generate-key", owner, "rsa2048", "sign", "1d")
	fingerprint := regexp.MustCompile(`(?m)^fpr:+([0-9A-F]+):`).FindStringSubmatch(run(t, ".", key, "gpg", "--batch", "--with-colons", "--list-keys", owner))
	if fingerprint == nil {
		t.Fatal("gpg made no key")
	}
	run(t, root, append(key, "GPG_FINGERPRINT="+fingerprint[1]), "make", "snapshot")
	text, err := os.ReadFile(filepath.Join(dist, "metadata.json"))
	if err != nil {
		t.Fatal(err)
	}
	made := snapshot{key: key}
	if err := json.Unmarshal(text, &made); err != nil {
		t.Fatal(err)
	}
	return made
}

// testFiles compares the checksums with what is there: the registries take what they name, and nothing else.
func testFiles(t *testing.T, made snapshot) {
	sums, err := os.ReadFile(made.file("SHA256SUMS"))
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]string{}
	for line := range strings.Lines(string(sums)) {
		sum, name, _ := strings.Cut(strings.TrimSpace(line), "  ")
		got[name] = sum
	}
	want := map[string]string{filepath.Base(made.file("manifest.json")): sum(t, filepath.Join(root, "terraform-registry-manifest.json"))}
	for _, platform := range platforms {
		archive := made.file(platform + ".zip")
		want[filepath.Base(archive)] = sum(t, archive)
	}
	if !maps.Equal(got, want) {
		t.Errorf("SHA256SUMS has\n%v\nwant\n%v", got, want)
	}
	archives, err := filepath.Glob(filepath.Join(dist, "*.zip"))
	if err != nil || len(archives) != len(platforms) {
		t.Errorf("%d archives, want %d: %v", len(archives), len(platforms), err)
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
		t.Errorf("the manifest is %s: %v", text, err)
	}
}

func testSignature(t *testing.T, made snapshot) {
	sums := made.file("SHA256SUMS")
	run(t, ".", made.key, "gpg", "--batch", "--verify", sums+".sig", sums)
	signature, err := os.ReadFile(sums + ".sig")
	if err != nil {
		t.Fatal(err)
	}
	if bytes.HasPrefix(signature, []byte("-----")) {
		t.Error("the signature is armoured: the registries want it binary")
	}
}

func testArchives(t *testing.T, made snapshot) {
	for _, platform := range platforms {
		binary := made.binary()
		if strings.HasPrefix(platform, "windows_") {
			binary += ".exe"
		}
		var names []string
		for name, file := range open(t, made.file(platform+".zip")) {
			names = append(names, name)
			if name == binary && (file.Mode().Perm() != 0o755 || file.UncompressedSize64 > 30<<20) {
				t.Errorf("%s: the mode of %s is %v, its size %d", platform, name, file.Mode(), file.UncompressedSize64)
			}
		}
		slices.Sort(names)
		if want := []string{"CHANGELOG.md", "LICENSE", "README.md", "THIRD_PARTY_NOTICES.txt", binary}; !slices.Equal(names, want) {
			t.Errorf("%s has %v, want %v", platform, names, want)
		}
	}
}

// testBuiltByHand does what SECURITY.md says: whoever builds the commit gets the bytes of the release.
func testBuiltByHand(t *testing.T, made snapshot) {
	guide, err := os.ReadFile(filepath.Join(root, "SECURITY.md"))
	if err != nil {
		t.Fatal(err)
	}
	command := regexp.MustCompile(`(?m)^CGO_ENABLED=0 .* go build .*$`).FindString(string(guide))
	if command == "" {
		t.Fatal("SECURITY.md does not say how to build a release by hand")
	}
	// linux/arm has a default of its own for what it is built for.
	for _, platform := range []string{runtime.GOOS + "_" + runtime.GOARCH, "linux_arm"} {
		testBuiltFor(t, made, command, platform)
	}
}

func testBuiltFor(t *testing.T, made snapshot, command, platform string) {
	t.Helper()
	goos, goarch, _ := strings.Cut(platform, "_")
	built := filepath.Join(t.TempDir(), "built")
	environment := append(os.Environ(), "VERSION="+made.Version, "COMMIT="+made.Commit, "GOFLAGS=-mod=mod", "GOWORK=elsewhere", "GOARM=5", "GOOS="+goos, "GOARCH="+goarch)
	run(t, root, environment, "sh", "-c", strings.Replace(command, " go build ", " go build -o '"+built+"' ", 1))
	file, found := open(t, made.file(platform+".zip"))[made.binary()]
	if !found {
		t.Fatalf("the archive for %s has no binary", platform)
	}
	content, err := file.Open()
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = content.Close() }()
	hash := sha256.New()
	if _, err := io.Copy(hash, content); err != nil {
		t.Fatal(err)
	}
	if released := fmt.Sprintf("%x", hash.Sum(nil)); released != sum(t, built) {
		t.Errorf("%s builds other bytes for %s than the release has", command, platform)
	}
}

// testInstalled puts the archives, as they are, where a CLI installs from, and takes a hostname through its life.
func testInstalled(t *testing.T, made snapshot, cli string) {
	dir := t.TempDir()
	mirror := filepath.Join(dir, ".terraform.d", "plugins")
	archive := made.file(runtime.GOOS + "_" + runtime.GOARCH + ".zip")
	for _, host := range []string{"registry.terraform.io", "registry.opentofu.org"} {
		folder := filepath.Join(mirror, host, "esa-provider", "esa")
		if err := os.MkdirAll(folder, 0o700); err != nil {
			t.Fatal(err)
		}
		text, err := os.ReadFile(archive)
		if err != nil {
			t.Fatal(err)
		}
		write(t, filepath.Join(folder, filepath.Base(archive)), string(text))
	}
	write(t, filepath.Join(dir, "cli.rc"), fmt.Sprintf("provider_installation {\n  filesystem_mirror {\n    path = %q\n  }\n}\n", mirror))
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
	url, account := startFake(t)
	environment := slices.Concat(slices.DeleteFunc(os.Environ(), func(entry string) bool { return strings.HasPrefix(entry, "TF_") }), account,
		[]string{"TF_CLI_CONFIG_FILE=" + filepath.Join(dir, "cli.rc"), "TF_IN_AUTOMATION=1", "TF_INPUT=0", "CHECKPOINT_DISABLE=1", "TF_CLI_ARGS=-no-color"})
	expect := func(want string, name string, arguments ...string) {
		t.Helper()
		if output := run(t, dir, environment, name, arguments...); !strings.Contains(output, want) {
			t.Errorf("%s %q says no %q:\n%s", name, arguments, want, output)
		}
	}
	expect("successfully initialized", cli, "init")
	expect("esa-provider/esa v"+made.Version+"\n", cli, "version")
	expect("2 added, 0 changed, 0 destroyed", cli, "apply", "-auto-approve")
	expect("No changes.", cli, "plan", "-detailed-exitcode")
	if agent := `"user_agent": "terraform-provider-esa/` + made.Version + " (+Terraform "; !strings.Contains(get(t, url+"calls?action=CreateCustomHostname"), agent) {
		t.Errorf("ESA was not told %s", agent)
	}
	expect("2 destroyed", cli, "destroy", "-auto-approve")
	if world := get(t, url+"world"); strings.Contains(world, "shop.customer-a.com\",") {
		t.Errorf("the hostname is left in %s", world)
	}
	installed, err := filepath.Glob(filepath.Join(dir, ".terraform/providers/*/esa-provider/esa", made.Version, "*", made.binary()+"*"))
	if err != nil || len(installed) != 1 {
		t.Fatalf("installed is %q: %v", installed, err)
	}
	expect("terraform-provider-esa "+made.Version+" (commit "+made.Commit+")\n", installed[0], "-version")
	lock, err := os.ReadFile(filepath.Join(dir, ".terraform.lock.hcl"))
	if err != nil || !bytes.Contains(lock, []byte(`"h1:`)) {
		t.Errorf("the lock file is %s: %v", lock, err)
	}

	// The README's way: in the home of whoever has no configuration of the CLI.
	if err := os.RemoveAll(filepath.Join(dir, ".terraform")); err != nil {
		t.Fatal(err)
	}
	environment = append(environment, "HOME="+dir, "TF_CLI_CONFIG_FILE="+os.DevNull)
	expect("Installed esa-provider/esa v"+made.Version, cli, "init")
}

// TestNotes finds the notes of a release in the changelog.
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
			t.Errorf("%s: %q, %q, %v", version, out.String(), problem.String(), err)
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
			t.Errorf("CHANGELOG.md has a line of no known form: %s", line)
		}
	}
}

// startFake starts fake-esa with customers who publish at once. It returns where it can be asked, and the environment that
// it prints.
func startFake(t *testing.T) (url string, environment []string) {
	t.Helper()
	fake := filepath.Join(t.TempDir(), "fake-esa")
	run(t, root, os.Environ(), "go", "build", "-o", fake, "./cmd/fake-esa")
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
		t.Fatal("fake-esa does not say where it is")
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
		t.Fatalf("%s: %s, %v", url, response.Status, err)
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

func open(t *testing.T, archive string) map[string]*zip.File {
	t.Helper()
	reader, err := zip.OpenReader(archive)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = reader.Close() })
	files := map[string]*zip.File{}
	for _, file := range reader.File {
		files[file.Name] = file
	}
	return files
}

func sum(t *testing.T, path string) string {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return fmt.Sprintf("%x", sha256.Sum256(text))
}

func write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}
