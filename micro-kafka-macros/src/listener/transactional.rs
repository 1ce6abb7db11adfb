//! `transactional` and `transactional(max = 500, linger = "100ms")`.

use proc_macro2::TokenStream;
use quote::quote;

use super::batch::linger;
use super::retry::option;
use crate::crate_path::Support;
use crate::ctxt::Ctxt;
use crate::setting::{Setting, Value, settings};
use crate::value::number;

const KEYS: [&str; 2] = ["max", "linger"];
const MOST_RECORDS: u32 = 100_000;

/// Transactions, as far as they are given.
#[derive(Debug, Default, Clone, Copy)]
pub(super) struct Transactional {
    max: Option<u32>,
    linger: Option<u64>,
}

/// Reads them.
pub(super) fn transactional(setting: &Setting, ctxt: &mut Ctxt) -> Transactional {
    let mut transactional = Transactional::default();
    let list = match &setting.value {
        Value::Absent => return transactional,
        Value::List(list) => list,
        Value::Assigned(_) => {
            let example =
                "write `transactional`, or `transactional(max = 500, linger = \"100ms\")`";
            ctxt.error(setting.span(), example);
            return transactional;
        }
    };
    let settings = settings(list.stream(), &KEYS, ctxt);
    for setting in &settings {
        match &*setting.name() {
            "max" => transactional.max = number(setting, 1..=MOST_RECORDS, ctxt),
            _ => transactional.linger = linger(setting, ctxt),
        }
    }
    transactional
}

impl Transactional {
    /// The framework's `TransactionDef`.
    pub(super) fn tokens(self, support: &Support) -> TokenStream {
        let max = option(support, self.max.map(|max| quote!(#max)));
        let linger = self
            .linger
            .map(|millis| quote!(#support::Duration::from_millis(#millis)));
        let linger = option(support, linger);
        quote!(#support::TransactionDef { max: #max, linger: #linger })
    }
}
