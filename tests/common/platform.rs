//! One node at a time for all tests, and the program run against it.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Deref;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use serde_json::Value;
use tempfile::TempDir;
use testbed::node::{POSTGRES_NAME, REGISTRY_NAME};
use testbed::{Node, NodeOptions};

use super::objects::{self, NAMESPACES};
use super::run::{Ran, bounded, interrupt, run};
use super::{secret, values_file};

/// The head of v1.0.0's history.
pub const HEAD_1_0: &str = "a90f3c7d1e58";
/// The head of v1.1.0's history.
pub const HEAD_1_1: &str = "c4186e2fb73a";

/// A change of the values file.
pub type Change = (&'static str, String);

/// A node with a database, and a folder for values files.
pub struct Platform {
    /// The cluster and the world around it.
    pub node: Node,
    options: NodeOptions,
    folder: TempDir,
    /// v1.0.0 runs on it, and every test since left it as it was.
    installed: bool,
}

/// The node that runs now.
static PLATFORM: Mutex<Option<Platform>> = Mutex::new(None);

/// The node, for one test at a time. A test that fails keeps the node's state.
pub struct Turn(MutexGuard<'static, Option<Platform>>);

/// Waits for the node and takes it, whatever the test before has left on it.
pub fn platform() -> Turn {
    let mut turn = Turn::take(&NodeOptions::default());
    turn.set_installed(false);
    turn
}

/// Takes the node with v1.0.0 on it, for a test that changes nothing or puts everything back.
pub fn installed() -> Turn {
    installed_on(&NodeOptions::default())
}

/// The same on a node of another shape, which is started in the place of the one that runs.
pub fn installed_on(options: &NodeOptions) -> Turn {
    let mut turn = Turn::take(options);
    if !turn.installed {
        turn.fresh();
        turn.set_installed(true);
    }
    turn
}

impl Turn {
    fn take(options: &NodeOptions) -> Self {
        // A test that failed before has no part in this one: each sets up what it needs.
        let mut running = PLATFORM.lock().unwrap_or_else(PoisonError::into_inner);
        if running.as_ref().is_none_or(|platform| platform.options != *options) {
            // The machine is too small for two.
            *running = None;
            *running = Some(Platform::start(options));
        }
        Self(running)
    }

    fn set_installed(&mut self, installed: bool) {
        if let Some(platform) = self.0.as_mut() {
            platform.installed = installed;
        }
    }
}

impl Deref for Turn {
    type Target = Platform;

    fn deref(&self) -> &Platform {
        self.0.as_ref().unwrap()
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        if std::thread::panicking() {
            self.set_installed(false);
            match self.node.keep("test") {
                Ok(folder) => eprintln!("state kept in {}", folder.display()),
                Err(error) => eprintln!("state not kept: {error}"),
            }
        }
    }
}

/// `DATABASE_URL` of a database on the world's PostgreSQL.
pub fn database_url(host: &str, password: &str) -> Change {
    ("DATABASE_URL", format!("postgresql+asyncpg://hive:{password}@{host}:5432/hive"))
}

/// The image of a role.
pub fn image(role: &str, tag: &str) -> Change {
    let key = match role {
        "gateway" => "OPENHIVE_GATEWAY_IMAGE",
        "dashboard" => "OPENHIVE_DASHBOARD_IMAGE",
        "agent" => "OPENHIVE_AGENT_IMAGE",
        "sandbox" => "OPENHIVE_SANDBOX_IMAGE",
        other => panic!("{other} is no role"),
    };
    (key, format!("{REGISTRY_NAME}/openhive-{role}:{tag}"))
}

impl Platform {
    fn start(options: &NodeOptions) -> Self {
        let node = Node::start(options).unwrap();
        let folder = tempfile::tempdir().unwrap();
        let platform = Self { node, options: options.clone(), folder, installed: false };
        platform.new_database();
        platform
    }

    /// The folder of values files, for files of that kind: what is in it is removed with the node.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Gives the platform an empty database.
    pub fn new_database(&self) {
        self.node.create_database("hive", "hive", &secret("database")).unwrap();
    }

    /// A values file of v1.0.0 with changes.
    pub fn values(&self, changes: &[Change]) -> PathBuf {
        let mut all = vec![
            database_url(POSTGRES_NAME, &secret("database")),
            ("DASHBOARD_SESSION_SECRET", secret("session")),
            ("HIVE_INTERNAL_SECRET", secret("internal")),
            ("HIVE_ADMIN_PASSWORD", secret("admin")),
        ];
        all.extend(["gateway", "dashboard", "agent", "sandbox"].map(|role| image(role, "v1.0.0")));
        all.extend_from_slice(changes);
        let all: Vec<_> = all.iter().map(|(key, value)| (*key, value.as_str())).collect();
        values_file(self.folder.path(), &all)
    }

    /// Runs the program.
    #[track_caller]
    pub fn openhive(&self, arguments: &[&str]) -> Ran {
        let program = PathBuf::from(env!("CARGO_BIN_EXE_kubectl-openhive"));
        let [timeout, rest @ ..] = bounded(&program);
        let mut command = self.node.command(timeout);
        run(command.args(rest).args(arguments))
    }

    /// Installs v1.0.0 with changes of its values.
    #[track_caller]
    pub fn install(&self, changes: &[Change]) -> Ran {
        self.install_with(changes, &[])
    }

    /// Installs with further flags.
    #[track_caller]
    pub fn install_with(&self, changes: &[Change], flags: &[&str]) -> Ran {
        let values = self.values(changes);
        let mut arguments = vec!["install", "--yes", "-f", values.to_str().unwrap()];
        arguments.extend(flags);
        self.openhive(&arguments)
    }

    /// Installs, and sends a signal when a line of progress holds these words.
    #[track_caller]
    pub fn interrupted(&self, changes: &[Change], words: &str, signal: &str) -> Ran {
        let values = self.values(changes);
        let mut command = self.node.command(env!("CARGO_BIN_EXE_kubectl-openhive"));
        command.args(["install", "--yes", "--progress", "json", "-f"]).arg(values);
        interrupt(&mut command, words, signal)
    }

    /// Takes the platform away, and gives it an empty database.
    pub fn reset(&self) {
        let mut arguments = vec!["delete", "namespace", "--ignore-not-found", "--timeout=120s"];
        arguments.extend(NAMESPACES);
        self.node.kubectl(&arguments).unwrap();
        self.new_database();
    }

    /// v1.0.0 and nothing else, healthy.
    #[track_caller]
    pub fn fresh(&self) {
        self.reset();
        self.install(&[]).ok();
    }

    /// What exists, see [`objects::names`].
    pub fn objects(&self) -> BTreeSet<String> {
        objects::names(|arguments| self.node.kubectl(arguments))
    }

    /// The same with each object's resourceVersion.
    pub fn versions(&self) -> BTreeMap<String, String> {
        objects::versions(|arguments| self.node.kubectl(arguments))
    }

    /// Objects of these kinds, everywhere.
    pub fn items(&self, kinds: &str) -> Vec<Value> {
        objects::items(|arguments| self.node.kubectl(arguments), kinds)
    }

    /// What `status` says, and how it ends.
    #[track_caller]
    pub fn status(&self) -> (Option<i32>, Value) {
        let ran = self.openhive(&["status", "-o", "json"]);
        let report = serde_json::from_str(&ran.stdout);
        (ran.code, report.unwrap_or_else(|_| panic!("{}\n{}", ran.stdout, ran.stderr)))
    }

    /// The uid of each workload's pod, by the workload's name.
    pub fn pods(&self) -> BTreeMap<String, String> {
        let pods = self.items("pods").into_iter().filter(|pod| {
            let namespace = pod["metadata"]["namespace"].as_str().unwrap_or_default();
            let ending = !pod["metadata"]["deletionTimestamp"].is_null();
            let of_deployment = !pod["metadata"]["labels"]["pod-template-hash"].is_null();
            NAMESPACES.contains(&namespace) && of_deployment && !ending
        });
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        pods.map(|pod| {
            let labels = &pod["metadata"]["labels"];
            (text(&labels["app.kubernetes.io/name"]), text(&pod["metadata"]["uid"]))
        })
        .collect()
    }

    /// The image of a Deployment's first container.
    pub fn deployed(&self, namespace: &str, name: &str) -> String {
        let path = "jsonpath={.spec.template.spec.containers[0].image}";
        self.node.kubectl(&["get", "deployment", name, "-n", namespace, "-o", path]).unwrap()
    }

    /// The schema's revision in the database.
    pub fn revision(&self) -> String {
        let sql = "select version_num from alembic_version";
        self.node.psql("hive", sql).unwrap().trim().to_owned()
    }

    /// What `GET` answers on a port of a pod of this Deployment, asked from inside of it.
    pub fn get(&self, namespace: &str, deployment: &str, url: &str) -> testbed::Result<Value> {
        let target = format!("deployment/{deployment}");
        let answer =
            self.node.kubectl(&["exec", "-n", namespace, &target, "--", "wget", "-qO-", url])?;
        Ok(serde_json::from_str(&answer).unwrap_or(Value::String(answer)))
    }
}
