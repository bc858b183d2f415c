package esa

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/aliyun/credentials-go/credentials"
	"github.com/aliyun/credentials-go/credentials/providers"
)

const (
	// earlyRenewal is how long before its expiration a set is renewed, here as in credentials-go.
	earlyRenewal = 180 * time.Second
	// sourcePause is how long a failed source is not called again while its last set is valid.
	sourcePause = 10 * time.Second
	// renewAtMostEvery is far shorter than the minimum lifetime of a token, 15 minutes.
	renewAtMostEvery = time.Minute
)

// keys is one set of credentials.
type keys struct {
	accessKey, secretKey, securityToken string
	// expires is the expiration of the set, or the earliest possible one; zero if unknown.
	expires time.Time
}

// goodAt reports whether the set is not empty and has not expired.
func (k keys) goodAt(now time.Time) bool {
	return k.accessKey != "" && k.secretKey != "" && (k.expires.IsZero() || now.Before(k.expires))
}

// source returns sets of credentials. Only one goroutine calls it at a time. It caches a set until that expires.
type source interface {
	get(ctx context.Context, now time.Time) (keys, error)
	name() string
}

// ErrSource is the cause of an Error if the request was not sent because the source of credentials failed.
var ErrSource = errors.New("no credentials")

// sourceError is an error of a source. It is complete as a message, and contains no secrets.
type sourceError struct {
	error
	// temporary is whether the error is transient.
	temporary bool
}

// Unwrap returns the cause.
func (e sourceError) Unwrap() error { return e.error }

// isTemporary reports whether err is a transient error of a source.
func isTemporary(err error) bool {
	var e sourceError
	return errors.As(err, &e) && e.temporary
}

// credential makes a Credential of a source.
type credential struct {
	Credential
	source source
}

func newCredential(s source) *credential {
	now := func() (context.Context, time.Time) { return context.Background(), time.Now() }
	return &credential{credentials.FromCredentialsProvider(s.name(), timeless{s, now}), s}
}

// timeless makes a provider of credentials-go of a source. Its methods have no context and time; moment returns them.
type timeless struct {
	source source
	moment func() (context.Context, time.Time)
}

// GetCredentials returns the keys of the source.
func (t timeless) GetCredentials() (*providers.Credentials, error) {
	ctx, now := t.moment()
	set, err := t.source.get(ctx, now)
	if err != nil {
		return nil, err
	}
	return &providers.Credentials{
		AccessKeyId: set.accessKey, AccessKeySecret: set.secretKey, SecurityToken: set.securityToken, ProviderName: t.source.name(),
	}, nil
}

// GetProviderName returns the source's name.
func (t timeless) GetProviderName() string { return t.source.name() }

// sourceOf returns the source of a credential. Credentials of other packages are wrapped.
func sourceOf(c Credential) source {
	if own, ok := c.(*credential); ok {
		return own.source
	}
	return newBlocking("", 0, func(context.Context, time.Time) (keys, error) {
		set, err := c.GetCredential()
		if err != nil {
			return keys{}, redactError(err)
		}
		if set == nil {
			return keys{}, nil
		}
		return keys{accessKey: value(set.AccessKeyId), secretKey: value(set.AccessKeySecret), securityToken: value(set.SecurityToken)}, nil
	})
}

// keyring returns consistent sets of credentials, so that no request is signed with parts of two sets. If a renewal
// fails, it returns the last set until that expires.
type keyring struct {
	// lock is held by the goroutine that calls the source.
	lock    chan struct{}
	source  source
	remake  func() (Credential, error)
	renewed time.Time // when the source was last replaced

	mu    sync.Mutex
	last  keys      // the newest set
	rest  time.Time // until when the source is not called if the last set is valid
	asked int       // how often the source was called
	err   error     // the error of the last call
	works bool      // whether it ever returned a set
}

// newKeyring returns a keyring. renew returns a new credential; it may be nil.
func newKeyring(credential Credential, renew func() (Credential, error)) *keyring {
	return &keyring{lock: make(chan struct{}, 1), source: sourceOf(credential), remake: renew}
}

// snapshot returns one set, or the error of ctx, or that of the source.
func (k *keyring) snapshot(ctx context.Context, now time.Time) (*credentials.CredentialModel, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	before := k.timesAsked()
	select {
	case k.lock <- struct{}{}:
	default:
		if set, good := k.lastGood(now); good {
			return model(set), nil
		}
		select {
		case k.lock <- struct{}{}:
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
	defer func() { <-k.lock }()
	if settled, set, err := k.settled(now, before); settled {
		return model(set), err
	}
	set, err := k.source.get(ctx, now)
	if err != nil && ctx.Err() != nil {
		return nil, ctx.Err()
	}
	set, err = k.learn(now, set, err)
	return model(set), err
}

func (k *keyring) timesAsked() int {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.asked
}

func (k *keyring) lastGood(now time.Time) (set keys, good bool) {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.last, k.last.goodAt(now)
}

// settled reports whether the source need not be called: either it failed recently and the last set is valid, or it
// failed while the caller waited for its turn.
func (k *keyring) settled(now time.Time, before int) (settled bool, set keys, err error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	switch good := k.last.goodAt(now); {
	case good && now.Before(k.rest), good && k.err != nil && k.asked != before:
		return true, k.last, nil
	case k.err != nil && k.asked != before:
		return true, keys{}, k.err
	}
	return false, keys{}, nil
}

// learn records the result of the source and returns the set or the error to use.
func (k *keyring) learn(now time.Time, set keys, err error) (keys, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if err == nil && (set.accessKey == "" || set.secretKey == "") {
		err = errors.New("the credential source returned no access key")
	}
	k.asked++
	if k.err = err; err == nil {
		k.last, k.works = set, true
		return set, nil
	}
	if k.works && !isTemporary(err) {
		// The source has worked before, so its configuration is correct.
		k.err = sourceError{err, true}
	}
	if k.last.goodAt(now) {
		k.rest = now.Add(sourcePause)
		return k.last, nil
	}
	return keys{}, k.err
}

// renew drops the last set, whose token has expired according to ESA, and replaces the source, which may have cached
// it. Concurrent calls renew it once.
func (k *keyring) renew(ctx context.Context, now time.Time) {
	select {
	case k.lock <- struct{}{}:
	case <-ctx.Done():
		return
	}
	defer func() { <-k.lock }()
	k.drop()
	if k.remake == nil || now.Sub(k.renewed) < renewAtMostEvery {
		return
	}
	credential, err := k.remake()
	if err != nil {
		return
	}
	k.source, k.renewed = sourceOf(credential), now
}

func (k *keyring) drop() {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.last, k.rest = keys{}, time.Time{}
}

func model(set keys) *credentials.CredentialModel {
	return &credentials.CredentialModel{AccessKeyId: &set.accessKey, AccessKeySecret: &set.secretKey, SecurityToken: &set.securityToken}
}
