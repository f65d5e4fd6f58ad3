//! An answer that is being written: one writer, any number of listeners, each at its own
//! place in the text. A slow or lost listener holds nobody up.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use engine_supervisor::Coalescer;
use tokio::sync::{Notify, watch};

use crate::answer::Answer;
use crate::stream::{Stream, StreamMessage};

/// An answer that is being written.
pub(crate) struct Live {
    pub(crate) conversation_id: String,
    pub(crate) message_id: String,
    /// Told when the answer is to end.
    pub(crate) stop: Notify,
    written: Mutex<Written>,
    changes: watch::Sender<()>,
}

#[derive(Default)]
struct Written {
    text: String,
    /// Tokens of the prompt read so far, and in all.
    reading: Option<(u64, u64)>,
    answer: Option<Answer>,
}

/// How far one listener is.
#[derive(Default)]
struct Place {
    bytes: usize,
    reading: Option<(u64, u64)>,
}

/// What a listener does not know yet.
struct News {
    reading: Option<(u64, u64)>,
    text: String,
    answer: Option<Answer>,
}

impl Live {
    pub(crate) fn new(conversation_id: String, message_id: String) -> Self {
        Self {
            conversation_id,
            message_id,
            stop: Notify::new(),
            written: Mutex::default(),
            changes: watch::Sender::default(),
        }
    }

    pub(crate) fn is(&self, conversation_id: &str, message_id: &str) -> bool {
        self.conversation_id == conversation_id && self.message_id == message_id
    }

    pub(crate) fn read_prompt(&self, done: u64, total: u64) {
        self.written().reading = Some((done, total));
        self.changes.send_replace(());
    }

    pub(crate) fn push(&self, text: &str) {
        self.written().text.push_str(text);
        self.changes.send_replace(());
    }

    /// The end; every listener hears the rest of the text and then of this.
    pub(crate) fn finish(&self, answer: Answer) {
        self.written().answer = Some(answer);
        self.changes.send_replace(());
    }

    /// All that was written so far.
    pub(crate) fn text(&self) -> String {
        self.written().text.clone()
    }

    /// Waits for the end without listening.
    pub(crate) async fn ended(&self) {
        let mut changes = self.changes.subscribe();
        while self.written().answer.is_none() {
            // The sender lives in `self`.
            let _ = changes.changed().await;
        }
    }

    /// Tells `listener` of the text from `offset` on (in UTF-16 units) until the end, in few
    /// messages of bounded size. `None`: the text is not that long.
    pub(crate) async fn relay(
        &self,
        offset: usize,
        listener: impl FnMut(StreamMessage),
    ) -> Option<Answer> {
        let mut changes = self.changes.subscribe();
        let (bytes, offset) = utf16_place(&self.written().text, offset)?;
        let mut place = Place { bytes, reading: None };
        let mut stream = Stream::new(offset, listener);
        let mut coalescer = Coalescer::default();
        stream.started(&self.conversation_id, &self.message_id);
        loop {
            changes.mark_unchanged();
            let news = self.since(&mut place);
            if let Some((done, total)) = news.reading {
                stream.progress(done, total);
            }
            coalescer.push(&news.text);
            if let Some(answer) = news.answer {
                flush(&mut coalescer, &mut stream);
                return Some(answer);
            }
            tokio::select! {
                _ = changes.changed() => {}
                () = wait_until(coalescer.due(Instant::now())) => flush(&mut coalescer, &mut stream),
            }
        }
    }

    fn since(&self, place: &mut Place) -> News {
        let written = self.written();
        let reading = written.reading.filter(|_| written.reading != place.reading);
        let text = written.text[place.bytes..].to_owned();
        *place = Place { bytes: written.text.len(), reading: written.reading };
        News { reading, text, answer: written.answer.clone() }
    }

