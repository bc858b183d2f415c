package esa

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"terraform-provider-esa/internal/fakeesa"
)

func TestCreateSurvivesAnUnclearOutcome(t *testing.T) {
	tests := []struct {
		name    string
		fault   fakeesa.Fault
		creates int // CreateCustomHostname calls in total
	}{
		{"the connection broke after the create", fakeesa.Fault{After: true, Drop: true}, 1},
		{"the connection broke before the create", fakeesa.Fault{Drop: true}, 2},
		{"an empty 502 after the create", fakeesa.Fault{After: true, Status: 502, RawBody: text("")}, 1},
		{"an empty 502 instead of the create", fakeesa.Fault{Status: 502, RawBody: text("")}, 2},
		{"InternalException after the create", fakeesa.Fault{After: true, Code: "InternalException", Status: 400}, 1},
		{"InternalException instead of the create", fakeesa.Fault{Code: "InternalException", Status: 400}, 2},
		{"an answer without an id", fakeesa.Fault{After: true, Status: 200, RawBody: text(`{"RequestId":"R"}`)}, 1},
		{"a cut answer", fakeesa.Fault{After: true, Status: 200, RawBody: text(`{"RequestId":"R","Hostn`)}, 1},
		{"throttled, which is clear", fakeesa.Fault{Code: "Throttling.User", Status: 400}, 2},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			f := newFixture(t, fakeesa.Options{})
			test.fault.Action = "CreateCustomHostname"
			f.Inject(test.fault)
			id := f.create(t)
			if n := f.Count("CreateCustomHostname"); n != test.creates {
				t.Errorf("got %d creates, want %d", n, test.creates)
			}
			hostnames := f.Hostnames()
			if len(hostnames) != 1 || hostnames[0].ID != id {
				t.Errorf("the server has %v, the client returned %d", hostnames, id)
			}
		})
	}
}

// TestCreateWaitsForListsThatLagBehind loses the response to a create while lists do not show the hostname yet. A second
// create would be refused and leave the hostname orphaned, or create a duplicate.
func TestCreateWaitsForListsThatLagBehind(t *testing.T) {
	for _, duplicates := range []fakeesa.DuplicateCreate{fakeesa.DuplicateRefused, fakeesa.DuplicateConflicts} {
		for _, code := range []string{"InternalException", "CustomHostname.SetCertFailed"} {
			f := newFixture(t, fakeesa.Options{UnlistedLists: 4, DuplicateCreate: duplicates})
			f.Inject(fakeesa.Fault{Action: "CreateCustomHostname", After: true, Code: code})
			id, err := f.client.CreateCustomHostname(t.Context(), f.createInput())
			if all := f.Hostnames(); len(all) != 1 || all[0].ID != id || (err != nil) != IsCode(err, CodeSetCertFailed) {
				t.Errorf("%s: the server has %v, the client returned %d, error %v", code, all, id, err)
			}
			if n := f.Count("CreateCustomHostname"); n != 1 {
				t.Errorf("%s: got %d creates, want 1", code, n)
			}
		}
	}
}

// TestCreateLooksAgainAfterARefusal checks that the client looks again if the look before found nothing, and the next
// attempt is refused because of the hostname that the first one created.
func TestCreateLooksAgainAfterARefusal(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newVirtual(t, fakeesa.Options{UnlistedFor: listedLimit + 5*time.Second, DuplicateCreate: fakeesa.DuplicateRefused})
		f.Inject(fakeesa.Fault{Action: "CreateCustomHostname", After: true, Drop: true})
		id, err := f.client.CreateCustomHostname(t.Context(), f.createInput())
		if all := f.Hostnames(); err != nil || len(all) != 1 || all[0].ID != id {
			t.Errorf("got id %d, error %v; the server has %+v", id, err, all)
		}
		if n := f.Count("CreateCustomHostname"); n != 2 {
			t.Errorf("got %d creates, want 2", n)
		}
	})
}

