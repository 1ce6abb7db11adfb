//! Keys in Redis.

use std::collections::hash_map::RandomState;
use std::fmt;
use std::hash::{BuildHasher, Hasher};
use std::sync::Arc;
use std::time::Duration;

use redis::aio::ConnectionManager;
use redis::{Client, RedisResult, Script};
use tokio::sync::OnceCell;
use tokio::task::JoinHandle;

use super::{Busy, Claim, ClaimRequest, Claimed, IdempotencyStore, StoreError, StoreFuture};

/// How long a claim holds without being renewed.
const LEASE: Duration = Duration::from_secs(30);
/// How soon a key at work elsewhere is asked for again.
const ASK_AGAIN: Duration = Duration::from_millis(20);
/// The value of a key that is done; of one at work it is the claim's token.
const DONE: &str = "done";

/// Claims a key that nobody has: 1, else what its value says.
const CLAIM: &str = "
local held = redis.call('GET', KEYS[1])
if not held then
    redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
    return 'claimed'
end
if held == 'done' then return 'done' end
return 'busy'";
/// Extends a claim that is still one's own.
const RENEW: &str = "
if redis.call('GET', KEYS[1]) == ARGV[1] then
    return redis.call('PEXPIRE', KEYS[1], ARGV[2])
end
return 0";
/// Marks a key as done, unless somebody else has claimed it after the lease.
const COMPLETE: &str = "
local held = redis.call('GET', KEYS[1])
if held and held ~= ARGV[1] and held ~= 'done' then return 0 end
redis.call('SET', KEYS[1], 'done', 'PX', ARGV[2])
return 1";
/// Gives a claim back.
const RELEASE: &str = "
if redis.call('GET', KEYS[1]) == ARGV[1] then redis.call('DEL', KEYS[1]) end
return 1";

/// Remembers keys in Redis, for all instances of a service. Feature `redis`. Cheap to clone.
///
/// A key that is claimed carries a token and a lease, which is renewed while the handler is at work
/// and ends by itself when the process dies: the record is then handled by whoever has its partition.
/// A crash between the handler's effect and the mark lets the effect happen again.
#[derive(Clone)]
pub struct RedisStore(Arc<Inner>);

struct Inner {
    client: Client,
    connection: OnceCell<ConnectionManager>,
    prefix: String,
    lease: Duration,
}

impl RedisStore {
    /// A store at that address, such as `redis://127.0.0.1:6379/0`; it connects at its first use.
    ///
    /// # Errors
    /// If the address cannot be read.
    pub fn new(address: &str) -> Result<Self, StoreError> {
        let client = Client::open(address);
        let client = client.map_err(|error| StoreError::new("read its address", error))?;
        Ok(Self(Arc::new(Inner {
            client,
            connection: OnceCell::new(),
            prefix: "mk-idempotent".to_owned(),
            lease: LEASE,
        })))
    }

    /// The same with keys that begin with that, instead of `mk-idempotent`.
    #[must_use]
    pub fn prefix(self, prefix: impl Into<String>) -> Self {
        self.changed(|inner| inner.prefix = prefix.into())
    }

    /// The same with a lease of that length, instead of 30 s: so long a record waits whose process
    /// died.
    #[must_use]
    pub fn lease(self, lease: Duration) -> Self {
        self.changed(|inner| inner.lease = lease.max(Duration::from_millis(100)))
    }

    fn changed(self, change: impl FnOnce(&mut Inner)) -> Self {
        let mut inner = Inner {
            client: self.0.client.clone(),
            connection: OnceCell::new(),
            prefix: self.0.prefix.clone(),
            lease: self.0.lease,
        };
        change(&mut inner);
        Self(Arc::new(inner))
    }
}

impl Inner {
    async fn run<T: redis::FromRedisValue>(
        &self,
        script: &str,
        key: &str,
        arguments: &[&str],
    ) -> RedisResult<T> {
        let connect = || self.client.get_connection_manager();
        let mut connection = self.connection.get_or_try_init(connect).await?.clone();
        let script = Script::new(script);
        let mut call = script.key(key);
        for argument in arguments {
            call.arg(*argument);
        }
        call.invoke_async(&mut connection).await
    }
}

