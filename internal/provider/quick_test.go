package provider

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"maps"
	"math/big"
	"math/rand/v2"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/hashicorp/terraform-plugin-go/tftypes"

	"terraform-provider-esa/internal/certcheck/certtest"
	"terraform-provider-esa/internal/fakeesa"
)

var quickCases = flag.Int("quick-cases", 400, "random cases for TestQuick")

// dayClock is a clock that each case sets to a day.
type dayClock struct {
	start time.Time
	ahead atomic.Int64
}

func (c *dayClock) Now() time.Time { return c.start.Add(time.Duration(c.ahead.Load())) }

func (c *dayClock) Sleep(ctx context.Context, d time.Duration) error {
	c.ahead.Add(int64(d))
	return ctx.Err()
}

// twoWays is an account with two servers: one as users have it, and one that always calls the framework.
type twoWays struct {
	account *account
	clock   *dayClock
	quick   quickServer
	long    tfprotov6.ProviderServer
	first   tfprotov6.ProviderServer // reads the state that a case begins with; a read by one of the others would change what it remembers
	schemas *tfprotov6.GetProviderSchemaResponse
	// pool has values by attribute. Values for all other attributes have the key "".
	pool  map[string][]any
	ids   []int64
	count map[string]int // quick responses and cases, by call
}

// newTwoWays creates an account with some hostnames. config has further arguments of the provider.
func newTwoWays(t testing.TB, config map[string]any) *twoWays {
	t.Helper()
	w := &twoWays{clock: &dayClock{start: time.Now()}, count: map[string]int{}}
	w.account = newAccount(t, fakeesa.Options{Now: w.clock.Now})
	t.Setenv(longWay, "1")
	w.long = newTimedServer(t, nil, w.clock).ProviderServer
	w.first = newTimedServer(t, nil, w.clock).ProviderServer
	t.Setenv(longWay, "")
	s := newTimedServer(t, nil, w.clock)
	w.schemas = s.schema
	quick, ok := s.ProviderServer.(quickServer)
	if !ok {
		t.Fatal("the provider has no quick responses")
	}
	w.quick = quick
	all := map[string]any{"access_key": w.account.Options().AccessKeyID, "secret_key": w.account.Options().AccessKeySecret, "endpoint": w.account.URL()}
	maps.Copy(all, config)
	for _, server := range []tfprotov6.ProviderServer{w.quick, w.long, w.first} {
		resp, err := server.ConfigureProvider(t.Context(), &tfprotov6.ConfigureProviderRequest{
			TerraformVersion: "1.12.0", Config: dynamic(t, s.schema.Provider, all),
			ClientCapabilities: &tfprotov6.ConfigureProviderClientCapabilities{DeferralAllowed: true},
		})
		if err != nil {
			t.Fatal(err)
		}
		noProblems(t, resp.Diagnostics)
	}
	w.fill(t)
	return w
}

