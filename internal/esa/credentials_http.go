package esa

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"strings"
	"time"
)

// answerLimit is far larger than any response with credentials.
const answerLimit = 1 << 20

// kept is a source that keeps a set until shortly before it expires.
type kept struct {
	kind  string
	fetch func(ctx context.Context, now time.Time) (keys, error)
	// undated is how long a set without an expiration is kept.
	undated time.Duration
	// apart is the minimum time between two fetches while the set is valid.
	apart time.Duration

	set     keys
	fetched time.Time
}

func (k *kept) name() string { return k.kind }

func (k *kept) get(ctx context.Context, now time.Time) (keys, error) {
	renewal := k.set.expires.Add(-earlyRenewal)
	if k.set.expires.IsZero() {
		renewal = k.fetched.Add(k.undated)
	}
	if k.set.goodAt(now) && (now.Before(renewal) || now.Before(k.fetched.Add(k.apart))) {
		return k.set, nil
	}
	set, err := k.fetch(ctx, now)
	if err != nil {
		return keys{}, err
	}
	k.set, k.fetched = set, now
	return set, nil
}

// getter fetches small responses. It follows no redirects, which could leak a secret URL to another host, and accepts
// no compression.
type getter struct {
	client *http.Client
}

func newGetter(proxy func(*http.Request) (*url.URL, error), connect, limit time.Duration) getter {
	return getter{&http.Client{
		Timeout: limit,
		Transport: &http.Transport{
			Proxy:                  proxy,
			DialContext:            (&net.Dialer{Timeout: connect}).DialContext,
			TLSHandshakeTimeout:    connect,
			MaxResponseHeaderBytes: answerLimit,
			// Minutes pass between two fetches.
			DisableKeepAlives:  true,
			DisableCompression: true,
		},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}
}

// errLargeAnswer is the error for a response beyond the limit.
var errLargeAnswer = fmt.Errorf("the response has more than %d MiB", answerLimit>>20)

// get returns the status and body of a response. Its errors contain no URL.
func (g getter) get(ctx context.Context, method, address string, header map[string]string) (status int, body []byte, err error) {
	request, err := http.NewRequestWithContext(ctx, method, address, nil)
	if err != nil {
		return 0, nil, redactError(err)
	}
	request.Header.Set("User-Agent", "terraform-provider-esa")
	for name, value := range header {
		request.Header.Set(name, value)
	}
	response, err := g.client.Do(request)
	if err == nil {
		defer func() { _ = response.Body.Close() }()
		status = response.StatusCode
		body, err = io.ReadAll(io.LimitReader(response.Body, answerLimit+1))
	}
	if len(body) > answerLimit {
		err = errLargeAnswer
	}
	if timeout := net.Error(nil); errors.As(err, &timeout) && timeout.Timeout() && ctx.Err() == nil {
		err = fmt.Errorf("no response within %v", g.client.Timeout)
	}
	if err != nil {
		err = redactError(err)
	}
	return status, body, err
}

// isServerError reports whether an HTTP status is transient.
func isServerError(status int) bool {
	return status >= http.StatusInternalServerError || status == http.StatusTooManyRequests || status == http.StatusRequestTimeout
}

// temporaryKeys is the response of a credentials URI and of the metadata service.
type temporaryKeys struct {
	Code                                                    string
	AccessKeyID, AccessKeySecret, SecurityToken, Expiration *string
}

// read returns the set of a response, and whether it is complete.
func (t temporaryKeys) read(body []byte) (set keys, code string, whole bool) {
	if json.Unmarshal(body, &t) != nil {
		return keys{}, "", false
	}
	set = keys{accessKey: value(t.AccessKeyID), secretKey: value(t.AccessKeySecret), securityToken: value(t.SecurityToken)}
	var err error
	set.expires, err = time.Parse(time.RFC3339, value(t.Expiration))
	return set, t.Code, err == nil && set.accessKey != "" && set.secretKey != "" && t.SecurityToken != nil
}

// fromURI returns a source that fetches keys from a URL.
func fromURI(uri string) (source, error) {
	const field = "credentials_uri"
	// Messages do not contain the URL, as it may contain a token.
	parsed, err := url.Parse(uri)
	if err != nil || parsed.Scheme != "http" && parsed.Scheme != "https" || parsed.Hostname() == "" {
		return nil, &CredentialError{field, "It is not an http:// or https:// URL with a host. " +
			"Set it to a URL that returns temporary credentials."}
	}
	getter := newGetter(http.ProxyFromEnvironment, 5*time.Second, 15*time.Second)
	return &kept{kind: "credential_uri", fetch: func(ctx context.Context, _ time.Time) (keys, error) {
		status, body, err := getter.get(ctx, http.MethodGet, uri, nil)
		if err != nil {
			return keys{}, sourceError{fmt.Errorf("%s: %w", field, err), mayPass(err) && !errors.Is(err, errLargeAnswer)}
		}
		if status >= 300 && status < 400 {
			return keys{}, sourceError{error: fmt.Errorf("%s: the URL returned HTTP status %d, a redirect, which is never followed. "+
				"Set it to the URL that returns the credentials", field, status)}
		}
		set, code, whole := temporaryKeys{}.read(body)
		if status == http.StatusOK && whole && (code == "" || code == "Success") {
			return set, nil
		}
		problem := fmt.Sprintf("HTTP status %d", status)
		if status == http.StatusOK && code != "" && code != "Success" {
			problem += " and a Code that is not Success"
		}
		return keys{}, sourceError{fmt.Errorf("%s: the URL must return HTTP status 200 and a JSON object with AccessKeyId, "+
			"AccessKeySecret, SecurityToken and Expiration (such as 2026-01-02T15:04:05Z), but it returned %s", field, problem), isServerError(status)}
	}}, nil
}

// metadataService is the metadata service of ECS instances. Tests replace it.
var metadataService = "http://100.100.100.200"

// metadata is a client of the metadata service.
type metadata struct {
	getter getter
	field  string
	// tokenOnly is whether calls without a session token are disabled.
	tokenOnly bool
}

// fromECS returns a source that fetches the keys of a role from the metadata service; "" is the instance's role.
//
// The service is link-local. A proxy would see the credentials, or return those of its own instance.
func fromECS(roleName, field string) (source, error) {
	if strings.EqualFold(os.Getenv("ALIBABA_CLOUD_ECS_METADATA_DISABLED"), "true") {
		return nil, &CredentialError{field, "It cannot be used: the metadata service is disabled by ALIBABA_CLOUD_ECS_METADATA_DISABLED. " +
			"Unset that, or use another source of credentials."}
	}
	m := newMetadata(field)
	return &kept{kind: "ecs_ram_role", fetch: func(ctx context.Context, _ time.Time) (keys, error) { return m.keys(ctx, roleName) }}, nil
}

func newMetadata(field string) metadata {
	return metadata{
		getter:    newGetter(nil, time.Second, 2*time.Second),
		field:     field,
		tokenOnly: strings.EqualFold(os.Getenv("ALIBABA_CLOUD_IMDSV1_DISABLED"), "true"),
	}
}

func (m metadata) keys(ctx context.Context, roleName string) (keys, error) {
	token, err := m.token(ctx)
	if err != nil {
		return keys{}, err
	}
	const roles = "/latest/meta-data/ram/security-credentials/"
	if roleName == "" {
		name, err := m.read(ctx, roles, "the name of the instance's role", token)
		if err != nil {
			return keys{}, err
		}
		roleName = strings.TrimSpace(string(name))
	}
	body, err := m.read(ctx, roles+url.PathEscape(roleName), fmt.Sprintf("the credentials of the role %q", roleName), token)
	if err != nil {
		return keys{}, err
	}
	set, code, whole := temporaryKeys{}.read(body)
	if !whole || code != "Success" {
		return keys{}, sourceError{error: fmt.Errorf("%s: the metadata service's response for the role %q is incomplete", m.field, roleName)}
	}
	return set, nil
}

// token returns a session token of the metadata service, or "" if there is none and calls without one are allowed.
func (m metadata) token(ctx context.Context) (string, error) {
	status, body, err := m.getter.get(ctx, http.MethodPut, metadataService+"/latest/api/token",
		map[string]string{"X-aliyun-ecs-metadata-token-ttl-seconds": "21600"})
	if failure := m.failure("a token", status, err); failure != nil {
		if m.tokenOnly {
			return "", failure
		}
		return "", nil
	}
	return string(body), nil
}

// read calls the service with the token, if there is one, and then without it if that is allowed.
func (m metadata) read(ctx context.Context, path, what, token string) ([]byte, error) {
	var header map[string]string
	if token != "" {
		header = map[string]string{"X-aliyun-ecs-metadata-token": token}
	}
	status, body, err := m.getter.get(ctx, http.MethodGet, metadataService+path, header)
	failure := m.failure(what, status, err)
	if failure != nil && token != "" && !m.tokenOnly {
		return m.read(ctx, path, what, "")
	}
	return body, failure
}

// failure returns the error of a response, or nil.
func (m metadata) failure(what string, status int, err error) error {
	switch {
	case err != nil:
		// The service is link-local: if it cannot be reached, this is not an ECS instance.
		return sourceError{error: fmt.Errorf("%s: the metadata service of ECS did not return %s: %w", m.field, what, err)}
	case status != http.StatusOK:
		return sourceError{fmt.Errorf("%s: the metadata service of ECS did not return %s: HTTP status %d", m.field, what, status), isServerError(status)}
	}
	return nil
}
