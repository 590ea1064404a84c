//! The first file of expectations passes on folders of the netpol-analyzer, read in process.

use std::path::{Path, PathBuf};

use jiff::civil::date;
use manifest::yaml;
use netpol::expect::{check, read, write};
use netpol::read::Reader;
use netpol::{Cni, Input};

use crate::analyzer::module;

/// Small and large, with blocks and exceptions, named ports, admin policies, and pods not listed.
const FOLDERS: [&str; 8] = [
    "ipblockstest",
    "netpol-analysis-example-minimal",
    "netpol_named_port_test",
    "onlineboutique_workloads",
    "acs-security-demos",
    "anp_test_3_pass_traffic",
    "exposure_test_with_different_rules_1",
    "k8s_ingress_test_new",
];

fn input(dir: &Path) -> Input {
    let mut reader = Reader::new("default");
    reader.network().cni = Some(Cni::None);
    add(&mut reader, dir);
    reader.finish()
}

fn add(reader: &mut Reader, dir: &Path) {
    let mut paths: Vec<PathBuf> =
        std::fs::read_dir(dir).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    for path in paths {
        if path.is_dir() {
            add(reader, &path);
        } else if path.extension().is_some_and(|e| e == "yaml" || e == "yml") {
            let text = std::fs::read_to_string(&path).unwrap();
            for document in yaml::read(&text).unwrap_or_default() {
                reader.add(&document.value, None);
            }
        }
    }
}

#[test]
fn a_first_file_of_each_folder_passes_and_one_entry_less_does_not() {
    let tests = module().join("tests");
    for folder in FOLDERS {
        let input = input(&tests.join(folder));
        assert!(!input.members.is_empty(), "{folder}");
        let mut document = write(&input);
        let today = date(2026, 6, 1);
        let found = check(&input, &read(&document, None).unwrap(), today);
        assert_eq!(found.map(|f| f.len()), Ok(0), "{folder}");
        let flows = document["flows"].as_array_mut().unwrap();
        flows.remove(flows.len() / 2);
        let found = check(&input, &read(&document, None).unwrap(), today).unwrap();
        assert!(!found.is_empty(), "{folder}: an entry that was left out is not missed");
    }
}
