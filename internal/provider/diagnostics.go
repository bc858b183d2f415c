package provider

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"unicode"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"

	"terraform-provider-esa/internal/esa"
)

// thing is the hostname that an error is about. Its fields may be empty.
type thing struct {
	hostname   string
	siteID     string
	hostnameID string
}

// thingOf returns the thing for a hostname from ESA.
func thingOf(h *esa.CustomHostname) thing {
	return thing{hostname: clean(h.Hostname), siteID: formatID(h.SiteID), hostnameID: formatID(h.HostnameID)}
}

// String returns the thing for use in a sentence.
func (t thing) String() string {
	var known []string
	if t.siteID != "" {
		known = append(known, "site "+t.siteID)
	}
	if t.hostnameID != "" {
		known = append(known, "hostname id "+t.hostnameID)
	}
	name := "custom hostname"
	if t.hostname != "" {
		name += " " + t.hostname
	}
	if len(known) == 0 {
		return name
	}
	return name + " (" + strings.Join(known, ", ") + ")"
}

// apiError returns the diagnostic of an error of the client. verb is the operation, such as "create".
func apiError(verb string, about thing, err error) diag.Diagnostic {
	summary := "Unable to " + verb + " custom hostname"

	if exists := new(esa.HostnameExistsError); errors.As(err, &exists) {
		return hostnameExists(summary, about, exists)
	}
	if quota := new(esa.CreateQuotaError); errors.As(err, &quota) {
		return diag.NewErrorDiagnostic(summary, createQuotaDetail(about, quota))
	}
	var b strings.Builder
	fmt.Fprintf(&b, "Unable to %s %s.\n", verb, about)
	attribute, advice := path.Empty(), "See the provider's log (TF_LOG=DEBUG) for the calls before this one."

	var apiErr *esa.Error
	switch {
	case errors.As(err, &apiErr):
		b.WriteString("\n" + describe(apiErr))
		attribute, advice = adviceFor(apiErr)
		if esa.IsNotFound(err) {
			attribute, advice = adviceForMissing(verb)
		}
	case errors.Is(err, context.DeadlineExceeded):
		b.WriteString("\nThe time limit was reached.")
		advice = "Raise the limit in the timeouts block, or run apply again."
	case errors.Is(err, context.Canceled):
		b.WriteString("\nThe run was interrupted.")
		advice = "Run apply again."
	default:
		b.WriteString("\n" + clean(err.Error()))
	}
	if lost := new(esa.UnclearCreateError); errors.As(err, &lost) {
		advice = "It is unknown whether the hostname was created. Run apply again: if it exists, the error shows how to import it."
	}
	b.WriteString("\n\n" + advice)
	return errorAt(attribute, summary, b.String())
}

func errorAt(attribute path.Path, summary, detail string) diag.Diagnostic {
	if attribute.Equal(path.Empty()) {
		return diag.NewErrorDiagnostic(summary, detail)
	}
	return diag.NewAttributeErrorDiagnostic(attribute, summary, detail)
}

// casError is apiError for an error that is likely about the certificate of SSL Certificates Service.
func casError(verb string, about thing, group *esa.Certificate, err error) diag.Diagnostic {
	apiErr := new(esa.Error)
	if !errors.As(err, &apiErr) || errors.As(err, new(*esa.HostnameExistsError)) {
		return apiError(verb, about, err)
	}
	attribute, before, after := path.Root("cas_id"), "", ""
	if apiErr.Code == esa.CodeInvalidParameter {
		attribute, before = path.Root("cas_region"), "ESA does not say which value it refuses. "
		after = " Then check hostname, site_id and record_id (a proxied record of that site)."
	}
	return errorAt(attribute, "Unable to "+verb+" custom hostname", fmt.Sprintf(
		"Unable to %s %s.\n\n%s\n\n%sCheck that SSL Certificates Service has the certificate cas_id %d in cas_region %q, and that this is the region of the account's site: "+
			"%q for the China site, %q for the international site.%s",
		verb, about, describe(apiErr), before, group.CasID, group.CasRegion, esa.CasRegion(esa.Domestic), esa.CasRegion(esa.International), after))
}

