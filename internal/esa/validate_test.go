package esa

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

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

// publishAfter has the owner publish all TXT records that ESA requires, after a number of reads.
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
			t.Errorf("got %+v, error %v; want an active hostname with a certificate", got, err)
		}
		if n := f.Count("VerifyCustomHostname"); n != 4 {
			t.Errorf("got %d verifications, want 4, one for each read until the TXT record exists", n)
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
		t.Errorf("got %+v, error %v; want an active hostname with a challenge", got, err)
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
			t.Errorf("%s: got %d calls, want 1", title, n)
		}
	}
}

func TestAwaitValidatedEndsWhenItIsHopeless(t *testing.T) {
	for title, test := range map[string]struct {
		made    fakeesa.Hostname
		refused ErrorCode      // by VerifyCustomHostname
		calls   map[string]int // in total
	}{
		"conflicted": {
			fakeesa.Hostname{SSLFlag: SSLOff, Status: StatusConflicted, ConflictWith: "existing_site"},
			"",
			map[string]int{"GetCustomHostname": 2, "VerifyCustomHostname": 1},
		},
		"conflicted, and no permission to verify": {
			fakeesa.Hostname{SSLFlag: SSLOff, Status: StatusConflicted, ConflictWith: "existing_site"},
			CodeNoPermission,
			map[string]int{"GetCustomHostname": 2, "VerifyCustomHostname": 1},
		},
		"offline, without its filing": {
			fakeesa.Hostname{SSLFlag: SSLOff, Status: StatusOffline, OfflineReason: "missing_icp"},
			CodeCustomHostnameICP,
			map[string]int{"GetCustomHostname": 2, "VerifyCustomHostname": 1},
		},
		"offline": {
			fakeesa.Hostname{SSLFlag: SSLOff, Status: StatusOffline, OfflineReason: "prohibited"},
			"",
			map[string]int{"GetCustomHostname": 2, "VerifyCustomHostname": 1},
		},
		"failed": {
			fakeesa.Hostname{SSLFlag: SSLOn, CertType: CertTypeFree, Status: StatusActive, CertStatus: CertStatusApplyFailed},
			"",
			map[string]int{"GetCustomHostname": 1},
		},
	} {
		f := newFixture(t, fakeesa.Options{})
		made := test.made
		site := f.AddSiteOf(fakeesa.Site{Name: "example.cn", Coverage: "global"})
		made.SiteID, made.RecordID, made.Hostname = site.ID, f.AddRecord(site.ID, "origin.example.cn").ID, shop
		id := f.AddHostname(made).ID
		if made.ConflictWith != "" {
			f.AddSite(shop) // the site that it conflicts with
		}
		f.WithoutICP(shop)
		if test.refused == CodeNoPermission {
			f.Inject(fakeesa.Fault{Action: "VerifyCustomHostname", Code: "NoPermission", Status: 403})
		}
		var hopeless *HopelessError
		_, err := f.client.AwaitValidated(t.Context(), id, Usable, ignore)
		if !errors.As(err, &hopeless) || hopeless.Hostname.HostnameID != id || test.refused != "" && !IsCode(err, test.refused) {
			t.Errorf("%s: got error %v, want a HopelessError", title, err)
		}
		calls := map[string]int{}
		for _, request := range f.Requests() {
			calls[request.Action]++
		}
		if diff := cmp.Diff(test.calls, calls); diff != "" {
			t.Errorf("%s: calls (-want +got):\n%s", title, diff)
		}
	}
}

// TestAwaitValidatedVerifiesBeforeItGivesUp checks hostnames whose problem is gone, which only a verification shows. In one
// case the TXT record still exists, in the other the owner publishes it later.
func TestAwaitValidatedVerifiesBeforeItGivesUp(t *testing.T) {
	for title, made := range map[string]fakeesa.Hostname{
		"conflicted": {SSLFlag: SSLOff, Status: StatusConflicted, ConflictWith: "existing_site"},
		"offline":    {SSLFlag: SSLOff, Status: StatusOffline, OfflineReason: "missing_icp"},
	} {
		for _, looks := range []int{0, 3} {
			f := newFixture(t, fakeesa.Options{ReadLag: 10 * time.Second * time.Duration(1-min(looks, 1))})
			made.SiteID, made.RecordID, made.Hostname = f.site.ID, f.record.ID, shop
			id := f.AddHostname(made).ID
			got, err := f.client.AwaitValidated(t.Context(), id, Usable, f.publishAfter(looks))
			if err != nil || got.Status != StatusActive {
				t.Errorf("%s, published after %d reads: got %+v, error %v; want an active hostname", title, looks, got, err)
			}
			if n := f.Count("VerifyCustomHostname"); looks == 0 && n != 1 {
				t.Errorf("%s: got %d verifications, want 1", title, n)
			}
		}
	}
}

