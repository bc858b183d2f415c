package esa

import (
	"context"
	"errors"
	"testing"
	"time"

	"terraform-provider-esa/internal/fakeesa"
)

func ignore(*CustomHostname) {}

func (f *fixture) createFree(t *testing.T) int64 {
	t.Helper()
	in := f.createInput()
	in.SSLFlag, in.Certificate = SSLOn, &Certificate{Type: CertTypeFree}
	id, err := f.client.CreateCustomHostname(t.Context(), in)
	if err != nil {
		t.Fatal(err)
	}
	return id
}

// publishAfter makes the owner publish whatever TXT records ESA asks for, after so many looks.
func (f *fixture) publishAfter(looks int) func(*CustomHostname) {
	return func(h *CustomHostname) {
		if looks--; looks < 0 {
			f.PublishTXT(h.VerifyHost, h.VerifyCode)
			if h.CertTXTKey != "" {
				f.PublishTXT(h.CertTXTKey, h.CertTXTValue)
			}
		}
	}
}

func TestAwaitValidated(t *testing.T) {
	both := []fakeesa.VerifyUnpassed{fakeesa.VerifyUnpassedCode, fakeesa.VerifyUnpassedFlag, fakeesa.VerifyUnpassedBoth}
	for _, unpassed := range both {
		f := newFixture(t, fakeesa.Options{VerifyUnpassed: unpassed, ConfiguringFor: 20 * time.Second, IssueDelay: 5 * time.Minute})
		id := f.createFree(t)
		got, err := f.client.AwaitValidated(t.Context(), id, Usable, f.publishAfter(3))
		if err != nil || got.Status != StatusActive || got.CertStatus != CertStatusOK {
			t.Errorf("got %+v, %v", got, err)
		}
		if n := f.Count("VerifyCustomHostname"); n != 4 {
			t.Errorf("%d verifications, want one for each look until the TXT record is there", n)
		}
	}
}

func TestAwaitValidatedReturnsTheChallenge(t *testing.T) {
	f := newFixture(t, fakeesa.Options{})
	id := f.createFree(t)
	hostname, _ := f.Hostname(id)
	f.PublishTXT(hostname.VerifyHost, hostname.VerifyCode)
	got, err := f.client.AwaitValidated(t.Context(), id, Ownership, ignore)
	if err != nil || got.Status != StatusActive || got.CertTXTValue == "" {
		t.Errorf("got %+v, %v", got, err)
	}
}

func TestAwaitValidatedReturnsAtOnceWhenDone(t *testing.T) {
	for title, made := range map[string]fakeesa.Hostname{
		"SSL off":             {SSLFlag: SSLOff, Status: StatusActive},
		"a certificate":       {SSLFlag: SSLOn, CertType: CertTypeFree, Status: StatusActive, CertStatus: CertStatusOK, CertNotAfter: time.Now().AddDate(0, 0, 60)},
		"an expiring one":     {SSLFlag: SSLOn, CertType: CertTypeFree, Status: StatusActive, CertStatus: CertStatusExpiring, CertNotAfter: time.Now().AddDate(0, 0, 5)},
		"SSL off with a past": {SSLFlag: SSLOff, CertType: CertTypeFree, Status: StatusActive, CertStatus: CertStatusApplyFailed},
	} {
		f := newFixture(t, fakeesa.Options{})
		made.SiteID, made.RecordID, made.Hostname = f.site.ID, f.record.ID, shop
		id := f.AddHostname(made).ID
		if _, err := f.client.AwaitValidated(t.Context(), id, Usable, ignore); err != nil {
			t.Errorf("%s: %v", title, err)
		}
		if n := len(f.Requests()); n != 1 {
			t.Errorf("%s: %d calls, want 1", title, n)
		}
	}
}

func TestAwaitValidatedEndsWhenItIsHopeless(t *testing.T) {
	for title, made := range map[string]fakeesa.Hostname{
		"conflicted": {SSLFlag: SSLOff, Status: StatusConflicted, ConflictWith: "existing_site"},
		"offline":    {SSLFlag: SSLOff, Status: StatusOffline, OfflineReason: "missing_icp"},
		"failed":     {SSLFlag: SSLOn, CertType: CertTypeFree, Status: StatusActive, CertStatus: CertStatusApplyFailed},
	} {
		f := newFixture(t, fakeesa.Options{})
		made.SiteID, made.RecordID, made.Hostname = f.site.ID, f.record.ID, shop
		id := f.AddHostname(made).ID
		var hopeless *HopelessError
		_, err := f.client.AwaitValidated(t.Context(), id, Usable, ignore)
		if !errors.As(err, &hopeless) || hopeless.Hostname.HostnameID != id {
			t.Errorf("%s: got %v", title, err)
		}
		if n := len(f.Requests()); n != 1 {
			t.Errorf("%s: %d calls, want 1", title, n)
		}
	}
}

func TestAwaitValidatedWaitsOnWhatItDoesNotKnow(t *testing.T) {
	f := newFixture(t, fakeesa.Options{})
	id := f.AddHostname(fakeesa.Hostname{SiteID: f.site.ID, RecordID: f.record.ID, Hostname: shop, SSLFlag: SSLOff, Status: "brand-new"}).ID
	looks := 0
	_, err := f.client.AwaitValidated(t.Context(), id, Usable, func(*CustomHostname) {
		if looks++; looks == 5 {
			f.ChangeHostname(id, func(h *fakeesa.Hostname) { h.Status = StatusActive })
		}
	})
	if err != nil || looks != 6 || f.Count("VerifyCustomHostname") != 0 {
		t.Errorf("%d looks, %v", looks, err)
	}
}

func TestAwaitValidatedEndsWithItsContext(t *testing.T) {
	f := newFixture(t, fakeesa.Options{}, func(c *Config) { c.Clock = SystemClock{} })
	id := f.create(t)
	ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
	defer cancel()
	got, err := f.client.AwaitValidated(ctx, id, Usable, ignore)
	if !errors.Is(err, context.DeadlineExceeded) || got == nil || got.Status != StatusPending {
		t.Errorf("got %+v, %v", got, err)
	}
}
