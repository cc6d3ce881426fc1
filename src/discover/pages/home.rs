//! `/`: what there is, what is open near, what ends soon.

use askama::Template;
use axum::extract::State;

use crate::base::Fault;
use crate::directory::{self, Categories, CategoryId};
use crate::discover::filters::{Filters, Open};
use crate::discover::pages::{category_label, grouped, offer_card, place_cards};
use crate::discover::queries::{Found, Moment, found, offers_ending, settle};
use crate::search::{Facets, Flag, Query};
use crate::store::Read;
use crate::web::cover::Covers;
use crate::web::view::{OfferCard, PlaceCard};
use crate::web::{Frame, PageResult, Site, page};

const CATEGORIES: usize = 8;
const ENDING: usize = 8;
const NEAR: usize = 8;

#[derive(Template)]
#[template(path = "discover/home.html")]
struct HomePage {
    frame: Frame,
    /// Nothing was brought in yet.
    is_new: bool,
    places: String,
    open_now: String,
    categories: Vec<CategoryLink>,
    ending: Vec<OfferCard>,
    near: Vec<PlaceCard>,
    near_title: &'static str,
    open_url: String,
    deals_url: String,
}

struct CategoryLink {
    url: String,
    icon: String,
    label: String,
    count: String,
}

/// `GET /`
pub async fn home(State(site): State<Site>, frame: Frame) -> PageResult {
    settle(&site).await?;
    let snapshot = site.store.snapshot()?;
    let moment = Moment::of(&snapshot, &site)?;
    let open = Filters { open: Some(Open::Now), near: moment.center, ..Filters::default() };
    let near = site.search.find(&open.query(moment.now, 0, NEAR));
    let all = site.search.find(&Query { limit: 1, ..Query::all(moment.now) });
    let mut covers = Covers::new(frame.sprite);
    let ending = ending(&snapshot, &moment, &mut covers)?;
    let near = place_cards(&found(&snapshot, &moment, &near)?, &moment, &mut covers);
    let description =
        format!("{} places in {}: what is open, what is near, and what is on offer.", all.total, frame.city);
    Ok(page(HomePage {
        is_new: all.total == 0 && !directory::has_places(&snapshot)?,
        places: grouped(all.total),
        open_now: grouped(all.facets.open as usize),
        categories: categories(&all.facets),
        ending,
        near,
        near_title: if moment.center.is_some() { "Open now in the centre" } else { "Open now" },
        open_url: Filters { open: Some(Open::Now), ..Filters::default() }.url(),
        deals_url: Filters::default().toggled(Flag::HasOffer).url(),
        frame: frame.tab("home").described(description).public("/"),
    }))
}

fn ending(read: &dyn Read, moment: &Moment, covers: &mut Covers<'_>) -> Result<Vec<OfferCard>, Fault> {
    let ending: Vec<Found> = offers_ending(read, moment, ENDING)?;
    let cards = ending.iter().filter_map(|found| Some(offer_card(found, found.deal.as_ref()?, moment, covers)));
    Ok(cards.collect())
}

/// The families with the most places.
fn categories(facets: &Facets) -> Vec<CategoryLink> {
    let tree = Categories::get();
    let families = facets.categories.iter().filter_map(|(id, count)| Some((tree.by_id(CategoryId(*id))?, *count)));
    let families = families.filter(|(category, _)| category.parent.is_none()).take(CATEGORIES);
    let link = |category: &crate::directory::Category, count: u32| CategoryLink {
        url: Filters { categories: vec![category.id], ..Filters::default() }.url(),
        icon: category.icon.to_string(),
        label: category_label(category),
        count: grouped(count as usize),
    };
    families.map(|(category, count)| link(category, count)).collect()
}
