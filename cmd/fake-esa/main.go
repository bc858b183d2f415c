// Command fake-esa serves a fake of Alibaba Cloud ESA on a loopback address, to try the provider and test configurations
// without an account. See README.md.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"log"
	"net"
	"os"
	"os/exec"
	"os/signal"
	"strconv"
	"strings"
	"syscall"

	"terraform-provider-esa/internal/fakeesa"
)

// Releases set these with linker flags.
var (
	version = "dev"
	commit  = "none"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	err := run(ctx, os.Args[1:], os.Stdin, os.Stdout, os.Stderr)
	var ended *exec.ExitError
	switch {
	case errors.Is(err, flag.ErrHelp):
	case errors.Is(err, errUsage):
		os.Exit(2)
	case errors.As(err, &ended) && ended.Exited():
		os.Exit(ended.ExitCode())
	case err != nil:
		fmt.Fprintln(os.Stderr, "fake-esa:", err)
		os.Exit(1)
	}
}

// errUsage is a wrong command line that the flag package has already reported.
var errUsage = errors.New("wrong usage")

// regions are the account's sites by account_type.
var regions = map[string]string{"Domestic": "cn-hangzhou", "International": "ap-southeast-1"}

// run serves until ctx ends, or until the command in args ends.
func run(ctx context.Context, args []string, stdin io.Reader, stdout, stderr io.Writer) error {
	flags := flag.NewFlagSet("fake-esa", flag.ContinueOnError)
	flags.SetOutput(stderr)
	flags.Usage = func() {
		_, _ = fmt.Fprintln(stderr, "usage: fake-esa [flags]               serve until Ctrl-C\n       fake-esa [flags] -- COMMAND... serve while COMMAND runs, with the fake in its environment\n\nflags:")
		flags.PrintDefaults()
	}
	var options fakeesa.Options
	var faults []string
	var given [][2]string
	addr := flags.String("addr", "", "loopback `host:port` to listen on; port 0 selects a free one (default 127.0.0.1:8787, or a free port with a command)")
	seed := flags.String("seed", "", "JSON `file` of the sites, records and hostnames to start with (default: the site example.com with two records)")
	accountType := flags.String("account-type", "Domestic", "`site` of the account, Domestic or International")
	flags.StringVar(&options.AccessKeyID, "access-key", "", "access key `id` to accept (default fake-access-key-id)")
	flags.StringVar(&options.AccessKeySecret, "secret-key", "", "its `secret` (default fake-access-key-secret)")
	flags.BoolVar(&options.PublishAtOnce, "publish", false, "act as if every customer published every TXT record at once")
	flags.DurationVar(&options.IssueDelay, "issue-delay", 0, "`time` until a free certificate is issued; the real service takes 5 to 30 minutes")
	flags.Func("fault", "`JSON` object of a fault to inject, such as {\"code\": \"Record.ServiceBusy\"}; can be repeated", func(text string) error {
		faults = append(faults, text)
		return nil
	})
	flags.IntVar(&options.CreateLimitPerHour, "create-limit", 100, "maximum `number` of CreateCustomHostname calls per hour, as in the real service; 0 means no limit")
	flags.Func("reading", "`NAME=VALUE`, the fake's behavior where ESA's documentation leaves a question open; can be repeated", func(text string) error {
		name, value, _ := strings.Cut(text, "=")
		given = append(given, [2]string{name, value})
		return nil
	})
	readings := flags.String("readings", "", "JSON `file` of such behavior, as the probe writes it; or \"list\" to print all open questions")
	printVersion := flags.Bool("version", false, "print the version and exit")
	chaos := flags.Float64("chaos", 0, "`share` of calls that fail at random, such as 0.2")
	chaosSeed := flags.Uint64("chaos-seed", 1, "`number` that seeds the random faults")
	if err := flags.Parse(args); errors.Is(err, flag.ErrHelp) {
		return err
	} else if err != nil {
		return errUsage
	}
	if *printVersion {
		_, err := fmt.Fprintf(stdout, "fake-esa %s (commit %s)\n", version, commit)
		return err
	}
	command := flags.Args()
	if err := afterDashes(args, command); err != nil {
		return err
	}
	if *chaos < 0 || *chaos > 1 {
		return fmt.Errorf("-chaos is %v; it must be from 0 to 1", *chaos)
	}
	if *readings == "list" {
		_, err := io.WriteString(stdout, questions())
		return err
	}
	if err := read(&options, *readings, given); err != nil {
		return err
	}
	if options.CreateLimitPerHour <= 0 {
		options.CreateLimitPerHour = fakeesa.NoLimit
	}
	region, known := regions[*accountType]
	if !known {
		return fmt.Errorf("-account-type is %q; it must be Domestic or International", *accountType)
	}
	options.AccountRegion = region
	if *addr == "" {
		*addr = "127.0.0.1:8787"
		if len(command) > 0 {
			*addr = "127.0.0.1:0"
		}
	}
	if len(command) == 0 {
		logger := log.New(stderr, "", log.LstdFlags)
		options.Log = func(r fakeesa.Request) { logger.Print(line(r)) }
	}

	server, err := fakeesa.StartAt(*addr, options)
	var refused *net.OpError
	if errors.As(err, &refused) {
		return fmt.Errorf("%w; if another program uses the port, choose another one with -addr, such as -addr 127.0.0.1:0 for a free one", err)
	} else if err != nil {
		return err
	}
	defer server.Close()
	if *seed == "" {
		fakeesa.Seed(server)
	} else if err := server.Load(*seed); err != nil {
		return err
	}
	for _, text := range faults {
		if err := server.InjectJSON([]byte(text)); err != nil {
			return fmt.Errorf("-fault %s: %w", text, err)
		}
	}

	if *chaos > 0 {
		server.Chaos(*chaosSeed, *chaos)
	}

	environment := [][2]string{
		{"ALIBABA_CLOUD_ENDPOINT_ESA", server.URL()},
		{"ALIBABA_CLOUD_ACCOUNT_TYPE", *accountType},
		{"ALICLOUD_ACCESS_KEY", server.Options().AccessKeyID},
		{"ALICLOUD_SECRET_KEY", server.Options().AccessKeySecret},
	}
	if len(command) > 0 {
		return play(command, environment, stdin, stdout, stderr)
	}
	if _, err := io.WriteString(stdout, greeting(server, environment)); err != nil {
		return err
	}
	<-ctx.Done()
	return nil
}

