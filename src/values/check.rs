//! Merged texts to checked [`Values`].

use std::net::IpAddr;

use secrecy::{ExposeSecret, SecretString};

use super::keys::{Key, MIN_CREDENTIAL_BYTES, Secrecy};
use super::merge::Merged;
use super::model::{Image, Images, Ingress, Relay, SandboxKey, Values};
use super::parse::{self, Fault, image, name, net, quantity, url};
use super::placeholder::is_placeholder;
use super::problem::Problem;
use super::reason::Reason;
use crate::render::Profile;

const DEFAULT_SIZE: &str = "1Gi";
const DEFAULT_USER: u32 = 1000;

/// Reads the merged texts key by key and collects everything that is wrong with them.
pub struct Checker<'a> {
    merged: &'a mut Merged,
    profile: Profile,
}

impl<'a> Checker<'a> {
    /// Checks for an installation with `profile`.
    pub const fn new(merged: &'a mut Merged, profile: Profile) -> Self {
        Self { merged, profile }
    }

    /// The values, unless a key that is needed to make them is missing or malformed. Whether they
    /// may be used is for the problems to say.
    pub fn values(&mut self) -> Option<Values> {
        let database = self.parsed(Key::DatabaseUrl, |text| {
            let database = url::database(text)?;
            match &database.password {
                Some(password) if password.expose_secret().len() < MIN_CREDENTIAL_BYTES => {
                    Err(Reason::ShortPassword)
                }
                _ => Ok(database),
            }
        });
        let dashboard_session_secret = self.secret(Key::DashboardSessionSecret);
        let internal_secret = self.secret(Key::HiveInternalSecret);
        let admin_username = self.parsed(Key::HiveAdminUsername, parse::text).map(Into::into);
        let admin_password = self.secret(Key::HiveAdminPassword);
        let images = self.images();
        let ingress = self.ingress();
        let sandbox_keys = self.sandbox_keys();
        let relay = self.relay();
        let database_cidr = self.parsed(Key::DatabaseCidr, net::cidr);
        if let (Some(database), Some(network)) = (&database, database_cidr)
            && let Ok(address) = database.host.parse::<IpAddr>()
            && !network.contains(&address)
        {
            self.report(Key::DatabaseCidr, Reason::DatabaseOutsideCidr { address, network });
        }
        let coding_backend = self.parsed(Key::CodingBackend, parse::coding_backend);
        let sandbox_egress_allow =
            self.list(Key::SandboxEgressAllow, net::egress_allow).unwrap_or_default();
        let image_pull_secret = self.parsed(Key::ImagePullSecret, parse::secret_name);
        let agent_config_storage_class = self.parsed(Key::AgentConfigStorageClass, name::subdomain);
        let agent_config_size = self
            .parsed(Key::AgentConfigSize, quantity::size)
            .unwrap_or_else(|| DEFAULT_SIZE.to_owned());
        let run_as_user = self.parsed(Key::RunAsUser, parse::user_id).unwrap_or(DEFAULT_USER);
        let ingress_controller_namespace =
            self.parsed(Key::IngressControllerNamespace, name::label);
        let ingress_controller_cidrs =
            self.list(Key::IngressControllerCidrs, net::cidr).unwrap_or_default();
        let api_server_ports = self.list(Key::ApiServerPorts, net::port).map(distinct);
        let api_server_cidr = self.parsed(Key::ApiServerCidr, net::cidr);
        let cluster_cidrs = self.list(Key::ClusterCidrs, net::cidr).unwrap_or_default();
        let dns_namespace = self.parsed(Key::DnsNamespace, name::label);
        let dns_selector = self.dns_selector();
        let dns_ports = self.list(Key::DnsPorts, net::port).map(distinct);
        Some(Values {
            database: database?,
            dashboard_session_secret: dashboard_session_secret?,
            internal_secret: internal_secret?,
            admin_username: admin_username?,
            admin_password: admin_password?,
            images: images?,
            ingress,
            sandbox_keys,
            relay,
            coding_backend,
            sandbox_egress_allow: distinct(sandbox_egress_allow),
            image_pull_secret,
            agent_config_storage_class,
            agent_config_size,
            run_as_user,
            ingress_controller_namespace,
            ingress_controller_cidrs: distinct(ingress_controller_cidrs),
            database_cidr,
            api_server_ports,
            api_server_cidr,
            cluster_cidrs: distinct(cluster_cidrs),
            dns_namespace,
            dns_selector,
            dns_ports,
        })
    }

    fn images(&mut self) -> Option<Images> {
        let gateway = self.image(Key::GatewayImage);
        let dashboard = self.image(Key::DashboardImage);
        let agent = self.image(Key::AgentImage);
        let sandbox = self.image(Key::SandboxImage);
        let pipeline = self.image(Key::PipelineImage);
        Some(Images {
            gateway: gateway?,
            dashboard: dashboard?,
            agent: agent?,
            pipeline: pipeline.or_else(|| sandbox.clone())?,
            sandbox: sandbox?,
        })
    }

    fn image(&mut self, key: Key) -> Option<Image> {
        self.parsed(key, image::reference)
    }

    fn ingress(&mut self) -> Option<Ingress> {
        let host = self.parsed(Key::IngressHost, name::ingress_host);
        let tls_secret = self.parsed(Key::IngressTlsSecret, name::subdomain);
        let class = self.parsed(Key::IngressClass, name::subdomain);
        let cluster_issuer = self.parsed(Key::CertManagerClusterIssuer, name::subdomain);
        Some(Ingress { host: host?, tls_secret: tls_secret?, class: class?, cluster_issuer })
    }

