package fakeesa

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// seedFolder writes a seed file, with a certificate and its key next to it.
func seedFolder(t *testing.T, seed string) string {
	t.Helper()
	pair := newPair(t, time.Now().Add(40*24*time.Hour))
	dir := t.TempDir()
	for name, text := range map[string]string{"seed.json": seed, "shop.pem": pair.certificate, "shop.key": pair.key, "other.key": newPair(t, time.Now().Add(time.Hour)).key} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return filepath.Join(dir, "seed.json")
}

func TestLoad(t *testing.T) {
	t.Parallel()
	w := &world{t: t, clock: newClock()}
	w.clock.now = time.Now().UTC().Truncate(time.Second)
	w.Server = New(Options{Now: w.clock.Now})
	err := w.Load(seedFolder(t, `{
		"sites": [{
			"id": "7001", "name": "example.com", "access_type": "CNAME", "coverage": "global",
			"records": [
				{"id": "7101", "name": "origin.example.com"},
				{"name": "www.example.com", "type": "A/AAAA", "value": "192.0.2.1", "proxied": false, "custom_port": "on", "http_ports": "80", "https_ports": "443,8443"},
				{"id": "7103", "name": "_sip._tcp.example.com", "type": "SRV", "value": "sip.example.org", "proxied": false, "data": {"priority": 0, "weight": 5, "port": 5060}},
				{"name": "cert.example.com", "type": "CERT", "proxied": false, "data": {"type": 1, "key_tag": 2, "algorithm": 3, "certificate": "q83v"}}
			],
			"hostnames": [
				{"id": "7201", "hostname": "free.customer.com", "record": "origin.example.com", "status": "active", "cert_type": "free", "cert_status": "OK", "cert_not_after": "480h"},
				{"id": "7202", "hostname": "shop.customer.com", "record": "origin.example.com", "cert_type": "upload", "certificate_file": "shop.pem", "private_key_file": "shop.key"},
				{"id": "7203", "hostname": "cas.customer.com", "record": "origin.example.com", "cert_type": "cas", "cas_id": "77"},
				{"id": "7204", "hostname": "waits.customer.com", "record": "origin.example.com", "verify_code": "verify_me"},
				{"id": "7205", "hostname": "off.customer.com", "record": "origin.example.com", "status": "offline", "offline_reason": "missing_icp"}
			]
		}],
		"txt": [{"name": "_esa_custom_hostname.waits.customer.com", "value": "verify_me"}],
		"cas_certificates": [{"id": "77", "not_after": "2099-01-01T00:00:00Z"}]
	}`))
	if err != nil {
		t.Fatal(err)
	}
	if got := w.ok("GetSite", "SiteId", 7001); got.at("SiteModel", "SiteName") != "example.com" || got.at("SiteModel", "Coverage") != "global" {
		t.Errorf("got site %s", got.raw)
	}
	if got := w.ok("GetRecord", "RecordId", 7101); got.at("RecordModel", "Proxied") != "true" {
		t.Errorf("got record %s, want a proxied one", got.raw)
	}
	if got := w.ok("GetRecord", "RecordId", 7103); got.at("RecordModel", "Data") != "map[Port:5060 Priority:0 Value:sip.example.org Weight:5]" {
		t.Errorf("got record %s, want the data of an SRV record", got.raw)
	}
	for id, want := range map[int64]string{7201: "active Expiring", 7202: "pending OK", 7203: "pending OK", 7204: "pending ", 7205: "offline "} {
		got := w.get(id)
		if status := got.at("CustomHostnameModel", "Status") + " " + got.at("CustomHostnameModel", "CertStatus"); status != want {
			t.Errorf("%d: got %s, want %s", id, status, want)
		}
	}
	if got := w.get(7201).at("CustomHostnameModel", "CertNotAfter"); got != formatTime(w.Now().Add(480*time.Hour)) {
		t.Errorf("got expiry date %s, want 480 hours from now", got)
	}
	if got := w.get(7203).at("CustomHostnameModel", "CertNotAfter"); got != "2099-01-01T00:00:00Z" {
		t.Errorf("got expiry date %s for the certificate of SSL Certificates Service, want 2099-01-01", got)
	}
	// TXT records of the seed verify hostnames. What the seed does not allow is refused as usual.
	w.ok("VerifyCustomHostname", "HostnameId", 7204)
	w.refused(200, "CustomHostname.VerifyUnpassed", "VerifyCustomHostname", "HostnameId", 7202)
	w.refused(400, "CustomHostname.Duplicated", "CreateCustomHostname", "Hostname", "shop.customer.com", "SiteId", 7001, "RecordId", 7101, "SslFlag", "off")

	scene := map[string]int64{}
	for _, thing := range w.Scene() {
		scene[thing.Kind+" "+thing.Name] = thing.ID
	}
	if scene["site example.com"] != 7001 || scene["record origin.example.com"] != 7101 || scene["hostname waits.customer.com"] != 7204 || len(scene) < 8 {
		t.Errorf("got the scene %v", scene)
	}

	shown := w.tell("GET", "world", "")
	if strings.Contains(shown.raw, "PRIVATE KEY") {
		t.Error("GET world returns a private key")
	}
	if got := shown.at("sites", 0, "hostnames", 3, "status"); got != "active" {
		t.Errorf("got status %q for the verified hostname, want active", got)
	}
	// GET world returns a valid seed file, once the hostname that requires a key is removed.
	w.RemoveHostname(7202)
	again := New(Options{Now: w.clock.Now})
	if err := again.Load(seedFolder(t, w.tell("GET", "world", "").raw)); err != nil {
		t.Fatal(err)
	}
	other := &world{t: t, clock: w.clock, Server: again}
	if first, second := w.tell("GET", "world", "").raw, other.tell("GET", "world", "").raw; first != second {
		t.Errorf("got before\n%s\nand after loading it\n%s", first, second)
	}
}

