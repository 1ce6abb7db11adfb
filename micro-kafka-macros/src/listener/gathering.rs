//! How many records go together, and how long the first of them waits: `max = 500, linger = "50ms"`.

use proc_macro2::TokenStream;
use quote::quote;

use super::retry::option;
use crate::crate_path::Support;
use crate::ctxt::Ctxt;
use crate::setting::{Setting, Value, settings};
use crate::text::millis;
use crate::value::{number, text};

const KEYS: [&str; 2] = ["max", "linger"];
const MOST_RECORDS: u32 = 100_000;

/// As far as it is given.
#[derive(Debug, Default, Clone, Copy)]
pub(super) struct Gathering {
    max: Option<u32>,
    linger: Option<u64>,
}

/// Reads it; `example` is told if it has another form.
pub(super) fn gathering(setting: &Setting, example: &str, ctxt: &mut Ctxt) -> Gathering {
    let mut gathering = Gathering::default();
    let list = match &setting.value {
        Value::Absent => return gathering,
        Value::List(list) => list,
        Value::Assigned(_) => {
            ctxt.error(setting.span(), example);
            return gathering;
        }
    };
    let settings = settings(list.stream(), &KEYS, ctxt);
    for setting in &settings {
        match &*setting.name() {
            "max" => gathering.max = number(setting, 1..=MOST_RECORDS, ctxt),
            _ => gathering.linger = linger(setting, ctxt),
        }
    }
    gathering
}

fn linger(setting: &Setting, ctxt: &mut Ctxt) -> Option<u64> {
    let wait = text(setting, ctxt)?;
    millis(&wait.value())
        .map_err(|message| ctxt.error(wait.span(), message))
        .ok()
}

impl Gathering {
    /// The fields of the framework's `BatchDef` and `TransactionDef`.
    pub(super) fn tokens(self, support: &Support) -> TokenStream {
        let max = option(support, self.max.map(|max| quote!(#max)));
        let linger = self
            .linger
            .map(|millis| quote!(#support::Duration::from_millis(#millis)));
        let linger = option(support, linger);
        quote!(max: #max, linger: #linger)
    }
}
