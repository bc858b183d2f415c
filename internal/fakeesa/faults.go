package fakeesa

import (
	"net/http"
	"slices"
	"sync"
	"time"
)

// Fault is a fault of one call or several. Faults apply only to correctly signed calls. Zero fields change nothing: a
// fault with only a Delay delays the call's own response.
type Fault struct {
	// Action is the action of the calls; "" means all.
	Action string
	// Match selects calls; nil means all. It gets the call as in the log. It may call all methods of the server except
	// those that change faults.
	Match func(Request) bool
	// Params selects calls with these parameters, such as Hostname; an empty value means that it is absent.
	Params map[string]string
	// Skip is how many matching calls to skip first.
	Skip int
	// Times is the number of calls to fail; 0 means one, and a negative number means all.
	Times int

	// Code makes the response an error.
	Code string
	// Message is its message; default the standard message of the code, if there is one.
	Message string
	// Signed appends the string to sign to the message, including secrets, as the gateway does for SignatureDoesNotMatch
	// and IncompleteSignature.
	Signed bool
	// Status is the HTTP status of the response. With a Code, the default is that of ESA, if known, or else 400. With a
	// RawBody it is 200. With only a Status, the body is empty.
	Status int
	// RetryAfter is sent in the header of Options.RetryAfter.
	RetryAfter time.Duration
	// RawBody replaces the body with any text: "", "[]", "null", HTML, truncated JSON.
	RawBody *string
	// ContentType of a RawBody; default "application/json;charset=utf-8".
	ContentType string

	// After lets the call take effect first: the client only loses the response.
	After bool
	// Drop closes the connection instead of responding. With a RawBody, it first sends that as part of a longer response.
	Drop bool
	// Stall sends a RawBody as the beginning of a longer response, and then nothing until the client disconnects.
	Stall bool
	// Delay is a pause, in real time, before the response, in addition to Options.Latency.
	Delay time.Duration
}

// Inject adds a fault. If several match a call, the one that was injected first applies.
func (s *Server) Inject(f Fault) {
	if f.Times == 0 {
		f.Times = 1
	}
	s.faults.mu.Lock()
	defer s.faults.mu.Unlock()
	s.faults.list = append(s.faults.list, &f)
}

// Faults returns the remaining faults, with their remaining Skip and Times.
func (s *Server) Faults() []Fault {
	s.faults.mu.Lock()
	defer s.faults.mu.Unlock()
	all := make([]Fault, 0, len(s.faults.list))
	for _, f := range s.faults.list {
		all = append(all, *f)
	}
	return all
}

// ClearFaults removes all faults.
func (s *Server) ClearFaults() {
	s.faults.mu.Lock()
	defer s.faults.mu.Unlock()
	s.faults.list = nil
}

type faults struct {
	mu   sync.Mutex
	list []*Fault
	// chaos applies to calls without a fault of the list; nil means none.
	chaos *chaos
}

// meet returns the fault of a call, or the zero Fault.
func (f *faults) meet(r Request, subject func(Request) string) Fault {
	f.mu.Lock()
	defer f.mu.Unlock()
	for i, fault := range f.list {
		if !fault.means(r) {
			continue
		}
		if fault.Skip > 0 {
			fault.Skip--
			continue
		}
		if fault.Times > 0 {
			if fault.Times--; fault.Times == 0 {
				f.list = slices.Delete(f.list, i, i+1)
			}
		}
		return *fault
	}
	if f.chaos != nil {
		return f.chaos.meet(r.Action, f.chaos.name(r.HostnameID, subject(r)))
	}
	return Fault{}
}

func (f *Fault) means(r Request) bool {
	if f.Action != "" && f.Action != r.Action {
		return false
	}
	for name, value := range f.Params {
		if r.Params.Get(name) != value {
			return false
		}
	}
	return f.Match == nil || f.Match(r.clone())
}

// replaces reports whether the fault replaces the call's own response.
func (f *Fault) replaces() bool {
	return f.Code != "" || f.Status != 0 || f.RawBody != nil || f.Drop || f.Stall
}

// succeeds reports whether the response looks like a success.
func (f *Fault) succeeds() bool {
	return f.RawBody != nil && f.Code == "" && (f.Status == 0 || f.Status == http.StatusOK)
}

// answer returns the response that replaces the call's own.
func (f *Fault) answer(s *Server, c *call) answer {
	a := answer{drop: f.Drop, stall: f.Stall, retryAfter: f.RetryAfter, retryHeader: s.options.RetryAfter}
	switch {
	case f.RawBody != nil:
		a.status, a.code, a.body, a.contentType = http.StatusOK, f.Code, []byte(*f.RawBody), f.ContentType
		if a.contentType == "" {
			a.contentType = contentTypeJSON
		}
	case f.Code != "":
		e := fail(f.Code, "injected")
		if f.Message != "" {
			e.message = f.Message
		}
		if f.Signed {
			e.message += c.proof.told(c)
		}
		e.retryAfter = f.RetryAfter
		a = s.errorAnswer(c, e)
		a.drop, a.stall = f.Drop, f.Stall
	}
	if f.Status != 0 {
		a.status = f.Status
	}
	return a
}
