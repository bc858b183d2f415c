package provider

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"testing"
	"time"
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

// contextServer records the contexts of calls.
type contextServer struct {
	frameworkServer
	got []context.Context
}

func recorded[Resp any](ctx context.Context, s *contextServer, resp *Resp) (*Resp, error) {
	s.got = append(s.got, ctx)
	if ctx.Value(callKey{}) == nil || ctx.Err() != nil {
		return nil, errors.New("the context of a call is not the caller's")
	}
	return resp, nil
}

func (s *contextServer) ValidateResourceConfig(ctx context.Context, _ *tfprotov6.ValidateResourceConfigRequest) (*tfprotov6.ValidateResourceConfigResponse, error) {
	return recorded(ctx, s, new(tfprotov6.ValidateResourceConfigResponse))
}

func (s *contextServer) UpgradeResourceState(ctx context.Context, _ *tfprotov6.UpgradeResourceStateRequest) (*tfprotov6.UpgradeResourceStateResponse, error) {
	return recorded(ctx, s, new(tfprotov6.UpgradeResourceStateResponse))
}

func (s *contextServer) UpgradeResourceIdentity(ctx context.Context, _ *tfprotov6.UpgradeResourceIdentityRequest) (*tfprotov6.UpgradeResourceIdentityResponse, error) {
	return recorded(ctx, s, new(tfprotov6.UpgradeResourceIdentityResponse))
}

func (s *contextServer) ImportResourceState(ctx context.Context, _ *tfprotov6.ImportResourceStateRequest) (*tfprotov6.ImportResourceStateResponse, error) {
	return recorded(ctx, s, new(tfprotov6.ImportResourceStateResponse))
}

func (s *contextServer) ReadResource(ctx context.Context, _ *tfprotov6.ReadResourceRequest) (*tfprotov6.ReadResourceResponse, error) {
	return recorded(ctx, s, new(tfprotov6.ReadResourceResponse))
}

func (s *contextServer) PlanResourceChange(ctx context.Context, _ *tfprotov6.PlanResourceChangeRequest) (*tfprotov6.PlanResourceChangeResponse, error) {
	return recorded(ctx, s, new(tfprotov6.PlanResourceChangeResponse))
}

func (s *contextServer) ApplyResourceChange(ctx context.Context, _ *tfprotov6.ApplyResourceChangeRequest) (*tfprotov6.ApplyResourceChangeResponse, error) {
	return recorded(ctx, s, new(tfprotov6.ApplyResourceChangeResponse))
}

func (s *contextServer) ValidateDataResourceConfig(ctx context.Context, _ *tfprotov6.ValidateDataResourceConfigRequest) (*tfprotov6.ValidateDataResourceConfigResponse, error) {
	return recorded(ctx, s, new(tfprotov6.ValidateDataResourceConfigResponse))
}

func (s *contextServer) ReadDataSource(ctx context.Context, _ *tfprotov6.ReadDataSourceRequest) (*tfprotov6.ReadDataSourceResponse, error) {
	return recorded(ctx, s, new(tfprotov6.ReadDataSourceResponse))
}

func (s *contextServer) CallFunction(ctx context.Context, _ *tfprotov6.CallFunctionRequest) (*tfprotov6.CallFunctionResponse, error) {
	return recorded(ctx, s, new(tfprotov6.CallFunctionResponse))
}

// TestServerPassesContexts checks that the framework has the context of each call while the call lasts: loggers are in its
// values, and it ends with the caller's.
func TestServerPassesContexts(t *testing.T) {
	framework := &contextServer{}
	s := frugalServer{framework}
	ctx, cancel := context.WithTimeout(context.WithValue(t.Context(), callKey{}, 1), time.Hour)
	defer cancel()
	for name, call := range map[string]func() (any, error){
		"ValidateResourceConfig": func() (any, error) {
			return s.ValidateResourceConfig(ctx, new(tfprotov6.ValidateResourceConfigRequest))
		},
		"UpgradeResourceState": func() (any, error) { return s.UpgradeResourceState(ctx, new(tfprotov6.UpgradeResourceStateRequest)) },
		"UpgradeResourceIdentity": func() (any, error) {
			return s.UpgradeResourceIdentity(ctx, new(tfprotov6.UpgradeResourceIdentityRequest))
		},
		"ImportResourceState": func() (any, error) { return s.ImportResourceState(ctx, new(tfprotov6.ImportResourceStateRequest)) },
		"ReadResource":        func() (any, error) { return s.ReadResource(ctx, new(tfprotov6.ReadResourceRequest)) },
		"PlanResourceChange":  func() (any, error) { return s.PlanResourceChange(ctx, new(tfprotov6.PlanResourceChangeRequest)) },
		"ApplyResourceChange": func() (any, error) { return s.ApplyResourceChange(ctx, new(tfprotov6.ApplyResourceChangeRequest)) },
		"ValidateDataResourceConfig": func() (any, error) {
			return s.ValidateDataResourceConfig(ctx, new(tfprotov6.ValidateDataResourceConfigRequest))
		},
		"ReadDataSource": func() (any, error) { return s.ReadDataSource(ctx, new(tfprotov6.ReadDataSourceRequest)) },
		"CallFunction":   func() (any, error) { return s.CallFunction(ctx, new(tfprotov6.CallFunctionRequest)) },
	} {
		framework.got = nil
		if resp, err := call(); err != nil || resp == nil {
			t.Errorf("%s: got %v and error %v, want a response", name, resp, err)
		}
		if len(framework.got) != 1 {
			t.Fatalf("%s: got %d calls, want 1", name, len(framework.got))
		}
		after := framework.got[0]
		if after.Value(callKey{}) != nil || after.Err() == nil || after.Done() != ctx.Done() {
			t.Errorf("%s: after the call, its context still refers to the caller's, or does not end with it", name)
		}
	}
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
