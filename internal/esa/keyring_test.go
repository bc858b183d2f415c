package esa

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aliyun/credentials-go/credentials"

	"terraform-provider-esa/internal/fakeesa"
)

// sourceFunc is a source that a test implements as a function.
type sourceFunc func(ctx context.Context, now time.Time) (keys, error)

func (f sourceFunc) get(ctx context.Context, now time.Time) (keys, error) { return f(ctx, now) }

func (sourceFunc) name() string { return "test" }

var errSourceDown = errors.New("the source is down")

// sessions is a source of sessions that last an hour. It keeps a session like credentials-go, and fails while it is down.
type sessions struct {
	made, asked int
	down        bool
	set         keys
}

func (s *sessions) get(_ context.Context, now time.Time) (keys, error) {
	if s.set.goodAt(now.Add(earlyRenewal)) {
		return s.set, nil
	}
	s.asked++
	if s.down {
		return keys{}, errSourceDown
	}
	s.made++
	s.set = keys{accessKey: fmt.Sprint("key-", s.made), secretKey: "secret", securityToken: "token", expires: now.Add(time.Hour)}
	return s.set, nil
}

func (*sessions) name() string { return "sessions" }

func wantKey(t *testing.T, k *keyring, now time.Time, want string) {
	t.Helper()
	set, err := k.snapshot(t.Context(), now)
	if err != nil || *set.AccessKeyId != want {
		t.Errorf("got %v and error %v, want %s", set, err, want)
	}
}

func TestKeyringUsesTheLastSetUntilItExpires(t *testing.T) {
	source := new(sessions)
	k := newKeyring(newCredential(source), nil)
	start := time.Now()
	at := func(d time.Duration) time.Time { return start.Add(d) }

	wantKey(t, k, at(0), "key-1")
	source.down = true
	wantKey(t, k, at(57*time.Minute-time.Second), "key-1")
	if source.asked != 1 {
		t.Errorf("the source was called %d times, want 1", source.asked)
	}
	for second := range 180 {
		wantKey(t, k, at(57*time.Minute+time.Duration(second)*time.Second), "key-1")
	}
	if tries := source.asked - 1; tries != 18 {
		t.Errorf("the source was called %d times in three minutes, want 18", tries)
	}
	for range 2 {
		set, err := k.snapshot(t.Context(), at(time.Hour))
		if !errors.Is(err, errSourceDown) || !isTemporary(err) {
			t.Errorf("got %v and error %v, want a temporary error", set, err)
		}
	}
	source.down = false
	wantKey(t, k, at(time.Hour+time.Second), "key-2")
	source.down = true
	wantKey(t, k, at(2*time.Hour-time.Minute), "key-2")
	source.down = false
	wantKey(t, k, at(2*time.Hour-time.Minute+sourcePause), "key-3")
}

// TestKeyringForgivesASourceThatHasWorked checks that errors of a source are temporary once it has worked, because its
// configuration is then correct.
func TestKeyringForgivesASourceThatHasWorked(t *testing.T) {
	now := time.Now()
	source := &sessions{down: true}
	k := newKeyring(newCredential(source), nil)
	if _, err := k.snapshot(t.Context(), now); !errors.Is(err, errSourceDown) || isTemporary(err) {
		t.Errorf("before it has worked: got error %v, want one that is not temporary", err)
	}
	source.down = false
	wantKey(t, k, now, "key-1")
	source.down = true
	if _, err := k.snapshot(t.Context(), now.Add(time.Hour)); !isTemporary(err) {
		t.Errorf("after it has worked: got error %v, want a temporary one", err)
	}
	if _, err := newKeyring(newCredential(sourceFunc(func(context.Context, time.Time) (keys, error) { return keys{accessKey: "ak"}, nil })), nil).snapshot(t.Context(), now); err == nil || !strings.Contains(err.Error(), "no access key") {
		t.Errorf("credentials without a secret key: got error %v, want no access key", err)
	}
}

