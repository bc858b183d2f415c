package fakeesa

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
)

// apiError is an error response.
type apiError struct {
	status     int
	code       string
	message    string
	reason     string
	retryAfter time.Duration
	passed     *bool
}

// Error returns the code and its message.
func (e *apiError) Error() string { return e.code + ": " + e.message }

// standard are the HTTP statuses and messages of the codes, as far as they are known.
var standard = map[string]struct {
	status  int
	message string
}{
	"InvalidParameter":                           {400, "The specified parameter is invalid."},
	"InvalidParameter.SiteId":                    {400, "The specified parameter SiteId is invalid."},
	"InternalException":                          {400, "Failed to call the service. Try again later or contact technical support."},
	"NoPermission":                               {400, "You do not have permissions to access or operate on the resource.Contact your account administrator to attach the AliyunESAFullAccess policy to the current user."},
	"Forbidden.RAM":                              {403, "User not authorized to operate on the specified resource, or this API doesn't support RAM."},
	"Instance.NotOnline":                         {400, "Your plan is unavailable due to an overdue payment. Complete the payment first."},
	"Record.ServiceBusy":                         {400, "The record is being configured. Try again later."},
	"Record.NotFound":                            {404, "The record does not exist."},
	"Site.ServiceBusy":                           {400, "The website is being configured, try again later."},
	"SiteNotFound":                               {404, "The website does not exist."},
	"TooManyRequests":                            {400, "Too many requests, try again later."},
	"CustomHostname.NotFound":                    {404, "The custom hostname does not exist. Modify it and try again."},
	"CustomHostname.Duplicated":                  {400, "The custom hostname already exists."},
	"CustomHostname.ApplyCertFailed":             {404, "Failed to apply for the free certificate, try again later."},
	"CustomHostname.SetCertFailed":               {404, "Failed to deploy the certificate, try again later."},
	"CustomHostname.VerifyUnpassed":              {200, "The custom hostname ownership verification failed. Complete the verification and try again."},
	"CustomHostname.InvalidICP":                  {400, "The website has not obtained a valid ICP filing."},
	"Record.ProtectedAsCustomHostnameSource":     {400, "The record is in use by a custom hostname and cannot be deleted."},
	"Record.ProxiedAsCustomHostnameSource":       {400, "The record is in use by a custom hostname, its proxy cannot be turned off."},
	"SignatureDoesNotMatch":                      {400, "The specified signature does not match our calculation."},
	"IncompleteSignature":                        {400, "The request signature does not conform to Aliyun standards."},
	"SignatureNonceUsed":                         {400, "Specified signature nonce was used already."},
	"InvalidTimeStamp.Expired":                   {400, "Specified time stamp or date value is expired."},
	"InvalidTimeStamp.Format":                    {400, "Specified time stamp or date value is not well formatted."},
	"InvalidAccessKeyId.NotFound":                {404, "Specified access key is not found."},
	"InvalidAccessKeyId.Inactive":                {400, "Specified access key is disabled."},
	"InvalidSecurityToken.Malformed":             {400, "Specified SecurityToken is malformed."},
	"InvalidSecurityToken.Expired":               {400, "Specified SecurityToken is expired."},
	"InvalidSecurityToken.MismatchWithAccessKey": {400, "Specified SecurityToken is mismatched with the AccessKey."},
	"InvalidApi.NotFound":                        {404, "Specified api is not found, please check your url and method."},
	"UnsupportedHTTPMethod":                      {403, "This http method is not supported."},
	"Throttling":                                 {400, "Request was denied due to request throttling."},
	"Throttling.Api":                             {400, "Request was denied due to api flow control."},
	"Throttling.User":                            {400, "Request was denied due to user flow control."},
	"ServiceUnavailable":                         {503, "The request has failed due to a temporary failure of the server."},
	"ServiceUnavailableTemporary":                {503, "The request has failed due to a temporary failure of the server."},
	"InternalError":                              {500, "The request processing has failed due to some unknown error."},
	"InternalFailure":                            {500, "The request processing has failed due to some unknown error."},
}

// fail returns an error with a code; the reason is for the log.
func fail(code, reason string, args ...any) *apiError {
	e := &apiError{status: 400, code: code, message: "The request was refused.", reason: fmt.Sprintf(reason, args...)}
	if known, ok := standard[code]; ok {
		e.status, e.message = known.status, known.message
	}
	return e
}

func invalid(reason string, args ...any) *apiError { return fail("InvalidParameter", reason, args...) }

func missing(name string) *apiError {
	e := fail("Missing"+name, "%s is missing", name)
	e.message = name + " is mandatory for this action."
	return e
}

// An answer is a response.
type answer struct {
	status      int
	contentType string
	body        []byte
	retryAfter  time.Duration
	retryHeader RetryAfter
	drop        bool
	stall       bool
	// code and reason are for the log.
	code, reason string
}

func (s *Server) errorAnswer(c *call, e *apiError) answer {
	switch {
	case e.code == "InvalidAccessKeyId.NotFound":
		e.status = s.options.UnknownKeyStatus
	case e.code == "TooManyRequests":
		e.status = s.options.TooManyRequestsStatus
	case e.code == "NoPermission", strings.HasPrefix(e.code, "InvalidSecurityToken."):
		e.status = s.options.IdentityStatus
	}
	a := newAnswer(e.status, c, "Error", struct {
		RequestId string
		HostId    string
		Code      string
		Message   string
		Recommend string
		Passed    *bool `json:",omitempty"`
	}{
		c.requestID, "esa." + s.options.AccountRegion + ".aliyuncs.com", e.code, e.message,
		"https://api.aliyun.com/troubleshoot?q=" + url.QueryEscape(e.code) + "&product=ESA&requestId=" + c.requestID,
		e.passed,
	})
	a.code, a.reason, a.retryAfter, a.retryHeader = e.code, e.reason, e.retryAfter, s.options.RetryAfter
	return a
}

