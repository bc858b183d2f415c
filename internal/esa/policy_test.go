package esa

import (
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestPolicyAllowsWhatIsCalled compares examples/ram-policy.json with the actions that this package can call.
func TestPolicyAllowsWhatIsCalled(t *testing.T) {
	text, err := os.ReadFile("../../examples/ram-policy.json")
	if err != nil {
		t.Fatal(err)
	}
	var policy struct {
		Statement []struct {
			Effect string
			Action []string
		}
	}
	if err := json.Unmarshal(text, &policy); err != nil {
		t.Fatal(err)
	}
	if len(policy.Statement) != 1 || policy.Statement[0].Effect != "Allow" {
		t.Fatalf("got the policy %+v, want one statement that allows", policy)
	}
	files, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	var called []string
	for _, file := range files {
		source, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, found := range regexp.MustCompile(`(?m)= action\{"(\w+)", http\.Method`).FindAllSubmatch(source, -1) {
			called = append(called, "esa:"+string(found[1]))
		}
	}
	allowed := policy.Statement[0].Action
	slices.Sort(called)
	slices.Sort(allowed)
	if diff := cmp.Diff(called, allowed); diff != "" || len(called) < 11 {
		t.Errorf("examples/ram-policy.json (-called +allowed):\n%s", diff)
	}
}
