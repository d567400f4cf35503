package bench

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
)

// job is what a peer is asked, a line of JSON on its standard input.
type job struct {
	Name        string `json:"name"`
	SQL         string `json:"sql"`
	Threads     int    `json:"threads"`
	MemoryBytes int64  `json:"memory_bytes"` // 0 leaves it to the peer
	Runs        int    `json:"runs"`
}

// jobResult is what a peer answers for each run, a line of JSON on its standard output.
type jobResult struct {
	Version    string   `json:"version"`
	Run        int      `json:"run"`
	Seconds    float64  `json:"seconds"`
	CPUSeconds float64  `json:"cpu_seconds"`
	Rows       int64    `json:"rows"`
	First      []string `json:"first"` // row, as text
	Error      string   `json:"error,omitempty"`
}

// peer is a program that runs the same queries. It stays for all of them, so that its start is not
// part of any.
type peer struct {
	name    string
	version string
	cmd     *exec.Cmd
	in      io.WriteCloser
	out     *bufio.Reader
}

// findPeer is the path of a peer's program.
func findPeer(name string) (string, error) {
	path, err := exec.LookPath("anabranch-peer-" + name)
	if err != nil {
		return "", fmt.Errorf("peer %s: no program anabranch-peer-%s on PATH; see bench/peers: %w", name, name, err)
	}
	return path, nil
}

func startPeer(ctx context.Context, name string) (*peer, error) {
	path, err := findPeer(name)
	if err != nil {
		return nil, err
	}
	p := &peer{name: name, cmd: exec.CommandContext(ctx, path)}
	p.cmd.Stderr = os.Stderr
	if p.in, err = p.cmd.StdinPipe(); err != nil {
		return nil, err
	}
	out, err := p.cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	p.out = bufio.NewReader(out)
	return p, p.cmd.Start()
}

// run asks for one run of a job.
func (p *peer) run(j job) (r jobResult, err error) {
	text, err := json.Marshal(j)
	if err == nil {
		_, err = p.in.Write(append(text, '\n'))
	}
	if err != nil {
		return r, fmt.Errorf("peer %s: %w", p.name, err)
	}
	line, err := p.out.ReadBytes('\n')
	if err == nil {
		err = json.Unmarshal(line, &r)
	}
	if err == nil && r.Error != "" {
		err = errors.New(r.Error)
	}
	if err != nil {
		return r, fmt.Errorf("peer %s: %w", p.name, err)
	}
	p.version = r.Version
	return r, nil
}

// close ends the program.
func (p *peer) close() error {
	err := errors.Join(p.in.Close(), p.cmd.Wait())
	if err != nil {
		return fmt.Errorf("peer %s: %w", p.name, err)
	}
	return nil
}
