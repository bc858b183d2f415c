package esa

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aliyun/credentials-go/credentials"
	"github.com/google/go-cmp/cmp"

	"terraform-provider-esa/internal/certcheck/certtest"
	"terraform-provider-esa/internal/fakeesa"
)

// shop is the hostname in most tests.
const shop = "shop.customer.com"

// testClock advances at once when somebody sleeps, so that tests do not wait.
type testClock struct {
	mu     sync.Mutex
	offset time.Duration
	pauses []time.Duration
}

func (c *testClock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return time.Now().Add(c.offset)
}

func (c *testClock) Sleep(ctx context.Context, d time.Duration) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.offset += d
	if c.pauses = append(c.pauses, d); len(c.pauses) > 100_000 {
		panic("a call that is retried without end")
	}
	return nil
}

func (c *testClock) slept() []time.Duration {
	c.mu.Lock()
	defer c.mu.Unlock()
	return append([]time.Duration(nil), c.pauses...)
}

// countingCredential is a credential that counts how often it was used.
type countingCredential struct {
	credentials.Credential
	asked atomic.Int32
}

func (c *countingCredential) GetCredential() (*credentials.CredentialModel, error) {
	c.asked.Add(1)
	return c.Credential.GetCredential()
}

func staticCredential(t testing.TB, id, secret, token string) *countingCredential {
	t.Helper()
	credential, err := NewCredential(CredentialConfig{AccessKey: id, SecretKey: secret, SecurityToken: token})
	if err != nil {
		t.Fatal(err)
	}
	return &countingCredential{Credential: credential}
}

// fixture is a fake ESA with a site and a record, and a client for it.
type fixture struct {
	*fakeesa.Server
	client     *Client
	clock      *testClock
	credential *countingCredential
	site       fakeesa.Site
	record     fakeesa.Record
	other      fakeesa.Record // for tests that need a second record
}

func newFixture(t testing.TB, options fakeesa.Options, change ...func(*Config)) *fixture {
	t.Helper()
	f := &fixture{clock: new(testClock)}
	options.Now = f.clock.Now
	var err error
	if f.Server, err = fakeesa.Start(options); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(f.Close)
	f.site = f.AddSite("example.com")
	f.record = f.AddRecord(f.site.ID, "origin.example.com")
	f.credential = staticCredential(t, f.Options().AccessKeyID, f.Options().AccessKeySecret, f.Options().SecurityToken)
	config := Config{
		Endpoint: f.URL(), Credential: f.credential, UserAgent: "test", MaxRetries: DefaultMaxRetries, Clock: f.clock,
	}
	for _, c := range change {
		c(&config)
	}
	if f.client, err = New(config); err != nil {
		t.Fatal(err)
	}
	return f
}

func (f *fixture) createInput() CreateCustomHostnameInput {
	return CreateCustomHostnameInput{SiteID: f.site.ID, Hostname: shop, RecordID: f.record.ID, SSLFlag: SSLOff}
}

func (f *fixture) create(t *testing.T) int64 {
	t.Helper()
	id, err := f.client.CreateCustomHostname(t.Context(), f.createInput())
	if err != nil {
		t.Fatal(err)
	}
	return id
}

func containsAny(text string, parts ...string) bool {
	for _, part := range parts {
		if strings.Contains(text, part) {
			return true
		}
	}
	return false
}

func text(s string) *string { return &s }

