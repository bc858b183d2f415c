package esa

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	rpcutil "github.com/alibabacloud-go/tea-rpc-utils/service"
	"github.com/aliyun/credentials-go/credentials"
	"golang.org/x/time/rate"

	"terraform-provider-esa/internal/fakeesa"
)

// TestPace runs 10 workers against a server that takes so many calls in any second, in simulated time: it must take
// little longer than the limit makes it take, with few calls refused.
func TestPace(t *testing.T) {
	const workers, calls, latency = 10, 2000, 50 * time.Millisecond
	for _, limit := range []int{5, 20, 60, 150} {
		p := newPace(rate.Inf)
		start := time.Now()
		type worker struct {
			at       time.Time
			reserved bool // waits for its time to send
			sent     bool // waits for an answer
			refused  bool
		}
		all := make([]*worker, workers)
		for i := range all {
			all[i] = &worker{at: start}
		}
		var served []time.Time
		done, refused := 0, 0
		var now time.Time
		for done < calls {
			w := slices.MinFunc(all, func(a, b *worker) int { return a.at.Compare(b.at) })
			now = w.at
			switch {
			case w.sent:
				p.learn(now, w.refused)
				*w = worker{at: now}
			case !w.reserved:
				w.at, w.reserved = now.Add(p.reserve(now)), true
			default:
				w.sent, w.at = true, now.Add(latency)
				if len(served) >= limit && now.Sub(served[len(served)-limit]) < time.Second {
					w.refused = true
					refused++
					continue
				}
				served = append(served, now)
				done++
			}
		}
		took := now.Sub(start)
		ratio := took.Seconds() / (float64(calls) / float64(limit))
		share := float64(refused) / float64(calls+refused)
		t.Logf("%d calls a second: %.2f x, %.1f %% refused", limit, ratio, 100*share)
		if ratio > 1.2 || share >= 0.1 {
			t.Errorf("%d calls a second: %.2f x the least time, %.1f %% of the calls refused", limit, ratio, 100*share)
		}
	}
}

func TestPaceKeepsTheBound(t *testing.T) {
	p := newPace(10)
	now := time.Now()
	p.learn(now, true)
	for range 1000 {
		now = now.Add(time.Second)
		p.learn(now, false)
	}
	if got := p.limiter.Limit(); got != 10 {
		t.Errorf("the pace has grown to %v, the bound is 10", got)
	}
	p = newPace(rate.Inf)
	p.learn(now, true)
	if got := p.limiter.Limit(); got != slowest {
		t.Errorf("the pace is %v", got)
	}
	for range 1000 {
		now = now.Add(time.Second)
		p.learn(now, false)
	}
	if got := p.limiter.Limit(); got != rate.Inf {
		t.Errorf("the pace has not recovered: %v", got)
	}
}

// More than an hour's worth of creates, ten at a time: all get through, and hardly any call is wasted.
func TestCreateQuota(t *testing.T) {
	const quota, count = 20, 70
	for title, hidden := range map[string]bool{"with x-acs-retry-after": false, "without": true} {
		t.Run(title, func(t *testing.T) {
			// The clock can jump by any number of others' pauses while a call is under way.
			f := newFixture(t, fakeesa.Options{CreateLimitPerHour: quota, NoRetryAfter: hidden, TimestampWindow: 100 * time.Hour})
			f.client.maxRetries = 0 // of no concern to the quota
			var group sync.WaitGroup
			work := make(chan int)
			for range 10 {
				group.Go(func() {
					for i := range work {
						in := f.createInput()
						in.Hostname = fmt.Sprintf("h%d.customer.com", i)
						if _, err := f.client.CreateCustomHostname(t.Context(), in); err != nil {
							t.Error(err)
						}
					}
				})
			}
			for i := range count {
				work <- i
			}
			close(work)
			group.Wait()
			if made := len(f.Hostnames()); made != count {
				t.Errorf("%d hostnames, want %d", made, count)
			}
			// In each of three hours one at a time tries, once a minute. Ten may be refused together when the quota
			// ends, and again when it has just opened for a few, as it slides.
			refused := f.Count("CreateCustomHostname") - count
			t.Logf("%d refused", refused)
			if limit := 3 * (61 + 2*10); !hidden && refused > limit {
				t.Errorf("%d calls refused, want at most %d", refused, limit)
			}
			for _, pause := range f.clock.slept() {
				if pause > probeCap+backoffBase {
					t.Errorf("a pause of %v", pause)
				}
			}
		})
	}
}

