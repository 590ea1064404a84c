//! The layers that come from Debian.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};

use crate::files::{contained, run};

use super::build::DRAFT;
use super::oci::{Blob, Digest, Layer, Store};

const SUITE: &str = "bookworm";
/// Raise it when the same packages shall give another layer.
const FORMAT: u32 = 2;

/// A base layer: what Debian packages put under `/`.
#[derive(Clone, Copy, Debug)]
pub(super) struct Base {
    pub(super) name: &'static str,
    packages: &'static str,
}

/// What gateway, agent and sandbox stand on.
pub(super) const PYTHON: Base = Base {
    name: "python",
    packages: "python3,alembic,uvicorn,python3-uvicorn,python3-starlette,python3-asyncpg,python3-httpx,python3-yaml,wget,dash,coreutils",
};

/// What the dashboard stands on.
pub(super) const NODE: Base = Base { name: "node", packages: "nodejs,wget,dash,coreutils" };

/// Parts of packages that no image needs.
const UNUSED: &[&str] = &[
    "boot",
    "etc/alternatives",
    "usr/games",
    "usr/include",
    "usr/local/man",
    "usr/share/bash-completion",
    "usr/share/bug",
    "usr/share/doc",
    "usr/share/doc-base",
    "usr/share/gcc",
    "usr/share/info",
    "usr/share/javascript",
    "usr/share/lintian",
    "usr/share/locale",
    "usr/share/man",
    "usr/share/perl5",
    "var/cache",
    "var/lib/apt",
    "var/lib/dpkg",
    "var/log",
];

/// A base layer in a storage of its own.
pub(super) struct Built {
    pub(super) store: Store,
    pub(super) layer: Blob,
}

impl Base {
    /// The layer, built below `cache` unless an earlier run has done that.
    pub(super) fn build(self, cache: &Path, progress: &mut dyn FnMut(&str)) -> Result<Built> {
        let arch = std::env::consts::ARCH;
        let key = Digest::of(format!("{FORMAT} {SUITE} {arch} {}", self.packages).as_bytes());
        let folder = cache.join(format!("base-{}-{}", self.name, &key.hex()[..12]));
        let store = Store::new(&folder);
        let note = folder.join("layer.json");
        if let Ok(note) = fs::read(&note) {
            return Ok(Built { store, layer: serde_json::from_slice(&note)? });
        }
        progress(&format!("images: unpacking Debian packages for the {} base", self.name));
        let work = tempfile::Builder::new()
            .prefix(DRAFT)
            .tempdir_in(cache)
            .with_context(|| format!("cannot write to {}", cache.display()))?;
        let rootfs = work.path().join("rootfs");
        self.unpack(&rootfs, cache)?;
        tidy(&rootfs)?;
        if self.name == PYTHON.name {
            progress("images: compiling Python modules");
            compile(&rootfs)?;
        }
        let files = Layer::new().tree(&rootfs, "")?.plain_modes();
        let files = files.dir("tmp", 0o1777).dir("var/tmp", 0o1777);
        let built = Store::new(work.path().join("store"));
        let layer = built.layer(&files)?;
        fs::write(built.root().join("layer.json"), serde_json::to_vec(&layer)?)?;
        fs::rename(built.root(), &folder)
            .with_context(|| format!("cannot create {}", folder.display()))?;
        Ok(Built { store, layer })
    }

    fn unpack(self, rootfs: &Path, cache: &Path) -> Result<()> {
        // Without a mirror on the command line, the tool takes Debian's own and the host's proxy.
        let mut tool = mmdebstrap(cache)?;
        tool.args(["--quiet", "--variant=extract"]);
        tool.arg(format!("--include={}", self.packages)).arg(SUITE).arg(rootfs);
        run(&mut tool).with_context(|| {
            format!("cannot unpack the {} base (this needs root and a Debian mirror)", self.name)
        })?;
        Ok(())
    }
}

