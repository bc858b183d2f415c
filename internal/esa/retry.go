package esa

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net/http"
	"time"
)

// The retry policy, for all calls:
//
//   - A failure is either final, or ESA did not run the call ("refused"), or it is unknown whether it did ("unclear").
//   - A refused call is retried. An unclear one is retried if the action is idempotent. All are, except for
//     CreateCustomHostname, which looks for the hostname first (create.go).
//   - The pause doubles from backoffBase to backoffCap with jitter, or is what ESA requested.
//   - There are at most MaxRetries retries, and none after the context ends. A throttled Create waits longer (quota.go), and
//     so does a write to a busy record (turns.go). While ESA is unreachable, all calls share a limit (reach.go).
//   - If the security token has expired, it is renewed and the call is retried, once. A call that ESA refused because of
//     our clock is also retried once.
const (
	backoffBase = 500 * time.Millisecond
	backoffCap  = 20 * time.Second
	// retryAfterLimit is the longest pause that ESA may request, so that an absurd header cannot block a run. retryAfterCap
	// is the longest one that is parsed.
	retryAfterLimit = time.Minute
	retryAfterCap   = time.Hour
	// skewLimit is the difference between ESA's clock and ours above which requests are signed with ESA's.
	skewLimit = time.Minute
)

// outcome is what a failed attempt shows about the call.
type outcome int

const (
	final   outcome = iota // A retry would not help.
	refused                // The call did not run.
	unclear                // The call may have run.
)

// classify returns the outcome of an error.
func classify(err error) outcome {
	var e *Error
	if !errors.As(err, &e) {
		return final
	}
	if busy, _ := isBusy(e); busy || isThrottled(e) {
		return refused
	}
	switch e.Code {
	case CodeInternalException, CodeServiceUnavailable, CodeServiceUnavailableShort:
		return unclear
	case CodeSignatureNonceUsed:
		// Every attempt has its own nonce, so a used one means that this attempt arrived twice.
		return unclear
	case "":
		return classifyWithoutCode(e)
	}
	if e.Status >= http.StatusInternalServerError {
		return unclear
	}
	return final
}

// classifyWithoutCode classifies failures without a code of ESA: a response of a proxy or load balancer, or none.
func classifyWithoutCode(e *Error) outcome {
	switch {
	case e.Status >= http.StatusInternalServerError, e.Status == http.StatusRequestTimeout:
		return unclear
	case e.Status >= http.StatusMultipleChoices:
		return final
	case e.Status != 0:
		// A success status with a body that is truncated or not from ESA.
		return unclear
	}
	var (
		certificate *tls.CertificateVerificationError
		authority   x509.UnknownAuthorityError
		plain       tls.RecordHeaderError
		proxy       *proxyError
	)
	switch {
	case isTemporary(e.Err):
		// No credentials just now: nothing was sent.
		return refused
	case errors.As(e.Err, &certificate), errors.As(e.Err, &authority), errors.As(e.Err, &plain),
		errors.Is(e.Err, http.ErrSchemeMismatch), errors.Is(e.Err, ErrNotSent),
		errors.As(e.Err, &proxy) && proxy.status < http.StatusInternalServerError:
		return final
	case e.Unsent:
		return refused
	}
	return unclear
}

// backoff returns the pause after the failure e of an attempt.
func (c *Client) backoff(attempt int, e *Error) time.Duration {
	pause := backoffCap
	if attempt <= 6 {
		pause = min(backoffCap, backoffBase<<(attempt-1))
	}
	// Jitter keeps calls that failed together from being retried together.
	pause = pause/2 + time.Duration(c.jitter()*float64(pause/2))
	if e.RetryAfter > 0 {
		spread := time.Duration(c.jitter() * float64(backoffBase))
		return min(e.RetryAfter, retryAfterLimit) + spread
	}
	return pause
}

// call makes a call with retries. It is for idempotent actions only. check, if not nil, returns an error for a response
// that is incomplete; such a response is a failure like any other.
func call[T any](ctx context.Context, c *Client, a action, p params, check func(*T) error) (*T, error) {
	var out *T
	err := c.repeat(ctx, func(attempt int) (error, bool) {
		out = new(T)
		err := c.try(ctx, a, attempt, p, out, func() error {
			if check == nil {
				return nil
			}
			return check(out)
		})
		return err, classify(err) != final
	})
	if err != nil {
		return nil, err
	}
	return out, nil
}

