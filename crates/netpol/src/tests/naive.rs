//! A second evaluator: one packet at a time, straight from the objects. It shares no code with the
//! first, knows no sets, and is as slow as it is plain.

use std::net::IpAddr;

use serde_json::Value;

/// True, false, or not known.
pub type Truth = Option<bool>;

const YES: Truth = Some(true);
const NO: Truth = Some(false);

fn and(a: Truth, b: Truth) -> Truth {
    if a == NO || b == NO {
        NO
    } else if a == YES && b == YES {
        YES
    } else {
        None
    }
}

fn any(all: impl IntoIterator<Item = Truth>) -> Truth {
    all.into_iter().fold(NO, |a, b| {
        if a == YES || b == YES {
            YES
        } else if a == NO && b == NO {
            NO
        } else {
            None
        }
    })
}

/// The same, if both agree.
fn agreed(a: Truth, b: Truth) -> Truth {
    if a == b { a } else { None }
}

/// Who is at an end, as plain data.
#[derive(Clone, Debug)]
pub enum Who {
    /// A pod: namespace, name, labels (`null`: value not known), ports, host network, addresses, node.
    Pod {
        namespace: String,
        name: String,
        labels: Value,
        ports: Vec<(String, String, u16)>,
        host_network: bool,
        addresses: Vec<IpAddr>,
        node: Option<String>,
    },
    /// An address outside.
    Address(IpAddr),
}

pub struct World<'a> {
    pub objects: &'a [Value],
    pub cni: Option<&'static str>,
    pub pod_cidr: (IpAddr, u8),
}

#[derive(Clone, Copy)]
pub struct Packet<'a> {
    pub from: &'a Who,
    pub to: &'a Who,
    pub protocol: &'a str,
    pub port: u16,
}

