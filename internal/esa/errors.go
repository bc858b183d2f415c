package esa

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
)

// ErrorCode is the Code of an ESA error response. Only the complete code tells what happened. The HTTP status and the
// message do not: three of the four responses with status 404 do not mean that something is gone.
type ErrorCode string

// Codes about custom hostnames and what they depend on.
const (
	CodeCustomHostnameNotFound  ErrorCode = "CustomHostname.NotFound"        // No such hostname; the only code that means "gone".
	CodeCustomHostnameUnpassed  ErrorCode = "CustomHostname.VerifyUnpassed"  // Ownership not verified yet; HTTP 200.
	CodeCustomHostnameICP       ErrorCode = "CustomHostname.InvalidICP"      // The domain lacks its ICP filing.
	CodeApplyCertFailed         ErrorCode = "CustomHostname.ApplyCertFailed" // A free certificate could not be requested; HTTP 404.
	CodeSetCertFailed           ErrorCode = "CustomHostname.SetCertFailed"   // The certificate could not be deployed; HTTP 404.
	CodeApplyNotAllowed         ErrorCode = "ApplyCertificateNotAllowed"     // The state allows no application.
	CodeRecordNotFound          ErrorCode = "Record.NotFound"                // No such record.
	CodeSiteNotFound            ErrorCode = "SiteNotFound"                   // No such site.
	CodeInvalidParameter        ErrorCode = "InvalidParameter"               // A parameter's value is not accepted.
	CodeInstanceNotOnline       ErrorCode = "Instance.NotOnline"             // The plan is overdue.
	CodeQuotaCheckFailed        ErrorCode = "QuotaCheckFailed.Function"      // The plan does not include the feature.
	CodeRecordServiceBusy       ErrorCode = "Record.ServiceBusy"             // Another change of the record is under way.
	CodeRecordReserved          ErrorCode = "Record.Reserved"                // The same, returned by other actions.
	CodeSiteServiceBusy         ErrorCode = "Site.ServiceBusy"               // Another change of the site is under way.
	CodeLockFailed              ErrorCode = "LockFailed"                     // Another change holds the lock.
	CodeInternalException       ErrorCode = "InternalException"              // ESA failed internally; HTTP 400.
	CodeTooManyRequests         ErrorCode = "TooManyRequests"                // ESA's own throttling.
	CodeThrottling              ErrorCode = "Throttling"                     // The gateway's throttling.
	CodeThrottlingUser          ErrorCode = "Throttling.User"                // The gateway's throttling of this account.
	CodeThrottlingAPI           ErrorCode = "Throttling.Api"                 // The gateway's throttling of this action.
	CodeRejectedThrottling      ErrorCode = "Rejected.Throttling"            // The same, as in the alicloud provider.
	CodeServiceUnavailable      ErrorCode = "ServiceUnavailable"             // HTTP 503.
	CodeServiceUnavailableShort ErrorCode = "ServiceUnavailableTemporary"    // HTTP 503.
)

// Codes about the caller and the request.
const (
	CodeNoPermission          ErrorCode = "NoPermission"                               // The identity lacks the RAM permission.
	CodeForbiddenRAM          ErrorCode = "Forbidden.RAM"                              // The identity lacks the RAM permission.
	CodeAccessKeyNotFound     ErrorCode = "InvalidAccessKeyId.NotFound"                // No such access key; HTTP 404 or 400.
	CodeAccessKeyInactive     ErrorCode = "InvalidAccessKeyId.Inactive"                // The access key is disabled.
	CodeSignatureDoesNotMatch ErrorCode = "SignatureDoesNotMatch"                      // The secret does not belong to the access key.
	CodeIncompleteSignature   ErrorCode = "IncompleteSignature"                        // The same, from older gateways.
	CodeSignatureNonceUsed    ErrorCode = "SignatureNonceUsed"                         // The same request arrived before.
	CodeTimestampExpired      ErrorCode = "InvalidTimeStamp.Expired"                   // Our clock is off by more than 15 minutes.
	CodeTokenExpired          ErrorCode = "InvalidSecurityToken.Expired"               // The temporary credentials have expired.
	CodeTokenMismatch         ErrorCode = "InvalidSecurityToken.MismatchWithAccessKey" // The token belongs to another access key.
	CodeTokenMalformed        ErrorCode = "InvalidSecurityToken.Malformed"             // The token is malformed.
	CodeUnsupportedHTTPMethod ErrorCode = "UnsupportedHTTPMethod"                      // GET instead of POST or the reverse; HTTP 403.
	CodeAPINotFound           ErrorCode = "InvalidApi.NotFound"                        // The endpoint does not know the action; HTTP 404.
)

