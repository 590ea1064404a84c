//! What a checked values file holds. `Values` is only made by the parser, so that every field is valid.

use ipnet::IpNet;
use secrecy::{ExposeSecret, SecretString};

use super::keys::Key;
use super::parse::url::written_password;

/// The content of a values file after every check of `docs/values.md`.
#[derive(Debug)]
pub struct Values {
    /// `DATABASE_URL`.
    pub database: Database,
    /// `DASHBOARD_SESSION_SECRET`.
    pub dashboard_session_secret: SecretString,
    /// `HIVE_INTERNAL_SECRET`.
    pub internal_secret: SecretString,
    /// `HIVE_ADMIN_USERNAME`. Lives in the Secret, but is no credential.
    pub admin_username: SecretString,
    /// `HIVE_ADMIN_PASSWORD`.
    pub admin_password: SecretString,
    /// The five images.
    pub images: Images,
    /// `OPENHIVE_INGRESS_*`; absent only where the profile has no Ingress.
    pub ingress: Option<Ingress>,
    /// The optional keys of the sandbox Secret that are given, in the order of [`SandboxKey::ALL`].
    pub sandbox_keys: Vec<(SandboxKey, SecretString)>,
    /// `HIVE_SANDBOX_WORKSPACE_APPLY_RELAY_URL` and `_TOKEN`.
    pub relay: Option<Relay>,
    /// `HIVE_SANDBOX_CODING_BACKEND`.
    pub coding_backend: Option<CodingBackend>,
    /// `OPENHIVE_SANDBOX_EGRESS_ALLOW`, in the file's order.
    pub sandbox_egress_allow: Vec<EgressAllow>,
    /// `OPENHIVE_IMAGE_PULL_SECRET`: the Secret to copy into the three namespaces.
    pub image_pull_secret: Option<SecretName>,
    /// `OPENHIVE_AGENT_CONFIG_STORAGE_CLASS`.
    pub agent_config_storage_class: Option<String>,
    /// `OPENHIVE_AGENT_CONFIG_SIZE`, a Kubernetes quantity; 1Gi by default.
    pub agent_config_size: String,
    /// `OPENHIVE_RUN_AS_USER`; 1000 by default, never 0.
    pub run_as_user: u32,
    /// `OPENHIVE_INGRESS_CONTROLLER_NAMESPACE`.
    pub ingress_controller_namespace: Option<String>,
    /// `OPENHIVE_INGRESS_CONTROLLER_CIDRS`.
    pub ingress_controller_cidrs: Vec<IpNet>,
    /// `OPENHIVE_DATABASE_CIDR`.
    pub database_cidr: Option<IpNet>,
    /// `OPENHIVE_API_SERVER_PORTS`.
    pub api_server_ports: Option<Vec<u16>>,
    /// `OPENHIVE_API_SERVER_CIDR`.
    pub api_server_cidr: Option<IpNet>,
    /// `OPENHIVE_CLUSTER_CIDRS`.
    pub cluster_cidrs: Vec<IpNet>,
    /// `OPENHIVE_DNS_NAMESPACE`.
    pub dns_namespace: Option<String>,
    /// `OPENHIVE_DNS_SELECTOR`, as `key=value` pairs.
    pub dns_selector: Option<Vec<(String, String)>>,
    /// `OPENHIVE_DNS_PORTS`.
    pub dns_ports: Option<Vec<u16>>,
}

impl Values {
    /// Every credential, for what removes them from output: the secrets, the database's URL, and
    /// its password by itself, both as it is and as the URL spells it.
    pub fn credentials(&self) -> impl Iterator<Item = &str> {
        self.credentials_by_key().map(|(_, secret)| secret)
    }

