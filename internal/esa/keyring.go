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
	// earlyRenewal is how long before its end a set is renewed, by us and by all of credentials-go.
	earlyRenewal = 180 * time.Second
	// sourcePause is how long a source that failed is left alone while its last set is good.
	sourcePause = 10 * time.Second
	// renewAtMostEvery is far below the shortest lifetime of a token, 15 minutes.
	renewAtMostEvery = time.Minute
)

// keys is one whole set of credentials.
type keys struct {
	accessKey, secretKey, securityToken string
	// expires is when the set ends, or the earliest time that it may; zero where only ESA knows.
	expires time.Time
}

// goodAt tells whether it is a set, and one that has not expired.
func (k keys) goodAt(now time.Time) bool {
	return k.accessKey != "" && k.secretKey != "" && (k.expires.IsZero() || now.Before(k.expires))
}

// source gives whole sets of credentials. It is asked by one goroutine at a time, and keeps a set while it lasts.
type source interface {
	get(ctx context.Context, now time.Time) (keys, error)
	name() string
}

// ErrSource is a cause of an Error whose request was not sent because the source of credentials failed.
var ErrSource = errors.New("no credentials")

// sourceError is an error of a source that needs no further words and holds no secret.
type sourceError struct {
	error
	// temporary is whether the source may work a moment later.
	temporary bool
}

// Unwrap gives the cause to errors.Is and errors.As.
func (e sourceError) Unwrap() error { return e.error }

// isTemporary tells whether err is a source's and may pass.
func isTemporary(err error) bool {
	var e sourceError
	return errors.As(err, &e) && e.temporary
}

// credential is a source as others know credentials.
type credential struct {
	Credential
	source source
}

func newCredential(s source) *credential {
	now := func() (context.Context, time.Time) { return context.Background(), time.Now() }
	return &credential{credentials.FromCredentialsProvider(s.name(), timeless{s, now}), s}
}

// timeless is a source as credentials-go knows them, without context and time. Those are the moment's.
type timeless struct {
	source source
	moment func() (context.Context, time.Time)
}

// GetCredentials asks the source.
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

// GetProviderName is the source's name.
func (t timeless) GetProviderName() string { return t.source.name() }

// sourceOf is the source of a credential. One that is not of this package is asked as the library's are.
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

// keyring hands out whole sets of credentials, so that no request is signed by halves of two. When a renewal fails, it
// hands out the last set until that expires.
type keyring struct {
	// turn admits one goroutine at a time to the source.
	turn    chan struct{}
	source  source
	remake  func() (Credential, error)
	renewed time.Time // when the source was last made anew

	mu    sync.Mutex
	last  keys      // the newest set
	rest  time.Time // until when the source is left alone if the last set is good
	asked int       // how often the source was asked
	err   error     // what it answered the last time
	works bool      // whether it ever gave a set
}

// newKeyring makes a keyring; renew makes the credential anew, nil where that is no use.
func newKeyring(credential Credential, renew func() (Credential, error)) *keyring {
	return &keyring{turn: make(chan struct{}, 1), source: sourceOf(credential), remake: renew}
}

// snapshot returns one whole set, or the error of ctx, or that of the source.
func (k *keyring) snapshot(ctx context.Context, now time.Time) (*credentials.CredentialModel, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	before := k.timesAsked()
	select {
	case k.turn <- struct{}{}:
	default:
		if set, good := k.lastGood(now); good {
			return model(set), nil
		}
		select {
		case k.turn <- struct{}{}:
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
	defer func() { <-k.turn }()
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

// settled tells whether there is no need to ask the source: it has just failed and the last set is good, or it has
// failed since a caller began to wait, who need not see for himself that it is down.
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

// learn notes what the source answered and says what to make of it.
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
		// Its configuration is right, or it would never have worked.
		k.err = sourceError{err, true}
	}
	if k.last.goodAt(now) {
		k.rest = now.Add(sourcePause)
		return k.last, nil
	}
	return keys{}, k.err
}

// renew drops the last set, as ESA says that its token has expired, and makes the source anew, which may not know so
// itself. Calls that learn this together renew it once.
func (k *keyring) renew(ctx context.Context, now time.Time) {
	select {
	case k.turn <- struct{}{}:
	case <-ctx.Done():
		return
	}
	defer func() { <-k.turn }()
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
