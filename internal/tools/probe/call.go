package main

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha1"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"terraform-provider-esa/internal/esa"
)

const (
	apiVersion = "2024-09-10"
	timeFormat = "2006-01-02T15:04:05Z"
	bodyLimit  = 8 << 20
	// callTimeout is the time limit of one request.
	callTimeout = time.Minute
	// patience is how long a call is retried while ESA is too busy.
	patience = 3 * time.Minute
)

// keys is one set of credentials.
type keys struct{ accessKey, secretKey, securityToken string }

// place is where the parameters of a POST are sent.
type place int

const (
	inForm place = iota
	inQuery
)

// A request is a call of ESA to send. The zero method is POST, or GET for the actions that accept only GET.
type request struct {
	action string
	method string
	params map[string]string
	place  place
	// keys replaces the account's credentials, if set.
	keys *keys
}

// An answer is a response.
type answer struct {
	request        request
	sent, answered time.Time
	status         int
	header         http.Header
	body           []byte
	object
}

// object is a JSON object with numbers as they were written.
type object map[string]any

// text returns a field as written, or "" if it is absent or null.
func (o object) text(name string) string {
	switch v := o[name].(type) {
	case string:
		return v
	case json.Number:
		return v.String()
	case bool:
		return strconv.FormatBool(v)
	}
	return ""
}

// id returns a field that is an id, in any JSON type, or 0 if it is not an id.
func (o object) id(name string) int64 {
	whole, fraction, _ := strings.Cut(o.text(name), ".")
	if strings.Trim(fraction, "0") != "" {
		return 0
	}
	id, _ := strconv.ParseInt(whole, 10, 64)
	return id
}

func (o object) object(name string) object {
	inner, _ := o[name].(map[string]any)
	return inner
}

func (o object) list(name string) []object {
	items, _ := o[name].([]any)
	var list []object
	for _, item := range items {
		if inner, ok := item.(map[string]any); ok {
			list = append(list, inner)
		}
	}
	return list
}

// code returns the error code, or "" for a success.
func (a answer) code() string {
	if code := a.text("Code"); !slices.Contains([]string{"200", "0", "OK", "ok", "success", "Success"}, code) {
		return code
	}
	return ""
}

// ok reports whether the call succeeded.
func (a answer) ok() bool { return a.status == http.StatusOK && a.code() == "" }

// refusal describes a response for the report.
func (a answer) refusal() string {
	if a.ok() {
		return "HTTP 200"
	}
	return fmt.Sprintf("HTTP %d %s", a.status, a.code())
}

func (a answer) throttled() bool {
	return strings.Contains(a.code(), "Throttling") || a.code() == "TooManyRequests" || a.status == http.StatusTooManyRequests
}

func (a answer) busy() bool { return strings.HasSuffix(a.code(), ".ServiceBusy") }

// failed reports whether the response is a transient failure of ESA, and not an answer to the question.
func (a answer) failed() bool {
	return a.throttled() || a.busy() || a.status >= http.StatusInternalServerError || a.code() == "InternalException" ||
		a.code() == "LockFailed" || strings.HasPrefix(a.code(), "ServiceUnavailable")
}

// says reports whether a refusal is an answer to the question, and not about the account, its plan, a transient failure,
// or an object that ESA does not find.
func (a answer) says() bool {
	return !a.ok() && !a.failed() && a.code() != "" && !besides.MatchString(a.code())
}

// besides are the codes that are not about the values of parameters.
var besides = regexp.MustCompile(`^(NoPermission|Instance\.|Forbidden|Quota|.*NotFound$|Missing(HostnameId|SiteId|RecordId|Hostname|Parameter)$|Signature|Incomplete|InvalidTimeStamp|InvalidAccessKeyId|InvalidSecurityToken|Unsupported|InvalidApi)`)

// wait returns the pause that the response requests, or 0 for none.
func (a answer) wait() time.Duration {
	if ms, err := strconv.ParseInt(a.header.Get("X-Acs-Retry-After"), 10, 64); err == nil && ms > 0 {
		return time.Duration(ms) * time.Millisecond
	}
	if seconds, err := strconv.ParseInt(a.header.Get("Retry-After"), 10, 64); err == nil && seconds > 0 {
		return time.Duration(seconds) * time.Second
	}
	return 0
}

// errUnanswered is the cause of the error of a call without a response.
var errUnanswered = errors.New("no response")

// caller sends calls and keeps the responses.
type caller struct {
	endpoint   string
	http       *http.Client
	credential func() (keys, error)
	pause      time.Duration
	// place is where parameters are sent by default. The first question determines it.
	place place

	mu      sync.Mutex
	answers []answer
}

// get sends a call, and retries it within limits while ESA is busy.
func (c *caller) get(ctx context.Context, action string, params map[string]string) (answer, error) {
	return c.insist(ctx, request{action: action, params: params, place: c.place})
}

