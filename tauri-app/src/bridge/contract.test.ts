/** Plays `tests/contract/page` against the bridge, with a backend that behaves as written there. */

import { mockIPC } from "@tauri-apps/api/mocks";
import { describe, expect, test } from "vitest";
import cancelInference from "../../../tests/contract/page/cancel_inference.json";
import engineStatus from "../../../tests/contract/page/engine_status.json";
import startInference from "../../../tests/contract/page/start_inference.json";
import thirdPartyLicences from "../../../tests/contract/page/third_party_licences.json";
import type { Answer, EngineStatus, StreamMessage } from "./contract";
import { tauriBackend } from "./tauri";

interface Case {
  about: string;
  arguments: Record<string, unknown>;
  hears?: unknown[];
  resolves?: unknown;
  rejects?: unknown;
}

interface Call {
  command: string;
  parameters: Record<string, unknown>;
}

/** A Rust side that answers every call as `given` says, and remembers what it was asked. */
function answerAs(given: Case): Call[] {
  const calls: Call[] = [];
  mockIPC((command, parameters) => {
    calls.push({ command, parameters: JSON.parse(JSON.stringify(parameters)) });
    const channel = Object.values(parameters as object).find((value) => typeof value === "object");
    given.hears?.forEach((message, index) => {
      const id = Number(String(channel).match(/\d+/)?.[0] ?? (channel as { id: number }).id);
      internals().runCallback(id, { message, index });
    });
    return given.rejects === undefined ? given.resolves : Promise.reject(given.rejects);
  });
  return calls;
}

function internals(): { runCallback(id: number, data: unknown): void } {
  return (window as unknown as { __TAURI_INTERNALS__: ReturnType<typeof internals> }).__TAURI_INTERNALS__;
}

async function outcome<Result>(promise: Promise<Result>): Promise<{ resolves?: Result; rejects?: unknown }> {
  try {
    return { resolves: await promise };
  } catch (rejects) {
    return { rejects };
  }
}

function expected(given: Case) {
  return given.rejects === undefined ? { resolves: given.resolves } : { rejects: given.rejects };
}

describe("start_inference", () => {
  test.each(startInference.cases as Case[])("$about", async (given) => {
    const calls = answerAs(given);
    const heard: StreamMessage[] = [];
    const question = given.arguments as { prompt: string; conversationId?: string };
    const got = await outcome<Answer>(
      tauriBackend.startInference(question, (message) => heard.push(message)),
    );
    expect(got).toEqual(expected(given));
    expect(heard).toEqual(given.hears ?? []);
    expect(calls).toHaveLength(1);
    expect(calls[0]?.command).toBe("start_inference");
    expect(calls[0]?.parameters).toMatchObject({
      prompt: question.prompt,
      onEvent: expect.stringMatching(/^__CHANNEL__:\d+$/),
    });
  });
});

describe("cancel_inference", () => {
  test.each(cancelInference.cases as Case[])("$about", async (given) => {
    const calls = answerAs(given);
    const messageId = given.arguments.messageId as string | undefined;
    expect(await outcome(tauriBackend.cancelInference(messageId))).toEqual(expected(given));
    expect(calls).toEqual([{ command: "cancel_inference", parameters: given.arguments }]);
  });
});

describe("engine_status", () => {
  test.each(engineStatus.cases as Case[])("$about", async (given) => {
    const calls = answerAs(given);
    const got = await outcome<EngineStatus>(tauriBackend.engineStatus(() => {}));
    expect(got).toEqual(expected(given));
    expect(calls[0]?.parameters).toEqual({ onChange: expect.stringMatching(/^__CHANNEL__:\d+$/) });
  });
});

describe("third_party_licences", () => {
  test.each(thirdPartyLicences.cases as Case[])("$about", async (given) => {
    const calls = answerAs(given);
    expect(await outcome<string>(tauriBackend.thirdPartyLicences())).toEqual(expected(given));
    expect(calls).toEqual([{ command: "third_party_licences", parameters: {} }]);
  });
});

test("outside of Tauri's window every call fails with an error that can be shown", async () => {
  mockIPC(() => Promise.reject("command not found"));
  await expect(tauriBackend.cancelInference()).rejects.toEqual({
    code: "unexpected",
    message: "command not found",
  });
});
