package fakeesa

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
)

// controlPath is the path that controls the fake itself. It does not collide with the API, whose only path is /. Control
// calls are not in the log.
const controlPath = "/fake/"

// A control is a function of the fake over HTTP. It returns the JSON response.
type control struct {
	method, path string
	run          func(s *Server, r *http.Request, body []byte) (any, error)
}

// controls are all controls, in the order in which the error for an unknown one lists them.
var controls = []control{
	{"GET", "health", func(*Server, *http.Request, []byte) (any, error) { return map[string]string{"status": "ok"}, nil }},
	{"GET", "calls", (*Server).controlCalls},
	{"DELETE", "calls", func(s *Server, _ *http.Request, _ []byte) (any, error) {
		s.ResetRequests()
		return callsAnswer{Calls: []callEntry{}}, nil
	}},
	{"GET", "faults", func(s *Server, _ *http.Request, _ []byte) (any, error) { return s.faultsAnswer(), nil }},
	{"POST", "faults", func(s *Server, _ *http.Request, body []byte) (any, error) {
		if err := s.InjectJSON(body); err != nil {
			return nil, err
		}
		return s.faultsAnswer(), nil
	}},
	{"DELETE", "faults", func(s *Server, _ *http.Request, _ []byte) (any, error) {
		s.ClearFaults()
		return s.faultsAnswer(), nil
	}},
	{"GET", "clock", func(s *Server, _ *http.Request, _ []byte) (any, error) { return s.clockAnswer(), nil }},
	{"POST", "clock", (*Server).controlClock},
	{"GET", "txt", func(s *Server, _ *http.Request, _ []byte) (any, error) { return s.txtAnswer(), nil }},
	{"POST", "txt", func(s *Server, _ *http.Request, body []byte) (any, error) { return s.controlTXT(body, s.PublishTXT) }},
	{"DELETE", "txt", func(s *Server, _ *http.Request, body []byte) (any, error) { return s.controlTXT(body, s.UnpublishTXT) }},
	{"GET", "world", func(s *Server, _ *http.Request, _ []byte) (any, error) { return s.world(), nil }},
}

// newControl returns the handler of everything below controlPath.
func (s *Server) newControl() http.Handler {
	mux := http.NewServeMux()
	var known []string
	for _, c := range controls {
		known = append(known, c.method+" "+controlPath+c.path)
		mux.HandleFunc(c.method+" "+controlPath+c.path, func(w http.ResponseWriter, r *http.Request) {
			body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, bodyLimit))
			var answer any
			if err == nil {
				answer, err = c.run(s, r, body)
			}
			if err != nil {
				writeControl(w, http.StatusBadRequest, errorAnswer{err.Error()})
				return
			}
			writeControl(w, http.StatusOK, answer)
		})
	}
	mux.HandleFunc(controlPath, func(w http.ResponseWriter, r *http.Request) {
		writeControl(w, http.StatusNotFound, errorAnswer{fmt.Sprintf("there is no %s %s; there are %s", r.Method, r.URL.Path, strings.Join(known, ", "))})
	})
	return mux
}

type errorAnswer struct {
	Error string `json:"error"`
}

// writeControl writes an indented response, for human readers.
func writeControl(w http.ResponseWriter, status int, answer any) {
	var b bytes.Buffer
	encoder := json.NewEncoder(&b)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	if err := encoder.Encode(answer); err != nil {
		status = http.StatusInternalServerError
		b.Reset()
	}
	w.Header().Set("Content-Type", contentTypeJSON)
	w.WriteHeader(status)
	_, _ = w.Write(b.Bytes())
}

// callEntry is a call in the log.
type callEntry struct {
	Time       string            `json:"time"`
	Method     string            `json:"method"`
	Action     string            `json:"action"`
	Params     map[string]string `json:"params"`
	HostnameID string            `json:"hostname_id,omitempty"`
	Status     int               `json:"status"` // 0 for a connection that was dropped
	Code       string            `json:"code,omitempty"`
	Reason     string            `json:"reason,omitempty"`
	UserAgent  string            `json:"user_agent,omitempty"`
}

type callsAnswer struct {
	Calls []callEntry `json:"calls"`
}

func (s *Server) controlCalls(r *http.Request, _ []byte) (any, error) {
	action := r.URL.Query().Get("action")
	if err := knownAction(action); err != nil {
		return nil, err
	}
	answer := callsAnswer{Calls: []callEntry{}}
	for _, request := range s.Requests() {
		if action != "" && request.Action != action {
			continue
		}
		entry := callEntry{
			Time: formatTime(request.Time), Method: request.Method, Action: request.Action, Params: map[string]string{},
			Status: request.Status, Code: request.Code, Reason: request.Reason, UserAgent: request.Header.Get("User-Agent"),
		}
		for name := range request.Params {
			entry.Params[name] = request.Params.Get(name)
		}
		if request.HostnameID != 0 {
			entry.HostnameID = strconv.FormatInt(request.HostnameID, 10)
		}
		answer.Calls = append(answer.Calls, entry)
	}
	return answer, nil
}

