//! What stands before pods: rules 14 and 18.

use super::engine::Connections;
use super::flow_end::{FlowEnd, Overall};
use super::input::Input;
use super::read::Reader;
use super::service::{NoBackend, PortName};
use super::*;
use crate::explain::Answer;
use crate::lint::{Code, Options};
use crate::listing::{By, Filter, Listing};
use crate::report::connections_json;
use manifest::yaml;

/// `web` listens on 8080 as http, `old` on 9090 as http and on nothing else; both have `tier: front`.
const SHOP: &str = "
apiVersion: v1
kind: Pod
metadata: {name: web, namespace: a, labels: {app: web, tier: front}}
spec: {containers: [{name: c, ports: [{name: http, containerPort: 8080}]}]}
---
apiVersion: v1
kind: Pod
metadata: {name: old, namespace: a, labels: {app: old, tier: front}}
spec: {containers: [{name: c, ports: [{name: http, containerPort: 9090}]}]}
---
apiVersion: v1
kind: Pod
metadata: {name: client, namespace: a, labels: {app: client}}
spec: {containers: [{name: c}]}
";

fn read(texts: &[&str]) -> Input {
    let mut reader = Reader::new("a");
    for document in texts.iter().flat_map(|text| yaml::read(text).unwrap()) {
        reader.add(&document.value, None);
    }
    let input = reader.finish();
    assert!(input.invalid.is_empty(), "{:?}", input.invalid);
    input
}

fn service(name: &str, spec: &str) -> String {
    format!(
        "apiVersion: v1\nkind: Service\nmetadata: {{name: {name}, namespace: a}}\nspec: {spec}\n"
    )
}

/// The backends of the Service `s` as `name:port`.
fn backends(input: &Input, port: PortName) -> Result<Vec<String>, NoBackend> {
    let service = input.service("a", "s").unwrap();
    let found = input.backends(service, &port, None)?;
    Ok(found.iter().map(|b| format!("{} {} {}", b.name, b.protocol, b.port)).collect())
}

fn end(input: &Input, name: &str) -> FlowEnd {
    input.flow_end(input.pick(name).unwrap()).unwrap()
}

fn named(name: &str) -> PortName {
    PortName::Name(name.to_owned())
}

#[test]
fn rule_14_the_first_container_that_has_the_name_decides() {
    let two = "
apiVersion: v1
kind: Pod
metadata: {name: two, namespace: a, labels: {app: two}}
spec:
  containers:
  - {name: main, ports: [{name: http, containerPort: 9090}]}
  - {name: side, ports: [{name: http, containerPort: 8080}]}
";
    let s = service("s", "{selector: {app: two}, ports: [{port: 80, targetPort: http}]}");
    let input = read(&[SHOP, two, &s]);
    assert_eq!(backends(&input, PortName::Number(80)), Ok(vec!["a/two TCP 9090".to_owned()]));
}

#[test]
fn rule_14_a_plugin_that_is_not_known_may_ask_about_the_services_own_port() {
    let s = service("s", "{selector: {app: web}, ports: [{port: 80, targetPort: 8080}]}");
    let policy = |direction: &str, port: u16| {
        let direction = if direction == "ingress" {
            format!(
                "podSelector: {{matchLabels: {{app: web}}}}, ingress: [{{ports: [{{port: {port}}}]}}]"
            )
        } else {
            format!(
                "podSelector: {{matchLabels: {{app: client}}}}, policyTypes: [Egress], \
                 egress: [{{ports: [{{port: {port}}}]}}]"
            )
        };
        format!(
            "apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {{name: p, namespace: a}}\n\
             spec: {{{direction}}}\n"
        )
    };
    let answer = |cni: Option<Cni>, direction: &str, port: u16| {
        let mut input = read(&[SHOP, &s, &policy(direction, port)]);
        input.cluster.network.cni = cni;
        let service = input.service("a", "s").unwrap();
        let end = end(&input, "a/client");
        let found = input.explain_service(&end, service, &PortName::Number(80), None);
        (found.answer, found.backends[0].explanation.why)
    };
    for cni in [None, Some(Cni::None)] {
        for port in [80, 8080] {
            let doubt = (Overall::Uncertain, Some(Why::CniDependent));
            assert_eq!(answer(cni, "egress", port), doubt, "{cni:?} {port}");
        }
    }
    for cni in [Some(Cni::Cilium), Some(Cni::Calico)] {
        assert_eq!(answer(cni, "egress", 8080), (Overall::Allowed, None));
        assert_eq!(answer(cni, "egress", 80), (Overall::Denied, None));
    }
    // The pod's own policies are asked about its own port by all of them.
    for cni in [None, Some(Cni::None), Some(Cni::Cilium)] {
        assert_eq!(answer(cni, "ingress", 8080), (Overall::Allowed, None));
        assert_eq!(answer(cni, "ingress", 80), (Overall::Denied, None));
    }
}

