import type { GatewayRefusal } from './refusals.ts'

/** What the API document says about one parameter. */
export type ParameterRule = {
  required?: boolean
  /** UTF-8 bytes, not characters: the gateway counts bytes. */
  bytesMax: number
  bytesMin?: number
  format?: (value: string) => boolean
  /** What the gateway says to a wrong format. Default: `<name>参数格式错误`. */
  refusal?: GatewayRefusal
}
