package kafka

import (
	"errors"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/anabranch/anabranch/catalog"
	"github.com/anabranch/anabranch/catalog/deadletter"
	"github.com/anabranch/anabranch/columnar"
	"github.com/anabranch/anabranch/format/csv"
	"github.com/anabranch/anabranch/format/json"
)

// table is what the options of a table say.
type table struct {
	spec    *catalog.TableSpec
	upsert  bool // it holds one row a key
	topics  []string
	pattern *regexp.Regexp
	servers []string
	group   string
	// tellsGroup says that what checkpoints have read is committed to the group.
	tellsGroup bool
	client     []kgo.Opt
	// committed says that records of open and aborted transactions are not read.
	committed bool

	value, key  formatOptions
	bad         deadletter.Options
	keyColumns  []int // of the physical columns
	keyNames    []string
	inValue     []bool // by physical column
	start, stop bound
	discovery   time.Duration
	idleAfter   time.Duration
	reset       string // auto.offset.reset: where a group without committed offsets begins

	partitioning   string
	transactionMax time.Duration
}

// formatOptions say how keys or values are written.
type formatOptions struct {
	format string // json, csv, raw, or "" for none
	json   json.Options
	csv    csv.Options
	skip   bool // Flink's ignore-parse-errors
}

// bound is where reading begins or ends.
type bound struct {
	mode    string
	millis  int64
	offsets map[int32]int64
}

func newTable(c catalog.Connector, spec *catalog.TableSpec) (*table, error) {
	o := spec.Options
	if err := catalog.CheckOptions(c, o); err != nil {
		return nil, err
	}
	t := &table{spec: spec}
	_, t.upsert = c.(Upsert)
	if err := t.properties(o); err != nil {
		return nil, err
	}
	switch {
	case o["topic"] == "" && o["topic-pattern"] == "":
		return nil, fmt.Errorf("connector '%s' needs the option 'topic' or 'topic-pattern'", c.Name())
	case o["topic"] != "" && o["topic-pattern"] != "":
		return nil, errors.New("the options 'topic' and 'topic-pattern' exclude each other")
	case o["topic"] != "":
		for _, topic := range strings.Split(o["topic"], ";") {
			t.topics = append(t.topics, strings.TrimSpace(topic))
		}
	default:
		p, err := regexp.Compile("^(?:" + o["topic-pattern"] + ")$")
		if err != nil {
			return nil, fmt.Errorf("option 'topic-pattern': %w", err)
		}
		t.pattern = p
	}
	err := t.formats(o)
	if err == nil && t.upsert {
		err = t.upserts(o)
	}
	return t, err
}

// formats reads the options of formats and which columns keys and values hold.
func (t *table) formats(o map[string]string) error {
	var err error
	if o["format"] != "" && o["value.format"] != "" {
		return errors.New("the options 'format' and 'value.format' exclude each other")
	}
	valueFormat := o["format"] + o["value.format"]
	if valueFormat == "" {
		return errors.New("connector 'kafka' needs the option 'format' (json, csv or raw)")
	}
	if t.value, err = readFormat("value", valueFormat, o); err != nil {
		return err
	}
	if t.key, err = readFormat("key", o["key.format"], o); err != nil {
		return err
	}
	if t.bad, err = badRows(t.value, o); err != nil {
		return err
	}
	physical := t.physical()
	if err := t.keyFields(o); err != nil {
		return err
	}
	t.inValue = slices.Repeat([]bool{true}, len(physical))
	switch strings.ToUpper(o["value.fields-include"]) {
	case "", "ALL":
		if o["key.fields-prefix"] != "" {
			return errors.New("a 'key.fields-prefix' needs 'value.fields-include' = 'EXCEPT_KEY'")
		}
	case "EXCEPT_KEY":
		for _, i := range t.keyColumns {
			t.inValue[i] = false
		}
	default:
		return fmt.Errorf("option 'value.fields-include' is '%s', not ALL or EXCEPT_KEY", o["value.fields-include"])
	}
	return t.checkRaw()
}

