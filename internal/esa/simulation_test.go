package esa

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"terraform-provider-esa/internal/fakeesa"
)

var (
	simulationSeeds = flag.Int("simulation-seeds", 1, "how many seeds TestSimulation plays")
	simulationFirst = flag.Uint64("simulation-first", 1, "the first of them; with -simulation-seeds=1, the one that failed")
)

// TestSimulation plays long runs in virtual time. It creates 2,000 hostnames of all certificate types on three records,
// moves them to other records, and deletes them, ten at a time, against a slow and busy service. At the end, server and
// state agree, nothing was created twice, no call has failed for good, and the run took little longer than necessary.
func TestSimulation(t *testing.T) {
	t.Parallel()
	for i := range *simulationSeeds {
		seed := *simulationFirst + uint64(i)
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) { newSimulation(t, seed).play() })
		})
	}
}

const simulatedHostnames = 2000

// simulation is one long run. Its hostnames are those of a state, by number.
type simulation struct {
	*fixture
	t       *testing.T
	random  *rand.Rand
	began   time.Time
	outages []time.Time
	session *simulatedSession
	records []int64

	mu    sync.Mutex
	ids   [simulatedHostnames]int64
	queue map[int64]*occupation // by record
}

// occupation is how long writes to a record waited for it.
type occupation struct {
	waiting int
	since   time.Time
	total   time.Duration
	writes  int
}

func newSimulation(t *testing.T, seed uint64) *simulation {
	random := rand.New(rand.NewPCG(seed, 1))
	s := &simulation{t: t, random: random, began: time.Now(), queue: map[int64]*occupation{}}
	codes := []string{"Throttling.User", "Throttling.Api", "TooManyRequests", "Rejected.Throttling"}
	options := fakeesa.Options{
		Seed: seed, LargeIDs: seed%2 == 0,
		CreateLimitPerHour: 100, CreateWindow: fakeesa.CreateWindow(seed % 2), CallsPerSecond: 20,
		ThrottlingCode: codes[random.IntN(len(codes))], RetryAfter: fakeesa.RetryAfter(random.IntN(3)), TooManyRequestsStatus: []int{400, 429}[random.IntN(2)],
		BusyAtLeast: time.Second, BusyAtMost: 5 * time.Second, ReadLag: 10 * time.Second,
		Latency: 50 * time.Millisecond, DuplicateCreate: fakeesa.DuplicateCreate(random.IntN(2)),
		OnlyMadeCount: random.IntN(2) == 0,
	}
	if off := 20 * time.Minute; random.IntN(2) == 0 {
		options.Now = func() time.Time { return time.Now().Add(off) }
	}
	s.session = &simulatedSession{random: random}
	s.fixture = newVirtual(t, options, func(c *Config) {
		c.Credential = newCredential(s.session)
		c.Log = func(_ context.Context, event Event) {
			if errors.Is(event.Err, ErrSource) && s.session.goodAt(s.client.now()) {
				t.Errorf("a failed renewal delayed a call, although the last session is valid: %v", event.Err)
			}
		}
	})
	s.session.server = s.Server
	s.client.wire.http.Transport = direct{handler: s.Server, fails: s.outage, loses: func(*http.Request) error {
		if s.isDown() {
			return io.ErrUnexpectedEOF
		}
		return nil
	}}
	s.records = []int64{s.record.ID, s.AddRecord(s.site.ID, "origin2.example.com").ID, s.AddRecord(s.site.ID, "origin3.example.com").ID}
	// Start within the clock's hour, but early enough that the first outage does not take the rest of it.
	time.Sleep(time.Duration(random.Int64N(int64(20 * time.Minute))))
	s.began = time.Now()
	return s
}

// isDown reports whether there is an outage.
func (s *simulation) isDown() bool {
	return slices.ContainsFunc(s.outages, func(began time.Time) bool {
		since := time.Since(began)
		return since >= 0 && since <= 3*time.Minute
	})
}

// outage ends requests while the network is down, in one of several ways.
func (s *simulation) outage(r *http.Request) error {
	for i, began := range s.outages {
		if since := time.Since(began); since < 0 || since > 3*time.Minute {
			continue
		}
		switch i % 3 {
		case 0:
			return errRefused
		case 1:
			select {
			case <-time.After(10 * time.Second):
			case <-r.Context().Done():
			}
			return errors.New("connection timed out")
		}
		return errors.New("network is unreachable")
	}
	return nil
}

// simulatedSession is a role session of an hour. One renewal in five fails for a minute.
type simulatedSession struct {
	server *fakeesa.Server
	random *rand.Rand

	mu   sync.Mutex
	made int
	now  keys
	down time.Time // until when the source fails
}

