//! Names of Kubernetes objects, labels, and DNS names (RFC 1123; `k8s.io/apimachinery/pkg/util/validation`).

use std::net::IpAddr;

use super::super::reason::Reason;

const LABEL_LIMIT: usize = 63;
const SUBDOMAIN_LIMIT: usize = 253;

fn is_dns_label(text: &str) -> bool {
    let inner = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    !text.is_empty() && text.bytes().all(inner) && !text.starts_with('-') && !text.ends_with('-')
}

/// The name of a namespace.
pub fn label(text: &str) -> Result<String, Reason> {
    if !is_dns_label(text) {
        return Err(Reason::Name);
    }
    within(text, LABEL_LIMIT)
}

/// The name of most objects.
pub fn subdomain(text: &str) -> Result<String, Reason> {
    if !text.split('.').all(is_dns_label) {
        return Err(Reason::Name);
    }
    within(text, SUBDOMAIN_LIMIT)
}

fn within(text: &str, limit: usize) -> Result<String, Reason> {
    if text.len() > limit { Err(Reason::LongName { limit }) } else { Ok(text.to_owned()) }
}

/// The host of an Ingress: a DNS name, not an address, no wildcard.
pub fn ingress_host(text: &str) -> Result<String, Reason> {
    if text.starts_with("*.") {
        return Err(Reason::Wildcard);
    }
    if text.trim_matches(['[', ']']).parse::<IpAddr>().is_ok() {
        return Err(Reason::AddressNotName);
    }
    if text.contains(['/', ':', '?', '@']) {
        return Err(Reason::NotAHost);
    }
    let name = subdomain(text)?;
    if name.split('.').any(|part| part.len() > LABEL_LIMIT) {
        return Err(Reason::LongName { limit: LABEL_LIMIT });
    }
    Ok(name)
}

/// Whether a resolver would take it: letters, digits, `-` and `_`, a trailing dot, and a last
/// label that is not a number (that would be a mistyped address).
pub fn is_resolvable(text: &str) -> bool {
    let name = text.strip_suffix('.').unwrap_or(text);
    let label = |part: &str| {
        !part.is_empty()
            && part.len() <= LABEL_LIMIT
            && part.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
            && !part.starts_with('-')
            && !part.ends_with('-')
    };
    name.len() <= SUBDOMAIN_LIMIT
        && name.split('.').all(label)
        && !name.rsplit('.').next().is_some_and(|last| last.bytes().all(|b| b.is_ascii_digit()))
}

/// A label as a selector names it: `[PREFIX/]NAME=VALUE`.
pub fn selector_label(text: &str) -> Result<(String, String), Reason> {
    let (key, value) = text.split_once('=').ok_or(Reason::Label)?;
    let (key, value) = (key.trim(), value.trim());
    let (prefix, name) = match key.split_once('/') {
        Some((prefix, name)) => (Some(prefix), name),
        None => (None, key),
    };
    let valid = prefix.is_none_or(|prefix| subdomain(prefix).is_ok())
        && is_qualified(name)
        && (value.is_empty() || is_qualified(value));
    if valid { Ok((key.to_owned(), value.to_owned())) } else { Err(Reason::Label) }
}

fn is_qualified(text: &str) -> bool {
    let edge = |c: Option<char>| c.is_some_and(|c| c.is_ascii_alphanumeric());
    text.len() <= LABEL_LIMIT
        && edge(text.chars().next())
        && edge(text.chars().last())
        && text.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.'))
}
