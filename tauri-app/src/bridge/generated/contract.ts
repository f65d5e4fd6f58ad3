// Generated from the types in tauri-app/src-tauri, which a test compares with it. To write it anew:
// cargo test -p localaiapp --lib write_the_pages_types -- --ignored

import type { Channel } from "@tauri-apps/api/core";

/** An answer as it stands in the end: the truth, should a message have been lost. */
export type Answer = {
  /** The conversation it belongs to. */
  conversationId: string,
  /** Its own name. */
  messageId: string,
  /** How it ended. */
  state: AnswerState,
  /** All of its text. */
  text: string,
  /** Why it ended, if it ended in order. */
  finishReason: Ending | null,
  /** Its length. */
  tokens: number | null,
  /** Its speed, without the time to read the prompt. */
  tokensPerSecond: number | null,
  /** From the request to the first token, in milliseconds. */
  firstTokenMs: number | null,
  /** Earlier turns that the model no longer reads, for lack of room. */
  forgottenTurns: number,
  /** What went wrong, if it did. */
  problem: AppError | null, };

/** How the text of an answer is chosen. What is absent the engine chooses. */
export type AnswerOptions = {
  /** The longest answer, in tokens: 1 and more. */
  maxTokens?: number,
  /** 0 to 5; 0 always takes the likeliest token. */
  temperature?: number,
  /** Choose among the k likeliest tokens; 0 is off. */
  topK?: number,
  /** Above 0 to 1. */
  topP?: number,
  /** 0 to 1. */
  minP?: number,
  /** Above 0 to 2; 1 is off. */
  repeatPenalty?: number,
  /** The same seed gives the same text. */
  seed?: number,
  /** Texts that end the answer, at most 8 of up to 256 characters. */
  stop?: Array<string>, };

/** How the text of an answer is chosen, unless a question says otherwise. */
export type AnswerSettings = {
  /** The longest answer, in tokens: 1 up to [`crate::MAX_TOKENS`]. */
  maxTokens: number | null,
  /** 0 to 5; 0 always takes the likeliest token. */
  temperature: number | null,
  /** Choose among the k likeliest tokens; 0 is off. */
  topK: number | null,
  /** Choose among the likeliest tokens that hold this share together: above 0 to 1. */
  topP: number | null,
  /** Drop tokens below this share of the likeliest one: 0 to 1. */
  minP: number | null,
  /** Make repetition less likely: above 0 to 2; 1 is off. */
  repeatPenalty: number | null, };

/** How an answer ended. */
export type AnswerState = "done" | "interrupted" | "failed";

/**
 * An error for the page. A code exists because the page has its own words for it; the
 * message is for those who read English, and for logs.
 */
export type AppError = {
  /** A stable name. */
  code: string,
  /** What happened, with the value in it. */
  message: string,
  /** What to do next. */
  hint?: string,
  /** The values in the message, for the page's own words. */
  values?: Record<string, string | number>, };

/** The app, and the engine it carries. */
export type AppInfo = {
  /** Its name. */
  name: string,
  /** Its version. */
  version: string,
  /** Built to look for defects, not to be used. */
  debug: boolean,
  /** The version of Tauri. */
  tauri: string,
  /** The version of the system's web view. */
  webview: string | null,
  /** `linux`, `windows`. */
  system: string,
  /** `x86_64`, `aarch64`. */
  architecture: string,
  /** The engine, once it has said who it is. */
  engine: EngineInfo | null, };

/** Arguments of `attach_answer`. */
export type AttachAnswer = { conversationId: string, messageId: string,
  /** How much of the text is known already, in UTF-16 code units. */
  offset: number,
  /** Hears the rest of the text. */
  onEvent?: Channel<StreamMessage>, };

/** Arguments of `cancel_inference`. */
export type CancelInference = {
  /** The answer to stop. Absent: the one that is being written. */
  messageId?: string, };

/** A conversation without its messages. */
export type Conversation = {
  /** A UUID. The engine keeps its context under this name. */
  id: string,
  /** Made from the first words, until the person gives another. */
  title: string,
  /** When it was begun. */
  created: number,
  /** When something was last said. */
  updated: number,
  /** The model that was last asked. */
  model: string | null, };

/** A place in a list that has the newest first: after this one. */
export type Cursor = {
  /** Its time, by which the list is ordered. */
  at: number,
  /** Its id, which decides between those of one time. */
  id: string, };

/** Whether a device can be used. */
export type DeviceState = "ready" | "probing" | "unavailable";

