//! What is allowed but deserves a sentence.

use std::collections::BTreeMap;

use secrecy::ExposeSecret;

use super::keys::Key;
use super::merge::Merged;
use super::model::{Image, SandboxKey, Values};
use super::parse::{net, url};
use super::problem::Problem;
use super::reason::Reason;
use crate::render::Profile;

/// The class whose controller's usual namespace is known.
const NGINX: &str = "nginx";

/// Everything worth a sentence about values that passed every check.
pub fn warnings(values: &Values, merged: &Merged, profile: Profile) -> Vec<Problem> {
    let mut found = Vec::new();
    let mut warn = |key: Key, entry: Option<usize>, reason: Reason| {
        let place = merged.given.get(&key).map(|given| given.place.clone());
        found.push(Problem { place, key: Some(key.name().to_owned()), entry, reason });
    };

    for (key, other) in equal_secrets(values) {
        warn(key, None, Reason::EqualSecrets { other: other.name() });
    }
    let images = images(values, merged);
    for (key, image) in &images {
        match (&image.tag, &image.digest) {
            (Some(tag), None) if tag == "latest" => warn(*key, None, Reason::LatestTag),
            (None, None) => warn(*key, None, Reason::NoTag),
            _ => {}
        }
    }
    if let Some(tags) = mixed_tags(&images) {
        warn(images[0].0, None, Reason::MixedTags { tags });
    }
    if let (Profile::Platform, Some(ingress)) = (profile, &values.ingress)
        && ingress.class != NGINX
        && values.ingress_controller_namespace.is_none()
        && values.ingress_controller_cidrs.is_empty()
    {
        warn(Key::IngressClass, None, Reason::IngressUnreachable);
    }
    if url::names_sslmode(values.database.url.expose_secret()) {
        warn(Key::DatabaseUrl, None, Reason::Sslmode);
    }
    for (index, allow) in values.sandbox_egress_allow.iter().enumerate() {
        if net::is_everything(allow.cidr) {
            warn(Key::SandboxEgressAllow, Some(index + 1), Reason::OpensEverything);
        } else if net::contains_metadata(allow.cidr) {
            warn(Key::SandboxEgressAllow, Some(index + 1), Reason::OpensMetadata);
        }
    }
    if let Some(names) = absent_codex_key(values) {
        warn(Key::CodexEnvKey, None, Reason::CodexKeyAbsent { names });
    }
    if values.relay.as_ref().is_some_and(|r| r.token.is_some() && r.url.starts_with("http://")) {
        warn(Key::RelayUrl, None, Reason::PlainRelay);
    }
    found
}

/// Each credential that repeats an earlier one, with that one.
fn equal_secrets(values: &Values) -> Vec<(Key, Key)> {
    let mut seen: Vec<(Key, &str)> = Vec::new();
    let mut equal = Vec::new();
    for (key, secret) in values.credentials_by_key() {
        match seen.iter().find(|(_, other)| *other == secret) {
            Some((other, _)) if *other != key => equal.push((key, *other)),
            Some(_) => {}
            None => seen.push((key, secret)),
        }
    }
    equal
}

/// The images that the file names; the pipeline's only where it is given.
fn images<'a>(values: &'a Values, merged: &Merged) -> Vec<(Key, &'a Image)> {
    let images = &values.images;
    [
        (Key::GatewayImage, &images.gateway),
        (Key::DashboardImage, &images.dashboard),
        (Key::AgentImage, &images.agent),
        (Key::SandboxImage, &images.sandbox),
        (Key::PipelineImage, &images.pipeline),
    ]
    .into_iter()
    .filter(|(key, _)| merged.given.contains_key(key))
    .collect()
}

/// The tags with the components that carry them, where there is more than one tag. An image with
/// a digest and no tag says nothing.
fn mixed_tags(images: &[(Key, &Image)]) -> Option<Vec<String>> {
    let mut tags: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    for (key, image) in images {
        let tag = match (&image.tag, &image.digest) {
            (Some(tag), _) => tag,
            (None, None) => "latest",
            (None, Some(_)) => continue,
        };
        let component = key.name().trim_start_matches("OPENHIVE_").trim_end_matches("_IMAGE");
        tags.entry(tag).or_default().push(component.to_ascii_lowercase());
    }
    (tags.len() > 1).then(|| {
        tags.into_iter().map(|(tag, names)| format!("{tag} ({})", names.join(", "))).collect()
    })
}

/// The API key that the Codex CLI is told to send but never gets.
fn absent_codex_key(values: &Values) -> Option<&'static str> {
    let named = values.sandbox_keys.iter().find(|(key, _)| *key == SandboxKey::CodexEnvKey)?;
    let names = SandboxKey::ALL.into_iter().find(|key| key.env() == named.1.expose_secret())?;
    let given = values.sandbox_keys.iter().any(|(key, _)| *key == names);
    (!given).then_some(names.values_key())
}
