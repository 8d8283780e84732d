/** `wrangler.toml` makes the script a module whose default export is its text. */
declare const text: string
export { text as default }
