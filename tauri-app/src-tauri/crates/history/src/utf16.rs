//! Places in a text as JavaScript counts them: in UTF-16 code units.

/// Length of `text` in UTF-16 code units.
pub(crate) fn length(text: &str) -> usize {
    text.chars().map(char::len_utf16).sum()
}

/// `text` from `offset` on, with the place where that begins: one less if `offset` is in
/// the middle of a character. `None` beyond the end.
pub(crate) fn from(text: &str, offset: usize) -> Option<(usize, &str)> {
    let mut place = 0;
    for (index, character) in text.char_indices() {
        if place + character.len_utf16() > offset {
            return Some((place, &text[index..]));
        }
        place += character.len_utf16();
    }
    (place == offset).then_some((place, ""))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn an_offset_counts_as_javascript_counts() {
        let text = "é🦉!";
        assert_eq!(length(text), 4);
        assert_eq!(from(text, 0), Some((0, "é🦉!")));
        assert_eq!(from(text, 1), Some((1, "🦉!")));
        assert_eq!(from(text, 2), Some((1, "🦉!")), "in the middle of the owl");
        assert_eq!(from(text, 3), Some((3, "!")));
        assert_eq!(from(text, 4), Some((4, "")));
        assert_eq!(from(text, 5), None);
    }

    proptest! {
        #[test]
        fn what_is_before_and_from_an_offset_on_is_the_text(text in ".*", at in 0_usize..200) {
            let units: Vec<u16> = text.encode_utf16().collect();
            match from(&text, at) {
                None => prop_assert!(at > units.len()),
                Some((place, rest)) => {
                    prop_assert!(place == at || place + 1 == at);
                    prop_assert_eq!(rest.encode_utf16().collect::<Vec<_>>(), &units[place..]);
                }
            }
        }
    }
}
