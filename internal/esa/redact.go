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

// Servers, libraries and programs repeat what they were sent: in an error's text, its code and its id, whole or in
// pieces, as it was or escaped. What they say passes through here before it becomes an error or a field of the log.

const (
	// mark stands where a secret was.
	mark = "(withheld)"
	// telling is how many characters of a secret say something. Fewer are part of ordinary words.
	telling = 8
	// foreignLimit is more of a foreign text than anybody is shown.
	foreignLimit = 2 << 10
	// layers is how many escapings are looked through: one more than what was signed has.
	layers = 3
)

// signedText is where a text begins to repeat all that was signed, under whatever code: the query with the token, the
// form with the private key.
var signedText = regexp.MustCompile(`(?i)[\s+_-]*(?:server[\s+_-]*)?string[\s+_-]*to[\s+_-]*sign`)

// signature is what makes a signed URL, which is good for a call by whoever has it.
var signature = regexp.MustCompile(`(?i)signature=[^&\s"']+`)

// redact returns a foreign text without what was signed, without signatures and without secrets.
func redact(text string, secrets ...string) string {
	if len(text) > foreignLimit {
		text = text[:foreignLimit]
	}
	secrets = slices.DeleteFunc(slices.Clone(secrets), func(secret string) bool { return len(secret) < telling })
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

// redactError returns an error of a transport or a library as it may be shown: without secrets, without the URL that it
// is about, and without what it quotes of an answer.
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

// quotation is a quoted text, also one whose end is missing.
var quotation = regexp.MustCompile(`"(?:[^"\\]|\\.)*(?:"|\\?$)`)

// shownError is an error with another text.
type shownError struct {
	text  string
	cause error
}

// Error is the text that may be shown.
func (e shownError) Error() string { return e.text }

// Unwrap gives the cause to errors.Is and errors.As.
func (e shownError) Unwrap() error { return e.cause }

// keyText is what is secret of a PEM file.
func keyText(file string) string {
	var lines []string
	for line := range strings.Lines(file) {
		if line = strings.TrimSpace(line); !strings.HasPrefix(line, "-----") {
			lines = append(lines, line)
		}
	}
	return strings.Join(lines, "\n")
}

// reading is a text with some escaping taken off. Byte i of it was at from[i] up to to[i] of the text.
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

// readings are a text and all that it may stand for, as nobody says which escaping it has.
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

// unescaped takes one layer off. decode tells what an escape at the beginning stands for and how long it is, 0 if there
// is none.
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

// percent decodes an escape of URLs and forms.
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

// backslash decodes an escape of JSON.
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

// utf16Unit is what \uXXXX stands for, -1 if there is none.
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

// hideSecrets hides the pieces of secrets that the text repeats.
func (r reading) hideSecrets(secrets []string, hidden []bool) {
	text := folded(r.text)
	for i := range len(text) - telling + 1 {
		piece := string(text[i : i+telling])
		if slices.ContainsFunc(secrets, func(secret string) bool { return strings.Contains(secret, piece) }) {
			r.hide(i, i+telling, hidden)
		}
	}
}

// hide marks where a part of the reading comes from.
func (r reading) hide(begin, end int, hidden []bool) {
	for i := begin; i < end; i++ {
		for j := r.from[i]; j < r.to[i]; j++ {
			hidden[j] = true
		}
	}
}

// folded is a text in which all that a plus sign may stand for looks the same.
func folded(text []byte) []byte {
	text = slices.Clone(text)
	for i, c := range text {
		if strings.IndexByte(" \t\r\n", c) >= 0 {
			text[i] = '+'
		}
	}
	return text
}
