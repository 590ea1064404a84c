//! What opens and closes between two inputs, beside one flow at a time.

use std::collections::{BTreeMap, BTreeSet};

use super::random::{Dice, world};
use super::*;
use crate::diff::{Change, DiffEnd, DiffOptions, InputDiff, Presence, diff_inputs};
use crate::input::Owner;
use crate::listing::{Asked, By};

/// The same pods under two sets of policies; one pod is new, one is gone.
fn states(seed: u64) -> [Input; 2] {
    let mut before = world(seed, &mut Dice(seed)).input();
    let mut after = world(seed + 7, &mut Dice(seed + 7000)).input();
    after.members.clone_from(&before.members);
    let mut lone = before.members[0].clone();
    lone.pod.addresses.clear();
    lone.pod.name = "gone".to_owned();
    before.members.push(lone.clone());
    lone.pod.name = "new".to_owned();
    after.members.push(lone);
    [before, after]
}

/// What `more` lets pass and `less` does not, perhaps where one of them is not certain of it.
fn gained(less: &Verdict, more: &Verdict) -> BTreeSet<(Option<Why>, PortSet)> {
    let mut found: BTreeMap<Option<Why>, PortSet> = BTreeMap::new();
    let mut add = |why: Option<Why>, ports: PortSet| {
        let all = found.entry(why).or_insert_with(PortSet::none);
        *all = all.union(&ports);
    };
    add(None, more.allowed().difference(&less.possible()));
    for (why, ports) in more.uncertain() {
        add(Some(why), ports.difference(&less.possible()));
    }
    // Policies that are not known may be what closes it.
    for (why, ports) in less.uncertain() {
        if why == Why::PolicyKindNotEvaluated {
            add(Some(why), more.allowed().intersection(&ports));
        }
    }
    found.into_iter().filter(|(_, ports)| !ports.is_empty()).collect()
}

type Flows = BTreeMap<(String, String), BTreeSet<(Option<Why>, PortSet)>>;

fn expected_between(states: &[Input; 2]) -> [Flows; 2] {
    let find = |input: &Input, id: &str| input.members.iter().find(|m| m.id() == id).cloned();
    let ids: BTreeSet<String> = states.iter().flat_map(|s| &s.members).map(Member::id).collect();
    let mut found = [Flows::new(), Flows::new()];
    for from in &ids {
        for to in ids.iter().filter(|to| *to != from) {
            let [old, new] = [0, 1].map(|i| {
                let (a, b) = (find(&states[i], from)?, find(&states[i], to)?);
                Some(between(&states[i].cluster, &a.pod, &b.pod))
            });
            let [old, new] = [old, new].map(Option::unwrap_or_default);
            for (list, less, more) in [(0, &old, &new), (1, &new, &old)] {
                let all = gained(less, more);
                if !all.is_empty() {
                    found[list].insert((from.clone(), to.clone()), all);
                }
            }
        }
    }
    found
}

/// The changes between members, whoever stands for them.
fn found_between(diff: &InputDiff, changes: &[Change]) -> Flows {
    let mut found = Flows::new();
    for change in changes {
        let (DiffEnd::Party(from), DiffEnd::Party(to)) = (&change.from, &change.to) else {
            continue;
        };
        for a in &diff.parties[*from].members {
            for b in diff.parties[*to].members.iter().filter(|b| *b != a) {
                let ports = (change.why, change.ports.clone());
                let own = found.entry((a.clone(), b.clone())).or_default();
                assert!(own.insert(ports), "twice: {a} {b}");
            }
        }
    }
    found
}

fn diff(states: &[Input; 2], by: By) -> InputDiff {
    let options = DiffOptions { by, ..DiffOptions::default() };
    diff_inputs(&states[0], &states[1], &options).unwrap()
}

#[test]
fn flows_between_pods_open_and_close_as_one_flow_at_a_time_says() {
    let (mut opened, mut closed) = (0, 0);
    for seed in 0..80 {
        let mut states = states(seed);
        // Each pod for itself, so that groups of them are compared as well.
        states.iter_mut().flat_map(|s| &mut s.members).for_each(|m| m.workload = None);
        let expected = expected_between(&states);
        for by in [By::Pod, By::Group] {
            let diff = diff(&states, by);
            let found = [&diff.opened, &diff.closed].map(|c| found_between(&diff, c));
            assert!(found == expected, "seed {seed}, by {by:?}");
            let presence = |name: &str| {
                let party =
                    diff.parties.iter().find(|p| p.members.iter().any(|m| m.ends_with(name)));
                party.map(|p| p.presence)
            };
            assert_eq!(presence("/new"), Some(Presence::Added));
            assert_eq!(presence("/gone"), Some(Presence::Removed));
        }
        opened += expected[0].len();
        closed += expected[1].len();
    }
    assert!(opened > 100 && closed > 100, "{opened} {closed}");
}

