//! Everything that is rendered, against the validation and the admission of a real API server.

use std::path::Path;

use base64::Engine as _;
use kubectl_openhive::render::{
    ClusterFacts, DigestKey, Profile, RenderOptions, installer_secret, render,
};
use kubectl_openhive::values::keys::{Need, Secrecy};
use kubectl_openhive::values::{self, KEYS, Source, template};
use manifest::{Kind, Object};
use serde_json::{Value, json};
use testbed::{ControlPlane, ControlPlaneOptions};

use crate::common::VALUES;

const PROFILES: [Profile; 4] =
    [Profile::Baseline, Profile::Gateway, Profile::Platform, Profile::Migration];

/// Literals of values by name: without any optional key, with the whitelist, and with every key there is.
fn variants() -> Vec<(&'static str, Vec<(&'static str, String)>)> {
    let plain: Vec<_> =
        VALUES.iter().map(|(key, value)| (*key, template::quote(value).unwrap())).collect();
    let with = |more: Vec<(&'static str, String)>| [plain.clone(), more].concat();
    let allow = |list: &str| ("OPENHIVE_SANDBOX_EGRESS_ALLOW", list.to_owned());
    let optional = KEYS.iter().filter(|spec| spec.need == Need::Optional);
    let every = optional.map(|spec| match spec.secrecy {
        Secrecy::Credential => (spec.name, "canary-optional-secret".to_owned()),
        _ => (spec.name, spec.example.to_owned()),
    });
    // The example of OPENHIVE_DATABASE_CIDR is for a database with a name.
    let named =
        plain.iter().map(|(key, literal)| (*key, literal.replace("203.0.113.10", "db.test")));
    let every: Vec<_> = named.chain(every).collect();
    vec![
        ("no optional key", plain.clone()),
        (
            "the whitelist",
            with(vec![allow("192.0.2.0/24:8443,198.51.100.7/32,[2001:db8::/48]:443")]),
        ),
        ("every optional key", every),
    ]
}

/// A Secret as `OPENHIVE_IMAGE_PULL_SECRET` may name it.
fn pull_secret() -> Value {
    let config = base64::engine::general_purpose::STANDARD.encode(r#"{"auths":{}}"#);
    json!({
        "apiVersion": "v1", "kind": "Secret", "type": "kubernetes.io/dockerconfigjson",
        "metadata": {"name": "registry", "namespace": "default"},
        "data": {".dockerconfigjson": config},
    })
}

/// What an installation of this profile would write.
fn objects(values: &[(&str, String)], profile: Profile) -> Vec<Object> {
    let lines = values.iter().map(|(key, literal)| format!("{key}={literal}\n"));
    let source = Source::new("values.env", lines.collect::<String>());
    let checked = values::load(&[source], &[], profile).unwrap();
    let facts = ClusterFacts::resolve(&checked.values, None);
    let key = DigestKey::new([7; 32]);
    let secret = pull_secret();
    let named = checked.values.image_pull_secret.is_some();
    let options = RenderOptions {
        digest_key: Some(&key),
        pull_secret: named.then_some(&secret),
        migration_job: profile != Profile::Baseline,
    };
    let mut objects = render(&checked.values, &facts, profile, &options).unwrap().objects;
    objects.push(installer_secret(&key));
    objects
}

struct Server {
    cluster: ControlPlane,
    folder: tempfile::TempDir,
}

impl Server {
    /// A server that has the three namespaces, and one that lets in nothing but restricted pods.
    fn start() -> Self {
        let options = ControlPlaneOptions { without_controllers: true, ..Default::default() };
        let cluster = ControlPlane::start(&options).unwrap();
        let folder = tempfile::tempdir().unwrap();
        let this = Self { cluster, folder };
        let enforce = json!({"pod-security.kubernetes.io/enforce": "restricted"});
        let mut first = vec![json!({
            "apiVersion": "v1", "kind": "Namespace",
            "metadata": {"name": "restricted", "labels": enforce},
        })];
        let plain = &variants()[0].1;
        let namespaces = objects(plain, Profile::Platform).into_iter();
        first
            .extend(namespaces.filter(|o| o.reference.kind == Kind::Namespace).map(|o| o.manifest));
        // Nothing but the service account controller would make the first one.
        first.extend(["default", "hive-gateway-runtime"].map(|name| {
            json!({"apiVersion": "v1", "kind": "ServiceAccount",
                "metadata": {"name": name, "namespace": "restricted"}})
        }));
        this.ask(&["apply", "--server-side"], &first).unwrap();
        this
    }

    /// Gives manifests to kubectl; what the server refuses, in its words.
    fn ask(&self, arguments: &[&str], manifests: &[Value]) -> Result<String, String> {
        let list = json!({"apiVersion": "v1", "kind": "List", "items": manifests});
        let path: &Path = &self.folder.path().join("list.json");
        std::fs::write(path, list.to_string()).unwrap();
        let mut command = self.cluster.command("kubectl");
        command.args(arguments).args(["--validate=strict", "-f"]).arg(path);
        let output = command.output().unwrap();
        if output.status.success() {
            Ok(crate::common::stdout(&output))
        } else {
            Err(crate::common::stderr(&output))
        }
    }

    fn apply(&self, manifests: &[Value]) -> Result<String, String> {
        let arguments = ["apply", "--server-side", "--dry-run=server"];
        self.ask(&[&arguments[..], &["--field-manager=kubectl-openhive"]].concat(), manifests)
    }

    fn admit(&self, pods: &[Value]) -> Result<String, String> {
        self.ask(&["create", "--dry-run=server"], pods)
    }
}

/// The pod that a Deployment's or Job's template makes, in the namespace that enforces `restricted`.
fn pod(object: &Object) -> Option<Value> {
    if !matches!(object.reference.kind, Kind::Deployment | Kind::Job) {
        return None;
    }
    let template = &object.manifest["spec"]["template"];
    let mut metadata = template["metadata"].clone();
    metadata["name"] = object.reference.name.as_str().into();
    metadata["namespace"] = "restricted".into();
    Some(json!({
        "apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": template["spec"],
    }))
}

#[test]
fn every_object_of_every_profile_is_accepted_and_every_pod_is_restricted() {
    let server = Server::start();
    for (name, values) in variants() {
        for profile in PROFILES {
            let objects = objects(&values, profile);
            let manifests: Vec<_> = objects.iter().map(|o| o.manifest.clone()).collect();
            let applied = server.apply(&manifests);
            let applied =
                applied.unwrap_or_else(|refused| panic!("{profile:?}, {name}: {refused}"));
            assert_eq!(applied.lines().count(), manifests.len(), "{profile:?}, {name}: {applied}");
            let pods: Vec<_> = objects.iter().filter_map(pod).collect();
            let expected = match profile {
                Profile::Migration => 1,
                Profile::Baseline => 3,
                Profile::Gateway => 4,
                Profile::Platform => 5,
            };
            assert_eq!(pods.len(), expected, "{profile:?}, {name}");
            let admitted = server.admit(&pods);
            let admitted =
                admitted.unwrap_or_else(|refused| panic!("{profile:?}, {name}: {refused}"));
            assert_eq!(admitted.lines().count(), expected, "{profile:?}, {name}: {admitted}");
        }
    }
}

/// The test above can fail: the same server refuses a misspelt field, and a pod that may be root.
#[test]
fn what_is_not_as_it_should_be_is_refused() {
    let server = Server::start();
    let objects = objects(&variants()[0].1, Profile::Platform);
    let gateway = objects
        .iter()
        .find(|o| o.reference.kind == Kind::Deployment && o.reference.name == "hive-gateway");
    let gateway = gateway.unwrap();

    let mut misspelt = gateway.manifest.clone();
    misspelt["spec"]["template"]["spec"]["containers"][0]["readinesProbe"] = json!({});
    let refused = server.apply(&[misspelt]).unwrap_err();
    assert!(refused.contains("readinesProbe"), "{refused}");

    let mut root = pod(gateway).unwrap();
    root["spec"]["containers"][0]["securityContext"]["allowPrivilegeEscalation"] = true.into();
    let refused = server.admit(&[root]).unwrap_err();
    assert!(refused.contains("violates PodSecurity"), "{refused}");
}
