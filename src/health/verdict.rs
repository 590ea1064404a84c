//! The answer.

/// What an object's status says.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Verdict {
    /// As it should be.
    Ready,
    /// On its way; the reason names what is still missing.
    Progressing(Reason),
    /// It will not get there by itself.
    Failed(Reason),
    /// It is going away and never ready.
    Terminating {
        /// What holds it back.
        finalizers: Vec<String>,
    },
}

/// Why an object is not ready.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum Reason {
    /// The controller has not seen the newest generation.
    NotObserved,
}
