package fakeesa

import (
	"crypto/ecdsa"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"maps"
	"math/big"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
)

func TestCreate(t *testing.T) {
	t.Parallel()
	w := newWorld(t, Options{})
	got := w.ok("CreateCustomHostname", "Hostname", "Shop.Customer.COM", "SiteId", w.site.ID, "RecordId", w.record.ID, "SslFlag", "off")
	id := got.at("HostnameId")
	want := fmt.Sprintf(`{"RequestId":%q,"HostnameId":%s,"Hostname":"shop.customer.com"}`, got.at("RequestId"), id)
	if got.raw != want {
		t.Errorf("got  %s\nwant %s", got.raw, want)
	}
	if !regexp.MustCompile(`^4\d{15}$`).MatchString(id) {
		t.Errorf("got the id %s, want 16 digits", id)
	}
	h, found := w.HostnameByName(w.site.ID, "SHOP.customer.com.")
	if !found || itoa(h.ID) != id || h.Status != "pending" || h.SSLFlag != "off" || h.CertStatus != "" {
		t.Errorf("got %+v, want a pending hostname with SSL off", h)
	}
	if h.VerifyHost != "_esa_custom_hostname.shop.customer.com" || !regexp.MustCompile(`^verify_[0-9a-f]{32}$`).MatchString(h.VerifyCode) {
		t.Errorf("got the ownership record %q %q", h.VerifyHost, h.VerifyCode)
	}
	if r := w.RequestsOf("CreateCustomHostname"); r[0].HostnameID != h.ID {
		t.Errorf("got hostname id %d in the log, want %d", r[0].HostnameID, h.ID)
	}
}

func TestLargeIDsAreLostOnFloats(t *testing.T) {
	t.Parallel()
	w := newWorld(t, Options{LargeIDs: true})
	for _, id := range []int64{w.site.ID, w.record.ID, w.create("shop.customer.com").ID} {
		if int64(float64(id)) == id {
			t.Errorf("got the id %d, want one that a float64 cannot hold", id)
		}
	}
}

func TestCreateRefuses(t *testing.T) {
	t.Parallel()
	w := newWorld(t, Options{})
	other := w.AddSite("other.example")
	foreign := w.AddRecord(other.ID, "origin.other.example")
	plain := w.AddRecordOf(Record{SiteID: w.site.ID, Name: "plain.example.com"})
	pair, wrong := newPair(t, w.clock.Now().AddDate(1, 0, 0)), newPair(t, w.clock.Now().AddDate(1, 0, 0))
	type params = map[string]any
	on := func(more params) params {
		all := params{"SslFlag": "on"}
		maps.Copy(all, more)
		return all
	}
	tests := map[string]struct {
		change params // nil removes a parameter
		status int
		code   string
		reason string
	}{
		"no Hostname":                  {params{"Hostname": nil}, 400, "MissingHostname", "Hostname is missing"},
		"an empty Hostname":            {params{"Hostname": ""}, 400, "MissingHostname", "Hostname is missing"},
		"no SiteId":                    {params{"SiteId": nil}, 400, "MissingSiteId", "SiteId is missing"},
		"no RecordId":                  {params{"RecordId": nil}, 400, "MissingRecordId", "RecordId is missing"},
		"no SslFlag":                   {params{"SslFlag": nil}, 400, "MissingSslFlag", "SslFlag is missing"},
		"a SiteId in words":            {params{"SiteId": "example.com"}, 400, "InvalidParameter", "SiteId is not a whole number in decimal digits"},
		"a SiteId as a float":          {params{"SiteId": "4.514973387335745e+15"}, 400, "InvalidParameter", "SiteId is not a whole number in decimal digits"},
		"a negative SiteId":            {params{"SiteId": -1}, 400, "InvalidParameter", "SiteId is not a whole number in decimal digits"},
		"SiteId 0":                     {params{"SiteId": 0}, 400, "InvalidParameter", "SiteId is not an id"},
		"a SiteId above int64":         {params{"SiteId": "9223372036854775808"}, 400, "InvalidParameter", "SiteId is not a whole number in decimal digits"},
		"a SiteId with a plus":         {params{"SiteId": "+5"}, 400, "InvalidParameter", "SiteId is not a whole number in decimal digits"},
		"a SiteId with a space":        {params{"SiteId": " 5"}, 400, "InvalidParameter", "SiteId is not a whole number in decimal digits"},
		"an unknown site":              {params{"SiteId": 7}, 404, "SiteNotFound", "there is no site 7"},
		"an unknown record":            {params{"RecordId": 7}, 400, "InvalidParameter", "there is no record 7"},
		"a record of another site":     {params{"RecordId": foreign.ID}, 400, "InvalidParameter", "record 4514973387335751 is one of site 4514973387335749"},
		"a record that is not proxied": {params{"RecordId": plain.ID}, 400, "InvalidParameter", "record 4514973387335753 is not proxied"},
		"another SslFlag":              {params{"SslFlag": "ON"}, 400, "InvalidParameter", "SslFlag is none of [on off]"},
		"a scheme":                     {params{"Hostname": "https://shop.customer.com"}, 400, "InvalidParameter", "Hostname has the character ':'"},
		"a port":                       {params{"Hostname": "shop.customer.com:443"}, 400, "InvalidParameter", "Hostname has the character ':'"},
		"a path":                       {params{"Hostname": "shop.customer.com/x"}, 400, "InvalidParameter", "Hostname has the character '/'"},
		"a space":                      {params{"Hostname": "shop .customer.com"}, 400, "InvalidParameter", "Hostname has the character ' '"},
		"a line end":                   {params{"Hostname": "shop.customer.com\n"}, 400, "InvalidParameter", "Hostname has the character '\\n'"},
		"a dot at the end":             {params{"Hostname": "shop.customer.com."}, 400, "InvalidParameter", "Hostname has an empty label"},
		"an empty label":               {params{"Hostname": "shop..customer.com"}, 400, "InvalidParameter", "Hostname has an empty label"},
		"one label":                    {params{"Hostname": "shop"}, 400, "InvalidParameter", "Hostname has one label only"},
		"a label of 64":                {params{"Hostname": strings.Repeat("a", 64) + ".com"}, 400, "InvalidParameter", "Hostname has a label of more than 63 characters"},
		"254 characters":               {params{"Hostname": strings.Repeat("a.", 125) + "abcd"}, 400, "InvalidParameter", "Hostname has more than 253 characters"},
		"letters beyond ASCII":         {params{"Hostname": "bücher.customer.com"}, 400, "InvalidParameter", "Hostname has the character 'ü'"},
		"a hyphen in front":            {params{"Hostname": "-shop.customer.com"}, 400, "InvalidParameter", "Hostname has a label that begins or ends with a hyphen"},
		"a star in the middle":         {params{"Hostname": "shop.*.com"}, 400, "InvalidParameter", "Hostname has the character '*'"},
		"an IP address":                {params{"Hostname": "192.0.2.1"}, 400, "InvalidParameter", "Hostname is an IP address"},
		"a hyphen at the end":          {params{"Hostname": "shop-.customer.com"}, 400, "InvalidParameter", "Hostname has a label that begins or ends with a hyphen"},
		"a hyphen alone":               {params{"Hostname": "-.customer.com"}, 400, "InvalidParameter", "Hostname has a label that begins or ends with a hyphen"},
		"a star alone":                 {params{"Hostname": "*.com"}, 400, "InvalidParameter", "Hostname has one label only"},
		"two stars":                    {params{"Hostname": "*.*.customer.com"}, 400, "InvalidParameter", "Hostname has the character '*'"},
		"a dot in front":               {params{"Hostname": ".customer.com"}, 400, "InvalidParameter", "Hostname has an empty label"},
		"an IPv6 address":              {params{"Hostname": "::1"}, 400, "InvalidParameter", "Hostname is an IP address"},
		"before a":                     {params{"Hostname": "`.customer.com"}, 400, "InvalidParameter", "Hostname has the character '`'"},
		"after z":                      {params{"Hostname": "{.customer.com"}, 400, "InvalidParameter", "Hostname has the character '{'"},
		"before A":                     {params{"Hostname": "@.customer.com"}, 400, "InvalidParameter", "Hostname has the character '@'"},
		"after Z":                      {params{"Hostname": "[.customer.com"}, 400, "InvalidParameter", "Hostname has the character '['"},
		"a RecordId in words":          {params{"RecordId": "x"}, 400, "InvalidParameter", "RecordId is not a whole number in decimal digits"},
		"a CasId in words":             {params{"CasId": "x"}, 400, "InvalidParameter", "CasId is not a whole number in decimal digits"},
		"an id with a zero in front":   {params{"SiteId": "07"}, 400, "InvalidParameter", "SiteId is not a whole number in decimal digits"},
		"an empty CasId":               {on(params{"CertType": "free", "CasId": ""}), 400, "InvalidParameter", "CasId is sent empty"},
		"an empty CasRegion":           {on(params{"CertType": "free", "CasRegion": ""}), 400, "InvalidParameter", "CasRegion is sent empty"},
		"an empty PrivateKey":          {on(params{"CertType": "free", "PrivateKey": ""}), 400, "InvalidParameter", "PrivateKey is sent empty"},
		"upload without both":          {on(params{"CertType": "upload"}), 400, "InvalidParameter", "CertType=upload requires Certificate and PrivateKey"},
		// The first error counts.
		"nothing":                        {params{"Hostname": nil, "SiteId": nil, "RecordId": nil, "SslFlag": nil}, 400, "MissingHostname", "Hostname is missing"},
		"no RecordId and no SslFlag":     {params{"RecordId": nil, "SslFlag": nil}, 400, "MissingRecordId", "RecordId is missing"},
		"no SslFlag and a bad site":      {params{"SslFlag": nil, "SiteId": "x"}, 400, "MissingSslFlag", "SslFlag is missing"},
		"two bad parameters":             {params{"SiteId": "x", "SslFlag": "y"}, 400, "InvalidParameter", "SiteId is not a whole number in decimal digits"},
		"a bad certificate and name":     {on(params{"Hostname": "shop"}), 400, "InvalidParameter", "SslFlag=on requires CertType"},
		"an unknown site and record":     {params{"SiteId": 7, "RecordId": 8}, 404, "SiteNotFound", "there is no site 7"},
		"a bad record and a bad pair":    {on(params{"RecordId": 8, "CertType": "upload", "Certificate": "x", "PrivateKey": "y"}), 400, "InvalidParameter", "there is no record 8"},
		"on without CertType":            {on(nil), 400, "InvalidParameter", "SslFlag=on requires CertType"},
		"on with an empty CertType":      {on(params{"CertType": ""}), 400, "InvalidParameter", "CertType is sent empty"},
		"another CertType":               {on(params{"CertType": "lets-encrypt"}), 400, "InvalidParameter", "CertType is none of [free upload cas]"},
		"another CertType while off":     {params{"CertType": "lets-encrypt"}, 400, "InvalidParameter", "CertType is none of [free upload cas]"},
		"an empty Certificate":           {on(params{"CertType": "free", "Certificate": ""}), 400, "InvalidParameter", "Certificate is sent empty"},
		"upload without a certificate":   {on(params{"CertType": "upload", "PrivateKey": pair.key}), 400, "InvalidParameter", "CertType=upload requires Certificate and PrivateKey"},
		"upload without a key":           {on(params{"CertType": "upload", "Certificate": pair.certificate}), 400, "InvalidParameter", "CertType=upload requires Certificate and PrivateKey"},
		"upload of no certificate":       {on(params{"CertType": "upload", "Certificate": "x", "PrivateKey": pair.key}), 404, "CustomHostname.SetCertFailed", "the certificate: block 1 is not strict PEM: nothing around it, lines of 64 characters, LF or CRLF"},
		"upload of no key":               {on(params{"CertType": "upload", "Certificate": pair.certificate, "PrivateKey": "x"}), 404, "CustomHostname.SetCertFailed", "the private key: block 1 is not strict PEM: nothing around it, lines of 64 characters, LF or CRLF"},
		"upload of another key":          {on(params{"CertType": "upload", "Certificate": pair.certificate, "PrivateKey": wrong.key}), 404, "CustomHostname.SetCertFailed", "tls: private key does not match public key"},
		"upload with the chain in front": {on(params{"CertType": "upload", "Certificate": wrong.certificate + pair.certificate, "PrivateKey": pair.key}), 404, "CustomHostname.SetCertFailed", "tls: private key does not match public key"},
		"upload of a broken chain":       {on(params{"CertType": "upload", "Certificate": pair.certificate + brokenCertificate, "PrivateKey": pair.key}), 404, "CustomHostname.SetCertFailed", "the certificate: block 2: x509: malformed certificate"},
		"cas without CasId":              {on(params{"CertType": "cas", "CasRegion": "cn-hangzhou"}), 400, "InvalidParameter", "CertType=cas requires CasId and CasRegion"},
		"cas with CasId 0":               {on(params{"CertType": "cas", "CasId": 0, "CasRegion": "cn-hangzhou"}), 400, "InvalidParameter", "CertType=cas requires CasId and CasRegion"},
		"cas without CasRegion":          {on(params{"CertType": "cas", "CasId": DefaultCasID}), 400, "InvalidParameter", "CertType=cas requires CasId and CasRegion"},
		"cas in another region":          {on(params{"CertType": "cas", "CasId": DefaultCasID, "CasRegion": "eu-central-1"}), 400, "InvalidParameter", "CasRegion is none of [cn-hangzhou ap-southeast-1]"},
		"cas in the other site's region": {on(params{"CertType": "cas", "CasId": DefaultCasID, "CasRegion": "ap-southeast-1"}), 400, "InvalidParameter", "CasRegion is ap-southeast-1, the account's site is cn-hangzhou"},
		"an unknown cas certificate":     {on(params{"CertType": "cas", "CasId": 30000999, "CasRegion": "cn-hangzhou"}), 404, "CustomHostname.SetCertFailed", "there is no certificate 30000999 in cn-hangzhou"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			all := params{"Hostname": "shop.customer.com", "SiteId": w.site.ID, "RecordId": w.record.ID, "SslFlag": "off"}
			maps.Copy(all, test.change)
			var pairs []any
			for name, value := range all {
				if value != nil {
					pairs = append(pairs, name, value)
				}
			}
			w.t = t
			w.ResetRequests()
			got := w.refused(test.status, test.code, "CreateCustomHostname", pairs...)
			if reason := w.Requests()[0].Reason; reason != test.reason {
				t.Errorf("got the reason %q, want %q", reason, test.reason)
			}
			if missing, is := strings.CutPrefix(test.code, "Missing"); is && got.at("Message") != missing+" is mandatory for this action." {
				t.Errorf("got the message %q, want the documented one", got.at("Message"))
			}
			if n := len(w.Hostnames()); n != 0 {
				t.Errorf("got %d hostnames, want none", n)
			}
		})
	}
}

