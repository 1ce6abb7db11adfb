//! A listener as it was declared, by attribute or by program.

use crate::listener::{
    AckMode, BootCheck, Dispatch, Handler, ListenerDef, Order, RetryDef, Source,
};

/// A declared listener before placeholders and settings.
#[derive(Debug)]
pub(crate) struct Registration {
    pub(crate) id: String,
    pub(crate) explicit_id: bool,
    pub(crate) source: Option<Source>,
    pub(crate) arguments: Arguments,
    pub(crate) handler: Handler,
    pub(crate) check: fn(&mut BootCheck<'_>),
    pub(crate) variants: Option<&'static [&'static str]>,
}

/// What the attribute's arguments, or the builder's calls, say.
#[derive(Debug, Default)]
pub(crate) struct Arguments {
    pub(crate) topics: Vec<String>,
    pub(crate) group_id: Option<String>,
    pub(crate) client_id: Option<String>,
    pub(crate) concurrency: Option<u32>,
    pub(crate) auto_startup: Option<bool>,
    pub(crate) order: Option<Order>,
    pub(crate) parallelism: Option<u32>,
    pub(crate) dispatch: Option<Dispatch>,
    pub(crate) ack_mode: Option<AckMode>,
    pub(crate) retry: RetryDef,
    pub(crate) properties: Vec<(String, String)>,
}

impl From<&ListenerDef> for Registration {
    fn from(def: &ListenerDef) -> Self {
        let properties = def
            .properties
            .iter()
            .map(|(name, value)| ((*name).into(), (*value).into()));
        Self {
            id: def.id.into(),
            explicit_id: def.explicit_id,
            source: Some(def.source),
            arguments: Arguments {
                topics: def.topics.iter().map(|topic| (*topic).into()).collect(),
                group_id: def.group_id.map(Into::into),
                client_id: def.client_id.map(Into::into),
                concurrency: def.concurrency,
                auto_startup: def.auto_startup,
                order: def.order,
                parallelism: def.parallelism,
                dispatch: def.dispatch,
                ack_mode: def.ack_mode,
                retry: def.retry,
                properties: properties.collect(),
            },
            handler: Handler::Function(def.invoke),
            check: def.check,
            variants: (def.variants)(),
        }
    }
}
