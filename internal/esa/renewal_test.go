package esa

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	rpcutil "github.com/alibabacloud-go/tea-rpc-utils/service"
	"github.com/aliyun/credentials-go/credentials"

	"terraform-provider-esa/internal/fakeesa"
)

// rotatingCredential is replaced all the time, like a file or a metadata service may be.
type rotatingCredential struct {
	credentials.Credential
	turn atomic.Int64
}

func (c *rotatingCredential) GetCredential() (*credentials.CredentialModel, error) {
	id, secret, token := rotated(c.turn.Add(1))
	return &credentials.CredentialModel{AccessKeyId: &id, AccessKeySecret: &secret, SecurityToken: &token}, nil
}

func rotated(n int64) (id, secret, token string) {
	return fmt.Sprintf("key-%d", n), fmt.Sprintf("secret-%d", n), fmt.Sprintf("token-%d", n)
}

// TestRotatedCredentialsAreNeverTorn checks that every request is signed by one complete set, even if credentials are
// replaced during many calls.
func TestRotatedCredentialsAreNeverTorn(t *testing.T) {
	var served atomic.Int32
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if err := r.ParseForm(); err != nil {
			t.Error(err)
		}
		var n int64
		_, _ = fmt.Sscanf(r.Form.Get("AccessKeyId"), "key-%d", &n)
		_, secret, token := rotated(n)
		signed := map[string]*string{}
		for name := range r.Form {
			if name != "Signature" {
				signed[name] = &r.Form[name][0]
			}
		}
		if want := *rpcutil.GetSignatureV1(signed, &r.Method, &secret); r.Form.Get("SecurityToken") != token || r.Form.Get("Signature") != want {
			t.Errorf("set %d: got token %s and signature %s, want signature %s", n, r.Form.Get("SecurityToken"), r.Form.Get("Signature"), want)
		}
		// Half of the calls need a second attempt.
		if served.Add(1)%2 == 0 {
			w.WriteHeader(http.StatusBadGateway)
			return
		}
		_, _ = io.WriteString(w, `{"RequestId":"R","CustomHostnameModel":{"HostnameId":1}}`)
	}))
	t.Cleanup(server.Close)
	client, err := New(Config{Endpoint: server.URL, Credential: new(rotatingCredential), MaxRetries: 20, Clock: new(testClock)})
	if err != nil {
		t.Fatal(err)
	}
	var group sync.WaitGroup
	for range 32 {
		group.Go(func() {
			for range 10 {
				if _, err := client.GetCustomHostname(t.Context(), 1); err != nil {
					t.Error(err)
				}
			}
		})
	}
	group.Wait()
}

// TestExpiredTokenIsRenewed checks that a token is renewed once if ESA returns that it has expired, and that the call then
// succeeds. If the new token is the same, the call fails.
func TestExpiredTokenIsRenewed(t *testing.T) {
	f := newFixture(t, fakeesa.Options{SecurityToken: "t0ken"})
	id := f.create(t)
	fresh := f.credential.Credential
	renewals := 0
	f.client.wire.keyring.remake = func() (credentials.Credential, error) { renewals++; return fresh, nil }
	f.Inject(fakeesa.Fault{Action: "GetCustomHostname", Times: 1, Code: "InvalidSecurityToken.Expired", Status: 400})
	if _, err := f.client.GetCustomHostname(t.Context(), id); err != nil || renewals != 1 {
		t.Errorf("got error %v after %d renewals, want none after 1", err, renewals)
	}
	f.Inject(fakeesa.Fault{Action: "GetCustomHostname", Times: 2, Code: "InvalidSecurityToken.Expired", Status: 400})
	f.ResetRequests()
	if _, err := f.client.GetCustomHostname(t.Context(), id); !IsCode(err, CodeTokenExpired) || f.Count("GetCustomHostname") != 2 || renewals != 1 {
		t.Errorf("got error %v after %d calls and %d renewals, want TokenExpired after 2 and 1", err, f.Count("GetCustomHostname"), renewals)
	}
}

// TestClockOfESA checks that a call that ESA refuses because of the time is signed again with ESA's time, once.
func TestClockOfESA(t *testing.T) {
	for _, off := range []time.Duration{-20 * time.Minute, 20 * time.Minute} {
		warned := 0
		f := newFixture(t, fakeesa.Options{}, func(c *Config) {
			c.Clock = shiftedClock{off}
			c.Log = func(_ context.Context, event Event) {
				if event.Warning != "" {
					warned++
				}
			}
		})
		id := f.create(t)
		for range 3 {
			if _, err := f.client.GetCustomHostname(t.Context(), id); err != nil {
				t.Error(err)
			}
		}
		if n := len(f.Requests()); n != 5 || warned != 1 {
			t.Errorf("%v off: got %d calls and %d warnings, want 5 and 1", off, n, warned)
		}
	}
	f := newFixture(t, fakeesa.Options{})
	f.Inject(fakeesa.Fault{Code: "InvalidTimeStamp.Expired", Times: -1})
	if _, err := f.client.GetCustomHostname(t.Context(), 1); !IsCode(err, CodeTimestampExpired) || f.Count("GetCustomHostname") != 1 {
		t.Errorf("got error %v after %d calls, want TimestampExpired after 1", err, f.Count("GetCustomHostname"))
	}
}

// shiftedClock is a clock that is off by a fixed time.
type shiftedClock struct{ off time.Duration }

func (c shiftedClock) Now() time.Time { return time.Now().Add(c.off) }

func (c shiftedClock) Sleep(ctx context.Context, d time.Duration) error {
	return SystemClock{}.Sleep(ctx, d)
}
