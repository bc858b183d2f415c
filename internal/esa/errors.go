package esa

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
)

// ErrorCode is the Code of an ESA error answer. Codes are compared whole: neither the HTTP status nor the message
// says what happened (three of the four 404 answers do not mean that anything is gone).
type ErrorCode string

// Codes about custom hostnames and what they hang on.
const (
	CodeCustomHostnameNotFound  ErrorCode = "CustomHostname.NotFound"        // No such hostname; the one code that means "gone".
	CodeCustomHostnameUnpassed  ErrorCode = "CustomHostname.VerifyUnpassed"  // Ownership not proved yet; comes with HTTP 200.
	CodeCustomHostnameICP       ErrorCode = "CustomHostname.InvalidICP"      // The domain lacks its ICP filing.
	CodeApplyCertFailed         ErrorCode = "CustomHostname.ApplyCertFailed" // A free certificate could not be requested; HTTP 404.
	CodeSetCertFailed           ErrorCode = "CustomHostname.SetCertFailed"   // The certificate could not be deployed; HTTP 404.
	CodeApplyNotAllowed         ErrorCode = "ApplyCertificateNotAllowed"     // No certificate is applied for in this state.
	CodeRecordNotFound          ErrorCode = "Record.NotFound"                // No such record.
	CodeSiteNotFound            ErrorCode = "SiteNotFound"                   // No such site.
	CodeInvalidParameter        ErrorCode = "InvalidParameter"               // A parameter's value is not accepted.
	CodeInstanceNotOnline       ErrorCode = "Instance.NotOnline"             // The plan is overdue.
	CodeQuotaCheckFailed        ErrorCode = "QuotaCheckFailed.Function"      // The plan does not include the feature.
	CodeRecordServiceBusy       ErrorCode = "Record.ServiceBusy"             // Another change of the record is under way.
	CodeRecordReserved          ErrorCode = "Record.Reserved"                // The same, as seen at other actions.
	CodeSiteServiceBusy         ErrorCode = "Site.ServiceBusy"               // Another change of the site is under way.
	CodeLockFailed              ErrorCode = "LockFailed"                     // Another change holds the lock.
	CodeInternalException       ErrorCode = "InternalException"              // ESA failed inside; HTTP 400.
	CodeTooManyRequests         ErrorCode = "TooManyRequests"                // ESA's own throttling.
	CodeThrottling              ErrorCode = "Throttling"                     // The gateway's throttling.
	CodeThrottlingUser          ErrorCode = "Throttling.User"                // The gateway's throttling of this account.
	CodeThrottlingAPI           ErrorCode = "Throttling.Api"                 // The gateway's throttling of this action.
	CodeRejectedThrottling      ErrorCode = "Rejected.Throttling"            // The same, as the official provider knows it.
	CodeServiceUnavailable      ErrorCode = "ServiceUnavailable"             // HTTP 503.
	CodeServiceUnavailableShort ErrorCode = "ServiceUnavailableTemporary"    // HTTP 503.
)

// Codes about who is calling and how.
const (
	CodeNoPermission          ErrorCode = "NoPermission"                               // The identity lacks the RAM permission.
	CodeForbiddenRAM          ErrorCode = "Forbidden.RAM"                              // The identity lacks the RAM permission.
	CodeAccessKeyNotFound     ErrorCode = "InvalidAccessKeyId.NotFound"                // No such access key; HTTP 404 or 400.
	CodeAccessKeyInactive     ErrorCode = "InvalidAccessKeyId.Inactive"                // The access key is disabled.
	CodeSignatureDoesNotMatch ErrorCode = "SignatureDoesNotMatch"                      // The secret does not belong to the access key.
	CodeIncompleteSignature   ErrorCode = "IncompleteSignature"                        // The same, as older gateways say it.
	CodeSignatureNonceUsed    ErrorCode = "SignatureNonceUsed"                         // The very same request came before.
	CodeTimestampExpired      ErrorCode = "InvalidTimeStamp.Expired"                   // Our clock is off by more than 15 minutes.
	CodeTokenExpired          ErrorCode = "InvalidSecurityToken.Expired"               // The temporary credentials have expired.
	CodeTokenMismatch         ErrorCode = "InvalidSecurityToken.MismatchWithAccessKey" // Token and access key are of two sets.
	CodeTokenMalformed        ErrorCode = "InvalidSecurityToken.Malformed"             // The token is no token.
	CodeUnsupportedHTTPMethod ErrorCode = "UnsupportedHTTPMethod"                      // GET where POST is due or the reverse; HTTP 403.
	CodeAPINotFound           ErrorCode = "InvalidApi.NotFound"                        // The endpoint does not know the action; HTTP 404.
)

