package fakeesa

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"reflect"
	"strings"
	"sync"
	"testing"
	"time"
)

func TestLogHasNoSecrets(t *testing.T) {
	t.Parallel()
	var mu sync.Mutex
	var logged []Request
	w := newWorld(t, Options{AccessKeySecret: "the-s3cret", SecurityToken: "the-t0ken", Log: func(r Request) {
		mu.Lock()
		defer mu.Unlock()
		logged = append(logged, r)
	}})
	pair := newPair(t, w.clock.Now().AddDate(1, 0, 0))
	h := w.create("shop.customer.com", "SslFlag", "on", "CertType", "upload", "Certificate", pair.certificate, "PrivateKey", pair.key)
	inQuery := w.common("UpdateCustomHostname")
	for name, value := range map[string]string{
		"HostnameId": itoa(h.ID), "SslFlag": "on", "CertType": "upload", "Certificate": pair.certificate + pair.key, "PrivateKey": pair.key,
	} {
		inQuery.Set(name, value)
	}
	r := w.request("POST", inQuery, nil, "the-s3cret")
	r.Header.Set("Authorization", "Bearer x")
	r.Header.Set("X-Acs-Bearer-Token", "Bearer x")
	r.Header.Set("X-Note", "the-s3cret it is")
	w.serve(r)
	signature := r.URL.Query().Get("Signature")
	w.call("CreateCustomHostname", "PrivateKey", "")

	requests := w.Requests()
	keyText := strings.Split(pair.key, "\n")[1]
	for _, list := range [][]Request{requests, logged} {
		if len(list) != 3 {
			t.Fatalf("got %d entries, want 3", len(list))
		}
		text, err := json.Marshal(list)
		if err != nil {
			t.Fatal(err)
		}
		for _, secret := range []string{"the-s3cret", "the-t0ken", keyText, signature, "Bearer x"} {
			if strings.Contains(string(text), secret) || strings.Contains(string(text), url.QueryEscape(secret)) {
				t.Errorf("the log contains %q", secret)
			}
		}
	}
	create, update, empty := requests[0], requests[1], requests[2]
	if create.Form.Get("PrivateKey") != Masked || create.Query.Has("PrivateKey") || create.Params.Get("PrivateKey") != Masked {
		t.Errorf("key in the form: got %q, want it masked", create.Form)
	}
	if create.Form.Get("Certificate") != pair.certificate || create.Params.Get("Certificate") != pair.certificate {
		t.Error("the log masks a certificate, which is not secret")
	}
	if create.Query.Get("Signature") != Masked || create.Query.Get("SecurityToken") != Masked || create.Params.Has("Signature") || create.Params.Has("Action") {
		t.Errorf("common parameters: got %q, %q; want masked secrets, and no common parameter among the action's", create.Query, create.Params)
	}
	if update.Query.Get("PrivateKey") != Masked || update.Form.Has("PrivateKey") || update.Params.Get("PrivateKey") != Masked {
		t.Errorf("key in the query: got %q, want it masked", update.Query)
	}
	if !empty.Params.Has("PrivateKey") || empty.Params.Get("PrivateKey") != "" {
		t.Errorf("empty key: got %q, want it empty", empty.Params)
	}
	if stored := w.hostname(h.ID); stored.PrivateKey != pair.key {
		t.Error("the stored key is not the one that was sent")
	}
}

func TestRequestsAreCopies(t *testing.T) {
	t.Parallel()
	w := newWorld(t, Options{})
	h := w.create("shop.customer.com")
	w.get(h.ID)
	w.get(h.ID)
	first := w.Requests()
	first[0].Params.Set("Hostname", "changed")
	first[0].Header.Set("X", "changed")
	again := w.Requests()
	if again[0].Params.Get("Hostname") != "shop.customer.com" || again[0].Header.Get("X") != "" {
		t.Error("changing a returned entry changed the log")
	}
	if again[0].Action != "CreateCustomHostname" || again[0].Status != 200 || again[0].Method != "POST" || !again[0].Time.Equal(w.clock.Now()) {
		t.Errorf("got %+v, want the create", again[0])
	}
	if n, gets := w.Count("GetCustomHostname"), w.RequestsOf("GetCustomHostname"); n != 2 || len(gets) != 2 || gets[0].HostnameID != h.ID {
		t.Errorf("got count %d and entries %+v, want 2 reads of the hostname", n, gets)
	}
	w.refused(400, "InvalidParameter", "GetCustomHostname", "HostnameId", "x")
	if last := w.Requests()[3]; last.Code != "InvalidParameter" || !strings.Contains(last.Reason, "HostnameId") {
		t.Errorf("got %+v, want InvalidParameter with a reason", last)
	}
	w.ResetRequests()
	if len(w.Requests()) != 0 || w.Count("GetCustomHostname") != 0 {
		t.Error("the log is not empty after ResetRequests")
	}
}