impl fmt::Debug for RedisStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The address may hold a password.
        f.debug_struct("RedisStore")
            .field("prefix", &self.0.prefix)
            .field("lease", &self.0.lease)
            .finish_non_exhaustive()
    }
}

impl IdempotencyStore for RedisStore {
    fn claim<'a>(
        &'a self,
        request: ClaimRequest<'a>,
    ) -> StoreFuture<'a, Result<Claim, StoreError>> {
        Box::pin(async move {
            let key = format!("{}:{}:{}", self.0.prefix, request.scope, request.key);
            let token = format!("{:016x}", RandomState::new().build_hasher().finish());
            let lease = self.0.lease.as_millis().to_string();
            let answer = self.0.run::<String>(CLAIM, &key, &[&token, &lease]).await;
            match &*answer.map_err(|error| StoreError::new("claim a key", error))? {
                DONE => Ok(Claim::Seen),
                "claimed" => Ok(Claim::Fresh(Box::new(InRedis::new(
                    &self.0,
                    key,
                    token,
                    request.window,
                )))),
                _ => Ok(Claim::Busy(Busy::until(tokio::time::sleep(ASK_AGAIN)))),
            }
        })
    }
}

struct InRedis {
    store: Arc<Inner>,
    key: String,
    token: String,
    window: Duration,
    renewing: JoinHandle<()>,
    ended: bool,
}

impl InRedis {
    fn new(store: &Arc<Inner>, key: String, token: String, window: Duration) -> Self {
        let (own, renewed, by) = (Arc::clone(store), key.clone(), token.clone());
        let renewing = tokio::spawn(async move {
            let lease = own.lease.as_millis().to_string();
            loop {
                tokio::time::sleep(own.lease / 3).await;
                if let Err(error) = own.run::<i64>(RENEW, &renewed, &[&by, &lease]).await {
                    tracing::warn!(%error, "a claim in Redis was not renewed");
                }
            }
        });
        Self {
            store: Arc::clone(store),
            key,
            token,
            window,
            renewing,
            ended: false,
        }
    }
}

impl fmt::Debug for InRedis {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("InRedis")
    }
}

impl Claimed for InRedis {
    fn complete(mut self: Box<Self>) -> StoreFuture<'static, Result<(), StoreError>> {
        Box::pin(async move {
            let window = self.window.as_millis().max(1).to_string();
            let arguments = [&*self.token, &*window];
            let marked = self.store.run::<i64>(COMPLETE, &self.key, &arguments).await;
            let marked = marked.map_err(|error| StoreError::new("mark a key", error))?;
            self.ended = true;
            if marked == 0 {
                // The handler ran longer than its lease could be renewed.
                tracing::error!(
                    "a record was handled elsewhere, too: the claim was lost meanwhile"
                );
            }
            Ok(())
        })
    }

    fn release(mut self: Box<Self>) -> StoreFuture<'static, ()> {
        Box::pin(async move {
            let arguments = [&*self.token];
            match self.store.run::<i64>(RELEASE, &self.key, &arguments).await {
                Ok(_) => self.ended = true,
                Err(error) => {
                    tracing::warn!(%error, "a claim in Redis waits for the end of its lease");
                }
            }
        })
    }
}

/// A handler that is cancelled gives its claim back as soon as may be.
impl Drop for InRedis {
    fn drop(&mut self) {
        self.renewing.abort();
        if self.ended {
            return;
        }
        let (store, key) = (Arc::clone(&self.store), std::mem::take(&mut self.key));
        let token = std::mem::take(&mut self.token);
        if let Ok(runtime) = tokio::runtime::Handle::try_current() {
            runtime.spawn(async move {
                // Its lease ends anyhow.
                let _ = store.run::<i64>(RELEASE, &key, &[&token]).await;
            });
        }
    }
}
