package provider

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/hashicorp/terraform-plugin-go/tftypes"

	"terraform-provider-esa/internal/certcheck/certtest"
	"terraform-provider-esa/internal/fakeesa"
)

// otherCas is the id of a second certificate of SSL Certificates Service.
const otherCas = 30000479

// journal writes down what calls of the provider do: which calls of ESA are made with which parameters, what changes in
// the state, what is unknown or requires replacement, and all diagnostics.
type journal struct {
	esa   *account
	text  *strings.Builder
	masks *strings.Replacer
}

func newJournal(a *account, text *strings.Builder, pairs ...certtest.Pair) *journal {
	var masks []string
	for i, pair := range pairs {
		name := []string{"first", "second", "later", "expired", "foreign"}[i]
		masks = append(masks, pair.CertificatePEM, "<"+name+">", pair.PrivateKeyPEM, "<"+name+" key>")
	}
	return &journal{a, text, strings.NewReplacer(append(masks,
		fmt.Sprint(a.site.ID), "<site>", fmt.Sprint(a.record.ID), "<record>", fmt.Sprint(a.record2.ID), "<record 2>", casID, "<cas>",
		strings.TrimPrefix(a.URL(), "http://"), "<host>",
	)...)}
}

// lifecycle is a run of one resource that is written down.
type lifecycle struct {
	*chaosRun
	*journal
	between func()         // what happens between the next plan and its apply, if anything
	later   map[string]any // arguments that become known between the next plan and its apply
}

