//! Service and Ingress.

use k8s_openapi::api::core::v1::Service;
use k8s_openapi::api::discovery::v1::EndpointSlice;
use k8s_openapi::api::networking::v1::{Ingress, IngressClass};
use serde_json::{Value, json};

use super::{CREATED, at, typed};
use crate::health::{Observed, Reason, Surroundings, Verdict, assess};

fn service() -> Service {
    typed(json!({
        "metadata": {"name": "hive-gateway", "namespace": "openhive"},
        "spec": {"ports": [{"name": "http", "port": 8080}, {"name": "metrics", "port": 9090}]}
    }))
}

fn slice(name: &str, ports: &[&str], ready: Value) -> EndpointSlice {
    let ports: Vec<Value> = ports.iter().map(|port| json!({"name": port, "port": 1})).collect();
    typed(json!({
        "metadata": {"namespace": "openhive", "labels": {"kubernetes.io/service-name": name}},
        "addressType": "IPv4", "ports": ports,
        "endpoints": [{"addresses": ["10.0.0.1"], "conditions": {"ready": ready}}]
    }))
}

fn of(slices: &[EndpointSlice]) -> Verdict {
    assess(&Observed::Service(&service(), slices), None, at(0))
}

#[test]
fn service_with_an_endpoint_for_every_port() {
    assert_eq!(of(&[slice("hive-gateway", &["http", "metrics"], json!(true))]), Verdict::Ready);
    // An endpoint that says nothing is ready.
    let unsaid = slice("hive-gateway", &["http", "metrics"], Value::Null);
    assert_eq!(of(&[unsaid]), Verdict::Ready);
}

#[test]
fn service_names_the_ports_without_endpoint() {
    let verdict = of(&[
        slice("hive-gateway", &["http"], json!(true)),
        slice("hive-gateway", &["metrics"], json!(false)),
    ]);
    assert_eq!(verdict.to_string(), "no ready endpoint for port metrics");
}

#[test]
fn service_does_not_take_another_ones_endpoints() {
    let verdict = of(&[slice("other", &["http", "metrics"], json!(true))]);
    assert!(matches!(verdict, Verdict::Progressing(Reason::NoEndpoints { .. })));
}

#[test]
fn service_that_is_a_name_has_no_endpoints() {
    let service = typed(json!({"spec": {"type": "ExternalName", "externalName": "x.test"}}));
    assert_eq!(assess(&Observed::Service(&service, &[]), None, at(0)), Verdict::Ready);
}

fn ingress() -> Value {
    json!({
        "metadata": {"name": "openhive-platform", "creationTimestamp": CREATED},
        "spec": {
            "ingressClassName": "nginx",
            "tls": [{"hosts": ["h.test"], "secretName": "openhive-tls"}],
            "rules": [{"http": {"paths": [{"pathType": "Prefix", "path": "/api", "backend": {
                "service": {"name": "hive-gateway", "port": {"number": 8080}}}}]}}]
        },
        "status": {"loadBalancer": {"ingress": [{"ip": "192.0.2.1"}]}}
    })
}

struct Around {
    classes: Vec<IngressClass>,
    services: Vec<Service>,
    secrets: Vec<String>,
}

fn around() -> Around {
    Around {
        classes: vec![typed(json!({"metadata": {"name": "nginx"}}))],
        services: vec![service()],
        secrets: vec!["openhive-tls".into()],
    }
}

fn judge(ingress: Value, around: &Around, second: i64) -> Verdict {
    let ingress: Ingress = typed(ingress);
    let surroundings = Surroundings {
        classes: Some(&around.classes),
        services: Some(&around.services),
        secrets: Some(&around.secrets),
    };
    assess(&Observed::Ingress(&ingress, surroundings), None, at(second))
}

#[test]
fn ingress_ready() {
    assert_eq!(judge(ingress(), &around(), 0), Verdict::Ready);
}

#[test]
fn ingress_without_its_class() {
    let mut around = around();
    around.classes.clear();
    let class = Some("nginx".to_owned());
    assert_eq!(judge(ingress(), &around, 0), Verdict::Failed(Reason::NoIngressClass { class }));
}

#[test]
fn ingress_of_the_default_class() {
    let mut value = ingress();
    value["spec"].as_object_mut().unwrap().remove("ingressClassName");
    let mut around = around();
    assert_eq!(
        judge(value.clone(), &around, 0),
        Verdict::Failed(Reason::NoIngressClass { class: None })
    );
    around.classes = vec![typed(json!({"metadata": {"name": "x",
        "annotations": {"ingressclass.kubernetes.io/is-default-class": "true"}}}))];
    assert_eq!(judge(value, &around, 0), Verdict::Ready);
}

#[test]
fn ingress_whose_backend_is_missing() {
    let mut around = around();
    around.services.clear();
    let verdict = judge(ingress(), &around, 0);
    assert_eq!(verdict, Verdict::Progressing(Reason::NoBackend { service: "hive-gateway".into() }));
}

#[test]
fn ingress_whose_backend_has_no_such_port() {
    let mut value = ingress();
    value["spec"]["rules"][0]["http"]["paths"][0]["backend"]["service"]["port"] =
        json!({"number": 80});
    let verdict = judge(value, &around(), 0);
    assert_eq!(verdict.to_string(), "service hive-gateway has no port 80");
    assert!(verdict.is_failed());
}

#[test]
fn ingress_without_its_certificate() {
    let mut around = around();
    around.secrets.clear();
    let reason = Reason::NoTlsSecret { secret: "openhive-tls".into() };
    assert_eq!(judge(ingress(), &around, 0), Verdict::Failed(reason));
    let mut issued = ingress();
    issued["metadata"]["annotations"] = json!({"cert-manager.io/cluster-issuer": "letsencrypt"});
    assert_eq!(judge(issued, &around, 0), Verdict::Ready);
}

#[test]
fn ingress_without_an_address_warns_after_a_while() {
    let mut value = ingress();
    value["status"] = json!({});
    let around = around();
    assert_eq!(judge(value.clone(), &around, 29), Verdict::Progressing(Reason::NoAddress));
    assert_eq!(judge(value, &around, 30), Verdict::Warning(Reason::NoAddress));
}

/// What may not be read is not called checked.
#[test]
fn ingress_that_cannot_be_checked_is_not_called_ready() {
    let ingress: Ingress = typed(ingress());
    let verdict = assess(&Observed::Ingress(&ingress, Surroundings::default()), None, at(0));
    assert_eq!(verdict.to_string(), "not checked: may not read ingressclasses");
    assert!(matches!(verdict, Verdict::Warning(_)));
}