func knownAction(name string) error {
	if _, known := actions[name]; known || name == "" {
		return nil
	}
	names := make([]string, 0, len(actions))
	for action := range actions {
		names = append(names, action)
	}
	slices.Sort(names)
	return fmt.Errorf("action %q is not supported; use one of %s", name, strings.Join(names, ", "))
}

// faultEntry is a Fault in JSON.
type faultEntry struct {
	Action      string            `json:"action,omitempty"`
	Params      map[string]string `json:"params,omitempty"`
	Skip        int               `json:"skip,omitempty"`
	Times       int               `json:"times,omitempty"`
	Code        string            `json:"code,omitempty"`
	Message     string            `json:"message,omitempty"`
	Signed      bool              `json:"signed,omitempty"`
	Status      int               `json:"status,omitempty"`
	RetryAfter  duration          `json:"retry_after,omitzero"`
	Body        *string           `json:"body,omitempty"`
	ContentType string            `json:"content_type,omitempty"`
	After       bool              `json:"after,omitempty"`
	Drop        bool              `json:"drop,omitempty"`
	Stall       bool              `json:"stall,omitempty"`
	Delay       duration          `json:"delay,omitzero"`
}

type faultsAnswer struct {
	Faults []faultEntry `json:"faults"`
}

func (s *Server) faultsAnswer() faultsAnswer {
	answer := faultsAnswer{Faults: []faultEntry{}}
	for _, f := range s.Faults() {
		answer.Faults = append(answer.Faults, faultEntry{
			Action: f.Action, Params: f.Params, Skip: f.Skip, Times: f.Times, Code: f.Code, Message: f.Message, Signed: f.Signed, Status: f.Status,
			RetryAfter: duration(f.RetryAfter), Body: f.RawBody, ContentType: f.ContentType, After: f.After, Drop: f.Drop, Stall: f.Stall, Delay: duration(f.Delay),
		})
	}
	return answer
}

// InjectJSON adds a fault in JSON, such as {"action": "...", "code": "..."}.
func (s *Server) InjectJSON(text []byte) error {
	var entry faultEntry
	if err := decodeEntry(text, &entry); err != nil {
		return err
	}
	f := Fault{
		Action: entry.Action, Params: entry.Params, Skip: entry.Skip, Times: entry.Times, Code: entry.Code, Message: entry.Message, Signed: entry.Signed, Status: entry.Status,
		RetryAfter: time.Duration(entry.RetryAfter), RawBody: entry.Body, ContentType: entry.ContentType, After: entry.After, Drop: entry.Drop, Stall: entry.Stall, Delay: time.Duration(entry.Delay),
	}
	switch {
	case knownAction(f.Action) != nil:
		return knownAction(f.Action)
	case !f.replaces() && f.Delay == 0:
		return errors.New("the fault changes no response; add a code, status, body, drop, stall or delay")
	case f.Status != 0 && (f.Status < 200 || f.Status > 599):
		return fmt.Errorf("status %d is not the HTTP status of a response; use one from 200 to 599", f.Status)
	case f.Skip < 0 || f.Times < -1:
		return errors.New("skip must be 0 or more; times must be 1 or more, or -1 for all further calls")
	}
	s.Inject(f)
	return nil
}

type clockAnswer struct {
	Now   string   `json:"now"`
	Ahead duration `json:"ahead"`
}

func (s *Server) clockAnswer() clockAnswer {
	return clockAnswer{formatTime(s.Now()), duration(s.ahead.Load())}
}

// clockEntry is a move of the clock in JSON.
type clockEntry struct {
	Forward duration `json:"forward"`
}

func (s *Server) controlClock(_ *http.Request, body []byte) (any, error) {
	var entry clockEntry
	if err := decodeEntry(body, &entry); err != nil {
		return nil, err
	}
	if entry.Forward <= 0 {
		return nil, errors.New(`the clock only moves forward; say how far, such as {"forward": "10m"}`)
	}
	s.MoveClock(time.Duration(entry.Forward))
	return s.clockAnswer(), nil
}

type txtAnswer struct {
	TXT []txtEntry `json:"txt"`
}

func (s *Server) txtAnswer() txtAnswer {
	s.mu.Lock()
	defer s.mu.Unlock()
	return txtAnswer{s.store.txtEntries()}
}

func (s *Server) controlTXT(body []byte, do func(name, value string)) (any, error) {
	var entry txtEntry
	err := decodeEntry(body, &entry)
	if err == nil {
		err = entry.check()
	}
	if err != nil {
		return nil, err
	}
	do(entry.Name, entry.Value)
	return s.txtAnswer(), nil
}