#[test]
fn rule_14_a_pods_way_to_itself_through_a_service_is_left_to_the_plugin() {
    let s = service("s", "{selector: {app: web}, ports: [{port: 8080}]}");
    let closed = "
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: p, namespace: a}
spec: {podSelector: {}, policyTypes: [Ingress, Egress]}
";
    let cluster_wide = |action: &str| {
        format!(
            "apiVersion: policy.networking.k8s.io/v1alpha2\nkind: ClusterNetworkPolicy\nmetadata: {{name: c}}\n\
             spec:\n  tier: Admin\n  priority: 1\n  subject: {{namespaces: {{}}}}\n\
             \x20 ingress: [{{action: {action}, from: [{{namespaces: {{}}}}]}}]\n"
        )
    };
    let answer = |texts: &[&str]| {
        let mut input = read(&[&[SHOP, &s], texts].concat());
        input.cluster.network.cni = Some(Cni::Cilium);
        let service = input.service("a", "s").unwrap();
        let found =
            input.explain_service(&end(&input, "a/web"), service, &PortName::Number(8080), None);
        let [own] = found.backends.as_slice() else { panic!("{found:?}") };
        (found.answer, own.explanation.why)
    };
    assert_eq!(answer(&[]), (Overall::Allowed, None));
    assert_eq!(answer(&[closed]), (Overall::Uncertain, Some(Why::CniDependent)));
    assert_eq!(answer(&[&cluster_wide("Deny")]), (Overall::Denied, None));
    assert_eq!(answer(&[closed, &cluster_wide("Deny")]), (Overall::Denied, None));
}

#[test]
fn rule_14_a_service_leads_to_its_pods_at_their_own_port() {
    let by = |ports: &str, port: PortName| {
        let s = service("s", &format!("{{selector: {{tier: front}}, ports: {ports}}}"));
        backends(&read(&[SHOP, &s]), port)
    };
    // By name each pod has a port of its own; without a targetPort it is the Service's.
    let http = "[{name: web, port: 80, targetPort: http}, {name: dns, port: 53, protocol: UDP}]";
    let both = Ok(vec!["a/old TCP 9090".to_owned(), "a/web TCP 8080".to_owned()]);
    assert_eq!(by(http, PortName::Number(80)), both);
    assert_eq!(by(http, named("web")), both);
    let dns = Ok(vec!["a/old UDP 53".to_owned(), "a/web UDP 53".to_owned()]);
    assert_eq!(by(http, named("dns")), dns);
    assert_eq!(by(http, PortName::Number(8080)), Err(NoBackend::NoPort));
    let absent = "[{port: 80, targetPort: metrics}]";
    assert_eq!(by(absent, PortName::Number(80)), Err(NoBackend::NoTargetPort));
    let nobody = service("s", "{selector: {app: nobody}, ports: [{port: 80}]}");
    let found = backends(&read(&[SHOP, &nobody]), PortName::Number(80));
    assert_eq!(found, Err(NoBackend::SelectsNothing));
    // Pods of other namespaces are never behind it.
    let elsewhere = SHOP.replace("namespace: a", "namespace: b");
    let s = service("s", "{selector: {tier: front}, ports: [{port: 80}]}");
    assert_eq!(
        backends(&read(&[&elsewhere, &s]), PortName::Number(80)),
        Err(NoBackend::SelectsNothing)
    );
}

#[test]
fn rule_14_a_headless_service_leads_to_the_port_that_is_asked_for() {
    let s = service(
        "s",
        "{clusterIP: None, selector: {app: web}, ports: [{name: web, port: 80, targetPort: http}]}",
    );
    let input = read(&[SHOP, &s]);
    assert_eq!(backends(&input, PortName::Number(80)).unwrap(), ["a/web TCP 80"]);
    assert_eq!(backends(&input, PortName::Number(7)).unwrap(), ["a/web TCP 7"]);
    // A name is asked for by an SRV record, which has the pod's port.
    assert_eq!(backends(&input, named("web")).unwrap(), ["a/web TCP 8080"]);
}

