//! Programs from Debian, unpacked into the cache.
//!
//! Nothing is installed and nothing of the system's package database is touched: apt runs with a state of its own (and
//! the system's sources), fetches the packages that are named here and the libraries they need, and `dpkg-deb` unpacks
//! them. The C library is the system's. A small script for each program sets the library path.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::{Cache, Key, Recipe};
use crate::error::{Attempt as _, Error, Result};
use crate::files;
use crate::instance::find_program;

/// The packages whose programs are wanted.
const PACKAGES: &[&str] = &[
    "runc",
    "containernetworking-plugins",
    "iptables",
    "conntrack",
    "iproute2",
    "clang-19",
    "postgresql-15",
    "postgresql-client-15",
    "tzdata",
    "busybox-static",
];

/// Programs by the name they get, their place, and what their command line starts with.
const PROGRAMS: &[(&str, &str, &str)] = &[
    ("runc", "usr/sbin/runc", ""),
    ("conntrack", "usr/sbin/conntrack", ""),
    ("ip", "bin/ip", ""),
    ("clang", "usr/lib/llvm-19/bin/clang", ""),
    ("busybox", "bin/busybox", ""),
    ("initdb", "usr/lib/postgresql/15/bin/initdb", ""),
    ("postgres", "usr/lib/postgresql/15/bin/postgres", ""),
    ("psql", "usr/lib/postgresql/15/bin/psql", ""),
    // The package's own names are links that its installation makes.
    ("iptables", "usr/sbin/xtables-nft-multi", "iptables"),
    ("iptables-save", "usr/sbin/xtables-nft-multi", "iptables-save"),
    ("iptables-restore", "usr/sbin/xtables-nft-multi", "iptables-restore"),
    ("ip6tables", "usr/sbin/xtables-nft-multi", "ip6tables"),
    ("ip6tables-save", "usr/sbin/xtables-nft-multi", "ip6tables-save"),
    ("ip6tables-restore", "usr/sbin/xtables-nft-multi", "ip6tables-restore"),
];

/// Programs from Debian.
#[derive(Debug, Clone)]
pub struct Debian {
    folder: PathBuf,
}

impl Debian {
    /// Fetches and unpacks the packages where the cache does not have them.
    ///
    /// # Errors
    /// When this system has no apt, or a package cannot be fetched.
    pub fn open(cache: &Cache) -> Result<Self> {
        for program in ["apt-get", "dpkg-deb"] {
            if find_program(program).is_none() {
                return Err(Error::Unsupported {
                    missing: format!("`{program}` is not on PATH"),
                    hint: "use Debian 12, whose runc, PostgreSQL and clang the testbed runs".into(),
                });
            }
        }
        let mut key = Key::default().with(include_str!("debian.rs"));
        key = key.with(fs::read("/etc/os-release").unwrap_or_default());
        let recipe = Recipe {
            name: "debian",
            what: "runc, CNI plugins, iptables, clang and PostgreSQL from Debian packages",
            estimate: "1 min",
            key,
        };
        Ok(Self { folder: cache.artefact(&recipe, fetch)? })
    }

    /// The folder of the artefact: `bin` is for `PATH`, `root` is the tree of the packages.
    #[must_use]
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// The CNI plugins.
    #[must_use]
    pub fn cni(&self) -> PathBuf {
        self.folder.join("root/usr/lib/cni")
    }
}

