package fakeesa

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"net/url"
	"slices"
	"strings"
)

// acs3 is signature version 3, the default of the official SDKs. Everything except for the parameters is in headers, and
// the hash of the body is signed.
const acs3 = "ACS3-HMAC-SHA256"

// acs3Headers are the headers of version 3 that are parameters in version 1. Action and Version may also be parameters.
var acs3Headers = map[string]string{
	"Action": "X-Acs-Action", "Version": "X-Acs-Version", "Timestamp": "X-Acs-Date", "SignatureNonce": "X-Acs-Signature-Nonce",
	"SecurityToken": "X-Acs-Security-Token",
}

// isACS3 reports whether a request has a signature of version 3, with any algorithm.
func isACS3(h http.Header) bool { return strings.HasPrefix(h.Get("Authorization"), "ACS3-") }

// An acs3Signature is a signature of version 3 and what it signs.
type acs3Signature struct {
	algorithm string
	// signed are the names of the signed headers, in lower case and in their order.
	signed []string
	header http.Header
	query  map[string]string
	// payload is the hash of the body.
	payload string
}

// newACS3 reads a signature of version 3 and adds the headers' values to all, under the names of version 1. It also
// returns the name of a parameter that contradicts a header, "" for none.
func newACS3(r *http.Request, query url.Values, body []byte, all map[string]string) (v *acs3Signature, contradicted string) {
	v = &acs3Signature{header: r.Header.Clone(), query: map[string]string{}, payload: hexSHA256(body)}
	v.header.Set("Host", r.Host)
	for name := range query {
		v.query[name] = query.Get(name)
	}
	var fields string
	v.algorithm, fields, _ = strings.Cut(r.Header.Get("Authorization"), " ")
	given := map[string]string{}
	for field := range strings.SplitSeq(fields, ",") {
		name, value, _ := strings.Cut(strings.TrimSpace(field), "=")
		given[name] = value
	}
	v.signed = strings.Split(strings.ToLower(given["SignedHeaders"]), ";")
	slices.Sort(v.signed)
	all["AccessKeyId"], all["Signature"] = given["Credential"], given["Signature"]
	for name, header := range acs3Headers {
		value := r.Header.Get(header)
		if alsoParameter := name == "Action" || name == "Version"; alsoParameter && all[name] != "" {
			if value != "" && value != all[name] {
				contradicted = name
			}
			continue
		}
		all[name] = value
	}
	return v, contradicted
}

// complete checks that everything required is present and signed.
func (v *acs3Signature) complete(c *call) *apiError {
	if v.algorithm != acs3 {
		return invalid("only %s is known of signature version 3", acs3)
	}
	for _, name := range []string{"AccessKeyId", "Signature"} {
		if c.all[name] == "" {
			return fail("IncompleteSignature", "Authorization is not %s Credential=...,SignedHeaders=...,Signature=...", acs3)
		}
	}
	for _, name := range []string{"Action", "Version", "SignatureNonce", "Timestamp"} {
		if c.all[name] == "" {
			e := missing(name)
			e.reason = "the header " + strings.ToLower(acs3Headers[name]) + " is not sent"
			return e
		}
	}
	for _, name := range []string{"Host", "X-Acs-Content-Sha256"} {
		if v.header.Get(name) == "" {
			return fail("IncompleteSignature", "the header %s is not sent", strings.ToLower(name))
		}
	}
	for name := range v.header {
		name = strings.ToLower(name)
		if must := name == "host" || name == "content-type" || strings.HasPrefix(name, "x-acs-"); must && !slices.Contains(v.signed, name) {
			return fail("IncompleteSignature", "the header %s is not signed", name)
		}
	}
	for i, name := range v.signed {
		if len(v.header.Values(name)) == 0 || i > 0 && v.signed[i-1] == name {
			return fail("IncompleteSignature", "the header %q is signed but not sent, or signed twice", name)
		}
	}
	return nil
}

// right also checks that the hash in the request is that of the body, as the signature covers only the hash.
func (v *acs3Signature) right(c *call, secret string) bool {
	mac := hmac.New(sha256.New, []byte(secret))
	mac.Write([]byte(v.stringToSign(c.method)))
	return hmac.Equal([]byte(hex.EncodeToString(mac.Sum(nil))), []byte(c.all["Signature"])) &&
		v.header.Get("X-Acs-Content-Sha256") == v.payload
}

func (v *acs3Signature) told(c *call) string {
	return " server StringToSign is [" + v.stringToSign(c.method) + "] server CanonicalRequest is [" + v.canonicalRequest(c.method) + "]"
}

func (v *acs3Signature) stringToSign(method string) string {
	return acs3 + "\n" + hexSHA256([]byte(v.canonicalRequest(method)))
}

func (v *acs3Signature) canonicalRequest(method string) string {
	var headers strings.Builder
	for _, name := range v.signed {
		values := slices.Clone(v.header.Values(name))
		for i := range values {
			values[i] = strings.TrimSpace(values[i])
		}
		slices.Sort(values)
		headers.WriteString(name + ":" + strings.Join(values, ",") + "\n")
	}
	return strings.Join([]string{method, "/", canonicalQuery(v.query), headers.String(), strings.Join(v.signed, ";"), v.payload}, "\n")
}

func hexSHA256(text []byte) string {
	hash := sha256.Sum256(text)
	return hex.EncodeToString(hash[:])
}
