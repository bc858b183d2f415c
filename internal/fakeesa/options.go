package fakeesa

import "time"

// Options selects the behavior of the fake. The zero value is the most likely behavior of ESA, without delays.
type Options struct {
	// AccessKeyID is the only access key that is accepted. Default "fake-access-key-id".
	AccessKeyID string
	// AccessKeySecret is its secret. Default "fake-access-key-secret".
	AccessKeySecret string
	// SecurityToken makes the access key a temporary one: every request must have this token. If it is empty, no request
	// may have one.
	SecurityToken string
	// AccountRegion is the account's site, cn-hangzhou (China, the default) or ap-southeast-1 (international). It is
	// the only CasRegion that is accepted, and part of the HostId of error responses.
	AccountRegion string

	// Now is the clock for everything: timestamps, expiry of certificates, limits, lifecycle and the HTTP Date header.
	// Default time.Now.
	Now func() time.Time
	// TimestampWindow is how far a request's Timestamp may be off. Default 15 minutes; newer documentation says 31.
	TimestampWindow time.Duration
	// LargeIDs generates ids of 19 digits, which a float64 cannot represent. Otherwise ids have 16 digits, like real ones,
	// which a float64 represents but most formatters print wrongly.
	LargeIDs bool

	// ParameterPlace is where the parameters of a POST are read from.
	ParameterPlace ParameterPlace
	// UnknownKeyStatus is the HTTP status of InvalidAccessKeyId.NotFound. Default 404; 400 is also plausible.
	UnknownKeyStatus int
	// IdentityStatus is the HTTP status of NoPermission and the InvalidSecurityToken codes. Default 400; 403 is also
	// plausible.
	IdentityStatus int

	// DuplicateCreate is what CreateCustomHostname does with a name that its site already has.
	DuplicateCreate DuplicateCreate
	// RefuseNamesElsewhere makes CreateCustomHostname refuse a name that another site has, with CustomHostname.Duplicated.
	// Otherwise the later hostname is conflicted.
	RefuseNamesElsewhere bool
	// HostnameLimit is the maximum number of hostnames of a site. Above it, the error is QuotaExceed.CustomHostname; the
	// real code is not documented. Default none.
	HostnameLimit int
	// ListOrder is the order of ListCustomHostnames.
	ListOrder ListOrder
	// CaseSensitiveFilter makes the filters of lists case-sensitive.
	CaseSensitiveFilter bool
	// RefusedCertificate is what CreateCustomHostname leaves behind when it returns ApplyCertFailed or SetCertFailed.
	RefusedCertificate RefusedCertificate
	// HostnameView is how responses write a hostname.
	HostnameView HostnameView
	// UnknownSite is how CreateCustomHostname, ListCustomHostnames and ListRecords refuse a SiteId that does not exist.
	UnknownSite UnknownSite
	// ForeignRecord is whether a hostname may use a record of another site, or one that is not proxied.
	ForeignRecord ForeignRecord
	// RefuseWildcards makes CreateCustomHostname refuse names that begin with "*.".
	RefuseWildcards bool
	// EmptyValues is how CreateCustomHostname and UpdateCustomHostname handle optional parameters that are empty.
	EmptyValues EmptyValues
	// SSLOnAlone is what UpdateCustomHostname does with SslFlag=on without CertType.
	SSLOnAlone SSLOnAlone
	// RefuseRecordAlone makes UpdateCustomHostname refuse a RecordId without SslFlag.
	RefuseRecordAlone bool
	// VerifyUnpassed is how VerifyCustomHostname reports that ownership is not verified yet; the HTTP status is 200.
	VerifyUnpassed VerifyUnpassed
	// AutoVerify makes ESA find the ownership record without a call of VerifyCustomHostname.
	AutoVerify bool

	// CertificateEcho is how GetCustomHostname returns an uploaded certificate and key.
	CertificateEcho CertificateEcho
	// PrivateKeyEcho is how GetCustomHostname returns the private key.
	PrivateKeyEcho PrivateKeyEcho
	// ShowAllCertificates makes GetCustomHostname also return the certificates of types free and cas, without their keys.
	ShowAllCertificates bool
	// SSLOffView is what Get and List return of the last certificate while SslFlag is off.
	SSLOffView SSLOffView
	// UnusedCasID is how GetCustomHostname returns CasId without a certificate of SSL Certificates Service.
	UnusedCasID UnusedCasID
	// BlankTokens blanks VerifyHost and VerifyCode once a hostname is verified, and the CertTxt and CertHttp fields
	// once its certificate is issued. Otherwise they stay set.
	BlankTokens bool

	// FreeCertificateStart is when the application for a free certificate starts.
	FreeCertificateStart FreeCertificateStart
	// ApplyAnyway is what ApplyCustomHostnameCertificate does with a free certificate that is OK or not issued yet.
	ApplyAnyway ApplyAnyway
	// IssueWithoutTXT issues free certificates without the DCV TXT record, as HTTP validation does for a hostname that
	// already points to ESA.
	IssueWithoutTXT bool
	// IssueDelay is the minimum time, by Now, from the start of an application until a free certificate is issued.
	// The real service takes 5 to 30 minutes. Default none.
	IssueDelay time.Duration
	// ChallengeFor is how long, by Now, the DCV data of an application is valid before new data replaces it. Default
	// forever. For certificates of sites it is one hour.
	ChallengeFor time.Duration
	// ConfiguringFor is how long, by Now, a verified hostname is "configuring" before it is active. Default none.
	ConfiguringFor time.Duration
	// PublishAtOnce publishes every TXT record that ESA requests at once, for demos.
	PublishAtOnce bool

	// LooseTypes is how responses write numbers and booleans.
	LooseTypes LooseTypes

	// NotFoundGets is how many GetCustomHostname calls after CreateCustomHostname still return CustomHostname.NotFound.
	NotFoundGets int
	// VerifyCodeGets is how many more calls lack VerifyHost and VerifyCode; List lacks them as long.
	VerifyCodeGets int
	// UnlistedLists is how many ListCustomHostnames calls of the site after CreateCustomHostname lack the hostname.
	UnlistedLists int
	// UnlistedFor is how long, by Now, ListCustomHostnames lacks the hostname after CreateCustomHostname.
	UnlistedFor time.Duration
	// DeletingGets is how many GetCustomHostname calls after DeleteCustomHostname still return the hostname.
	DeletingGets int
	// ReadLag is how long, by Now, GetCustomHostname and ListCustomHostnames do not show a write. Default none.
	ReadLag time.Duration

	// UpdateTakes is how long, by Now, a hostname is configuring after an UpdateCustomHostname, and is returned as it was
	// before. Default none.
	UpdateTakes time.Duration
	// CreateLimitPerHour is the maximum number of CreateCustomHostname calls in an hour of Now, as defined by CreateWindow.
	// Above it, the error is ThrottlingCode. Default 100, which is documented; NoLimit means no limit.
	CreateLimitPerHour int
	// CreateWindow is the kind of hour of CreateLimitPerHour.
	CreateWindow CreateWindow
	// OnlyMadeCount excludes calls that are refused for other reasons from CreateLimitPerHour.
	OnlyMadeCount bool
	// CallsPerSecond is the maximum number of calls of all actions in any second of Now. Above it, the error is
	// ThrottlingCode. Default none.
	CallsPerSecond int
	// ThrottlingCode is the code of the errors of both limits. Default "Throttling.User".
	ThrottlingCode string
	// RetryAfter is the header of these errors that contains the time to wait.
	RetryAfter RetryAfter
	// TooManyRequestsStatus is the HTTP status of TooManyRequests errors without another status. Default 400; 429 is also
	// plausible.
	TooManyRequestsStatus int
	// Busy is which other writes a write blocks, until its response (Latency, Fault.Delay) and for BusyAtLeast to
	// BusyAtMost after it.
	Busy Busy
	// BusyAtLeast and BusyAtMost are the limits of how long, by Now, a record or site stays busy after the response to a
	// write. Each time is random, from Seed. Default none.
	BusyAtLeast, BusyAtMost time.Duration
	// BusyLeft makes a record also busy while a hostname moves from it to another record.
	BusyLeft bool
	// Seed is the seed of random values.
	Seed uint64
	// Latency is a pause, in real time, between a call's effect and its response. If the client disconnects, the pause
	// ends, but the effect remains.
	Latency time.Duration

	// Log, if set, is called for every call, right before its response is sent, with the same value as in Requests. It can
	// be called concurrently.
	Log func(Request)
}

