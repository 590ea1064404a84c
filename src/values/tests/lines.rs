//! The scanner: which lines it takes, which it refuses, and that `dotenvy` agrees.

use proptest::prelude::*;
use secrecy::ExposeSecret;

use super::super::reason::{Quote, Reason};
use super::super::scan::{MAX_BYTES, Scan, scan};
use super::super::template::quote;

/// The value of the only line, or why it is refused.
fn value(line: &str) -> Result<String, Reason> {
    let scan = scan(line.as_bytes());
    if let Some((_, reason)) = scan.faults.into_iter().next() {
        return Err(reason);
    }
    assert_eq!(scan.assignments.len(), 1, "{line}");
    let assignment = scan.assignments.into_iter().next().unwrap();
    assert_eq!(assignment.name, "A", "{line}");
    assignment.value.map(|value| value.expose_secret().to_owned())
}

#[test]
fn lines_are_read_as_a_shell_reads_them() {
    for (line, expected) in [
        ("A=b", "b"),
        ("export A=b", "b"),
        ("export\tA=b", "b"),
        ("  A = b  ", "b"),
        ("A=", ""),
        ("A= # comment", ""),
        ("A=b # don't", "b"),
        ("A=b   # don't \\ $x", "b"),
        ("A=b#c", "b#c"),
        ("A=b=c", "b=c"),
        ("A='b $c \\d # \"'", "b $c \\d # \""),
        ("A=\"b \\$c \\\\ \\\" ' #\"", "b $c \\ \" ' #"),
        ("A=b\\ c\\$\\'", "b c$'"),
        ("A=b'c d'\"e f\"g", "bc de fg"),
        ("A=''", ""),
        ("A=ü☃", "ü☃"),
        ("A='\u{a0}\t'", "\u{a0}\t"),
        ("\u{feff}A=b", "b"),
        ("A=b\r\n", "b"),
        ("A='b'\r\n# c\r\n\r\n", "b"),
    ] {
        assert_eq!(value(line), Ok(expected.to_owned()), "{line:?}");
    }
}

#[test]
fn what_readers_disagree_about_is_refused() {
    let open = |quote| Reason::OpenQuote { quote };
    for (line, reason) in [
        ("A=pa$word", Reason::Dollar),
        ("A=$HOME", Reason::Dollar),
        ("A=\"${HOME}\"", Reason::Dollar),
        ("A=b\\nc", Reason::Backslash),
        ("A=\"b\\nc\"", Reason::Backslash),
        ("A=b\\", Reason::Backslash),
        ("A=b\\ ", Reason::Backslash),
        ("A=b\\  # c", Reason::Backslash),
        ("A='pa\\'", Reason::BackslashBeforeQuote),
        ("A='pa\\\\'", Reason::BackslashBeforeQuote),
        ("A='b", open(Quote::Single)),
        ("A=b\"c", open(Quote::Double)),
        ("A=\"b\\\"", open(Quote::Double)),
        ("A=b c", Reason::UnquotedBlank),
        ("A='b' c", Reason::UnquotedBlank),
        ("A=#b", Reason::ReadAsComment),
        ("A=b\u{a0}#c", Reason::InvisibleCharacter),
        ("A=b\u{200b}", Reason::InvisibleCharacter),
        ("A=b\rc", Reason::ControlCharacter),
        ("A='b\u{1b}'", Reason::ControlCharacter),
        ("A=\"b\u{85}\"", Reason::ControlCharacter),
        ("A", Reason::NotAnAssignment),
        ("=b", Reason::NotAnAssignment),
        ("1A=b", Reason::NotAnAssignment),
        ("A-B=c", Reason::NotAnAssignment),
        ("export A", Reason::NotAnAssignment),
        ("\u{a0}A=b", Reason::NotAnAssignment),
        ("A=\0", Reason::NulByte),
    ] {
        assert_eq!(value(line), Err(reason), "{line:?}");
    }
}

