//! Takes folders out of texts that leave Rust: a path tells who works where on what.

/// `text` with every absolute path cut down to its last part: `/home/ana/a.gguf` becomes
/// `…/a.gguf`. A path in quotes or backticks may hold spaces.
pub(crate) fn shorten(text: &str) -> String {
    let mut short = String::with_capacity(text.len());
    let mut rest = text;
    let mut before = ' ';
    while let Some(character) = rest.chars().next() {
        let path = if begins_path(before, rest) { path_length(before, rest) } else { 0 };
        let (taken, left) = rest.split_at(path.max(character.len_utf8()));
        match taken.rfind(['/', '\\']).filter(|_| path > 0) {
            Some(end) if end + 1 < taken.len() => {
                short.push_str("…/");
                short.push_str(&taken[end + 1..]);
            }
            _ => short.push_str(taken),
        }
        before = taken.chars().next_back().unwrap_or(' ');
        rest = left;
    }
    short
}

fn begins_path(before: char, rest: &str) -> bool {
    let after_a_word = before.is_alphanumeric() || matches!(before, '/' | '\\' | '.' | '…' | '~');
    !after_a_word && (is_unix(rest) || is_windows(rest))
}

fn is_unix(text: &str) -> bool {
    let mut characters = text.chars();
    characters.next() == Some('/') && characters.next().is_some_and(|next| !next.is_whitespace())
}

fn is_windows(text: &str) -> bool {
    let bytes = text.as_bytes();
    text.starts_with(r"\\")
        || matches!(bytes, [drive, b':', b'\\' | b'/', ..] if drive.is_ascii_alphabetic())
}

/// Up to the closing mark, where an opening one stands before; else up to the next space.
fn path_length(before: char, text: &str) -> usize {
    let closing = match before {
        '`' | '"' | '\'' => Some(before),
        '“' => Some('”'),
        _ => None,
    };
    let quoted = closing.and_then(|mark| text.find(mark));
    let bare = || {
        text.find(|c: char| c.is_whitespace() || matches!(c, '`' | '"' | '\'' | ',' | ';' | ')'))
    };
    quoted.or_else(bare).unwrap_or(text.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_last_part_of_a_path_is_left() {
        for (long, short) in [
            ("cannot open /home/ana/models/a.gguf: denied", "cannot open …/a.gguf: denied"),
            ("the file `/home/ana/my models/a b.gguf` is", "the file `…/a b.gguf` is"),
            (r"the file `C:\Users\Ana\a.gguf` is", "the file `…/a.gguf` is"),
            (r"'\\server\share\a.gguf'", "'…/a.gguf'"),
            ("/a/b, (/c/d) \"/e f/g\"", "…/b, (…/d) \"…/g\""),
        ] {
            assert_eq!(shorten(long), short);
        }
    }

    #[test]
    fn what_is_no_path_stays_as_it_is() {
        for text in ["12 tokens/s", "and/or", "a / b", "50 %", "", "…/x.gguf", "é/ü 🦉", "/"]
        {
            assert_eq!(shorten(text), text);
        }
    }
}
