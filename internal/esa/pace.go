package esa

import (
	"sync"
	"time"

	"golang.org/x/time/rate"
)

// The pace limits calls per second. It is unlimited, but for RequestsPerSecond, until ESA throttles. The law:
//
//   - A throttled call sets the pace to a little less than what ESA took in the last second, but at most halves it: a
//     second in which little was sent says little.
//   - Every second without a throttled call raises the pace by a step that doubles, from half a percent on.
//
// It converges because ESA takes what it took a moment ago: the pace falls to just under the limit at once, and nears it
// in small steps, so that throttled calls stay few. It recovers because steps double: from half the limit within eight
// seconds, from the slowest pace to none at all within fifteen.

const (
	paceSlack = 0.95  // of what ESA took, to be just under its limit
	paceStep  = 0.005 // of the pace, the first step up
	// paceEnough is a pace, in calls per second, that is no longer worth holding back.
	paceEnough = 1000
	// paceGuess is taken for the pace before the first throttled call if little was sent until then.
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

// learn takes what became of a call.
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
	// Calls that were under way together are throttled together. That is one reason to slow down, not ten.
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