// certificateRefused returns the warning about a hostname that ESA created without its certificate.
func certificateRefused(plan *customHostnameModel, err error) diag.Diagnostic {
	attribute, advice, answer := path.Root("cert_type"), "Run apply again.", clean(err.Error())
	if apiErr := new(esa.Error); errors.As(err, &apiErr) {
		answer = describe(apiErr)
		attribute, advice = adviceFor(apiErr)
	}
	if plan.CertType.ValueString() == esa.CertTypeCAS {
		attribute = path.Root("cas_id")
	}
	return diag.NewAttributeWarningDiagnostic(attribute, "Custom hostname without certificate", fmt.Sprintf(
		"ESA created %s, which is saved in state, but refused its certificate, so it does not serve HTTPS yet.\n\n%s\n\n%s "+
			"That sends the certificate again, in place; nothing is recreated.", plan.thing(), answer, advice))
}

// codeOf returns the code of an error, "" for none.
func codeOf(err error) esa.ErrorCode {
	apiErr := new(esa.Error)
	if errors.As(err, &apiErr) {
		return apiErr.Code
	}
	return ""
}

// lookupError returns the diagnostic about a site or record that could not be read.
func lookupError(kind, what string, err error) diag.Diagnostic {
	var apiErr *esa.Error
	if !errors.As(err, &apiErr) {
		return diag.NewErrorDiagnostic("Unable to read "+kind, clean(err.Error())+".")
	}
	attribute, advice := adviceFor(apiErr)
	return errorAt(attribute, "Unable to read "+kind, fmt.Sprintf("Unable to read %s.\n\n%s\n\n%s", what, describe(apiErr), advice))
}

// createQuotaDetail describes how far a run got within the quota, and how to continue.
func createQuotaDetail(about thing, quota *esa.CreateQuotaError) string {
	answer := clean(quota.Err.Error())
	if apiErr := new(esa.Error); errors.As(quota.Err, &apiErr) {
		answer = describe(apiErr)
	}
	return fmt.Sprintf("Unable to create %s: ESA allows 100 CreateCustomHostname calls per user and hour, and throttled this one until the time limit was reached. "+
		"It was not created. This run has created %d custom hostnames before, which are saved in state.\n\n%s\n\n"+
		"Run apply again in an hour to create the rest. Or raise timeouts.create to about an hour per 100 hostnames, so that one apply creates all of them.",
		about, quota.Made, answer)
}

// hostnameExists returns the error about an existing hostname, with the commands to import it.
func hostnameExists(summary string, about thing, exists *esa.HostnameExistsError) diag.Diagnostic {
	existing := exists.Existing
	if exists.SameRun {
		return diag.NewAttributeErrorDiagnostic(path.Root("hostname"), summary, fmt.Sprintf(
			"Unable to create %s: another resource of this run created it, with hostname id %d. "+
				"Two resources cannot have the same hostname in one site. Remove one of them, or change its hostname.", about, existing.HostnameID))
	}
	answer := clean(exists.Err.Error()) + "."
	if apiErr := new(esa.Error); errors.As(exists.Err, &apiErr) {
		answer = describe(apiErr)
	}
	return diag.NewAttributeErrorDiagnostic(path.Root("hostname"), summary, fmt.Sprintf(
		"Unable to create %s: the site already has it, with hostname id %d, record %d and status %s. This run did not create it.\n\n%s\n\n"+
			"To manage it here, import it and plan again. Replace ADDRESS with the resource's address, which is shown above after \"with\":\n\n"+
			"  terraform import 'ADDRESS' %d:%d\n\n"+
			"or, with an import block:\n\n"+
			"  import {\n    to = ADDRESS\n    id = \"%d\"\n  }",
		about, existing.HostnameID, existing.RecordID, clean(existing.Status), answer,
		// By id, as lists may still show a deleted duplicate of the name.
		existing.SiteID, existing.HostnameID, existing.HostnameID))
}

// describe returns ESA's message and what support asks for.
func describe(e *esa.Error) string {
	var b strings.Builder
	switch {
	case e.Code != "":
		fmt.Fprintf(&b, "Error message: %s\n", clean(e.Message))
		fmt.Fprintf(&b, "Error code: %s\n", clean(string(e.Code)))
	case errors.Is(e.Err, esa.ErrNotSent) && e.GaveUp != nil:
		fmt.Fprintf(&b, "The call was not made: %s.\n", endOf(e))
	case e.Err != nil:
		fmt.Fprintf(&b, "No usable response from %s: %s\n", clean(e.Host), clean(e.Err.Error()))
	}
	fmt.Fprintf(&b, "Action: %s", e.Action)
	if e.Attempts > 1 {
		fmt.Fprintf(&b, ", %d attempts", e.Attempts)
	}
	if e.RequestID != "" {
		fmt.Fprintf(&b, "\nRequest ID: %s", clean(e.RequestID))
	}
	return b.String()
}

