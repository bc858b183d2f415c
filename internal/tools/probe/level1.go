package main

import (
	"context"
	"crypto/sha256"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"

	"terraform-provider-esa/internal/certcheck/certtest"
)

// level1 creates and changes hostnames. None of them is verified, so none of them is served.
var level1 = []question{
	{"read-lag", 1, "The probe creates a hostname with SSL off, and reads it with Get and List until both return it.", "1 CreateCustomHostname, some GetCustomHostname and ListCustomHostnames", 1, readLag},
	{"list-lag", 1, "The probe uses the same responses, if List returns the hostname later than Get.", "", 0, listLag},
	{"verify-unpassed", 1, "The probe calls VerifyCustomHostname while no TXT record is published.", "1 VerifyCustomHostname", 0, verifyUnpassed},
	{"record-alone", 1, "The probe calls UpdateCustomHostname with only the current record.", "1 UpdateCustomHostname", 0, recordAlone},
	{"update-takes", 1, "The probe uploads a self-signed certificate, and reads the hostname until it has the certificate.", "1 UpdateCustomHostname, some GetCustomHostname", 0, updateTakes},
	{"certificate-echo", 1, "The probe compares the certificate that Get returns with the one that it sent.", "1 GetCustomHostname", 0, certificateEcho},
	{"private-key-echo", 1, "The probe does the same with the key. It compares hashes, and never writes a key.", "", 0, privateKeyEcho},
	{"unused-cas-id", 1, "The probe uses the same response.", "", 0, unusedCasIDUploaded},
	{"ssl-off-view", 1, "The probe turns SSL off.", "1 UpdateCustomHostname, some GetCustomHostname", 0, sslOffView},
	{"empty-values", 1, "The probe sends an update with SslFlag=off and an empty Certificate and PrivateKey.", "1 UpdateCustomHostname, 1 GetCustomHostname", 0, emptyValues},
	{"ssl-on-alone", 1, "The probe sends an update with only SslFlag=on.", "1 UpdateCustomHostname, some GetCustomHostname", 0, sslOnAlone},
	{"busy-after", 1, "The probe sends an update that changes nothing, and the same update again until ESA accepts it.", "2 UpdateCustomHostname, or more", 0, busyAfter},
	{"busy", 1, "The probe sends two updates of one hostname at a time, up to 5 times.", "up to 10 UpdateCustomHostname", 0, busy},
	{"duplicate-create", 1, "The probe creates the same name again.", "1 CreateCustomHostname, 1 GetCustomHostname", 1, duplicateCreate},
	{"filter-case", 1, "The probe calls ListCustomHostnames with the name in upper case.", "2 ListCustomHostnames", 0, filterCaseOwn},
	{"wildcards", 1, "The probe creates a name with \"*.\" and a label in Punycode. If ESA refuses it, the probe creates the name without \"*.\".", "1 CreateCustomHostname, or 2", 1, wildcards},
	{"hostname-view", 1, "The probe reads how Get returns that name.", "1 GetCustomHostname", 0, hostnameView},
	{"list-order", 1, "The probe reads lists with the new hostnames until their order cannot be random.", "2 to 10 ListCustomHostnames", 0, listOrderOwn},
	{"busy-left", 1, "The probe moves one hostname from the record to -second-record-id, and updates another hostname of the record at the same time.", "up to 8 UpdateCustomHostname", 0, busyLeft},
	{"foreign-record", 1, "The probe moves the hostname to -other-record-id, and back.", "1 GetRecord, up to 2 UpdateCustomHostname", 0, foreignRecord},
	{"refused-certificate", 1, "The probe creates a hostname with a key that does not match its certificate, and searches for the hostname.", "1 CreateCustomHostname, some ListCustomHostnames", 1, refusedCertificate},
	{"name-elsewhere", 1, "The probe creates the same name in the site of -other-record-id.", "1 CreateCustomHostname, 1 GetCustomHostname", 1, nameElsewhere},
	{"free-certificate-start", 1, "The probe requests a free certificate, and reads for 30 seconds whether the application starts.", "1 UpdateCustomHostname, some GetCustomHostname", 0, freeCertificateStart},
	{"apply-anyway", 1, "The probe calls ApplyCustomHostnameCertificate while there is no certificate yet. Level 2 calls it for a certificate that is in order.", "1 ApplyCustomHostnameCertificate", 0, applyAnyway},
}

