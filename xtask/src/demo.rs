//! `cargo xtask demo`: from a bare machine to OpenHive on a real cluster.

use std::fs;
use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};
use testbed::cluster::{self, Up};
use testbed::node::{POSTGRES_NAME, REGISTRY_NAME};
use testbed::{Cache, Node, NodeOptions};

use crate::requirements::{self, Use};
use crate::run::{build_plugin, root, shown, succeed};

#[derive(Debug, clap::Args)]
pub struct DemoArgs {
    /// Use this context of your own kubeconfig instead of a local cluster
    #[arg(long, value_name = "NAME", requires = "values")]
    context: Option<String>,
    /// The values file for that cluster
    #[arg(short = 'f', long, value_name = "FILE")]
    values: Option<PathBuf>,
}

/// Brings everything up and shows that it works.
pub fn run(args: &DemoArgs) -> Result<()> {
    if args.context.is_none() {
        requirements::check(&[Use::Demo])?;
    }
    let started = Instant::now();
    step("build kubectl-openhive");
    let plugin = build_plugin(&[])?;
    if let (Some(context), Some(values)) = (&args.context, &args.values) {
        return own_cluster(&plugin, context, values);
    }
    let cache = Cache::open()?;
    fs::create_dir_all(cache.root())?;
    let _lock = testbed::lock(&cache.root().join("demo.lock"), "brings up the demo")?;
    let node = node(&cache)?;
    let values = values_file(&node)?;
    step("install");
    let mut install = node.command_with(plugin.join("kubectl-openhive"), &[]);
    succeed(install.args(["install", "--yes", "-f"]).arg(&values))?;
    verify(&node, &plugin)?;
    println!(
        "\nOpenHive is up after {:.0} s. What to try next:\n",
        started.elapsed().as_secs_f64()
    );
    for (command, what) in [
        ("kubectl openhive status".to_owned(), "what runs, and is it healthy"),
        (format!("kubectl openhive plan -f {}", values.display()), "what an install would change"),
        ("kubectl get pods -A".to_owned(), "the pods themselves"),
        ("kubectl logs -n openhive deploy/hive-gateway".to_owned(), "what the Gateway says"),
    ] {
        println!("  cargo xtask cluster exec -- {command:<60}  # {what}");
    }
    println!("\n  change a tag in {} from v1.0.0 to v1.1.0 and install again:", values.display());
    println!(
        "  cargo xtask cluster exec -- kubectl openhive install --yes -f {}",
        values.display()
    );
    println!(
        "\n  cargo xtask cluster down                     # ends it all and leaves nothing behind"
    );
    Ok(())
}

fn step(name: &str) {
    println!("--- {name}");
}

/// The machine's cluster, up already or started now.
fn node(cache: &Cache) -> Result<Node> {
    step("a local cluster (the first time, Kubernetes is built from source: some 15 minutes)");
    let node = match cluster::up(cache, &NodeOptions::default())? {
        Up::Already(node) | Up::Started(node) => node,
    };
    Ok(node)
}

/// A values file with secrets of its own, and the database that it names. A second run keeps both.
fn values_file(node: &Node) -> Result<PathBuf> {
    let folder = root().join("target/demo");
    fs::create_dir_all(&folder)?;
    let path = folder.join("values.env");
    let known = node.psql("postgres", "select 1 from pg_database where datname = 'hive'")?;
    if path.exists() && known.trim() == "1" {
        return Ok(path);
    }
    step("a database and a values file");
    new_values(node, &path)?;
    Ok(path)
}

/// Makes a database and a values file that names it.
pub fn new_values(node: &Node, path: &Path) -> Result<()> {
    let password = random()?;
    node.create_database("hive", "hive", &password)?;
    let mut text = format!(
        "DATABASE_URL=postgresql+asyncpg://hive:{password}@{POSTGRES_NAME}:5432/hive\n\
         DASHBOARD_SESSION_SECRET={}\nHIVE_INTERNAL_SECRET={}\n\
         HIVE_ADMIN_USERNAME=admin\nHIVE_ADMIN_PASSWORD={}\n",
        random()?,
        random()?,
        random()?
    );
    for role in ["gateway", "dashboard", "agent", "sandbox"] {
        let key = role.to_uppercase();
        text.push_str(&format!("OPENHIVE_{key}_IMAGE={REGISTRY_NAME}/openhive-{role}:v1.0.0\n"));
    }
    text.push_str(
        "OPENHIVE_INGRESS_HOST=openhive.outside.test\nOPENHIVE_INGRESS_TLS_SECRET=openhive-tls\n\
         OPENHIVE_INGRESS_CLASS=nginx\n",
    );
    // Beside it first, for its owner alone: a killed run leaves no half of a file.
    let mut file = tempfile::NamedTempFile::new_in(path.parent().unwrap_or(Path::new(".")))?;
    file.write_all(text.as_bytes())
        .and_then(|()| Ok(file.persist(path)?))
        .with_context(|| format!("cannot write {}", path.display()))?;
    Ok(())
}

/// 32 hexadecimal digits.
fn random() -> Result<String> {
    let mut bytes = [0; 16];
    fs::File::open("/dev/urandom")?.read_exact(&mut bytes)?;
    Ok(bytes.iter().map(|byte| format!("{byte:02x}")).collect())
}

/// Shows with other means than the plugin's own that the platform works.
fn verify(node: &Node, plugin: &Path) -> Result<()> {
    step("kubectl get deploy -A");
    print!("{}", node.kubectl(&["get", "deploy", "-A"])?);
    step("alembic_version in PostgreSQL");
    print!("{}", node.psql("hive", "select version_num from alembic_version")?);
    let address = node.kubectl(&[
        "get",
        "service",
        "-n",
        "openhive",
        "hive-dashboard",
        "-o",
        "jsonpath={.spec.clusterIP}",
    ])?;
    for path in ["/dashboard-healthz", "/healthz"] {
        step(&format!("GET {path} on the Service hive-dashboard"));
        let url = format!("{}:3000{path}", address.trim());
        let mut fetch = node.inside(std::env::current_exe()?);
        succeed(fetch.args(["fetch", &url]))?;
    }
    step("kubectl openhive status");
    succeed(node.command_with(plugin.join("kubectl-openhive"), &[]).arg("status"))
}

/// Prints the answer to one HTTP request; run inside the cluster's network.
pub fn fetch(url: &str) -> Result<()> {
    let (host, path) = url.split_once('/').context("HOST:PORT/PATH is wanted")?;
    let limit = Duration::from_secs(10);
    let address = host.parse().with_context(|| format!("{host} is no address"))?;
    let mut stream = TcpStream::connect_timeout(&address, limit)?;
    stream.set_read_timeout(Some(limit))?;
    write!(stream, "GET /{path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n")?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer)?;
    let (head, body) = answer.split_once("\r\n\r\n").unwrap_or((&answer, ""));
    let status = head.lines().next().unwrap_or_default();
    println!("{status}\n{}", body.trim());
    if !status.contains(" 200 ") {
        bail!("{url} answered {status}");
    }
    Ok(())
}

/// The reader's own cluster has to hold the images that the values file names.
fn own_cluster(plugin: &Path, context: &str, values: &Path) -> Result<()> {
    let run = |arguments: &[&str]| {
        let mut command = Command::new(plugin.join("kubectl-openhive"));
        command.args(arguments).args(["--context", context]);
        step(&shown(&command));
        let file = arguments[0] != "status";
        if file {
            command.arg("-f").arg(values);
        }
        succeed(&mut command)
    };
    run(&["plan"])?;
    run(&["install", "--yes"])?;
    run(&["status"])
}
