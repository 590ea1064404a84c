//! Splits a values file into assignments with line numbers, and refuses what readers of env files
//! disagree about.
//!
//! The values themselves are read by `dotenvy`, one assignment at a time. On whole files it
//! substitutes `$NAME` without a word, from the process's environment too, prints the offending
//! line in its errors, knows no line numbers, and lets an open quote swallow the rest of the
//! file. So it only gets lines on which it cannot do any of that.

use secrecy::SecretString;

use super::keys::Key;
use super::reason::{Quote, Reason};

/// The largest file that is read, in bytes.
pub const MAX_BYTES: usize = 1 << 20;

/// A line that assigns a value to a key.
#[derive(Debug)]
pub struct Assignment {
    /// Counted from 1.
    pub line: u32,
    /// As written, known or not.
    pub name: String,
    /// The value, unquoted, or why it is refused.
    pub value: Result<SecretString, Reason>,
}

/// What a file holds.
#[derive(Debug, Default)]
pub struct Scan {
    /// In the file's order.
    pub assignments: Vec<Assignment>,
    /// Lines that are no assignment (`None`: the file as a whole).
    pub faults: Vec<(Option<u32>, Reason)>,
}

/// Splits `bytes` into assignments.
#[must_use]
pub fn scan(bytes: &[u8]) -> Scan {
    let mut scan = Scan::default();
    if bytes.len() > MAX_BYTES {
        scan.faults.push((None, Reason::TooLarge));
        return scan;
    }
    if bytes.starts_with(&[0xFF, 0xFE]) || bytes.starts_with(&[0xFE, 0xFF]) {
        scan.faults.push((None, Reason::Utf16));
        return scan;
    }
    let bytes = bytes.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(bytes);

    // Behind an open quote a line may belong to the value that was meant: it is only looked at
    // where it assigns to a known key, and its text is never reported.
    let mut behind_open_quote = false;
    for (number, raw) in (1..).zip(bytes.split(|byte| *byte == b'\n')) {
        if raw.contains(&0) {
            scan.faults.push((Some(number), Reason::NulByte));
            return scan;
        }
        let raw = raw.strip_suffix(b"\r").unwrap_or(raw);
        let parsed = match std::str::from_utf8(raw) {
            Ok(text) => split(text),
            Err(_) => Err(Reason::NotUtf8),
        };
        match parsed {
            Ok(None) => {}
            Ok(Some((name, rest))) => {
                if behind_open_quote && Key::from_name(name).is_none() {
                    continue;
                }
                let value = delimit(rest).and_then(|literal| read(name, literal));
                behind_open_quote = matches!(value, Err(Reason::OpenQuote { .. }));
                scan.assignments.push(Assignment { line: number, name: name.to_owned(), value });
            }
            Err(_) if behind_open_quote => {}
            Err(reason) => scan.faults.push((Some(number), reason)),
        }
    }
    scan
}

/// Name and rest of an assignment; `None` for blank lines and comments.
fn split(line: &str) -> Result<Option<(&str, &str)>, Reason> {
    let line = line.trim_matches([' ', '\t']);
    if line.is_empty() || line.starts_with('#') {
        return Ok(None);
    }
    let parse = |line: &'_ str| -> Option<(usize, usize)> {
        let end = line
            .find(|c: char| !(c.is_ascii_alphanumeric() || c == '_' || c == '.'))
            .unwrap_or(line.len());
        let blanks = line[end..].len() - line[end..].trim_start_matches([' ', '\t']).len();
        (line.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
            && line[end + blanks..].starts_with('='))
        .then_some((end, end + blanks + 1))
    };
    let exported = line
        .strip_prefix("export")
        .filter(|rest| rest.starts_with([' ', '\t']))
        .map(|rest| rest.trim_start_matches([' ', '\t']));
    // `export = x` assigns to a key named export.
    let line = exported.filter(|rest| parse(rest).is_some()).unwrap_or(line);
    let (end, value) = parse(line).ok_or(Reason::NotAnAssignment)?;
    Ok(Some((&line[..end], &line[value..])))
}

/// The literal of a value with its quotes, without blanks and comment around it.
fn delimit(rest: &str) -> Result<&str, Reason> {
    let text = rest.trim_start_matches([' ', '\t']);
    if text.starts_with('#') {
        let adjacent = text.len() == rest.len();
        return if adjacent { Err(Reason::ReadAsComment) } else { Ok("") };
    }
    let mut chars = text.char_indices();
    let mut escaped_end = 0;
    while let Some((at, c)) = chars.next() {
        match c {
            ' ' | '\t' => {
                let behind = text[at..].trim_start_matches([' ', '\t']);
                return if !behind.is_empty() && !behind.starts_with('#') {
                    Err(Reason::UnquotedBlank)
                } else {
                    trailing_escape(text, at, escaped_end)
                };
            }
            '\'' => single_quoted(&mut chars)?,
            '"' => double_quoted(&mut chars)?,
            '\\' => {
                escape(chars.next().map(|(_, c)| c))?;
                escaped_end = chars.offset();
            }
            '$' => return Err(Reason::Dollar),
            c if c.is_control() => return Err(Reason::ControlCharacter),
            c if c.is_whitespace() || is_invisible(c) => return Err(Reason::InvisibleCharacter),
            _ => {}
        }
    }
    trailing_escape(text, text.len(), escaped_end)
}

/// An escaped blank at the very end would be trimmed by the reader and leave a lone backslash.
fn trailing_escape(text: &str, end: usize, escaped_end: usize) -> Result<&str, Reason> {
    let literal = &text[..end];
    if escaped_end == end && literal.ends_with(' ') { Err(Reason::Backslash) } else { Ok(literal) }
}

fn single_quoted(chars: &mut std::str::CharIndices<'_>) -> Result<(), Reason> {
    let mut last = '\'';
    for (_, c) in chars.by_ref() {
        match c {
            '\'' if last == '\\' => return Err(Reason::BackslashBeforeQuote),
            '\'' => return Ok(()),
            c if c.is_control() && c != '\t' => return Err(Reason::ControlCharacter),
            c => last = c,
        }
    }
    Err(Reason::OpenQuote { quote: Quote::Single })
}

fn double_quoted(chars: &mut std::str::CharIndices<'_>) -> Result<(), Reason> {
    while let Some((_, c)) = chars.next() {
        match c {
            '"' => return Ok(()),
            '\\' => escape(chars.next().map(|(_, c)| c))?,
            '$' => return Err(Reason::Dollar),
            c if c.is_control() && c != '\t' => return Err(Reason::ControlCharacter),
            _ => {}
        }
    }
    Err(Reason::OpenQuote { quote: Quote::Double })
}

/// The reader also knows `\n`, which becomes a line break; no value has one.
const fn escape(c: Option<char>) -> Result<(), Reason> {
    match c {
        Some('\\' | '\'' | '"' | '$' | ' ') => Ok(()),
        _ => Err(Reason::Backslash),
    }
}

/// Characters without width, which come along with copied text.
const fn is_invisible(c: char) -> bool {
    matches!(c, '\u{AD}' | '\u{200B}'..='\u{200F}' | '\u{202A}'..='\u{202E}' | '\u{2060}'..='\u{2069}' | '\u{FEFF}')
}

fn read(name: &str, literal: &str) -> Result<SecretString, Reason> {
    let line = format!("{name}={literal}");
    // Its errors print the line: drop them.
    match dotenvy::from_read_iter(line.as_bytes()).next() {
        Some(Ok((_, value))) => Ok(value.into()),
        Some(Err(_)) | None => Err(Reason::Unreadable),
    }
}
