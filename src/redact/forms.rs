//! The forms in which a credential may turn up in text.

use std::collections::BTreeSet;

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD, URL_SAFE, URL_SAFE_NO_PAD};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use super::sanitize;

/// Python's `quote`, Go's `QueryEscape` and others keep these.
const UNRESERVED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');
/// Python's `quote` with its default argument keeps the slash.
const PATH: &AsciiSet = &UNRESERVED.remove(b'/');
/// JavaScript's `encodeURIComponent`.
const COMPONENT: &AsciiSet =
    &UNRESERVED.remove(b'!').remove(b'*').remove(b'\'').remove(b'(').remove(b')');
/// What RFC 3986 lets stand in the user part of a URL, as Go writes it.
const USER_INFO: &AsciiSet =
    &UNRESERVED.remove(b'$').remove(b'&').remove(b'+').remove(b',').remove(b';').remove(b'=');

/// A line of a longer secret (a key in PEM form) is long; its head and foot are no secret.
const MIN_LINE_BYTES: usize = 16;

/// All forms of `credential`, of any length; empty for one under the shortest.
pub fn of(credential: &[u8]) -> BTreeSet<Vec<u8>> {
    let mut forms = BTreeSet::new();
    if credential.len() < super::MIN_CREDENTIAL_BYTES {
        return forms;
    }
    base64_forms(credential, &mut forms);
    let Ok(text) = std::str::from_utf8(credential) else { return forms };
    text_forms(text, &mut forms);
    // Output is cut into lines and loses its control characters before it is searched.
    let clean = sanitize(text);
    if clean != text {
        text_forms(&clean, &mut forms);
    }
    if clean.contains('\n') {
        for line in clean.lines().map(str::trim) {
            if line.len() >= MIN_LINE_BYTES && !line.starts_with("-----") {
                text_forms(line, &mut forms);
            }
        }
    }
    forms
}

/// Also with the line break that `echo secret | base64` encodes.
fn base64_forms(credential: &[u8], forms: &mut BTreeSet<Vec<u8>>) {
    let with_break = [credential, b"\n"].concat();
    for bytes in [credential, &with_break] {
        for engine in [STANDARD, STANDARD_NO_PAD, URL_SAFE, URL_SAFE_NO_PAD] {
            forms.insert(engine.encode(bytes).into_bytes());
        }
    }
}

fn text_forms(text: &str, forms: &mut BTreeSet<Vec<u8>>) {
    let mut add = |form: String| {
        forms.insert(form.into_bytes());
    };
    for set in [NON_ALPHANUMERIC, UNRESERVED, PATH, COMPONENT, USER_INFO] {
        let encoded = utf8_percent_encode(text, set).to_string();
        add(lower_hex(&encoded));
        add(encoded.replace("%20", "+"));
        add(encoded);
    }
    for escape in [json, go_json, ascii_json] {
        let once = escape(text);
        // A log line in JSON that quotes a body in JSON.
        add(escape(&once));
        add(once.replace('/', "\\/"));
        add(once);
    }
    // Python's repr, and single quotes in YAML.
    add(text.replace('\\', "\\\\").replace('\'', "\\'"));
    add(text.replace('\'', "''"));
    add(text.to_owned());
}

/// `%2F` as `%2f`.
fn lower_hex(encoded: &str) -> String {
    let mut digits = 0;
    encoded
        .chars()
        .map(|c| match c {
            '%' => {
                digits = 2;
                c
            }
            c if digits > 0 => {
                digits -= 1;
                c.to_ascii_lowercase()
            }
            c => c,
        })
        .collect()
}

/// The content of a JSON string.
fn json(text: &str) -> String {
    let quoted = serde_json::Value::from(text).to_string();
    quoted[1..quoted.len() - 1].to_owned()
}

/// Go escapes for HTML as well.
fn go_json(text: &str) -> String {
    json(text)
        .replace('<', "\\u003c")
        .replace('>', "\\u003e")
        .replace('&', "\\u0026")
        .replace('\u{2028}', "\\u2028")
        .replace('\u{2029}', "\\u2029")
}

/// Python's default: nothing but ASCII.
fn ascii_json(text: &str) -> String {
    let mut escaped = String::new();
    for c in json(text).chars() {
        if c.is_ascii() && c != '\x7f' {
            escaped.push(c);
        } else {
            let mut units = [0; 2];
            for unit in c.encode_utf16(&mut units) {
                escaped.push_str(&format!("\\u{unit:04x}"));
            }
        }
    }
    escaped
}
