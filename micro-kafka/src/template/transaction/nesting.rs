//! Transactions that are under way in the present task.

use std::future::Future;

use super::TransactionError;

tokio::task_local! {
    static WITHIN: Vec<usize>;
}

/// Notices a transaction inside of another one.
#[derive(Debug)]
pub(in crate::template) struct Nesting(Vec<usize>);

impl Nesting {
    /// Looks whether the present task is in a transaction of the same pool already.
    pub(in crate::template) fn check(pool: usize) -> Result<Self, TransactionError> {
        let mut pools = WITHIN.try_with(Clone::clone).unwrap_or_default();
        if pools.contains(&pool) {
            return Err(TransactionError::Nested);
        }
        pools.push(pool);
        Ok(Self(pools))
    }

    /// Runs what is inside of the transaction.
    pub(in crate::template) async fn scope<T>(self, work: impl Future<Output = T>) -> T {
        WITHIN.scope(self.0, work).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn only_the_same_pool_is_nested() {
        let outer = Nesting::check(1).unwrap();
        outer
            .scope(async {
                assert!(matches!(Nesting::check(1), Err(TransactionError::Nested)));
                let inner = Nesting::check(2).unwrap();
                inner
                    .scope(async { assert!(Nesting::check(1).is_err()) })
                    .await;
            })
            .await;
        assert!(Nesting::check(1).is_ok());
    }
}
