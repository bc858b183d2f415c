package esa

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"sync"
	"time"

	"golang.org/x/time/rate"
)

// What keeps a client within ESA's limits, for all of its calls together:
//
//   - pace: calls per second. Unlimited but for RequestsPerSecond, until ESA throttles; then a little less than what
//     it has just accepted, and gently more as long as it does not throttle again.
//   - createQuota: CreateCustomHostname is taken 100 times per user and hour. Once it is throttled one call at a time
//     tries, with growing pauses, until the caller's context ends; max_retries does not count. Other calls go on.
//   - busyRecords: writes to a record that has been busy follow one another.

const (
	// paceSlack is how much below the accepted rate the pace is set, and paceGain by how much it grows in a second.
	paceSlack = 0.95
	paceGain  = 1.02
	// paceEnough is a pace, in calls per second, that is no longer worth holding back.
	paceEnough = 1000
	// slowest is the lowest pace; ESA's own pauses come on top.
	slowest = 1
	// probeCap is the longest pause between two attempts of a throttled Create.
	probeCap = time.Minute
)

// isThrottled tells whether ESA refused a call for being one too many.
func isThrottled(err error) bool {
	var e *Error
	if !errors.As(err, &e) {
		return false
	}
	return e.Code == CodeTooManyRequests || e.Code == CodeThrottling || strings.HasPrefix(string(e.Code), string(CodeThrottling)+".") ||
		e.Code == "" && e.Status == http.StatusTooManyRequests
}

// pace limits calls per second.
type pace struct {
	bound   rate.Limit // RequestsPerSecond
	limiter *rate.Limiter

	mu       sync.Mutex
	accepted []time.Time // calls of the last second that were not throttled
	slowed   time.Time   // when the pace was last lowered
	grown    time.Time   // when it was last set at all
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
	recent := 0
	for recent < len(p.accepted) && now.Sub(p.accepted[recent]) >= time.Second {
		recent++
	}
	p.accepted = p.accepted[recent:]
	if !throttled {
		p.accepted = append(p.accepted, now)
		p.grow(now)
		return
	}
	// Calls that were under way together are throttled together; that is one reason to slow down, not ten.
	if now.Sub(p.slowed) >= time.Second {
		limit := rate.Limit(max(slowest, paceSlack*float64(len(p.accepted))))
		p.limiter.SetLimitAt(now, min(limit, p.limiter.Limit()))
		p.slowed, p.grown = now, now
	}
}

// grow raises the pace, once a second. p.mu is held.
func (p *pace) grow(now time.Time) {
	if p.limiter.Limit() == p.bound || now.Sub(p.grown) < time.Second {
		return
	}
	limit := p.limiter.Limit() * paceGain
	if limit >= paceEnough {
		limit = rate.Inf
	}
	p.limiter.SetLimitAt(now, min(limit, p.bound))
	p.grown = now
}

// createQuota lets one Create at a time find out whether the hourly quota has room again.
type createQuota struct {
	turn chan struct{} // held by the one that tries

	mu     sync.Mutex
	closed bool // whether the last Create was throttled
	made   int  // hostnames made by this client
}

func newCreateQuota() *createQuota { return &createQuota{turn: make(chan struct{}, 1)} }

// enter waits until the quota is open, or until it is the caller's turn to try.
func (q *createQuota) enter(ctx context.Context) (trying bool, err error) {
	for q.isClosed() {
		select {
		case q.turn <- struct{}{}:
		case <-ctx.Done():
			return false, ctx.Err()
		}
		if q.isClosed() {
			return true, nil
		}
		<-q.turn
	}
	return false, nil
}

func (q *createQuota) isClosed() bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.closed
}

func (q *createQuota) set(closed bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.closed = closed
}

func (q *createQuota) count() {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.made++
}

func (q *createQuota) soFar() int {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.made
}

// create sends a Create, again as long as it is throttled, and ends with a CreateQuotaError when there is no more time.
func (q *createQuota) create(ctx context.Context, c *Client, send func() (int64, error)) (id int64, err error) {
	trying := false
	defer func() {
		if trying {
			<-q.turn
		}
	}()
	wait := c.newWait("CreateCustomHostname is throttled; ESA takes 100 per user and hour")
	for tries := 0; ; {
		if !trying {
			var entered error
			if trying, entered = q.enter(ctx); entered != nil {
				if err == nil {
					err = &Error{Action: actionCreateCustomHostname.name, Host: c.wire.host, Err: errNotSent, GaveUp: entered}
				}
				return 0, &CreateQuotaError{Made: q.soFar(), Err: err}
			}
		}
		if trying && tries > 0 {
			if sleepErr := wait.sleep(ctx, c.probePause(tries, err)); sleepErr != nil {
				return 0, &CreateQuotaError{Made: q.soFar(), Err: err}
			}
		}
		id, err = send()
		if id != 0 {
			q.count()
		}
		if !isThrottled(err) {
			if trying {
				q.set(false)
			}
			return id, err
		}
		q.set(true)
		tries++
	}
}

// probePause is the pause before another try of a throttled Create.
func (c *Client) probePause(tries int, err error) time.Duration {
	var e *Error
	errors.As(err, &e)
	if e.RetryAfter > 0 {
		return c.backoff(1, e)
	}
	pause := probeCap
	if tries <= 7 {
		pause = min(probeCap, backoffBase<<tries)
	}
	return pause/2 + time.Duration(c.jitter()*float64(pause/2))
}

// busyRecords lets writes to a record follow one another once ESA has said that it is busy: sent together, all but one
// are refused again.
type busyRecords struct {
	mu    sync.Mutex
	turns map[string]chan struct{}
}

// enter waits for the caller's turn at the record of a call, if it needs one.
func (b *busyRecords) enter(ctx context.Context, p params) (leave func(), err error) {
	b.mu.Lock()
	turn := b.turns[p["RecordId"]]
	b.mu.Unlock()
	if turn == nil {
		return func() {}, nil
	}
	select {
	case turn <- struct{}{}:
		return func() { <-turn }, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// learn takes what became of a call.
func (b *busyRecords) learn(p params, err *Error) {
	record := p["RecordId"]
	if record == "" || err == nil || err.Code != CodeRecordServiceBusy {
		return
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.turns[record] == nil {
		b.turns[record] = make(chan struct{}, 1)
	}
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