// newAnswer returns a response with a result in the requested format.
func newAnswer(status int, c *call, root string, result any) answer {
	var b bytes.Buffer
	encoder := json.NewEncoder(&b)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(result); err != nil {
		return answer{status: http.StatusInternalServerError, reason: err.Error()}
	}
	body := loosen(bytes.TrimSpace(b.Bytes()), c.loose)
	if c.json {
		return answer{status: status, contentType: contentTypeJSON, body: body}
	}
	return answer{status: status, contentType: contentTypeXML, body: toXML(root, body)}
}

// loosen rewrites numbers and booleans.
func loosen(body []byte, how LooseTypes) []byte {
	if how == LooseTypesNone {
		return body
	}
	decoder := json.NewDecoder(bytes.NewReader(body))
	decoder.UseNumber()
	var content any
	if decoder.Decode(&content) != nil {
		return body
	}
	loose, err := json.Marshal(loosened(content, how, ""))
	if err != nil {
		return body
	}
	return loose
}

func loosened(content any, how LooseTypes, field string) any {
	switch v := content.(type) {
	case map[string]any:
		for name, value := range v {
			v[name] = loosened(value, how, name)
		}
	case []any:
		for i, value := range v {
			v[i] = loosened(value, how, field)
		}
	case bool:
		if how == LooseTypesText {
			return strconv.FormatBool(v)
		}
	case json.Number:
		switch {
		case how == LooseTypesFraction:
			return json.Number(v.String() + ".0")
		case v == "0" && (field == "CasId" || field == "CertApplyCode"):
			return ""
		}
		return v.String()
	}
	return content
}

func (a answer) write(w http.ResponseWriter) {
	if a.drop {
		a.writeBroken(w)
		return
	}
	if a.contentType != "" {
		w.Header().Set("Content-Type", a.contentType)
	}
	switch {
	case a.retryAfter <= 0:
	case a.retryHeader == RetryAfterMilliseconds:
		w.Header().Set("x-acs-retry-after", strconv.FormatInt((a.retryAfter+time.Millisecond-1).Milliseconds(), 10))
	case a.retryHeader == RetryAfterSeconds:
		w.Header().Set("Retry-After", strconv.FormatInt(int64((a.retryAfter+time.Second-1)/time.Second), 10))
	}
	status := a.status
	if status < 200 || status > 599 {
		status = http.StatusInternalServerError
	}
	if a.stall {
		w.Header().Set("Content-Length", strconv.Itoa(len(a.body)+1))
	}
	w.WriteHeader(status)
	if status != http.StatusNoContent && status != http.StatusNotModified {
		_, _ = w.Write(a.body)
	}
}

// writeBroken closes the connection, after part of the response if there is a body.
func (a answer) writeBroken(w http.ResponseWriter) {
	conn, _, err := http.NewResponseController(w).Hijack()
	if err != nil {
		// Not HTTP/1.1: let net/http close the connection.
		panic(http.ErrAbortHandler)
	}
	defer func() { _ = conn.Close() }()
	if len(a.body) > 0 {
		_, _ = fmt.Fprintf(conn, "HTTP/1.1 %d %s\r\nContent-Type: %s\r\nContent-Length: %d\r\n\r\n%s",
			a.status, http.StatusText(a.status), a.contentType, len(a.body)+1, a.body)
		return
	}
	if tcp, ok := conn.(*net.TCPConn); ok {
		// Without lingering the client sees a reset, as if the server crashed.
		_ = tcp.SetLinger(0)
	}
}

// toXML converts a JSON document to the gateway's XML: elements are named like the fields, and lists are repeated elements.
// XML is what a client gets from the gateway if it forgets Format, and a fake that returned JSON would hide that.
func toXML(root string, document []byte) []byte {
	decoder := json.NewDecoder(bytes.NewReader(document))
	decoder.UseNumber()
	var b bytes.Buffer
	b.WriteString(`<?xml version='1.0' encoding='UTF-8'?>`)
	writeXML(&b, root, decoder)
	return b.Bytes()
}

func writeXML(b *bytes.Buffer, name string, decoder *json.Decoder) {
	token, err := decoder.Token()
	if err != nil {
		return
	}
	switch token {
	case json.Delim('{'):
		fmt.Fprintf(b, "<%s>", name)
		for decoder.More() {
			field, err := decoder.Token()
			if err != nil {
				return
			}
			writeXML(b, fmt.Sprint(field), decoder)
		}
		_, _ = decoder.Token()
		fmt.Fprintf(b, "</%s>", name)
	case json.Delim('['):
		for decoder.More() {
			writeXML(b, name, decoder)
		}
		_, _ = decoder.Token()
	default:
		fmt.Fprintf(b, "<%s>", name)
		if token != nil {
			_ = xml.EscapeText(b, []byte(fmt.Sprint(token)))
		}
		fmt.Fprintf(b, "</%s>", name)
	}
}
