package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"terraform-provider-esa/internal/fakeesa"
)

const (
	secondRecord = fakeesa.SeedSecondRecordID
	otherSite    = 7712843419650112
	otherRecord  = 7712843419650113
	domain       = "tenant-of-ours.net"
)

// The tests run in virtual time (testing/synctest), so that waits of hours and lags of seconds are exact and take no time.
// Virtual time does not work with a network, so calls reach the fake without one.

// account is a fake ESA that is called without a network.
type account struct {
	*fakeesa.Server
	dir string
	// before and after, if set, may end a call before or after it takes effect.
	before, after func(*http.Request) error
	// withhold is how many DCV records the user does not publish.
	withhold int
	out      bytes.Buffer
}

func newAccount(t *testing.T, o fakeesa.Options) *account {
	t.Helper()
	// Calls take some time, as they do with the real service, so that two can be in progress at once.
	o.Latency = 40 * time.Millisecond
	a := &account{Server: fakeesa.New(o), dir: filepath.Join(t.TempDir(), "out")}
	fakeesa.Seed(a.Server)
	a.AddSiteOf(fakeesa.Site{ID: otherSite, Name: "elsewhere.org"})
	a.AddRecordOf(fakeesa.Record{ID: otherRecord, SiteID: otherSite, Name: "origin.elsewhere.org", Proxied: true})
	return a
}

// RoundTrip serves a request without a network.
func (a *account) RoundTrip(r *http.Request) (*http.Response, error) {
	if a.before != nil {
		if err := a.before(r); err != nil {
			return nil, err
		}
	}
	if r.Body == nil {
		r = r.Clone(r.Context())
		r.Body = http.NoBody
	}
	recorder := httptest.NewRecorder()
	a.ServeHTTP(recorder, r)
	if err := r.Context().Err(); err != nil {
		return nil, err
	}
	if a.after != nil {
		if err := a.after(r); err != nil {
			return nil, err
		}
	}
	return recorder.Result(), nil
}

func (a *account) command(env ...string) command {
	variables := map[string]string{
		"ALIBABA_CLOUD_ACCESS_KEY_ID": a.Options().AccessKeyID, "ALIBABA_CLOUD_ACCESS_KEY_SECRET": a.Options().AccessKeySecret,
		"ALIBABA_CLOUD_SECURITY_TOKEN": a.Options().SecurityToken, "ALIBABA_CLOUD_ENDPOINT_ESA": "http://127.0.0.1:1",
	}
	for i := 0; i+1 < len(env); i += 2 {
		variables[env[i]] = env[i+1]
	}
	return command{
		getenv: func(name string) string { return variables[name] }, in: strings.NewReader("yes\n"), out: &a.out, transport: a,
		lookupTXT: func(_ context.Context, name string) ([]string, error) { return a.TXT(name), nil },
		publish: func(name, value string) {
			if strings.HasPrefix(name, "_acme-challenge.") && a.withhold > 0 {
				a.withhold--
				return
			}
			a.PublishTXT(name, value)
		},
		lookFor: 15 * time.Second,
	}
}

// arguments returns the arguments of a run at a level.
func (a *account) arguments(level int, more ...string) []string {
	args := []string{"-on-my-account", "-level", fmt.Sprint(level), "-out", a.dir}
	if level > 0 {
		args = append(args, "-site-id", fmt.Sprint(fakeesa.SeedSiteID), "-record-id", fmt.Sprint(fakeesa.SeedRecordID), "-domain", domain,
			"-second-record-id", fmt.Sprint(secondRecord), "-other-record-id", fmt.Sprint(otherRecord))
	}
	return append(args, more...)
}

func (a *account) readings(t *testing.T) map[string]string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(a.dir, readingsFile))
	if err != nil {
		t.Fatal(err)
	}
	var o fakeesa.Options
	if err := o.SetReadings(text); err != nil {
		t.Errorf("the fake does not accept the readings: %v", err)
	}
	var readings map[string]string
	if err := json.Unmarshal(text, &readings); err != nil {
		t.Fatal(err)
	}
	return readings
}

// inBubble runs a test in virtual time.
func inBubble(t *testing.T, test func(t *testing.T)) {
	t.Helper()
	t.Parallel()
	synctest.Test(t, test)
}

