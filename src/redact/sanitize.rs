//! Text from a cluster that a terminal can be given.

use std::borrow::Cow;

/// The text without escape sequences, control characters, and characters that change the order or
/// hide the presence of others. Line breaks (`\n`, `\r\n`) and tabs stay.
///
/// Names, messages and log lines are written by whoever may create objects; printed as they are,
/// they could repaint the screen or forge a line of ours.
#[must_use]
pub fn sanitize(text: &str) -> Cow<'_, str> {
    if !text.contains(is_unwanted) {
        return Cow::Borrowed(text);
    }
    let plain = console::strip_ansi_codes(text);
    let mut chars = plain.chars().peekable();
    let mut out = String::with_capacity(plain.len());
    while let Some(c) = chars.next() {
        if !is_unwanted(c) || (c == '\r' && chars.peek() == Some(&'\n')) {
            out.push(c);
        }
    }
    Cow::Owned(out)
}

/// [`sanitize`] that lets colours and bold stay, for text that the program styled itself.
#[must_use]
pub fn sanitize_styled(text: &str) -> String {
    let is_style = |code: &str| {
        let parameters = code.strip_prefix("\u{1b}[").and_then(|code| code.strip_suffix('m'));
        parameters.is_some_and(|p| p.bytes().all(|b| b.is_ascii_digit() || b == b';'))
    };
    console::AnsiCodeIterator::new(text)
        .map(
            |(part, is_code)| {
                if is_code && is_style(part) { Cow::Borrowed(part) } else { sanitize(part) }
            },
        )
        .collect()
}

fn is_unwanted(c: char) -> bool {
    match c {
        '\n' | '\t' => false,
        // Direction marks, embeddings, overrides and isolates; line and paragraph separators.
        '\u{61C}' | '\u{200E}' | '\u{200F}' | '\u{2028}'..='\u{202E}' | '\u{2066}'..='\u{2069}' => {
            true
        }
        // Without width.
        '\u{200B}'..='\u{200D}' | '\u{2060}' | '\u{FEFF}' | '\u{E0000}'..='\u{E007F}' => true,
        c => c.is_control(),
    }
}
