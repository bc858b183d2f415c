package main

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// TestLists checks that the text that a bug replaces is in its file exactly once, so that the lists are kept in sync with
// the sources.
func TestLists(t *testing.T) {
	lists, err := filepath.Glob("*.txt")
	if err != nil || len(lists) == 0 {
		t.Fatalf("found no lists: %v", err)
	}
	for _, list := range lists {
		text, err := os.ReadFile(list)
		if err != nil {
			t.Fatal(err)
		}
		bugs, err := parse(string(text), regexp.MustCompile(""))
		if err != nil || len(bugs) == 0 {
			t.Fatalf("%s: got %d bugs, error %v", list, len(bugs), err)
		}
		for _, b := range bugs {
			source, err := os.ReadFile(filepath.Join("../../..", b.file))
			if n := strings.Count(string(source), b.old); err != nil || n != 1 {
				t.Errorf("%s: %s: got the text %d times, want once; error %v", list, b.where, n, err)
			}
		}
	}
}

// TestFirstFailure checks what is printed about tests that detected a bug.
func TestFirstFailure(t *testing.T) {
	for out, want := range map[string]string{
		"=== RUN\n--- FAIL: TestA (0.1s)\n    --- FAIL: TestA/b (0.1s)\n--- FAIL: TestC (0s)\nFAIL\n": "TestA",
		"panic: test timed out after 10m0s\n\ngoroutine 1":                                            "test timed out after 10m0s",
		"fatal error: concurrent map read and map write\n\ngoroutine 1":                               "concurrent map read and map write",
		"no Go files": "the tests did not run: no Go files",
	} {
		if got := firstFailure(out); got != want {
			t.Errorf("%q: got %q, want %q", out, got, want)
		}
	}
}
