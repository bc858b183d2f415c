package provider

import (
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"regexp"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/plancheck"

	"terraform-provider-esa/internal/certcheck/certtest"
	"terraform-provider-esa/internal/fakeesa"
)

// These tests check with a real CLI what a user sees if calls fail. internal/esa tests how the client handles single calls.

// TestAccFaults_answers takes one hostname for each fault through its life. Each call meets the fault of its hostname,
// before the call's effect or after it. One apply must be enough each time.
func TestAccFaults_answers(t *testing.T) {
	t.Parallel()
	a := newAccount(t, fakeesa.Options{DuplicateCreate: fakeesa.DuplicateConflicts})
	all := map[string]fakeesa.Fault{
		"after-ten-megabytes": {After: true, Status: 200, RawBody: new(`{"RequestId":"R","x":"` + strings.Repeat("x", 10<<20) + `"}`)},
	}
	maps.Copy(all, fakeesa.HollowFaults())
	maps.Copy(all, fakeesa.Refusals())
	for title, fault := range fakeesa.UnclearFaults() {
		all["before-"+title] = fault
		fault.After = true
		all["after-"+title] = fault
	}
	names := make([]string, 0, len(all))
	for title := range all {
		names = append(names, fmt.Sprintf("%q", title+".customer.com"))
	}
	config := func(record int64) string {
		return a.provider() + fmt.Sprintf(`
locals {
  hostnames = [%s]
}
resource "esa_custom_hostname" "test" {
  count     = length(local.hostnames)
  site_id   = "%d"
  record_id = "%d"
  hostname  = local.hostnames[count.index]
  ssl_flag  = "off"
}
`, strings.Join(names, ", "), a.site.ID, record)
	}
	var mu sync.Mutex
	ids := map[int64]string{}
	inject := func(actions ...string) func() {
		return func() {
			for title, fault := range all {
				hostname := title + ".customer.com"
				fault.Match = func(r fakeesa.Request) bool {
					mu.Lock()
					defer mu.Unlock()
					if h, ok := a.Hostname(r.HostnameID); ok {
						ids[h.ID] = h.Hostname
					}
					return r.Params.Get("Hostname") == hostname || ids[r.HostnameID] == hostname
				}
				for _, action := range actions {
					fault.Action = action
					a.Inject(fault)
				}
			}
		}
	}
	converged := func(record int64) resource.TestCheckFunc {
		return check(func() error {
			if left := a.Faults(); len(left) > 0 {
				return fmt.Errorf("got %d faults that never happened, such as %+v", len(left), left[0])
			}
			if made := a.Hostnames(); len(made) != len(all) {
				return fmt.Errorf("got %d hostnames on the server, want %d", len(made), len(all))
			}
			for _, h := range a.Hostnames() {
				if h.RecordID != record {
					return fmt.Errorf("%s: got record %d, want %d", h.Hostname, h.RecordID, record)
				}
			}
			return nil
		})
	}
	a.test(t,
		resource.TestStep{PreConfig: inject("CreateCustomHostname", "GetCustomHostname"), Config: config(a.record.ID), Check: converged(a.record.ID)},
		resource.TestStep{PreConfig: inject("UpdateCustomHostname", "GetCustomHostname"), Config: config(a.record2.ID), Check: converged(a.record2.ID)},
		resource.TestStep{PreConfig: inject("DeleteCustomHostname", "GetCustomHostname"), Config: config(a.record2.ID), Destroy: true, Check: check(func() error {
			for _, left := range a.Faults() {
				// A retried delete returns that the hostname is gone, so nothing is read.
				if left.Action != "GetCustomHostname" {
					return fmt.Errorf("a fault never happened: %+v", left)
				}
			}
			return nil
		})},
	)
}

