//! The images that the cluster itself needs: the sandbox of a pod, cluster DNS, and a shell for tests.

use std::fs;
use std::path::{Path, PathBuf};

use super::debian::Debian;
use super::{Cache, Key, Recipe, go, modules};
use crate::error::{Attempt as _, Error, Result};
use crate::images::oci::{Image, Layer, Store};

/// The repositories and the tag they have.
pub(crate) const PAUSE: &str = "testbed/pause:1";
/// CoreDNS as a pod.
pub(crate) const COREDNS: &str = "testbed/coredns:1";
/// A shell with `nc`, `nslookup`, `ping` and `httpd`.
pub(crate) const BUSYBOX: &str = "testbed/busybox:1";

/// Applets that the busybox image has a name for. `wget` is not among them: looking up a name, the static program
/// looks for C library plugins that the image does not have.
const APPLETS: &[&str] =
    &["cat", "echo", "env", "grep", "httpd", "id", "ls", "nc", "nslookup", "ping", "sh", "sleep"];

/// The root folder of a registry's storage with these images.
///
/// # Errors
/// When a program cannot be built, or the storage cannot be written.
pub fn storage(cache: &Cache, debian: &Debian) -> Result<PathBuf> {
    let (small, runtime) =
        (go::build(cache, &modules::SMALL)?, go::build(cache, &modules::RUNTIME)?);
    let key =
        [&small, &runtime, debian.folder()].iter().fold(Key::default(), |key, folder: &&Path| {
            key.with(folder.as_os_str().as_encoded_bytes())
        });
    let recipe = Recipe {
        name: "infra-images",
        what: "the images of pause, CoreDNS and busybox",
        estimate: "2 s",
        key: key.with(include_str!("infra.rs")),
    };
    cache.artefact(&recipe, |draft| {
        let program =
            |path: PathBuf| fs::read(&path).attempt(|| format!("read {}", path.display()));
        let store = Store::new(draft);
        let pause = Layer::new().file("pause", program(small.join("pause"))?, 0o755);
        publish(&store, PAUSE, &pause, &["/pause"])?;
        let coredns = Layer::new().file("coredns", program(runtime.join("coredns"))?, 0o755);
        publish(&store, COREDNS, &coredns, &["/coredns"])?;
        let busybox = program(debian.folder().join("root/bin/busybox"))?;
        let busybox = Layer::new().file("bin/busybox", busybox, 0o755).dir("tmp", 0o1777);
        let busybox = APPLETS
            .iter()
            .fold(busybox, |layer, name| layer.symlink(&format!("bin/{name}"), "busybox"));
        publish(&store, BUSYBOX, &busybox, &["/bin/sh"])
    })
}

fn publish(store: &Store, name: &str, layer: &Layer, entrypoint: &[&str]) -> Result<()> {
    let failed = |error: anyhow::Error| Error::Build {
        what: format!("the image {name}"),
        cause: format!("{error:#}"),
    };
    let image = Image {
        layers: vec![store.layer(layer).map_err(failed)?],
        entrypoint: entrypoint.iter().map(ToString::to_string).collect(),
        env: [("PATH".to_owned(), "/bin".to_owned())].into(),
        user: "65534:65534".to_owned(),
        ..Image::default()
    };
    let (repository, tag) = name.split_once(':').expect("the names above have a tag");
    store.tag(repository, tag, &image).map_err(failed)?;
    Ok(())
}
