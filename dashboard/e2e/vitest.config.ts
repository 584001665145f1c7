/** Journeys in a real browser. `tests/dashboard` starts the server and runs them; by hand: see README.md. */
import { defineConfig } from 'vitest/config'

export default defineConfig({
  test: {
    root: import.meta.dirname,
    include: ['*.e2e.ts'],
    environment: 'node',
    // One browser at a time: the machine has a server, a database and a provider to run as well.
    fileParallelism: false,
    testTimeout: 60_000,
    hookTimeout: 60_000,
    reporters: ['verbose'],
  },
})
