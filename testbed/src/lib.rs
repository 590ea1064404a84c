//! A real Kubernetes on one Linux machine, as a library for tests and a command for people.

pub mod images;
