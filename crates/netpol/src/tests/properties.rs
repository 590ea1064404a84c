//! The evaluator beside one that is too plain to be wrong in the same way, on random worlds.

use super::naive::{self, Packet, Truth, Who};
use super::random::{Dice, World, endpoint, world};
use super::*;
use crate::engine::{Connections, End};

/// Packets for each world.
const PACKETS: usize = 40;

struct Case {
    from: usize,
    to: usize,
    protocol: Protocol,
    port: u16,
}

fn case(dice: &mut Dice, world: &World) -> Case {
    let mut one = |range: &std::ops::Range<usize>| range.start + dice.below(range.len());
    let (from, to) = (one(&world.from), one(&world.to));
    let from = if dice.one_in(12) { to } else { from };
    Case { from, to, protocol: *dice.pick(world.protocols), port: *dice.pick(world.ports) }
}

/// Whether one end is a pod: between two addresses there is nothing to decide.
fn about_pods(world: &World, case: &Case) -> bool {
    [case.from, case.to].iter().any(|i| matches!(world.who[*i], Who::Pod { .. }))
}

fn plain(world: &World, case: &Case) -> Truth {
    let naive = naive::World {
        objects: &world.objects,
        cni: world.cni_name(),
        pod_cidr: (World::POD_CIDR.0.parse().unwrap(), World::POD_CIDR.1),
    };
    naive.passes(&Packet {
        from: &world.who[case.from],
        to: &world.who[case.to],
        protocol: case.protocol.name(),
        port: case.port,
    })
}

fn evaluated(input: &Input, world: &World, case: &Case) -> Truth {
    let from = endpoint(input, &world.who, case.from);
    let to = endpoint(input, &world.who, case.to);
    match input.cluster.verdict(&from, &to).at(case.protocol, case.port) {
        Tri::Yes => Some(true),
        Tri::No => Some(false),
        Tri::Maybe(_) => None,
    }
}

/// Calls with so many worlds and the packets to ask about in each.
fn worlds(count: u64, mut check: impl FnMut(&World, &[Case])) {
    for seed in 1..=count {
        let mut dice = Dice(seed);
        let world = world(seed, &mut dice);
        let mut cases: Vec<Case> = (0..PACKETS).map(|_| case(&mut dice, &world)).collect();
        cases.retain(|case| about_pods(&world, case));
        check(&world, &cases);
    }
}

#[test]
fn a_hundred_thousand_packets_pass_as_one_by_one() {
    let (mut count, mut allowed, mut denied) = (0, 0, 0);
    worlds(2600, |world, cases| {
        let input = world.input();
        for case in cases {
            let expected = plain(world, case);
            count += 1;
            allowed += usize::from(expected == Some(true));
            denied += usize::from(expected == Some(false));
            assert_eq!(
                evaluated(&input, world, case),
                expected,
                "{:?} → {:?} {} {} on {:?}\n{}",
                world.who[case.from],
                world.who[case.to],
                case.protocol,
                case.port,
                world.cni,
                serde_json::to_string(&world.objects).unwrap()
            );
        }
    });
    assert!(count >= 100_000, "{count}");
    // Neither answer is the rule, so that an evaluator which guesses is found.
    for (name, share) in [("allowed", allowed), ("denied", denied)] {
        assert!((20..=80).contains(&(share * 100 / count)), "{name}: {share} of {count}");
    }
}

/// The engine's answer for each pair of members and each address.
#[test]
fn everyone_at_once_gives_the_same_as_one_flow_at_a_time() {
    for seed in 0..400 {
        let world = world(seed, &mut Dice(seed));
        let input = world.input();
        let mut connections = Connections::new(&input, false);
        let groups = connections.groups();
        for (from, group) in groups.iter().enumerate() {
            let edges = connections.from(*group);
            for (to, group) in groups.iter().enumerate() {
                if from == to {
                    continue;
                }
                let expected =
                    between(&input.cluster, &input.members[from].pod, &input.members[to].pod);
                let edge = edges.iter().find(|e| e.to == End::Group(*group));
                let rows = edge.map(|e| e.ports.to_vec()).unwrap_or_default();
                assert_eq!(verdict(&rows), certainty(&expected), "seed {seed}, {from} → {to}");
            }
            for direction in Direction::ALL {
                let rows = connections.outside(*group, direction);
                for who in &world.who {
                    let Who::Address(address) = who else { continue };
                    let outside = Endpoint::Outside((*address).into());
                    let pod = Endpoint::Pod(&input.members[from].pod);
                    let expected = match direction {
                        Direction::Ingress => input.cluster.verdict(&outside, &pod),
                        Direction::Egress => input.cluster.verdict(&pod, &outside),
                    };
                    let holds = |row: &&crate::engine::Outside| {
                        row.addresses.iter().any(|s| s.covers(&(*address).into()))
                    };
                    let rows: Vec<_> = rows.iter().filter(holds).map(|r| r.ports.clone()).collect();
                    assert_eq!(
                        verdict(&rows),
                        certainty(&expected),
                        "seed {seed}, {direction} {address}"
                    );
                }
            }
        }
    }
}

/// What is certain, and the rest under its most severe reason.
type Certainty = (PortSet, Vec<(Why, PortSet)>);

fn certainty(verdict: &Verdict) -> Certainty {
    (verdict.allowed().clone(), verdict.uncertain())
}

fn verdict(rows: &[crate::engine::Ports]) -> Certainty {
    let mut verdict = Verdict::deny();
    for row in rows {
        for range in &row.ranges {
            let ports = PortSet::of(row.protocol, *range);
            let one = row
                .why
                .map_or_else(|| Verdict::of(ports.clone()), |w| Verdict::perhaps(ports.clone(), w));
            verdict = verdict.or(&one);
        }
    }
    certainty(&verdict)
}

