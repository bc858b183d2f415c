package esa

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"

	"terraform-provider-esa/internal/fakeesa"
)

// TestErrorTexts checks the whole text of each error, and its causes.
func TestErrorTexts(t *testing.T) {
	cause := errors.New("the cause")
	for _, test := range []struct {
		err    error
		want   string
		causes []error
	}{
		{&Error{Action: "GetSite", Host: "h", Code: "C", Message: "m", Status: 400, Attempts: 2, Err: cause}, "GetSite at h: C: m", []error{cause}},
		{&Error{Action: "GetSite", Host: "h", Code: "C", Message: "m", RequestID: "R"}, "GetSite at h: C: m (request id R)", nil},
		{&Error{Action: "GetSite", Host: "h", Status: 502, Attempts: 1}, "GetSite at h: HTTP status 502", nil},
		{&Error{Action: "GetSite", Host: "h", Status: 502, Err: cause, RequestID: "R"}, "GetSite at h: the cause (request id R)", []error{cause}},
		{
			&Error{Action: "GetSite", Host: "h", Code: "C", Message: "m", RequestID: "R", Attempts: 3, GaveUp: context.Canceled},
			"GetSite at h: C: m (request id R); gave up after 3 attempts: context canceled",
			[]error{context.Canceled},
		},
		{
			&Error{Action: "GetSite", Host: "h", Err: cause, Attempts: 3, GaveUp: context.Canceled},
			"GetSite at h: the cause; gave up after 3 attempts: context canceled",
			[]error{cause, context.Canceled},
		},
		{
			&HostnameExistsError{Existing: CustomHostname{Hostname: shop, SiteID: 1, HostnameID: 2}, Err: cause},
			"custom hostname shop.customer.com exists in site 1 with id 2: the cause",
			[]error{cause},
		},
		{&CreateQuotaError{Made: 7, Err: cause}, "throttled after 7 hostnames: the cause", []error{cause}},
		{&UnclearCreateError{Err: cause}, "the hostname may or may not have been created: the cause", []error{cause}},
		{&HopelessError{Hostname: CustomHostname{Hostname: shop, Status: StatusConflicted, ConflictWith: "x"}, Err: cause}, "custom hostname shop.customer.com is conflicted with x", []error{cause}},
		{&HopelessError{Hostname: CustomHostname{Hostname: shop, Status: StatusOffline, OfflineReason: "x"}}, "custom hostname shop.customer.com is offline: x", nil},
		{&HopelessError{Hostname: CustomHostname{Hostname: shop, Status: StatusActive, CertStatus: "Expired"}}, "the certificate of custom hostname shop.customer.com is Expired", nil},
		{&CredentialError{"profile", "It is wrong."}, "profile: It is wrong.", nil},
		{&proxyError{407}, "the proxy answered CONNECT with HTTP status 407", nil},
	} {
		wantText(t, test.err, test.want)
		for _, cause := range []error{cause, context.Canceled} {
			if wraps := slices.Contains(test.causes, cause); errors.Is(test.err, cause) != wraps {
				t.Errorf("%v: wraps %v: %t, want %t", test.err, cause, !wraps, wraps)
			}
		}
	}
}

