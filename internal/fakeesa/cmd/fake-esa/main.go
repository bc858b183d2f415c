// Command fake-esa serves a fake of Alibaba Cloud ESA on a loopback address, for trying the provider out without an
// account. It begins with the site example.com and two proxied records, and forgets everything when it ends.
//
//	go run ./internal/fakeesa/cmd/fake-esa [-addr 127.0.0.1:8787] [-access-key KEY -secret-key SECRET] [-publish]
//
// It prints what to paste into a configuration to stdout, and one line for every call to stderr. SIGINT and SIGTERM
// end it. GET /_fake/health answers once it is ready.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"log"
	"os"
	"os/signal"
	"strconv"
	"syscall"

	"terraform-provider-esa/internal/fakeesa"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	err := run(ctx, os.Args[1:], os.Stdout, os.Stderr)
	switch {
	case errors.Is(err, flag.ErrHelp):
	case errors.Is(err, errUsage):
		os.Exit(2)
	case err != nil:
		fmt.Fprintln(os.Stderr, "fake-esa:", err)
		os.Exit(1)
	}
}

// errUsage is a wrong command line that the flag package has told about already.
var errUsage = errors.New("wrong usage")

// run serves until ctx ends.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	flags := flag.NewFlagSet("fake-esa", flag.ContinueOnError)
	flags.SetOutput(stderr)
	var options fakeesa.Options
	addr := flags.String("addr", "127.0.0.1:8787", "loopback `host:port` to listen on; port 0 takes a free one")
	flags.StringVar(&options.AccessKeyID, "access-key", "", "access key `id` to accept (default fake-access-key-id)")
	flags.StringVar(&options.AccessKeySecret, "secret-key", "", "its `secret` (default fake-access-key-secret)")
	flags.BoolVar(&options.PublishAtOnce, "publish", false, "act as if every customer published every TXT record at once")
	if err := flags.Parse(args); errors.Is(err, flag.ErrHelp) {
		return err
	} else if err != nil {
		return errUsage
	}
	if flags.NArg() > 0 {
		return fmt.Errorf("unexpected argument %q", flags.Arg(0))
	}

	logger := log.New(stderr, "", log.LstdFlags)
	options.Log = func(r fakeesa.Request) { logger.Print(line(r)) }
	server, err := fakeesa.StartAt(*addr, options)
	if err != nil {
		return err
	}
	defer server.Close()
	site, record := fakeesa.Seed(server)

	options = server.Options()
	_, err = fmt.Fprintf(stdout, `A fake ESA listens on %[1]s. Its site %[2]s has the proxied records %[3]s and origin2.%[2]s.

provider "esa" {
  access_key = %[4]q
  secret_key = %[5]q
  endpoint   = %[1]q
}

site_id    = "%[6]d"
record_id  = "%[7]d" (%[3]s), "%[8]d" (origin2.%[2]s)
cas_id     = "%[9]d" (cas_region = %[10]q)
`, server.URL(), site.Name, record.Name, options.AccessKeyID, options.AccessKeySecret,
		site.ID, record.ID, fakeesa.SeedSecondRecordID, fakeesa.DefaultCasID, options.AccountRegion)
	if err != nil {
		return err
	}
	<-ctx.Done()
	return nil
}

// line is what the log says about a call. No parameter but the hostname's id is in it.
func line(r fakeesa.Request) string {
	status := "dropped"
	if r.Status != 0 {
		status = strconv.Itoa(r.Status)
	}
	text := fmt.Sprintf("%s %q %s", r.Method, r.Action, status)
	if r.Code != "" {
		text += " " + r.Code
	}
	if r.HostnameID != 0 {
		text += fmt.Sprintf(" hostname=%d", r.HostnameID)
	}
	return text
}
