//! Sets of ports, per protocol, as sorted intervals.

use std::fmt;

use serde::Serialize;

/// The protocols that a NetworkPolicy can name (`k8s.io/api/networking/v1`, `NetworkPolicyPort`).
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum Protocol {
    /// The default of a port entry.
    Tcp,
    /// Datagrams.
    Udp,
    /// Stream Control Transmission Protocol.
    Sctp,
}

impl Protocol {
    /// All of them, in the order of every report.
    pub const ALL: [Self; 3] = [Self::Tcp, Self::Udp, Self::Sctp];

    /// As written in a manifest.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Tcp => "TCP",
            Self::Udp => "UDP",
            Self::Sctp => "SCTP",
        }
    }

    /// The protocol of that name; manifests allow no other spelling.
    #[must_use]
    pub fn of(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|p| p.name() == name)
    }
}

impl fmt::Display for Protocol {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// An inclusive interval of ports, 1 to 65535. Serialised as `[first, last]`.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct PortRange {
    /// The lowest port.
    pub first: u16,
    /// The highest port.
    pub last: u16,
}

impl PortRange {
    /// Every port.
    pub const ALL: Self = Self { first: 1, last: u16::MAX };

    /// A single port.
    #[must_use]
    pub const fn one(port: u16) -> Self {
        Self { first: port, last: port }
    }
}

impl fmt::Display for PortRange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.first == self.last {
            write!(f, "{}", self.first)
        } else {
            write!(f, "{}-{}", self.first, self.last)
        }
    }
}

impl Serialize for PortRange {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        (self.first, self.last).serialize(serializer)
    }
}

/// A set of (protocol, port) pairs. Intervals are sorted, disjoint, and not adjacent, so that equal
/// sets are equal values.
#[derive(Clone, Debug, Default, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct PortSet {
    ranges: [Vec<PortRange>; 3],
}

impl PortSet {
    /// No port at all.
    #[must_use]
    pub const fn none() -> Self {
        Self { ranges: [const { Vec::new() }; 3] }
    }

    /// Every port of every protocol.
    #[must_use]
    pub fn all() -> Self {
        Self { ranges: [const { PortRange::ALL }; 3].map(|r| vec![r]) }
    }

    /// One interval of one protocol.
    #[must_use]
    pub fn of(protocol: Protocol, range: PortRange) -> Self {
        let mut set = Self::none();
        set.ranges[protocol as usize].push(range);
        set
    }

    /// The intervals of one protocol, sorted.
    #[must_use]
    pub fn ranges(&self, protocol: Protocol) -> &[PortRange] {
        &self.ranges[protocol as usize]
    }

    /// Protocols that have a port in the set, with their intervals.
    pub fn iter(&self) -> impl Iterator<Item = (Protocol, &[PortRange])> {
        Protocol::ALL
            .into_iter()
            .map(|p| (p, self.ranges(p)))
            .filter(|(_, ranges)| !ranges.is_empty())
    }

