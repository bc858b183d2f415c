package esa

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"terraform-provider-esa/internal/fakeesa"
)

// unreachable are the ways in which ESA can be unreachable. Each returns the error of a transport, after the time that it
// takes.
var unreachable = map[string]func(*http.Request) error{
	"nobody listens": func(*http.Request) error { return errRefused },
	"packets are lost": func(r *http.Request) error {
		select {
		case <-time.After(DefaultTimeout):
			return &net.OpError{Op: "dial", Net: "tcp", Err: context.DeadlineExceeded}
		case <-r.Context().Done():
			return context.Cause(r.Context())
		}
	},
	"nobody answers": func(r *http.Request) error {
		<-r.Context().Done()
		return context.Cause(r.Context())
	},
	"the name server is down": func(*http.Request) error {
		return &net.OpError{Op: "dial", Err: &net.DNSError{Err: "server misbehaving", IsTemporary: true}}
	},
}

// TestDeadEndpoint checks that an endpoint that does not respond costs the time limit once, and not once for each hostname.
func TestDeadEndpoint(t *testing.T) {
	for title, fails := range unreachable {
		t.Run(title, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				f := newVirtual(t, fakeesa.Options{})
				var attempts atomic.Int32
				f.client.wire.http.Transport = direct{fails: func(r *http.Request) error { attempts.Add(1); return fails(r) }}
				began := time.Now()
				const hostnames = 60
				atOnce(hostnames, func(i int) {
					_, err := f.client.RefreshCustomHostname(t.Context(), CustomHostname{HostnameID: int64(i + 1), SiteID: f.site.ID, UpdateTime: "x"})
					if e := new(Error); !errors.As(err, &e) || e.Status != 0 {
						t.Errorf("got error %v, want a transport error", err)
					}
				})
				took := time.Since(began)
				t.Logf("%d errors after %v and %d attempts", hostnames, took, attempts.Load())
				if took > 150*time.Second {
					t.Errorf("got %d errors after %v, want at most 2m30s", hostnames, took)
				}
				if n := attempts.Load(); n > hostnames+11*10 {
					t.Errorf("got %d attempts for %d hostnames", n, hostnames)
				}
			})
		})
	}
}

// TestDeadEndpointWithFewRetries checks that all calls give up sooner if few retries are configured.
func TestDeadEndpointWithFewRetries(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newVirtual(t, fakeesa.Options{}, func(c *Config) { c.MaxRetries = 2 })
		var attempts int
		f.client.wire.http.Transport = direct{fails: func(*http.Request) error { attempts++; return errRefused }}
		for range 10 {
			if _, err := f.client.GetCustomHostname(t.Context(), 1); err == nil {
				t.Error("got no error, want one")
			}
		}
		if attempts != 3+9 {
			t.Errorf("got %d attempts, want 12", attempts)
		}
	})
}

// TestOneCallWithoutAnswer checks that a call that never succeeds has its attempts and no more, while other calls get a
// response.
func TestOneCallWithoutAnswer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newVirtual(t, fakeesa.Options{})
		ids := f.add(2)
		f.Inject(fakeesa.Fault{Match: func(r fakeesa.Request) bool { return r.HostnameID == ids[0] }, Status: 502, RawBody: text(""), Times: -1})
		ctx, cancel := context.WithCancel(t.Context())
		var others sync.WaitGroup
		others.Go(func() {
			for ctx.Err() == nil {
				_, _ = f.client.GetCustomHostname(ctx, ids[1])
				time.Sleep(100 * time.Millisecond)
			}
		})
		time.Sleep(time.Second)
		// If the first call made ESA count as unreachable, the second would have one attempt.
		for range 2 {
			_, err := f.client.GetCustomHostname(t.Context(), ids[0])
			if e := new(Error); !errors.As(err, &e) || e.Attempts != 1+DefaultMaxRetries {
				t.Errorf("got error %v after %d attempts, want %d", err, e.Attempts, 1+DefaultMaxRetries)
			}
		}
		cancel()
		others.Wait()
	})
}

// TestOutage checks that a run that has reached ESA before survives an outage of some minutes. An outage of an hour ends it.
func TestOutage(t *testing.T) {
	ways := map[string]func(*http.Request) error{}
	for title, fails := range unreachable {
		ways[title] = fails
	}
	for title, fails := range ways {
		for _, outage := range []struct {
			lasts      time.Duration
			maxRetries int
			survives   bool
		}{
			{4 * time.Minute, DefaultMaxRetries, true}, {time.Hour, DefaultMaxRetries, false}, {4 * time.Minute, 1, false}, {time.Second, 0, false},
		} {
			t.Run(title, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					f := newVirtual(t, fakeesa.Options{}, func(c *Config) { c.MaxRetries = outage.maxRetries })
					ids := f.add(20)
					read := func() error { _, err := f.client.GetCustomHostname(t.Context(), ids[0]); return err }
					if err := read(); err != nil {
						t.Fatal(err)
					}
					end := time.Now().Add(outage.lasts)
					f.client.wire.http.Transport = direct{handler: f.Server, fails: func(r *http.Request) error {
						if time.Now().Before(end) {
							return fails(r)
						}
						return nil
					}}
					atOnce(len(ids), func(i int) {
						_, err := f.client.GetCustomHostname(t.Context(), ids[i])
						if outage.survives && err != nil {
							t.Errorf("outage of %v, %d retries: got error %v, want none", outage.lasts, outage.maxRetries, err)
						}
						if !outage.survives && time.Now().Before(end) && err == nil {
							t.Errorf("outage of %v, %d retries: got no error, want one", outage.lasts, outage.maxRetries)
						}
					})
					if took := time.Since(end.Add(-outage.lasts)); !outage.survives && took > 15*time.Minute {
						t.Errorf("outage of %v, %d retries: gave up after %v, want at most 15m", outage.lasts, outage.maxRetries, took)
					}
					time.Sleep(time.Until(end))
					if err := read(); err != nil || f.client.reach.isDead() {
						t.Errorf("after the outage: got error %v, want none", err)
					}
				})
			})
		}
	}
}

