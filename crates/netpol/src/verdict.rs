//! Three-valued answers: allowed, denied, or not decidable from what is known.
//!
//! Kleene's logic over sets of ports: a certain denial in one direction beats any doubt, and a
//! certain permission beats the doubt of another rule (`docs/network-policy.md`, "Uncertainty").
//!
//! # What is not known is never an answer
//!
//! A [`Tri`] is no `bool`, has no order, and becomes a `bool` by its name only: [`Tri::certainly`] drops
//! the doubt and [`Tri::possibly`] keeps it, so that whoever reads the line sees which of the two is
//! meant. Whether something is proven closed is `!possibly()`, whether it is proven open is
//! `certainly()`. A `match` names all three. Nothing outside of this module compares a `Tri` with one of
//! its values by `==`; a test looks for it. A [`Verdict`] is alike: its ports are [`Verdict::allowed`] or
//! [`Verdict::possible`], and what is in the second only comes with its reason, [`Verdict::uncertain`].

use std::fmt;

use serde::Serialize;

use super::ports::{PortSet, Protocol};

/// Why an answer is not certain. Ordered: of several reasons the first is reported.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Why {
    /// A policy of a kind that is not evaluated may select the pod.
    PolicyKindNotEvaluated,
    /// A selector reads a label whose value is not in the input.
    UnknownLabel,
    /// An address block may or may not hold an address that is not in the input.
    UnknownAddress,
    /// A pod on its node's network may be on the node of the other pod, which it always reaches.
    UnknownNode,
    /// The API leaves it to the network plugin.
    CniDependent,
}

impl Why {
    /// All reasons, the most severe first.
    pub const ALL: [Self; 5] = [
        Self::PolicyKindNotEvaluated,
        Self::UnknownLabel,
        Self::UnknownAddress,
        Self::UnknownNode,
        Self::CniDependent,
    ];

    /// The word in reports.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::PolicyKindNotEvaluated => "policy-kind-not-evaluated",
            Self::UnknownLabel => "unknown-label",
            Self::UnknownAddress => "unknown-address",
            Self::UnknownNode => "unknown-node",
            Self::CniDependent => "cni-dependent",
        }
    }
}

impl fmt::Display for Why {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A truth value with the reason of a doubt. It has no order: neither is a doubt half a permission.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[must_use]
pub enum Tri {
    /// Certainly not.
    No,
    /// Not known.
    Maybe(Why),
    /// Certainly.
    Yes,
}

impl Tri {
    /// Whether it is certainly so. What is not known is not.
    #[must_use]
    pub const fn certainly(self) -> bool {
        matches!(self, Self::Yes)
    }

    /// Whether it is so, or not known. Only what is certainly not so is not.
    #[must_use]
    pub const fn possibly(self) -> bool {
        !matches!(self, Self::No)
    }

    /// Why it is not known; `None` where it is.
    #[must_use]
    pub const fn why(self) -> Option<Why> {
        match self {
            Self::Maybe(why) => Some(why),
            Self::Yes | Self::No => None,
        }
    }

    /// Both. Of two doubts the more severe is kept.
    pub fn and(self, other: Self) -> Self {
        match (self, other) {
            (Self::No, _) | (_, Self::No) => Self::No,
            (Self::Maybe(a), Self::Maybe(b)) => Self::Maybe(a.min(b)),
            (Self::Maybe(a), Self::Yes) | (Self::Yes, Self::Maybe(a)) => Self::Maybe(a),
            (Self::Yes, Self::Yes) => Self::Yes,
        }
    }

    /// Either. Of two doubts the more severe is kept.
    pub fn or(self, other: Self) -> Self {
        match (self, other) {
            (Self::Yes, _) | (_, Self::Yes) => Self::Yes,
            (Self::Maybe(a), Self::Maybe(b)) => Self::Maybe(a.min(b)),
            (Self::Maybe(a), Self::No) | (Self::No, Self::Maybe(a)) => Self::Maybe(a),
            (Self::No, Self::No) => Self::No,
        }
    }
}

impl From<bool> for Tri {
    fn from(value: bool) -> Self {
        if value { Self::Yes } else { Self::No }
    }
}

/// What may pass between two endpoints: certainly, or perhaps and why. Everything else is denied.
#[derive(Clone, Debug, Default, Eq, Hash, PartialEq)]
#[must_use]
pub struct Verdict {
    yes: PortSet,
    /// Disjoint from `yes`; sorted by reason, none empty. Two reasons may share a port.
    maybe: Vec<(Why, PortSet)>,
}

impl Verdict {
    /// Nothing passes.
    pub const fn deny() -> Self {
        Self { yes: PortSet::none(), maybe: Vec::new() }
    }

    /// Everything passes.
    pub fn allow() -> Self {
        Self::of(PortSet::all())
    }

    /// Exactly these ports pass.
    pub const fn of(ports: PortSet) -> Self {
        Self { yes: ports, maybe: Vec::new() }
    }

    /// Perhaps these ports pass.
    pub fn perhaps(ports: PortSet, why: Why) -> Self {
        Self::new(PortSet::none(), [(why, ports)])
    }

    fn new(yes: PortSet, doubts: impl IntoIterator<Item = (Why, PortSet)>) -> Self {
        let mut maybe: Vec<(Why, PortSet)> = Vec::new();
        for (why, ports) in doubts {
            let ports = ports.difference(&yes);
            if ports.is_empty() {
                continue;
            }
            match maybe.binary_search_by_key(&why, |(w, _)| *w) {
                Ok(at) => maybe[at].1 = maybe[at].1.union(&ports),
                Err(at) => maybe.insert(at, (why, ports)),
            }
        }
        Self { yes, maybe }
    }

