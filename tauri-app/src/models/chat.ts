/** The conversation as the page shows it. Rust owns the truth; this is a view of it. */

import { batch, computed, type ReadonlySignal, type Signal, signal } from "@preact/signals";
import type { Answer, AppError, Backend, StreamMessage } from "../bridge/contract";
import type { Notices } from "./notices";

export type AnswerState = "streaming" | Answer["state"];

export interface Question {
  readonly role: "user";
  readonly key: number;
  readonly text: string;
}

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

export type Message = Question | Reply;

export interface Chat {
  readonly messages: ReadonlySignal<readonly Message[]>;
  readonly draft: Signal<string>;
  readonly busy: ReadonlySignal<boolean>;
  /** Tokens per second of the last answer that had any. */
  readonly lastSpeed: ReadonlySignal<number | null>;
  /** Asks `prompt`. Ends when the answer does. */
  ask(prompt: string): Promise<void>;
  /** Stops the answer that is being written. */
  stop(): Promise<void>;
  /** Begins a new conversation; nothing happens while an answer is being written. */
  startOver(): void;
}

export function createChat(backend: Backend, notices: Notices): Chat {
  const messages = signal<readonly Message[]>([]);
  const draft = signal("");
  const running = signal<{ messageId?: string } | null>(null);
  const lastSpeed = signal<number | null>(null);
  let conversationId: string | undefined;
  let nextKey = 0;

  async function ask(prompt: string): Promise<void> {
    if (running.value !== null || prompt.trim() === "") return;
    const question: Question = { role: "user", key: nextKey++, text: prompt };
    const reply = createReply(nextKey++);
    batch(() => {
      notices.clear();
      draft.value = "";
      running.value = {};
      messages.value = [...messages.value, question, reply];
    });
    try {
      const earlier = conversationId === undefined ? {} : { conversationId };
      const answer = await backend.startInference({ prompt, ...earlier }, (message) => hear(reply, message));
      batch(() => conclude(reply, answer));
    } catch (error) {
      batch(() => takeBack(question, reply, error as AppError));
    } finally {
      running.value = null;
    }
  }

  function hear(reply: Reply, message: StreamMessage): void {
    if (message.type === "started") {
      conversationId = message.conversationId;
      running.value = { messageId: message.messageId };
    }
    receive(reply, message);
  }

  function conclude(reply: Reply, answer: Answer): void {
    conversationId = answer.conversationId;
    reply.text.value = answer.text;
    reply.answer.value = answer;
    reply.state.value = answer.state;
    lastSpeed.value = answer.tokensPerSecond ?? lastSpeed.value;
    if (answer.problem !== null) notices.show(answer.problem);
  }

  /** No answer was begun: the page is as before, and the prompt can be mended. */
  function takeBack(question: Question, reply: Reply, error: AppError): void {
    messages.value = messages.value.filter((message) => message !== question && message !== reply);
    if (draft.value === "") draft.value = question.text;
    if (error.code === "unknown_conversation") conversationId = undefined;
    notices.show(error);
  }

  return {
    messages,
    draft,
    busy: computed(() => running.value !== null),
    lastSpeed,
    ask,
    async stop() {
      if (running.value !== null) await backend.cancelInference(running.value.messageId);
    },
    startOver() {
      if (running.value !== null) return;
      conversationId = undefined;
      batch(() => {
        messages.value = [];
        notices.clear();
      });
    },
  };
}

function createReply(key: number): Reply {
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

/** A message may come after the end of its answer, which holds the whole text already. */
function receive(reply: Reply, message: StreamMessage): void {
  if (reply.state.value !== "streaming") return;
  if (message.type === "progress") reply.reading.value = message.done / Math.max(message.total, 1);
  if (message.type === "delta") {
    reply.reading.value = null;
    reply.text.value += message.text;
  }
}
