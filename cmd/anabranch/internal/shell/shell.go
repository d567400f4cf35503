// Package shell reads statements from a terminal.
//
// Invariant: what Run gets is whole statements, each with its semicolon; an interrupt cancels the
// statement that runs or the text being typed, never the shell.
package shell

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"strings"

	"github.com/peterh/liner"

	"github.com/anabranch/anabranch/sql/parser"
)

// Options are what a shell needs.
type Options struct {
	Out io.Writer
	// History is the file that keeps what was typed; "" keeps nothing.
	History string
	// Names lists the tables and columns that completion offers beside the words of SQL.
	Names func() []string
	// Mask hides secrets in what the history keeps.
	Mask func(string) string
	// Run executes the statements of a text and reports whether to leave. It prints errors itself.
	Run func(ctx context.Context, text string) (quit bool)
}

// The prompts for the first and for further lines of a statement.
const (
	promptFirst = "anabranch> "
	promptMore  = "        -> "
)

// Run reads statements until the end of the input, QUIT or EXIT.
func Run(ctx context.Context, opts Options) error {
	// A terminal that cannot be edited sends a signal for Ctrl-C even while text is typed.
	ignored := make(chan os.Signal, 1)
	signal.Notify(ignored, os.Interrupt)
	defer signal.Stop(ignored)
	line := liner.NewLiner()
	defer func() { _ = line.Close() }() // restores the terminal; nothing is lost if it cannot
	line.SetCtrlCAborts(true)
	line.SetMultiLineMode(false)
	line.SetTabCompletionStyle(liner.TabPrints)
	line.SetWordCompleter(func(text string, at int) (string, []string, string) {
		return complete(text, at, opts.Names())
	})
	loadHistory(line, opts.History)
	defer saveHistory(line, opts.History)
	for ctx.Err() == nil {
		text, err := readUntil(ctx, line)
		switch {
		case errors.Is(err, io.EOF):
			fmt.Fprintln(opts.Out)
			return nil
		case errors.Is(err, liner.ErrPromptAborted):
			continue
		case err != nil:
			return err
		}
		for _, entry := range entries(opts.Mask(text)) {
			line.AppendHistory(entry)
		}
		if runInterruptible(ctx, text, opts.Run) {
			return nil
		}
	}
	return ctx.Err()
}

// readUntil is read, given up when the context ends. Nothing interrupts the reading of a terminal,
// so its goroutine stays behind then; the process is about to end.
func readUntil(ctx context.Context, line *liner.State) (text string, err error) {
	done := make(chan struct{})
	var typed string
	var failed error
	go func() {
		defer close(done)
		typed, failed = read(line)
	}()
	select {
	case <-done:
		return typed, failed
	case <-ctx.Done():
		return "", ctx.Err()
	}
}

// read reads lines until they make whole statements.
func read(line *liner.State) (string, error) {
	var text strings.Builder
	prompt := promptFirst
	for {
		typed, err := line.Prompt(prompt)
		if err != nil {
			return "", err
		}
		if text.Len() == 0 && leaves(typed) {
			return "QUIT;", nil
		}
		text.WriteString(typed)
		text.WriteByte('\n')
		switch state := parser.CompletenessOf(text.String()); {
		case state == parser.Complete:
			return text.String(), nil
		case state == parser.Empty:
			text.Reset()
			prompt = promptFirst
		default:
			prompt = promptMore
		}
	}
}

// entries are a text as the history keeps it: one line, unless a comment would then swallow the
// rest.
func entries(text string) []string {
	lines := strings.Split(strings.TrimSpace(text), "\n")
	if strings.Contains(text, "--") {
		return lines
	}
	for i, l := range lines {
		lines[i] = strings.TrimSpace(l)
	}
	return []string{strings.Join(lines, " ")}
}

// leaves reports whether a first line is one of the words that leave the shell without a semicolon.
func leaves(typed string) bool {
	word := strings.ToUpper(strings.TrimSpace(typed))
	return word == "QUIT" || word == "EXIT" || word == `\Q`
}

// runInterruptible runs a text and cancels it, and only it, at an interrupt.
func runInterruptible(ctx context.Context, text string, run func(context.Context, string) bool) bool {
	ctx, stop := signal.NotifyContext(ctx, os.Interrupt)
	defer stop()
	return run(ctx, text)
}

// HistoryFile is where the history is kept, in the user's directory for state.
func HistoryFile() string {
	dir := os.Getenv("XDG_STATE_HOME")
	if dir == "" {
		home, err := os.UserHomeDir()
		if err != nil {
			return ""
		}
		dir = filepath.Join(home, ".local", "state")
	}
	return filepath.Join(dir, "anabranch", "history")
}

// loadHistory and saveHistory do without a history that cannot be read or written: it is a
// convenience.
func loadHistory(line *liner.State, path string) {
	if f, err := os.Open(path); err == nil {
		_, _ = line.ReadHistory(f)
		_ = f.Close()
	}
}

func saveHistory(line *liner.State, path string) {
	if path == "" || os.MkdirAll(filepath.Dir(path), 0o700) != nil {
		return
	}
	if f, err := os.OpenFile(path, os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600); err == nil {
		_, _ = line.WriteHistory(f)
		_ = f.Close()
	}
}
