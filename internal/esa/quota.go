package esa

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"sync"
	"time"
)

// ESA accepts 100 CreateCustomHostname calls per user and hour. Whether the hour slides or is fixed is not documented, and
// other runs may use the same quota. So the client learns from the responses:
//
//   - Until a Create is throttled, all are sent.
//   - Then the room is the number that ESA accepted from this client in the last hour, or since a surprise, which starts
//     ESA's hour. A Create for which there is room is sent at once; those of more than an hour ago do not count. It is not
//     documented whether refused Creates count, so here they do.
//   - Without room, one Create at a time is tried, with growing pauses, until its context ends; max_retries does not apply.
//     One that succeeds long before there should be room is a surprise, and all are sent as before.
//
// Other calls are not affected, nor is their pace.

const (
	quotaSpan = time.Hour
	// probeCap is the longest pause between two tries; toldCap is the longest one that ESA may request.
	probeCap = 5 * time.Minute
	toldCap  = 15 * time.Minute
	// probeSlack is added to the time when there should be room, as ESA's hour starts when it accepts a call. A try that
	// succeeds within nearlyDue of that time is no surprise.
	probeSlack = time.Second
	nearlyDue  = 10 * time.Second
)

// isThrottled reports whether ESA throttled a call.
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

// createQuota is what this client knows of the quota.
type createQuota struct {
	prober chan struct{} // held by the Create that tries without room

	mu       sync.Mutex
	taken    []time.Time // responses to Creates that were not throttled, in the last hour
	made     int         // hostnames created in total
	underWay int         // Creates in flight
	known    bool        // whether room is known, because one was throttled
	room     int         // Creates that ESA accepts in an hour
	probes   int         // tries that were throttled since then
	opened   time.Time   // the last surprise
}

func newCreateQuota() *createQuota { return &createQuota{prober: make(chan struct{}, 1)} }

// enter admits a Create if there is room. Otherwise it returns when there should be room, zero if unknown.
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

// try admits a Create although there should be no room.
func (q *createQuota) try() {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.underWay++
}

// learn records the result of a Create.
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

// roomNow returns how many Creates ESA accepted in its hour, at the moment when it accepts no more. If most of them came
// after a surprise, its hour is fixed and started then; otherwise the hour slides. q.mu is held.
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

// take records a response to a Create that was not throttled.
func (q *createQuota) take(now time.Time) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.taken = append(q.taken, now)
}

// soFar returns how many hostnames were created.
func (q *createQuota) soFar() int {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.made
}

// create sends a Create once there is room for it. It returns a CreateQuotaError if the context ends before.
func (q *createQuota) create(ctx context.Context, c *Client, send func() (int64, error)) (id int64, err error) {
	trying := false
	defer func() {
		if trying {
			<-q.prober
		}
	}()
	waiting := c.newWait("CreateCustomHostname is throttled; ESA allows 100 per user and hour")
	for {
		tried, surprise := false, false // sent without room; long before there should be room
		room, due := q.enter(c.clock.Now())
		switch {
		case room && trying:
			<-q.prober
			trying = false
		case room:
		case !trying:
			select {
			case q.prober <- struct{}{}:
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
			if sleepErr := waiting.sleep(ctx, pause); sleepErr != nil {
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

// end returns the error of a Create whose context ended.
func (q *createQuota) end(c *Client, err, cause error) error {
	if err == nil {
		err = &Error{Action: actionCreateCustomHostname.name, Host: c.wire.host, Err: ErrNotSent, GaveUp: cause}
	}
	return &CreateQuotaError{Made: q.soFar(), Err: err}
}

// probePause returns the pause before the next try of a throttled Create; err is the last error, if any.
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
