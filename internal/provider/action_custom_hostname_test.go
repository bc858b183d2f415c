package provider

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/hashicorp/terraform-plugin-go/tfprotov6"

	"terraform-provider-esa/internal/fakeesa"
)

const (
	verifyAction = "esa_verify_custom_hostname"
	applyAction  = "esa_apply_custom_hostname_certificate"
)

// invoke runs an action like Terraform: it validates, plans and invokes it.
func (s *server) invoke(t testing.TB, name string, config map[string]any) (progress, problems []string) {
	t.Helper()
	schema := s.schema.ActionSchemas[name]
	value := dynamic(t, schema.Schema, config)
	validated, err := s.ValidateActionConfig(t.Context(), &tfprotov6.ValidateActionConfigRequest{ActionType: name, Config: value})
	if err != nil {
		t.Fatal(err)
	}
	planned, err := s.PlanAction(t.Context(), &tfprotov6.PlanActionRequest{ActionType: name, Config: value})
	if err != nil {
		t.Fatal(err)
	}
	for _, problem := range append(validated.Diagnostics, planned.Diagnostics...) {
		problems = append(problems, show(problem))
	}
	if problems != nil {
		return nil, problems
	}
	// A wait that should not be would otherwise last for ever, as no time passes on the clock of most tests.
	// It is canceled instead of having a deadline, which the action's own could not exceed.
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	defer time.AfterFunc(time.Minute, cancel).Stop()
	stream, err := s.InvokeAction(ctx, &tfprotov6.InvokeActionRequest{ActionType: name, Config: value})
	if err != nil {
		t.Fatal(err)
	}
	for event := range stream.Events {
		switch event := event.Type.(type) {
		case tfprotov6.ProgressInvokeActionEventType:
			progress = append(progress, event.Message)
		case tfprotov6.CompletedInvokeActionEventType:
			for _, problem := range event.Diagnostics {
				problems = append(problems, show(problem))
			}
		}
	}
	return progress, problems
}