    /// The ports that certainly pass.
    #[must_use]
    pub const fn allowed(&self) -> &PortSet {
        &self.yes
    }

    /// The ports that perhaps pass, each under its most severe reason only.
    #[must_use]
    pub fn uncertain(&self) -> Vec<(Why, PortSet)> {
        let mut seen = PortSet::none();
        let mut out = Vec::new();
        for (why, ports) in &self.maybe {
            let fresh = ports.difference(&seen);
            if !fresh.is_empty() {
                seen = seen.union(&fresh);
                out.push((*why, fresh));
            }
        }
        out
    }

    /// Every port that passes or may pass.
    #[must_use]
    pub fn possible(&self) -> PortSet {
        self.maybe.iter().fold(self.yes.clone(), |all, (_, ports)| all.union(ports))
    }

    /// Whether nothing passes, not even perhaps.
    #[must_use]
    pub fn is_deny(&self) -> bool {
        self.yes.is_empty() && self.maybe.is_empty()
    }

    /// Whether every answer is certain.
    #[must_use]
    pub fn is_certain(&self) -> bool {
        self.maybe.is_empty()
    }

    /// The answer for one port.
    pub fn at(&self, protocol: Protocol, port: u16) -> Tri {
        if self.yes.contains(protocol, port) {
            return Tri::Yes;
        }
        self.maybe
            .iter()
            .find(|(_, ports)| ports.contains(protocol, port))
            .map_or(Tri::No, |(why, _)| Tri::Maybe(*why))
    }

    /// What either lets pass.
    pub fn or(&self, other: &Self) -> Self {
        let doubts = self.maybe.iter().chain(&other.maybe).cloned();
        Self::new(self.yes.union(&other.yes), doubts)
    }

    /// What both let pass.
    pub fn and(&self, other: &Self) -> Self {
        let yes = self.yes.intersection(&other.yes);
        if self.maybe.is_empty() && other.maybe.is_empty() {
            return Self::of(yes);
        }
        let possible = self.possible().intersection(&other.possible());
        let doubts = self.maybe.iter().chain(&other.maybe);
        Self::new(yes, doubts.map(|(why, ports)| (*why, ports.intersection(&possible))))
    }

    /// What passes where this holds only under a condition, and nothing passes otherwise.
    pub fn under(&self, condition: Tri) -> Self {
        match condition {
            Tri::No => Self::deny(),
            Tri::Yes => self.clone(),
            Tri::Maybe(why) => Self::new(
                PortSet::none(),
                self.maybe.iter().cloned().chain([(why, self.yes.clone())]),
            ),
        }
    }

    /// What is known where either of the two holds, and it is not known which.
    pub fn either(&self, other: &Self, why: Why) -> Self {
        let yes = self.yes.intersection(&other.yes);
        let possible = self.possible().union(&other.possible());
        // A port on which both have a doubt of their own keeps that doubt's reason.
        let doubtful = |one: &Self| one.possible().difference(&one.yes);
        let both = doubtful(self).intersection(&doubtful(other));
        let differ = possible.difference(&yes).difference(&both);
        let own = self.maybe.iter().chain(&other.maybe).cloned();
        Self::new(yes, own.chain([(why, differ)]))
    }

    /// `first` on `certain`, perhaps `first` on `possible`, else `self`: one step of a list of rules
    /// in which the first match decides. `certain` must be part of `possible`.
    pub fn preceded_by(
        &self,
        first: &Self,
        certain: &PortSet,
        possible: &[(Why, PortSet)],
    ) -> Self {
        let maybe = possible.iter().fold(PortSet::none(), |all, (_, p)| all.union(p));
        let maybe = maybe.difference(certain);
        let touched = certain.union(&maybe);
        let yes = first
            .yes
            .intersection(certain)
            .union(&first.yes.intersection(&self.yes).intersection(&maybe))
            .union(&self.yes.difference(&touched));
        let from_first = first.maybe.iter().map(|(w, p)| (*w, p.intersection(&touched)));
        let from_rest = self.maybe.iter().map(|(w, p)| (*w, p.difference(certain)));
        let differ = first.possible().union(&self.possible());
        let from_match =
            possible.iter().map(|(w, p)| (*w, p.difference(certain).intersection(&differ)));
        Self::new(yes, from_first.chain(from_rest).chain(from_match).collect::<Vec<_>>())
    }

    /// Several verdicts of which any may be the one that counts, each on the ports that it is about;
    /// `base` on all other ports. A single one counts for certain.
    pub fn any_of(
        base: &Self,
        candidates: impl IntoIterator<Item = (PortSet, Self)>,
        why: Why,
    ) -> Self {
        let candidates: Vec<_> = candidates.into_iter().collect();
        if let [(_, only)] = candidates.as_slice() {
            return only.clone();
        }
        let mut about = PortSet::none();
        let (mut open, mut shut, mut doubts) = (PortSet::none(), PortSet::none(), Vec::new());
        for (ports, verdict) in &candidates {
            about = about.union(ports);
            open = open.union(&verdict.yes.intersection(ports));
            shut = shut.union(&ports.difference(&verdict.yes));
            doubts.extend(verdict.maybe.iter().map(|(w, p)| (*w, p.intersection(ports))));
        }
        doubts.push((why, open.intersection(&shut)));
        doubts.extend(base.maybe.iter().map(|(w, p)| (*w, p.difference(&about))));
        Self::new(open.difference(&shut).union(&base.yes.difference(&about)), doubts)
    }
}
