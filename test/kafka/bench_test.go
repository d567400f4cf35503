package kafka

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/anabranch/anabranch/builtin"
	"github.com/anabranch/anabranch/expr"
	"github.com/anabranch/anabranch/scheduler"
	"github.com/anabranch/anabranch/sql/parser"
	"github.com/anabranch/anabranch/sql/session"
	"github.com/anabranch/anabranch/test/services"
)

const (
	benchRecords = 2_000_000
	benchParts   = 4
	benchPairs   = 9
)

// BenchmarkBids compares a job that counts bids by auction and window with a loop that polls and counts
// the records, in pairs.
func BenchmarkBids(b *testing.B) {
	k := services.StartKafka(b)
	fill(b, k)
	sql := "CREATE TABLE bids (auction BIGINT, bidder BIGINT, price BIGINT, channel STRING, url STRING, `dateTime` TIMESTAMP(3), extra STRING, WATERMARK FOR `dateTime` AS `dateTime` - INTERVAL '4' SECOND) " +
		"WITH ('connector' = 'kafka', 'topic' = 'bids', 'properties.bootstrap.servers' = '" + k.Addr + "', 'format' = 'json', 'scan.startup.mode' = 'earliest-offset', 'scan.bounded.mode' = 'latest-offset');\n" +
		"CREATE TABLE none (auction BIGINT, n BIGINT, w TIMESTAMP(3)) WITH ('connector' = 'blackhole');\n" +
		"INSERT INTO none SELECT auction, count(*), window_start FROM TABLE(TUMBLE(TABLE bids, DESCRIPTOR(`dateTime`), INTERVAL '10' SECOND)) GROUP BY auction, window_start, window_end"
	bare(b, k)
	job(b, sql)
	var ratios []float64
	var loops, jobs time.Duration
	for range benchPairs {
		loop, ours := bare(b, k), job(b, sql)
		loops, jobs = loops+loop, jobs+ours
		ratios = append(ratios, loop.Seconds()/ours.Seconds())
	}
	slices.Sort(ratios)
	b.ReportMetric(benchRecords*benchPairs/loops.Seconds()/1e6, "loop-Mrec/s")
	b.ReportMetric(benchRecords*benchPairs/jobs.Seconds()/1e6, "job-Mrec/s")
	b.ReportMetric(ratios[benchPairs/2], "ratio")
	b.ReportMetric(ratios[0], "ratio-min")
	b.ReportMetric(ratios[benchPairs-1], "ratio-max")
}

func fill(b *testing.B, k *services.Kafka) {
	c, err := kgo.NewClient(kgo.SeedBrokers(k.Addr), kgo.RecordPartitioner(kgo.ManualPartitioner()), kgo.ProducerBatchCompression(kgo.NoCompression()))
	if err != nil {
		b.Fatal(err)
	}
	defer c.Close()
	if _, err := kadm.NewClient(c).CreateTopic(b.Context(), benchParts, 1, nil, "bids"); err != nil {
		b.Fatal(err)
	}
	start := time.Date(2023, 5, 1, 0, 0, 0, 0, time.UTC)
	for i := range benchRecords {
		v := fmt.Appendf(nil, `{"auction":%d,"bidder":%d,"price":%d,"channel":"channel-%d","url":"https://www.nexmark.com/abo/oaa/ktgz/item.htm?query=1&channel_id=%d","dateTime":"%s","extra":"%s"}`,
			1000+i%977, 2000+i%1009, i*31%100000, i%8000, i*7, start.Add(time.Duration(i)*50*time.Microsecond).Format("2006-01-02 15:04:05.000"), strings.Repeat("x", 36+i%3))
		c.Produce(b.Context(), &kgo.Record{Topic: "bids", Partition: int32(i % benchParts), Value: v}, func(_ *kgo.Record, err error) {
			if err != nil {
				b.Error(err)
			}
		})
	}
	if err := c.Flush(b.Context()); err != nil {
		b.Fatal(err)
	}
}

func bare(b *testing.B, k *services.Kafka) time.Duration {
	start := time.Now()
	c, err := kgo.NewClient(kgo.SeedBrokers(k.Addr), kgo.ConsumeTopics("bids"), kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()),
		kgo.FetchMaxBytes(64<<20), kgo.FetchMaxPartitionBytes(4<<20))
	if err != nil {
		b.Fatal(err)
	}
	defer c.Close()
	for n := 0; n < benchRecords; {
		n += c.PollFetches(context.Background()).NumRecords()
	}
	return time.Since(start)
}

func job(b *testing.B, sql string) time.Duration {
	start := time.Now()
	s := session.New(builtin.Connectors())
	statements, err := parser.Parse("SET 'execution.runtime-mode' = 'streaming';\n" + sql)
	if err != nil {
		b.Fatal(err)
	}
	for _, st := range statements {
		if !session.Runs(st) {
			if _, err := s.Apply(st, sql); err != nil {
				b.Fatal(err)
			}
			continue
		}
		p, err := s.Plan(st, sql)
		if err == nil {
			err = scheduler.Run(b.Context(), p.Job, scheduler.Options{Parallelism: 2, Connectors: s.Registry, Env: &expr.Env{Location: time.UTC}})
		}
		if err != nil {
			b.Fatal(err)
		}
	}
	return time.Since(start)
}