func (w *twoWays) fill(t testing.TB) {
	t.Helper()
	var chains, keys []any
	for i, days := range []int{10, 60, 300} {
		pair := certtest.Issue(t, certtest.Spec{DNSNames: []string{name, "h0.customer.com", "h1.customer.com", "h2.customer.com"}, Intermediate: i % 2, NotAfter: time.Now().AddDate(0, 0, days)})
		chains = append(chains, pair.CertificatePEM, strings.ReplaceAll(pair.CertificatePEM, "\n", "\r\n"))
		keys = append(keys, pair.PrivateKeyPEM)
		w.ids = append(w.ids, w.account.AddHostname(fakeesa.Hostname{
			SiteID: w.account.site.ID, RecordID: w.account.record.ID, Hostname: fmt.Sprintf("h%d.customer.com", i),
			SSLFlag: "on", CertType: "upload", Certificate: pair.CertificatePEM, PrivateKey: pair.PrivateKeyPEM,
		}).ID)
	}
	for i, kind := range []string{"free", "cas", ""} {
		made := fakeesa.Hostname{SiteID: w.account.site.ID, RecordID: w.account.record.ID, Hostname: fmt.Sprintf("i%d.customer.com", i), SSLFlag: "on", CertType: kind}
		switch kind {
		case "cas":
			made.CasID, made.CasRegion = 30000478, "cn-hangzhou"
		case "":
			made.SSLFlag = "off"
		}
		w.ids = append(w.ids, w.account.AddHostname(made).ID)
	}
	w.pool = map[string][]any{
		"ssl_flag": {"on", "off"}, "cert_type": {"free", "upload", "cas"}, "certificate": append(chains, "", "garbage"),
		"private_key": append(keys, "garbage"), "private_key_wo": append(keys, "garbage"), "cas_region": {"cn-hangzhou", "ap-southeast-1"},
		"site_id": {fmt.Sprint(w.account.site.ID), "17"}, "record_id": {fmt.Sprint(w.account.record.ID), fmt.Sprint(w.account.record2.ID), "x"},
		"id": {fmt.Sprint(w.ids[0]), "x", "18"}, "hostname_id": {fmt.Sprint(w.ids[0]), "18"}, "hostname": {name, "other.customer.org", strings.ToUpper(name)},
		"wait_for": {"ownership", "certificate"}, "": {"a", "2026-01-01T00:00:00Z", "OK", "active"},
	}
}

// values are the attributes of a state, plan or configuration.
type values map[string]tftypes.Value

// another returns another value for an attribute. It may be null, and unknown if that is allowed.
func (w *twoWays) another(r *rand.Rand, name string, kind tftypes.Type, mayBeUnknown bool) tftypes.Value {
	if n := r.IntN(8); n == 0 {
		return tftypes.NewValue(kind, nil)
	} else if n == 1 && mayBeUnknown {
		return tftypes.NewValue(kind, tftypes.UnknownValue)
	}
	switch kind := kind.(type) {
	case tftypes.Object:
		all := values{}
		for name, kind := range kind.AttributeTypes {
			all[name] = tftypes.NewValue(kind, []any{nil, "3h", "x"}[r.IntN(3)])
		}
		return tftypes.NewValue(kind, map[string]tftypes.Value(all))
	case tftypes.Map:
		return tftypes.NewValue(kind, map[string]tftypes.Value{"a": tftypes.NewValue(kind.ElementType, "b")})
	}
	if kind.Is(tftypes.Number) {
		return tftypes.NewValue(kind, big.NewFloat(float64(r.IntN(3))))
	}
	pool := w.pool[name]
	if pool == nil {
		pool = w.pool[""]
	}
	return tftypes.NewValue(kind, pool[r.IntN(len(pool))])
}

// happens changes a hostname like others do before it is read.
func (w *twoWays) happens(r *rand.Rand, id int64) {
	text := func() string { return []string{"", "a", "other"}[r.IntN(3)] }
	change := []func(*fakeesa.Hostname){
		func(h *fakeesa.Hostname) {
			h.Status = []string{"pending", "active", "conflicted", "offline", "configuring"}[r.IntN(5)]
		},
		func(h *fakeesa.Hostname) { h.CertStatus = []string{"OK", "Applying", "Expiring"}[r.IntN(3)] },
		func(h *fakeesa.Hostname) { h.OfflineReason, h.ConflictWith = text(), text() },
		func(h *fakeesa.Hostname) { h.VerifyHost, h.VerifyCode = text(), text() },
		func(h *fakeesa.Hostname) { h.CertTxtKey, h.CertTxtValue = text(), text() },
		func(h *fakeesa.Hostname) { h.CertHTTPKey, h.CertHTTPValue = text(), text() },
		func(h *fakeesa.Hostname) { h.CertApplyCode, h.CertApplyMessage = int64(r.IntN(3)), text() },
		func(h *fakeesa.Hostname) {
			h.RecordID = []int64{w.account.record.ID, w.account.record2.ID}[r.IntN(2)]
		},
		func(h *fakeesa.Hostname) { h.SSLFlag = []string{"on", "off"}[r.IntN(2)] },
	}[r.IntN(9)]
	w.account.ChangeHostname(id, func(h *fakeesa.Hostname) {
		change(h)
		if r.IntN(2) == 0 {
			h.UpdateTime = h.UpdateTime.Add(time.Nanosecond) // In seconds, the time does not change.
		}
	})
}

