package provider

import (
	"flag"
	"fmt"
	"maps"
	"math/rand/v2"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/hashicorp/terraform-plugin-go/tfprotov6"

	"terraform-provider-esa/internal/certcheck/certtest"
	"terraform-provider-esa/internal/fakeesa"
)

var (
	recoverySeeds = flag.Int("recovery-seeds", 40, "how many seeds TestRecovery plays")
	recoveryFirst = flag.Uint64("recovery-first", 1, "the first of them; with -recovery-seeds=1, the one that failed")
)

// TestRecovery brings a hostname into a random state: changes with faults of every kind, others who change or delete it, an
// ESA that refuses certificates, and every reading. Then at most two plain applies must end in an empty plan, or in an error
// with a cause outside Terraform. If an error names an import, the import and one more apply must do so.
func TestRecovery(t *testing.T) {
	t.Parallel()
	first := certtest.Issue(t, certtest.Spec{DNSNames: []string{"*.customer.com"}, Intermediate: 1})
	second := certtest.Issue(t, certtest.Spec{DNSNames: []string{"*.customer.com"}, Intermediate: 1, NotAfter: time.Now().AddDate(1, 0, 0)})
	for i := range *recoverySeeds {
		seed := *recoveryFirst + uint64(i)
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			t.Parallel()
			newRecoveryRun(t, seed, first, second).play()
		})
	}
}

const recoveryName = "xn--bcher-kva.customer.com"

type recoveryRun struct {
	*chaosRun
	random  *rand.Rand
	clock   *hurriedClock
	refused bool // ESA refuses certificates
	story   []string
}

func newRecoveryRun(t *testing.T, seed uint64, first, second certtest.Pair) *recoveryRun {
	random := rand.New(rand.NewPCG(seed, 7))
	clock := newHurriedClock(t)
	a := newAccount(t, drawOptions(t, random, fakeesa.Options{
		Now: clock.Now, LargeIDs: random.IntN(2) == 0, VerifyCodeGets: random.IntN(2), DeletingGets: random.IntN(3), PublishAtOnce: random.IntN(2) == 0,
	}), everyReading()...)
	c := &chaosRun{
		t: t, seed: seed, account: a, first: first, second: second,
		states: make([]*tfprotov6.DynamicValue, 1), private: make([][]byte, 1), configs: make([]map[string]any, 1),
	}
	return &recoveryRun{chaosRun: c, random: random, clock: clock}
}

func (r *recoveryRun) tell(format string, values ...any) {
	r.story = append(r.story, fmt.Sprintf(format, values...))
}

func (r *recoveryRun) play() {
	for range 4 + r.random.IntN(5) {
		r.step()
	}
	r.account.ClearFaults()
	r.account.Chaos(r.seed, 0)
	if r.configs[0] == nil {
		r.configureAnew()
	}
	// Wait until lists and reads show the latest changes.
	_ = r.clock.Sleep(r.t.Context(), time.Minute)
	r.tell("all faults end; certificates are refused: %t", r.refused)
	r.recover()
	if r.t.Failed() {
		r.t.Logf("seed %d:\n  %s", r.seed, strings.Join(r.story, "\n  "))
	}
}

// step performs one random step of the story.
func (r *recoveryRun) step() {
	switch r.random.IntN(8) {
	case 0:
		r.refused = !r.refused
		r.account.RefuseCertificates(recoveryName, r.refused)
		r.tell("certificates are refused: %t", r.refused)
	case 1:
		if all := r.account.Hostnames(); len(all) > 0 {
			r.account.RemoveHostname(all[0].ID)
			r.tell("somebody deletes %d", all[0].ID)
		}
	case 2, 3:
		r.change()
	case 4:
		r.configs[0] = nil
		r.tell("the hostname is removed from the configuration")
		r.applyUnderFaults()
	default:
		r.configureAnew()
		r.applyUnderFaults()
	}
}

func (r *recoveryRun) configureAnew() {
	record := []int64{r.account.record.ID, r.account.record2.ID}[r.random.IntN(2)]
	kind := r.random.IntN(5)
	r.configs[0] = r.kind(kind)
	maps.Copy(r.configs[0], map[string]any{"site_id": fmt.Sprint(r.account.site.ID), "record_id": fmt.Sprint(record), "hostname": recoveryName})
	if r.configs[0]["cert_type"] == "free" && r.random.IntN(2) == 0 {
		r.configs[0]["certificate_apply_trigger"] = fmt.Sprint(r.random.IntN(3))
	}
	r.tell("kind %d on record %d is configured, trigger %v", kind, record, r.configs[0]["certificate_apply_trigger"])
}

// change changes the hostname like somebody in the console, or ESA itself.
func (r *recoveryRun) change() {
	all := r.account.Hostnames()
	if len(all) == 0 {
		return
	}
	pick := func(values ...string) string { return values[r.random.IntN(len(values))] }
	r.account.ChangeHostname(all[0].ID, func(h *fakeesa.Hostname) {
		switch r.random.IntN(5) {
		case 0:
			h.Status = pick("pending", "active", "conflicted", "offline", "configuring")
			h.ConflictWith, h.OfflineReason = "", ""
			switch h.Status {
			case "conflicted":
				h.ConflictWith = pick("existing_site", "existing_record", "existing_custom_hostname")
			case "offline":
				h.OfflineReason = "missing_icp"
			}
		case 1:
			h.CertStatus = pick("", "OK", "Applying", "ApplyFailed", "Expiring", "Expired")
		case 2:
			h.RecordID = r.account.record2.ID
		case 3:
			h.SSLFlag = "off"
		case 4:
			h.SSLFlag, h.CertType, h.CasID = "on", "upload", 0
			h.Certificate, h.PrivateKey = r.second.CertificatePEM, r.second.PrivateKeyPEM
		}
		r.tell("somebody makes it %s, %s, %s, %s, on record %d", h.Status, h.SSLFlag, h.CertType, h.CertStatus, h.RecordID)
	})
}

