//! The pure core stays pure: no file of it names I/O, a clock, the environment, or a client.

use std::path::{Path, PathBuf};

/// Modules that only decide.
const PURE: [&str; 9] = [
    "crates/manifest/src",
    "crates/netpol/src",
    "src/values",
    "src/redact",
    "src/render",
    "src/isolation",
    "src/plan",
    "src/health",
    "src/diagnose",
];

/// What a pure module must not name, outside its tests.
const FORBIDDEN: [&str; 14] = [
    "std::fs",
    "TcpStream",
    "UdpSocket",
    "ToSocketAddrs",
    "std::process",
    "std::env::var",
    "std::io::std",
    "std::time::Instant",
    "SystemTime",
    "Timestamp::now",
    "tokio",
    "kube::",
    "println!",
    "eprintln!",
];

/// Modules of the program itself that do; crates have modules of these names that do not.
const EDGES: [&str; 2] = ["crate::cluster", "crate::engine"];

fn sources(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).expect("a source folder") {
        let path = entry.expect("an entry").path();
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        if name.contains("test") || name == "fixtures.rs" {
            continue;
        }
        if path.is_dir() {
            found.extend(sources(&path));
        } else if name.ends_with(".rs") {
            found.push(path);
        }
    }
    found
}

/// The code of a file without comments and without its test module.
fn code(path: &Path) -> String {
    let text = std::fs::read_to_string(path).expect("a source file");
    let code = text.split("#[cfg(test)]\nmod tests {").next().unwrap_or_default();
    code.lines().filter(|line| !line.trim_start().starts_with("//")).collect::<Vec<_>>().join("\n")
}

#[test]
fn what_decides_does_no_io() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut broken = Vec::new();
    for module in PURE {
        let files = sources(&root.join(module));
        assert!(!files.is_empty(), "{module} has no files: is the list out of date?");
        for file in files {
            let code = code(&file);
            let edges = EDGES.iter().filter(|_| !module.starts_with("crates/"));
            for word in FORBIDDEN.iter().chain(edges) {
                if code.contains(*word) {
                    broken.push(format!("{}: {word}", file.display()));
                }
            }
        }
    }
    assert!(broken.is_empty(), "{}", broken.join("\n"));
}

#[test]
fn only_the_output_layer_prints() {
    let src = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut broken = Vec::new();
    for file in sources(&src) {
        if file.starts_with(src.join("ui")) {
            continue;
        }
        let code = code(&file);
        for word in ["println!", "print!(", "io::stdout()", "io::stderr()"] {
            if code.contains(word) {
                broken.push(format!("{}: {word}", file.display()));
            }
        }
    }
    assert!(broken.is_empty(), "{}", broken.join("\n"));
}
