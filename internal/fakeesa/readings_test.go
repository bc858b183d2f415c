package fakeesa

import (
	"fmt"
	"reflect"
	"strings"
	"testing"
	"time"
)

func TestReadings(t *testing.T) {
	t.Parallel()
	names := map[string]bool{}
	for _, r := range Readings() {
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
	for document, want := range map[string]string{
		`[]`:                          `readings must be a JSON object of names and strings, such as {"parameter-place": "any"}`,
		`{"busy": 1}`:                 "readings must be a JSON object",
		`{"busy": "records"}`:         `the reading busy is "records"; it must be one of record, site, none`,
		`{"read-lag": "soon"}`:        `the reading read-lag is "soon"; it must be none, or a duration such as 3s`,
		`{"read-lag": "-1s"}`:         "it must be none, or a duration",
		`{"duplicates": "conflicts"}`: `there is no reading "duplicates"`,
	} {
		if err := o.SetReadings([]byte(document)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got error %v, want %s", document, err, want)
		}
	}
}
