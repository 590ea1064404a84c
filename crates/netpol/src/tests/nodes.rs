//! Addresses that are nodes'.

use super::*;
use crate::engine::Connections;
use crate::flow_end::{FlowEnd, Overall};

/// A pod whose egress is open to 172.16.0.0/12 alone, on node `n1`, and the Nodes of a cluster.
fn input(objects: impl IntoIterator<Item = Value>) -> Input {
    let mut reader = read::Reader::new("default");
    let block = json!({"ipBlock": {"cidr": "172.16.0.0/12"}});
    let web = json!({"apiVersion": "v1", "kind": "Pod",
        "metadata": {"name": "web", "namespace": "a", "labels": {"app": "web"}},
        "spec": {"nodeName": "n1", "containers": []}});
    let policy = policy(json!({"policyTypes": ["Egress"], "egress": [{"to": [block]}]}));
    [web, policy].iter().for_each(|object| reader.add(object, None));
    objects.into_iter().for_each(|object| reader.add(&object, None));
    reader.network().cni = Some(Cni::Cilium);
    reader.finish()
}

fn node(name: &str, address: &str) -> Value {
    json!({"apiVersion": "v1", "kind": "Node", "metadata": {"name": name},
        "status": {"addresses": [{"type": "InternalIP", "address": address}]}})
}

/// The addresses that `web` reaches, as the engine lists them.
fn reached(input: &Input) -> Vec<String> {
    let mut connections = Connections::new(input, true);
    let web = input.members.iter().position(|m| m.pod.name == "web").unwrap();
    let class = connections.groups()[web];
    let rows = connections.outside(class, Direction::Egress);
    let tcp = rows.iter().filter(|row| row.ports.protocol == Protocol::Tcp);
    tcp.flat_map(|row| &row.addresses).map(ToString::to_string).collect()
}

#[test]
fn an_address_of_a_node_is_listed_as_the_node_is_reached() {
    assert_eq!(reached(&input([])), ["172.16.0.0/12"]);
    // Cilium's blocks hold no node: its address is cut out.
    let around = ["172.16.0.0-172.18.0.1", "172.18.0.3-172.31.255.255"];
    assert_eq!(reached(&input([node("n2", "172.18.0.2")])), around);
    // A pod on its node's network has the node's address.
    let exporter = json!({"apiVersion": "v1", "kind": "Pod",
        "metadata": {"name": "exporter", "namespace": "b"},
        "spec": {"hostNetwork": true, "nodeName": "n2", "containers": []},
        "status": {"podIP": "172.18.0.2"}});
    assert_eq!(reached(&input([exporter])), around);
    // On Calico's they do.
    let mut calico = input([node("n2", "172.18.0.2")]);
    calico.cluster.network.cni = Some(Cni::Calico);
    assert_eq!(reached(&calico), ["172.16.0.0/12"]);
}

#[test]
fn an_address_may_be_a_node_or_an_unlisted_pod() {
    let ask = |cni: Option<Cni>, objects: &[Value], to: &str| {
        let mut input = input(objects.iter().cloned());
        input.cluster.network.cni = cni;
        let [web, to] =
            ["a/web", to].map(|name| input.flow_end(input.pick(name).unwrap()).unwrap());
        let found = input.explain(&web, &to, Protocol::Tcp, 443);
        (found.answer, found.kinds[0].explanation.why, matches!(to, FlowEnd::Host(_)))
    };
    let nodes = [node("n2", "172.18.0.2")];
    let exporter = [json!({"apiVersion": "v1", "kind": "Pod",
        "metadata": {"name": "exporter", "namespace": "b"},
        "spec": {"hostNetwork": true, "nodeName": "n2", "containers": []},
        "status": {"podIP": "172.18.0.2"}})];
    for objects in [&nodes, &exporter] {
        let answer = ask(Some(Cni::Cilium), objects, "172.18.0.2");
        assert_eq!(answer, (Overall::Denied, None, true));
        assert_eq!(ask(Some(Cni::Calico), objects, "172.18.0.2").0, Overall::Allowed);
    }
    // Nobody says what the address is: what the plugins do with nodes and pods is in doubt.
    let unknown = |cni, why| {
        assert_eq!(ask(cni, &[], "172.18.0.2"), (Overall::Uncertain, Some(why), false), "{cni:?}");
    };
    unknown(None, Why::CniDependent);
    unknown(Some(Cni::Cilium), Why::UnknownAddress);
    assert_eq!(ask(Some(Cni::Calico), &[], "172.18.0.2").0, Overall::Allowed);
    // Not in a range of the cluster.
    assert_eq!(ask(None, &[], "192.0.2.1"), (Overall::Denied, None, false));
}
