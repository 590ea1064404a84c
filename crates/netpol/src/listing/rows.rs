//! Who takes what a [`Listing`] hands out.

use std::fmt;
use std::rc::Rc;

use super::Listing;
use crate::address::Span;
use crate::engine::{Connections, Ports};
use crate::policy::Direction;

/// Takes the rows of a [`Listing`].
pub trait Rows {
    /// What one node may send to another. The same rows have the same address in memory, as long
    /// as the listing lives.
    ///
    /// # Errors
    /// Those of what is written to.
    fn pair(&mut self, from: usize, to: usize, ports: &Rc<[Ports]>) -> fmt::Result;

    /// What a node may exchange with addresses.
    ///
    /// # Errors
    /// Those of what is written to.
    fn addresses(
        &mut self,
        node: usize,
        direction: Direction,
        addresses: &[Span],
        ports: &Ports,
    ) -> fmt::Result;
}

/// Takes every pair of a [`Listing`], denied ones too.
pub trait Pairs {
    /// What one node may send to another; `None`: nothing.
    ///
    /// # Errors
    /// Those of what is written to.
    fn pair(
        &mut self,
        connections: &Connections<'_>,
        from: usize,
        to: usize,
        ports: Option<&Rc<[Ports]>>,
    ) -> fmt::Result;

    /// A node and addresses that no policy tells apart, by their class.
    ///
    /// # Errors
    /// Those of what is written to.
    fn outside(
        &mut self,
        connections: &Connections<'_>,
        node: usize,
        direction: Direction,
        addresses: &[(usize, Vec<Span>)],
    ) -> fmt::Result;
}

/// What one end may send to another, on the ports of one protocol.
#[derive(Clone, Copy, Debug)]
pub struct Row<'r> {
    /// Who connects.
    pub from: RowEnd<'r>,
    /// To whom.
    pub to: RowEnd<'r>,
    /// On which ports.
    pub ports: &'r Ports,
}

/// One end of a [`Row`].
#[derive(Clone, Copy, Debug)]
pub enum RowEnd<'r> {
    /// A node, by its number.
    Node(usize),
    /// Addresses.
    Addresses(&'r [Span]),
}

impl Listing<'_, '_> {
    /// Hands out every row by itself, in the order of [`Listing::each`].
    ///
    /// # Errors
    /// Those of `take`.
    pub fn each_row(&mut self, take: impl FnMut(Row<'_>) -> fmt::Result) -> fmt::Result {
        self.each(&mut OneByOne(take))
    }
}

struct OneByOne<F>(F);

impl<F: FnMut(Row<'_>) -> fmt::Result> Rows for OneByOne<F> {
    fn pair(&mut self, from: usize, to: usize, ports: &Rc<[Ports]>) -> fmt::Result {
        let (from, to) = (RowEnd::Node(from), RowEnd::Node(to));
        ports.iter().try_for_each(|ports| (self.0)(Row { from, to, ports }))
    }

    fn addresses(
        &mut self,
        node: usize,
        direction: Direction,
        addresses: &[Span],
        ports: &Ports,
    ) -> fmt::Result {
        let (from, to) = direction.from_to(RowEnd::Node(node), RowEnd::Addresses(addresses));
        (self.0)(Row { from, to, ports })
    }
}