// TestAccFaults_verify loses responses of VerifyCustomHostname in each way.
func TestAccFaults_verify(t *testing.T) {
	t.Parallel()
	a := newAccount(t, fakeesa.Options{PublishAtOnce: true}, "auto-verify")
	for _, faults := range []map[string]fakeesa.Fault{fakeesa.UnclearFaults(), fakeesa.Refusals()} {
		for _, fault := range faults {
			fault.Action = "VerifyCustomHostname"
			a.Inject(fault)
		}
	}
	// The provider's own retries end before all of these faults have passed. The validation then verifies again.
	a.Inject(fakeesa.Fault{Action: "VerifyCustomHostname", After: true, Drop: true})
	config := strings.Replace(a.hcl(a.args(name), wait(`wait_for = "ownership"`)), "provider \"esa\" {", "provider \"esa\" {\n  max_retries = 100", 1)
	a.test(t, resource.TestStep{
		Config: config,
		Check: resource.ComposeAggregateTestCheckFunc(
			resource.TestCheckResourceAttr("esa_custom_hostname_validation.test", "status", "active"),
			check(func() error {
				if left := a.Faults(); len(left) > 0 || len(a.Hostnames()) != 1 {
					return fmt.Errorf("got %d faults that never happened and %d hostnames, want none and 1", len(left), len(a.Hostnames()))
				}
				return nil
			}),
		),
	})
}

// TestAccFaults_oneOfAHundred returns one empty 502 in the middle of a large apply.
func TestAccFaults_oneOfAHundred(t *testing.T) {
	t.Parallel()
	for _, action := range []string{"CreateCustomHostname", "GetCustomHostname"} {
		t.Run(action, func(t *testing.T) {
			t.Parallel()
			const count = 100
			a := newAccount(t, fakeesa.Options{Latency: 10 * time.Millisecond, CreateLimitPerHour: fakeesa.NoLimit}, "busy-after") // in real time
			a.Inject(fakeesa.Fault{Action: action, Skip: 50, Status: 502, RawBody: new("")})
			w := a.workspace(t)
			w.write("main.tf", a.many(count, a.record.ID, ""))
			w.mustRun("apply", "-auto-approve")
			if made, saved := len(a.Hostnames()), len(strings.Fields(w.mustRun("state", "list"))); made != count || saved != count {
				t.Errorf("got %d hostnames on the server and %d in state, want %d", made, saved, count)
			}
			if left := a.Faults(); len(left) != 0 {
				t.Error("the fault never happened")
			}
			w.mustRun("plan", "-detailed-exitcode")
		})
	}
}

// A door passes connections on to a server, and breaks the first ones.
type door struct {
	net.Listener
	broken atomic.Int32
}

// newDoor breaks one connection with each of the functions. It passes all later connections on.
func newDoor(t *testing.T, to string, breaks ...func(*net.TCPConn)) *door {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	d := &door{Listener: listener}
	t.Cleanup(func() { _ = d.Close() })
	go func() {
		for {
			accepted, err := d.Accept()
			if err != nil {
				return
			}
			conn, ok := accepted.(*net.TCPConn)
			if n := int(d.broken.Load()); ok && n < len(breaks) {
				d.broken.Add(1)
				breaks[n](conn)
				continue
			}
			go pass(accepted, strings.TrimPrefix(to, "http://"))
		}
	}()
	return d
}

func (d *door) url() string { return "http://" + d.Addr().String() }

func pass(from net.Conn, to string) {
	defer func() { _ = from.Close() }()
	target, err := net.Dial("tcp", to)
	if err != nil {
		return
	}
	defer func() { _ = target.Close() }()
	go func() { _, _ = io.Copy(target, from); _ = target.Close() }()
	_, _ = io.Copy(from, target)
}

// resetAfter reads some bytes of the request and then resets the connection.
func resetAfter(bytes int64) func(*net.TCPConn) {
	return func(conn *net.TCPConn) {
		_ = conn.SetLinger(0)
		_, _ = io.CopyN(io.Discard, conn, bytes)
		_ = conn.Close()
	}
}

// TestAccFaults_brokenNetwork breaks connections before, during and after a request, and delays or truncates responses, all
// in one apply.
func TestAccFaults_brokenNetwork(t *testing.T) {
	t.Parallel()
	a := newAccount(t, fakeesa.Options{})
	door := newDoor(t, a.URL(), resetAfter(0), resetAfter(10), resetAfter(300))
	for _, action := range []string{"CreateCustomHostname", "GetCustomHostname"} {
		a.Inject(fakeesa.Fault{Action: action, Delay: 3 * time.Second})
		a.Inject(fakeesa.Fault{Action: action, After: true, Stall: true, RawBody: new(`{"RequestId":"R","Hostn`)})
	}
	w := newWorkspace(t)
	provider := fmt.Sprintf("provider \"esa\" {\n access_key = %q\n secret_key = %q\n endpoint = %q\n client_connect_timeout = 500\n client_read_timeout = 500\n}\n",
		a.Options().AccessKeyID, a.Options().AccessKeySecret, door.url())
	w.write("main.tf", strings.Replace(a.hcl(a.args(name)), a.provider(), provider, 1))
	w.mustRun("apply", "-auto-approve")
	if door.broken.Load() != 3 || len(a.Hostnames()) != 1 {
		t.Errorf("got %d broken connections and %d hostnames, want 3 and 1", door.broken.Load(), len(a.Hostnames()))
	}
	// The second fault of Create never happens, because the list shows the hostname whose response was late.
	if left := a.Faults(); len(left) != 1 || left[0].Action != "CreateCustomHostname" {
		t.Errorf("got faults %+v that never happened, want the second one of Create", left)
	}
	w.mustRun("plan", "-detailed-exitcode")
}

