package fakeesa

import (
	"crypto/hmac"
	"crypto/sha1"
	"encoding/base64"
	"maps"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"
)

// timeFormat is ESA's format of times, in UTC.
const timeFormat = "2006-01-02T15:04:05Z"

// commonParams are the protocol's own parameters; all others are the action's.
var commonParams = map[string]bool{
	"Action": true, "Version": true, "Format": true, "AccessKeyId": true, "SecurityToken": true,
	"Signature": true, "SignatureMethod": true, "SignatureVersion": true, "SignatureNonce": true, "SignatureType": true,
	"Timestamp": true, "RegionId": true, "AcceptLanguage": true, "SourceIp": true, "SecureTransport": true, "BearerToken": true,
}

// A proof is the signature of a request, of one of the two versions. What it signs is in call.all, under the names of
// version 1.
type proof interface {
	// complete checks that everything required is present.
	complete(c *call) *apiError
	// right reports whether the signature is correct for the request and the secret.
	right(c *call, secret string) bool
	// told returns the end of the gateway's message about a wrong signature: the string to sign, including secrets.
	told(c *call) string
}

// authenticate authenticates the caller, as the gateway does.
func (s *Server) authenticate(c *call) *apiError {
	if e := c.proof.complete(c); e != nil {
		return e
	}
	if format := c.all["Format"]; format != "" && !c.json && !strings.EqualFold(format, "xml") {
		return invalid("Format is neither JSON nor XML")
	}
	timestamp, err := time.Parse(timeFormat, c.all["Timestamp"])
	// Parse also accepts fractions of a second.
	if err != nil || timestamp.Format(timeFormat) != c.all["Timestamp"] {
		return fail("InvalidTimeStamp.Format", "Timestamp is not yyyy-MM-ddTHH:mm:ssZ")
	}
	if off := c.arrived.Sub(timestamp).Abs(); off > s.options.TimestampWindow {
		return fail("InvalidTimeStamp.Expired", "Timestamp is off by %v", off)
	}
	who, known := s.caller(c.all["AccessKeyId"])
	if !known {
		return fail("InvalidAccessKeyId.NotFound", "the access key is unknown")
	}
	if !c.proof.right(c, who.secret) {
		e := fail("SignatureDoesNotMatch", "the signature is wrong")
		e.message = "Specified signature is not matched with our calculation." + c.proof.told(c)
		return e
	}
	switch token := c.all["SecurityToken"]; {
	case token == who.token && !who.expires.IsZero() && !c.arrived.Before(who.expires):
		return fail("InvalidSecurityToken.Expired", "the session expired at %v", who.expires)
	case token == who.token:
	case token == "":
		return missing("SecurityToken")
	case who.token == "":
		return fail("InvalidSecurityToken.Malformed", "the access key is not a temporary one")
	default:
		return fail("InvalidSecurityToken.MismatchWithAccessKey", "the security token belongs to another access key")
	}
	if !s.nonces.use(c.all["SignatureNonce"], c.arrived, 2*s.options.TimestampWindow) {
		return fail("SignatureNonceUsed", "SignatureNonce was used before")
	}
	return nil
}

// session is an access key with its secret. A temporary one has a token and may expire.
type session struct {
	secret, token string
	expires       time.Time
}

// AddSession adds a temporary access key to Options.AccessKeyID. It is valid until expires, by Options.Now.
func (s *Server) AddSession(accessKeyID, accessKeySecret, securityToken string, expires time.Time) {
	s.sessions.Store(accessKeyID, session{accessKeySecret, securityToken, expires})
}

// caller returns the session of an access key.
func (s *Server) caller(accessKeyID string) (who session, known bool) {
	if accessKeyID == s.options.AccessKeyID {
		return session{secret: s.options.AccessKeySecret, token: s.options.SecurityToken}, true
	}
	added, _ := s.sessions.Load(accessKeyID)
	who, known = added.(session)
	return who, known
}

// hmacSHA1 is signature version 1. It signs all parameters, in the query and in the form.
type hmacSHA1 struct{}

func (hmacSHA1) complete(c *call) *apiError {
	for _, name := range []string{
		"Action", "Version", "AccessKeyId", "Signature", "SignatureMethod", "SignatureVersion", "SignatureNonce", "Timestamp",
	} {
		if c.all[name] == "" {
			return missing(name)
		}
	}
	if c.all["SignatureMethod"] != "HMAC-SHA1" || c.all["SignatureVersion"] != "1.0" || c.all["SignatureType"] != "" {
		return invalid("only signature version 1.0 with HMAC-SHA1 is known")
	}
	return nil
}

func (hmacSHA1) right(c *call, secret string) bool {
	return hmac.Equal([]byte(signature(stringToSign(c.method, c.all), secret)), []byte(c.all["Signature"]))
}

func (hmacSHA1) told(c *call) string {
	return " server string to sign is:" + stringToSign(c.method, c.all)
}

// stringToSign returns what version 1 signs: the method, the path and all parameters except for the signature.
func stringToSign(method string, params map[string]string) string {
	unsigned := maps.Clone(params)
	delete(unsigned, "Signature")
	return method + "&%2F&" + percentEncode(canonicalQuery(unsigned))
}

// canonicalQuery encodes parameters, sorted by name.
func canonicalQuery(params map[string]string) string {
	pairs := make([]string, 0, len(params))
	for _, name := range slices.Sorted(maps.Keys(params)) {
		pairs = append(pairs, percentEncode(name)+"="+percentEncode(params[name]))
	}
	return strings.Join(pairs, "&")
}

func signature(text, secret string) string {
	mac := hmac.New(sha1.New, []byte(secret+"&"))
	mac.Write([]byte(text))
	return base64.StdEncoding.EncodeToString(mac.Sum(nil))
}

// percentEncode encodes all bytes except for the unreserved characters of RFC 3986 as %XX.
func percentEncode(s string) string {
	// url.QueryEscape differs only for spaces.
	return strings.ReplaceAll(url.QueryEscape(s), "+", "%20")
}

// nonces are the recently used nonces. The zero value is ready to use.
type nonces struct {
	mu    sync.Mutex
	used  map[string]bool
	order []usedNonce
}

type usedNonce struct {
	nonce string
	at    time.Time
}

// use reports whether the nonce is new. It remembers the nonce for as long as the same request is valid.
func (n *nonces) use(nonce string, now time.Time, keep time.Duration) bool {
	n.mu.Lock()
	defer n.mu.Unlock()
	for len(n.order) > 0 && now.Sub(n.order[0].at) > keep {
		delete(n.used, n.order[0].nonce)
		n.order = n.order[1:]
	}
	if n.used[nonce] {
		return false
	}
	if n.used == nil {
		n.used = map[string]bool{}
	}
	n.used[nonce] = true
	n.order = append(n.order, usedNonce{nonce, now})
	return true
}