func (s *simulatedSession) name() string { return "assume_role" }

func (s *simulatedSession) goodAt(now time.Time) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.now.goodAt(now)
}

func (s *simulatedSession) get(_ context.Context, now time.Time) (keys, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.now.goodAt(now.Add(earlyRenewal)) {
		return s.now, nil
	}
	if now.Before(s.down) {
		return keys{}, sourceError{errors.New("assume_role: HTTP status 503"), true}
	}
	if s.made > 0 && s.down.Before(now.Add(-10*time.Minute)) && s.random.IntN(5) == 0 {
		s.down = now.Add(time.Minute)
		return keys{}, sourceError{errors.New("assume_role: HTTP status 503"), true}
	}
	s.made++
	id, secret, token := rotated(int64(s.made))
	s.now = keys{id, secret, token, now.Add(time.Hour)}
	s.server.AddSession(id, secret, token, s.now.expires)
	return s.now, nil
}

// input returns the input of hostname number i.
func (s *simulation) input(i int) CreateCustomHostnameInput {
	in := CreateCustomHostnameInput{SiteID: s.site.ID, Hostname: fmt.Sprintf("h%04d.customer.com", i), RecordID: s.records[i%3], SSLFlag: SSLOn}
	switch i % 4 {
	case 0:
		in.SSLFlag = SSLOff
	case 1:
		in.Certificate = &Certificate{Type: CertTypeFree}
	case 2:
		in.Certificate = &Certificate{Type: CertTypeCAS, CasID: fakeesa.DefaultCasID, CasRegion: CasRegion(Domestic)}
	case 3:
		in.Certificate = &Certificate{Type: CertTypeFree}
	}
	return in
}

// hold records that a write waits for a record, until the returned function is called.
func (s *simulation) hold(record int64) (done func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	o := s.queue[record]
	if o == nil {
		o = &occupation{}
		s.queue[record] = o
	}
	if o.waiting++; o.waiting == 1 {
		o.since = time.Now()
	}
	o.writes++
	return func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		if o.waiting--; o.waiting == 0 {
			o.total += time.Since(o.since)
		}
	}
}

// outagesAfter plans an outage of three minutes after each of the given times from now.
func (s *simulation) outagesAfter(all ...time.Duration) {
	for _, after := range all {
		s.outages = append(s.outages, time.Now().Add(after))
	}
}

// play takes the hostnames through their life. The least number of calls is a write and a read for each change, and a read
// for each refresh.
func (s *simulation) play() {
	creating := time.Now()
	s.outagesAfter(5*time.Second, 5*time.Hour+10*time.Minute, 11*time.Hour)
	s.each("create", 23*time.Hour, func(ctx context.Context, i int) error {
		id, err := s.client.CreateCustomHostname(ctx, s.input(i))
		if err != nil {
			return err
		}
		s.ids[i] = id
		_, err = s.client.AwaitCreated(ctx, id)
		return err
	})
	s.checkCreates(time.Since(creating))

	refreshing := time.Now()
	s.each("refresh", 5*time.Minute, func(ctx context.Context, i int) error {
		_, err := s.client.GetCustomHostname(ctx, s.ids[i])
		return err
	})
	if took, least := time.Since(refreshing), simulatedHostnames/20*time.Second; took > least*12/10 {
		s.t.Errorf("the refresh took %v, the least time is %v", took, least)
	}

	s.queue = map[int64]*occupation{}
	s.outagesAfter(10 * time.Minute)
	s.each("move", 10*time.Minute, func(ctx context.Context, i int) error {
		record := s.records[(i+1)%3]
		done := s.hold(record)
		err := s.client.UpdateCustomHostname(ctx, UpdateCustomHostnameInput{HostnameID: s.ids[i], RecordID: record})
		done()
		if err != nil {
			return err
		}
		got, err := s.client.AwaitUpdated(ctx, s.ids[i], func(h *CustomHostname) bool { return h.RecordID == record })
		if err == nil && got.RecordID != record {
			return fmt.Errorf("got record %d", got.RecordID)
		}
		return err
	})
	s.checkWrites("move")
	s.checkState(1)

	s.queue = map[int64]*occupation{}
	s.outagesAfter(20 * time.Minute)
	s.each("delete", 10*time.Minute, func(ctx context.Context, i int) error {
		done := s.hold(s.records[(i+1)%3])
		err := s.client.DeleteCustomHostname(ctx, s.ids[i])
		done()
		if err != nil && !IsNotFound(err) {
			return err
		}
		return s.client.AwaitDeleted(ctx, s.ids[i])
	})
	s.checkWrites("delete")
	if left := s.Hostnames(); len(left) > 0 {
		s.t.Errorf("got %d hostnames after the deletes, want none", len(left))
	}
	least := (3*2 + 1) * simulatedHostnames
	calls := len(s.Requests())
	s.t.Logf("%d calls in total, %.2f times the least number; %d sessions", calls, float64(calls)/float64(least), s.session.made)
	if calls > least*13/10 {
		s.t.Errorf("got %d calls, want at most 1.3 times %d", calls, least)
	}
}

