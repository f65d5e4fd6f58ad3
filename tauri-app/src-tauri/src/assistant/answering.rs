//! Questions and their answers. An answer is written whether a page listens or not.

use std::sync::Arc;
use std::time::SystemTime;

use engine_supervisor::{
    Engine, EngineError, GenerateOptions, GenerateParams, Generated, Reply, ReplyEvent,
};
use history::{Begun, Message};

use super::{Assistant, Turn};
use crate::answer::Answer;
use crate::error::AppError;
use crate::live::Live;
use crate::prompt;
use crate::reading::Reading;
use crate::stream::StreamMessage;

/// The engine's context never holds more turns than that.
const MOST_MESSAGES: usize = 200;

/// What the page asks for.
#[derive(Debug, Clone, Default)]
pub(crate) struct Question {
    pub(crate) prompt: String,
    /// Absent: a new conversation.
    pub(crate) conversation_id: Option<String>,
    pub(crate) options: GenerateOptions,
}

impl Assistant {
    /// Answers `question`; `listener` hears of it while it is written.
    ///
    /// # Errors
    /// What keeps an answer from being begun. What happens later is told in the answer.
    pub(crate) async fn answer(
        self: &Arc<Self>,
        question: Question,
        listener: impl FnMut(StreamMessage),
    ) -> Result<Answer, AppError> {
        self.engine()?;
        let prompt = prompt::check(&question.prompt)?;
        let turn = self.take_turn()?;
        let asked = history::Question {
            conversation: question.conversation_id,
            prompt: prompt.clone(),
            model: Some(self.model_name()),
        };
        let begun = self.kept(|history| history.begin_answer(asked, SystemTime::now())).await?;
        self.write(turn, begun, prompt, question.options, listener).await
    }

    /// Answers the last question of a conversation anew, in place of the answer it has. If
    /// nothing comes, the earlier answer is back.
    ///
    /// # Errors
    /// As [`Assistant::answer`], and `nothing_to_repeat`.
    pub(crate) async fn regenerate(
        self: &Arc<Self>,
        conversation_id: String,
        options: GenerateOptions,
        listener: impl FnMut(StreamMessage),
    ) -> Result<Answer, AppError> {
        self.engine()?;
        let turn = self.take_turn()?;
        let model = self.model_name();
        let (begun, prompt) = self
            .kept(move |history| {
                let now = SystemTime::now();
                let begun = history.begin_again(&conversation_id, Some(&model), now)?;
                let question = history.message(&conversation_id, &begun.question)?;
                Ok((begun, question.text))
            })
            .await?;
        self.write(turn, begun, prompt, options, listener).await
    }

    /// Listens to an answer from `offset` on, counted in UTF-16 units, until its end; one
    /// that has ended is told at once.
    ///
    /// # Errors
    /// `unknown_conversation`, `unknown_message`, `offset_beyond_end`.
    pub(crate) async fn attach(
        &self,
        conversation_id: String,
        message_id: String,
        offset: usize,
        listener: impl FnMut(StreamMessage),
    ) -> Result<Answer, AppError> {
        let live = self.desk().live.clone();
        let answer = match live.filter(|live| live.is(&conversation_id, &message_id)) {
            Some(live) => live.relay(offset, listener).await,
            None => {
                let message = self.message(conversation_id.clone(), message_id.clone()).await?;
                let ended = Live::new(conversation_id.clone(), message_id);
                ended.push(&message.text);
                ended.finish(Answer::kept(&conversation_id, message));
                ended.relay(offset, listener).await
            }
        };
        answer.ok_or_else(|| {
            AppError::new("offset_beyond_end", format!("the answer is shorter than {offset}"))
                .hint("ask from 0 on: the text was another one")
                .value("offset", offset)
        })
    }

    async fn message(&self, conversation: String, id: String) -> Result<Message, AppError> {
        let found = self
            .kept(move |history| {
                history.conversation(&conversation)?;
                history.message(&conversation, &id)
            })
            .await;
        found.map_err(|error| match error.code.as_str() {
            "unknown_message" => AppError::new("unknown_message", "there is no such answer")
                .hint("open the conversation again"),
            _ => error,
        })
    }