// TestWorlds runs the probe against a fake that gives one question one of its answers. The probe must find that answer, and
// no wrong one to any other question.
func TestWorlds(t *testing.T) {
	t.Parallel()
	for _, r := range fakeesa.Readings() {
		values := r.Values
		if r.Measured {
			// Some values that are not among the examples.
			values = append(slices.Clone(values), "500ms", "8s", "1m30s")
		}
		for _, value := range values {
			if r.Name == "challenge-lifetime" && (value == "500ms" || value == "8s") {
				continue // This is too short for a user to publish the data.
			}
			t.Run(r.Name+"="+value, func(t *testing.T) {
				inBubble(t, func(t *testing.T) { testWorld(t, r.Name, value) })
			})
		}
	}
}

func testWorld(t *testing.T, name, value string) {
	var o fakeesa.Options
	if err := o.SetReading(name, value); err != nil {
		t.Fatal(err)
	}
	a := newAccount(t, o)
	if name == "challenge-lifetime" && value != "none" {
		a.withhold = 1
	}
	args := a.arguments(2)
	if strings.HasSuffix(value, "00ms") {
		// Short times need a shorter pause between calls.
		args = append(args, "-pause", "50ms")
	}
	if err := a.command().run(t.Context(), args); err != nil {
		t.Fatalf("%v\n%s", err, &a.out)
	}
	got := a.readings(t)
	for claimed, said := range got {
		if want := a.Options().Reading(claimed); said != want {
			t.Errorf("reading %s: the probe found %s, want %s", claimed, said, want)
		}
	}
	_, open := noProbe[name]
	if !open {
		_, open = noProbeValue[name][value]
	}
	switch said, claimed := got[name]; {
	case open && claimed:
		t.Errorf("reading %s: the probe found %s, which no probe can know", name, said)
	case !open && !claimed:
		t.Errorf("reading %s: the probe found no answer\n%s", name, &a.out)
	}
	if n := a.made(); n > maxCreates {
		t.Errorf("got %d creates, want at most %d", n, maxCreates)
	}
	if left := a.Hostnames(); len(left) > 0 {
		t.Errorf("got hostnames %+v after the run, want none", left)
	}
}

var mixed = flag.Uint("mixed-worlds", 20, "how many worlds TestMixedWorlds draws")

// TestMixedWorlds gives all questions a random answer at once. The probe may then find fewer answers, but no wrong one.
func TestMixedWorlds(t *testing.T) {
	t.Parallel()
	for seed := range uint64(*mixed) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			inBubble(t, func(t *testing.T) {
				random := rand.New(rand.NewPCG(seed, 0))
				var o fakeesa.Options
				for _, r := range fakeesa.Readings() {
					if err := o.SetReading(r.Name, r.Values[random.IntN(len(r.Values))]); err != nil {
						t.Fatal(err)
					}
				}
				a := newAccount(t, o)
				a.withhold = random.IntN(2)
				if err := a.command().run(t.Context(), a.arguments(2)); err != nil {
					t.Fatalf("%v\n%s", err, &a.out)
				}
				for claimed, said := range a.readings(t) {
					if claimed == "busy-after" && a.Options().Busy == fakeesa.BusyNothing {
						continue // The measured time is of no use if nothing is ever busy.
					}
					if want := a.Options().Reading(claimed); said != want {
						t.Errorf("reading %s: the probe found %s, want %s", claimed, said, want)
					}
				}
				if left := a.Hostnames(); len(left) > 0 || a.made() > maxCreates {
					t.Errorf("got hostnames %+v after the run and %d creates, want none and at most %d", left, a.made(), maxCreates)
				}
			})
		})
	}
}

// made returns the number of creates that ESA did not refuse as busy.
func (a *account) made() (n int) {
	for _, r := range a.RequestsOf("CreateCustomHostname") {
		if !strings.HasSuffix(r.Code, ".ServiceBusy") {
			n++
		}
	}
	return n
}

// TestEveryReadingHasAQuestion keeps the questions in sync with the readings of the fake.
func TestEveryReadingHasAQuestion(t *testing.T) {
	t.Parallel()
	asked := map[string]bool{}
	for _, q := range questions {
		asked[q.name] = true
		if reading(q.name).Name == "" {
			t.Errorf("the fake does not have the reading %s", q.name)
		}
		if q.how == "" || q.ask == nil {
			t.Errorf("the question %s has no description or no function", q.name)
		}
	}
	creates := 0
	for _, q := range questions {
		creates += q.creates
	}
	if creates > maxCreates {
		t.Errorf("the questions need %d creates, want at most %d", creates, maxCreates)
	}
	for _, r := range fakeesa.Readings() {
		if _, open := noProbe[r.Name]; asked[r.Name] == open {
			t.Errorf("the reading %s must have either a question or a reason in noProbe", r.Name)
		}
	}
	for name, reason := range noProbe {
		if reading(name).Name == "" || reason == "" {
			t.Errorf("noProbe: %s is not a reading, or has no reason", name)
		}
	}
}

