//! `/search`: the answer to a search, and every way to narrow, widen and sort it as a link. The URL holds it all.

use askama::Template;
use axum::extract::{RawQuery, State};

use crate::directory::{Categories, Category, CategoryId};
use crate::discover::filters::{DIETS, Filters, MAX_CATEGORIES, Open, Wrong, stars_text};
use crate::discover::pages::{category_label, distance_text, grouped, place_cards};
use crate::discover::queries::{Moment, found, settle};
use crate::search::{Facets, Flag, Results, Sort};
use crate::web::cover::Covers;
use crate::web::view::{Facet, Pager, PlaceCard};
use crate::web::{Frame, PageResult, Site, page};

const PLACES_A_PAGE: usize = 20;
/// Nobody reads on for longer; a filter helps more.
const MAX_PAGE: usize = 500;
const CATEGORY_LINKS: usize = 24;
const DISTANCES_M: [u32; 4] = [500, 1_000, 2_000, 5_000];

#[derive(Template)]
#[template(path = "discover/search.html")]
struct SearchPage {
    frame: Frame,
    heading: String,
    summary: String,
    /// What could not be read of the URL or be searched, in words.
    dropped: Vec<String>,
    quick: Vec<Facet>,
    sorts: Vec<Facet>,
    groups: Vec<FacetGroup>,
    filters_open: bool,
    applied: Vec<Applied>,
    clear_url: String,
    places: Vec<PlaceCard>,
    pager: Pager,
    /// One page for search engines stands for all its narrower ones.
    is_indexed: bool,
}

struct FacetGroup {
    label: &'static str,
    facets: Vec<Facet>,
}

/// A filter in use, and the URL without it.
struct Applied {
    label: String,
    url: String,
}

/// `GET /search`
pub async fn search(State(site): State<Site>, RawQuery(query): RawQuery, frame: Frame) -> PageResult {
    settle(&site).await?;
    let query = query.unwrap_or_default();
    let (filters, wrong) = Filters::read(&query);
    let (number, page_wrong) = page_number(&query);
    let snapshot = site.store.snapshot()?;
    let moment = Moment::of(&snapshot, &site)?;
    let results = site.search.find(&filters.query(moment.now, (number - 1) * PLACES_A_PAGE, PLACES_A_PAGE));
    let found = found(&snapshot, &moment, &results)?;
    let heading = heading(&filters, &frame.city);
    let plain = Filters { words: filters.words.clone(), categories: filters.categories.clone(), ..Filters::default() };
    let is_indexed = filters == plain && filters.words.is_empty() && filters.categories.len() < 2 && number == 1;
    Ok(page(SearchPage {
        summary: summary(&filters, results.total),
        dropped: wrong.iter().map(dropped).chain(page_wrong).chain(partial(&results)).collect(),
        quick: quick(&filters, &results.facets),
        sorts: sorts(&filters),
        groups: groups(&filters, &results.facets),
        filters_open: filters != plain || !filters.categories.is_empty(),
        applied: applied(&filters),
        clear_url: filters.cleared().url(),
        places: place_cards(&found, &moment, &mut Covers::new(frame.sprite)),
        pager: pager(&filters, number, &results),
        is_indexed,
        frame: frame
            .titled(heading.clone())
            .described(format!("{heading}: opening hours, addresses, deals and reviews."))
            .public(plain.url())
            .tab("search")
            .query(filters.words),
        heading,
    }))
}

fn page_number(query: &str) -> (usize, Option<String>) {
    let pairs: Vec<(String, String)> = serde_urlencoded::from_str(query).unwrap_or_default();
    let typed = pairs.iter().find(|(name, value)| name == "page" && !value.is_empty()).map(|(_, value)| value.as_str());
    match typed.map(|text| text.parse().ok().filter(|page| (1..=MAX_PAGE).contains(page))) {
        None => (1, None),
        Some(Some(page)) => (page, None),
        Some(None) => (1, Some(format!("There is no such page (1 to {MAX_PAGE}): this is the first."))),
    }
}

fn dropped(wrong: &Wrong) -> String {
    format!("The filter “{}” was left out: {}.", wrong.field, wrong.advice)
}

fn partial(results: &Results) -> Option<String> {
    let note = "The search index is being made. Some places may be missing here for a moment.";
    results.is_partial.then(|| note.to_owned())
}

