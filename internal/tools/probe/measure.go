package main

import (
	"context"
	"time"
)

// A span is the range of a measured duration: at least low and at most high.
type span struct{ low, high time.Duration }

// steps are the units that durations usually are multiples of.
var steps = []time.Duration{
	time.Hour, 30 * time.Minute, 10 * time.Minute, 5 * time.Minute, time.Minute, 30 * time.Second, 10 * time.Second,
	5 * time.Second, time.Second, 500 * time.Millisecond, 100 * time.Millisecond, 50 * time.Millisecond, 10 * time.Millisecond, time.Millisecond,
}

// roundest returns the roundest duration within the span, or the one nearest to its middle if there are several. For a span
// narrower than any step, it returns the middle.
func (s span) roundest() time.Duration {
	middle := (s.low + s.high) / 2
	for _, step := range steps {
		if rounded := middle.Round(step); rounded > 0 && rounded >= s.low && rounded <= s.high {
			return rounded
		}
		// The nearest multiple may be outside the span although the next one is not.
		for _, rounded := range []time.Duration{s.low.Truncate(step) + step, s.high.Truncate(step)} {
			if rounded > 0 && rounded >= s.low && rounded <= s.high {
				return rounded
			}
		}
	}
	return middle
}

// A watch records a wait for a condition.
type watch struct {
	began answer // the response of the call that started it
	last  answer // the last read before the condition held; zero if it held at the first
	first answer // the first read at which it held
	// seen is false if the wait ended before.
	seen bool
}

// atOnce reports whether the condition held at the first read.
func (w watch) atOnce() bool { return w.seen && w.last.sent.IsZero() }

// took returns the time from the response of the call that started it.
func (w watch) took() span {
	s := span{high: w.first.answered.Sub(w.began.sent)}
	if !w.last.sent.IsZero() {
		s.low = max(0, w.last.sent.Sub(w.began.answered))
	}
	return s
}

// A poll is a wait for a condition on the response of a call.
type poll struct {
	look func(context.Context) (answer, error)
	// done reports whether the condition holds.
	done func(answer) bool
	// limit is when to give up.
	limit time.Duration
	// most is the longest pause between two reads. Up to that, the pause is a tenth of the elapsed time, so that long
	// durations are measured with a constant relative precision.
	most time.Duration
	// each, if set, is called for every read.
	each func(answer)
}

// wait polls until done or the limit. It only returns errors of the transport and of ctx.
func (p poll) wait(ctx context.Context, began answer) (watch, error) {
	w := watch{began: began}
	start := time.Now()
	for {
		a, err := p.look(ctx)
		if err != nil {
			return w, err
		}
		if p.each != nil {
			p.each(a)
		}
		if p.done(a) {
			w.first, w.seen = a, true
			return w, nil
		}
		w.last = a
		passed := time.Since(start)
		if passed > p.limit {
			return w, nil
		}
		if err := sleep(ctx, min(passed/10, p.most)); err != nil {
			return w, err
		}
	}
}