// TestActions checks what actions report and which calls they make; testdata/actions.txt has all of it for the default
// readings. After a change of behaviour, write the file anew with -update, and read the difference.
func TestActions(t *testing.T) {
	pair := issue(t, name)
	texts := map[string]string{}
	freeHostname := fakeesa.Hostname{SSLFlag: "on", CertType: "free"}
	with := func(change func(*fakeesa.Hostname)) fakeesa.Hostname {
		h := freeHostname
		change(&h)
		return h
	}
	soon := time.Now().AddDate(0, 0, 10)
	for title, test := range map[string]struct {
		options  fakeesa.Options
		asserted []string // readings
		made     fakeesa.Hostname
		taken    bool // whether a site has taken the name after the verification
		action   string
		wait     bool
		again    bool // after a run that does not wait
		inject   *fakeesa.Fault
		progress string // in the last progress message
		problem  string // in the only error
		writes   map[string]int
	}{
		"verify, published": {
			options: fakeesa.Options{PublishAtOnce: true}, asserted: []string{"auto-verify"}, made: freeHostname, action: verifyAction,
			progress: "is verified.", writes: map[string]int{"VerifyCustomHostname": 1},
		},
		"verify, published, and wait": {
			options: fakeesa.Options{PublishAtOnce: true, ConfiguringFor: time.Minute}, asserted: []string{"auto-verify", "read-lag"}, made: freeHostname, action: verifyAction, wait: true,
			progress: "is verified.", writes: map[string]int{"VerifyCustomHostname": 1},
		},
		"verify, not published": {
			made: freeHostname, action: verifyAction,
			problem: "Publish the TXT record _esa_custom_hostname." + name, writes: map[string]int{"VerifyCustomHostname": 1},
		},
		"verify, active already": {
			made: with(func(h *fakeesa.Hostname) { h.Status = "active" }), action: verifyAction, wait: true,
			progress: "nothing to do", writes: map[string]int{},
		},
		"verify, being deployed, and wait": {
			options: fakeesa.Options{PublishAtOnce: true, ConfiguringFor: time.Minute}, asserted: []string{"auto-verify", "read-lag"}, made: freeHostname, again: true,
			action: verifyAction, wait: true, progress: "status active, ", writes: map[string]int{},
		},
		"verify, being deployed": {
			made: with(func(h *fakeesa.Hostname) { h.Status = "configuring" }), action: verifyAction,
			progress: "already verified, and ESA is deploying it", writes: map[string]int{},
		},
		"verify, still conflicted": {
			made:   with(func(h *fakeesa.Hostname) { h.Status, h.ConflictWith = "conflicted", "existing_site" }),
			action: verifyAction, problem: "Custom hostname conflicted", writes: map[string]int{"VerifyCustomHostname": 1},
		},
		"verify, still conflicted, and wait": {
			made:   with(func(h *fakeesa.Hostname) { h.Status, h.ConflictWith = "conflicted", "existing_site" }),
			action: verifyAction, wait: true, problem: "existing_site", writes: map[string]int{"VerifyCustomHostname": 1},
		},
		"verify, conflicted by now": {
			asserted: []string{"read-lag"}, made: freeHostname, taken: true, action: verifyAction, problem: "Custom hostname conflicted", writes: map[string]int{"VerifyCustomHostname": 1},
		},
		"verify, conflicted no more": {
			options: fakeesa.Options{PublishAtOnce: true},
			made:    with(func(h *fakeesa.Hostname) { h.Status = "conflicted" }),
			action:  verifyAction, progress: "is verified.", writes: map[string]int{"VerifyCustomHostname": 1},
		},
		"verify, conflicted no more, and wait": {
			options: fakeesa.Options{PublishAtOnce: true},
			made:    with(func(h *fakeesa.Hostname) { h.Status = "conflicted" }),
			action:  verifyAction, wait: true, progress: "is verified.", writes: map[string]int{"VerifyCustomHostname": 1},
		},
		"verify, offline": {
			made:   with(func(h *fakeesa.Hostname) { h.Status, h.OfflineReason = "offline", "missing_icp" }),
			inject: &fakeesa.Fault{Action: "VerifyCustomHostname", Times: 1, Code: "CustomHostname.InvalidICP"},
			action: verifyAction, problem: "missing_icp", writes: map[string]int{"VerifyCustomHostname": 1},
		},
		"verify, without a filing": {
			made: freeHostname, inject: &fakeesa.Fault{Action: "VerifyCustomHostname", Times: 1, Code: "CustomHostname.InvalidICP"},
			action: verifyAction, problem: "The domain needs an ICP filing", writes: map[string]int{"VerifyCustomHostname": 1},
		},
		"verify, no permission": {
			made: freeHostname, action: verifyAction, inject: &fakeesa.Fault{Action: "VerifyCustomHostname", Times: 1, Code: "NoPermission", Status: 403},
			problem: "lacks esa:VerifyCustomHostname", writes: map[string]int{"VerifyCustomHostname": 1},
		},
		"verify, offline, no permission": {
			made:   with(func(h *fakeesa.Hostname) { h.Status, h.OfflineReason = "offline", "missing_icp" }),
			action: verifyAction, inject: &fakeesa.Fault{Action: "VerifyCustomHostname", Times: 1, Code: "NoPermission", Status: 403},
			problem: "lacks esa:VerifyCustomHostname", writes: map[string]int{"VerifyCustomHostname": 1},
		},
		"verify, offline, no usable response": {
			made:   with(func(h *fakeesa.Hostname) { h.Status, h.OfflineReason = "offline", "missing_icp" }),
			action: verifyAction, inject: &fakeesa.Fault{Action: "VerifyCustomHostname", Times: -1, RawBody: new("<html>"), Status: 302},
			problem: "Unable to verify custom hostname", writes: map[string]int{"VerifyCustomHostname": 1},
		},
		"verify, nobody": {
			made: freeHostname, action: verifyAction, inject: &fakeesa.Fault{Action: "GetCustomHostname", Times: 1, Code: "CustomHostname.NotFound", Status: 404},
			problem: "CustomHostname.NotFound", writes: map[string]int{},
		},
		"apply, failed before": {
			made:   with(func(h *fakeesa.Hostname) { h.Status, h.CertStatus = "active", "ApplyFailed" }),
			action: applyAction, progress: "Its status was ApplyFailed.", writes: map[string]int{"ApplyCustomHostnameCertificate": 1},
		},
		"apply, failed before, and wait": {
			options: fakeesa.Options{PublishAtOnce: true, IssueDelay: 10 * time.Minute},
			made:    with(func(h *fakeesa.Hostname) { h.Status, h.CertStatus = "active", "ApplyFailed" }),
			action:  applyAction, wait: true, progress: "certificate OK", writes: map[string]int{"ApplyCustomHostnameCertificate": 1},
		},
		"apply, failed before, and wait, while reads lag": {
			options: fakeesa.Options{PublishAtOnce: true, IssueDelay: 10 * time.Minute, ReadLag: 20 * time.Second}, asserted: []string{"read-lag"},
			made:   with(func(h *fakeesa.Hostname) { h.Status, h.CertStatus = "active", "ApplyFailed" }),
			action: applyAction, wait: true, progress: "certificate OK", writes: map[string]int{"ApplyCustomHostnameCertificate": 1},
		},
		"apply, expiring, and wait": {
			options: fakeesa.Options{PublishAtOnce: true, IssueDelay: 10 * time.Minute},
			made:    with(func(h *fakeesa.Hostname) { h.Status, h.CertStatus, h.CertNotAfter = "active", "Expiring", soon }),
			action:  applyAction, wait: true, progress: "certificate OK", writes: map[string]int{"ApplyCustomHostnameCertificate": 1},
		},
		"apply, expiring, and wait, while reads lag for long": {
			options: fakeesa.Options{PublishAtOnce: true, IssueDelay: 10 * time.Minute, ReadLag: 5 * time.Minute}, asserted: []string{"read-lag"},
			made:   with(func(h *fakeesa.Hostname) { h.Status, h.CertStatus, h.CertNotAfter = "active", "Expiring", soon }),
			action: applyAction, wait: true, progress: "certificate OK", writes: map[string]int{"ApplyCustomHostnameCertificate": 1},
		},
		"apply, expired, and wait, while reads lag for long": {
			options: fakeesa.Options{PublishAtOnce: true, IssueDelay: 10 * time.Minute, ReadLag: 5 * time.Minute}, asserted: []string{"read-lag"},
			made: with(func(h *fakeesa.Hostname) {
				h.Status, h.CertStatus, h.CertNotAfter = "active", "Expired", soon.AddDate(0, 0, -20)
			}),
			action: applyAction, wait: true, progress: "certificate OK", writes: map[string]int{"ApplyCustomHostnameCertificate": 1},
		},
		"apply, no permission": {
			made:   with(func(h *fakeesa.Hostname) { h.Status, h.CertStatus = "active", "ApplyFailed" }),
			action: applyAction, wait: true, inject: &fakeesa.Fault{Action: "ApplyCustomHostnameCertificate", Times: 1, Code: "NoPermission", Status: 403},
			problem: "lacks esa:ApplyCustomHostnameCertificate", writes: map[string]int{"ApplyCustomHostnameCertificate": 1},
		},
		"apply, and no permission to read afterwards": {
			asserted: []string{"parameter-place"}, made: with(func(h *fakeesa.Hostname) { h.Status, h.CertStatus = "active", "ApplyFailed" }),
			action: applyAction, wait: true, inject: &fakeesa.Fault{Action: "GetCustomHostname", Skip: 1, Times: 1, Code: "NoPermission", Status: 403},
			progress: "Its status was ApplyFailed.", problem: "lacks esa:GetCustomHostname", writes: map[string]int{"ApplyCustomHostnameCertificate": 1},
		},
		"apply, in order": {
			made: with(func(h *fakeesa.Hostname) {
				h.Status, h.CertStatus, h.CertNotAfter = "active", "OK", soon.AddDate(0, 2, 0)
			}),
			action: applyAction, wait: true, progress: "There is nothing to apply for: the certificate of", writes: map[string]int{},
		},
		"apply, under way": {
			made:   with(func(h *fakeesa.Hostname) { h.Status, h.CertStatus = "active", "Applying" }),
			action: applyAction, progress: "is already in progress", writes: map[string]int{},
		},
		"apply, in order, where ESA would take it": {
			options: fakeesa.Options{ApplyAnyway: fakeesa.ApplyAnywayAccepted},
			made: with(func(h *fakeesa.Hostname) {
				h.Status, h.CertStatus, h.CertNotAfter = "active", "OK", soon.AddDate(0, 2, 0)
			}),
			action: applyAction, progress: "is valid until", writes: map[string]int{},
		},
		"apply, in a state that is not known": {
			made:   with(func(h *fakeesa.Hostname) { h.Status, h.CertStatus = "active", "Revoked" }),
			action: applyAction, progress: "has the status Revoked, in which ESA accepts no application", writes: map[string]int{},
		},
		"apply, not verified yet": {
			asserted: []string{"free-certificate-start"}, made: freeHostname, action: applyAction, progress: "by itself", writes: map[string]int{},
		},
		"apply, uploaded": {
			made:   fakeesa.Hostname{SSLFlag: "on", CertType: "upload", Certificate: pair.CertificatePEM, PrivateKey: pair.PrivateKeyPEM},
			action: applyAction, problem: `its cert_type is "upload"`, writes: map[string]int{},
		},
		"apply, without SSL": {
			made: fakeesa.Hostname{SSLFlag: "off", CertType: "free"}, action: applyAction, problem: `its ssl_flag is "off"`, writes: map[string]int{},
		},
	} {
		run := func(asserted []string) (a *account, progress, problems []string) {
			if test.taken {
				test.options.Log = func(r fakeesa.Request) {
					if r.Action == "VerifyCustomHostname" {
						a.ChangeHostname(r.HostnameID, func(h *fakeesa.Hostname) { h.Status, h.ConflictWith = "conflicted", "existing_site" })
					}
				}
			}
			a = newAccount(t, test.options, asserted...)
			made := test.made
			made.SiteID, made.RecordID, made.Hostname = a.site.ID, a.record.ID, name
			made = a.AddHostname(made)
			if made.ConflictWith != "" {
				a.AddSite(name) // the site that it conflicts with
			}
			if test.inject != nil {
				a.Inject(*test.inject)
			}
			s := newServer(t, a)
			if test.again {
				s.invoke(t, test.action, map[string]any{"hostname_id": fmt.Sprint(made.ID)})
			}
			a.ResetRequests()
			progress, problems = s.invoke(t, test.action, map[string]any{"hostname_id": fmt.Sprint(made.ID), "wait": test.wait})
			return a, progress, problems
		}
		var text strings.Builder
		a, progress, problems := run(everyReading())
		j := newJournal(a, &text, pair)
		j.write("## %s", title)
		j.calls("calls")
		for _, message := range progress {
			j.write("progress: %s", message)
		}
		for _, problem := range problems {
			j.write("%s", problem)
		}
		texts[title] = text.String()

		t.Run(title, func(t *testing.T) {
			a, progress, problems := run(test.asserted)
			if (test.problem == "") != (problems == nil) || test.problem != "" && (len(problems) != 1 || !strings.Contains(problems[0], test.problem)) {
				t.Errorf("got problems %q, want one with %q", problems, test.problem)
			}
			if test.progress == "" && len(progress) > 0 && !test.wait {
				t.Errorf("got progress %q, want none", progress)
			}
			if test.progress != "" && (len(progress) == 0 || !strings.Contains(progress[len(progress)-1], test.progress)) {
				t.Errorf("got progress %q, want %q at the end", progress, test.progress)
			}
			if len(slices.Compact(slices.Clone(progress))) != len(progress) {
				t.Errorf("got progress %q, want no message twice in a row", progress)
			}
			if diff := cmp.Diff(test.writes, a.writes()); diff != "" {
				t.Errorf("writes (-want +got):\n%s", diff)
			}
		})
	}
	var all strings.Builder
	for _, title := range slices.Sorted(maps.Keys(texts)) {
		all.WriteString(texts[title] + "\n")
	}
	compareWithFile(t, "actions.txt", all.String())
}

