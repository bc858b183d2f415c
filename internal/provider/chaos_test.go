package provider

import (
	"cmp"
	"context"
	"errors"
	"flag"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/hashicorp/terraform-plugin-go/tftypes"

	"terraform-provider-esa/internal/certcheck/certtest"
	"terraform-provider-esa/internal/esa"
	"terraform-provider-esa/internal/fakeesa"
)

var (
	chaosSeeds = flag.Int("chaos-seeds", 3, "how many seeds TestChaos plays")
	chaosFirst = flag.Uint64("chaos-first", 1, "the first of them; with -chaos-seeds=1, the one that failed")
)

// TestChaos takes 300 hostnames of all types through their life while a fifth of all calls fail, in about sixty ways. At the
// end server, state and configuration agree, nothing was created twice, and nothing is left.
func TestChaos(t *testing.T) {
	t.Parallel()
	first := certtest.Issue(t, certtest.Spec{DNSNames: []string{"*.customer.com"}, Intermediate: 1})
	second := certtest.Issue(t, certtest.Spec{DNSNames: []string{"*.customer.com"}, Intermediate: 1, NotAfter: time.Now().AddDate(1, 0, 0)})
	var mu sync.Mutex
	met := map[string]int{}
	t.Run("seeds", func(t *testing.T) {
		for i := range *chaosSeeds {
			seed := *chaosFirst + uint64(i)
			t.Run(fmt.Sprint(seed), func(t *testing.T) {
				t.Parallel()
				c := newChaosRun(t, seed, first, second)
				c.play()
				mu.Lock()
				defer mu.Unlock()
				for name, n := range c.account.ChaosMet() {
					met[name] += n
				}
			})
		}
	})
	total := 0
	for _, n := range met {
		total += n
	}
	t.Logf("%d seeds from %d: %d faults of %d kinds", *chaosSeeds, *chaosFirst, total, len(met))
	if kinds := len(fakeesa.HollowFaults()) + len(fakeesa.Refusals()) + 2*len(fakeesa.UnclearFaults()); *chaosSeeds >= 20 && len(met) != kinds {
		t.Errorf("got faults of %d kinds, want %d", len(met), kinds)
	}
}

// chaosRun is a site with hostnames, on which ten operations run at a time, like in a CLI.
type chaosRun struct {
	t             *testing.T
	seed          uint64
	account       *account
	server        *server
	resource      string // the type of resource, esa_custom_hostname by default
	first, second certtest.Pair
	states        []*tfprotov6.DynamicValue // of hostname i; nil if it has none
	private       [][]byte                  // private state of hostname i
	configs       []map[string]any
}

const chaosHostnames = 300

// hurriedClock runs 200 times as fast as the real one. Unlike fastClock, it allows many waits at the same time. It stands
// still while the machine is too busy to run the test: otherwise a second without a response would look like an outage.
type hurriedClock struct {
	mu   sync.Mutex
	now  time.Time
	seen time.Time // the real time of the last tick
}

const (
	hurry     = 200
	hurryTick = 5 * time.Millisecond
)

func newHurriedClock(t *testing.T) *hurriedClock {
	c := &hurriedClock{now: time.Now(), seen: time.Now()}
	ticker, done := time.NewTicker(hurryTick), make(chan struct{})
	go func() {
		for {
			select {
			case <-ticker.C:
				c.Now()
			case <-done:
				return
			}
		}
	}()
	t.Cleanup(func() { ticker.Stop(); close(done) })
	return c
}

func (c *hurriedClock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	actual := time.Now()
	c.now = c.now.Add(hurry * min(actual.Sub(c.seen), 4*hurryTick))
	c.seen = actual
	return c.now
}

func (c *hurriedClock) Sleep(ctx context.Context, d time.Duration) error {
	return esa.SystemClock{}.Sleep(ctx, d/hurry)
}