fn heading(filters: &Filters, city: &str) -> String {
    let category = match filters.categories[..] {
        [only] => Categories::get().by_id(only).map(category_label),
        _ => None,
    };
    match (filters.words.as_str(), category) {
        ("", None) => format!("All places in {city}"),
        ("", Some(category)) => format!("{category} in {city}"),
        (words, None) => format!("“{words}” in {city}"),
        (words, Some(category)) => format!("“{words}”, {category}"),
    }
}

fn summary(filters: &Filters, total: usize) -> String {
    let order = match filters.sort.unwrap_or_default() {
        Sort::Relevance if !filters.words.is_empty() => "the best match first",
        Sort::Relevance | Sort::Distance if filters.near.is_some() => "nearest first",
        Sort::Relevance | Sort::Distance | Sort::Rating => "best rated first",
    };
    match total {
        0 => "No places".to_owned(),
        1 => "1 place".to_owned(),
        _ => format!("{} places, {order}", grouped(total)),
    }
}

fn facet(label: impl Into<String>, count: Option<u32>, to: &Filters, active: bool) -> Facet {
    Facet { label: label.into(), count, url: to.url(), active }
}

fn count_of(facets: &Facets, flag: Flag) -> u32 {
    facets.flags.iter().find(|(other, _)| *other == flag).map_or(0, |(_, count)| *count)
}

fn quick(filters: &Filters, facets: &Facets) -> Vec<Facet> {
    let is_open_now = filters.open == Some(Open::Now);
    let open = filters.with(|filters| filters.open = (!is_open_now).then_some(Open::Now));
    let mut quick = vec![facet("Open now", Some(facets.open), &open, is_open_now)];
    for (flag, label) in [(Flag::HasOffer, "With a deal"), (Flag::Wheelchair, "Step-free")] {
        let active = filters.has(flag);
        let count = count_of(facets, flag);
        if active || count > 0 {
            quick.push(facet(label, Some(count), &filters.toggled(flag), active));
        }
    }
    quick
}

fn sorts(filters: &Filters) -> Vec<Facet> {
    let now = filters.sort.unwrap_or_default();
    let all = [(Sort::Relevance, "Best match"), (Sort::Distance, "Nearest"), (Sort::Rating, "Best rated")];
    let offered = all.into_iter().filter(|(sort, _)| *sort != Sort::Distance || filters.near.is_some());
    let to = |sort| filters.with(|filters| filters.sort = (sort != Sort::Relevance).then_some(sort));
    offered.map(|(sort, label)| facet(label, None, &to(sort), sort == now)).collect()
}

fn groups(filters: &Filters, facets: &Facets) -> Vec<FacetGroup> {
    let diets = DIETS.into_iter().filter(|diet| filters.has(*diet) || count_of(facets, *diet) > 0);
    let diet = |diet: Flag| {
        let label = diet.name().replace('-', " ");
        facet(capitalised(&label), Some(count_of(facets, diet)), &filters.toggled(diet), filters.has(diet))
    };
    let rating = |(least, count): &(u16, u32)| {
        let active = filters.min_rating == Some(*least);
        let to = filters.with(|filters| filters.min_rating = (!active).then_some(*least));
        facet(format!("{} stars and more", stars_text(*least)), Some(*count), &to, active)
    };
    let distance = |within: u32| {
        let active = filters.within_m == Some(within);
        let to = filters.with(|filters| filters.within_m = (!active).then_some(within));
        facet(distance_text(within), None, &to, active)
    };
    let distances = DISTANCES_M.into_iter().filter(|_| filters.near.is_some()).map(distance);
    let groups = [
        FacetGroup { label: "Category", facets: categories(filters, facets) },
        FacetGroup { label: "Distance", facets: distances.collect() },
        FacetGroup { label: "Rating", facets: facets.ratings.iter().map(rating).collect() },
        FacetGroup { label: "Diet", facets: diets.map(diet).collect() },
    ];
    groups.into_iter().filter(|group| !group.facets.is_empty()).collect()
}

