package generator

import "github.com/anabranch/anabranch/columnar"

// nexmarkRows are the columns of one block. Rows of another kind are null in a column and never
// written, so their values stay zero.
type nexmarkRows struct {
	n      int
	kind   []int32
	vector [4]*columnar.Vector // the table's columns
	texts  []byte              // e-mail addresses and card numbers of this block

	perID, perTime                                                             []int64
	perName, perEmail, perCard, perCity, perState, perExtra                    []columnar.View
	aucID, aucInitial, aucReserve, aucTime, aucExpires, aucSeller, aucCategory []int64
	aucName, aucText, aucExtra                                                 []columnar.View
	bidAuction, bidBidder, bidPrice, bidTime                                   []int64
	bidChannel, bidURL, bidExtra                                               []columnar.View
	textVectors, letterVectors, urlVectors                                     []*columnar.Vector
}

// newNexmarkRows makes the columns of n events, the first of which starts a round.
func newNexmarkRows(c *nexmarkConfig, n int) *nexmarkRows {
	r := &nexmarkRows{n: n, kind: make([]int32, n)}
	var valid [3]columnar.Bitmap
	for k := range valid {
		valid[k] = make(columnar.Bitmap, columnar.BitmapWords(n))
	}
	for i := range n {
		switch at := int64(i) % c.total; {
		case at < c.person:
			r.kind[i] = 0
		case at < c.person+c.auction:
			r.kind[i] = 1
		default:
			r.kind[i] = 2
		}
		valid[r.kind[i]].Set(i)
	}
	for k, f := range nexmarkSchema().Fields {
		r.vector[k] = columnar.NewVector(f.Type)
	}
	r.vector[0].SetShared(n, columnar.RawBytes(r.kind), nil, nil)
	for k := range 3 {
		v := r.vector[k+1]
		v.SetShared(n, nil, valid[k], nil)
		v.Children = columnar.NewVector(v.Type).Children
	}
	ints := func(kind, field int) []int64 {
		s := make([]int64, n)
		r.vector[kind+1].Children[field].SetShared(n, columnar.RawBytes(s), valid[kind], nil)
		return s
	}
	views := func(kind, field int, list *[]*columnar.Vector) []columnar.View {
		s := make([]columnar.View, n)
		v := r.vector[kind+1].Children[field]
		v.SetShared(n, columnar.RawBytes(s), valid[kind], nil)
		*list = append(*list, v)
		return s
	}
	r.perID, r.perName, r.perEmail = ints(0, 0), views(0, 1, &r.urlVectors), views(0, 2, &r.textVectors)
	r.perCard, r.perCity, r.perState = views(0, 3, &r.textVectors), views(0, 4, &r.urlVectors), views(0, 5, &r.urlVectors)
	r.perTime, r.perExtra = ints(0, 6), views(0, 7, &r.letterVectors)
	r.aucID, r.aucName, r.aucText = ints(1, 0), views(1, 1, &r.letterVectors), views(1, 2, &r.letterVectors)
	r.aucInitial, r.aucReserve, r.aucTime = ints(1, 3), ints(1, 4), ints(1, 5)
	r.aucExpires, r.aucSeller, r.aucCategory = ints(1, 6), ints(1, 7), ints(1, 8)
	r.aucExtra = views(1, 9, &r.letterVectors)
	r.bidAuction, r.bidBidder, r.bidPrice = ints(2, 0), ints(2, 1), ints(2, 2)
	r.bidChannel, r.bidURL = views(2, 3, &r.urlVectors), views(2, 4, &r.urlVectors)
	r.bidTime, r.bidExtra = ints(2, 5), views(2, 6, &r.letterVectors)
	return r
}

// publish tells the string columns where their long strings lie, and starts the texts anew.
func (r *nexmarkRows) publish(p *pools) {
	set := func(list []*columnar.Vector, buf []byte) {
		for _, v := range list {
			v.Bufs = append(v.Bufs[:0], buf)
		}
	}
	set(r.textVectors, r.texts)
	set(r.urlVectors, p.urls)
	set(r.letterVectors, p.letters)
	r.texts = r.texts[:0]
}

// batch is a batch of the wanted columns.
func (r *nexmarkRows) batch(columns []int) *columnar.Batch {
	schema := nexmarkSchema().Project(columns)
	b := &columnar.Batch{Schema: schema}
	for _, c := range columns {
		b.Cols = append(b.Cols, r.vector[c])
	}
	b.SetLen(r.n)
	return b
}