/// Debian's mmdebstrap, unpacked below `cache`: it is one script, which needs Perl.
fn mmdebstrap(cache: &Path) -> Result<Command> {
    const NAME: &str = "mmdebstrap";
    let folder = cache.join(NAME);
    if !folder.exists() {
        unpack_package(NAME, &folder, cache).context("mmdebstrap is needed to build the images")?;
    }
    let mut command = contained("perl");
    command.arg(folder.join("usr/bin").join(NAME));
    Ok(command)
}

fn unpack_package(package: &str, to: &Path, cache: &Path) -> Result<()> {
    let work = tempfile::Builder::new().prefix(DRAFT).tempdir_in(cache)?;
    let mut download = contained("apt-get");
    download.args(["download", package]).current_dir(work.path());
    // A machine that was set up without package lists gets them now.
    if run(&mut download).is_err() {
        run(contained("apt-get").arg("update"))?;
        run(&mut download)?;
    }
    let archive = fs::read_dir(work.path())?
        .filter_map(|entry| Some(entry.ok()?.path()))
        .find(|path| path.extension().is_some_and(|ext| ext == "deb"))
        .with_context(|| format!("apt-get did not download {package}"))?;
    let unpacked = work.path().join("unpacked");
    run(contained("dpkg-deb").arg("-x").arg(archive).arg(&unpacked))?;
    fs::rename(unpacked, to).with_context(|| format!("cannot create {}", to.display()))
}

/// Adds what the packages' maintainer scripts would have made, and removes what no image needs.
fn tidy(rootfs: &Path) -> Result<()> {
    for path in UNUSED {
        let path = rootfs.join(path);
        if path.exists() {
            fs::remove_dir_all(&path)
                .with_context(|| format!("cannot remove {}", path.display()))?;
        }
    }
    let etc = rootfs.join("etc");
    fs::write(etc.join("passwd"), "root:x:0:0:root:/:/bin/sh\nhive:x:1000:1000:hive:/:/bin/sh\n")?;
    fs::write(etc.join("group"), "root:x:0:\nhive:x:1000:\n")?;
    fs::write(etc.join("nsswitch.conf"), "passwd: files\ngroup: files\nhosts: files dns\n")?;
    let bin = rootfs.join("usr/bin");
    if bin.join("python3").exists() && !bin.join("python").exists() {
        symlink("python3", bin.join("python"))?;
    }
    Ok(())
}

/// Compiles the Python modules with the root's own interpreter, so that a container, whose root is
/// read-only, need not do it at every start. Started through the root's dynamic loader, the
/// interpreter wants no chroot.
fn compile(rootfs: &Path) -> Result<()> {
    let (loader, triplet) = match std::env::consts::ARCH {
        "x86_64" => ("lib64/ld-linux-x86-64.so.2", "x86_64-linux-gnu"),
        "aarch64" => ("lib/ld-linux-aarch64.so.1", "aarch64-linux-gnu"),
        other => bail!("the images cannot be built on {other}"),
    };
    let libraries: Vec<PathBuf> =
        ["lib", "usr/lib"].map(|dir| rootfs.join(dir).join(triplet)).into();
    let mut python = Command::new(rootfs.join(loader));
    python.arg("--library-path").arg(std::env::join_paths(libraries)?);
    python.arg(rootfs.join("usr/bin/python3")).args(["-m", "compileall", "-qq"]);
    // The sources never change: nothing need be compared with them.
    python.args(["--invalidation-mode", "unchecked-hash"]);
    python.arg("-s").arg(rootfs).args(["-p", "/"]);
    python.arg(rootfs.join("usr/lib/python3")).arg(rootfs.join("usr/lib/python3.11"));
    python.env("PYTHONHOME", rootfs.join("usr")).env_remove("PYTHONPATH");
    run(&mut python).context("cannot compile the Python modules of the base image")?;
    Ok(())
}