// TestLoadOfAnInternationalAccount checks that a certificate of SSL Certificates Service without a region is in the region of the
// account, both for hostnames of the seed and for calls.
func TestLoadOfAnInternationalAccount(t *testing.T) {
	t.Parallel()
	w := &world{t: t, clock: newClock()}
	w.Server = New(Options{Now: w.clock.Now, AccountRegion: "ap-southeast-1"})
	err := w.Load(seedFolder(t, `{
		"sites": [{
			"id": "7001", "name": "example.com", "records": [{"id": "7101", "name": "origin.example.com"}],
			"hostnames": [{"id": "7201", "hostname": "cas.customer.com", "record": "origin.example.com", "cert_type": "cas", "cas_id": "77"}]
		}],
		"cas_certificates": [{"id": "77", "not_after": "2099-01-01T00:00:00Z"}]
	}`))
	if err != nil {
		t.Fatal(err)
	}
	if got := w.get(7201).at("CustomHostnameModel", "CertNotAfter"); got != "2099-01-01T00:00:00Z" {
		t.Errorf("got expiry %s, want that of the seed", got)
	}
	w.ok("UpdateCustomHostname", "HostnameId", 7201, "SslFlag", "on", "CertType", "cas", "CasId", 77, "CasRegion", "ap-southeast-1")
}

