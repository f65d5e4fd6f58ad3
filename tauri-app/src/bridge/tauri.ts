/** The one place that talks to Tauri. */

import { Channel, invoke } from "@tauri-apps/api/core";
import type { Backend } from "./contract";
import { toAppError } from "./errors";
import type { Commands } from "./generated/contract";

export const tauriBackend: Backend = {
  startInference: (question, onEvent) =>
    call("start_inference", () => ({ ...question, onEvent: new Channel(onEvent) })),
  attachAnswer: (place, onEvent) =>
    call("attach_answer", () => ({ ...place, onEvent: new Channel(onEvent) })),
  answerText: (place) => call("answer_text", () => ({ ...place })),
  cancelInference: (messageId) =>
    call("cancel_inference", () => (messageId === undefined ? {} : { messageId })),
  resumeConversation: () => call("resume_conversation", () => ({})),
  engineStatus: (onChange) => call("engine_status", () => ({ onChange: new Channel(onChange) })),
  restartEngine: () => call("engine_restart", () => ({})),
  loadModel: (id, options) => call("load_model", () => ({ id, options })),
  thirdPartyLicences: () => call("third_party_licences", () => ({})),
};

/** Everything that fails on the way, outside of Tauri's window too, is an `AppError`. */
export async function call<Name extends keyof Commands>(
  command: Name,
  args: () => Commands[Name]["args"],
): Promise<Commands[Name]["answer"]> {
  try {
    return await invoke<Commands[Name]["answer"]>(command, { ...args() });
  } catch (reason) {
    throw toAppError(reason);
  }
}
