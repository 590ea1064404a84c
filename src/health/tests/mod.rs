//! One object at a time, as an API server writes it.
#![allow(clippy::unwrap_used)]

mod gate;
mod workloads;

use serde_json::Value;

fn typed<T: serde::de::DeserializeOwned>(value: Value) -> T {
    serde_json::from_value(value).unwrap()
}