func newChaosRun(t *testing.T, seed uint64, first, second certtest.Pair) *chaosRun {
	random := rand.New(rand.NewPCG(seed, 0))
	clock := newHurriedClock(t)
	a := newAccount(t, drawOptions(t, random, fakeesa.Options{
		Now: clock.Now, LargeIDs: random.IntN(2) == 0, NotFoundGets: random.IntN(3), VerifyCodeGets: random.IntN(2), DeletingGets: random.IntN(3),
		PublishAtOnce: random.IntN(2) == 0, CreateLimitPerHour: fakeesa.NoLimit,
	}), everyReading()...)
	c := &chaosRun{
		t: t, seed: seed, account: a, server: newTimedServer(t, a, clock), first: first, second: second,
		states: make([]*tfprotov6.DynamicValue, chaosHostnames), private: make([][]byte, chaosHostnames), configs: make([]map[string]any, chaosHostnames),
	}
	a.Chaos(seed, 0.2)
	return c
}

// newQuietRun returns a run of one hostname without faults, for tests that need no CLI.
func newQuietRun(t *testing.T, a *account, config map[string]any) *chaosRun {
	t.Helper()
	maps.Copy(config, map[string]any{"site_id": fmt.Sprint(a.site.ID), "record_id": fmt.Sprint(a.record.ID), "hostname": name})
	return &chaosRun{
		t: t, account: a, server: newServer(t, a), configs: []map[string]any{config},
		states: make([]*tfprotov6.DynamicValue, 1), private: make([][]byte, 1),
	}
}

// validation returns a run of one esa_custom_hostname_validation on the same server.
func (c *chaosRun) validation(config map[string]any) *chaosRun {
	return &chaosRun{
		t: c.t, account: c.account, server: c.server, resource: "esa_custom_hostname_validation", configs: []map[string]any{config},
		states: make([]*tfprotov6.DynamicValue, 1), private: make([][]byte, 1),
	}
}

// drawOptions sets each reading at random, in the order of fakeesa.Readings, and logs them if the test fails.
func drawOptions(t *testing.T, random *rand.Rand, options fakeesa.Options) fakeesa.Options {
	t.Helper()
	var drawn []string
	for _, r := range fakeesa.Readings() {
		value := r.Values[random.IntN(len(r.Values))]
		if err := options.SetReading(r.Name, value); err != nil {
			t.Fatal(err)
		}
		if value != r.Values[0] {
			drawn = append(drawn, r.Name+"="+value)
		}
	}
	t.Cleanup(func() {
		if t.Failed() {
			t.Logf("the world: %s", strings.Join(drawn, ","))
		}
	})
	return options
}

// everyReading returns the names of all readings, for accounts that ignore -world.
func everyReading() (names []string) {
	for _, r := range fakeesa.Readings() {
		names = append(names, r.Name)
	}
	return names
}

// kind returns the certificate arguments of hostname number n. With n+1 they are those of another certificate.
func (c *chaosRun) kind(n int) map[string]any {
	uploaded := func(pair certtest.Pair) map[string]any {
		return map[string]any{"ssl_flag": "on", "cert_type": "upload", "certificate": pair.CertificatePEM, "private_key_wo": pair.PrivateKeyPEM}
	}
	return []map[string]any{
		{"ssl_flag": "off"},
		{"ssl_flag": "on", "cert_type": "free"},
		uploaded(c.first),
		uploaded(c.second),
		{"ssl_flag": "on", "cert_type": "cas", "cas_id": casID},
	}[n%5]
}

func (c *chaosRun) configure(record int64, shift int) {
	for i := range c.configs {
		c.configs[i] = c.kind(i + shift)
		maps.Copy(c.configs[i], map[string]any{
			"site_id": fmt.Sprint(c.account.site.ID), "record_id": fmt.Sprint(record), "hostname": fmt.Sprintf("h%03d.customer.com", i),
		})
	}
}