// TestAccFaults_noESA checks endpoints that are not ESA, or do not respond. The plan must return one clear error without the
// signed URL.
func TestAccFaults_noESA(t *testing.T) {
	t.Parallel()
	var asked atomic.Int32
	serve := func(start func(http.Handler) *httptest.Server, handler http.HandlerFunc) string {
		server := start(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { asked.Add(1); handler(w, r) }))
		t.Cleanup(server.Close)
		return server.URL
	}
	closed := httptest.NewServer(nil)
	closed.Close()
	elsewhere := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {
		t.Error("a redirect was followed")
	}))
	t.Cleanup(elsewhere.Close)
	plain := serve(httptest.NewServer, http.NotFound)
	say := func(status int, body string) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(status); _, _ = io.WriteString(w, body) }
	}
	all := []func(*net.TCPConn){resetAfter(0), resetAfter(0), resetAfter(0), resetAfter(0)}
	tests := map[string]struct {
		endpoint string
		want     string
		once     bool // not retried
	}{
		"nobody listens":           {closed.URL, `connection refused`, false},
		"a name that nobody has":   {"https://" + strings.Repeat("a", 64) + ".example", `no such host`, true},
		"an untrusted certificate": {serve(httptest.NewTLSServer, http.NotFound), `certificate`, true},
		"TLS where there is none":  {"https" + strings.TrimPrefix(plain, "http"), `HTTP response to HTTPS client`, true},
		"a redirect":               {serve(httptest.NewServer, http.RedirectHandler(elsewhere.URL+"/x?y=1", http.StatusFound).ServeHTTP), `a redirect, which is never followed`, true},
		"a proxy's page":           {serve(httptest.NewServer, say(200, "<html>Sign in</html>")), `HTML or XML instead of a JSON object, so a proxy or another server answered`, false},
		"a proxy's refusal":        {serve(httptest.NewServer, say(403, "<html>Blocked</html>")), `HTTP status 403 with HTML`, true},
		"another service":          {serve(httptest.NewServer, say(200, `{"hello":"world"}`)), `without a RequestId`, false},
		"another API":              {serve(httptest.NewServer, say(404, `{"RequestId":"R","Code":"InvalidApi.NotFound","Message":"Specified api is not found."}`)), `InvalidApi.NotFound`, true},
		"a broken connection":      {newDoor(t, closed.URL, all...).url(), `reset by peer|EOF`, false},
	}
	for title, test := range tests {
		t.Run(title, func(t *testing.T) {
			w := newWorkspace(t)
			w.write("main.tf", fmt.Sprintf(`
provider "esa" {
  access_key     = "LTAIofTheTest"
  secret_key     = "s3cr3tOfTheTest"
  security_token = "t0kenOfTheTest"
  endpoint       = %q
  max_retries    = 1
}
data "esa_custom_hostname" "test" {
  hostname_id = "1"
}
`, test.endpoint))
			asked.Store(0)
			output, status := w.run("plan")
			text := plainText(output)
			if status != 1 || !regexp.MustCompile(test.want).MatchString(text) {
				t.Errorf("got status %d, want 1 and %q in:\n%s", status, test.want, output)
			}
			_, host, _ := strings.Cut(test.endpoint, "//")
			if !strings.Contains(strings.ReplaceAll(text, " ", ""), host) && !strings.Contains(text, "Error message:") {
				t.Errorf("the error does not name the endpoint %s:\n%s", host, output)
			}
			if !strings.Contains(text, "GetCustomHostname") {
				t.Errorf("the error does not name the action:\n%s", output)
			}
			for _, secret := range []string{"LTAIofTheTest", "s3cr3tOfTheTest", "t0kenOfTheTest", "Signature", "y=1"} {
				if strings.Contains(text, secret) {
					t.Errorf("the output contains %s:\n%s", secret, output)
				}
			}
			if n := asked.Load(); test.once && n > 1 {
				t.Errorf("got %d requests, want 1", n)
			}
			if again := strings.Contains(text, "2 attempts"); again == test.once {
				t.Errorf("got retried %v, want %v:\n%s", again, !test.once, output)
			}
		})
	}
}

