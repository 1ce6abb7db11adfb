//! The code of `impl FromRecord`.

use proc_macro2::{Ident, Span, TokenStream};
use quote::{quote, quote_spanned};
use syn::DeriveInput;
use syn::spanned::Spanned as _;

use super::attribute::{ChosenBy, Event, Other, Plan, Variant};
use crate::crate_path::Support;

/// `impl FromRecord for …`.
pub(super) fn implementation(input: &DeriveInput, plan: &Plan) -> TokenStream {
    let support = Support::new(plan.crate_path.as_ref(), &quote!(::micro_kafka));
    let name = &input.ident;
    let (record, arguments) = match input.generics.lifetimes().next() {
        Some(parameter) => {
            let lifetime = &parameter.lifetime;
            (quote!(#lifetime), quote!(<#lifetime>))
        }
        None => (quote!('__micro_kafka), TokenStream::new()),
    };
    let event = event(&support, &plan.chosen_by);
    let arms = plan
        .events
        .iter()
        .map(|event| arm(&support, &plan.chosen_by, &record, event));
    let other = other(&support, plan, &record);
    let checks = checks(&support, plan, &record);
    quote_spanned! {Span::mixed_site()=>
        #[automatically_derived]
        impl<#record> #support::FromRecord<#record> for #name #arguments {
            fn from_record(
                delivery: &#record #support::Delivery,
            ) -> #support::Result<Self, #support::ListenerError> {
                let event = #event;
                #(#arms)*
                #other
            }

            fn check(boot: &mut #support::BootCheck<'_>) {
                let _ = &boot;
                #(#checks)*
            }
        }
    }
}

fn event(support: &Support, chosen_by: &ChosenBy) -> TokenStream {
    let delivery = Ident::new("delivery", Span::mixed_site());
    match chosen_by {
        ChosenBy::Header(name) => quote!(#support::EventName::by_header(#delivery, #name)),
        ChosenBy::TypeId => quote!(#support::EventName::by_type_id(#delivery)),
        ChosenBy::Tag(name) => quote!(#support::EventName::by_tag(#delivery, #name)?),
    }
}

fn arm(
    support: &Support,
    chosen_by: &ChosenBy,
    record: &TokenStream,
    event: &Event,
) -> TokenStream {
    let name = &event.name;
    let made = made(support, record, &event.variant);
    let is = match chosen_by {
        ChosenBy::Header(_) | ChosenBy::Tag(_) => quote!(is),
        ChosenBy::TypeId => quote!(is_type),
    };
    quote_spanned! {Span::mixed_site()=>
        if event.#is(#name) {
            return #support::Result::Ok(#made);
        }
    }
}

/// The variant, with its arguments taken.
fn made(support: &Support, record: &TokenStream, variant: &Variant) -> TokenStream {
    let name = &variant.name;
    let fields = variant.types.iter().map(|ty| {
        let span = Span::mixed_site().located_at(ty.span());
        let support = support.at(span);
        quote_spanned!(span=> <#ty as #support::FromRecord<#record>>::from_record(delivery)?)
    });
    match variant.types.is_empty() {
        true => quote!(Self::#name {}),
        false => quote!(Self::#name(#(#fields),*)),
    }
}

fn other(support: &Support, plan: &Plan, record: &TokenStream) -> TokenStream {
    let names = plan.events.iter().map(|event| &event.name);
    let policy = match &plan.other {
        Other::Variant(variant) => {
            let made = made(support, record, variant);
            return quote!(#support::Result::Ok(#made));
        }
        Other::DeadLetter => quote!(#support::Policy::DeadLetter),
        Other::Skip => quote!(#support::Policy::Skip),
    };
    quote_spanned! {Span::mixed_site()=>
        #support::Result::Err(event.unknown(&[#(#names),*], #policy))
    }
}

fn checks(support: &Support, plan: &Plan, record: &TokenStream) -> Vec<TokenStream> {
    let other = match &plan.other {
        Other::Variant(variant) => Some(variant),
        Other::DeadLetter | Other::Skip => None,
    };
    let variants = plan.events.iter().map(|event| &event.variant).chain(other);
    let check = |ty: &syn::Type| {
        let span = Span::mixed_site().located_at(ty.span());
        let support = support.at(span);
        quote_spanned!(span=> <#ty as #support::FromRecord<#record>>::check(boot);)
    };
    variants
        .flat_map(|variant| variant.types.iter().map(check))
        .collect()
}