// TestCreateLooksAgainAfterASlowList checks that the client reads the list again, because a slow response shows the state at
// the time of the request.
func TestCreateLooksAgainAfterASlowList(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newVirtual(t, fakeesa.Options{UnlistedFor: 5 * time.Second, DuplicateCreate: fakeesa.DuplicateConflicts})
		f.Inject(fakeesa.Fault{Action: "CreateCustomHostname", After: true, Drop: true})
		f.Inject(fakeesa.Fault{Action: "ListCustomHostnames", Delay: 20 * time.Second})
		id, err := f.client.CreateCustomHostname(t.Context(), f.createInput())
		if all := f.Hostnames(); err != nil || len(all) != 1 || all[0].ID != id {
			t.Errorf("got id %d, error %v; the server has %+v", id, err, all)
		}
	})
}

// TestUndoDuplicateWaitsForListsThatLagBehind creates one hostname in two runs at the same time. The second run may not see
// the first hostname in lists yet.
func TestUndoDuplicateWaitsForListsThatLagBehind(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newVirtual(t, fakeesa.Options{UnlistedFor: 5 * time.Second, DuplicateCreate: fakeesa.DuplicateConflicts})
		first, second := f.create(t), f.create(t)
		created, err := f.client.AwaitCreated(t.Context(), second)
		if err != nil {
			t.Fatal(err)
		}
		err = f.client.UndoDuplicate(t.Context(), created)
		if exists := new(HostnameExistsError); !errors.As(err, &exists) || exists.Existing.HostnameID != first {
			t.Errorf("got error %v, want that hostname %d exists", err, first)
		}
		if all := f.Hostnames(); len(all) != 1 || all[0].ID != first {
			t.Errorf("the server has %+v, want only hostname %d", all, first)
		}
	})
}

func TestCreateLooksOnlyWhenItMust(t *testing.T) {
	f := newFixture(t, fakeesa.Options{})
	f.Inject(fakeesa.Fault{Action: "CreateCustomHostname", Times: 3, Code: "Record.ServiceBusy", Status: 400})
	f.create(t)
	if n := f.Count("ListCustomHostnames"); n != 0 {
		t.Errorf("got %d lists after clear refusals, want none", n)
	}
}

func TestCreateToleratesAClockThatIsOff(t *testing.T) {
	for _, off := range []time.Duration{-10 * time.Minute, 10 * time.Minute} {
		f := newFixture(t, fakeesa.Options{}, func(c *Config) { c.Clock = &testClock{offset: off} })
		f.Inject(fakeesa.Fault{Action: "CreateCustomHostname", After: true, Drop: true})
		f.create(t)
		if n := len(f.Hostnames()); n != 1 {
			t.Errorf("clock off by %v: got %d hostnames, want 1", off, n)
		}
	}
}

func TestCreateNeverAdoptsAnother(t *testing.T) {
	lost := fakeesa.Fault{Action: "CreateCustomHostname", Drop: true}
	tests := []struct {
		name   string
		exists fakeesa.Hostname
		fault  *fakeesa.Fault
	}{
		{"an older one, refused by ESA", fakeesa.Hostname{CreateTime: time.Now().Add(-time.Hour)}, nil},
		{"a new one of somebody else, refused by ESA", fakeesa.Hostname{CreateTime: time.Now()}, nil},
		{"an older one, with the answer lost", fakeesa.Hostname{CreateTime: time.Now().Add(-time.Hour)}, &lost},
		{"one of another record, with the answer lost", fakeesa.Hostname{CreateTime: time.Now(), RecordID: 1}, &lost},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			f := newFixture(t, fakeesa.Options{})
			test.exists.SiteID, test.exists.Hostname, test.exists.SSLFlag = f.site.ID, shop, SSLOff
			if test.exists.RecordID == 1 {
				test.exists.RecordID = f.AddRecord(f.site.ID, "other.example.com").ID
			} else {
				test.exists.RecordID = f.record.ID
			}
			existing := f.AddHostname(test.exists)
			if test.fault != nil {
				f.Inject(*test.fault)
			}
			_, err := f.client.CreateCustomHostname(t.Context(), f.createInput())
			var exists *HostnameExistsError
			if !errors.As(err, &exists) || exists.Existing.HostnameID != existing.ID {
				t.Errorf("got error %v, want that hostname %d exists", err, existing.ID)
			}
			if n := f.Count("CreateCustomHostname"); n != 1 {
				t.Errorf("got %d creates, want 1", n)
			}
		})
	}
}

