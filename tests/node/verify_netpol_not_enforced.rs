//! `verify-netpol --live` where the network enforces no policy: the YAML is as it should be, and nothing is closed.

use serde_json::Value;
use testbed::{Cni, NodeOptions};

use crate::common::account::prepare;
use crate::common::platform::installed_on;

#[test]
fn a_network_that_enforces_nothing_is_called_so() {
    let platform = installed_on(&NodeOptions { cni: Cni::Bridge, ..NodeOptions::default() });
    prepare(|manifests| platform.node.apply(manifests));
    let values = platform.values(&[]);
    let arguments = ["verify-netpol", "--live", "-f", values.to_str().unwrap(), "-o", "json"];
    let ran = platform.openhive(&arguments);
    println!("{}", ran.stderr);
    assert_eq!(ran.code, Some(12));
    assert!(ran.stderr.contains("does not enforce NetworkPolicy"), "{}", ran.stderr);
    let report: Value = serde_json::from_str(&ran.stdout).unwrap();
    let proof = &report["cluster"]["live"]["proof"];
    assert_eq!(proof["enforced"], false, "{proof:#}");
    assert_eq!(proof["conclusive"], true, "{proof:#}");
    assert_eq!(report["result"], "not-enforcing");
    assert_eq!(report["totals"]["asIntended"], 0);
    // Whatever the policies say, nothing counts as intended.
    let cells = report["cells"].as_array().unwrap();
    assert!(cells.iter().all(|c| c["verdict"] != "match" && c["verdict"] != "wide"));
    let left =
        ["get", "pods,configmaps,namespaces", "-A", "-l", "openhive.io/probe-run", "-o", "name"];
    assert_eq!(platform.node.kubectl(&left).unwrap(), "");
}
