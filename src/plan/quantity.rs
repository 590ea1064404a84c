//! Resource quantities, compared by what they mean: `1Gi` is `1024Mi`.

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
    a == b || matches!((nano(a), nano(b)), (Some(a), Some(b)) if a == b)
}

/// Which of two quantities is larger; `None` where one is no quantity.
pub(super) fn compare_quantities(a: &Value, b: &Value) -> Option<std::cmp::Ordering> {
    Some(nano(a)?.cmp(&nano(b)?))
}

/// The amount in billionths, the finest that `resource.Quantity` keeps.
fn nano(value: &Value) -> Option<i128> {
    let text = match value {
        Value::String(text) => text.clone(),
        Value::Number(number) => number.to_string(),
        _ => return None,
    };
    let end = text
        .char_indices()
        .find(|(at, c)| !(c.is_ascii_digit() || *c == '.' || (*at == 0 && matches!(c, '+' | '-'))))
        .map_or(text.len(), |(at, _)| at);
    let (number, suffix) = text.split_at(end);
    let (factor, divisor) = scale(suffix)?;
    let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
    if whole.trim_start_matches(['+', '-']).is_empty() && fraction.is_empty() || fraction.len() > 9
    {
        return None;
    }
    let digits: i128 = format!("{whole}{fraction:0<9}").parse().ok()?;
    // `digits` are billionths already: nine places of fraction were appended.
    digits.checked_mul(factor).map(|scaled| scaled / divisor)
}

/// Multiplier and divisor of a suffix.
fn scale(suffix: &str) -> Option<(i128, i128)> {
    let binary = |power: u32| Some((1_i128 << (10 * power), 1));
    let decimal = |power: u32| Some((10_i128.pow(power), 1));
    match suffix {
        "" => Some((1, 1)),
        "n" => Some((1, 1_000_000_000)),
        "u" => Some((1, 1_000_000)),
        "m" => Some((1, 1_000)),
        "k" => decimal(3),
        "M" => decimal(6),
        "G" => decimal(9),
        "T" => decimal(12),
        "P" => decimal(15),
        "E" => decimal(18),
        "Ki" => binary(1),
        "Mi" => binary(2),
        "Gi" => binary(3),
        "Ti" => binary(4),
        "Pi" => binary(5),
        "Ei" => binary(6),
        _ => {
            let exponent: i32 = suffix.strip_prefix(['e', 'E'])?.parse().ok()?;
            match u32::try_from(exponent) {
                Ok(power) if power <= 18 => decimal(power),
                Err(_) if exponent >= -9 => Some((1, 10_i128.pow(exponent.unsigned_abs()))),
                _ => None,
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn equal_amounts_are_equal() {
        for (a, b) in [
            (json!("1Gi"), json!("1024Mi")),
            (json!("1"), json!("1000m")),
            (json!(1), json!("1")),
            (json!("0.5"), json!("500m")),
            (json!("1e3"), json!("1k")),
            (json!("128974848"), json!("123Mi")),
            (json!("1.5Gi"), json!("1536Mi")),
        ] {
            assert!(same_quantity(&a, &b), "{a} {b}");
        }
    }

    #[test]
    fn different_amounts_differ() {
        for (a, b) in [("1G", "1Gi"), ("1", "1m"), ("250m", "0.2"), ("x", "y"), ("", "0")] {
            assert!(!same_quantity(&json!(a), &json!(b)), "{a} {b}");
        }
        assert_eq!(
            compare_quantities(&json!("2Gi"), &json!("1Gi")),
            Some(std::cmp::Ordering::Greater)
        );
    }
}
