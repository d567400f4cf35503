package expr

import "github.com/anabranch/anabranch/columnar"

// extremeNode is GREATEST or LEAST: the argument that beats the others, per row.
type extremeNode struct {
	args    []node
	outcome [3]bool // the results -1, 0 and 1 of a comparison with the best so far that beat it
	out     *columnar.Vector
	parts   *columnar.Vector // the arguments one after the other
	pick    []int32          // row -> position in parts; -1 is null
}

func (n *extremeNode) release() {
	n.out.Release()
	n.parts.Release()
}

func (n *extremeNode) eval(b *columnar.Batch, sel []int32) (*columnar.Vector, error) {
	rows, live := b.Len(), b.Len()
	if sel != nil {
		live = len(sel)
	}
	n.parts.Reset(0)
	n.out.Reset(0)
	n.pick = room(n.pick, rows)
	for i := range n.pick {
		n.pick[i] = -1
	}
	for k, a := range n.args {
		v, err := a.eval(b, sel)
		if err != nil {
			return nil, err
		}
		if sel == nil {
			n.parts.AppendRange(v, 0, rows)
		} else {
			n.parts.AppendRows(v, sel)
		}
		n.take(k, k*live, live, sel)
	}
	n.out.Gather(n.parts, n.pick)
	return n.out, nil
}

// take compares the live values of argument k, which begin at base, with the best ones so far.
func (n *extremeNode) take(k, base, live int, sel []int32) {
	for j := range live {
		i := j
		if sel != nil {
			i = int(sel[j])
		}
		switch at := int(n.pick[i]); {
		case n.parts.IsNull(base + j):
			n.pick[i] = -1
		case k == 0, at >= 0 && n.outcome[columnar.CompareValues(n.parts, base+j, n.parts, at)+1]:
			n.pick[i] = int32(base + j)
		}
	}
}
