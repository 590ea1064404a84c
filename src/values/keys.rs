//! The keys of a values file: one table, from which the checks, `values.env.example`,
//! `docs/values.md` and `init` all follow.

use crate::render::Profile;

/// When a key has to be given.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Need {
    /// In every profile.
    Always,
    /// Where the profile has an Ingress.
    Ingress,
    /// Never.
    Optional,
}

/// How secret a key's value is.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Secrecy {
    /// May be printed and given on a command line.
    Public,
    /// Not printed, not taken from a command line, but no credential: too short and too ordinary
    /// (`admin`) to be searched for in output.
    Private,
    /// Redacted everywhere, refused under [`MIN_CREDENTIAL_BYTES`].
    Credential,
}

/// The shortest credential that is accepted. Shorter ones could not be redacted without tearing
/// up ordinary words.
pub const MIN_CREDENTIAL_BYTES: usize = 8;

/// What is known of a key.
#[derive(Debug)]
pub struct Spec {
    /// The key.
    pub key: Key,
    /// Its name in the file.
    pub name: &'static str,
    /// When it has to be given.
    pub need: Need,
    /// How secret it is.
    pub secrecy: Secrecy,
    /// What it decides, in one sentence.
    pub about: &'static str,
    /// What a good value looks like, to follow "expected".
    pub form: &'static str,
    /// The value in `values.env.example`: a placeholder where only the reader can know it.
    pub example: &'static str,
    /// What holds where the key is absent; empty for keys that must be given.
    pub default: &'static str,
}

macro_rules! keys {
    ($($key:ident $name:literal $need:ident $secrecy:ident {
        about: $about:literal, form: $form:literal, example: $example:literal, default: $default:literal,
    })*) => {
        /// A key of the values file.
        #[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
        #[allow(missing_docs)] // each variant is its own key in CamelCase
        pub enum Key { $($key),* }

        /// Every key, in the order of `values.env.example`.
        pub const KEYS: &[Spec] = &[$(Spec {
            key: Key::$key,
            name: $name,
            need: Need::$need,
            secrecy: Secrecy::$secrecy,
            about: $about,
            form: $form,
            example: $example,
            default: $default,
        }),*];
    };
}

