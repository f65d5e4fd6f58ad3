import { render } from "preact";
import { expect, test } from "vitest";
test("plain preact renders", () => {
  const root = document.createElement("div");
  render(<p>hello</p>, root);
  expect(root.innerHTML).toBe("<p>hello</p>");
});
