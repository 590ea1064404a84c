//! Where everything goes: who only connects on the left, boxes below each other in the middle, who
//! is only connected to on the right. So no arrow crosses a box: those between boxes are arcs beside
//! them, downwards on the right, upwards on the left.

use super::Picture;

/// Width of a character of the monospace font, in pixels, generously.
const CHARACTER: f64 = 7.4;
/// Height of a node with few arrows.
const NODE: f64 = 28.0;
/// Between two arrows at one side of a node.
const STEP: f64 = 7.0;
/// Between two nodes.
const BETWEEN: f64 = 12.0;
/// Between a box and the nodes in it.
const PADDING: f64 = 14.0;
/// The line of a box's name.
const NAME: f64 = 22.0;
/// Around everything.
const MARGIN: f64 = 20.0;
/// The title.
const TITLE: f64 = 34.0;
/// Between columns.
const GAP: f64 = 190.0;

#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Rect {
    pub x: f64,
    pub y: f64,
    pub width: f64,
    pub height: f64,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Column {
    Left,
    Middle,
    Right,
}

/// A node as it is drawn; one outside may be drawn on both sides.
#[derive(Clone, Debug)]
pub(super) struct Place {
    pub node: usize,
    pub column: Column,
    pub rect: Rect,
}

/// An arrow: where it starts and ends, and the two control points between.
#[derive(Clone, Copy, Debug)]
pub(super) struct Curve {
    pub arrow: usize,
    pub points: [(f64, f64); 4],
}

#[derive(Clone, Debug)]
pub(super) struct Layout {
    pub width: f64,
    pub height: f64,
    /// In the order of the picture's boxes.
    pub boxes: Vec<Rect>,
    pub places: Vec<Place>,
    pub curves: Vec<Curve>,
    /// Where the legend starts.
    pub legend: f64,
}

/// The two ends of an arrow: which place, and whether at its right side.
type End = (usize, bool);

impl Layout {
    pub(super) fn of(picture: &Picture) -> Self {
        let mut places = places(picture);
        let ends = ends(picture, &places);
        let (boxes, height) = arrange(picture, &mut places, &ends);
        let curves = curves(&places, &ends, height);
        let right = |r: &Rect| r.x + r.width;
        let arcs = curves.iter().flat_map(|c| c.points).map(|(x, _)| x);
        let edges = places.iter().map(|p| right(&p.rect)).chain(boxes.iter().map(right));
        let width = edges.chain(arcs).fold(420.0, f64::max) + MARGIN;
        let rows = picture.tones().count().div_ceil(2);
        let legend = height + 24.0;
        Self { width, height: legend + 18.0 * rows as f64 + 6.0, boxes, places, curves, legend }
    }
}

pub(super) fn shown(label: &str) -> String {
    const LONGEST: usize = 44;
    if label.chars().count() <= LONGEST {
        return label.to_owned();
    }
    label.chars().take(LONGEST - 1).chain(['…']).collect()
}

fn width(label: &str) -> f64 {
    CHARACTER * shown(label).chars().count() as f64 + 20.0
}

/// Which nodes are drawn where; the rectangles come later.
fn places(picture: &Picture) -> Vec<Place> {
    let rect = Rect { x: 0.0, y: 0.0, width: 0.0, height: NODE };
    let mut places = Vec::new();
    for inside in 0..picture.boxes.len() {
        let nodes = picture.nodes.iter().enumerate().filter(|(_, n)| n.inside == Some(inside));
        places.extend(nodes.map(|(node, _)| Place { node, column: Column::Middle, rect }));
    }
    for (node, _) in picture.nodes.iter().enumerate().filter(|(_, n)| n.inside.is_none()) {
        let sends = picture.arrows.iter().any(|a| a.from == node);
        let receives = picture.arrows.iter().any(|a| a.to == node);
        if sends {
            places.push(Place { node, column: Column::Left, rect });
        }
        if receives || !sends {
            places.push(Place { node, column: Column::Right, rect });
        }
    }
    places
}

/// At which place, and on which side of it, each arrow starts and ends.
fn ends(picture: &Picture, places: &[Place]) -> Vec<(End, End)> {
    let mut middle = vec![None; picture.nodes.len()];
    let mut left = middle.clone();
    let mut right = middle.clone();
    for (index, place) in places.iter().enumerate() {
        let column = match place.column {
            Column::Left => &mut left,
            Column::Middle => &mut middle,
            Column::Right => &mut right,
        };
        column[place.node] = Some(index);
    }
    let mut ends = Vec::new();
    for arrow in &picture.arrows {
        let from = middle[arrow.from].or(left[arrow.from]).unwrap_or_default();
        let to = middle[arrow.to].or(right[arrow.to]).unwrap_or_default();
        // Places of the middle are in the order from top to bottom.
        let both = middle[arrow.from].is_some() && middle[arrow.to].is_some();
        let upwards = both && to < from;
        let starts_right = !upwards;
        let ends_right = both && !upwards;
        ends.push(((from, starts_right), (to, ends_right)));
    }
    ends
}

