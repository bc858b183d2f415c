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

// inTurn creates a hostname whose writes take turns, and returns the turn of its record.
func (f *fixture) inTurn() (id int64, at place, ofRecord *turn) {
	id, at = f.add(1)[0], place{f.site.ID, f.record.ID}
	f.client.KnowPlace(id, at.siteID, at.recordID)
	f.client.turns.begin(at, false)
	return id, at, f.client.turns.find(at)
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
			switch e.Code {
			case CodeRecordReserved:
				refused.Add(1)
			default:
				wantText(t, err, "DeleteCustomHostname at 127.0.0.1:1: the request was not sent, as other writes kept the record busy; gave up after 1 attempt: context deadline exceeded")
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

// TestBusyCodes checks which codes mean that another write is under way, and whether they are about the whole site.
func TestBusyCodes(t *testing.T) {
	for code, want := range map[ErrorCode][2]bool{
		CodeRecordServiceBusy: {true, false}, CodeRecordReserved: {true, false}, CodeSiteServiceBusy: {true, true}, CodeLockFailed: {true, true},
		CodeThrottling: {false, false}, "": {false, false},
	} {
		busy, wholeSite := isBusy(&Error{Code: code})
		if got := [2]bool{busy, wholeSite}; got != want {
			t.Errorf("%q: got %v, want %v", code, got, want)
		}
	}
}

// TestPlaces checks what is known of the places of hostnames, and which turn a write takes.
func TestPlaces(t *testing.T) {
	turns := newTurns()
	turns.know(1, place{10, 100})
	turns.know(1, place{0, 101})
	turns.know(2, place{20, 0})
	for _, test := range []struct {
		hostnameID int64
		at, want   place
	}{
		{1, place{}, place{10, 101}},
		{1, place{11, 0}, place{11, 101}},
		{1, place{0, 102}, place{10, 102}},
		{2, place{}, place{20, 0}},
		{3, place{}, place{}},
		{0, place{30, 300}, place{30, 300}},
	} {
		if got := turns.placeOf(test.hostnameID, test.at); got != test.want {
			t.Errorf("hostname %d at %v: got %v, want %v", test.hostnameID, test.at, got, test.want)
		}
	}
	record, unknown := place{10, 100}, place{20, 0}
	if turns.find(record) != nil {
		t.Error("got a turn before any write was refused, want none")
	}
	turns.begin(record, false)
	ofRecord := turns.find(record)
	turns.begin(record, false)
	if ofRecord == nil || turns.find(record) != ofRecord || turns.find(place{10, 101}) != nil {
		t.Error("the turn of a record is not that of the record alone")
	}
	turns.begin(record, true)
	if ofSite := turns.find(record); ofSite == nil || ofSite == ofRecord || turns.find(place{10, 101}) != ofSite {
		t.Error("the turn of a site is not that of all of its records")
	}
	turns.begin(unknown, false)
	if turns.find(place{20, 200}) == nil {
		t.Error("a hostname whose record is unknown does not take the turn of its site")
	}
}

// TestTurnsPassToTheSite checks that a write that holds the turn of its record leaves it once ESA refuses it because of the
// site, so that the writes that wait behind it continue.
func TestTurnsPassToTheSite(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newVirtual(t, fakeesa.Options{})
		ids := f.add(4)
		for _, id := range ids {
			f.client.KnowPlace(id, f.site.ID, f.record.ID)
		}
		f.Inject(fakeesa.Fault{Action: "DeleteCustomHostname", Code: "Record.ServiceBusy", Times: 4})
		f.Inject(fakeesa.Fault{Action: "DeleteCustomHostname", Code: "Site.ServiceBusy"})
		atOnce(len(ids), func(i int) {
			if err := f.client.DeleteCustomHostname(t.Context(), ids[i]); err != nil {
				t.Error(err)
			}
		})
		if n := f.Count("DeleteCustomHostname"); n != 4+1+4 || len(f.Hostnames()) != 0 {
			t.Errorf("got %d calls and %d hostnames, want 9 and none", n, len(f.Hostnames()))
		}
	})
}

// TestTurnsOfTheSiteEndWithTheContext checks a write whose context ends after it has left the turn of its record for that of the
// site. The test holds both turns, as other writes would.
func TestTurnsOfTheSiteEndWithTheContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newVirtual(t, fakeesa.Options{})
		id, at, ofRecord := f.inTurn()
		ofRecord.queue <- struct{}{}
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Minute)
		defer cancel()
		began := time.Now()
		var err error
		var group sync.WaitGroup
		group.Go(func() { err = f.client.DeleteCustomHostname(ctx, id) })
		synctest.Wait() // it waits for the turn of the record
		f.client.turns.begin(at, true)
		f.client.turns.find(at).queue <- struct{}{}
		<-ofRecord.queue
		group.Wait()
		wantText(t, err, "DeleteCustomHostname at 127.0.0.1:1: the request was not sent, as other writes kept the record busy; gave up after 1 attempt: context deadline exceeded")
		if took := time.Since(began); took != 10*time.Minute || f.Count("DeleteCustomHostname") != 0 {
			t.Errorf("got %d calls after %v, want 0 after 10m", f.Count("DeleteCustomHostname"), took)
		}
		if len(ofRecord.queue) != 0 {
			t.Error("the write has left the turn of the record, but still holds it")
		}
	})
}

