package esa

import (
	"context"
	"fmt"
	"time"
)

// Goal is the state that AwaitValidated waits for.
type Goal string

// The goals.
const (
	// Ownership is reached when the hostname is active: ESA has verified the TXT record.
	Ownership Goal = "ownership"
	// Usable is reached when the hostname is active and, with SSL on, has a certificate that clients accept.
	Usable Goal = "certificate"
	// Renewed is reached when the hostname is active and has a certificate that is not expiring. It is for waits after an
	// application, which do not give up on an expired certificate.
	Renewed Goal = "renewal"
)

// Values of CertStatus.
const (
	CertStatusOK          = "OK"
	CertStatusApplying    = "Applying"
	CertStatusApplyFailed = "ApplyFailed"
	CertStatusExpiring    = "Expiring"
	CertStatusExpired     = "Expired"
)

const (
	// Pauses between reads grow from the first to the last: owners and CAs need minutes.
	validateFirstPause = 2 * time.Second
	validateLastPause  = 30 * time.Second
	// challengeLimit limits the wait for the challenge of a free certificate after ownership is verified. A missing
	// challenge is no failure: a certificate may need none.
	challengeLimit = 2 * time.Minute
)

// HopelessError is returned by AwaitValidated for a hostname that cannot reach the goal by waiting.
type HopelessError struct {
	// Hostname is the hostname as last read.
	Hostname CustomHostname
	// Err is the error of VerifyCustomHostname, if it refused the hostname.
	Err error
}

// Error returns why the goal cannot be reached.
func (e *HopelessError) Error() string {
	h := e.Hostname
	switch h.Status {
	case StatusConflicted:
		return fmt.Sprintf("custom hostname %s is conflicted with %s", h.Hostname, h.ConflictWith)
	case StatusOffline:
		return fmt.Sprintf("custom hostname %s is offline: %s", h.Hostname, h.OfflineReason)
	}
	return fmt.Sprintf("the certificate of custom hostname %s is %s", h.Hostname, h.CertStatus)
}

// Unwrap returns the error of VerifyCustomHostname.
func (e *HopelessError) Unwrap() error { return e.Err }

// AwaitValidated makes ESA verify ownership of a hostname until the check passes, and then waits for the goal. It returns
// at once if the goal is already reached. It returns a HopelessError if the goal cannot be reached by waiting; for unknown
// statuses, it waits. Whether a hostname is still in conflict or offline only shows in a verification, so it makes one
// before it gives up. It calls seen after every read. With an error, it returns the hostname as last read, if any.
func (c *Client) AwaitValidated(ctx context.Context, hostnameID int64, goal Goal, seen func(*CustomHostname)) (*CustomHostname, error) {
	var last *CustomHostname
	waiting := c.newWait(fmt.Sprintf("the %s of hostname %d", goal, hostnameID))
	var verified time.Time // when ownership was first seen as verified
	var blocked blockedHostname
	for pause := validateFirstPause; ; pause = min(2*pause, validateLastPause) {
		hostname, err := c.GetCustomHostname(ctx, hostnameID)
		if err != nil {
			return last, err
		}
		last = hostname
		seen(hostname)
		if verified.IsZero() && hostname.Status == StatusActive {
			verified = c.clock.Now()
		}
		switch {
		case hostname.Blocked():
			if err := blocked.verify(ctx, c, hostname); err != nil {
				return last, err
			}
			pause = validateFirstPause
		case hostname.hopeless(goal):
			return last, &HopelessError{Hostname: *hostname}
		case hostname.reached(goal) && (!hostname.awaitsChallenge() || c.clock.Now().Sub(verified) >= challengeLimit):
			return last, nil
		}
		if hostname.Status == StatusPending {
			passed, err := c.VerifyCustomHostname(ctx, hostnameID)
			if err != nil {
				return last, err
			}
			if passed {
				// Reads show the result soon.
				pause = validateFirstPause
			}
		}
		if err := waiting.sleep(ctx, pause); err != nil {
			return last, err
		}
	}
}

// blockedHostname is the verification of a hostname that ESA does not serve.
type blockedHostname struct {
	verified bool
	passed   bool      // whether the verification passed
	end      time.Time // until when to wait for its effect
	refused  error     // its error
}

// verify makes ESA verify the hostname again, once. After that it returns a HopelessError: at the next call, or, if the
// verification passed, after a minute.
func (b *blockedHostname) verify(ctx context.Context, c *Client, h *CustomHostname) error {
	switch {
	case b.passed && c.clock.Now().Before(b.end):
		return nil
	case b.verified:
		return &HopelessError{Hostname: *h, Err: b.refused}
	}
	passed, err := c.VerifyCustomHostname(ctx, h.HostnameID)
	if err != nil && !IsRefusal(err) {
		return err
	}
	*b = blockedHostname{verified: true, passed: passed, end: c.clock.Now().Add(updatedLimit), refused: err}
	return nil
}

// Blocked reports whether ESA does not serve a hostname for a reason that somebody has to remove.
func (h *CustomHostname) Blocked() bool {
	return h.Status == StatusConflicted || h.Status == StatusOffline
}

// CanApply reports whether ESA accepts an application for a free certificate: the last application failed, or the
// certificate is expiring or has expired. ESA applies for the first certificate by itself.
func (h *CustomHostname) CanApply() bool {
	if h.SSLFlag != SSLOn || h.CertType != CertTypeFree {
		return false
	}
	switch h.CertStatus {
	case CertStatusApplyFailed, CertStatusExpiring, CertStatusExpired:
		return true
	}
	return false
}

// AwaitApplied reads a hostname until it differs from before, that is, until it shows a new application for its
// certificate. Until then, it still shows the failure of the last application. It waits as long as AwaitUpdated does.
func (c *Client) AwaitApplied(ctx context.Context, before *CustomHostname) (*CustomHostname, error) {
	return c.AwaitUpdated(ctx, before.HostnameID, func(now *CustomHostname) bool {
		return now.CertStatus != before.CertStatus || now.UpdateTime != before.UpdateTime || now.CertTXTValue != before.CertTXTValue
	})
}

// reached reports whether a hostname has reached the goal.
func (h *CustomHostname) reached(goal Goal) bool {
	if h.Status != StatusActive {
		return false
	}
	switch {
	case goal == Ownership, h.SSLFlag == SSLOff, h.CertStatus == CertStatusOK:
		return true
	}
	return goal == Usable && h.CertStatus == CertStatusExpiring
}

// hopeless reports whether a hostname that is not blocked cannot reach the goal by waiting.
func (h *CustomHostname) hopeless(goal Goal) bool {
	if goal == Ownership || h.SSLFlag != SSLOn {
		return false
	}
	return h.CertStatus == CertStatusApplyFailed || goal == Usable && h.CertStatus == CertStatusExpired
}

// awaitsChallenge reports whether ESA is about to return the TXT record that validates a free certificate.
func (h *CustomHostname) awaitsChallenge() bool {
	return h.SSLFlag == SSLOn && h.CertType == CertTypeFree && h.CertTXTValue == "" &&
		(h.CertStatus == "" || h.CertStatus == CertStatusApplying)
}
