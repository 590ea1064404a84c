//! Who owns which field of a live object, read from `metadata.managedFields`.

use serde_json::Value;

use super::diff::{self, LAST_APPLIED, Scope};
use super::fieldset::FieldSet;
use super::path::{Path, Segment};
use super::{FieldConflict, quantity};
use manifest::Kind;

/// The field manager of everything that the installer writes.
pub const FIELD_MANAGER: &str = "kubectl-openhive";

/// Managers that `kubectl apply` and older tools leave behind. Their fields are taken over.
const PREDECESSORS: [&str; 2] = ["kubectl-client-side-apply", "kubectl-last-applied"];

/// Managers that are predecessors only until the first apply of ours: after it, a write under these
/// names was made by hand.
const FIRST_WRITERS: [&str; 2] = ["kubectl-create", "before-first-apply"];

/// How a manager writes.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Operation {
    /// Server-side apply.
    Apply,
    /// Anything else.
    Update,
}

/// One entry of `managedFields`.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Manager {
    /// Its name.
    pub name: String,
    /// How it wrote.
    pub operation: Operation,
    /// `status`, `scale`; `None` for the object itself.
    pub subresource: Option<String>,
    /// The API version in which its fields are named.
    pub api_version: String,
    /// What it owns.
    pub fields: FieldSet,
}

impl Manager {
    /// Reads an entry; `None` where its field set cannot be read.
    #[must_use]
    pub fn read(entry: &Value) -> Option<Self> {
        let text = |name: &str| entry.get(name).and_then(Value::as_str);
        let empty = Value::Object(serde_json::Map::new());
        Some(Self {
            name: text("manager").unwrap_or_default().to_owned(),
            operation: match text("operation") {
                Some("Apply") => Operation::Apply,
                _ => Operation::Update,
            },
            subresource: text("subresource").filter(|s| !s.is_empty()).map(str::to_owned),
            api_version: text("apiVersion").unwrap_or_default().to_owned(),
            fields: FieldSet::parse(entry.get("fieldsV1").unwrap_or(&empty)).ok()?,
        })
    }

    /// Whether this is what we wrote with server-side apply.
    #[must_use]
    pub fn is_ours(&self) -> bool {
        self.name == FIELD_MANAGER
            && self.operation == Operation::Apply
            && self.subresource.is_none()
    }
}

/// All managers of an object.
#[derive(Clone, Debug, Default)]
pub struct Managers(Vec<Manager>);

impl Managers {
    /// Reads those of a live object.
    #[must_use]
    pub fn of(object: &Value) -> Self {
        let entries = object.pointer("/metadata/managedFields").and_then(Value::as_array);
        Self(entries.into_iter().flatten().filter_map(Manager::read).collect())
    }

    /// What we own by server-side apply; `None` before the first one.
    #[must_use]
    pub fn ours(&self) -> Option<&Manager> {
        self.0.iter().find(|manager| manager.is_ours())
    }

    /// The managers whose fields are taken over without asking.
    pub fn predecessors(&self) -> impl Iterator<Item = &Manager> {
        let adopted = self.ours().is_some();
        self.0.iter().filter(move |manager| is_predecessor(manager, adopted))
    }

    /// Whether a manager of this name is taken over without asking.
    #[must_use]
    pub fn is_predecessor(&self, name: &str) -> bool {
        self.predecessors().any(|manager| manager.name == name)
    }

    /// Those who are neither we nor a predecessor, and who wrote the object itself or its scale.
    pub fn foreign(&self) -> impl Iterator<Item = &Manager> {
        let adopted = self.ours().is_some();
        self.0.iter().filter(move |manager| {
            !manager.is_ours()
                && !is_predecessor(manager, adopted)
                && manager.subresource.as_deref() != Some("status")
        })
    }

    /// Who else than those of `but` owns the field or something below it.
    fn owned_by_another(&self, path: &Path, but: impl Fn(&Manager) -> bool) -> bool {
        self.0.iter().any(|manager| !but(manager) && manager.fields.touches(path))
    }
}

fn is_predecessor(manager: &Manager, adopted: bool) -> bool {
    if manager.subresource.is_some() || manager.operation != Operation::Update {
        return false;
    }
    let name = manager.name.as_str();
    let annotation =
        Path::fields("metadata.annotations").join(Segment::Field(LAST_APPLIED.to_owned()));
    PREDECESSORS.contains(&name)
        // `kubectl apply --field-manager=NAME` on the client's side.
        || manager.fields.contains(&annotation)
        // A JSON patch of ours.
        || name == FIELD_MANAGER
        || (!adopted && FIRST_WRITERS.contains(&name))
}

/// Whether others wrote the object before us, so that their fields have to be handed over.
#[must_use]
pub fn needs_takeover(object: &Value) -> bool {
    has_last_applied(object)
        || Managers::of(object).predecessors().any(|manager| manager.name != FIELD_MANAGER)
}

/// Whether the object carries the annotation in which `kubectl apply` keeps the manifest.
#[must_use]
pub fn has_last_applied(object: &Value) -> bool {
    object
        .pointer("/metadata/annotations")
        .is_some_and(|annotations| annotations.get(LAST_APPLIED).is_some())
}

/// Fields that our manifest sets, that another manager owns, and whose live value is another one:
/// a server-side apply without force would be refused for exactly these.
pub(super) fn contested(
    kind: Kind,
    live: &Value,
    desired: &Value,
    managers: &Managers,
) -> Vec<FieldConflict> {
    let differences =
        diff::diff(kind, &diff::without_noise(live), &diff::without_noise(desired), Scope::Ours);
    let mut found = Vec::new();
    for manager in managers.foreign() {
        for path in manager.fields.leaves() {
            let differs = differences.iter().any(|difference| {
                difference.path.is_within(&path) || path.is_within(&difference.path)
            });
            if differs && sets(desired, live, &path) {
                found
                    .push(FieldConflict { field: path.to_string(), manager: manager.name.clone() });
            }
        }
    }
    found
}

/// Whether the manifest sets `path` to something else than it is.
fn sets(desired: &Value, live: &Value, path: &Path) -> bool {
    match (path.get(desired), path.get(live)) {
        (None, _) => false,
        (Some(new), Some(old)) => {
            new != old && !(quantity::is_quantity(path) && quantity::same_quantity(new, old))
        }
        (Some(_), None) => true,
    }
}

/// Fields that would go with an apply, because we (or those whom we take over) own them alone and
/// the manifest no longer sets them.
pub(super) fn released(live: &Value, desired: &Value, managers: &Managers) -> Vec<Path> {
    let adopted = managers.ours().is_some();
    let ours = |manager: &Manager| manager.is_ours() || is_predecessor(manager, adopted);
    let goes = |path: &Path| {
        path.get(desired).is_none()
            && path.get(live).is_some()
            && !managers.owned_by_another(path, ours)
            && path.last_field() != Some(LAST_APPLIED)
    };
    // A list item or a struct of which the manifest has nothing goes with what the server added
    // to it; `metadata`, `spec` and the like stay.
    let widest = |mut path: Path| {
        while path.0.len() > 2 {
            let parent = Path(path.0[..path.0.len() - 1].to_vec());
            if !goes(&parent) {
                break;
            }
            path = parent;
        }
        path
    };
    let mut paths: Vec<Path> = managers
        .0
        .iter()
        .filter(|manager| ours(manager))
        .flat_map(|manager| manager.fields.leaves())
        .filter(goes)
        .map(widest)
        .collect();
    paths.sort();
    paths.dedup();
    paths
}
