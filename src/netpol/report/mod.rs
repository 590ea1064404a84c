//! What was found, as text of many formats. Nothing is printed here.

mod connections_csv;
mod connections_json;
mod connections_picture;
mod escape;
pub mod label;
pub mod picture;

pub use connections_csv::connections_csv;
pub use connections_json::{SCHEMA, connections_json};
pub use connections_picture::connections_picture;
