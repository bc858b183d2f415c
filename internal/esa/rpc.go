package esa

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptrace"
	"net/url"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	rpcutil "github.com/alibabacloud-go/tea-rpc-utils/service"
	rpc "github.com/alibabacloud-go/tea-rpc/client"
	"github.com/aliyun/credentials-go/credentials"
)

// This package uses tea-rpc's client for endpoint, user agent and credential, and its signature. It does not use its
// DoRequest, which takes no context, panics if a body is not a JSON object, rounds integers above 2^53, and writes to a
// shared HTTP client while other calls read it. TestConformance compares the requests of both.

const (
	apiVersion = "2024-09-10"
	timeFormat = "2006-01-02T15:04:05Z"
	// bodyLimit is several times the largest expected response, a page of 500 hostnames.
	bodyLimit = 8 << 20
	// idleConnections is the number of idle connections to keep; Terraform runs 10 operations at once by default.
	idleConnections = 64
)

// ErrNotSent is the cause of an Error if the request was not sent.
var ErrNotSent = errors.New("the request was not sent")

// proxyError is the cause of an Error when a proxy refuses to connect to ESA.
type proxyError struct{ status int }

// Error returns the status.
func (e *proxyError) Error() string {
	return fmt.Sprintf("the proxy answered CONNECT with HTTP status %d", e.status)
}

// action is an API action and its HTTP method.
type action struct {
	name   string
	method string
	writes bool // changes a hostname
}

// params are the parameters of an action.
type params map[string]string

// setID adds an id. All ids are positive, so 0 means absent.
func (p params) setID(name string, id int64) {
	if id != 0 {
		p[name] = strconv.FormatInt(id, 10)
	}
}

// set adds a value. How ESA interprets an empty string is not documented, so none is ever sent.
func (p params) set(name, value string) {
	if value != "" {
		p[name] = value
	}
}

// id returns an id, 0 if there is none.
func (p params) id(name string) int64 {
	id, _ := strconv.ParseInt(p[name], 10, 64)
	return id
}

func (p params) setInt(name string, value int) {
	if value != 0 {
		p[name] = strconv.Itoa(value)
	}
}

// wire sends single attempts.
type wire struct {
	tea     *rpc.Client
	http    *http.Client
	base    string
	host    string
	timeout time.Duration
	keyring *keyring
	// inQuery is whether ESA ignores the form of a POST; see readsNoForm.
	inQuery atomic.Bool
}

func newWire(config Config) (*wire, error) {
	base, err := url.Parse(config.Endpoint)
	if err != nil || base.Host == "" {
		return nil, errors.New("esa: the endpoint is not scheme://host[:port]")
	}
	tea, err := rpc.NewClient(new(rpc.Config).
		SetProtocol(base.Scheme).
		SetEndpoint(base.Host).
		SetUserAgent(config.UserAgent).
		SetCredential(config.Credential))
	if err != nil {
		return nil, fmt.Errorf("esa: %w", err)
	}
	dialer := &net.Dialer{Timeout: config.ConnectTimeout}
	return &wire{
		tea: tea,
		http: &http.Client{
			Transport: &http.Transport{
				Proxy:               http.ProxyFromEnvironment,
				DialContext:         dialer.DialContext,
				TLSHandshakeTimeout: config.ConnectTimeout,
				ForceAttemptHTTP2:   true,
				MaxIdleConns:        idleConnections,
				MaxIdleConnsPerHost: idleConnections,
				IdleConnTimeout:     90 * time.Second,
				OnProxyConnectResponse: func(_ context.Context, _ *url.URL, _ *http.Request, response *http.Response) error {
					if response.StatusCode != http.StatusOK {
						return &proxyError{response.StatusCode}
					}
					return nil
				},
			},
			// A redirect would send the signed request to another host.
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		},
		base:    base.Scheme + "://" + base.Host + "/",
		host:    base.Host,
		timeout: config.ConnectTimeout + config.ReadTimeout,
		keyring: newKeyring(config.Credential, config.Renew),
	}, nil
}

// freeTexts is a response with free text in some fields.
type freeTexts interface{ texts() []*string }

// answer is the metadata of a response.
type answer struct {
	status    int
	requestID string
	date      time.Time
}

