package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"terraform-provider-esa/internal/fakeesa"
)

// The files that a run writes in addition to the journal.
const (
	reportFile   = "report.md"
	readingsFile = "readings.json"
	fixturesFile = "answers.jsonl"
)

// writeFiles writes the findings of a run, even if it ended early.
func (p *probe) writeFiles(dir string, m *masker, ended error) error {
	// The masker must know all names before it masks texts that may contain them.
	var lines bytes.Buffer
	for range 2 {
		lines.Reset()
		encoder := json.NewEncoder(&lines)
		encoder.SetEscapeHTML(false)
		for _, a := range p.all() {
			if err := encoder.Encode(m.fixture(a)); err != nil {
				return err
			}
		}
	}
	readings, err := json.MarshalIndent(p.readings(), "", "  ")
	if err != nil {
		return err
	}
	var report strings.Builder
	p.report(&report, m, ended)
	return errors.Join(
		os.WriteFile(filepath.Join(dir, fixturesFile), lines.Bytes(), 0o600),
		os.WriteFile(filepath.Join(dir, readingsFile), append(readings, '\n'), 0o600),
		os.WriteFile(filepath.Join(dir, reportFile), []byte(report.String()), 0o600),
	)
}

// readings returns the answers that the fake supports.
func (p *probe) readings() map[string]string {
	values := map[string]string{}
	for name, f := range p.findings {
		values[name] = f.value
	}
	return values
}

func (p *probe) report(out io.Writer, m *masker, ended error) {
	write := func(text string, args ...any) { _, _ = fmt.Fprintf(out, text, args...) }
	cell := func(text string) string {
		return strings.ReplaceAll(strings.ReplaceAll(m.text(text), "|", "\\|"), "\n", " ")
	}
	write("# Answers to questions about ESA\n\nWritten by the probe of terraform-provider-esa at level %d, with %s, including %s.\n",
		p.level, plural(p.sent(), "call"), plural(p.creates, "create"))
	write("`fake-esa -readings %s` uses the answers.\n", readingsFile)
	if ended != nil {
		first, _, _ := strings.Cut(ended.Error(), "\n")
		write("\nThe run ended early: %s.\n", cell(strings.TrimSuffix(first, ":")))
	}
	write("\n## Answered\n\n| question | answer | how | observed | calls | level |\n| --- | --- | --- | --- | --- | --- |\n")
	for _, a := range p.asked {
		if a.value != "" {
			write("| `%s`: %s | %s | %s | %s | %d | %d |\n", a.name, cell(reading(a.name).Question), a.value, cell(a.how), cell(a.note), a.sent, a.level)
		}
	}
	write("\n## Open\n\n| question | why |\n| --- | --- |\n")
	for _, r := range fakeesa.Readings() {
		if _, settled := p.findings[r.Name]; !settled {
			write("| `%s`: %s | %s |\n", r.Name, r.Question, cell(p.why(r.Name)))
		}
	}
	if len(p.notes) > 0 {
		write("\n## Other observations\n\n")
		for _, note := range p.notes {
			write("* %s\n", cell(note))
		}
	}
	write("\n## Refusals\n\n| action | HTTP status | code | message | times |\n| --- | --- | --- | --- | --- |\n")
	refusals := map[string]int{}
	for _, a := range p.all() {
		if !a.ok() {
			refusals[fmt.Sprintf("| %s | %d | %s | %s |", a.request.action, a.status, cell(a.code()), cell(a.text("Message")))]++
		}
	}
	for _, line := range slices.Sorted(maps.Keys(refusals)) {
		write("%s %d |\n", line, refusals[line])
	}
}

// why returns why a question is open.
func (p *probe) why(name string) string {
	for _, a := range slices.Backward(p.asked) {
		if a.name == name {
			return a.note
		}
	}
	if reason := noProbe[name]; reason != "" {
		return "no probe answers it: " + reason
	}
	for _, q := range questions {
		if q.name == name && q.level > p.level {
			return fmt.Sprintf("needs level %d: %s", q.level, q.how)
		}
	}
	return "the run ended before this question"
}

// reading returns the reading of a name.
func reading(name string) fakeesa.Reading {
	for _, r := range fakeesa.Readings() {
		if r.Name == name {
			return r
		}
	}
	return fakeesa.Reading{}
}