// TestAwaitValidatedDoesNotWaitForeverForABlockedHostname checks that the wait ends if a verification passes but the status
// does not change.
func TestAwaitValidatedDoesNotWaitForeverForABlockedHostname(t *testing.T) {
	f := newFixture(t, fakeesa.Options{})
	id := f.AddHostname(fakeesa.Hostname{SiteID: f.site.ID, RecordID: f.record.ID, Hostname: shop, SSLFlag: SSLOff, Status: StatusConflicted, ConflictWith: "existing_site"}).ID
	passed := `{"RequestId":"R","Passed":true}`
	f.Inject(fakeesa.Fault{Action: "VerifyCustomHostname", RawBody: &passed})
	_, err := f.client.AwaitValidated(t.Context(), id, Usable, ignore)
	if !errors.As(err, new(*HopelessError)) || f.Count("VerifyCustomHostname") != 1 {
		t.Errorf("got %d verifications, error %v; want 1 and a HopelessError", f.Count("VerifyCustomHostname"), err)
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
		t.Errorf("got %d reads, error %v; want 6 and no verification", looks, err)
	}
}

func TestAwaitValidatedEndsWithItsContext(t *testing.T) {
	f := newFixture(t, fakeesa.Options{}, func(c *Config) { c.Clock = SystemClock{} })
	id := f.create(t)
	ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
	defer cancel()
	got, err := f.client.AwaitValidated(ctx, id, Usable, ignore)
	if !errors.Is(err, context.DeadlineExceeded) || got == nil || got.Status != StatusPending {
		t.Errorf("got %+v, error %v; want a pending hostname and context.DeadlineExceeded", got, err)
	}
}

// TestGoals checks, for an active hostname with a free certificate, when each goal is reached and when it is hopeless.
func TestGoals(t *testing.T) {
	t.Parallel()
	const reached, hopeless, waits = "reached", "hopeless", "waits"
	for status, want := range map[string]map[Goal]string{
		"":                    {Ownership: reached, Usable: waits, Renewed: waits},
		CertStatusApplying:    {Ownership: reached, Usable: waits, Renewed: waits},
		CertStatusOK:          {Ownership: reached, Usable: reached, Renewed: reached},
		CertStatusExpiring:    {Ownership: reached, Usable: reached, Renewed: waits},
		CertStatusExpired:     {Ownership: reached, Usable: hopeless, Renewed: waits},
		CertStatusApplyFailed: {Ownership: reached, Usable: hopeless, Renewed: hopeless},
		"brand-new":           {Ownership: reached, Usable: waits, Renewed: waits},
	} {
		for goal, want := range want {
			h := &CustomHostname{Status: StatusActive, SSLFlag: SSLOn, CertType: CertTypeFree, CertStatus: status}
			got := waits
			switch {
			case h.hopeless(goal):
				got = hopeless
			case h.reached(goal):
				got = reached
			}
			if got != want {
				t.Errorf("goal %s, certificate status %q: got %s, want %s", goal, status, got, want)
			}
			h.Status = StatusPending
			if h.reached(goal) {
				t.Errorf("goal %s is reached for a pending hostname", goal)
			}
			if h.Status, h.SSLFlag = StatusActive, SSLOff; !h.reached(goal) || h.hopeless(goal) {
				t.Errorf("goal %s is not reached with SSL off", goal)
			}
		}
	}
}

// TestAwaitValidatedWaitsForTheChallenge checks that the wait for the challenge of a free certificate ends after two
// minutes.
func TestAwaitValidatedWaitsForTheChallenge(t *testing.T) {
	for status, waits := range map[string]bool{"": true, CertStatusApplying: true, CertStatusOK: false} {
		synctest.Test(t, func(t *testing.T) {
			f := newVirtual(t, fakeesa.Options{})
			h := f.AddHostname(fakeesa.Hostname{SiteID: f.site.ID, RecordID: f.record.ID, Hostname: shop, SSLFlag: SSLOn, CertType: CertTypeFree, Status: StatusActive, CertNotAfter: time.Now().AddDate(1, 0, 0), CertStatus: CertStatusOK})
			f.Inject(fakeesa.Fault{Action: "GetCustomHostname", Times: -1, RawBody: text(fmt.Sprintf(
				`{"RequestId":"R","CustomHostnameModel":{"HostnameId":%d,"Hostname":%q,"Status":"active","SslFlag":"on","CertType":"free","CertStatus":%q}}`, h.ID, shop, status))})
			ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
			defer cancel()
			began := time.Now()
			got, err := f.client.AwaitValidated(ctx, h.ID, Ownership, ignore)
			took := time.Since(began)
			if err != nil || got.CertStatus != status || waits != (took >= 2*time.Minute) || took > 3*time.Minute {
				t.Errorf("status %q: got %+v, error %v after %v", status, got, err, took)
			}
		})
	}
}

