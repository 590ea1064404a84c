//! That nothing in a value can leave its scalar, whatever reads the document afterwards.
#![allow(clippy::unwrap_used)]

use std::borrow::Cow;
use std::io::Write as _;
use std::process::{Command, Stdio};

use proptest::prelude::*;
use proptest::strategy::ValueTree as _;
use proptest::test_runner::TestRunner;
use serde_json::{Value, json};

use super::templates::{self, Template};
use manifest::yaml;

/// An interpolation wherever the real templates have one: value, element, value in an element, key.
const SOURCE: &str = "\
first: {{ text }}
list:
  - {{ text }}
  - name: {{ text }}
    value: kept
labels:
  {{ short }}: {{ text }}
last: kept
";

/// A key of a mapping may have 1 024 characters in YAML; labels have at most 317.
const KEY_LENGTH: usize = 300;

fn render(text: &str) -> String {
    let template = Template { name: "test", source: Cow::Borrowed(SOURCE), when: |_| true };
    let short: String = text.chars().take(KEY_LENGTH).collect();
    let context = minijinja::context! { text => text, short => short };
    templates::evaluate(&templates::environment(), &template, &context).unwrap()
}

fn expected(text: &str) -> Value {
    let short: String = text.chars().take(KEY_LENGTH).collect();
    json!({
        "first": text,
        "list": [text, { "name": text, "value": "kept" }],
        "labels": { short: text },
        "last": "kept",
    })
}

fn nasty() -> Vec<String> {
    let mut texts: Vec<String> = [
        "",
        " ",
        "  leading",
        "trailing  ",
        "yes",
        "no",
        "on",
        "off",
        "y",
        "n",
        "Yes",
        "true",
        "null",
        "~",
        "1e3",
        "1_000",
        "0x1f",
        "0o17",
        "017",
        "12:30:45",
        "1:20",
        ".inf",
        ".nan",
        "2026-01-01",
        "2026-01-01T00:00:00Z",
        "=",
        "<<",
        "-",
        "- a",
        "? a",
        ": ",
        "a: b",
        "a #b",
        "#",
        "&a",
        "*a",
        "!tag",
        "!!binary x",
        "|",
        ">",
        "%YAML 1.1",
        "@",
        "`",
        "{",
        "}",
        "[",
        "]",
        "{{",
        "}}",
        "{{ secret }}",
        "{% if x %}",
        "{#",
        "#}",
        "---",
        "...",
        "\n---\n",
        "\n...\n",
        "a\nb",
        "a\r\nb",
        "a\rb",
        "\ta",
        "\n",
        "\"",
        "\\",
        "\\n",
        "'",
        "''",
        "\"\"",
        "\",\"x\":\"",
        "\u{0}",
        "\u{1}",
        "\u{7}",
        "\u{8}",
        "\u{b}",
        "\u{c}",
        "\u{1b}[31m",
        "\u{7f}",
        "\u{80}",
        "\u{84}",
        "\u{85}",
        "\u{86}",
        "\u{9f}",
        "\u{a0}",
        "\u{ad}",
        "\u{2028}",
        "\u{2029}",
        "\u{202e}",
        "\u{feff}",
        "a\u{feff}b",
        "\u{fffd}",
        "\u{fffe}",
        "\u{ffff}",
        "\u{e000}",
        "\u{1f41d}",
        "\u{1f468}\u{200d}\u{1f4bb}",
        "\u{10ffff}",
        "\u{1fffe}",
        "é",
        "日本語",
    ]
    .map(str::to_owned)
    .into();
    texts.push("x".repeat(64 * 1024));
    texts.push("a b: {{\n\u{85}\"".repeat(64 * 1024 / 11));
    texts
}

/// Characters that mean something to some reader are as likely as all others.
fn any_text() -> impl Strategy<Value = String> {
    let special = prop::sample::select(vec![
        '\n',
        '\r',
        '\t',
        ' ',
        '"',
        '\'',
        '\\',
        ':',
        '#',
        '-',
        '{',
        '}',
        '%',
        '&',
        '*',
        '!',
        '|',
        '>',
        '\u{0}',
        '\u{7f}',
        '\u{85}',
        '\u{a0}',
        '\u{2028}',
        '\u{2029}',
        '\u{feff}',
        '\u{fffe}',
        '\u{ffff}',
        '\u{1f41d}',
    ]);
    prop::collection::vec(prop_oneof![special, any::<char>()], 0..48)
        .prop_map(|chars| chars.into_iter().collect())
}

fn many() -> Vec<String> {
    let mut runner = TestRunner::deterministic();
    let strategy = any_text();
    let random = (0..400).map(|_| strategy.new_tree(&mut runner).unwrap().current());
    nasty().into_iter().chain(random).collect()
}

