package main

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// numberFields and booleanFields are documented as such.
var (
	numberFields  = []string{"PageNumber", "PageSize", "TotalCount", "SiteId", "RecordId", "HostnameId", "CasId", "CertApplyCode", "Ttl"}
	booleanFields = []string{"Proxied", "Passed", "VersionManagement"}
)

// looseTypesOf returns how responses write numbers and booleans.
func looseTypesOf(answers []answer) (finding, error) {
	seen := map[string][]string{} // fields by reading
	for _, a := range answers {
		eachField(a.object, "", func(path string, value any) {
			field := path[strings.LastIndexByte(path, '.')+1:]
			if kind := kindOf(field, value); kind != "" {
				seen[kind] = append(seen[kind], path)
			}
		})
	}
	kinds := slices.Sorted(maps.Keys(seen))
	for kind, fields := range seen {
		slices.Sort(fields)
		seen[kind] = slices.Compact(fields)
	}
	switch len(kinds) {
	case 0:
		return open("no response contained a number")
	case 1:
		return found(kinds[0], "in all of these fields: %s", strings.Join(seen[kinds[0]], ", "))
	}
	var parts []string
	for _, kind := range kinds {
		parts = append(parts, fmt.Sprintf("%s in %s", kind, strings.Join(seen[kind], ", ")))
	}
	return open("several formats were seen: %s", strings.Join(parts, "; "))
}

// kindOf returns the reading of loose-types that a value indicates, "" for none.
func kindOf(field string, value any) string {
	number, boolean := slices.Contains(numberFields, field), slices.Contains(booleanFields, field)
	switch v := value.(type) {
	case json.Number:
		if number && strings.Contains(v.String(), ".") {
			return "fraction"
		}
		if number {
			return "none"
		}
	case string:
		if number || boolean {
			return "text"
		}
	}
	// A boolean is the same in two of the three.
	return ""
}

// eachField calls do for all fields that are neither objects nor lists.
func eachField(content any, path string, do func(path string, value any)) {
	switch v := content.(type) {
	case object:
		eachField(map[string]any(v), path, do)
	case map[string]any:
		for name, value := range v {
			eachField(value, strings.TrimPrefix(path+"."+name, "."), do)
		}
	case []any:
		for _, value := range v {
			eachField(value, path, do)
		}
	default:
		do(path, content)
	}
}