func TestActionsSendWhatTheSheetSays(t *testing.T) {
	f := newFixture(t, fakeesa.Options{})
	id := f.create(t)
	f.ResetRequests()

	ctx := t.Context()
	key := func(n int64) string { return fmt.Sprint(n) }
	tests := []struct {
		action string
		call   func() error
		method string
		want   map[string]string
	}{
		{
			"GetCustomHostname", func() error { _, err := f.client.GetCustomHostname(ctx, id); return err }, "POST",
			map[string]string{"HostnameId": key(id)},
		},
		{"ListCustomHostnames", func() error {
			_, err := f.client.ListCustomHostnames(ctx, ListCustomHostnamesInput{SiteID: f.site.ID, RecordID: f.record.ID, Hostname: "shop", NameMatchType: NameMatchPrefix, Status: StatusPending, PageNumber: 2, PageSize: 50})
			return err
		}, "POST", map[string]string{"SiteId": key(f.site.ID), "RecordId": key(f.record.ID), "Hostname": "shop", "NameMatchType": "prefix", "Status": "pending", "PageNumber": "2", "PageSize": "50"}},
		{"UpdateCustomHostname", func() error {
			return f.client.UpdateCustomHostname(ctx, UpdateCustomHostnameInput{HostnameID: id, RecordID: f.record.ID})
		}, "POST", map[string]string{"HostnameId": key(id), "RecordId": key(f.record.ID)}},
		{"UpdateCustomHostname", func() error {
			return f.client.UpdateCustomHostname(ctx, UpdateCustomHostnameInput{HostnameID: id, SSLFlag: SSLOn, Certificate: &Certificate{Type: CertTypeCAS, CasID: 30000478, CasRegion: "cn-hangzhou"}})
		}, "POST", map[string]string{"HostnameId": key(id), "SslFlag": "on", "CertType": "cas", "CasId": "30000478", "CasRegion": "cn-hangzhou"}},
		{
			"VerifyCustomHostname", func() error { _, err := f.client.VerifyCustomHostname(ctx, id); return err }, "POST",
			map[string]string{"HostnameId": key(id)},
		},
		{"ListSites", func() error {
			_, err := f.client.ListSites(ctx, ListSitesInput{SiteName: "example.com", SiteSearchType: "exact", PageNumber: 1, PageSize: 500})
			return err
		}, "GET", map[string]string{"SiteName": "example.com", "SiteSearchType": "exact", "PageNumber": "1", "PageSize": "500"}},
		{
			"GetSite", func() error { _, err := f.client.GetSite(ctx, f.site.ID); return err }, "GET",
			map[string]string{"SiteId": key(f.site.ID)},
		},
		{"ListRecords", func() error {
			_, err := f.client.ListRecords(ctx, ListRecordsInput{SiteID: f.site.ID, RecordName: "origin", RecordMatchType: "prefix", Type: "CNAME", PageNumber: 1, PageSize: 10})
			return err
		}, "GET", map[string]string{"SiteId": key(f.site.ID), "RecordName": "origin", "RecordMatchType": "prefix", "Type": "CNAME", "PageNumber": "1", "PageSize": "10"}},
		{
			"GetRecord", func() error { _, err := f.client.GetRecord(ctx, f.record.ID); return err }, "GET",
			map[string]string{"RecordId": key(f.record.ID)},
		},
		{
			"DeleteCustomHostname", func() error { return f.client.DeleteCustomHostname(ctx, id) }, "POST",
			map[string]string{"HostnameId": key(id)},
		},
	}
	for _, test := range tests {
		t.Run(test.action, func(t *testing.T) {
			f.ResetRequests()
			if err := test.call(); err != nil {
				t.Fatal(err)
			}
			requests := f.Requests()
			if len(requests) != 1 {
				t.Fatalf("got %d requests, want 1", len(requests))
			}
			request := requests[0]
			if request.Action != test.action || request.Method != test.method {
				t.Errorf("got request %s %s, want %s %s", request.Method, request.Action, test.method, test.action)
			}
			for name := range request.Params {
				delete(request.Query, name)
			}
			common := []string{"AccessKeyId", "Action", "Format", "Signature", "SignatureMethod", "SignatureNonce", "SignatureVersion", "Timestamp", "Version"}
			if names := slices.Sorted(maps.Keys(request.Query)); !slices.Equal(names, common) {
				t.Errorf("got the common parameters %q, want %q", names, common)
			}
			request = f.Requests()[0]
			contentType := ""
			if test.method == http.MethodPost {
				contentType = "application/x-www-form-urlencoded"
			}
			for name, want := range map[string]string{
				"User-Agent": "test", "Accept": "application/json", "X-Acs-Action": test.action, "X-Acs-Version": "2024-09-10", "Content-Type": contentType,
			} {
				if got := request.Header.Get(name); got != want {
					t.Errorf("got the header %s %q, want %q", name, got, want)
				}
			}
			got := map[string]string{}
			for name := range request.Params {
				got[name] = request.Params.Get(name)
				place, other := request.Form, request.Query
				if test.method == http.MethodGet {
					place, other = other, place
				}
				if !place.Has(name) || other.Has(name) {
					t.Errorf("parameter %s is in the wrong place", name)
				}
			}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("parameters (-want +got):\n%s", diff)
			}
		})
	}
}

