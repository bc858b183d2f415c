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

// timeFormat is how ESA writes every time, in UTC.
const timeFormat = "2006-01-02T15:04:05Z"

// commonParams are the protocol's own parameters; all others are the action's.
var commonParams = map[string]bool{
	"Action": true, "Version": true, "Format": true, "AccessKeyId": true, "SecurityToken": true,
	"Signature": true, "SignatureMethod": true, "SignatureVersion": true, "SignatureNonce": true, "SignatureType": true,
	"Timestamp": true, "RegionId": true, "AcceptLanguage": true, "SourceIp": true, "SecureTransport": true, "BearerToken": true,
}

// A proof is how a request shows who sends it: a signature of one of the two versions. What it signs is found in call.all
// under the names that version 1 has for it.
type proof interface {
	// complete checks that everything is there that has to be.
	complete(c *call) *apiError
	// right tells whether the signature was made with the secret, of this request.
	right(c *call, secret string) bool
	// told is how the gateway ends the message of a wrong signature: with all that was signed, secrets included.
	told(c *call) string
}

// authenticate makes the gateway's checks of who is calling.
func (s *Server) authenticate(c *call) *apiError {
	if e := c.proof.complete(c); e != nil {
		return e
	}
	if format := c.all["Format"]; format != "" && !c.json && !strings.EqualFold(format, "xml") {
		return invalid("Format is neither JSON nor XML")
	}
	timestamp, err := time.Parse(timeFormat, c.all["Timestamp"])
	// Parse alone would take fractions of a second.
	if err != nil || timestamp.Format(timeFormat) != c.all["Timestamp"] {
		return fail("InvalidTimeStamp.Format", "Timestamp is not yyyy-MM-ddTHH:mm:ssZ")
	}
	if off := c.arrived.Sub(timestamp).Abs(); off > s.options.TimestampWindow {
		return fail("InvalidTimeStamp.Expired", "Timestamp is off by %v", off)
	}
	who, known := s.caller(c.all["AccessKeyId"])
	if !known {
		return fail("InvalidAccessKeyId.NotFound", "the access key is another one")
	}
	if !c.proof.right(c, who.secret) {
		e := fail("SignatureDoesNotMatch", "the signature is wrong")
		e.message = "Specified signature is not matched with our calculation." + c.proof.told(c)
		return e
	}
	switch token := c.all["SecurityToken"]; {
	case token == who.token && !who.expires.IsZero() && !c.arrived.Before(who.expires):
		return fail("InvalidSecurityToken.Expired", "the session ended at %v", who.expires)
	case token == who.token:
	case token == "":
		return missing("SecurityToken")
	case who.token == "":
		return fail("InvalidSecurityToken.Malformed", "the access key is not a temporary one")
	default:
		return fail("InvalidSecurityToken.MismatchWithAccessKey", "the security token is another one")
	}
	if !s.nonces.use(c.all["SignatureNonce"], c.arrived, 2*s.options.TimestampWindow) {
		return fail("SignatureNonceUsed", "SignatureNonce was used before")
	}
	return nil
}

// session is an access key with its secret. A temporary one has a token, and may end.
type session struct {
	secret, token string
	expires       time.Time
}

// AddSession makes a temporary access key known besides Options.AccessKeyID, until it expires by Options.Now.
func (s *Server) AddSession(accessKeyID, accessKeySecret, securityToken string, expires time.Time) {
	s.sessions.Store(accessKeyID, session{accessKeySecret, securityToken, expires})
}

// caller returns what is known of an access key.
func (s *Server) caller(accessKeyID string) (who session, known bool) {
	if accessKeyID == s.options.AccessKeyID {
		return session{secret: s.options.AccessKeySecret, token: s.options.SecurityToken}, true
	}
	added, known := s.sessions.Load(accessKeyID)
	if known {
		who, known = added.(session)
	}
	return who, known
}

// hmacSHA1 is signature version 1, of all parameters, wherever they travel.
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

// stringToSign is what version 1 signs: the method, the path and all parameters but the signature.
func stringToSign(method string, params map[string]string) string {
	unsigned := maps.Clone(params)
	delete(unsigned, "Signature")
	return method + "&%2F&" + percentEncode(canonicalQuery(unsigned))
}

// canonicalQuery writes parameters in the order of their names.
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

// percentEncode leaves the unreserved characters of RFC 3986 alone and writes all other bytes as %XX.
func percentEncode(s string) string {
	// url.QueryEscape differs from that in the space only.
	return strings.ReplaceAll(url.QueryEscape(s), "+", "%20")
}

// nonces are those that were used lately. The zero value is ready to use.
type nonces struct {
	mu    sync.Mutex
	used  map[string]bool
	order []usedNonce
}

type usedNonce struct {
	nonce string
	at    time.Time
}

// use reports whether the nonce is new. It remembers it for as long as the same request could come again.
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