// play plays a case, and returns the differences between the two servers.
func (w *twoWays) play(t testing.TB, r *rand.Rand, focus string) (diff string) {
	t.Helper()
	w.clock.ahead.Store(int64(time.Duration(r.IntN(400)) * 24 * time.Hour / time.Duration(1+r.IntN(20))))
	resource := []string{"esa_custom_hostname", "esa_custom_hostname", "esa_custom_hostname_validation"}[r.IntN(3)]
	schema := w.schemas.ResourceSchemas[resource]
	object, _ := schema.ValueType().(tftypes.Object)
	id := w.ids[r.IntN(len(w.ids))]
	pack := func(all values) *tfprotov6.DynamicValue {
		value, err := tfprotov6.NewDynamicValue(object, tftypes.NewValue(object, map[string]tftypes.Value(all)))
		if err != nil {
			t.Fatal(err)
		}
		return &value
	}
	// The state is what was read, with some changes.
	given := map[string]any{"id": fmt.Sprint(id)}
	if resource == "esa_custom_hostname_validation" {
		given = map[string]any{"hostname_id": fmt.Sprint(id), "wait_for": "certificate"}
	}
	first, err := w.first.ReadResource(t.Context(), &tfprotov6.ReadResourceRequest{TypeName: resource, CurrentState: dynamic(t, schema, given)})
	if err != nil {
		t.Fatal(err)
	}
	start := first.NewState
	if len(first.Diagnostics) > 0 {
		start = dynamic(t, schema, given)
	}
	state := values{}
	if value, err := start.Unmarshal(object); err != nil || value.As((*map[string]tftypes.Value)(&state)) != nil {
		return ""
	}
	names := slices.Sorted(maps.Keys(object.AttributeTypes))
	some := func() string {
		if focus != "" && object.AttributeTypes[focus] != nil && r.IntN(2) == 0 {
			return focus
		}
		return names[r.IntN(len(names))]
	}
	for range []int{0, 0, 0, 1, 1, 2}[r.IntN(6)] {
		name := some()
		state[name] = w.another(r, name, object.AttributeTypes[name], r.IntN(10) == 0)
	}
	if r.IntN(2) == 0 {
		w.happens(r, id)
	}
	private := [][]byte{nil, nil, nil, nil, nil, nil, []byte(`{"a":"e30="}`), []byte(`{".import_before_read":"dHJ1ZQ=="}`)}[r.IntN(8)]
	identity := w.identity(t, r, resource, state)
	diff += w.compareRead(t, &tfprotov6.ReadResourceRequest{TypeName: resource, CurrentState: pack(state), CurrentIdentity: identity, Private: private}, object)

	// The configuration has the values of the state that can be configured, with some changes.
	config, proposed := values{}, values{}
	attributes := map[string]*tfprotov6.SchemaAttribute{}
	for _, attribute := range schema.Block.Attributes {
		attributes[attribute.Name] = attribute
	}
	for _, name := range names {
		config[name] = state[name]
		if a := attributes[name]; a != nil && a.Computed && (!a.Optional || r.IntN(2) == 0) {
			config[name] = tftypes.NewValue(object.AttributeTypes[name], nil)
		}
	}
	if keys := w.pool["private_key_wo"]; resource == "esa_custom_hostname" && r.IntN(2) == 0 {
		config["private_key_wo"] = tftypes.NewValue(tftypes.String, keys[r.IntN(len(keys))])
	}
	for range []int{0, 0, 1, 2}[r.IntN(4)] {
		name := some()
		config[name] = w.another(r, name, object.AttributeTypes[name], true)
	}
	diff += w.compareOthers(t, resource, schema.Version, start, pack(config), r.IntN(4) > 0, object)
	asCore := r.IntN(4) > 0
	for _, name := range names {
		proposed[name] = config[name]
		if a := attributes[name]; a != nil && (config[name].IsNull() && a.Computed || !asCore) {
			proposed[name] = state[name]
		} else if a != nil && a.WriteOnly && r.IntN(2) == 0 {
			proposed[name] = tftypes.NewValue(object.AttributeTypes[name], nil)
		}
	}
	diff += w.comparePlan(t, &tfprotov6.PlanResourceChangeRequest{
		TypeName: resource, PriorState: pack(state), ProposedNewState: pack(proposed), Config: pack(config),
		PriorIdentity: identity, PriorPrivate: private,
	}, object)
	return diff
}

