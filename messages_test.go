package main

import (
	"flag"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

var printMessages = flag.Bool("messages", false, "print every message that TestMessages reads")

// A message is a diagnostic as the source has it: verbs in place of values, "…" in place of what is put in elsewhere.
type message struct {
	place           string
	warning         bool
	summary, detail string
}

// The positions of summary and detail among the arguments.
var diagnostics = map[string]int{
	"AddError": 0, "AddWarning": 0, "NewErrorDiagnostic": 0, "NewWarningDiagnostic": 0,
	"AddAttributeError": 1, "AddAttributeWarning": 1, "NewAttributeErrorDiagnostic": 1, "NewAttributeWarningDiagnostic": 1,
}

// readMessages finds all diagnostics and log lines of a folder.
func readMessages(t *testing.T, folder string) (diags, logged []message) {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(folder, "*.go"))
	if err != nil || len(files) == 0 {
		t.Fatalf("%s: %v", folder, err)
	}
	for _, file := range files {
		if strings.HasSuffix(file, "_test.go") {
			continue
		}
		set := token.NewFileSet()
		parsed, err := parser.ParseFile(set, file, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(parsed, func(node ast.Node) bool {
			call, ok := node.(*ast.CallExpr)
			if !ok {
				return true
			}
			selector, ok := call.Fun.(*ast.SelectorExpr)
			if !ok {
				return true
			}
			place := fmt.Sprintf("%s:%d", file, set.Position(call.Pos()).Line)
			if from, ok := diagnostics[selector.Sel.Name]; ok && len(call.Args) >= from+2 {
				diags = append(diags, message{place, strings.Contains(selector.Sel.Name, "Warning"), literal(call.Args[from]), literal(call.Args[from+1])})
			}
			if owner, ok := selector.X.(*ast.Ident); ok && owner.Name == "tflog" && len(call.Args) >= 2 {
				logged = append(logged, message{place: place, summary: literal(call.Args[1])})
			}
			return true
		})
	}
	return diags, logged
}

// literal is the text of an expression as far as the source has it.
func literal(expression ast.Expr) string {
	switch e := expression.(type) {
	case *ast.BasicLit:
		text, err := strconv.Unquote(e.Value)
		if err != nil {
			return e.Value
		}
		return text
	case *ast.BinaryExpr:
		return literal(e.X) + literal(e.Y)
	case *ast.CallExpr:
		if selector, ok := e.Fun.(*ast.SelectorExpr); ok && selector.Sel.Name == "Sprintf" {
			return literal(e.Args[0])
		}
	}
	return "…"
}

// The forms of a summary; CONTRIBUTING.md, "Messages".
var summaryForms = regexp.MustCompile(`^(Unable to [a-z…]|Invalid [a-z_…]|Missing [a-z_…]|Unexpected [a-z]|[A-Z][A-Za-z]+( [a-z_]+)* [a-z-]+$|…)`)

// TestMessages reads every diagnostic and checks what a machine can: form and punctuation.
func TestMessages(t *testing.T) {
	t.Parallel()
	var all, logged []message
	for _, folder := range []string{"internal/provider", "internal/esa"} {
		diags, lines := readMessages(t, folder)
		all, logged = append(all, diags...), append(logged, lines...)
	}
	if len(all) < 40 || len(logged) == 0 {
		t.Fatalf("found %d diagnostics and %d log lines", len(all), len(logged))
	}
	for _, m := range all {
		if *printMessages {
			kind := "error"
			if m.warning {
				kind = "warning"
			}
			_, _ = fmt.Fprintf(os.Stdout, "%s (%s)\n  %s\n  %s\n\n", m.place, kind, m.summary, strings.ReplaceAll(m.detail, "\n", "\n  "))
		}
		switch {
		case !summaryForms.MatchString(m.summary):
			t.Errorf("%s: the summary %q has none of the forms of CONTRIBUTING.md", m.place, m.summary)
		case strings.HasSuffix(m.summary, "."), len(m.summary) > 60:
			t.Errorf("%s: the summary %q is a sentence", m.place, m.summary)
		}
		ends := func(end string) bool { return strings.HasSuffix(m.detail, end) }
		if !slices.ContainsFunc([]string{".", "…", "%s", "}"}, ends) {
			t.Errorf("%s: the detail ends with no full stop: %q", m.place, m.detail)
		}
		for _, word := range []string{"please", "Please", "!", ".  ", "sorry", "oops", "failed to", "Failed to", "successfully"} {
			if strings.Contains(m.summary, word) || strings.Contains(m.detail, word) {
				t.Errorf("%s: %q in %q", m.place, word, m.summary+": "+m.detail)
			}
		}
	}
	for _, m := range logged {
		if *printMessages {
			_, _ = fmt.Fprintf(os.Stdout, "%s (log)\n  %s\n\n", m.place, m.summary)
		}
		if strings.HasSuffix(m.summary, ".") {
			t.Errorf("%s: the log line %q ends with a full stop", m.place, m.summary)
		}
	}
}
