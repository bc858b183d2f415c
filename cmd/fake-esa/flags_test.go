package main

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha1"
	"encoding/base64"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"terraform-provider-esa/internal/fakeesa"
)

// answer is a response of the API.
type answer map[string]any

// at returns a field as text, "" if there is none.
func (a answer) at(name string) string {
	if a[name] == nil {
		return ""
	}
	return fmt.Sprint(a[name])
}

var nonces atomic.Int64

// send sends a signed request. pairs are the names and values of parameters.
func (s started) send(t *testing.T, id, secret, action string, pairs ...string) (*http.Response, error) {
	t.Helper()
	query := url.Values{
		"Action": {action}, "Version": {"2024-09-10"}, "Format": {"JSON"}, "AccessKeyId": {id}, "SignatureMethod": {"HMAC-SHA1"},
		"SignatureVersion": {"1.0"}, "SignatureNonce": {fmt.Sprint(nonces.Add(1))}, "Timestamp": {time.Now().UTC().Format("2006-01-02T15:04:05Z")},
	}
	for i := 0; i < len(pairs); i += 2 {
		query.Set(pairs[i], pairs[i+1])
	}
	canonical := strings.ReplaceAll(query.Encode(), "+", "%20")
	mac := hmac.New(sha1.New, []byte(secret+"&"))
	_, _ = io.WriteString(mac, "POST&%2F&"+url.QueryEscape(canonical))
	query.Set("Signature", base64.StdEncoding.EncodeToString(mac.Sum(nil)))
	request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, s.url+"/?"+query.Encode(), nil)
	if err != nil {
		t.Fatal(err)
	}
	return http.DefaultClient.Do(request)
}

// callAs calls an action with an access key.
func (s started) callAs(t *testing.T, id, secret, action string, pairs ...string) answer {
	t.Helper()
	response, err := s.send(t, id, secret, action, pairs...)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }()
	var got answer
	decoder := json.NewDecoder(response.Body)
	decoder.UseNumber()
	if err := decoder.Decode(&got); err != nil {
		t.Fatalf("%s: %v", action, err)
	}
	return got
}

const defaultID, defaultSecret = "fake-access-key-id", "fake-access-key-secret"

func (s started) call(t *testing.T, action string, pairs ...string) answer {
	t.Helper()
	return s.callAs(t, defaultID, defaultSecret, action, pairs...)
}

// create creates a hostname on the seeded site.
func (s started) create(t *testing.T, name string, pairs ...string) answer {
	t.Helper()
	return s.call(t, "CreateCustomHostname", append([]string{
		"Hostname", name, "SiteId", fmt.Sprint(fakeesa.SeedSiteID), "RecordId", fmt.Sprint(fakeesa.SeedRecordID), "SslFlag", "off",
	}, pairs...)...)
}

