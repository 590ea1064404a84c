//! What holds for every pod of ours.

use serde_json::{Value, json};

use super::objects::{labels, version};
use super::{Case, Check, Contract, contracts, same};
use crate::render::{CONFIG_DIGEST, MIGRATION_DIGEST};
use manifest::{Kind, Object};

/// (workload, container, image, requests and limits as cpu and memory).
fn containers(case: &Case<'_>, name: &str) -> Vec<(&'static str, String, [&'static str; 4])> {
    let images = &case.input.values.images;
    let small = ["100m", "256Mi", "500m", "512Mi"];
    let medium = ["250m", "512Mi", "1", "1Gi"];
    match name {
        "hive-gateway" => vec![("gateway", images.gateway.reference.clone(), medium)],
        "hive-dashboard" => vec![("dashboard", images.dashboard.reference.clone(), small)],
        "hive-agent" => vec![
            ("config-bootstrap", images.agent.reference.clone(), medium),
            ("agent", images.agent.reference.clone(), medium),
        ],
        "hive-sandbox" => {
            vec![("sandbox", images.sandbox.reference.clone(), ["500m", "1Gi", "2", "4Gi"])]
        }
        _ => vec![("migrate", images.gateway.reference.clone(), small)],
    }
}

fn workloads<'a>(case: &'a Case<'_>) -> impl Iterator<Item = &'a Object> {
    case.rendered
        .objects
        .iter()
        .filter(|o| matches!(o.reference.kind, Kind::Deployment | Kind::Job))
}

fn template(object: &Object) -> &Value {
    &object.manifest["spec"]["template"]
}

fn all_containers(object: &Object) -> Vec<&Value> {
    let spec = &template(object)["spec"];
    let list = |key: &str| spec[key].as_array().into_iter().flatten();
    list("initContainers").chain(list("containers")).collect()
}

contracts! {
    /// "Every pod": one replica, selected by the name alone.
    fn deployments_select_by_name_alone(case) {
        for object in workloads(case).filter(|o| o.reference.kind == Kind::Deployment) {
            let name = &object.reference.name;
            let spec = &object.manifest["spec"];
            let selector = json!({ "matchLabels": { "app.kubernetes.io/name": name } });
            same("selector", &spec["selector"], &selector)?;
            same("replicas", &spec["replicas"], &json!(1))?;
        }
        Ok(())
    }

    /// "Every pod": no two Gateways or Agents at once; the others roll.
    fn the_gateway_and_the_agent_are_recreated(case) {
        for object in workloads(case).filter(|o| o.reference.kind == Kind::Deployment) {
            let expected = match object.reference.name.as_str() {
                "hive-gateway" | "hive-agent" => json!({ "type": "Recreate" }),
                _ => Value::Null,
            };
            let what = object.reference.to_string();
            same(&what, &object.manifest["spec"]["strategy"], &expected)?;
        }
        Ok(())
    }

    /// "Every pod": the labels of its workload.
    fn pods_carry_the_labels_of_their_workload(case) {
        for object in workloads(case) {
            let name = &object.reference.name;
            let expected = labels(name, version(case, name).as_deref());
            same(name, &template(object)["metadata"]["labels"], &expected)?;
        }
        Ok(())
    }

    /// "Every pod": what Pod Security `restricted` wants, with a numeric user.
    fn pods_run_as_a_numeric_user_under_seccomp(case) {
        for object in workloads(case) {
            let name = object.reference.name.as_str();
            let user = case.input.values.run_as_user;
            let mut expected = json!({
                "runAsNonRoot": true,
                "runAsUser": user,
                "seccompProfile": { "type": "RuntimeDefault" },
            });
            let writes = matches!(name, "hive-agent" | "hive-sandbox")
                || (name == "hive-gateway" && case.runtime());
            if writes {
                expected["fsGroup"] = json!(user);
            }
            if name == "hive-agent" {
                expected["fsGroupChangePolicy"] = json!("OnRootMismatch");
            }
            same(name, &template(object)["spec"]["securityContext"], &expected)?;
        }
        Ok(())
    }

    /// "Every pod": nothing to gain, nothing to write outside its volumes.
    fn containers_are_confined(case) {
        for object in workloads(case) {
            for container in all_containers(object) {
                same(&object.reference.name, &container["securityContext"], &json!({
                    "allowPrivilegeEscalation": false,
                    "readOnlyRootFilesystem": true,
                    "capabilities": { "drop": ["ALL"] },
                }))?;
            }
        }
        Ok(())
    }

    /// "Every pod": names, images, pull policy, requests and limits.
    fn containers_have_their_images_and_resources(case) {
        for object in workloads(case) {
            let found = all_containers(object).into_iter().map(|c| {
                json!([c["name"], c["image"], c["imagePullPolicy"], c["resources"]])
            });
            let expected = containers(case, &object.reference.name).into_iter().map(
                |(name, image, [cpu, memory, max_cpu, max_memory])| {
                    json!([name, image, "IfNotPresent", {
                        "requests": { "cpu": cpu, "memory": memory },
                        "limits": { "cpu": max_cpu, "memory": max_memory },
                    }])
                },
            );
            same(
                &object.reference.name,
                &found.collect::<Value>(),
                &expected.collect::<Value>(),
            )?;
        }
        Ok(())
    }

    /// "Every pod": no token but the Gateway's, and no variables made of Services.
    fn only_the_gateway_mounts_a_token(case) {
        for object in workloads(case) {
            let name = &object.reference.name;
            let spec = &template(object)["spec"];
            let gateway = name == "hive-gateway" && case.runtime();
            let account = if gateway { json!("hive-gateway-runtime") } else { Value::Null };
            same(name, &spec["automountServiceAccountToken"], &json!(gateway))?;
            same(name, &spec["serviceAccountName"], &account)?;
            same(name, &spec["enableServiceLinks"], &json!(false))?;
        }
        Ok(())
    }

    /// "Health": the three probes of each workload, on the path and port of its contract.
    fn probes_ask_the_path_and_port_of_the_contract(case) {
        for (namespace, name, path, port) in [
            ("openhive", "hive-gateway", "/healthz", 8080),
            ("openhive", "hive-dashboard", "/dashboard-healthz", 3000),
            ("hive-agents", "hive-agent", "/healthz", 8090),
            ("hive-sandbox", "hive-sandbox", "/healthz", 8091),
        ] {
            if !case.has(Kind::Deployment, namespace, name) {
                continue;
            }
            let container = &case.pod(Kind::Deployment, namespace, name)?["containers"][0];
            for (probe, period, failures) in
                [("startupProbe", 5, 60), ("livenessProbe", 10, 3), ("readinessProbe", 5, 3)]
            {
                same(&format!("{name} {probe}"), &container[probe], &json!({
                    "httpGet": { "path": path, "port": port },
                    "periodSeconds": period,
                    "timeoutSeconds": 3,
                    "failureThreshold": failures,
                }))?;
            }
            same(name, &container["ports"], &json!([
                { "name": "http", "containerPort": port, "protocol": "TCP" },
            ]))?;
        }
        Ok(())
    }

    /// "Digests": on pods that read secrets and on the Job, and only with a key.
    fn digests_are_where_secrets_are_read(case) {
        for object in workloads(case) {
            let metadata = match object.reference.kind {
                Kind::Job => &object.manifest["metadata"],
                _ => &template(object)["metadata"],
            };
            let expected = match object.reference.name.as_str() {
                _ if case.input.digest_key.is_none() => None,
                "hive-gateway" | "hive-sandbox" => Some(CONFIG_DIGEST),
                "openhive-db-migrate" => Some(MIGRATION_DIGEST),
                _ => None,
            };
            let found: Vec<_> = metadata["annotations"].as_object().into_iter().flatten().collect();
            let names: Vec<_> = found.iter().map(|(k, _)| k.as_str()).collect();
            same(&object.reference.name, &json!(names), &json!(expected.as_slice()))?;
            if found.iter().any(|(_, v)| v.as_str().is_none_or(|v| v.len() != 64)) {
                return Err(format!("{}: not an HMAC-SHA-256", object.reference));
            }
        }
        Ok(())
    }
}
