package esa

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"
)

// Create is precious: ESA allows 100 calls per user and hour, and takes no idempotency token. So an attempt of which
// nobody knows whether it ran is followed by a look (ListCustomHostnames by site and exact name), never by another
// Create:
//
//	the name is not there, nor soon    the attempt did not run: send again
//	it is there, made since we began,
//	for the same record, and no other
//	call of this client made it        it is ours: go on with its id
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
	c.mine.begin(in)
	mayHaveRun := false // whether any attempt so far was unclear
	err = c.repeat(ctx, func(attempt int) (error, bool) {
		if mayHaveRun {
			id, found, err := c.lookForCreated(ctx, in, began)
			switch {
			case err != nil:
				return err, false
			case id != 0:
				hostnameID = id
				return nil, false
			case len(found) > 0:
				return c.hostnameExists(found, in, began, errors.New("an earlier answer of CreateCustomHostname was lost")), false
			}
		}
		id, err := c.quota.create(ctx, c, func() (int64, error) { return c.createOnce(ctx, attempt, p) })
		if hostnameID = id; id != 0 {
			c.mine.claim(id)
		}
		mayHaveRun = mayHaveRun || classify(err) == unclear
		return err, classify(err) != final && !errors.As(err, new(*CreateQuotaError))
	})
	if err != nil && hostnameID == 0 {
		hostnameID, err = c.explainFailedCreate(ctx, in, began, mayHaveRun, err)
	}
	if hostnameID != 0 {
		c.turns.know(hostnameID, place{in.SiteID, in.RecordID})
	}
	return hostnameID, err
}

// mine are the hostnames that calls of this client have made.
type mine struct {
	mu    sync.Mutex
	ids   map[int64]bool
	names map[string]int // how many calls there were for a site and name
}

// begin takes that a call is for a site and name.
func (m *mine) begin(in CreateCustomHostnameInput) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.names == nil {
		m.names = map[string]int{}
	}
	m.names[in.key()]++
}

func (in CreateCustomHostnameInput) key() string {
	return fmt.Sprint(in.SiteID, " ", strings.ToLower(in.Hostname))
}

// claim reports whether no other call has claimed the id.
func (m *mine) claim(id int64) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.ids == nil {
		m.ids = map[int64]bool{}
	}
	claimed := m.ids[id]
	m.ids[id] = true
	return !claimed
}

// has tells whether a call has claimed the id, and how many calls were for the site and name.
func (m *mine) has(id int64, in CreateCustomHostnameInput) (claimed bool, calls int) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.ids[id], m.names[in.key()]
}

// hostnameExists is the error about hostnames of which the newest stands in the way of a call that began at some time,
// given what Create answered. One made since can be that of another call which does not know it yet.
func (c *Client) hostnameExists(found []CustomHostname, in CreateCustomHostnameInput, began time.Time, err error) error {
	newest := slices.MaxFunc(found, func(a, b CustomHostname) int { return strings.Compare(a.CreateTime, b.CreateTime) })
	claimed, calls := c.mine.has(newest.HostnameID, in)
	return &HostnameExistsError{Existing: newest, SameRun: claimed || calls > 1 && c.isOurs(newest, in, began), Err: err}
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
		claimed, _ := c.mine.has(holder.HostnameID, CreateCustomHostnameInput{})
		return &HostnameExistsError{Existing: *holder, SameRun: claimed, Err: errors.New("ESA made a second one, which was deleted again")}
	}
	return nil
}

// holderOfName returns the other hostname of the same name and site that is not in conflict, nil if there is none for as
// long as lists may lag, or ESA cannot be asked.
func (c *Client) holderOfName(ctx context.Context, created *CustomHostname) (holder *CustomHostname) {
	_, _ = c.lookFor(ctx, created.SiteID, created.Hostname, created.Hostname+" is in conflict with another hostname, which is looked for", func(other CustomHostname) bool {
		if other.HostnameID == created.HostnameID || other.Status == StatusConflicted {
			return false
		}
		holder = &other
		return true
	})
	return holder
}

