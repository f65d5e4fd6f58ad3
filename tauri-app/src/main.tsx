/** Puts the page together: backend, models, components. */

import "./styles/index.css";
import { render } from "preact";
import { App } from "./app";
import { tauriBackend } from "./bridge/tauri";
import { ModelsProvider } from "./components/context";
import { createChat } from "./models/chat";
import { createDevices } from "./models/devices";
import { createEngine } from "./models/engine";
import { createLicences } from "./models/licences";
import { createNotices } from "./models/notices";
import { applyPreferences, createPreferences } from "./models/preferences";

const notices = createNotices();
const preferences = createPreferences(localStorage, navigator.languages);
const engine = createEngine(tauriBackend, notices);
const chat = createChat(tauriBackend, notices, sessionStorage);
const devices = createDevices(engine, chat);
const licences = createLicences(tauriBackend, notices);

applyPreferences(preferences, document.documentElement);
void engine.connect();
void chat.restore();

const root = document.getElementById("app");
if (root === null) throw new Error("index.html has no element #app");
render(
  <ModelsProvider value={{ chat, devices, engine, licences, notices, preferences }}>
    <App />
  </ModelsProvider>,
  root,
);