func TestCreateQuotaEnds(t *testing.T) {
	f := newFixture(t, fakeesa.Options{CreateLimitPerHour: 1})
	f.create(t)
	ctx, cancel := context.WithCancel(t.Context())
	in := f.createInput()
	in.Hostname = "other.customer.com"
	f.client.clock = endingClock{f.clock, cancel}
	_, err := f.client.CreateCustomHostname(ctx, in)
	var quota *CreateQuotaError
	if !errors.As(err, &quota) || quota.Made != 1 || !IsCode(err, CodeThrottlingUser) {
		t.Errorf("%v", err)
	}
	// Who waits for the one that tries is told the same.
	f.client.quota.turn <- struct{}{}
	if _, err = f.client.CreateCustomHostname(ctx, in); err == nil {
		t.Error("no error")
	}
	// Reads go on meanwhile.
	if _, err := f.client.GetCustomHostname(t.Context(), f.Hostnames()[0].ID); err != nil {
		t.Error(err)
	}
	if len(f.Hostnames()) != 1 {
		t.Errorf("%d hostnames", len(f.Hostnames()))
	}
}

// endingClock ends the context in the third pause.
type endingClock struct {
	*testClock
	cancel context.CancelFunc
}

func (c endingClock) Sleep(ctx context.Context, d time.Duration) error {
	if len(c.slept()) >= 2 {
		c.cancel()
	}
	return c.testClock.Sleep(ctx, d)
}

// Ten writers to one record, of which ESA takes one at a time.
func TestBusyRecord(t *testing.T) {
	f := newFixture(t, fakeesa.Options{BusyRecords: true, Latency: time.Millisecond})
	ids := make([]int64, 10)
	for i := range ids {
		ids[i] = f.AddHostname(fakeesa.Hostname{SiteID: f.site.ID, RecordID: f.record.ID, Hostname: fmt.Sprintf("h%d.customer.com", i), SSLFlag: SSLOff}).ID
	}
	other := f.AddRecord(f.site.ID, "other.example.com")
	write := func() int {
		f.ResetRequests()
		var group sync.WaitGroup
		for _, id := range ids {
			group.Go(func() {
				if err := f.client.UpdateCustomHostname(t.Context(), UpdateCustomHostnameInput{HostnameID: id, RecordID: other.ID}); err != nil {
					t.Error(err)
				}
			})
		}
		group.Wait()
		return f.Count("UpdateCustomHostname")
	}
	write() // learns that the record can be busy
	f.client.busy.learn(params{"RecordId": fmt.Sprint(other.ID)}, &Error{Code: CodeRecordServiceBusy})
	if calls := write(); calls != len(ids) {
		t.Errorf("%d calls for %d writes: they were not one after another", calls, len(ids))
	}
}

// A token that ESA calls expired is renewed once, and the call goes on; with the same token it fails.
func TestExpiredTokenIsRenewed(t *testing.T) {
	f := newFixture(t, fakeesa.Options{SecurityToken: "t0ken"})
	id := f.create(t)
	fresh := f.credential.Credential
	renewals := 0
	f.client.wire.keyring.remake = func() (credentials.Credential, error) { renewals++; return fresh, nil }
	f.Inject(fakeesa.Fault{Action: "GetCustomHostname", Times: 1, Code: "InvalidSecurityToken.Expired", Status: 400})
	if _, err := f.client.GetCustomHostname(t.Context(), id); err != nil || renewals != 1 {
		t.Errorf("%v after %d renewals", err, renewals)
	}
	f.Inject(fakeesa.Fault{Action: "GetCustomHostname", Times: 2, Code: "InvalidSecurityToken.Expired", Status: 400})
	f.ResetRequests()
	if _, err := f.client.GetCustomHostname(t.Context(), id); !IsCode(err, CodeTokenExpired) || f.Count("GetCustomHostname") != 2 || renewals != 1 {
		t.Errorf("%v after %d calls and %d renewals", err, f.Count("GetCustomHostname"), renewals)
	}
}

// The log is told every half minute what a long wait is for.
func TestLongWaitsAreTold(t *testing.T) {
	var told []Event
	f := newFixture(t, fakeesa.Options{DeletingGets: 24}, func(c *Config) {
		c.Log = func(_ context.Context, event Event) {
			if event.Waiting != "" {
				told = append(told, event)
			}
		}
	})
	id := f.create(t)
	if err := f.client.DeleteCustomHostname(t.Context(), id); err != nil {
		t.Fatal(err)
	}
	if err := f.client.AwaitDeleted(t.Context(), id); err != nil {
		t.Fatal(err)
	}
	if len(told) < 3 || !strings.Contains(told[0].Waiting, "is being deleted") {
		t.Errorf("told %v", told)
	}
	for i := 1; i < len(told); i++ {
		if apart := told[i].Duration - told[i-1].Duration; apart < noticeEvery {
			t.Errorf("told after %v", apart)
		}
	}
}

// rotatingCredential is exchanged all the time, as a file or a metadata service may be.
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

// Every request is signed by one whole set, also while credentials are exchanged under many calls at once.
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
			t.Errorf("set %d with token %s, signature %s, want %s", n, r.Form.Get("SecurityToken"), r.Form.Get("Signature"), want)
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
