import { defineConfig } from "vitest/config";

export default defineConfig({
  // Tauri's own output stays readable above Vite's.
  clearScreen: false,
  server: { port: 1420, strictPort: true },
  build: {
    // The WebKitGTK of Debian 12 and the WebView2 of Windows 10 understand this.
    target: ["safari17", "chrome120"],
    // Inlined files would be `data:` addresses, which the page's policy forbids.
    assetsInlineLimit: 0,
    // There is one script; a helper that preloads others is not needed.
    modulePreload: { polyfill: false },
  },
  test: { environment: "happy-dom", include: ["src/**/*.test.{ts,tsx}"] },
});
