#![allow(clippy::unwrap_used)]

use std::collections::BTreeSet;

use proptest::prelude::*;
use serde_json::json;

use super::answer::{Address, Answer, Control, How, Looks, Observed, Reason, observed};
use super::judge::{FlowVerdict, Wanted, judge};
use super::pod::{Role, smallest_labels};
use crate::labels::Labels;
use crate::verdict::{Tri, Why};
use crate::{Cluster, Pod};

fn answers() -> impl Strategy<Value = Option<Answer>> {
    prop_oneof![
        Just(None),
        prop::sample::select(vec![
            Answer::Open,
            Answer::Refused,
            Answer::Reset,
            Answer::Unreachable,
            Answer::TimedOut,
            Answer::Silent,
            Answer::NameNotFound,
            Answer::Failed,
        ])
        .prop_map(Some),
    ]
}

fn addresses() -> impl Strategy<Value = Address> {
    prop::sample::select(vec![
        Address::Pod,
        Address::Service,
        Address::EmptyService,
        Address::Outside,
    ])
}

fn controls() -> impl Strategy<Value = Control> {
    prop::sample::select(vec![
        Control::Passed { by: "x".into() },
        Control::Failed { by: "x".into() },
        Control::Missing,
    ])
}

fn looks() -> impl Strategy<Value = Looks> {
    let all = vec![How::TimeOut, How::Refused, How::Reset, How::Unreachable];
    prop::sample::subsequence(all, 0..=4).prop_map(BTreeSet::from_iter)
}

fn wants() -> impl Strategy<Value = Wanted> {
    prop::sample::select(vec![Wanted::Open, Wanted::Wide, Wanted::Closed])
}

fn says() -> impl Strategy<Value = Tri> {
    let maybe = Why::ALL.map(Tri::Maybe);
    prop::sample::select([Tri::No, Tri::Yes].into_iter().chain(maybe).collect::<Vec<_>>())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4096))]

    #[test]
    fn what_is_not_observed_is_never_as_intended(
        answer in answers(), address in addresses(), control in controls(), looks in looks(),
        wanted in wants(), says in says(),
    ) {
        let seen = observed(answer, address, &control, &looks);
        let verdict = judge(wanted, says, &seen, address, &control);
        let good = matches!(verdict, FlowVerdict::Match | FlowVerdict::Wide);
        if good && seen == Observed::Open {
            prop_assert_ne!(wanted, Wanted::Closed);
            prop_assert_ne!(says, Tri::No);
        } else if good {
            // Closed as intended is claimed only where somebody else got through, and by an answer
            // that denials give here: silence too is one only where denials are silent.
            let passed = matches!(control, Control::Passed { .. });
            prop_assert!(passed, "{:?}", control);
            prop_assert_ne!(wanted, Wanted::Open);
            let how = answer.and_then(Answer::how);
            let denial = how.is_some_and(|how| looks.contains(&how));
            prop_assert!(denial, "{:?}", answer);
            prop_assert_ne!(address, Address::EmptyService);
        }
    }

    #[test]
    fn a_packet_that_gets_through_where_none_may_is_always_a_bypass(
        address in addresses(), control in controls(), looks in looks(), says in says(),
    ) {
        let seen = observed(Some(Answer::Open), address, &control, &looks);
        prop_assert_eq!(judge(Wanted::Closed, says, &seen, address, &control), FlowVerdict::Bypass);
    }

    #[test]
    fn what_the_policies_certainly_say_against_the_intent_stays_a_finding(
        answer in answers(), address in addresses(), control in controls(), looks in looks(),
    ) {
        let seen = observed(answer, address, &control, &looks);
        let opened = judge(Wanted::Closed, Tri::Yes, &seen, address, &control);
        prop_assert_eq!(opened, FlowVerdict::Bypass);
        let shut = judge(Wanted::Open, Tri::No, &seen, address, &control);
        let finding = matches!(shut, FlowVerdict::Overblock | FlowVerdict::Unknown { .. });
        prop_assert!(finding, "{:?}", shut);
    }
}