// secretsOf returns all texts that the shared files must not contain.
func (a *account) secretsOf(existing ...fakeesa.Hostname) []string {
	secrets := []string{
		a.Options().AccessKeyID, a.Options().AccessKeySecret, domain, "tenant-of-ours", "example.com", "elsewhere.org", "origin",
		fmt.Sprint(fakeesa.SeedSiteID), fmt.Sprint(fakeesa.SeedRecordID), fmt.Sprint(secondRecord), fmt.Sprint(otherSite), fmt.Sprint(otherRecord),
		"PRIVATE KEY", "BEGIN CERTIFICATE", "rg-default", "esa-site", "ns1.esa",
	}
	for _, r := range a.Requests() {
		if r.HostnameID != 0 {
			secrets = append(secrets, fmt.Sprint(r.HostnameID))
		}
	}
	for _, h := range existing {
		secrets = append(secrets, h.Hostname, fmt.Sprint(h.ID), h.VerifyCode)
	}
	return secrets
}

func TestNothingIsTold(t *testing.T) {
	for _, shape := range []string{"none", "text", "fraction"} {
		t.Run(shape, func(t *testing.T) {
			inBubble(t, func(t *testing.T) {
				var o fakeesa.Options
				if err := o.SetReading("loose-types", shape); err != nil {
					t.Fatal(err)
				}
				a := newAccount(t, o)
				h := a.AddHostname(fakeesa.Hostname{SiteID: fakeesa.SeedSiteID, RecordID: fakeesa.SeedRecordID, Hostname: "shop.some-customer.com"})
				a.Inject(fakeesa.Fault{Action: "ListRecords", Code: "SignatureDoesNotMatch", Signed: true})
				a.Inject(fakeesa.Fault{Action: "VerifyCustomHostname", Code: "NoPermission", Message: "RAM user 123456789012 may not touch " + domain + " and shop.some-customer.com"})
				var codes []string
				c := a.command()
				publish := c.publish
				c.publish = func(name, value string) { codes = append(codes, value); publish(name, value) }
				if err := c.run(t.Context(), a.arguments(2)); err != nil {
					t.Fatalf("%v\n%s", err, &a.out)
				}
				if len(codes) < 2 {
					t.Fatalf("got %d records for the user to publish, want at least 2", len(codes))
				}
				for _, name := range []string{reportFile, readingsFile, fixturesFile} {
					text, err := os.ReadFile(filepath.Join(a.dir, name))
					if err != nil {
						t.Fatal(err)
					}
					for _, secret := range slices.Concat(a.secretsOf(h), codes, []string{"123456789012", "some-customer"}) {
						if at := bytes.Index(text, []byte(secret)); at >= 0 {
							t.Errorf("%s contains %q: ...%s...", name, secret, text[max(0, at-80):min(len(text), at+80)])
						}
					}
				}
				checkFixtures(t, filepath.Join(a.dir, fixturesFile), shape)
			})
		})
	}
}

