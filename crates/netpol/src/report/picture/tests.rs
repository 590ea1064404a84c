#![allow(clippy::unwrap_used)]

use super::layout::Layout;
use super::{Picture, Tone};

fn shop() -> Picture {
    let mut picture = Picture::new("shop & <co>");
    let web = picture.node(Some("front"), "web");
    let db = picture.node(Some("back \"end\""), "db]]><x/>");
    let cache = picture.node(Some("back \"end\""), "x".repeat(80));
    let all = picture.node(None, "0.0.0.0/0");
    picture.arrow(all, web, "TCP 443", Tone::Plain);
    picture.arrow(web, db, "TCP 5432", Tone::Intended);
    picture.arrow(db, web, "TCP 1\\n\"", Tone::Bypass);
    picture.arrow(web, all, "UDP 53", Tone::Wide);
    picture.arrow(cache, cache, "TCP 1", Tone::Unknown);
    picture
}

#[test]
fn an_svg_is_well_formed_whatever_the_names_are() {
    let svg = shop().svg();
    let document = roxmltree::Document::parse(&svg).unwrap();
    let texts = |tag: &str| -> Vec<String> {
        let of = document.descendants().filter(|n| n.has_tag_name(tag));
        of.filter_map(|n| n.text().map(str::to_owned)).collect()
    };
    assert!(texts("text").contains(&"db]]><x/>".to_owned()), "{svg}");
    assert!(texts("text").contains(&"back \"end\"".to_owned()), "{svg}");
    assert!(texts("title").contains(&"shop & <co>".to_owned()), "{svg}");
    assert!(texts("title").contains(&"x".repeat(80)), "{svg}");
    let drawn = texts("title").iter().filter(|t| t.contains('→')).count();
    assert_eq!(drawn, 5);
    // Both who is called from it and who calls it stand on a side of their own.
    assert_eq!(texts("text").iter().filter(|t| *t == "0.0.0.0/0").count(), 2);
}

#[test]
fn every_arrow_that_is_drawn_is_told_in_words_and_in_the_legend() {
    let svg = shop().svg();
    for words in ["web → 0.0.0.0/0 UDP 53: wider than needed", ">not decidable<", ">allowed<"] {
        assert!(svg.contains(words), "{words}: {svg}");
    }
    assert!(!svg.contains("must be open"), "{svg}");
}

#[test]
fn nothing_overlaps_and_everything_is_on_the_paper() {
    let picture = shop();
    let layout = Layout::of(&picture);
    let rects: Vec<_> = layout.places.iter().map(|p| p.rect).collect();
    for (i, a) in rects.iter().enumerate() {
        assert!(a.x >= 0.0 && a.y >= 0.0, "{a:?}");
        assert!(a.x + a.width <= layout.width && a.y + a.height <= layout.height, "{a:?}");
        for b in &rects[i + 1..] {
            let apart = a.x + a.width <= b.x
                || b.x + b.width <= a.x
                || a.y + a.height <= b.y
                || b.y + b.height <= a.y;
            assert!(apart, "{a:?} {b:?}");
        }
    }
    for curve in &layout.curves {
        for (x, y) in curve.points {
            assert!((0.0..=layout.width).contains(&x), "{curve:?}");
            assert!((0.0..=layout.height).contains(&y), "{curve:?}");
        }
    }
}

#[test]
fn dot_quotes_what_it_is_given() {
    let dot = shop().dot();
    assert!(dot.contains(r#"label="back \"end\"";"#), "{dot}");
    assert!(dot.contains(r#"n1 -> n0 [label="TCP 1\\n\"", "#), "{dot}");
    assert!(dot.contains("subgraph cluster_1"), "{dot}");
    assert_eq!(dot.matches(" -> ").count(), 5);
}

#[test]
fn a_picture_of_nothing_is_a_picture() {
    let svg = Picture::new("nothing").svg();
    roxmltree::Document::parse(&svg).unwrap();
    assert!(Picture::new("nothing").dot().ends_with("}\n"));
}
