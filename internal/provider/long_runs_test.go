package provider

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"regexp"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/hashicorp/terraform-plugin-testing/helper/resource"

	"terraform-provider-esa/internal/fakeesa"
)

// These tests check with a real CLI how a run behaves with a slow and busy service. internal/esa tests the mechanisms in
// virtual time, alone and together.

// many returns a configuration of hostnames on one record.
func (a *account) many(count int, record int64, more string) string {
	return fmt.Sprintf(`
resource "esa_custom_hostname" "test" {
  count     = %d
  site_id   = "%d"
  record_id = "%d"
  hostname  = "h${count.index}.customer.com"
  ssl_flag  = "off"
%s}
`, count, a.site.ID, record, more)
}

// workspace returns an empty folder with the account in its environment.
func (a *account) workspace(t *testing.T) *workspace {
	t.Helper()
	w := newWorkspace(t)
	w.env = append(w.env, a.environment()...)
	return w
}

// refusals counts the calls of an action that were refused with a code.
func (a *account) refusals(action, code string) (n int) {
	for _, request := range a.Server.RequestsOf(action) {
		if request.Code == code {
			n++
		}
	}
	return n
}

// TestAccLongRuns_busyRecord destroys hostnames of one record, which is busy during each call. The calls of a destroy do not
// name the record.
func TestAccLongRuns_busyRecord(t *testing.T) {
	t.Parallel()
	const count = 30
	a := newAccount(t, fakeesa.Options{Latency: 150 * time.Millisecond}, patient...)
	w := a.workspace(t)
	w.write("main.tf", a.many(count, a.record.ID, ""))
	w.mustRun("apply", "-auto-approve")
	w.mustRun("apply", "-auto-approve", "-destroy")
	for _, action := range []string{"CreateCustomHostname", "DeleteCustomHostname"} {
		if refused := a.refusals(action, "Record.ServiceBusy"); refused == 0 || refused > 12 {
			t.Errorf("%s: got %d of %d calls refused, want 1 to 12", action, refused, count)
		}
	}
}

// TestAccLongRuns_busyForLong checks a record that is busy for more attempts than a call has.
func TestAccLongRuns_busyForLong(t *testing.T) {
	t.Parallel()
	for _, code := range []string{"Record.ServiceBusy", "Record.Reserved", "Site.ServiceBusy", "LockFailed"} {
		t.Run(code, func(t *testing.T) {
			t.Parallel()
			a := newAccount(t, fakeesa.Options{})
			busy := func() { a.Inject(fakeesa.Fault{Match: isWrite, Code: code, Times: 25}) }
			record := a.args(name, args{"record_id": fmt.Sprintf("%q", fmt.Sprint(a.record2.ID))})
			a.test(t,
				resource.TestStep{PreConfig: busy, Config: a.hcl(a.args(name))},
				resource.TestStep{PreConfig: busy, Config: a.hcl(record)},
				resource.TestStep{PreConfig: busy, Config: a.hcl(record), Destroy: true},
			)
		})
	}
}

func isWrite(r fakeesa.Request) bool {
	return slices.Contains([]string{"CreateCustomHostname", "UpdateCustomHostname", "DeleteCustomHostname"}, r.Action)
}

// TestAccLongRuns_throttlingCodes checks each code and status of throttling.
func TestAccLongRuns_throttlingCodes(t *testing.T) {
	t.Parallel()
	a := newAccount(t, fakeesa.Options{RetryAfter: fakeesa.RetryAfterSeconds})
	faults := func() {
		for _, fault := range []fakeesa.Fault{
			{Code: "Rejected.Throttling"}, {Code: "Record.Reserved"}, {Code: "Some.New", Status: 429}, {Code: "Throttling.Api", RetryAfter: 7 * time.Second}, {Status: 429, RawBody: new("")},
		} {
			for _, action := range []string{"CreateCustomHostname", "GetCustomHostname"} {
				fault.Action = action
				a.Inject(fault)
			}
		}
	}
	a.test(t, resource.TestStep{PreConfig: faults, Config: a.hcl(a.args(name)), Check: check(func() error {
		if left := a.Faults(); len(left) > 0 {
			return fmt.Errorf("faults that never happened: %+v", left)
		}
		return nil
	})})
}

