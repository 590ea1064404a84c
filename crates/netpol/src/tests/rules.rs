//! One test or more for each rule of `docs/network-policy.md`; `table.rs` checks that none is
//! missing.

use super::*;

#[test]
fn rule_1_policy_types_default_to_ingress_and_to_egress_where_it_has_rules() {
    let (a, b) = (pod("a", "x"), pod("b", "y"));
    let isolates = |spec: Value| {
        let c = cluster([spec]);
        (!between(&c, &b, &a).is_deny(), !between(&c, &a, &b).is_deny())
    };
    // (ingress open, egress open)
    assert_eq!(isolates(json!({"podSelector": {}})), (false, true));
    assert_eq!(isolates(json!({"policyTypes": [], "egress": []})), (false, true));
    assert_eq!(isolates(json!({"egress": [{"ports": [{"port": 1}]}]})), (false, true));
    let c = cluster([json!({"egress": [{"ports": [{"port": 1}]}]})]);
    assert_eq!(between(&c, &a, &b).allowed(), &tcp(&[1]));
    assert_eq!(isolates(json!({"policyTypes": ["Egress"]})), (true, false));
    assert_eq!(isolates(json!({"policyTypes": ["Ingress"], "egress": [{}]})), (false, true));
    assert_eq!(
        isolates(json!({"policyTypes": null, "ingress": null, "egress": null})),
        (false, true)
    );
}

#[test]
fn rule_1_rules_of_a_direction_that_is_not_in_policy_types_do_nothing() {
    let spec = json!({"policyTypes": ["Egress"], "egress": [{}], "ingress": [{}]});
    let c = cluster([spec]);
    assert_eq!(c.policies[0].idle, [Direction::Ingress]);
    assert_eq!(c.policies[0].ingress, None);
}

#[test]
fn rule_2_no_rules_deny_and_an_empty_rule_allows() {
    let (a, b) = (pod("a", "x"), pod("b", "y"));
    assert!(between(&cluster([json!({"ingress": []})]), &b, &a).is_deny());
    assert!(between(&cluster([json!({})]), &b, &a).is_deny());
    assert_eq!(between(&cluster([json!({"ingress": [{}]})]), &b, &a), Verdict::allow());
}

#[test]
fn rule_3_empty_lists_mean_everything() {
    let (a, b) = (pod("a", "x"), pod("b", "y"));
    let c = cluster([json!({"ingress": [{"from": [], "ports": []}]})]);
    assert_eq!(between(&c, &b, &a), Verdict::allow());
    let c = cluster([json!({"ingress": [{"from": null, "ports": [{"port": 80}]}]})]);
    assert_eq!(between(&c, &b, &a).allowed(), &tcp(&[80]));
    assert_eq!(c.verdict(&outside("192.0.2.1"), &Endpoint::Pod(&a)).allowed(), &tcp(&[80]));
}

#[test]
fn rule_4_an_empty_pod_selector_is_every_pod_of_the_namespace() {
    let (x, y, other) = (pod("a", "x"), pod("a", "y"), pod("b", "z"));
    for spec in [json!({}), json!({"podSelector": null}), json!({"podSelector": {}})] {
        let c = cluster([spec]);
        assert!(between(&c, &other, &x).is_deny());
        assert!(between(&c, &other, &y).is_deny());
        assert_eq!(between(&c, &x, &other), Verdict::allow());
    }
    let c = cluster([json!({"podSelector": {"matchLabels": {"app": "x"}}})]);
    assert_eq!(between(&c, &x, &y), Verdict::allow());
}

#[test]
fn rule_5_selectors_of_one_peer_narrow_and_two_peers_widen() {
    let a = pod("a", "x");
    let (own, red, blue) = (pod("a", "y"), pod("a", "z"), pod("b", "y"));
    let pods = json!({"podSelector": {"matchLabels": {"app": "y"}}});
    let namespaces = json!({"namespaceSelector": {"matchLabels": {"team": "blue"}}});
    let both = json!({
        "podSelector": {"matchLabels": {"app": "y"}},
        "namespaceSelector": {"matchLabels": {"team": "blue"}},
    });
    let open = |from: Value| {
        let c = cluster([json!({"ingress": [{"from": from}]})]);
        [&own, &red, &blue, &pod("b", "z")].map(|p| !between(&c, p, &a).is_deny())
    };
    assert_eq!(open(json!([pods])), [true, false, false, false]);
    assert_eq!(open(json!([namespaces])), [false, false, true, true]);
    assert_eq!(open(json!([both])), [false, false, true, false]);
    assert_eq!(open(json!([pods, namespaces])), [true, false, true, true]);
}

