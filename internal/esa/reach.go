package esa

import (
	"context"
	"errors"
	"fmt"
	"net"
	"sync"
	"time"
)

// How long a call is retried that does not reach ESA depends on what all calls have seen, so that a dead endpoint costs one
// patience and not one for every hostname:
//
//   - ESA has never answered: MaxRetries attempts, the last of which begins within firstPatience.
//   - ESA has answered before: attempts within outagePatience of when it was lost do not count, for MaxRetries of 10; for
//     less in proportion. A long run outlives an outage of some minutes.
//   - A call has given up: each further call gets one attempt, and a short time for it, until one is answered.

const (
	firstPatience  = 75 * time.Second
	outagePatience = 5 * time.Minute
	// deadLimit bounds an attempt while ESA is out of reach: connecting, and for reads the answer too.
	deadLimit = 5 * time.Second
)

// reach is what all calls together know of whether ESA can be reached.
type reach struct {
	mu       sync.Mutex
	answered bool      // whether ESA has ever answered
	lost     time.Time // when it first failed to since; zero while it answers
	dead     bool      // whether a call has given up since
}

// learn takes what became of an attempt that began at some time.
func (r *reach) learn(began time.Time, err *Error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if isAnswer(err) {
		r.answered, r.lost, r.dead = true, time.Time{}, false
		return
	}
	if r.lost.IsZero() {
		r.lost = began
	}
}

// isAnswer tells whether ESA answered, if only with an error.
func isAnswer(err *Error) bool {
	return err == nil || err.Code != "" || err.RequestID != ""
}

// patient tells whether an attempt that failed without an answer does not count, and whether there may be another one at
// all. The call began at some time.
func (r *reach) patient(began, now time.Time, maxRetries int) (free, again bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.dead {
		return false, false
	}
	if r.answered {
		return now.Sub(r.lost) < min(outagePatience, outagePatience/DefaultMaxRetries*time.Duration(maxRetries)), true
	}
	return false, now.Sub(began) < firstPatience
}

// giveUp takes that a call has given up without an answer.
func (r *reach) giveUp() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.dead = true
}

func (r *reach) isDead() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.dead
}

func (r *reach) everAnswered() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.answered
}

// isNoSuchHost tells whether the endpoint's name does not exist.
func isNoSuchHost(err error) bool {
	var dns *net.DNSError
	return errors.As(err, &dns) && dns.IsNotFound
}

// errDead is why an attempt is cut short while ESA is out of reach.
var errDead = fmt.Errorf("no connection within %v; it was not reached before either", deadLimit)

// within derives a context for an attempt while ESA is out of reach. connected is called once there is a connection, after
// which only reads go on being limited.
func within(ctx context.Context, limit time.Duration, wholeAnswer bool) (attempt context.Context, connected func(), stop func()) {
	attempt, cancel := context.WithCancelCause(ctx)
	timer := time.AfterFunc(limit, func() { cancel(errDead) })
	connected = func() {
		if !wholeAnswer {
			timer.Stop()
		}
	}
	return attempt, connected, func() {
		timer.Stop()
		cancel(nil)
	}
}
