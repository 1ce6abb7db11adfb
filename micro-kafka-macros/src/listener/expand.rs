//! The code of a listener.
//!
//! Whatever is not the user's own has the macro's hygiene and full paths, so that it means the
//! same in a crate that shadows `Result` or has no prelude. Spans are the user's, so that errors
//! appear at the types and names that cause them.

use proc_macro2::{Ident, Span, TokenStream};
use quote::{ToTokens as _, format_ident, quote, quote_spanned};
use syn::ext::IdentExt as _;
use syn::spanned::Spanned as _;
use syn::{Attribute, ItemFn, LitStr, Path, ReturnType, Signature, Type};

use super::args::Args;
use super::argument::Argument;
use super::kind::Kind;
use super::retry::option;
use crate::crate_path::Support;
use crate::retryable::Pairs;

/// The function as it was, and its entry in the list of listeners.
pub(super) fn listener(args: &Args, function: &ItemFn, arguments: &[Argument]) -> TokenStream {
    let support = Support::new(args.crate_path.as_ref(), &quote!(::micro_kafka));
    let cfgs = function.attrs.iter().filter(|attr| is_cfg(attr));
    let mut attrs = function.attrs.iter();
    let allowed = attrs
        .any(|attr| attr.path().is_ident("deprecated"))
        .then(|| quote!(#[allow(deprecated)]));
    let kind = Kind::of(args);
    let call = call(&support, kind, function, arguments);
    let invoke = invoke(&support, kind, function);
    let check = check(&support, kind, arguments);
    let variants = variants(&support, kind, &function.sig);
    let key = args.idempotent.as_ref().map(|idempotent| {
        idempotent.function(&support, |at, name| match arguments.get(at) {
            Some(argument) => take(&support, kind, argument, name),
            None => TokenStream::new(),
        })
    });
    let definition = definition(&support, args, function);
    quote! {
        #function
        #(#cfgs)*
        #allowed
        const _: () = {
            #call
            #invoke
            #check
            #variants
            #key
            #definition
        };
    }
}

/// The entry must vanish together with the function.
fn is_cfg(attr: &Attribute) -> bool {
    let path = attr.path();
    let tokens = || attr.to_token_stream().to_string();
    path.is_ident("cfg") || (path.is_ident("cfg_attr") && tokens().contains("cfg ("))
}

/// The macro's hygiene at a place of the user's.
fn at(span: Span) -> Span {
    Span::mixed_site().located_at(span)
}

/// Takes the arguments, runs the function, and settles what it returned.
fn call(support: &Support, kind: Kind, function: &ItemFn, arguments: &[Argument]) -> TokenStream {
    let name = name(function);
    let names: Vec<Ident> = (0..arguments.len())
        .map(|at| format_ident!("argument_{at}", span = Span::mixed_site()))
        .collect();
    let takes = arguments
        .iter()
        .zip(&names)
        .map(|(argument, name)| take(support, kind, argument, name));
    let unused = kind == Kind::Single && arguments.is_empty();
    let delivery = parameter("delivery", unused);
    let (ways, outcome) = (kind.ways(), kind.outcome(support));
    let (before, unless) = (kind.before(support), kind.unless(support));
    let after = kind.after(support, &settle(support, kind, &function.sig));
    quote_spanned! {Span::mixed_site()=>
        async fn __micro_kafka_call(
            #delivery: &#support::Delivery,
        ) -> #support::Result<#outcome, #support::ListenerError> {
            use #support::#ways::*;
            #before
            #(#takes)*
            #unless
            let output = #name(#(#names),*).await;
            #after
        }
    }
}

fn take(support: &Support, kind: Kind, argument: &Argument, name: &Ident) -> TokenStream {
    let span = at(argument.span);
    let (support, ty) = (support.at(span), &argument.ty);
    match &argument.header {
        Some(header) => quote_spanned! {span=>
            let #name = #support::header::<#ty>(delivery, #header)?;
        },
        None if kind.is_batch() => quote_spanned! {span=>
            let #name = <#ty as #support::FromBatch<'_>>::from_batch(delivery, &mut undecoded)?;
        },
        None => quote_spanned! {span=>
            let #name = <#ty as #support::FromRecord<'_>>::from_record(delivery)?;
        },
    }
}

fn settle(support: &Support, kind: Kind, signature: &Signature) -> TokenStream {
    let span = at(match &signature.output {
        ReturnType::Default => signature.ident.span(),
        ReturnType::Type(_, ty) => ty.span(),
    });
    let (support, of) = (support.at(span), kind.output());
    quote_spanned!(span=> (&&&#support::#of::of(&output)).way().settle(output))
}

/// The variants of the error that the function may return.
fn variants(support: &Support, kind: Kind, signature: &Signature) -> TokenStream {
    let (ways, of) = (kind.ways(), kind.output());
    let names = match &signature.output {
        ReturnType::Type(_, ty) if is_nameable(ty) => {
            quote! {
                use #support::#ways::*;
                (&&&#support::#of::<#ty>::unseen()).variants()
            }
        }
        ReturnType::Type(..) => quote!(#support::Option::None),
        ReturnType::Default => quote!(#support::Option::Some(&[])),
    };
    quote_spanned! {Span::mixed_site()=>
        fn __micro_kafka_variants() -> #support::Variants {
            #names
        }
    }
}

/// Whether a return type means something outside of the function's signature.
fn is_nameable(ty: &Type) -> bool {
    let text = ty.to_token_stream().to_string();
    !text
        .split_whitespace()
        .any(|token| token == "impl" || token.starts_with('&') || token == "'_")
}

/// The name of a parameter, unless nothing uses it.
fn parameter(name: &str, unused: bool) -> TokenStream {
    let name = Ident::new(name, Span::mixed_site());
    match unused {
        true => quote!(_),
        false => quote!(#name),
    }
}

/// A delivery on its way through the handler: a future that owns it, in memory that the consumer
/// keeps.
fn invoke(support: &Support, kind: Kind, function: &ItemFn) -> TokenStream {
    let span = at(function.sig.ident.span());
    let support = support.at(span);
    let finished = kind.finished(&support);
    quote_spanned! {span=>
        fn __micro_kafka_invoke(
            delivery: #support::Delivery,
            slot: &mut #support::HandlerSlot,
        ) -> #support::Started {
            slot.start(async move {
                #finished
            })
        }
    }
}

fn check(support: &Support, kind: Kind, arguments: &[Argument]) -> TokenStream {
    let checks: Vec<TokenStream> = arguments
        .iter()
        .filter(|argument| argument.header.is_none())
        .map(|argument| {
            let (ty, of) = (&argument.ty, kind.argument());
            let support = support.at(at(argument.span));
            quote_spanned! {at(argument.span)=>
                <#ty as #support::#of<'_>>::check(boot);
            }
        })
        .collect();
    let boot = parameter("boot", checks.is_empty());
    quote_spanned! {Span::mixed_site()=>
        fn __micro_kafka_check(#boot: &mut #support::BootCheck<'_>) {
            #(#checks)*
        }
    }
}

fn definition(support: &Support, args: &Args, function: &ItemFn) -> TokenStream {
    let name = name(function);
    let default_id = LitStr::new(&function.sig.ident.unraw().to_string(), Span::call_site());
    let id = args.id.as_ref().unwrap_or(&default_id);
    let explicit_id = args.id.is_some();
    let values = values(support, args);
    quote_spanned! {Span::mixed_site()=>
        fn __micro_kafka_function() -> #support::TypeId {
            #support::type_id_of(#name)
        }

        #[#support::linkme::distributed_slice(#support::LISTENERS)]
        #[linkme(crate = #support::linkme)]
        static __MICRO_KAFKA_LISTENER: #support::ListenerDef = #support::ListenerDef {
            id: #id,
            explicit_id: #explicit_id,
            function: __micro_kafka_function,
            module: ::core::module_path!(),
            source: #support::Source { file: ::core::file!(), line: ::core::line!() },
            #values
            invoke: __micro_kafka_invoke,
            check: __micro_kafka_check,
            variants: __micro_kafka_variants,
        };
    }
}

fn values(support: &Support, args: &Args) -> TokenStream {
    let optional = |text: &Option<LitStr>| option(support, text.as_ref().map(|text| quote!(#text)));
    let topics = &args.topics;
    let group_id = optional(&args.group_id);
    let client_id = optional(&args.client_id);
    let concurrency = option(support, args.concurrency.map(|number| quote!(#number)));
    let auto_startup = option(support, args.auto_startup.map(|value| quote!(#value)));
    let variant = |of: &str, name: Option<&'static str>| {
        let path = name.map(|name| {
            let (of, name) = (
                Ident::new(of, Span::mixed_site()),
                Ident::new(name, Span::mixed_site()),
            );
            quote!(#support::#of::#name)
        });
        option(support, path)
    };
    let order = variant("Order", args.order);
    let parallelism = option(support, args.parallelism.map(|number| quote!(#number)));
    let dispatch = variant("Dispatch", args.dispatch);
    let timeout = optional(&args.timeout);
    let rate_limit = optional(&args.rate_limit);
    let breaker = args.breaker.iter();
    let breaker = breaker.map(|(key, value)| quote!((#key, #value)));
    let quarantine = args.quarantine.iter();
    let quarantine = quarantine.map(|(key, value)| quote!((#key, #value)));
    let retry_budget = args.retry_budget.iter();
    let retry_budget = retry_budget.map(|(key, value)| quote!((#key, #value)));
    let ack_mode = variant("AckMode", args.ack_mode);
    let retry = args.retry.fields(support);
    let declared = declared(support, args);
    let properties = args
        .properties
        .iter()
        .map(|(name, value)| quote!((#name, #value)));
    quote! {
        topics: &[#(#topics),*],
        group_id: #group_id,
        client_id: #client_id,
        concurrency: #concurrency,
        auto_startup: #auto_startup,
        order: #order,
        parallelism: #parallelism,
        dispatch: #dispatch,
        timeout: #timeout,
        rate_limit: #rate_limit,
        breaker: &[#(#breaker),*],
        quarantine: &[#(#quarantine),*],
        retry_budget: &[#(#retry_budget),*],
        ack_mode: #ack_mode,
        retry: #support::RetryDef { #retry },
        #declared
        properties: &[#(#properties),*],
    }
}

/// Other sources than topics, and what else a listener may have.
fn declared(support: &Support, args: &Args) -> TokenStream {
    let optional = |text: &Option<LitStr>| option(support, text.as_ref().map(|text| quote!(#text)));
    let topic_pattern = optional(&args.topic_pattern);
    let topic_partitions = &args.topic_partitions;
    let batch = args.batch.map(|it| it.tokens(support));
    let batch = option(support, batch.map(|it| quote!(#support::BatchDef { #it })));
    let transactional = args.transactional.map(|it| it.tokens(support));
    let transactional = transactional.map(|it| quote!(#support::TransactionDef { #it }));
    let transactional = option(support, transactional);
    let container = optional(&args.container);
    let filter = option(support, args.filter.as_ref().map(|filter| quote!(#filter)));
    let error_handler = args.error_handler.as_ref();
    let error_handler = option(
        support,
        error_handler.map(|handler| handler.tokens(support)),
    );
    let recoverer = args.recoverer.map(|name| {
        let name = Ident::new(name, Span::mixed_site());
        quote!(#support::Recoverer::#name)
    });
    let recoverer = option(support, recoverer);
    let dead_letter_topic = optional(&args.dead_letter_topic);
    let dlt_of = option(support, args.of.as_ref().map(|of| whose(support, of)));
    let send_to = args.send_to.as_ref().map(|to| to.tokens(support));
    let send_to = option(support, send_to);
    let info = optional(&args.info);
    let retryable = args.retryable.as_ref().map(Pairs::tokens);
    let causes = args.retryable.as_ref();
    let causes = causes.map(|pairs| pairs.causes(support));
    let idempotent = args.idempotent.as_ref().map(|it| it.tokens(support));
    let idempotent = option(support, idempotent);
    quote! {
        topic_pattern: #topic_pattern,
        topic_partitions: &[#(#topic_partitions),*],
        batch: #batch,
        transactional: #transactional,
        container: #container,
        filter: #filter,
        error_handler: #error_handler,
        recoverer: #recoverer,
        dead_letter_topic: #dead_letter_topic,
        dlt_of: #dlt_of,
        send_to: #send_to,
        info: #info,
        retryable: &[#retryable],
        retryable_causes: &[#causes],
        idempotent: #idempotent,
    }
}

/// The type of the function item that a path names; a mistake is reported at the path.
fn whose(support: &Support, of: &Path) -> TokenStream {
    let support = support.at(at(of.span()));
    quote_spanned! {at(of.span())=>
        {
            fn __micro_kafka_of() -> #support::TypeId {
                #support::type_id_of(#of)
            }
            __micro_kafka_of
        }
    }
}

/// The function's name where the macro uses it: never one of the macro's own variables.
fn name(function: &ItemFn) -> Ident {
    let mut name = function.sig.ident.clone();
    name.set_span(Span::call_site().located_at(name.span()));
    name
}
