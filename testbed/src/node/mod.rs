//! The node shape: a cluster of one real node, and a world outside of it.

use std::ffi::OsStr;
use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use crate::artefact::{Cache, go, infra, modules};
use crate::control_plane::{
    API_NAMES, ApiServer, Etcd, SERVICES, controller_manager, path_with, scheduler,
};
use crate::error::{Error, Result};
use crate::instance::{Component, Instance, Isolation, cgroup_name, require_machine};
use crate::kubectl::Kubectl;
use crate::pki::Authority;
use crate::{failure, files, kubeconfig, progress};

mod addons;
mod cni;
mod machine;
mod network;
mod programs;
mod runtime;
mod world;

pub use cni::{CLUSTER_POLICIES, Cilium, Cni, Denials};
pub use machine::missing_controllers;
pub(crate) use programs::Programs;

/// A host in the world that answers over HTTP and HTTPS with the name it was called by and the caller's address.
pub const API_NAME: &str = "api.outside.test";
/// Another such host, in another network.
pub const OTHER_NAME: &str = "other.outside.test";
/// The host of PostgreSQL 15, on its usual port.
pub const POSTGRES_NAME: &str = "postgres.outside.test";
/// The registry that has the platform's images.
pub const REGISTRY_NAME: &str = "registry.outside.test";
/// The image of a shell, for pods of tests.
pub const BUSYBOX_IMAGE: &str = "infra.outside.test/testbed/busybox:1";

/// How long one step of a start may take on a busy machine.
const STEP: Duration = Duration::from_secs(40);

/// What a [`Node`] is made of.
#[derive(Debug, Clone)]
pub struct NodeOptions {
    /// How pods are connected, and whether NetworkPolicy is enforced.
    pub cni: Cni,
    /// Answers at 169.254.169.254 as a cloud's metadata service does.
    pub metadata: bool,
    /// Writes an audit log at level Metadata, see [`Node::audit_log`].
    pub audit: bool,
    /// The registry at [`REGISTRY_NAME`] has the platform's images, which are built if need be.
    pub platform_images: bool,
}

impl Default for NodeOptions {
    /// A node that enforces NetworkPolicy, where an `ipBlock` matches pods and nodes too, with the platform's images.
    fn default() -> Self {
        Self {
            cni: Cni::Cilium(Cilium::default()),
            metadata: true,
            audit: false,
            platform_images: true,
        }
    }
}

/// A cluster of one node with real pods, and a world outside of it with PostgreSQL, a registry, DNS and two hosts.
///
/// It lives in network namespaces of its own: [`Self::command`] runs a program where the API server can be reached.
/// Dropping it ends it; dropped while its thread panics, it first keeps its state in a folder and says where.
#[derive(Debug)]
pub struct Node {
    kubeconfig: PathBuf,
    programs: PathBuf,
    kubectl: Kubectl,
    // Dropped before the components: its end is theirs, and they then collect what waited for them.
    instance: Instance,
    components: Vec<Component>,
}

impl Node {
    /// Builds what is missing in the cache and starts a node; returns when it is Ready and cluster DNS and PostgreSQL
    /// answer.
    ///
    /// # Errors
    /// When this machine cannot run one, a build fails, or a component does not become ready: each says what to do or
    /// shows the last lines of the component's log.
    pub fn start(options: &NodeOptions) -> Result<Self> {
        require_machine()?;
        let cache = Cache::open()?;
        machine::require(&cache)?;
        let programs = Programs::build(&cache, options.cni)?;
        let infra = infra::storage(&cache, &programs.debian)?;
        let platform = programs::platform_images(&cache, options.platform_images)?;
        progress::say(&format!("starting a node ({})", options.cni));
        let instance = Instance::start(&cache, Isolation { node: true })?;
        let kubeconfig = instance.folder().join("kubeconfig");
        let kubectl =
            Kubectl::new(&instance.command(programs.kubernetes.join("kubectl")), &kubeconfig);
        let mut this = Self {
            kubeconfig,
            programs: programs.kubernetes.clone(),
            kubectl,
            components: Vec::new(),
            instance,
        };
        let brought_up = this.bring_up(options, &programs, &infra, &platform);
        if brought_up.is_err() {
            failure::keep_and_say("node-start", || this.keep("node-start"));
        }
        brought_up.map(|()| this)
    }

