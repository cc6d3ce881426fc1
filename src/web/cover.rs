//! Drawn covers for what has no photo: an inline SVG with the hue of the category's family, one of ten patterns chosen
//! by the id, and an icon of the sprite in the middle. Pure; no `style=`, which the pages' CSP would refuse.

use std::fmt::{self, Write};

use askama::filters::{Html, escape};

/// The kinds of place that share a hue; each has an icon of its own for when the category has none in the sprite.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Family {
    Food,
    Cafe,
    Drinks,
    Groceries,
    Shopping,
    Beauty,
    Health,
    Sport,
    Culture,
    Learning,
    Services,
    Repair,
    Stay,
    Transport,
    Public,
    Outdoors,
    Faith,
    Other,
}

impl Family {
    pub const ALL: [Family; 18] = [
        Family::Food,
        Family::Cafe,
        Family::Drinks,
        Family::Groceries,
        Family::Shopping,
        Family::Beauty,
        Family::Health,
        Family::Sport,
        Family::Culture,
        Family::Learning,
        Family::Services,
        Family::Repair,
        Family::Stay,
        Family::Transport,
        Family::Public,
        Family::Outdoors,
        Family::Faith,
        Family::Other,
    ];

    /// Degrees on the colour wheel of OKLCH.
    pub const fn hue(self) -> u16 {
        match self {
            Family::Food => 28,
            Family::Cafe => 62,
            Family::Drinks => 84,
            Family::Groceries => 128,
            Family::Shopping => 252,
            Family::Beauty => 338,
            Family::Health => 182,
            Family::Sport => 148,
            Family::Culture => 306,
            Family::Learning => 272,
            Family::Services => 226,
            Family::Repair => 206,
            Family::Stay => 290,
            Family::Transport => 240,
            Family::Public => 100,
            Family::Outdoors => 160,
            Family::Faith => 48,
            Family::Other => 72,
        }
    }

    /// The name of an icon in `assets/icons/sprite.svg`.
    pub const fn icon(self) -> &'static str {
        match self {
            Family::Food => "maki-restaurant",
            Family::Cafe => "maki-cafe",
            Family::Drinks => "maki-beer",
            Family::Groceries => "maki-grocery",
            Family::Shopping => "maki-shop",
            Family::Beauty => "maki-hairdresser",
            Family::Health => "maki-doctor",
            Family::Sport => "maki-fitness-centre",
            Family::Culture => "maki-theatre",
            Family::Learning => "maki-library",
            Family::Services => "maki-suitcase",
            Family::Repair => "maki-car-repair",
            Family::Stay => "maki-lodging",
            Family::Transport => "maki-rail",
            Family::Public => "maki-town-hall",
            Family::Outdoors => "maki-park",
            Family::Faith => "maki-place-of-worship",
            Family::Other => "maki-marker",
        }
    }
}

/// The covers of one page, in the order of the page: no two neighbours get the same pattern, no two patterns the same
/// SVG id.
#[derive(Debug)]
pub struct Covers<'a> {
    sprite: &'a str,
    drawn: usize,
    last: Option<usize>,
}

