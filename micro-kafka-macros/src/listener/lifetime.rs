//! Lifetimes that the function declares, where its types are named outside of it.

use proc_macro2::{Group, Ident, TokenStream, TokenTree};
use quote::ToTokens as _;
use syn::{Generics, Type};

/// The type with the function's own lifetimes elided: `Json<OrderRef<'a>>` becomes
/// `Json<OrderRef<'_>>`.
pub(super) fn elided(ty: &Type, generics: &Generics) -> TokenStream {
    let names: Vec<Ident> = generics
        .lifetimes()
        .map(|parameter| parameter.lifetime.ident.clone())
        .collect();
    match names.is_empty() {
        true => ty.to_token_stream(),
        false => replaced(ty.to_token_stream(), &names),
    }
}

fn replaced(tokens: TokenStream, names: &[Ident]) -> TokenStream {
    let mut after_tick = false;
    tokens
        .into_iter()
        .map(|token| {
            let is_name = after_tick;
            after_tick = matches!(&token, TokenTree::Punct(punct) if punct.as_char() == '\'');
            match token {
                TokenTree::Ident(name) if is_name && names.contains(&name) => {
                    Ident::new("_", name.span()).into()
                }
                TokenTree::Group(group) => {
                    let inner = replaced(group.stream(), names);
                    let mut replaced = Group::new(group.delimiter(), inner);
                    replaced.set_span(group.span());
                    replaced.into()
                }
                other => other,
            }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use quote::quote;
    use syn::parse_quote;

    use super::*;

    #[test]
    fn only_the_functions_own_lifetimes_are_elided() {
        let generics = parse_quote!(<'a>);
        let ty = parse_quote!(Json<(&'a str, [Order<'a>; 2], &'static str)>);
        let expected = quote!(Json<(&'_ str, [Order<'_>; 2], &'static str)>);
        assert_eq!(elided(&ty, &generics).to_string(), expected.to_string());
    }
}
