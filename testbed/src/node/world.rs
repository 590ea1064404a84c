//! The rest of the world: DNS, registries, PostgreSQL and hosts that answer over HTTP, in a network namespace that only
//! the node is connected to.

use std::fmt::Write as _;
use std::path::Path;
use std::process::Command;

use super::network::{
    API_HOST, INFRA_REGISTRY, METADATA, NAMES, OTHER_HOST, POSTGRES, REGISTRY, WORLD_DNS,
};
use super::{API_NAME, OTHER_NAME, Programs};
use crate::error::Result;
use crate::files;
use crate::instance::{Component, Instance};
use crate::pki::Authority;

/// A command that runs a program in the world.
pub(super) fn command(instance: &Instance, program: impl AsRef<std::ffi::OsStr>) -> Command {
    let mut command = instance.command("nsenter");
    command.args(["--net=/run/netns/world", "--"]).arg(program);
    command
}

/// The components of the world, ready once PostgreSQL answers.
pub(super) struct World {
    pub(super) components: Vec<Component>,
    pub(super) postgres: Component,
}

/// Starts everything. `platform` is the storage of the registry that has the platform's images.
pub(super) fn start(
    instance: &Instance,
    programs: &Programs,
    authority: &Authority,
    infra: &Path,
    platform: &Path,
    metadata: bool,
) -> Result<World> {
    let postgres = start_postgres(instance)?;
    let mut components = vec![start_dns(instance, programs)?];
    for (name, storage, address) in
        [("registry", platform, REGISTRY), ("registry-infra", infra, INFRA_REGISTRY)]
    {
        components.push(start_registry(instance, programs, name, storage, address)?);
    }
    components.push(start_hosts(instance, programs, authority, metadata)?);
    Ok(World { components, postgres })
}

fn start_dns(instance: &Instance, programs: &Programs) -> Result<Component> {
    // One block for the names that exist, one that says of all others that they do not.
    let (mut zones, mut hosts) = (String::new(), String::new());
    for (name, address) in NAMES {
        // Writing to a String does not fail.
        let _ = write!(zones, "{name} ");
        let _ = writeln!(hosts, "        {address} {name}");
    }
    let config = format!(
        "{zones}{{\n    bind {WORLD_DNS}\n    errors\n    hosts {{\n{hosts}    }}\n}}\n\
         . {{\n    bind {WORLD_DNS}\n    template ANY ANY . {{\n        rcode NXDOMAIN\n    }}\n}}\n"
    );
    let path = instance.folder().join("world.Corefile");
    files::write(&path, config)?;
    let mut dns = command(instance, programs.runtime.join("coredns"));
    dns.arg("-conf").arg(path);
    instance.spawn("world-dns", dns)
}

fn start_registry(
    instance: &Instance,
    programs: &Programs,
    name: &str,
    storage: &Path,
    address: &str,
) -> Result<Component> {
    let config = serde_json::json!({
        "version": 0.1,
        "log": {"level": "warn", "accesslog": {"disabled": false}},
        "storage": {
            "filesystem": {"rootdirectory": storage},
            "maintenance": {"readonly": {"enabled": true}},
        },
        "http": {"addr": format!("{address}:80")},
    });
    let path = instance.folder().join(format!("{name}.json"));
    files::write(&path, config.to_string())?;
    let mut registry = command(instance, programs.registry.join("registry"));
    registry.arg("serve").arg(path).env("OTEL_TRACES_EXPORTER", "none");
    instance.spawn(name, registry)
}

fn start_hosts(
    instance: &Instance,
    programs: &Programs,
    authority: &Authority,
    metadata: bool,
) -> Result<Component> {
    authority.server("world", &[API_NAME, OTHER_NAME], &[])?;
    let (certificate, key) = authority.pair("world");
    let mut world = command(instance, programs.small.join("world"));
    world.arg("-certificate").arg(certificate).arg("-key").arg(key);
    for host in [API_HOST, OTHER_HOST] {
        world.arg(format!("http={host}:80")).arg(format!("https={host}:443"));
    }
    if metadata {
        world.arg(format!("metadata={METADATA}:80"));
    }
    instance.spawn("world-hosts", world)
}

/// PostgreSQL as the user nobody, in memory: it takes the superuser `postgres` from the local socket alone, everybody
/// else over TCP and with a password.
fn start_postgres(instance: &Instance) -> Result<Component> {
    let script = format!(
        "set -e\n\
         umask 077\n\
         bin=/run/openhive/debian/bin\n\
         $bin/initdb --pgdata=data --username=postgres --auth-local=trust --auth-host=scram-sha-256 --no-sync \
           --encoding=UTF8 --locale=C >&2\n\
         echo 'host all all 0.0.0.0/0 scram-sha-256' >> data/pg_hba.conf\n\
         exec $bin/postgres -D data -c listen_addresses={POSTGRES} -c unix_socket_directories={POSTGRES_FOLDER} \
           -c fsync=off -c full_page_writes=off -c jit=off -c max_connections=100 -c shared_buffers=32MB \
           -c log_connections=on -c log_min_error_statement=panic -c timezone=UTC -c log_timezone=UTC\n"
    );
    files::run(instance.command("install").args([
        "-d",
        "-o",
        "65534",
        "-g",
        "65534",
        POSTGRES_FOLDER,
    ]))?;
    let mut postgres = command(instance, "setpriv");
    postgres.args(AS_NOBODY).args(["env", "--chdir", POSTGRES_FOLDER, "sh", "-c", &script]);
    instance.spawn("postgres", postgres)
}

/// Where PostgreSQL has its data and its socket, inside the instance.
const POSTGRES_FOLDER: &str = "/run/openhive/postgres";
const AS_NOBODY: &[&str] = &["--reuid=65534", "--regid=65534", "--clear-groups", "--"];

/// Runs SQL as the superuser and returns the rows as unaligned text. The SQL, in which there may be a password, goes
/// through standard input: neither a list of processes nor an error shows it.
pub(super) fn psql(instance: &Instance, database: &str, sql: &str) -> Result<String> {
    let mut psql = instance.command("setpriv");
    psql.args(AS_NOBODY).args(["env", "HOME=/nonexistent", "/run/openhive/debian/bin/psql"]);
    psql.args(["--host", POSTGRES_FOLDER, "--username=postgres", "--no-psqlrc", "--quiet"]);
    psql.args(["--no-align", "--tuples-only", "--set=ON_ERROR_STOP=1", "--dbname", database]);
    let output = files::run_with_input(&mut psql, sql)?;
    Ok(String::from_utf8_lossy(&output).into_owned())
}

/// A name in SQL, quoted.
pub(super) fn identifier(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

/// A string in SQL, quoted.
pub(super) fn literal(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}
