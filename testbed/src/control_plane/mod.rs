//! The control plane shape: etcd, API server, controllers, and if wanted a scheduler and fake nodes.

use std::net::{IpAddr, Ipv4Addr};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use crate::artefact::{Cache, go, modules};
use crate::error::Result;
use crate::failure;
use crate::instance::{Component, Instance, Isolation, require_machine};
use crate::kubeconfig;
use crate::kubectl::Kubectl;
use crate::pki::Authority;

mod fake_nodes;
mod programs;

pub(crate) use programs::{
    API_NAMES, AUDIT_LOG, ApiServer, Etcd, SERVICES, controller_manager, path_with, scheduler,
};

/// How long etcd, the API server or the controllers may take to be ready. Usually they take 5 s together.
const START: Duration = Duration::from_secs(90);

/// What a [`ControlPlane`] runs beside etcd, API server and controller manager.
#[derive(Debug, Clone, Default)]
pub struct ControlPlaneOptions {
    /// Runs the scheduler, which binds pods to nodes.
    pub scheduler: bool,
    /// As many nodes, played by kwok: pods bound to them become Running and Ready at once, without containers,
    /// those of Jobs succeed, and every port answers `{"status":"ok"}` over HTTP to a port-forward.
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
    // Dropped before the components: its end is theirs, and they then collect what waited for them.
    instance: Instance,
    components: Vec<Component>,
}

impl ControlPlane {
    /// Builds what is missing in the cache and starts a control plane; returns when the API server is ready.
    ///
    /// # Errors
    /// When this machine cannot run one, a build fails, or a component does not become ready: each says what to do or
    /// shows the last lines of the component's log.
    pub fn start(options: &ControlPlaneOptions) -> Result<Self> {
        require_machine()?;
        let cache = Cache::open()?;
        let programs = go::build(&cache, &modules::KUBERNETES)?;
        let kwok =
            if options.fake_nodes > 0 { Some(go::build(&cache, &modules::KWOK)?) } else { None };
        let instance = Instance::start(&cache, Isolation { node: false })?;
        let kubeconfig = instance.folder().join("kubeconfig");
        let mut this = Self {
            server: format!("https://127.0.0.1:{}", instance.port(2)),
            kubectl: Kubectl::new(&Command::new(programs.join("kubectl")), &kubeconfig),
            audit: options.audit.then(|| instance.folder().join(AUDIT_LOG)),
            kubeconfig,
            programs,
            instance,
            components: Vec::new(),
        };
        let brought_up = this.bring_up(options, kwok.as_deref());
        if brought_up.is_err() {
            failure::keep_and_say("control-plane-start", || this.keep("control-plane-start"));
        }
        brought_up.map(|()| this)
    }

    fn bring_up(&mut self, options: &ControlPlaneOptions, kwok: Option<&Path>) -> Result<()> {
        let Self { instance, kubectl, components, kubeconfig, programs, .. } = self;
        let authority = Authority::new(&instance.folder().join("pki"))?;
        let addresses = [IpAddr::V4(Ipv4Addr::LOCALHOST), IpAddr::V4(Ipv4Addr::new(10, 96, 0, 1))];
        authority.server("apiserver", &API_NAMES, &addresses)?;
        authority.client("admin", "admin", Some("system:masters"))?;
        kubeconfig::write(kubeconfig, &self.server, &authority, "admin")?;

        let store = Etcd {
            client: format!("http://127.0.0.1:{}", instance.port(0)),
            peer: format!("http://127.0.0.1:{}", instance.port(1)),
        };
        components.push(instance.spawn("etcd", store.command(instance, programs))?);
        let flags = ApiServer {
            bind: IpAddr::V4(Ipv4Addr::LOCALHOST),
            port: instance.port(2),
            etcd: &store.client,
            authority: &authority,
            audit: options.audit,
        };
        let mut command = flags.command(instance, programs)?;
        // Its own address as the endpoints of the Service `kubernetes` would be refused: it is a loopback address.
        command.arg("--endpoint-reconciler-type=none");
        let mut api = instance.spawn("kube-apiserver", command)?;
        api.wait_until(START, || kubectl.ready())?;
        components.push(api);

        if !options.without_controllers {
            let mut command = controller_manager(instance, programs, kubeconfig, &authority);
            command.arg("--secure-port=0");
            components.push(instance.spawn("kube-controller-manager", command)?);
        }
        if options.scheduler {
            let mut command = scheduler(instance, programs, kubeconfig);
            command.arg("--secure-port=0");
            components.push(instance.spawn("kube-scheduler", command)?);
        }
        if let Some(kwok) = kwok {
            let nodes = options.fake_nodes;
            components
                .push(fake_nodes::start(instance, &authority, kubectl, kubeconfig, kwok, nodes)?);
        }
        Ok(())
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

    /// A command with `KUBECONFIG` set, the folder of [`Self::programs`] first on `PATH`, and nothing else of the
    /// environment.
    #[must_use]
    pub fn command(&self, program: impl AsRef<std::ffi::OsStr>) -> Command {
        let mut command = Command::new(program);
        command.env_clear().env("KUBECONFIG", &self.kubeconfig).env("KUBECACHEDIR", "/dev/null");
        command.env("PATH", path_with([&self.programs]));
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
}

impl Drop for ControlPlane {
    fn drop(&mut self) {
        if std::thread::panicking() {
            failure::keep_and_say("control-plane", || self.keep("control-plane"));
        }
    }
}
