//! The Go module whose folders and answers ours are held against.
#![allow(clippy::unwrap_used)]

use std::path::PathBuf;

/// Where Go keeps the module; unreachable is a failure.
pub fn module() -> PathBuf {
    testbed::tools::netpol_analyzer_sources().unwrap()
}
