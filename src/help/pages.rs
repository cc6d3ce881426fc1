//! `/help` and `/help/licences`. How the score is made stands with the reviews.

use std::collections::HashMap;
use std::sync::OnceLock;

use askama::Template;
use axum::response::Response;
use serde::Deserialize;

use crate::base::Fault;
use crate::web::{Frame, PageResult, page};

/// Written by `packaging/licences`.
const THIRD_PARTY: &str = include_str!("../../assets/licences/third-party.json");
/// What is not a library: the file, its name and its licence.
const ASSETS: [(&str, &str, &str); 3] = [
    ("Lucide icons", "ISC", include_str!("../../assets/licences/lucide.txt")),
    ("Maki icons", "CC0-1.0", include_str!("../../assets/licences/maki.txt")),
    ("OpenStreetMap iD tagging schema", "ISC", include_str!("../../assets/licences/id-tagging-schema.txt")),
];

#[derive(Template)]
#[template(path = "help/help.html")]
struct HelpPage {
    frame: Frame,
}

/// `GET /help`
pub async fn help(frame: Frame) -> Response {
    page(HelpPage { frame: frame.titled("Help") })
}

#[derive(Template)]
#[template(path = "help/licences.html")]
struct LicencesPage {
    frame: Frame,
    licences: &'static [Licence],
    texts: &'static [Text],
}

/// A work that the product is made of.
#[derive(Debug)]
struct Licence {
    name: String,
    kind: String,
    /// Where its texts stand on the page.
    texts: Vec<usize>,
}

/// All works, and all texts that they name.
#[derive(Debug)]
struct Shelf {
    licences: Vec<Licence>,
    texts: Vec<Text>,
}

/// A licence's text, shown once however many works are under it.
#[derive(Debug)]
struct Text {
    number: usize,
    text: String,
}

/// `GET /help/licences`
pub async fn licences(frame: Frame) -> PageResult {
    static READ: OnceLock<Result<Shelf, String>> = OnceLock::new();
    let Shelf { licences, texts } = READ
        .get_or_init(|| read(THIRD_PARTY).map_err(|error| error.to_string()))
        .as_ref()
        .map_err(|error| Fault::bug("the embedded licences", error))?;
    Ok(page(LicencesPage { frame: frame.titled("Licences"), licences, texts }))
}

#[derive(Deserialize)]
struct File {
    packages: Vec<Package>,
    texts: HashMap<String, String>,
}

#[derive(Deserialize)]
struct Package {
    name: String,
    version: String,
    licence: String,
    texts: Vec<String>,
}

fn read(json: &str) -> Result<Shelf, serde_json::Error> {
    let File { packages, texts: by_hash } = serde_json::from_str(json)?;
    let mut licences = Vec::new();
    let mut texts: Vec<Text> = Vec::new();
    let mut numbers: HashMap<String, usize> = HashMap::new();
    let mut number_of = |key: &str, text: &str| {
        *numbers.entry(key.to_owned()).or_insert_with(|| {
            texts.push(Text { number: texts.len() + 1, text: text.to_owned() });
            texts.len()
        })
    };
    for (name, kind, text) in ASSETS {
        licences.push(Licence { name: name.into(), kind: kind.into(), texts: vec![number_of(name, text)] });
    }
    for package in packages {
        let found = package.texts.iter().filter_map(|hash| Some((hash, by_hash.get(hash)?)));
        let texts = found.map(|(hash, text)| number_of(hash, text)).collect();
        let name = format!("{} {}", package.name, package.version);
        licences.push(Licence { name, kind: package.licence, texts });
    }
    Ok(Shelf { licences, texts })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_work_has_its_licence_and_every_text_stands_there_once() {
        let Shelf { licences, texts } = read(THIRD_PARTY).unwrap();
        assert!(licences.len() > 100 && licences.iter().all(|licence| !licence.kind.is_empty()));
        assert!(licences.iter().any(|licence| licence.name.starts_with("axum ") && !licence.texts.is_empty()));
        let shown: std::collections::BTreeSet<usize> = texts.iter().map(|text| text.number).collect();
        let named: std::collections::BTreeSet<usize> =
            licences.iter().flat_map(|licence| licence.texts.clone()).collect();
        assert_eq!(shown, named);
    }
}
