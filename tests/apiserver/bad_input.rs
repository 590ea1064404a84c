//! Bad input that needs no pods to show: each ends with its own exit code and its cause, and changes nothing.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use testbed::{ControlPlane, ControlPlaneOptions};

use crate::common::objects;
use crate::common::run::{Block, Ran, bounded, run};
use crate::common::values_file;

struct Server {
    cluster: ControlPlane,
    folder: tempfile::TempDir,
}

impl Server {
    fn start() -> Self {
        let cluster = ControlPlane::start(&ControlPlaneOptions::default()).unwrap();
        Self { cluster, folder: tempfile::tempdir().unwrap() }
    }

    /// The program with the administrator's kubeconfig, but where the arguments say otherwise.
    #[track_caller]
    fn openhive(&self, arguments: &[&str]) -> Ran {
        self.openhive_with(self.cluster.kubeconfig(), arguments)
    }

    #[track_caller]
    fn openhive_with(&self, kubeconfig: &Path, arguments: &[&str]) -> Ran {
        let program = PathBuf::from(env!("CARGO_BIN_EXE_kubectl-openhive"));
        let [timeout, rest @ ..] = bounded(&program);
        let mut command = self.cluster.command(timeout);
        command.env("KUBECONFIG", kubeconfig);
        command.env("HOME", self.folder.path());
        run(command.args(rest).args(arguments))
    }

    /// A file with good values, changed.
    fn values(&self, changes: &[(&str, &str)]) -> String {
        values_file(self.folder.path(), changes).to_str().unwrap().to_owned()
    }

    fn file(&self, name: &str, content: &str) -> PathBuf {
        let path = self.folder.path().join(name);
        fs::write(&path, content).unwrap();
        path
    }

    fn objects(&self) -> BTreeSet<String> {
        objects::names(|arguments| self.cluster.kubectl(arguments))
    }

    /// A run that fails with this code and changes nothing.
    #[track_caller]
    fn refused(&self, ran: &Ran, code: i32) -> Block {
        let block = ran.failed(code);
        assert_eq!(ran.stdout, "");
        assert_eq!(block.now, "nothing was changed\n");
        objects::exactly(&self.objects(), &[]);
        let status = self.openhive(&["status"]);
        assert_eq!(status.code, Some(1), "{}", status.stdout);
        assert!(status.stdout.contains("not installed"), "{}", status.stdout);
        block
    }
}

#[test]
fn values_that_cannot_be_used_change_nothing() {
    let server = Server::start();
    let install = |file: &str| server.openhive(&["install", "--yes", "-f", file]);

    let missing = server.values(&[("HIVE_INTERNAL_SECRET", ""), ("OPENHIVE_AGENT_IMAGE", "")]);
    let block = server.refused(&install(&missing), 3);
    assert!(block.headline.ends_with("values.env: 2 problems"), "{block:?}");
    for key in ["HIVE_INTERNAL_SECRET", "OPENHIVE_AGENT_IMAGE"] {
        assert!(block.seen.contains(key), "{block:?}");
    }

    // Every placeholder of the example, by its line, in one go.
    let example = fs::read_to_string("values.env.example").unwrap();
    let example = server.file("example.env", &example);
    let block = server.refused(&install(example.to_str().unwrap()), 3);
    let named = block.seen.lines().filter(|line| line.ends_with("still a placeholder")).count();
    assert_eq!(named, 10, "{block:?}");
    let line = (1..)
        .zip(fs::read_to_string(&example).unwrap().lines())
        .find_map(|(number, line)| line.starts_with("HIVE_ADMIN_PASSWORD=").then_some(number));
    let place = format!("example.env:{}  HIVE_ADMIN_PASSWORD", line.unwrap());
    assert!(block.seen.contains(&place), "{place} {block:?}");

    // A bad host, told without the URL.
    let url = "postgresql+asyncpg://hive:canary-secret-1@localhost:5432/hive";
    let block = server.refused(&install(&server.values(&[("DATABASE_URL", url)])), 3);
    assert!(block.seen.contains("DATABASE_URL") && block.seen.contains("host"), "{block:?}");

    let block = server.refused(&install("absent.env"), 3);
    assert_eq!(block.headline, "cannot read the values file absent.env");
    assert_eq!(block.cause, "there is no such file\n");
    assert!(block.fix.contains("kubectl openhive init -o absent.env"), "{block:?}");

    let folder = server.folder.path().to_str().unwrap();
    let block = server.refused(&install(folder), 3);
    assert_eq!(block.cause, "it is a directory\n");

    let empty = server.file("empty.env", "# nothing\n");
    let block = server.refused(&install(empty.to_str().unwrap()), 3);
    assert!(block.seen.contains("no values") || block.seen.contains("no value"), "{block:?}");

    let open = server.file("open.env", "DATABASE_URL='canary-open-quote\nA=b\n");
    let block = server.refused(&install(open.to_str().unwrap()), 3);
    assert!(block.seen.contains("open.env:1"), "{block:?}");
}