func TestCreateSavesAHostnameWhoseCertificateFailed(t *testing.T) {
	f := newFixture(t, fakeesa.Options{})
	f.Inject(fakeesa.Fault{Action: "CreateCustomHostname", After: true, Code: "CustomHostname.ApplyCertFailed", Status: 404})
	in := f.createInput()
	in.SSLFlag, in.Certificate = SSLOn, &Certificate{Type: CertTypeFree}
	id, err := f.client.CreateCustomHostname(t.Context(), in)
	if !IsCode(err, CodeApplyCertFailed) || len(f.Hostnames()) != 1 || id != f.Hostnames()[0].ID {
		t.Errorf("got id %d, error %v; want the hostname's id and ApplyCertFailed", id, err)
	}
}

func TestCreateThatIsInterruptedStillLearnsItsID(t *testing.T) {
	// Lists do not show the hostname yet, so the client must wait for the response itself.
	f := newFixture(t, fakeesa.Options{Latency: 100 * time.Millisecond, UnlistedLists: 100})
	ctx, cancel := context.WithCancel(t.Context())
	go func() {
		for range 500 {
			if f.Count("CreateCustomHostname") > 0 {
				break
			}
			time.Sleep(time.Millisecond)
		}
		cancel()
	}()
	id, err := f.client.CreateCustomHostname(ctx, f.createInput())
	if err != nil || len(f.Hostnames()) != 1 || id != f.Hostnames()[0].ID {
		t.Errorf("got id %d, error %v; want the hostname's id", id, err)
	}
}

func TestCreateIsNotSentAfterAnInterrupt(t *testing.T) {
	f := newFixture(t, fakeesa.Options{})
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := f.client.CreateCustomHostname(ctx, f.createInput()); !errors.Is(err, context.Canceled) {
		t.Errorf("got error %v, want context.Canceled", err)
	}
	if n := len(f.Requests()); n != 0 {
		t.Errorf("got %d requests, want none", n)
	}
}

// TestCreateNeverAdoptsASiblings has two resources with the same name. Whatever responses are lost, neither adopts the
// hostname that the other created.
func TestCreateNeverAdoptsASiblings(t *testing.T) {
	drop := fakeesa.Fault{Action: "CreateCustomHostname", Drop: true}
	after := fakeesa.Fault{Action: "CreateCustomHostname", Drop: true, After: true}
	for title, faults := range map[string][]fakeesa.Fault{
		"lost before it takes effect":          {{Action: "none"}, drop},
		"lost before and after it took effect": {after, drop},
		"both lost after they took effect":     {after, after},
	} {
		for _, duplicates := range []fakeesa.DuplicateCreate{fakeesa.DuplicateRefused, fakeesa.DuplicateConflicts} {
			t.Run(title, func(t *testing.T) {
				f := newFixture(t, fakeesa.Options{DuplicateCreate: duplicates, UnlistedLists: 2})
				var ids []int64
				for _, fault := range faults {
					f.Inject(fault)
					id, err := f.client.CreateCustomHostname(t.Context(), f.createInput())
					if err == nil {
						ids = append(ids, id)
						continue
					}
					if exists := new(HostnameExistsError); !errors.As(err, &exists) || !exists.SameRun || exists.Existing.HostnameID != ids[0] {
						t.Errorf("got error %v, want that this run created the hostname", err)
					}
				}
				if len(ids) == 2 && ids[0] == ids[1] {
					t.Errorf("both resources have the ids %v", ids)
				}
				if len(f.Hostnames()) != len(ids) {
					t.Errorf("the server has %d hostnames, the client returned %d", len(f.Hostnames()), len(ids))
				}
			})
		}
	}
}

