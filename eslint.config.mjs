import js from '@eslint/js';
import jupyter from '@jupyter/eslint-plugin';
import prettier from 'eslint-config-prettier';
import { defineConfig } from 'eslint/config';
import globals from 'globals';
import tseslint from 'typescript-eslint';

export default defineConfig([
  { ignores: ['**/lib', '**/coverage', 'server_ext', 'extension/src/api/schema.ts'] },
  js.configs.recommended,
  {
    files: ['**/*.{ts,tsx}'],
    extends: [tseslint.configs.strictTypeChecked, tseslint.configs.stylisticTypeChecked],
    languageOptions: { parserOptions: { projectService: true } },
    rules: {
      '@typescript-eslint/naming-convention': [
        'error',
        { selector: 'interface', format: ['PascalCase'], custom: { regex: '^I[A-Z]', match: true } }
      ],
      // JupyterLab groups command ids and options in namespaces.
      '@typescript-eslint/no-namespace': 'off',
      '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true }],
      curly: 'error',
      eqeqeq: 'error'
    }
  },
  {
    files: ['extension/src/**/*.{ts,tsx}'],
    ignores: ['**/*.spec.*', '**/testing.ts'],
    plugins: { jupyter },
    extends: [jupyter.configs.recommended],
    languageOptions: { globals: globals.browser }
  },
  { files: ['extension/*.js', '*.mjs'], languageOptions: { globals: globals.node } },
  { files: ['kernels_helpers/**/*.js'], languageOptions: { globals: globals.browser } },
  prettier
]);
