//! The kinds of listeners: what their functions are given and return differs.

use proc_macro2::{Ident, Span, TokenStream};
use quote::{quote, quote_spanned};

use super::args::Args;
use crate::crate_path::Support;

/// A kind of listener.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// One record at a time.
    Single,
    /// Several records at a time.
    Batch,
    /// One record at a time, and what is returned is sent.
    Reply,
    /// Several records at a time, and what is returned is sent.
    BatchReply,
}

impl Kind {
    pub(super) fn of(args: &Args) -> Self {
        match (&args.batch, &args.send_to) {
            (Some(_), None) => Self::Batch,
            (Some(_), Some(_)) => Self::BatchReply,
            (None, Some(_)) => Self::Reply,
            (None, None) => Self::Single,
        }
    }

    /// Whether it takes several records at a time.
    pub(super) fn is_batch(self) -> bool {
        matches!(self, Self::Batch | Self::BatchReply)
    }

    /// The module of the ways in which outputs are settled.
    pub(super) fn ways(self) -> Ident {
        self.name(["ways", "batch_ways", "reply_ways", "reply_ways"])
    }

    /// The type that chooses the way.
    pub(super) fn output(self) -> Ident {
        self.name(["Outcome", "BatchOutput", "ReplyOutput", "ReplyOutput"])
    }

    /// The trait of the arguments.
    pub(super) fn argument(self) -> Ident {
        self.name(["FromRecord", "FromBatch", "FromRecord", "FromBatch"])
    }

    fn name(self, names: [&str; 4]) -> Ident {
        let name = match self {
            Self::Single => names[0],
            Self::Batch => names[1],
            Self::Reply => names[2],
            Self::BatchReply => names[3],
        };
        Ident::new(name, Span::mixed_site())
    }

    /// What the call comes to, errors apart.
    pub(super) fn outcome(self, support: &Support) -> TokenStream {
        match self {
            Self::Single | Self::Reply => quote!(()),
            Self::Batch | Self::BatchReply => quote!(#support::BatchOutcome),
        }
    }

    /// What is found out before the arguments are taken.
    pub(super) fn before(self, support: &Support) -> TokenStream {
        match self {
            Self::Single => TokenStream::new(),
            Self::Batch => quote_spanned! {Span::mixed_site()=>
                let mut undecoded = #support::Undecoded::none();
            },
            Self::Reply => quote_spanned! {Span::mixed_site()=>
                let target = #support::ReplyTarget::of(delivery)?;
            },
            Self::BatchReply => quote_spanned! {Span::mixed_site()=>
                let mut undecoded = #support::Undecoded::none();
                let target = #support::ReplyTarget::of_batch(delivery)?;
            },
        }
    }

    /// What keeps the function from being called.
    pub(super) fn unless(self, support: &Support) -> TokenStream {
        match self {
            Self::Single | Self::Reply => TokenStream::new(),
            Self::Batch | Self::BatchReply => quote_spanned! {Span::mixed_site()=>
                if undecoded.is_all() {
                    let none = #support::BatchOutcome::Done;
                    return #support::Result::Ok(undecoded.with(none));
                }
            },
        }
    }

    /// What becomes of the output; `settled` is the expression that settles it.
    pub(super) fn after(self, support: &Support, settled: &TokenStream) -> TokenStream {
        match self {
            Self::Single => settled.clone(),
            Self::Batch => quote_spanned! {Span::mixed_site()=>
                let outcome = #settled;
                #support::Result::Ok(undecoded.with(outcome))
            },
            Self::Reply => quote_spanned! {Span::mixed_site()=>
                let output = #settled?;
                target.replies(output).send().await
            },
            Self::BatchReply => quote_spanned! {Span::mixed_site()=>
                let outcome = match #settled {
                    #support::Result::Ok(output) => target.replies(output).outcome().await,
                    #support::Result::Err(error) => #support::BatchOutcome::Failed(error),
                };
                #support::Result::Ok(undecoded.with(outcome))
            },
        }
    }

    /// The end of the call, as the consumer is told it.
    pub(super) fn finished(self, support: &Support) -> TokenStream {
        let finished = match self {
            Self::Single | Self::Reply => quote_spanned! {Span::mixed_site()=>
                #support::Finished { delivery, result }
            },
            Self::Batch | Self::BatchReply => quote_spanned! {Span::mixed_site()=>
                #support::finished_batch(delivery, result)
            },
        };
        // Hardly any record waits for a lookup: the call itself is not wrapped for those that do.
        quote_spanned! {Span::mixed_site()=>
            let mut result = #support::caught(
                #support::guard(__micro_kafka_call(&delivery)).await,
            );
            if let #support::Option::Some(lookup) = #support::awaited(&result) {
                let call = || __micro_kafka_call(&delivery);
                let call = #support::looked_up(lookup, &delivery, call);
                result = #support::caught(#support::guard(call).await);
            }
            #finished
        }
    }
}