/** A device, or a backend that has none. */
export type DeviceStatus = {
  /** Its name in requests; empty for a backend that has no device. */
  id: string,
  /** The backend that it belongs to: `CPU`, `Vulkan`, `CUDA`. */
  backend: string,
  /** `cpu`, `gpu`, or `software`: a driver that computes on the processor. */
  kind: string,
  /** For a person. */
  description: string,
  /** Whether it can be used. */
  state: DeviceState,
  /** Why it is not used by itself; of the one that computes, why the engine chose it. */
  reason: string | null,
  /** In bytes. */
  memoryTotal: number,
  /** In bytes, when it was looked at. */
  memoryFree: number, };

/** Why an answer ended. */
export type Ending = "stop" | "length" | "cancelled";

/** The engine, in its own words. */
export type EngineInfo = {
  /** Its version. */
  version: string,
  /** Names the exact bytes that were built. */
  buildId: string,
  /** Which set of backend libraries it carries: `cpu`, `vulkan`, `cuda`. */
  variant: string, };

/** What the engine is doing. */
export type EngineState = "stopped" | "starting" | "ready" | "loading" | "idle" | "generating" | "cancelling" | "crashed" | "backingOff" | "failed" | "stopping";

/** What the page shows of the engine. */
export type EngineStatus = {
  /** What it is doing. */
  state: EngineState,
  /** How far loading is, 0 to 1. */
  fraction: number | null,
  /** Which restart is awaited, while the engine is *backing off*. */
  attempt: number | null,
  /** How long until then, in milliseconds. */
  retryInMs: number | null,
  /** The model that is used, loaded or not. */
  model: ModelStatus,
  /** The id of the device that computes. */
  device: string | null,
  /** The device that the settings ask for; absent: the engine chooses. */
  requestedDevice: string | null,
  /** What the engine can compute on. Empty while there is no process. */
  devices: Array<DeviceStatus>,
  /** Processes started so far: more than one means that the engine was replaced. */
  starts: number,
  /** What the engine said that a person should see, and what is so about its devices. */
  remarks: Array<AppError>,
  /** How the last process ended, if nobody had asked it to. */
  lastDeath: AppError | null,
  /** Why there is no engine or no model. */
  problem: AppError | null, };

/** Arguments of `export_conversation`. */
export type ExportOne = { conversationId: string, format: Format,
  /** Of the headings in Markdown (`en`). */
  language?: Language, };

/** The form of an export. */
export type Format = "markdown" | "json";

/** What was found. */
export type Found = {
  /** By title, the last used first; only in the first part of the results. */
  conversations: Array<TitleHit>,
  /** By text, the newest first. */
  messages: Array<MessageHit>,
  /** Where further messages begin, if there are any. */
  next: Cursor | null, };

/** What became of an import. */
export type Imported = {
  /** Conversations that came in. */
  conversations: number,
  /** Of these, those that came in as a copy beside another one of the same id. */
  copies: number,
  /** Conversations that were here already, with every one of their messages. */
  alreadyThere: number, };

/** A language of the app. */
export type Language = "en" | "pt-BR";

/** Arguments of `list_conversations`. */
export type ListConversations = {
  /** `next` of the part before. */
  after?: Cursor,
  /** 1 to 200 (50). */
  limit?: number, };

/** Arguments of `load_model`. */
export type LoadModel = {
  /** Its id. */
  id: string,
  /** Absent: as the engine chooses. */
  options?: LoadOptions, };

/** How a model is loaded. What is absent the engine chooses. */
export type LoadOptions = {
  /** In tokens; 0 is the model's own. */
  contextLength?: number,
  /** Layers to put on the device; -1 is as many as fit. */
  gpuLayers?: number,
  /**
   * The id of a device, or `auto`: the engine's own choice. It is kept as the setting. Absent:
   * as the settings say.
   */
  device?: string,
  /** 0 to 512; 0: chosen and adapted by the engine. */
  threads?: number,
  /** Although this model has crashed the engine here. */
  insist?: boolean, };

/** Arguments of `measure_speed`. */
export type MeasureSpeed = {
  /** At most 16. Absent: as the engine chooses. */
  settings?: Array<SpeedSetting>,
  /** Hears of each setting before it is measured. */
  onEvent?: Channel<SpeedProgress>, };

/** One message. */
export type Message = {
  /** A UUID. */
  id: string,
  /** Who said it. */
  role: Role,
  /** All of it, also what was not saved yet. */
  text: string,
  /** How far it is. */
  state: MessageState,
  /** When it was begun. */
  created: number,
  /** The model that wrote it. */
  model?: string,
  /** What the engine measured. */
  timings?: Timings,
  /** What went wrong. */
  problem?: Problem, };