// TestRest checks what the responses to writes show about the rest that a record needs.
func TestRest(t *testing.T) {
	now := time.Now()
	at := func(seconds float64) time.Time { return now.Add(time.Duration(seconds * float64(time.Second))) }
	for name, test := range map[string]struct {
		turn     *turn
		refused  time.Time
		sent     float64
		refusals int
		rested   bool
		want     time.Duration
	}{
		"refused after the last response":  {&turn{answered: at(0)}, at(1), 3, 1, false, 3 * time.Second},
		"refused twice":                    {&turn{answered: at(0)}, at(1), 3, 2, true, 3 * time.Second},
		"refused for longer than the cap":  {&turn{answered: at(0)}, at(1), 31, 1, false, restCap},
		"refused before the last response": {&turn{answered: at(2)}, at(1), 3, 1, false, 0},
		"refused at the last response":     {&turn{answered: at(1)}, at(1), 3, 1, false, 0},
		"refused without any response":     {&turn{}, at(1), 3, 1, false, 0},
		"refused before its turn":          {&turn{answered: at(0)}, at(1), 3, 0, false, 0},
		"refused with a known rest":        {&turn{answered: at(0), rest: time.Second}, at(1), 3, 1, false, time.Second},
		"accepted after the rest":          {&turn{answered: at(0), rest: time.Second}, time.Time{}, 3, 0, true, 940 * time.Millisecond},
		"accepted without a rest":          {&turn{answered: at(0), rest: time.Second}, time.Time{}, 3, 0, false, time.Second},
		"accepted after a short rest":      {&turn{answered: at(0), rest: 21 * time.Millisecond}, time.Time{}, 3, 0, true, 0},
		"accepted after the shortest rest": {&turn{answered: at(0), rest: 22 * time.Millisecond}, time.Time{}, 3, 0, true, 20680 * time.Microsecond},
	} {
		turn := test.turn
		turn.learn(at(test.sent), at(test.sent+1), test.refused, test.refusals, test.rested)
		if turn.rest.Round(time.Microsecond) != test.want || !turn.answered.Equal(at(test.sent+1)) {
			t.Errorf("%s: got a rest of %v from %v on, want %v", name, turn.rest, turn.answered, test.want)
		}
	}
	long := &turn{rest: 10 * time.Second}
	if long.tooShort(); long.rest != 11*time.Second {
		t.Errorf("got a rest of %v after one that was too short, want 11s", long.rest)
	}
	long.rest = 29 * time.Second
	if long.tooShort(); long.rest != restCap {
		t.Errorf("got a rest of %v, want %v at most", long.rest, restCap)
	}
	for _, test := range []struct {
		rest            time.Duration
		refusals, rests int
		want            float64 // seconds; the last response was at 0, the last refusal at 10
	}{
		{0, 0, 1, 0},
		{4 * time.Second, 0, 1, 4},
		{4 * time.Second, 0, 2, 8},
		{4 * time.Second, 1, 1, 11},
		{4 * time.Second, 3, 1, 13},
		{4 * time.Second, 3, 2, 16},
		{0, 1, 1, 10.25},
		{20 * time.Second, 1, 1, 20},
		{20 * time.Second, 100, 1, 30},
	} {
		turn := &turn{answered: at(0), rest: test.rest}
		if got := turn.due(at(10), test.refusals, test.rests); !got.Equal(at(test.want)) {
			t.Errorf("%+v: got %v, want %v seconds", test, got.Sub(now), test.want)
		}
	}
}

// TestRestIsNotBlamedForOthers checks that a write that is refused long after the last response does not prolong the rest.
func TestRestIsNotBlamedForOthers(t *testing.T) {
	for idle, want := range map[time.Duration]time.Duration{time.Minute: 10 * time.Second, 5 * time.Second: 11 * time.Second} {
		synctest.Test(t, func(t *testing.T) {
			f := newVirtual(t, fakeesa.Options{})
			id, _, turn := f.inTurn()
			turn.rest, turn.answered = 10*time.Second, time.Now()
			time.Sleep(idle)
			f.Inject(fakeesa.Fault{Action: "DeleteCustomHostname", Code: "Record.ServiceBusy"})
			if err := f.client.DeleteCustomHostname(t.Context(), id); err != nil {
				t.Fatal(err)
			}
			if turn.rest != want {
				t.Errorf("idle for %v: got a rest of %v, want %v", idle, turn.rest, want)
			}
		})
	}
}

// TestRestEndsWithTheContext checks a write whose context ends while it waits in its turn and has never been sent.
func TestRestEndsWithTheContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newVirtual(t, fakeesa.Options{})
		id, _, turn := f.inTurn()
		turn.rest, turn.answered = 10*time.Second, time.Now()
		ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
		defer cancel()
		err := f.client.DeleteCustomHostname(ctx, id)
		wantText(t, err, "DeleteCustomHostname at 127.0.0.1:1: the request was not sent, as other writes kept the record busy; gave up after 1 attempt: context deadline exceeded")
		if n := f.Count("DeleteCustomHostname"); n != 0 {
			t.Errorf("got %d calls, want 0", n)
		}
	})
}
