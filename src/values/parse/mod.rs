//! One function per kind of value: text to a typed value, or why not.

pub mod image;
pub mod name;
pub mod net;
pub mod quantity;
pub mod url;

use super::model::{CodingBackend, SecretName};
use super::reason::Reason;

/// Why a value is refused, and which entry of a list it is about.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Fault {
    /// Counted from 1; absent where the value is no list.
    pub entry: Option<usize>,
    /// Why.
    pub reason: Reason,
}

impl From<Reason> for Fault {
    fn from(reason: Reason) -> Self {
        Self { entry: None, reason }
    }
}

/// The entries of a list that commas separate; blanks around them do not count.
pub fn list<T>(text: &str, parse: impl Fn(&str) -> Result<T, Reason>) -> Result<Vec<T>, Fault> {
    text.split(',')
        .map(str::trim)
        .enumerate()
        .map(|(index, entry)| {
            let parsed = if entry.is_empty() { Err(Reason::EmptyEntry) } else { parse(entry) };
            parsed.map_err(|reason| Fault { entry: Some(index + 1), reason })
        })
        .collect()
}

/// `HIVE_SANDBOX_CODING_BACKEND`.
pub fn coding_backend(text: &str) -> Result<CodingBackend, Reason> {
    [CodingBackend::CodexCli, CodingBackend::RelayHelper, CodingBackend::DeterministicProof]
        .into_iter()
        .find(|backend| backend.as_str() == text)
        .ok_or(Reason::NotOneOf)
}

/// `OPENHIVE_IMAGE_PULL_SECRET`.
pub fn secret_name(text: &str) -> Result<SecretName, Reason> {
    let (namespace, secret) = text.split_once('/').ok_or(Reason::Name)?;
    Ok(SecretName { namespace: name::label(namespace)?, name: name::subdomain(secret)? })
}

/// `OPENHIVE_RUN_AS_USER`: what `securityContext.runAsUser` takes, without root.
pub fn user_id(text: &str) -> Result<u32, Reason> {
    if text.is_empty() || !text.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(Reason::Number);
    }
    match text.parse::<u32>() {
        Ok(0) => Err(Reason::Root),
        Ok(id) if id <= i32::MAX.unsigned_abs() => Ok(id),
        _ => Err(Reason::Number),
    }
}

/// A line of text for people.
pub fn text(text: &str) -> Result<String, Reason> {
    if text.trim() == text { Ok(text.to_owned()) } else { Err(Reason::OuterBlank) }
}

/// A text without blanks.
pub fn word(text: &str) -> Result<String, Reason> {
    if text.contains(char::is_whitespace) { Err(Reason::Name) } else { Ok(text.to_owned()) }
}

/// Letters, digits, `-` and `_`.
pub fn identifier(text: &str) -> Result<String, Reason> {
    let valid = text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_');
    if valid { Ok(text.to_owned()) } else { Err(Reason::Name) }
}

/// One of some words.
pub fn one_of(text: &str, words: &[&str]) -> Result<String, Reason> {
    if words.contains(&text) { Ok(text.to_owned()) } else { Err(Reason::NotOneOf) }
}