// TestKeyringDropsASetThatESACallsExpired checks that credentials are no longer used once ESA returns that they have
// expired, whatever expiration time the source returned.
func TestKeyringDropsASetThatESACallsExpired(t *testing.T) {
	now := time.Now()
	first, second := new(sessions), &sessions{down: true}
	k := newKeyring(newCredential(first), func() (Credential, error) { return newCredential(second), nil })
	wantKey(t, k, now, "key-1")
	k.renew(t.Context(), now)
	if set, err := k.snapshot(t.Context(), now); err == nil || !isTemporary(err) {
		t.Errorf("got %v and error %v, want a temporary error", set, err)
	}
}

// TestKeyringDropsASetOfASourceThatIsDown checks the same for a source that is not opened again. The two clocks differ by up
// to a second, because ESA's Date header has whole seconds.
func TestKeyringDropsASetOfASourceThatIsDown(t *testing.T) {
	now := time.Now()
	source := new(sessions)
	k := newKeyring(newCredential(source), nil)
	wantKey(t, k, now, "key-1")
	source.down = true
	late := now.Add(time.Hour - time.Second/2)
	wantKey(t, k, late, "key-1")
	k.renew(t.Context(), late)
	if set, err := k.snapshot(t.Context(), late); !isTemporary(err) {
		t.Errorf("got %v and error %v, want a temporary error", set, err)
	}
	source.down = false
	wantKey(t, k, late, "key-2")
}

func TestKeyringHoldsUpNobodyWhoCanUseTheLastSet(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		hang := false
		source := sourceFunc(func(ctx context.Context, now time.Time) (keys, error) {
			if hang {
				<-ctx.Done()
				return keys{}, ctx.Err()
			}
			return keys{accessKey: "key-1", secretKey: "secret", expires: now.Add(time.Hour)}, nil
		})
		k := newKeyring(newCredential(source), nil)
		wantKey(t, k, time.Now(), "key-1")
		hang = true
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		var group sync.WaitGroup
		group.Go(func() {
			if _, err := k.snapshot(ctx, time.Now()); !errors.Is(err, context.DeadlineExceeded) {
				t.Error(err)
			}
		})
		synctest.Wait()
		started := time.Now()
		for range 10 {
			wantKey(t, k, time.Now(), "key-1")
		}
		if waited := time.Since(started); waited != 0 {
			t.Errorf("calls waited for %v, want no wait", waited)
		}
		group.Wait()
	})
}

// TestKeyringAsksOnceForAllWhoWait checks that a failure of the source ends all waiting calls. If only the context of the
// call that fetched has ended, another one fetches.
func TestKeyringAsksOnceForAllWhoWait(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		asked := 0
		source := sourceFunc(func(ctx context.Context, _ time.Time) (keys, error) {
			asked++
			select {
			case <-time.After(time.Second):
				return keys{}, sourceError{errSourceDown, true}
			case <-ctx.Done():
				return keys{}, ctx.Err()
			}
		})
		k := newKeyring(newCredential(source), nil)
		var group sync.WaitGroup
		all := func(ctx context.Context, want error) {
			group.Go(func() {
				if _, err := k.snapshot(ctx, time.Now()); !errors.Is(err, want) {
					t.Errorf("got error %v, want %v", err, want)
				}
			})
		}
		for range 10 {
			all(t.Context(), errSourceDown)
		}
		group.Wait()
		if asked != 1 {
			t.Errorf("the source was called %d times, want 1", asked)
		}

		hasty, cancel := context.WithTimeout(t.Context(), time.Millisecond)
		defer cancel()
		all(hasty, context.DeadlineExceeded)
		synctest.Wait()
		for range 10 {
			all(t.Context(), errSourceDown)
		}
		group.Wait()
		if asked != 3 {
			t.Errorf("the source was called %d times in total, want 3", asked)
		}
	})
}

