//! From text to the words that are compared: the same for documents and queries. Case, accents and width are folded;
//! Chinese, Japanese and Korean, which put no spaces, become single characters and pairs of neighbours.

use tantivy::tokenizer::{TextAnalyzer, Token, TokenStream, Tokenizer};
use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::{decompose_canonical, is_combining_mark};

/// The name under which the index knows this way of cutting.
pub(super) const TOKENIZER: &str = "highstreet";
/// What is read of a query; the rest is no question any more.
pub(super) const MAX_QUERY_CHARS: usize = 200;
const MAX_QUERY_TERMS: usize = 12;
/// What is read of one text of a document.
const MAX_TEXT_CHARS: usize = 20_000;
const MAX_TERM_CHARS: usize = 40;

/// The words of a document's text, repetitions included.
pub(super) fn words_of(text: &str) -> Vec<String> {
    let mut words = Vec::new();
    for run in runs(&fold(text, MAX_TEXT_CHARS)) {
        match run {
            Run::Word(word) => words.push(word),
            Run::Ideographs(characters) => {
                words.extend(characters.iter().map(char::to_string));
                words.extend(pairs(&characters));
            }
        }
    }
    words
}

/// The words of a query, each once and in order, and not too many.
pub(super) fn terms_of(query: &str) -> Vec<String> {
    let mut terms = Vec::new();
    for run in runs(&fold(beginning(query), MAX_QUERY_CHARS)) {
        let found = match run {
            Run::Word(word) => vec![word],
            Run::Ideographs(characters) if characters.len() == 1 => vec![characters.iter().collect()],
            Run::Ideographs(characters) => pairs(&characters).collect(),
        };
        for term in found {
            if !terms.contains(&term) {
                terms.push(term);
            }
        }
    }
    terms.truncate(MAX_QUERY_TERMS);
    terms
}

/// A name as one string to compare beginnings by.
pub(super) fn folded_name(name: &str) -> String {
    let folded = fold(name, MAX_QUERY_CHARS);
    folded.split(|c| !is_of_word(c)).filter(|part| !part.is_empty()).collect::<Vec<_>>().join(" ")
}

/// What is read of a query, without a last word that the bound would cut in two.
fn beginning(query: &str) -> &str {
    let Some((bound, _)) = query.char_indices().nth(MAX_QUERY_CHARS) else { return query };
    let read = query.get(..bound).unwrap_or_default();
    read.rsplit_once(char::is_whitespace).map_or(read, |(whole_words, _)| whole_words)
}

enum Run {
    Word(String),
    Ideographs(Vec<char>),
}

fn runs(folded: &str) -> Vec<Run> {
    let mut runs = Vec::new();
    for part in folded.split(|c| !is_of_word(c)).filter(|part| !part.is_empty()) {
        let characters: Vec<char> = part.chars().collect();
        for run in characters.chunk_by(|a, b| is_ideograph(*a) == is_ideograph(*b)) {
            runs.push(if run.first().copied().is_some_and(is_ideograph) {
                Run::Ideographs(run.to_vec())
            } else {
                Run::Word(run.iter().take(MAX_TERM_CHARS).collect())
            });
        }
    }
    runs
}

fn pairs(characters: &[char]) -> impl Iterator<Item = String> {
    characters.windows(2).map(|pair| pair.iter().collect())
}

fn fold(text: &str, max_chars: usize) -> String {
    let mut folded = String::new();
    for character in text.chars().take(max_chars).nfkc().flat_map(char::to_lowercase) {
        if is_ideograph(character) {
            // Taking these apart would lose the difference between か and が.
            folded.push(character);
        } else {
            decompose_canonical(character, |part| fold_part(part, &mut folded));
        }
    }
    folded
}

