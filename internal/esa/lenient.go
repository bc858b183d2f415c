package esa

import (
	"bytes"
	"encoding/json"
	"errors"
	"math"
	"reflect"
	"strconv"
	"strings"
)

// unmarshal decodes a response into out. Like the official SDKs, it accepts values of other JSON types: a number as a
// string or with a zero fraction, a string as a number, a boolean as a string, null as an empty string. The error for
// any other value contains the field, but not the value.
func unmarshal(body []byte, out any) error {
	err := json.Unmarshal(body, out)
	if wrongType := new(json.UnmarshalTypeError); !errors.As(err, &wrongType) {
		return err
	}
	decoder := json.NewDecoder(bytes.NewReader(body))
	decoder.UseNumber()
	var content any
	if err := decoder.Decode(&content); err != nil {
		return err
	}
	target := reflect.ValueOf(out).Elem()
	target.SetZero()
	return assign(target, content, "")
}

// fieldError returns the error for a field with a value of the wrong type.
func fieldError(field string, content any) error {
	kind := "boolean"
	switch content.(type) {
	case json.Number:
		kind = "number"
	case string:
		kind = "string"
	case []any:
		kind = "array"
	case map[string]any:
		kind = "object"
	}
	return &json.UnmarshalTypeError{Value: kind, Field: field}
}

// assign converts a value to the type of a field and sets the field.
func assign(target reflect.Value, content any, field string) error {
	if content == nil {
		return nil
	}
	switch target.Kind() {
	case reflect.Pointer:
		if content == "" {
			return nil
		}
		target.Set(reflect.New(target.Type().Elem()))
		return assign(target.Elem(), content, field)
	case reflect.Struct:
		return assignFields(target, content, field)
	case reflect.Slice:
		return assignItems(target, content, field)
	case reflect.String:
		return assignText(target, content, field)
	case reflect.Bool:
		return assignBool(target, content, field)
	case reflect.Int, reflect.Int64:
		return assignInt(target, content, field)
	}
	return fieldError(field, content)
}

func assignInt(target reflect.Value, content any, field string) error {
	text, ok := written(content)
	if ok && text == "" {
		return nil
	}
	n, whole := wholeNumber(text)
	if !ok || !whole || target.OverflowInt(n) {
		return fieldError(field, content)
	}
	target.SetInt(n)
	return nil
}

// written returns the text of a value, if it is a string or a number.
func written(content any) (text string, ok bool) {
	switch v := content.(type) {
	case string:
		return strings.TrimSpace(v), true
	case json.Number:
		return v.String(), true
	}
	return "", false
}

// wholeNumber parses an integer exactly. It accepts a zero fraction and an exponent.
func wholeNumber(text string) (int64, bool) {
	if whole, fraction, _ := strings.Cut(text, "."); fraction != "" && strings.Trim(fraction, "0") == "" {
		text = whole
	}
	if n, err := strconv.ParseInt(text, 10, 64); err == nil {
		return n, true
	}
	const exact = 1 << 53 // a float64 is exact up to here
	f, err := strconv.ParseFloat(text, 64)
	if err != nil || f != math.Trunc(f) || math.Abs(f) >= exact || !strings.ContainsAny(text, "eE") {
		return 0, false
	}
	return int64(f), true
}

func assignFields(target reflect.Value, content any, field string) error {
	object, ok := content.(map[string]any)
	if !ok {
		return fieldError(field, content)
	}
	for i := range target.NumField() {
		name, _, _ := strings.Cut(target.Type().Field(i).Tag.Get("json"), ",")
		if name == "" {
			name = target.Type().Field(i).Name
		}
		if name == "-" {
			continue
		}
		value, found := object[name]
		for key, other := range object {
			// encoding/json ignores case too.
			if !found && strings.EqualFold(key, name) {
				value = other
			}
		}
		if err := assign(target.Field(i), value, strings.TrimPrefix(field+"."+name, ".")); err != nil {
			return err
		}
	}
	return nil
}

func assignItems(target reflect.Value, content any, field string) error {
	list, ok := content.([]any)
	if !ok {
		return fieldError(field, content)
	}
	target.Set(reflect.MakeSlice(target.Type(), len(list), len(list)))
	for i, item := range list {
		if err := assign(target.Index(i), item, field); err != nil {
			return err
		}
	}
	return nil
}

func assignText(target reflect.Value, content any, field string) error {
	switch v := content.(type) {
	case string:
		target.SetString(v)
	case json.Number:
		target.SetString(v.String())
	case bool:
		target.SetString(strconv.FormatBool(v))
	default:
		return fieldError(field, content)
	}
	return nil
}

func assignBool(target reflect.Value, content any, field string) error {
	if v, ok := content.(bool); ok {
		target.SetBool(v)
		return nil
	}
	text, ok := written(content)
	switch {
	case ok && (text == "" || text == "0" || strings.EqualFold(text, "false")):
	case ok && (text == "1" || strings.EqualFold(text, "true")):
		target.SetBool(true)
	default:
		return fieldError(field, content)
	}
	return nil
}
