package esa

import (
	"context"
	"strings"
	"testing"

	"terraform-provider-esa/internal/fakeesa"
)

// The log is told every half minute what a long wait is for.
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
		t.Errorf("told %v", told)
	}
	for i := 1; i < len(told); i++ {
		if apart := told[i].Duration - told[i-1].Duration; apart < noticeEvery {
			t.Errorf("told after %v", apart)
		}
	}
}
