//! Which flows the rendered policies open: in every profile those of the platform's table, and no other.

use assert_cmd::Command;
use serde_json::Value;

const VALUES: &str = include_str!("../common/values.env");

/// Where the database and the API server are: without it their ports are open to every address.
const NARROW: &str = "\
OPENHIVE_DATABASE_CIDR=203.0.113.7/32
OPENHIVE_API_SERVER_CIDR=10.20.0.1/32
OPENHIVE_CLUSTER_CIDRS=10.244.0.0/16
";

/// The numbers of a report on what a values file renders to.
fn totals(values: &str, profile: &str) -> Value {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("values.env"), values).unwrap();
    let mut command = Command::cargo_bin("kubectl-openhive").unwrap();
    command.current_dir(folder.path()).env_clear().args(["verify-netpol", "-f", "values.env"]);
    let output =
        command.args(["--profile", profile, "--no-strict", "-o", "json"]).output().unwrap();
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(output.status.code(), Some(0), "{profile}: {}", report["totals"]);
    report["totals"].clone()
}

#[test]
fn every_profile_opens_what_the_table_says_and_nothing_else() {
    for (profile, least) in [("baseline", 50), ("gateway", 90), ("platform", 110)] {
        for values in [VALUES.to_owned(), format!("{VALUES}{NARROW}")] {
            let totals = totals(&values, profile);
            assert!(totals["checks"].as_u64() >= Some(least), "{profile}: {totals}");
            assert_eq!(totals["bypass"], 0, "{profile}: {totals}");
            assert_eq!(totals["overblock"], 0, "{profile}: {totals}");
        }
    }
}
