//! Values that only stand for what the reader has to fill in.

use std::borrow::Cow;

/// Whether a value is, or contains, such a stand-in.
pub fn is_placeholder(value: &str) -> bool {
    is_word(value)
        || is_host(value)
        || url_parts(value).into_iter().flatten().any(|part| is_word(&part) || is_host(&part))
        || image_tag(value).is_some_and(is_word)
}

fn is_word(text: &str) -> bool {
    let text = text.to_ascii_lowercase();
    ["replace-", "replace_", "replace "].iter().any(|start| text.starts_with(start))
        || matches!(text.as_str(), "change-me" | "change_me" | "changeme" | "openhive-example-tls")
        || (text.starts_with('<') && text.ends_with('>'))
}

/// A host of the names that RFC 2606 reserves for examples, less those that people do use in tests.
fn is_host(text: &str) -> bool {
    let text = text.trim_end_matches('.').to_ascii_lowercase();
    ["example", "example.com"].iter().any(|reserved| {
        text.strip_suffix(reserved).is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
    }) && !text.contains(char::is_whitespace)
}

/// User, password and host of a URL.
fn url_parts(value: &str) -> [Option<Cow<'_, str>>; 3] {
    let Some((_, rest)) = value.split_once("://") else { return [None, None, None] };
    let (user_info, address) = rest.rsplit_once('@').map_or((None, rest), |(u, a)| (Some(u), a));
    let host = address.split(['/', '?', ':']).next().map(Cow::Borrowed);
    let (user, password) = match user_info.map(|info| info.split_once(':').unwrap_or((info, ""))) {
        Some((user, password)) => (Some(user), Some(password)),
        None => (None, None),
    };
    let decoded = |text| percent_encoding::percent_decode_str(text).decode_utf8_lossy();
    [user.map(decoded), password.map(decoded), host]
}

/// What stands behind the last colon of an image reference.
fn image_tag(value: &str) -> Option<&str> {
    let (name, tag) = value.rsplit_once(':')?;
    (name.contains('/') && !tag.contains('/')).then_some(tag)
}
