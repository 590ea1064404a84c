//! Manifests from files in place of a cluster (`--against`).

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value};

use super::live::{DryRun, Live};
use manifest::{Kind, Object, ObjectRef};

/// The live objects of a [`super::build`](fn@super::build) that are manifests. Nothing of such a plan is verified by
/// a server, and who owns a field is known only where the files are dumps of a cluster.
#[must_use]
pub fn against(manifests: Vec<Object>) -> BTreeMap<ObjectRef, Live> {
    manifests
        .into_iter()
        .map(|mut object| {
            if object.reference.kind == Kind::Secret {
                encode_string_data(&mut object.manifest);
            }
            (object.reference, Live { object: Some(object.manifest), dry_run: DryRun::NotAsked })
        })
        .collect()
}

/// `stringData` is write-only: a server keeps it as `data`.
fn encode_string_data(secret: &mut Value) {
    let Some(fields) = secret.as_object_mut() else { return };
    let Some(Value::Object(plain)) = fields.shift_remove("stringData") else { return };
    let data = fields.entry("data").or_insert_with(|| Value::Object(Map::new()));
    if data.is_null() {
        *data = Value::Object(Map::new());
    }
    if let Some(data) = data.as_object_mut() {
        data.extend(plain.into_iter().map(|(key, value)| {
            (key, Value::String(STANDARD.encode(value.as_str().unwrap_or_default())))
        }));
    }
}
