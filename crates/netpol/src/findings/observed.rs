//! What packets showed of a cell whose verdict they decided.

use crate::finding::Kind;
use crate::matrix::{Cell, Verdict};
use crate::observe::{FlowReport, Observed};
use crate::ports::{PortRange, PortSet, Protocol};

/// The ports that the verdict is about: those of the policies, or those of the packets.
pub(super) fn ports(cell: &Cell) -> PortSet {
    if !decided(cell) {
        return cell.at_stake.clone();
    }
    worst(cell).fold(PortSet::none(), |all, flow| match Protocol::of(flow.protocol) {
        Some(protocol) => all.union(&PortSet::of(protocol, PortRange::one(flow.port))),
        None => all,
    })
}

/// What the packets did, where it was they that decided.
pub(super) fn in_words(cell: &Cell) -> Option<&'static str> {
    let kind = match cell.verdict {
        Verdict::Bypass { .. } => Kind::Bypass,
        Verdict::Overblock { .. } => Kind::Overblock,
        _ => return None,
    };
    let open = worst(cell).any(|flow| flow.observed == Observed::Open);
    decided(cell).then_some(match (kind, open) {
        (Kind::Bypass, true) => "a packet got through",
        (Kind::Bypass, false) => "policies allow it, though no packet got through",
        (_, true) => "no policy allows it, though a packet got through",
        (_, false) => "no packet got through, though the target can be reached",
    })
}

/// Whether the verdict is that of the packets, and not the one that the policies gave.
fn decided(cell: &Cell) -> bool {
    cell.says.as_ref().is_some_and(|says| **says != cell.verdict)
}

fn worst(cell: &Cell) -> impl Iterator<Item = &FlowReport> {
    let rank = cell.flows.iter().map(|flow| flow.verdict.rank()).min();
    cell.flows.iter().filter(move |flow| Some(flow.verdict.rank()) == rank)
}
