//! Sets of small numbers, certain and doubtful.

use crate::verdict::{Tri, Why};

/// A set of numbers below a bound.
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
pub(super) struct Bits {
    words: Vec<u64>,
}

impl Bits {
    pub(super) fn none(bound: usize) -> Self {
        Self { words: vec![0; bound.div_ceil(64)] }
    }

    pub(super) fn range(bound: usize, range: std::ops::Range<usize>) -> Self {
        let mut bits = Self::none(bound);
        bits.set_range(range);
        bits
    }

    pub(super) fn set(&mut self, i: usize) {
        self.words[i / 64] |= 1 << (i % 64);
    }

    pub(super) fn clear(&mut self, i: usize) {
        self.words[i / 64] &= !(1 << (i % 64));
    }

    pub(super) fn set_range(&mut self, range: std::ops::Range<usize>) {
        if range.is_empty() {
            return;
        }
        let (first, last) = (range.start / 64, (range.end - 1) / 64);
        let head = u64::MAX << (range.start % 64);
        let tail = u64::MAX >> (63 - (range.end - 1) % 64);
        if first == last {
            self.words[first] |= head & tail;
            return;
        }
        self.words[first] |= head;
        self.words[first + 1..last].fill(u64::MAX);
        self.words[last] |= tail;
    }

    pub(super) fn has(&self, i: usize) -> bool {
        self.words[i / 64] >> (i % 64) & 1 == 1
    }

    pub(super) fn is_empty(&self) -> bool {
        self.words.iter().all(|w| *w == 0)
    }

    pub(super) fn count(&self) -> usize {
        self.words.iter().map(|w| w.count_ones() as usize).sum()
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = usize> {
        numbers(self.words.iter().copied())
    }

    /// What is in both.
    pub(super) fn common<'a>(&'a self, other: &'a Self) -> impl Iterator<Item = usize> + 'a {
        numbers(self.words.iter().zip(&other.words).map(|(a, b)| a & b))
    }

    pub(super) fn or(&mut self, other: &Self) {
        self.words.iter_mut().zip(&other.words).for_each(|(a, b)| *a |= b);
    }

    pub(super) fn and(&mut self, other: &Self) {
        self.words.iter_mut().zip(&other.words).for_each(|(a, b)| *a &= b);
    }

    pub(super) fn minus(&mut self, other: &Self) {
        self.words.iter_mut().zip(&other.words).for_each(|(a, b)| *a &= !b);
    }
}

/// The places of the bits that are set.
fn numbers(words: impl Iterator<Item = u64>) -> impl Iterator<Item = usize> {
    words.enumerate().flat_map(|(at, word)| {
        let mut rest = word;
        std::iter::from_fn(move || {
            let bit = rest.trailing_zeros();
            rest &= rest.wrapping_sub(1);
            (bit < 64).then_some(at * 64 + bit as usize)
        })
    })
}

/// For each number a [`Tri`].
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
pub(super) struct TriBits {
    pub(super) yes: Bits,
    /// Disjoint from `yes` and from each other, most severe first.
    pub(super) maybe: Vec<(Why, Bits)>,
}

impl TriBits {
    pub(super) fn none(bound: usize) -> Self {
        Self { yes: Bits::none(bound), maybe: Vec::new() }
    }

    pub(super) fn at(&self, i: usize) -> Tri {
        if self.yes.has(i) {
            return Tri::Yes;
        }
        self.maybe.iter().find(|(_, bits)| bits.has(i)).map_or(Tri::No, |(why, _)| Tri::Maybe(*why))
    }

    /// Everything that is not certainly out, with its value.
    pub(super) fn iter(&self) -> impl Iterator<Item = (usize, Tri)> {
        let maybe =
            self.maybe.iter().flat_map(|(w, bits)| bits.iter().map(|i| (i, Tri::Maybe(*w))));
        self.yes.iter().map(|i| (i, Tri::Yes)).chain(maybe)
    }

    /// Everything of `within` that is not certainly out.
    pub(super) fn among<'a>(&'a self, within: &'a Bits) -> impl Iterator<Item = usize> + 'a {
        let maybe = self.maybe.iter().flat_map(|(_, bits)| bits.common(within));
        self.yes.common(within).chain(maybe)
    }