impl World<'_> {
    pub fn passes(&self, packet: &Packet<'_>) -> Truth {
        if let (Who::Pod { namespace: n, name: a, .. }, Who::Pod { namespace: m, name: b, .. }) =
            (packet.from, packet.to)
            && (n, a) == (m, b)
        {
            return YES;
        }
        let policies = and(self.side("egress", packet), self.side("ingress", packet));
        match (packet.from, packet.to) {
            // A pod on its node's network is the node.
            (Who::Pod { host_network: true, node: a, .. }, Who::Pod { node: b, .. }) => {
                match (a, b) {
                    (Some(a), Some(b)) if a == b => YES,
                    (Some(_), Some(_)) => policies,
                    _ => any([policies, None]),
                }
            }
            _ => policies,
        }
    }

    fn kinds<'a>(&'a self, kind: &'a str) -> impl Iterator<Item = &'a Value> {
        self.objects.iter().filter(move |o| o["kind"] == kind)
    }

    fn side(&self, direction: &str, packet: &Packet<'_>) -> Truth {
        let (subject, other) =
            if direction == "egress" { (packet.from, packet.to) } else { (packet.to, packet.from) };
        let Who::Pod { namespace, labels, host_network, .. } = subject else { return YES };
        if let Who::Pod { addresses, .. } = other
            && addresses.len() > 1
        {
            // It is not known which of them the packet has.
            let each = addresses.iter().map(|address| {
                let mut one = other.clone();
                let Who::Pod { addresses, .. } = &mut one else { unreachable!() };
                *addresses = vec![*address];
                let (from, to) =
                    if direction == "egress" { (packet.from, &one) } else { (&one, packet.to) };
                self.side(direction, &Packet { from, to, ..*packet })
            });
            return each.reduce(agreed).unwrap_or(YES);
        }
        for foreign in self.kinds("CiliumNetworkPolicy") {
            if foreign["metadata"]["namespace"] == *namespace
                && self.selector(&seen(&foreign["spec"]["endpointSelector"]), labels, false) != NO
            {
                return None;
            }
        }
        let baseline = if *host_network {
            YES
        } else {
            self.ordered("BaselineAdminNetworkPolicy", direction, packet, YES, YES)
        };
        let policies = self.policies(direction, packet, baseline);
        if !*host_network {
            return self.ordered("AdminNetworkPolicy", direction, packet, policies, policies);
        }
        match self.cni {
            None => agreed(policies, baseline),
            Some(_) => baseline,
        }
    }

    fn policies(&self, direction: &str, packet: &Packet<'_>, otherwise: Truth) -> Truth {
        let subject = if direction == "egress" { packet.from } else { packet.to };
        let Who::Pod { namespace, labels, .. } = subject else { unreachable!() };
        let (mut certain, mut possible) = (Vec::new(), Vec::new());
        for policy in self.kinds("NetworkPolicy") {
            let spec = &policy["spec"];
            let types: Vec<&str> = spec["policyTypes"]
                .as_array()
                .into_iter()
                .flatten()
                .filter_map(Value::as_str)
                .collect();
            let rules = spec[direction].as_array().cloned().unwrap_or_default();
            let isolates = if types.is_empty() {
                direction == "ingress" || !rules.is_empty()
            } else {
                types.iter().any(|t| t.eq_ignore_ascii_case(direction))
            };
            if !isolates || policy["metadata"]["namespace"] != *namespace {
                continue;
            }
            let open = any(rules.iter().map(|r| self.rule(r, direction, namespace, packet)));
            match self.selector(&spec["podSelector"], labels, false) {
                YES => certain.push(open),
                None => possible.push(open),
                NO => {}
            }
        }
        if certain.is_empty() {
            return possible.into_iter().fold(otherwise, agreed);
        }
        any(certain.into_iter().chain(possible.into_iter().map(|open| and(None, open))))
    }

    fn rule(&self, rule: &Value, direction: &str, home: &str, packet: &Packet<'_>) -> Truth {
        let (field, other) =
            if direction == "egress" { ("to", packet.to) } else { ("from", packet.from) };
        let peers = rule[field].as_array().filter(|p| !p.is_empty());
        let held = peers.map_or(YES, |peers| any(peers.iter().map(|p| self.peer(p, home, other))));
        let ports = rule["ports"].as_array().filter(|p| !p.is_empty());
        let open = ports.is_none_or(|ports| ports.iter().any(|p| self.port(p, packet)));
        and(held, Some(open))
    }

    fn peer(&self, peer: &Value, home: &str, other: &Who) -> Truth {
        if !peer["ipBlock"].is_null() {
            return self.block(&peer["ipBlock"], other);
        }
        let Who::Pod { namespace, labels, host_network, .. } = other else { return NO };
        let there = if peer["namespaceSelector"].is_null() {
            Some(namespace == home)
        } else {
            self.namespace(&peer["namespaceSelector"], namespace)
        };
        let held = and(there, self.selector(&peer["podSelector"], labels, false));
        match (host_network, self.cni) {
            (false, _) => held,
            (true, None) => and(held, None),
            (true, Some(_)) => NO,
        }
    }

    fn namespace(&self, selector: &Value, name: &str) -> Truth {
        let listed = self.kinds("Namespace").find(|n| n["metadata"]["name"] == *name);
        let mut labels =
            listed.map_or_else(|| serde_json::json!({}), |n| n["metadata"]["labels"].clone());
        labels["kubernetes.io/metadata.name"] = Value::from(name);
        self.selector(selector, &labels, listed.is_none())
    }

    /// `open`: keys that are not there may be there.
    fn selector(&self, selector: &Value, labels: &Value, open: bool) -> Truth {
        let mut result = YES;
        for (key, value) in selector["matchLabels"].as_object().into_iter().flatten() {
            result = and(result, one(labels, open, key, "In", std::slice::from_ref(value)));
        }
        for e in selector["matchExpressions"].as_array().into_iter().flatten() {
            let values = e["values"].as_array().cloned().unwrap_or_default();
            let (key, operator) = (e["key"].as_str().unwrap(), e["operator"].as_str().unwrap());
            result = and(result, one(labels, open, key, operator, &values));
        }
        result
    }

    fn block(&self, block: &Value, other: &Who) -> Truth {
        let cidr = |v: &Value| {
            let (address, prefix) = v.as_str().unwrap().split_once('/').unwrap();
            (address.parse::<IpAddr>().unwrap(), prefix.parse::<u8>().unwrap())
        };
        let outer = cidr(&block["cidr"]);
        let holds = |a: IpAddr| {
            inside(a, outer)
                && !block["except"].as_array().into_iter().flatten().any(|e| inside(a, cidr(e)))
        };
        match other {
            Who::Address(a) => Some(holds(*a)),
            Who::Pod { host_network: true, addresses, .. } => {
                let held = addresses.first().map(|a| holds(*a));
                match self.cni {
                    None => and(held, None),
                    Some("cilium") => NO,
                    Some(_) => held,
                }
            }
            Who::Pod { addresses, .. } => {
                let (first, prefix) = self.pod_cidr;
                let unknown = || {
                    // Blocks of these tests are wider than the pod network or within it.
                    let meets = inside(first, outer) || inside(outer.0, (first, prefix));
                    let cut =
                        |e: &Value| inside(cidr(e).0, (first, prefix)) || inside(first, cidr(e));
                    let mut except = block["except"].as_array().into_iter().flatten();
                    let whole = inside(first, outer) && outer.1 <= prefix && !except.any(cut);
                    if !meets {
                        NO
                    } else if whole {
                        YES
                    } else {
                        None
                    }
                };
                let held = addresses.first().map_or_else(unknown, |a| Some(holds(*a)));
                match self.cni {
                    None => and(held, None),
                    Some("calico") => held,
                    Some(_) => NO,
                }
            }
        }
    }

    fn port(&self, entry: &Value, packet: &Packet<'_>) -> bool {
        let protocol = entry["protocol"].as_str().unwrap_or("TCP");
        if protocol != packet.protocol {
            return false;
        }
        match (&entry["port"], packet.to) {
            (Value::Null, _) => true,
            (Value::String(name), Who::Pod { ports, .. }) => ports
                .iter()
                .any(|(n, p, number)| n == name && p == protocol && *number == packet.port),
            (Value::String(_), Who::Address(_)) => false,
            (first, _) => {
                let first = first.as_u64().unwrap();
                let last = entry["endPort"].as_u64().unwrap_or(first);
                (first..=last).contains(&u64::from(packet.port))
            }
        }
    }

    /// Cluster-wide rules: the first that matches decides.
    fn ordered(
        &self,
        kind: &str,
        direction: &str,
        packet: &Packet<'_>,
        next_tier: Truth,
        otherwise: Truth,
    ) -> Truth {
        let (subject, other, field) = if direction == "egress" {
            (packet.from, packet.to, "to")
        } else {
            (packet.to, packet.from, "from")
        };
        let mut policies: Vec<&Value> = self.kinds(kind).collect();
        policies.sort_by_key(|p| p["spec"]["priority"].as_u64());
        let mut rules = Vec::new();
        for policy in policies {
            let selected = self.admin_pods(&policy["spec"]["subject"], subject);
            for rule in policy["spec"][direction].as_array().into_iter().flatten() {
                let held =
                    any(rule[field].as_array().unwrap().iter().map(|p| match &p["networks"] {
                        Value::Array(networks) => {
                            any(networks.iter().map(|n| self.network(n, other)))
                        }
                        _ => self.admin_pods(p, other),
                    }));
                let ports = rule["ports"].as_array();
                let open =
                    ports.is_none_or(|ports| ports.iter().any(|p| self.admin_port(p, packet)));
                rules
                    .push((and(and(selected, held), Some(open)), rule["action"].as_str().unwrap()));
            }
        }
        rules.into_iter().rev().fold(otherwise, |rest, (matches, action)| {
            let decided = match action {
                "Allow" => YES,
                "Deny" => NO,
                _ => next_tier,
            };
            match matches {
                YES => decided,
                NO => rest,
                None => agreed(decided, rest),
            }
        })
    }

    fn admin_pods(&self, peer: &Value, who: &Who) -> Truth {
        let Who::Pod { namespace, labels, host_network: false, .. } = who else { return NO };
        if !peer["namespaces"].is_null() {
            return self.namespace(&peer["namespaces"], namespace);
        }
        let pods = &peer["pods"];
        and(
            self.namespace(&pods["namespaceSelector"], namespace),
            self.selector(&pods["podSelector"], labels, false),
        )
    }

    fn network(&self, network: &Value, who: &Who) -> Truth {
        // Networks hold pods whatever the plugin, which for a block is what Calico does.
        let calico = World { objects: self.objects, cni: Some("calico"), pod_cidr: self.pod_cidr };
        calico.block(&serde_json::json!({"cidr": network}), who)
    }

    fn admin_port(&self, entry: &Value, packet: &Packet<'_>) -> bool {
        let protocol = |e: &Value| e["protocol"].as_str().unwrap_or("TCP") == packet.protocol;
        let port = u64::from(packet.port);
        if let Some(name) = entry["namedPort"].as_str() {
            let Who::Pod { ports, .. } = packet.to else { return false };
            return ports
                .iter()
                .any(|(n, p, number)| n == name && p == packet.protocol && *number == packet.port);
        }
        let (number, range) = (&entry["portNumber"], &entry["portRange"]);
        (number["port"] == port && protocol(number))
            || (!range.is_null()
                && protocol(range)
                && (range["start"].as_u64().unwrap()..=range["end"].as_u64().unwrap())
                    .contains(&port))
    }
}

