//! The yardstick of `cargo xtask bench netpol`: reads files into generic values, and no more.

use std::process::ExitCode;

use manifest::yaml;

fn main() -> ExitCode {
    for path in std::env::args_os().skip(1) {
        let read = std::fs::read_to_string(&path).map_err(|error| error.to_string());
        match read.and_then(|text| yaml::read(&text).map_err(|error| error.to_string())) {
            Ok(documents) => println!("{}", documents.len()),
            Err(error) => {
                eprintln!("{}: {error}", path.display());
                return ExitCode::FAILURE;
            }
        }
    }
    ExitCode::SUCCESS
}
