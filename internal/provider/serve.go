package provider

import (
	"context"
	"os"
	"sync/atomic"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/providerserver"
	"github.com/hashicorp/terraform-plugin-go/tfprotov6"

	"terraform-provider-esa/internal/esa"
)

// NewServer returns the server for tf6server.Serve. The version is sent to Terraform and ESA.
func NewServer(version string) func() tfprotov6.ProviderServer {
	return newServerWithClock(version, esa.SystemClock{})
}

// newServerWithClock is NewServer with a clock, for tests.
func newServerWithClock(version string, clock esa.Clock) func() tfprotov6.ProviderServer {
	return func() tfprotov6.ProviderServer {
		provider := newWithClock(version, clock)()
		framework := providerserver.NewProtocol6(provider)()
		server, whole := framework.(frameworkServer)
		esa, ours := provider.(*esaProvider)
		if !whole || !ours {
			return framework
		}
		if logsWanted(os.Environ()) || os.Getenv(longWay) != "" {
			return frugalServer{server}
		}
		return newQuickServer(frugalServer{server}, esa)
	}
}

// longWay is the environment variable that disables the quick way. Logs disable it too, as the framework logs every step.
const longWay = "TERRAFORM_PROVIDER_ESA_LONG_WAY"

// frameworkServer is the interface of the framework's server.
type frameworkServer interface {
	tfprotov6.ProviderServer
	tfprotov6.ListResourceServer
	tfprotov6.ActionServer
}

// frugalServer passes contexts to the framework that refer to nothing once a call is over. The framework keeps the cancel
// functions of all contexts until it is stopped, and with them the requests, streams and loggers of all calls, which is
// most of a gigabyte for a plan of 5,000 hostnames. Streaming calls continue after they return, and are rare; they are
// not wrapped.
type frugalServer struct {
	frameworkServer
}

func (s frugalServer) ValidateResourceConfig(ctx context.Context, req *tfprotov6.ValidateResourceConfigRequest) (*tfprotov6.ValidateResourceConfigResponse, error) {
	return during(ctx, req, s.frameworkServer.ValidateResourceConfig)
}

func (s frugalServer) UpgradeResourceState(ctx context.Context, req *tfprotov6.UpgradeResourceStateRequest) (*tfprotov6.UpgradeResourceStateResponse, error) {
	return during(ctx, req, s.frameworkServer.UpgradeResourceState)
}

func (s frugalServer) UpgradeResourceIdentity(ctx context.Context, req *tfprotov6.UpgradeResourceIdentityRequest) (*tfprotov6.UpgradeResourceIdentityResponse, error) {
	return during(ctx, req, s.frameworkServer.UpgradeResourceIdentity)
}

func (s frugalServer) ImportResourceState(ctx context.Context, req *tfprotov6.ImportResourceStateRequest) (*tfprotov6.ImportResourceStateResponse, error) {
	return during(ctx, req, s.frameworkServer.ImportResourceState)
}

func (s frugalServer) ReadResource(ctx context.Context, req *tfprotov6.ReadResourceRequest) (*tfprotov6.ReadResourceResponse, error) {
	return during(ctx, req, s.frameworkServer.ReadResource)
}

func (s frugalServer) PlanResourceChange(ctx context.Context, req *tfprotov6.PlanResourceChangeRequest) (*tfprotov6.PlanResourceChangeResponse, error) {
	return during(ctx, req, s.frameworkServer.PlanResourceChange)
}

func (s frugalServer) ApplyResourceChange(ctx context.Context, req *tfprotov6.ApplyResourceChangeRequest) (*tfprotov6.ApplyResourceChangeResponse, error) {
	return during(ctx, req, s.frameworkServer.ApplyResourceChange)
}

func (s frugalServer) ValidateDataResourceConfig(ctx context.Context, req *tfprotov6.ValidateDataResourceConfigRequest) (*tfprotov6.ValidateDataResourceConfigResponse, error) {
	return during(ctx, req, s.frameworkServer.ValidateDataResourceConfig)
}

func (s frugalServer) ReadDataSource(ctx context.Context, req *tfprotov6.ReadDataSourceRequest) (*tfprotov6.ReadDataSourceResponse, error) {
	return during(ctx, req, s.frameworkServer.ReadDataSource)
}

func (s frugalServer) CallFunction(ctx context.Context, req *tfprotov6.CallFunctionRequest) (*tfprotov6.CallFunctionResponse, error) {
	return during(ctx, req, s.frameworkServer.CallFunction)
}

// during makes a call with a context that refers to nothing afterwards.
func during[Req, Resp any](ctx context.Context, req Req, call func(context.Context, Req) (Resp, error)) (Resp, error) {
	c := &callContext{done: ctx.Done()}
	c.parent.Store(&ctx)
	defer c.parent.Store(nil)
	return call(c, req)
}

// callContext is its parent context until the call is over, and a canceled context afterwards.
type callContext struct {
	done   <-chan struct{}
	parent atomic.Pointer[context.Context]
}

func (c *callContext) Deadline() (deadline time.Time, ok bool) {
	if parent := c.parent.Load(); parent != nil {
		return (*parent).Deadline()
	}
	return time.Time{}, false
}

func (c *callContext) Done() <-chan struct{} { return c.done }

func (c *callContext) Err() error {
	if parent := c.parent.Load(); parent != nil {
		return (*parent).Err()
	}
	return context.Canceled
}

func (c *callContext) Value(key any) any {
	if parent := c.parent.Load(); parent != nil {
		return (*parent).Value(key)
	}
	return nil
}
