//! Text from a cluster that a terminal can be given.

use std::borrow::Cow;

/// The text without escape sequences, control characters, and characters that change the order or
/// hide the presence of others. Line breaks (`\n`, `\r\n`) and tabs stay.
///
/// Names, messages and log lines are written by whoever may create objects; printed as they are,
/// they could repaint the screen or forge a line of ours.
#[must_use]
pub fn sanitize(text: &str) -> Cow<'_, str> {
    if is_plain(text) || !text.contains(is_unwanted) {
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
    if is_plain(text) {
        return text.to_owned();
    }
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

/// Whether a text is printable ASCII, line breaks and tabs, as nearly all of a large output is. Looks
/// at eight bytes at once: character by character it would take longer than making the output.
fn is_plain(text: &str) -> bool {
    const fn each(byte: u8) -> u64 {
        u64::from_ne_bytes([byte; 8])
    }
    // The top bit of a byte is set if it is below a space, DEL, or not ASCII. Of a word with such a
    // byte the others may be wrong, so it is looked at again.
    let odd = |word: u64| {
        let below = word.wrapping_sub(each(b' ')) & !word;
        (below | word | word.wrapping_add(each(1))) & each(0x80) != 0
    };
    let plain = |byte: &u8| matches!(byte, b' '..=b'~' | b'\n' | b'\t');
    let (words, rest) = text.as_bytes().as_chunks::<8>();
    let fine = |word: &[u8; 8]| !odd(u64::from_ne_bytes(*word)) || word.iter().all(plain);
    words.iter().all(fine) && rest.iter().all(plain)
}

#[cfg(test)]
mod tests {
    use super::{is_plain, is_unwanted};

    #[test]
    fn plain_text_is_told_wherever_the_odd_character_stands() {
        for code in 0..0x2_0000 {
            let Some(c) = char::from_u32(code) else { continue };
            for at in if code < 0x300 { 0..20 } else { 9..10 } {
                let text = format!("{}{c}{}", "a".repeat(at), "~".repeat(19 - at));
                let plain = is_plain(&text);
                assert!(!plain || !is_unwanted(c), "{c:?} at {at}");
                assert_eq!(plain, matches!(c, ' '..='~' | '\n' | '\t'), "{c:?} at {at}");
            }
        }
    }
}