// TestParameterPlace checks all actions for each place in which ESA may read parameters. No error contains a key.
func TestParameterPlace(t *testing.T) {
	for _, place := range []fakeesa.ParameterPlace{fakeesa.ParametersAnywhere, fakeesa.ParametersInQuery, fakeesa.ParametersInForm} {
		f := newFixture(t, fakeesa.Options{ParameterPlace: place})
		pair := certtest.Issue(t, certtest.Spec{DNSNames: []string{shop}})
		in := f.createInput()
		in.SSLFlag, in.Certificate = SSLOn, &Certificate{Type: CertTypeUpload, Certificate: pair.CertificatePEM, PrivateKey: Secret(pair.PrivateKeyPEM)}
		id, err := f.client.CreateCustomHostname(t.Context(), in)
		if err != nil {
			t.Fatalf("%v: create: %v", place, err)
		}
		if _, err := f.client.GetCustomHostname(t.Context(), id); err != nil {
			t.Errorf("%v: get: %v", place, err)
		}
		if _, err := f.client.FindCustomHostnames(t.Context(), f.site.ID, shop); err != nil {
			t.Errorf("%v: list: %v", place, err)
		}
		wanted := 3
		if place == fakeesa.ParametersInQuery {
			wanted++
		}
		for _, r := range f.Requests() {
			if inQuery := r.Query.Has("PrivateKey"); inQuery && place != fakeesa.ParametersInQuery {
				t.Errorf("%v: the private key is in the URL", place)
			}
		}
		if n := len(f.Requests()); n != wanted {
			t.Errorf("%v: got %d calls, want %d", place, n, wanted)
		}
		update := UpdateCustomHostnameInput{HostnameID: id, SSLFlag: SSLOn, Certificate: in.Certificate}
		f.client.maxRetries = 0
		f.Inject(fakeesa.Fault{Action: "UpdateCustomHostname", Drop: true})
		f.Inject(fakeesa.Fault{Action: "UpdateCustomHostname", Code: "SignatureDoesNotMatch", Signed: true})
		for range 2 {
			err := f.client.UpdateCustomHostname(t.Context(), update)
			if line := strings.Split(pair.PrivateKeyPEM, "\n")[1]; err == nil || containsAny(err.Error(), line, url.QueryEscape(line), f.Options().AccessKeyID) {
				t.Errorf("%v: got error %v, want one without keys", place, err)
			}
		}
		if err := f.client.UpdateCustomHostname(t.Context(), update); err != nil {
			t.Errorf("%v: update: %v", place, err)
		}
		if err := f.client.DeleteCustomHostname(t.Context(), id); err != nil {
			t.Errorf("%v: delete: %v", place, err)
		}
	}
}

// TestParameterPlaceIsLearnedTogether checks that all of the first calls succeed, although they learn at the same time where
// ESA reads parameters.
func TestParameterPlaceIsLearnedTogether(t *testing.T) {
	warned := atomic.Int32{}
	f := newFixture(t, fakeesa.Options{ParameterPlace: fakeesa.ParametersInQuery, Latency: 20 * time.Millisecond}, func(c *Config) {
		c.MaxRetries = 0
		c.Log = func(_ context.Context, event Event) {
			if event.Warning != "" {
				warned.Add(1)
			}
		}
	})
	h := f.AddHostname(fakeesa.Hostname{SiteID: f.site.ID, RecordID: f.record.ID, Hostname: shop})
	atOnce(10, func(int) {
		if _, err := f.client.GetCustomHostname(t.Context(), h.ID); err != nil {
			t.Error(err)
		}
	})
	if warned.Load() != 1 {
		t.Errorf("got %d warnings, want 1", warned.Load())
	}
	for _, code := range []ErrorCode{"HostnameId", "MissingSiteId"} {
		f.Inject(fakeesa.Fault{Code: string(code)})
		f.client.wire.inQuery.Store(false)
		if _, err := f.client.GetCustomHostname(t.Context(), h.ID); !IsCode(err, code) || f.client.wire.inQuery.Load() {
			t.Errorf("got error %v, want %s, which says nothing about the place", err, code)
		}
	}
	f.client.wire.inQuery.Store(true)
	f.Inject(fakeesa.Fault{Code: "MissingHostnameId"})
	if _, err := f.client.GetCustomHostname(t.Context(), h.ID); !IsCode(err, "MissingHostnameId") {
		t.Errorf("got error %v, want MissingHostnameId", err)
	}
}

