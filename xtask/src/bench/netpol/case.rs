//! Inputs, and what is promised of them.

use super::world::{Detail, Mix, World};

/// An input, and what is promised of it.
pub struct Case {
    pub name: &'static str,
    pub world: World,
    /// How often the time of the yardstick it may take.
    pub limit: f64,
    /// Megabytes that it may take.
    pub memory: Option<f64>,
}

const fn typical(pods: usize, policies: usize, namespaces: usize, replicas: usize) -> World {
    World { pods, policies, namespaces, replicas, detail: Detail::Lean, mix: Mix::Typical }
}

const fn case(name: &'static str, world: World, limit: f64) -> Case {
    Case { name, world, limit, memory: None }
}

const fn dumped(world: World) -> World {
    World { detail: Detail::Dump, ..world }
}

/// As the peer is measured: it puts the pods of one owner together, so each has its own.
pub const SINGLE: World = typical(600, 600, 10, 1);
/// For an explanation of every pair.
pub const FEW: World = typical(100, 50, 5, 1);

const SMALL: World = typical(600, 600, 10, 2);
const MIDDLE: World = typical(2_000, 300, 20, 4);
const LARGE: World = typical(10_000, 1_000, 50, 5);
/// None of the odd inputs may take more.
const ODD: f64 = 3.0;

/// What is held to limits.
pub const CASES: [Case; 11] = [
    case("600 pods, 600 policies", SMALL, 3.0),
    case("600 dumped pods, 600 policies", dumped(SMALL), 3.0),
    case("2 000 pods, 300 policies", MIDDLE, 1.5),
    case("2 000 dumped pods, 300 policies", dumped(MIDDLE), 1.5),
    Case { memory: Some(200.0), ..case("10 000 pods, 1 000 policies", LARGE, 1.5) },
    Case { memory: Some(200.0), ..case("10 000 dumped pods, 1 000 policies", dumped(LARGE), 1.5) },
    case(
        "2 000 pods with labels of their own, 300 policies",
        World { detail: Detail::Unique, ..MIDDLE },
        ODD,
    ),
    case("10 000 pods, no policies", World { policies: 0, ..LARGE }, ODD),
    case(
        "2 000 pods, 1 000 policies that allow everything",
        World { policies: 1_000, mix: Mix::Open, ..MIDDLE },
        ODD,
    ),
    case(
        "2 000 pods, 1 000 address blocks with exceptions",
        World { policies: 1_000, mix: Mix::Blocks, ..MIDDLE },
        ODD,
    ),
    Case {
        memory: Some(200.0),
        ..case(
            "2 000 pods, 1 000 policies that allow every address, pods perhaps",
            World { policies: 1_000, mix: Mix::Anywhere, ..MIDDLE },
            ODD,
        )
    },
];

/// One shape in growing sizes.
pub const GROWING: [Case; 5] = [
    case("1 250 pods, 125 policies", typical(1_250, 125, 6, 5), ODD),
    case("2 500 pods, 250 policies", typical(2_500, 250, 12, 5), ODD),
    case("5 000 pods, 500 policies", typical(5_000, 500, 25, 5), ODD),
    case("10 000 pods, 1 000 policies", LARGE, ODD),
    case("20 000 pods, 2 000 policies", typical(20_000, 2_000, 100, 5), ODD),
];