// send makes one attempt, with one snapshot of the credential, one nonce and one timestamp. It decodes a success into
// out. hurry sets a short time limit, for when ESA is unreachable.
func (w *wire) send(ctx context.Context, a action, params params, now time.Time, hurry bool, out any) (answer, *Error) {
	fail := func(err error) *Error { return &Error{Action: a.name, Host: w.host, Err: err} }

	credential, err := w.keyring.snapshot(ctx, now)
	if err != nil && ctx.Err() != nil {
		return answer{}, &Error{Action: a.name, Host: w.host, Err: ErrNotSent, GaveUp: ctx.Err()}
	}
	if err != nil {
		return answer{}, fail(fmt.Errorf("%w: %w: %w", ErrNotSent, ErrSource, err))
	}
	ctx, cancel := context.WithTimeout(ctx, w.timeout)
	defer cancel()
	connected := func() {}
	if hurry {
		var stop func()
		ctx, connected, stop = within(ctx, deadLimit, !a.writes)
		defer stop()
	}
	var sent atomic.Bool
	ctx = httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{
		GotConn:      func(httptrace.GotConnInfo) { connected() },
		WroteHeaders: func() { sent.Store(true) },
	})
	request, err := w.request(ctx, a, params, credential, now)
	if err != nil {
		return answer{}, fail(fmt.Errorf("%w: %w", ErrNotSent, err))
	}
	secrets := []string{
		value(credential.AccessKeySecret), value(credential.SecurityToken), keyText(params["PrivateKey"]), request.URL.Query().Get("Signature"),
	}
	response, err := w.http.Do(request)
	if err != nil {
		e := fail(redactError(err, secrets...))
		e.Unsent = !sent.Load()
		return answer{}, e
	}
	defer func() { _ = response.Body.Close() }()

	got := answer{status: response.StatusCode}
	got.date, _ = http.ParseTime(response.Header.Get("Date"))
	body, err := io.ReadAll(io.LimitReader(response.Body, bodyLimit+1))
	if err != nil {
		e := fail(redactError(err, secrets...))
		e.Status = response.StatusCode
		return got, e
	}
	var apiErr *Error
	got.requestID, apiErr = decode(response, body, out)
	got.requestID = redact(got.requestID, secrets...)
	if free, ok := out.(freeTexts); ok && apiErr == nil {
		for _, text := range free.texts() {
			if *text != "" {
				*text = redact(*text, secrets...)
			}
		}
	}
	if apiErr != nil {
		apiErr.Action, apiErr.Host, apiErr.RequestID = a.name, w.host, got.requestID
		apiErr.Code, apiErr.Message = ErrorCode(redact(string(apiErr.Code), secrets...)), redact(apiErr.Message, secrets...)
	}
	return got, apiErr
}

// readsNoForm reports whether ESA misses a parameter that was sent in the form. Alibaba Cloud documents both query and
// form, but its own SDKs use the query, and it is not documented that these actions accept the form.
func readsNoForm(a action, p params, err *Error) bool {
	if err == nil || a.method != http.MethodPost {
		return false
	}
	name, isMissing := strings.CutPrefix(string(err.Code), "Missing")
	return isMissing && p[name] != ""
}

