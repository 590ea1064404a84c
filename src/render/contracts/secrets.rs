//! The Secrets and their keys.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use secrecy::ExposeSecret;
use serde_json::{Value, json};

use super::{Case, Check, Contract, contracts, same};
use manifest::Kind;

fn data<'a>(pairs: impl IntoIterator<Item = (&'a str, &'a str)>) -> Value {
    pairs.into_iter().map(|(k, v)| (k.to_owned(), json!(STANDARD.encode(v)))).collect()
}

fn opaque(case: &Case<'_>, namespace: &str, expected: &Value) -> Check {
    let secret = case.get(Kind::Secret, namespace, "openhive-platform-secrets")?;
    same("type", &secret["type"], &json!("Opaque"))?;
    same("stringData", &secret["stringData"], &Value::Null)?;
    same("data", &secret["data"], expected)
}

contracts! {
    /// "Secrets": five keys in `openhive`.
    fn the_gateways_secret_has_its_five_keys(case) {
        if case.profile() == super::Profile::Baseline {
            return Ok(());
        }
        let values = &case.input.values;
        opaque(case, "openhive", &data([
            ("database-url", values.database.url.expose_secret()),
            ("dashboard-session-secret", values.dashboard_session_secret.expose_secret()),
            ("gateway-internal-secret", values.internal_secret.expose_secret()),
            ("admin-username", values.admin_username.expose_secret()),
            ("admin-password", values.admin_password.expose_secret()),
        ]))
    }

    /// "Secrets": the database and the optional keys that are given, in `hive-sandbox`.
    fn the_sandboxs_secret_has_the_keys_that_are_given(case) {
        if !case.workloads() {
            return Ok(());
        }
        let values = &case.input.values;
        let mut expected = vec![("database-url", values.database.url.expose_secret())];
        for (key, secret) in &values.sandbox_keys {
            expected.push((key.secret_key(), secret.expose_secret()));
        }
        if let Some(token) = values.relay.as_ref().and_then(|r| r.token.as_ref()) {
            expected.push(("workspace-apply-relay-token", token.expose_secret()));
        }
        opaque(case, "hive-sandbox", &data(expected))
    }

    /// "Image pull secret": copies with the source's type and data.
    fn the_pull_secret_is_copied(case) {
        let Some(source) = &case.input.pull_secret else { return Ok(()) };
        for namespace in ["openhive", "hive-agents", "hive-sandbox"] {
            if namespace != "openhive" && !case.workloads() {
                continue;
            }
            let copy = case.get(Kind::Secret, namespace, "openhive-image-pull")?;
            same("type", &copy["type"], &source["type"])?;
            same("data", &copy["data"], &source["data"])?;
        }
        Ok(())
    }
}
