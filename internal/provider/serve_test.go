package provider

import (
	"context"
	"fmt"
	"runtime"
	"testing"
	"weak"

	"github.com/hashicorp/terraform-plugin-go/tfprotov6"

	"terraform-provider-esa/internal/fakeesa"
)

type callKey struct{}

// TestServerKeepsNothingOfACall makes calls whose contexts hold a value, and checks that no value is still referenced
// afterwards.
func TestServerKeepsNothingOfACall(t *testing.T) {
	a := newAccount(t, fakeesa.Options{})
	s := newServer(t, a)
	state := a.readable(t, s)
	var held []weak.Pointer[[1 << 10]byte]
	for range 20 {
		value := new([1 << 10]byte)
		held = append(held, weak.Make(value))
		ctx, cancel := context.WithCancel(context.WithValue(t.Context(), callKey{}, value))
		if _, err := s.ReadResource(ctx, &tfprotov6.ReadResourceRequest{TypeName: "esa_custom_hostname", CurrentState: state}); err != nil {
			t.Fatal(err)
		}
		cancel()
	}
	runtime.GC()
	runtime.GC()
	left := 0
	for _, pointer := range held {
		if pointer.Value() != nil {
			left++
		}
	}
	if left > 1 { // the last one may still be on the stack
		t.Errorf("after %d calls, got %d contexts that are still referenced, want at most 1", len(held), left)
	}
	runtime.KeepAlive(s)
}

// readable creates a hostname, and returns a state of it that can be refreshed.
func (a *account) readable(t testing.TB, s *server) *tfprotov6.DynamicValue {
	t.Helper()
	made := a.AddHostname(fakeesa.Hostname{SiteID: a.site.ID, RecordID: a.record.ID, Hostname: name, SSLFlag: "off"})
	state := dynamic(t, s.schema.ResourceSchemas["esa_custom_hostname"], map[string]any{"id": fmt.Sprint(made.ID)})
	read, err := s.ReadResource(t.Context(), &tfprotov6.ReadResourceRequest{TypeName: "esa_custom_hostname", CurrentState: state})
	if err != nil {
		t.Fatal(err)
	}
	noProblems(t, read.Diagnostics)
	return read.NewState
}

func BenchmarkRead(b *testing.B) {
	a := newAccount(b, fakeesa.Options{})
	s := newServer(b, a)
	state := a.readable(b, s)
	for b.Loop() {
		read, err := s.ReadResource(b.Context(), &tfprotov6.ReadResourceRequest{TypeName: "esa_custom_hostname", CurrentState: state})
		if err != nil || len(read.Diagnostics) != 0 {
			b.Fatal(err, shown(read.Diagnostics))
		}
	}
}
