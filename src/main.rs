//! Installs OpenHive.
fn main() {}
