import { defineConfig } from '@playwright/test';

import config from './playwright.config';

/** Measurements, which `benchmarks/screen_latency.py` runs and reports; the tests do not. */
export default defineConfig(config, { testMatch: '*.measure.ts', timeout: 240_000 });
