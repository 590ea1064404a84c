//! Random worlds, small enough that every rule decides often.

use std::net::IpAddr;
use std::ops::Range;

use serde_json::{Value, json};

use super::naive::Who;
use crate::endpoint::{ContainerPort, ContainerPorts, Endpoint};
use crate::input::Member;
use crate::labels::Labels;
use crate::read::Reader;
use crate::{Cni, Input, Pod, Protocol};

/// A small generator of pseudo-random numbers (SplitMix64): the same seed, the same world.
pub struct Dice(pub u64);

impl Dice {
    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    pub fn below(&mut self, bound: usize) -> usize {
        (self.next() % bound as u64) as usize
    }

    /// One time in so many.
    pub fn one_in(&mut self, times: usize) -> bool {
        self.below(times) == 0
    }

    pub fn pick<'a, T>(&mut self, from: &'a [T]) -> &'a T {
        &from[self.below(from.len())]
    }

    fn list(&mut self, lengths: &[usize], mut one: impl FnMut(&mut Self) -> Value) -> Value {
        let length = *self.pick(lengths);
        (0..length).map(|_| one(self)).collect::<Vec<_>>().into()
    }
}

const NAMESPACES: [&str; 3] = ["a", "b", "c"];
const PORTS: [u16; 4] = [80, 81, 82, 53];

/// What both evaluators are asked about, and packets worth asking about.
pub struct World {
    pub objects: Vec<Value>,
    pub who: Vec<Who>,
    pub cni: Option<Cni>,
    pub from: Range<usize>,
    pub to: Range<usize>,
    pub protocols: &'static [Protocol],
    pub ports: &'static [u16],
}

/// A world about one rule, in turn, or about all of them.
pub fn world(seed: u64, dice: &mut Dice) -> World {
    // Those that decide only for few packets come more often.
    let about = [(0..18).collect(), vec![0, 1, 1, 2, 4, 9, 11, 12, 13, 16, 17]].concat();
    let Some(about) = about.get(seed as usize % 35) else { return wild(dice) };
    let mut world = wild(dice);
    world.objects.truncate(2);
    world.to = 0..3;
    world.from = 0..6;
    world.protocols = &[Protocol::Tcp];
    world.ports = &[80, 81];
    let mut add = |objects: &[Value]| world.objects.extend_from_slice(objects);
    let from = |peers: Value| ingress(0, json!([{"from": peers}]));
    let label = |value: &str| json!({"podSelector": {"matchLabels": {"app": value}}});
    match about {
        0 => {
            let last = *dice.pick(&[81, 82]);
            add(&[ingress(0, json!([{"ports": [{"port": 80, "endPort": last}]}]))]);
            world.ports = &[80, 81, 82];
        }
        1 => {
            let block = json!({"cidr": "192.0.2.0/24", "except": ["192.0.2.128/25"]});
            add(&[from(json!([{"ipBlock": block}]))]);
            world.who[6] = Who::Address("192.0.2.1".parse().unwrap());
            world.who[7] = Who::Address("192.0.2.200".parse().unwrap());
            world.from = 6..8;
        }
        2 => {
            add(&[ingress(0, json!([{"ports": [{"port": "web"}]}]))]);
            for who in &mut world.who[..6] {
                let Who::Pod { ports, .. } = who else { continue };
                *ports = vec![("web".into(), "TCP".into(), 80), ("web".into(), "UDP".into(), 81)];
            }
        }
        3 => {
            add(&[from(json!([{"ipBlock": {"cidr": "10.0.0.0/24"}}]))]);
            world.cni = None;
        }
        4 => {
            let rule = |action: &str| {
                json!([{"action": action, "from": [{"namespaces": {}}],
                    "ports": [{"portNumber": {"port": 80}}]}])
            };
            let policy = |i: usize, action: &str| {
                admin_of(
                    "AdminNetworkPolicy",
                    i,
                    json!({"subject": {"namespaces": {}}, "ingress": rule(action)}),
                )
            };
            add(&[policy(0, "Allow"), policy(1, "Deny")]);
        }
        5 => add(&[cilium("a", selector(dice, "app", &["x", "y"]))]),
        6 => {
            add(&[from(json!([{"namespaceSelector": selector(dice, "team", &["red", "blue"])}]))]);
            world.from = 5..6;
        }
        7 => {
            let name =
                json!({"matchLabels": {"kubernetes.io/metadata.name": dice.pick(&["a", "b"])}});
            add(&[from(json!([{"namespaceSelector": name}]))]);
            world.from = 3..5;
        }
        8 => {
            add(&[from(json!([{"podSelector": {}}]))]);
            world.from = 3..6;
        }
        9 => add(&[from(json!([label("x"), label("y")]))]),
        10 => {
            let tier = selector(dice, "tier", &["1", "2"]);
            add(&[from(json!([{"podSelector": tier}]))]);
        }
        11 => {
            let one = |port: u16| json!([{"ports": [{"port": port}]}]);
            add(&[ingress(0, one(80)), ingress(1, one(81))]);
        }
        12 => {
            let expression = json!({"key": "tier", "operator": "DoesNotExist"});
            for who in world.who.iter_mut().step_by(2) {
                let Who::Pod { labels, .. } = who else { continue };
                labels["tier"] = json!("1");
            }
            add(&[from(json!([{"podSelector": {"matchExpressions": [expression]}}]))]);
        }
        13 => {
            let expression = json!({"key": "tier", "operator": "NotIn", "values": ["1"]});
            for who in world.who.iter_mut().step_by(2) {
                let Who::Pod { labels, .. } = who else { continue };
                labels.as_object_mut().unwrap().remove("tier");
            }
            add(&[from(json!([{"podSelector": {"matchExpressions": [expression]}}]))]);
        }
        14 => {
            let mut policy = ingress(0, json!([{}]));
            policy["spec"]["egress"] = json!([]);
            add(&[policy]);
            (world.from, world.to) = (0..3, 0..8);
        }
        15 => {
            let mut policy = ingress(0, json!([{"ports": [{"port": 80}]}]));
            policy["spec"]["policyTypes"] = json!(["Egress"]);
            policy["spec"]["egress"] = json!([{}]);
            add(&[policy]);
        }
        16 => {
            let rules = json!([{"action": "Pass", "from": [{"namespaces": {}}]}]);
            let spec = json!({"subject": {"namespaces": {}}, "ingress": rules});
            add(&[
                admin_of("AdminNetworkPolicy", 0, spec),
                ingress(0, json!([{"ports": [{"port": 80}]}])),
            ]);
        }
        _ => {
            let rules = json!([{"action": "Deny", "from": [{"namespaces": {}}]}]);
            let spec = json!({"subject": {"namespaces": {}}, "ingress": rules});
            let baseline = admin_of("BaselineAdminNetworkPolicy", 0, spec);
            add(&[baseline, ingress(0, json!([{"ports": [{"port": 80}]}]))]);
        }
    }
    world
}