// plainText returns the output of a CLI without frames and newlines.
func plainText(output string) string {
	return strings.Join(strings.Fields(strings.NewReplacer("│", " ", "╷", " ", "╵", " ").Replace(output)), " ")
}

// TestAccFaults_notFound returns each of the codes with status 404 to a read.
func TestAccFaults_notFound(t *testing.T) {
	t.Parallel()
	for code, gone := range map[string]bool{
		"CustomHostname.NotFound": true, "CustomHostname.ApplyCertFailed": false, "CustomHostname.SetCertFailed": false, "InvalidAccessKeyId.NotFound": false,
	} {
		t.Run(code, func(t *testing.T) {
			t.Parallel()
			a := newAccount(t, fakeesa.Options{})
			config := a.hcl(a.args(name))
			then := resource.TestStep{PreConfig: func() {
				a.Inject(fakeesa.Fault{Action: "GetCustomHostname", Code: code, Status: 404})
			}, RefreshState: true, ExpectError: regexp.MustCompile(regexp.QuoteMeta(code))}
			action := plancheck.ResourceActionNoop
			if gone {
				then.ExpectError, then.ExpectNonEmptyPlan = nil, true
				action = plancheck.ResourceActionCreate
			}
			last := resource.TestStep{Config: config, ConfigPlanChecks: plan(plancheck.ExpectResourceAction(testResource, action))}
			if gone {
				last.PreConfig = func() { a.RemoveHostname(a.hostname(t).ID) }
			}
			a.test(t, resource.TestStep{Config: config}, then, last)
		})
	}
}

// TestAccFaults_caller checks refusals because of the caller. They must cause one clear error, at once.
func TestAccFaults_caller(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		options fakeesa.Options
		fault   fakeesa.Fault
		want    string
	}{
		"time refused":      {fakeesa.Options{}, fakeesa.Fault{Code: "InvalidTimeStamp.Expired", Status: 400}, `InvalidTimeStamp.Expired.*clock`},
		"token expired":     {fakeesa.Options{}, fakeesa.Fault{Code: "InvalidSecurityToken.Expired", Status: 400}, `InvalidSecurityToken.Expired.*renews`},
		"token of another":  {fakeesa.Options{}, fakeesa.Fault{Code: "InvalidSecurityToken.MismatchWithAccessKey", Status: 400}, `MismatchWithAccessKey.*does not belong to the access key`},
		"no permission 403": {fakeesa.Options{}, fakeesa.Fault{Code: "NoPermission", Status: 403}, `esa:CreateCustomHostname`},
		"no permission 400": {fakeesa.Options{}, fakeesa.Fault{Code: "Forbidden.RAM", Status: 400}, `esa:CreateCustomHostname`},
		"plan overdue":      {fakeesa.Options{}, fakeesa.Fault{Code: "Instance.NotOnline", Status: 400}, `overdue`},
		"not in the plan":   {fakeesa.Options{}, fakeesa.Fault{Code: "QuotaCheckFailed.Function", Status: 400}, `plan`},
	}
	for title, test := range tests {
		t.Run(title, func(t *testing.T) {
			t.Parallel()
			a := newAccount(t, test.options)
			if test.fault.Code != "" {
				test.fault.Times = -1
				a.Inject(test.fault)
			}
			resource.Test(t, resource.TestCase{
				ProtoV6ProviderFactories: factories(a.clock),
				Steps: []resource.TestStep{{
					Config: a.hcl(a.args(name)), ExpectError: regexp.MustCompile(`(?s)` + strings.ReplaceAll(test.want, " ", `\s+`)),
				}},
			})
			most := 1
			if title == "token expired" {
				most = 2 // The token is renewed once.
			}
			if n := len(a.Requests()); n > most || len(a.Hostnames()) != 0 {
				t.Errorf("got %d calls and %d hostnames, want at most %d and none", n, len(a.Hostnames()), most)
			}
		})
	}
}