// TestUsage compares the whole help, and what a wrong flag prints before it.
func TestUsage(t *testing.T) {
	t.Parallel()
	const usage = `usage: fake-esa [flags]               serve until Ctrl-C
       fake-esa [flags] -- COMMAND... serve while COMMAND runs, with the fake in its environment

flags:
  -access-key id
    	access key id to accept (default fake-access-key-id)
  -account-type site
    	site of the account, Domestic or International (default "Domestic")
  -addr host:port
    	loopback host:port to listen on; port 0 selects a free one (default 127.0.0.1:8787, or a free port with a command)
  -chaos share
    	share of calls that fail at random, such as 0.2
  -chaos-seed number
    	number that seeds the random faults (default 1)
  -create-limit number
    	maximum number of CreateCustomHostname calls per hour, as in the real service; 0 means no limit (default 100)
  -fault JSON
    	JSON object of a fault to inject, such as {"code": "Record.ServiceBusy"}; can be repeated
  -issue-delay time
    	time until a free certificate is issued; the real service takes 5 to 30 minutes
  -publish
    	act as if every customer published every TXT record at once
  -reading NAME=VALUE
    	NAME=VALUE, the fake's behavior where ESA's documentation leaves a question open; can be repeated
  -readings file
    	JSON file of such behavior, as the probe writes it; or "list" to print all open questions
  -secret-key secret
    	its secret (default fake-access-key-secret)
  -seed file
    	JSON file of the sites, records and hostnames to start with (default: the site example.com with two records)
  -version
    	print the version and exit
`
	for _, test := range []struct {
		args []string
		err  error
		want string
	}{
		{[]string{"-h"}, flag.ErrHelp, usage},
		{[]string{"-nonsense"}, errUsage, "flag provided but not defined: -nonsense\n" + usage},
		{[]string{"-create-limit", "x"}, errUsage, "invalid value \"x\" for flag -create-limit: parse error\n" + usage},
	} {
		var stdout, stderr bytes.Buffer
		if err := run(canceled(t), test.args, nil, &stdout, &stderr); !errors.Is(err, test.err) || stdout.Len() != 0 {
			t.Errorf("%v: got error %v and output %s, want %v", test.args, err, stdout.String(), test.err)
		}
		if diff := cmp.Diff(test.want, stderr.String()); diff != "" {
			t.Errorf("%v (-want +got):\n%s", test.args, diff)
		}
	}
}

type brokenWriter struct{ err error }

func (w brokenWriter) Write([]byte) (int, error) { return 0, w.err }

// TestPrintsAndExits checks the flags that print something instead of serving.
func TestPrintsAndExits(t *testing.T) {
	t.Parallel()
	for args, want := range map[string]string{
		"-version":                "fake-esa dev (commit none)\n",
		"-version -chaos 7":       "fake-esa dev (commit none)\n",
		"-readings list":          questions(),
		"-readings list -addr :1": questions(),
	} {
		var stdout, stderr bytes.Buffer
		if err := run(canceled(t), strings.Fields(args), nil, &stdout, &stderr); err != nil || stdout.String() != want || stderr.Len() != 0 {
			t.Errorf("%s: got error %v, stderr %s and output\n%s\nwant\n%s", args, err, stderr.String(), stdout.String(), want)
		}
	}
	for _, want := range []string{
		"duplicate-create\n  What does CreateCustomHostname do with a name that its site already has?\n  refused (default: a refusal with a code of its own is what sibling actions do; " +
			"a second, conflicted hostname is as plausible), conflicts, invalid\n",
		"read-lag\n  How long do reads not show a write?\n  none (default: no lag is documented), 3s, or another duration\n",
	} {
		if !strings.Contains("\n"+questions(), "\n"+want) {
			t.Errorf("the list of readings does not contain\n%s", want)
		}
	}
	if n := strings.Count(questions(), "\n"); n != 3*len(fakeesa.Readings()) || n == 0 {
		t.Errorf("got %d lines for %d readings, want three for each", n, len(fakeesa.Readings()))
	}
	// An output that cannot be written is an error.
	broken := errors.New("broken pipe")
	for _, args := range []string{"-version", "-readings list", "-addr 127.0.0.1:0"} {
		if err := run(canceled(t), strings.Fields(args), nil, brokenWriter{broken}, io.Discard); !errors.Is(err, broken) {
			t.Errorf("%s: got error %v, want that of the output", args, err)
		}
	}
}

