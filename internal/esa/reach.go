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
//   - ESA has answered before, and nobody since the attempt before: it does not count, for half a minute for each of
//     MaxRetries, and then no call is tried any more. So a long run outlives an outage of some minutes.
//   - ESA answers others: attempts count as usual.
//   - A call has given up: each further call gets one attempt, and a short time for it, until one is answered.

const (
	firstPatience       = 75 * time.Second
	outagePatienceRetry = 30 * time.Second
	// deadLimit bounds an attempt while ESA is out of reach: connecting, and for reads the answer too.
	deadLimit = 3 * time.Second
)

// reach is what all calls together know of whether ESA can be reached.
type reach struct {
	mu       sync.Mutex
	answered time.Time // when ESA last answered; zero is never
	lost     time.Time // when it first failed to since; zero while it answers
	dead     bool      // whether a call has given up since
}

// learn takes what became of an attempt that began and ended at some time.
func (r *reach) learn(began, ended time.Time, err *Error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if isAnswer(err) {
		r.answered, r.lost, r.dead = ended, time.Time{}, false
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

// patience tells whether an attempt that failed without an answer does not count, and whether there may be another one.
// noSuchHost says that the endpoint's name does not exist, which is a mistake unless it did exist.
func (r *reach) patience(began, since, now time.Time, maxRetries int, noSuchHost bool) (free, possible bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	switch never := r.answered.IsZero(); {
	case r.dead:
	case never && !noSuchHost && now.Sub(began) < firstPatience:
		return false, true
	case never:
		r.dead = true
	case r.answered.After(since):
		return false, true
	case now.Sub(r.lost) < outagePatienceRetry*time.Duration(maxRetries):
		return true, true
	default:
		r.dead = true
	}
	return false, false
}

// exhausted takes that a call has used up its attempts, of which the last but one was tried at some time.
func (r *reach) exhausted(since time.Time) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.dead = r.dead || !r.answered.After(since)
}

func (r *reach) isDead() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.dead
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
