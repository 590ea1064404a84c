//! Flows that are possible in one of two inputs only, between workloads.
//!
//! Workloads that behave alike in both inputs are one party, so that the work grows with the square
//! of behaviours, not of pods.

mod rest;

use std::collections::{BTreeMap, BTreeSet, HashMap};

use crate::address::{Span, merged, pieces};
use crate::engine::{Connections, PodPattern};
use crate::input::{Input, Member};
use crate::listing::{Asked, By, Filter};
use crate::pick::NotThere;
use crate::policy::Direction;
use crate::ports::PortSet;
use crate::verdict::{Verdict, Why};

pub use rest::complete;

/// What is different between two inputs.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct InputDiff {
    /// Who the ends of the flows are.
    pub parties: Vec<DiffParty>,
    /// Impossible before, possible after; by source, then destination.
    pub opened: Vec<Change>,
    /// Possible before, impossible after; by source, then destination.
    pub closed: Vec<Change>,
}

impl InputDiff {
    /// Whether no flow changes.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.opened.is_empty() && self.closed.is_empty()
    }
}

/// Workloads, or pods without one, that behave alike before and alike after.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct DiffParty {
    /// Their ids, sorted: `namespace/kind/name`, or `namespace/name` of a pod.
    pub members: Vec<String>,
    /// Where they are.
    pub namespace: String,
    /// In which of the inputs.
    pub presence: Presence,
    /// Set, and no members: pods that are not in the inputs.
    pub unknown: Option<PodPattern>,
}

/// In which of two inputs something is.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub enum Presence {
    /// In both.
    Both,
    /// New: its flows are opened.
    Added,
    /// Gone: its flows are closed.
    Removed,
}

/// A flow that is possible in one of the inputs only.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub struct Change {
    /// Who connects.
    pub from: DiffEnd,
    /// To whom.
    pub to: DiffEnd,
    /// On which ports.
    pub ports: PortSet,
    /// Set where one of the inputs is not certain of it.
    pub why: Option<Why>,
}

/// One end of a change.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum DiffEnd {
    /// A party, by its number.
    Party(usize),
    /// Addresses, sorted and merged.
    Addresses(Vec<Span>),
}

/// What to compare.
#[derive(Clone, Debug, Default)]
pub struct DiffOptions {
    /// What one member of a party is. [`By::Group`]: a workload, those that behave alike together.
    pub by: By,
    /// Leave out pods that are not in the inputs.
    pub known_only: bool,
    /// Which flows.
    pub asked: Asked,
}

/// Ports that are possible on one side only, by the doubt about them.
type Gain = Vec<(Option<Why>, PortSet)>;

/// What `more` lets pass, perhaps or for certain, and `less` certainly does not. Where policies that
/// are not known may close in `less` what `more` allows, it is a gain perhaps; where they are not known
/// on both sides, nothing is known of a change.
fn gain(less: &Verdict, more: &Verdict) -> Gain {
    const HIDDEN: Why = Why::PolicyKindNotEvaluated;
    let before = less.possible();
    let doubts = more.uncertain().into_iter().map(|(why, ports)| (why, ports.difference(&before)));
    let hidden = less.uncertain().into_iter().filter(|(why, _)| *why == HIDDEN);
    let hidden = hidden.map(|(why, ports)| (why, ports.intersection(more.allowed())));
    let certain = more.allowed().difference(&before);
    let mut gain: BTreeMap<Option<Why>, PortSet> = BTreeMap::from([(None, certain)]);
    for (why, ports) in doubts.chain(hidden) {
        let known = gain.entry(Some(why)).or_insert_with(PortSet::none);
        *known = known.union(&ports);
    }
    gain.into_iter().filter(|(_, ports)| !ports.is_empty()).collect()
}

/// Compares two inputs. A flow counts as possible where it is allowed or not decidable for any pod
/// of the workloads at its ends, so that nothing which may open is left out. What
/// policies that are not known may close in one of them opens or closes perhaps.
///
/// # Errors
/// A name that is asked for means nobody in either input.
pub fn diff_inputs(
    before: &Input,
    after: &Input,
    options: &DiffOptions,
) -> Result<InputDiff, NotThere> {
    let filters = Filter::of_either(before, after, &options.asked)?;
    let mut sides = [before, after].map(|input| {
        let other = if std::ptr::eq(input, before) { after } else { before };
        Connections::beside(input, &other.cluster, options.known_only)
    });
    let parties = parties(&sides, &filters, options.by);
    let mut diff = Diff {
        ports: filters[0].asked_ports(),
        gains: HashMap::new(),
        found: InputDiff::default(),
    };
    for (from, source) in parties.iter().enumerate().filter(|(_, p)| p.is_source) {
        for (to, destination) in parties.iter().enumerate().filter(|(_, p)| p.is_destination) {
            let listed = (source.is_inside || destination.is_inside)
                && (source.is_known() || destination.is_known())
                && (from != to || source.several);
            if listed {
                let verdicts = [0, 1].map(|i| {
                    let (from, to) = (&source.classes[i], &destination.classes[i]);
                    possible(&mut sides[i], from, to)
                });
                diff.note(DiffEnd::Party(from), DiffEnd::Party(to), verdicts);
            }
        }
    }
    let addresses = addresses(&sides);
    for (number, party) in parties.iter().enumerate().filter(|(_, p)| p.is_known() && p.is_inside) {
        if party.is_source {
            diff.outside(&sides, &addresses, &filters, (number, party), Direction::Egress);
        }
        if party.is_destination {
            diff.outside(&sides, &addresses, &filters, (number, party), Direction::Ingress);
        }
    }
    let mut found = diff.found;
    found.parties = parties.into_iter().map(|p| p.shown).collect();
    found.opened.sort();
    found.closed.sort();
    Ok(found)
}

