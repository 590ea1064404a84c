//! The table itself: who may talk to whom (`docs/platform.md`, "Network policy").

use super::party::{Party, Platform, Profile};
use crate::ports::{PortRange, PortSet, Protocol};

/// What is meant to be open in one cell.
#[derive(Clone, Debug, Default)]
pub struct Expected {
    /// Must be open.
    pub open: PortSet,
    /// May be open: a rule that works on every plugin is wider than the need.
    pub wide: PortSet,
    /// What narrows parts of `wide`.
    pub(super) keys: Vec<(PortSet, Option<&'static str>)>,
}

/// A row of the table.
struct Row {
    from: &'static [Party],
    to: &'static [Party],
    ports: Ports,
    profiles: &'static [Profile],
}

enum Ports {
    Tcp(u16),
    Database,
    ApiServer,
    Dns,
}

const ALL: &[Profile] = &[Profile::Baseline, Profile::Gateway, Profile::Platform];
const RUNTIME: &[Profile] = &[Profile::Gateway, Profile::Platform];
const PLATFORM: &[Profile] = &[Profile::Platform];
const AGENTS: &[Party] = &[Party::Agent, Party::AgentMade];
const OURS: &[Party] = &[
    Party::Gateway,
    Party::Dashboard,
    Party::Agent,
    Party::AgentMade,
    Party::Sandbox,
    Party::Pipeline,
    Party::Migration,
];

/// Everything that is not here is closed.
const TABLE: &[Row] = &[
    row(AGENTS, &[Party::Gateway], Ports::Tcp(8080), ALL),
    row(AGENTS, &[Party::Sandbox], Ports::Tcp(8091), ALL),
    row(&[Party::Sandbox], &[Party::Gateway], Ports::Tcp(8080), ALL),
    row(&[Party::Sandbox, Party::Pipeline], &[Party::Database], Ports::Database, RUNTIME),
    row(&[Party::Sandbox, Party::Pipeline], &[Party::External], Ports::Tcp(443), RUNTIME),
    row(&[Party::Pipeline], &[Party::Gateway], Ports::Tcp(8080), RUNTIME),
    row(&[Party::Dashboard], &[Party::Gateway], Ports::Tcp(8080), PLATFORM),
    row(&[Party::Gateway], AGENTS, Ports::Tcp(8090), RUNTIME),
    row(&[Party::Gateway], &[Party::Sandbox], Ports::Tcp(8091), RUNTIME),
    row(&[Party::Gateway], &[Party::Database], Ports::Database, RUNTIME),
    row(&[Party::Gateway], &[Party::External], Ports::Tcp(443), RUNTIME),
    row(&[Party::Gateway], &[Party::ApiServer], Ports::ApiServer, RUNTIME),
    row(&[Party::Migration], &[Party::Database], Ports::Database, RUNTIME),
    row(&[Party::IngressController], &[Party::Gateway], Ports::Tcp(8080), PLATFORM),
    row(&[Party::IngressController], &[Party::Dashboard], Ports::Tcp(3000), PLATFORM),
    row(OURS, &[Party::Dns], Ports::Dns, ALL),
];

const fn row(
    from: &'static [Party],
    to: &'static [Party],
    ports: Ports,
    profiles: &'static [Profile],
) -> Row {
    Row { from, to, ports, profiles }
}

impl Platform {
    /// What is meant to be open between two parties.
    #[must_use]
    pub fn expected(&self, from: Party, to: Party) -> Expected {
        let rows = TABLE.iter().filter(|row| {
            row.from.contains(&from) && row.to.contains(&to) && row.profiles.contains(&self.profile)
        });
        let open = rows.fold(PortSet::none(), |all, row| all.union(&self.ports(&row.ports)));
        let mut expected = Expected { open, ..Expected::default() };
        if self.profile == Profile::Baseline {
            return expected;
        }
        // A name cannot be a peer of a policy: where the database or the API server has no
        // address in the values, its port is open to any address, of pods of others as well.
        let outward = !to.is_ours();
        let reaches_database =
            matches!(from, Party::Gateway | Party::Sandbox | Party::Pipeline | Party::Migration);
        if outward && reaches_database && self.database_cidr.is_none() {
            expected.widen(self.ports(&Ports::Database), Some("OPENHIVE_DATABASE_CIDR"));
        }
        if outward && from == Party::Gateway {
            if self.api_server_cidr.is_none() {
                expected.widen(self.ports(&Ports::ApiServer), Some("OPENHIVE_API_SERVER_CIDR"));
            }
            // Providers of models may have private addresses, and so may what answers for them.
            if to != Party::Metadata {
                expected.widen(self.ports(&Ports::Tcp(443)), None);
            }
        }
        // Any address on 443 is also the database's or the API server's, if it has a public one.
        if matches!(from, Party::Sandbox | Party::Pipeline) && to == Party::Database {
            expected.widen(self.ports(&Ports::Tcp(443)), None);
        }
        let somewhere = self.api_server_cidr.is_none() && self.api_server_addresses.is_empty();
        if to == Party::ApiServer && somewhere {
            let key = Some("OPENHIVE_API_SERVER_CIDR");
            // As is that of an API server on the internet: where it is, is not known.
            if matches!(from, Party::Sandbox | Party::Pipeline) {
                expected.widen(self.ports(&Ports::Tcp(443)), key);
            }
            // And it may be among the addresses of the database.
            if reaches_database {
                expected.widen(self.ports(&Ports::Database), key);
            }
        }
        expected
    }

    fn ports(&self, ports: &Ports) -> PortSet {
        let set = |protocol, ports: &[u16]| {
            ports.iter().fold(PortSet::none(), |all, port| {
                all.union(&PortSet::of(protocol, PortRange::one(*port)))
            })
        };
        match ports {
            Ports::Tcp(port) => set(Protocol::Tcp, &[*port]),
            Ports::Database => set(Protocol::Tcp, &self.database_ports),
            Ports::ApiServer => set(Protocol::Tcp, &self.api_server_ports),
            Ports::Dns => {
                set(Protocol::Tcp, &self.dns_ports).union(&set(Protocol::Udp, &self.dns_ports))
            }
        }
    }
}

impl Expected {
    fn widen(&mut self, ports: PortSet, key: Option<&'static str>) {
        self.wide = self.wide.union(&ports);
        self.keys.push((ports, key));
    }
}
