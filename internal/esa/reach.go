package esa

import (
	"context"
	"errors"
	"fmt"
	"net"
	"sync"
	"time"
)

// How long a call that does not reach ESA is retried depends on the results of all calls, so that a dead endpoint costs
// this time only once and not for every hostname:
//
//   - ESA has never responded: MaxRetries retries, the last of which starts within firstPatience.
//   - ESA has responded before, but to no call since the previous attempt: attempts do not count for half a minute per
//     MaxRetries. Then no call is retried any more. So a long run survives an outage of some minutes.
//   - ESA responds to other calls: attempts count as usual.
//   - A call has given up: every further call gets one attempt with a short time limit, until one gets a response.

const (
	firstPatience       = 75 * time.Second
	outagePatienceRetry = 30 * time.Second
	// deadLimit limits an attempt while ESA is unreachable: connecting, and for reads also the response.
	deadLimit = 3 * time.Second
)

// reach records whether ESA can be reached, for all calls together.
type reach struct {
	mu       sync.Mutex
	answered time.Time // last response; zero for never
	lost     time.Time // first failure since then; zero while ESA responds
	dead     bool      // whether a call has given up since then
}

// learn records the result of an attempt.
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

// isAnswer reports whether ESA responded, even if with an error.
func isAnswer(err *Error) bool {
	return err == nil || err.Code != "" || err.RequestID != ""
}

// patience reports, for an attempt without a response, whether it does not count, and whether another one is possible.
// began is when the call began, and since is when its previous attempt began. noSuchHost is whether the endpoint's name
// does not exist, which is a wrong configuration unless the name existed before.
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

// exhausted records that a call has used up its attempts; since is when its last attempt but one began.
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

// isNoSuchHost reports whether the endpoint's name does not exist.
func isNoSuchHost(err error) bool {
	var dns *net.DNSError
	return errors.As(err, &dns) && dns.IsNotFound
}

// errDead is the error of an attempt that reached deadLimit.
var errDead = fmt.Errorf("no connection within %v; it could not be reached before either", deadLimit)

// within returns a context with a time limit, for an attempt while ESA is unreachable. The caller calls connected once
// there is a connection; then the limit ends, except for the response of a read.
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
