// Package metrics serves the figures of running jobs, and of the process, to Prometheus.
//
// Invariant: what is served is the newest Progress of each job, so serving costs a job nothing.
package metrics

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/anabranch/anabranch/dataflow"
	"github.com/anabranch/anabranch/scheduler"
)

// Server serves /metrics.
type Server struct {
	listener net.Listener
	server   *http.Server
	ended    chan error

	mu   sync.Mutex
	jobs map[string]scheduler.Progress
}

// headerMax is how long a client may take to send the head of its request.
const headerMax = 10 * time.Second

// Listen serves at an address such as "localhost:9249"; port 0 takes a free one.
func Listen(addr string) (*Server, error) {
	l, err := (&net.ListenConfig{}).Listen(context.Background(), "tcp", addr)
	if err != nil {
		return nil, fmt.Errorf("--metrics-addr: %w", err)
	}
	s := &Server{listener: l, ended: make(chan error, 1), jobs: map[string]scheduler.Progress{}}
	registry := prometheus.NewRegistry()
	registry.MustRegister(collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}), s)
	mux := http.NewServeMux()
	mux.Handle("/metrics", promhttp.HandlerFor(registry, promhttp.HandlerOpts{}))
	s.server = &http.Server{Handler: mux, ReadHeaderTimeout: headerMax}
	go func() { s.ended <- s.server.Serve(l) }()
	return s, nil
}

// Addr is where the server listens.
func (s *Server) Addr() string { return s.listener.Addr().String() }

// Close ends the server.
func (s *Server) Close() error {
	err := s.server.Shutdown(context.Background())
	if ended := <-s.ended; !errors.Is(ended, http.ErrServerClosed) {
		err = errors.Join(err, ended)
	}
	return err
}

// Job takes the news of a job.
func (s *Server) Job(name string, p scheduler.Progress) {
	s.mu.Lock()
	s.jobs[name] = p
	s.mu.Unlock()
}

// figure is a metric of a job.
type figure struct {
	desc  *prometheus.Desc
	kind  prometheus.ValueType
	value func(p *scheduler.Progress) float64
}

func describe(name, help string, labels ...string) *prometheus.Desc {
	return prometheus.NewDesc("anabranch_job_"+name, help, append([]string{"job"}, labels...), nil)
}

var skipped = describe("skipped_rows_total", "Rows left out, by reason: late, bad and others.", "reason")

// watermark is in seconds since 1970; it is not there before the first.
var watermark = describe("watermark_seconds", "Event time up to which the job has come, in seconds since 1970.")

var figures = []figure{
	{describe("running", "1 while the job runs."), prometheus.GaugeValue, func(p *scheduler.Progress) float64 {
		if p.Final {
			return 0
		}
		return 1
	}},
	{describe("read_rows_total", "Rows read by all sources."), prometheus.CounterValue, func(p *scheduler.Progress) float64 { return float64(p.RowsRead) }},
	{describe("state_bytes", "Memory that operators hold as state."), prometheus.GaugeValue, func(p *scheduler.Progress) float64 { return float64(p.StateBytes) }},
	{describe("restarts_total", "Starts after failures."), prometheus.CounterValue, func(p *scheduler.Progress) float64 { return float64(p.Restarts) }},
	{describe("checkpoints_total", "Complete checkpoints since the last start."), prometheus.CounterValue, func(p *scheduler.Progress) float64 { return float64(p.Checkpoints.Complete) }},
	{describe("checkpoints_failed_total", "Checkpoints given up since the last start."), prometheus.CounterValue, func(p *scheduler.Progress) float64 { return float64(p.Checkpoints.Failed) }},
	{describe("last_checkpoint_bytes", "Size of the newest complete checkpoint."), prometheus.GaugeValue, func(p *scheduler.Progress) float64 { return float64(p.Checkpoints.Newest.Bytes) }},
	{describe("last_checkpoint_seconds", "Time from the start of the newest complete checkpoint until its output was visible."), prometheus.GaugeValue, func(p *scheduler.Progress) float64 { return p.Checkpoints.Newest.Took.Seconds() }},
}

// Describe lists the metrics of jobs.
func (s *Server) Describe(out chan<- *prometheus.Desc) {
	for _, f := range figures {
		out <- f.desc
	}
	out <- skipped
	out <- watermark
}

// Collect hands out their values.
func (s *Server) Collect(out chan<- prometheus.Metric) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for name, p := range s.jobs {
		for _, f := range figures {
			out <- prometheus.MustNewConstMetric(f.desc, f.kind, f.value(&p), name)
		}
		for reason, n := range p.Skipped {
			out <- prometheus.MustNewConstMetric(skipped, prometheus.CounterValue, float64(n), name, reason)
		}
		if p.Watermark != dataflow.MinTime && p.Watermark != dataflow.MaxTime {
			out <- prometheus.MustNewConstMetric(watermark, prometheus.GaugeValue, float64(p.Watermark)/1e6, name)
		}
	}
}
