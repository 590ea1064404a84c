//! What a probe run says of itself: whether policies are enforced here, and how long it took.

use serde::Serialize;

use super::answer::{How, Looks};

/// Whether and how policies are enforced: a pair of pods, open → deny-all → blocked → open again.
#[derive(Clone, Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Proof {
    /// Both directions were shut and opened again by a policy.
    pub enforced: bool,
    /// Why not, or why that could not be told.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub failed: Option<String>,
    /// Whether it could be told at all.
    pub conclusive: bool,
    /// How long a connection took before.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub open_milliseconds: Option<u64>,
    /// Connections from a pod that a policy shuts.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub egress: Option<Denial>,
    /// Connections to one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ingress: Option<Denial>,
    /// Seconds from the policy's end until both were open again.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub open_again_after: Option<f64>,
}

/// What a denial looks like.
#[derive(Clone, Copy, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Denial {
    /// What a connection met.
    pub how: How,
    /// Seconds from the policy until then.
    pub after: f64,
}

impl Proof {
    /// That could not be told, and why.
    #[must_use]
    pub fn inconclusive(why: String) -> Self {
        Self { failed: Some(why), ..Self::default() }
    }

    /// That a policy changed nothing, or not all that it should.
    #[must_use]
    pub fn not_enforced(self, why: &str) -> Self {
        Self { conclusive: true, failed: Some(why.to_owned()), ..self }
    }

    /// Whether it is certain that policies have no effect.
    #[must_use]
    pub const fn is_refuted(&self) -> bool {
        self.conclusive && !self.enforced
    }

    /// What denials look like.
    #[must_use]
    pub fn looks(&self) -> Looks {
        [self.egress, self.ingress].into_iter().flatten().map(|denial| denial.how).collect()
    }

    /// What was seen, in order: `open 4 ms → deny: egress time-out after 0.9 s → open after 0.2 s`;
    /// empty where nothing was.
    #[must_use]
    pub fn seen(&self) -> String {
        let mut steps = Vec::new();
        steps.extend(self.open_milliseconds.map(|open| format!("open {open} ms")));
        let denials = [("egress", self.egress), ("ingress", self.ingress)];
        let denied: Vec<String> = denials
            .iter()
            .filter_map(|(side, denial)| {
                denial.map(|d| format!("{side} {} after {:.1} s", d.how, d.after))
            })
            .collect();
        if !denied.is_empty() {
            steps.push(format!("deny: {}", denied.join(", ")));
        }
        steps.extend(self.open_again_after.map(|again| format!("open after {again:.1} s")));
        let mut text = steps.join(" → ");
        if let Some(failed) = &self.failed {
            let gap = if text.is_empty() { "" } else { "; " };
            text.push_str(&format!("{gap}{failed}"));
        }
        text
    }
}

/// How long the parts of a run took, in seconds.
#[derive(Clone, Copy, Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Timings {
    /// From the first object made until every probe pod runs.
    pub pod_start: f64,
    /// The proof that policies are enforced, from then on.
    pub proof: f64,
    /// All observations of the matrix.
    pub matrix: f64,
    /// Taking everything away again.
    pub clean_up: f64,
}

/// One run that sent packets, as every report tells of it.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Sent {
    /// The run's id, which everything carried that it made.
    pub run: String,
    /// Whether and how policies are enforced.
    pub proof: Proof,
    /// How long it took.
    pub seconds: Timings,
}