func TestCreateAccepts(t *testing.T) {
	t.Parallel()
	w := newWorld(t, Options{})
	pair := newPair(t, w.clock.Now().AddDate(1, 0, 0))
	for i, pairs := range [][]any{
		{"SslFlag", "off", "CasId", 0},
		{"SslFlag", "on", "CertType", "free", "CasId", 0},
		{"SslFlag", "on", "CertType", "upload", "Certificate", pair.certificate + pair.certificate, "PrivateKey", pair.key},
		{"SslFlag", "on", "CertType", "cas", "CasId", DefaultCasID, "CasRegion", "cn-hangzhou"},
		{"SslFlag", "off", "NobodyKnows", "x"},
	} {
		w.create(fmt.Sprintf("h%d.customer.com", i), pairs...)
	}
	for _, name := range []string{
		"customer.com", "*.customer.com", "my_shop.customer.com", "azAZ09-_az.customer.com", "a.a", "0.9", "Z.z", "xn--bcher-kva.example", "1.2.3.4.example",
		strings.Repeat("a.", 125) + "abc", strings.Repeat("a", 63) + ".com",
	} {
		w.create(name)
	}
	if wildcard, _ := w.HostnameByName(w.site.ID, "*.customer.com"); wildcard.VerifyHost != "_esa_custom_hostname.customer.com" {
		t.Errorf("got the ownership record %s for a wildcard, want that of its parent", wildcard.VerifyHost)
	}
	w = newWorld(t, Options{RefuseWildcards: true})
	w.refused(400, "InvalidParameter", "CreateCustomHostname", "Hostname", "*.customer.com", "SiteId", w.site.ID, "RecordId", w.record.ID, "SslFlag", "off")
}

func TestCreateOptions(t *testing.T) {
	t.Parallel()
	w := newWorld(t, Options{UnknownSite: UnknownSiteInvalid, ForeignRecord: ForeignRecordAccepted, EmptyValues: EmptyIgnored, AccountRegion: "ap-southeast-1"})
	plain := w.AddRecordOf(Record{SiteID: w.AddSite("other.example").ID, Name: "plain.other.example"})
	base := []any{"Hostname", "shop.customer.com", "SiteId", w.site.ID, "RecordId", plain.ID, "SslFlag", "on"}
	w.ok("CreateCustomHostname", append(base, "CertType", "free", "Certificate", "", "PrivateKey", "", "CasRegion", "")...)
	w.refused(400, "InvalidParameter.SiteId", "CreateCustomHostname", "Hostname", "b.customer.com", "SiteId", 7, "RecordId", plain.ID, "SslFlag", "off")
	w.refused(400, "InvalidParameter.SiteId", "ListCustomHostnames", "SiteId", 7)
	w.refused(400, "InvalidParameter", "CreateCustomHostname", "Hostname", "b.customer.com", "SiteId", w.site.ID, "RecordId", 7, "SslFlag", "off")
	w.create("c.customer.com", "SslFlag", "on", "CertType", "cas", "CasId", DefaultCasID, "CasRegion", "ap-southeast-1")
	if got := w.call("GetCustomHostname", "HostnameId", 7); got.at("HostId") != "esa.ap-southeast-1.aliyuncs.com" {
		t.Errorf("got HostId %s, want esa.ap-southeast-1.aliyuncs.com", got.at("HostId"))
	}
}

