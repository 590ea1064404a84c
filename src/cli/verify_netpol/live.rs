//! `verify-netpol --live`: the same matrix, with packets.

use std::cell::RefCell;

use super::expectations::Expectations;
use crate::cli::Exit;
use crate::cli::failure::cluster_failure;
use crate::cli::signals::{self, Signals};
use crate::cluster::Cluster;
use crate::engine::canceller;
use crate::engine::probe::{self, Live, Options, ProbeError};
use crate::ui::{Failure, Ui};
use netpol::Input;
use netpol::matrix::{Matrix, Platform};
use netpol::observe::{Sent, plan::Question};

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

/// Sends packets, and puts what they show into the matrix.
///
/// # Errors
/// A request failed; a signal ended the run; there is no image for probe pods.
pub(super) async fn send(
    cluster: &Cluster,
    input: &Input,
    meant: &Expectations,
    matrix: &mut Matrix,
    args: &LiveArgs,
    ui: &Ui,
) -> Result<Sent, Failure> {
    let database = meant.database.as_ref().map(|database| (database.host.clone(), database.port));
    let options = Options {
        external: args.external.clone(),
        database: database.unwrap_or_default(),
        image: args.probe_image.clone(),
    };
    let questions = matrix.questions(&meant.platform);
    let live = probe(cluster, input, &meant.platform, &questions, &options, ui).await?;
    if live.sent.proof.is_refuted() {
        ui.warn("the network plugin does not enforce NetworkPolicy: nothing is isolated, whatever the policies say");
        matrix.not_enforced();
    } else {
        matrix.observe(live.flows);
    }
    Ok(live.sent)
}

/// What the first signal is answered with.
const STOPPING: &str =
    "stopping; what the run created is deleted. Once more to end at once: the next run deletes it.";

async fn probe(
    cluster: &Cluster,
    input: &Input,
    platform: &Platform,
    questions: &[Question],
    options: &Options,
    ui: &Ui,
) -> Result<Live, Failure> {
    let (stop, cancel) = canceller();
    let last = RefCell::new(String::new());
    let say = |line: &str| {
        last.replace(line.to_owned());
        ui.notice(line);
    };
    let work = probe::run(cluster, input, platform, questions, options, &say, &cancel);
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
            .now("what the run created is deleted"),
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
