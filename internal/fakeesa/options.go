package fakeesa

import "time"

// Options says which ESA is played. The zero value is the likeliest one, with no delays and no limits.
type Options struct {
	// AccessKeyID is the only access key that is known. Default "fake-access-key-id".
	AccessKeyID string
	// AccessKeySecret is its secret. Default "fake-access-key-secret".
	AccessKeySecret string
	// SecurityToken makes the access key a temporary one: every request must carry this token. Without it, no
	// request may carry any.
	SecurityToken string
	// AccountRegion is the account's site, cn-hangzhou (China, the default) or ap-southeast-1 (international). It is
	// the only CasRegion that is accepted, and part of the HostId of error answers.
	AccountRegion string

	// Now is the clock of everything: time stamps, expiry of certificates, limits, life cycle and the HTTP Date
	// header. Default time.Now.
	Now func() time.Time
	// TimestampWindow is how far a request's Timestamp may be off. Default 15 minutes; newer documentation says 31.
	TimestampWindow time.Duration
	// LargeIDs makes ids of 19 digits, which no float64 holds. Otherwise they have 16, as real ones do, which a
	// float64 holds but most formatters print wrongly.
	LargeIDs bool

	// ParameterPlace is where the business parameters of a POST are read.
	ParameterPlace ParameterPlace
	// UnknownKeyStatus is the HTTP status of InvalidAccessKeyId.NotFound. Default 404; 400 is the other plausible one.
	UnknownKeyStatus int
	// IdentityStatus is the HTTP status of NoPermission and the InvalidSecurityToken codes. Default 400; 403 is the other
	// plausible one.
	IdentityStatus int

	// DuplicateCreate is what CreateCustomHostname does about a name that its site already has.
	DuplicateCreate DuplicateCreate
	// RefuseNamesElsewhere makes CreateCustomHostname refuse a name that another site has, with CustomHostname.Duplicated.
	// Otherwise the later hostname is conflicted.
	RefuseNamesElsewhere bool
	// HostnameLimit is how many hostnames a site may have; over it the answer is QuotaExceed.CustomHostname, a code that
	// stands in for one nobody documents. Default none.
	HostnameLimit int
	// ListOrder is the order of ListCustomHostnames.
	ListOrder ListOrder
	// CaseSensitiveFilter makes the filters of lists tell upper from lower case.
	CaseSensitiveFilter bool
	// RefusedCertificate is what CreateCustomHostname leaves behind when it answers ApplyCertFailed or SetCertFailed.
	RefusedCertificate RefusedCertificate
	// HostnameView is how answers write a hostname.
	HostnameView HostnameView
	// UnknownSite is how CreateCustomHostname, ListCustomHostnames and ListRecords refuse a SiteId that does not exist.
	UnknownSite UnknownSite
	// ForeignRecord says whether a RecordId may name a record of another site, or one that is not proxied.
	ForeignRecord ForeignRecord
	// RefuseWildcards makes CreateCustomHostname refuse names that begin with "*.".
	RefuseWildcards bool
	// EmptyValues is how CreateCustomHostname and UpdateCustomHostname read optional parameters that are sent empty.
	EmptyValues EmptyValues
	// SSLOnAlone is what UpdateCustomHostname does about SslFlag=on without CertType.
	SSLOnAlone SSLOnAlone
	// RefuseRecordAlone makes UpdateCustomHostname refuse a RecordId without SslFlag.
	RefuseRecordAlone bool
	// VerifyUnpassed is how VerifyCustomHostname says that ownership is not proved yet; the HTTP status is 200.
	VerifyUnpassed VerifyUnpassed
	// AutoVerify lets ESA find the ownership record without VerifyCustomHostname being called.
	AutoVerify bool

	// CertificateEcho is how GetCustomHostname renders an uploaded certificate and key.
	CertificateEcho CertificateEcho
	// PrivateKeyEcho says whether GetCustomHostname shows the private key.
	PrivateKeyEcho PrivateKeyEcho
	// ShowAllCertificates makes GetCustomHostname show the certificates of types free and cas too, without their keys.
	ShowAllCertificates bool
	// SSLOffView is what Get and List show of the last certificate while SslFlag is off.
	SSLOffView SSLOffView
	// UnusedCasID is how GetCustomHostname shows CasId without a certificate of SSL Certificates Service.
	UnusedCasID UnusedCasID
	// BlankTokens blanks VerifyHost and VerifyCode once a hostname is verified, and the CertTxt and CertHttp fields
	// once its certificate is issued. Otherwise they stay.
	BlankTokens bool

	// FreeCertificateStart is when the application for a free certificate begins.
	FreeCertificateStart FreeCertificateStart
	// ApplyAnyway is what ApplyCustomHostnameCertificate does about a free certificate that is in order, or not there yet.
	ApplyAnyway ApplyAnyway
	// IssueWithoutTXT issues free certificates without the DCV TXT record, as HTTP validation does for a hostname that
	// already points to ESA.
	IssueWithoutTXT bool
	// IssueDelay is how long after the start of its application, by Now, a free certificate is issued at the earliest.
	// The real service takes 5 to 30 minutes. Default none.
	IssueDelay time.Duration
	// ChallengeFor is how long, by Now, the DCV data of a running application is good; then there is other data. Default for
	// ever. Certificates of sites have one hour.
	ChallengeFor time.Duration
	// ConfiguringFor is how long, by Now, a verified hostname is "configuring" before it is active. Default none.
	ConfiguringFor time.Duration
	// PublishAtOnce makes every customer publish whatever TXT record ESA asks for, at once: for demos.
	PublishAtOnce bool

	// LooseTypes is how numbers and booleans are written in answers.
	LooseTypes LooseTypes

	// NotFoundGets is how many GetCustomHostname calls after CreateCustomHostname still answer CustomHostname.NotFound.
	NotFoundGets int
	// VerifyCodeGets is how many further ones lack VerifyHost and VerifyCode; List lacks them as long.
	VerifyCodeGets int
	// UnlistedLists is how many ListCustomHostnames calls of the site after CreateCustomHostname do not know the hostname.
	UnlistedLists int
	// UnlistedFor is for how long after CreateCustomHostname, by Now, no ListCustomHostnames knows the hostname.
	UnlistedFor time.Duration
	// DeletingGets is how many GetCustomHostname calls after DeleteCustomHostname still answer the hostname.
	DeletingGets int
	// ReadLag is for how long, by Now, GetCustomHostname and ListCustomHostnames do not see a write. Default none.
	ReadLag time.Duration

	// UpdateTakes is how long, by Now, a hostname stays configuring after an UpdateCustomHostname, and is shown as it was
	// before. Default none.
	UpdateTakes time.Duration
	// CreateLimitPerHour is how many CreateCustomHostname calls are served in an hour of Now; CreateWindow says in which.
	// Over it the answer is ThrottlingCode. Default 100, which is documented; NoLimit is none.
	CreateLimitPerHour int
	// CreateWindow is which hour CreateLimitPerHour is about.
	CreateWindow CreateWindow
	// OnlyMadeCount leaves calls that are refused for another reason out of CreateLimitPerHour.
	OnlyMadeCount bool
	// CallsPerSecond is how many calls of all actions together are served in any second of Now; over it as above.
	// Default none.
	CallsPerSecond int
	// ThrottlingCode is the code of the answers over both limits. Default "Throttling.User".
	ThrottlingCode string
	// RetryAfter is the header that says, in these answers, when there is room again.
	RetryAfter RetryAfter
	// TooManyRequestsStatus is the HTTP status of TooManyRequests errors that name none. Default 400; 429 is the other
	// plausible one.
	TooManyRequestsStatus int
	// Busy is what one write keeps others from, until its answer (Latency, Fault.Delay) and for as long after as
	// BusyAtLeast and BusyAtMost say.
	Busy Busy
	// BusyAtLeast and BusyAtMost are the limits of how long, by Now, a record or site stays busy after the answer of a
	// write. Each time is drawn with Seed. Default none.
	BusyAtLeast, BusyAtMost time.Duration
	// BusyLeft makes a record busy also while a hostname leaves it for another record.
	BusyLeft bool
	// Seed is for what is drawn.
	Seed uint64
	// Latency is slept, in real time, between a call's effect and its answer. A client that goes away ends the sleep,
	// not the effect.
	Latency time.Duration

	// Log, if set, is called for every call, right before its answer goes out, with what Requests shows of it. It can be
	// called several times at once.
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

// NoLimit is the CreateLimitPerHour of a service without that limit.
const NoLimit = -1

// ParameterPlace is where the business parameters of a POST are read. The signature covers them all wherever they are.
type ParameterPlace int

const (
	// ParametersAnywhere reads them in the query and in the form.
	ParametersAnywhere ParameterPlace = iota
	// ParametersInQuery does not see those in the form.
	ParametersInQuery
	// ParametersInForm does not see those in the query.
	ParametersInForm
)

// ListOrder is the order of ListCustomHostnames.
type ListOrder int

const (
	// ListOldestFirst is the order of creation.
	ListOldestFirst ListOrder = iota
	// ListNewestFirst begins with what was made last, so that a hostname made between two pages shifts them.
	ListNewestFirst
	// ListAnyOrder is another order in every call.
	ListAnyOrder
)

// Busy is what one write keeps others from.
type Busy int

const (
	// BusyRecord refuses writes that touch the same record, with Record.ServiceBusy.
	BusyRecord Busy = iota
	// BusySite refuses writes of the same site, with Site.ServiceBusy.
	BusySite
	// BusyNothing refuses none.
	BusyNothing
)

// DuplicateCreate is what CreateCustomHostname does about a name that its site already has.
type DuplicateCreate int

const (
	// DuplicateRefused answers HTTP 400 with CustomHostname.Duplicated, a code that stands in for one nobody documents.
	DuplicateRefused DuplicateCreate = iota
	// DuplicateConflicts makes a second hostname with Status conflicted and ConflictWith existing_custom_hostname.
	DuplicateConflicts
	// DuplicateInvalid answers InvalidParameter, which does not say which parameter.
	DuplicateInvalid
)

// RefusedCertificate is what CreateCustomHostname leaves behind when the certificate cannot be deployed or applied for.
// The answer is the same error, without an id.
type RefusedCertificate int

const (
	// RefusedLeavesNothing makes no hostname.
	RefusedLeavesNothing RefusedCertificate = iota
	// RefusedLeavesOff makes the hostname with SSL off.
	RefusedLeavesOff
	// RefusedLeavesOn makes it with SSL on and the CertType, but without a certificate; a free one is ApplyFailed.
	RefusedLeavesOn
	// RefusedLeavesBare makes it with SSL on and nothing about a certificate.
	RefusedLeavesBare
)

// HostnameView is how answers write a hostname, whose A-labels in lower case are what was sent.
type HostnameView int

const (
	// HostnameAsStored writes it in lower case.
	HostnameAsStored HostnameView = iota
	// HostnameFinalDot ends it with a dot.
	HostnameFinalDot
	// HostnameUnicode writes its xn-- labels as the U-labels that they stand for. Lists compare with those.
	HostnameUnicode
)

// UnknownSite is how a SiteId that does not exist is refused.
type UnknownSite int

const (
	// UnknownSiteNotFound answers HTTP 404 with SiteNotFound, as GetSite does.
	UnknownSiteNotFound UnknownSite = iota
	// UnknownSiteInvalid answers HTTP 400 with InvalidParameter.SiteId.
	UnknownSiteInvalid
)

// ForeignRecord says which records a hostname can be attached to.
type ForeignRecord int

const (
	// ForeignRecordRefused answers InvalidParameter to a record of another site and to one that is not proxied.
	ForeignRecordRefused ForeignRecord = iota
	// ForeignRecordAccepted takes every record that exists.
	ForeignRecordAccepted
)

// EmptyValues is how optional parameters that are sent empty are read.
type EmptyValues int

const (
	// EmptyRefused answers InvalidParameter.
	EmptyRefused EmptyValues = iota
	// EmptyIgnored reads them as not sent.
	EmptyIgnored
)

// SSLOnAlone is what UpdateCustomHostname does about SslFlag=on without CertType.
type SSLOnAlone int

const (
	// SSLOnAloneRefused answers InvalidParameter.
	SSLOnAloneRefused SSLOnAlone = iota
	// SSLOnAloneAccepted goes back to the last certificate, if there was one.
	SSLOnAloneAccepted
)

// VerifyUnpassed is how VerifyCustomHostname says "not yet".
type VerifyUnpassed int

const (
	// VerifyUnpassedCode answers the code CustomHostname.VerifyUnpassed.
	VerifyUnpassedCode VerifyUnpassed = iota
	// VerifyUnpassedFlag answers Passed=false alone.
	VerifyUnpassedFlag
	// VerifyUnpassedBoth answers the code and Passed=false.
	VerifyUnpassedBoth
)

// CertificateEcho is how GetCustomHostname renders an uploaded PEM.
type CertificateEcho int

const (
	// EchoAsSent repeats every byte.
	EchoAsSent CertificateEcho = iota
	// EchoCRLF ends the lines with CR LF.
	EchoCRLF
	// EchoStripped has no space and no line end before or after the text.
	EchoStripped
	// EchoNone shows nothing.
	EchoNone
)

// PrivateKeyEcho says whether GetCustomHostname shows the private key.
type PrivateKeyEcho int

const (
	// PrivateKeyClear shows it.
	PrivateKeyClear PrivateKeyEcho = iota
	// PrivateKeyMasked shows "******" instead.
	PrivateKeyMasked
	// PrivateKeyAbsent shows nothing.
	PrivateKeyAbsent
)

// SSLOffView is what is shown of the last certificate while SslFlag is off.
type SSLOffView int

const (
	// SSLOffKept goes on showing it.
	SSLOffKept SSLOffView = iota
	// SSLOffBlanked shows nothing of it, CertType included.
	SSLOffBlanked
)

// UnusedCasID is how GetCustomHostname shows CasId when there is none.
type UnusedCasID int

const (
	// UnusedCasIDZero shows 0.
	UnusedCasIDZero UnusedCasID = iota
	// UnusedCasIDAbsent leaves the field out.
	UnusedCasIDAbsent
)

// FreeCertificateStart is when the application for a free certificate begins.
type FreeCertificateStart int

const (
	// StartWhenActive begins once the hostname is active; until then CertStatus is empty.
	StartWhenActive FreeCertificateStart = iota
	// StartAtOnce begins with the call that asks for it. It still ends well only once the hostname is active.
	StartAtOnce
)

// ApplyAnyway is what ApplyCustomHostnameCertificate does where it is not meant to be called: for a free certificate that has
// neither failed nor expired, nor soon will.
type ApplyAnyway int

const (
	// ApplyAnywayRefused answers InvalidParameter.
	ApplyAnywayRefused ApplyAnyway = iota
	// ApplyAnywayNotAllowed answers ApplyCertificateNotAllowed, a code that ESA has and does not explain.
	ApplyAnywayNotAllowed
	// ApplyAnywayAccepted applies: the certificate is Applying again, with a new challenge.
	ApplyAnywayAccepted
)

// CreateWindow is which hour the limit of CreateCustomHostname is about.
type CreateWindow int

const (
	// CreateWindowSliding is the last hour, at any time.
	CreateWindowSliding CreateWindow = iota
	// CreateWindowFixed is the hour of the clock.
	CreateWindowFixed
)

// RetryAfter is the header that says how long a throttled caller has to wait.
type RetryAfter int

const (
	// RetryAfterMilliseconds sends x-acs-retry-after, in milliseconds.
	RetryAfterMilliseconds RetryAfter = iota
	// RetryAfterSeconds sends the standard Retry-After, in whole seconds.
	RetryAfterSeconds
	// RetryAfterNone sends neither.
	RetryAfterNone
)

// LooseTypes is how numbers and booleans are written in answers. The official SDKs read them all.
type LooseTypes int

const (
	// LooseTypesNone writes them as the documentation has them.
	LooseTypesNone LooseTypes = iota
	// LooseTypesText writes them as text, and an unused CasId or CertApplyCode as an empty one.
	LooseTypesText
	// LooseTypesFraction writes numbers with a fraction of zero.
	LooseTypesFraction
)
