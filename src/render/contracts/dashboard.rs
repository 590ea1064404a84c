//! The Dashboard and the Ingress in front of it.

use serde_json::{Value, json};

use super::{Case, Check, Contract, contracts, same};
use manifest::Kind;

contracts! {
    /// "Dashboard": where the Gateway is, and where to listen; nothing else, nothing writable.
    fn the_dashboard_has_its_environment_and_no_volume(case) {
        if !case.platform() {
            return Ok(());
        }
        let pod = case.pod(Kind::Deployment, "openhive", "hive-dashboard")?;
        let container = &pod["containers"][0];
        same("command", &container["command"], &Value::Null)?;
        same("volumes", &pod["volumes"], &Value::Null)?;
        same("volumeMounts", &container["volumeMounts"], &Value::Null)?;
        same("env", &container["env"], &json!([
            {
                "name": "HIVE_GATEWAY_INTERNAL_URL",
                "value": "http://hive-gateway.openhive.svc.cluster.local:8080",
            },
            { "name": "HOSTNAME", "value": "0.0.0.0" },
            { "name": "PORT", "value": "3000" },
        ]))
    }

    /// "Ingress": class, host, TLS, and three paths.
    fn the_ingress_routes_to_gateway_and_dashboard(case) {
        let (true, Some(ingress)) = (case.platform(), &case.input.values.ingress) else {
            return Ok(());
        };
        let path = |path: &str, service: &str, port: u16| {
            json!({
                "path": path,
                "pathType": "Prefix",
                "backend": { "service": { "name": service, "port": { "number": port } } },
            })
        };
        same("spec", case.spec(Kind::Ingress, "openhive", "openhive-platform")?, &json!({
            "ingressClassName": ingress.class,
            "tls": [{ "hosts": [ingress.host], "secretName": ingress.tls_secret }],
            "rules": [{
                "host": ingress.host,
                "http": { "paths": [
                    path("/api", "hive-gateway", 8080),
                    path("/healthz", "hive-gateway", 8080),
                    path("/", "hive-dashboard", 3000),
                ] },
            }],
        }))
    }

    /// "Ingress": an issuer only where one is named.
    fn the_ingress_names_the_issuer_that_is_given(case) {
        let (true, Some(ingress)) = (case.platform(), &case.input.values.ingress) else {
            return Ok(());
        };
        let expected = match ingress.cluster_issuer.as_deref() {
            None | Some("") => Value::Null,
            Some(issuer) => json!({ "cert-manager.io/cluster-issuer": issuer }),
        };
        let object = case.get(Kind::Ingress, "openhive", "openhive-platform")?;
        same("annotations", &object["metadata"]["annotations"], &expected)
    }
}
