//! Which images there are: four roles, two releases, and the ways in which some are broken.

use std::collections::BTreeMap;

use super::oci::{Blob, Image};

/// A role of the platform, each with a repository of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Role {
    /// The control plane, and the migrations.
    Gateway,
    /// The operators' web interface.
    Dashboard,
    /// One agent's runtime.
    Agent,
    /// Where tasks and pipelines run.
    Sandbox,
}

impl Role {
    /// Every role.
    pub const ALL: [Self; 4] = [Self::Gateway, Self::Dashboard, Self::Agent, Self::Sandbox];

    /// The role's name, and that of its folder in `testbed/images/`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Gateway => "gateway",
            Self::Dashboard => "dashboard",
            Self::Agent => "agent",
            Self::Sandbox => "sandbox",
        }
    }

    /// The image's repository, without the registry's address.
    pub fn repository(self) -> String {
        format!("openhive-{}", self.name())
    }

    /// The TCP port that the role serves.
    pub fn port(self) -> u16 {
        match self {
            Self::Gateway => 8080,
            Self::Dashboard => 3000,
            Self::Agent => 8090,
            Self::Sandbox => 8091,
        }
    }

    /// The program that every command of the role but the agent's bootstrap starts from.
    pub(super) fn program(self) -> &'static str {
        match self {
            Self::Dashboard => "usr/bin/node",
            Self::Gateway | Self::Agent | Self::Sandbox => "usr/bin/uvicorn",
        }
    }

    /// The image of this role from its layers.
    pub(super) fn image(self, layers: Vec<Blob>, version: &str) -> Image {
        let mut env =
            BTreeMap::from([("PATH".to_owned(), "/usr/local/bin:/usr/bin:/bin".to_owned())]);
        let mut set = |name: &str, value: &str| env.insert(name.to_owned(), value.to_owned());
        let cmd = match self {
            Self::Dashboard => {
                set("NODE_ENV", "production");
                set("PORT", "3000");
                vec!["node".to_owned(), "server.js".to_owned()]
            }
            Self::Gateway | Self::Agent | Self::Sandbox => {
                set("PYTHONPATH", "/app");
                set("PYTHONUNBUFFERED", "1");
                set("PYTHONDONTWRITEBYTECODE", "1");
                let app = format!("hive.container.{}_entrypoint:app", self.name());
                let port = self.port().to_string();
                ["uvicorn", &app, "--host", "0.0.0.0", "--port", &port].map(str::to_owned).to_vec()
            }
        };
        // A user that the image does not know has no home of its own, and libraries ask for one.
        set("HOME", if self == Self::Sandbox { "/home/codex" } else { "/" });
        Image {
            layers,
            user: "1000:1000".to_owned(),
            env,
            cmd,
            workdir: "/app".to_owned(),
            ports: vec![self.port()],
            labels: BTreeMap::from([
                ("org.opencontainers.image.title".to_owned(), self.repository()),
                ("org.opencontainers.image.version".to_owned(), version.to_owned()),
            ]),
            ..Image::default()
        }
    }
}

/// A release of the platform.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Release {
    /// The first one.
    V1_0_0,
    /// Its successor, whose gateway brings one more Alembic revision.
    V1_1_0,
}

impl Release {
    /// Every release, oldest first.
    pub const ALL: [Self; 2] = [Self::V1_0_0, Self::V1_1_0];

    /// The tag of its images.
    pub fn tag(self) -> &'static str {
        match self {
            Self::V1_0_0 => "v1.0.0",
            Self::V1_1_0 => "v1.1.0",
        }
    }

    /// The head of its Alembic history.
    pub fn head(self) -> &'static str {
        match self {
            Self::V1_0_0 => "a90f3c7d1e58",
            Self::V1_1_0 => "c4186e2fb73a",
        }
    }
}

/// A way in which an image is broken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Fault {
    /// Ends with status 1 at once, with an error in its log.
    Exit1,
    /// Serves nothing for 20 s, then works.
    SlowStart,
    /// Listens, but its health endpoint answers 503 for ever.
    NeverReady,
    /// Runs, but never listens.
    NeverListens,
    /// Allocates memory until its limit kills it.
    Oom,
    /// Works for 15 s, then ends with status 1.
    CrashAfter,
    /// Ends because it writes to its root file system.
    WritesRoot,
    /// Lacks the program that its command names.
    NoCommand,
    /// A revision fails on a table that does not exist.
    MigrationRaises,
    /// A revision takes 30 s.
    MigrationSlow,
    /// The bootstrap init container ends with status 1.
    BootstrapFails,
    /// The agent's runtime reports `status=error` and says why.
    RuntimeError,
    /// The agent's runtime reports `status=starting` for ever.
    RuntimeStarting,
}

impl Fault {
    /// Every fault.
    pub const ALL: [Self; 13] = [
        Self::Exit1,
        Self::SlowStart,
        Self::NeverReady,
        Self::NeverListens,
        Self::Oom,
        Self::CrashAfter,
        Self::WritesRoot,
        Self::NoCommand,
        Self::MigrationRaises,
        Self::MigrationSlow,
        Self::BootstrapFails,
        Self::RuntimeError,
        Self::RuntimeStarting,
    ];

    /// The end of the tag, and the name of the fault's folder if it has one.
    pub fn name(self) -> &'static str {
        match self {
            Self::Exit1 => "exit-1",
            Self::SlowStart => "slow-start",
            Self::NeverReady => "never-ready",
            Self::NeverListens => "never-listens",
            Self::Oom => "oom",
            Self::CrashAfter => "crash-after",
            Self::WritesRoot => "writes-root",
            Self::NoCommand => "no-command",
            Self::MigrationRaises => "migration-raises",
            Self::MigrationSlow => "migration-slow",
            Self::BootstrapFails => "bootstrap-fails",
            Self::RuntimeError => "runtime-error",
            Self::RuntimeStarting => "runtime-starting",
        }
    }

    /// The line of `/app/FAULT`.
    pub(super) fn line(self) -> String {
        let name = self.name();
        match self {
            Self::SlowStart => format!("{name} 20"),
            Self::CrashAfter => format!("{name} 15"),
            _ => name.to_owned(),
        }
    }

    /// Whether `role` has an image that is broken in this way.
    pub fn breaks(self, role: Role) -> bool {
        match self {
            Self::MigrationRaises | Self::MigrationSlow => role == Role::Gateway,
            Self::BootstrapFails | Self::RuntimeError | Self::RuntimeStarting => {
                role == Role::Agent
            }
            _ => true,
        }
    }
}

/// One image of the registry.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Tag {
    /// Whose image it is.
    pub role: Role,
    /// The release that it is built from.
    pub release: Release,
    /// What is wrong with it.
    pub fault: Option<Fault>,
}

impl Tag {
    /// The tag's name: the release, and after a hyphen the fault.
    pub fn name(self) -> String {
        match self.fault {
            None => self.release.tag().to_owned(),
            Some(fault) => format!("{}-{}", self.release.tag(), fault.name()),
        }
    }
}

/// Every image: each role's good releases, and the newest one with each fault that it can have.
pub fn all() -> Vec<Tag> {
    let mut tags = Vec::new();
    for role in Role::ALL {
        tags.extend(Release::ALL.map(|release| Tag { role, release, fault: None }));
        let broken = Fault::ALL.into_iter().filter(|fault| fault.breaks(role));
        tags.extend(broken.map(|fault| Tag { role, release: Release::V1_1_0, fault: Some(fault) }));
    }
    tags
}

#[cfg(test)]
#[path = "catalogue_tests.rs"]
mod tests;
