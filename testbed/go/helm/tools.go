//go:build tools

// Package tools requires the programs that are built from this module.
package tools

import _ "helm.sh/helm/v4/cmd/helm"
