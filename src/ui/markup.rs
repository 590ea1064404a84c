//! Text of others inside Markdown.

use std::fmt::Write as _;

/// GitHub refuses a comment of more than 65 536 characters; details are left out beyond this many.
pub(super) const BUDGET: usize = 60_000;

/// A fence longer than any run of backticks in the text.
pub(super) fn fenced(out: &mut String, language: &str, content: &str) {
    let fence = "`".repeat(longest_run(content).max(2) + 1);
    let _ = writeln!(out, "{fence}{language}\n{content}\n{fence}");
}

/// A code span in a table's cell, where a bar ends the cell even inside code.
pub(super) fn cell_code(content: &str) -> String {
    code(content).replace('|', "\\|")
}

/// A code span.
pub(super) fn code(content: &str) -> String {
    let content = content.replace(['\n', '\r'], " ");
    let fence = "`".repeat(longest_run(&content) + 1);
    let pad = if content.starts_with('`') || content.ends_with('`') { " " } else { "" };
    format!("{fence}{pad}{content}{pad}{fence}")
}

fn longest_run(text: &str) -> usize {
    let mut longest = 0;
    let mut run = 0;
    for c in text.chars() {
        run = if c == '`' { run + 1 } else { 0 };
        longest = longest.max(run);
    }
    longest
}

/// Plain text in which nothing is markup.
pub(super) fn text(plain: &str) -> String {
    let mut escaped = String::with_capacity(plain.len());
    for c in html(plain).chars() {
        match c {
            '\\' | '`' | '*' | '_' | '|' | '[' | ']' | '#' | '~' => {
                escaped.push('\\');
                escaped.push(c);
            }
            '\n' | '\r' => escaped.push(' '),
            // A name behind an at sign would be notified.
            '@' => escaped.push_str("&#64;"),
            _ => escaped.push(c),
        }
    }
    escaped
}

pub(super) fn html(plain: &str) -> String {
    plain.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_breaks_out_of_a_cell() {
        assert_eq!(cell_code("a|b"), "`a\\|b`");
        assert_eq!(code("a|b"), "`a|b`");
        assert_eq!(code("a`b"), "``a`b``");
        assert_eq!(code("`a``"), "``` `a`` ```");
        assert_eq!(code("a\nb"), "`a b`");
        assert_eq!(text("a|b <b> @c `d`"), "a\\|b &lt;b&gt; &#64;c \\`d\\`");
    }

    #[test]
    fn nothing_breaks_out_of_a_fence() {
        let mut out = String::new();
        fenced(&mut out, "diff", "a\n```\nb");
        assert_eq!(out, "````diff\na\n```\nb\n````\n");
    }
}
