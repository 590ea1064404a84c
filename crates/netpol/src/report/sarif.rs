//! SARIF 2.1.0 (OASIS), for code scanning.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::model::{Judged, Report, State};
use crate::finding::{Cause, Finding, Kind, Severity};
use crate::lint::Code;

const SCHEMA: &str =
    "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json";
/// Of the algorithm, as SARIF wants it in the name.
const FINGERPRINT: &str = "openhive/v1";

impl Report {
    /// The whole document: one run, a rule for each kind that occurs, a result for each finding.
    #[must_use]
    pub fn sarif(&self) -> Value {
        let mut rules: BTreeMap<&str, &Finding> = BTreeMap::new();
        for judged in &self.findings {
            rules.entry(judged.rule()).or_insert(&judged.finding);
        }
        let index = |judged: &Judged| rules.keys().position(|id| *id == judged.rule());
        let results: Vec<Value> =
            self.findings.iter().map(|judged| result(judged, index(judged))).collect();
        let mut properties = json!({"source": self.source, "expectations": self.expectations});
        if let Some(cluster) = &self.cluster {
            properties["cluster"] = json!(cluster);
        }
        json!({
            "$schema": SCHEMA,
            "version": "2.1.0",
            "runs": [{
                "tool": {"driver": {
                    "name": "kubectl-openhive verify-netpol",
                    "version": self.version,
                    "semanticVersion": self.version,
                    "rules": rules.iter().map(|(id, finding)| rule(id, finding)).collect::<Vec<_>>(),
                }},
                "columnKind": "unicodeCodePoints",
                "invocations": [{
                    "executionSuccessful": true,
                    "properties": {"strict": self.strict, "totals": self.totals()},
                }],
                "results": results,
                "properties": properties,
            }],
        })
    }
}

/// What a kind of finding means, and what one does about it.
fn rule(id: &str, finding: &Finding) -> Value {
    let (short, help) = match finding.code {
        Some(code) => {
            (code.title(), format!("docs/lint.md explains {id} and what to do about it."))
        }
        None => {
            let (short, help) = about(finding.kind);
            (short, help.to_owned())
        }
    };
    // Of the kind, not of the finding that happened to come first.
    let general = finding.code.map_or(finding.kind.severity(), Code::severity);
    let severity = if matches!(finding.kind, Kind::NotEnforcing | Kind::Bypass) {
        "9.0"
    } else {
        match general {
            Severity::Error => "7.0",
            Severity::Warning => "5.0",
            Severity::Note => "2.0",
        }
    };
    json!({
        "id": id,
        "name": pascal(id),
        "shortDescription": {"text": short},
        "fullDescription": {"text": format!("{short}. {help}")},
        "help": {"text": help},
        "defaultConfiguration": {"level": match general {
            Severity::Error => "error",
            Severity::Warning => "warning",
            Severity::Note => "note",
        }},
        "properties": {"tags": ["security", "kubernetes", "network-policy"], "security-severity": severity},
    })
}

const fn about(kind: Kind) -> (&'static str, &'static str) {
    match kind {
        Kind::NotEnforcing => (
            "The network plugin does not enforce policies",
            "Every flow is open, whatever the policies say: use a network plugin that enforces NetworkPolicy.",
        ),
        Kind::Bypass => (
            "A flow is open that must be closed",
            "Remove or narrow the rule that opens it, or select the workload with a policy that isolates it.",
        ),
        Kind::Overblock => (
            "A flow is closed that must be open",
            "Put back the policy that opens it, or add the rule that the finding names.",
        ),
        Kind::UnreachableBaseline => (
            "Nobody reaches the target, so that nothing is proven",
            "See whether the target runs and listens, and verify again.",
        ),
        Kind::CniDependent => (
            "The API leaves it to the network plugin whether the flow is open",
            "Name the plugin with --cni, or observe it in a cluster with --live.",
        ),
        Kind::Unknown => (
            "Whether the flow is open cannot be told from the input",
            "Add what is missing to the input, or observe it in a cluster with --live.",
        ),
        Kind::Wide => (
            "A flow is open beyond the need",
            "Give the address ranges in the values file, so that the rule can name them.",
        ),
        Kind::Lint => ("Likely a mistake in a policy", "See the page of this lint."),
    }
}

fn result(judged: &Judged, index: Option<usize>) -> Value {
    let finding = &judged.finding;
    let text: Vec<String> = std::iter::once(judged.sentence()).chain(judged.details()).collect();
    let mut locations: Vec<Value> = finding.because.iter().map(location).collect();
    let related = locations.split_off(locations.len().min(1));
    let mut result = json!({
        "ruleId": judged.rule(),
        "level": judged.level().name(),
        "kind": "fail",
        "message": {"text": text.join("\n")},
        "locations": locations,
        "partialFingerprints": {FINGERPRINT: judged.fingerprint},
    });
    if let Some(index) = index {
        result["ruleIndex"] = json!(index);
    }
    if !related.is_empty() {
        let numbered = related.into_iter().zip(1..).map(|(mut location, id)| {
            location["id"] = json!(id);
            location
        });
        result["relatedLocations"] = numbered.collect();
    }
    if let Some(flow) = &finding.flow {
        result["properties"] = json!({"flow": flow});
    }
    if let State::Known { reason, expires } = &judged.state {
        let until = expires.as_ref().map(|day| format!(" (until {day})")).unwrap_or_default();
        result["suppressions"] = json!([{"kind": "external", "status": "accepted", "justification": format!("{reason}{until}")}]);
    }
    result
}

/// The line where there is one, and always the object.
fn location(cause: &Cause) -> Value {
    let name = match &cause.field {
        Some(field) => format!("{}#{field}", cause.object),
        None => cause.object.clone(),
    };
    let mut location = json!({
        "logicalLocations": [{"fullyQualifiedName": name, "kind": "resource"}],
        "message": {"text": cause.words()},
    });
    if let Some(place) = cause.place.as_ref().filter(|place| place.file != "-") {
        let mut physical = json!({"artifactLocation": {"uri": uri(super::relative(&place.file))}});
        if let Some(line) = place.line {
            physical["region"] = json!({"startLine": line});
        }
        location["physicalLocation"] = physical;
    }
    location
}

/// A path as a relative or a `file:` reference.
fn uri(path: &str) -> String {
    use percent_encoding::{AsciiSet, CONTROLS, utf8_percent_encode};
    const PATH: &AsciiSet = &CONTROLS
        .add(b' ')
        .add(b'"')
        .add(b'#')
        .add(b'%')
        .add(b'<')
        .add(b'>')
        .add(b'?')
        .add(b'[')
        .add(b'\\')
        .add(b']')
        .add(b'^')
        .add(b'`')
        .add(b'{')
        .add(b'|')
        .add(b'}')
        .add(b':');
    let encoded = utf8_percent_encode(path, PATH).to_string();
    if encoded.starts_with('/') { format!("file://{encoded}") } else { encoded }
}

/// `not-enforcing` as `NotEnforcing`.
fn pascal(id: &str) -> String {
    let word = |word: &str| {
        let mut chars = word.chars();
        let first = chars.next().map(|c| c.to_ascii_uppercase());
        first.into_iter().chain(chars).collect::<String>()
    };
    id.split('-').map(word).collect()
}
