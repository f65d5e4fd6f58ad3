/** What the page asks of Rust. The shapes that cross the border are written from Rust's types. */

import type {
  Answer,
  EngineStatus,
  LoadOptions,
  Model,
  OpenConversation,
  StreamMessage,
  TextFrom,
} from "./generated/contract";

export type {
  Answer,
  AppError,
  DeviceStatus,
  EngineState,
  EngineStatus,
  LoadOptions,
  Message as KeptMessage,
  Model,
  OpenConversation,
  StreamMessage,
  TextFrom,
} from "./generated/contract";

/** A place in the text of an answer, counted in UTF-16 units as strings are here. */
export interface Place {
  conversationId: string;
  messageId: string;
  offset: number;
}

/** Everything the page can ask of Rust. Each rejects with an `AppError`. */
export interface Backend {
  /** Resolves with the whole answer; rejects if none was begun. */
  startInference(
    question: { prompt: string; conversationId?: string },
    onEvent: (message: StreamMessage) => void,
  ): Promise<Answer>;
  /** Listens to an answer from `place` on; resolves with the whole of it at its end. */
  attachAnswer(place: Place, onEvent: (message: StreamMessage) => void): Promise<Answer>;
  /** The text from `place` on, as it is now. */
  answerText(place: Place): Promise<TextFrom>;
  /** Stops the answer, and says whether it was running. */
  cancelInference(messageId?: string): Promise<boolean>;
  /** The conversation whose answer is being written, else the last one. */
  resumeConversation(): Promise<OpenConversation | null>;
  /** The state now; every later one goes to `onChange`. */
  engineStatus(onChange: (status: EngineStatus) => void): Promise<EngineStatus>;
  /** Ends the engine and starts it anew; crashes are forgotten. */
  restartEngine(): Promise<null>;
  /** Makes a model the one to use and loads it. */
  loadModel(id: string, options: LoadOptions): Promise<Model>;
  /** The text of every licence of what others wrote. */
  thirdPartyLicences(): Promise<string>;
}
