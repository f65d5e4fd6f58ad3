//! The thread that does what the state machine says: the one owner of the process.

mod clock;
mod waiters;

use std::collections::VecDeque;
use std::hash::{BuildHasher as _, RandomState};
use std::sync::Arc;

use tokio::sync::{mpsc, watch};

use self::clock::Clock;
use self::waiters::Waiters;
use crate::command::Command;
use crate::death::Exit;
use crate::machine::{Effect, Input, Job, Machine};
use crate::problem::Problem;
use crate::process::{Ears, Of, Process, Word};
use crate::settings::Settings;
use crate::snapshot::Snapshot;
use crate::{stale, verify};

/// Messages of the engine that may wait for the actor; then the pipe holds them. One may
/// have a megabyte.
const WORD_QUEUE: usize = 16;

/// Whether the files of the engine are right.
type Checked = Of<Result<(), Problem>>;

pub(crate) struct Actor {
    settings: Arc<Settings>,
    machine: Machine,
    publish: watch::Sender<Snapshot>,
    waiters: Waiters,
    process: Option<Process>,
    ears: Ears,
    words: mpsc::Receiver<Of<Word>>,
    ends: mpsc::UnboundedReceiver<Of<Exit>>,
    checks: mpsc::UnboundedSender<Checked>,
    checked: mpsc::UnboundedReceiver<Checked>,
    clock: Clock,
}

impl Actor {
    pub(crate) fn new(settings: Settings, publish: watch::Sender<Snapshot>) -> Self {
        let (words, heard) = mpsc::channel(WORD_QUEUE);
        let (ends, ended) = mpsc::unbounded_channel();
        let (checks, checked) = mpsc::unbounded_channel();
        let (policy, client) = (settings.policy.clone(), settings.client.clone());
        let clock = Clock::default();
        let machine = Machine::new(policy, client, RandomState::new().hash_one(0), clock.now());
        Self {
            settings: Arc::new(settings),
            machine,
            publish,
            waiters: Waiters::default(),
            process: None,
            ears: Ears { words, ends },
            words: heard,
            ends: ended,
            checks,
            checked,
            clock,
        }
    }

    /// Works until it was shut down or every handle is gone; the engine has ended then.
    pub(crate) async fn run(mut self, mut commands: mpsc::Receiver<Command>) {
        if let Some(folder) = &self.settings.folder {
            stale::end(folder);
        }
        while !self.machine.has_ended() {
            self.clock.wait_until(self.machine.deadline());
            // What is asked, and the end of a process, never wait behind what it says.
            tokio::select! {
                biased;
                command = commands.recv(), if !self.machine.is_ending() => match command {
                    Some(command) => self.obey(command),
                    None => self.shut_down_for_nobody(),
                },
                Some(Of { epoch, what }) = self.ends.recv() => {
                    self.feed(Input::Gone { epoch, exit: what });
                }
                Some(checked) = self.checked.recv() => self.start_checked(checked),
                () = self.clock.wait() => self.feed(Input::Time),
                Some(Of { epoch, what }) = self.words.recv() => self.feed(match what {
                    Word::Said(message) => Input::Heard { epoch, message },
                    Word::Last(last_words) => Input::Buried { epoch, last_words },
                }),
            }
            self.look_for_cancels();
        }
        commands.close();
        while let Ok(command) = commands.try_recv() {
            self.obey(command);
        }
    }

    fn obey(&mut self, command: Command) {
        let waiters = &mut self.waiters;
        let input = match command {
            Command::Load { model, insist, answer } => {
                Input::Load { ask: waiters.model(answer), model, insist }
            }
            Command::Unload { answer } => Input::Unload { ask: waiters.done(answer) },
            Command::Forget { conversation, answer } => {
                Input::Do(Job::Forget { ask: waiters.done(answer), conversation })
            }
            Command::Tokenize { params, answer } => {
                Input::Do(Job::Tokenize { ask: waiters.tokens(answer), params })
            }
            Command::Generate { params, reply } => {
                Input::Do(Job::Generate { ask: waiters.reply(reply), params })
            }
            Command::LookForCancels => return,
            Command::TrustDevices => Input::TrustDevices,
            Command::Restart { answer } => Input::Restart { ask: waiters.done(answer) },
            Command::Stop { answer } => Input::Stop { ask: waiters.done(answer) },
            Command::ShutDown { answer } => Input::ShutDown { ask: waiters.done(answer) },
        };
        self.feed(input);
    }

