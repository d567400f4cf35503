package generator

import (
	"strings"
	"testing"

	"github.com/anabranch/anabranch/catalog"
	"github.com/anabranch/anabranch/columnar"
)

// TestDatagenRanges has values that a column cannot hold refused, not wrapped around.
func TestDatagenRanges(t *testing.T) {
	for options, want := range map[string]string{
		"max=2147483647": "", "max=2147483648": "not an integer from -2147483648 to 2147483647", "min=5,max=4": "at least 5",
		"null-rate=1": "", "null-rate=1.5": "from 0 to 1", "null-rate=-1": "from 0 to 1", "null-rate=NaN": "from 0 to 1",
		"kind=sequence,end=2147483648": "not an integer from 0 to 2147483647", "kind=sequence,start=-2147483649": "at least -2147483648",
	} {
		given := map[string]string{"connector": "datagen"}
		for o := range strings.SplitSeq(options, ",") {
			key, value, _ := strings.Cut(o, "=")
			given["fields.n."+key] = value
		}
		spec := &catalog.TableSpec{Name: "t", Options: given, Schema: columnar.NewSchema(columnar.Field{Name: "n", Type: columnar.TypeInteger})}
		_, err := Datagen{}.Source(spec)
		if (err == nil) != (want == "") || err != nil && !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", options, err, want)
		}
	}
}