// TestMask checks values that the fake never returns.
func TestMask(t *testing.T) {
	t.Parallel()
	m := newMasker("ours.net", "the-secret")
	mask := func(document string) string {
		var content any
		decoder := json.NewDecoder(strings.NewReader(document))
		decoder.UseNumber()
		if err := decoder.Decode(&content); err != nil {
			t.Fatal(err)
		}
		text, err := json.Marshal(m.document(content, ""))
		if err != nil {
			t.Fatal(err)
		}
		return string(text)
	}
	for _, test := range []struct{ document, want string }{
		{`{"Tags": {"owner": "Jane"}}`, `{"Tags":{"key1":"masked-1"}}`},
		{`{"AccessDeniedDetail": {"AuthPrincipalOwnerId": "1234567890123456", "PolicyType": "Jane"}}`, `{"AccessDeniedDetail":{"key1":"4000000000000001","key2":"masked-1"}}`},
		{`{"Data": {"Value": "192.0.2.1"}, "RecordId": "jane"}`, `{"Data":{"Value":"masked-2"},"RecordId":"masked-3"}`},
		{`{"NewField": "of.ours.net"}`, `{"NewField":"masked-4"}`},
		{`{"NewNumber": 7744556677}`, `{"NewNumber":4000000002}`},
		{`{"Weight": 10, "Share": -0.5, "Large": 1e5, "SiteId": 12}`, `{"Large":1e5,"Share":-0.5,"SiteId":43,"Weight":10}`},
		{`{"SiteId": "7744556677.0", "CasId": 0, "Ttl": 1, "Status": null}`, `{"CasId":0,"SiteId":"4000000002.0","Status":null,"Ttl":1}`},
		{`{"Status": "Jane's own status, with much text that is not one word of few"}`, `{"Status":"masked-5"}`},
		{`{"Hostname": "*.a.esa-probe-01.ours.net."}`, `{"Hostname":"*.a.esa-probe-01.customer.example."}`},
		{`{"Hostname": "Shop.Jane.org", "VerifyHost": "_esa_custom_hostname.shop.jane.org"}`, `{"Hostname":"name1.example","VerifyHost":"_esa_custom_hostname.name1.example"}`},
		{`{"CertHttpKey": "http://shop.jane.org/.well-known/acme-challenge/abc"}`, `{"CertHttpKey":"http://name1.example/.well-known/acme-challenge/` + strings.Repeat("0", 42) + `1"}`},
		{`{"Message": "shop.jane.org of 1234567890123456, the-secret and AbCdEfGhIjKlMnOpQrStUv12"}`, `{"Message":"*** of 4000000000000001, *** and ***"}`},
		{`{"SiteName": "jane.org"}`, `{"SiteName":"name2.example"}`},
		{`{"Message": "shop.jane.org is below jane.org"}`, `{"Message":"*** is below ***"}`},
	} {
		if got := mask(test.document); got != test.want {
			t.Errorf("%s\ngot  %s\nwant %s", test.document, got, test.want)
		}
	}
}

// checkFixtures checks that the responses keep the format of their numbers, and that equal ids stay equal.
func checkFixtures(t *testing.T, path, shape string) {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var answers []answer
	created := map[string]bool{}
	for line := range strings.Lines(string(text)) {
		var f fixture
		decoder := json.NewDecoder(strings.NewReader(line))
		decoder.UseNumber()
		if err := decoder.Decode(&f); err != nil {
			t.Fatal(err)
		}
		body, _ := f.Content.(map[string]any)
		answers = append(answers, answer{object: body})
		if f.Action == "CreateCustomHostname" && f.Status == http.StatusOK {
			created[strings.TrimSuffix(object(body).text("HostnameId"), ".0")] = true
		}
		if f.Action == "DeleteCustomHostname" && f.Status == http.StatusOK {
			if !created[f.Params["HostnameId"]] {
				t.Errorf("the fixtures delete %s, but do not create it", f.Params["HostnameId"])
			}
			delete(created, f.Params["HostnameId"])
		}
	}
	if f, _ := looseTypesOf(answers); f.value != shape {
		t.Errorf("got numbers in the format %q, want %q: %s", f.value, shape, f.note)
	}
	if len(created) > 0 {
		t.Errorf("the fixtures do not delete %v", created)
	}
}

// TestLevel0 checks that level 0 only reads.
func TestLevel0(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		a := newAccount(t, fakeesa.Options{ShowAllCertificates: true, UnusedCasID: fakeesa.UnusedCasIDAbsent, ListOrder: fakeesa.ListNewestFirst, CaseSensitiveFilter: true})
		for i := range 7 {
			a.AddHostname(fakeesa.Hostname{
				SiteID: fakeesa.SeedSiteID, RecordID: fakeesa.SeedRecordID, Hostname: fmt.Sprintf("shop%d.some-customer.com", i),
				Status: "active", SSLFlag: "on", CertType: "free", CertStatus: "OK", CreateTime: a.Now().Add(time.Duration(i) * time.Minute),
			})
		}
		if err := a.command().run(t.Context(), a.arguments(0)); err != nil {
			t.Fatal(err)
		}
		got := a.readings(t)
		for _, name := range []string{
			"parameter-place", "loose-types", "list-order", "filter-case", "unused-cas-id", "certificates-shown", "unknown-site", "unknown-key-status", "identity-status",
		} {
			if want := a.Options().Reading(name); got[name] != want {
				t.Errorf("reading %s: got %q, want %q", name, got[name], want)
			}
			delete(got, name)
		}
		if len(got) > 0 {
			t.Errorf("level 0 also found %v, want no other answers", got)
		}
		for _, r := range a.Requests() {
			if !strings.HasPrefix(r.Action, "Get") && !strings.HasPrefix(r.Action, "List") {
				t.Errorf("level 0 calls %s, want reads only", r.Action)
			}
		}
		if n := len(a.Requests()); n > 16 {
			t.Errorf("level 0 makes %d calls, want at most 16", n)
		}
		if _, err := os.Stat(filepath.Join(a.dir, "journal.json")); err == nil {
			t.Error("level 0 wrote a journal")
		}
	})
}

