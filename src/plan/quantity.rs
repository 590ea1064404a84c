//! Fields that hold a quantity are compared by what they mean: `1Gi` is `1024Mi`.

use manifest::Quantity;
use serde_json::Value;

use super::path::Path;

/// Whether the field at `path` holds a quantity.
pub(super) fn is_quantity(path: &Path) -> bool {
    let mut names = path.field_names().rev();
    let (name, parent) = (names.next().unwrap_or_default(), names.next().unwrap_or_default());
    matches!(parent, "requests" | "limits" | "hard" | "capacity") || name == "sizeLimit"
}

/// Whether two values of a quantity field mean the same amount. A value that is no quantity equals
/// only itself.
pub(super) fn same_quantity(a: &Value, b: &Value) -> bool {
    a == b || matches!((Quantity::read(a), Quantity::read(b)), (Ok(a), Ok(b)) if a == b)
}

#[cfg(test)]
mod tests {
    use super::same_quantity;
    use serde_json::json;

    #[test]
    fn a_value_that_is_no_quantity_equals_only_itself() {
        assert!(same_quantity(&json!("1Gi"), &json!("1024Mi")));
        assert!(same_quantity(&json!("x"), &json!("x")));
        for (a, b) in [("1G", "1Gi"), ("x", "y"), ("", "0")] {
            assert!(!same_quantity(&json!(a), &json!(b)), "{a} {b}");
        }
    }
}
