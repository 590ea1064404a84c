//! Inputs that together reach every branch of every template.

use serde_json::{Value, json};

use super::super::{
    ClusterFacts, DigestKey, DiscoveredFacts, Profile, RenderOptions, Rendered, render, testkit,
};
use crate::values::{CodingBackend, EgressAllow, Image, Relay, SandboxKey, SecretName, Values};

/// Everything that `render` takes.
pub(in crate::render) struct Input {
    pub name: String,
    pub values: Values,
    pub facts: ClusterFacts,
    pub profile: Profile,
    pub pull_secret: Option<Value>,
    pub migration_job: bool,
    pub digest_key: Option<DigestKey>,
}

impl Input {
    fn new(name: &str, profile: Profile, change: impl FnOnce(&mut Values)) -> Self {
        let mut values = testkit::values();
        change(&mut values);
        let facts = ClusterFacts::resolve(&values, None);
        Self {
            name: format!("{name}-{profile:?}").to_lowercase(),
            values,
            facts,
            profile,
            pull_secret: None,
            migration_job: false,
            digest_key: None,
        }
    }

    pub fn options(&self) -> RenderOptions<'_> {
        RenderOptions {
            digest_key: self.digest_key.as_ref(),
            pull_secret: self.pull_secret.as_ref(),
            migration_job: self.migration_job,
        }
    }

    pub fn render(&self) -> Rendered {
        render(&self.values, &self.facts, self.profile, &self.options())
            .unwrap_or_else(|error| panic!("{}: {error}", self.name))
    }
}

pub(in crate::render) const PROFILES: [Profile; 4] =
    [Profile::Baseline, Profile::Gateway, Profile::Platform, Profile::Migration];

/// Each profile, with and without the whitelist, and what optional keys add.
pub(in crate::render) fn inputs() -> Vec<Input> {
    let mut inputs = Vec::new();
    for profile in PROFILES {
        inputs.push(Input::new("plain", profile, |_| {}));
        inputs.push(Input::new("whitelist", profile, whitelist));
    }
    inputs.push(everything());
    inputs.push(Input::new("unusual", Profile::Platform, unusual));
    inputs.push(Input::new("closed", Profile::Gateway, |v| {
        v.cluster_cidrs = vec!["0.0.0.0/0".parse().unwrap(), "::/0".parse().unwrap()];
    }));
    let mut pull = Input::new("pull-secret", Profile::Migration, pull_secret);
    pull.pull_secret = Some(source());
    inputs.push(pull);
    inputs.push(Input::new("pull-secret-unread", Profile::Baseline, pull_secret));
    inputs
}

fn whitelist(values: &mut Values) {
    values.sandbox_egress_allow = vec![
        EgressAllow { cidr: "203.0.113.0/24".parse().unwrap(), port: None },
        EgressAllow { cidr: "2001:db8::/48".parse().unwrap(), port: Some(8443) },
    ];
}

fn pull_secret(values: &mut Values) {
    values.image_pull_secret =
        Some(SecretName { namespace: "registry".to_owned(), name: "pull".to_owned() });
}

fn source() -> Value {
    json!({
        "metadata": { "name": "pull", "namespace": "registry" },
        "type": "kubernetes.io/dockerconfigjson",
        "data": { ".dockerconfigjson": "eyJhdXRocyI6e319" },
    })
}

/// Every optional key.
fn everything() -> Input {
    let mut input = Input::new("everything", Profile::Platform, |values| {
        whitelist(values);
        pull_secret(values);
        for image in [&mut values.images.gateway, &mut values.images.sandbox] {
            *image = Image {
                reference: "registry.test/x@sha256:00".to_owned(),
                tag: None,
                digest: Some("sha256:00".to_owned()),
            };
        }
        values.database.host = "198.51.100.7".to_owned();
        values.database_cidr = Some("198.51.100.0/28".parse().unwrap());
        values.api_server_cidr = Some("198.51.100.64/26".parse().unwrap());
        values.api_server_ports = Some(vec![8443]);
        values.cluster_cidrs =
            vec!["10.244.0.0/16".parse().unwrap(), "203.0.113.64/26".parse().unwrap()];
        values.sandbox_keys =
            SandboxKey::ALL.map(|k| (k, format!("canary-{}", k.secret_key()).into())).into();
        values.relay = Some(Relay {
            url: "https://198.51.100.9:8444/apply".to_owned(),
            host: "198.51.100.9".to_owned(),
            port: 8444,
            token: Some("canary-relay-token".to_owned().into()),
        });
        values.coding_backend = Some(CodingBackend::RelayHelper);
        values.agent_config_storage_class = Some("fast".to_owned());
        values.agent_config_size = "5Gi".to_owned();
        values.run_as_user = 4242;
        values.ingress_controller_namespace = Some("edge".to_owned());
        values.ingress_controller_cidrs = vec!["192.0.2.0/28".parse().unwrap()];
        values.ingress.as_mut().unwrap().cluster_issuer = Some("letsencrypt".to_owned());
        values.dns_selector = Some(vec![
            ("dns.operator.test/daemonset-dns".to_owned(), "default".to_owned()),
            ("tier".to_owned(), "infra".to_owned()),
        ]);
        values.dns_namespace = Some("cluster-dns".to_owned());
    });
    let discovered = DiscoveredFacts {
        dns_ports: Some(vec![5353, 9153]),
        node_local_dns: Some("169.254.20.10/32".parse().unwrap()),
        database_target_ports: Some(vec![6543, 6544]),
        ..DiscoveredFacts::default()
    };
    input.facts = ClusterFacts::resolve(&input.values, Some(discovered));
    input.pull_secret = Some(source());
    input.migration_job = true;
    input.digest_key = Some(DigestKey::new([3; 32]));
    input
}

/// Values that are valid and rare.
fn unusual(values: &mut Values) {
    let ingress = values.ingress.as_mut().unwrap();
    ingress.class = "traefik".to_owned();
    ingress.cluster_issuer = Some(String::new());
    values.database.host = "2001:db8::5".to_owned();
    values.images.dashboard.tag = Some("_edge".to_owned());
    values.images.agent.tag = Some("x".repeat(64));
    values.relay = Some(Relay {
        url: "http://relay.test/apply".to_owned(),
        host: "relay.test".to_owned(),
        port: 80,
        token: None,
    });
    values.sandbox_keys = vec![(SandboxKey::QwenApiKey, "canary-qwen".to_owned().into())];
}
