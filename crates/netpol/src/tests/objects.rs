//! Rules about what counts as a pod, and about policies of other kinds.

use super::*;
use crate::read::Reader;

fn read(objects: &[Value]) -> Input {
    let mut reader = Reader::new("default");
    objects.iter().for_each(|o| reader.add(o, None));
    reader.finish()
}

fn object(api: &str, kind: &str, namespace: &str, name: &str, rest: Value) -> Value {
    let mut object = json!({
        "apiVersion": api, "kind": kind, "metadata": {"name": name, "namespace": namespace},
    });
    for (key, value) in rest.as_object().unwrap() {
        match (key.as_str(), value) {
            ("labels" | "ownerReferences", _) => object["metadata"][key] = value.clone(),
            _ => object[key] = value.clone(),
        }
    }
    object
}

fn template(labels: Value) -> Value {
    json!({"metadata": {"labels": labels}, "spec": {"containers": [{"name": "c"}]}})
}

fn ids(input: &Input) -> Vec<String> {
    input.members.iter().map(Member::id).collect()
}

fn member<'a>(input: &'a Input, id: &str) -> &'a Pod {
    &input.members.iter().find(|m| m.id() == id).unwrap().pod
}

#[test]
fn rule_17_pods_that_have_come_to_an_end_are_left_out_and_workloads_stand_for_pods_to_come() {
    let pod = |name: &str, phase: &str| {
        object(
            "v1",
            "Pod",
            "a",
            name,
            json!({"spec": {"containers": []}, "status": {"phase": phase}}),
        )
    };
    let input = read(&[
        pod("done", "Succeeded"),
        pod("dead", "Failed"),
        pod("waiting", "Pending"),
        object(
            "apps/v1",
            "Deployment",
            "a",
            "none",
            json!({"spec": {"replicas": 0, "template": template(json!({"app": "x"}))}}),
        ),
        object(
            "batch/v1",
            "Job",
            "a",
            "later",
            json!({"spec": {"suspend": true, "template": template(json!({}))}}),
        ),
        object(
            "batch/v1",
            "CronJob",
            "a",
            "nightly",
            json!({"spec": {"jobTemplate": {"spec": {"template": template(json!({}))}}}}),
        ),
    ]);
    assert_eq!(ids(&input), ["a/waiting", "a/cronjob/nightly", "a/deployment/none", "a/job/later"]);
    assert_eq!(input.counts.pods, 1);
    assert_eq!(input.counts.workloads, 3);
}

#[test]
fn rule_17_a_template_counts_beside_its_pods_where_they_differ_from_it() {
    let deployment = |labels: Value| {
        object("apps/v1", "Deployment", "a", "web", json!({"spec": {"template": template(labels)}}))
    };
    let owned = |kind: &str, name: &str| json!([{"controller": true, "kind": kind, "name": name}]);
    let set = object(
        "apps/v1",
        "ReplicaSet",
        "a",
        "web-1",
        json!({
            "ownerReferences": owned("Deployment", "web"), "spec": {"template": template(json!({"app": "web"}))},
        }),
    );
    let pod = object(
        "v1",
        "Pod",
        "a",
        "web-1-x",
        json!({
            "labels": {"app": "web", "pod-template-hash": "1"},
            "ownerReferences": owned("ReplicaSet", "web-1"),
            "spec": {"containers": [{"name": "c"}]},
        }),
    );
    let alike = read(&[deployment(json!({"app": "web"})), set.clone(), pod.clone()]);
    assert_eq!(ids(&alike), ["a/web-1-x"]);
    assert_eq!(alike.members[0].workload.as_ref().unwrap().to_string(), "deployment/web");
    assert_eq!(alike.members[0].owner.as_ref().unwrap().to_string(), "replicaset/web-1");
    let changed = read(&[deployment(json!({"app": "web2"})), set, pod]);
    assert_eq!(ids(&changed), ["a/web-1-x", "a/deployment/web"]);
}

