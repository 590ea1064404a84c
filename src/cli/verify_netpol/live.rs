//! `verify-netpol --live`: the same matrix, with packets.

use std::cell::RefCell;

use jiff::Timestamp;
use serde_json::json;

use super::cluster::Found;
use super::input::Texts;
use super::installed;
use super::matrix::MatrixArgs;
use super::output::{Format, Target};
use crate::cli::connection::ConnectionArgs;
use crate::cli::failure::cluster_failure;
use crate::cli::prepare::open;
use crate::cli::signals::{self, Signals};
use crate::cli::{Exit, Outcome};
use crate::cluster::netpol::read;
use crate::cluster::{Cluster, discover, scene};
use crate::engine::canceller;
use crate::engine::probe::{self, LIFE, Live, Options, ProbeError};
use crate::netpol::Input;
use crate::netpol::matrix::{Matrix, Platform};
use crate::netpol::observe::{pod::RUN, scene::Scene};
use crate::netpol::read::Reader;
use crate::render::ClusterFacts;
use crate::ui::{Failure, Ui, netpol};
use crate::values::Values;

/// Whether packets are sent, and to whom.
#[derive(Debug, clap::Args)]
pub(super) struct LiveArgs {
    /// Send packets too: prove that policies are enforced, then try every flow from the pods
    #[arg(long)]
    pub live: bool,
    /// An address of the internet that has to be reached on port 443
    #[arg(long, value_name = "HOST:PORT", requires = "live", value_parser = host_and_port)]
    external: Option<(String, u16)>,
    /// Image of probe pods, with python3 in it [default: the running agent's]
    #[arg(long, value_name = "IMAGE", requires = "live")]
    probe_image: Option<String>,
}

fn host_and_port(text: &str) -> Result<(String, u16), String> {
    let wrong = || "not HOST:PORT, such as example.org:443".to_owned();
    let (host, port) = text.rsplit_once(':').ok_or_else(wrong)?;
    let port = port.parse().ok().filter(|port| *port > 0).ok_or_else(wrong)?;
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-');
    if host.is_empty() || !host.chars().all(plain) {
        return Err(wrong());
    }
    Ok((host.to_owned(), port))
}

/// Of the JSON output; a change that breaks readers raises it.
pub(super) const SCHEMA: &str = "openhive.io/netpol-live/v1";

pub(super) async fn run(
    args: &MatrixArgs,
    connection: &ConnectionArgs,
    values: Option<Values>,
    ui: &Ui,
) -> Outcome {
    let json = as_json(&args.output)?;
    let cluster = open(ui, connection).await?;
    let (values, profile) = match values {
        Some(values) => (values, args.input.profile()),
        None => installed::values(&cluster, ui).await?,
    };
    let failed = |error| cluster_failure(&error);
    let (reading, (facts, _)) = futures::future::try_join(
        read(&cluster.rest, &args.input.settings()),
        discover(&cluster.rest, &values.database),
    )
    .await
    .map_err(failed)?;
    let facts = ClusterFacts::resolve(&values, Some(facts));
    let mut platform = Platform::new(profile, &values, &facts);
    let seen = scene::read(&cluster.rest, &platform, &values.database).await.map_err(failed)?;
    platform.api_server_addresses = seen.api_server_addresses();
    let incomplete = reading.decisive_gaps().next().is_some();
    let plugins = reading.plugins.clone();
    let context = cluster.context.clone();
    let found = Found {
        reading,
        name: context.map_or_else(|| cluster.server.clone(), |c| format!("context {c}")),
    };
    found.tell(ui);
    let mut input = found.checked(args.input.allow_empty())?;
    prepare(&mut input, &values, args)?;
    let mut matrix = Matrix::new(&input, &platform);
    let options = Options {
        external: args.live.external.clone(),
        database: (values.database.host.clone(), values.database.port),
        image: args.live.probe_image.clone(),
        expires: (Timestamp::now() + LIFE).strftime("%Y-%m-%dT%H:%M:%SZ").to_string(),
    };
    let started = Timestamp::now();
    let live = probe(&cluster, &input, &seen, &platform, &matrix, &options, ui).await?;
    let enforced = live.proof.enforced || !live.proof.conclusive;
    if enforced {
        matrix.observe(live.flows);
    } else {
        ui.warn("the network plugin does not enforce NetworkPolicy: nothing is isolated, whatever the policies say");
        matrix.not_enforced();
    }
    let strict = args.strict(ui).on;
    if json {
        ui.json(&json!({
            "schema": SCHEMA,
            "version": env!("CARGO_PKG_VERSION"),
            "time": started.to_string(),
            "context": cluster.context,
            "server": cluster.server,
            "profile": platform.profile,
            "input": input.counts,
            "strict": strict,
            "plugins": plugins,
            "run": live.run,
            "proof": live.proof,
            "seconds": live.timings,
            "totals": matrix.totals(),
            "cells": matrix.cells,
        }))?;
    } else {
        let plugins: Vec<String> = plugins.iter().map(ToString::to_string).collect();
        let head = netpol::proof_line(&live.proof, &plugins, ui.stdout_style());
        ui.data(&format!("{head}\n\n{}", netpol::matrix_table(&matrix, ui.stdout_style())))?;
    }
    if !enforced {
        return Ok(Exit::NotEnforcing);
    }
    Ok(verdict(&matrix, strict, incomplete))
}

