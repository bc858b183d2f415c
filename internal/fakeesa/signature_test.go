package fakeesa

import (
	"fmt"
	"net/url"
	"strings"
	"testing"
	"time"
)

// TestSignatureVectors compares signatures with those of Alibaba Cloud's own library, which an independent implementation
// confirmed.
func TestSignatureVectors(t *testing.T) {
	t.Parallel()
	params := map[string]string{
		"Action": "GetCustomHostname", "Version": "2024-09-10", "Format": "json", "AccessKeyId": "testid",
		"SignatureMethod": "HMAC-SHA1", "SignatureVersion": "1.0", "SignatureNonce": "nonce-0001",
		"Timestamp": "2026-01-02T03:04:05Z", "HostnameId": "1234567890123", "Signature": "is no part of it",
	}
	text := "POST&%2F&AccessKeyId%3Dtestid%26Action%3DGetCustomHostname%26Format%3Djson%26HostnameId%3D1234567890123" +
		"%26SignatureMethod%3DHMAC-SHA1%26SignatureNonce%3Dnonce-0001%26SignatureVersion%3D1.0" +
		"%26Timestamp%3D2026-01-02T03%253A04%253A05Z%26Version%3D2024-09-10"
	if got := stringToSign("POST", params); got != text {
		t.Errorf("got the string to sign\n%s, want\n%s", got, text)
	}
	check := func(method, want string) {
		t.Helper()
		if got := signature(stringToSign(method, params), "testsecret"); got != want {
			t.Errorf("%s: got %s, want %s", method, got, want)
		}
	}
	check("POST", "Wv/RF7aWmkNxd5mfldQn9iuLlFo=")
	check("GET", "zaqw16HF/dv68sveJ//CQRnW28c=")
	params["Certificate"] = "-----BEGIN CERTIFICATE-----\nA+/=~*é b\n-----END CERTIFICATE-----\n"
	check("POST", "mNTZl4fL9oC8n+XY+JEmrtuLHyU=")
}

