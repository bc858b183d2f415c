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

	"terraform-provider-esa/internal/fakeesa"
)

// atOnce runs jobs, ten at a time, like Terraform.
func atOnce(count int, job func(i int)) {
	work := make(chan int)
	var group sync.WaitGroup
	for range 10 {
		group.Go(func() {
			for i := range work {
				job(i)
			}
		})
	}
	for i := range count {
		work <- i
	}
	close(work)
	group.Wait()
}

// add creates hostnames on one record.
func (f *fixture) add(count int) []int64 {
	ids := make([]int64, count)
	for i := range ids {
		ids[i] = f.AddHostname(fakeesa.Hostname{SiteID: f.site.ID, RecordID: f.record.ID, Hostname: fmt.Sprintf("h%d.customer.com", i), SSLFlag: SSLOff}).ID
	}
	return ids
}

// refusals counts the calls that were refused with one of the codes.
func (f *fixture) refusals(codes ...string) (n int) {
	for _, request := range f.Requests() {
		for _, code := range codes {
			if request.Code == code {
				n++
			}
		}
	}
	return n
}

// TestTurns performs many writes on one record, of which ESA accepts one at a time. The least time is that of one write
// after another.
func TestTurns(t *testing.T) {
	remove := func(f *fixture, id int64) error { return f.client.DeleteCustomHostname(context.Background(), id) }
	tests := map[string]struct {
		options fakeesa.Options
		count   int
		write   func(f *fixture, id int64) error
		known   bool          // whether the client knows the record
		each    time.Duration // how long ESA needs for one write, on average
		time    float64       // maximum, in multiples of the least time
		refused float64       // maximum number of refusals for each write
	}{
		"deletes, busy while written":                 {fakeesa.Options{Latency: 500 * time.Millisecond}, 30, remove, true, 500 * time.Millisecond, 1.3, 0.4},
		"deletes of which the record is not known":    {fakeesa.Options{Latency: 500 * time.Millisecond}, 30, remove, false, 500 * time.Millisecond, 1.3, 0.4},
		"many deletes, busy for a second":             {fakeesa.Options{Latency: time.Second}, 120, remove, true, time.Second, 1.3, 0.4},
		"deletes, busy for 1 to 5 s after the answer": {fakeesa.Options{BusyAtLeast: time.Second, BusyAtMost: 5 * time.Second}, 300, remove, true, 3 * time.Second, 1.4, 1},
		"deletes, busy for 0.5 s after the answer":    {fakeesa.Options{BusyAtLeast: 500 * time.Millisecond, BusyAtMost: 500 * time.Millisecond}, 100, remove, true, 500 * time.Millisecond, 1.3, 0.6},
		"deletes, the whole site busy for 1 s":        {fakeesa.Options{Busy: fakeesa.BusySite, BusyAtLeast: time.Second, BusyAtMost: time.Second}, 100, remove, true, time.Second, 1.3, 0.6},
		"moves that keep both records busy for 1 to 5 s": {fakeesa.Options{BusyLeft: true, BusyAtLeast: time.Second, BusyAtMost: 5 * time.Second}, 300, func(f *fixture, id int64) error {
			return f.client.UpdateCustomHostname(context.Background(), UpdateCustomHostnameInput{HostnameID: id, RecordID: f.other.ID})
		}, true, 3667 * time.Millisecond, 1.4, 1}, // the longer of the two times
		"verifications, busy while written": {fakeesa.Options{Latency: 500 * time.Millisecond}, 30, func(f *fixture, id int64) error {
			_, err := f.client.VerifyCustomHostname(context.Background(), id)
			return err
		}, true, 500 * time.Millisecond, 1.3, 0.4},
		"changes of the certificate, busy while written": {fakeesa.Options{Latency: 500 * time.Millisecond}, 30, func(f *fixture, id int64) error {
			return f.client.UpdateCustomHostname(context.Background(), UpdateCustomHostnameInput{HostnameID: id, SSLFlag: SSLOn, Certificate: &Certificate{Type: CertTypeFree}})
		}, true, 500 * time.Millisecond, 1.3, 0.4},
	}
	for title, test := range tests {
		t.Run(title, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				f := newVirtual(t, test.options)
				ids := f.add(test.count)
				f.other = f.AddRecord(f.site.ID, "other.example.com")
				if test.known {
					for _, id := range ids {
						f.client.KnowPlace(id, f.site.ID, f.record.ID)
					}
				}
				began := time.Now()
				atOnce(len(ids), func(i int) {
					if err := test.write(f, ids[i]); err != nil {
						t.Error(err)
					}
				})
				took := float64(time.Since(began)) / float64(time.Duration(test.count)*test.each)
				refused := float64(f.refusals("Record.ServiceBusy", "Site.ServiceBusy")) / float64(test.count)
				t.Logf("%.2f times the least time, %.2f refusals for each write", took, refused)
				if took > test.time || refused > test.refused {
					t.Errorf("got %.2f times the least time, want at most %.2f; got %.2f refusals for each write, want at most %.2f", took, test.time, refused, test.refused)
				}
			})
		})
	}
}

