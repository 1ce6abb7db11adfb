//! ListTransactions (key 66): all transactional ids.
//!
//! Versions 0–2, all flexible. 1 filters by how long a transaction has been open, 2 by a pattern of
//! the transactional id.

use regex::Regex;

use crate::api::{Answer, ErrorCode, Handler, RequestContext};
use crate::coord::transaction::{self, TransactionDescription};

api! {
    key 66, versions 0..=2, flexible 0;

    request ListTransactionsRequest {
        state_filters: Vec<String>,
        producer_id_filters: Vec<i64>,
        duration_filter: i64 [1..] = -1,
        transactional_id_pattern: Option<String> [2..],
    }

    response ListTransactionsResponse {
        throttle_time_ms: i32,
        error_code: ErrorCode,
        unknown_state_filters: Vec<String>,
        transaction_states: Vec<TransactionState>,
    }

    struct TransactionState {
        transactional_id: String,
        producer_id: i64,
        transaction_state: String,
    }
}

impl Handler for ListTransactionsRequest {
    async fn handle(self, context: &RequestContext) -> Answer<ListTransactionsResponse> {
        let Ok(pattern) = self.pattern() else {
            return ListTransactionsResponse {
                error_code: ErrorCode::INVALID_REGULAR_EXPRESSION,
                ..ListTransactionsResponse::default()
            }
            .into();
        };
        if let Err(loading) = context.transactions().check_loaded(None) {
            return ListTransactionsResponse {
                error_code: loading.into(),
                ..ListTransactionsResponse::default()
            }
            .into();
        }
        let now = context.broker.clock().unix_millis();
        let transactions = context.transactions().list().into_iter();
        let wanted = transactions.filter(|(id, described)| {
            self.wants(described, now) && pattern.as_ref().is_none_or(|p| p.is_match(id))
        });
        let states = wanted.map(|(transactional_id, described)| TransactionState {
            transactional_id,
            producer_id: described.producer.id,
            transaction_state: described.state.name().to_owned(),
        });
        ListTransactionsResponse {
            transaction_states: states.collect(),
            unknown_state_filters: self.unknown_states(),
            ..ListTransactionsResponse::default()
        }
        .into()
    }
}

impl ListTransactionsRequest {
    /// The pattern must match a whole id.
    fn pattern(&self) -> Result<Option<Regex>, regex::Error> {
        let pattern = self.transactional_id_pattern.as_deref();
        let given = pattern.filter(|pattern| !pattern.is_empty());
        given
            .map(|pattern| Regex::new(&format!("^(?:{pattern})$")))
            .transpose()
    }

    fn wants(&self, described: &TransactionDescription, now: i64) -> bool {
        let state = described.state.name();
        let in_state =
            self.state_filters.is_empty() || self.state_filters.iter().any(|name| name == state);
        let of_producer = self.producer_id_filters.is_empty()
            || self.producer_id_filters.contains(&described.producer.id);
        let open_for = now.saturating_sub(described.started);
        let long_enough = self.duration_filter < 0 || open_for > self.duration_filter;
        in_state && of_producer && long_enough
    }

    fn unknown_states(&self) -> Vec<String> {
        let known = |name: &str| {
            let mut states = transaction::TransactionState::ALL.iter();
            states.any(|state| state.name() == name)
        };
        let filters = self.state_filters.iter();
        filters.filter(|name| !known(name)).cloned().collect()
    }
}
