package columnar

import (
	"testing"
	"time"
)

func TestInstantOf(t *testing.T) {
	rome, err := time.LoadLocation("Europe/Rome")
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ local, want string }{
		{"2024-01-01 00:00:00", "2023-12-31 23:00:00"},
		{"2024-03-31 01:59:59", "2024-03-31 00:59:59"},
		{"2024-03-31 02:30:00", "2024-03-31 01:30:00"}, // skipped
		{"2024-03-31 03:00:00", "2024-03-31 01:00:00"},
		{"2024-04-01 00:00:00", "2024-03-31 22:00:00"},
		{"2024-10-27 01:59:59", "2024-10-26 23:59:59"},
		{"2024-10-27 02:30:00", "2024-10-27 00:30:00"}, // shown twice
		{"2024-10-27 03:00:00", "2024-10-27 02:00:00"},
		{"1890-01-01 00:00:00", "1889-12-31 23:10:04"}, // by the sun
	} {
		local, err := time.Parse(time.DateTime, c.local)
		if err != nil {
			t.Fatal(err)
		}
		if got := time.Unix(InstantOf(local.Unix(), rome), 0).UTC().Format(time.DateTime); got != c.want {
			t.Errorf("%s in Rome is %s, want %s", c.local, got, c.want)
		}
	}
}
