/** The words of the page. Other languages have the same keys, or they do not compile. */

import type { EngineState } from "../bridge/contract";

export const en = {
  composerLabel: "Your message",
  composerPlaceholder: "Write something…",
  send: "Send",
  stop: "Stop",
  startOver: "New conversation",
  dismiss: "Dismiss",
  you: "You",
  assistant: "Assistant",
  conversation: "Conversation",

  demoBadge: "Demo model",
  demoTitle: "This is a tiny demo model",
  demoExplanation:
    "It is built in so that the first start needs no download. It has read children's stories in English and continues the sentence you begin. It cannot answer questions.",
  demoHowTo: "To use a real model, start the app with the path of a GGUF file:",

  emptyDemoTitle: "Begin a story",
  emptyDemoText: "Write the first words, and the little model built into this app goes on.",
  emptyTitle: "Ask anything",
  emptyText: "The answer is written on this computer. Nothing you type leaves it.",
  examplesLabel: "Examples",
  examples: [
    "Explain to a child why the sky is blue",
    "Write a short letter to an old friend",
    "What can I cook with rice, eggs and spinach?",
  ],

  stoppedByUser: "Stopped",
  cutOff: "Interrupted",
  notAnswered: "Not answered",
  lengthReached: "Cut at the length limit",
  forgotten: "The beginning of the conversation no longer fits into the model's memory.",
  reading: (percent: string) => `Reading your message… ${percent}`,
  tokens: (count: string) => `${count} tokens`,
  tokensPerSecond: (rate: string) => `${rate} tokens/s`,

  engineLabel: "Engine",
  restart: "Restart",
  backingOff: (attempt: string) => `Crashed; starting again (${attempt})…`,
  loadOn: (device: string) => `Load it on ${device}`,
  loadAllTheSame: "Load it all the same",
  loading: (percent: string) => `Loading the model… ${percent}`,
  states: {
    stopped: "Asleep",
    starting: "Starting…",
    ready: "No model",
    loading: "Loading the model…",
    idle: "Ready",
    generating: "Writing…",
    cancelling: "Stopping the answer…",
    stopping: "Ending…",
    crashed: "Crashed",
    backingOff: "Crashed; starting again…",
    failed: "Not available",
  } satisfies Record<EngineState, string>,
  connecting: "Connecting…",
  localOnly: "Runs on this computer alone",

  devicesTitle: "Where the model computes",
  deviceRequested: "Chosen",
  deviceComputing: "Computes now",
  deviceNone: "Nothing at the moment",
  deviceAutomatic: "Automatic",
  deviceAutomaticText: "The device that is expected to answer soonest",
  deviceMemory: (free: string, total: string) => `${free} of ${total} free`,
  deviceProbing: "Being tested…",
  devicePassedOver: "Passed over until you choose it:",
  deviceTaken: "Taken automatically:",
  deviceNotFound: "No device",
  deviceUse: "Load the model there",
  deviceLoading: (device: string, percent: string) => `Loading the model: ${device}… ${percent}`,
  deviceBusy: "Another device can be chosen when the answer is written.",

  licences: "Licences",
  licencesTitle: "Licences",
  licencesText: (count: string) =>
    `This app contains ${count} parts that others wrote and share with everybody.`,
  licencesSearch: "Search by name or licence",
  close: "Close",

  theme: (name: string) => `Theme: ${name}`,
  themes: { system: "like the system", light: "light", dark: "dark" },
  switchLanguage: "Mudar para português",
  languageShort: "EN",
};

export type Words = typeof en;
