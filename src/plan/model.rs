//! The plan: one value that is printed, serialised, and executed.

use std::fmt;

use serde::Serialize;
use serde_json::Value;

use super::consequence::{Consequence, Obstacle};
use super::policy::Interim;
use super::reach::Reachability;
use crate::plan::FieldConflict;
use crate::render::{ClusterFacts, Profile};
use manifest::ObjectRef;

/// The version of the plan's JSON form. Within it fields are only ever added.
pub const SCHEMA: &str = "openhive.io/plan/v1";

/// Everything that an installation would do, in the order in which it would do it.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Plan {
    /// [`SCHEMA`].
    pub schema: &'static str,
    /// What was compared with what.
    #[serde(flatten)]
    pub head: Head,
    /// How many objects each action has.
    pub counts: Counts,
    /// One entry for each object, in writing order.
    pub changes: Vec<Change>,
    /// What the migration Job runs, and what to do before.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub migration: Option<Migration>,
    /// Flows that open and close; `None` where nothing runs yet.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reachability: Option<Reachability>,
    /// Sentences of advice: risks, not failures.
    pub warnings: Vec<String>,
}

impl Plan {
    /// Whether an installation would change anything. A migration that merely runs again changes
    /// nothing, nor does an orphan, which is only listed.
    #[must_use]
    pub fn has_differences(&self) -> bool {
        self.changes.iter().any(|change| match change.action {
            Action::Keep | Action::Orphaned => false,
            Action::Run => !change.fields.is_empty(),
            _ => true,
        })
    }

    /// The changes that cannot be carried out, with the reason. Where there is one, nothing of the
    /// plan may be executed.
    pub fn obstacles(&self) -> impl Iterator<Item = (&Change, &Obstacle)> {
        self.changes.iter().filter_map(|change| Some((change, change.obstacle.as_ref()?)))
    }

    /// The change of one object.
    #[must_use]
    pub fn change(&self, reference: &ObjectRef) -> Option<&Change> {
        self.changes.iter().find(|change| change.reference == *reference)
    }
}

/// What was compared with what.
#[derive(Clone, Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Head {
    /// How much of the platform is desired.
    pub profile: Profile,
    /// With what the desired objects were compared.
    pub against: Against,
    /// What the manifests depend on, and where each fact comes from.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub facts: Option<ClusterFacts>,
}

/// Where the live objects come from.
#[derive(Clone, Debug, Default, Eq, PartialEq, Serialize)]
#[serde(tag = "type", rename_all = "camelCase", rename_all_fields = "camelCase")]
pub enum Against {
    /// Nothing: everything is created.
    #[default]
    Nothing,
    /// Manifests in files.
    Manifests {
        /// The file or folder.
        path: String,
    },
    /// A cluster.
    Cluster {
        /// The kubeconfig's context.
        context: String,
        /// The API server's address.
        server: String,
        /// `v1.33.1`, where it could be read.
        #[serde(skip_serializing_if = "Option::is_none")]
        server_version: Option<String>,
    },
}

/// How many objects each action has.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
#[allow(missing_docs)] // each field counts the action of its name
pub struct Counts {
    pub create: usize,
    pub update: usize,
    pub adopt: usize,
    pub replace: usize,
    pub run: usize,
    pub delete: usize,
    pub orphaned: usize,
    pub keep: usize,
}

impl Counts {
    /// Counts the actions.
    #[must_use]
    pub fn of(changes: &[Change]) -> Self {
        let count = |action| changes.iter().filter(|change| change.action == action).count();
        Self {
            create: count(Action::Create),
            update: count(Action::Update),
            adopt: count(Action::Adopt),
            replace: count(Action::Replace),
            run: count(Action::Run),
            delete: count(Action::Delete),
            orphaned: count(Action::Orphaned),
            keep: count(Action::Keep),
        }
    }
}

/// The migration that an installation runs.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Migration {
    /// The Job.
    #[serde(flatten)]
    pub job: ObjectRef,
    /// The image that it runs.
    pub image: String,
    /// What it runs in it.
    pub command: Vec<String>,
    /// The command that backs the database up first, without the password.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub backup: Option<String>,
}

