package fakeesa

import (
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"
)

func TestReadings(t *testing.T) {
	t.Parallel()
	names := map[string]bool{}
	var listed []string
	for _, r := range Readings() {
		values := strings.Join(r.Values, ",")
		if r.Measured {
			values += ",..."
		}
		listed = append(listed, r.Name+" "+values)
		if names[r.Name] || r.Question == "" || r.Why == "" || len(r.Values) < 2 {
			t.Errorf("%s: %+v is incomplete or a duplicate", r.Name, r)
		}
		names[r.Name] = true
		var unset Options
		if got := unset.Reading(r.Name); got != r.Values[0] {
			t.Errorf("%s: got %q by default, want the first of %v", r.Name, got, r.Values)
		}
		for i, value := range r.Values {
			var o Options
			if err := o.SetReading(r.Name, value); err != nil {
				t.Errorf("%s: %v", r.Name, err)
			}
			if got := o.Reading(r.Name); got != value {
				t.Errorf("%s: got %q, want %q", r.Name, got, value)
			}
			if played := o.withDefaults(); i > 0 && reflect.DeepEqual(clockless(played), clockless(unset.withDefaults())) {
				t.Errorf("%s=%s sets the same options as the default", r.Name, value)
			}
		}
	}
	want := []string{
		"parameter-place any,query,form", "loose-types none,text,fraction", "duplicate-create refused,conflicts,invalid", "name-elsewhere conflicts,refused",
		"refused-certificate nothing,off,on,bare", "hostname-view as-stored,final-dot,unicode", "wildcards accepted,refused", "unknown-site not-found,invalid",
		"foreign-record refused,accepted", "hostname-limit none,5000", "list-order oldest-first,newest-first,any", "filter-case folded,exact",
		"empty-values refused,ignored", "ssl-on-alone refused,accepted", "record-alone accepted,refused", "verify-unpassed code,flag,both",
		"auto-verify no,yes", "tokens-after-use kept,blanked", "certificate-echo as-sent,crlf,stripped,none", "private-key-echo clear,masked,absent",
		"certificates-shown uploaded,all", "ssl-off-view kept,blanked", "unused-cas-id zero,absent", "free-certificate-start when-active,at-once",
		"apply-anyway refused,not-allowed,accepted", "challenge-lifetime none,1h,...", "read-lag none,3s,...", "list-lag none,5s,...", "update-takes none,10s,...",
		"activation-takes none,5s,...", "busy record,site,none", "busy-after none,2s,...", "busy-left no,yes", "create-window sliding,fixed", "refused-creates-count yes,no",
		"throttling-code Throttling.User,Throttling.Api,TooManyRequests,Rejected.Throttling", "retry-after milliseconds,seconds,none",
		"too-many-requests-status 400,429", "unknown-key-status 404,400", "identity-status 400,403",
	}
	if !slices.Equal(listed, want) {
		t.Errorf("got the readings\n%s\nwant\n%s", strings.Join(listed, "\n"), strings.Join(want, "\n"))
	}
}

// TestReadingsSetOptions compares the options of readings that are not enumerations.
func TestReadingsSetOptions(t *testing.T) {
	t.Parallel()
	for reading, want := range map[string]Options{
		"name-elsewhere=refused":         {RefuseNamesElsewhere: true},
		"name-elsewhere=conflicts":       {},
		"wildcards=refused":              {RefuseWildcards: true},
		"filter-case=exact":              {CaseSensitiveFilter: true},
		"record-alone=refused":           {RefuseRecordAlone: true},
		"auto-verify=yes":                {AutoVerify: true},
		"tokens-after-use=blanked":       {BlankTokens: true},
		"certificates-shown=all":         {ShowAllCertificates: true},
		"busy-left=yes":                  {BusyLeft: true},
		"refused-creates-count=no":       {OnlyMadeCount: true},
		"hostname-limit=5000":            {HostnameLimit: 5000},
		"hostname-limit=none":            {},
		"challenge-lifetime=90m":         {ChallengeFor: 90 * time.Minute},
		"read-lag=1ms":                   {ReadLag: time.Millisecond},
		"list-lag=2s":                    {UnlistedFor: 2 * time.Second},
		"list-lag=none":                  {},
		"update-takes=3s":                {UpdateTakes: 3 * time.Second},
		"activation-takes=4s":            {ConfiguringFor: 4 * time.Second},
		"busy-after=5s":                  {BusyAtLeast: 5 * time.Second, BusyAtMost: 5 * time.Second},
		"throttling-code=Throttling.Api": {ThrottlingCode: "Throttling.Api"},
		"too-many-requests-status=429":   {TooManyRequestsStatus: 429},
		"unknown-key-status=400":         {UnknownKeyStatus: 400},
		"identity-status=403":            {IdentityStatus: 403},
		"busy=none":                      {Busy: BusyNothing},
		"duplicate-create=invalid":       {DuplicateCreate: DuplicateInvalid},
		"retry-after=none":               {RetryAfter: RetryAfterNone},
		"create-window=fixed":            {CreateWindow: CreateWindowFixed},
		"list-order=any":                 {ListOrder: ListAnyOrder},
		"private-key-echo=absent":        {PrivateKeyEcho: PrivateKeyAbsent},
		"refused-certificate=bare":       {RefusedCertificate: RefusedLeavesBare},
	} {
		var got Options
		name, value, _ := strings.Cut(reading, "=")
		if err := got.SetReading(name, value); err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("%s: got %+v, error %v; want %+v", reading, got, err, want)
		}
	}
}

