package esa

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/textproto"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"terraform-provider-esa/internal/certcheck/certtest"
	"terraform-provider-esa/internal/fakeesa"
)

func TestRedact(t *testing.T) {
	const secret = "t0ken+of/the=session"
	once := url.QueryEscape(secret)
	for text, want := range map[string]string{
		"not for you": "not for you",
		"":            "",
		"Specified signature is not matched. server string to sign is:POST&hush": "Specified signature is not matched.",
		"Bad. Server String To Sign is:\nhush":                                   "Bad.",
		"Bad. StringToSign=hush":                                                 "Bad.",
		"Bad.%20server%20string%20to%20sign%20is:hush":                           "Bad.",
		"Bad.%2520server%2520string%2520to%2520sign%2520is:hush":                 "Bad.",
		"Bad.+server+string+to+sign+is:hush":                                     "Bad.",
		`Bad.\u0020string\u0020to\u0020sign\nhush`:                               "Bad.",
		"the token " + secret + " has expired":                                   "the token (withheld) has expired",
		"the token " + once + " has expired":                                     "the token (withheld) has expired",
		"the token " + url.QueryEscape(once) + " has expired":                    "the token (withheld) has expired",
		"the token " + strings.ToLower("t0ken%2Bof%2Fthe%3Dsession") + " ended":  "the token (withheld) ended",
		`the token t0ken\u002bof\/the=session has expired`:                       "the token (withheld) has expired",
		"the token " + secret[3:17] + "... has expired":                          "the token (withheld)... has expired",
		"/?SignatureMethod=M&Signature=abc%3D&x=y":                               "/?SignatureMethod=M&(withheld)&x=y",
		"%2F%3FSignature%3Dabc%253D%26x%3Dy":                                     "%2F%3F(withheld)%26x%3Dy",
		"the token t0ken has expired":                                            "the token t0ken has expired",
		"100% of \\ and \\u12 and \\ud83d and %zz":                               "100% of \\ and \\u12 and \\ud83d and %zz",
		strings.Repeat("x", 3000):                                                strings.Repeat("x", foreignLimit),
		`Bad.\nserver\nstring\nto\nsign\nis:hush`:                                "Bad.",
		`Bad.\tString\rto\u000asign hush`:                                        "Bad.",
		"Bad. Signature=abc":                                                     "Bad. (withheld)",
		`Bad. {"Signature=abc"}`:                                                 `Bad. {"(withheld)"}`,
		"Bad. signature=abc def":                                                 "Bad. (withheld) def",
		"100%":                                                                   "100%",
		"100%4":                                                                  "100%4",
		"\\":                                                                     "\\",
		`\u00`:                                                                   `\u00`,
		`\ud83d`:                                                                 `\ud83d`,
		`\ud83d\ude0`:                                                            `\ud83d\ude0`,
		`\ud83dxude00`:                                                           `\ud83dxude00`,
		`the word smile-\ud83d\ude00-4 is secret`:                                "the word (withheld) is secret",
		`the word smile-\u00e9-\ud83d\ude00 is not`:                              `the word smile-\u00e9-\ud83d\ude00 is not`,
		`the word smile-\ud83dxude00-4 is not`:                                   `the word smile-\ud83dxude00-4 is not`,
		"the word smile-%F0%9F%98%80-4 is secret":                                "the word (withheld) is secret",
		"the words two+words are secret":                                         "the words (withheld) are secret",
		"the words two\twords, two\r\nwords and two words are secret":            "the words (withheld), two\r\nwords and (withheld) are secret",
		"the words two-words and two wor are not":                                "the words two-words and two wor are not",
		"eightchr, eightch and xeightchrx":                                       "(withheld), eightch and x(withheld)x",
		"\xff and \xfe":                                                          "\ufffd and \ufffd",
	} {
		if got := redact(text, secret, "", "the", "smile-😀-4", "two words", "eightchr", "eightch", "word"); got != want {
			t.Errorf("redact(%q) = %q, want %q", text, got, want)
		}
	}
}