// TestAccFaults_othersMeanwhile has others change the hostname between a plan and its apply.
func TestAccFaults_othersMeanwhile(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		before, after func(a *account, w *workspace) // write the configurations
		meanwhile     func(a *account)
		status        int
		want          string
		left          int
	}{
		"deleted before a change": {
			func(a *account, w *workspace) { w.write("main.tf", a.hcl(a.args(name))) },
			func(a *account, w *workspace) {
				w.write("main.tf", a.hcl(a.args(name, args{"record_id": fmt.Sprintf("%q", fmt.Sprint(a.record2.ID))})))
			},
			func(a *account) { a.RemoveHostname(a.Hostnames()[0].ID) },
			1, "CustomHostname.NotFound.*Run plan again", 0,
		},
		"changed before a change": {
			func(a *account, w *workspace) { w.write("main.tf", a.hcl(a.args(name))) },
			func(a *account, w *workspace) {
				w.write("main.tf", a.hcl(a.args(name, args{"record_id": fmt.Sprintf("%q", fmt.Sprint(a.record2.ID))})))
			},
			func(a *account) {
				other := a.AddRecord(a.site.ID, "other.example.com")
				a.ChangeHostname(a.Hostnames()[0].ID, func(h *fakeesa.Hostname) { h.RecordID = other.ID })
			},
			0, "1 changed", 1,
		},
		"deleted before it is destroyed": {
			func(a *account, w *workspace) { w.write("main.tf", a.hcl(a.args(name))) },
			func(a *account, w *workspace) { w.write("main.tf", a.provider()) },
			func(a *account) { a.RemoveHostname(a.Hostnames()[0].ID) },
			0, "1 destroyed", 0,
		},
		"made before it is created": {
			func(a *account, w *workspace) { w.write("main.tf", a.provider()) },
			func(a *account, w *workspace) { w.write("main.tf", a.hcl(a.args(name))) },
			func(a *account) {
				a.AddHostname(fakeesa.Hostname{SiteID: a.site.ID, RecordID: a.record.ID, Hostname: name, SSLFlag: "off"})
			},
			1, "already has it.*terraform import", 1,
		},
	}
	for title, test := range tests {
		t.Run(title, func(t *testing.T) {
			t.Parallel()
			a := newAccount(t, fakeesa.Options{})
			w := newWorkspace(t)
			test.before(a, w)
			w.mustRun("apply", "-auto-approve")
			test.after(a, w)
			w.mustRun("plan", "-out=saved.tfplan")
			test.meanwhile(a)
			output, status := w.run("apply", "saved.tfplan")
			if status != test.status || !regexp.MustCompile(test.want).MatchString(plainText(output)) {
				t.Errorf("got status %d, want %d and %q:\n%s", status, test.status, test.want, output)
			}
			if n := len(a.Hostnames()); n != test.left {
				t.Errorf("got %d hostnames, want %d", n, test.left)
			}
			if test.left == 1 && test.status == 0 {
				w.mustRun("plan", "-detailed-exitcode")
			}
		})
	}
}

// TestAccFaults_busyRecord changes ten hostnames of one record at the same time. ESA accepts one change at a time.
func TestAccFaults_busyRecord(t *testing.T) {
	t.Parallel()
	a := newAccount(t, fakeesa.Options{Latency: 20 * time.Millisecond})
	config := func(record int64) string {
		return a.provider() + fmt.Sprintf(`
resource "esa_custom_hostname" "test" {
  count     = 10
  site_id   = "%d"
  record_id = "%d"
  hostname  = "h${count.index}.customer.com"
  ssl_flag  = "off"
}
`, a.site.ID, record)
	}
	code := map[fakeesa.Busy]string{fakeesa.BusyRecord: "Record.ServiceBusy", fakeesa.BusySite: "Site.ServiceBusy"}[a.Options().Busy]
	busy := check(func() error {
		if code != "" && !slices.ContainsFunc(a.Server.Requests(), func(r fakeesa.Request) bool { return r.Code == code }) {
			return fmt.Errorf("the record was never busy")
		}
		return nil
	})
	a.test(t,
		resource.TestStep{Config: config(a.record.ID), Check: busy},
		resource.TestStep{PreConfig: a.ResetRequests, Config: config(a.record2.ID)},
	)
}