fn ingress(i: usize, rules: Value) -> Value {
    json!({
        "apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy",
        "metadata": {"name": format!("n{i}"), "namespace": "a"}, "spec": {"ingress": rules},
    })
}

fn cilium(namespace: &str, selector: Value) -> Value {
    json!({
        "apiVersion": "cilium.io/v2", "kind": "CiliumNetworkPolicy",
        "metadata": {"name": "f", "namespace": namespace}, "spec": {"endpointSelector": selector},
    })
}

fn wild(dice: &mut Dice) -> World {
    let mut objects = vec![
        json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "a", "labels": {"team": "red"}}}),
        json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "b", "labels":
            {"team": "blue", "kubernetes.io/metadata.name": "a"}}}),
        // `c` is not in the input.
    ];
    for i in 0..dice.below(6) {
        objects.push(network_policy(dice, i));
    }
    if dice.one_in(3) {
        for i in 0..=dice.below(2) {
            objects.push(admin(dice, "AdminNetworkPolicy", i));
        }
    }
    if dice.one_in(4) {
        objects.push(admin(dice, "BaselineAdminNetworkPolicy", 0));
    }
    if dice.one_in(16) {
        let namespace = *dice.pick(&NAMESPACES);
        objects.push(cilium(namespace, selector(dice, "app", &["x", "y"])));
    }
    let mut who: Vec<Who> = (0..6).map(|i| pod(dice, i)).collect();
    who.extend((0..2).map(|_| Who::Address(address(dice))));
    let cni = *dice.pick(&[None, None, Some(Cni::Calico), Some(Cni::Cilium), Some(Cni::None)]);
    let protocols = &[Protocol::Tcp, Protocol::Tcp, Protocol::Udp, Protocol::Sctp];
    World { objects, who, cni, from: 0..8, to: 0..8, protocols, ports: &[80, 81, 82, 83] }
}

fn address(dice: &mut Dice) -> IpAddr {
    dice.pick(&["192.0.2.1", "192.0.2.200", "198.51.100.7", "2001:db8::1"]).parse().unwrap()
}

