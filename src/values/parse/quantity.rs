//! Kubernetes quantities, as far as a volume's size needs them (`k8s.io/apimachinery/pkg/api/resource`).

use super::super::reason::Reason;

/// The size of a volume. Fractions of a byte and sizes that only a forgotten unit explains are refused.
pub fn size(text: &str) -> Result<String, Reason> {
    let digits =
        text.len() - text.trim_start_matches(|c: char| c.is_ascii_digit() || c == '.').len();
    let (number, unit) = text.split_at(digits);
    let factor: f64 = match unit {
        "" => 1.0,
        "k" => 1e3,
        "M" => 1e6,
        "G" => 1e9,
        "T" => 1e12,
        "P" => 1e15,
        "E" => 1e18,
        "Ki" => f64::powi(2.0, 10),
        "Mi" => f64::powi(2.0, 20),
        "Gi" => f64::powi(2.0, 30),
        "Ti" => f64::powi(2.0, 40),
        "Pi" => f64::powi(2.0, 50),
        "Ei" => f64::powi(2.0, 60),
        _ => exponent(unit)?,
    };
    if number.starts_with('.') || number.ends_with('.') {
        return Err(Reason::Quantity);
    }
    let number: f64 = number.parse().map_err(|_| Reason::Quantity)?;
    let bytes = number * factor;
    if bytes > i64::MAX as f64 {
        return Err(Reason::Quantity);
    }
    if bytes < f64::powi(2.0, 20) {
        return Err(Reason::SmallQuantity);
    }
    Ok(text.to_owned())
}

/// `e3` or `E3`.
fn exponent(unit: &str) -> Result<f64, Reason> {
    let digits = unit.strip_prefix(['e', 'E']).ok_or(Reason::Quantity)?;
    if digits.is_empty() || digits.len() > 2 || !digits.bytes().all(|b| b.is_ascii_digit()) {
        return Err(Reason::Quantity);
    }
    digits.parse().map(|power| f64::powi(10.0, power)).map_err(|_| Reason::Quantity)
}
