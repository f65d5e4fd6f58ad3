import { useSignal, useSignalEffect } from "@preact/signals";
import { useRef } from "preact/hooks";
import { useWords } from "./context";

/** Says that the model is only a demo, and on a click what that means. */
export function DemoBadge() {
  const words = useWords();
  const open = useSignal(false);
  const root = useRef<HTMLSpanElement>(null);

  useSignalEffect(() => {
    if (!open.value) return;
    const close = (event: Event) => {
      const outside = event.target instanceof Node && !root.current?.contains(event.target);
      if (outside || (event instanceof KeyboardEvent && event.key === "Escape")) open.value = false;
    };
    document.addEventListener("pointerdown", close);
    document.addEventListener("keydown", close);
    return () => {
      document.removeEventListener("pointerdown", close);
      document.removeEventListener("keydown", close);
    };
  });

  return (
    <span class="demo" ref={root}>
      <button
        type="button"
        class="demo-badge"
        data-testid="demo-badge"
        aria-expanded={open.value}
        aria-controls="demo-explanation"
        onClick={() => {
          open.value = !open.value;
        }}
      >
        {words.demoBadge}
      </button>
      <span id="demo-explanation" class="demo-explanation" role="note" hidden={!open.value}>
        <strong>{words.demoTitle}</strong>
        <span>{words.demoExplanation}</span>
        <span>{words.demoHowTo}</span>
        <code>localaiapp model.gguf</code>
      </span>
    </span>
  );
}
