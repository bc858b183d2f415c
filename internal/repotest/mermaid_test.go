package repotest

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// A picture is a Mermaid diagram of a page. These tests parse only the part of the language that the pages use.
type picture struct {
	kind  string
	nodes map[string]string // names by id
	edges int
}

var (
	nodeID    = `[A-Za-z][A-Za-z0-9_]*`
	labelled  = regexp.MustCompile(`^(` + nodeID + `)(?:\["([^"\[\]]+)"\]|\{"([^"{}]+)"\})?$`)
	flowEdge  = regexp.MustCompile(`^(\S.*?) (?:-->|-\.->)(?:\|([^|"\[\](){}]+)\|)? (\S.*)$`)
	stateEdge = regexp.MustCompile(`^(\[\*\]|` + nodeID + `) --> (\[\*\]|` + nodeID + `)(?:: ([^:;#]+))?$`)
	sent      = regexp.MustCompile(`^(` + nodeID + `)(->>|-->>)(` + nodeID + `): ([^:;#]+)$`)
	actor     = regexp.MustCompile(`^participant (` + nodeID + `)(?: as ([^:;#]+))?$`)
	note      = regexp.MustCompile(`^Note over (` + nodeID + `): ([^:;#]+)$`)
	// Keywords of Mermaid.
	reserved = []string{"end", "subgraph", "graph", "flowchart", "style", "class", "click", "note", "participant", "loop", "alt", "opt", "par", "default"}
)

// read parses a diagram.
func read(text string) (picture, error) {
	lines := strings.Split(strings.TrimRight(text, "\n"), "\n")
	p := picture{kind: strings.TrimSpace(lines[0]), nodes: map[string]string{}}
	called := func(id, name string) error {
		if slices.Contains(reserved, strings.ToLower(id)) {
			return fmt.Errorf("%q is a keyword of Mermaid", id)
		}
		if name != "" && p.nodes[id] != "" && p.nodes[id] != id && p.nodes[id] != name {
			return fmt.Errorf("%q has the names %q and %q", id, p.nodes[id], name)
		}
		if _, seen := p.nodes[id]; !seen || name != "" {
			p.nodes[id] = name
			if name == "" {
				p.nodes[id] = id
			}
		}
		return nil
	}
	for number, line := range lines[1:] {
		if line = strings.TrimSpace(line); line == "" {
			continue
		}
		var err error
		switch p.kind {
		case "flowchart LR", "flowchart TD":
			ends := []string{line}
			if edge := flowEdge.FindStringSubmatch(line); edge != nil {
				ends = []string{edge[1], edge[3]}
				p.edges++
			}
			for _, end := range ends {
				node := labelled.FindStringSubmatch(end)
				if node == nil {
					return p, fmt.Errorf("line %d: %q is neither a node nor an arrow between two", number+2, line)
				}
				if err = called(node[1], node[2]+node[3]); err != nil {
					break
				}
			}
		case "stateDiagram-v2":
			edge := stateEdge.FindStringSubmatch(line)
			if edge == nil {
				return p, fmt.Errorf("line %d: %q is not a transition", number+2, line)
			}
			p.edges++
			for _, end := range edge[1:3] {
				if end != "[*]" && err == nil {
					err = called(end, "")
				}
			}
		case "sequenceDiagram":
			if a := actor.FindStringSubmatch(line); a != nil {
				if _, seen := p.nodes[a[1]]; seen {
					return p, fmt.Errorf("line %d: the participant %s is declared twice", number+2, a[1])
				}
				err = called(a[1], a[2])
				break
			}
			var who []string
			if m := sent.FindStringSubmatch(line); m != nil {
				who = []string{m[1], m[3]}
				p.edges++
			} else if n := note.FindStringSubmatch(line); n != nil {
				who = n[1:2]
			} else {
				return p, fmt.Errorf("line %d: %q is neither a participant nor a message nor a note", number+2, line)
			}
			for _, id := range who {
				if _, known := p.nodes[id]; !known {
					err = fmt.Errorf("there is no participant %q", id)
				}
			}
		default:
			return p, fmt.Errorf("%q is not a supported kind of diagram", p.kind)
		}
		if err != nil {
			return p, fmt.Errorf("line %d: %w", number+2, err)
		}
	}
	if p.edges == 0 {
		return p, fmt.Errorf("the %s has no arrow", p.kind)
	}
	return p, nil
}