func TestApplyIsSent(t *testing.T) {
	f := newFixture(t, fakeesa.Options{})
	hostname := f.AddHostname(fakeesa.Hostname{SiteID: f.site.ID, RecordID: f.record.ID, Hostname: "a.customer.com", SSLFlag: SSLOn, CertType: CertTypeFree, Status: StatusActive, CertStatus: "ApplyFailed"})
	if err := f.client.ApplyCustomHostnameCertificate(t.Context(), hostname.ID); err != nil {
		t.Fatal(err)
	}
	if n := f.Count("ApplyCustomHostnameCertificate"); n != 1 {
		t.Errorf("got %d calls, want 1", n)
	}
}

func TestIDsAreExact(t *testing.T) {
	f := newFixture(t, fakeesa.Options{LargeIDs: true})
	id := f.create(t)
	if id < 1<<53 {
		t.Fatalf("got id %d, want one that a float64 cannot hold", id)
	}
	got, err := f.client.GetCustomHostname(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	if got.HostnameID != id || got.SiteID != f.site.ID || got.RecordID != f.record.ID {
		t.Errorf("got hostname %d, site %d, record %d; want %d, %d, %d", got.HostnameID, got.SiteID, got.RecordID, id, f.site.ID, f.record.ID)
	}
}

func TestVerifyUnderstandsBothShapesOfUnpassed(t *testing.T) {
	for _, shape := range []fakeesa.Options{{VerifyUnpassed: fakeesa.VerifyUnpassedCode}, {VerifyUnpassed: fakeesa.VerifyUnpassedFlag}} {
		f := newFixture(t, shape)
		id := f.create(t)
		if passed, err := f.client.VerifyCustomHostname(t.Context(), id); passed || err != nil {
			t.Errorf("before the TXT record: got passed %v, error %v; want false", passed, err)
		}
		hostname, _ := f.Hostname(id)
		f.PublishTXT(hostname.VerifyHost, hostname.VerifyCode)
		if passed, err := f.client.VerifyCustomHostname(t.Context(), id); !passed || err != nil {
			t.Errorf("after the TXT record: got passed %v, error %v; want true", passed, err)
		}
	}
}

func TestConcurrentCallsShareConnections(t *testing.T) {
	const workers, rounds = 32, 20
	f := newFixture(t, fakeesa.Options{})
	id := f.create(t)
	// The server responds once all calls of a round have arrived, so each call needs a connection of its own.
	var connections, arrived atomic.Int64
	var answer [rounds]chan struct{}
	for i := range answer {
		answer[i] = make(chan struct{})
	}
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		n := arrived.Add(1) - 1
		if n%workers == workers-1 {
			close(answer[n/workers])
		}
		select {
		case <-answer[n/workers]:
		case <-r.Context().Done():
		}
		f.ServeHTTP(w, r)
	}))
	server.Config.ConnState = func(_ net.Conn, state http.ConnState) {
		if state == http.StateNew {
			connections.Add(1)
		}
	}
	server.Start()
	t.Cleanup(server.Close)
	client, err := New(Config{Endpoint: server.URL, Credential: f.credential, Clock: f.clock})
	if err != nil {
		t.Fatal(err)
	}
	for range rounds {
		var group sync.WaitGroup
		for range workers {
			group.Go(func() {
				if _, err := client.GetCustomHostname(t.Context(), id); err != nil {
					t.Error(err)
				}
			})
		}
		group.Wait()
	}
	if n := connections.Load(); n != workers {
		t.Errorf("got %d connections for %d calls, want %d", n, rounds*workers, workers)
	}
}

func TestEveryAttemptIsSignedAnew(t *testing.T) {
	f := newFixture(t, fakeesa.Options{SecurityToken: "a-session-token"})
	id := f.create(t)
	f.ResetRequests()
	f.credential.asked.Store(0)
	f.Inject(fakeesa.Fault{Action: "GetCustomHostname", Times: 2, Status: 502, RawBody: text("")})
	if _, err := f.client.GetCustomHostname(t.Context(), id); err != nil {
		t.Fatal(err)
	}
	requests := f.Requests()
	if len(requests) != 3 {
		t.Fatalf("got %d requests, want 3", len(requests))
	}
	nonces := map[string]bool{}
	for _, request := range requests {
		nonces[request.Query.Get("SignatureNonce")] = true
		if !request.Query.Has("SecurityToken") {
			t.Error("an attempt was sent without the security token")
		}
	}
	if len(nonces) != 3 {
		t.Errorf("got %d nonces for 3 attempts, want 3", len(nonces))
	}
	if asked := f.credential.asked.Load(); asked != 3 {
		t.Errorf("the credential was used %d times for 3 attempts, want 3", asked)
	}
}

