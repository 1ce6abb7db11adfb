//! The code of `impl KafkaRecord`.

use proc_macro2::{Span, TokenStream};
use quote::{quote, quote_spanned};
use syn::DeriveInput;
use syn::spanned::Spanned as _;

use super::attribute::Plan;
use crate::crate_path::Support;

/// `impl KafkaRecord for …`.
pub(super) fn implementation(input: &DeriveInput, plan: &Plan) -> TokenStream {
    let support = Support::new(plan.crate_path.as_ref(), &quote!(::micro_kafka));
    let name = &input.ident;
    let topic = &plan.topic;
    let (parameters, arguments, conditions) = input.generics.split_for_impl();
    let key = plan.key.as_ref().map(|member| {
        // A field that cannot be a key is reported where it stands.
        let at = support.at(member.span());
        quote_spanned! {member.span()=>
            fn write_key(&self, buffer: &mut #support::Vec<::core::primitive::u8>)
                -> ::core::primitive::bool
            {
                #at::ToBytes::to_bytes(&self.#member, buffer)
            }
        }
    });
    let declared = new_topic(&support, plan);
    quote_spanned! {Span::mixed_site()=>
        #[automatically_derived]
        impl #parameters #support::KafkaRecord for #name #arguments #conditions {
            type Payload<'payload> = #support::Json<&'payload Self> where Self: 'payload;

            fn topic(&self) -> &::core::primitive::str {
                #topic
            }

            #key

            fn payload(&self) -> Self::Payload<'_> {
                #support::Json(self)
            }

            fn declared_topic() -> #support::Option<#support::NewTopic> {
                #support::Option::Some(#declared)
            }
        }
    }
}

/// The topic as it shall be.
fn new_topic(support: &Support, plan: &Plan) -> TokenStream {
    let (topic, declared) = (&plan.topic, &plan.declared);
    let partitions = declared.partitions.map(|count| quote!(.partitions(#count)));
    let replicas = declared.replication_factor;
    let replicas = replicas.and_then(|count| u16::try_from(count).ok());
    let replicas = replicas.map(|count| quote!(.replication_factor(#count)));
    let compacted = declared.compacted.then(|| quote!(.compacted()));
    let configs = declared.configs.iter();
    let configs = configs.map(|(name, value)| quote!(.config(#name, #value)));
    quote!(#support::NewTopic::new(#topic) #partitions #replicas #compacted #(#configs)*)
}
