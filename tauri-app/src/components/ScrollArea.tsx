import { useSignalEffect } from "@preact/signals";
import type { ComponentChildren } from "preact";
import { useRef } from "preact/hooks";
import { useModels } from "./context";

/** Closer to the end than this, in pixels, the reader is following the text. */
const FOLLOWING = 48;

/** Scrolls along with the answer, unless the reader has scrolled away from its end. */
export function ScrollArea({ children }: { children: ComponentChildren }) {
  const { chat } = useModels();
  const area = useRef<HTMLDivElement>(null);
  const following = useRef(true);

  useSignalEffect(() => {
    const last = chat.messages.value.at(-1);
    if (last?.role === "assistant") {
      const begins = last.text.value === "";
      void last.state.value;
      if (begins) following.current = true;
    }
    const scroll = requestAnimationFrame(() => {
      if (following.current) area.current?.scrollTo({ top: area.current.scrollHeight });
    });
    return () => cancelAnimationFrame(scroll);
  });

  return (
    <main
      class="scroll-area"
      ref={area}
      onScroll={(event) => {
        const { scrollTop, scrollHeight, clientHeight } = event.currentTarget;
        following.current = scrollHeight - scrollTop - clientHeight < FOLLOWING;
      }}
    >
      {children}
    </main>
  );
}
