package main

import (
	"context"
	"time"
)

// A span is what is known of a duration: it is at least low and at most high.
type span struct{ low, high time.Duration }

// steps are what people and services choose durations from.
var steps = []time.Duration{
	time.Hour, 30 * time.Minute, 10 * time.Minute, 5 * time.Minute, time.Minute, 30 * time.Second, 10 * time.Second,
	5 * time.Second, time.Second, 500 * time.Millisecond, 100 * time.Millisecond, 50 * time.Millisecond, 10 * time.Millisecond, time.Millisecond,
}

// roundest returns the roundest duration within the span, the one nearest to its middle if there are several. A span
// that is tighter than any step gives its middle.
func (s span) roundest() time.Duration {
	middle := (s.low + s.high) / 2
	for _, step := range steps {
		if rounded := middle.Round(step); rounded > 0 && rounded >= s.low && rounded <= s.high {
			return rounded
		}
		// The nearest multiple may be outside while its neighbour is not.
		for _, rounded := range []time.Duration{s.low.Truncate(step) + step, s.high.Truncate(step)} {
			if rounded > 0 && rounded >= s.low && rounded <= s.high {
				return rounded
			}
		}
	}
	return middle
}

// A watch says since when something is waited for, and when it was seen last that it is not so, and first that it is.
type watch struct {
	began answer // what set it going
	last  answer // the last look that did not see it; zero if the first look did
	first answer // the first that did
	// seen is false if the wait has ended before.
	seen bool
}

// at once tells whether the first look saw it.
func (w watch) atOnce() bool { return w.seen && w.last.sent.IsZero() }

// took is how long it took after the answer of what set it going.
func (w watch) took() span {
	s := span{high: w.first.answered.Sub(w.began.sent)}
	if !w.last.sent.IsZero() {
		s.low = max(0, w.last.sent.Sub(w.began.answered))
	}
	return s
}

// A poll is a wait for something that a call can see.
type poll struct {
	look func(context.Context) (answer, error)
	// done tells whether it is so.
	done func(answer) bool
	// limit is when to give up.
	limit time.Duration
	// most is the longest wait between two looks, which pause themselves. Up to that it is a tenth of what has passed, so that
	// long durations are measured with one relative precision.
	most time.Duration
	// each, where set, is told of every look.
	each func(answer)
}

// wait polls until done, or the limit. Only errors of the transport and of ctx are errors.
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