// Error is the error of a call: either ESA refused it, or there was no usable response.
type Error struct {
	// Action is the action, for example "UpdateCustomHostname".
	Action string
	// Host is the host of the endpoint. It is never a URL, which contains the access key id and the signature.
	Host string
	// Code is ESA's error code, "" if there was none.
	Code ErrorCode
	// Message is ESA's message.
	Message string
	// Status is the HTTP status, 0 without a response. ESA returns some errors with status 200.
	Status int
	// RequestID is ESA's id of the call, for support tickets.
	RequestID string
	// RetryAfter is the pause that ESA requested (x-acs-retry-after or Retry-After), 0 for none.
	RetryAfter time.Duration
	// Unsent is true if there was no response because the request was never sent.
	Unsent bool
	// TokenVariable is the environment variable that the security token comes from, "" for other sources.
	TokenVariable string
	// Attempts is the number of attempts.
	Attempts int
	// Err is the cause if there is no Code: a transport error or a malformed response.
	Err error
	// GaveUp is the context's error if the context ended before the next attempt.
	GaveUp error
}

// Error returns the action, the host, the problem and ESA's request id.
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
		attempts := "1 attempt"
		if e.Attempts != 1 {
			attempts = fmt.Sprintf("%d attempts", e.Attempts)
		}
		fmt.Fprintf(&b, "; gave up after %s: %v", attempts, e.GaveUp)
	}
	return b.String()
}

// Unwrap returns the causes.
func (e *Error) Unwrap() []error {
	var causes []error
	for _, err := range []error{e.Err, e.GaveUp} {
		if err != nil {
			causes = append(causes, err)
		}
	}
	return causes
}

// IsCode reports whether err is an Error with one of the codes.
func IsCode(err error, codes ...ErrorCode) bool {
	var apiErr *Error
	return errors.As(err, &apiErr) && slices.Contains(codes, apiErr.Code)
}

// IsRefusal reports whether err is an error response of ESA, with any code.
func IsRefusal(err error) bool {
	var apiErr *Error
	return errors.As(err, &apiErr) && apiErr.Code != ""
}

// IsNotFound reports whether err means that a custom hostname does not exist.
func IsNotFound(err error) bool {
	return IsCode(err, CodeCustomHostnameNotFound)
}

// errMalformed is the cause of an Error with a response that cannot be from ESA.
var errMalformed = errors.New("the response is not from ESA")

// malformed describes such a response without its content, which may contain a private key.
func malformed(format string, args ...any) error {
	return fmt.Errorf("%w: %s", errMalformed, fmt.Sprintf(format, args...))
}

// HostnameExistsError is returned by CreateCustomHostname if the site already has a hostname of that name that this call
// did not create.
type HostnameExistsError struct {
	// Existing is the hostname that has the name.
	Existing CustomHostname
	// SameRun is true if another call of this client created it.
	SameRun bool
	// Err is the error of Create.
	Err error
}

// Error returns the hostname and its id.
func (e *HostnameExistsError) Error() string {
	return fmt.Sprintf("custom hostname %s exists in site %d with id %d: %v",
		e.Existing.Hostname, e.Existing.SiteID, e.Existing.HostnameID, e.Err)
}

// Unwrap returns the error of Create.
func (e *HostnameExistsError) Unwrap() error { return e.Err }

// CreateQuotaError is returned by CreateCustomHostname if ESA throttled it until the context ended.
type CreateQuotaError struct {
	// Made is the number of hostnames that this client created.
	Made int
	// Err is the last error of ESA.
	Err error
}

// Error returns the number of hostnames created.
func (e *CreateQuotaError) Error() string {
	return fmt.Sprintf("throttled after %d hostnames: %v", e.Made, e.Err)
}

// Unwrap returns the last error of ESA.
func (e *CreateQuotaError) Unwrap() error { return e.Err }

// UnclearCreateError is returned by CreateCustomHostname if it is unknown whether the hostname was created: a response
// was lost, and looking for the hostname failed too.
type UnclearCreateError struct {
	// Err is the last error.
	Err error
}

// Error returns that the hostname may exist.
func (e *UnclearCreateError) Error() string {
	return fmt.Sprintf("the hostname may or may not have been created: %v", e.Err)
}

// Unwrap returns the last error.
func (e *UnclearCreateError) Unwrap() error { return e.Err }