// Error is the one error type of the client: ESA refused a call, or no usable answer was had from it.
type Error struct {
	// Action is what was called, for example "UpdateCustomHostname".
	Action string
	// Host is where the call went. Never a URL: that would carry the access key id and the signature.
	Host string
	// Code is ESA's error code, "" when there was no answer that has one.
	Code ErrorCode
	// Message is ESA's own text.
	Message string
	// Status is the HTTP status, 0 when there was no answer. 200 is possible: ESA reports some errors with it.
	Status int
	// RequestID is ESA's id of the call, for a support ticket.
	RequestID string
	// RetryAfter is the pause that ESA asks for (x-acs-retry-after or Retry-After), 0 when it asks for none.
	RetryAfter time.Duration
	// Unsent is true when there was no answer because the request never left this machine, as the connection shows.
	Unsent bool
	// TokenVariable is the environment variable that the security token comes from, "" if it is another source's.
	TokenVariable string
	// Attempts is how often the call was sent.
	Attempts int
	// Err is the cause where ESA did not name a Code: a transport error or a malformed answer.
	Err error
	// GaveUp is the context's error when time ran out, or the user interrupted, before the next attempt.
	GaveUp error
}

// Error names the action, the host, what went wrong and ESA's request id.
func (e *Error) Error() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s at %s: ", e.Action, e.Host)
	switch {
	case e.Code != "":
		fmt.Fprintf(&b, "%s: %s", e.Code, e.Message)
	case e.Err != nil:
		b.WriteString(e.Err.Error())
	default:
		fmt.Fprintf(&b, "HTTP status %d", e.Status)
	}
	if e.RequestID != "" {
		fmt.Fprintf(&b, " (request id %s)", e.RequestID)
	}
	if e.GaveUp != nil {
		fmt.Fprintf(&b, "; gave up after %d attempts: %v", e.Attempts, e.GaveUp)
	}
	return b.String()
}

// Unwrap gives the causes to errors.Is and errors.As.
func (e *Error) Unwrap() []error {
	var causes []error
	for _, err := range []error{e.Err, e.GaveUp} {
		if err != nil {
			causes = append(causes, err)
		}
	}
	return causes
}

// IsCode tells whether err is an Error with one of the codes.
func IsCode(err error, codes ...ErrorCode) bool {
	var apiErr *Error
	return errors.As(err, &apiErr) && slices.Contains(codes, apiErr.Code)
}

// IsRefusal tells whether err is an answer of ESA, with whatever code.
func IsRefusal(err error) bool {
	var apiErr *Error
	return errors.As(err, &apiErr) && apiErr.Code != ""
}

// IsNotFound tells whether err says that a custom hostname does not exist.
func IsNotFound(err error) bool {
	return IsCode(err, CodeCustomHostnameNotFound)
}

// errMalformed is the cause of an Error whose answer is not one that ESA gives.
var errMalformed = errors.New("the answer is not one of ESA's")

// malformed describes such an answer without repeating it: it may hold a private key.
func malformed(format string, args ...any) error {
	return fmt.Errorf("%w: %s", errMalformed, fmt.Sprintf(format, args...))
}

// HostnameExistsError is returned by CreateCustomHostname when the name is taken in the site by a hostname that
// this call did not make.
type HostnameExistsError struct {
	// Existing is the hostname that has the name.
	Existing CustomHostname
	// SameRun is true when another call of this client made it.
	SameRun bool
	// Err is what Create answered.
	Err error
}

// Error names the hostname and its id.
func (e *HostnameExistsError) Error() string {
	return fmt.Sprintf("custom hostname %s exists in site %d with id %d: %v",
		e.Existing.Hostname, e.Existing.SiteID, e.Existing.HostnameID, e.Err)
}

// Unwrap gives Create's error to errors.Is and errors.As.
func (e *HostnameExistsError) Unwrap() error { return e.Err }

// CreateQuotaError is returned by CreateCustomHostname when ESA throttled it until there was no more time.
type CreateQuotaError struct {
	// Made is how many hostnames this client has made.
	Made int
	// Err is what ESA answered last.
	Err error
}

// Error names the quota.
func (e *CreateQuotaError) Error() string {
	return fmt.Sprintf("throttled after %d hostnames: %v", e.Made, e.Err)
}

// Unwrap gives ESA's answer to errors.Is and errors.As.
func (e *CreateQuotaError) Unwrap() error { return e.Err }

// UnclearCreateError is returned by CreateCustomHostname when nobody knows whether the hostname was made: an answer
// was lost, and looking for the hostname failed too.
type UnclearCreateError struct {
	// Err is what went wrong last.
	Err error
}

// Error says that the hostname may exist.
func (e *UnclearCreateError) Error() string {
	return fmt.Sprintf("the hostname may or may not have been created: %v", e.Err)
}

// Unwrap gives the last error to errors.Is and errors.As.
func (e *UnclearCreateError) Unwrap() error { return e.Err }
