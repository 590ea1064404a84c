//! The control plane shape: etcd, API server, controllers, and if wanted a scheduler and fake nodes.

use std::net::{IpAddr, Ipv4Addr};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use crate::artefact::{Cache, go};
use crate::error::Result;
use crate::failure;
use crate::instance::{Component, Instance, Isolation};
use crate::kubectl::Kubectl;
use crate::pki::Authority;
use crate::{files, kubeconfig};

/// How long etcd, the API server or the controllers may take to be ready. Usually they take 5 s together.
const START: Duration = Duration::from_secs(90);

/// What a [`ControlPlane`] runs beside etcd, API server and controller manager.
#[derive(Debug, Clone, Default)]
pub struct ControlPlaneOptions {
    /// Runs the scheduler, which binds pods to nodes.
    pub scheduler: bool,
    /// As many nodes, played by kwok: pods bound to them become Running and Ready at once, without containers.
    /// Needs the scheduler to bind them.
    pub fake_nodes: u16,
    /// Writes an audit log at level Metadata: a JSON line a request, see [`ControlPlane::audit_log`].
    pub audit: bool,
    /// Leaves the controller manager out: objects are stored and admitted, nothing acts on them.
    pub without_controllers: bool,
}

/// A Kubernetes API with its controllers on 127.0.0.1. Several can run at once; dropping one ends it.
///
/// Dropped while its thread panics, it first keeps its state in a folder and says where.
#[derive(Debug)]
pub struct ControlPlane {
    kubeconfig: PathBuf,
    server: String,
    programs: PathBuf,
    kubectl: Kubectl,
    audit: Option<PathBuf>,
    components: Vec<Component>,
    instance: Instance,
}

impl ControlPlane {
    /// Builds what is missing in the cache and starts a control plane; returns when the API server is ready.
    ///
    /// # Errors
    /// When this machine cannot run one, a build fails, or a component does not become ready: each says what to do or
    /// shows the last lines of the component's log.
    pub fn start(options: &ControlPlaneOptions) -> Result<Self> {
        let cache = Cache::open()?;
        let programs = go::kubernetes(&cache)?;
        let kwok = if options.fake_nodes > 0 { Some(go::kwok(&cache)?) } else { None };
        let instance = Instance::start(&cache, Isolation { node: false })?;

        let folder = instance.folder().to_owned();
        let (etcd, peer, api) = (instance.port(0), instance.port(1), instance.port(2));
        let authority = Authority::new(&folder.join("pki"))?;
        let addresses = [IpAddr::V4(Ipv4Addr::LOCALHOST), IpAddr::V4(Ipv4Addr::new(10, 96, 0, 1))];
        authority.server("apiserver", &API_NAMES, &addresses)?;
        authority.client("admin", "admin", Some("system:masters"))?;
        let server = format!("https://127.0.0.1:{api}");
        let kubeconfig = folder.join("kubeconfig");
        kubeconfig::write(&kubeconfig, &server, &authority, "admin")?;
        let kubectl = Kubectl::new(&Command::new(programs.join("kubectl")), &kubeconfig);

        let store = Etcd {
            client: format!("http://127.0.0.1:{etcd}"),
            peer: format!("http://127.0.0.1:{peer}"),
        };
        let mut components = vec![instance.spawn("etcd", store.command(&instance, &programs))?];
        let flags = ApiServer {
            bind: IpAddr::V4(Ipv4Addr::LOCALHOST),
            port: api,
            etcd: &store.client,
            authority: &authority,
            audit: options.audit,
        };
        let mut command = flags.command(&instance, &programs)?;
        // Its own address as the endpoints of the Service `kubernetes` would be refused: it is a loopback address.
        command.arg("--endpoint-reconciler-type=none");
        let mut server_component = instance.spawn("kube-apiserver", command)?;
        server_component.wait_until(START, || kubectl.ready())?;
        components.push(server_component);

        let audit = options.audit.then(|| folder.join(AUDIT_LOG));
        let mut this = Self { kubeconfig, server, programs, kubectl, audit, components, instance };
        if !options.without_controllers {
            let mut command =
                controller_manager(&this.instance, &this.programs, &this.kubeconfig, &authority);
            command.arg("--secure-port=0");
            this.components.push(this.instance.spawn("kube-controller-manager", command)?);
        }
        if options.scheduler {
            let mut command = scheduler(&this.instance, &this.programs, &this.kubeconfig);
            command.arg("--secure-port=0");
            this.components.push(this.instance.spawn("kube-scheduler", command)?);
        }
        if let Some(kwok) = kwok {
            this.start_fake_nodes(&kwok, options.fake_nodes)?;
        }
        Ok(this)
    }

