package esa

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"
)

// ESA refuses a write to a record that another write keeps busy, and a record can stay busy for seconds after an answer.
// So once a record has been busy, writes to it take turns:
//
//   - Writes to a record go ahead together until one is refused with a busy code. From then on one at a time is sent.
//   - Before each, the record rests after the last answer, for as long as it has needed lately. A rest that was too short
//     grows by a tenth. One that was long enough shrinks by a little more than half of that.
//   - Whoever is refused in its turn keeps the turn and tries again, with growing pauses, until its context ends.
//     max_retries does not count.
//   - A Create rests twice as long, as one that is refused may count against the hourly quota.
//   - A code that is about the site makes all writes of the site take turns. A hostname whose record is not known takes
//     its turn at the site.
//
// The rest settles where about one write in three is refused once: a shorter one wastes calls, a longer one time.

const (
	restGrows   = 1.1
	restShrinks = 0.94
	restCap     = 30 * time.Second
	// restUnknown stands in for a rest that is not known yet when pauses are derived from it.
	restUnknown = time.Second
	// restNone is a rest that is not worth waiting for.
	restNone = 20 * time.Millisecond
)

// place is where a write takes effect, as far as it is known.
type place struct {
	siteID, recordID int64
}

// isBusy tells whether ESA refused a call because another write is under way, and whether that is about the whole site.
func isBusy(err error) (busy, wholeSite bool) {
	switch {
	case IsCode(err, CodeRecordServiceBusy, CodeRecordReserved):
		return true, false
	case IsCode(err, CodeSiteServiceBusy, CodeLockFailed):
		return true, true
	}
	return false, false
}

// turns are the turns at records and sites.
type turns struct {
	mu  sync.Mutex
	all map[int64]*turn // by the record's or site's id
	// places are where hostnames were when they were last read or written, by hostname id.
	places map[int64]place
}

// turn is the turn at one record or site.
type turn struct {
	queue chan struct{} // filled by the holder

	mu       sync.Mutex
	answered time.Time     // when a write was last answered
	rest     time.Duration // how long writes have had to wait after that lately
}

func newTurns() *turns {
	return &turns{all: map[int64]*turn{}, places: map[int64]place{}}
}

// know remembers where a hostname is.
func (t *turns) know(hostnameID int64, at place) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.places[hostnameID] = at.or(t.places[hostnameID])
}

// placeOf completes what a call says of where it takes effect. One that moves a hostname to another record takes effect
// there.
func (t *turns) placeOf(hostnameID int64, at place) place {
	t.mu.Lock()
	defer t.mu.Unlock()
	return at.or(t.places[hostnameID])
}

// or fills in what is not known.
func (p place) or(other place) place {
	if p.siteID == 0 {
		p.siteID = other.siteID
	}
	if p.recordID == 0 {
		p.recordID = other.recordID
	}
	return p
}

// find returns the turn that a write has to take, nil if it need not take any.
func (t *turns) find(at place) *turn {
	t.mu.Lock()
	defer t.mu.Unlock()
	if turn := t.all[at.siteID]; turn != nil {
		return turn
	}
	return t.all[at.recordID]
}

// begin makes writes take turns where one was refused.
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

// run sends a write, in its turn if it has to take one, until it is not refused as busy or its context ends.
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
	wait := c.newWait("other writes keep the record busy")
	var refused time.Time // when this write was last refused
	inTurn := 0           // how often it was refused in the turn that it holds
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
			// Another turn may be the right one by now.
			continue
		}
		now := c.clock.Now()
		due := now
		if held != nil {
			due = held.due(refused, refusals, rests)
			if sleepErr := wait.sleep(ctx, due.Sub(now)); sleepErr != nil {
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

// gaveUp is the error of a write whose context ended before ESA took it.
func gaveUp(c *Client, refusal, cause error) error {
	if e := new(Error); errors.As(refusal, &e) {
		e.GaveUp = cause
		return e
	}
	return &Error{Host: c.wire.host, Err: fmt.Errorf("%w, as other writes kept the record busy", ErrNotSent), GaveUp: cause}
}

// due is when the holder of the turn may send: when the record has rested, and some time after the last refusal: a
// number of rests later.
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

// tooShort takes that a write was refused after the rest.
func (t *turn) tooShort() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.rest = min(time.Duration(float64(t.rest)*restGrows), restCap)
}

// learn takes that a write was not refused, which was sent and answered then, after so many refusals in its turn.
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
