//! `faulty-engine`: speaks the sidecar protocol well enough to be driven, and misbehaves
//! as the script beside it says.

mod answers;
mod deeds;
mod reader;
mod stage;
mod voice;
mod worker;

#[cfg(target_os = "linux")]
mod linux;

use std::sync::{Arc, mpsc};

use engine_faults::Point;

use crate::stage::Stage;

fn main() {
    let stage = Arc::new(Stage::set());
    stage.reach(Point::Start, "");
    let (jobs, received) = mpsc::channel();
    std::thread::spawn({
        let stage = Arc::clone(&stage);
        move || worker::work(&stage, &received)
    });
    reader::read(&stage, &jobs);
}
