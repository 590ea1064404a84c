//! The words in which every form speaks of a plan.

use serde_json::Value;

use crate::plan::{
    Action, Against, Change, Consequence, Counts, FieldChange, FieldValue, Plan, RestartReason,
    Verification,
};
use manifest::{Kind, ObjectRef};

/// Values longer than this many characters are cut.
const LONG_VALUE: usize = 60;

/// The sign before an object. The words beside it say the same.
pub(super) const fn sign(action: Action) -> &'static str {
    match action {
        Action::Create => "+",
        Action::Update | Action::Adopt => "~",
        Action::Replace => "-/+",
        Action::Run => "↻",
        Action::Delete => "-",
        Action::Orphaned => "?",
        Action::Keep => " ",
    }
}

/// `OpenHive platform → context prod-eu (https://…, v1.33.1)`.
pub(super) fn headline(plan: &Plan) -> String {
    let profile = serde_json::to_value(plan.head.profile).unwrap_or_default();
    let profile = profile.as_str().unwrap_or_default().to_owned();
    match &plan.head.against {
        Against::Nothing => format!("OpenHive {profile}, compared with nothing (offline)"),
        Against::Manifests { path } => {
            format!("OpenHive {profile}, compared with the manifests in {path} (offline)")
        }
        Against::Cluster { context, server, server_version } => {
            let version = server_version.as_ref().map(|v| format!(", {v}")).unwrap_or_default();
            format!("OpenHive {profile} → context {context} ({server}{version})")
        }
    }
}

/// The section in which an object is listed.
pub(super) fn section(reference: &ObjectRef) -> &str {
    match (&reference.namespace, reference.kind) {
        (Some(namespace), _) => namespace,
        (None, Kind::Namespace) => &reference.name,
        (None, _) => "cluster",
    }
}

/// The sections in the order of the platform, others after them.
pub(super) fn sections(plan: &Plan) -> Vec<&str> {
    let rank = |name: &str| match name {
        "openhive" => 0,
        "hive-agents" => 1,
        "hive-sandbox" => 2,
        _ => 3,
    };
    let mut names: Vec<&str> = plan.changes.iter().map(|c| section(&c.reference)).collect();
    names.sort_by_key(|name| (rank(name), *name));
    names.dedup();
    names
}

/// A line for each of the first `most` changed fields, and how many more there are. Images come
/// first; labels and annotations, which follow what they describe, only where nothing else changed.
pub(super) fn field_lines(change: &Change, most: usize) -> (Vec<String>, usize) {
    let weight = |field: &FieldChange| match &field.path {
        _ if field.changed_by.is_some() => 0,
        path if path.ends_with(".image") => 1,
        path if path.contains("metadata.") => 3,
        _ => 2,
    };
    let single = only_container(change);
    let mut fields: Vec<&FieldChange> = change.fields.iter().collect();
    fields.sort_by_key(|field| weight(field));
    let telling = fields.iter().filter(|field| weight(field) < 3).count();
    let listed = if telling == 0 { fields.len() } else { telling }.min(most);
    let kind = change.reference.kind;
    let lines = fields[..listed].iter().map(|field| field_line(kind, field, single)).collect();
    (lines, fields.len() - listed)
}

/// `and 3 more fields`.
pub(super) fn more_fields(count: usize) -> String {
    format!("and {count} more {}", if count == 1 { "field" } else { "fields" })
}

fn field_line(kind: Kind, field: &FieldChange, container: Option<&str>) -> String {
    let name = short_path(kind, &field.path, container);
    let by = field
        .changed_by
        .as_ref()
        .map(|manager| format!("  (changed by hand, by {manager})"))
        .unwrap_or_default();
    match (&field.old, &field.new) {
        (FieldValue::Plain(old), FieldValue::Plain(new)) => {
            format!("{name}  {} → {}{by}", value(old), value(new))
        }
        (FieldValue::Absent, FieldValue::Plain(new)) => {
            format!("{name}  added: {}{by}", value(new))
        }
        (FieldValue::Plain(old), FieldValue::Absent) => {
            format!("{name}  removed: {}{by}", value(old))
        }
        _ => format!("{name} {}{by}", field.verb()),
    }
}

