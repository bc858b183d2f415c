package fakeesa

import (
	"cmp"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"mime"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

const (
	apiVersion      = "2024-09-10"
	contentTypeJSON = "application/json;charset=utf-8"
	contentTypeXML  = "text/xml;charset=utf-8"
	// bodyLimit is far above the largest expected request, a certificate chain and a key.
	bodyLimit = 4 << 20
)

// Server is a fake ESA: an [http.Handler], with or without a listener of its own. It is safe for concurrent use.
type Server struct {
	options Options
	control http.Handler
	// ahead is how far, in nanoseconds, MoveClock moved the clock past Options.Now.
	ahead   atomic.Int64
	journal journal
	faults  faults
	nonces  nonces
	// sessions are the sessions of AddSession, by access key.
	sessions sync.Map

	mu    sync.Mutex // guards store
	store store

	http        *http.Server
	url         string
	served      chan struct{}
	connections atomic.Int64
}

// New returns a server without a listener, for use as a handler. Its URL is "".
func New(o Options) *Server {
	s := &Server{options: o.withDefaults()}
	world := s.options
	world.Now = s.Now
	s.store = newStore(world)
	s.control = s.newControl()
	return s
}

// Start returns a server that listens on a free port of 127.0.0.1.
func Start(o Options) (*Server, error) {
	return StartAt("127.0.0.1:0", o)
}

// StartAt returns a server that listens on addr, host:port. The host must be a loopback address or "localhost", as
// everybody who can reach a fake has full control of it.
func StartAt(addr string, o Options) (*Server, error) {
	host, port, err := net.SplitHostPort(addr)
	if err != nil {
		return nil, fmt.Errorf("fakeesa: the address %q is not host:port", addr)
	}
	if host == "localhost" {
		host = "127.0.0.1"
	}
	if !net.ParseIP(host).IsLoopback() {
		return nil, fmt.Errorf("fakeesa: %q is not a loopback address such as 127.0.0.1:%s; the fake must not be reachable from other machines", addr, port)
	}
	listener, err := net.Listen("tcp", net.JoinHostPort(host, port))
	if err != nil {
		return nil, fmt.Errorf("fakeesa: %w", err)
	}
	s := New(o)
	s.url = "http://" + listener.Addr().String()
	s.served = make(chan struct{})
	s.http = &http.Server{
		Handler:           s,
		ReadHeaderTimeout: time.Minute,
		ConnState: func(_ net.Conn, state http.ConnState) {
			if state == http.StateNew {
				s.connections.Add(1)
			}
		},
	}
	go func() {
		defer close(s.served)
		_ = s.http.Serve(listener)
	}()
	return s, nil
}

// URL returns the server's URL, http://127.0.0.1:port.
func (s *Server) URL() string { return s.url }

// Options returns the options with their defaults.
func (s *Server) Options() Options { return s.options }

// Now returns the fake's time: Options.Now, moved by MoveClock.
func (s *Server) Now() time.Time { return s.options.Now().Add(time.Duration(s.ahead.Load())) }

// MoveClock moves the clock forward: the lifecycle of hostnames and certificates, timestamps and limits. A request's
// Timestamp and the HTTP Date header still use Options.Now, as the clocks of clients do not move.
func (s *Server) MoveClock(d time.Duration) { s.ahead.Add(int64(d)) }

// Connections returns the number of TCP connections accepted so far.
func (s *Server) Connections() int { return int(s.connections.Load()) }

// Close closes the listener and all connections. The other methods still work.
func (s *Server) Close() {
	if s.http != nil {
		_ = s.http.Close()
		<-s.served
	}
}

// An action is an action of the API, with its HTTP methods.
type action struct {
	methods string
	run     func(*store, *call) (any, *apiError)
	// writes is whether it makes a record busy; see Options.Busy.
	writes bool
}

var actions = map[string]action{
	"CreateCustomHostname":           {"POST", (*store).createCustomHostname, true},
	"UpdateCustomHostname":           {"POST", (*store).updateCustomHostname, true},
	"DeleteCustomHostname":           {"POST", (*store).deleteCustomHostname, true},
	"VerifyCustomHostname":           {"POST", (*store).verifyCustomHostname, true},
	"ApplyCustomHostnameCertificate": {"POST", (*store).applyCustomHostnameCertificate, false},
	"GetCustomHostname":              {"GET POST", (*store).getCustomHostname, false},
	"ListCustomHostnames":            {"GET POST", (*store).listCustomHostnames, false},
	"ListSites":                      {"GET", (*store).listSites, false},
	"GetSite":                        {"GET", (*store).getSite, false},
	"ListRecords":                    {"GET", (*store).listRecords, false},
	"GetRecord":                      {"GET", (*store).getRecord, false},
}

// A call is a request that is being handled.
type call struct {
	method string
	all    map[string]string // all parameters, including those that version 3 of the signature has in headers
	params map[string]string // the action's own parameters
	proof  proof
	now    time.Time // Server.Now
	// arrived is the gateway's time, used to check signatures.
	arrived time.Time
	json    bool
	loose   LooseTypes
	// requestID is ESA's id of the call.
	requestID string
	// hostnameID is the Request.HostnameID that an action found out.
	hostnameID int64
	// busy are the records, or the site, that the call occupies until its response; written is whether it took effect.
	busy    []int64
	written bool
}

// ServeHTTP handles a request.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	arrived := s.options.Now()
	// The Date header uses Options.Now, as a client compares its own clock with it.
	w.Header().Set("Date", arrived.UTC().Format(http.TimeFormat))
	if strings.HasPrefix(r.URL.Path, controlPath) {
		if reason := foreign(r); reason != "" {
			writeControl(w, http.StatusForbidden, errorAnswer{reason})
			return
		}
		s.control.ServeHTTP(w, r)
		return
	}

	c := &call{method: r.Method, now: s.Now(), arrived: arrived, requestID: newRequestID(), loose: s.options.LooseTypes}
	entry, refused := s.receive(r, c)
	a, fault := s.handle(c, entry, refused)
	defer s.release(c)
	if !sleep(r.Context(), s.options.Latency+fault.Delay) {
		// The client has disconnected.
		a.drop = true
		s.finish(entry, c, a)
		return
	}
	s.finish(entry, c, a)
	a.write(w)
	if a.stall {
		_ = http.NewResponseController(w).Flush()
		<-r.Context().Done()
	}
}

