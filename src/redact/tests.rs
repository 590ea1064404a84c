#![allow(clippy::unwrap_used)]

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use proptest::prelude::*;
use serde_json::json;

use super::*;

const SECRET: &str = "pä\"ss/w<o>rd&'\\=1";

fn knowing<'a>(credentials: impl IntoIterator<Item = &'a str>) -> Redactor {
    let mut redactor = Redactor::default();
    redactor.learn_all(credentials);
    redactor
}

fn redactor() -> Redactor {
    knowing([SECRET])
}

#[test]
fn every_form_of_a_credential_is_removed() {
    let forms = [
        SECRET.to_owned(),
        STANDARD.encode(SECRET),
        STANDARD.encode(format!("{SECRET}\n")),
        "p%C3%A4%22ss%2Fw%3Co%3Erd%26%27%5C%3D1".to_owned(),
        "p%c3%a4%22ss%2fw%3co%3erd%26%27%5c%3d1".to_owned(),
        "p%C3%A4%22ss/w%3Co%3Erd%26%27%5C%3D1".to_owned(),
        r#"pä\"ss/w<o>rd&'\\=1"#.to_owned(),
        r#"pä\"ss/w\u003co\u003erd\u0026'\\=1"#.to_owned(),
        r#"p\u00e4\"ss/w<o>rd&'\\=1"#.to_owned(),
        r#"pä\\\"ss/w<o>rd&'\\\\=1"#.to_owned(),
        r#"pä"ss/w<o>rd&\'\\=1"#.to_owned(),
        r#"pä"ss/w<o>rd&''\=1"#.to_owned(),
    ];
    for form in forms {
        assert_eq!(redactor().text(&format!("a {form} b")), "a [redacted] b", "{form}");
    }
}

#[test]
fn short_credentials_are_left_alone() {
    assert_eq!(knowing(["admin", "1234567"]).text("admin 1234567"), "admin 1234567");
}

#[test]
fn text_without_credentials_is_not_copied() {
    assert!(matches!(redactor().clean("nothing to see"), Cow::Borrowed(_)));
}

#[test]
fn of_overlapping_credentials_nothing_is_left() {
    let redactor = knowing(["abcdefgh", "abcdefghijkl", "ghijklmnop"]);
    assert_eq!(redactor.text("-abcdefghijkl-"), "-[redacted]-");
    assert_eq!(redactor.text("-abcdefghijklmnop-"), "-[redacted]-");
}

#[test]
fn a_credential_that_resembles_the_marker_is_removed_once() {
    let redactor = knowing(["redacted", "x[redact"]);
    assert_eq!(redactor.text("a redacted b"), "a [redacted] b");
    assert_eq!(redactor.text("[redacted]"), "[redacted]");
    assert_eq!(redactor.text("xredacted"), "[redacted]");
}

#[test]
fn credentials_learnt_later_are_removed_too() {
    let mut redactor = redactor();
    assert_eq!(redactor.text("learnt-later"), "learnt-later");
    redactor.learn(b"\xff\xfe\xfd\xfc\xfb\xfa\xf9\xf8");
    redactor.learn("learnt-later");
    assert_eq!(redactor.text("learnt-later"), MARKER);
    assert_eq!(redactor.text("//79/Pv6+fg="), MARKER);
    assert_eq!(redactor.text(SECRET), MARKER);
}

#[test]
fn a_key_of_many_lines_is_removed_line_by_line() {
    let redactor = knowing([
        "-----BEGIN PRIVATE KEY-----\nMC4CAQAwBQYDK2VwBCIEIAbc\n-----END PRIVATE KEY-----\n",
    ]);
    assert_eq!(redactor.text("log: MC4CAQAwBQYDK2VwBCIEIAbc"), "log: [redacted]");
    assert_eq!(redactor.text("-----END PRIVATE KEY-----"), "-----END PRIVATE KEY-----");
}

#[test]
fn an_escape_sequence_does_not_hide_a_credential() {
    let redactor = knowing(["hunter2hunter2"]);
    assert_eq!(redactor.clean("hunter2\u{1b}[31mhunt\u{200b}er2"), MARKER);
}

#[test]
fn json_keeps_its_structure() {
    let mut value = json!({
        "a": ["x hunter2hunter2 y", 1, true, null],
        "hunter2hunter2": "first",
        "[redacted]": "second",
    });
    knowing(["hunter2hunter2"]).clean_json(&mut value);
    assert_eq!(
        value,
        json!({
            "a": ["x [redacted] y", 1, true, null],
            "[redacted]": "first",
            "[redacted]-2": "second",
        })
    );
}

#[test]
fn debug_output_shows_no_credential() {
    assert_eq!(format!("{:?}", redactor()), "Redactor { .. }");
}

#[test]
fn a_terminal_cannot_be_fooled() {
    let forged = "ok\r\u{1b}[2K\u{1b}]0;title\u{7}✗ \u{202e}drow\u{9b}1m\u{85}\u{2028}\tend\n";
    assert_eq!(sanitize(forged), "ok✗ drow\tend\n");
    // Lines of CSV end like this.
    assert_eq!(sanitize("a\r\nb\rc\r\n"), "a\r\nbc\r\n");
}

#[test]
fn only_styles_survive_in_styled_text() {
    let forged = "\u{1b}[1;31mred\u{1b}[0m \u{1b}[2Kx\u{1b}[8;5Hy\u{1b}]0;t\u{7}\r\u{9b}31m";
    assert_eq!(sanitize_styled(forged), "\u{1b}[1;31mred\u{1b}[0m xy");
    let redactor = knowing(["hunter2hunter2"]);
    let styled = redactor.clean_styled("\u{1b}[31mhunter2hunter2\u{1b}[0m");
    assert_eq!(styled, "\u{1b}[31m[redacted]\u{1b}[0m");
}

fn credential() -> impl Strategy<Value = String> {
    prop_oneof!["[ -~]{8,20}", "\\PC{8,16}", "[ab]{8,10}", "[redact\\[\\]]{8,12}"]
}

proptest! {
    #[test]
    fn no_credential_survives(
        credentials in prop::collection::vec(credential(), 1..4),
        around in "\\PC{0,12}",
    ) {
        let redactor = knowing(credentials.iter().map(String::as_str));
        for credential in &credentials {
            let json = serde_json::Value::from(credential.as_str()).to_string();
            let url = percent_encoding::utf8_percent_encode(
                credential, percent_encoding::NON_ALPHANUMERIC).to_string();
            for form in [credential.clone(), STANDARD.encode(credential), json, url] {
                let text = format!("{around}{form}{around}");
                for cleaned in [redactor.text(&text), redactor.clean(&text)] {
                    let rest = cleaned.replace(MARKER, "\n");
                    prop_assert!(!rest.contains(credential.as_str()));
                    prop_assert!(!rest.contains(&STANDARD.encode(credential)));
                    prop_assert_eq!(redactor.text(&cleaned), cleaned.as_ref());
                }
            }
        }
    }

    #[test]
    fn sanitizing_twice_changes_nothing(text in any::<String>()) {
        let once = sanitize(&text).into_owned();
        prop_assert_eq!(sanitize(&once), once.as_str());
        prop_assert!(!once.contains(|c: char| c.is_control() && c != '\n' && c != '\t'));
    }
}
