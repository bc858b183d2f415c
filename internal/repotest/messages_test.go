package repotest

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

	"github.com/hashicorp/terraform-plugin-go/tfprotov6"

	"terraform-provider-esa/internal/provider"
)

var messagesFile = flag.String("messages", "", "write every message that TestMessages reads into this `file`")

// A message is a diagnostic as it is in the source: with verbs for values, and "…" for parts that come from elsewhere.
type message struct {
	place           string
	warning         bool
	summary, detail string
}

// diagnostics has the position of the summary among the arguments of each function. The detail follows it.
var diagnostics = map[string]int{
	"AddError": 0, "AddWarning": 0, "NewErrorDiagnostic": 0, "NewWarningDiagnostic": 0,
	"AddAttributeError": 1, "AddAttributeWarning": 1, "NewAttributeErrorDiagnostic": 1, "NewAttributeWarningDiagnostic": 1,
}

// readMessages returns all diagnostics and log lines of a folder. texts are all other strings of several words, because
// parts of diagnostics come from them.
func readMessages(t *testing.T, folder string) (diags, logged, texts []message) {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(folder, "*.go"))
	if err != nil || len(files) == 0 {
		t.Fatalf("found no Go files in %s, error %v", folder, err)
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
		place := func(node ast.Node) string { return fmt.Sprintf("%s:%d", file, set.Position(node.Pos()).Line) }
		ast.Inspect(parsed, func(node ast.Node) bool {
			if expression, ok := node.(ast.Expr); ok {
				if text := literal(expression); strings.Count(text, " ") > 2 {
					texts = append(texts, message{place: place(node), detail: text})
					return false
				}
			}
			return true
		})
		ast.Inspect(parsed, func(node ast.Node) bool {
			call, ok := node.(*ast.CallExpr)
			if !ok {
				return true
			}
			selector, ok := call.Fun.(*ast.SelectorExpr)
			if !ok {
				return true
			}
			if from, ok := diagnostics[selector.Sel.Name]; ok && len(call.Args) >= from+2 {
				diags = append(diags, message{place(call), strings.Contains(selector.Sel.Name, "Warning"), literal(call.Args[from]), literal(call.Args[from+1])})
			}
			if owner, ok := selector.X.(*ast.Ident); ok && owner.Name == "tflog" && len(call.Args) >= 2 {
				logged = append(logged, message{place: place(call), summary: literal(call.Args[1])})
			}
			return true
		})
	}
	return diags, logged, texts
}

// literal returns the text of an expression, with "…" for what is not in the source.
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

// summaryForms are the forms of a summary in CONTRIBUTING.md, section "Messages".
var summaryForms = regexp.MustCompile(`^(Unable to [a-z…]|Invalid [a-z_…]|Missing [a-z_…]|Unexpected [a-z]|[A-Z][A-Za-z]+( [a-z_]+)* [a-z-]+$|…)`)

