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

	// credentials-go prints bearer tokens if an environment variable is set.
	_ "terraform-provider-esa/internal/quiet"
)

// blocking makes a source of a function without a context. A call whose context ends does not wait for the function.
type blocking struct {
	kind string
	// lifetime is how long a set is valid from when it was requested, 0 if unknown.
	lifetime time.Duration
	ask      func(ctx context.Context, now time.Time) (keys, error)
	// lock is held while ask runs.
	lock chan struct{}
	last keys
}

func newBlocking(kind string, lifetime time.Duration, ask func(context.Context, time.Time) (keys, error)) *blocking {
	return &blocking{kind: kind, lifetime: lifetime, ask: ask, lock: make(chan struct{}, 1)}
}

func (b *blocking) name() string { return b.kind }

func (b *blocking) get(ctx context.Context, now time.Time) (keys, error) {
	select {
	case b.lock <- struct{}{}:
	case <-ctx.Done():
		return keys{}, ctx.Err()
	}
	type result struct {
		set keys
		err error
	}
	done := make(chan result, 1)
	go func() {
		defer func() { <-b.lock }()
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

// dated sets the expiration of a set. credentials-go does not return it, but it returns no set that expires within
// earlyRenewal.
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

// library is a provider of credentials-go. field is the argument that selects it, and secrets returns what it sends.
type library struct {
	provider providers.CredentialsProvider
	field    string
	secrets  func() []string
}

func (l library) source(lifetime time.Duration) source {
	return newBlocking(l.provider.GetProviderName(), lifetime, func(context.Context, time.Time) (keys, error) { return l.ask() })
}

// ask returns one set of keys.
func (l library) ask() (set keys, err error) {
	defer func() {
		// credentials-go dereferences the fields of a response without checking that they exist.
		if cause := recover(); cause != nil {
			set, err = keys{}, sourceError{error: fmt.Errorf("%s: the source's response is incomplete (%v)", l.field, cause)}
		}
	}()
	got, err := l.provider.GetCredentials()
	if err != nil {
		return keys{}, l.explain(err)
	}
	return keys{accessKey: got.AccessKeyId, secretKey: got.AccessKeySecret, securityToken: got.SecurityToken}, nil
}

// explain adds the argument to an error and removes what may be secret: credentials-go repeats complete responses,
// including keys and tokens, and URLs.
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
		// A response that is not JSON is most likely a gateway's page. Its status is unknown.
		return sourceError{fmt.Errorf("%s: %s (the response is omitted, as it may contain secrets)", l.field, text), !json.Valid([]byte(answer))}
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

// cutAnswer splits an error of credentials-go into its own text and the response that it repeats.
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

// isPassingCode reports whether an error code of STS is transient.
func isPassingCode(code string) bool {
	for _, passing := range []string{"Throttling", "TooManyRequests", "ServiceUnavailable", "ServiceBusy", "InternalError", "InternalException", "SignatureNonceUsed"} {
		if strings.HasPrefix(code, passing) {
			return true
		}
	}
	return false
}

var serverError = regexp.MustCompile(`(?i)status(?: code)?:? (?:5\d\d|429)\b`)

// saysServerError reports whether the text contains a transient HTTP status.
func saysServerError(text string) bool { return serverError.MatchString(text) }

func isNetworkError(err error) bool {
	var network net.Error
	return errors.As(err, &network) || errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, io.EOF)
}

// mayPass reports whether a transport error may be transient. A wrong name, port or certificate is not.
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

// witness remembers the secrets that a source returned last.
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
