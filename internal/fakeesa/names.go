package fakeesa

import (
	"math"
	"strings"
	"unicode/utf8"
)

// view returns a hostname as responses write it.
func (st *store) view(name string) string {
	switch st.options.HostnameView {
	case HostnameFinalDot:
		return name + "."
	case HostnameUnicode:
		labels := strings.Split(name, ".")
		for i, label := range labels {
			if encoded, isALabel := strings.CutPrefix(label, "xn--"); isALabel {
				if decoded, ok := punycode(encoded); ok {
					labels[i] = decoded
				}
			}
		}
		return strings.Join(labels, ".")
	case HostnameAsStored:
	}
	return name
}

// punycode decodes according to RFC 3492, section 6.2.
func punycode(encoded string) (string, bool) {
	const base, tMin, tMax, skew, damp = 36, 1, 26, 38, 700
	var out []rune
	if delimiter := strings.LastIndexByte(encoded, '-'); delimiter >= 0 {
		out, encoded = []rune(encoded[:delimiter]), encoded[delimiter+1:]
	}
	n, i, bias, first := 128, 0, 72, true
	for encoded != "" {
		before, weight := i, 1
		for k := base; ; k += base {
			if encoded == "" {
				return "", false
			}
			digit := strings.IndexByte("abcdefghijklmnopqrstuvwxyz0123456789", encoded[0])
			encoded = encoded[1:]
			if digit < 0 || digit > (math.MaxInt32-i)/weight {
				return "", false
			}
			i += digit * weight
			threshold := min(max(k-bias, tMin), tMax)
			if digit < threshold {
				break
			}
			if weight > math.MaxInt32/(base-threshold) {
				return "", false
			}
			weight *= base - threshold
		}
		delta := (i - before) / 2
		if first {
			delta, first = (i-before)/damp, false
		}
		delta += delta / (len(out) + 1)
		for bias = 0; delta > (base-tMin)*tMax/2; bias += base {
			delta /= base - tMin
		}
		bias += (base - tMin + 1) * delta / (delta + skew)
		n += i / (len(out) + 1)
		i %= len(out) + 1
		if !utf8.ValidRune(rune(n)) {
			return "", false
		}
		out = append(out[:i], append([]rune{rune(n)}, out[i:]...)...)
		i++
	}
	return string(out), true
}
