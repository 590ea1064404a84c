//! The report as JSON: evidence, to be kept (`docs/ci.md`, "JSON").

use serde_json::{Value, json};

use super::model::{Judged, Report, State};

/// Of this document; a change that breaks readers raises it.
pub const SCHEMA: &str = "openhive.io/netpol-report/v1";

impl Report {
    /// The whole report.
    #[must_use]
    pub fn json(&self) -> Value {
        let mut document = json!({
            "schema": SCHEMA,
            "tool": {"name": "kubectl-openhive", "version": self.version},
            "head": self.head,
            "source": self.source,
            "profile": self.profile,
            "expectations": self.expectations,
            "input": self.counts,
        });
        if let Some(cluster) = &self.cluster {
            document["cluster"] = json!(cluster);
        }
        document["strict"] = json!(self.strict);
        document["failOn"] = json!(self.fail_on.map_or("never", |severity| severity.name()));
        document["totals"] = json!(self.totals());
        document["result"] = json!(self.worst().map_or("pass", |kind| kind.name()));
        document["gaps"] = json!(self.gaps);
        document["notOurs"] = json!(self.not_ours);
        document["cells"] = self.checks.iter().map(|check| check.evidence.clone()).collect();
        document["findings"] = self.findings.iter().map(finding).collect();
        document["staleBaseline"] = json!(self.stale);
        document
    }
}

fn finding(judged: &Judged) -> Value {
    let mut value = json!(judged.finding);
    value["severity"] = json!(judged.finding.severity());
    value["fingerprint"] = json!(judged.fingerprint);
    value["fails"] = json!(judged.fails);
    if judged.state != State::New {
        value["baseline"] = json!(judged.state);
    }
    value
}
