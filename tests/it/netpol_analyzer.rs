//! Independent truth: the test folders of netpol-analyzer v1.4.4 and what it says of them.
//!
//! Both read the same manifests. Where they differ, the difference must be one of the classes below,
//! each computed from the input and decided by the API's own text (`docs/network-policy.md`, "Beside
//! netpol-analyzer").

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use manifest::yaml;
use netpol::address::{Family, Span, pieces};
use netpol::diff::{Change, DiffEnd, DiffOptions, diff_inputs};
use netpol::engine::{Connections, End, Ports};
use netpol::listing::By;
use netpol::read::Reader;
use netpol::{Cni, Direction, Input, Member, Place, PortRange, PortSet, Protocol};
use serde_json::Value;

use crate::analyzer::module;

fn files(dir: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(files(&path));
        } else if path.extension().is_some_and(|e| ["yaml", "yml", "json"].iter().any(|x| e == *x))
        {
            found.push(path);
        }
    }
    found.sort();
    found
}

/// What the API server would refuse and the peer takes. Repaired for the comparison, and counted.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
enum Repair {
    /// A name with an underscore (`IsDNS1123Subdomain`).
    Name,
    /// An ownerReference without `kind` (`ValidateOwnerReferences`: kind must not be empty).
    OwnerKind,
    /// A container port without `containerPort` (`validateContainerPorts`: required).
    ContainerPort,
    /// The same object in two files (a second apply would replace the first).
    Twice,
    /// A tab as indentation, which YAML forbids (1.2.2, section 6.1).
    Tab,
}

/// One folder as it was read.
struct Folder {
    input: Input,
    repairs: BTreeSet<Repair>,
    /// Workloads with pods that have come to an end: rule 17 leaves those out, the peer keeps them.
    ended: BTreeSet<String>,
}

/// Whose reading of an input.
#[derive(Clone, Copy, Eq, PartialEq)]
enum Reading {
    /// By the rules.
    Ours,
    /// As the peer: pods on their node's network are ordinary, pods that have come to an end run.
    Peers,
}

fn read(dir: &Path, reading: Reading) -> Folder {
    let mut reader = Reader::new("default");
    reader.network().cni = Some(Cni::None);
    let (mut repairs, mut ended, mut seen) = (BTreeSet::new(), BTreeSet::new(), BTreeSet::new());
    for path in files(dir) {
        let text = std::fs::read_to_string(&path).unwrap();
        let file = path.file_name().unwrap().to_string_lossy().into_owned();
        // A file that is no YAML is passed over, as the peer does.
        let documents = yaml::read(&text).or_else(|error| {
            let documents = yaml::read(&text.replace('\t', "  ")).map_err(|_| error)?;
            repairs.insert(Repair::Tab);
            Ok::<_, yaml::YamlError>(documents)
        });
        for document in documents.unwrap_or_default() {
            let place = Place { file: file.clone(), line: u32::try_from(document.line).ok() };
            for mut object in flat(document.value) {
                repair(&mut object, &mut repairs);
                if object
                    .pointer("/status/phase")
                    .is_some_and(|p| p == "Succeeded" || p == "Failed")
                {
                    ended.insert(ended_owner(&object));
                }
                if reading == Reading::Peers {
                    object.as_object_mut().map(|o| o.remove("status"));
                    for path in ["/spec", "/spec/template/spec"] {
                        if let Some(Value::Object(spec)) = object.pointer_mut(path) {
                            spec.remove("hostNetwork");
                        }
                    }
                }
                let id = ["/kind", "/metadata/namespace", "/metadata/name"]
                    .map(|p| object.pointer(p).cloned());
                if id[2].is_some() && !seen.insert(format!("{id:?}")) {
                    repairs.insert(Repair::Twice);
                    continue;
                }
                reader.add(&object, Some(&place));
            }
        }
    }
    Folder { input: reader.finish(), repairs, ended }
}