// TestAccLongRuns_quotaAlone changes hostnames while a create waits for its quota. The changes must not wait for it.
func TestAccLongRuns_quotaAlone(t *testing.T) {
	t.Parallel()
	const count = 30
	a := newAccount(t, fakeesa.Options{CreateLimitPerHour: count, OnlyMadeCount: true, RetryAfter: fakeesa.RetryAfterNone}, patient...)
	w := a.workspace(t)
	w.write("main.tf", a.many(count, a.record.ID, ""))
	w.mustRun("apply", "-auto-approve")
	a.ResetRequests()
	// The changes begin when the create has been throttled for some time and nothing else was sent.
	w.write("main.tf", a.many(count, a.record2.ID, "  depends_on = [terraform_data.later]\n"))
	w.write("one.tf", fmt.Sprintf(`
resource "terraform_data" "later" {
  provisioner "local-exec" {
    command = "sleep 3"
  }
}
resource "esa_custom_hostname" "one" {
  site_id   = "%d"
  record_id = "%d"
  hostname  = "one.customer.com"
  ssl_flag  = "off"
  timeouts {
    create = "30s"
  }
}
`, a.site.ID, a.record.ID))
	output, status := w.run("apply", "-auto-approve")
	if status != 1 || !strings.Contains(plainText(output), "ESA allows 100 CreateCustomHostname calls per user and hour") {
		t.Errorf("got status %d, want 1 and an error about the quota:\n%s", status, output)
	}
	creates, last := a.RequestsOf("CreateCustomHostname"), time.Time{}
	for _, request := range a.RequestsOf("UpdateCustomHostname") {
		if request.Time.After(last) {
			last = request.Time
		}
	}
	if len(creates) < 4 || !last.Before(creates[len(creates)-1].Time) {
		t.Errorf("got %d creates, want at least 4, and the last one after the last change", len(creates))
	}
	for _, h := range a.Hostnames() {
		if h.RecordID != a.record2.ID {
			t.Errorf("%s was not moved to the new record", h.Hostname)
		}
	}
}

// TestAccLongRuns_slowUpdate waits for a change that ESA configures for longer than reads usually lag.
func TestAccLongRuns_slowUpdate(t *testing.T) {
	t.Parallel()
	a := newAccount(t, fakeesa.Options{UpdateTakes: 20 * time.Second})
	w := a.workspace(t)
	w.write("main.tf", a.many(1, a.record.ID, ""))
	w.mustRun("apply", "-auto-approve")
	w.write("main.tf", a.many(1, a.record2.ID, ""))
	w.mustRun("apply", "-auto-approve")
	w.mustRun("plan", "-detailed-exitcode")

	w.write("main.tf", a.many(1, a.record.ID, "  timeouts {\n    update = \"2s\"\n  }\n"))
	output, status := w.run("apply", "-auto-approve")
	if text := plainText(output); status != 1 || !strings.Contains(text, "still configuring the hostname at the time limit") || !strings.Contains(text, "timeouts.update") {
		t.Errorf("got status %d, want 1 and an error that names timeouts.update:\n%s", status, output)
	}
}

// TestAccLongRuns_deadEndpoint plans existing hostnames with an endpoint that does not respond. The plan must wait for it
// once, and not once for each hostname.
func TestAccLongRuns_deadEndpoint(t *testing.T) {
	t.Parallel()
	const count = 60
	a := newAccount(t, fakeesa.Options{}, "busy-after") // in real time
	w := a.workspace(t)
	w.write("main.tf", "provider \"esa\" {\n  max_retries = 3\n}\n"+a.many(count, a.record.ID, ""))
	w.mustRun("apply", "-auto-approve")
	var connections atomic.Int32
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = listener.Close() })
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			connections.Add(1)
			_ = conn.Close()
		}
	}()
	w.env = append(w.env, "ESA_ENDPOINT=http://"+listener.Addr().String())
	output, status := w.run("plan")
	if shown := strings.Count(output, "Unable to read custom hostname"); status != 1 || shown < count {
		t.Errorf("got status %d and %d errors, want 1 and one for each hostname:\n%.3000s", status, shown, output)
	}
	// Ten calls at the same time and the list have four attempts each. All other calls have one.
	if n := int(connections.Load()); n > count+11*3+10 {
		t.Errorf("got %d attempts for %d hostnames", n, count)
	}
}