// TestTurnsAreOfOneRecord checks that writes to another record do not wait for a busy one.
func TestTurnsAreOfOneRecord(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newVirtual(t, fakeesa.Options{BusyAtLeast: time.Minute, BusyAtMost: time.Minute})
		ids := f.add(3)
		other := f.AddRecord(f.site.ID, "other.example.com")
		free := f.AddHostname(fakeesa.Hostname{SiteID: f.site.ID, RecordID: other.ID, Hostname: "free.customer.com", SSLFlag: SSLOff}).ID
		for _, id := range ids {
			f.client.KnowPlace(id, f.site.ID, f.record.ID)
		}
		f.client.KnowPlace(free, f.site.ID, other.ID)
		var group sync.WaitGroup
		for _, id := range ids {
			group.Go(func() {
				if err := f.client.DeleteCustomHostname(t.Context(), id); err != nil {
					t.Error(err)
				}
			})
		}
		time.Sleep(time.Second)
		began := time.Now()
		if err := f.client.DeleteCustomHostname(t.Context(), free); err != nil || time.Since(began) > 0 {
			t.Errorf("got error %v after %v, want none at once", err, time.Since(began))
		}
		group.Wait()
	})
}

// TestTurnsOfAMove checks that a write that moves a hostname to a busy record waits for that record, and does not delay writes to
// the record that the hostname leaves.
func TestTurnsOfAMove(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newVirtual(t, fakeesa.Options{BusyAtLeast: time.Minute, BusyAtMost: time.Minute})
		moves, stays := f.add(2)[0], f.Hostnames()[1].ID
		busy := f.AddRecord(f.site.ID, "busy.example.com")
		f.client.KnowPlace(moves, f.site.ID, f.record.ID)
		f.client.KnowPlace(stays, f.site.ID, f.record.ID)
		var group sync.WaitGroup
		for i := range 2 {
			id := f.AddHostname(fakeesa.Hostname{SiteID: f.site.ID, RecordID: busy.ID, Hostname: fmt.Sprintf("busy%d.customer.com", i), SSLFlag: SSLOff}).ID
			f.client.KnowPlace(id, f.site.ID, busy.ID)
			group.Go(func() {
				if err := f.client.DeleteCustomHostname(t.Context(), id); err != nil {
					t.Error(err)
				}
			})
		}
		time.Sleep(time.Second)
		group.Go(func() {
			if err := f.client.UpdateCustomHostname(t.Context(), UpdateCustomHostnameInput{HostnameID: moves, RecordID: busy.ID}); err != nil {
				t.Error(err)
			}
		})
		time.Sleep(time.Second)
		began := time.Now()
		if err := f.client.DeleteCustomHostname(t.Context(), stays); err != nil || time.Since(began) > 0 {
			t.Errorf("got error %v after %v, want success at once", err, time.Since(began))
		}
		group.Wait()
	})
}

// TestTurnsEndWithTheContext checks that all writes to a record that stays busy wait until their context ends, including
// those that have not been sent.
func TestTurnsEndWithTheContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newVirtual(t, fakeesa.Options{}, func(c *Config) { c.MaxRetries = 0 })
		ids := f.add(3)
		f.Inject(fakeesa.Fault{Action: "DeleteCustomHostname", Code: "Record.Reserved", Times: -1})
		began := time.Now()
		var refused atomic.Int32
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Minute)
		defer cancel()
		atOnce(len(ids), func(i int) {
			err := f.client.DeleteCustomHostname(ctx, ids[i])
			var e *Error
			if !errors.As(err, &e) || !errors.Is(e.GaveUp, context.DeadlineExceeded) {
				t.Fatalf("got error %v, want context.DeadlineExceeded", err)
			}
			switch {
			case e.Code == CodeRecordReserved:
				refused.Add(1)
			case !strings.Contains(e.Error(), "other writes kept the record busy"):
				t.Errorf("got error %v, want that other writes kept the record busy", err)
			}
		})
		if took := time.Since(began); took != 10*time.Minute {
			t.Errorf("ended after %v, want 10m", took)
		}
		if n := f.Count("DeleteCustomHostname"); n > 80 || refused.Load() == 0 {
			t.Errorf("got %d calls in ten minutes, want at most 80; %d writes were refused, want at least 1", n, refused.Load())
		}
	})
}
