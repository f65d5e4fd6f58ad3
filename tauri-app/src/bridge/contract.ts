/** The shapes that cross the border to Rust; `tests/contract/page` holds both sides to them. */

export interface AppError {
  code: string;
  message: string;
  hint?: string;
  values?: Record<string, string | number>;
}

export type StreamMessage = { seq: number } & StreamEvent;

export type StreamEvent =
  | { type: "started"; conversationId: string; messageId: string }
  | { type: "progress"; done: number; total: number }
  | { type: "delta"; text: string };

export interface Answer {
  conversationId: string;
  messageId: string;
  state: "done" | "interrupted" | "failed";
  text: string;
  finishReason: "stop" | "length" | "cancelled" | null;
  tokens: number | null;
  tokensPerSecond: number | null;
  firstTokenMs: number | null;
  forgottenTurns: number;
  problem: AppError | null;
}

export type EngineState =
  | "stopped"
  | "starting"
  | "ready"
  | "loading"
  | "idle"
  | "generating"
  | "cancelling"
  | "stopping"
  | "crashed"
  | "failed";

export interface EngineStatus {
  state: EngineState;
  fraction: number | null;
  model: { name: string; demo: boolean; contextLength: number | null; hasChatTemplate: boolean | null };
  device: string | null;
  starts: number;
  /** What the engine said that a person should see; no errors, but of the same shape. */
  remarks: AppError[];
  lastDeath: AppError | null;
  problem: AppError | null;
}

/** Everything the page can ask of Rust. */
export interface Backend {
  /** Resolves with the whole answer; rejects with an `AppError` if none was begun. */
  startInference(
    question: { prompt: string; conversationId?: string },
    onEvent: (message: StreamMessage) => void,
  ): Promise<Answer>;
  /** Stops the answer, and says whether it was running. */
  cancelInference(messageId?: string): Promise<boolean>;
  /** The state now; every later one goes to `onChange`. */
  engineStatus(onChange: (status: EngineStatus) => void): Promise<EngineStatus>;
  /** The text of every licence of what others wrote. */
  thirdPartyLicences(): Promise<string>;
}
