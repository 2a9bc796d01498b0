import { defineConfig } from 'vitest/config'

// JVMs are heavy: one file, one test at a time.
export default defineConfig({
  test: {
    include: ['test/interop/**/*.test.ts'],
    pool: 'forks',
    maxWorkers: 1,
    fileParallelism: false,
    testTimeout: 300_000,
    hookTimeout: 900_000,
    reporters: ['verbose', './test/harness/closing-line.ts'],
  },
})