const (
	// sightLimit is how long reads may take to show a hostname.
	sightLimit = 2 * time.Minute
	// startWithin is how long an application for a free certificate may take to start.
	startWithin = 30 * time.Second
)

// sightings are when Get and List first showed the main hostname.
type sightings struct{ get, list watch }

func text(id int64) string { return strconv.FormatInt(id, 10) }

func readLag(ctx context.Context, p *probe) (finding, error) {
	h, a, err := p.create(ctx, p.siteID, p.recordID, p.under("a"))
	if err != nil {
		return finding{}, err
	}
	if h == nil {
		return finding{}, fmt.Errorf("CreateCustomHostname returned %s: check -site-id, -record-id and -domain", a.refusal())
	}
	p.main = h
	look := poll{limit: sightLimit, most: 5 * time.Second}
	// Both are polled concurrently, so that neither delays the other's measurement.
	var wait sync.WaitGroup
	errs := make([]error, 2)
	wait.Go(func() {
		get := look
		get.look, get.done = p.look, answer.ok
		p.sightings.get, errs[0] = get.wait(ctx, a)
	})
	wait.Go(func() {
		list := look
		list.look = func(ctx context.Context) (answer, error) { return p.listed(ctx, p.siteID, "Hostname", h.name) }
		list.done = func(a answer) bool { return holds(a, h.id) }
		p.sightings.list, errs[1] = list.wait(ctx, a)
	})
	wait.Wait()
	for _, err := range errs {
		if err != nil {
			return finding{}, err
		}
	}
	switch w := p.sightings.get; {
	case !w.seen:
		return finding{}, fmt.Errorf("reads do not show the new hostname after %v", sightLimit)
	case w.atOnce():
		return found("none", "the first GetCustomHostname returned it, %v after the response of CreateCustomHostname", p.pause)
	default:
		return took(w.took(), "after CreateCustomHostname, with GetCustomHostname")
	}
}

func listLag(_ context.Context, p *probe) (finding, error) {
	get, list := p.sightings.get.took(), p.sightings.list
	switch {
	case !list.seen:
		return open("no list showed the hostname within %v", sightLimit)
	case list.atOnce():
		return found("none", "the first ListCustomHostnames returned it, %v after the response of CreateCustomHostname", p.pause)
	case list.took().low <= get.high:
		return found("none", "List returned it as soon as Get")
	}
	return took(list.took(), "after CreateCustomHostname")
}

func verifyUnpassed(ctx context.Context, p *probe) (finding, error) {
	a, err := p.write(ctx, "VerifyCustomHostname", p.main.params())
	if err != nil {
		return finding{}, err
	}
	_, flagged := a.object["Passed"]
	switch passed, coded := a.text("Passed"), a.code() == "CustomHostname.VerifyUnpassed"; {
	case a.status != http.StatusOK || passed == "true" || !coded && a.code() != "":
		return open("VerifyCustomHostname returned %s, Passed=%s", a.refusal(), passed)
	case coded && flagged:
		return found("both", "%s and Passed=%s", a.refusal(), passed)
	case coded:
		return found("code", "%s", a.refusal())
	case flagged:
		return found("flag", "Passed=%s and no code", passed)
	}
	return open("the response had neither a code nor Passed")
}

func recordAlone(ctx context.Context, p *probe) (finding, error) {
	a, err := p.update(ctx, "RecordId", text(p.recordID))
	if err != nil {
		return finding{}, err
	}
	switch {
	case a.ok():
		return found("accepted", "%s", a.refusal())
	case a.says():
		return found("refused", "%s", a.refusal())
	}
	return open("UpdateCustomHostname returned %s", a.refusal())
}

// pair returns a self-signed certificate with its key.
func (p *probe) pair(name string) (certtest.Pair, error) {
	return certtest.New(certtest.Spec{DNSNames: []string{name}, SelfSigned: true, Key: p.keyKind})
}

func (p *probe) upload() []string {
	return []string{"SslFlag", "on", "CertType", "upload", "Certificate", p.uploaded.CertificatePEM, "PrivateKey", p.uploaded.PrivateKeyPEM}
}