// TestKeyringEndsWithTheContext checks that a call whose context has ended, or ends while another one fetches the first set,
// does not call the source.
func TestKeyringEndsWithTheContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		asked := 0
		k := newKeyring(newCredential(sourceFunc(func(context.Context, time.Time) (keys, error) {
			asked++
			time.Sleep(time.Minute)
			return keys{accessKey: "key-1", secretKey: "secret"}, nil
		})), nil)
		ended, cancel := context.WithCancel(t.Context())
		cancel()
		if set, err := k.snapshot(ended, time.Now()); !errors.Is(err, context.Canceled) || set != nil || asked != 0 {
			t.Errorf("got %v, error %v after %d calls of the source, want context.Canceled after none", set, err, asked)
		}
		var group sync.WaitGroup
		group.Go(func() { wantKey(t, k, time.Now(), "key-1") })
		synctest.Wait()
		hasty, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		began := time.Now()
		if set, err := k.snapshot(hasty, began); !errors.Is(err, context.DeadlineExceeded) || set != nil || time.Since(began) != time.Second {
			t.Errorf("got %v, error %v after %v, want context.DeadlineExceeded after 1s", set, err, time.Since(began))
		}
		k.renew(ended, time.Now()) // does not wait either
		if took := time.Since(began); took != time.Second {
			t.Errorf("a renewal with an ended context took %v, want none", took-time.Second)
		}
		group.Wait()
		if asked != 1 {
			t.Errorf("the source was called %d times, want 1", asked)
		}
	})
}

// TestKeyringReplacesTheSource checks when an expired token replaces the source, and that a source that cannot be opened
// again stays.
func TestKeyringReplacesTheSource(t *testing.T) {
	named := func(name string) Credential {
		return newCredential(sourceFunc(func(context.Context, time.Time) (keys, error) {
			return keys{accessKey: name, secretKey: "secret"}, nil
		}))
	}
	opened := 0
	var failure error
	k := newKeyring(named("first"), func() (Credential, error) {
		opened++
		return named(fmt.Sprint("opened-", opened)), failure
	})
	now := time.Now()
	wantKey(t, k, now, "first")
	for _, step := range []struct {
		after   time.Duration // since the first renewal
		failure error
		want    string
	}{
		{0, nil, "opened-1"},
		{renewAtMostEvery - time.Second, nil, "opened-1"},
		{renewAtMostEvery, nil, "opened-2"},
		{2 * renewAtMostEvery, errSourceDown, "opened-2"},
		{2*renewAtMostEvery + time.Second, nil, "opened-4"},
	} {
		failure = step.failure
		k.renew(t.Context(), now.Add(step.after))
		wantKey(t, k, now.Add(step.after), step.want)
	}
}

// TestKeyringRests checks how long a source that has failed is left alone.
func TestKeyringRests(t *testing.T) {
	source := new(sessions)
	k := newKeyring(newCredential(source), nil)
	now := time.Now()
	wantKey(t, k, now, "key-1")
	source.down = true
	failed := now.Add(time.Hour - earlyRenewal)
	wantKey(t, k, failed, "key-1")
	wantKey(t, k, failed.Add(sourcePause-time.Nanosecond), "key-1")
	if source.asked != 2 {
		t.Errorf("the source was called %d times, want 2", source.asked)
	}
	wantKey(t, k, failed.Add(sourcePause), "key-1")
	if source.asked != 3 {
		t.Errorf("the source was called %d times after its rest, want 3", source.asked)
	}
	wantKey(t, k, now.Add(time.Hour-time.Nanosecond), "key-1")
	if set, err := k.snapshot(t.Context(), now.Add(time.Hour)); !errors.Is(err, errSourceDown) {
		t.Errorf("got %v, error %v at the moment of the expiration, want that of the source", set, err)
	}
}

// TestForeignCredentials checks credentials that other packages implement: errors contain no secrets, and a set without
// both keys is none.
func TestForeignCredentials(t *testing.T) {
	for name, test := range map[string]struct {
		credential foreignCredential
		want       string
	}{
		"an error":      {foreignCredential{err: errors.New(`no answer from "https://hush"`)}, "no answer from (withheld)"},
		"nothing":       {foreignCredential{}, "the credential source returned no access key"},
		"no keys":       {foreignCredential{set: &credentials.CredentialModel{}}, "the credential source returned no access key"},
		"no access key": {foreignCredential{set: &credentials.CredentialModel{AccessKeySecret: new("sk")}}, "the credential source returned no access key"},
		"no secret key": {foreignCredential{set: &credentials.CredentialModel{AccessKeyId: new("ak")}}, "the credential source returned no access key"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := newKeyring(test.credential, nil).snapshot(t.Context(), time.Now())
			wantText(t, err, test.want)
		})
	}
	whole := foreignCredential{set: &credentials.CredentialModel{AccessKeyId: new("ak"), AccessKeySecret: new("sk"), SecurityToken: new("token")}}
	set, err := newKeyring(whole, nil).snapshot(t.Context(), time.Now())
	if err != nil || *set.AccessKeyId != "ak" || *set.AccessKeySecret != "sk" || *set.SecurityToken != "token" {
		t.Errorf("got %v, error %v; want the whole set", set, err)
	}
}

