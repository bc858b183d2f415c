// Package fakeesa is a fake of the part of Alibaba Cloud ESA (API version 2024-09-10) that custom hostnames need. It is a
// library for tests, and also a program (cmd/fake-esa) to test configurations offline. It is written from ESA's documentation
// and from observed responses. It shares no types with the client that it tests, so that errors do not cancel out.
//
// # What it does
//
// It serves the RPC protocol over HTTP, on loopback only. It supports signature version 1.0 (HMAC-SHA1), which this
// repository's client uses, and version 3 (ACS3-HMAC-SHA256), the default of the official SDKs; nonce, timestamp and STS
// token; parameters in the query or in the form; JSON and XML responses; and the errors of the gateway. As in the real
// service, version 1 defaults to XML, and version 3 to JSON. There are eleven actions:
//
//	CreateCustomHostname  UpdateCustomHostname  DeleteCustomHostname
//	VerifyCustomHostname  ApplyCustomHostnameCertificate                 POST
//	GetCustomHostname     ListCustomHostnames                            GET or POST
//	ListSites  GetSite  ListRecords  GetRecord                           GET
//
// Its state consists of sites, records, hostnames with their certificates, the certificates of SSL Certificates Service,
// and the TXT records that customers publish. It only changes through calls and methods, and when Options.Now or
// [Server.MoveClock] moves the time; a hostname's lifecycle advances when the hostname is read.
//
// Where the documentation leaves a question open, an option of [Options] selects one of the plausible readings; its zero
// value is the most likely one. A correct client works with all of them. In doubt the fake refuses, as it must not be more
// lenient than the real service. So it only accepts certificates and keys in strict PEM: no text, spaces or headers around
// or within the blocks, lines of 64 characters, LF or CRLF.
//
// # What it does not do
//
// It does not support bearer tokens, version 3 with SM3 or RSA, RAM policies, several accounts, quotas per plan (for their
// errors, use [Server.Inject]), writing sites and records over the API, or real DNS, HTTP and ACME. It does not renew free
// certificates before they expire.
//
// It refuses requests from pages in browsers: a request with the header Origin, or whose Host is not localhost or a
// loopback address (with any port), gets status 403, both on the API and below /fake/. This also applies if it is the
// [http.Handler] of another server: [net/http/httptest.NewServer] has such a host, 127.0.0.1:port. A request of
// [net/http/httptest.NewRequest] has the host example.com, unless its URL is one such as http://127.0.0.1/.
//
// # Use
//
//	server, err := fakeesa.Start(fakeesa.Options{})
//	...
//	defer server.Close()
//	site := server.AddSite("example.com")
//	record := server.AddRecord(site.ID, "origin.example.com")
//
// [Server.Load] reads a scene from a file. Over HTTP, below /fake/, which is not a path of the API, every server accepts
// faults, moves its clock, publishes TXT records and returns its log; see control.go.
//
// The methods that set the scene, such as [Server.AddRecord] and [Server.ChangeHostname], panic on invalid arguments, such
// as a record of a site that does not exist, as these are errors in the test. No request makes the fake panic.
package fakeesa