/// What happens to one object.
#[derive(Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Change {
    /// Which object.
    #[serde(flatten)]
    pub reference: ObjectRef,
    /// What happens to it.
    pub action: Action,
    /// Field by field, old and new; secret values are never here. Empty for an object that does
    /// not exist yet.
    pub fields: Vec<FieldChange>,
    /// Whether the server confirmed it.
    pub verification: Verification,
    /// Why it cannot be carried out.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub obstacle: Option<Obstacle>,
    /// Fields that other managers own and that ours would overwrite.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub conflicts: Vec<FieldConflict>,
    /// Fields that others set and we do not: they stay.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub foreign: Vec<FieldConflict>,
    /// What follows from it for the running platform.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub consequences: Vec<Consequence>,
    /// What a changed network policy is until the rollouts are done; `None` where the desired one
    /// can be written at once.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub interim: Option<Interim>,
    /// The live object as it may be shown: no secret, nothing of the server's bookkeeping.
    #[serde(skip)]
    pub before: Option<Value>,
    /// The object afterwards as it may be shown.
    #[serde(skip)]
    pub after: Option<Value>,
    /// The manifest that the executor sends; `None` where it sends none. Never serialised and
    /// never in `Debug`: Secrets are among them.
    #[serde(skip)]
    pub manifest: Option<Value>,
}

impl fmt::Debug for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Change")
            .field("reference", &self.reference)
            .field("action", &self.action)
            .field("fields", &self.fields)
            .field("verification", &self.verification)
            .field("obstacle", &self.obstacle)
            .field("conflicts", &self.conflicts)
            .field("consequences", &self.consequences)
            .finish_non_exhaustive()
    }
}

/// What happens to an object.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd, Serialize)]
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
#[derive(Clone, Debug, PartialEq)]
pub struct FieldChange {
    /// `spec.template.spec.containers[gateway].image`.
    pub path: String,
    /// Before.
    pub old: FieldValue,
    /// After.
    pub new: FieldValue,
    /// Who changed it by hand since we last set it.
    pub changed_by: Option<String>,
}

/// A field's value as it may be shown.
#[derive(Clone, Debug, PartialEq)]
pub enum FieldValue {
    /// Not there.
    Absent,
    /// There, and shown.
    Plain(Value),
    /// There, and secret.
    Secret,
}

/// `{path, old?, new?, sensitive?, changedBy?}`: an absent side is left out, a secret one too.
impl Serialize for FieldChange {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        use serde::ser::SerializeMap;
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("path", &self.path)?;
        map.serialize_entry("change", self.verb())?;
        for (name, value) in [("old", &self.old), ("new", &self.new)] {
            if let FieldValue::Plain(value) = value {
                map.serialize_entry(name, value)?;
            }
        }
        if self.is_secret() {
            map.serialize_entry("sensitive", &true)?;
        }
        if let Some(manager) = &self.changed_by {
            map.serialize_entry("changedBy", manager)?;
        }
        map.end()
    }
}

impl FieldChange {
    /// `added`, `removed` or `changed`.
    #[must_use]
    pub fn verb(&self) -> &'static str {
        match (&self.old, &self.new) {
            (FieldValue::Absent, _) => "added",
            (_, FieldValue::Absent) => "removed",
            _ => "changed",
        }
    }

    /// Whether its values are kept back.
    #[must_use]
    pub fn is_secret(&self) -> bool {
        self.old == FieldValue::Secret || self.new == FieldValue::Secret
    }
}

/// How far a change was confirmed.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Verification {
    /// By the server's dry run.
    Server,
    /// Not verified: the namespace does not exist yet.
    NamespaceMissing,
    /// Not verified: the Role that it binds does not exist yet.
    RoleMissing,
    /// Not verified: the rights are missing.
    Forbidden,
    /// Not verified: a webhook refuses dry runs.
    WebhookRefused,
    /// Not verified: other managers' fields are in the way.
    Conflict,
    /// Not verified: the server refuses to change what is replaced.
    Immutable,
    /// Not verified: the server refuses the object.
    Rejected,
    /// Not verified: made without a cluster.
    Offline,
}

impl Verification {
    /// Why the server did not confirm it; `None` where it did.
    #[must_use]
    pub const fn doubt(self) -> Option<&'static str> {
        match self {
            Self::Server => None,
            Self::NamespaceMissing => Some("its namespace does not exist yet"),
            Self::RoleMissing => Some("the Role that it binds does not exist yet"),
            Self::Forbidden => Some("the rights for a dry run are missing"),
            Self::WebhookRefused => Some("an admission webhook refuses dry runs"),
            Self::Conflict => Some("other managers own some of its fields"),
            Self::Immutable => Some("the server does not dry-run a replacement"),
            Self::Rejected => Some("the server refuses it"),
            Self::Offline => Some("made without a cluster"),
        }
    }
}
