#![allow(clippy::unwrap_used)]

mod drift;
mod layers;
mod leak;
mod lines;
mod typed;

use super::*;
use secrecy::ExposeSecret;

/// A complete file without warnings, one key a line, in the order of [`KEYS`].
pub const GOOD: &str = "\
DATABASE_URL='postgresql+asyncpg://hive:pg-canary-4711@db.openhive.test:6432/hive'
DASHBOARD_SESSION_SECRET=session-canary-0815
HIVE_INTERNAL_SECRET=internal-canary-2342
HIVE_ADMIN_USERNAME=admin
HIVE_ADMIN_PASSWORD='pass canary $HOME'
OPENHIVE_GATEWAY_IMAGE=ghcr.io/terrywangcode/openhive-gateway:v1.4.0
OPENHIVE_DASHBOARD_IMAGE=ghcr.io/terrywangcode/openhive-dashboard:v1.4.0
OPENHIVE_AGENT_IMAGE=ghcr.io/terrywangcode/openhive-agent:v1.4.0
OPENHIVE_SANDBOX_IMAGE=ghcr.io/terrywangcode/openhive-sandbox:v1.4.0
OPENHIVE_INGRESS_HOST=openhive.acme.dev
OPENHIVE_INGRESS_TLS_SECRET=openhive-tls
OPENHIVE_INGRESS_CLASS=nginx
";

pub fn load_text(text: &str) -> Result<Checked, Report> {
    load(&[Source::new("a.env", text)], &[], Profile::Platform)
}

/// [`GOOD`] with lines changed or appended.
pub fn with(changes: &[(&str, &str)]) -> String {
    let mut text = GOOD.to_owned();
    for (key, literal) in changes {
        let line = format!("{key}={literal}");
        let start = text.lines().position(|l| l.starts_with(&format!("{key}=")));
        let mut lines: Vec<_> = text.lines().map(str::to_owned).collect();
        match start {
            Some(at) => lines[at] = line,
            None => lines.push(line),
        }
        text = lines.join("\n");
    }
    text
}

#[test]
fn a_complete_file_gives_every_value() {
    let checked = load_text(GOOD).unwrap();
    assert_eq!(checked.warnings, []);
    let values = checked.values;
    assert_eq!(values.database.host, "db.openhive.test");
    assert_eq!(values.database.port, 6432);
    assert_eq!(values.admin_password.expose_secret(), "pass canary $HOME");
    assert_eq!(values.images.pipeline, values.images.sandbox);
    assert_eq!(values.ingress.unwrap().class, "nginx");
    assert_eq!(checked.origin[&Key::HiveAdminUsername].to_string(), "a.env:4");
}

#[test]
fn a_missing_key_is_named_without_a_line() {
    let text = GOOD.replace("HIVE_INTERNAL_SECRET", "# ");
    let report = load_text(&text).unwrap_err();
    assert_eq!(
        report.to_string(),
        "HIVE_INTERNAL_SECRET: missing (expected a random text, such as `openssl rand -hex 32` prints)"
    );
}

#[test]
fn ingress_keys_are_only_needed_where_there_is_an_ingress() {
    let text: String =
        GOOD.lines().filter(|line| !line.contains("INGRESS")).map(|l| format!("{l}\n")).collect();
    let sources = [Source::new("a.env", text)];
    let checked = load(&sources, &[], Profile::Gateway).unwrap();
    assert_eq!(checked.values.ingress, None);
    let report = load(&sources, &[], Profile::Platform).unwrap_err();
    assert_eq!(report.errors.len(), 3);
}

/// The only problem of [`GOOD`] with one line changed.
pub fn problem(key: &str, literal: &str) -> Problem {
    let found = match load_text(&with(&[(key, literal)])) {
        Ok(checked) => checked.warnings,
        Err(report) => report.errors,
    };
    assert_eq!(found.len(), 1, "{key}={literal}: {found:?}");
    found.into_iter().next().unwrap()
}

/// [`GOOD`] with one line changed, accepted without a word.
pub fn accepted(key: &str, literal: &str) -> Values {
    let checked = load_text(&with(&[(key, literal)])).unwrap_or_else(|e| panic!("{literal}: {e}"));
    assert_eq!(checked.warnings, [], "{key}={literal}");
    checked.values
}
