package main

import (
	"context"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"time"

	"terraform-provider-esa/internal/certcheck/certtest"
	"terraform-provider-esa/internal/esa"
	"terraform-provider-esa/internal/fakeesa"
)

// A question is a reading of the fake that calls can settle.
type question struct {
	name  string
	level int
	// how describes how it is settled, for the announcement and the report.
	how string
	// calls are the calls that it makes normally, "" if it uses responses to earlier ones.
	calls string
	// creates is the number of CreateCustomHostname calls among them.
	creates int
	ask     func(context.Context, *probe) (finding, error)
}

// A finding is an answer to a question, or the reason why there is none.
type finding struct {
	value string
	note  string
}

// found returns an answer that the fake supports.
func found(value, note string, args ...any) (finding, error) {
	return finding{value: value, note: fmt.Sprintf(note, args...)}, nil
}

// open returns the reason why a question stays open.
func open(note string, args ...any) (finding, error) {
	return finding{note: fmt.Sprintf(note, args...)}, nil
}

// took returns a finding that is a duration, if it is precise enough.
func took(s span, note string) (finding, error) {
	if s.high > 2*s.low+time.Second {
		return open("the measured range is too wide: between %v and %v", s.low.Round(time.Millisecond), s.high.Round(time.Millisecond))
	}
	return found(s.roundest().String(), "%s; measured: between %v and %v", note, s.low.Round(time.Millisecond), s.high.Round(time.Millisecond))
}

// questions are asked in this order, because later ones use what earlier ones created.
var questions = slices.Concat(level0, level1, level2)

// maxCreates is the maximum number of CreateCustomHostname calls of a run.
const maxCreates = 5

// noProbe are the readings that no run can settle, with the reasons.
var noProbe = map[string]string{
	"hostname-limit":           "needs as many hostnames as the limit",
	"create-window":            "needs more than 100 creates and an hour",
	"refused-creates-count":    "needs more than 100 creates in an hour",
	"throttling-code":          "needs more calls than a limit allows",
	"retry-after":              "needs more calls than a limit allows",
	"too-many-requests-status": "needs more calls than a limit allows",
}

// noProbeValue are single answers of other readings that no run can settle.
var noProbeValue = map[string]map[string]string{
	"challenge-lifetime": {"none": "the data may change after the probe has stopped watching"},
}

// names are the objects that the user lets the probe use.
type names struct {
	siteID, recordID, secondRecordID, otherRecordID int64
	domain                                          string
}

// A probe is one run.
type probe struct {
	*caller
	names
	level   int
	out     io.Writer
	journal *journal
	sweeper *sweeper
	// lookupTXT looks up a name in the public DNS.
	lookupTXT func(ctx context.Context, name string) ([]string, error)
	// publish asks the user to publish a TXT record.
	publish func(name, value string)
	// limit is how long the probe waits for the user and for a certificate.
	limit time.Duration

	findings map[string]finding
	asked    []asked
	notes    []string
	creates  int
	created  time.Time // when the last hostname was created

	sites     []object // what level 0 read
	hostnames []object
	main      *hostname // the hostname that most questions are about
	second    *hostname // another one on the same record, nil for none
	otherSite int64     // the site of the other record
	sightings sightings

	keyKind    certtest.KeyKind
	uploaded   certtest.Pair
	uploadSeen bool   // whether it was deployed
	shown      object // the main hostname with it
	freeAsked  bool   // whether a free certificate could be requested

	verified    watch // when the hostname was verified
	configuring configuring
	isActive    bool
	active      object // the main hostname with its free certificate in use, at level 2
}

// asked is a question that was asked, and its cost.
type asked struct {
	question
	finding
	sent int
}

// A hostname is a hostname that the probe created.
type hostname struct {
	id   int64
	name string
}

func (h *hostname) params(more ...string) map[string]string {
	params := map[string]string{"HostnameId": strconv.FormatInt(h.id, 10)}
	for i := 0; i+1 < len(more); i += 2 {
		params[more[i]] = more[i+1]
	}
	return params
}

