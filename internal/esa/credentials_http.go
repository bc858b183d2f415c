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

// answerLimit is far above any answer with credentials.
const answerLimit = 1 << 20

// kept is a source that keeps a set until shortly before it expires.
type kept struct {
	kind  string
	fetch func(ctx context.Context, now time.Time) (keys, error)
	// undated is how long a set is kept that does not say when it expires.
	undated time.Duration
	// apart is the least time between two fetches while the set is good.
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

// getter fetches small answers. It follows no redirect, as the next host has no business with the address, and
// unpacks nothing.
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

// errLargeAnswer is all that is said of an answer beyond the limit.
var errLargeAnswer = fmt.Errorf("the answer has more than %d MiB", answerLimit>>20)

// get returns what was answered. The errors name no address.
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
	if err == nil && len(body) > answerLimit {
		err = errLargeAnswer
	}
	if timeout := net.Error(nil); errors.As(err, &timeout) && timeout.Timeout() && ctx.Err() == nil {
		err = fmt.Errorf("there was no answer within %v", g.client.Timeout)
	}
	if err != nil {
		err = redactError(err)
	}
	return status, body, err
}

// isServerError tells whether an HTTP status may be another one a moment later.
func isServerError(status int) bool {
	return status >= http.StatusInternalServerError || status == http.StatusTooManyRequests || status == http.StatusRequestTimeout
}

// temporaryKeys are what a credentials URI and the metadata service answer.
type temporaryKeys struct {
	Code                                                    string
	AccessKeyID, AccessKeySecret, SecurityToken, Expiration *string
}

// read returns the set of an answer, if it is whole.
func (t temporaryKeys) read(body []byte) (set keys, code string, whole bool) {
	if json.Unmarshal(body, &t) != nil {
		return keys{}, "", false
	}
	set = keys{accessKey: value(t.AccessKeyID), secretKey: value(t.AccessKeySecret), securityToken: value(t.SecurityToken)}
	var err error
	set.expires, err = time.Parse(time.RFC3339, value(t.Expiration))
	return set, t.Code, err == nil && set.accessKey != "" && set.secretKey != "" && t.SecurityToken != nil
}

// fromURI returns what a URL answers.
func fromURI(uri string) (source, error) {
	const field = "credentials_uri"
	// The address is not repeated in messages, as it may hold a token.
	parsed, err := url.Parse(uri)
	if err != nil || parsed.Scheme != "http" && parsed.Scheme != "https" || parsed.Hostname() == "" {
		return nil, &CredentialError{field, "It is not an http:// or https:// URL with a host. " +
			"Set it to the address that answers with temporary credentials."}
	}
	getter := newGetter(http.ProxyFromEnvironment, 5*time.Second, 15*time.Second)
	return &kept{kind: "credential_uri", fetch: func(ctx context.Context, _ time.Time) (keys, error) {
		status, body, err := getter.get(ctx, http.MethodGet, uri, nil)
		if err != nil {
			return keys{}, sourceError{fmt.Errorf("%s: %w", field, err), mayPass(err) && !errors.Is(err, errLargeAnswer)}
		}
		if status >= 300 && status < 400 {
			return keys{}, sourceError{error: fmt.Errorf("%s: the address answered with HTTP status %d, a redirect, which is never followed. "+
				"Set it to the address that answers with the credentials", field, status)}
		}
		set, code, whole := temporaryKeys{}.read(body)
		if status == http.StatusOK && whole && (code == "" || code == "Success") {
			return set, nil
		}
		problem := fmt.Sprintf("HTTP status %d", status)
		if status == http.StatusOK && code != "" && code != "Success" {
			problem += " and a Code that is not Success"
		}
		return keys{}, sourceError{fmt.Errorf("%s: the address did not answer with HTTP status 200 and a JSON object that has AccessKeyId, "+
			"AccessKeySecret, SecurityToken and Expiration (such as 2026-01-02T15:04:05Z), but with %s", field, problem), isServerError(status)}
	}}, nil
}

// metadataService is where an ECS instance asks about itself. Tests have their own.
var metadataService = "http://100.100.100.200"

// metadata is the metadata service as one who has the right to credentials asks it.
type metadata struct {
	getter getter
	field  string
	// tokenOnly is whether it must not be asked without a token of its own.
	tokenOnly bool
}

// fromECS returns what the metadata service of an ECS instance answers for a role, "" being the instance's own.
//
// The service is on the instance's own link. A proxy that is asked for it would learn the credentials, or answer with
// those of its own instance.
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
		return keys{}, sourceError{error: fmt.Errorf("%s: the metadata service's answer for the role %q is incomplete", m.field, roleName)}
	}
	return set, nil
}

// token returns a session of the metadata service, "" where it has none and may be asked without.
func (m metadata) token(ctx context.Context) (string, error) {
	status, body, err := m.getter.get(ctx, http.MethodPut, metadataService+"/latest/api/token",
		map[string]string{"X-aliyun-ecs-metadata-token-ttl-seconds": "21600"})
	if failure := m.failure("a token", status, err); failure != nil {
		if m.tokenOnly || ctx.Err() != nil {
			return "", failure
		}
		return "", nil
	}
	return string(body), nil
}

// read asks with the token, if there is one, and then without if that is allowed.
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

// failure is the error of an answer, nil if it is none.
func (m metadata) failure(what string, status int, err error) error {
	switch {
	case err != nil:
		// The service is on the instance's own link: one that cannot be reached at first is not there.
		return sourceError{error: fmt.Errorf("%s: the metadata service of ECS did not tell %s: %w", m.field, what, err)}
	case status != http.StatusOK:
		return sourceError{fmt.Errorf("%s: the metadata service of ECS did not tell %s: HTTP status %d", m.field, what, status), isServerError(status)}
	}
	return nil
}
