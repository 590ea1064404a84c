//! Clusters to read: deterministic, and shaped as real ones are. Pods of Deployments with their
//! `pod-template-hash`, several namespaces of several teams, a default deny and a DNS rule in each,
//! selectors of all kinds, numbers, names and ranges of ports, address blocks with exceptions.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use anyhow::Result;

/// What to make.
#[derive(Clone, Copy, Debug)]
pub struct World {
    pub pods: usize,
    pub policies: usize,
    pub namespaces: usize,
    /// Pods of one Deployment.
    pub replicas: usize,
    pub detail: Detail,
    pub mix: Mix,
}

/// How much each pod says.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Detail {
    /// What a person writes: some twenty lines.
    Lean,
    /// What `kubectl get -o yaml` shows: volumes, probes, conditions; some hundred lines.
    Dump,
    /// Lean, with a label of its own on each pod that policies read.
    Unique,
}

/// What the policies are like.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Mix {
    /// As described above.
    Typical,
    /// Each allows everything, both ways, to the pods that it selects.
    Open,
    /// Each allows its own address block with four exceptions.
    Blocks,
    /// Each allows every address, which may or may not hold pods.
    Anywhere,
}

/// A generator of numbers that look random and are the same every time (SplitMix64).
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        let z = z ^ (z >> 31);
        usize::try_from(z % sides as u64).unwrap_or_default()
    }
}

const TIERS: [&str; 3] = ["frontend", "backend", "data"];
const TEAMS: [&str; 5] = ["shop", "search", "billing", "identity", "platform"];
const PORTS: [u16; 6] = [8080, 8443, 9090, 5432, 6379, 9092];

impl World {
    /// Writes the manifests into an empty folder.
    pub fn write(&self, folder: &Path) -> Result<()> {
        fs::create_dir_all(folder)?;
        fs::write(folder.join("namespaces.yaml"), self.namespaces())?;
        fs::write(folder.join("pods.yaml"), self.pods())?;
        fs::write(folder.join("policies.yaml"), self.policies())?;
        Ok(())
    }

    fn namespaces(&self) -> String {
        let mut text = String::new();
        let head = "---\napiVersion: v1\nkind: Namespace\nmetadata:\n  name:";
        let _ = writeln!(text, "{head} kube-system");
        for n in 0..self.namespaces {
            let team = TEAMS[n % TEAMS.len()];
            let _ = writeln!(text, "{head} {}\n  labels:\n    team: {team}", namespace(n));
        }
        text
    }

    fn workload(&self, pod: usize) -> usize {
        pod / self.replicas
    }

    fn pods(&self) -> String {
        let mut text = String::new();
        for i in 0..2 {
            let name = format!("coredns-{}", hash(i));
            let labels = [("k8s-app", "kube-dns".to_owned())];
            self.pod(&mut text, "kube-system", &name, "coredns", &labels, 53, self.pods + i);
        }
        for i in 0..self.pods {
            let workload = self.workload(i);
            let app = app(workload);
            let set = format!("{app}-{}", hash(workload));
            let mut labels = vec![
                ("app", app),
                ("pod-template-hash", hash(workload)),
                ("tier", TIERS[workload % 3].to_owned()),
                ("version", format!("v{}", workload % 4)),
            ];
            if self.detail == Detail::Unique {
                labels.push(("instance", format!("i{i}")));
            }
            let name = format!("{set}-{}", &hash(i + 1_000_003)[..5]);
            let namespace = namespace(workload % self.namespaces);
            let port = PORTS[workload % PORTS.len()];
            self.pod(&mut text, &namespace, &format!("{name}-{i}"), &set, &labels, port, i);
        }
        text
    }

    #[allow(clippy::too_many_arguments)] // the fields of one template
    fn pod(
        &self,
        text: &mut String,
        namespace: &str,
        name: &str,
        set: &str,
        labels: &[(&str, String)],
        port: u16,
        number: usize,
    ) {
        let labels: String = labels.iter().map(|(k, v)| format!("    {k}: {v}\n")).collect();
        let ip = format!("10.{}.{}.{}", 64 + number / 62_500, number / 250 % 250, 2 + number % 250);
        let _ = write!(
            text,
            "---\napiVersion: v1\nkind: Pod\nmetadata:\n  name: {name}\n  namespace: {namespace}\n  \
             labels:\n{labels}  ownerReferences:\n  - apiVersion: apps/v1\n    controller: true\n    \
             kind: ReplicaSet\n    name: {set}\n    uid: 7c0f9a3e-5d1b-4c8e-9a77-{number:012x}\n"
        );
        if self.detail == Detail::Dump {
            text.push_str(&dump(port, &ip, number));
        } else {
            let _ = write!(
                text,
                "spec:\n  containers:\n  - name: main\n    image: registry.outside.test/{set}:v1\n    \
                 ports:\n    - containerPort: {port}\n      name: main\nstatus:\n  phase: Running\n  \
                 podIP: {ip}\n"
            );
        }
    }

