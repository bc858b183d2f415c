// Command bench measures the provider with a real CLI against the fake ESA, and prints a page of figures in Markdown.
// Times are ratios to what the same CLI takes without the provider's work, as machines differ.
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
	plans := flag.String("plan", "5000", "numbers of hostnames to refresh only")
	flag.Parse()
	if err := run(ctx, *whole, *plans); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, whole, plans string) (err error) {
	dir, err := os.MkdirTemp("", "esa-bench-")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	b := &bench{ctx: ctx, cli: os.Getenv("TF_CLI"), dir: dir, binary: filepath.Join(dir, "terraform-provider-esa")}
	build := exec.CommandContext(ctx, "go", "build", "-trimpath", "-ldflags", "-s -w", "-o", b.binary, ".")
	if out, err := build.CombinedOutput(); err != nil {
		return fmt.Errorf("go build: %w\n%s", err, out)
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
	fmt.Printf("# Benchmarks\n\n`make bench`, %s, %s, %d cores, %s/%s, %d ms per call. A ratio is wall time to that of the same CLI on the same machine in the same run.\n\n",
		time.Now().UTC().Format(time.DateOnly), cli, runtime.NumCPU(), runtime.GOOS, runtime.GOARCH, latency.Milliseconds())
	fmt.Printf("Binary, stripped: %.1f MB.\n\n", float64(info.Size())/1e6)
	fmt.Println("| hostnames | run | API calls | to `-refresh=false` | to as many `terraform_data` | peak memory of the provider |")
	fmt.Println("| --- | --- | --- | --- | --- | --- |")
	for _, list := range []struct {
		counts string
		whole  bool
	}{{whole, true}, {plans, false}} {
		for text := range strings.SplitSeq(list.counts, ",") {
			if text == "" {
				continue
			}
			count, err := strconv.Atoi(text)
			if err != nil {
				return err
			}
			if err := b.measure(count, list.whole); err != nil {
				return fmt.Errorf("%d hostnames: %w", count, err)
			}
		}
	}
	return nil
}

type bench struct {
	ctx    context.Context
	cli    string
	dir    string
	binary string
}

// measure runs the life of count hostnames, or only what is needed to plan them.
func (b *bench) measure(count int, whole bool) error {
	server, err := fakeesa.Start(fakeesa.Options{})
	if err != nil {
		return err
	}
	defer server.Close()
	site, record := fakeesa.Seed(server)
	other := server.AddRecord(site.ID, "static.example.com")
	esa, err := b.folder(server, fmt.Sprintf("esa-%d", count), fmt.Sprintf(`
terraform {
  required_providers {
    esa = { source = "esa-provider/esa" }
  }
}
variable "record_id" {
  default = "%d"
}
resource "esa_custom_hostname" "test" {
  count     = %d
  site_id   = "%d"
  record_id = var.record_id
  hostname  = "h${count.index}.customer.com"
  ssl_flag  = "on"
  cert_type = "free"
}
`, record.ID, count, site.ID))
	if err != nil {
		return err
	}
	data, err := b.folder(server, fmt.Sprintf("data-%d", count), fmt.Sprintf(`
variable "input" {
  default = "a"
}
resource "terraform_data" "test" {
  count = %d
  input = { record = var.input, hostname = "h${count.index}.customer.com" }
}
`, count))
	if err != nil {
		return err
	}
	slow := func() { server.Inject(fakeesa.Fault{Times: -1, Delay: latency}) }

	if whole {
		slow()
	}
	created, err := esa.run("apply", "-auto-approve")
	if err != nil {
		return err
	}
	createdData, err := data.run("apply", "-auto-approve")
	if err != nil {
		return err
	}
	if whole {
		row(count, "create", server, created, 0, createdData.took)
	} else {
		slow()
	}

	// Of three, the middle one: a plan is short.
	server.ResetRequests()
	var with, without, plain []sample
	for range 3 {
		for _, one := range []struct {
			f         *folder
			into      *[]sample
			arguments []string
		}{{esa, &without, []string{"-refresh=false"}}, {data, &plain, nil}, {esa, &with, nil}} {
			server.ResetRequests()
			s, err := one.f.run("plan", append([]string{"-detailed-exitcode"}, one.arguments...)...)
			if err != nil {
				return err
			}
			*one.into = append(*one.into, s)
		}
	}
	row(count, "refresh and plan", server, middle(with), middle(without).took, middle(plain).took)
	if !whole {
		return nil
	}

	server.ResetRequests()
	changed, err := esa.run("apply", "-auto-approve", fmt.Sprintf("-var=record_id=%d", other.ID))
	if err != nil {
		return err
	}
	changedData, err := data.run("apply", "-auto-approve", "-var=input=b")
	if err != nil {
		return err
	}
	row(count, "change the record of all", server, changed, 0, changedData.took)

	server.ResetRequests()
	destroyed, err := esa.run("destroy", "-auto-approve")
	if err != nil {
		return err
	}
	destroyedData, err := data.run("destroy", "-auto-approve")
	if err != nil {
		return err
	}
	row(count, "destroy", server, destroyed, 0, destroyedData.took)
	return nil
}

// row prints a row with the calls since the log was reset.
func row(count int, title string, server *fakeesa.Server, s sample, without, plain time.Duration) {
	calls := map[string]int{}
	for _, request := range server.Requests() {
		calls[request.Action]++
	}
	var parts []string
	for _, action := range slices.Sorted(maps.Keys(calls)) {
		parts = append(parts, fmt.Sprintf("%d %s", calls[action], action))
	}
	ratio := func(to time.Duration) string {
		if to == 0 {
			return ""
		}
		return fmt.Sprintf("%.2f", s.took.Seconds()/to.Seconds())
	}
	memory := "unknown"
	if s.memory > 0 {
		memory = fmt.Sprintf("%d MB", s.memory>>10)
	}
	fmt.Printf("| %d | %s | %s | %s | %s | %s |\n", count, title, strings.Join(parts, ", "), ratio(without), ratio(plain), memory)
}

type sample struct {
	took   time.Duration
	memory int // peak of the provider, in KiB
}

func middle(samples []sample) sample {
	slices.SortFunc(samples, func(a, b sample) int { return int(a.took - b.took) })
	return samples[len(samples)/2]
}

// folder is a configuration with the environment to run it in.
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
	for _, source := range []string{"registry.terraform.io/esa-provider/esa", "registry.opentofu.org/esa-provider/esa"} {
		rc += fmt.Sprintf("    %q = %q\n", source, b.dir)
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

// run runs the CLI, which must succeed, and measures it.
func (f *folder) run(command string, arguments ...string) (sample, error) {
	run := exec.CommandContext(f.bench.ctx, f.bench.cli, append([]string{command, "-input=false", "-no-color"}, arguments...)...)
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
	close(done)
	watch.Wait()
	if err != nil {
		return sample{}, fmt.Errorf("%s: %w\n%s", command, err, out.Bytes())
	}
	return s, nil
}

// watchMemory returns the peak of the resident memory of the processes that run a binary, in KiB; 0 where /proc does
// not tell.
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
