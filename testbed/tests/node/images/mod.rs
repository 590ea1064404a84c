//! The images keep the platform's runtime contracts (`testbed/images/README.md`): each runs here with the platform's
//! true commands, as a user it does not know and with a read-only root, against a real PostgreSQL.
//!
//! Needs root, PostgreSQL and, the first time, a Debian mirror; fails where it cannot have them.

mod agent;
mod dashboard;
mod faults;
mod gateway;
mod machine;
mod sandbox;
