package esa

import (
	"context"
	"fmt"
	"sync"
	"time"
)

// Reads may lag behind writes. So the wait for the effect of a write starts with a pause as long as the recent lag, and
// then reads repeatedly. The pause grows by a third if it was too short, and shrinks by a seventieth if it was not, so
// that one first read in ten is too early.
const (
	lagGrows   = 1.3
	lagShrinks = 0.985
	lagCap     = 15 * time.Second
	// lagNone is the lag below which there is no pause.
	lagNone = 20 * time.Millisecond
)

// Limits of the waits; only the caller's context limits the others.
const (
	createdLimit = time.Minute // for the token that ESA creates after a Create
	updatedLimit = time.Minute // for Get to show an Update, while the status is not configuring
)

// lags are the recent lags of reads behind each kind of write.
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

// learn records that the read number looks was the first to show a write, some time after the response; expected was the
// pause. Concurrent waits have the same pause, and have the same effect.
func (l *lag) learn(expected, after time.Duration, looks int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	switch shorter := time.Duration(float64(expected) * lagShrinks); {
	case looks == 1:
		l.last = min(l.last, shorter)
	case expected == 0 && l.last > 0:
		// The first pauses are guesses. The shortest successful one is the most accurate.
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

// looks are the reads that wait for the effect of a write.
type looks struct {
	*wait
	lag      *lag
	expected time.Duration
	count    int
	asked    time.Time // when the last read began
}

func (c *Client) newLooks(lag *lag, what string) *looks {
	return &looks{wait: c.newWait(what), lag: lag, expected: lag.expected()}
}

// next pauses before the next read, and returns false if that would be after end; the zero time means no end. A slow
// response shows the state at the time of its request. So whether there is time for another read is counted from the
// beginning of the last one, and a wait never ends with an old read.
func (l *looks) next(ctx context.Context, end time.Time) bool {
	pause := l.expected
	if l.count > 0 {
		// If the lag is known, the missing time is a fraction of it. Pauses grow, as a long wait makes it less certain.
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

// done records that the last read showed the write.
func (l *looks) done() { l.lag.learn(l.expected, l.client.clock.Now().Sub(l.began), l.count) }

// AwaitCreated reads a new hostname until ESA returns it with its ownership token. It waits up to a minute for the token.
// While reads do not find the hostname, it waits as long as ctx allows: otherwise the next refresh would treat the
// hostname as deleted. It returns the hostname as last read, nil if no read succeeded, and the last error.
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

// GetUnread reads a hostname that was created but has never been read. While ESA does not find it, it is read again for up to
// a minute, as reads may lag behind the create.
func (c *Client) GetUnread(ctx context.Context, hostnameID int64) (hostname *CustomHostname, err error) {
	looks := c.newLooks(&c.lags.created, fmt.Sprintf("reads do not show the new hostname %d yet", hostnameID))
	for end := c.clock.Now().Add(createdLimit); looks.next(ctx, end); {
		if hostname, err = c.GetCustomHostname(ctx, hostnameID); !IsNotFound(err) {
			return hostname, err
		}
	}
	return nil, err
}

// AwaitUpdated reads a hostname until settled returns true. It waits up to a minute, or as long as ctx allows while the
// status is configuring. It returns the hostname as last read, settled or not.
func (c *Client) AwaitUpdated(ctx context.Context, hostnameID int64, settled func(*CustomHostname) bool) (hostname *CustomHostname, err error) {
	looks := c.newLooks(&c.lags.updated, fmt.Sprintf("reads do not show the change of hostname %d yet", hostnameID))
	end := c.clock.Now().Add(updatedLimit)
	limit := end
	for looks.next(ctx, limit) {
		seen, err := c.GetCustomHostname(ctx, hostnameID)
		if err != nil {
			if hostname != nil && ctx.Err() != nil {
				return hostname, nil //nolint:nilerr // Out of time: the last read counts.
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

// AwaitDeleted waits until GetCustomHostname no longer finds the hostname.
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

// noticeEvery is how often a wait is logged.
const noticeEvery = 30 * time.Second

// wait is a wait of several pauses, which is logged regularly.
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

// sleep pauses. It logs what for every half minute.
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