#[test]
fn rule_6_negative_operators_match_where_the_key_is_absent() {
    let a = pod("a", "x");
    let (labelled, bare) = (pod("a", "y"), Pod::new("a", "bare", Labels::default()));
    let open = |expression: Value| {
        let from = json!([{"podSelector": {"matchExpressions": [expression]}}]);
        let c = cluster([json!({"ingress": [{"from": from}]})]);
        [&labelled, &bare].map(|p| !between(&c, p, &a).is_deny())
    };
    assert_eq!(open(json!({"key": "app", "operator": "In", "values": ["y"]})), [true, false]);
    assert_eq!(open(json!({"key": "app", "operator": "NotIn", "values": ["y"]})), [false, true]);
    assert_eq!(open(json!({"key": "app", "operator": "NotIn", "values": ["z"]})), [true, true]);
    assert_eq!(open(json!({"key": "app", "operator": "Exists"})), [true, false]);
    assert_eq!(open(json!({"key": "app", "operator": "DoesNotExist"})), [false, true]);
}

#[test]
fn rule_7_the_name_label_of_a_namespace_is_set_and_cannot_be_forged() {
    let manifests = [
        json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {
            "name": "b", "labels": {"kubernetes.io/metadata.name": "trusted"}}}),
        policy(json!({"ingress": [{"from": [
            {"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "trusted"}}}]}]})),
    ];
    let c = Cluster::from_manifests(&manifests).unwrap();
    assert!(between(&c, &pod("b", "y"), &pod("a", "x")).is_deny());
}

#[test]
fn rule_7_a_namespace_that_is_not_in_the_input_has_a_name_and_unknown_labels() {
    let a = pod("a", "x");
    let from = |selector: Value| {
        cluster([json!({"ingress": [{"from": [{"namespaceSelector": selector}]}]})])
    };
    let representative = pod("c", "y");
    let named = from(json!({"matchLabels": {"kubernetes.io/metadata.name": "c"}}));
    assert_eq!(between(&named, &representative, &a), Verdict::allow());
    let labelled = from(json!({"matchLabels": {"team": "blue"}}));
    assert_eq!(
        between(&labelled, &representative, &a).uncertain(),
        [(Why::UnknownLabel, PortSet::all())]
    );
    assert_eq!(between(&from(json!({})), &representative, &a), Verdict::allow());
}

#[test]
fn rule_8_policies_add_up_and_both_ends_must_agree() {
    let (x, y) = (pod("a", "x"), pod("a", "y"));
    let port = |n: u16| json!({"ingress": [{"ports": [{"port": n}]}]});
    let c = cluster([port(80), port(81)]);
    assert_eq!(between(&c, &y, &x).allowed(), &tcp(&[80, 81]));
    let egress =
        json!({"policyTypes": ["Egress"], "egress": [{"ports": [{"port": 81}, {"port": 82}]}]});
    let c = cluster([port(80), port(81), egress]);
    assert_eq!(between(&c, &y, &x).allowed(), &tcp(&[81]));
    assert_eq!(between(&c, &pod("b", "z"), &x).allowed(), &tcp(&[80, 81]));
}

#[test]
fn rule_9_the_protocol_defaults_to_tcp_and_a_rule_without_ports_opens_all_three() {
    let (a, b) = (pod("a", "x"), pod("b", "y"));
    let open = |ports: Value| {
        between(&cluster([json!({"ingress": [{"ports": ports}]})]), &b, &a).allowed().clone()
    };
    assert_eq!(open(json!([{"port": 53}])), tcp(&[53]));
    assert_eq!(open(json!([{}])), PortSet::of(Protocol::Tcp, PortRange::ALL));
    assert_eq!(open(json!([{"protocol": "UDP"}])), PortSet::of(Protocol::Udp, PortRange::ALL));
    assert_eq!(open(json!([])), PortSet::all());
}

#[test]
fn rule_10_an_end_port_is_inclusive() {
    let (a, b) = (pod("a", "x"), pod("b", "y"));
    let c = cluster([json!({"ingress": [{"ports": [{"port": 80, "endPort": 82}]}]})]);
    assert_eq!(between(&c, &b, &a).allowed(), &tcp(&[80, 81, 82]));
    let c = cluster([json!({"ingress": [{"ports": [{"port": 65535, "endPort": 65535}]}]})]);
    assert_eq!(between(&c, &b, &a).allowed(), &tcp(&[65535]));
}

#[test]
fn rule_11_a_port_name_is_the_destinations() {
    let served = with_ports(
        pod("a", "x"),
        &[("web", Protocol::Tcp, 80), ("web", Protocol::Udp, 81), ("other", Protocol::Tcp, 82)],
    );
    let client = with_ports(pod("b", "y"), &[("web", Protocol::Tcp, 9000)]);
    // Ingress: on the pod that is selected, whatever the peer.
    for from in [json!([]), json!([{"namespaceSelector": {}}])] {
        let c = cluster([json!({"ingress": [{"from": from, "ports": [{"port": "web"}]}]})]);
        assert_eq!(between(&c, &client, &served).allowed(), &tcp(&[80]));
    }
    let block = json!([{"ipBlock": {"cidr": "192.0.2.0/24"}}]);
    let c = cluster([json!({"ingress": [{"from": block, "ports": [{"port": "web"}]}]})]);
    assert_eq!(c.verdict(&outside("192.0.2.1"), &Endpoint::Pod(&served)).allowed(), &tcp(&[80]));
    // Egress: on the peer; outside there is none.
    let c = cluster([json!({
        "policyTypes": ["Egress"],
        "egress": [{"ports": [{"port": "web", "protocol": "TCP"}, {"port": "web", "protocol": "SCTP"}]}],
    })]);
    assert_eq!(between(&c, &served, &client).allowed(), &tcp(&[9000]));
    assert!(c.verdict(&Endpoint::Pod(&served), &outside("192.0.2.1")).is_deny());
}

#[test]
fn rule_11_two_containers_may_give_one_name_different_numbers() {
    let ports = [("web", Protocol::Tcp, 80), ("web", Protocol::Tcp, 8080)];
    let served = with_ports(pod("a", "x"), &ports);
    let c = cluster([json!({"ingress": [{"ports": [{"port": "web"}]}]})]);
    assert_eq!(between(&c, &pod("b", "y"), &served).allowed(), &tcp(&[80, 8080]));
}

#[test]
fn rule_12_blocks_hold_addresses_without_their_exceptions() {
    let a = pod("a", "x");
    let c = cluster([json!({"policyTypes": ["Egress"], "egress": [{"to": [
        {"ipBlock": {"cidr": "198.51.100.0/24", "except": ["198.51.100.128/25"]}},
        {"ipBlock": {"cidr": "2001:db8::/32", "except": ["2001:db8:1::/48"]}},
    ]}]})]);
    let open = |address| !c.verdict(&Endpoint::Pod(&a), &outside(address)).is_deny();
    assert!(open("198.51.100.127"));
    assert!(!open("198.51.100.128"));
    assert!(!open("198.51.101.1"));
    assert!(open("2001:db8::1"));
    assert!(!open("2001:db8:1::1"));
}

#[test]
fn rule_12_host_bits_and_leading_zeros_are_accepted_with_a_note() {
    let c = cluster([json!({"ingress": [{"from": [{"ipBlock": {"cidr": "010.1.2.3/8"}}]}]})]);
    let kinds: Vec<_> = c.policies[0].notes.iter().map(|n| n.kind).collect();
    assert_eq!(kinds, [policy::NoteKind::LeadingZeros, policy::NoteKind::HostBits]);
    assert_eq!(c.policies[0].notes[0].field, "spec.ingress[0].from[0].ipBlock.cidr");
    let from = c.verdict(&outside("10.200.0.1"), &Endpoint::Pod(&pod("a", "x")));
    assert_eq!(from, Verdict::allow());
}

fn on(mut cluster: Cluster, cni: Option<Cni>) -> Cluster {
    cluster.network.cni = cni;
    cluster
}

#[test]
fn rule_13_whether_a_block_holds_pods_depends_on_the_plugin() {
    let a = pod("a", "x");
    let mut b = pod("b", "y");
    b.addresses = vec!["10.1.0.7".parse().unwrap()];
    let block =
        |cidr: &str| cluster([json!({"ingress": [{"from": [{"ipBlock": {"cidr": cidr}}]}]})]);
    let c = block("10.1.0.0/16");
    let verdicts = [None, Some(Cni::Calico), Some(Cni::Cilium), Some(Cni::None)]
        .map(|cni| between(&on(c.clone(), cni), &b, &a));
    assert_eq!(
        verdicts,
        [
            Verdict::perhaps(PortSet::all(), Why::CniDependent),
            Verdict::allow(),
            Verdict::deny(),
            Verdict::deny()
        ]
    );
    assert!(between(&block("10.2.0.0/16"), &b, &a).is_deny());
}

#[test]
fn rule_13_a_block_must_hold_every_address_of_a_pod() {
    let a = pod("a", "x");
    let mut b = pod("b", "y");
    b.addresses = vec!["10.1.0.5".parse().unwrap(), "fd01::5".parse().unwrap()];
    let v4 = json!({"ipBlock": {"cidr": "10.1.0.0/16"}});
    let v6 = json!({"ipBlock": {"cidr": "fd01::/64"}});
    let from = |rules: Value| on(cluster([json!({"ingress": rules})]), Some(Cni::Calico));
    let one_family = from(json!([{"from": [v4]}]));
    let unknown = Verdict::perhaps(PortSet::all(), Why::UnknownAddress);
    assert_eq!(between(&one_family, &b, &a), unknown);
    // Either family, by one rule or by two: whichever a connection has, it is open.
    for rules in [json!([{"from": [v4, v6]}]), json!([{"from": [v4]}, {"from": [v6]}])] {
        assert_eq!(between(&from(rules), &b, &a), Verdict::allow());
    }
    let other = from(json!([{"from": [{"ipBlock": {"cidr": "10.2.0.0/16"}}]}]));
    assert!(between(&other, &b, &a).is_deny());
}

#[test]
fn rule_13_a_pod_without_address_is_held_only_by_a_block_that_meets_the_pod_networks() {
    let (a, b) = (pod("a", "x"), pod("b", "y"));
    let block = |cidr: &str| {
        let c = cluster([json!({"ingress": [{"from": [{"ipBlock": {"cidr": cidr}}]}]})]);
        on(c, Some(Cni::Calico))
    };
    let unknown = Verdict::perhaps(PortSet::all(), Why::UnknownAddress);
    assert_eq!(between(&block("10.1.0.0/16"), &b, &a), unknown);
    assert!(between(&block("203.0.113.0/24"), &b, &a).is_deny());
    let mut narrow = block("10.0.0.0/8");
    narrow.network.pod_cidrs = vec!["10.244.0.0/16".parse().unwrap()];
    assert_eq!(between(&narrow, &b, &a), Verdict::allow());
    let mut apart = block("172.16.0.0/12");
    apart.network.pod_cidrs = vec!["10.244.0.0/16".parse().unwrap()];
    assert!(between(&apart, &b, &a).is_deny());
}

#[test]
fn rule_15_a_pod_reaches_itself_and_its_node_reaches_it() {
    let mut a = pod("a", "x");
    a.node = Some("n1".to_owned());
    let c = cluster([json!({"policyTypes": ["Ingress", "Egress"]})]);
    assert_eq!(between(&c, &a, &a), Verdict::allow());
    let node = |name: &str| Host { node: Some(name.to_owned()), addresses: Vec::new() };
    let from = |host: &Host| c.verdict(&Endpoint::Host(host), &Endpoint::Pod(&a));
    assert_eq!(from(&node("n1")), Verdict::allow());
    assert!(from(&node("n2")).is_deny());
    assert!(from(&Host::default()).is_deny());
    // Where the pod's node is not known, any node may be it.
    let unknown = Verdict::perhaps(PortSet::all(), Why::UnknownNode);
    let elsewhere = |host: &Host| c.verdict(&Endpoint::Host(host), &Endpoint::Pod(&pod("a", "x")));
    assert_eq!(elsewhere(&node("n1")), unknown);
}

#[test]
fn rule_15_a_pod_on_its_nodes_network_is_the_node() {
    let on_node = |mut pod: Pod, node: Option<&str>| {
        pod.node = node.map(str::to_owned);
        pod
    };
    let mut host = pod("b", "exporter");
    host.host_network = true;
    let unknown = Verdict::perhaps(PortSet::all(), Why::UnknownNode);
    let closed = cluster([json!({"policyTypes": ["Ingress", "Egress"]})]);
    for cni in [None, Some(Cni::Calico), Some(Cni::Cilium), Some(Cni::None)] {
        let c = on(closed.clone(), cni);
        let reaches = |from: Option<&str>, to: Option<&str>| {
            between(&c, &on_node(host.clone(), from), &on_node(pod("a", "x"), to))
        };
        assert_eq!(reaches(Some("n1"), Some("n1")), Verdict::allow(), "{cni:?}");
        assert!(reaches(Some("n2"), Some("n1")).is_deny(), "{cni:?}");
        // A template's pods may run anywhere, those of a DaemonSet everywhere.
        for (from, to) in [(None, Some("n1")), (Some("n1"), None), (None, None)] {
            assert_eq!(reaches(from, to), unknown, "{cni:?}");
        }
    }
}

#[test]
fn rule_16_selectors_and_blocks_may_or_may_not_hold_nodes_and_host_network_pods() {
    // On two nodes: its own always reaches a pod.
    let mut a = pod("a", "x");
    a.node = Some("n1".to_owned());
    let mut host = pod("a", "y");
    host.node = Some("n2".to_owned());
    host.host_network = true;
    host.addresses = vec!["192.0.2.9".parse().unwrap()];
    let node = Host { node: None, addresses: host.addresses.clone() };
    let from = |from: Value| cluster([json!({"ingress": [{"from": from}]})]);
    let unsure = Verdict::perhaps(PortSet::all(), Why::CniDependent);
    let selector = from(json!([{"podSelector": {}}]));
    assert_eq!(between(&selector, &host, &a), unsure);
    assert!(selector.verdict(&Endpoint::Host(&node), &Endpoint::Pod(&a)).is_deny());
    let block = from(json!([{"ipBlock": {"cidr": "192.0.2.0/24"}}]));
    assert_eq!(between(&block, &host, &a), unsure);
    assert_eq!(block.verdict(&Endpoint::Host(&node), &Endpoint::Pod(&a)), unsure);
    for (cni, open) in [(Cni::Cilium, Verdict::deny()), (Cni::None, Verdict::allow())] {
        let verdict =
            on(block.clone(), Some(cni)).verdict(&Endpoint::Host(&node), &Endpoint::Pod(&a));
        assert_eq!(verdict, open, "{cni:?}");
    }
    // A rule without peers holds them everywhere.
    let any = from(json!([]));
    assert_eq!(between(&any, &host, &a), Verdict::allow());
    assert_eq!(any.verdict(&Endpoint::Host(&node), &Endpoint::Pod(&a)), Verdict::allow());
}

#[test]
fn rule_16_calico_sees_a_node_by_its_tunnels_address() {
    let a = pod("a", "x");
    let host = Host { node: Some("n2".to_owned()), addresses: vec!["172.18.0.3".parse().unwrap()] };
    let mut exporter = pod("b", "exporter");
    exporter.host_network = true;
    exporter.node.clone_from(&host.node);
    exporter.addresses.clone_from(&host.addresses);
    let mut a = Pod { node: Some("n1".to_owned()), ..a };
    a.addresses = vec!["10.244.1.9".parse().unwrap()];
    let verdicts = |annotations: Value, cidr: &str| {
        let node = json!({"apiVersion": "v1", "kind": "Node",
            "metadata": {"name": "n2", "annotations": annotations},
            "spec": {"podCIDR": "10.244.2.0/24"},
            "status": {"addresses": [{"type": "InternalIP", "address": "172.18.0.3"}]}});
        let spec = json!({"ingress": [{"from": [{"ipBlock": {"cidr": cidr}}]}]});
        let mut reader = read::Reader::new("default");
        [policy(spec), node].iter().for_each(|object| reader.add(object, None));
        let mut c = reader.finish().cluster;
        c.network.pod_cidrs = vec!["10.244.0.0/16".parse().unwrap()];
        let c = on(c, Some(Cni::Calico));
        let from_node = c.verdict(&Endpoint::Host(&host), &Endpoint::Pod(&a));
        assert_eq!(between(&c, &exporter, &a), from_node);
        from_node
    };
    let unknown = Verdict::perhaps(PortSet::all(), Why::UnknownAddress);
    // Not told by which it is seen: of its own network and of the pods' only both together hold it.
    for (cidr, verdict) in [
        ("172.18.0.0/16", unknown.clone()),
        ("10.244.0.0/16", unknown.clone()),
        ("0.0.0.0/0", Verdict::allow()),
        ("192.0.2.0/24", Verdict::deny()),
    ] {
        assert_eq!(verdicts(json!({}), cidr), verdict, "{cidr}");
    }
    let tunnel = json!({"projectcalico.org/IPv4VXLANTunnelAddr": "10.244.7.1"});
    assert_eq!(verdicts(tunnel.clone(), "10.244.7.0/24"), unknown);
    assert!(verdicts(tunnel.clone(), "10.244.8.0/24").is_deny());
    assert_eq!(verdicts(tunnel, "0.0.0.0/0"), Verdict::allow());
    // Without a tunnel it has its own.
    let plain = json!({"projectcalico.org/IPv4Address": "172.18.0.3/16"});
    assert_eq!(verdicts(plain.clone(), "172.18.0.0/16"), Verdict::allow());
    assert!(verdicts(plain, "10.244.0.0/16").is_deny());
    // Flannel's device has the first address of the node's own network of pods.
    let canal = json!({"flannel.alpha.coreos.com/public-ip": "172.18.0.3"});
    assert_eq!(verdicts(canal.clone(), "10.244.2.0/31"), unknown);
    assert!(verdicts(canal, "10.244.3.0/24").is_deny());
}

#[test]
fn rule_16_policies_may_or_may_not_apply_to_a_host_network_pod() {
    let mut host = pod("a", "x");
    host.host_network = true;
    let b = pod("b", "y");
    let c = cluster([json!({"ingress": [{"ports": [{"port": 80}]}]})]);
    let verdict = between(&c, &b, &host);
    assert_eq!(verdict.allowed(), &tcp(&[80]));
    assert_eq!(verdict.uncertain(), [(Why::CniDependent, PortSet::all().difference(&tcp(&[80])))]);
    assert_eq!(between(&on(c, Some(Cni::Cilium)), &b, &host), Verdict::allow());
}

#[test]
fn rule_19_a_foreign_policy_opens_again_what_ours_closes() {
    let (a, b) = (pod("a", "x"), pod("b", "y"));
    let ours = json!({"policyTypes": ["Ingress", "Egress"]});
    assert!(between(&cluster([ours.clone()]), &b, &a).is_deny());
    assert_eq!(between(&cluster([ours, json!({"ingress": [{}]})]), &b, &a), Verdict::allow());
}

#[test]
fn uncertainty_a_certain_denial_beats_a_doubt() {
    let representative = pod("c", "y");
    let deny = json!({"policyTypes": ["Ingress"]});
    let doubtful = json!({"policyTypes": ["Egress"], "egress": [{"to": [
        {"namespaceSelector": {"matchLabels": {"team": "blue"}}}]}]});
    let c = cluster([doubtful.clone()]);
    assert!(!between(&c, &pod("a", "x"), &representative).is_certain());
    // The other end denies: no doubt is left.
    let mut c = cluster([doubtful]);
    let mut other = policy(deny);
    other["metadata"]["namespace"] = json!("c");
    c.policies.push(read::network_policy(&other, "default", None).unwrap());
    assert!(between(&c, &pod("a", "x"), &representative).is_deny());
}

#[test]
fn uncertainty_a_certain_permission_beats_the_doubt_of_another_rule() {
    let doubt = json!({"namespaceSelector": {"matchLabels": {"team": "blue"}}});
    let sure = json!({"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "c"}}});
    let c = cluster([
        json!({"ingress": [{"from": [doubt]}, {"from": [sure], "ports": [{"port": 80}]}]}),
    ]);
    let verdict = between(&c, &pod("c", "y"), &pod("a", "x"));
    assert_eq!(verdict.allowed(), &tcp(&[80]));
    assert_eq!(verdict.uncertain()[0].1, PortSet::all().difference(&tcp(&[80])));
}

#[test]
fn uncertainty_a_policy_that_may_select_a_pod_may_isolate_it() {
    let mut a = Pod::new("a", "x", Labels::default());
    a.labels.insert_unknown("hash");
    let spec = json!({
        "podSelector": {"matchLabels": {"hash": "1"}}, "ingress": [{"ports": [{"port": 80}]}],
    });
    let verdict = between(&cluster([spec.clone()]), &pod("b", "y"), &a);
    assert_eq!(verdict.allowed(), &tcp(&[80]));
    assert_eq!(verdict.uncertain()[0].0, Why::UnknownLabel);
    // Certainly isolated by another policy: the first can only open.
    let verdict = between(&cluster([spec, json!({})]), &pod("b", "y"), &a);
    assert!(verdict.allowed().is_empty());
    assert_eq!(verdict.possible(), tcp(&[80]));
}
