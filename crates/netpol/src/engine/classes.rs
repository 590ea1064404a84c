//! Everyone who behaves alike, together.

use std::collections::HashMap;

use super::bits::{Bits, TriBits};
use crate::verdict::Why;

/// Splits numbers into classes, step by step: in the end two are in one class only if no step told
/// them apart.
pub(super) struct Partition {
    class: Vec<u32>,
    sizes: Vec<u32>,
    /// For each class how many of it the current step touches, then where they go.
    scratch: Vec<u32>,
}

impl Partition {
    pub(super) fn new(len: usize) -> Self {
        let classes = usize::from(len > 0);
        Self { class: vec![0; len], sizes: vec![len as u32; classes], scratch: vec![0; classes] }
    }

    /// Tells those with different values apart.
    pub(super) fn split(&mut self, values: &TriBits) {
        self.split_bits(&values.yes);
        values.maybe.iter().for_each(|(_, bits)| self.split_bits(bits));
    }

    /// Tells those in the set from those not in it.
    pub(super) fn split_bits(&mut self, bits: &Bits) {
        let mut touched = Vec::new();
        for i in bits.iter() {
            let class = self.class[i];
            if self.scratch[class as usize] == 0 {
                touched.push(class);
            }
            self.scratch[class as usize] += 1;
        }
        for class in &touched {
            let class = *class as usize;
            let hits = self.scratch[class];
            // A class that is in the set as a whole stays as it is.
            self.scratch[class] = if hits == self.sizes[class] {
                class as u32
            } else {
                self.sizes[class] -= hits;
                self.sizes.push(hits);
                self.scratch.push(0);
                self.sizes.len() as u32 - 1
            };
        }
        bits.iter().for_each(|i| self.class[i] = self.scratch[self.class[i] as usize]);
        touched.iter().for_each(|class| self.scratch[*class as usize] = 0);
    }

    /// Tells those with different keys apart.
    pub(super) fn split_by<K: std::hash::Hash + Eq>(&mut self, key: impl Fn(usize) -> K) {
        let mut moved: HashMap<(u32, K), u32> = HashMap::new();
        self.sizes.clear();
        for i in 0..self.class.len() {
            let next = moved.len() as u32;
            self.class[i] = *moved.entry((self.class[i], key(i))).or_insert(next);
            self.sizes.resize(moved.len(), 0);
            self.sizes[self.class[i] as usize] += 1;
        }
        self.scratch = vec![0; moved.len()];
    }

    /// The members of each class, in the order of their first members.
    pub(super) fn classes(&self) -> Vec<Vec<u32>> {
        let mut order = vec![usize::MAX; self.sizes.len()];
        let mut classes: Vec<Vec<u32>> = Vec::new();
        for (i, class) in self.class.iter().enumerate() {
            let at = &mut order[*class as usize];
            if *at == usize::MAX {
                *at = classes.len();
                classes.push(Vec::with_capacity(self.sizes[*class as usize] as usize));
            }
            classes[*at].push(i as u32);
        }
        classes
    }
}

impl TriBits {
    /// The same for classes, each by its first member: all of a class have the same value.
    pub(super) fn of_classes(&self, firsts: &[u32]) -> Self {
        let pack = |bits: &Bits| {
            let mut packed = Bits::none(firsts.len());
            let held = firsts.iter().enumerate().filter(|(_, first)| bits.has(**first as usize));
            held.for_each(|(class, _)| packed.set(class));
            packed
        };
        let maybe: Vec<(Why, Bits)> = self.maybe.iter().map(|(w, bits)| (*w, pack(bits))).collect();
        Self { yes: pack(&self.yes), maybe }
    }
}