    /// Has it written by a task of its own, which goes on when nobody listens any more.
    async fn write(
        self: &Arc<Self>,
        turn: Turn,
        begun: Begun,
        prompt: String,
        options: GenerateOptions,
        listener: impl FnMut(StreamMessage),
    ) -> Result<Answer, AppError> {
        let live = Arc::new(Live::new(begun.conversation.clone(), begun.answer.clone()));
        self.desk().live = Some(Arc::clone(&live));
        let (assistant, writing) = (Arc::clone(self), Arc::clone(&live));
        tauri::async_runtime::spawn(async move {
            let reading = assistant.reading(&begun, prompt).await;
            let answer = assistant.write_to_the_end(&writing, reading, options).await;
            // Whoever hears of the end may ask at once.
            drop(turn);
            writing.finish(answer);
        });
        let answer = live.relay(0, listener).await;
        answer.ok_or_else(|| AppError::new("unexpected", "an answer does not begin at 0"))
    }

    async fn reading(&self, begun: &Begun, prompt: String) -> Result<Reading, AppError> {
        let (conversation, question) = (begun.conversation.clone(), begun.question.clone());
        let earlier = self
            .kept(move |history| history.messages(&conversation, Some(&question), MOST_MESSAGES))
            .await?;
        let forgotten = match &self.desk().forgotten {
            Some((conversation, turns)) if *conversation == begun.conversation => *turns,
            _ => 0,
        };
        Ok(Reading::new(earlier, prompt, forgotten))
    }

    async fn write_to_the_end(
        &self,
        live: &Live,
        reading: Result<Reading, AppError>,
        options: GenerateOptions,
    ) -> Answer {
        let (end, forgotten, problem) = match (self.engine(), reading) {
            (Ok(engine), Ok(mut reading)) => {
                let end = self.converse(engine, live, &mut reading, &options).await;
                (end, reading.forgotten(), None)
            }
            (Err(problem), _) | (_, Err(problem)) => (Err(EngineError::Stopped), 0, Some(problem)),
        };
        self.desk().forgotten = Some((live.conversation_id.clone(), forgotten));
        let prompt_tokens = end.as_ref().ok().map(|generated| generated.prompt_tokens);
        let names = (live.conversation_id.as_str(), live.message_id.as_str());
        let mut answer = Answer::new(names, live.text(), end, forgotten);
        answer.problem = problem.or(answer.problem);
        let (id, ended) = (live.message_id.clone(), answer.end(prompt_tokens));
        let saved =
            self.kept(move |history| history.finish_answer(&id, ended, SystemTime::now())).await;
        if let Err(error) = saved {
            log::error!("an answer was not saved: {}", error.message);
            answer.problem.get_or_insert(error);
        }
        answer
    }

    /// Asks the engine, and once more with fewer turns as long as they do not fit.
    async fn converse(
        &self,
        engine: &Engine,
        live: &Live,
        reading: &mut Reading,
        options: &GenerateOptions,
    ) -> Result<Generated, EngineError> {
        let loaded = tokio::select! {
            loaded = self.ready(engine) => loaded?,
            () = live.stop.notified() => return Ok(Generated::cancelled_early()),
        };
        let template = loaded.model.has_chat_template;
        loop {
            let params = GenerateParams {
                input: reading.input(template),
                conversation: Some(live.conversation_id.clone()),
                options: options.clone(),
            };
            let end = self.stream(engine.generate(params), live).await;
            let too_long = matches!(&end, Err(error) if error.kind() == "context_overflow");
            if !(too_long && template && reading.forget_oldest()) {
                return end;
            }
        }
    }

    /// What was shown is in the history: it gets every piece first.
    async fn stream(&self, mut reply: Reply, live: &Live) -> Result<Generated, EngineError> {
        loop {
            tokio::select! {
                event = reply.next() => match event {
                    Some(ReplyEvent::Text(piece)) => {
                        self.save(&live.message_id, &piece);
                        live.push(&piece);
                    }
                    Some(ReplyEvent::PromptProgress { done, total }) => live.read_prompt(done, total),
                    Some(ReplyEvent::Finished(outcome)) => return outcome,
                    None => return Err(EngineError::Stopped),
                },
                () = live.stop.notified() => reply.canceller().cancel(),
            }
        }
    }

    fn save(&self, message_id: &str, piece: &str) {
        // A history that is closed tells so when the answer is finished.
        if let Ok(Err(error)) =
            self.history.as_ref().map(|history| history.append(message_id, piece))
        {
            log::debug!("a piece of an answer was not saved: {error}");
        }
    }

    fn model_name(&self) -> String {
        self.view.borrow().model.name()
    }
}
