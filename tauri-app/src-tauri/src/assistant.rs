//! The app's one assistant: the engine, the model it uses, and the conversation.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::SystemTime;

use engine_supervisor::{
    Engine, EngineError, FinishReason, GenerateOptions, GenerateParams, Generated, LoadParams,
    Settings,
};
use tokio::sync::Notify;

use crate::answer::{self, Answer, AnswerState, Outcome, Stream, StreamEvent, StreamMessage};
use crate::conversation::Conversation;
use crate::error::AppError;
use crate::prompt;

/// The model to use.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ChosenModel {
    pub(crate) path: PathBuf,
    /// It is the tiny one that comes with the app.
    pub(crate) demo: bool,
}

impl ChosenModel {
    /// Its name for a person: that of the file, without folder and ending.
    pub(crate) fn name(&self) -> String {
        let stem = self.path.file_stem().unwrap_or(self.path.as_os_str());
        stem.to_string_lossy().into_owned()
    }
}

/// What the page asks for.
#[derive(Debug, Clone, Default)]
pub(crate) struct Question {
    pub(crate) prompt: String,
    /// Absent: a new conversation.
    pub(crate) conversation_id: Option<String>,
    pub(crate) options: GenerateOptions,
}

/// Answers one question at a time.
pub(crate) struct Assistant {
    engine: Result<Engine, AppError>,
    model: ChosenModel,
    desk: Mutex<Desk>,
}

/// What changes.
#[derive(Default)]
struct Desk {
    conversation: Option<Conversation>,
    running: Option<Running>,
    messages: u64,
}

struct Running {
    message_id: String,
    stop: Arc<Notify>,
}

/// A question that was accepted.
struct Accepted {
    prompt: String,
    conversation: Conversation,
    message_id: String,
    stop: Arc<Notify>,
}

impl Assistant {
    /// With the engine program, or with why there is none.
    pub(crate) fn new(settings: Result<Settings, AppError>, model: ChosenModel) -> Self {
        Self { engine: settings.map(Engine::new), model, desk: Mutex::default() }
    }

    pub(crate) fn engine(&self) -> Result<&Engine, AppError> {
        self.engine.as_ref().map_err(Clone::clone)
    }

    pub(crate) fn model(&self) -> &ChosenModel {
        &self.model
    }

    /// Loads the model, so that the first question finds it ready. What goes wrong shows
    /// in the engine's state.
    pub(crate) async fn warm_up(&self) {
        let Ok(engine) = &self.engine else { return };
        let path = absolute(&self.model.path).to_string_lossy().into_owned();
        match engine.load(LoadParams { path, ..LoadParams::default() }).await {
            Ok(loaded) => log::info!("model loaded in {:.0} ms", loaded.load_ms),
            Err(error) => log::error!("the model could not be loaded: {error}"),
        }
    }

    /// Answers `question`; `listener` hears of it while it is written.
    ///
    /// # Errors
    /// What keeps an answer from being begun. What happens later is told in the answer.
    pub(crate) async fn answer(
        &self,
        question: Question,
        listener: impl FnMut(StreamMessage),
    ) -> Result<Answer, AppError> {
        let engine = self.engine()?;
        let mut accepted = self.accept(&question)?;
        let mut stream = Stream::new(listener);
        stream.send(StreamEvent::Started {
            conversation_id: accepted.conversation.id.clone(),
            message_id: accepted.message_id.clone(),
        });
        let outcome = converse(engine, &mut accepted, &question.options, &mut stream).await;
        Ok(self.conclude(accepted, outcome))
    }

    /// Stops the answer of that name, or the running one. False if it is not running.
    pub(crate) fn stop(&self, message_id: Option<&str>) -> bool {
        let desk = self.desk();
        let Some(running) = &desk.running else { return false };
        let meant = message_id.is_none_or(|id| id == running.message_id);
        if meant {
            running.stop.notify_one();
        }
        meant
    }

    /// Ends the engine within three seconds.
    pub(crate) async fn shut_down(&self) {
        if let Ok(engine) = &self.engine {
            engine.shut_down().await;
        }
    }

