import { describe, expect, test } from "vitest";
import { ManualBackend } from "./fakes";
import { createLicences, partsIn } from "./licences";
import { createNotices } from "./notices";

const entry = (labels: string[], words: string) =>
  `\n${"=".repeat(80)}\n${labels.join("\n")}\n${"-".repeat(80)}\n${words}\n`;

const FILE = [
  "Licences of localaiapp\n",
  entry(["serde 1.0.228 · MIT OR Apache-2.0", "Jinja 3.1.6 · BSD-3-Clause"], "One text\n--------\nfor both"),
  entry(["serde 1.0.228 · MIT OR Apache-2.0"], "A second text"),
].join("");

describe("the file of licences", () => {
  test("is read as parts by name, each with all its texts", () => {
    expect(partsIn(FILE)).toEqual([
      { name: "Jinja 3.1.6", licence: "BSD-3-Clause", texts: ["One text\n--------\nfor both"] },
      {
        name: "serde 1.0.228",
        licence: "MIT OR Apache-2.0",
        texts: ["One text\n--------\nfor both", "A second text"],
      },
    ]);
  });

  test("has no parts before its first entry", () => {
    expect(partsIn("Licences of localaiapp\n")).toEqual([]);
  });
});

describe("the view", () => {
  test("asks Rust once, and is searched by name and by licence", async () => {
    const backend = new ManualBackend();
    backend.licences = FILE;
    const licences = createLicences(backend, createNotices());
    await licences.show();
    await licences.show();
    expect(backend.licencesAsked).toBe(1);
    expect(licences.shown.value).toBe(true);
    licences.search.value = " SERDE ";
    expect(licences.found.value.map((part) => part.name)).toEqual(["serde 1.0.228"]);
    licences.search.value = "bsd";
    expect(licences.found.value.map((part) => part.name)).toEqual(["Jinja 3.1.6"]);
  });

  test("stays closed where the file is missing, and says why", async () => {
    const backend = new ManualBackend();
    const notices = createNotices();
    const licences = createLicences(backend, notices);
    await licences.show();
    expect(licences.shown.value).toBe(false);
    expect(notices.all.value.map((notice) => notice.error.code)).toEqual(["licences_missing"]);
  });
});
