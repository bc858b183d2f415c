package main

import (
	"context"
	"slices"
	"time"
)

// level2 requires the user to publish two TXT records. Then the hostname is active and has a free certificate.
var level2 = []question{
	{"auto-verify", 2, "The user publishes the ownership record. Once the public DNS has it, the probe reads the hostname for 10 minutes, and then verifies it.", "some GetCustomHostname, 1 VerifyCustomHostname", 0, autoVerify},
	{"activation-takes", 2, "The probe reads the hostname until it is active.", "some GetCustomHostname", 0, activationTakes},
	{"challenge-lifetime", 2, "The user publishes the DCV record. The probe waits for the certificate, and watches whether the data changes.", "some GetCustomHostname", 0, challengeLifetime},
	{"tokens-after-use", 2, "The probe reads the data of both records after use.", "", 0, tokensAfterUse},
	{"certificates-shown", 2, "The probe reads the certificate once it is in use.", "", 0, certificatesShownOwn},
	{"apply-anyway", 2, "The probe calls ApplyCustomHostnameCertificate for a certificate that is in order.", "1 ApplyCustomHostnameCertificate", 0, applyAnywayInOrder},
}

// findsWithin is how long ESA has to find a published record without a call.
const findsWithin = 10 * time.Minute

// published waits until the public DNS has a TXT record. All errors of lookups are treated as transient.
func (p *probe) published(ctx context.Context, name, value string) (bool, error) {
	p.publish(name, value)
	for began := time.Now(); time.Since(began) < p.limit; {
		values, _ := p.lookupTXT(ctx, name)
		if slices.Contains(values, value) {
			return true, nil
		}
		if err := sleep(ctx, 10*time.Second); err != nil {
			return false, err
		}
	}
	return false, nil
}

func verified(a answer) bool { return model(a).text("Status") == "active" }

func autoVerify(ctx context.Context, p *probe) (finding, error) {
	w, err := poll{
		look: p.look, done: func(a answer) bool { return model(a).text("VerifyCode") != "" }, limit: sightLimit, most: 5 * time.Second,
	}.wait(ctx, answer{})
	if err != nil {
		return finding{}, err
	}
	shown := model(w.first)
	if status := shown.text("Status"); status != "pending" {
		return open("the hostname is %q, not pending", status)
	}
	seen, err := p.published(ctx, shown.text("VerifyHost"), shown.text("VerifyCode"))
	if err != nil {
		return finding{}, err
	}
	if !seen {
		return open("the record was not published within %v", p.limit)
	}
	from := time.Now()
	w, err = poll{
		look: p.look, done: func(a answer) bool { s := model(a).text("Status"); return s == "active" || s == "configuring" },
		limit: findsWithin, most: 15 * time.Second, each: p.configuring.see,
	}.wait(ctx, answer{sent: from, answered: from})
	if err != nil {
		return finding{}, err
	}
	p.verified = w
	if w.seen {
		return found("yes", "ESA found the record within %v", w.first.answered.Sub(from).Round(time.Second))
	}
	for began := time.Now(); ; {
		a, err := p.write(ctx, "VerifyCustomHostname", p.main.params())
		if err != nil {
			return finding{}, err
		}
		if a.text("Passed") == "true" {
			p.verified = watch{first: a, seen: true}
			p.configuring = configuring{}
			return found("no", "ESA did not find the record within %v; VerifyCustomHostname then passed", findsWithin)
		}
		if time.Since(began) > p.limit {
			return open("VerifyCustomHostname does not pass although the record is published: %s", a.refusal())
		}
		if err := sleep(ctx, 15*time.Second); err != nil {
			return finding{}, err
		}
	}
}

