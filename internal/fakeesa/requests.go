package fakeesa

import (
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"
)

// Masked is what the log of requests shows in place of a secret.
const Masked = "***"

// Request is one call as it arrived, and how it was answered. Values of PrivateKey, Signature and SecurityToken, and
// any other that holds a private key or the account's secrets, read [Masked]; empty ones stay empty.
type Request struct {
	Action string // "" if there was none
	Method string
	// Query and Form hold all parameters, where they came.
	Query, Form url.Values
	// Params holds the business parameters, from both places.
	Params     url.Values
	Header     http.Header
	Time       time.Time // of arrival, by Server.Now
	RemoteAddr string

	// Status is the HTTP status of the answer; 0 while there is none and for a connection that was dropped.
	Status int
	// Code is the error code of the answer, if it had one.
	Code string
	// Reason says in this package's words why it refused the call. The real service only ever sends its standard
	// text for a code, and so does the fake.
	Reason string
	// HostnameID is the hostname that the call was about: the parameter HostnameId, or what Create answered.
	HostnameID int64
}

func (r Request) clone() Request {
	r.Query, r.Form, r.Params = cloneValues(r.Query), cloneValues(r.Form), cloneValues(r.Params)
	r.Header = r.Header.Clone()
	return r
}

func cloneValues(v url.Values) url.Values {
	out := maps.Clone(v)
	for name, values := range out {
		out[name] = slices.Clone(values)
	}
	return out
}

// Requests returns the calls so far, in order of arrival. One is there from the moment it arrived.
func (s *Server) Requests() []Request {
	return s.journal.find(func(*Request) bool { return true })
}

// RequestsOf returns the calls of one action.
func (s *Server) RequestsOf(action string) []Request {
	return s.journal.find(func(r *Request) bool { return r.Action == action })
}

// Count returns how many calls of an action arrived.
func (s *Server) Count(action string) int {
	s.journal.mu.Lock()
	defer s.journal.mu.Unlock()
	n := 0
	for _, r := range s.journal.requests {
		if r.Action == action {
			n++
		}
	}
	return n
}

// ResetRequests forgets the calls so far.
func (s *Server) ResetRequests() {
	s.journal.mu.Lock()
	defer s.journal.mu.Unlock()
	s.journal.requests = nil
}

// journal has its own lock, so that Fault.Match and Options.Log can ask for the log.
type journal struct {
	mu       sync.Mutex
	requests []*Request
}

func (j *journal) add(r *Request) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.requests = append(j.requests, r)
}

// finish notes how a call was answered and returns the whole entry.
func (j *journal) finish(r *Request, change func(*Request)) Request {
	j.mu.Lock()
	defer j.mu.Unlock()
	change(r)
	return r.clone()
}

func (j *journal) find(wanted func(*Request) bool) []Request {
	j.mu.Lock()
	defer j.mu.Unlock()
	var found []Request
	for _, r := range j.requests {
		if wanted(r) {
			found = append(found, r.clone())
		}
	}
	return found
}

// secretParams are masked whatever they hold.
var secretParams = map[string]bool{"PrivateKey": true, "SecurityToken": true, "AccessKeySecret": true, "BearerToken": true}

// secretHeaders are masked as well.
var secretHeaders = map[string]bool{"Authorization": true, "X-Acs-Security-Token": true, "X-Acs-Bearer-Token": true}

func (s *Server) mask(values url.Values) url.Values {
	out := cloneValues(values)
	for name, list := range out {
		for i, value := range list {
			if value != "" && (secretParams[name] || name == "Signature" || s.isSecret(value)) {
				list[i] = Masked
			}
		}
	}
	return out
}

func (s *Server) maskHeader(h http.Header) http.Header {
	out := h.Clone()
	for name, list := range out {
		for i, value := range list {
			if secretHeaders[name] || s.isSecret(value) {
				list[i] = Masked
			}
		}
	}
	return out
}

func (s *Server) isSecret(value string) bool {
	return strings.Contains(value, "PRIVATE KEY-----") || strings.Contains(value, s.options.AccessKeySecret) ||
		s.options.SecurityToken != "" && strings.Contains(value, s.options.SecurityToken)
}