keys! {
    DatabaseUrl "DATABASE_URL" Always Credential {
        about: "The external PostgreSQL; its port goes into the network policies.",
        form: "postgresql+asyncpg://USER:PASSWORD@HOST:PORT/DATABASE, user and password percent-encoded",
        example: "'postgresql+asyncpg://hive:replace-with-password@postgres.example:5432/hive'",
        default: "",
    }
    DashboardSessionSecret "DASHBOARD_SESSION_SECRET" Always Credential {
        about: "Signs the sessions of the dashboard.",
        form: "a random text, such as `openssl rand -hex 32` prints",
        example: "replace-with-random-secret",
        default: "",
    }
    HiveInternalSecret "HIVE_INTERNAL_SECRET" Always Credential {
        about: "Shared by Gateway and agents; authenticates calls inside the platform.",
        form: "a random text, such as `openssl rand -hex 32` prints",
        example: "replace-with-another-random-secret",
        default: "",
    }
    HiveAdminUsername "HIVE_ADMIN_USERNAME" Always Private {
        about: "The first administrator's name.",
        form: "a name without spaces, such as admin",
        example: "admin",
        default: "",
    }
    HiveAdminPassword "HIVE_ADMIN_PASSWORD" Always Credential {
        about: "The first administrator's password.",
        form: "a password of at least 8 bytes",
        example: "change-me",
        default: "",
    }
    GatewayImage "OPENHIVE_GATEWAY_IMAGE" Always Public {
        about: "The control plane; the migration Job runs it as well.",
        form: "an image with a tag or a digest, such as ghcr.io/terrywangcode/openhive-gateway:v1.4.0",
        example: "ghcr.io/terrywangcode/openhive-gateway:replace-with-tag",
        default: "",
    }
    DashboardImage "OPENHIVE_DASHBOARD_IMAGE" Always Public {
        about: "The dashboard.",
        form: "an image with a tag or a digest, such as ghcr.io/terrywangcode/openhive-dashboard:v1.4.0",
        example: "ghcr.io/terrywangcode/openhive-dashboard:replace-with-tag",
        default: "",
    }
    AgentImage "OPENHIVE_AGENT_IMAGE" Always Public {
        about: "The agent runtime, also of the agents that the Gateway starts.",
        form: "an image with a tag or a digest, such as ghcr.io/terrywangcode/openhive-agent:v1.4.0",
        example: "ghcr.io/terrywangcode/openhive-agent:replace-with-tag",
        default: "",
    }
    SandboxImage "OPENHIVE_SANDBOX_IMAGE" Always Public {
        about: "The sandbox.",
        form: "an image with a tag or a digest, such as ghcr.io/terrywangcode/openhive-sandbox:v1.4.0",
        example: "ghcr.io/terrywangcode/openhive-sandbox:replace-with-tag",
        default: "",
    }
    PipelineImage "OPENHIVE_PIPELINE_IMAGE" Optional Public {
        about: "What pipelines run.",
        form: "an image with a tag or a digest, such as ghcr.io/terrywangcode/openhive-sandbox:v1.4.0",
        example: "ghcr.io/terrywangcode/openhive-sandbox:v1.4.0",
        default: "the sandbox image",
    }
    ImagePullSecret "OPENHIVE_IMAGE_PULL_SECRET" Optional Public {
        about: "A Secret with registry credentials, copied into the three namespaces and set on every ServiceAccount.",
        form: "NAMESPACE/NAME of an existing Secret, such as default/registry",
        example: "default/registry",
        default: "images are pulled without credentials",
    }
    IngressHost "OPENHIVE_INGRESS_HOST" Ingress Public {
        about: "Where people open the dashboard.",
        form: "a DNS name without scheme, port or path, such as openhive.acme.dev",
        example: "openhive.example.com",
        default: "",
    }
    IngressTlsSecret "OPENHIVE_INGRESS_TLS_SECRET" Ingress Public {
        about: "The Secret in namespace openhive that holds, or that cert-manager will make hold, the host's certificate.",
        form: "the name of a Secret: lower-case letters, digits, `-` and `.`",
        example: "replace-with-tls-secret",
        default: "",
    }
    IngressClass "OPENHIVE_INGRESS_CLASS" Ingress Public {
        about: "The IngressClass that serves the host.",
        form: "the name of an IngressClass, such as nginx",
        example: "nginx",
        default: "",
    }
    CertManagerClusterIssuer "OPENHIVE_CERT_MANAGER_CLUSTER_ISSUER" Optional Public {
        about: "The cert-manager ClusterIssuer that makes the certificate.",
        form: "the name of a ClusterIssuer, such as letsencrypt-prod",
        example: "letsencrypt-prod",
        default: "no annotation: the certificate is yours to make",
    }
    IngressControllerNamespace "OPENHIVE_INGRESS_CONTROLLER_NAMESPACE" Optional Public {
        about: "The namespace whose pods may reach Gateway and dashboard as the ingress controller.",
        form: "the name of a namespace, such as ingress-nginx",
        example: "ingress-nginx",
        default: "`ingress-nginx` for class `nginx`, else none",
    }
    IngressControllerCidrs "OPENHIVE_INGRESS_CONTROLLER_CIDRS" Optional Public {
        about: "Addresses of ingress controllers that are no pods: host network, load balancers.",
        form: "networks separated by commas, such as 10.20.0.0/24,2001:db8:1::/64",
        example: "10.20.0.0/24",
        default: "none",
    }
    DatabaseCidr "OPENHIVE_DATABASE_CIDR" Optional Public {
        about: "Narrows the policies' way to a database whose host is a name.",
        form: "a network, such as 10.30.4.0/28",
        example: "10.30.4.0/28",
        default: "any address on the database's port",
    }
    ApiServerPorts "OPENHIVE_API_SERVER_PORTS" Optional Public {
        about: "Ports of the API server's endpoints (not of its Service).",
        form: "ports separated by commas, such as 6443",
        example: "6443",
        default: "read from the cluster; 443 and 6443 without one",
    }
    ApiServerCidr "OPENHIVE_API_SERVER_CIDR" Optional Public {
        about: "Narrows the Gateway's way to the API server.",
        form: "a network, such as 10.0.0.0/28",
        example: "10.0.0.0/28",
        default: "any address on the API server's ports",
    }
    ClusterCidrs "OPENHIVE_CLUSTER_CIDRS" Optional Public {
        about: "The cluster's pod and Service networks, where they are not private addresses; the sandbox's way out leaves them out.",
        form: "networks separated by commas, such as 198.51.100.0/24",
        example: "198.51.100.0/24",
        default: "only private addresses are left out",
    }
    DnsNamespace "OPENHIVE_DNS_NAMESPACE" Optional Public {
        about: "The namespace of the cluster's DNS pods.",
        form: "the name of a namespace, such as kube-system",
        example: "kube-system",
        default: "read from the cluster; `kube-system` without one",
    }
    DnsSelector "OPENHIVE_DNS_SELECTOR" Optional Public {
        about: "Labels of the cluster's DNS pods.",
        form: "labels separated by commas, such as k8s-app=kube-dns",
        example: "k8s-app=kube-dns",
        default: "read from the cluster; `k8s-app=kube-dns` without one",
    }
    DnsPorts "OPENHIVE_DNS_PORTS" Optional Public {
        about: "Ports of the DNS pods themselves (5353 on OpenShift).",
        form: "ports separated by commas, such as 53",
        example: "53",
        default: "read from the cluster; 53 without one",
    }
    SandboxEgressAllow "OPENHIVE_SANDBOX_EGRESS_ALLOW" Optional Public {
        about: "Further addresses that the sandbox namespace may reach.",
        form: "CIDR or CIDR:PORT separated by commas, IPv6 with a port in brackets, such as 192.0.2.0/24:8443,[2001:db8::/32]:443",
        example: "192.0.2.0/24:8443",
        default: "none",
    }
    AgentConfigStorageClass "OPENHIVE_AGENT_CONFIG_STORAGE_CLASS" Optional Public {
        about: "StorageClass of the agent's configuration volume.",
        form: "the name of a StorageClass, such as standard",
        example: "standard",
        default: "the cluster's default class",
    }
    AgentConfigSize "OPENHIVE_AGENT_CONFIG_SIZE" Optional Public {
        about: "Size of the agent's configuration volume; it can grow later, never shrink.",
        form: "a Kubernetes quantity with a unit, such as 1Gi",
        example: "1Gi",
        default: "1Gi",
    }
    RunAsUser "OPENHIVE_RUN_AS_USER" Optional Public {
        about: "The numeric user of every container.",
        form: "a number from 1 to 2147483647",
        example: "1000",
        default: "1000",
    }
    CodingBackend "HIVE_SANDBOX_CODING_BACKEND" Optional Public {
        about: "How the sandbox writes code.",
        form: "codex_cli, relay_helper or deterministic_proof",
        example: "codex_cli",
        default: "the sandbox's own default, `codex_cli`",
    }
    CodexModel "CODEX_MODEL" Optional Public {
        about: "The model that the Codex CLI asks for.",
        form: "a model's name",
        example: "gpt-5.4",
        default: "the sandbox's own default",
    }
    CodexProviderId "CODEX_PROVIDER_ID" Optional Public {
        about: "The id of an OpenAI-compatible provider.",
        form: "letters, digits, `-` and `_`",
        example: "acme",
        default: "no provider is configured",
    }
    CodexProviderName "CODEX_PROVIDER_NAME" Optional Public {
        about: "The provider's display name.",
        form: "a text of one line",
        example: "'Acme AI'",
        default: "none",
    }
    CodexBaseUrl "CODEX_BASE_URL" Optional Public {
        about: "The provider's API; the sandbox reaches port 443 of public addresses, anything else takes OPENHIVE_SANDBOX_EGRESS_ALLOW.",
        form: "a URL with http or https and without user or password, such as https://llm.acme.dev/openai",
        example: "https://llm.acme.dev/openai",
        default: "none",
    }
    CodexWireApi "CODEX_WIRE_API" Optional Public {
        about: "The provider's wire protocol.",
        form: "a word, such as responses",
        example: "responses",
        default: "none",
    }
    CodexEnvKey "CODEX_ENV_KEY" Optional Public {
        about: "Which of the four API keys below the Codex CLI sends.",
        form: "OPENAI_API_KEY, ANTHROPIC_API_KEY, DEEPSEEK_API_KEY or QWEN_API_KEY",
        example: "OPENAI_API_KEY",
        default: "none",
    }
    CodexRequiresOpenaiAuth "CODEX_REQUIRES_OPENAI_AUTH" Optional Public {
        about: "Whether the provider wants OpenAI's own authentication.",
        form: "true or false",
        example: "true",
        default: "none",
    }
    OpenaiApiKey "OPENAI_API_KEY" Optional Credential {
        about: "OpenAI's key for the sandbox's coding CLI.",
        form: "the provider's API key",
        example: "replace-with-api-key",
        default: "the CLI gets no such key",
    }
    AnthropicApiKey "ANTHROPIC_API_KEY" Optional Credential {
        about: "Anthropic's key for the sandbox's coding CLI.",
        form: "the provider's API key",
        example: "replace-with-api-key",
        default: "the CLI gets no such key",
    }
    DeepseekApiKey "DEEPSEEK_API_KEY" Optional Credential {
        about: "DeepSeek's key for the sandbox's coding CLI.",
        form: "the provider's API key",
        example: "replace-with-api-key",
        default: "the CLI gets no such key",
    }
    QwenApiKey "QWEN_API_KEY" Optional Credential {
        about: "Qwen's key for the sandbox's coding CLI.",
        form: "the provider's API key",
        example: "replace-with-api-key",
        default: "the CLI gets no such key",
    }
    RelayUrl "HIVE_SANDBOX_WORKSPACE_APPLY_RELAY_URL" Optional Public {
        about: "Your endpoint that applies approved patches outside the cluster; the sandbox's policy opens its host and port.",
        form: "a URL with http or https and without user or password, such as https://relay.acme.dev:8443/apply",
        example: "https://relay.acme.dev:8443/apply",
        default: "no relay",
    }
    RelayToken "HIVE_SANDBOX_WORKSPACE_APPLY_RELAY_TOKEN" Optional Credential {
        about: "The bearer token that the relay expects.",
        form: "a random text, such as `openssl rand -hex 32` prints",
        example: "replace-with-relay-token",
        default: "no token is sent",
    }
}