    /// [`Self::credentials`] with the key that each stems from.
    pub fn credentials_by_key(&self) -> impl Iterator<Item = (Key, &str)> {
        let database = &self.database;
        let written = written_password(database.url.expose_secret());
        [
            (Key::DatabaseUrl, Some(&database.url)),
            (Key::DatabaseUrl, database.password.as_ref()),
            (Key::DashboardSessionSecret, Some(&self.dashboard_session_secret)),
            (Key::HiveInternalSecret, Some(&self.internal_secret)),
            (Key::HiveAdminPassword, Some(&self.admin_password)),
            (Key::RelayToken, self.relay.as_ref().and_then(|relay| relay.token.as_ref())),
        ]
        .into_iter()
        .filter_map(|(key, secret)| Some((key, secret?.expose_secret())))
        .chain(written.map(|password| (Key::DatabaseUrl, password)))
        .chain(self.sandbox_keys.iter().filter(|(key, _)| key.is_credential()).map(
            |(key, secret)| {
                let key = Key::from_name(key.values_key())
                    .expect("a test holds every sandbox key to be in the table");
                (key, secret.expose_secret())
            },
        ))
    }
}

/// Where the external PostgreSQL is. The URL is secret, its host, port, user and database name are not.
#[derive(Debug)]
pub struct Database {
    /// The whole `postgresql+asyncpg://…`.
    pub url: SecretString,
    /// The user, percent-decoded.
    pub user: String,
    /// The password alone, percent-decoded; absent where the URL has none.
    pub password: Option<SecretString>,
    /// A name or an address literal (IPv6 without brackets).
    pub host: String,
    /// 5432 where the URL names none.
    pub port: u16,
    /// The database's name.
    pub name: String,
}

/// The images. Each is a valid reference.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Images {
    /// `OPENHIVE_GATEWAY_IMAGE`; the migration Job runs it as well.
    pub gateway: Image,
    /// `OPENHIVE_DASHBOARD_IMAGE`.
    pub dashboard: Image,
    /// `OPENHIVE_AGENT_IMAGE`.
    pub agent: Image,
    /// `OPENHIVE_SANDBOX_IMAGE`.
    pub sandbox: Image,
    /// `OPENHIVE_PIPELINE_IMAGE`; the sandbox image where it is not given.
    pub pipeline: Image,
}

/// A valid image reference.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Image {
    /// As written in the values file.
    pub reference: String,
    /// The part behind the last `:` of the name, where there is one.
    pub tag: Option<String>,
    /// `sha256:…`, where there is one.
    pub digest: Option<String>,
}

/// The Ingress of the `platform` profile.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Ingress {
    /// `OPENHIVE_INGRESS_HOST`.
    pub host: String,
    /// `OPENHIVE_INGRESS_TLS_SECRET`.
    pub tls_secret: String,
    /// `OPENHIVE_INGRESS_CLASS`.
    pub class: String,
    /// `OPENHIVE_CERT_MANAGER_CLUSTER_ISSUER`; no annotation where it is absent or empty.
    pub cluster_issuer: Option<String>,
}

/// An operator's endpoint that applies approved patches outside the cluster.
#[derive(Debug)]
pub struct Relay {
    /// The whole URL, http or https.
    pub url: String,
    /// Its host: a name or an address literal.
    pub host: String,
    /// Its port, 80 or 443 where the URL names none.
    pub port: u16,
    /// The bearer token.
    pub token: Option<SecretString>,
}

/// `HIVE_SANDBOX_CODING_BACKEND`.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum CodingBackend {
    /// `codex_cli`
    CodexCli,
    /// `relay_helper`
    RelayHelper,
    /// `deterministic_proof`
    DeterministicProof,
}

impl CodingBackend {
    /// The value as the sandbox reads it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::CodexCli => "codex_cli",
            Self::RelayHelper => "relay_helper",
            Self::DeterministicProof => "deterministic_proof",
        }
    }
}

/// One entry of `OPENHIVE_SANDBOX_EGRESS_ALLOW`: `CIDR` or `CIDR:port` (IPv6 with a port in brackets).
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct EgressAllow {
    /// To where.
    pub cidr: IpNet,
    /// On which TCP port; every port where it is absent.
    pub port: Option<u16>,
}

