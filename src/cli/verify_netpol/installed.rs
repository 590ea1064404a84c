//! What is meant to be open, read from what is installed: where no values file is named.

use futures::future::join_all;
use serde_json::Value;

use crate::cli::Exit;
use crate::cli::failure::cluster_failure;
use crate::cluster::{Cluster, ClusterError, Retry};
use crate::object::{Kind, ObjectRef};
use crate::render::Profile;
use crate::ui::{Failure, Ui};
use crate::values::{self, Source, Values, template};

/// Keys of a values file, and those of the Secret that hold them.
const SECRETS: [(&str, &str); 5] = [
    ("DATABASE_URL", "database-url"),
    ("DASHBOARD_SESSION_SECRET", "dashboard-session-secret"),
    ("HIVE_INTERNAL_SECRET", "gateway-internal-secret"),
    ("HIVE_ADMIN_USERNAME", "admin-username"),
    ("HIVE_ADMIN_PASSWORD", "admin-password"),
];

/// Keys of a values file, and the Deployments whose images they are.
const IMAGES: [(&str, &str, &str); 4] = [
    ("OPENHIVE_GATEWAY_IMAGE", "openhive", "hive-gateway"),
    ("OPENHIVE_DASHBOARD_IMAGE", "openhive", "hive-dashboard"),
    ("OPENHIVE_AGENT_IMAGE", "hive-agents", "hive-agent"),
    ("OPENHIVE_SANDBOX_IMAGE", "hive-sandbox", "hive-sandbox"),
];

/// Keys of a values file, and their places in the Ingress.
const INGRESS: [(&str, &str); 3] = [
    ("OPENHIVE_INGRESS_CLASS", "/spec/ingressClassName"),
    ("OPENHIVE_INGRESS_HOST", "/spec/rules/0/host"),
    ("OPENHIVE_INGRESS_TLS_SECRET", "/spec/tls/0/secretName"),
];

/// The values that an installation shows, and its profile. Keys that only policies show, such as
/// `OPENHIVE_DATABASE_CIDR`, count as absent: what is checked must not say what is meant.
///
/// # Errors
/// Nothing is installed, or it may not be read.
pub(super) async fn values(cluster: &Cluster, ui: &Ui) -> Result<(Values, Profile), Failure> {
    let secret = ObjectRef::namespaced(Kind::Secret, "openhive", "openhive-platform-secrets");
    let ingress = ObjectRef::namespaced(Kind::Ingress, "openhive", "openhive-platform");
    let mut wanted = vec![secret, ingress];
    let deployment = |(_, namespace, name): (_, &str, &str)| {
        ObjectRef::namespaced(Kind::Deployment, namespace, name)
    };
    wanted.extend(IMAGES.map(deployment));
    let answers = join_all(wanted.iter().map(|o| cluster.rest.get(o, Retry::while_busy()))).await;
    let mut objects = Vec::new();
    for (object, answer) in wanted.iter().zip(answers) {
        objects.push(answer.map_err(|error| unreadable(object, &error))?);
    }
    let [secret, ingress, deployments @ ..] = objects.as_slice() else { return Err(nothing()) };
    let Some(secret) = secret else { return Err(nothing()) };
    let image = |deployment: &Option<Value>| {
        let image = deployment.as_ref()?.pointer("/spec/template/spec/containers/0/image")?;
        Some(image.as_str()?.to_owned())
    };
    let images: Vec<Option<String>> = deployments.iter().map(image).collect();
    let profile = if images.get(1).is_some_and(Option::is_some) {
        Profile::Platform
    } else {
        Profile::Gateway
    };
    let mut pairs: Vec<(&str, String)> = Vec::new();
    for (key, field) in SECRETS {
        pairs.extend(decoded(&secret["data"][field]).map(|value| (key, value)));
    }
    for ((key, ..), image) in IMAGES.iter().zip(&images) {
        // Without a dashboard its image has no bearing.
        let image = image.clone().or_else(|| images.first().cloned().flatten());
        pairs.extend(image.map(|image| (*key, image)));
    }
    if let Some(ingress) = ingress {
        let at = |place| ingress.pointer(place).and_then(Value::as_str).map(str::to_owned);
        pairs.extend(INGRESS.iter().filter_map(|(key, place)| Some((*key, at(place)?))));
    }
    let line = |(key, value): &(&str, String)| Some(format!("{key}={}\n", template::quote(value)?));
    let text: String = pairs.iter().filter_map(line).collect();
    let source = Source::new("what is installed", text);
    let checked = values::load(&[source], &[], profile).map_err(|_| {
        Failure::new(Exit::Values, "what is installed does not tell what is meant to be open")
            .fix("name the values file:  -f values.env")
    })?;
    ui.with_redactor(|redactor| redactor.learn_all(checked.values.credentials()));
    Ok((checked.values, profile))
}

fn decoded(value: &Value) -> Option<String> {
    use base64::Engine as _;
    let bytes = base64::engine::general_purpose::STANDARD.decode(value.as_str()?).ok()?;
    String::from_utf8(bytes).ok()
}

fn nothing() -> Failure {
    Failure::new(Exit::Input, "nothing is installed here")
        .fix("install it:  kubectl openhive install -f values.env")
        .fix("or name another cluster:  --context NAME")
}

fn unreadable(object: &ObjectRef, error: &ClusterError) -> Failure {
    if error.code() != Some(403) {
        return cluster_failure(error);
    }
    Failure::new(Exit::Preflight, "what is meant to be open cannot be read from what is installed")
        .cause(format!("no right to get {object}"))
        .fix("name the values file instead:  -f values.env")
}
