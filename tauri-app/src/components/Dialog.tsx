import type { ReadonlySignal } from "@preact/signals";
import type { ComponentChildren } from "preact";
import { useLayoutEffect, useRef } from "preact/hooks";
import { useWords } from "./context";
import { CloseIcon } from "./icons";

interface DialogProps {
  /** Its class and data-testid. */
  name: string;
  title: string;
  shown: ReadonlySignal<boolean>;
  onHide: () => void;
  children: ComponentChildren;
}

/** Stands over the page, which waits. Escape closes it, and the keyboard is back where it was. */
export function Dialog({ name, title, shown, onHide, children }: DialogProps) {
  const words = useWords();
  const dialog = useRef<HTMLDialogElement>(null);

  const open = shown.value;
  // What is in it is there before it is opened: the element with `autofocus` gets the keyboard.
  useLayoutEffect(() => {
    if (open) dialog.current?.showModal();
    else dialog.current?.close();
  }, [open]);

  return (
    <dialog
      class={`dialog ${name}`}
      ref={dialog}
      data-testid={name}
      aria-labelledby={`${name}-title`}
      onClose={onHide}
    >
      <header class="dialog-head">
        <h2 id={`${name}-title`}>{title}</h2>
        <button
          type="button"
          class="icon-button"
          data-testid={`${name}-close`}
          aria-label={words.close}
          title={words.close}
          onClick={onHide}
        >
          <CloseIcon />
        </button>
      </header>
      {open && children}
    </dialog>
  );
}
