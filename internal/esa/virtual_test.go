package esa

import (
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httptrace"
	"syscall"
	"testing"

	"terraform-provider-esa/internal/fakeesa"
)

// Tests of waits run in virtual time (testing/synctest): a pause takes its time, and other goroutines continue. Virtual time
// does not work with a network, so calls reach the fake without one.

// direct serves requests without a network.
type direct struct {
	handler http.Handler
	// fails, if set, may end a request before it is sent. loses, if set, may lose its response after it took effect.
	fails, loses func(*http.Request) error
}

// errRefused is the error of a request to a closed port.
var errRefused = &net.OpError{Op: "dial", Net: "tcp", Err: syscall.ECONNREFUSED}

// RoundTrip calls the trace like a transport.
func (d direct) RoundTrip(r *http.Request) (response *http.Response, err error) {
	if d.fails != nil {
		if err := d.fails(r); err != nil {
			return nil, err
		}
	}
	if trace := httptrace.ContextClientTrace(r.Context()); trace != nil {
		trace.GotConn(httptrace.GotConnInfo{})
		trace.WroteHeaders()
	}
	defer func() {
		if cause := recover(); cause != nil {
			if failure, ok := cause.(error); !ok || !errors.Is(failure, http.ErrAbortHandler) {
				panic(cause)
			}
			response, err = nil, io.ErrUnexpectedEOF
		}
	}()
	recorder := httptest.NewRecorder()
	if r.Body == nil {
		r = r.Clone(r.Context())
		r.Body = http.NoBody // as in a server
	}
	d.handler.ServeHTTP(recorder, r)
	if err := r.Context().Err(); err != nil {
		return nil, err
	}
	if d.loses != nil {
		if err := d.loses(r); err != nil {
			return nil, err
		}
	}
	return recorder.Result(), nil
}

// newVirtual is newFixture for a synctest bubble. It uses the machine's clock, which is virtual there.
func newVirtual(t testing.TB, options fakeesa.Options, change ...func(*Config)) *fixture {
	t.Helper()
	f := &fixture{Server: fakeesa.New(options)}
	f.site = f.AddSite("example.com")
	f.record = f.AddRecord(f.site.ID, "origin.example.com")
	f.credential = staticCredential(t, f.Options().AccessKeyID, f.Options().AccessKeySecret, f.Options().SecurityToken)
	config := Config{Endpoint: "http://127.0.0.1:1", Credential: f.credential, UserAgent: "test", MaxRetries: DefaultMaxRetries}
	for _, c := range change {
		c(&config)
	}
	var err error
	if f.client, err = New(config); err != nil {
		t.Fatal(err)
	}
	f.client.wire.http.Transport = direct{handler: f.Server}
	return f
}
