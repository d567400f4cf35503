package shuffle

import (
	"testing"

	"github.com/anabranch/anabranch/columnar"
	"github.com/anabranch/anabranch/columnar/mem"
)

// TestExchangePairs lets the consumer come when the producer has ended.
func TestExchangePairs(t *testing.T) {
	s := &columnar.Schema{Fields: []columnar.Field{{Name: "k", Type: columnar.TypeBigInt}}}
	x := NewExchange()
	n := ChannelName{Attempt: 1, Node: 2, Consumer: 1}
	x.Channel(n, 4, s).PushEnd()
	if e, ok, err := x.Channel(n, 4, s).Pop(); !ok || err != nil || !e.End {
		t.Errorf("popped %+v, %t, %v", e, ok, err)
	}
	x.Channel(ChannelName{Attempt: 2}, 4, s)
	x.Release(1)
	if len(x.channels) != 1 {
		t.Errorf("%d channels, want that of attempt 2", len(x.channels))
	}
	x.Release(2)
	if len(x.channels) != 0 {
		t.Error("a channel of an attempt that failed is left")
	}
}

// TestAbandonedChannel has no room, so that its producer waits until it is canceled, and is not
// canceled, which would let the producer end well.
func TestAbandonedChannel(t *testing.T) {
	s := &columnar.Schema{Fields: []columnar.Field{{Name: "k", Type: columnar.TypeBigInt}}}
	c := NewChannel(4)
	before := mem.AllocatedBytes()
	batch := func() *columnar.Batch {
		b := columnar.NewBatch(s)
		b.Reset(100_000)
		return b.Own()
	}
	c.Push(batch())
	c.Abandon()
	c.Push(batch())
	if c.Room() || c.Canceled() {
		t.Errorf("room %t, canceled %t", c.Room(), c.Canceled())
	}
	if after := mem.AllocatedBytes(); after != before {
		t.Errorf("%d bytes are still allocated", after-before)
	}
}