/// A value on one line.
pub(super) fn value(value: &Value) -> String {
    let text = match value {
        Value::String(text) if text.is_empty() => "\"\"".to_owned(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    let text: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    if text.chars().count() <= LONG_VALUE {
        return text;
    }
    let head: String = text.chars().take(LONG_VALUE - 1).collect();
    format!("{head}…")
}

/// The container of which every changed container field is, where there is one.
fn only_container(change: &Change) -> Option<&str> {
    let prefix = "spec.template.spec.containers[";
    let mut names =
        change.fields.iter().filter_map(|field| field.path.strip_prefix(prefix)?.split(']').next());
    let first = names.next()?;
    names.all(|name| name == first).then_some(first)
}

fn short_path(kind: Kind, path: &str, container: Option<&str>) -> String {
    if kind == Kind::Secret
        && let Some(key) = path.strip_prefix("data")
    {
        return key.trim_start_matches('.').trim_matches(['[', ']']).to_owned();
    }
    if let Some(name) = container {
        let prefix = format!("spec.template.spec.containers[{name}].");
        if let Some(rest) = path.strip_prefix(&prefix) {
            return rest.to_owned();
        }
    }
    for prefix in ["spec.template.spec.", "spec.template.", "spec."] {
        if let Some(rest) = path.strip_prefix(prefix) {
            return if prefix == "spec." { rest.to_owned() } else { format!("pod {rest}") };
        }
    }
    path.to_owned()
}

/// What follows for running pods, short enough to stand behind the object.
pub(super) fn effect(change: &Change) -> Option<String> {
    let down = change.consequences.contains(&Consequence::Downtime);
    let restart = change.consequences.iter().find_map(|consequence| match consequence {
        Consequence::Restarts { pods, reasons }
            if *pods > 0 && !reasons.contains(&RestartReason::Replaced) =>
        {
            let noun = if *pods == 1 { "pod" } else { "pods" };
            let why: Vec<String> = reasons.iter().map(reason).collect();
            Some(format!("restarts {pods} {noun}: {}", why.join(", ")))
        }
        Consequence::RestartsReaders { workloads } => {
            Some(format!("restarts {}", workloads.join(", ")))
        }
        _ => None,
    })?;
    Some(if down { format!("{restart}; down meanwhile") } else { restart })
}

fn reason(reason: &RestartReason) -> String {
    match reason {
        RestartReason::Field { path } if path.len() > LONG_VALUE => "pod template".to_owned(),
        other => other.to_string(),
    }
}

/// What follows beyond [`effect`], a line each.
pub(super) fn notes(change: &Change) -> Vec<String> {
    if change.action == Action::Adopt {
        return Vec::new();
    }
    change
        .consequences
        .iter()
        .filter(|consequence| {
            !matches!(
                consequence,
                Consequence::Restarts { .. }
                    | Consequence::RestartsReaders { .. }
                    | Consequence::Downtime
                    | Consequence::Runs { .. }
            )
        })
        .map(ToString::to_string)
        .collect()
}

/// What the object's own line says behind its name.
pub(super) fn headword(change: &Change) -> Option<String> {
    match change.action {
        Action::Run => change.consequences.iter().find_map(|c| match c {
            Consequence::Runs { .. } => Some(c.to_string()),
            _ => None,
        }),
        Action::Adopt => Some(adoption(change)),
        Action::Delete => Some("removed after the rollouts".to_owned()),
        _ => None,
    }
}

/// What an adoption means: nothing for the object, but for who owns it.
fn adoption(change: &Change) -> String {
    let mut parts = vec!["becomes ours, nothing in it changes".to_owned()];
    for consequence in &change.consequences {
        match consequence {
            Consequence::TakesOver { managers } => {
                parts[0] =
                    format!("becomes ours ({} so far), nothing in it changes", managers.join(", "));
            }
            Consequence::DropsLastApplied { plain_text_secret: true } => {
                parts.push("drops the annotation that holds it in plain text".to_owned());
            }
            _ => {}
        }
    }
    parts.join("; ")
}

/// `Plan: 1 to add, 2 to change, 1 job to run.`, or that there is nothing to change.
pub(super) fn totals(plan: &Plan) -> String {
    let Counts { create, update, adopt, replace, run, delete, orphaned, .. } = plan.counts;
    if !plan.has_differences() {
        let migration = if run > 0 {
            "Nothing to change; the migration Job runs again"
        } else {
            "Nothing to change"
        };
        return format!("{migration}.");
    }
    let jobs = if run == 1 { "job to run" } else { "jobs to run" };
    let parts: Vec<String> = [
        (create, "to add"),
        (update, "to change"),
        (adopt, "to adopt"),
        (replace, "to replace"),
        (delete, "to remove"),
        (run, jobs),
        (orphaned, "left in place"),
    ]
    .into_iter()
    .filter(|(count, _)| *count > 0)
    .map(|(count, what)| format!("{count} {what}"))
    .collect();
    format!("Plan: {}.", parts.join(", "))
}

/// Which changes the server did not confirm, by reason.
pub(super) fn doubts(plan: &Plan) -> Vec<String> {
    const REASONS: [Verification; 8] = [
        Verification::NamespaceMissing,
        Verification::RoleMissing,
        Verification::Forbidden,
        Verification::WebhookRefused,
        Verification::Conflict,
        Verification::Immutable,
        Verification::Rejected,
        Verification::Offline,
    ];
    REASONS
        .into_iter()
        .filter_map(|reason| {
            let doubtful: Vec<&Change> =
                plan.changes.iter().filter(|c| c.verification == reason).collect();
            let why = reason.doubt()?;
            match &doubtful[..] {
                [] => None,
                [one] => Some(format!("{} is not verified by the server: {why}", one.reference)),
                all if all.len() == plan.changes.len() => {
                    Some(format!("nothing is verified by the server: {}", plural(why)))
                }
                all => Some(format!(
                    "{} objects are not verified by the server: {}",
                    all.len(),
                    plural(why)
                )),
            }
        })
        .collect()
}

fn plural(why: &str) -> String {
    why.replace("its namespace does", "their namespaces do")
        .replace("the Role that it binds does", "the Roles that they bind do")
        .replace("some of its fields", "some of their fields")
        .replace("refuses it", "refuses them")
}

/// Whether the line of an object says anything.
pub(super) fn is_listed(change: &Change) -> bool {
    change.action != Action::Keep || change.obstacle.is_some()
}
