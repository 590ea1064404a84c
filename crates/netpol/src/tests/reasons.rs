//! The reasons of all pairs at once, beside those of one flow at a time.

use super::random::{Dice, world};
use super::*;
use crate::engine::Connections;
use crate::explain::Side;
use crate::listing::{By, Filter, Listing};
use crate::report::{EXPLAINED_SCHEMA, explained_json};

fn explained(input: &Input, by: By) -> Value {
    let mut text = String::new();
    let mut connections = Connections::new(input, false);
    let mut listing = Listing::new(&mut connections, by, Filter::default());
    explained_json(&mut listing, &mut text).unwrap();
    let value: Value = serde_json::from_str(&text).unwrap();
    assert_eq!(value["schema"], EXPLAINED_SCHEMA);
    value
}

fn set(ports: &Value) -> PortSet {
    let mut all = PortSet::none();
    for (protocol, ranges) in ports.as_object().unwrap() {
        for range in ranges.as_array().unwrap() {
            let [first, last] = [0, 1].map(|i| range[i].as_u64().unwrap() as u16);
            let range = PortRange { first, last };
            all = all.union(&PortSet::of(Protocol::of(protocol).unwrap(), range));
        }
    }
    all
}

fn doubts(value: &Value) -> Vec<(String, PortSet)> {
    let all = value["uncertain"].as_array().into_iter().flatten();
    all.map(|d| (d["why"].as_str().unwrap().to_owned(), set(&d["ports"]))).collect()
}

/// Policies and rules of one flow, as both forms tell them.
type Told = Vec<(String, bool, Vec<(String, String, bool)>)>;

fn told(side: &Side) -> Told {
    let one = |p: &crate::reasons::Deciding| {
        let rules = p.rules.iter();
        let rules =
            rules.map(|m| (m.rule.clone(), m.action.name().to_owned(), m.on.uncertain.is_empty()));
        (p.policy.clone(), p.certain, rules.collect())
    };
    side.reason.policies.iter().map(one).collect()
}

fn told_at(reason: &Value, protocol: Protocol, port: u16) -> Told {
    let text = |v: &Value| v.as_str().unwrap().to_owned();
    let rule = |rule: &Value| {
        let certain = set(&rule["ports"]).contains(protocol, port);
        let perhaps = doubts(rule).iter().any(|(_, ports)| ports.contains(protocol, port));
        (certain || perhaps).then(|| (text(&rule["rule"]), text(&rule["action"]), certain))
    };
    let policies = reason["policies"].as_array().unwrap().iter();
    let policy = |p: &Value| {
        let rules = p["rules"].as_array().unwrap().iter().filter_map(rule).collect();
        (text(&p["policy"]), p["certain"] == true, rules)
    };
    policies.map(policy).collect()
}

#[test]
fn every_pair_is_told_as_one_flow_at_a_time_is() {
    let (mut pairs, mut denied) = (0, 0);
    for seed in 0..60 {
        let input = world(seed, &mut Dice(seed)).input();
        let document = explained(&input, By::Pod);
        let find = |end: &Value| input.members.iter().find(|m| end["pod"] == m.id().as_str());
        let mut seen = 0;
        for pair in document["pairs"].as_array().unwrap() {
            let all = set(&pair["allowed"]).union(&set(&pair["denied"]));
            let all = doubts(pair).iter().fold(all, |all, (_, ports)| all.union(ports));
            assert!(all.is_all(), "seed {seed}: {pair}");
            let (Some(from), Some(to)) = (find(&pair["src"]), find(&pair["dst"])) else { continue };
            seen += 1;
            let verdict = between(&input.cluster, &from.pod, &to.pod);
            assert_eq!(&set(&pair["allowed"]), verdict.allowed(), "seed {seed}: {pair}");
            let expected = verdict.uncertain().into_iter().map(|(w, p)| (w.to_string(), p));
            assert_eq!(doubts(pair), expected.collect::<Vec<_>>(), "seed {seed}: {pair}");
            denied += usize::from(verdict.is_deny());
            let ends = [Endpoint::Pod(&from.pod), Endpoint::Pod(&to.pod)];
            for (protocol, port) in [(Protocol::Tcp, 80), (Protocol::Tcp, 81), (Protocol::Udp, 53)]
            {
                let found = input.cluster.explain(&ends[0], &ends[1], protocol, port);
                for side in [&found.egress, &found.ingress] {
                    let name = pair[side.reason.direction.field()].as_str().unwrap();
                    let reason = &document["reasons"][name];
                    assert_eq!(reason["direction"], side.reason.direction.field());
                    assert_eq!(told_at(reason, protocol, port), told(side), "seed {seed}: {pair}");
                    let foreign = reason["notEvaluated"].as_array().is_some_and(|f| !f.is_empty());
                    let why = crate::Why::PolicyKindNotEvaluated;
                    assert_eq!(foreign, side.why == Some(why), "seed {seed}: {pair}");
                }
            }
        }
        assert_eq!(seen, input.members.len() * (input.members.len() - 1), "seed {seed}");
        pairs += seen;
    }
    assert!(pairs > 1000 && denied > 100 && denied < pairs, "{denied} of {pairs}");
}