#[test]
fn refused_is_reachable_only_beside_a_control_and_where_denials_look_otherwise() {
    let passed = Control::Passed { by: "x".into() };
    let refused = |address, control: &Control, looks: &[How]| {
        observed(Some(Answer::Refused), address, control, &looks.iter().copied().collect())
    };
    let drops = [How::TimeOut];
    assert_eq!(refused(Address::Pod, &passed, &drops), Observed::Open);
    assert_eq!(
        refused(Address::Pod, &passed, &[How::Refused]),
        Observed::Blocked { how: How::Refused }
    );
    // A Service's address may be answered by kube-proxy, an outside one by a firewall.
    for address in [Address::Service, Address::Outside] {
        assert_eq!(
            refused(address, &passed, &drops),
            Observed::Unknown { reason: Reason::Ambiguous(Answer::Refused) }
        );
    }
    // Nobody gets another answer: the judge then says that nothing is proven.
    let failed = Control::Failed { by: "x".into() };
    let seen = refused(Address::Service, &failed, &drops);
    for wanted in [Wanted::Open, Wanted::Closed] {
        assert_eq!(
            judge(wanted, Tri::Maybe(Why::CniDependent), &seen, Address::Service, &failed),
            FlowVerdict::UnreachableBaseline
        );
    }
}

#[test]
fn what_the_plugin_decides_is_settled_by_a_packet_and_only_by_one() {
    let says = Tri::Maybe(Why::CniDependent);
    let passed = Control::Passed { by: "x".into() };
    let of = |seen: &Observed| judge(Wanted::Open, says, seen, Address::Pod, &passed);
    assert_eq!(of(&Observed::Open), FlowVerdict::Match);
    assert_eq!(of(&Observed::Blocked { how: How::TimeOut }), FlowVerdict::Overblock);
    assert_eq!(of(&Observed::Unknown { reason: Reason::NoWord }), FlowVerdict::CniDependent);
}

fn cluster(selectors: &[serde_json::Value]) -> Cluster {
    let policies: Vec<_> = selectors
        .iter()
        .enumerate()
        .map(|(i, selector)| {
            json!({"apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy",
                "metadata": {"name": format!("p{i}"), "namespace": "a"},
                "spec": {"podSelector": selector, "policyTypes": ["Egress"], "egress": [
                    {"to": [{"podSelector": selector}]}]}})
        })
        .collect();
    Cluster::from_manifests(&policies).unwrap()
}

fn pod(labels: &[(&str, &str)]) -> Pod {
    Pod::new("a", "p", Labels::new(labels.iter().copied()))
}

#[test]
fn a_probe_pod_has_only_labels_that_a_policy_reads() {
    let cluster = cluster(&[
        json!({}),
        json!({"matchLabels": {"app": "web"}}),
        json!({"matchExpressions": [{"key": "job", "operator": "Exists"}]}),
    ]);
    let labels = |of: &[(&str, &str)]| smallest_labels(&cluster, &pod(of), Role::Proof);
    let pair = |k: &str, v: &str| (k.to_owned(), v.to_owned());
    assert_eq!(
        labels(&[("app", "web"), ("tier", "front"), ("pod-template-hash", "1")]),
        Some(vec![pair("app", "web")])
    );
    assert_eq!(labels(&[("app", "other"), ("job", "x")]), Some(vec![pair("job", "x")]));
    assert_eq!(labels(&[("tier", "front")]), Some(vec![]));
}

#[test]
fn a_policy_that_reads_what_only_a_controller_sets_cannot_be_stood_for() {
    let hash = json!({"matchExpressions": [{"key": "pod-template-hash", "operator": "Exists"}]});
    let with = pod(&[("app", "web"), ("pod-template-hash", "1")]);
    assert_eq!(smallest_labels(&cluster(&[hash]), &with, Role::Proof), None);
}

mod rounds {
    use std::net::IpAddr;

    use super::super::answer::{Address, Answer, Control, Denials, How, Observed, Reason};
    use super::super::flow::Via;
    use super::super::judge::{FlowVerdict, Wanted};
    use super::super::participant::Participant;
    use super::super::plan::{Flow, Plan};
    use super::super::rounds::Rounds;
    use super::super::target::{Behind, Probe, Target};
    use crate::Pod;
    use crate::labels::Labels;
    use crate::matrix::Party;
    use crate::verdict::Tri;

    fn participant(party: Party, name: &str) -> Participant {
        let mut pod = Pod::new("a", name, Labels::default());
        pod.node = Some("n".to_owned());
        Participant {
            party,
            pod,
            container: "c".into(),
            via: Via::Pod,
            listens: Vec::new(),
            probes: true,
            sends: true,
        }
    }

    fn target(address: [u8; 4], kind: Address) -> Target {
        let address = IpAddr::from(address);
        Target {
            to: Party::External,
            name: "x".into(),
            address,
            port: 443,
            seen_port: 443,
            probe: Probe::Tcp,
            kind,
            behind: vec![Behind::Outside(address)],
            ready: Vec::new(),
            outside: kind == Address::Outside,
        }
    }

    const CONTROL: Option<Wanted> = None;