func TestRetriesEndAtMaxRetries(t *testing.T) {
	f := newFixture(t, fakeesa.Options{}, func(c *Config) { c.MaxRetries = 3 })
	f.Inject(fakeesa.Fault{Times: -1, Code: "Throttling.User", Status: 400, Message: "Request was denied due to user flow control.", RetryAfter: 1500 * time.Millisecond})
	_, err := f.client.GetCustomHostname(t.Context(), 1)
	if !IsCode(err, CodeThrottlingUser) {
		t.Fatalf("got error %v, want Throttling.User", err)
	}
	if n := f.Count("GetCustomHostname"); n != 4 {
		t.Errorf("got %d attempts, want 4", n)
	}
	for _, pause := range f.clock.slept() {
		if pause < 1500*time.Millisecond || pause > 1500*time.Millisecond+backoffBase {
			t.Errorf("got a pause of %v, want that of x-acs-retry-after, 1.5s", pause)
		}
	}
}

func TestFinalErrorsAreNotRetried(t *testing.T) {
	for _, code := range []ErrorCode{CodeNoPermission, CodeInvalidParameter, CodeSignatureDoesNotMatch, CodeAccessKeyNotFound, CodeSetCertFailed, "Something.New"} {
		t.Run(string(code), func(t *testing.T) {
			f := newFixture(t, fakeesa.Options{})
			f.Inject(fakeesa.Fault{Times: -1, Code: string(code), Status: 404, Message: "no"})
			_, err := f.client.GetCustomHostname(t.Context(), 1)
			if !IsCode(err, code) || IsNotFound(err) {
				t.Errorf("got error %v, want %s", err, code)
			}
			if n := f.Count("GetCustomHostname"); n != 1 {
				t.Errorf("got %d attempts, want 1", n)
			}
		})
	}
}

// TestOneCodeMeansGone checks that only one of the codes about something that does not exist means that a hostname is gone.
func TestOneCodeMeansGone(t *testing.T) {
	for _, code := range []ErrorCode{CodeCustomHostnameNotFound, CodeRecordNotFound, CodeSiteNotFound, CodeAccessKeyNotFound, CodeAPINotFound, CodeSetCertFailed, CodeApplyCertFailed} {
		f := newFixture(t, fakeesa.Options{})
		f.Inject(fakeesa.Fault{Code: string(code), Status: http.StatusNotFound})
		if _, err := f.client.GetCustomHostname(t.Context(), 1); IsNotFound(err) != (code == CodeCustomHostnameNotFound) {
			t.Errorf("%s: got not found %t for %v, want %t", code, IsNotFound(err), err, !IsNotFound(err))
		}
	}
}

func TestSuccessStatusWithACodeIsAnError(t *testing.T) {
	f := newFixture(t, fakeesa.Options{})
	f.Inject(fakeesa.Fault{Code: "Something.Wrong", Status: 200, Message: "no"})
	_, err := f.client.GetCustomHostname(t.Context(), 1)
	var e *Error
	if !errors.As(err, &e) || e.Code != "Something.Wrong" || e.Status != 200 || e.RequestID == "" || e.Action != "GetCustomHostname" {
		t.Errorf("got %#v, want an Error with the code Something.Wrong", err)
	}
}

// TestCodesOfSuccess checks which codes of a success are none.
func TestCodesOfSuccess(t *testing.T) {
	for code, want := range map[string]ErrorCode{
		"": "", "200": "", "0": "", "ok": "", "OK": "", "success": "", "Success": "", "201": "201", "Succeeded": "Succeeded",
	} {
		if got := (envelope{Code: code}).code(); got != want {
			t.Errorf("%q: got %q, want %q", code, got, want)
		}
	}
}