type foreignCredential struct {
	Credential
	set *credentials.CredentialModel
	err error
}

func (c foreignCredential) GetCredential() (*credentials.CredentialModel, error) { return c.set, c.err }

// TestKeyringLeavesASlowLibraryAlone checks that a call whose context ends does not interrupt a source of the library, and
// that no second call enters it meanwhile.
func TestKeyringLeavesASlowLibraryAlone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var inside, asked atomic.Int32
		k := newKeyring(newCredential(newBlocking("slow", 0, func(context.Context, time.Time) (keys, error) {
			if inside.Add(1) > 1 {
				t.Error("two calls are in the library at the same time")
			}
			defer inside.Add(-1)
			asked.Add(1)
			time.Sleep(10 * time.Second)
			return keys{accessKey: "key-1", secretKey: "secret"}, nil
		})), nil)
		hasty, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		started := time.Now()
		if _, err := k.snapshot(hasty, time.Now()); !errors.Is(err, context.DeadlineExceeded) || time.Since(started) != time.Second {
			t.Errorf("got error %v after %v, want context.DeadlineExceeded after 1s", err, time.Since(started))
		}
		wantKey(t, k, time.Now(), "key-1")
		if asked.Load() != 2 {
			t.Errorf("the library was called %d times, want 2", asked.Load())
		}
	})
}

func TestLibrarySetsAreDated(t *testing.T) {
	now := time.Now()
	set := keys{accessKey: "ak", secretKey: "sk", securityToken: "token"}
	other := keys{accessKey: "ak-2", secretKey: "sk", securityToken: "token"}
	for _, test := range []struct {
		name     string
		lifetime time.Duration
		given    []keys // one per minute
		want     time.Duration
	}{
		{"a session lasts from before it was asked for", time.Hour, []keys{set, set, set}, time.Hour},
		{"another session begins anew", time.Hour, []keys{set, other, other}, time.Hour + time.Minute},
		{"what is given lasts for three minutes", 0, []keys{set, set, set}, 2*time.Minute + earlyRenewal},
		{"what is given lasts for three minutes, also beyond its lifetime", 4 * time.Minute, []keys{set, set, set}, 2*time.Minute + earlyRenewal},
	} {
		t.Run(test.name, func(t *testing.T) {
			b := newBlocking("", test.lifetime, nil)
			var got keys
			for minute, given := range test.given {
				got = b.dated(given, now.Add(time.Duration(minute)*time.Minute))
			}
			if got.expires.Sub(now) != test.want {
				t.Errorf("got a set that is valid for %v, want %v", got.expires.Sub(now), test.want)
			}
		})
	}
}

// TestLibrarySetsAreDatedAcrossFailures checks that a failure between two calls does not make a set look new.
func TestLibrarySetsAreDatedAcrossFailures(t *testing.T) {
	now := time.Now()
	var failure error
	b := newBlocking("", time.Hour, func(context.Context, time.Time) (keys, error) {
		if failure != nil {
			return keys{}, failure
		}
		return keys{accessKey: "ak", secretKey: "sk"}, nil
	})
	for minute, err := range []error{nil, errSourceDown, nil} {
		failure = err
		set, err := b.get(t.Context(), now.Add(time.Duration(minute)*time.Minute))
		if !errors.Is(err, failure) || err == nil && !set.expires.Equal(now.Add(time.Hour)) {
			t.Errorf("minute %d: got a set that is valid for %v, error %v; want 1h", minute, set.expires.Sub(now), err)
		}
	}
}

