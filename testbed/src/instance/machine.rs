//! What every instance needs of the machine.

use std::path::PathBuf;

use crate::error::{Error, Result};

/// Programs of util-linux that namespaces are made and entered with.
const PROGRAMS: &[&str] = &["setsid", "unshare", "nsenter", "mount", "setpriv"];

/// Fails with what is missing, before anything is built or started.
pub(crate) fn require_machine() -> Result<()> {
    let root = rustix::process::geteuid().is_root();
    check(cfg!(target_os = "linux"), root, |name| find_program(name).is_some())
}

fn check(linux: bool, root: bool, has: impl Fn(&str) -> bool) -> Result<()> {
    let unsupported =
        |missing: String, hint: &str| Err(Error::Unsupported { missing, hint: hint.into() });
    if !linux {
        let hint = "use a cluster of your own, such as one of kind or minikube";
        return unsupported("this is not Linux".into(), hint);
    }
    if !root {
        let missing = "this is not root, which namespaces and cgroups need";
        return unsupported(missing.into(), "run it as root, or use a cluster of your own");
    }
    match PROGRAMS.iter().find(|name| !has(name)) {
        Some(name) => unsupported(
            format!("`{name}` is not on PATH"),
            "install util-linux (and on Debian the package mount)",
        ),
        None => Ok(()),
    }
}

/// Where a program is on `PATH`.
pub(crate) fn find_program(name: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path).map(|folder| folder.join(name)).find(|program| program.is_file())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn said(linux: bool, root: bool, missing: &str) -> String {
        check(linux, root, |name| name != missing).unwrap_err().to_string()
    }

    #[test]
    fn what_is_missing_is_named_in_one_sentence() {
        assert!(check(true, true, |_| true).is_ok());
        assert!(said(false, true, "").contains("this is not Linux; use a cluster of your own"));
        assert!(said(true, false, "").contains("this is not root"));
        assert!(
            said(true, true, "nsenter")
                .contains("`nsenter` is not on PATH; install util-linux (and")
        );
    }
}
