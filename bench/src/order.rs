//! The record that all scenarios send: an order of 200 bytes of JSON.

use serde::{Deserialize, Serialize};

/// Bytes of one order as JSON.
pub(crate) const ORDER_BYTES: usize = 200;

/// What a listener decodes.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Order {
    pub(crate) id: u64,
    pub(crate) key: String,
    pub(crate) amount: f64,
    pub(crate) text: String,
}

impl Order {
    /// The order of this number; a thousand customers take turns.
    pub(crate) fn numbered(id: u64) -> Self {
        let cents = u32::try_from(id % 100_000).unwrap_or_default();
        let mut order = Self {
            id,
            key: format!("customer-{:04}", id % 1_000),
            amount: f64::from(cents) / 100.0,
            text: String::new(),
        };
        order.text = "x".repeat(ORDER_BYTES.saturating_sub(order.json().len()));
        order
    }

    /// The order as JSON.
    pub(crate) fn json(&self) -> Vec<u8> {
        // Numbers and strings cannot fail to be written.
        serde_json::to_vec(self).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_order_has_200_bytes_and_comes_back() {
        for id in [0, 7, 999, 123_456, 999_999] {
            let json = Order::numbered(id).json();
            assert_eq!(json.len(), ORDER_BYTES);
            assert_eq!(serde_json::from_slice::<Order>(&json).unwrap().id, id);
        }
    }
}