    /// Gives numbers that have no value yet this one.
    pub(super) fn put(&mut self, bits: &Bits, value: Tri) {
        match value {
            Tri::No => {}
            Tri::Yes => self.yes.or(bits),
            Tri::Maybe(why) => self.doubt(why, bits),
        }
    }

    /// Gives a number this value, whatever it had.
    pub(super) fn set(&mut self, i: usize, value: Tri) {
        self.yes.clear(i);
        self.maybe.iter_mut().for_each(|(_, bits)| bits.clear(i));
        match value {
            Tri::No => {}
            Tri::Yes => self.yes.set(i),
            Tri::Maybe(why) => match self.maybe.binary_search_by_key(&why, |(w, _)| *w) {
                Ok(at) => self.maybe[at].1.set(i),
                Err(at) => {
                    let mut bits = Bits { words: vec![0; self.yes.words.len()] };
                    bits.set(i);
                    self.maybe.insert(at, (why, bits));
                }
            },
        }
    }

    fn doubt(&mut self, why: Why, bits: &Bits) {
        match self.maybe.binary_search_by_key(&why, |(w, _)| *w) {
            Ok(at) => self.maybe[at].1.or(bits),
            Err(at) if !bits.is_empty() => self.maybe.insert(at, (why, bits.clone())),
            Err(_) => {}
        }
    }

    /// Everything that is not certainly out.
    pub(super) fn possible(&self) -> Bits {
        let mut all = self.yes.clone();
        self.maybe.iter().for_each(|(_, bits)| all.or(bits));
        all
    }

    /// [`Tri::and`] for each number.
    pub(super) fn and(&self, other: &Self) -> Self {
        let mut yes = self.yes.clone();
        yes.and(&other.yes);
        if self.maybe.is_empty() && other.maybe.is_empty() {
            return Self { yes, maybe: Vec::new() };
        }
        let mut within = self.possible();
        within.and(&other.possible());
        self.join(other, yes, Some(&within))
    }

    /// [`Tri::or`] for each number.
    pub(super) fn or(&self, other: &Self) -> Self {
        let mut yes = self.yes.clone();
        yes.or(&other.yes);
        self.join(other, yes, None)
    }

    /// The doubts of both, each number under the most severe.
    fn join(&self, other: &Self, yes: Bits, within: Option<&Bits>) -> Self {
        let mut taken = yes.clone();
        let mut maybe = Vec::new();
        for why in Why::ALL {
            let mut doubts = self.maybe.iter().chain(&other.maybe).filter(|(w, _)| *w == why);
            let Some((_, first)) = doubts.next() else { continue };
            let mut bits = first.clone();
            doubts.for_each(|(_, more)| bits.or(more));
            if let Some(within) = within {
                bits.and(within);
            }
            bits.minus(&taken);
            if !bits.is_empty() {
                taken.or(&bits);
                maybe.push((why, bits));
            }
        }
        Self { yes, maybe }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn values() -> impl Strategy<Value = Vec<Tri>> {
        let one = prop_oneof![
            Just(Tri::No),
            Just(Tri::Yes),
            prop::sample::select(&Why::ALL[..]).prop_map(Tri::Maybe),
        ];
        prop::collection::vec(one, 70)
    }

    fn pack(values: &[Tri]) -> TriBits {
        let mut bits = TriBits::none(values.len());
        values.iter().enumerate().for_each(|(i, v)| bits.set(i, *v));
        bits
    }

    proptest! {
        #[test]
        fn sets_agree_with_single_values(a in values(), b in values(), from in 0usize..70, to in 0usize..=70) {
            let (x, y) = (pack(&a), pack(&b));
            for i in 0..a.len() {
                prop_assert_eq!(x.at(i), a[i]);
                prop_assert_eq!(x.and(&y).at(i), a[i].and(b[i]));
                prop_assert_eq!(x.or(&y).at(i), a[i].or(b[i]));
            }
            let range = Bits::range(70, from..to.max(from));
            prop_assert_eq!(range.iter().collect::<Vec<_>>(), (from..to.max(from)).collect::<Vec<_>>());
            prop_assert_eq!(range.count(), to.max(from) - from);
        }
    }
}