    fn shut_down_for_nobody(&mut self) {
        let ask = self.waiters.nobody();
        self.feed(Input::ShutDown { ask });
    }

    fn look_for_cancels(&mut self) {
        for ask in self.waiters.newly_cancelled() {
            self.feed(Input::Cancel { ask });
        }
    }

    /// Tells the machine what happened and does what it says, and so on with what comes of
    /// that.
    fn feed(&mut self, input: Input) {
        let slept = self.clock.slept().then_some(Input::Slept);
        let mut inputs: VecDeque<Input> = slept.into_iter().chain([input]).collect();
        while let Some(input) = inputs.pop_front() {
            let effects = self.machine.handle(self.clock.now(), input);
            // Who gets an answer finds the state that goes with it.
            self.announce();
            inputs.extend(effects.into_iter().filter_map(|effect| self.perform(effect)));
        }
    }

    fn announce(&mut self) {
        let now = self.machine.snapshot();
        if now.pid.is_none() && self.publish.borrow().pid.is_some() {
            self.process_has_gone();
        }
        self.publish.send_if_modified(|published| {
            let changed = published != now;
            if changed {
                published.clone_from(now);
            }
            changed
        });
    }

    fn process_has_gone(&self) {
        if let Some(folder) = &self.settings.folder {
            stale::forget(folder);
        }
    }

    fn perform(&mut self, effect: Effect) -> Option<Input> {
        match effect {
            Effect::Start { epoch } => return self.start(epoch),
            Effect::Send { epoch, line } => self.with(epoch, |process| process.send(line)),
            Effect::EndInput { epoch } => self.with(epoch, Process::end_input),
            Effect::Kill { epoch } => self.with(epoch, |process| process.kill()),
            Effect::Answer { ask, outcome } => self.waiters.answer(ask, outcome),
            Effect::Tell { ask, event } => {
                let has_room = self.waiters.tell(ask, event);
                return (!has_room).then_some(Input::Overflowed { ask });
            }
        }
        None
    }

    fn with(&mut self, epoch: u64, act: impl FnOnce(&mut Process)) {
        if let Some(process) = self.process.as_mut().filter(|process| process.epoch == epoch) {
            act(process);
        }
    }

    /// Has the files checked on another thread, if there is anything to check them against.
    fn start(&mut self, epoch: u64) -> Option<Input> {
        let settings = Arc::clone(&self.settings);
        if settings.manifest.is_none() {
            return self.spawn(epoch);
        }
        let checks = self.checks.clone();
        tokio::task::spawn_blocking(move || {
            let Some(manifest) = &settings.manifest else { return };
            let outcome = verify::verify(&settings.program, manifest, settings.folder.as_deref());
            let _ = checks.send(Of { epoch, what: outcome.map_err(Problem::WrongFile) });
        });
        None
    }

    fn start_checked(&mut self, Of { epoch, what }: Checked) {
        if !self.machine.is_starting(epoch) {
            return;
        }
        let input = match what {
            Ok(()) => self.spawn(epoch),
            Err(problem) => Some(Input::NotStarted { epoch, problem }),
        };
        input.into_iter().for_each(|input| self.feed(input));
    }

    /// On this thread: the process dies with the one that started it.
    fn spawn(&mut self, epoch: u64) -> Option<Input> {
        let program = &self.settings.program;
        Some(match Process::start(program, epoch, self.ears.clone()) {
            Ok(process) => {
                let pid = process.pid;
                log::info!("engine started, pid {pid}");
                if let Some(folder) = &self.settings.folder {
                    stale::remember(folder, pid);
                }
                self.process = Some(process);
                Input::Started { epoch, pid }
            }
            Err(error) => {
                let (program, reason) = (program.clone(), error.to_string());
                Input::NotStarted { epoch, problem: Problem::CannotStart { program, reason } }
            }
        })
    }
}