// each performs an operation on all hostnames, ten at a time, each within a time limit.
func (s *simulation) each(what string, limit time.Duration, do func(ctx context.Context, i int) error) {
	began, before := time.Now(), len(s.Requests())
	var failed int
	atOnce(simulatedHostnames, func(i int) {
		ctx, cancel := context.WithTimeout(context.Background(), limit)
		defer cancel()
		if err := do(ctx, i); err != nil {
			s.mu.Lock()
			defer s.mu.Unlock()
			if failed++; failed < 5 {
				s.t.Errorf("%s of hostname %d: %v", what, i, err)
			}
		}
	})
	codes := map[string]int{}
	for _, r := range s.Requests()[before:] {
		if r.Code != "" {
			codes[r.Action+" "+r.Code]++
		}
	}
	s.t.Logf("%s: %v, %d calls, %v", what, time.Since(began).Round(time.Second), len(s.Requests())-before, codes)
	if failed > 0 {
		s.t.Fatalf("%s: %d calls failed", what, failed)
	}
}

// checkCreates compares the time of the creates with the least time that the quota allows.
func (s *simulation) checkCreates(took time.Duration) {
	counted := simulatedHostnames
	if !s.Options().OnlyMadeCount {
		counted += s.refusals("Record.ServiceBusy")
	}
	// Each uses up a create of the quota, so more of them would make the creates take more than 1.05 times the least time.
	if wasted := counted - simulatedHostnames; wasted > simulatedHostnames/20 {
		s.t.Errorf("got %d creates refused by a busy record, want at most one in twenty", wasted)
	}
	least := time.Duration((counted-1)/100) * time.Hour
	if s.Options().CreateWindow == fakeesa.CreateWindowFixed {
		began := s.Server.Options().Now().Add(-time.Since(s.began))
		least -= began.Sub(began.Truncate(time.Hour))
	}
	s.t.Logf("created in %v, %.3f times the least time", took.Round(time.Second), float64(took)/float64(least))
	if took > least*105/100 {
		s.t.Errorf("the creates took %v, the least time is %v", took, least)
	}
	s.checkState(0)
}

// checkState compares server and state.
func (s *simulation) checkState(shift int) {
	server := s.Hostnames()
	if len(server) != simulatedHostnames {
		s.t.Errorf("the server has %d hostnames, want those of the state", len(server))
	}
	byID := map[int64]fakeesa.Hostname{}
	for _, h := range server {
		byID[h.ID] = h
	}
	for i, id := range s.ids {
		if h, in := byID[id], s.input(i); h.Hostname != in.Hostname || h.RecordID != s.records[(i+shift)%3] || h.SSLFlag != in.SSLFlag {
			s.t.Errorf("hostname %d is %+v on the server, want that of the state", i, h)
		}
	}
	ids := s.ids[:]
	if unique := slices.Compact(slices.Sorted(slices.Values(ids))); len(unique) != simulatedHostnames {
		s.t.Errorf("got %d different ids, want one for each hostname", len(unique))
	}
}

// checkWrites compares how long writes waited for each record with how long it was busy, and counts the refusals.
func (s *simulation) checkWrites(what string) {
	writes, refused := 0, 0
	for _, record := range s.records {
		o := s.queue[record]
		writes += o.writes
		serial := time.Duration(o.writes) * (3*time.Second + 50*time.Millisecond)
		s.t.Logf("%s: %d writes waited %v for a record, %.2f times the serial time", what, o.writes, o.total.Round(time.Second), float64(o.total)/float64(serial))
		if o.total > serial*14/10 {
			s.t.Errorf("%s: %d writes waited %v for a record, the serial time is %v", what, o.writes, o.total, serial)
		}
	}
	action := map[string]string{"move": "UpdateCustomHostname", "delete": "DeleteCustomHostname"}[what]
	for _, r := range s.RequestsOf(action) {
		if r.Code == "Record.ServiceBusy" {
			refused++
		}
	}
	s.t.Logf("%s: %.2f refusals for each write", what, float64(refused)/float64(writes))
	if refused > writes {
		s.t.Errorf("%s: got %d refusals for %d writes, want at most one for each", what, refused, writes)
	}
}
