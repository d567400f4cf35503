package chaos

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

// smallDisk mounts a disk that only what follows sees, and which is full but for some bytes.
const smallDisk = `set -e
mkdir -p small
mount -t tmpfs -o size=300m none small
fallocate -l %d small/filler
`

// untilRoom runs a job and makes room when a line comes on standard input. What the job has written on the small
// disk is copied to where it is looked for.
const untilRoom = `"$@" &
job=$!
read -r line
rm small/filler
wait $job
if [ -d small/out ]; then cp -r small/out out; fi
`

// toTheEnd runs a job and lists what it has left on the small disk.
const toTheEnd = `status=0
"$@" || status=$?
ls -A small
exit $status
`

func skipWithoutDisks(t *testing.T) {
	t.Helper()
	if testing.Short() {
		t.Skip("fills disks for some seconds")
	}
	if out, err := exec.CommandContext(t.Context(), "unshare", "--mount", "sh", "-c", "mount -t tmpfs none "+t.TempDir()).CombinedOutput(); err != nil {
		t.Skipf("a disk cannot be mounted here: %v: %s", err, out)
	}
}

func onSmallDisk(t *testing.T, work, script string, room int64, command ...string) *exec.Cmd {
	t.Helper()
	script = fmt.Sprintf(smallDisk, 300<<20-room) + script
	c := exec.CommandContext(t.Context(), "unshare", append([]string{"--mount", "sh", "-c", script, "sh"}, command...)...)
	c.Dir = work
	return c
}

// TestFullDisks fills the disk of checkpoints and of a sink under running jobs: they say so, and once there is
// room again they write every row once.
func TestFullDisks(t *testing.T) {
	skipWithoutDisks(t)
	binary := build(t)
	const retries = "\nSET 'restart-strategy.type' = 'fixed-delay';\nSET 'restart-strategy.fixed-delay.attempts' = '1000';\nSET 'restart-strategy.fixed-delay.delay' = '50 ms';\n"
	for _, c := range []struct {
		name, job, set string
		out            string // folder of the result
		room           int64
		message        string // in the line of the error
	}{
		{
			name: "checkpoints", job: "group", set: "SET 'execution.checkpointing.dir' = 'small/checkpoints';", out: "out", room: 3 << 20,
			message: "the folder 'execution.checkpointing.dir' needs room",
		},
		{
			name: "sink", job: "rows", out: "small/out", room: 1 << 20, message: "small/out",
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			dir := t.TempDir()
			want := runToEnd(t, binary, filepath.Join(dir, "enough"), c.job, "batch")
			work := filepath.Join(dir, "small")
			script(t, work, c.job, "streaming")
			path := filepath.Join(work, "job.sql")
			text, err := os.ReadFile(path)
			if err == nil {
				text = bytes.ReplaceAll(text, []byte("'path' = 'out'"), []byte("'path' = '"+c.out+"'"))
				err = os.WriteFile(path, slices.Concat([]byte(retries+c.set), text), 0o644)
			}
			if err != nil {
				t.Fatal(err)
			}
			log := runUntilRoom(t, work, c.room, binary, "run", "job.sql")
			if !strings.Contains(log, c.message) {
				t.Errorf("no word of %q:\n%s", c.message, log)
			}
			if got := output(t, work); !slices.Equal(got, want) {
				t.Errorf("%d rows, want %d", len(got), len(want))
			}
		})
	}
}

// TestFullDiskEndsBatchJob has no room for what a job puts aside: it ends with a line that says so, and leaves
// neither a result nor anything on the disk.
func TestFullDiskEndsBatchJob(t *testing.T) {
	skipWithoutDisks(t)
	work := t.TempDir()
	script(t, work, "group", "batch")
	c := onSmallDisk(t, work, toTheEnd, 2<<20, build(t), "run", "job.sql", "--memory", "40MB", "--set", "io.tmp.dirs=small")
	var out, log bytes.Buffer
	c.Stdout, c.Stderr = &out, &log
	err := c.Run()
	if text := log.String(); err == nil || !strings.Contains(text, "no space left on device; make room or set io.tmp.dirs, or raise --memory\n") || strings.Count(text, "error:") != 1 {
		t.Errorf("error %v and log\n%s", err, text)
	}
	if left := out.String(); left != "filler\n" {
		t.Errorf("left on the disk:\n%s", left)
	}
	if list, err := os.ReadDir(filepath.Join(work, "out")); len(list) > 0 {
		t.Errorf("the result has %v (%v)", list, err)
	}
}

// runUntilRoom runs a command until it has met a full disk, makes room, and waits for its end; the log is returned.
func runUntilRoom(t *testing.T, work string, room int64, command ...string) string {
	t.Helper()
	c := onSmallDisk(t, work, untilRoom, room, command...)
	log := &watchedLog{want: "no space left on device", met: make(chan struct{})}
	c.Stdout, c.Stderr = log, log
	in, err := c.StdinPipe()
	if err == nil {
		err = c.Start()
	}
	if err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- c.Wait() }()
	select {
	case <-log.met:
	case err := <-ended:
		t.Fatalf("the disk was not full: %v\n%s", err, log)
	case <-time.After(time.Minute):
		t.Errorf("the disk is not full after a minute:\n%s", log)
	}
	if _, err := io.WriteString(in, "\n"); err != nil {
		t.Error(err)
	}
	if err := <-ended; err != nil {
		t.Fatalf("%v\n%s", err, log)
	}
	return log.String()
}

// watchedLog tells when a text has been written.
type watchedLog struct {
	mu   sync.Mutex
	buf  bytes.Buffer
	want string
	met  chan struct{}
	once sync.Once
}

func (l *watchedLog) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.buf.Write(b)
	if strings.Contains(l.buf.String(), l.want) {
		l.once.Do(func() { close(l.met) })
	}
	return len(b), nil
}

func (l *watchedLog) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.buf.String()
}