// TestGreeting compares the whole output on start, with values that a shell must not change.
func TestGreeting(t *testing.T) {
	t.Parallel()
	s := start(t, "-account-type", "International", "-access-key", "it's", "-secret-key", "")
	want := `# A fake ESA listens on URL until Ctrl-C. It saves nothing. For the shell that runs Terraform:
export ALIBABA_CLOUD_ENDPOINT_ESA=URL
export ALIBABA_CLOUD_ACCOUNT_TYPE=International
export ALICLOUD_ACCESS_KEY='it'\''s'
export ALICLOUD_SECRET_KEY=fake-access-key-secret
unset ALICLOUD_SECURITY_TOKEN ALIBABA_CLOUD_SECURITY_TOKEN ALIBABACLOUD_SECURITY_TOKEN

# site      4042843419650112  example.com
# record    4042843419650113  origin.example.com
# record    4042843419650114  origin2.example.com
# cas       30000478          ap-southeast-1
`
	if diff := cmp.Diff(want, strings.ReplaceAll(s.output, s.url, "URL")); diff != "" {
		t.Errorf("output (-want +got):\n%s", diff)
	}
	if got := s.callAs(t, "it's", defaultSecret, "GetCustomHostname", "HostnameId", "7"); got.at("Code") != "CustomHostname.NotFound" || got.at("HostId") != "esa.ap-southeast-1.aliyuncs.com" {
		t.Errorf("got %v, want CustomHostname.NotFound of an international account", got)
	}
	for text, want := range map[string]string{
		"": "", "aZ09-_./:": "aZ09-_./:", "a b": "'a b'", "$x": "'$x'", "'": `''\'''`, "a=b": "'a=b'", "~": "'~'",
	} {
		if got := quote(text); got != want {
			t.Errorf("%q: got %s, want %s", text, got, want)
		}
	}
}

// TestFlags checks the effect of flags on the fake.
func TestFlags(t *testing.T) {
	t.Parallel()
	s := start(t, "-access-key", "my-id", "-secret-key", "my-secret")
	if got := s.callAs(t, "my-id", "my-secret", "GetCustomHostname", "HostnameId", "7"); got.at("Code") != "CustomHostname.NotFound" || got.at("HostId") != "esa.cn-hangzhou.aliyuncs.com" {
		t.Errorf("the given keys: got %v, want CustomHostname.NotFound of a domestic account", got)
	}
	if got := s.call(t, "GetCustomHostname", "HostnameId", "7"); got.at("Code") != "InvalidAccessKeyId.NotFound" {
		t.Errorf("the default keys: got %v, want InvalidAccessKeyId.NotFound", got)
	}

	status := func(s started, id string) string {
		h, _ := s.call(t, "GetCustomHostname", "HostnameId", id)["CustomHostnameModel"].(map[string]any)
		return fmt.Sprint(h["Status"], " ", h["CertStatus"])
	}
	for args, want := range map[string][2]string{
		"": {"CustomHostname.VerifyUnpassed", "pending "}, "-publish": {"", "active OK"}, "-publish -issue-delay 10m": {"", "active Applying"},
	} {
		s := start(t, strings.Fields(args)...)
		id := s.create(t, "shop.customer.com", "SslFlag", "on", "CertType", "free").at("HostnameId")
		got := s.call(t, "VerifyCustomHostname", "HostnameId", id)
		if status := status(s, id); got.at("Code") != want[0] || status != want[1] {
			t.Errorf("%q: got %v and %s, want %q", args, got, status, want)
		}
		curl(t, s.url, []string{"-d", `{"forward": "10m"}`, documentedURL + "/fake/clock"})
		later := strings.Replace(want[1], "Applying", "OK", 1)
		if status := status(s, id); status != later {
			t.Errorf("%q, ten minutes later: got %s, want %s", args, status, later)
		}
	}

	s = start(t, "-fault", `{"code": "A", "action": "GetSite"}`, "-fault", `{"drop": true}`)
	const faults = `{
  "faults": [
    {
      "action": "GetSite",
      "times": 1,
      "code": "A"
    },
    {
      "times": 1,
      "drop": true
    }
  ]
}
`
	if got := curl(t, s.url, []string{documentedURL + "/fake/faults"}); got != faults {
		t.Errorf("got the faults %s, want %s", got, faults)
	}
}