// identity returns an identity as the CLI may send it: none, like older CLIs, null values, the correct one, or another one.
func (w *twoWays) identity(t testing.TB, r *rand.Rand, resource string, state values) *tfprotov6.ResourceIdentityData {
	t.Helper()
	of := map[string]tftypes.Value{"hostname_id": state["id"], "site_id": state["site_id"], "hostname": state["hostname"]}
	switch n := r.IntN(8); {
	case n < 3, resource != "esa_custom_hostname" && r.IntN(10) > 0:
		return nil
	case n == 3, resource != "esa_custom_hostname":
		for name := range of {
			of[name] = tftypes.NewValue(tftypes.String, nil)
		}
	case n == 4:
		of["site_id"] = tftypes.NewValue(tftypes.String, "other")
	}
	for name, value := range of {
		if !value.IsKnown() {
			of[name] = tftypes.NewValue(tftypes.String, nil)
		}
	}
	return identityData(t, of)
}

// identityData returns the identity of a hostname as the CLI sends it.
func identityData(t testing.TB, of map[string]tftypes.Value) *tfprotov6.ResourceIdentityData {
	t.Helper()
	kind := tftypes.Object{AttributeTypes: map[string]tftypes.Type{"hostname_id": tftypes.String, "site_id": tftypes.String, "hostname": tftypes.String}}
	value, err := tfprotov6.NewDynamicValue(kind, tftypes.NewValue(kind, of))
	if err != nil {
		t.Fatal(err)
	}
	return &tfprotov6.ResourceIdentityData{IdentityData: &value}
}

func (w *twoWays) counted(call string, quick bool) {
	w.count[call]++
	if quick {
		w.count["quick "+call]++
	}
}

func (w *twoWays) compareRead(t testing.TB, req *tfprotov6.ReadResourceRequest, object tftypes.Object) string {
	t.Helper()
	now := w.clock.ahead.Load()
	w.account.ResetRequests()
	quick, err := w.quick.ReadResource(t.Context(), req)
	if err != nil {
		t.Fatal(err)
	}
	quickCalls := w.calls()
	w.clock.ahead.Store(now) // The quick way may have waited. Both servers read at the same time.
	long, err := w.long.ReadResource(t.Context(), req)
	if err != nil {
		t.Fatal(err)
	}
	longCalls := w.calls()
	w.counted("read", quick.NewState == req.CurrentState)
	return differ("read", object,
		[]*tfprotov6.DynamicValue{quick.NewState, long.NewState}, []*tfprotov6.ResourceIdentityData{quick.NewIdentity, long.NewIdentity},
		[][]*tfprotov6.Diagnostic{quick.Diagnostics, long.Diagnostics}, []any{string(quick.Private), quick.Deferred, quickCalls}, []any{string(long.Private), long.Deferred, longCalls})
}

// calls returns the calls since the last time.
func (w *twoWays) calls() (all []string) {
	for _, request := range w.account.Requests() {
		all = append(all, fmt.Sprintf("%s %d: %d", request.Action, request.HostnameID, request.Status))
	}
	w.account.ResetRequests()
	return all
}