    fn bring_up(
        &mut self,
        options: &NodeOptions,
        programs: &Programs,
        infra: &Path,
        platform: &Path,
    ) -> Result<()> {
        let Self { instance, kubectl, components, kubeconfig, .. } = self;
        let folder = instance.folder().to_owned();
        let name_server = format!("nameserver {}\n", network::WORLD_DNS);
        files::write(&folder.join("resolv.conf"), name_server)?;
        let mut setup = instance.command("sh");
        setup.args(["-e", "-c", include_str!("setup.sh"), "setup"]).arg(&folder);
        setup.arg(programs.debian.folder()).arg(cgroup_name(&folder));
        files::run(&mut setup)?;

        let authority = Authority::new(&folder.join("pki"))?;
        let address: IpAddr = network::NODE.parse().expect("the constant is an address");
        let addresses = [address, IpAddr::from([10, 96, 0, 1]), IpAddr::from([127, 0, 0, 1])];
        authority.server("apiserver", &API_NAMES, &addresses)?;
        authority.client("admin", "admin", Some("system:masters"))?;
        let node_user = format!("system:node:{}", network::NODE_NAME);
        authority.client("kubelet", &node_user, Some("system:nodes"))?;
        let server = format!("https://{}:{}", network::NODE, network::API_PORT);
        kubeconfig::write(kubeconfig, &server, &authority, "admin")?;
        kubeconfig::write(&folder.join("kubelet.kubeconfig"), &server, &authority, "kubelet")?;

        let store =
            Etcd { client: "http://127.0.0.1:2379".into(), peer: "http://127.0.0.1:2380".into() };
        components.push(instance.spawn("etcd", store.command(instance, &programs.kubernetes))?);
        let api = ApiServer {
            bind: address,
            port: network::API_PORT,
            etcd: &store.client,
            authority: &authority,
            audit: options.audit,
        };
        let mut api =
            instance.spawn("kube-apiserver", api.command(instance, &programs.kubernetes)?)?;
        let mut world =
            world::start(instance, programs, &authority, infra, platform, options.metadata)?;
        components.append(&mut world.components);
        let mut containerd = runtime::start_containerd(instance, programs)?;
        api.wait_until(STEP, || kubectl.ready())?;
        components.push(api);

        let mut manager =
            controller_manager(instance, &programs.kubernetes, kubeconfig, &authority);
        manager.args(["--allocate-node-cidrs", "--cluster-cidr", network::PODS]);
        manager.args(["--service-cluster-ip-range", SERVICES]);
        components.push(instance.spawn("kube-controller-manager", manager)?);
        let scheduler = scheduler(instance, &programs.kubernetes, kubeconfig);
        components.push(instance.spawn("kube-scheduler", scheduler)?);
        containerd.wait_until(STEP, || runtime::socket(instance).exists())?;
        components.push(containerd);
        components.push(runtime::start_kubelet(instance, programs, &authority)?);
        components.push(runtime::start_proxy(instance, programs)?);
        match (options.cni, &programs.cilium) {
            (Cni::Cilium(settings), Some(cilium)) => {
                let mut agent = cni::start_cilium(instance, programs, cilium, kubectl, settings)?;
                kubectl.apply(&addons::manifests(instance)?)?;
                cni::await_cilium(instance, &mut agent, STEP)?;
                components.push(agent);
            }
            _ => {
                cni::write_bridge(instance)?;
                kubectl.apply(&addons::manifests(instance)?)?;
            }
        }
        let mut ask = || world::psql(instance, "postgres", "select 1").is_ok();
        world.postgres.wait_until(STEP, &mut ask)?;
        components.push(world.postgres);
        let bound = format!("--timeout={}s", STEP.as_secs());
        let node = ["node", network::NODE_NAME];
        kubectl.run(&[&["wait", "--for=create", &bound], &node[..]].concat())?;
        kubectl.run(&[&["wait", "--for=condition=Ready", &bound], &node[..]].concat())?;
        let dns = ["deployment/coredns", "--namespace=kube-system"];
        kubectl.run(&[&["wait", "--for=condition=Available", &bound], &dns[..]].concat())?;
        Ok(())
    }

    /// The kubeconfig of a cluster administrator. Its server can be reached from [`Self::command`].
    #[must_use]
    pub fn kubeconfig(&self) -> &Path {
        &self.kubeconfig
    }

    /// The folder with a log for each component, and in `pods` those of the containers.
    #[must_use]
    pub fn logs(&self) -> PathBuf {
        self.instance.logs()
    }

    /// The folder of the node's state. Gone when the node is.
    pub(crate) fn folder(&self) -> &Path {
        self.instance.folder()
    }

    /// The audit log, where [`NodeOptions::audit`] asked for it.
    #[must_use]
    pub fn audit_log(&self) -> Option<PathBuf> {
        Some(self.instance.folder().join(crate::control_plane::AUDIT_LOG))
            .filter(|path| path.exists())
    }

    /// The certificate of the authority that signed the certificates of [`API_NAME`] and [`OTHER_NAME`].
    #[must_use]
    pub fn certificate_authority(&self) -> PathBuf {
        self.instance.folder().join("pki/ca.crt")
    }

