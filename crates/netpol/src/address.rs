//! Intervals of IP addresses, and the blocks of a NetworkPolicy.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use ipnet::IpNet;
use serde::Serialize;

/// Reads an address. One of IPv4 that is written as IPv6 (`::ffff:10.0.0.1`) is one of IPv4: packets to
/// it are, and so is what the API server makes of it.
#[must_use]
pub fn parse_address(text: &str) -> Option<IpAddr> {
    text.parse::<IpAddr>().ok().map(|address| address.to_canonical())
}

/// Reads a network, alike.
#[must_use]
pub fn parse_network(text: &str) -> Option<IpNet> {
    let network = text.parse::<IpNet>().ok()?;
    match (network.addr().to_canonical(), network.prefix_len().checked_sub(96)) {
        (IpAddr::V4(address), Some(prefix)) if network.addr().is_ipv6() => {
            IpNet::new(address.into(), prefix).ok()
        }
        _ => Some(network),
    }
}

/// Which of the two.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub enum Family {
    /// 32 bits.
    V4,
    /// 128 bits.
    V6,
}

impl Family {
    /// Both.
    pub const ALL: [Self; 2] = [Self::V4, Self::V6];

    const fn bits(self) -> u32 {
        match self {
            Self::V4 => 32,
            Self::V6 => 128,
        }
    }

    /// The highest address as a number.
    const fn max(self) -> u128 {
        match self {
            Self::V4 => u32::MAX as u128,
            Self::V6 => u128::MAX,
        }
    }
}

/// An inclusive interval of addresses of one family.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct Span {
    family: Family,
    first: u128,
    last: u128,
}

fn number(address: IpAddr) -> (Family, u128) {
    match address {
        IpAddr::V4(a) => (Family::V4, u32::from(a).into()),
        IpAddr::V6(a) => (Family::V6, a.into()),
    }
}

impl Span {
    /// Every address of a family.
    #[must_use]
    pub const fn all(family: Family) -> Self {
        Self { family, first: 0, last: family.max() }
    }

    /// From one address to another; `None` where they are of different families or the wrong way
    /// round.
    #[must_use]
    pub fn between(first: IpAddr, last: IpAddr) -> Option<Self> {
        let ((family, first), (other, last)) = (number(first), number(last));
        (family == other && first <= last).then_some(Self { family, first, last })
    }

    /// Which family.
    #[must_use]
    pub const fn family(&self) -> Family {
        self.family
    }

    /// The lowest address.
    #[must_use]
    pub fn first(&self) -> IpAddr {
        self.address(self.first)
    }

    /// The highest address.
    #[must_use]
    pub fn last(&self) -> IpAddr {
        self.address(self.last)
    }

    /// Whether every address of the other is in it.
    #[must_use]
    pub fn covers(&self, other: &Self) -> bool {
        self.family == other.family && self.first <= other.first && other.last <= self.last
    }

    /// Whether an address is in both.
    #[must_use]
    pub fn meets(&self, other: &Self) -> bool {
        self.family == other.family && self.first <= other.last && other.first <= self.last
    }

    /// The addresses in both.
    #[must_use]
    pub fn intersection(&self, other: &Self) -> Option<Self> {
        let (first, last) = (self.first.max(other.first), self.last.min(other.last));
        (self.family == other.family && first <= last).then_some(Self { first, last, ..*self })
    }

    fn address(&self, n: u128) -> IpAddr {
        match self.family {
            Family::V4 => IpAddr::V4(Ipv4Addr::from(n as u32)),
            Family::V6 => IpAddr::V6(Ipv6Addr::from(n)),
        }
    }

    /// The prefix length, where the interval is exactly one block.
    fn prefix(&self) -> Option<u32> {
        let width = self.last - self.first;
        let host = u128::BITS - width.leading_zeros();
        let aligned =
            width == 0 || (width & (width.wrapping_add(1)) == 0 && self.first & width == 0);
        aligned.then(|| self.family.bits() - host)
    }
}

impl From<IpNet> for Span {
    fn from(net: IpNet) -> Self {
        let (family, first) = number(net.network());
        let (_, last) = number(net.broadcast());
        Self { family, first, last }
    }
}

impl From<IpAddr> for Span {
    fn from(address: IpAddr) -> Self {
        let (family, n) = number(address.to_canonical());
        Self { family, first: n, last: n }
    }
}

/// `11.0.0.0/8` where it is one block, else `0.0.0.0-9.255.255.255`.
impl fmt::Display for Span {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.prefix() {
            Some(prefix) => write!(f, "{}/{prefix}", self.first()),
            None => write!(f, "{}-{}", self.first(), self.last()),
        }
    }
}

impl Serialize for Span {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// Sorted and merged intervals in words: `any address`, `any IPv4 address`, or the blocks.
#[must_use]
pub fn in_words(spans: &[Span]) -> String {
    let [v4, v6] = Family::ALL.map(Span::all);
    match spans {
        all if *all == [v4, v6] => "any address".to_owned(),
        all if *all == [v4] => "any IPv4 address".to_owned(),
        all if *all == [v6] => "any IPv6 address".to_owned(),
        _ => spans.iter().map(ToString::to_string).collect::<Vec<_>>().join(", "),
    }
}

/// Sorted, with touching intervals made one.
#[must_use]
pub fn merged(mut spans: Vec<Span>) -> Vec<Span> {
    spans.sort_unstable();
    let mut out: Vec<Span> = Vec::with_capacity(spans.len());
    for span in spans {
        match out.last_mut() {
            Some(last)
                if last.family == span.family
                    && (last.last == span.family.max() || span.first <= last.last + 1) =>
            {
                last.last = last.last.max(span.last);
            }
            _ => out.push(span),
        }
    }
    out
}

/// An `ipBlock`: a block without some blocks within it.
#[derive(Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct Block {
    /// The block, without host bits.
    pub cidr: IpNet,
    /// Parts of it that do not count.
    pub except: Vec<IpNet>,
}