// TestCreateLimitOfTheCommandLine checks how many creates are accepted.
func TestCreateLimitOfTheCommandLine(t *testing.T) {
	t.Parallel()
	for args, want := range map[string]int{"": 100, "-create-limit 1": 1, "-create-limit 2": 2, "-create-limit 0": 102, "-create-limit -1": 102} {
		s := start(t, strings.Fields(args)...)
		accepted := 0
		for i := range 102 {
			switch code := s.create(t, fmt.Sprintf("h%d.customer.com", i)).at("Code"); code {
			case "":
				accepted++
			case "Throttling.User":
			default:
				t.Fatalf("%q: got %s", args, code)
			}
		}
		if accepted != want {
			t.Errorf("%q: got %d creates, want %d", args, accepted, want)
		}
	}
}

// TestChaosOfTheCommandLine checks that the share and the seed select the faults, and that there are none by default.
func TestChaosOfTheCommandLine(t *testing.T) {
	t.Parallel()
	const calls = 40
	statuses := func(args ...string) (all string) {
		s := start(t, args...)
		for range calls {
			response, err := s.send(t, defaultID, defaultSecret, "GetCustomHostname", "HostnameId", "7")
			if err != nil {
				all += "- "
				continue
			}
			all += fmt.Sprint(response.StatusCode, " ")
			_ = response.Body.Close()
		}
		return all
	}
	none := strings.Repeat("404 ", calls)
	for _, args := range [][]string{nil, {"-chaos", "0"}, {"-chaos-seed", "2"}} {
		if got := statuses(args...); got != none {
			t.Errorf("%v: got the statuses %s, want no fault", args, got)
		}
	}
	all := statuses("-chaos", "1")
	if again := statuses("-chaos", "1", "-chaos-seed", "1"); again != all {
		t.Errorf("got the statuses %s, and with the default seed %s", all, again)
	}
	if other := statuses("-chaos", "1", "-chaos-seed", "2"); other == all || other == none {
		t.Errorf("got the statuses %s with another seed", other)
	}
	// The share selects calls, and not their faults.
	some := strings.Fields(statuses("-chaos", "0.5"))
	faults := 0
	for i, status := range strings.Fields(all) {
		if some[i] != "404" {
			if faults++; some[i] != status {
				t.Errorf("call %d: got %s with a share of a half, and %s of 1", i, some[i], status)
			}
		}
	}
	if faults < calls/5 || faults > calls*4/5 {
		t.Errorf("got %d faults with a share of a half", faults)
	}
}

// TestReadingsOfFlags checks the effect of readings from a file and from the command line, and their errors.
func TestReadingsOfFlags(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	write := func(name, text string) string {
		file := filepath.Join(dir, name)
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return file
	}
	file := write("readings.json", `{"hostname-view": "final-dot", "wildcards": "refused"}`)
	for _, test := range []struct {
		args           []string
		view, wildcard string
	}{
		{nil, "a.customer.com", ""},
		{[]string{"-readings", file}, "a.customer.com.", "InvalidParameter"},
		{[]string{"-reading", "hostname-view=final-dot", "-reading", "wildcards=refused"}, "a.customer.com.", "InvalidParameter"},
		{[]string{"-reading", "wildcards=accepted", "-readings", file}, "a.customer.com.", ""},
		{[]string{"-reading", "wildcards=refused", "-reading", "wildcards=accepted"}, "a.customer.com", ""},
	} {
		s := start(t, test.args...)
		if got := s.create(t, "a.customer.com"); got.at("Hostname") != test.view {
			t.Errorf("%v: got %v, want the name %s", test.args, got, test.view)
		}
		if got := s.create(t, "*.customer.com"); got.at("Code") != test.wildcard {
			t.Errorf("%v: got %v, want the code %q", test.args, got, test.wildcard)
		}
	}
	_, missing := os.ReadFile(filepath.Join(dir, "none.json"))
	bad := write("bad.json", `{"wildcards": "x"}`)
	const wildcards = `the reading wildcards is "x"; it must be one of accepted, refused`
	for want, args := range map[string][]string{
		"-readings: " + missing.Error():       {"-readings", filepath.Join(dir, "none.json")},
		"-readings " + bad + ": " + wildcards: {"-readings", bad},
		"-reading: " + wildcards:              {"-reading", "wildcards=x"},
		`-reading: the reading wildcards is ""; it must be one of accepted, refused`: {"-reading", "wildcards"},
		`-reading: there is no reading "x"; -readings list prints all of them`:       {"-readings", file, "-reading", "x=y=z"},
	} {
		if err := run(canceled(t), args, nil, io.Discard, io.Discard); err == nil || err.Error() != want {
			t.Errorf("%v: got error %v, want %s", args, err, want)
		}
	}
}