// run asks the questions of all levels up to the requested one, and removes what it created.
func (p *probe) run(ctx context.Context) (err error) {
	p.findings = map[string]finding{}
	defer func() {
		if p.sweeper == nil {
			return
		}
		_, _ = fmt.Fprintln(p.out, "Removing the hostnames that were created. If this is interrupted, continue with -sweep.")
		sweeping, stop := context.WithTimeout(context.WithoutCancel(ctx), 10*time.Minute)
		defer stop()
		if failure := p.sweeper.sweep(sweeping); failure != nil {
			err = fmt.Errorf("not all hostnames were removed: %w", failure)
		}
	}()
	for _, q := range questions {
		if q.level > p.level {
			continue
		}
		before := p.sent()
		f, err := q.ask(ctx, p)
		if err != nil {
			return fmt.Errorf("%s: %w", q.name, err)
		}
		p.conclude(q, f, p.sent()-before)
	}
	p.byChance()
	return nil
}

// conclude stores a finding. A later one about the same question replaces it, as it is more specific.
func (p *probe) conclude(q question, f finding, sent int) {
	p.asked = append(p.asked, asked{q, f, sent})
	if f.value == "" {
		_, _ = fmt.Fprintf(p.out, "%-24s open: %s\n", q.name, f.note)
		return
	}
	var o fakeesa.Options
	if err := o.SetReading(q.name, f.value); err != nil {
		p.asked[len(p.asked)-1].finding = finding{note: "the fake does not support this answer: " + f.value + ". " + f.note}
		return
	}
	// Use the format of the fake.
	f.value = o.Reading(q.name)
	p.asked[len(p.asked)-1].finding = f
	if before := p.value(q.name); before != "" && before != f.value {
		p.note("%s was first %s, and then %s. The second answer is used.", q.name, before, f.value)
	}
	p.findings[q.name] = f
	_, _ = fmt.Fprintf(p.out, "%-24s %s\n", q.name, f.value)
}

// byChance looks for responses to throttled calls, which the probe tries to avoid.
func (p *probe) byChance() {
	for _, a := range p.all() {
		if !a.throttled() {
			continue
		}
		p.note("A limit was reached: %s returned %s.", a.request.action, a.refusal())
		if a.code() == "TooManyRequests" {
			f, _ := found(strconv.Itoa(a.status), "seen by chance in %s", a.request.action)
			p.conclude(question{name: "too-many-requests-status", how: "by chance"}, f, 0)
		}
		return
	}
}

func (p *probe) note(text string, args ...any) { p.notes = append(p.notes, fmt.Sprintf(text, args...)) }

// value returns the answer to a question so far.
func (p *probe) value(name string) string { return p.findings[name].value }

// write makes a change, and retries it while ESA is busy.
func (p *probe) write(ctx context.Context, action string, params map[string]string) (answer, error) {
	return p.get(ctx, action, params)
}

// update makes an UpdateCustomHostname of the main hostname.
func (p *probe) update(ctx context.Context, params ...string) (answer, error) {
	return p.write(ctx, "UpdateCustomHostname", p.main.params(params...))
}

// look makes a GetCustomHostname of the main hostname.
func (p *probe) look(ctx context.Context) (answer, error) {
	return p.get(ctx, "GetCustomHostname", p.main.params())
}

// model returns the hostname in a response of GetCustomHostname.
func model(a answer) object { return a.object.object("CustomHostnameModel") }

// see waits until done reports true for the main hostname.
func (p *probe) see(ctx context.Context, began answer, done func(object) bool) (watch, error) {
	return poll{
		look: p.look, done: func(a answer) bool { return a.ok() && done(model(a)) },
		limit: 2 * time.Minute, most: 15 * time.Second,
	}.wait(ctx, began)
}

// change updates the main hostname. If ESA accepts that, it waits until done reports true.
func (p *probe) change(ctx context.Context, done func(object) bool, params ...string) (a answer, w watch, err error) {
	if a, err = p.update(ctx, params...); err == nil && a.ok() {
		w, err = p.see(ctx, a, done)
	}
	return a, w, err
}

// noCreate is the reason why a question stays open if no create was left for it.
const noCreate = "no create was left for this question"