// TestIncompleteAnswers checks the error for each successful response of ESA that lacks what the client needs.
func TestIncompleteAnswers(t *testing.T) {
	get := func(f *fixture) error { _, err := f.client.GetCustomHostname(t.Context(), 1); return err }
	list := func(f *fixture) error {
		_, err := f.client.ListCustomHostnames(t.Context(), ListCustomHostnamesInput{SiteID: 1})
		return err
	}
	site := func(f *fixture) error { _, err := f.client.GetSite(t.Context(), 1); return err }
	record := func(f *fixture) error { _, err := f.client.GetRecord(t.Context(), 1); return err }
	const id = ` (request id R)`
	for _, test := range []struct {
		action string
		call   func(f *fixture) error
		body   string
		want   string
	}{
		{"GetCustomHostname", get, `{"RequestId":"R"}`, "it has no CustomHostnameModel" + id},
		{"GetCustomHostname", get, `{"RequestId":"R","CustomHostnameModel":{"HostnameId":2}}`, "it describes hostname id 2" + id},
		{"GetCustomHostname", get, `{"RequestId":"R","CustomHostnameModel":{}}`, "it describes hostname id 0" + id},
		{"ListCustomHostnames", list, `{"RequestId":"R","Hostnames":[]}`, "it has no TotalCount" + id},
		{"ListCustomHostnames", list, `{"RequestId":"R","TotalCount":1,"Hostnames":[{"Hostname":"a.example"}]}`, "it lists a hostname without an id" + id},
		{"ListCustomHostnames", list, `{"RequestId":"R","TotalCount":2,"Hostnames":[{"HostnameId":1},{"HostnameId":-1}]}`, "it lists a hostname without an id" + id},
		{"GetSite", site, `{"RequestId":"R"}`, "it has no SiteModel of site 1" + id},
		{"GetSite", site, `{"RequestId":"R","SiteModel":{"SiteId":2}}`, "it has no SiteModel of site 1" + id},
		{"GetRecord", record, `{"RequestId":"R"}`, "it has no RecordModel of record 1" + id},
		{"GetRecord", record, `{"RequestId":"R","RecordModel":{"RecordId":2}}`, "it has no RecordModel of record 1" + id},

		{"GetSite", site, `{"SiteModel":{"SiteId":1}}`, "HTTP status 200 without a RequestId"},
		{"GetSite", site, "", "HTTP status 200 with an empty body"},
		{"GetSite", site, " \n", "HTTP status 200 with an empty body"},
		{"GetSite", site, " <html>", "HTTP status 200 with HTML or XML instead of a JSON object, so a proxy or another server answered"},
		{"GetSite", site, "[1]", "HTTP status 200 with a JSON array instead of a JSON object"},
		{"GetSite", site, "hello", "HTTP status 200 with something instead of a JSON object"},
		{"GetSite", site, `{"RequestId":`, "HTTP status 200 with invalid JSON"},
		{"GetSite", site, `{"RequestId":"R","SiteModel":[]}`, "HTTP status 200 with a JSON array in the field SiteModel" + id},
		{"GetSite", site, `{"RequestId":"R","SiteModel":{"SiteId":1,"SiteName":{}}}`, "HTTP status 200 with a JSON object in the field SiteModel.SiteName" + id},
		{"GetSite", site, `{"RequestId":"R","SiteModel":{"SiteId":true}}`, "HTTP status 200 with a JSON boolean in the field SiteModel.SiteId" + id},
		{"GetSite", site, `{"RequestId":"R","SiteModel":{"SiteId":"hush"}}`, "HTTP status 200 with a JSON string in the field SiteModel.SiteId" + id},
		{"GetSite", site, `{"RequestId":"R","SiteModel":{"SiteId":1.5}}`, "HTTP status 200 with a JSON number in the field SiteModel.SiteId" + id},
		{"GetSite", site, `{"RequestId":"R","x":"` + strings.Repeat("x", bodyLimit) + `"}`, "HTTP status 200 with more than 8 MiB"},
	} {
		f := newFixture(t, fakeesa.Options{}, func(c *Config) { c.MaxRetries = 0 })
		f.Inject(fakeesa.Fault{RawBody: &test.body})
		wantText(t, test.call(f), test.action+" at "+strings.TrimPrefix(f.URL(), "http://")+": the response is not from ESA: "+test.want)
	}
	for status, want := range map[int]string{
		300: "HTTP status 300, a redirect, which is never followed",
		399: "HTTP status 399, a redirect, which is never followed",
		400: "HTTP status 400 without an error code (request id R)",
		404: "HTTP status 404 without an error code (request id R)",
	} {
		f := newFixture(t, fakeesa.Options{}, func(c *Config) { c.MaxRetries = 0 })
		f.Inject(fakeesa.Fault{Status: status, RawBody: text(`{"RequestId":"R","SiteModel":{"SiteId":1}}`)})
		wantText(t, site(f), "GetSite at "+strings.TrimPrefix(f.URL(), "http://")+": the response is not from ESA: "+want)
	}
	for size, want := range map[int]string{bodyLimit: "", bodyLimit + 1: "HTTP status 200 with more than 8 MiB"} {
		f := newFixture(t, fakeesa.Options{}, func(c *Config) { c.MaxRetries = 0 })
		start := `{"RequestId":"R","SiteModel":{"SiteId":1}}`
		f.Inject(fakeesa.Fault{RawBody: text(start + strings.Repeat(" ", size-len(start)))})
		if err := site(f); (err == nil) != (want == "") || err != nil && !strings.HasSuffix(err.Error(), ": "+want) {
			t.Errorf("a body of %d bytes: got error %v, want %q", size, err, want)
		}
	}
}

