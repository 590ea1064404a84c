//! The page `docs/network-policy.md` and the tests name each other.

use std::collections::{BTreeMap, BTreeSet};

const PAGE: &str = include_str!("../../../../docs/network-policy.md");
const TESTS: &[&str] = &[
    include_str!("admin.rs"),
    include_str!("rules.rs"),
    include_str!("invalid.rs"),
    include_str!("objects.rs"),
    include_str!("services.rs"),
];

/// Rule number → names of tests, from the page's table `| rule | … | tests |`.
fn rows() -> BTreeMap<u32, BTreeSet<String>> {
    let mut rows = BTreeMap::new();
    for line in PAGE.lines() {
        let cells: Vec<&str> = line.trim_matches('|').split(" | ").map(str::trim).collect();
        let Some(rule) = cells.first().and_then(|c| c.parse().ok()) else { continue };
        let names = cells.last().unwrap_or(&"").split(',').map(|n| n.trim().trim_matches('`'));
        rows.insert(rule, names.map(str::to_owned).collect());
    }
    rows
}

fn defined() -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    for source in TESTS {
        let mut lines = source.lines().peekable();
        while let Some(line) = lines.next() {
            if line.trim() == "#[test]"
                && let Some(name) = lines.peek().and_then(|l| l.trim().strip_prefix("fn "))
            {
                names.insert(name.split('(').next().unwrap_or_default().to_owned());
            }
        }
    }
    names
}

#[test]
fn every_rule_has_a_test_that_exists() {
    let (rows, defined) = (rows(), defined());
    let rules: Vec<u32> = rows.keys().copied().collect();
    assert_eq!(rules, (1..=22).collect::<Vec<_>>());
    for (rule, tests) in &rows {
        for test in tests {
            assert!(defined.contains(test), "rule {rule} names {test:?}, which is no test");
        }
    }
}

#[test]
fn every_test_named_after_a_rule_is_in_that_rules_row() {
    let rows = rows();
    for test in defined() {
        let Some(rest) = test.strip_prefix("rule_") else { continue };
        let rule: u32 = rest.split('_').next().unwrap().parse().unwrap();
        assert!(rows[&rule].contains(&test), "{test} is missing in the row of rule {rule}");
    }
}