    fn flow(source: usize, target: usize, wanted: Option<Wanted>) -> Flow {
        let says = if wanted == Some(Wanted::Closed) { Tri::No } else { Tri::Yes };
        Flow { source, target, wanted, says }
    }

    /// A sender that must not reach an address outside, and the control beside it.
    fn plan() -> Plan {
        Plan {
            participants: vec![
                participant(Party::Agent, "agent"),
                participant(Party::Elsewhere, "free"),
            ],
            targets: vec![target([203, 0, 113, 7], Address::Outside)],
            flows: vec![flow(0, 0, Some(Wanted::Closed)), flow(1, 0, CONTROL)],
            ..Plan::default()
        }
    }

    /// A sender that must not reach a pod and the Service before it, and the pod that tries itself.
    fn of_pod() -> Plan {
        let pod = target([10, 0, 0, 7], Address::Pod);
        let mut service = target([10, 96, 0, 7], Address::Service);
        service.ready = vec![(pod.address, pod.port)];
        Plan {
            participants: vec![
                participant(Party::Agent, "agent"),
                participant(Party::Dashboard, "dashboard"),
            ],
            targets: vec![pod, service],
            flows: vec![
                flow(0, 0, Some(Wanted::Closed)),
                flow(0, 1, Some(Wanted::Closed)),
                flow(1, 0, CONTROL),
            ],
            ..Plan::default()
        }
    }

