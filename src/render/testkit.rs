//! Values for tests, made without a file.

use secrecy::SecretString;

use crate::values::{Database, Image, Images, Ingress, Values};

/// A complete set of values, without any optional key. Every secret contains `canary`.
pub(crate) fn values() -> Values {
    let image = |name: &str| Image {
        reference: format!("registry.test/openhive-{name}:v1.4.0"),
        tag: Some("v1.4.0".to_owned()),
        digest: None,
    };
    let secret = |text: &str| SecretString::from(text.to_owned());
    Values {
        database: Database {
            url: secret("postgresql+asyncpg://hive:canary-password@db.test:6432/hive"),
            user: "hive".to_owned(),
            password: Some(secret("canary-password")),
            host: "db.test".to_owned(),
            port: 6432,
            name: "hive".to_owned(),
        },
        dashboard_session_secret: secret("canary-session"),
        internal_secret: secret("canary-internal"),
        admin_username: secret("admin"),
        admin_password: secret("canary-admin"),
        images: Images {
            gateway: image("gateway"),
            dashboard: image("dashboard"),
            agent: image("agent"),
            sandbox: image("sandbox"),
            pipeline: image("pipeline"),
        },
        ingress: Some(Ingress {
            host: "openhive.test".to_owned(),
            tls_secret: "openhive-tls".to_owned(),
            class: "nginx".to_owned(),
            cluster_issuer: None,
        }),
        sandbox_keys: Vec::new(),
        relay: None,
        coding_backend: None,
        sandbox_egress_allow: Vec::new(),
        image_pull_secret: None,
        agent_config_storage_class: None,
        agent_config_size: "1Gi".to_owned(),
        run_as_user: 1000,
        ingress_controller_namespace: None,
        ingress_controller_cidrs: Vec::new(),
        database_cidr: None,
        api_server_ports: None,
        api_server_cidr: None,
        cluster_cidrs: Vec::new(),
        dns_namespace: None,
        dns_selector: None,
        dns_ports: None,
    }
}
