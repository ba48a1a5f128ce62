declare module '*/package.json' {
  const metadata: { readonly name: string; readonly version: string };
  export default metadata;
}