// TestAccFaults_twoApplies applies one configuration in two folders at the same time. One gets the hostname, and the other
// the command to import it, however ESA responds to a duplicate name.
func TestAccFaults_twoApplies(t *testing.T) {
	t.Parallel()
	for title, duplicate := range map[string]fakeesa.DuplicateCreate{"refused": fakeesa.DuplicateRefused, "in conflict": fakeesa.DuplicateConflicts} {
		t.Run(title, func(t *testing.T) {
			t.Parallel()
			a := newAccount(t, fakeesa.Options{DuplicateCreate: duplicate}, "duplicate-create")
			a.Inject(fakeesa.Fault{Action: "CreateCustomHostname", Times: 2, Delay: 300 * time.Millisecond})
			var folders [2]*workspace
			var outputs [2]string
			var statuses [2]int
			var group sync.WaitGroup
			for i := range folders {
				folders[i] = newWorkspace(t)
				folders[i].write("main.tf", a.hcl(a.args(name)))
				group.Go(func() { outputs[i], statuses[i] = folders[i].run("apply", "-auto-approve") })
			}
			group.Wait()
			if statuses[0]+statuses[1] != 1 {
				t.Errorf("got statuses %v, want one 0 and one 1:\n%s\n%s", statuses, outputs[0], outputs[1])
			}
			made := a.hostname(t)
			for i, output := range outputs {
				if statuses[i] == 1 && a.untilListed() {
					output, _ = folders[i].run("apply", "-auto-approve")
				}
				if statuses[i] == 1 && !strings.Contains(plainText(output), fmt.Sprintf("terraform import 'ADDRESS' %d:%d", a.site.ID, made.ID)) {
					t.Errorf("the error does not contain the import command:\n%s", output)
				}
			}
		})
	}
}

// TestAccFaults_createdTwice checks an ESA that accepts a name that its site already has.
func TestAccFaults_createdTwice(t *testing.T) {
	t.Parallel()
	a := newAccount(t, fakeesa.Options{DuplicateCreate: fakeesa.DuplicateConflicts})
	held := a.AddHostname(fakeesa.Hostname{SiteID: a.site.ID, RecordID: a.record.ID, Hostname: name, SSLFlag: "off"})
	a.test(t, resource.TestStep{
		Config:      a.hcl(a.args(name)),
		ExpectError: regexp.MustCompile(fmt.Sprintf(`(?s)already\s+has\s+it.*id = "%d"`, held.ID)),
	}, resource.TestStep{
		PreConfig: func() {
			if left := a.hostname(t); left.ID != held.ID {
				t.Errorf("got hostname %d, want %d", left.ID, held.ID)
			}
		},
		Config:           a.hcl(a.args(name), fmt.Sprintf("import {\n  to = %s\n  id = \"%d\"\n}\n", testResource, held.ID)),
		ConfigPlanChecks: plan(plancheck.ExpectResourceAction(testResource, plancheck.ResourceActionNoop)),
	})
}

// TestAccFaults_hostileText checks that control characters and very long texts are not printed to the terminal.
func TestAccFaults_hostileText(t *testing.T) {
	t.Parallel()
	hostile := "\x1b]0;owned\x07\x1b[2J\r\n\u202e" + strings.Repeat("A", 1<<20)
	a := newAccount(t, fakeesa.Options{})
	pair := certtest.Issue(t, certtest.Spec{DNSNames: []string{name}, Intermediate: 1})
	tests := map[string]struct {
		fault *fakeesa.Fault
		args  args
	}{
		"a message of ESA":   {&fakeesa.Fault{Code: "Some.New", Status: 400, Message: hostile}, args{}},
		"a status of ESA":    {&fakeesa.Fault{Status: 200, RawBody: new(`{"RequestId":"R","Code":"\u001b[2JX","Message":"` + strings.Repeat("B", 1<<20) + `"}`)}, args{}},
		"a hostname":         {nil, args{"hostname": `"\u001b[2Jshop.customer.com"`}},
		"an id":              {nil, args{"record_id": `"12\u001b[2J34"`}},
		"a certificate":      {nil, with(upload(pair), args{"certificate": `"\u001b[2J` + strings.Repeat("C", 1<<20) + `"`})},
		"a private key":      {nil, with(upload(pair), args{"private_key_wo": `"-----BEGIN \u001b[2J PRIVATE KEY-----"`})},
		"a certificate type": {nil, args{"ssl_flag": `"on"`, "cert_type": `"fr\u001b[2Jee"`}},
	}
	for title, test := range tests {
		t.Run(title, func(t *testing.T) {
			w := newWorkspace(t)
			if test.fault != nil {
				a.Inject(*test.fault)
			}
			arguments := a.args(name, test.args)
			w.write("main.tf", a.hcl(arguments))
			output, status := w.run("apply", "-auto-approve")
			// The CLI quotes the line of the configuration, where the control characters are escaped.
			if status != 1 || strings.ContainsAny(output, "\x1b\x07\r\u202e") {
				t.Errorf("got status %d, want 1 and no control characters:\n%.2000q", status, output)
			}
			if shown := strings.Count(output, "A") + strings.Count(output, "B"); shown > 3000 {
				t.Errorf("got %d bytes of output, want a truncated text", len(output))
			}
			if left := a.Hostnames(); len(left) != 0 {
				t.Errorf("got %d hostnames, want none", len(left))
			}
		})
	}
}

