package graph

import (
	"encoding/json"
	"fmt"

	"github.com/anabranch/anabranch/columnar"
)

// Kind names an operator; the specs of the kinds are in the packages that implement them.
type Kind string

// Job is what the fronts hand to a client.
type Job struct {
	Name string `json:"name"`
	// Streaming selects how unordered results and blocking edges are handled; a job whose sources
	// all end may run either way.
	Streaming bool    `json:"streaming"`
	Nodes     []*Node `json:"nodes"` // inputs come before the nodes that read them
}

// Node is one operator.
type Node struct {
	ID int `json:"id"` // position in Job.Nodes
	// UID names the node's state across versions of the job.
	UID  string `json:"uid"`
	Kind Kind   `json:"kind"`
	// Name is what EXPLAIN and errors show.
	Name string          `json:"name"`
	Spec json.RawMessage `json:"spec,omitempty"`
	// Parallelism is the number of subtasks; 0 means the job's default.
	Parallelism int              `json:"parallelism,omitempty"`
	Inputs      []Edge           `json:"inputs,omitempty"` // by port
	Schema      *columnar.Schema `json:"schema"`           // of the output
}

// Edge is one input of a node.
type Edge struct {
	From      int          `json:"from"` // node ID
	Partition Partitioning `json:"partition"`
	// Blocking edges deliver nothing before their producer has ended.
	Blocking bool `json:"blocking,omitempty"`
}

// Scheme says how rows find the subtask they go to.
type Scheme string

// The schemes. Forward keeps rows in the subtask of the same number, and needs equal
// parallelism; Hash goes by the key's key group; Single sends all to subtask 0.
const (
	Forward   Scheme = "forward"
	Hash      Scheme = "hash"
	Broadcast Scheme = "broadcast"
	Rebalance Scheme = "rebalance"
	Single    Scheme = "single"
)

// Partitioning is a scheme with the key columns of Hash.
type Partitioning struct {
	Scheme Scheme `json:"scheme"`
	Keys   []int  `json:"keys,omitempty"`
}

// String prints the partitioning for EXPLAIN.
func (p Partitioning) String() string {
	if p.Scheme == Hash {
		return fmt.Sprintf("hash%v", p.Keys)
	}
	return string(p.Scheme)
}

// Add appends a node with an encoded spec and returns it; it panics only if the spec cannot be
// encoded, which is a bug of its package.
func (j *Job) Add(kind Kind, name string, spec any, schema *columnar.Schema, inputs ...Edge) *Node {
	text, err := json.Marshal(spec)
	if err != nil {
		panic(fmt.Sprintf("spec of %s: %v", kind, err))
	}
	n := &Node{ID: len(j.Nodes), Kind: kind, Name: name, Spec: text, Schema: schema, Inputs: inputs}
	n.UID = fmt.Sprintf("%s-%d", kind, n.ID)
	j.Nodes = append(j.Nodes, n)
	return n
}

// Validate checks the shape of the graph.
func (j *Job) Validate() error {
	for i, n := range j.Nodes {
		if n == nil {
			return fmt.Errorf("node %d is missing", i)
		}
		if n.ID != i {
			return fmt.Errorf("node %d has the id %d", i, n.ID)
		}
		for port, e := range n.Inputs {
			if e.From < 0 || e.From >= i {
				return fmt.Errorf("node %d (%s): input %d comes from node %d, which is not before it", i, n.Name, port, e.From)
			}
			if e.Partition.Scheme == Hash && len(e.Partition.Keys) == 0 {
				return fmt.Errorf("node %d (%s): input %d is hashed by no key", i, n.Name, port)
			}
		}
	}
	return nil
}
