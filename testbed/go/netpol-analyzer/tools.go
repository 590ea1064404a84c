//go:build tools

// Package tools requires the programs that are built from this module.
package tools

import _ "github.com/np-guard/netpol-analyzer/cmd/netpolicy"
