//! Checked values to the variables of the templates.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use minijinja::value::Serde;
use secrecy::{ExposeSecret, SecretString};
use serde::Serialize;

use super::network::{Item, Network};
use super::{ClusterFacts, Profile, RenderError, RenderOptions};
use crate::values::{Image, SandboxKey, Values};

/// Every variable that a template may use. `docs/platform.md` says what becomes of each value.
#[derive(Serialize)]
pub(super) struct Context {
    runtime: bool,
    platform: bool,
    image: Images,
    version: Versions,
    run_as_user: u32,
    secret: Secrets,
    pull_secret: Option<PullSecret>,
    pull_secret_named: bool,
    ingress: Option<Ingress>,
    storage: Storage,
    sandbox: Sandbox,
    net: Network,
}

#[derive(Serialize)]
struct Images {
    gateway: String,
    dashboard: String,
    agent: String,
    sandbox: String,
    pipeline: String,
}

#[derive(Serialize)]
struct Versions {
    gateway: Option<String>,
    dashboard: Option<String>,
    agent: Option<String>,
    sandbox: Option<String>,
}

/// In base64, as in `data` of a Secret.
#[derive(Serialize)]
struct Secrets {
    database_url: String,
    dashboard_session_secret: String,
    internal_secret: String,
    admin_username: String,
    admin_password: String,
    sandbox: Vec<Item>,
    relay_token: Option<String>,
}

#[derive(Serialize)]
struct PullSecret {
    r#type: String,
    data: Vec<Item>,
}

#[derive(Serialize)]
struct Ingress {
    host: String,
    tls_secret: String,
    class: String,
    cluster_issuer: Option<String>,
}

#[derive(Serialize)]
struct Storage {
    class: Option<String>,
    size: String,
}

#[derive(Serialize)]
struct Sandbox {
    optional_env: Vec<OptionalEnv>,
    coding_backend: Option<&'static str>,
    relay_url: Option<String>,
}

#[derive(Serialize)]
struct OptionalEnv {
    env: &'static str,
    key: &'static str,
}

impl Context {
    pub(super) fn new(
        values: &Values,
        facts: &ClusterFacts,
        profile: Profile,
        options: &RenderOptions<'_>,
    ) -> Result<Self, RenderError> {
        let platform = profile == Profile::Platform;
        let ingress = values.ingress.as_ref().map(|i| Ingress {
            host: i.host.clone(),
            tls_secret: i.tls_secret.clone(),
            class: i.class.clone(),
            cluster_issuer: i.cluster_issuer.clone().filter(|issuer| !issuer.is_empty()),
        });
        if platform && ingress.is_none() {
            return Err(RenderError::NoIngress);
        }
        let images = &values.images;
        Ok(Self {
            runtime: matches!(profile, Profile::Gateway | Profile::Platform),
            platform,
            image: Images {
                gateway: images.gateway.reference.clone(),
                dashboard: images.dashboard.reference.clone(),
                agent: images.agent.reference.clone(),
                sandbox: images.sandbox.reference.clone(),
                pipeline: images.pipeline.reference.clone(),
            },
            version: Versions {
                gateway: version(&images.gateway),
                dashboard: version(&images.dashboard),
                agent: version(&images.agent),
                sandbox: version(&images.sandbox),
            },
            run_as_user: values.run_as_user,
            secret: secrets(values),
            pull_secret: options.pull_secret.map(pull_secret).transpose()?,
            pull_secret_named: values.image_pull_secret.is_some(),
            ingress,
            storage: Storage {
                class: values.agent_config_storage_class.clone(),
                size: values.agent_config_size.clone(),
            },
            sandbox: Sandbox {
                optional_env: SandboxKey::ALL
                    .map(|k| OptionalEnv { env: k.env(), key: k.secret_key() })
                    .into(),
                coding_backend: values.coding_backend.map(|b| b.as_str()),
                relay_url: values.relay.as_ref().map(|r| r.url.clone()),
            },
            net: Network::new(values, facts),
        })
    }
}

impl Context {
    /// The variables as the engine takes them.
    pub(super) fn into_variables(self) -> minijinja::Value {
        minijinja::Value::from(Serde(self))
    }
}

fn secrets(values: &Values) -> Secrets {
    let encode = |secret: &SecretString| STANDARD.encode(secret.expose_secret());
    Secrets {
        database_url: encode(&values.database.url),
        dashboard_session_secret: encode(&values.dashboard_session_secret),
        internal_secret: encode(&values.internal_secret),
        admin_username: encode(&values.admin_username),
        admin_password: encode(&values.admin_password),
        sandbox: values
            .sandbox_keys
            .iter()
            .map(|(key, secret)| Item { key: key.secret_key().to_owned(), value: encode(secret) })
            .collect(),
        relay_token: values.relay.as_ref().and_then(|r| r.token.as_ref()).map(encode),
    }
}

/// What the kubelet takes credentials of a registry from.
const PULL_SECRET_TYPES: [&str; 2] = ["kubernetes.io/dockerconfigjson", "kubernetes.io/dockercfg"];

/// Type and data of the Secret to copy.
fn pull_secret(source: &serde_json::Value) -> Result<PullSecret, RenderError> {
    let r#type = source["type"]
        .as_str()
        .filter(|t| PULL_SECRET_TYPES.contains(t))
        .ok_or(RenderError::PullSecret { missing: "type of a registry's credentials" })?;
    let data = source["data"].as_object().ok_or(RenderError::PullSecret { missing: "data" })?;
    let data = data
        .iter()
        .filter_map(|(k, v)| Some(Item { key: k.clone(), value: v.as_str()?.to_owned() }))
        .collect();
    Ok(PullSecret { r#type: r#type.to_owned(), data })
}

/// The tag, where it can be a label's value: 63 characters at most, of which the first and the last
/// are letters or digits.
fn version(image: &Image) -> Option<String> {
    let tag = image.tag.as_deref()?;
    let edge = |c: Option<char>| c.is_some_and(|c| c.is_ascii_alphanumeric());
    let inner = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
    (tag.len() <= 63
        && edge(tag.chars().next())
        && edge(tag.chars().next_back())
        && tag.chars().all(inner))
    .then(|| tag.to_owned())
}
