package shuffle

import (
	"sync"

	"github.com/anabranch/anabranch/columnar"
	"github.com/anabranch/anabranch/dataflow"
)

// Status says whether a producer has rows at present.
type Status uint8

// The statuses. One that is Idle does not hold the watermark back.
const (
	_ Status = iota
	Active
	Idle
)

// Element is what a channel delivers: a batch, a barrier, a status, the end, or else a watermark.
type Element struct {
	Batch     *columnar.Batch
	encoded   []byte         // in place of Batch while in an encoding channel
	Barrier   dataflow.Epoch // 0 is none
	Watermark dataflow.Time
	Status    Status // 0 is none
	End       bool
	Shown     bool // Waiting has told of the batch
}

// isWatermark reports whether the element is none of the others.
func (e *Element) isWatermark() bool {
	return !e.hasRows() && e.Barrier == 0 && e.Status == 0 && !e.End
}

func (e *Element) hasRows() bool { return e.Batch != nil || e.encoded != nil }

// Channel is the queue from one producer to one consumer task.
type Channel struct {
	capacity int              // batches; 0 is unlimited, for blocking edges
	encoding *columnar.Schema // of the rows, if they travel as bytes

	mu       sync.Mutex
	queue    []Element
	head     int
	batches  int
	canceled bool // nobody wants what comes
	lost     bool // the consumer has failed: nobody takes what comes, though it is wanted
	awaited  bool // the producer is to be woken when all is taken
	// Called without the lock when the other side may have something to do.
	wakeProducer, wakeConsumer func()
}

// NewChannel makes a channel of a capacity in batches; 0 means unlimited.
func NewChannel(capacity int) *Channel {
	return &Channel{capacity: capacity, wakeProducer: func() {}, wakeConsumer: func() {}}
}

// Encode makes rows of the schema travel as bytes, as they do between processes.
func (c *Channel) Encode(s *columnar.Schema) { c.encoding = s }

// OnRoom sets what to call when the producer may go on. Its side calls it before it pushes anything.
func (c *Channel) OnRoom(wake func()) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.wakeProducer = wake
}

// OnElement sets what to call when the consumer may go on. Its side calls it before the first Pop.
func (c *Channel) OnElement(wake func()) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.wakeConsumer = wake
}

// Push appends a batch, which the channel owns from now on.
func (c *Channel) Push(b *columnar.Batch) {
	c.mu.Lock()
	if c.canceled || c.lost {
		c.mu.Unlock()
		b.Release()
		return
	}
	e := Element{Batch: b}
	if c.encoding != nil {
		e = Element{encoded: columnar.EncodeBatch(nil, b)}
		b.Release()
	}
	c.queue = append(c.queue, e)
	c.batches++
	wake := c.wakeConsumer
	c.mu.Unlock()
	wake()
}

// PushWatermark appends a watermark; a newer one takes the place of one not yet read.
func (c *Channel) PushWatermark(t dataflow.Time) {
	c.mu.Lock()
	if last := len(c.queue) - 1; last >= c.head && c.queue[last].isWatermark() {
		c.queue[last].Watermark = t
		c.mu.Unlock()
		return
	}
	c.appendAndUnlock(Element{Watermark: t})
}

// PushBarrier appends the barrier of an epoch.
func (c *Channel) PushBarrier(epoch dataflow.Epoch) {
	c.mu.Lock()
	c.appendAndUnlock(Element{Barrier: epoch})
}

// PushStatus appends a status.
func (c *Channel) PushStatus(s Status) {
	c.mu.Lock()
	c.appendAndUnlock(Element{Status: s})
}

// PushEnd appends the end of the input.
func (c *Channel) PushEnd() {
	c.mu.Lock()
	c.appendAndUnlock(Element{End: true})
}

// appendAndUnlock ends a push of something other than rows.
func (c *Channel) appendAndUnlock(e Element) {
	c.queue = append(c.queue, e)
	wake := c.wakeConsumer
	c.mu.Unlock()
	wake()
}

// Pop takes the next element; ok is false if there is none now.
func (c *Channel) Pop() (e Element, ok bool, err error) {
	c.mu.Lock()
	if c.head == len(c.queue) {
		c.mu.Unlock()
		return Element{}, false, nil
	}
	e = c.queue[c.head]
	c.queue[c.head] = Element{}
	c.head++
	var wake func()
	if e.hasRows() {
		if c.batches == c.capacity || c.batches == 1 {
			wake = c.wakeProducer
		}
		c.batches--
	}
	if c.head == len(c.queue) {
		c.queue, c.head = c.queue[:0], 0
		if c.awaited {
			c.awaited, wake = false, c.wakeProducer
		}
	} else if c.head >= 64 {
		c.queue = append(c.queue[:0], c.queue[c.head:]...)
		c.head = 0
	}
	c.mu.Unlock()
	if wake != nil {
		wake()
	}
	if e.encoded != nil {
		e.Batch = columnar.NewBatch(c.encoding).Own()
		_, err = columnar.DecodeBatch(e.Batch, e.encoded)
		e.encoded = nil
	}
	return e, true, err
}

// Waiting appends the batches that wait in front of the next barrier to list, each once. They are for reading.
func (c *Channel) Waiting(list []*columnar.Batch) []*columnar.Batch {
	c.mu.Lock()
	defer c.mu.Unlock()
	for i := c.head; i < len(c.queue) && c.queue[i].Barrier == 0; i++ {
		if e := &c.queue[i]; e.Batch != nil && !e.Shown {
			e.Shown = true
			list = append(list, e.Batch)
		}
	}
	return list
}

// Room reports whether the consumer keeps up.
func (c *Channel) Room() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return !c.lost && (c.capacity == 0 || c.batches < c.capacity) || c.canceled
}

// Starved reports that the consumer has nothing to read.
func (c *Channel) Starved() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.batches == 0
}

// Taken reports that the consumer has taken all there was. If it has not, the producer is woken when it
// has.
func (c *Channel) Taken() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.awaited = c.head < len(c.queue)
	return !c.awaited
}

// Cancel says that the consumer wants no more; what is queued and what comes is dropped.
func (c *Channel) Cancel() { c.drop(&c.canceled) }

// Abandon says that the consumer has failed. What is queued and what comes is dropped, but to the
// producer that does not look as if nobody wanted more, which would let it end well: it has no room
// until it is canceled too.
func (c *Channel) Abandon() { c.drop(&c.lost) }

func (c *Channel) drop(why *bool) {
	c.mu.Lock()
	*why = true
	dropped := c.queue[c.head:]
	c.queue, c.head, c.batches = nil, 0, 0
	wake := c.wakeProducer
	c.mu.Unlock()
	for _, e := range dropped {
		if e.Batch != nil {
			e.Batch.Release()
		}
	}
	wake()
}

// Canceled reports that the consumer wants no more.
func (c *Channel) Canceled() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.canceled
}
