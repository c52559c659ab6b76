//! Prints, for each Rust file named, the places of which cargo-mutants makes mutants, and how far
//! the code around each reaches that a switch has to choose:
//! `file kind key-line key-column from-line from-column to-line to-column note`, tabs between.
//! Kinds are cargo-mutants' genres, and `ConstFn` for the word `const` before a function.

use std::process::ExitCode;

use proc_macro2::Span;
use syn::spanned::Spanned;
use syn::visit::{self, Visit};

struct Places<'a> {
    file: &'a str,
}

impl Places<'_> {
    /// `key` is where cargo-mutants says the mutant begins; the text from..to is chosen by the switch.
    fn print(&self, kind: &str, key: Span, from: Span, to: Span, note: &str) {
        let (key, from, to) = (key.start(), from.start(), to.end());
        println!(
            "{}\t{kind}\t{}\t{}\t{}\t{}\t{}\t{}\t{note}",
            self.file, key.line, key.column, from.line, from.column, to.line, to.column
        );
    }

    fn function(&self, sig: &syn::Signature, block: &syn::Block) {
        let (Some(first), Some(last)) = (block.stmts.first(), block.stmts.last()) else { return };
        if let Some(word) = sig.constness {
            self.print("ConstFn", first.span(), word.span, word.span, "");
        }
        let opaque = matches!(&sig.output, syn::ReturnType::Type(_, kind)
            if matches!(**kind, syn::Type::ImplTrait(_)));
        let note = if opaque { "impl" } else { "" };
        self.print("FnValue", first.span(), first.span(), last.span(), note);
    }
}

/// Whether this is `let … && …`, which has no value of its own.
fn is_let_chain(expr: &syn::Expr) -> bool {
    match expr {
        syn::Expr::Let(_) => true,
        syn::Expr::Binary(both) => is_let_chain(&both.left) || is_let_chain(&both.right),
        _ => false,
    }
}

impl<'ast> Visit<'ast> for Places<'_> {
    fn visit_item_fn(&mut self, i: &'ast syn::ItemFn) {
        self.function(&i.sig, &i.block);
        visit::visit_item_fn(self, i);
    }

    fn visit_impl_item_fn(&mut self, i: &'ast syn::ImplItemFn) {
        self.function(&i.sig, &i.block);
        visit::visit_impl_item_fn(self, i);
    }

    fn visit_trait_item_fn(&mut self, i: &'ast syn::TraitItemFn) {
        if let Some(block) = &i.default {
            self.function(&i.sig, block);
        }
        visit::visit_trait_item_fn(self, i);
    }

    // A constant is not computed at run time: no switch reaches it.
    fn visit_item_const(&mut self, _: &'ast syn::ItemConst) {}
    fn visit_impl_item_const(&mut self, _: &'ast syn::ImplItemConst) {}
    fn visit_item_static(&mut self, _: &'ast syn::ItemStatic) {}
    fn visit_type(&mut self, _: &'ast syn::Type) {}

    fn visit_expr_binary(&mut self, i: &'ast syn::ExprBinary) {
        let note = if is_let_chain(&i.left) || is_let_chain(&i.right) { "let" } else { "" };
        self.print("BinaryOperator", i.op.span(), i.span(), i.span(), note);
        visit::visit_expr_binary(self, i);
    }

    fn visit_expr_unary(&mut self, i: &'ast syn::ExprUnary) {
        self.print("UnaryOperator", i.op.span(), i.span(), i.span(), "");
        visit::visit_expr_unary(self, i);
    }

    fn visit_expr_match(&mut self, i: &'ast syn::ExprMatch) {
        for arm in &i.arms {
            match &arm.guard {
                None => self.print("MatchArm", arm.span(), arm.pat.span(), arm.pat.span(), ""),
                Some((_, guard)) => {
                    self.print("MatchArmGuard", guard.span(), guard.span(), guard.span(), "");
                }
            }
        }
        visit::visit_expr_match(self, i);
    }

    fn visit_expr_struct(&mut self, i: &'ast syn::ExprStruct) {
        for field in i.fields.iter().filter(|_| i.rest.is_some()) {
            self.print("StructField", field.span(), i.span(), i.span(), "");
        }
        visit::visit_expr_struct(self, i);
    }
}

fn main() -> ExitCode {
    for file in std::env::args().skip(1) {
        let parsed = std::fs::read_to_string(&file)
            .map_err(|error| error.to_string())
            .and_then(|text| syn::parse_file(&text).map_err(|error| error.to_string()));
        match parsed {
            Ok(parsed) => Places { file: &file }.visit_file(&parsed),
            Err(error) => {
                eprintln!("{file}: {error}");
                return ExitCode::FAILURE;
            }
        }
    }
    ExitCode::SUCCESS
}