// TestMessages checks every diagnostic, log line and description for what a machine can check: form and punctuation.
func TestMessages(t *testing.T) {
	t.Parallel()
	var all, logged, texts []message
	for _, folder := range []string{"internal/provider", "internal/esa", "internal/certcheck"} {
		diags, lines, others := readMessages(t, folder)
		all, logged, texts = append(all, diags...), append(logged, lines...), append(texts, others...)
	}
	described := readDescriptions(t)
	if len(all) < 40 || len(logged) == 0 || len(described) < 150 {
		t.Fatalf("got %d diagnostics, %d log lines and %d descriptions, want more", len(all), len(logged), len(described))
	}
	var list strings.Builder
	for _, m := range all {
		kind := "error"
		if m.warning {
			kind = "warning"
		}
		fmt.Fprintf(&list, "%s (%s)\n  %s\n  %s\n\n", m.place, kind, m.summary, strings.ReplaceAll(m.detail, "\n", "\n  "))
		switch {
		case !summaryForms.MatchString(m.summary):
			t.Errorf("%s: the summary %q does not have one of the forms in CONTRIBUTING.md", m.place, m.summary)
		case strings.HasSuffix(m.summary, "."), len(m.summary) > 60:
			t.Errorf("%s: the summary %q is a sentence", m.place, m.summary)
		}
		ends := func(end string) bool { return strings.HasSuffix(m.detail, end) }
		if !slices.ContainsFunc([]string{".", "…", "%s", "}"}, ends) {
			t.Errorf("%s: the detail does not end with a full stop: %q", m.place, m.detail)
		}
		m.checkWords(t)
	}
	for _, m := range logged {
		fmt.Fprintf(&list, "%s (log)\n  %s\n\n", m.place, m.summary)
		if strings.HasSuffix(m.summary, ".") {
			t.Errorf("%s: the log line %q ends with a full stop", m.place, m.summary)
		}
	}
	for _, m := range described {
		fmt.Fprintf(&list, "%s (description)\n  %s\n\n", m.place, strings.ReplaceAll(m.detail, "\n", "\n  "))
		if !strings.HasSuffix(m.detail, ".") {
			t.Errorf("%s: the description %q does not end with a full stop", m.place, m.detail)
		}
		if strings.HasPrefix(m.place, "data.") && strings.Contains(m.detail, "Kept") {
			t.Errorf("%s: a data source has no value to keep: %q", m.place, m.detail)
		}
		m.checkWords(t)
	}
	shown := list.String()
	for _, m := range texts {
		// Leave out texts that are complete in the list already.
		if text := strings.ReplaceAll(m.detail, "\n", "\n  "); !strings.Contains(shown, strings.Trim(text, "… \n")) {
			fmt.Fprintf(&list, "%s (text)\n  %s\n\n", m.place, text)
		}
		m.checkWords(t)
	}
	if *messagesFile != "" {
		if err := os.WriteFile(*messagesFile, []byte(list.String()), 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

// checkWords searches for words that no message may contain.
func (m message) checkWords(t *testing.T) {
	t.Helper()
	for _, word := range []string{"please", "Please", "!", ".  ", "sorry", "oops", "failed to", "Failed to", "successfully"} {
		if strings.Contains(m.summary, word) || strings.Contains(m.detail, word) {
			t.Errorf("%s: got %q in %q, want other words", m.place, word, m.summary+": "+m.detail)
		}
	}
}

// readDescriptions returns the descriptions of everything that can be configured or read. The block timeouts has none,
// because the framework's library defines it; its arguments have one.
func readDescriptions(t *testing.T) []message {
	t.Helper()
	server := provider.NewServer("test")()
	schema, err := server.GetProviderSchema(t.Context(), &tfprotov6.GetProviderSchemaRequest{})
	if err != nil {
		t.Fatal(err)
	}
	var all []message
	add := func(place, description string) { all = append(all, message{place: place, detail: description}) }
	var addAttributes func(place string, attributes []*tfprotov6.SchemaAttribute)
	addAttributes = func(place string, attributes []*tfprotov6.SchemaAttribute) {
		for _, attribute := range attributes {
			add(place+"."+attribute.Name, attribute.Description)
			if attribute.NestedType != nil {
				addAttributes(place+"."+attribute.Name, attribute.NestedType.Attributes)
			}
		}
	}
	addSchema := func(place string, s *tfprotov6.Schema) {
		add(place, s.Block.Description)
		addAttributes(place, s.Block.Attributes)
		for _, block := range s.Block.BlockTypes {
			if block.TypeName != "timeouts" {
				add(place+"."+block.TypeName, block.Block.Description)
			}
			addAttributes(place+"."+block.TypeName, block.Block.Attributes)
		}
	}
	addSchema("provider", schema.Provider)
	for name, s := range schema.ResourceSchemas {
		addSchema("resource."+name, s)
	}
	for name, s := range schema.DataSourceSchemas {
		addSchema("data."+name, s)
	}
	for name, s := range schema.ListResourceSchemas {
		addSchema("list."+name, s)
	}
	for name, s := range schema.ActionSchemas {
		addSchema("action."+name, s.Schema)
	}
	for name, f := range schema.Functions {
		add("function."+name, f.Description)
		for _, parameter := range f.Parameters {
			add("function."+name+"."+parameter.Name, parameter.Description)
		}
	}
	slices.SortFunc(all, func(a, b message) int { return strings.Compare(a.place, b.place) })
	return all
}
