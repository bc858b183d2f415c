package esa

import (
	"context"
	"fmt"
	"time"
)

// Limits of the waits; what is not here is bounded by the caller's context.
const (
	createdLimit = time.Minute      // for the token that ESA makes after a Create
	updatedLimit = 15 * time.Second // for an Update to be seen by Get
)

// AwaitCreated reads a hostname just created until ESA knows it everywhere and has made its ownership token. It waits
// a minute for the token. While reads do not find the hostname it waits as long as ctx allows: one that goes into the
// state now would be taken for deleted by the next refresh. It returns what it has, which is nil if no read succeeded,
// and the last error.
func (c *Client) AwaitCreated(ctx context.Context, hostnameID int64) (*CustomHostname, error) {
	var newest *CustomHostname
	var notFound error
	wait := c.newWait(fmt.Sprintf("hostname %d is being created", hostnameID))
	end := c.clock.Now().Add(createdLimit)
	for attempt := 1; ; attempt++ {
		hostname, err := c.GetCustomHostname(ctx, hostnameID)
		if err == nil {
			newest = hostname
		}
		switch {
		case err == nil && hostname.VerifyCode != "":
			return hostname, nil
		case err == nil && hostname.Status != StatusPending && hostname.Status != StatusConfiguring:
			// An active, conflicted or offline hostname may never get a token.
			return hostname, nil
		case IsNotFound(err):
			notFound = err
		case err != nil && ctx.Err() != nil && notFound != nil:
			return newest, notFound
		case err != nil:
			return newest, err
		}
		pause := c.backoff(attempt, &Error{})
		if err == nil && !c.clock.Now().Add(pause).Before(end) {
			return newest, nil
		}
		if sleepErr := wait.sleep(ctx, pause); sleepErr != nil {
			if err == nil {
				err = sleepErr
			}
			return newest, err
		}
	}
}

// AwaitUpdated reads a hostname until it is as an update has made it, for some seconds: reads may lag behind writes.
// It returns what it read last, settled or not.
func (c *Client) AwaitUpdated(ctx context.Context, hostnameID int64, settled func(*CustomHostname) bool) (*CustomHostname, error) {
	wait := c.newWait(fmt.Sprintf("the change of hostname %d is not to be seen yet", hostnameID))
	end := c.clock.Now().Add(updatedLimit)
	for attempt := 1; ; attempt++ {
		hostname, err := c.GetCustomHostname(ctx, hostnameID)
		if err != nil || settled(hostname) {
			return hostname, err
		}
		pause := c.backoff(attempt, &Error{})
		inTime := c.clock.Now().Add(pause).Before(end) && wait.sleep(ctx, pause) == nil
		if !inTime {
			return hostname, nil
		}
	}
}

// AwaitDeleted returns nil once GetCustomHostname says that the hostname is gone.
func (c *Client) AwaitDeleted(ctx context.Context, hostnameID int64) error {
	wait := c.newWait(fmt.Sprintf("hostname %d is being deleted", hostnameID))
	for attempt := 1; ; attempt++ {
		_, err := c.GetCustomHostname(ctx, hostnameID)
		if IsNotFound(err) {
			return nil
		}
		if err != nil {
			return err
		}
		if err := wait.sleep(ctx, c.backoff(attempt, &Error{})); err != nil {
			return err
		}
	}
}