#[test]
fn rule_21_labels_that_controllers_add_count_for_templates() {
    let input = read(&[
        object("batch/v1", "Job", "a", "run", json!({"spec": {"template": template(json!({}))}})),
        object(
            "apps/v1",
            "Deployment",
            "a",
            "web",
            json!({"spec": {"template": template(json!({"app": "x"}))}}),
        ),
    ]);
    let open = |id: &str, expression: Value| {
        let from = json!([{"podSelector": {"matchExpressions": [expression]}}]);
        let c = cluster([json!({"ingress": [{"from": from}]})]);
        between(&c, member(&input, id), &pod("a", "x"))
    };
    let exists = |key: &str| json!({"key": key, "operator": "Exists"});
    let is = |key: &str, value: &str| json!({"key": key, "operator": "In", "values": [value]});
    let job = "a/job/run";
    assert_eq!(open(job, exists("batch.kubernetes.io/job-name")), Verdict::allow());
    assert_eq!(open(job, is("job-name", "run")), Verdict::allow());
    assert!(open(job, is("job-name", "other")).is_deny());
    assert_eq!(open(job, exists("controller-uid")), Verdict::allow());
    let unknown = Verdict::perhaps(PortSet::all(), Why::UnknownLabel);
    assert_eq!(open(job, is("controller-uid", "1")), unknown);
    let web = "a/deployment/web";
    assert!(open(web, exists("batch.kubernetes.io/job-name")).is_deny());
    assert_eq!(open(web, is("pod-template-hash", "1")), unknown);
    assert!(open(web, json!({"key": "pod-template-hash", "operator": "DoesNotExist"})).is_deny());
}

#[test]
fn rule_22_flows_of_pods_that_a_foreign_policy_may_select_are_not_answered() {
    let cilium = object(
        "cilium.io/v2",
        "CiliumNetworkPolicy",
        "a",
        "x",
        json!({
            "spec": {"endpointSelector": {"matchLabels": {"app": "x"}}},
        }),
    );
    let mut input = read(&[cilium, policy(json!({}))]);
    let unknown = Verdict::perhaps(PortSet::all(), Why::PolicyKindNotEvaluated);
    assert_eq!(between(&input.cluster, &pod("b", "y"), &pod("a", "x")), unknown);
    assert!(between(&input.cluster, &pod("b", "y"), &pod("a", "z")).is_deny());
    // A kind that could not be listed may select anyone.
    input.cluster.foreign[0] = cluster::Foreign::anything("CiliumNetworkPolicy");
    assert_eq!(between(&input.cluster, &pod("b", "y"), &pod("a", "z")), unknown);
}

#[test]
fn the_same_object_twice_is_an_error_that_names_both_places() {
    let place = |line| Place { file: "x.yaml".to_owned(), line: Some(line) };
    let mut reader = Reader::new("default");
    reader.add(&policy(json!({})), Some(&place(1)));
    reader.add(&policy(json!({})), Some(&place(9)));
    let invalid = reader.finish().invalid;
    assert_eq!(invalid.len(), 1);
    assert_eq!(invalid[0].place, Some(place(9)));
    assert!(invalid[0].to_string().contains("in x.yaml:1 already"), "{}", invalid[0]);
}

#[test]
fn kinds_without_bearing_are_counted_and_templates_of_unknown_kinds_are_read() {
    let input = read(&[
        object("v1", "ConfigMap", "a", "c", json!({})),
        object("v1", "ConfigMap", "a", "d", json!({})),
        object(
            "argoproj.io/v1alpha1",
            "Rollout",
            "a",
            "r",
            json!({"spec": {"template": template(json!({}))}}),
        ),
    ]);
    assert_eq!(ids(&input), ["a/rollout/r"]);
    assert_eq!((input.skipped[0].kind.as_str(), input.skipped[0].count), ("ConfigMap", 2));
}

#[test]
fn rule_21_labels_that_a_controller_of_another_project_adds_are_not_known() {
    let workload = |api: &str, kind: &str| {
        let spec = json!({"spec": {"template": template(json!({"app": "y"}))}});
        object(api, kind, "a", "y", spec)
    };
    let client = object("v1", "Pod", "b", "x", json!({"spec": {"containers": []}}));
    let only = |labels: Value| {
        policy(
            json!({"podSelector": {"matchLabels": labels}, "ingress": [], "policyTypes": ["Ingress"]}),
        )
    };
    let closed = policy(
        json!({"ingress": [{"from": [{"podSelector": {"matchLabels": {"role": "stable"}}}]}]}),
    );
    let perhaps = Verdict::perhaps(PortSet::all(), Why::UnknownLabel);
    for (api, kind, added) in [
        ("argoproj.io/v1alpha1", "Rollout", "rollouts-pod-template-hash"),
        ("apps.openshift.io/v1", "DeploymentConfig", "deploymentconfig"),
        ("serving.knative.dev/v1", "Service", "serving.knative.dev/service"),
        ("acme.example/v1", "Swarm", "anything"),
    ] {
        let input = read(&[workload(api, kind), client.clone(), only(json!({added: "y"}))]);
        let id = format!("a/{}/y", kind.to_lowercase());
        let [from, to] = ["b/x", id.as_str()].map(|id| member(&input, id).clone());
        assert_eq!(between(&input.cluster, &from, &to), perhaps, "{kind}");
        // What the template says is known.
        let input = read(&[workload(api, kind), client.clone(), only(json!({"app": "z"}))]);
        assert_eq!(between(&input.cluster, &from, &to), Verdict::allow(), "{kind}");
        // Everyone at once says the same.
        let twin = object(api, kind, "a", "z", json!({"spec": {"template": template(json!({}))}}));
        let input = read(&[workload(api, kind), twin, closed.clone()]);
        let rows = super::report::json_of(&input, crate::listing::By::Pod);
        let is = |end: &Value, id: &str| end["workload"] == json!(id);
        let twin = format!("a/{}/z", kind.to_lowercase());
        let found = |list: &str| {
            let rows = rows[list].as_array().unwrap().iter();
            rows.filter(|row| is(&row["src"], &twin) && is(&row["dst"], &id)).count()
        };
        assert_eq!((found("connections"), found("uncertain")), (0, 3), "{kind}: {rows}");
    }
    let input = read(&[workload("apps/v1", "Deployment"), client, only(json!({"added": "y"}))]);
    let [from, to] = ["b/x", "a/deployment/y"].map(|id| member(&input, id).clone());
    assert_eq!(between(&input.cluster, &from, &to), Verdict::allow());
}