func (w *twoWays) comparePlan(t testing.TB, req *tfprotov6.PlanResourceChangeRequest, object tftypes.Object) string {
	t.Helper()
	quick, err := w.quick.PlanResourceChange(t.Context(), req)
	if err != nil {
		t.Fatal(err)
	}
	long, err := w.long.PlanResourceChange(t.Context(), req)
	if err != nil {
		t.Fatal(err)
	}
	w.counted("plan", quick.PlannedState == req.PriorState)
	return differ("plan", object,
		[]*tfprotov6.DynamicValue{quick.PlannedState, long.PlannedState}, []*tfprotov6.ResourceIdentityData{quick.PlannedIdentity, long.PlannedIdentity},
		[][]*tfprotov6.Diagnostic{quick.Diagnostics, long.Diagnostics},
		[]any{string(quick.PlannedPrivate), quick.Deferred, fmt.Sprint(quick.RequiresReplace)},
		[]any{string(long.PlannedPrivate), long.Deferred, fmt.Sprint(long.RequiresReplace)})
}

// compareOthers compares upgrades of states, and validations.
func (w *twoWays) compareOthers(t testing.TB, resource string, version int64, state, config *tfprotov6.DynamicValue, writeOnly bool, object tftypes.Object) (diff string) {
	t.Helper()
	var all map[string]tftypes.Value
	if value, err := state.Unmarshal(object); err != nil || value.As(&all) != nil {
		t.Fatal(err)
	}
	file := map[string]any{"of_an_older_release": 1}
	for name, value := range all {
		if text := ""; value.Type().Is(tftypes.String) && !value.IsNull() && value.As(&text) == nil {
			file[name] = text
		}
	}
	raw, err := json.Marshal(file)
	if err != nil {
		t.Fatal(err)
	}
	var upgraded []*tfprotov6.DynamicValue
	var upgrades, checks [][]*tfprotov6.Diagnostic
	for _, server := range []tfprotov6.ProviderServer{w.quick, w.long} {
		upgrade, err := server.UpgradeResourceState(t.Context(), &tfprotov6.UpgradeResourceStateRequest{TypeName: resource, Version: version, RawState: &tfprotov6.RawState{JSON: raw}})
		if err != nil {
			t.Fatal(err)
		}
		upgraded, upgrades = append(upgraded, upgrade.UpgradedState), append(upgrades, upgrade.Diagnostics)
		req := &tfprotov6.ValidateResourceConfigRequest{
			TypeName: resource, Config: config,
			ClientCapabilities: &tfprotov6.ValidateResourceConfigClientCapabilities{WriteOnlyAttributesAllowed: writeOnly},
		}
		if server == w.long {
			w.counted("validate", w.quick.resources[resource].check(t.Context(), req) != nil)
		}
		check, err := server.ValidateResourceConfig(t.Context(), req)
		if err != nil {
			t.Fatal(err)
		}
		checks = append(checks, check.Diagnostics)
	}
	none := []*tfprotov6.ResourceIdentityData{nil, nil}
	return differ("upgrade", object, upgraded, none, upgrades, nil, nil) + differ("validate", object, []*tfprotov6.DynamicValue{nil, nil}, none, checks, nil, nil)
}

// TestQuickUpgrade compares the upgrades of states that cannot be read, or only in part.
func TestQuickUpgrade(t *testing.T) {
	w := newTwoWays(t, nil)
	for _, resource := range slices.Sorted(maps.Keys(w.quick.resources)) {
		object, ok := w.schemas.ResourceSchemas[resource].ValueType().(tftypes.Object)
		if !ok {
			t.Fatalf("%s: the schema is no object", resource)
		}
		for _, version := range []int64{0, 1} {
			for _, state := range []*tfprotov6.RawState{
				nil,
				{},
				{JSON: []byte("x")},
				{JSON: []byte("[]")},
				{JSON: []byte("null")},
				{JSON: []byte("{}")},
				{JSON: []byte(`{"id":5}`)},
				{JSON: []byte(`{"id":{"a":1}}`)},
				{JSON: []byte(`{"id":"5","of_another_release":[1]}`)},
				{JSON: []byte(`{"timeouts":{"create":"1h"}}`)},
				{JSON: []byte(`{"timeouts":"1h"}`)},
				{Flatmap: map[string]string{"id": "5"}},
			} {
				var upgraded []*tfprotov6.DynamicValue
				var problems [][]*tfprotov6.Diagnostic
				var failures []string
				for _, server := range []tfprotov6.ProviderServer{w.quick, w.long} {
					resp, err := server.UpgradeResourceState(t.Context(), &tfprotov6.UpgradeResourceStateRequest{TypeName: resource, Version: version, RawState: state})
					if resp == nil {
						resp = new(tfprotov6.UpgradeResourceStateResponse)
					}
					upgraded, problems, failures = append(upgraded, resp.UpgradedState), append(problems, resp.Diagnostics), append(failures, fmt.Sprint(err))
				}
				if diff := differ("upgrade", object, upgraded, []*tfprotov6.ResourceIdentityData{nil, nil}, problems, []any{failures[0]}, []any{failures[1]}); diff != "" {
					t.Errorf("%s, version %d, %+v: %s", resource, version, state, diff)
				}
			}
		}
	}
}

