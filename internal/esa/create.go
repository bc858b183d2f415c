package esa

import (
	"context"
	"errors"
	"time"
)

// Create is precious: ESA allows 100 calls per user and hour, and takes no idempotency token. So an attempt of which
// nobody knows whether it ran is followed by a look (ListCustomHostnames by site and exact name), never by another
// Create:
//
//	the name is not there, nor soon    the attempt did not run: send again
//	it is there, made since we began,
//	for the same record                it is ours: go on with its id
//	it is there otherwise              somebody else's: HostnameExistsError
//
// A refusal that may be about a name that is taken is followed by a look too, for the sake of its message. Where ESA
// takes the name a second time instead, the second hostname is in conflict with the first for ever: UndoDuplicate.

const (
	// createGrace is how long a Create that is under way may go on after an interrupt: its answer carries the id.
	createGrace = 5 * time.Second
	// listedLimit is for a hostname just made to be seen by List: reads may lag behind writes.
	listedLimit = 15 * time.Second
	// createSlack covers the whole seconds of CreateTime and of the Date header.
	createSlack = 3 * time.Second
)

// CreateCustomHostnameInput is a new custom hostname.
type CreateCustomHostnameInput struct {
	SiteID   int64  // required
	Hostname string // required
	RecordID int64  // required; a proxied record of the site
	SSLFlag  string // required; on needs Certificate
	// Certificate is the whole certificate group; nil with SSL off.
	Certificate *Certificate
}

// CreateCustomHostname makes a custom hostname and returns its id. An error can come with an id: then the hostname
// exists, is this call's, and lacks what the error says.
func (c *Client) CreateCustomHostname(ctx context.Context, in CreateCustomHostnameInput) (hostnameID int64, err error) {
	p := params{}
	p.setID("SiteId", in.SiteID)
	p.set("Hostname", in.Hostname)
	p.setID("RecordId", in.RecordID)
	p.set("SslFlag", in.SSLFlag)
	in.Certificate.addTo(p)

	began := c.clock.Now()
	mayHaveRun := false // whether any attempt so far was unclear
	err = c.repeat(ctx, func(attempt int) (error, bool) {
		if mayHaveRun {
			existing, err := c.lookForCreated(ctx, in, listedLimit)
			switch {
			case err != nil:
				return err, false
			case existing != nil && c.isOurs(existing, in, began):
				hostnameID = existing.HostnameID
				return nil, false
			case existing != nil:
				return &HostnameExistsError{Existing: *existing, Err: errors.New("an earlier answer of CreateCustomHostname was lost")}, false
			}
		}
		id, err := c.quota.create(ctx, c, func() (int64, error) { return c.createOnce(ctx, attempt, p) })
		hostnameID = id
		mayHaveRun = mayHaveRun || classify(err) == unclear
		return err, classify(err) != final && !errors.As(err, new(*CreateQuotaError))
	})
	if err == nil || hostnameID != 0 {
		return hostnameID, err
	}
	return c.explainFailedCreate(ctx, in, began, mayHaveRun, err)
}

// UndoDuplicate deletes a hostname just created whose name an older hostname of the same site holds, and returns a
// HostnameExistsError about that one. It returns nil, and leaves the hostname alone, when that is not so or not certain.
func (c *Client) UndoDuplicate(ctx context.Context, created *CustomHostname) error {
	if created.Status != StatusConflicted || created.ConflictWith != ConflictWithHostname {
		return nil
	}
	holder := c.holderOfName(ctx, created)
	if holder == nil {
		return nil
	}
	if err := c.DeleteCustomHostname(ctx, created.HostnameID); err == nil || IsNotFound(err) {
		return &HostnameExistsError{Existing: *holder, Err: errors.New("ESA made a second one, which was deleted again")}
	}
	return nil
}

// holderOfName returns the other hostname of the same name and site that is not in conflict, nil if there is none or
// ESA cannot be asked.
func (c *Client) holderOfName(ctx context.Context, created *CustomHostname) *CustomHostname {
	found, _ := c.FindCustomHostnames(ctx, created.SiteID, created.Hostname)
	for _, other := range found {
		if other.HostnameID != created.HostnameID && other.Status != StatusConflicted {
			return &other
		}
	}
	return nil
}

// createOnce sends one attempt. One that is under way is not abandoned at once when the context ends.
func (c *Client) createOnce(ctx context.Context, attempt int, p params) (int64, error) {
	if err := ctx.Err(); err != nil {
		return 0, &Error{Action: actionCreateCustomHostname.name, Host: c.wire.host, Err: errNotSent, GaveUp: err}
	}
	ctx, stop := withGrace(ctx, createGrace)
	defer stop()
	var out struct {
		HostnameID int64 `json:"HostnameId"`
	}
	err := c.try(ctx, actionCreateCustomHostname, attempt, p, &out, func() error {
		if out.HostnameID == 0 {
			return malformed("it has no HostnameId")
		}
		return nil
	})
	return out.HostnameID, err
}

