//! The platform's own flows: what is expected, what the policies say, one verdict for each cell
//! (`docs/network-policy.md`, "The platform's matrix").

mod ends;
mod expected;
mod party;

use std::cmp::Ordering;
use std::collections::HashMap;

use serde::Serialize;

pub use ends::OURS;
pub use expected::Expected;
pub use party::{Party, Platform, Profile};

use party::End;

use super::input::Input;
use super::observe::FlowReport;
use super::ports::PortSet;
use super::verdict::Why;

/// Every cell that has a source and a destination in the input.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Matrix {
    /// In the order of [`Party::ALL`], row by row.
    pub cells: Vec<Cell>,
}

/// One source and one destination.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Cell {
    /// Who connects.
    pub from: Party,
    /// To whom.
    pub to: Party,
    /// Whether something is meant to be open.
    pub expected_open: bool,
    /// The pods that the verdict is about, as `namespace/name`; `None` for one that stands for
    /// others, and for an address.
    pub between: [Option<String>; 2],
    /// The same two ends, by their number among [`Platform::parties`].
    #[serde(skip)]
    pub(super) ends: [usize; 2],
    /// What was found.
    #[serde(flatten)]
    pub verdict: Verdict,
    /// What the policies alone say, where packets were sent.
    #[serde(rename = "static", skip_serializing_if = "Option::is_none")]
    pub says: Option<Box<Verdict>>,
    /// The packets that were sent, and what became of them.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub flows: Vec<FlowReport>,
    /// The ports that the verdict is about.
    #[serde(skip)]
    pub at_stake: PortSet,
}

/// Expected beside evaluated. Ordered: the worst first.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(tag = "verdict", rename_all = "kebab-case")]
pub enum Verdict {
    /// Open, and must be closed.
    Bypass {
        /// What is open.
        ports: String,
    },
    /// Closed, and must be open.
    Overblock {
        /// What is closed.
        ports: String,
    },
    /// Not decidable.
    Unknown {
        /// Which ports.
        ports: String,
        /// Why.
        why: Why,
        /// Whether they are meant to be open.
        wanted: bool,
    },
    /// The network plugin enforces no policy, so that what they say is worth nothing.
    NotEnforced,
    /// Not observed.
    Unobserved {
        /// Which ports.
        ports: String,
        /// Why.
        reason: String,
    },
    /// The API leaves it to the network plugin, and it was not observed.
    CniDependent {
        /// Which ports.
        ports: String,
    },
    /// Nobody reaches the target, so that nothing is proven.
    UnreachableBaseline {
        /// Which ports.
        ports: String,
    },
    /// Open beyond the need, by a rule that works on every plugin.
    Wide {
        /// What is open beyond it.
        ports: String,
        /// The keys of the values file that narrow it.
        narrow: Vec<&'static str>,
    },
    /// As it is meant to be.
    Match,
}

impl Verdict {
    /// The worst is the lowest.
    #[must_use]
    pub const fn rank(&self) -> u8 {
        match self {
            Self::Bypass { .. } => 0,
            Self::Overblock { .. } => 1,
            Self::Unknown { .. } | Self::NotEnforced | Self::Unobserved { .. } => 2,
            Self::CniDependent { .. } => 3,
            Self::UnreachableBaseline { .. } => 4,
            Self::Wide { .. } => 5,
            Self::Match => 6,
        }
    }
}

impl Cell {
    /// Whether its verdict is worse, or as bad and about more ports.
    fn is_worse_than(&self, other: &Self) -> bool {
        let (own, others) = (&self.at_stake, &other.at_stake);
        let more = || others.difference(own).is_empty() && own != others;
        match self.verdict.rank().cmp(&other.verdict.rank()) {
            Ordering::Less => true,
            Ordering::Equal => more(),
            Ordering::Greater => false,
        }
    }
}

impl Matrix {
    /// Compares the input with the platform's table.
    #[must_use]
    pub fn new(input: &Input, platform: &Platform) -> Self {
        let parties = platform.parties(input);
        let mut cells: Vec<Cell> = Vec::new();
        let mut at: HashMap<(Party, Party), usize> = HashMap::new();
        for (i, (from, source)) in parties.iter().enumerate() {
            for (j, (to, destination)) in parties.iter().enumerate() {
                if from == to || !(from.is_pod() || to.is_pod()) || !from.connects() {
                    continue;
                }
                // Two parties outside of the platform are none of its business.
                if !(from.is_ours() || to.is_ours()) {
                    continue;
                }
                let expected = platform.expected(*from, *to);
                let found = input.cluster.verdict(&source.endpoint(), &destination.endpoint());
                let (verdict, at_stake) = judge(&expected, &found);
                let expected_open = !expected.open.is_empty();
                let (says, flows) = (None, Vec::new());
                let (between, ends) = ([source, destination].map(End::member), [i, j]);
                let (from, to) = (*from, *to);
                let cell =
                    Cell { from, to, expected_open, between, ends, verdict, at_stake, says, flows };
                match at.get(&(from, to)) {
                    None => {
                        at.insert((from, to), cells.len());
                        cells.push(cell);
                    }
                    // Of several the worst counts.
                    Some(first) if cell.is_worse_than(&cells[*first]) => {
                        cells[*first] = cell;
                    }
                    Some(_) => {}
                }
            }
        }
        Self { cells }
    }

    /// The plugin lets everything pass: what the policies close is not closed.
    pub fn not_enforced(&mut self) {
        for cell in &mut self.cells {
            if matches!(cell.verdict, Verdict::Match | Verdict::Wide { .. }) {
                let says = std::mem::replace(&mut cell.verdict, Verdict::NotEnforced);
                cell.says = Some(Box::new(says));
            }
        }
    }
}

/// One verdict for a cell: the worst thing that is true of it.
fn judge(expected: &Expected, found: &super::verdict::Verdict) -> (Verdict, PortSet) {
    let open = found.allowed();
    let beyond = open.difference(&expected.open);
    let bypass = beyond.difference(&expected.wide);
    if !bypass.is_empty() {
        return (Verdict::Bypass { ports: bypass.to_string() }, bypass);
    }
    let overblock = expected.open.difference(&found.possible());
    if !overblock.is_empty() {
        return (Verdict::Overblock { ports: overblock.to_string() }, overblock);
    }
    for (why, ports) in found.uncertain() {
        let unwanted = ports.difference(&expected.open).difference(&expected.wide);
        let wanted = ports.intersection(&expected.open);
        for (ports, wanted) in [(unwanted, false), (wanted, true)] {
            if !ports.is_empty() {
                return (Verdict::Unknown { ports: ports.to_string(), why, wanted }, ports);
            }
        }
    }
    // What may be open beyond the need is told like what is.
    let beyond = found.possible().difference(&expected.open);
    if beyond.is_empty() {
        return (Verdict::Match, beyond);
    }
    (Verdict::Wide { ports: beyond.to_string(), narrow: expected.narrow(&beyond) }, beyond)
}

impl Expected {
    /// The keys that narrow what is open beyond the need.
    fn narrow(&self, beyond: &PortSet) -> Vec<&'static str> {
        let about = self.keys.iter().filter(|(ports, _)| !ports.intersection(beyond).is_empty());
        let mut keys: Vec<_> = about.filter_map(|(_, key)| *key).collect();
        keys.dedup();
        keys
    }
}
