//! Which lines of a Rust file are test code, and how long its functions are.

use std::ops::RangeInclusive;
use syn::visit::Visit;

/// A function as the rules see it.
pub(crate) struct Function {
    pub(crate) name: String,
    /// From the `fn` to the closing brace.
    pub(crate) lines: RangeInclusive<usize>,
    pub(crate) parameters: usize,
    /// A test that runs only when asked for.
    pub(crate) ignored: bool,
}

/// What a walk through a file finds.
#[derive(Default)]
pub(crate) struct Outline {
    pub(crate) functions: Vec<Function>,
    tests: Vec<RangeInclusive<usize>>,
}

impl Outline {
    pub(crate) fn of(file: &syn::File) -> Self {
        let mut outline = Self::default();
        outline.visit_file(file);
        outline
    }

    pub(crate) fn is_test(&self, line: usize) -> bool {
        self.tests.iter().any(|lines| lines.contains(&line))
    }

    fn function(&mut self, attributes: &[syn::Attribute], signature: &syn::Signature, block: &syn::Block) {
        let lines = signature.fn_token.span.start().line..=block.brace_token.span.close().end().line;
        self.mark(attributes, &lines);
        let name = signature.ident.to_string();
        let ignored = attributes.iter().any(|attribute| attribute.path().is_ident("ignore"));
        self.functions.push(Function { name, lines, parameters: signature.inputs.len(), ignored });
    }

    fn mark(&mut self, attributes: &[syn::Attribute], lines: &RangeInclusive<usize>) {
        if attributes.iter().any(makes_a_test) {
            self.tests.push(lines.clone());
        }
    }
}

impl<'ast> Visit<'ast> for Outline {
    fn visit_item_mod(&mut self, item: &'ast syn::ItemMod) {
        if let Some((braces, _)) = &item.content {
            let lines = item.mod_token.span.start().line..=braces.span.close().end().line;
            self.mark(&item.attrs, &lines);
        }
        syn::visit::visit_item_mod(self, item);
    }

    fn visit_item_impl(&mut self, item: &'ast syn::ItemImpl) {
        let lines = item.impl_token.span.start().line..=item.brace_token.span.close().end().line;
        self.mark(&item.attrs, &lines);
        syn::visit::visit_item_impl(self, item);
    }

    fn visit_item_fn(&mut self, item: &'ast syn::ItemFn) {
        self.function(&item.attrs, &item.sig, &item.block);
        syn::visit::visit_item_fn(self, item);
    }

    fn visit_impl_item_fn(&mut self, item: &'ast syn::ImplItemFn) {
        self.function(&item.attrs, &item.sig, &item.block);
        syn::visit::visit_impl_item_fn(self, item);
    }

    fn visit_trait_item_fn(&mut self, item: &'ast syn::TraitItemFn) {
        if let Some(block) = &item.default {
            self.function(&item.attrs, &item.sig, block);
        }
        syn::visit::visit_trait_item_fn(self, item);
    }
}

/// `#[test]`, `#[tokio::test]`, `#[cfg(test)]`, `#[cfg(feature = "testing")]`; not `#[cfg(not(test))]`.
fn makes_a_test(attribute: &syn::Attribute) -> bool {
    if attribute.path().segments.last().is_some_and(|last| last.ident == "test") {
        return true;
    }
    match &attribute.meta {
        syn::Meta::List(list) if list.path.is_ident("cfg") => {
            let condition = list.tokens.to_string();
            condition.contains("test") && !condition.contains("not")
        }
        _ => false,
    }
}