/// The objects of a list, or the object.
fn flat(value: Value) -> Vec<Value> {
    let kind = value["kind"].as_str().unwrap_or_default().to_owned();
    match value.get("items") {
        Some(Value::Array(items)) if kind.ends_with("List") => {
            let fill = |item: &Value| {
                let mut item = item.clone();
                if item.get("kind").is_none() {
                    item["kind"] = Value::from(kind.trim_end_matches("List"));
                    item["apiVersion"] = value["apiVersion"].clone();
                }
                item
            };
            items.iter().map(fill).collect()
        }
        _ => vec![value],
    }
}

fn repair(object: &mut Value, repairs: &mut BTreeSet<Repair>) {
    if let Some(Value::String(name)) = object.pointer_mut("/metadata/name")
        && name.contains('_')
    {
        *name = name.replace('_', "-");
        repairs.insert(Repair::Name);
    }
    for owner in list(object, "/metadata/ownerReferences") {
        if owner.get("kind").is_none() {
            owner["kind"] = Value::from("Pod");
            repairs.insert(Repair::OwnerKind);
        }
    }
    for path in ["/spec/containers", "/spec/template/spec/containers"] {
        for container in list(object, path) {
            let Some(Value::Array(ports)) = container.get_mut("ports") else { continue };
            let before = ports.len();
            ports.retain(|p| p.get("containerPort").is_some());
            if ports.len() < before {
                repairs.insert(Repair::ContainerPort);
            }
        }
    }
}

fn list<'a>(object: &'a mut Value, path: &str) -> &'a mut [Value] {
    object.pointer_mut(path).and_then(Value::as_array_mut).map_or(&mut [], Vec::as_mut_slice)
}

fn ended_owner(pod: &Value) -> String {
    let text = |path: &str| pod.pointer(path).and_then(Value::as_str).unwrap_or("default");
    let owner = pod.pointer("/metadata/ownerReferences/0").filter(|o| o["kind"] != "Node");
    let (name, kind) = owner.map_or((text("/metadata/name"), "Pod"), |o| {
        (o["name"].as_str().unwrap(), o["kind"].as_str().unwrap())
    });
    format!("{}/{name}[{kind}]", text("/metadata/namespace"))
}

/// Ports between workloads, and between workloads and IPv4 addresses.
#[derive(Clone, Default)]
struct Table {
    pairs: BTreeMap<(String, String), PortSet>,
    outside: BTreeMap<(String, Direction), Vec<(Span, PortSet)>>,
}

impl Table {
    /// Each address once, in pieces that `cuts` does not divide.
    fn addresses(&self, key: &(String, Direction), cuts: &[Span]) -> BTreeMap<Span, PortSet> {
        let mut found: BTreeMap<Span, PortSet> = BTreeMap::new();
        for piece in cuts.iter().filter(|p| p.family() == Family::V4) {
            for (span, ports) in self.outside.get(key).into_iter().flatten() {
                if span.covers(piece) {
                    let all = found.entry(*piece).or_default();
                    *all = all.union(ports);
                }
            }
        }
        found
    }
}

fn theirs(text: &str) -> Table {
    let mut table = Table::default();
    for line in text.lines() {
        let Some((ends, ports)) = line.split_once(" : ") else { continue };
        let (from, to) = ends.split_once(" => ").unwrap();
        if from.starts_with('{') || to.starts_with('{') {
            continue;
        }
        let ports = their_ports(ports);
        match (their_addresses(from), their_addresses(to)) {
            (Some(span), None) => {
                let key = (to.to_owned(), Direction::Ingress);
                table.outside.entry(key).or_default().push((span, ports));
            }
            (None, Some(span)) => {
                let key = (from.to_owned(), Direction::Egress);
                table.outside.entry(key).or_default().push((span, ports));
            }
            _ => {
                table.pairs.insert((from.to_owned(), to.to_owned()), ports);
            }
        }
    }
    table
}

fn their_addresses(end: &str) -> Option<Span> {
    let (first, last) = end.split_once('-')?;
    Span::between(first.parse().ok()?, last.parse().ok()?)
}

