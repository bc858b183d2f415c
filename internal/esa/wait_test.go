package esa

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"terraform-provider-esa/internal/fakeesa"
)

// TestLongWaitsAreTold checks that the log says every half minute what a long wait is for.
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
		t.Errorf("got events %v, want at least 3 about the delete", told)
	}
	for i := 1; i < len(told); i++ {
		if apart := told[i].Duration - told[i-1].Duration; apart < noticeEvery {
			t.Errorf("got %v between two log lines, want at least %v", apart, noticeEvery)
		}
	}
}

// TestAwaitUpdatedLooksAgainAfterASlowAnswer checks that the wait reads once more after its time is up, because a slow
// response shows the state at the time of the request.
func TestAwaitUpdatedLooksAgainAfterASlowAnswer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newVirtual(t, fakeesa.Options{ReadLag: 20 * time.Second})
		id := f.add(1)[0]
		other := f.AddRecord(f.site.ID, "other.example.com")
		if err := f.client.UpdateCustomHostname(t.Context(), UpdateCustomHostnameInput{HostnameID: id, RecordID: other.ID}); err != nil {
			t.Fatal(err)
		}
		f.Inject(fakeesa.Fault{Action: "GetCustomHostname", Skip: 3, After: true, Delay: updatedLimit - time.Second})
		got, err := f.client.AwaitUpdated(t.Context(), id, func(h *CustomHostname) bool { return h.RecordID == other.ID })
		if err != nil || got == nil || got.RecordID != other.ID {
			t.Errorf("got %+v, error %v; want the new record", got, err)
		}
	})
}

// TestAwaitUpdated checks that the client waits for a hostname that ESA is configuring as long as the context allows, but
// not for one that does not change.
func TestAwaitUpdated(t *testing.T) {
	tests := map[string]struct {
		options fakeesa.Options
		limit   time.Duration
		settled bool
		most    time.Duration
	}{
		"configuring for minutes":     {fakeesa.Options{UpdateTakes: 7 * time.Minute}, 10 * time.Minute, true, 8 * time.Minute},
		"configuring for hours":       {fakeesa.Options{UpdateTakes: 7 * time.Hour}, 10 * time.Minute, false, 10 * time.Minute},
		"reads that lag":              {fakeesa.Options{ReadLag: 30 * time.Second}, 10 * time.Minute, true, time.Minute},
		"reads that never see it":     {fakeesa.Options{ReadLag: 30 * time.Hour}, 10 * time.Minute, false, time.Minute},
		"a limit below what it takes": {fakeesa.Options{ReadLag: 30 * time.Second}, 10 * time.Second, false, 10 * time.Second},
	}
	for title, test := range tests {
		t.Run(title, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				f := newVirtual(t, test.options)
				id := f.add(1)[0]
				other := f.AddRecord(f.site.ID, "other.example.com")
				if err := f.client.UpdateCustomHostname(t.Context(), UpdateCustomHostnameInput{HostnameID: id, RecordID: other.ID}); err != nil {
					t.Fatal(err)
				}
				ctx, cancel := context.WithTimeout(t.Context(), test.limit)
				defer cancel()
				began := time.Now()
				got, err := f.client.AwaitUpdated(ctx, id, func(h *CustomHostname) bool { return h.RecordID == other.ID })
				if err != nil || got == nil || (got.RecordID == other.ID) != test.settled || time.Since(began) > test.most {
					t.Errorf("got %+v, error %v after %v", got, err, time.Since(began))
				}
			})
		})
	}
}

// TestAwaitCreatedWaitsForTheToken checks that the client waits for the token of a new hostname, for a minute at most.
func TestAwaitCreatedWaitsForTheToken(t *testing.T) {
	for gets, comes := range map[int]bool{0: true, 5: true, 1000: false} {
		synctest.Test(t, func(t *testing.T) {
			f := newVirtual(t, fakeesa.Options{VerifyCodeGets: gets})
			id := f.create(t)
			began := time.Now()
			got, err := f.client.AwaitCreated(t.Context(), id)
			took := time.Since(began)
			if err != nil || got == nil || (got.VerifyCode != "") != comes || took > time.Minute || !comes && took < 40*time.Second || gets == 5 && took < 5*time.Second {
				t.Errorf("%d reads without a token: got %+v, error %v after %v", gets, got, err, took)
			}
		})
	}
}

