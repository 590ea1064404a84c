//! Other people's intent: which flows must be open and which must be closed (`docs/expect.md`).

mod check;
mod judge;
mod party;
mod read;
mod survey;
mod write;

use jiff::civil::Date;

use super::invalid::Place;
use super::ports::PortSet;

pub use check::check;
pub use judge::{Deviation, Found, Judged, judge};
pub use party::Party;
pub use read::read;
pub use survey::{EndpointSet, Participant, Survey, Who};
pub use write::{document, write};

/// The name and version of the format.
pub const API_VERSION: &str = "openhive.io/v1";

/// Its kind.
pub const KIND: &str = "NetworkExpectations";

/// What somebody means to be open and closed.
#[derive(Clone, Debug)]
pub struct Expectations {
    /// What is meant of flows that no entry lists.
    pub unlisted: Unlisted,
    /// In order: the first entry about a port of a flow decides.
    pub flows: Vec<Expectation>,
    /// Where it was read.
    pub place: Option<Place>,
}

/// What is meant of flows that no entry lists.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum Unlisted {
    /// They must be closed.
    #[default]
    Deny,
    /// Nothing.
    Ignore,
}

/// One entry.
#[derive(Clone, Debug)]
pub struct Expectation {
    /// Who connects.
    pub from: Party,
    /// To whom.
    pub to: Party,
    /// On which ports of the destination.
    pub ports: PortSet,
    /// What is meant.
    pub verdict: Wanted,
    /// Why.
    pub reason: String,
    /// The last day on which the entry counts.
    pub expires: Option<Date>,
}

/// What is meant of a flow.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Wanted {
    /// It must be open.
    Allow,
    /// It must be closed.
    Deny,
    /// It may be open or closed. Where it is open, that is told.
    Optional,
}