    fn accept(&self, question: &Question) -> Result<Accepted, AppError> {
        let prompt = prompt::check(&question.prompt)?;
        let mut desk = self.desk();
        if desk.running.is_some() {
            return Err(AppError::new("busy", "another answer is being written")
                .hint("wait for the answer, or stop it"));
        }
        let conversation = desk.open(question.conversation_id.as_deref())?;
        desk.messages += 1;
        let message_id = format!("m{}", desk.messages);
        let stop = Arc::new(Notify::new());
        desk.running = Some(Running { message_id: message_id.clone(), stop: Arc::clone(&stop) });
        Ok(Accepted { prompt, conversation, message_id, stop })
    }

    fn conclude(&self, accepted: Accepted, (text, end): Outcome) -> Answer {
        let Accepted { prompt, mut conversation, message_id, .. } = accepted;
        let generated = end.as_ref().ok();
        let answer = Answer {
            conversation_id: conversation.id.clone(),
            message_id,
            state: match &end {
                Ok(Generated { finish_reason: FinishReason::Cancelled, .. })
                | Err(EngineError::Died(_) | EngineError::Stopped) => AnswerState::Interrupted,
                Ok(_) => AnswerState::Done,
                Err(_) => AnswerState::Failed,
            },
            finish_reason: generated.map(|generated| generated.finish_reason),
            tokens: generated.map(|generated| generated.completion_tokens),
            tokens_per_second: generated
                .and_then(|generated| generated.timings.decode_tokens_per_second),
            first_token_ms: generated.map(|generated| generated.timings.first_token_ms),
            forgotten_turns: conversation.forgotten(),
            problem: end.err().map(AppError::from),
            text: text.clone(),
        };
        if !text.is_empty() {
            conversation.keep(prompt, text);
        }
        let mut desk = self.desk();
        desk.conversation = Some(conversation);
        desk.running = None;
        answer
    }

    fn desk(&self) -> MutexGuard<'_, Desk> {
        // Nothing that could panic happens while it is held, so what it holds is whole.
        self.desk.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Desk {
    /// The conversation of that name, or a new one.
    fn open(&self, id: Option<&str>) -> Result<Conversation, AppError> {
        match (id, &self.conversation) {
            (None, _) => Ok(Conversation::new(new_conversation_id())),
            (Some(id), Some(current)) if current.id == id => Ok(current.clone()),
            (Some(_), _) => {
                Err(AppError::new("unknown_conversation", "the conversation is not there any more")
                    .hint("begin a new one"))
            }
        }
    }
}

/// Asks the engine, and once more with fewer turns as long as they do not fit.
async fn converse<F: FnMut(StreamMessage)>(
    engine: &Engine,
    accepted: &mut Accepted,
    options: &GenerateOptions,
    stream: &mut Stream<F>,
) -> Outcome {
    let loaded = tokio::select! {
        loaded = engine.ready() => loaded,
        () = accepted.stop.notified() => return (String::new(), Ok(Generated::cancelled_early())),
    };
    let loaded = match loaded {
        Ok(loaded) => loaded,
        Err(error) => return (String::new(), Err(error)),
    };
    accepted.conversation.fit(&accepted.prompt);
    loop {
        let template = loaded.model.has_chat_template;
        let params = GenerateParams {
            input: accepted.conversation.input(&accepted.prompt, template),
            conversation: Some(accepted.conversation.id.clone()),
            options: options.clone(),
        };
        let (text, end) = answer::write(engine, params, &accepted.stop, stream).await;
        let too_long =
            matches!(&end, Err(EngineError::Refused(error)) if error.kind() == "context_overflow");
        if too_long && template && accepted.conversation.forget_oldest() {
            continue;
        }
        return (text, end);
    }
}

/// Unlike any other, also of an earlier run: the engine keeps contexts under this name.
fn new_conversation_id() -> String {
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    format!("c{:x}", now.as_nanos())
}

fn absolute(path: &Path) -> PathBuf {
    std::path::absolute(path).unwrap_or_else(|_| path.to_path_buf())
}
