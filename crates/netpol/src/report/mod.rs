//! What was found, as text of many formats. Nothing is printed here.
//!
//! | module | what |
//! |---|---|
//! | [`model`] | a verification, judged |
//! | [`fingerprint`] | what tells findings apart |
//! | [`baseline`] | findings that are known |
//! | [`json`] | the report as evidence |
//! | [`picture`] | DOT and SVG |
//! | `junit`, `sarif`, `github` | what CI systems read |

pub mod baseline;
mod connections_csv;
mod connections_json;
mod connections_picture;
mod diff_json;
mod diff_markdown;
mod escape;
mod explained_json;
pub mod fingerprint;
mod flows_picture;
mod github;
pub mod json;
mod junit;
pub mod label;
pub mod model;
pub mod picture;
mod sarif;

pub use connections_csv::connections_csv;
pub use connections_json::{SCHEMA, connections_json};
pub use connections_picture::connections_picture;
pub use model::Report;

/// A path as the root of a repository has it: CI systems do not know `./`.
fn relative(file: &str) -> &str {
    file.trim_start_matches("./")
}
pub use diff_json::{DIFF_SCHEMA, diff_json};
pub use diff_markdown::diff_markdown;
pub use explained_json::{EXPLAINED_SCHEMA, explained_json};
