package catalog

import (
	"slices"
	"strings"
	"testing"

	"github.com/anabranch/anabranch/dataflow"
)

type fake struct{}

func (fake) Name() string { return "fake" }

func (fake) Options() []Option {
	return []Option{{Key: "path", Description: "where", Required: true}, {Key: "format"}, {Key: "on", Values: Flag()}, {Key: "fields.*"}}
}

func TestOptionsAreChecked(t *testing.T) {
	for _, c := range []struct {
		options map[string]string
		want    string // part of the error; empty for none
	}{
		{map[string]string{"connector": "fake", "path": "x", "fields.a.kind": "y"}, ""},
		{map[string]string{"connector": "fake", "path": "x", "on": "TRUE"}, "option 'on' is 'TRUE', not one of true, false"},
		{map[string]string{"connector": "fake"}, "needs the option 'path' (where)"},
		{map[string]string{"path": "x", "fromat": "csv"}, "no option 'fromat'; did you mean 'format'?"},
		{map[string]string{"path": "x", "zzzzzzzz": "1", "aaaaaaaa": "1"}, "no option 'aaaaaaaa'"},
	} {
		err := CheckOptions(fake{}, c.options)
		if c.want == "" && err != nil || c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)) {
			t.Errorf("%v: %v, want %q", c.options, err, c.want)
		}
	}
}

// reader is a connector with options that change nothing.
type reader struct{ fake }

func (reader) Options() []Option { return []Option{{Key: "roll.*", Ignored: "nothing rolls"}} }

func (reader) Source(*TableSpec) (dataflow.Source, error) { return nil, nil }

func TestOptionsWithoutEffectAreTold(t *testing.T) {
	options := map[string]string{"connector": "fake", "roll.size": "1", "scan.parallelism": "2"}
	if err := CheckOptions(reader{}, options); err != nil {
		t.Error(err)
	}
	want := []string{
		"option 'roll.size' has no effect: nothing rolls",
		"option 'scan.parallelism' has no effect: SET 'parallelism.default' is for all operators",
	}
	if got := IgnoredOptions(reader{}, options); !slices.Equal(got, want) {
		t.Errorf("got %q", got)
	}
	if err := CheckOptions(reader{}, map[string]string{"sink.parallelism": "1"}); err == nil {
		t.Error("a source took an option of sinks")
	}
}

func TestUnknownConnectorNamesTheNearest(t *testing.T) {
	r := NewRegistry(fake{})
	if _, err := r.Source(&TableSpec{Name: "t", Connector: "fke"}); err == nil || !strings.Contains(err.Error(), "did you mean 'fake'?") {
		t.Errorf("unknown: %v", err)
	}
	if _, err := r.Sink(&TableSpec{Name: "t", Connector: "fake"}); err == nil || !strings.Contains(err.Error(), "can only be read from") {
		t.Errorf("a connector without sinks: %v", err)
	}
}

func TestNamesAreUsedOnce(t *testing.T) {
	c := New()
	if err := c.AddTable(&Table{Name: "a"}); err != nil {
		t.Fatal(err)
	}
	if err := c.AddView(&View{Name: "a"}, true); err == nil {
		t.Error("a view took a table's name")
	}
	if !c.DropTable("a") || c.DropTable("a") {
		t.Error("dropping a table once and again")
	}
	if err := c.AddView(&View{Name: "a"}, false); err != nil {
		t.Error(err)
	}
}
