//! What depends on a text's language: which one it is in, the stem of a word, and how Chinese is spelt in Latin
//! letters.

use std::sync::LazyLock;

use frostem::{Algorithm, Stemmer};
use pinyin::ToPinyin;
use whatlang::{Detector, Lang};

use crate::base::Locale;
use crate::search::words;

/// Shorter words have no endings to take off.
const MIN_STEMMED_CHARS: usize = 3;
/// Names of more characters are not spelt out.
const MAX_SPELT_CHARS: usize = 24;

/// The languages that have stems.
const STEMMED: [Locale; 6] = [Locale::En, Locale::De, Locale::Fi, Locale::Sv, Locale::Fr, Locale::Es];

/// The most likely of our languages; a name alone says little, so that this is a guess.
pub(super) fn detect(text: &str) -> Option<Locale> {
    static DETECTOR: LazyLock<Detector> = LazyLock::new(|| {
        let languages = [Lang::Eng, Lang::Deu, Lang::Fin, Lang::Swe, Lang::Fra, Lang::Spa, Lang::Cmn];
        Detector::with_allowlist(languages.to_vec())
    });
    #[expect(clippy::wildcard_enum_match_arm, reason = "no other one is on the list")]
    DETECTOR.detect_lang(text).and_then(|found| match found {
        Lang::Eng => Some(Locale::En),
        Lang::Deu => Some(Locale::De),
        Lang::Fin => Some(Locale::Fi),
        Lang::Swe => Some(Locale::Sv),
        Lang::Fra => Some(Locale::Fr),
        Lang::Spa => Some(Locale::Es),
        Lang::Cmn => Some(Locale::Zh),
        _ => None,
    })
}

/// The stem of a folded word, as the index has it: with its language, since the same letters may be stems of two.
pub(super) fn stem(locale: Locale, word: &str) -> Option<String> {
    let stemmer = match locale {
        Locale::En => Algorithm::English,
        Locale::De => Algorithm::German,
        Locale::Fi => Algorithm::Finnish,
        Locale::Sv => Algorithm::Swedish,
        Locale::Fr => Algorithm::French,
        Locale::Es => Algorithm::Spanish,
        Locale::Zh => return None,
    };
    let is_stemmed = word.chars().all(char::is_alphabetic) && word.chars().count() >= MIN_STEMMED_CHARS;
    is_stemmed.then(|| format!("{}~{}", locale.tag(), Stemmer::new(stemmer).stem(word)))
}

/// The stems that a word of a question has in whichever language.
pub(super) fn stems(word: &str) -> impl Iterator<Item = String> {
    STEMMED.into_iter().filter_map(move |locale| stem(locale, word))
}

/// A name's Chinese characters in pinyin without tones, once in full and once by initials: 北京 is beijing and bj.
pub(super) fn spelt(name: &str) -> Vec<String> {
    let syllables: Vec<&str> =
        name.to_pinyin().take(MAX_SPELT_CHARS).flatten().map(|syllable| syllable.plain()).collect();
    if syllables.len() < 2 {
        return syllables.into_iter().map(words::folded_name).collect();
    }
    let initials = syllables.iter().filter_map(|syllable| syllable.chars().next()).collect::<String>();
    vec![words::folded_name(&syllables.concat()), initials]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dir_04_forms_of_a_word_share_a_stem_in_their_language() {
        for (locale, forms) in [
            (Locale::En, ["restaurants", "restaurant"]),
            (Locale::De, ["kuchen", "kuche"]),
            (Locale::Fi, ["kahvilassa", "kahvilat"]),
            (Locale::Fi, ["ravintolan", "ravintolassa"]),
            (Locale::Sv, ["butiken", "butiker"]),
            (Locale::Fr, ["boulangeries", "boulangerie"]),
            (Locale::Es, ["zapaterias", "zapateria"]),
        ] {
            let [a, b] = forms.map(|form| stem(locale, form));
            assert!(a.is_some() && a == b, "{forms:?}: {a:?} {b:?}");
        }
        assert_eq!(stem(Locale::Zh, "餐馆"), None);
        assert_ne!(stem(Locale::En, "butiker"), stem(Locale::Sv, "butiker"));
    }

    #[test]
    fn sentences_tell_their_language() {
        for (text, locale) in [
            ("The best bakery in town with fresh bread every morning", Locale::En),
            ("Frisches Brot und Kuchen jeden Morgen in der Bäckerei", Locale::De),
            ("Tuoretta leipää ja kakkuja joka aamu leipomossa", Locale::Fi),
            ("Färskt bröd och kakor varje morgon i bageriet", Locale::Sv),
            ("Du pain frais et des gâteaux tous les matins", Locale::Fr),
            ("Pan fresco y pasteles todas las mañanas en la panadería", Locale::Es),
            ("每天早上新鲜的面包和蛋糕", Locale::Zh),
        ] {
            assert_eq!(detect(text), Some(locale), "{text}");
        }
    }

    #[test]
    fn dir_09_chinese_names_are_spelt_in_full_and_by_initials() {
        assert_eq!(spelt("北京烤鸭"), ["beijingkaoya", "bjky"]);
        assert!(spelt("Savoy").is_empty());
    }
}
