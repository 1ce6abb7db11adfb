//! The code of `impl Classify`.

use proc_macro2::{Ident, Span, TokenStream};
use quote::{quote, quote_spanned};
use syn::ext::IdentExt as _;
use syn::spanned::Spanned as _;
use syn::{DeriveInput, WherePredicate, parse_quote};

use super::attribute::{Plan, Variant};
use super::policy::{Policy, Subject};
use crate::crate_path::Support;

/// `impl Classify for …`.
pub(super) fn implementation(input: &DeriveInput, plan: &Plan) -> TokenStream {
    let support = Support::new(plan.crate_path.as_ref(), &quote!(::micro_kafka));
    let name = &input.ident;
    let mut generics = input.generics.clone();
    if generics.type_params().next().is_some() {
        let bounds = plan
            .variants
            .iter()
            .filter_map(|variant| bound(variant, &support));
        generics.make_where_clause().predicates.extend(bounds);
    }
    let (parameters, arguments, conditions) = generics.split_for_impl();
    let policies = plan
        .variants
        .iter()
        .map(|variant| policy(variant, &support));
    let names = plan
        .variants
        .iter()
        .map(|variant| variant_name(variant, name, &support));
    let variants = variants(plan, name, &support);
    quote_spanned! {Span::mixed_site()=>
        #[automatically_derived]
        impl #parameters #support::Classify for #name #arguments #conditions {
            #variants

            fn classify(&self) -> #support::Policy {
                match *self {
                    #(#policies)*
                }
            }

            fn variant(&self) -> &'static ::core::primitive::str {
                match *self {
                    #(#names)*
                }
            }
        }
    }
}

/// The names of the variants, unless a wrapped error has some of them.
fn variants(plan: &Plan, type_name: &Ident, support: &Support) -> Option<TokenStream> {
    let is_transparent = |variant: &Variant| matches!(variant.policy, Policy::Transparent(_));
    if plan.variants.iter().any(is_transparent) {
        return None;
    }
    let names = plan
        .variants
        .iter()
        .map(|variant| own_name(variant, type_name));
    Some(quote! {
        const VARIANTS: #support::Option<&'static [&'static ::core::primitive::str]> =
            #support::Option::Some(&[#(#names),*]);
    })
}

fn own_name(variant: &Variant, type_name: &Ident) -> String {
    let name = variant.name.as_ref().unwrap_or(type_name);
    name.unraw().to_string()
}

/// A wrapped error of a generic type must have a policy itself.
fn bound(variant: &Variant, support: &Support) -> Option<WherePredicate> {
    match &variant.policy {
        Policy::Transparent(Subject { ty, .. }) => Some(parse_quote!(#ty: #support::Classify)),
        _ => None,
    }
}

fn policy(variant: &Variant, support: &Support) -> TokenStream {
    let (pattern, field) = pattern(variant);
    let policy = match &variant.policy {
        Policy::Inherit => quote!(#support::Policy::Inherit),
        Policy::DeadLetter => quote!(#support::Policy::DeadLetter),
        Policy::Skip => quote!(#support::Policy::Skip),
        Policy::Park => quote!(#support::Policy::Park),
        Policy::Stop => quote!(#support::Policy::Stop),
        Policy::Retry(retry) => {
            let fields = retry.fields(support);
            quote!(#support::Policy::Retry { #fields })
        }
        Policy::RetryAfter(delay) => {
            let support = support.at(at(delay));
            quote_spanned!(at(delay)=> #support::Policy::RetryAfter(*#field))
        }
        Policy::Transparent(inner) => {
            let support = support.at(at(inner));
            quote_spanned!(at(inner)=> #support::Classify::classify(#field))
        }
    };
    quote!(#pattern => #policy,)
}

fn variant_name(variant: &Variant, type_name: &Ident, support: &Support) -> TokenStream {
    let (pattern, field) = pattern(variant);
    let name = own_name(variant, type_name);
    let name = match &variant.policy {
        Policy::Transparent(inner) => {
            let support = support.at(at(inner));
            quote_spanned!(at(inner)=> #support::Classify::variant(#field))
        }
        _ => quote!(#name),
    };
    quote!(#pattern => #name,)
}

/// A pattern of the variant, and the name that it gives to the field the policy is about.
fn pattern(variant: &Variant) -> (TokenStream, Ident) {
    let span = match &variant.policy {
        Policy::RetryAfter(subject) | Policy::Transparent(subject) => at(subject),
        _ => Span::mixed_site(),
    };
    let field = Ident::new("field", span);
    let path = match &variant.name {
        Some(name) => quote!(Self::#name),
        None => quote!(Self),
    };
    let pattern = match &variant.policy {
        Policy::RetryAfter(Subject { member, .. })
        | Policy::Transparent(Subject { member, .. }) => {
            quote!(#path { #member: ref #field, .. })
        }
        _ => quote!(#path { .. }),
    };
    (pattern, field)
}

fn at(subject: &Subject) -> Span {
    Span::mixed_site().located_at(subject.ty.span())
}
