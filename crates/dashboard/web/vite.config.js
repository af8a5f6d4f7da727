import { defineConfig } from "vite";

export default defineConfig({
  build: {
    target: "es2022",
    // Small files stay files: the content security policy allows no data: addresses.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    reportCompressedSize: false,
  },
  server: {
    // `npm run dev` shows the page with live reload over a running gateway's API.
    proxy: { "/api": "http://127.0.0.1:9000" },
  },
});
