/** The conversation as the page shows it. Rust owns the truth; this is a view of it. */

import { batch, computed, type ReadonlySignal, type Signal, signal } from "@preact/signals";
import type { Answer, AppError, Backend, OpenConversation, StreamMessage } from "../bridge/contract";
import type { Notices } from "./notices";
import { conclude, createListener, createReply, keptReply, type Reply } from "./reply";

export interface Question {
  readonly role: "user";
  readonly key: number;
  readonly text: string;
}

export type Message = Question | Reply;

export interface Chat {
  readonly messages: ReadonlySignal<readonly Message[]>;
  readonly draft: Signal<string>;
  readonly busy: ReadonlySignal<boolean>;
  /** Tokens per second of the last answer that had any. */
  readonly lastSpeed: ReadonlySignal<number | null>;
  /** Shows the last conversation again; an answer that is being written goes on at its place. */
  restore(): Promise<void>;
  /** Asks `prompt`. Ends when the answer does. */
  ask(prompt: string): Promise<void>;
  /** Stops the answer that is being written. */
  stop(): Promise<void>;
  /** Begins a new conversation; nothing happens while an answer is being written. */
  startOver(): void;
}

/** Set while the user has begun anew and asked nothing yet: then a reload shows nothing old. */
const BEGUN_ANEW = "begun-anew";

/** `session` lasts as long as the window. */
export function createChat(backend: Backend, notices: Notices, session: Storage): Chat {
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
    const earlier = conversationId === undefined ? {} : { conversationId };
    await follow(
      reply,
      (hear) => backend.startInference({ prompt, ...earlier }, hear),
      (error) => takeBack(question, reply, error),
    );
  }

  /** Shows an answer while it is written, until it ends or `refused` hears why there is none. */
  async function follow(
    reply: Reply,
    answered: (hear: (message: StreamMessage) => void) => Promise<Answer>,
    refused: (error: AppError) => void,
  ): Promise<void> {
    const listener = createListener(reply, backend);
    try {
      const answer = await answered((message) => {
        if (message.type === "started") begun(message);
        listener.hear(message);
      });
      batch(() => ended(reply, answer));
    } catch (error) {
      batch(() => refused(error as AppError));
    } finally {
      listener.end();
      running.value = null;
    }
  }

  function begun(answer: { conversationId: string; messageId: string }): void {
    conversationId = answer.conversationId;
    running.value = { messageId: answer.messageId };
    session.removeItem(BEGUN_ANEW);
  }

  function ended(reply: Reply, answer: Answer): void {
    conversationId = answer.conversationId;
    conclude(reply, answer);
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

  function shown({ conversation, messages: kept }: OpenConversation): Message[] {
    return kept
      .filter((message) => message.role !== "system")
      .map((message) =>
        message.role === "user"
          ? { role: "user", key: nextKey++, text: message.text }
          : keptReply(nextKey++, conversation.id, message),
      );
  }

  async function restore(): Promise<void> {
    if (session.getItem(BEGUN_ANEW) !== null) return;
    try {
      const open = await backend.resumeConversation();
      // Whoever was quicker has begun another one.
      if (open === null || messages.value.length > 0) return;
      conversationId = open.conversation.id;
      messages.value = shown(open);
      await takeUp(open);
    } catch (error) {
      notices.show(error as AppError);
    }
  }

  async function takeUp({ conversation, messages: kept }: OpenConversation): Promise<void> {
    const message = kept.at(-1);
    const reply = messages.value.at(-1);
    if (message?.state !== "streaming" || reply?.role !== "assistant") return;
    running.value = { messageId: message.id };
    const place = { conversationId: conversation.id, messageId: message.id, offset: message.text.length };
    await follow(
      reply,
      (hear) => backend.attachAnswer(place, hear),
      (error) => {
        reply.state.value = "interrupted";
        notices.show(error);
      },
    );
  }

  return {
    messages,
    draft,
    busy: computed(() => running.value !== null),
    lastSpeed,
    restore,
    ask,
    async stop() {
      if (running.value !== null) await backend.cancelInference(running.value.messageId);
    },
    startOver() {
      if (running.value !== null) return;
      conversationId = undefined;
      session.setItem(BEGUN_ANEW, "yes");
      batch(() => {
        messages.value = [];
        notices.clear();
      });
    },
  };
}
