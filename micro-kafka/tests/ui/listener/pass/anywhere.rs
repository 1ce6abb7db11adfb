//! Listeners in modules, function bodies, blocks and tests; some configured out.
use micro_kafka::prelude::*;

mod first {
    use micro_kafka::prelude::*;

    #[kafka_listener(topics = "orders")]
    pub(crate) async fn charge() {}

    mod second {
        use micro_kafka::prelude::*;

        #[kafka_listener(topics = "orders")]
        async fn charge() {}
    }
}

fn within() {
    #[derive(Deserialize)]
    struct Local(u64);

    #[kafka_listener(topics = "orders")]
    async fn charge(Json(Local(id)): Json<Local>) {
        let _ = id;
    }

    {
        #[kafka_listener(topics = "orders")]
        async fn charge(Json(Local(id)): Json<Local>) {
            let _ = id;
        }
    }
}

#[cfg(any())]
#[kafka_listener(topics = "orders")]
async fn above(payload: NoSuchType) {}

#[kafka_listener(topics = "orders")]
#[cfg(any())]
async fn below(payload: NoSuchType) {}

#[kafka_listener(topics = "orders")]
#[cfg_attr(all(), cfg(any()))]
async fn by_cfg_attr(payload: NoSuchType) {}

#[cfg(test)]
mod tests {
    #[kafka_listener(topics = "orders")]
    async fn charge(payload: NoSuchType) {}
}

fn main() {
    within();
    assert_eq!(micro_kafka::listener::LISTENERS.len(), 4);
}
