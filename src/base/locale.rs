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

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn every_locale_is_read_back_from_its_tag_in_any_case_and_with_any_region() {
        for locale in Locale::ALL {
            for tag in [locale.tag().to_owned(), locale.tag().to_uppercase(), format!("{}-XX", locale.tag())] {
                assert_eq!(Locale::parse(&tag), Some(locale), "{tag}");
            }
        }
        assert_eq!(Locale::parse("zh_Hant_TW"), Some(Locale::Zh));
    }

    /// Rows hold these numbers: a locale keeps its own for ever.
    #[test]
    fn every_locale_keeps_its_number() {
        let numbers: Vec<u8> = Locale::ALL.iter().map(|locale| minicbor::to_vec(locale).unwrap()[0]).collect();
        assert_eq!(numbers, [0, 1, 2, 3, 4, 5, 6]);
    }

    #[test]
    fn a_language_that_we_do_not_have_is_none() {
        for tag in ["", "-", "it", "eng", "e", "d-e"] {
            assert_eq!(Locale::parse(tag), None, "{tag}");
        }
    }

    proptest! {
        #[test]
        fn no_tag_panics(tag in any::<String>()) {
            let _ = Locale::parse(&tag);
        }
    }
}