fn pod(dice: &mut Dice, i: usize) -> Who {
    let mut labels = json!({"app": dice.pick(&["x", "y"])});
    match dice.below(5) {
        0 => labels["tier"] = json!("1"),
        1 => labels["tier"] = json!("2"),
        2 => labels["tier"] = Value::Null,
        _ => {}
    }
    let names = [("web", "TCP", 80), ("web", "UDP", 81), ("alt", "TCP", 82), ("web", "TCP", 82)];
    let ports: Vec<_> = (0..dice.below(3)).map(|_| *dice.pick(&names)).collect();
    Who::Pod {
        namespace: ["a", "a", "a", "b", "b", "c"][i].to_owned(),
        name: format!("p{i}"),
        labels,
        ports: ports
            .into_iter()
            .map(|(n, p, number)| (n.to_owned(), p.to_owned(), number))
            .collect(),
        host_network: dice.one_in(8),
        addresses: addresses(dice),
        node: dice.pick(&[None, Some("n1"), Some("n2")]).map(str::to_owned),
    }
}

/// None, one, or one of each family.
fn addresses(dice: &mut Dice) -> Vec<IpAddr> {
    let mut found = Vec::new();
    if dice.one_in(2) {
        found.push(dice.pick(&["10.0.0.1", "10.0.0.200"]).parse().unwrap());
        if dice.one_in(3) {
            found.push(dice.pick(&["fd00::1", "fd00::1:1"]).parse().unwrap());
        }
    }
    found
}

fn selector(dice: &mut Dice, key: &str, values: &[&str]) -> Value {
    let value = *dice.pick(values);
    match dice.below(8) {
        0 | 1 => json!({}),
        2 | 3 => json!({"matchLabels": {key: value}}),
        4 => json!({"matchExpressions": [{"key": key, "operator": "NotIn", "values": [value]}]}),
        5 => json!({"matchExpressions": [{"key": key, "operator": "DoesNotExist"}]}),
        6 => json!({"matchExpressions": [{"key": key, "operator": "Exists"}]}),
        _ => json!({"matchExpressions": [{"key": key, "operator": "In", "values": values}]}),
    }
}

fn pods(dice: &mut Dice) -> Value {
    if dice.one_in(2) {
        selector(dice, "app", &["x", "y"])
    } else {
        selector(dice, "tier", &["1", "2"])
    }
}

fn namespaces(dice: &mut Dice) -> Value {
    if dice.one_in(2) {
        selector(dice, "team", &["red", "blue"])
    } else {
        selector(dice, "kubernetes.io/metadata.name", &["a", "b", "c"])
    }
}

fn peer(dice: &mut Dice) -> Value {
    match dice.below(5) {
        0 | 1 => json!({"podSelector": pods(dice)}),
        2 => json!({"namespaceSelector": namespaces(dice)}),
        3 => json!({"namespaceSelector": namespaces(dice), "podSelector": pods(dice)}),
        _ => json!({"ipBlock": dice.pick(&[
            json!({"cidr": "0.0.0.0/0", "except": ["192.0.2.0/25"]}),
            json!({"cidr": "192.0.2.0/24", "except": ["192.0.2.128/25"]}),
            json!({"cidr": "10.0.0.0/25"}),
            json!({"cidr": "10.0.0.0/24"}),
            json!({"cidr": "0.0.0.0/0"}),
            json!({"cidr": "::/0"}),
            json!({"cidr": "fd00::/112"}),
        ])}),
    }
}

fn port(dice: &mut Dice) -> Value {
    let mut entry = json!({});
    if dice.one_in(3) {
        entry["protocol"] = json!(dice.pick(&["TCP", "UDP", "SCTP"]));
    }
    match dice.below(5) {
        0 | 1 => entry["port"] = json!(dice.pick(&PORTS)),
        2 => entry = json!({"port": 80, "endPort": dice.pick(&[80, 81, 82])}),
        3 => entry["port"] = json!(dice.pick(&["web", "alt"])),
        _ => {}
    }
    entry
}

fn rule(dice: &mut Dice, field: &str) -> Value {
    let mut rule = json!({});
    if !dice.one_in(4) {
        rule[field] = dice.list(&[0, 1, 1, 1, 2], peer);
    }
    if !dice.one_in(3) {
        rule["ports"] = dice.list(&[0, 1, 1, 2], port);
    }
    rule
}

fn network_policy(dice: &mut Dice, i: usize) -> Value {
    let mut spec = json!({"podSelector": pods(dice)});
    if dice.one_in(2) {
        spec["podSelector"] = json!({});
    }
    match dice.below(4) {
        0 => spec["policyTypes"] = json!(["Ingress"]),
        1 => spec["policyTypes"] = json!(["Egress"]),
        2 => spec["policyTypes"] = json!(["Ingress", "Egress"]),
        _ => {}
    }
    if !dice.one_in(3) {
        spec["ingress"] = dice.list(&[0, 1, 1, 2], |d| rule(d, "from"));
    }
    if !dice.one_in(3) {
        spec["egress"] = dice.list(&[0, 0, 1, 1, 2], |d| rule(d, "to"));
    }
    json!({
        "apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy",
        "metadata": {"name": format!("n{i}"), "namespace": dice.pick(&["a", "a", "b", "c"])}, "spec": spec,
    })
}