// TestIsRefusal checks that only an error response of ESA is a refusal, not one of a proxy.
func TestIsRefusal(t *testing.T) {
	for _, test := range []struct {
		err  error
		want bool
	}{
		{nil, false},
		{errors.New("x"), false},
		{&Error{Err: io.ErrUnexpectedEOF}, false},
		{&Error{Status: 502, Err: errMalformed}, false},
		{&Error{Status: 400, Code: "Some.New"}, true},
		{fmt.Errorf("wrapped: %w", &Error{Status: 403, Code: CodeNoPermission}), true},
	} {
		if got := IsRefusal(test.err); got != test.want {
			t.Errorf("%v: got %t, want %t", test.err, got, test.want)
		}
	}
}

// TestErrorFields checks the fields of the error of a call that is refused, and of one without a usable response.
func TestErrorFields(t *testing.T) {
	for name, test := range map[string]struct {
		fault fakeesa.Fault
		want  string
	}{
		"refused":          {fakeesa.Fault{Code: "C", Message: "m", Status: 403}, "C m 403 true true 1 false"},
		"refused with 200": {fakeesa.Fault{Code: "C", Message: "m", Status: 200}, "C m 200 true true 1 false"},
		"no object":        {fakeesa.Fault{RawBody: text(`{"RequestId":"R"}`)}, "  200 true true 1 false"},
		"no request id":    {fakeesa.Fault{RawBody: text(`{}`)}, "  200 false true 1 false"},
		"a broken body":    {fakeesa.Fault{RawBody: text(`{`), Drop: true}, "  200 false true 1 false"},
		"no response":      {fakeesa.Fault{Drop: true}, "  0 false true 1 false"},
	} {
		f := newFixture(t, fakeesa.Options{}, func(c *Config) { c.MaxRetries, c.TokenVariable = 0, "V" })
		f.Inject(test.fault)
		_, err := f.client.GetSite(t.Context(), f.site.ID)
		var e *Error
		if !errors.As(err, &e) || e.Action != "GetSite" || e.Host != strings.TrimPrefix(f.URL(), "http://") || e.GaveUp != nil {
			t.Errorf("%s: got error %#v, want an Error of GetSite at the host", name, err)
			continue
		}
		got := fmt.Sprint(string(e.Code), " ", e.Message, " ", e.Status, " ", e.RequestID != "", " ", e.TokenVariable == "V", " ", e.Attempts, " ", e.Unsent)
		if got != test.want {
			t.Errorf("%s: got %s, want %s (%v)", name, got, test.want, err)
		}
	}
	f := newFixture(t, fakeesa.Options{}, func(c *Config) { c.MaxRetries = 0 })
	f.Inject(fakeesa.Fault{RawBody: text(fmt.Sprintf(`{"RequestId":"R","SiteModel":{"SiteId":%d}}`, f.site.ID)), Drop: true})
	_, err := f.client.GetSite(t.Context(), f.site.ID)
	wantText(t, err, "GetSite at "+strings.TrimPrefix(f.URL(), "http://")+": unexpected EOF")
}