// TestAwaitValidatedLooksSoonAfterItHasPassed checks that reads are half a minute apart while the owner has not published,
// and frequent again after a verification has passed.
func TestAwaitValidatedLooksSoonAfterItHasPassed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newVirtual(t, fakeesa.Options{ConfiguringFor: 3 * time.Second})
		id := f.create(t)
		looks := 0
		var published, seen time.Time
		_, err := f.client.AwaitValidated(t.Context(), id, Ownership, func(h *CustomHostname) {
			if looks++; looks == 10 {
				f.PublishTXT(h.VerifyHost, h.VerifyCode)
				published = time.Now()
			}
			seen = time.Now()
		})
		if took := seen.Sub(published); err != nil || took > 10*time.Second {
			t.Errorf("got an active hostname %v after the verification, error %v; want at most 10s", took, err)
		}
		if took := published.Sub(time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC)); took < 2*time.Minute || took > 5*time.Minute {
			t.Errorf("ten reads took %v, want 2m to 5m", took)
		}
	})
}

// TestAwaitValidatedEndsWithErrors checks that errors of reads and verifications end the wait, with the hostname as last read.
func TestAwaitValidatedEndsWithErrors(t *testing.T) {
	for name, test := range map[string]struct {
		fault fakeesa.Fault
		reads int // before the error
		code  ErrorCode
	}{
		"the first read":         {fakeesa.Fault{Action: "GetCustomHostname", Code: "NoPermission"}, 0, CodeNoPermission},
		"the hostname is gone":   {fakeesa.Fault{Action: "GetCustomHostname", Code: "CustomHostname.NotFound", Skip: 2}, 2, CodeCustomHostnameNotFound},
		"the first verification": {fakeesa.Fault{Action: "VerifyCustomHostname", Code: "NoPermission"}, 1, CodeNoPermission},
		"another verification":   {fakeesa.Fault{Action: "VerifyCustomHostname", Code: "InvalidParameter", Skip: 2}, 3, CodeInvalidParameter},
	} {
		f := newFixture(t, fakeesa.Options{})
		id := f.create(t)
		f.Inject(test.fault)
		seen := 0
		var newest *CustomHostname
		got, err := f.client.AwaitValidated(t.Context(), id, Usable, func(h *CustomHostname) { seen++; newest = h })
		if !IsCode(err, test.code) || seen != test.reads || got != newest || (got == nil) != (test.reads == 0) {
			t.Errorf("%s: got %+v, error %v after %d reads; want %s after %d", name, got, err, seen, test.code, test.reads)
		}
	}
	t.Run("a verification of a blocked hostname without an answer", func(t *testing.T) {
		f := newFixture(t, fakeesa.Options{}, func(c *Config) { c.MaxRetries = 0 })
		id := f.AddHostname(fakeesa.Hostname{SiteID: f.site.ID, RecordID: f.record.ID, Hostname: shop, SSLFlag: SSLOff, Status: StatusOffline, OfflineReason: "x"}).ID
		f.Inject(fakeesa.Fault{Action: "VerifyCustomHostname", Drop: true})
		got, err := f.client.AwaitValidated(t.Context(), id, Usable, ignore)
		if got == nil || got.HostnameID != id || err == nil || errors.As(err, new(*HopelessError)) || IsRefusal(err) {
			t.Errorf("got %+v, error %v; want the hostname and the error of the transport", got, err)
		}
	})
}

