//! No message, debug output or JSON ever shows a value.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use proptest::prelude::*;

use super::super::*;
use super::{GOOD, with};

const CANARY: &str = "Canary7f3a9cBird";

/// Everything that can be printed of a result.
fn printed(result: &Result<Checked, Report>) -> String {
    let mut text = format!("{result:?}");
    let problems = match result {
        Ok(checked) => checked.warnings.clone(),
        Err(report) => {
            text.push_str(&report.to_string());
            [report.errors.clone(), report.warnings.clone()].concat()
        }
    };
    for problem in &problems {
        text.push_str(&problem.to_string());
        text.push_str(&problem.hint().unwrap_or_default());
        text.push_str(&serde_json::to_string(problem).unwrap());
    }
    text
}

fn is_silent(result: &Result<Checked, Report>) {
    let text = printed(result);
    assert!(!text.contains(CANARY), "{text}");
    assert!(!text.contains(&STANDARD.encode(CANARY)), "{text}");
    for part in [&CANARY[..8], &CANARY[8..]] {
        assert!(!text.contains(part), "{text}");
    }
}

/// Keys whose values are secret.
fn secret_keys() -> impl Iterator<Item = &'static str> {
    KEYS.iter().filter(|spec| spec.secrecy != keys::Secrecy::Public).map(|spec| spec.name)
}

#[test]
fn accepted_secrets_are_not_shown() {
    let url = format!("'postgresql+asyncpg://hive:{CANARY}@db/hive'");
    let mut changes = vec![("DATABASE_URL", url.as_str())];
    changes.extend(secret_keys().filter(|key| *key != "DATABASE_URL").map(|key| (key, CANARY)));
    changes.push(("HIVE_SANDBOX_WORKSPACE_APPLY_RELAY_URL", "https://relay.acme.dev"));
    let result = super::load_text(&with(&changes));
    assert!(result.is_ok());
    is_silent(&result);
}

#[test]
fn a_secret_that_breaks_over_lines_is_not_shown() {
    for text in [
        format!("HIVE_INTERNAL_SECRET='abc\n{CANARY}=='\n"),
        format!("HIVE_INTERNAL_SECRET=abc\n{CANARY}==\n"),
        format!("HIVE_INTERNAL_SECRET=abc\n{CANARY}\n"),
        format!("HIVE_INTERNAL_SECRET=\n{CANARY}=\n"),
    ] {
        is_silent(&super::load_text(&text));
    }
}

#[test]
fn a_secret_on_the_command_line_is_not_shown() {
    for set in [CANARY.to_owned(), format!("DATABASE_URL={CANARY}"), format!("{CANARY}=x")] {
        is_silent(&load(&[Source::new("a.env", GOOD)], &[set], Profile::Platform));
    }
}

proptest! {
    #[test]
    fn a_refused_value_is_not_shown(
        key in 0..KEYS.len(),
        before in "[ab'\"\\\\$ #=:/@%?,\\[\\]\\n\\t\u{a0}\u{7f}0-9.]{0,6}",
        after in "[ab'\"\\\\$ #=:/@%?,\\[\\]\\n\\t\u{a0}\u{7f}0-9.]{0,6}",
        scheme in prop_oneof![Just(""), Just("postgresql+asyncpg://"), Just("https://")],
    ) {
        let literal = format!("{scheme}{before}{CANARY}{after}");
        let public = KEYS[key].secrecy == keys::Secrecy::Public;
        let result = super::load_text(&with(&[(KEYS[key].name, &literal)]));
        // An accepted public value is data, and `Debug` of the values shows it.
        if !(public && result.is_ok()) {
            is_silent(&result);
        }
    }
}