// TestRefuses checks that the probe makes no call if it must not run.
func TestRefuses(t *testing.T) {
	t.Parallel()
	level := []string{"-on-my-account", "-level", "0", "-yes"}
	for name, test := range map[string]struct {
		args []string
		env  []string
		in   string
		want string
	}{
		"no flags":         {nil, nil, "", "-on-my-account"},
		"no level":         {[]string{"-on-my-account"}, nil, "", "-level is missing"},
		"no word":          {[]string{"-level", "0", "-yes"}, nil, "", "-on-my-account"},
		"another level":    {[]string{"-on-my-account", "-level", "3"}, nil, "", "-level"},
		"no site":          {[]string{"-on-my-account", "-level", "1", "-yes"}, nil, "", "require -site-id, -record-id and -domain"},
		"bad domain":       {[]string{"-on-my-account", "-level", "1", "-yes", "-site-id", "1", "-record-id", "2", "-domain", "*.x.com"}, nil, "", "-domain"},
		"in CI":            {level, []string{"CI", "true"}, "", "does not run in CI"},
		"sweep in CI":      {[]string{"-on-my-account", "-yes", "-sweep", "journal.json"}, []string{"CI", "1"}, "", "does not run in CI"},
		"foreign endpoint": {level, []string{"ALIBABA_CLOUD_ENDPOINT_ESA", "https://esa.cn-hangzhou.aliyuncs.com.example.com"}, "", "neither ESA's nor loopback"},
		"plain HTTP":       {level, []string{"ALIBABA_CLOUD_ENDPOINT_ESA", "http://esa.cn-hangzhou.aliyuncs.com"}, "", "http://"},
		"no credentials":   {level, []string{"ALIBABA_CLOUD_ACCESS_KEY_ID", "", "ALIBABA_CLOUD_ACCESS_KEY_SECRET", ""}, "", "Unable to find credentials"},
		"half of them":     {level, []string{"ALIBABA_CLOUD_ACCESS_KEY_SECRET", ""}, "", "secret_key"},
		"no":               {level[:3], nil, "no\n", "not confirmed"},
		"silence":          {level[:3], nil, "", "not confirmed"},
		"haste":            {append([]string{"-pause", "1ms"}, level...), nil, "", "-pause"},
		"a word too much":  {append(slices.Clone(level), "now"), nil, "", `"now" is not a flag`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a := newAccount(t, fakeesa.Options{})
			c := a.command(test.env...)
			c.in = strings.NewReader(test.in)
			if err := c.run(t.Context(), test.args); err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("got error %v, want %s", err, test.want)
			}
			if calls := a.Requests(); len(calls) > 0 {
				t.Errorf("got %d calls, want none", len(calls))
			}
		})
	}
}

func TestEndpoints(t *testing.T) {
	t.Parallel()
	for endpoint, want := range map[string]bool{
		"https://esa.cn-hangzhou.aliyuncs.com":             true,
		"https://esa.ap-southeast-1.aliyuncs.com":          true,
		"https://esa-vpc.cn-hangzhou.aliyuncs.com":         true,
		"http://127.0.0.1:8080":                            true,
		"http://[::1]:8080":                                true,
		"http://localhost:8080":                            true,
		"https://esa.eu-central-1.aliyuncs.com":            false,
		"https://esa.cn-hangzhou.aliyuncs.com.example.com": false,
		"https://10.0.0.1":                                 false,
	} {
		if allowed(endpoint) != want {
			t.Errorf("%s: got allowed %t, want the opposite", endpoint, !want)
		}
	}
}

// TestAnnounces checks that the probe prints what it will do before it does it.
func TestAnnounces(t *testing.T) {
	t.Parallel()
	a := newAccount(t, fakeesa.Options{})
	c := a.command()
	c.in = strings.NewReader("no\n")
	_ = c.run(t.Context(), a.arguments(2))
	for _, want := range []string{
		"Up to 5 of them create hostnames (CreateCustomHostname), and never more than 5", "What a hostname costs depends on your plan",
		"parameter-place", "2 GetCustomHostname", "publish two TXT records", marker + "<random>." + domain, "Enter \"yes\" to continue", "http://127.0.0.1:1",
	} {
		if !strings.Contains(a.out.String(), want) {
			t.Errorf("want %q in the output\n%s", want, &a.out)
		}
	}
}

