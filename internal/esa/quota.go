package esa

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"sync"
	"time"
)

// ESA takes 100 CreateCustomHostname calls per user and hour, whether of any hour or of the clock's is not known, and other
// runs may use the same quota. So the client learns from what it sees:
//
//   - Until a Create is throttled, all are sent.
//   - Then the room is as many as ESA took from this client in the hour before, or since a surprise that began its hour. A Create
//     for which there is room, as those of an hour ago no longer count, is sent at once. Whether one that is refused for
//     another reason counts is not known, so it does here.
//   - Beyond that one Create at a time tries, with growing pauses, until its context ends; max_retries does not count.
//     One that succeeds long before there should be room is a surprise, and all are sent again.
//
// Other calls go on meanwhile, and so does their pace.

const (
	quotaSpan = time.Hour
	// probeCap is the longest pause between two tries; toldCap is the longest one that ESA may ask for.
	probeCap = 5 * time.Minute
	toldCap  = 15 * time.Minute
	// probeSlack is added to when there should be room, as ESA counts from the moment that it took a call. A try that
	// succeeds within nearlyDue of that is no surprise.
	probeSlack = time.Second
	nearlyDue  = 10 * time.Second
)

// isThrottled tells whether ESA refused a call for being one too many.
func isThrottled(err error) bool {
	var e *Error
	if !errors.As(err, &e) {
		return false
	}
	switch {
	case e.Code == CodeTooManyRequests, e.Code == CodeThrottling, e.Code == CodeRejectedThrottling,
		strings.HasPrefix(string(e.Code), string(CodeThrottling)+"."):
		return true
	}
	busy, _ := isBusy(e)
	return e.Status == http.StatusTooManyRequests && !busy
}

// createQuota is the quota as this client sees it.
type createQuota struct {
	turn chan struct{} // filled by the one that tries

	mu       sync.Mutex
	taken    []time.Time // when ESA answered a Create that was not throttled, in the last hour
	made     int         // how many hostnames were made in all
	underWay int         // how many are sent and not answered
	known    bool        // whether room is known, as one was throttled
	room     int         // how many ESA takes in an hour
	probes   int         // how many tries were throttled since
	opened   time.Time   // when there was last more room than known
}

func newCreateQuota() *createQuota { return &createQuota{turn: make(chan struct{}, 1)} }

// enter lets a Create be sent, if there is room. Otherwise it returns when there should be, zero if that is not known.
func (q *createQuota) enter(now time.Time) (room bool, due time.Time) {
	q.mu.Lock()
	defer q.mu.Unlock()
	for len(q.taken) > 0 && now.Sub(q.taken[0]) >= quotaSpan+probeSlack {
		q.taken = q.taken[1:]
	}
	if !q.known || len(q.taken)+q.underWay < q.room {
		q.underWay++
		return true, time.Time{}
	}
	if n := len(q.taken) - q.room; n >= 0 && n < len(q.taken) {
		due = q.taken[n].Add(quotaSpan + probeSlack)
	}
	return false, due
}

// try lets a Create be sent although there should be no room.
func (q *createQuota) try() {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.underWay++
}

// learn takes what became of a Create.
func (q *createQuota) learn(now time.Time, made, throttled, tried, surprise bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.underWay--
	switch {
	case throttled:
		q.known, q.room = true, q.roomNow()
		if tried {
			q.probes++
		}
	case made:
		q.made++
		if surprise {
			q.known, q.probes, q.opened = false, 0, now
		}
	}
}

// roomNow is how many Creates ESA has taken in its hour, now that it takes no more. Where most of those that it took from this
// client came since a surprise, that was the beginning of its hour; else its hour slides. q.mu is held.
func (q *createQuota) roomNow() int {
	since := 0
	for _, at := range q.taken {
		if !at.Before(q.opened) {
			since++
		}
	}
	if 2*since < len(q.taken) {
		return len(q.taken)
	}
	return since
}

// tries returns how many tries were throttled since there was room.
func (q *createQuota) tries() int {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.probes
}

// take takes that ESA answered a Create that it did not throttle.
func (q *createQuota) take(now time.Time) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.taken = append(q.taken, now)
}

// soFar returns how many hostnames were made.
func (q *createQuota) soFar() int {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.made
}

// create sends a Create when there is room for it, and ends with a CreateQuotaError when there is no more time.
func (q *createQuota) create(ctx context.Context, c *Client, send func() (int64, error)) (id int64, err error) {
	trying := false
	defer func() {
		if trying {
			<-q.turn
		}
	}()
	wait := c.newWait("CreateCustomHostname is throttled; ESA takes 100 per user and hour")
	for {
		tried, surprise := false, false // beyond the room; long before there should be any
		room, due := q.enter(c.clock.Now())
		switch {
		case room && trying:
			<-q.turn
			trying = false
		case room:
		case !trying:
			select {
			case q.turn <- struct{}{}:
				trying = true
			case <-ctx.Done():
				return 0, q.end(c, err, ctx.Err())
			}
			continue
		default:
			pause := c.probePause(q.tries(), err)
			if left := due.Sub(c.clock.Now()); left > 0 && left < pause {
				pause = left
			}
			if sleepErr := wait.sleep(ctx, pause); sleepErr != nil {
				return 0, q.end(c, err, sleepErr)
			}
			if room, due = q.enter(c.clock.Now()); !room {
				q.try()
				tried = true
				surprise = due.Sub(c.clock.Now()) > nearlyDue || due.IsZero()
			}
		}
		id, err = send()
		throttled := isThrottled(err)
		q.learn(c.clock.Now(), id != 0, throttled, tried, surprise)
		if !throttled {
			return id, err
		}
	}
}

// end is the error of a Create for which there was no more time.
func (q *createQuota) end(c *Client, err, cause error) error {
	if err == nil {
		err = &Error{Action: actionCreateCustomHostname.name, Host: c.wire.host, Err: ErrNotSent, GaveUp: cause}
	}
	return &CreateQuotaError{Made: q.soFar(), Err: err}
}

// probePause is the pause before another try of a throttled Create, given the last answer, if any.
func (c *Client) probePause(tries int, err error) time.Duration {
	if e := new(Error); errors.As(err, &e) && e.RetryAfter > 0 {
		return min(e.RetryAfter, toldCap) + time.Duration(c.jitter()*float64(backoffBase))
	}
	pause := probeCap
	if tries < 5 {
		pause = backoffBase << (2 * tries)
	}
	return pause/2 + time.Duration(c.jitter()*float64(pause/2))
}
