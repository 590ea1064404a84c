//! Resource quantities (`k8s.io/apimachinery/pkg/api/resource`), exactly: `1Gi` is `1024Mi`.

use std::str::FromStr;

use serde_json::Value;

/// An amount in billionths of its unit, the finest that Kubernetes keeps.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub struct Quantity(i128);

/// The text is not a quantity, or one finer than a billionth.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[error("not a quantity")]
pub struct NotAQuantity;

/// Billionths in one.
const ONE: i128 = 1_000_000_000;

impl Quantity {
    /// Reads a field of a manifest: a string, or a number as people write it.
    ///
    /// # Errors
    /// [`NotAQuantity`].
    pub fn read(value: &Value) -> Result<Self, NotAQuantity> {
        match value {
            Value::String(text) => text.parse(),
            Value::Number(number) => number.to_string().parse(),
            _ => Err(NotAQuantity),
        }
    }

    /// The amount in its unit (bytes, cores); `None` where it has a fraction.
    #[must_use]
    pub const fn whole(self) -> Option<i128> {
        if self.0 % ONE == 0 { Some(self.0 / ONE) } else { None }
    }
}

impl FromStr for Quantity {
    type Err = NotAQuantity;

    fn from_str(text: &str) -> Result<Self, NotAQuantity> {
        let unsigned = text.strip_prefix(['+', '-']).unwrap_or(text);
        let end = unsigned.find(|c: char| !c.is_ascii_digit() && c != '.');
        let (number, suffix) = unsigned.split_at(end.unwrap_or(unsigned.len()));
        let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
        if (whole.is_empty() && fraction.is_empty()) || fraction.len() > 9 {
            return Err(NotAQuantity);
        }
        // Nine places of fraction are appended: these are billionths.
        let digits: i128 = format!("{whole}{fraction:0<9}").parse().map_err(|_| NotAQuantity)?;
        let (factor, divisor) = scale(suffix).ok_or(NotAQuantity)?;
        let scaled = digits.checked_mul(factor).ok_or(NotAQuantity)?;
        if scaled % divisor != 0 {
            return Err(NotAQuantity);
        }
        let amount = scaled / divisor;
        Ok(Self(if text.starts_with('-') { -amount } else { amount }))
    }
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
    use serde_json::json;

    use super::{NotAQuantity, Quantity};

    fn of(text: &str) -> Quantity {
        text.parse().unwrap_or_else(|_| panic!("{text}"))
    }

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
            (json!("-.5"), json!("-500m")),
            (json!("1500000n"), json!("1500u")),
        ] {
            assert!(Quantity::read(&a).is_ok(), "{a}");
            assert_eq!(Quantity::read(&a), Quantity::read(&b), "{a} {b}");
        }
    }

    #[test]
    fn amounts_are_ordered() {
        for (less, more) in
            [("1G", "1Gi"), ("1m", "1"), ("0.2", "250m"), ("-1", "0"), ("9E", "8Ei")]
        {
            assert!(of(less) < of(more), "{less} {more}");
        }
        // One byte more is more, also where a float would not tell.
        let (less, more) = ("9007199254740992", "9007199254740993");
        assert!(of(less) < of(more));
    }

    #[test]
    fn other_texts_are_refused() {
        for text in [
            "",
            ".",
            "x",
            "Gi",
            "1GB",
            "1 Gi",
            "1.2.3",
            "--1",
            "1e",
            "1e19",
            "0.5n",
            "1.0000000001",
        ] {
            assert_eq!(text.parse::<Quantity>(), Err(NotAQuantity), "{text}");
        }
    }

    #[test]
    fn a_fraction_is_not_whole() {
        assert_eq!("1Ki".parse::<Quantity>().map(Quantity::whole), Ok(Some(1024)));
        assert_eq!("1500m".parse::<Quantity>().map(Quantity::whole), Ok(None));
    }
}
