package main

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"
)

func TestServe(t *testing.T) {
	var out bytes.Buffer
	in := `{"name":"a","sql":"SELECT i, 1.50::DECIMAL(4,2), 'x' FROM range(3) AS t(i) ORDER BY i","threads":2,"memory_bytes":1000000000,"runs":2}
{"name":"b","sql":"SELEC","threads":1,"runs":1}
`
	if err := serve(t.Context(), strings.NewReader(in), &out); err != nil {
		t.Fatal(err)
	}
	var results []result
	for d := json.NewDecoder(&out); d.More(); {
		var r result
		if err := d.Decode(&r); err != nil {
			t.Fatal(err)
		}
		results = append(results, r)
	}
	if len(results) != 3 {
		t.Fatalf("%d results: %+v", len(results), results)
	}
	for i, r := range results[:2] {
		if r.Run != i+1 || r.Rows != 3 || strings.Join(r.First, " ") != "0 1.5 x" && strings.Join(r.First, " ") != "0 1.50 x" || r.Error != "" || r.Version == "" {
			t.Errorf("run %d: %+v", i+1, r)
		}
	}
	if results[2].Error == "" {
		t.Error("a statement that is none gave no error")
	}
}
