//! The scripts in `completions/` are what the command line defines.

use std::path::Path;
use std::process::Command;

#[test]
fn the_scripts_are_those_of_the_definition() {
    for (shell, file) in [
        ("bash", "kubectl-openhive.bash"),
        ("zsh", "_kubectl-openhive"),
        ("fish", "kubectl-openhive.fish"),
        ("powershell", "_kubectl-openhive.ps1"),
    ] {
        let output = Command::new(env!("CARGO_BIN_EXE_kubectl-openhive"))
            .args(["completion", shell])
            .output()
            .expect("the program starts");
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("completions").join(file);
        let kept = std::fs::read(&path).unwrap_or_default();
        assert!(
            output.stdout == kept,
            "{} is out of date: run `cargo xtask completions`",
            path.display()
        );
    }
}