// TestAwaitValidatedReads checks when a hostname is read: while its owner does nothing, and while a verification that has
// passed does not show.
func TestAwaitValidatedReads(t *testing.T) {
	passed := `{"RequestId":"R","Passed":true}`
	for name, test := range map[string]struct {
		made  fakeesa.Hostname
		fault fakeesa.Fault
		limit time.Duration
		want  []int // seconds
	}{
		"pending": {fakeesa.Hostname{Status: StatusPending}, fakeesa.Fault{}, 2 * time.Minute, []int{0, 2, 6, 14, 30, 60, 90}},
		"pending, and the third verification passes": {
			fakeesa.Hostname{Status: StatusPending}, fakeesa.Fault{Action: "VerifyCustomHostname", Skip: 3, RawBody: &passed}, 40 * time.Second, []int{0, 2, 6, 14, 16, 20, 28},
		},
		"conflicted, and the verification passes": {
			fakeesa.Hostname{Status: StatusConflicted, ConflictWith: "existing_site"},
			fakeesa.Fault{Action: "VerifyCustomHostname", RawBody: &passed},
			time.Hour,
			[]int{0, 2, 4, 6, 8, 10, 12, 14, 16, 18, 20, 22, 24, 26, 28, 30, 32, 34, 36, 38, 40, 42, 44, 46, 48, 50, 52, 54, 56, 58, 60},
		},
		"configuring": {fakeesa.Hostname{Status: StatusConfiguring}, fakeesa.Fault{}, time.Minute, []int{0, 2, 6, 14, 30}},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				f := newVirtual(t, fakeesa.Options{})
				test.made.SiteID, test.made.RecordID, test.made.Hostname, test.made.SSLFlag = f.site.ID, f.record.ID, shop, SSLOff
				id := f.AddHostname(test.made).ID
				if test.fault.Action != "" {
					f.Inject(test.fault)
				}
				began := time.Now()
				ctx, cancel := context.WithTimeout(t.Context(), test.limit)
				defer cancel()
				var got []int
				_, _ = f.client.AwaitValidated(ctx, id, Ownership, func(*CustomHostname) { got = append(got, int(time.Since(began).Seconds())) })
				// The last pause may end with the context.
				for len(got) > 0 && got[len(got)-1] >= int(test.limit.Seconds()) {
					got = got[:len(got)-1]
				}
				if diff := cmp.Diff(test.want, got); diff != "" {
					t.Errorf("seconds of the reads (-want +got):\n%s", diff)
				}
			})
		})
	}
}

// TestCanApply checks when ESA accepts an application.
func TestCanApply(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		flag, kind, status string
		want               bool
	}{
		{SSLOn, CertTypeFree, CertStatusApplyFailed, true},
		{SSLOn, CertTypeFree, CertStatusExpiring, true},
		{SSLOn, CertTypeFree, CertStatusExpired, true},
		{SSLOn, CertTypeFree, CertStatusOK, false},
		{SSLOn, CertTypeFree, CertStatusApplying, false},
		{SSLOn, CertTypeFree, "", false},
		{SSLOff, CertTypeFree, CertStatusExpired, false},
		{SSLOn, CertTypeUpload, CertStatusExpired, false},
		{"", CertTypeFree, CertStatusExpired, false},
	} {
		if got := (&CustomHostname{SSLFlag: test.flag, CertType: test.kind, CertStatus: test.status}).CanApply(); got != test.want {
			t.Errorf("%+v: got %t", test, got)
		}
	}
}

// TestAwaitApplied checks that each of three fields shows a new application.
func TestAwaitApplied(t *testing.T) {
	before := CustomHostname{HostnameID: 1, CertStatus: CertStatusApplyFailed, UpdateTime: "2026-01-02T03:04:05Z", CertTXTValue: "old", Status: StatusActive}
	for name, test := range map[string]struct {
		change string // of the model in the response
		reads  int
	}{
		"another status": {`"CertStatus":"Applying"`, 1},
		"another time":   {`"UpdateTime":"2026-01-02T03:04:06Z"`, 1},
		"another TXT":    {`"CertTxtValue":"new"`, 1},
		"another name":   {`"Hostname":"a.example"`, 8},
	} {
		synctest.Test(t, func(t *testing.T) {
			f := newVirtual(t, fakeesa.Options{})
			f.client.jitter = func() float64 { return 1 }
			// The last of two equal names counts.
			f.Inject(fakeesa.Fault{Times: -1, RawBody: text(`{"RequestId":"R","CustomHostnameModel":{"HostnameId":1,"CertStatus":"ApplyFailed","UpdateTime":"2026-01-02T03:04:05Z","CertTxtValue":"old","Status":"active",` + test.change + `}}`)})
			got, err := f.client.AwaitApplied(t.Context(), &before)
			if err != nil || got == nil || f.Count("GetCustomHostname") != test.reads {
				t.Errorf("%s: got %+v, error %v after %d reads, want %d", name, got, err, f.Count("GetCustomHostname"), test.reads)
			}
		})
	}
}