// TestActions_ownership checks that a wait for ownership does not wait for the certificate.
func TestActions_ownership(t *testing.T) {
	a := newAccount(t, fakeesa.Options{PublishAtOnce: true, IssueDelay: 10 * time.Hour}, everyReading()...)
	made := a.AddHostname(fakeesa.Hostname{SiteID: a.site.ID, RecordID: a.record.ID, Hostname: name, SSLFlag: "on", CertType: "free"})
	progress, problems := newServer(t, a).invoke(t, verifyAction, map[string]any{"hostname_id": fmt.Sprint(made.ID), "wait": true})
	if took := time.Duration(a.clock.ahead.Load()); problems != nil || took > time.Hour {
		t.Errorf("got problems %q and progress %q after %v, want none within an hour", problems, progress, took)
	}
}

// deadlineClock is a clock on which every pause exceeds the time limit.
type deadlineClock struct{ *fastClock }

func (deadlineClock) Sleep(context.Context, time.Duration) error { return context.DeadlineExceeded }

// TestActions_timeLimit checks that a wait that reaches its time limit reports the last status, and the limit to raise.
func TestActions_timeLimit(t *testing.T) {
	a := newAccount(t, fakeesa.Options{})
	made := a.AddHostname(fakeesa.Hostname{SiteID: a.site.ID, RecordID: a.record.ID, Hostname: name, SSLFlag: "off"})
	s := newTimedServer(t, a, deadlineClock{a.clock})
	_, problems := s.invoke(t, verifyAction, map[string]any{"hostname_id": fmt.Sprint(made.ID), "wait": true})
	if len(problems) != 1 || !strings.Contains(problems[0], "Last seen: status pending") || !strings.Contains(problems[0], "timeouts.invoke") {
		t.Errorf("got problems %q, want the last status and timeouts.invoke", problems)
	}
}

