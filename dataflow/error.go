package dataflow

// RowError is a failure that rows cause: a division by zero, text that is no number, a bad record. To
// start the job again does not help, as it meets the same rows again.
type RowError struct{ Err error }

// Error is the text of the failure.
func (e *RowError) Error() string { return e.Err.Error() }

// Unwrap is the failure.
func (e *RowError) Unwrap() error { return e.Err }
