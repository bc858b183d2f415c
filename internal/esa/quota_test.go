package esa

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"terraform-provider-esa/internal/fakeesa"
)

// TestCreateQuota creates enough hostnames for several hours, ten at a time. All must succeed, in little more than the least
// possible time, and with few calls refused.
func TestCreateQuota(t *testing.T) {
	const quota, hours = 100, 5
	for window, name := range map[fakeesa.CreateWindow]string{fakeesa.CreateWindowSliding: "any hour", fakeesa.CreateWindowFixed: "the clock's hour"} {
		for header, with := range map[fakeesa.RetryAfter]string{
			fakeesa.RetryAfterMilliseconds: "x-acs-retry-after", fakeesa.RetryAfterSeconds: "Retry-After", fakeesa.RetryAfterNone: "no header",
		} {
			t.Run(name+" with "+with, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					f := newVirtual(t, fakeesa.Options{CreateLimitPerHour: quota, CreateWindow: window, RetryAfter: header, Busy: fakeesa.BusyNothing, Latency: 50 * time.Millisecond},
						func(c *Config) { c.MaxRetries = 0 }) // retries do not matter for the quota
					time.Sleep(25 * time.Minute) // not at the start of the clock's hour
					began := time.Now()
					atOnce(hours*quota, func(i int) {
						in := f.createInput()
						in.Hostname = fmt.Sprintf("h%d.customer.com", i)
						if _, err := f.client.CreateCustomHostname(t.Context(), in); err != nil {
							t.Error(err)
						}
					})
					took, least := time.Since(began), (hours-1)*time.Hour
					if window == fakeesa.CreateWindowFixed {
						least -= 25 * time.Minute
					}
					refused := f.refusals("Throttling.User")
					t.Logf("%.3f times the least time, %d calls refused", float64(took)/float64(least), refused)
					if took > least*105/100 {
						t.Errorf("got %v, the least time is %v", took, least)
					}
					if made := len(f.Hostnames()); made != hours*quota {
						t.Errorf("got %d hostnames, want %d", made, hours*quota)
					}
					limit := (hours - 1) * 15
					if header == fakeesa.RetryAfterNone {
						limit *= 2 // The pauses between attempts are random: 18 to 26 calls of an hour are refused.
					}
					if refused > limit {
						t.Errorf("got %d refused calls, want at most %d", refused, limit)
					}
				})
			})
		}
	}
}

// TestCreateQuotaIsNotEveryLimit checks that a create that was throttled by another limit than the hourly one does not wait
// for minutes.
func TestCreateQuotaIsNotEveryLimit(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newVirtual(t, fakeesa.Options{CreateLimitPerHour: fakeesa.NoLimit, CallsPerSecond: 5, RetryAfter: fakeesa.RetryAfterNone})
		began := time.Now()
		atOnce(100, func(i int) {
			in := f.createInput()
			in.Hostname = fmt.Sprintf("h%d.customer.com", i)
			if _, err := f.client.CreateCustomHostname(t.Context(), in); err != nil {
				t.Error(err)
			}
		})
		if took := time.Since(began); took > time.Minute {
			t.Errorf("got %v, want at most a minute; the least time is 20 s", took)
		}
	})
}

// otherRun returns the client of another run with the same account.
func (f *fixture) otherRun(t *testing.T) *Client {
	t.Helper()
	other, err := New(Config{Endpoint: "http://127.0.0.1:1", Credential: f.credential, MaxRetries: DefaultMaxRetries})
	if err != nil {
		t.Fatal(err)
	}
	other.wire.http.Transport = direct{handler: f.Server}
	return other
}

// TestCreateQuotaIsShared checks that the client learns that others use the quota too.
func TestCreateQuotaIsShared(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newVirtual(t, fakeesa.Options{CreateLimitPerHour: 20, Busy: fakeesa.BusyNothing})
		other := f.otherRun(t)
		began := time.Now()
		atOnce(60, func(i int) {
			client, in := f.client, f.createInput()
			if i%2 == 1 {
				client = other
			}
			in.Hostname = fmt.Sprintf("h%d.customer.com", i)
			if _, err := client.CreateCustomHostname(t.Context(), in); err != nil {
				t.Error(err)
			}
		})
		// In each of the two hours, the client that the other one left no room notices the next hour one pause late.
		if took := time.Since(began); took > 2*(quotaSpan+toldCap)+time.Minute {
			t.Errorf("got %v, want at most 2h31m", took)
		}
		if refused := f.refusals("Throttling.User"); refused > 200 {
			t.Errorf("got %d refused calls, want at most 200", refused)
		}
	})
}

