// Command bench measures the provider with a real CLI against the fake ESA, and prints the results in Markdown. As machines
// differ, times are relative to the same CLI without the provider's work.
package main

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"terraform-provider-esa/internal/fakeesa"
)

const latency = 50 * time.Millisecond

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	whole := flag.String("n", "1,100,1000", "numbers of hostnames to create, refresh, change and destroy")
	plans := flag.String("plan", "free:1000,upload:1000,validations:150,free:5000", "kinds and numbers of existing hostnames to plan, and to change one of")
	limits := flag.String("limit", "10,40", "limits in calls per second, each for an apply of new hostnames")
	instants := flag.Bool("instants", true, "whether to measure short commands")
	flag.Parse()
	if err := run(ctx, *instants, *whole, *plans, *limits); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, instants bool, whole, plans, limits string) (err error) {
	dir, err := os.MkdirTemp("", "esa-bench-")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	b := &bench{ctx: ctx, cli: os.Getenv("TF_CLI"), dir: dir, binary: filepath.Join(dir, "terraform-provider-esa")}
	for name, path := range map[string]string{"terraform-provider-esa": ".", "terraform-provider-nothing": "./internal/tools/bench/nothing"} {
		build := exec.CommandContext(ctx, "go", "build", "-trimpath", "-ldflags", "-s -w", "-o", filepath.Join(dir, name), path)
		build.Env = append(os.Environ(), "CGO_ENABLED=0") // as releases are built
		if out, err := build.CombinedOutput(); err != nil {
			return fmt.Errorf("go build %s: %w\n%s", path, err, out)
		}
	}
	info, err := os.Stat(b.binary)
	if err != nil {
		return err
	}
	version, err := exec.CommandContext(ctx, b.cli, "version").Output()
	if err != nil {
		return err
	}
	cli, _, _ := strings.Cut(string(version), "\n")
	fmt.Printf(head, time.Now().UTC().Format(time.DateOnly), cli, runtime.NumCPU(), runtime.GOOS, runtime.GOARCH, latency.Milliseconds(), float64(info.Size())/1e6)
	if instants {
		if err := b.small(); err != nil {
			return err
		}
	}
	if err := rows(fmt.Sprintf(steadyHead, pairs), plans, b.steady); err != nil {
		return err
	}
	if err := rows(left+lifeHead, whole, func(_ string, count int) error { return b.measure(count) }); err != nil {
		return err
	}
	return rows(limitHead, limits, func(_ string, perSecond int) error { return b.limited(perSecond) })
}

// rows prints a table, with rows for each number of a list such as "1,100" or "free:1000,upload:1000".
func rows(head, list string, measure func(kind string, number int) error) error {
	fmt.Print(head)
	for _, what := range strings.FieldsFunc(list, func(r rune) bool { return r == ',' }) {
		kind, text, found := strings.Cut(what, ":")
		if !found {
			text = kind
		}
		number, err := strconv.Atoi(text)
		if err == nil {
			err = measure(kind, number)
		}
		if err != nil {
			return fmt.Errorf("%s: %w", what, err)
		}
	}
	return nil
}