/// The chosen categories, then the kinds below them, then what stands beside them; the families while none is chosen.
fn categories(filters: &Filters, facets: &Facets) -> Vec<Facet> {
    let tree = Categories::get();
    let mut links = Vec::new();
    for id in &filters.categories {
        let count = facets.categories.iter().find(|(other, _)| *other == id.0).map_or(0, |(_, count)| *count);
        let to = filters.with(|filters| filters.categories.retain(|other| other != id));
        links.extend(tree.by_id(*id).map(|category| facet(category_label(category), Some(count), &to, true)));
    }
    let counted = facets.categories.iter().filter_map(|(id, count)| Some((tree.by_id(CategoryId(*id))?, *count)));
    let mut offered: Vec<(Step, &Category, u32)> =
        counted.filter_map(|(category, count)| Some((step(filters, category)?, category, count))).collect();
    offered.sort_by_key(|(step, ..)| *step);
    for (step, category, count) in offered.into_iter().take(CATEGORY_LINKS.saturating_sub(links.len())) {
        let to = filters.with(|filters| {
            // What is chosen below something narrows it: the wider choice goes. What is beside it widens.
            if step == Step::Below {
                filters.categories.retain(|other| !tree.is_within(category.id, *other));
            }
            filters.categories.push(category.id);
        });
        links.push(facet(category_label(category), Some(count), &to, false));
    }
    links
}

/// How a category that is not chosen stands to those that are.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Step {
    Below,
    Beside,
}

/// Whether a category is offered, and as what.
fn step(filters: &Filters, category: &Category) -> Option<Step> {
    let tree = Categories::get();
    let chosen = &filters.categories;
    if chosen.len() >= MAX_CATEGORIES || chosen.iter().any(|id| tree.is_within(*id, category.id)) {
        return None;
    }
    if category.parent.is_some_and(|parent| chosen.contains(&parent)) {
        return Some(Step::Below);
    }
    let is_covered = chosen.iter().any(|id| tree.is_within(category.id, *id));
    let is_beside = |id: &CategoryId| tree.by_id(*id).is_some_and(|other| other.parent == category.parent);
    let is_offered = if chosen.is_empty() { category.parent.is_none() } else { chosen.iter().any(is_beside) };
    (is_offered && !is_covered).then_some(Step::Beside)
}

fn applied(filters: &Filters) -> Vec<Applied> {
    let mut applied: Vec<Applied> = Vec::new();
    let mut add = |label: String, to: Filters| applied.push(Applied { label, url: to.url() });
    for id in &filters.categories {
        if let Some(category) = Categories::get().by_id(*id) {
            add(category_label(category), filters.with(|filters| filters.categories.retain(|other| other != id)));
        }
    }
    if let Some(open) = filters.open {
        let label = if open == Open::Now { "Open now" } else { "Open then" };
        add(label.to_owned(), filters.with(|filters| filters.open = None));
    }
    for flag in &filters.flags {
        let label = match flag {
            Flag::HasOffer => "With a deal".to_owned(),
            Flag::Wheelchair => "Step-free".to_owned(),
            Flag::Vegetarian | Flag::Vegan | Flag::Halal | Flag::Kosher | Flag::GlutenFree => {
                capitalised(&flag.name().replace('-', " "))
            }
        };
        add(label, filters.toggled(*flag));
    }
    if let Some(least) = filters.min_rating {
        add(format!("{} stars and more", stars_text(least)), filters.with(|filters| filters.min_rating = None));
    }
    if let Some(within) = filters.within_m {
        add(format!("Within {}", distance_text(within)), filters.with(|filters| filters.within_m = None));
    }
    if filters.near.is_some() {
        let to = filters.with(|filters| (filters.near, filters.within_m) = (None, None));
        add("Near this point".to_owned(), to);
    }
    if filters.bounding_box.is_some() {
        add("This part of the map".to_owned(), filters.with(|filters| filters.bounding_box = None));
    }
    applied
}

fn pager(filters: &Filters, number: usize, results: &Results) -> Pager {
    let first = (number - 1) * PLACES_A_PAGE;
    let last = first + results.items.len();
    Pager {
        previous: (number > 1).then(|| filters.page_url(number - 1)),
        next: (last < results.total && number < MAX_PAGE).then(|| filters.page_url(number + 1)),
        text: format!("{} to {} of {}", grouped(first + 1), grouped(last), grouped(results.total)),
    }
}

fn capitalised(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}
