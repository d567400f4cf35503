// Functions gives SQL functions written in Go: a scalar, an aggregate and a table function.
package main

import (
	"context"
	"fmt"
	"io"
	"log"
	"os"
	"strings"

	"github.com/anabranch/anabranch/sql/table"
)

// Word is what the table function makes of a line.
type Word struct {
	Text string `anabranch:"text"`
	At   int    `anabranch:"at"`
}

// Lengths is the accumulator of the aggregate function.
type Lengths struct {
	Letters, Words int64
}

// meanLength is the mean length of words.
var meanLength = table.Aggregate[Lengths, string, *float64]{
	Name: "mean_length",
	Add: func(acc *Lengths, word string) error {
		acc.Letters += int64(len(word))
		acc.Words++
		return nil
	},
	Retract: func(acc *Lengths, word string) error {
		acc.Letters -= int64(len(word))
		acc.Words--
		return nil
	},
	Merge: func(acc *Lengths, other Lengths) error {
		acc.Letters += other.Letters
		acc.Words += other.Words
		return nil
	},
	Result: func(acc Lengths) (*float64, error) {
		if acc.Words == 0 {
			return nil, nil
		}
		mean := float64(acc.Letters) / float64(acc.Words)
		return &mean, nil
	},
}

func split(line string, emit func(Word)) error {
	for at, text := range strings.Fields(line) {
		emit(Word{text, at})
	}
	return nil
}

func initial(word string) (string, error) {
	for _, letter := range word {
		return strings.ToUpper(string(letter)), nil
	}
	return "", fmt.Errorf("the word %q has no first letter", word)
}

const script = `
CREATE TABLE lines (id INT, line STRING) WITH ('connector' = 'memory');
INSERT INTO lines VALUES
	(1, 'to be or not to be that is the question'), (2, 'whether tis nobler in the mind to suffer'),
	(3, 'the slings and arrows of outrageous fortune'), (4, 'or to take arms against a sea of troubles');
`

const query = `
SELECT initial(w.text) AS letter, COUNT(*) AS words, mean_length(w.text) AS mean
FROM lines, LATERAL TABLE(split(line)) AS w(text, at)
GROUP BY initial(w.text)
ORDER BY words DESC, letter
LIMIT 5`

// Row is a row of the query.
type Row struct {
	Letter string   `anabranch:"letter"`
	Words  int64    `anabranch:"words"`
	Mean   *float64 `anabranch:"mean"`
}

func main() {
	if err := run(context.Background(), os.Stdout, 2); err != nil {
		log.Fatal(err)
	}
}

func run(ctx context.Context, w io.Writer, parallelism int) error {
	env := table.NewEnv(table.WithName("functions"), table.WithParallelism(parallelism))
	err := env.Register(table.Scalar1("initial", initial), table.Rows("split", split), meanLength)
	if err != nil {
		return err
	}
	if err := env.Exec(ctx, script); err != nil {
		return err
	}
	rows, err := table.Collect[Row](ctx, env, query)
	if err != nil {
		return err
	}
	for _, r := range rows {
		if _, err := fmt.Fprintf(w, "%s %d %.2f\n", r.Letter, r.Words, *r.Mean); err != nil {
			return err
		}
	}
	return nil
}
