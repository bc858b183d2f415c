package esa

import (
	"net/http"
	"strings"
	"testing"

	rpc "github.com/alibabacloud-go/tea-rpc/client"
	util "github.com/alibabacloud-go/tea-utils/service"
	"github.com/google/go-cmp/cmp"

	"terraform-provider-esa/internal/fakeesa"
)

// TestConformance sends the same calls with tea-rpc's own DoRequest and with this client, and compares the requests that
// arrive.
func TestConformance(t *testing.T) {
	f := newFixture(t, fakeesa.Options{SecurityToken: "a-session-token"})
	id := f.create(t)
	hostnameID := formatInt(id)

	tea, err := rpc.NewClient(new(rpc.Config).
		SetProtocol("http").SetEndpoint(strings.TrimPrefix(f.URL(), "http://")).SetUserAgent("test").SetCredential(f.credential))
	if err != nil {
		t.Fatal(err)
	}
	tests := []struct {
		action string
		method string
		params map[string]any
		ours   func() error
	}{
		{
			"GetCustomHostname", http.MethodPost,
			map[string]any{"HostnameId": hostnameID},
			func() error { _, err := f.client.GetCustomHostname(t.Context(), id); return err },
		},
		{
			"UpdateCustomHostname", http.MethodPost,
			map[string]any{"HostnameId": hostnameID, "SslFlag": "on", "CertType": "cas", "CasId": "30000478", "CasRegion": "cn-hangzhou"},
			func() error {
				return f.client.UpdateCustomHostname(t.Context(), UpdateCustomHostnameInput{
					HostnameID: id, SSLFlag: SSLOn,
					Certificate: &Certificate{Type: CertTypeCAS, CasID: 30000478, CasRegion: "cn-hangzhou"},
				})
			},
		},
		{
			"GetRecord", http.MethodGet,
			map[string]any{"RecordId": formatInt(f.record.ID)},
			func() error { _, err := f.client.GetRecord(t.Context(), f.record.ID); return err },
		},
	}
	for _, test := range tests {
		t.Run(test.action, func(t *testing.T) {
			f.ResetRequests()
			query, body := test.params, map[string]any(nil)
			if test.method == http.MethodPost {
				query, body = nil, test.params
			}
			protocol, version, authType := "http", apiVersion, "AK"
			if _, err := tea.DoRequest(&test.action, &protocol, &test.method, &version, &authType, query, body, new(util.RuntimeOptions)); err != nil {
				t.Fatal(err)
			}
			if err := test.ours(); err != nil {
				t.Fatal(err)
			}
			requests := f.Requests()
			if len(requests) != 2 {
				t.Fatalf("got %d requests, want 2", len(requests))
			}
			if diff := cmp.Diff(arrived(requests[0]), arrived(requests[1])); diff != "" {
				t.Errorf("tea-rpc (-) and this client (+) differ:\n%s", diff)
			}
		})
	}
}

// arrived returns the parts of a request that must be equal. It leaves out those that differ in each request.
func arrived(request fakeesa.Request) map[string]any {
	query := map[string]string{}
	for name := range request.Query {
		switch name {
		case "SignatureNonce", "Timestamp", "Signature":
			query[name] = "(anew)"
		case "Format":
			query[name] = strings.ToUpper(request.Query.Get(name))
		default:
			query[name] = request.Query.Get(name)
		}
	}
	headers := map[string]string{}
	for _, name := range []string{"X-Acs-Action", "X-Acs-Version", "Content-Type", "User-Agent"} {
		headers[name] = request.Header.Get(name)
	}
	// tea-rpc puts its own name before the configured one.
	if _, configured, found := strings.Cut(headers["User-Agent"], "TeaDSL/1 "); found {
		headers["User-Agent"] = configured
	}
	return map[string]any{"method": request.Method, "query": query, "form": request.Form, "headers": headers, "status": request.Status}
}

func formatInt(id int64) string {
	p := params{}
	p.setID("x", id)
	return p["x"]
}