// keyFields finds the columns that keys hold: those of the primary key, or of an option.
func (t *table) keyFields(o map[string]string) error {
	if t.upsert {
		for _, name := range t.spec.PrimaryKey {
			if err := t.keyField("the primary key", name, o); err != nil {
				return err
			}
		}
		return nil
	}
	if (o["key.format"] == "") != (o["key.fields"] == "") {
		return errors.New("the options 'key.format' and 'key.fields' need each other")
	}
	for _, name := range strings.Split(o["key.fields"], ";") {
		if name = strings.TrimSpace(name); name == "" {
			continue
		}
		if err := t.keyField("option 'key.fields'", name, o); err != nil {
			return err
		}
	}
	return nil
}

func (t *table) keyField(where, name string, o map[string]string) error {
	i := slices.IndexFunc(t.physical(), func(f columnar.Field) bool { return f.Name == name })
	if i < 0 {
		return fmt.Errorf("%s names the column %s, which the table does not have", where, name)
	}
	prefix := o["key.fields-prefix"]
	short, ok := strings.CutPrefix(name, prefix)
	if !ok {
		return fmt.Errorf("column %s of %s does not begin with '%s', the 'key.fields-prefix'", name, where, prefix)
	}
	t.keyColumns, t.keyNames = append(t.keyColumns, i), append(t.keyNames, short)
	return nil
}

// physical are the columns that keys and values hold.
func (t *table) physical() []columnar.Field {
	f := t.spec.Schema.Fields
	return f[:len(f)-len(t.spec.Metadata)]
}

// valueColumns are the physical columns that values hold.
func (t *table) valueColumns() (columns []int) {
	for i, in := range t.inValue {
		if in {
			columns = append(columns, i)
		}
	}
	return columns
}

// checkRaw wants one column of text or bytes where the format is raw.
func (t *table) checkRaw() error {
	for _, f := range []struct {
		what    string
		format  string
		columns []int
	}{{"values", t.value.format, t.valueColumns()}, {"keys", t.key.format, t.keyColumns}} {
		if f.format != "raw" {
			continue
		}
		if len(f.columns) != 1 {
			return fmt.Errorf("the format 'raw' of %s takes one column, not %d", f.what, len(f.columns))
		}
		if typ := t.physical()[f.columns[0]].Type; !typ.IsString() && !typ.IsBinary() {
			return fmt.Errorf("the format 'raw' of %s takes a column of type STRING or BYTES, not %s", f.what, typ.Nullable())
		}
	}
	return nil
}

// badRows reads what becomes of records that cannot be read.
func badRows(value formatOptions, o map[string]string) (deadletter.Options, error) {
	ignore := value.format + ".ignore-parse-errors"
	o = maps.Clone(o)
	if delete(o, ignore); value.skip {
		o[ignore] = "true"
	}
	return deadletter.Parse(o, ignore)
}

func readFormat(part, format string, o map[string]string) (formatOptions, error) {
	f := formatOptions{format: strings.ToLower(format)}
	get := func(key string) string {
		if v := o[part+"."+key]; v != "" || part == "key" {
			return v
		}
		return o[key]
	}
	switch f.format {
	case "", "raw":
		return f, nil
	case "csv":
		return f, f.readCSV(get)
	case "json":
		return f, f.readJSON(get)
	}
	return f, fmt.Errorf("unknown format '%s' of the %s (known: csv, json, raw)", format, part)
}

func (f *formatOptions) readCSV(get func(key string) string) (err error) {
	f.skip = get("csv.ignore-parse-errors") == "true"
	if f.csv, err = csv.ParseOptions(get); err != nil {
		return err
	}
	return f.csv.Validate()
}

