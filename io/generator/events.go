package generator

import (
	"encoding/binary"
	"io"
	"math"
	"math/bits"
	"strconv"
	"sync"

	"github.com/anabranch/anabranch/columnar"
	"github.com/anabranch/anabranch/dataflow"
)

// The public benchmark's constants.
const (
	firstID       = 1000 // of persons and auctions
	firstCategory = 10
	idLead        = 10
	hotGroup      = 100 // ids of hot auctions, sellers and bidders are multiples of this
	channelCount  = 10000
)

// draw is a deterministic source of random numbers for one event (SplitMix64: Steele, Lea and
// Flood, Fast Splittable Pseudorandom Number Generators, 2014).
type draw uint64

func (d *draw) next() uint64 {
	*d += 0x9e3779b97f4a7c15
	z := uint64(*d)
	z = (z ^ z>>30) * 0xbf58476d1ce4e5b9
	z = (z ^ z>>27) * 0x94d049bb133111eb
	return z ^ z>>31
}

// below is a number from 0 to n-1 from the upper half of r.
func below(r uint64, n int64) int64 {
	hi, _ := bits.Mul64(r, uint64(n))
	return int64(hi)
}

// pools are the texts and numbers that events refer to; they are made once and never change.
type pools struct {
	letters []byte // text of letters with some spaces
	prices  []float64
	channel []columnar.View
	url     []columnar.View
	hotName [4]columnar.View
	hotURL  [4]columnar.View
	urls    []byte
	names   []columnar.View
	cities  []columnar.View
	states  []columnar.View
}

const (
	letterBytes = 1 << 20
	priceSteps  = 1 << 12
)

var sharedPools = sync.OnceValue(newPools)

func newPools() *pools {
	p := &pools{letters: make([]byte, letterBytes), prices: make([]float64, priceSteps+2)}
	d := draw(1)
	for i := range p.letters {
		p.letters[i] = byte('a' + below(d.next(), 26))
	}
	for i := range p.prices {
		p.prices[i] = math.Pow(10, float64(i)/priceSteps*6) * 100
	}
	for i := range 4 {
		p.hotName[i] = columnar.MakeView([]byte([...]string{"Google", "Facebook", "Baidu", "Apple"}[i]), 0, 0)
		p.hotURL[i] = p.addURL(&d, "")
	}
	for i := range channelCount {
		suffix := ""
		if below(d.next(), 10) > 0 {
			id := int64(int32(bits.Reverse32(uint32(i))))
			suffix = "&channel_id=" + strconv.FormatInt(max(id, -id), 10)
		}
		p.channel = append(p.channel, columnar.MakeView([]byte("channel-"+strconv.Itoa(i)), 0, 0))
		p.url = append(p.url, p.addURL(&d, suffix))
	}
	for _, first := range []string{"Peter", "Paul", "Luke", "John", "Saul", "Vicky", "Kate", "Julie", "Sarah", "Deiter", "Walter"} {
		for _, last := range []string{"Shultz", "Abrams", "Spencer", "White", "Bartels", "Walton", "Smith", "Jones", "Noris"} {
			p.names = append(p.names, p.addText(first+" "+last))
		}
	}
	for _, c := range []string{"Phoenix", "Los Angeles", "San Francisco", "Boise", "Portland", "Bend", "Redmond", "Seattle", "Kent", "Cheyenne"} {
		p.cities = append(p.cities, p.addText(c))
	}
	for _, s := range []string{"AZ", "CA", "ID", "OR", "WA", "WY"} {
		p.states = append(p.states, p.addText(s))
	}
	return p
}

// addText keeps s and returns its view in the urls buffer.
func (p *pools) addText(s string) columnar.View {
	off := len(p.urls)
	p.urls = append(p.urls, s...)
	return columnar.MakeView(p.urls[off:], 0, off)
}

func (p *pools) addURL(d *draw, suffix string) columnar.View {
	word := func() string {
		b := make([]byte, 3+below(d.next(), 2))
		for i := range b {
			if b[i] = byte('a' + below(d.next(), 26)); below(d.next(), 13) == 0 {
				b[i] = '_'
			}
		}
		return string(b)
	}
	return p.addText("https://www.nexmark.com/" + word() + "/" + word() + "/" + word() + "/item.htm?query=1" + suffix)
}

