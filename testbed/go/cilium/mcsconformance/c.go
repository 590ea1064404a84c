// Package conformance stands in for test code that nothing here runs.
package conformance
