#![allow(clippy::unwrap_used)]
use super::*;
use serde_json::json;

fn lines(kind: Kind, old: &Value, new: &Value, scope: Scope) -> Vec<String> {
    diff(kind, &without_noise(old), &without_noise(new), scope)
        .into_iter()
        .map(|d| {
            let show = |v: Option<Value>| v.map_or("∅".to_owned(), |v| v.to_string());
            format!("{}: {} → {}", d.path, show(d.old), show(d.new))
        })
        .collect()
}

fn deployment() -> Value {
    json!({"spec": {"template": {"spec": {"containers": [
        {"name": "gateway", "image": "g:1", "env": [
            {"name": "A", "value": "1"}, {"name": "B", "value": "2"}],
         "ports": [{"containerPort": 8080, "protocol": "TCP"}],
         "resources": {"limits": {"cpu": "1", "memory": "1Gi"}}},
        {"name": "side", "image": "s:1"}]}}}})
}

#[test]
fn items_are_found_by_their_keys() {
    let mut new = deployment();
    let containers = &mut new["spec"]["template"]["spec"]["containers"];
    containers[0]["image"] = json!("g:2");
    containers[0]["env"] = json!([{"name": "A", "value": "1"}, {"name": "C", "value": "3"}]);
    containers[0]["ports"] = json!([{"containerPort": 8080, "protocol": "TCP", "name": "http"}]);
    assert_eq!(
        lines(Kind::Deployment, &deployment(), &new, Scope::Whole),
        [
            r#"spec.template.spec.containers[gateway].env[B].value: "2" → ∅"#,
            r#"spec.template.spec.containers[gateway].env[C].value: ∅ → "3""#,
            r#"spec.template.spec.containers[gateway].image: "g:1" → "g:2""#,
            r#"spec.template.spec.containers[gateway].ports[8080/TCP].name: ∅ → "http""#,
        ]
    );
}

#[test]
fn another_order_is_a_difference_between_two_answers_of_the_server_only() {
    let mut new = deployment();
    new["spec"]["template"]["spec"]["containers"].as_array_mut().unwrap().swap(0, 1);
    assert_eq!(
        lines(Kind::Deployment, &deployment(), &new, Scope::Whole),
        [r#"spec.template.spec.containers: ["[gateway]","[side]"] → ["[side]","[gateway]"]"#]
    );
    assert!(lines(Kind::Deployment, &deployment(), &new, Scope::Ours).is_empty());
}

#[test]
fn our_scope_ignores_defaults_quantities_and_empties() {
    let live = json!({"spec": {"replicas": 1, "progressDeadlineSeconds": 600,
        "template": {"spec": {"restartPolicy": "Always", "containers": [
            {"name": "gateway", "image": "g:1", "terminationMessagePath": "/dev/termination-log",
             "env": [{"name": "EMPTY"}],
             "resources": {"limits": {"cpu": "1", "memory": "1Gi"}}}]}}}});
    let ours = json!({"spec": {"replicas": 1, "template": {"spec": {"containers": [
        {"name": "gateway", "image": "g:1", "args": [], "securityContext": {},
         "env": [{"name": "EMPTY", "value": ""}],
         "resources": {"limits": {"cpu": "1000m", "memory": "1024Mi"}}}]}}}});
    assert_eq!(lines(Kind::Deployment, &live, &ours, Scope::Ours), Vec::<String>::new());
    assert!(!lines(Kind::Deployment, &live, &ours, Scope::Whole).is_empty());
}

#[test]
fn noise_is_no_difference() {
    let old = json!({"metadata": {"name": "a", "uid": "1", "resourceVersion": "5", "generation": 2,
        "creationTimestamp": "t", "managedFields": [{}],
        "annotations": {LAST_APPLIED: "{\"password\":\"x\"}"}}, "status": {"replicas": 1}});
    let new = json!({"metadata": {"name": "a"}});
    assert!(lines(Kind::Deployment, &old, &new, Scope::Whole).is_empty());
    assert!(!without_noise(&old).to_string().contains("password"));
}

#[test]
fn an_inserted_rule_shows_alone() {
    let rule = |port: u16| json!({"ports": [{"port": port, "protocol": "TCP"}]});
    let policy = |rules: &[Value]| json!({"spec": {"egress": rules}});
    assert_eq!(
        lines(
            Kind::NetworkPolicy,
            &policy(&[rule(53), rule(443)]),
            &policy(&[rule(53), rule(5432), rule(443)]),
            Scope::Whole
        ),
        [r#"spec.egress[1]: ∅ → {"ports":[{"port":5432,"protocol":"TCP"}]}"#]
    );
    assert_eq!(
        lines(
            Kind::NetworkPolicy,
            &policy(&[rule(53), rule(5432)]),
            &policy(&[rule(53), rule(6432)]),
            Scope::Whole
        ),
        ["spec.egress[1].ports[0].port: 5432 → 6432"]
    );
}

#[test]
fn service_ports_are_keyed_by_port_and_protocol() {
    let service = |target: &str| {
        json!({"spec": {"ports": [
        {"port": 80, "targetPort": target}]}})
    };
    assert_eq!(
        lines(Kind::Service, &service("http"), &service("web"), Scope::Whole),
        [r#"spec.ports[80/TCP].targetPort: "http" → "web""#]
    );
}

#[test]
fn a_list_with_a_repeated_key_is_read_by_position() {
    let env = |value: &str| {
        json!({"spec": {"template": {"spec": {"containers": [{"name": "c",
        "env": [{"name": "A", "value": "1"}, {"name": "A", "value": value}]}]}}}})
    };
    assert_eq!(
        lines(Kind::Deployment, &env("2"), &env("3"), Scope::Whole),
        [r#"spec.template.spec.containers[c].env[1].value: "2" → "3""#]
    );
}