func TestLoadRefuses(t *testing.T) {
	t.Parallel()
	inSite := func(more string) string {
		return `{"sites": [{"id": "1", "name": "example.com", "records": [{"id": "2", "name": "origin.example.com"}], ` + more + `}]}`
	}
	hostname := func(more string) string {
		return inSite(`"hostnames": [{"hostname": "a.customer.com", "record": "origin.example.com"}, {"hostname": "shop.customer.com", "record": "origin.example.com"` + more + `}]`)
	}
	const site, second = "sites[0] (example.com): ", "sites[0] (example.com): hostnames[1] (shop.customer.com): "
	for seed, want := range map[string]string{
		"":                                   "the JSON is truncated; it must be an object, {...}",
		"{\n  \"sites\": [,]\n}":             "line 2, column 13 is not valid JSON: invalid character ','",
		`[]`:                                 "expected an object, {...}, got an array",
		`{"sitez": []}`:                      `there is no argument "sitez"; use one of sites, txt, cas_certificates`,
		`{"sites": {}}`:                      "sites must be a list of objects, [{...}, ...]",
		`{"sites": [7]}`:                     "sites[0]: expected an object, {...}, got a number",
		`{"sites": [{"name": "localhost"}]}`: `sites[0] (localhost): name "localhost" has one label only; it is the site's domain, such as example.com`,
		`{"sites": [{"name": "example.com", "id": 12}]}`:                                                             site + "id is a number and must be a string in quotes",
		`{"sites": [{"name": "example.com", "id": "1x"}]}`:                                                           site + `id is "1x" and must be a whole number above 0, in quotes`,
		`{"sites": [{"name": "example.com", "coverage": "everywhere"}]}`:                                             site + `coverage is "everywhere"; it must be one of domestic, global, overseas`,
		`{"sites": [{"name": "example.com", "id": "1"}, {"name": "example.org", "id": "1"}]}`:                        "sites[1] (example.org): there is a site 1 already; ids must be unique",
		`{"sites": [{"name": "example.com", "records": [{"name": "origin"}]}]}`:                                      site + `records[0] (origin): the record "origin" lies outside the site "example.com"; use the full name, such as origin.example.com`,
		`{"sites": [{"name": "example.com", "records": [{"id": "7"}]}]}`:                                             site + "records[0]: name is missing; use the full name, such as origin.example.com",
		`{"sites": [{"name": "example.com", "records": [{"name": "origin.example.com", "proxied": "yes"}]}]}`:        site + "records[0] (origin.example.com): proxied is a string and must be true or false",
		`{"sites": [{"name": "example.com", "records": [{"name": "mx.example.com", "data": {"priorty": 5}}]}]}`:      site + `records[0] (mx.example.com): data: there is no argument "priorty"; use one of priority, port,`,
		`{"sites": [{"name": "example.com", "records": [{"name": "mx.example.com", "data": {"priority": "5"}}]}]}`:   site + "records[0] (mx.example.com): data: priority is a string and must be a whole number",
		`{"sites": [{"name": "example.com", "records": [{"name": "mx.example.com", "data": {"priority": 65536}}]}]}`: site + "records[0] (mx.example.com): data: 65536 is out of range; it must be from 0 to 65535",
		`{"sites": [{"name": "example.com", "hostnames": [{"hostname": "shop.customer.com", "record": "x"}]}]}`:      site + `hostnames[0] (shop.customer.com): record "x" does not exist, as the site has no proxied record; add one to records`,
		inSite(`"hostnames": [{"hostname": "shop", "record": "origin.example.com"}]`):                                site + `hostnames[0] (shop): hostname "shop" has one label only; it is the customer's domain`,
		hostname(`, "sslflag": "on"`):                                                                        second + `there is no argument "sslflag"; use one of id, hostname, record, status,`,
		hostname(`, "status": "verified"`):                                                                   second + `status is "verified"; it must be one of pending, active, conflicted, offline, configuring`,
		hostname(`, "ssl_flag": "on"`):                                                                       second + `ssl_flag "on" requires a cert_type: free, upload or cas`,
		hostname(`, "cert_status": "OK"`):                                                                    second + "cert_status and cert_not_after require a cert_type",
		hostname(`, "cert_type": "free", "cert_not_after": "soon"`):                                          second + `cert_not_after is "soon" and must be a time such as 2027-01-31T00:00:00Z, or the time since the start such as 480h`,
		hostname(`, "cert_type": "free", "certificate_file": "shop.pem"`):                                    second + `certificate and private_key require cert_type "upload"`,
		hostname(`, "cert_type": "upload", "certificate_file": "shop.pem"`):                                  second + `cert_type "upload" requires certificate_file and private_key_file`,
		hostname(`, "cert_type": "upload", "certificate_file": "shop.pem", "private_key_file": "other.key"`): second + "the certificate cannot be deployed: tls: private key does not match public key",
		hostname(`, "cert_type": "upload", "certificate_file": "none.pem", "private_key_file": "shop.key"`):  second + "certificate_file cannot be read",
		hostname(`, "cert_type": "upload", "certificate": "x", "certificate_file": "shop.pem"`):              second + "certificate and certificate_file are both set; remove one",
		hostname(`, "cert_type": "free", "cas_id": "77"`):                                                    second + `cas_id requires cert_type "cas"`,
		hostname(`, "cert_type": "cas", "cas_id": "77"`):                                                     second + "the certificate cannot be deployed: there is no certificate 77 in cn-hangzhou; use",
		inSite(`"hostnames": [{"hostname": "a.customer.com", "record": "origin.example.com"}, {"hostname": "A.customer.com", "record": "origin.example.com"}]`):                       site + "hostnames[1] (A.customer.com): the site already has that hostname; remove one",
		inSite(`"hostnames": [{"id": "9", "hostname": "a.customer.com", "record": "origin.example.com"}, {"id": "9", "hostname": "b.customer.com", "record": "origin.example.com"}]`): site + "hostnames[1] (b.customer.com): there is a hostname 9 already; ids must be unique",
		`{"txt": [{"name": "x.customer.com"}]}`:                         "txt[0] (x.customer.com): a TXT record requires a full name and a value",
		`{"cas_certificates": [{"region": "cn-hangzhou"}]}`:             "cas_certificates[0]: id is missing",
		`{"cas_certificates": [{"id": "7", "region": "cn-shanghai"}]}`:  `cas_certificates[0] (7): region is "cn-shanghai"; it must be one of cn-hangzhou, ap-southeast-1`,
		`{"cas_certificates": [{"id": "7", "not_after": "next year"}]}`: `cas_certificates[0] (7): not_after is "next year" and must be a time`,
	} {
		file := seedFolder(t, seed)
		err := New(Options{}).Load(file)
		if err == nil || !strings.HasPrefix(err.Error(), file+": "+want) {
			t.Errorf("%s\n got %v\nwant %s", seed, err, want)
		}
	}
	if err := New(Options{}).Load(filepath.Join(t.TempDir(), "none.json")); err == nil || !strings.Contains(err.Error(), "the seed file cannot be read") {
		t.Errorf("missing file: got error %v", err)
	}
}

// TestReadmeNamesEveryArgument checks that the README of fake-esa describes every field of a seed file and every call of the
// control API.
func TestReadmeNamesEveryArgument(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("../../cmd/fake-esa/README.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, entry := range []any{&seedFile{}, &siteEntry{}, &recordEntry{}, &dataEntry{}, &hostnameEntry{}, &txtEntry{}, &casEntry{}, &faultEntry{}, &clockEntry{}} {
		for _, name := range arguments(entry) {
			if !strings.Contains(string(text), "`"+name+"`") && !strings.Contains(string(text), `"`+name+`"`) {
				t.Errorf("the README does not describe %s", name)
			}
		}
	}
	for _, c := range controls {
		if !strings.Contains(string(text), controlPath+c.path) || !strings.Contains(string(text), "`"+c.method) && !strings.Contains(string(text), "`, `"+c.method) {
			t.Errorf("the README does not describe %s %s%s", c.method, controlPath, c.path)
		}
	}
}