// TestDefaultAddress checks that the program listens on the documented address, or fails because something else does.
func TestDefaultAddress(t *testing.T) {
	t.Parallel()
	var stdout bytes.Buffer
	err := run(canceled(t), nil, nil, &stdout, io.Discard)
	served := strings.Contains(stdout.String(), "\nexport ALIBABA_CLOUD_ENDPOINT_ESA="+documentedURL+"\n")
	if err != nil && !strings.Contains(err.Error(), "listen tcp 127.0.0.1:8787: ") || err == nil && !served {
		t.Errorf("got error %v and output %s, want the address 127.0.0.1:8787", err, stdout.String())
	}
}

// TestAddressOfACommand checks that the fake of a command listens on a free port unless an address is given, and that the
// command has the input and the outputs of the program.
func TestAddressOfACommand(t *testing.T) {
	t.Parallel()
	if runtime.GOOS == "windows" {
		t.Skip("the commands are those of a Unix shell")
	}
	taken := strings.TrimPrefix(start(t).url, "http://")
	if err := run(t.Context(), []string{"-addr", taken, "--", "true"}, nil, io.Discard, io.Discard); err == nil || !strings.Contains(err.Error(), taken) {
		t.Errorf("got error %v, want that the given address %s is in use", err, taken)
	}
	var stdout, stderr bytes.Buffer
	script := `echo "$ALIBABA_CLOUD_ENDPOINT_ESA"; cat; echo problem >&2`
	if err := run(t.Context(), []string{"--", "sh", "-c", script}, strings.NewReader("input"), &stdout, &stderr); err != nil {
		t.Fatal(err)
	}
	if got := stdout.String(); !regexp.MustCompile(`^http://127\.0\.0\.1:[1-9]\d+\ninput$`).MatchString(got) || strings.HasPrefix(got, documentedURL) {
		t.Errorf("got the output %q, want an address with a free port, and the input", got)
	}
	if got := stderr.String(); got != "problem\n" {
		t.Errorf("got stderr %q, want that of the command", got)
	}
}

// TestExitStatus compares the exit status of the program, and what it prints on stderr.
func TestExitStatus(t *testing.T) {
	t.Parallel()
	if runtime.GOOS == "windows" {
		t.Skip("the commands are those of a Unix shell")
	}
	for _, test := range []struct {
		args   []string
		status int
		stderr string // "usage" stands for the help
	}{
		{[]string{"-version"}, 0, ""},
		{[]string{"-h"}, 0, "usage"},
		{[]string{"-nonsense"}, 2, "usage"},
		{[]string{"serve"}, 1, "fake-esa: unexpected argument \"serve\"; write -- before a command\n"},
		{[]string{"--", "sh", "-c", "exit 0"}, 0, ""},
		{[]string{"--", "sh", "-c", "exit 3"}, 3, ""},
		{[]string{"--", "sh", "-c", "kill -9 $$"}, 1, "fake-esa: signal: killed\n"},
	} {
		program := exec.CommandContext(t.Context(), os.Args[0], test.args...)
		program.Env = append(os.Environ(), runMain+"=1")
		var stderr bytes.Buffer
		program.Stderr = &stderr
		_ = program.Run()
		got := stderr.String()
		if strings.Contains(got, "usage: fake-esa [flags]") {
			got = "usage"
		}
		if status := program.ProcessState.ExitCode(); status != test.status || got != test.stderr {
			t.Errorf("%q: got exit status %d and %q, want %d and %q", test.args, status, got, test.status, test.stderr)
		}
	}
}
