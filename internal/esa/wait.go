package esa

import (
	"context"
	"fmt"
	"sync"
	"time"
)

// Reads may lag behind writes. So the wait for what a write has done begins with a pause as long as reads have lagged
// lately, and looks again after that. The pause grows by a third when it was too short and shrinks by a seventieth when it
// was not, so that one look in ten comes too soon.
const (
	lagGrows   = 1.3
	lagShrinks = 0.985
	lagCap     = 15 * time.Second
	// lagNone is a lag that is not worth waiting for.
	lagNone = 20 * time.Millisecond
)

// Limits of the waits; what is not here is bounded by the caller's context.
const (
	createdLimit = time.Minute // for the token that ESA makes after a Create
	updatedLimit = time.Minute // for an Update to be seen by Get, while ESA does not say that it is configuring
)

// lags are how long reads have lagged behind each kind of write lately.
type lags struct {
	created, updated, deleted lag
}

type lag struct {
	mu   sync.Mutex
	last time.Duration
}

func (l *lag) expected() time.Duration {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.last
}

// learn takes when a write was first seen after it was answered, at which look, and what was expected. Waits that began
// together expected the same, and teach the same.
func (l *lag) learn(expected, after time.Duration, looks int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	switch shorter := time.Duration(float64(expected) * lagShrinks); {
	case looks == 1:
		l.last = min(l.last, shorter)
	case expected == 0 && l.last > 0:
		// The first pauses are guesses, of which the luckiest tells most.
		l.last = min(l.last, after)
	case expected == 0:
		l.last = after
	default:
		l.last = max(l.last, min(after, time.Duration(float64(expected)*lagGrows)))
	}
	if l.last = min(l.last, lagCap); l.last < lagNone {
		l.last = 0
	}
}

// looks are the looks at what a write has done.
type looks struct {
	*wait
	lag      *lag
	expected time.Duration
	count    int
	asked    time.Time // when the last look began
}

func (c *Client) newLooks(lag *lag, what string) *looks {
	return &looks{wait: c.newWait(what), lag: lag, expected: lag.expected()}
}

// next pauses before the next look, if that is to be before end; no end is none. It returns false if there is none. What a
// slow answer shows is as old as its question: so the pause is counted from the last look's beginning, and a wait never
// ends with a look that was long ago.
func (l *looks) next(ctx context.Context, end time.Time) bool {
	pause := l.expected
	if l.count > 0 {
		// Where a lag is known, what is missing is a part of it. Pauses grow, as the longer it takes the less is known.
		if pause = pause / 6 * time.Duration(l.count); l.expected == 0 {
			pause = l.client.backoff(l.count, &Error{})
		}
		pause = min(max(pause, backoffBase/4), backoffCap)
		if !end.IsZero() && !l.asked.Add(pause).Before(end) {
			return false
		}
	}
	l.count++
	err := l.sleep(ctx, pause)
	l.asked = l.client.clock.Now()
	return err == nil || l.count == 1
}

// done takes that the last look has seen the write.
func (l *looks) done() { l.lag.learn(l.expected, l.client.clock.Now().Sub(l.began), l.count) }

// AwaitCreated reads a hostname just created until ESA knows it everywhere and has made its ownership token. It waits
// a minute for the token. While reads do not find the hostname it waits as long as ctx allows: one that goes into the
// state now would be taken for deleted by the next refresh. It returns what it has, which is nil if no read succeeded,
// and the last error.
func (c *Client) AwaitCreated(ctx context.Context, hostnameID int64) (newest *CustomHostname, err error) {
	var notFound error
	looks := c.newLooks(&c.lags.created, fmt.Sprintf("hostname %d is being created", hostnameID))
	end := c.clock.Now().Add(createdLimit)
	limit := time.Time{}
	for looks.next(ctx, limit) {
		var hostname *CustomHostname
		if hostname, err = c.GetCustomHostname(ctx, hostnameID); err == nil {
			newest = hostname
		}
		switch {
		case err == nil && (hostname.VerifyCode != "" || hostname.Status != StatusPending && hostname.Status != StatusConfiguring):
			// An active, conflicted or offline hostname may never get a token.
			looks.done()
			return newest, nil
		case err == nil:
			limit = end
		case IsNotFound(err):
			notFound, limit = err, time.Time{}
		case ctx.Err() != nil && notFound != nil:
			return newest, notFound
		default:
			return newest, err
		}
	}
	if err == nil {
		err = ctx.Err()
	}
	return newest, err
}

// AwaitUpdated reads a hostname until it is as an update has made it: a minute, or as long as ctx allows while ESA says
// that the hostname is being configured. It returns what it read last, settled or not.
func (c *Client) AwaitUpdated(ctx context.Context, hostnameID int64, settled func(*CustomHostname) bool) (hostname *CustomHostname, err error) {
	looks := c.newLooks(&c.lags.updated, fmt.Sprintf("the change of hostname %d is not to be seen yet", hostnameID))
	end := c.clock.Now().Add(updatedLimit)
	limit := end
	for looks.next(ctx, limit) {
		seen, err := c.GetCustomHostname(ctx, hostnameID)
		if err != nil {
			if hostname != nil && ctx.Err() != nil {
				return hostname, nil //nolint:nilerr // The time is up. What was read before counts.
			}
			return hostname, err
		}
		if hostname = seen; settled(hostname) {
			looks.done()
			break
		}
		if limit = end; hostname.Status == StatusConfiguring {
			limit = time.Time{}
		}
	}
	return hostname, nil
}

// AwaitDeleted returns nil once GetCustomHostname says that the hostname is gone.
func (c *Client) AwaitDeleted(ctx context.Context, hostnameID int64) error {
	looks := c.newLooks(&c.lags.deleted, fmt.Sprintf("hostname %d is being deleted", hostnameID))
	for looks.next(ctx, time.Time{}) {
		_, err := c.GetCustomHostname(ctx, hostnameID)
		if IsNotFound(err) {
			looks.done()
			return nil
		}
		if err != nil {
			return err
		}
	}
	return ctx.Err()
}

// noticeEvery is how often the log is told of a wait that goes on.
const noticeEvery = 30 * time.Second

// wait is a wait of several pauses, of which the log is told now and then.
type wait struct {
	client *Client
	what   string
	began  time.Time
	told   time.Time
}

func (c *Client) newWait(what string) *wait {
	now := c.clock.Now()
	return &wait{client: c, what: what, began: now, told: now}
}

// sleep pauses, and says every half minute what for.
func (w *wait) sleep(ctx context.Context, d time.Duration) error {
	for d > 0 {
		part := min(d, noticeEvery)
		if err := w.client.clock.Sleep(ctx, part); err != nil {
			return err
		}
		d -= part
		if now := w.client.clock.Now(); now.Sub(w.told) >= noticeEvery {
			w.told = now
			w.client.log(ctx, Event{Waiting: w.what, Duration: now.Sub(w.began)})
		}
	}
	return ctx.Err()
}