var errDead = errors.New("the process is dead")

// TestSweep ends runs at each of the first calls: by a cancelled context, or by a network that fails like that of a killed
// process. The journal must have the hostnames that are left, and -sweep must remove them.
func TestSweep(t *testing.T) {
	t.Parallel()
	for _, world := range []string{"", "duplicate-create=conflicts", "refused-certificate=on", "list-lag=5s", "read-lag=3s", "hostname-view=unicode", "parameter-place=query"} {
		for _, ends := range []string{"interrupted", "killed before", "killed after"} {
			t.Run(world+" "+ends, func(t *testing.T) {
				t.Parallel()
				step := 4
				if testing.Short() {
					step = 13
				}
				for at := 1; at <= 60; at += step {
					synctest.Test(t, func(t *testing.T) { testSweep(t, world, ends, at) })
				}
			})
		}
	}
}

func testSweep(t *testing.T, world, ends string, at int) {
	var o fakeesa.Options
	if name, value, set := strings.Cut(world, "="); set {
		if err := o.SetReading(name, value); err != nil {
			t.Fatal(err)
		}
	}
	a := newAccount(t, o)
	bystander := a.AddHostname(fakeesa.Hostname{SiteID: fakeesa.SeedSiteID, RecordID: fakeesa.SeedRecordID, Hostname: "a." + domain})
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	// Calls are counted from the first create.
	var mu sync.Mutex
	calls, dead := 0, false
	count := func(r *http.Request) bool {
		mu.Lock()
		defer mu.Unlock()
		if calls > 0 || r.URL.Query().Get("Action") == "CreateCustomHostname" {
			calls++
		}
		if calls >= at {
			dead = true
		}
		return dead
	}
	hook := func(r *http.Request) error {
		switch {
		case !count(r):
		case ends == "interrupted":
			cancel()
		default:
			return errDead
		}
		return nil
	}
	if ends == "killed before" {
		a.before = hook
	} else {
		a.after = hook
	}
	err := a.command().run(ctx, a.arguments(1))
	if err == nil {
		t.Fatalf("call %d: the run succeeded, want an error", at)
	}
	journal := filepath.Join(a.dir, "journal.json")
	if ends == "interrupted" {
		if !errors.Is(err, context.Canceled) {
			t.Errorf("call %d: got error %v, want context.Canceled", at, err)
		}
	} else {
		if !strings.Contains(err.Error(), "-sweep "+journal) {
			t.Errorf("call %d: the error does not contain the -sweep command: %v", at, err)
		}
		// Lists and reads need some time to show the last changes.
		time.Sleep(10 * time.Second)
		a.before, a.after = nil, nil
		if err := a.command().run(t.Context(), []string{"-on-my-account", "-sweep", journal}); err != nil {
			t.Errorf("call %d: the sweep failed: %v\n%s", at, err, &a.out)
		}
	}
	if left := a.Hostnames(); len(left) != 1 || left[0].ID != bystander.ID {
		t.Errorf("call %d: got hostnames %+v, want only the one of another user\n%s", at, left, &a.out)
	}
	a.ResetRequests()
	if err := a.command().run(t.Context(), []string{"-on-my-account", "-sweep", journal}); err != nil || len(a.Requests()) > 0 {
		t.Errorf("call %d: the second sweep returned error %v after %d calls, want none", at, err, len(a.Requests()))
	}
}

// TestSweepKeepsOthers checks that -sweep removes only hostnames with the name in the journal, and no name that the probe
// cannot have created.
func TestSweepKeepsOthers(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		a := newAccount(t, fakeesa.Options{})
		add := func(name string) fakeesa.Hostname {
			return a.AddHostname(fakeesa.Hostname{SiteID: fakeesa.SeedSiteID, RecordID: fakeesa.SeedRecordID, Hostname: name})
		}
		theirs, ours := add("shop.some-customer.com"), add("a."+marker+"0011.x.com")
		sweep := func(under, name string, id int64, endpoint string) error {
			j := &journal{path: filepath.Join(a.dir, "journal.json"), Endpoint: endpoint, Under: under}
			j.Entries = []*entry{{SiteID: fakeesa.SeedSiteID, Name: name, ID: id, State: created}}
			if err := j.save(); err != nil {
				t.Fatal(err)
			}
			return a.command().run(t.Context(), []string{"-on-my-account", "-yes", "-sweep", j.path})
		}
		const here = "http://127.0.0.1:1"
		for _, err := range []error{
			sweep(marker+"0011.x.com", ours.Hostname, theirs.ID, here),
			sweep(marker+"0011.x.com", theirs.Hostname, theirs.ID, here),
			sweep("some-customer.com", theirs.Hostname, theirs.ID, here),
			sweep(marker+"0011.x.com", ours.Hostname, ours.ID, "https://esa.cn-hangzhou.aliyuncs.com"),
		} {
			if err == nil {
				t.Error("a journal of another program or another account was accepted")
			}
		}
		if len(a.Hostnames()) != 2 || a.Count("DeleteCustomHostname") > 0 {
			t.Error("a hostname was deleted, want none")
		}
	})
}