func (f *formatOptions) readJSON(get func(key string) string) error {
	if f.skip = get("json.ignore-parse-errors") == "true"; f.skip {
		f.json.OnError = json.Skip
	}
	f.json.OmitNulls = get("json.encode.ignore-null-fields") == "true"
	f.json.FailOnMissing = get("json.fail-on-missing-field") == "true"
	switch strings.ToUpper(get("json.timestamp-format.standard")) {
	case "", "SQL":
	case "ISO-8601":
		f.json.Timestamps = json.ISO8601
	default:
		return fmt.Errorf("option 'json.timestamp-format.standard' is '%s', not SQL or ISO-8601", get("json.timestamp-format.standard"))
	}
	return f.json.Validate()
}

// readOptions reads where reading begins and ends.
func (t *table) readOptions(o map[string]string) (err error) {
	begin := "group-offsets"
	if t.upsert {
		begin = "earliest-offset" // a table is all its rows
	}
	if t.start, err = readBound("scan.startup", o, begin, "earliest-offset", "latest-offset", "group-offsets", "timestamp", "specific-offsets"); err != nil {
		return err
	}
	if t.stop, err = readBound("scan.bounded", o, "unbounded", "unbounded", "latest-offset", "group-offsets", "timestamp", "specific-offsets"); err != nil {
		return err
	}
	if t.group == "" && (t.start.mode == "group-offsets" || t.stop.mode == "group-offsets") {
		return errors.New("the mode 'group-offsets' needs the option 'properties.group.id'; or set 'scan.startup.mode' to 'earliest-offset' or 'latest-offset'")
	}
	if t.discovery, err = readDuration("scan.topic-partition-discovery.interval", o, 5*time.Minute); err != nil {
		return err
	}
	t.idleAfter, err = readDuration("scan.watermark.idle-timeout", o, 0)
	return err
}

func readDuration(key string, o map[string]string, byDefault time.Duration) (time.Duration, error) {
	text, ok := o[key]
	if !ok {
		return byDefault, nil
	}
	d, ok := catalog.ParseDuration(text)
	if !ok {
		return 0, fmt.Errorf("option '%s' is '%s', not a duration such as '30 s'", key, text)
	}
	return d, nil
}

func readBound(prefix string, o map[string]string, byDefault string, modes ...string) (bound, error) {
	b := bound{mode: o[prefix+".mode"]}
	if b.mode == "" {
		b.mode = byDefault
	}
	if !slices.Contains(modes, b.mode) {
		return b, fmt.Errorf("option '%s.mode' is '%s' (known: %s)", prefix, b.mode, strings.Join(modes, ", "))
	}
	var err error
	switch b.mode {
	case "timestamp":
		key := prefix + ".timestamp-millis"
		if b.millis, err = strconv.ParseInt(o[key], 10, 64); err != nil || b.millis < 0 {
			return b, fmt.Errorf("the mode 'timestamp' needs the option '%s', milliseconds since 1970; it is '%s'", key, o[key])
		}
	case "specific-offsets":
		key := prefix + ".specific-offsets"
		if b.offsets, err = parseOffsets(o[key]); err != nil {
			return b, fmt.Errorf("option '%s': %w", key, err)
		}
	}
	return b, nil
}

// parseOffsets reads "partition:0,offset:42;partition:1,offset:300".
func parseOffsets(text string) (map[int32]int64, error) {
	offsets := map[int32]int64{}
	for _, pair := range strings.Split(strings.TrimSuffix(text, ";"), ";") {
		p, o, ok := strings.Cut(strings.TrimSpace(pair), ",")
		p, okP := strings.CutPrefix(strings.TrimSpace(p), "partition:")
		o, okO := strings.CutPrefix(strings.TrimSpace(o), "offset:")
		partition, errP := strconv.ParseInt(p, 10, 32)
		offset, errO := strconv.ParseInt(o, 10, 64)
		if !ok || !okP || !okO || errP != nil || errO != nil || partition < 0 || offset < 0 {
			return nil, fmt.Errorf("'%s' is not of the form 'partition:0,offset:42'", pair)
		}
		if _, twice := offsets[int32(partition)]; twice {
			return nil, fmt.Errorf("partition %d is named twice", partition)
		}
		offsets[int32(partition)] = offset
	}
	return offsets, nil
}