/// Gives every place its rectangle. Returns those of the boxes, and the lower edge of it all.
fn arrange(picture: &Picture, places: &mut [Place], ends: &[(End, End)]) -> (Vec<Rect>, f64) {
    let mut load = vec![[0_usize; 2]; places.len()];
    for (from, to) in ends {
        load[from.0][usize::from(from.1)] += 1;
        load[to.0][usize::from(to.1)] += 1;
    }
    for (place, load) in places.iter_mut().zip(&load) {
        let most = load[0].max(load[1]) as f64;
        place.rect.height = NODE.max(STEP * (most + 1.0));
        place.rect.width = width(&picture.nodes[place.node].label);
    }
    let widest = |column: Column, places: &[Place]| {
        let of = places.iter().filter(|p| p.column == column);
        of.map(|p| p.rect.width).fold(0.0, f64::max)
    };
    let names = picture.boxes.iter().map(|name| width(name) - 2.0 * PADDING);
    let middle = names.fold(widest(Column::Middle, places), f64::max);
    let left = widest(Column::Left, places);
    let arcs = ends.iter().any(|(from, _)| !from.1);
    let before = if left > 0.0 || arcs { GAP } else { 0.0 };
    let x = MARGIN + left + before + PADDING;

    let mut y = MARGIN + TITLE;
    let mut boxes = Vec::new();
    for inside in 0..picture.boxes.len() {
        let top = y;
        y += NAME + PADDING / 2.0;
        for place in places.iter_mut().filter(|p| picture.nodes[p.node].inside == Some(inside)) {
            place.rect = Rect { x, y, width: middle, height: place.rect.height };
            y += place.rect.height + BETWEEN;
        }
        y += PADDING - BETWEEN;
        boxes.push(Rect { x: x - PADDING, y: top, width: middle + 2.0 * PADDING, height: y - top });
        y += 2.0 * BETWEEN;
    }
    let needed = |column: Column, places: &[Place]| {
        let of = places.iter().filter(|p| p.column == column);
        of.map(|p| p.rect.height + BETWEEN).sum::<f64>()
    };
    let top = MARGIN + TITLE;
    let sides = needed(Column::Left, places).max(needed(Column::Right, places));
    let height = (y - top).max(sides);
    let after = if picture.boxes.is_empty() { 0.0 } else { middle + 2.0 * PADDING };
    let right = x - PADDING + after + GAP;
    for (column, x) in [(Column::Left, MARGIN), (Column::Right, right)] {
        // Spread over the whole height.
        let count = places.iter().filter(|p| p.column == column).count() as f64;
        let spare = (height - needed(column, places)) / (count + 1.0);
        let mut y = top + spare;
        for place in places.iter_mut().filter(|p| p.column == column) {
            place.rect = Rect { x, y, ..place.rect };
            y += place.rect.height + BETWEEN + spare;
        }
    }
    (boxes, top + height)
}

/// Spreads the arrows along the sides of their nodes, in the order of where they lead, so that few
/// of them cross.
fn curves(places: &[Place], ends: &[(End, End)], height: f64) -> Vec<Curve> {
    let centre = |place: usize| places[place].rect.y + places[place].rect.height / 2.0;
    let mut sides: Vec<[Vec<(usize, bool)>; 2]> = vec![<[_; 2]>::default(); places.len()];
    for (arrow, (from, to)) in ends.iter().enumerate() {
        sides[from.0][usize::from(from.1)].push((arrow, false));
        sides[to.0][usize::from(to.1)].push((arrow, true));
    }
    let mut points = vec![[(0.0, 0.0); 2]; ends.len()];
    for (place, sides) in places.iter().zip(&mut sides) {
        for (side, arrows) in sides.iter_mut().enumerate() {
            arrows.sort_by(|a, b| {
                let other = |(arrow, at_end): &(usize, bool)| {
                    let (from, to) = ends[*arrow];
                    centre(if *at_end { from.0 } else { to.0 })
                };
                other(a).total_cmp(&other(b))
            });
            let rect = place.rect;
            let x = if side == 1 { rect.x + rect.width } else { rect.x };
            let step = rect.height / (arrows.len() as f64 + 1.0);
            for (index, (arrow, at_end)) in arrows.iter().enumerate() {
                let y = rect.y + step * (index as f64 + 1.0);
                points[*arrow][usize::from(*at_end)] = (x, y);
            }
        }
    }
    let curve = |(arrow, [start, end]): (usize, [(f64, f64); 2])| {
        let ((_, from), (_, to)) = ends[arrow];
        let bend = if from == to {
            // An arc beside the boxes, the farther the longer.
            let long = ((end.1 - start.1).abs() / height).min(1.0);
            PADDING + 24.0 + (GAP - 70.0) * long
        } else {
            (end.0 - start.0).abs() / 2.0
        };
        let out = |right: bool| if right { bend } else { -bend };
        let points = [start, (start.0 + out(from), start.1), (end.0 + out(to), end.1), end];
        Curve { arrow, points }
    };
    points.into_iter().enumerate().map(curve).collect()
}