/// A party while it is compared.
struct Party {
    shown: DiffParty,
    /// In each input the classes of its pods.
    classes: [Vec<usize>; 2],
    /// Whether it has, or may have, more than one pod.
    several: bool,
    is_source: bool,
    is_destination: bool,
    is_inside: bool,
}

impl Party {
    fn is_known(&self) -> bool {
        self.shown.unknown.is_none()
    }
}

/// A workload of either input.
#[derive(Default)]
struct Entity {
    namespace: String,
    classes: [BTreeSet<usize>; 2],
    pods: [usize; 2],
    several: bool,
    is_source: bool,
    is_destination: bool,
    is_inside: bool,
}

fn id(member: &Member, by: By) -> String {
    let owner = match by {
        By::Group | By::Workload => &member.workload,
        By::Owner => &member.owner,
        By::Pod => &None,
    };
    owner.as_ref().map_or_else(|| member.id(), |o| format!("{}/{o}", member.namespace))
}

fn parties(sides: &[Connections<'_>; 2], filters: &[Filter; 2], by: By) -> Vec<Party> {
    let mut entities: BTreeMap<String, Entity> = BTreeMap::new();
    for (i, side) in sides.iter().enumerate() {
        for (number, class) in side.groups().into_iter().enumerate() {
            let member = side.member(number);
            let entity = entities.entry(id(member, by)).or_default();
            entity.namespace.clone_from(&member.namespace);
            entity.classes[i].insert(class);
            entity.pods[i] += 1;
            entity.several |= entity.pods[i] > 1 || member.may_be_several();
            let [source, destination] = filters[i].is_asked(Some(number), &[&member.namespace]);
            entity.is_source |= source;
            entity.is_destination |= destination;
            entity.is_inside |= filters[i].is_inside(&[&member.namespace]);
        }
    }
    let mut parties: Vec<Party> = Vec::new();
    let mut known = HashMap::new();
    for (id, entity) in entities {
        if !entity.is_source && !entity.is_destination {
            continue;
        }
        let classes = entity.classes.map(|c| c.into_iter().collect::<Vec<_>>());
        let alone = (by != By::Group).then(|| id.clone());
        let key = (alone, classes.clone(), entity.is_source, entity.is_destination);
        let party = *known.entry((key, entity.namespace.clone())).or_insert_with(|| {
            let presence = match (classes[0].is_empty(), classes[1].is_empty()) {
                (true, false) => Presence::Added,
                (false, true) => Presence::Removed,
                _ => Presence::Both,
            };
            let (members, namespace) = (Vec::new(), entity.namespace.clone());
            parties.push(Party {
                shown: DiffParty { members, namespace, presence, unknown: None },
                classes,
                several: false,
                is_source: entity.is_source,
                is_destination: entity.is_destination,
                is_inside: entity.is_inside,
            });
            parties.len() - 1
        });
        let party = &mut parties[party];
        party.several |= entity.several || !party.shown.members.is_empty();
        party.shown.members.push(id);
    }
    parties.extend(representatives(sides, filters, &parties));
    parties
}

/// Pods that are in neither input, where no party behaves like them.
fn representatives(
    sides: &[Connections<'_>; 2],
    filters: &[Filter; 2],
    parties: &[Party],
) -> Vec<Party> {
    let after: HashMap<&PodPattern, usize> = sides[1].representatives().collect();
    let mut seen: BTreeSet<[Vec<usize>; 2]> =
        parties.iter().map(|party| party.classes.clone()).collect();
    let mut found = Vec::new();
    for (pattern, class) in sides[0].representatives() {
        let Some(other) = after.get(pattern) else { continue };
        let classes = [vec![class], vec![*other]];
        let home = pattern.namespaces();
        let asked = [0, 1].map(|i| filters[i].is_asked(None, &home));
        let [is_source, is_destination] = [0, 1].map(|i| asked[0][i] || asked[1][i]);
        if (is_source || is_destination) && seen.insert(classes.clone()) {
            found.push(Party {
                shown: DiffParty {
                    members: Vec::new(),
                    namespace: String::new(),
                    presence: Presence::Both,
                    unknown: Some(pattern.clone()),
                },
                classes,
                several: false,
                is_source,
                is_destination,
                is_inside: filters.iter().any(|f| f.is_inside(&home)),
            });
        }
    }
    found.sort_by(|a, b| a.shown.unknown.cmp(&b.shown.unknown));
    found
}

/// What any of these may send to any of those.
fn possible(side: &mut Connections<'_>, from: &[usize], to: &[usize]) -> Verdict {
    let mut all = Verdict::deny();
    for source in from {
        for destination in to {
            if let Some(verdict) = side.between(*source, *destination) {
                all = any([&all, verdict]);
            }
        }
    }
    all
}

fn any<'v>(verdicts: impl IntoIterator<Item = &'v Verdict>) -> Verdict {
    let one = |all: Verdict, one: &Verdict| if all.is_deny() { one.clone() } else { all.or(one) };
    verdicts.into_iter().fold(Verdict::deny(), one)
}

/// Addresses that neither input tells apart, with their classes in both.
fn addresses(sides: &[Connections<'_>; 2]) -> Vec<([usize; 2], Vec<Span>)> {
    let classes = |side: &Connections<'_>| {
        let classes = side.ends().end..side.classes();
        let spans = classes
            .flat_map(|class| side.addresses(class).into_iter().map(move |span| (span, class)));
        let mut spans: Vec<(Span, usize)> = spans.collect();
        spans.sort_unstable();
        spans
    };
    let both = [classes(&sides[0]), classes(&sides[1])];
    let cuts = pieces(both.iter().flatten().map(|(span, _)| span));
    let mut found: BTreeMap<[usize; 2], Vec<Span>> = BTreeMap::new();
    for piece in cuts {
        let class = |spans: &Vec<(Span, usize)>| {
            let at = spans.partition_point(|(span, _)| {
                (span.family(), span.last()) < (piece.family(), piece.first())
            });
            spans.get(at).map(|(_, class)| *class)
        };
        if let (Some(a), Some(b)) = (class(&both[0]), class(&both[1])) {
            found.entry([a, b]).or_default().push(piece);
        }
    }
    found.into_iter().collect()
}

struct Diff {
    ports: PortSet,
    /// What opens and closes between two verdicts.
    gains: HashMap<[Verdict; 2], [Gain; 2]>,
    found: InputDiff,
}

impl Diff {
    fn gains(&mut self, verdicts: [Verdict; 2]) -> &[Gain; 2] {
        let asked = &self.ports;
        self.gains.entry(verdicts).or_insert_with_key(|[old, new]| {
            [gain(old, new), gain(new, old)].map(|gain| {
                let cut = gain.into_iter().map(|(why, ports)| (why, ports.intersection(asked)));
                cut.filter(|(_, ports)| !ports.is_empty()).collect()
            })
        })
    }

    fn note(&mut self, from: DiffEnd, to: DiffEnd, verdicts: [Verdict; 2]) {
        if verdicts[0] == verdicts[1] {
            return;
        }
        let [opened, closed] = self.gains(verdicts).clone();
        self.push(&from, &to, opened, closed);
    }

    fn push(&mut self, from: &DiffEnd, to: &DiffEnd, opened: Gain, closed: Gain) {
        for (list, gain) in [(&mut self.found.opened, opened), (&mut self.found.closed, closed)] {
            list.extend(gain.into_iter().map(|(why, ports)| Change {
                from: from.clone(),
                to: to.clone(),
                ports,
                why,
            }));
        }
    }

    fn outside(
        &mut self,
        sides: &[Connections<'_>; 2],
        addresses: &[([usize; 2], Vec<Span>)],
        filters: &[Filter; 2],
        (number, party): (usize, &Party),
        direction: Direction,
    ) {
        let mut changes: BTreeMap<[Gain; 2], Vec<Span>> = BTreeMap::new();
        for (classes, spans) in addresses {
            let verdicts = [0, 1].map(|i| {
                let own = party.classes[i].iter();
                let verdicts = own.filter_map(|own| sides[i].side(direction, *own, classes[i]));
                any(verdicts)
            });
            if verdicts[0] != verdicts[1] {
                let asked = filters.iter().flat_map(|f| f.addresses(direction, spans));
                changes.entry(self.gains(verdicts).clone()).or_default().extend(asked);
            }
        }
        for ([opened, closed], spans) in changes.into_iter().filter(|(_, s)| !s.is_empty()) {
            let (own, other) = (DiffEnd::Party(number), DiffEnd::Addresses(merged(spans)));
            let (from, to) = direction.from_to(&own, &other);
            self.push(from, to, opened, closed);
        }
    }
}