/// `All Connections`, or `SCTP 1-9002,9004-65535,TCP 80`.
fn their_ports(text: &str) -> PortSet {
    if text.trim() == "All Connections" {
        return PortSet::all();
    }
    let mut protocol = None;
    let mut set = PortSet::none();
    for part in text.trim().split(',') {
        let range = match part.split_once(' ') {
            Some((name, range)) => {
                protocol = Protocol::of(name);
                range
            }
            None => part,
        };
        let (first, last) = range.split_once('-').unwrap_or((range, range));
        let range = PortRange { first: first.parse().unwrap(), last: last.parse().unwrap() };
        set = set.union(&PortSet::of(protocol.unwrap(), range));
    }
    set
}

/// `namespace/name[Kind]` of the direct controller, which is how the peer names pods.
fn owner(member: &Member) -> String {
    let (name, kind) = member
        .owner
        .as_ref()
        .map_or((member.pod.name.as_str(), "Pod"), |o| (o.name.as_str(), o.kind.as_str()));
    format!("{}/{name}[{kind}]", member.namespace)
}

#[derive(Default)]
struct Ours {
    table: Table,
    /// Ports that are not certain, counted apart, never as agreement.
    uncertain: Table,
}

impl Table {
    fn add_pair(&mut self, key: &(String, String), ports: &PortSet) {
        let all = self.pairs.entry(key.clone()).or_default();
        *all = all.union(ports);
    }

    fn add_outside(&mut self, key: &(String, Direction), addresses: &[Span], ports: &PortSet) {
        let list = self.outside.entry(key.clone()).or_default();
        list.extend(addresses.iter().map(|a| (*a, ports.clone())));
    }

    fn rows(&self) -> usize {
        self.pairs.len() + self.outside.values().map(Vec::len).sum::<usize>()
    }
}

fn set(row: &Ports) -> PortSet {
    let one = |range: &PortRange| PortSet::of(row.protocol, *range);
    row.ranges.iter().map(one).fold(PortSet::none(), |all, one| all.union(&one))
}

fn ours(input: &Input) -> Ours {
    let mut found = Ours::default();
    let mut connections = Connections::new(input, true);
    let groups = connections.groups();
    let edges: Vec<_> = connections.ends().map(|class| connections.from(class)).collect();
    for (from, group) in groups.iter().enumerate() {
        let source = owner(&input.members[from]);
        for edge in &edges[*group] {
            let End::Group(to) = edge.to else { continue };
            for member in connections.members(to).filter(|m| *m != from) {
                let key = (source.clone(), owner(&input.members[member]));
                if key.0 == key.1 {
                    continue;
                }
                for row in edge.ports.iter() {
                    let table =
                        if row.why.is_some() { &mut found.uncertain } else { &mut found.table };
                    table.add_pair(&key, &set(row));
                }
            }
        }
        for direction in Direction::ALL {
            let key = (source.clone(), direction);
            for row in connections.outside(*group, direction).iter() {
                let certain = row.ports.why.is_none();
                let table = if certain { &mut found.table } else { &mut found.uncertain };
                table.add_outside(&key, &row.addresses, &set(&row.ports));
            }
        }
    }
    found
}

/// Why a difference is no error of ours.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
enum Class {
    /// A pod on its node's network: the API leaves open what policies do, plugins exempt it
    /// (concept page, "What you can't do with network policies"); the peer takes it for ordinary.
    HostNetwork,
    /// A pod that has come to an end has no network any more; the peer keeps it.
    Ended,
    /// What we call uncertain: `networks` hold pods too (`AdminNetworkPolicyEgressPeer.networks`:
    /// cluster-internal traffic is checked as well), `nodes` are not in the input.
    Uncertain,
}

struct Difference {
    text: String,
    class: Option<Class>,
}

