//! One cause of a failure.

use std::fmt;

use jiff::Timestamp;

use super::Symptom;
use manifest::ObjectRef;

/// A symptom, its cause in one sentence, the evidence, and the way out.
///
/// Its texts quote the cluster: they pass the redactor and the removal of control characters
/// before anybody reads them.
#[derive(Clone, Debug, Eq, PartialEq, serde::Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Finding {
    /// The object of ours that is affected.
    pub object: ObjectRef,
    /// Where it shows.
    pub subject: Subject,
    /// What is wrong, typed.
    pub symptom: Symptom,
    /// The cause in one sentence, without a full stop.
    pub cause: String,
    /// Field and value that show it.
    pub evidence: Vec<String>,
    /// The last lines of the container's log, where it has one to do with it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub log: Vec<String>,
    /// What to do.
    pub advice: String,
    /// When it was first seen.
    pub since: Timestamp,
    /// Whether waiting any longer is of no use.
    pub terminal: bool,
}

/// Where a symptom shows, below its object.
#[derive(Clone, Debug, Default, Eq, PartialEq, serde::Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Subject {
    /// The pod, in the object's namespace.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pod: Option<String>,
    /// Its container.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub container: Option<String>,
    /// Whether that is an init container.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub init: bool,
}

/// `init container config-bootstrap`, `container gateway`, `pod hive-gateway-…`, else `it`.
impl fmt::Display for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (&self.container, &self.pod) {
            (Some(container), _) if self.init => write!(f, "init container {container}"),
            (Some(container), _) => write!(f, "container {container}"),
            (None, Some(pod)) => write!(f, "pod {pod}"),
            (None, None) => f.write_str("it"),
        }
    }
}