func TestActions_refused(t *testing.T) {
	s := newServer(t, newAccount(t, fakeesa.Options{}))
	for _, action := range []string{verifyAction, applyAction} {
		if _, problems := s.invoke(t, action, map[string]any{"hostname_id": "shop"}); len(problems) != 1 || !strings.Contains(problems[0], "Invalid hostname_id") {
			t.Errorf("%s: got problems %q, want Invalid hostname_id", action, problems)
		}
	}
}

// TestAccActions invokes both actions from the command line.
func TestAccActions(t *testing.T) {
	t.Parallel()
	requireTerraform14(t)
	a := newAccount(t, fakeesa.Options{PublishAtOnce: true}, "auto-verify")
	w := a.workspace(t)
	w.write("main.tf", strings.TrimPrefix(a.hcl(a.args(name, free())), a.provider())+fmt.Sprintf(`
action %q "now" {
  config {
    hostname_id = esa_custom_hostname.test.id
    wait        = true
  }
}
action %q "again" {
  config {
    hostname_id = esa_custom_hostname.test.id
    wait        = true
  }
}
`, verifyAction, applyAction))
	w.mustRun("apply", "-auto-approve")
	if out := w.mustRun("apply", "-auto-approve", "-invoke=action."+verifyAction+".now"); !strings.Contains(out, "is verified.") {
		t.Errorf("the output has no progress message of the verification:\n%s", out)
	}
	if got := a.hostname(t); got.Status != "active" {
		t.Errorf("got status %s, want active", got.Status)
	}
	a.ChangeHostname(a.hostname(t).ID, func(h *fakeesa.Hostname) { h.CertStatus = "ApplyFailed" })
	if out := w.mustRun("apply", "-auto-approve", "-invoke=action."+applyAction+".again"); !strings.Contains(out, "Its status was ApplyFailed.") {
		t.Errorf("the output has no progress message of the application:\n%s", out)
	}
	if got := a.hostname(t); got.CertStatus != "OK" {
		t.Errorf("got certificate status %s, want OK", got.CertStatus)
	}
}