    fn written(&self) -> MutexGuard<'_, Written> {
        // Nothing that could panic happens while it is held, so what it holds is whole.
        self.written.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The same place in bytes and in UTF-16 units; in the middle of a character, its beginning.
/// `None` beyond the end.
fn utf16_place(text: &str, offset: usize) -> Option<(usize, usize)> {
    let mut units = 0;
    for (byte, character) in text.char_indices() {
        if units + character.len_utf16() > offset {
            return Some((byte, units));
        }
        units += character.len_utf16();
    }
    (units == offset).then_some((text.len(), units))
}

fn flush<F: FnMut(StreamMessage)>(coalescer: &mut Coalescer, stream: &mut Stream<F>) {
    while let Some(text) = coalescer.take(Instant::now()) {
        stream.delta(text);
    }
}

async fn wait_until(due: Option<Instant>) {
    match due {
        Some(due) => tokio::time::sleep_until(due.into()).await,
        None => std::future::pending().await,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stream::StreamEvent;
    use engine_supervisor::Generated;
    use std::sync::Arc;
    use tokio::sync::mpsc;

    fn live(text: &str) -> Arc<Live> {
        let live = Arc::new(Live::new("c".into(), "m".into()));
        live.push(text);
        live
    }

    fn answer() -> Answer {
        Answer::new(("c", "m"), "all".into(), Ok(Generated::cancelled_early()), 0)
    }

    /// The text as a page puts it together that knows `known` of it.
    fn joined(known: &str, messages: &[StreamMessage]) -> String {
        let mut text = known.to_owned();
        for message in messages {
            if let StreamEvent::Delta { offset, text: piece } = &message.event {
                assert_eq!(*offset, text.encode_utf16().count(), "nothing missing or doubled");
                text.push_str(piece);
            }
        }
        text
    }

    #[tokio::test]
    async fn whoever_listens_again_at_its_place_misses_nothing_and_hears_nothing_twice() {
        let live = live("Olá 🦉, ");
        let (heard, mut hears) = mpsc::unbounded_channel();
        let listening = Arc::clone(&live);
        let second = tokio::spawn(async move {
            let known = "Olá 🦉".encode_utf16().count();
            listening.relay(known, |message| drop(heard.send(message))).await
        });
        let mut messages = vec![hears.recv().await.unwrap(), hears.recv().await.unwrap()];
        live.push("was it ");
        live.push("long?");
        live.finish(answer());
        assert_eq!(second.await.unwrap().unwrap().text, "all");
        while let Some(message) = hears.recv().await {
            messages.push(message);
        }
        assert_eq!(joined("Olá 🦉", &messages), "Olá 🦉, was it long?");
        let numbers: Vec<u64> = messages.iter().map(|message| message.seq).collect();
        assert_eq!(numbers, (0..messages.len() as u64).collect::<Vec<_>>());
    }

    #[tokio::test]
    async fn a_listener_that_comes_after_the_end_hears_all_of_it() {
        let live = live(&"word ".repeat(5_000));
        live.finish(answer());
        let mut messages = Vec::new();
        live.relay(0, |message| messages.push(message)).await.unwrap();
        assert_eq!(joined("", &messages).len(), 25_000);
    }

    #[tokio::test]
    async fn progress_is_told_only_in_its_latest_form() {
        let live = live("");
        (1..=9).for_each(|done| live.read_prompt(done, 9));
        live.finish(answer());
        let mut messages = Vec::new();
        live.relay(0, |message| messages.push(message.event)).await.unwrap();
        assert_eq!(messages[1..], [StreamEvent::Progress { done: 9, total: 9 }]);
    }

    #[test]
    fn a_place_is_counted_as_javascript_counts_and_never_cuts_a_character() {
        let text = "aé🦉b";
        let places: Vec<_> = (0..=6).map(|offset| utf16_place(text, offset)).collect();
        let expected = [(0, 0), (1, 1), (3, 2), (3, 2), (7, 4), (8, 5)].map(Some);
        assert_eq!(places[..6], expected);
        assert_eq!(places[6], None);
    }
}
