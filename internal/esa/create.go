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

// ESA allows 100 Creates per user and hour, and has no idempotency token. So after an attempt with an unclear outcome,
// the client first looks for the hostname (ListCustomHostnames by site and exact name):
//
//	not listed within listedLimit      the attempt did not run: retry
//	listed, created since the call
//	began, for the same record, and
//	claimed by no other call           it is ours: continue with its id
//	listed otherwise                   not ours: HostnameExistsError
//
// The client also looks after a refusal that may mean that the name is taken, to return a useful error. If ESA creates
// a second hostname of the same name instead, that one conflicts with the first forever; see UndoDuplicate.

const (
	// createGrace is how long a Create in flight may continue after an interrupt, as its response contains the id.
	createGrace = 5 * time.Second
	// listedLimit is how long a new hostname may be missing from lists, as reads may lag behind writes.
	listedLimit = 15 * time.Second
	// createSlack covers the whole seconds of CreateTime and of the Date header.
	createSlack = 3 * time.Second
)

// CreateCustomHostnameInput describes a new custom hostname.
type CreateCustomHostnameInput struct {
	SiteID   int64  // required
	Hostname string // required
	RecordID int64  // required; a proxied record of the site
	SSLFlag  string // required; on requires Certificate
	// Certificate is the complete certificate group; nil with SSL off.
	Certificate *Certificate
}

// CreateCustomHostname creates a custom hostname and returns its id. If it returns both an id and an error, this call
// created the hostname, but without what the error describes.
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
				return c.hostnameExists(found, in, began, errors.New("an earlier response of CreateCustomHostname was lost")), false
			}
		}
		id, err := c.quota.create(ctx, c, func() (int64, error) { return c.createOnce(ctx, attempt, p) })
		if hostnameID = id; id != 0 {
			c.mine.claim(id)
		}
		mayHaveRun = mayHaveRun || classify(err) == unclear
		return err, classify(err) != final && !errors.As(err, new(*CreateQuotaError))
	})
	if hostnameID == 0 {
		hostnameID, err = c.explainFailedCreate(ctx, in, began, mayHaveRun, err)
	}
	if hostnameID != 0 {
		c.turns.know(hostnameID, place{in.SiteID, in.RecordID})
	}
	return hostnameID, err
}

// mine records the hostnames that calls of this client created.
type mine struct {
	mu    sync.Mutex
	ids   map[int64]bool
	names map[string]int // number of calls by site and name
}

// begin records a call for a site and name.
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

// has reports whether a call has claimed the id, and returns the number of calls for the site and name.
func (m *mine) has(id int64, in CreateCustomHostnameInput) (claimed bool, calls int) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.ids[id], m.names[in.key()]
}

// hostnameExists returns the error of a call whose name the newest of the found hostnames has. began is when the call
// began, and err is the error of Create. A newer hostname can belong to another call of this client that has not claimed
// it yet.
func (c *Client) hostnameExists(found []CustomHostname, in CreateCustomHostnameInput, began time.Time, err error) error {
	newest := slices.MaxFunc(found, func(a, b CustomHostname) int { return strings.Compare(a.CreateTime, b.CreateTime) })
	claimed, calls := c.mine.has(newest.HostnameID, in)
	return &HostnameExistsError{Existing: newest, SameRun: claimed || calls > 1 && c.isOurs(newest, in, began), Err: err}
}

// UndoDuplicate deletes a new hostname if another hostname of the same site has its name, and returns a
// HostnameExistsError for that one. It returns nil without deleting anything if that is not the case or uncertain.
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
		return &HostnameExistsError{Existing: *holder, SameRun: claimed, Err: errors.New("ESA created a second one, which was deleted again")}
	}
	return nil
}

// holderOfName returns the other hostname of the same name and site that is not in conflict. It returns nil if none is
// listed within listedLimit or the list cannot be read.
func (c *Client) holderOfName(ctx context.Context, created *CustomHostname) (holder *CustomHostname) {
	_, _ = c.lookFor(ctx, created.SiteID, created.Hostname, created.Hostname+" is in conflict with another hostname; looking for that one", func(other CustomHostname) bool {
		if other.HostnameID == created.HostnameID || other.Status == StatusConflicted {
			return false
		}
		holder = &other
		return true
	})
	return holder
}

