//! The page's types are written from Rust's. These tests fail when they have drifted apart,
//! or when a command is served that no permission or no type names.

use std::collections::BTreeMap;
use std::future::Future;
use std::path::{Path, PathBuf};

use tauri::Wry;
use ts_rs::{Config, TS, TypeVisitor};

use super::names::COMMANDS;
use super::*;
use crate::error::AppError;

const HEAD: &str = "\
// Generated from the types in tauri-app/src-tauri, which a test compares with it. To write it anew:
// cargo test -p localaiapp --lib write_the_pages_types -- --ignored

import type { Channel } from \"@tauri-apps/api/core\";
";

/// Every type by its name, with all that it is made of.
struct Types {
    config: Config,
    found: BTreeMap<String, String>,
}

impl TypeVisitor for Types {
    fn visit<T: TS + 'static + ?Sized>(&mut self) {
        // Types that are not written by us have no path.
        if T::output_path().is_none() {
            T::visit_generics(self);
            return T::visit_dependencies(self);
        }
        let name = T::ident(&self.config);
        if !self.found.contains_key(&name) {
            let docs = T::docs().unwrap_or_default();
            self.found.insert(name, format!("{docs}export {}", T::decl(&self.config)));
            T::visit_dependencies(self);
        }
    }
}

/// Holds a line of the list to what the command itself takes and gives.
fn typed<A, T, F>(_: fn(Context<Wry>, Args<A>) -> F)
where
    F: Future<Output = Result<T, AppError>>,
{
}

fn written() -> String {
    let config = Config::default().with_large_int("number");
    let mut types = Types { config, found: BTreeMap::new() };
    let mut commands = String::new();
    macro_rules! line {
        ($($module:ident::$name:ident($args:ty) -> $answer:ty,)*) => {$(
            typed::<$args, $answer, _>($module::$name::<Wry>);
            types.visit::<$args>();
            types.visit::<$answer>();
            let (args, answer) =
                (<$args>::name(&types.config), <$answer>::name(&types.config));
            commands += &format!("  {}: {{ args: {args}; answer: {answer} }};\n", stringify!($name));
        )*};
    }
    every_command!(line);
    types.visit::<AppError>();
    types.visit::<crate::stream::StreamMessage>();
    types.visit::<crate::assistant::SpeedProgress>();
    let types: Vec<String> = types.found.into_values().map(|type_| tidy(&type_)).collect();
    format!(
        "{HEAD}\n{}\n\n/** Every command: what it takes, and what it gives. */\nexport interface Commands {{\n{commands}}}\n",
        types.join("\n\n")
    )
}

/// ts-rs writes a comment of one line in three, and fields at the margin.
fn tidy(declaration: &str) -> String {
    let lines: Vec<&str> = declaration.lines().map(str::trim_end).collect();
    let begin = lines.iter().position(|line| line.starts_with("export")).unwrap_or_default();
    let indented = lines.iter().enumerate().map(|(number, line)| match number > begin {
        true => format!("  {line}\n"),
        false => format!("{line}\n"),
    });
    let text: String = indented.collect();
    let mut tidied = String::new();
    for comment in text.trim_end().split_inclusive("*/") {
        let short = comment.rfind("/**\n").filter(|at| comment[*at..].lines().count() == 3);
        match short {
            Some(at) => {
                let words = comment[at..].lines().nth(1).unwrap_or_default();
                tidied += &comment[..at];
                tidied += &format!("/** {} */", words.trim_start_matches([' ', '*']));
            }
            None => tidied += comment,
        }
    }
    tidied
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).into()
}

fn file() -> PathBuf {
    root().join("../src/bridge/generated/contract.ts")
}

#[test]
#[ignore = "it writes the file that the test below compares"]
fn write_the_pages_types() {
    std::fs::create_dir_all(file().parent().unwrap()).unwrap();
    std::fs::write(file(), written()).unwrap();
}

#[test]
fn the_pages_types_are_those_of_rust() {
    let there = std::fs::read_to_string(file()).unwrap_or_default();
    assert!(
        there == written(),
        "src/bridge/generated/contract.ts is not what Rust's types say\nhint: run `cargo test -p \
         localaiapp --lib write_the_pages_types -- --ignored`, and look at what changed"
    );
}

#[test]
fn commands_permissions_and_types_name_the_same() {
    let mut served = Vec::new();
    macro_rules! name {
        ($($module:ident::$name:ident($args:ty) -> $answer:ty,)*) => {
            served.extend([$(stringify!($name)),*]);
        };
    }
    every_command!(name);
    assert_eq!(COMMANDS, served, "src/commands/names.rs");
    let permissions = served.iter().map(|name| format!("allow-{}", name.replace('_', "-")));
    let text = std::fs::read_to_string(root().join("capabilities/main.json")).unwrap();
    let capability: serde_json::Value = serde_json::from_str(&text).unwrap();
    let granted = capability["permissions"].as_array().unwrap();
    let granted: Vec<_> = granted.iter().map(|each| each.as_str().unwrap().to_owned()).collect();
    assert_eq!(granted, permissions.collect::<Vec<_>>(), "capabilities/main.json");
    assert_eq!(capability["windows"], serde_json::json!(["main"]));
}