fn compare(folder: &Folder, ours: &Ours, theirs: &Table) -> Vec<Difference> {
    let host: BTreeSet<String> =
        folder.input.members.iter().filter(|m| m.pod.host_network).map(owner).collect();
    let none = PortSet::none();
    let class = |ends: [&String; 2], excused: bool| {
        if ends.iter().any(|e| host.contains(*e)) {
            Some(Class::HostNetwork)
        } else if ends.iter().any(|e| folder.ended.contains(*e)) {
            Some(Class::Ended)
        } else {
            excused.then_some(Class::Uncertain)
        }
    };
    let beyond = |a: &PortSet, b: &PortSet| a.difference(b).union(&b.difference(a));
    let mut found = Vec::new();
    for pair in ours.table.pairs.keys().chain(theirs.pairs.keys()).collect::<BTreeSet<_>>() {
        let a = ours.table.pairs.get(pair).unwrap_or(&none);
        let b = theirs.pairs.get(pair).unwrap_or(&none);
        if a != b {
            let doubt = ours.uncertain.pairs.get(pair).unwrap_or(&none);
            let excused = beyond(a, b).difference(doubt).is_empty();
            let text = format!("{} => {}: ours {a}, theirs {b}", pair.0, pair.1);
            found.push(Difference { text, class: class([&pair.0, &pair.1], excused) });
        }
    }
    for key in ours.table.outside.keys().chain(theirs.outside.keys()).collect::<BTreeSet<_>>() {
        let tables = [&ours.table, &ours.uncertain, theirs];
        let spans = tables.iter().flat_map(|t| t.outside.get(key).into_iter().flatten());
        let cuts = pieces(spans.map(|(span, _)| span));
        let [a, doubt, b] = tables.map(|t| t.addresses(key, &cuts));
        for cut in cuts.iter().filter(|c| c.family() == Family::V4) {
            let [a, doubt, b] = [&a, &doubt, &b].map(|t| t.get(cut).unwrap_or(&none));
            if a != b {
                let excused = beyond(a, b).difference(doubt).is_empty();
                let text = format!("{} {} {cut}: ours {a}, theirs {b}", key.0, key.1);
                found.push(Difference { text, class: class([&key.0, &key.0], excused) });
            }
        }
    }
    found
}

#[test]
fn connections_agree_with_netpol_analyzer() {
    let module = module();
    let (mut whole, mut folders, mut rows, mut uncertain) = (0, 0, 0, 0);
    let mut classes: BTreeMap<Class, usize> = BTreeMap::new();
    let mut repairs: BTreeMap<Repair, usize> = BTreeMap::new();
    let mut unexplained = Vec::new();
    for entry in std::fs::read_dir(module.join("test_outputs/connlist")).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        let Some(name) = name.strip_suffix("_connlist_output.txt") else { continue };
        let dir = module.join("tests").join(name);
        // Variants of a folder (one workload in focus, an explanation) have no folder of that name.
        if !dir.is_dir() {
            continue;
        }
        folders += 1;
        let theirs = theirs(&std::fs::read_to_string(&path).unwrap());
        // Read as the peer does, nothing may differ but what we call uncertain.
        let folder = read(&dir, Reading::Peers);
        let before = unexplained.len();
        for difference in compare(&folder, &ours(&folder.input), &theirs) {
            if difference.class != Some(Class::Uncertain) {
                unexplained.push(format!("{name}, read as the peer: {}", difference.text));
            }
        }
        let folder = read(&dir, Reading::Ours);
        folder.repairs.iter().for_each(|r| *repairs.entry(*r).or_default() += 1);
        unexplained.extend(folder.input.invalid.iter().map(|i| format!("{name}: refused: {i}")));
        let ours = ours(&folder.input);
        rows += ours.table.rows();
        uncertain += ours.uncertain.rows();
        for difference in compare(&folder, &ours, &theirs) {
            match difference.class {
                Some(class) => *classes.entry(class).or_default() += 1,
                None => unexplained.push(format!("{name}: {}", difference.text)),
            }
        }
        whole += usize::from(unexplained.len() == before);
    }
    println!("{whole} of {folders} folders agree, {rows} rows, {uncertain} uncertain");
    println!("differences by class: {classes:?}; repaired input, by folder: {repairs:?}");
    assert!(folders >= 100, "{folders} folders: is the module whole?");
    assert!(unexplained.is_empty(), "{}", unexplained.join("\n"));
}