    fn sandbox_keys(&mut self) -> Vec<(SandboxKey, SecretString)> {
        let mut keys = Vec::new();
        for sandbox_key in SandboxKey::ALL {
            let key = Key::from_name(sandbox_key.values_key())
                .expect("a test holds every sandbox key to be in the table");
            let value = match sandbox_key {
                SandboxKey::CodexModel | SandboxKey::CodexWireApi => self.parsed(key, parse::word),
                SandboxKey::CodexProviderId => self.parsed(key, parse::identifier),
                SandboxKey::CodexProviderName => self.parsed(key, parse::text),
                SandboxKey::CodexBaseUrl => {
                    self.parsed(key, |text| url::http(text).map(|_| text.to_owned()))
                }
                SandboxKey::CodexEnvKey => self.parsed(key, |text| {
                    let known = SandboxKey::ALL.into_iter().filter(|key| key.is_credential());
                    parse::one_of(text, &known.map(SandboxKey::env).collect::<Vec<_>>())
                }),
                SandboxKey::CodexRequiresOpenaiAuth => {
                    self.parsed(key, |text| parse::one_of(text, &["true", "false"]))
                }
                SandboxKey::OpenaiApiKey
                | SandboxKey::AnthropicApiKey
                | SandboxKey::DeepseekApiKey
                | SandboxKey::QwenApiKey => {
                    keys.extend(self.secret(key).map(|value| (sandbox_key, value)));
                    continue;
                }
            };
            keys.extend(value.map(|value| (sandbox_key, value.into())));
        }
        keys
    }

    fn relay(&mut self) -> Option<Relay> {
        let given = self.is_given(Key::RelayUrl);
        let endpoint =
            self.parsed(Key::RelayUrl, |text| url::http(text).map(|at| (text.to_owned(), at)));
        let token = self.secret(Key::RelayToken);
        if self.is_given(Key::RelayToken) && !given {
            self.report(Key::RelayToken, Reason::Needs { needs: Key::RelayUrl.name() });
        }
        let (url, (host, port)) = endpoint?;
        Some(Relay { url, host, port, token })
    }

    fn dns_selector(&mut self) -> Option<Vec<(String, String)>> {
        let labels = self.list(Key::DnsSelector, name::selector_label)?;
        let repeated = labels
            .iter()
            .enumerate()
            .any(|(index, (name, _))| labels[..index].iter().any(|(other, _)| other == name));
        if repeated {
            self.report(Key::DnsSelector, Reason::DuplicateLabel);
            return None;
        }
        Some(labels)
    }

    /// A secret of any shape that is long enough to be told from ordinary text.
    fn secret(&mut self, key: Key) -> Option<SecretString> {
        self.parsed(key, |text| {
            if text.len() < MIN_CREDENTIAL_BYTES && key.spec().secrecy == Secrecy::Credential {
                Err(Reason::ShortCredential)
            } else {
                Ok(text.into())
            }
        })
    }

    fn parsed<T>(&mut self, key: Key, parse: impl FnOnce(&str) -> Result<T, Reason>) -> Option<T> {
        self.read(key, |text| parse(text).map_err(Fault::from))
    }

    fn list<T>(&mut self, key: Key, parse: impl Fn(&str) -> Result<T, Reason>) -> Option<Vec<T>> {
        self.read(key, |text| parse::list(text, parse))
    }

    /// The value of `key`; `None` where it is absent or was reported.
    fn read<T>(&mut self, key: Key, parse: impl FnOnce(&str) -> Result<T, Fault>) -> Option<T> {
        let required = key.required(self.profile);
        let Some(given) = self.merged.given.get(&key) else {
            // An unknown key that was meant to be this one is reported already.
            if required && !self.merged.meant.contains(&key) {
                self.push(key, Reason::Missing.into());
            }
            return None;
        };
        let fault = match given.value.as_ref()?.expose_secret() {
            "" if required => Reason::Empty.into(),
            // An empty optional key is an absent one: so a later file can take back an earlier one's.
            "" => return None,
            text if is_placeholder(text) => Reason::Placeholder.into(),
            text => match parse(text) {
                Ok(value) => return Some(value),
                Err(fault) => fault,
            },
        };
        self.push(key, fault);
        None
    }

    fn is_given(&self, key: Key) -> bool {
        self.merged.given.get(&key).is_some_and(|given| {
            given.value.as_ref().is_none_or(|value| !value.expose_secret().is_empty())
        })
    }

    fn report(&mut self, key: Key, reason: Reason) {
        self.push(key, reason.into());
    }

    fn push(&mut self, key: Key, fault: Fault) {
        let Fault { entry, reason } = fault;
        let place = self.merged.given.get(&key).map(|given| given.place.clone());
        let key = Some(key.name().to_owned());
        self.merged.problems.push(Problem { place, key, entry, reason });
    }
}

/// The list without repetitions, in its order.
fn distinct<T: PartialEq>(list: Vec<T>) -> Vec<T> {
    list.into_iter().fold(Vec::new(), |mut kept, entry| {
        if !kept.contains(&entry) {
            kept.push(entry);
        }
        kept
    })
}

/// Checks `merged` for `profile`: the values where they could be made, and every problem.
pub fn check(merged: &mut Merged, profile: Profile) -> Option<Values> {
    Checker::new(merged, profile).values()
}