#[test]
fn pairs_with_addresses_are_told_by_the_pods_side_alone() {
    for seed in 0..60 {
        let world = world(seed, &mut Dice(seed));
        let input = world.input();
        let document = explained(&input, By::Pod);
        let pairs = document["pairs"].as_array().unwrap();
        for member in &input.members {
            for who in &world.who {
                let super::naive::Who::Address(address) = who else { continue };
                for direction in Direction::ALL {
                    let (own, other) = match direction {
                        Direction::Ingress => ("dst", "src"),
                        Direction::Egress => ("src", "dst"),
                    };
                    let holds = |pair: &&Value| {
                        let ips = pair[other]["ips"].as_array().into_iter().flatten();
                        let covers = |ip: &Value| span(ip).covers(&(*address).into());
                        pair[own]["pod"] == member.id().as_str() && ips.into_iter().any(covers)
                    };
                    let found: Vec<&Value> = pairs.iter().filter(holds).collect();
                    let [pair] = found.as_slice() else { panic!("seed {seed}: {found:?}") };
                    let (pod, end) =
                        (Endpoint::Pod(&member.pod), Endpoint::Outside((*address).into()));
                    let verdict = match direction {
                        Direction::Ingress => input.cluster.verdict(&end, &pod),
                        Direction::Egress => input.cluster.verdict(&pod, &end),
                    };
                    assert_eq!(&set(&pair["allowed"]), verdict.allowed(), "seed {seed}: {pair}");
                    let reason = &document["reasons"][pair[direction.field()].as_str().unwrap()];
                    assert_eq!(reason["allowed"], pair["allowed"]);
                }
            }
        }
    }
}

fn span(text: &Value) -> crate::address::Span {
    let text = text.as_str().unwrap();
    text.parse::<ipnet::IpNet>().map(Into::into).unwrap_or_else(|_| {
        let (first, last) = text.split_once('-').unwrap();
        let [first, last] = [first, last].map(|a| a.parse().unwrap());
        crate::address::Span::between(first, last).unwrap()
    })
}

#[test]
fn groups_share_their_pairs_and_equal_reasons_are_told_once() {
    let pod = |namespace: &str, name: &str| json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name, "namespace": namespace, "labels": {"app": name}}, "spec": {"containers": []}});
    let mut reader = read::Reader::new("default");
    let allow = json!({"podSelector": {"matchLabels": {"app": "db"}}, "ingress": [{"from": [{"podSelector": {"matchLabels": {"app": "web"}}}]}]});
    let mut objects = vec![policy(allow), pod("a", "db"), pod("a", "web")];
    objects.extend((0..9).map(|i| pod("a", &format!("other{i}"))));
    objects.iter().for_each(|o| reader.add(o, None));
    let document = explained(&reader.finish(), By::Group);
    let pairs = document["pairs"].as_array().unwrap();
    let to_db: Vec<_> = pairs
        .iter()
        .filter(|p| p["dst"]["group"] == "g1" && p["src"].get("group").is_some())
        .collect();
    assert_eq!(to_db.len(), 2, "{pairs:?}");
    assert_eq!(document["reasons"].as_object().unwrap().len(), 4);
}
