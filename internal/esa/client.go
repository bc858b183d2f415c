// Package esa is a client for the custom hostname ("SaaS domain name") actions of Alibaba Cloud ESA, API version
// 2024-09-10, and for the site and record actions that they depend on. It knows nothing of Terraform.
//
// Where things are:
//
//	client.go            Config, New, Clock, the log hook
//	credentials.go       which source of credentials is used
//	credentials_*.go     the sources: aliyun/credentials-go, HTTP, a command
//	profiles.go          profiles of the Alibaba Cloud CLI
//	keyring.go           one whole set for every attempt, also while its source is down
//	endpoint.go          endpoints, account sites
//	rpc.go               one attempt: sign, send, decode; the only file that knows tea
//	lenient.go           reading answers however their values are written
//	retry.go             which failures are sent again, when, and how often
//	reach.go             how long ESA is tried that cannot be reached, for all calls together
//	pace.go              calls per second
//	quota.go             the hourly quota of Create
//	turns.go             writes to busy records, one at a time
//	errors.go            Error, the error codes and their meaning
//	custom_hostnames.go  the seven custom hostname actions
//	create.go            Create without orphans and without duplicates
//	wait.go              short waits for what a write has set going
//	validate.go          the long wait for ownership and certificate
//	refresh.go           reading thousands by page
//	pages.go             all pages of a list
//	sites.go records.go  ListSites, GetSite, ListRecords, GetRecord
package esa

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync/atomic"
	"time"

	"github.com/aliyun/credentials-go/credentials"
	"golang.org/x/time/rate"
)

// DefaultMaxRetries is the usual number of attempts after the first one.
const DefaultMaxRetries = 10

// DefaultTimeout is the usual limit for connecting and, separately, for an answer.
const DefaultTimeout = 60 * time.Second

// Clock is the time as the client sees it, so that tests need not wait.
type Clock interface {
	// Now is the current time.
	Now() time.Time
	// Sleep returns nil after d, or the context's error as soon as the context ends.
	Sleep(ctx context.Context, d time.Duration) error
}

// SystemClock is the Clock of the machine.
type SystemClock struct{}

// Now is time.Now.
func (SystemClock) Now() time.Time { return time.Now() }

// Sleep waits for d or for the end of ctx.
func (SystemClock) Sleep(ctx context.Context, d time.Duration) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// Event tells the log hook about one attempt of one call. It carries neither parameters nor addresses, as the
// former hold private keys and the latter signatures.
type Event struct {
	Action    string        // for example "GetCustomHostname"
	Attempt   int           // 1 is the first
	Status    int           // HTTP status, 0 when there was no answer
	Code      string        // ESA's error code, "" on success
	RequestID string        // ESA's request id, "" when there was none
	Duration  time.Duration // how long this attempt took
	Wait      time.Duration // pause before the next attempt, 0 when there is none
	Err       error         // nil on success
	// Waiting is set when this is not about an attempt, but about a wait that has lasted for Duration: what for.
	Waiting string
	// Warning is set when this is not about an attempt, but about something that a user should look at.
	Warning string
}

// Credential is a source of access keys.
type Credential = credentials.Credential

// Config is what a Client is made of.
type Config struct {
	// Endpoint is scheme://host[:port], as ParseEndpoint and EndpointFor return it. Required.
	Endpoint string
	// Credential signs the requests. It is asked for one whole set for every attempt; while it fails, or is being asked
	// by another call, the last set is used as long as that is good. Required.
	Credential Credential
	// Renew makes the Credential anew when ESA says that its token has expired; nil where that is no use.
	Renew func() (Credential, error)
	// TokenVariable is the environment variable that the security token was read from, "" if it was not; for errors.
	TokenVariable string
	// UserAgent is sent with every request.
	UserAgent string
	// ConnectTimeout limits connecting, TLS included. 0 means DefaultTimeout.
	ConnectTimeout time.Duration
	// ReadTimeout limits the wait for a whole answer after connecting. 0 means DefaultTimeout.
	ReadTimeout time.Duration
	// MaxRetries is the number of attempts after the first one.
	MaxRetries int
	// RequestsPerSecond is an upper bound on attempts; 0 means none.
	RequestsPerSecond float64
	// Clock is the time; nil means SystemClock.
	Clock Clock
	// Log is told of every attempt; nil means nobody.
	Log func(ctx context.Context, event Event)
}

// Client calls ESA. It is safe for concurrent use; one is enough for a process, so that connections, limits and
// retries are shared by all calls.
type Client struct {
	wire       *wire
	tokenFrom  string
	clock      Clock
	maxRetries int
	pace       *pace
	quota      *createQuota
	turns      *turns
	reach      reach
	lags       lags
	mine       mine
	jitter     func() float64
	log        func(ctx context.Context, event Event)
	pages      *pageIndex

	// skew is ESA's clock minus ours in nanoseconds, from the Date header of the newest answer.
	skew     atomic.Int64
	skewTold atomic.Bool
}

// New makes a Client. It calls nobody.
func New(config Config) (*Client, error) {
	if config.Endpoint == "" {
		return nil, errors.New("esa: no endpoint")
	}
	if config.Credential == nil {
		return nil, errors.New("esa: no credential")
	}
	if config.MaxRetries < 0 {
		return nil, fmt.Errorf("esa: MaxRetries is %d, it must not be negative", config.MaxRetries)
	}
	if config.Clock == nil {
		config.Clock = SystemClock{}
	}
	if config.ConnectTimeout <= 0 {
		config.ConnectTimeout = DefaultTimeout
	}
	if config.ReadTimeout <= 0 {
		config.ReadTimeout = DefaultTimeout
	}
	if config.Log == nil {
		config.Log = func(context.Context, Event) {}
	}
	wire, err := newWire(config)
	if err != nil {
		return nil, err
	}
	limit := rate.Inf
	if config.RequestsPerSecond > 0 {
		limit = rate.Limit(config.RequestsPerSecond)
	}
	return &Client{
		wire:       wire,
		tokenFrom:  config.TokenVariable,
		clock:      config.Clock,
		maxRetries: config.MaxRetries,
		pace:       newPace(limit),
		quota:      newCreateQuota(),
		turns:      newTurns(),
		jitter:     rand.Float64,
		log:        config.Log,
		pages:      newPageIndex(),
	}, nil
}
