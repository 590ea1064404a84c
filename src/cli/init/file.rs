//! Writes a file whole or not at all, readable by its owner only.

use std::io::{self, Write};
use std::path::Path;

use crate::cli::Exit;
use crate::ui::Failure;

/// Refuses early what [`write`](fn@write) would refuse after all questions are answered.
pub fn can_be_made(path: &Path) -> Result<(), Failure> {
    if path.as_os_str() == "-" {
        return Err(Failure::new(Exit::Usage, "init writes to a file only")
            .cause("on standard output the secrets could end up in a log")
            .fix("name a file:  -o values.env"));
    }
    // Also a link to nothing is in the way.
    if path.symlink_metadata().is_ok() {
        return Err(exists(path));
    }
    let folder = folder(path);
    if !folder.is_dir() {
        return Err(Failure::new(Exit::Error, format!("cannot write {}", path.display()))
            .cause(format!("there is no folder {}", folder.display()))
            .fix(format!("mkdir -p {}", folder.display())));
    }
    Ok(())
}

/// Writes the file under another name beside it, and gives it its name when it is whole.
pub fn write(path: &Path, content: &[u8]) -> Result<(), Failure> {
    let failed = |error: io::Error| {
        let failure = Failure::new(Exit::Error, format!("cannot write {}", path.display()));
        match error.kind() {
            io::ErrorKind::AlreadyExists => exists(path),
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => {
                failure.cause("the disk is full").fix("free some space, and run the command again")
            }
            io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem => failure
                .cause(format!("you may not write to {}", folder(path).display()))
                .fix("name a file elsewhere with -o"),
            _ => failure.cause(error.to_string()),
        }
        .now("nothing was written")
    };
    // The file is made with mode 0600, and goes away by itself unless it is kept.
    let mut file =
        tempfile::Builder::new().prefix(".values-").tempfile_in(folder(path)).map_err(failed)?;
    file.write_all(content).map_err(failed)?;
    file.as_file().sync_all().map_err(failed)?;
    file.persist_noclobber(path).map_err(|error| failed(error.error))?;
    Ok(())
}

fn exists(path: &Path) -> Failure {
    let name = path.display();
    Failure::new(Exit::Error, format!("{name} already exists"))
        .cause("init never overwrites: the file may hold the only copy of its secrets")
        .fix("name another file with -o, or check the one that is there:")
        .fix(format!("kubectl openhive validate -f {name}"))
        .now("nothing was written")
}

fn folder(path: &Path) -> &Path {
    match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    }
}