func (c *chaosRun) play() {
	c.configure(c.account.record.ID, 0)
	c.apply("create")
	c.account.Chaos(c.seed, 0)
	c.compare(c.account.record.ID)

	c.account.Chaos(c.seed+1<<32, 0.2)
	c.configure(c.account.record2.ID, 1)
	c.apply("change")
	c.account.Chaos(c.seed, 0)
	c.compare(c.account.record2.ID)

	c.account.Chaos(c.seed+2<<32, 0.2)
	c.applyForCertificates()
	c.account.Chaos(c.seed, 0)
	c.compare(c.account.record2.ID)

	c.account.Chaos(c.seed+3<<32, 0.2)
	for i := range c.configs {
		c.configs[i] = nil
	}
	c.apply("destroy")
	if left := c.account.Hostnames(); len(left) != 0 {
		c.t.Errorf("seed %d: got %d hostnames after destroy, want none; one is %+v", c.seed, len(left), left[0])
	}
}

// applyForCertificates has all free certificates fail, and applies for them again.
func (c *chaosRun) applyForCertificates() {
	var free []int64
	for _, h := range c.account.Hostnames() {
		if h.SSLFlag == "on" && h.CertType == "free" {
			free = append(free, h.ID)
			c.account.ChangeHostname(h.ID, func(h *fakeesa.Hostname) { h.Status, h.CertStatus = "active", "ApplyFailed" })
		}
	}
	for _, config := range c.configs {
		if config["cert_type"] == "free" {
			config["certificate_apply_trigger"] = "again"
		}
	}
	c.apply("application")
	for _, id := range free {
		if h, _ := c.account.Hostname(id); h.CertStatus != "Applying" && h.CertStatus != "OK" {
			c.t.Errorf("seed %d: %s: got certificate status %s, want Applying or OK", c.seed, h.Hostname, h.CertStatus)
		}
	}
	if len(free) == 0 {
		c.t.Errorf("seed %d: got no free certificate, want some", c.seed)
	}
}

// apply refreshes, plans and applies all hostnames, ten at a time. All must succeed at once.
func (c *chaosRun) apply(what string) {
	var group sync.WaitGroup
	work := make(chan int)
	for range 10 {
		group.Go(func() {
			for i := range work {
				for _, problem := range c.applyOne(i) {
					if problem.Severity == tfprotov6.DiagnosticSeverityError {
						c.t.Errorf("seed %d, %s of hostname %d: %s", c.seed, what, i, show(problem))
					}
				}
			}
		})
	}
	for i := range c.configs {
		work <- i
	}
	close(work)
	group.Wait()
	if c.t.Failed() {
		c.t.FailNow()
	}
}

// applyOne does for one resource what Terraform does.
func (c *chaosRun) applyOne(i int) []*tfprotov6.Diagnostic {
	ctx := c.t.Context()
	if c.states[i] != nil {
		read, err := c.readOne(ctx, i)
		if err != nil {
			return problemOf(err)
		}
		if failed(read.Diagnostics) {
			return read.Diagnostics
		}
		c.keep(i, read.NewState, read.Private)
	}
	change, planned, err := c.planOne(ctx, i)
	if err != nil {
		return problemOf(err)
	}
	if failed(planned.Diagnostics) || len(planned.RequiresReplace) > 0 {
		return planned.Diagnostics
	}
	if same, err := sameValue(c.schema(), change.PriorState, planned.PlannedState); err != nil || same {
		return problemOf(err)
	}
	applied, err := c.server.ApplyResourceChange(ctx, change)
	if err != nil {
		return problemOf(err)
	}
	c.keep(i, applied.NewState, applied.Private)
	if err := consistent(c.schema(), planned.PlannedState, applied.NewState); err != nil {
		return append(applied.Diagnostics, problemOf(err)...)
	}
	return applied.Diagnostics
}

// typeName returns the type of the resources.
func (c *chaosRun) typeName() string { return cmp.Or(c.resource, "esa_custom_hostname") }

func (c *chaosRun) schema() *tfprotov6.Schema { return c.server.schema.ResourceSchemas[c.typeName()] }

// readOne refreshes a resource that has a state.
func (c *chaosRun) readOne(ctx context.Context, i int) (*tfprotov6.ReadResourceResponse, error) {
	return c.server.ReadResource(ctx, &tfprotov6.ReadResourceRequest{TypeName: c.typeName(), CurrentState: c.states[i], Private: c.private[i]})
}

