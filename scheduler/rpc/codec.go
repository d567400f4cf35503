package rpc

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"github.com/anabranch/anabranch/graph"
)

// Kind is the type of a message as a byte.
type Kind uint8

// version is that of the messages' form, described in docs/format/rpc.md.
const version = 1

// message makes an empty message of each kind; a kind keeps its number for good.
func message(k Kind) Message {
	switch k {
	case 1:
		return &Submit{}
	case 2:
		return &Offer{}
	case 3:
		return &Ended{}
	case 4:
		return &Deploy{}
	case 5:
		return &Trigger{}
	case 6:
		return &Assign{}
	case 7:
		return &Taken{}
	case 8:
		return &Complete{}
	case 9:
		return &Cancel{}
	case 10:
		return &Ask{}
	case 11:
		return &Forgotten{}
	case 12:
		return &Deployed{}
	case 13:
		return &Built{}
	case 14:
		return &Request{}
	case 15:
		return &Acknowledge{}
	case 16:
		return &Finished{}
	case 17:
		return &Failed{}
	case 18:
		return &Stopped{}
	case 19:
		return &Figures{}
	case 20:
		return &Mark{}
	case 21:
		return &Raise{}
	}
	return nil
}

func (*Submit) kind() Kind      { return 1 }
func (*Offer) kind() Kind       { return 2 }
func (*Ended) kind() Kind       { return 3 }
func (*Deploy) kind() Kind      { return 4 }
func (*Trigger) kind() Kind     { return 5 }
func (*Assign) kind() Kind      { return 6 }
func (*Taken) kind() Kind       { return 7 }
func (*Complete) kind() Kind    { return 8 }
func (*Cancel) kind() Kind      { return 9 }
func (*Ask) kind() Kind         { return 10 }
func (*Forgotten) kind() Kind   { return 11 }
func (*Deployed) kind() Kind    { return 12 }
func (*Built) kind() Kind       { return 13 }
func (*Request) kind() Kind     { return 14 }
func (*Acknowledge) kind() Kind { return 15 }
func (*Finished) kind() Kind    { return 16 }
func (*Failed) kind() Kind      { return 17 }
func (*Stopped) kind() Kind     { return 18 }
func (*Figures) kind() Kind     { return 19 }
func (*Mark) kind() Kind        { return 20 }
func (*Raise) kind() Kind       { return 21 }

// Encode appends a message to dst.
func Encode(dst []byte, m Message) ([]byte, error) {
	text, err := json.Marshal(m)
	if err != nil {
		return nil, fmt.Errorf("message %T: %w", m, err)
	}
	return append(append(dst, version, byte(m.kind())), text...), nil
}

// Decode reads the message that b is.
func Decode(b []byte) (Message, error) {
	if len(b) < 2 {
		return nil, fmt.Errorf("message of %d bytes", len(b))
	}
	if b[0] != version {
		return nil, fmt.Errorf("message of version %d; this one reads %d", b[0], version)
	}
	m := message(Kind(b[1]))
	if m == nil {
		return nil, fmt.Errorf("message of unknown kind %d", b[1])
	}
	d := json.NewDecoder(bytes.NewReader(b[2:]))
	d.DisallowUnknownFields()
	if err := d.Decode(m); err != nil {
		return nil, fmt.Errorf("message %T: %w", m, err)
	}
	if _, err := d.Token(); err != io.EOF {
		return nil, fmt.Errorf("message %T: something follows", m)
	}
	if err := check(m); err != nil {
		return nil, fmt.Errorf("message %T: %w", m, err)
	}
	return m, nil
}

// check reports what a receiver could not deal with.
func check(m Message) error {
	var job *graph.Job
	var settings *Settings
	switch m := m.(type) {
	case *Acknowledge:
		if (m.File == nil) == (m.Failure == nil) {
			return errors.New("it has no file, or one and a failure")
		}
		return nil
	case *Submit:
		job, settings = m.Job, &m.Settings
	case *Deploy:
		job, settings = m.Job, &m.Settings
	default:
		return nil
	}
	if job == nil {
		return errors.New("there is no job")
	}
	if settings.Parallelism < 1 {
		return fmt.Errorf("a parallelism of %d", settings.Parallelism)
	}
	return job.Validate()
}
