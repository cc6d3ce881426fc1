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

    #[test]
    fn every_category_has_an_icon_in_the_sprite_and_every_path_there_can_be_drawn() {
        let sprite = include_str!("../../assets/icons/sprite.svg");
        for category in Categories::get().all() {
            assert!(sprite.contains(&format!("<symbol id=\"{}\"", category.icon)), "{}", category.slug);
        }
        for path in sprite.split(" d=\"").skip(1).filter_map(|rest| rest.split('"').next()) {
            let broken = svgtypes::PathParser::from(path).find_map(|part| part.err());
            assert!(broken.is_none(), "{path}: {broken:?}");
        }
    }
}
