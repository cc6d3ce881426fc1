//! Which drawn cover a category has: its family's hue, its own icon.

use crate::directory::categories::{Categories, CategoryId};
use crate::web::cover::Family;

/// The family of covers, and the icon in the middle.
pub fn cover_of(category: CategoryId) -> (Family, &'static str) {
    let Some(category) = Categories::get().by_id(category) else { return (Family::Other, "") };
    let family = Family::ALL.into_iter().find(|family| family.hue() == category.hue);
    (family.unwrap_or(Family::Other), category.icon.as_ref())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_category_is_drawn_in_its_familys_hue_and_an_unknown_one_is_drawn_too() {
        let eat = Categories::get().by_slug("eat").unwrap();
        assert_eq!(cover_of(eat.id), (Family::Food, "maki-restaurant"));
        assert_eq!(cover_of(CategoryId(u16::MAX)), (Family::Other, ""));
    }
}
