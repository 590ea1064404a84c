//! `DATABASE_URL` and the URLs of HTTP endpoints.
//!
//! The database's URL is read more strictly than SQLAlchemy reads it: where readers disagree on
//! what is password and what is host, the installer would open the wrong host.

use std::net::IpAddr;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};

use super::super::model::Database;
use super::super::reason::Reason;
use super::{name, net};

/// PostgreSQL's own.
const DATABASE_PORT: u16 = 5432;

/// The parts of a URL between scheme and path.
struct Authority<'a> {
    user_info: Option<&'a str>,
    host: String,
    port: Option<u16>,
}

/// `postgresql+asyncpg://USER[:PASSWORD]@HOST[:PORT]/DATABASE[?QUERY]`.
pub fn database(text: &str) -> Result<Database, Reason> {
    let rest = text.strip_prefix("postgresql+asyncpg://").ok_or(Reason::DatabaseScheme)?;
    let (authority, path, query) = cut(rest);
    // A password with one of the characters that end an authority, or with the one that ends itself.
    let misread = !authority.contains('@') && rest.contains('@');
    if misread || authority.matches('@').count() > 1 {
        return Err(Reason::UnencodedUserInfo);
    }
    plain(rest)?;
    let authority = authority_of(authority)?;
    let user_info = authority.user_info.ok_or(Reason::NoUser)?;
    let (user, password) = match user_info.split_once(':') {
        Some((user, password)) => (user, Some(password)),
        None => (user_info, None),
    };
    if user.is_empty() {
        return Err(Reason::NoUser);
    }
    if password.is_some_and(|password| password.contains(':')) {
        return Err(Reason::UnencodedUserInfo);
    }
    let name = path.filter(|name| !name.is_empty()).ok_or(Reason::NoDatabase)?;
    // SQLAlchemy does not decode this part.
    if name.contains(['/', '%', '\'', '"', '\\', '@']) {
        return Err(Reason::DatabaseName);
    }
    for parameter in query.unwrap_or_default().split('&') {
        let given = parameter.split('=').next().unwrap_or_default();
        let given = decode(given)?;
        // What asyncpg's connect() takes beside the URL.
        let overriding = ["host", "port", "user", "password", "database", "dsn"];
        if let Some(parameter) = overriding.into_iter().find(|known| *known == given) {
            return Err(Reason::QueryOverride { parameter });
        }
    }
    if is_pod_itself(&authority.host) {
        return Err(Reason::Loopback);
    }
    Ok(Database {
        url: text.into(),
        user: decode(user)?,
        password: password.map(decode).transpose()?.map(Into::into),
        host: authority.host,
        port: authority.port.unwrap_or(DATABASE_PORT),
        name: name.to_owned(),
    })
}

/// The database's URL of plain parts, with user and password percent-encoded.
#[must_use]
pub fn compose(user: &str, password: &str, host: &str, port: &str, name: &str) -> String {
    const KEPT: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');
    let encode = |text| utf8_percent_encode(text, KEPT);
    let host = match host.parse::<std::net::Ipv6Addr>() {
        Ok(address) => format!("[{address}]"),
        Err(_) => host.to_owned(),
    };
    format!("postgresql+asyncpg://{}:{}@{host}:{port}/{name}", encode(user), encode(password))
}

/// Whether the query of a valid database URL names `sslmode`, which is libpq's word.
pub fn names_sslmode(url: &str) -> bool {
    url.split_once('?').is_some_and(|(_, query)| {
        query.split('&').any(|parameter| parameter.split('=').next() == Some("sslmode"))
    })
}

/// The password of a valid database URL as it is written there, percent-encoded.
pub fn written_password(url: &str) -> Option<&str> {
    let (user_info, _) = url.split_once("://")?.1.split_once('@')?;
    Some(user_info.split_once(':')?.1)
}

/// Host and port of an HTTP endpoint.
pub fn http(text: &str) -> Result<(String, u16), Reason> {
    let (default, rest) = if let Some(rest) = text.strip_prefix("https://") {
        (443, rest)
    } else if let Some(rest) = text.strip_prefix("http://") {
        (80, rest)
    } else {
        return Err(Reason::HttpScheme);
    };
    let (authority, _, _) = cut(rest);
    plain(rest)?;
    if authority.contains('@') {
        return Err(Reason::UrlUserInfo);
    }
    let authority = authority_of(authority)?;
    if is_pod_itself(&authority.host) {
        return Err(Reason::Loopback);
    }
    Ok((authority.host, authority.port.unwrap_or(default)))
}

/// Authority, path without its first slash, and query of what follows the scheme.
fn cut(rest: &str) -> (&str, Option<&str>, Option<&str>) {
    let (before, query) = match rest.split_once(['?', '#']) {
        Some((before, query)) => (before, Some(query)),
        None => (rest, None),
    };
    match before.split_once('/') {
        Some((authority, path)) => (authority, Some(path), query),
        None => (before, None, query),
    }
}

fn plain(text: &str) -> Result<(), Reason> {
    let strange = |c: char| c == '#' || c.is_whitespace() || c.is_control();
    if text.contains(strange) { Err(Reason::UrlCharacter) } else { Ok(()) }
}

fn authority_of(text: &str) -> Result<Authority<'_>, Reason> {
    let (user_info, address) = match text.split_once('@') {
        Some((user_info, address)) => (Some(user_info), address),
        None => (None, text),
    };
    let (host, port) = if let Some(rest) = address.strip_prefix('[') {
        let (host, behind) = rest.split_once(']').ok_or(Reason::Host)?;
        let host: std::net::Ipv6Addr = host.parse().map_err(|_| Reason::Host)?;
        let port = match behind {
            "" => None,
            behind => Some(behind.strip_prefix(':').ok_or(Reason::Host)?),
        };
        (host.to_string(), port)
    } else {
        if address.matches(':').count() > 1 {
            return Err(Reason::HostBrackets);
        }
        let (host, port) = match address.split_once(':') {
            Some((host, port)) => (host, Some(port)),
            None => (address, None),
        };
        if host.is_empty() {
            return Err(Reason::NoHost);
        }
        if host.parse::<std::net::Ipv4Addr>().is_err() && !name::is_resolvable(host) {
            return Err(Reason::Host);
        }
        (host.to_owned(), port)
    };
    let port = port.map(|port| net::port(port).map_err(|_| Reason::UrlPort)).transpose()?;
    Ok(Authority { user_info, host, port })
}

/// Whether a pod that asks for this host asks itself.
fn is_pod_itself(host: &str) -> bool {
    let name = host.strip_suffix('.').unwrap_or(host).to_ascii_lowercase();
    match name.parse::<IpAddr>() {
        Ok(address) => address.is_loopback() || address.is_unspecified(),
        Err(_) => name == "localhost" || name.ends_with(".localhost"),
    }
}

fn decode(text: &str) -> Result<String, Reason> {
    let bytes = text.as_bytes();
    let well_formed = bytes.iter().enumerate().filter(|(_, byte)| **byte == b'%').all(|(at, _)| {
        bytes.get(at + 1..at + 3).is_some_and(|digits| digits.iter().all(u8::is_ascii_hexdigit))
    });
    if !well_formed {
        return Err(Reason::PercentEncoding);
    }
    let decoded = percent_decode_str(text).decode_utf8().map_err(|_| Reason::PercentEncoding)?;
    if decoded.contains(char::is_control) {
        return Err(Reason::PercentEncoding);
    }
    Ok(decoded.into_owned())
}
