// Package controllers stands in for the module of this name, of which Cilium uses the one constant.
package controllers

// DerivedServiceAnnotation names the Service that was made for a ServiceImport (KEP-1645).
const DerivedServiceAnnotation = "multicluster.kubernetes.io/derived-service"
