package esa

import (
	"context"
	"errors"
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

// AwaitValidated makes ESA verify the ownership of a hostname until it has, and then waits for the goal. It returns
// at once if the goal is reached already, and with a HopelessError if it cannot be reached by waiting; statuses that
// it does not know are waited on. seen is told of every look. With an error it returns what it saw last, if anything.
func (c *Client) AwaitValidated(ctx context.Context, hostnameID int64, goal Goal, seen func(*CustomHostname)) (*CustomHostname, error) {
	var last *CustomHostname
	wait := c.newWait(fmt.Sprintf("the %s of hostname %d", goal, hostnameID))
	var verified time.Time // when the ownership was first seen to be proved
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

// hopeless tells whether waiting cannot lead to the goal.
func (h *CustomHostname) hopeless(goal Goal) bool {
	if h.Status == StatusConflicted || h.Status == StatusOffline {
		return true
	}
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

// IsHopeless tells whether err is a HopelessError.
func IsHopeless(err error) bool {
	return errors.As(err, new(*HopelessError))
}
