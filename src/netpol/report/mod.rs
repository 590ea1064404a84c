//! What was found, as text of many formats. Nothing is printed here.

mod connections_json;

pub use connections_json::{SCHEMA, connections_json};