// TestCredentialHiccups checks that a source that fails now and then costs attempts, but fails no call.
func TestCredentialHiccups(t *testing.T) {
	asked := 0
	source := sourceFunc(func(_ context.Context, now time.Time) (keys, error) {
		if asked++; asked%3 == 1 {
			return keys{}, sourceError{fmt.Errorf("credentials_uri: %w", errSourceDown), true}
		}
		// The set expires at once, so that each attempt fetches new credentials.
		return keys{accessKey: "LTAIexample", secretKey: "s3cret", expires: now}, nil
	})
	f := newFixture(t, fakeesa.Options{AccessKeyID: "LTAIexample", AccessKeySecret: "s3cret"}, func(c *Config) { c.Credential = newCredential(source) })
	id := f.create(t)
	for range 20 {
		if _, err := f.client.GetCustomHostname(t.Context(), id); err != nil {
			t.Error(err)
		}
	}
	if len(f.clock.slept()) < 10 {
		t.Errorf("the source failed %d times, want at least 10", len(f.clock.slept()))
	}
}

// TestCredentialsThatFail checks that an error that is not temporary fails the call at once, and that a temporary one is
// retried like a refused call.
func TestCredentialsThatFail(t *testing.T) {
	for name, test := range map[string]struct {
		err  error
		want int
	}{
		"wrong from the start": {sourceError{errSourceDown, false}, 1},
		"down for a while":     {sourceError{errSourceDown, true}, DefaultMaxRetries + 1},
	} {
		t.Run(name, func(t *testing.T) {
			asked := 0
			source := sourceFunc(func(context.Context, time.Time) (keys, error) { asked++; return keys{}, test.err })
			f := newFixture(t, fakeesa.Options{}, func(c *Config) { c.Credential = newCredential(source) })
			_, err := f.client.CreateCustomHostname(t.Context(), f.createInput())
			if apiErr := new(Error); !errors.As(err, &apiErr) || errors.As(err, new(*UnclearCreateError)) ||
				!strings.Contains(err.Error(), "the request was not sent: no credentials: the source is down") {
				t.Errorf("got error %v, want one that says that the request was not sent", err)
			}
			if asked != test.want || len(f.Requests()) != 0 {
				t.Errorf("got %d attempts and %d requests, want %d and none", asked, len(f.Requests()), test.want)
			}
		})
	}
}

// TestInterruptedWhileCredentialsAreFetched checks that a call that ends while credentials are fetched does not blame the
// credentials.
func TestInterruptedWhileCredentialsAreFetched(t *testing.T) {
	hang := sourceFunc(func(ctx context.Context, _ time.Time) (keys, error) {
		<-ctx.Done()
		return keys{}, sourceError{fmt.Errorf("credentials_uri: %w", ctx.Err()), true}
	})
	f := newFixture(t, fakeesa.Options{}, func(c *Config) { c.Credential = newCredential(hang) })
	for want, end := range map[error]func() (context.Context, context.CancelFunc){
		context.DeadlineExceeded: func() (context.Context, context.CancelFunc) {
			return context.WithTimeout(t.Context(), time.Millisecond)
		},
		context.Canceled: func() (context.Context, context.CancelFunc) {
			ctx, cancel := context.WithCancel(t.Context())
			time.AfterFunc(time.Millisecond, cancel)
			return ctx, cancel
		},
	} {
		ctx, cancel := end()
		_, err := f.client.GetCustomHostname(ctx, 1)
		cancel()
		var apiErr *Error
		if !errors.As(err, &apiErr) || !errors.Is(apiErr.GaveUp, want) || strings.Contains(err.Error(), "credentials") {
			t.Errorf("got error %v, want one that wraps %v and does not mention credentials", err, want)
		}
	}
}

// datedSource returns keys that contain the time for which they were asked.
type datedSource struct{}

func (datedSource) name() string { return "dated" }

func (datedSource) get(ctx context.Context, now time.Time) (keys, error) {
	return keys{accessKey: now.UTC().Format(time.RFC3339), secretKey: "secret", securityToken: "token"}, ctx.Err()
}

// TestCredentialOutsideTheClient checks that a credential returns the keys of the current time to those who use it without a
// client, as the probe does.
func TestCredentialOutsideTheClient(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCredential(datedSource{})
		for range 3 {
			set, err := c.GetCredential()
			if err != nil {
				t.Fatal(err)
			}
			got := [3]string{*set.AccessKeyId, *set.AccessKeySecret, *set.SecurityToken}
			if want := [3]string{time.Now().UTC().Format(time.RFC3339), "secret", "token"}; got != want {
				t.Errorf("got %q, want %q", got, want)
			}
			time.Sleep(time.Hour)
		}
	})
}
