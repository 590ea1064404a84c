//! Expected × static × observed: one verdict for one flow.

use serde::Serialize;

use super::answer::{Address, Control, Observed, Reason};
use crate::finding::Kind;
use crate::verdict::{Tri, Why};

/// What is meant to be.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Wanted {
    /// It must be open.
    Open,
    /// It may be open: a rule that works on every plugin is wider than the need.
    Wide,
    /// It must be closed.
    Closed,
}

/// The verdict on one flow. Ordered: the worst first.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
#[serde(tag = "verdict", rename_all = "kebab-case")]
pub enum FlowVerdict {
    /// Open, or opened by the policies, and must be closed.
    Bypass,
    /// Closed, or closed by the policies, and must be open.
    Overblock,
    /// Not observed, for this reason.
    Unknown {
        /// Why.
        #[serde(rename = "why")]
        reason: Reason,
    },
    /// Left to the network plugin, and not observed.
    CniDependent,
    /// Nobody reaches the target: nothing is proven.
    UnreachableBaseline,
    /// As intended, though wider than needed.
    Wide,
    /// As intended.
    Match,
}

impl FlowVerdict {
    /// The kind of finding that it is; `None`: as intended.
    #[must_use]
    pub const fn kind(&self) -> Option<Kind> {
        match self {
            Self::Bypass => Some(Kind::Bypass),
            Self::Overblock => Some(Kind::Overblock),
            Self::Unknown { .. } => Some(Kind::Unknown),
            Self::CniDependent => Some(Kind::CniDependent),
            Self::UnreachableBaseline => Some(Kind::UnreachableBaseline),
            Self::Wide => Some(Kind::Wide),
            Self::Match => None,
        }
    }

    /// For the worst of several; lower is worse.
    #[must_use]
    pub const fn rank(&self) -> u8 {
        Kind::rank(self.kind())
    }
}

/// One verdict. `says` is what the policies say of the flow.
///
/// What the policies certainly say against the intent stays a finding whatever a packet did: it may
/// have been lost elsewhere. What was not observed, or not proven by a control, never is a match.
#[must_use]
pub fn judge(
    wanted: Wanted,
    says: Tri,
    seen: &Observed,
    address: Address,
    control: &Control,
) -> FlowVerdict {
    let unknown = |reason| FlowVerdict::Unknown { reason };
    match seen {
        Observed::Open => match (wanted, says) {
            (Wanted::Closed, _) => FlowVerdict::Bypass,
            (_, Tri::No) => unknown(Reason::Contradiction),
            (Wanted::Open, _) => FlowVerdict::Match,
            (Wanted::Wide, _) => FlowVerdict::Wide,
        },
        _ if wanted == Wanted::Closed && says.certainly() => FlowVerdict::Bypass,
        _ if wanted == Wanted::Open && !says.possibly() => FlowVerdict::Overblock,
        Observed::Unknown { .. } if says.why() == Some(Why::CniDependent) => {
            FlowVerdict::CniDependent
        }
        Observed::Unknown { reason } => unknown(reason.clone()),
        Observed::Blocked { .. } => match control {
            _ if address == Address::EmptyService => FlowVerdict::UnreachableBaseline,
            Control::Failed { .. } => FlowVerdict::UnreachableBaseline,
            Control::Missing => unknown(Reason::NoControl),
            Control::Passed { .. } => match wanted {
                Wanted::Open => FlowVerdict::Overblock,
                Wanted::Wide | Wanted::Closed => FlowVerdict::Match,
            },
        },
    }
}

/// Whether an observation differs from what is meant or from what the policies certainly say: then
/// it is asked again, since policies take effect a moment after they are written.
#[must_use]
pub fn disagrees(wanted: Wanted, says: Tri, seen: &Observed) -> bool {
    match seen {
        Observed::Open => wanted == Wanted::Closed || !says.possibly(),
        Observed::Blocked { .. } => wanted == Wanted::Open || says.certainly(),
        Observed::Unknown { .. } => true,
    }
}