func TestNoBodyWhateverPanics(t *testing.T) {
	object := func(model string) string { return `{"RequestId":"R","CustomHostnameModel":` + model + `}` }
	bodies := map[string]string{
		"empty":                 "",
		"a space":               " ",
		"an array":              "[]",
		"null":                  "null",
		"a number":              "1",
		"text":                  `"x"`,
		"HTML":                  "<html><body>502 Bad Gateway</body></html>",
		"cut JSON":              `{"RequestId":"R","Custom`,
		"an empty object":       "{}",
		"no object in it":       `{"RequestId":"R"}`,
		"null for the object":   object("null"),
		"an array for it":       object("[]"),
		"an id that is text":    object(`{"HostnameId":"x"}`),
		"an id with a fraction": object(`{"HostnameId":1.5}`),
		"an id that is too big": object(`{"HostnameId":9223372036854775808}`),
		"no id":                 object(`{}`),
		"another id":            object(`{"HostnameId":2}`),
		"a message of objects":  `{"RequestId":"R","Message":{"a":1}}`,
		"deep nesting":          strings.Repeat(`{"a":`, 20000) + "1" + strings.Repeat("}", 20000),
		"ten megabytes":         `{"RequestId":"R","CustomHostnameModel":{"HostnameId":1},"x":"` + strings.Repeat("x", 10<<20) + `"}`,
	}
	for name, body := range bodies {
		for _, status := range []int{200, 502} {
			t.Run(fmt.Sprintf("%s with status %d", name, status), func(t *testing.T) {
				f := newFixture(t, fakeesa.Options{}, func(c *Config) { c.MaxRetries = 1 })
				f.Inject(fakeesa.Fault{Times: -1, Status: status, RawBody: text(body)})
				_, err := f.client.GetCustomHostname(t.Context(), 1)
				var e *Error
				if !errors.As(err, &e) || !errors.Is(err, errMalformed) {
					t.Fatalf("got error %v, want errMalformed", err)
				}
				if n := f.Count("GetCustomHostname"); n != 2 {
					t.Errorf("got %d attempts, want 2", n)
				}
				if len(err.Error()) > 500 {
					t.Errorf("got a message of %d bytes, want at most 500", len(err.Error()))
				}
			})
		}
	}
}

// TestAFailureStatusIsNoSuccess checks that a body that looks like a success is malformed if the status is a failure. It
// comes from a proxy, or is part of two responses.
func TestAFailureStatusIsNoSuccess(t *testing.T) {
	for _, status := range []int{201, 302, 404, 502} {
		f := newFixture(t, fakeesa.Options{}, func(c *Config) { c.MaxRetries = 0 })
		f.Inject(fakeesa.Fault{Status: status, RawBody: text(`{"RequestId":"R","CustomHostnameModel":{"HostnameId":1}}`)})
		_, err := f.client.GetCustomHostname(t.Context(), 1)
		if failed := errors.Is(err, errMalformed); failed != (status >= 300) || err != nil && IsNotFound(err) {
			t.Errorf("status %d: got error %v, want malformed %t", status, err, status >= 300)
		}
	}
}

func TestUnknownFieldsAndValuesAreTolerated(t *testing.T) {
	f := newFixture(t, fakeesa.Options{})
	f.Inject(fakeesa.Fault{Status: 200, RawBody: text(`{"requestId":"R","New":1,"CustomHostnameModel":{"HostnameId":1,"Status":"brand-new","Newer":{"a":[1]},"CertApplyCode":null}}`)})
	got, err := f.client.GetCustomHostname(t.Context(), 1)
	if err != nil || got.Status != "brand-new" {
		t.Errorf("got %v, error %v; want the status brand-new", got, err)
	}
}

func TestTransportErrorsNameHostAndActionOnly(t *testing.T) {
	closed := httptest.NewServer(nil)
	closed.Close()
	untrusted := httptest.NewTLSServer(http.NotFoundHandler())
	t.Cleanup(untrusted.Close)
	redirect := httptest.NewServer(http.RedirectHandler("https://elsewhere.example/?x=1", http.StatusFound))
	t.Cleanup(redirect.Close)
	for name, test := range map[string]struct {
		endpoint string
		attempts int
	}{
		"nobody listens":            {closed.URL, 3},
		"untrusted TLS certificate": {untrusted.URL, 1},
		"redirect":                  {redirect.URL, 1},
	} {
		t.Run(name, func(t *testing.T) {
			client, err := New(Config{Endpoint: test.endpoint, Credential: staticCredential(t, "LTAIexample", "s3cret", "t0ken"), MaxRetries: 2, Clock: new(testClock)})
			if err != nil {
				t.Fatal(err)
			}
			_, err = client.GetCustomHostname(t.Context(), 1)
			var e *Error
			if !errors.As(err, &e) {
				t.Fatalf("got error %v, want an Error", err)
			}
			if e.Attempts != test.attempts {
				t.Errorf("got %d attempts, want %d", e.Attempts, test.attempts)
			}
			host := strings.TrimPrefix(strings.TrimPrefix(test.endpoint, "http://"), "https://")
			if !strings.Contains(err.Error(), "GetCustomHostname at "+host) {
				t.Errorf("the error does not name host and action: %v", err)
			}
			if containsAny(err.Error(), "LTAIexample", "s3cret", "t0ken", "Signature", "elsewhere", "?") {
				t.Errorf("the error shows secrets or the URL: %v", err)
			}
		})
	}
}

