package fakeesa

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"
)

// A seed file is the initial scene in JSON, with ids that tests can use. cmd/fake-esa/README.md describes it. The
// arguments have the same names as in the provider. GET /fake/world returns the current scene in the same form, without
// private keys.
type seedFile struct {
	Sites           list[siteEntry] `json:"sites"`
	TXT             list[txtEntry]  `json:"txt"`
	CASCertificates list[casEntry]  `json:"cas_certificates"`
}

type siteEntry struct {
	ID         seedID              `json:"id,omitempty"`
	Name       string              `json:"name"`
	Status     string              `json:"status,omitempty"`
	AccessType string              `json:"access_type,omitempty"`
	Coverage   string              `json:"coverage,omitempty"`
	Records    list[recordEntry]   `json:"records"`
	Hostnames  list[hostnameEntry] `json:"hostnames"`
}

func (siteEntry) place() string { return "sites" }

func (e siteEntry) title() string { return e.Name }

type recordEntry struct {
	ID      seedID `json:"id,omitempty"`
	Name    string `json:"name"`
	Type    string `json:"type,omitempty"`
	Value   string `json:"value,omitempty"`
	Proxied *bool  `json:"proxied,omitempty"`

	Data       dataEntry `json:"data,omitzero"`
	CustomPort string    `json:"custom_port,omitempty"`
	HTTPPorts  string    `json:"http_ports,omitempty"`
	HTTPSPorts string    `json:"https_ports,omitempty"`
}

func (recordEntry) place() string { return "records" }

func (e recordEntry) title() string { return e.Name }

// dataEntry is RecordData in a seed file.
type dataEntry struct {
	Priority     *int   `json:"priority,omitempty"`
	Port         *int   `json:"port,omitempty"`
	Weight       *int   `json:"weight,omitempty"`
	Flag         *int   `json:"flag,omitempty"`
	Tag          string `json:"tag,omitempty"`
	Type         *int   `json:"type,omitempty"`
	Usage        *int   `json:"usage,omitempty"`
	Selector     *int   `json:"selector,omitempty"`
	MatchingType *int   `json:"matching_type,omitempty"`
	Algorithm    *int   `json:"algorithm,omitempty"`
	KeyTag       *int   `json:"key_tag,omitempty"`
	Fingerprint  string `json:"fingerprint,omitempty"`
	Certificate  string `json:"certificate,omitempty"`
}

// UnmarshalJSON decodes it separately, so that the error for an unknown field lists the fields of data.
func (e *dataEntry) UnmarshalJSON(text []byte) error {
	type members dataEntry
	if err := decodeEntry(text, (*members)(e)); err != nil {
		return fmt.Errorf("data: %w", err)
	}
	for _, number := range []*int{e.Priority, e.Port, e.Weight, e.Flag, e.Type, e.Usage, e.Selector, e.MatchingType, e.Algorithm, e.KeyTag} {
		if number != nil && (*number < 0 || *number > 1<<16-1) {
			return fmt.Errorf("data: %d is out of range; it must be from 0 to 65535", *number)
		}
	}
	return nil
}

type hostnameEntry struct {
	ID              seedID `json:"id,omitempty"`
	Hostname        string `json:"hostname"`
	Record          string `json:"record"`
	Status          string `json:"status,omitempty"`
	OfflineReason   string `json:"offline_reason,omitempty"`
	ConflictWith    string `json:"conflict_with,omitempty"`
	VerifyHost      string `json:"verify_host,omitempty"`
	VerifyCode      string `json:"verify_code,omitempty"`
	SSLFlag         string `json:"ssl_flag,omitempty"`
	CertType        string `json:"cert_type,omitempty"`
	Certificate     string `json:"certificate,omitempty"`
	CertificateFile string `json:"certificate_file,omitempty"`
	PrivateKey      string `json:"private_key,omitempty"`
	PrivateKeyFile  string `json:"private_key_file,omitempty"`
	CasID           seedID `json:"cas_id,omitempty"`
	CasRegion       string `json:"cas_region,omitempty"`
	CertStatus      string `json:"cert_status,omitempty"`
	CertNotAfter    moment `json:"cert_not_after,omitempty"`
	CertTxtKey      string `json:"cert_txt_key,omitempty"`
	CertTxtValue    string `json:"cert_txt_value,omitempty"`
}

func (hostnameEntry) place() string { return "hostnames" }

func (e hostnameEntry) title() string { return e.Hostname }