func TestDuplicates(t *testing.T) {
	t.Parallel()
	w := newWorld(t, Options{})
	w.create("shop.customer.com")
	w.refused(400, "CustomHostname.Duplicated", "CreateCustomHostname", "Hostname", "SHOP.customer.com", "SiteId", w.site.ID, "RecordId", w.record.ID, "SslFlag", "off")

	w = newWorld(t, Options{DuplicateCreate: DuplicateConflicts})
	first := w.create("shop.customer.com")
	w.create("shop.customer.com")
	all := w.Hostnames()
	if len(all) != 2 || all[0].Status != "pending" || all[1].Status != "conflicted" || all[1].ConflictWith != "existing_custom_hostname" {
		t.Fatalf("got %+v, want a pending and a conflicted hostname", all)
	}
	second := all[1]
	w.PublishTXT(second.VerifyHost, second.VerifyCode)
	w.refused(200, "CustomHostname.VerifyUnpassed", "VerifyCustomHostname", "HostnameId", second.ID)
	// Ownership can be verified once the name is free. A conflicted hostname does not occupy its name.
	w.ok("DeleteCustomHostname", "HostnameId", first.ID)
	other := w.AddSite("other.example")
	got := w.ok("CreateCustomHostname", "Hostname", "shop.customer.com", "SiteId", other.ID, "RecordId", w.AddRecord(other.ID, "o.other.example").ID, "SslFlag", "off")
	elsewhere, _ := w.HostnameByName(other.ID, "shop.customer.com")
	if elsewhere.Status != "pending" {
		t.Errorf("a conflicted hostname occupies the name: %s", got.raw)
	}
	w.RemoveHostname(elsewhere.ID)
	if got := w.ok("VerifyCustomHostname", "HostnameId", second.ID); got.at("Passed") != "true" {
		t.Errorf("got %s, want that the verification passes", got.raw)
	}
	if h := w.hostname(second.ID); h.Status != "active" || h.ConflictWith != "" {
		t.Errorf("got %+v, want an active hostname", h)
	}
}

func TestConflicts(t *testing.T) {
	t.Parallel()
	w := newWorld(t, Options{})
	other := w.AddSite("other.example")
	w.AddRecord(other.ID, "www.other.example")
	elsewhere := w.AddHostname(Hostname{SiteID: other.ID, RecordID: w.AddRecord(other.ID, "origin.other.example").ID, Hostname: "taken.customer.com"})
	for name, want := range map[string]string{
		"other.example":        "existing_site",
		"www.other.example":    "existing_record",
		"origin.example.com":   "existing_record",
		"taken.customer.com":   "existing_custom_hostname",
		"free.other.example":   "",
		"untaken.customer.com": "",
	} {
		h := w.create(name)
		if h.ConflictWith != want || (h.Status == "conflicted") != (want != "") {
			t.Errorf("%s: got %s with conflict %q, want conflict %q", name, h.Status, h.ConflictWith, want)
		}
	}
	if h := w.hostname(elsewhere.ID); h.Status != "pending" {
		t.Errorf("got status %s for the earlier hostname, want pending", h.Status)
	}
	// Once the name is free, a verification ends the conflict, even without a TXT record.
	w.RemoveHostname(elsewhere.ID)
	freed, _ := w.HostnameByName(w.site.ID, "taken.customer.com")
	w.refused(200, "CustomHostname.VerifyUnpassed", "VerifyCustomHostname", "HostnameId", freed.ID)
	if h := w.hostname(freed.ID); h.Status != "pending" || h.ConflictWith != "" {
		t.Errorf("after the conflict: got %s with %q, want pending", h.Status, h.ConflictWith)
	}
}

// TestHostnameLimit checks that a site takes as many hostnames as its limit, and no more until one is deleted.
func TestHostnameLimit(t *testing.T) {
	t.Parallel()
	w := newWorld(t, Options{HostnameLimit: 2})
	first := w.create("a.customer.com")
	w.create("b.customer.com")
	third := []any{"Hostname", "c.customer.com", "SiteId", w.site.ID, "RecordId", w.record.ID, "SslFlag", "off"}
	w.refused(400, "QuotaExceed.CustomHostname", "CreateCustomHostname", third...)
	// Each site has its own limit.
	other := w.AddSite("other.example")
	w.ok("CreateCustomHostname", "Hostname", "c.customer.com", "SiteId", other.ID, "RecordId", w.AddRecord(other.ID, "o.other.example").ID, "SslFlag", "off")
	w.ok("DeleteCustomHostname", "HostnameId", first.ID)
	w.ok("CreateCustomHostname", third...)
}

func TestGetAndListFields(t *testing.T) {
	t.Parallel()
	w := newWorld(t, Options{})
	pair := newPair(t, w.clock.Now().AddDate(1, 0, 0))
	h := w.create("shop.customer.com", "SslFlag", "on", "CertType", "upload", "Certificate", pair.certificate, "PrivateKey", pair.key)
	common := []string{
		"CertApplyCode", "CertApplyMessage", "CertHttpKey", "CertHttpValue", "CertNotAfter", "CertStatus", "CertTxtKey", "CertTxtValue", "CertType",
		"ConflictWith", "CreateTime", "Hostname", "HostnameId", "OfflineReason", "RecordId", "RecordName", "SiteId", "SiteName", "SslFlag", "Status",
		"UpdateTime", "VerifyCode", "VerifyHost",
	}
	item := func(raw, field string) map[string]json.RawMessage {
		t.Helper()
		var answer map[string]json.RawMessage
		var list []map[string]json.RawMessage
		var object map[string]json.RawMessage
		if err := json.Unmarshal([]byte(raw), &answer); err != nil {
			t.Fatal(err)
		}
		if json.Unmarshal(answer[field], &list) == nil {
			return list[0]
		}
		if err := json.Unmarshal(answer[field], &object); err != nil {
			t.Fatal(err)
		}
		return object
	}
	listed := item(w.ok("ListCustomHostnames", "SiteId", w.site.ID).raw, "Hostnames")
	if got := slices.Sorted(maps.Keys(listed)); !slices.Equal(got, common) {
		t.Errorf("got fields %q in List, want %q", got, common)
	}
	shown := item(w.get(h.ID).raw, "CustomHostnameModel")
	want := slices.Sorted(slices.Values(append([]string{"CasId", "CertId", "Certificate", "PrivateKey"}, common...)))
	if got := slices.Sorted(maps.Keys(shown)); !slices.Equal(got, want) {
		t.Errorf("got fields %q in Get, want %q", got, want)
	}
	for name, want := range map[string]string{
		"HostnameId": itoa(h.ID), "SiteId": itoa(w.site.ID), "RecordId": itoa(w.record.ID), "CasId": "0", "CertApplyCode": "0",
		"SiteName": `"example.com"`, "RecordName": `"origin.example.com"`, "CreateTime": `"2026-01-02T03:04:05Z"`, "CertNotAfter": `"2027-01-02T03:04:05Z"`,
		"OfflineReason": `""`, "ConflictWith": `""`,
	} {
		if got := string(shown[name]); got != want {
			t.Errorf("%s is %s, want %s", name, got, want)
		}
	}
}