#[test]
fn rule_14_an_alias_leads_where_its_name_does() {
    let real = service("real", "{selector: {app: web}, ports: [{port: 80, targetPort: http}]}");
    for name in ["real.a.svc.cluster.local", "real.a.svc", "real.a.svc.cluster.local."] {
        let alias = service("s", &format!("{{type: ExternalName, externalName: {name}}}"));
        let input = read(&[SHOP, &real, &alias]);
        assert_eq!(backends(&input, PortName::Number(80)).unwrap(), ["a/web TCP 8080"], "{name}");
    }
    let pod = service("s", "{type: ExternalName, externalName: web-0.real.a.svc.cluster.local}");
    let found = backends(&read(&[SHOP, &real, &pod]), PortName::Number(80));
    assert_eq!(found.unwrap(), ["a/web TCP 8080"]);
    // Of one that is not in the input nobody knows who stands behind it.
    for name in ["other.a.svc.cluster.local", "real.b.svc", "web-0.other.a.svc.corp.example"] {
        let alias = service("s", &format!("{{type: ExternalName, externalName: {name}}}"));
        let found = backends(&read(&[SHOP, &real, &alias]), PortName::Number(80));
        assert_eq!(found, Err(NoBackend::AliasOfUnknown), "{name}");
    }
    let mapped = service("s", "{type: ExternalName, externalName: '::ffff:192.0.2.1'}");
    let found = backends(&read(&[SHOP, &mapped]), PortName::Number(80)).unwrap();
    assert_eq!(found, ["::ffff:192.0.2.1 TCP 80"]);
    let circle = service("s", "{type: ExternalName, externalName: s.a.svc}");
    assert_eq!(backends(&read(&[SHOP, &circle]), PortName::Number(80)), Err(NoBackend::AliasLoop));
    let outside = service("s", "{type: ExternalName, externalName: example.org}");
    let policy = "
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: p, namespace: a}
spec:
  policyTypes: [Egress]
  egress: [{to: [{ipBlock: {cidr: 0.0.0.0/0}}, {ipBlock: {cidr: '2001:db8::/32'}}], ports: [{port: 443}]}]
";
    let input = read(&[SHOP, &outside, policy]);
    let found = backends(&input, PortName::Number(443)).unwrap();
    assert_eq!(
        found,
        ["example.org (any IPv4 address) TCP 443", "example.org (any IPv6 address) TCP 443"]
    );
    let service = input.service("a", "s").unwrap();
    let found =
        input.explain_service(&end(&input, "a/client"), service, &PortName::Number(443), None);
    let answers: Vec<Answer> = found.backends.iter().map(|b| b.explanation.answer).collect();
    // Some IPv6 addresses are open and others are not.
    assert_eq!(answers, [Answer::Allowed, Answer::Uncertain]);
    assert_eq!(found.answer, Overall::Uncertain);
}

#[test]
fn rule_14_without_a_selector_the_endpoint_slices_count_or_it_is_not_decidable() {
    let s = service("s", "{ports: [{name: db, port: 5432}]}");
    assert_eq!(backends(&read(&[SHOP, &s]), PortName::Number(5432)), Err(NoBackend::NoEndpoints));
    let slice = "
apiVersion: discovery.k8s.io/v1
kind: EndpointSlice
metadata: {name: s-1, namespace: a, labels: {kubernetes.io/service-name: s}}
addressType: IPv4
ports: [{name: db, port: 6432}]
endpoints:
- {addresses: [192.0.2.5]}
- {addresses: [192.0.2.6], conditions: {ready: false}}
- {addresses: [10.0.0.9], targetRef: {kind: Pod, name: web}}
";
    let found = backends(&read(&[SHOP, &s, slice]), PortName::Number(5432)).unwrap();
    assert_eq!(found, ["192.0.2.5 TCP 6432", "a/web TCP 6432"]);
    let endpoints = "
apiVersion: v1
kind: Endpoints
metadata: {name: s, namespace: a}
subsets: [{addresses: [{ip: 192.0.2.5}], ports: [{name: db, port: 6432}]}]
";
    let found = backends(&read(&[SHOP, &s, endpoints]), PortName::Number(5432)).unwrap();
    assert_eq!(found, ["192.0.2.5 TCP 6432"]);
    // Nobody to ask about: the answer is no green one.
    let input = read(&[SHOP, &s]);
    let found = input.explain_service(
        &end(&input, "a/client"),
        input.service("a", "s").unwrap(),
        &PortName::Number(5432),
        None,
    );
    assert_eq!(
        (found.answer, found.no_backend),
        (Overall::Uncertain, Some(NoBackend::NoEndpoints))
    );
}

