//! Accounts, roles, and what the Gateway may do.

use serde_json::{Value, json};

use super::{Case, Check, Contract, contracts, same};
use manifest::Kind;

const NAME: &str = "hive-gateway-runtime";

fn pull(case: &Case<'_>) -> Value {
    match case.input.values.image_pull_secret {
        Some(_) => json!([{ "name": "openhive-image-pull" }]),
        None => Value::Null,
    }
}

contracts! {
    /// "Image pull secret": every account names the copy, `default` among them.
    fn every_account_names_the_pull_secret(case) {
        for object in &case.rendered.objects {
            if object.reference.kind == Kind::ServiceAccount {
                let what = object.reference.to_string();
                same(&what, &object.manifest["imagePullSecrets"], &pull(case))?;
            }
        }
        Ok(())
    }

    /// "Gateway RBAC": the account, whose token only the Gateway's own pod mounts.
    fn the_gateway_has_an_account_of_its_own(case) {
        if !case.runtime() {
            return Ok(());
        }
        let account = case.get(Kind::ServiceAccount, "openhive", NAME)?;
        same("token", &account["automountServiceAccountToken"], &json!(false))
    }

    /// "Gateway RBAC": agents are Pods and Services.
    fn the_gateway_may_make_agents(case) {
        if !case.runtime() {
            return Ok(());
        }
        let role = case.get(Kind::Role, "hive-agents", NAME)?;
        same("rules", &role["rules"], &json!([
            {
                "apiGroups": [""],
                "resources": ["pods", "services"],
                "verbs": ["get", "list", "watch", "create", "patch", "delete"],
            },
            { "apiGroups": [""], "resources": ["pods/log"], "verbs": ["get"] },
        ]))
    }

    /// "Gateway RBAC": pipelines are Jobs, CronJobs and ConfigMaps.
    fn the_gateway_may_make_pipelines(case) {
        if !case.runtime() {
            return Ok(());
        }
        let write = json!(["get", "list", "watch", "create", "update", "patch", "delete"]);
        let role = case.get(Kind::Role, "hive-sandbox", NAME)?;
        same("rules", &role["rules"], &json!([
            { "apiGroups": ["batch"], "resources": ["jobs", "cronjobs"], "verbs": write },
            { "apiGroups": [""], "resources": ["configmaps"], "verbs": write },
            { "apiGroups": [""], "resources": ["pods"], "verbs": ["get", "list", "watch"] },
            { "apiGroups": [""], "resources": ["pods/log"], "verbs": ["get"] },
        ]))
    }

    /// "Gateway RBAC": both roles are bound to the account, and to nobody else.
    fn the_roles_are_bound_to_the_gateways_account(case) {
        if !case.runtime() {
            return Ok(());
        }
        for namespace in ["hive-agents", "hive-sandbox"] {
            let binding = case.get(Kind::RoleBinding, namespace, NAME)?;
            same("roleRef", &binding["roleRef"], &json!({
                "apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": NAME,
            }))?;
            same("subjects", &binding["subjects"], &json!([
                { "kind": "ServiceAccount", "name": NAME, "namespace": "openhive" },
            ]))?;
        }
        Ok(())
    }
}
