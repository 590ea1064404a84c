//! `plan` of an installed platform over a slow link, beside what others offer as a preview; and
//! the memory of installing it.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use testbed::{ControlPlane, ControlPlaneOptions};

use super::audit::AuditLog;
use super::inputs::Inputs;
use super::measure::{Ends, Sample, Spread, Subject, alternate, peak, run_and_listen, wall};
use super::offline::Peers;
use super::proxy::DelayProxy;
use super::report::{Limit, Report, Table, spread};
use super::step;

/// Round-trip times that are added; the first is what the others are compared with.
const ROUND_TRIPS: [u64; 3] = [0, 50, 150];

/// One run against a cluster.
#[derive(Clone, Copy, Debug)]
struct Visit {
    sample: Sample,
    requests: usize,
    connections: usize,
}

/// A cluster of its own for those who would not leave each other's objects alone.
struct Ground {
    plane: ControlPlane,
    audit: AuditLog,
    proxy: DelayProxy,
    home: PathBuf,
}

/// The claim of the agent's configuration is bound to it: nothing provisions volumes here.
const VOLUME: &str = r#"{"apiVersion": "v1", "kind": "PersistentVolume", "metadata": {"name": "bench"},
    "spec": {"capacity": {"storage": "10Gi"}, "accessModes": ["ReadWriteOnce"],
             "hostPath": {"path": "/nowhere"}}}"#;

impl Ground {
    fn start(home: &Path) -> Result<Self> {
        let options = ControlPlaneOptions {
            scheduler: true,
            fake_nodes: 1,
            audit: true,
            ..ControlPlaneOptions::default()
        };
        let plane = ControlPlane::start(&options)?;
        plane.apply(VOLUME)?;
        let address: SocketAddr = plane.server().trim_start_matches("https://").parse()?;
        let audit = AuditLog::new(plane.audit_log().context("no audit log was asked for")?);
        Ok(Self { audit, proxy: DelayProxy::start(address)?, plane, home: home.to_owned() })
    }

    /// A command that finds the cluster behind the proxy, and keeps what it caches to itself.
    /// `server` is the flag that names another server than the kubeconfig's.
    fn command(&self, program: &Path, server: &str, arguments: &[&str]) -> Command {
        let mut command = Command::new(program);
        command.args(arguments).arg("--kubeconfig").arg(self.plane.kubeconfig());
        command.arg(server).arg(format!("https://{}", self.proxy.address()));
        command.env("HOME", &self.home).env("KUBECACHEDIR", self.home.join("cache"));
        command.env_remove("KUBECONFIG").env_remove("OPENHIVE_VALUES");
        command
    }

    fn visit(
        &self,
        agent: &str,
        round_trip: u64,
        command: &mut Command,
        ends: Ends<'_>,
    ) -> Result<Visit> {
        self.proxy.set_round_trip(Duration::from_millis(round_trip));
        let (connections, mark) = (self.proxy.connections(), self.audit.end()?);
        let (sample, said) = run_and_listen(command, ends)?;
        let connections = self.proxy.connections() - connections;
        let requests = self.audit.requests_of(agent, mark)?;
        ensure!(
            requests > 0 && connections > 0,
            "{agent} asked nothing, so nothing was measured:\n{said}"
        );
        Ok(Visit { sample, requests, connections })
    }
}

/// Installs the platform twice, by us and by Helm, and measures previews of both.
pub fn measure(
    ours: &Path,
    peers: &Peers,
    inputs: &Inputs,
    runs: usize,
    report: &mut Report,
) -> Result<()> {
    let home = tempfile::tempdir()?;
    step("two control planes with a fake node each");
    let our_ground = Ground::start(home.path())?;
    let helm_ground = Ground::start(home.path())?;
    step("install");
    install(ours, peers, inputs, &our_ground, &helm_ground, report)?;
    step("plan");
    previews(ours, peers, inputs, runs, (&our_ground, &helm_ground), report)
}

/// How the audit log names us, kubectl and Helm.
const US: &str = "kubectl-openhive/";
const KUBECTL: &str = "kubectl/";
const HELM: &str = "Helm/";

fn install(
    ours: &Path,
    peers: &Peers,
    inputs: &Inputs,
    our_ground: &Ground,
    helm_ground: &Ground,
    report: &mut Report,
) -> Result<()> {
    let mut command = our_ground.command(ours, "--server", &["install", "--yes"]);
    command.arg("-f").arg(&inputs.values);
    // No container runs on a fake node, so the health check at the end has nobody to ask.
    let we = our_ground.visit(US, 0, &mut command, Ends::Anyhow)?;
    let up =
        ["--for=condition=Available", "deployment", "--all", "--all-namespaces", "--timeout=0"];
    let installed = our_ground.plane.kubectl(&[&["wait"], &up[..]].concat())?;
    ensure!(installed.lines().count() == 4, "not everything was installed:\n{installed}");

    let mut command =
        helm_ground.command(&peers.helm, "--kube-apiserver", &["install", "openhive", "--wait"]);
    let helm = helm_ground.visit(HELM, 0, command.arg(&inputs.chart), Ends::With(&[0]))?;
    report.limits.push(Limit {
        what: "peak memory of `install`".to_owned(),
        measured: peak(&[we.sample]).max,
        limit: 30.0,
        floor: 0.0,
        unit: " MB",
    });
    let row = |name: &str, visit: &Visit| {
        vec![name.to_owned(), spread(peak(&[visit.sample])), visit.requests.to_string()]
    };
    report.tables.push(Table {
        title: "Installing on an empty cluster".to_owned(),
        columns: &["", "peak memory, MB", "requests"],
        rows: vec![row("`kubectl openhive install`", &we), row("`helm install --wait`", &helm)],
        note: "One run each, on a control plane whose node and pods are played by kwok. Ours goes \
               through everything up to the last step: with the migration Job run and all four \
               rollouts complete, the health check over a port-forward finds no container and \
               fails. Times are not compared: Helm has no migration to wait for."
            .to_owned(),
    });
    Ok(())
}

