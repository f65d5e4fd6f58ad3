/** What every component can reach. Filled once, in `main.tsx`. */

import { createContext } from "preact";
import { useContext } from "preact/hooks";
import { type Words, wordsIn } from "../i18n";
import type { Chat } from "../models/chat";
import type { Devices } from "../models/devices";
import type { EngineModel } from "../models/engine";
import type { Licences } from "../models/licences";
import type { Notices } from "../models/notices";
import type { Preferences } from "../models/preferences";

export interface Models {
  chat: Chat;
  devices: Devices;
  engine: EngineModel;
  licences: Licences;
  notices: Notices;
  preferences: Preferences;
}

const ModelsContext = createContext<Models | null>(null);

export const ModelsProvider = ModelsContext.Provider;

export function useModels(): Models {
  const models = useContext(ModelsContext);
  if (models === null) throw new Error("this component stands outside of ModelsProvider");
  return models;
}

/** The words of the page in the chosen language. */
export function useWords(): Words {
  return wordsIn(useModels().preferences.language.value);
}
