#![allow(clippy::unwrap_used)]

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use super::*;

fn sources() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("images")
}

#[test]
fn the_readme_lists_every_fault_with_its_roles() {
    let readme = fs::read_to_string(sources().join("README.md")).unwrap();
    let listed: BTreeSet<(String, String)> = readme
        .lines()
        .filter_map(|line| {
            let (tag, rest) = line.strip_prefix("| `v1.1.0-")?.split_once("` | ")?;
            Some((tag.to_owned(), rest.split_once(" | ")?.0.to_owned()))
        })
        .collect();
    let known: BTreeSet<(String, String)> = Fault::ALL
        .into_iter()
        .map(|fault| {
            let roles: Vec<&str> =
                Role::ALL.into_iter().filter(|r| fault.breaks(*r)).map(Role::name).collect();
            let roles =
                if roles.len() == Role::ALL.len() { "all".to_owned() } else { roles.join(", ") };
            (fault.name().to_owned(), roles)
        })
        .collect();
    assert_eq!(listed, known);
}

#[test]
fn the_readme_names_both_heads() {
    let readme = fs::read_to_string(sources().join("README.md")).unwrap();
    for release in Release::ALL {
        assert!(readme.contains(&format!("`{}`", release.head())), "{release:?}");
    }
}

#[test]
fn every_overlay_belongs_to_a_tag() {
    let folders = |name: &str| -> BTreeSet<String> {
        let entries = fs::read_dir(sources().join(name)).unwrap();
        entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
    };
    let releases: BTreeSet<String> = Release::ALL.map(|r| r.tag().to_owned()).into();
    assert!(folders("releases").is_subset(&releases));
    let faults: BTreeSet<String> = Fault::ALL.map(|f| f.name().to_owned()).into();
    assert!(folders("faults").is_subset(&faults));
}

#[test]
fn no_two_images_share_a_tag() {
    let names: BTreeSet<(Role, String)> =
        all().into_iter().map(|tag| (tag.role, tag.name())).collect();
    assert_eq!(names.len(), all().len());
}