func TestAuthentication(t *testing.T) {
	t.Parallel()
	const secret = "the-real-secret"
	stamp := func(d time.Duration) string {
		return newClock().Now().Add(d).Format(timeFormat)
	}
	type change func(url.Values)
	set := func(name, value string) change { return func(v url.Values) { v.Set(name, value) } }
	drop := func(name string) change { return func(v url.Values) { v.Del(name) } }
	tests := map[string]struct {
		token  string // Options.SecurityToken
		change change
		secret string // signs the request; "" is the correct one
		status int
		code   string
		reason string
	}{
		"sound":                         {"", func(url.Values) {}, "", 200, "<nil>", ""},
		"sound, JSON in lower case":     {"", set("Format", "json"), "", 200, "<nil>", ""},
		"no Version":                    {"", drop("Version"), "", 400, "MissingVersion", "Version is missing"},
		"no Action":                     {"", drop("Action"), "", 400, "MissingAction", "Action is missing"},
		"no AccessKeyId":                {"", drop("AccessKeyId"), "", 400, "MissingAccessKeyId", "AccessKeyId is missing"},
		"no nonce":                      {"", drop("SignatureNonce"), "", 400, "MissingSignatureNonce", "SignatureNonce is missing"},
		"no Timestamp":                  {"", drop("Timestamp"), "", 400, "MissingTimestamp", "Timestamp is missing"},
		"no SignatureMethod":            {"", drop("SignatureMethod"), "", 400, "MissingSignatureMethod", "SignatureMethod is missing"},
		"no SignatureVersion":           {"", drop("SignatureVersion"), "", 400, "MissingSignatureVersion", "SignatureVersion is missing"},
		"an empty signature":            {"", set("Signature", ""), "", 400, "MissingSignature", "Signature is missing"},
		"another method":                {"", set("SignatureMethod", "HMAC-SHA256"), "", 400, "InvalidParameter", "only signature version 1.0 with HMAC-SHA1 is known"},
		"another version":               {"", set("SignatureVersion", "2.0"), "", 400, "InvalidParameter", "only signature version 1.0 with HMAC-SHA1 is known"},
		"a bearer token":                {"", set("SignatureType", "BEARERTOKEN"), "", 400, "InvalidParameter", "only signature version 1.0 with HMAC-SHA1 is known"},
		"15 minutes late":               {"", set("Timestamp", stamp(-15*time.Minute)), "", 200, "<nil>", ""},
		"later than that":               {"", set("Timestamp", stamp(-15*time.Minute-time.Second)), "", 400, "InvalidTimeStamp.Expired", "Timestamp is off by 15m1s"},
		"15 minutes early":              {"", set("Timestamp", stamp(15*time.Minute)), "", 200, "<nil>", ""},
		"earlier than that":             {"", set("Timestamp", stamp(15*time.Minute+time.Second)), "", 400, "InvalidTimeStamp.Expired", "Timestamp is off by 15m1s"},
		"an offset":                     {"", set("Timestamp", "2026-01-02T03:04:05+00:00"), "", 400, "InvalidTimeStamp.Format", "Timestamp is not yyyy-MM-ddTHH:mm:ssZ"},
		"fractions of a second":         {"", set("Timestamp", "2026-01-02T03:04:05.5Z"), "", 400, "InvalidTimeStamp.Format", "Timestamp is not yyyy-MM-ddTHH:mm:ssZ"},
		"no time":                       {"", set("Timestamp", "now"), "", 400, "InvalidTimeStamp.Format", "Timestamp is not yyyy-MM-ddTHH:mm:ssZ"},
		"the year 1":                    {"", set("Timestamp", "0001-01-01T00:00:00Z"), "", 400, "InvalidTimeStamp.Expired", "Timestamp is off by 2562047h47m16.854775807s"},
		"YAML":                          {"", set("Format", "YAML"), "", 400, "<nil>", "Format is neither JSON nor XML"},
		"the token of no key":           {"t0ken", set("SecurityToken", ""), "", 400, "MissingSecurityToken", "SecurityToken is missing"},
		"another access key":            {"", set("AccessKeyId", "LTAIother"), "", 404, "InvalidAccessKeyId.NotFound", "the access key is unknown"},
		"another secret":                {"", func(url.Values) {}, "wrong", 400, "SignatureDoesNotMatch", "the signature is wrong"},
		"another signature":             {"", set("Signature", "AAAA"), "", 400, "SignatureDoesNotMatch", "the signature is wrong"},
		"a token with a permanent key":  {"", set("SecurityToken", "t"), "", 400, "InvalidSecurityToken.Malformed", "the access key is not a temporary one"},
		"the token":                     {"t0ken", func(url.Values) {}, "", 200, "<nil>", ""},
		"no token with a temporary key": {"t0ken", drop("SecurityToken"), "", 400, "MissingSecurityToken", "SecurityToken is missing"},
		"another token":                 {"t0ken", set("SecurityToken", "other"), "", 400, "InvalidSecurityToken.MismatchWithAccessKey", "the security token belongs to another access key"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, Options{AccessKeySecret: secret, SecurityToken: test.token})
			query := w.common("ListSites")
			test.change(query)
			key := secret
			if test.secret != "" {
				key = test.secret
			}
			got := w.serve(w.request("GET", query, nil, key))
			if got.status != test.status || got.code() != test.code {
				t.Errorf("got %d %s, want %d %s", got.status, got.raw, test.status, test.code)
			}
			if r := w.Requests(); len(r) != 1 || r[0].Status != test.status || r[0].Reason != test.reason {
				t.Errorf("got the log %+v, want one entry with status %d and the reason %q", r, test.status, test.reason)
			}
		})
	}
}

func TestTimestampWindowIsAnOption(t *testing.T) {
	t.Parallel()
	w := newWorld(t, Options{TimestampWindow: 31 * time.Minute})
	query, late := w.common("ListSites"), w.common("ListSites")
	w.clock.Move(31 * time.Minute)
	if got := w.serve(w.request("GET", query, nil, w.Options().AccessKeySecret)); got.status != 200 {
		t.Errorf("got %s, want success", got.raw)
	}
	w.clock.Move(time.Second)
	if got := w.serve(w.request("GET", late, nil, w.Options().AccessKeySecret)); got.code() != "InvalidTimeStamp.Expired" {
		t.Errorf("got %s, want InvalidTimeStamp.Expired", got.raw)
	}
	// The nonce is remembered for twice as long as the window.
	early := withValue(w.common("ListSites"), "Timestamp", w.clock.Now().Add(31*time.Minute).Format(timeFormat))
	for i, want := range []string{"<nil>", "SignatureNonceUsed"} {
		if code := w.serve(w.request("GET", early, nil, w.Options().AccessKeySecret)).code(); code != want {
			t.Errorf("use %d: got %s, want %s", i+1, code, want)
		}
		w.clock.Move(62 * time.Minute)
	}
}

func TestSignatureCoversEveryParameter(t *testing.T) {
	t.Parallel()
	w := newWorld(t, Options{})
	h := w.create("shop.customer.com")
	other := w.create("other.customer.com")
	r := w.request("POST", w.common("DeleteCustomHostname"), url.Values{"HostnameId": {"1"}}, w.Options().AccessKeySecret)
	signed := r.URL.RawQuery
	for _, id := range []Hostname{h, other} {
		forged := w.request("POST", withValue(url.Values{}, "Signature", "x"), url.Values{"HostnameId": {itoa(id.ID)}}, "")
		forged.URL.RawQuery = signed
		if got := w.serve(forged); got.code() != "SignatureDoesNotMatch" {
			t.Errorf("replaced form: got %s, want SignatureDoesNotMatch", got.raw)
		}
	}
	if n := len(w.Hostnames()); n != 2 {
		t.Errorf("got %d hostnames, want 2", n)
	}
}

