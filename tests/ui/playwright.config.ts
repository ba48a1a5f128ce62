import { defineConfig } from '@playwright/test';

export default defineConfig({
  testDir: '.',
  outputDir: '../../test-results/ui',
  // Each has a JupyterLab and a Chromium of its own; one alone leaves a third of two cores idle.
  workers: 2,
  // Side by side on busy cores a key may come before what it is for; what passes only then is listed as flaky.
  retries: 1,
  timeout: 150_000,
  expect: { timeout: 30_000 },
  forbidOnly: !!process.env.CI,
  reporter: [['list']],
  use: {
    screenshot: 'only-on-failure',
    trace: 'retain-on-failure',
    viewport: { width: 1280, height: 800 },
    launchOptions: {
      executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
      args: [
        '--disable-background-networking',
        '--disable-component-update',
        '--disable-gpu',
        '--disable-quic',
        '--disable-sync',
        '--no-first-run',
        '--no-sandbox'
      ]
    }
  }
});