func activationTakes(ctx context.Context, p *probe) (finding, error) {
	if !p.verified.seen {
		return open("the hostname could not be verified")
	}
	w, err := poll{look: p.look, done: verified, limit: p.limit, most: 15 * time.Second, each: p.configuring.see}.wait(ctx, p.verified.first)
	if err != nil {
		return finding{}, err
	}
	p.isActive = w.seen
	switch {
	case !w.seen:
		return open("the hostname is not active after %v", p.limit)
	case !p.configuring.seen:
		return found("none", "Status was never configuring")
	}
	s := p.configuring.took(w)
	if p.value("auto-verify") == "yes" {
		// No call of the probe marks the beginning.
		s.high += p.hidden()
	}
	return took(s, "Status was configuring")
}

// hidden returns how long reads may have lagged behind the beginning.
func (p *probe) hidden() time.Duration {
	updates, _ := time.ParseDuration(p.value("update-takes")) // or none
	if p.sightings.get.atOnce() {
		return updates
	}
	return updates + p.sightings.get.took().high
}

// challengeLifetime waits for the free certificate.
func challengeLifetime(ctx context.Context, p *probe) (finding, error) {
	if !p.isActive || !p.freeAsked {
		return open("there is no verified hostname with a free certificate")
	}
	challenge := func(a answer) (name, value string) { return model(a).text("CertTxtKey"), model(a).text("CertTxtValue") }
	var before, first, latest answer // the last read without the data, the first with it, and the latest
	var lifetime *span
	each := func(a answer) {
		name, now := challenge(a)
		if now == "" || model(a).text("CertStatus") != "Applying" {
			return
		}
		if _, last := challenge(latest); now != last {
			if last != "" && lifetime == nil && !before.sent.IsZero() {
				lifetime = &span{latest.sent.Sub(first.answered), a.answered.Sub(before.sent) + p.hidden()}
			}
			if before = latest; last == "" {
				before = p.unchallenged()
			}
			first = a
			p.publish(name, now)
		}
		latest = a
	}
	began := time.Now()
	w, err := poll{
		look: p.look, done: func(a answer) bool { s := model(a).text("CertStatus"); return s == "OK" || s == "ApplyFailed" },
		limit: p.limit, most: 15 * time.Second, each: each,
	}.wait(ctx, p.verified.first)
	if err != nil {
		return finding{}, err
	}
	shown := model(w.first)
	if w.seen {
		p.note("The free certificate had the status %s %v after the activation, with CertApplyCode %q and CertApplyMessage %q.",
			shown.text("CertStatus"), w.first.answered.Sub(began).Round(time.Second), shown.text("CertApplyCode"), shown.text("CertApplyMessage"))
	}
	if w.seen && shown.text("CertStatus") == "OK" {
		p.active = shown
	}
	if lifetime == nil {
		return open("the data did not change during the %v in which it was needed; it may change later", latest.answered.Sub(first.sent).Round(time.Second))
	}
	return took(*lifetime, "until the data changed")
}

// unchallenged returns the last read of the main hostname without DCV data.
func (p *probe) unchallenged() (last answer) {
	for _, a := range p.all() {
		if shown := model(a); shown.id("HostnameId") == p.main.id && shown.text("CertTxtValue") == "" {
			last = a
		}
	}
	return last
}

func tokensAfterUse(_ context.Context, p *probe) (finding, error) {
	if p.active == nil {
		return open("no certificate was issued")
	}
	var kept, blank []string
	for _, field := range []string{"VerifyCode", "CertTxtValue"} {
		if p.active.text(field) == "" {
			blank = append(blank, field)
		} else {
			kept = append(kept, field)
		}
	}
	switch {
	case len(blank) == 0:
		return found("kept", "VerifyCode and CertTxtValue are still returned")
	case len(kept) == 0:
		return found("blanked", "VerifyCode and CertTxtValue are empty")
	}
	return open("%s is still returned, but %s is empty", kept[0], blank[0])
}

func certificatesShownOwn(_ context.Context, p *probe) (finding, error) {
	if p.active == nil {
		return open("no certificate was issued")
	}
	return certificatesShownOf(p.active)
}

func applyAnywayInOrder(ctx context.Context, p *probe) (finding, error) {
	if p.active == nil {
		return open("no certificate was issued")
	}
	return p.applyAnyway(ctx, "CertStatus was OK")
}