// TestWhatWasSignedIsRepeated checks that the response repeats secrets, like that of the gateway, and that the log of calls
// does not.
func TestWhatWasSignedIsRepeated(t *testing.T) {
	t.Parallel()
	w := newWorld(t, Options{SecurityToken: "the+t0ken"})
	w.Inject(Fault{Code: "IncompleteSignature", Signed: true})
	for i, test := range []struct{ code, secret string }{{"SignatureDoesNotMatch", "wrong"}, {"IncompleteSignature", w.Options().AccessKeySecret}} {
		query := withValue(w.common("CreateCustomHostname"), "SignatureNonce", itoa(int64(i)))
		query.Set("SecurityToken", "the+t0ken")
		got := w.serve(w.request("POST", query, url.Values{
			"Hostname": {"shop.customer.com"}, "PrivateKey": {"T0P/SECRET"}, "Stray": {"x-----BEGIN RSA PRIVATE KEY-----KEYTEXT"},
		}, test.secret))
		if got.code() != test.code {
			t.Fatalf("got %s, want %s", got.raw, test.code)
		}
		for _, part := range []string{"server string to sign is:POST&%2F&AccessKeyId%3D", "shop.customer.com", "T0P%252FSECRET", "the%252Bt0ken", "KEYTEXT"} {
			if !strings.Contains(got.at("Message"), part) {
				t.Errorf("%s: the message does not contain %q: %s", test.code, part, got.raw)
			}
		}
	}
	for _, r := range w.Requests() {
		for _, secret := range []string{"SECRET", "t0ken", "KEYTEXT"} {
			if strings.Contains(fmt.Sprintf("%+v", r), secret) {
				t.Errorf("the log contains %q: %+v", secret, r)
			}
		}
	}
}

func TestNoncesAreUsedOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t, Options{})
	send := func(nonce, secret string) string {
		query := withValue(w.common("ListSites"), "SignatureNonce", nonce)
		return w.serve(w.request("GET", query, nil, secret)).code()
	}
	secret := w.Options().AccessKeySecret
	if code := send("n1", "wrong"); code != "SignatureDoesNotMatch" {
		t.Errorf("got %s, want SignatureDoesNotMatch", code)
	}
	for i, want := range []string{"<nil>", "SignatureNonceUsed", "SignatureNonceUsed"} {
		if code := send("n1", secret); code != want {
			t.Errorf("use %d: got %s, want %s", i+1, code, want)
		}
	}
	if code := send("n2", secret); code != "<nil>" {
		t.Errorf("another nonce: got %s, want success", code)
	}
	if code := send("n1", secret); code != "SignatureNonceUsed" {
		t.Errorf("the first nonce after another one: got %s, want SignatureNonceUsed", code)
	}
	// A request can be replayed for as long as its timestamp is accepted, which is half an hour if its clock is ahead.
	early := withValue(w.common("ListSites"), "Timestamp", w.clock.Now().Add(15*time.Minute).Format(timeFormat))
	for i, want := range []string{"<nil>", "SignatureNonceUsed"} {
		if code := w.serve(w.request("GET", early, nil, secret)).code(); code != want {
			t.Errorf("clock ahead, use %d: got %s, want %s", i+1, code, want)
		}
		w.clock.Move(time.Duration(1-i) * 30 * time.Minute)
	}
	// Afterwards the nonce is forgotten.
	w.clock.Move(31 * time.Minute)
	send("n3", secret)
	if n := len(w.nonces.used); n != 1 {
		t.Errorf("got %d nonces in memory, want 1", n)
	}
}

// TestFaultsUseTheNonceUp checks that a call with a fault uses up its nonce, because the request was sent. A retry needs a
// new one.
func TestFaultsUseTheNonceUp(t *testing.T) {
	t.Parallel()
	w := newWorld(t, Options{})
	w.Inject(Fault{Code: "ServiceUnavailable"})
	query := w.common("ListSites")
	secret := w.Options().AccessKeySecret
	if got := w.serve(w.request("GET", query, nil, secret)); got.status != 503 {
		t.Fatalf("got status %d, want 503", got.status)
	}
	if got := w.serve(w.request("GET", query, nil, secret)); got.code() != "SignatureNonceUsed" {
		t.Errorf("got %s, want SignatureNonceUsed", got.raw)
	}
}
