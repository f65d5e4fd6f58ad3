//! The names of all commands, for the build script: each of them needs a permission.

/// A test compares this list with the commands that are served, with
/// `capabilities/main.json`, and with the page's types.
pub(crate) const COMMANDS: &[&str] = &[
    "start_inference",
    "regenerate",
    "cancel_inference",
    "attach_answer",
    "engine_status",
    "engine_restart",
    "measure_speed",
    "cancel_measure_speed",
    "list_models",
    "add_model",
    "remove_model",
    "load_model",
    "unload_model",
    "resume_conversation",
    "list_conversations",
    "open_conversation",
    "rename_conversation",
    "delete_conversation",
    "answer_text",
    "search_messages",
    "export_conversation",
    "export_all_conversations",
    "import_conversations",
    "app_info",
    "open_logs",
    "diagnostics",
    "third_party_licences",
];