// foreign returns why a request may come from a page in a browser, "" if it cannot. A loopback listener keeps out other
// machines, but not pages: with a DNS name that resolves to 127.0.0.1 (DNS rebinding) they could read the fake's data, and
// with a form they could change it.
func foreign(r *http.Request) string {
	if origin := r.Header.Values("Origin"); origin != nil {
		return fmt.Sprintf("the request comes from a page in a browser (Origin %q), and the fake answers none; ask from a program such as Terraform or curl", strings.Join(origin, ", "))
	}
	host := r.Host
	if name, _, err := net.SplitHostPort(host); err == nil {
		host = name
	}
	if net.ParseIP(strings.Trim(host, "[]")).IsLoopback() || strings.EqualFold(host, "localhost") {
		return ""
	}
	return fmt.Sprintf("the request is for the host %q, which is no name of loopback; ask for 127.0.0.1, localhost or [::1]", r.Host)
}

// receive reads the parameters and adds the call to the log.
func (s *Server) receive(r *http.Request, c *call) (*Request, *apiError) {
	query, err := url.ParseQuery(r.URL.RawQuery)
	form, body, formErr := readForm(r)
	if err == nil {
		err = formErr
	}
	c.all, c.params = map[string]string{}, map[string]string{}
	params := url.Values{}
	var twice string
	for place, values := range []url.Values{query, form} {
		unseen := r.Method == http.MethodPost && (place == 0 && s.options.ParameterPlace == ParametersInForm || place == 1 && s.options.ParameterPlace == ParametersInQuery)
		for name, list := range values {
			if _, known := c.all[name]; known || len(list) > 1 {
				twice = name
			}
			c.all[name] = list[0]
			if !commonParams[name] {
				if !unseen {
					c.params[name] = list[0]
				}
				params[name] = append(params[name], list...)
			}
		}
	}
	c.proof, c.json = hmacSHA1{}, strings.EqualFold(c.all["Format"], "json")
	if isACS3(r.Header) {
		signature, contradicted := newACS3(r, query, body, c.all)
		twice = cmp.Or(twice, contradicted)
		// XML is the default of version 1 only.
		c.proof, c.json = signature, c.json || c.all["Format"] == ""
	}
	entry := &Request{
		Action: c.all["Action"], Method: r.Method,
		Query: s.mask(query), Form: s.mask(form), Params: s.mask(params), Header: s.maskHeader(r.Header),
		Time: c.now, RemoteAddr: r.RemoteAddr,
	}
	entry.HostnameID, _ = strconv.ParseInt(c.params["HostnameId"], 10, 64)
	s.journal.add(entry)
	reason := foreign(r)
	switch {
	case reason != "":
		return entry, &apiError{status: http.StatusForbidden, code: "Forbidden.NotLoopback", message: reason, reason: reason}
	case r.URL.Path != "/":
		return entry, fail("InvalidApi.NotFound", "the path is not /")
	case err != nil:
		return entry, invalid("the parameters cannot be read: %v", err)
	case twice != "":
		return entry, invalid("%s is sent more than once", twice)
	}
	return entry, nil
}