    fn policies(&self) -> String {
        let mut dice = Dice(42);
        let mut text = String::new();
        for i in 0..self.policies {
            let (home, number) = (i % self.namespaces, i / self.namespaces);
            let _ = write!(
                text,
                "---\napiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata:\n  \
                 name: policy-{i}\n  namespace: {}\nspec:\n",
                namespace(home)
            );
            match self.mix {
                Mix::Typical => self.typical(&mut text, &mut dice, home, number),
                Mix::Open => self.open(&mut text, &mut dice, home),
                Mix::Blocks => self.block(&mut text, &mut dice, home, i),
                Mix::Anywhere => self.anywhere(&mut text, &mut dice, home),
            }
        }
        text
    }

    /// An application of a namespace.
    fn app_of(&self, home: usize, dice: &mut Dice) -> String {
        let workloads = self.pods.div_ceil(self.replicas);
        let here = (workloads / self.namespaces).max(1);
        app(home + dice.roll(here) * self.namespaces)
    }

    fn typical(&self, text: &mut String, dice: &mut Dice, home: usize, number: usize) {
        let _ = match number {
            0 => writeln!(text, "  podSelector: {{}}\n  policyTypes: [Ingress, Egress]"),
            1 => writeln!(
                text,
                "  podSelector: {{}}\n  policyTypes: [Egress]\n  egress:\n  - to:\n    - \
                 namespaceSelector:\n        matchLabels:\n          \
                 kubernetes.io/metadata.name: kube-system\n      podSelector:\n        \
                 matchLabels:\n          k8s-app: kube-dns\n    ports:\n    - protocol: UDP\n      \
                 port: 53\n    - protocol: TCP\n      port: 53"
            ),
            _ => {
                self.subject(text, dice, home);
                let ingress = dice.roll(3) > 0;
                let (direction, peers, list) = if ingress {
                    ("Ingress", "from", "ingress")
                } else {
                    ("Egress", "to", "egress")
                };
                let _ = writeln!(text, "  policyTypes: [{direction}]\n  {list}:\n  - {peers}:");
                for _ in 0..=dice.roll(2) {
                    self.peer(text, dice, home);
                }
                ports(text, dice, ingress);
                Ok(())
            }
        };
    }

    fn subject(&self, text: &mut String, dice: &mut Dice, home: usize) {
        let app = self.app_of(home, dice);
        let _ = match dice.roll(4) {
            0 if self.detail == Detail::Unique => writeln!(
                text,
                "  podSelector:\n    matchExpressions:\n    - {{key: instance, operator: In, values: \
                 [i{}, i{}, i{}]}}",
                dice.roll(self.pods),
                dice.roll(self.pods),
                dice.roll(self.pods)
            ),
            0 => writeln!(
                text,
                "  podSelector:\n    matchExpressions:\n    - {{key: tier, operator: In, values: \
                 [{}, {}]}}\n    - {{key: version, operator: NotIn, values: [v{}]}}",
                TIERS[dice.roll(3)],
                TIERS[dice.roll(3)],
                dice.roll(4)
            ),
            _ => writeln!(text, "  podSelector:\n    matchLabels:\n      app: {app}"),
        };
    }

    fn peer(&self, text: &mut String, dice: &mut Dice, home: usize) {
        let app = self.app_of(home, dice);
        let tier = TIERS[dice.roll(3)];
        let _ = match dice.roll(5) {
            0 => writeln!(
                text,
                "    - namespaceSelector:\n        matchLabels:\n          team: {}\n      \
                 podSelector:\n        matchLabels:\n          tier: {tier}",
                TEAMS[dice.roll(5)]
            ),
            1 => writeln!(
                text,
                "    - podSelector:\n        matchExpressions:\n        - {{key: tier, operator: In, \
                 values: [{tier}]}}\n        - {{key: version, operator: Exists}}"
            ),
            2 => block(text, dice.roll(64), &[dice.roll(16)]),
            _ => writeln!(text, "    - podSelector:\n        matchLabels:\n          app: {app}"),
        };
    }