/// What opens and closes on certain ports, and on ports that are uncertain in one of the inputs.
#[derive(Default)]
struct Changes {
    opened: Table,
    closed: Table,
}

fn their_changes(text: &str) -> Changes {
    let mut changes = Changes::default();
    for line in text.lines() {
        let Some((_, rest)) = line.split_once(", source: ") else { continue };
        let (from, rest) = rest.split_once(", destination: ").unwrap();
        let (to, rest) = rest.split_once(", ref1: ").unwrap();
        let (old, new) = rest.split_once(", ref2: ").unwrap();
        let new = new.split_once(", workloads-diff-info").map_or(new, |(new, _)| new);
        if from.starts_with('{') || to.starts_with('{') {
            continue;
        }
        let [old, new] = [old, new].map(|ports| match ports {
            "No Connections" => PortSet::none(),
            ports => their_ports(ports),
        });
        changes.opened.add_line(from, to, new.difference(&old));
        changes.closed.add_line(from, to, old.difference(&new));
    }
    changes
}

impl Table {
    /// A line of the peer, with ends as it names them.
    fn add_line(&mut self, from: &str, to: &str, ports: PortSet) {
        if ports.is_empty() {
            return;
        }
        match (their_addresses(from), their_addresses(to)) {
            (Some(span), None) => {
                self.add_outside(&(to.to_owned(), Direction::Ingress), &[span], &ports)
            }
            (None, Some(span)) => {
                self.add_outside(&(from.to_owned(), Direction::Egress), &[span], &ports)
            }
            _ => self.add_pair(&(from.to_owned(), to.to_owned()), &ports),
        }
    }
}

/// The certain changes that `--against --by owner` finds, with ends named as the peer names them.
fn our_changes(before: &Input, after: &Input) -> Changes {
    let members = before.members.iter().chain(&after.members);
    let names: BTreeMap<String, String> = members
        .map(|m| {
            let id = m.owner.as_ref().map_or_else(|| m.id(), |o| format!("{}/{o}", m.namespace));
            (id, owner(m))
        })
        .collect();
    let options = DiffOptions { by: By::Owner, known_only: true, ..DiffOptions::default() };
    let diff = diff_inputs(before, after, &options).unwrap();
    let name = |party: usize| names[&diff.parties[party].members[0]].clone();
    let table = |changes: &[Change]| {
        let mut table = Table::default();
        for change in changes.iter().filter(|c| c.why.is_none()) {
            // The peer lists no connection between pods of one owner.
            if change.from == change.to {
                continue;
            }
            match (&change.from, &change.to) {
                (DiffEnd::Party(from), DiffEnd::Party(to)) => {
                    table.add_pair(&(name(*from), name(*to)), &change.ports);
                }
                (DiffEnd::Addresses(spans), DiffEnd::Party(to)) => {
                    table.add_outside(&(name(*to), Direction::Ingress), spans, &change.ports);
                }
                (DiffEnd::Party(from), DiffEnd::Addresses(spans)) => {
                    table.add_outside(&(name(*from), Direction::Egress), spans, &change.ports);
                }
                _ => {}
            }
        }
        table
    };
    Changes { opened: table(&diff.opened), closed: table(&diff.closed) }
}

/// Everything that is uncertain in either input.
fn doubts(before: &Folder, after: &Folder) -> Table {
    let mut all = Table::default();
    for folder in [before, after] {
        let Ours { uncertain, .. } = ours(&folder.input);
        uncertain.pairs.iter().for_each(|(key, ports)| all.add_pair(key, ports));
        for (key, rows) in uncertain.outside {
            all.outside.entry(key).or_default().extend(rows);
        }
    }
    all
}

