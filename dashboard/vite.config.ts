import { fileURLToPath } from 'node:url'
import tailwindcss from '@tailwindcss/vite'
import react from '@vitejs/plugin-react'
import { defineConfig } from 'vitest/config'
import { budget } from './vite/budget.ts'
import { precompress } from './vite/precompress.ts'

const server = process.env.CONTROL_LAYER_URL ?? 'http://localhost:3001'
const proxy = { target: server, changeOrigin: false }

/** Few files rather than small ones: over HTTP/1.1 each costs a turn on one of six connections. */
const CHUNKS = [
  // What every page needs before anything is seen.
  { name: 'start', tags: ['$initial' as const], priority: 2 },
  // What most pages have in common: tables, forms, dialogs. Of the large libraries none is among it.
  { name: 'common', minShareCount: 5, maxModuleSize: 100_000, priority: 1 },
  // What a few have in common, by who needs it.
  { name: 'shared', minShareCount: 2, entriesAware: true, entriesAwareMergeThreshold: 10_000 },
]

/** Of a chunk with several users, not the names of all. */
const shortName = ({ name }: { name: string }) => `assets/${name.split('~')[0] ?? name}-[hash].js`

export default defineConfig({
  plugins: [react(), tailwindcss(), budget(), precompress()],
  resolve: { alias: { '@': fileURLToPath(new URL('./src', import.meta.url)) } },
  html: { cspNonce: '__CSP_NONCE__' },
  build: {
    outDir: '../src/control_layer/control/dashboard/static',
    emptyOutDir: true,
    target: 'es2022',
    assetsInlineLimit: 0,
    reportCompressedSize: false,
    // `budget` decides, by what browsers fetch.
    chunkSizeWarningLimit: 1000,
    rolldownOptions: { output: { codeSplitting: { groups: CHUNKS }, chunkFileNames: shortName } },
  },
  server: { proxy: { '/admin': proxy, '/ai': proxy, '/authentication': proxy, '/healthz': proxy } },
  test: {
    // Tests that need a document ask for jsdom themselves: it takes longer to make than most tests.
    environment: 'node',
    include: ['{src,vite}/**/*.test.{ts,tsx}'],
    restoreMocks: true,
  },
})