// TestAccFaults_interrupted sends SIGINT to the CLI during a call.
func TestAccFaults_interrupted(t *testing.T) {
	t.Parallel()
	for _, times := range []int{1, 2} {
		for _, action := range []string{"CreateCustomHostname", "UpdateCustomHostname", "VerifyCustomHostname"} {
			t.Run(fmt.Sprintf("%s, %d times", action, times), func(t *testing.T) {
				t.Parallel()
				a := newAccount(t, fakeesa.Options{})
				w := newWorkspace(t)
				w.write("main.tf", a.hcl(a.args(name)))
				want := a.record.ID
				switch action {
				case "VerifyCustomHostname":
					w.write("wait.tf", wait(""))
				case "UpdateCustomHostname":
					w.mustRun("apply", "-auto-approve")
					want = a.record2.ID
					w.write("main.tf", a.hcl(a.args(name, args{"record_id": fmt.Sprintf("%q", fmt.Sprint(want))})))
				}
				a.Inject(fakeesa.Fault{Action: action, Delay: 2 * time.Second})
				apply := w.start("apply", "-auto-approve")
				a.await(t, action)
				for range times {
					if err := apply.Process.Signal(os.Interrupt); err != nil {
						t.Fatal(err)
					}
					time.Sleep(200 * time.Millisecond)
				}
				_ = apply.Wait()
				if times == 1 && !strings.Contains(w.read("terraform.tfstate"), fmt.Sprint(a.hostname(t).ID)) {
					t.Errorf("the state does not contain the id:\n%s", apply.Stdout)
				}
				if action == "VerifyCustomHostname" {
					w.write("wait.tf", "")
				}
				w.recover(a, want)
			})
		}
	}
}

// await waits until an action has been called.
func (a *account) await(t *testing.T, action string) {
	t.Helper()
	for range 1200 {
		if a.Count(action) > 0 {
			return
		}
		time.Sleep(25 * time.Millisecond)
	}
	t.Fatalf("%s was not called within 30 s", action)
}

// untilListed waits until lists show what was created, if a create needs that. A create that is refused because of its name
// does not wait for lists, so only the next one names the hostname that has the name. It reports whether time passed.
func (a *account) untilListed() bool {
	lag := a.Options().UnlistedFor
	if lag == 0 || a.Options().DuplicateCreate != fakeesa.DuplicateRefused {
		return false
	}
	a.clock.ahead.Add(int64(lag))
	return true
}

// recover does what a user does after an interrupted apply: it applies again, and imports if the error says so. At the end
// there must be one hostname, as configured.
func (w *workspace) recover(a *account, record int64) {
	w.t.Helper()
	a.untilListed()
	for range 2 {
		output, status := w.run("apply", "-auto-approve")
		if status == 0 {
			break
		}
		command := regexp.MustCompile(`terraform import 'ADDRESS' (\S+)`).FindStringSubmatch(output)
		if command == nil {
			w.t.Fatalf("the error does not contain the import command:\n%s", output)
		}
		w.mustRun("import", testResource, command[1])
	}
	w.mustRun("plan", "-detailed-exitcode")
	made := a.hostname(w.t)
	if made.RecordID != record || !strings.Contains(w.read("terraform.tfstate"), fmt.Sprintf("%q", fmt.Sprint(made.ID))) {
		w.t.Errorf("got %+v on the server, want it on the configured record and in state", made)
	}
}
