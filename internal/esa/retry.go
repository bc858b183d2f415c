package esa

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"net"
	"net/http"
	"strings"
	"time"
)

// The retry policy, for all calls:
//
//   - A failure is final, or ESA did not run the call ("refused"), or nobody knows whether it did ("unclear").
//   - A refused call is sent again. An unclear one is sent again if doing it twice is doing it once: that holds for
//     all actions but CreateCustomHostname, which looks first (create.go).
//   - The pause doubles from backoffBase to backoffCap with jitter, or is what ESA asked for.
//   - At most MaxRetries times, and never beyond the context. A Create that is throttled waits longer (limit.go).
//   - An expired security token is renewed and the call sent again, once.
const (
	backoffBase = 500 * time.Millisecond
	backoffCap  = 20 * time.Second
	// retryAfterCap bounds what ESA may ask for, so that an absurd header cannot hang a run.
	retryAfterCap = 60 * time.Second
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
	switch e.Code {
	case CodeThrottling, CodeThrottlingUser, CodeThrottlingAPI, CodeTooManyRequests,
		CodeSiteServiceBusy, CodeRecordServiceBusy, CodeLockFailed:
		return refused
	case CodeInternalException, CodeServiceUnavailable, CodeServiceUnavailableShort:
		return unclear
	case CodeSignatureNonceUsed:
		// Every attempt has its own nonce, so a used one means that this attempt arrived twice.
		return unclear
	case "":
		return classifyWithoutCode(e)
	}
	if strings.HasPrefix(string(e.Code), string(CodeThrottling)+".") {
		return refused
	}
	if e.Status >= http.StatusInternalServerError {
		return unclear
	}
	return final
}

// classifyWithoutCode judges failures of which ESA said nothing: a proxy's or load balancer's answer, or none.
func classifyWithoutCode(e *Error) outcome {
	switch {
	case e.Status == http.StatusTooManyRequests:
		return refused
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
		op          *net.OpError
	)
	switch {
	case isTemporary(e.Err):
		// No credentials just now: nothing was sent.
		return refused
	case errors.As(e.Err, &certificate), errors.As(e.Err, &authority), errors.Is(e.Err, errNotSent):
		return final
	case errors.As(e.Err, &op) && op.Op == "dial":
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
		return min(e.RetryAfter, retryAfterCap) + spread
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
	renewed := false
	for attempt := 1; ; attempt++ {
		err, again := try(attempt)
		var e *Error
		if err == nil || !errors.As(err, &e) {
			return err
		}
		e.Attempts = attempt
		if e.Code == CodeTokenExpired && !renewed && ctx.Err() == nil {
			renewed = true
			c.wire.keyring.renew(ctx, c.clock.Now())
			continue
		}
		if !again {
			return err
		}
		if attempt > c.maxRetries {
			return err
		}
		if ctx.Err() != nil {
			e.GaveUp = ctx.Err()
			return err
		}
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

// try sends one attempt, within the request limit, and logs it.
func (c *Client) try(ctx context.Context, a action, attempt int, p params, out any, check func() error) error {
	notSent := func(err error) error {
		return &Error{Action: a.name, Host: c.wire.host, Attempts: attempt - 1, Err: errNotSent, GaveUp: err}
	}
	leave, busyErr := c.busy.enter(ctx, p)
	if busyErr != nil {
		return notSent(busyErr)
	}
	defer leave()
	if pause := c.pace.reserve(c.clock.Now()); pause > 0 {
		if err := c.clock.Sleep(ctx, pause); err != nil {
			return notSent(err)
		}
	}
	started := c.clock.Now()
	answer, err := c.wire.send(ctx, a, p, started, out)
	if err == nil {
		if problem := check(); problem != nil {
			err = &Error{Action: a.name, Host: c.wire.host, Status: answer.status, RequestID: answer.requestID, Err: problem}
		}
	}
	if !answer.date.IsZero() {
		c.skew.Store(int64(answer.date.Sub(c.clock.Now())))
	}
	c.pace.learn(c.clock.Now(), err != nil && isThrottled(err))
	c.busy.learn(p, err)
	event := Event{Action: a.name, Attempt: attempt, Status: answer.status, RequestID: answer.requestID, Duration: c.clock.Now().Sub(started)}
	if err == nil {
		c.log(ctx, event)
		return nil
	}
	err.Attempts = attempt
	event.Code, event.Err = string(err.Code), err
	c.log(ctx, event)
	return err
}
