//! Golden rows: every variant of every enum that is kept in a row stands in one, so that none changes its number.

use syn::visit::{self, Visit};

use super::source::{Finding, Source, demand_none, sources};

/// An enum that is kept as minicbor.
struct Kept {
    name: String,
    variants: Vec<String>,
}

#[derive(Default)]
struct Keeping(Vec<Kept>);

impl<'ast> Visit<'ast> for Keeping {
    fn visit_item_enum(&mut self, item: &'ast syn::ItemEnum) {
        let mut is_kept = false;
        for attribute in item.attrs.iter().filter(|attribute| attribute.path().is_ident("derive")) {
            let looked = attribute.parse_nested_meta(|derived| {
                is_kept |= derived.path.segments.last().is_some_and(|last| last.ident == "Encode");
                Ok(())
            });
            looked.expect("a list of traits");
        }
        if is_kept {
            let variants = item.variants.iter().map(|variant| variant.ident.to_string()).collect();
            self.0.push(Kept { name: item.ident.to_string(), variants });
        }
        visit::visit_item_enum(self, item);
    }
}

/// Whether it is a file of golden rows.
fn is_golden(source: &Source) -> bool {
    source.path.ends_with("/golden.rs") || source.path == "src/store/tests/formats.rs"
}

fn variants_without_a_golden_row(sources: &[Source]) -> Vec<Finding> {
    let named = |name: &str, variant: &str| {
        let paths = sources.iter().filter(|source| is_golden(source)).flat_map(|source| &source.facts.paths);
        paths
            .map(|path| &path.segments)
            .any(|segments| segments.windows(2).any(|pair| pair[0] == name && (pair[1] == variant || pair[1] == "ALL")))
    };
    let mut findings = Vec::new();
    for source in sources.iter().filter(|source| source.path.starts_with("src/")) {
        let mut keeping = Keeping::default();
        keeping.visit_file(&syn::parse_file(&source.text).expect("it was parsed before"));
        for Kept { name, variants } in keeping.0 {
            for variant in variants.iter().filter(|variant| !named(&name, variant)) {
                let message = format!("{name}::{variant} is in no golden row; add one to the room's golden.rs");
                findings.push(Finding::new(&source.path, 1, message));
            }
        }
    }
    findings
}

#[test]
fn every_variant_that_is_kept_stands_in_a_golden_row() {
    demand_none(&variants_without_a_golden_row(sources()));

    let model =
        Source::parse("src/a/model.rs", "#[derive(Debug, Encode, Decode)] pub enum Kind { One, Two { at: u8 } }");
    let golden = |text: &str| Source::parse("src/a/golden.rs", &format!("fn rows() {{ {text} }}"));
    let found =
        |text: &str| variants_without_a_golden_row(&[Source::parse(&model.path, &model.text), golden(text)]).len();
    assert_eq!(found("row(Kind::One); row(Kind::Two { at: 1 });"), 0);
    assert_eq!(found("row(Kind::One);"), 1);
    assert_eq!(found("rows(Kind::ALL);"), 0);
    assert_eq!(found(""), 2);
}