// TestStrictPEM checks that the fake accepts PEM that every server accepts, and refuses PEM that only some accept.
func TestStrictPEM(t *testing.T) {
	t.Parallel()
	w := newWorld(t, Options{})
	pair, other := newPair(t, w.clock.Now().AddDate(1, 0, 0)), newPair(t, w.clock.Now().AddDate(1, 0, 0))
	block, _ := pem.Decode([]byte(pair.key))
	parsed, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	key, isECDSA := parsed.(*ecdsa.PrivateKey)
	if err != nil || !isECDSA {
		t.Fatalf("got a key of type %T (error %v), want ECDSA", parsed, err)
	}
	der, err := x509.MarshalECPrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	sec1 := string(pem.EncodeToMemory(&pem.Block{Type: "EC PRIVATE KEY", Bytes: der}))
	rsaKey, err := rsa.GenerateKey(rand.Reader, 1024)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), NotAfter: w.clock.Now().AddDate(1, 0, 0)}
	if der, err = x509.CreateCertificate(rand.Reader, template, template, rsaKey.Public(), rsaKey); err != nil {
		t.Fatal(err)
	}
	rsaCertificate := string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}))
	pkcs1 := string(pem.EncodeToMemory(&pem.Block{Type: "RSA PRIVATE KEY", Bytes: x509.MarshalPKCS1PrivateKey(rsaKey)}))
	parameters := "-----BEGIN EC PARAMETERS-----\nBggqhkjOPQMBBw==\n-----END EC PARAMETERS-----\n"
	crlf := func(text string) string { return strings.ReplaceAll(text, "\n", "\r\n") }
	long := strings.Replace(pair.certificate, "\n", "", 2)
	long = strings.Replace(long, "-----BEGIN CERTIFICATE-----", "-----BEGIN CERTIFICATE-----\n", 1)
	const strict = "the certificate: block 1 is not strict PEM: nothing around it, lines of 64 characters, LF or CRLF"
	for title, test := range map[string]struct {
		certificate, key string
		reason           string // "" if it is accepted
	}{
		"LF":                          {pair.certificate, pair.key, ""},
		"CRLF":                        {crlf(pair.certificate), crlf(pair.key), ""},
		"no last line end":            {strings.TrimSpace(pair.certificate), strings.TrimSpace(pair.key), ""},
		"a chain":                     {pair.certificate + other.certificate, pair.key, ""},
		"SEC 1":                       {pair.certificate, sec1, ""},
		"PKCS #1":                     {rsaCertificate, pkcs1, ""},
		"CR":                          {strings.ReplaceAll(pair.certificate, "\n", "\r"), pair.key, strict},
		"indented":                    {"  " + strings.ReplaceAll(pair.certificate, "\n", "\n  "), pair.key, strict},
		"a space at the end of lines": {strings.ReplaceAll(pair.certificate, "\n", " \n"), pair.key, strict},
		"a byte order mark":           {"\ufeff" + pair.certificate, pair.key, strict},
		"text before":                 {"subject=x\n" + pair.certificate, pair.key, strict},
		"text after":                  {pair.certificate + "x", pair.key, "the certificate: block 2 is not strict PEM: nothing around it, lines of 64 characters, LF or CRLF"},
		"an empty line between":       {pair.certificate + "\n" + other.certificate, pair.key, "the certificate: block 2 is not strict PEM: nothing around it, lines of 64 characters, LF or CRLF"},
		"a header":                    {strings.Replace(pair.certificate, "\n", "\nComment: x\n\n", 1), pair.key, strict},
		"lines that are too long":     {long, pair.key, strict},
		"X509 CERTIFICATE":            {strings.ReplaceAll(pair.certificate, " CERTIFICATE", " X509 CERTIFICATE"), pair.key, "the certificate: block 1 has a wrong label"},
		"labels that differ":          {strings.Replace(pair.certificate, "END CERTIFICATE", "END X509 CERTIFICATE", 1), pair.key, "the certificate: block 1 has a wrong label"},
		"an indented key":             {pair.certificate, " " + pair.key, "the private key: block 1 is not strict PEM: nothing around it, lines of 64 characters, LF or CRLF"},
		"text before the key":         {pair.certificate, "Bag Attributes\n" + pair.key, "the private key: block 1 is not strict PEM: nothing around it, lines of 64 characters, LF or CRLF"},
		"a key and another":           {pair.certificate, pair.key + other.key, ""},
		"a key after the certificate": {pair.certificate + pair.key, pair.key, "the certificate: block 2 has a wrong label"},
		"a certificate as the key":    {pair.certificate, pair.certificate, "the private key: block 1 has a wrong label"},
		"a second key that is broken": {pair.certificate, pair.key + "x", "the private key: block 2 is not strict PEM: nothing around it, lines of 64 characters, LF or CRLF"},
		"no base64":                   {strings.Replace(pair.certificate, "\nMII", "\n=II", 1), pair.key, strict},
		"base64 with a wrong end":     {pair.certificate, strings.Replace(pair.key, "\n-----END", "=\n-----END", 1), "the private key: block 1: illegal base64 data at input byte 186"},
		"SEC 1 of another key":        {other.certificate, sec1, "tls: private key does not match public key"},
		"curve parameters":            {pair.certificate, parameters + sec1, "the private key: block 1 has a wrong label"},
		"SEC 1 as PKCS #8":            {pair.certificate, strings.ReplaceAll(sec1, "EC PRIVATE", "PRIVATE"), "the private key: block 1: x509: failed to parse private key (use ParseECPrivateKey instead for this key format)"},
		"PKCS #8 as PKCS #1":          {pair.certificate, strings.ReplaceAll(pair.key, "PRIVATE", "RSA PRIVATE"), "the private key: block 1: x509: failed to parse private key (use ParsePKCS8PrivateKey instead for this key format)"},
	} {
		w.ResetRequests()
		got := w.call("CreateCustomHostname", "Hostname", "shop.customer.com", "SiteId", w.site.ID, "RecordId", w.record.ID,
			"SslFlag", "on", "CertType", "upload", "Certificate", test.certificate, "PrivateKey", test.key)
		if taken := got.status == 200; taken != (test.reason == "") || !taken && got.at("Code") != "CustomHostname.SetCertFailed" || w.Requests()[0].Reason != test.reason {
			t.Errorf("%s: got %s, reason %q; want %q", title, got.raw, w.Requests()[0].Reason, test.reason)
		}
		for _, made := range w.Hostnames() {
			w.RemoveHostname(made.ID)
		}
	}
}

func TestEchoOptions(t *testing.T) {
	t.Parallel()
	pair := newPair(t, newClock().Now().AddDate(1, 0, 0))
	sent := pair.certificate
	for echo, want := range map[CertificateEcho]string{
		EchoAsSent: sent, EchoCRLF: strings.ReplaceAll(sent, "\n", "\r\n"), EchoStripped: strings.TrimSpace(sent), EchoNone: "",
	} {
		w := newWorld(t, Options{CertificateEcho: echo})
		h := w.create("shop.customer.com", "SslFlag", "on", "CertType", "upload", "Certificate", sent, "PrivateKey", pair.key)
		got := w.get(h.ID)
		if got.at("CustomHostnameModel", "Certificate") != want {
			t.Errorf("echo %d: got %q, want %q", echo, got.at("CustomHostnameModel", "Certificate"), want)
		}
		if key := got.at("CustomHostnameModel", "PrivateKey"); (key == "") != (echo == EchoNone) || echo == EchoAsSent && key != pair.key {
			t.Errorf("echo %d: got key %q", echo, key)
		}
		if h.Certificate != sent || h.PrivateKey != pair.key {
			t.Errorf("echo %d changes the stored certificate or key", echo)
		}
	}
	w := newWorld(t, Options{PrivateKeyEcho: PrivateKeyMasked, UnusedCasID: UnusedCasIDAbsent, SSLOffView: SSLOffBlanked})
	h := w.create("shop.customer.com", "SslFlag", "on", "CertType", "upload", "Certificate", sent, "PrivateKey", pair.key)
	got := w.get(h.ID)
	if key := got.at("CustomHostnameModel", "PrivateKey"); key != "******" {
		t.Errorf("got key %q, want a masked one", key)
	}
	if strings.Contains(got.raw, "CasId") {
		t.Errorf("got %s, want no CasId", got.raw)
	}
	w.ok("UpdateCustomHostname", "HostnameId", h.ID, "SslFlag", "off")
	got = w.get(h.ID)
	for _, field := range []string{"CertType", "Certificate", "PrivateKey", "CertId", "CertStatus", "CertNotAfter"} {
		if value := got.at("CustomHostnameModel", field); value != "" {
			t.Errorf("%s is %q with SSL off, want none", field, value)
		}
	}
}

func TestUpdate(t *testing.T) {
	t.Parallel()
	w := newWorld(t, Options{})
	second := w.AddRecord(w.site.ID, "origin2.example.com")
	pair := newPair(t, w.clock.Now().AddDate(1, 0, 0))
	h := w.create("shop.customer.com")
	update := func(pairs ...any) Hostname {
		t.Helper()
		before := w.hostname(h.ID)
		w.clock.Move(time.Minute)
		got := w.ok("UpdateCustomHostname", append([]any{"HostnameId", h.ID}, pairs...)...)
		if len(got.body) != 1 {
			t.Errorf("got %s from Update, want RequestId only", got.raw)
		}
		after := w.hostname(h.ID)
		if !after.UpdateTime.Equal(w.clock.Now()) || !after.CreateTime.Equal(before.CreateTime) || after.VerifyCode != before.VerifyCode {
			t.Errorf("got %+v, want a new UpdateTime, the same CreateTime and the same token", after)
		}
		return after
	}
	if got := update("RecordId", second.ID); got.RecordID != second.ID || got.SSLFlag != "off" {
		t.Errorf("record changed: got %+v", got)
	}
	uploaded := update("SslFlag", "on", "CertType", "upload", "Certificate", pair.certificate, "PrivateKey", pair.key)
	if uploaded.CertStatus != "OK" || uploaded.RecordID != second.ID || !regexp.MustCompile(`^[0-9a-f]{32}$`).MatchString(uploaded.CertID) {
		t.Errorf("uploaded: got %+v", uploaded)
	}
	if again := update("SslFlag", "on", "CertType", "upload", "Certificate", pair.certificate, "PrivateKey", pair.key); again.CertID == uploaded.CertID {
		t.Error("a new deployment has the CertId of the old one")
	}
	// While SSL is on, an update may send the certificate without SslFlag, but not without CertType.
	update("CertType", "upload", "Certificate", pair.certificate, "PrivateKey", pair.key)
	w.refused(400, "InvalidParameter", "UpdateCustomHostname", "HostnameId", h.ID, "Certificate", pair.certificate, "PrivateKey", pair.key)

	off := update("SslFlag", "off", "CertType", "upload")
	if off.SSLFlag != "off" || off.CertType != "upload" || off.PrivateKey != pair.key || off.CertID == "" {
		t.Errorf("SSL off: got %+v, want that the certificate is kept", off)
	}
	w.refused(400, "InvalidParameter", "UpdateCustomHostname", "HostnameId", h.ID, "CertType", "free")
	cas := update("SslFlag", "on", "CertType", "cas", "CasId", DefaultCasID, "CasRegion", "cn-hangzhou")
	if cas.CasID != DefaultCasID || cas.Certificate != "" || cas.PrivateKey != "" || cas.CertStatus != "OK" {
		t.Errorf("cas: got %+v", cas)
	}
	if strings.Contains(w.get(h.ID).raw, "CasRegion") {
		t.Error("Get returns CasRegion")
	}
	if free := update("SslFlag", "on", "CertType", "free"); free.CasID != 0 || free.CertStatus != "" || !free.CertNotAfter.IsZero() {
		t.Errorf("free: got %+v", free)
	}
	update() // An update without parameters changes nothing.
}