func TestRedactKey(t *testing.T) {
	key := certtest.Issue(t, certtest.Spec{DNSNames: []string{shop}}).PrivateKeyPEM
	for _, text := range []string{
		key, strings.ReplaceAll(key, "\n", "\r\n"), strings.ReplaceAll(key, "\n", `\n`), strings.ReplaceAll(key, "\n", ""),
		url.QueryEscape(key), url.QueryEscape(url.QueryEscape(key)), strings.ReplaceAll(url.QueryEscape(key), "+", "%20"),
	} {
		got := redact("bad key: "+text, keyText(key))
		for _, line := range keyLines(t, key) {
			for i := 0; i+12 <= len(line); i++ {
				if strings.Contains(got, line[i:i+12]) {
					t.Fatalf("redact(%q) = %q, which contains 12 characters of the key", text, got)
				}
			}
		}
		if !strings.HasPrefix(got, "bad key: -----BEGIN") || strings.Count(got, mark) > 5 {
			t.Errorf("redact(%q) = %q, want the text around the key", text, got)
		}
	}
}

// keyLines returns the lines of a PEM file between BEGIN and END.
func keyLines(t *testing.T, file string) []string {
	t.Helper()
	lines := strings.Split(strings.TrimSpace(file), "\n")
	if len(lines) < 3 || len(lines[1]) < 60 {
		t.Fatalf("got a key of %d lines, want at least 3", len(lines))
	}
	return lines[1 : len(lines)-1]
}

func TestKeyText(t *testing.T) {
	for file, want := range map[string]string{
		"": "",
		"-----BEGIN PRIVATE KEY-----\nabc\ndef=\n-----END PRIVATE KEY-----\n":          "abc\ndef=",
		" -----BEGIN PRIVATE KEY-----\r\n abc \r\n\tdef=\r\n-----END PRIVATE KEY-----": "abc\ndef=",
		"-----BEGIN PRIVATE KEY-----\nabc-----END PRIVATE KEY-----":                    "abc-----END PRIVATE KEY-----",
		"TOPSECRET": "TOPSECRET",
	} {
		if got := keyText(file); got != want {
			t.Errorf("keyText(%q) = %q, want %q", file, got, want)
		}
	}
}

// TestRedactLeavesItsArguments checks that the secrets of a caller stay as they are.
func TestRedactLeavesItsArguments(t *testing.T) {
	secrets := []string{"short", "two words", "a\nsecond secret"}
	if got := redact("nothing", secrets...); got != "nothing" || !slices.Equal(secrets, []string{"short", "two words", "a\nsecond secret"}) {
		t.Errorf("got %q and the secrets %q", got, secrets)
	}
}

func TestRedactError(t *testing.T) {
	for text, test := range map[string]struct {
		err     error
		secrets []string
	}{
		"connection refused":                          {err: errors.New("connection refused")},
		"malformed answer (withheld)":                 {err: errors.New(`malformed answer "hush \" hush"`)},
		"malformed answer (withheld) and (withheld)":  {err: errors.New(`malformed answer "hush" and "hush`)},
		"unexpected EOF":                              {err: &url.Error{Op: "Get", URL: "http://hush", Err: io.ErrUnexpectedEOF}},
		"broken: malformed MIME header line":          {err: fmt.Errorf("broken: %w", textproto.ProtocolError("malformed MIME header line: hush"))},
		"no such host as (withheld).example.com":      {err: errors.New("no such host as hush-and-silence.example.com"), secrets: []string{"hush-and-silence"}},
		"parsing time (withheld) as (withheld): why?": {err: errors.New(`parsing time "hush" as "2006": why?`)},
	} {
		got := redactError(test.err, test.secrets...)
		if got.Error() != text {
			t.Errorf("redactError(%q) = %q, want %q", test.err, got, text)
		}
		if cause := test.err; !errors.Is(got, io.ErrUnexpectedEOF) && !errors.Is(got, cause) {
			t.Errorf("the error does not wrap its cause: %q", got)
		}
	}
}

// escapings are the ones that servers and libraries apply.
var escapings = []func(string) string{
	func(s string) string { return s },
	url.QueryEscape,
	url.PathEscape,
	func(s string) string { return strings.ReplaceAll(url.QueryEscape(s), "+", "%20") },
	func(s string) string { // percent-encoded in full, in lower case
		var b strings.Builder
		for i := range len(s) {
			fmt.Fprintf(&b, "%%%02x", s[i])
		}
		return b.String()
	},
	func(s string) string { // JSON as Go writes it
		text, _ := json.Marshal(s)
		return string(text[1 : len(text)-1])
	},
	func(s string) string { // JSON with escaped slashes
		text, _ := json.Marshal(s)
		return strings.ReplaceAll(string(text[1:len(text)-1]), "/", `\/`)
	},
}

