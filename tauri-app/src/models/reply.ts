/** One answer as the page shows it: its text grows by pieces that each know their place. */

import { computed, type ReadonlySignal, type Signal, signal } from "@preact/signals";
import type { Answer, Backend, KeptMessage, StreamMessage } from "../bridge/contract";

export type AnswerState = "streaming" | Answer["state"];

/** Its parts are signals: a new piece of text touches one text node and nothing else. */
export interface Reply {
  readonly role: "assistant";
  readonly key: number;
  readonly text: Signal<string>;
  /** The text without the space that a continued sentence begins with. */
  readonly shownText: ReadonlySignal<string>;
  readonly state: Signal<AnswerState>;
  /** How much of the prompt was read, 0 to 1, as long as there is no text. */
  readonly reading: Signal<number | null>;
  readonly answer: Signal<Answer | null>;
}

/** Longer than text ever takes between two pieces; a lost message stops all that follow. */
export const SILENCE_MS = 2000;

export function createReply(key: number): Reply {
  const text = signal("");
  return {
    role: "assistant",
    key,
    text,
    shownText: computed(() => text.value.trimStart()),
    state: signal<AnswerState>("streaming"),
    reading: signal<number | null>(null),
    answer: signal<Answer | null>(null),
  };
}

/** An answer of earlier; one that is still being written streams on. */
export function keptReply(key: number, conversationId: string, message: KeptMessage): Reply {
  const reply = createReply(key);
  reply.text.value = message.text;
  if (message.state !== "streaming") conclude(reply, keptAnswer(conversationId, message, message.state));
  return reply;
}

/** The end: its text is the truth, should a piece have been lost. */
export function conclude(reply: Reply, answer: Answer): void {
  reply.text.value = answer.text;
  reply.answer.value = answer;
  reply.state.value = answer.state;
}

/**
 * What hears the pieces of `reply`. A piece that was lost is asked for, by its place in the text, when the
 * next one comes or when nothing comes any more; one that comes twice is heard once.
 */
export function createListener(reply: Reply, backend: Backend) {
  let place: { conversationId: string; messageId: string } | null = null;
  let asking = false;
  let over = false;
  let silence: ReturnType<typeof setTimeout> | undefined;

  function add(offset: number, text: string): boolean {
    const known = reply.text.value.length;
    if (reply.state.value !== "streaming" || offset > known) return offset <= known;
    reply.text.value += text.slice(known - offset);
    return true;
  }

  async function catchUp(): Promise<void> {
    if (place === null || asking) return;
    asking = true;
    try {
      const found = await backend.answerText({ ...place, offset: reply.text.value.length });
      add(found.offset, found.text);
    } catch {
      // The end of the answer brings the whole text.
    } finally {
      asking = false;
    }
  }

  function waitForMore(): void {
    clearTimeout(silence);
    if (over) return;
    silence = setTimeout(() => void catchUp().finally(waitForMore), SILENCE_MS);
  }

  return {
    /** A message may come after the end of its answer, which holds the whole text already. */
    hear(message: StreamMessage): void {
      if (reply.state.value !== "streaming") return;
      waitForMore();
      if (message.type === "started") {
        place = { conversationId: message.conversationId, messageId: message.messageId };
      }
      if (message.type === "progress") reply.reading.value = message.done / Math.max(message.total, 1);
      if (message.type === "delta") {
        reply.reading.value = null;
        if (!add(message.offset, message.text)) void catchUp();
      }
    },
    /** The answer has ended. */
    end(): void {
      over = true;
      clearTimeout(silence);
    },
  };
}

function keptAnswer(conversationId: string, message: KeptMessage, state: Answer["state"]): Answer {
  const timings = message.timings ?? {};
  const { finishReason } = timings;
  return {
    conversationId,
    messageId: message.id,
    state,
    text: message.text,
    finishReason:
      finishReason === "stop" || finishReason === "length" || finishReason === "cancelled"
        ? finishReason
        : null,
    tokens: timings.tokens ?? null,
    tokensPerSecond: timings.tokensPerSecond ?? null,
    firstTokenMs: timings.firstTokenMs ?? null,
    forgottenTurns: 0,
    problem: message.problem ?? null,
  };
}
