//! `plan` and what carries it out, against a real API server.

mod adopt;
mod empty;
mod installed;
mod rights;
