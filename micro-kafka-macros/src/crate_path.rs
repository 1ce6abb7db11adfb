//! The path of the crate whose support module an expansion names.

use proc_macro2::TokenStream;
use quote::quote;
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
pub(crate) fn support(named: Option<&Path>, default: &TokenStream) -> TokenStream {
    match named {
        Some(path) => quote!(#path::__private::v1),
        None => quote!(#default::__private::v1),
    }
}
