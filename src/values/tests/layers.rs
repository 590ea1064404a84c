//! Several files, `--set`, and the order of a report.

use super::super::*;
use super::{GOOD, load_text, with};

fn sets(sets: &[&str]) -> Result<Checked, Report> {
    let sets: Vec<_> = sets.iter().map(|set| (*set).to_owned()).collect();
    load(&[Source::new("a.env", GOOD)], &sets, Profile::Platform)
}

#[test]
fn later_files_win_and_are_named() {
    let team = GOOD.replace("HIVE_ADMIN_PASSWORD", "#").replace("acme.dev", "example.com");
    let own = "HIVE_ADMIN_PASSWORD=long-enough\nOPENHIVE_INGRESS_HOST=hive.acme.dev\n";
    let sources = [Source::new("team.env", team), Source::new("own.env", own)];
    let checked = load(&sources, &[], Profile::Platform).unwrap();
    assert_eq!(checked.values.ingress.unwrap().host, "hive.acme.dev");
    assert_eq!(checked.origin[&Key::IngressHost].to_string(), "own.env:2");
    assert_eq!(checked.origin[&Key::IngressClass].to_string(), "team.env:12");
}

#[test]
fn a_later_empty_value_takes_an_optional_one_back() {
    let own = "OPENHIVE_CERT_MANAGER_CLUSTER_ISSUER=\n";
    let team = with(&[("OPENHIVE_CERT_MANAGER_CLUSTER_ISSUER", "letsencrypt-prod")]);
    let checked =
        load(&[Source::new("a", team), Source::new("b", own)], &[], Profile::Platform).unwrap();
    assert_eq!(checked.values.ingress.unwrap().cluster_issuer, None);
}

#[test]
fn a_report_is_in_the_order_of_files_and_lines() {
    let own = "OPENHIVE_RUN_AS_USER=0\nOPENHIVE_INGRESS_CLAS=nginx\n";
    let team = GOOD
        .replace("OPENHIVE_AGENT_IMAGE=", "OPENHIVE_AGENT_IMAGE=$")
        .replace("HIVE_ADMIN_PASSWORD", "#");
    let report = load(
        &[Source::new("z.env", team), Source::new("b.env", own)],
        &["OPENHIVE_DNS_PORTS=x".to_owned()],
        Profile::Platform,
    )
    .unwrap_err();
    let places: Vec<_> =
        report.errors.iter().map(|p| p.place.as_ref().map(ToString::to_string)).collect();
    let expected = [Some("z.env:8"), Some("b.env:1"), Some("b.env:2"), Some("--set"), None];
    assert_eq!(places, expected.map(|place| place.map(str::to_owned)));
}

#[test]
fn set_takes_public_keys_only() {
    let checked = sets(&["OPENHIVE_RUN_AS_USER=2000", "CODEX_PROVIDER_NAME=a b $c"]).unwrap();
    assert_eq!(checked.values.run_as_user, 2000);
    assert_eq!(checked.origin[&Key::RunAsUser].to_string(), "--set");
    for (set, reason) in [
        ("HIVE_ADMIN_USERNAME=root", Reason::SecretOnCommandLine),
        ("OPENAI_API_KEY=sk-canary-1", Reason::SecretOnCommandLine),
        ("OPENHIVE_RUN_AS_USER", Reason::NotASet),
        ("OPENHIVE_RUN_AS_USERS=1", Reason::UnknownKey { nearest: Some("OPENHIVE_RUN_AS_USER") }),
        ("OPENHIVE_RUN_AS_USER=1\n", Reason::ControlCharacter),
    ] {
        assert_eq!(sets(&[set]).unwrap_err().errors[0].reason, reason, "{set}");
    }
    let twice = sets(&["OPENHIVE_RUN_AS_USER=1", "OPENHIVE_RUN_AS_USER=2"]).unwrap_err();
    assert_eq!(twice.errors[0].reason, Reason::DuplicateSet);
}

#[test]
fn a_duplicate_names_both_lines() {
    let report = load_text(&format!("{GOOD}OPENHIVE_INGRESS_CLASS=traefik\n")).unwrap_err();
    assert_eq!(
        report.to_string(),
        "a.env:13: OPENHIVE_INGRESS_CLASS: given twice, first on line 12 (keep one of them)"
    );
}

#[test]
fn an_unknown_key_names_the_nearest_and_does_not_count_as_missing() {
    for (typed, meant) in [
        ("DATABSE_URL", "DATABASE_URL"),
        ("database_url", "DATABASE_URL"),
        ("OPENHIVE_GATEWAY_IMG", "OPENHIVE_GATEWAY_IMAGE"),
        ("HIVE_ADMIN_USER", "HIVE_ADMIN_USERNAME"),
    ] {
        let report =
            load_text(&GOOD.replace(&format!("{meant}="), &format!("{typed}="))).unwrap_err();
        let reasons: Vec<_> = report.errors.iter().map(|p| p.reason.clone()).collect();
        assert_eq!(reasons, [Reason::UnknownKey { nearest: Some(meant) }], "{typed}");
    }
    let report = load_text(&with(&[("PATH_TO_NOWHERE", "x")])).unwrap_err();
    assert_eq!(report.errors[0].reason, Reason::UnknownKey { nearest: None });
    assert_eq!(report.errors[0].key.as_deref(), Some("PATH_TO_NOWHERE"));
}

#[test]
fn a_file_without_values_says_only_that() {
    for text in ["", "\n\n# nothing\n"] {
        let report = load_text(text).unwrap_err();
        assert_eq!(report.errors.len(), 1);
        assert_eq!(report.errors[0].reason, Reason::NoValues);
    }
}

#[test]
fn a_file_that_others_can_read_is_warned_of() {
    let source = Source { readable_by_others: true, ..Source::new("a.env", GOOD) };
    let checked = load(&[source], &[], Profile::Platform).unwrap();
    assert_eq!(
        checked.warnings[0].to_string(),
        "a.env: others on this machine can read the file (chmod 600)"
    );
}
