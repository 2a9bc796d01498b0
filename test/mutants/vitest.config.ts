import { defineConfig } from 'vitest/config'

export default defineConfig({
  test: {
    include: ['test/mutants/*.test.ts'],
    pool: 'forks',
    maxWorkers: 2,
    testTimeout: 300_000,
    hookTimeout: 300_000,
    reporters: ['default', './test/harness/closing-line.ts'],
  },
})