// TestCreateWaitsForASiblings checks that the client finds a hostname that another resource has just created and that lists
// do not show yet.
func TestCreateWaitsForASiblings(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newVirtual(t, fakeesa.Options{UnlistedFor: 5 * time.Second})
		made := f.create(t)
		_, err := f.client.CreateCustomHostname(t.Context(), f.createInput())
		if exists := new(HostnameExistsError); !errors.As(err, &exists) || !exists.SameRun || exists.Existing.HostnameID != made {
			t.Errorf("got error %v, want that this run created hostname %d", err, made)
		}
	})
}

func TestCreateSaysWhenNobodyKnows(t *testing.T) {
	f := newFixture(t, fakeesa.Options{}, func(c *Config) { c.MaxRetries = 1 })
	f.Inject(fakeesa.Fault{Times: -1, Drop: true})
	_, err := f.client.CreateCustomHostname(t.Context(), f.createInput())
	var lost *UnclearCreateError
	if !errors.As(err, &lost) {
		t.Errorf("got error %v, want an UnclearCreateError", err)
	}
	if n := f.Count("CreateCustomHostname"); n != 1 {
		t.Errorf("got %d creates, want 1", n)
	}
}

func TestAwaitCreated(t *testing.T) {
	t.Run("waits until ESA knows the hostname and has its token", func(t *testing.T) {
		f := newFixture(t, fakeesa.Options{NotFoundGets: 2, VerifyCodeGets: 2})
		got, err := f.client.AwaitCreated(t.Context(), f.create(t))
		if err != nil || got.VerifyCode == "" {
			t.Errorf("got %v, error %v; want a hostname with its token", got, err)
		}
	})
	t.Run("waits longer than for a token until ESA knows the hostname", func(t *testing.T) {
		f := newFixture(t, fakeesa.Options{NotFoundGets: 20})
		got, err := f.client.AwaitCreated(t.Context(), f.create(t))
		if err != nil || got == nil || got.VerifyCode == "" {
			t.Errorf("got %v, error %v; want a hostname with its token", got, err)
		}
	})
	t.Run("returns the hostname without a token if that takes too long", func(t *testing.T) {
		f := newFixture(t, fakeesa.Options{VerifyCodeGets: 1000})
		got, err := f.client.AwaitCreated(t.Context(), f.create(t))
		if err != nil || got == nil || got.VerifyCode != "" {
			t.Errorf("got %v, error %v; want a hostname without a token", got, err)
		}
		if n := f.Count("GetCustomHostname"); n > 20 {
			t.Errorf("got %d reads in a minute, want at most 20", n)
		}
	})
	t.Run("returns not found if ESA never shows the hostname", func(t *testing.T) {
		f := newFixture(t, fakeesa.Options{NotFoundGets: 1000000, TimestampWindow: 100000 * time.Hour})
		ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
		defer cancel()
		got, err := f.client.AwaitCreated(ctx, f.create(t))
		if got != nil || !IsNotFound(err) {
			t.Errorf("got %v, error %v; want not found", got, err)
		}
	})
}

func TestAwaitDeleted(t *testing.T) {
	f := newFixture(t, fakeesa.Options{DeletingGets: 3})
	id := f.create(t)
	if err := f.client.DeleteCustomHostname(t.Context(), id); err != nil {
		t.Fatal(err)
	}
	if err := f.client.AwaitDeleted(t.Context(), id); err != nil {
		t.Error(err)
	}
	if n := f.Count("GetCustomHostname"); n != 4 {
		t.Errorf("got %d reads, want 4", n)
	}
}

// TestAwaitDeletedEndsWithTheContext checks that it is an error if reads still show the hostname when the context ends.
func TestAwaitDeletedEndsWithTheContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newVirtual(t, fakeesa.Options{DeletingGets: 1000})
		id := f.create(t)
		if err := f.client.DeleteCustomHostname(t.Context(), id); err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Minute)
		defer cancel()
		if err := f.client.AwaitDeleted(ctx, id); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("got error %v, want %v", err, context.DeadlineExceeded)
		}
	})
}
