"""Build, prove, measure and package sidecars for Tauri apps."""