type txtEntry struct {
	Name  string `json:"name"`
	Value string `json:"value"`
}

func (txtEntry) place() string { return "txt" }

func (e txtEntry) title() string { return e.Name }

func (e txtEntry) check() error {
	if e.Name == "" || e.Value == "" {
		return errors.New("a TXT record requires a full name and a value")
	}
	return nil
}

type casEntry struct {
	ID       seedID `json:"id"`
	Region   string `json:"region,omitempty"`
	NotAfter moment `json:"not_after,omitempty"`
}

func (casEntry) place() string { return "cas_certificates" }

func (e casEntry) title() string { return string(e.ID) }

// Load sets the scene from a seed file. Its error contains the file, the entry and the fix. After an error, the server
// must not be used.
func (s *Server) Load(file string) error {
	text, err := os.ReadFile(file)
	if err != nil {
		return fmt.Errorf("the seed file cannot be read: %w", err)
	}
	var seed seedFile
	if err := decodeEntry(text, &seed); err != nil {
		return fmt.Errorf("%s: %w", file, err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.store.plant(seed, filepath.Dir(file)); err != nil {
		return fmt.Errorf("%s: %w", file, err)
	}
	return nil
}

// plant adds the objects of a seed file. Its file names are relative to dir.
func (st *store) plant(seed seedFile, dir string) error {
	for i, entry := range seed.CASCertificates {
		if err := st.plantCAS(entry); err != nil {
			return within(i, entry, err)
		}
	}
	for i, entry := range seed.TXT {
		if err := entry.check(); err != nil {
			return within(i, entry, err)
		}
		name := canonical(entry.Name)
		st.txt[name] = append(st.txt[name], entry.Value)
	}
	for i, entry := range seed.Sites {
		if err := st.plantSite(entry, dir); err != nil {
			return within(i, entry, err)
		}
	}
	return nil
}

func (st *store) plantCAS(entry casEntry) error {
	id, err := entry.ID.number("id")
	if err == nil && id == 0 {
		err = errors.New("id is missing")
	}
	notAfter, err := entry.NotAfter.time("not_after", st.options.Now(), err)
	if err == nil {
		err = oneOf("region", entry.Region, casRegions...)
	}
	if err != nil {
		return err
	}
	if notAfter.IsZero() {
		notAfter = st.options.Now().AddDate(1, 0, 0)
	}
	st.cas[casKey{id, either(entry.Region, st.options.AccountRegion)}] = notAfter
	return nil
}

func (st *store) plantSite(entry siteEntry, dir string) error {
	id, err := entry.ID.number("id")
	if problem := st.badHostname(entry.Name); err == nil && problem != "" {
		err = fmt.Errorf("name %q %s; it is the site's domain, such as example.com", entry.Name, problem)
	}
	err = cmp.Or(err, oneOf("status", entry.Status, "pending", "active", "offline", "moved"),
		oneOf("access_type", entry.AccessType, "NS", "CNAME"), oneOf("coverage", entry.Coverage, "domestic", "global", "overseas"))
	if err != nil {
		return err
	}
	site, err := st.addSite(Site{ID: id, Name: entry.Name, Status: entry.Status, AccessType: entry.AccessType, Coverage: entry.Coverage})
	if err != nil {
		return fmt.Errorf("%w; ids must be unique", err)
	}
	for i, record := range entry.Records {
		if err := st.plantRecord(site, record); err != nil {
			return within(i, record, err)
		}
	}
	for i, hostname := range entry.Hostnames {
		if err := st.plantHostname(site, hostname, dir); err != nil {
			return within(i, hostname, err)
		}
	}
	return nil
}

func (st *store) plantRecord(site Site, entry recordEntry) error {
	id, err := entry.ID.number("id")
	if err != nil {
		return err
	}
	if entry.Name == "" {
		return fmt.Errorf("name is missing; use the full name, such as origin.%s", site.Name)
	}
	proxied := entry.Proxied == nil || *entry.Proxied
	record := Record{
		ID: id, SiteID: site.ID, Name: entry.Name, Type: entry.Type, Value: entry.Value, Proxied: proxied,
		Data: RecordData(entry.Data), CustomPort: entry.CustomPort, HTTPPorts: entry.HTTPPorts, HTTPSPorts: entry.HTTPSPorts,
	}
	if _, err = st.addRecord(record); err != nil {
		return fmt.Errorf("%w; use the full name, such as origin.%s, and unique ids", err, site.Name)
	}
	return nil
}

func (st *store) plantHostname(site Site, entry hostnameEntry, dir string) error {
	if problem := st.badHostname(entry.Hostname); problem != "" {
		return fmt.Errorf("hostname %q %s; it is the customer's domain, such as shop.customer.com", entry.Hostname, problem)
	}
	id, err := entry.ID.number("id")
	casID, casErr := entry.CasID.number("cas_id")
	notAfter, err := entry.CertNotAfter.time("cert_not_after", st.options.Now(), cmp.Or(err, casErr))
	err = cmp.Or(err, oneOf("status", entry.Status, "pending", "active", "conflicted", "offline", "configuring"),
		oneOf("ssl_flag", entry.SSLFlag, "on", "off"), oneOf("cert_type", entry.CertType, "free", "upload", "cas"),
		oneOf("cert_status", entry.CertStatus, "OK", "Applying", "ApplyFailed", "Expiring", "Expired"), oneOf("cas_region", entry.CasRegion, casRegions...))
	if err != nil {
		return err
	}
	h := Hostname{
		ID: id, SiteID: site.ID, Hostname: entry.Hostname, Status: entry.Status, OfflineReason: entry.OfflineReason, ConflictWith: entry.ConflictWith,
		VerifyHost: entry.VerifyHost, VerifyCode: entry.VerifyCode, SSLFlag: entry.SSLFlag, CertType: entry.CertType,
		CasID: casID, CasRegion: entry.CasRegion, CertStatus: entry.CertStatus, CertNotAfter: notAfter, CertTxtKey: entry.CertTxtKey, CertTxtValue: entry.CertTxtValue,
	}
	if h.RecordID, err = st.recordNamed(site, entry.Record); err != nil {
		return err
	}
	if st.inSite(site.ID, canonical(h.Hostname)) != nil && h.Status != "conflicted" {
		return errors.New(`the site already has that hostname; remove one, or set the status of the second one to "conflicted"`)
	}
	if h.Certificate, err = pemOf("certificate", entry.Certificate, entry.CertificateFile, dir); err != nil {
		return err
	}
	if h.PrivateKey, err = pemOf("private_key", entry.PrivateKey, entry.PrivateKeyFile, dir); err != nil {
		return err
	}
	if err := st.plantable(h); err != nil {
		return err
	}
	if _, err = st.addHostname(h); err != nil {
		return fmt.Errorf("%w; ids must be unique", err)
	}
	return nil
}

// plantable checks the combination of certificate arguments: a seed must be possible through calls.
func (st *store) plantable(h Hostname) error {
	group := certificateGroup{kind: h.CertType, certificate: h.Certificate, privateKey: h.PrivateKey, casID: h.CasID, casRegion: either(h.CasRegion, st.options.AccountRegion)}
	switch {
	case h.CertType != "upload" && (h.Certificate != "" || h.PrivateKey != ""):
		return errors.New(`certificate and private_key require cert_type "upload"; change cert_type or remove them`)
	case h.CertType != "cas" && h.CasID != 0:
		return errors.New(`cas_id requires cert_type "cas"; change cert_type or remove it`)
	case h.CertType == "" && h.SSLFlag == "on":
		return errors.New(`ssl_flag "on" requires a cert_type: free, upload or cas`)
	case h.CertType == "" && (h.CertStatus != "" || !h.CertNotAfter.IsZero()):
		return errors.New("cert_status and cert_not_after require a cert_type: free, upload or cas")
	case h.CertType == "upload" && (h.Certificate == "" || h.PrivateKey == ""):
		return errors.New(`cert_type "upload" requires certificate_file and private_key_file, or certificate and private_key`)
	}
	if e := st.deployable(canonical(h.Hostname), &group); e != nil {
		return fmt.Errorf("the certificate cannot be deployed: %s; use a PEM whose first certificate has that key, or a cas_id of cas_certificates", e.reason)
	}
	return nil
}

// recordNamed returns the record of a hostname.
func (st *store) recordNamed(site Site, name string) (int64, error) {
	var there []string
	for _, record := range st.records {
		if record.SiteID != site.ID || !record.Proxied {
			continue
		}
		if record.Name == canonical(name) {
			return record.ID, nil
		}
		there = append(there, record.Name)
	}
	if len(there) == 0 {
		return 0, fmt.Errorf("record %q does not exist, as the site has no proxied record; add one to records", name)
	}
	return 0, fmt.Errorf("record %q is not a proxied record of the site; use one of %s", name, strings.Join(there, ", "))
}

// pemOf returns a PEM from an argument, or from the file that another one names.
func pemOf(name, text, file, dir string) (string, error) {
	switch {
	case file == "":
		return text, nil
	case text != "":
		return "", fmt.Errorf("%s and %s_file are both set; remove one", name, name)
	case !filepath.IsAbs(file):
		file = filepath.Join(dir, file)
	}
	read, err := os.ReadFile(file)
	if err != nil {
		return "", fmt.Errorf("%s_file cannot be read: %w; relative paths start at the seed file's folder", name, err)
	}
	return string(read), nil
}

// world returns the scene as a seed file.
func (s *Server) world() seedFile {
	s.mu.Lock()
	defer s.mu.Unlock()
	st := &s.store
	now := st.options.Now()
	seed := seedFile{Sites: list[siteEntry]{}, TXT: st.txtEntries(), CASCertificates: list[casEntry]{}}
	for _, site := range st.sites {
		entry := siteEntry{
			ID: idOf(site.ID), Name: site.Name, Status: site.Status, AccessType: site.AccessType, Coverage: site.Coverage,
			Records: list[recordEntry]{}, Hostnames: list[hostnameEntry]{},
		}
		for _, record := range st.records {
			if record.SiteID == site.ID {
				entry.Records = append(entry.Records, recordEntry{
					ID: idOf(record.ID), Name: record.Name, Type: record.Type, Value: record.Value, Proxied: &record.Proxied,
					Data: dataEntry(record.Data), CustomPort: record.CustomPort, HTTPPorts: record.HTTPPorts, HTTPSPorts: record.HTTPSPorts,
				})
			}
		}
		for _, h := range st.hostnames {
			if h.SiteID == site.ID {
				st.advance(h, now)
				entry.Hostnames = append(entry.Hostnames, st.hostnameEntry(h.Hostname))
			}
		}
		seed.Sites = append(seed.Sites, entry)
	}
	for key, notAfter := range st.cas {
		seed.CASCertificates = append(seed.CASCertificates, casEntry{idOf(key.id), key.region, momentOf(notAfter)})
	}
	slices.SortFunc(seed.CASCertificates, func(a, b casEntry) int {
		return strings.Compare(string(a.ID)+a.Region, string(b.ID)+b.Region)
	})
	return seed
}

func (st *store) hostnameEntry(h Hostname) hostnameEntry {
	entry := hostnameEntry{
		ID: idOf(h.ID), Hostname: h.Hostname, Status: h.Status, OfflineReason: h.OfflineReason, ConflictWith: h.ConflictWith,
		VerifyHost: h.VerifyHost, VerifyCode: h.VerifyCode, SSLFlag: h.SSLFlag, CertType: h.CertType, Certificate: h.Certificate,
		CasID: idOf(h.CasID), CasRegion: h.CasRegion, CertStatus: h.CertStatus, CertNotAfter: momentOf(h.CertNotAfter), CertTxtKey: h.CertTxtKey, CertTxtValue: h.CertTxtValue,
	}
	if record := st.record(h.RecordID); record != nil {
		entry.Record = record.Name
	}
	return entry
}

func (st *store) txtEntries() list[txtEntry] {
	entries := list[txtEntry]{}
	for _, name := range slices.Sorted(maps.Keys(st.txt)) {
		for _, value := range st.txt[name] {
			entries = append(entries, txtEntry{name, value})
		}
	}
	return entries
}

// An entry is an object of a list in a seed file.
type entry interface {
	// place returns the name of its list.
	place() string
	// title returns its name, if any.
	title() string
}

// list is a list of entries whose errors name the entry.
type list[T entry] []T

// UnmarshalJSON decodes the entries.
func (l *list[T]) UnmarshalJSON(text []byte) error {
	var zero T
	var raw []json.RawMessage
	if err := json.Unmarshal(text, &raw); err != nil {
		return fmt.Errorf("%s must be a list of objects, [{...}, ...]", zero.place())
	}
	for i, one := range raw {
		var read T
		if err := decodeEntry(one, &read); err != nil {
			return within(i, read, err)
		}
		*l = append(*l, read)
	}
	return nil
}

// within adds the entry to an error: its index, from 0 as in jq, and its name.
func within(i int, e entry, err error) error {
	if e.title() == "" {
		return fmt.Errorf("%s[%d]: %w", e.place(), i, err)
	}
	return fmt.Errorf("%s[%d] (%s): %w", e.place(), i, e.title(), err)
}

// decodeEntry decodes an object without unknown fields. Its errors name arguments and line, as seed files are written by hand,
// and an id without quotes or a misspelt argument is easy to write.
func decodeEntry(text []byte, into any) error {
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.DisallowUnknownFields()
	err := decoder.Decode(into)
	var syntax *json.SyntaxError
	var kind *json.UnmarshalTypeError
	switch {
	case err == nil && decoder.More():
		return errors.New("there is text after the JSON object; remove it")
	case err == nil:
		return nil
	case errors.As(err, &syntax):
		before := text[:min(int(syntax.Offset), len(text))]
		line := bytes.Count(before, []byte("\n")) + 1
		return fmt.Errorf("line %d, column %d is not valid JSON: %w", line, len(before)-bytes.LastIndexByte(before, '\n')-1, err)
	case errors.As(err, &kind):
		return mistyped(kind)
	case strings.HasPrefix(err.Error(), "json: unknown field "):
		return fmt.Errorf("there is no argument %s; use one of %s", strings.TrimPrefix(err.Error(), "json: unknown field "), strings.Join(arguments(into), ", "))
	case strings.HasPrefix(err.Error(), "unexpected EOF") || err.Error() == "EOF":
		return errors.New("the JSON is truncated; it must be an object, {...}")
	}
	return err
}

func mistyped(kind *json.UnmarshalTypeError) error {
	if kind.Field == "" {
		return fmt.Errorf("expected an object, {...}, got %s", article(kind.Value))
	}
	wanted := map[reflect.Kind]string{
		reflect.String: "a string in quotes", reflect.Bool: "true or false", reflect.Int: "a whole number", reflect.Int64: `a length of time in quotes, such as "10m"`, reflect.Map: "an object of texts",
	}[kind.Type.Kind()]
	return fmt.Errorf("%s is %s and must be %s", kind.Field, article(kind.Value), wanted)
}

// article adds the article to a type name of encoding/json.
func article(word string) string {
	if word == "array" || word == "object" {
		return "an " + word
	}
	return "a " + word
}

// arguments returns the names of an entry's fields.
func arguments(e any) []string {
	var names []string
	for _, field := range reflect.VisibleFields(reflect.TypeOf(e).Elem()) {
		name, _, _ := strings.Cut(field.Tag.Get("json"), ",")
		names = append(names, name)
	}
	return names
}

// oneOf returns an error for a value that is neither empty nor known.
func oneOf(name, value string, known ...string) error {
	if value == "" || slices.Contains(known, value) {
		return nil
	}
	return fmt.Errorf("%s is %q; it must be one of %s", name, value, strings.Join(known, ", "))
}

// seedID is an id in quotes, as in Terraform: some tools round JSON numbers of that size.
type seedID string

func idOf(id int64) seedID {
	if id == 0 {
		return ""
	}
	return seedID(strconv.FormatInt(id, 10))
}

func (id seedID) number(name string) (int64, error) {
	if id == "" {
		return 0, nil
	}
	number, err := strconv.ParseInt(string(id), 10, 64)
	if err != nil || number <= 0 {
		return 0, fmt.Errorf("%s is %q and must be a whole number above 0, in quotes", name, id)
	}
	return number, nil
}

// moment is a time, or a duration from the start, so that seed files do not become outdated.
type moment string

func momentOf(t time.Time) moment { return moment(formatTime(t)) }

// time returns the time, or the earlier error if there is one.
func (m moment) time(name string, now time.Time, earlier error) (time.Time, error) {
	if m == "" || earlier != nil {
		return time.Time{}, earlier
	}
	if after, err := time.ParseDuration(string(m)); err == nil {
		return now.Add(after), nil
	}
	t, err := time.Parse(time.RFC3339, string(m))
	if err != nil {
		return time.Time{}, fmt.Errorf("%s is %q and must be a time such as 2027-01-31T00:00:00Z, or the time since the start such as 480h", name, m)
	}
	return t, nil
}

// duration is a time.Duration in text, "10m".
type duration time.Duration

// UnmarshalText parses a duration.
func (d *duration) UnmarshalText(text []byte) error {
	read, err := time.ParseDuration(string(text))
	if err != nil || read < 0 {
		return fmt.Errorf("%q is not a duration; use one such as 90s, 10m or 36h", text)
	}
	*d = duration(read)
	return nil
}

// MarshalText formats a duration.
func (d duration) MarshalText() ([]byte, error) { return []byte(time.Duration(d).String()), nil }