// TestLifecycle compares plans, calls, states and diagnostics with testdata/lifecycle.txt: every change of a certificate,
// of other arguments, changes outside Terraform, unknown values, and responses that refuse a call. After a change of
// behaviour, write the file anew with -update, and read the difference.
func TestLifecycle(t *testing.T) {
	t.Parallel()
	first, second := issue(t, name), issue(t, name)
	later := certtest.Issue(t, certtest.Spec{DNSNames: []string{name}, NotAfter: time.Now().AddDate(0, 6, 0), Intermediate: 1})
	expired := certtest.Issue(t, certtest.Spec{DNSNames: []string{name}, NotBefore: time.Now().AddDate(-1, 0, 0), NotAfter: time.Now().AddDate(0, 0, -1)})
	otherName := issue(t, "www.other.example")
	kinds := map[string]map[string]any{
		"off":    {"ssl_flag": "off"},
		"free":   {"ssl_flag": "on", "cert_type": "free"},
		"first":  {"ssl_flag": "on", "cert_type": "upload", "certificate": first.CertificatePEM, "private_key_wo": first.PrivateKeyPEM},
		"second": {"ssl_flag": "on", "cert_type": "upload", "certificate": second.CertificatePEM, "private_key_wo": second.PrivateKeyPEM},
		"stored": {"ssl_flag": "on", "cert_type": "upload", "certificate": first.CertificatePEM, "private_key": first.PrivateKeyPEM},
		"cas":    {"ssl_flag": "on", "cert_type": "cas", "cas_id": casID},
	}
	var got strings.Builder
	// hostname creates a hostname of a kind, with more arguments, and starts a section with a title.
	hostname := func(title, kind string, options fakeesa.Options, more ...map[string]any) *lifecycle {
		a := newAccount(t, options, everyReading()...)
		config := maps.Clone(kinds[kind])
		for _, m := range more {
			maps.Copy(config, m)
		}
		l := &lifecycle{newQuietRun(t, a, config), newJournal(a, &got, first, second, later, expired, otherName), nil, nil}
		fmt.Fprintf(&got, "## %s\n", title)
		return l
	}
	another := func(l *lifecycle) map[string]any {
		return map[string]any{"record_id": fmt.Sprint(l.account.record2.ID)}
	}

	for _, from := range slices.Sorted(maps.Keys(kinds)) {
		hostname("create: "+from, from, fakeesa.Options{}).apply()
		hostname("create without key: "+from, from, fakeesa.Options{}, map[string]any{"private_key_wo": nil}).apply()
		for _, to := range slices.Sorted(maps.Keys(kinds)) {
			if from == to {
				continue
			}
			l := hostname(from+" to "+to, from, fakeesa.Options{PublishAtOnce: true}).quietly()
			l.change(kinds[to])
			l.apply()
		}
		l := hostname(from+": another record", from, fakeesa.Options{}).quietly()
		l.change(another(l))
		l.apply()
		l = hostname(from+": another hostname", from, fakeesa.Options{}).quietly()
		l.change(map[string]any{"hostname": "www.customer.com"})
		l.apply()
		l = hostname(from+": without key, and destroy", from, fakeesa.Options{}).quietly()
		l.change(map[string]any{"private_key_wo": nil})
		l.apply()
		l.configs[0] = nil
		l.apply()
	}
	changes := map[string]struct {
		kind string
		more map[string]any // of the creation
		to   map[string]any
	}{
		"the key's version":              {"first", map[string]any{"private_key_wo_version": 1}, map[string]any{"private_key_wo_version": 2}},
		"the key's version, for once":    {"first", nil, map[string]any{"private_key_wo_version": 1}},
		"the key's version, without key": {"first", map[string]any{"private_key_wo_version": 1}, map[string]any{"private_key_wo_version": 2, "private_key_wo": nil}},
		"the certificate, without key":   {"first", nil, map[string]any{"certificate": second.CertificatePEM, "private_key_wo": nil}},
		"SSL on, without key":            {"off", nil, map[string]any{"ssl_flag": "on", "cert_type": "upload", "certificate": first.CertificatePEM}},
		"to uploaded, without key":       {"free", nil, map[string]any{"ssl_flag": "on", "cert_type": "upload", "certificate": first.CertificatePEM}},
		"a first version, without key":   {"first", nil, map[string]any{"private_key_wo_version": 1, "private_key_wo": nil}},
		"site, without key":              {"first", nil, map[string]any{"site_id": "1", "private_key_wo": nil}},
		"the certificate's spelling":     {"first", nil, map[string]any{"certificate": "shop\n" + first.CertificatePEM + "\n"}},
		"a stored key":                   {"stored", nil, map[string]any{"private_key": second.PrivateKeyPEM, "certificate": second.CertificatePEM}},
		"only the stored key":            {"stored", nil, map[string]any{"private_key": first.PrivateKeyPEM + "\n"}},
		"the cas_id":                     {"cas", nil, map[string]any{"cas_id": fmt.Sprint(otherCas)}},
		"the cas_region":                 {"cas", nil, map[string]any{"cas_region": "ap-southeast-1"}},
		"the cas_region, set as it was":  {"cas", nil, map[string]any{"cas_region": "cn-hangzhou"}},
		"the site":                       {"off", nil, map[string]any{"site_id": "1"}},
		"the trigger":                    {"free", nil, map[string]any{"certificate_apply_trigger": "1"}},
		"no trigger any more":            {"free", map[string]any{"certificate_apply_trigger": "1"}, map[string]any{"certificate_apply_trigger": nil}},
		"unknown record_id":              {"first", nil, map[string]any{"record_id": unknown{}}},
		"unknown hostname":               {"first", nil, map[string]any{"hostname": unknown{}}},
		"unknown ssl_flag":               {"first", nil, map[string]any{"ssl_flag": unknown{}}},
		"unknown cert_type":              {"first", nil, map[string]any{"cert_type": unknown{}}},
		"unknown cert_type, of cas":      {"cas", nil, map[string]any{"cert_type": unknown{}}},
		"unknown certificate":            {"first", nil, map[string]any{"certificate": unknown{}}},
		"unknown certificate, no key":    {"first", nil, map[string]any{"certificate": unknown{}, "private_key_wo": nil}},
		"unknown key":                    {"first", nil, map[string]any{"certificate": second.CertificatePEM, "private_key_wo": unknown{}}},
		"unknown version":                {"first", nil, map[string]any{"private_key_wo_version": unknown{}}},
		"unknown cas_id":                 {"cas", nil, map[string]any{"cas_id": unknown{}}},
		"unknown cas_region":             {"cas", nil, map[string]any{"cas_region": unknown{}}},
		"unknown trigger":                {"free", nil, map[string]any{"certificate_apply_trigger": unknown{}}},
	}
	for _, title := range slices.Sorted(maps.Keys(changes)) {
		change := changes[title]
		l := hostname("change: "+title, change.kind, fakeesa.Options{}, change.more).quietly()
		l.account.AddCASCertificate(otherCas, "cn-hangzhou", l.account.Now().AddDate(2, 0, 0))
		l.change(change.to)
		l.apply()
	}

	// Values that become known after the plan.
	known := map[string]struct {
		kind string // "" for a new one
		plan map[string]any
		then map[string]any
	}{
		"certificate and key":                  {"", map[string]any{"certificate": unknown{}, "private_key_wo": unknown{}}, map[string]any{"certificate": first.CertificatePEM, "private_key_wo": first.PrivateKeyPEM}},
		"an expired one":                       {"", map[string]any{"certificate": unknown{}, "private_key_wo": unknown{}}, map[string]any{"certificate": expired.CertificatePEM, "private_key_wo": expired.PrivateKeyPEM}},
		"of another name":                      {"", map[string]any{"certificate": unknown{}, "private_key_wo": unknown{}}, map[string]any{"certificate": otherName.CertificatePEM, "private_key_wo": otherName.PrivateKeyPEM}},
		"another key":                          {"", map[string]any{"private_key_wo": unknown{}}, map[string]any{"private_key_wo": second.PrivateKeyPEM}},
		"no key":                               {"", map[string]any{"private_key_wo": unknown{}}, map[string]any{"private_key_wo": nil}},
		"no certificate":                       {"", map[string]any{"certificate": unknown{}}, map[string]any{"certificate": nil}},
		"free":                                 {"", map[string]any{"cert_type": unknown{}, "certificate": unknown{}, "private_key_wo": nil}, map[string]any{"cert_type": "free", "certificate": nil}},
		"cas":                                  {"", map[string]any{"cert_type": unknown{}, "cas_id": unknown{}, "certificate": nil, "private_key_wo": nil}, map[string]any{"cert_type": "cas", "cas_id": casID}},
		"SSL off":                              {"", map[string]any{"ssl_flag": unknown{}, "cert_type": unknown{}, "certificate": nil, "private_key_wo": nil}, map[string]any{"ssl_flag": "off", "cert_type": nil}},
		"SSL off, with type":                   {"", map[string]any{"ssl_flag": unknown{}}, map[string]any{"ssl_flag": "off", "cert_type": "upload", "certificate": first.CertificatePEM}},
		"the same certificate, without key":    {"first", map[string]any{"certificate": unknown{}, "private_key_wo": nil}, map[string]any{"certificate": first.CertificatePEM}},
		"the same certificate":                 {"first", map[string]any{"certificate": unknown{}}, map[string]any{"certificate": first.CertificatePEM}},
		"another certificate":                  {"first", map[string]any{"certificate": unknown{}, "private_key_wo": unknown{}}, map[string]any{"certificate": second.CertificatePEM, "private_key_wo": second.PrivateKeyPEM}},
		"an expired certificate, for this one": {"first", map[string]any{"certificate": unknown{}, "private_key_wo": unknown{}}, map[string]any{"certificate": expired.CertificatePEM, "private_key_wo": expired.PrivateKeyPEM}},
		"the same record":                      {"first", map[string]any{"record_id": unknown{}}, nil},
		"the same trigger":                     {"free", map[string]any{"certificate_apply_trigger": unknown{}}, map[string]any{"certificate_apply_trigger": nil}},
		"another trigger":                      {"free", map[string]any{"certificate_apply_trigger": unknown{}}, map[string]any{"certificate_apply_trigger": "1"}},
	}
	for _, title := range slices.Sorted(maps.Keys(known)) {
		k := known[title]
		l := hostname("known later: "+title, cmp.Or(k.kind, "first"), fakeesa.Options{})
		if k.kind != "" {
			l.quietly()
		}
		maps.Copy(l.configs[0], k.plan)
		l.later = k.then
		if title == "the same record" {
			l.later = map[string]any{"record_id": fmt.Sprint(l.account.record.ID)}
		}
		l.apply()
	}

	// Changes outside Terraform. Each is refreshed and planned; what the configuration contradicts is changed back.
	outside := map[string]struct {
		kind   string
		change func(*fakeesa.Hostname)
	}{
		"record":              {"off", func(h *fakeesa.Hostname) { h.RecordID++ }},
		"SSL off":             {"free", func(h *fakeesa.Hostname) { h.SSLFlag = "off" }},
		"SSL on":              {"off", func(h *fakeesa.Hostname) { h.SSLFlag, h.CertType = "on", "free" }},
		"another type":        {"first", func(h *fakeesa.Hostname) { h.CertType, h.Certificate, h.PrivateKey = "free", "", "" }},
		"another certificate": {"first", func(h *fakeesa.Hostname) { h.Certificate, h.PrivateKey = second.CertificatePEM, second.PrivateKeyPEM }},
		"an unusable certificate": {"first", func(h *fakeesa.Hostname) {
			h.Certificate, h.PrivateKey = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n", ""
		}},
		"another cas_id": {"cas", func(h *fakeesa.Hostname) { h.CasID = otherCas }},
		"conflicted":     {"off", func(h *fakeesa.Hostname) { h.Status, h.ConflictWith = "conflicted", "existing_site" }},
		"offline":        {"off", func(h *fakeesa.Hostname) { h.Status, h.OfflineReason = "offline", "missing_icp" }},
		"failed": {"free", func(h *fakeesa.Hostname) {
			h.Status, h.CertStatus, h.CertApplyCode, h.CertApplyMessage = "active", "ApplyFailed", 3, "canceled"
		}},
		"applying":    {"free", func(h *fakeesa.Hostname) { h.Status, h.CertStatus = "active", "Applying" }},
		"no type":     {"free", func(h *fakeesa.Hostname) { h.CertType = "" }},
		"spelling":    {"off", func(h *fakeesa.Hostname) { h.Hostname = "Shop.Customer.com" }},
		"cas to free": {"cas", func(h *fakeesa.Hostname) { h.CertType, h.CasID = "free", 0 }},
		"cas to upload": {"cas", func(h *fakeesa.Hostname) {
			h.CertType, h.CasID, h.Certificate, h.PrivateKey = "upload", 0, first.CertificatePEM, first.PrivateKeyPEM
		}},
	}
	for _, title := range slices.Sorted(maps.Keys(outside)) {
		l := hostname("outside: "+title, outside[title].kind, fakeesa.Options{}).quietly()
		l.account.AddCASCertificate(otherCas, "cn-hangzhou", l.account.Now().AddDate(2, 0, 0))
		l.account.ChangeHostname(l.account.hostname(t).ID, outside[title].change)
		l.apply()
	}
	for _, title := range []string{"another certificate", "an unusable certificate"} {
		l := hostname("outside: "+title+", without key", "first", fakeesa.Options{}).quietly()
		l.account.ChangeHostname(l.account.hostname(t).ID, outside[title].change)
		l.change(map[string]any{"private_key_wo": nil})
		l.apply()
	}
	// Changes outside Terraform between a plan and its apply: what is planned as known must not change.
	for _, title := range slices.Sorted(maps.Keys(outside)) {
		for _, to := range []string{"record", "certificate"} {
			l := hostname("outside, after the plan: "+title+", "+to, outside[title].kind, fakeesa.Options{}).quietly()
			l.account.AddCASCertificate(otherCas, "cn-hangzhou", l.account.Now().AddDate(2, 0, 0))
			if to == "record" {
				l.change(another(l))
			} else {
				l.change(kinds["second"])
			}
			l.between = func() { l.account.ChangeHostname(l.account.hostname(t).ID, outside[title].change) }
			l.apply()
			l.apply()
		}
	}
	back := hostname("outside: another certificate, and back, and another one without key", "first", fakeesa.Options{}).quietly()
	for _, pair := range []certtest.Pair{second, first} {
		back.account.ChangeHostname(back.account.hostname(t).ID, func(h *fakeesa.Hostname) { h.Certificate, h.PrivateKey = pair.CertificatePEM, pair.PrivateKeyPEM })
		back.change(map[string]any{"private_key_wo": nil})
		back.apply()
	}
	back.change(map[string]any{"certificate": second.CertificatePEM})
	back.apply()
	hostname("ESA returns the certificate with CR LF", "first", fakeesa.Options{CertificateEcho: fakeesa.EchoCRLF}).quietly().apply()
	hostname("ESA returns the certificate without its last line end", "first", fakeesa.Options{CertificateEcho: fakeesa.EchoStripped}).quietly().apply()
	elsewhere := hostname("cas_region of the other region", "cas", fakeesa.Options{}, map[string]any{"cas_region": "ap-southeast-1"})
	elsewhere.account.AddCASCertificate(30000478, "ap-southeast-1", elsewhere.account.Now().AddDate(1, 0, 0))
	elsewhere.apply()
	elsewhere.change(map[string]any{"cas_region": nil})
	elsewhere.apply()
	for _, kind := range []string{"off", "first"} {
		l := hostname("outside: deleted, "+kind, kind, fakeesa.Options{}).quietly()
		l.account.RemoveHostname(l.account.hostname(t).ID)
		l.apply()
	}
	for _, status := range []string{"", "Applying", "OK", "Expiring", "Expired", "ApplyFailed", "Revoked"} {
		l := hostname("another trigger, certificate "+status, "free", fakeesa.Options{PublishAtOnce: true}).quietly()
		l.account.ChangeHostname(l.account.hostname(t).ID, func(h *fakeesa.Hostname) { h.Status, h.CertStatus = "active", status })
		l.change(map[string]any{"certificate_apply_trigger": "1"})
		l.apply()
	}

	// Responses that refuse a call.
	record := func(id func(a *account) string) func(l *lifecycle) {
		return func(l *lifecycle) { l.change(map[string]any{"record_id": id(l.account)}) }
	}
	foreign := func(a *account) string {
		return fmt.Sprint(a.AddRecord(a.AddSite("other.example").ID, "www.other.example").ID)
	}
	unproxied := func(a *account) string {
		return fmt.Sprint(a.AddRecordOf(fakeesa.Record{SiteID: a.site.ID, Name: "plain.example.com", Type: "A/AAAA", Value: "192.0.2.1"}).ID)
	}
	nobody := func(*account) string { return "77" }
	refuse := func(action, code string, skip int) func(l *lifecycle) {
		return func(l *lifecycle) {
			l.account.Inject(fakeesa.Fault{Action: action, Code: code, Status: 400, Skip: skip, Times: 1})
		}
	}
	noAnswer := func(action string, skip int) func(l *lifecycle) {
		return func(l *lifecycle) {
			l.account.Inject(fakeesa.Fault{Action: action, RawBody: new("<html>"), Status: 302, Skip: skip, Times: -1})
		}
	}
	done := func(l *lifecycle) {
		l.account.Inject(fakeesa.Fault{Action: "UpdateCustomHostname", RawBody: new(`{"RequestId":"1"}`), Status: 200, Times: 1})
	}
	type refusal struct {
		kind    string
		options fakeesa.Options
		before  []func(l *lifecycle)
	}
	creates := map[string]refusal{
		"no permission":             {"off", fakeesa.Options{}, []func(*lifecycle){refuse("CreateCustomHostname", "NoPermission", 0)}},
		"a foreign record":          {"off", fakeesa.Options{}, []func(*lifecycle){record(foreign)}},
		"a record without proxy":    {"off", fakeesa.Options{}, []func(*lifecycle){record(unproxied)}},
		"no such record":            {"off", fakeesa.Options{}, []func(*lifecycle){record(nobody)}},
		"the record cannot be read": {"off", fakeesa.Options{}, []func(*lifecycle){record(nobody), refuse("GetRecord", "NoPermission", 0)}},
		"a parameter":               {"off", fakeesa.Options{}, []func(*lifecycle){refuse("CreateCustomHostname", "InvalidParameter", 0)}},
		"a parameter, of cas":       {"cas", fakeesa.Options{}, []func(*lifecycle){refuse("CreateCustomHostname", "InvalidParameter", 0)}},
		"a foreign record, of cas":  {"cas", fakeesa.Options{}, []func(*lifecycle){record(foreign)}},
		"the certificate": {"first", fakeesa.Options{RefusedCertificate: fakeesa.RefusedLeavesOn}, []func(*lifecycle){func(l *lifecycle) {
			l.account.RefuseCertificates(name, true)
		}}},
		"the certificate, of cas": {"cas", fakeesa.Options{RefusedCertificate: fakeesa.RefusedLeavesOn}, []func(*lifecycle){func(l *lifecycle) {
			l.account.RefuseCertificates(name, true)
		}}},
		"the certificate, and the hostname": {"cas", fakeesa.Options{RefusedCertificate: fakeesa.RefusedLeavesNothing}, []func(*lifecycle){func(l *lifecycle) {
			l.account.RefuseCertificates(name, true)
		}}},
		"it exists": {"off", fakeesa.Options{}, []func(*lifecycle){func(l *lifecycle) {
			l.account.AddHostname(fakeesa.Hostname{SiteID: l.account.site.ID, RecordID: l.account.record2.ID, Hostname: name, SSLFlag: "off"})
		}}},
		"it exists, of two": {"off", fakeesa.Options{DuplicateCreate: fakeesa.DuplicateConflicts}, []func(*lifecycle){func(l *lifecycle) {
			l.account.AddHostname(fakeesa.Hostname{SiteID: l.account.site.ID, RecordID: l.account.record2.ID, Hostname: name, SSLFlag: "off"})
		}}},
		"a conflict":            {"off", fakeesa.Options{}, []func(*lifecycle){func(l *lifecycle) { l.account.AddSite(name) }}},
		"no token":              {"off", fakeesa.Options{VerifyCodeGets: 100000}, nil},
		"no answer to the read": {"free", fakeesa.Options{}, []func(*lifecycle){noAnswer("GetCustomHostname", 0)}},
	}
	hidden := hostname("a certificate that ESA does not return", "first", fakeesa.Options{CertificateEcho: fakeesa.EchoNone}).quietly()
	id := fmt.Sprint(hidden.account.hostname(t).ID)
	hidden.write("import %v", hidden.imports(id))
	hidden.apply()
	hidden.change(another(hidden))
	hidden.apply()
	hidden.change(map[string]any{"private_key_wo_version": 1})
	hidden.apply()
	hidden.write("import %v", hidden.imports(id))
	hidden.change(map[string]any{"certificate": second.CertificatePEM, "private_key_wo": nil})
	hidden.apply()
	hidden.write("import %v", hidden.imports(id))
	hidden.change(map[string]any{"certificate": later.CertificatePEM})
	hidden.apply()
	hidden.change(map[string]any{"certificate": later.CertificatePEM, "private_key_wo": later.PrivateKeyPEM})
	hidden.apply()
	for _, title := range slices.Sorted(maps.Keys(creates)) {
		l := hostname("refused create: "+title, creates[title].kind, creates[title].options)
		for _, do := range creates[title].before {
			do(l)
		}
		l.apply()
		l.account.ClearFaults()
		l.account.RefuseCertificates(name, false)
		l.write("again")
		l.apply()
	}
	l := hostname("refused create: the certificate, and then without key", "first", fakeesa.Options{RefusedCertificate: fakeesa.RefusedLeavesOn})
	l.account.RefuseCertificates(name, true)
	l.apply()
	l.change(map[string]any{"private_key_wo": nil})
	l.apply()
	refusals := map[string]func(h *fakeesa.Hostname){
		"SSL off": nil,
		"a certificate outside": func(h *fakeesa.Hostname) {
			h.SSLFlag, h.CertType, h.Certificate, h.PrivateKey, h.CertStatus = "on", "upload", first.CertificatePEM, first.PrivateKeyPEM, "OK"
		},
		"no SSL outside": func(h *fakeesa.Hostname) { h.SSLFlag, h.CertStatus = "off", "OK" },
	}
	for _, title := range slices.Sorted(maps.Keys(refusals)) {
		l := hostname("refused create: the certificate, and then "+title, "first", fakeesa.Options{RefusedCertificate: fakeesa.RefusedLeavesOn})
		l.account.RefuseCertificates(name, true)
		l.apply()
		l.account.RefuseCertificates(name, false)
		if then := refusals[title]; then != nil {
			l.account.ChangeHostname(l.account.hostname(t).ID, then)
		} else {
			l.change(kinds["off"])
		}
		l.apply()
		l.apply()
	}
	other := func(l *lifecycle) { l.change(another(l)) }
	trigger := func(l *lifecycle) {
		l.account.ChangeHostname(l.account.hostname(t).ID, func(h *fakeesa.Hostname) { h.Status, h.CertStatus = "active", "ApplyFailed" })
		l.change(map[string]any{"certificate_apply_trigger": "1"})
	}
	withoutKey := func(l *lifecycle) { l.change(map[string]any{"private_key_wo": nil}) }
	destroyed := func(l *lifecycle) { l.configs[0] = nil }
	updates := map[string]refusal{
		"read, no permission":               {"off", fakeesa.Options{}, []func(*lifecycle){refuse("GetCustomHostname", "NoPermission", 0)}},
		"read, another site's":              {"off", fakeesa.Options{}, []func(*lifecycle){func(l *lifecycle) { l.imports("1:" + fmt.Sprint(l.account.hostname(t).ID)) }}},
		"record, no permission":             {"off", fakeesa.Options{}, []func(*lifecycle){other, refuse("UpdateCustomHostname", "NoPermission", 0)}},
		"record, not found":                 {"off", fakeesa.Options{}, []func(*lifecycle){other, refuse("UpdateCustomHostname", "CustomHostname.NotFound", 0)}},
		"record, alone":                     {"first", fakeesa.Options{RefuseRecordAlone: true}, []func(*lifecycle){other}},
		"record, alone, SSL off":            {"off", fakeesa.Options{RefuseRecordAlone: true}, []func(*lifecycle){other}},
		"record, alone, free":               {"free", fakeesa.Options{RefuseRecordAlone: true}, []func(*lifecycle){other}},
		"record, alone, unseen certificate": {"first", fakeesa.Options{RefuseRecordAlone: true, CertificateEcho: fakeesa.EchoNone}, []func(*lifecycle){other}},
		"record, alone, without key":        {"first", fakeesa.Options{RefuseRecordAlone: true}, []func(*lifecycle){other, withoutKey}},
		"record, alone, twice":              {"free", fakeesa.Options{RefuseRecordAlone: true}, []func(*lifecycle){other, refuse("UpdateCustomHostname", "NoPermission", 1)}},
		"record, without proxy":             {"off", fakeesa.Options{}, []func(*lifecycle){record(unproxied)}},
		"record, foreign":                   {"free", fakeesa.Options{}, []func(*lifecycle){record(foreign)}},
		"record, not changed":               {"off", fakeesa.Options{}, []func(*lifecycle){other, done}},
		"cas_id, a parameter":               {"cas", fakeesa.Options{}, []func(*lifecycle){func(l *lifecycle) { l.change(map[string]any{"cas_id": fmt.Sprint(otherCas)}) }, refuse("UpdateCustomHostname", "InvalidParameter", 0)}},
		"type, not changed":                 {"first", fakeesa.Options{}, []func(*lifecycle){func(l *lifecycle) { l.change(kinds["free"]) }, done}},
		"certificate, no answer":            {"first", fakeesa.Options{}, []func(*lifecycle){func(l *lifecycle) { l.change(kinds["free"]) }, noAnswer("GetCustomHostname", 1)}},
		"trigger, not allowed":              {"free", fakeesa.Options{}, []func(*lifecycle){trigger, refuse("ApplyCustomHostnameCertificate", "ApplyCertificateNotAllowed", 0)}},
		"trigger, no permission":            {"free", fakeesa.Options{}, []func(*lifecycle){trigger, refuse("ApplyCustomHostnameCertificate", "NoPermission", 0)}},
		"trigger, no answer before":         {"free", fakeesa.Options{}, []func(*lifecycle){trigger, noAnswer("GetCustomHostname", 1)}},
		"trigger, no answer after":          {"free", fakeesa.Options{}, []func(*lifecycle){trigger, noAnswer("GetCustomHostname", 2)}},
		"trigger and record":                {"free", fakeesa.Options{}, []func(*lifecycle){trigger, other}},
		"delete, no permission":             {"off", fakeesa.Options{}, []func(*lifecycle){destroyed, refuse("DeleteCustomHostname", "NoPermission", 0)}},
		"delete, deleted meanwhile":         {"off", fakeesa.Options{}, []func(*lifecycle){destroyed, refuse("DeleteCustomHostname", "CustomHostname.NotFound", 0)}},
		"delete, no answer":                 {"off", fakeesa.Options{}, []func(*lifecycle){destroyed, noAnswer("GetCustomHostname", 1)}},
	}
	for _, title := range slices.Sorted(maps.Keys(updates)) {
		l := hostname("refused: "+title, updates[title].kind, updates[title].options).quietly()
		l.account.AddCASCertificate(otherCas, "cn-hangzhou", l.account.Now().AddDate(2, 0, 0))
		for _, do := range updates[title].before {
			do(l)
		}
		l.apply()
		l.account.ClearFaults()
		l.write("again")
		l.apply()
	}

	// Imports, by every form of id, and by identity.
	for _, id := range []string{"<id>", "<site>:<id>", "<site>/" + name, "<site>/nobody.example", "1:<id>", "77", "x"} {
		for _, kind := range []string{"off", "cas"} {
			l := hostname("import: "+id+", "+kind, kind, fakeesa.Options{}).quietly()
			l.states[0], l.private[0] = nil, nil
			actual := strings.NewReplacer("<id>", fmt.Sprint(l.account.hostname(t).ID), "<site>", fmt.Sprint(l.account.site.ID)).Replace(id)
			problems := l.imports(actual)
			l.calls("import")
			l.write("  %s", strings.Join(problems, "\n"))
			if problems == nil {
				l.apply()
			}
		}
	}
	for _, identity := range [][3]string{ // hostname_id, site_id, hostname
		{"<id>", "", ""},
		{"", "<site>", name},
		{"<id>", "<site>", name},
		{"<id>", "<site>", "nobody.example"},
		{"<id>", "1", name},
		{"77", "<site>", name},
		{"", "<site>", "nobody.example"},
		{"", "1", name},
		{"", "<site>", ""},
	} {
		l := hostname(fmt.Sprintf("import by identity: %q", identity), "off", fakeesa.Options{}).quietly()
		l.states[0], l.private[0] = nil, nil
		actual := strings.NewReplacer("<id>", fmt.Sprint(l.account.hostname(t).ID), "<site>", fmt.Sprint(l.account.site.ID))
		of := map[string]tftypes.Value{}
		for i, name := range []string{"hostname_id", "site_id", "hostname"} {
			of[name] = tftypes.NewValue(tftypes.String, nil)
			if identity[i] != "" {
				of[name] = tftypes.NewValue(tftypes.String, actual.Replace(identity[i]))
			}
		}
		problems := l.importsBy(&tfprotov6.ImportResourceStateRequest{TypeName: "esa_custom_hostname", Identity: identityData(t, of)})
		l.calls("import")
		l.write("  %s", strings.Join(problems, "\n"))
		if problems == nil {
			l.apply()
		}
	}
	l = hostname("the provider's region is unknown", "cas", fakeesa.Options{})
	l.server = newTimedServer(t, nil, l.account.clock)
	l.server.configure(t, map[string]any{"access_key": "a", "secret_key": "b", "region": unknown{}})
	l.apply()
	for _, accountType := range []string{"Domestic", "International"} {
		region := map[string]string{"Domestic": "ap-southeast-1", "International": "cn-hangzhou"}[accountType]
		l := hostname("cas_region contradicts account_type "+accountType, "cas", fakeesa.Options{}, map[string]any{"cas_region": region})
		l.server = newTimedServer(t, nil, l.account.clock)
		l.server.configure(t, map[string]any{"access_key": "a", "secret_key": "b", "account_type": accountType})
		l.apply()
	}

	// Waits of esa_custom_hostname_validation. The state of a hostname is that after its creation, changed by before.
	active := func(h *fakeesa.Hostname) { h.Status = "active" }
	validations := map[string]struct {
		kind    string
		options fakeesa.Options
		before  func(*fakeesa.Hostname)
		config  map[string]any
		during  func(l *lifecycle)
		then    func(l *lifecycle)
	}{
		"published":            {kind: "free", options: fakeesa.Options{PublishAtOnce: true}},
		"published, ownership": {kind: "free", options: fakeesa.Options{PublishAtOnce: true}, config: map[string]any{"wait_for": "ownership"}},
		"published, SSL off":   {kind: "off", options: fakeesa.Options{PublishAtOnce: true}},
		"active, SSL off":      {kind: "off", before: active},
		"active, uploaded":     {kind: "first", before: active},
		"active, expiring":     {kind: "first", before: func(h *fakeesa.Hostname) { h.Status, h.CertStatus = "active", "Expiring" }},
		"active, expired":      {kind: "first", before: func(h *fakeesa.Hostname) { h.Status, h.CertStatus = "active", "Expired" }},
		"active, failed": {kind: "free", before: func(h *fakeesa.Hostname) {
			h.Status, h.CertStatus, h.CertApplyCode, h.CertApplyMessage = "active", "ApplyFailed", 3, "canceled"
		}},
		"conflicted":              {kind: "off", before: func(h *fakeesa.Hostname) { h.Status, h.ConflictWith = "conflicted", "existing_site" }, during: func(l *lifecycle) { l.account.AddSite(name) }},
		"offline":                 {kind: "off", before: func(h *fakeesa.Hostname) { h.Status, h.OfflineReason = "offline", "missing_icp" }, during: refuse("VerifyCustomHostname", "CustomHostname.InvalidICP", 0)},
		"no permission to verify": {kind: "off", during: refuse("VerifyCustomHostname", "NoPermission", 0)},
		"no permission to read":   {kind: "off", before: active, during: refuse("GetCustomHostname", "NoPermission", 0)},
		"nobody":                  {kind: "off", config: map[string]any{"hostname_id": "77"}},
		"an unknown hostname":     {kind: "off", config: map[string]any{"hostname_id": unknown{}}},
		"another trigger": {kind: "off", before: active, then: func(l *lifecycle) {
			l.configs[0]["triggers"] = map[string]tftypes.Value{"a": tftypes.NewValue(tftypes.String, "b")}
		}},
		"another goal":     {kind: "free", before: func(h *fakeesa.Hostname) { h.Status, h.CertStatus = "active", "OK" }, config: map[string]any{"wait_for": "ownership"}, then: func(l *lifecycle) { delete(l.configs[0], "wait_for") }},
		"another hostname": {kind: "off", before: active, then: func(l *lifecycle) { l.configs[0]["hostname_id"] = "77" }},
		"gone":             {kind: "off", before: active, then: func(l *lifecycle) { l.account.RemoveHostname(l.account.hostname(t).ID) }},
		"expired later": {kind: "first", before: active, then: func(l *lifecycle) {
			l.account.ChangeHostname(l.account.hostname(t).ID, func(h *fakeesa.Hostname) { h.CertStatus = "Expired" })
		}},
		"no permission later": {kind: "off", before: active, then: refuse("GetCustomHostname", "NoPermission", 0)},
		"destroyed":           {kind: "off", before: active, then: destroyed},
	}
	for _, title := range slices.Sorted(maps.Keys(validations)) {
		v := validations[title]
		made := hostname("validation: "+title, v.kind, v.options).quietly()
		id := made.account.hostname(t).ID
		if v.before != nil {
			made.account.ChangeHostname(id, v.before)
		}
		config := map[string]any{"hostname_id": fmt.Sprint(id)}
		maps.Copy(config, v.config)
		l := &lifecycle{made.validation(config), made.journal, nil, nil}
		if v.during != nil {
			v.during(l)
		}
		l.apply()
		l.account.ClearFaults()
		if v.then != nil {
			l.write("then")
			v.then(l)
			l.apply()
		}
	}
	if t.Failed() {
		return
	}
	compareWithFile(t, "lifecycle.txt", got.String())
}

