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

// Masked replaces secrets in the log of requests.
const Masked = "***"

// Request is a call and its response. The values of PrivateKey, Signature and SecurityToken, and any other value with a
// private key or the account's secrets, are [Masked]; empty ones stay empty.
type Request struct {
	Action string // "" for none
	Method string
	// Query and Form are all parameters, by where they were sent.
	Query, Form url.Values
	// Params are the action's own parameters, from both.
	Params     url.Values
	Header     http.Header
	Time       time.Time // of arrival, by Server.Now
	RemoteAddr string

	// Status is the HTTP status of the response; 0 while there is none, and for a connection that was dropped.
	Status int
	// Code is the error code of the response, if any.
	Code string
	// Reason is why the fake refused the call. It is not part of the response: like the real service, the fake only sends
	// the standard message of a code.
	Reason string
	// HostnameID is the hostname of the call: the parameter HostnameId, or the result of Create.
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

// Requests returns the calls so far, in order of arrival, including those without a response yet.
func (s *Server) Requests() []Request {
	return s.journal.find(func(*Request) bool { return true })
}

// RequestsOf returns the calls of one action.
func (s *Server) RequestsOf(action string) []Request {
	return s.journal.find(func(r *Request) bool { return r.Action == action })
}

// Count returns the number of calls of an action.
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

// ResetRequests clears the log of calls.
func (s *Server) ResetRequests() {
	s.journal.mu.Lock()
	defer s.journal.mu.Unlock()
	s.journal.requests = nil
}

// journal has its own lock, so that Fault.Match and Options.Log can read the log.
type journal struct {
	mu       sync.Mutex
	requests []*Request
}

func (j *journal) add(r *Request) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.requests = append(j.requests, r)
}

// finish completes the entry of a call and returns it.
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

// secretParams are always masked.
var secretParams = map[string]bool{"PrivateKey": true, "SecurityToken": true, "AccessKeySecret": true, "BearerToken": true}

// secretHeaders are always masked.
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
