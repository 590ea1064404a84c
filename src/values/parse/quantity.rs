//! The size of a volume.

use manifest::Quantity;

use super::super::reason::Reason;

/// A whole number of bytes with digits on both sides of a point. A size that only a forgotten unit explains is
/// refused.
pub fn size(text: &str) -> Result<String, Reason> {
    if !text.split('.').all(|part| part.starts_with(|c: char| c.is_ascii_digit())) {
        return Err(Reason::Quantity);
    }
    let quantity: Quantity = text.parse().map_err(|_| Reason::Quantity)?;
    match quantity.whole() {
        Some(bytes) if bytes < 1 << 20 => Err(Reason::SmallQuantity),
        Some(bytes) if i64::try_from(bytes).is_ok() => Ok(text.to_owned()),
        _ => Err(Reason::Quantity),
    }
}
