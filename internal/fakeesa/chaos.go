package fakeesa

import (
	"fmt"
	"hash/fnv"
	"maps"
	"math/rand/v2"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"
)

// UnclearFaults returns the faults, by name, that do not show whether the call took effect: a broken connection, a response
// of a proxy, or half a response. With After, the call took effect.
func UnclearFaults() map[string]Fault {
	body := func(text string) *string { return &text }
	const html = "text/html"
	all := map[string]Fault{
		"connection-reset":      {Drop: true},
		"answer-broken-off":     {Drop: true, RawBody: body(`{"RequestId":"R","Cust`)},
		"internal-exception":    {Code: "InternalException", Status: http.StatusBadRequest},
		"service-unavailable":   {Code: "ServiceUnavailable", Status: http.StatusServiceUnavailable, RetryAfter: time.Second},
		"success-empty":         {Status: http.StatusOK, RawBody: body("")},
		"success-array":         {Status: http.StatusOK, RawBody: body("[]")},
		"success-null":          {Status: http.StatusOK, RawBody: body("null")},
		"success-number":        {Status: http.StatusOK, RawBody: body("1")},
		"success-cut":           {Status: http.StatusOK, RawBody: body(`{"RequestId":"R","Custom`)},
		"success-html":          {Status: http.StatusOK, RawBody: body("<html>Welcome</html>"), ContentType: html},
		"success-nested":        {Status: http.StatusOK, RawBody: body(strings.Repeat(`{"a":`, 20000) + "1" + strings.Repeat("}", 20000))},
		"success-no-request-id": {Status: http.StatusOK, RawBody: body(`{"hello":"world"}`)},
	}
	for _, status := range []int{http.StatusInternalServerError, http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout} {
		all[fmt.Sprintf("empty-%d", status)] = Fault{Status: status, RawBody: body("")}
		all[fmt.Sprintf("html-%d", status)] = Fault{Status: status, RawBody: body("<html><h1>Bad Gateway</h1></html>"), ContentType: html}
		all[fmt.Sprintf("cut-%d", status)] = Fault{Status: status, RawBody: body(`{"RequestId":"R","Code":"Serv`)}
	}
	return all
}

// HollowFaults returns the faults, by name, that look like successes but lack the object or its id. For an action that
// returns neither they are successes, so they only make sense with After.
func HollowFaults() map[string]Fault {
	body := func(text string) *string { return &text }
	return map[string]Fault{
		"hollow-nothing":     {After: true, Status: http.StatusOK, RawBody: body(`{"RequestId":"R"}`)},
		"hollow-wrong-types": {After: true, Status: http.StatusOK, RawBody: body(`{"RequestId":"R","TotalCount":"x","HostnameId":"x","Hostnames":{},"CustomHostnameModel":[]}`)},
		"hollow-nulls":       {After: true, Status: http.StatusOK, RawBody: body(`{"RequestId":"R","TotalCount":null,"HostnameId":null,"Hostnames":null,"CustomHostnameModel":null}`)},
		"hollow-zero-id":     {After: true, Status: http.StatusOK, RawBody: body(`{"RequestId":"R","HostnameId":0,"CustomHostnameModel":{}}`)},
	}
}

// Refusals returns the faults, by name, that mean that the call did not take effect and can be retried.
func Refusals() map[string]Fault {
	all := map[string]Fault{"too-many-requests-429": {Code: "TooManyRequests", Status: http.StatusTooManyRequests}}
	for _, code := range []string{"Throttling", "Throttling.User", "Throttling.Api", "TooManyRequests", "Site.ServiceBusy", "Record.ServiceBusy", "LockFailed"} {
		for title, pause := range map[string]time.Duration{"": 0, "-wait-1s": time.Second, "-wait-10h": 10 * time.Hour} {
			all[strings.ToLower(strings.ReplaceAll(code, ".", "-"))+title] = Fault{Code: code, Status: http.StatusBadRequest, RetryAfter: pause}
		}
	}
	return all
}

// Chaos injects a random one of these faults into a share of all calls. The fault depends on the seed, the action, the
// hostname of the call, and how often it was called before, so the same calls get the same faults in any order. A share
// of 0 ends it.
func (s *Server) Chaos(seed uint64, share float64) {
	s.faults.mu.Lock()
	defer s.faults.mu.Unlock()
	before := s.faults.chaos
	s.faults.chaos = newChaos(seed, share)
	if before != nil {
		s.faults.chaos.met = before.met
	}
}

// ChaosMet returns the number of random faults so far, by name; names of those after the effect begin with "after-".
func (s *Server) ChaosMet() map[string]int {
	s.faults.mu.Lock()
	c := s.faults.chaos
	s.faults.mu.Unlock()
	if c == nil {
		return nil
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	return maps.Clone(c.met)
}

type chaos struct {
	seed  uint64
	share float64
	names []string
	all   map[string]Fault

	mu    sync.Mutex
	ids   map[int64]string // names of hostnames, including deleted ones
	calls map[string]uint64
	met   map[string]int
}

func newChaos(seed uint64, share float64) *chaos {
	c := &chaos{seed: seed, share: share, all: map[string]Fault{}, ids: map[int64]string{}, calls: map[string]uint64{}, met: map[string]int{}}
	maps.Copy(c.all, HollowFaults())
	maps.Copy(c.all, Refusals())
	for name, fault := range UnclearFaults() {
		c.all[name] = fault
		fault.After = true
		c.all["after-"+name] = fault
	}
	c.names = slices.Sorted(maps.Keys(c.all))
	return c
}

// name remembers the name of a hostname, for calls after its deletion.
func (c *chaos) name(hostnameID int64, subject string) string {
	c.mu.Lock()
	defer c.mu.Unlock()
	if hostnameID == 0 {
		return subject
	}
	if subject != "" {
		c.ids[hostnameID] = subject
	}
	return c.ids[hostnameID]
}

// meet returns the random fault of a call. The subject is its hostname, if any.
func (c *chaos) meet(action, subject string) Fault {
	c.mu.Lock()
	defer c.mu.Unlock()
	key := action + " " + subject
	c.calls[key]++
	hash := fnv.New64a()
	_, _ = fmt.Fprintf(hash, "%s %d", key, c.calls[key])
	random := rand.New(rand.NewPCG(c.seed, hash.Sum64()))
	if random.Float64() >= c.share {
		return Fault{}
	}
	name := c.names[random.IntN(len(c.names))]
	c.met[name]++
	return c.all[name]
}
