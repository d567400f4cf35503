package graph

// Vertex is a chain of nodes that each run in the same task as the one before: rows go from one to the
// next by direct calls. A vertex has one task for each subtask.
type Vertex struct {
	Nodes       []*Node // the first first
	Parallelism int
	First       int // the number of its first task; those of a job are numbered through
}

// Last is the node whose output leaves the vertex.
func (v *Vertex) Last() *Node { return v.Nodes[len(v.Nodes)-1] }

// UIDs are those of the vertex's nodes.
func (v *Vertex) UIDs() []string {
	var uids []string
	for _, n := range v.Nodes {
		uids = append(uids, n.UID)
	}
	return uids
}

// Source is the node that reads, if the vertex has one; it is the first.
func (v *Vertex) Source() *Node {
	if n := v.Nodes[0]; len(n.Inputs) == 0 {
		return n
	}
	return nil
}

// Vertices cuts a valid job into vertices, producers first; parallelism is that of nodes that name
// none. Everyone who is given the same job cuts it alike.
func (j *Job) Vertices(parallelism int) []*Vertex {
	c := cut{job: j, parallelism: parallelism, readers: make([][]*Node, len(j.Nodes))}
	for _, n := range j.Nodes {
		for _, e := range n.Inputs {
			c.readers[e.From] = append(c.readers[e.From], n)
		}
	}
	var list []*Vertex
	tasks := 0
	for _, n := range j.Nodes {
		if c.fused(n) {
			continue
		}
		v := &Vertex{Nodes: []*Node{n}, Parallelism: c.subtasks(n), First: tasks}
		for len(v.Nodes[0].Inputs) == 1 && c.fused(j.Nodes[v.Nodes[0].Inputs[0].From]) {
			v.Nodes = append([]*Node{j.Nodes[v.Nodes[0].Inputs[0].From]}, v.Nodes...)
		}
		tasks += v.Parallelism
		list = append(list, v)
	}
	return list
}

type cut struct {
	job         *Job
	parallelism int
	readers     [][]*Node // of each node
}

func (c *cut) subtasks(n *Node) int {
	if n.Parallelism > 0 {
		return n.Parallelism
	}
	return c.parallelism
}

// fused reports whether a node runs in the same task as the one that reads it: the last node of
// a chain is the one that is not.
func (c *cut) fused(n *Node) bool {
	if len(c.readers[n.ID]) != 1 {
		return false
	}
	r := c.readers[n.ID][0]
	return len(r.Inputs) == 1 && r.Inputs[0].Partition.Scheme == Forward && !r.Inputs[0].Blocking && c.subtasks(r) == c.subtasks(n)
}