// quietly applies without writing anything down.
func (l *lifecycle) quietly() *lifecycle {
	l.t.Helper()
	for _, problem := range l.applyOne(0) {
		if problem.Severity == tfprotov6.DiagnosticSeverityError {
			l.t.Error(show(problem))
		}
	}
	l.account.ResetRequests()
	return l
}

// change sets arguments; nil removes one. Arguments of another certificate are removed.
func (l *lifecycle) change(arguments map[string]any) {
	if _, ok := arguments["ssl_flag"]; ok {
		for _, name := range []string{"cert_type", "certificate", "private_key", "private_key_wo", "cas_id"} {
			delete(l.configs[0], name)
		}
	}
	maps.Copy(l.configs[0], arguments)
}

var (
	times  = regexp.MustCompile(`\b(20\d\d-\d\d-\d\dT\d\d:\d\d:\d\dZ|\d\d? [A-Z][a-z][a-z] 20\d\d \d\d:\d\d UTC)`)
	tokens = regexp.MustCompile(`[A-Za-z0-9_-]{43}(\.[A-Za-z0-9_-]{43})?`)
	hex    = regexp.MustCompile(`\b(serial |verify_|[Rr]equest ID: |)[0-9a-fA-F]{8}[0-9a-fA-F-]{12,}`)
)

