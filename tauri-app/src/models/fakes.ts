/** For tests: a backend whose every step the test decides. */

import type { Answer, AppError, Backend, EngineStatus, StreamMessage } from "../bridge/contract";

export interface Asked {
  question: { prompt: string; conversationId?: string };
  /** Sends a message of the stream. */
  say(message: StreamMessage): void;
  /** Ends the answer. */
  end(answer: Partial<Answer>): Promise<void>;
  /** Refuses to begin. */
  refuse(error: AppError): Promise<void>;
}

export class ManualBackend implements Backend {
  readonly asked: Asked[] = [];
  readonly cancelled: (string | undefined)[] = [];
  status: EngineStatus = idleStatus();
  tellStatus: (status: EngineStatus) => void = () => {};
  /** What the package brings; none of it without a package. */
  licences: string | null = null;
  licencesAsked = 0;

  startInference(question: Asked["question"], onEvent: (message: StreamMessage) => void): Promise<Answer> {
    return new Promise((resolve, reject) => {
      this.asked.push({
        question,
        say: onEvent,
        end: (answer) => settled(() => resolve({ ...finishedAnswer(), ...answer })),
        refuse: (error) => settled(() => reject(error)),
      });
    });
  }

  cancelInference(messageId?: string): Promise<boolean> {
    this.cancelled.push(messageId);
    return Promise.resolve(true);
  }

  engineStatus(onChange: (status: EngineStatus) => void): Promise<EngineStatus> {
    this.tellStatus = onChange;
    return Promise.resolve(this.status);
  }

  thirdPartyLicences(): Promise<string> {
    this.licencesAsked += 1;
    const missing = { code: "licences_missing", message: "this build carries no licences" };
    return this.licences === null ? Promise.reject(missing) : Promise.resolve(this.licences);
  }

  /** The latest question. */
  get latest(): Asked {
    const asked = this.asked.at(-1);
    if (asked === undefined) throw new Error("nothing was asked");
    return asked;
  }
}

/** Does `step`, and waits until what follows from it at once is done. */
async function settled(step: () => void): Promise<void> {
  step();
  await new Promise((resolve) => setTimeout(resolve));
}

export function finishedAnswer(): Answer {
  return {
    conversationId: "c1",
    messageId: "m1",
    state: "done",
    text: "",
    finishReason: "stop",
    tokens: 2,
    tokensPerSecond: 40,
    firstTokenMs: 5,
    forgottenTurns: 0,
    problem: null,
  };
}

export function idleStatus(): EngineStatus {
  return {
    state: "idle",
    fraction: null,
    model: { name: "stories260K", demo: true, contextLength: 512, hasChatTemplate: false },
    device: "CPU",
    starts: 1,
    remarks: [],
    lastDeath: null,
    problem: null,
  };
}

/** `localStorage` without a browser. */
export class MemoryStorage implements Storage {
  readonly #values = new Map<string, string>();
  get length(): number {
    return this.#values.size;
  }
  clear(): void {
    this.#values.clear();
  }
  getItem(name: string): string | null {
    return this.#values.get(name) ?? null;
  }
  key(index: number): string | null {
    return [...this.#values.keys()][index] ?? null;
  }
  removeItem(name: string): void {
    this.#values.delete(name);
  }
  setItem(name: string, value: string): void {
    this.#values.set(name, value);
  }
}
