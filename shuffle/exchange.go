package shuffle

import (
	"sync"

	"github.com/anabranch/anabranch/columnar"
)

// ChannelName names a channel between two TaskManagers: an execution of a job, an edge of it, given by
// the node that reads and its port, and the two subtasks.
type ChannelName struct {
	Attempt    uint64
	Node, Port int
	Producer   int
	Consumer   int
}

// Exchange has the channels between TaskManagers, whose rows travel as bytes. Whichever side comes first
// makes a channel, and the other takes it: it may come when the first has long filled it and ended.
type Exchange struct {
	mu       sync.Mutex
	channels map[ChannelName]*Channel
}

// NewExchange makes an exchange without channels.
func NewExchange() *Exchange { return &Exchange{channels: map[ChannelName]*Channel{}} }

// Channel is the channel of a name, of a capacity in batches and for rows of the schema. Each side asks
// once.
func (x *Exchange) Channel(n ChannelName, capacity int, s *columnar.Schema) *Channel {
	x.mu.Lock()
	defer x.mu.Unlock()
	c, ok := x.channels[n]
	if ok {
		delete(x.channels, n)
		return c
	}
	c = NewChannel(capacity)
	c.Encode(s)
	x.channels[n] = c
	return c
}

// Release forgets the channels of an attempt that has failed, whose other side may never come.
func (x *Exchange) Release(attempt uint64) {
	x.mu.Lock()
	defer x.mu.Unlock()
	for n := range x.channels {
		if n.Attempt == attempt {
			delete(x.channels, n)
		}
	}
}
