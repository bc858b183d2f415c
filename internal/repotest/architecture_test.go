package repotest

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"go/parser"
	"go/token"
	"io"
	"os/exec"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

const module = "terraform-provider-esa"

// A place is a package, or a tree of packages ("x/..."), with what it may import besides the standard library. Names without
// a dot are packages of this module. A name that ends in "/..." stands for all packages in that directory.
type place struct {
	name  string
	code  []string
	tests []string // what its tests may import in addition, besides the package itself
}

// places has the allowed imports, which point one way: main -> provider -> esa and certcheck. The fake server imports
// nothing of this, and only tests and tools import the fake server.
var places = []place{
	{
		name: ".",
		code: []string{"internal/provider", "github.com/hashicorp/terraform-plugin-go/tfprotov6/tf6server"},
	},
	{
		name:  "internal/repotest",
		tests: []string{"internal/provider", "github.com/hashicorp/terraform-plugin-go/tfprotov6"},
	},
	{
		name:  "internal/provider",
		code:  []string{"internal/esa", "internal/certcheck", "github.com/hashicorp/...", "golang.org/x/..."},
		tests: []string{"internal/fakeesa", "internal/certcheck/certtest"},
	},
	{
		name:  "internal/esa",
		code:  []string{"internal/quiet", "github.com/alibabacloud-go/...", "github.com/aliyun/credentials-go/...", "golang.org/x/..."},
		tests: []string{"internal/fakeesa", "internal/certcheck/certtest"},
	},
	{
		// This package must be initialized before all others, so it may import nothing.
		name: "internal/quiet",
	},
	{
		name:  "internal/certcheck",
		tests: []string{"internal/certcheck/certtest"},
	},
	{
		name:  "internal/certcheck/certtest",
		tests: []string{"internal/certcheck"},
	},
	{
		// The fake shares no type with the client, so that the same mistake in both cannot go unnoticed. Its tests may call it
		// like the client, or like Alibaba Cloud's own library.
		name:  "internal/fakeesa",
		tests: []string{"internal/esa", "internal/certcheck/certtest", "github.com/alibabacloud-go/..."},
	},
	{
		name: "cmd/fake-esa",
		code: []string{"internal/fakeesa"},
	},
	{
		name: "internal/tools/...",
		code: []string{"internal/...", "github.com/hashicorp/..."},
	},
}

var everyTest = []string{"github.com/google/go-cmp/...", "go.uber.org/goleak"}

// Only one file of the product imports tea-rpc.
const (
	teaImports = "github.com/alibabacloud-go/..."
	teaFile    = "internal/esa/rpc.go"
)

// A listed is the description of a package by "go list -json".
type listed struct {
	ImportPath   string
	Dir          string
	GoFiles      []string
	Imports      []string
	TestImports  []string
	XTestImports []string
	// fileImports has the imports of each file that is not a test.
	fileImports map[string][]string
}

// broken reports every import that is not allowed.
func broken(packages []listed) []string {
	var reports []string
	for _, p := range packages {
		name := inModule(p.ImportPath)
		i := slices.IndexFunc(places, func(pl place) bool { return matches(pl.name, name) })
		if i < 0 {
			reports = append(reports, fmt.Sprintf("%s has no place in architecture_test.go: say what it may import", name))
			continue
		}
		for _, imported := range p.Imports {
			if !allowed(imported, places[i].code) {
				reports = append(reports, fmt.Sprintf("%s imports %s", name, inModule(imported)))
			}
		}
		for _, imported := range slices.Concat(p.TestImports, p.XTestImports) {
			if imported != p.ImportPath && !allowed(imported, slices.Concat(places[i].code, places[i].tests, everyTest)) {
				reports = append(reports, fmt.Sprintf("the tests of %s import %s", name, inModule(imported)))
			}
		}
		for file, imports := range p.fileImports {
			file = path.Join(name, file)
			for _, imported := range imports {
				if matches(teaImports, imported) && file != teaFile {
					reports = append(reports, fmt.Sprintf("%s imports %s: only %s may", file, imported, teaFile))
				}
			}
		}
	}
	slices.Sort(reports)
	return slices.Compact(reports)
}

func allowed(imported string, patterns []string) bool {
	name := inModule(imported)
	if first, _, _ := strings.Cut(imported, "/"); first != module && !strings.Contains(first, ".") {
		return true // the standard library
	}
	return slices.ContainsFunc(patterns, func(pattern string) bool { return matches(pattern, name) })
}

func matches(pattern, name string) bool {
	tree, isTree := strings.CutSuffix(pattern, "/...")
	return name == tree || isTree && strings.HasPrefix(name, tree+"/")
}

func inModule(importPath string) string {
	if importPath == module {
		return "."
	}
	return strings.TrimPrefix(importPath, module+"/")
}

func TestArchitecture(t *testing.T) {
	t.Parallel()

	for _, report := range broken(listPackages(t)) {
		t.Error(report)
	}
}