// FuzzRedact searches for pieces of 12 characters of a secret that was repeated, in full or in part, after up to three
// escapings.
func FuzzRedact(f *testing.F) {
	f.Add("t0ken+of/the=session", "the token ", " has expired", uint8(0), uint8(0), uint8(0), uint8(0))
	f.Add("MIIEvQIBADANBgkqhkiG9w0BAQEFAASCBKcwggSj\nAgEAAoIBAQ+/==", "key: ", "", uint8(1), uint8(1), uint8(5), uint8(3))
	f.Add("a\"b\\c%41%2541 d&e<f>é😀\u2028 0123456789", "", "%", uint8(5), uint8(4), uint8(6), uint8(0))
	f.Add(`C:\new\table\u0041%u0041+`, "x", "y", uint8(2), uint8(3), uint8(0), uint8(7))
	f.Fuzz(func(t *testing.T, secret, before, after string, first, second, third, skip uint8) {
		secret = strings.ToValidUTF8(secret, "")
		if len(secret) > 200 || len(before) > 200 || strings.Contains("(withheld)"+secret, "held)(with") {
			return
		}
		characters := []rune(secret)
		from := min(int(skip), len(characters))
		chain := []func(string) string{}
		for _, i := range []uint8{first, second, third} {
			chain = append(chain, escapings[int(i)%len(escapings)])
		}
		escaped := func(s string, times int) string {
			for _, escape := range chain[:times] {
				s = escape(s)
			}
			return s
		}
		for times := range len(chain) + 1 {
			got := redact(before+": "+escaped(string(characters[from:]), times)+" "+after, secret)
			for i := 0; i+12 <= len(characters); i++ {
				if piece := escaped(string(characters[i:i+12]), times); strings.Contains(got, piece) {
					t.Fatalf("after %d escapings %q is found in %q", times, piece, got)
				}
			}
		}
	})
}

// TestErrorsHoldNoSecrets has ESA repeat what it was sent, in every text of a response that is shown.
func TestErrorsHoldNoSecrets(t *testing.T) {
	pair := certtest.Issue(t, certtest.Spec{DNSNames: []string{shop}})
	options := fakeesa.Options{AccessKeySecret: "s3cr3t/of+the=access-key", SecurityToken: "t0ken/of+the=session"}
	secrets := []string{options.AccessKeySecret, options.SecurityToken}
	secrets = append(secrets, keyLines(t, pair.PrivateKeyPEM)...)
	everything := options.AccessKeySecret + " " + options.SecurityToken + "\n" + pair.PrivateKeyPEM
	body := func(code, message, requestID string) *string {
		text, _ := json.Marshal(map[string]string{"Code": code, "Message": message, "RequestId": requestID})
		return new(string(text))
	}
	faults := map[string]fakeesa.Fault{
		"incomplete signature":     {Code: "IncompleteSignature", Signed: true},
		"another code":             {Code: "InvalidParameter", Signed: true},
		"the message":              {Code: "InvalidParameter", Message: everything},
		"the message, escaped":     {Code: "InvalidParameter", Message: url.QueryEscape(everything)},
		"the message, twice":       {Code: "InvalidParameter", Message: url.QueryEscape(url.QueryEscape(everything))},
		"the code":                 {Status: 400, RawBody: body(everything, "m", "R-1")},
		"a code that is an object": {Status: 400, RawBody: new(`{"Code":{"x":` + fmt.Sprintf("%q", everything) + `},"RequestId":"R-1"}`)},
		"the request id":           {Status: 400, RawBody: body("InvalidParameter", "m", everything)},
		"a success's request id":   {RawBody: new(`{"HostnameId":1,"RequestId":` + fmt.Sprintf("%q", everything) + `}`)},
		"no JSON":                  {Status: 400, RawBody: &everything},
		"wrong types":              {RawBody: new(`{"RequestId":"R-1","HostnameId":` + fmt.Sprintf("%q", everything) + `}`)},
	}
	for name, fault := range faults {
		t.Run(name, func(t *testing.T) {
			var seen []string
			f := newFixture(t, options, func(c *Config) {
				c.MaxRetries = 0
				c.Log = func(_ context.Context, e Event) { seen = append(seen, fmt.Sprintf("%+v %v", e, e.Err)) }
			})
			fault.Action, fault.Times = "CreateCustomHostname", -1
			f.Inject(fault)
			in := f.createInput()
			in.SSLFlag, in.Certificate = SSLOn, &Certificate{Type: CertTypeUpload, Certificate: pair.CertificatePEM, PrivateKey: Secret(pair.PrivateKeyPEM)}
			_, err := f.client.CreateCustomHostname(t.Context(), in)
			seen = append(seen, fmt.Sprintf("%v %+v", err, err))
			if e := new(Error); errors.As(err, &e) {
				seen = append(seen, string(e.Code), e.Message, e.RequestID)
			}
			if (err == nil) != (name == "a success's request id") || len(seen) < 2 {
				t.Fatalf("got error %v", err)
			}
			wantNoSecrets(t, seen, secrets)
		})
	}
	t.Run("a wrong secret", func(t *testing.T) {
		f := newFixture(t, options, func(c *Config) {
			c.Credential = staticCredential(t, "fake-access-key-id", "another-secret", options.SecurityToken)
		})
		_, err := f.client.GetSite(t.Context(), f.site.ID)
		if !IsCode(err, CodeSignatureDoesNotMatch) {
			t.Fatal(err)
		}
		wantNoSecrets(t, []string{err.Error()}, append(secrets, "another-secret"))
	})
	// A server that does not speak HTTP repeats what it was sent.
	for name, answer := range map[string]string{"an echo": "%s", "an echo in a header": "HTTP/1.1 200 OK\r\n %s\r\n\r\n", "an echo in a status": "HTTP/1.1 %s\r\n\r\n"} {
		t.Run(name, func(t *testing.T) {
			f := newFixture(t, options, func(c *Config) { c.MaxRetries, c.Endpoint = 0, echo(t, answer) })
			_, err := f.client.GetSite(t.Context(), f.site.ID)
			if err == nil {
				t.Fatal("got no error, want one")
			}
			wantNoSecrets(t, []string{err.Error()}, append(secrets, "SecurityToken", "Signature="))
		})
	}
}

