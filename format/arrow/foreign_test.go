package arrow

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/anabranch/anabranch/columnar/mem"
)

func checkForeign(t *testing.T, dir string) {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(dir, "expect.txt"))
	if err != nil {
		t.Fatal(err)
	}
	want := strings.Split(strings.TrimSuffix(string(text), "\n"), "\n")
	files, _ := filepath.Glob(filepath.Join(dir, "*.arrow*"))
	if len(files) != 4 {
		t.Fatalf("%d files", len(files))
	}
	before := mem.AllocatedBytes()
	for _, path := range files {
		data, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		for _, size := range []int{0, 1, 64} {
			got, err := allRows(open(t, data), ScanOptions{BatchRows: size})
			if err != nil {
				t.Fatalf("%s: %v", path, err)
			}
			compareRows(t, path, got, want)
		}
	}
	if left := mem.AllocatedBytes() - before; left != 0 {
		t.Errorf("%d bytes are still allocated", left)
	}
}

func compareRows(t *testing.T, path string, got, want []string) {
	t.Helper()
	if len(got) != len(want) {
		t.Fatalf("%s: %d rows, want %d", path, len(got), len(want))
	}
	for i := range got {
		if got[i] != want[i] {
			t.Fatalf("%s: row %d:\n got %s\nwant %s", path, i, got[i], want[i])
		}
	}
}

// TestForeignFiles reads what pyarrow wrote, by testdata/foreign/write.py.
func TestForeignFiles(t *testing.T) { checkForeign(t, "testdata/foreign") }

// python finds an interpreter that has pyarrow, by ANABRANCH_PYTHON or on the path.
func python(t *testing.T) string {
	t.Helper()
	name := os.Getenv("ANABRANCH_PYTHON")
	if name == "" {
		name = "python3"
	}
	if out, err := exec.CommandContext(t.Context(), name, "-c", "import pyarrow").CombinedOutput(); err != nil {
		t.Skipf("%s has no pyarrow: %v %s", name, err, out)
	}
	return name
}

// TestPyarrowOfToday reads what the pyarrow of this machine writes.
func TestPyarrowOfToday(t *testing.T) {
	dir := t.TempDir()
	if out, err := exec.CommandContext(t.Context(), python(t), "testdata/foreign/write.py", dir).CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	checkForeign(t, dir)
}

// TestPyarrowReadsOurs copies a foreign file with our writer; pyarrow must find the same values.
func TestPyarrowReadsOurs(t *testing.T) {
	interpreter := python(t)
	data, err := os.ReadFile("testdata/foreign/plain.arrow")
	if err != nil {
		t.Fatal(err)
	}
	f := open(t, data)
	for _, opt := range []WriterOptions{{}, {Codec: LZ4, Views: true}, {Codec: Zstd, Stream: true, BatchRows: 33}} {
		var out bytes.Buffer
		w, err := NewWriter(&out, f.Schema(), opt)
		if err != nil {
			t.Fatal(err)
		}
		s := f.Scan(ScanOptions{})
		for {
			b, err := s.Next()
			if err != nil {
				break
			}
			if err := w.Write(b); err != nil {
				t.Fatal(err)
			}
		}
		s.Close()
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
		path := filepath.Join(t.TempDir(), "ours.arrow")
		if err := os.WriteFile(path, out.Bytes(), 0o600); err != nil {
			t.Fatal(err)
		}
		cmd := exec.CommandContext(t.Context(), interpreter, "testdata/foreign/compare.py", "testdata/foreign/plain.arrow", path)
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("%+v: %v: %s", opt, err, out)
		}
	}
}
