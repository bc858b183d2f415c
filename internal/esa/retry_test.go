package esa

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/http"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"terraform-provider-esa/internal/fakeesa"
)

func TestClassify(t *testing.T) {
	dial := &net.OpError{Op: "dial", Err: syscall.ECONNREFUSED}
	plain := tls.RecordHeaderError{Msg: "first record does not look like a TLS handshake"}
	read := &net.OpError{Op: "read", Err: syscall.ECONNRESET}
	tests := []struct {
		name string
		err  error
		want outcome
	}{
		{"the account is throttled", &Error{Code: "Throttling.User", Status: 400}, refused},
		{"the action is throttled", &Error{Code: "Throttling.Api", Status: 400}, refused},
		{"a kind of throttling that nobody documented", &Error{Code: "Throttling.Tomorrow", Status: 400}, refused},
		{"a code that only begins like throttling", &Error{Code: "ThrottlingDisabled", Status: 400}, final},
		{"ESA's own throttling with status 400", &Error{Code: CodeTooManyRequests, Status: 400}, refused},
		{"ESA's own throttling with status 429", &Error{Code: CodeTooManyRequests, Status: 429}, refused},
		{"the record is busy", &Error{Code: CodeRecordServiceBusy, Status: 400}, refused},
		{"the site is busy", &Error{Code: CodeSiteServiceBusy, Status: 400}, refused},
		{"the lock is taken", &Error{Code: CodeLockFailed, Status: 400}, refused},
		{"ESA failed inside", &Error{Code: CodeInternalException, Status: 400}, unclear},
		{"the gateway failed inside", &Error{Code: "InternalError", Status: 500}, unclear},
		{"the service is unavailable", &Error{Code: CodeServiceUnavailable, Status: 503}, unclear},
		{"the attempt arrived twice", &Error{Code: CodeSignatureNonceUsed, Status: 400}, unclear},
		{"a load balancer's 502", &Error{Status: 502, Err: malformed("x")}, unclear},
		{"a proxy's 429", &Error{Status: 429, Err: malformed("x")}, refused},
		{"a proxy's 403", &Error{Status: 403, Err: malformed("x")}, final},
		{"a redirect", &Error{Status: 302, Err: malformed("x")}, final},
		{"a success that cannot be read", &Error{Status: 200, Err: malformed("x")}, unclear},
		{"a success status with an error code", &Error{Code: CodeCustomHostnameUnpassed, Status: 200}, final},
		{"throttling as the official provider knows it", &Error{Code: "Rejected.Throttling", Status: 400}, refused},
		{"a code that nobody documented with status 429", &Error{Code: "Some.New", Status: 429}, refused},
		{"the record is reserved", &Error{Code: "Record.Reserved", Status: 400}, refused},
		{"nobody listens", &Error{Err: dial, Unsent: true}, refused},
		{"a proxy that is down", &Error{Err: &net.OpError{Op: "proxyconnect", Err: dial}, Unsent: true}, refused},
		{"a proxy that asks for a password", &Error{Err: &proxyError{407}, Unsent: true}, final},
		{"a proxy that does not get through", &Error{Err: &proxyError{502}, Unsent: true}, refused},
		{"a proxy that fails", &Error{Err: &proxyError{500}, Unsent: true}, refused},
		{"a proxy that refuses for an unknown reason", &Error{Err: &proxyError{499}, Unsent: true}, final},
		{"an unknown code with status 500", &Error{Code: "Some.New", Status: 500}, unclear},
		{"an unknown code with status 499", &Error{Code: "Some.New", Status: 499}, final},
		{"a load balancer's 500", &Error{Status: 500, Err: malformed("x")}, unclear},
		{"a load balancer's 499", &Error{Status: 499, Err: malformed("x")}, final},
		{"a load balancer's 408", &Error{Status: 408, Err: malformed("x")}, unclear},
		{"a load balancer's 300", &Error{Status: 300, Err: malformed("x")}, final},
		{"a success that is cut", &Error{Status: 299, Err: malformed("x")}, unclear},
		{"the temporary code of a service that is unavailable", &Error{Code: CodeServiceUnavailableShort, Status: 400}, unclear},
		{"the code of a service that is unavailable", &Error{Code: CodeServiceUnavailable, Status: 400}, unclear},
		{"the plain throttling code", &Error{Code: CodeThrottling, Status: 400}, refused},
		{"an authority that is not known", &Error{Err: x509.UnknownAuthorityError{}, Unsent: true}, final},
		{"HTTP where TLS is expected", &Error{Err: http.ErrSchemeMismatch, Unsent: true}, final},
		{"no credentials just now", &Error{Err: fmt.Errorf("%w: %w", ErrNotSent, sourceError{errors.New("x"), true})}, refused},
		{"no credentials", &Error{Err: fmt.Errorf("%w: %w", ErrNotSent, sourceError{errors.New("x"), false})}, final},
		{"TLS where there is none", &Error{Err: plain, Unsent: true}, final},
		{"no connection in time", &Error{Err: context.DeadlineExceeded, Unsent: true}, refused},
		{"the connection broke", &Error{Err: read}, unclear},
		{"no answer in time", &Error{Err: context.DeadlineExceeded}, unclear},
		{"the server's certificate is not trusted", &Error{Err: &tls.CertificateVerificationError{Err: errors.New("x")}}, final},
		{"nothing was sent", &Error{Err: fmt.Errorf("%w: x", ErrNotSent)}, final},
		{"the hostname is gone", &Error{Code: CodeCustomHostnameNotFound, Status: 404}, final},
		{"the certificate was refused with status 404", &Error{Code: CodeSetCertFailed, Status: 404}, final},
		{"no permission", &Error{Code: CodeNoPermission, Status: 403}, final},
		{"a wrong parameter", &Error{Code: CodeInvalidParameter, Status: 400}, final},
		{"not an error of the client", errors.New("x"), final},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			if got := classify(test.err); got != test.want {
				t.Errorf("classify(%v) = %d, want %d", test.err, got, test.want)
			}
		})
	}
}