fn one(labels: &Value, open: bool, key: &str, operator: &str, values: &[Value]) -> Truth {
    let label = labels.get(key);
    match operator {
        "Exists" => {
            if label.is_some() {
                YES
            } else if open {
                None
            } else {
                NO
            }
        }
        "DoesNotExist" => {
            if label.is_some() {
                NO
            } else if open {
                None
            } else {
                YES
            }
        }
        _ => {
            let held = match label {
                Some(Value::Null) => return None,
                Some(value) => values.contains(value),
                None if open => return None,
                None => false,
            };
            Some(if operator == "In" { held } else { !held })
        }
    }
}

/// Bit by bit.
fn inside(address: IpAddr, (network, prefix): (IpAddr, u8)) -> bool {
    let bits = |a: IpAddr| -> Vec<bool> {
        let bytes = match a {
            IpAddr::V4(a) => a.octets().to_vec(),
            IpAddr::V6(a) => a.octets().to_vec(),
        };
        bytes.iter().flat_map(|b| (0..8).rev().map(move |i| b >> i & 1 == 1)).collect()
    };
    let (a, n) = (bits(address), bits(network));
    a.len() == n.len() && a[..usize::from(prefix)] == n[..usize::from(prefix)]
}

/// An endpoint selector of Cilium without the conditions that hold where a label is absent: Cilium may
/// leave any label out of a pod's identity.
fn seen(selector: &Value) -> Value {
    let mut selector = selector.clone();
    if let Some(expressions) = selector["matchExpressions"].as_array_mut() {
        expressions.retain(|e| e["operator"] == "In" || e["operator"] == "Exists");
    }
    selector
}