// endOf returns why a call was not made.
func endOf(e *esa.Error) string {
	what := "the time limit was reached"
	if errors.Is(e.GaveUp, context.Canceled) {
		what = "the run was interrupted"
	}
	if e.Err == esa.ErrNotSent { //nolint:errorlint // A wrapped error has more details.
		return what
	}
	return strings.TrimPrefix(clean(e.Err.Error()), esa.ErrNotSent.Error()+", as ") + ", until " + what
}

// adviceFor returns the argument that an error is about, and how to fix it.
func adviceFor(e *esa.Error) (path.Path, string) {
	switch e.Code {
	case esa.CodeSetCertFailed:
		return path.Root("certificate"), "ESA could not deploy the certificate. Check that it covers the hostname, that the key belongs to it and that the chain is complete; " +
			"for cert_type cas, that cas_id exists in cas_region. Then run apply again."
	case esa.CodeApplyCertFailed:
		return path.Root("cert_type"), "ESA could not request a free certificate. Check that no CAA record of the domain forbids it, then run apply again."
	case esa.CodeCustomHostnameICP:
		return path.Root("hostname"), "The domain needs an ICP filing, as the site's acceleration area covers the Chinese mainland. File it, or use a site whose area is overseas."
	case esa.CodeRecordNotFound:
		return path.Root("record_id"), "Check record_id: it must be a proxied record of the site."
	case esa.CodeSiteNotFound:
		return path.Root("site_id"), "Check site_id: it must be a site of this account."
	case esa.CodeInvalidParameter:
		return path.Empty(), "ESA does not say which value it refuses. Check hostname, site_id and record_id (a proxied record of that site)."
	case esa.CodeRecordServiceBusy, esa.CodeRecordReserved, esa.CodeSiteServiceBusy, esa.CodeLockFailed:
		return path.Empty(), "Other changes kept the record or the site busy until the time limit. Run apply again, or raise the limit in the timeouts block."
	case esa.CodeNoPermission, esa.CodeForbiddenRAM:
		return path.Empty(), fmt.Sprintf("The RAM identity lacks esa:%s. Grant it, or attach the system policy AliyunESAFullAccess.", e.Action)
	case esa.CodeInstanceNotOnline:
		return path.Empty(), "The site's plan is overdue or expired. Renew it in the ESA console."
	case esa.CodeQuotaCheckFailed:
		return path.Empty(), "The site's plan does not include this feature. Change the plan in the ESA console."
	}
	if parameter, ok := strings.CutPrefix(string(e.Code), string(esa.CodeInvalidParameter)+"."); ok {
		return adviceForParameter(parameter)
	}
	return path.Empty(), adviceForCaller(e)
}

// adviceForMissing is adviceFor for a hostname that ESA does not find. Only an update is about a hostname that existed a
// moment ago.
func adviceForMissing(verb string) (path.Path, string) {
	if verb == "update" {
		return path.Empty(), "The hostname was deleted outside Terraform. Run plan again to recreate it."
	}
	return path.Root("hostname_id"), "This account has no hostname with that id: the id is wrong, belongs to another account, or the hostname was deleted. Check hostname_id, and which account the credentials belong to."
}

// parameterArguments maps ESA's parameters to arguments.
var parameterArguments = map[string]string{
	"SiteId": "site_id", "Hostname": "hostname", "RecordId": "record_id", "SslFlag": "ssl_flag", "CertType": "cert_type",
	"Certificate": "certificate", "PrivateKey": "private_key_wo", "CasId": "cas_id", "CasRegion": "cas_region",
	"HostnameId": "hostname_id", "Status": "status", "NameMatchType": "name_match_type",
	"SiteName": "site_name", "RecordName": "record_name", "Type": "record_type",
}

// adviceForParameter is adviceFor for the codes InvalidParameter.X, which name the parameter.
func adviceForParameter(parameter string) (path.Path, string) {
	switch argument := parameterArguments[parameter]; argument {
	case "":
		return path.Empty(), fmt.Sprintf("ESA refuses the value of its parameter %s. Check the corresponding argument.", clean(parameter))
	case "site_id":
		return path.Root(argument), "Check site_id: it must be a site of this account."
	case "record_id":
		return path.Root(argument), "Check record_id: it must be a proxied record of the site."
	default:
		return path.Root(argument), fmt.Sprintf("ESA refuses the value of %s. Check it.", argument)
	}
}

