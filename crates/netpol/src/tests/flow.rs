//! What is passed over for one flow never changes the answer about it.

use serde_json::{Value, json};

use super::naive::Who;
use super::random::{Dice, World, world};
use crate::input::Input;
use crate::pick::Pick;
use crate::read::{Ends, Reader};
use crate::{Endpoint, Protocol};
use manifest::yaml;
use manifest::yaml::skim::needed;

/// A pod of a random world as the API server gives it back, and the ReplicaSet that made it.
fn manifests(who: &Who) -> Option<[Value; 2]> {
    let Who::Pod { namespace, name, labels, ports, host_network, addresses, node } = who else {
        return None;
    };
    let ports: Vec<_> = ports
        .iter()
        .map(|(name, protocol, port)| json!({"name": name, "protocol": protocol, "containerPort": port}))
        .collect();
    let set = format!("{name}-set");
    let spec = json!({"hostNetwork": host_network, "nodeName": node, "containers": [{"name": "main", "ports": ports}]});
    let pod = json!({
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {
            "name": name, "namespace": namespace, "labels": labels,
            "ownerReferences": [{"kind": "ReplicaSet", "name": set, "controller": true}],
        },
        "spec": spec,
        "status": {"phase": "Running", "podIPs": addresses.iter().map(|a| json!({"ip": a})).collect::<Vec<_>>()},
    });
    let owner = json!({
        "apiVersion": "apps/v1",
        "kind": "ReplicaSet",
        "metadata": {"name": set, "namespace": namespace},
        "spec": {"template": {"metadata": {"labels": labels}, "spec": spec}},
    });
    Some([pod, owner])
}

fn read(world: &World, text: &str) -> Input {
    let mut reader = Reader::new("default");
    reader.network().cni = world.cni;
    reader.network().pod_cidrs = vec!["10.0.0.0/24".parse().unwrap()];
    for document in yaml::read(text).unwrap() {
        reader.add(&document.value, None);
    }
    reader.finish()
}

fn end<'a>(input: &'a Input, name: &str) -> Endpoint<'a> {
    match input.pick(name).unwrap() {
        Pick::Members(members) => Endpoint::Pod(&input.members[members[0]].pod),
        other => panic!("{name} is {other:?}"),
    }
}

#[test]
fn the_answer_is_that_of_everything() {
    let (mut passed, mut asked) = (0, 0);
    for seed in 1..=200 {
        let mut dice = Dice(seed);
        let world = world(seed, &mut dice);
        let pods = world.who.iter().filter_map(manifests).flatten();
        let objects: Vec<_> = world.objects.iter().cloned().chain(pods).collect();
        let text = yaml::write(&objects).unwrap();
        let whole = read(&world, &text);
        let names: Vec<_> = world
            .who
            .iter()
            .filter_map(|who| match who {
                Who::Pod { namespace, name, .. } => Some((namespace, name)),
                Who::Address(_) => None,
            })
            .map(|(namespace, name)| match dice.below(3) {
                0 => format!("{namespace}/rs/{name}-set"),
                1 => format!("{namespace}/pod/{name}"),
                _ => format!("{namespace}/{name}"),
            })
            .collect();
        for _ in 0..8 {
            let (from, to) = (dice.pick(&names), dice.pick(&names));
            let ends = Ends::of(from, to).unwrap();
            let (left, emptied) = needed(&text, |head| ends.need(head));
            let part = read(&world, &left);
            passed += emptied;
            for (protocol, port) in [(Protocol::Tcp, 80), (Protocol::Udp, 81), (Protocol::Tcp, 82)]
            {
                let explained = |input: &Input| {
                    let found =
                        input.cluster.explain(&end(input, from), &end(input, to), protocol, port);
                    json!(found)
                };
                asked += 1;
                assert_eq!(explained(&part), explained(&whole), "{from} → {to}\n{text}");
            }
        }
    }
    assert!(asked == 4800 && passed > 1600 * 6, "{passed} objects passed over");
}
