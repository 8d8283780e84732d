/** `wrangler.toml` makes a style sheet a module whose default export is its text. */
declare module '*.css' {
  const text: string
  export default text
}
