//! The folder that a `distribution` registry serves.

use std::fs::{self, File, Permissions};
use std::io::{BufWriter, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use serde_json::json;
use tar::{Builder, Header};

use super::blob::{Blob, Digest, Hashing};
use super::image::{Image, MANIFEST_TYPE, descriptor, encode};
use super::layer::Layer;

/// The storage of a registry, in the layout of `distribution`'s filesystem driver.
///
/// Point the registry at it with `storage.filesystem.rootdirectory`. Nothing here locks the
/// folder: write it whole, then serve it.
#[derive(Clone, Debug)]
pub struct Store {
    root: PathBuf,
}

impl Store {
    /// The storage in the folder `root`, which is made when a blob is first written.
    pub fn new(root: impl Into<PathBuf>) -> Self {
        Self { root: root.into() }
    }

    /// The folder to give to the registry.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// Writes a layer and says what it is called.
    ///
    /// # Errors
    /// When a file of the layer cannot be read, or the storage cannot be written.
    pub fn layer(&self, layer: &Layer) -> Result<Blob> {
        self.write(|out| layer.write(out))
    }

    /// Takes over a blob of another storage, by hard link where the file system allows it.
    ///
    /// # Errors
    /// When the blob is not in `from`, or the storage cannot be written.
    pub fn share(&self, from: &Self, blob: &Blob) -> Result<()> {
        let (source, target) = (from.data(&blob.digest), self.data(&blob.digest));
        if target.exists() {
            return Ok(());
        }
        make_parent(&target)?;
        if fs::hard_link(&source, &target).is_err() {
            fs::copy(&source, &target).with_context(|| {
                format!("cannot copy {} to {}", source.display(), target.display())
            })?;
        }
        Ok(())
    }

    /// Publishes `image` as `repository:tag` and returns the manifest's digest.
    ///
    /// # Errors
    /// When the storage cannot be written.
    pub fn tag(&self, repository: &str, tag: &str, image: &Image) -> Result<Digest> {
        let (config, manifest) = self.manifest(image)?;
        let folder = self.root.join("docker/registry/v2/repositories").join(repository);
        for blob in image.layers.iter().chain([&config]) {
            link(&folder.join("_layers/sha256").join(blob.digest.hex()), &blob.digest)?;
        }
        let manifests = folder.join("_manifests");
        let tag = manifests.join("tags").join(tag);
        let hex = manifest.digest.hex();
        link(&manifests.join("revisions/sha256").join(hex), &manifest.digest)?;
        link(&tag.join("index/sha256").join(hex), &manifest.digest)?;
        link(&tag.join("current"), &manifest.digest)?;
        Ok(manifest.digest)
    }

    /// Writes `image` as one file for `ctr images import`, where it is called `name`.
    ///
    /// # Errors
    /// When a layer is not in this storage, or a file cannot be written.
    pub fn archive(&self, name: &str, image: &Image, to: &Path) -> Result<()> {
        let (config, manifest) = self.manifest(image)?;
        let mut entry = descriptor(MANIFEST_TYPE, &manifest);
        entry["annotations"] = json!({
            "io.containerd.image.name": name,
            "org.opencontainers.image.ref.name": name,
        });
        let index = encode(&json!({ "schemaVersion": 2, "manifests": [entry] }));

        make_parent(to)?;
        let file = File::create(to).with_context(|| format!("cannot create {}", to.display()))?;
        let mut tar = Builder::new(BufWriter::new(file));
        let mut append = |path: &str, size: u64, content: &mut dyn std::io::Read| {
            let mut header = Header::new_gnu();
            header.set_mode(0o644);
            header.set_size(size);
            tar.append_data(&mut header, path, content)
        };
        let layout: &[u8] = br#"{"imageLayoutVersion":"1.0.0"}"#;
        append("oci-layout", layout.len() as u64, &mut &*layout)?;
        append("index.json", index.len() as u64, &mut index.as_slice())?;
        for blob in image.layers.iter().chain([&config, &manifest]) {
            let data = self.data(&blob.digest);
            let mut data =
                File::open(&data).with_context(|| format!("cannot read {}", data.display()))?;
            append(&format!("blobs/sha256/{}", blob.digest.hex()), blob.size, &mut data)?;
        }
        tar.into_inner()?.flush()?;
        Ok(())
    }

    /// The file that holds a blob's bytes.
    pub fn data(&self, digest: &Digest) -> PathBuf {
        let hex = digest.hex();
        self.root.join("docker/registry/v2/blobs/sha256").join(&hex[..2]).join(hex).join("data")
    }

    fn manifest(&self, image: &Image) -> Result<(Blob, Blob)> {
        let config = self.bytes(&image.config())?;
        let manifest = self.bytes(&image.manifest(&config))?;
        Ok((config, manifest))
    }

    fn bytes(&self, content: &[u8]) -> Result<Blob> {
        self.write(|out| Ok(out.write_all(content)?))
    }

    /// Writes a blob under a temporary name, and moves it to the one its content gives it.
    fn write(&self, content: impl FnOnce(&mut dyn Write) -> Result<()>) -> Result<Blob> {
        fs::create_dir_all(&self.root)
            .with_context(|| format!("cannot create {}", self.root.display()))?;
        let file = tempfile::Builder::new()
            .prefix(".blob-")
            // A registry need not run as the user who built the images.
            .permissions(Permissions::from_mode(0o644))
            .tempfile_in(&self.root)
            .with_context(|| format!("cannot write to {}", self.root.display()))?;
        let mut out = Hashing::new(BufWriter::new(file.as_file()));
        content(&mut out)?;
        let blob = out.finish()?;
        let data = self.data(&blob.digest);
        make_parent(&data)?;
        file.persist(&data).with_context(|| format!("cannot write {}", data.display()))?;
        Ok(blob)
    }
}

/// The registry's symbolic link: a file `link` that holds a digest.
fn link(folder: &Path, digest: &Digest) -> Result<()> {
    let file = folder.join("link");
    make_parent(&file)?;
    fs::write(&file, digest.to_string()).with_context(|| format!("cannot write {}", file.display()))
}

fn make_parent(file: &Path) -> Result<()> {
    let parent = file.parent().unwrap_or(Path::new("/"));
    fs::create_dir_all(parent).with_context(|| format!("cannot create {}", parent.display()))
}