func TestBackoff(t *testing.T) {
	tests := []struct {
		name    string
		attempt int
		after   time.Duration
		jitter  float64
		want    time.Duration
	}{
		{"the first pause is half the base at least", 1, 0, 0, backoffBase / 2},
		{"and the base at most", 1, 0, 1, backoffBase},
		{"pauses double", 4, 0, 1, 8 * backoffBase},
		{"up to the cap", 6, 0, 1, 16 * time.Second},
		{"and no further", 7, 0, 1, backoffCap},
		{"however many attempts there were", 1000, 0, 1, backoffCap},
		{"what ESA asks for is waited for", 1, 7 * time.Second, 0, 7 * time.Second},
		{"and not all come back at once", 1, 7 * time.Second, 1, 7*time.Second + backoffBase},
		{"an absurd wish is cut", 1, time.Hour, 0, retryAfterLimit},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			client := &Client{jitter: func() float64 { return test.jitter }}
			if got := client.backoff(test.attempt, &Error{RetryAfter: test.after}); got != test.want {
				t.Errorf("got a pause of %v, want %v", got, test.want)
			}
		})
	}
}

func TestRetryAfter(t *testing.T) {
	for header, want := range map[string]time.Duration{
		"1500": 1500 * time.Millisecond, "1": time.Millisecond, "0": 0, "-5": 0, "": 0, "soon": 0, "1.5": 0, "1e3": 0, "Wed, 21 Oct 2026 07:28:00 GMT": 0,
		"36000000": retryAfterCap, "9223372036854775807": retryAfterCap, "9223372036854775808": 0,
	} {
		if got := retryAfter(http.Header{"X-Acs-Retry-After": {header}}); got != want {
			t.Errorf("x-acs-retry-after %q: got %v, want %v", header, got, want)
		}
	}
	const date = "Wed, 21 Oct 2026 07:28:00 GMT"
	for header, want := range map[string]time.Duration{
		"7": 7 * time.Second, "0": 0, "-5": 0, "": 0, "soon": 0, "1.5": 0, "9223372036854775807": retryAfterCap, "9223372036854775808": 0, "3599": retryAfterCap - time.Second, "3601": retryAfterCap,
		"Wed, 21 Oct 2026 07:28:09 GMT": 9 * time.Second, date: 0, "Wed, 21 Oct 2026 07:27:00 GMT": 0, "Thu, 22 Oct 2026 07:28:00 GMT": retryAfterCap,
	} {
		if got := retryAfter(http.Header{"Retry-After": {header}, "Date": {date}}); got != want {
			t.Errorf("Retry-After %q: got %v, want %v", header, got, want)
		}
	}
	if got := retryAfter(http.Header{"Retry-After": {date}}); got != 0 {
		t.Errorf("Retry-After without a date: got %v, want none", got)
	}
	if got := retryAfter(http.Header{"Retry-After": {"9"}, "X-Acs-Retry-After": {"0"}}); got != 9*time.Second {
		t.Errorf("both headers, the first of which is 0: got %v, want 9s", got)
	}
	if got := retryAfter(http.Header{"Retry-After": {"9"}, "X-Acs-Retry-After": {"1500"}}); got != 1500*time.Millisecond {
		t.Errorf("both headers: got %v, want 1.5s", got)
	}
}

