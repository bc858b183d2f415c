package esa

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"time"

	"github.com/aliyun/credentials-go/credentials/providers"

	// credentials-go prints bearer tokens where an environment variable says so.
	_ "terraform-provider-esa/internal/quiet"
)

// blocking is a source that knows no context: who has no more time leaves it alone with its work.
type blocking struct {
	kind string
	// lifetime is how long a set lasts from when it was asked for, 0 where that is not known.
	lifetime time.Duration
	ask      func(ctx context.Context, now time.Time) (keys, error)
	// turn is held for as long as ask works.
	turn chan struct{}
	last keys
}

func newBlocking(kind string, lifetime time.Duration, ask func(context.Context, time.Time) (keys, error)) *blocking {
	return &blocking{kind: kind, lifetime: lifetime, ask: ask, turn: make(chan struct{}, 1)}
}

func (b *blocking) name() string { return b.kind }

func (b *blocking) get(ctx context.Context, now time.Time) (keys, error) {
	select {
	case b.turn <- struct{}{}:
	case <-ctx.Done():
		return keys{}, ctx.Err()
	}
	type result struct {
		set keys
		err error
	}
	done := make(chan result, 1)
	go func() {
		defer func() { <-b.turn }()
		set, err := b.ask(ctx, now)
		if err == nil {
			set = b.dated(set, now)
		}
		done <- result{set, err}
	}()
	select {
	case r := <-done:
		return r.set, r.err
	case <-ctx.Done():
		return keys{}, ctx.Err()
	}
}

// dated says until when a set is good. credentials-go does not tell, but it gives none out of its hands that ends
// within earlyRenewal.
func (b *blocking) dated(set keys, now time.Time) keys {
	before := b.last
	before.expires = set.expires
	switch {
	case set != before:
		set.expires = now.Add(max(b.lifetime, earlyRenewal))
	default:
		set.expires = b.last.expires
		if soonest := now.Add(earlyRenewal); soonest.After(set.expires) {
			set.expires = soonest
		}
	}
	b.last = set
	return set
}

// library is a source of credentials-go. field is the argument that chose it, and secrets are what it sends.
type library struct {
	provider providers.CredentialsProvider
	field    string
	secrets  func() []string
}

func (l library) source(lifetime time.Duration) source {
	return newBlocking(l.provider.GetProviderName(), lifetime, func(context.Context, time.Time) (keys, error) { return l.ask() })
}

// ask returns one whole set.
func (l library) ask() (set keys, err error) {
	defer func() {
		// credentials-go uses the parts of an answer without a look whether it has them.
		if cause := recover(); cause != nil {
			set, err = keys{}, sourceError{error: fmt.Errorf("%s: the source's answer is incomplete (%v)", l.field, cause)}
		}
	}()
	got, err := l.provider.GetCredentials()
	if err != nil {
		return keys{}, l.explain(err)
	}
	return keys{accessKey: got.AccessKeyId, secretKey: got.AccessKeySecret, securityToken: got.SecurityToken}, nil
}

// explain says which argument an error is about and takes out what may be secret: credentials-go repeats whole
// answers, keys and tokens included, and the addresses that it asked.
func (l library) explain(err error) error {
	if errors.As(err, new(sourceError)) {
		return err
	}
	secrets := l.secrets()
	if urlErr := new(url.Error); errors.As(err, &urlErr) {
		return sourceError{fmt.Errorf("%s: %w", l.field, redactError(urlErr, secrets...)), mayPass(urlErr.Err)}
	}
	text, answer, found := cutAnswer(err.Error())
	if !found {
		return sourceError{fmt.Errorf("%s: %w", l.field, redactError(err, secrets...)), saysServerError(text) || mayPass(err) && isNetworkError(err)}
	}
	text = redact(text, secrets...)
	var refusal struct{ Code, Message, RequestId string }
	if json.Unmarshal([]byte(answer), &refusal) != nil || refusal.Code == "" {
		// Nothing tells the status of an answer that is no JSON: a gateway's page, most likely.
		return sourceError{fmt.Errorf("%s: %s (the answer is left out, as it may hold secrets)", l.field, text), !json.Valid([]byte(answer))}
	}
	if ErrorCode(refusal.Code) == CodeSignatureDoesNotMatch {
		refusal.Message = "the secret does not belong to the access key"
	}
	return sourceError{
		fmt.Errorf("%s: %s %s: %s (request id %s)", l.field, text,
			redact(refusal.Code, secrets...), redact(refusal.Message, secrets...), redact(refusal.RequestId, secrets...)),
		isPassingCode(refusal.Code),
	}
}

// cutAnswer parts an error of credentials-go into its own words and the answer that it repeats.
func cutAnswer(text string) (words, answer string, found bool) {
	for _, end := range []string{"failed: ", "from OAuth: "} {
		if words, answer, found = strings.Cut(text, end); found {
			return words + end, answer, true
		}
	}
	if words, answer, found = strings.Cut(text, "{"); found {
		return words, "{" + answer, true
	}
	return text, "", false
}

// isPassingCode tells whether STS would not say the same a moment later.
func isPassingCode(code string) bool {
	for _, passing := range []string{"Throttling", "TooManyRequests", "ServiceUnavailable", "ServiceBusy", "InternalError", "InternalException", "SignatureNonceUsed"} {
		if strings.HasPrefix(code, passing) {
			return true
		}
	}
	return false
}

var serverError = regexp.MustCompile(`(?i)status(?: code)?:? (?:5\d\d|429)\b`)

// saysServerError tells whether the text names an HTTP status of a server in trouble.
func saysServerError(text string) bool { return serverError.MatchString(text) }

func isNetworkError(err error) bool {
	var network net.Error
	return errors.As(err, &network) || errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, io.EOF)
}

// mayPass tells whether a transport error may be gone a moment later. A wrong name, port or certificate stays.
func mayPass(err error) bool {
	var (
		certificate *tls.CertificateVerificationError
		authority   x509.UnknownAuthorityError
		plain       tls.RecordHeaderError
		dns         *net.DNSError
	)
	switch {
	case errors.As(err, &certificate), errors.As(err, &authority), errors.As(err, &plain), errors.Is(err, http.ErrSchemeMismatch):
		return false
	case errors.As(err, &dns):
		return !dns.IsNotFound
	}
	return true
}

// witness keeps in mind which secrets a source gave last.
type witness struct {
	source
	last keys
}

func (w *witness) get(ctx context.Context, now time.Time) (keys, error) {
	set, err := w.source.get(ctx, now)
	if err == nil {
		w.last = set
	}
	return set, err
}

func (w *witness) secrets() []string { return []string{w.last.secretKey, w.last.securityToken} }