// TestCreateQuotaThatOthersUsedUp checks a run whose first create is throttled, so that it cannot know when there is room. Once
// one create succeeds, all others must follow at once.
func TestCreateQuotaThatOthersUsedUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const quota = 20
		f := newVirtual(t, fakeesa.Options{CreateLimitPerHour: quota, CreateWindow: fakeesa.CreateWindowFixed, RetryAfter: fakeesa.RetryAfterNone, Busy: fakeesa.BusyNothing})
		time.Sleep(25 * time.Minute) // into the clock's hour
		create := func(client *Client, name string) {
			in := f.createInput()
			in.Hostname = name
			if _, err := client.CreateCustomHostname(t.Context(), in); err != nil {
				t.Error(err)
			}
		}
		other := f.otherRun(t)
		for i := range quota {
			create(other, fmt.Sprintf("other%d.customer.com", i))
		}
		began := time.Now()
		atOnce(quota, func(i int) { create(f.client, fmt.Sprintf("h%d.customer.com", i)) })
		if took := time.Since(began); took > 35*time.Minute+probeCap {
			t.Errorf("got %v, want at most %v more than 35m", took, probeCap)
		}
		if refused := f.refusals("Throttling.User"); refused > 25 {
			t.Errorf("got %d refused calls, want at most 25", refused)
		}
	})
}

// TestCreateQuotaHoldsUpNobodyElse checks that a create that waits for its quota delays no other call.
func TestCreateQuotaHoldsUpNobodyElse(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newVirtual(t, fakeesa.Options{CreateLimitPerHour: 1, Latency: 10 * time.Millisecond})
		ids := f.add(100)
		other := f.AddRecord(f.site.ID, "other.example.com")
		change := func() time.Duration {
			began := time.Now()
			atOnce(len(ids), func(i int) {
				if err := f.client.UpdateCustomHostname(t.Context(), UpdateCustomHostnameInput{HostnameID: ids[i], RecordID: other.ID}); err != nil {
					t.Error(err)
				}
				if _, err := f.client.GetCustomHostname(t.Context(), ids[i]); err != nil {
					t.Error(err)
				}
			})
			return time.Since(began)
		}
		change() // learns that the record can be busy
		alone := change()
		f.create(t)
		ctx, cancel := context.WithCancel(t.Context())
		var waiting sync.WaitGroup
		for i := range 3 {
			waiting.Go(func() {
				in := f.createInput()
				in.Hostname = fmt.Sprintf("waits%d.customer.com", i)
				_, _ = f.client.CreateCustomHostname(ctx, in)
			})
		}
		time.Sleep(time.Minute)
		if refused := f.refusals("Throttling.User"); refused < 3 {
			t.Fatalf("got %d throttled creates, want 3", refused)
		}
		if beside := change(); beside > alone*105/100 {
			t.Errorf("got %v for 100 changes while three creates wait, want at most 1.05 times %v", beside, alone)
		}
		cancel()
		waiting.Wait()
	})
}

func TestCreateQuotaEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newVirtual(t, fakeesa.Options{CreateLimitPerHour: 1})
		f.create(t)
		began := time.Now()
		ctx, cancel := context.WithTimeout(t.Context(), 20*time.Minute)
		defer cancel()
		var throttled atomic.Int32
		atOnce(3, func(i int) {
			in := f.createInput()
			in.Hostname = fmt.Sprintf("h%d.customer.com", i)
			_, err := f.client.CreateCustomHostname(ctx, in)
			var quota *CreateQuotaError
			if !errors.As(err, &quota) || quota.Made != 1 {
				t.Fatalf("got error %v, want a CreateQuotaError with one create", err)
			}
			var e *Error
			if !errors.As(err, &e) {
				t.Fatalf("got error %v, want an Error in it", err)
			}
			if e.Code == "" { // This one waited for the others.
				wantText(t, err, "throttled after 1 hostnames: CreateCustomHostname at 127.0.0.1:1: the request was not sent; gave up after 1 attempt: context deadline exceeded")
				return
			}
			throttled.Add(1)
			wantText(t, err, "throttled after 1 hostnames: CreateCustomHostname at 127.0.0.1:1: Throttling.User: "+e.Message+" (request id "+e.RequestID+")")
		})
		if throttled.Load() == 0 {
			t.Error("no create returned the error of ESA")
		}
		if n := f.Count("ListCustomHostnames"); n != 0 {
			t.Errorf("got %d lists, want none, as throttled creates have no effect", n)
		}
		if took := time.Since(began); took != 20*time.Minute || len(f.Hostnames()) != 1 {
			t.Errorf("got %d hostnames after %v, want 1 after 20m", len(f.Hostnames()), took)
		}
	})
}

// TestCreateQuotaEndsBeforeItIsSent checks the error of a create whose context ends before it was sent, because another create
// tries whether there is room.
func TestCreateQuotaEndsBeforeItIsSent(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newVirtual(t, fakeesa.Options{CreateLimitPerHour: 1})
		f.create(t)
		create := func(name string, limit time.Duration) error {
			ctx, cancel := context.WithTimeout(t.Context(), limit)
			defer cancel()
			in := f.createInput()
			in.Hostname = name
			id, err := f.client.CreateCustomHostname(ctx, in)
			if id != 0 {
				t.Errorf("got id %d, want none", id)
			}
			return err
		}
		var group sync.WaitGroup
		group.Go(func() { _ = create("first.customer.com", 20*time.Minute) })
		time.Sleep(time.Minute)
		began := time.Now()
		wantText(t, create("second.customer.com", 10*time.Minute),
			"throttled after 1 hostnames: CreateCustomHostname at 127.0.0.1:1: the request was not sent; gave up after 1 attempt: context deadline exceeded")
		if took := time.Since(began); took != 10*time.Minute {
			t.Errorf("got %v, want 10m", took)
		}
		group.Wait()
		for _, request := range f.RequestsOf("CreateCustomHostname") {
			if request.Params.Get("Hostname") == "second.customer.com" {
				t.Error("the second create was sent")
			}
		}
	})
}

// TestIsThrottled checks what counts as throttled.
func TestIsThrottled(t *testing.T) {
	for _, test := range []struct {
		err  error
		want bool
	}{
		{&Error{Code: CodeTooManyRequests}, true},
		{&Error{Code: CodeThrottling}, true},
		{&Error{Code: "Throttling.Api"}, true},
		{&Error{Code: CodeRejectedThrottling}, true},
		{&Error{Code: "Throttled"}, false},
		{&Error{Code: "Something.New", Status: 429}, true},
		{&Error{Status: 429}, true},
		{&Error{Code: CodeRecordServiceBusy, Status: 429}, false},
		{&Error{Code: CodeSiteServiceBusy, Status: 429}, false},
		{&Error{Code: CodeNoPermission, Status: 403}, false},
		{&CreateQuotaError{Err: &Error{Code: CodeThrottling}}, true},
		{errors.New("Throttling"), false},
		{nil, false},
	} {
		if got := isThrottled(test.err); got != test.want {
			t.Errorf("%v: got %t", test.err, got)
		}
	}
}

