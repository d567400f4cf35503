package generator

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/anabranch/anabranch/catalog"
	"github.com/anabranch/anabranch/columnar"
	"github.com/anabranch/anabranch/dataflow"
)

// Nexmark is the connector 'nexmark'.
type Nexmark struct{}

var (
	_ catalog.SourceConnector = Nexmark{}
	_ catalog.Inferrer        = Nexmark{}
)

// Name is 'nexmark'.
func (Nexmark) Name() string { return "nexmark" }

// baseTimeMillis is the time of event 0 by default: 2015-07-15 00:00:00 UTC, as in Apache Beam's
// version of the benchmark.
const baseTimeMillis = 1436918400000

// Options lists the options, those of the public benchmark and base-time.
func (Nexmark) Options() []catalog.Option {
	return []catalog.Option{
		{Key: "first-event.rate", Description: "events a second of event time", Default: "10000"},
		{Key: "next-event.rate", Description: "same as first-event.rate; other values are refused", Default: "10000"},
		{Key: "events.num", Description: "number of events; 0 is without end", Default: "0"},
		{Key: "person.proportion", Description: "share of persons", Default: "1"},
		{Key: "auction.proportion", Description: "share of auctions", Default: "3"},
		{Key: "bid.proportion", Description: "share of bids", Default: "46"},
		{Key: "person.avg-size", Description: "average size of a person", Default: "200b"},
		{Key: "auction.avg-size", Description: "average size of an auction", Default: "500b"},
		{Key: "bid.avg-size", Description: "average size of a bid", Default: "100b"},
		{Key: "bid.hot-ratio.auctions", Description: "one of so many bids is not for the hot auction", Default: "2"},
		{Key: "bid.hot-ratio.bidders", Description: "one of so many bids is not of the hot bidder", Default: "4"},
		{Key: "auction.hot-ratio.sellers", Description: "one of so many auctions is not of the hot seller", Default: "4"},
		{Key: "max-emit-speed", Description: "make events as fast as possible instead of at their rate", Default: "true"},
		{Key: "base-time", Description: "time of the first event in milliseconds since 1970", Default: "1436918400000"},
	}
}

// nexmarkConfig is what the options say.
type nexmarkConfig struct {
	rate, events              int64
	person, auction, bid      int64 // proportions
	total                     int64
	personSize, auctionSize   int64
	bidSize                   int64
	hotAuctions, hotBidders   int64
	hotSellers                int64
	baseTime                  int64
	paced                     bool
	microsPerEvent            float64
	activePeople, openAuction int64
}

func newNexmarkConfig(given map[string]string) (*nexmarkConfig, error) {
	o := &options{given: given}
	c := &nexmarkConfig{
		rate: o.int("first-event.rate", 10000, 1), events: o.int("events.num", 0, 0),
		person: o.int("person.proportion", 1, 1), auction: o.int("auction.proportion", 3, 1), bid: o.int("bid.proportion", 46, 1),
		personSize: o.bytes("person.avg-size", 200), auctionSize: o.bytes("auction.avg-size", 500), bidSize: o.bytes("bid.avg-size", 100),
		hotAuctions: o.int("bid.hot-ratio.auctions", 2, 1), hotBidders: o.int("bid.hot-ratio.bidders", 4, 1),
		hotSellers: o.int("auction.hot-ratio.sellers", 4, 1), baseTime: o.int("base-time", baseTimeMillis, 0),
		paced: !o.bool("max-emit-speed", true), activePeople: 1000, openAuction: 100,
	}
	if next := o.int("next-event.rate", c.rate, 1); next != c.rate {
		o.errs = append(o.errs, fmt.Sprintf("option 'next-event.rate' is %d and 'first-event.rate' %d: a changing rate is not supported", next, c.rate))
	}
	c.total = c.person + c.auction + c.bid
	c.microsPerEvent = 1e6 / float64(c.rate)
	return c, o.err()
}