// applyUnderFaults applies while calls fail at random, or while one action is always refused.
func (r *recoveryRun) applyUnderFaults() {
	switch r.random.IntN(3) {
	case 0:
		share := r.random.Float64() * 0.9
		r.tell("%.0f %% of all calls fail", share*100)
		r.account.Chaos(r.random.Uint64(), share)
	case 1:
		actions := []string{"CreateCustomHostname", "UpdateCustomHostname", "DeleteCustomHostname", "GetCustomHostname", "ListCustomHostnames"}
		codes := []string{
			"InvalidParameter", "InvalidParameter.SiteId", "NoPermission", "Instance.NotOnline", "InternalException", "ServiceUnavailable", "Record.NotFound", "SiteNotFound",
			"CustomHostname.InvalidICP", "CustomHostname.ApplyCertFailed", "CustomHostname.SetCertFailed", "QuotaCheckFailed.Function", "Some.New",
		}
		fault := fakeesa.Fault{
			Action: actions[r.random.IntN(len(actions))], Code: codes[r.random.IntN(len(codes))], After: r.random.IntN(2) == 0, Skip: r.random.IntN(2), Times: []int{1, 3, -1}[r.random.IntN(3)],
		}
		r.tell("%s fails with %s, after its effect: %t, skip %d, times %d", fault.Action, fault.Code, fault.After, fault.Skip, fault.Times)
		r.account.Inject(fault)
	}
	r.apply()
	r.account.ClearFaults()
	r.account.Chaos(r.seed, 0)
}

// apply refreshes, plans and applies once, in a provider process of its own, and returns the errors. A new hostname must
// never be tainted.
func (r *recoveryRun) apply() (problems string) {
	r.server = newTimedServer(r.t, r.account, r.clock)
	before := r.states[0]
	for _, problem := range r.applyOne(0) {
		if problem.Severity == tfprotov6.DiagnosticSeverityError {
			problems += show(problem) + "\n"
		}
	}
	r.tell("apply: %s", strings.ReplaceAll(problems, "\n", " "))
	if before == nil && r.states[0] != nil && problems != "" {
		r.t.Errorf("seed %d: a new hostname is tainted: %s", r.seed, problems)
	}
	return problems
}

var importCommand = regexp.MustCompile(`terraform import 'ADDRESS' (\S+)`)

// recover applies until the plan is empty.
func (r *recoveryRun) recover() {
	imported := false
	for applies := 0; applies < 2; applies++ {
		problems := r.apply()
		command := importCommand.FindStringSubmatch(problems)
		switch {
		case problems == "":
		case command != nil && !imported:
			imported, applies = true, 0
			r.importFrom(command[1])
		case r.refused && strings.Contains(problems, "CertFailed"):
			return
		default:
			if applies == 1 {
				r.t.Errorf("seed %d: got an error after two applies: %s", r.seed, problems)
				return
			}
		}
	}
	if r.refused {
		// The plan keeps showing the certificate that ESA refuses.
		return
	}
	r.account.ResetRequests()
	if problems := r.apply(); problems != "" {
		r.t.Errorf("seed %d: got an error in the next plan: %s", r.seed, problems)
	}
	if writes := r.account.writes(); len(writes) != 0 {
		r.t.Errorf("seed %d: got writes %v in a plan after two applies, want none", r.seed, writes)
	}
	r.agree()
}

func (r *recoveryRun) importFrom(id string) {
	r.tell("import %s", id)
	if problems := r.imports(id); problems != nil {
		r.t.Fatalf("seed %d: import of %s: got %v\n  %s", r.seed, id, problems, strings.Join(r.story, "\n  "))
	}
}

// agree compares configuration, state and server.
func (r *recoveryRun) agree() {
	if r.states[0] == nil {
		r.t.Errorf("seed %d: the state has no hostname", r.seed)
		return
	}
	state, config := r.attributes(r.server.schema.ResourceSchemas["esa_custom_hostname"], r.states[0]), r.configs[0]
	for _, h := range r.account.Hostnames() {
		if fmt.Sprint(h.ID) != state["id"] {
			continue
		}
		certType, _ := config["cert_type"].(string)
		if h.SSLFlag == "off" {
			h.CertType = ""
		}
		if fmt.Sprint(h.RecordID) != config["record_id"] || h.SSLFlag != config["ssl_flag"] || h.CertType != certType || state["hostname"] != recoveryName {
			r.t.Errorf("seed %d: got %+v on the server\nstate %v\nconfiguration %v", r.seed, h, state, config)
		}
		return
	}
	r.t.Errorf("seed %d: the server does not have hostname %s of the state", r.seed, state["id"])
}