impl Block {
    /// A block without exceptions.
    #[must_use]
    pub fn new(cidr: IpNet) -> Self {
        Self { cidr: cidr.trunc(), except: Vec::new() }
    }

    /// Whether it holds the address.
    #[must_use]
    pub fn contains(&self, address: IpAddr) -> bool {
        self.cidr.contains(&address) && !self.except.iter().any(|e| e.contains(&address))
    }

    /// Whether an address of the interval is in it.
    #[must_use]
    pub fn meets(&self, span: &Span) -> bool {
        self.spans().iter().any(|own| own.meets(span))
    }

    /// The addresses in it, as sorted intervals.
    #[must_use]
    pub fn spans(&self) -> Vec<Span> {
        let whole = Span::from(self.cidr);
        let mut out = Vec::new();
        let mut next = Some(whole.first);
        for cut in merged(self.except.iter().copied().map(Span::from).collect()) {
            if let Some(first) = next.filter(|first| cut.first > *first) {
                out.push(Span { first, last: cut.first - 1, ..whole });
            }
            next = cut.last.checked_add(1);
        }
        if let Some(first) = next.filter(|first| *first <= whole.last) {
            out.push(Span { first, ..whole });
        }
        out
    }
}

/// Cuts both families at the edges of all intervals: within one piece, no interval can tell two
/// addresses apart.
#[must_use]
pub fn pieces<'a>(spans: impl IntoIterator<Item = &'a Span>) -> Vec<Span> {
    let mut starts = vec![(Family::V4, 0), (Family::V6, 0)];
    for span in spans {
        starts.push((span.family, span.first));
        if span.last < span.family.max() {
            starts.push((span.family, span.last + 1));
        }
    }
    starts.sort_unstable();
    starts.dedup();
    let next = starts.iter().skip(1).map(Some).chain([None]);
    let piece = |(&(family, first), next): (&(Family, u128), Option<&(Family, u128)>)| {
        let last = match next {
            Some(&(f, start)) if f == family => start - 1,
            _ => family.max(),
        };
        Span { family, first, last }
    };
    starts.iter().zip(next).map(piece).collect()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    fn block(cidr: &str, except: &[&str]) -> Block {
        Block {
            cidr: cidr.parse().unwrap(),
            except: except.iter().map(|e| e.parse().unwrap()).collect(),
        }
    }

    fn shown(spans: &[Span]) -> Vec<String> {
        spans.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn exceptions_are_cut_out() {
        let spans = block("0.0.0.0/0", &["10.0.0.0/8"]).spans();
        assert_eq!(shown(&spans), ["0.0.0.0-9.255.255.255", "11.0.0.0-255.255.255.255"]);
        let spans = block("::/0", &["fc00::/7", "fd00::/8"]).spans();
        assert_eq!(shown(&spans), ["::-fbff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "fe00::/7"]);
        assert_eq!(shown(&block("10.0.0.0/31", &["10.0.0.1/32"]).spans()), ["10.0.0.0/32"]);
    }

    #[test]
    fn ipv4_that_is_written_as_ipv6_is_ipv4() {
        let address = |text| parse_address(text).map(|a| a.to_string());
        assert_eq!(address("::ffff:10.0.0.1").as_deref(), Some("10.0.0.1"));
        assert_eq!(address("fd00::1").as_deref(), Some("fd00::1"));
        assert_eq!(address("10.0.0"), None);
        let network = |text| parse_network(text).map(|n| n.to_string());
        assert_eq!(network("::ffff:10.0.0.0/104").as_deref(), Some("10.0.0.0/8"));
        assert_eq!(network("::ffff:10.0.0.1/128").as_deref(), Some("10.0.0.1/32"));
        assert_eq!(network("10.0.0.0/8").as_deref(), Some("10.0.0.0/8"));
        assert_eq!(network("::/0").as_deref(), Some("::/0"));
        // More than IPv4.
        assert_eq!(network("::ffff:0.0.0.0/95").as_deref(), Some("::ffff:0.0.0.0/95"));
    }

    #[test]
    fn a_whole_family_is_one_block() {
        assert_eq!(Span::all(Family::V4).to_string(), "0.0.0.0/0");
        assert_eq!(Span::all(Family::V6).to_string(), "::/0");
    }

    #[test]
    fn pieces_cover_both_families_without_a_gap() {
        let spans = block("10.0.0.0/8", &["10.1.0.0/16"]).spans();
        let pieces = pieces(&spans);
        assert_eq!(shown(&merged(pieces.clone())), ["0.0.0.0/0", "::/0"]);
        assert_eq!(pieces.len(), 6);
        for piece in pieces {
            let inside = spans.iter().any(|s| s.covers(&piece));
            assert_eq!(inside, spans.iter().any(|s| s.meets(&piece)), "{piece}");
        }
    }
}