    fn open(&self, text: &mut String, dice: &mut Dice, home: usize) {
        self.subject(text, dice, home);
        let _ = writeln!(
            text,
            "  policyTypes: [Ingress, Egress]\n  ingress:\n  - {{}}\n  egress:\n  - {{}}"
        );
    }

    fn anywhere(&self, text: &mut String, dice: &mut Dice, home: usize) {
        self.subject(text, dice, home);
        let _ = writeln!(
            text,
            "  policyTypes: [Egress]\n  egress:\n  - to:\n    - ipBlock:\n        cidr: 0.0.0.0/0"
        );
    }

    fn block(&self, text: &mut String, dice: &mut Dice, home: usize, number: usize) {
        self.subject(text, dice, home);
        let _ = writeln!(text, "  policyTypes: [Egress]\n  egress:\n  - to:");
        let mut holes: Vec<usize> = (0..4).map(|_| dice.roll(256)).collect();
        holes.sort_unstable();
        holes.dedup();
        let _ = block(text, number, &holes);
        ports(text, dice, false);
    }
}

/// A block of 65 536 addresses with holes of 256.
fn block(text: &mut String, number: usize, holes: &[usize]) -> std::fmt::Result {
    let (a, b) = (100 + number / 256, number % 256);
    writeln!(text, "    - ipBlock:\n        cidr: {a}.{b}.0.0/16\n        except:")?;
    holes.iter().try_for_each(|hole| writeln!(text, "        - {a}.{b}.{hole}.0/24"))
}

fn ports(text: &mut String, dice: &mut Dice, named: bool) {
    let port = PORTS[dice.roll(PORTS.len())];
    let _ = match dice.roll(5) {
        0 if named => writeln!(text, "    ports:\n    - port: main"),
        1 => writeln!(text, "    ports:\n    - port: {port}\n      endPort: {}", port + 9),
        2 => Ok(()),
        _ => writeln!(text, "    ports:\n    - protocol: TCP\n      port: {port}"),
    };
}

fn namespace(number: usize) -> String {
    format!("{}-{number}", TEAMS[number % TEAMS.len()])
}

fn app(workload: usize) -> String {
    const NAMES: [&str; 8] =
        ["web", "api", "worker", "cache", "store", "queue", "gateway", "reports"];
    format!("{}-{workload}", NAMES[workload % NAMES.len()])
}

/// Ten letters and digits that Kubernetes could have made.
fn hash(number: usize) -> String {
    const LETTERS: &[u8; 27] = b"bcdfghjklmnpqrstvwxz2456789";
    let mut dice = Dice(number as u64);
    (0..10).map(|_| char::from(LETTERS[dice.roll(LETTERS.len())])).collect()
}

/// The rest of a pod as the API server gives it back.
fn dump(port: u16, ip: &str, number: usize) -> String {
    include_str!("pod.yaml")
        .replace("@PORT@", &port.to_string())
        .replace("@ADDRESS@", ip)
        .replace("@NODE@", &format!("node-{}", number % 40))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use serde_json::Value;

    use super::*;

    const SMALL: World = World {
        pods: 60,
        policies: 40,
        namespaces: 4,
        replicas: 3,
        detail: Detail::Dump,
        mix: Mix::Typical,
    };

    #[test]
    fn a_world_has_what_it_says_and_is_the_same_every_time() {
        for mix in [Mix::Typical, Mix::Open, Mix::Blocks, Mix::Anywhere] {
            for detail in [Detail::Lean, Detail::Dump, Detail::Unique] {
                let world = World { mix, detail, ..SMALL };
                let pods: Vec<Value> = serde_saphyr::from_multiple(&world.pods()).unwrap();
                let policies: Vec<Value> = serde_saphyr::from_multiple(&world.policies()).unwrap();
                assert_eq!((pods.len(), policies.len()), (60 + 2, 40));
                assert!(policies.iter().all(|p| p["spec"]["podSelector"].is_object()));
                assert_eq!(world.policies(), world.policies());
            }
        }
    }

    #[test]
    fn addresses_and_names_of_pods_are_their_own() {
        let pods: Vec<Value> = serde_saphyr::from_multiple(&SMALL.pods()).unwrap();
        let mut seen = std::collections::BTreeSet::new();
        for pod in &pods {
            assert!(seen.insert(pod["status"]["podIP"].as_str().unwrap().to_owned()));
            assert!(seen.insert(pod["metadata"]["name"].as_str().unwrap().to_owned()));
        }
    }
}
