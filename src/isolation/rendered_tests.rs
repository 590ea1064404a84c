//! Lints and expectations on what the program itself renders.
#![allow(clippy::unwrap_used)]

use jiff::civil::Date;
use manifest::yaml;
use netpol::expect::{check, read, write};
use netpol::finding::Finding;
use netpol::lint::{Options, lint};
use netpol::read::Reader;
use netpol::{Cni, Input};

use crate::render::testkit::values;
use crate::render::{ClusterFacts, Profile, RenderOptions, render};

const TODAY: Date = Date::constant(2026, 11, 1);

/// What [`check`] finds in an input with the expectations that were written from it.
fn comes_round(input: &Input) -> Vec<Finding> {
    let text = yaml::write_one(&write(input)).unwrap();
    let document = yaml::read(&text).unwrap().remove(0).value;
    let expectations = read(&document, None).unwrap_or_else(|p| panic!("{p:?}\n{text}"));
    check(input, &expectations, TODAY).unwrap_or_else(|p| panic!("{p:?}\n{text}"))
}

#[test]
fn in_what_the_platform_renders_to_only_the_baselines_closed_agent_is_found() {
    let values = values();
    for profile in [Profile::Baseline, Profile::Gateway, Profile::Platform] {
        let facts = ClusterFacts::resolve(&values, None);
        let options = RenderOptions { migration_job: true, ..RenderOptions::default() };
        let mut reader = Reader::new("default");
        let rendered = render(&values, &facts, profile, &options).unwrap();
        rendered.objects.iter().for_each(|o| reader.add(&o.manifest, None));
        let findings = lint(&reader.finish(), &Options::default());
        let found: Vec<_> =
            findings.iter().map(|f| (f.code.unwrap().id(), f.because[0].object.as_str())).collect();
        // Its Gateway does nothing: nobody uses the agent.
        let expected: &[_] = match profile {
            Profile::Baseline => &[("OHN013", "service hive-agents/hive-agent")],
            _ => &[],
        };
        assert_eq!(found, expected, "{profile:?}");
    }
}

#[test]
fn a_first_file_of_the_platform_passes() {
    let values = values();
    for profile in [Profile::Baseline, Profile::Gateway, Profile::Platform] {
        let facts = ClusterFacts::resolve(&values, None);
        let rendered = render(&values, &facts, profile, &RenderOptions::default()).unwrap();
        let mut reader = Reader::new("default");
        reader.network().cni = Some(Cni::Cilium);
        rendered.objects.iter().for_each(|o| reader.add(&o.manifest, None));
        let input = reader.finish();
        assert_eq!(comes_round(&input), [], "{profile:?}");
        assert!(write(&input)["flows"].as_array().unwrap().len() > 10);
    }
}
