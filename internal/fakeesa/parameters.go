package fakeesa

import (
	"slices"
	"strconv"
	"strings"
)

// parameters reads the parameters of a call one by one and keeps the first error.
type parameters struct {
	call *call
	// refuseEmpty makes empty parameters an error.
	refuseEmpty bool
	err         *apiError
}

func (p *parameters) fail(reason string, args ...any) {
	if p.err == nil {
		p.err = invalid(reason, args...)
	}
}

// required checks that parameters are present, in the order of the real service.
func (p *parameters) required(names ...string) {
	for _, name := range names {
		if p.err == nil && p.call.params[name] == "" {
			p.err = missing(name)
		}
	}
}

// text returns a parameter, "" if absent.
func (p *parameters) text(name string) string {
	value, sent := p.call.params[name]
	if sent && value == "" && p.refuseEmpty {
		p.fail("%s is sent empty", name)
	}
	return value
}

// oneOf returns a parameter that must be one of the values or absent.
func (p *parameters) oneOf(name string, values ...string) string {
	value := p.text(name)
	if value != "" && !slices.Contains(values, value) {
		p.fail("%s is none of %v", name, values)
	}
	return value
}

// number returns a whole number in decimal digits, 0 if absent.
func (p *parameters) number(name string) int64 {
	text := p.text(name)
	if text == "" {
		return 0
	}
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil || n < 0 || strconv.FormatInt(n, 10) != text {
		p.fail("%s is not a whole number in decimal digits", name)
		return 0
	}
	return n
}

// id returns an id, 0 if absent.
func (p *parameters) id(name string) int64 {
	n := p.number(name)
	if n == 0 && p.call.params[name] != "" {
		p.fail("%s is not an id", name)
	}
	return n
}

// bool returns whether a parameter is present, and its value.
func (p *parameters) bool(name string) (sent, value bool) {
	text := p.oneOf(name, "true", "false")
	return text != "", text == "true"
}

// page returns the requested page.
func (p *parameters) page(defaultSize int64) (number, size int64) {
	number, size = 1, defaultSize
	if p.text("PageNumber") != "" {
		if number = p.number("PageNumber"); number < 1 || number > 1<<31-1 {
			p.fail("PageNumber is not from 1 on")
		}
	}
	if p.text("PageSize") != "" {
		if size = p.number("PageSize"); size < 1 || size > maxPageSize {
			p.fail("PageSize is not from 1 to %d", maxPageSize)
		}
	}
	return number, size
}

// maxPageSize is the maximum of ListCustomHostnames, ListSites and ListRecords.
const maxPageSize = 500

// pageOf returns a page of a list.
func pageOf[T any](all []T, number, size int64) []T {
	total := int64(len(all))
	from := min((number-1)*size, total)
	return all[from:min(from+size, total)]
}

// nameFilter returns the comparison of names of all three lists. An empty filter matches everything.
func (st *store) nameFilter(filter, match string) func(string) bool {
	if filter = strings.TrimSuffix(filter, "."); !st.options.CaseSensitiveFilter {
		filter = canonical(filter)
	}
	return func(name string) bool {
		switch {
		case filter == "":
			return true
		case match == "prefix":
			return strings.HasPrefix(name, filter)
		case match == "suffix":
			return strings.HasSuffix(name, filter)
		case match == "fuzzy":
			return strings.Contains(name, filter)
		}
		return name == filter
	}
}

var matchTypes = []string{"exact", "prefix", "suffix", "fuzzy"}
