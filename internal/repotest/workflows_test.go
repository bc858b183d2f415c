package repotest

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// TestWorkflows checks that the workflows, here and in the examples, cannot do harm. Actions must be pinned to a commit, the
// same in all files, and only the jobs that need it may write. The linter checks the rest.
func TestWorkflows(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob(".github/workflows/*.yml")
	if err != nil {
		t.Fatal(err)
	}
	examples, err := filepath.Glob("examples/*/.github/workflows/*.yml")
	if err != nil || len(files) == 0 || len(examples) == 0 {
		t.Fatalf("got workflows %q and examples %q, error %v", files, examples, err)
	}
	uses := regexp.MustCompile(`(?m)\buses: *(.*)$`)
	pinned := regexp.MustCompile(`^([\w-]+/[\w-]+)@([0-9a-f]{40} # v\d+\.\d+\.\d+)$`)
	written := regexp.MustCompile(`(?m)^ *[a-z-]+: write(-all)?$`)
	mayWrite := map[string]string{ // in jobs; id-token gives the job an identity, which changes nothing
		".github/workflows/release.yml":               "contents: write",
		"examples/gitops/.github/workflows/plan.yml":  "id-token: write",
		"examples/gitops/.github/workflows/apply.yml": "id-token: write",
	}
	commits := map[string]string{}
	for _, file := range slices.Concat(files, examples) {
		bytes, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		text := string(bytes)
		for _, use := range uses.FindAllStringSubmatch(text, -1) {
			if strings.HasPrefix(use[1], "./") {
				continue
			}
			action := pinned.FindStringSubmatch(use[1])
			if action == nil {
				t.Errorf("%s: %s is not pinned to a commit, with its version in a comment", file, use[1])
				continue
			}
			if known := commits[action[1]]; known != "" && known != action[2] {
				t.Errorf("%s: %s is pinned to %s, but to %s in another file", file, action[1], action[2], known)
			}
			commits[action[1]] = action[2]
		}
		if !strings.Contains(text, "\npermissions:\n  contents: read\n\n") {
			t.Errorf("%s: the workflow may do more than read the repository", file)
		}
		for _, line := range written.FindAllString(text, -1) {
			if strings.TrimSpace(line) != mayWrite[file] {
				t.Errorf("%s: got the permission %s, want only those that it needs", file, strings.TrimSpace(line))
			}
		}
		if strings.Count(text, "persist-credentials: false") != strings.Count(text, "uses: actions/checkout@") {
			t.Errorf("%s: a checkout keeps its token in the working copy", file)
		}
		if strings.Contains(text, "pull_request_target") {
			t.Errorf("%s: pull_request_target runs the code of a fork with secrets", file)
		}
	}
}
