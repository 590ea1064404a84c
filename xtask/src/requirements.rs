//! What the machine must have, asked for at the start of each command: all that is missing in one message.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Result, bail};

/// What needs something. `cargo xtask fresh` needs what demo and test need, and git.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Use {
    Demo,
    /// The lints, docs and pure tests of `cargo xtask test`.
    Tier1,
    Tier2,
    Tier3,
    Cluster,
    Bench,
    Fresh,
}

impl Use {
    /// Every use that needs Kubernetes.
    const KUBERNETES: &[Self] =
        &[Self::Demo, Self::Tier2, Self::Tier3, Self::Cluster, Self::Bench, Self::Fresh];
    /// Every use that needs a node.
    const NODE: &[Self] = &[Self::Demo, Self::Tier3, Self::Cluster, Self::Bench, Self::Fresh];
    const ALL: &[Self] = &[
        Self::Demo,
        Self::Tier1,
        Self::Tier2,
        Self::Tier3,
        Self::Cluster,
        Self::Bench,
        Self::Fresh,
    ];
    const TESTS: &[Self] = &[Self::Tier1, Self::Tier2, Self::Tier3, Self::Fresh];
}

/// How it is seen whether the machine has something.
#[derive(Clone, Copy, Debug)]
enum Sign {
    /// All of these programs are on `PATH`.
    Programs(&'static [&'static str]),
    /// This command ends with status 0.
    Succeeds(&'static [&'static str]),
    /// `go version` says this minor version of Go 1, or a later one.
    Go(u32),
    Linux,
    Root,
    /// These cgroup controllers can be used.
    Cgroups,
}

/// One thing that the machine must have.
#[derive(Debug)]
struct Requirement {
    what: &'static str,
    uses: &'static [Use],
    sign: Sign,
    /// The command that installs it on Debian, or where it is had.
    install: &'static str,
}

const REQUIREMENTS: &[Requirement] = &[
    Requirement {
        what: "Linux",
        uses: Use::KUBERNETES,
        sign: Sign::Linux,
        install: "or, for `demo`, a cluster of your own: `--context`",
    },
    Requirement { what: "root", uses: Use::KUBERNETES, sign: Sign::Root, install: "`sudo -i`" },
    Requirement {
        what: "cgroup controllers `cpu`, `cpuset`, `memory`, `pids` (v1 or v2)",
        uses: Use::NODE,
        sign: Sign::Cgroups,
        install: "enable them at boot; in a container, mount the host's cgroups writable",
    },
    Requirement {
        what: "a C compiler",
        uses: Use::ALL,
        sign: Sign::Programs(&["cc"]),
        install: "`apt-get install gcc libc6-dev`",
    },
    Requirement {
        what: "rustfmt",
        uses: Use::TESTS,
        sign: Sign::Succeeds(&["cargo", "fmt", "--version"]),
        install: "`rustup component add rustfmt`",
    },
    Requirement {
        what: "clippy",
        uses: Use::TESTS,
        sign: Sign::Succeeds(&["cargo", "clippy", "--version"]),
        install: "`rustup component add clippy`",
    },
    Requirement {
        what: "Go 1.26 or later",
        uses: Use::ALL,
        sign: Sign::Go(26),
        install: "<https://go.dev/dl>, and its `bin` on `PATH`",
    },
    Requirement {
        what: "Python 3 with `venv`",
        uses: Use::TESTS,
        sign: Sign::Succeeds(&["python3", "-c", "import ensurepip, venv"]),
        install: "`apt-get install python3-venv`",
    },
    Requirement {
        what: "bash, `script`",
        uses: Use::TESTS,
        sign: Sign::Programs(&["bash", "script"]),
        install: "`apt-get install bash bsdutils`",
    },
    Requirement {
        what: "`mount`, `nsenter`, `setpriv`, `setsid`, `unshare`",
        uses: Use::KUBERNETES,
        sign: Sign::Programs(&["mount", "nsenter", "setpriv", "setsid", "unshare"]),
        install: "`apt-get install util-linux mount`",
    },
    Requirement {
        what: "Debian 12's `apt-get`, `dpkg-deb`",
        uses: Use::NODE,
        sign: Sign::Programs(&["apt-get", "dpkg-deb"]),
        install: "or, for `demo`, a cluster of your own: `--context`",
    },
    Requirement {
        what: "Perl with its modules",
        uses: Use::NODE,
        sign: Sign::Succeeds(&[
            "perl",
            "-MFile::Find",
            "-MGetopt::Long",
            "-MPod::Usage",
            "-e",
            "1",
        ]),
        install: "`apt-get install perl`",
    },
    Requirement {
        what: "Node.js",
        uses: &[Use::Tier3, Use::Fresh],
        sign: Sign::Programs(&["node"]),
        install: "`apt-get install nodejs`",
    },
    Requirement {
        what: "`kill`",
        uses: Use::TESTS,
        sign: Sign::Programs(&["kill"]),
        install: "`apt-get install procps`",
    },
    Requirement {
        what: "git",
        uses: &[Use::Bench, Use::Fresh],
        sign: Sign::Programs(&["git"]),
        install: "`apt-get install git`",
    },
];