// explainFailedCreate looks once more where the failure itself does not say whether the hostname is there.
func (c *Client) explainFailedCreate(ctx context.Context, in CreateCustomHostnameInput, began time.Time, mayHaveRun bool, err error) (int64, error) {
	partly := IsCode(err, CodeSetCertFailed, CodeApplyCertFailed)
	if !mayHaveRun && !partly && !mayMeanNameTaken(err) {
		return 0, err
	}
	if exists := new(HostnameExistsError); errors.As(err, &exists) {
		return 0, err
	}
	// The look is worth its time even when the time for creating is used up.
	lookCtx, stop := withGrace(ctx, createGrace)
	defer stop()
	patience := time.Duration(0)
	if mayHaveRun || partly {
		patience = listedLimit
	}
	existing, lookErr := c.lookForCreated(lookCtx, in, patience)
	switch {
	case lookErr != nil && mayHaveRun:
		return 0, &UnclearCreateError{Err: err}
	case lookErr != nil || existing == nil:
		return 0, err
	case partly && c.isOurs(existing, in, began):
		return existing.HostnameID, err
	case mayHaveRun && c.isOurs(existing, in, began):
		return existing.HostnameID, nil
	}
	return 0, &HostnameExistsError{Existing: *existing, Err: err}
}

// mayMeanNameTaken tells whether a refusal of Create can be ESA's way of saying that the name is taken, for which no
// code is documented. The codes listed here are about something else.
func mayMeanNameTaken(err error) bool {
	var e *Error
	if !errors.As(err, &e) || e.Code == "" || classify(err) != final {
		return false
	}
	switch e.Code {
	case CodeInvalidParameter, CodeNoPermission, CodeForbiddenRAM, CodeInstanceNotOnline, CodeQuotaCheckFailed,
		CodeCustomHostnameICP, CodeRecordNotFound, CodeSiteNotFound,
		CodeAccessKeyNotFound, CodeAccessKeyInactive, CodeSignatureDoesNotMatch, CodeTimestampExpired,
		CodeTokenExpired, CodeTokenMismatch, CodeTokenMalformed, CodeUnsupportedHTTPMethod, CodeAPINotFound:
		return false
	}
	return true
}

// lookForCreated returns the hostname of the site that has the name, nil if there is none for as long as patience lasts.
// Of several, ours is the newest.
func (c *Client) lookForCreated(ctx context.Context, in CreateCustomHostnameInput, patience time.Duration) (*CustomHostname, error) {
	wait := c.newWait("an answer of CreateCustomHostname was lost; " + in.Hostname + " is looked for")
	end := c.clock.Now().Add(patience)
	var found []CustomHostname
	for attempt := 1; ; attempt++ {
		var err error
		if found, err = c.FindCustomHostnames(ctx, in.SiteID, in.Hostname); err != nil {
			return nil, err
		}
		pause := c.backoff(attempt, &Error{})
		if len(found) > 0 {
			break
		}
		if !c.clock.Now().Add(pause).Before(end) {
			return nil, nil //nolint:nilnil // There is none, which is no error.
		}
		if err := wait.sleep(ctx, pause); err != nil {
			return nil, err
		}
	}
	newest := &found[0]
	for i := range found[1:] {
		if found[i+1].CreateTime > newest.CreateTime {
			newest = &found[i+1]
		}
	}
	return newest, nil
}

// isOurs tells whether a hostname that was found is one that this call made: for the same record, since it began.
// began is compared on ESA's clock, as ours may be minutes off.
func (c *Client) isOurs(existing *CustomHostname, in CreateCustomHostnameInput, began time.Time) bool {
	created, err := time.Parse(timeFormat, existing.CreateTime)
	if err != nil {
		return false
	}
	beganThere := began.Add(time.Duration(c.skew.Load()) - createSlack)
	return existing.RecordID == in.RecordID && !created.Before(beganThere)
}

// withGrace derives a context that ends grace after ctx ends.
func withGrace(ctx context.Context, grace time.Duration) (context.Context, context.CancelFunc) {
	later, cancel := context.WithCancel(context.WithoutCancel(ctx))
	stop := context.AfterFunc(ctx, func() {
		timer := time.AfterFunc(grace, cancel)
		context.AfterFunc(later, func() { timer.Stop() })
	})
	return later, func() {
		stop()
		cancel()
	}
}