/** A message whose text was found. */
export type MessageHit = {
  /** The conversation it is in. */
  conversation: string,
  /** That conversation's title. */
  title: string,
  /** Its own id. */
  message: string,
  /** Who said it. */
  role: Role,
  /** When. */
  created: number,
  /** Where in the message the first hit begins, in UTF-16 code units. */
  offset: number,
  /** The words around the first hit, with `…` where more was cut off. */
  snippet: Array<Span>, };

/** How far a message is. */
export type MessageState = "streaming" | "done" | "interrupted" | "failed";

/** A model as the page sees it. */
export type Model = {
  /** What the page calls it by. */
  id: string,
  /** For a person: the file's name without its ending. */
  name: string,
  /** It is the tiny one that comes with the app. */
  demo: boolean,
  /** It is the one in use, loaded or not. */
  chosen: boolean,
  /** `null`: the file is not there any more. */
  fileBytes: number | null, };

/** What the page shows of the model. */
export type ModelStatus = {
  /** What the page calls it by. */
  id: string,
  /** For a person. */
  name: string,
  /** It is the tiny one that comes with the app. */
  demo: boolean,
  /** In tokens, once loaded. */
  contextLength: number | null,
  /** Whether it answers or only continues text, once loaded. */
  hasChatTemplate: boolean | null, };

/** The arguments of a command that takes none. */
export type Nothing = Record<symbol, never>;

/** Arguments of a command about one conversation. */
export type OneConversation = { conversationId: string, };

/** Arguments of a command about one model. */
export type OneModel = {
  /** Its id. */
  id: string, };

/** A conversation with its last messages. */
export type OpenConversation = {
  /** Itself. */
  conversation: Conversation,
  /** In their order. One that is still being written is *streaming*, with its text so far. */
  messages: Array<Message>, };

/** Arguments of `open_conversation`. */
export type OpenOne = { conversationId: string,
  /** Only messages before this one: to look further back. */
  before?: string, };

/** A part of the list of conversations. */
export type Page = {
  /** The last used first. */
  conversations: Array<Conversation>,
  /** Where the next part begins, if there is one. */
  next: Cursor | null, };

/** What went wrong with an answer, in the shape in which the page is told. */
export type Problem = {
  /** A stable name. */
  code: string,
  /** What happened. */
  message: string,
  /** What to do next. */
  hint?: string,
  /** The values in the message. */
  values?: Record<string, string | number>, };

/** Arguments of `regenerate`. */
export type Regenerate = {
  /** Its last answer is replaced. */
  conversationId: string,
  /** How the text is chosen. */
  params?: AnswerOptions,
  /** Hears the text while it is written. */
  onEvent?: Channel<StreamMessage>, };

/** Arguments of `rename_conversation`. */
export type Rename = { conversationId: string,
  /** One line. */
  title: string, };

/** Who said something. */
export type Role = "system" | "user" | "assistant";

/** Arguments of `search_messages`. */
export type Search = {
  /** Words; the last one may be a beginning. */
  query: string,
  /** `next` of the part before. */
  after?: Cursor,
  /** 1 to 100 (50). */
  limit?: number, };

/** Arguments of `set_settings`. */
export type SetSettings = {
  /** All of them. */
  settings: Settings, };

/** All settings. */
export type Settings = {
  /** The language of the app; `None` is the system's. */
  language: Language | null,
  /** Light or dark. */
  theme: Theme,
  /** The id of the model that is loaded when the app starts. */
  model: string | null,
  /** The id of the device that computes; `None` is the best there is. */
  device: string | null,
  /** Layers on that device: −1 is as many as fit. */
  gpuLayers: number | null,
  /** Threads, up to [`crate::MAX_THREADS`]; 0 lets the engine choose and adapt. */
  threads: number | null,
  /** In tokens: 0, which is the model's own, or 16 up to [`crate::MAX_CONTEXT_LENGTH`]. */
  contextLength: number | null,
  /** How the text of an answer is chosen. */
  answers: AnswerSettings, };

/** A piece of text. */
export type Span = {
  /** Never empty. */
  text: string,
  /** Whether it is what was looked for. */
  hit: boolean, };

/** What was measured with one setting. */
export type Speed = {
  /** What was asked for. */
  setting: SpeedSetting,
  /** The device that computed. */
  device: string | null,
  /** With as many threads. */
  threads: number | null,
  /** Reading: the median. */
  promptTokensPerSecond: number | null,
  /** Writing: the median. */
  decodeTokensPerSecond: number | null,
  /** Why there are no figures. */
  problem: AppError | null, };

