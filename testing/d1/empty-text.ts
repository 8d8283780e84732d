/** Stands for a text that the Worker imports, in tests that serve no pages. */
export default ''
