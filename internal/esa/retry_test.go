package esa

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/http"
	"syscall"
	"testing"
	"time"

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
		"7": 7 * time.Second, "0": 0, "-5": 0, "": 0, "soon": 0, "1.5": 0, "9223372036854775807": retryAfterCap,
		"Wed, 21 Oct 2026 07:28:09 GMT": 9 * time.Second, date: 0, "Wed, 21 Oct 2026 07:27:00 GMT": 0, "Thu, 22 Oct 2026 07:28:00 GMT": retryAfterCap,
	} {
		if got := retryAfter(http.Header{"Retry-After": {header}, "Date": {date}}); got != want {
			t.Errorf("Retry-After %q: got %v, want %v", header, got, want)
		}
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
				fault.Action = "ApplyCustomHostnameCertificate"
				f.Inject(fault)
			}
			err := f.client.ApplyCustomHostnameCertificate(t.Context(), hostname.ID)
			if (err != nil) != test.fails {
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