#[test]
fn flows_with_addresses_open_and_close_as_one_flow_at_a_time_says() {
    let mut changes = 0;
    for seed in 0..80 {
        let states = states(seed);
        let diff = diff(&states, By::Pod);
        for member in &states[0].members {
            let Some(own) = diff.parties.iter().position(|p| p.members == [member.id()]) else {
                panic!("{} is no party", member.id())
            };
            let gone = member.pod.name == "gone";
            for who in &world(seed, &mut Dice(seed)).who {
                let super::naive::Who::Address(address) = who else { continue };
                for direction in Direction::ALL {
                    let verdict = |cluster: &Cluster| {
                        let pod = Endpoint::Pod(&member.pod);
                        let outside = Endpoint::Outside((*address).into());
                        match direction {
                            Direction::Ingress => cluster.verdict(&outside, &pod),
                            Direction::Egress => cluster.verdict(&pod, &outside),
                        }
                    };
                    let old = verdict(&states[0].cluster);
                    let new = if gone { Verdict::deny() } else { verdict(&states[1].cluster) };
                    let all = |gained: BTreeSet<(Option<Why>, PortSet)>| {
                        gained.iter().fold(PortSet::none(), |all, (_, ports)| all.union(ports))
                    };
                    for (list, ports) in [
                        (&diff.opened, all(gained(&old, &new))),
                        (&diff.closed, all(gained(&new, &old))),
                    ] {
                        let about = |change: &&Change| {
                            let (a, b) = match direction {
                                Direction::Ingress => (&change.to, &change.from),
                                Direction::Egress => (&change.from, &change.to),
                            };
                            let holds = |e: &DiffEnd| match e {
                                DiffEnd::Addresses(spans) => {
                                    spans.iter().any(|s| s.covers(&(*address).into()))
                                }
                                DiffEnd::Party(_) => false,
                            };
                            *a == DiffEnd::Party(own) && holds(b)
                        };
                        let found = list.iter().filter(about);
                        let found = found.fold(PortSet::none(), |all, c| all.union(&c.ports));
                        assert_eq!(
                            found,
                            ports,
                            "seed {seed}: {} {direction} {address}",
                            member.id()
                        );
                        changes += usize::from(!ports.is_empty());
                    }
                }
            }
        }
    }
    assert!(changes > 100, "{changes}");
}

#[test]
fn an_input_does_not_differ_from_itself() {
    for seed in 0..40 {
        let [input, _] = states(seed);
        assert!(diff(&[input.clone(), input], By::Group).is_empty(), "seed {seed}");
    }
}

#[test]
fn pods_with_new_names_are_compared_by_their_workload_and_filters_leave_what_is_asked() {
    let pod = |name: &str, app: &str| Member {
        pod: Pod::new("a", name, Labels::new([("app", app)])),
        namespace: "a".to_owned(),
        is_pod: true,
        owner: None,
        workload: Some(Owner { kind: "Deployment".to_owned(), name: app.to_owned() }),
        replicas: 1,
        varies: false,
        container: None,
        place: None,
    };
    let input = |suffix: &str, cluster: Cluster| Input {
        cluster,
        members: ["web", "db"].map(|app| pod(&format!("{app}-{suffix}"), app)).to_vec(),
        ..Input::default()
    };
    let closed = json!({"podSelector": {"matchLabels": {"app": "db"}}});
    let [before, after] = [input("1", cluster([])), input("2", cluster([closed]))];
    let asked = |from: &str, ports: &[(u16, Protocol)]| DiffOptions {
        by: By::Workload,
        known_only: true,
        asked: Asked { from: vec![from.to_owned()], ports: ports.to_vec(), ..Asked::default() },
    };
    let found = diff_inputs(&before, &after, &asked("a", &[])).unwrap();
    assert!(found.opened.is_empty());
    let [change] = found.closed.as_slice() else { panic!("{found:?}") };
    let DiffEnd::Party(from) = change.from else { panic!("{change:?}") };
    assert_eq!(found.parties[from].members, ["a/deployment/web"]);
    assert!(change.ports.is_all());
    // A name of one of the inputs will do.
    for name in ["a/web-1", "a/web-2"] {
        let found = diff_inputs(&before, &after, &asked(name, &[(80, Protocol::Tcp)])).unwrap();
        assert_eq!(found.closed[0].ports, tcp(&[80]));
    }
    let error = diff_inputs(&before, &after, &asked("a/web-3", &[])).unwrap_err();
    assert_eq!(error.name, "a/web-3");
    let outside = diff_inputs(&before, &after, &asked("10.0.0.0/8", &[])).unwrap();
    let net: ipnet::IpNet = "10.0.0.0/8".parse().unwrap();
    assert_eq!(outside.closed[0].from, DiffEnd::Addresses(vec![net.into()]));
}