impl<'a> Covers<'a> {
    /// `sprite` is the URL of the icon sprite, as in `Frame::sprite`.
    pub fn new(sprite: &'a str) -> Covers<'a> {
        Covers { sprite, drawn: 0, last: None }
    }

    /// The next cover of a card, as SVG to print unescaped. `icon` is a name in the sprite; empty takes the family's.
    pub fn draw(&mut self, id: &[u8; 16], family: Family, icon: &str) -> String {
        let own = pattern_of(id);
        let pattern = if self.last == Some(own) { (own + 1) % PATTERNS.len() } else { own };
        self.last = Some(pattern);
        self.drawn += 1;
        let icon = if icon.is_empty() { family.icon() } else { icon };
        svg(Look { id, hue: family.hue(), icon, pattern, place: self.drawn, sprite: self.sprite, view: CARD })
    }
}

/// The wide cover at the head of a page that shows one thing; its pattern is the one that the thing has in lists.
pub fn cover(id: &[u8; 16], family: Family, icon: &str, sprite: &str) -> String {
    let icon = if icon.is_empty() { family.icon() } else { icon };
    svg(Look { id, hue: family.hue(), icon, pattern: pattern_of(id), place: 0, sprite, view: HEAD })
}

/// The boxes that a card and the head of a page show of the same drawing.
const CARD: &str = "0 0 320 180";
const HEAD: &str = "-160 0 640 180";
const GROUND: &str = "M-160 0h640v180h-640z";

/// A tile of 40 x 40: shapes to fill, or lines to stroke.
struct Pattern {
    stroked: bool,
    shapes: &'static str,
}

const fn filled(shapes: &'static str) -> Pattern {
    Pattern { stroked: false, shapes }
}

const fn stroked(shapes: &'static str) -> Pattern {
    Pattern { stroked: true, shapes }
}

const PATTERNS: [Pattern; 10] = [
    // dots
    filled(r#"<circle cx="10" cy="10" r="6"/><circle cx="30" cy="30" r="6"/>"#),
    // waves
    stroked(r#"<path d="M0 20q10-16 20 0t20 0"/>"#),
    // awning stripes
    filled(r#"<path d="M0 0h20v40H0z"/>"#),
    // pennants
    filled(r#"<path d="M0 6h40L20 34z"/>"#),
    // roof tiles
    stroked(r#"<path d="M0 0a20 20 0 0 0 40 0M-20 20a20 20 0 0 0 40 0a20 20 0 0 0 40 0"/>"#),
    // chequers
    filled(r#"<path d="M0 0h20v20H0zM20 20h20v20H20z"/>"#),
    // rings
    stroked(r#"<circle cx="20" cy="20" r="13"/>"#),
    // herringbone
    stroked(r#"<path d="M0 30L20 10l20 20M0 10L20-10l20 20M0 50l20-20 20 20"/>"#),
    // lozenges
    filled(r#"<path d="M20 2l12 18-12 18L8 20z"/>"#),
    // crosses
    stroked(r#"<path d="M20 10v20M10 20h20"/>"#),
];

/// All 16 bytes count, since ids made in the same millisecond share their first ones.
fn pattern_of(id: &[u8; 16]) -> usize {
    mix(id) as usize % PATTERNS.len()
}

/// FNV-1a, 32 bits.
fn mix(id: &[u8; 16]) -> u32 {
    id.iter().fold(0x811c_9dc5, |hash, byte| (hash ^ u32::from(*byte)).wrapping_mul(0x0100_0193))
}

struct Look<'a> {
    id: &'a [u8; 16],
    hue: u16,
    icon: &'a str,
    pattern: usize,
    place: usize,
    sprite: &'a str,
    view: &'static str,
}

fn svg(look: Look<'_>) -> String {
    let mut out = String::with_capacity(1024);
    // Writing to a String can't fail; the empty cover that an error would leave is harmless.
    let _ = write!(out, r#"<svg class="cover" viewBox="{}" aria-hidden="true""#, look.view);
    out.push_str(r#" preserveAspectRatio="xMidYMid slice">"#);
    let _ = ground(&mut out, &look);
    let _ = medallion(&mut out, &look);
    out.push_str("</svg>");
    out
}

/// The coloured ground and the pattern on it. Two of one family differ a little in hue, scale and slant as well.
fn ground(out: &mut String, look: &Look<'_>) -> fmt::Result {
    let mixed = mix(look.id);
    let (hue, pattern_id) = (look.hue, format_args!("c{}-{mixed:08x}", look.place));
    let tint = (hue + 350 + (mixed / 7 % 21) as u16) % 360;
    let scale = ["", " scale(.8)", " scale(1.3)"][(mixed / 151 % 3) as usize];
    let slant = [0, 30, 45, 60][(mixed / 457 % 4) as usize];
    let Pattern { stroked, shapes } = &PATTERNS[look.pattern];
    let paint = if *stroked { r#"fill="none" stroke-width="5" stroke"# } else { "fill" };
    let (ground, figure) = (Shade(".91 .04", ".33 .05", hue), Shade(".82 .07", ".44 .08", tint));
    write!(out, r#"<pattern id="{pattern_id}" width="40" height="40" patternUnits="userSpaceOnUse""#)?;
    write!(out, r#" patternTransform="rotate({slant}){scale}"><g {paint}="{figure}">{shapes}</g></pattern>"#)?;
    write!(out, r#"<path fill="{ground}" d="{GROUND}"/>"#)?;
    write!(out, r##"<path fill="url(#{pattern_id})" opacity=".55" d="{GROUND}"/>"##)
}

/// The icon, on a disc that keeps the pattern away from it.
fn medallion(out: &mut String, look: &Look<'_>) -> fmt::Result {
    let (disc, ink) = (Shade(".95 .025", ".27 .04", look.hue), Shade(".4 .1", ".86 .08", look.hue));
    let (Ok(sprite), Ok(icon)) = (escape(look.sprite, Html), escape(look.icon, Html));
    write!(out, r#"<circle cx="160" cy="90" r="46" fill="{disc}"/><g fill="none" color="{ink}">"#)?;
    write!(out, r##"<use href="{sprite}#{icon}" x="136" y="66" width="48" height="48"/></g>"##)
}

/// One hue as lightness and chroma on light paper, and on dark.
struct Shade(&'static str, &'static str, u16);

impl fmt::Display for Shade {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Shade(light, dark, hue) = self;
        write!(f, "light-dark(oklch({light} {hue}),oklch({dark} {hue}))")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SPRITE: &str = "/assets/sprite-0123456789abcdef.svg";

    fn id(n: u64) -> [u8; 16] {
        let mut bytes = [0; 16];
        bytes[8..].copy_from_slice(&n.wrapping_mul(0x9e37_79b9_7f4a_7c15).to_be_bytes());
        bytes
    }

    fn between<'a>(text: &'a str, start: &str, end: &str) -> &'a str {
        let (_, rest) = text.split_once(start).unwrap();
        rest.split_once(end).unwrap().0
    }

    fn shapes(svg: &str) -> &str {
        let tile = between(svg, "patternTransform", "</pattern>");
        tile.split_once(r#")">"#).unwrap().1
    }

    #[test]
    fn neighbours_on_a_page_have_different_patterns() {
        let mut covers = Covers::new(SPRITE);
        let drawn: Vec<String> = (0..200).map(|n| covers.draw(&id(n / 2), Family::Cafe, "")).collect();
        for pair in drawn.windows(2) {
            assert_ne!(shapes(&pair[0]), shapes(&pair[1]));
        }
    }

    #[test]
    fn ids_use_at_least_eight_patterns() {
        let used: std::collections::HashSet<usize> = (0..500).map(|n| pattern_of(&id(n))).collect();
        assert!(used.len() >= 8, "only {used:?}");
    }

    #[test]
    fn the_same_thing_looks_the_same_every_time() {
        assert_eq!(cover(&id(7), Family::Food, "", SPRITE), cover(&id(7), Family::Food, "", SPRITE));
    }

    #[test]
    fn pattern_ids_are_unique_on_a_page_even_for_a_thing_shown_twice() {
        let mut covers = Covers::new(SPRITE);
        let drawn: Vec<String> = (0..3).map(|_| covers.draw(&id(1), Family::Cafe, "")).collect();
        let ids: std::collections::HashSet<&str> =
            drawn.iter().map(|svg| between(svg, "<pattern id=\"", "\"")).collect();
        assert_eq!(ids.len(), 3);
    }

    #[test]
    fn a_cover_stays_small_and_has_no_style_attribute() {
        for n in 0..500 {
            let svg = cover(&id(n), Family::ALL[n as usize % Family::ALL.len()], "maki-restaurant-noodle", SPRITE);
            assert!(svg.len() <= 1200, "{} bytes", svg.len());
            assert!(!svg.contains("style"), "{svg}");
        }
    }

    #[test]
    fn names_are_escaped() {
        let svg = cover(&id(1), Family::Other, "\"><script>", "/a\"b");
        assert!(!svg.contains("<script") && !svg.contains("\"><s") && !svg.contains("a\"b"), "{svg}");
    }

    #[test]
    fn every_family_has_its_icon_in_the_sprite_and_a_hue_on_the_wheel() {
        let sprite = include_str!("../../assets/icons/sprite.svg");
        for family in Family::ALL {
            assert!(sprite.contains(&format!("<symbol id=\"{}\"", family.icon())), "{family:?}");
            assert!(family.hue() < 360, "{family:?}");
        }
    }
}
