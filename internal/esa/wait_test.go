package esa

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"terraform-provider-esa/internal/fakeesa"
)

// TestLongWaitsAreTold checks that the log says every half minute what a long wait is for.
func TestLongWaitsAreTold(t *testing.T) {
	var told []Event
	f := newFixture(t, fakeesa.Options{DeletingGets: 24}, func(c *Config) {
		c.Log = func(_ context.Context, event Event) {
			if event.Waiting != "" {
				told = append(told, event)
			}
		}
	})
	id := f.create(t)
	if err := f.client.DeleteCustomHostname(t.Context(), id); err != nil {
		t.Fatal(err)
	}
	if err := f.client.AwaitDeleted(t.Context(), id); err != nil {
		t.Fatal(err)
	}
	if len(told) < 3 || !strings.Contains(told[0].Waiting, "is being deleted") {
		t.Errorf("got events %v, want at least 3 about the delete", told)
	}
	for i := 1; i < len(told); i++ {
		if apart := told[i].Duration - told[i-1].Duration; apart < noticeEvery {
			t.Errorf("got %v between two log lines, want at least %v", apart, noticeEvery)
		}
	}
}

// TestAwaitUpdatedLooksAgainAfterASlowAnswer checks that the wait reads once more after its time is up, because a slow
// response shows the state at the time of the request.
func TestAwaitUpdatedLooksAgainAfterASlowAnswer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newVirtual(t, fakeesa.Options{ReadLag: 20 * time.Second})
		id := f.add(1)[0]
		other := f.AddRecord(f.site.ID, "other.example.com")
		if err := f.client.UpdateCustomHostname(t.Context(), UpdateCustomHostnameInput{HostnameID: id, RecordID: other.ID}); err != nil {
			t.Fatal(err)
		}
		f.Inject(fakeesa.Fault{Action: "GetCustomHostname", Skip: 3, After: true, Delay: updatedLimit - time.Second})
		got, err := f.client.AwaitUpdated(t.Context(), id, func(h *CustomHostname) bool { return h.RecordID == other.ID })
		if err != nil || got == nil || got.RecordID != other.ID {
			t.Errorf("got %+v, error %v; want the new record", got, err)
		}
	})
}

// TestAwaitUpdated checks that the client waits for a hostname that ESA is configuring as long as the context allows, but
// not for one that does not change.
func TestAwaitUpdated(t *testing.T) {
	tests := map[string]struct {
		options fakeesa.Options
		limit   time.Duration
		settled bool
		most    time.Duration
	}{
		"configuring for minutes":     {fakeesa.Options{UpdateTakes: 7 * time.Minute}, 10 * time.Minute, true, 8 * time.Minute},
		"configuring for hours":       {fakeesa.Options{UpdateTakes: 7 * time.Hour}, 10 * time.Minute, false, 10 * time.Minute},
		"reads that lag":              {fakeesa.Options{ReadLag: 30 * time.Second}, 10 * time.Minute, true, time.Minute},
		"reads that never see it":     {fakeesa.Options{ReadLag: 30 * time.Hour}, 10 * time.Minute, false, time.Minute},
		"a limit below what it takes": {fakeesa.Options{ReadLag: 30 * time.Second}, 10 * time.Second, false, 10 * time.Second},
	}
	for title, test := range tests {
		t.Run(title, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				f := newVirtual(t, test.options)
				id := f.add(1)[0]
				other := f.AddRecord(f.site.ID, "other.example.com")
				if err := f.client.UpdateCustomHostname(t.Context(), UpdateCustomHostnameInput{HostnameID: id, RecordID: other.ID}); err != nil {
					t.Fatal(err)
				}
				ctx, cancel := context.WithTimeout(t.Context(), test.limit)
				defer cancel()
				began := time.Now()
				got, err := f.client.AwaitUpdated(ctx, id, func(h *CustomHostname) bool { return h.RecordID == other.ID })
				if err != nil || got == nil || (got.RecordID == other.ID) != test.settled || time.Since(began) > test.most {
					t.Errorf("got %+v, error %v after %v", got, err, time.Since(began))
				}
			})
		})
	}
}