/// Reads a stream as PyYAML, a YAML 1.1 reader, does.
///
/// Without it the property is not shown, so that it is a failure and no reason to skip.
fn pyyaml(stream: &str) -> Vec<Value> {
    const SCRIPT: &str = "\
import json, sys, yaml
stream = sys.stdin.buffer.read().decode('utf-8')
json.dump(list(yaml.safe_load_all(stream)), sys.stdout)
";
    let python = std::env::var("PYTHON").unwrap_or_else(|_| "python3".to_owned());
    let mut child = Command::new(&python)
        .args(["-c", SCRIPT])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap_or_else(|error| panic!("this test needs {python} with PyYAML: {error}"));
    let mut stdin = child.stdin.take().unwrap();
    let input = stream.to_owned();
    let writer = std::thread::spawn(move || stdin.write_all(input.as_bytes()));
    let output = child.wait_with_output().unwrap();
    let _ = writer.join().unwrap();
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(
        output.status.success(),
        "{python} did not read the stream (PyYAML is `python3-yaml` in Debian):\n{stderr}"
    );
    serde_json::from_slice(&output.stdout).unwrap()
}

fn assert_same(texts: &[String], found: &[Value], expected: impl Fn(&str) -> Value) {
    assert_eq!(texts.len(), found.len());
    for (text, found) in texts.iter().zip(found) {
        let short: String = text.chars().take(80).collect();
        assert!(*found == expected(text), "{short:?} came back as another document");
    }
}

proptest! {
    #[test]
    fn a_value_comes_back_from_a_yaml_1_2_reader(text in any_text()) {
        let documents = yaml::read(&render(&text)).unwrap();
        prop_assert_eq!(documents.len(), 1);
        prop_assert_eq!(&documents[0].value, &expected(&text));
    }

    #[test]
    fn a_written_value_comes_back_from_a_yaml_1_2_reader(text in any_text()) {
        let value = json!({ "text": text, "list": [text], "last": "kept" });
        let documents = yaml::read(&yaml::write([&value]).unwrap()).unwrap();
        prop_assert_eq!(documents.len(), 1);
        prop_assert_eq!(&documents[0].value, &value);
    }
}

#[test]
fn nasty_values_come_back_from_a_yaml_1_2_reader() {
    for text in nasty() {
        let documents = yaml::read(&render(&text)).unwrap();
        assert_eq!(documents.len(), 1);
        assert_eq!(documents[0].value, expected(&text));
    }
}

#[test]
fn values_come_back_from_a_yaml_1_1_reader() {
    let texts = many();
    let stream: String = texts.iter().map(|text| format!("---\n{}\n", render(text))).collect();
    assert_same(&texts, &pyyaml(&stream), expected);
}

#[test]
fn written_values_come_back_from_both_readers() {
    let texts = many();
    let value = |text: &str| json!({ "text": text, "list": [text], "last": "kept" });
    let values: Vec<_> = texts.iter().map(|text| value(text)).collect();
    let stream = yaml::write(&values).unwrap();
    let read: Vec<_> = yaml::read(&stream).unwrap().into_iter().map(|d| d.value).collect();
    assert_same(&texts, &read, value);
    assert_same(&texts, &pyyaml(&stream), value);
}

#[test]
fn only_scalars_can_be_interpolated() {
    let render = |source: &'static str| {
        let template = Template { name: "test", source: Cow::Borrowed(source), when: |_| true };
        let context = minijinja::context! {
            list => vec!["a"], number => 7, fraction => 0.5, yes => true, text => "a\"b",
        };
        templates::evaluate(&templates::environment(), &template, &context)
    };
    assert_eq!(render("a: {{ number }}").unwrap(), "a: 7");
    assert_eq!(render("a: {{ yes }}").unwrap(), "a: true");
    // A filter that calls a string safe changes nothing.
    assert_eq!(render("a: {{ text|safe }}").unwrap(), "a: \"a\\\"b\"");
    assert!(render("a: {{ list }}").is_err());
    assert!(render("a: {{ fraction }}").is_err());
    assert!(render("a: {{ missing }}").is_err());
    assert!(render("{% if missing %}a: 1{% endif %}").is_err());
}

#[test]
fn errors_hold_no_value() {
    let template = Template {
        name: "test",
        source: Cow::Borrowed("a: {{ secret }}\nb: {{ secret.missing }}\n"),
        when: |_| true,
    };
    let context = minijinja::context! { secret => "canary-secret" };
    let error = templates::evaluate(&templates::environment(), &template, &context).unwrap_err();
    assert!(!format!("{error} {error:?}").contains("canary"), "{error:?}");
    assert!(error.to_string().starts_with("template test, line 2: "), "{error}");
}