// TestAwaitCreatedWhileConfiguring checks that a hostname that is still configuring is read again until it has its token.
func TestAwaitCreatedWhileConfiguring(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newVirtual(t, fakeesa.Options{})
		id := f.create(t)
		early := fmt.Sprintf(`{"RequestId":"R","CustomHostnameModel":{"HostnameId":%d,"Hostname":"shop.customer.com","SiteId":%d,"RecordId":%d,"SslFlag":"off","Status":"configuring"}}`,
			id, f.site.ID, f.record.ID)
		f.Inject(fakeesa.Fault{Action: "GetCustomHostname", Status: 200, RawBody: &early, Times: 3})
		got, err := f.client.AwaitCreated(t.Context(), id)
		if err != nil || got == nil || got.VerifyCode == "" {
			t.Errorf("got %+v, %v, want the hostname with its token", got, err)
		}
	})
}

// TestGetUnread checks that a hostname that reads do not show yet is read again, and that a deleted one is not found after at
// most a minute.
func TestGetUnread(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newVirtual(t, fakeesa.Options{ReadLag: 40 * time.Second})
		id, err := f.client.CreateCustomHostname(t.Context(), f.createInput())
		if err != nil {
			t.Fatal(err)
		}
		if got, err := f.client.GetUnread(t.Context(), id); err != nil || got.HostnameID != id {
			t.Errorf("got %+v, error %v; want the new hostname", got, err)
		}
		f.RemoveHostname(id)
		time.Sleep(time.Minute)
		began := time.Now()
		_, err = f.client.GetUnread(t.Context(), id)
		if took := time.Since(began); !IsNotFound(err) || took < 40*time.Second || took > time.Minute {
			t.Errorf("deleted: got error %v after %v, want not found after 40s to 1m", err, took)
		}
	})
}

// TestLagIsLearned checks that the client learns how long reads lag, and reads when the change should be visible: about once
// for each write.
func TestLagIsLearned(t *testing.T) {
	for _, lag := range []time.Duration{0, time.Second, 10 * time.Second} {
		t.Run(fmt.Sprint(lag), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				f := newVirtual(t, fakeesa.Options{ReadLag: lag, Busy: fakeesa.BusyNothing, CreateLimitPerHour: fakeesa.NoLimit})
				const count = 500
				life := func(i int) {
					in := f.createInput()
					in.Hostname = fmt.Sprintf("h%d.customer.com", i)
					id, err := f.client.CreateCustomHostname(t.Context(), in)
					if err != nil {
						t.Error(err)
						return
					}
					if _, err := f.client.AwaitCreated(t.Context(), id); err != nil {
						t.Error(err)
					}
					if err := f.client.DeleteCustomHostname(t.Context(), id); err != nil {
						t.Error(err)
					}
					if err := f.client.AwaitDeleted(t.Context(), id); err != nil {
						t.Error(err)
					}
				}
				began := time.Now()
				atOnce(count, life)
				looks := float64(f.Count("GetCustomHostname")) / (2 * count)
				took := float64(time.Since(began)) / float64(max(1, 2*lag*count/10))
				t.Logf("%.2f reads for each write, %.2f times the least time", looks, took)
				if looks > 1.25 || lag > 0 && took > 1.3 {
					t.Errorf("got %.2f reads for each write, %.2f times the least time; want at most 1.25 and 1.3", looks, took)
				}
			})
		})
	}
}

// TestLag checks what a wait shows about how long reads lag behind writes.
func TestLag(t *testing.T) {
	const s = time.Second
	for name, test := range map[string]struct {
		last, expected, after time.Duration
		looks                 int
		want                  time.Duration
	}{
		"the first read, without a lag":           {0, 0, 0, 1, 0},
		"the first read, after a pause":           {10 * s, 10 * s, 10 * s, 1, 9850 * time.Millisecond},
		"the first read, of a shorter pause":      {10 * s, 4 * s, 4 * s, 1, 3940 * time.Millisecond},
		"the first read, of a longer pause":       {3 * s, 4 * s, 4 * s, 1, 3 * s},
		"the first read, after the shortest":      {20 * time.Millisecond, 20 * time.Millisecond, s, 1, 0},
		"a later read, without a lag":             {0, 0, 7 * s, 2, 7 * s},
		"a later read, of a guess that was worse": {5 * s, 0, 7 * s, 2, 5 * s},
		"a later read, of a better guess":         {9 * s, 0, 7 * s, 2, 7 * s},
		"a later read, of a guess and no time":    {0, 0, 19 * time.Millisecond, 2, 0},
		"a later read, of the shortest time":      {0, 0, lagNone, 2, lagNone},
		"a later read, soon after the pause":      {4 * s, 4 * s, 5 * s, 2, 5 * s},
		"a later read, long after the pause":      {4 * s, 4 * s, 9 * s, 2, 5200 * time.Millisecond},
		"a later read, of others' shorter pause":  {8 * s, 4 * s, 5 * s, 2, 8 * s},
		"a later read, beyond the cap":            {0, 0, 16 * s, 2, lagCap},
	} {
		l := &lag{last: test.last}
		if l.learn(test.expected, test.after, test.looks); l.expected() != test.want {
			t.Errorf("%s: got %v, want %v", name, l.expected(), test.want)
		}
	}
}

