package parser

import "github.com/anabranch/anabranch/sql/ast"

// unitOf returns the unit of time that a word in upper case names, in singular or plural.
func unitOf(upper string) (unit ast.Unit, ok bool) {
	switch upper {
	case "MILLENNIA":
		return ast.UnitMillennium, true
	case "CENTURIES":
		return ast.UnitCentury, true
	case "":
		return "", false
	}
	if upper[len(upper)-1] == 'S' {
		upper = upper[:len(upper)-1]
	}
	switch unit = ast.Unit(upper); unit {
	case ast.UnitMillennium, ast.UnitCentury, ast.UnitDecade, ast.UnitYear, ast.UnitISOYear, ast.UnitQuarter, ast.UnitMonth,
		ast.UnitWeek, ast.UnitDay, ast.UnitDOW, ast.UnitISODOW, ast.UnitDOY, ast.UnitHour, ast.UnitMinute, ast.UnitSecond,
		ast.UnitMillisecond, ast.UnitMicrosecond, ast.UnitNanosecond, ast.UnitEpoch:
		return unit, true
	}
	return "", false
}

// isIntervalUnit reports whether an interval can be counted in the unit.
func isIntervalUnit(u ast.Unit) bool {
	switch u {
	case ast.UnitISOYear, ast.UnitDOW, ast.UnitISODOW, ast.UnitDOY, ast.UnitEpoch:
		return false
	}
	return true
}

// unit reads a unit of time.
func (p *parser) unit() ast.Unit {
	unit, ok := unitOf(p.tok.upper)
	if p.tok.kind != tokenWord || !ok {
		p.tried = append(p.tried, "YEAR", "QUARTER", "MONTH", "WEEK", "DAY", "HOUR", "MINUTE", "SECOND", "MILLISECOND")
		p.expected("a unit of time such as DAY")
		return ast.UnitDay
	}
	p.next()
	return unit
}

// intervalQualifier reads DAY, DAY TO SECOND(3) and the like; nil where there is none.
func (p *parser) intervalQualifier() *ast.IntervalQualifier {
	unit, ok := unitOf(p.tok.upper)
	if p.tok.kind != tokenWord || !ok || !isIntervalUnit(unit) {
		return nil
	}
	q := &ast.IntervalQualifier{Pos: p.take().pos, From: unit, Precision: -1, FractionPrecision: -1}
	if p.accept("(") {
		q.Precision = p.typeArg()
		if q.From == ast.UnitSecond && p.accept(",") {
			q.FractionPrecision = p.typeArg()
		}
		p.expect(")")
	}
	if q.FractionPrecision >= 0 || !p.at("TO") {
		return q
	}
	to, ok := unitOf(p.peek(1).upper)
	if !ok {
		return q
	}
	pos := p.take().pos
	p.next()
	q.To = to
	if !isRange(q.From, q.To) {
		p.failAt(pos, "no interval goes from %s to %s", q.From, q.To)
	}
	if q.To == ast.UnitSecond && p.accept("(") {
		q.FractionPrecision = p.typeArg()
		p.expect(")")
	}
	return q
}

// isRange reports whether FROM unit TO unit is an interval: within years and months, or days to seconds.
func isRange(from, to ast.Unit) bool {
	if from == ast.UnitYear {
		return to == ast.UnitMonth
	}
	rank := func(u ast.Unit) int {
		switch u {
		case ast.UnitDay:
			return 1
		case ast.UnitHour:
			return 2
		case ast.UnitMinute:
			return 3
		case ast.UnitSecond:
			return 4
		}
		return 0
	}
	return rank(from) > 0 && rank(to) > rank(from)
}
