//! What was found, as text of many formats. Nothing is printed here.

mod connections_json;
mod escape;
pub mod picture;

pub use connections_json::{SCHEMA, connections_json};