// asIs returns whether reads show an update.
func asIs(flag, kind string) func(object) bool {
	return func(shown object) bool {
		return shown.text("SslFlag") == flag && (kind == "" || shown.text("CertType") == kind) && shown.text("Status") != "configuring"
	}
}

func updateTakes(ctx context.Context, p *probe) (finding, error) {
	var err error
	if p.uploaded, err = p.pair(p.main.name); err != nil {
		return finding{}, err
	}
	a, err := p.update(ctx, p.upload()...)
	if err != nil {
		return finding{}, err
	}
	if !a.ok() {
		return open("ESA refuses a self-signed certificate: UpdateCustomHostname returned %s", a.refusal())
	}
	p.note("ESA accepts a self-signed certificate.")
	c := configuring{}
	w, err := poll{
		look: p.look, done: func(a answer) bool { return a.ok() && asIs("on", "upload")(model(a)) },
		limit: sightLimit, most: 15 * time.Second, each: c.see,
	}.wait(ctx, a)
	if err != nil {
		return finding{}, err
	}
	p.uploadSeen = w.seen
	switch {
	case !w.seen:
		return open("reads do not show the certificate after %v", sightLimit)
	case !c.seen:
		return found("none", "Status was never configuring")
	}
	return took(c.took(w), "Status was configuring")
}

// configuring records when a hostname was configuring.
type configuring struct {
	seen          bool
	before        answer // the last read before
	first, latest answer
}

func (c *configuring) see(a answer) {
	switch {
	case model(a).text("Status") == "configuring":
		if !c.seen {
			c.first = a
		}
		c.seen, c.latest = true, a
	case !c.seen:
		c.before = a
	}
}

// took returns how long the hostname was configuring, after a wait has seen the end. Lagging reads may hide the beginning,
// so it is counted from the call that started it.
func (c *configuring) took(w watch) span {
	from := w.began.sent
	if !c.before.sent.IsZero() && c.before.sent.Before(from) {
		from = c.before.sent
	}
	return span{low: max(0, c.latest.sent.Sub(c.first.answered)), high: w.first.answered.Sub(from)}
}

func certificateEcho(ctx context.Context, p *probe) (finding, error) {
	if !p.uploadSeen {
		return open("no certificate could be uploaded")
	}
	a, err := p.look(ctx)
	if err != nil {
		return finding{}, err
	}
	p.shown = model(a)
	sent, shown := p.uploaded.CertificatePEM, p.shown.text("Certificate")
	switch shown {
	case "":
		return found("none", "Certificate is empty")
	case sent:
		return found("as-sent", "Certificate is exactly what was sent")
	case crlf(sent):
		return found("crlf", "the lines of Certificate end with CR LF")
	case strings.TrimSpace(sent):
		return found("stripped", "Certificate has no newline at the end")
	}
	return open("Certificate has another format")
}

func crlf(pem string) string { return strings.ReplaceAll(pem, "\n", "\r\n") }

func privateKeyEcho(_ context.Context, p *probe) (finding, error) {
	if p.shown == nil {
		return open("no certificate could be uploaded")
	}
	hash := func(pem string) [sha256.Size]byte {
		return sha256.Sum256([]byte(strings.TrimSpace(strings.ReplaceAll(pem, "\r\n", "\n"))))
	}
	switch shown := p.shown.text("PrivateKey"); {
	case shown == "" && p.value("certificate-echo") == "none":
		return open("neither the certificate nor the key is returned, so nothing is known about keys")
	case shown == "":
		return found("absent", "PrivateKey is empty")
	case hash(shown) == hash(p.uploaded.PrivateKeyPEM):
		return found("clear", "PrivateKey is the key that was sent")
	case !strings.Contains(shown, "PRIVATE KEY-----"):
		return found("masked", "PrivateKey contains something other than a key")
	}
	return open("PrivateKey contains a key in another format")
}

func unusedCasIDUploaded(_ context.Context, p *probe) (finding, error) { return unusedCasIDOf(p.shown) }