// TestAccLongRuns_neverSent creates a hostname while no request can be sent. The error must not say that the hostname may
// have been created.
func TestAccLongRuns_neverSent(t *testing.T) {
	t.Parallel()
	proxy := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusProxyAuthRequired)
		_, _ = io.WriteString(w, "<html>Sign in</html>")
	}))
	t.Cleanup(proxy.Close)
	closed := httptest.NewServer(nil)
	closed.Close()
	plain := httptest.NewServer(http.NotFoundHandler())
	t.Cleanup(plain.Close)
	for title, test := range map[string]struct {
		endpoint, proxy, want string
		once                  bool
	}{
		"a proxy that asks for a password": {"https://esa.test", proxy.URL, "the proxy answered CONNECT with HTTP status 407", true},
		"a proxy that is down":             {"https://esa.test", closed.URL, "proxyconnect", false},
		"TLS where there is none":          {"https" + strings.TrimPrefix(plain.URL, "http"), "", "HTTP response to HTTPS client", true},
	} {
		t.Run(title, func(t *testing.T) {
			t.Parallel()
			a := newAccount(t, fakeesa.Options{})
			w := a.workspace(t)
			w.env = append(w.env, "ESA_ENDPOINT="+test.endpoint, "HTTPS_PROXY="+test.proxy, "NO_PROXY=")
			w.write("main.tf", "provider \"esa\" {\n  max_retries = 1\n}\n"+a.many(1, a.record.ID, ""))
			output, status := w.run("apply", "-auto-approve")
			text := plainText(output)
			if status != 1 || !strings.Contains(text, test.want) || !strings.Contains(text, "HTTPS_PROXY") {
				t.Errorf("got status %d, want 1 and %q:\n%s", status, test.want, output)
			}
			if strings.Contains(text, "unknown whether") || strings.Contains(text, "may or may not") || strings.Contains(text, "ListCustomHostnames") {
				t.Errorf("the error says that the request may have been sent:\n%s", output)
			}
			if again := strings.Contains(text, "2 attempts"); again == test.once {
				t.Errorf("got retried %v, want %v:\n%s", again, !test.once, output)
			}
		})
	}
}

// TestAccLongRuns_sameHostnameTwice has two resources with one hostname, and loses a create. One resource gets the hostname,
// and the error of the other says so.
func TestAccLongRuns_sameHostnameTwice(t *testing.T) {
	t.Parallel()
	for title, after := range map[string]bool{"lost before it takes effect": false, "lost after it took effect": true} {
		t.Run(title, func(t *testing.T) {
			t.Parallel()
			a := newAccount(t, fakeesa.Options{})
			w := a.workspace(t)
			config := a.many(1, a.record.ID, "")
			w.write("main.tf", config)
			w.write("twin.tf", strings.Replace(config, `"test"`, `"twin"`, 1))
			a.Inject(fakeesa.Fault{Action: "CreateCustomHostname", Drop: true, After: after})
			output, status := w.run("apply", "-auto-approve")
			text := plainText(output)
			if status != 1 || !strings.Contains(text, "another resource of this run created it") || strings.Contains(text, "terraform import") {
				t.Errorf("got status %d, want 1 and an error that names the other resource:\n%s", status, output)
			}
			if made, saved := len(a.Hostnames()), strings.Fields(w.mustRun("state", "list")); made != 1 || len(saved) != 1 {
				t.Errorf("got %d hostnames on the server and %v in state, want one each", made, saved)
			}
		})
	}
}

// TestAccLongRuns_clock runs on a machine whose clock is wrong.
func TestAccLongRuns_clock(t *testing.T) {
	t.Parallel()
	for side, off := range map[string]time.Duration{"behind": 20 * time.Minute, "ahead of": -20 * time.Minute} {
		t.Run(side, func(t *testing.T) {
			t.Parallel()
			a := newAccount(t, fakeesa.Options{Now: func() time.Time { return time.Now().Add(off) }})
			w := a.workspace(t)
			w.env = append(w.env, "TF_LOG_PROVIDER=WARN")
			w.write("main.tf", a.many(3, a.record.ID, ""))
			output := w.mustRun("apply", "-auto-approve")
			warning := regexp.MustCompile(`The clock of this machine is (19m59s|20m[01]s) ` + side + ` ESA's`)
			if told := warning.FindAllString(output, -1); len(told) != 1 {
				t.Errorf("got %d warnings about the clock, want 1:\n%s", len(told), output)
			}
			w.mustRun("plan", "-detailed-exitcode")
			if refused := a.refusals("GetCustomHostname", "InvalidTimeStamp.Expired"); refused > 1 {
				t.Errorf("got %d refused reads, want at most 1", refused)
			}
		})
	}
}

// TestAccLongRuns_strayToken sets a token in the environment next to an access key that needs none.
func TestAccLongRuns_strayToken(t *testing.T) {
	t.Parallel()
	a := newAccount(t, fakeesa.Options{})
	w := a.workspace(t)
	w.env = append(w.env, "ALICLOUD_SECURITY_TOKEN=of-last-week")
	w.write("main.tf", a.many(1, a.record.ID, ""))
	output, status := w.run("apply", "-auto-approve")
	if text := plainText(output); status != 1 || !strings.Contains(text, "Unset ALICLOUD_SECURITY_TOKEN") || strings.Contains(text, "of-last-week") {
		t.Errorf("got status %d, want 1 and an error that names the variable:\n%s", status, output)
	}
}