func wantNoSecrets(t *testing.T, texts, secrets []string) {
	t.Helper()
	for _, text := range texts {
		for _, secret := range secrets {
			for _, form := range []string{secret, url.QueryEscape(secret), url.QueryEscape(url.QueryEscape(secret))} {
				if strings.Contains(text, form) {
					t.Errorf("%q contains %q", text, form)
				}
			}
		}
	}
}

// echo responds with the first line of the request.
func echo(t *testing.T, answer string) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = listener.Close() })
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			request := make([]byte, 4<<10)
			n, _ := conn.Read(request)
			line, _, _ := strings.Cut(string(request[:n]), "\r\n")
			_, _ = io.WriteString(conn, strings.ReplaceAll(answer, "%s", line))
			_ = conn.Close()
		}
	}()
	return "http://" + listener.Addr().String()
}

// TestAnswersHoldNoSecrets checks the same for the texts that ESA returns about a hostname.
func TestAnswersHoldNoSecrets(t *testing.T) {
	f := newFixture(t, fakeesa.Options{SecurityToken: "a-t0ken-of-a-session"})
	h := f.AddHostname(fakeesa.Hostname{
		SiteID: f.site.ID, RecordID: f.record.ID, Hostname: shop, Status: "offline", OfflineReason: "refused for a-t0ken-of-a-session",
		ConflictWith: "key " + f.Options().AccessKeySecret, CertApplyMessage: "canceled: string to sign is GET&%2F",
	})
	want := []string{"refused for (withheld)", "key (withheld)", "canceled:"}
	got, err := f.client.GetCustomHostname(t.Context(), h.ID)
	if err != nil {
		t.Fatal(err)
	}
	listed, err := f.client.FindCustomHostnames(t.Context(), f.site.ID, shop)
	if err != nil || len(listed) != 1 {
		t.Fatal(listed, err)
	}
	for _, h := range []*CustomHostname{got, &listed[0]} {
		if diff := cmp.Diff(want, []string{h.OfflineReason, h.ConflictWith, h.CertApplyMessage}); diff != "" {
			t.Errorf("texts of the hostname (-want +got):\n%s", diff)
		}
	}
}
