package script

import (
	"strings"
	"testing"
)

func TestExpand(t *testing.T) {
	lookup := func(name string) (string, bool) {
		v, ok := map[string]string{"DIR": "/tmp", "Q": "it's", "_N1": "7"}[name]
		return v, ok
	}
	for text, want := range map[string]string{
		"SELECT ${_N1}":                    "SELECT 7",
		"'${DIR}/x' -- ${NONE}\n${DIR}":    "'/tmp/x' -- ${NONE}\n/tmp",
		"'${Q}' \"${Q}\" /* ${NONE} */":    "'it''s' \"it's\" /* ${NONE} */",
		"'--' ${_N1}":                      "'--' 7",
		"${} ${1A} ${A B} $DIR ${DIR":      "${} ${1A} ${A B} $DIR ${DIR",
		"/* not closed ${NONE}":            "/* not closed ${NONE}",
		"'it''s ${DIR}' `a-${DIR}` ${_N1}": "'it''s /tmp' `a-/tmp` 7",
	} {
		got, err := Expand(text, lookup)
		if err != nil || got != want {
			t.Errorf("Expand(%q) = %q, %v; want %q", text, got, err, want)
		}
	}
	_, err := Expand("SELECT 1;\nSELECT\n${NONE}", lookup)
	if err == nil || !strings.Contains(err.Error(), "line 3") || !strings.Contains(err.Error(), "NONE") {
		t.Errorf("error %v", err)
	}
}
