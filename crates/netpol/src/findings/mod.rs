//! From verdicts to findings: what decides, where that is written, and what to do about it.

pub(super) mod cause;
mod fix;
mod observed;
mod place;
mod plugin;
mod words;

use super::endpoint::Endpoint;
use super::finding::{Cause, Finding, Flow, Kind};
use super::input::Input;
use super::invalid::Place;
use super::matrix::{Cell, Matrix, Party, Platform, Verdict};
use super::observe::Proof;
use super::policy::{Direction, Policy};
use super::verdict::Why;

pub use cause::origin;
pub use place::resolve;

/// Where the policies come from, which decides what one does about them.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Source {
    /// Rendered from a values file.
    Rendered,
    /// Files.
    Manifests,
    /// A cluster.
    Cluster,
}

/// What findings are drawn from besides the matrix.
#[derive(Clone, Copy)]
pub struct Scene<'a> {
    /// What was read.
    pub input: &'a Input,
    /// What the table depends on.
    pub platform: &'a Platform,
    /// The platform's own policies, as the values render to; `None`: nobody knows.
    pub ours: Option<&'a [Policy]>,
    /// Where the policies come from.
    pub source: Source,
    /// The values file, for commands.
    pub values: &'a str,
    /// The text of a file that was read.
    pub text: &'a dyn Fn(&str) -> Option<&'a str>,
    /// Where a key of the values file is set, else the file.
    pub key: &'a dyn Fn(&str) -> Option<Place>,
}

/// A finding for every cell that is not as intended: the worst first, then in the order of the
/// table.
#[must_use]
pub fn of_matrix(matrix: &Matrix, scene: &Scene<'_>) -> Vec<Finding> {
    let mut findings: Vec<Finding> = matrix
        .cells
        .iter()
        .filter_map(|cell| {
            let (from, to) = &*cell.ends;
            let mut finding = of_cell(cell, scene, (&from.endpoint(), &to.endpoint()))?;
            // Names of pods change, so that they are only said.
            if matches!(finding.kind, Kind::Bypass | Kind::Overblock) && cell.flows.is_empty() {
                let [from, to] = &cell.between;
                let of = match cell.pairs {
                    1 => String::new(),
                    pairs => format!("{} of {pairs} flows, such as ", cell.wrong),
                };
                finding.message.push_str(&format!("; {of}{from} → {to}"));
            }
            Some(finding)
        })
        .collect();
    if !matrix.complete {
        findings.push(of_incomplete());
    }
    findings.sort_by_key(|finding| finding.kind);
    findings
}

/// What a run that sent packets says beside the cells: that the plugin enforces no policy, or that
/// this could not be told.
#[must_use]
pub fn of_proof(proof: &Proof) -> Option<Finding> {
    let (kind, message, fix) = if proof.is_refuted() {
        let fix = "use a network plugin that enforces NetworkPolicy: Cilium or Calico, for two";
        (
            Kind::NotEnforcing,
            "the network plugin does not enforce NetworkPolicy: nothing is isolated, whatever the policies say",
            fix,
        )
    } else if proof.enforced {
        return None;
    } else {
        let fix =
            "the rights that this needs:  kubectl openhive verify-netpol --print-rbac probing";
        (Kind::Unknown, "whether policies are enforced could not be shown", fix)
    };
    let seen = proof.seen();
    let message = if seen.is_empty() { message.to_owned() } else { format!("{message} ({seen})") };
    Some(Finding {
        kind,
        code: None,
        message,
        flow: None,
        because: Vec::new(),
        fix: vec![fix.to_owned()],
        optional: false,
    })
}

/// Something could not be read, so that what was not seen may be open.
#[must_use]
pub fn of_gap(gap: &str) -> Finding {
    let rights = "the rights that this needs:  kubectl openhive verify-netpol --print-rbac static";
    unknown(gap, vec![rights.to_owned()])
}

/// A file or folder was not read, and may hold what decides; how it can be read.
#[must_use]
pub fn of_unread(message: &str, fix: &str) -> Finding {
    unknown(message, vec![fix.to_owned()])
}

/// What is meant was read out of the policies that are judged by it, so that they prove nothing.
#[must_use]
pub fn of_assumption(assumption: &str) -> Finding {
    let values = "say what is meant:  kubectl openhive verify-netpol -f values.env";
    unknown(assumption, vec![values.to_owned()])
}

/// Labels have more combinations than are tried.
#[must_use]
pub(crate) fn of_incomplete() -> Finding {
    unknown(
        "labels have more combinations than are tried: pods that are not in the input may be let in",
        Vec::new(),
    )
}

fn unknown(message: &str, fix: Vec<String>) -> Finding {
    Finding {
        kind: Kind::Unknown,
        code: None,
        message: message.to_owned(),
        flow: None,
        because: Vec::new(),
        fix,
        optional: false,
    }
}