/// Packets are told of in two formats only.
fn as_json(output: &[Target]) -> Result<bool, Failure> {
    match output {
        [] | [Target { format: Format::Table, file: None }] => Ok(false),
        [Target { format: Format::Json, file: None }] => Ok(true),
        _ => Err(Failure::new(Exit::Usage, "--live prints a table or JSON, to standard output")
            .fix("choose one of them:  -o json")
            .fix("or check without packets, in every format:  leave out --live")),
    }
}

/// `incomplete`: something could not be read, so that what was not seen may be open. What nobody
/// could reach is not proven either.
fn verdict(matrix: &Matrix, strict: bool, incomplete: bool) -> Exit {
    let totals = matrix.totals();
    let open = incomplete || totals.unknown > 0 || matrix.unproven() > 0;
    match () {
        () if totals.bypass > 0 => Exit::Verification,
        () if totals.overblock > 0 => Exit::Overblock,
        () if strict && open => Exit::Incomplete,
        () => Exit::Done,
    }
}

/// Leaves out what other probe runs made, and adds the migration where its Job is gone.
fn prepare(input: &mut Input, values: &Values, args: &MatrixArgs) -> Result<(), Failure> {
    use crate::netpol::labels::Label;
    input.members.retain(|m| m.pod.labels.get(RUN) == Label::Absent);
    let migration = |m: &crate::netpol::Member| {
        m.namespace == "openhive"
            && m.workload.as_ref().is_some_and(|w| w.name == "openhive-db-migrate")
    };
    if input.members.iter().any(migration) {
        return Ok(());
    }
    let mut reader = Reader::new("default");
    args.input.rendered(values, &mut reader, &mut Texts::Dropped)?;
    input.members.extend(reader.finish().members.into_iter().filter(migration));
    Ok(())
}

/// What the first signal is answered with.
const STOPPING: &str = "stopping; the probe pods are taken away. Once more to end at once: the next run takes them away.";

#[allow(clippy::too_many_arguments)] // one call
async fn probe(
    cluster: &Cluster,
    input: &Input,
    scene: &Scene,
    platform: &Platform,
    matrix: &Matrix,
    options: &Options,
    ui: &Ui,
) -> Result<Live, Failure> {
    let (stop, cancel) = canceller();
    let last = RefCell::new(String::new());
    let say = |line: &str| {
        last.replace(line.to_owned());
        ui.notice(line);
    };
    let work = probe::run(cluster, input, scene, platform, matrix, options, &say, &cancel);
    tokio::pin!(work);
    let mut signals = Signals::listen()?;
    let result = loop {
        tokio::select! {
            result = &mut work => break result,
            signal = signals.next() => signals::end(ui, &stop, signal, STOPPING),
        }
    };
    result.map_err(|error| match error {
        ProbeError::Cluster(error) => cluster_failure(&error),
        ProbeError::Cancelled(signal) => Failure::new(signals::exit(signal), "interrupted")
            .seen(last.borrow().clone())
            .now("the probe pods are gone"),
        ProbeError::NoImage => Failure::new(Exit::Preflight, error.to_string())
            .cause("probe pods use the image of the running agent, which has Python")
            .fix("name another one:  --probe-image IMAGE")
            .fix("see why the agent does not run:  kubectl openhive status"),
        ProbeError::Random(_) => Failure::new(Exit::Error, error.to_string()),
    })
}

#[cfg(test)]
mod tests {
    use super::host_and_port;

    #[test]
    fn an_address_outside_is_a_host_and_a_port() {
        assert_eq!(host_and_port("a.test:443"), Ok(("a.test".to_owned(), 443)));
        for wrong in ["a.test", "a.test:0", ":443", "a b:1", "a:b", "$(x):1"] {
            assert!(host_and_port(wrong).is_err(), "{wrong}");
        }
    }
}
