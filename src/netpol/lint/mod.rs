//! What is likely a mistake in policies, whatever is meant to be open (`docs/lint.md`).

mod code;

pub use code::Code;