// TestNoReplace refuses replace directives, because they count only in the main module. A user who installs the provider by
// its version would get an error instead.
func TestNoReplace(t *testing.T) {
	t.Parallel()

	var mod struct {
		Replace []struct{ Old struct{ Path string } }
	}
	if err := json.Unmarshal(goCommand(t, "mod", "edit", "-json"), &mod); err != nil {
		t.Fatal(err)
	}
	for _, r := range mod.Replace {
		t.Errorf("go.mod replaces %s, want no replace directive", r.Old.Path)
	}
}

func TestBroken(t *testing.T) {
	t.Parallel()

	for name, tc := range map[string]struct {
		in   listed
		want []string
	}{
		"sound": {
			in: listed{
				ImportPath:   module + "/internal/provider",
				Imports:      []string{"context", "go/token", "github.com/hashicorp/terraform-plugin-framework/types", module + "/internal/esa"},
				XTestImports: []string{module + "/internal/fakeesa"},
			},
		},
		"sound tea": {
			in: listed{
				ImportPath:  module + "/internal/esa",
				Imports:     []string{"github.com/alibabacloud-go/tea/tea"},
				fileImports: map[string][]string{"rpc.go": {"github.com/alibabacloud-go/tea/tea"}},
			},
		},
		"client of Terraform": {
			in: listed{
				ImportPath:  module + "/internal/esa",
				Imports:     []string{"github.com/hashicorp/terraform-plugin-log/tflog"},
				TestImports: []string{module + "/internal/provider"},
			},
			want: []string{
				"internal/esa imports github.com/hashicorp/terraform-plugin-log/tflog",
				"the tests of internal/esa import internal/provider",
			},
		},
		"product on the fake": {
			in: listed{
				ImportPath: module + "/internal/provider",
				Imports:    []string{module + "/internal/fakeesa", module + "/internal/certcheck/certtest"},
			},
			want: []string{
				"internal/provider imports internal/certcheck/certtest",
				"internal/provider imports internal/fakeesa",
			},
		},
		"fake with the client's types": {
			in:   listed{ImportPath: module + "/internal/fakeesa", Imports: []string{module + "/internal/esa"}},
			want: []string{"internal/fakeesa imports internal/esa"},
		},
		"certcheck on a library": {
			in:   listed{ImportPath: module + "/internal/certcheck", Imports: []string{"golang.org/x/net/idna"}},
			want: []string{"internal/certcheck imports golang.org/x/net/idna"},
		},
		"main past the provider": {
			in:   listed{ImportPath: module, Imports: []string{module + "/internal/esa"}},
			want: []string{". imports internal/esa"},
		},
		"tea in a second file": {
			in: listed{
				ImportPath:  module + "/internal/esa",
				Imports:     []string{"github.com/alibabacloud-go/tea/tea"},
				fileImports: map[string][]string{"client.go": {"github.com/alibabacloud-go/tea/tea"}},
			},
			want: []string{"internal/esa/client.go imports github.com/alibabacloud-go/tea/tea: only internal/esa/rpc.go may"},
		},
		"package without a place": {
			in:   listed{ImportPath: module + "/internal/esa/util"},
			want: []string{"internal/esa/util has no place in architecture_test.go: say what it may import"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()

			if got := broken([]listed{tc.in}); !slices.Equal(got, tc.want) {
				t.Errorf("got  %q\nwant %q", got, tc.want)
			}
		})
	}
}

func listPackages(t *testing.T) []listed {
	t.Helper()

	var packages []listed
	out := json.NewDecoder(bytes.NewReader(goCommand(t, "list", "-json", "./...")))
	for {
		var p listed
		if err := out.Decode(&p); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			t.Fatal(err)
		}
		p.fileImports = map[string][]string{}
		for _, name := range p.GoFiles {
			file, err := parser.ParseFile(token.NewFileSet(), filepath.Join(p.Dir, name), nil, parser.ImportsOnly)
			if err != nil {
				t.Fatal(err)
			}
			for _, spec := range file.Imports {
				imported, err := strconv.Unquote(spec.Path.Value)
				if err != nil {
					t.Fatal(err)
				}
				p.fileImports[name] = append(p.fileImports[name], imported)
			}
		}
		packages = append(packages, p)
	}
	if len(packages) == 0 {
		t.Fatal("go list found no packages")
	}
	return packages
}

func goCommand(t *testing.T, args ...string) []byte {
	t.Helper()

	out, err := exec.CommandContext(t.Context(), "go", args...).Output()
	if err != nil {
		var exit *exec.ExitError
		if errors.As(err, &exit) {
			t.Fatalf("go %s: %s\n%s", strings.Join(args, " "), err, exit.Stderr)
		}
		t.Fatalf("go %s: %s", strings.Join(args, " "), err)
	}
	return out
}