// TestJournalIsNotForgotten checks that no run starts while the journal has hostnames of an earlier run.
func TestJournalIsNotForgotten(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		a := newAccount(t, fakeesa.Options{})
		a.after = func(r *http.Request) error {
			if r.URL.Query().Get("Action") == "CreateCustomHostname" || a.Count("CreateCustomHostname") > 0 {
				return errDead
			}
			return nil
		}
		if err := a.command().run(t.Context(), a.arguments(1)); err == nil {
			t.Fatal("the run succeeded, want an error")
		}
		a.after = nil
		if err := a.command().run(t.Context(), a.arguments(1)); err == nil || !strings.Contains(err.Error(), "-sweep") {
			t.Errorf("got error %v, want one with -sweep", err)
		}
		if n := a.Count("CreateCustomHostname"); n != 1 {
			t.Errorf("got %d creates, want 1", n)
		}
	})
}

// TestThrottled checks that the probe waits as long as the response requires, and reports the limit.
func TestThrottled(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		a := newAccount(t, fakeesa.Options{TooManyRequestsStatus: 429})
		a.Inject(fakeesa.Fault{Action: "GetSite", Code: "TooManyRequests", RetryAfter: 7 * time.Second})
		if err := a.command().run(t.Context(), a.arguments(0)); err != nil {
			t.Fatal(err)
		}
		calls := a.RequestsOf("GetSite")
		if len(calls) != 2 || calls[1].Time.Sub(calls[0].Time) < 7*time.Second {
			t.Errorf("got calls %+v, want two that are 7 s apart", calls)
		}
		if got := a.readings(t)["too-many-requests-status"]; got != "429" {
			t.Errorf("got the reading %q, want 429", got)
		}
	})
}

// TestBounded checks that the probe gives up if ESA is always busy.
func TestBounded(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		a := newAccount(t, fakeesa.Options{})
		a.Inject(fakeesa.Fault{Action: "UpdateCustomHostname", Code: "Record.ServiceBusy", Times: -1})
		if err := a.command().run(t.Context(), a.arguments(1)); err != nil {
			t.Fatal(err)
		}
		if n := a.Count("UpdateCustomHostname"); n > 1000 {
			t.Errorf("got %d updates, want at most 1000", n)
		}
		if _, claimed := a.readings(t)["record-alone"]; claimed {
			t.Error("a refusal as busy counts as an answer to the question")
		}
		if left := a.Hostnames(); len(left) > 0 {
			t.Errorf("got hostnames %+v after the run, want none", left)
		}
	})
}

// TestNetworkFails checks that the probe continues after calls without a response, if they create nothing.
func TestNetworkFails(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		a := newAccount(t, fakeesa.Options{})
		var calls atomic.Int64
		a.before = func(r *http.Request) error {
			// Calls that are sent in pairs must not fail.
			if calls.Add(1)%7 == 3 && strings.HasPrefix(r.URL.Query().Get("Action"), "Get") {
				return errDead
			}
			return nil
		}
		a.Inject(fakeesa.Fault{Action: "ListCustomHostnames", Status: 502, RawBody: new(string)})
		if err := a.command().run(t.Context(), a.arguments(2)); err != nil {
			t.Fatal(err)
		}
		if got := len(a.readings(t)); got < 30 {
			t.Errorf("got %d answers, want at least 30", got)
		}
	})
}

// TestUnclearCreate checks that the probe does not repeat a create that may have taken effect, and removes what it created.
func TestUnclearCreate(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		a := newAccount(t, fakeesa.Options{})
		a.Inject(fakeesa.Fault{Action: "CreateCustomHostname", Code: "InternalException", After: true})
		if err := a.command().run(t.Context(), a.arguments(1)); err == nil || !strings.Contains(err.Error(), "InternalException") {
			t.Errorf("got error %v, want InternalException", err)
		}
		if n := a.Count("CreateCustomHostname"); n != 1 {
			t.Errorf("got %d creates, want 1", n)
		}
		if left := a.Hostnames(); len(left) > 0 {
			t.Errorf("hostnames left: %+v", left)
		}
	})
}