// createOnce makes one attempt. An attempt in flight gets createGrace when the context ends.
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

// explainFailedCreate looks for the hostname if the error does not show whether it exists.
func (c *Client) explainFailedCreate(ctx context.Context, in CreateCustomHostnameInput, began time.Time, mayHaveRun bool, err error) (int64, error) {
	if !mayHaveRun && !mayMeanNameTaken(err) {
		return 0, err
	}
	if exists := new(HostnameExistsError); errors.As(err, &exists) {
		return 0, err
	}
	// Look even after the deadline: the result decides whether the hostname is saved.
	lookCtx, stop := withGrace(ctx, createGrace)
	defer stop()
	partly := IsCode(err, CodeSetCertFailed, CodeApplyCertFailed)
	if !mayHaveRun && !partly {
		look := c.FindCustomHostnames
		if _, calls := c.mine.has(0, in); calls > 1 {
			// It likely exists, but may be too new for lists.
			look = func(ctx context.Context, siteID int64, hostname string) ([]CustomHostname, error) {
				return c.lookFor(ctx, siteID, hostname, "another create of this run may have created "+hostname+"; looking for it", func(CustomHostname) bool { return true })
			}
		}
		found, _ := look(lookCtx, in.SiteID, in.Hostname)
		if len(found) == 0 {
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

// mayMeanNameTaken reports whether a refusal of Create may mean that the name is taken, for which no code is
// documented. The codes listed here mean something else.
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

// lookForCreated returns the id of the hostname that a call created, 0 if none is listed within listedLimit, and all
// hostnames of the site with that name. began is when the call sent its first Create.
func (c *Client) lookForCreated(ctx context.Context, in CreateCustomHostnameInput, began time.Time) (id int64, found []CustomHostname, err error) {
	found, err = c.lookFor(ctx, in.SiteID, in.Hostname, "a response of CreateCustomHostname was lost; looking for "+in.Hostname, func(existing CustomHostname) bool {
		// Only one call can claim a hostname.
		if !c.isOurs(existing, in, began) || !c.mine.claim(existing.HostnameID) {
			return false
		}
		id = existing.HostnameID
		return true
	})
	return id, found, err
}

// lookFor lists the hostnames of a site with a name until right accepts one, or until listedLimit. It returns the last
// list. what describes the wait in the log.
func (c *Client) lookFor(ctx context.Context, siteID int64, hostname, what string, right func(CustomHostname) bool) ([]CustomHostname, error) {
	waiting := c.newWait(what)
	end := c.clock.Now().Add(listedLimit)
	for attempt := 1; ; attempt++ {
		// A slow response shows the state at the time of its request.
		asked := c.clock.Now()
		found, err := c.FindCustomHostnames(ctx, siteID, hostname)
		if err != nil {
			return nil, err
		}
		if slices.ContainsFunc(found, right) {
			return found, nil
		}
		if !asked.Before(end) {
			return found, nil
		}
		// The last look is at the end, however long the pauses are.
		pause := min(c.backoff(attempt, &Error{}), end.Sub(c.clock.Now()))
		if err := waiting.sleep(ctx, max(0, pause)); err != nil {
			return nil, err
		}
	}
}

// isOurs reports whether this call may have created a hostname: for the same record, and since the call began. began is
// converted to ESA's clock, as ours may be minutes off.
func (c *Client) isOurs(existing CustomHostname, in CreateCustomHostnameInput, began time.Time) bool {
	created, _ := time.Parse(timeFormat, existing.CreateTime) // an invalid time is the zero time, which is long past
	return existing.RecordID == in.RecordID && !created.Before(began.Add(c.clockOff()-createSlack))
}

// withGrace returns a context that ends grace after ctx ends.
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
