//! The program. Everything is in the library, so that tests reach it.

#![cfg_attr(not(debug_assertions), windows_subsystem = "windows")]

fn main() {
    localaiapp_lib::run();
}
