import type { GatewayRefusal } from './refusals.ts'

/** What WeChat's document requires of one parameter. */
export type ParameterRule = {
  required?: boolean
  /** The maximum length in UTF-8 bytes, because the gateway counts bytes and not characters. */
  bytesMax: number
  bytesMin?: number
  format?: (value: string) => boolean
  /** The refusal of a value in a wrong format. Default: `<name>参数格式错误`. */
  refusal?: GatewayRefusal
}
