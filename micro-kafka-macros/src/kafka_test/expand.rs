//! The code of a test.

use proc_macro2::{Span, TokenStream};
use quote::{quote, quote_spanned};
use syn::ext::IdentExt as _;
use syn::{ItemFn, LitStr, Visibility};

use super::args::Args;
use crate::crate_path::Support;

/// A `#[test]` of that name around the function.
pub(super) fn test(args: &Args, mut function: ItemFn) -> TokenStream {
    let support = Support::new(args.crate_path.as_ref(), &quote!(::micro_kafka_test));
    let attrs = std::mem::take(&mut function.attrs);
    let visibility = std::mem::replace(&mut function.vis, Visibility::Inherited);
    let (name, output) = (&function.sig.ident, &function.sig.output);
    let options = options(args, &support, &name.unraw().to_string());
    // Who leaves a test out needs a value that stands for its success.
    let run = match args.embedded {
        Some(_) => quote!(#support::run_embedded),
        None => quote!(#support::run),
    };
    quote_spanned! {Span::mixed_site()=>
        #(#attrs)*
        #[::core::prelude::v1::test]
        #visibility fn #name() #output {
            #function
            // As a value, or it would have to await something to please clippy.
            let test = #name;
            #run(#options, |kafka| #support::Box::pin(test(kafka)))
        }
    }
}

fn options(args: &Args, support: &Support, name: &str) -> TokenStream {
    let common = args.partitions.unwrap_or(1);
    let topics = args.topics.iter().map(|topic| {
        let (name, partitions) = (&topic.name, topic.partitions.unwrap_or(common));
        quote!((#name, #partitions))
    });
    let broker = args
        .broker
        .iter()
        .map(|(name, value)| quote!((#name, #value)));
    let optional = |text: &Option<LitStr>| match text {
        Some(text) => quote!(#support::Option::Some(#text)),
        None => quote!(#support::Option::None),
    };
    let (config, deadline) = (optional(&args.config), optional(&args.deadline));
    let embedded = optional(&args.embedded);
    let (shared, paused) = (args.shared, args.paused);
    let brokers = args.brokers.unwrap_or(1);
    quote_spanned! {Span::mixed_site()=>
        #support::TestOptions {
            name: #name,
            topics: &[#(#topics),*],
            brokers: #brokers,
            broker: &[#(#broker),*],
            shared: #shared,
            embedded: #embedded,
            paused: #paused,
            config: #config,
            deadline: #deadline,
            file: ::core::file!(),
            line: ::core::line!(),
        }
    }
}
