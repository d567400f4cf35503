package services

import (
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"syscall"
	"testing"
	"time"

	"github.com/anabranch/anabranch/internal/clock"
)

// Kafka is a running broker.
type Kafka struct {
	// Addr is its bootstrap address.
	Addr string

	t      testing.TB
	data   string
	port   int
	format []string // arguments of the tool that formats data
	cmd    *exec.Cmd
}

// StartKafka starts a broker for the length of a test.
func StartKafka(t testing.TB) *Kafka {
	t.Helper()
	k := newKafka(t, 2)
	k.Start()
	t.Cleanup(k.Stop)
	return k
}

// newKafka is a broker that was not started, with a number of ports.
func newKafka(t testing.TB, ports int) *Kafka {
	t.Helper()
	if _, err := exec.LookPath("java"); err != nil {
		missing(t, "Kafka", "there is no java")
	}
	if !installed("kafka-") {
		missing(t, "Kafka", "its jars are not installed: run test/services/kafka.sh install")
	}
	k := &Kafka{t: t, data: t.TempDir(), port: freePorts(t, ports)}
	k.Addr = fmt.Sprintf("127.0.0.1:%d", k.port)
	return k
}

// Start starts a broker that was stopped, on the same address and data.
func (k *Kafka) Start() {
	k.t.Helper()
	name := filepath.Join(k.data, "output")
	log, err := os.Create(name)
	if err != nil {
		k.t.Fatal(err)
	}
	defer log.Close() //nolint:errcheck // the broker has its own
	k.cmd = exec.CommandContext(context.Background(), script("kafka.sh"), append([]string{"run", k.data, fmt.Sprint(k.port)}, k.format...)...)
	k.cmd.Stdout, k.cmd.Stderr = log, log
	k.cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if err := k.cmd.Start(); err != nil {
		k.t.Fatal(err)
	}
	for range 600 {
		c, err := (&net.Dialer{Timeout: time.Second}).DialContext(k.t.Context(), "tcp", k.Addr)
		if err == nil {
			_ = c.Close() // it was a probe
			return
		}
		if err := clock.Pause(k.t.Context(), 100*time.Millisecond); err != nil {
			k.t.Fatal(err)
		}
	}
	k.Stop()
	text, _ := os.ReadFile(name) // it helps if it is there
	k.t.Fatalf("Kafka does not answer at %s:\n%s", k.Addr, text)
}

// Stop ends the broker at once, as a crash would.
func (k *Kafka) Stop() {
	if k.cmd == nil {
		return
	}
	_ = syscall.Kill(-k.cmd.Process.Pid, syscall.SIGKILL) // fails if it has ended
	_ = k.cmd.Wait()                                      // says that it was killed
	k.cmd = nil
}

// Pause makes the broker silent until Resume: its connections stay, but nobody answers.
func (k *Kafka) Pause() { k.signal(syscall.SIGSTOP) }

// Resume ends a pause.
func (k *Kafka) Resume() { k.signal(syscall.SIGCONT) }

func (k *Kafka) signal(s syscall.Signal) {
	k.t.Helper()
	if err := syscall.Kill(-k.cmd.Process.Pid, s); err != nil {
		k.t.Fatal(err)
	}
}

func missing(t testing.TB, name, why string) {
	t.Helper()
	if os.Getenv("ANABRANCH_REQUIRE_SERVICES") == "1" {
		t.Fatalf("%s is required: %s", name, why)
	}
	t.Skipf("SKIPPED, needs %s: %s", name, why)
}

func script(name string) string {
	_, file, _, _ := runtime.Caller(0)
	return filepath.Join(filepath.Dir(file), name)
}

func installed(prefix string) bool {
	cache := os.Getenv("ANABRANCH_SERVICES_CACHE")
	if cache == "" {
		home, err := os.UserHomeDir()
		if err != nil {
			return false
		}
		cache = filepath.Join(home, ".cache", "anabranch-services")
	}
	found, err := filepath.Glob(filepath.Join(cache, prefix+"*", "complete"))
	return err == nil && len(found) > 0
}

// freePorts finds a port that is free, with those behind it up to n in all.
func freePorts(t testing.TB, n int) int {
	t.Helper()
	for range 100 {
		if port := freePort(t, 0); port > 0 && port+n < 1<<16 {
			free := 1
			for free < n && freePort(t, port+free) > 0 {
				free++
			}
			if free == n {
				return port
			}
		}
	}
	t.Fatalf("no %d free ports", n)
	return 0
}

// freePort is the port if it is free, any free one for 0, and 0 if it is not.
func freePort(t testing.TB, port int) int {
	l, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", fmt.Sprintf("127.0.0.1:%d", port))
	if err != nil {
		return 0
	}
	port = l.Addr().(*net.TCPAddr).Port
	_ = l.Close() // it was to find the port
	return port
}
