//! Networks, addresses and ports.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use ipnet::IpNet;

use super::super::model::EgressAllow;
use super::super::reason::Reason;

/// A network as the API server takes it: prefix length given, no bit set behind it.
pub fn cidr(text: &str) -> Result<IpNet, Reason> {
    if let Ok(address) = text.parse::<IpAddr>() {
        return Err(Reason::NoPrefix { network: address.into() });
    }
    let network: IpNet = text.parse().map_err(|_| Reason::Cidr)?;
    if matches!(network, IpNet::V6(v6) if v6.addr().to_ipv4_mapped().is_some()) {
        return Err(Reason::MappedAddress);
    }
    if network.trunc() != network {
        return Err(Reason::HostBits { network: network.trunc() });
    }
    Ok(network)
}

/// A port.
pub fn port(text: &str) -> Result<u16, Reason> {
    if text.is_empty() || text.starts_with('0') || !text.bytes().all(|b| b.is_ascii_digit()) {
        return Err(Reason::Port);
    }
    text.parse().map_err(|_| Reason::Port)
}

/// `CIDR`, `CIDR:PORT` or `[IPv6-CIDR]:PORT`.
pub fn egress_allow(text: &str) -> Result<EgressAllow, Reason> {
    if let Some(rest) = text.strip_prefix('[') {
        let (network, behind) = rest.split_once(']').ok_or(Reason::Cidr)?;
        let port = match behind {
            "" => None,
            behind => Some(port(behind.strip_prefix(':').ok_or(Reason::Port)?)?),
        };
        return Ok(EgressAllow { cidr: cidr(network)?, port });
    }
    match text.matches(':').count() {
        0 => Ok(EgressAllow { cidr: cidr(text)?, port: None }),
        1 => {
            let (network, number) = text.split_once(':').ok_or(Reason::Cidr)?;
            Ok(EgressAllow { cidr: cidr(network)?, port: Some(port(number)?) })
        }
        _ if text.split_once('/').is_some_and(|(_, prefix)| prefix.contains(':')) => {
            Err(Reason::Brackets)
        }
        _ => Ok(EgressAllow { cidr: cidr(text)?, port: None }),
    }
}

/// Whether the network is everything there is.
pub fn is_everything(network: IpNet) -> bool {
    network.prefix_len() == 0
}

/// Whether the metadata services of clouds are in the network.
pub fn contains_metadata(network: IpNet) -> bool {
    /// The IPv6 address is that of AWS; link-local like the IPv4 one.
    const ADDRESSES: [IpAddr; 2] = [
        IpAddr::V4(Ipv4Addr::new(169, 254, 169, 254)),
        IpAddr::V6(Ipv6Addr::new(0xfd00, 0xec2, 0, 0, 0, 0, 0, 0x254)),
    ];
    ADDRESSES.iter().any(|address| network.contains(address))
}