// price has the distribution round(100 * 10^(6u)), by interpolation between precomputed powers.
func (p *pools) price(r uint64) int64 {
	i := r >> 52
	frac := float64(r<<12>>12) / (1 << 52)
	return int64(math.Round(p.prices[i] + frac*(p.prices[i+1]-p.prices[i])))
}

// text is a view of n letters at a random place.
func (p *pools) text(r uint64, n int64) columnar.View {
	off := below(r, letterBytes-n)
	if n <= columnar.InlineLength {
		return columnar.MakeView(p.letters[off:off+n], 0, 0)
	}
	head := uint64(n) | uint64(binary.LittleEndian.Uint32(p.letters[off:]))<<32
	return columnar.View{Head: head, Tail: uint64(off) << 32}
}

// extraText is filler that brings a record of size bytes to the average size want.
func (p *pools) extraText(r uint64, size, want int64) columnar.View {
	if size > want {
		return columnar.View{}
	}
	rest := want - size
	delta := int64(math.Round(float64(rest) * 0.2))
	n := rest - delta + below(r<<32, 2*delta)
	return p.text(r, n)
}

// blockRowsMax bounds the events a batch has.
const blockRowsMax = 8000

// nexmarkReader makes one block of events a batch. A block is a whole number of rounds of
// persons, auctions and bids, so that the kind of an event follows from its place in the batch
// and nulls stay where they are.
type nexmarkReader struct {
	*nexmarkConfig
	pools     *pools
	block, of int64
	blockRows int64
	columns   []int
	rows      *nexmarkRows
	batch     *columnar.Batch
	pacer
	begin int64 // first event of this reader, from which the pace counts
}

var _ dataflow.Reader = (*nexmarkReader)(nil)

func newNexmarkReader(c *nexmarkConfig, block, of int64, columns []int) *nexmarkReader {
	rounds := max(1, blockRowsMax/c.total)
	pace := 0.0
	if c.paced {
		pace = c.microsPerEvent
	}
	return &nexmarkReader{
		nexmarkConfig: c, pools: sharedPools(), block: block, of: of, blockRows: rounds * c.total,
		columns: columns, pacer: newPacer(pace), begin: block * rounds * c.total,
	}
}

// Position is the number of the next block.
func (r *nexmarkReader) Position() []byte { return strconv.AppendInt(nil, r.block, 10) }

// Close does nothing.
func (r *nexmarkReader) Close() error { return nil }

// Next makes the next block.
func (r *nexmarkReader) Next() (*columnar.Batch, error) {
	first := r.block * r.blockRows
	n := r.blockRows
	if r.events > 0 {
		if n = min(n, r.events-first); n <= 0 {
			return nil, io.EOF
		}
	}
	if !r.due(first + n - r.begin) {
		return nil, nil
	}
	if r.rows == nil || int64(r.rows.n) != n {
		r.rows = newNexmarkRows(r.nexmarkConfig, int(n))
		r.batch = r.rows.batch(r.columns)
	}
	r.fill(first)
	r.block += r.of
	return r.batch, nil
}

func (r *nexmarkReader) fill(first int64) {
	rows := r.rows
	i := 0
	for i < rows.n {
		epoch := (first + int64(i)) / r.total
		for k := int64(0); k < r.person && i < rows.n; k++ {
			r.person1(i, first+int64(i), epoch)
			i++
		}
		for k := int64(0); k < r.auction && i < rows.n; k++ {
			r.auction1(i, first+int64(i), epoch, k)
			i++
		}
		for k := int64(0); k < r.bid && i < rows.n; k++ {
			r.bid1(i, first+int64(i), epoch)
			i++
		}
	}
	rows.publish(r.pools)
}

// millis is the time of an event.
func (r *nexmarkReader) millis(event int64) int64 {
	return r.baseTime + int64(float64(event)*r.microsPerEvent)/1000
}

// pastPerson is a person who is active at an event of the epoch, whose last person is last.
func (r *nexmarkReader) pastPerson(x uint64, last int64) int64 {
	people := last + 1
	active := min(people, r.activePeople)
	return people - active + below(x, active+idLead)
}