func TestUpdateRefusesAndKeeps(t *testing.T) {
	t.Parallel()
	w := newWorld(t, Options{})
	pair, wrong := newPair(t, w.clock.Now().AddDate(1, 0, 0)), newPair(t, w.clock.Now().AddDate(1, 0, 0))
	second := w.AddRecord(w.site.ID, "origin2.example.com")
	foreign := w.AddRecord(w.AddSite("other.example").ID, "origin.other.example")
	h := w.create("shop.customer.com", "SslFlag", "on", "CertType", "upload", "Certificate", pair.certificate, "PrivateKey", pair.key)
	plain := w.AddRecordOf(Record{SiteID: w.site.ID, Name: "plain.example.com"})
	off := w.AddHostname(Hostname{SiteID: w.site.ID, Hostname: "off.customer.com", CertType: "free", SSLFlag: "off"})
	for _, test := range []struct {
		status int
		code   string
		pairs  []any
		reason string
	}{
		{400, "MissingHostnameId", nil, "HostnameId is missing"},
		{400, "InvalidParameter", []any{"HostnameId", "x"}, "HostnameId is not a whole number in decimal digits"},
		{404, "CustomHostname.NotFound", []any{"HostnameId", 7, "SslFlag", "off"}, "there is no hostname 7"},
		{400, "InvalidParameter", []any{"HostnameId", h.ID, "RecordId", 7}, "there is no record 7"},
		{400, "InvalidParameter", []any{"HostnameId", h.ID, "RecordId", foreign.ID}, "record 4514973387335753 is one of site 4514973387335751"},
		{400, "InvalidParameter", []any{"HostnameId", h.ID, "RecordId", ""}, "RecordId is sent empty"},
		{400, "InvalidParameter", []any{"HostnameId", h.ID, "SslFlag", ""}, "SslFlag is sent empty"},
		{400, "InvalidParameter", []any{"HostnameId", h.ID, "SslFlag", "on"}, "SslFlag=on requires CertType"},
		{400, "InvalidParameter", []any{"HostnameId", h.ID, "SslFlag", "off", "Certificate", ""}, "Certificate is sent empty"},
		{400, "InvalidParameter", []any{"HostnameId", h.ID, "SslFlag", "off", "PrivateKey", ""}, "PrivateKey is sent empty"},
		{400, "InvalidParameter", []any{"HostnameId", h.ID, "SslFlag", "off", "CertType", "x"}, "CertType is none of [free upload cas]"},
		{400, "InvalidParameter", []any{"HostnameId", h.ID, "RecordId", second.ID, "SslFlag", "on", "CertType", "upload", "Certificate", pair.certificate}, "CertType=upload requires Certificate and PrivateKey"},
		{404, "CustomHostname.SetCertFailed", []any{"HostnameId", h.ID, "RecordId", second.ID, "SslFlag", "on", "CertType", "upload", "Certificate", pair.certificate, "PrivateKey", wrong.key}, "tls: private key does not match public key"},
		{404, "CustomHostname.SetCertFailed", []any{"HostnameId", h.ID, "RecordId", second.ID, "SslFlag", "on", "CertType", "cas", "CasId", 1, "CasRegion", "cn-hangzhou"}, "there is no certificate 1 in cn-hangzhou"},
		{400, "InvalidParameter", []any{"HostnameId", 0}, "HostnameId is not an id"},
		{400, "InvalidParameter", []any{"HostnameId", h.ID, "RecordId", 0}, "RecordId is not an id"},
		{400, "InvalidParameter", []any{"HostnameId", h.ID, "SslFlag", "x"}, "SslFlag is none of [on off]"},
		{400, "InvalidParameter", []any{"HostnameId", h.ID, "CasId", ""}, "CasId is sent empty"},
		{400, "InvalidParameter", []any{"HostnameId", h.ID, "CasId", "x"}, "CasId is not a whole number in decimal digits"},
		{400, "InvalidParameter", []any{"HostnameId", h.ID, "CasRegion", "x"}, "CasRegion is none of [cn-hangzhou ap-southeast-1]"},
		{400, "InvalidParameter", []any{"HostnameId", h.ID, "RecordId", plain.ID}, "record 4514973387335757 is not proxied"},
		{400, "InvalidParameter", []any{"HostnameId", h.ID, "CasId", 5}, "SslFlag=on requires CertType"},
		{400, "InvalidParameter", []any{"HostnameId", h.ID, "SslFlag", "on", "CertType", "cas", "CasId", 5}, "CertType=cas requires CasId and CasRegion"},
		{400, "InvalidParameter", []any{"HostnameId", h.ID, "CertType", "cas", "CasId", 5, "CasRegion", "ap-southeast-1"}, "CasRegion is ap-southeast-1, the account's site is cn-hangzhou"},
		{400, "InvalidParameter", []any{"HostnameId", off.ID, "CertType", "free"}, "a certificate requires SslFlag=on, as SSL is off"},
		{400, "InvalidParameter", []any{"HostnameId", off.ID, "CasId", 5}, "a certificate requires SslFlag=on, as SSL is off"},
		{400, "InvalidParameter", []any{"HostnameId", off.ID, "SslFlag", "on"}, "SslFlag=on requires CertType"},
	} {
		w.clock.Move(time.Minute)
		w.ResetRequests()
		w.refused(test.status, test.code, "UpdateCustomHostname", test.pairs...)
		if reason := w.Requests()[0].Reason; reason != test.reason {
			t.Errorf("%v: got the reason %q, want %q", test.pairs, reason, test.reason)
		}
		if after := w.hostname(h.ID); after != h {
			t.Fatalf("a refused update %v changed the hostname:\n%+v", test.pairs, after)
		}
	}
	w = newWorld(t, Options{SSLOnAlone: SSLOnAloneAccepted})
	h = w.create("shop.customer.com", "SslFlag", "on", "CertType", "upload", "Certificate", pair.certificate, "PrivateKey", pair.key)
	w.ok("UpdateCustomHostname", "HostnameId", h.ID, "SslFlag", "off")
	w.ok("UpdateCustomHostname", "HostnameId", h.ID, "SslFlag", "on")
	if after := w.hostname(h.ID); after.SSLFlag != "on" || after.CertID != h.CertID {
		t.Errorf("SSL on again: got %+v, want the same certificate", after)
	}
	never := w.create("never.customer.com")
	w.refused(400, "InvalidParameter", "UpdateCustomHostname", "HostnameId", never.ID, "SslFlag", "on")
}

// TestUpdateOptions checks the readings of updates: a record without SslFlag, SSL on without a certificate, empty values.
func TestUpdateOptions(t *testing.T) {
	t.Parallel()
	kept, never := Hostname{Hostname: "kept.customer.com", CertType: "free", SSLFlag: "off"}, Hostname{Hostname: "never.customer.com"}
	const alone, certificate, empty = "InvalidParameter RecordId requires SslFlag", "InvalidParameter SslFlag=on requires CertType", "InvalidParameter RecordId is sent empty"
	for name, test := range map[string]struct {
		options Options
		h       Hostname
		pairs   []any
		want    string // the code and the reason
	}{
		"a record alone":                  {Options{}, kept, []any{"RecordId", 22}, " "},
		"a record alone, refused":         {Options{RefuseRecordAlone: true}, kept, []any{"RecordId", 22}, alone},
		"a record with off":               {Options{RefuseRecordAlone: true}, kept, []any{"RecordId", 22, "SslFlag", "off"}, " "},
		"a record with on":                {Options{RefuseRecordAlone: true}, kept, []any{"RecordId", 22, "SslFlag", "on", "CertType", "free"}, " "},
		"no record":                       {Options{RefuseRecordAlone: true}, kept, nil, " "},
		"a record alone, does not exist":  {Options{RefuseRecordAlone: true}, kept, []any{"RecordId", 7}, "InvalidParameter there is no record 7"},
		"on alone":                        {Options{}, kept, []any{"SslFlag", "on"}, certificate},
		"on alone, accepted":              {Options{SSLOnAlone: SSLOnAloneAccepted}, kept, []any{"SslFlag", "on"}, " "},
		"on alone, never had one":         {Options{SSLOnAlone: SSLOnAloneAccepted}, never, []any{"SslFlag", "on"}, certificate},
		"on with part of a certificate":   {Options{SSLOnAlone: SSLOnAloneAccepted}, kept, []any{"SslFlag", "on", "CasId", 5}, certificate},
		"on and a record":                 {Options{SSLOnAlone: SSLOnAloneAccepted, RefuseRecordAlone: true}, kept, []any{"SslFlag", "on", "RecordId", 22}, " "},
		"off, never had one":              {Options{}, never, []any{"SslFlag", "off"}, " "},
		"off with a certificate":          {Options{}, never, []any{"SslFlag", "off", "CertType", "cas"}, " "},
		"empty, refused":                  {Options{}, kept, []any{"RecordId", ""}, empty},
		"empty, ignored":                  {Options{EmptyValues: EmptyIgnored}, kept, []any{"RecordId", "", "SslFlag", "", "CertType", "", "CasId", "", "CasRegion", "", "Certificate", "", "PrivateKey", ""}, " "},
		"a record of another site":        {Options{}, kept, []any{"RecordId", 31}, "InvalidParameter record 31 is one of site 3"},
		"a record of another site, taken": {Options{ForeignRecord: ForeignRecordAccepted}, kept, []any{"RecordId", 31}, " "},
		"a plain record, taken":           {Options{ForeignRecord: ForeignRecordAccepted}, kept, []any{"RecordId", 23}, " "},
		"no record, foreign ones taken":   {Options{ForeignRecord: ForeignRecordAccepted}, kept, []any{"RecordId", 7}, "InvalidParameter there is no record 7"},
	} {
		w := newWorld(t, test.options)
		w.AddSiteOf(Site{ID: 3, Name: "example.org"})
		w.AddRecordOf(Record{ID: 22, SiteID: w.site.ID, Name: "second.example.com", Proxied: true})
		w.AddRecordOf(Record{ID: 23, SiteID: w.site.ID, Name: "plain.example.com"})
		w.AddRecordOf(Record{ID: 31, SiteID: 3, Name: "example.org", Proxied: true})
		test.h.SiteID = w.site.ID
		h := w.AddHostname(test.h)
		w.clock.Move(time.Minute)
		w.call("UpdateCustomHostname", append([]any{"HostnameId", h.ID}, test.pairs...)...)
		r := w.Requests()[0]
		if got := r.Code + " " + r.Reason; got != test.want {
			t.Errorf("%s: got %s, want %s", name, got, test.want)
		}
		w.became(name, h, func(h *Hostname) {
			if test.want != " " {
				return
			}
			h.UpdateTime = w.Now()
			for i := 0; i < len(test.pairs); i += 2 {
				value := fmt.Sprint(test.pairs[i+1])
				switch {
				case value == "":
				case test.pairs[i] == "RecordId":
					h.RecordID, _ = strconv.ParseInt(value, 10, 64)
				case test.pairs[i] == "SslFlag":
					h.SSLFlag = value
				}
			}
		})
	}
}

