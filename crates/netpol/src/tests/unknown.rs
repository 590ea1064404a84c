//! What is not known is never an answer: the rule of `verdict.rs`, looked for in the sources.

use std::path::Path;

use super::*;

/// Calls with each source file below a folder, but tests and the module of the rule.
fn sources(folder: &Path, check: &mut impl FnMut(&Path, &str)) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap();
        if path.is_dir() && name != "tests" {
            sources(&path, check);
        } else if name.ends_with(".rs") && !name.ends_with("tests.rs") && name != "verdict.rs" {
            check(&path, &std::fs::read_to_string(&path).unwrap());
        }
    }
}

#[test]
fn nobody_compares_an_answer_with_yes_or_no() {
    let own = Path::new(env!("CARGO_MANIFEST_DIR"));
    let (mut found, mut read) = (Vec::new(), 0);
    for folder in [own.join("src"), own.join("../../src")] {
        sources(&folder, &mut |path, text| {
            read += 1;
            for (number, line) in text.lines().enumerate() {
                let compares = |value: &str| {
                    ["==", "!="].iter().any(|op| line.contains(&format!("{op} {value}")))
                };
                if ["Tri::", "verdict::Tri::", "crate::verdict::Tri::"].into_iter().any(compares) {
                    found.push(format!("{}:{}: {}", path.display(), number + 1, line.trim()));
                }
            }
        });
    }
    assert!(read > 100, "{read}");
    assert!(found.is_empty(), "write certainly() or possibly():\n{}", found.join("\n"));
}

#[test]
fn a_doubt_is_possible_and_not_certain() {
    for why in Why::ALL {
        let doubt = Tri::Maybe(why);
        assert!(doubt.possibly() && !doubt.certainly());
        assert_eq!(doubt.why(), Some(why));
        let verdict = Verdict::allow().under(doubt);
        assert!(verdict.allowed().is_empty() && verdict.possible().is_all());
        assert!(!verdict.is_deny() && !verdict.is_certain());
    }
    assert!(Tri::Yes.certainly() && Tri::Yes.possibly());
    assert!(!Tri::No.certainly() && !Tri::No.possibly());
}
