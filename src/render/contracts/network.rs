//! Who may talk to whom: the rows of "Network policy", policy by policy.

use serde_json::{Value, json};

use super::{Case, Check, Contract, contracts, same};
use manifest::Kind;

fn namespace(name: &str) -> Value {
    json!({ "matchLabels": { "kubernetes.io/metadata.name": name } })
}

fn name(name: &str) -> Value {
    json!({ "matchLabels": { "app.kubernetes.io/name": name } })
}

fn pods(of: &str, app: &str) -> Value {
    json!({ "namespaceSelector": namespace(of), "podSelector": name(app) })
}

fn agents() -> Value {
    json!({ "namespaceSelector": namespace("hive-agents") })
}

/// The pods of Jobs, but not those of sessions and runs.
fn pipelines() -> Value {
    json!({ "matchExpressions": [
        { "key": "batch.kubernetes.io/job-name", "operator": "Exists" },
        { "key": "openhive.io/workload", "operator": "DoesNotExist" },
    ] })
}

fn tcp(ports: &[u16]) -> Value {
    ports.iter().map(|port| json!({ "protocol": "TCP", "port": port })).collect()
}

fn to(peers: Value, ports: &[u16]) -> Value {
    json!({ "to": peers, "ports": tcp(ports) })
}

fn from(peers: Value, ports: &[u16]) -> Value {
    json!({ "from": peers, "ports": tcp(ports) })
}

/// A port, at an address where one is known.
fn port_at(ports: &[u16], cidr: Option<String>) -> Value {
    match cidr {
        Some(cidr) => json!({ "ports": tcp(ports), "to": [{ "ipBlock": { "cidr": cidr } }] }),
        None => json!({ "ports": tcp(ports) }),
    }
}

fn literal(host: &str) -> Option<String> {
    if host.contains(':') {
        Some(format!("{host}/128"))
    } else if host.chars().all(|c| c.is_ascii_digit() || c == '.') {
        Some(format!("{host}/32"))
    } else {
        None
    }
}

fn database(case: &Case<'_>) -> Value {
    let values = &case.input.values;
    let narrowed = values.database_cidr.map(|c| c.to_string());
    let ports = case.input.facts.database_target_ports.value.clone();
    port_at(
        &ports.unwrap_or_else(|| vec![values.database.port]),
        narrowed.or_else(|| literal(&values.database.host)),
    )
}

fn providers(v4: &[String], v6: &[String]) -> Value {
    to(
        json!([
            { "ipBlock": { "cidr": "0.0.0.0/0", "except": v4 } },
            { "ipBlock": { "cidr": "::/0", "except": v6 } },
        ]),
        &[443],
    )
}

/// The sandbox's and the pipelines' providers: the internet, which no private range is part of.
fn external(case: &Case<'_>) -> Vec<Value> {
    let strings = |list: &[&str]| list.iter().map(|s| (*s).to_owned()).collect::<Vec<_>>();
    let mut v4 = strings(&[
        "10.0.0.0/8",
        "172.16.0.0/12",
        "192.168.0.0/16",
        "100.64.0.0/10",
        "169.254.0.0/16",
    ]);
    for cidr in &case.input.values.cluster_cidrs {
        match cidr.to_string().as_str() {
            "0.0.0.0/0" | "::/0" => return Vec::new(),
            covered if covered.starts_with("10.") => {}
            other => v4.push(other.to_owned()),
        }
    }
    vec![providers(&v4, &strings(&["fc00::/7", "fe80::/10"]))]
}

fn whitelist(case: &Case<'_>) -> Vec<Value> {
    let entries = case.input.values.sandbox_egress_allow.iter();
    entries
        .map(|entry| {
            let peers = json!([{ "ipBlock": { "cidr": entry.cidr.to_string() } }]);
            match entry.port {
                Some(port) => to(peers, &[port]),
                None => json!({ "to": peers }),
            }
        })
        .collect()
}

/// Namespace and addresses of the ingress controller, as peers.
pub(super) fn ingress_controller(case: &Case<'_>) -> Option<Value> {
    let values = &case.input.values;
    let of_class = match values.ingress.as_ref()?.class.as_str() {
        "nginx" => Some("ingress-nginx"),
        _ => None,
    };
    let mut peers = Vec::new();
    if let Some(of) = values.ingress_controller_namespace.as_deref().or(of_class) {
        peers.push(json!({ "namespaceSelector": namespace(of) }));
    }
    for cidr in &values.ingress_controller_cidrs {
        peers.push(json!({ "ipBlock": { "cidr": cidr.to_string() } }));
    }
    (!peers.is_empty()).then(|| Value::from(peers))
}

