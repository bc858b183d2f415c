package esa

import (
	"net/http"
	"strings"
	"testing"
	"unicode/utf8"
)

// FuzzDecode decodes any response. No response may panic, and none may count as a success that is not one.
func FuzzDecode(f *testing.F) {
	for _, body := range []string{
		``, `null`, `[]`, `{}`, `{"RequestId":"R"}`, `{"RequestId":"R","Code":"InvalidParameter","Message":"m"}`, `{"RequestId":"R","Code":200}`,
		`{"requestId":"R","code":"x"}`, `{"RequestId":1}`, `{"RequestId":"R","CustomHostnameModel":{"HostnameId":9007199254740993,"PrivateKey":"TOPSECRET"}}`,
		`{"RequestId":"R","CustomHostnameModel":{"HostnameId":"x"}}`, `<html>`, `{"RequestId":"R","Code":{"a":[1]}}`, "\xff\xfe",
	} {
		f.Add(200, body, "1000")
		f.Add(502, body, "-1")
	}
	f.Fuzz(func(t *testing.T, status int, body, retryAfterHeader string) {
		response := &http.Response{StatusCode: status, Header: http.Header{"X-Acs-Retry-After": {retryAfterHeader}}}
		var out getCustomHostnameOutput
		requestID, failure := decode(response, []byte(body), &out)
		if failure == nil {
			if status < 200 || status > 299 || requestID == "" {
				t.Errorf("status %d with request id %q counts as a success", status, requestID)
			}
			return
		}
		if failure.RetryAfter < 0 || failure.RetryAfter > retryAfterCap {
			t.Errorf("got a pause of %v, want one between 0 and the limit", failure.RetryAfter)
		}
		if failure.Code == "" {
			// Only ESA's own message may be shown, never the body.
			text := failure.Err.Error()
			if strings.Contains(text, "TOPSECRET") || len(text) > 300 || !utf8.ValidString(text) && utf8.ValidString(body) {
				t.Errorf("the message contains the body, is too long or is not UTF-8: %q", text)
			}
		}
	})
}
