package esa

import (
	"sync"
	"time"

	"golang.org/x/time/rate"
)

// The pace limits calls per second. Until ESA throttles, only RequestsPerSecond limits it. Then:
//
//   - A throttled call sets the pace to slightly less than ESA accepted in the last second, but at most halves it, as a
//     second with few calls tells little.
//   - Every second without a throttled call raises the pace by a step that doubles, starting at half a percent.
//
// It converges because ESA's limit is stable: the pace drops to just under the limit at once and approaches it in small
// steps, so few calls are throttled. It recovers because steps double: from half the limit within eight seconds, from
// the slowest pace to no limit within fifteen.

const (
	paceSlack = 0.95  // of what ESA accepted, to stay just under its limit
	paceStep  = 0.005 // of the pace, the first step up
	// paceEnough is a pace, in calls per second, above which there is no limit.
	paceEnough = 1000
	// paceGuess is the pace assumed at the first throttled call if few calls were made before.
	paceGuess = 20
	slowest   = 0.5
)

type pace struct {
	bound   rate.Limit // RequestsPerSecond
	limiter *rate.Limiter

	mu       sync.Mutex
	accepted []time.Time // calls of the last second that were not throttled
	best     int         // the most calls that were accepted in a second
	step     float64     // the next step up, as a share of the pace
	slowed   time.Time   // when the pace was last lowered
	changed  time.Time   // when it was last changed at all
}

func newPace(bound rate.Limit) *pace {
	return &pace{bound: bound, limiter: rate.NewLimiter(bound, 1)}
}

// reserve returns how long a call has to wait.
func (p *pace) reserve(now time.Time) time.Duration {
	return p.limiter.ReserveN(now, 1).DelayFrom(now)
}

// learn records the result of a call.
func (p *pace) learn(now time.Time, throttled bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	old := 0
	for old < len(p.accepted) && now.Sub(p.accepted[old]) >= time.Second {
		old++
	}
	p.accepted = p.accepted[old:]
	if !throttled {
		p.accepted = append(p.accepted, now)
		p.best = max(p.best, len(p.accepted))
		p.grow(now)
		return
	}
	// Concurrent calls are throttled together. They slow the pace down only once.
	if now.Sub(p.slowed) >= time.Second {
		before := p.limiter.Limit()
		if before == rate.Inf {
			before = rate.Limit(max(paceGuess, p.best))
		}
		p.set(now, min(before, max(slowest, before/2, rate.Limit(paceSlack*float64(len(p.accepted))))))
		p.slowed, p.step = now, paceStep
	}
}

// grow raises the pace, once a second. p.mu is held.
func (p *pace) grow(now time.Time) {
	if p.limiter.Limit() == p.bound || now.Sub(p.changed) < time.Second {
		return
	}
	limit := p.limiter.Limit() * rate.Limit(1+p.step)
	if limit >= paceEnough {
		limit = rate.Inf
	}
	p.set(now, limit)
	p.step *= 2
}

func (p *pace) set(now time.Time, limit rate.Limit) {
	p.limiter.SetLimitAt(now, min(limit, p.bound))
	p.changed = now
}