// write adds a line, without values that differ from run to run.
func (j *journal) write(format string, values ...any) {
	line := j.masks.Replace(fmt.Sprintf(format, values...))
	line = hex.ReplaceAllString(tokens.ReplaceAllString(times.ReplaceAllString(line, "<time>"), "<token>"), "$1<hex>")
	fmt.Fprintln(j.text, strings.ReplaceAll(strings.TrimRight(line, " \n"), "\n", "\n    "))
}

// apply refreshes, plans and applies, and writes down what happens.
func (l *lifecycle) apply() {
	l.t.Helper()
	schema := l.schema()
	ctx, cancel := context.WithTimeout(l.t.Context(), time.Minute)
	defer cancel()
	defer l.write("")
	must := func(err error) {
		if err != nil {
			l.t.Helper()
			l.t.Fatal(err)
		}
	}
	if before := l.states[0]; before != nil {
		read, err := l.readOne(ctx, 0)
		must(err)
		l.report(l.t, "refresh", schema, before, read.NewState, nil, read.Diagnostics)
		l.keep(0, read.NewState, read.Private)
	}
	change, planned, err := l.planOne(ctx, 0)
	must(err)
	l.report(l.t, "plan", schema, change.PriorState, planned.PlannedState, planned.RequiresReplace, planned.Diagnostics)
	if l.later != nil {
		l.change(l.later)
		l.later = nil
		change.Config = dynamic(l.t, schema, l.configs[0])
		was, err := planned.PlannedState.Unmarshal(schema.ValueType())
		must(err)
		is, err := l.proposed(schema, change.PriorState, l.configs[0]).Unmarshal(schema.ValueType())
		must(err)
		all, known := attributes(l.t, was), attributes(l.t, is)
		for name := range l.configs[0] {
			all[name] = known[name]
		}
		state, err := tfprotov6.NewDynamicValue(schema.ValueType(), tftypes.NewValue(schema.ValueType(), all))
		must(err)
		planned.PlannedState, change.PlannedState = &state, &state
	}
	for _, value := range l.configs[0] {
		if value == (unknown{}) {
			return
		}
	}
	same, err := sameValue(schema, change.PriorState, planned.PlannedState)
	must(err)
	if same || failed(planned.Diagnostics) || len(planned.RequiresReplace) > 0 {
		return
	}
	if l.between != nil {
		l.between()
		l.between = nil
	}
	applied, err := l.server.ApplyResourceChange(ctx, change)
	must(err)
	if !failed(applied.Diagnostics) {
		must(consistent(schema, planned.PlannedState, applied.NewState))
	}
	l.report(l.t, "apply", schema, planned.PlannedState, applied.NewState, nil, applied.Diagnostics)
	l.keep(0, applied.NewState, applied.Private)
	for _, h := range l.account.Hostnames() {
		l.write("ESA has %s: record %d, ssl_flag %s, cert_type %s, certificate %s, key %s, cas_id %d", h.Hostname, h.RecordID, h.SSLFlag, h.CertType, h.Certificate, h.PrivateKey, h.CasID)
	}
}