// TestNeverSent checks that a request that was never sent is not reported as possibly sent. A create then ends with its
// error and does not list hostnames. It is retried only if another attempt may help.
func TestNeverSent(t *testing.T) {
	closed := httptest.NewServer(nil)
	closed.Close()
	plain := httptest.NewServer(http.NotFoundHandler())
	t.Cleanup(plain.Close)
	asksPassword := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusProxyAuthRequired) }))
	t.Cleanup(asksPassword.Close)
	overloaded := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusServiceUnavailable) }))
	t.Cleanup(overloaded.Close)
	opens := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusOK) }))
	t.Cleanup(opens.Close)
	for title, test := range map[string]struct {
		endpoint, proxy string
		attempts        int
		want            string
	}{
		"a proxy that gets through to HTTP": {"https://esa.test", opens.URL, 1, "server gave HTTP response to HTTPS client"},
		"a proxy that is down":              {"https://esa.test", closed.URL, 4, "proxyconnect tcp"},
		"a proxy that asks for a password":  {"https://esa.test", asksPassword.URL, 1, "CONNECT with HTTP status 407"},
		"a proxy that does not get through": {"https://esa.test", overloaded.URL, 4, "CONNECT with HTTP status 503"},
		"TLS where there is none":           {"https" + strings.TrimPrefix(plain.URL, "http"), "", 1, "HTTP response to HTTPS client"},
		"nobody listens":                    {closed.URL, "", 4, "connection refused"},
		"a name that nobody has":            {"https://" + strings.Repeat("a", 64) + ".example", "", 1, "no such host"},
	} {
		t.Run(title, func(t *testing.T) {
			client, err := New(Config{Endpoint: test.endpoint, Credential: staticCredential(t, "a", "b", ""), MaxRetries: 3, Clock: new(testClock)})
			if err != nil {
				t.Fatal(err)
			}
			transport, _ := client.wire.http.Transport.(*http.Transport)
			transport.Proxy = nil
			if test.proxy != "" {
				proxy, err := url.Parse(test.proxy)
				if err != nil {
					t.Fatal(err)
				}
				transport.Proxy = http.ProxyURL(proxy)
			}
			_, err = client.CreateCustomHostname(t.Context(), CreateCustomHostnameInput{SiteID: 1, RecordID: 2, Hostname: shop, SSLFlag: SSLOff})
			var e *Error
			if !errors.As(err, &e) || errors.As(err, new(*UnclearCreateError)) || e.Action != "CreateCustomHostname" {
				t.Fatalf("got error %v, want one of CreateCustomHostname", err)
			}
			if !e.Unsent || e.Attempts != test.attempts || !strings.Contains(err.Error(), test.want) {
				t.Errorf("got %d attempts, want %d; got error %v, want %s", e.Attempts, test.attempts, err, test.want)
			}
		})
	}
}

// TestSentIsNotUnsent checks that a request that was written may have run, whatever error the connection returns.
func TestSentIsNotUnsent(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		panic(http.ErrAbortHandler)
	}))
	t.Cleanup(server.Close)
	client, err := New(Config{Endpoint: server.URL, Credential: staticCredential(t, "a", "b", ""), Clock: new(testClock)})
	if err != nil {
		t.Fatal(err)
	}
	_, err = client.GetCustomHostname(t.Context(), 1)
	if e := new(Error); !errors.As(err, &e) || e.Unsent || classify(err) != unclear {
		t.Errorf("got error %v, want one that may have run", err)
	}
}

// TestSilentServer checks that the time limits end a call to a server that accepts connections and then sends nothing.
func TestSilentServer(t *testing.T) {
	t.Parallel()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = listener.Close() })
	for title, test := range map[string]struct {
		scheme string
		read   time.Duration
		unsent bool
		want   string
	}{
		"no handshake": {"https", time.Hour, true, "TLS handshake timeout"},
		"no response":  {"http", time.Millisecond, false, "deadline exceeded"},
	} {
		t.Run(title, func(t *testing.T) {
			t.Parallel()
			client, err := New(Config{
				Endpoint: test.scheme + "://" + listener.Addr().String(), Credential: staticCredential(t, "a", "b", ""), Clock: new(testClock),
				ConnectTimeout: 300 * time.Millisecond, ReadTimeout: test.read,
			})
			if err != nil {
				t.Fatal(err)
			}
			// Far longer than the limits.
			ctx, cancel := context.WithTimeout(t.Context(), 15*time.Second)
			defer cancel()
			_, err = client.GetCustomHostname(ctx, 1)
			if e := new(Error); !errors.As(err, &e) || e.Unsent != test.unsent || !strings.Contains(err.Error(), test.want) || ctx.Err() != nil {
				t.Errorf("got error %v, want %s", err, test.want)
			}
		})
	}
}