func sslOffView(ctx context.Context, p *probe) (finding, error) {
	if !p.uploadSeen {
		return open("no certificate could be uploaded")
	}
	a, w, err := p.change(ctx, asIs("off", ""), "SslFlag", "off")
	if err != nil {
		return finding{}, err
	}
	if !a.ok() {
		return open("UpdateCustomHostname returned %s", a.refusal())
	}
	switch shown := model(w.first); {
	case !w.seen:
		return open("reads still show SSL on after %v", sightLimit)
	case shown.text("CertType") == "upload":
		return found("kept", "CertType and the other fields are still returned")
	case shown.text("CertType") == "" && shown.text("Certificate") == "":
		return found("blanked", "CertType and the other fields are empty")
	}
	return open("some fields of the certificate are still returned, others are empty")
}

func emptyValues(ctx context.Context, p *probe) (finding, error) {
	a, w, err := p.change(ctx, asIs("off", ""), "SslFlag", "off", "Certificate", "", "PrivateKey", "")
	if err != nil {
		return finding{}, err
	}
	if a.says() {
		return found("refused", "%s", a.refusal())
	}
	if !a.ok() {
		return open("UpdateCustomHostname returned %s", a.refusal())
	}
	if p.value("ssl-off-view") == "kept" && model(w.first).text("CertType") == "" {
		return open("the empty values cleared the certificate")
	}
	return found("ignored", "%s", a.refusal())
}

func sslOnAlone(ctx context.Context, p *probe) (finding, error) {
	if !p.uploadSeen {
		return open("there is no certificate to go back to")
	}
	a, w, err := p.change(ctx, asIs("on", "upload"), "SslFlag", "on")
	if err != nil {
		return finding{}, err
	}
	switch {
	case a.says():
		return found("refused", "%s", a.refusal())
	case !a.ok():
		return open("UpdateCustomHostname returned %s", a.refusal())
	}
	if !w.seen {
		return open("ESA accepted it, but reads do not show the certificate after %v", sightLimit)
	}
	if a, err = p.update(ctx, "SslFlag", "off"); err != nil {
		return finding{}, err
	}
	if _, err = p.see(ctx, a, asIs("off", "")); err != nil {
		return finding{}, err
	}
	return found("accepted", "the last certificate is in use again")
}

// idle returns an update that changes nothing.
func (p *probe) idle(h *hostname) request {
	return request{action: "UpdateCustomHostname", params: h.params("RecordId", text(p.recordID), "SslFlag", "off"), place: p.place}
}

func busyAfter(ctx context.Context, p *probe) (finding, error) {
	first, err := p.insist(ctx, p.idle(p.main))
	if err != nil {
		return finding{}, err
	}
	if !first.ok() {
		return open("UpdateCustomHostname returned %s", first.refusal())
	}
	w, err := poll{
		look: func(ctx context.Context) (answer, error) { return p.once(ctx, p.idle(p.main)) },
		done: func(a answer) bool { return !a.busy() }, limit: patience, most: 5 * time.Second,
	}.wait(ctx, first)
	if err != nil {
		return finding{}, err
	}
	switch {
	case !w.seen:
		return open("the record was still busy after %v", patience)
	case !w.first.ok():
		return open("UpdateCustomHostname returned %s", w.first.refusal())
	case w.atOnce():
		return found("none", "ESA accepted the second update, %v after the first response", p.pause)
	}
	return took(w.took(), "until ESA accepted the same update again")
}

// atOnce sends two writes concurrently, the second shortly after the first.
func (p *probe) atOnce(ctx context.Context, first, second request) (a, b answer, err error) {
	if err := sleep(ctx, p.pause); err != nil {
		return a, b, err
	}
	var wait sync.WaitGroup
	errs := make([]error, 2)
	wait.Go(func() { a, errs[0] = p.send(ctx, first) })
	wait.Go(func() {
		if errs[1] = sleep(ctx, 5*time.Millisecond); errs[1] == nil {
			b, errs[1] = p.send(ctx, second)
		}
	})
	wait.Wait()
	for _, err := range errs {
		if err != nil {
			return a, b, err
		}
	}
	return a, b, nil
}

const busyRounds = 5

