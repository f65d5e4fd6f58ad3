//! Embeds the configuration and declares the app's commands, so that each one needs a
//! permission in `capabilities/`.

#[path = "src/commands/names.rs"]
mod names;

fn main() {
    let commands = tauri_build::AppManifest::new().commands(names::COMMANDS);
    tauri_build::try_build(tauri_build::Attributes::new().app_manifest(commands))
        .expect("tauri.conf.json, capabilities/ and icons/ are complete");
}