#[test]
fn a_command_line_that_leaves_something_out_changes_nothing() {
    let server = Server::start();
    let values = server.values(&[]);
    let block = server.refused(&server.openhive(&["install", "--yes"]), 64);
    assert!(block.fix.contains("-f values.env"), "{block:?}");

    // Not a terminal: nobody can be asked.
    let block = server.refused(&server.openhive(&["install", "-f", &values]), 64);
    assert!(block.fix.contains("--yes"), "{block:?}");

    let arguments = ["install", "--yes", "-f", &values, "-n", "mine"];
    let block = server.refused(&server.openhive(&arguments), 64);
    assert!(block.cause.contains("three fixed namespaces"), "{block:?}");

    for flags in [&["--timeout", "soon"][..], &["--profile", "everything"], &["--forse-conflicts"]]
    {
        let ran = server.openhive(&[&["install", "--yes", "-f", &values], flags].concat());
        assert_eq!(ran.code, Some(64), "{}", ran.stderr);
        assert!(ran.stderr.contains(flags[0]), "{}", ran.stderr);
    }
    objects::exactly(&server.objects(), &[]);
}

#[test]
fn a_cluster_that_cannot_be_reached_is_told_by_its_cause() {
    let server = Server::start();
    let values = server.values(&[]);
    let install =
        |flags: &[&str]| server.openhive(&[&["install", "--yes", "-f", &values], flags].concat());

    let block = server.refused(&install(&["--context", "production"]), 4);
    assert!(block.cause.contains("no context \"production\""), "{block:?}");
    assert!(block.seen.contains("it has: "), "{block:?}");

    let absent = server.folder.path().join("no-kubeconfig");
    let arguments = ["install", "--yes", "-f", &values];
    let block = server.refused(&server.openhive_with(&absent, &arguments), 4);
    assert!(block.cause.contains("there is no kubeconfig at"), "{block:?}");
    assert!(block.fix.contains("--kubeconfig"), "{block:?}");

    let broken = server.file("broken", "users:\n- name: a\n  user: {token: canary-kubeconfig\n");
    let block = server.refused(&server.openhive_with(&broken, &arguments), 4);
    assert!(block.cause.contains("not valid"), "{block:?}");

    // Port 1 of the loopback interface: nothing listens there.
    let block = server.refused(&install(&["--server", "https://127.0.0.1:1"]), 4);
    assert_eq!(block.headline, "the API server https://127.0.0.1:1 does not answer");
    assert_eq!(block.cause, "connection refused\n");

    let block = server.refused(&install(&["--server", "https://api.invalid:6443"]), 4);
    assert_eq!(block.cause, "its name cannot be resolved\n");

    // Not this certificate's name.
    let block = server.refused(&install(&["--tls-server-name", "other.test"]), 4);
    assert!(block.cause.starts_with("TLS: "), "{block:?}");
    assert!(block.fix.contains("--certificate-authority"), "{block:?}");

    // A server without a client certificate to vouch for us, and a token that it does not know.
    let config = fs::read_to_string(server.cluster.kubeconfig()).unwrap();
    let anonymous: String = config.lines().filter(|line| !line.contains("client-")).fold(
        String::new(),
        |mut all, line| {
            all.push_str(line);
            all.push('\n');
            all
        },
    );
    let anonymous = server.file("anonymous", &anonymous);
    let arguments = [&arguments[..], &["--token", "canary-token"]].concat();
    let block = server.refused(&server.openhive_with(&anonymous, &arguments), 4);
    assert_eq!(block.headline, "the API server does not know who you are");
}

/// What an account may do that can see everything and write nothing.
const READER: &str = "
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRoleBinding
metadata: {name: reader}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: reader}
subjects: [{apiGroup: rbac.authorization.k8s.io, kind: User, name: reader}]
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRole
metadata: {name: reader}
rules: [{apiGroups: ['*'], resources: ['*'], verbs: [get, list, watch]}]
";

#[test]
fn an_account_without_the_rights_is_told_which_and_writes_nothing() {
    let server = Server::start();
    let values = server.values(&[]);
    let install = |user: &str| server.openhive(&["install", "--yes", "-f", &values, "--as", user]);

    let block = server.refused(&install("nobody"), 4);
    assert_eq!(block.headline, "the account lacks a right");
    assert!(block.cause.contains("\"nobody\""), "{block:?}");

    server.cluster.apply(READER).unwrap();
    let block = server.refused(&install("reader"), 4);
    assert!(block.seen.contains("namespaces"), "{block:?}");
    assert!(block.fix.contains("grant"), "{block:?}");
}

#[test]
fn a_namespace_that_is_going_away_is_waited_for_by_nobody() {
    let server = Server::start();
    let values = server.values(&[]);
    let namespace = "
apiVersion: v1
kind: Namespace
metadata: {name: hive-agents}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: held, namespace: hive-agents, finalizers: [example.test/hold]}
";
    server.cluster.apply(namespace).unwrap();
    server.cluster.kubectl(&["delete", "ns", "hive-agents", "--wait=false"]).unwrap();
    let held = ["wait", "ns/hive-agents", "--timeout=60s"];
    let condition = "--for=condition=NamespaceFinalizersRemaining";
    server.cluster.kubectl(&[&held[..], &[condition]].concat()).unwrap();

    let block = server.openhive(&["install", "--yes", "-f", &values]).failed(4);
    assert_eq!(block.headline, "namespace/hive-agents cannot be written");
    assert!(block.seen.contains("example.test/hold"), "{block:?}");
    assert_eq!(block.now, "nothing was changed\n");
    let left = ["Namespace hive-agents", "ConfigMap hive-agents/held"];
    objects::exactly(&server.objects(), &[&left]);
}