// TestReadsOfAWait checks when a wait reads, without and with a lag that is known, and what it learns.
func TestReadsOfAWait(t *testing.T) {
	for name, test := range map[string]struct {
		lag     int // in milliseconds, like all here
		settles int // the read that shows the change; 0 for none
		want    []int64
		learned int64
	}{
		"no lag, at once":        {0, 1, []int64{0}, 0},
		"no lag, the third read": {0, 3, []int64{0, 500, 1500}, 1500},
		"no lag, never":          {0, 0, []int64{0, 500, 1500, 3500, 7500, 15500, 31500, 51500}, 0},
		"a lag, at once":         {6000, 1, []int64{6000}, 5910},
		"a lag, the fourth read": {6000, 4, []int64{6000, 7000, 9000, 12000}, 7800},
		"a short lag":            {300, 3, []int64{300, 425, 550}, 390},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				f := newVirtual(t, fakeesa.Options{})
				f.client.jitter = func() float64 { return 1 }
				f.client.lags.updated.last = time.Duration(test.lag) * time.Millisecond
				id := f.add(1)[0]
				began := time.Now()
				var got []int64
				hostname, err := f.client.AwaitUpdated(t.Context(), id, func(*CustomHostname) bool {
					got = append(got, time.Since(began).Milliseconds())
					return len(got) == test.settles
				})
				if err != nil || hostname.HostnameID != id || !cmp.Equal(got, test.want) {
					t.Errorf("got %+v, error %v, reads after %v ms; want %v", hostname, err, got, test.want)
				}
				if learned := f.client.lags.updated.expected().Milliseconds(); learned != test.learned {
					t.Errorf("got a lag of %d ms, want %d", learned, test.learned)
				}
			})
		})
	}
}

// TestWaitsEndWithErrors checks what each wait returns if a read fails.
func TestWaitsEndWithErrors(t *testing.T) {
	waits := map[string]func(*Client, int64) (*CustomHostname, error){
		"created": func(c *Client, id int64) (*CustomHostname, error) { return c.AwaitCreated(t.Context(), id) },
		"unread":  func(c *Client, id int64) (*CustomHostname, error) { return c.GetUnread(t.Context(), id) },
		"updated": func(c *Client, id int64) (*CustomHostname, error) {
			return c.AwaitUpdated(t.Context(), id, func(*CustomHostname) bool { return false })
		},
		"deleted": func(c *Client, id int64) (*CustomHostname, error) { return nil, c.AwaitDeleted(t.Context(), id) },
	}
	for name, test := range map[string]struct {
		wait  string
		first string // the code of the first read, "" for a success without a token
		found bool   // whether the hostname is returned with the error
		reads int
	}{
		"created, at once":         {"created", "NoPermission", false, 1},
		"created, after not found": {"created", "CustomHostname.NotFound", false, 2},
		"created, after a read":    {"created", "", true, 2},
		"unread, at once":          {"unread", "NoPermission", false, 1},
		"unread, after not found":  {"unread", "CustomHostname.NotFound", false, 2},
		"updated, at once":         {"updated", "NoPermission", false, 1},
		"updated, and not found":   {"updated", "CustomHostname.NotFound", false, 1},
		"updated, after a read":    {"updated", "", true, 2},
		"deleted, at once":         {"deleted", "NoPermission", false, 1},
		"deleted, after a read":    {"deleted", "", false, 2},
	} {
		f := newFixture(t, fakeesa.Options{VerifyCodeGets: 10})
		id := f.create(t)
		first := fakeesa.Fault{Action: "GetCustomHostname", Code: test.first}
		if test.first != "" {
			f.Inject(first)
			f.Inject(fakeesa.Fault{Action: "GetCustomHostname", Code: "NoPermission"})
		} else {
			f.Inject(fakeesa.Fault{Action: "GetCustomHostname", Code: "NoPermission", Skip: 1})
		}
		got, err := waits[test.wait](f.client, id)
		code := CodeNoPermission
		if test.wait == "updated" && test.first != "" {
			code = ErrorCode(test.first)
		}
		if !IsCode(err, code) || (got != nil) != test.found || test.found && got.HostnameID != id || f.Count("GetCustomHostname") != test.reads {
			t.Errorf("%s: got %+v, error %v after %d reads; want %s after %d", name, got, err, f.Count("GetCustomHostname"), code, test.reads)
		}
	}
}