func busy(ctx context.Context, p *probe) (finding, error) {
	off := p.idle(p.main)
	on := request{action: off.action, params: p.main.params(p.upload()...), place: p.place}
	if !p.uploadSeen {
		on = off
	}
	overlapping := 0
	for i := range busyRounds {
		r := []request{on, off}[i%2]
		// Nothing may still be busy.
		if _, err := p.insist(ctx, p.idle(p.main)); err != nil {
			return finding{}, err
		}
		if err := p.rest(ctx); err != nil {
			return finding{}, err
		}
		a, b, err := p.atOnce(ctx, r, r)
		if err != nil {
			return finding{}, err
		}
		for _, refused := range []answer{a, b} {
			switch refused.code() {
			case "Record.ServiceBusy":
				return p.busyFound(ctx, "record", refused)
			case "Site.ServiceBusy":
				return p.busyFound(ctx, "site", refused)
			}
		}
		if a.ok() && b.ok() && b.sent.Before(a.answered) && a.sent.Before(b.answered) {
			overlapping++
		}
	}
	if overlapping < busyRounds {
		return open("only %d of %d pairs were in progress at once and accepted", overlapping, busyRounds)
	}
	f, err := p.busyFound(ctx, "none", answer{status: http.StatusOK})
	f.note = fmt.Sprintf("ESA accepted %d pairs of updates that were in progress at once", overlapping)
	return f, err
}

// busyFound returns the finding, and turns SSL of the main hostname off.
func (p *probe) busyFound(ctx context.Context, value string, a answer) (finding, error) {
	done, err := p.insist(ctx, p.idle(p.main))
	if err != nil {
		return finding{}, err
	}
	if _, err := p.see(ctx, done, asIs("off", "")); err != nil {
		return finding{}, err
	}
	return found(value, "one of two updates at a time returned %s", a.refusal())
}

// rest waits for as long as things stay busy after a response.
func (p *probe) rest(ctx context.Context) error {
	// It may be none or unknown.
	after, _ := time.ParseDuration(p.value("busy-after"))
	return sleep(ctx, after+after/4)
}

// taken interprets the response to a create of a name that is taken.
func (p *probe) taken(ctx context.Context, h *hostname, a answer, invalid, other, conflicts string) (finding, error) {
	if h == nil {
		switch {
		case a.status == 0:
			return open(noCreate)
		case a.code() == "InvalidParameter":
			return found(invalid, "%s", a.refusal())
		case a.says():
			return found(other, "%s", a.refusal())
		}
		return open("CreateCustomHostname returned %s", a.refusal())
	}
	var last answer
	if _, err := (poll{
		look: func(ctx context.Context) (answer, error) { return p.get(ctx, "GetCustomHostname", h.params()) },
		// ESA may detect the conflict a moment later.
		done: func(a answer) bool { last = a; return model(a).text("Status") == "conflicted" }, limit: startWithin, most: 5 * time.Second,
	}).wait(ctx, a); err != nil {
		return finding{}, err
	}
	if shown := model(last); shown.text("Status") != "conflicted" || shown.text("ConflictWith") != "existing_custom_hostname" {
		return open("a second hostname was created, with Status %q and ConflictWith %q", shown.text("Status"), shown.text("ConflictWith"))
	}
	return found(conflicts, "a second hostname was created; it conflicts with existing_custom_hostname")
}

func duplicateCreate(ctx context.Context, p *probe) (finding, error) {
	h, a, err := p.create(ctx, p.siteID, p.recordID, p.main.name)
	if err != nil {
		return finding{}, err
	}
	return p.taken(ctx, h, a, "invalid", "refused", "conflicts")
}

func filterCaseOwn(ctx context.Context, p *probe) (finding, error) {
	return p.filterCase(ctx, p.siteID, p.main.id, p.main.name)
}

// wildcards creates a second hostname, which has a label in Punycode whether or not wildcards are accepted.
func wildcards(ctx context.Context, p *probe) (finding, error) {
	const label = "xn--bcher-kva"
	h, a, err := p.create(ctx, p.siteID, p.recordID, p.under("*."+label))
	if err != nil {
		return finding{}, err
	}
	if p.second = h; h != nil {
		return found("accepted", "%s", a.refusal())
	}
	if !a.says() {
		return open("CreateCustomHostname returned %s", a.refusal())
	}
	h, plain, err := p.create(ctx, p.siteID, p.recordID, p.under(label))
	if err != nil {
		return finding{}, err
	}
	if p.second = h; h == nil {
		return open("ESA refuses the name with \"*.\" (%s) and without (%s)", a.refusal(), plain.refusal())
	}
	return found("refused", "%s; without \"*.\" the name is accepted", a.refusal())
}