    /// The folder of programs that belong to this version of Kubernetes, `kubectl` among them.
    #[must_use]
    pub fn programs(&self) -> &Path {
        &self.programs
    }

    /// A command in the node's network namespace, where the API server is, with `KUBECONFIG` set, the folder of
    /// [`Self::programs`] first on `PATH`, and nothing else of the environment. Files, processes and working directory
    /// are those of this process.
    #[must_use]
    pub fn command(&self, program: impl AsRef<OsStr>) -> Command {
        let mut command = self.command_with(program, &[]);
        command.env_clear().env("KUBECONFIG", &self.kubeconfig).env("KUBECACHEDIR", "/dev/null");
        command.env("PATH", path_with([&self.programs]));
        command
    }

    /// As [`Self::command`], with more folders before those on `PATH`, and with the environment of this process but for
    /// proxies, which cannot be reached from there.
    #[must_use]
    pub fn command_with(&self, program: impl AsRef<OsStr>, folders: &[PathBuf]) -> Command {
        let mut command = Command::new("nsenter");
        command.arg(format!("--net=/proc/{}/ns/net", self.instance.init()));
        command.arg("--").arg(program);
        let folders = folders.iter().chain(std::iter::once(&self.programs));
        command.env("KUBECONFIG", &self.kubeconfig).env("PATH", path_with(folders));
        for scheme in ["http", "https", "all"] {
            let name = format!("{scheme}_proxy");
            command.env_remove(name.to_uppercase()).env_remove(name);
        }
        command
    }

    /// A command on the node: in all of its namespaces, with the working directory `/`.
    #[must_use]
    pub fn inside(&self, program: impl AsRef<OsStr>) -> Command {
        self.instance.command(program)
    }

    /// A command in the world, which has routes to pods and nothing else.
    #[must_use]
    pub fn outside(&self, program: impl AsRef<OsStr>) -> Command {
        world::command(&self.instance, program)
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

    /// Runs SQL as PostgreSQL's superuser and returns the rows, columns separated by `|`.
    ///
    /// # Errors
    /// When PostgreSQL refuses a statement; the error carries its message.
    pub fn psql(&self, database: &str, sql: &str) -> Result<String> {
        world::psql(&self.instance, database, sql)
    }

    /// Creates an empty database with a login of its own, dropping one of this name first. It is reached as
    /// `postgres://USER:PASSWORD@postgres.outside.test:5432/DATABASE`.
    ///
    /// # Errors
    /// When PostgreSQL refuses a statement.
    pub fn create_database(&self, database: &str, user: &str, password: &str) -> Result<()> {
        let (base, role) = (world::identifier(database), world::identifier(user));
        self.psql("postgres", &format!("drop database if exists {base} with (force)"))?;
        let known = self.psql(
            "postgres",
            &format!("select 1 from pg_roles where rolname = {}", world::literal(user)),
        )?;
        let verb = if known.trim() == "1" { "alter" } else { "create" };
        self.psql(
            "postgres",
            &format!("{verb} role {role} login password {}", world::literal(password)),
        )?;
        self.psql("postgres", &format!("create database {base} owner {role}"))?;
        Ok(())
    }

    /// Keeps pods, events and the logs of components and containers in a folder that outlives this value, and returns
    /// it. It lies in `$OPENHIVE_TESTBED_FAILURES`, else in `failures` of the cache.
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

    /// Lets the node outlive this process. [`Self::attach`] finds it by the number that this returns.
    ///
    /// # Errors
    /// When its supervisor does not take the message.
    pub fn detach(mut self) -> Result<u16> {
        self.instance.detach()?;
        self.components.drain(..).for_each(Component::leave);
        Ok(self.instance.slot())
    }

    /// A node that was detached.
    ///
    /// # Errors
    /// [`Error::NotUp`] when it is not there any more.
    pub fn attach(cache: &Cache, slot: u16) -> Result<Self> {
        let instance = Instance::attach(cache, slot)?;
        let programs = go::build(cache, &modules::KUBERNETES)?;
        let kubeconfig = instance.folder().join("kubeconfig");
        if !kubeconfig.exists() {
            return Err(Error::NotUp);
        }
        let kubectl = Kubectl::new(&instance.command(programs.join("kubectl")), &kubeconfig);
        Ok(Self { kubeconfig, programs, kubectl, components: Vec::new(), instance })
    }

    /// Ends a detached node; returns when nothing of it is left.
    ///
    /// # Errors
    /// When its folder cannot be removed.
    pub fn end(self) -> Result<()> {
        self.instance.end()
    }
}

impl Drop for Node {
    fn drop(&mut self) {
        if std::thread::panicking() {
            failure::keep_and_say("node", || self.keep("node"));
        }
    }
}
