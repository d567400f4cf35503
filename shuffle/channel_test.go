package shuffle

import "testing"

// TestTakenWakesTheProducer checks that a producer that waits until all is taken is woken then, whatever
// came last.
func TestTakenWakesTheProducer(t *testing.T) {
	c, woken := NewChannel(4), 0
	c.OnRoom(func() { woken++ })
	if !c.Taken() {
		t.Error("an empty channel is not taken")
	}
	c.PushStatus(Active)
	c.PushWatermark(7)
	if c.Taken() || woken != 0 {
		t.Error("taken before anything is read")
	}
	for range 2 {
		if _, ok, err := c.Pop(); !ok || err != nil {
			t.Fatal(ok, err)
		}
	}
	if !c.Taken() || woken != 1 {
		t.Errorf("taken %t, woken %d times", c.Taken(), woken)
	}
	c.PushStatus(Idle)
	if _, _, err := c.Pop(); err != nil || woken != 1 {
		t.Errorf("woken %d times, %v", woken, err)
	}
}
