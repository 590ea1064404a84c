//! The embedded templates and the engine that evaluates them.

use std::borrow::Cow;
use std::fmt::Write as _;

use minijinja::syntax::SyntaxConfig;
use minijinja::value::{Value, ValueKind};
use minijinja::{Environment, Error, ErrorKind, Output, UndefinedBehavior};

use super::{Profile, RenderError};

/// A template and the profiles that have it.
#[derive(Clone)]
pub(super) struct Template {
    /// Its path under `templates/`.
    pub name: &'static str,
    /// Its text.
    pub source: Cow<'static, str>,
    /// Whether a profile has it.
    pub when: fn(Profile) -> bool,
}

const fn always(_: Profile) -> bool {
    true
}

const fn workloads(profile: Profile) -> bool {
    !matches!(profile, Profile::Migration)
}

const fn runtime(profile: Profile) -> bool {
    matches!(profile, Profile::Gateway | Profile::Platform)
}

const fn platform(profile: Profile) -> bool {
    matches!(profile, Profile::Platform)
}

const fn not_baseline(profile: Profile) -> bool {
    !matches!(profile, Profile::Baseline)
}

const fn migration(profile: Profile) -> bool {
    matches!(profile, Profile::Migration)
}

macro_rules! embedded {
    ($($when:ident $name:literal)*) => {
        [$(Template {
            name: $name,
            source: Cow::Borrowed(include_str!(concat!("../../templates/", $name))),
            when: $when,
        }),*]
    };
}

/// The Job's template, which an installation renders beside its profile.
pub(super) const JOB: &str = "openhive/migration/job.yaml";

/// Every template, by namespace and component.
pub(super) fn embedded() -> Vec<Template> {
    embedded! {
        always       "openhive/namespace.yaml"
        always       "openhive/pull-secret.yaml"
        not_baseline "openhive/secret.yaml"
        always       "openhive/network.yaml"
        workloads    "openhive/gateway/deployment.yaml"
        workloads    "openhive/gateway/service.yaml"
        workloads    "openhive/gateway/network.yaml"
        runtime      "openhive/gateway/rbac.yaml"
        platform     "openhive/dashboard/deployment.yaml"
        platform     "openhive/dashboard/service.yaml"
        platform     "openhive/dashboard/ingress.yaml"
        platform     "openhive/dashboard/network.yaml"
        migration    "openhive/migration/job.yaml"
        not_baseline "openhive/migration/network.yaml"
        workloads    "hive-agents/namespace.yaml"
        workloads    "hive-agents/pull-secret.yaml"
        workloads    "hive-agents/network.yaml"
        workloads    "hive-agents/agent/claim.yaml"
        workloads    "hive-agents/agent/deployment.yaml"
        workloads    "hive-agents/agent/service.yaml"
        workloads    "hive-agents/agent/network.yaml"
        workloads    "hive-sandbox/namespace.yaml"
        workloads    "hive-sandbox/pull-secret.yaml"
        workloads    "hive-sandbox/secret.yaml"
        workloads    "hive-sandbox/network.yaml"
        workloads    "hive-sandbox/sandbox/deployment.yaml"
        workloads    "hive-sandbox/sandbox/service.yaml"
        workloads    "hive-sandbox/sandbox/network.yaml"
        runtime      "hive-sandbox/pipeline/network.yaml"
    }
    .to_vec()
}

/// The engine: a missing variable is an error, and every interpolation is one scalar.
///
/// The engine's `debug` feature is not compiled in: its errors would print every variable, secrets
/// included.
pub(super) fn environment() -> Environment<'static> {
    let mut env = Environment::new();
    env.set_undefined_behavior(UndefinedBehavior::Strict);
    env.set_formatter(|out, _, value| scalar(out, value));
    let syntax = SyntaxConfig::builder().trim_blocks(true).lstrip_blocks(true).build();
    env.set_syntax(syntax.expect("the default delimiters are valid"));
    env
}

/// Evaluates one template to its text.
pub(super) fn evaluate(
    env: &Environment<'_>,
    template: &Template,
    context: &Value,
) -> Result<String, RenderError> {
    env.render_named_str(template.name, &template.source, context).map_err(|error| {
        RenderError::Template {
            name: template.name.to_owned(),
            line: error.line().unwrap_or(0),
            reason: error.detail().map_or_else(|| error.kind().to_string(), str::to_owned),
        }
    })
}

/// Writes an interpolation as one scalar that YAML 1.1 and 1.2 readers take for the same value.
///
/// Strings are always quoted, whether marked safe or not: nothing in them can end the scalar.
/// Anything that is not a scalar is an error.
fn scalar(out: &mut Output<'_>, value: &Value) -> Result<(), Error> {
    if let Some(text) = value.as_str() {
        return out.write_str(&quote(text)).map_err(Error::from);
    }
    match value.kind() {
        // `Display` would say `True`.
        ValueKind::Bool => {
            out.write_str(if value.is_true() { "true" } else { "false" }).map_err(Error::from)
        }
        ValueKind::Number if value.is_integer() => write!(out, "{value}").map_err(Error::from),
        ValueKind::Undefined => Err(Error::from(ErrorKind::UndefinedError)),
        kind => Err(Error::new(
            ErrorKind::InvalidOperation,
            format!("a {kind} cannot be written as a scalar"),
        )),
    }
}

/// A double-quoted scalar.
///
/// JSON's escapes, and besides them those characters that JSON leaves bare and YAML readers fold
/// into a space, drop, or refuse.
pub(super) fn quote(text: &str) -> String {
    let json = serde_json::Value::from(text).to_string();
    let mut quoted = String::with_capacity(json.len());
    for c in json.chars() {
        match c {
            '\u{7f}'..='\u{9f}'
            | '\u{2028}'
            | '\u{2029}'
            | '\u{feff}'
            | '\u{fffe}'
            | '\u{ffff}' => {
                write!(quoted, "\\u{:04x}", u32::from(c)).expect("a String takes every write");
            }
            c => quoted.push(c),
        }
    }
    quoted
}
