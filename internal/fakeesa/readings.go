package fakeesa

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"
)

// A Reading is a question about ESA that its documentation leaves open, with the answers that the fake supports.
type Reading struct {
	// Name is its name on command lines and in files.
	Name string
	// Question is the question.
	Question string
	// Values are the answers; the first is the default. With Measured, they are examples.
	Values []string
	// Measured is whether every duration, or "none", is a valid answer.
	Measured bool
	// Why is the reason for the default.
	Why string

	set func(*Options, string) error
	get func(Options) string
}

// Readings returns all open questions.
func Readings() []Reading { return slices.Clone(readings) }

var readings = []Reading{
	choice("parameter-place", "Where are the parameters of a POST read from?",
		func(o *Options) *ParameterPlace { return &o.ParameterPlace }, []string{"any", "query", "form"},
		"the official SDKs send them in the query, the official provider's ESA resources in the form, and both work"),
	choice("loose-types", "How do responses write numbers and booleans?",
		func(o *Options) *LooseTypes { return &o.LooseTypes }, []string{"none", "text", "fraction"},
		"the documentation has JSON numbers; the official SDKs read all three"),
	choice("duplicate-create", "What does CreateCustomHostname do with a name that its site already has?",
		func(o *Options) *DuplicateCreate { return &o.DuplicateCreate }, []string{"refused", "conflicts", "invalid"},
		"a refusal with a code of its own is what sibling actions do; a second, conflicted hostname is as plausible"),
	flagged("name-elsewhere", "What does CreateCustomHostname do with a name that another site has?",
		func(o *Options) *bool { return &o.RefuseNamesElsewhere }, "conflicts", "refused",
		"ConflictWith has the value existing_custom_hostname"),
	choice("refused-certificate", "What remains of a CreateCustomHostname that returns ApplyCertFailed or SetCertFailed?",
		func(o *Options) *RefusedCertificate { return &o.RefusedCertificate }, []string{"nothing", "off", "on", "bare"},
		"an answer without an id should mean that there is none"),
	choice("hostname-view", "How do responses write a hostname?",
		func(o *Options) *HostnameView { return &o.HostnameView }, []string{"as-stored", "final-dot", "unicode"},
		"every example is written as it was sent"),
	flagged("wildcards", "Does CreateCustomHostname accept names that begin with \"*.\"?",
		func(o *Options) *bool { return &o.RefuseWildcards }, "accepted", "refused",
		"certificates and records of sites have wildcards"),
	choice("unknown-site", "How is a SiteId that does not exist refused?",
		func(o *Options) *UnknownSite { return &o.UnknownSite }, []string{"not-found", "invalid"},
		"GetSite answers SiteNotFound"),
	choice("foreign-record", "Can a hostname use another site's record, or one that is not proxied?",
		func(o *Options) *ForeignRecord { return &o.ForeignRecord }, []string{"refused", "accepted"},
		"such a hostname could not serve"),
	amount("hostname-limit", "How many hostnames may a site have?",
		func(o *Options) *int { return &o.HostnameLimit }, []string{"none", "5000"},
		"no quota has a name for them"),
	choice("list-order", "In which order does ListCustomHostnames return hostnames?",
		func(o *Options) *ListOrder { return &o.ListOrder }, []string{"oldest-first", "newest-first", "any"},
		"an order that does not shift pages is the friendliest"),
	flagged("filter-case", "Do the filters of lists fold case?",
		func(o *Options) *bool { return &o.CaseSensitiveFilter }, "folded", "exact",
		"DNS names have no case"),

	choice("empty-values", "How are optional parameters handled that are empty?",
		func(o *Options) *EmptyValues { return &o.EmptyValues }, []string{"refused", "ignored"},
		"the stricter reading"),
	choice("ssl-on-alone", "What does UpdateCustomHostname do with SslFlag=on without CertType?",
		func(o *Options) *SSLOnAlone { return &o.SSLOnAlone }, []string{"refused", "accepted"},
		"CertType is required whenever SslFlag is on, says the documentation"),
	flagged("record-alone", "Does UpdateCustomHostname accept a RecordId without SslFlag?",
		func(o *Options) *bool { return &o.RefuseRecordAlone }, "accepted", "refused",
		"SslFlag is documented as optional"),
	choice("verify-unpassed", "How does VerifyCustomHostname report that ownership is not verified yet?",
		func(o *Options) *VerifyUnpassed { return &o.VerifyUnpassed }, []string{"code", "flag", "both"},
		"the error table has CustomHostname.VerifyUnpassed with HTTP 200"),
	flagged("auto-verify", "Does ESA check the TXT record without a call?",
		func(o *Options) *bool { return &o.AutoVerify }, "no", "yes",
		"nothing promises it"),
	flagged("tokens-after-use", "Are VerifyCode and the DCV fields still returned after their check?",
		func(o *Options) *bool { return &o.BlankTokens }, "kept", "blanked",
		"the examples of active hostnames show them"),

	choice("certificate-echo", "How does GetCustomHostname return an uploaded certificate?",
		func(o *Options) *CertificateEcho { return &o.CertificateEcho }, []string{"as-sent", "crlf", "stripped", "none"},
		"the official provider's generated test expects what was sent"),
	choice("private-key-echo", "Does GetCustomHostname return the private key?",
		func(o *Options) *PrivateKeyEcho { return &o.PrivateKeyEcho }, []string{"clear", "masked", "absent"},
		"the documentation's example shows one"),
	flagged("certificates-shown", "Which certificates does GetCustomHostname return?",
		func(o *Options) *bool { return &o.ShowAllCertificates }, "uploaded", "all",
		"the SDK's remark says that it is the uploaded one"),
	choice("ssl-off-view", "What is returned of the last certificate while SSL is off?",
		func(o *Options) *SSLOffView { return &o.SSLOffView }, []string{"kept", "blanked"},
		"the official provider's generated test expects the last values"),
	choice("unused-cas-id", "How is CasId returned if there is none?",
		func(o *Options) *UnusedCasID { return &o.UnusedCasID }, []string{"zero", "absent"},
		"the official provider's generated code sends 0"),
	choice("free-certificate-start", "When does the application for a free certificate start?",
		func(o *Options) *FreeCertificateStart { return &o.FreeCertificateStart }, []string{"when-active", "at-once"},
		"users report that it begins with the activation"),
	choice("apply-anyway", "What does ApplyCustomHostnameCertificate do with a certificate that is OK?",
		func(o *Options) *ApplyAnyway { return &o.ApplyAnyway }, []string{"refused", "not-allowed", "accepted"},
		"the action is meant for failed, expiring and expired ones"),
	period("challenge-lifetime", "How long is the DCV data of a free certificate valid?",
		func(o *Options) *time.Duration { return &o.ChallengeFor }, []string{"none", "1h"},
		"an hour is documented for certificates of sites alone; none is no end"),

	period("read-lag", "How long do reads not show a write?",
		func(o *Options) *time.Duration { return &o.ReadLag }, []string{"none", "3s"},
		"no lag is documented"),
	period("list-lag", "How long do lists not show a new hostname?",
		func(o *Options) *time.Duration { return &o.UnlistedFor }, []string{"none", "5s"},
		"no lag is documented"),
	period("update-takes", "How long is a hostname configuring after an update, and returned as before?",
		func(o *Options) *time.Duration { return &o.UpdateTakes }, []string{"none", "10s"},
		"the status configuring is documented, its length is not"),
	period("activation-takes", "How long is a verified hostname configuring?",
		func(o *Options) *time.Duration { return &o.ConfiguringFor }, []string{"none", "5s"},
		"as update-takes"),
	choice("busy", "Which other writes does a write block?",
		func(o *Options) *Busy { return &o.Busy }, []string{"record", "site", "none"},
		"Record.ServiceBusy is documented for these actions"),
	{
		Name: "busy-after", Question: "How long is the record or site still busy after the response to a write?", Values: []string{"none", "2s"}, Measured: true,
		Why: "nothing is documented",
		set: func(o *Options, text string) (err error) {
			o.BusyAtMost, err = readPeriod(text)
			o.BusyAtLeast = o.BusyAtMost
			return err
		},
		get: func(o Options) string { return writePeriod(o.BusyAtMost) },
	},
	flagged("busy-left", "Is the old record also busy while a hostname moves to another one?",
		func(o *Options) *bool { return &o.BusyLeft }, "no", "yes",
		"the code names the record that is being configured"),

	choice("create-window", "What kind of hour is the limit of 100 creates about?",
		func(o *Options) *CreateWindow { return &o.CreateWindow }, []string{"sliding", "fixed"},
		"a limit in a sliding window is the gateway's habit"),
	flagged("refused-creates-count", "Do refused creates count against the limit?",
		func(o *Options) *bool { return &o.OnlyMadeCount }, "yes", "no",
		"the documentation speaks of calls"),
	{
		Name: "throttling-code", Question: "What is the error code above a limit?", Values: []string{"Throttling.User", "Throttling.Api", "TooManyRequests", "Rejected.Throttling"},
		Why: "the gateway's code for a user's limit",
		set: func(o *Options, text string) error { o.ThrottlingCode = text; return nil },
		get: func(o Options) string { return o.withDefaults().ThrottlingCode },
	},
	choice("retry-after", "Which header tells how long to wait?",
		func(o *Options) *RetryAfter { return &o.RetryAfter }, []string{"milliseconds", "seconds", "none"},
		"the official SDKs read x-acs-retry-after, in milliseconds"),
	status("too-many-requests-status", "What is the HTTP status of TooManyRequests?",
		func(o *Options) *int { return &o.TooManyRequestsStatus }, []string{"400", "429"},
		"ESA's other codes of this kind have 400"),
	status("unknown-key-status", "What is the HTTP status of InvalidAccessKeyId.NotFound?",
		func(o *Options) *int { return &o.UnknownKeyStatus }, []string{"404", "400"},
		"the gateway's own list has 404"),
	status("identity-status", "What is the HTTP status of NoPermission and InvalidSecurityToken?",
		func(o *Options) *int { return &o.IdentityStatus }, []string{"400", "403"},
		"the error tables of these actions have 400"),
}