// read sets the readings, first those of the file.
func read(options *fakeesa.Options, file string, given [][2]string) error {
	if file != "" {
		document, err := os.ReadFile(file)
		if err != nil {
			return fmt.Errorf("-readings: %w", err)
		}
		if err := options.SetReadings(document); err != nil {
			return fmt.Errorf("-readings %s: %w", file, err)
		}
	}
	for _, reading := range given {
		if err := options.SetReading(reading[0], reading[1]); err != nil {
			return fmt.Errorf("-reading: %w", err)
		}
	}
	return nil
}

// questions describes all readings.
func questions() string {
	var b strings.Builder
	for _, r := range fakeesa.Readings() {
		values := strings.Join(r.Values[1:], ", ")
		if r.Measured {
			values += ", or another duration"
		}
		fmt.Fprintf(&b, "%s\n  %s\n  %s (default: %s), %s\n", r.Name, r.Question, r.Values[0], r.Why, values)
	}
	return b.String()
}

// afterDashes refuses a command without "--" before it, as it is more likely a mistyped flag.
func afterDashes(args, command []string) error {
	if before := len(args) - len(command) - 1; len(command) > 0 && (before < 0 || args[before] != "--") {
		return fmt.Errorf("unexpected argument %q; write -- before a command", command[0])
	}
	return nil
}

// tokens are the variables that may contain a security token of a real account. The fake's account has none.
var tokens = []string{"ALICLOUD_SECURITY_TOKEN", "ALIBABA_CLOUD_SECURITY_TOKEN", "ALIBABACLOUD_SECURITY_TOKEN"}

// greeting is the output on start, for a shell: the environment, and the scene as comments. Of variables with several
// names, it sets the one with the highest precedence, so that no real account is used.
func greeting(server *fakeesa.Server, environment [][2]string) string {
	var b strings.Builder
	fmt.Fprintf(&b, "# A fake ESA listens on %s until Ctrl-C. It saves nothing. For the shell that runs Terraform:\n", server.URL())
	for _, variable := range environment {
		fmt.Fprintf(&b, "export %s=%s\n", variable[0], quote(variable[1]))
	}
	fmt.Fprintf(&b, "unset %s\n\n", strings.Join(tokens, " "))
	for _, thing := range server.Scene() {
		fmt.Fprintf(&b, "# %-8s  %-16d  %s\n", thing.Kind, thing.ID, thing.Name)
	}
	return b.String()
}

// quote quotes a text for a shell, if necessary.
func quote(text string) string {
	if strings.Trim(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_./:") == "" {
		return text
	}
	return "'" + strings.ReplaceAll(text, "'", `'\''`) + "'"
}

// play runs a command with the fake as its ESA. It removes variables of a real account from the command's environment.
func play(command []string, environment [][2]string, stdin io.Reader, stdout, stderr io.Writer) error {
	// The terminal sends Ctrl-C to the command too, which then ends by itself. SIGTERM must be forwarded.
	told := make(chan os.Signal, 1)
	signal.Notify(told, syscall.SIGTERM)
	defer signal.Stop(told)

	run := exec.Command(command[0], command[1:]...)
	run.Stdin, run.Stdout, run.Stderr = stdin, stdout, stderr
	for _, entry := range os.Environ() {
		if !isAccount(entry) {
			run.Env = append(run.Env, entry)
		}
	}
	for _, variable := range environment {
		run.Env = append(run.Env, variable[0]+"="+variable[1])
	}
	if err := run.Start(); err != nil {
		return fmt.Errorf("unable to run the command: %w", err)
	}
	ended := make(chan struct{})
	defer close(ended)
	go func() {
		select {
		case sig := <-told:
			_ = run.Process.Signal(sig)
		case <-ended:
		}
	}()
	return run.Wait()
}

func isAccount(entry string) bool {
	for _, prefix := range []string{"ALICLOUD_", "ALIBABA_CLOUD_", "ALIBABACLOUD_", "ESA_ENDPOINT="} {
		if strings.HasPrefix(entry, prefix) {
			return true
		}
	}
	return false
}

// line is the log line of a call. Its only parameter is the hostname's id.
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
