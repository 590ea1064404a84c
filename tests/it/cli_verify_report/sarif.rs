//! SARIF, beside the schema of its committee (OASIS).

use serde_json::{Value, json};

use super::{CERTAIN, DEBUG, FOREIGN, Place, VALUES};

/// The schema as its committee publishes it: unchanged, as the package serde-sarif 0.8.0 has it.
const SCHEMA: &str = include_str!("sarif-schema-2.1.0.json");

struct Schema(boon::Schemas, boon::SchemaIndex);

impl Schema {
    fn new() -> Self {
        let schema: Value = serde_json::from_str(SCHEMA).unwrap();
        let id = "https://raw.githubusercontent.com/oasis-tcs/sarif-spec/master/Schemata/sarif-schema-2.1.0.json";
        assert_eq!(schema["$id"], id);
        let (mut schemas, mut compiler) = (boon::Schemas::new(), boon::Compiler::new());
        compiler.enable_format_assertions();
        compiler.add_resource(id, schema).unwrap();
        let index = compiler.compile(id, &mut schemas).unwrap();
        Self(schemas, index)
    }

    fn problem(&self, document: &Value) -> Option<String> {
        self.0.validate(document, self.1).err().map(|error| format!("{error:#}"))
    }
}

/// Every kind of finding and state that files can have.
#[test]
fn is_valid_by_the_schema_of_its_committee() {
    let schema = Schema::new();
    let more = [("debug.yaml", DEBUG), ("foreign.yaml", FOREIGN), ("a b#%1.yaml", DEBUG_80)];
    let place = Place::new(VALUES, &more);
    place.file("certain.env", &format!("{VALUES}{CERTAIN}"));
    let files = ["verify-netpol", "-f", "values.env"];
    let manifests = [&files[..], &["--manifests", "manifests"]].concat();
    place.run(&[&manifests[..], &["-o", "baseline=known.yaml"]].concat());
    let known = place.read("known.yaml").replace("reason: \"\"", "reason: because");
    place.file("known.yaml", &known);
    place.file("expect.yaml", EXPECT);
    let runs = [
        files.to_vec(),
        [&files[..], &["--cni", "cilium"]].concat(),
        manifests.clone(),
        [&manifests[..], &["--baseline", "known.yaml"]].concat(),
        vec!["verify-netpol", "--manifests", "manifests", "--expect", "expect.yaml"],
    ];
    let mut rules = std::collections::BTreeSet::new();
    for args in runs {
        let ran = place.run(&[&args[..], &["-o", "sarif"]].concat());
        let document: Value = serde_json::from_str(&ran.stdout).unwrap();
        assert_eq!(schema.problem(&document), None, "{args:?}");
        let results = document["runs"][0]["results"].as_array().unwrap();
        rules.extend(results.iter().map(|r| r["ruleId"].as_str().unwrap().to_owned()));
        if args.contains(&"--baseline") {
            assert!(results.iter().any(|r| r["suppressions"].is_array()), "{document:#}");
        }
        // The schema is asked indeed.
        let mut wrong = document;
        wrong["runs"][0]["results"][0]["level"] = json!("fatal");
        assert!(schema.problem(&wrong).is_some());
    }
    for kind in ["bypass", "unknown", "wide"] {
        assert!(rules.contains(kind), "{rules:?}");
    }
    assert!(rules.iter().any(|rule| rule.starts_with("OHN")), "{rules:?}");
}

const DEBUG_80: &str = "\
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: other, namespace: hive-agents}
spec:
  policyTypes: [Egress]
  egress: [{ports: [{port: 80}]}]
";

const EXPECT: &str = "\
apiVersion: openhive.io/v1
kind: NetworkExpectations
default: ignore
flows:
- {from: any, to: any, verdict: deny, reason: nobody talks}
";