    /// The kubeconfig of a cluster administrator, valid as long as this value lives.
    #[must_use]
    pub fn kubeconfig(&self) -> &Path {
        &self.kubeconfig
    }

    /// The URL of the API server.
    #[must_use]
    pub fn server(&self) -> &str {
        &self.server
    }

    /// The audit log, where [`ControlPlaneOptions::audit`] asked for it: a JSON object (`audit.k8s.io/v1` Event) a
    /// line, written before the response ends.
    #[must_use]
    pub fn audit_log(&self) -> Option<&Path> {
        self.audit.as_deref()
    }

    /// The folder with a log for each component.
    #[must_use]
    pub fn logs(&self) -> PathBuf {
        self.instance.logs()
    }

    /// The folder of programs that belong to this version of Kubernetes, `kubectl` among them.
    #[must_use]
    pub fn programs(&self) -> &Path {
        &self.programs
    }

    /// A command with `KUBECONFIG` set, and the folder of [`Self::programs`] first on `PATH`.
    #[must_use]
    pub fn command(&self, program: impl AsRef<std::ffi::OsStr>) -> Command {
        let mut command = Command::new(program);
        command.env("KUBECONFIG", &self.kubeconfig).env("PATH", path_with([&self.programs]));
        command
    }

    /// Runs kubectl with these arguments and returns its standard output.
    ///
    /// # Errors
    /// When kubectl ends with another status than 0; the error carries its standard error.
    pub fn kubectl(&self, arguments: &[&str]) -> Result<String> {
        self.kubectl.run(arguments)
    }

    /// Applies manifests (YAML or JSON documents) with server-side apply.
    ///
    /// # Errors
    /// When kubectl ends with another status than 0; the error carries its standard error.
    pub fn apply(&self, manifests: &str) -> Result<()> {
        self.kubectl.apply(manifests)
    }

    /// Keeps pods, events and the components' logs in a folder that outlives this value, and returns it. It lies in
    /// `$OPENHIVE_TESTBED_FAILURES`, else in `failures` of the cache.
    ///
    /// # Errors
    /// When the folder cannot be written.
    pub fn keep(&self, name: &str) -> Result<PathBuf> {
        self.keep_in(&failure::home()?, name)
    }

    /// As [`Self::keep`], in a folder of the caller's.
    ///
    /// # Errors
    /// When the folder cannot be written.
    pub fn keep_in(&self, home: &Path, name: &str) -> Result<PathBuf> {
        failure::keep(home, name, &self.kubectl, &self.logs())
    }

    fn start_fake_nodes(&mut self, kwok: &Path, count: u16) -> Result<()> {
        let stages = ["node/fast", "node/heartbeat-with-lease", "pod/fast"];
        let mut command = self.instance.command(kwok.join("kwok"));
        command.arg("--kubeconfig").arg(&self.kubeconfig);
        command.args([
            "--manage-all-nodes=true",
            "--node-lease-duration-seconds=40",
            "--server-address=",
        ]);
        for stage in stages {
            for file in stage_files(&kwok.join("stage").join(stage)) {
                command.arg("--config").arg(file);
            }
        }
        self.components.push(self.instance.spawn("kwok", command)?);
        let nodes: Vec<String> = (0..count).map(|index| fake_node(index).to_string()).collect();
        self.kubectl.apply(&nodes.join("\n---\n"))?;
        self.kubectl.run(&["wait", "--for=condition=Ready", "node", "--all", "--timeout=60s"])?;
        Ok(())
    }
}

impl Drop for ControlPlane {
    fn drop(&mut self) {
        if std::thread::panicking() {
            failure::keep_and_say("control-plane", || self.keep("control-plane"));
        }
    }
}

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
        command.args(["--unsafe-no-fsync", "--log-level=warn"]);
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

fn stage_files(folder: &Path) -> Vec<PathBuf> {
    let entries =
        std::fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path());
    let mut files: Vec<PathBuf> = entries
        .filter(|path| path.extension().is_some_and(|extension| extension == "yaml"))
        .filter(|path| path.file_stem().is_some_and(|stem| stem != "kustomization"))
        .collect();
    files.sort();
    files
}

fn fake_node(index: u16) -> serde_json::Value {
    let name = format!("fake-{index}");
    let size = serde_json::json!({"cpu": "64", "memory": "256Gi", "pods": "1000"});
    serde_json::json!({
        "apiVersion": "v1", "kind": "Node",
        "metadata": {
            "name": name,
            "annotations": {"kwok.x-k8s.io/node": "fake"},
            "labels": {"kubernetes.io/hostname": name, "kubernetes.io/os": "linux", "kubernetes.io/arch": "amd64"},
        },
        "status": {"allocatable": size, "capacity": size},
    })
}