fn policy(case: &Case<'_>, namespace: &str, name: &str, expected: &Value) -> Check {
    same(
        &format!("{name} -n {namespace}"),
        case.spec(Kind::NetworkPolicy, namespace, name)?,
        expected,
    )
}

fn egress(selector: &Value, rules: Vec<Value>) -> Value {
    json!({ "podSelector": selector, "policyTypes": ["Egress"], "egress": rules })
}

fn ingress(selector: &Value, rules: Vec<Value>) -> Value {
    json!({ "podSelector": selector, "policyTypes": ["Ingress"], "ingress": rules })
}

contracts! {
    /// Every pair that is not listed is closed, for pods of whatever make.
    fn everything_is_denied_by_default(case) {
        for namespace in ["openhive", "hive-agents", "hive-sandbox"] {
            if namespace == "openhive" || case.workloads() {
                policy(case, namespace, "default-deny", &json!({
                    "podSelector": {}, "policyTypes": ["Ingress", "Egress"],
                }))?;
            }
        }
        Ok(())
    }

    /// every pod → dns, at the DNS pods' own ports.
    fn every_pod_reaches_the_dns_and_no_other_port_53(case) {
        let facts = &case.input.facts;
        let both = |ports: &[u16]| -> Value {
            let port = |p: &u16| ["UDP", "TCP"].map(|t| json!({ "protocol": t, "port": p }));
            ports.iter().flat_map(port).collect()
        };
        let labels: Value =
            facts.dns_selector.value.iter().map(|(k, v)| (k.clone(), json!(v))).collect();
        let mut rules = vec![json!({
            "to": [{
                "namespaceSelector": namespace(&facts.dns_namespace.value),
                "podSelector": { "matchLabels": labels },
            }],
            "ports": both(&facts.dns_ports.value),
        })];
        if let Some(cache) = facts.node_local_dns.value {
            let peers = json!([{ "ipBlock": { "cidr": cache.to_string() } }]);
            rules.push(json!({ "to": peers, "ports": both(&[53]) }));
        }
        let ours = json!({ "matchExpressions": [{
            "key": "app.kubernetes.io/name",
            "operator": "In",
            "values": ["hive-gateway", "hive-dashboard", "openhive-db-migrate"],
        }] });
        policy(case, "openhive", "allow-dns", &egress(&ours, rules.clone()))?;
        if case.workloads() {
            policy(case, "hive-agents", "allow-dns", &egress(&json!({}), rules.clone()))?;
            let sandbox = egress(&name("hive-sandbox"), rules.clone());
            policy(case, "hive-sandbox", "allow-dns", &sandbox)?;
            policy(case, "hive-sandbox", "allow-dns-pipelines", &egress(&pipelines(), rules))?;
        }
        Ok(())
    }

    /// agent, sandbox, pipeline, dashboard, ingress controller → gateway 8080.
    fn the_gateway_is_reached_by_those_who_need_it(case) {
        if !case.workloads() {
            return Ok(());
        }
        let mut peers = vec![agents(), pods("hive-sandbox", "hive-sandbox")];
        if case.runtime() {
            peers.push(json!({
                "namespaceSelector": namespace("hive-sandbox"), "podSelector": pipelines(),
            }));
        }
        if case.platform() {
            peers.push(pods("openhive", "hive-dashboard"));
        }
        let mut rules = vec![from(Value::from(peers), &[8080])];
        if let (true, Some(controller)) = (case.platform(), ingress_controller(case)) {
            rules.push(from(controller, &[8080]));
        }
        policy(case, "openhive", "hive-gateway-ingress", &ingress(&name("hive-gateway"), rules))
    }

    /// gateway → agent 8090, sandbox 8091, database, external:443, api-server.
    fn the_gateway_reaches_what_it_coordinates(case) {
        if !case.runtime() {
            return Ok(());
        }
        let values = &case.input.values;
        let metadata = |list: &[&str]| list.iter().map(|s| (*s).to_owned()).collect::<Vec<_>>();
        let rules = vec![
            to(json!([agents()]), &[8090]),
            to(json!([pods("hive-sandbox", "hive-sandbox")]), &[8091]),
            database(case),
            providers(
                &metadata(&["169.254.0.0/16"]),
                &metadata(&["fe80::/10", "fd00:ec2::254/128"]),
            ),
            port_at(
                &case.input.facts.api_server_ports.value,
                values.api_server_cidr.map(|c| c.to_string()),
            ),
        ];
        policy(case, "openhive", "hive-gateway-egress", &egress(&name("hive-gateway"), rules))
    }

    /// dashboard → gateway 8080, and nothing else.
    fn the_dashboard_reaches_the_gateway_alone(case) {
        if !case.platform() {
            return Ok(());
        }
        let rules = vec![to(json!([pods("openhive", "hive-gateway")]), &[8080])];
        policy(case, "openhive", "hive-dashboard-egress", &egress(&name("hive-dashboard"), rules))
    }

    /// ingress controller → dashboard 3000.
    fn the_dashboard_is_reached_by_the_ingress_controller_alone(case) {
        let (true, Some(controller)) = (case.platform(), ingress_controller(case)) else {
            return Ok(());
        };
        let rules = vec![from(controller, &[3000])];
        policy(case, "openhive", "hive-dashboard-ingress", &ingress(&name("hive-dashboard"), rules))
    }

    /// migration → database port, and nothing else.
    fn the_migration_reaches_the_database_alone(case) {
        if case.profile() == super::Profile::Baseline {
            return Ok(());
        }
        let rules = vec![database(case)];
        let expected = egress(&name("openhive-db-migrate"), rules);
        policy(case, "openhive", "openhive-db-migrate-egress", &expected)
    }

    /// agent, agent* → gateway 8080, sandbox 8091, and nothing else.
    fn agents_reach_gateway_and_sandbox_alone(case) {
        if !case.workloads() {
            return Ok(());
        }
        let rules = vec![
            to(json!([pods("openhive", "hive-gateway")]), &[8080]),
            to(json!([pods("hive-sandbox", "hive-sandbox")]), &[8091]),
        ];
        policy(case, "hive-agents", "hive-agent-egress", &egress(&json!({}), rules))
    }

    /// gateway → agent, agent* 8090, and nobody else.
    fn agents_are_reached_by_the_gateway_alone(case) {
        if !case.runtime() {
            return Ok(());
        }
        let rules = vec![from(json!([pods("openhive", "hive-gateway")]), &[8090])];
        policy(case, "hive-agents", "hive-agent-ingress", &ingress(&json!({}), rules))
    }

    /// agent, agent*, gateway → sandbox 8091, and nobody else.
    fn the_sandbox_is_reached_by_agents_and_gateway_alone(case) {
        if !case.workloads() {
            return Ok(());
        }
        let mut peers = vec![agents()];
        if case.runtime() {
            peers.push(pods("openhive", "hive-gateway"));
        }
        let rules = vec![from(Value::from(peers), &[8091])];
        policy(case, "hive-sandbox", "hive-sandbox-ingress", &ingress(&name("hive-sandbox"), rules))
    }

    /// sandbox → gateway 8080, whitelist; with the runtime also database, external:443, relay.
    fn the_sandbox_reaches_what_its_profile_allows(case) {
        if !case.workloads() {
            return Ok(());
        }
        let mut rules = vec![to(json!([pods("openhive", "hive-gateway")]), &[8080])];
        if case.runtime() {
            rules.push(database(case));
            rules.extend(external(case));
            if let Some(relay) = &case.input.values.relay {
                rules.push(port_at(&[relay.port], literal(&relay.host)));
            }
        }
        rules.extend(whitelist(case));
        policy(case, "hive-sandbox", "hive-sandbox-egress", &egress(&name("hive-sandbox"), rules))
    }

    /// pipeline → gateway 8080, database port, external:443, whitelist.
    fn pipelines_reach_what_the_sandbox_reaches_but_the_relay(case) {
        if !case.runtime() {
            return Ok(());
        }
        let mut rules = vec![to(json!([pods("openhive", "hive-gateway")]), &[8080]), database(case)];
        rules.extend(external(case));
        rules.extend(whitelist(case));
        policy(case, "hive-sandbox", "pipeline-egress", &egress(&pipelines(), rules))
    }

    /// A rule that allows never selects every pod of `openhive` or `hive-sandbox`: it would hold
    /// for every pod that is ever made there.
    fn no_rule_allows_something_to_every_pod_of_openhive_or_hive_sandbox(case) {
        for object in &case.rendered.objects {
            let reference = &object.reference;
            if reference.kind != Kind::NetworkPolicy
                || reference.namespace.as_deref() == Some("hive-agents")
                || object.manifest["spec"]["podSelector"] != json!({})
            {
                continue;
            }
            same(&reference.to_string(), &object.manifest["spec"]["ingress"], &Value::Null)?;
            same(&reference.to_string(), &object.manifest["spec"]["egress"], &Value::Null)?;
        }
        Ok(())
    }
}
