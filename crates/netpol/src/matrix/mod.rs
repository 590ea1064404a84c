//! The platform's own flows: what is expected, what the policies say, one verdict for each cell
//! (`docs/network-policy.md`, "The platform's matrix").

mod party;
mod roles;
mod table;

use std::cmp::Ordering;
use std::collections::BTreeMap;

use serde::Serialize;

pub use party::{Party, Platform, Profile};
pub use table::Expected;

use super::expect::{self, Deviation, EndpointSet, Expectations, Found};
use super::finding::Kind;
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
    /// Whether every pod that is not in the input was judged: false where labels have more
    /// combinations than are tried.
    pub complete: bool,
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
    /// How many flows it is the worst of: every two sets of endpoints that nothing tells apart.
    pub pairs: usize,
    /// How many of them are not as intended.
    pub wrong: usize,
    /// Between which endpoints the verdict holds, by their names.
    pub between: [String; 2],
    /// The same two.
    #[serde(skip)]
    pub(super) ends: Box<(EndpointSet, EndpointSet)>,
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
    /// The kind of finding that it is; `None`: as it is meant to be.
    #[must_use]
    pub const fn kind(&self) -> Option<Kind> {
        match self {
            Self::Bypass { .. } => Some(Kind::Bypass),
            Self::Overblock { .. } => Some(Kind::Overblock),
            Self::Unknown { .. } | Self::NotEnforced | Self::Unobserved { .. } => {
                Some(Kind::Unknown)
            }
            Self::CniDependent { .. } => Some(Kind::CniDependent),
            Self::UnreachableBaseline { .. } => Some(Kind::UnreachableBaseline),
            Self::Wide { .. } => Some(Kind::Wide),
            Self::Match => None,
        }
    }

    /// The worst is the lowest.
    #[must_use]
    pub const fn rank(&self) -> u8 {
        Kind::rank(self.kind())
    }
}

impl Cell {
    /// Whether a verdict is worse, or as bad and about more ports.
    fn is_better_than(&self, verdict: &Verdict, at_stake: &PortSet) -> bool {
        let more = || self.at_stake.difference(at_stake).is_empty() && self.at_stake != *at_stake;
        match verdict.rank().cmp(&self.verdict.rank()) {
            Ordering::Less => true,
            Ordering::Equal => more(),
            Ordering::Greater => false,
        }
    }
}

impl Platform {
    /// The table over an input, as expectations. Of flows between others nothing is meant.
    #[must_use]
    pub fn expectations(&self, input: &Input) -> Expectations {
        self.table(input).expectations
    }
}

impl Matrix {
    /// Judges the input by the platform's table, and shows the worst flow of each cell.
    #[must_use]
    pub fn new(input: &Input, platform: &Platform) -> Self {
        let table = platform.table(input);
        let mut cells: BTreeMap<(Party, Party), Cell> = BTreeMap::new();
        let complete = expect::judge(input, &table.expectations, &mut |flow| {
            let Some((from, to)) = flow.entries.iter().find_map(|entry| table.cells[*entry]) else {
                return;
            };
            let expected = platform.expected(from, to);
            let (verdict, at_stake) = worst(&expected, &flow.found);
            let wrong = usize::from(!matches!(verdict, Verdict::Match | Verdict::Wide { .. }));
            let known = cells.get_mut(&(from, to));
            if let Some(cell) = known {
                cell.pairs += 1;
                cell.wrong += wrong;
                if !cell.is_better_than(&verdict, &at_stake) {
                    return;
                }
                cell.between = [flow.from.members(input), flow.to.members(input)];
                *cell.ends = (flow.from.clone(), flow.to.clone());
                (cell.verdict, cell.at_stake) = (verdict, at_stake);
                return;
            }
            let cell = Cell {
                from,
                to,
                expected_open: !expected.open.is_empty(),
                pairs: 1,
                wrong,
                between: [flow.from.members(input), flow.to.members(input)],
                ends: Box::new((flow.from.clone(), flow.to.clone())),
                verdict,
                says: None,
                flows: Vec::new(),
                at_stake,
            };
            cells.insert((from, to), cell);
        });
        Self { cells: cells.into_values().collect(), complete }
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

/// The worst thing that is true of a flow, and on which ports.
fn worst(expected: &Expected, found: &[Found]) -> (Verdict, PortSet) {
    let Some(worst) = found.iter().map(|one| one.deviation).min() else {
        return (Verdict::Match, PortSet::none());
    };
    let same = found.iter().filter(|one| one.deviation == worst);
    let on = same.fold(PortSet::none(), |all, one| all.union(&one.ports));
    let ports = on.to_string();
    let verdict = match worst {
        Deviation::Bypass => Verdict::Bypass { ports },
        Deviation::Overblock => Verdict::Overblock { ports },
        Deviation::Unknown { why, wanted } => Verdict::Unknown { ports, why, wanted },
        Deviation::Wide => Verdict::Wide { ports, narrow: expected.narrow(&on) },
    };
    (verdict, on)
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
