// Command probe answers the questions that ESA's documentation leaves open, with a real account, and writes the answers as
// readings of the fake. README.md describes how to run it, what it costs and what it writes.
package main

import (
	"bufio"
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"flag"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"time"

	"terraform-provider-esa/internal/certcheck/certtest"
	"terraform-provider-esa/internal/esa"
	"terraform-provider-esa/internal/fakeesa"
	"terraform-provider-esa/internal/provider"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	// A second interrupt ends the process at once.
	context.AfterFunc(ctx, stop)
	c := command{
		getenv: os.Getenv, in: os.Stdin, out: os.Stdout, transport: http.DefaultTransport, keyKind: certtest.RSA2048,
		lookupTXT: net.DefaultResolver.LookupTXT, lookFor: 30 * time.Second,
	}
	err := c.run(ctx, os.Args[1:])
	stop()
	if err != nil && !errors.Is(err, flag.ErrHelp) {
		fmt.Fprintln(os.Stderr, "probe:", err)
		os.Exit(1)
	}
}

// command is the program and its environment.
type command struct {
	getenv    func(string) string
	in        io.Reader
	out       io.Writer
	transport http.RoundTripper
	lookupTXT func(ctx context.Context, name string) ([]string, error)
	// publish is called for TXT records to publish, in addition to the message for the user.
	publish func(name, value string)
	keyKind certtest.KeyKind
	// lookFor is how long to look for a hostname without an id.
	lookFor time.Duration
}

// arguments are the flags.
type arguments struct {
	names
	level          int
	mine, yes      bool
	out, sweep     string
	pause, patient time.Duration
}

func (c command) parse(args []string) (a arguments, err error) {
	flags := flag.NewFlagSet("probe", flag.ContinueOnError)
	flags.SetOutput(c.out)
	flags.IntVar(&a.level, "level", -1, "0 only reads; 1 also creates up to 5 hostnames and removes them; 2 also asks you to publish two TXT records")
	flags.BoolVar(&a.mine, "on-my-account", false, "confirm that the calls may use the account of the credentials in the environment")
	flags.BoolVar(&a.yes, "yes", false, "do not ask on the terminal")
	flags.Int64Var(&a.siteID, "site-id", 0, "the site to use")
	flags.Int64Var(&a.recordID, "record-id", 0, "a proxied record of the site")
	flags.Int64Var(&a.secondRecordID, "second-record-id", 0, "another proxied record of the site; answers one more question")
	flags.Int64Var(&a.otherRecordID, "other-record-id", 0, "a record of another site, or one that is not proxied; answers up to two more questions")
	flags.StringVar(&a.domain, "domain", "", "a domain of yours that is not a site of ESA; all hostnames are below "+marker+"<random> of it")
	flags.StringVar(&a.out, "out", "esa-probe", "the directory to write to")
	flags.StringVar(&a.sweep, "sweep", "", "the journal of an earlier run; only its hostnames are removed")
	flags.DurationVar(&a.pause, "pause", 200*time.Millisecond, "the pause between two calls, 50ms to 1s")
	flags.DurationVar(&a.patient, "wait", 2*time.Hour, "how long to wait for a TXT record, and for a certificate")
	if err := flags.Parse(args); err != nil {
		return a, err
	}
	switch {
	case flags.NArg() > 0:
		return a, fmt.Errorf("%q is not a flag", flags.Arg(0))
	case c.getenv("CI") != "":
		return a, errors.New("the environment variable CI is set: the probe does not run in CI")
	case !a.mine:
		return a, errors.New("the calls use the account of the credentials in the environment: add -on-my-account to allow that")
	case a.pause < 50*time.Millisecond || a.pause > time.Second:
		return a, fmt.Errorf("-pause is %v: set it to 50ms to 1s", a.pause)
	case a.sweep != "":
		return a, nil
	case a.level < 0 || a.level > 2:
		return a, errors.New("-level is missing: set it to 0, which only reads, or to 1 or 2")
	case a.level > 0 && (a.siteID <= 0 || a.recordID <= 0 || a.domain == ""):
		return a, errors.New("levels 1 and 2 require -site-id, -record-id and -domain")
	}
	a.domain = esa.CanonicalName(a.domain)
	if a.domain != "" && (!strings.Contains(a.domain, ".") || strings.Trim(a.domain, "abcdefghijklmnopqrstuvwxyz0123456789-.") != "") {
		return a, fmt.Errorf("-domain is %q: set it to a domain such as customer.com", a.domain)
	}
	return a, nil
}