// adviceForCaller is adviceFor for errors about credentials, clock, limits and network.
func adviceForCaller(e *esa.Error) string {
	switch {
	case e.Code == esa.CodeAccessKeyNotFound:
		return "The access key does not exist, or belongs to the other Alibaba Cloud site. Check access_key, and account_type (Domestic or International)."
	case e.Code == esa.CodeAccessKeyInactive:
		return "The access key is disabled. Enable it in the RAM console or use another."
	case e.Code == esa.CodeSignatureDoesNotMatch, e.Code == esa.CodeIncompleteSignature:
		return "The secret does not belong to the access key. Check secret_key, or the source that the credentials come from."
	case strings.HasPrefix(string(e.Code), "InvalidSecurityToken") && e.TokenVariable != "":
		return fmt.Sprintf("The security token comes from the environment variable %s and does not belong to the access key, or has expired. "+
			"Unset %s if the access key is a permanent one, or set it to the token of that key.", e.TokenVariable, e.TokenVariable)
	case strings.HasPrefix(string(e.Code), "InvalidSecurityToken"):
		return "The temporary credentials have expired, or the token does not belong to the access key. Get new ones, or use a source that renews them (profile, ecs_role_name, assume_role, credentials_uri)."
	case e.Code == esa.CodeTimestampExpired:
		return "The clock of this machine is more than 15 minutes off. Correct it."
	case e.Code == esa.CodeTooManyRequests, e.Code == esa.CodeRejectedThrottling, strings.HasPrefix(string(e.Code), string(esa.CodeThrottling)):
		return "ESA limits the rate of calls, and CreateCustomHostname to 100 per user and hour. Run apply again later, raise timeouts.create, or set requests_per_second in the provider block."
	case e.GaveUp != nil:
		return "The time limit was reached, or the run was interrupted, before another attempt. Run apply again, or raise the limit in the timeouts block."
	case errors.Is(e, esa.ErrSource):
		return "Check the source of the credentials that the message names, then run again."
	case e.Code == "":
		return "Check the provider's endpoint, the network and any proxy (HTTPS_PROXY, NO_PROXY), then run again."
	}
	if e.Action == "CreateCustomHostname" {
		return "If another process has just created this hostname, run apply again: the error then shows how to import it. " +
			"If not, look the code up in the ESA API reference, or give the request id to Alibaba Cloud support."
	}
	return "Look the code up in the ESA API reference, or give the request id to Alibaba Cloud support."
}

const maxMessage = 1000

// clean makes foreign text safe for a terminal: it removes control characters and limits the length.
func clean(text string) string {
	if len(text) > maxMessage {
		text = text[:maxMessage] + "… (cut)"
	}
	return strings.Map(func(r rune) rune {
		switch {
		case r == '\n', r == '\t':
			return ' '
		case !unicode.IsPrint(r):
			return '\uFFFD'
		}
		return r
	}, strings.ToValidUTF8(text, "\uFFFD"))
}

// credentialDiagnostic returns the error about missing or unusable credentials.
func credentialDiagnostic(err error) diag.Diagnostic {
	if unusable := new(esa.CredentialError); errors.As(err, &unusable) {
		return diag.NewAttributeErrorDiagnostic(argumentPath(unusable.Field), "Invalid "+unusable.Field, unusable.Problem)
	}
	if !errors.Is(err, esa.ErrNoCredentials) {
		return diag.NewAttributeErrorDiagnostic(path.Root("access_key"), "Unable to find credentials", err.Error())
	}
	var places strings.Builder
	for _, name := range []string{"access_key", "secret_key", "profile", "credentials_uri", "ecs_role_name"} {
		fmt.Fprintf(&places, "  - %s: not set, nor %s\n", name, strings.Join(environment[name], ", nor "))
	}
	return diag.NewAttributeErrorDiagnostic(path.Root("access_key"), "Unable to find credentials",
		"None of the sources of credentials is set, in the provider block or in the environment:\n\n"+places.String()+
			"  - assume_role_with_oidc: no block\n\n"+
			"Set ALIBABA_CLOUD_ACCESS_KEY_ID and ALIBABA_CLOUD_ACCESS_KEY_SECRET, or profile to a profile of the Alibaba Cloud CLI, or one of the others. "+
			"There is no default profile.")
}