/// The folders of `diff_between_NEW_and_OLD.txt`.
fn diff_folders(module: &Path, name: &str) -> Option<(PathBuf, PathBuf)> {
    let name = name.strip_prefix("diff_between_")?.strip_suffix(".txt")?;
    name.match_indices("_and_").find_map(|(at, and)| {
        let dir = |name: &str| Some(module.join("tests").join(name)).filter(|dir| dir.is_dir());
        Some((dir(&name[..at])?, dir(&name[at + and.len()..])?))
    })
}

#[test]
fn changes_agree_with_netpol_analyzer() {
    let module = module();
    let (mut whole, mut pairs, mut rows) = (0, 0, 0);
    let mut classes: BTreeMap<Class, usize> = BTreeMap::new();
    let mut unexplained = Vec::new();
    for entry in std::fs::read_dir(module.join("test_outputs/diff")).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        let Some((new, old)) = diff_folders(&module, &name) else { continue };
        pairs += 1;
        let theirs = their_changes(&std::fs::read_to_string(&path).unwrap());
        rows += theirs.opened.rows() + theirs.closed.rows();
        let before = unexplained.len();
        for reading in [Reading::Peers, Reading::Ours] {
            let (old, new) = (read(&old, reading), read(&new, reading));
            let ours = our_changes(&old.input, &new.input);
            let doubts = doubts(&old, &new);
            for (what, ours, theirs) in
                [("opened", ours.opened, &theirs.opened), ("closed", ours.closed, &theirs.closed)]
            {
                let ours = Ours { table: ours, uncertain: doubts.clone() };
                let both = Folder {
                    input: Input {
                        members: [&old, &new]
                            .iter()
                            .flat_map(|f| f.input.members.clone())
                            .collect(),
                        ..Input::default()
                    },
                    repairs: BTreeSet::new(),
                    ended: old.ended.union(&new.ended).cloned().collect(),
                };
                for difference in compare(&both, &ours, theirs) {
                    match (reading, difference.class) {
                        (Reading::Ours, Some(class)) => *classes.entry(class).or_default() += 1,
                        (Reading::Peers, Some(Class::Uncertain)) => {}
                        _ => unexplained.push(format!("{name}: {what}: {}", difference.text)),
                    }
                }
            }
        }
        whole += usize::from(unexplained.len() == before);
    }
    println!("{whole} of {pairs} pairs of folders agree, {rows} rows");
    println!("differences by class: {classes:?}");
    assert!(pairs >= 45, "{pairs} pairs: is the module whole?");
    assert!(unexplained.is_empty(), "{}", unexplained.join("\n"));
}

/// Folders with an object that the API server refuses: so do we, with file and field.
#[test]
fn bad_folders_are_refused_with_file_and_field() {
    let tests = module().join("tests");
    let (mut folders, mut accepted) = (0, BTreeSet::new());
    for entry in std::fs::read_dir(&tests).unwrap() {
        let dir = entry.unwrap().path();
        let name = dir.file_name().unwrap().to_string_lossy().into_owned();
        if !name.contains("_bad_path_") && !name.contains("with_empty_port_range") {
            continue;
        }
        folders += 1;
        let mut reader = Reader::new("default");
        for path in files(&dir) {
            let file = path.file_name().unwrap().to_string_lossy().into_owned();
            for document in yaml::read(&std::fs::read_to_string(&path).unwrap()).unwrap() {
                let line = u32::try_from(document.line).ok();
                reader.add(&document.value, Some(&Place { file: file.clone(), line }));
            }
        }
        let input = reader.finish();
        if input.invalid.is_empty() {
            accepted.insert(name.clone());
        }
        for problem in &input.invalid {
            println!("{name}: {}: {problem}", problem.place.as_ref().unwrap());
            assert!(!problem.field.is_empty(), "{name}: {problem}");
        }
    }
    assert!(folders >= 34, "{folders} folders: is the module whole?");
    // Two policies of one priority: the API accepts them and leaves to the implementation which of
    // them counts. They are evaluated, and where they disagree the answer is uncertain.
    assert_eq!(accepted, BTreeSet::from(["anp_bad_path_test_1".to_owned()]));
}