// differ describes the differences between two responses. The first of each pair is the quick one.
func differ(call string, object tftypes.Object, states []*tfprotov6.DynamicValue, identities []*tfprotov6.ResourceIdentityData, problems [][]*tfprotov6.Diagnostic, quick, long []any) string {
	identity := tftypes.Object{AttributeTypes: map[string]tftypes.Type{"hostname_id": tftypes.String, "site_id": tftypes.String, "hostname": tftypes.String}}
	for i, rest := range [][]any{quick, long} {
		all := []any{rest, decoded(states[i], object), nil}
		if identities[i] != nil {
			all[2] = decoded(identities[i].IdentityData, identity)
		}
		var said []string
		for _, problem := range problems[i] {
			said = append(said, show(problem))
		}
		slices.Sort(said)
		if i == 0 {
			quick = append(all, said)
		} else {
			long = append(all, said)
		}
	}
	if diff := cmp.Diff(long, quick); diff != "" {
		return fmt.Sprintf("%s (-long way +quick way):\n%s", call, diff)
	}
	return ""
}

// decoded returns a value as text, so that it can be compared.
func decoded(value *tfprotov6.DynamicValue, kind tftypes.Type) string {
	if value == nil {
		return "none"
	}
	out, err := value.Unmarshal(kind)
	if err != nil {
		return err.Error()
	}
	return out.String()
}

// TestQuick sends random states, configurations, responses of ESA and dates to both servers.
func TestQuick(t *testing.T) {
	for title, config := range map[string]map[string]any{
		"pages":         {},
		"no pages":      {"batch_refresh": false},
		"international": {"account_type": "International", "batch_refresh": false},
		"not known yet": {"secret_key": unknown{}},
	} {
		t.Run(title, func(t *testing.T) {
			w := newTwoWays(t, config)
			for seed := range uint64(*quickCases / 4) {
				if diff := w.play(t, rand.New(rand.NewPCG(seed, 1)), ""); diff != "" {
					t.Errorf("seed %d: %s", seed, diff)
				}
			}
			t.Log(w.count)
			if w.count["quick validate"] < w.count["validate"]/10 {
				t.Errorf("of %d validations, got %d quick responses, want at least a tenth", w.count["validate"], w.count["quick validate"])
			}
			for _, call := range []string{"read", "plan"} {
				if quick := w.count["quick "+call]; title != "not known yet" && quick < w.count[call]/10 {
					t.Errorf("of %d calls of %s, got %d quick responses, want at least a tenth", w.count[call], call, quick)
				} else if title == "not known yet" && quick > 0 {
					t.Errorf("got %d quick responses to %s, want none", quick, call)
				}
			}
		})
	}
}

// harmless are the attributes that quick responses may ignore. No decision depends on them: they are not read from ESA, and
// a plan that proposes the state does not use them.
var harmless = []string{"private_key_wo_version", "certificate_apply_trigger", "wait_for"}

