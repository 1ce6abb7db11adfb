//! The arguments of a listener.

use proc_macro2::{Span, TokenStream};
use syn::spanned::Spanned as _;
use syn::{Attribute, FnArg, GenericArgument, LitStr, PathArguments, PathSegment, Signature, Type};

use super::batch::refuse_header;
use super::lifetime::elided;
use crate::ctxt::Ctxt;

/// One argument: its type, and the header it is taken from, if any.
pub(super) struct Argument {
    pub(super) ty: TokenStream,
    pub(super) span: Span,
    pub(super) header: Option<LitStr>,
}

/// Reads all arguments, and takes the `#[header]` attributes away.
pub(super) fn arguments(signature: &mut Signature, batch: bool, ctxt: &mut Ctxt) -> Vec<Argument> {
    let generics = signature.generics.clone();
    let mut payload: Option<String> = None;
    let mut arguments = Vec::new();
    for input in &mut signature.inputs {
        let FnArg::Typed(input) = input else { continue };
        refuse_cfg(&input.attrs, ctxt);
        let header = header_attribute(&mut input.attrs, ctxt);
        check_type(&input.ty, ctxt);
        if let (true, Some(header)) = (batch, &header) {
            refuse_header(header.span(), ctxt);
        }
        if header.is_none() {
            check_header(&input.ty, ctxt);
            check_payload(&input.ty, &mut payload, ctxt);
        }
        arguments.push(Argument {
            ty: elided(&input.ty, &generics),
            span: input.ty.span(),
            header: header.and_then(|attr| header_name(&attr, ctxt)),
        });
    }
    arguments
}

fn refuse_cfg(attrs: &[Attribute], ctxt: &mut Ctxt) {
    let is_cfg =
        |attr: &&Attribute| attr.path().is_ident("cfg") || attr.path().is_ident("cfg_attr");
    if let Some(attr) = attrs.iter().find(is_cfg) {
        let message = "an argument cannot depend on `cfg`: write two functions";
        ctxt.push(syn::Error::new_spanned(attr, message));
    }
}

/// Takes the attribute away: the compiler does not know it.
fn header_attribute(attrs: &mut Vec<Attribute>, ctxt: &mut Ctxt) -> Option<Attribute> {
    let mut headers = attrs.extract_if(.., |attr| attr.path().is_ident("header"));
    let first = headers.next();
    for second in headers {
        ctxt.push(syn::Error::new_spanned(second, "an argument is one header"));
    }
    first
}

fn header_name(attr: &Attribute, ctxt: &mut Ctxt) -> Option<LitStr> {
    let example = "name the header: `#[header(\"…\")]`";
    let name = attr.parse_args::<LitStr>();
    let name = ctxt.keep(name.map_err(|_| syn::Error::new_spanned(attr, example)))?;
    if name.value().is_empty() || name.value().contains('\0') {
        ctxt.error(name.span(), "a header's name is not empty and holds no NUL");
    }
    Some(name)
}

fn check_type(ty: &Type, ctxt: &mut Ctxt) {
    let mistake = match ty {
        Type::ImplTrait(_) => "write the argument's type: `impl Trait` is not one",
        Type::Reference(reference) if reference.mutability.is_some() => {
            "a record cannot be changed: take it by `&`"
        }
        Type::Reference(reference)
            if reference
                .lifetime
                .as_ref()
                .is_some_and(|name| name.ident == "static") =>
        {
            "the argument is borrowed from the record, which is not `'static`: leave the lifetime out"
        }
        _ => return,
    };
    ctxt.push(syn::Error::new_spanned(ty, mistake));
}

fn check_header(ty: &Type, ctxt: &mut Ctxt) {
    let name = |ty: &Type| last_segment(ty).is_some_and(|segment| segment.ident == "Header");
    if name(ty) || inner_of(ty, "Option").is_some_and(name) {
        let message = "which header? write `#[header(\"name\")]` before the argument";
        ctxt.push(syn::Error::new_spanned(ty, message));
    }
}

/// A record has one payload. Types with other names are left to the compiler.
fn check_payload(ty: &Type, earlier: &mut Option<String>, ctxt: &mut Ctxt) {
    let inner = inner_of(ty, "Option").or_else(|| inner_of(ty, "Result"));
    let Some(name) = payload_name(inner.unwrap_or(ty)) else {
        return;
    };
    if let Some(earlier) = earlier {
        let message = format!(
            "a record has one payload, and `{earlier}` takes it already: take `&Record` for its bytes, `Key` or `#[header(\"…\")]` for the rest"
        );
        ctxt.push(syn::Error::new_spanned(ty, message));
    } else {
        *earlier = Some(name);
    }
}

fn payload_name(ty: &Type) -> Option<String> {
    match ty {
        Type::Reference(reference) => match &*reference.elem {
            Type::Slice(_) => Some("&[u8]".into()),
            Type::Path(path) if path.path.is_ident("str") => Some("&str".into()),
            _ => None,
        },
        _ => {
            let name = last_segment(ty)?.ident.to_string();
            let payloads = ["Json", "Text", "Bytes", "Validated", "String", "Vec"];
            payloads.contains(&&*name).then_some(name)
        }
    }
}

pub(super) fn last_segment(ty: &Type) -> Option<&PathSegment> {
    match ty {
        Type::Path(path) => path.path.segments.last(),
        Type::Group(group) => last_segment(&group.elem),
        _ => None,
    }
}

/// The `T` of `Outer<T>`.
fn inner_of<'t>(ty: &'t Type, outer: &str) -> Option<&'t Type> {
    let segment = last_segment(ty).filter(|segment| segment.ident == outer)?;
    let PathArguments::AngleBracketed(arguments) = &segment.arguments else {
        return None;
    };
    match arguments.args.first()? {
        GenericArgument::Type(inner) => Some(inner),
        _ => None,
    }
}