func (r *nexmarkReader) bid1(i int, event, epoch int64) {
	rows, d := r.rows, draw(event)
	a, b, c := d.next(), d.next(), d.next()
	last := epoch*r.auction + r.auction - 1
	auction := last / hotGroup * hotGroup
	if below(a, r.hotAuctions) == 0 {
		low := max(last-r.openAuction, 0)
		auction = low + below(a<<16, last-low+1+idLead)
	}
	lastPerson := epoch*r.person + r.person - 1
	bidder := lastPerson/hotGroup*hotGroup + 1
	if below(b, r.hotBidders) == 0 {
		bidder = r.pastPerson(b<<16, lastPerson)
	}
	rows.bidAuction[i] = auction + firstID
	rows.bidBidder[i] = bidder + firstID
	rows.bidPrice[i] = r.pools.price(c)
	e := d.next()
	if e>>63 != 0 {
		h := e >> 61 & 3
		rows.bidChannel[i], rows.bidURL[i] = r.pools.hotName[h], r.pools.hotURL[h]
	} else {
		h := below(e<<1, channelCount)
		rows.bidChannel[i], rows.bidURL[i] = r.pools.channel[h], r.pools.url[h]
	}
	rows.bidTime[i] = r.millis(event)
	rows.bidExtra[i] = r.pools.extraText(a*0x2545F4914F6CDD1D^c, 32, r.bidSize)
}

func (r *nexmarkReader) auction1(i int, event, epoch, k int64) {
	rows, d, p := r.rows, draw(event), r.pools
	lastPerson := epoch*r.person + r.person - 1
	seller := lastPerson / hotGroup * hotGroup
	if a := d.next(); below(a, r.hotSellers) == 0 {
		seller = r.pastPerson(a<<16, lastPerson)
	}
	at := r.millis(event)
	inFlight := r.openAuction * r.total / r.auction
	horizon := r.millis(event+inFlight) - at
	name, text := 3+below(d.next(), 17), 3+below(d.next(), 97)
	initial := p.price(d.next())
	rows.aucID[i] = epoch*r.auction + k + firstID
	rows.aucName[i] = p.text(d.next(), name)
	rows.aucText[i] = p.text(d.next(), text)
	rows.aucInitial[i] = initial
	rows.aucReserve[i] = initial + p.price(d.next())
	rows.aucTime[i] = at
	rows.aucExpires[i] = at + 1 + below(d.next(), max(horizon*2, 1))
	rows.aucSeller[i] = seller + firstID
	rows.aucCategory[i] = firstCategory + below(d.next(), 5)
	rows.aucExtra[i] = p.extraText(d.next(), 48+name+text, r.auctionSize)
}

func (r *nexmarkReader) person1(i int, event, epoch int64) {
	rows, d, p := r.rows, draw(event), r.pools
	k := event - epoch*r.total
	name, city := p.names[below(d.next(), int64(len(p.names)))], p.cities[below(d.next(), int64(len(p.cities)))]
	rows.perID[i] = epoch*r.person + k + firstID
	rows.perName[i], rows.perCity[i] = name, city
	rows.perState[i] = p.states[below(d.next(), int64(len(p.states)))]
	// 3 to 6 letters, @, 3 or 4 letters.
	at := below(d.next(), letterBytes-16)
	user, host := 3+below(d.next(), 4), 3+below(d.next(), 2)
	off := len(rows.texts)
	rows.texts = append(rows.texts, p.letters[at:at+user]...)
	rows.texts = append(rows.texts, '@')
	rows.texts = append(rows.texts, p.letters[at+user:at+user+host]...)
	rows.texts = append(rows.texts, ".com"...)
	rows.perEmail[i] = columnar.MakeView(rows.texts[off:], 0, off)
	off = len(rows.texts)
	for part := range 4 {
		if part > 0 {
			rows.texts = append(rows.texts, ' ')
		}
		n := below(d.next(), 10000)
		rows.texts = append(rows.texts, byte('0'+n/1000), byte('0'+n/100%10), byte('0'+n/10%10), byte('0'+n%10))
	}
	rows.perCard[i] = columnar.MakeView(rows.texts[off:], 0, off)
	rows.perTime[i] = r.millis(event)
	size := 8 + int64(name.Len()+city.Len()+rows.perEmail[i].Len()+rows.perCard[i].Len()) + 2
	rows.perExtra[i] = p.extraText(d.next(), size, r.personSize)
}