// TestPictures_read checks that read finds each kind of mistake.
func TestPictures_read(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"flowchart LR\n  a[\"A b\"] --> b\n  b -->|yes, it is| c{\"C?\"}\n  b -.-> a":                                            "",
		"stateDiagram-v2\n  [*] --> a: begins\n  a --> [*]":                                                                      "",
		"sequenceDiagram\n  participant a as The A\n  participant b\n  a->>b: hello\n  b-->>a: hello, too\n  Note over a: waits": "",
		"graph LR\n  a --> b":                                               `"graph LR" is not a supported kind of diagram`,
		"flowchart LR\n  a --> b[B]":                                        "neither a node nor an arrow",
		"flowchart LR\n  a -> b":                                            "neither a node nor an arrow",
		"flowchart LR\n  a -->":                                             "neither a node nor an arrow",
		"flowchart LR\n  a[\"A\"":                                           "neither a node nor an arrow",
		"flowchart LR\n  a -->|b (c)| d":                                    "neither a node nor an arrow",
		"flowchart LR\n  a --> end":                                         `"end" is a keyword of Mermaid`,
		"flowchart LR\n  a[\"A\"] --> b\n  a[\"C\"] --> b":                  `"a" has the names "A" and "C"`,
		"flowchart LR\n  a":                                                 "has no arrow",
		"stateDiagram-v2\n  a -> b":                                         "is not a transition",
		"stateDiagram-v2\n  a --> b: c; d":                                  "is not a transition",
		"sequenceDiagram\n  a->>b: hello":                                   `there is no participant "b"`,
		"sequenceDiagram\n  participant a\n  participant a\n  a->>a: hello": "is declared twice",
		"sequenceDiagram\n  participant a\n  a->>a":                         "neither a participant nor a message nor a note",
		"sequenceDiagram\n  participant a\n  Note over b: hello":            `there is no participant "b"`,
	} {
		_, err := read(text)
		if want == "" && err != nil || want != "" && (err == nil || !strings.Contains(err.Error(), want)) {
			t.Errorf("got error %v, want %q, for\n%s", err, want, text)
		}
	}
}

// TestPictures parses every diagram, and checks that the text of the same section mentions everything in it. The registry
// shows a diagram as code.
func TestPictures(t *testing.T) {
	t.Parallel()
	diagrams := regexp.MustCompile("(?ms)^```mermaid\n(.*?)^```$")
	kinds := map[string]int{}
	for page, text := range pages(t) {
		for _, found := range diagrams.FindAllStringSubmatchIndex(text, -1) {
			p, err := read(text[found[2]:found[3]])
			if err != nil {
				t.Errorf("%s: %v", page, err)
				continue
			}
			kinds[p.kind]++
			section := text[found[1]:]
			if next := headings.FindStringIndex(fences.ReplaceAllStringFunc(section, func(s string) string { return strings.Repeat(" ", len(s)) })); next != nil {
				section = section[:next[0]]
			}
			section = strings.ToLower(fences.ReplaceAllString(section, ""))
			for _, name := range p.nodes {
				if !strings.Contains(section, strings.ToLower(name)) {
					t.Errorf("%s: the diagram shows %q, but the text under it does not mention it", page, name)
				}
			}
			if p.kind == "stateDiagram-v2" {
				states(t, page, p)
			}
		}
	}
	if len(kinds) != 3 {
		t.Errorf("got diagrams of the kinds %v, want three kinds", kinds)
	}
}

// states compares a diagram with the states that the resource documents.
func states(t *testing.T, page string, p picture) {
	t.Helper()
	documented := regexp.MustCompile(`(?m)^- .status. \(String\) State of the hostname.*$`).FindString(pages(t)["docs/resources/custom_hostname.md"])
	want := map[string]bool{}
	for _, state := range regexp.MustCompile("`([a-z]+)`").FindAllStringSubmatch(documented, -1) {
		want[state[1]] = state[1] != "status"
	}
	maps.DeleteFunc(want, func(_ string, isState bool) bool { return !isState })
	if got := slices.Sorted(maps.Keys(p.nodes)); len(want) == 0 || !slices.Equal(got, slices.Sorted(maps.Keys(want))) {
		t.Errorf("%s: got the states %v in the diagram, want %v", page, got, slices.Sorted(maps.Keys(want)))
	}
}