// createOnce sends one attempt. One that is under way is not abandoned at once when the context ends.
func (c *Client) createOnce(ctx context.Context, attempt int, p params) (int64, error) {
	if err := ctx.Err(); err != nil {
		return 0, &Error{Action: actionCreateCustomHostname.name, Host: c.wire.host, Err: ErrNotSent, GaveUp: err}
	}
	ctx, stop := withGrace(ctx, createGrace)
	defer stop()
	var out struct {
		HostnameID int64 `json:"HostnameId"`
	}
	err := c.try(ctx, actionCreateCustomHostname, attempt, p, &out, func() error {
		if out.HostnameID <= 0 {
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
	if !mayHaveRun && !partly {
		look := c.FindCustomHostnames
		if _, calls := c.mine.has(0, in); calls > 1 {
			// It is likely there, and may be too new for lists.
			look = func(ctx context.Context, siteID int64, hostname string) ([]CustomHostname, error) {
				return c.lookFor(ctx, siteID, hostname, "another create of this run may have made "+hostname+", which is looked for", func(CustomHostname) bool { return true })
			}
		}
		found, lookErr := look(lookCtx, in.SiteID, in.Hostname)
		if lookErr != nil || len(found) == 0 {
			return 0, err
		}
		return 0, c.hostnameExists(found, in, began, err)
	}
	id, found, lookErr := c.lookForCreated(lookCtx, in, began)
	switch {
	case lookErr != nil:
		return 0, &UnclearCreateError{Err: err}
	case id != 0 && !partly:
		return id, nil
	case id != 0, len(found) == 0:
		return id, err
	}
	return 0, c.hostnameExists(found, in, began, err)
}

// mayMeanNameTaken tells whether a refusal of Create can be ESA's way of saying that the name is taken, for which no
// code is documented. The codes listed here are about something else.
func mayMeanNameTaken(err error) bool {
	var e *Error
	if !errors.As(err, &e) || e.Code == "" || classify(err) != final {
		return false
	}
	switch e.Code {
	case CodeNoPermission, CodeForbiddenRAM, CodeInstanceNotOnline, CodeQuotaCheckFailed,
		CodeCustomHostnameICP, CodeRecordNotFound, CodeSiteNotFound,
		CodeAccessKeyNotFound, CodeAccessKeyInactive, CodeSignatureDoesNotMatch, CodeTimestampExpired,
		CodeTokenExpired, CodeTokenMismatch, CodeTokenMalformed, CodeUnsupportedHTTPMethod, CodeAPINotFound:
		return false
	}
	return true
}

// lookForCreated returns the id of the hostname that a call has made, 0 if none is to be seen for as long as lists may lag,
// and all hostnames of the site that have the name. began is when the call first sent a Create.
func (c *Client) lookForCreated(ctx context.Context, in CreateCustomHostnameInput, began time.Time) (id int64, found []CustomHostname, err error) {
	found, err = c.lookFor(ctx, in.SiteID, in.Hostname, "an answer of CreateCustomHostname was lost; "+in.Hostname+" is looked for", func(existing CustomHostname) bool {
		// Whoever claims it first has it: nobody else gets it then.
		if !c.isOurs(existing, in, began) || !c.mine.claim(existing.HostnameID) {
			return false
		}
		id = existing.HostnameID
		return true
	})
	return id, found, err
}

// lookFor lists the hostnames of a site that have a name until one is the right one, for as long as lists may lag. It
// returns those of the last list. what is what the log calls it.
func (c *Client) lookFor(ctx context.Context, siteID int64, hostname, what string, right func(CustomHostname) bool) ([]CustomHostname, error) {
	wait := c.newWait(what)
	end := c.clock.Now().Add(listedLimit)
	for attempt := 1; ; attempt++ {
		// What a slow answer tells is as old as its question.
		asked := c.clock.Now()
		found, err := c.FindCustomHostnames(ctx, siteID, hostname)
		if err != nil {
			return nil, err
		}
		if slices.ContainsFunc(found, right) {
			return found, nil
		}
		pause := c.backoff(attempt, &Error{})
		if !asked.Add(pause).Before(end) {
			return found, nil
		}
		if err := wait.sleep(ctx, pause); err != nil {
			return nil, err
		}
	}
}

// isOurs tells whether a hostname that was found is one that this call can have made: for the same record, since it
// began. began is compared on ESA's clock, as ours may be minutes off.
func (c *Client) isOurs(existing CustomHostname, in CreateCustomHostnameInput, began time.Time) bool {
	created, err := time.Parse(timeFormat, existing.CreateTime)
	if err != nil {
		return false
	}
	return existing.RecordID == in.RecordID && !created.Before(began.Add(c.clockOff()-createSlack))
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
