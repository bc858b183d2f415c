package main

import (
	"bytes"
	"context"
	"flag"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"terraform-provider-esa/internal/fakeesa"
)

// readme returns README.md.
func readme(t *testing.T) string {
	t.Helper()
	text, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// blocks returns the contents of the fenced blocks in a language.
func blocks(t *testing.T, language string) []string {
	t.Helper()
	var found []string
	for _, match := range regexp.MustCompile("(?s)```"+language+"\n(.*?)```").FindAllStringSubmatch(readme(t), -1) {
		found = append(found, match[1])
	}
	if len(found) == 0 {
		t.Fatalf("the README has no block in %s", language)
	}
	return found
}

// started is a fake-esa that runs in this process.
type started struct {
	output string // what fake-esa printed when it started
	url    string
}

// start runs the program in the repository's root, like the README, but on a free port.
func start(t *testing.T, args ...string) started {
	t.Helper()
	for i, arg := range args {
		if path, inHere := strings.CutPrefix(arg, "cmd/fake-esa/"); inHere {
			args[i] = path
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	read, write := io.Pipe()
	ended := make(chan error, 1)
	go func() {
		err := run(ctx, append([]string{"-addr", "127.0.0.1:0"}, args...), nil, write, io.Discard)
		_ = write.CloseWithError(err)
		ended <- err
	}()
	t.Cleanup(func() {
		cancel()
		if err := <-ended; err != nil {
			t.Errorf("fake-esa %v: %v", args, err)
		}
	})
	// The program writes its output in one call.
	piece := make([]byte, 1<<16)
	n, err := read.Read(piece)
	if err != nil {
		t.Fatalf("fake-esa %v: %v", args, err)
	}
	s := started{output: string(piece[:n])}
	s.url = regexp.MustCompile(`http://127\.0\.0\.1:\d+`).FindString(s.output)
	return s
}

const documentedURL = "http://127.0.0.1:8787"

// TestReadmeCommands runs the commands of the README in order, and compares their output with the README.
func TestReadmeCommands(t *testing.T) {
	t.Parallel()
	with := regexp.MustCompile("Started in the repository with `([^`]*)`").FindStringSubmatch(readme(t))
	if with == nil {
		t.Fatal("the README does not contain the command that starts the fake")
	}
	fake := start(t, strings.Fields(with[1])...)
	moment := regexp.MustCompile(`"now": "20\d\d-\d\d-\d\dT\d\d:\d\d:\d\dZ"`)
	for _, block := range blocks(t, "console") {
		for _, step := range strings.Split(block, "$ ")[1:] {
			command, want, _ := strings.Cut(step, "\n")
			var got string
			switch arguments := words(command); {
			case arguments[0] == "curl":
				got = strings.ReplaceAll(curl(t, fake.url, arguments[1:]), fake.url, documentedURL)
			case strings.HasPrefix(command, "go run ./cmd/fake-esa"):
				other := start(t, arguments[3:]...)
				got = strings.ReplaceAll(other.output, other.url, documentedURL)
			default:
				t.Fatalf("the README has a command that this test does not know: %q", command)
			}
			if diff := cmp.Diff(moment.ReplaceAllString(want, "NOW"), moment.ReplaceAllString(got, "NOW")); diff != "" {
				t.Errorf("%s (-README +got):\n%s", command, diff)
			}
		}
	}
}

// words splits a command like a shell, as far as the README needs it.
func words(command string) []string {
	var all []string
	for i, part := range strings.Split(command, "'") {
		if i%2 == 1 {
			all = append(all, part)
			continue
		}
		all = append(all, strings.Fields(part)...)
	}
	return all
}

// curl sends a request like curl, with the options that the README uses.
func curl(t *testing.T, url string, arguments []string) string {
	t.Helper()
	flags := flag.NewFlagSet("curl", flag.ContinueOnError)
	flags.Bool("s", false, "")
	method, data := flags.String("X", "", ""), flags.String("d", "", "")
	if err := flags.Parse(arguments); err != nil || flags.NArg() != 1 {
		t.Fatalf("curl %v: %v", arguments, err)
	}
	if *method == "" && *data != "" {
		*method = "POST"
	}
	request, err := http.NewRequestWithContext(t.Context(), *method, strings.Replace(flags.Arg(0), documentedURL, url, 1), strings.NewReader(*data))
	if err != nil {
		t.Fatal(err)
	}
	client := http.Client{Timeout: time.Minute}
	response, err := client.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(body)
}

// TestReadmeFlags compares the table of flags with the program's.
func TestReadmeFlags(t *testing.T) {
	t.Parallel()
	var help bytes.Buffer
	if err := run(t.Context(), []string{"-h"}, nil, io.Discard, &help); err != flag.ErrHelp { //nolint:errorlint // The error is returned unwrapped.
		t.Fatal(err)
	}
	known := regexp.MustCompile(`(?m)^  (-[a-z-]+)`).FindAllStringSubmatch(help.String(), -1)
	if len(known) < 5 {
		t.Fatalf("got %d flags, want at least 5: %s", len(known), help.String())
	}
	for _, name := range known {
		if !regexp.MustCompile("(?m)^\\|.*`" + name[1] + "[ `]").MatchString(readme(t)) {
			t.Errorf("the README does not describe %s", name[1])
		}
	}
}

// TestReadmeSDK checks that the SDK example uses the program's default values.
func TestReadmeSDK(t *testing.T) {
	t.Parallel()
	example, options := blocks(t, "js")[0], fakeesa.New(fakeesa.Options{}).Options()
	for _, part := range []string{
		"endpoint: '" + strings.TrimPrefix(documentedURL, "http://") + "'", "protocol: 'HTTP'",
		"accessKeyId: '" + options.AccessKeyID + "'", "accessKeySecret: '" + options.AccessKeySecret + "'",
		fmt.Sprintf("siteId: %d", fakeesa.SeedSiteID),
	} {
		if !strings.Contains(example, part) {
			t.Errorf("the SDK example does not contain %s:\n%s", part, example)
		}
	}
}

// TestReadmeSeed checks that the seed file and its error message in the README are up to date.
func TestReadmeSeed(t *testing.T) {
	t.Parallel()
	seed, err := os.ReadFile("seed.json")
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(seed), blocks(t, "json")[0]); diff != "" {
		t.Errorf("(-seed.json +README):\n%s", diff)
	}
	dir := t.TempDir()
	file := filepath.Join(dir, "seed.json")
	if err := os.WriteFile(file, bytes.Replace(seed, []byte(`"record": "origin2.`), []byte(`"record": "orign.`), 1), 0o600); err != nil {
		t.Fatal(err)
	}
	err = run(canceled(t), []string{"-addr", "127.0.0.1:0", "-seed", file}, nil, io.Discard, io.Discard)
	if err == nil || "fake-esa: "+strings.TrimPrefix(err.Error(), dir+string(filepath.Separator))+"\n" != blocks(t, "text")[0] {
		t.Errorf("got error %v, want that of the README: %s", err, blocks(t, "text")[0])
	}
}