// TestWithin checks the time limit of an attempt while ESA is unreachable: that of connecting, and for reads also that of the
// response.
func TestWithin(t *testing.T) {
	for _, test := range []struct {
		wholeAnswer, connects bool
		ends                  bool
	}{{false, false, true}, {true, false, true}, {false, true, false}, {true, true, true}} {
		synctest.Test(t, func(t *testing.T) {
			attempt, connected, stop := within(t.Context(), deadLimit, test.wholeAnswer)
			time.Sleep(deadLimit - time.Nanosecond)
			if test.connects {
				connected()
			}
			if attempt.Err() != nil {
				t.Errorf("%+v: got %v before the limit, want none", test, attempt.Err())
			}
			time.Sleep(time.Hour)
			if ended := context.Cause(attempt); (ended != nil) != test.ends || test.ends && !errors.Is(ended, errDead) {
				t.Errorf("%+v: got %v after the limit", test, ended)
			}
			stop()
			if attempt.Err() == nil {
				t.Errorf("%+v: the context has not ended", test)
			}
		})
	}
	wantText(t, errDead, "no connection within 3s; it could not be reached before either")
}

// TestOutageBeginsWithTheFirstLostCall checks that an outage is measured from when the first call without a response began, and
// that a response ends it.
func TestOutageBeginsWithTheFirstLostCall(t *testing.T) {
	start := time.Now()
	at := func(seconds int) time.Time { return start.Add(time.Duration(seconds) * time.Second) }
	lost := &Error{Err: errors.New("timeout")}
	r := &reach{}
	r.learn(at(0), at(1), nil)
	r.learn(at(10), at(70), lost)
	r.learn(at(20), at(80), lost)
	if !r.lost.Equal(at(10)) || !r.answered.Equal(at(1)) {
		t.Errorf("got lost at %v and answered at %v, want 10 s and 1 s", r.lost.Sub(start), r.answered.Sub(start))
	}
	r.dead = true
	r.learn(at(75), at(90), &Error{Code: CodeThrottling})
	if !r.lost.IsZero() || r.dead || !r.answered.Equal(at(90)) {
		t.Errorf("after a response: got %+v, want no outage", r)
	}
	r.learn(at(100), at(160), lost)
	if !r.lost.Equal(at(100)) {
		t.Errorf("got lost at %v, want 100 s", r.lost.Sub(start))
	}
}

// TestPatience checks when an attempt without a response may be followed by another one.
func TestPatience(t *testing.T) {
	start := time.Now()
	at := func(d time.Duration) time.Time { return start.Add(d) }
	never := &reach{lost: start}
	after := func(d time.Duration) *reach { return &reach{answered: at(d), lost: at(d)} }
	for name, test := range map[string]struct {
		reach          *reach
		began, since   time.Duration
		now            time.Duration
		noSuchHost     bool
		free, possible bool
		dead           bool // afterwards
	}{
		"no response yet":                          {never, 0, 0, firstPatience - 1, false, false, true, false},
		"no response in time":                      {never, 0, 0, firstPatience, false, false, false, true},
		"no response to a later call":              {never, time.Minute, time.Minute, firstPatience + time.Minute - 1, false, false, true, false},
		"no such host":                             {never, 0, 0, 0, true, false, false, true},
		"dead":                                     {&reach{dead: true}, 0, 0, 0, false, false, false, true},
		"a response since the previous attempt":    {after(time.Second), 0, 0, 2 * time.Second, false, false, true, false},
		"none since the previous attempt":          {after(0), 0, 0, 60*time.Second - 1, false, true, true, false},
		"none since then, and the host is gone":    {after(0), 0, 0, time.Second, true, true, true, false},
		"lost after minutes without a call":        {&reach{answered: at(-time.Hour), lost: start}, 0, 0, 60*time.Second - 1, false, true, true, false},
		"lost after minutes without a call, ended": {&reach{answered: at(-time.Hour), lost: start}, 0, 0, 60 * time.Second, false, false, false, true},
		"none since the previous attempt, ended":   {after(0), 0, 0, 60 * time.Second, false, false, false, true},
	} {
		r := &reach{answered: test.reach.answered, lost: test.reach.lost, dead: test.reach.dead}
		free, possible := r.patience(at(test.began), at(test.since), at(test.now), 2, test.noSuchHost)
		if free != test.free || possible != test.possible || r.isDead() != test.dead {
			t.Errorf("%s: got free %t, possible %t, dead %t", name, free, possible, r.isDead())
		}
	}
}
