package fakeesa

import (
	"maps"
	"testing"
)

func TestChaosIsReproducible(t *testing.T) {
	t.Parallel()
	const calls = 20000
	play := func(seed uint64, order []string) map[string]int {
		c := newChaos(seed, 0.2)
		for i := range calls {
			c.meet("GetCustomHostname", order[i%len(order)])
		}
		return c.met
	}
	first := play(1, []string{"a", "b", "c", "d"})
	if other := play(1, []string{"d", "b", "a", "c"}); !maps.Equal(first, other) {
		t.Errorf("the faults depend on the order of calls: %v, %v", first, other)
	}
	if other := play(2, []string{"a", "b", "c", "d"}); maps.Equal(first, other) {
		t.Error("the faults do not depend on the seed")
	}
	total := 0
	for _, n := range first {
		total += n
	}
	if total < calls*18/100 || total > calls*22/100 {
		t.Errorf("got faults in %d of %d calls, want about a fifth", total, calls)
	}
	for _, name := range newChaos(1, 1).names {
		if first[name] == 0 {
			t.Errorf("the fault %s never happened", name)
		}
	}
}

func TestChaosKeepsTheNameOfWhatIsGone(t *testing.T) {
	t.Parallel()
	w := newWorld(t, Options{})
	h := w.create("shop.customer.com")
	w.Chaos(1, 1)
	w.call("GetCustomHostname", "HostnameId", h.ID)
	w.RemoveHostname(h.ID)
	w.call("GetCustomHostname", "HostnameId", h.ID)
	if n := w.faults.chaos.calls["GetCustomHostname shop.customer.com"]; n != 2 {
		t.Errorf("got %d calls, want 2: %v", n, w.faults.chaos.calls)
	}
	w.Chaos(1, 0)
	w.refused(404, "CustomHostname.NotFound", "GetCustomHostname", "HostnameId", h.ID)
	total := 0
	for _, n := range w.ChaosMet() {
		total += n
	}
	if total != 2 {
		t.Errorf("got %d faults, want 2", total)
	}
}