// SetReading sets the answer to an open question.
func (o *Options) SetReading(name, value string) error {
	for _, r := range readings {
		if r.Name != name {
			continue
		}
		if !r.Measured && !slices.Contains(r.Values, value) {
			return fmt.Errorf("the reading %s is %q; it must be one of %s", name, value, strings.Join(r.Values, ", "))
		}
		if err := r.set(o, value); err != nil {
			return fmt.Errorf("the reading %s is %q; it must be none, or a duration such as %s", name, value, r.Values[1])
		}
		return nil
	}
	return fmt.Errorf("there is no reading %q; -readings list prints all of them", name)
}

// SetReadings sets the answers to open questions from a JSON object of names and values, as the probe writes it.
func (o *Options) SetReadings(document []byte) error {
	var values map[string]string
	if err := json.Unmarshal(document, &values); err != nil {
		return fmt.Errorf("readings must be a JSON object of names and strings, such as {%q: %q}: %w", readings[0].Name, readings[0].Values[0], err)
	}
	for _, name := range slices.Sorted(maps.Keys(values)) {
		if err := o.SetReading(name, values[name]); err != nil {
			return err
		}
	}
	return nil
}

// Reading returns the answer to an open question, "" if there is no such question.
func (o Options) Reading(name string) string {
	for _, r := range readings {
		if r.Name == name {
			return r.get(o)
		}
	}
	return ""
}