// TestOtherRecordWithoutProxy checks that a record that no hostname can use settles nothing about names of another site.
func TestOtherRecordWithoutProxy(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		a := newAccount(t, fakeesa.Options{})
		if err := a.UnproxyRecord(otherRecord); err != nil {
			t.Fatal(err)
		}
		if err := a.command().run(t.Context(), a.arguments(1)); err != nil {
			t.Fatal(err)
		}
		got := a.readings(t)
		if value, claimed := got["name-elsewhere"]; claimed || got["foreign-record"] != "refused" {
			t.Errorf("got foreign-record %q and name-elsewhere %q, want only that foreign records are refused", got["foreign-record"], value)
		}
	})
}

// TestHiddenBeginning checks a hostname that ESA verifies by itself while reads still lag behind the last write. They hide when
// it began to be configuring, so the probe must not claim a shorter time.
func TestHiddenBeginning(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		a := newAccount(t, fakeesa.Options{
			AutoVerify: true, ConfiguringFor: 5 * time.Second, ReadLag: 3 * time.Second, ApplyAnyway: fakeesa.ApplyAnywayAccepted,
		})
		if err := a.command().run(t.Context(), a.arguments(2)); err != nil {
			t.Fatal(err)
		}
		got := a.readings(t)
		if value, claimed := got["activation-takes"]; claimed && value != "5s" || got["auto-verify"] != "yes" || got["apply-anyway"] != "accepted" {
			t.Errorf("got activation-takes %q, want 5s or none; all readings: %v\n%s", value, got, &a.out)
		}
	})
}

// TestNoUser checks that the probe ends if nobody publishes the records.
func TestNoUser(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		a := newAccount(t, fakeesa.Options{})
		c := a.command()
		c.publish = nil
		if err := c.run(t.Context(), a.arguments(2, "-wait", "10m")); err != nil {
			t.Fatal(err)
		}
		for _, name := range []string{"auto-verify", "activation-takes", "challenge-lifetime", "tokens-after-use", "certificates-shown"} {
			if value, claimed := a.readings(t)[name]; claimed {
				t.Errorf("reading %s: the probe found %s, want no answer", name, value)
			}
		}
	})
}

func TestRoundest(t *testing.T) {
	t.Parallel()
	for want, s := range map[time.Duration]span{
		time.Second:            {940 * time.Millisecond, 1100 * time.Millisecond},
		300 * time.Millisecond: {260 * time.Millisecond, 330 * time.Millisecond},
		time.Hour:              {3580 * time.Second, 3630 * time.Second},
		90 * time.Second:       {85 * time.Second, 95 * time.Second},
		7 * time.Second:        {6700 * time.Millisecond, 7200 * time.Millisecond},
		1230 * time.Millisecond: {
			1227 * time.Millisecond, 1233 * time.Millisecond,
		},
	} {
		if got := s.roundest(); got != want {
			t.Errorf("%v: got %v, want %v", s, got, want)
		}
	}
}

// TestSignature checks examples of the documented signature method. Other tools computed the signatures.
func TestSignature(t *testing.T) {
	t.Parallel()
	values := map[string][]string{}
	for name, value := range map[string]string{
		"Action": "GetCustomHostname", "Version": "2024-09-10", "Format": "json", "SignatureNonce": "nonce-0001", "Timestamp": "2026-01-02T03:04:05Z",
		"HostnameId": "1234567890123", "AccessKeyId": "testid", "SignatureMethod": "HMAC-SHA1", "SignatureVersion": "1.0",
	} {
		values[name] = []string{value}
	}
	for method, want := range map[string]string{"POST": "Wv/RF7aWmkNxd5mfldQn9iuLlFo=", "GET": "zaqw16HF/dv68sveJ//CQRnW28c="} {
		if got := signature(method, "testsecret", values); got != want {
			t.Errorf("%s: got %s, want %s", method, got, want)
		}
	}
	values["Certificate"] = []string{"-----BEGIN CERTIFICATE-----\nA+/=~*é b\n-----END CERTIFICATE-----\n"}
	if got := signature("POST", "testsecret", values); got != "mNTZl4fL9oC8n+XY+JEmrtuLHyU=" {
		t.Errorf("got %s, want the signature with an escaped value", got)
	}
}
