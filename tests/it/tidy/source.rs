//! One pass over a source file: the facts that the checks look at, each with its line.

use std::path::Path;
use std::sync::OnceLock;

use proc_macro2::{Delimiter, Span, TokenStream, TokenTree};
use syn::spanned::Spanned;
use syn::visit::{self, Visit};
use walkdir::WalkDir;

/// What a check found, and the way out.
#[derive(Debug, PartialEq, Eq)]
pub struct Finding(pub String);

impl Finding {
    pub fn new(path: &str, line: usize, message: impl std::fmt::Display) -> Finding {
        Finding(format!("{path}:{line}: {message}"))
    }
}

/// Fails the test if there are findings, one a line.
#[track_caller]
pub fn demand_none(findings: &[Finding]) {
    let lines: Vec<&str> = findings.iter().map(|finding| finding.0.as_str()).collect();
    assert!(lines.is_empty(), "\n{}\n", lines.join("\n"));
}

/// A Rust source file and its facts.
#[derive(Debug)]
pub struct Source {
    /// From the root of the repository: `src/vouchers/rules.rs`.
    pub path: String,
    pub text: String,
    pub facts: Facts,
}

#[derive(Debug, Default)]
pub struct Facts {
    pub paths: Vec<PathUse>,
    pub functions: Vec<Function>,
    pub statics: Vec<Static>,
    /// Page structs: the template that each names.
    pub templates: Vec<Named>,
    /// Macros called: `todo`.
    pub macros: Vec<Named>,
    /// Attributes: `allow`.
    pub attributes: Vec<Named>,
    /// String literals.
    pub strings: Vec<Named>,
    /// Lines with an `async` function, block or closure, or an `await`.
    pub waits: Vec<usize>,
}

/// A path as written, `use` trees taken apart: `["crate", "store", "Tx"]`.
#[derive(Debug)]
pub struct PathUse {
    pub segments: Vec<String>,
    pub line: usize,
    pub in_test: bool,
}

#[derive(Debug)]
pub struct Function {
    pub name: String,
    pub line: usize,
    pub lines: usize,
    /// Visible outside its file, and not inside an `impl` or another function.
    pub is_public_item: bool,
    pub in_test: bool,
}

#[derive(Debug)]
pub struct Static {
    pub name: String,
    /// The last segment of its type: `Table`.
    pub kind: String,
    pub line: usize,
    pub in_test: bool,
}

#[derive(Debug)]
pub struct Named {
    pub name: String,
    pub line: usize,
}

impl Source {
    pub fn parse(path: &str, text: &str) -> Source {
        let tree = syn::parse_file(text).unwrap_or_else(|error| panic!("{path}: {error}"));
        let mut pass = Pass { facts: Facts::default(), in_test: is_test_path(path), depth: 0 };
        pass.visit_file(&tree);
        Source { path: path.to_owned(), text: text.to_owned(), facts: pass.facts }
    }

    /// The room that the file stands in: `src/vouchers/rules.rs` and `src/vouchers.rs` are in `vouchers`.
    pub fn room(&self) -> Option<&str> {
        let inside = self.path.strip_prefix("src/")?;
        let room = inside.split('/').next()?;
        Some(room.strip_suffix(".rs").unwrap_or(room))
    }

    /// Whether the file is that part of its room: `rules.rs`, or any file of a folder `rules`.
    pub fn is_part(&self, part: &str) -> bool {
        let mut names = self.path.split('/').skip(2);
        names.any(|name| name.strip_suffix(".rs").unwrap_or(name) == part)
    }
}

pub fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Every Rust source of the repository, read once.
pub fn sources() -> &'static [Source] {
    static SOURCES: OnceLock<Vec<Source>> = OnceLock::new();
    let read = || {
        let files = ["src", "tests", "build.rs"].into_iter().flat_map(|folder| files_under(folder, "rs"));
        files.map(|(path, text)| Source::parse(&path, &text)).collect()
    };
    SOURCES.get_or_init(read)
}

/// The files of a folder with that extension (path from the root, text), in order; none if the folder is not there.
pub fn files_under(folder: &str, extension: &str) -> Vec<(String, String)> {
    let walk = WalkDir::new(root().join(folder)).sort_by_file_name().into_iter();
    let is_ours = |entry: &walkdir::DirEntry| entry.file_name() != "node_modules";
    let files = walk.filter_entry(is_ours).filter_map(Result::ok).filter(|entry| entry.file_type().is_file());
    let named = files.filter(|entry| entry.path().extension().is_some_and(|found| found == extension));
    let read = |entry: walkdir::DirEntry| {
        let path = entry.path().strip_prefix(root()).expect("walked from the root").to_string_lossy().into_owned();
        (path, std::fs::read_to_string(entry.path()).expect("a source is text"))
    };
    named.map(read).collect()
}

