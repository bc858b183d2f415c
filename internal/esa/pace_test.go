package esa

import (
	"slices"
	"testing"
	"time"

	"golang.org/x/time/rate"
)

// TestPace runs 10 workers against a server that takes so many calls in any second, in simulated time: it must take
// little longer than the limit makes it take, with few calls refused.
func TestPace(t *testing.T) {
	const workers, calls, latency = 10, 2000, 50 * time.Millisecond
	for _, limit := range []int{5, 20, 60, 150} {
		p := newPace(rate.Inf)
		start := time.Now()
		type worker struct {
			at       time.Time
			reserved bool // waits for its time to send
			sent     bool // waits for an answer
			refused  bool
		}
		all := make([]*worker, workers)
		for i := range all {
			all[i] = &worker{at: start}
		}
		var served []time.Time
		done, refused := 0, 0
		var now time.Time
		for done < calls {
			w := slices.MinFunc(all, func(a, b *worker) int { return a.at.Compare(b.at) })
			now = w.at
			switch {
			case w.sent:
				p.learn(now, w.refused)
				*w = worker{at: now}
			case !w.reserved:
				w.at, w.reserved = now.Add(p.reserve(now)), true
			default:
				w.sent, w.at = true, now.Add(latency)
				if len(served) >= limit && now.Sub(served[len(served)-limit]) < time.Second {
					w.refused = true
					refused++
					continue
				}
				served = append(served, now)
				done++
			}
		}
		took := now.Sub(start)
		ratio := took.Seconds() / (float64(calls) / float64(limit))
		share := float64(refused) / float64(calls+refused)
		t.Logf("%d calls a second: %.2f x, %.1f %% refused", limit, ratio, 100*share)
		if ratio > 1.2 || share >= 0.1 {
			t.Errorf("%d calls a second: %.2f x the least time, %.1f %% of the calls refused", limit, ratio, 100*share)
		}
	}
}

func TestPaceKeepsTheBound(t *testing.T) {
	p := newPace(10)
	now := time.Now()
	p.learn(now, true)
	for range 1000 {
		now = now.Add(time.Second)
		p.learn(now, false)
	}
	if got := p.limiter.Limit(); got != 10 {
		t.Errorf("the pace has grown to %v, the bound is 10", got)
	}
}

// One throttled call is no reason to crawl, whether ESA took many calls just before or none, and not for long.
func TestPaceRecovers(t *testing.T) {
	now := time.Now()
	p := newPace(rate.Inf)
	p.learn(now, true)
	if got := p.limiter.Limit(); got != paceGuess/2 {
		t.Errorf("before anything was sent: the pace is %v", got)
	}
	p = newPace(rate.Inf)
	for range 200 {
		now = now.Add(5 * time.Millisecond)
		p.learn(now, false)
	}
	now = now.Add(5 * time.Second)
	p.learn(now, true)
	if got := p.limiter.Limit(); got != 100 {
		t.Errorf("after 200 calls in a second and an idle one: the pace is %v", got)
	}
	grow := func(until rate.Limit) (seconds int) {
		for ; seconds < 100 && p.limiter.Limit() < until; seconds++ {
			now = now.Add(time.Second)
			p.learn(now, false)
		}
		return seconds
	}
	if took := grow(200); took > 8 {
		t.Errorf("%d seconds to the last good pace", took)
	}
	for range 20 {
		now = now.Add(time.Second)
		p.learn(now, true)
	}
	if got := p.limiter.Limit(); got != slowest {
		t.Errorf("after nothing but throttled calls: the pace is %v", got)
	}
	if took := grow(rate.Inf); took > 15 {
		t.Errorf("%d seconds to no limit", took)
	}
}
