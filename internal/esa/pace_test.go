package esa

import (
	"slices"
	"testing"
	"time"

	"golang.org/x/time/rate"
)

// TestPace runs 10 workers in virtual time against a server that accepts a limited number of calls per second. The calls
// must take little longer than the limit requires, and few may be refused.
func TestPace(t *testing.T) {
	const workers, calls, latency = 10, 2000, 50 * time.Millisecond
	for _, limit := range []int{5, 20, 60, 150} {
		p := newPace(rate.Inf)
		start := time.Now()
		type worker struct {
			at       time.Time
			reserved bool // waits for its time to send
			sent     bool // waits for a response
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
		t.Logf("%d calls per second: %.2f times the least time, %.1f %% of the calls refused", limit, ratio, 100*share)
		if ratio > 1.2 || share >= 0.1 {
			t.Errorf("%d calls per second: got %.2f times the least time, %.1f %% of the calls refused; want at most 1.2 and 10", limit, ratio, 100*share)
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
		t.Errorf("got a pace of %v, want 10 at most", got)
	}
}

// TestPaceRecovers checks that one throttled call does not slow down a client for long, whether it sent many calls just
// before or none.
func TestPaceRecovers(t *testing.T) {
	now := time.Now()
	p := newPace(rate.Inf)
	p.learn(now, true)
	if got := p.limiter.Limit(); got != paceGuess/2 {
		t.Errorf("throttled before any call was sent: got a pace of %v, want %v", got, paceGuess/2)
	}
	p = newPace(rate.Inf)
	for range 200 {
		now = now.Add(5 * time.Millisecond)
		p.learn(now, false)
	}
	now = now.Add(5 * time.Second)
	p.learn(now, true)
	if got := p.limiter.Limit(); got != 100 {
		t.Errorf("after 200 calls in a second and an idle time: got a pace of %v, want 100", got)
	}
	grow := func(until rate.Limit) (seconds int) {
		for ; seconds < 100 && p.limiter.Limit() < until; seconds++ {
			now = now.Add(time.Second)
			p.learn(now, false)
		}
		return seconds
	}
	if took := grow(200); took > 8 {
		t.Errorf("the pace took %d seconds to recover, want at most 8", took)
	}
	for range 20 {
		now = now.Add(time.Second)
		p.learn(now, true)
	}
	if got := p.limiter.Limit(); got != slowest {
		t.Errorf("after throttled calls only: got a pace of %v, want %v", got, slowest)
	}
	if took := grow(rate.Inf); took > 15 {
		t.Errorf("the limit took %d seconds to end, want at most 15", took)
	}
}
