// Package fakeesa is a fake of the part of Alibaba Cloud ESA (API version 2024-09-10) that custom hostnames need: a
// library for tests, and a program (cmd/fake-esa) for people who test their configurations offline. It is written from ESA's documentation and from
// observed answers, and shares no type with the client it tests, so that a mistake cannot cancel itself out.
//
// # What it does
//
// It serves the RPC protocol over HTTP, on loopback only: signature version 1.0 (HMAC-SHA1), which this repository's
// client uses, and version 3 (ACS3-HMAC-SHA256), which the official SDKs use unless they are told otherwise; with nonce,
// timestamp and STS token, parameters in the query or in the form, JSON or XML answers, and the gateway's own errors. XML is
// the default of version 1, as it really is, and JSON that of version 3. Eleven actions:
//
//	CreateCustomHostname  UpdateCustomHostname  DeleteCustomHostname
//	VerifyCustomHostname  ApplyCustomHostnameCertificate                 POST
//	GetCustomHostname     ListCustomHostnames                            GET or POST
//	ListSites  GetSite  ListRecords  GetRecord                           GET
//
// Behind them is a small world: sites, records, hostnames with their certificates, the certificates of SSL
// Certificates Service, and the TXT records that customers publish. It stands still unless somebody acts or
// Options.Now or [Server.MoveClock] moves it; a hostname's life goes on when it is looked at.
//
// Where the documentation is silent, an option of [Options] chooses between the plausible readings, and its zero
// value is the likeliest. A client is right when it works with all of them. In doubt the fake refuses: being easier
// than the real service would be a defect. So certificates and keys are taken in strict PEM alone: no text, space or
// header around or within the blocks, lines of 64 characters, LF or CRLF.
//
// # What it does not do
//
// Bearer tokens, and version 3 with SM3 or RSA; RAM policies, several accounts or quotas per plan (their
// errors can be had from [Server.Inject]); writing sites and records over the API; real DNS, HTTP or ACME. Free
// certificates are not renewed before they expire.
//
// It answers neither pages in browsers nor names of its own: a request with the header Origin, or whose Host is not localhost or
// an address of loopback (with any port), gets 403, on the API as below /fake/. So it does as an [http.Handler] of another
// server: that of [net/http/httptest.NewServer] has such a host, 127.0.0.1:port; a request of
// [net/http/httptest.NewRequest] asks for example.com unless it is given a URL such as http://127.0.0.1/.
//
// # Use
//
//	server, err := fakeesa.Start(fakeesa.Options{})
//	...
//	defer server.Close()
//	site := server.AddSite("example.com")
//	record := server.AddRecord(site.ID, "origin.example.com")
//
// A scene can also be read from a file, with [Server.Load]; and below /fake/, a path that the API does not have, every
// server takes faults, moves its clock, publishes TXT records and tells its log over HTTP, which control.go lists.
//
// The methods that set the scene, such as [Server.AddRecord] and [Server.ChangeHostname], panic when they are asked
// for something that cannot be, such as a record of a site that does not exist: that is a mistake in the test. No
// request makes the fake panic.
package fakeesa
