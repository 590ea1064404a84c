//! The plan: one value that is printed, serialised, and executed.

use serde::Serialize;
use serde_json::Value;

use crate::object::ObjectRef;
use crate::plan::FieldConflict;

/// Everything that an installation would do, in the order in which it would do it.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Plan {
    /// One entry for each object, in writing order.
    pub changes: Vec<Change>,
    /// Sentences of advice: risks, not failures.
    pub warnings: Vec<String>,
}

/// What happens to one object.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Change {
    /// Which object.
    #[serde(flatten)]
    pub reference: ObjectRef,
    /// What happens to it.
    pub action: Action,
    /// Field by field, old and new; secret values are never here.
    pub fields: Vec<FieldChange>,
    /// Whether the server confirmed it.
    pub verification: Verification,
    /// Fields that other managers own and that ours would overwrite.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub conflicts: Vec<FieldConflict>,
    /// What follows from it for the running platform.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub consequences: Vec<String>,
    /// The manifest that the executor sends. Never serialised: Secrets are among them.
    #[serde(skip)]
    pub manifest: Option<Value>,
}

/// What happens to an object.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Action {
    /// Does not exist yet.
    Create,
    /// Exists and differs.
    Update,
    /// Exists as desired, but others own its fields.
    Adopt,
    /// An immutable field differs: delete and create.
    Replace,
    /// A Job that is run again.
    Run,
    /// Exists as desired.
    Keep,
    /// Ours and no longer desired: listed, never deleted.
    Orphaned,
    /// Ours by record and no longer desired.
    Delete,
}

/// One changed field.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct FieldChange {
    /// `spec.template.spec.containers[gateway].image`.
    pub path: String,
    /// Before.
    pub old: FieldValue,
    /// After.
    pub new: FieldValue,
}

/// A field's value as it may be shown.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum FieldValue {
    /// Not there.
    Absent,
    /// There, and shown.
    Plain(Value),
    /// There, and secret.
    Secret,
}

/// How far a change was confirmed.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Verification {
    /// By the server's dry run.
    Server,
    /// Not verified: the namespace does not exist yet.
    NamespaceMissing,
    /// Not verified: the rights are missing.
    Forbidden,
    /// Not verified: a webhook refuses dry runs.
    WebhookRefused,
    /// Not verified: made without a cluster.
    Offline,
}