// readForm reads the body and its parameters. A body that is not a form is not RPC style, and has none.
func readForm(r *http.Request) (form url.Values, body []byte, err error) {
	body, err = io.ReadAll(io.LimitReader(r.Body, bodyLimit+1))
	switch {
	case err != nil:
		return url.Values{}, nil, errors.New("the body is truncated")
	case len(body) > bodyLimit:
		return url.Values{}, nil, errors.New("the body is too large")
	}
	mediaType, _, _ := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if r.Method == http.MethodGet || mediaType != "application/x-www-form-urlencoded" {
		return url.Values{}, body, nil
	}
	form, err = url.ParseQuery(string(body))
	if err != nil {
		// The parser's own error contains part of the body.
		return url.Values{}, body, errors.New("the form has invalid escapes")
	}
	return form, body, nil
}

// handle executes a call and returns its response and fault.
func (s *Server) handle(c *call, entry *Request, refused *apiError) (answer, Fault) {
	if refused == nil {
		refused = s.authenticate(c)
	}
	act, known := actions[c.all["Action"]]
	switch {
	case refused != nil:
	case !known || c.all["Version"] != apiVersion:
		refused = fail("InvalidApi.NotFound", "there is no action %q in version %q", c.all["Action"], c.all["Version"])
	case !strings.Contains(" "+act.methods+" ", " "+c.method+" "):
		refused = fail("UnsupportedHTTPMethod", "%s accepts %s", entry.Action, act.methods)
	}
	if refused != nil {
		return s.errorAnswer(c, refused), Fault{}
	}

	fault := s.faults.meet(*entry, s.subject)
	if fault.replaces() && !fault.After {
		return fault.answer(s, c), fault
	}
	own := s.run(act, c)
	// A response that looks like a success only fits a call that took effect.
	if fault.replaces() && (c.written || !fault.succeeds()) {
		return fault.answer(s, c), fault
	}
	return own, fault
}

// subject returns the name of the hostname of a call, "" for none.
func (s *Server) subject(r Request) string {
	if r.HostnameID == 0 {
		return r.Params.Get("Hostname")
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if h := s.store.byID[r.HostnameID]; h != nil {
		return h.Hostname.Hostname
	}
	return ""
}

func (s *Server) run(act action, c *call) answer {
	s.mu.Lock()
	defer s.mu.Unlock()
	if e := s.store.throttle(c); e != nil {
		return s.errorAnswer(c, e)
	}
	var result any
	e := s.store.occupy(c, act)
	if e == nil {
		result, e = act.run(&s.store, c)
	}
	if e != nil {
		s.store.refused(c)
		return s.errorAnswer(c, e)
	}
	c.written = true
	return newAnswer(http.StatusOK, c, c.all["Action"]+"Response", result)
}

func (s *Server) release(c *call) {
	if len(c.busy) > 0 {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.store.release(c, s.Now())
	}
}

// finish completes the entry in the log.
func (s *Server) finish(entry *Request, c *call, a answer) {
	done := s.journal.finish(entry, func(r *Request) {
		if !a.drop {
			r.Status = a.status
		}
		r.Code, r.Reason = a.code, a.reason
		if c.hostnameID != 0 {
			r.HostnameID = c.hostnameID
		}
	})
	if s.options.Log != nil {
		s.options.Log(done)
	}
}

// sleep reports whether it slept for d before the context ended.
func sleep(ctx context.Context, d time.Duration) bool {
	if d <= 0 {
		return true
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}

// newRequestID returns a random UUID in upper case.
func newRequestID() string {
	var b [16]byte
	_, _ = rand.Read(b[:])
	b[6], b[8] = b[6]&0x0f|0x40, b[8]&0x3f|0x80
	return fmt.Sprintf("%X-%X-%X-%X-%X", b[:4], b[4:6], b[6:8], b[8:10], b[10:])
}