#[test]
fn rule_14_services_and_ingresses_add_no_connection() {
    let list = |texts: &[&str]| {
        let input = read(texts);
        let mut connections = Connections::new(&input, false);
        let mut text = String::new();
        let mut listing = Listing::new(&mut connections, By::Pod, Filter::default());
        connections_json(&mut listing, &mut text).unwrap();
        text
    };
    let s = service(
        "s",
        "{type: LoadBalancer, selector: {tier: front}, ports: [{port: 80, targetPort: http}]}",
    );
    let ingress = "
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata: {name: i, namespace: a}
spec: {defaultBackend: {service: {name: s, port: {number: 80}}}}
";
    let policy = "
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: p, namespace: a}
spec: {podSelector: {}}
";
    let input = read(&[SHOP, policy, &s, ingress]);
    assert_eq!((input.services.len(), input.ingresses.len()), (1, 1));
    assert_eq!(list(&[SHOP, policy]), list(&[SHOP, policy, &s, ingress]));
}

#[test]
fn rule_14_several_backends_have_one_answer_each_and_one_for_all() {
    let s = service("s", "{selector: {tier: front}, ports: [{port: 80, targetPort: http}]}");
    let policy = |ports: &str| {
        format!(
            "apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {{name: p, namespace: a}}\n\
             spec: {{podSelector: {{matchLabels: {{tier: front}}}}, ingress: [{{ports: {ports}}}]}}\n"
        )
    };
    let answer = |ports: &str| {
        let input = read(&[SHOP, &s, &policy(ports)]);
        let service = input.service("a", "s").unwrap();
        let found =
            input.explain_service(&end(&input, "a/client"), service, &PortName::Number(80), None);
        let each: Vec<Answer> = found.backends.iter().map(|b| b.explanation.answer).collect();
        (found.answer, each)
    };
    use Answer::{Allowed, Denied};
    assert_eq!(answer("[{port: http}]"), (Overall::Allowed, vec![Allowed, Allowed]));
    assert_eq!(answer("[{port: 8080}]"), (Overall::Mixed, vec![Denied, Allowed]));
    assert_eq!(answer("[{port: 80}]"), (Overall::Denied, vec![Denied, Denied]));
}

#[test]
fn rule_18_name_resolution_needs_both_protocols_at_the_pods_own_port() {
    let dns = "
apiVersion: v1
kind: Pod
metadata: {name: dns, namespace: kube-system, labels: {k8s-app: kube-dns}}
spec: {containers: [{name: c, ports: [{name: dns, protocol: UDP, containerPort: 1053}, {name: dns-tcp, containerPort: 1053}]}]}
---
apiVersion: v1
kind: Service
metadata: {name: kube-dns, namespace: kube-system}
spec:
  selector: {k8s-app: kube-dns}
  ports:
  - {name: dns, protocol: UDP, port: 53, targetPort: dns}
  - {name: dns-tcp, protocol: TCP, port: 53, targetPort: dns-tcp}
";
    let found = |ports: &str| {
        let policy = format!(
            "apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {{name: p, namespace: a}}\nspec:\n\
             \x20 podSelector: {{}}\n  policyTypes: [Egress]\n  egress:\n\
             \x20 - to: [{{namespaceSelector: {{matchLabels: {{kubernetes.io/metadata.name: kube-system}}}}}}]\n\
             \x20   ports: {ports}\n"
        );
        let input = read(&[SHOP, dns, &policy]);
        let codes: Vec<&str> = crate::lint::lint(&input, &Options::default())
            .iter()
            .filter_map(|f| f.code.map(Code::id))
            .filter(|code| ["OHN004", "OHN005"].contains(code))
            .collect();
        let pod = |name: &str| input.members.iter().find(|m| m.pod.name == name).unwrap();
        let verdict = between(&input.cluster, &pod("client").pod, &pod("dns").pod);
        let open = [Protocol::Udp, Protocol::Tcp].map(|p| verdict.at(p, 1053) == Tri::Yes);
        (open, codes)
    };
    assert_eq!(found("[{protocol: UDP, port: 1053}, {port: 1053}]"), ([true, true], vec![]));
    assert_eq!(found("[{protocol: UDP, port: 1053}]"), ([true, false], vec!["OHN004"]));
    assert_eq!(
        found("[{protocol: UDP, port: 53}, {port: 53}]"),
        ([false, false], vec!["OHN005", "OHN005"])
    );
}
