const jupyterlab = require('@jupyterlab/testing/lib/jest-config')(__dirname);

// JupyterLab's own packages are ES modules too.
const [transformed] = jupyterlab.transformIgnorePatterns;

module.exports = {
  ...jupyterlab,
  rootDir: __dirname,
  collectCoverage: true,
  collectCoverageFrom: ['src/**/*.{ts,tsx}', '!src/**/*.d.ts'],
  coverageReporters: ['text', 'lcov'],
  reporters: ['default'],
  testRegex: 'src/.*\\.spec\\.tsx?$',
  transform: {
    ...jupyterlab.transform,
    '^.+\\.tsx?$': ['ts-jest/legacy', { tsconfig: `${__dirname}/tsconfig.test.json` }],
    '^.+\\.jsx?$': ['babel-jest', { configFile: `${__dirname}/babel.config.js` }]
  },
  transformIgnorePatterns: [transformed.replace('(?!', '(?!@jupyterlab/|')]
};