fn is_test_path(path: &str) -> bool {
    path.starts_with("tests/") || path.ends_with("/tests.rs") || path.contains("/tests/")
}

/// The visitor behind [`Source::parse`].
struct Pass {
    facts: Facts,
    in_test: bool,
    /// How many functions and `impl`s we are inside of.
    depth: usize,
}

impl Pass {
    fn path(&mut self, segments: Vec<String>, span: Span) {
        self.facts.paths.push(PathUse { segments, line: span.start().line, in_test: self.in_test });
    }

    fn use_tree(&mut self, tree: &syn::UseTree, before: &[String]) {
        let joined = |ident: &syn::Ident| [before, &[ident.to_string()]].concat();
        match tree {
            syn::UseTree::Path(path) => self.use_tree(&path.tree, &joined(&path.ident)),
            syn::UseTree::Name(name) => self.path(joined(&name.ident), name.span()),
            syn::UseTree::Rename(rename) => self.path(joined(&rename.ident), rename.span()),
            syn::UseTree::Glob(glob) => self.path([before, &["*".to_owned()]].concat(), glob.span()),
            syn::UseTree::Group(group) => group.items.iter().for_each(|tree| self.use_tree(tree, before)),
        }
    }

    fn function(&mut self, signature: &syn::Signature, visibility: &syn::Visibility, whole: Span, block: Span) {
        if signature.asyncness.is_some() {
            self.facts.waits.push(signature.span().start().line);
        }
        let line = signature.span().start().line;
        self.facts.functions.push(Function {
            name: signature.ident.to_string(),
            line,
            lines: block.end().line.max(whole.end().line) + 1 - line,
            is_public_item: self.depth == 0 && !matches!(visibility, syn::Visibility::Inherited),
            in_test: self.in_test,
        });
    }

    /// Macros hide their insides from the parser: paths, strings and macros are read off the tokens.
    fn tokens(&mut self, tokens: TokenStream) {
        let mut run: Vec<String> = Vec::new();
        let mut start = Span::call_site();
        let trees: Vec<TokenTree> = tokens.into_iter().collect();
        for (at, tree) in trees.iter().enumerate() {
            let follows_colons = at >= 2 && is_punct(&trees[at - 1], ':') && is_punct(&trees[at - 2], ':');
            match tree {
                TokenTree::Ident(ident) if follows_colons => run.push(ident.to_string()),
                TokenTree::Ident(ident) => {
                    self.end_run(&mut run, start);
                    (run, start) = (vec![ident.to_string()], ident.span());
                    self.word(ident, trees.get(at + 1), trees.get(at + 2));
                }
                TokenTree::Literal(literal) => self.literal(literal),
                TokenTree::Group(group) => self.group(group, at.checked_sub(1).map(|before| &trees[before])),
                TokenTree::Punct(_) => {}
            }
        }
        self.end_run(&mut run, start);
    }

    fn word(&mut self, ident: &proc_macro2::Ident, next: Option<&TokenTree>, after: Option<&TokenTree>) {
        let line = ident.span().start().line;
        if ident == "async" || ident == "await" {
            self.facts.waits.push(line);
        }
        let is_call = next.is_some_and(|next| is_punct(next, '!')) && matches!(after, Some(TokenTree::Group(_)));
        if is_call {
            self.facts.macros.push(Named { name: ident.to_string(), line });
        }
    }

    fn literal(&mut self, literal: &proc_macro2::Literal) {
        let text: Result<syn::LitStr, _> = syn::parse_str(&literal.to_string());
        if let Ok(text) = text {
            self.facts.strings.push(Named { name: text.value(), line: literal.span().start().line });
        }
    }

    fn group(&mut self, group: &proc_macro2::Group, before: Option<&TokenTree>) {
        let is_attribute = group.delimiter() == Delimiter::Bracket
            && before.is_some_and(|before| is_punct(before, '#') || is_punct(before, '!'));
        if is_attribute && let Some(TokenTree::Ident(name)) = group.stream().into_iter().next() {
            self.facts.attributes.push(Named { name: name.to_string(), line: name.span().start().line });
        }
        self.tokens(group.stream());
    }

    fn end_run(&mut self, run: &mut Vec<String>, start: Span) {
        if run.len() > 1 {
            self.path(std::mem::take(run), start);
        }
        run.clear();
    }
}

impl<'ast> Visit<'ast> for Pass {
    fn visit_item_use(&mut self, item: &'ast syn::ItemUse) {
        self.use_tree(&item.tree, &[]);
    }

    fn visit_path(&mut self, path: &'ast syn::Path) {
        self.path(path.segments.iter().map(|segment| segment.ident.to_string()).collect(), path.span());
        visit::visit_path(self, path);
    }

