//! The path of the crate whose support module an expansion names.

use proc_macro2::{Span, TokenStream, TokenTree};
use quote::{ToTokens, quote};
use syn::Path;
use syn::parse::Parser as _;

use crate::ctxt::Ctxt;
use crate::setting::Setting;

/// `crate = ::mkx`.
pub(crate) fn crate_path(setting: &Setting, ctxt: &mut Ctxt) -> Option<Path> {
    let tokens = setting.assigned("crate = ::path", ctxt)?;
    let path = Path::parse_mod_style.parse2(tokens);
    ctxt.keep(path.map_err(|error| syn::Error::new(error.span(), "write `crate = ::path`")))
}

/// The support module of the framework, or of the crate that was named instead.
#[derive(Clone)]
pub(crate) struct Support(TokenStream);

impl Support {
    pub(crate) fn new(named: Option<&Path>, default: &TokenStream) -> Self {
        Self(match named {
            Some(path) => quote!(#path::__private::v1),
            None => quote!(#default::__private::v1),
        })
    }

    /// The module's path at another place: a mistake in what follows is reported there.
    pub(crate) fn at(&self, span: Span) -> Self {
        let token = |mut token: TokenTree| {
            token.set_span(span);
            token
        };
        Self(self.0.clone().into_iter().map(token).collect())
    }
}

impl ToTokens for Support {
    fn to_tokens(&self, tokens: &mut TokenStream) {
        self.0.to_tokens(tokens);
    }
}
