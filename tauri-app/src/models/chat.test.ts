import { effect } from "@preact/signals";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import type { KeptMessage, OpenConversation } from "../bridge/contract";
import { type Chat, createChat } from "./chat";
import { ManualBackend, MemoryStorage } from "./fakes";
import { createNotices, type Notices } from "./notices";
import { type Reply, SILENCE_MS } from "./reply";

let backend: ManualBackend;
let notices: Notices;
let session: Storage;
let chat: Chat;

beforeEach(() => {
  backend = new ManualBackend();
  notices = createNotices();
  session = new MemoryStorage();
  chat = createChat(backend, notices, session);
});

function lastReply(): Reply {
  const last = chat.messages.value.at(-1);
  if (last?.role !== "assistant") throw new Error("the last message is no reply");
  return last;
}

const started = { seq: 0, type: "started", conversationId: "c7", messageId: "m3" } as const;

describe("asking", () => {
  test("shows the question and an empty reply at once, and empties the draft", () => {
    chat.draft.value = "Hello";
    void chat.ask(chat.draft.value);
    expect(chat.messages.value.map((message) => message.role)).toEqual(["user", "assistant"]);
    expect(lastReply().state.value).toBe("streaming");
    expect(chat.draft.value).toBe("");
    expect(chat.busy.value).toBe(true);
  });

  test("streams text into the reply and nothing else", () => {
    void chat.ask("Hello");
    const before = chat.messages.value;
    backend.latest.say(started);
    backend.latest.say({ seq: 1, type: "delta", offset: 0, text: " Once" });
    backend.latest.say({ seq: 2, type: "delta", offset: 5, text: " upon" });
    expect(lastReply().text.value).toBe(" Once upon");
    expect(lastReply().shownText.value).toBe("Once upon");
    expect(chat.messages.value).toBe(before);
  });

  test("ends with the answer's own text, should a piece have been lost", async () => {
    void chat.ask("Hello");
    backend.latest.say({ seq: 1, type: "delta", offset: 0, text: "On" });
    await backend.latest.end({ text: "Once upon", tokensPerSecond: 123 });
    backend.latest.say({ seq: 2, type: "delta", offset: 2, text: "late" });
    expect(lastReply().text.value).toBe("Once upon");
    expect(lastReply().state.value).toBe("done");
    expect(chat.lastSpeed.value).toBe(123);
    expect(chat.busy.value).toBe(false);
  });

  test("shows how much of the prompt was read until the text begins", () => {
    void chat.ask("Hello");
    backend.latest.say({ seq: 1, type: "progress", done: 30, total: 120 });
    expect(lastReply().reading.value).toBe(0.25);
    backend.latest.say({ seq: 2, type: "delta", offset: 0, text: "a" });
    expect(lastReply().reading.value).toBeNull();
  });

  test("goes on with the conversation that the first answer began", async () => {
    void chat.ask("one");
    expect(backend.latest.question).toEqual({ prompt: "one" });
    await backend.latest.end({ conversationId: "c7" });
    void chat.ask("two");
    expect(backend.latest.question).toEqual({ prompt: "two", conversationId: "c7" });
  });

  test("does nothing for blank text or while an answer is being written", () => {
    void chat.ask("  \n");
    expect(backend.asked).toHaveLength(0);
    void chat.ask("one");
    void chat.ask("two");
    expect(backend.asked).toHaveLength(1);
  });
});

describe("when it goes wrong", () => {
  test("a refused prompt comes back into the draft with a notice", async () => {
    void chat.ask("Hello\u0007");
    await backend.latest.refuse({ code: "prompt_control_character", message: "no" });
    expect(chat.messages.value).toEqual([]);
    expect(chat.draft.value).toBe("Hello\u0007");
    expect(notices.all.value.map((notice) => notice.error.code)).toEqual(["prompt_control_character"]);
    expect(chat.busy.value).toBe(false);
  });

  test("what was typed meanwhile is not overwritten", async () => {
    void chat.ask("first");
    chat.draft.value = "second";
    await backend.latest.refuse({ code: "busy", message: "no" });
    expect(chat.draft.value).toBe("second");
  });

  test("an answer cut by a crash keeps its text, says so, and the next one can be asked", async () => {
    void chat.ask("Hello");
    backend.latest.say({ seq: 1, type: "delta", offset: 0, text: "Once" });
    const problem = { code: "engine_died", message: "killed", values: { signal: 9 } };
    await backend.latest.end({ state: "interrupted", text: "Once", finishReason: null, problem });
    expect(lastReply().state.value).toBe("interrupted");
    expect(lastReply().text.value).toBe("Once");
    expect(notices.all.value).toEqual([{ level: "error", error: problem }]);

    void chat.ask("again");
    expect(notices.all.value).toEqual([]);
    expect(chat.messages.value).toHaveLength(4);
  });

  test("a conversation that is gone is not asked for again", async () => {
    void chat.ask("one");
    await backend.latest.end({ conversationId: "c7" });
    void chat.ask("two");
    await backend.latest.refuse({ code: "unknown_conversation", message: "gone" });
    void chat.ask("two");
    expect(backend.latest.question).toEqual({ prompt: "two" });
  });
});

