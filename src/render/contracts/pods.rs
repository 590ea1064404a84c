//! What holds for every pod of ours.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::{cases, list};
use crate::render::{CONFIG_DIGEST, MIGRATION_DIGEST};
use manifest::{Kind, Quantity};

/// More than Pod Security's `restricted` wants: a numeric user, a read-only root, and no volume without a limit.
#[test]
fn every_pod_is_confined() {
    for case in cases() {
        let user = case.input.values.run_as_user;
        for workload in case.workloads() {
            let (name, pod) = (workload.name, workload.pod());
            let mut expected = json!({
                "runAsNonRoot": true,
                "runAsUser": user,
                "seccompProfile": { "type": "RuntimeDefault" },
            });
            if pod["volumes"] != Value::Null {
                expected["fsGroup"] = json!(user);
            }
            let mut found = pod["securityContext"].clone();
            found.as_object_mut().unwrap().remove("fsGroupChangePolicy");
            assert_eq!(found, expected, "{name}");
            for shared in ["hostNetwork", "hostPID", "hostIPC"] {
                assert_eq!(pod[shared], Value::Null, "{name}");
            }
            for container in workload.containers() {
                let confined = json!({
                    "allowPrivilegeEscalation": false,
                    "readOnlyRootFilesystem": true,
                    "capabilities": { "drop": ["ALL"] },
                });
                assert_eq!(container["securityContext"], confined, "{name}");
            }
            for volume in list(&pod["volumes"]) {
                let limited = volume["emptyDir"]["sizeLimit"].is_string();
                let claimed = volume["persistentVolumeClaim"]["claimName"].as_str();
                let claim =
                    |claim| case.get(Kind::PersistentVolumeClaim, workload.namespace, claim);
                assert!(limited || claimed.and_then(claim).is_some(), "{name}: {volume}");
            }
        }
    }
}

/// The token of the API server is the Gateway's alone. Variables made of Services would collide with `HIVE_GATEWAY_…`.
#[test]
fn only_the_gateway_mounts_a_token() {
    for case in cases() {
        let has_account = case.of(Kind::ServiceAccount).any(|o| o.reference.name != "default");
        for workload in case.workloads() {
            let (name, pod) = (workload.name, workload.pod());
            let gateway = name == "hive-gateway" && has_account;
            assert_eq!(pod["automountServiceAccountToken"], gateway, "{name}");
            let account = gateway.then_some("hive-gateway-runtime");
            assert_eq!(pod["serviceAccountName"].as_str(), account, "{name}");
            assert_eq!(pod["enableServiceLinks"], false, "{name}");
        }
        for account in case.of(Kind::ServiceAccount).filter(|o| o.reference.name != "default") {
            assert_eq!(account.manifest["automountServiceAccountToken"], false);
        }
    }
}

#[test]
fn every_container_has_requests_and_limits() {
    for case in cases() {
        for workload in case.workloads() {
            for container in workload.containers() {
                for resource in ["cpu", "memory"] {
                    let [request, limit] = ["requests", "limits"]
                        .map(|kind| Quantity::read(&container["resources"][kind][resource]));
                    assert!(request.unwrap() <= limit.unwrap(), "{} {resource}", workload.name);
                }
                // Always written: a default stays when the tag changes.
                assert_eq!(container["imagePullPolicy"], "IfNotPresent", "{}", workload.name);
            }
        }
    }
}

#[test]
fn every_mount_has_its_volume_and_every_volume_is_mounted() {
    for case in cases() {
        for workload in case.workloads() {
            let names = |values: &mut dyn Iterator<Item = &Value>| -> BTreeSet<String> {
                values.map(|value| value["name"].as_str().unwrap().to_owned()).collect()
            };
            let mounts = &mut workload.containers().flat_map(|c| list(&c["volumeMounts"]));
            let volumes = &mut list(&workload.pod()["volumes"]);
            assert_eq!(names(mounts), names(volumes), "{}", workload.name);
        }
    }
}

/// No two coordinators, no two writers of the claim, and never two migrations.
#[test]
fn what_must_not_run_twice_does_not() {
    for case in cases() {
        for workload in case.workloads() {
            let spec = &workload.manifest["spec"];
            match workload.name {
                "hive-gateway" | "hive-agent" => {
                    assert_eq!(spec["replicas"], 1);
                    assert_eq!(spec["strategy"], json!({ "type": "Recreate" }));
                }
                "openhive-db-migrate" => {
                    assert_eq!(spec["backoffLimit"], 0);
                    assert_eq!(spec["podReplacementPolicy"], "Failed");
                    assert_eq!(workload.pod()["restartPolicy"], "Never");
                    assert_eq!(workload.secret_keys().len(), 1, "the database and nothing else");
                }
                _ => {}
            }
        }
    }
}

/// A changed secret must restart the pods that read it, and only with a key is there a digest.
#[test]
fn digests_are_where_secrets_are_read() {
    for case in cases() {
        for workload in case.workloads() {
            let (metadata, name) = match workload.name {
                "openhive-db-migrate" => (&workload.manifest["metadata"], MIGRATION_DIGEST),
                _ => (&workload.template["metadata"], CONFIG_DIGEST),
            };
            let digest = metadata["annotations"][name].as_str().map(str::len);
            let read = case.input.digest_key.is_some() && !workload.secret_keys().is_empty();
            assert_eq!(digest, read.then_some(64), "{}", workload.name);
        }
    }
}