// TestWholeLogEntry compares all fields of a call in the log, and checks that Options.Log and Fault.Match get the same values.
func TestWholeLogEntry(t *testing.T) {
	t.Parallel()
	var logged, matched []Request
	w := newWorld(t, Options{Log: func(r Request) { logged = append(logged, r) }})
	w.Inject(Fault{Code: "never", Match: func(r Request) bool { matched = append(matched, r); return false }})
	w.MoveClock(time.Minute)
	query := w.common("UpdateCustomHostname")
	query.Set("HostnameId", "7")
	query.Set("SignatureNonce", "nonce")
	r := w.request("POST", query, url.Values{"SslFlag": {"off"}, "PrivateKey": {"key"}}, w.Options().AccessKeySecret)
	r.RemoteAddr = "192.0.2.7:1234"
	w.serve(r)
	want := Request{
		Action: "UpdateCustomHostname", Method: "POST",
		Query: url.Values{
			"Action": {"UpdateCustomHostname"}, "Version": {"2024-09-10"}, "Format": {"JSON"}, "AccessKeyId": {"fake-access-key-id"},
			"SignatureMethod": {"HMAC-SHA1"}, "SignatureVersion": {"1.0"}, "SignatureNonce": {"nonce"}, "Timestamp": {"2026-01-02T03:04:05Z"},
			"Signature": {"***"}, "HostnameId": {"7"},
		},
		Form:   url.Values{"SslFlag": {"off"}, "PrivateKey": {"***"}},
		Params: url.Values{"HostnameId": {"7"}, "SslFlag": {"off"}, "PrivateKey": {"***"}},
		Header: http.Header{"User-Agent": {"test"}, "Content-Type": {"application/x-www-form-urlencoded"}},
		Time:   time.Date(2026, 1, 2, 3, 5, 5, 0, time.UTC), RemoteAddr: "192.0.2.7:1234", HostnameID: 7,
	}
	if len(matched) != 1 || !reflect.DeepEqual(matched[0], want) {
		t.Errorf("Match got %+v, want %+v", matched, want)
	}
	want.Status, want.Code, want.Reason = 404, "CustomHostname.NotFound", "there is no hostname 7"
	if all := w.Requests(); len(all) != 1 || !reflect.DeepEqual(all[0], want) || !reflect.DeepEqual(logged, all) {
		t.Errorf("got the logs\n%+v and\n%+v, want\n%+v", all, logged, want)
	}
}

// TestCommonParametersAreNotTheActions checks that the log lists no parameter of the protocol among those of the action.
func TestCommonParametersAreNotTheActions(t *testing.T) {
	t.Parallel()
	w := newWorld(t, Options{})
	query := w.common("ListSites")
	for _, name := range []string{"RegionId", "AcceptLanguage", "SourceIp", "SecureTransport", "BearerToken", "SiteName"} {
		query.Set(name, "x")
	}
	if got := w.serve(w.request("GET", query, nil, w.Options().AccessKeySecret)); got.status != 200 {
		t.Errorf("got %d %s, want success", got.status, got.raw)
	}
	if got := w.Requests()[0]; !reflect.DeepEqual(got.Params, url.Values{"SiteName": {"x"}}) || got.Query.Get("BearerToken") != Masked {
		t.Errorf("got the parameters %v of %v, want SiteName, and a masked BearerToken", got.Params, got.Query)
	}
}

func TestReasonsStayOffTheWire(t *testing.T) {
	t.Parallel()
	w := newWorld(t, Options{})
	got := w.refused(400, "InvalidParameter", "CreateCustomHostname", "Hostname", "shop.customer.com", "SiteId", w.site.ID, "RecordId", 7, "SslFlag", "off")
	if got.at("Message") != "The specified parameter is invalid." {
		t.Errorf("got the message %q, want that of ESA without details", got.at("Message"))
	}
	if reason := w.Requests()[0].Reason; !strings.Contains(reason, fmt.Sprint(7)) {
		t.Errorf("got the reason %q, want the value in it", reason)
	}
}
