//! Everything that can happen, and how often it is tried.

use proptest::prelude::*;

/// Something that happens.
#[derive(Debug, Clone, Copy)]
pub(super) enum Event {
    Load {
        model: u8,
        device: u8,
        insist: bool,
    },
    Ready,
    TrustDevices,
    Unload,
    Forget,
    Tokenize,
    Generate,
    Cancel(u8),
    Overflow(u8),
    Restart,
    Stop,
    ShutDown,
    Spawn,
    SpawnFails,
    Answer,
    Refuse,
    RefuseDevice(bool),
    AnswerInAnotherShape,
    Write,
    WriteWithAGap,
    Progress(u8),
    Stray(u8),
    DeviceNews,
    AnswerStatus,
    AnswerPings,
    Die(u8),
    /// From whatever is to a death in mid-reply, on the device of that number: by chance alone
    /// three of them are hardly ever seen within five minutes.
    DieWriting(u8),
    Bury,
    OldNews,
    Pass(u32),
    Linger,
    Sleep,
}

pub(super) fn event() -> impl Strategy<Value = Event> {
    prop_oneof![
        3 => (0..2u8, 0..3u8, prop::bool::weighted(0.2))
            .prop_map(|(model, device, insist)| Event::Load { model, device, insist }),
        1 => Just(Event::Ready),
        1 => Just(Event::TrustDevices),
        1 => Just(Event::Unload),
        1 => Just(Event::Forget),
        1 => Just(Event::Tokenize),
        5 => Just(Event::Generate),
        2 => any::<u8>().prop_map(Event::Cancel),
        1 => any::<u8>().prop_map(Event::Overflow),
        1 => Just(Event::Restart),
        1 => Just(Event::Stop),
        8 => Just(Event::Spawn),
        12 => Just(Event::Answer),
        1 => Just(Event::Refuse),
        1 => any::<bool>().prop_map(Event::RefuseDevice),
        1 => Just(Event::AnswerInAnotherShape),
        5 => Just(Event::Write),
        1 => Just(Event::WriteWithAGap),
        2 => any::<u8>().prop_map(Event::Progress),
        1 => any::<u8>().prop_map(Event::Stray),
        1 => Just(Event::DeviceNews),
        1 => Just(Event::AnswerStatus),
        4 => Just(Event::AnswerPings),
        5 => (0..8u8).prop_map(Event::Die),
        4 => (0..3u8).prop_map(Event::DieWriting),
        5 => Just(Event::Bury),
        1 => Just(Event::OldNews),
        4 => (0..70_000u32).prop_map(Event::Pass),
        4 => (0..1_300u32).prop_map(Event::Pass),
        6 => Just(Event::Linger),
        1 => Just(Event::Sleep),
        1 => Just(Event::ShutDown),
        1 => Just(Event::SpawnFails),
    ]
}