fn fold_part(part: char, folded: &mut String) {
    match part {
        // Accents of Latin, Greek and Cyrillic; points of Hebrew and Arabic.
        '\u{300}'..='\u{36F}' | '\u{591}'..='\u{5C7}' | '\u{64B}'..='\u{652}' | '\u{670}' => {}
        // McDonald's is searched for as mcdonalds.
        '\'' | '\u{2019}' | '\u{2BC}' => {}
        'ß' => folded.push_str("ss"),
        'æ' => folded.push_str("ae"),
        'œ' => folded.push_str("oe"),
        'þ' => folded.push_str("th"),
        'ø' => folded.push('o'),
        'ł' => folded.push('l'),
        'đ' | 'ð' => folded.push('d'),
        'ı' => folded.push('i'),
        'ς' => folded.push('σ'),
        other => folded.push(other),
    }
}

fn is_of_word(character: char) -> bool {
    character.is_alphanumeric() || is_combining_mark(character)
}

fn is_ideograph(character: char) -> bool {
    matches!(character,
        '\u{3005}' | '\u{3040}'..='\u{30FF}' | '\u{31F0}'..='\u{31FF}' | '\u{3400}'..='\u{4DBF}'
        | '\u{4E00}'..='\u{9FFF}' | '\u{AC00}'..='\u{D7AF}' | '\u{F900}'..='\u{FAFF}'
        | '\u{20000}'..='\u{3134F}')
}

pub(super) fn analyzer() -> TextAnalyzer {
    TextAnalyzer::from(Words)
}

/// [`words_of`] in the shape that the index asks for.
#[derive(Clone)]
struct Words;

struct WordStream {
    rest: std::vec::IntoIter<String>,
    token: Token,
}

impl Tokenizer for Words {
    type TokenStream<'a> = WordStream;

    fn token_stream<'a>(&'a mut self, text: &'a str) -> WordStream {
        WordStream { rest: words_of(text).into_iter(), token: Token::default() }
    }
}

impl TokenStream for WordStream {
    fn advance(&mut self) -> bool {
        let Some(word) = self.rest.next() else { return false };
        self.token.text = word;
        self.token.position = self.token.position.wrapping_add(1);
        true
    }

    fn token(&self) -> &Token {
        &self.token
    }

    fn token_mut(&mut self) -> &mut Token {
        &mut self.token
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn case_accents_and_width_are_folded() {
        for (written, folded) in [
            ("Päiväkoti", "paivakoti"),
            ("CAFÉ", "cafe"),
            ("Straße", "strasse"),
            ("SMØRREBRØD", "smorrebrod"),
            ("ＳＵＳＨＩ", "sushi"),
            ("Ψωμίς", "ψωμισ"),
            ("McDonald’s", "mcdonalds"),
            ("Ёлка", "елка"),
            ("İstanbul", "istanbul"),
        ] {
            assert_eq!(terms_of(written), [folded], "{written}");
        }
    }

    #[test]
    fn punctuation_parts_words() {
        assert_eq!(terms_of("R-kioski, H&M"), ["r", "kioski", "h", "m"]);
    }

    #[test]
    fn chinese_and_japanese_become_pairs() {
        assert_eq!(terms_of("北京烤鸭"), ["北京", "京烤", "烤鸭"]);
        assert_eq!(terms_of("鸭"), ["鸭"]);
        assert_eq!(terms_of("sushi寿司bar"), ["sushi", "寿司", "bar"]);
        assert_eq!(words_of("寿司"), ["寿", "司", "寿司"]);
        assert_ne!(terms_of("かき"), terms_of("がき"));
    }

    #[test]
    fn a_query_is_bounded() {
        let long = "wort ".repeat(300_000);
        assert_eq!(terms_of(&long), ["wort"]);
        let many: String = (0..100).map(|n| format!("{n} ")).collect();
        assert_eq!(terms_of(&many).len(), MAX_QUERY_TERMS);
        assert_eq!(terms_of(&"x".repeat(1_000_000))[0].len(), MAX_TERM_CHARS);
    }

    proptest! {
        #[test]
        fn whatever_is_typed_finds_the_document_that_says_it(text in "\\PC{0,30}") {
            let words = words_of(&text);
            for term in terms_of(&text) {
                prop_assert!(words.contains(&term), "{term} is not in {words:?}");
            }
        }
    }
}