fn fetch(draft: &Path) -> Result<()> {
    let failed = |cause: String| Error::Build { what: "the Debian programs".into(), cause };
    let (state, packages, root) = (draft.join("apt"), draft.join("packages"), draft.join("root"));
    for folder in [&state.join("lists/partial"), &state.join("archives/partial"), &packages, &root]
    {
        files::create_dir(folder)?;
    }
    // With an empty list of installed packages, the answer is the same on every machine.
    files::write(&state.join("status"), "")?;
    let apt = || {
        let mut command = files::contained("apt-get");
        command.arg("-o").arg(format!("Dir::State={}", state.display()));
        command.arg("-o").arg(format!("Dir::State::status={}", state.join("status").display()));
        command.arg("-o").arg(format!("Dir::Cache={}", state.display()));
        command
            .args(["-o", "APT::Sandbox::User=root", "-o", "Debug::NoLocking=1", "-q"])
            .current_dir(&packages);
        command
    };
    files::run(apt().arg("update"))?;
    let mut ask = apt();
    ask.args(["install", "--yes", "--no-install-recommends", "--print-uris"]).args(PACKAGES);
    let answer = files::run(&mut ask)?;
    let closure = String::from_utf8_lossy(&answer).into_owned();
    let names: Vec<&str> =
        closure.lines().filter_map(package_name).filter(|name| wanted(name)).collect();
    if names.len() < PACKAGES.len() {
        return Err(failed(format!("apt offers only {names:?}")));
    }
    files::run(apt().arg("download").args(&names))?;
    let fetched = fs::read_dir(&packages).attempt(|| format!("read {}", packages.display()))?;
    for package in fetched.flatten() {
        files::run(files::contained("dpkg-deb").arg("-x").arg(package.path()).arg(&root))?;
    }
    files::remove_dir(&state)?;
    files::remove_dir(&packages)?;
    write_programs(draft, &root).map_err(|error| failed(error.to_string()))?;
    // For the user that PostgreSQL runs as, whatever the umask is.
    files::run(Command::new("chmod").args(["-R", "go=rX"]).arg(draft))?;
    Ok(())
}

/// The package of a line `'URI' NAME_VERSION_ARCH.deb SIZE HASH`.
fn package_name(line: &str) -> Option<&str> {
    line.strip_prefix('\'')?.split(' ').nth(1)?.split('_').next()
}

/// Of all that the packages depend on: they themselves, and shared libraries but for the C library (the system's loader
/// and it belong together) and those of compilers' instrumentation.
fn wanted(name: &str) -> bool {
    const LEFT_OUT: &[&str] =
        &["libc6", "libc-", "libperl", "libllvm14", "libtsan", "libasan", "liblsan", "libubsan"];
    let library = name.starts_with("lib") && !name.ends_with("-dev");
    PACKAGES.contains(&name) || (library && !LEFT_OUT.iter().any(|prefix| name.starts_with(prefix)))
}

fn write_programs(draft: &Path, root: &Path) -> Result<()> {
    let bin = draft.join("bin");
    files::create_dir(&bin)?;
    for (name, place, first) in PROGRAMS {
        if !root.join(place).exists() {
            return Err(Error::Build {
                what: (*name).to_owned(),
                cause: format!("the packages have no {place}"),
            });
        }
        let script = format!(
            "#!/bin/sh\n\
             root=${{0%/bin/*}}/root\n\
             for triplet in \"$root\"/usr/lib/*-linux-gnu; do :; done\n\
             export LD_LIBRARY_PATH=\"$triplet:$root/lib/${{triplet##*/}}:$root/usr/lib/llvm-19/lib\"\n\
             export XTABLES_LIBDIR=\"$triplet/xtables\"\n\
             exec \"$root/{place}\" {first} \"$@\"\n"
        );
        let path = bin.join(name);
        files::write(&path, script)?;
        files::run(Command::new("chmod").arg("755").arg(&path))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_package_is_named_by_its_file() {
        let line = "'http://deb.example/pool/r/runc/runc_1.1.5_amd64.deb' runc_1.1.5+ds1_amd64.deb 2709960 SHA256:00";
        assert_eq!(package_name(line), Some("runc"));
        assert_eq!(package_name("Reading package lists..."), None);
    }

    #[test]
    fn the_c_library_is_left_to_the_system() {
        assert!(wanted("libseccomp2") && wanted("runc") && wanted("libc++1-19"));
        assert!(!wanted("libc6") && !wanted("libc-bin") && !wanted("libc6-dev") && !wanted("perl"));
    }
}
