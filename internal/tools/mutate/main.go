// Command mutate puts bugs into a copy of what git has committed or staged, one at a time, and runs the tests that should
// detect them.
//
//	go run ./internal/tools/mutate [-run regexp] internal/tools/mutate/known.txt
//
// A list has a block of lines for each bug, with an empty line between blocks:
//
//	internal/esa/errors.go                  the file
//	- 	return code == CodeNotFound          the text to replace, lines after "- "; it must occur exactly once
//	+ 	return code != CodeNotFound          the replacement; without it, the lines are removed
//	test ./internal/esa                     arguments of go test; several lines run one after the other
//
// It prints which test failed for each bug, and exits with status 1 if no test failed for one.
package main

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"regexp"
	"strings"
)

func main() {
	only := flag.String("run", "", "put in only the bugs whose block matches this regular `expression`")
	flag.Parse()
	if flag.NArg() != 1 {
		flag.Usage()
		os.Exit(2)
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	lived, err := run(ctx, flag.Arg(0), *only)
	if err != nil {
		fmt.Fprintln(os.Stderr, "mutate:", err)
		os.Exit(2)
	}
	if lived > 0 {
		os.Exit(1)
	}
}

func run(ctx context.Context, list, only string) (lived int, err error) {
	matches, err := regexp.Compile(only)
	if err != nil {
		return 0, err
	}
	text, err := os.ReadFile(list)
	if err != nil {
		return 0, err
	}
	bugs, err := parse(string(text), matches)
	if err != nil {
		return 0, fmt.Errorf("%s: %w", list, err)
	}
	dir, err := os.MkdirTemp("", "mutate-")
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	// Tests of the repository itself use git.
	copied := exec.CommandContext(ctx, "sh", "-c", `git checkout-index --all --prefix="$1/" && cd "$1" && git init -q && git add -A`, "sh", dir)
	if out, err := copied.CombinedOutput(); err != nil {
		return 0, fmt.Errorf("copying the repository: %w\n%s", err, out)
	}
	for i, bug := range bugs {
		killer, err := bug.meet(ctx, dir)
		if err != nil {
			return 0, fmt.Errorf("%s: %w", bug.where, err)
		}
		if killer == "" {
			lived++
			killer = "LIVED"
		}
		fmt.Printf("%3d of %d  %s  %s\n", i+1, len(bugs), bug.where, killer)
	}
	fmt.Printf("%d of %d bugs died\n", len(bugs)-lived, len(bugs))
	return lived, nil
}

// A bug is a change of a file.
type bug struct {
	where    string // file and line of the list
	file     string
	old, new string
	tests    [][]string
}

// parse parses a list.
func parse(text string, matches *regexp.Regexp) (bugs []bug, err error) {
	for block := range strings.SplitSeq(text, "\n\n") {
		b := bug{}
		for line := range strings.Lines(block) {
			switch {
			case strings.HasPrefix(line, "#"), strings.TrimSpace(line) == "":
			case strings.HasPrefix(line, "- "):
				b.old += line[2:]
			case strings.HasPrefix(line, "+ "):
				b.new += line[2:]
			case strings.HasPrefix(line, "test "):
				b.tests = append(b.tests, strings.Fields(line[5:]))
			case b.file == "":
				b.file = strings.TrimSpace(line)
			default:
				return nil, fmt.Errorf("%q is none of: - old text, + new text, test arguments", line)
			}
		}
		if b.file == "" {
			continue
		}
		first, _, _ := strings.Cut(b.old, "\n")
		b.where = b.file + ": " + strings.TrimSpace(first)
		if b.old == "" || b.tests == nil {
			return nil, fmt.Errorf("the block of %s has no old text or no test", b.file)
		}
		if matches.MatchString(block) {
			bugs = append(bugs, b)
		}
	}
	return bugs, nil
}

// meet adds the bug, runs its tests until one fails, and removes the bug. It returns the test that failed, "" for none.
func (b bug) meet(ctx context.Context, dir string) (killer string, err error) {
	path := filepath.Join(dir, b.file)
	right, err := os.ReadFile(path)
	if err != nil {
		return "", err
	}
	if n := strings.Count(string(right), b.old); n != 1 {
		return "", fmt.Errorf("the old text is there %d times", n)
	}
	if err := os.WriteFile(path, bytes.Replace(right, []byte(b.old), []byte(b.new), 1), 0o600); err != nil {
		return "", err
	}
	defer func() { err = errors.Join(err, os.WriteFile(path, right, 0o600)) }()
	if out, err := goIn(ctx, dir, "build", "./"+filepath.Dir(b.file)); err != nil {
		return "", fmt.Errorf("it does not compile: %s", out)
	}
	for _, arguments := range b.tests {
		out, err := goIn(ctx, dir, append([]string{"test", "-count=1", "-short", "-failfast"}, arguments...)...)
		if ctx.Err() != nil {
			return "", ctx.Err()
		}
		if err != nil {
			return firstFailure(out), nil
		}
	}
	return "", nil
}

func goIn(ctx context.Context, dir string, arguments ...string) (string, error) {
	command := exec.CommandContext(ctx, "go", arguments...)
	command.Dir = dir
	out, err := command.CombinedOutput()
	return string(out), err
}

var failure = regexp.MustCompile(`(?m)^--- FAIL: (\S+)|^(?:panic|fatal error): (.*)`)

// firstFailure returns the name of the first test that failed.
func firstFailure(out string) string {
	found := failure.FindStringSubmatch(out)
	if found == nil {
		return "the tests did not run: " + out
	}
	return found[1] + found[2]
}
