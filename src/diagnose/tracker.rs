//! A diagnosis over time.

use std::collections::BTreeMap;

use jiff::Timestamp;

use super::sight::{self, Context, History, Key, Sighting};
use super::{Finding, Grace, Snapshot, advice, text};

/// Remembers when each symptom was first seen.
///
/// Its time is the caller's own clock and nobody else's: a cluster whose clock is some minutes
/// ahead must not make a young symptom old.
#[derive(Clone, Debug, Default)]
pub struct Tracker {
    grace: Grace,
    first: BTreeMap<Key, Timestamp>,
    history: History,
}

impl Tracker {
    /// A tracker that has seen nothing.
    #[must_use]
    pub fn new(grace: Grace) -> Self {
        Self { grace, ..Self::default() }
    }

    /// What is wrong now, the first certain cause first. A symptom that is gone is forgotten: when
    /// it comes back it has its whole grace again.
    pub fn observe(&mut self, now: Timestamp, snapshot: &Snapshot) -> Vec<Finding> {
        sight::remember(&mut self.history, snapshot);
        let context = Context { snapshot, grace: &self.grace, history: &self.history, now };
        let seen = sight::all(&context);
        let first = &mut self.first;
        first.retain(|key, _| seen.iter().any(|sighting| sighting.key() == *key));
        for sighting in &seen {
            first.entry(sighting.key()).or_insert(now);
        }
        judge(seen, now, |sighting| first.get(&sighting.key()).copied().unwrap_or(now))
    }
}

/// What is wrong in a single look, with the objects' own times (`now` is the API server's).
///
/// A symptom whose beginning the objects do not tell is as young as the look.
#[must_use]
pub fn diagnose(snapshot: &Snapshot, grace: &Grace, now: Timestamp) -> Vec<Finding> {
    let mut history = History::default();
    sight::remember(&mut history, snapshot);
    let context = Context { snapshot, grace, history: &history, now };
    judge(sight::all(&context), now, |sighting| sighting.began.unwrap_or(now).min(now))
}

fn judge(
    seen: Vec<Sighting>,
    now: Timestamp,
    since: impl Fn(&Sighting) -> Timestamp,
) -> Vec<Finding> {
    let mut judged: Vec<(bool, Sighting, Timestamp)> = seen
        .into_iter()
        .map(|sighting| (since(&sighting), sighting))
        .filter(|(since, sighting)| now.duration_since(*since) >= sighting.shows_after)
        .map(|(since, sighting)| {
            let age = now.duration_since(since);
            let terminal = sighting.fails_after.is_some_and(|limit| age >= limit);
            (terminal, sighting, since)
        })
        .collect();
    judged.sort_by(|(a_ends, a, a_since), (b_ends, b, b_since)| {
        let rank = |ends: &bool, sighting: &Sighting, since: &Timestamp| {
            (!*ends, sighting.symptom.family(), *since, sighting.object.clone())
        };
        rank(a_ends, a, a_since).cmp(&rank(b_ends, b, b_since))
    });
    // Several pods of one revision with the same symptom are one finding.
    let mut keys = Vec::new();
    judged.retain(|(_, sighting, _)| {
        let key = sighting.key();
        let new = !keys.contains(&key);
        if new {
            keys.push(key);
        }
        new
    });
    judged
        .into_iter()
        .map(|(terminal, sighting, since)| Finding {
            cause: text::cause(&sighting.symptom, &sighting.subject),
            advice: advice::advice(&sighting.symptom, &sighting.subject, &sighting.object),
            object: sighting.object,
            subject: sighting.subject,
            symptom: sighting.symptom,
            evidence: sighting.evidence,
            log: sighting.log,
            since,
            terminal,
        })
        .collect()
}
