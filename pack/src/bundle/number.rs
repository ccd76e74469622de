//! A number that prints the same and reads back the same everywhere.

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// Decimals kept. Figures are shown with three at most.
const DECIMALS: f64 = 1e6;

/// Smaller than this a number with six decimals has at most fifteen digits, and those survive being printed and read.
const LARGEST: f64 = 1e9;

/// From there whole numbers alone keep their digits.
const LARGEST_WHOLE: f64 = 1e15;

/// A finite number, kept to six decimals; from a thousand million on, to the whole.
#[derive(Debug, Clone, Copy, PartialEq, PartialOrd)]
pub struct Number(f64);

impl Number {
    /// The number; none for what is not finite or has more digits than can be kept.
    pub fn new(value: f64) -> Option<Number> {
        let kept = if value.abs() < LARGEST {
            (value * DECIMALS).round() / DECIMALS
        } else if value.abs() < LARGEST_WHOLE {
            value.round()
        } else {
            return None;
        };
        // Adding zero turns minus zero into zero.
        Some(Number(kept + 0.0))
    }

    /// Its value.
    pub fn get(self) -> f64 {
        self.0
    }
}

impl From<u32> for Number {
    fn from(value: u32) -> Number {
        Number(f64::from(value))
    }
}

impl Serialize for Number {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_f64(self.0)
    }
}

impl<'de> Deserialize<'de> for Number {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Number, D::Error> {
        let value = f64::deserialize(deserializer)?;
        Number::new(value).ok_or_else(|| serde::de::Error::custom(format_args!("{value} has too many digits")))
    }
}
