/**
 * Builds the dashboard into the application's dist folder, from which the server hands it out. The server sends
 * a strict content security policy, so nothing may be inlined: no module preload script, no data URLs.
 */
import react from '@vitejs/plugin-react';
import { defineConfig } from 'vite';

/** Where `vite dev` finds a Lamella server. */
const server = process.env['LAMELLA_URL'] ?? 'http://127.0.0.1:7860';

export default defineConfig({
  root: import.meta.dirname,
  base: './',
  plugins: [react()],
  build: {
    outDir: '../app/dist/dashboard',
    emptyOutDir: true,
    target: ['chrome123', 'firefox121', 'safari17.5'],
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    reportCompressedSize: true,
  },
  server: { proxy: { '/api': { target: server, changeOrigin: false } } },
});