// Infer gives the one schema there is.
func (Nexmark) Infer(context.Context, map[string]string) (*columnar.Schema, error) {
	return nexmarkSchema(), nil
}

func nexmarkSchema() *columnar.Schema {
	row := func(fields ...string) columnar.Type {
		t := columnar.Type{Kind: columnar.Row}
		for _, f := range fields {
			typ := columnar.TypeString
			switch f {
			case "id", "initialBid", "reserve", "seller", "category", "auction", "bidder", "price":
				typ = columnar.TypeBigInt
			case "dateTime", "expires":
				typ = columnar.TimestampOf(3)
			}
			t.Fields = append(t.Fields, columnar.Field{Name: f, Type: typ})
		}
		return t
	}
	return columnar.NewSchema(
		columnar.Field{Name: "event_type", Type: columnar.TypeInteger},
		columnar.Field{Name: "person", Type: row("id", "name", "emailAddress", "creditCard", "city", "state", "dateTime", "extra")},
		columnar.Field{Name: "auction", Type: row("id", "itemName", "description", "initialBid", "reserve", "dateTime", "expires", "seller", "category", "extra")},
		columnar.Field{Name: "bid", Type: row("auction", "bidder", "price", "channel", "url", "dateTime", "extra")},
	)
}

// Source checks the table's columns and options.
func (n Nexmark) Source(spec *catalog.TableSpec) (dataflow.Source, error) {
	if err := catalog.CheckOptions(n, spec.Options); err != nil {
		return nil, fmt.Errorf("table %s: %w", spec.Name, err)
	}
	config, err := newNexmarkConfig(spec.Options)
	if err != nil {
		return nil, fmt.Errorf("table %s: %w", spec.Name, err)
	}
	want := nexmarkSchema()
	for i, f := range spec.Schema.Fields {
		if i >= len(want.Fields) || f.Name != want.Fields[i].Name || !f.Type.SameValues(want.Fields[i].Type) {
			return nil, fmt.Errorf("table %s: column %s %s is not the connector's; its columns are %s", spec.Name, f.Name, f.Type, want)
		}
	}
	if len(spec.Schema.Fields) != len(want.Fields) {
		return nil, fmt.Errorf("table %s: the connector's columns are %s", spec.Name, want)
	}
	return &nexmarkSource{config: config}, nil
}

type nexmarkSource struct{ config *nexmarkConfig }

// Bounded reports whether the number of events is given.
func (s *nexmarkSource) Bounded() bool { return s.config.events > 0 }

// RowCount is the number of events.
func (s *nexmarkSource) RowCount() (n int64, ok bool) { return s.config.events, s.Bounded() }

// nexmarkSplit is every Of-th block of events from the block Index on.
type nexmarkSplit struct {
	Index, Of int64
}

// Splits deals blocks of events out in turn, so that all splits are at about the same time.
func (s *nexmarkSource) Splits(_ context.Context, parallelism int) ([]dataflow.Split, error) {
	splits := make([]dataflow.Split, parallelism)
	for i := range splits {
		data, err := json.Marshal(nexmarkSplit{Index: int64(i), Of: int64(parallelism)})
		if err != nil {
			return nil, err
		}
		splits[i] = dataflow.Split{ID: fmt.Sprintf("nexmark-%d", i), Data: data}
	}
	return splits, nil
}

// Open starts a split.
func (s *nexmarkSource) Open(_ context.Context, split dataflow.Split, req dataflow.ReadRequest) (dataflow.Reader, error) {
	var part nexmarkSplit
	if err := json.Unmarshal(split.Data, &part); err != nil {
		return nil, fmt.Errorf("split %s: %w", split.ID, err)
	}
	block := part.Index
	if len(split.Position) > 0 {
		if err := json.Unmarshal(split.Position, &block); err != nil {
			return nil, fmt.Errorf("split %s: position: %w", split.ID, err)
		}
	}
	return newNexmarkReader(s.config, block, part.Of, req.Columns), nil
}
