//! Lists that must be complete: templates and page structs, tables and the schema, commands and their registry,
//! routes and the tests that ask for them.

use super::source::{Finding, Named, Source, demand_none, files_under, sources};

/// A template: path from the repository's root, text.
type Template = (String, String);

fn templates_without_one_page(sources: &[Source], templates: &[Template]) -> Vec<Finding> {
    let pages: Vec<(&Source, &Named)> =
        sources.iter().flat_map(|source| source.facts.templates.iter().map(move |named| (source, named))).collect();
    let mut findings = Vec::new();
    for (path, _) in templates {
        let name = path.trim_start_matches("templates/");
        let named_by: Vec<&(&Source, &Named)> = pages.iter().filter(|(_, named)| named.name == name).collect();
        let is_part = || templates.iter().any(|(other, text)| other != path && uses(text, name));
        if named_by.is_empty() && !is_part() {
            findings.push(Finding::new(path, 1, "no page struct and no template names it; delete it or use it"));
        }
        for (source, named) in named_by.iter().skip(1) {
            let message = format!("{name} belongs to the page struct of {}; share that one", named_by[0].0.path);
            findings.push(Finding::new(&source.path, named.line, message));
        }
    }
    findings
}

/// Whether a template extends, includes or imports the one of that name.
fn uses(text: &str, name: &str) -> bool {
    let tags = text.split("{%").skip(1).filter_map(|rest| rest.split("%}").next());
    let mut tags = tags.map(|tag| tag.trim_matches(['-', '~', '+', ' ', '\n']));
    tags.any(|tag| {
        let is_use = ["extends", "include", "import"].iter().any(|word| tag.starts_with(word));
        is_use && tag.contains(&format!("\"{name}\""))
    })
}

fn tables_not_in_the_schema(sources: &[Source]) -> Vec<Finding> {
    let schema = sources.iter().find(|source| source.path == "src/schema.rs");
    let is_listed = |owner: &Source, name: &str| {
        // Two rooms may have a table of one name: it is listed with its room or folder, as `vouchers::VOUCHERS`.
        let mut homes = owner.path.split('/').map(|part| part.trim_end_matches(".rs"));
        schema.is_some_and(|schema| homes.any(|home| has_word(&schema.text, &format!("{home}::{name}"))))
    };
    let mut findings = Vec::new();
    for source in sources.iter().filter(|source| source.path.starts_with("src/") && source.path != "src/schema.rs") {
        let tables = source.facts.statics.iter().filter(|found| found.kind == "Table" && !found.in_test);
        for table in tables.filter(|table| !is_listed(source, &table.name)) {
            let message = format!("the table {} is not in src/schema.rs; list it there", table.name);
            findings.push(Finding::new(&source.path, table.line, message));
        }
    }
    findings
}

fn has_word(text: &str, word: &str) -> bool {
    text.split(|c: char| !c.is_alphanumeric() && c != '_' && c != ':').any(|found| found == word)
}

fn commands_not_run_twice(sources: &[Source], registry: &Source) -> Vec<Finding> {
    let listed = |name: &str| registry.facts.strings.iter().any(|string| string.name == name);
    let commands = commands_of(sources);
    let missing = commands.iter().filter(|(_, _, name)| !listed(name));
    let mut findings: Vec<Finding> = missing
        .map(|(path, line, name)| Finding::new(path, *line, format!("add \"{name}\" to tests/it/commands.rs")))
        .collect();
    let is_command_name =
        |named: &&Named| named.name.split_once("::").is_some_and(|(room, _)| super::is_capability(room));
    for named in registry.facts.strings.iter().filter(is_command_name) {
        if !commands.iter().any(|(_, _, name)| *name == named.name) {
            findings.push(Finding::new(&registry.path, named.line, format!("there is no command {}", named.name)));
        }
    }
    findings
}

/// Path, line and `capability::function` of every command.
fn commands_of(sources: &[Source]) -> Vec<(&str, usize, String)> {
    let mut commands = Vec::new();
    for source in sources.iter().filter(|source| source.path.starts_with("src/") && source.is_part("commands")) {
        let Some(room) = source.room().filter(|room| super::is_capability(room)) else { continue };
        for function in source.facts.functions.iter().filter(|function| function.is_public_item && !function.in_test) {
            commands.push((source.path.as_str(), function.line, format!("{room}::{}", function.name)));
        }
    }
    commands
}

fn routes_that_no_test_asks_for(sources: &[Source]) -> Vec<Finding> {
    let is_test = |source: &&Source| source.path.starts_with("tests/") && !source.path.starts_with("tests/it/tidy");
    let asked: Vec<&str> = sources
        .iter()
        .filter(is_test)
        .flat_map(|source| &source.facts.strings)
        .map(|named| named.name.as_str())
        .collect();
    let mut findings = Vec::new();
    for source in sources.iter().filter(|source| source.room() == Some("routes")) {
        let patterns = source.facts.strings.iter().filter(|named| named.name.starts_with('/'));
        for pattern in patterns.filter(|pattern| !asked.iter().any(|literal| asks_for(literal, &pattern.name))) {
            let message = format!("no test asks for {}; write one in tests/it", pattern.name);
            findings.push(Finding::new(&source.path, pattern.line, message));
        }
    }
    findings
}