// TestUpdateReplacesTheCertificate compares all fields after an update, from a certificate that has all of them.
func TestUpdateReplacesTheCertificate(t *testing.T) {
	t.Parallel()
	end := newClock().Now().AddDate(0, 0, 200)
	pair := newPair(t, end)
	for name, test := range map[string]struct {
		pairs []any
		then  func(*Hostname) // nil if the certificate stays
	}{
		"nothing": {nil, nil},
		"off":     {[]any{"SslFlag", "off", "CertType", "upload", "Certificate", "x"}, nil},
		"upload": {[]any{"SslFlag", "on", "CertType", "upload", "Certificate", pair.certificate, "PrivateKey", pair.key, "CasId", 5, "CasRegion", "cn-hangzhou"}, func(h *Hostname) {
			h.CertType, h.Certificate, h.PrivateKey, h.CertStatus, h.CertID, h.CertNotAfter = "upload", pair.certificate, pair.key, "OK", "X", end
		}},
		"cas": {[]any{"SslFlag", "on", "CertType", "cas", "CasId", 5, "CasRegion", "cn-hangzhou", "Certificate", "x", "PrivateKey", "y"}, func(h *Hostname) {
			h.CertType, h.CasID, h.CasRegion, h.CertStatus, h.CertID, h.CertNotAfter = "cas", 5, "cn-hangzhou", "OK", "X", end
		}},
		"free": {[]any{"SslFlag", "on", "CertType", "free", "CasId", 5, "CasRegion", "cn-hangzhou", "Certificate", "x", "PrivateKey", "y"}, func(h *Hostname) { h.CertType = "free" }},
	} {
		w := fullWorld(t, Options{})
		w.AddCASCertificate(5, "cn-hangzhou", end)
		w.ok("UpdateCustomHostname", append([]any{"HostnameId", 13}, test.pairs...)...)
		w.became(name, fullHostname(), func(h *Hostname) {
			h.UpdateTime = w.Now()
			if slices.Contains(test.pairs, any("off")) {
				h.SSLFlag = "off"
			}
			if test.then != nil {
				*h = Hostname{
					ID: 13, SiteID: 11, RecordID: 12, Hostname: h.Hostname, Status: h.Status, OfflineReason: h.OfflineReason, ConflictWith: h.ConflictWith,
					VerifyHost: h.VerifyHost, VerifyCode: h.VerifyCode, SSLFlag: "on", CreateTime: h.CreateTime, UpdateTime: h.UpdateTime,
				}
				test.then(h)
			}
		})
	}
}

// TestListOrders checks the order of each reading, and that it is the same on all pages.
func TestListOrders(t *testing.T) {
	t.Parallel()
	for order := range ListAnyOrder + 1 {
		w := newWorld(t, Options{ListOrder: order, Seed: 1})
		for id := int64(1); id <= 6; id++ {
			w.AddHostname(Hostname{ID: 10 - id, SiteID: w.site.ID, Hostname: fmt.Sprintf("h%d.customer.com", id)})
		}
		list := func(pairs ...any) (ids string) {
			got := w.ok("ListCustomHostnames", append([]any{"SiteId", w.site.ID}, pairs...)...)
			items, _ := got.body["Hostnames"].([]any)
			for i := range items {
				ids += got.at("Hostnames", i, "HostnameId")
			}
			return ids
		}
		sorted := func(ids string) string { return string(slices.Sorted(slices.Values([]byte(ids)))) }
		first, second, page := list(), list(), list("PageSize", 2, "PageNumber", 2)
		switch order {
		case ListOldestFirst:
			if first != "987654" || second != first || page != "76" {
				t.Errorf("oldest first: got %s, %s, page %s", first, second, page)
			}
		case ListNewestFirst:
			if first != "456789" || second != first || page != "67" {
				t.Errorf("newest first: got %s, %s, page %s", first, second, page)
			}
		case ListAnyOrder:
			if sorted(first) != "456789" || sorted(second) != "456789" || first == second || len(page) != 2 {
				t.Errorf("any order: got %s, %s, page %s; want all in two orders", first, second, page)
			}
		}
	}
}

// TestFiltersFoldCase checks the comparison of names in all three lists, for both readings.
func TestFiltersFoldCase(t *testing.T) {
	t.Parallel()
	for exact, want := range map[bool]string{false: "1", true: "0"} {
		w := newWorld(t, Options{CaseSensitiveFilter: exact})
		w.create("shop.customer.com")
		for _, match := range []string{"exact", "prefix", "suffix", "fuzzy"} {
			for name, count := range map[string]string{"upper": want, "lower": "1"} {
				fold := map[string]func(string) string{"upper": strings.ToUpper, "lower": strings.ToLower}[name]
				for _, dot := range []string{"", "."} {
					for action, pairs := range map[string][]any{
						"ListCustomHostnames": {"SiteId", w.site.ID, "Hostname", fold("shop.customer.com") + dot, "NameMatchType", match},
						"ListSites":           {"SiteName", fold("example.com") + dot, "SiteSearchType", match},
						"ListRecords":         {"SiteId", w.site.ID, "RecordName", fold("origin.example.com") + dot, "RecordMatchType", match},
					} {
						if got := w.ok(action, pairs...).at("TotalCount"); got != count {
							t.Errorf("exact case %t, %s %v: got TotalCount %s, want %s", exact, action, pairs, got, count)
						}
					}
				}
			}
		}
	}
}

// TestNamesOfOtherSites checks what happens to a name that another site has, for both readings.
func TestNamesOfOtherSites(t *testing.T) {
	t.Parallel()
	for refuse, want := range map[bool]string{false: " ", true: "CustomHostname.Duplicated site 2 has shop.customer.com"} {
		w := newWorld(t, Options{RefuseNamesElsewhere: refuse, HostnameLimit: 2})
		w.AddSiteOf(Site{ID: 2, Name: "example.org"})
		w.AddRecordOf(Record{SiteID: 2, Name: "www.example.org", Proxied: true})
		w.AddHostname(Hostname{SiteID: 2, Hostname: "shop.customer.com"})
		last := func() string {
			all := w.Requests()
			return all[len(all)-1].Code + " " + all[len(all)-1].Reason
		}
		w.tryCreate("Shop.customer.com")
		if got := last(); got != want {
			t.Errorf("refused %t: got %s, want %s", refuse, got, want)
		}
		if h, found := w.HostnameByName(w.site.ID, "shop.customer.com"); found == refuse || found && h.Status != "conflicted" {
			t.Errorf("refused %t: got %+v (found %t)", refuse, h, found)
		}
		// A name of the own site is a duplicate in any case.
		w.tryCreate("www.customer.com")
		w.tryCreate("www.customer.com")
		if got := last(); got != "CustomHostname.Duplicated site 4514973387335745 has www.customer.com already" {
			t.Errorf("got %s for a name of the own site", got)
		}
		w.tryCreate("b.customer.com")
		w.tryCreate("c.customer.com")
		if got := last(); got != "QuotaExceed.CustomHostname site 4514973387335745 has 2 hostnames" {
			t.Errorf("got %s above the limit", got)
		}
	}
	w := newWorld(t, Options{DuplicateCreate: DuplicateInvalid})
	w.create("shop.customer.com")
	w.tryCreate("shop.customer.com")
	if r := w.Requests()[1]; r.Code != "InvalidParameter" || r.Reason != "site 4514973387335745 has shop.customer.com already" {
		t.Errorf("got %+v, want InvalidParameter for a duplicate", r)
	}
}