// TestPeriodsAreWrittenShort checks that a duration is written as users write it.
func TestPeriodsAreWrittenShort(t *testing.T) {
	t.Parallel()
	for value, want := range map[string]string{
		"none": "none", "1ms": "1ms", "10s": "10s", "60s": "1m", "90s": "1m30s", "10m": "10m", "20m0s": "20m", "100m": "1h40m", "60m": "1h", "10h": "10h",
		"1h30s": "1h0m30s", "36h": "36h", "1h1m1s": "1h1m1s",
	} {
		for _, name := range []string{"read-lag", "busy-after"} {
			var o Options
			if err := o.SetReading(name, value); err != nil || o.Reading(name) != want {
				t.Errorf("%s=%s: got %q, error %v; want %q", name, value, o.Reading(name), err, want)
			}
		}
	}
}

// clockless returns the options without the clock, so that they can be compared.
func clockless(o Options) Options {
	o.Now = nil
	return o
}

func TestSetReadings(t *testing.T) {
	t.Parallel()
	var o Options
	if err := o.SetReadings([]byte(`{"busy-after": "1m30s", "duplicate-create": "conflicts", "read-lag": "1h"}`)); err != nil {
		t.Fatal(err)
	}
	if o.BusyAtLeast != 90*time.Second || o.BusyAtMost != 90*time.Second || o.DuplicateCreate != DuplicateConflicts {
		t.Errorf("got %+v, want busy for 90 s and conflicting duplicates", o)
	}
	if got := fmt.Sprint(o.Reading("busy-after"), " ", o.Reading("read-lag"), " ", o.Reading("duplicate")); got != "1m30s 1h " {
		t.Errorf("got the readings %s", got)
	}
	const (
		objects = `readings must be a JSON object of names and strings, such as {"parameter-place": "any"}: json: `
		lag     = "; it must be none, or a duration such as 3s"
	)
	for document, want := range map[string]string{
		`[]`:                          objects,
		`{"busy": 1}`:                 objects,
		`{"busy": "records"}`:         `the reading busy is "records"; it must be one of record, site, none`,
		`{"hostname-limit": "7"}`:     `the reading hostname-limit is "7"; it must be one of none, 5000`,
		`{"identity-status": "200"}`:  `the reading identity-status is "200"; it must be one of 400, 403`,
		`{"throttling-code": ""}`:     `the reading throttling-code is ""; it must be one of Throttling.User, Throttling.Api, TooManyRequests, Rejected.Throttling`,
		`{"read-lag": "soon"}`:        `the reading read-lag is "soon"` + lag,
		`{"read-lag": "-1s"}`:         `the reading read-lag is "-1s"` + lag,
		`{"read-lag": "0s"}`:          `the reading read-lag is "0s"` + lag,
		`{"busy-after": "soon"}`:      `the reading busy-after is "soon"; it must be none, or a duration such as 2s`,
		`{"duplicates": "conflicts"}`: `there is no reading "duplicates"; -readings list prints all of them`,
		// The first of two errors, by name.
		`{"wildcards": "x", "busy": "x"}`: `the reading busy is "x"; it must be one of record, site, none`,
	} {
		err := o.SetReadings([]byte(document))
		if err == nil || err.Error() != want && (want != objects || !strings.HasPrefix(err.Error(), objects)) {
			t.Errorf("%s: got error %v, want %s", document, err, want)
		}
	}
}
