//! Programs that benchmarks and tests compare with, built on demand like everything else.

use std::path::PathBuf;

use crate::artefact::debian::Debian;
use crate::artefact::{Cache, go, modules};
use crate::error::Result;

/// Helm 4.
///
/// # Errors
/// When there is no Go, or the build fails.
pub fn helm(cache: &Cache) -> Result<PathBuf> {
    Ok(go::build(cache, &modules::HELM)?.join("helm"))
}

/// Kustomize 5.
///
/// # Errors
/// When there is no Go, or the build fails.
pub fn kustomize(cache: &Cache) -> Result<PathBuf> {
    Ok(go::build(cache, &modules::KUSTOMIZE)?.join("kustomize"))
}

/// NP-Guard's netpol-analyzer, an independent reading of NetworkPolicy.
///
/// # Errors
/// When there is no Go, or the build fails.
pub fn netpol_analyzer(cache: &Cache) -> Result<PathBuf> {
    Ok(go::build(cache, &modules::NETPOL_ANALYZER)?.join("netpol-analyzer"))
}

/// The folder of its sources, with the manifests of its tests.
///
/// # Errors
/// When there is no Go, or the module cannot be fetched.
pub fn netpol_analyzer_sources() -> Result<PathBuf> {
    go::sources(&modules::NETPOL_ANALYZER, "github.com/np-guard/netpol-analyzer")
}

/// The kubectl of the testbed's Kubernetes.
///
/// # Errors
/// When there is no Go, or the build fails.
pub fn kubectl(cache: &Cache) -> Result<PathBuf> {
    Ok(go::build(cache, &modules::KUBERNETES)?.join("kubectl"))
}

/// A folder for `PATH` with Debian's `ip`, `initdb`, `postgres` and `psql`, among others. They run as any user who can
/// enter the folder.
///
/// # Errors
/// When Debian's packages cannot be had.
pub fn debian(cache: &Cache) -> Result<PathBuf> {
    Ok(Debian::open(cache)?.folder().join("bin"))
}

/// Debian's busybox: a shell with `nc` and `wget`.
///
/// # Errors
/// When Debian's packages cannot be had.
pub fn busybox(cache: &Cache) -> Result<PathBuf> {
    Ok(Debian::open(cache)?.folder().join("root/bin/busybox"))
}