test("stop names the answer that is being written", async () => {
  await chat.stop();
  expect(backend.cancelled).toEqual([]);
  void chat.ask("Hello");
  backend.latest.say(started);
  await chat.stop();
  expect(backend.cancelled).toEqual(["m3"]);
});

test("starting over forgets messages and conversation, but not in mid-answer", async () => {
  void chat.ask("one");
  chat.startOver();
  expect(chat.messages.value).toHaveLength(2);
  await backend.latest.end({});
  chat.startOver();
  expect(chat.messages.value).toEqual([]);
  void chat.ask("two");
  expect(backend.latest.question).toEqual({ prompt: "two" });
});

test("a thousand pieces of text do not touch the list of messages", () => {
  let updates = 0;
  effect(() => {
    void chat.messages.value;
    updates++;
  });
  void chat.ask("Hello");
  const afterAsking = updates;
  for (let seq = 1; seq <= 1000; seq++)
    backend.latest.say({ seq, type: "delta", offset: seq - 1, text: "x" });
  expect(lastReply().text.value).toHaveLength(1000);
  expect(updates).toBe(afterAsking);
});

describe("when messages are lost", () => {
  beforeEach(() => {
    vi.useFakeTimers();
    void chat.ask("Hello");
    backend.latest.say(started);
  });
  afterEach(() => vi.useRealTimers());

  const delta = (seq: number, offset: number, text: string) =>
    backend.latest.say({ seq, type: "delta", offset, text });

  test("what is missing is asked for by its place, and nothing is doubled", async () => {
    delta(1, 0, "Once ");
    backend.written = "Once upon a time";
    delta(3, 10, "a time");
    await vi.advanceTimersByTimeAsync(0);
    expect(backend.looked).toEqual([{ conversationId: "c7", messageId: "m3", offset: 5 }]);
    expect(lastReply().text.value).toBe("Once upon a time");
    delta(2, 5, "upon ");
    delta(4, 16, ", there");
    expect(lastReply().text.value).toBe("Once upon a time, there");
  });

  test("silence is no reason to miss the text: it is asked for until the end", async () => {
    delta(1, 0, "Once ");
    backend.written = "Once upon";
    await vi.advanceTimersByTimeAsync(SILENCE_MS);
    expect(lastReply().text.value).toBe("Once upon");
    backend.written = "Once upon a time";
    await vi.advanceTimersByTimeAsync(SILENCE_MS);
    expect(lastReply().text.value).toBe("Once upon a time");
    const ending = backend.latest.end({ text: "Once upon a time." });
    await vi.advanceTimersByTimeAsync(10 * SILENCE_MS);
    await ending;
    expect(lastReply().text.value).toBe("Once upon a time.");
    expect(backend.looked).toHaveLength(2);
  });
});

describe("a page that is loaded anew", () => {
  const kept = (role: KeptMessage["role"], text: string, more: Partial<KeptMessage> = {}): KeptMessage => ({
    id: "m3",
    role,
    text,
    state: "done",
    created: 0,
    ...more,
  });
  const conversation = { id: "c7", title: "t", created: 0, updated: 0, model: null };
  const open = (...messages: KeptMessage[]): OpenConversation => ({ conversation, messages });

  test("shows the last conversation and goes on with it", async () => {
    backend.last = open(kept("user", "Hello"), kept("assistant", " Hi", { state: "interrupted" }));
    await chat.restore();
    expect(chat.messages.value.map((message) => message.role)).toEqual(["user", "assistant"]);
    expect(lastReply().shownText.value).toBe("Hi");
    expect(lastReply().state.value).toBe("interrupted");
    expect(chat.busy.value).toBe(false);
    void chat.ask("more");
    expect(backend.latest.question.conversationId).toBe("c7");
  });

  test("takes up an answer that is being written at its place", async () => {
    backend.last = open(kept("user", "Hello"), kept("assistant", "Once", { state: "streaming" }));
    const restoring = chat.restore();
    await vi.waitFor(() => expect(backend.asked).toHaveLength(1));
    expect(backend.latest.place).toEqual({ conversationId: "c7", messageId: "m3", offset: 4 });
    expect(chat.busy.value).toBe(true);
    backend.latest.say(started);
    backend.latest.say({ seq: 1, type: "delta", offset: 4, text: " upon" });
    expect(lastReply().text.value).toBe("Once upon");
    await chat.stop();
    expect(backend.cancelled).toEqual(["m3"]);
    await backend.latest.end({ text: "Once upon a time", conversationId: "c7" });
    await restoring;
    expect(lastReply().text.value).toBe("Once upon a time");
    expect(chat.busy.value).toBe(false);
  });

  test("stays empty where nothing was said, and where the user has begun anew", async () => {
    await chat.restore();
    expect(chat.messages.value).toEqual([]);
    chat.startOver();
    backend.last = open(kept("user", "Hello"));
    await chat.restore();
    expect(chat.messages.value).toEqual([]);
  });
});