// TestWaitsEndWithTheContext checks what each wait returns if its context ends.
func TestWaitsEndWithTheContext(t *testing.T) {
	for name, test := range map[string]struct {
		options fakeesa.Options
		wait    func(context.Context, *Client, int64) (*CustomHostname, error)
		found   bool
		fails   func(error) bool
	}{
		"created, never found": {
			fakeesa.Options{NotFoundGets: 1000},
			func(ctx context.Context, c *Client, id int64) (*CustomHostname, error) {
				return c.AwaitCreated(ctx, id)
			}, false, IsNotFound,
		},
		"created, never a token": {
			fakeesa.Options{VerifyCodeGets: 1000},
			func(ctx context.Context, c *Client, id int64) (*CustomHostname, error) {
				return c.AwaitCreated(ctx, id)
			}, true,
			func(err error) bool { return errors.Is(err, context.DeadlineExceeded) },
		},
		"updated": {
			fakeesa.Options{},
			func(ctx context.Context, c *Client, id int64) (*CustomHostname, error) {
				return c.AwaitUpdated(ctx, id, func(*CustomHostname) bool { return false })
			}, true,
			func(err error) bool { return err == nil },
		},
		"deleted": {
			fakeesa.Options{},
			func(ctx context.Context, c *Client, id int64) (*CustomHostname, error) {
				return nil, c.AwaitDeleted(ctx, id)
			}, false,
			func(err error) bool { return errors.Is(err, context.DeadlineExceeded) },
		},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				f := newVirtual(t, test.options)
				id := f.create(t)
				ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
				defer cancel()
				began := time.Now()
				got, err := test.wait(ctx, f.client, id)
				if took := time.Since(began); !test.fails(err) || (got != nil) != test.found || took != 10*time.Second {
					t.Errorf("got %+v, error %v after %v, want 10s", got, err, took)
				}
			})
		})
	}
}

// TestWaitsAfterTheContext checks that each wait tries one read even if its context has ended, and returns its error.
func TestWaitsAfterTheContext(t *testing.T) {
	f := newFixture(t, fakeesa.Options{})
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, created := f.client.AwaitCreated(ctx, 1)
	_, unread := f.client.GetUnread(ctx, 1)
	_, updated := f.client.AwaitUpdated(ctx, 1, func(*CustomHostname) bool { return true })
	for _, err := range []error{created, unread, updated, f.client.AwaitDeleted(ctx, 1)} {
		wantText(t, err, "GetCustomHostname at "+strings.TrimPrefix(f.URL(), "http://")+": the request was not sent; gave up after 1 attempt: context canceled")
	}
}

// TestWaitsAreLogged checks when a wait is logged.
func TestWaitsAreLogged(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var got []Event
		f := newVirtual(t, fakeesa.Options{}, func(c *Config) {
			c.Log = func(_ context.Context, event Event) { got = append(got, event) }
		})
		w := f.client.newWait("something")
		began := time.Now()
		for _, d := range []time.Duration{65 * time.Second, 0, -1, 24 * time.Second, time.Second, 29 * time.Second} {
			if err := w.sleep(t.Context(), d); err != nil {
				t.Fatal(err)
			}
		}
		if took := time.Since(began); took != 119*time.Second {
			t.Errorf("got pauses of %v in total, want 1m59s", took)
		}
		want := []Event{{Waiting: "something", Duration: 30 * time.Second}, {Waiting: "something", Duration: time.Minute}, {Waiting: "something", Duration: 90 * time.Second}}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("events (-want +got):\n%s", diff)
		}
		ended, cancel := context.WithCancel(t.Context())
		cancel()
		for _, d := range []time.Duration{0, time.Second} {
			if err := w.sleep(ended, d); !errors.Is(err, context.Canceled) {
				t.Errorf("a pause of %v: got error %v, want context.Canceled", d, err)
			}
		}
	})
}
