//! One object at a time, as an API server writes it.
#![allow(clippy::unwrap_used)]

mod gate;
mod network;
mod storage;
mod workloads;

use jiff::{SignedDuration, Timestamp};
use serde_json::Value;

const CREATED: &str = "2026-05-01T10:00:00Z";

fn at(seconds: i64) -> Timestamp {
    CREATED.parse::<Timestamp>().unwrap() + SignedDuration::from_secs(seconds)
}

fn typed<T: serde::de::DeserializeOwned>(value: Value) -> T {
    serde_json::from_value(value).unwrap()
}
