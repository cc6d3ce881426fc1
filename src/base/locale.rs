//! The languages that names and search synonyms come in.

use minicbor::{Decode, Encode};

/// A language of the house. Pages speak English today; category names and synonyms come in all of these.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Encode, Decode)]
#[cbor(index_only)]
pub enum Locale {
    #[n(0)]
    #[default]
    En,
    #[n(1)]
    De,
    #[n(2)]
    Fi,
    #[n(3)]
    Sv,
    #[n(4)]
    Fr,
    #[n(5)]
    Es,
    #[n(6)]
    Zh,
}

impl Locale {
    pub const ALL: [Locale; 7] = [Locale::En, Locale::De, Locale::Fi, Locale::Sv, Locale::Fr, Locale::Es, Locale::Zh];

    /// The ISO 639-1 tag, as in `lang="fi"`.
    pub const fn tag(self) -> &'static str {
        match self {
            Locale::En => "en",
            Locale::De => "de",
            Locale::Fi => "fi",
            Locale::Sv => "sv",
            Locale::Fr => "fr",
            Locale::Es => "es",
            Locale::Zh => "zh",
        }
    }

    /// Reads a BCP 47 tag by its language part: `de-AT` is German here.
    pub fn parse(tag: &str) -> Option<Locale> {
        let language = tag.split(['-', '_']).next()?.to_ascii_lowercase();
        Locale::ALL.into_iter().find(|locale| locale.tag() == language)
    }
}
