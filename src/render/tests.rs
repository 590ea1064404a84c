#![allow(clippy::unwrap_used)]

use serde_json::json;

use super::*;

const PROFILES: [Profile; 4] =
    [Profile::Baseline, Profile::Gateway, Profile::Platform, Profile::Migration];

fn with(values: &Values, profile: Profile, options: &RenderOptions<'_>) -> Rendered {
    render(values, &ClusterFacts::resolve(values, None), profile, options).unwrap()
}

fn digests(values: &Values, key: &DigestKey) -> Vec<(String, String)> {
    let options =
        RenderOptions { digest_key: Some(key), migration_job: true, ..RenderOptions::default() };
    let rendered = with(values, Profile::Platform, &options);
    rendered
        .objects
        .iter()
        .filter_map(|o| {
            let digest = match o.reference.kind {
                Kind::Job => &o.manifest["metadata"]["annotations"][MIGRATION_DIGEST],
                _ => &o.manifest["spec"]["template"]["metadata"]["annotations"][CONFIG_DIGEST],
            };
            Some((o.reference.name.clone(), digest.as_str()?.to_owned()))
        })
        .collect()
}

fn changed(before: &[(String, String)], after: &[(String, String)]) -> Vec<String> {
    assert_eq!(before.len(), after.len());
    before.iter().zip(after).filter(|(a, b)| a != b).map(|(a, _)| a.0.clone()).collect()
}

#[test]
fn objects_come_in_canonical_order_and_once() {
    for profile in PROFILES {
        let objects = with(&testkit::values(), profile, &RenderOptions::default()).objects;
        assert!(objects.windows(2).all(|pair| pair[0].reference < pair[1].reference));
    }
}

#[test]
fn digests_are_left_out_without_a_key() {
    let rendered = with(&testkit::values(), Profile::Platform, &RenderOptions::default());
    assert!(rendered.objects.iter().all(|o| !o.manifest.to_string().contains("digest")));
}

#[test]
fn a_changed_secret_changes_the_digests_of_the_pods_that_read_it() {
    let key = DigestKey::new([7; 32]);
    let before = digests(&testkit::values(), &key);
    let names: Vec<_> = before.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names, ["openhive-db-migrate", "hive-sandbox", "hive-gateway"]);

    let mut values = testkit::values();
    values.admin_password = "another-canary".to_owned().into();
    assert_eq!(changed(&before, &digests(&values, &key)), ["hive-gateway"]);

    // The same database under a new password: the migration is still the same.
    let mut values = testkit::values();
    values.database.url = "postgresql+asyncpg://hive:new@db.test:6432/hive".to_owned().into();
    assert_eq!(changed(&before, &digests(&values, &key)), ["hive-sandbox", "hive-gateway"]);

    let mut values = testkit::values();
    values.database.host = "other.test".to_owned();
    assert_eq!(changed(&before, &digests(&values, &key)), ["openhive-db-migrate"]);
}

#[test]
fn another_key_gives_other_digests() {
    let values = testkit::values();
    let before = digests(&values, &DigestKey::new([7; 32]));
    assert_eq!(changed(&before, &digests(&values, &DigestKey::new([8; 32]))).len(), 3);
}

#[test]
fn the_installer_secret_keeps_the_key() {
    let key = DigestKey::new([9; 32]);
    let secret = installer_secret(&key);
    assert_eq!(secret.reference.to_string(), "secret/openhive-installer -n openhive");
    let read = read_installer_secret(&secret.manifest).unwrap();
    assert_eq!(read.expose(), key.expose());
    assert!(read_installer_secret(&json!({ "data": { "digest-key": "c2hvcnQ=" } })).is_none());
}

#[test]
fn the_platform_profile_wants_an_ingress() {
    let mut values = testkit::values();
    values.ingress = None;
    let facts = ClusterFacts::resolve(&values, None);
    let render = |profile| render(&values, &facts, profile, &RenderOptions::default());
    assert_eq!(render(Profile::Platform).unwrap_err(), RenderError::NoIngress);
    assert!(render(Profile::Gateway).is_ok());
}

#[test]
fn a_pull_secret_must_be_one() {
    let mut values = testkit::values();
    values.image_pull_secret = Some(crate::values::SecretName {
        namespace: "registry".to_owned(),
        name: "pull".to_owned(),
    });
    let facts = ClusterFacts::resolve(&values, None);
    for source in [
        json!({ "type": "Opaque", "data": { "password": "Y2FuYXJ5" } }),
        json!({ "type": "kubernetes.io/dockerconfigjson" }),
    ] {
        let options = RenderOptions { pull_secret: Some(&source), ..RenderOptions::default() };
        let error = render(&values, &facts, Profile::Gateway, &options).unwrap_err();
        assert!(matches!(error, RenderError::PullSecret { .. }), "{error}");
    }
}

#[test]
fn debug_shows_no_secret() {
    let rendered = with(&testkit::values(), Profile::Platform, &RenderOptions::default());
    let debug = format!("{rendered:?}");
    assert!(debug.contains("secret/openhive-platform-secrets -n openhive"));
    assert!(!debug.contains("Y2FuYXJ5") && !debug.contains("canary"), "{debug}");
}

#[test]
fn the_template_digest_is_stable() {
    assert_eq!(template_digest(), template_digest());
    assert_eq!(template_digest().len(), 64);
}
