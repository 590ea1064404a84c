//! How etcd and the programs of the control plane are called, in both shapes.

use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::error::Result;
use crate::files;
use crate::instance::Instance;
use crate::pki::Authority;

/// The names that a pod or a person may call the API server by.
pub(crate) const API_NAMES: [&str; 5] = [
    "kubernetes",
    "kubernetes.default",
    "kubernetes.default.svc",
    "kubernetes.default.svc.cluster.local",
    "localhost",
];

/// The addresses of Services.
pub(crate) const SERVICES: &str = "10.96.0.0/16";
/// The file name of the audit log in the instance's folder.
pub(crate) const AUDIT_LOG: &str = "audit.log";

/// The store of an API server.
pub(crate) struct Etcd {
    pub(crate) client: String,
    pub(crate) peer: String,
}

impl Etcd {
    pub(crate) fn command(&self, instance: &Instance, programs: &Path) -> Command {
        let mut command = instance.command(programs.join("etcd"));
        command.arg("--data-dir").arg(instance.folder().join("etcd"));
        command.args([
            "--listen-client-urls",
            &self.client,
            "--advertise-client-urls",
            &self.client,
        ]);
        command.args([
            "--listen-peer-urls",
            &self.peer,
            "--initial-advertise-peer-urls",
            &self.peer,
        ]);
        command.args(["--initial-cluster", &format!("default={}", self.peer)]);
        // The data dies with the instance, so that nothing is gained by waiting for the disk.
        command.arg("--unsafe-no-fsync");
        command
    }
}

/// What differs between API servers.
pub(crate) struct ApiServer<'a> {
    pub(crate) bind: IpAddr,
    pub(crate) port: u16,
    pub(crate) etcd: &'a str,
    pub(crate) authority: &'a Authority,
    pub(crate) audit: bool,
}

impl ApiServer<'_> {
    /// The API server with the default admission plugins (PodSecurity among them) and NodeRestriction. Expects the
    /// certificates `apiserver` and `admin`; makes the key for service account tokens.
    pub(crate) fn command(&self, instance: &Instance, programs: &Path) -> Result<Command> {
        let folder = instance.folder();
        let (certificate, key) = self.authority.pair("apiserver");
        let (admin, admin_key) = self.authority.pair("admin");
        let (token_key, token_public) = self.authority.key("tokens")?;
        let mut command = instance.command(programs.join("kube-apiserver"));
        command.args(["--etcd-servers", self.etcd]);
        command
            .arg(format!("--bind-address={}", self.bind))
            .arg(format!("--advertise-address={}", self.bind));
        command.arg(format!("--secure-port={}", self.port));
        command.arg("--service-cluster-ip-range").arg(SERVICES);
        command.arg("--tls-cert-file").arg(certificate).arg("--tls-private-key-file").arg(key);
        command.arg("--client-ca-file").arg(self.authority.certificate());
        command.arg("--service-account-key-file").arg(token_public);
        command.arg("--service-account-signing-key-file").arg(token_key);
        command.arg("--service-account-issuer=https://kubernetes.default.svc");
        command
            .args(["--authorization-mode=Node,RBAC", "--enable-admission-plugins=NodeRestriction"]);
        command.arg("--allow-privileged");
        command
            .arg("--kubelet-client-certificate")
            .arg(admin)
            .arg("--kubelet-client-key")
            .arg(admin_key);
        // The default asks DNS for the node's name first, which no server here knows.
        command.arg("--kubelet-preferred-address-types=InternalIP");
        if self.audit {
            let policy = folder.join("audit-policy.json");
            let rules = serde_json::json!({
                "apiVersion": "audit.k8s.io/v1", "kind": "Policy",
                "omitStages": ["RequestReceived"],
                "rules": [{"level": "Metadata"}],
            });
            files::write(&policy, rules.to_string())?;
            command
                .arg("--audit-policy-file")
                .arg(policy)
                .arg("--audit-log-path")
                .arg(folder.join(AUDIT_LOG));
            command.arg("--audit-log-mode=blocking-strict");
        }
        Ok(command)
    }
}

/// The controller manager with client limits high enough to never be what a test measures.
pub(crate) fn controller_manager(
    instance: &Instance,
    programs: &Path,
    kubeconfig: &Path,
    authority: &Authority,
) -> Command {
    let mut command = instance.command(programs.join("kube-controller-manager"));
    command.arg("--kubeconfig").arg(kubeconfig);
    command.arg("--service-account-private-key-file").arg(authority.pair("tokens").1);
    command.arg("--root-ca-file").arg(authority.certificate());
    command.args(["--use-service-account-credentials", "--leader-elect=false"]);
    command.args(["--kube-api-qps=500", "--kube-api-burst=1000"]);
    command
}

/// The scheduler, with the same client limits.
pub(crate) fn scheduler(instance: &Instance, programs: &Path, kubeconfig: &Path) -> Command {
    let mut command = instance.command(programs.join("kube-scheduler"));
    command.arg("--kubeconfig").arg(kubeconfig).arg("--leader-elect=false");
    command.args(["--kube-api-qps=500", "--kube-api-burst=1000"]);
    command
}

/// `PATH` with these folders put first.
pub(crate) fn path_with<'a>(folders: impl IntoIterator<Item = &'a PathBuf>) -> std::ffi::OsString {
    let rest = std::env::var_os("PATH").unwrap_or_default();
    let all = folders.into_iter().cloned().chain(std::env::split_paths(&rest));
    std::env::join_paths(all).unwrap_or(rest)
}