func TestDelete(t *testing.T) {
	t.Parallel()
	w := newWorld(t, Options{})
	h := w.create("shop.customer.com")
	w.ok("DeleteCustomHostname", "HostnameId", h.ID)
	for _, action := range []string{"DeleteCustomHostname", "GetCustomHostname", "UpdateCustomHostname", "VerifyCustomHostname", "ApplyCustomHostnameCertificate"} {
		w.refused(404, "CustomHostname.NotFound", action, "HostnameId", h.ID)
		w.refused(400, "MissingHostnameId", action)
	}
	if got := w.ok("ListCustomHostnames", "SiteId", w.site.ID); got.at("TotalCount") != "0" || !strings.Contains(got.raw, `"Hostnames":[]`) {
		t.Errorf("got %s from List, want no hostnames", got.raw)
	}
	if again := w.create("shop.customer.com"); again.ID == h.ID {
		t.Error("an id was used twice")
	}
}

func TestEventualConsistency(t *testing.T) {
	t.Parallel()
	w := newWorld(t, Options{NotFoundGets: 2, VerifyCodeGets: 2, UnlistedLists: 1, DeletingGets: 2})
	h := w.create("shop.customer.com")
	list := func() reply { return w.ok("ListCustomHostnames", "SiteId", w.site.ID) }
	if got := list(); got.at("TotalCount") != "0" {
		t.Errorf("first List: got %s, want no hostname", got.raw)
	}
	if got := list(); got.at("TotalCount") != "1" || got.at("Hostnames", 0, "VerifyCode") != "" {
		t.Errorf("second List: got %s, want the hostname without its token", got.raw)
	}
	for range 2 {
		w.refused(404, "CustomHostname.NotFound", "GetCustomHostname", "HostnameId", h.ID)
	}
	for i := range 3 {
		got := w.get(h.ID)
		if has := got.at("CustomHostnameModel", "VerifyCode") != "" && got.at("CustomHostnameModel", "VerifyHost") != ""; has != (i == 2) {
			t.Errorf("Get %d: got %s, want the token in the third response only", i+1, got.raw)
		}
	}
	w.ok("DeleteCustomHostname", "HostnameId", h.ID)
	w.refused(404, "CustomHostname.NotFound", "DeleteCustomHostname", "HostnameId", h.ID)
	if len(w.Hostnames()) != 0 {
		t.Error("a deleted hostname still exists")
	}
	for range 2 {
		w.get(h.ID)
	}
	w.refused(404, "CustomHostname.NotFound", "GetCustomHostname", "HostnameId", h.ID)
}

func TestListsLagBehindForAWhile(t *testing.T) {
	t.Parallel()
	w := newWorld(t, Options{UnlistedFor: 5 * time.Second})
	h := w.create("shop.customer.com")
	for _, want := range []string{"0", "0", "1", "1"} {
		if got := w.ok("ListCustomHostnames", "SiteId", w.site.ID); got.at("TotalCount") != want {
			t.Errorf("%v after the create: got %s, want TotalCount %s", w.Now().Sub(h.CreateTime), got.raw, want)
		}
		w.MoveClock(2500 * time.Millisecond)
	}
	w.get(h.ID)
}

func TestReadsLagBehindForAWhile(t *testing.T) {
	t.Parallel()
	w := newWorld(t, Options{ReadLag: 10 * time.Second})
	second := w.AddRecord(w.site.ID, "origin2.example.com")
	h := w.create("shop.customer.com")
	listed := func() string { return w.ok("ListCustomHostnames", "SiteId", w.site.ID).at("TotalCount") }
	record := func() string { return w.get(h.ID).at("CustomHostnameModel", "RecordId") }

	w.refused(404, "CustomHostname.NotFound", "GetCustomHostname", "HostnameId", h.ID)
	if got := listed(); got != "0" {
		t.Errorf("got TotalCount %s at once, want 0", got)
	}
	w.clock.Move(10 * time.Second)
	w.ok("UpdateCustomHostname", "HostnameId", h.ID, "RecordId", second.ID)
	w.clock.Move(9 * time.Second)
	if got := record(); got != fmt.Sprint(w.record.ID) {
		t.Errorf("got record %s after 9 s, want the old one", got)
	}
	w.clock.Move(time.Second)
	if got := record(); got != fmt.Sprint(second.ID) {
		t.Errorf("got record %s after 10 s, want the new one", got)
	}
	w.ok("DeleteCustomHostname", "HostnameId", h.ID)
	w.clock.Move(9 * time.Second)
	if got := record(); got != fmt.Sprint(second.ID) || listed() != "1" {
		t.Errorf("9 s after the delete: got record %s and TotalCount %s, want the new record and 1", got, listed())
	}
	w.clock.Move(time.Second)
	w.refused(404, "CustomHostname.NotFound", "GetCustomHostname", "HostnameId", h.ID)
	if got := listed(); got != "0" {
		t.Errorf("got TotalCount %s at the end, want 0", got)
	}
}

func TestList(t *testing.T) {
	t.Parallel()
	w := newWorld(t, Options{CreateLimitPerHour: NoLimit})
	second := w.AddRecord(w.site.ID, "origin2.example.com")
	for i := range 120 {
		w.create(fmt.Sprintf("h%03d.customer.com", i))
	}
	w.create("www.else.com", "SslFlag", "off", "RecordId", second.ID)
	other := w.AddSite("other.example")
	w.AddHostname(Hostname{SiteID: other.ID, RecordID: w.AddRecord(other.ID, "o.other.example").ID, Hostname: "h000.other.com"})
	active := w.Hostnames()[3]
	w.ChangeHostname(active.ID, func(h *Hostname) { h.Status = "active" })
	for _, test := range []struct {
		pairs []any
		total int
		first string
		items int
	}{
		{nil, 121, "h000.customer.com", 100},
		{[]any{"PageNumber", 2}, 121, "h100.customer.com", 21},
		{[]any{"PageNumber", 3}, 121, "", 0},
		{[]any{"PageNumber", 2147483647, "PageSize", 500}, 121, "", 0},
		{[]any{"PageSize", 500}, 121, "h000.customer.com", 121},
		{[]any{"PageSize", 7, "PageNumber", 3}, 121, "h014.customer.com", 7},
		{[]any{"Hostname", "h005.customer.com"}, 1, "h005.customer.com", 1},
		{[]any{"Hostname", "H005.Customer.com"}, 1, "h005.customer.com", 1},
		{[]any{"Hostname", "h005"}, 0, "", 0},
		{[]any{"Hostname", "h005.customer.com", "NameMatchType", "exact"}, 1, "h005.customer.com", 1},
		{[]any{"Hostname", "h01", "NameMatchType", "prefix"}, 10, "h010.customer.com", 10},
		{[]any{"Hostname", "else.com", "NameMatchType", "suffix"}, 1, "www.else.com", 1},
		{[]any{"Hostname", "11", "NameMatchType", "fuzzy"}, 11, "h011.customer.com", 11},
		{[]any{"RecordId", second.ID}, 1, "www.else.com", 1},
		{[]any{"RecordId", 7}, 0, "", 0},
		{[]any{"Status", "active"}, 1, "h003.customer.com", 1},
		{[]any{"Status", "offline"}, 0, "", 0},
	} {
		got := w.ok("ListCustomHostnames", append([]any{"SiteId", w.site.ID}, test.pairs...)...)
		items, _ := got.body["Hostnames"].([]any)
		if got.at("TotalCount") != fmt.Sprint(test.total) || got.at("Hostnames", 0, "Hostname") != test.first || len(items) != test.items {
			t.Errorf("%v: got TotalCount %s, %d items, the first %q; want %d, %d, %q", test.pairs, got.at("TotalCount"), len(items), got.at("Hostnames", 0, "Hostname"), test.total, test.items, test.first)
		}
	}
	if got := w.ok("ListCustomHostnames", "SiteId", w.site.ID); got.at("PageSize") != "100" || got.at("PageNumber") != "1" {
		t.Errorf("got page %s with page size %s, want 1 with 100", got.at("PageNumber"), got.at("PageSize"))
	}
	for _, pairs := range [][]any{
		{"PageSize", 0},
		{"PageSize", 501},
		{"PageSize", "x"},
		{"PageNumber", 0},
		{"PageNumber", -1},
		{"PageNumber", 2147483648},
		{"NameMatchType", "regexp"},
		{"Status", "configuring"},
		{"RecordId", "x"},
	} {
		w.refused(400, "InvalidParameter", "ListCustomHostnames", append([]any{"SiteId", w.site.ID}, pairs...)...)
	}
	w.refused(400, "MissingSiteId", "ListCustomHostnames")
	w.refused(404, "SiteNotFound", "ListCustomHostnames", "SiteId", 7)
}

func TestLimits(t *testing.T) {
	t.Parallel()
	w := newWorld(t, Options{CreateLimitPerHour: 2})
	create := func(name string) reply {
		return w.call("CreateCustomHostname", "Hostname", name, "SiteId", w.site.ID, "RecordId", w.record.ID, "SslFlag", "off")
	}
	create("a.customer.com")
	w.clock.Move(20 * time.Minute)
	create("b.customer.com")
	w.clock.Move(10 * time.Minute)
	got := create("c.customer.com")
	if got.status != 400 || got.code() != "Throttling.User" || got.header.Get("X-Acs-Retry-After") != "1800000" {
		t.Errorf("got %d %s, retry after %s; want Throttling.User and 30 minutes", got.status, got.raw, got.header.Get("X-Acs-Retry-After"))
	}
	w.get(w.Hostnames()[0].ID)
	w.clock.Move(30 * time.Minute)
	if got := create("c.customer.com"); got.status != 200 {
		t.Errorf("after an hour: got %s, want success", got.raw)
	}
	if got := create("d.customer.com"); got.code() != "Throttling.User" {
		t.Errorf("got %s, want Throttling.User, because the hour slides", got.raw)
	}

	w = newWorld(t, Options{CallsPerSecond: 3, RetryAfter: RetryAfterNone})
	for range 3 {
		w.ok("ListSites")
	}
	if got := w.call("ListSites"); got.code() != "Throttling.User" || got.header.Get("X-Acs-Retry-After") != "" {
		t.Errorf("fourth call in a second: got %s, want Throttling.User without a header", got.raw)
	}
	w.clock.Move(time.Second)
	w.ok("ListSites")
}

