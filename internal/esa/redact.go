package esa

import (
	"errors"
	"net/textproto"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode/utf16"
)

// Servers, libraries and programs repeat what they were sent: in the message, code and request id of an error, whole or
// in parts, plain or escaped. So their texts are redacted before they become errors or fields of the log.

const (
	// mark replaces a secret.
	mark = "(withheld)"
	// telling is the shortest part of a secret to hide. Shorter ones occur in ordinary words.
	telling = 8
	// foreignLimit is longer than the part of a foreign text that is shown.
	foreignLimit = 2 << 10
	// layers is how many layers of escaping are decoded: one more than the signed text has.
	layers = 3
)

// signedText matches the beginning of the string to sign, which ESA repeats with some codes. It contains the query with
// the token and the form with the private key.
var signedText = regexp.MustCompile(`(?i)[\s+_-]*(?:server[\s+_-]*)?string[\s+_-]*to[\s+_-]*sign`)

// signature matches the signature of a URL, with which anybody could make the call.
var signature = regexp.MustCompile(`(?i)signature=[^&\s"']+`)

// redact returns a foreign text without strings to sign, signatures and secrets.
func redact(text string, secrets ...string) string {
	if len(text) > foreignLimit {
		text = text[:foreignLimit]
	}
	secrets = slices.Clone(secrets)
	for i, secret := range secrets {
		secrets[i] = string(folded([]byte(secret)))
	}
	end, hidden := len(text), make([]bool, len(text))
	for _, v := range readings(plain(text), layers) {
		if begin := signedText.FindIndex(v.text); begin != nil {
			end = min(end, v.from[begin[0]])
		}
		for _, at := range signature.FindAllIndex(v.text, -1) {
			v.hide(at[0], at[1], hidden)
		}
		v.hideSecrets(secrets, hidden)
	}
	var b strings.Builder
	for i := range end {
		switch {
		case !hidden[i]:
			b.WriteByte(text[i])
		case i == 0 || !hidden[i-1]:
			b.WriteString(mark)
		}
	}
	return strings.TrimSpace(strings.ToValidUTF8(b.String(), "\uFFFD"))
}

// redactError returns an error of a transport or a library that is safe to show: without secrets, without the URL, and
// without quotes from a response.
func redactError(err error, secrets ...string) error {
	if urlErr := new(url.Error); errors.As(err, &urlErr) {
		err = urlErr.Err
	}
	text := err.Error()
	if header := textproto.ProtocolError(""); errors.As(err, &header) {
		problem, _, _ := strings.Cut(string(header), ":")
		text = strings.Replace(text, string(header), problem, 1)
	}
	text = redact(quotation.ReplaceAllString(text, mark), secrets...)
	if text == err.Error() {
		return err
	}
	return shownError{text, err}
}

// quotation matches a quoted text, even if its closing quote is missing.
var quotation = regexp.MustCompile(`"(?:[^"\\]|\\.)*(?:"|\\?$)`)

// shownError is an error with another text.
type shownError struct {
	text  string
	cause error
}

// Error returns the text.
func (e shownError) Error() string { return e.text }

// Unwrap returns the cause.
func (e shownError) Unwrap() error { return e.cause }

// keyText returns the secret part of a PEM file.
func keyText(file string) string {
	var lines []string
	for line := range strings.Lines(file) {
		if line = strings.TrimSpace(line); !strings.HasPrefix(line, "-----") {
			lines = append(lines, line)
		}
	}
	return strings.Join(lines, "\n")
}

// reading is a decoded text. Its byte i comes from the bytes from[i] to to[i] of the original text.
type reading struct {
	text     []byte
	from, to []int
}

func plain(text string) reading {
	r := reading{text: []byte(text)}
	for i := range r.text {
		r.from, r.to = append(r.from, i), append(r.to, i+1)
	}
	return r
}

// readings returns a text and all of its possible decodings, as its escaping is unknown.
func readings(r reading, layers int) []reading {
	all := []reading{r}
	if layers == 0 {
		return all
	}
	for _, decode := range []func([]byte) (string, int){percent, backslash} {
		if less, changed := r.unescaped(decode); changed {
			all = append(all, readings(less, layers-1)...)
		}
	}
	return all
}

// unescaped decodes one layer of escaping. decode returns the meaning and the length of an escape sequence at the
// beginning of a text, or length 0.
func (r reading) unescaped(decode func([]byte) (string, int)) (less reading, changed bool) {
	for i := 0; i < len(r.text); {
		character, length := decode(r.text[i:])
		if changed = changed || length > 0; length == 0 {
			character, length = string(r.text[i:i+1]), 1
		}
		for range len(character) {
			less.from, less.to = append(less.from, r.from[i]), append(less.to, r.to[i+length-1])
		}
		less.text = append(less.text, character...)
		i += length
	}
	return less, changed
}

// percent decodes an escape sequence of URLs and forms.
func percent(text []byte) (character string, length int) {
	if len(text) < 3 || text[0] != '%' {
		return "", 0
	}
	value, err := strconv.ParseUint(string(text[1:3]), 16, 8)
	if err != nil {
		return "", 0
	}
	return string([]byte{byte(value)}), 3
}

// backslash decodes an escape sequence of JSON.
func backslash(text []byte) (character string, length int) {
	if len(text) < 2 || text[0] != '\\' {
		return "", 0
	}
	if i := strings.IndexByte(`nrtbf"\/`, text[1]); i >= 0 {
		return "\n\r\t\b\f\"\\/"[i : i+1], 2
	}
	first := utf16Unit(text)
	if first < 0 {
		return "", 0
	}
	if second := utf16Unit(text[6:]); utf16.IsSurrogate(first) && second >= 0 {
		return string(utf16.DecodeRune(first, second)), 12
	}
	return string(first), 6
}

// utf16Unit decodes \uXXXX, or returns -1.
func utf16Unit(text []byte) rune {
	if len(text) < 6 || text[0] != '\\' || text[1] != 'u' {
		return -1
	}
	value, err := strconv.ParseUint(string(text[2:6]), 16, 16)
	if err != nil {
		return -1
	}
	return rune(value)
}

// hideSecrets hides all parts of secrets in the text.
func (r reading) hideSecrets(secrets []string, hidden []bool) {
	text := folded(r.text)
	for i := range len(text) - telling + 1 {
		piece := string(text[i : i+telling])
		if slices.ContainsFunc(secrets, func(secret string) bool { return strings.Contains(secret, piece) }) {
			r.hide(i, i+telling, hidden)
		}
	}
}

// hide marks the origin of a part of the reading.
func (r reading) hide(begin, end int, hidden []bool) {
	for i := begin; i < end; i++ {
		for j := r.from[i]; j < r.to[i]; j++ {
			hidden[j] = true
		}
	}
}

// folded replaces everything that a plus sign may encode with a plus sign.
func folded(text []byte) []byte {
	text = slices.Clone(text)
	for i, c := range text {
		if strings.IndexByte(" \t\r\n", c) >= 0 {
			text[i] = '+'
		}
	}
	return text
}
