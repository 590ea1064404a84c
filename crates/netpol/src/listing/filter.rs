//! What of the connections is asked for.

use std::collections::BTreeSet;

use crate::address::Span;
use crate::input::Input;
use crate::pick::{NotThere, Pick};
use crate::policy::Direction;
use crate::ports::{PortRange, PortSet, Protocol};

/// Who and what is asked about, as names. Empty lists ask about everyone.
#[derive(Clone, Debug, Default)]
pub struct Asked {
    /// Any of these as the source.
    pub from: Vec<String>,
    /// Any of these as the destination.
    pub to: Vec<String>,
    /// Any of these ports.
    pub ports: Vec<(u16, Protocol)>,
    /// Namespaces of which one has an end of the flow.
    pub namespaces: Vec<String>,
}

/// [`Asked`], looked up in an input.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    pub(super) from: Option<Party>,
    pub(super) to: Option<Party>,
    pub(super) ports: Option<PortSet>,
    pub(super) namespaces: Option<BTreeSet<String>>,
}

/// Everyone that some names mean.
#[derive(Clone, Debug, Default)]
pub(super) struct Party {
    members: BTreeSet<usize>,
    namespaces: BTreeSet<String>,
    spans: Vec<Span>,
}

impl Filter {
    /// Looks the names up.
    ///
    /// # Errors
    /// One of them means nobody in the input.
    pub fn new(input: &Input, asked: &Asked) -> Result<Self, NotThere> {
        let namespaces: BTreeSet<String> =
            asked.namespaces.iter().map(|n| input.pick_namespace(n)).collect::<Result<_, _>>()?;
        Ok(Self {
            from: Party::of(input, &asked.from)?,
            to: Party::of(input, &asked.to)?,
            ports: (!asked.ports.is_empty()).then(|| crate::pick::port_set(&asked.ports)),
            namespaces: (!namespaces.is_empty()).then_some(namespaces),
        })
    }

    /// Looks the names up in two inputs. Each must mean somebody in one of them.
    ///
    /// # Errors
    /// One of them means nobody in either.
    pub fn of_either(before: &Input, after: &Input, asked: &Asked) -> Result<[Self; 2], NotThere> {
        let one = |name: &String| before.pick(name).or_else(|_| after.pick(name)).map(|_| ());
        asked.from.iter().chain(&asked.to).try_for_each(one)?;
        asked.namespaces.iter().try_for_each(|name| {
            before.pick_namespace(name).or_else(|_| after.pick_namespace(name)).map(|_| ())
        })?;
        let filter = |input: &Input| Self {
            from: Party::known(input, &asked.from),
            to: Party::known(input, &asked.to),
            ports: (!asked.ports.is_empty()).then(|| crate::pick::port_set(&asked.ports)),
            namespaces: (!asked.namespaces.is_empty())
                .then(|| asked.namespaces.iter().cloned().collect()),
        };
        Ok([filter(before), filter(after)])
    }

    /// Whether a pod of one of these namespaces is asked about as source, and as destination;
    /// `member` is its number where it is in the input.
    pub(crate) fn is_asked(&self, member: Option<usize>, namespaces: &[&str]) -> [bool; 2] {
        [&self.from, &self.to]
            .map(|party| party.as_ref().is_none_or(|p| p.holds(member, namespaces)))
    }

    /// The addresses among these that are asked about as the other end.
    pub(crate) fn addresses(&self, direction: Direction, spans: &[Span]) -> Vec<Span> {
        let party = match direction {
            Direction::Ingress => &self.from,
            Direction::Egress => &self.to,
        };
        party.as_ref().map_or_else(|| spans.to_vec(), |party| party.within(spans))
    }

    /// The ports that are asked about.
    #[must_use]
    pub fn asked_ports(&self) -> PortSet {
        self.ports.clone().unwrap_or_else(PortSet::all)
    }

    /// Whether one of these namespaces is asked about.
    pub(crate) fn is_inside(&self, namespaces: &[&str]) -> bool {
        self.namespaces.as_ref().is_none_or(|all| namespaces.iter().any(|n| all.contains(*n)))
    }

    /// The ports among these that are asked about.
    pub(super) fn ports(&self, protocol: Protocol, ranges: &[PortRange]) -> Vec<PortRange> {
        let Some(asked) = &self.ports else { return ranges.to_vec() };
        let all = ranges.iter().map(|r| PortSet::of(protocol, *r));
        let all = all.fold(PortSet::none(), |all, one| all.union(&one));
        all.intersection(asked).ranges(protocol).to_vec()
    }
}

impl Party {
    /// Everyone of an input that the names mean, if any is given.
    fn known(input: &Input, names: &[String]) -> Option<Self> {
        let known: Vec<String> =
            names.iter().filter(|name| input.pick(name).is_ok()).cloned().collect();
        let party = Self::of(input, &known).ok().flatten().unwrap_or_default();
        (!names.is_empty()).then_some(party)
    }

    fn of(input: &Input, names: &[String]) -> Result<Option<Self>, NotThere> {
        if names.is_empty() {
            return Ok(None);
        }
        let mut all = Self::default();
        for name in names {
            match input.pick(name)? {
                Pick::Members(members) => all.members.extend(members),
                Pick::Namespace(name) => {
                    all.namespaces.insert(name);
                }
                Pick::Addresses(span, members) => {
                    all.spans.push(span);
                    all.members.extend(members);
                }
            }
        }
        all.spans = crate::address::merged(all.spans);
        Ok(Some(all))
    }

    /// Whether it holds a pod of one of these namespaces; `member` is its number where it is in
    /// the input.
    pub(super) fn holds(&self, member: Option<usize>, namespaces: &[&str]) -> bool {
        member.is_some_and(|m| self.members.contains(&m))
            || namespaces.iter().any(|n| self.namespaces.contains(*n))
    }

    /// The addresses among these that it holds.
    pub(super) fn within(&self, spans: &[Span]) -> Vec<Span> {
        let both = |a: &Span, b: &Span| a.intersection(b);
        spans.iter().flat_map(|a| self.spans.iter().filter_map(move |b| both(a, b))).collect()
    }
}
