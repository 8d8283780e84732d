import type { GatewayRefusal } from './refusals.ts'

/** What the API document requires of one parameter. */
export type ParameterRule = {
  required?: boolean
  /** UTF-8 bytes, not characters: the gateway counts bytes. */
  bytesMax: number
  bytesMin?: number
  format?: (value: string) => boolean
  /** The refusal for a wrong format. Default: `<name>参数格式错误`. */
  refusal?: GatewayRefusal
}
