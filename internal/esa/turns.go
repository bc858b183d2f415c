package esa

import (
	"context"
	"fmt"
	"sync"
	"time"
)

// ESA refuses a write to a record while another write keeps it busy. A record can stay busy for seconds after the response.
// So once a record was busy, writes to it take turns:
//
//   - Writes to a record are sent concurrently until one is refused with a busy code. Then they are sent one at a time.
//   - Between two writes the record rests, from the last response on, for as long as it was busy recently. A rest that
//     was too short grows by a tenth. One that was long enough shrinks by a little more than half of that.
//   - A write that is refused in its turn keeps the turn and is retried, with growing pauses, until its context ends.
//     max_retries does not apply.
//   - A Create rests twice as long, as a refused one may count against the hourly quota.
//   - After a code about the site, all writes of the site take turns. A hostname whose record is unknown takes the turn
//     of the site.
//
// The rest settles where about one write in three is refused once: a shorter one wastes calls, a longer one wastes time.

const (
	restGrows   = 1.1
	restShrinks = 0.94
	restCap     = 30 * time.Second
	// restUnknown replaces an unknown rest in the computation of pauses.
	restUnknown = time.Second
	// restNone is the rest below which there is none.
	restNone = 20 * time.Millisecond
)

// place is the site and the record of a hostname, 0 if unknown.
type place struct {
	siteID, recordID int64
}

// isBusy reports whether ESA refused a call because of another write, and whether that affects the whole site.
func isBusy(err error) (busy, wholeSite bool) {
	switch {
	case IsCode(err, CodeRecordServiceBusy, CodeRecordReserved):
		return true, false
	case IsCode(err, CodeSiteServiceBusy, CodeLockFailed):
		return true, true
	}
	return false, false
}

// turns are the turns of records and sites.
type turns struct {
	mu  sync.Mutex
	all map[int64]*turn // by record or site id
	// places are the last known places of hostnames, by hostname id.
	places map[int64]place
}

// turn is the turn of one record or site.
type turn struct {
	queue chan struct{} // filled by the holder

	mu       sync.Mutex
	answered time.Time     // the last response to a write
	rest     time.Duration // how long the record was busy after that recently
}

func newTurns() *turns {
	return &turns{all: map[int64]*turn{}, places: map[int64]place{}}
}

// know records the place of a hostname.
func (t *turns) know(hostnameID int64, at place) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.places[hostnameID] = at.or(t.places[hostnameID])
}

// placeOf returns the place of a write. The parameters of the call come first: a write that moves a hostname to another
// record takes the turn there.
func (t *turns) placeOf(hostnameID int64, at place) place {
	t.mu.Lock()
	defer t.mu.Unlock()
	return at.or(t.places[hostnameID])
}

// or fills in what is unknown.
func (p place) or(other place) place {
	if p.siteID == 0 {
		p.siteID = other.siteID
	}
	if p.recordID == 0 {
		p.recordID = other.recordID
	}
	return p
}

// find returns the turn that a write must take, nil for none.
func (t *turns) find(at place) *turn {
	t.mu.Lock()
	defer t.mu.Unlock()
	if turn := t.all[at.siteID]; turn != nil {
		return turn
	}
	return t.all[at.recordID]
}

// begin makes writes take turns at a place.
func (t *turns) begin(at place, wholeSite bool) {
	id := at.recordID
	if wholeSite || id == 0 {
		id = at.siteID
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.all[id] == nil {
		t.all[id] = &turn{queue: make(chan struct{}, 1)}
	}
}

// run sends a write, in its turn if there is one, until it is no longer refused as busy or its context ends.
func (t *turns) run(ctx context.Context, c *Client, a action, at place, send func() error) (err error) {
	rests := 1
	if a == actionCreateCustomHostname {
		rests = 2
	}
	var held *turn
	defer func() {
		if held != nil {
			<-held.queue
		}
	}()
	waiting := c.newWait("other writes keep the record busy")
	var refused time.Time // when this write was last refused
	inTurn := 0           // how often it was refused in its current turn
	for refusals := 0; ; {
		if turn := t.find(at); turn != held {
			if held != nil {
				<-held.queue
				held = nil
			}
			select {
			case turn.queue <- struct{}{}:
				held, inTurn = turn, 0
			case <-ctx.Done():
				return gaveUp(c, err, ctx.Err())
			}
			// Meanwhile another turn may apply.
			continue
		}
		now := c.clock.Now()
		due := now
		if held != nil {
			due = held.due(refused, refusals, rests)
			if sleepErr := waiting.sleep(ctx, due.Sub(now)); sleepErr != nil {
				return gaveUp(c, err, sleepErr)
			}
		}
		sent := c.clock.Now()
		err = send()
		busy, wholeSite := isBusy(err)
		if turn := t.find(at); turn != nil && !busy {
			turn.learn(sent, c.clock.Now(), refused, inTurn, held == turn && due.After(now) && rests == 1)
		}
		if !busy {
			return err
		}
		if held != nil && inTurn == 0 && due.After(now) {
			held.tooShort()
		}
		refused = sent
		refusals++
		inTurn++
		t.begin(at, wholeSite)
	}
}

// gaveUp returns the error of a write whose context ended before ESA accepted it.
func gaveUp(c *Client, refusal, cause error) error {
	if refusal != nil {
		return refusal
	}
	return &Error{Host: c.wire.host, Err: fmt.Errorf("%w, as other writes kept the record busy", ErrNotSent), GaveUp: cause}
}

// due returns when the holder of the turn may send: after the rest, and after a pause since the last refusal. Both are
// multiplied by rests.
func (t *turn) due(refused time.Time, refusals, rests int) time.Time {
	t.mu.Lock()
	defer t.mu.Unlock()
	due := t.answered.Add(time.Duration(rests) * t.rest)
	if refusals > 0 {
		step := t.rest
		if step == 0 {
			step = restUnknown
		}
		if again := refused.Add(min(time.Duration(refusals*rests)*step/4, backoffCap)); again.After(due) {
			due = again
		}
	}
	return due
}

// tooShort records that a write was refused after the rest.
func (t *turn) tooShort() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.rest = min(time.Duration(float64(t.rest)*restGrows), restCap)
}

// learn records a write that was not refused as busy; refusals is how often it was refused in its turn before.
func (t *turn) learn(sent, answered, refused time.Time, refusals int, rested bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	switch {
	case t.rest == 0 && refusals > 0 && !t.answered.IsZero() && refused.After(t.answered):
		t.rest = min(sent.Sub(t.answered), restCap)
	case refusals == 0 && rested:
		if t.rest = time.Duration(float64(t.rest) * restShrinks); t.rest < restNone {
			t.rest = 0
		}
	}
	t.answered = answered
}
