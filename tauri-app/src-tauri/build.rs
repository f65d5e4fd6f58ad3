//! Embeds the configuration and declares the app's commands, so that each one needs a
//! permission in `capabilities/`.

fn main() {
    let commands = tauri_build::AppManifest::new().commands(&[
        "start_inference",
        "cancel_inference",
        "engine_status",
        "third_party_licences",
    ]);
    tauri_build::try_build(tauri_build::Attributes::new().app_manifest(commands))
        .expect("tauri.conf.json, capabilities/ and icons/ are complete");
}