// calls writes down the calls of ESA.
func (j *journal) calls(what string) {
	j.write("%s", what)
	last := ""
	for _, r := range j.esa.Requests() {
		// How often a read is repeated depends on random pauses.
		if call := r.Action + j.parameters(r); call != last || !strings.HasPrefix(call, "Get") && !strings.HasPrefix(call, "List") {
			j.write("  %s", call)
			last = call
		}
	}
	j.esa.ResetRequests()
}

// report writes down the result of a call of the provider.
func (j *journal) report(t testing.TB, what string, schema *tfprotov6.Schema, before, after *tfprotov6.DynamicValue, replaced []*tftypes.AttributePath, problems []*tfprotov6.Diagnostic) {
	t.Helper()
	j.calls(what)
	was, is := j.values(t, schema, before), j.values(t, schema, after)
	grouped := map[string][]string{}
	for _, name := range slices.Sorted(maps.Keys(is)) {
		before, known := was[name]
		if !known {
			before = "null"
		}
		switch value := is[name]; {
		case before == value:
		case name == "update_time" && before != "unknown" && value != "unknown":
			// It depends on whether a second has passed.
		case value == "null" || value == "unknown":
			grouped[value] = append(grouped[value], name)
		default:
			j.write("  %s: %s -> %s", name, before, value)
		}
	}
	for _, value := range slices.Sorted(maps.Keys(grouped)) {
		j.write("  %s: %s", value, strings.Join(grouped[value], ", "))
	}
	if len(is) == 0 && len(was) > 0 {
		j.write("  removed")
	}
	for _, at := range replaced {
		j.write("  %s requires replacement", at)
	}
	for _, problem := range problems {
		j.write("  %s", show(problem))
	}
}

// parameters returns the parameters of a request but those of every call.
func (j *journal) parameters(r fakeesa.Request) string {
	var all strings.Builder
	for _, name := range slices.Sorted(maps.Keys(r.Params)) {
		switch name {
		case "AccessKeyId", "Action", "Format", "Signature", "SignatureMethod", "SignatureNonce", "SignatureVersion", "Timestamp", "Version", "SignatureType":
		default:
			fmt.Fprintf(&all, " %s=%s", name, strings.Join(r.Params[name], ","))
		}
	}
	return all.String()
}

// values returns the attributes of a state as text.
func (j *journal) values(t testing.TB, schema *tfprotov6.Schema, state *tfprotov6.DynamicValue) map[string]string {
	value, err := state.Unmarshal(schema.ValueType())
	if err != nil {
		t.Fatal(err)
	}
	all := map[string]string{}
	if value.IsNull() {
		return all
	}
	for name, v := range attributes(t, value) {
		switch {
		case !v.IsKnown():
			all[name] = "unknown"
		case v.Type().Is(tftypes.Object{}):
		default:
			all[name] = written(t, v)
		}
	}
	return all
}