func (c command) run(ctx context.Context, args []string) error {
	a, err := c.parse(args)
	if err != nil {
		return err
	}
	var secrets []string
	calls, err := c.caller(ctx, a.pause, &secrets)
	if err != nil {
		return err
	}
	if a.sweep != "" {
		return c.finish(ctx, a, calls)
	}
	c.announce(a, calls.endpoint)
	if err := c.confirm(a.yes); err != nil {
		return err
	}

	p := &probe{
		caller: calls, names: a.names, level: a.level, out: c.out, lookupTXT: c.lookupTXT, limit: a.patient, keyKind: c.keyKind,
		publish: func(name, value string) {
			_, _ = fmt.Fprintf(c.out, "\nPublish this TXT record; the probe waits up to %v for it:\n  %s TXT \"%s\"\n\n", a.patient, name, value)
			if c.publish != nil {
				c.publish(name, value)
			}
		},
	}
	if err := os.MkdirAll(a.out, 0o700); err != nil {
		return err
	}
	if a.level > 0 {
		random := make([]byte, 6)
		_, _ = rand.Read(random)
		p.journal, err = newJournal(filepath.Join(a.out, "journal.json"), calls.endpoint, marker+hex.EncodeToString(random)+"."+a.domain)
		if err != nil {
			return err
		}
		p.sweeper = c.sweeper(calls, p.journal)
		var once sync.Once
		p.sweeper.took = func(w watch) {
			once.Do(func() {
				s := w.took()
				p.note("GetCustomHostname returned NotFound between %v and %v after a deletion.", s.low.Round(time.Millisecond), s.high.Round(time.Millisecond))
			})
		}
	}
	ended := p.run(ctx)
	if err := p.writeFiles(a.out, newMasker(a.domain, secrets...), ended); err != nil {
		return errors.Join(ended, err)
	}
	_, _ = fmt.Fprintf(c.out, "\n%s of %d questions are answered. %s, %s and %s are in %s: read them before you share them. Never share the journal.\n",
		fmt.Sprint(len(p.findings)), len(fakeesa.Readings()), reportFile, readingsFile, fixturesFile, a.out)
	return ended
}

// caller returns a caller with the same credentials as the provider.
func (c command) caller(ctx context.Context, pause time.Duration, secrets *[]string) (*caller, error) {
	credential, endpoint, err := provider.FromEnvironment(ctx, c.getenv)
	if err != nil {
		return nil, err
	}
	if !allowed(endpoint) {
		return nil, fmt.Errorf("the endpoint %s is neither ESA's nor loopback: unset ALIBABA_CLOUD_ENDPOINT_ESA and ESA_ENDPOINT", endpoint)
	}
	var mu sync.Mutex
	return &caller{
		endpoint: endpoint, pause: pause,
		http: &http.Client{Transport: c.transport, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }},
		credential: func() (keys, error) {
			mu.Lock()
			defer mu.Unlock()
			set, err := credential.GetCredential()
			if err != nil {
				return keys{}, fmt.Errorf("no credentials: %w", err)
			}
			value := func(s *string) string {
				if s == nil {
					return ""
				}
				return *s
			}
			who := keys{value(set.AccessKeyId), value(set.AccessKeySecret), value(set.SecurityToken)}
			*secrets = append(*secrets, who.accessKey, who.secretKey, who.securityToken)
			return who, nil
		},
	}, nil
}