// planOne plans a resource. It returns the request that applies the plan, and the plan.
func (c *chaosRun) planOne(ctx context.Context, i int) (*tfprotov6.ApplyResourceChangeRequest, *tfprotov6.PlanResourceChangeResponse, error) {
	schema := c.schema()
	none, err := tfprotov6.NewDynamicValue(schema.ValueType(), tftypes.NewValue(schema.ValueType(), nil))
	if err != nil {
		return nil, nil, err
	}
	prior, config, proposed := c.states[i], &none, &none
	if prior == nil {
		prior = &none
	}
	if c.configs[i] != nil {
		config, proposed = dynamic(c.t, schema, c.configs[i]), c.proposed(schema, prior, c.configs[i])
	}
	planned, err := c.server.PlanResourceChange(ctx, &tfprotov6.PlanResourceChangeRequest{
		TypeName: c.typeName(), PriorState: prior, PriorPrivate: c.private[i], ProposedNewState: proposed, Config: config,
	})
	if err != nil {
		return nil, nil, err
	}
	return &tfprotov6.ApplyResourceChangeRequest{
		TypeName: c.typeName(), PriorState: prior, PlannedState: planned.PlannedState, Config: config, PlannedPrivate: planned.PlannedPrivate, PlannedIdentity: planned.PlannedIdentity,
	}, planned, nil
}

// imports imports the first hostname by its import id.
func (c *chaosRun) imports(id string) (problems []string) {
	return c.importsBy(&tfprotov6.ImportResourceStateRequest{TypeName: "esa_custom_hostname", ID: id})
}

// importsBy imports the first hostname.
func (c *chaosRun) importsBy(target *tfprotov6.ImportResourceStateRequest) (problems []string) {
	made, err := c.server.ImportResourceState(c.t.Context(), target)
	if err != nil {
		return []string{err.Error()}
	}
	if failed(made.Diagnostics) || len(made.ImportedResources) != 1 {
		return append(shown(made.Diagnostics), fmt.Sprintf("%d resources", len(made.ImportedResources)))
	}
	c.keep(0, made.ImportedResources[0].State, made.ImportedResources[0].Private)
	return nil
}

// keep stores the state and private state of a response.
func (c *chaosRun) keep(i int, state *tfprotov6.DynamicValue, private []byte) {
	c.states[i], c.private[i] = state, private
	if none, err := state.IsNull(); err != nil || none {
		c.states[i], c.private[i] = nil, nil
	}
}

// consistent returns an error for what Terraform calls an inconsistent result after apply: a value that is unknown, or not
// the planned one.
func consistent(schema *tfprotov6.Schema, planned, applied *tfprotov6.DynamicValue) error {
	promised, err := planned.Unmarshal(schema.ValueType())
	if err != nil {
		return err
	}
	made, err := applied.Unmarshal(schema.ValueType())
	switch {
	case err != nil || promised.IsNull() && made.IsNull():
		return err
	case made.IsNull() || !made.IsFullyKnown():
		return fmt.Errorf("got the new state %s, want a known one", made)
	}
	var before, after map[string]tftypes.Value
	if err := errors.Join(promised.As(&before), made.As(&after)); err != nil {
		return err
	}
	for name, value := range before {
		if value.IsFullyKnown() && !value.Equal(after[name]) {
			return fmt.Errorf("%s: planned %s, got %s", name, value, after[name])
		}
	}
	return nil
}

// sameValue reports whether two values are equal.
func sameValue(schema *tfprotov6.Schema, a, b *tfprotov6.DynamicValue) (bool, error) {
	first, err := a.Unmarshal(schema.ValueType())
	if err != nil {
		return false, err
	}
	second, err := b.Unmarshal(schema.ValueType())
	return err == nil && first.Equal(second), err
}

// failed reports whether a diagnostic is an error.
func failed(problems []*tfprotov6.Diagnostic) bool {
	return slices.ContainsFunc(problems, func(problem *tfprotov6.Diagnostic) bool { return problem.Severity == tfprotov6.DiagnosticSeverityError })
}

func problemOf(err error) []*tfprotov6.Diagnostic {
	if err == nil {
		return nil
	}
	return []*tfprotov6.Diagnostic{{Severity: tfprotov6.DiagnosticSeverityError, Summary: "no answer", Detail: err.Error()}}
}

