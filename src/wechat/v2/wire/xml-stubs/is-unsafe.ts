/** Stands in for what is asked about declared entities only, of which there are none: see `entities.ts`. */
export const HTML = 'HTML'
export const XML = 'XML'
export const isUnsafe = (): boolean => true
