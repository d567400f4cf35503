// Wordcount counts the words of a few lines.
package main

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"log"
	"os"
	"slices"
	"strings"

	"github.com/anabranch/anabranch/stream"
)

var lines = []string{
	"to be or not to be that is the question",
	"whether tis nobler in the mind to suffer",
	"the slings and arrows of outrageous fortune",
	"or to take arms against a sea of troubles",
}

// Count is how often a word occurs.
type Count struct {
	Word string `anabranch:"word"`
	N    int    `anabranch:"n"`
}

func main() {
	if err := run(context.Background(), os.Stdout, 2); err != nil {
		log.Fatal(err)
	}
}

func run(ctx context.Context, w io.Writer, parallelism int) error {
	env := stream.NewEnv(stream.WithName("wordcount"), stream.WithParallelism(parallelism))
	words := stream.FlatMap(stream.FromSlice(env, lines), func(line string, emit func(string)) error {
		for word := range strings.FieldsSeq(line) {
			emit(word)
		}
		return nil
	})
	byWord := stream.KeyBy(words, func(word string) string { return word })
	counts := stream.Aggregate(byWord,
		func(n int, _ string) int { return n + 1 },
		func(word string, n int) Count { return Count{word, n} },
		stream.Named("counts"))
	rows, err := stream.Collect(ctx, counts)
	if err != nil {
		return err
	}
	slices.SortFunc(rows, func(a, b Count) int { return cmp.Or(b.N-a.N, cmp.Compare(a.Word, b.Word)) })
	for _, r := range rows {
		if _, err := fmt.Fprintf(w, "%d %s\n", r.N, r.Word); err != nil {
			return err
		}
	}
	return nil
}