// insist retries a request while ESA is busy, until patience ends, and returns the last response. It also retries a request
// without a response, unless it creates something, or no request has had a response yet.
func (c *caller) insist(ctx context.Context, r request) (answer, error) {
	began := time.Now()
	for pause := c.pause; ; pause = min(2*pause, 5*time.Second) {
		a, err := c.once(ctx, r)
		if errors.Is(err, errUnanswered) && ctx.Err() == nil && r.action != "CreateCustomHostname" && c.sent() > 0 && time.Since(began) < patience {
			if err := sleep(ctx, pause); err != nil {
				return a, err
			}
			continue
		}
		if err != nil || !a.failed() || a.code() == "InternalException" && r.action == "CreateCustomHostname" {
			return a, err
		}
		wait := max(a.wait(), pause)
		if time.Since(began)+wait > patience {
			return a, nil
		}
		if err := sleep(ctx, wait); err != nil {
			return a, err
		}
	}
}

// once pauses and then sends a request once.
func (c *caller) once(ctx context.Context, r request) (answer, error) {
	if err := sleep(ctx, c.pause); err != nil {
		return answer{}, err
	}
	return c.send(ctx, r)
}

// getOnly are the actions that refuse POST.
var getOnly = []string{"ListSites", "GetSite", "ListRecords", "GetRecord"}

// send signs a request with one set of credentials, sends it once, and reads the response.
func (c *caller) send(ctx context.Context, r request) (answer, error) {
	if r.method == "" {
		r.method = http.MethodPost
		if slices.Contains(getOnly, r.action) {
			r.method = http.MethodGet
		}
	}
	who, err := c.credential()
	if err != nil {
		return answer{}, err
	}
	if r.keys != nil {
		who = *r.keys
		r.keys = nil
	}
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	out, err := c.sign(ctx, r, who)
	if err != nil {
		return answer{}, err
	}
	a := answer{request: r, sent: time.Now()}
	response, err := c.http.Do(out)
	if err != nil {
		return answer{}, fmt.Errorf("%s at %s: %w: %w", r.action, out.URL.Host, errUnanswered, bare(err))
	}
	defer func() { _ = response.Body.Close() }()
	a.body, err = io.ReadAll(io.LimitReader(response.Body, bodyLimit))
	if err != nil {
		return answer{}, fmt.Errorf("%s at %s: %w: %w", r.action, out.URL.Host, errUnanswered, bare(err))
	}
	a.answered, a.status, a.header = time.Now(), response.StatusCode, response.Header
	decoder := json.NewDecoder(bytes.NewReader(a.body))
	decoder.UseNumber()
	if decoder.Decode(&a.object) != nil || a.object == nil {
		return answer{}, fmt.Errorf("%s at %s: %w: HTTP %d without a JSON object, so a proxy or another server responded", r.action, out.URL.Host, errUnanswered, a.status)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.answers = append(c.answers, a)
	return a, nil
}

func (c *caller) sent() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return len(c.answers)
}

// all returns the responses so far.
func (c *caller) all() []answer {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.Clone(c.answers)
}

// bare returns a transport's error without the signed URL.
func bare(err error) error {
	if inner := new(url.Error); errors.As(err, &inner) {
		return inner.Err
	}
	return err
}

// sign returns the signed HTTP request. The documentation calls the signature V2 for RPC, and its parameter is 1.0.
func (c *caller) sign(ctx context.Context, r request, who keys) (*http.Request, error) {
	nonce := make([]byte, 16)
	_, _ = rand.Read(nonce)
	query := url.Values{
		"Action": {r.action}, "Version": {apiVersion}, "Format": {"JSON"}, "AccessKeyId": {who.accessKey},
		"SignatureMethod": {"HMAC-SHA1"}, "SignatureVersion": {"1.0"}, "SignatureNonce": {hex.EncodeToString(nonce)},
		"Timestamp": {time.Now().UTC().Format(timeFormat)},
	}
	if who.securityToken != "" {
		query.Set("SecurityToken", who.securityToken)
	}
	form := url.Values{}
	business := form
	if r.method == http.MethodGet || r.place == inQuery {
		business = query
	}
	for name, value := range r.params {
		business.Set(name, value)
	}
	query.Set("Signature", signature(r.method, who.secretKey, query, form))

	var body io.Reader
	if r.method == http.MethodPost {
		body = strings.NewReader(form.Encode())
	}
	out, err := http.NewRequestWithContext(ctx, r.method, c.endpoint+"/?"+query.Encode(), body)
	if err != nil {
		return nil, bare(err)
	}
	if body != nil {
		out.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	out.Header.Set("Accept", "application/json")
	out.Header.Set("User-Agent", "terraform-provider-esa-probe")
	return out, nil
}

// signature signs all parameters, wherever they are sent.
func signature(method, secret string, places ...url.Values) string {
	var pairs []string
	for _, values := range places {
		for name := range values {
			pairs = append(pairs, escape(name)+"="+escape(values.Get(name)))
		}
	}
	// This sorts by name: "=" sorts before all characters in names except for "-" and ".", which ESA's names do not have.
	slices.Sort(pairs)
	mac := hmac.New(sha1.New, []byte(secret+"&"))
	mac.Write([]byte(method + "&%2F&" + escape(strings.Join(pairs, "&"))))
	return base64.StdEncoding.EncodeToString(mac.Sum(nil))
}

// escape is the percent-encoding of RFC 3986, which differs from that of queries for spaces.
func escape(text string) string { return strings.ReplaceAll(url.QueryEscape(text), "+", "%20") }

// sleep pauses, and returns the context's error if that ends before.
var sleep = esa.SystemClock{}.Sleep
