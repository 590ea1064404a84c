//! Flows on one line each.

use std::net::IpAddr;

use crate::plan::{FlowChange, Party, Reachability};
use netpol::address::Span;

/// Beyond this many, address ranges are counted instead of listed.
const LISTED_RANGES: usize = 3;

/// Actors that are no part of the platform: "any address" speaks of them as well.
const OUTSIDE: [&str; 6] =
    ["api-server", "database", "dns", "elsewhere", "ingress controller", "metadata"];

/// Whether a flow opens or closes, and its line.
pub(super) fn lines(reachability: &Reachability) -> Vec<(bool, String)> {
    let flows = &reachability.flows;
    let opened = rows(&flows.opened).into_iter().map(|line| (true, line));
    opened.chain(rows(&flows.closed).into_iter().map(|line| (false, line))).collect()
}

/// Flows of one source over the same ports are one row, and so are flows to one destination from
/// outside.
fn rows(flows: &[FlowChange]) -> Vec<String> {
    let mut rows: Vec<(String, Vec<String>, String)> = Vec::new();
    for flow in flows.iter().filter(|flow| !is_implied(flow, flows)) {
        let ports = match flow.why {
            Some(why) => format!("{} (perhaps: {why})", flow.ports),
            None => flow.ports.to_string(),
        };
        let (from, to) = (party(&flow.from), party(&flow.to));
        match rows.iter_mut().find(|(f, _, p)| *f == from && *p == ports) {
            Some((_, destinations, _)) => destinations.push(to),
            None => rows.push((from, vec![to], ports)),
        }
    }
    rows.into_iter()
        .map(|(from, to, ports)| format!("{from} → {} {ports}", to.join(", ")))
        .collect()
}

/// Whether another flow over the same ports speaks of (nearly) every address and thus of this one's
/// outer end too.
fn is_implied(flow: &FlowChange, flows: &[FlowChange]) -> bool {
    let outer = |party: &Party| match party {
        Party::Actor(name) => OUTSIDE.contains(&name.as_str()),
        Party::Addresses(_) => false,
    };
    let wide = |party: &Party| match party {
        Party::Addresses(spans) => gaps(spans).len() < spans.len(),
        Party::Actor(_) => false,
    };
    flows.iter().any(|other| {
        other.ports == flow.ports
            && ((other.from == flow.from && outer(&flow.to) && wide(&other.to))
                || (other.to == flow.to && outer(&flow.from) && wide(&other.from)))
    })
}

fn party(party: &Party) -> String {
    let Party::Addresses(spans) = party else { return party.to_string() };
    let gaps = gaps(spans);
    // Intervals with fewer gaps than there are of them reach from end to end.
    let nearly_all = gaps.len() < spans.len();
    match gaps.len() {
        0 => "any address".to_owned(),
        n if nearly_all && n <= LISTED_RANGES => {
            let gaps: Vec<String> = gaps.into_iter().map(range).collect();
            format!("any address but {}", gaps.join(", "))
        }
        n if nearly_all => format!("any address but {n} ranges"),
        _ if spans.len() <= LISTED_RANGES => party.to_string(),
        _ => format!("{} address ranges", spans.len()),
    }
}

/// What lies between sorted intervals, per family, from the first address to the last one.
fn gaps(spans: &[Span]) -> Vec<(IpAddr, IpAddr)> {
    let mut gaps = Vec::new();
    for v6 in [false, true] {
        let bits = if v6 { 128 } else { 32 };
        let end = if v6 { u128::MAX } else { u128::from(u32::MAX) };
        let own = spans.iter().filter(|span| span.first().is_ipv6() == v6);
        let mut next = Some(0);
        for (first, last) in own.map(|span| (number(span.first()), number(span.last()))) {
            if let Some(start) = next.filter(|start| *start < first) {
                gaps.push((address(start, bits), address(first - 1, bits)));
            }
            next = last.checked_add(1).filter(|n| *n <= end);
        }
        if let Some(start) = next {
            gaps.push((address(start, bits), address(end, bits)));
        }
    }
    gaps
}

fn number(address: IpAddr) -> u128 {
    match address {
        IpAddr::V4(v4) => u128::from(u32::from(v4)),
        IpAddr::V6(v6) => v6.into(),
    }
}

fn address(number: u128, bits: u32) -> IpAddr {
    match u32::try_from(number) {
        Ok(v4) if bits == 32 => IpAddr::V4(v4.into()),
        _ => IpAddr::V6(number.into()),
    }
}

fn range((first, last): (IpAddr, IpAddr)) -> String {
    if first == last { first.to_string() } else { format!("{first}-{last}") }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use ipnet::IpNet;

    fn addresses(nets: &[&str]) -> String {
        let net = |text: &&str| Span::from(text.parse::<IpNet>().unwrap());
        party(&Party::Addresses(nets.iter().map(net).collect()))
    }

    #[test]
    fn nearly_every_address_is_said_by_what_is_missing() {
        assert_eq!(addresses(&["0.0.0.0/0", "::/0"]), "any address");
        assert_eq!(addresses(&["0.0.0.0/0"]), "any IPv4 address");
        assert_eq!(
            addresses(&["0.0.0.0/1", "192.0.0.0/2", "::/0"]),
            "any address but 128.0.0.0-191.255.255.255"
        );
        assert_eq!(addresses(&["10.0.0.0/8"]), "10.0.0.0/8");
        let many = ["1.0.0.0/8", "3.0.0.0/8", "5.0.0.0/8", "7.0.0.0/8"];
        assert_eq!(addresses(&many), "4 address ranges");
    }
}
