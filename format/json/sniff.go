package json

import (
	"bytes"
	"encoding/json"

	"github.com/anabranch/anabranch/columnar"
	"github.com/anabranch/anabranch/format/text"
)

// sniffRows is how many objects of a sample are looked at.
const sniffRows = 2048

// Sniff guesses the columns from the beginning of a file: objects become ROW, arrays ARRAY,
// strings that all look like dates or timestamps such. What follows the last whole object of
// the sample is ignored.
func Sniff(sample []byte) *columnar.Schema {
	dec := json.NewDecoder(bytes.NewReader(bytes.TrimPrefix(sample, []byte("\xef\xbb\xbf"))))
	dec.UseNumber()
	var root shape
	if t := bytes.TrimLeft(sample, " \t\r\n\xef\xbb\xbf"); len(t) > 0 && t[0] == '[' {
		_, _ = dec.Token()
	}
	for range sniffRows {
		if !dec.More() || !root.learn(dec) {
			break
		}
	}
	return &columnar.Schema{Fields: root.sqlType().Fields}
}

// shape is what is known of a value from the examples seen.
type shape struct {
	kinds  kinds
	names  []string // of an object, in order of appearance
	fields map[string]*shape
	elem   *shape
}

type kinds uint8

const (
	isObject kinds = 1 << iota
	isArray
	isInt
	isFloat
	isBool
	isDate
	isTimestamp
	isString
)

// learn reads a value; false at the end of the sample or an error in it.
func (s *shape) learn(dec *json.Decoder) bool {
	token, err := dec.Token()
	if err != nil {
		return false
	}
	switch t := token.(type) {
	case json.Delim:
		if t == '{' {
			return s.learnObject(dec)
		}
		return s.learnArray(dec)
	case bool:
		s.kinds |= isBool
	case json.Number:
		if _, ok := text.ParseInt([]byte(t)); ok {
			s.kinds |= isInt
		} else {
			s.kinds |= isFloat
		}
	case string:
		s.kinds |= stringKind([]byte(t))
	}
	return true
}

func stringKind(b []byte) kinds {
	if _, ok := text.ParseDate(b); ok {
		return isDate
	}
	if _, ok := text.ParseTimestamp(b, 6); ok && b[len(b)-1] != 'Z' && b[10] == ' ' {
		return isTimestamp
	}
	return isString
}

func (s *shape) learnObject(dec *json.Decoder) bool {
	s.kinds |= isObject
	if s.fields == nil {
		s.fields = make(map[string]*shape)
	}
	for dec.More() {
		token, err := dec.Token()
		name, ok := token.(string)
		if err != nil || !ok {
			return false
		}
		f := s.fields[name]
		if f == nil {
			f = &shape{}
			s.fields[name] = f
			s.names = append(s.names, name)
		}
		if !f.learn(dec) {
			return false
		}
	}
	_, err := dec.Token()
	return err == nil
}

func (s *shape) learnArray(dec *json.Decoder) bool {
	s.kinds |= isArray
	if s.elem == nil {
		s.elem = &shape{}
	}
	for dec.More() {
		if !s.elem.learn(dec) {
			return false
		}
	}
	_, err := dec.Token()
	return err == nil
}

// sqlType is the narrowest type for all examples; mixed ones are read as text.
func (s *shape) sqlType() columnar.Type {
	switch s.kinds {
	case isObject:
		t := columnar.Type{Kind: columnar.Row}
		for _, n := range s.names {
			t.Fields = append(t.Fields, columnar.Field{Name: n, Type: s.fields[n].sqlType()})
		}
		return t
	case isArray:
		return columnar.ArrayOf(s.elem.sqlType())
	case isInt:
		return columnar.TypeBigInt
	case isFloat, isFloat | isInt:
		return columnar.TypeDouble
	case isBool:
		return columnar.TypeBoolean
	case isDate:
		return columnar.TypeDate
	case isTimestamp:
		return columnar.TypeTimestamp
	}
	return columnar.TypeString
}