func TestLimitOfTheClocksHour(t *testing.T) {
	t.Parallel()
	w := newWorld(t, Options{CreateLimitPerHour: 1, CreateWindow: CreateWindowFixed, ThrottlingCode: "TooManyRequests", TooManyRequestsStatus: 429, RetryAfter: RetryAfterSeconds})
	create := func(name string) reply {
		return w.call("CreateCustomHostname", "Hostname", name, "SiteId", w.site.ID, "RecordId", w.record.ID, "SslFlag", "off")
	}
	w.clock.Move(w.clock.Now().Truncate(time.Hour).Add(time.Hour - time.Minute).Sub(w.clock.Now()))
	create("a.customer.com")
	w.clock.Move(500 * time.Millisecond)
	got := create("b.customer.com")
	if got.status != 429 || got.code() != "TooManyRequests" || got.header.Get("Retry-After") != "60" || got.header.Get("X-Acs-Retry-After") != "" {
		t.Errorf("got %d %s, headers %v; want 429 and Retry-After: 60", got.status, got.raw, got.header)
	}
	w.clock.Move(time.Minute)
	if got := create("b.customer.com"); got.status != 200 {
		t.Errorf("in the next hour: got %s, want success", got.raw)
	}
}

func TestNamesAsOthersWriteThem(t *testing.T) {
	t.Parallel()
	const name = "xn--bcher-kva.xn--fiqs8s.customer.com"
	for view, want := range map[HostnameView]string{
		HostnameAsStored: name, HostnameFinalDot: name + ".", HostnameUnicode: "bücher.中国.customer.com",
	} {
		w := newWorld(t, Options{HostnameView: view})
		h := w.create(name)
		if h.Hostname != name {
			t.Errorf("got the stored name %q, want %q", h.Hostname, name)
		}
		if got := w.ok("GetCustomHostname", "HostnameId", h.ID).at("CustomHostnameModel", "Hostname"); got != want {
			t.Errorf("view %d: got %q from Get, want %q", view, got, want)
		}
		for filter, found := range map[string]bool{name: view != HostnameUnicode, name + ".": view != HostnameUnicode, "bücher.中国.customer.com": view == HostnameUnicode} {
			if got := w.ok("ListCustomHostnames", "SiteId", w.site.ID, "Hostname", filter).at("TotalCount"); (got == "1") != found {
				t.Errorf("view %d: list of %s: got TotalCount %v, want found %t", view, filter, got, found)
			}
		}
	}
	// The longer ones are samples of RFC 3492, section 7.1. The last ones are at the ends of Unicode.
	for encoded, want := range map[string]string{
		"bcher-kva": "bücher", "Proprostnemluvesky-uyb24dma41a": "Pročprostěnemluvíčesky", "ihqwcrb4cv8a8dqg056pqjye": "他们为什么不说中文",
		"egbpdaj6bu4bxfgehfvwxn": "ليهمابتكلموشعربي؟", "4dbcagdahymbxekheh6e0a7fei0b": "למההםפשוטלאמדבריםעברית",
		"b1abfaaepdrnnbgefbadotcwatmq2g4l": "почемужеонинеговорятпорусски", "n8jok5ay5dzabd5bym9f0cm5685rrjetr6pdxa": "なぜみんな日本語を話してくれないのか",
		"de-jg4avhby1noc0d": "パフィーdeルンバ", "az-bja": "aéz", "tda": "ü", "a": "\u0080", "hb9b": "\ud7ff", "0y0c": "\ue000", "dn32g": "\U0010ffff", "-": "", "": "",
		strings.Repeat("a", 30) + "-4a9658576a": strings.Repeat("a", 30) + "\U0010ffff\u0080",
	} {
		if got, ok := punycode(encoded); !ok || got != want {
			t.Errorf("%q: got %q, want %q", encoded, got, want)
		}
	}
	// Not letters or digits, the end within a number, numbers that are too large, surrogates, and above Unicode.
	for _, broken := range []string{"!", "a!", "A", "bcher-k", "bcher-kv", "99999999", "999999b", "ib9b", "zy0c", "en32g"} {
		if got, ok := punycode(broken); ok || got != "" {
			t.Errorf("%q: got %q, want an error", broken, got)
		}
	}
	// Labels that cannot be decoded are returned as they are.
	w := newWorld(t, Options{HostnameView: HostnameUnicode})
	for name, want := range map[string]string{
		"xn--99999999.xn--bcher-kva.customer.com": "xn--99999999.bücher.customer.com", "axn--bcher-kva.customer.com": "axn--bcher-kva.customer.com", "*.xn--bcher-kva.com": "*.bücher.com",
	} {
		got := w.ok("CreateCustomHostname", "Hostname", name, "SiteId", w.site.ID, "RecordId", w.record.ID, "SslFlag", "off")
		if got.at("Hostname") != want {
			t.Errorf("%s: got %q from Create, want %q", name, got.at("Hostname"), want)
		}
	}
}

// TestRefusedCertificates compares what remains of a create whose certificate was refused, for each reading and type.
func TestRefusedCertificates(t *testing.T) {
	t.Parallel()
	pair := newPair(t, newClock().Now().AddDate(1, 0, 0))
	certificates := map[string][]any{
		"free": {"CertType", "free"}, "cas": {"CertType", "cas", "CasId", DefaultCasID, "CasRegion", "cn-hangzhou"},
		"upload": {"CertType", "upload", "Certificate", pair.certificate, "PrivateKey", pair.key},
	}
	codes := map[string]string{"free": "CustomHostname.ApplyCertFailed", "cas": "CustomHostname.SetCertFailed", "upload": "CustomHostname.SetCertFailed"}
	for left := range RefusedLeavesBare + 1 {
		for kind, certificate := range certificates {
			w := newWorld(t, Options{RefusedCertificate: left})
			w.RefuseCertificates("Shop.customer.com.", true)
			w.RefuseCertificates("www.customer.com", true)
			pairs := append([]any{"Hostname", "shop.customer.com", "SiteId", w.site.ID, "RecordId", w.record.ID, "SslFlag", "on"}, certificate...)
			w.refused(404, codes[kind], "CreateCustomHostname", pairs...)
			all := w.Hostnames()
			r := w.Requests()[0]
			if r.Reason != "certificates for shop.customer.com are refused" {
				t.Errorf("got the reason %q, want that certificates are refused", r.Reason)
			}
			if left == RefusedLeavesNothing {
				if len(all) != 0 || r.HostnameID != 0 {
					t.Errorf("%s: got %+v, want no hostname", kind, all)
				}
				w.RefuseCertificates("shop.customer.com", false)
				w.ok("CreateCustomHostname", pairs...)
				continue
			}
			want := Hostname{
				ID: 4514973387335749, SiteID: w.site.ID, RecordID: w.record.ID, Hostname: "shop.customer.com", Status: "pending", SSLFlag: "on",
				VerifyHost: "_esa_custom_hostname.shop.customer.com", VerifyCode: "X", CreateTime: w.Now(), UpdateTime: w.Now(),
			}
			switch {
			case left == RefusedLeavesOff:
				want.SSLFlag = "off"
			case left == RefusedLeavesOn && kind == "free":
				want.CertType, want.CertStatus, want.CertApplyCode, want.CertApplyMessage = "free", "ApplyFailed", 2, "canceled"
			case left == RefusedLeavesOn:
				want.CertType = kind
			}
			if len(all) != 1 || plain(all[0]) != want || r.HostnameID != want.ID {
				t.Errorf("%s, reading %d: got\n%+v\nwant\n%+v", kind, left, all, want)
				continue
			}
			for kind, certificate := range certificates {
				update := append([]any{"HostnameId", want.ID, "SslFlag", "on"}, certificate...)
				w.RefuseCertificates("shop.customer.com", true)
				w.refused(404, codes[kind], "UpdateCustomHostname", update...)
				if h := plain(w.Hostnames()[0]); h != want {
					t.Errorf("a refused update changed the hostname to %+v", h)
				}
			}
			w.RefuseCertificates("shop.customer.com", false)
			for _, kind := range []string{"cas", "upload"} {
				w.ok("UpdateCustomHostname", append([]any{"HostnameId", want.ID, "SslFlag", "on"}, certificates[kind]...)...)
				if h := w.Hostnames()[0]; h.CertStatus != "OK" || h.CertType != kind || h.SSLFlag != "on" {
					t.Errorf("got %+v, want a certificate of type %s", h, kind)
				}
			}
		}
	}
}

func TestDuplicateInvalid(t *testing.T) {
	w := newWorld(t, Options{DuplicateCreate: DuplicateInvalid})
	w.create("shop.customer.com")
	w.refused(400, "InvalidParameter", "CreateCustomHostname", "Hostname", "shop.customer.com", "SiteId", w.site.ID, "RecordId", w.record.ID, "SslFlag", "off")
}