fn previews(
    ours: &Path,
    peers: &Peers,
    inputs: &Inputs,
    runs: usize,
    (our_ground, helm_ground): (&Ground, &Ground),
    report: &mut Report,
) -> Result<()> {
    let plan = || {
        let mut command = our_ground.command(ours, "--server", &["plan"]);
        command.arg("-f").arg(&inputs.values);
        command
    };
    let diff = |arguments: &[&str]| {
        let mut command = our_ground.command(&peers.kubectl, "--server", &["diff"]);
        command.args(arguments).arg("-f").arg(&inputs.manifests);
        command
    };
    let server_side = ["--server-side", "--field-manager=kubectl-openhive"];
    let upgrade = || {
        let arguments = ["upgrade", "openhive", "--dry-run=server"];
        let mut command = helm_ground.command(&peers.helm, "--kube-apiserver", &arguments);
        command.arg(&inputs.chart);
        command
    };
    let mut subjects: Vec<Subject<'_, Visit>> = Vec::new();
    for time in ROUND_TRIPS {
        let done = Ends::With(&[0]);
        // 1 says that there are differences: of the digests, whose key only the cluster has.
        let compared = Ends::With(&[0, 1]);
        subjects.push(Box::new(move || our_ground.visit(US, time, &mut plan(), done)));
        subjects.push(Box::new(move || {
            our_ground.visit(KUBECTL, time, &mut diff(&server_side), compared)
        }));
        subjects.push(Box::new(move || our_ground.visit(KUBECTL, time, &mut diff(&[]), compared)));
        subjects.push(Box::new(move || helm_ground.visit(HELM, time, &mut upgrade(), done)));
    }
    let visits = alternate(runs, &mut subjects)?;
    limits(&visits, report);
    let names = [
        "`kubectl openhive plan`",
        "`kubectl diff --server-side`",
        "`kubectl diff`",
        "`helm upgrade --dry-run=server`",
    ];
    let rows = names.iter().enumerate().map(|(index, name)| {
        let of = |distance: usize| samples(&visits[distance * names.len() + index]);
        let near = &visits[index];
        let mut row = vec![(*name).to_owned()];
        row.extend((0..ROUND_TRIPS.len()).map(|distance| spread(wall(&of(distance)))));
        row.push(spread(super::measure::cpu(&of(0))));
        row.push(spread(peak(&of(0))));
        row.push(count(near, |visit| visit.requests));
        row.push(count(near, |visit| visit.connections));
        row
    });
    report.tables.push(Table {
        title: format!("Previewing a change of the platform ({} objects)", inputs.objects),
        columns: &COLUMNS,
        rows: rows.collect(),
        note: format!(
            "{runs} runs each over a link of 0, 50 and 150 ms of round-trip time, connecting \
             included. kubectl and Helm find their caches of discovery filled. Helm shows what it \
             would send, and compares nothing. Our plan has two objects more: the migration Job \
             and the installation's key."
        ),
    });
    Ok(())
}

const COLUMNS: [&str; 8] = [
    "",
    "wall at 0, ms",
    "at 50 ms",
    "at 150 ms",
    "CPU, ms",
    "peak memory, MB",
    "requests",
    "connections",
];

/// How many round trips a plan waits for, and how much memory it takes.
fn limits(visits: &[Vec<Visit>], report: &mut Report) {
    let per_distance = visits.len() / ROUND_TRIPS.len();
    let ours: Vec<Vec<Sample>> =
        visits.iter().step_by(per_distance).map(|visits| samples(visits)).collect();
    let near = wall(&ours[0]).median;
    for (time, far) in ROUND_TRIPS.into_iter().zip(&ours).skip(1) {
        #[allow(clippy::cast_precision_loss)] // three digits
        let trips = (wall(far).median - near) / time as f64;
        report.limits.push(Limit {
            what: format!("`plan` over a link of {time} ms: round trips waited for"),
            measured: trips,
            limit: 5.0,
            // TCP, TLS and one request: no program can do with less.
            floor: 3.0,
            unit: "",
        });
    }
    report.limits.push(Limit {
        what: "peak memory of `plan`".to_owned(),
        measured: Spread::of(ours.iter().map(|samples| peak(samples).max)).max,
        limit: 30.0,
        floor: 0.0,
        unit: " MB",
    });
}

fn samples(visits: &[Visit]) -> Vec<Sample> {
    visits.iter().map(|visit| visit.sample).collect()
}

/// The number, or the least and the most where runs differ.
fn count(visits: &[Visit], what: impl Fn(&Visit) -> usize) -> String {
    let (least, most) = (visits.iter().map(&what).min(), visits.iter().map(&what).max());
    match (least.unwrap_or_default(), most.unwrap_or_default()) {
        (least, most) if least == most => least.to_string(),
        (least, most) => format!("{least}–{most}"),
    }
}