const (
	head = `# Benchmarks

` + "`make bench`" + `, %s, %s, %d cores, %s/%s, with a response time of %d ms for each API call. All ratios compare times on the same
machine in the same run; they are of wall times unless a column says otherwise. Binary, stripped: %.1f MB.
`
	smallHead = `
## Compared with a provider that does nothing

The other provider uses the same framework, makes no calls and has one resource, with an ` + "`id`" + ` and the five arguments
that are set here: ` + "`site_id`, `record_id`, `hostname`, `ssl_flag`, `cert_type`" + `. The ratios are
medians of %d pairs of runs, in alternation.

| run | ratio |
| --- | --- |
`
	steadyHead = `
## Existing hostnames

Refresh and plan, and apply if one is changed, compared with as many resources of the provider that does nothing. The ratios are
medians of %d pairs. Processor time is that of CLI and provider together. Each uploaded certificate is an RSA chain of three of
its own. With two validations for each hostname, there are three resources for each.

| hostnames | run | API calls | wall time | processor time | peak memory of the provider |
| --- | --- | --- | --- | --- | --- |
`
	left = `
The CLI takes most of the remaining time. Its time grows with the number of attributes, null ones included, and an
` + "`esa_custom_hostname`" + ` has about thirty. The other resource has six. The provider takes a fraction of a millisecond for each hostname, to
decode requests. CONTRIBUTING.md lists what other projects could fix.
`
	lifeHead = `
## Create, change and destroy

"plan" only refreshes; "change" and "destroy" refresh first. The columns compare the run with a plan with
` + "`-refresh=false`" + `, and with the same run of the provider that does nothing and of
` + "`terraform_data`" + `.

| hostnames | run | API calls | to ` + "`-refresh=false`" + ` | to nothing | to ` + "`terraform_data`" + ` | peak memory of the provider |
| --- | --- | --- | --- | --- | --- | --- |
`
	limitHead = `
## With a limit of calls per second

` + "`apply`" + ` of new hostnames, on a server that refuses more calls.

| calls per second | hostnames | accepted calls | refused calls | wall time, compared with the least possible |
| --- | --- | --- | --- | --- |
`
)

type bench struct {
	ctx    context.Context
	cli    string
	dir    string
	binary string
}

// measure runs the lifecycle of count hostnames.
func (b *bench) measure(count int) error {
	server, err := fakeesa.Start(fakeesa.Options{CreateLimitPerHour: fakeesa.NoLimit, Busy: fakeesa.BusyNothing})
	if err != nil {
		return err
	}
	defer server.Close()
	site, record := fakeesa.Seed(server)
	other := server.AddRecord(site.ID, "static.example.com")
	esa, err := b.folder(server, fmt.Sprintf("esa-%d", count), hostnames("esa", count, site.ID, record.ID))
	if err != nil {
		return err
	}
	nothing, err := b.folder(server, fmt.Sprintf("nothing-%d", count), hostnames("nothing", count, site.ID, record.ID))
	if err != nil {
		return err
	}
	data, err := b.folder(server, fmt.Sprintf("data-%d", count), fmt.Sprintf(`
variable "record_id" {
  default = "%d"
}
resource "terraform_data" "test" {
  count = %d
  input = { record = var.record_id, hostname = "h${count.index}.customer.com" }
}
`, record.ID, count))
	if err != nil {
		return err
	}
	server.Inject(fakeesa.Fault{Times: -1, Delay: latency})

	// everywhere runs a command in the three folders, and prints a row.
	everywhere := func(title, command string, arguments ...string) error {
		server.ResetRequests()
		var samples []sample
		for _, f := range []*folder{esa, nothing, data} {
			s, err := f.run(command, append([]string{"-auto-approve"}, arguments...)...)
			if err != nil {
				return err
			}
			samples = append(samples, s)
		}
		row(count, title, server, samples[0], 0, samples[1].took, samples[2].took)
		return nil
	}
	if err := everywhere("create", "apply"); err != nil {
		return err
	}

	// The median of three, as plans are short.
	var with, without, idle, plain []sample
	for range 3 {
		for _, one := range []struct {
			f         *folder
			into      *[]sample
			arguments []string
		}{{esa, &without, []string{"-refresh=false"}}, {nothing, &idle, nil}, {data, &plain, nil}, {esa, &with, nil}} {
			server.ResetRequests()
			s, err := one.f.run("plan", append([]string{"-detailed-exitcode"}, one.arguments...)...)
			if err != nil {
				return err
			}
			*one.into = append(*one.into, s)
		}
	}
	row(count, "plan", server, middle(with), middle(without).took, middle(idle).took, middle(plain).took)
	if err := everywhere("change the record of all", "apply", fmt.Sprintf("-var=record_id=%d", other.ID)); err != nil {
		return err
	}
	return everywhere("destroy", "destroy")
}

// hostnames returns a configuration of count hostnames for this provider or the one that does nothing.
func hostnames(provider string, count int, site, record int64) string {
	return fmt.Sprintf(`
terraform {
  required_providers {
    %[1]s = { source = "esa-provider/%[1]s" }
  }
}
variable "record_id" {
  default = "%[2]d"
}
resource "%[1]s_custom_hostname" "test" {
  count     = %[3]d
  site_id   = "%[4]d"
  record_id = var.record_id
  hostname  = "h${count.index}.customer.com"
  ssl_flag  = "on"
  cert_type = "free"
}
`, provider, record, count, site)
}