func hostnameView(ctx context.Context, p *probe) (finding, error) {
	if p.second == nil {
		return open("there is no hostname with a label in Punycode")
	}
	w, err := poll{
		look: func(ctx context.Context) (answer, error) { return p.get(ctx, "GetCustomHostname", p.second.params()) },
		done: answer.ok, limit: sightLimit, most: 5 * time.Second,
	}.wait(ctx, answer{})
	if err != nil {
		return finding{}, err
	}
	switch shown := model(w.first).text("Hostname"); {
	case shown == p.second.name:
		return found("as-stored", "the name is returned as it was sent")
	case shown == p.second.name+".":
		return found("final-dot", "the name is returned with a final dot")
	case same(shown, p.second.name) && !strings.Contains(shown, "xn--") && !strings.HasSuffix(shown, "."):
		return found("unicode", "the name is returned with its U-label")
	}
	return open("the name is returned in another format")
}

func listOrderOwn(ctx context.Context, p *probe) (finding, error) {
	if p.second == nil {
		return open("there is only one hostname")
	}
	if _, err := (poll{
		look: func(ctx context.Context) (answer, error) { return p.listed(ctx, p.siteID) },
		done: func(a answer) bool { return holds(a, p.main.id) && holds(a, p.second.id) }, limit: sightLimit, most: 5 * time.Second,
	}).wait(ctx, answer{}); err != nil {
		return finding{}, err
	}
	return p.listOrder(ctx, p.siteID, 2, 10)
}

func busyLeft(ctx context.Context, p *probe) (finding, error) {
	switch {
	case p.secondRecordID == 0:
		return open("needs -second-record-id, another proxied record of the site")
	case p.second == nil:
		return open("needs a second hostname on the record")
	case p.value("busy") != "record":
		return open("applies only if busy is record; it is %s", p.value("busy"))
	}
	leave := request{action: "UpdateCustomHostname", params: p.main.params("RecordId", text(p.secondRecordID), "SslFlag", "off"), place: p.place}
	f := finding{value: "no", note: "the old record was not busy in any round"}
	for range 2 {
		if err := p.rest(ctx); err != nil {
			return finding{}, err
		}
		a, b, err := p.atOnce(ctx, leave, p.idle(p.second))
		if err != nil {
			return finding{}, err
		}
		// Move it back to the record.
		if _, err := p.insist(ctx, p.idle(p.main)); err != nil {
			return finding{}, err
		}
		switch {
		case a.ok() && b.busy():
			return found("yes", "%s", b.refusal())
		case !a.ok() || !b.ok():
			f = finding{note: fmt.Sprintf("the two updates returned %s and %s", a.refusal(), b.refusal())}
		case p.value("busy-after") == "none" && !b.sent.Before(a.answered):
			f = finding{note: "the two updates were not in progress at once, because the first response came too soon"}
		}
	}
	return f, nil
}

func foreignRecord(ctx context.Context, p *probe) (finding, error) {
	if p.otherRecordID == 0 {
		return open("needs -other-record-id, a record of another site or one that is not proxied")
	}
	a, err := p.get(ctx, "GetRecord", map[string]string{"RecordId": text(p.otherRecordID)})
	if err != nil {
		return finding{}, err
	}
	record := a.object.object("RecordModel")
	if !a.ok() || record.id("SiteId") == p.siteID && record.text("Proxied") == "true" {
		return open("-other-record-id is a proxied record of the same site, or does not exist (%s)", a.refusal())
	}
	if record.id("SiteId") != p.siteID && record.text("Proxied") == "true" {
		p.otherSite = record.id("SiteId")
	}
	if a, err = p.update(ctx, "RecordId", text(p.otherRecordID), "SslFlag", "off"); err != nil {
		return finding{}, err
	}
	switch {
	case a.says():
		return found("refused", "%s", a.refusal())
	case !a.ok():
		return open("UpdateCustomHostname returned %s", a.refusal())
	}
	back, err := p.insist(ctx, p.idle(p.main))
	if err != nil {
		return finding{}, err
	}
	if !back.ok() {
		return finding{}, fmt.Errorf("the hostname cannot be moved back to -record-id: %s", back.refusal())
	}
	return found("accepted", "%s", a.refusal())
}

