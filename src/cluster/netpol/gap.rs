//! What could not be read of a cluster, and what follows.

use std::fmt;

use serde::Serialize;

/// Something that could not be read.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Gap {
    /// What was asked for.
    pub right: Right,
    /// Why there is no answer.
    pub reason: Reason,
    /// What follows.
    pub effect: Effect,
}

/// A right, as `kubectl auth can-i` takes it.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Right {
    /// `list` or `get`.
    pub verb: &'static str,
    /// `pods`, `networkpolicies.networking.k8s.io`.
    pub resource: String,
    /// Where; `None`: everywhere.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub namespace: Option<String>,
    /// Which one; `None`: all.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
}

/// Why there is no answer.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
#[serde(tag = "reason", rename_all = "kebab-case")]
pub enum Reason {
    /// The account may not.
    Forbidden,
    /// The server does not serve it just now, by this HTTP status.
    NotServed {
        /// The HTTP status.
        code: u16,
    },
    /// An object is not as this program knows its kind.
    NotUnderstood {
        /// Which one, and what about it.
        problem: String,
    },
}

/// What a gap makes uncertain.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Effect {
    /// A policy may be missing: no flow that it may select has an answer.
    Policies,
    /// Pods or workloads may be missing: nothing is said of them.
    Members,
    /// Labels of namespaces are missing: selectors that read them have no answer.
    Labels,
    /// A default stands in, by which flows at most become uncertain.
    Detail,
}

impl Right {
    /// To list all objects of a resource, everywhere.
    #[must_use]
    pub fn list(group: &str, plural: &str) -> Self {
        let resource =
            if group.is_empty() { plural.to_owned() } else { format!("{plural}.{group}") };
        Self { verb: "list", resource, namespace: None, name: None }
    }

    /// The command that asks the API server for it.
    #[must_use]
    pub fn command(&self) -> String {
        let name = self.name.as_ref().map(|name| format!("/{name}")).unwrap_or_default();
        let place = match &self.namespace {
            Some(namespace) => format!("-n {namespace}"),
            None => "-A".to_owned(),
        };
        format!("kubectl auth can-i {} {}{name} {place}", self.verb, self.resource)
    }
}

/// `list pods`, `get configmaps/cilium-config -n kube-system`.
impl fmt::Display for Right {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.verb, self.resource)?;
        if let Some(name) = &self.name {
            write!(f, "/{name}")?;
        }
        match &self.namespace {
            Some(namespace) => write!(f, " -n {namespace}"),
            None => Ok(()),
        }
    }
}

impl Effect {
    /// In words.
    #[must_use]
    pub const fn words(self) -> &'static str {
        match self {
            Self::Policies => "no flow that such a policy may select has an answer",
            Self::Members => "pods or workloads may be missing",
            Self::Labels => "selectors that read labels of namespaces have no answer",
            Self::Detail => "a default stands in",
        }
    }
}

impl fmt::Display for Gap {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.reason {
            Reason::Forbidden => write!(f, "the account may not {}", self.right)?,
            Reason::NotServed { code } => write!(f, "cannot {}: HTTP {code}", self.right)?,
            Reason::NotUnderstood { problem } => f.write_str(problem)?,
        }
        write!(f, ": {}", self.effect.words())
    }
}
