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
//   - A failure is final, or ESA did not run the call ("refused"), or nobody knows whether it did ("unclear").
//   - A refused call is sent again. An unclear one is sent again if doing it twice is doing it once: that holds for
//     all actions but CreateCustomHostname, which looks first (create.go).
//   - The pause doubles from backoffBase to backoffCap with jitter, or is what ESA asked for.
//   - At most MaxRetries times, and never beyond the context. A Create that is throttled waits longer (quota.go), and so
//     does a write to a busy record (turns.go). ESA out of reach is a matter of all calls (reach.go).
//   - An expired security token is renewed and the call sent again, once. So is a call that ESA's clock has refused.
const (
	backoffBase = 500 * time.Millisecond
	backoffCap  = 20 * time.Second
	// retryAfterLimit bounds what ESA may ask for, so that an absurd header cannot hang a run; retryAfterCap what is read.
	retryAfterLimit = time.Minute
	retryAfterCap   = time.Hour
	// skewLimit is how far ESA's clock may be from ours before it is used for signatures.
	skewLimit = time.Minute
)

// outcome is what a failed attempt tells about the call.
type outcome int

const (
	final   outcome = iota // ESA's answer will not change by asking again.
	refused                // The call did not run.
	unclear                // The call may have run.
)

// classify is the policy's table.
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

// classifyWithoutCode judges failures of which ESA said nothing: a proxy's or load balancer's answer, or none.
func classifyWithoutCode(e *Error) outcome {
	switch {
	case e.Status >= http.StatusInternalServerError, e.Status == http.StatusRequestTimeout:
		return unclear
	case e.Status >= http.StatusMultipleChoices:
		return final
	case e.Status != 0:
		// A success status with a body that is cut or not ESA's.
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

// backoff is the pause before attempt number attempt+1, given the failure of attempt number attempt.
func (c *Client) backoff(attempt int, e *Error) time.Duration {
	pause := backoffCap
	if attempt <= 6 {
		pause = min(backoffCap, backoffBase<<(attempt-1))
	}
	// Between half and all of it, so that calls that failed together do not come back together.
	pause = pause/2 + time.Duration(c.jitter()*float64(pause/2))
	if e.RetryAfter > 0 {
		spread := time.Duration(c.jitter() * float64(backoffBase))
		return min(e.RetryAfter, retryAfterLimit) + spread
	}
	return pause
}

// call sends a call until it succeeds or the policy ends it. Only for actions that may be repeated. A check, where
// given, says what a well-formed answer still lacks; such an answer is a failure like any other.
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

// repeat runs try until it succeeds or says that its error is not worth another attempt, pausing in between.
func (c *Client) repeat(ctx context.Context, try func(attempt int) (err error, again bool)) error {
	var waited *wait
	renewed, corrected := false, false
	began, counted := c.clock.Now(), 0
	var since time.Time // when the attempt before was tried
	for attempt := 1; ; attempt++ {
		tried := c.clock.Now()
		err, again := try(attempt)
		var e *Error
		if err == nil || !errors.As(err, &e) {
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
			waited = c.newWait(e.Action + " is sent again")
		}
		if sleepErr := waited.sleep(ctx, pause); sleepErr != nil {
			e.GaveUp = sleepErr
			return err
		}
	}
}

// patience tells whether a failed attempt does not count, and whether another one is possible. The call began, and the
// attempt before was tried, at some time.
func (c *Client) patience(e *Error, began, since time.Time) (free, possible bool) {
	if isAnswer(e) || errors.Is(e.Err, ErrNotSent) || c.maxRetries == 0 {
		return false, true
	}
	return c.reach.patience(began, since, c.clock.Now(), c.maxRetries, isNoSuchHost(e.Err))
}

// try sends one attempt, a write in its turn, and logs it.
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

// send sends one attempt, within the pace, and takes what all calls learn from it.
func (c *Client) send(ctx context.Context, a action, attempt int, p params, out any, check func() error) error {
	if pause := c.pace.reserve(c.clock.Now()); pause > 0 {
		if err := c.clock.Sleep(ctx, pause); err != nil {
			return &Error{Action: a.name, Host: c.wire.host, Attempts: attempt - 1, Err: ErrNotSent, GaveUp: err}
		}
	}
	started := c.clock.Now()
	inForm := !c.wire.inQuery.Load()
	answer, err := c.wire.send(ctx, a, p, c.now(), c.reach.isDead(), out)
	if inForm && readsNoForm(a, p, err) {
		if !c.wire.inQuery.Swap(true) {
			c.log(ctx, Event{Warning: "ESA does not read parameters in the body of a request. From now on they are sent in the URL, as Alibaba Cloud's own SDKs send them, certificates and keys included."})
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

// learn takes what an attempt shows about limits, reach and clock.
func (c *Client) learn(ctx context.Context, a action, started time.Time, answer answer, err *Error) {
	now := c.clock.Now()
	if ctx.Err() == nil && (err == nil || !errors.Is(err.Err, ErrNotSent)) {
		c.reach.learn(started, now, err)
	}
	throttled, creates := err != nil && isThrottled(err), a == actionCreateCustomHostname
	if creates && isAnswer(err) && !throttled {
		c.quota.take(now)
	}
	// A Create is throttled for the sake of the hourly quota.
	if isAnswer(err) && (!throttled || !creates) {
		c.pace.learn(now, throttled)
	}
	if isAnswer(err) && !answer.date.IsZero() {
		off := answer.date.Sub(now)
		c.skew.Store(int64(off))
		if off.Abs() > skewLimit && !c.skewTold.Swap(true) {
			c.log(ctx, Event{Warning: fmt.Sprintf("The clock of this machine is %v off ESA's. Requests are signed with ESA's.", off.Round(time.Second))})
		}
	}
}

// clockOff is ESA's clock minus ours, as far as it is known.
func (c *Client) clockOff() time.Duration { return time.Duration(c.skew.Load()) }

// now is the time that requests are signed with: ESA's, where it is known to be far from ours.
func (c *Client) now() time.Time {
	now := c.clock.Now()
	if off := c.clockOff(); off.Abs() > skewLimit {
		return now.Add(off)
	}
	return now
}
