//! What a node runs, built where the cache does not have it.

use std::path::PathBuf;

use super::Cni;
use crate::artefact::debian::Debian;
use crate::artefact::{Cache, go, modules};
use crate::error::{Error, Result};
use crate::{files, images};

/// The folders of everything that a node runs.
#[derive(Debug, Clone)]
pub(crate) struct Programs {
    pub(crate) kubernetes: PathBuf,
    pub(crate) runtime: PathBuf,
    pub(crate) cilium: Option<PathBuf>,
    pub(crate) registry: PathBuf,
    pub(crate) small: PathBuf,
    pub(crate) debian: Debian,
}

impl Programs {
    pub(super) fn build(cache: &Cache, cni: Cni) -> Result<Self> {
        Ok(Self {
            debian: Debian::open(cache)?,
            small: go::build(cache, &modules::SMALL)?,
            kubernetes: go::build(cache, &modules::KUBERNETES)?,
            runtime: go::build(cache, &modules::RUNTIME)?,
            registry: go::build(cache, &modules::REGISTRY)?,
            cilium: matches!(cni, Cni::Cilium(_))
                .then(|| go::build(cache, &modules::CILIUM))
                .transpose()?,
        })
    }
}

/// The storage of the registry with the platform's images; an empty one where they are not wanted.
pub(super) fn platform_images(cache: &Cache, wanted: bool) -> Result<PathBuf> {
    if wanted {
        return images::registry_storage(cache.root()).map_err(|error| Error::Build {
            what: "the platform's images".into(),
            cause: format!("{error:#}"),
        });
    }
    let empty = cache.root().join("no-images");
    files::create_dir(&empty)?;
    Ok(empty)
}
