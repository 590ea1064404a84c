//! The executable: everything is in the library.

use std::process::ExitCode;

fn main() -> ExitCode {
    kubectl_openhive::cli::main(std::env::args_os())
}