#[test]
fn files_that_are_no_text_are_refused_as_a_whole() {
    let large = vec![b'#'; MAX_BYTES + 1];
    let utf16 = b"\xff\xfeA\0=\0b\0";
    for (bytes, line, reason) in [
        (large.as_slice(), None, Reason::TooLarge),
        (utf16.as_slice(), None, Reason::Utf16),
        (b"A=b\nB=\xff\n".as_slice(), Some(2), Reason::NotUtf8),
    ] {
        assert_eq!(scan(bytes).faults, [(line, reason)]);
    }
    assert_eq!(scan(&vec![b'#'; MAX_BYTES]).faults, []);
}

#[test]
fn a_quote_left_open_hides_no_later_line() {
    let text = "DATABASE_URL='a\nrest-of-a-secret\nbm9wZQ==\nHIVE_ADMIN_USERNAME=admin\nbad line\n";
    let Scan { assignments, faults } = scan(text.as_bytes());
    let names: Vec<_> = assignments.iter().map(|a| (a.line, a.name.as_str())).collect();
    assert_eq!(names, [(1, "DATABASE_URL"), (4, "HIVE_ADMIN_USERNAME")]);
    assert_eq!(faults, [(Some(5), Reason::NotAnAssignment)]);
}

/// A reading of accepted literals that owes nothing to `dotenvy`.
fn unquoted(literal: &str) -> String {
    let mut value = String::new();
    let mut open = None;
    let mut chars = literal.chars();
    while let Some(c) = chars.next() {
        match (open, c) {
            (None, '\'' | '"') => open = Some(c),
            (Some(quote), c) if quote == c => open = None,
            (Some('\''), c) => value.push(c),
            (None, ' ' | '\t') => break,
            (_, '\\') => value.extend(chars.next()),
            (_, c) => value.push(c),
        }
    }
    value
}

/// Lines of the characters that matter.
fn tricky_line() -> impl Strategy<Value = String> {
    ("(export )?[ABexport]{1,3} ?= ?", "[ab#'\"\\\\$ =\tü]{0,10}").prop_map(|(k, v)| k + &v)
}

proptest! {
    #[test]
    fn any_value_can_be_written_and_read(text in "[^\\p{Cc}]{0,40}") {
        let literal = quote(&text).unwrap();
        prop_assert_eq!(value(&format!("A={literal}")), Ok(text.clone()));
        prop_assert_eq!(value(&format!("export A={literal}  # it's")), Ok(text));
    }

    #[test]
    fn an_accepted_literal_means_what_it_says(text in "[ab#'\"\\\\$ \t]{0,8}") {
        if let Ok(read) = value(&format!("A={text}"))
            && !text.trim_start().starts_with('#')
        {
            prop_assert_eq!(unquoted(text.trim_start()), read);
        }
    }

    #[test]
    fn the_whole_file_means_the_same_to_dotenvy(
        lines in prop::collection::vec(tricky_line(), 0..5),
    ) {
        let text: String = lines.iter().map(|line| format!("{line}\n")).collect();
        let Scan { assignments, faults } = scan(text.as_bytes());
        // It lets a comment with a quote in it open a quote, which we do not.
        let refused = !faults.is_empty() || assignments.iter().any(|a| a.value.is_err());
        if !refused && !text.contains('#') {
            let ours: Vec<_> = assignments
                .into_iter()
                .map(|a| (a.name, a.value.unwrap().expose_secret().to_owned()))
                .collect();
            let theirs: Vec<_> = dotenvy::from_read_iter(text.as_bytes())
                .map(|pair| pair.map_err(|e| TestCaseError::fail(format!("{text:?} {e}"))))
                .collect::<Result<_, _>>()?;
            prop_assert_eq!(ours, theirs);
        }
    }

    #[test]
    fn no_line_that_is_accepted_is_unreadable(line in tricky_line()) {
        for assignment in scan(line.as_bytes()).assignments {
            prop_assert_ne!(assignment.value.map(|_| ()), Err(Reason::Unreadable));
        }
    }

    #[test]
    fn arbitrary_bytes_are_only_reported(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        let source = super::Source::new("x", bytes);
        let _ = super::load(&[source], &[], super::Profile::Platform);
    }

    #[test]
    fn arbitrary_values_are_only_reported(key in 0..super::KEYS.len(), text in "\\PC{0,40}") {
        let line = format!("{}={}", super::KEYS[key].name, quote(&text).unwrap());
        let _ = super::load_text(&line);
    }
}
