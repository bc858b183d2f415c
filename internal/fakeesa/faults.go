package fakeesa

import (
	"net/http"
	"slices"
	"sync"
	"time"
)

// Fault is something that goes wrong with a call, or with several. A call must be well signed to meet one. What a
// fault does not say stays as it is: one with a Delay alone makes a true answer late.
type Fault struct {
	// Action is which calls are meant; "" is all.
	Action string
	// Match narrows that down further; nil is all. It sees the call as the log shows it, and can ask the server for
	// anything but must not change its faults.
	Match func(Request) bool
	// Params narrows it down to calls with these business parameters, such as Hostname; an empty value is one not sent.
	Params map[string]string
	// Skip lets so many matching calls pass first.
	Skip int
	// Times is how many calls are hit; 0 is one, a negative number all of them.
	Times int

	// Code makes the answer an error.
	Code string
	// Message is its text; default the standard text of the code, if there is one.
	Message string
	// Signed ends the text with all that was signed, secrets included, as the gateway does for SignatureDoesNotMatch
	// and IncompleteSignature.
	Signed bool
	// Status is the HTTP status of the answer. Default: with a Code what ESA sends for it, as far as known, else 400;
	// with a RawBody 200. A Status alone gives an empty body.
	Status int
	// RetryAfter is sent in the header that Options.RetryAfter names.
	RetryAfter time.Duration
	// RawBody replaces the body by any text: "", "[]", "null", HTML, cut JSON.
	RawBody *string
	// ContentType of a RawBody; default "application/json;charset=utf-8".
	ContentType string

	// After lets the call take effect first: the client loses the answer, not the call.
	After bool
	// Drop closes the connection instead of answering. With a RawBody, that much is sent of a longer answer first.
	Drop bool
	// Stall sends a RawBody as the beginning of a longer answer, and then nothing until the client goes away.
	Stall bool
	// Delay is slept, in real time, before the answer, on top of Options.Latency.
	Delay time.Duration
}

// Inject adds a fault. When several match a call, the one that was injected first is met.
func (s *Server) Inject(f Fault) {
	if f.Times == 0 {
		f.Times = 1
	}
	s.faults.mu.Lock()
	defer s.faults.mu.Unlock()
	s.faults.list = append(s.faults.list, &f)
}

// Faults returns the faults that are still to be met; Skip and Times are what is left of them.
func (s *Server) Faults() []Fault {
	s.faults.mu.Lock()
	defer s.faults.mu.Unlock()
	all := make([]Fault, 0, len(s.faults.list))
	for _, f := range s.faults.list {
		all = append(all, *f)
	}
	return all
}

// ClearFaults forgets all faults.
func (s *Server) ClearFaults() {
	s.faults.mu.Lock()
	defer s.faults.mu.Unlock()
	s.faults.list = nil
}

type faults struct {
	mu   sync.Mutex
	list []*Fault
	// chaos is met by calls that none of the list means; nil is none.
	chaos *chaos
}

// meet returns the fault that a call meets, or the zero Fault.
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

// replaces tells whether the client gets something else than the call's own answer.
func (f *Fault) replaces() bool {
	return f.Code != "" || f.Status != 0 || f.RawBody != nil || f.Drop || f.Stall
}

// succeeds tells whether what the client gets says that the call took effect.
func (f *Fault) succeeds() bool {
	return f.RawBody != nil && f.Code == "" && (f.Status == 0 || f.Status == http.StatusOK)
}

// answer is what the client gets instead of the call's own answer.
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
		if f.Status != 0 {
			e.status = f.Status
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
