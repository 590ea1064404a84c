//! A control plane, a values file, and the program between them.

use std::path::PathBuf;
use std::process::Output;

use serde_json::Value;
use testbed::{ControlPlane, ControlPlaneOptions};

use crate::common::{self, no_canary, program, stderr, stdout};

/// A cluster with what is needed to plan for it, and to install on it.
pub struct Site {
    pub cluster: ControlPlane,
    pub folder: tempfile::TempDir,
    pub values: PathBuf,
    /// The server's version.
    version: String,
}

impl Site {
    /// An API server with its controllers: no pod ever runs.
    pub fn new() -> Self {
        Self::with(&ControlPlaneOptions { audit: true, ..Default::default() })
    }

    /// As [`Self::new`], with nodes that run every pod, complete every Job and answer every health
    /// check, and a volume for the agent.
    pub fn with_nodes() -> Self {
        let options = ControlPlaneOptions {
            audit: true,
            scheduler: true,
            fake_nodes: 1,
            ..Default::default()
        };
        let site = Self::with(&options);
        let volume = serde_json::json!({
            "apiVersion": "v1", "kind": "PersistentVolume", "metadata": {"name": "config"},
            "spec": {"capacity": {"storage": "100Gi"}, "accessModes": ["ReadWriteOnce"],
                "persistentVolumeReclaimPolicy": "Delete", "hostPath": {"path": "/nowhere"}},
        });
        site.cluster.apply(&volume.to_string()).unwrap();
        site
    }

    fn with(options: &ControlPlaneOptions) -> Self {
        let cluster = ControlPlane::start(options).unwrap();
        let folder = tempfile::tempdir().unwrap();
        let values = common::values_file(folder.path(), &[]);
        let version: Value =
            serde_json::from_str(&cluster.kubectl(&["get", "--raw", "/version"]).unwrap()).unwrap();
        let version = version["gitVersion"].as_str().unwrap().to_owned();
        Self { cluster, folder, values, version }
    }

    /// Writes the values anew, with changes over the usual ones.
    pub fn change_values(&self, changes: &[(&str, &str)]) {
        common::values_file(self.folder.path(), changes);
    }

    /// Runs the program; whatever it prints holds no secret.
    pub fn run(&self, verb: &str, args: &[&str]) -> Output {
        self.run_as(self.cluster.kubeconfig(), verb, args)
    }

    pub fn run_as(&self, kubeconfig: &std::path::Path, verb: &str, args: &[&str]) -> Output {
        let mut command = program();
        command.arg(verb).args(args).arg("-f").arg(&self.values);
        command.env("KUBECONFIG", kubeconfig);
        let output = command.output().unwrap();
        println!("$ {verb} {args:?}: {}\n{}{}", output.status, stdout(&output), stderr(&output));
        no_canary(&output);
        output
    }

    /// The plan as JSON; it must be made.
    pub fn plan(&self, args: &[&str]) -> Value {
        let output = self.run("plan", &[&["-o", "json"], args].concat());
        assert!(output.status.success());
        serde_json::from_slice(&output.stdout).unwrap()
    }

    /// The plan as a person sees it, with what differs between runs replaced.
    pub fn screen(&self, args: &[&str]) -> String {
        let output = self.run("plan", args);
        assert!(output.status.success());
        stdout(&output)
            .replace(self.cluster.server(), "https://SERVER")
            .replace(&self.version, "VERSION")
            .replace(&self.values.display().to_string(), "values.env")
    }

    /// Installs; it must succeed.
    #[track_caller]
    pub fn install(&self, args: &[&str]) {
        let output = self.run("install", &[&["--yes"], args].concat());
        assert!(output.status.success(), "{}", stderr(&output));
    }

    /// A live object.
    pub fn get(&self, namespace: &str, object: &str) -> Value {
        let args = ["get", object, "-n", namespace, "-o", "json", "--show-managed-fields"];
        serde_json::from_str(&self.cluster.kubectl(&args).unwrap()).unwrap()
    }

    /// The requests that the API server has answered to the program since the mark.
    pub fn requests(&self, mark: usize) -> Vec<Value> {
        let text = std::fs::read_to_string(self.cluster.audit_log().unwrap()).unwrap();
        text[mark..]
            .lines()
            .map(|line| serde_json::from_str::<Value>(line).unwrap())
            .filter(|event| {
                event["userAgent"].as_str().unwrap_or_default().starts_with("kubectl-openhive")
            })
            .collect()
    }

    /// Where the audit log ends now.
    pub fn mark(&self) -> usize {
        std::fs::metadata(self.cluster.audit_log().unwrap()).unwrap().len().try_into().unwrap()
    }
}

/// The change of one object in a plan.
pub fn change<'a>(plan: &'a Value, kind: &str, namespace: &str, name: &str) -> &'a Value {
    let changes = plan["changes"].as_array().unwrap();
    changes
        .iter()
        .find(|change| {
            change["kind"] == kind
                && change["name"] == name
                && (change["namespace"] == namespace || change.get("namespace").is_none())
        })
        .unwrap_or_else(|| panic!("no {kind} {namespace}/{name} in {plan:#}"))
}

/// Whether the request asks for a write.
pub fn mutates(event: &Value) -> bool {
    !matches!(event["verb"].as_str(), Some("get" | "list" | "watch"))
}

/// Whether the request is a dry run.
pub fn is_dry_run(event: &Value) -> bool {
    event["requestURI"].as_str().is_some_and(|uri| uri.contains("dryRun=All"))
}