func TestContextEndsACallAtOnce(t *testing.T) {
	t.Run("before it is sent", func(t *testing.T) {
		f := newFixture(t, fakeesa.Options{})
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		_, err := f.client.GetSite(ctx, f.site.ID)
		wantText(t, err, "GetSite at "+strings.TrimPrefix(f.URL(), "http://")+": the request was not sent; gave up after 1 attempt: context canceled")
		if n := f.credential.asked.Load(); n != 0 || len(f.Requests()) != 0 {
			t.Errorf("the credential was used %d times for %d requests, want none", n, len(f.Requests()))
		}
	})
	t.Run("while waiting for the response", func(t *testing.T) {
		reached := make(chan struct{})
		server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
			// The server notices that the client is gone only after it has read the request.
			_, _ = io.Copy(io.Discard, r.Body)
			close(reached)
			<-r.Context().Done()
		}))
		t.Cleanup(server.Close)
		client, err := New(Config{Endpoint: server.URL, Credential: staticCredential(t, "a", "b", ""), MaxRetries: 5, Clock: new(testClock)})
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithCancel(t.Context())
		go func() { <-reached; cancel() }()
		if _, err := client.GetCustomHostname(ctx, 1); !errors.Is(err, context.Canceled) {
			t.Errorf("got error %v, want context.Canceled", err)
		}
	})
	t.Run("while pausing", func(t *testing.T) {
		f := newFixture(t, fakeesa.Options{}, func(c *Config) { c.Clock = SystemClock{} })
		f.Inject(fakeesa.Fault{Times: -1, Code: "Throttling.User", Status: 400, RetryAfter: time.Minute})
		ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
		defer cancel()
		_, err := f.client.GetCustomHostname(ctx, 1)
		if !errors.Is(err, context.DeadlineExceeded) || !IsCode(err, CodeThrottlingUser) {
			t.Errorf("got error %v, want both Throttling.User and context.DeadlineExceeded", err)
		}
	})
}

func TestRequestsPerSecondIsAnUpperBound(t *testing.T) {
	for perSecond, want := range map[float64]time.Duration{2: 2 * time.Second, 0.5: 10 * time.Second} {
		f := newFixture(t, fakeesa.Options{}, func(c *Config) { c.RequestsPerSecond = perSecond })
		began := f.clock.Now()
		id := f.create(t)
		for range 5 {
			if _, err := f.client.GetCustomHostname(t.Context(), id); err != nil {
				t.Fatal(err)
			}
		}
		var total time.Duration
		for _, pause := range f.clock.slept() {
			total += pause
		}
		if took := f.clock.Now().Sub(began); took < want || total > want*5/4 {
			t.Errorf("got %v with pauses of %v for 6 calls at %v per second, want %v to %v", took, total, perSecond, want, want*5/4)
		}
	}
}

func TestLogHasNoSecrets(t *testing.T) {
	var mu sync.Mutex
	var events []Event
	f := newFixture(t, fakeesa.Options{}, func(c *Config) {
		c.Log = func(_ context.Context, event Event) { mu.Lock(); defer mu.Unlock(); events = append(events, event) }
	})
	f.Inject(fakeesa.Fault{Action: "CreateCustomHostname", Code: "Record.ServiceBusy", Status: 400, Message: "busy"})
	in := f.createInput()
	in.SSLFlag, in.Certificate = SSLOn, &Certificate{Type: CertTypeUpload, Certificate: "PEM", PrivateKey: "TOPSECRET"}
	_, _ = f.client.CreateCustomHostname(t.Context(), in)
	if len(events) < 2 {
		t.Fatalf("got %d events, want at least 2", len(events))
	}
	if shown := fmt.Sprintf("%+v", events); containsAny(shown, "TOPSECRET", f.Options().AccessKeySecret, "Signature") {
		t.Errorf("the log contains a secret: %s", shown)
	}
}