/** Told before each setting. */
export type SpeedProgress = {
  /** Settings measured so far. */
  done: number,
  /** Settings in all. */
  total: number,
  /** The one that is measured now. */
  setting: SpeedSetting, };

/** What to measure with. */
export type SpeedSetting = {
  /** The id of a device. Absent: the best there is. */
  device?: string,
  /** 0 to 512. Absent or 0: chosen by the engine. */
  threads?: number, };

/** Arguments of `start_inference`. Only the prompt is needed. */
export type StartInference = {
  /** What to answer. */
  prompt: string,
  /** Absent: a new conversation. */
  conversationId?: string,
  /** How the text is chosen. */
  params?: AnswerOptions,
  /** Hears the text while it is written. Absent: it comes in one piece. */
  onEvent?: Channel<StreamMessage>, };

/** What the page hears while an answer is written. Numbered from 0 without gaps. */
export type StreamMessage = {
  /** Its number. */
  seq: number, } & ({ "type": "started",
  /** To go on with this conversation. */
  conversationId: string,
  /** To stop this answer, and to ask for its text. */
  messageId: string, } | { "type": "progress",
  /** Tokens read so far. */
  done: number,
  /** Tokens in all. */
  total: number, } | { "type": "delta",
  /** Where it belongs, in UTF-16 code units from the beginning of the answer. */
  offset: number,
  /** Never empty. */
  text: string, });

/** Arguments of `answer_text`. */
export type TextAfter = { conversationId: string, messageId: string,
  /** In UTF-16 code units, as JavaScript counts. */
  offset: number, };

/** A message's text from some place on. */
export type TextFrom = {
  /**
   * Where it begins, in UTF-16 code units: what was asked for, or one less if that was
   * in the middle of a character.
   */
  offset: number,
  /** From there to the end. */
  text: string,
  /** Length of the whole message in UTF-16 code units; the next place to ask for. */
  length: number,
  /** Whether more is to come. */
  state: MessageState, };

/** Light or dark. */
export type Theme = "system" | "light" | "dark";

/** What the engine measured of one answer. */
export type Timings = {
  /** Why it ended, in the engine's word. */
  finishReason?: string,
  /** Tokens of the prompt. */
  promptTokens?: number,
  /** Tokens of the answer. */
  tokens?: number,
  /** While writing, without the time to read the prompt. */
  tokensPerSecond?: number,
  /** From the request to the first token, in milliseconds. */
  firstTokenMs?: number, };

/** A conversation whose title was found. */
export type TitleHit = {
  /** Its id. */
  conversation: string,
  /** Its whole title. */
  title: Array<Span>,
  /** When something was last said in it. */
  updated: number, };

/** Arguments of `engine_status`. */
export type WatchEngine = {
  /** Hears of every later state. */
  onChange?: Channel<EngineStatus>, };

/** Every command: what it takes, and what it gives. */
export interface Commands {
  start_inference: { args: StartInference; answer: Answer };
  regenerate: { args: Regenerate; answer: Answer };
  cancel_inference: { args: CancelInference; answer: boolean };
  attach_answer: { args: AttachAnswer; answer: Answer };
  engine_status: { args: WatchEngine; answer: EngineStatus };
  engine_restart: { args: Nothing; answer: null };
  measure_speed: { args: MeasureSpeed; answer: Array<Speed> };
  cancel_measure_speed: { args: Nothing; answer: boolean };
  list_models: { args: Nothing; answer: Array<Model> };
  add_model: { args: Nothing; answer: Model | null };
  remove_model: { args: OneModel; answer: null };
  load_model: { args: LoadModel; answer: Model };
  unload_model: { args: Nothing; answer: null };
  resume_conversation: { args: Nothing; answer: OpenConversation | null };
  list_conversations: { args: ListConversations; answer: Page };
  open_conversation: { args: OpenOne; answer: OpenConversation };
  rename_conversation: { args: Rename; answer: string };
  delete_conversation: { args: OneConversation; answer: null };
  answer_text: { args: TextAfter; answer: TextFrom };
  search_messages: { args: Search; answer: Found };
  export_conversation: { args: ExportOne; answer: boolean };
  export_all_conversations: { args: Nothing; answer: number | null };
  import_conversations: { args: Nothing; answer: Imported | null };
  get_settings: { args: Nothing; answer: Settings };
  set_settings: { args: SetSettings; answer: Settings };
  app_info: { args: Nothing; answer: AppInfo };
  open_logs: { args: Nothing; answer: null };
  diagnostics: { args: Nothing; answer: string };
  third_party_licences: { args: Nothing; answer: string };
}
