package fakeesa

import (
	"os"
	"path/filepath"
	"slices"
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

// fullSeed has all arguments, as GET /fake/world returns them, except for those of private keys.
const fullSeed = `{
  "sites": [
    {
      "id": "1",
      "name": "example.com",
      "status": "pending",
      "access_type": "CNAME",
      "coverage": "domestic",
      "records": [
        {
          "id": "2",
          "name": "www.example.com",
          "type": "SRV",
          "value": "value",
          "proxied": true,
          "data": {
            "priority": 0,
            "port": 65535,
            "weight": 3,
            "flag": 4,
            "tag": "tag",
            "type": 5,
            "usage": 6,
            "selector": 7,
            "matching_type": 8,
            "algorithm": 9,
            "key_tag": 10,
            "fingerprint": "print",
            "certificate": "cert"
          },
          "custom_port": "on",
          "http_ports": "80",
          "https_ports": "443"
        },
        {
          "id": "3",
          "name": "plain.example.com",
          "type": "TXT",
          "value": "<text>",
          "proxied": false
        }
      ],
      "hostnames": [
        {
          "id": "4",
          "hostname": "shop.customer.com",
          "record": "www.example.com",
          "status": "offline",
          "offline_reason": "reason",
          "conflict_with": "conflict",
          "verify_host": "host",
          "verify_code": "code",
          "ssl_flag": "off",
          "cert_type": "cas",
          "cas_id": "6",
          "cas_region": "ap-southeast-1",
          "cert_status": "ApplyFailed",
          "cert_not_after": "2026-05-01T00:00:00Z",
          "cert_txt_key": "txt key",
          "cert_txt_value": "txt value"
        },
        {
          "id": "5",
          "hostname": "shop.customer.com",
          "record": "www.example.com",
          "status": "conflicted",
          "verify_host": "_esa_custom_hostname.shop.customer.com",
          "verify_code": "verify_me",
          "ssl_flag": "off"
        }
      ]
    },
    {
      "id": "7",
      "name": "example.org",
      "status": "active",
      "access_type": "NS",
      "coverage": "overseas",
      "records": [
        {
          "id": "8",
          "name": "example.org",
          "type": "CNAME",
          "value": "example.org.origin.test",
          "proxied": true
        }
      ],
      "hostnames": [
        {
          "id": "9",
          "hostname": "other.customer.com",
          "record": "example.org",
          "status": "configuring",
          "verify_host": "_esa_custom_hostname.other.customer.com",
          "verify_code": "code",
          "ssl_flag": "on",
          "cert_type": "free",
          "cert_status": "ApplyFailed"
        }
      ]
    }
  ],
  "txt": [
    {
      "name": "a.customer.com",
      "value": "2"
    },
    {
      "name": "a.customer.com",
      "value": "1"
    },
    {
      "name": "b.customer.com",
      "value": "<x>"
    }
  ],
  "cas_certificates": [
    {
      "id": "30000478",
      "region": "ap-southeast-1",
      "not_after": "2027-01-02T03:04:05Z"
    },
    {
      "id": "30000478",
      "region": "cn-hangzhou",
      "not_after": "2027-01-02T03:04:05Z"
    },
    {
      "id": "5",
      "region": "cn-hangzhou",
      "not_after": "2026-06-01T00:00:00Z"
    },
    {
      "id": "6",
      "region": "ap-southeast-1",
      "not_after": "2026-07-01T00:00:00Z"
    }
  ]
}
`

// TestLoadWhole loads a seed file with all arguments and compares what GET /fake/world returns with it.
func TestLoadWhole(t *testing.T) {
	t.Parallel()
	w := &world{t: t, clock: newClock()}
	w.Server = New(Options{Now: w.clock.Now})
	if err := w.Load(seedFolder(t, fullSeed)); err != nil {
		t.Fatal(err)
	}
	if got := w.tell("GET", "world", ""); got.status != 200 || got.raw != fullSeed {
		t.Errorf("got %d %s, want the seed file", got.status, got.raw)
	}
	empty := &world{t: t, clock: newClock(), Server: New(Options{Now: newClock().Now})}
	if got := empty.tell("GET", "world", "").raw; !strings.HasPrefix(got, "{\n  \"sites\": [],\n  \"txt\": [],\n  \"cas_certificates\": [\n") {
		t.Errorf("got %s, want empty lists", got)
	}
	// A hostname whose record does not exist has none.
	w.ChangeHostname(9, func(h *Hostname) { h.RecordID = 99 })
	if got := w.tell("GET", "world", ""); got.raw != with(t, fullSeed, `"record": "example.org"`, `"record": ""`) {
		t.Errorf("got %s, want no record", got.raw)
	}
}

// TestLoadDefaults checks what a seed file may omit, and how it may write names, times and paths.
func TestLoadDefaults(t *testing.T) {
	t.Parallel()
	w := &world{t: t, clock: newClock()}
	w.Server = New(Options{Now: w.clock.Now})
	file := seedFolder(t, `{
		"sites": [
			{"name": "Example.org", "records": [{"name": "Example.ORG.", "value": "x"}]},
			{"name": "example.com", "records": [{"name": "plain.example.com", "proxied": false}, {"name": "a.example.com", "proxied": true}, {"name": "b.example.com"}], "hostnames": [
				{"hostname": "A.customer.com", "record": "B.example.com.", "cert_type": "upload", "certificate_file": "shop.pem", "private_key_file": "DIR/shop.key"},
				{"hostname": "b.customer.com", "record": "a.example.com", "cert_type": "cas", "cas_id": "5", "cert_not_after": "-1h"},
				{"hostname": "c.customer.com", "record": "a.example.com", "cert_type": "upload", "certificate": "CERT", "private_key": "KEY", "cert_status": "Expiring"}
			]}
		],
		"txt": [{"name": "X.customer.com.", "value": "1"}],
		"cas_certificates": [{"id": "5"}, {"id": "6", "region": "ap-southeast-1", "not_after": "24h"}]
	}`)
	dir := filepath.Dir(file)
	read := func(name string) string {
		text, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		return string(text)
	}
	quoted := func(text string) string { return strings.ReplaceAll(text, "\n", `\n`) }
	pair := testPair{read("shop.pem"), read("shop.key")}
	seed := strings.NewReplacer("DIR", filepath.ToSlash(dir), "CERT", quoted(pair.certificate), "KEY", quoted(pair.key)).Replace(read("seed.json"))
	if err := os.WriteFile(file, []byte(seed), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := w.Load(file); err != nil {
		t.Fatal(err)
	}
	scene := w.Scene()
	id := map[string]int64{}
	for _, thing := range scene {
		id[thing.Kind+" "+thing.Name] = thing.ID
	}
	leaf, err := matchingLeaf(pair.certificate, pair.key)
	if err != nil {
		t.Fatal(err)
	}
	now := w.clock.Now()
	hostname := func(name, record string, more Hostname) Hostname {
		more.ID, more.SiteID, more.RecordID, more.Hostname = id["hostname "+name], id["site example.com"], id["record "+record], name
		more.Status, more.SSLFlag, more.VerifyHost, more.VerifyCode, more.CreateTime, more.UpdateTime = "pending", "on", "_esa_custom_hostname."+name, "X", now, now
		return more
	}
	want := []Hostname{
		hostname("a.customer.com", "b.example.com", Hostname{CertType: "upload", Certificate: pair.certificate, PrivateKey: pair.key, CertStatus: "OK", CertID: "X", CertNotAfter: leaf.NotAfter}),
		hostname("b.customer.com", "a.example.com", Hostname{CertType: "cas", CasID: 5, CertNotAfter: now.Add(-time.Hour)}),
		hostname("c.customer.com", "a.example.com", Hostname{CertType: "upload", Certificate: pair.certificate, PrivateKey: pair.key, CertStatus: "Expiring", CertID: "X", CertNotAfter: leaf.NotAfter}),
	}
	for i, h := range w.Hostnames() {
		if plain(h) != want[i] {
			t.Errorf("got\n%+v\nwant\n%+v", plain(h), want[i])
		}
	}
	for name, want := range map[string]string{"plain.example.com": "false", "a.example.com": "true", "b.example.com": "true", "example.org": "true"} {
		if got := w.ok("GetRecord", "RecordId", id["record "+name]).at("RecordModel", "Proxied"); got != want {
			t.Errorf("%s: got Proxied %s, want %s", name, got, want)
		}
	}
	if got := w.TXT("x.customer.com"); !slices.Equal(got, []string{"1"}) {
		t.Errorf("got the TXT records %q, want 1", got)
	}
	shown := w.tell("GET", "world", "")
	for i, want := range []string{"30000478 ap-southeast-1 2027-01-02T03:04:05Z", "30000478 cn-hangzhou 2027-01-02T03:04:05Z", "5 cn-hangzhou 2027-01-02T03:04:05Z", "6 ap-southeast-1 2026-01-03T03:04:05Z"} {
		if got := shown.at("cas_certificates", i, "id") + " " + shown.at("cas_certificates", i, "region") + " " + shown.at("cas_certificates", i, "not_after"); got != want {
			t.Errorf("got the certificate %s, want %s", got, want)
		}
	}
	if got := shown.at("sites", 1, "hostnames", 0, "certificate"); got != pair.certificate {
		t.Errorf("got the certificate %q, want that of the file", got)
	}
}

func TestLoadRefuses(t *testing.T) {
	t.Parallel()
	inSite := func(more string) string {
		return `{"sites": [{"id": "1", "name": "example.com", "records": [{"id": "2", "name": "origin.example.com"}], ` + more + `}]}`
	}
	hostname := func(more string) string {
		return inSite(`"hostnames": [{"hostname": "a.customer.com", "record": "origin.example.com"}, {"hostname": "shop.customer.com", "record": "origin.example.com"` + more + `}]`)
	}
	record := func(more string) string {
		return `{"sites": [{"name": "example.com", "records": [{"name": "mx.example.com", ` + more + `}]}]}`
	}
	const site, second, mx = "sites[0] (example.com): ", "sites[0] (example.com): hostnames[1] (shop.customer.com): ", "sites[0] (example.com): records[0] (mx.example.com): "
	const (
		pairs     = "; use a PEM whose first certificate has that key, or a cas_id of cas_certificates"
		id        = " and must be a whole number above 0, in quotes"
		moments   = " and must be a time such as 2027-01-31T00:00:00Z, or the time since the start such as 480h"
		kinds     = ": free, upload or cas"
		siteName  = "; it is the site's domain, such as example.com"
		hostName  = "; it is the customer's domain, such as shop.customer.com"
		arguments = "id, hostname, record, status, offline_reason, conflict_with, verify_host, verify_code, ssl_flag, cert_type, certificate, certificate_file, " +
			"private_key, private_key_file, cas_id, cas_region, cert_status, cert_not_after, cert_txt_key, cert_txt_value"
		ofData    = "priority, port, weight, flag, tag, type, usage, selector, matching_type, algorithm, key_tag, fingerprint, certificate"
		duplicate = `the site already has that hostname; remove one, or set the status of the second one to "conflicted"`
		newKey    = `certificate and private_key require cert_type "upload"; change cert_type or remove them`
		both      = `cert_type "upload" requires certificate_file and private_key_file, or certificate and private_key`
		noTXT     = "a TXT record requires a full name and a value"
	)
	for seed, want := range map[string]string{
		"":                                   "the JSON is truncated; it must be an object, {...}",
		"{\n  \"sites\": [,]\n}":             "line 2, column 13 is not valid JSON: invalid character ',' looking for beginning of value",
		`[]`:                                 "expected an object, {...}, got an array",
		`{"sitez": []}`:                      `there is no argument "sitez"; use one of sites, txt, cas_certificates`,
		`{"sites": {}}`:                      "sites must be a list of objects, [{...}, ...]",
		`{"sites": [7]}`:                     "sites[0]: expected an object, {...}, got a number",
		`{"sites": [{}]}`:                    `sites[0]: name "" has one label only` + siteName,
		`{"sites": [{"name": "localhost"}]}`: `sites[0] (localhost): name "localhost" has one label only; it is the site's domain, such as example.com`,
		`{"sites": [{"name": "example.com", "id": 12}]}`:                                                             site + "id is a number and must be a string in quotes",
		`{"sites": [{"name": "example.com", "id": "1x"}]}`:                                                           site + `id is "1x" and must be a whole number above 0, in quotes`,
		`{"sites": [{"name": "example.com", "coverage": "everywhere"}]}`:                                             site + `coverage is "everywhere"; it must be one of domestic, global, overseas`,
		`{"sites": [{"name": "example.com", "id": "1"}, {"name": "example.org", "id": "1"}]}`:                        "sites[1] (example.org): there is a site 1 already; ids must be unique",
		`{"sites": [{"name": "example.com", "records": [{"name": "origin"}]}]}`:                                      site + `records[0] (origin): the record "origin" lies outside the site "example.com"; use the full name, such as origin.example.com, and unique ids`,
		`{"sites": [{"name": "example.com", "records": [{"id": "7"}]}]}`:                                             site + "records[0]: name is missing; use the full name, such as origin.example.com",
		`{"sites": [{"name": "example.com", "records": [{"name": "origin.example.com", "proxied": "yes"}]}]}`:        site + "records[0] (origin.example.com): proxied is a string and must be true or false",
		`{"sites": [{"name": "example.com", "records": [{"name": "mx.example.com", "data": {"priorty": 5}}]}]}`:      site + `records[0] (mx.example.com): data: there is no argument "priorty"; use one of ` + ofData,
		`{"sites": [{"name": "example.com", "records": [{"name": "mx.example.com", "data": {"priority": "5"}}]}]}`:   site + "records[0] (mx.example.com): data: priority is a string and must be a whole number",
		`{"sites": [{"name": "example.com", "records": [{"name": "mx.example.com", "data": {"priority": 65536}}]}]}`: site + "records[0] (mx.example.com): data: 65536 is out of range; it must be from 0 to 65535",
		`{"sites": [{"name": "example.com", "hostnames": [{"hostname": "shop.customer.com", "record": "x"}]}]}`:      site + `hostnames[0] (shop.customer.com): record "x" does not exist, as the site has no proxied record; add one to records`,
		inSite(`"hostnames": [{"hostname": "shop", "record": "origin.example.com"}]`):                                site + `hostnames[0] (shop): hostname "shop" has one label only` + hostName,
		hostname(`, "sslflag": "on"`):                                                                        second + `there is no argument "sslflag"; use one of ` + arguments,
		hostname(`, "status": "verified"`):                                                                   second + `status is "verified"; it must be one of pending, active, conflicted, offline, configuring`,
		hostname(`, "ssl_flag": "on"`):                                                                       second + `ssl_flag "on" requires a cert_type: free, upload or cas`,
		hostname(`, "cert_status": "OK"`):                                                                    second + "cert_status and cert_not_after require a cert_type" + kinds,
		hostname(`, "cert_type": "free", "cert_not_after": "soon"`):                                          second + `cert_not_after is "soon" and must be a time such as 2027-01-31T00:00:00Z, or the time since the start such as 480h`,
		hostname(`, "cert_type": "free", "certificate_file": "shop.pem"`):                                    second + newKey,
		hostname(`, "cert_type": "upload", "certificate_file": "shop.pem"`):                                  second + both,
		hostname(`, "cert_type": "upload", "certificate_file": "shop.pem", "private_key_file": "other.key"`): second + "the certificate cannot be deployed: tls: private key does not match public key" + pairs,
		hostname(`, "cert_type": "upload", "certificate_file": "none.pem", "private_key_file": "shop.key"`):  second + "certificate_file cannot be read: OPEN none.pem; relative paths start at the seed file's folder",
		hostname(`, "cert_type": "upload", "certificate": "x", "certificate_file": "shop.pem"`):              second + "certificate and certificate_file are both set; remove one",
		hostname(`, "cert_type": "free", "cas_id": "77"`):                                                    second + `cas_id requires cert_type "cas"; change cert_type or remove it`,
		hostname(`, "cert_type": "cas", "cas_id": "77"`):                                                     second + "the certificate cannot be deployed: there is no certificate 77 in cn-hangzhou" + pairs,
		inSite(`"hostnames": [{"hostname": "a.customer.com", "record": "origin.example.com"}, {"hostname": "A.customer.com", "record": "origin.example.com"}]`):                       site + "hostnames[1] (A.customer.com): " + duplicate,
		inSite(`"hostnames": [{"id": "9", "hostname": "a.customer.com", "record": "origin.example.com"}, {"id": "9", "hostname": "b.customer.com", "record": "origin.example.com"}]`): site + "hostnames[1] (b.customer.com): there is a hostname 9 already; ids must be unique",

		`{"sites": [{"id": "x", "name": "localhost"}]}`:            `sites[0] (localhost): id is "x"` + id,
		`{"sites": [{"id": "0", "name": "example.com"}]}`:          site + `id is "0"` + id,
		`{"sites": [{"id": "-1", "name": "example.com"}]}`:         site + `id is "-1"` + id,
		`{"sites": [{"name": "example.com", "status": "gone"}]}`:   site + `status is "gone"; it must be one of pending, active, offline, moved`,
		`{"sites": [{"name": "example.com", "access_type": "A"}]}`: site + `access_type is "A"; it must be one of NS, CNAME`,
		`{"sites": [{"name": {}}]}`:                                "sites[0]: name is an object and must be a string in quotes",
		`{"sites": [{"name": true}]}`:                              "sites[0]: name is a bool and must be a string in quotes",
		`{"sites": [{"name": "example.com", "records": 7}]}`:       site + "records must be a list of objects, [{...}, ...]",
		`{"sites": []} x`: "there is text after the JSON object; remove it",

		record(`"id": "x"`):                                       mx + `id is "x"` + id,
		record(`"data": {"port": -1}`):                            mx + "data: -1 is out of range; it must be from 0 to 65535",
		record(`"data": {"key_tag": 65536}`):                      mx + "data: 65536 is out of range; it must be from 0 to 65535",
		record(`"data": []`):                                      mx + "data: expected an object, {...}, got an array",
		record(`"ttl": 1`):                                        mx + `there is no argument "ttl"; use one of id, name, type, value, proxied, data, custom_port, http_ports, https_ports`,
		record(`"id": "7"}, {"id": "7", "name": "b.example.com"`): site + "records[1] (b.example.com): there is a record 7 already; use the full name, such as origin.example.com, and unique ids",

		hostname(`, "id": "x", "cert_not_after": "soon"`):                               second + `id is "x"` + id,
		hostname(`, "cas_id": "x", "cert_type": "y"`):                                   second + `cas_id is "x"` + id,
		hostname(`, "ssl_flag": "yes"`):                                                 second + `ssl_flag is "yes"; it must be one of on, off`,
		hostname(`, "cert_type": "own"`):                                                second + `cert_type is "own"; it must be one of free, upload, cas`,
		hostname(`, "cert_type": "free", "cert_status": "Issued"`):                      second + `cert_status is "Issued"; it must be one of OK, Applying, ApplyFailed, Expiring, Expired`,
		hostname(`, "cas_region": "x"`):                                                 second + `cas_region is "x"; it must be one of cn-hangzhou, ap-southeast-1`,
		hostname(`, "cert_not_after": "480h"`):                                          second + "cert_status and cert_not_after require a cert_type" + kinds,
		hostname(`, "private_key": "x"`):                                                second + newKey,
		hostname(`, "cert_type": "upload", "private_key": "x"`):                         second + both,
		hostname(`, "private_key": "x", "private_key_file": "x"`):                       second + "private_key and private_key_file are both set; remove one",
		hostname(`, "private_key_file": "none.key"`):                                    second + "private_key_file cannot be read: OPEN none.key; relative paths start at the seed file's folder",
		hostname(`, "cert_type": "cas"`):                                                second + "the certificate cannot be deployed: there is no certificate 0 in cn-hangzhou" + pairs,
		hostname(`, "cert_type": "cas", "cas_id": "7", "cas_region": "ap-southeast-1"`): second + "the certificate cannot be deployed: there is no certificate 7 in ap-southeast-1" + pairs,

		`{"txt": [{"value": "x"}]}`:                               "txt[0]: " + noTXT,
		`{"txt": [{"name": "x.customer.com", "value": "x"}, {}]}`: "txt[1]: " + noTXT,
		`{"txt": [{"names": "x.customer.com"}]}`:                  `txt[0]: there is no argument "names"; use one of name, value`,

		`{"cas_certificates": [{"id": "x", "not_after": "soon"}]}`:                `cas_certificates[0] (x): id is "x"` + id,
		`{"cas_certificates": [{"id": "7"}, {"id": "0"}]}`:                        `cas_certificates[1] (0): id is "0"` + id,
		`{"cas_certificates": [{"id": "7", "not_after": "soon", "region": "x"}]}`: `cas_certificates[0] (7): not_after is "soon"` + moments,

		`{"sites": [{"name": "example.com", "records": [{"name": "a.example.com"}, {"name": "b.example.com"}, {"name": "c.example.com", "proxied": false}], "hostnames": [{"hostname": "shop.customer.com", "record": "c.example.com"}]}]}`: site +
			`hostnames[0] (shop.customer.com): record "c.example.com" is not a proxied record of the site; use one of a.example.com, b.example.com`,
		`{"sites": [{"name": "example.org", "records": [{"name": "a.example.org"}]}, {"name": "example.com", "hostnames": [{"hostname": "shop.customer.com", "record": "a.example.org"}]}]}`: `sites[1] (example.com): hostnames[0] (shop.customer.com): ` +
			`record "a.example.org" does not exist, as the site has no proxied record; add one to records`,

		`{"txt": [{"name": "x.customer.com"}]}`:                         "txt[0] (x.customer.com): a TXT record requires a full name and a value",
		`{"cas_certificates": [{"region": "cn-hangzhou"}]}`:             "cas_certificates[0]: id is missing",
		`{"cas_certificates": [{"id": "7", "region": "cn-shanghai"}]}`:  `cas_certificates[0] (7): region is "cn-shanghai"; it must be one of cn-hangzhou, ap-southeast-1`,
		`{"cas_certificates": [{"id": "7", "not_after": "next year"}]}`: `cas_certificates[0] (7): not_after is "next year"` + moments,
	} {
		file := seedFolder(t, seed)
		err := New(Options{}).Load(file)
		for _, name := range []string{"none.pem", "none.key"} {
			_, missing := os.ReadFile(filepath.Join(filepath.Dir(file), name))
			want = strings.ReplaceAll(want, "OPEN "+name, missing.Error())
		}
		want = file + ": " + want
		if err == nil || err.Error() != want {
			t.Errorf("%s\n got %v\nwant %s", seed, err, want)
		}
	}
	none := filepath.Join(t.TempDir(), "none.json")
	_, missing := os.ReadFile(none)
	if err := New(Options{}).Load(none); err == nil || err.Error() != "the seed file cannot be read: "+missing.Error() {
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