func TestNewRefusesWhatCannotWork(t *testing.T) {
	credential := staticCredential(t, "a", "b", "")
	const endpoint = "https://esa.cn-hangzhou.aliyuncs.com"
	for _, test := range []struct {
		config Config
		want   string
	}{
		{Config{Credential: credential}, "esa: no endpoint"},
		{Config{Endpoint: endpoint}, "esa: no credential"},
		{Config{Endpoint: "esa.cn-hangzhou.aliyuncs.com", Credential: credential}, "esa: the endpoint is not scheme://host[:port]"},
		{Config{Endpoint: "https://\x7f", Credential: credential}, "esa: the endpoint is not scheme://host[:port]"},
		{Config{Endpoint: endpoint, Credential: credential, MaxRetries: -1}, "esa: MaxRetries is -1; it must not be negative"},
	} {
		client, err := New(test.config)
		wantText(t, err, test.want)
		if client != nil {
			t.Errorf("got the client %v with an error", client)
		}
	}
}

// wantText checks the whole text of an error.
func wantText(t *testing.T, err error, want string) {
	t.Helper()
	if err == nil || err.Error() != want {
		t.Errorf("got error:  %v\nwant error: %s", err, want)
	}
}

// TestSystemClock checks that a pause lasts as long as requested, and that even one of no length fails once the context has
// ended.
func TestSystemClock(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		clock, began := SystemClock{}, time.Now()
		if err := clock.Sleep(t.Context(), time.Minute); err != nil || clock.Now().Sub(began) != time.Minute {
			t.Errorf("got error %v after %v, want none after 1m", err, clock.Now().Sub(began))
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if err := clock.Sleep(ctx, time.Minute); !errors.Is(err, context.DeadlineExceeded) || time.Since(began) != 61*time.Second {
			t.Errorf("got error %v after %v, want context.DeadlineExceeded after 1m1s", err, time.Since(began))
		}
		for range 100 {
			if err := clock.Sleep(ctx, 0); !errors.Is(err, context.DeadlineExceeded) {
				t.Fatalf("got error %v from a pause of no length, want context.DeadlineExceeded", err)
			}
		}
	})
}

// TestTimeLimits checks how long an attempt may take in total, and the defaults of the limits.
func TestTimeLimits(t *testing.T) {
	for _, test := range []struct{ connect, read, want time.Duration }{
		{0, 0, 2 * time.Minute},
		{-1, -1, 2 * time.Minute},
		{time.Second, 0, 61 * time.Second},
		{0, 2 * time.Second, 62 * time.Second},
		{time.Second, 2 * time.Second, 3 * time.Second},
	} {
		synctest.Test(t, func(t *testing.T) {
			f := newVirtual(t, fakeesa.Options{Latency: time.Hour}, func(c *Config) {
				c.ConnectTimeout, c.ReadTimeout, c.MaxRetries = test.connect, test.read, 0
			})
			began := time.Now()
			_, err := f.client.GetSite(t.Context(), f.site.ID)
			wantText(t, err, "GetSite at 127.0.0.1:1: context deadline exceeded")
			if took := time.Since(began); took != test.want {
				t.Errorf("limits of %v and %v: got %v, want %v", test.connect, test.read, took, test.want)
			}
		})
	}
}

// TestConnectTimeout checks that ConnectTimeout limits connecting, without TLS too. TestSilentServer checks the handshake.
func TestConnectTimeout(t *testing.T) {
	f := newFixture(t, fakeesa.Options{}, func(c *Config) { c.MaxRetries, c.ConnectTimeout = 0, time.Nanosecond })
	_, err := f.client.GetSite(t.Context(), f.site.ID)
	host := strings.TrimPrefix(f.URL(), "http://")
	wantText(t, err, "GetSite at "+host+": dial tcp "+host+": i/o timeout")
}

func TestDecodeKeepsNoPrivateKey(t *testing.T) {
	f := newFixture(t, fakeesa.Options{})
	id := f.create(t)
	f.Inject(fakeesa.Fault{Status: 200, RawBody: text(fmt.Sprintf(`{"RequestId":"R","CustomHostnameModel":{"HostnameId":%d,"PrivateKey":"TOPSECRET","Certificate":"PEM"}}`, id))})
	got, err := f.client.GetCustomHostname(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	if shown := fmt.Sprintf("%+v", got); strings.Contains(shown, "TOPSECRET") || !strings.Contains(shown, "PEM") {
		t.Errorf("got %s, want the certificate without the key", shown)
	}
}

func BenchmarkGet(b *testing.B) {
	f, known := refreshed(b, 1)
	for b.Loop() {
		if _, err := f.client.GetCustomHostname(b.Context(), known[0].HostnameID); err != nil {
			b.Fatal(err)
		}
	}
}