    fn start(plan: &Plan) -> Rounds<'_> {
        let mut rounds = Rounds::new(plan, drops());
        rounds.proven(true);
        rounds
    }

    fn drops() -> Denials {
        Denials { tcp: [How::TimeOut].into(), udp: [How::TimeOut].into() }
    }

    const OPEN: Option<(Answer, u64)> = Some((Answer::Open, 1));
    const SHUT: Option<(Answer, u64)> = Some((Answer::TimedOut, 6000));
    const REFUSED: Option<(Answer, u64)> = Some((Answer::Refused, 1));

    #[test]
    fn a_flow_that_differs_is_asked_until_three_answers_are_equal() {
        let plan = plan();
        let mut rounds = start(&plan);
        rounds.take([(0, OPEN), (1, OPEN)]);
        assert!(!rounds.is_settled());
        assert_eq!(rounds.open_questions(), [0, 1], "the control is asked again beside it");
        let unsettled = FlowVerdict::Unknown { reason: Reason::Unsettled };
        assert_eq!(rounds.reports()[0].verdict, unsettled);
        // The policy takes effect: the count begins anew.
        rounds.take([(0, SHUT), (1, OPEN)]);
        rounds.take([(0, SHUT), (1, OPEN)]);
        assert!(!rounds.is_settled());
        rounds.take([(0, SHUT), (1, OPEN)]);
        assert!(rounds.is_settled());
        assert_eq!(rounds.reports()[0].verdict, FlowVerdict::Match);
        assert_eq!(rounds.reports().len(), 1, "a control is no flow of the matrix");
    }

    #[test]
    fn what_agrees_at_once_is_not_asked_again() {
        let plan = plan();
        let mut rounds = start(&plan);
        rounds.take([(0, SHUT), (1, OPEN)]);
        assert!(rounds.is_settled());
        assert_eq!(rounds.reports()[0].verdict, FlowVerdict::Match);
    }

    #[test]
    fn what_has_to_be_closed_is_tried_once_more_at_the_end() {
        let plan = plan();
        let mut rounds = start(&plan);
        rounds.take([(0, SHUT), (1, OPEN)]);
        assert_eq!(rounds.closed_ones(), [0, 1]);
        rounds.once_more([(0, OPEN), (1, OPEN)]);
        assert_eq!(rounds.reports()[0].verdict, FlowVerdict::Bypass);
    }

    #[test]
    fn what_gives_no_answer_at_the_end_is_not_known() {
        let plan = plan();
        let mut rounds = start(&plan);
        rounds.take([(0, SHUT), (1, OPEN)]);
        rounds.once_more([(0, None), (1, OPEN)]);
        let no_word = FlowVerdict::Unknown { reason: Reason::NoWord };
        assert_eq!(rounds.reports()[0].verdict, no_word);
    }

    #[test]
    fn a_control_of_another_round_is_none() {
        let plan = plan();
        let mut rounds = start(&plan);
        // The target was down while the sender tried, and came up before the control did.
        rounds.take([(0, SHUT)]);
        rounds.take([(1, OPEN)]);
        let verdict = || rounds.reports()[0].verdict.clone();
        assert_eq!(verdict(), FlowVerdict::Unknown { reason: Reason::NoControl });
        // A later control does not take an earlier one away.
        let mut rounds = start(&plan);
        rounds.take([(0, SHUT), (1, OPEN)]);
        rounds.take([(1, SHUT)]);
        rounds.once_more([(0, SHUT), (1, SHUT)]);
        assert_eq!(rounds.reports()[0].verdict, FlowVerdict::Match);
    }

    #[test]
    fn a_pod_shows_that_it_listens_by_reaching_itself_in_the_same_round() {
        let plan = of_pod();
        let verdicts = |itself| {
            let mut rounds = start(&plan);
            rounds.take([(0, SHUT), (1, SHUT), (2, itself)]);
            assert_eq!(rounds.closed_ones(), [0, 1, 2], "it is tried beside them");
            rounds.reports().into_iter().map(|report| report.verdict).collect::<Vec<_>>()
        };
        assert_eq!(verdicts(OPEN), [FlowVerdict::Match, FlowVerdict::Match]);
        let down = FlowVerdict::UnreachableBaseline;
        assert_eq!(verdicts(REFUSED), [down.clone(), down]);
    }

    #[test]
    fn who_reaches_a_port_where_nobody_listens_reaches_nothing_for_certain() {
        let mut plan = plan();
        plan.flows[0].wanted = Some(Wanted::Open);
        plan.flows[0].says = Tri::Yes;
        plan.closed = Some(plan.targets.len());
        plan.targets.push(target([10, 0, 0, 9], Address::Pod));
        plan.flows.push(flow(0, 1, CONTROL));
        let verdict = |closed| {
            let mut rounds = start(&plan);
            for _ in 0..3 {
                rounds.take([(0, OPEN), (1, OPEN), (2, closed)]);
            }
            rounds.reports()[0].verdict.clone()
        };
        assert_eq!(verdict(REFUSED), FlowVerdict::Match);
        assert_eq!(verdict(OPEN), FlowVerdict::Unknown { reason: Reason::ProxyAnswers });
    }

    #[test]
    fn a_time_out_is_no_denial_where_denials_are_answered() {
        let plan = plan();
        let answered = Denials { tcp: [How::Refused].into(), udp: [How::Refused].into() };
        let mut rounds = Rounds::new(&plan, answered);
        rounds.proven(true);
        for _ in 0..3 {
            rounds.take([(0, SHUT), (1, OPEN)]);
        }
        let reason = Reason::Ambiguous(Answer::TimedOut);
        assert_eq!(rounds.reports()[0].verdict, FlowVerdict::Unknown { reason });
    }

    #[test]
    fn where_the_control_fails_too_nothing_is_proven() {
        let plan = plan();
        let mut rounds = start(&plan);
        rounds.take([(0, SHUT), (1, SHUT)]);
        let report = &rounds.reports()[0];
        assert_eq!(report.control, Control::Failed { by: "a/free".into() });
        assert_eq!(report.verdict, FlowVerdict::UnreachableBaseline);
    }

    #[test]
    fn a_control_on_another_node_is_none() {
        let mut plan = plan();
        plan.participants[1].pod.node = Some("m".into());
        let mut rounds = start(&plan);
        rounds.take([(0, SHUT), (1, OPEN)]);
        assert_eq!(rounds.control(0), Control::Missing);
    }

    #[test]
    fn a_denial_looks_as_it_was_seen_to_look_for_its_own_protocol() {
        let answered = Some((Answer::Unreachable, 1));
        let of = |probe: Probe, looks: Denials| {
            let mut plan = plan();
            plan.targets[0].probe = probe;
            let mut rounds = Rounds::new(&plan, looks);
            rounds.proven(true);
            rounds.take([(0, answered), (1, OPEN)]);
            rounds.reports()[0].observed.clone()
        };
        let udp_alone = || Denials { udp: [How::Unreachable].into(), ..drops() };
        let blocked = Observed::Blocked { how: How::Unreachable };
        assert_eq!(of(Probe::DnsUdp, udp_alone()), blocked);
        let reason = Reason::Unsettled;
        assert_eq!(of(Probe::DnsTcp, udp_alone()), Observed::Unknown { reason });
        let both = || Denials { tcp: [How::TimeOut, How::Unreachable].into(), ..udp_alone() };
        assert_eq!(of(Probe::DnsTcp, both()), blocked);
    }

    #[test]
    fn without_the_proof_nothing_counts_as_blocked() {
        let plan = plan();
        let mut rounds = Rounds::new(&plan, drops());
        rounds.take([(0, SHUT), (1, OPEN)]);
        let reason = Reason::NotEnforced;
        assert_eq!(rounds.reports()[0].observed, Observed::Unknown { reason });
        assert!(rounds.is_settled(), "another answer would say no more");
    }
}
