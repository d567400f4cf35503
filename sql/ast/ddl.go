package ast

// CreateTable is CREATE TABLE.
type CreateTable struct {
	Pos
	Replace       bool // CREATE OR REPLACE
	Temporary     bool
	IfNotExists   bool
	Name          Name
	Columns       []ColumnDef
	PrimaryKey    *PrimaryKey // nil: none; a column's PRIMARY KEY is moved here
	Watermarks    []Watermark
	Comment       string
	PartitionedBy []Ident
	Options       []Property
	Like          *LikeTable // nil: none
	Query         *Query     // AS query; nil: none
}

// ColumnKind says where a column's values come from.
type ColumnKind int

// The kinds of columns.
const (
	ColumnPhysical ColumnKind = iota // Type is set, except in (a, b) AS query
	ColumnComputed                   // Expr is set
	ColumnMetadata                   // Type is set
)

// ColumnDef is one column of a CREATE TABLE.
type ColumnDef struct {
	Pos
	Name        Ident
	Kind        ColumnKind
	Type        *Type
	Expr        Expr
	MetadataKey string // METADATA FROM 'key'; empty: the column's name
	Virtual     bool   // METADATA VIRTUAL: read, never written
	Comment     string
}

// PrimaryKey is [CONSTRAINT name] PRIMARY KEY (columns) [NOT ENFORCED].
type PrimaryKey struct {
	Pos
	Name        *Ident // nil: none
	Columns     []Ident
	NotEnforced bool
}

// Watermark is WATERMARK FOR column AS expr.
type Watermark struct {
	Pos
	Column Name
	Expr   Expr
}

// LikeTable is LIKE table (options): what a new table takes over from another.
type LikeTable struct {
	Pos
	Table   Name
	Options []LikeOption
}

// LikeMode is what happens to a feature of the table that is taken over.
type LikeMode int

// The modes of LIKE.
const (
	LikeIncluding LikeMode = iota
	LikeExcluding
	LikeOverwriting
)

func (m LikeMode) String() string {
	return [...]string{"INCLUDING", "EXCLUDING", "OVERWRITING"}[m]
}

// LikeFeature is a part of a table's definition.
type LikeFeature string

// The features LIKE can name.
const (
	FeatureAll          LikeFeature = "ALL"
	FeatureConstraints  LikeFeature = "CONSTRAINTS"
	FeatureDistribution LikeFeature = "DISTRIBUTION"
	FeatureGenerated    LikeFeature = "GENERATED"
	FeatureMetadata     LikeFeature = "METADATA"
	FeatureOptions      LikeFeature = "OPTIONS"
	FeaturePartitions   LikeFeature = "PARTITIONS"
	FeatureWatermarks   LikeFeature = "WATERMARKS"
)

// LikeOption is one mode and feature of a LIKE.
type LikeOption struct {
	Pos
	Mode    LikeMode
	Feature LikeFeature
}

// CreateView is CREATE VIEW.
type CreateView struct {
	Pos
	Replace     bool
	Temporary   bool
	IfNotExists bool
	Name        Name
	Columns     []ViewColumn // empty: the query's
	Comment     string
	Query       *Query
}

// ViewColumn is one renamed column of a view.
type ViewColumn struct {
	Pos
	Name    Ident
	Comment string
}

// CreateFunction is CREATE FUNCTION name AS 'class' [LANGUAGE x].
type CreateFunction struct {
	Pos
	Temporary   bool
	System      bool
	IfNotExists bool
	Name        Name
	Class       string
	Language    string // upper case; empty: not given
}

// CreateCatalog is CREATE CATALOG name WITH (...).
type CreateCatalog struct {
	Pos
	IfNotExists bool
	Name        Ident
	Comment     string
	Options     []Property
}

// CreateDatabase is CREATE DATABASE name [COMMENT 'c'] [WITH (...)].
type CreateDatabase struct {
	Pos
	IfNotExists bool
	Name        Name
	Comment     string
	Options     []Property
}

// ObjectKind is what a DROP names.
type ObjectKind string

// The kinds of objects.
const (
	ObjectTable    ObjectKind = "TABLE"
	ObjectView     ObjectKind = "VIEW"
	ObjectFunction ObjectKind = "FUNCTION"
	ObjectDatabase ObjectKind = "DATABASE"
	ObjectCatalog  ObjectKind = "CATALOG"
)

// Drop is DROP kind [IF EXISTS] name.
type Drop struct {
	Pos
	Kind      ObjectKind
	Temporary bool
	System    bool // of a function
	IfExists  bool
	Name      Name
	Cascade   bool // of a database
}

// AlterTable is ALTER TABLE name RENAME TO, SET (...) or RESET (...); one of the three is set.
type AlterTable struct {
	Pos
	IfExists bool
	Name     Name
	RenameTo Name
	Set      []Property
	Reset    []string
}

// AlterView is ALTER VIEW name RENAME TO or AS query; one of the two is set.
type AlterView struct {
	Pos
	Name     Name
	RenameTo Name
	Query    *Query
}