fn admin(dice: &mut Dice, kind: &str, i: usize) -> Value {
    let ends = |dice: &mut Dice| {
        if dice.one_in(2) {
            json!({"namespaces": namespaces(dice)})
        } else {
            json!({"pods": {"namespaceSelector": namespaces(dice), "podSelector": pods(dice)}})
        }
    };
    let actions: &[&str] = if kind == "AdminNetworkPolicy" {
        &["Allow", "Deny", "Pass", "Pass"]
    } else {
        &["Allow", "Deny"]
    };
    let rule = |dice: &mut Dice, field: &str| {
        let mut rule = json!({"action": dice.pick(actions)});
        rule[field] = dice.list(&[1, 1, 2], |d| {
            if field == "to" && d.one_in(4) {
                d.pick(&[
                    json!({"networks": ["10.0.0.0/24"]}),
                    json!({"networks": ["fd00::/112"]}),
                    json!({"networks": ["10.0.0.0/24", "fd00::/64"]}),
                ])
                .clone()
            } else {
                ends(d)
            }
        });
        if dice.one_in(2) {
            rule["ports"] = dice.list(&[1, 2], |d| match d.below(3) {
                0 => json!({"portNumber": {"protocol": d.pick(&["TCP", "UDP"]), "port": d.pick(&PORTS)}}),
                1 => json!({"portRange": {"protocol": "TCP", "start": 80, "end": 81}}),
                _ => json!({"namedPort": "web"}),
            });
        }
        rule
    };
    let spec = json!({
        "subject": ends(dice),
        "ingress": dice.list(&[0, 1, 2], |d| rule(d, "from")),
        "egress": dice.list(&[0, 1, 2], |d| rule(d, "to")),
    });
    admin_of(kind, i, spec)
}

fn admin_of(kind: &str, i: usize, mut spec: Value) -> Value {
    let name = if kind == "AdminNetworkPolicy" {
        // Equal priorities have a test of their own.
        spec["priority"] = json!(10 - i);
        format!("anp{i}")
    } else {
        "default".to_owned()
    };
    json!({
        "apiVersion": "policy.networking.k8s.io/v1alpha1", "kind": kind,
        "metadata": {"name": name}, "spec": spec,
    })
}

impl World {
    pub const POD_CIDR: (&str, u8) = ("10.0.0.0", 24);

    /// What the first evaluator reads.
    pub fn input(&self) -> Input {
        let mut reader = Reader::new("default");
        reader.network().cni = self.cni;
        reader.network().pod_cidrs = vec!["10.0.0.0/24".parse().unwrap()];
        self.objects.iter().for_each(|o| reader.add(o, None));
        let mut input = reader.finish();
        assert!(input.invalid.is_empty(), "{:?}", input.invalid);
        input.members = self.who.iter().filter_map(member).collect();
        input
    }

    pub fn cni_name(&self) -> Option<&'static str> {
        self.cni.map(|cni| match cni {
            Cni::Cilium => "cilium",
            Cni::Calico => "calico",
            Cni::None => "portable",
        })
    }
}

fn member(who: &Who) -> Option<Member> {
    let Who::Pod { namespace, name, labels, ports, host_network, addresses, node } = who else {
        return None;
    };
    let mut known = Labels::default();
    for (key, value) in labels.as_object().unwrap() {
        match value.as_str() {
            Some(value) => known.insert(key, value),
            None => known.insert_unknown(key),
        }
    }
    let mut pod = Pod::new(namespace, name, known);
    pod.host_network = *host_network;
    pod.addresses.clone_from(addresses);
    pod.node.clone_from(node);
    let port = |(name, protocol, port): &(String, String, u16)| ContainerPort {
        name: name.clone(),
        protocol: Protocol::of(protocol).unwrap(),
        port: *port,
    };
    pod.ports = ContainerPorts::Known(ports.iter().map(port).collect());
    Some(Member {
        pod,
        namespace: namespace.clone(),
        is_pod: true,
        owner: None,
        workload: None,
        replicas: 1,
        varies: false,
        container: None,
        place: None,
    })
}

pub fn endpoint<'a>(input: &'a Input, who: &[Who], i: usize) -> Endpoint<'a> {
    match &who[i] {
        Who::Pod { .. } => Endpoint::Pod(&input.members[i].pod),
        Who::Address(address) => Endpoint::Outside((*address).into()),
    }
}