/// Fails with everything that the machine lacks for these uses.
///
/// # Errors
/// When something is missing.
pub fn check(uses: &[Use]) -> Result<()> {
    check_on(uses, &std::env::var_os("PATH").unwrap_or_default())
}

/// As [`check`], for programs that are looked for in this `PATH`.
///
/// # Errors
/// When something is missing.
pub fn check_on(uses: &[Use], path: &OsStr) -> Result<()> {
    match message(uses, |sign| present(sign, path)) {
        Some(message) => bail!(message),
        None => Ok(()),
    }
}

fn message(uses: &[Use], has: impl Fn(Sign) -> bool) -> Option<String> {
    let wanted = REQUIREMENTS.iter().filter(|one| one.uses.iter().any(|each| uses.contains(each)));
    let missing: Vec<&Requirement> = wanted.filter(|one| !has(one.sign)).collect();
    if missing.is_empty() {
        return None;
    }
    let plain = |text: &str| text.replace(['`', '<', '>'], "");
    let width = missing.iter().map(|one| plain(one.what).chars().count()).max().unwrap_or_default();
    let lines =
        missing.iter().map(|one| format!("\n  {:width$}  {}", plain(one.what), plain(one.install)));
    Some(format!("this machine lacks what the command needs:{}", lines.collect::<String>()))
}

fn present(sign: Sign, path: &OsStr) -> bool {
    match sign {
        Sign::Programs(names) => names.iter().all(|name| find(name, path).is_some()),
        Sign::Succeeds(words) => output(words, path).is_some(),
        Sign::Go(minor) => output(&["go", "version"], path)
            .and_then(|said| go_minor(&said))
            .is_some_and(|found| found >= minor),
        Sign::Linux => cfg!(target_os = "linux"),
        Sign::Root => rustix::process::geteuid().is_root(),
        Sign::Cgroups => testbed::node::missing_controllers().is_empty(),
    }
}

/// Where a program is in a `PATH`.
pub fn find(name: &str, path: &OsStr) -> Option<PathBuf> {
    std::env::split_paths(path).map(|folder| folder.join(name)).find(|program| program.is_file())
}

/// What a command prints, where it ends with status 0.
fn output(words: &[&str], path: &OsStr) -> Option<String> {
    let program = find(words[0], path)?;
    let mut command = Command::new(program);
    command.args(&words[1..]).env("PATH", path).current_dir(Path::new("/"));
    let output = command.stdin(Stdio::null()).output().ok()?;
    output.status.success().then(|| String::from_utf8_lossy(&output.stdout).into_owned())
}

/// The minor version in `go version go1.26.8 linux/amd64`.
fn go_minor(said: &str) -> Option<u32> {
    let number = said.split("go1.").nth(1)?;
    number.split(|letter: char| !letter.is_ascii_digit()).next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn everything_missing_is_in_one_message() {
        let none = message(&[Use::Fresh], |_| false).unwrap();
        for one in REQUIREMENTS {
            let wanted = one.uses.contains(&Use::Fresh);
            assert_eq!(none.contains(&one.what.replace('`', "")), wanted, "{none}");
        }
        let go = message(&[Use::Demo], |sign| !matches!(sign, Sign::Go(_))).unwrap();
        assert_eq!(
            go,
            "this machine lacks what the command needs:\n  Go 1.26 or later  https://go.dev/dl, and its bin on PATH"
        );
        assert_eq!(message(&[Use::Demo], |_| true), None);
    }

    /// Uses in the words of the README.
    fn words(uses: &[Use]) -> String {
        if Use::ALL.iter().all(|each| uses.contains(each)) {
            return "everything".to_owned();
        }
        let tiers = [(Use::Tier1, "1"), (Use::Tier2, "2"), (Use::Tier3, "3")];
        let tiers: Vec<_> =
            tiers.iter().filter(|(each, _)| uses.contains(each)).map(|(_, tier)| *tier).collect();
        let test = match &tiers[..] {
            [_, _, _] => "test".to_owned(),
            [one] => format!("test (tier {one})"),
            several => format!("test (tiers {})", several.join(", ")),
        };
        let all = [
            (Use::Demo, "demo"),
            (Use::Cluster, "cluster"),
            (Use::Bench, "bench"),
            (Use::Fresh, "fresh"),
        ];
        let others = all.iter().filter(|(each, _)| uses.contains(each)).map(|(_, name)| *name);
        let test = Some(&*test).filter(|_| !tiers.is_empty());
        test.into_iter().chain(others).collect::<Vec<_>>().join(", ")
    }

    /// The README's table, of the table above.
    #[test]
    fn the_readme_lists_the_same() {
        let mut table = "| what | for | where it is missing |\n|---|---|---|\n".to_owned();
        for one in REQUIREMENTS {
            table.push_str(&format!("| {} | {} | {} |\n", one.what, words(one.uses), one.install));
        }
        let readme = std::fs::read_to_string(crate::run::root().join("README.md")).unwrap();
        assert!(readme.contains(&format!("\n\n{table}\n")), "the README should have:\n{table}");
    }

    #[test]
    fn the_version_of_go_is_read() {
        assert_eq!(go_minor("go version go1.26.8 linux/amd64"), Some(26));
        assert_eq!(go_minor("go version go1.27rc1 linux/amd64"), Some(27));
        assert_eq!(go_minor("go version devel"), None);
    }
}