// choice returns a reading with an enumerated option, whose constants are in the order of the values.
func choice[T ~int](name, question string, field func(*Options) *T, values []string, why string) Reading {
	return Reading{
		Name: name, Question: question, Values: values, Why: why,
		set: func(o *Options, value string) error { *field(o) = T(slices.Index(values, value)); return nil },
		get: func(o Options) string { return values[*field(&o)] },
	}
}

// flagged returns a reading with a boolean option.
func flagged(name, question string, field func(*Options) *bool, no, yes, why string) Reading {
	return Reading{
		Name: name, Question: question, Values: []string{no, yes}, Why: why,
		set: func(o *Options, value string) error { *field(o) = value == yes; return nil },
		get: func(o Options) string {
			if *field(&o) {
				return yes
			}
			return no
		},
	}
}

// period returns a reading with a duration as its option.
func period(name, question string, field func(*Options) *time.Duration, values []string, why string) Reading {
	return Reading{
		Name: name, Question: question, Values: values, Measured: true, Why: why,
		set: func(o *Options, text string) (err error) { *field(o), err = readPeriod(text); return err },
		get: func(o Options) string { return writePeriod(*field(&o)) },
	}
}

// amount returns a reading with a number as its option, 0 for none.
func amount(name, question string, field func(*Options) *int, values []string, why string) Reading {
	return Reading{
		Name: name, Question: question, Values: values, Why: why,
		set: func(o *Options, text string) error { *field(o), _ = strconv.Atoi(text); return nil },
		get: func(o Options) string {
			if *field(&o) == 0 {
				return "none"
			}
			return strconv.Itoa(*field(&o))
		},
	}
}

// status returns a reading with an HTTP status as its option.
func status(name, question string, field func(*Options) *int, values []string, why string) Reading {
	return Reading{
		Name: name, Question: question, Values: values, Why: why,
		set: func(o *Options, text string) error { *field(o), _ = strconv.Atoi(text); return nil },
		get: func(o Options) string {
			o = o.withDefaults()
			return strconv.Itoa(*field(&o))
		},
	}
}

func readPeriod(text string) (time.Duration, error) {
	if text == "none" {
		return 0, nil
	}
	d, err := time.ParseDuration(text)
	if err == nil && d <= 0 {
		err = fmt.Errorf("%v is not positive", d)
	}
	return d, err
}

func writePeriod(d time.Duration) string {
	if d == 0 {
		return "none"
	}
	// Users write 1h, not 1h0m0s.
	text := d.String()
	text = strings.TrimSuffix(strings.Replace(text, "m0s", "m", 1), "h0m")
	if strings.HasSuffix(d.String(), "h0m0s") {
		text += "h"
	}
	return text
}
