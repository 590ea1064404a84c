//! From the sources in `testbed/images/` to the folder that a registry serves.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use crate::artefact::lock;

use super::base::{Built, NODE, PYTHON};
use super::catalogue::{self, Fault, Release, Role, Tag};
use super::oci::{Digest, Layer, Store};

/// Builds every image below `cache` and returns the root folder of a registry that serves them,
/// saying on stderr what takes time.
///
/// # Errors
/// As [`registry_storage_with`].
pub fn registry_storage(cache: &Path) -> Result<PathBuf> {
    registry_storage_with(cache, &mut crate::progress::say)
}

/// Builds every image below `cache` and returns the root folder of a registry that serves them.
///
/// The folder's name follows from the images' digests: it never changes under a registry that
/// serves it, and unchanged sources lead to the same folder again. Only the first build on a
/// machine takes time; `progress` gets a line for each of its steps.
///
/// # Errors
/// When the base layers cannot be made (mmdebstrap wants root and a Debian mirror), or `cache`
/// cannot be written.
pub fn registry_storage_with(cache: &Path, progress: &mut dyn FnMut(&str)) -> Result<PathBuf> {
    let cache = cache.join("images");
    fs::create_dir_all(&cache).with_context(|| format!("cannot create {}", cache.display()))?;
    let _lock = lock(&cache.join("lock"), "builds the platform's images")?;
    remove_drafts(&cache)?;

    let bases =
        Bases { python: PYTHON.build(&cache, progress)?, node: NODE.build(&cache, progress)? };
    let work = tempfile::Builder::new().prefix(DRAFT).tempdir_in(&cache)?;
    let store = Store::new(work.path().join("registry"));
    let sources = Path::new(env!("CARGO_MANIFEST_DIR")).join("images");
    let tags = catalogue::all();
    let mut contents = String::new();
    for &tag in &tags {
        let digest = publish(&store, &bases, &sources, tag)
            .with_context(|| format!("cannot build {}:{}", tag.role.repository(), tag.name()))?;
        contents += &format!("{}:{} {digest}\n", tag.role.repository(), tag.name());
    }
    let root = cache.join(format!("registry-{}", &Digest::of(contents.as_bytes()).hex()[..12]));
    if !root.exists() {
        progress(&format!("images: {} tags in {}", tags.len(), root.display()));
        fs::rename(store.root(), &root)
            .with_context(|| format!("cannot create {}", root.display()))?;
    }
    Ok(root)
}

/// What the name of a folder begins with in which something is built.
pub(super) const DRAFT: &str = "building-";

/// Removes what killed builds left. The caller holds the lock.
fn remove_drafts(cache: &Path) -> Result<()> {
    for entry in fs::read_dir(cache)?.flatten() {
        if entry.file_name().as_encoded_bytes().starts_with(DRAFT.as_bytes()) {
            fs::remove_dir_all(entry.path())
                .with_context(|| format!("cannot remove {}", entry.path().display()))?;
        }
    }
    Ok(())
}

struct Bases {
    python: Built,
    node: Built,
}

fn publish(store: &Store, bases: &Bases, sources: &Path, tag: Tag) -> Result<Digest> {
    let base = if tag.role == Role::Dashboard { &bases.node } else { &bases.python };
    store.share(&base.store, &base.layer)?;
    let mut layers = vec![base.layer.clone()];
    for layer in own_layers(sources, tag)? {
        layers.push(store.layer(&layer)?);
    }
    let image = tag.role.image(layers, &tag.name());
    store.tag(&tag.role.repository(), &tag.name(), &image)
}

/// The layers above the base: the role's files, what the release adds, what the fault breaks.
fn own_layers(sources: &Path, tag: Tag) -> Result<Vec<Layer>> {
    let role = tag.role;
    let mut files = Layer::new();
    if role != Role::Dashboard {
        files = files.tree(&sources.join("python"), "")?;
    }
    files = files.tree(&sources.join(role.name()), "")?;
    files = mount_points(files, role);

    let mut release = Layer::new().file("app/VERSION", format!("{}\n", tag.release.tag()), 0o644);
    for added in Release::ALL.into_iter().filter(|added| *added <= tag.release) {
        release = overlay(release, &sources.join("releases").join(added.tag()).join(role.name()))?;
    }
    let mut layers = vec![files, release];
    if let Some(fault) = tag.fault {
        let broken = Layer::new().file("app/FAULT", format!("{}\n", fault.line()), 0o644);
        let broken = overlay(broken, &sources.join("faults").join(fault.name()).join(role.name()))?;
        layers.push(if fault == Fault::NoCommand { broken.remove(role.program()) } else { broken });
    }
    // Nothing that depends on how the checkout was made or what ran in it.
    let same_everywhere =
        |layer: Layer| layer.retain(|path| !path.contains("__pycache__")).plain_modes();
    Ok(layers.into_iter().map(same_everywhere).collect())
}

fn overlay(layer: Layer, folder: &Path) -> Result<Layer> {
    if folder.is_dir() { layer.tree(folder, "") } else { Ok(layer) }
}

/// The folders over which a pod mounts its volumes. Only root may write to them in the image: a
/// forgotten volume shows at once.
fn mount_points(layer: Layer, role: Role) -> Layer {
    let folders: &[&str] = match role {
        Role::Gateway => &["data", "data/hive"],
        Role::Dashboard => &[],
        Role::Agent => &["data", "data/config"],
        Role::Sandbox => &[
            "data",
            "data/pipelines",
            "home",
            "home/codex",
            "sandbox",
            "sandbox/commands",
            "sandbox/tasks",
        ],
    };
    folders.iter().fold(layer, |layer, folder| layer.dir(folder, 0o755))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn what_a_killed_build_left_is_removed_and_nothing_else() {
        let cache = tempfile::tempdir().unwrap();
        for name in ["building-x1/rootfs/etc", "base-python-1", "registry-1"] {
            fs::create_dir_all(cache.path().join(name)).unwrap();
        }
        fs::write(cache.path().join("lock"), "").unwrap();
        remove_drafts(cache.path()).unwrap();
        let left = fs::read_dir(cache.path()).unwrap().map(|entry| entry.unwrap().file_name());
        let left: std::collections::BTreeSet<_> = left.collect();
        assert_eq!(left, ["base-python-1", "lock", "registry-1"].map(Into::into).into());
    }
}
