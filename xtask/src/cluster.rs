//! `cargo xtask cluster`: the machine's own cluster, up between commands.

use std::ffi::OsString;
use std::os::unix::process::CommandExt as _;
use std::process::Command;
use std::time::{Duration, Instant, SystemTime};

use anyhow::{Context, Result, bail};
use clap::{Subcommand, ValueEnum};
use testbed::cluster::{self, Up};
use testbed::{Cache, Cilium, Cni, NodeOptions};

use crate::requirements::{self, Use};
use crate::run::build_plugin;

/// What to do with the machine's cluster.
#[derive(Debug, Subcommand)]
pub enum Action {
    /// Starts it: a real node, PostgreSQL and a registry with the platform's images
    Up {
        /// The network of pods: one that enforces NetworkPolicy, or one that does not
        #[arg(long, value_enum, default_value_t = Network::Cilium)]
        cni: Network,
        /// Leaves out the stand-in for a cloud's metadata service at 169.254.169.254
        #[arg(long)]
        no_metadata: bool,
    },
    /// Ends it, and removes what killed testbeds left
    Down,
    /// Says whether it is up, and how it is
    Status,
    /// Prints the path of its kubeconfig, which works within `exec`
    Kubeconfig,
    /// Lists its components' logs, or shows one
    Logs {
        /// The component; without it, all are listed
        component: Option<String>,
        /// Shows this many lines from the end
        #[arg(long, short = 'n', default_value_t = 100)]
        lines: u32,
        /// Goes on showing what is added
        #[arg(long, short)]
        follow: bool,
    },
    /// Runs a command where it can be reached, with KUBECONFIG, kubectl and kubectl-openhive
    Exec {
        /// The command and its arguments
        #[arg(required = true, trailing_var_arg = true, allow_hyphen_values = true)]
        command: Vec<OsString>,
    },
}

/// A network of pods.
#[derive(Debug, Clone, Copy, ValueEnum)]
pub enum Network {
    /// Enforces NetworkPolicy; an ipBlock matches pods and nodes too
    Cilium,
    /// Enforces NetworkPolicy; an ipBlock matches nodes too, but no pods
    CiliumCidrNodes,
    /// Enforces NetworkPolicy; an ipBlock matches what is outside of the cluster
    CiliumCidrOutside,
    /// Enforces none
    Bridge,
}

impl From<Network> for Cni {
    fn from(network: Network) -> Self {
        let cilium =
            |cidr_match_mode| Self::Cilium(Cilium { cidr_match_mode, ..Cilium::default() });
        match network {
            Network::Cilium => Self::Cilium(Cilium::default()),
            Network::CiliumCidrNodes => cilium("nodes"),
            Network::CiliumCidrOutside => cilium(""),
            Network::Bridge => Self::Bridge,
        }
    }
}

/// Does it.
///
/// # Errors
/// When there is no cluster to act on, or the machine cannot have one.
pub fn run(action: Action) -> Result<()> {
    requirements::check(&[Use::Cluster])?;
    let cache = Cache::open()?;
    match action {
        Action::Up { cni, no_metadata } => {
            let options =
                NodeOptions { cni: cni.into(), metadata: !no_metadata, ..NodeOptions::default() };
            up(&cache, &options)
        }
        Action::Down => {
            let ended = cluster::down(&cache)?;
            println!("{}", if ended { "the cluster is down" } else { "no cluster was up" });
            Ok(())
        }
        Action::Status => status(&cache),
        Action::Kubeconfig => {
            println!("{}", cluster::find(&cache)?.0.kubeconfig().display());
            Ok(())
        }
        Action::Logs { component, lines, follow } => logs(&cache, component, lines, follow),
        Action::Exec { command } => exec(&cache, &command),
    }
}

fn up(cache: &Cache, options: &NodeOptions) -> Result<()> {
    let start = Instant::now();
    match cluster::up(cache, options)? {
        Up::Already(_) => println!("the cluster is up already"),
        Up::Started(_) => println!("the cluster is up after {} s", start.elapsed().as_secs()),
    }
    println!("try: cargo xtask cluster exec -- kubectl get pods --all-namespaces");
    Ok(())
}

fn status(cache: &Cache) -> Result<()> {
    let (node, marker) = cluster::find(cache)?;
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    let age = Duration::from_secs(now.as_secs().saturating_sub(marker.since));
    println!("up for {} min; network: {}", age.as_secs() / 60, marker.network);
    println!("kubeconfig: {}", node.kubeconfig().display());
    println!("registry: {}/openhive-NAME:TAG", testbed::node::REGISTRY_NAME);
    println!("PostgreSQL: {}:5432", testbed::node::POSTGRES_NAME);
    print!("{}", node.kubectl(&["get", "nodes", "-o", "wide"])?);
    print!("{}", node.kubectl(&["get", "pods", "--all-namespaces"])?);
    Ok(())
}

fn logs(cache: &Cache, component: Option<String>, lines: u32, follow: bool) -> Result<()> {
    let (node, _) = cluster::find(cache)?;
    let all = cluster::logs(&node);
    let Some(component) = component else {
        for (name, path) in all {
            println!("{name:<24} {}", path.display());
        }
        println!("{:<24} {}", "containers", node.logs().join("pods").display());
        return Ok(());
    };
    let Some((_, path)) = all.iter().find(|(name, _)| *name == component) else {
        let names: Vec<&str> = all.iter().map(|(name, _)| name.as_str()).collect();
        bail!("there is no component {component}; there are {}", names.join(", "));
    };
    let mut tail = Command::new("tail");
    tail.arg(format!("--lines={lines}")).args(follow.then_some("--follow")).arg(path);
    Err(tail.exec()).context("cannot run tail")
}

fn exec(cache: &Cache, command: &[OsString]) -> Result<()> {
    let (node, _) = cluster::find(cache)?;
    let plugin = build_plugin(&["--quiet"])?;
    let (program, arguments) = command.split_first().context("there is no command to run")?;
    let mut command = node.command_with(program, &[plugin]);
    Err(command.args(arguments).exec()).context("cannot enter the cluster's network")
}