// create creates a hostname below the probe's own name, after it is recorded in the journal. If hostname and error are nil,
// ESA refused it, or, if the response has no status, no create is left.
func (p *probe) create(ctx context.Context, siteID, recordID int64, name string, more ...string) (*hostname, answer, error) {
	if p.creates >= maxCreates {
		return nil, answer{}, nil
	}
	p.creates++
	// Times in responses have a precision of seconds, so creates are at least one second apart.
	if err := sleep(ctx, 1100*time.Millisecond-time.Since(p.created)); err != nil {
		return nil, answer{}, err
	}
	e, err := p.journal.begin(siteID, name)
	if err != nil {
		return nil, answer{}, err
	}
	params := map[string]string{
		"Hostname": name, "SiteId": strconv.FormatInt(siteID, 10), "RecordId": strconv.FormatInt(recordID, 10), "SslFlag": "off",
	}
	for i := 0; i+1 < len(more); i += 2 {
		params[more[i]] = more[i+1]
	}
	a, err := p.write(ctx, "CreateCustomHostname", params)
	if err != nil {
		return nil, a, err
	}
	p.created = time.Now()
	id := a.id("HostnameId")
	if !a.ok() || id == 0 {
		return nil, a, p.journal.settle(e, refused, 0)
	}
	if p.journal.knows(id) {
		p.note("CreateCustomHostname returned the id of an existing hostname.")
		return nil, a, p.journal.settle(e, absent, 0)
	}
	return &hostname{id: id, name: name}, a, p.journal.settle(e, created, id)
}

// under returns a name below the probe's own.
func (p *probe) under(labels string) string { return labels + "." + p.journal.Under }

// listed returns the hostnames of a site on its first page.
func (p *probe) listed(ctx context.Context, siteID int64, params ...string) (answer, error) {
	all := map[string]string{"SiteId": strconv.FormatInt(siteID, 10), "PageSize": "500"}
	for i := 0; i+1 < len(params); i += 2 {
		all[params[i]] = params[i+1]
	}
	return p.get(ctx, "ListCustomHostnames", all)
}

// holds reports whether a list contains a hostname.
func holds(a answer, id int64) bool {
	return slices.ContainsFunc(a.list("Hostnames"), func(item object) bool { return item.id("HostnameId") == id })
}

// same reports whether two names are equal, in A-labels or U-labels.
func same(a, b string) bool { return esa.CanonicalName(a) == esa.CanonicalName(b) }

// order returns how a list is ordered by CreateTime, and how many different times it contains.
func order(items []object) (name string, ages int) {
	var times []string
	for _, item := range items {
		if t := item.text("CreateTime"); len(times) == 0 || times[len(times)-1] != t {
			times = append(times, t)
		}
	}
	switch newest := slices.Clone(times); {
	case slices.IsSorted(times):
		name = "oldest-first"
	default:
		slices.Reverse(newest)
		if name = "any"; slices.IsSorted(newest) {
			name = "newest-first"
		}
	}
	slices.Sort(times)
	return name, len(slices.Compact(times))
}

// listOrder lists a site until its order cannot be random.
func (p *probe) listOrder(ctx context.Context, siteID int64, fewest, lists int) (finding, error) {
	odds := 1
	var first string
	for i := range lists {
		a, err := p.listed(ctx, siteID)
		if err != nil || !a.ok() {
			return finding{note: "ListCustomHostnames returned " + a.refusal()}, err
		}
		name, ages := order(a.list("Hostnames"))
		if ages < fewest {
			return open("there are %d different values of CreateTime, but at least %d are needed", ages, fewest)
		}
		if i == 0 {
			first = name
		}
		if name != first || name == "any" {
			return found("any", "the hostnames had no order by CreateTime, or different orders")
		}
		for n := 2; n <= ages && odds < 1000; n++ {
			odds *= n
		}
		if odds >= 1000 && i > 0 {
			return found(name, "in %d lists of %d hostnames", i+1, ages)
		}
	}
	return open("the order of %d lists of so few hostnames may be random", lists)
}

func plural(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return strings.TrimSpace(fmt.Sprintf("%d %ss", n, what))
}
