//! The table itself: who may talk to whom (`docs/platform.md`, "Network policy").

use super::party::{Party, Platform, Profile};
use super::roles::{Role, Special};
use crate::address::Block;
use crate::expect::{self, Expectation, Expectations, Unlisted, Wanted};
use crate::input::Input;
use crate::ports::{PortRange, PortSet, Protocol};
use ipnet::IpNet;

/// The table over an input, as expectations.
pub(super) struct Table {
    pub(super) expectations: Expectations,
    /// The cell of each entry; `None` for one that is about a part of several.
    pub(super) cells: Vec<Option<(Party, Party)>>,
}

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
    /// The whole table over an input. Of two parties that are not the platform's nothing is meant.
    pub(super) fn table(&self, input: &Input) -> Table {
        let roles = self.roles(input);
        let mut table = Table {
            expectations: Expectations {
                unlisted: Unlisted::Ignore,
                flows: Vec::new(),
                place: None,
            },
            cells: Vec::new(),
        };
        self.exceptions(&roles, &mut table);
        for from in &roles {
            for to in roles.iter().filter(|to| from.party.is_ours() || to.party.is_ours()) {
                self.pair(from, to, &mut table);
            }
        }
        table
    }

    /// Blocks that the values open to sandbox and pipelines, whoever has the addresses.
    fn exceptions(&self, roles: &[Role], table: &mut Table) {
        let of = |parties: &[Party]| {
            let forms = roles.iter().filter(|role| parties.contains(&role.party));
            let forms: Vec<_> = forms.flat_map(|role| role.who.forms().cloned()).collect();
            (!forms.is_empty()).then_some(expect::Party::OneOf(forms))
        };
        let mut add = |from: Option<expect::Party>, to: expect::Party, ports: PortSet| {
            if let Some(from) = from {
                table.add(&from, &to, ports, Wanted::Allow, None);
            }
        };
        let runtime = RUNTIME.contains(&self.profile);
        let allowed: &[Party] =
            if runtime { &[Party::Sandbox, Party::Pipeline] } else { &[Party::Sandbox] };
        for (cidr, port) in &self.sandbox_allow {
            let ports = port.map_or_else(PortSet::all, |port| tcp(&[port]));
            add(of(allowed), expect::Party::Addresses(Block::new(*cidr)), ports);
        }
        if let Some((port, cidr)) = self.relay.filter(|_| runtime) {
            let to = cidr.map_or(expect::Party::Somewhere, |cidr| {
                expect::Party::Addresses(Block::new(cidr))
            });
            add(of(&[Party::Sandbox]), to, tcp(&[port]));
        }
    }

    fn pair(&self, from: &Role, to: &Role, table: &mut Table) {
        let expected = self.expected(from.party, to.party);
        let open = match to.special {
            Some(Special::NodeLocalDns) if !expected.open.is_empty() => {
                tcp(&[DNS]).union(&udp(&[DNS]))
            }
            _ => expected.open.clone(),
        };
        // A node reaches the pods on it whatever their policies say.
        let wide = match from.special {
            Some(Special::OfNode) => PortSet::all(),
            _ => expected.wide.difference(&open),
        };
        let cell = Some((as_source(from), as_destination(to)));
        for (ports, wanted) in
            [(open, Wanted::Allow), (wide, Wanted::Optional), (PortSet::all(), Wanted::Deny)]
        {
            table.add(&from.who, &to.who, ports, wanted, cell);
        }
    }

    /// What is meant to be open between two parties.
    #[must_use]
    pub fn expected(&self, from: Party, to: Party) -> Expected {
        let rows = TABLE.iter().filter(|row| {
            row.from.contains(&from) && row.to.contains(&to) && row.profiles.contains(&self.profile)
        });
        let open = rows.fold(PortSet::none(), |all, row| all.union(&self.ports(&row.ports)));
        let mut expected = Expected { open, ..Expected::default() };
        let somewhere = self.api_server_cidr.is_none() && self.api_server_addresses.is_empty();
        // It may be among the addresses that the values allow.
        let hidden = match to {
            Party::ApiServer if somewhere => Some("OPENHIVE_API_SERVER_CIDR"),
            Party::Database if self.database_cidr.is_none() => Some("OPENHIVE_DATABASE_CIDR"),
            _ => None,
        };
        if hidden.is_some() && matches!(from, Party::Sandbox | Party::Pipeline) {
            for (_, port) in &self.sandbox_allow {
                expected.widen(port.map_or_else(PortSet::all, |port| tcp(&[port])), hidden);
            }
        }
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
        let sandboxed = matches!(from, Party::Sandbox | Party::Pipeline);
        // Any address on 443 is also the database's or the API server's, if it has a public one.
        let public = |cidr: Option<IpNet>| cidr.is_none_or(|cidr| self.is_external(&cidr));
        if sandboxed && to == Party::Database && public(self.database_cidr) {
            expected.widen(self.ports(&Ports::Tcp(443)), None);
        }
        if sandboxed && to == Party::ApiServer && self.api_server_is_public() {
            expected.widen(self.ports(&Ports::Tcp(443)), None);
        }
        // Of two that are declared to be in one block, each has the other's ports.
        if let (Some(database), Some(api)) = (self.database_cidr, self.api_server_cidr)
            && (database.contains(&api) || api.contains(&database))
        {
            if reaches_database && to == Party::ApiServer {
                expected.widen(self.ports(&Ports::Database), None);
            }
            if from == Party::Gateway && to == Party::Database {
                expected.widen(self.ports(&Ports::ApiServer), None);
            }
        }
        // A name cannot be a peer here either.
        if outward
            && from == Party::Sandbox
            && let Some((port, None)) = self.relay
        {
            expected.widen(tcp(&[port]), None);
        }
        if to == Party::ApiServer && somewhere {
            let key = Some("OPENHIVE_API_SERVER_CIDR");
            // As is that of an API server on the internet: where it is, is not known.
            if sandboxed {
                expected.widen(self.ports(&Ports::Tcp(443)), key);
            }
            // And it may be among the addresses of the database.
            if reaches_database {
                expected.widen(self.ports(&Ports::Database), key);
            }
            if let (Party::Sandbox, Some((port, _))) = (from, self.relay) {
                expected.widen(tcp(&[port]), key);
            }
        }
        expected
    }

    fn api_server_is_public(&self) -> bool {
        let mut addresses = self.api_server_addresses.iter().map(|address| IpNet::from(*address));
        addresses.any(|address| self.is_external(&address))
            || self.api_server_cidr.is_some_and(|cidr| self.is_external(&cidr))
    }

    fn ports(&self, ports: &Ports) -> PortSet {
        match ports {
            Ports::Tcp(port) => tcp(&[*port]),
            Ports::Database => tcp(&self.database_ports),
            Ports::ApiServer => tcp(&self.api_server_ports),
            Ports::Dns => tcp(&self.dns_ports).union(&udp(&self.dns_ports)),
        }
    }
}