// TestAwaitCreatedWaitsForTheToken checks that the client waits for the token of a new hostname, for a minute at most.
func TestAwaitCreatedWaitsForTheToken(t *testing.T) {
	for gets, comes := range map[int]bool{0: true, 5: true, 1000: false} {
		synctest.Test(t, func(t *testing.T) {
			f := newVirtual(t, fakeesa.Options{VerifyCodeGets: gets})
			id := f.create(t)
			began := time.Now()
			got, err := f.client.AwaitCreated(t.Context(), id)
			took := time.Since(began)
			if err != nil || got == nil || (got.VerifyCode != "") != comes || took > time.Minute || !comes && took < 40*time.Second || gets == 5 && took < 5*time.Second {
				t.Errorf("%d reads without a token: got %+v, error %v after %v", gets, got, err, took)
			}
		})
	}
}

// TestAwaitCreatedWhileConfiguring checks that a hostname that is still configuring is read again until it has its token.
func TestAwaitCreatedWhileConfiguring(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newVirtual(t, fakeesa.Options{})
		id := f.create(t)
		early := fmt.Sprintf(`{"RequestId":"R","CustomHostnameModel":{"HostnameId":%d,"Hostname":"shop.customer.com","SiteId":%d,"RecordId":%d,"SslFlag":"off","Status":"configuring"}}`,
			id, f.site.ID, f.record.ID)
		f.Inject(fakeesa.Fault{Action: "GetCustomHostname", Status: 200, RawBody: &early, Times: 3})
		got, err := f.client.AwaitCreated(t.Context(), id)
		if err != nil || got == nil || got.VerifyCode == "" {
			t.Errorf("got %+v, %v, want the hostname with its token", got, err)
		}
	})
}

// TestGetUnread checks that a hostname that reads do not show yet is read again, and that a deleted one is not found after at
// most a minute.
func TestGetUnread(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newVirtual(t, fakeesa.Options{ReadLag: 40 * time.Second})
		id, err := f.client.CreateCustomHostname(t.Context(), f.createInput())
		if err != nil {
			t.Fatal(err)
		}
		if got, err := f.client.GetUnread(t.Context(), id); err != nil || got.HostnameID != id {
			t.Errorf("got %+v, error %v; want the new hostname", got, err)
		}
		f.RemoveHostname(id)
		time.Sleep(time.Minute)
		began := time.Now()
		_, err = f.client.GetUnread(t.Context(), id)
		if took := time.Since(began); !IsNotFound(err) || took < 40*time.Second || took > time.Minute {
			t.Errorf("deleted: got error %v after %v, want not found after 40s to 1m", err, took)
		}
	})
}

// TestLagIsLearned checks that the client learns how long reads lag, and reads when the change should be visible: about once
// for each write.
func TestLagIsLearned(t *testing.T) {
	for _, lag := range []time.Duration{0, time.Second, 10 * time.Second} {
		t.Run(fmt.Sprint(lag), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				f := newVirtual(t, fakeesa.Options{ReadLag: lag, Busy: fakeesa.BusyNothing, CreateLimitPerHour: fakeesa.NoLimit})
				const count = 500
				life := func(i int) {
					in := f.createInput()
					in.Hostname = fmt.Sprintf("h%d.customer.com", i)
					id, err := f.client.CreateCustomHostname(t.Context(), in)
					if err != nil {
						t.Error(err)
						return
					}
					if _, err := f.client.AwaitCreated(t.Context(), id); err != nil {
						t.Error(err)
					}
					if err := f.client.DeleteCustomHostname(t.Context(), id); err != nil {
						t.Error(err)
					}
					if err := f.client.AwaitDeleted(t.Context(), id); err != nil {
						t.Error(err)
					}
				}
				began := time.Now()
				atOnce(count, life)
				looks := float64(f.Count("GetCustomHostname")) / (2 * count)
				took := float64(time.Since(began)) / float64(max(1, 2*lag*count/10))
				t.Logf("%.2f reads for each write, %.2f times the least time", looks, took)
				if looks > 1.25 || lag > 0 && took > 1.3 {
					t.Errorf("got %.2f reads for each write, %.2f times the least time; want at most 1.25 and 1.3", looks, took)
				}
			})
		})
	}
}