    /// Whether there is no port in it.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.ranges.iter().all(Vec::is_empty)
    }

    /// Whether every port of every protocol is in it.
    #[must_use]
    pub fn is_all(&self) -> bool {
        self.ranges.iter().all(|r| r.as_slice() == [PortRange::ALL])
    }

    /// Whether that port is in it.
    #[must_use]
    pub fn contains(&self, protocol: Protocol, port: u16) -> bool {
        let ranges = self.ranges(protocol);
        let after = ranges.partition_point(|r| r.first <= port);
        after > 0 && ranges[after - 1].last >= port
    }

    /// What is in either.
    #[must_use]
    pub fn union(&self, other: &Self) -> Self {
        if self.is_empty() || other.is_all() {
            return other.clone();
        }
        if other.is_empty() || self.is_all() {
            return self.clone();
        }
        self.zip(other, |a, b| {
            let mut merged: Vec<PortRange> = a.iter().chain(b).copied().collect();
            merged.sort_unstable();
            let mut out: Vec<PortRange> = Vec::with_capacity(merged.len());
            for range in merged {
                match out.last_mut() {
                    Some(last) if u32::from(range.first) <= u32::from(last.last) + 1 => {
                        last.last = last.last.max(range.last);
                    }
                    _ => out.push(range),
                }
            }
            out
        })
    }

    /// What is in both.
    #[must_use]
    pub fn intersection(&self, other: &Self) -> Self {
        if self.is_all() || other.is_empty() {
            return other.clone();
        }
        if other.is_all() || self.is_empty() {
            return self.clone();
        }
        self.zip(other, |a, b| {
            let (mut i, mut j, mut out) = (0, 0, Vec::new());
            while i < a.len() && j < b.len() {
                let first = a[i].first.max(b[j].first);
                let last = a[i].last.min(b[j].last);
                if first <= last {
                    out.push(PortRange { first, last });
                }
                if a[i].last < b[j].last {
                    i += 1;
                } else {
                    j += 1;
                }
            }
            out
        })
    }

    /// What is in `self` and not in `other`.
    #[must_use]
    pub fn difference(&self, other: &Self) -> Self {
        if self.is_empty() || other.is_empty() {
            return self.clone();
        }
        self.zip(other, |a, b| {
            let mut out = Vec::new();
            for range in a {
                let mut first = u32::from(range.first);
                for cut in b.iter().filter(|c| c.last >= range.first && c.first <= range.last) {
                    if u32::from(cut.first) > first {
                        out.push(PortRange { first: first as u16, last: cut.first - 1 });
                    }
                    first = u32::from(cut.last) + 1;
                }
                if first <= u32::from(range.last) {
                    out.push(PortRange { first: first as u16, last: range.last });
                }
            }
            out
        })
    }

    fn zip(
        &self,
        other: &Self,
        combine: impl Fn(&[PortRange], &[PortRange]) -> Vec<PortRange>,
    ) -> Self {
        Self { ranges: std::array::from_fn(|p| combine(&self.ranges[p], &other.ranges[p])) }
    }
}

/// `TCP 80,443 UDP 53`; `all ports`; `no port`.
impl fmt::Display for PortSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.is_all() {
            return f.write_str("all ports");
        }
        if self.is_empty() {
            return f.write_str("no port");
        }
        for (i, (protocol, ranges)) in self.iter().enumerate() {
            write!(f, "{}{protocol} ", if i > 0 { " " } else { "" })?;
            if ranges == [PortRange::ALL] {
                f.write_str("all")?;
                continue;
            }
            for (j, range) in ranges.iter().enumerate() {
                write!(f, "{}{range}", if j > 0 { "," } else { "" })?;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use proptest::prelude::*;

    use super::*;

    fn tcp(ranges: &[(u16, u16)]) -> PortSet {
        ranges.iter().fold(PortSet::none(), |set, &(first, last)| {
            set.union(&PortSet::of(Protocol::Tcp, PortRange { first, last }))
        })
    }

    #[test]
    fn adjacent_intervals_become_one_so_that_equal_sets_are_equal() {
        assert_eq!(tcp(&[(80, 89), (90, 99)]), tcp(&[(80, 99)]));
        assert_eq!(tcp(&[(1, 100), (101, 65535)]), tcp(&[(1, 65535)]));
    }

    #[test]
    fn display_is_short() {
        assert_eq!(PortSet::all().to_string(), "all ports");
        let set = tcp(&[(80, 80), (8000, 8010)]).union(&PortSet::of(Protocol::Udp, PortRange::ALL));
        assert_eq!(set.to_string(), "TCP 80,8000-8010 UDP all");
    }

    fn sets() -> impl Strategy<Value = PortSet> {
        let edge = prop_oneof![Just(1u16), Just(65535), Just(65534), 1u16..40];
        prop::collection::vec((0usize..3, edge.clone(), edge), 0..6).prop_map(|parts| {
            parts.into_iter().fold(PortSet::none(), |set, (p, a, b)| {
                let range = PortRange { first: a.min(b), last: a.max(b) };
                set.union(&PortSet::of(Protocol::ALL[p], range))
            })
        })
    }

    proptest! {
        #[test]
        fn operations_agree_with_membership(a in sets(), b in sets(), port in prop_oneof![1u16..42, 65530u16..=65535]) {
            for protocol in Protocol::ALL {
                let (in_a, in_b) = (a.contains(protocol, port), b.contains(protocol, port));
                prop_assert_eq!(a.union(&b).contains(protocol, port), in_a || in_b);
                prop_assert_eq!(a.intersection(&b).contains(protocol, port), in_a && in_b);
                prop_assert_eq!(a.difference(&b).contains(protocol, port), in_a && !in_b);
            }
            // Canonical: the same set by another way is the same value.
            prop_assert_eq!(a.difference(&b).union(&a.intersection(&b)), a);
        }
    }
}
