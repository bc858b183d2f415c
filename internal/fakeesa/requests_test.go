package fakeesa

import (
	"encoding/json"
	"fmt"
	"net/url"
	"strings"
	"sync"
	"testing"
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