func (o Options) withDefaults() Options {
	if o.AccessKeyID == "" {
		o.AccessKeyID = "fake-access-key-id"
	}
	if o.AccessKeySecret == "" {
		o.AccessKeySecret = "fake-access-key-secret"
	}
	if o.AccountRegion == "" {
		o.AccountRegion = "cn-hangzhou"
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.TimestampWindow == 0 {
		o.TimestampWindow = 15 * time.Minute
	}
	if o.UnknownKeyStatus == 0 {
		o.UnknownKeyStatus = 404
	}
	if o.IdentityStatus == 0 {
		o.IdentityStatus = 400
	}
	if o.CreateLimitPerHour == 0 {
		o.CreateLimitPerHour = 100
	}
	if o.ThrottlingCode == "" {
		o.ThrottlingCode = "Throttling.User"
	}
	if o.TooManyRequestsStatus == 0 {
		o.TooManyRequestsStatus = 400
	}
	return o
}

// NoLimit is the CreateLimitPerHour that means no limit.
const NoLimit = -1

// ParameterPlace is where the parameters of a POST are read from. The signature covers all of them in any case.
type ParameterPlace int

const (
	// ParametersAnywhere reads them from the query and the form.
	ParametersAnywhere ParameterPlace = iota
	// ParametersInQuery ignores those in the form.
	ParametersInQuery
	// ParametersInForm ignores those in the query.
	ParametersInForm
)

// ListOrder is the order of ListCustomHostnames.
type ListOrder int

const (
	// ListOldestFirst is the order of creation.
	ListOldestFirst ListOrder = iota
	// ListNewestFirst is the reverse order, in which a hostname created between two pages shifts them.
	ListNewestFirst
	// ListAnyOrder is a different order in every call.
	ListAnyOrder
)

// Busy is which other writes a write blocks.
type Busy int

const (
	// BusyRecord refuses writes to the same record, with Record.ServiceBusy.
	BusyRecord Busy = iota
	// BusySite refuses writes to the same site, with Site.ServiceBusy.
	BusySite
	// BusyNothing refuses none.
	BusyNothing
)

// DuplicateCreate is what CreateCustomHostname does with a name that its site already has.
type DuplicateCreate int

const (
	// DuplicateRefused returns HTTP 400 with CustomHostname.Duplicated; the real code is not documented.
	DuplicateRefused DuplicateCreate = iota
	// DuplicateConflicts creates a second hostname with Status conflicted and ConflictWith existing_custom_hostname.
	DuplicateConflicts
	// DuplicateInvalid returns InvalidParameter, which does not name the parameter.
	DuplicateInvalid
)

// RefusedCertificate is what CreateCustomHostname leaves behind if the certificate cannot be deployed or applied for.
// The error is always the same, without an id.
type RefusedCertificate int

const (
	// RefusedLeavesNothing creates no hostname.
	RefusedLeavesNothing RefusedCertificate = iota
	// RefusedLeavesOff creates the hostname with SSL off.
	RefusedLeavesOff
	// RefusedLeavesOn creates it with SSL on and the CertType, but without a certificate; a free one is ApplyFailed.
	RefusedLeavesOn
	// RefusedLeavesBare creates it with SSL on and without any certificate fields.
	RefusedLeavesBare
)

// HostnameView is how responses write a hostname, which was sent in lower-case A-labels.
type HostnameView int

const (
	// HostnameAsStored writes it in lower case.
	HostnameAsStored HostnameView = iota
	// HostnameFinalDot adds a final dot.
	HostnameFinalDot
	// HostnameUnicode writes it in U-labels, which lists also compare with.
	HostnameUnicode
)

// UnknownSite is how a SiteId that does not exist is refused.
type UnknownSite int

const (
	// UnknownSiteNotFound returns HTTP 404 with SiteNotFound, as GetSite does.
	UnknownSiteNotFound UnknownSite = iota
	// UnknownSiteInvalid returns HTTP 400 with InvalidParameter.SiteId.
	UnknownSiteInvalid
)

// ForeignRecord is which records a hostname can use.
type ForeignRecord int

const (
	// ForeignRecordRefused returns InvalidParameter for a record of another site and for one that is not proxied.
	ForeignRecordRefused ForeignRecord = iota
	// ForeignRecordAccepted accepts every record.
	ForeignRecordAccepted
)

// EmptyValues is how optional parameters that are empty are handled.
type EmptyValues int

const (
	// EmptyRefused returns InvalidParameter.
	EmptyRefused EmptyValues = iota
	// EmptyIgnored handles them as absent.
	EmptyIgnored
)

// SSLOnAlone is what UpdateCustomHostname does with SslFlag=on without CertType.
type SSLOnAlone int

const (
	// SSLOnAloneRefused returns InvalidParameter.
	SSLOnAloneRefused SSLOnAlone = iota
	// SSLOnAloneAccepted restores the last certificate, if there was one.
	SSLOnAloneAccepted
)

// VerifyUnpassed is how VerifyCustomHostname reports that the check did not pass.
type VerifyUnpassed int

const (
	// VerifyUnpassedCode returns the code CustomHostname.VerifyUnpassed.
	VerifyUnpassedCode VerifyUnpassed = iota
	// VerifyUnpassedFlag returns only Passed=false.
	VerifyUnpassedFlag
	// VerifyUnpassedBoth returns the code and Passed=false.
	VerifyUnpassedBoth
)

// CertificateEcho is how GetCustomHostname returns an uploaded PEM.
type CertificateEcho int

const (
	// EchoAsSent returns it unchanged.
	EchoAsSent CertificateEcho = iota
	// EchoCRLF returns it with CR LF as line endings.
	EchoCRLF
	// EchoStripped returns it without white space before and after the text.
	EchoStripped
	// EchoNone omits it.
	EchoNone
)

// PrivateKeyEcho is how GetCustomHostname returns the private key.
type PrivateKeyEcho int

const (
	// PrivateKeyClear returns it.
	PrivateKeyClear PrivateKeyEcho = iota
	// PrivateKeyMasked returns "******" instead.
	PrivateKeyMasked
	// PrivateKeyAbsent omits it.
	PrivateKeyAbsent
)

// SSLOffView is what is returned of the last certificate while SslFlag is off.
type SSLOffView int

const (
	// SSLOffKept returns it.
	SSLOffKept SSLOffView = iota
	// SSLOffBlanked returns nothing of it, not even CertType.
	SSLOffBlanked
)

// UnusedCasID is how GetCustomHostname returns CasId if there is none.
type UnusedCasID int

const (
	// UnusedCasIDZero returns 0.
	UnusedCasIDZero UnusedCasID = iota
	// UnusedCasIDAbsent omits the field.
	UnusedCasIDAbsent
)

// FreeCertificateStart is when the application for a free certificate starts.
type FreeCertificateStart int

const (
	// StartWhenActive starts it once the hostname is active; until then CertStatus is empty.
	StartWhenActive FreeCertificateStart = iota
	// StartAtOnce starts it with the call. It still succeeds only once the hostname is active.
	StartAtOnce
)

// ApplyAnyway is what ApplyCustomHostnameCertificate does with a free certificate whose application has not failed, and
// that is neither expiring nor expired.
type ApplyAnyway int

const (
	// ApplyAnywayRefused returns InvalidParameter.
	ApplyAnywayRefused ApplyAnyway = iota
	// ApplyAnywayNotAllowed returns ApplyCertificateNotAllowed, a code of ESA without documentation.
	ApplyAnywayNotAllowed
	// ApplyAnywayAccepted applies: the certificate is Applying again, with a new challenge.
	ApplyAnywayAccepted
)

// CreateWindow is the kind of hour of the limit of CreateCustomHostname.
type CreateWindow int

const (
	// CreateWindowSliding is the last 60 minutes, at any time.
	CreateWindowSliding CreateWindow = iota
	// CreateWindowFixed is the hour of the clock.
	CreateWindowFixed
)

// RetryAfter is the header that tells a throttled caller how long to wait.
type RetryAfter int

const (
	// RetryAfterMilliseconds sends x-acs-retry-after, in milliseconds.
	RetryAfterMilliseconds RetryAfter = iota
	// RetryAfterSeconds sends the standard Retry-After, in whole seconds.
	RetryAfterSeconds
	// RetryAfterNone sends neither.
	RetryAfterNone
)

// LooseTypes is how responses write numbers and booleans. The official SDKs accept all variants.
type LooseTypes int

const (
	// LooseTypesNone writes them as documented.
	LooseTypesNone LooseTypes = iota
	// LooseTypesText writes them as strings, and an unused CasId or CertApplyCode as an empty string.
	LooseTypesText
	// LooseTypesFraction writes numbers with a zero fraction.
	LooseTypesFraction
)
