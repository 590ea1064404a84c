//! One cause of a failure.

use crate::object::ObjectRef;

/// A symptom, its cause in one sentence, the evidence, and the way out.
#[derive(Clone, Debug, Eq, PartialEq, serde::Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Finding {
    /// The object of ours that is affected.
    pub object: ObjectRef,
    /// The cause in one sentence.
    pub cause: String,
    /// Field and value that show it.
    pub evidence: Vec<String>,
    /// What to do.
    pub advice: String,
    /// Whether waiting any longer is of no use.
    pub terminal: bool,
}
