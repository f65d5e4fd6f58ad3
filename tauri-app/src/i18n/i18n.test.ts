import { describe, expect, test } from "vitest";
import { formatNumber, formatPercent, wordsIn } from ".";
import { describeError, knownCauses, knownCodes } from "./errors";

test("both languages have words for the same errors", () => {
  expect(knownCodes["pt-BR"]).toEqual(knownCodes.en);
  expect(knownCauses["pt-BR"]).toEqual(knownCauses.en);
});

test("no word of the Portuguese page is left in English", () => {
  const english: Record<string, unknown> = wordsIn("en");
  const portuguese: Record<string, unknown> = wordsIn("pt-BR");
  const same = Object.keys(english).filter((key) => english[key] === portuguese[key]);
  expect(same).toEqual([]);
});

test("numbers are written as the language writes them", () => {
  expect(formatNumber(1234.5, "en")).toBe("1,235");
  expect(formatNumber(1234.5, "pt-BR")).toBe("1.235");
  expect(formatNumber(7.25, "pt-BR")).toBe("7,3");
  expect(formatPercent(0.404, "en")).toBe("40%");
});

describe("errors", () => {
  const killed = { code: "engine_died", message: "it was killed", values: { signal: 9 } };

  test("a killed engine is told with the signal, in each language", () => {
    expect(describeError(killed, "en").detail).toContain("was killed by signal 9 (SIGKILL)");
    expect(describeError(killed, "pt-BR").detail).toContain("foi encerrado pelo sinal 9 (SIGKILL)");
  });

  test("an engine that ended by itself is told with its exit code", () => {
    const ended = { code: "engine_died", message: "it ended", values: { exitCode: 70 } };
    expect(describeError(ended, "en").detail).toContain("ended with exit code 70");
    expect(describeError(ended, "pt-BR").detail).toContain("código de saída 70");
  });

  test("a cause is told in words before its signal", () => {
    const values = { cause: "illegal_instruction", signal: 4 };
    const ended = { code: "engine_died", message: "it ended", values };
    expect(describeError(ended, "en").detail).toContain("an instruction that this processor does not have");
    expect(describeError(ended, "pt-BR").detail).toContain("uma instrução que este processador não tem");
  });

  test("values stand in the sentence", () => {
    const long = { code: "context_overflow", message: "", values: { promptTokens: 600, contextLength: 512 } };
    expect(describeError(long, "en").detail).toBe(
      "It has 600 tokens; the model reads 512 at most. Shorten it.",
    );
  });

  test("an error without words of its own shows its message and hint as sentences", () => {
    const other = { code: "device_unavailable", message: "there is no such device", hint: "choose another" };
    expect(describeError(other, "en")).toEqual({
      title: "Something went wrong",
      detail: "There is no such device. Choose another.",
    });
  });
});
