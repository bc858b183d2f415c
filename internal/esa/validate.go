package esa

import (
	"context"
	"fmt"
	"time"
)

// Goal is what AwaitValidated waits for.
type Goal string

// The goals.
const (
	// Ownership is reached when the hostname is active: its owner has published the TXT record, and ESA has seen it.
	Ownership Goal = "ownership"
	// Usable is reached when the hostname is active and, with SSL on, has a certificate that clients accept.
	Usable Goal = "certificate"
	// Renewed is reached when the hostname is active and has a certificate that is not about to expire; it is for
	// after an application, when a certificate that has expired is no reason to give up.
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
	// Pauses between two looks grow from the first to the second: owners need minutes, authorities too.
	validateFirstPause = 2 * time.Second
	validateLastPause  = 30 * time.Second
	// challengeLimit bounds the wait for the challenge of a free certificate once the ownership is proved. That it
	// does not come is no failure: a certificate may need none.
	challengeLimit = 2 * time.Minute
)

// HopelessError is returned by AwaitValidated for a hostname that will not get any further by waiting.
type HopelessError struct {
	// Hostname is as it was seen last.
	Hostname CustomHostname
	// Err is what VerifyCustomHostname refused the hostname with, nil if it did not.
	Err error
}

// Error says what stands in the way.
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

// Unwrap gives ESA's refusal to errors.Is and errors.As.
func (e *HopelessError) Unwrap() error { return e.Err }

// AwaitValidated makes ESA verify the ownership of a hostname until it has, and then waits for the goal. It returns
// at once if the goal is reached already, and with a HopelessError if it cannot be reached by waiting; statuses that
// it does not know are waited on. Only a verification tells whether a hostname is still in conflict, or offline: so one is
// made before it gives up. seen is told of every look. With an error it returns what it saw last, if anything.
func (c *Client) AwaitValidated(ctx context.Context, hostnameID int64, goal Goal, seen func(*CustomHostname)) (*CustomHostname, error) {
	var last *CustomHostname
	wait := c.newWait(fmt.Sprintf("the %s of hostname %d", goal, hostnameID))
	var verified time.Time // when the ownership was first seen to be proved
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
		case hostname.reached(goal) && (goal != Ownership || !hostname.awaitsChallenge() || c.clock.Now().Sub(verified) >= challengeLimit):
			return last, nil
		}
		if hostname.Status == StatusPending {
			passed, err := c.VerifyCustomHostname(ctx, hostnameID)
			if err != nil {
				return last, err
			}
			if passed {
				// What ESA found is to be seen soon.
				pause = validateFirstPause
			}
		}
		if err := wait.sleep(ctx, pause); err != nil {
			return last, err
		}
	}
}

// blockedHostname is what has been done about a hostname that ESA does not serve.
type blockedHostname struct {
	verified bool
	passed   bool      // whether ESA said then that the ownership is proved
	end      time.Time // until when what it said is waited for
	refused  error     // what it said instead
}

// verify makes ESA look at the hostname again, once. After that it returns a HopelessError: at the next look, or, where the
// verification passed, when a minute is over.
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

// Blocked tells whether ESA does not serve a hostname, for a reason that the hostname's owner has to remove.
func (h *CustomHostname) Blocked() bool {
	return h.Status == StatusConflicted || h.Status == StatusOffline
}

// CanApply tells whether there is a free certificate to apply for: the last application failed, or the certificate has
// expired or soon will. ESA applies by itself for the first one, and takes no application in other states.
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

// AwaitApplied reads a hostname that was as before until an application for its certificate is to be seen, as long as
// AwaitUpdated does. Until then the last application's failure looks like this one's.
func (c *Client) AwaitApplied(ctx context.Context, before *CustomHostname) (*CustomHostname, error) {
	return c.AwaitUpdated(ctx, before.HostnameID, func(now *CustomHostname) bool {
		return now.CertStatus != before.CertStatus || now.UpdateTime != before.UpdateTime || now.CertTXTValue != before.CertTXTValue
	})
}

// reached tells whether a hostname is where the goal is.
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

// hopeless tells whether waiting cannot lead to the goal for a hostname that is served, or will be.
func (h *CustomHostname) hopeless(goal Goal) bool {
	if goal == Ownership || h.SSLFlag != SSLOn {
		return false
	}
	return h.CertStatus == CertStatusApplyFailed || goal == Usable && h.CertStatus == CertStatusExpired
}

// awaitsChallenge tells whether ESA is about to say by which TXT record a free certificate is issued.
func (h *CustomHostname) awaitsChallenge() bool {
	return h.SSLFlag == SSLOn && h.CertType == CertTypeFree && h.CertTXTValue == "" &&
		(h.CertStatus == "" || h.CertStatus == CertStatusApplying)
}
