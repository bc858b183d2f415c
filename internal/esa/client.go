// Package esa is a client for the custom hostname ("SaaS domain name") actions of Alibaba Cloud ESA, API version
// 2024-09-10, and for the site and record actions that they depend on. It does not depend on Terraform.
//
// The files:
//
//	client.go            Config, New, Clock, the log hook
//	credentials.go       which source of credentials is used
//	credentials_*.go     the sources: aliyun/credentials-go, HTTP, a command
//	profiles.go          profiles of the Alibaba Cloud CLI
//	keyring.go           one consistent set of keys per attempt, also while the source is down
//	endpoint.go          endpoints, account sites
//	rpc.go               one attempt: sign, send, decode; the only file that uses tea
//	lenient.go           decoding of responses with unusual JSON types
//	retry.go             which failures are retried, when, and how often
//	reach.go             how long an unreachable ESA is retried, for all calls together
//	pace.go              calls per second
//	quota.go             the hourly quota of Create
//	turns.go             writes to busy records, one at a time
//	errors.go            Error, the error codes and their meaning
//	custom_hostnames.go  the seven custom hostname actions
//	create.go            Create without orphans and duplicates
//	wait.go              short waits for the effects of writes
//	validate.go          the long wait for ownership and certificate
//	refresh.go           refreshing thousands of hostnames by page
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

// DefaultMaxRetries is the default number of retries.
const DefaultMaxRetries = 10

// DefaultTimeout is the default time limit for connecting and, separately, for a response.
const DefaultTimeout = 60 * time.Second

// Clock provides the time, so that tests need not wait.
type Clock interface {
	// Now returns the current time.
	Now() time.Time
	// Sleep returns nil after d, or the context's error as soon as the context ends.
	Sleep(ctx context.Context, d time.Duration) error
}

// SystemClock is the system's Clock.
type SystemClock struct{}

// Now returns time.Now().
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

// Event describes one attempt of a call to the log hook. It contains no parameters and no URLs: parameters can be
// private keys, and URLs contain signatures.
type Event struct {
	Action    string        // for example "GetCustomHostname"
	Attempt   int           // 1 is the first
	Status    int           // HTTP status, 0 without a response
	Code      string        // ESA's error code, "" on success
	RequestID string        // ESA's request id, "" if there was none
	Duration  time.Duration // how long this attempt took
	Wait      time.Duration // pause before the next attempt, 0 if there is none
	Err       error         // nil on success
	// Waiting is the reason of a wait that has lasted for Duration. It is set instead of the fields of an attempt.
	Waiting string
	// Warning is a message for the user. It is set instead of the fields of an attempt.
	Warning string
}

// Credential is a source of access keys.
type Credential = credentials.Credential

// Config configures a Client.
type Config struct {
	// Endpoint is scheme://host[:port], as ParseEndpoint and EndpointFor return it. Required.
	Endpoint string
	// Credential signs the requests. It is asked for a set of keys for every attempt. While it fails, or another call is
	// asking it, the last set is used until that expires. Required.
	Credential Credential
	// Renew returns a new Credential when ESA reports that the token has expired. It may be nil.
	Renew func() (Credential, error)
	// TokenVariable is the environment variable that the security token was read from, "" for none. It is used in errors.
	TokenVariable string
	// UserAgent is sent with every request.
	UserAgent string
	// ConnectTimeout limits connecting, TLS included. 0 means DefaultTimeout.
	ConnectTimeout time.Duration
	// ReadTimeout limits the wait for a complete response after connecting. 0 means DefaultTimeout.
	ReadTimeout time.Duration
	// MaxRetries is the maximum number of retries of a call.
	MaxRetries int
	// RequestsPerSecond is the maximum rate of attempts; 0 means no limit.
	RequestsPerSecond float64
	// Clock provides the time; nil means SystemClock.
	Clock Clock
	// Log is called for every attempt. It may be nil.
	Log func(ctx context.Context, event Event)
}

// Client calls ESA. It is safe for concurrent use. A process should have one, so that all calls share connections and
// limits.
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
	pageIndex  *pageIndex

	// skew is ESA's clock minus ours in nanoseconds, from the Date header of the newest response.
	skew     atomic.Int64
	skewTold atomic.Bool
}

// New returns a Client. It makes no calls.
func New(config Config) (*Client, error) {
	if config.Endpoint == "" {
		return nil, errors.New("esa: no endpoint")
	}
	if config.Credential == nil {
		return nil, errors.New("esa: no credential")
	}
	if config.MaxRetries < 0 {
		return nil, fmt.Errorf("esa: MaxRetries is %d; it must not be negative", config.MaxRetries)
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
		pageIndex:  newPageIndex(),
	}, nil
}