// TestCreateQuotaRoom checks what the client knows of the room for creates, step by step.
func TestCreateQuotaRoom(t *testing.T) {
	start := time.Now()
	q := newCreateQuota()
	enter := func(after time.Duration, room bool, due time.Duration) {
		t.Helper()
		gotRoom, gotDue := q.enter(start.Add(after))
		want := time.Time{}
		if due != 0 {
			want = start.Add(due)
		}
		if gotRoom != room || !gotDue.Equal(want) {
			t.Errorf("after %v: got room %t, due after %v; want %t, %v", after, gotRoom, gotDue.Sub(start), room, due)
		}
	}
	accepted := func(after time.Duration) {
		q.take(start.Add(after))
		q.learn(start.Add(after), true, false, false, false)
	}
	refused := func(after time.Duration, tried bool) { q.learn(start.Add(after), false, true, tried, false) }

	for i := range 3 { // as long as no create is throttled, there is room
		enter(time.Duration(i)*time.Minute, true, 0)
		accepted(time.Duration(i) * time.Minute)
	}
	enter(3*time.Minute, true, 0)
	refused(3*time.Minute, false) // so the room is 3
	const slack = probeSlack
	enter(4*time.Minute, false, time.Hour+slack)
	q.try()
	refused(5*time.Minute, true)
	if q.tries() != 1 || q.soFar() != 3 {
		t.Errorf("got %d tries and %d hostnames, want 1 and 3", q.tries(), q.soFar())
	}
	enter(time.Hour+slack-1, false, time.Hour+slack)
	enter(time.Hour+slack, true, 0)
	enter(time.Hour+slack, false, 0) // the one under way takes the room; nobody knows when there is more
	accepted(time.Hour + slack)
	enter(time.Hour+slack, false, time.Hour+time.Minute+slack)
	for range 3 { // one that ESA never received takes no room
		enter(time.Hour+time.Minute+slack, true, 0)
		q.learn(start.Add(time.Hour+time.Minute+slack), false, false, false, false)
	}
	enter(time.Hour+time.Minute+slack, true, 0)
	refused(time.Hour+time.Minute+slack, false) // so the room is only 2
	enter(time.Hour+time.Minute+slack, false, time.Hour+2*time.Minute+slack)

	// A create that succeeds long before there should be room is a surprise: all are sent again.
	q.try()
	surprise := time.Hour + 90*time.Second
	q.take(start.Add(surprise))
	q.learn(start.Add(surprise), true, false, true, true)
	if q.tries() != 0 || q.soFar() != 5 {
		t.Errorf("got %d tries and %d hostnames after a surprise, want 0 and 5", q.tries(), q.soFar())
	}
	for i := range 3 {
		enter(surprise+time.Duration(i), true, 0)
		accepted(surprise + time.Duration(i))
	}
	enter(surprise+time.Minute, true, 0)
	refused(surprise+time.Minute, false) // most creates of the last hour came after the surprise: the hour started then
	enter(surprise+time.Minute, false, surprise+time.Hour+slack)
}

// TestProbePause checks the pauses between the tries of a throttled create.
func TestProbePause(t *testing.T) {
	for _, test := range []struct {
		tries  int
		err    error
		jitter float64
		want   time.Duration
	}{
		{0, nil, 0, 250 * time.Millisecond},
		{0, nil, 1, 500 * time.Millisecond},
		{1, nil, 1, 2 * time.Second},
		{4, nil, 1, 128 * time.Second},
		{5, nil, 1, probeCap},
		{100, nil, 0, probeCap / 2},
		{2, &Error{Code: CodeThrottling}, 1, 8 * time.Second},
		{2, errors.New("x"), 1, 8 * time.Second},
		{2, &Error{RetryAfter: time.Minute}, 0, time.Minute},
		{2, &Error{RetryAfter: time.Minute}, 1, time.Minute + backoffBase},
		{2, &Error{RetryAfter: toldCap + 1}, 0, toldCap},
	} {
		client := &Client{jitter: func() float64 { return test.jitter }}
		if got := client.probePause(test.tries, test.err); got != test.want {
			t.Errorf("%+v: got a pause of %v", test, got)
		}
	}
}

// TestCreateQuotaAfterASurprise checks when a surprise starts the hour of the quota: if at least half of the creates of the last
// hour came since.
func TestCreateQuotaAfterASurprise(t *testing.T) {
	start := time.Now()
	for opened, want := range map[time.Duration]int{0: 4, time.Second: 3, 2 * time.Second: 2, 3 * time.Second: 4, time.Minute: 4} {
		q := &createQuota{opened: start.Add(opened)}
		for i := range 4 {
			q.take(start.Add(time.Duration(i) * time.Second))
		}
		if got := q.roomNow(); got != want {
			t.Errorf("a surprise after %v: got room for %d, want %d", opened, got, want)
		}
	}
}