func TestSecretIsNeverShown(t *testing.T) {
	secret := Secret("-----BEGIN PRIVATE KEY-----")
	group := Certificate{PrivateKey: secret}
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%d"} {
		for _, shown := range []any{secret, group, &group} {
			if text := fmt.Sprintf(verb, shown); len(text) == 0 || containsAny(text, "BEGIN", "2d2d2d") {
				t.Errorf("%s shows a key: %s", verb, text)
			}
		}
	}
}

// TestApplyAfterALostAnswer loses the response to an application. ESA accepts no application while one is in progress, so
// the retry is refused.
func TestApplyAfterALostAnswer(t *testing.T) {
	tests := []struct {
		name   string
		status string // of the certificate before the call
		faults []fakeesa.Fault
		calls  int
		fails  bool
	}{
		{"lost, and then it cannot be read", CertStatusApplyFailed, []fakeesa.Fault{{Drop: true}, {Code: "InvalidParameter"}, {Action: "GetCustomHostname", Code: "NoPermission"}}, 2, true},
		{"lost after the effect", CertStatusApplyFailed, []fakeesa.Fault{{After: true, Drop: true}}, 2, false},
		{"lost before the effect", CertStatusApplyFailed, []fakeesa.Fault{{Drop: true}}, 2, false},
		{"lost, and nothing is under way", CertStatusApplyFailed, []fakeesa.Fault{{Drop: true}, {Code: "InvalidParameter"}}, 2, true},
		{"never answered, but done", CertStatusExpiring, []fakeesa.Fault{{After: true, Drop: true}, {Drop: true, Times: -1}}, 1 + 3, false},
		{"refused, as it is in order meanwhile", CertStatusOK, nil, 1, false},
		{"refused, as it is being applied for meanwhile", CertStatusApplying, nil, 1, false},
		{"refused with another code", CertStatusOK, []fakeesa.Fault{{Code: "ApplyCertificateNotAllowed"}}, 1, false},
		{"refused after a throttled attempt", CertStatusOK, []fakeesa.Fault{{Code: "Throttling"}}, 2, false},
		{"refused, and nothing is under way", CertStatusExpired, []fakeesa.Fault{{Code: "InvalidParameter"}}, 1, true},
		{"not permitted", CertStatusOK, []fakeesa.Fault{{Code: "NoPermission", Status: 403}}, 1, true},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			f := newFixture(t, fakeesa.Options{TimestampWindow: time.Hour}, func(c *Config) { c.MaxRetries = 3 })
			hostname := f.AddHostname(fakeesa.Hostname{
				SiteID: f.site.ID, RecordID: f.record.ID, Hostname: shop, SSLFlag: SSLOn, CertType: CertTypeFree,
				Status: StatusActive, CertStatus: test.status, CertNotAfter: time.Now().AddDate(0, 0, 60),
			})
			for _, fault := range test.faults {
				if fault.Action == "" {
					fault.Action = "ApplyCustomHostnameCertificate"
				}
				f.Inject(fault)
			}
			err := f.client.ApplyCustomHostnameCertificate(t.Context(), hostname.ID)
			if e := new(Error); (err != nil) != test.fails || test.fails && (!errors.As(err, &e) || e.Action != "ApplyCustomHostnameCertificate") {
				t.Errorf("got error %v, want failure %t", err, test.fails)
			}
			if n := f.Count("ApplyCustomHostnameCertificate"); n != test.calls {
				t.Errorf("got %d calls, want %d", n, test.calls)
			}
			want := CertStatusApplying
			if test.status == CertStatusOK {
				want = CertStatusOK
			}
			if now, _ := f.Hostname(hostname.ID); !test.fails && now.CertStatus != want {
				t.Errorf("got certificate status %s, want %s", now.CertStatus, want)
			}
		})
	}
}