/// Whether a literal of a test is a path of that pattern: `/p/{}` or `/p/kahvila?x=1` of `/p/{slug}`. What the kit
/// puts before API paths may be left out.
fn asks_for(literal: &str, pattern: &str) -> bool {
    let path = literal.split(['?', '#']).next().unwrap_or_default();
    let fits = |pattern: &str| {
        let mut wanted = pattern.split('/');
        let mut have = path.split('/');
        loop {
            match (wanted.next(), have.next()) {
                (None, None) => return true,
                (Some(rest), Some(_)) if rest.starts_with("{*") => return true,
                (Some(want), Some(have)) if want == have || (want.starts_with('{') && !have.is_empty()) => {}
                _ => return false,
            }
        }
    };
    fits(pattern) || pattern.strip_prefix("/api/v1").is_some_and(fits)
}

#[test]
fn every_template_belongs_to_one_page_struct() {
    let templates = ["html", "xml", "txt", "svg"].into_iter().flat_map(|kind| files_under("templates", kind));
    demand_none(&templates_without_one_page(sources(), &templates.collect::<Vec<_>>()));

    let page = |name: &str| Source::parse("src/web/a.rs", &format!("#[template(path = \"{name}\")] struct Page;"));
    let template = |name: &str, text: &str| (format!("templates/{name}"), text.to_owned());
    let alone = [template("a.html", "")];
    assert_eq!(templates_without_one_page(&[page("a.html")], &alone), []);
    assert_eq!(templates_without_one_page(&[page("b.html")], &alone).len(), 1, "nobody names it");
    assert_eq!(templates_without_one_page(&[page("a.html"), page("a.html")], &alone).len(), 1, "two name it");
    let with_layout = [template("a.html", "{%- extends \"layout/page.html\" -%}"), template("layout/page.html", "")];
    assert_eq!(templates_without_one_page(&[page("a.html")], &with_layout), []);
}

#[test]
fn every_table_is_in_the_schema() {
    demand_none(&tables_not_in_the_schema(sources()));
    let table = || Source::parse("src/vouchers/model.rs", "pub static VOUCHERS: Table<Id, Voucher> = Table::new(1);");
    let schema = |text: &str| Source::parse("src/schema.rs", text);
    assert_eq!(tables_not_in_the_schema(&[table()]).len(), 1);
    assert_eq!(tables_not_in_the_schema(&[table(), schema("const ALL: &[X] = &[offers::VOUCHERS];")]).len(), 1);
    assert_eq!(tables_not_in_the_schema(&[table(), schema("const ALL: &[X] = &[vouchers::VOUCHERS];")]), []);
}

#[test]
fn every_command_is_run_twice() {
    let registry = sources().iter().find(|source| source.path == "tests/it/commands.rs").expect("the registry");
    demand_none(&commands_not_run_twice(sources(), registry));
    let command = |path: &str| [Source::parse(path, "pub fn redeem(tx: &mut Tx) { fn inner() {} } fn helper() {}")];
    let registry = |text: &str| Source::parse("tests/it/commands.rs", text);
    let full = registry("const REGISTRY: &[Row] = &[(\"vouchers::redeem\", f)];");
    let empty = registry("const REGISTRY: &[Row] = &[];");
    for path in ["src/vouchers/commands.rs", "src/vouchers/commands/redeem.rs"] {
        assert_eq!(commands_not_run_twice(&command(path), &full), []);
        assert_eq!(commands_not_run_twice(&command(path), &empty).len(), 1);
    }
    assert_eq!(commands_not_run_twice(&[], &full).len(), 1, "the command is gone");
}

#[test]
fn every_route_is_asked_for_by_some_test() {
    demand_none(&routes_that_no_test_asks_for(sources()));
    let routes = || Source::parse("src/routes.rs", "const ROUTES: &[Row] = &[(\"/api/v1/offers/{id}\", get)];");
    let test = |text: &str| Source::parse("tests/it/offers.rs", text);
    for good in ["/api/v1/offers/{id}", "/offers/{}", "/offers/{offer}?x=1"] {
        let asked = test(&format!("fn f() {{ get(&format!(\"{good}\")); }}"));
        assert_eq!(routes_that_no_test_asks_for(&[routes(), asked]), [], "{good}");
    }
    for bad in ["/offers", "/offers/", "/offers/{}/pause", "/api/v2/offers/{}", "offers/{}"] {
        let asked = test(&format!("fn f() {{ get(\"{bad}\"); }}"));
        assert_eq!(routes_that_no_test_asks_for(&[routes(), asked]).len(), 1, "{bad}");
    }
}
