//! What a verification found: the one form that every report is written from.

use std::fmt;

use serde::Serialize;

use super::invalid::Place;
use super::lint::Code;

/// One thing that somebody has to look at.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Finding {
    /// What kind of thing.
    pub kind: Kind,
    /// Which lint, where it is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub code: Option<Code>,
    /// In one sentence, without the places.
    pub message: String,
    /// Which flow, where it is about one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub flow: Option<Flow>,
    /// What decides: rules of policies, or a workload that nothing isolates.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub because: Vec<Cause>,
    /// What to do about it, the best first.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub fix: Vec<String>,
    /// Its target need not be there at all: that nobody reaches it is worth a note, and fails nothing.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub optional: bool,
}

impl Finding {
    /// How bad it is.
    #[must_use]
    pub fn severity(&self) -> Severity {
        if self.optional {
            return Severity::Note;
        }
        self.code.map_or(self.kind.severity(), Code::severity)
    }
}

/// How bad a finding is, as reports and `--fail-on` know it. Ordered: the worst first.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// Something does not do what it says.
    Error,
    /// Likely not what is meant.
    Warning,
    /// Worth knowing.
    Note,
}

impl Severity {
    /// The word in reports.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Warning => "warning",
            Self::Note => "note",
        }
    }
}

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// Kinds of findings. Ordered: the worst first.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// The network plugin lets everything pass.
    NotEnforcing,
    /// Open, and must be closed.
    Bypass,
    /// Closed, and must be open.
    Overblock,
    /// Not decidable, or not observed.
    Unknown,
    /// The API leaves it to the network plugin.
    CniDependent,
    /// Nobody reaches the target, so that nothing is proven.
    UnreachableBaseline,
    /// Open beyond the need, by a rule that works on every plugin.
    Wide,
    /// Likely a mistake, whatever is meant to be open.
    Lint,
}

impl Kind {
    /// The word in reports.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::NotEnforcing => "not-enforcing",
            Self::Bypass => "bypass",
            Self::Overblock => "overblock",
            Self::UnreachableBaseline => "unreachable-baseline",
            Self::CniDependent => "cni-dependent",
            Self::Unknown => "unknown",
            Self::Wide => "wide",
            Self::Lint => "lint",
        }
    }

    /// The place of a verdict among others, the worst first; that of none is the last.
    #[must_use]
    pub const fn rank(kind: Option<Self>) -> u8 {
        match kind {
            Some(kind) => kind as u8,
            None => u8::MAX,
        }
    }

    /// Whether it says that nothing was proven, either way.
    #[must_use]
    pub const fn is_unproven(self) -> bool {
        matches!(self, Self::UnreachableBaseline | Self::CniDependent | Self::Unknown)
    }

    /// How bad a finding of this kind is. Of a lint its code says it.
    #[must_use]
    pub const fn severity(self) -> Severity {
        match self {
            Self::NotEnforcing | Self::Bypass | Self::Overblock => Severity::Error,
            Self::UnreachableBaseline | Self::CniDependent | Self::Unknown => Severity::Warning,
            Self::Wide | Self::Lint => Severity::Note,
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// The flow of a finding, in the words of the report.
#[derive(Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize)]
pub struct Flow {
    /// Who connects.
    pub from: String,
    /// To whom.
    pub to: String,
    /// `TCP 443,6443`.
    pub ports: String,
}

/// An object that decides, as exactly as it is known.
#[derive(Clone, Debug, Default, Eq, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Cause {
    /// `networkpolicy hive-agents/debug-egress`.
    pub object: String,
    /// `spec.egress[0]`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub field: Option<String>,
    /// Its part in it.
    pub role: Role,
    /// The rule in words: `to any, port any`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rule: Option<String>,
    /// Whether it is the platform's own, where that is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub origin: Option<Origin>,
    /// Where it is written: the field's line, else the object's.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub place: Option<Place>,
}

impl Cause {
    /// In words, without the place: `opened by networkpolicy a/b, rule egress[0] (to any, port any),
    /// not part of the platform`.
    #[must_use]
    pub fn words(&self) -> String {
        let object = &self.object;
        let field = self.field.as_deref().map(|f| f.trim_start_matches("spec."));
        let mut text = match (self.role, field) {
            (Role::Opens, Some(field)) => format!("opened by {object}, rule {field}"),
            (Role::Opens, None) => format!("opened by {object}"),
            (Role::NotIsolated, _) => format!("no policy isolates {object}"),
            (Role::Denies, Some(field)) => {
                format!("isolated by {object}, of which no {field} rule lets it pass")
            }
            (Role::Denies, None) => format!("denied by {object}"),
            (Role::Doubtful, Some(field)) => format!("perhaps by {object}, rule {field}"),
            (Role::Doubtful, None) => format!("perhaps by {object}, which is not evaluated"),
            (Role::Subject, Some(field)) => format!("{object}, {field}"),
            (Role::Subject, None) => object.clone(),
        };
        if let Some(rule) = &self.rule {
            text.push_str(&format!(" ({rule})"));
        }
        match self.origin {
            Some(Origin::Foreign) => text.push_str(", not part of the platform"),
            Some(Origin::Changed) => text.push_str(", not as the platform has it"),
            Some(Origin::Platform) | None => {}
        }
        text
    }
}

/// The part that an object has in a finding.
#[derive(Clone, Copy, Debug, Default, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Role {
    /// It is what the finding is about.
    #[default]
    Subject,
    /// Its rule lets the flow pass.
    Opens,
    /// A workload that no policy isolates in the direction of the flow.
    NotIsolated,
    /// It isolates, and no rule lets the flow pass.
    Denies,
    /// Whether it applies cannot be told.
    Doubtful,
}

/// Whose an object is, beside what the values render to.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Origin {
    /// Not part of the platform.
    Foreign,
    /// Part of it, with other rules.
    Changed,
    /// As it is rendered.
    Platform,
}

#[cfg(test)]
mod tests {
    use super::Kind;

    #[test]
    fn kinds_are_ordered_as_the_documentation_lists_them() {
        let listed = [
            Kind::NotEnforcing,
            Kind::Bypass,
            Kind::Overblock,
            Kind::Unknown,
            Kind::CniDependent,
            Kind::UnreachableBaseline,
            Kind::Wide,
            Kind::Lint,
        ];
        assert!(listed.is_sorted());
        let text = include_str!("../../../docs/network-policy.md");
        let place = |kind: &Kind| text.find(&format!("\n| {}", kind.name()));
        let places: Vec<_> = listed.iter().map(place).collect();
        assert!(places.is_sorted() && places.iter().all(Option::is_some), "{places:?}");
        assert!(listed.iter().all(|kind| Kind::rank(Some(*kind)) < Kind::rank(None)));
    }
}
