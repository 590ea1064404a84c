//! The table of keys, the example, and the documentation say the same.

use super::super::keys::{Need, Secrecy};
use super::super::*;
use super::load_text;

const EXAMPLE: &str = include_str!("../../../values.env.example");
const DOCS: &str = include_str!("../../../docs/values.md");

/// Compares a file with what the table makes of it; with `UPDATE_EXPECT=1` writes it instead.
fn is_current(path: &str, is: &str, made: &str) {
    if std::env::var_os("UPDATE_EXPECT").is_some() {
        std::fs::write(std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join(path), made).unwrap();
    } else {
        assert!(is == made, "{path} is not what the table makes; UPDATE_EXPECT=1 writes it");
    }
}

#[test]
fn the_table_is_in_the_order_of_the_keys() {
    for (index, spec) in KEYS.iter().enumerate() {
        assert_eq!(spec.key as usize, index);
        assert_eq!(Key::from_name(spec.name), Some(spec.key));
        assert_eq!(spec.default.is_empty(), spec.need != Need::Optional, "{}", spec.name);
    }
}

#[test]
fn every_key_of_the_sandbox_is_in_the_table() {
    for key in SandboxKey::ALL {
        let spec = Key::from_name(key.values_key()).unwrap().spec();
        assert_eq!(spec.secrecy == Secrecy::Credential, key.is_credential(), "{}", spec.name);
        assert_eq!(spec.need, Need::Optional);
    }
}

#[test]
fn the_example_is_the_one_that_the_table_makes() {
    is_current("values.env.example", EXAMPLE, &template::example());
}

#[test]
fn the_placeholders_of_the_example_are_refused_together_by_line() {
    let report =
        load(&[Source::new("values.env.example", EXAMPLE)], &[], Profile::Platform).unwrap_err();
    let found: Vec<_> = report
        .errors
        .iter()
        .map(|p| (p.place.clone().unwrap().line.unwrap(), p.key.clone().unwrap(), p.reason.clone()))
        .collect();
    let expected: Vec<_> = (1..)
        .zip(EXAMPLE.lines())
        .filter(|(_, line)| !line.starts_with('#') && !line.is_empty())
        .map(|(number, line)| (number, line.split('=').next().unwrap().to_owned()))
        .filter(|(_, key)| key != "HIVE_ADMIN_USERNAME" && key != "OPENHIVE_INGRESS_CLASS")
        .map(|(number, key)| (number, key, Reason::Placeholder))
        .collect();
    assert_eq!(expected.len(), 10);
    assert_eq!(found, expected);
}

#[test]
fn every_example_that_is_no_placeholder_is_valid() {
    let all = template::write(|key| Some(key.spec().example.to_owned()));
    let report = load_text(&all).unwrap_err();
    for problem in report.errors {
        assert_eq!(problem.reason, Reason::Placeholder, "{problem}");
    }
}

#[test]
fn the_documentation_has_the_table() {
    let (before, rest) = DOCS.split_once("<!-- keys -->\n").unwrap();
    let (_, after) = rest.split_once("<!-- /keys -->").unwrap();
    let mut table = "| key | without it | | what |\n|---|---|---|---|\n".to_owned();
    for spec in KEYS {
        let absent = match spec.need {
            Need::Always => "required",
            Need::Ingress => "required for `platform`",
            Need::Optional => spec.default,
        };
        let secrecy = match spec.secrecy {
            Secrecy::Public => "",
            Secrecy::Private => "private",
            Secrecy::Credential => "credential",
        };
        let (name, about, form) = (spec.name, spec.about, spec.form);
        table += &format!("| `{name}` | {absent} | {secrecy} | {about} Expected: {form}. |\n");
    }
    let made = format!("{before}<!-- keys -->\n{table}<!-- /keys -->{after}");
    is_current("docs/values.md", DOCS, &made);
}