// proposed returns the configuration with the prior values of computed attributes. Write-only arguments are null.
func (c *chaosRun) proposed(schema *tfprotov6.Schema, prior *tfprotov6.DynamicValue, config map[string]any) *tfprotov6.DynamicValue {
	all := maps.Clone(config)
	delete(all, "private_key_wo")
	before := c.attributes(schema, prior)
	for _, attribute := range schema.Block.Attributes {
		if attribute.Computed && all[attribute.Name] == nil && before[attribute.Name] != "" {
			all[attribute.Name] = before[attribute.Name]
		}
	}
	return dynamic(c.t, schema, all)
}

// attributes returns the strings of a state that are not null.
func (c *chaosRun) attributes(schema *tfprotov6.Schema, state *tfprotov6.DynamicValue) map[string]string {
	value, err := state.Unmarshal(schema.ValueType())
	if err != nil {
		c.t.Error(err)
		return nil
	}
	all := map[string]string{}
	values := map[string]tftypes.Value{}
	if value.IsNull() || value.As(&values) != nil {
		return all
	}
	for name, v := range values {
		var text string
		if v.IsKnown() && !v.IsNull() && v.As(&text) == nil {
			all[name] = text
		}
	}
	return all
}

// compare compares server, state and configuration. Then it refreshes and plans all hostnames once more, which must change
// nothing.
func (c *chaosRun) compare(record int64) {
	schema := c.server.schema.ResourceSchemas["esa_custom_hostname"]
	made := map[string]fakeesa.Hostname{}
	for _, h := range c.account.Hostnames() {
		if _, twice := made[h.Hostname]; twice {
			c.t.Errorf("seed %d: %s was created twice", c.seed, h.Hostname)
		}
		made[h.Hostname] = h
	}
	if len(made) != len(c.configs) {
		c.t.Errorf("seed %d: got %d hostnames on the server, want %d", c.seed, len(made), len(c.configs))
	}
	var ids []string
	for i, config := range c.configs {
		h, state := made[fmt.Sprint(config["hostname"])], c.attributes(schema, c.states[i])
		ids = append(ids, state["id"])
		if state["id"] != fmt.Sprint(h.ID) || h.RecordID != record || state["record_id"] != fmt.Sprint(record) {
			c.t.Errorf("seed %d: got %s as %+v on the server, and %v in state", c.seed, h.Hostname, h, state)
		}
		for attribute, actual := range map[string]string{"ssl_flag": h.SSLFlag, "cert_type": h.CertType, "certificate": h.Certificate} {
			want, _ := config[attribute].(string)
			if h.SSLFlag == "off" && attribute != "ssl_flag" {
				actual = "" // of the last certificate, which is not kept
			}
			if actual != want || state[attribute] != want {
				c.t.Errorf("seed %d: got %s of %s as %.30q on the server and %.30q in state, want %.30q", c.seed, attribute, h.Hostname, actual, state[attribute], want)
			}
		}
		if key, _ := config["private_key_wo"].(string); h.SSLFlag == "on" && h.PrivateKey != key {
			c.t.Errorf("seed %d: %s has another key than configured", c.seed, h.Hostname)
		}
	}
	effects := map[int64]bool{}
	for _, request := range c.account.RequestsOf("CreateCustomHostname") {
		effects[request.HostnameID] = true
	}
	if delete(effects, 0); len(effects) > len(c.configs) {
		c.t.Errorf("seed %d: got %d hostnames created in total, want %d", c.seed, len(effects), len(c.configs))
	}
	slices.Sort(ids)
	if unique := len(slices.Compact(ids)); unique != len(c.configs) {
		c.t.Errorf("seed %d: got %d ids for %d hostnames", c.seed, unique, len(c.configs))
	}
	c.account.ResetRequests()
	c.apply("plan with nothing to do")
	if writes := c.account.writes(); len(writes) != 0 {
		c.t.Errorf("seed %d: got writes %v in a plan without changes, want none", c.seed, writes)
	}
}