    fn visit_item_mod(&mut self, item: &'ast syn::ItemMod) {
        let outside = self.in_test;
        self.in_test |= item.attrs.iter().any(is_cfg_test);
        visit::visit_item_mod(self, item);
        self.in_test = outside;
    }

    fn visit_item_fn(&mut self, item: &'ast syn::ItemFn) {
        let outside = self.in_test;
        self.in_test |= item.attrs.iter().any(is_cfg_test);
        self.function(&item.sig, &item.vis, item.span(), item.block.span());
        self.depth += 1;
        visit::visit_item_fn(self, item);
        self.depth -= 1;
        self.in_test = outside;
    }

    fn visit_impl_item_fn(&mut self, item: &'ast syn::ImplItemFn) {
        self.depth += 1;
        self.function(&item.sig, &item.vis, item.span(), item.block.span());
        visit::visit_impl_item_fn(self, item);
        self.depth -= 1;
    }

    fn visit_trait_item_fn(&mut self, item: &'ast syn::TraitItemFn) {
        self.depth += 1;
        self.function(&item.sig, &syn::Visibility::Inherited, item.span(), item.span());
        visit::visit_trait_item_fn(self, item);
        self.depth -= 1;
    }

    fn visit_item_static(&mut self, item: &'ast syn::ItemStatic) {
        self.static_of(&item.ident, &item.ty);
        visit::visit_item_static(self, item);
    }

    fn visit_item_const(&mut self, item: &'ast syn::ItemConst) {
        self.static_of(&item.ident, &item.ty);
        visit::visit_item_const(self, item);
    }

    fn visit_attribute(&mut self, attribute: &'ast syn::Attribute) {
        if let Some(name) = attribute.path().get_ident() {
            self.facts.attributes.push(Named { name: name.to_string(), line: attribute.span().start().line });
        }
        if attribute.path().is_ident("doc") {
            return;
        }
        if attribute.path().is_ident("template") {
            self.template(attribute);
        }
        if let syn::Meta::List(list) = &attribute.meta {
            self.tokens(list.tokens.clone());
            let inner = list.tokens.clone().into_iter().filter(|_| attribute.path().is_ident("cfg_attr"));
            let inner: Vec<Named> = inner.filter_map(word_of).collect();
            self.facts.attributes.extend(inner);
        }
    }

    fn visit_macro(&mut self, called: &'ast syn::Macro) {
        if let Some(name) = called.path.segments.last() {
            self.facts.macros.push(Named { name: name.ident.to_string(), line: called.span().start().line });
        }
        self.visit_path(&called.path);
        self.tokens(called.tokens.clone());
    }

    fn visit_lit_str(&mut self, literal: &'ast syn::LitStr) {
        self.facts.strings.push(Named { name: literal.value(), line: literal.span().start().line });
    }

    fn visit_expr_async(&mut self, block: &'ast syn::ExprAsync) {
        self.facts.waits.push(block.span().start().line);
        visit::visit_expr_async(self, block);
    }

    fn visit_expr_await(&mut self, awaited: &'ast syn::ExprAwait) {
        self.facts.waits.push(awaited.await_token.span().start().line);
        visit::visit_expr_await(self, awaited);
    }
}

impl Pass {
    fn static_of(&mut self, name: &syn::Ident, kind: &syn::Type) {
        let syn::Type::Path(kind) = kind else { return };
        let kind = kind.path.segments.last().map(|segment| segment.ident.to_string()).unwrap_or_default();
        let line = name.span().start().line;
        self.facts.statics.push(Static { name: name.to_string(), kind, line, in_test: self.in_test });
    }

    fn template(&mut self, attribute: &syn::Attribute) {
        let line = attribute.span().start().line;
        // Anything that is not `path = ".."` is none of our business, and is passed over.
        let _ = attribute.parse_nested_meta(|meta| {
            let value = meta.value()?;
            if meta.path.is_ident("path") {
                self.facts.templates.push(Named { name: value.parse::<syn::LitStr>()?.value(), line });
            } else {
                value.parse::<syn::Expr>()?;
            }
            Ok(())
        });
    }
}

fn word_of(tree: TokenTree) -> Option<Named> {
    let TokenTree::Ident(ident) = tree else { return None };
    Some(Named { name: ident.to_string(), line: ident.span().start().line })
}

fn is_punct(tree: &TokenTree, wanted: char) -> bool {
    matches!(tree, TokenTree::Punct(punct) if punct.as_char() == wanted)
}

fn is_cfg_test(attribute: &syn::Attribute) -> bool {
    let syn::Meta::List(list) = &attribute.meta else { return attribute.path().is_ident("test") };
    list.path.is_ident("cfg") && list.tokens.to_string() == "test"
}