#[test]
fn an_object_whose_name_is_made_up_later_goes_by_its_beginning() {
    let generated = |api: &str, kind: &str, spec: Value| {
        json!({
            "apiVersion": api, "kind": kind, "metadata": {"generateName": "knead-", "namespace": "a"},
            "spec": spec,
        })
    };
    let job = generated("batch/v1", "Job", json!({"template": template(json!({"app": "knead"}))}));
    let input = read(&[
        job.clone(),
        job.clone(),
        generated("networking.k8s.io/v1", "NetworkPolicy", json!({})),
    ]);
    assert_eq!(input.invalid, []);
    assert_eq!(ids(&input), ["a/job/knead-", "a/job/knead-"]);
    assert_eq!(input.cluster.policies[0].name, "knead-");
    assert_eq!(member(&input, "a/job/knead-").labels.get("job-name"), labels::Label::Some);
    let mut named = job.clone();
    named["metadata"]["name"] = json!("knead");
    assert_eq!(ids(&read(&[named])), ["a/job/knead"]);
    let mut odd = job;
    odd["metadata"]["generateName"] = json!("Knead-");
    assert_eq!(read(&[odd.clone()]).invalid[0].field, "metadata.generateName");
    odd["metadata"]["generateName"] = Value::Null;
    assert_eq!(read(&[odd]).invalid[0].field, "metadata.name");
}

#[test]
fn a_list_whose_items_are_null_is_empty() {
    for kind in ["List", "PodList"] {
        let input = read(&[json!({"apiVersion": "v1", "kind": kind, "items": null})]);
        assert!(input.invalid.is_empty() && input.skipped.is_empty(), "{kind}");
    }
}

#[test]
fn ipv4_addresses_that_are_written_as_ipv6_are_ipv4() {
    let address = "::ffff:10.1.0.1";
    let pod = object(
        "v1",
        "Pod",
        "a",
        "x",
        json!({"spec": {"containers": []}, "status": {"podIP": address, "podIPs": [{"ip": "10.1.0.1"}]}}),
    );
    let node = json!({
        "apiVersion": "v1", "kind": "Node", "metadata": {"name": "n"},
        "spec": {"podCIDR": "::ffff:10.1.0.0/112"}, "status": {"addresses": [{"address": "::ffff:192.168.0.1"}]},
    });
    let service =
        object("v1", "Service", "a", "s", json!({"spec": {"clusterIP": "::ffff:10.9.0.1"}}));
    let mut slice = object("discovery.k8s.io/v1", "EndpointSlice", "a", "s", json!({}));
    slice["metadata"]["labels"] = json!({"kubernetes.io/service-name": "s"});
    slice["endpoints"] = json!([{"addresses": [address]}]);
    let mut old = object("v1", "Endpoints", "a", "s", json!({}));
    old["subsets"] = json!([{"addresses": [{"ip": address}]}]);
    let input = read(&[pod, node, service, slice, old]);
    let v4 = |text: &str| text.parse::<std::net::IpAddr>().unwrap();
    assert_eq!(member(&input, "a/x").addresses, [v4("10.1.0.1")]);
    assert_eq!(input.cluster.nodes["n"].addresses, [v4("192.168.0.1")]);
    assert_eq!(input.cluster.nodes["n"].pod_cidrs, ["10.1.0.0/16".parse().unwrap()]);
    assert_eq!(input.services[0].addresses, [v4("10.9.0.1")]);
    for slice in &input.slices {
        assert_eq!(slice.endpoints[0].addresses, [v4("10.1.0.1")]);
    }
    let own = input.members.iter().position(|m| m.pod.name == "x").unwrap();
    assert_eq!(input.pick(address), Ok(pick::Pick::Members(vec![own])));
    assert!(
        matches!(input.pick("::ffff:10.1.0.0/112"), Ok(pick::Pick::Addresses(_, own)) if own.len() == 1)
    );
}

