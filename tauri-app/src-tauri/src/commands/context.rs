//! What every command gets: the window that asks, and its arguments as one checked value.

use std::sync::Arc;

use serde::Deserialize;
use serde_json::Value;
use tauri::ipc::{
    Channel, CommandArg, CommandItem, InvokeBody, InvokeError, IpcResponse, JavaScriptChannelId,
};
use tauri::{AppHandle, Manager, Runtime, State, Webview};

use crate::assistant::Assistant;
use crate::error::AppError;

/// The window that asks, and the app around it.
pub(crate) struct Context<R: Runtime> {
    webview: Webview<R>,
}

impl<R: Runtime> Context<R> {
    pub(crate) fn app(&self) -> &AppHandle<R> {
        self.webview.app_handle()
    }

    /// What the app keeps of this type. Set up before the first command can come.
    pub(crate) fn state<T: Send + Sync + 'static>(&self) -> State<'_, T> {
        self.webview.state()
    }

    pub(crate) fn assistant(&self) -> Arc<Assistant> {
        Arc::clone(&self.webview.state::<Arc<Assistant>>())
    }

    /// The way to the listener that the page named, if it named one.
    pub(crate) fn channel<M>(&self, id: Option<JavaScriptChannelId>) -> Option<Channel<M>> {
        id.map(|id| id.channel_on(self.webview.clone()))
    }

    /// Passes on to that listener. A page that is gone hears nothing, and what it asked for
    /// is done all the same.
    pub(crate) fn listener<M: IpcResponse>(
        &self,
        id: Option<JavaScriptChannelId>,
    ) -> impl FnMut(M) + use<R, M> {
        let channel = self.channel(id);
        move |message| {
            if let Some(Err(error)) = channel.as_ref().map(|channel| channel.send(message)) {
                log::debug!("the page did not get a message: {error}");
            }
        }
    }
}

impl<'de, R: Runtime> CommandArg<'de, R> for Context<R> {
    fn from_command(command: CommandItem<'de, R>) -> Result<Self, InvokeError> {
        Ok(Self { webview: command.message.webview() })
    }
}

/// All arguments of a command as one value. Unknown names and wrong types are refused in
/// the same form as every other error.
pub(crate) struct Args<T>(pub(crate) T);

impl<'de, R: Runtime, T: Deserialize<'de>> CommandArg<'de, R> for Args<T> {
    fn from_command(command: CommandItem<'de, R>) -> Result<Self, InvokeError> {
        let InvokeBody::Json(arguments) = command.message.payload() else {
            let error = AppError::new("bad_argument", format!("`{}` takes JSON", command.name));
            return Err(error.into());
        };
        read(command.name, arguments).map(Self).map_err(InvokeError::from)
    }
}

/// # Errors
/// `bad_argument` with the argument's name and what is wrong with it.
fn read<'de, T: Deserialize<'de>>(command: &str, arguments: &'de Value) -> Result<T, AppError> {
    serde_path_to_error::deserialize(arguments).map_err(|error| {
        let place = match error.path().to_string() {
            path if path == "." => format!("`{command}`"),
            path => format!("`{command}`: `{path}`"),
        };
        AppError::new("bad_argument", format!("{place}: {}", without_value(error.inner())))
            .hint("look up the command's arguments in `bridge/generated/contract.ts`")
    })
}

/// serde shows the wrong value itself, which may be what a person typed: not for logs.
fn without_value(error: &serde_json::Error) -> String {
    let text = error.to_string();
    match (text.find("invalid type: string"), text.find(", expected")) {
        (Some(_), Some(expected)) => format!("this is a text{}", &text[expected..]),
        _ => text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields, rename_all = "camelCase")]
    struct Example {
        #[allow(dead_code, reason = "only read by serde")]
        max_tokens: Option<u32>,
    }

    fn message(arguments: Value) -> String {
        read::<Example>("example", &arguments).unwrap_err().message
    }

    #[test]
    fn no_arguments_are_fine_where_none_is_needed() {
        assert!(read::<Example>("example", &json!({})).is_ok());
        assert!(read::<Example>("example", &json!({"maxTokens": null})).is_ok());
    }

    #[test]
    fn an_argument_of_the_wrong_type_is_named_without_the_words_in_it() {
        let told = message(json!({"maxTokens": "my secret"}));
        assert_eq!(told, "`example`: `maxTokens`: this is a text, expected u32");
    }

    #[test]
    fn an_unknown_argument_is_named() {
        assert!(message(json!({"tokens": 1})).contains("unknown field `tokens`"));
    }
}