/// Order, repetition of rules and policies, names, and labels that no selector reads change nothing.
#[test]
fn what_does_not_matter_changes_nothing() {
    for seed in 0..300 {
        let mut dice = Dice(seed);
        let mut world = world(seed, &mut dice);
        let before = answers(&world);
        shuffle(&mut world.objects, &mut dice);
        for object in &mut world.objects {
            if object["kind"] == "NetworkPolicy" {
                let name = object["metadata"]["name"].as_str().unwrap();
                object["metadata"]["name"] = json!(format!("renamed-{name}"));
                for direction in Direction::ALL {
                    if let Some(rules) = object["spec"][direction.field()].as_array_mut() {
                        shuffle(rules, &mut dice);
                        for rule in rules.iter_mut() {
                            for list in ["ports", direction.preposition()] {
                                if let Some(entries) = rule[list].as_array_mut() {
                                    entries.reverse();
                                    entries.extend(entries.clone());
                                }
                            }
                        }
                        rules.extend(rules.clone());
                    }
                }
            }
        }
        let policies = world.objects.iter().filter(|o| o["kind"] == "NetworkPolicy");
        let copies = policies.cloned().map(|mut copy| {
            copy["metadata"]["name"] =
                json!(format!("copy-of-{}", copy["metadata"]["name"].as_str().unwrap()));
            copy
        });
        let copies: Vec<Value> = copies.collect();
        world.objects.extend(copies);
        for who in &mut world.who {
            if let Who::Pod { labels, .. } = who {
                labels["unread"] = json!(format!("{}", dice.next()));
            }
        }
        assert_eq!(answers(&world), before, "seed {seed}");
    }
}

fn shuffle(list: &mut [Value], dice: &mut Dice) {
    for last in (1..list.len()).rev() {
        list.swap(last, dice.below(last + 1));
    }
}

/// One document, many files, a list, or JSON: the same.
#[test]
fn how_objects_are_spread_over_files_changes_nothing() {
    for seed in 0..60 {
        let world = world(seed, &mut Dice(seed));
        let before = answers(&world);
        let yaml = |object: &Value| manifest::yaml::write_one(object).unwrap();
        let all: Vec<String> = world.objects.iter().map(yaml).collect();
        let list = json!({"apiVersion": "v1", "kind": "List", "items": world.objects});
        for files in [
            vec![all.join("---\n")],
            all.clone(),
            all.iter().rev().cloned().collect(),
            vec![list.to_string()],
            vec![yaml(&list)],
        ] {
            let mut reader = read::Reader::new("default");
            *reader.network() = world.input().cluster.network;
            for (number, text) in files.iter().enumerate() {
                for document in manifest::yaml::read(text).unwrap() {
                    let place = Place { file: format!("{number}.yaml"), line: Some(1) };
                    reader.add(&document.value, Some(&place));
                }
            }
            let read = reader.finish();
            assert!(read.invalid.is_empty(), "seed {seed}: {:?}", read.invalid);
            let input = Input { cluster: read.cluster, ..world.input() };
            assert_eq!(answers_of(&input), before, "seed {seed}");
        }
    }
}

/// A rule that is appended to a policy which isolates that direction already never closes a flow.
#[test]
fn one_more_rule_never_closes_a_flow() {
    let rules = [
        json!({"ports": [{"port": 80}]}),
        json!({"PEERS": [{"podSelector": {"matchLabels": {"app": "x"}}}]}),
        json!({"PEERS": [{"namespaceSelector": {}}], "ports": [{"port": 81, "endPort": 83}]}),
        json!({"PEERS": [{"ipBlock": {"cidr": "10.0.0.0/8"}}]}),
        json!({}),
    ];
    let mut opened = [0; 2];
    for seed in 0..400 {
        let mut dice = Dice(seed);
        let mut world = world(seed, &mut dice);
        let before = answers(&world);
        let direction = *dice.pick(&Direction::ALL);
        let isolating = world.objects.iter_mut().find(|o| {
            let rules = o["spec"][direction.field()].as_array();
            let types = o["spec"]["policyTypes"].as_array();
            let named = types.is_none_or(|t| {
                t.iter().any(|t| t.as_str().unwrap().eq_ignore_ascii_case(direction.field()))
            });
            o["kind"] == "NetworkPolicy" && named && rules.is_some_and(|r| !r.is_empty())
        });
        let Some(policy) = isolating else { continue };
        let extra = dice.pick(&rules).to_string().replace("PEERS", direction.preposition());
        let extra: Value = serde_json::from_str(&extra).unwrap();
        policy["spec"][direction.field()].as_array_mut().unwrap().push(extra);
        for (old, new) in before.iter().zip(answers(&world)) {
            let rank = |v: &Verdict, protocol, p| match v.at(protocol, p) {
                Tri::No => 0,
                Tri::Maybe(_) => 1,
                Tri::Yes => 2,
            };
            for protocol in Protocol::ALL {
                for port in [80, 81, 82, 83] {
                    let [old, new] = [old, &new].map(|v| rank(v, protocol, port));
                    assert!(new >= old, "seed {seed}");
                    opened[direction as usize] += usize::from(new > old);
                }
            }
        }
    }
    assert!(opened.iter().all(|n| *n > 0), "{opened:?}");
}

/// Every verdict between members.
fn answers(world: &World) -> Vec<Verdict> {
    answers_of(&world.input())
}

fn answers_of(input: &Input) -> Vec<Verdict> {
    let members = &input.members;
    members
        .iter()
        .flat_map(|a| members.iter().map(move |b| (a, b)))
        .map(|(a, b)| between(&input.cluster, &a.pod, &b.pod))
        .collect()
}
