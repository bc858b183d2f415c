package repotest

import (
	"fmt"
	"maps"
	"path"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// chinese has the Chinese page of each English page that has one.
var chinese = map[string]string{
	"README.md":                       "README.zh-CN.md",
	"cmd/fake-esa/README.md":          "cmd/fake-esa/README.zh-CN.md",
	"docs/guides/certificates.md":     "docs/guides/certificates-zh.md",
	"docs/guides/first-hostname.md":   "docs/guides/first-hostname-zh.md",
	"docs/guides/free-certificate.md": "docs/guides/free-certificate-zh.md",
	"docs/guides/troubleshooting.md":  "docs/guides/troubleshooting-zh.md",
}

var (
	frontMatter = regexp.MustCompile(`(?s)^---\n(.*?)\n---\n`)
	han         = regexp.MustCompile(`\p{Han}`)
	listItem    = regexp.MustCompile(`^(\*|\d+\.) `)
	inlineCode  = regexp.MustCompile("`[^`]+`")
	number      = regexp.MustCompile(`\d+(?:[.,]\d+)*`)
)

// A passage is a unit of translation: a heading, a paragraph, a list item, a table row or a fenced block.
type passage struct {
	kind, text string
}

// passages splits a page.
func passages(page string) []passage {
	page = frontMatter.ReplaceAllString(page, "")
	// Blocks are replaced first, because they contain empty lines.
	blocks := fences.FindAllString(page, -1)
	var all []passage
	for _, part := range regexp.MustCompile(`\n{2,}`).Split(fences.ReplaceAllString(page, "\n\n\x00\n\n"), -1) {
		begun := false
		for line := range strings.Lines(part) {
			line = strings.TrimSpace(line)
			switch marker := listItem.FindStringSubmatch(line); {
			case line == "":
				continue
			case line == "\x00":
				all = append(all, passage{"block", blocks[0]})
				blocks = blocks[1:]
			case strings.HasPrefix(line, "#"):
				level, text, _ := strings.Cut(line, " ")
				all = append(all, passage{"heading " + level, text})
			case strings.HasPrefix(line, "|"):
				all = append(all, passage{"row", line})
			case marker != nil:
				all = append(all, passage{"item " + marker[1], line[len(marker[0]):]})
			case begun:
				all[len(all)-1].text += "\n" + line
			default:
				all = append(all, passage{"paragraph", line})
			}
			begun = true
		}
	}
	return all
}

// cells returns the cells of a table row.
func cells(row string) []string {
	all := strings.Split(strings.Trim(row, "|"), "|")
	for i := range all {
		all[i] = strings.TrimSpace(all[i])
	}
	return all
}

// facts returns what a translation must not change: code, numbers and the targets of links. translate returns the translated
// page of a target.
func facts(file, text string, translate func(string) string) []string {
	all := map[string]bool{}
	text = links.ReplaceAllStringFunc(text, func(link string) string {
		target, _, _ := strings.Cut(links.FindStringSubmatch(link)[1], "#")
		if target != "" && !strings.Contains(target, "://") {
			all["link to "+translate(path.Join(path.Dir(file), target))] = true
		}
		return "]"
	})
	text = inlineCode.ReplaceAllStringFunc(strings.ReplaceAll(text, "\n", " "), func(code string) string {
		all[code] = true
		return ""
	})
	for _, found := range number.FindAllString(text, -1) {
		all[found] = true
	}
	return slices.Sorted(maps.Keys(all))
}

// TestChinesePages compares each Chinese page with the English one, passage by passage. Headings, lists, tables and blocks
// must be in the same order. Blocks must be equal. Each passage must have the same code, numbers and links. A link to a page
// without a translation goes to the English page.
func TestChinesePages(t *testing.T) {
	t.Parallel()
	all := pages(t)
	other := map[string]string{}
	for from, to := range chinese {
		other[from], other[to] = to, from
	}
	for page := range all {
		if strings.HasSuffix(page, "-zh.md") || strings.HasSuffix(page, ".zh-CN.md") {
			if other[page] == "" {
				t.Errorf("%s is not compared with an English page", page)
			}
		}
	}
	for from, to := range chinese {
		t.Run(to, func(t *testing.T) {
			t.Parallel()
			for _, problem := range differences(from, all[from], to, all[to], other) {
				t.Error(problem)
			}
		})
	}
}

// differences returns the differences of a Chinese page from the English one, and the parts that are not translated.
func differences(from, original, to, translated string, other map[string]string) []string {
	var problems []string
	add := func(parts ...string) { problems = append(problems, strings.Join(parts, "\n")) }
	for _, words := range regexp.MustCompile(`(?m)^(?:page_title|subcategory|description)?:? +"?(.+)$`).FindAllStringSubmatch(frontMatter.FindString(translated), -1) {
		if words[1] != "|-" && !han.MatchString(words[1]) {
			add("not translated: " + words[1])
		}
	}
	counterpart := func(file string) string {
		if other[file] != "" {
			return other[file]
		}
		return file
	}
	itself := func(file string) string { return file }
	show := func(all []passage, i int) string {
		switch {
		case i < 0:
			return "the beginning"
		case i >= len(all):
			return "the end"
		}
		return all[i].kind + ": " + all[i].text
	}
	english, foreign := passages(original), passages(translated)
	linked, printed := false, false
	for i := range max(len(english), len(foreign)) {
		if i >= len(english) || i >= len(foreign) || english[i].kind != foreign[i].kind {
			add("after "+show(english, i-1), from+" has "+show(english, i), to+" has "+show(foreign, i))
			break
		}
		source, target := english[i], foreign[i]
		if source.kind == "block" {
			if source.text != target.text {
				add("different blocks:", cmp.Diff(source.text, target.text))
			}
			continue
		}
		want, got := facts(from, source.text, counterpart), facts(to, target.text, itself)
		if diff := cmp.Diff(want, got); diff != "" {
			add("different code, numbers or links:", source.text, target.text, diff)
			if len(english) != len(foreign) {
				add(fmt.Sprintf("got %d passages, want %d; after one that is missing or added, all others differ", len(foreign), len(english)))
				return problems
			}
		}
		linked = linked || slices.Contains(want, "link to "+from) && slices.Contains(got, "link to "+from)
		if strings.Contains(target.text, "\n") {
			add("a line break in a paragraph is shown as a space: " + target.text)
		}
		if source.kind != "row" {
			if inEnglish(target.text) {
				add("not translated: " + target.text)
			}
			continue
		}
		old, translation := cells(source.text), cells(target.text)
		if len(old) != len(translation) {
			add("different columns:", source.text, target.text)
			continue
		}
		if i > 0 && english[i-1].kind != "row" {
			printed = old[0] == "message"
		}
		for column, cell := range old {
			// Cells with yes or no have a fixed translation. A cell with a message is not translated, because users search for it.
			verbatim, known := map[string]string{"yes": "是", "no": "否", "": "", "---": "---"}[cell]
			if printed && column == 0 && cell != "message" && !known && !strings.Contains(cell, "`") {
				verbatim, known = cell, true
			}
			switch {
			case known && translation[column] != verbatim:
				add("different cell: " + cell + " became " + translation[column])
			case !known && inEnglish(translation[column]):
				add("not translated: " + translation[column])
			}
		}
	}
	if !linked {
		add("the pages do not link to each other")
	}
	return problems
}

// inEnglish reports whether a text has two words that are not names, and no Chinese character.
func inEnglish(text string) bool {
	return !han.MatchString(text) && regexp.MustCompile(`\b[a-z]+ [a-z]+\b`).MatchString(inlineCode.ReplaceAllString(text, ""))
}

// TestTranslationDifferences breaks a correct translation in one way after the other.
func TestTranslationDifferences(t *testing.T) {
	t.Parallel()
	const original = `# The fake

English | [中文](a-zh.md)

It listens on ` + "`127.0.0.1`" + ` alone, for 30
minutes; see [more](b.md#there).

` + "```sh\nmake demo # once\n```" + `

| message | Terraform 1.11 |
| --- | --- |
| Invalid private key | yes |
| ` + "`ApplyFailed`" + ` | the key is wrong |

* Nothing is kept.
`
	const translated = `# 模拟服务

[English](a.md) | 中文

它只监听 ` + "`127.0.0.1`" + `，为期 30 分钟；见[更多](b-zh.md#那里)。

` + "```sh\nmake demo # once\n```" + `

| 信息 | Terraform 1.11 |
| --- | --- |
| Invalid private key | 是 |
| ` + "`ApplyFailed`" + ` | 私钥有误 |

* 不保存任何数据。
`
	other := map[string]string{"a.md": "a-zh.md", "a-zh.md": "a.md", "b.md": "b-zh.md", "b-zh.md": "b.md"}
	if problems := differences("a.md", original, "a-zh.md", translated, other); len(problems) > 0 {
		t.Error(problems)
	}
	for _, change := range []struct{ from, to, problem string }{
		{"make demo", "make test", "different blocks"},
		{"# once", "# 一次", "different blocks"},
		{"```sh", "```shell", "different blocks"},
		{"127.0.0.1", "127.0.0.2", "different code"},
		{"30", "20", "different code"},
		{"b-zh.md", "b.md", "different code"},
		{"ApplyFailed", "ApplyCertFailed", "different code"},
		{"[English](a.md) | 中文", "English | 中文", "link to each other"},
		{"# 模拟服务", "## 模拟服务", "has heading #:"},
		{"* 不保存任何数据。", "* Nothing is kept.", "not translated"},
		{"私钥有误", "the key is wrong", "not translated"},
		{"Invalid private key", "私钥无效", "different cell"},
		{"是 |", "否 |", "different cell"},
		{"| --- | --- |", "| --- | --- | --- |", "different columns"},
		{"* 不保存任何数据。\n", "", "has the end"},
		{"* 不保存任何数据。\n", "* 不保存任何数据。\n\n再见。\n", "has paragraph: 再见。"},
		{"；见", "；\n见", "line break"},
		{"# 模拟服务\n", "---\npage_title: \"The fake\"\n---\n# 模拟服务\n", "not translated"},
	} {
		changed := strings.Replace(translated, change.from, change.to, 1)
		problems := strings.Join(differences("a.md", original, "a-zh.md", changed, other), "\n")
		if changed == translated || !strings.Contains(problems, change.problem) {
			t.Errorf("with %q for %q, got the problems %q", change.to, change.from, problems)
		}
	}
}