fn of_cell(
    cell: &Cell,
    scene: &Scene<'_>,
    ends: (&Endpoint<'_>, &Endpoint<'_>),
) -> Option<Finding> {
    let (input, ours) = (scene.input, scene.ours);
    let (ports, seen) = (&observed::ports(cell), observed::in_words(cell));
    // Who is not part of the platform need not be isolated.
    let isolated = |direction| match direction {
        Direction::Egress => cell.from.is_ours(),
        Direction::Ingress => cell.to.is_ours(),
    };
    let located = |mut causes: Vec<(Direction, Cause)>, keys: &[&str]| {
        for (_, cause) in &mut causes {
            place::resolve(std::slice::from_mut(cause), scene.text);
            if scene.source == Source::Rendered {
                let key = keys.iter().find_map(|key| (scene.key)(key));
                cause.place = cause.place.take().or(key).or_else(|| (scene.key)(""));
            }
        }
        causes
    };
    let (kind, message, because, fix, of) = match &cell.verdict {
        // Said once, of all cells.
        Verdict::Match | Verdict::NotEnforced => return None,
        Verdict::Bypass { ports: shown } => {
            let causes = located(cause::opened_by(input, ours, ends, ports, isolated), &[]);
            let fix = fix::close(scene, &causes, ends);
            let message = match seen {
                Some(seen) => format!("expected closed on {shown}, {seen}"),
                None => format!("expected closed, policies allow {shown}"),
            };
            (Kind::Bypass, message, causes, fix, shown)
        }
        Verdict::Overblock { ports: shown } => {
            let by_plugin = plugin::closes(&input.cluster, ends, ports);
            let keys: &[&str] = if by_plugin && cell.to == Party::ApiServer {
                &["OPENHIVE_API_SERVER_CIDR"]
            } else {
                &[]
            };
            let causes = located(cause::denied_by(input, ours, ends, ports), keys);
            let fix = match by_plugin {
                true => plugin::fix(ends.1, keys),
                false => fix::open(scene, &causes, ends, ports),
            };
            let message = match (seen, by_plugin) {
                (Some(seen), _) => format!("expected open on {shown}, {seen}"),
                (None, true) => format!("expected open on {shown}, {}", plugin::words(ends.1)),
                (None, false) => format!("expected open, no policy allows {shown}"),
            };
            (Kind::Overblock, message, causes, fix, shown)
        }
        Verdict::Unknown { ports: shown, why, wanted } => {
            let meant = if *wanted { "open" } else { "closed" };
            let message = format!("expected {meant} on {shown}, not decidable ({why})");
            let kind = if *why == Why::CniDependent { Kind::CniDependent } else { Kind::Unknown };
            let keys: &[&str] = match cell.to {
                Party::ApiServer => &["OPENHIVE_API_SERVER_CIDR"],
                Party::Database => &["OPENHIVE_DATABASE_CIDR"],
                _ => &[],
            };
            let causes = located(cause::doubted_by(input, ours, ends, ports), keys);
            (kind, message, causes, fix::settle(scene, *why, keys), shown)
        }
        Verdict::Unobserved { ports: shown, reason } => {
            let message = format!("not observed on {shown}: {reason}");
            (Kind::Unknown, message, Vec::new(), Vec::new(), shown)
        }
        Verdict::CniDependent { ports: shown } => {
            let causes = located(cause::doubted_by(input, ours, ends, ports), &[]);
            let message = format!("{shown} left to the network plugin, and not observed");
            (Kind::CniDependent, message, causes, Vec::new(), shown)
        }
        Verdict::UnreachableBaseline { ports: shown } => {
            let message = format!("nobody reaches {shown}, so that nothing is proven");
            (Kind::UnreachableBaseline, message, Vec::new(), Vec::new(), shown)
        }
        Verdict::Wide { ports: shown, narrow } => {
            // Beyond the need counts what may be open as well.
            let mut causes = cause::opened_by(input, ours, ends, ports, |_| false);
            let certain = |cause: &Cause| (cause.object.clone(), cause.field.clone());
            let opens: Vec<_> = causes.iter().map(|(_, cause)| certain(cause)).collect();
            let perhaps = cause::doubted_by(input, ours, ends, ports).into_iter();
            causes.extend(perhaps.filter(|(_, cause)| !opens.contains(&certain(cause))));
            let causes = located(causes, narrow);
            let message = format!("{shown} open beyond the need");
            (Kind::Wide, message, causes, fix::narrow(narrow), shown)
        }
    };
    let because = because.into_iter().map(|(_, cause)| cause).collect();
    let (from, to) = (cell.from.to_string(), cell.to.to_string());
    let flow = Some(Flow { from, to, ports: of.clone() });
    // Many clusters have no metadata service.
    let optional = kind == Kind::UnreachableBaseline && cell.to == Party::Metadata;
    Some(Finding { kind, code: None, message, flow, because, fix, optional })
}