// allowed reports whether an endpoint is one of ESA's, or on this machine.
func allowed(endpoint string) bool {
	if _, own := esa.AccountSiteOfEndpoint(endpoint); own {
		return true
	}
	base, err := url.Parse(endpoint)
	if err != nil {
		return false
	}
	address, err := netip.ParseAddr(base.Hostname())
	return base.Hostname() == "localhost" || err == nil && address.IsLoopback()
}

func (c command) sweeper(calls *caller, j *journal) *sweeper {
	return &sweeper{caller: calls, journal: j, out: c.out, lookFor: c.lookFor, goneWithin: 5 * time.Minute}
}

// finish removes what an earlier run left.
func (c command) finish(ctx context.Context, a arguments, calls *caller) error {
	j, err := openJournal(a.sweep)
	if err != nil {
		return err
	}
	if j.Endpoint != calls.endpoint {
		return fmt.Errorf("the run of %s used %s, but the environment selects %s", a.sweep, j.Endpoint, calls.endpoint)
	}
	left := j.left()
	if len(left) == 0 {
		_, _ = fmt.Fprintf(c.out, "%s has no hostnames left.\n", a.sweep)
		return nil
	}
	_, _ = fmt.Fprintf(c.out, "These hostnames at %s will be removed, if they exist:\n", calls.endpoint)
	for _, e := range left {
		_, _ = fmt.Fprintf(c.out, "  %s\n", e)
	}
	if err := c.confirm(a.yes); err != nil {
		return err
	}
	// Which place ESA reads is unknown here; each response shows it.
	p := &probe{caller: calls}
	if _, err := parameterPlace(ctx, p); err != nil {
		return err
	}
	return c.sweeper(calls, j).sweep(ctx)
}

// announce prints what the run is going to do.
func (c command) announce(a arguments, endpoint string) {
	write := func(text string, args ...any) { _, _ = fmt.Fprintf(c.out, text, args...) }
	creates := 0
	write("Level %d at %s makes these calls, with a pause of %v between two calls:\n\n", a.level, endpoint, a.pause)
	for _, q := range questions {
		if q.level > a.level || q.calls == "" {
			continue
		}
		creates += q.creates
		write("  %d  %-24s %s\n", q.level, q.name, q.calls)
	}
	if a.level == 0 {
		write("\nAll of them only read; nothing is created, changed or deleted. ESA refuses two of them on purpose: one has a made-up access key, one a made-up token.\n")
		return
	}
	write("\nUp to %d of them create hostnames (CreateCustomHostname), and never more than %d. They count against the limit of 100 an hour.\n"+
		"What a hostname costs depends on your plan: check it before you continue.\n"+
		"All hostnames are below %s<random>.%s, in site %d on record %d. They are deleted at the end; until then, the record cannot be deleted.\n"+
		"If the run is killed, -sweep %s removes what it left.\n",
		creates, maxCreates, marker, a.domain, a.siteID, a.recordID, filepath.Join(a.out, "journal.json"))
	if a.otherRecordID != 0 {
		write("One hostname is moved to record %d and back. If that record is in another site, one hostname is created there.\n", a.otherRecordID)
	}
	if a.level == 2 {
		write("You will be asked to publish two TXT records below %s. The probe looks them up in the public DNS. A certificate is issued, and its name appears in public logs.\n", a.domain)
	}
}

// confirm asks for confirmation on the terminal.
func (c command) confirm(yes bool) error {
	if yes {
		return nil
	}
	_, _ = fmt.Fprint(c.out, "\nContinue? Enter \"yes\" to continue: ")
	line, _ := bufio.NewReader(c.in).ReadString('\n')
	if strings.TrimSpace(line) != "yes" {
		return errors.New("not confirmed; nothing was done")
	}
	return nil
}