impl Key {
    /// What is known of it.
    #[must_use]
    pub const fn spec(self) -> &'static Spec {
        &KEYS[self as usize]
    }

    /// Its name in the file.
    #[must_use]
    pub const fn name(self) -> &'static str {
        self.spec().name
    }

    /// The key of that name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        KEYS.iter().find(|spec| spec.name == name).map(|spec| spec.key)
    }

    /// The known key that a reader most likely meant by `name`.
    #[must_use]
    pub fn nearest(name: &str) -> Option<Self> {
        /// Below this Jaro-Winkler similarity a suggestion misleads more often than it helps.
        const SIMILAR: f64 = 0.87;
        let name = name.to_ascii_uppercase().replace('.', "_");
        KEYS.iter()
            .map(|spec| (strsim::jaro_winkler(&name, spec.name), spec.key))
            .filter(|(similarity, _)| *similarity >= SIMILAR)
            .max_by(|(a, _), (b, _)| a.total_cmp(b))
            .map(|(_, key)| key)
    }

    /// Whether an installation with `profile` cannot do without it.
    #[must_use]
    pub const fn required(self, profile: Profile) -> bool {
        match self.spec().need {
            Need::Always => true,
            Need::Ingress => matches!(profile, Profile::Platform),
            Need::Optional => false,
        }
    }
}
