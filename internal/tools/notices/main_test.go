package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestNoticesIn(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		files   map[string]string
		want    []string
		problem string
	}{
		"of the module and of the package": {
			files: map[string]string{"LICENSE": "\ufeffone \r\n", "NOTICE.txt": "two\n\n", "sub/COPYING": "\nthree\n", "sub/license.go": "package sub\n", "other/LICENSE": "four\n"},
			want:  []string{"three\n", "one\n", "two\n"},
		},
		"of the README": {
			files: map[string]string{"README.md": "# It\n\n## License\nApache-2.0\n\nCopyright them.\n\n## More\nx\n"},
			want:  []string{"No licence file. Its README.md says under \"License\":\n\nApache-2.0\n\nCopyright them.\n"},
		},
		"none": {
			files: map[string]string{"README.md": "# It\n"}, problem: "find out what its licence is",
		},
		"nothing at all": {problem: "no licence file and no README.md"},
	} {
		dir := t.TempDir()
		for file, text := range test.files {
			if err := os.MkdirAll(filepath.Dir(filepath.Join(dir, file)), 0o700); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(filepath.Join(dir, file), []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		if err := os.MkdirAll(filepath.Join(dir, "sub"), 0o700); err != nil {
			t.Fatal(err)
		}
		got, err := noticesIn(dir, filepath.Join(dir, "sub"))
		if (err == nil) != (test.problem == "") || err != nil && !strings.Contains(err.Error(), test.problem) {
			t.Errorf("%s: got error %v, want %q", name, err, test.problem)
		}
		if diff := cmp.Diff(test.want, got); diff != "" {
			t.Errorf("%s: notices (-want +got):\n%s", name, diff)
		}
	}
}

// TestWrite checks that each text is written once, with all its modules, and always in the same order.
func TestWrite(t *testing.T) {
	t.Parallel()
	var b bytes.Buffer
	if err := write(&b, map[string][]string{"B\n": {"x.test/z v1", "x.test/a v1"}, "A\n": {"x.test/b v2"}}); err != nil {
		t.Fatal(err)
	}
	rule := strings.Repeat("=", 80)
	want := "\n" + rule + "\nx.test/a v1\nx.test/z v1\n" + rule + "\n\nB\n\n" + rule + "\nx.test/b v2\n" + rule + "\n\nA\n"
	if !strings.HasSuffix(b.String(), "\n"+want) {
		t.Errorf("got %s, want at the end %s", b.String(), want)
	}
}
