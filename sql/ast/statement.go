package ast

// Statement is one statement of a script.
type Statement interface {
	Node
	statement()
}

// Insert is INSERT INTO|OVERWRITE t [PARTITION (..)] [(columns)] query.
type Insert struct {
	Pos
	Overwrite bool
	Table     Name
	Hints     []Hint
	Partition []PartitionValue
	Columns   []Ident // empty: all, in order
	Query     *Query
}

// PartitionValue is column [= value] of an INSERT's PARTITION clause.
type PartitionValue struct {
	Pos
	Column Ident
	Value  Expr // nil: dynamic
}

// StatementSet is EXECUTE STATEMENT SET BEGIN insert; insert; END: one job with several sinks.
type StatementSet struct {
	Pos
	Inserts []*Insert
}

// Copy is COPY source TO 'file' (options); one of Table and Query is set.
type Copy struct {
	Pos
	Table   Name
	Query   *Query
	To      string
	Options []Option
}

// Explain is EXPLAIN [details] statement, or EXPLAIN (options) statement.
type Explain struct {
	Pos
	Details   []string // ESTIMATED_COST, CHANGELOG_MODE, JSON_EXECUTION_PLAN, PLAN_ADVICE, ANALYZE, VERBOSE
	Options   []Option
	Statement Statement
}

// Describe is DESCRIBE [EXTENDED] of a table, a file or a query; one of Table, Path and Query is set.
type Describe struct {
	Pos
	Extended bool
	Table    Name
	Path     string
	Query    *Query
}

// ShowKind is what SHOW lists.
type ShowKind string

// What SHOW lists.
const (
	ShowTables          ShowKind = "TABLES"
	ShowViews           ShowKind = "VIEWS"
	ShowCatalogs        ShowKind = "CATALOGS"
	ShowDatabases       ShowKind = "DATABASES"
	ShowFunctions       ShowKind = "FUNCTIONS"
	ShowUserFunctions   ShowKind = "USER FUNCTIONS"
	ShowModules         ShowKind = "MODULES"
	ShowJobs            ShowKind = "JOBS"
	ShowColumns         ShowKind = "COLUMNS"
	ShowPartitions      ShowKind = "PARTITIONS"
	ShowCreateTable     ShowKind = "CREATE TABLE"
	ShowCreateView      ShowKind = "CREATE VIEW"
	ShowCurrentCatalog  ShowKind = "CURRENT CATALOG"
	ShowCurrentDatabase ShowKind = "CURRENT DATABASE"
)

// Show is SHOW kind [FROM name] [[NOT] LIKE 'pattern'].
type Show struct {
	Pos
	Kind ShowKind
	Name Name // of COLUMNS, PARTITIONS, CREATE TABLE, CREATE VIEW; the scope of TABLES, VIEWS, DATABASES, FUNCTIONS
	Like *ShowLike
}

// ShowLike narrows what SHOW lists.
type ShowLike struct {
	Pos
	Not     bool
	Fold    bool // ILIKE
	Pattern string
}

// Set is SET 'key' = 'value'; with an empty Key it lists all settings.
type Set struct {
	Pos
	Key   string
	Value string
}

// Reset is RESET 'key'; with an empty Key it resets all settings.
type Reset struct {
	Pos
	Key string
}

// Use is USE CATALOG c or USE [c.]d.
type Use struct {
	Pos
	Catalog bool
	Name    Name
}

// StopJob is STOP JOB 'id' [WITH SAVEPOINT] [WITH DRAIN].
type StopJob struct {
	Pos
	ID        string
	Savepoint bool
	Drain     bool
}

// CommandKind is a command to the shell itself.
type CommandKind string

// The shell's commands; EXIT is QUIT.
const (
	CommandQuit  CommandKind = "QUIT"
	CommandHelp  CommandKind = "HELP"
	CommandClear CommandKind = "CLEAR"
)

// Command is a command to the shell itself.
type Command struct {
	Pos
	Kind CommandKind
}

func (*Query) statement()          {}
func (*Insert) statement()         {}
func (*StatementSet) statement()   {}
func (*Copy) statement()           {}
func (*Explain) statement()        {}
func (*Describe) statement()       {}
func (*Show) statement()           {}
func (*Set) statement()            {}
func (*Reset) statement()          {}
func (*Use) statement()            {}
func (*StopJob) statement()        {}
func (*Command) statement()        {}
func (*CreateTable) statement()    {}
func (*CreateView) statement()     {}
func (*CreateFunction) statement() {}
func (*CreateCatalog) statement()  {}
func (*CreateDatabase) statement() {}
func (*Drop) statement()           {}
func (*AlterTable) statement()     {}
func (*AlterView) statement()      {}