// TestEvents checks all events of calls that are retried, refused and accepted, with all their fields.
func TestEvents(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var events []Event
		f := newVirtual(t, fakeesa.Options{Latency: time.Second}, func(c *Config) {
			c.Log = func(_ context.Context, event Event) { events = append(events, event) }
		})
		f.client.jitter = func() float64 { return 1 }
		for _, fault := range []fakeesa.Fault{
			{Status: 503, RawBody: text(`{"RequestId":"R-1","Code":"ServiceUnavailable","Message":"soon"}`)},
			{Drop: true},
			{RawBody: text(`{"RequestId":"R-3"}`)},
			{RawBody: text(fmt.Sprintf(`{"RequestId":"R-4","SiteModel":{"SiteId":%d}}`, f.site.ID))},
			{Status: 403, RawBody: text(`{"RequestId":"R-5","Code":"NoPermission","Message":"no"}`)},
		} {
			f.Inject(fault)
		}
		if _, err := f.client.GetSite(t.Context(), f.site.ID); err != nil {
			t.Fatal(err)
		}
		if _, err := f.client.GetRecord(t.Context(), f.record.ID); err == nil {
			t.Fatal("got no error, want NoPermission")
		}
		const at = " at 127.0.0.1:1: "
		attempt := func(action string, attempt, status int, code, id, failure string) Event {
			e := Event{Action: action, Attempt: attempt, Status: status, Code: code, RequestID: id, Duration: time.Second}
			if failure != "" {
				e.Err = errors.New(action + at + failure)
			}
			return e
		}
		retry := func(e Event, wait time.Duration) Event {
			e.Duration, e.Wait = 0, wait
			return e
		}
		unavailable := attempt("GetSite", 1, 503, "ServiceUnavailable", "R-1", "ServiceUnavailable: soon (request id R-1)")
		lost := attempt("GetSite", 2, 0, "", "", "unexpected EOF")
		nothing := attempt("GetSite", 3, 200, "", "R-3", "the response is not from ESA: it has no SiteModel of site "+formatInt(f.site.ID)+" (request id R-3)")
		want := []Event{
			unavailable, retry(unavailable, 500*time.Millisecond),
			lost, retry(lost, time.Second),
			nothing, retry(nothing, 2*time.Second),
			attempt("GetSite", 4, 200, "", "R-4", ""),
			attempt("GetRecord", 1, 403, "NoPermission", "R-5", "NoPermission: no (request id R-5)"),
		}
		texts := cmp.Comparer(func(a, b error) bool { return fmt.Sprint(a) == fmt.Sprint(b) })
		if diff := cmp.Diff(want, events, texts); diff != "" {
			t.Errorf("events (-want +got):\n%s", diff)
		}
	})
}

// TestThrottledCallsSlowDown checks which calls change the pace: answers do, attempts without one and throttled creates do not.
func TestThrottledCallsSlowDown(t *testing.T) {
	for _, test := range []struct {
		action string
		want   time.Duration // for 11 calls, the first of which is sent at once
	}{
		{"GetSite", 10 * time.Second / (paceGuess / 2)},
		{"CreateCustomHostname", 0},
	} {
		synctest.Test(t, func(t *testing.T) {
			f := newVirtual(t, fakeesa.Options{}, func(c *Config) { c.MaxRetries = 0 })
			call := func() error { _, err := f.client.GetSite(t.Context(), f.site.ID); return err }
			f.Inject(fakeesa.Fault{Drop: true, Times: 3 * paceGuess})
			for range 3 * paceGuess {
				if call() == nil {
					t.Fatal("got no error, want one")
				}
			}
			f.Inject(fakeesa.Fault{Action: test.action, Code: "Throttling.User"})
			if test.action == "GetSite" {
				if err := call(); !IsCode(err, CodeThrottlingUser) {
					t.Fatal(err)
				}
			} else {
				ctx, cancel := context.WithTimeout(t.Context(), time.Millisecond)
				defer cancel()
				if _, err := f.client.CreateCustomHostname(ctx, f.createInput()); !IsCode(err, CodeThrottlingUser) {
					t.Fatal(err)
				}
			}
			began := time.Now()
			for range 11 {
				if err := call(); err != nil {
					t.Fatal(err)
				}
			}
			if took := time.Since(began); took.Round(time.Millisecond) != test.want {
				t.Errorf("after a throttled %s: got %v for 11 calls, want %v", test.action, took, test.want)
			}
		})
	}
}