#[test]
fn a_template_may_stand_for_several_pods() {
    let of = |api: &str, kind: &str, spec: Value| {
        let mut spec = spec;
        match kind {
            "CronJob" => spec["jobTemplate"] = json!({"spec": {"template": template(json!({}))}}),
            _ => spec["template"] = template(json!({"app": "w"})),
        }
        object(api, kind, "a", "w", json!({"spec": spec}))
    };
    let scaler = |kind: &str, most: Value| {
        let target = json!({"kind": kind, "name": "w"});
        let spec = json!({"scaleTargetRef": target, "maxReplicas": most});
        object("autoscaling/v2", "HorizontalPodAutoscaler", "a", "h", json!({"spec": spec}))
    };
    let several = |objects: &[Value]| read(objects).members[0].may_be_several();
    let deployment = |replicas: Value| of("apps/v1", "Deployment", json!({"replicas": replicas}));
    assert!(!several(&[deployment(Value::Null)]), "one by default");
    assert!(!several(&[deployment(json!(1))]));
    assert!(several(&[deployment(json!(3))]));
    assert!(several(&[of("apps/v1", "StatefulSet", json!({"replicas": 2}))]));
    assert!(several(&[of("apps/v1", "ReplicaSet", json!({"replicas": 2}))]));
    assert!(several(&[of("apps/v1", "DaemonSet", json!({}))]));
    assert!(several(&[scaler("Deployment", json!(5)), deployment(Value::Null)]));
    assert!(several(&[deployment(json!(1)), scaler("Deployment", json!(5))]), "in any order");
    assert!(!several(&[deployment(json!(1)), scaler("StatefulSet", json!(5))]), "another one");
    assert!(!several(&[deployment(json!(1)), scaler("Deployment", json!(1))]));
    assert!(!several(&[of("batch/v1", "Job", json!({}))]));
    assert!(several(&[of("batch/v1", "Job", json!({"parallelism": 2}))]));
    assert!(several(&[of("batch/v1", "CronJob", json!({}))]));
    assert!(!several(&[of("batch/v1", "CronJob", json!({"concurrencyPolicy": "Forbid"}))]));
    assert!(several(&[of("argoproj.io/v1alpha1", "Rollout", json!({}))]), "nobody knows");
    assert!(!several(&[of("argoproj.io/v1alpha1", "Rollout", json!({"replicas": 1}))]));
    let pod = object("v1", "Pod", "a", "w", json!({"spec": {"containers": []}}));
    assert!(!several(&[pod]));
}

#[test]
fn an_array_of_objects_is_read_and_one_of_anything_else_is_no_object() {
    let policy = object("networking.k8s.io/v1", "NetworkPolicy", "a", "p", json!({"spec": {}}));
    let input = read(&[json!([policy, 1]), json!([1, {"port": 2}])]);
    assert_eq!(input.counts.policies, 1);
    let counts: Vec<_> = input.skipped.iter().map(|s| (s.kind.as_str(), s.count)).collect();
    assert_eq!(counts, [("", 2)]);
}

#[test]
fn a_part_of_a_workload_is_refused_and_does_not_take_its_place() {
    let part = object("apps/v1", "Deployment", "a", "web", json!({"spec": {"replicas": 3}}));
    let labels = json!({"spec": {"template": template(json!({"app": "web"}))}});
    let whole = object("apps/v1", "Deployment", "a", "web", labels);
    for objects in [[part.clone(), whole.clone()], [whole, part]] {
        let input = read(&objects);
        assert_eq!(ids(&input), ["a/deployment/web"]);
        let fields: Vec<_> = input.invalid.iter().map(|i| i.field.as_str()).collect();
        assert_eq!(fields, ["spec.template.metadata.labels"]);
    }
}

#[test]
fn what_decides_nothing_may_be_there_twice() {
    let map = object("v1", "ConfigMap", "a", "m", json!({}));
    let input = read(&[map.clone(), map]);
    assert!(input.invalid.is_empty(), "{:?}", input.invalid);
}
