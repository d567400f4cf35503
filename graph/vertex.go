package graph

import (
	"slices"
	"strings"
)

// Vertex is a tree of nodes that run in the same task: rows go from one to those that read it by direct
// calls. A vertex has one task for each subtask.
type Vertex struct {
	Nodes       []*Node // the root first, each after the one it reads
	Ends        []*Node // those whose output leaves the vertex, or that nothing reads
	Parallelism int
	First       int // the number of its first task; those of a job are numbered through
}

// Name is that of the node at which ways part or end.
func (v *Vertex) Name() string {
	n := v.Nodes[0]
	for {
		next := v.Readers(n)
		if len(next) != 1 || slices.Contains(v.Ends, n) {
			return n.Name
		}
		n = next[0]
	}
}

// Readers are the nodes of the vertex that read n.
func (v *Vertex) Readers(n *Node) (list []*Node) {
	for _, r := range v.Nodes[1:] {
		if r.Inputs[0].From == n.ID {
			list = append(list, r)
		}
	}
	return list
}

// label names the nodes in the order in which rows go through them; ways that part are in parentheses.
func (v *Vertex) label(n *Node) string {
	next := v.Readers(n)
	ways := make([]string, len(next))
	for i, r := range next {
		ways[i] = v.label(r)
	}
	switch len(ways) {
	case 0:
		return n.Name
	case 1:
		return n.Name + " -> " + ways[0]
	}
	return n.Name + " -> (" + strings.Join(ways, " | ") + ")"
}

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
	c := &cut{job: j, parallelism: parallelism, of: make([]*Vertex, len(j.Nodes))}
	for _, n := range j.Nodes {
		c.add(n)
	}
	leaves := c.leaves()
	tasks := 0
	for _, v := range c.list {
		v.First = tasks
		tasks += v.Parallelism
		for _, n := range v.Nodes {
			if leaves[n.ID] {
				v.Ends = append(v.Ends, n)
			}
		}
	}
	return c.list
}

type cut struct {
	job         *Job
	parallelism int
	list        []*Vertex
	of          []*Vertex // of each node
}

func (c *cut) subtasks(n *Node) int {
	if n.Parallelism > 0 {
		return n.Parallelism
	}
	return c.parallelism
}

// add puts a node into the vertex that it reads from, or into one of its own.
func (c *cut) add(n *Node) {
	if c.fused(n) {
		v := c.of[n.Inputs[0].From]
		v.Nodes = append(v.Nodes, n)
		c.of[n.ID] = v
		return
	}
	v := &Vertex{Nodes: []*Node{n}, Parallelism: c.subtasks(n)}
	c.list, c.of[n.ID] = append(c.list, v), v
}

// fused reports whether a node runs in the same task as the one that it reads.
func (c *cut) fused(n *Node) bool {
	if len(n.Inputs) != 1 {
		return false
	}
	e := n.Inputs[0]
	return e.Partition.Scheme == Forward && !e.Blocking && c.subtasks(n) == c.subtasks(c.job.Nodes[e.From])
}

// leaves tells of each node whether its output leaves its vertex, or nothing reads it.
func (c *cut) leaves() []bool {
	leaves, read := make([]bool, len(c.job.Nodes)), make([]bool, len(c.job.Nodes))
	for _, n := range c.job.Nodes {
		for _, e := range n.Inputs {
			read[e.From] = true
			leaves[e.From] = leaves[e.From] || c.of[n.ID] != c.of[e.From]
		}
	}
	for i := range leaves {
		leaves[i] = leaves[i] || !read[i]
	}
	return leaves
}