// TestPaceEndsWithTheContext checks the error of a call whose context ends before it is sent.
func TestPaceEndsWithTheContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		events := 0
		f := newVirtual(t, fakeesa.Options{}, func(c *Config) {
			c.RequestsPerSecond, c.Log = 0.1, func(context.Context, Event) { events++ }
		})
		if _, err := f.client.GetSite(t.Context(), f.site.ID); err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		_, err := f.client.GetRecord(ctx, f.record.ID)
		wantText(t, err, "GetRecord at 127.0.0.1:1: the request was not sent; gave up after 1 attempt: context deadline exceeded")
		if !errors.Is(err, ErrNotSent) || len(f.Requests()) != 1 || events != 1 {
			t.Errorf("got error %v after %d requests and %d events, want ErrNotSent after 1 and 1", err, len(f.Requests()), events)
		}
	})
}

// offClock is a clock that is off.
type offClock struct {
	SystemClock
	off time.Duration
}

func (c offClock) Now() time.Time { return time.Now().Add(c.off) }

// TestClockThatIsOff checks from which difference on requests are signed with ESA's time, and that the user learns it once.
func TestClockThatIsOff(t *testing.T) {
	const warning = "The clock of this machine is %s ESA's. Requests are signed with ESA's time."
	for off, side := range map[time.Duration]string{
		0: "", time.Minute: "", -time.Minute: "", 61 * time.Second: "1m1s ahead of", -61 * time.Second: "1m1s behind", 3 * time.Hour: "3h0m0s ahead of",
	} {
		synctest.Test(t, func(t *testing.T) {
			var got, want []string
			f := newVirtual(t, fakeesa.Options{TimestampWindow: 24 * time.Hour}, func(c *Config) {
				c.Clock = offClock{off: off}
				c.Log = func(_ context.Context, event Event) {
					if event.Warning != "" {
						got = append(got, event.Warning)
					}
				}
			})
			for range 3 {
				if _, err := f.client.GetSite(t.Context(), f.site.ID); err != nil {
					t.Fatal(err)
				}
			}
			signed := time.Now().Add(off)
			if side != "" {
				signed, want = time.Now(), []string{fmt.Sprintf(warning, side)}
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("clock off by %v: warnings (-want +got):\n%s", off, diff)
			}
			if got, want := f.Requests()[2].Query.Get("Timestamp"), signed.UTC().Format(timeFormat); got != want {
				t.Errorf("clock off by %v: got the timestamp %s, want %s", off, got, want)
			}
		})
	}
	for title, header := range map[string]http.Header{
		"a response without a date": {},
		"the response of a proxy":   {"Date": {"Wed, 21 Oct 2015 07:28:00 GMT"}},
	} {
		t.Run(title, func(t *testing.T) {
			client, err := New(Config{Endpoint: "http://127.0.0.1:1", Credential: staticCredential(t, "a", "b", ""), Log: func(_ context.Context, event Event) {
				if event.Warning != "" {
					t.Errorf("got the warning %q, want none", event.Warning)
				}
			}})
			if err != nil {
				t.Fatal(err)
			}
			client.wire.http.Transport = direct{handler: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				for name := range header {
					w.Header().Set(name, header.Get(name))
					w.WriteHeader(http.StatusBadGateway)
					return
				}
				_, _ = w.Write([]byte(`{"RequestId":"R","SiteModel":{"SiteId":1}}`))
			})}
			if _, err := client.GetSite(t.Context(), 1); (err != nil) != (len(header) > 0) || client.clockOff() != 0 {
				t.Errorf("got error %v and a clock that is off by %v, want none", err, client.clockOff())
			}
		})
	}
}

// TestNoRetriesLearnsNothing checks that a call without retries does not shorten the time limit of the next one.
func TestNoRetriesLearnsNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newVirtual(t, fakeesa.Options{}, func(c *Config) { c.MaxRetries = 0 })
		f.client.wire.http.Transport = direct{fails: unreachable["nobody answers"]}
		for range 2 {
			began := time.Now()
			if _, err := f.client.GetSite(t.Context(), 1); err == nil || time.Since(began) != 2*DefaultTimeout {
				t.Errorf("got error %v after %v, want one after %v", err, time.Since(began), 2*DefaultTimeout)
			}
		}
	})
}
