//! Asking the API server with the kubectl that was built with it.

use std::path::Path;
use std::process::{Command, Stdio};

use crate::error::Result;
use crate::files;

/// A kubectl for one cluster.
#[derive(Debug, Clone)]
pub(crate) struct Kubectl {
    /// Everything before kubectl's own arguments: how to get to where the cluster is, and kubectl.
    prefix: Vec<std::ffi::OsString>,
    kubeconfig: std::path::PathBuf,
}

impl Kubectl {
    /// `prefix` is the command that runs kubectl where the API server can be reached.
    pub(crate) fn new(prefix: &Command, kubeconfig: &Path) -> Self {
        let prefix = std::iter::once(prefix.get_program())
            .chain(prefix.get_args())
            .map(ToOwned::to_owned)
            .collect();
        Self { prefix, kubeconfig: kubeconfig.to_owned() }
    }

    /// A kubectl command, to which arguments are added.
    pub(crate) fn command(&self) -> Command {
        let mut command = Command::new(&self.prefix[0]);
        files::without_environment(&mut command);
        // No discovery cache: it would outlive the cluster and be wrong for the next on the same port.
        command
            .args(&self.prefix[1..])
            .env("KUBECONFIG", &self.kubeconfig)
            .env("KUBECACHEDIR", "/dev/null");
        command.stdin(Stdio::null());
        command
    }

    /// Runs kubectl and returns its standard output.
    pub(crate) fn run(&self, arguments: &[&str]) -> Result<String> {
        let output = files::run(self.command().args(arguments))?;
        Ok(String::from_utf8_lossy(&output).into_owned())
    }

    /// Whether the API server says that it is ready.
    pub(crate) fn ready(&self) -> bool {
        let mut command = self.command();
        command
            .args(["get", "--raw", "/readyz", "--request-timeout=5s"])
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        command.status().is_ok_and(|status| status.success())
    }

    /// Applies manifests (YAML or JSON documents) with server-side apply.
    pub(crate) fn apply(&self, manifests: &str) -> Result<()> {
        let mut command = self.command();
        command.args([
            "apply",
            "--server-side",
            "--force-conflicts",
            "--field-manager=testbed",
            "-f",
            "-",
        ]);
        files::run_with_input(&mut command, manifests)?;
        Ok(())
    }
}