// request returns a signed request. The parameters of a POST are in the form, so that certificates and keys stay out of
// access logs, unless ESA ignores it. The signature covers both query and form.
func (w *wire) request(ctx context.Context, a action, params params, credential *credentials.CredentialModel, now time.Time) (*http.Request, error) {
	nonce := make([]byte, 16)
	if _, err := rand.Read(nonce); err != nil {
		return nil, err
	}
	query := url.Values{
		"Action":           {a.name},
		"Version":          {apiVersion},
		"Format":           {"JSON"},
		"AccessKeyId":      {value(credential.AccessKeyId)},
		"SignatureMethod":  {"HMAC-SHA1"},
		"SignatureVersion": {"1.0"},
		"SignatureNonce":   {hex.EncodeToString(nonce)},
		"Timestamp":        {now.UTC().Format(timeFormat)},
	}
	if token := value(credential.SecurityToken); token != "" {
		query.Set("SecurityToken", token)
	}
	form := url.Values{}
	business := form
	if a.method == http.MethodGet || w.inQuery.Load() {
		business = query
	}
	for name, v := range params {
		business.Set(name, v)
	}
	signed := make(map[string]*string, len(query)+len(form))
	for _, values := range []url.Values{query, form} {
		for name := range values {
			signed[name] = &values[name][0]
		}
	}
	query.Set("Signature", value(rpcutil.GetSignatureV1(signed, &a.method, credential.AccessKeySecret)))

	var body io.Reader
	if a.method == http.MethodPost {
		body = strings.NewReader(form.Encode())
	}
	request, err := http.NewRequestWithContext(ctx, a.method, w.base+"?"+query.Encode(), body)
	if err != nil {
		return nil, redactError(err)
	}
	request.Header.Set("User-Agent", value(w.tea.UserAgent))
	request.Header.Set("Accept", "application/json")
	request.Header.Set("X-Acs-Action", a.name)
	request.Header.Set("X-Acs-Version", apiVersion)
	if body != nil {
		request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	return request, nil
}

// envelope is what every response of ESA contains.
type envelope struct {
	RequestID string `json:"RequestId"`
	Code      string `json:"Code"`
	Message   string `json:"Message"`
}

// code returns the error code, "" for a success. A success may have a Code too.
func (e envelope) code() ErrorCode {
	switch strings.ToLower(e.Code) {
	case "", "200", "0", "ok", "success":
		return ""
	}
	return ErrorCode(e.Code)
}

// decode decodes a response into out. Its errors contain no text of a malformed body.
func decode(response *http.Response, body []byte, out any) (requestID string, failure *Error) {
	status := response.StatusCode
	e := &Error{Status: status, RetryAfter: retryAfter(response.Header)}
	if len(body) > bodyLimit {
		e.Err = malformed("HTTP status %d with more than %d MiB", status, bodyLimit>>20)
		return e.RequestID, e
	}
	body = bytes.TrimSpace(body)
	switch {
	case status >= 300 && status < 400:
		e.Err = malformed("HTTP status %d, a redirect, which is never followed", status)
		return e.RequestID, e
	case len(body) == 0:
		e.Err = malformed("HTTP status %d with an empty body", status)
		return e.RequestID, e
	case body[0] == '<':
		e.Err = malformed("HTTP status %d with HTML or XML instead of a JSON object, so a proxy or another server answered", status)
		return e.RequestID, e
	case body[0] != '{':
		e.Err = malformed("HTTP status %d with %s instead of a JSON object", status, kindOf(body))
		return e.RequestID, e
	}
	var head envelope
	if err := unmarshal(body, &head); err != nil {
		e.Err = malformed("HTTP status %d with invalid JSON", status)
		return e.RequestID, e
	}
	e.Code, e.Message, e.RequestID = head.code(), head.Message, head.RequestID
	switch {
	case e.Code != "":
		return e.RequestID, e
	case status < 200 || status >= 300:
		e.Err = malformed("HTTP status %d without an error code", status)
		return e.RequestID, e
	case e.RequestID == "":
		e.Err = malformed("HTTP status %d without a RequestId", status)
		return e.RequestID, e
	}
	if err := unmarshal(body, out); err != nil {
		e.Err = malformed("HTTP status %d with %s", status, typeProblem(err))
		return e.RequestID, e
	}
	return head.RequestID, nil
}

// kindOf names the type of a body.
func kindOf(body []byte) string {
	if body[0] == '[' {
		return "a JSON array"
	}
	return "something"
}

// typeProblem names the field with the wrong type, without its value.
func typeProblem(err error) string {
	var wrongType *json.UnmarshalTypeError
	if errors.As(err, &wrongType) {
		return fmt.Sprintf("a JSON %s in the field %s", strings.Fields(wrongType.Value)[0], wrongType.Field)
	}
	return "invalid JSON"
}

// retryAfter returns the pause that ESA requests in the gateway's own header or in the standard one.
func retryAfter(header http.Header) time.Duration {
	if ms, err := strconv.ParseInt(header.Get("X-Acs-Retry-After"), 10, 64); err == nil && ms > 0 {
		return time.Duration(min(ms, retryAfterCap.Milliseconds())) * time.Millisecond
	}
	standard := header.Get("Retry-After")
	if seconds, err := strconv.ParseInt(standard, 10, 64); err == nil && seconds > 0 {
		return time.Duration(min(seconds, int64(retryAfterCap/time.Second))) * time.Second
	}
	at, _ := http.ParseTime(standard) // an invalid time is the zero time, which is long past
	date, err := http.ParseTime(header.Get("Date"))
	if err != nil {
		return 0
	}
	return max(0, min(at.Sub(date), retryAfterCap))
}

func value(s *string) string {
	if s == nil {
		return ""
	}
	return *s
}