// small measures fast commands, in pairs with the provider that does nothing.
func (b *bench) small() error {
	const pairs = 15 // more than elsewhere, as the commands are fast
	server, err := fakeesa.Start(fakeesa.Options{CreateLimitPerHour: fakeesa.NoLimit, Busy: fakeesa.BusyNothing})
	if err != nil {
		return err
	}
	defer server.Close()
	site, record := fakeesa.Seed(server)
	esa, err := b.folder(server, "small-esa", hostnames("esa", 1, site.ID, record.ID))
	if err != nil {
		return err
	}
	nothing, err := b.folder(server, "small-nothing", hostnames("nothing", 1, site.ID, record.ID))
	if err != nil {
		return err
	}
	fmt.Printf(smallHead, pairs)
	for _, run := range []struct {
		title     string
		arguments []string
		after     []string // run once afterwards
	}{
		{"from the start to the schema (`providers schema -json`)", []string{"providers", "schema", "-json"}, nil},
		{"plan of one new hostname", []string{"plan", "-input=false"}, []string{"apply", "-auto-approve"}},
		{"plan of one existing hostname, without latency", []string{"plan", "-input=false"}, nil},
	} {
		var ratios []float64
		for range pairs {
			ours, err := esa.exec(run.arguments...)
			if err != nil {
				return err
			}
			theirs, err := nothing.exec(run.arguments...)
			if err != nil {
				return err
			}
			ratios = append(ratios, ours.took.Seconds()/theirs.took.Seconds())
		}
		slices.Sort(ratios)
		fmt.Printf("| %s | %.2f (%.2f to %.2f) |\n", run.title, ratios[pairs/2], ratios[pairs/4], ratios[pairs-1-pairs/4])
		if run.after != nil {
			for _, f := range []*folder{esa, nothing} {
				if _, err := f.exec(run.after...); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

// limited creates hostnames against a server with a limit of calls per second.
func (b *bench) limited(perSecond int) error {
	count := 30 * perSecond // two calls each: a minute's worth
	server, err := fakeesa.Start(fakeesa.Options{CallsPerSecond: perSecond, Latency: latency, CreateLimitPerHour: fakeesa.NoLimit, Busy: fakeesa.BusyNothing})
	if err != nil {
		return err
	}
	defer server.Close()
	site, record := fakeesa.Seed(server)
	f, err := b.folder(server, fmt.Sprintf("limit-%d", perSecond), hostnames("esa", count, site.ID, record.ID))
	if err != nil {
		return err
	}
	s, err := f.run("apply", "-auto-approve")
	if err != nil {
		return err
	}
	served, refused := 0, 0
	for _, request := range server.Requests() {
		if request.Code == "" {
			served++
		} else {
			refused++
		}
	}
	least := float64(served) / float64(perSecond)
	fmt.Printf("| %d | %d | %d | %d (%.1f %%) | %.2f |\n", perSecond, count, served, refused,
		100*float64(refused)/float64(served+refused), s.took.Seconds()/least)
	return nil
}

// row prints a row with the calls since the log was reset.
func row(count int, title string, server *fakeesa.Server, s sample, without, idle, plain time.Duration) {
	ratio := func(to time.Duration) string {
		if to == 0 {
			return ""
		}
		return fmt.Sprintf("%.2f", s.took.Seconds()/to.Seconds())
	}
	fmt.Printf("| %d | %s | %s | %s | %s | %s | %s |\n", count, title, calls(server), ratio(without), ratio(idle), ratio(plain), megabytes(s.memory))
}

// calls returns the calls since the log was reset.
func calls(server *fakeesa.Server) string {
	count := map[string]int{}
	for _, request := range server.Requests() {
		count[request.Action]++
	}
	var parts []string
	for _, action := range slices.Sorted(maps.Keys(count)) {
		parts = append(parts, fmt.Sprintf("%d %s", count[action], action))
	}
	return strings.Join(parts, ", ")
}

func megabytes(kib int) string {
	if kib == 0 {
		return "unknown"
	}
	return fmt.Sprintf("%d MB", kib>>10)
}

type sample struct {
	took   time.Duration
	cpu    time.Duration // of CLI and provider
	memory int           // peak of the provider, in KiB
}

func middle(samples []sample) sample {
	slices.SortFunc(samples, func(a, b sample) int { return int(a.took - b.took) })
	return samples[len(samples)/2]
}

// folder is a configuration and the environment to run it in.
type folder struct {
	bench *bench
	dir   string
	env   []string
}

func (b *bench) folder(server *fakeesa.Server, name, config string) (*folder, error) {
	f := &folder{bench: b, dir: filepath.Join(b.dir, name)}
	if err := os.Mkdir(f.dir, 0o700); err != nil {
		return nil, err
	}
	rc := "provider_installation {\n  dev_overrides {\n"
	for _, source := range []string{"esa", "nothing"} {
		for _, registry := range []string{"registry.terraform.io", "registry.opentofu.org"} {
			rc += fmt.Sprintf("    %q = %q\n", registry+"/esa-provider/"+source, b.dir)
		}
	}
	rc += "  }\n  direct {}\n}\n"
	for _, entry := range os.Environ() {
		name, _, _ := strings.Cut(entry, "=")
		if !strings.HasPrefix(name, "TF_") && !strings.HasPrefix(name, "ALI") && !strings.HasPrefix(name, "ESA_") {
			f.env = append(f.env, entry)
		}
	}
	f.env = append(f.env, "TF_CLI_CONFIG_FILE="+filepath.Join(f.dir, "cli.rc"), "CHECKPOINT_DISABLE=1", "ESA_ENDPOINT="+server.URL(),
		"ALIBABA_CLOUD_ACCESS_KEY_ID="+server.Options().AccessKeyID, "ALIBABA_CLOUD_ACCESS_KEY_SECRET="+server.Options().AccessKeySecret)
	return f, errors.Join(os.WriteFile(filepath.Join(f.dir, "cli.rc"), []byte(rc), 0o600), os.WriteFile(filepath.Join(f.dir, "main.tf"), []byte(config), 0o600))
}

// run runs and measures the CLI, which must succeed.
func (f *folder) run(command string, arguments ...string) (sample, error) {
	return f.exec(append([]string{command, "-input=false", "-no-color"}, arguments...)...)
}

func (f *folder) exec(arguments ...string) (sample, error) {
	run := exec.CommandContext(f.bench.ctx, f.bench.cli, arguments...)
	run.Dir, run.Env = f.dir, f.env
	var out bytes.Buffer
	run.Stdout, run.Stderr = &out, &out
	done := make(chan struct{})
	var watch sync.WaitGroup
	var s sample
	watch.Go(func() { s.memory = watchMemory(f.bench.binary, done) })
	began := time.Now()
	err := run.Run()
	s.took = time.Since(began)
	if state := run.ProcessState; state != nil {
		s.cpu = state.UserTime() + state.SystemTime()
	}
	close(done)
	watch.Wait()
	if err != nil {
		return sample{}, fmt.Errorf("%s: %w\n%s", strings.Join(arguments, " "), err, out.Bytes())
	}
	return s, nil
}

// watchMemory returns the peak resident memory of the processes that run a binary, in KiB; 0 without /proc.
func watchMemory(binary string, done <-chan struct{}) (peak int) {
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for {
		select {
		case <-done:
			return peak
		case <-tick.C:
		}
		links, _ := filepath.Glob("/proc/[0-9]*/exe")
		for _, link := range links {
			if target, err := os.Readlink(link); err != nil || target != binary {
				continue
			}
			status, err := os.ReadFile(filepath.Join(filepath.Dir(link), "status"))
			if err != nil {
				continue
			}
			_, line, _ := strings.Cut(string(status), "VmHWM:")
			var kib int
			if _, err := fmt.Sscanf(line, "%d", &kib); err == nil {
				peak = max(peak, kib)
			}
		}
	}
}
