package script

import (
	"bufio"
	"errors"
	"io"
	"strings"

	"github.com/anabranch/anabranch/sql/parser"
)

// Follow reads a script as it comes and hands on each run of lines that is whole statements.
// Blank lines stand for what was handed on before, so that errors tell the right line. It ends
// with the input, when execute says so, or with its error.
func Follow(r io.Reader, execute func(text string) (quit bool, err error)) error {
	in := bufio.NewReaderSize(r, 64<<10)
	var text strings.Builder
	lines := 0 // handed on
	pending := 0
	for {
		line, err := in.ReadString('\n')
		ended := errors.Is(err, io.EOF)
		if err != nil && !ended {
			return err
		}
		text.WriteString(line)
		pending++
		// Only a line with a semicolon can end a statement.
		whole := strings.Contains(line, ";") && in.Buffered() == 0 && parser.CompletenessOf(text.String()) <= parser.Complete
		if !whole && !ended {
			continue
		}
		if strings.TrimSpace(text.String()) != "" {
			quit, err := execute(strings.Repeat("\n", lines) + text.String())
			if quit || err != nil {
				return err
			}
		}
		if ended {
			return nil
		}
		lines += pending
		pending = 0
		text.Reset()
	}
}
