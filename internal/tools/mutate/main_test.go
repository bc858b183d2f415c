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