// repeat runs try until it succeeds, it returns again as false, or the policy ends the retries. It pauses in between.
func (c *Client) repeat(ctx context.Context, try func(attempt int) (err error, again bool)) error {
	var waited *wait
	renewed, corrected := false, false
	began, counted := c.clock.Now(), 0
	var since time.Time // when the previous attempt began
	for attempt := 1; ; attempt++ {
		tried := c.clock.Now()
		err, again := try(attempt)
		var e *Error
		if !errors.As(err, &e) {
			return err
		}
		e.Attempts = attempt
		switch {
		case e.Code == CodeTokenExpired && !renewed && ctx.Err() == nil:
			renewed = true
			c.wire.keyring.renew(ctx, c.clock.Now())
			continue
		case e.Code == CodeTimestampExpired && !corrected && c.clockOff().Abs() > skewLimit && ctx.Err() == nil:
			corrected = true
			continue
		}
		if !again {
			return err
		}
		if ctx.Err() != nil {
			e.GaveUp = ctx.Err()
			return err
		}
		free, possible := c.patience(e, began, since)
		if !free {
			counted++
		}
		if !possible || counted > c.maxRetries {
			if !isAnswer(e) && attempt > 1 {
				c.reach.exhausted(since)
			}
			return err
		}
		since = tried
		pause := c.backoff(attempt, e)
		c.log(ctx, Event{Action: e.Action, Attempt: attempt, Status: e.Status, Code: string(e.Code), RequestID: e.RequestID, Wait: pause, Err: err})
		if waited == nil {
			waited = c.newWait("retrying " + e.Action)
		}
		if sleepErr := waited.sleep(ctx, pause); sleepErr != nil {
			e.GaveUp = sleepErr
			return err
		}
	}
}

// patience reports whether a failed attempt does not count, and whether another one is possible. began is when the call
// began, and since is when its previous attempt began.
func (c *Client) patience(e *Error, began, since time.Time) (free, possible bool) {
	if isAnswer(e) || errors.Is(e.Err, ErrNotSent) || c.maxRetries == 0 {
		return false, true
	}
	return c.reach.patience(began, since, c.clock.Now(), c.maxRetries, isNoSuchHost(e.Err))
}

// try makes and logs one attempt. A write waits for its turn.
func (c *Client) try(ctx context.Context, a action, attempt int, p params, out any, check func() error) error {
	if !a.writes {
		return c.send(ctx, a, attempt, p, out, check)
	}
	err := c.turns.run(ctx, c, a, c.turns.placeOf(p.id("HostnameId"), place{p.id("SiteId"), p.id("RecordId")}), func() error {
		return c.send(ctx, a, attempt, p, out, check)
	})
	if e := new(Error); errors.As(err, &e) {
		e.Action = a.name
	}
	return err
}

// send makes one attempt within the pace, and records what it shows.
func (c *Client) send(ctx context.Context, a action, attempt int, p params, out any, check func() error) error {
	if pause := c.pace.reserve(c.clock.Now()); pause > 0 {
		if err := c.clock.Sleep(ctx, pause); err != nil {
			return &Error{Action: a.name, Host: c.wire.host, Err: ErrNotSent, GaveUp: err}
		}
	}
	started := c.clock.Now()
	inForm := !c.wire.inQuery.Load()
	answer, err := c.wire.send(ctx, a, p, c.now(), c.reach.isDead(), out)
	if inForm && readsNoForm(a, p, err) {
		if !c.wire.inQuery.Swap(true) {
			c.log(ctx, Event{Warning: "ESA ignores parameters in the body of a request. From now on they are sent in the URL, as in Alibaba Cloud's own SDKs, including certificates and keys."})
		}
		answer, err = c.wire.send(ctx, a, p, c.now(), c.reach.isDead(), out)
	}
	if err == nil {
		if problem := check(); problem != nil {
			err = &Error{Action: a.name, Host: c.wire.host, Status: answer.status, RequestID: answer.requestID, Err: problem}
		}
	}
	c.learn(ctx, a, started, answer, err)
	event := Event{Action: a.name, Attempt: attempt, Status: answer.status, RequestID: answer.requestID, Duration: c.clock.Now().Sub(started)}
	if err == nil {
		c.log(ctx, event)
		return nil
	}
	err.Attempts, err.TokenVariable = attempt, c.tokenFrom
	event.Code, event.Err = string(err.Code), err
	c.log(ctx, event)
	return err
}

// learn records what an attempt shows about limits, reachability and clock.
func (c *Client) learn(ctx context.Context, a action, started time.Time, answer answer, err *Error) {
	now := c.clock.Now()
	if ctx.Err() == nil && (err == nil || !errors.Is(err.Err, ErrNotSent)) {
		c.reach.learn(started, now, err)
	}
	throttled, creates := err != nil && isThrottled(err), a == actionCreateCustomHostname
	if creates && isAnswer(err) && !throttled {
		c.quota.take(now)
	}
	// Throttled Creates are about the hourly quota.
	if isAnswer(err) && (!throttled || !creates) {
		c.pace.learn(now, throttled)
	}
	if isAnswer(err) && !answer.date.IsZero() {
		off := answer.date.Sub(now)
		c.skew.Store(int64(off))
		if off.Abs() > skewLimit && !c.skewTold.Swap(true) {
			side := "behind"
			if off < 0 {
				side = "ahead of"
			}
			c.log(ctx, Event{Warning: fmt.Sprintf("The clock of this machine is %v %s ESA's. Requests are signed with ESA's time.", off.Abs().Round(time.Second), side)})
		}
	}
}

// clockOff returns ESA's clock minus ours, 0 if unknown.
func (c *Client) clockOff() time.Duration { return time.Duration(c.skew.Load()) }

// now returns the time to sign requests with: ESA's if it differs by more than skewLimit, otherwise ours.
func (c *Client) now() time.Time {
	now := c.clock.Now()
	if off := c.clockOff(); off.Abs() > skewLimit {
		return now.Add(off)
	}
	return now
}