/// The row of a source. Whoever is not the platform's and connects to it is let in or not, whatever
/// it is otherwise.
const fn as_source(role: &Role) -> Party {
    match role.party {
        Party::Database | Party::Dns if is_pod(&role.who) => Party::Elsewhere,
        Party::IngressController => Party::IngressController,
        Party::Database | Party::Dns | Party::ApiServer | Party::Metadata | Party::Private => {
            Party::External
        }
        party => party,
    }
}

const fn as_destination(role: &Role) -> Party {
    role.party
}

const fn is_pod(who: &expect::Party) -> bool {
    matches!(who, expect::Party::Pods(_) | expect::Party::OneOf(_))
}

impl Table {
    fn add(
        &mut self,
        from: &expect::Party,
        to: &expect::Party,
        ports: PortSet,
        verdict: Wanted,
        cell: Option<(Party, Party)>,
    ) {
        if ports.is_empty() {
            return;
        }
        let reason = "docs/platform.md, \"Network policy\"".to_owned();
        let (from, to) = (from.clone(), to.clone());
        self.expectations.flows.push(Expectation {
            from,
            to,
            ports,
            verdict,
            reason,
            expires: None,
        });
        self.cells.push(cell);
    }
}

/// The port of DNS, where nobody says another one.
const DNS: u16 = 53;

fn tcp(ports: &[u16]) -> PortSet {
    set(Protocol::Tcp, ports)
}

fn udp(ports: &[u16]) -> PortSet {
    set(Protocol::Udp, ports)
}

fn set(protocol: Protocol, ports: &[u16]) -> PortSet {
    ports
        .iter()
        .fold(PortSet::none(), |all, port| all.union(&PortSet::of(protocol, PortRange::one(*port))))
}

impl Expected {
    fn widen(&mut self, ports: PortSet, key: Option<&'static str>) {
        self.wide = self.wide.union(&ports);
        self.keys.push((ports, key));
    }
}
