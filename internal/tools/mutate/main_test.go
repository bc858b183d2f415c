package main

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// TestLists: the text that a bug replaces is in its file once, also after the file has changed.
func TestLists(t *testing.T) {
	lists, err := filepath.Glob("*.txt")
	if err != nil || len(lists) == 0 {
		t.Fatalf("no lists: %v", err)
	}
	for _, list := range lists {
		text, err := os.ReadFile(list)
		if err != nil {
			t.Fatal(err)
		}
		bugs, err := parse(string(text), regexp.MustCompile(""))
		if err != nil || len(bugs) == 0 {
			t.Fatalf("%s: %d bugs, %v", list, len(bugs), err)
		}
		for _, b := range bugs {
			source, err := os.ReadFile(filepath.Join("../../..", b.file))
			if n := strings.Count(string(source), b.old); err != nil || n != 1 {
				t.Errorf("%s: %s: the text is there %d times, %v", list, b.where, n, err)
			}
		}
	}
}