func refusedCertificate(ctx context.Context, p *probe) (finding, error) {
	name := p.under("b")
	right, err := p.pair(name)
	if err != nil {
		return finding{}, err
	}
	wrong, err := p.pair(name)
	if err != nil {
		return finding{}, err
	}
	h, a, err := p.create(ctx, p.siteID, p.recordID, name,
		"SslFlag", "on", "CertType", "upload", "Certificate", right.CertificatePEM, "PrivateKey", wrong.PrivateKeyPEM)
	switch {
	case err != nil:
		return finding{}, err
	case h != nil:
		return open("ESA accepts the key of another certificate")
	case a.status == 0:
		return open(noCreate)
	}
	var left object
	lag := p.sightings.list.took().high
	w, err := poll{
		look: func(ctx context.Context) (answer, error) { return p.listed(ctx, p.siteID) },
		done: func(a answer) bool {
			for _, item := range a.list("Hostnames") {
				if same(item.text("Hostname"), name) {
					left = item
				}
			}
			return left != nil
		},
		limit: 2*lag + 5*time.Second, most: 5 * time.Second,
	}.wait(ctx, a)
	if err != nil {
		return finding{}, err
	}
	what := "nothing"
	switch {
	case !w.seen:
	case left.text("SslFlag") == "off":
		what = "off"
	case left.text("CertType") == "":
		what = "bare"
	default:
		what = "on"
	}
	if code := a.code(); code != "CustomHostname.SetCertFailed" && code != "CustomHostname.ApplyCertFailed" {
		return open("CreateCustomHostname returned %s, which is not a code of this question; the hostname is left %s", a.refusal(), what)
	}
	return found(what, "after %s", a.refusal())
}

func nameElsewhere(ctx context.Context, p *probe) (finding, error) {
	if p.otherSite == 0 {
		return open("needs -other-record-id to be a proxied record of another site")
	}
	h, a, err := p.create(ctx, p.otherSite, p.otherRecordID, p.main.name)
	if err != nil {
		return finding{}, err
	}
	return p.taken(ctx, h, a, "refused", "refused", "conflicts")
}

func freeCertificateStart(ctx context.Context, p *probe) (finding, error) {
	a, w, err := p.change(ctx, asIs("on", "free"), "SslFlag", "on", "CertType", "free")
	if err != nil {
		return finding{}, err
	}
	if !a.ok() {
		return open("UpdateCustomHostname returned %s", a.refusal())
	}
	if p.freeAsked = w.seen; !w.seen {
		return open("reads do not show the certificate's type after %v", sightLimit)
	}
	w, err = poll{
		look: p.look, done: func(a answer) bool { return model(a).text("CertStatus") != "" },
		limit: startWithin, most: 5 * time.Second,
	}.wait(ctx, a)
	if err != nil {
		return finding{}, err
	}
	if !w.seen {
		return found("when-active", "CertStatus was empty for %v while the hostname was pending", startWithin)
	}
	p.note("CertStatus of a pending hostname with a free certificate is %s.", model(w.first).text("CertStatus"))
	return found("at-once", "CertStatus was %s while the hostname was pending", model(w.first).text("CertStatus"))
}

func applyAnyway(ctx context.Context, p *probe) (finding, error) {
	if !p.freeAsked {
		return open("no free certificate could be requested")
	}
	return p.applyAnyway(ctx, "there was no certificate yet")
}

func (p *probe) applyAnyway(ctx context.Context, when string) (finding, error) {
	a, err := p.write(ctx, "ApplyCustomHostnameCertificate", p.main.params())
	if err != nil {
		return finding{}, err
	}
	switch {
	case a.ok():
		return found("accepted", "%s, while %s", a.refusal(), when)
	case a.code() == "InvalidParameter":
		return found("refused", "%s, while %s", a.refusal(), when)
	case a.code() == "ApplyCertificateNotAllowed":
		return found("not-allowed", "%s, while %s", a.refusal(), when)
	}
	return open("ApplyCustomHostnameCertificate returned %s, while %s", a.refusal(), when)
}
