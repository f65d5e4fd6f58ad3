/** The few drawings of the page. Decorative: what they mean is said by their button. */

import type { ComponentChildren } from "preact";

function Icon({ children }: { children: ComponentChildren }) {
  return (
    <svg class="icon" viewBox="0 0 24 24" aria-hidden="true" focusable="false">
      {children}
    </svg>
  );
}

export const SendIcon = () => (
  <Icon>
    <path d="M12 19V5M6 11l6-6 6 6" />
  </Icon>
);

export const StopIcon = () => (
  <Icon>
    <rect x="7" y="7" width="10" height="10" rx="2" fill="currentColor" stroke="none" />
  </Icon>
);

export const CloseIcon = () => (
  <Icon>
    <path d="M6 6l12 12M18 6L6 18" />
  </Icon>
);

export const PencilIcon = () => (
  <Icon>
    <path d="M5 19l1-4L16.5 4.5a2.1 2.1 0 0 1 3 3L9 18l-4 1zM14.5 6.5l3 3" />
  </Icon>
);

export const AlertIcon = () => (
  <Icon>
    <path d="M12 8v5M12 16.5v.2" />
    <circle cx="12" cy="12" r="9" />
  </Icon>
);

export const SunIcon = () => (
  <Icon>
    <circle cx="12" cy="12" r="4" />
    <path d="M12 3v2M12 19v2M3 12h2M19 12h2M5.6 5.6l1.5 1.5M16.9 16.9l1.5 1.5M5.6 18.4l1.5-1.5M16.9 7.1l1.5-1.5" />
  </Icon>
);

export const MoonIcon = () => (
  <Icon>
    <path d="M20 14.5A8.5 8.5 0 0 1 9.5 4a8.5 8.5 0 1 0 10.5 10.5z" />
  </Icon>
);

export const SystemIcon = () => (
  <Icon>
    <circle cx="12" cy="12" r="8.5" />
    <path d="M12 3.5a8.5 8.5 0 0 1 0 17z" fill="currentColor" stroke="none" />
  </Icon>
);

/** The app's own sign: a house with a spark in it. */
export const Logo = () => (
  <svg class="logo" viewBox="0 0 512 512" aria-hidden="true" focusable="false">
    <rect class="logo-ground" x="24" y="24" width="464" height="464" rx="112" />
    <path
      class="logo-house"
      d="M256 112 396 226v146a28 28 0 0 1-28 28H144a28 28 0 0 1-28-28V226z"
      stroke-width="28"
      stroke-linejoin="round"
    />
    <path
      class="logo-spark"
      d="M256 214c8 52 22 66 74 74-52 8-66 22-74 74-8-52-22-66-74-74 52-8 66-22 74-74z"
    />
  </svg>
);