/// `NAMESPACE/NAME` of a Secret.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct SecretName {
    /// The namespace.
    pub namespace: String,
    /// The name.
    pub name: String,
}

/// The optional keys of the sandbox's Secret, each named three times over.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
#[allow(missing_docs)] // each variant is its own key in CamelCase
pub enum SandboxKey {
    CodexModel,
    CodexProviderId,
    CodexProviderName,
    CodexBaseUrl,
    CodexWireApi,
    CodexEnvKey,
    CodexRequiresOpenaiAuth,
    OpenaiApiKey,
    AnthropicApiKey,
    DeepseekApiKey,
    QwenApiKey,
}

impl SandboxKey {
    /// All of them, in the order of `docs/values.md`.
    pub const ALL: [Self; 11] = [
        Self::CodexModel,
        Self::CodexProviderId,
        Self::CodexProviderName,
        Self::CodexBaseUrl,
        Self::CodexWireApi,
        Self::CodexEnvKey,
        Self::CodexRequiresOpenaiAuth,
        Self::OpenaiApiKey,
        Self::AnthropicApiKey,
        Self::DeepseekApiKey,
        Self::QwenApiKey,
    ];

    /// (key of the values file, key of the Secret, the sandbox's environment variable).
    const fn names(self) -> (&'static str, &'static str, &'static str) {
        match self {
            Self::CodexModel => ("CODEX_MODEL", "codex-model", "HIVE_SANDBOX_CODEX_MODEL"),
            Self::CodexProviderId => {
                ("CODEX_PROVIDER_ID", "codex-provider-id", "HIVE_SANDBOX_CODEX_PROVIDER_ID")
            }
            Self::CodexProviderName => {
                ("CODEX_PROVIDER_NAME", "codex-provider-name", "HIVE_SANDBOX_CODEX_PROVIDER_NAME")
            }
            Self::CodexBaseUrl => {
                ("CODEX_BASE_URL", "codex-base-url", "HIVE_SANDBOX_CODEX_BASE_URL")
            }
            Self::CodexWireApi => {
                ("CODEX_WIRE_API", "codex-wire-api", "HIVE_SANDBOX_CODEX_WIRE_API")
            }
            Self::CodexEnvKey => ("CODEX_ENV_KEY", "codex-env-key", "HIVE_SANDBOX_CODEX_ENV_KEY"),
            Self::CodexRequiresOpenaiAuth => (
                "CODEX_REQUIRES_OPENAI_AUTH",
                "codex-requires-openai-auth",
                "HIVE_SANDBOX_CODEX_REQUIRES_OPENAI_AUTH",
            ),
            Self::OpenaiApiKey => ("OPENAI_API_KEY", "openai-api-key", "OPENAI_API_KEY"),
            Self::AnthropicApiKey => {
                ("ANTHROPIC_API_KEY", "anthropic-api-key", "ANTHROPIC_API_KEY")
            }
            Self::DeepseekApiKey => ("DEEPSEEK_API_KEY", "deepseek-api-key", "DEEPSEEK_API_KEY"),
            Self::QwenApiKey => ("QWEN_API_KEY", "qwen-api-key", "QWEN_API_KEY"),
        }
    }

    /// The key of the values file.
    #[must_use]
    pub const fn values_key(self) -> &'static str {
        self.names().0
    }

    /// The key of the Secret.
    #[must_use]
    pub const fn secret_key(self) -> &'static str {
        self.names().1
    }

    /// The environment variable of the sandbox.
    #[must_use]
    pub const fn env(self) -> &'static str {
        self.names().2
    }

    /// Whether the value is a credential: redacted everywhere, refused under eight bytes.
    #[must_use]
    pub const fn is_credential(self) -> bool {
        matches!(
            self,
            Self::OpenaiApiKey | Self::AnthropicApiKey | Self::DeepseekApiKey | Self::QwenApiKey
        )
    }
}
