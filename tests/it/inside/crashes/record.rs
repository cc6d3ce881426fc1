//! The outside record: what people were told, which outlives every crash of the store, and the comparison with it.

use std::collections::BTreeMap;

use highstreet::base::{Line, Point};
use highstreet::directory::{self, Address, CategoryId, Contact, Met, PLACES, PlaceDraft, PlaceFacts, PlaceHours};
use highstreet::store::{Outcome, Span, Tx};

use super::super::model::shop::{Shop, same};
use super::super::model::wish::{Receipt, Wish};
use super::super::town::{Answered, Town};

/// Places in one command of an import.
pub const CHUNK: u32 = 6;

#[derive(Clone)]
pub struct Record {
    pub shop: Shop,
    /// Imported places by number, with the edition of the file that they were last in.
    places: BTreeMap<u32, u32>,
}

/// A command, before it is one.
#[derive(Clone, Debug)]
pub enum Ask {
    Wish(Wish),
    /// Takes in some places of an edition of a file, from this number on.
    Import {
        from: u32,
        edition: u32,
    },
}

#[derive(Clone, Debug)]
pub enum Told {
    Receipt(Receipt),
    Met(Met),
}

pub type Command = Box<dyn Fn(&mut Tx<'_>) -> Outcome<Told, &'static str> + Send>;

impl Record {
    pub fn of(shop: Shop) -> Record {
        Record { shop, places: BTreeMap::new() }
    }

    pub fn command(&self, town: &Town, ask: &Ask) -> Command {
        match ask {
            Ask::Wish(wish) => {
                let command = self.shop.command(town, wish);
                Box::new(move |tx| command(tx).map(Told::Receipt))
            }
            Ask::Import { from, edition } => {
                let drafts: Vec<_> = numbers(*from).map(|number| draft(number, *edition)).collect();
                Box::new(move |tx| {
                    let met = directory::import_chunk(tx, &drafts).map_err(|stop| stop.map(|_| "not-imported"))?;
                    Ok(Told::Met(met))
                })
            }
        }
    }

    /// Takes down what the product answered, if it had to answer so.
    pub fn hear(&mut self, ask: &Ask, answer: Answered<Told>) -> Result<(), String> {
        match (ask, answer) {
            (Ask::Wish(wish), Ok(Told::Receipt(receipt))) => self.shop.hear(wish, &Ok(receipt)),
            (Ask::Wish(wish), Err(refusal)) => self.shop.hear(wish, &Err(refusal)),
            (Ask::Import { from, edition }, Ok(Told::Met(met))) => {
                let mut expected = Met::default();
                for number in numbers(*from) {
                    match self.places.insert(number, *edition) {
                        None => expected.added += 1,
                        Some(known) if known == *edition => expected.unchanged += 1,
                        Some(_) => expected.updated += 1,
                    }
                }
                same(&format!("{ask:?}"), &met, &expected)
            }
            (ask, answer) => Err(format!("{ask:?} was answered by {answer:?}")),
        }
    }

    /// Whether the product has come to the same; else what differs.
    pub fn agrees(&self, town: &Town) -> Result<(), String> {
        self.shop.agrees(town)?;
        let read = town.read();
        for (number, edition) in &self.places {
            let found = directory::place_of_source(&read, &source(*number)).unwrap();
            let found = found.map(|(_, place)| place.name.to_string());
            same(&format!("place {number}"), &found, &Some(name(*number, *edition)))?;
        }
        let places = read.scan(&PLACES, Span::all()).unwrap().map(Result::unwrap);
        let imported = places.filter(|(_, place)| place.source.is_some()).count();
        same("places", &imported, &self.places.len())
    }
}

fn numbers(from: u32) -> std::ops::Range<u32> {
    from..from + CHUNK
}

fn source(number: u32) -> String {
    format!("osm:node/{number}")
}

fn name(number: u32, edition: u32) -> String {
    format!("Place {number}, edition {edition}")
}

fn draft(number: u32, edition: u32) -> PlaceDraft {
    let facts = PlaceFacts {
        name: Line::parse(&name(number, edition)).unwrap(),
        names: Vec::new(),
        category: CategoryId(1),
        address: Address::default(),
        contact: Contact::default(),
        hours: PlaceHours::Unknown,
        wheelchair: None,
        cuisines: Vec::new(),
        diets: Vec::new(),
        brand: None,
        level: None,
    };
    PlaceDraft { source: source(number), point: Point::new(60.17, 24.95).unwrap(), facts }
}