// TestQuickIsNotBlind has quick responses ignore one attribute after the other, which the comparison must detect.
func TestQuickIsNotBlind(t *testing.T) {
	w := newTwoWays(t, map[string]any{"batch_refresh": false})
	for resource, schema := range w.schemas.ResourceSchemas {
		object, _ := schema.ValueType().(tftypes.Object)
		for name := range object.AttributeTypes {
			if slices.Contains(harmless, name) {
				continue
			}
			quick, ok := w.quick.resources[resource].(interface{ blind(string) func() })
			if !ok {
				t.Fatalf("%s has no quick responses", resource)
			}
			see := quick.blind(name)
			found := false
			for seed := uint64(0); seed < 3000 && !found; seed++ {
				found = w.play(t, rand.New(rand.NewPCG(seed, 2)), name) != ""
			}
			see()
			if !found {
				t.Errorf("the comparison does not detect that quick responses of %s ignore %s", resource, name)
			}
		}
	}
}

// blind has quick responses ignore an attribute until the returned function is called.
func (q *quick[M]) blind(name string) (see func()) {
	fields := q.fields
	q.fields = slices.DeleteFunc(slices.Clone(fields), func(field shapeField) bool { return field.name == name })
	return func() { q.fields = fields }
}

// FuzzQuick is TestQuick with cases from a fuzzer.
func FuzzQuick(f *testing.F) {
	w := newTwoWays(f, map[string]any{"batch_refresh": false})
	f.Add([]byte("a"))
	f.Fuzz(func(t *testing.T, choices []byte) {
		if diff := w.play(t, rand.New(&chosen{choices, rand.NewPCG(1, 1)}), ""); diff != "" {
			t.Error(diff)
		}
	})
}

// chosen is a random source whose first numbers come from a fuzzer.
type chosen struct {
	choices []byte
	rest    *rand.PCG
}

func (c *chosen) Uint64() uint64 {
	if len(c.choices) == 0 {
		return c.rest.Uint64()
	}
	next := c.choices[0]
	c.choices = c.choices[1:]
	return uint64(next) << 56
}

// BenchmarkTwoWays measures the calls for a hostname that has not changed.
func BenchmarkTwoWays(b *testing.B) {
	w := newTwoWays(b, nil)
	const resource = "esa_custom_hostname"
	id := w.ids[1] // has a certificate chain
	schema := w.schemas.ResourceSchemas[resource]
	first, err := w.first.ReadResource(b.Context(), &tfprotov6.ReadResourceRequest{TypeName: resource, CurrentState: dynamic(b, schema, map[string]any{"id": fmt.Sprint(id)})})
	if err != nil {
		b.Fatal(err)
	}
	state, configured := first.NewState, map[string]any{}
	var all map[string]tftypes.Value
	if value, err := state.Unmarshal(schema.ValueType()); err != nil || value.As(&all) != nil {
		b.Fatal(err)
	}
	for _, attribute := range schema.Block.Attributes {
		text := ""
		if value := all[attribute.Name]; value.Type().Is(tftypes.String) && !value.IsNull() && value.As(&text) == nil {
			if attribute.Required || attribute.Optional {
				configured[attribute.Name] = text
			}
		}
	}
	for way, server := range map[string]tfprotov6.ProviderServer{"quick": w.quick, "long": w.long} {
		for range 2 { // The second read fetches a page.
			if _, err := server.ReadResource(b.Context(), &tfprotov6.ReadResourceRequest{TypeName: resource, CurrentState: state}); err != nil {
				b.Fatal(err)
			}
		}
		for call, run := range map[string]func() error{
			"read": func() error {
				_, err := server.ReadResource(b.Context(), &tfprotov6.ReadResourceRequest{TypeName: resource, CurrentState: state})
				return err
			},
			"plan": func() error {
				_, err := server.PlanResourceChange(b.Context(), &tfprotov6.PlanResourceChangeRequest{TypeName: resource, PriorState: state, ProposedNewState: state, Config: dynamic(b, schema, configured)})
				return err
			},
		} {
			b.Run(call+"/"+way, func(b *testing.B) {
				b.ReportAllocs()
				for b.Loop() {
					if err := run(); err != nil {
						b.Fatal(err)
					}
				}
			})
		}
	}
}
